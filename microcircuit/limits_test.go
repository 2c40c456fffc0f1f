package microcircuit

import (
	"math"
	"slices"
	"strings"
	"testing"

	"spikealign/internal/random"
	"spikealign/spike"
)

// TestOwnBiases (docs/model.md, section 7): neurons of different biases, each interneuron with that
// of the neuron that it predicts, at rest and in any phase to the bit of the oracle.
func TestOwnBiases(t *testing.T) {
	s := random.New(6, random.InitialBias, 0, 0)
	for _, dims := range [][]int{{2, 3, 2}, {2, 2, 3, 4, 2}} {
		w := uniformWeights(dims, 2, 6)
		for l := range w.Bias {
			for i := range w.Bias[l] {
				w.Bias[l][i] = 2*s.Float64() - 2
			}
		}
		c := config(SAL, dims...)
		c.Tau, c.Window, c.Lag, c.LambdaApical = 3, 30, 20, 0.3
		n := mustNetwork(t, c, w)
		u := n.Potentials(nil)
		want := make([]float64, dims[0]) // inputs are 0
		for l := 1; l < len(dims); l++ {
			want = append(want, w.Bias[l-1]...)
		}
		for l := 2; l < len(dims); l++ {
			want = append(want, w.Bias[l-1]...)
		}
		for i := range want {
			if len(u) != len(want) || !(math.Abs(u[i]-want[i]) <= 1e-10) {
				t.Fatalf("%v: potentials at rest %v, want the biases %v", dims, u, want)
			}
		}
		agree(t, c, w, 17, 6, 150)
	}
}

// TestAllSpikeAndLearn: where every neuron but the inputs spikes in every step, learning still goes
// by the spikes of the step before, not by those of this one.
func TestAllSpikeAndLearn(t *testing.T) {
	c := config(SAL, 2, 2, 1)
	c.Tau, c.Window, c.Lag = 1, 20, 10
	c.RateUp, c.RateDown = []float64{0.1, 0.1}, []float64{0.05}
	w := uniformWeights(c.Dims, 1, 8)
	for _, b := range w.Bias {
		for i := range b {
			b[i] = 12
		}
	}
	agree(t, c, w, 3, 6, 100)
}

// TestTeachersPatternsAreNotTold: reports of patterns begin with the first epoch.
func TestTeachersPatternsAreNotTold(t *testing.T) {
	d := example("teacher")
	d.Patterns = true
	tr, told := mustTrainer(t, d), 0
	for !tr.Done() {
		if p := tr.Step().Pattern; p != nil {
			if p.Epoch != int64(told/5) && !p.Validation || p.Epoch < 0 {
				t.Errorf("pattern %d is of epoch %d", told, p.Epoch)
			}
			if !p.Validation {
				told++
			}
		}
	}
	if told != 15 {
		t.Errorf("%d patterns of 3 epochs told, want 15", told)
	}
}

// TestRestoredOverARun: a state replaces whatever the network did before it.
func TestRestoredOverARun(t *testing.T) {
	c := config(SAL, 2, 3, 2)
	c.Tau, c.Window, c.Lag = 4, 30, 0
	w := uniformWeights(c.Dims, 2, 6)
	a, b := mustNetwork(t, c, w), mustNetwork(t, c, w)
	a.Present([]float64{1, -1}, []float64{1, 1}, Learn)
	a.Advance(101, nil)
	state, err := a.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, phase := range []Phase{Learn, Align, Test} {
		b.Present([]float64{3, 3}, []float64{-1, 1}, phase)
		b.Advance(b.Now()+77, nil)
	}
	if err := b.UnmarshalBinary(state); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		x, _ := a.Advance(a.Now()+1, make([]spike.Event, 0, 20))
		y, _ := b.Advance(b.Now()+1, make([]spike.Event, 0, 20))
		if !slices.Equal(x, y) || !slices.Equal(a.Potentials(nil), b.Potentials(nil)) {
			t.Fatalf("step %d: spikes %v and potentials %v, want %v and %v", a.Now()-1, y, b.Potentials(nil), x, a.Potentials(nil))
		}
	}
}

// TestEveryStepASpike: with tau 1 neurons that are certain to spike do so in every step, all at
// once.
func TestEveryStepASpike(t *testing.T) {
	c := config(FA, 3, 3)
	c.Tau = 1
	n := mustNetwork(t, c, Weights{Up: [][]float64{make([]float64, 9)}, Bias: [][]float64{{60, 60, 60}}})
	n.Present([]float64{60, 60, 60}, nil, Test)
	events, _ := n.Advance(100, make([]spike.Event, 0, 1000))
	if len(events) != 600 || n.Spikes() != 600 {
		t.Fatalf("%d spikes of 6 neurons in 100 steps, %d counted", len(events), n.Spikes())
	}
	for k, e := range events {
		if e != (spike.Event{Time: int64(k / 6), Neuron: int32(k % 6)}) {
			t.Fatalf("spike %d is %v", k, e)
		}
	}
	n.BeginMeans()
	n.Advance(101, nil) // one step is a stretch
	if m := n.Means(); m.Steps != 1 || m.Rate[0][0] != 1 || m.Rate[1][2] != 1 {
		t.Errorf("means of one step: %+v", m)
	}
}

// TestOdds: the odds of a spike are e^u/tau, within a few units in the last place, for potentials
// from -700 to 301; beyond they stay at least as small, and large but finite even in products of
// two.
func TestOdds(t *testing.T) {
	for _, tau := range []int64{1, 10} {
		o := newOddsTable(tau)
		s := random.New(7, random.Spikes, 0, 0)
		for range 20000 {
			u := fixed(-700 + 1001*s.Float64())
			// The value of u that the table sees, to the last unit.
			want := math.Exp(float64(u)*unit) / float64(tau)
			// e^u itself to 1e-13 at |u| = 700
			if got := o.at(u); !(math.Abs(got/want-1) <= 2e-13) {
				t.Fatalf("u = %v: odds %v, want %v", float64(u)*unit, got, want)
			}
		}
		for range 2000 { // where a unit of u weighs less than the rounding of a product
			u := fixed(2*s.Float64() - 1)
			want := math.Exp(float64(u)*unit) / float64(tau)
			if got := o.at(u); !(math.Abs(got/want-1) <= 1e-15) {
				t.Fatalf("u = %v: odds %v, want %v", float64(u)*unit, got, want)
			}
		}
		for _, u := range []float64{-701, -1024, -5000, -60000} {
			if got := o.at(fixed(u)); !(got >= 0 && got <= math.Exp(-699)) {
				t.Errorf("u = %v: odds %v", u, got)
			}
		}
		for _, u := range []float64{301, 322.9, 323, 324, 1024, 5000, 60000} {
			if got := o.at(fixed(u)); !(got >= math.Exp(299)/float64(tau)) || math.IsInf(got*got, 1) {
				t.Errorf("u = %v: odds %v", u, got)
			}
		}
	}
}

// TestBounds: how large weights, layers and windows may be.
func TestBounds(t *testing.T) {
	dims := func(layers int, wide ...int) []int {
		return append(slices.Repeat([]int{1}, layers-len(wide)), wide...)
	}
	for _, c := range []struct {
		window int64
		dims   []int
		bound  float64
	}{
		{1, dims(2), 1024},
		{1 << 15, dims(2), 1024},
		{1 << 16, dims(2), 512},
		{2000, []int{784, 1}, (1 << 25) / (2000. * 784)},
		{1, []int{1, 100, 1}, 655.36},
	} {
		n := config(FA, c.dims...)
		n.Window = c.window
		if got := n.Bound(); got != c.bound {
			t.Errorf("window %d, layers %v: bound %v, want %v", c.window, c.dims, got, c.bound)
		}
		for _, x := range []struct {
			clip  float64
			valid bool
		}{{c.bound, true}, {math.Nextafter(c.bound, 2000), false}, {0, true}, {-1, false}} {
			n.Clip = x.clip
			if ps := n.Validate(); (len(ps) == 0) != x.valid {
				t.Errorf("window %d, layers %v, clip %v: %v", c.window, c.dims, x.clip, ps)
			}
		}
		n.Clip = 0
		w := Weights{}
		for l := 1; l < len(c.dims); l++ {
			w.Up, w.Bias = append(w.Up, make([]float64, c.dims[l]*c.dims[l-1])), append(w.Bias, make([]float64, c.dims[l]))
			if l+1 < len(c.dims) {
				w.Down = append(w.Down, make([]float64, c.dims[l]*c.dims[l+1]))
			}
		}
		for _, x := range []struct {
			to    *float64
			limit float64
		}{{&w.Up[0][0], c.bound}, {&w.Bias[0][0], 64}} {
			for _, sign := range []float64{-1, 1} {
				*x.to = sign * x.limit
				if ps := w.Validate(n); len(ps) != 0 {
					t.Errorf("%v: %v", *x.to, ps)
				}
				*x.to = sign * math.Nextafter(x.limit, 2000)
				if ps := w.Validate(n); len(ps) != 1 {
					t.Errorf("%v: %v", *x.to, ps)
				}
				if _, err := NewNetwork(n, w); err == nil || !strings.HasPrefix(err.Error(), "microcircuit: ") {
					t.Errorf("%v in a network: %v", *x.to, err)
				}
			}
			*x.to = math.NaN()
			if ps := w.Validate(n); len(ps) != 1 {
				t.Errorf("NaN: %v", ps)
			}
			*x.to = 0
		}
	}
	for _, c := range []struct {
		window int64
		dims   []int
		valid  bool
	}{
		{1 << 18, dims(256), true},
		{1 << 18, dims(257), false},       // layers
		{1 << 18, dims(256, 2), true},     // 256 neurons times 2^18 steps
		{1 << 18, dims(256, 2, 2), false}, // 257
		{1<<18 + 1, dims(2), false},
		{0, dims(2), false},
		{1, dims(1), false},
		{1, []int{1, 0}, false},
		{1, []int{1, 1<<16 + 1}, false},        // a bound below 1
		{1, []int{1 << 13, 1 << 13, 1}, true},  // 2^26 synapses
		{1, []int{1 << 13, 1 << 14, 1}, false}, // 2^27
		{1, []int{1 << 14, 1 << 13, 1}, false},
	} {
		n := config(FA, c.dims...)
		n.Window, n.RateUp = c.window, []float64{0.1}
		if ps := n.Validate(); (len(ps) == 0) != c.valid {
			t.Errorf("window %d, %d layers up to %d: %v", c.window, len(c.dims), slices.Max(c.dims), ps)
		}
	}
}

// TestPresentRefuses: inputs and targets beyond 64, and phases that are none.
func TestPresentRefuses(t *testing.T) {
	n := mustNetwork(t, config(FA, 1, 1), uniformWeights([]int{1, 1}, 1, 1))
	n.Present([]float64{64}, []float64{-64}, Align)
	for name, f := range map[string]func(){
		"input":  func() { n.Present([]float64{64.001}, nil, Test) },
		"NaN":    func() { n.Present([]float64{math.NaN()}, nil, Test) },
		"target": func() { n.Present([]float64{0}, []float64{-64.001}, Test) },
		"phase":  func() { n.Present([]float64{0}, nil, Align+Learn+Test+1) },
	} {
		func() {
			defer func() {
				if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "microcircuit: ") {
					t.Errorf("%s: panic %q", name, s)
				}
			}()
			f()
		}()
	}
}

// TestRatesForAll: one rate stands for all layers.
func TestRatesForAll(t *testing.T) {
	one, each := config(SAL, 2, 3, 4, 2), config(SAL, 2, 3, 4, 2)
	one.RateUp, one.RateDown = []float64{0.1}, []float64{0.2}
	each.RateUp, each.RateDown = []float64{0.1, 0.1, 0.1}, []float64{0.2, 0.2}
	w := uniformWeights(one.Dims, 2, 6)
	var states [][]byte
	for _, c := range []Config{one, each} {
		c.Lag = 0
		n := mustNetwork(t, c, w)
		for _, phase := range []Phase{Learn, Align} {
			n.Present([]float64{1, 1}, []float64{1, -1}, phase)
			n.Advance(n.Now()+200, nil)
		}
		b, err := n.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		states = append(states, b)
	}
	if !slices.Equal(states[0], states[1]) {
		t.Error("one rate for all gives another network than the same rate for each")
	}
	if fixed := mustNetwork(t, one, w); !slices.Equal(fixed.Config().RateUp, each.RateUp) || !slices.Equal(fixed.Config().RateDown, each.RateDown) {
		t.Errorf("rates %v, %v", fixed.Config().RateUp, fixed.Config().RateDown)
	}
}

// TestSpikesOfATraining: the spikes that the steps of a training give are the student's, all of
// them and in order of time, from the first epoch on; those of a teacher are not among them.
func TestSpikesOfATraining(t *testing.T) {
	for _, kind := range examples {
		tr := mustTrainer(t, example(kind))
		count, last := int64(0), spike.Event{Neuron: -1}
		for !tr.Done() {
			for _, e := range tr.Step().Spikes {
				if e.Time < last.Time || e.Time == last.Time && e.Neuron <= last.Neuron {
					t.Fatalf("%s: spike %v after %v", kind, e, last)
				}
				last = e
				count++
			}
			if count != tr.Spikes() {
				t.Fatalf("%s: %d spikes up to step %d, %d counted", kind, count, tr.Steps(), tr.Spikes())
			}
		}
		if count == 0 || last.Time >= tr.Steps() {
			t.Errorf("%s: %d spikes, the last at %d of %d", kind, count, last.Time, tr.Steps())
		}
	}
}

// TestSamplesOfYinYang: points are the same for a seed whatever their number, others for another
// seed and for the validation; classes take turns.
func TestSamplesOfYinYang(t *testing.T) {
	y := YinYang{Train: 6, Validation: 6, Low: 0, High: 1, On: 1, Off: -1}
	a, again, b := y.Task(3), YinYang{Train: 60, Validation: 20, Low: 0, High: 1, On: 1, Off: -1}.Task(3), y.Task(4)
	seen := map[float64]bool{}
	for _, set := range [][]Pattern{a.Train, a.Validation, b.Train, b.Validation} {
		for k, p := range set {
			if *p.Class != k%3 || seen[p.Input[0]] {
				t.Errorf("point %d of class %d at %v, drawn before: %v", k, *p.Class, p.Input, seen[p.Input[0]])
			}
			seen[p.Input[0]] = true
		}
	}
	for k := range 6 {
		if !slices.Equal(a.Train[k].Input, again.Train[k].Input) || !slices.Equal(a.Validation[k].Input, again.Validation[k].Input) {
			t.Errorf("point %d depends on how many there are", k)
		}
	}
	// must not change
	const goldenPoint, goldenValidation = 0x1.06d4d17176cfep-2, 0x1.b40e3f2f1c3eap-2
	if x, v := a.Train[0].Input[0], a.Validation[0].Input[0]; x != goldenPoint || v != goldenValidation {
		t.Errorf("first points at %b and %b, want %b and %b", x, v, goldenPoint, goldenValidation)
	}
}

// TestOneClass: with one class every pattern belongs to it.
func TestOneClass(t *testing.T) {
	for class, valid := range map[int]bool{-1: false, 0: true, 1: false} {
		d := example("sal")
		d.Task.Classes = 1
		for k := range d.Task.Train {
			d.Task.Train[k].Class = nil
		}
		for k := range d.Task.Validation {
			d.Task.Validation[k].Class = new(class)
		}
		if _, err := NewTrainer(d); (err == nil) != valid {
			t.Errorf("class %d of one: %v", class, err)
		}
	}
}

// TestClassOfTarget: a pattern without a class is of that of its largest target, where this is
// plain.
func TestClassOfTarget(t *testing.T) {
	for _, c := range []struct {
		classes int
		class   *int
		target  []float64
		want    int
		ok      bool
	}{
		{2, nil, []float64{-1, 1}, 1, true},
		{3, nil, []float64{-1, -3, -2}, 0, true},
		{3, new(2), []float64{-1, -3, -2}, 2, true}, // given
		{3, nil, []float64{0, 1, 1}, 0, false},      // two are the largest
		{2, nil, []float64{0, 1, 0}, 0, false},      // which output is no class?
		{2, nil, nil, 0, false},                     // the teacher's
		{1, nil, nil, 0, true},
		{0, nil, []float64{-1, 1}, 0, false},
	} {
		class, ok := Task{Classes: c.classes}.Class(Pattern{Target: c.target, Class: c.class})
		if ok != c.ok || ok && class != c.want {
			t.Errorf("%d classes, target %v: class %d, %v, want %d, %v", c.classes, c.target, class, ok, c.want, c.ok)
		}
	}
}
