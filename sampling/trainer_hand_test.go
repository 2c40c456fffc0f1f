package sampling

import (
	"math"
	"slices"
	"strings"
	"testing"

	"spikealign/boltzmann"
	"spikealign/spike"
	"spikealign/synapse"
)

// TestTrainingByHand (docs/model.md, sections 3 and 4): the weights and biases after each epoch are
// those that the epoch's spikes give by the definition of wake-sleep learning and SAL, with
// amplitudes, with learning rates of 1 too, and with bounds and without.
func TestTrainingByHand(t *testing.T) {
	const n, tau = 4, 20
	for _, rates := range [][3]float64{{0.1, 0.2, 0.3}, {1, 1, 1}, {0.5, 0, 0.5}, {0, 0.5, 0}} {
		for _, clip := range []float64{0, 0.6} {
			d := example("event")
			d.RateBias, d.RateWeight, d.RateSAL, d.ClipWeight, d.ClipBias, d.Epochs = rates[0], rates[1], rates[2], clip, clip, 6
			d.Differences.Amplitude = make([]float64, n*n)
			for k := range d.Differences.Amplitude {
				d.Differences.Amplitude[k] = 1 - 0.05*float64(k%5)
			}
			target, err := boltzmann.New(n, d.TargetWeights, d.TargetBias)
			if err != nil {
				t.Fatal(err)
			}
			mean, co := target.Mean(), target.Coactivation()
			half := synapse.Half{Shape: synapse.TriangularWindow, Tau: tau}
			tr, err := NewTrainer(d)
			if err != nil {
				t.Fatal(err)
			}
			bound := func(x float64) float64 {
				if clip > 0 {
					return min(max(x, -clip), clip)
				}
				return x
			}
			var events []spike.Event
			from := int64(0)
			for epoch := int64(0); !tr.Done(); epoch++ {
				w, b := tr.Weights()
				w, b = slices.Clone(w), slices.Clone(b)
				for tr.Epoch() == epoch && !tr.Done() {
					e, _ := tr.Step()
					events = append(events, e...)
				}
				length := int64(d.EpochLength * tau)
				if epoch%d.ReportEvery == 0 || epoch == d.Epochs-1 {
					length *= d.ReportFactor
				}
				to := from + length
				gotW, gotB := tr.Weights()
				for i := range n {
					count := 0.0
					for _, e := range events {
						if int(e.Neuron) == i && e.Time >= from && e.Time < to {
							count++
						}
					}
					want := bound(b[i] + rates[0]*(mean[i]-count*tau/float64(length)))
					if !(math.Abs(gotB[i]-want) <= 1e-12) {
						t.Fatalf("rates %v, clip %v, epoch %d: bias %d = %v, want %v", rates, clip, epoch, i, gotB[i], want)
					}
					for j := range n {
						if i == j {
							continue
						}
						k := i*n + j
						scale := tau / float64(length)
						causal := scale * slowSums(events, int32(i), int32(j), from, to, 1, half)
						anti := scale * slowSums(events, int32(j), int32(i), from, to, 1, half)
						want := bound(w[k] + rates[1]*(co[k]-d.HebbianAmplitude[k]*(causal+anti)) + rates[2]*d.Differences.Amplitude[k]*(anti-causal))
						if !(math.Abs(gotW[k]-want) <= 1e-12) {
							t.Fatalf("rates %v, clip %v, epoch %d: weight %d,%d = %v, want %v", rates, clip, epoch, i, j, gotW[k], want)
						}
					}
				}
				from = to
			}
			if tr.Steps() != from || tr.TotalSteps() != from {
				t.Errorf("%d steps simulated, %d announced, want %d", tr.Steps(), tr.TotalSteps(), from)
			}
		}
	}
}

// TestAmplitudesByHand (docs/model.md, sections 3 and 4): neuron 0 spikes at 3 and neuron 1 at 5 of
// 40 steps, and nothing else happens. SAL changes either synapse by its own amplitude, whichever
// way the pairs are summed: with the sums of the Hebbian rule, with sums of its own, or with a
// window for each synapse.
func TestAmplitudesByHand(t *testing.T) {
	const tau, steps = 10, 40
	w := []float64{0, 0.5, 0.5, 0}
	for name, c := range map[string]struct {
		change func(*Training)
		// of the window at a lag of 2: of the synapses from 0 to 1 and from 1 to 0
		causal, anti float64
	}{
		"as coactivations": {func(*Training) {}, 0.8, 0.8},
		"a longer window":  {func(d *Training) { d.WindowTau = 20 }, 2 * 0.9, 2 * 0.9},
		"of each synapse":  {func(d *Training) { d.Differences.WindowTau = []float64{1, 2, 0.5, 1} }, 0.6, 0.9},
	} {
		d := Training{
			Config: Config{Neurons: 2, TauRef: tau}, Visible: 2,
			Course: Course{Epochs: 3, EpochLength: steps / tau, ReportEvery: 100, ReportFactor: 1, WakeLength: 1, ClampBias: 1},
			Rates:  Rates{RateSAL: 0.1}, Pairs: Pairs{synapse.TriangularWindow, 0, synapse.Pairing{Kind: synapse.Last, K: 1}},
			Weights: w, Bias: []float64{0, 0}, TargetWeights: make([]float64, 4), TargetBias: make([]float64, 2),
			// to 0 from 1, to 1 from 0
			Differences: Differences{Amplitude: []float64{9, 0.25, 3, 9}},
		}
		c.change(&d)
		tr, err := NewTrainer(d)
		if err != nil {
			t.Fatal(err)
		}
		events := []spike.Event{{Time: 3, Neuron: 0}, {Time: 5, Neuron: 1}}
		tr.hebbian.Observe(events)
		if tr.sal != nil {
			tr.sal.Observe(events)
		}
		tr.epoch, tr.end = 1, steps
		tr.update(phase{kind: sleepPhase})
		got, _ := tr.Weights()
		// the causal synapse, from 0 to 1, falls, and the other one rises
		scale := 0.1 * tau / steps
		want := []float64{0, 0.5 + scale*0.25*c.anti, 0.5 - scale*3*c.causal, 0}
		for k := range want {
			if math.Abs(got[k]-want[k]) > 1e-15 { // a few roundings of numbers below 1
				t.Errorf("%s: weight %d is %v, want %v", name, k, got[k], want[k])
			}
		}
	}
}

// TestAnnouncedSteps: the steps of a training are known before, whether or not its last epoch would
// report anyway.
func TestAnnouncedSteps(t *testing.T) {
	for _, kind := range []string{"event", "patterns"} {
		for _, epochs := range []int64{1, 2, 4, 5, 6, 8, 9} {
			d := example(kind)
			d.Epochs = epochs
			tr, err := NewTrainer(d)
			if err != nil {
				t.Fatal(err)
			}
			reports := []int64{}
			for !tr.Done() {
				if _, r := tr.Step(); r != nil {
					reports = append(reports, r.Epoch)
				}
			}
			want := []int64{}
			for e := int64(0); e < epochs; e += 4 {
				want = append(want, e)
			}
			if want[len(want)-1] != epochs-1 {
				want = append(want, epochs-1)
			}
			if tr.Steps() != tr.TotalSteps() || !slices.Equal(reports, want) {
				t.Errorf("%s, %d epochs: %d steps, %d announced; reports %v, want %v", kind, epochs, tr.Steps(), tr.TotalSteps(), reports, want)
			}
		}
	}
}

// TestOneNeuronLearns: there is no pair, hence no asymmetry; its activity becomes the target's.
func TestOneNeuronLearns(t *testing.T) {
	d := example("event")
	d.Config.Neurons, d.Visible, d.HebbianAmplitude = 1, 1, nil
	d.Weights, d.Bias, d.TargetWeights, d.TargetBias = []float64{0}, []float64{-1}, []float64{0}, []float64{1}
	d.Epochs, d.EpochLength, d.ReportEvery, d.ReportFactor, d.RateBias = 201, 100, 200, 20, 0.3
	tr, err := NewTrainer(d)
	if err != nil {
		t.Fatal(err)
	}
	var last Report
	for !tr.Done() {
		if _, r := tr.Step(); r != nil {
			last = *r
			if r.Asymmetry != 0 {
				t.Errorf("asymmetry %v", r.Asymmetry)
			}
		}
	}
	// At the start, p = 0.73 against 0.27, D_KL is 0.46.
	if !(last.DKL < 0.01) || !(last.Floor > 0) || !(last.NEff > 100) {
		t.Errorf("after 200 epochs %+v", last)
	}
}

// TestTrainingLimits: what is no training, and what just is.
func TestTrainingLimits(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		kind   string
		change func(d *Training)
		valid  bool
	}{
		"as it is":           {"event", func(d *Training) {}, true},
		"patterns":           {"patterns", func(d *Training) {}, true},
		"none visible":       {"patterns", func(d *Training) { d.Visible, d.Patterns = 0, [][]uint8{{}} }, false},
		"all visible":        {"patterns", func(d *Training) { d.Visible, d.Patterns = 4, [][]uint8{{0, 1, 1, 0}} }, true},
		"too many visible":   {"patterns", func(d *Training) { d.Visible, d.Patterns = 5, [][]uint8{{0, 1, 1, 0, 0}} }, false},
		"hidden":             {"event", func(d *Training) { d.Visible = 3 }, false},
		"two targets":        {"event", func(d *Training) { d.Patterns = [][]uint8{{0, 1, 1, 0}} }, false},
		"no target":          {"event", func(d *Training) { d.TargetWeights = nil }, false},
		"a bad target":       {"event", func(d *Training) { d.TargetBias = d.TargetBias[:3] }, false},
		"a crooked target":   {"event", func(d *Training) { d.TargetWeights[1]++ }, false},
		"a bad start":        {"event", func(d *Training) { d.Weights = d.Weights[:15] }, false},
		"a short pattern":    {"patterns", func(d *Training) { d.Patterns[1] = []uint8{1} }, false},
		"no wake phase":      {"patterns", func(d *Training) { d.WakeLength = 0 }, false},
		"a short wake phase": {"patterns", func(d *Training) { d.WakeLength = 1 }, true},
		"no settling":        {"patterns", func(d *Training) { d.Settle = 0 }, true},
		"negative settling":  {"patterns", func(d *Training) { d.Settle = -1 }, false},
		"no clamps":          {"patterns", func(d *Training) { d.ClampBias = 0 }, false},
		"one epoch":          {"event", func(d *Training) { d.Epochs, d.EpochLength, d.ReportEvery, d.ReportFactor = 1, 1, 1, 1 }, true},
		"no epoch":           {"event", func(d *Training) { d.Epochs = 0 }, false},
		"no length":          {"event", func(d *Training) { d.EpochLength = 0 }, false},
		"no report":          {"event", func(d *Training) { d.ReportEvery = 0 }, false},
		"no factor":          {"event", func(d *Training) { d.ReportFactor = 0 }, false},
		"few amplitudes":     {"event", func(d *Training) { d.Differences.Amplitude = make([]float64, 15) }, false},
		"a NaN amplitude":    {"event", func(d *Training) { d.HebbianAmplitude[3] = nan }, false},
		"a teacher":          {"large", func(d *Training) { d.TeacherLength = 1 }, true},
		"no teacher":         {"large", func(d *Training) { d.TeacherLength = 0 }, false},
		"no teacher needed":  {"event", func(d *Training) { d.TeacherLength = 0 }, true},
	} {
		d := example(c.kind)
		c.change(&d)
		if _, err := NewTrainer(d); (err == nil) != c.valid {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Problems are named in alphabetical order, whatever the order in which they are found.
	for range 20 {
		d := example("event")
		d.Epochs, d.EpochLength, d.ReportEvery, d.ReportFactor = 0, 0, 0, 0
		_, err := NewTrainer(d)
		if err == nil {
			t.Fatal("accepted")
		}
		if lines := strings.Split(err.Error(), "\n"); len(lines) != 4 || !slices.IsSorted(lines) {
			t.Errorf("problems %q", lines)
		}
	}
	// Twenty visible neurons are still enumerated.
	d := example("patterns")
	d.Config.Neurons, d.Visible = boltzmann.MaxNeurons+1, boltzmann.MaxNeurons
	d.Patterns = [][]uint8{make([]uint8, boltzmann.MaxNeurons)}
	net := randomNetwork(d.Config.Neurons, 0.1, false, 1)
	d.Weights, d.Bias, d.HebbianAmplitude = net.Weights, net.Bias, nil
	tr, err := NewTrainer(d)
	if err != nil || tr.targetP == nil || tr.states == nil {
		t.Errorf("%d visible neurons: %v", d.Visible, err)
	}
	if w := tr.Warnings(); len(w) != 0 {
		t.Errorf("20 visible neurons: %q", w)
	}
	// One more is not, which is told, and D_KL is missing.
	d.Config.Neurons, d.Visible = d.Config.Neurons+1, d.Visible+1
	d.Patterns = [][]uint8{make([]uint8, d.Visible)}
	net = randomNetwork(d.Config.Neurons, 0.1, false, 1)
	d.Weights, d.Bias, d.Epochs, d.EpochLength = net.Weights, net.Bias, 1, 1
	if tr, err = NewTrainer(d); err != nil {
		t.Fatal(err)
	}
	if w := tr.Warnings(); len(w) != 1 || !strings.Contains(w[0], "21 neurons") {
		t.Errorf("21 visible neurons: %q", w)
	}
	for !tr.Done() {
		if _, r := tr.Step(); r != nil && (!math.IsNaN(r.DKL) || !math.IsNaN(r.Floor)) {
			t.Errorf("21 visible neurons: %+v", r)
		}
	}
}
