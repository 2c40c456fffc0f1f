package sampling

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"spikealign/boltzmann"
	"spikealign/internal/random"
	"spikealign/spike"
)

func sampleOf(n int, clamps []Clamping) Sample {
	return Sample{Config: Config{Neurons: n, TauRef: 10, Dynamics: Continuous}, Network: randomNetwork(n, 0.8, true, 5),
		Visible: n, Clamps: clamps, Seed: 3, Settle: 100, Duration: 200_000}
}

// TestSampleConditional (docs/model.md, sections 1 and 2): in continuous time free sampling has the
// probabilities of the Boltzmann distribution, and sampling with clamps those of the exact
// conditional distribution, over all neurons or over the visible ones only. Every share of time and
// every probability of 0.001 or more is within 5.5 standard errors; with 50 batches Student's t
// exceeds that once in 7e5 comparisons, and there are about 70.
func TestSampleConditional(t *testing.T) {
	const n = 5
	for _, c := range []struct {
		clamps  []Clamping
		visible int
	}{
		{nil, n},
		{[]Clamping{ClampedOn, Free, ClampedOff, Free, Free}, n},
		{[]Clamping{Free, Free, Free, Free, ClampedOn}, 3},
	} {
		s := sampleOf(n, c.clamps)
		s.Visible = c.visible
		got, err := s.Run(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		model, err := boltzmann.New(n, s.Network.Weights, s.Network.Bias)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]float64, 1<<n)
		sum := 0.0
		for z, p := range model.P {
			agrees := true
			for i, clamp := range c.clamps {
				agrees = agrees && (clamp == Free || (clamp == ClampedOn) == (z>>i&1 == 1))
			}
			if agrees {
				want[z] = p
				sum += p
			}
		}
		for z := range want {
			want[z] /= sum
		}
		for i, p := range boltzmann.Mean(want, n) {
			if d := got.Mean[i] - p; math.Abs(d) > 5.5*got.MeanSE[i]+1e-12 {
				t.Errorf("%v: neuron %d: %.4f +- %.4f, exactly %.4f", c.clamps, i, got.Mean[i], got.MeanSE[i], p)
			}
		}
		keep := []int{0, 1, 2, 3, 4}[:c.visible]
		exact, total := boltzmann.Marginal(want, n, keep), 0.0
		for _, z := range got.States {
			total += z.P
			if p := exact[z.Bits]; p >= 1e-3 && math.Abs(z.P-p) > 5.5*z.SE {
				t.Errorf("%v: state %05b: %.4f +- %.4f, exactly %.4f", c.clamps, z.Bits, z.P, z.SE, p)
			}
		}
		if math.Abs(total-1) > 1e-12 {
			t.Errorf("probabilities add up to %v", total)
		}
	}
}

// TestMeter holds the meter to a count tick by tick, for trains whose states end at, before and
// after the ends of batches and overlap.
func TestMeter(t *testing.T) {
	for seed := range uint64(20) {
		s := random.New(seed, random.Spikes, 0, 0)
		const n, width, begin = 3, 4, 7
		end := int64(begin + sampleBatches*(5+seed%3))
		var train []spike.Event
		for now := int64(0); now < end; now++ {
			for i := range int32(n) {
				if s.Float64() < 0.12 {
					train = append(train, spike.Event{Time: now, Neuron: i})
				}
			}
		}
		m := newMeter(n, 2, width, begin, end)
		for _, e := range train {
			m.spike(e)
		}
		m.advance(end)
		got := m.samples()
		on := func(i int32, tick int64) bool {
			return slices.ContainsFunc(train, func(e spike.Event) bool { return e.Neuron == i && e.Time <= tick && tick < e.Time+width })
		}
		time, states := [n]float64{}, map[uint64]float64{}
		for tick := int64(begin); tick < end; tick++ {
			bits := uint64(0)
			for i := range int32(n) {
				if on(i, tick) {
					time[i]++
					if i < 2 {
						bits |= 1 << i
					}
				}
			}
			states[bits]++
		}
		for i, x := range time {
			if want := x / float64(end-begin); math.Abs(got.Mean[i]-want) > 1e-12 {
				t.Errorf("seed %d, neuron %d: %v, want %v", seed, i, got.Mean[i], want)
			}
		}
		have := map[uint64]float64{}
		for _, z := range got.States {
			have[z.Bits] = math.Round(z.P * float64(end-begin))
		}
		if !reflect.DeepEqual(have, states) {
			t.Errorf("seed %d: states %v, want %v", seed, have, states)
		}
	}
}

// TestSampleMisuse: what cannot be sampled is told, and an ended context ends the run.
func TestSampleMisuse(t *testing.T) {
	s := sampleOf(3, []Clamping{Free})
	s.Visible, s.Duration, s.Settle = 4, 3, -1
	for _, path := range []string{"visible", "clamps", "duration", "settle"} {
		if ps := s.Validate(); !ps.Has(path) {
			t.Errorf("no problem at %s: %v", path, ps)
		}
	}
	if _, err := s.Run(t.Context(), nil); err == nil {
		t.Error("it runs")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sampleOf(3, nil).Run(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}

// TestSampleHeld: a neuron that is clamped on counts as on at all times, also where it cannot spike
// as often as its state ends.
func TestSampleHeld(t *testing.T) {
	for _, change := range []func(*Config){func(c *Config) {}, func(c *Config) { c.MinISI = 20 }, func(c *Config) { c.Timing = AuthorsTiming }} {
		for _, dynamics := range []Dynamics{Discrete, Continuous} {
			s := sampleOf(3, []Clamping{ClampedOn, Free, ClampedOff})
			s.Dynamics, s.Duration = dynamics, 1000
			change(&s.Config)
			r, err := s.Run(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.Mean[0] != 1 || r.MeanSE[0] != 0 || r.Mean[2] != 0 {
				t.Errorf("%+v: clamped neurons are on for %v +- %v and %v of the time", s.Config, r.Mean[0], r.MeanSE[0], r.Mean[2])
			}
			for _, z := range r.States {
				if z.Bits&1 == 0 || z.Bits&4 != 0 {
					t.Errorf("%+v: state %03b was visited", s.Config, z.Bits)
				}
			}
		}
	}
}
