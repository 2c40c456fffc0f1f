package microcircuit

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// kernelInput makes slices of so many numbers of all sizes.
type kernelInput struct {
	r *rand.Rand
	n int
}

func (k kernelInput) ints(bits int) []int64 {
	x := make([]int64, k.n)
	for i := range x {
		x[i] = k.r.Int64() >> (63 - k.r.IntN(bits+1))
		if k.r.IntN(2) == 0 {
			x[i] = -x[i]
		}
	}
	return x
}

// floats are 1 or a little more.
func (k kernelInput) floats() []float64 {
	x := make([]float64, k.n)
	for i := range x {
		x[i] = 1 + k.r.Float64()/4
	}
	return x
}

func (k kernelInput) population(silent []bool) population {
	y := population{k.ints(40), k.ints(42), k.ints(52), k.ints(52), silent, k.floats(), k.floats()}
	for i := range silent {
		if silent[i] {
			y.growth[i] = 1
		}
	}
	return y
}

func same[T comparable](t *testing.T, what string, a, b []T) {
	t.Helper()
	if !slices.Equal(a, b) {
		t.Fatalf("%s: %v, narrow %v", what, a, b)
	}
}

// Wide and narrow kernels give the same bits.
func TestKernelsAgree(t *testing.T) {
	if !vectors {
		return // there are only narrow ones
	}
	r := rand.New(rand.NewPCG(1, 2))
	table := newOddsTable(10)
	seen := map[bool]int{} // whether a nudge moves far
	for k := range 3000 {
		n := 4 * (1 + k%20)
		// Twice the same input, for wide kernels and narrow ones.
		inputs := [2]kernelInput{}
		for i := range inputs {
			inputs[i] = kernelInput{rand.New(rand.NewPCG(uint64(k), 3)), n}
		}

		var races [2]race
		for i, in := range inputs {
			a := newRace(n - k%4)
			copy(a.product, in.floats())
			copy(a.growth, in.floats())
			copy(a.limit, in.floats())
			for i := range a.limit {
				a.limit[i] += in.r.Float64() / 2
			}
			races[i] = a
		}
		growWide(&races[0])
		for i := range races[1].product {
			races[1].product[i] *= races[1].growth[i]
			if races[1].product[i] >= races[1].limit[i] {
				races[1].fired[i/64] |= 1 << (i % 64)
			}
		}
		same(t, "grow", races[0].fired, races[1].fired)
		same(t, "grow: product", races[0].product, races[1].product)

		bits := []int{20, 36, 40, 52, 61}[k%5]
		var reaches [2]reach
		for i, in := range inputs {
			reaches[i] = reach{potentials: in.ints(bits), column: in.ints(bits)}
		}
		spreadWide(&reaches[0], k%2 == 0)
		spreadNarrow(&reaches[1], k%2 == 0)
		same(t, "spread", reaches[0].potentials, reaches[1].potentials)

		a, b, c := inputs[0].ints(bits), make([]int64, n), make([]int64, n)
		a[0], a[n-1] = 3, -5 // halves, with a factor of 1/2
		for _, factor := range []float64{0.3, 0.5} {
			weighWide(b, a, factor)
			weighNarrow(c, a, factor)
			same(t, "weigh", b, c)
		}

		silent := make([]bool, n)
		for i := range silent {
			silent[i] = r.IntN(3) == 0
		}
		var ys [2]population
		for i := range ys {
			ys[i] = kernelInput{rand.New(rand.NewPCG(uint64(k), 4)), n}.population(silent)
		}
		refreshWide(&ys[0], table)
		refreshNarrow(&ys[1], table)
		same(t, "refresh: u", ys[0].u, ys[1].u)
		same(t, "refresh: odds", ys[0].odds, ys[1].odds)
		same(t, "refresh: growth", ys[0].growth, ys[1].growth)

		// Rows of two layers, the last three steps of a window of 512 steps.
		var hs [2]history
		var os [2]nudge
		var ls [2]lesson
		scale := math.Ldexp(1, 20+k%26)
		for i := range hs {
			in := kernelInput{rand.New(rand.NewPCG(uint64(k), 5)), n}
			row := kernelInput{in.r, 4 * n}
			h := history{drive: row.ints(min(bits, 52)), row: 8 * n, oldest: 0, share: 1.0 / 512}
			h.ring = slices.Concat(row.ints(63), row.ints(1), row.ints(1))
			for i := range 4 * n {
				h.ring[4*n+i] += h.ring[i] + in.r.Int64N(1<<(9+min(bits, 52)))
				h.ring[8*n+i] += h.ring[4*n+i] + in.r.Int64N(1<<(9+min(bits, 52)))
			}
			y := in.population(silent)
			y.extra = h.drive[3*n:]
			o := newNudge(y, 0.4, n, 3*n)
			hs[i] = h
			for i := range o.aims {
				basal := h.ring[n+i] + h.drive[n+i] + h.ring[8*n+n+i] - h.ring[i] // about
				o.aims[i] = float64(basal)/512 + float64(o.extra[i])*(1/0.4+(in.r.Float64()-0.5)/64)
			}
			os[i] = o
			ls[i] = lesson{in.ints(42), in.ints(42), n, 2 * n, in.floats(), in.ints(1), in.floats(), in.floats(), row.ints(40), row.floats()}
		}
		for i := range ls {
			for j := range ls[i].rates {
				ls[i].rates[j] *= scale
			}
		}
		expectWide(&ls[0], &hs[0], 17, table)
		expectNarrow(&ls[1], &hs[1], 17, table)
		same(t, "expect: change", ls[0].change, ls[1].change)
		same(t, "expect: delta", ls[0].delta, ls[1].delta)
		same(t, "expect: moment", ls[0].moment, ls[1].moment)

		bound := int64(1)<<40 + int64(k%3)<<40
		if adaptWide(&ls[0], n, k%2 == 0, bound) != adaptNarrow(&ls[1], n, k%2 == 0, bound) {
			t.Fatal("adapt: bound")
		}
		same(t, "adapt: weights", ls[0].weights, ls[1].weights)
		same(t, "adapt: moments", ls[0].moments, ls[1].moments)
		same(t, "adapt: potentials", ls[0].basal, ls[1].basal)

		far := accumulateWide(&hs[0], &os[0], k%7 > 0)
		if far != accumulateNarrow(&hs[1], &os[1], k%7 > 0) {
			t.Fatal("accumulate: far")
		}
		seen[far]++
		same(t, "accumulate: rows", hs[0].ring, hs[1].ring)
		same(t, "accumulate: drive", hs[0].drive, hs[1].drive)
		same(t, "accumulate: u", os[0].u, os[1].u)
		same(t, "accumulate: odds", os[0].odds, os[1].odds)
		same(t, "accumulate: growth", os[0].growth, os[1].growth)
	}
	if seen[true] < 100 || seen[false] < 100 {
		t.Errorf("nudges move far: %v", seen)
	}
}
