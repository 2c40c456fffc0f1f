package sampling

import (
	"fmt"
	"hash/fnv"
	"math"
	"testing"

	"spikealign/boltzmann"
	"spikealign/internal/random"
	"spikealign/settings"
	"spikealign/synapse"
)

// example is a short training of a few neurons; kind chooses among those that exercise every part
// of the trainer.
func example(kind string) Training {
	t := Training{
		Config: Config{Neurons: 4, TauRef: 20}, Seed: 7, Visible: 4, TeacherLength: 50,
		Course: Course{Epochs: 12, EpochLength: 20, ReportEvery: 4, ReportFactor: 3, ClipWeight: 2, ClipBias: 2, WakeLength: 10, Settle: 2, ClampBias: 10},
		Rates:  Rates{RateBias: 0.1, RateWeight: 0.1, RateSAL: 0.1},
		Pairs:  settings.Default[Settings]().Plasticity.Pairs,
	}
	switch kind {
	case "thinning":
		t.Engine = Thinning
	case "stepper":
		t.Engine = Stepper
	case "continuous":
		t.Config.Dynamics = Continuous
	case "authors":
		t.Timing = AuthorsTiming
	case "alpha":
		t.Config.PSP, t.Config.TauSyn, t.Config.Delay = synapse.Alpha, 7, 2
		t.Pairs = Pairs{synapse.ExponentialWindow, 15, synapse.Pairing{Kind: synapse.Nearest}}
	case "patterns":
		t.Visible = 2
		t.Patterns = [][]uint8{{0, 1}, {1, 0}}
	case "large":
		t.Config.Neurons, t.Visible = boltzmann.MaxNeurons+1, boltzmann.MaxNeurons+1
	}
	n := t.Config.Neurons
	net := randomNetwork(n, 0.5, false, 3)
	t.Weights, t.Bias = net.Weights, net.Bias
	if t.Patterns == nil {
		target := randomNetwork(n, 0.5, true, 4)
		t.TargetWeights, t.TargetBias = target.Weights, target.Bias
	}
	t.HebbianAmplitude = make([]float64, n*n)
	for k := range t.HebbianAmplitude {
		t.HebbianAmplitude[k] = 1 + 0.01*float64(k%3)
	}
	return t
}

var examples = []string{"event", "thinning", "stepper", "continuous", "authors", "alpha", "patterns", "large"}

// result is the hash of everything that a training tells, reports, weights and spikes; the training
// is saved and restored into a fresh trainer before the steps for which stop returns true.
func result(t *testing.T, training Training, stop func(step int) bool) string {
	t.Helper()
	tr, err := NewTrainer(training)
	if err != nil {
		t.Fatal(err)
	}
	h := fnv.New64a()
	for step := 0; !tr.Done(); step++ {
		if stop(step) {
			b, err := tr.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			if tr, err = NewTrainer(training); err != nil {
				t.Fatal(err)
			}
			if err := tr.UnmarshalBinary(b); err != nil {
				t.Fatalf("step %d: %v", step, err)
			}
		}
		events, report := tr.Step()
		fmt.Fprintln(h, events)
		if report != nil {
			fmt.Fprintf(h, "%b\n", []float64{float64(report.Epoch), float64(report.Steps), float64(report.Spikes), report.DKL, report.Floor, report.Asymmetry})
		}
	}
	w, b := tr.Weights()
	fmt.Fprintf(h, "%b %b", w, b)
	if tr.Steps() != tr.TotalSteps() {
		t.Errorf("%d steps simulated, %d announced", tr.Steps(), tr.TotalSteps())
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// TestTrainingResumes: saved and restored before any step, every step, or at random steps, a
// training gives the same spikes, reports and weights, bit for bit.
func TestTrainingResumes(t *testing.T) {
	for _, kind := range examples {
		training := example(kind)
		want := result(t, training, func(int) bool { return false })
		if got := result(t, training, func(int) bool { return true }); got != want {
			t.Errorf("%s: restored before every step: another result", kind)
		}
		s := random.New(1, random.Spikes, 0, 0)
		for range 5 {
			if got := result(t, training, func(int) bool { return s.Float64() < 0.1 }); got != want {
				t.Errorf("%s: restored now and then: another result", kind)
			}
		}
	}
}

// TestTrainingDoesNotDependOnTheBuffer: how many spikes a step may return changes nothing in the
// results.
func TestTrainingDoesNotDependOnTheBuffer(t *testing.T) {
	for _, kind := range examples {
		var want string
		for _, size := range []int{512, 1, 7, 100} {
			tr, err := NewTrainer(example(kind))
			if err != nil {
				t.Fatal(err)
			}
			tr.buf = tr.buf[:0:min(cap(tr.buf), tr.n+size)]
			text := ""
			for !tr.Done() {
				if _, r := tr.Step(); r != nil {
					text += fmt.Sprintf("%b\n", []float64{r.DKL, r.Floor, r.Asymmetry})
				}
			}
			w, b := tr.Weights()
			text += fmt.Sprintf("%b %b", w, b)
			if want == "" {
				want = text
			}
			if text != want {
				t.Errorf("%s: buffer of %d: another result", kind, size)
			}
		}
	}
}

// TestGoldenTrainings pins results. They may change only together with experiment's StateVersion.
func TestGoldenTrainings(t *testing.T) {
	want := map[string]string{
		"event": "5b94b819682b2cbb", "thinning": "335dc1245e47e93d", "stepper": "63fb16e851c3a0fd", "continuous": "ac72d859d89bf29c",
		"authors": "53d58f175ab4630d", "alpha": "a04c30e79a1d2d9f", "patterns": "2d3f6ef29c72bbf8", "large": "365547be9a92c2f1",
	}
	for _, kind := range examples {
		if got := result(t, example(kind), func(int) bool { return false }); got != want[kind] {
			t.Errorf("%q: %q, want %q", kind, got, want[kind])
		}
	}
}

// TestDamagedStates: cut short or with a changed byte, a state is refused or restored, but never
// panics.
func TestDamagedStates(t *testing.T) {
	for _, kind := range examples {
		training := example(kind)
		tr, err := NewTrainer(training)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			tr.Step()
		}
		b, err := tr.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range []int{0, 1, 3, 4, 11, 12, 40, len(b) / 2, len(b) - 9, len(b) - 1} {
			fresh, _ := NewTrainer(training)
			if fresh.UnmarshalBinary(b[:k]) == nil {
				t.Errorf("%s: a state of %d of %d bytes is accepted", kind, k, len(b))
			}
		}
		for k := 4; k < len(b); k += 1 + len(b)/400 {
			d := append([]byte(nil), b...)
			d[k] ^= 0x55
			fresh, _ := NewTrainer(training)
			_ = fresh.UnmarshalBinary(d)
		}
	}
}

// TestLearning (docs/model.md, section 4, claims of figure 4): with noisy synapses, SAL removes the
// asymmetry that stays without it, and the distribution learned is nearer to the target.
func TestLearning(t *testing.T) {
	final := func(rate float64) Report {
		training := example("event")
		training.Config.TauRef = 50
		training.Epochs, training.EpochLength, training.ReportEvery, training.ReportFactor = 4001, 500, 4000, 100
		training.RateBias, training.RateWeight, training.RateSAL = 0.02, 0.02, rate
		training.HebbianAmplitude = nil
		net := randomNetwork(4, 1, false, 3)
		training.Weights, training.Bias = net.Weights, net.Bias
		tr, err := NewTrainer(training)
		if err != nil {
			t.Fatal(err)
		}
		var last Report
		for !tr.Done() {
			if _, r := tr.Step(); r != nil {
				last = *r
			}
		}
		return last
	}
	without, with := final(0), final(0.02)
	t.Logf("without SAL: D_KL %.4f, asymmetry %.3f; with: D_KL %.4f, asymmetry %.5f; floor %.5f", without.DKL, without.Asymmetry, with.DKL, with.Asymmetry, with.Floor)
	if with.Asymmetry > 0.01*without.Asymmetry || with.DKL > 0.7*without.DKL || math.IsNaN(with.DKL) {
		t.Error("SAL does not help")
	}
}

func BenchmarkTraining7(b *testing.B) {
	training := example("event")
	n := 7
	training.Config, training.Visible = Config{Neurons: n, TauRef: 50}, n
	start, target := randomNetwork(n, 0.5, false, 3), randomNetwork(n, 0.5, true, 4)
	training.Weights, training.Bias, training.TargetWeights, training.TargetBias = start.Weights, start.Bias, target.Weights, target.Bias
	training.Epochs, training.EpochLength, training.ReportEvery, training.ReportFactor = 1<<40, 1000, 1<<40, 1
	training.HebbianAmplitude = nil
	training.RateBias, training.RateWeight, training.RateSAL = 0.01, 0.01, 0.01
	tr, err := NewTrainer(training)
	if err != nil {
		b.Fatal(err)
	}
	for tr.Epoch() < 2 {
		tr.Step()
	}
	first, spikes := tr.Epoch(), tr.Spikes()
	for b.Loop() {
		tr.Step()
	}
	ns := float64(b.Elapsed().Nanoseconds())
	b.ReportMetric(ns/float64(tr.Epoch()-first), "ns/epoch")
	b.ReportMetric(ns/float64(tr.Spikes()-spikes), "ns/spike")
	b.ReportMetric(0, "ns/op")
}
