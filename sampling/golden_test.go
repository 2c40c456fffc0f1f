package sampling

import (
	"fmt"
	"hash/fnv"
	"testing"

	"spikealign/synapse"
)

// TestGoldenPairs pins the results of two neurons that learn, to the bit and for every processor.
// They may change only together with the state version of the kind of experiment.
func TestGoldenPairs(t *testing.T) {
	for kind, want := range map[string]string{
		"event": "b85a563306da7714", "stepper": "84207ef1bbe9e3d4", "thinning": "49f6c0390e38cbba",
		"continuous": "33943fc3264be314", "alpha": "74c6ef86619bb056", "dale": "7003449199cca6c5",
	} {
		d := pairTraining(1.5, 0.5, []float64{-0.5, -0.2})
		switch kind {
		case "stepper", "thinning":
			d.Config.Engine = kind
		case "continuous":
			d.Config.Dynamics, d.Pairs.Window = Continuous, synapse.TriangularWindow
		case "alpha":
			d.Config.PSP, d.Config.TauSyn, d.Config.Delay = synapse.Alpha, 7, 2
		case "dale":
			d.Config.Neurons = 4
			d.Network = EIPair{WEE: [2]float64{1.5, 0.5}, WIE: [2]float64{4, 3.9}, WEI: [2]float64{-1, -1.1}, BI: [2]float64{-2, -2.1}}.Network()
		}
		p, h := newPair(t, d), fnv.New64a()
		for !p.Done() {
			events, r := p.Step()
			for _, s := range events {
				fmt.Fprintln(h, s.Time, s.Neuron)
			}
			if r != nil {
				fmt.Fprintln(h, r.Epoch, r.Steps, r.Spikes)
				fmt.Fprintf(h, "%b\n", append([]float64{r.W12, r.W21, r.Drift12, r.Drift21}, r.Activity...))
			}
		}
		if got := fmt.Sprintf("%016x", h.Sum64()); got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
	}
}
