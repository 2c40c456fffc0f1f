package reproduce

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spikealign/catalog"
	"spikealign/experiment"
	"spikealign/experiments"
	"spikealign/internal/testenv"
	"spikealign/sweep"
)

func tools() Tools {
	return Tools{
		Kinds: catalog.All().Kinds(),
		Run: func(ctx context.Context, spec *experiment.Spec, dir string) error {
			_, err := experiment.Execute(ctx, experiment.Options{Spec: spec, Dir: dir})
			return err
		},
		Sweep: func(ctx context.Context, s *sweep.Sweep, dir string) (*sweep.Result, error) {
			return sweep.Run(ctx, s, sweep.Options{Dir: dir, Beside: RecordFile})
		},
		Progress: func(string, int) func(int) { return func(int) {} },
	}
}

// Every claim of the figures of two neurons holds at quick scale, and the folder holds what it
// should.
func TestTwoNeuronFigures(t *testing.T) {
	for _, f := range Figures() {
		switch {
		case f.Name == "fig12":
		case f.Name == "fig2" || f.Name == "fig10" || f.Name == "fig11":
			if !testenv.Long() {
				continue
			}
		default:
			continue
		}
		base := t.TempDir()
		dir := filepath.Join(base, f.Folder(Quick))
		claims, err := f.Run(t.Context(), Quick, base, tools())
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		for _, c := range claims {
			if !c.Holds {
				t.Errorf("%s: %s: measured %s, needed %s", f.Name, c.Text, c.Measured, c.Needed)
			}
		}
		file, err := os.Open(filepath.Join(dir, VerdictFile))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(file).ReadAll()
		file.Close()
		if err != nil || len(rows) != len(claims)+1 {
			t.Errorf("%s: %d rows of verdicts for %d claims, %v", f.Name, len(rows), len(claims), err)
		}
		if _, err := os.Stat(filepath.Join(dir, experiment.FiguresDir, f.Name+".png")); err != nil {
			t.Error(err)
		}
	}
}

const noisy = `kind: sweep
name: tiny
experiment:
  kind: sampling
  network: {visible: 3, tau_ref: 10}
  training: {epochs: 2, epoch_length: 20, report_every: 1, report_factor: 5}
grid:
  - {path: initial.noise, values: [0, 0.5]}
  - {path: plasticity.rate_sal, values: [0, 0.01]}
  - {path: seeds.target, values: [1, 2, 3]}
replicates: [seeds.target]
`

// The last values of a sweep fall to the right conditions.
func TestFinals(t *testing.T) {
	s, err := sweep.Parse(catalog.All().Kinds(), "tiny.yaml", []byte(noisy))
	if err != nil {
		t.Fatal(err)
	}
	r, err := sweep.Run(t.Context(), s, sweep.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	asymmetry, levels, err := finals(r, "initial.noise", "asymmetry")
	if err != nil {
		t.Fatal(err)
	}
	if len(levels) != 2 || levels[0] != 0 || levels[1] != 0.5 || len(asymmetry) != 4 {
		t.Errorf("levels %v, %d conditions", levels, len(asymmetry))
	}
	for c, values := range asymmetry {
		if len(values) != 3 {
			t.Errorf("%+v: %d values", c, len(values))
		}
		if (c.level > 0) != (median(values) > 0.1) {
			t.Errorf("%+v: asymmetries %v", c, values)
		}
	}
	if _, _, err := finals(r, "plasticity.noise", "asymmetry"); err == nil {
		t.Error("a path that does not vary was accepted")
	}
}

// The league has all methods, whatever methods its files name, and nothing else of them changes.
func TestWithMethods(t *testing.T) {
	kinds := catalog.All().Kinds()
	data, err := experiments.Files.ReadFile("league-quick.yaml")
	if err != nil {
		t.Fatal(err)
	}
	before, err := sweep.Parse(kinds, "league-quick.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	if data, err = withMethods(kinds, "league-quick.yaml", data, []string{"mirror", "sal"}); err != nil {
		t.Fatal(err)
	}
	after, err := sweep.Parse(kinds, "league-quick.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range before.Members {
		if strings.Contains(m.Name, "method-sal") || strings.Contains(m.Name, "method-mirror") {
			names = append(names, m.Name)
		}
	}
	for _, m := range after.Members {
		if !slices.Contains(names, m.Name) {
			t.Errorf("a member %s", m.Name)
		}
	}
	if len(after.Members) != len(names) || len(names) == 0 {
		t.Errorf("%d members, want %d", len(after.Members), len(names))
	}
	if _, err := withMethods(kinds, "noise.yaml", []byte(noisy), []string{"sal"}); err == nil {
		t.Error("a sweep over no method is taken")
	}
}
