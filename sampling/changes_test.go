package sampling

import (
	"math"
	"slices"
	"strings"
	"testing"

	"spikealign/spike"
	"spikealign/synapse"
)

var engineNames = []string{Stepper, Event, Thinning}

// enginesFor calls f with a new engine of each kind that simulates c.
func enginesFor(t *testing.T, c Config, f func(name string, e Engine)) {
	t.Helper()
	made := 0
	for _, name := range engineNames {
		c.Engine = name
		if e, err := New(c); err == nil {
			f(name, e)
			made++
		}
	}
	if made == 0 {
		t.Fatalf("%+v: no engine", c)
	}
}

// upTo simulates to a tick and returns all spikes.
func upTo(e Engine, until int64, room int) []spike.Event {
	var all []spike.Event
	for done := false; !done; {
		var events []spike.Event
		events, done = e.Advance(until, make([]spike.Event, 0, room))
		all = append(all, events...)
	}
	return all
}

// TestChangesActFromNowOn: a change of the network or of clamps acts on what comes, not on the time
// before it. A silent network of one neuron gets a rate of p a step; the time to its first spike is
// geometric with mean 1/p, counted from the change. The mean over 400 trials lies within 5 standard
// errors: false-alarm rate 6e-7 each, fixed seeds.
func TestChangesActFromNowOn(t *testing.T) {
	const trials, before = 400, 300
	silent, loud := Network{Weights: []float64{0}, Bias: []float64{-60}}, Network{Weights: []float64{0}, Bias: []float64{math.Log(10. / 19)}}
	for _, d := range []Dynamics{Discrete, Continuous} {
		c := Config{Neurons: 1, TauRef: 10, Dynamics: d}
		k := c.TicksPerStep()
		want, sd := 19., math.Sqrt(19*20) // steps without a spike before the first, p = 1/20
		if d == Continuous {
			want, sd = 19, 19 // hazard e^b/tau = 1/19
		}
		enginesFor(t, c, func(name string, e Engine) {
			for what, change := range map[string]func(){
				"network": func() { e.SetNetwork(loud) },
				"clamps":  func() { e.SetNetwork(silent); e.Clamp([]Clamping{ClampedOn}); e.Clamp(nil); e.SetNetwork(loud) },
				"rest":    func() { e.SetNetwork(loud); e.Rest() },
			} {
				sum := 0.0
				for trial := range trials {
					e.SetNetwork(silent)
					e.Seed(uint64(trial), 0)
					now := e.Now() + before*k
					if quiet := upTo(e, now, 8); len(quiet) > 0 {
						t.Fatalf("%s: a silent neuron fires at %v", name, quiet)
					}
					if e.Now() != now {
						t.Fatalf("%s: at %d after Advance(%d)", name, e.Now(), now)
					}
					change()
					events := upTo(e, now+600*k, 8)
					if len(events) == 0 || events[0].Time < now {
						t.Fatalf("%s, %s: first spikes %v after a change at %d", name, what, events[:min(len(events), 2)], now)
					}
					sum += float64(events[0].Time-now) / float64(k)
				}
				if z := (sum/trials - want) / (sd / math.Sqrt(trials)); !(math.Abs(z) <= 5) {
					t.Errorf("%s, %v, %s: first spike after %.2f steps on average, want %v (%.1f standard errors)", name, d, what, sum/trials, want, z)
				}
			}
		})
	}
}

// TestClampsAreHeld: a neuron clamped on fires as soon and as often as its refractory time allows,
// one clamped off never, and one that is freed has its own rate again.
func TestClampsAreHeld(t *testing.T) {
	for _, d := range []Dynamics{Discrete, Continuous} {
		c := Config{Neurons: 3, TauRef: 10, MinISI: 12, Dynamics: d}
		k := c.TicksPerStep()
		enginesFor(t, c, func(name string, e Engine) {
			e.SetNetwork(Network{Weights: make([]float64, 9), Bias: []float64{-60, 30, 0}})
			e.Clamp([]Clamping{ClampedOn, ClampedOff, Free})
			count := [3]int{}
			for _, s := range upTo(e, 1200*k, 16) {
				if step := s.Time / k; s.Neuron == 0 && d == Discrete && step%12 != 0 {
					t.Errorf("%s: clamped on, at step %d", name, step)
				}
				count[s.Neuron]++
			}
			if count[0] != 100 || count[1] != 0 || count[2] == 0 {
				t.Errorf("%s, %v: %d spikes, want 100, 0 and some", name, d, count)
			}
			e.Clamp(nil)
			count = [3]int{}
			for _, s := range upTo(e, 2400*k, 16) {
				count[s.Neuron]++
			}
			if count[0] != 0 || count[1] < 95 || count[2] == 0 {
				t.Errorf("%s, %v: freed: %d spikes, want 0, 100 and some", name, d, count)
			}
		})
	}
}

// TestSettlingKeepsTheLaw (docs/model.md, section 1): setting the network again at every tick, to
// what it is, leaves the exact law, also where neurons are refractory for longer than their
// potentials last.
func TestSettlingKeepsTheLaw(t *testing.T) {
	for _, c := range []Config{{Neurons: 2, TauRef: 5, PSPSteps: 2, MinISI: 8}, {Neurons: 2, TauRef: 4}} {
		net := randomNetwork(2, 1.5, false, 31)
		want := chain(c, net)
		enginesFor(t, c, func(name string, e Engine) {
			e.SetNetwork(net)
			e.Seed(1, 0)
			restless := &restless{e, net}
			if chi, limit := chiSquare(phasesOf(restless, c, 4000), want); chi > limit {
				t.Errorf("%s, %+v: chi-square %.0f, limit %.0f", name, c, chi, limit)
			}
		})
	}
}

// restless sets its network at every tick.
type restless struct {
	Engine
	net Network
}

func (r *restless) Advance(until int64, dst []spike.Event) ([]spike.Event, bool) {
	done := r.Now() >= until
	for !done {
		var ok bool
		if dst, ok = r.Engine.Advance(r.Now()+1, dst); !ok {
			return dst, false
		}
		r.SetNetwork(r.net)
		done = r.Now() >= until
	}
	return dst, true
}

// TestStrongWeights (docs/model.md, section 1): weights of hundreds, whose exponentials would
// overflow, excite with certainty and inhibit for good, and add up to nothing where they cancel.
func TestStrongWeights(t *testing.T) {
	const w = 800
	for k, net := range []Network{
		{Weights: []float64{0, w, -w, 0.5, 0, -1, -1, 0.7, 0}, Bias: []float64{-0.5, 0.3, 0.2}},
		{Weights: []float64{0, 1, -1, -w, 0, w, 1, -1, 0}, Bias: []float64{0.4, -0.3, 0.2}},
	} {
		c := Config{Neurons: 3, TauRef: 4}
		want := chain(c, net)
		for _, engine := range engineNames {
			if chi, limit := chiSquare(phases(t, engine, c, net, nil, uint64(k), samples/4), want); chi > limit {
				t.Errorf("%s, network %d: chi-square %.0f, limit %.0f", engine, k, chi, limit)
			}
		}
		e := newThinning(c.Resolve())
		e.SetNetwork(sparsely(3, net))
		if chi, limit := chiSquare(phasesOf(e, c, samples/4), want); chi > limit {
			t.Errorf("sparse, network %d: chi-square %.0f, limit %.0f", k, chi, limit)
		}
	}
}

// TestSmallestBuffer: room for one spike of each neuron is enough, and less is refused; how much
// there is changes no spike. After an early stop the simulation is complete up to the last spike.
func TestSmallestBuffer(t *testing.T) {
	for _, c := range []Config{{Neurons: 4, TauRef: 5}, {Neurons: 4, TauRef: 5, Dynamics: Continuous}, {Neurons: 4, TauRef: 1}} {
		k := c.TicksPerStep()
		net := randomNetwork(4, 1, false, 32)
		for _, name := range engineNames {
			c.Engine = name
			one, err := New(c)
			if err != nil {
				continue
			}
			all, _ := New(c)
			one.SetNetwork(net)
			all.SetNetwork(net)
			want := upTo(all, 500*k, 4000)
			var got []spike.Event
			buf := make([]spike.Event, 0, 4)
			for calls := 0; one.Now() < 500*k; calls++ {
				events, done := one.Advance(500*k, buf)
				got = append(got, events...)
				if n := len(events); n > 0 && events[n-1].Time > one.Now() || !done && n == 0 || calls > 3000 {
					t.Fatalf("%s, %+v: at %d with spikes %v, done %v", name, c, one.Now(), events, done)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, %+v: other spikes with a small buffer", name, c)
			}
			if name == Stepper {
				continue
			}
			func() {
				defer func() {
					if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "sampling: ") {
						t.Errorf("%s: no room: panic %q", name, s)
					}
				}()
				one.Advance(600*k, make([]spike.Event, 0, 3))
			}()
		}
	}
}

// TestSparseIsDense: a connection list gives the same spikes as the matrix of the same synapses, in
// the engines that sum them in the same order, for constant and fading potentials; synapses listed
// twice add up, self-synapses are ignored.
func TestSparseIsDense(t *testing.T) {
	for _, c := range []Config{{Neurons: 4, TauRef: 8}, {Neurons: 4, TauRef: 8, PSP: synapse.Alpha, TauSyn: 3, Delay: 1}} {
		dense := randomNetwork(4, 1, false, 33)
		list := sparsely(4, dense)
		twice := sparsely(4, dense)
		s := twice.Sparse
		for j := 3; j >= 0; j-- {
			at := s.Start[j]
			s.Post = slices.Insert(s.Post, at, s.Post[at], int32(j))
			s.Weight = slices.Insert(s.Weight, at, s.Weight[at]-0.25, 50)
			s.Weight[at+2] = 0.25
			for i := j + 1; i <= 4; i++ {
				s.Start[i] += 2
			}
		}
		if err := twice.Validate(4); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{Stepper, Event} {
			var want []spike.Event
			for k, net := range []Network{dense, list, twice} {
				c.Engine = name
				e, err := New(c)
				if err != nil {
					break
				}
				e.SetNetwork(sparsely(4, randomNetwork(4, 2, false, 34))) // forgotten
				e.SetNetwork(net)
				e.Seed(5, 1)
				got := upTo(e, 600, 64)
				if k == 0 {
					want = got
				}
				if len(got) == 0 || !slices.Equal(got, want) {
					t.Errorf("%s, %+v: network %d gives %d spikes, the matrix %d", name, c, k, len(got), len(want))
				}
			}
		}
	}
}

// TestManySpikesAtOnce: three thousand neurons that fire together, all held on: the memory for
// spikes that still act grows, and every neuron keeps its time.
func TestManySpikesAtOnce(t *testing.T) {
	const n = 3000
	e, err := New(Config{Neurons: n, TauRef: 10, Engine: Thinning})
	if err != nil {
		t.Fatal(err)
	}
	e.SetNetwork(sparseNetwork(n, 3, 1, 1))
	e.Clamp(slices.Repeat([]Clamping{ClampedOn}, n))
	count := map[int64]int{}
	for _, s := range upTo(e, 31, 2*n) {
		count[s.Time]++
	}
	if len(count) != 4 || count[0] != n || count[10] != n || count[20] != n || count[30] != n {
		t.Errorf("spikes by time: %v", count)
	}
}

// TestChoice: the event engine up to 14 neurons, where it applies.
func TestChoice(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Neurons: 14, TauRef: 10}, Event},
		{Config{Neurons: 15, TauRef: 10}, Thinning},
		{Config{Neurons: 2, TauRef: 10, PSPSteps: 11, MinISI: 11}, Event},
		{Config{Neurons: 2, TauRef: 10, PSPSteps: 11}, Thinning},
		{Config{Neurons: 2, TauRef: 10, Delay: 1}, Thinning},
		{Config{Neurons: 2, TauRef: 10, PSP: synapse.Alpha}, Thinning},
	} {
		if got := Choose(c.cfg); got != c.want {
			t.Errorf("%+v: %s, want %s", c.cfg, got, c.want)
		}
		for _, engine := range []string{"", Auto} {
			c.cfg.Engine = engine
			if e, err := New(c.cfg); err != nil || e.Name() != c.want {
				t.Errorf("%+v: New: %v", c.cfg, err)
			}
		}
	}
	if _, err := New(Config{Neurons: 20, TauRef: 10, Engine: Event}); err != nil {
		t.Errorf("20 neurons: %v", err)
	}
	for _, c := range []Config{
		{Neurons: 21, TauRef: 10, Engine: Event},
		{Neurons: 2, TauRef: 10, Engine: "steam"},
		{Neurons: 2, TauRef: 10, Engine: Stepper, Dynamics: Continuous},
		{Neurons: 2, TauRef: 10, Engine: Event, Delay: 1},
	} {
		if e, err := New(c); err == nil {
			t.Errorf("%+v: accepted by %s", c, e.Name())
		}
	}
}

// TestConfigLimits: the smallest and the largest that is allowed, and the nearest that is not.
func TestConfigLimits(t *testing.T) {
	const most = 1 << 24
	for _, c := range []struct {
		cfg   Config
		valid bool
	}{
		{Config{Neurons: 1, TauRef: 1}, true},
		{Config{Neurons: 0, TauRef: 1}, false},
		{Config{Neurons: 1, TauRef: 0}, false},
		{Config{Neurons: 1, TauRef: most}, true},
		{Config{Neurons: 1, TauRef: most + 1, PSPSteps: 1, TauSyn: 1, MinISI: 1}, false},
		{Config{Neurons: 1, TauRef: 1, MinISI: -1}, false},
		{Config{Neurons: 1, TauRef: 1, MinISI: most}, true},
		{Config{Neurons: 1, TauRef: 1, MinISI: most + 1}, false},
		{Config{Neurons: 1, TauRef: 1, PSPSteps: most}, true},
		{Config{Neurons: 1, TauRef: 1, PSPSteps: most + 1}, false},
		{Config{Neurons: 1, TauRef: 1, PSPSteps: -1}, false},
		{Config{Neurons: 1, TauRef: 1, PSP: synapse.Alpha, PSPCut: most}, true},
		{Config{Neurons: 1, TauRef: 1, PSP: synapse.Alpha, PSPCut: most + 1}, false},
		{Config{Neurons: 1, TauRef: 1, PSP: synapse.Alpha, PSPCut: -1}, false},
		{Config{Neurons: 1, TauRef: 1, Delay: most}, true},
		{Config{Neurons: 1, TauRef: 1, Delay: most + 1}, false},
		{Config{Neurons: 1, TauRef: 1, Delay: -1}, false},
		{Config{Neurons: 1, TauRef: 1, PSP: synapse.Alpha, TauSyn: most}, true},
		{Config{Neurons: 1, TauRef: 1, PSP: synapse.Alpha, TauSyn: most + 1, PSPSteps: 1}, false},
		{Config{Neurons: 1, TauRef: 1, PSP: synapse.Alpha, TauSyn: math.NaN()}, false},
		// The stepper tabulates the potential.
		{Config{Neurons: 1, TauRef: 1, Engine: Stepper, PSP: synapse.Alpha, TauSyn: most, PSPCut: most}, true},
		{Config{Neurons: 1, TauRef: 1, Engine: Stepper, PSP: synapse.Alpha, TauSyn: most, PSPCut: most, Delay: 1}, false},
		{Config{Neurons: 1, TauRef: 1, Engine: Thinning, PSP: synapse.Alpha, TauSyn: most, PSPCut: most, Delay: 1}, true},
		{Config{Neurons: 1, TauRef: 1, Dynamics: Continuous}, true},
		{Config{Neurons: 1, TauRef: 1, Dynamics: Continuous + 1}, false},
	} {
		if ps := c.cfg.Validate(); (len(ps) == 0) != c.valid {
			t.Errorf("%+v: %v", c.cfg, ps)
		}
	}
}

// TestNetworkLimits: what is not a network of two neurons.
func TestNetworkLimits(t *testing.T) {
	b, nan, inf := []float64{0, 0}, math.NaN(), math.Inf(1)
	sparse := func(start []int, post []int32, weight ...float64) Network {
		return Network{Bias: b, Sparse: &Sparse{Start: start, Post: post, Weight: weight}}
	}
	for name, c := range map[string]struct {
		net   Network
		valid bool
	}{
		"dense":                  {Network{Weights: []float64{0, 1, 2, 0}, Bias: b}, true},
		"three weights":          {Network{Weights: []float64{0, 1, 2}, Bias: b}, false},
		"a weight of NaN":        {Network{Weights: []float64{0, 1, nan, 0}, Bias: b}, false},
		"an infinite weight":     {Network{Weights: []float64{0, -inf, 2, 0}, Bias: b}, false},
		"one bias":               {Network{Weights: []float64{0, 1, 2, 0}, Bias: b[:1]}, false},
		"an infinite bias":       {Network{Weights: []float64{0, 1, 2, 0}, Bias: []float64{0, inf}}, false},
		"no weights":             {Network{Bias: b}, false},
		"dense and sparse":       {Network{Bias: b, Weights: make([]float64, 4), Sparse: &Sparse{Start: []int{0, 0, 0}}}, false},
		"sparse without synapse": {sparse([]int{0, 0, 0}, nil), true},
		"sparse":                 {sparse([]int{0, 1, 3}, []int32{1, 0, 1}, 1, 2, 3), true},
		"start too short":        {sparse([]int{0, 1}, []int32{1}, 1), false},
		"start too long":         {sparse([]int{0, 1, 1, 1}, []int32{1}, 1), false},
		"start not from 0":       {sparse([]int{1, 1, 1}, []int32{1}, 1), false},
		"start beyond the end":   {sparse([]int{0, 1, 2}, []int32{1}, 1), false},
		"start before the end":   {sparse([]int{0, 1, 1}, []int32{1, 1}, 1, 1), false},
		"start decreases":        {sparse([]int{0, 2, 1}, []int32{1}, 1), false},
		"start falls below 0":    {sparse([]int{0, -1, 1}, []int32{1}, 1), false},
		"too few weights":        {sparse([]int{0, 1, 2}, []int32{1, 0}, 1), false},
		"neuron -1":              {sparse([]int{0, 1, 1}, []int32{-1}, 1), false},
		"neuron 2":               {sparse([]int{0, 1, 1}, []int32{2}, 1), false},
		"sparse NaN":             {sparse([]int{0, 1, 2}, []int32{1, 0}, 1, nan), false},
	} {
		if err := c.net.Validate(2); (err == nil) != c.valid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
