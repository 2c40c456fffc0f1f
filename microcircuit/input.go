package microcircuit

import (
	"math"

	"spikealign/internal/detmath"
)

// What stands here is for a MeanInput. A neuron at a constant potential u is active (z = 1) for a
// share sigma(u) of the time, and so has sigma(u) spikes in Tau steps on average: between two of
// its refractory times lie (1-rho(u))/rho(u) = Tau e^-u steps. These two means stand in for its
// spikes.

// spiking tells whether the neuron at place i can spike.
func (n *Network) spiking(i int) bool { return n.means == nil || i >= len(n.means) }

// average computes the means from the potentials of the input.
func (n *Network) average() {
	for j := range n.means {
		n.means[j] = detmath.Logistic(float64(n.u[j]) * unit)
	}
}

// part is a mean's share of a weight or of its change, units.
func part(w int64, mean float64) int64 { return int64(math.RoundToEven(float64(w) * mean)) }

// learnMeans changes the forward weights of the input.
func (n *Network) learnMeans() {
	y := &n.layers[1]
	n.expect(y)
	into := float64(n.now - n.stretch)
	for j, m := range n.means {
		up, moment := y.up[j*y.stride:][:y.n], y.upMoment[j*y.stride:][:y.n]
		for i, w := range up {
			d := part(y.lesson.change[i], m)
			if bound := n.bound(y.first + i); w+d > bound || w+d < -bound {
				d = min(max(w+d, -bound), bound) - w
				n.clipped++
			}
			up[i] = w + d
			moment[i] += float64(float64(d) * into)
			y.pyramids.basal[i] += part(w+d, m) - part(w, m)
		}
	}
	y.basalChanged, n.changed = true, true
}
