package microcircuit

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"spikealign/spike"
)

// TestMeansByHand: means over a stretch are the sums over its steps divided by their number, of
// potentials, spikes and the weights at the ends of the steps, while they learn (docs/model.md,
// section 7); a stretch may begin anywhere, and is not the sliding window.
func TestMeansByHand(t *testing.T) {
	for _, method := range []Method{SAL, BP} {
		c := config(method, 2, 3, 2, 2)
		c.Window, c.Lag, c.Tau, c.LambdaApical = 40, 0, 5, 0.3
		c.RateUp, c.RateDown = []float64{0.1, 0.1, 0.1}, []float64{0.1, 0.1}
		w := uniformWeights(c.Dims, 2, 3)
		n := mustNetwork(t, c, w)
		top := len(c.Dims) - 1
		for stretch, phase := range []Phase{Learn, Align, Learn, Test} {
			n.Present([]float64{1, 2}, []float64{0.5, -1}, phase)
			n.Advance(n.Now()+33, nil)
			n.BeginMeans()
			steps := 25 + 60*stretch
			u := make([]float64, n.Neurons())
			count := make([]float64, n.Neurons())
			up, down := make([][]float64, top), make([][]float64, top-1)
			add := func(to *[]float64, x []float64) {
				if *to == nil {
					*to = make([]float64, len(x))
				}
				for i, v := range x {
					(*to)[i] += v / float64(steps)
				}
			}
			learned := 0.0
			for range steps {
				before := n.Up(top)[0] + n.Down(1)[0]
				events, _ := n.Advance(n.Now()+1, make([]spike.Event, 0, n.Neurons()))
				for _, e := range events {
					count[e.Neuron]++
				}
				add(&u, n.Potentials(nil))
				for l := 1; l <= top; l++ {
					add(&up[l-1], n.Up(l))
					if l < top {
						add(&down[l-1], n.Down(l))
					}
				}
				learned += math.Abs(n.Up(top)[0] + n.Down(1)[0] - before)
			}
			if (learned == 0) != (phase == Test || method == BP && phase == Align) {
				t.Errorf("%v, phase %v: weights moved by %v", method, phase, learned)
			}
			m := n.Means()
			if m.Steps != int64(steps) {
				t.Errorf("%d steps, want %d", m.Steps, steps)
			}
			// sums of up to 205 numbers; weights and potentials are multiples of 2^-36 = 1.5e-11
			all := func(what string, got, want []float64) {
				t.Helper()
				for i := range want {
					if len(got) != len(want) || !(math.Abs(got[i]-want[i]) <= 1e-9) {
						t.Errorf("%v, phase %v: %s %v, want %v", method, phase, what, got, want)
						return
					}
				}
			}
			at := c.Dims[0]
			for l := 1; l <= top; l++ {
				all(fmt.Sprintf("Up(%d)", l), m.Up[l-1], up[l-1])
				if l < top {
					all(fmt.Sprintf("Down(%d)", l), m.Down[l-1], down[l-1])
				}
				all(fmt.Sprintf("potential of layer %d", l), m.Potential[l-1], u[at:at+c.Dims[l]])
				sum := make([]float64, c.Dims[l])
				for i := range sum {
					sum[i] = w.Bias[l-1][i] + m.Basal[l-1][i] + m.Extra[l-1][i]
				}
				all(fmt.Sprintf("parts of the potential of layer %d", l), sum, u[at:at+c.Dims[l]])
				at += c.Dims[l]
			}
			at = 0
			for _, r := range m.Rate {
				want := make([]float64, len(r))
				for i := range want {
					want[i] = count[at+i] / float64(steps)
				}
				all("rates", r, want)
				at += len(r)
			}
			if at != n.Neurons() {
				t.Errorf("rates of %d neurons, want %d", at, n.Neurons())
			}
			var mean, free [2]float64
			n.OutputMeans(mean[:], free[:])
			all("output", mean[:], m.Potential[top-1])
			for i, b := range m.Basal[top-1] {
				free[i] -= w.Bias[top-1][i] + b
			}
			all("output without its nudge, less basal potential and bias", free[:], []float64{0, 0})
		}
	}
}

// TestLongMeans: a potential near the largest, summed over a million steps, does not overflow: the
// sum is 2^36 units times 1000 times 10^6, above 2^63.
func TestLongMeans(t *testing.T) {
	c := config(FA, 1, 1)
	c.Window, c.Tau, c.RateUp = 2, 1, []float64{0}
	n := mustNetwork(t, c, Weights{Up: [][]float64{{1000}}, Bias: [][]float64{{0}}})
	n.Present([]float64{64}, nil, Test) // with tau 1 the input spikes in every step
	n.Advance(10, nil)
	n.BeginMeans()
	n.Advance(1_000_010, nil)
	if m := n.Means(); !(math.Abs(m.Basal[0][0]-1000) <= 1e-6) || m.Rate[0][0] != 1 {
		t.Errorf("mean basal potential %v at a rate of %v, want 1000 at 1", m.Basal[0][0], m.Rate[0][0])
	}
	n.BeginMeans()
	defer func() {
		if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "microcircuit: ") {
			t.Errorf("means of no step: panic %q", s)
		}
	}()
	n.Means()
}

// TestOddsFollowPotentials: after every step each neuron that is not refractory has the odds
// e^u/tau of its present potential (docs/model.md, section 7), also while the nudge moves little by
// little, or in jumps because the window is short.
func TestOddsFollowPotentials(t *testing.T) {
	for _, window := range []int64{1, 2, 7, 300} {
		c := config(SAL, 2, 2, 2)
		c.Window, c.Lag, c.Tau = window, 0, 4
		c.RateUp, c.RateDown = []float64{0.05, 0.05}, []float64{0.05}
		n := mustNetwork(t, c, uniformWeights(c.Dims, 3, 5))
		for _, phase := range []Phase{Learn, Align, Test} {
			n.Present([]float64{1, -1}, []float64{2, -2}, phase)
			for range 300 {
				n.Advance(n.Now()+1, nil)
				u := n.Potentials(nil)
				for i, p := range n.at {
					if p.number < 0 {
						continue
					}
					u := u[p.number]
					if want := math.Exp(u) / 4; !n.active[i] && !(math.Abs(n.growth[i]-1-want) <= 1e-12*(1+want)) {
						t.Fatalf("window %d, step %d: neuron %d at %v has the odds %v, want %v", window, n.Now(), i, u, n.growth[i]-1, want)
					}
				}
			}
		}
	}
}

// TestOracleAtBounds: with windows of a few steps, where the nudge jumps, and learning so fast that
// weights of both kinds lie at their bound most of the time, the network is the oracle's to the
// bit.
func TestOracleAtBounds(t *testing.T) {
	for _, window := range []int64{1, 2, 3, 7} {
		for _, method := range []Method{SAL, BP} {
			c := config(method, 2, 3, 2, 2)
			c.Tau, c.Window, c.Lag, c.LambdaApical, c.Clip = 3, window, 5, 0.3, 2.5
			c.RateUp, c.RateDown = []float64{2, 2, 2}, []float64{4, 4}
			agree(t, c, uniformWeights(c.Dims, 2, 7), 17, 6, 100)
			n := mustNetwork(t, c, uniformWeights(c.Dims, 2, 7))
			n.Present([]float64{2, 2}, []float64{2, -2}, Learn)
			n.Advance(200, nil)
			forward := n.Clipped()
			n.Present([]float64{2, 2}, []float64{2, -2}, Align)
			n.Advance(400, nil)
			if forward == 0 || method == SAL && n.Clipped() == forward {
				t.Errorf("window %d, %v: %d forward changes cut short, %d in all", window, method, forward, n.Clipped())
			}
			for l := 1; l < len(c.Dims); l++ {
				for _, w := range n.Up(l) {
					if !(math.Abs(w) <= 2.5) {
						t.Errorf("a forward weight of %v, bound 2.5", w)
					}
				}
			}
		}
	}
}

// TestAdvanceWithoutRoom: without a place for them spikes are not recorded; with one too small the
// simulation refuses; with the smallest possible it gives the same spikes as with a large one.
func TestAdvanceWithoutRoom(t *testing.T) {
	c := config(SAL, 2, 3, 2)
	c.Tau = 2
	fresh := func() *Network { return mustNetwork(t, c, uniformWeights(c.Dims, 2, 7)) }
	n := fresh()
	if events, done := n.Advance(200, nil); events != nil || !done || n.Spikes() == 0 || n.Now() != 200 {
		t.Errorf("%d events of %d spikes, done %v at %d", len(events), n.Spikes(), done, n.Now())
	}
	all, _ := fresh().Advance(200, make([]spike.Event, 0, 5000))
	m := fresh()
	var got []spike.Event
	for done := false; !done; {
		var events []spike.Event
		events, done = m.Advance(200, make([]spike.Event, 0, m.Neurons()))
		got = append(got, events...)
	}
	if fmt.Sprint(got) != fmt.Sprint(all) || int64(len(all)) != n.Spikes() {
		t.Errorf("%d spikes in small pieces, %d at once, %d counted", len(got), len(all), n.Spikes())
	}
	defer func() {
		if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "microcircuit: ") {
			t.Errorf("no room: panic %q", s)
		}
	}()
	m.Advance(300, make([]spike.Event, 0, m.Neurons()-1))
}

// TestReportByHand (docs/model.md, section 7): losses and accuracies of a report are those of the
// epoch's patterns: the mean squared error of the free output potential, and the share of patterns
// whose class has the largest of them.
func TestReportByHand(t *testing.T) {
	for _, classes := range []int{0, 2} {
		d := example("deep")
		d.Task.Classes = classes
		tr := mustTrainer(t, d)
		bias := d.Start.Bias[len(d.Start.Bias)-1]
		type tally struct{ loss, right, n float64 }
		var learn, test tally
		reports := 0
		for !tr.Done() {
			out := tr.Step()
			if p := out.Pattern; p != nil {
				patterns := d.Task.Train
				to := &learn
				if p.Validation {
					patterns, to = d.Task.Validation, &test
				}
				if p.Phase != Align {
					basal := p.Means.Basal[len(p.Means.Basal)-1]
					u := []float64{bias[0] + basal[0], bias[1] + basal[1]}
					goal := patterns[p.Pattern].Target
					to.loss += ((u[0]-goal[0])*(u[0]-goal[0]) + (u[1]-goal[1])*(u[1]-goal[1])) / 2
					if (*patterns[p.Pattern].Class == 1) == (u[1] > u[0]) {
						to.right++
					}
					to.n++
				}
			}
			r := out.Report
			if r == nil {
				if out.Pattern != nil && out.Pattern.Slot == d.EpochPatterns-1 && out.Pattern.Epoch == 1 {
					learn, test = tally{}, tally{} // the second epoch does not report
				}
				continue
			}
			reports++
			// basal potentials and losses hold means, which are multiples of 2^-36 = 1.5e-11
			near := func(what string, got, want float64) {
				t.Helper()
				if !(math.Abs(got-want) <= 1e-9) && !(math.IsNaN(got) && math.IsNaN(want)) {
					t.Errorf("%d classes, epoch %d: %s = %v, want %v", classes, r.Epoch, what, got, want)
				}
			}
			if learn.n != 3 || test.n != 2 {
				t.Fatalf("epoch %d: %v patterns learned, %v tested", r.Epoch, learn.n, test.n)
			}
			near("training loss", r.TrainLoss, learn.loss/3)
			near("loss", r.Loss, test.loss/2)
			near("nudged loss", r.LossNudged, 0.4*0.4*test.loss/2)
			right, trained := test.right/2, learn.right/3
			if classes == 0 {
				right, trained = math.NaN(), math.NaN()
			}
			near("accuracy", r.Accuracy, right)
			near("training accuracy", r.TrainAccuracy, trained)
			learn, test = tally{}, tally{}
		}
		if reports != 2 {
			t.Errorf("%d reports of 3 epochs, want those of the first and the last", reports)
		}
	}
}

// TestAnnouncedSteps: the steps of a training are known before, whether or not its last epoch would
// report anyway.
func TestAnnouncedSteps(t *testing.T) {
	for epochs := int64(1); epochs <= 7; epochs++ {
		for every := int64(1); every <= 4; every++ {
			d := example("sal")
			d.Epochs, d.ReportEvery, d.PatternSteps, d.Skip, d.Lag = epochs, every, 7, 0, 3
			tr := mustTrainer(t, d)
			reports := int64(0)
			for !tr.Done() {
				if tr.Step().Report != nil {
					reports++
				}
			}
			if want := epochs*5*7 + reports*2*7; tr.Steps() != tr.TotalSteps() || tr.Steps() != want {
				t.Errorf("%d epochs, reports every %d: %d steps, %d announced, want %d", epochs, every, tr.Steps(), tr.TotalSteps(), want)
			}
		}
	}
}

// TestClippedIsTold: changes that a weight's bound cut short are told, and only those.
func TestClippedIsTold(t *testing.T) {
	for _, clip := range []float64{0, 2.01} {
		d := example("sal")
		d.Clip, d.Skip, d.Lag = clip, 0, 0
		d.RateUp = []float64{1, 1}
		tr := mustTrainer(t, d)
		if w := tr.Warnings(); len(w) != 0 {
			t.Errorf("before the start: %q", w)
		}
		for !tr.Done() {
			tr.Step()
		}
		w := tr.Warnings()
		if told := len(w) == 1 && strings.Contains(w[0], fmt.Sprintf("%d weight changes", tr.Network().Clipped())); told != (clip > 0) {
			t.Errorf("bound %v: %q", clip, w)
		}
	}
}
