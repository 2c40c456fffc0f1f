package drawings

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spikealign/experiment"
	"spikealign/figure"
	"spikealign/kinds"
)

// TestCircuitFolder draws runs of microcircuits from their folders: small and wide, with and
// without snapshots, finished and under way.
func TestCircuitFolder(t *testing.T) {
	for _, text := range []string{
		"",
		"snapshots: false\n",
		"network: {layers: [1, 5, 2, 1], window: 50}\nplasticity: {rate_up: [0.1], lag: 30}\n",
		"network: {layers: [1, 1], window: 50}\nplasticity: {rate_up: [0.1], lag: 30}\n",
	} {
		if !strings.Contains(text, "network:") {
			text += "network: {window: 50}\nplasticity: {lag: 30}\n"
		}
		spec, err := known.Parse("c.yaml", []byte("kind: microcircuit\ntraining: {epochs: 3, epoch_patterns: 4, align_patterns: 2, pattern_steps: 100, skip: 10}\n"+text))
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "r")
		if _, err := experiment.Execute(t.Context(), experiment.Options{Spec: spec, Dir: dir}); err != nil {
			t.Fatal(err)
		}
		var m figure.Microcircuit
		m.Epoch = []float64{1, 2, 3}
		if err := readWeights(&experiment.Folder{Dir: dir}, &m); err != nil {
			t.Fatal(err)
		}
		switch layers := spec.Config.(*kinds.MicrocircuitConfig).Dims; {
		case len(layers) == 4:
			if len(m.Layers) != 2 || len(m.Layers[0].Up) != 10 || len(m.Synapses) != 0 {
				t.Errorf("%s: %d layers, %d synapses", text, len(m.Layers), len(m.Synapses))
			}
		case strings.Contains(text, "snapshots"):
			if len(m.Layers) != 1 || len(m.Synapses) != 0 {
				t.Errorf("%s: %d layers, %d synapses", text, len(m.Layers), len(m.Synapses))
			}
		case len(m.Synapses) != 2*len(layers)-3 || len(m.Layers) != 0 || len(m.WeightEpoch) != 4 || len(m.Synapses[0].Weight) != 4:
			t.Errorf("%s: %+v", text, m)
		}
		for range 2 {
			names, err := drawers.Folder(known, dir)
			if err != nil || len(names) != 1 || names[0] != "training" {
				t.Fatalf("%s: %v, %v", text, names, err)
			}
			// As while the run is under way.
			if err := os.Remove(filepath.Join(dir, experiment.ArraysFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
}

func TestWeightName(t *testing.T) {
	if name := weightName("down_2", 2, 3, 4); name != `\i{W}_{down,2}[1,1]` {
		t.Error(name)
	}
}
