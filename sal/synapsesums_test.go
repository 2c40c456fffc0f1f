package sal

import (
	"math"
	"slices"
	"testing"

	"spikealign/internal/random"
	"spikealign/synapse"
)

// TestSynapseSums holds the sums to Online, which knows one window, used for one synapse after the
// other.
func TestSynapseSums(t *testing.T) {
	const n, tau = 4, 12
	events := train(3, n, 3000, 0.06, tau)
	stretch := make([]float64, n*n)
	draw := random.New(1, 1, 0, 0)
	for k := range stretch {
		stretch[k] = 0.4 + float64(1.4*draw.Float64())
	}
	amplitude := slices.Repeat([]float64{1.3}, n*n)
	for _, half := range []synapse.Half{{Shape: synapse.TriangularWindow, Tau: tau}, {Shape: synapse.ExponentialWindow, Tau: tau}, {Shape: synapse.ExponentialWindow, Tau: tau, Cut: 2 * tau}} {
		for _, p := range []synapse.Pairing{{}, {Kind: synapse.Last, K: 1}, {Kind: synapse.Last, K: 3}, {Kind: synapse.All}} {
			sums := NewSynapseSums(n, half, stretch, p)
			cut := len(events) / 3
			sums.Observe(events[:cut])
			b, err := sums.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			sums = NewSynapseSums(n, half, stretch, p)
			if err := sums.UnmarshalBinary(b); err != nil {
				t.Fatal(err)
			}
			sums.Observe(events[cut:])
			got := make([]float64, n*n)
			SAL{Eta: 2, APlus: amplitude, AMinus: amplitude}.AddEach(got, sums, 3000)
			for k, x := range stretch {
				if k%n == k/n {
					continue
				}
				h := half
				h.Tau *= x
				h.Cut *= x
				want := make([]float64, n*n)
				o := NewOnline(n, Window(h), p)
				for _, e := range events {
					o.Apply(e.Time, e.Neuron, want, 2*1.3*tau/3000)
				}
				if math.Abs(got[k]-want[k]) > 1e-11 || want[k] == 0 {
					t.Errorf("%v %v synapse %d: %v, want %v", half, p, k, got[k], want[k])
				}
			}
			// Windows that are all alike are those of PairSums.
			alike := NewSynapseSums(n, half, slices.Repeat([]float64{1}, n*n), p)
			alike.Observe(events)
			c := fromTrain(events, n, half, p)
			for i := range n {
				for j := range n {
					if math.Abs(alike.Causal(i, j)-c.At(i, j)) > 1e-9 || math.Abs(alike.Anti(i, j)-c.At(j, i)) > 1e-9 {
						t.Errorf("%v %v: sums of %d, %d are %v and %v, want %v and %v", half, p, i, j, alike.Causal(i, j), alike.Anti(i, j), c.At(i, j), c.At(j, i))
					}
				}
			}
		}
	}
}

func TestSynapseSumsRefuse(t *testing.T) {
	half := synapse.Half{Tau: 5}
	fed := NewSynapseSums(2, half, []float64{1, 2, 1, 1}, synapse.Pairing{})
	fed.Observe(train(1, 2, 100, .1, 5))
	b, _ := fed.AppendBinary(nil)
	for name, s := range map[string]*SynapseSums{
		"neurons": NewSynapseSums(3, half, slices.Repeat([]float64{1}, 9), synapse.Pairing{}),
		"pairing": NewSynapseSums(2, half, []float64{1, 2, 1, 1}, synapse.Pairing{Kind: synapse.All}),
	} {
		if s.UnmarshalBinary(b) == nil {
			t.Errorf("other %s: taken", name)
		}
	}
	for k := range b {
		if fed.UnmarshalBinary(b[:k]) == nil {
			t.Errorf("a state cut at %d is taken", k)
		}
	}
}
