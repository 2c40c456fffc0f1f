package sampling

import (
	"math"
	"testing"

	"spikealign/boltzmann"
	"spikealign/internal/random"
	"spikealign/spike"
)

// TestShareByHand: the mean share of time over batches and its standard error, the scatter of the
// batches' shares over the root of their number: here 1, 2, 3 and 4 of 10 ticks.
func TestShareByHand(t *testing.T) {
	share := func(parts ...int64) (p, se float64) {
		var x tallied
		for _, part := range parts {
			x.part += part
			x.settle()
		}
		return x.share(len(parts), 10*int64(len(parts)))
	}
	p, se := share(1, 2, 3, 4)
	if want := math.Sqrt((2.25+0.25+0.25+2.25)/3/4) / 10; p != 0.25 || !(math.Abs(se-want) <= 1e-15) {
		t.Errorf("share %v, standard error %v, want 0.25 and %v", p, se, want)
	}
	if p, se := share(0, 10); p != 0.5 || !(math.Abs(se-0.5) <= 1e-15) {
		t.Errorf("share %v, standard error %v, want 0.5 and 0.5", p, se)
	}
	for _, part := range []int64{0, 3, 10} { // no scatter, and nothing below 0 by rounding
		if p, se := share(part, part, part); p != float64(part)/10 || se != 0 {
			t.Errorf("%d of 10 ticks in every batch: share %v, standard error %v", part, p, se)
		}
	}
}

// TestLongMeter: over thousands of spikes, states that end and states that are prolonged, every
// joint state has the time that package boltzmann counts, and every neuron its share.
func TestLongMeter(t *testing.T) {
	const n, width, begin, end = 3, 9, 50, 50 + 400*sampleBatches
	s := random.New(41, random.Spikes, 0, 0)
	m, o := newMeter(n, n, width, begin, end), boltzmann.NewOccupancy(n, width, 1)
	var events []spike.Event
	for now := range int64(end) {
		for i := range int32(n) {
			if s.Float64() < 0.06 {
				events = append(events, spike.Event{Time: now, Neuron: i})
			}
		}
	}
	for k, e := range events {
		if e.Time >= begin && events[k-1].Time < begin {
			o.Start(begin, end)
		}
		m.spike(e)
		o.Observe([]spike.Event{e})
	}
	m.advance(end)
	o.Advance(end)
	r, counts := m.samples(), o.Counts()
	if len(events) < 3000 || len(r.States) != len(counts) {
		t.Fatalf("%d spikes, %d states", len(events), len(r.States))
	}
	var mean [n]float64
	for _, state := range r.States {
		want := float64(counts[state.Bits]) / (end - begin)
		if state.P != want {
			t.Errorf("state %03b: share %v, want %v", state.Bits, state.P, want)
		}
		for i := range mean {
			if state.Bits>>i&1 == 1 {
				mean[i] += want
			}
		}
	}
	for i, p := range r.Mean {
		if !(math.Abs(p-mean[i]) <= 1e-12) {
			t.Errorf("neuron %d: share %v, want %v", i, p, mean[i])
		}
	}
}

// TestSampleLimits: the smallest and largest that is allowed, and the nearest that is not.
func TestSampleLimits(t *testing.T) {
	for name, c := range map[string]struct {
		change func(s *Sample)
		valid  bool
	}{
		"as it is":         {func(s *Sample) {}, true},
		"one visible":      {func(s *Sample) { s.Visible = 1 }, true},
		"none visible":     {func(s *Sample) { s.Visible = 0 }, false},
		"too many visible": {func(s *Sample) { s.Visible = 4 }, false},
		"short":            {func(s *Sample) { s.Duration = sampleBatches - 1 }, false},
		"no settling":      {func(s *Sample) { s.Settle = 0 }, true},
		"negative":         {func(s *Sample) { s.Settle = -1 }, false},
		"clamps":           {func(s *Sample) { s.Clamps = make([]Clamping, 3) }, true},
		"few clamps":       {func(s *Sample) { s.Clamps = make([]Clamping, 2) }, false},
		"a bad network":    {func(s *Sample) { s.Network.Bias = nil }, false},
		"2^56 steps":       {func(s *Sample) { s.TauRef, s.Settle, s.Duration = 1<<16, 1<<40-1<<20, 1<<20 }, true},
		"a tau more":       {func(s *Sample) { s.TauRef, s.Settle, s.Duration = 1<<16, 1<<40-1<<20, 1<<20+1 }, false},
	} {
		s := Sample{Config: Config{Neurons: 3, TauRef: 10}, Network: randomNetwork(3, 1, true, 1), Visible: 3, Settle: 1, Duration: sampleBatches}
		c.change(&s)
		if ps := s.Validate(); (len(ps) == 0) != c.valid {
			t.Errorf("%s: %v", name, ps)
		}
	}
}
