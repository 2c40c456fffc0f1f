package deep

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
)

func threads(workers int, work func(int)) {
	var wg sync.WaitGroup
	for k := range workers {
		wg.Go(func() { work(k) })
	}
	wg.Wait()
}

func images(r *rand.Rand, v volume, n int) ([]float32, []uint8) {
	x := make([]float32, v.size()*n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	labels := make([]uint8, n)
	for i := range labels {
		labels[i] = uint8(r.IntN(10))
	}
	return x, labels
}

func paperStages(hidden ...int) []stage {
	s := NetworkSettings{Architecture: "paper", Hidden: hidden}
	return s.stages(10)
}

// slope returns the change of value along a direction, by central differences of that step, and
// puts x back.
func slope(x []float32, direction []float32, step float64, value func() float64) float64 {
	saved := slices.Clone(x)
	at := func(s float64) float64 {
		for i := range x {
			x[i] = saved[i] + float32(s)*direction[i]
		}
		return value()
	}
	d := (at(step) - at(-step)) / (2 * step)
	copy(x, saved)
	return d
}

// Each kind of layer alone: L = sum of r*y with random r, along random signs of all inputs and of
// each set of parameters.
func TestLayerGradients(t *testing.T) {
	const count = 11 // two groups of images
	v := volume{3, 8, 8}
	for name, c := range map[string]struct {
		l  layer
		in volume
	}{
		"conv":        {newConv("c", v, 7, 3, false), v},
		"conv, bias":  {newConv("c", v, 7, 3, true), v},
		"dense":       {newDense("d", 50, 60), volume{50, 1, 1}},
		"norm":        {newNorm("n", v), v},
		"norm, dense": {newNorm("n", volume{40, 1, 1}), volume{40, 1, 1}},
		"relu":        {&relu{in: v}, v},
		"pool":        {&pool{in: v}, v},
		"flatten":     {&flatten{in: v}, v},
	} {
		r := rand.New(rand.NewPCG(1, 2))
		crew := newCrew(2, threads)
		size := c.in.size() * count
		// all different, .01 apart and .005 from 0: a step of .001 changes neither signs nor maxima
		x := make([]float32, size)
		for i, k := range r.Perm(size) {
			x[i] = 0.01*float32(k-size/2) + 0.005
		}
		for _, p := range c.l.params() {
			for i := range p.w {
				p.w[i] += float32(r.NormFloat64())
			}
		}
		weights := make([]float64, c.l.out().size()*count)
		dy := make([]float32, len(weights))
		for i := range weights {
			dy[i] = float32(r.NormFloat64())
			weights[i] = float64(dy[i])
		}
		value := func() float64 {
			sum := 0.0
			for i, y := range c.l.forward(crew, slices.Clone(x), count, true) {
				sum += weights[i] * float64(y)
			}
			return sum
		}
		value()
		gradients := map[string][2][]float32{"input": {x, slices.Clone(c.l.backward(crew, slices.Clone(dy), count, false))}}
		for _, p := range c.l.params() {
			gradients[p.name] = [2][]float32{p.w, slices.Clone(p.gradient)}
		}
		for what, g := range gradients {
			for range 3 {
				direction := make([]float32, len(g[0]))
				want, norm := 0.0, 0.0
				for i := range direction {
					direction[i] = float32(1 - 2*r.IntN(2))
					want += float64(direction[i]) * float64(g[1][i])
					norm += float64(g[1][i]) * float64(g[1][i])
				}
				// The slope is of the size |gradient|. Outputs up to 100 are rounded to 2^-18, at
				// random: over a step of .001 the slope is wrong by some parts in a thousand of it.
				// Of the layers only norm is curved, by (.001/5)^2.
				if got := slope(g[0], direction, 0.001, value); math.Abs(got-want) > 0.01*math.Sqrt(norm) {
					t.Errorf("%s, %s: slope %v, gradient says %v", name, what, got, want)
				}
			}
		}
	}
}

// The loss, whose slope is computed in float64.
func TestLossGradients(t *testing.T) {
	for _, loss := range []Loss{CrossEntropy, DoubleSoftmax} {
		r := rand.New(rand.NewPCG(1, 2))
		n := &Network{loss: loss}
		outputs, labels := images(r, volume{10, 1, 1}, 7)
		value := func() float64 {
			l, _ := n.judge(outputs, labels, true)
			return l / 7
		}
		value()
		gradient := slices.Clone(n.gradient)
		for k := range 70 {
			direction := make([]float32, 70)
			direction[k] = 1
			// outputs are rounded to 2^-24, of a step of 2^-7 2^-17; the third derivative is below
			// 1
			if got := slope(outputs, direction, 1./128, value); math.Abs(got-float64(gradient[k])) > 2e-5 {
				t.Errorf("loss %s, output %d: slope %v, gradient says %v", loss, k, got, gradient[k])
			}
		}
	}
}

// Gradients of all parameters of both networks against finite differences of the loss, along the
// gradient with noise on each entry, so that what is tested is large against rounding.
func TestGradients(t *testing.T) {
	for arch, loss := range map[string]Loss{"paper": DoubleSoftmax, "lenet": CrossEntropy} {
		r := rand.New(rand.NewPCG(1, 2))
		v := volume{2, 24, 24} // enough places that no channel is silent in all but a few, where slopes are steep
		s := NetworkSettings{Architecture: arch, Hidden: []int{20, 12}}
		n := newNetwork(s.input(v), s.stages(10))
		n.loss = loss
		n.crew = newCrew(2, threads)
		n.draw(Uniform, 3)
		x, labels := images(r, n.in, 43)
		for _, p := range n.params() {
			if len(p.shape) == 1 {
				for i := range p.w {
					p.w[i] += float32(0.2 * r.NormFloat64())
				}
			}
		}
		value := func() float64 {
			l, _ := n.judge(n.forward(x, 43, true), labels, true)
			return l / 43
		}
		value()
		n.backward(n.gradient, 43)
		for _, p := range n.params() {
			direction := make([]float32, len(p.w))
			want, size := 0.0, 0.0
			for i := range direction {
				direction[i] = p.gradient[i] * float32(1+0.5*r.NormFloat64())
				want += float64(direction[i]) * float64(p.gradient[i])
				size += float64(direction[i]) * float64(direction[i])
			}
			got := slope(p.w, direction, 5e-4/math.Sqrt(size), value)
			if math.Abs(got-want) > 0.02*math.Abs(want)+1e-7 {
				t.Errorf("%s, %s: slope %v, gradient says %v", arch, p.name, got, want)
			}
		}
	}
}

func BenchmarkStep(b *testing.B) {
	for _, v := range []volume{{1, 28, 28}, {3, 32, 32}} {
		for _, k := range []int{1, runtime.NumCPU()} {
			b.Run(fmt.Sprintf("%dx%dx%d_threads%d", v.channels, v.height, v.width, k), func(b *testing.B) {
				r := rand.New(rand.NewPCG(1, 2))
				n := newNetwork(v, paperStages(384, 192))
				n.crew = newCrew(k, threads)
				n.draw(Uniform, 3)
				x, labels := images(r, v, 128)
				for range b.N {
					n.judge(n.forward(x, 128, true), labels, true)
					n.backward(n.gradient, 128)
				}
			})
		}
	}
}
