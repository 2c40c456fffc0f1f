package experiment_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spikealign/experiment"
	"spikealign/experiment/experimenttest"
)

// A run that goes on to more epochs can be killed at any moment and ends in the same bytes as one
// that has so many from the start.
func TestKillWhileProlonging(t *testing.T) {
	t.Parallel()
	kinds := experiment.Kinds{experimenttest.Kind{}}
	want, short := execute(t), execute(t, "reports=2")
	dir := copyRun(t, short)
	var copies, points []string
	s := session()
	s.SetHook(func(point string) {
		points = append(points, point)
		copies = append(copies, copyRun(t, dir))
	})
	if _, err := kinds.Prolong(t.Context(), dir, 4, s); err != nil {
		t.Fatal(err)
	}
	sameResults(t, dir, want, "prolonged")
	for _, p := range []string{"partial", "unpacked", "restored", "configuration", "checkpoint", "removed", "row", "arrays"} {
		if !slices.Contains(points, p) {
			t.Errorf("never at %q", p)
		}
	}
	for k, c := range copies {
		when := "killed at " + points[k]
		again := copyRun(t, c)
		// Resume ends the run as it was or as it shall be, or says how to go on.
		_, err := kinds.Resume(t.Context(), c, calm())
		switch text := read(t, c, "experiment.yaml"); {
		case err != nil:
			if !errors.Is(err, experiment.ErrUsage) || !strings.Contains(err.Error(), "or go on to more epochs: spikealign resume "+c+" --epochs 4") {
				t.Fatalf("%s: %v", when, err)
			}
		case strings.Contains(text, "reports: 2"):
			for _, f := range results {
				if read(t, c, f) != read(t, short, f) {
					t.Fatalf("%s: %s differs from that of the old end", when, f)
				}
			}
		default:
			sameResults(t, c, want, when)
		}
		// To ask again is always right, until the run has so many epochs.
		for _, dir := range []string{again, c} {
			_, err := kinds.Prolong(t.Context(), dir, 4, calm())
			if err != nil && !strings.Contains(err.Error(), "has 4 epochs: --epochs is their number in total and must be larger") {
				t.Fatalf("%s: %v", when, err)
			}
			if err != nil {
				resume(t, dir)
			}
			sameResults(t, dir, want, when)
			if info, err := look(dir); err != nil || !slices.Equal(info.Ends, []experiment.End{{Epochs: 2, Regular: true}}) {
				t.Fatalf("%s: ends %v, %v", when, info.Ends, err)
			}
		}
	}
}

// A finished run whose results or checkpoint are damaged is told from a whole one.
func TestProlongDamaged(t *testing.T) {
	t.Parallel()
	kinds := experiment.Kinds{experimenttest.Kind{}}
	short := execute(t, "reports=2")
	for _, c := range []struct{ file, want string }{
		{"arrays.npz", "arrays.npz"},
		{"spikes.npz", "spikes.npz"},
		{"metrics.csv", "metrics.csv"},
		{"checkpoint", "does not hold the state of the run"},
	} {
		dir := copyRun(t, short)
		whole := read(t, dir, c.file)
		write(t, filepath.Join(dir, c.file), whole[:len(whole)/2])
		before := read(t, dir, "run.json")
		if _, err := kinds.Prolong(t.Context(), dir, 4, calm()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", c.file, err)
		}
		if read(t, dir, "run.json") != before || read(t, dir, "experiment.yaml") != read(t, short, "experiment.yaml") {
			t.Errorf("%s: the run was changed", c.file)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}
