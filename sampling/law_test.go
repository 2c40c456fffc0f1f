package sampling

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"spikealign/spike"
	"spikealign/synapse"
)

// The tests of this file hold the engines to exact laws and to each other. A sample notes, every
// apart tau, in which of three parts of its time each neuron is: the first half of its state z = 1,
// the second half, or z = 0. Samples that far apart are independent for all that a test of this
// size can see (TestSamplesAreIndependent). Each comparison raises a false alarm with probability
// falseAlarm, under fixed seeds; there are fewer than 200 of them.
const (
	falseAlarm = 1e-6
	apart      = 12
	samples    = 20000
)

// phases samples a network: the count of each combination of phases, neuron i being digit i to the
// base 3.
func phases(t testing.TB, engine string, c Config, net Network, clamps []Clamping, seed uint64, count int) []float64 {
	t.Helper()
	e, err := newEngine(engine, c)
	if err != nil {
		t.Fatal(err)
	}
	e.SetNetwork(net)
	e.Clamp(clamps)
	e.Seed(seed, 0)
	return phasesOf(e, c, count)
}

func phasesOf(e Engine, c Config, count int) []float64 {
	n := c.Neurons
	tau := c.TauRef * c.TicksPerStep()
	last := make([]int64, n)
	for i := range last {
		last[i] = never
	}
	hist := make([]float64, pow3(n))
	buf := make([]spike.Event, 0, max(64, 2*n))
	now := 50 * tau
	for k := range count {
		for done := false; !done; {
			var events []spike.Event
			events, done = e.Advance(now+1, buf)
			for _, ev := range events {
				last[ev.Neuron] = ev.Time
			}
		}
		code := 0
		for i := n - 1; i >= 0; i-- {
			code = 3*code + thirdOf(now-last[i], tau)
		}
		hist[code]++
		// Jitter keeps the samples off any grid.
		now += apart*tau + int64(k%7)*tau/7
	}
	return hist
}

func thirdOf(lag, tau int64) int {
	switch {
	case lag >= tau:
		return 0
	case 2*lag >= tau:
		return 2
	}
	return 1
}

func pow3(n int) int {
	p := 1
	for range n {
		p *= 3
	}
	return p
}

// states folds phases to the counts of z.
func states(n int, ph []float64) []float64 {
	z := make([]float64, 1<<n)
	for code, x := range ph {
		s := 0
		for i, c := 0, code; i < n; i, c = i+1, c/3 {
			if c%3 != 0 {
				s |= 1 << i
			}
		}
		z[s] += x
	}
	return z
}

// chiSquare compares counts with probabilities; bins with fewer than 10 expected counts are thrown
// together. It returns chi-square and its quantile.
func chiSquare(counts, p []float64) (chi, limit float64) {
	total := 0.0
	for _, c := range counts {
		total += c
	}
	var restC, restP float64
	df := -1.0
	add := func(c, e float64) {
		chi += (c - e) * (c - e) / e
		df++
	}
	for k, c := range counts {
		if e := p[k] * total; e >= 10 {
			add(c, e)
		} else {
			restC += c
			restP += e
		}
	}
	if restP > 5 {
		add(restC, restP)
	} else if restC > 40 {
		return math.Inf(1), 0
	}
	return chi, distuv.ChiSquared{K: math.Max(df, 1)}.Quantile(1 - falseAlarm)
}

// chiSquare2 compares two samples of equal size.
func chiSquare2(a, b []float64) (chi, limit float64) {
	var restA, restB float64
	df := -1.0
	add := func(x, y float64) {
		chi += (x - y) * (x - y) / (x + y)
		df++
	}
	for k := range a {
		if a[k]+b[k] >= 20 {
			add(a[k], b[k])
		} else {
			restA += a[k]
			restB += b[k]
		}
	}
	if restA+restB > 10 {
		add(restA, restB)
	}
	return chi, distuv.ChiSquared{K: math.Max(df, 1)}.Quantile(1 - falseAlarm)
}

// chain is the exact stationary law of the phases in discrete time, for rectangular PSPs no longer
// than the shortest interval between spikes: the Markov chain of all neurons' lags, by power
// iteration.
func chain(c Config, net Network) []float64 {
	c = c.Resolve()
	n := c.Neurons
	// lags 1..top; top stands for itself and all longer ones
	top := int(max(c.MinISI, c.PSPSteps+1, c.TauRef+1))
	size := 1
	for range n {
		size *= top
	}
	lags := make([]int, n)
	p := make([]float64, n)
	type arc struct {
		to int
		p  float64
	}
	arcs := make([][]arc, size)
	for s := range size {
		for i, x := 0, s; i < n; i, x = i+1, x/top {
			lags[i] = x%top + 1
		}
		for i := range n {
			u := net.Bias[i]
			for j := range n {
				if j != i && int64(lags[j]) <= c.PSPSteps {
					u += net.Weights[i*n+j]
				}
			}
			p[i] = 0
			if int64(lags[i]) >= c.MinISI {
				p[i] = 1 / (1 + float64(c.TauRef)*math.Exp(-u))
			}
		}
		for set := range 1 << n {
			pr, to := 1.0, 0
			for i := n - 1; i >= 0; i-- {
				next := min(lags[i]+1, top)
				if set>>i&1 == 1 {
					pr *= p[i]
					next = 1
				} else {
					pr *= 1 - p[i]
				}
				to = top*to + next - 1
			}
			if pr > 0 {
				arcs[s] = append(arcs[s], arc{to, pr})
			}
		}
	}
	pi, next := make([]float64, size), make([]float64, size)
	pi[size-1] = 1
	for change := 1.0; change > 1e-13; pi, next = next, pi {
		clear(next)
		for s, x := range pi {
			for _, a := range arcs[s] {
				next[a.to] += x * a.p
			}
		}
		change = 0
		for s := range pi {
			change += math.Abs(pi[s] - next[s])
		}
	}
	ph := make([]float64, pow3(n))
	for s, x := range pi {
		code := 0
		digits := make([]int, n)
		for i, y := 0, s; i < n; i, y = i+1, y/top {
			// The chain's state is that of the next decision; a spike of the tick just decided has
			// lag 0 in that tick.
			digits[i] = thirdOf(int64(y%top), c.TauRef)
		}
		for i := n - 1; i >= 0; i-- {
			code = 3*code + digits[i]
		}
		ph[code] += x
	}
	return ph
}

// TestAgainstTheExactChain (docs/model.md, section 1): every engine has the exact stationary law of
// the discrete dynamics, simultaneous spikes and all.
func TestAgainstTheExactChain(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		sd   float64
		seed uint64
	}{
		{Config{Neurons: 2, TauRef: 10}, 1, 1},
		{Config{Neurons: 2, TauRef: 3}, 2, 2},
		{Config{Neurons: 2, TauRef: 20}, 3, 3},
		{Config{Neurons: 2, TauRef: 10, PSPSteps: 9, MinISI: 11}, 1.5, 4},
		{Config{Neurons: 2, TauRef: 10, PSPSteps: 9, MinISI: 10}, 1.5, 5},
		{Config{Neurons: 2, TauRef: 10, PSPSteps: 3, MinISI: 12}, 1.5, 6},
		{Config{Neurons: 3, TauRef: 5}, 1.5, 7},
		{Config{Neurons: 3, TauRef: 4, PSPSteps: 3, MinISI: 5}, 2, 8},
		{Config{Neurons: 4, TauRef: 3}, 1, 9},
		{Config{Neurons: 2, TauRef: 1}, 1, 10},
	} {
		net := randomNetwork(c.cfg.Neurons, c.sd, false, c.seed)
		want := chain(c.cfg, net)
		for _, engine := range []string{Stepper, Event, Thinning} {
			chi, limit := chiSquare(phases(t, engine, c.cfg, net, nil, c.seed, samples), want)
			if chi > limit {
				t.Errorf("%s, %+v: chi-square %.0f, limit %.0f", engine, c.cfg, chi, limit)
			}
		}
	}
}

// TestWrongEngineIsRejected: a PSP one step short is found out by the same test in every engine.
func TestWrongEngineIsRejected(t *testing.T) {
	c := Config{Neurons: 2, TauRef: 10}
	net := Network{Weights: []float64{0, 2, 2, 0}, Bias: []float64{-0.5, -0.5}}
	want := chain(c, net)
	c.PSPSteps = 9
	for _, engine := range []string{Stepper, Event, Thinning} {
		chi, limit := chiSquare(phases(t, engine, c, net, nil, 1, samples), want)
		if chi < limit {
			t.Errorf("%s: a PSP one step short passes: chi-square %.0f, limit %.0f", engine, chi, limit)
		}
		t.Logf("%s, one step short: chi-square %.0f, limit %.0f", engine, chi, limit)
	}
}

// boltzmannStates enumerates the Boltzmann distribution (docs/model.md, section 2).
func boltzmannStates(n int, net Network) []float64 {
	p := make([]float64, 1<<n)
	sum := 0.0
	for z := range p {
		e := 0.0
		for i := range n {
			if z>>i&1 == 0 {
				continue
			}
			e += net.Bias[i]
			for j := range i {
				if z>>j&1 == 1 {
					e += net.Weights[i*n+j]
				}
			}
		}
		p[z] = math.Exp(e)
		sum += p[z]
	}
	for z := range p {
		p[z] /= sum
	}
	return p
}

// TestContinuousIsBoltzmann (docs/model.md, section 1): in continuous time with rectangular PSPs of
// length tau and symmetric weights the states follow the Boltzmann distribution exactly, for both
// engines; conditioned on clamped neurons too.
func TestContinuousIsBoltzmann(t *testing.T) {
	for _, c := range []struct {
		n  int
		sd float64
	}{{2, 2}, {3, 1.5}, {5, 1}, {7, 0.6}, {10, 0.4}} {
		net := randomNetwork(c.n, c.sd, true, uint64(c.n))
		cfg := Config{Neurons: c.n, TauRef: 10, Dynamics: Continuous}
		want := boltzmannStates(c.n, net)
		clamps := make([]Clamping, c.n)
		clamps[0], clamps[c.n-1] = ClampedOn, ClampedOff
		conditional := make([]float64, len(want))
		sum := 0.0
		for z, p := range want {
			if z&1 == 1 && z>>(c.n-1) == 0 {
				conditional[z] = p
				sum += p
			}
		}
		for z := range conditional {
			conditional[z] /= sum
		}
		for _, engine := range []string{Event, Thinning} {
			if chi, limit := chiSquare(states(c.n, phases(t, engine, cfg, net, nil, 3, samples)), want); chi > limit {
				t.Errorf("%s, n = %d: chi-square %.0f, limit %.0f", engine, c.n, chi, limit)
			}
			if chi, limit := chiSquare(states(c.n, phases(t, engine, cfg, net, clamps, 4, samples)), conditional); chi > limit {
				t.Errorf("%s, n = %d, clamped: chi-square %.0f, limit %.0f", engine, c.n, chi, limit)
			}
		}
	}
}

// TestEnginesAgree: wherever two engines support a configuration they have the same law of phases,
// for every PSP shape and both dynamics.
func TestEnginesAgree(t *testing.T) {
	type item struct {
		cfg   Config
		sd    float64
		clamp bool
	}
	var items []item
	for _, d := range []Dynamics{Discrete, Continuous} {
		items = append(items,
			item{Config{Neurons: 4, TauRef: 10, Dynamics: d}, 1.5, false},
			item{Config{Neurons: 7, TauRef: 10, Dynamics: d}, 0.7, true},
			item{Config{Neurons: 10, TauRef: 10, Dynamics: d}, 0.5, false},
			item{Config{Neurons: 4, TauRef: 10, PSPSteps: 4, MinISI: 13, Dynamics: d}, 1.5, true})
	}
	for _, shape := range []synapse.PSPShape{synapse.Alpha, synapse.Exponential, synapse.CutExponential, synapse.RectangularTail} {
		items = append(items,
			item{Config{Neurons: 3, TauRef: 10, PSP: shape, TauSyn: 4}, 1.2, false},
			item{Config{Neurons: 4, TauRef: 6, PSP: shape, TauSyn: 12, PSPCut: 15, Delay: 3}, -0.7, true})
	}
	items = append(items,
		item{Config{Neurons: 3, TauRef: 10, Delay: 4}, 1.2, false},
		// overlapping PSPs of one neuron
		item{Config{Neurons: 3, TauRef: 6, PSPSteps: 14}, 0.8, false},
		item{Config{Neurons: 3, TauRef: 6, PSPSteps: 14, MinISI: 2}, 0.8, false})
	for k, it := range items {
		net := randomNetwork(it.cfg.Neurons, it.sd, false, uint64(100+k))
		var clamps []Clamping
		if it.clamp {
			clamps = make([]Clamping, it.cfg.Neurons)
			clamps[0], clamps[1] = ClampedOn, ClampedOff
		}
		var names []string
		var hists [][]float64
		for _, engine := range []string{Stepper, Event, Thinning} {
			if _, err := newEngine(engine, it.cfg); err != nil {
				continue
			}
			names = append(names, engine)
			hists = append(hists, phases(t, engine, it.cfg, net, clamps, uint64(k), samples))
		}
		if len(names) < 2 {
			t.Errorf("%+v: only %v", it.cfg, names)
		}
		for a := range names {
			for b := range a {
				if chi, limit := chiSquare2(hists[a], hists[b]); chi > limit {
					t.Errorf("%s and %s differ, %+v: chi-square %.0f, limit %.0f", names[a], names[b], it.cfg, chi, limit)
				}
			}
		}
	}
}

// TestSamplesAreIndependent: neighbouring samples of the strongest networks above are uncorrelated
// within 5 standard errors.
func TestSamplesAreIndependent(t *testing.T) {
	for n, sd := range map[int]float64{2: 3, 4: 1.5, 10: 0.5} {
		c := Config{Neurons: n, TauRef: 10}
		e, _ := newEngine(Event, c)
		e.SetNetwork(randomNetwork(n, sd, true, uint64(n)))
		buf := make([]spike.Event, 0, 64)
		var prev, sum, sum2, cross float64
		last := make([]int64, n)
		for k := range samples {
			for done := false; !done; {
				var ev []spike.Event
				ev, done = e.Advance(int64(k+10)*apart*10, buf)
				for _, s := range ev {
					last[s.Neuron] = s.Time
				}
			}
			x := 0.0
			for i := range last {
				if e.Now()-1-last[i] < 10 {
					x++
				}
			}
			sum += x
			sum2 += x * x
			cross += x * prev
			prev = x
		}
		mean := sum / samples
		r := (cross/samples - mean*mean) / (sum2/samples - mean*mean)
		if !(math.Abs(r) <= 5/math.Sqrt(samples)) {
			t.Errorf("n = %d: correlation of neighbouring samples %.3f", n, r)
		}
	}
}

// newEngine is New for the engine of that name.
func newEngine(name string, c Config) (Engine, error) {
	c.Engine = name
	return New(c)
}
