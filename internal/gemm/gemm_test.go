package gemm

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// plain multiplies in the order that the package promises.
func plain(c []float32, stride int, a, b Matrix, m, n, k int, add bool) {
	for i := range m {
		for j := range n {
			if !add {
				c[i*stride+j] = 0
			}
			for p := 0; p < k || p == 0; p += depth {
				sum := float32(0)
				for t := p; t < min(p+depth, k); t++ {
					sum += float32(a.Data[i*a.Row+t*a.Column] * b.Data[t*b.Row+j*b.Column])
				}
				c[i*stride+j] += sum
			}
		}
	}
}

func numbers(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

func TestMulSameBits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	w := new(Work)
	for range 300 {
		m, n, k := r.IntN(120), r.IntN(70), r.IntN(20)
		switch r.IntN(8) {
		case 0:
			n += 500
		case 1:
			k += 500
		}
		a, b := Rows(numbers(r, m*k), k), Rows(numbers(r, k*n), n)
		if r.IntN(2) == 0 {
			a = Rows(a.Data, m).T()
		}
		if r.IntN(2) == 0 {
			b = Rows(b.Data, k).T()
		}
		stride := n + r.IntN(3)
		c := numbers(r, m*stride+n)
		d := slices.Clone(c)
		add := r.IntN(2) == 0
		w.Mul(c, stride, a, b, m, n, k, add)
		plain(d, stride, a, b, m, n, k, add)
		if !slices.Equal(c, d) {
			t.Fatalf("%d x %d x %d, stride %d, add %v: other bits", m, n, k, stride, add)
		}
	}
}

func BenchmarkMul(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	w := new(Work)
	for _, c := range []struct {
		m, n, k int
		ta, tb  bool
	}{{128, 384, 1600, false, true}, {128, 1600, 384, false, false}, {384, 1600, 128, true, false}, {64, 8192, 1600, false, false}, {1600, 8192, 64, true, false}, {64, 1600, 8192, false, true}} {
		x, y := Rows(numbers(r, c.m*c.k), c.k), Rows(numbers(r, c.k*c.n), c.n)
		if c.ta {
			x = Rows(x.Data, c.m).T()
		}
		if c.tb {
			y = Rows(y.Data, c.k).T()
		}
		z := make([]float32, c.m*c.n)
		b.Run(fmt.Sprintf("%dx%dx%d", c.m, c.n, c.k), func(b *testing.B) {
			for range b.N {
				w.Mul(z, c.n, x, y, c.m, c.n, c.k, false)
			}
			b.ReportMetric(2*float64(c.m*c.n*c.k)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}
