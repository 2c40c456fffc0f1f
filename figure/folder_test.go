package figure

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"spikealign/experiment"
	"spikealign/sweep"
)

const folderBase = `  kind: sampling
  network: {visible: 2, tau_ref: 10}
  training: {epochs: 2, epoch_length: 10, report_every: 1, report_factor: 10}
`

func runSweep(t *testing.T, text string) (*sweep.Result, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "s")
	s, err := sweep.Parse(experiment.All(), "s.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r, err := sweep.Run(context.Background(), s, sweep.Options{Dir: dir, Jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	return r, dir
}

// TestFolder verifies that runs and sweeps are drawn from their folders, unfinished ones too.
func TestFolder(t *testing.T) {
	grid := "grid:\n  - {path: initial.noise, values: [0.5, 0]}\n  - {path: plasticity.rate_sal, values: [0, 0.01]}\n"
	for _, kind := range []string{sweep.NoiseFigure, sweep.ComparisonFigure} {
		r, dir := runSweep(t, "kind: sweep\nexperiment:\n"+folderBase+grid+"figure: "+kind+"\n")
		member := sweep.MemberDir(dir, r.Sweep.Members[0])
		for _, f := range []struct{ dir, name string }{{dir, kind}, {member, "training"}} {
			names, err := Folder(experiment.All(), f.dir)
			if err != nil || len(names) != 1 || names[0] != f.name {
				t.Fatalf("%v, %v; want %s", names, err, f.name)
			}
			for _, suffix := range []string{".svg", ".png"} {
				if _, err := os.Stat(filepath.Join(f.dir, experiment.FiguresDir, f.name+suffix)); err != nil {
					t.Error(err)
				}
			}
		}
		// As in a run that is under way.
		if err := os.Remove(filepath.Join(member, experiment.ArraysFile)); err != nil {
			t.Fatal(err)
		}
		for _, d := range []string{dir, member} {
			if _, err := Folder(experiment.All(), d); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestFolderRefusals verifies the errors for folders and grids that cannot be drawn.
func TestFolderRefusals(t *testing.T) {
	if _, err := Folder(experiment.All(), t.TempDir()); !errors.Is(err, experiment.ErrUsage) {
		t.Errorf("an empty folder: %v", err)
	}
	for _, grid := range []string{
		"  - {path: plasticity.rate_sal, values: [0, 0.01]}\n",
		"  - {path: initial.noise, values: [0]}\n  - {path: plasticity.noise, values: [0]}\n",
		"  - {path: network.dynamics, values: [discrete]}\n",
	} {
		_, dir := runSweep(t, "kind: sweep\nexperiment:\n"+folderBase+"grid:\n"+grid+"figure: noise\n")
		var input *InputError
		if _, err := Folder(experiment.All(), dir); !errors.As(err, &input) {
			t.Errorf("%s: %v", grid, err)
		}
	}
}
