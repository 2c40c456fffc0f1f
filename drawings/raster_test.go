package drawings

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"spikealign/experiment"
)

// A run that recorded its spikes has a raster of its end, also where there are more spikes than are
// read.
func TestRasterOfRun(t *testing.T) {
	spec, err := known.Parse("x.yaml", []byte("kind: two-neuron\nnetwork: {dynamics: continuous}\nrecord: {spikes: true}\ntraining: {epochs: 1200}\n"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := experiment.Execute(t.Context(), experiment.Options{Spec: spec, Dir: dir}); err != nil {
		t.Fatal(err)
	}
	folder, err := experiment.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	names, err := drawers.Folder(known, dir)
	if err != nil || !slices.Equal(names, []string{"training", "raster"}) {
		t.Fatal(names, err)
	}
	all, err := folder.Spikes(0)
	if err != nil {
		t.Fatal(err)
	}
	last, err := folder.Spikes(rasterSpikes)
	if err != nil || len(all.Events) <= rasterSpikes || all.Total != len(all.Events) || last.Total != all.Total || !slices.Equal(last.Events, all.Events[len(all.Events)-rasterSpikes:]) {
		t.Errorf("%d of %d spikes, %v", len(last.Events), len(all.Events), err)
	}
	if err := os.Remove(folder.Path(experiment.SpikesFile)); err != nil {
		t.Fatal(err)
	}
	if names, err := drawers.Folder(known, dir); err != nil || len(names) != 1 {
		t.Error(names, err)
	}
}
