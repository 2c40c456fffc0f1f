package reproduce

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"spikealign/experiment"
	"spikealign/internal/durable"
	"spikealign/internal/progress"
)

// ReportFile is the report on all figures of an output folder.
const ReportFile = "reproduction.md"

// Entry is a figure of an output folder.
type Entry struct {
	Figure Figure
	Record *Record
	Claims []Claim // none if the figure is not finished
}

// Entries reads the figures of an output folder, in the order of Figures.
func Entries(base string) ([]Entry, error) {
	var es []Entry
	for _, f := range Figures() {
		for _, scale := range []Scale{Paper, Quick} {
			dir := filepath.Join(base, f.Folder(scale))
			r, err := ReadRecord(dir)
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			e := Entry{Figure: f, Record: r}
			if r.Status == experiment.Done {
				if e.Claims, err = ReadClaims(dir); err != nil {
					return nil, err
				}
			}
			es = append(es, e)
		}
	}
	return es, nil
}

// Folder is the name of its folder.
func (e Entry) Folder() string { return e.Figure.Folder(e.Record.Scale) }

// Held says how many of its claims hold: "4 of 5"; or how far the figure is.
func (e Entry) Held() string {
	if e.Record.Status != experiment.Done {
		return string(e.Record.Status)
	}
	n := 0
	for _, c := range e.Claims {
		if c.Holds {
			n++
		}
	}
	return fmt.Sprintf("%d of %d", n, len(e.Claims))
}

// Times returns the wall and CPU time that the figure took in all, in seconds.
func (e Entry) Times() (wall, cpu float64) {
	wall, cpu = e.Record.Wall, e.Record.CPU
	for _, p := range e.Record.Parts {
		wall += p.Wall
		cpu += p.CPU
	}
	return wall, cpu
}

// engines names what computed the figure.
func (e Entry) engines() string {
	var names []string
	for _, p := range e.Record.Parts {
		for _, n := range p.Engine {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return cmp.Or(strings.Join(names, "; "), e.Record.Engine)
}

// cell is text for a cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// Report writes the report on the figures of an output folder, from what stands in their folders;
// none if there are no figures.
func Report(base string) error {
	es, err := Entries(base)
	if err != nil || len(es) == 0 {
		return err
	}
	return durable.WriteFile(filepath.Join(base, ReportFile), 0o666, func(w io.Writer) error { _, err := io.WriteString(w, report(es)); return err })
}

func report(es []Entry) string {
	var t strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&t, format+"\n", args...) }
	say("# Reproduction\n\nWritten by `spikealign reproduce` from the folders beside this file.\n")
	say("| figure | scale | claims that hold | wall time | CPU time |\n|---|---|---|---|---|")
	for _, e := range es {
		wall, cpu := e.Times()
		say("| [%s](#%s) | %s | %s | %s | %s |", e.Figure.Name, e.Folder(), e.Record.Scale, e.Held(), progress.Duration(wall), progress.Duration(cpu))
	}
	say("\n## Verdicts\n\n| figure | claim | measured | needed | holds |\n|---|---|---|---|---|")
	for _, e := range es {
		for _, c := range e.Claims {
			say("| %s | %s | %s | %s | %s |", e.Folder(), cell(c.Text), cell(c.Measured), cell(c.Needed), yes(c.Holds))
		}
	}
	for _, e := range es {
		e.report(say)
	}
	return t.String()
}

func yes(holds bool) string {
	if holds {
		return "yes"
	}
	return "**no**"
}

// report writes the section of a figure.
func (e Entry) report(say func(string, ...any)) {
	r := e.Record
	say("\n## %s\n\n%s.", e.Folder(), strings.ToUpper(e.Figure.Doc[:1])+e.Figure.Doc[1:])
	if r.Status != experiment.Done {
		say("\nNot finished: %s.", cmp.Or(r.Error, string(r.Status)))
	} else {
		say("")
		for _, p := range r.Pictures {
			say("![%s](%s.png)", path.Base(p), path.Join(e.Folder(), p))
		}
		say("\n| claim | measured | needed | why this much | holds |\n|---|---|---|---|---|")
		for _, c := range e.Claims {
			say("| %s | %s | %s | %s | %s |", cell(c.Text), cell(c.Measured), cell(c.Needed), cell(c.Reason), yes(c.Holds))
		}
	}
	wall, cpu := e.Times()
	say("\n- took %s of wall time and %s of CPU time; %s, %s", progress.Duration(wall), progress.Duration(cpu), e.engines(), r.Platform)
	for _, p := range r.Parts {
		done := ""
		if p.Done < p.Runs {
			done = fmt.Sprintf(", of which %d are finished", p.Done)
		}
		say("- `%s`: %d runs%s; %s", path.Join(e.Folder(), p.Folder), p.Runs, done, p.Seeds)
	}
	if len(r.Parts) == 0 && r.Status == experiment.Done {
		say("- no random numbers: exact theory")
	}
	say("- program %s; from %s to %s", strings.Join(r.Programs, ", "), r.Start.Format("2006-01-02 15:04"), r.End.Format("2006-01-02 15:04 MST"))
	say("- `%s`", r.Command)
}
