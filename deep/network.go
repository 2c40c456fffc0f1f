package deep

import (
	"fmt"
	"math"

	"spikealign/internal/detmath"
	"spikealign/internal/gemm"
	"spikealign/internal/random"
)

// Network is a feed-forward network of layers. It is not for several goroutines; it can use several
// threads by itself.
type Network struct {
	in     volume
	layers []layer
	dense  []*dense
	convs  []*conv
	crew   *crew
	loss   Loss

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

// paperNetwork is the convolutional network of figure 8.
func paperNetwork(in volume, classes int, hidden []int) *Network {
	n := &Network{in: in}
	v := in
	for k := range 2 {
		c := newConv(fmt.Sprintf("conv_%d", k+1), v, 64, 5)
		v = c.out()
		p := &pool{in: v}
		n.convs = append(n.convs, c)
		n.layers = append(n.layers, c, &relu{in: v}, newNorm(fmt.Sprintf("conv_%d_norm", k+1), v), p)
		v = p.out()
	}
	n.layers = append(n.layers, &flatten{in: v})
	below := v.size()
	for k, m := range append(hidden[:len(hidden):len(hidden)], classes) {
		d := newDense(fmt.Sprintf("dense_%d", k+1), below, m)
		n.dense = append(n.dense, d)
		n.layers = append(n.layers, d)
		if k < len(hidden) {
			n.layers = append(n.layers, &relu{in: d.out()}, newNorm(fmt.Sprintf("dense_%d_norm", k+1), d.out()))
		}
		below = m
	}
	return n
}

// draw gives the weights their start: evenly from +-1/sqrt(fan-in), biases too.
func (n *Network) draw(seed uint64) {
	fill := func(w []float32, p random.Purpose, part uint64, fanIn int) {
		s := random.New(seed, p, part, 0)
		bound := 1 / math.Sqrt(float64(fanIn))
		for i := range w {
			w[i] = float32(float64(bound * (2*s.Float64() - 1)))
		}
	}
	for k, c := range n.convs {
		fill(c.weights.w, random.InitialWeights, uint64(1000+k), c.taps())
	}
	for k, d := range n.dense {
		fill(d.weights.w, random.InitialWeights, uint64(2000+k), d.inputs)
		fill(d.bias.w, random.InitialBias, uint64(2000+k), d.inputs)
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
		gradient = n.layers[k].backward(n.crew, gradient, images, k == 0)
		if d, ok := n.layers[k].(*dense); ok && d.direct != nil {
			classes := len(output) / images
			gradient = d.sendBack(n.crew, output, images, classes, gemm.Rows(d.direct, classes).T())
		}
	}
}
