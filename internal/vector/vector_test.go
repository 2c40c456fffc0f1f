package vector

import (
	"encoding/binary"
	"hash/fnv"
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
	floats := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = 1000 * (r.Float32() - 0.5)
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
		Decide(a, u, words, tau)
		decidePortable(b, u, words, tau)
		if !slices.Equal(a, b) {
			t.Fatal("Decide differs")
		}
	}
	w := ints(300*Tile, 1<<20)
	for range 200 {
		list := func() []int32 {
			x := make([]int32, r.IntN(10))
			for i := range x {
				x[i] = r.Int32N(300)
			}
			return x
		}
		u := ints(Tile, 1<<20)
		v := slices.Clone(u)
		plus, minus := list(), list()
		AddTile(u, w, plus, minus)
		addTilePortable(v, w, plus, minus)
		if !slices.Equal(u, v) {
			t.Fatal("AddTile differs")
		}
		var times []int32
		first := []int32{0}
		for range 5 {
			times = append(times, list()...)
			first = append(first, int32(len(times)))
		}
		sums := ints(5*Tile, 1<<20)
		other := slices.Clone(sums)
		SumRows(sums, w, first, times)
		sumRowsPortable(other, w, first, times)
		if !slices.Equal(sums, other) {
			t.Fatal("SumRows differs")
		}
	}
	places := func(n, step, slack int) []int { // in any order, at least step apart
		at := r.Perm(n)
		for i := range at {
			at[i] = at[i]*(step+slack) + r.IntN(slack+1)
		}
		return at
	}
	for k := range 200 {
		rows, count := Height*(1+r.IntN(4)), 1+r.IntN(300)
		aAt, terms := places(rows, 1, 30), places(count, 1, 2)
		cAt := places(rows, Width, 5)
		a, b, c := floats(31*rows+3*count), floats(Width*count), floats(rows*(Width+5))
		d := slices.Clone(c)
		Product(c, cAt, a, aAt, terms, b, k%2 == 0)
		productPortable(d, cAt, a, aAt, terms, b, k%2 == 0)
		if !slices.Equal(c, d) {
			t.Fatal("Product differs")
		}
	}
	for range 200 {
		n := r.IntN(6) * 8
		if r.IntN(4) == 0 {
			n += r.IntN(8)
		}
		u, in, x, y, bias := ints(n, 1<<20), ints(n, 1<<20), floats(n), floats(n), ints(n, 1<<20)
		v, in2, x2, y2 := slices.Clone(u), slices.Clone(in), slices.Clone(x), slices.Clone(y)
		decay, amplitude := r.Float32(), r.Float32()
		FilterStep(u, in, x, y, bias, decay, amplitude)
		filterStepPortable(v, in2, x2, y2, bias, decay, amplitude)
		if !slices.Equal(u, v) || !slices.Equal(in, in2) || !slices.Equal(x, x2) || !slices.Equal(y, y2) {
			t.Fatal("FilterStep differs")
		}
	}
}

// TestGolden pins all loops to the bit. A change here is a change of every experiment of kinds
// align and deep: raise their StateVersion.
func TestGolden(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	ints := func(n int) []int32 {
		x := make([]int32, n)
		for i := range x {
			x[i] = r.Int32N(1<<21) - 1<<20
		}
		return x
	}
	floats := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = r.Float32() - 0.5
		}
		return x
	}
	const n, terms = 128, 100
	u, in, x, y, c := ints(n), ints(n), floats(n), floats(n), floats(Height*Width)
	words, fired := make([]uint32, n), make([]uint32, n/32)
	for i := range words {
		words[i] = r.Uint32()
	}
	steps := func(n, step int) []int {
		at := make([]int, n)
		for i := range at {
			at[i] = i * step
		}
		return at
	}
	Product(c, steps(Height, Width), floats(Height*terms), steps(Height, 1), steps(terms, Height), floats(Width*terms), true)
	FilterStep(u, in, x, y, ints(n), 0.9, 0.3)
	AddTile(u, ints(9*Tile), []int32{0, 3, 8}, []int32{5, 5})
	SumRows(u, ints(9*Tile), []int32{0, 2, 3}, []int32{1, 7, 4})
	Decide(fired, u, words, 3)
	h := fnv.New64a()
	for _, part := range []any{c, u, in, x, y, fired} {
		binary.Write(h, binary.LittleEndian, part)
	}
	if h.Sum64() != 0xefcdc777068cea55 {
		t.Errorf("%#x", h.Sum64())
	}
}

// The words for which a neuron fires are those below a threshold; it lies where the logistic
// function says, up to the rounding of two numbers (2^-24 each) and that of the exponent.
func TestFiresWithTheEscapeProbability(t *testing.T) {
	for _, tau := range []float64{1, 10, 50} {
		for u := -30.0; u <= 30; u += 0.37 {
			fixed := int32(math.Round(u * (1 << PotentialBits)))
			low, high := int64(0), int64(1)<<32 // fires below low, does not from high on
			for low < high {
				if m := (low + high) / 2; Fires(fixed, uint32(m), float32(tau)) {
					low = m + 1
				} else {
					high = m
				}
			}
			got := float64(low) / (1 << 32)
			want := detmath.Logistic(float64(fixed)/(1<<PotentialBits) - math.Log(tau))
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
			Decide(fired, u, words, 10)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/neuron")
	})
	for _, rows := range []int{100, 1600, 16000} {
		w := make([]int32, rows*Tile)
		plus, minus := make([]int32, 80), make([]int32, 80)
		b.Run("add", func(b *testing.B) {
			for k := range b.N {
				if k%16 == 0 {
					for i := range plus {
						plus[i], minus[i] = r.Int32N(int32(rows)), r.Int32N(int32(rows))
					}
				}
				AddTile(u, w, plus, minus)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/160/Tile, "ns/add")
		})
	}
}
