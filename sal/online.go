package sal

import (
	"fmt"

	"spikealign/synapse"
)

// Online changes weights spike by spike: when a spike completes a pair, the learning window K is
// applied to both synapses of the pair. Over a train the changes add up to what the pair sums give,
// up to the rounding of another order of additions. It is the rule at its plainest, for any window,
// and what faster forms of it are tested against.
//
// Its zero value is not ready. An Online must not be copied.
type Online struct {
	history
	window synapse.Window

	// Gain multiplies the changes of each synapse, n*n row-major; 0 freezes one. nil stands for
	// ones. It belongs to the caller.
	Gain []float64
}

// Window returns the learning window of spike-based alignment learning with the given half for both
// signs: causal pairs depress by f, anti-causal pairs potentiate by f.
func Window(half synapse.Half) synapse.Window {
	return synapse.Window{APlus: -1, AMinus: 1, Plus: half, Minus: half}
}

// NewOnline returns an Online for n neurons that has seen no spike. It panics if n < 1, or if w or
// p is not valid.
func NewOnline(n int, w synapse.Window, p synapse.Pairing) *Online {
	mustBeValid(n, w, p)
	o := &Online{window: w}
	o.start(n, p, max(w.Plus.Support(), w.Minus.Support()), false)
	return o
}

// Apply adds a spike of neuron i at time t and the weight changes it causes to w, n*n row-major
// with the synapse from j to i at i*n+j. For each pair with a spike of j at s < t,
//
//	w[i*n+j] += eta * Gain[i*n+j] * K(t-s)        i postsynaptic: causal
//	w[j*n+i] += eta * Gain[j*n+i] * K(s-t)        i presynaptic: anti-causal
//
// It panics if t is negative or before an earlier spike's, if there is no such neuron, or if w or
// Gain has a wrong length.
func (o *Online) Apply(t int64, i int32, w []float64, eta float64) {
	n := o.n
	if len(w) != n*n || o.Gain != nil && len(o.Gain) != n*n {
		panic(fmt.Sprintf("sal: weights or gains do not fit %d neurons", n))
	}
	o.check(i)
	o.advance(t)
	for _, e := range o.partners(i) {
		j := int(e.Neuron)
		if j == n || j == int(i) {
			continue
		}
		d := t - e.Time
		causal, anti := int(i)*n+j, j*n+int(i)
		kc, ka := eta*o.window.At(d), eta*o.window.At(-d)
		if o.Gain != nil {
			kc *= o.Gain[causal]
			ka *= o.Gain[anti]
		}
		w[causal] += float64(kc)
		w[anti] += float64(ka)
	}
	o.fire(i)
}

// Reset forgets all spikes. Times may begin at 0 again.
func (o *Online) Reset() { o.forget() }
