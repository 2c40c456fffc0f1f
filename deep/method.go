package deep

import (
	"fmt"
	"math"

	"spikealign/internal/gemm"
	"spikealign/internal/random"
	"spikealign/settings"
)

// Method says what errors are sent back through.
type Method uint8

// The methods. All but BP have fixed random feedback in the convolutions.
const (
	BP     Method = iota // transposed weights everywhere
	BPFA                 // transposed weights in the fully connected layers: what perfect transport can reach
	FA                   // fixed random feedback (Lillicrap et al. 2016)
	SCFA                 // random sizes, signs of the transposed weights (Liao et al. 2016)
	DFA                  // from the output straight to each layer (Nøkland 2016)
	KP                   // feedback receives the weights' gradient, both decay (Kolen & Pollack 1994; Akrout et al. 2019)
	Mirror               // a phase of noise before each epoch (weight mirror, Akrout et al. 2019)
	RDD                  // a spiking phase before each epoch (Guerguiev et al. 2020)
	SAL                  // a spiking phase before each epoch (Gierlich et al. 2026)
)

var methodNames = settings.Names{"bp", "bp-fa-conv", "fa", "scfa", "dfa", "kp", "mirror", "rdd", "sal"}

// String returns the name of the method.
func (m Method) String() string { return methodNames.String(int(m)) }

// MarshalText returns the name of the method, or an error if m is none.
func (m Method) MarshalText() ([]byte, error) { return methodNames.Marshal(int(m)) }

// UnmarshalText accepts the names. The error names them.
func (m *Method) UnmarshalText(b []byte) error { return settings.Parse(methodNames, b, m) }

var lossNames = settings.Names{CrossEntropy: "cross-entropy", DoubleSoftmax: "double-softmax"}

// String returns the name of the loss.
func (l Loss) String() string { return lossNames.String(int(l)) }

// MarshalText returns the name of the loss, or an error if l is none.
func (l Loss) MarshalText() ([]byte, error) { return lossNames.Marshal(int(l)) }

// UnmarshalText accepts the names. The error names them.
func (l *Loss) UnmarshalText(b []byte) error { return settings.Parse(lossNames, b, l) }

// feedback gives the network the feedback weights of a method, drawn as the forward weights are:
// evenly from +-1/sqrt(fan-in of the forward weights).
func (n *Network) feedback(m Method, seed uint64) {
	draw := func(count int, part uint64, fanIn int) []float32 {
		w := make([]float32, count)
		s := random.New(seed, random.FeedbackWeights, part, 0)
		bound := 1 / math.Sqrt(float64(fanIn))
		for i := range w {
			w[i] = float32(float64(bound * (2*s.Float64() - 1)))
		}
		return w
	}
	if m != BP {
		for k, c := range n.convs {
			c.feedback = draw(len(c.weights.w), uint64(1000+k), c.taps())
		}
	}
	if m == BP || m == BPFA {
		return
	}
	classes := n.dense[len(n.dense)-1].outputs
	for k, d := range n.dense {
		d.feedback = draw(d.inputs*d.outputs, uint64(2000+k), d.inputs)
		switch m {
		case SCFA:
			d.size = d.feedback
			d.feedback = make([]float32, len(d.size))
		case DFA:
			if k > 0 {
				d.direct = draw(d.inputs*classes, uint64(3000+k), classes)
			}
		case KP:
			d.back = newParam(d.weights.name+"_feedback", d.inputs, d.outputs)
			d.feedback = d.back.w
			copy(d.feedback, draw(d.inputs*d.outputs, uint64(2000+k), d.inputs))
		}
	}
}

// concord gives feedback weights of fixed size the signs of the transposed weights.
func (l *dense) concord() {
	for i := range l.inputs {
		for k := range l.outputs {
			size := float32(math.Abs(float64(l.size[i*l.outputs+k])))
			l.feedback[i*l.outputs+k] = float32(math.Copysign(float64(size), float64(l.weights.w[k*l.inputs+i])))
		}
	}
}

// mirror is one step of the weight mirror: n patterns of standard normal noise at the layer's input
// and what the weights make of them; feedback moves towards the mean product of both, which is the
// transposed weights, and decays: B += rate*(mean(x y') - B).
func (l *dense) mirror(c *crew, stream *random.Stream, n int, rate float32) {
	x := make([]float32, n*l.inputs)
	for i := range x {
		x[i] = float32(stream.Norm())
	}
	y := make([]float32, n*l.outputs)
	c.each((n+block-1)/block, func(h *hand, k int) {
		from, to := k*block, min((k+1)*block, n)
		h.mul.Mul(y[from*l.outputs:], l.outputs, gemm.Rows(x[from*l.inputs:], l.inputs), gemm.Rows(l.weights.w, l.inputs).T(), to-from, l.outputs, l.inputs)
	})
	product := make([]float32, l.inputs*l.outputs)
	c.each((l.inputs+block-1)/block, func(h *hand, k int) {
		from, to := k*block, min((k+1)*block, l.inputs)
		h.mul.Mul(product[from*l.outputs:], l.outputs, gemm.Rows(x[from:], l.inputs).T(), gemm.Rows(y, l.outputs), to-from, l.outputs, n)
	})
	for i, p := range product {
		l.feedback[i] += float32(rate * (p/float32(n) - l.feedback[i]))
	}
}

// Optimiser is stochastic gradient descent with momentum: v = Momentum*v + g + Decay*w,
// w -= Rate*v.
type Optimiser struct {
	Rate     float64 `yaml:"rate" default:"0.01" range:"[0, 1e3]" also:"lr, eta, learning_rate" doc:"learning rate"`
	Momentum float64 `yaml:"momentum" default:"0.9" range:"[0, 1)" doc:"share of the last step in the next"`
	Decay    float64 `yaml:"weight_decay" range:"[0, 10]" doc:"decay of all parameters; kp: of weights and feedback alike, .001 as published"`
}

func (o Optimiser) step(p *param) {
	rate, momentum, decay := float32(o.Rate), float32(o.Momentum), float32(o.Decay)
	for i, g := range p.gradient {
		if decay != 0 {
			g += float32(decay * p.w[i])
		}
		v := float32(momentum*p.velocity[i]) + g
		p.velocity[i] = v
		p.w[i] -= float32(rate * v)
	}
}

// learn makes a step of all parameters.
func (n *Network) learn(o Optimiser) {
	ps := n.params()
	for _, d := range n.dense {
		if d.back != nil { // the same gradient, transposed
			for i := range d.inputs {
				for k := range d.outputs {
					d.back.gradient[i*d.outputs+k] = d.weights.gradient[k*d.inputs+i]
				}
			}
			ps = append(ps, d.back)
		}
	}
	n.crew.each(len(ps), func(_ *hand, k int) { o.step(ps[k]) })
}

// check returns an error if a parameter is no number any more.
func (n *Network) check() error {
	for _, p := range n.params() {
		for _, x := range p.w {
			if !(math.Abs(float64(x)) <= math.MaxFloat32) {
				return fmt.Errorf("%s is no longer finite: training has diverged; a smaller rate helps", p.name)
			}
		}
	}
	return nil
}
