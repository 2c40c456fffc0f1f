package microcircuit

import (
	"spikealign/sal"
	"spikealign/synapse"
)

// What alignment learns is the rule of package sal, applied at every spike as sal.Online does. That
// keeps a list of recent spikes and goes over all pairs of neurons; here only neighbouring layers
// have feedback, and the times of two spikes of a neuron are at hand.

// salPairing says which pairs of spikes count.
var salPairing = synapse.Pairing{Kind: synapse.Last, K: 1}

// salHalf is one half of the learning window of the feedback weights.
func (c Config) salHalf() synapse.Half {
	h := synapse.Half{Shape: synapse.ExponentialWindow, Tau: c.SALWindowTau, Cut: float64(c.SALCut)}
	if h.Tau == 0 {
		h.Tau = float64(c.Tau)
	}
	return h
}

// salWindow is the learning window K of the feedback weights.
func (c Config) salWindow() synapse.Window { return sal.Window(c.salHalf()) }

// salTable holds rate*K(d) for d = 0, 1, ..., and rate*K(-d), in units, as far as one is not 0.
type salTable struct {
	causal, anti []int64
}

func newSALTable(rate float64, k synapse.Window) salTable {
	t := salTable{causal: []int64{0}, anti: []int64{0}}
	for d := int64(1); ; d++ {
		causal, anti := fixed(rate*k.At(d)), fixed(rate*k.At(-d))
		if causal == 0 && anti == 0 {
			return t
		}
		t.causal, t.anti = append(t.causal, causal), append(t.anti, anti)
	}
}

// align changes the feedback weights of neuron i, which spiked in this step, by SAL: all synapses
// to it from the layer above, causal, and all from it to the layer below, anti-causal, each by the
// latest strictly earlier spike of the other neuron.
func (n *Network) align(i int) {
	p := n.at[i]
	if p.inter {
		return
	}
	l, index := int(p.layer), int(p.index)
	into := float64(n.now - n.stretch)
	if l >= 1 && l+1 < len(n.layers) {
		y, above := &n.layers[l], &n.layers[l+1]
		table := n.sal[l-1].causal
		for k := range above.n {
			if d := n.now - n.latest(above.first+k); d < int64(len(table)) {
				n.shift(y, k*y.stride+index, above.first+k, index, table[d], into)
			}
		}
	}
	if l >= 2 {
		y := &n.layers[l-1]
		table := n.sal[l-2].anti
		for j := range y.n {
			if d := n.now - n.latest(y.first+j); d < int64(len(table)) {
				n.shift(y, index*y.stride+j, i, j, table[d], into)
			}
		}
	}
}

// latest is the time of neuron i's latest spike before this step.
func (n *Network) latest(i int) int64 {
	if n.last[i] == n.now {
		return n.before[i]
	}
	return n.last[i]
}

// shift adds d to the feedback weight at in layer y, from neuron pre to the i-th of the layer.
func (n *Network) shift(y *layer, at, pre, i int, d int64, into float64) {
	w := y.down[at] + d
	if bound := n.bound(y.first + i); w > bound || w < -bound {
		w = min(max(w, -bound), bound)
		d = w - y.down[at]
		n.clipped++
	}
	y.down[at] = w
	y.downMoment[at] += float64(float64(d) * into)
	if n.active[pre] {
		n.apical[y.off+i] += d
		y.extraChanged, n.changed = true, true
	}
}
