package sampling

import (
	"math"
	"testing"

	"spikealign/internal/random"
)

// TestBoundsCoverHazards: at every potential the bound covers the hazard and is near it, and what
// accept takes for granted lies below the hazard.
func TestBoundsCoverHazards(t *testing.T) {
	for _, c := range []struct {
		cfg   Config
		worst float64 // largest ratio of bound to hazard
	}{
		{Config{TauRef: 50, Dynamics: Continuous}, 1.0616},
		{Config{TauRef: 1 << 24, Dynamics: Continuous}, 1.0616},
		{Config{TauRef: 1}, 2.7},
		{Config{TauRef: 50}, 2.7},
		{Config{TauRef: 1 << 24}, 2.7},
	} {
		c.cfg.Neurons = 1
		e := newThinning(c.cfg.Resolve())
		ratio := 0.0
		for u := -300.0; u < 300; u += 0.00173 {
			e.SetNetwork(Network{Weights: []float64{0}, Bias: []float64{u}})
			// The bound is exact where the fraction of the level is 0: add the levels around, too.
			for _, d := range []int64{0, 1, -e.u[0] & (1<<fractionBits - 1)} {
				e.u[0] += d
				h, b := e.hazard.at(e.potential(0)), e.at(e.u[0], e.open)
				if b < h {
					t.Fatalf("%+v: potential %v: bound %v below hazard %v", c.cfg, u, b, h)
				}
				if sure := b * (0.942 - 0.471*b); sure > h {
					t.Fatalf("%+v: potential %v: hazard %v, but %v is taken for granted", c.cfg, u, h, sure)
				}
				// A discrete hazard of 20 is a spiking probability of 1 - 2e-9.
				if c.cfg.Dynamics == Continuous || h < 20 {
					ratio = max(ratio, b/h)
				}
			}
		}
		if ratio > c.worst {
			t.Errorf("%+v: a bound is %.4f times the hazard", c.cfg, ratio)
		}
	}
}

// TestSums: brought up to date neuron by neuron, the sums have the bits of those made anew; and a
// draw finds each neuron with the probability of its bound.
func TestSums(t *testing.T) {
	s := random.New(2, random.Spikes, 0, 0)
	for _, n := range []int{1, 7, 8, 9, 100, 127, 128, 129, 1000, 1025, 5000} {
		curve, zero := newBound(Discrete, fractionBits)
		change := func(b *bounds, i int, x uint64) {
			b.level[i] = zero + int64(x%(16<<fractionBits)) - 10<<fractionBits
			b.ceil[i] = zero + 60<<fractionBits
			if x>>60 < 5 {
				b.ceil[i] = 0
			}
		}
		one, all := newBounds(n), newBounds(n)
		for _, b := range []*bounds{&one, &all} {
			b.bound, b.level = curve, make([]int64, padded(n))
		}
		one.touched = make([]int32, 0, 20)
		for range 50 {
			for range 1 + s.Uint64()%20 {
				i, x := int(s.Uint64()%uint64(n)), s.Uint64()
				change(&one, i, x)
				change(&all, i, x)
				one.touch(i)
			}
			all.whole = true
			one.flush()
			all.flush()
			for m := range all.tiers {
				for k, x := range all.tiers[m] {
					if math.Float64bits(x) != math.Float64bits(one.tiers[m][k]) {
						t.Fatalf("%d neurons: tier %d, sum %d: %v, want %v", n, m, k, one.tiers[m][k], x)
					}
				}
			}
		}
		for i := range n {
			change(&all, i, s.Uint64())
		}
		all.whole = true
		all.flush()
		const places = 400000
		counts := make([]float64, n)
		for k := range places {
			i, x := all.draw((float64(k) + 0.5) / places * all.total)
			if i < 0 || x < 0 || x >= all.at(all.level[i], all.ceil[i]) {
				t.Fatalf("%d neurons: place %d: neuron %d, place %v within its bound", n, k, i, x)
			}
			counts[i]++
		}
		for i, x := range counts {
			if want := all.at(all.level[i], all.ceil[i]) / all.total * places; !(math.Abs(x-want) <= 1.001) {
				t.Fatalf("%d neurons: neuron %d drawn from %v places, want %v", n, i, x, want)
			}
		}
	}
}
