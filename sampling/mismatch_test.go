package sampling

import (
	"math"
	"slices"
	"strings"
	"testing"

	"spikealign/internal/detmath"
	"spikealign/sal"
	"spikealign/settings"
	"spikealign/spike"
	"spikealign/synapse"
)

// TestRefractoryTimesDiffer: the mean interval of a neuron alone is its shortest interval and what
// comes after: tau e^-u in either dynamics, of whose scatter the error of the rate follows.
func TestRefractoryTimesDiffer(t *testing.T) {
	const tau, length = 20, 400000
	factors := []float64{0.4, 0.77, 1, 1.31, 1.9}
	bias := []float64{-1, 0, 0.5, 1, -0.3}
	for _, engine := range []string{"stepper", "thinning", "continuous"} {
		c := Config{Neurons: 5, TauRef: tau, Refractory: factors, Engine: engine}
		if engine == "continuous" {
			c.Engine, c.Dynamics = Auto, Continuous
		}
		e, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		e.SetNetwork(Network{Weights: make([]float64, 25), Bias: bias})
		e.Seed(7, 0)
		counts := make([]float64, 5)
		last := slices.Repeat([]int64{never}, 5)
		k := c.TicksPerStep()
		shortest := c.Resolve().shortest()
		for done := false; !done; {
			var events []spike.Event
			events, done = e.Advance(length*k, make([]spike.Event, 0, 64))
			for _, s := range events {
				if s.Time-last[s.Neuron] < shortest[s.Neuron] {
					t.Fatalf("%s: neuron %d fires after %d ticks, shortest interval %d", engine, s.Neuron, s.Time-last[s.Neuron], shortest[s.Neuron])
				}
				counts[s.Neuron]++
				last[s.Neuron] = s.Time
			}
		}
		for i, n := range counts {
			rest := tau * detmath.Exp(-bias[i]) // (1-p)/p steps, or 1/hazard
			mean := float64(shortest[i])/float64(k) + rest
			// variance of a renewal process's count: length var/mean^3; 5 standard errors
			if want, se := length/mean, math.Sqrt(length*rest*(rest+1)/(mean*mean*mean)); math.Abs(n-want) > 5*se+1 {
				t.Errorf("%s: neuron %d fires %v times, want %v +- %v", engine, i, n, want, se)
			}
		}
	}
}

// TestEnginesAgreeOnRefractoryTimes holds thinning to the stepper, for coupled neurons.
func TestEnginesAgreeOnRefractoryTimes(t *testing.T) {
	net := Network{Weights: []float64{0, 1.2, -0.8, 0.4, 0, 0.9, -1, 0.7, 0}, Bias: []float64{0.3, -0.5, 0.6}}
	for name, c := range map[string]Config{
		"rectangular": {Neurons: 3, TauRef: 10, Refractory: []float64{0.5, 1.2, 1.7}},
		"alpha":       {Neurons: 3, TauRef: 10, PSP: synapse.Alpha, TauSyn: 4, Refractory: []float64{0.5, 1.2, 1.7}},
		"delay":       {Neurons: 3, TauRef: 10, Delay: 4, PSPSteps: 15, Refractory: []float64{0.3, 0.8, 1.1}},
	} {
		a, b := phases(t, Stepper, c, net, nil, 1, samples), phases(t, Thinning, c, net, nil, 2, samples)
		if chi, limit := chiSquare2(a, b); chi > limit {
			t.Errorf("%s: chi-square %v, limit %v", name, chi, limit)
		}
	}
}

// TestRefractoryTimesResume saves thinning after every few spikes and after changes of the network.
func TestRefractoryTimesResume(t *testing.T) {
	for _, psp := range []synapse.PSPShape{synapse.Rectangular, synapse.Alpha} {
		c := Config{Neurons: 4, TauRef: 8, PSP: psp, Refractory: []float64{0.4, 1, 1.3, 1.8}}
		net := Network{Weights: []float64{0, 1, -1, .5, 1, 0, .3, .2, -1, .3, 0, 1, .5, .2, 1, 0}, Bias: []float64{1, 0.5, 0.8, 0.2}}
		begin := func() Engine {
			e, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		one, two := begin(), begin()
		var a, b []spike.Event
		for k := range int64(300) {
			if k%40 == 0 {
				net.Bias[0] = -net.Bias[0]
				for _, e := range []Engine{one, two} {
					e.SetNetwork(net)
					e.Seed(1, uint64(k))
				}
			}
			for done := false; !done; {
				var events []spike.Event
				events, done = one.Advance((k+1)*7, make([]spike.Event, 0, 4096))
				a = append(a, events...)
			}
			for done := false; !done; {
				state, err := two.AppendBinary(nil)
				if err != nil {
					t.Fatal(err)
				}
				two = begin()
				two.SetNetwork(net)
				if err := two.UnmarshalBinary(state); err != nil {
					t.Fatal(err)
				}
				var events []spike.Event
				events, done = two.Advance((k+1)*7, make([]spike.Event, 0, 4))
				b = append(b, events...)
			}
		}
		if !slices.Equal(a, b) || len(a) < 300 {
			t.Errorf("%v: %d spikes, resumed %d; they differ", psp, len(a), len(b))
		}
	}
}

// various is a training with all differences.
func various(t *testing.T, change func(*Settings)) Training {
	t.Helper()
	s := settings.Default[Settings]()
	s.Network.Visible, s.Network.TauRef = 4, 10
	s.Course.Epochs, s.Course.EpochLength, s.Course.ReportEvery, s.Course.ReportFactor = 3, 200, 1, 2
	s.Mismatch.Gain, s.Mismatch.Offset, s.Mismatch.Refractory, s.Mismatch.Tau = 0.3, 0.5, 0.3, 0.4
	s.Mismatch.Amplitude = 0.2
	if change != nil {
		change(&s)
	}
	if ps := s.Validate(); len(ps) > 0 {
		t.Fatal(ps.Err())
	}
	return s.Training(5, nil)
}

// TestMismatchPlainly holds a training to one written down plainly: the stepper gets the effective
// weights, and every synapse learns by Online with its own window.
func TestMismatchPlainly(t *testing.T) {
	d := various(t, func(s *Settings) { s.Network.Engine, s.Plasticity.RateWeight = Stepper, 0 })
	tr, err := NewTrainer(d)
	if err != nil {
		t.Fatal(err)
	}
	const n = 4
	v := d.Differences
	w, b := slices.Clone(d.Weights), slices.Clone(d.Bias)
	mean := []float64{}
	for i := range n {
		mean = append(mean, tr.wakeMean[i])
		w[i*n+i] = 0
	}
	c := d.Config
	c.Refractory = v.Refractory
	e, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	var rules []*sal.Online
	for k := range w {
		h := d.Half(d.Config)
		if h.Tau *= v.WindowTau[k]; h.Validate() != nil {
			t.Fatal(h)
		}
		rules = append(rules, sal.NewOnline(n, sal.Window(h), d.Pairing))
	}
	const ticks = 200 * 2 * 10
	for epoch := range int64(3) {
		ew, eb := make([]float64, n*n), make([]float64, n)
		for i := range n {
			eb[i] = v.Gain[i]*b[i] + v.Offset[i]
			for j := range n {
				ew[i*n+j] = v.Gain[i] * w[i*n+j]
			}
		}
		e.SetNetwork(Network{Weights: ew, Bias: eb})
		e.Seed(5, uint64(epoch+1))
		counts := make([]float64, n)
		for done := false; !done; {
			var events []spike.Event
			events, done = e.Advance((epoch+1)*ticks, make([]spike.Event, 0, 64))
			for _, s := range events {
				counts[s.Neuron]++
				for k, rule := range rules {
					dw := make([]float64, n*n)
					rule.Apply(s.Time, s.Neuron, dw, d.RateSAL*d.Differences.Amplitude[k]*10/ticks)
					w[k] += dw[k]
				}
			}
		}
		for i := range b {
			b[i] += d.RateBias * (mean[i] - counts[i]*10/ticks)
		}
		for r := (*Report)(nil); r == nil; {
			_, r = tr.Step()
			if r == nil {
				continue
			}
			asymmetry := &Trainer{t: Training{}, n: n, joined: tr.joined}
			for i := range n {
				for j := range n {
					ew[i*n+j] = v.Gain[i] * w[i*n+j]
				}
			}
			asymmetry.w = ew
			if want := asymmetry.asymmetry(); math.Abs(r.Asymmetry-want) > 1e-12 {
				t.Errorf("asymmetry %v of effective weights, want %v", r.Asymmetry, want)
			}
		}
		gotW, gotB := tr.Weights()
		for k := range w {
			if math.Abs(gotW[k]-w[k]) > 1e-12 {
				t.Errorf("epoch %d, synapse %d: %v, want %v", epoch, k, gotW[k], w[k])
			}
		}
		for i := range b {
			if math.Abs(gotB[i]-b[i]) > 1e-12 {
				t.Errorf("epoch %d, bias %d: %v, want %v", epoch, i, gotB[i], b[i])
			}
		}
	}
}

// TestEffectiveNetwork: what is sampled with a run's weights, and clamps that hold as they are.
func TestEffectiveNetwork(t *testing.T) {
	d := Differences{Gain: []float64{2, 0.5}, Offset: []float64{1, -1}}
	net := Network{Weights: []float64{0, 3, 4, 0}, Bias: []float64{0.5, 6}}
	got := d.Network(net)
	if !slices.Equal(got.Weights, []float64{0, 6, 2, 0}) || !slices.Equal(got.Bias, []float64{2, 2}) {
		t.Errorf("effective network %v", got)
	}
	if net.Weights[1] != 3 || net.Bias[0] != 0.5 {
		t.Error("the network itself has changed")
	}
	clamped := various(t, func(s *Settings) {
		s.Network.Hidden, s.Target.BarsStripes, s.Course.ClampBias = 3, 2, 20
		s.Course.WakeLength = 20
	})
	tr, err := NewTrainer(clamped)
	if err != nil {
		t.Fatal(err)
	}
	// A visible neuron that is clamped off is silent through the wake phase, whatever its gain.
	for tr.epoch == 0 {
		p, _ := tr.plan(0, tr.phase)
		events, _ := tr.Step()
		for _, s := range events {
			if p.kind == wakePhase && int(s.Neuron) < 4 && tr.t.Patterns[p.pattern][s.Neuron] == 0 {
				t.Fatalf("pattern %d: neuron %d fires", p.pattern, s.Neuron)
			}
		}
	}
}

// TestMismatchIsRefused: what neurons that differ do not go together with.
func TestMismatchIsRefused(t *testing.T) {
	for want, change := range map[string]func(*Settings){
		"network.engine: event needs one refractory time": func(s *Settings) { s.Network.Engine = Event },
		"mismatch.refractory: is not possible above 20":   func(s *Settings) { s.Network.Visible = 21 },
		"mismatch.gain: must be between 0 and 0.6":        func(s *Settings) { s.Mismatch.Gain = 0.7 },
		"mismatch.window_amplitude: gives SAL's windows":  func(s *Settings) { s.Mismatch.Amplitude, s.Plasticity.Noise = 0.1, 0.1 },
		"mismatch.window_tau: makes windows longer":       func(s *Settings) { s.Plasticity.WindowTau, s.Network.Dynamics = 1<<20, Continuous },
	} {
		s := settings.Default[Settings]()
		s.Mismatch.Refractory, s.Mismatch.Tau = 0.1, 0.1
		change(&s)
		if err := s.Validate().Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for want, change := range map[string]func(*Training){
		"differences.gain":       func(d *Training) { d.Differences.Gain = []float64{1} },
		"differences.offset":     func(d *Training) { d.Differences.Offset[2] = math.NaN() },
		"differences.amplitude":  func(d *Training) { d.Differences.Amplitude = d.Differences.Amplitude[1:] },
		"differences.window_tau": func(d *Training) { d.Differences.WindowTau[3] = 0 },
		"refractory":             func(d *Training) { d.Differences.Refractory[1] = -1 },
		"event needs one":        func(d *Training) { d.Engine = Event },
	} {
		d := various(t, nil)
		change(&d)
		if _, err := NewTrainer(d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
