package sampling

import "spikealign/mismatch"

// Differences are the differences between the neurons and synapses of one network. The zero value
// has none. Neuron i has the membrane potential
//
//	u_i = Gain[i] * (b_i + sum over j of W[i][j] times the potential of j's spikes) + Offset[i],
//
// so that Gain[i]*W[i][j] are the effective weights. Its state z = 1 and the potentials that its
// spikes evoke last as long as those of others, whatever its refractory time: they belong to those
// who see its spikes.
type Differences struct {
	Gain, Offset []float64 // n; nil: 1 and 0
	Refractory   []float64 // n: factors of the shortest interval between two spikes; nil: 1
	Amplitude    []float64 // n x n: factors of SAL's windows; nil: 1
	WindowTau    []float64 // n x n: factors of the time constants of SAL's windows; nil: 1
}

// differences draws them for n neurons.
func differences(m mismatch.Settings, seed uint64, n int) Differences {
	return Differences{m.Gains(seed, 0, n), m.Offsets(seed, 0, n), m.RefractoryTimes(seed, 0, n), m.Amplitudes(seed, 0, n*n), m.Taus(seed, 0, n*n)}
}

// weights writes the effective weights to dst, n x n.
func (d Differences) weights(dst, w []float64) {
	n := len(d.Gain)
	for k, x := range w {
		dst[k] = float64(d.Gain[k/n] * x)
	}
}

// bias returns the effective bias of neuron i.
func (d Differences) bias(i int, b float64) float64 {
	if d.Gain != nil {
		b = float64(d.Gain[i] * b)
	}
	if d.Offset != nil {
		b += d.Offset[i]
	}
	return b
}

// Network returns the network of equal neurons that does what one with dense weights and these
// gains and offsets does.
func (d Differences) Network(net Network) Network {
	net = net.clone()
	if d.Gain != nil {
		d.weights(net.Weights, net.Weights)
	}
	for i, b := range net.Bias {
		net.Bias[i] = d.bias(i, b)
	}
	return net
}
