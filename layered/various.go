package layered

import (
	"fmt"
	"math"
)

// Neurons differ from each other as those of a chip or a brain do: a slice for each layer, or nil.
type Neurons struct {
	Gain       [][]float64 // multiplies the membrane potential; nil: 1
	Offset     [][]float64 // added to the membrane potential; nil: 0
	Refractory [][]float64 // multiplies the shortest interval between spikes; nil: 1
}

// vary takes the differences between neurons.
func (n *Network) vary(v Neurons) error {
	for _, x := range []struct {
		name string
		of   [][]float64
		min  float64
	}{{"gains", v.Gain, math.Inf(-1)}, {"offsets", v.Offset, math.Inf(-1)}, {"refractory times", v.Refractory, 0}} {
		if x.of == nil {
			continue
		}
		if len(x.of) != len(n.places) {
			return fmt.Errorf("%s of %d layers, where there are %d", x.name, len(x.of), len(n.places))
		}
		for l, p := range n.places {
			if len(x.of[l]) != p.n {
				return fmt.Errorf("%s of %d neurons in layer %d, where there are %d", x.name, len(x.of[l]), l, p.n)
			}
			for i, y := range x.of[l] {
				if !(y >= x.min && !math.IsInf(y, 0)) {
					return fmt.Errorf("%s: %v for neuron %d of layer %d", x.name, y, i, l)
				}
			}
		}
	}
	n.various = v
	if v.Refractory == nil {
		return nil
	}
	n.minISI = make([]int64, n.width)
	for l, p := range n.places {
		for i, x := range v.Refractory[l] {
			steps := max(math.RoundToEven(float64(x*float64(n.cfg.MinISI))), 1)
			if steps > 1<<16 {
				return fmt.Errorf("refractory times: %v steps for neuron %d of layer %d, more than 2^16", steps, i, l)
			}
			n.minISI[p.from+i] = int64(steps)
			n.ring = max(n.ring, int64(steps)+1)
			// what bounds potentials and sums
			n.shortest = min(n.shortest, int64(steps))
		}
	}
	return nil
}

// rouse finds out from the spikes of the past who is ready.
func (n *Network) rouse() {
	for _, r := range n.replicas {
		clear(r.ready)
		for _, p := range n.places {
			for i := range p.n {
				r.ready[(p.from+i)/32] |= 1 << (i % 32)
			}
		}
		if n.minISI != nil {
			r.wake = make([][]int32, n.ring)
		}
		for t := max(n.time-max(n.cfg.MinISI, n.ring), 0); t < n.time; t++ {
			for l, p := range n.places {
				for _, i := range r.of(t, l) {
					k := p.from + int(i)
					if n.minISI == nil {
						r.ready[k/32] &^= 1 << (k % 32)
					} else if again := t + n.minISI[k]; again >= n.time {
						r.ready[k/32] &^= 1 << (k % 32)
						r.wake[again%n.ring] = append(r.wake[again%n.ring], int32(k))
					}
				}
			}
		}
	}
}

// ready makes those neurons ready whose refractory time ends before step t.
func (n *Network) ready(r *replica, t int64) {
	if n.minISI != nil {
		slot := &r.wake[t%n.ring]
		for _, i := range *slot {
			r.ready[i/32] |= 1 << (i % 32)
		}
		*slot = (*slot)[:0]
		return
	}
	for l, p := range n.places {
		for _, i := range r.of(t-n.cfg.MinISI, l) {
			r.ready[(p.from+int(i))/32] |= 1 << (i % 32)
		}
	}
}

// retire notes when those that fired in step t will be ready again.
func (n *Network) retire(r *replica, t int64) {
	for l, p := range n.places {
		for _, i := range r.of(t, l) {
			k := int32(p.from) + i
			slot := (t + n.minISI[k]) % n.ring
			r.wake[slot] = append(r.wake[slot], k)
		}
	}
}

// gain returns a function that gives the gain of each neuron of a layer; offset is its like.
func (n *Network) gain(l int) func(i int) float64 { return each(n.various.Gain, l, 1) }

func (n *Network) offset(l int) func(i int) float64 { return each(n.various.Offset, l, 0) }

func each(of [][]float64, l int, otherwise float64) func(i int) float64 {
	if of == nil {
		return func(int) float64 { return otherwise }
	}
	return func(i int) float64 { return of[l][i] }
}
