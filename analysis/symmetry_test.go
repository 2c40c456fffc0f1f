package analysis

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mathext"

	"spikealign/internal/random"
	"spikealign/internal/testenv"
	"spikealign/sal"
	"spikealign/sampling"
	"spikealign/spike"
	"spikealign/synapse"
)

var salTest = TestOptions{Level: 0.05, Replicates: 400, MinWeight: 20}

// TestStudent against closed forms for 1, 2 and 4 degrees of freedom and gonum's incomplete beta
// function.
func TestStudent(t *testing.T) {
	near := func(df int, x, want float64) {
		t.Helper()
		if got := studentTail(x, df); math.Abs(got-want) > 1e-13*want {
			t.Errorf("df %d, t %v: %v, want %v", df, x, got, want)
		}
	}
	for _, x := range []float64{1e-3, 0.3, 1, 2.5, 12, 300, 1e6} {
		near(1, x, 2/math.Pi*math.Atan(1/x))
		near(1, -x, 2/math.Pi*math.Atan(1/x))
		y := 1 / math.Sqrt(1+2/(x*x))
		near(2, x, (2/(x*x))/(1+2/(x*x))/(1+y))
		for _, df := range []int{3, 4, 9, 10, 49, 50, 999} {
			nu := float64(df)
			want := mathext.RegIncBeta(nu/2, 0.5, nu/(nu+x*x))
			if got := studentTail(x, df); math.Abs(got-want) > 1e-9*want {
				t.Errorf("df %d, t %v: %v, want %v", df, x, got, want)
			}
		}
	}
	// Abramowitz & Stegun, table 26.10: two-sided 5 % and 0.1 % points.
	for _, c := range []struct {
		df   int
		t, p float64
	}{{5, 2.571, 0.05}, {10, 2.228, 0.05}, {30, 2.042, 0.05}, {60, 2.000, 0.05}, {10, 4.587, 0.001}, {60, 3.460, 0.001}} {
		if got := studentTail(c.t, c.df); math.Abs(got/c.p-1) > 2e-3 {
			t.Errorf("df %d, t %v: %v, want %v", c.df, c.t, got, c.p)
		}
	}
	if studentTail(0, 5) != 1 || studentTail(math.Inf(1), 5) != 0 || studentTail(math.NaN(), 5) == studentTail(math.NaN(), 5) {
		t.Error("limits")
	}
}

// TestCorrections by hand: Holm's and Benjamini & Hochberg's procedures on four p-values, in an
// order that is not theirs.
func TestCorrections(t *testing.T) {
	// Pairs 1,0 2,0 2,1 3,0 of four neurons.
	r := &Statistics{N: 4, Synapses: make([]Synapse, 12)}
	for i := range 4 {
		for j := range 4 {
			if i != j {
				*r.At(i, j) = Synapse{Post: i, Pre: j, P: math.NaN(), T: 1}
			}
		}
	}
	p := []float64{0.03, 0.001, 0.04, 0.014}
	holm := []float64{0.06, 0.004, 0.06, 0.042}
	q := []float64{0.04, 0.004, 0.04, 0.028}
	pairs := [][2]int{{1, 0}, {2, 0}, {2, 1}, {3, 0}}
	var tested []int
	for k, ij := range pairs {
		s := r.At(ij[0], ij[1])
		s.P = p[k]
		if k == 1 {
			s.T = -1
		}
		tested = append(tested, slices.IndexFunc(r.Synapses, func(x Synapse) bool { return x.Post == ij[0] && x.Pre == ij[1] }))
	}
	r.correct(tested, 0.05)
	for k, ij := range pairs {
		s, o := r.At(ij[0], ij[1]), r.At(ij[1], ij[0])
		if math.Abs(s.Holm-holm[k]) > 1e-15 || math.Abs(s.Q-q[k]) > 1e-15 || o.Holm != s.Holm || o.Q != s.Q {
			t.Errorf("p %v: Holm %v, q %v, want %v, %v", p[k], s.Holm, s.Q, holm[k], q[k])
		}
		want := []int{0, -1, 0, 1}[k]
		if s.Sign != want || o.Sign != -want {
			t.Errorf("p %v: signs %d %d, want %d", p[k], s.Sign, o.Sign, want)
		}
	}
	if r.Rejected != 2 {
		t.Errorf("%d rejected", r.Rejected)
	}
}

// TestStatistics of two neurons in two blocks, by hand (docs/model.md, section 3). Triangle of
// width 10, T = 100.
func TestStatistics(t *testing.T) {
	o := options(2, 100)
	c := NewCounter(o)
	const twoBlocks = "0:10 1:12 0:30 1:33 1:60 0:65 0:90 1:91 0:95 1:95"
	c.Observe(train(twoBlocks))
	// C[1][0]: lags 2, 3 | 1; C[0][1]: | 5, 4. At 95 neuron 0 pairs with 1 at 91; 1 at 95 does not
	// pair with 0 at 90.
	r := c.Test(TestOptions{Level: 0.05})
	s := r.At(1, 0) // from 0 to 1
	c10, c01 := 0.8+0.7+0.9, 0.5+0.6
	d := []float64{-1.5, c01 - 0.9}
	se := math.Abs(d[0]-d[1]) / 2 // of the mean of two
	for _, x := range []struct {
		name      string
		got, want float64
	}{
		{"causal sum", s.CausalSum, c10}, {"anti-causal sum", s.AntiCausalSum, c01}, {"SAL", s.SAL, 0.1 * (c01 - c10)}, {"SE", s.SE, 0.1 * 2 * se},
		{"index", s.Index, (c01 - c10) / (c01 + c10)}, {"T", s.T, (d[0] + d[1]) / 2 / se}, {"coverage", s.Coverage, 3.0 / 5},
		{"reciprocal SAL", r.At(0, 1).SAL, -s.SAL}, {"reciprocal T", r.At(0, 1).T, -s.T}, {"P", s.P, 1 - 2/math.Pi*math.Atan(math.Abs(s.T))},
	} {
		if math.Abs(x.got-x.want) > 1e-14 {
			t.Errorf("%s = %v, want %v", x.name, x.got, x.want)
		}
	}
	if s.Causal != 3 || s.AntiCausal != 2 || s.Coincidences != 1 || s.Sign != 0 || r.Tested != 1 || !math.IsNaN(s.Low) {
		t.Errorf("%+v", s)
	}
	other := options(2, 100)
	other.Window.APlus, other.Window.AMinus = -2, 0.5
	d2 := NewCounter(other)
	d2.Observe(train(twoBlocks))
	r = d2.Test(TestOptions{Level: 0.05, Replicates: 100})
	if a, b := r.At(1, 0), r.At(0, 1); math.Abs(a.SAL-0.1*(0.5*c01-2*c10)) > 1e-14 || math.Abs(b.SAL-0.1*(0.5*c10-2*c01)) > 1e-14 || a.T != s.T {
		t.Errorf("with other amplitudes %v, %v", a.SAL, b.SAL)
	}
	r = c.Test(TestOptions{Level: 0.05, MinWeight: 4})
	if s := r.At(1, 0); r.Tested != 0 || r.Skipped != 1 || !math.IsNaN(s.P) || !math.IsNaN(s.Q) || s.SE == 0 || !strings.Contains(r.Warnings[1], "1 of 1 pairs") {
		t.Errorf("too little weight: %+v, %v", s, r.Warnings)
	}
	// Silence, and one neuron alone.
	r = NewCounter(options(3, 100)).Test(salTest)
	if r.Tested != 0 || r.Skipped != 3 || !math.IsNaN(r.At(2, 1).SE) || r.At(2, 1).SAL != 0 {
		t.Errorf("silence: %+v", r.At(2, 1))
	}
	if r = NewCounter(options(1, 100)).Test(salTest); len(r.Synapses) != 0 {
		t.Error("one neuron has synapses")
	}
}

// poisson returns independent trains with the given mean intervals, in ticks.
func poisson(seed uint64, end int64, mean []float64) (events []spike.Event) {
	for i, m := range mean {
		s := random.NewSource(random.New(seed, random.Spikes, uint64(i), 77))
		before := int64(-1)
		for at := m * s.Exp(); at < float64(end); at += m * s.Exp() {
			if t := int64(at); t > before {
				events = append(events, spike.Event{Time: t, Neuron: int32(i)})
				before = t
			}
		}
	}
	slices.SortStableFunc(events, func(a, b spike.Event) int {
		if a.Time < b.Time {
			return -1
		} else if a.Time > b.Time {
			return 1
		}
		return 0
	})
	return events
}

// binomialTail returns P(X >= k) for n trials of probability p.
func binomialTail(k, n int, p float64) float64 {
	if k <= 0 {
		return 1
	}
	return mathext.RegIncBeta(float64(k), float64(n-k+1), p)
}

// falseAlarms analyses independent Poisson trains of very different rates and counts the recordings
// with any significant pair, and the pairs with P <= 0.05.
func falseAlarms(recordings int, blocks int, rates []float64, end int64) (any, pairs, tested int) {
	for seed := range recordings {
		c := NewCounter(CounterOptions{Neurons: len(rates), End: end, Window: sal.Window(synapse.Half{Tau: 1e5}), MaxLag: 1e6, Bin: 1e4, Blocks: blocks})
		c.Observe(poisson(uint64(seed), end, rates))
		o := salTest
		o.Replicates = 0
		r := c.Test(o)
		if r.Rejected > 0 {
			any++
		}
		tested += r.Tested
		for _, s := range r.Synapses {
			if s.Post > s.Pre && s.P <= 0.05 {
				pairs++
			}
		}
	}
	return any, pairs, tested
}

func rates(n int) (mean []float64) {
	for k := range n {
		mean = append(mean, 4e5*math.Pow(10, float64(k)/float64(n)))
	}
	return mean
}

// TestFalseAlarms: on independent Poisson trains (mean intervals of 4 to 40 tau) at most 5 % of
// recordings have a significant pair, and 5 % of the pairs P <= 0.05. It fails with probability
// 1e-5 if the rates are those stated.
func TestFalseAlarms(t *testing.T) {
	checkFalseAlarms(t, 60, 8, 50, 4e8)
}

func TestFalseAlarmsLong(t *testing.T) {
	testenv.NeedsLong(t)
	checkFalseAlarms(t, 1000, 8, 50, 4e8)
	checkFalseAlarms(t, 1000, 8, 10, 4e8)
	checkFalseAlarms(t, 1000, 30, 50, 4e8)
	checkFalseAlarms(t, 1000, 8, 50, 6e7) // sparse: hardly a spike in a block
}

func checkFalseAlarms(t *testing.T, recordings, n, blocks int, end int64) {
	t.Helper()
	any, pairs, tested := falseAlarms(recordings, blocks, rates(n), end)
	t.Logf("%d neurons, %d blocks: %d of %d recordings with a false alarm, %d of %d pairs with P <= 0.05 (%.4f)", n, blocks, any, recordings, pairs, tested, float64(pairs)/float64(tested))
	if binomialTail(any, recordings, 0.05) < 1e-5 || binomialTail(pairs, tested, 0.05) < 1e-5 || tested == 0 {
		t.Error("too many")
	}
}

// network has asymmetric weights, excitatory and inhibitory.
func network(t testing.TB, seed uint64) sampling.Engine {
	e, err := sampling.New(sampling.Config{Neurons: 3, TauRef: 20})
	if err != nil {
		t.Fatal(err)
	}
	e.SetNetwork(sampling.Network{Weights: []float64{0, 1.2, -0.5, 0.4, 0, 0.3, -0.5, -0.9, 0}, Bias: []float64{0.3, -0.4, 0}})
	e.Seed(seed, 1)
	return e
}

// record analyses a stretch of a simulation.
func record(e sampling.Engine, steps int64, blocks int) *Counter {
	start := e.Now()
	c := NewCounter(CounterOptions{Neurons: 3, Start: start, End: start + steps, Window: sal.Window(synapse.Half{Tau: 20}), MaxLag: 100, Bin: 1, Blocks: blocks})
	buf := make([]spike.Event, 0, 1<<14)
	for done := false; !done; {
		var events []spike.Event
		events, done = e.Advance(start+steps, buf)
		c.Observe(events)
	}
	return c
}

// misses counts intervals that do not hold the truth, which comes from a run long enough to have an
// error of at most a hundredth of an interval's length.
func misses(t *testing.T, trains int, steps int64, blocks, replicates int, truth *Statistics) (missed, all int) {
	e := network(t, 5)
	for range trains {
		o := salTest
		o.Replicates = replicates
		r := record(e, steps, blocks).Test(o)
		for i := range 3 {
			for j := range i {
				s, w := r.At(i, j), truth.At(i, j).SAL
				all++
				if !(s.Low <= w && w <= s.High) {
					missed++
				}
				if m := r.At(j, i); m.Low != -s.High || m.SAL != -s.SAL {
					t.Fatalf("the synapses %d,%d are no mirror images", i, j)
				}
			}
		}
	}
	return missed, all
}

// TestCoverage: intervals of simulated trains with asymmetric weights hold the drift found in a
// very long run at the nominal rate, 95 %. Bounds allow for one percentage point of error of the
// method, and otherwise fail with probability 1e-4.
func TestCoverage(t *testing.T) {
	checkCoverage(t, 100, 20000, 2e7, 40, 400)
}

func TestCoverageLong(t *testing.T) {
	testenv.NeedsLong(t)
	checkCoverage(t, 1500, 40000, 1e9, 50, 1000)
	checkCoverage(t, 1500, 40000, 1e9, 20, 1000)
}

func checkCoverage(t *testing.T, trains int, steps, truthSteps int64, blocks, replicates int) {
	t.Helper()
	truth := record(network(t, 99), truthSteps, 50).Test(salTest)
	missed, all := misses(t, trains, steps, blocks, replicates, truth)
	t.Logf("%d blocks: %d of %d intervals miss (%.2f %%)", blocks, missed, all, 100*float64(missed)/float64(all))
	if binomialTail(missed, all, 0.06) < 1e-4/2 || 1-binomialTail(missed+1, all, 0.04) < 1e-4/2 {
		t.Error("coverage is not nominal")
	}
	if s := truth.At(0, 1); !(s.SAL < 0 && s.Sign == -1 && truth.At(1, 0).Sign == 1) {
		t.Errorf("W[0][1] = 1.2 is stronger than W[1][0] = 0.4, but its drift is %v", s.SAL)
	}
	if s := truth.At(2, 1); s.Sign != 1 {
		t.Errorf("W[2][1] = -0.9 is weaker than W[1][2] = 0.3, but its drift is %v", s.SAL)
	}
}

// TestReproducible: the result is a function of train and options; other seeds move only the
// intervals.
func TestReproducible(t *testing.T) {
	events, end := randomTrain(3, 12, 30000, 5)
	var want *Statistics
	for threads := range 4 {
		c := NewCounter(CounterOptions{Neurons: 12, End: end, Window: sal.Window(synapse.Half{Tau: 10}), MaxLag: 50, Bin: 5, Blocks: 20, Threads: threads})
		c.Observe(events)
		o := salTest
		o.Seed = 3
		r := c.Test(o)
		if want == nil {
			want = r
			o.Seed = 4
			if other := c.Test(o); other.At(1, 0).P != r.At(1, 0).P || other.At(1, 0).Low == r.At(1, 0).Low {
				t.Error("the seed does not move the intervals only")
			}
		}
		if fmt.Sprint(r) != fmt.Sprint(want) {
			t.Errorf("%d threads give another result", threads)
		}
	}
}

// TestWarnings: short blocks, correlated blocks, a coarse grid of time.
func TestWarnings(t *testing.T) {
	has := func(r *Statistics, text string) bool {
		return slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, text) })
	}
	run := func(events []spike.Event, n int, end int64, tau float64, blocks int) *Statistics {
		c := NewCounter(CounterOptions{Neurons: n, End: end, Window: sal.Window(synapse.Half{Tau: tau}), MaxLag: int64(5 * tau), Bin: 1, Blocks: blocks})
		c.Observe(events)
		return c.Test(salTest)
	}
	events := poisson(1, 1e6, []float64{50, 80})
	if r := run(events, 2, 1e6, 20, 50); len(r.Warnings) != 0 {
		t.Errorf("%v", r.Warnings)
	}
	if r := run(events, 2, 1e6, 20, 5000); !has(r, "a block is only 10 tau long") {
		t.Errorf("short blocks: %v", r.Warnings)
	}
	// Neuron 1 follows 0, then leads it, for a tenth of the recording each.
	var shifted []spike.Event
	for k := range int64(20000) {
		late := int32(k / 2000 % 2)
		shifted = append(shifted, spike.Event{Time: 50 * k, Neuron: late}, spike.Event{Time: 50*k + 3 + k%5, Neuron: 1 - late})
	}
	if r := run(shifted, 2, 1e6, 20, 100); !has(r, "successive blocks are correlated") {
		t.Errorf("drifting asymmetry: %v, memory %v", r.Warnings, r.Memory)
	}
	// Independent neurons that fire in every second and in every twentieth step.
	if r := run(poisson(1, 1e6, []float64{1.5, 20}), 2, 1e6, 20, 50); r.Rejected != 1 || !has(r, "no larger than what the resolution of time") {
		t.Errorf("coarse grid: %v, %+v", r.Warnings, r.At(1, 0))
	}
}

func TestTestOptions(t *testing.T) {
	for want, change := range map[string]func(*TestOptions){
		"Level = 1":       func(o *TestOptions) { o.Level = 1 },
		"Replicates = 99": func(o *TestOptions) { o.Replicates = 99 },
		"MinWeight = -1":  func(o *TestOptions) { o.MinWeight = -1 },
	} {
		o := salTest
		change(&o)
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := salTest.Validate(); err != nil || reflect.DeepEqual(salTest, TestOptions{}) {
		t.Error(err)
	}
}

func BenchmarkTest(b *testing.B) {
	c := NewCounter(CounterOptions{Neurons: 100, End: 1e6, Window: sal.Window(synapse.Half{Tau: 10}), MaxLag: 50, Bin: 1, Blocks: 50})
	events, _ := randomTrain(3, 100, 200000, 3)
	c.Observe(events)
	o := salTest
	o.Replicates = 1000
	for b.Loop() {
		c.Test(o)
	}
}
