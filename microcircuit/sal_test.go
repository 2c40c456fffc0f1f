package microcircuit

import (
	"fmt"
	"slices"
	"testing"

	"spikealign/internal/detmath"
	"spikealign/internal/random"
	"spikealign/sal"
	"spikealign/spike"
)

// TestAlignIsSAL: what a network learns while aligning is what sal.Online makes of its spikes, to
// the last bit, once every change is rounded to the units of weights; over random networks, with
// and without a cut, with spikes of other phases as partners. (Sections 3 and 7.)
func TestAlignIsSAL(t *testing.T) {
	for k, dims := range [][]int{{1, 1, 1}, {3, 4, 2}, {2, 5, 3, 2}, {1, 2, 1, 3, 1}} {
		for _, tau := range []int64{1, 4, 25} {
			for _, cut := range []int64{0, 1, tau, 3*tau + 1} {
				t.Run(fmt.Sprintf("%v/tau%d/cut%d", dims, tau, cut), func(t *testing.T) {
					c := config(SAL, dims...)
					c.Tau, c.Window, c.Lag, c.SALCut = tau, 60, 0, cut
					for l := range c.RateDown {
						c.RateDown[l] = 0.01 * float64(l+1)
					}
					alignIsSAL(t, c, uniformWeights(dims, 2, uint64(k)), uint64(tau))
				})
			}
		}
	}
}

func alignIsSAL(t *testing.T, c Config, w Weights, seed uint64) {
	n := mustNetwork(t, c, w)
	n.Seed(seed, 0)
	all := n.Neurons()
	rule := sal.NewOnline(all, c.salWindow(), salPairing)
	rule.Gain = make([]float64, all*all) // the learning rates of the feedback synapses
	top := len(c.Dims) - 1
	number := func(l, i int) int { return int(n.at[n.layers[l].first+i].number) }
	feedback := func(l, i, k int) int { return number(l, i)*all + number(l+1, k) }
	want := make([][]int64, top) // Down(l) as units
	for l := 1; l < top; l++ {
		above := c.Dims[l+1]
		for at, x := range w.Down[l-1] {
			rule.Gain[feedback(l, at/above, at%above)] = c.RateDown[l-1]
			want[l] = append(want[l], fixed(x))
		}
	}
	pairs, steps := 0, 500*c.Tau
	change := make([]float64, all*all)
	draws := random.New(seed, random.PatternOrder, 0, 0)
	for p := range 8 {
		input, target := make([]float64, c.Dims[0]), make([]float64, c.Dims[top])
		for i := range input {
			input[i] = 6*draws.Float64() - 2
		}
		phase := []Phase{Learn, Align, Align, Test}[p%4]
		n.Present(input, target, phase)
		events, _ := n.Advance(n.Now()+steps, make([]spike.Event, 0, (steps/c.Tau+2)*int64(all)))
		for _, e := range events {
			clear(change)
			rule.Apply(e.Time, e.Neuron, change, 1)
			if phase != Align {
				continue
			}
			for l := 1; l < top; l++ {
				for at := range want[l] {
					if d := fixed(change[feedback(l, at/c.Dims[l+1], at%c.Dims[l+1])]); d != 0 {
						want[l][at] += d
						pairs++
					}
				}
			}
		}
		for l := 1; l < top; l++ {
			got := make([]int64, len(want[l]))
			for at, x := range n.Down(l) {
				got[at] = fixed(x)
			}
			if !slices.Equal(got, want[l]) {
				t.Fatalf("after pattern %d: Down(%d) = %v units, SAL has %v", p, l, got, want[l])
			}
		}
	}
	if pairs < 20 || n.Clipped() > 0 {
		t.Fatalf("%d pairs and %d clipped changes: the test shows nothing", pairs, n.Clipped())
	}
}

// TestSALTable: the window of package synapse, rounded, is rate*e^(-d/tau) to the last bit, as far
// as the units reach, with a time constant of its own, too; its end at 40 time constants lies
// further out for every allowed rate.
func TestSALTable(t *testing.T) {
	for _, rate := range []float64{0, 1e-12, 3e-4, 0.02, 1, 1024} {
		for _, tau := range []int64{1, 3, 10, 1000, maxTau} {
			for _, cut := range []int64{0, 1, tau, maxPresent} {
				for _, own := range []float64{0, 0.5, 70} {
					c := Config{Neurons: Neurons{Tau: tau}, Plasticity: Plasticity{SALCut: cut, SALWindowTau: own}}
					table := newSALTable(rate, c.salWindow())
					if own == 0 {
						own = float64(tau)
					}
					var want []int64
					for d := int64(1); cut == 0 || d <= cut; d++ {
						x := fixed(rate * detmath.Exp(-float64(d)/own))
						if x == 0 {
							break
						}
						want = append(want, x)
					}
					if !slices.Equal(table.anti[1:], want) {
						t.Errorf("rate %v, tau %d, cut %d, window %v: %d lags, want %d", rate, tau, cut, own, len(table.anti), len(want)+1)
					}
					for d, x := range table.anti {
						if table.causal[d] != -x {
							t.Errorf("rate %v, tau %d, cut %d, window %v: K(%d) = %d, K(-%d) = %d", rate, tau, cut, own, d, table.causal[d], d, x)
							break
						}
					}
				}
			}
		}
	}
}
