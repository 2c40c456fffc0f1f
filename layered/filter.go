package layered

import (
	"math"

	"spikealign/internal/detmath"
	"spikealign/internal/vector"
	"spikealign/synapse"
)

// filter makes alpha-shaped potentials of spikes, a*l*e^(-l/tau_syn) at lag l: two numbers for each
// neuron, x and y, go to e^(-1/tau_syn)*(x+input) and e^(-1/tau_syn)*y + x in every step, and a*y
// is the potential. They are float32: a rounding error of 2^-24 of their size decays with them.
type filter struct {
	decay, amplitude float32
}

func newFilter(c Config) *filter {
	psp := synapse.PSP{Shape: synapse.Alpha, TauRef: c.TauRef, TauSyn: c.TauSyn}
	return &filter{
		decay:     float32(detmath.Exp(-1 / c.TauSyn)),
		amplitude: float32(psp.Amplitude()),
	}
}

// overlap bounds the sum of a neuron's potentials per unit of weight, for spikes as near to each
// other as they can be; at least 1, so that the weights of the spikes of one step fit too.
func (f *filter) overlap(c Config, shortest int64) float64 {
	psp := synapse.PSP{Shape: synapse.Alpha, TauRef: c.TauRef, TauSyn: c.TauSyn}
	most, end := 1.0, psp.Length()
	for first := int64(1); first <= min(shortest, end); first++ {
		sum := 0.0
		for l := first; l <= end; l += shortest {
			sum += psp.At(l)
		}
		most = max(most, sum)
	}
	return most
}

// step takes the input of a step to the potentials of the next.
func (f *filter) step(r *replica, bias []int32) {
	vector.FilterStep(r.u, r.in, r.x, r.y, bias, f.decay, f.amplitude)
}

// potentials makes the potentials from x and y.
func (f *filter) potentials(r *replica, bias []int32) {
	for i, y := range r.y {
		r.u[i] = bias[i] + int32(math.RoundToEven(float64(float32(y*f.amplitude))))
	}
}
