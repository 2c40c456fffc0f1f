package deep

import (
	"fmt"

	"spikealign/internal/detmath"
	"spikealign/internal/random"
)

// Network is a feed-forward network of layers. It is not for several goroutines; it can use several
// threads by itself.
type Network struct {
	in       volume
	layers   []layer
	dense    []*dense
	convs    []*conv
	synapses []*synapses // of all layers that have weights, from below
	crew     *crew
	loss     Loss

	gradient []float32 // of the mean loss at the outputs
}

// Loss is what a network minimises.
type Loss uint8

const (
	// CrossEntropy is that of the softmax of the outputs.
	CrossEntropy Loss = iota
	// DoubleSoftmax is the cross entropy of the softmax of the softmax of the outputs, as in the
	// programs of the paper's authors. It never falls below 1.461 for ten classes.
	DoubleSoftmax
)

// stage is a layer with weights and what follows it. ReLU follows all but the last.
type stage struct {
	filters, kernel int // of a convolution of kernel x kernel
	neurons         int // of a fully connected layer, if filters is 0
	bias            bool
	norm, pool      bool
}

// newNetwork returns the network that the stages describe, all weights 0.
func newNetwork(in volume, stages []stage) *Network {
	n := &Network{in: in}
	v, convs, flat := in, 0, false
	add := func(l layer) {
		n.layers = append(n.layers, l)
		v = l.out()
	}
	for k, s := range stages {
		var name string
		if s.filters > 0 {
			convs++
			name = fmt.Sprintf("conv_%d", convs)
			c := newConv(name, v, s.filters, s.kernel, s.bias)
			c.key = uint64(1000 + len(n.convs))
			n.synapses = append(n.synapses, &c.synapses)
			n.convs = append(n.convs, c)
			add(c)
		} else {
			if !flat {
				add(&flatten{in: v})
				flat = true
			}
			name = fmt.Sprintf("dense_%d", k+1-convs)
			d := newDense(name, v.size(), s.neurons)
			d.key = uint64(2000 + len(n.dense))
			n.synapses = append(n.synapses, &d.synapses)
			n.dense = append(n.dense, d)
			add(d)
		}
		if k == len(stages)-1 {
			return n
		}
		add(&relu{in: v})
		if s.norm {
			add(newNorm(name+"_norm", v))
		}
		if s.pool {
			add(&pool{in: v})
		}
	}
	return n
}

// draw gives the weights their start.
func (n *Network) draw(init Init, seed uint64) {
	for _, s := range n.synapses {
		init.fill(s.weights.w, s.fanIn, s.fanOut, random.New(seed, random.InitialWeights, s.key, 0))
		if s.bias != nil && init == Uniform {
			init.fill(s.bias.w, s.fanIn, s.fanOut, random.New(seed, random.InitialBias, s.key, 0))
		}
	}
}

func (n *Network) params() []*param {
	var ps []*param
	for _, l := range n.layers {
		ps = append(ps, l.params()...)
	}
	return ps
}

// forward returns the outputs for a batch of images, classes for each.
func (n *Network) forward(x []float32, images int, train bool) []float32 {
	for _, l := range n.layers {
		x = l.forward(n.crew, x, images, train)
	}
	return x
}

// judge returns the summed loss of outputs and the number of right classes; with train it sets
// n.gradient to that of the mean loss at the outputs.
func (n *Network) judge(outputs []float32, labels []uint8, train bool) (loss float64, right int) {
	classes := len(outputs) / len(labels)
	n.gradient = grow(n.gradient, len(outputs))
	p, q := make([]float64, classes), make([]float64, classes)
	scale := 1 / float64(len(labels))
	for i, label := range labels {
		y := outputs[i*classes:][:classes]
		best := 0
		for k, v := range y {
			if v > y[best] {
				best = k
			}
			p[k] = float64(v)
		}
		if best == int(label) {
			right++
		}
		softmax(p)
		target := p
		if n.loss == DoubleSoftmax {
			copy(q, p)
			softmax(q)
			target = q
		}
		loss -= detmath.Log(max(target[label], 1e-300))
		if !train {
			continue
		}
		target[label]--
		dot := 0.0
		if n.loss == DoubleSoftmax { // through the first softmax
			for k := range p {
				dot += float64(p[k] * q[k])
			}
		}
		for k := range y {
			g := target[k]
			if n.loss == DoubleSoftmax {
				g = float64(p[k] * (q[k] - dot))
			}
			n.gradient[i*classes+k] = float32(float64(g * scale))
		}
	}
	return loss, right
}

func softmax(x []float64) {
	top := x[0]
	for _, v := range x {
		top = max(top, v)
	}
	sum := 0.0
	for k, v := range x {
		x[k] = detmath.Exp(v - top)
		sum += x[k]
	}
	for k := range x {
		x[k] /= sum
	}
}

// backward sets the gradients of all parameters for the batch of the last forward, of which the
// gradient at the outputs is given.
func (n *Network) backward(gradient []float32, images int) {
	output := gradient
	for k := len(n.layers) - 1; k >= 0; k-- {
		l, first := n.layers[k], k == 0
		d, ok := l.(directed)
		direct := ok && d.isDirect()
		gradient = l.backward(n.crew, gradient, images, first || direct)
		if direct && !first {
			gradient = d.sendDirect(n.crew, output, images)
		}
	}
}
