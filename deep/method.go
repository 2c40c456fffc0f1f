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

// The methods. All but BP have fixed random feedback in the convolutions of the paper's network; in
// those of LeNet, SCFA, USF and DFA have their own.
const (
	BP     Method = iota // transposed weights everywhere
	BPFA                 // transposed weights in the fully connected layers: what perfect transport can reach
	FA                   // fixed random feedback (Lillicrap et al. 2016)
	SCFA                 // random sizes, signs of the transposed weights (Liao et al. 2016)
	USF                  // sizes all the same, signs of the transposed weights (Liao et al. 2016; Xiao et al. 2019)
	DFA                  // from the output straight to each layer (Nøkland 2016)
	KP                   // feedback receives the weights' gradient, both decay (Kolen & Pollack 1994; Akrout et al. 2019)
	Mirror               // a phase of noise before each epoch (weight mirror, Akrout et al. 2019)
	RDD                  // a spiking phase before each epoch (Guerguiev et al. 2020)
	SAL                  // a spiking phase before each epoch (Gierlich et al. 2026)
)

var methodNames = settings.Names{"bp", "bp-fa-conv", "fa", "scfa", "usf", "dfa", "kp", "mirror", "rdd", "sal"}

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

// Init says how weights are drawn.
type Init string

// The ways to draw weights, evenly between bounds.
const (
	Uniform Init = "uniform" // +-1/sqrt(fan-in), biases too
	Xavier  Init = "xavier"  // +-sqrt(6/(fan-in + fan-out)), biases 0 (Glorot & Bengio 2010)
)

// bound is that of the weights.
func (i Init) bound(fanIn, fanOut int) float64 {
	if i == Xavier {
		return math.Sqrt(6 / float64(fanIn+fanOut))
	}
	return 1 / math.Sqrt(float64(fanIn))
}

func (i Init) fill(w []float32, fanIn, fanOut int, s random.Stream) {
	bound := i.bound(fanIn, fanOut)
	for k := range w {
		w[k] = float32(float64(bound * (2*s.Float64() - 1)))
	}
}

// feedback gives the network the feedback weights of a method, drawn as the forward weights are.
// The first layer needs none. With everywhere the method is used in convolutions too.
func (n *Network) feedback(m Method, everywhere bool, init Init, seed uint64) {
	for k, s := range n.synapses[1:] {
		how := m
		if k+1 < len(n.convs) { // a convolution
			if m != BP && !(everywhere && (m == SCFA || m == USF || m == DFA)) {
				how = FA
			}
		} else if m == BPFA {
			how = BP
		} else if m == DFA && k+1 == len(n.convs) && !everywhere {
			how = FA // what it sends back goes on through convolutions
		}
		switch how {
		case BP:
		case DFA:
			n.direct(k+1, init, seed)
		case USF:
			s.size, s.feedback = make([]float32, len(s.weights.w)), make([]float32, len(s.weights.w))
			for i := range s.size { // the standard deviation of the weights at the start
				s.size[i] = float32(init.bound(s.fanIn, s.fanOut) / math.Sqrt(3))
			}
		default:
			s.feedback = s.drawn(init, seed)
			if how == SCFA {
				s.size, s.feedback = s.feedback, make([]float32, len(s.feedback))
			}
			if how == KP {
				s.back = newParam(s.weights.name+"_feedback", s.fanIn, s.fanOut)
				copy(s.back.w, s.feedback)
				s.feedback = s.back.w
			}
		}
	}
}

// drawn returns random feedback weights.
func (s *synapses) drawn(init Init, seed uint64) []float32 {
	w := make([]float32, len(s.weights.w))
	init.fill(w, s.fanIn, s.fanOut, random.New(seed, random.FeedbackWeights, s.key, 0))
	return w
}

// direct draws the weights from the network's outputs to the input of a layer. Those to the input
// of a convolution are what a convolution of the same kernel would send back if each of its filters
// belonged to a class and had the error of that class at every place.
func (n *Network) direct(k int, init Init, seed uint64) {
	s := n.synapses[k]
	classes := n.dense[len(n.dense)-1].outputs
	stream := random.New(seed, random.FeedbackWeights, s.key, 1)
	if k >= len(n.convs) {
		s.direct = make([]float32, s.fanIn*classes)
		init.fill(s.direct, classes, s.fanIn, stream)
		return
	}
	c := n.convs[k]
	o, area := c.out(), c.kernel*c.kernel
	filters := make([]float32, classes*c.fanIn)
	init.fill(filters, classes*area, c.fanIn, stream)
	s.direct = make([]float32, c.in.size()*classes)
	for i := range s.direct {
		class, place := i%classes, i/classes
		ch, y, x := place/c.in.area(), place%c.in.area()/c.in.width, place%c.in.width
		sum := 0.0
		for ky := max(0, y-o.height+1); ky <= min(y, c.kernel-1); ky++ {
			for kx := max(0, x-o.width+1); kx <= min(x, c.kernel-1); kx++ {
				sum += float64(filters[class*c.fanIn+ch*area+ky*c.kernel+kx])
			}
		}
		s.direct[i] = float32(sum)
	}
}

// concord gives feedback weights of fixed size the signs of the transposed weights.
func (l *dense) concord() {
	for i := range l.inputs {
		for k := range l.outputs {
			l.feedback[i*l.outputs+k] = signed(l.size[i*l.outputs+k], l.weights.w[k*l.inputs+i])
		}
	}
}

func (l *conv) concord() {
	for i, w := range l.weights.w {
		l.feedback[i] = signed(l.size[i], w)
	}
}

func signed(size, sign float32) float32 {
	return float32(math.Copysign(float64(size), float64(sign)))
}

// mirror is one step of the weight mirror: n patterns of standard normal noise at the layer's input
// and what the weights make of them; feedback moves towards the mean product of both, which is the
// transposed weights, and decays: B += rate*(mean(x y') - B).
func (l *dense) mirror(c *crew, stream *random.Stream, n int, rate float32) {
	l.noise, l.echo, l.product = grow(l.noise, n*l.inputs), grow(l.echo, n*l.outputs), grow(l.product, l.inputs*l.outputs)
	x, y, product := l.noise, l.echo, l.product
	for i := range x {
		x[i] = float32(stream.Norm())
	}
	c.each((n+block-1)/block, func(h *hand, k int) {
		from, to := k*block, min((k+1)*block, n)
		h.mul.Mul(y[from*l.outputs:], l.outputs, gemm.Rows(x[from*l.inputs:], l.inputs), gemm.Rows(l.weights.w, l.inputs).T(), to-from, l.outputs, l.inputs)
	})
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
	Decay    float64 `yaml:"weight_decay" range:"[0, 10]" doc:"decay of all parameters; method kp has kp.decay instead"`
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
				return fmt.Errorf("%s is no longer finite: %s", p.name, diverged)
			}
		}
	}
	return nil
}
