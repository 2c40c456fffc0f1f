package deep

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"spikealign/alignment"
	"spikealign/internal/random"
)

// small is a network with a batch whose gradients are set.
func small(t *testing.T, m Method, edit func(*Network)) *Network {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	v := volume{2, 16, 16}
	n := newNetwork(v, paperStages(20, 12))
	n.crew = newCrew(2, threads)
	n.draw(Uniform, 3)
	n.feedback(m, false, Uniform, 5)
	if edit != nil {
		edit(n)
	}
	x, labels := images(r, v, 21)
	n.judge(n.forward(x, 21, true), labels, true)
	n.backward(n.gradient, 21)
	return n
}

func sameGradients(t *testing.T, a, b *Network, from int) {
	t.Helper()
	for k, p := range a.params() {
		if k >= from && !slices.Equal(p.gradient, b.params()[k].gradient) {
			t.Errorf("%s: other gradient", p.name)
		}
	}
}

// Random feedback that equals the transposed weights is backpropagation, to the bit, in the
// convolutions too.
func TestFeedbackOfTransposedWeightsIsBackpropagation(t *testing.T) {
	fa := small(t, FA, func(n *Network) {
		for _, d := range n.dense {
			d.feedback = alignment.Transposed(d.weights.w, d.outputs, d.inputs)
		}
		for _, c := range n.convs {
			c.feedback = slices.Clone(c.weights.w)
		}
	})
	sameGradients(t, small(t, BP, nil), fa, 0)
	// With random feedback in the convolutions alone, all that lies above is as in backpropagation.
	bp, part := small(t, BP, nil), small(t, BPFA, nil)
	sameGradients(t, bp, part, 3)
	if slices.Equal(bp.convs[0].weights.gradient, part.convs[0].weights.gradient) {
		t.Error("random feedback in the convolutions makes no difference")
	}
}

func TestSignConcordance(t *testing.T) {
	n := small(t, SCFA, nil)
	for _, d := range n.dense {
		for i := range d.inputs {
			for k := range d.outputs {
				b, w := d.feedback[i*d.outputs+k], d.weights.w[k*d.inputs+i]
				if math.Signbit(float64(b)) != math.Signbit(float64(w)) || math.Abs(float64(b)) != math.Abs(float64(d.size[i*d.outputs+k])) {
					t.Fatalf("feedback %v of size %v for weight %v", b, d.size[i*d.outputs+k], w)
				}
			}
		}
	}
}

// Direct feedback: the error at the input of a layer is that of the output through weights of its
// own.
func TestDirectFeedback(t *testing.T) {
	n := small(t, DFA, nil)
	d := n.dense[2]
	for image := range 3 {
		for i := range d.inputs {
			want := 0.0
			for k := range 10 {
				want += float64(n.gradient[image*10+k]) * float64(d.direct[i*10+k])
			}
			if got := float64(d.dx[image*d.inputs+i]); math.Abs(got-want) > 1e-6 {
				t.Fatalf("image %d, neuron %d: %v, want %v", image, i, got, want)
			}
		}
	}
}

// Weights and feedback with one gradient and one decay approach each other at the rate of the
// decay, whatever the gradient: W - B' is multiplied by 1 - rate*decay in each step, without
// momentum.
func TestKolenPollackRate(t *testing.T) {
	n := small(t, KP, nil)
	o := Optimiser{Rate: 0.05, Decay: 0.2}
	d := n.dense[1]
	before := make([]float64, len(d.feedback))
	for i := range d.inputs {
		for k := range d.outputs {
			before[i*d.outputs+k] = float64(d.weights.w[k*d.inputs+i]) - float64(d.feedback[i*d.outputs+k])
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		for _, p := range n.params() {
			for i := range p.gradient {
				p.gradient[i] = float32(r.NormFloat64())
			}
		}
		n.learn(o)
	}
	for i := range d.inputs {
		for k := range d.outputs {
			got := float64(d.weights.w[k*d.inputs+i]) - float64(d.feedback[i*d.outputs+k])
			want := before[i*d.outputs+k] * math.Pow(1-0.05*0.2, 30)
			if math.Abs(got-want) > 1e-5 {
				t.Fatalf("W - B' = %v, want %v", got, want)
			}
		}
	}
}

// The weight mirror finds the transposed weights.
func TestMirror(t *testing.T) {
	n := small(t, Mirror, nil)
	d := n.dense[1]
	stream := random.New(1, random.MethodSpikes, 0, 0)
	for k := range 400 {
		d.mirror(n.crew, &stream, 128, 1/float32(k+1))
	}
	// an entry is a mean of 51200 products; |W row| is about sqrt(20/3)/sqrt(20) = .58
	want, sum := alignment.Transposed(d.weights.w, d.outputs, d.inputs), 0.0
	for i, b := range d.feedback {
		sum += math.Pow(float64(b-want[i]), 2)
	}
	if rms := math.Sqrt(sum / float64(len(want))); rms > 0.0035 {
		t.Errorf("root mean square of the error %v, want about .58/sqrt(51200) = .0026", rms)
	}
}

// Steps of the optimiser, by hand.
func TestOptimiser(t *testing.T) {
	p := newParam("w", 1)
	p.w[0] = 2
	o := Optimiser{Rate: 0.1, Momentum: 0.5, Decay: 0.01}
	v, w := 0.0, 2.0
	for _, g := range []float64{1, -3, 0.5} {
		p.gradient[0] = float32(g)
		o.step(p)
		v = 0.5*v + g + 0.01*w
		w -= 0.1 * v
		if math.Abs(float64(p.w[0])-w) > 1e-6 {
			t.Errorf("%v, want %v", p.w[0], w)
		}
	}
}
