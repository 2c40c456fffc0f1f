package sal

import (
	"math"
	"strings"
	"testing"

	"spikealign/spike"
	"spikealign/synapse"
)

// TestMisusePanics: whatever no caller may do is refused in words, and not by what the runtime
// finds later.
func TestMisusePanics(t *testing.T) {
	triangle := synapse.Half{Shape: synapse.TriangularWindow, Tau: 3}
	sums := func(n int, p synapse.Pairing) *PairSums { return NewPairSums(n, triangle, p) }
	four, three := make([]float64, 4), make([]float64, 3)
	for name, f := range map[string]func(){
		"row n":              func() { sums(2, all).At(2, 0) },
		"column n":           func() { sums(2, all).At(0, 2) },
		"row -1":             func() { sums(2, all).At(-1, 0) },
		"neuron n, dense":    func() { sums(2, last(1)).Spike(0, 2) },
		"neuron n, log":      func() { sums(2, all).Spike(0, 2) },
		"late in a batch":    func() { sums(2, last(1)).Observe([]spike.Event{{Time: 5}, {Time: 1<<62 + 1}}) },
		"late in a log":      func() { sums(2, all).Observe([]spike.Event{{Time: 5}, {Time: 1<<62 + 1}}) },
		"neuron n, online":   func() { NewOnline(2, Window(triangle), all).Apply(0, 2, four, 1) },
		"neuron -1, online":  func() { NewOnline(2, Window(triangle), all).Apply(0, -1, four, 1) },
		"causal amplitudes":  func() { SAL{APlus: three, AMinus: four}.Add(four, sums(2, all), 1) },
		"anti-causal ones":   func() { SAL{APlus: four, AMinus: three}.Add(four, sums(2, all), 1) },
		"changes":            func() { SAL{}.Add(three, sums(2, all), 1) },
		"duration 0":         func() { SAL{}.Add(four, sums(2, all), 0) },
		"no neurons":         func() { sums(0, all) },
		"less than none":     func() { sums(-1, all) },
		"time before, dense": func() { c := sums(2, last(1)); c.Spike(3, 0); c.Spike(2, 1) },
		"time before, log":   func() { c := sums(2, all); c.Spike(3, 0); c.Spike(2, 1) },
	} {
		func() {
			defer func() {
				if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "sal: ") {
					t.Errorf("%s: panic %q", name, s)
				}
			}()
			f()
		}()
	}
}

// TestLimits: one neuron, of which no pair can be made; the latest time, 2^62, and pairs there.
func TestLimits(t *testing.T) {
	for _, p := range pairings {
		for _, h := range halves {
			one := NewPairSums(1, h, p)
			one.Spike(0, 0)
			one.Spike(1, 0)
			if one.At(0, 0) != 0 || one.Count(0) != 2 || one.N() != 1 {
				t.Errorf("%+v, %v: one neuron: %v, %d spikes", h, p, one.At(0, 0), one.Count(0))
			}
			two := NewPairSums(2, h, p)
			two.Observe([]spike.Event{{Time: 0, Neuron: 1}, {Time: 1<<62 - 1, Neuron: 0}, {Time: 1 << 62, Neuron: 1}})
			if two.At(1, 0) != h.At(1) || two.At(0, 1) != 0 {
				t.Errorf("%+v, %v: at the latest time %v and %v, want %v and 0", h, p, two.At(1, 0), two.At(0, 1), h.At(1))
			}
		}
	}
}

// TestEpochsOfEveryWindow: after ResetSums the sums and counts are those of later spikes alone,
// each with its partners from before, however the weights of a window are summed (section 3 of
// docs/model.md: a pair belongs to the epoch of its later spike).
func TestEpochsOfEveryWindow(t *testing.T) {
	const n = 3
	steps := train(13, n, 150, .2, 2)
	for _, p := range pairings {
		for _, h := range halves {
			events := stretch(steps, scale(h))
			k := len(events) / 2
			for events[k].Time == events[k-1].Time {
				k++
			}
			// Pairs are listed in the order of their later spikes.
			late := pairsOf(events, n, p)[len(pairsOf(events[:k], n, p)):]
			want := sumsOf(late, n, h)
			c := NewPairSums(n, h, p)
			c.Observe(events[:k])
			c.ResetSums()
			for i := range n {
				for j := range n {
					if c.At(i, j) != 0 || c.Count(i) != 0 {
						t.Fatalf("%+v, %v: %v and %d spikes after ResetSums", h, p, c.At(i, j), c.Count(i))
					}
				}
			}
			c.Observe(events[k:])
			if got := values(c); !near(got, want) {
				t.Errorf("%+v, %v: second epoch %v, want %v", h, p, got, want)
			}
		}
	}
}

// TestMemoryIsBounded: spikes that can pair no more are dropped, so that a steady train, however
// long, needs the memory of the spikes within the window, and no allocation.
func TestMemoryIsBounded(t *testing.T) {
	const n = 20
	for _, p := range pairings {
		for _, h := range []synapse.Half{{Shape: synapse.TriangularWindow, Tau: 7}, {Tau: 3}} {
			c := NewPairSums(n, h, p)
			now := int64(0)
			feed := func() {
				for k := range 5000 {
					now++
					c.Spike(now, int32(k*7%n))
				}
			}
			feed()
			// Memory for the spikes within the window, one a tick, or for the last k of each
			// neuron, with room to spare; 5000 spikes have passed.
			if most := 4 * (int(h.Support()) + n*max(1, p.K)); cap(c.log) > most {
				t.Errorf("%+v, %v: memory for %d spikes, want at most %d", h, p, cap(c.log), most)
			}
			if a := testing.AllocsPerRun(1, feed); a != 0 {
				t.Errorf("%+v, %v: %v allocations", h, p, a)
			}
		}
	}
}

// TestAmplitudesOfOneHalf: each half of SAL's window has its own amplitude, and none stands for 1.
func TestAmplitudesOfOneHalf(t *testing.T) {
	c := NewPairSums(2, synapse.Half{Shape: synapse.TriangularWindow, Tau: 4}, all)
	c.Spike(0, 0)
	c.Spike(1, 1) // C[1][0] = 3/4
	c.Spike(3, 0) // C[0][1] = 2/4
	a := []float64{math.NaN(), 2, 3, math.NaN()}
	for _, x := range []struct {
		rule     SAL
		w01, w10 float64 // Eta*tau/T = 1: anti-causal minus causal
	}{
		{SAL{Eta: 2}, .75 - .5, .5 - .75},
		{SAL{Eta: 2, APlus: a}, .75 - 2*.5, .5 - 3*.75},
		{SAL{Eta: 2, AMinus: a}, 2*.75 - .5, 3*.5 - .75},
		{SAL{Eta: 2, APlus: a, AMinus: a}, 2*.75 - 2*.5, 3*.5 - 3*.75},
	} {
		dw := []float64{5, 0, 0, 5}
		x.rule.Add(dw, c, 8)
		if dw[0] != 5 || dw[1] != x.w01 || dw[2] != x.w10 || dw[3] != 5 {
			t.Errorf("%+v: %v, want 5, %v, %v, 5", x.rule, dw, x.w01, x.w10)
		}
	}
}
