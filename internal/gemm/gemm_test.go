package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func numbers(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = r.Float32() - 0.5
	}
	return x
}

// problem is a product of random matrices, stored either way, and where it goes.
type problem struct {
	m, n, k, stride int
	a, b            Matrix
	c               []float32
}

func newProblem(r *rand.Rand, m, n, k int) problem {
	p := problem{m: m, n: n, k: k, stride: n + r.IntN(3), a: Rows(numbers(r, m*k), k), b: Rows(numbers(r, k*n), n)}
	if r.IntN(2) == 0 {
		p.a = Rows(p.a.Data, m).T()
	}
	if r.IntN(2) == 0 {
		p.b = Rows(p.b.Data, k).T()
	}
	p.c = numbers(r, m*p.stride+n)
	return p
}

func (p problem) String() string {
	return fmt.Sprintf("%d x %d x %d, stride %d, a %d %d, b %d %d", p.m, p.n, p.k, p.stride, p.a.Row, p.a.Column, p.b.Row, p.b.Column)
}

// problems are products of all sizes, and those at the edges of the blocks that packages gemm and
// vector know (6, 96 rows; 16, 512 columns; 256 terms).
func problems(r *rand.Rand) (ps []problem) {
	for range 200 {
		ps = append(ps, newProblem(r, r.IntN(120), r.IntN(70), r.IntN(20)))
	}
	for _, m := range []int{1, 5, 6, 7, 95, 96, 97} {
		for _, n := range []int{1, 15, 16, 17, 511, 512, 513} {
			for _, k := range []int{0, 1, 2, 255, 256, 257, 513} {
				if m*n*k < 4e6 {
					ps = append(ps, newProblem(r, m, n, k))
				}
			}
		}
	}
	return ps
}

// Every entry is the sum of its k products, to what k roundings of 2^-24 can do in any order, fused
// or not; what lies between the rows of the result stays.
func TestMul(t *testing.T) {
	w := new(Work)
	for _, p := range problems(rand.New(rand.NewPCG(1, 2))) {
		before := slices.Clone(p.c)
		w.Mul(p.c, p.stride, p.a, p.b, p.m, p.n, p.k)
		bound := float64(p.k) * 0x1p-24 / (1 - float64(p.k)*0x1p-24)
		for at, got := range p.c {
			i, j := at/p.stride, at%p.stride
			if p.stride == 0 || i >= p.m || j >= p.n {
				if got != before[at] {
					t.Fatalf("%v: number %d of %d is written", p, at, len(p.c))
				}
				continue
			}
			want, size := 0.0, 0.0
			for s := range p.k {
				x := float64(p.a.Data[i*p.a.Row+s*p.a.Column]) * float64(p.b.Data[s*p.b.Row+j*p.b.Column])
				want += x
				size += math.Abs(x)
			}
			if math.Abs(float64(got)-want) > bound*size+0x1p-149 {
				t.Fatalf("%v: entry %d, %d is %v, not %v", p, i, j, got, want)
			}
		}
	}
}

func TestMulShort(t *testing.T) {
	w := new(Work)
	whole := func() problem { return newProblem(rand.New(rand.NewPCG(1, 2)), 7, 5, 3) }
	for name, cut := range map[string]func(*problem){
		"a": func(p *problem) { p.a.Data = p.a.Data[:len(p.a.Data)-1] },
		"b": func(p *problem) { p.b.Data = p.b.Data[:len(p.b.Data)-1] },
		"c": func(p *problem) { p.c = p.c[:6*p.stride+4] },
	} {
		p := whole()
		cut(&p)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is too short, and nobody says so", name)
				}
			}()
			w.Mul(p.c, p.stride, p.a, p.b, p.m, p.n, p.k)
		}()
	}
}

// What comes from and goes to many places is the product of matrices that are made, to roundings of
// sums in another order.
func TestMulFromAndAddTo(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	w := new(Work)
	for range 300 {
		m, n, k := 1+r.IntN(40), 1+r.IntN(40), 1+r.IntN(600)
		a, rows, terms := numbers(r, 2000), make([]int, m), make([]int, k)
		for i := range rows {
			rows[i] = r.IntN(1000)
		}
		for t := range terms {
			terms[t] = r.IntN(1000)
		}
		made := make([]float32, 0, m*k)
		for _, at := range rows {
			for _, from := range terms {
				made = append(made, a[at+from])
			}
		}
		b := Rows(numbers(r, k*n), n)
		if r.IntN(2) == 0 {
			b = Rows(b.Data, k).T()
		}
		stride := n + r.IntN(3)
		got, want := make([]float32, m*stride), make([]float32, m*stride)
		w.MulFrom(got, stride, a, rows, terms, b, n)
		w.Mul(want, stride, Rows(made, k), b, m, n, k)
		near(t, "MulFrom", got, want, float64(k))
		to, added := r.Perm(m), numbers(r, m*stride)
		sum := slices.Clone(added)
		for i := range to {
			to[i] *= stride
			for j := range n {
				sum[to[i]+j] += want[i*stride+j]
			}
		}
		w.AddTo(added, to, Rows(made, k), b, n, k)
		near(t, "AddTo", added, sum, float64(k))
	}
}

// near holds sums of k products of numbers below 1/2 to each other: each has k roundings, of at
// most 2^-24 of k/4.
func near(t *testing.T, what string, got, want []float32, k float64) {
	t.Helper()
	for i, x := range got {
		if math.Abs(float64(x-want[i])) > 2*k*0x1p-24*(k/4+1) {
			t.Fatalf("%s: number %d is %v, want %v", what, i, x, want[i])
		}
	}
}

func TestPlacesOutside(t *testing.T) {
	w, x := new(Work), make([]float32, 100)
	for name, do := range map[string]func(){
		"rows":      func() { w.MulFrom(x, 2, x, []int{0, 90}, []int{0, 10}, Rows(x, 2), 2) },
		"negative":  func() { w.MulFrom(x, 2, x, []int{0, -1}, []int{0, 10}, Rows(x, 2), 2) },
		"to rows":   func() { w.AddTo(x, []int{0, 99}, Rows(x, 2), Rows(x, 2), 2, 2) },
		"to before": func() { w.AddTo(x, []int{0, -1}, Rows(x, 2), Rows(x, 2), 2, 2) },
		"a":         func() { w.AddTo(x, []int{0, 4}, Rows(x, 99), Rows(x, 2), 2, 2) },
		"b":         func() { w.MulFrom(x, 2, x, []int{0, 1}, []int{0, 1}, Rows(x, 100), 2) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: nobody says so", name)
				}
			}()
			do()
		}()
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
				w.Mul(z, c.n, x, y, c.m, c.n, c.k)
			}
			b.ReportMetric(2*float64(c.m*c.n*c.k)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}
