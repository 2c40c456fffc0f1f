package sampling

import (
	"math"
	"testing"

	"spikealign/internal/detmath"
	"spikealign/spike"
	"spikealign/synapse"
)

// slowSums is C[i][j] of docs/model.md, section 3, over the spikes i in [from, to), straight from
// the definition: each with the last k spikes of j before it.
func slowSums(events []spike.Event, i, j int32, from, to int64, k int, h synapse.Half) float64 {
	sum := 0.0
	for at, e := range events {
		if e.Neuron != i || e.Time < from || e.Time >= to {
			continue
		}
		left := k
		for b := at - 1; b >= 0 && left > 0; b-- {
			if s := events[b]; s.Neuron == j && s.Time < e.Time {
				sum += h.At(e.Time - s.Time)
				left--
			}
		}
	}
	return sum
}

// TestPairByHand (docs/model.md, sections 3 and 5): weights, drifts, activities and counts of a
// training are those that its spikes give by the definition of SAL, epoch by epoch, in both
// dynamics, with and without settling.
func TestPairByHand(t *testing.T) {
	for _, settle := range []int64{0, 70} {
		for _, dynamics := range []Dynamics{Discrete, Continuous} {
			d := pairTraining(1.2, -0.4, []float64{0.3, 0.8})
			d.Config.Dynamics, d.Config.TauRef, d.Settle = dynamics, 8, settle
			ticks := d.Config.TicksPerStep()
			d.WindowTau = 12
			half := d.Half(d.Config)
			d.Epochs, d.EpochLength, d.ReportEvery, d.Rate12, d.Rate21, d.Lower, d.Upper = 7, 150, 3, 1, 0.4, -1, 1.25
			p := newPair(t, d)
			var events []spike.Event
			var reports []PairReport
			for !p.Done() {
				e, r := p.Step()
				events = append(events, e...)
				if r != nil {
					reports = append(reports, *r)
				}
			}
			if len(reports) != 4 {
				t.Fatalf("%d reports, want 4: after epochs 0, 3, 6, 7", len(reports))
			}
			w12, w21 := 1.2, -0.4
			// The spikes of an epoch are those of its weights and of its own stretch of random numbers:
			// 0 while settling, then 1, 2, 3, ...
			replay, err := New(d.Config)
			if err != nil {
				t.Fatal(err)
			}
			rest := events
			again := func(stretch uint64, until int64) {
				replay.SetNetwork(Network{Weights: []float64{0, w12, w21, 0}, Bias: d.Network.Bias})
				replay.Seed(d.Seed, stretch)
				for _, e := range upTo(replay, until, 64) {
					if len(rest) == 0 || rest[0] != e {
						t.Fatalf("%v, settle %d: another spike than %v in stretch %d", dynamics, settle, e, stretch)
					}
					rest = rest[1:]
				}
			}
			if settle > 0 {
				again(0, settle*ticks)
			}
			near := func(what string, got, want float64) {
				t.Helper()
				if !(math.Abs(got-want) <= 1e-12) {
					t.Errorf("%v, settle %d: %s = %v, want %v", dynamics, settle, what, got, want)
				}
			}
			var drift, epochs float64
			var active [2]float64
			all := 0
			report := func(epoch int64) {
				t.Helper()
				r := reports[0]
				reports = reports[1:]
				if r.Epoch != epoch || r.Steps != settle+epoch*150 || r.Spikes != int64(all) {
					t.Errorf("report %+v after epoch %d with %d spikes", r, epoch, all)
				}
				near("W12", r.W12, w12)
				near("W21", r.W21, w21)
				if epoch == 0 {
					if !math.IsNaN(r.Drift12) || !math.IsNaN(r.Drift21) || !math.IsNaN(r.Activity[0]) || !math.IsNaN(r.Activity[1]) {
						t.Errorf("something was measured before the first epoch: %+v", r)
					}
				} else {
					near("Drift12", r.Drift12, drift/epochs)
					near("Drift21", r.Drift21, -drift/epochs)
					near("activity of neuron 1", r.Activity[0], active[0]*8/(150*epochs))
					near("activity of neuron 2", r.Activity[1], active[1]*8/(150*epochs))
				}
				drift, epochs, active = 0, 0, [2]float64{}
			}
			count := func(from, to int64) {
				for _, e := range events {
					if e.Time >= from && e.Time < to {
						all++
						if from >= settle*ticks {
							active[e.Neuron]++
						}
					}
				}
			}
			count(0, settle*ticks)
			active = [2]float64{}
			report(0)
			for epoch := int64(1); epoch <= 7; epoch++ {
				from := (settle + (epoch-1)*150) * ticks
				to := from + 150*ticks
				count(from, to)
				again(uint64(epoch), to)
				x := 12. / 150 * (slowSums(events, 1, 0, from, to, 10, half) - slowSums(events, 0, 1, from, to, 10, half))
				drift += x
				epochs++
				w12 = min(max(w12+x, -1), 1.25)
				w21 = min(max(w21-0.4*x, -1), 1.25)
				if epoch%3 == 0 || epoch == 7 {
					report(epoch)
				}
			}
			if all < 100 || p.Spikes() != int64(all) || p.Epoch() != 7 || p.Steps() != settle+7*150 {
				t.Errorf("%d spikes, %d counted; %d epochs, %d steps", all, p.Spikes(), p.Epoch(), p.Steps())
			}
		}
	}
}

// TestFrozenWeight: a rate of 0 leaves a weight where it is, even beyond the bounds of the other.
func TestFrozenWeight(t *testing.T) {
	d := pairTraining(3, 0.5, []float64{-0.5, -0.2})
	d.Epochs, d.Rate12 = 3, 0
	rs := pairReports(newPair(t, d))
	if last := rs[len(rs)-1]; last.W12 != 3 || last.W21 == 0.5 {
		t.Errorf("W12 = 3 frozen, bounds ±2: %+v", last)
	}
}

// TestPairLimits: what is no training of a pair.
func TestPairLimits(t *testing.T) {
	for name, c := range map[string]struct {
		change func(d *PairTraining)
		valid  bool
	}{
		"as it is":             {func(d *PairTraining) {}, true},
		"no epoch":             {func(d *PairTraining) { d.Epochs = 0 }, true},
		"less than none":       {func(d *PairTraining) { d.Epochs = -1 }, false},
		"epochs of one step":   {func(d *PairTraining) { d.EpochLength = 1 }, true},
		"epochs of no step":    {func(d *PairTraining) { d.EpochLength = 0 }, false},
		"every report":         {func(d *PairTraining) { d.ReportEvery = 1 }, true},
		"no report":            {func(d *PairTraining) { d.ReportEvery = 0 }, false},
		"negative settling":    {func(d *PairTraining) { d.Settle = -1 }, false},
		"2^56 steps":           {func(d *PairTraining) { d.Epochs, d.EpochLength = 1<<20, 1<<36 }, true},
		"more than 2^56 steps": {func(d *PairTraining) { d.Epochs, d.EpochLength = 1<<20, 1<<36+1 }, false},
		"2^56 to settle":       {func(d *PairTraining) { d.Epochs, d.Settle = 0, 1<<56+1<<10 }, false},
		"2^56 ticks": {func(d *PairTraining) {
			d.Config.Dynamics, d.Epochs, d.EpochLength = Continuous, 1, 1<<36
		}, true},
		"more than 2^56 ticks": {func(d *PairTraining) {
			d.Config.Dynamics, d.Epochs, d.EpochLength = Continuous, 1, 1<<36+1
		}, false},
		"a rate of NaN":    {func(d *PairTraining) { d.Rate12 = math.NaN() }, false},
		"an infinite rate": {func(d *PairTraining) { d.Rate21 = math.Inf(-1) }, false},
		"one bound":        {func(d *PairTraining) { d.Lower = d.Upper }, true},
		"crossed bounds":   {func(d *PairTraining) { d.Lower = 3 }, false},
		"a bound of NaN":   {func(d *PairTraining) { d.Lower = math.NaN() }, false},
		"an odd window":    {func(d *PairTraining) { d.Window = 7 }, false},
		"a narrow window":  {func(d *PairTraining) { d.WindowTau = 0.01 }, false},
		"negative width":   {func(d *PairTraining) { d.WindowTau = -1 }, false},
		"no pairing":       {func(d *PairTraining) { d.Pairing.K = 0 }, false},
		"a sparse network": {func(d *PairTraining) { d.Network = sparsely(2, d.Network) }, false},
		"a NaN weight":     {func(d *PairTraining) { d.Network.Weights[1] = math.NaN() }, false},
		"one neuron": {func(d *PairTraining) {
			d.Config.Neurons, d.Network = 1, Network{Weights: []float64{0}, Bias: []float64{0}}
		}, false},
		"three neurons": {func(d *PairTraining) {
			d.Config.Neurons, d.Network = 3, Network{Weights: make([]float64, 9), Bias: make([]float64, 3)}
		}, true},
	} {
		d := pairTraining(1, 0.5, []float64{0, 0})
		c.change(&d)
		if _, err := NewPairTrainer(d); (err == nil) != c.valid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEIPairByHand (docs/model.md, section 6): which neuron reaches which, with all twelve numbers
// different, and the effective weights.
func TestEIPairByHand(t *testing.T) {
	p := EIPair{WEE: [2]float64{1, 2}, WIE: [2]float64{3, 4}, WEI: [2]float64{-5, -6}, BE: [2]float64{7, 8}, BI: [2]float64{9, 10}}
	want := []float64{ // rows: to E_0, E_1, I_0, I_1
		0, 2, 0, -6,
		1, 0, -5, 0,
		3, 0, 0, 0,
		0, 4, 0, 0,
	}
	net := p.Network()
	for k, w := range want {
		if net.Weights[k] != w {
			t.Errorf("weight to %d from %d is %v, want %v", k/4, k%4, net.Weights[k], w)
		}
	}
	for k, b := range []float64{7, 8, 9, 10} {
		if net.Bias[k] != b {
			t.Errorf("bias of %d is %v, want %v", k, net.Bias[k], b)
		}
	}
	p.BE, p.BI = [2]float64{0, -1}, [2]float64{-2, -1}
	w := p.Effective()
	r := 1 / (1 + math.E)
	for k, x := range []float64{1 - 5*detmath.Logistic(3*.5-2)/.5, 2 - 6*detmath.Logistic(4*r-1)/r} {
		if !(math.Abs(w[k]-x) <= 1e-12) {
			t.Errorf("effective weight of pathway %d is %v, want %v", k, w[k], x)
		}
	}
	if d := p.Direct(); d.Weights[1] != w[1] || d.Weights[2] != w[0] || d.Bias[0] != 0 || d.Bias[1] != -1 {
		t.Errorf("direct network %+v for %v", d, w)
	}
}
