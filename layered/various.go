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

// Check returns an error that names the first difference that does not fit the layers: lengths are
// those of the layers; gains and offsets are between -1e6 and 1e6, factors of a refractory time of
// refractory steps not below 0 and such that it is at most most steps.
func (v Neurons) Check(layers []int, refractory, most int64) error {
	longest := float64(most) / float64(max(refractory, 1))
	for _, x := range []struct {
		name      string
		of        [][]float64
		low, high float64
	}{{"gains", v.Gain, -1e6, 1e6}, {"offsets", v.Offset, -1e6, 1e6}, {"refractory times", v.Refractory, 0, longest}} {
		if x.of != nil && len(x.of) != len(layers) {
			return fmt.Errorf("%s of %d layers, where there are %d", x.name, len(x.of), len(layers))
		}
		for l, of := range x.of {
			if len(of) != layers[l] {
				return fmt.Errorf("%s of %d neurons in layer %d, where there are %d", x.name, len(of), l, layers[l])
			}
			for i, y := range of {
				if !(x.low <= y && y <= x.high) {
					return fmt.Errorf("%s: %.6g for neuron %d of layer %d; allowed are %.6g to %.6g", x.name, y, i, l, x.low, x.high)
				}
			}
		}
	}
	return nil
}

// Layer returns gain, offset and factor of the refractory time of each neuron of a layer.
func (v Neurons) Layer(l int) (gain, offset, refractory func(i int) float64) {
	return each(v.Gain, l, 1), each(v.Offset, l, 0), each(v.Refractory, l, 1)
}

// Check returns an error that names the first difference that does not fit the layers: there is a
// factor for each feedback weight, between -1e6 and 1e6, that of a time constant above 0.
func (s Synapses) Check(layers []int) error {
	for _, x := range []struct {
		name string
		of   [][]float64
		low  float64
	}{{"amplitudes", s.Amplitude, -1e6}, {"time constants", s.Tau, math.SmallestNonzeroFloat64}} {
		if x.of != nil && len(x.of) != len(layers)-1 {
			return fmt.Errorf("%s of windows for the feedback weights to %d layers, where there are %d", x.name, len(x.of), len(layers)-1)
		}
		for l, of := range x.of {
			if len(of) != layers[l]*layers[l+1] {
				return fmt.Errorf("%d %s of windows for the feedback weights to layer %d, where %d x %d are needed", len(of), x.name, l, layers[l], layers[l+1])
			}
			for k, y := range of {
				if !(x.low <= y && y <= 1e6) {
					return fmt.Errorf("%s of windows: %v for the feedback weight from neuron %d to neuron %d of layer %d; allowed are %.3g to 1e6", x.name, y, k%layers[l+1], k/layers[l+1], l, x.low)
				}
			}
		}
	}
	return nil
}

// vary takes the differences between neurons.
func (n *Network) vary(v Neurons) error {
	if err := v.Check(n.cfg.Layers, n.cfg.MinISI, maxISI); err != nil {
		return err
	}
	n.various = v
	if v.Refractory == nil {
		return nil
	}
	n.minISI = make([]int64, n.width)
	for l, p := range n.places {
		for i, x := range v.Refractory[l] {
			steps := max(int64(math.RoundToEven(float64(x*float64(n.cfg.MinISI)))), 1)
			n.minISI[p.from+i] = steps
			n.ring = max(n.ring, steps+1)
			// what bounds potentials and sums
			n.shortest = min(n.shortest, steps)
		}
	}
	return nil
}

// maxISI is the longest interval between two spikes of a neuron, in steps.
const maxISI = 1 << 16

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

func each(of [][]float64, l int, otherwise float64) func(i int) float64 {
	if of == nil {
		return func(int) float64 { return otherwise }
	}
	return func(i int) float64 { return of[l][i] }
}
