package sampling

import (
	"slices"

	"spikealign/internal/state"
	"spikealign/spike"
)

func writeSpike(w *state.Writer, e spike.Event) {
	w.Int(e.Time)
	w.Int(int64(e.Neuron))
}

// spikeSize is the length of a spike in a state.
const spikeSize = 16

// readSpike returns a spike of one of n neurons.
func readSpike(r *state.Reader, n int) spike.Event {
	t, i := r.Int(), r.Int()
	if i < 0 || i >= int64(n) {
		r.Fail("impossible neuron")
		return spike.Event{}
	}
	return spike.Event{Time: t, Neuron: int32(i)}
}

// increasing reports whether ts increases strictly and ends before now.
func increasing(ts []int64, now int64) bool {
	for k, t := range ts {
		if t >= now || (k > 0 && t <= ts[k-1]) {
			return false
		}
	}
	return true
}

func (net Network) clone() Network {
	c := Network{Weights: slices.Clone(net.Weights), Bias: slices.Clone(net.Bias)}
	if net.Sparse != nil {
		c.Sparse = &Sparse{slices.Clone(net.Sparse.Start), slices.Clone(net.Sparse.Post), slices.Clone(net.Sparse.Weight)}
	}
	return c
}

func cloneClamps(clamps []Clamping, n int) []Clamping {
	if clamps == nil {
		return make([]Clamping, n)
	}
	if len(clamps) != n {
		panic("sampling: Clamp: wrong number of neurons")
	}
	return slices.Clone(clamps)
}
