package microcircuit

import (
	"fmt"
	"hash/fnv"
	"math"
	"testing"
)

// TestGoldenTrainings pins the results of the examples: spikes, means of patterns, reports and
// weights, to the bit and for every processor. If a change is meant, a raised state version of the
// kind of experiment goes with it.
func TestGoldenTrainings(t *testing.T) {
	for kind, want := range map[string]string{
		"sal": "eadfae813fdf786f", "bp": "afb09502bc3bde56",
		"fa": "2c8363cb7b8af72b", "deep": "8b0a9244e976c153", "teacher": "056c4b53bf5eb01d", "mean": "67a76c2a86f1a2ba",
	} {
		h := fnv.New64a()
		tr := mustTrainer(t, example(kind))
		for !tr.Done() {
			out := tr.Step()
			for _, s := range out.Spikes {
				fmt.Fprintln(h, s.Time, s.Neuron)
			}
			if p := out.Pattern; p != nil {
				fmt.Fprintln(h, p.Epoch, p.Slot, p.Pattern, p.Validation, p.Phase)
				fmt.Fprintf(h, "%b %b %b %b %b\n", p.Target, p.Means.Rate, p.Means.Potential, p.Means.Basal, p.Means.Extra)
			}
			if r := out.Report; r != nil {
				fmt.Fprintln(h, r.Epoch, r.Steps, r.Spikes)
				fmt.Fprintf(h, "%b\n", []float64{r.Loss, r.LossNudged, r.Accuracy, r.TrainLoss, r.TrainAccuracy})
				for _, a := range r.ErrorAngles {
					fmt.Fprintln(h, math.Round(a*1e6))
				}
				for _, a := range r.Alignments {
					// The arc cosine's last bits depend on the processor.
					fmt.Fprintf(h, "%b %b\n", []float64{a.Correlation, a.Signs, a.Variance}, math.Round(a.Angle*1e6))
				}
			}
		}
		for l := 1; l < len(tr.t.Config.Dims); l++ {
			fmt.Fprintf(h, "%b\n", tr.Network().Up(l))
			if l+1 < len(tr.t.Config.Dims) {
				fmt.Fprintf(h, "%b\n", tr.Network().Down(l))
			}
		}
		if got := fmt.Sprintf("%016x", h.Sum64()); got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
	}
}
