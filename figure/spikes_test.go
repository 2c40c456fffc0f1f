package figure

import (
	"os"
	"path/filepath"
	"slices"
	"spikealign/kinds"
	"testing"

	"spikealign/experiment"
	"spikealign/internal/npz"
)

// A run that recorded its spikes has a raster of its end, also where there are more spikes than are read.
func TestRasterOfRun(t *testing.T) {
	spec, err := kinds.All().Parse("x.yaml", []byte("kind: two-neuron\nnetwork: {dynamics: continuous}\nrecord: {spikes: true}\ntraining: {epochs: 1200}\n"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := experiment.Execute(t.Context(), experiment.Options{Spec: spec, Dir: dir}); err != nil {
		t.Fatal(err)
	}
	names, err := Run(dir)
	if err != nil || !slices.Equal(names, []string{"training", "raster"}) {
		t.Fatal(names, err)
	}
	z, err := npz.Open(filepath.Join(dir, experiment.SpikesFile))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	all, _, err := z.Int64s("time")
	if err != nil {
		t.Fatal(err)
	}
	last, err := lastOf(z, "time", 8)
	if err != nil || len(all) <= rasterSpikes || !slices.Equal(last, all[len(all)-rasterSpikes:]) {
		t.Errorf("%d of %d times, %v", len(last), len(all), err)
	}
	if err := os.Remove(filepath.Join(dir, experiment.SpikesFile)); err != nil {
		t.Fatal(err)
	}
	if names, err := Run(dir); err != nil || len(names) != 1 {
		t.Error(names, err)
	}
}
