package microcircuit

import (
	"fmt"
	"math"
	"slices"

	"spikealign/alignment"
	"spikealign/internal/detmath"
	"spikealign/mismatch"
	"spikealign/sal"
	"spikealign/settings"
)

// Differences are the differences between the neurons and synapses of one network. The zero value
// has none.
//
// A pyramidal neuron has the membrane potential Gain*u + Offset, u being what docs/model.md,
// section 7, gives; so have its parts, the basal potential with the bias and the apical one. This
// is what spikes, forward plasticity, nudge and loss see. An interneuron is like the neuron that it
// predicts: the self-predicting state is kept in a network of unequal neurons, too. Potentials of
// spikes last Tau steps, whatever the refractory time; in a neuron that spikes again earlier the
// potential goes on without growing.
//
// A gain makes Gain[i]*W[i][j] of the weights of neuron i. These effective weights are what the
// simulation holds; the bound of weights is for the weights themselves.
type Differences struct {
	Gain, Offset [][]float64 // of layers 0..L, Dims[l] each; nil: 1 and 0
	// likewise, factors of the shortest interval between two spikes; nil: 1
	Refractory [][]float64
	// of the SAL windows of feedback synapses, shaped as Weights.Down: factors of amplitude, and of
	// time constant and cut; nil: 1
	Amplitude, Tau [][]float64
}

// Bounds of differences, within which the integers of a network cannot overflow.
const (
	maxFactor = 2
	maxOffset = 256
)

// differences draws them for a network with these layers.
func differences(m mismatch.Settings, seed uint64, dims []int) Differences {
	var d Differences
	add := func(to *[][]float64, xs []float64) {
		if xs != nil {
			*to = append(*to, xs)
		}
	}
	for l, n := range dims {
		part := uint64(l)
		add(&d.Gain, m.Gains(seed, part, n))
		add(&d.Offset, m.Offsets(seed, part, n))
		add(&d.Refractory, m.RefractoryTimes(seed, part, n))
		if l > 0 && l+1 < len(dims) {
			add(&d.Amplitude, m.Amplitudes(seed, part, n*dims[l+1]))
			add(&d.Tau, m.Taus(seed, part, n*dims[l+1]))
		}
	}
	return d
}

// relate adds what is wrong with the differences of a network whose layers are known to be
// possible.
func (d Differences) relate(ps *settings.Problems, dims []int) {
	check := func(path string, xs [][]float64, layers int, size func(l int) int, holds func(x float64) bool, allowed string) {
		if xs == nil {
			return
		}
		if len(xs) != layers {
			ps.Add("differences."+path, "has %d layers, needs %d", len(xs), layers)
			return
		}
		for l, x := range xs {
			at := fmt.Sprintf("differences.%s.%d", path, l)
			if len(x) != size(l) {
				ps.Add(at, "has %d entries, needs %d", len(x), size(l))
				continue
			}
			for i, y := range x {
				if !holds(y) {
					ps.Add(fmt.Sprintf("%s.%d", at, i), "is %g; must be %s", y, allowed)
					break
				}
			}
		}
	}
	neurons := func(l int) int { return dims[l] }
	synapses := func(l int) int { return dims[l+1] * dims[l+2] }
	factor := func(x float64) bool { return x > 0 && x <= maxFactor }
	factors := fmt.Sprintf("above 0 and at most %d", maxFactor)
	check("gain", d.Gain, len(dims), neurons, factor, factors)
	check("offset", d.Offset, len(dims), neurons, func(x float64) bool { return math.Abs(x) <= maxOffset }, fmt.Sprintf("between -%d and %d", maxOffset, maxOffset))
	check("refractory", d.Refractory, len(dims), neurons, factor, factors)
	check("amplitude", d.Amplitude, len(dims)-2, synapses, func(x float64) bool { return math.Abs(x) <= maxFactor }, fmt.Sprintf("between -%d and %d", maxFactor, maxFactor))
	check("tau", d.Tau, len(dims)-2, synapses, factor, factors)
}

// vary prepares what differs; weights and biases are not there yet.
func (n *Network) vary(d Differences) {
	n.silent = n.active
	n.narrow = n.clip
	n.various = d.Gain != nil || d.Amplitude != nil || d.Tau != nil
	if d.Gain != nil {
		n.gain = make([]float64, len(n.at))
	}
	if d.Offset != nil {
		n.offset = make([]float64, len(n.at))
	}
	for l, y := range n.layers {
		for i := range y.n {
			if d.Gain != nil {
				g := d.Gain[l][i]
				n.gain[y.first+i] = g
				n.narrow = min(n.narrow, int64(g*float64(n.clip)))
			}
			if d.Offset != nil {
				n.offset[y.first+i] = d.Offset[l][i]
			}
		}
	}
	if d.Refractory == nil {
		return
	}
	n.minISI, n.silent = make([]int64, len(n.at)), slices.Clone(n.active)
	longest, shortest := int64(1), n.cfg.Tau
	for i, p := range n.at {
		if p.number < 0 {
			continue
		}
		l := p.layer
		if p.inter {
			l++
		}
		steps := max(int64(math.RoundToEven(d.Refractory[l][p.index]*float64(n.cfg.Tau))), 1)
		n.minISI[i] = steps
		longest, shortest = max(longest, steps), min(shortest, steps)
	}
	n.wake = make([][]int32, longest+1)
	n.overlap = int(n.cfg.Tau/shortest) + 1
}

// effective is what a neuron of layer y makes of a weight or bias.
func (n *Network) effective(y *layer, i int, x float64) float64 {
	if n.gain != nil {
		x = float64(n.gain[y.first+i] * x)
	}
	return x
}

// bare takes the gains out of a matrix of effective weights whose rows belong to layer y.
func (n *Network) bare(y *layer, m []float64) []float64 {
	if n.gain == nil {
		return m
	}
	columns := len(m) / y.n
	bound := n.cfg.clip()
	for k, x := range m {
		m[k] = min(max(x/n.gain[y.first+k/columns], -bound), bound)
	}
	return m
}

// bound is that of the effective weights of neuron i.
func (n *Network) bound(i int) int64 {
	if n.gain == nil {
		return n.clip
	}
	return int64(n.gain[i] * float64(n.clip))
}

// rouse ends the refractory times that end before step t.
func (n *Network) rouse(t int64) {
	slot := &n.wake[t%int64(len(n.wake))]
	for _, i := range *slot {
		n.silent[i] = false
		n.evaluate(int(i))
	}
	*slot = (*slot)[:0]
}

// retire begins the refractory time of neuron i, which spiked in step t.
func (n *Network) retire(i int, t int64) {
	n.silent[i] = true
	slot := &n.wake[(t+n.minISI[i])%int64(len(n.wake))]
	*slot = append(*slot, int32(i))
}

// alignEach is align for synapses that differ.
func (n *Network) alignEach(i int) {
	p := n.at[i]
	if p.inter {
		return
	}
	l, index := int(p.layer), int(p.index)
	into := float64(n.now - n.stretch)
	if l >= 1 && l+1 < len(n.layers) {
		y, above := &n.layers[l], &n.layers[l+1]
		for k := range above.n {
			d := n.now - n.latest(above.first+k)
			if x := n.change(l, index, k, d); x != 0 {
				n.shift(y, k*y.stride+index, above.first+k, index, x, into)
			}
		}
	}
	if l >= 2 {
		y := &n.layers[l-1]
		for j := range y.n {
			d := n.now - n.latest(y.first+j)
			if x := n.change(l-1, j, index, -d); x != 0 {
				n.shift(y, index*y.stride+j, i, j, x, into)
			}
		}
	}
}

// change is what a pair of lag d = t_post - t_pre makes of the effective weight from the k-th
// neuron above to neuron i of hidden layer l.
func (n *Network) change(l, i, k int, d int64) int64 {
	v := &n.cfg.Differences
	at := i*n.layers[l+1].n + k
	half := n.cfg.salHalf()
	rate := n.cfg.RateDown[l-1]
	if v.Tau != nil {
		half.Tau *= v.Tau[l-1][at]
		half.Cut *= v.Tau[l-1][at]
	}
	if v.Amplitude != nil {
		rate *= v.Amplitude[l-1][at]
	}
	return fixed(n.effective(&n.layers[l], i, float64(rate*sal.Window(half).At(d))))
}

// meanAngle collects angles.
type meanAngle struct{ sum, count float64 }

// errorAngles adds, for each hidden layer, the angle between two errors that arrive there from the
// output, whose mean potentials are free instead of target. From layer to layer an error is
// multiplied by sigma'(u) of what it passes, u being the mean potential without apical part, and by
// the feedback weights, or by the transposed forward weights: that is what the spikes that nudge
// and interneurons do not explain bring to an apical dendrite, to the first order. Weights are the
// effective ones.
func (n *Network) errorAngles(free, target []float64, angles []meanAngle) {
	top := len(n.layers) - 1
	var sent [2][]float64 // through feedback, through transposed forward weights
	for k, u := range free {
		e := float64(slope(u) * (target[k] - u))
		sent[0], sent[1] = append(sent[0], e), append(sent[1], e)
	}
	for l := top - 1; l >= 1; l-- {
		y, above := &n.layers[l], &n.layers[l+1]
		b, w := make([]float64, y.n), make([]float64, y.n)
		for i := range y.n {
			for k := range above.n {
				b[i] += float64(float64(y.down[k*y.stride+i]) * unit * sent[0][k])
				w[i] += float64(float64(above.up[i*above.stride+k]) * unit * sent[1][k])
			}
		}
		if a := alignment.Angle(b, w); !math.IsNaN(a) {
			angles[l-1].sum += a
			angles[l-1].count++
		}
		for i := range y.n {
			s := slope(float64(float64(n.bias[y.off+i])*unit) + n.mean(y.off+i))
			b[i], w[i] = float64(s*b[i]), float64(s*w[i])
		}
		sent = [2][]float64{b, w}
	}
}

// slope is sigma'(u).
func slope(u float64) float64 {
	s := detmath.Logistic(u)
	return float64(s * (1 - s))
}

// Alignments compares the feedback weights into every hidden layer with the forward weights out of
// it: the effective ones, gains included.
func (n *Network) Alignments() []alignment.Measures {
	var as []alignment.Measures
	for l := 1; l+1 < len(n.layers); l++ {
		y, above := &n.layers[l], &n.layers[l+1]
		as = append(as, alignment.Compare(above.matrix(above.up), y.matrix(y.down), y.n, above.n))
	}
	return as
}
