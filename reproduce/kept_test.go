package reproduce

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"spikealign/experiment"
	"spikealign/internal/progress"
)

var update = flag.Bool("update", false, "write docs/reproduction/reproduction.md and the table of the README anew")

// kept is the output folder of which the repository keeps what is small.
const kept = "../docs/reproduction"

// row is a figure's line in the README, without the note at its end.
func (e Entry) row() string {
	_, cpu := e.Times()
	return fmt.Sprintf("| [%s](docs/reproduction.md#%s) | %s | %s | %s | %s |", e.Figure.Name, e.Figure.Name, e.Figure.Doc, e.Held(), e.Record.Scale, progress.Duration(cpu))
}

// TestKept: what the documents say of the paper's figures is what the tables of the kept runs say.
// A claim that does not hold is explained, and every kept figure has its section. go test
// ./reproduce -run TestKept -update writes what follows from the tables.
func TestKept(t *testing.T) {
	es, err := Entries(kept)
	if err != nil || len(es) == 0 {
		t.Fatalf("%d kept figures, %v", len(es), err)
	}
	file := filepath.Join(kept, ReportFile)
	text, err := os.ReadFile(file)
	if err != nil && !*update {
		t.Fatal(err)
	}
	if want := report(es); string(text) != want {
		if !*update {
			t.Errorf("%s is not what the kept tables say; -update writes it", file)
		} else if err := os.WriteFile(file, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	}

	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- verdicts -->\n", "<!-- end -->\n"
	before, rest, found := strings.Cut(string(readme), begin)
	table, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatal("the README has no table of verdicts")
	}
	notes := map[string]string{} // by figure
	for line := range strings.Lines(table) {
		if m := regexp.MustCompile(`^\| \[(\w+)\].*\| (.*)\|\n$`).FindStringSubmatch(line); m != nil {
			notes[m[1]] = strings.TrimSpace(m[2])
		}
	}
	want := "| figure | what | claims that hold | scale | CPU time | what does not, and why |\n|---|---|---|---|---|---|\n"
	for _, e := range es {
		want += e.row() + strings.TrimRight(" "+notes[e.Figure.Name], " ") + " |\n"
		failing := 0
		for _, c := range e.Claims {
			if !c.Holds {
				failing++
			}
		}
		if (failing > 0) != (notes[e.Figure.Name] != "") {
			t.Errorf("%s: %d claims do not hold, and the README says of it %q", e.Figure.Name, failing, notes[e.Figure.Name])
		}
	}
	if table != want {
		if !*update {
			t.Errorf("the table of the README is not what the kept tables say; -update writes\n%s", want)
		} else if err := os.WriteFile("../README.md", []byte(before+begin+want+end+after), 0o666); err != nil {
			t.Fatal(err)
		}
	}

	page, err := os.ReadFile(kept + ".md")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		if !strings.Contains(string(page), "\n## "+e.Figure.Name+"\n") || e.Record.Status != experiment.Done {
			t.Errorf("%s is %s, or has no section in the page", e.Folder(), e.Record.Status)
		}
		for _, p := range e.Record.Pictures {
			if _, err := os.Stat(filepath.Join(kept, e.Folder(), p+".png")); err != nil {
				t.Error(err)
			}
		}
	}
	for _, link := range regexp.MustCompile(`\]\(([^)#:]+)[)#]`).FindAllStringSubmatch(string(page), -1) {
		if _, err := os.Stat(filepath.Join("../docs", link[1])); err != nil {
			t.Error(err)
		}
	}
	var size int64
	err = filepath.WalkDir(kept, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil || size > 4<<20 {
		t.Errorf("the kept results have %d bytes, %v; at most 4 MB", size, err)
	}
}
