package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"spikealign/sweep"
)

type listCommand struct {
	Dir     string `arg:"" default:"${runs}" help:"A folder of runs, or of one run."`
	Members bool   `help:"Show the members of sweeps, each on its line."`
	JSON    bool   `name:"json" help:"Print everything as JSON."`
}

// Help shows the examples.
func (listCommand) Help() string {
	return `Examples:

  spikealign list
  spikealign list runs/figure4 --members --json | jq '.[] | select(.status == "failed") | .dir'

A sweep is one line: how many of its members are finished. The status "killed" belongs to a run that ended without a word; resume
goes on from its last checkpoint.`
}

// Run lists runs.
func (c *listCommand) Run(a *app) error {
	var entries []sweep.Entry
	var doubts []error
	switch st, err := os.Stat(c.Dir); {
	case c.Dir == defaultRuns && errors.Is(err, fs.ErrNotExist): // nothing was run here yet
	case err != nil || !st.IsDir():
		return checkFolder(a, c.Dir)
	default:
		if entries, doubts, err = sweep.List(a.kinds, c.Dir, c.Members); err != nil {
			return err
		}
	}
	for _, d := range doubts {
		fmt.Fprintln(a.stderr, "warning:", d)
	}
	if c.JSON {
		all := []any{}
		for _, e := range entries {
			if e.Run != nil {
				all = append(all, e.Run)
			} else {
				all = append(all, e.Sweep)
			}
		}
		return printJSON(a.stdout, all)
	}
	if len(entries) == 0 {
		where, output := c.Dir, ""
		if abs, err := filepath.Abs(c.Dir); err == nil {
			where = abs
		}
		if what := otherResult(c.Dir); what != "" {
			where += ", but " + what
		} else if inside, err := os.ReadDir(c.Dir); err == nil && len(inside) == 0 && c.Dir != defaultRuns {
			output = " -o " + filepath.Join(c.Dir, "mine")
		}
		fmt.Fprintf(a.stderr, "no runs in %s; begin with: spikealign template sampling > mine.yaml, then spikealign run mine.yaml%s\n", where, output)
		return nil
	}
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RUN\tSTATUS\tKIND\tPROGRESS\tSEED\tUPDATED\tMETRICS")
	const minute = "2006-01-02 15:04"
	for _, e := range entries {
		line := ""
		if r := e.Run; r != nil {
			percent := 0.0
			if r.Total > 0 {
				percent = 100 * r.Done / r.Total
			}
			line = fmt.Sprintf("%s\t%s\t%s\t%.0f%%\t%d\t%s\t%s", r.Dir, r.Status, r.Kind, percent, r.Seed, r.Updated.Local().Format(minute), r.Headline())
		} else {
			s := e.Sweep
			line = fmt.Sprintf("%s\t%s\t%s\t%d/%d\t-\t%s", s.Dir, s.Status, s.Kind, s.Finished, s.Members, s.Updated.Local().Format(minute))
		}
		fmt.Fprintln(t, strings.TrimRight(line, "\t"))
	}
	return t.Flush()
}

// otherResult names a result in or right below a folder that is none of a run: what it is, and the
// file to read; "" if there is none.
func otherResult(dir string) string {
	for _, r := range []struct{ what, file string }{
		{"a sample", "marginals.csv"}, {"a figure of the paper", "verdict.csv"}, {"an analysis of spikes", "pairs.csv"}, {"a law of timing differences", "stdd.csv"},
	} {
		for _, below := range []string{"", "*"} {
			found, err := filepath.Glob(filepath.Join(dir, below, r.file))
			if err == nil && len(found) > 0 {
				return r.what + ": " + found[0]
			}
		}
	}
	return ""
}
