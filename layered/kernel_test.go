package layered

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"spikealign/internal/detmath"
)

func TestKernelsArePortable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	ints := func(n int, bound int32) []int32 {
		x := make([]int32, n)
		for i := range x {
			x[i] = int32(r.Int64N(2*int64(bound)) - int64(bound))
		}
		return x
	}
	for range 200 {
		blocks := r.IntN(5)
		u := ints(32*blocks, []int32{1 << 18, 1 << 22, 1 << 30}[r.IntN(3)])
		words := make([]uint32, 32*blocks)
		for i := range words {
			words[i] = r.Uint32()
		}
		tau := 1 + 100*r.Float32()
		a, b := make([]uint32, blocks), make([]uint32, blocks)
		decide(a, u, words, tau)
		decidePortable(b, u, words, tau)
		if !slices.Equal(a, b) {
			t.Fatal("decide differs")
		}
	}
	w := ints(300*tile, 1<<20)
	for range 200 {
		list := func() []int32 {
			x := make([]int32, r.IntN(10))
			for i := range x {
				x[i] = r.Int32N(300)
			}
			return x
		}
		u := ints(tile, 1<<20)
		v := slices.Clone(u)
		plus, minus := list(), list()
		addTile(u, w, plus, minus)
		addTilePortable(v, w, plus, minus)
		if !slices.Equal(u, v) {
			t.Fatal("addTile differs")
		}
		var times []int32
		first := []int32{0}
		for range 5 {
			times = append(times, list()...)
			first = append(first, int32(len(times)))
		}
		sums := ints(5*tile, 1<<20)
		other := slices.Clone(sums)
		sumRows(sums, w, first, times)
		sumRowsPortable(other, w, first, times)
		if !slices.Equal(sums, other) {
			t.Fatal("sumRows differs")
		}
	}
}

// The words for which a neuron fires are those below a threshold; it lies where the logistic
// function says, up to the rounding of two numbers (2^-24 each) and that of the exponent.
func TestFiresWithTheEscapeProbability(t *testing.T) {
	for _, tau := range []float64{1, 10, 50} {
		for u := -30.0; u <= 30; u += 0.37 {
			fixed := int32(math.Round(u * (1 << potentialBits)))
			low, high := int64(0), int64(1)<<32 // fires below low, does not from high on
			for low < high {
				if m := (low + high) / 2; fires(fixed, uint32(m), float32(tau)) {
					low = m + 1
				} else {
					high = m
				}
			}
			got := float64(low) / (1 << 32)
			want := detmath.Logistic(float64(fixed)/(1<<potentialBits) - math.Log(tau))
			if math.Abs(got-want) > 1e-6*want*(1-want)*(1+math.Abs(u))+0x1p-23*want+0x1p-31 {
				t.Errorf("tau %v, u %v: probability %v, want %v (%v)", tau, u, got, want, got/want-1)
			}
		}
	}
}

func BenchmarkKernels(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	const n = 2208
	u, words, fired := make([]int32, n), make([]uint32, n), make([]uint32, n/32)
	for i := range words {
		words[i] = r.Uint32()
	}
	b.Run("decide", func(b *testing.B) {
		for range b.N {
			decide(fired, u, words, 10)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/neuron")
	})
	for _, rows := range []int{100, 1600, 16000} {
		w := make([]int32, rows*tile)
		plus, minus := make([]int32, 80), make([]int32, 80)
		b.Run("add", func(b *testing.B) {
			for k := range b.N {
				if k%16 == 0 {
					for i := range plus {
						plus[i], minus[i] = r.Int32N(int32(rows)), r.Int32N(int32(rows))
					}
				}
				addTile(u, w, plus, minus)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/160/tile, "ns/add")
		})
	}
}
