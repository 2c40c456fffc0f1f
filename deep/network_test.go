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

// Gradients of all parameters against finite differences of the loss, along random directions for
// each parameter.
func TestGradients(t *testing.T) {
	for _, loss := range []Loss{CrossEntropy, DoubleSoftmax} {
		r := rand.New(rand.NewPCG(1, 2))
		v := volume{2, 24, 24} // enough places that no channel is silent in all but a few, where slopes are steep
		n := newNetwork(v, paperStages(20, 12))
		n.loss = loss
		n.crew = newCrew(2, threads)
		n.draw(Uniform, 3)
		x, labels := images(r, v, 43)
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
			// along the gradient, with some noise: what is tested is large against rounding
			for i := range direction {
				direction[i] = p.gradient[i] * float32(1+0.5*r.NormFloat64())
				want += float64(direction[i]) * float64(p.gradient[i])
				size += float64(direction[i]) * float64(direction[i])
			}
			saved := slices.Clone(p.w)
			step := 5e-4 / math.Sqrt(size)
			at := func(s float64) float64 {
				for i := range p.w {
					p.w[i] = saved[i] + float32(s)*direction[i]
				}
				return value()
			}
			got := (at(step) - at(-step)) / (2 * step)
			copy(p.w, saved)
			if math.Abs(got-want) > 0.02*math.Abs(want)+1e-7 {
				t.Errorf("loss %d, %s: slope %v, gradient says %v", loss, p.name, got, want)
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
