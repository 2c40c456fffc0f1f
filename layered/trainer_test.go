package layered

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"spikealign/alignment"
	"spikealign/internal/testenv"
	"spikealign/settings"
	"spikealign/synapse"
)

func short(layers ...int) SAL {
	s := settings.Default[SAL]()
	s.Layers = layers
	s.Replicas = 2
	s.UpdateSteps = 500
	return s
}

func train(t *testing.T, s SAL, w Weights, seed uint64, until int64) *Trainer {
	t.Helper()
	tr, err := NewTrainer(s, w, Neurons{}, Synapses{}, seed)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(context.Background(), until); err != nil {
		t.Fatal(err)
	}
	return tr
}

// The change of a weight by hand: rate/(2 tau) times the mean over replicas of the pair sums.
func TestUpdate(t *testing.T) {
	s := short(4, 3)
	w := randomWeights(s.Layers, 5, 2)
	n, err := New(s.Config, w, Neurons{}, &Pairs{Window: s.Half(), Pairing: s.Pairing}, 7)
	if err != nil {
		t.Fatal(err)
	}
	n.Advance(500)
	sums := [][]float64{make([]float64, 12)}
	n.TakeSums(sums)
	amplitude := [][]float64{make([]float64, 12)}
	for k := range amplitude[0] {
		amplitude[0][k] = 1 + float64(k)/10
	}
	tr, err := NewTrainer(s, w, Neurons{}, Synapses{Amplitude: amplitude}, 7)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(context.Background(), 500); err != nil {
		t.Fatal(err)
	}
	for k, x := range sums[0] {
		want := w.Down[0][k] + 0.05/20*x*amplitude[0][k]
		// a few roundings, of 1e-16, of weights and sums below 100
		if got := tr.Down(0)[k]; math.Abs(got-want) > 1e-12 {
			t.Errorf("weight %d: %v, want %v", k, got, want)
		}
	}
}

// A common factor of all time constants is another time constant.
func TestTauOfSynapses(t *testing.T) {
	s := short(6, 4)
	w := randomWeights(s.Layers, 5, 2)
	twice := [][]float64{slices.Repeat([]float64{2}, 24)}
	a, err := NewTrainer(s, w, Neurons{}, Synapses{Tau: twice}, 7)
	if err != nil {
		t.Fatal(err)
	}
	s.WindowTau = 20
	s.RateSAL *= 2 // the update is divided by the common time constant
	b := train(t, s, w, 7, 5000)
	if err := a.Run(context.Background(), 5000); err != nil {
		t.Fatal(err)
	}
	for k, x := range a.Down(0) {
		// the same sums; in ten updates, roundings of 1e-16 of rates and changes
		if math.Abs(x-b.Down(0)[k]) > 1e-12 {
			t.Errorf("weight %d: %v, want %v", k, x, b.Down(0)[k])
		}
	}
}

// SAL finds the transposed forward weights from random, zero and wrong-sign feedback.
func TestAligns(t *testing.T) {
	s := short(12, 10)
	s.Replicas = 8
	s.UpdateSteps = 1250
	w := randomWeights(s.Layers, 5, 2)
	for k := range w.Bias {
		clear(w.Bias[k])
	}
	until := int64(500 * 1250)
	for name, start := range map[string]func(i, k int) float64{
		"random":   func(i, k int) float64 { return w.Down[0][i*10+k] },
		"zero":     func(i, k int) float64 { return 0 },
		"opposite": func(i, k int) float64 { return -w.Up[0][k*12+i] },
	} {
		from := w
		from.Down = [][]float64{make([]float64, 120)}
		for i := range 12 {
			for k := range 10 {
				from.Down[0][i*10+k] = start(i, k)
			}
		}
		// What the noise of the estimate leaves, by TestResidualAngle: variance .0014 at rate .2,
		// hence .00035 at .05, of weights from +-2/sqrt(12), variance .11: 3.2 degrees, with a
		// scatter of 7 % for 120 synapses. 6 degrees find a systematic 5, and 20 % another length
		// of the feedback.
		tr := train(t, s, from, 3, until)
		if a := alignment.Compare(w.Up[0], tr.Down(0), 12, 10); !(a.Angle < 6 && a.Ratio > 0.8 && a.Ratio < 1.2) {
			t.Errorf("from %s feedback: %+v", name, a)
		}
	}
}

// What is left of the angle is the noise of the estimate, which each update adds and learning takes
// away: its variance goes with the rate, at a given number of updates per time, and half of the
// rate with updates of twice the length leaves it as half of the rate alone does not.
func TestResidualAngle(t *testing.T) {
	testenv.NeedsLong(t)
	s := short(12, 10)
	s.Replicas = 8
	w := randomWeights(s.Layers, 5, 2)
	for k := range w.Bias {
		clear(w.Bias[k])
	}
	// from the solution, so that all of the angle is noise
	for i := range 12 {
		for k := range 10 {
			w.Down[0][i*10+k] = w.Up[0][k*12+i]
		}
	}
	variance := func(rate float64, steps int64) float64 {
		s.RateSAL, s.UpdateSteps = rate, steps
		tr, err := NewTrainer(s, w, Neurons{}, Synapses{}, 3)
		if err != nil {
			t.Fatal(err)
		}
		// after the time in which the start is forgotten, 40 looks that far apart
		sum := 0.0
		forget := int64(40 / rate * float64(1250))
		for k := range int64(41) {
			if err := tr.Run(context.Background(), (k+1)*forget/8); err != nil {
				t.Fatal(err)
			}
			if k > 8 {
				sum += alignment.Compare(w.Up[0], tr.Down(0), 12, 10).Variance
			}
		}
		return sum / 32
	}
	// The noise of one update and the pull back to the solution, both of unit rate, at fixed
	// weights: without learning, feedback too large by delta.
	const delta = 0.3
	noise, pull := 0.0, 0.0
	for _, shift := range []float64{0, delta} {
		down := slices.Clone(w.Down[0])
		for k := range down {
			down[k] += shift * float64(1-2*(k%2)) // both signs, so that rates stay
		}
		n, err := New(s.Config, Weights{Up: w.Up, Down: [][]float64{down}, Bias: w.Bias}, Neurons{}, &Pairs{Window: s.Half(), Pairing: s.Pairing}, 5)
		if err != nil {
			t.Fatal(err)
		}
		sums := [][]float64{make([]float64, 120)}
		const updates = 400
		for range updates {
			n.Advance(1250)
			n.TakeSums(sums)
			for k, x := range sums[0] {
				x /= 20
				if shift == 0 {
					noise += x * x / 120 / updates
				} else {
					pull -= x / delta * float64(1-2*(k%2)) / 120 / updates
				}
			}
		}
	}
	// A variance is a mean over 32 looks, 25 updates apart where 15 forget, at 120 synapses: its
	// standard error is sqrt(2/3840) = 2.3 %, that of a ratio of two 3.2 %. All bounds are 4.6 and
	// more of these away; those of ratios of 1/2 find a power of the rate below .7 or above 1.3.
	base := variance(0.2, 1250)
	predicted := 0.2 * noise / (2 * pull)
	t.Logf("noise of an update %.4f, pull %.3f; variance %.3g, predicted %.3g", math.Sqrt(noise), pull, base, predicted)
	// The prediction leaves out rate*pull/2, 4 %, and that the pull of a synapse depends on others.
	if base < 0.8*predicted || base > 1.25*predicted {
		t.Errorf("variance %v, of noise and pull %v", base, predicted)
	}
	if half := variance(0.1, 1250) / base; half < 0.4 || half > 0.62 {
		t.Errorf("half of the rate leaves %.3f of the variance, want about 1/2", half)
	}
	// Twice the length sums twice as many pairs: the same steps of learning per time.
	if long := variance(0.1, 2500) / base; long < 0.4 || long > 0.62 {
		t.Errorf("half of the rate with updates of twice the length leaves %.3f of the variance, want about 1/2", long)
	}
	if long := variance(0.2, 2500) / base; long < 0.85 || long > 1.2 {
		t.Errorf("updates of twice the length leave %.3f of the variance, want about 1", long)
	}
}

// Spikes nearer to each other than the refractory time are no state.
func TestImpossibleSpikes(t *testing.T) {
	s := short(1, 1)
	w := Weights{Up: [][]float64{{5}}, Down: [][]float64{{5}}, Bias: [][]float64{{5}, {5}}}
	n, err := New(s.Config, w, Neurons{}, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	n.Advance(100)
	b, err := n.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range n.replicas {
		r.events, r.at = r.events[:0], r.at[:1]
		for range n.time - r.base {
			for range 2 {
				r.events = append(r.events, 0)
				r.at = append(r.at, int32(len(r.events)))
			}
		}
	}
	dense, err := n.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	if n.UnmarshalBinary(dense) == nil {
		t.Error("neurons that fire in every step are accepted")
	}
	if err := n.UnmarshalBinary(b); err != nil {
		t.Error(err)
	}
}

// A run that is taken apart anywhere goes on as if it were not.
func TestTrainerStates(t *testing.T) {
	for _, set := range []func(*SAL){
		func(*SAL) {},
		func(s *SAL) { s.PSP.UnmarshalText([]byte("alpha")); s.TauSyn = 4 },
		func(s *SAL) { s.Pairing.UnmarshalText([]byte("nearest")) },
	} {
		s := short(70, 5, 3)
		set(&s)
		w := randomWeights(s.Layers, 5, 2)
		fresh := func() *Trainer {
			tr, err := NewTrainer(s, w, someNeurons(s.Layers), Synapses{}, 7)
			if err != nil {
				t.Fatal(err)
			}
			return tr
		}
		whole := fresh()
		if err := whole.Run(context.Background(), 1300); err != nil {
			t.Fatal(err)
		}
		tr := fresh()
		for _, until := range []int64{1, 19, 130, 499, 500, 501, 777, 1300} {
			if err := tr.Run(context.Background(), until); err != nil {
				t.Fatal(err)
			}
			b, err := tr.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			next := fresh()
			if err := next.UnmarshalBinary(b); err != nil {
				t.Fatal(err)
			}
			// Every damage is refused or gives another sound state; none panics.
			for at := 0; at < len(b); at += 1 + len(b)/97 {
				c := slices.Clone(b)
				c[at] ^= 0x81
				if broken := fresh(); broken.UnmarshalBinary(c) == nil {
					broken.Run(context.Background(), broken.Time()+50)
				}
				if fresh().UnmarshalBinary(b[:at]) == nil {
					t.Fatalf("a state cut at %d of %d bytes is accepted", at, len(b))
				}
			}
			tr = next
		}
		for l := range 2 {
			if !slices.Equal(tr.Down(l), whole.Down(l)) {
				t.Fatalf("%v: feedback weights to layer %d differ after interruptions", s.PSP, l)
			}
		}
		if tr.SpikeCount() != whole.SpikeCount() {
			t.Fatal("numbers of spikes differ")
		}
	}
}

func TestBadNetworks(t *testing.T) {
	s := short(3, 2)
	w := randomWeights(s.Layers, 5, 2)
	for name, spoil := range map[string]func(*SAL, *Weights, *Neurons, *Synapses){
		"one layer":     func(s *SAL, w *Weights, n *Neurons, y *Synapses) { s.Layers = []int{3} },
		"no replicas":   func(s *SAL, w *Weights, n *Neurons, y *Synapses) { s.Replicas = 0 },
		"sizes":         func(s *SAL, w *Weights, n *Neurons, y *Synapses) { w.Up = [][]float64{{1}} },
		"large weights": func(s *SAL, w *Weights, n *Neurons, y *Synapses) { w.Up = [][]float64{{1, 2, 3, 4, 5, 3000}} },
		"no number":     func(s *SAL, w *Weights, n *Neurons, y *Synapses) { w.Up = [][]float64{{1, 2, 3, 4, 5, math.NaN()}} },
		"gains":         func(s *SAL, w *Weights, n *Neurons, y *Synapses) { n.Gain = [][]float64{{1, 1, 1}} },
		"endless gain":  func(s *SAL, w *Weights, n *Neurons, y *Synapses) { n.Gain = [][]float64{{1, math.Inf(1), 1}, {1, 1}} },
		"amplitudes":    func(s *SAL, w *Weights, n *Neurons, y *Synapses) { y.Amplitude = [][]float64{{1}} },
		"window":        func(s *SAL, w *Weights, n *Neurons, y *Synapses) { s.WindowTau = 10000; s.MinISI = 1; s.Cut = 60000 },
		"no window":     func(s *SAL, w *Weights, n *Neurons, y *Synapses) { s.WindowTau = 0.05 },
		"no triangle": func(s *SAL, w *Weights, n *Neurons, y *Synapses) {
			s.Window, s.WindowTau = synapse.TriangularWindow, 1
		},
		"no nearest": func(s *SAL, w *Weights, n *Neurons, y *Synapses) {
			s.WindowTau, s.Pairing = 0.01, synapse.Pairing{Kind: synapse.Nearest}
		},
		"alpha steps":    func(s *SAL, w *Weights, n *Neurons, y *Synapses) { s.PSP, s.PSPSteps = synapse.Alpha, 3 },
		"time constants": func(s *SAL, w *Weights, n *Neurons, y *Synapses) { y.Tau = [][]float64{{1, 1, 1, 1, 1, -1}} },
	} {
		s, w, n, y := s, w, Neurons{}, Synapses{}
		spoil(&s, &w, &n, &y)
		if _, err := NewTrainer(s, w, n, y, 1); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	// A window without weight is refused by the network itself, too.
	for _, pairing := range []string{"all", "nearest"} {
		p := pairsOf(synapse.Half{Shape: synapse.ExponentialWindow, Tau: 0.05}, pairing)
		if _, err := New(s.Config, w, Neurons{}, p, 1); err == nil || !strings.Contains(err.Error(), "sal_window_tau") {
			t.Errorf("%s, window without weight: %v", pairing, err)
		}
	}
	// A potential that is short against a step is no reason to refuse weights.
	alpha := s.Config
	alpha.PSP, alpha.TauSyn = synapse.Alpha, 0.01
	n, err := New(alpha, w, Neurons{}, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, down := range [][][]float64{nil, {make([]float64, 5)}, {make([]float64, 6), nil}} {
		if n.SetFeedback(down) == nil {
			t.Errorf("feedback weights %v are accepted", down)
		}
	}
	// Feedback that grows without bound ends with an error, not with nonsense.
	s.RateSAL = 1e6
	tr, err := NewTrainer(s, w, Neurons{}, Synapses{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(context.Background(), 100000); err == nil {
		t.Error("huge weights: no error")
	}
}

// Differences of a shape or size that does not fit are refused, by a message that names the layer:
// by the trainer, and those of the network by the network alone.
func TestDifferencesFitLayers(t *testing.T) {
	s := short(3, 2, 4)
	w := randomWeights(s.Layers, 5, 2)
	ones := func(sizes ...int) (x [][]float64) {
		for _, n := range sizes {
			x = append(x, slices.Repeat([]float64{1}, n))
		}
		return x
	}
	one := func(l, i int, y float64, sizes ...int) [][]float64 {
		x := ones(sizes...)
		x[l][i] = y
		return x
	}
	for want, c := range map[string]struct {
		n Neurons
		y Synapses
	}{
		"gains of 2 layers, where there are 3":                              {n: Neurons{Gain: ones(3, 2)}},
		"offsets of 3 neurons in layer 1, where there are 2":                {n: Neurons{Offset: ones(3, 3, 4)}},
		"gains: NaN for neuron 1 of layer 2":                                {n: Neurons{Gain: one(2, 1, math.NaN(), 3, 2, 4)}},
		"offsets: 2e+06 for neuron 0 of layer 1; allowed are -1e+06 to":     {n: Neurons{Offset: one(1, 0, 2e6, 3, 2, 4)}},
		"refractory times: -0.1 for neuron 2 of layer 0":                    {n: Neurons{Refractory: one(0, 2, -0.1, 3, 2, 4)}},
		"refractory times: 100000 for neuron 2 of layer 0":                  {n: Neurons{Refractory: one(0, 2, 1e5, 3, 2, 4)}},
		"amplitudes of windows for the feedback weights to 1 layers":        {y: Synapses{Amplitude: ones(6)}},
		"7 amplitudes of windows for the feedback weights to layer 1":       {y: Synapses{Amplitude: ones(6, 7)}},
		"amplitudes of windows: +Inf for the feedback weight from neuron 3": {y: Synapses{Amplitude: one(1, 7, math.Inf(1), 6, 8)}},
		"time constants of windows for the feedback weights to 1 layers":    {y: Synapses{Tau: ones(6)}},
		"7 time constants of windows for the feedback weights to layer 0":   {y: Synapses{Tau: ones(7, 8)}},
		"time constants of windows: 0 for the feedback weight from neuron":  {y: Synapses{Tau: one(0, 0, 0, 6, 8)}},
		"time constants of windows: 1e+15 for the feedback weight from":     {y: Synapses{Tau: one(0, 0, 1e15, 6, 8)}},
	} {
		if _, err := NewTrainer(s, w, c.n, c.y, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the trainer says %v", want, err)
		}
		if c.y.Amplitude == nil {
			_, err := New(s.Config, w, c.n, &Pairs{Window: s.Half(), Pairing: s.Pairing, Tau: c.y.Tau}, 1)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the network says %v", want, err)
			}
		}
	}
}

// Neurons without synapses, fast ones above slow ones: with all pairs, both orders are equally
// frequent whatever the rates; with the last or the nearest spike alone they are not, and SAL with
// such pairs changes weights although nothing connects the neurons.
func TestPairingWithoutSynapses(t *testing.T) {
	const below, above = 20, 20
	for pairing, biased := range map[string]bool{"all": false, "last-1": true, "nearest": true} {
		s := short(below, above)
		s.Replicas = 4
		s.Pairing.UnmarshalText([]byte(pairing))
		w := Weights{Up: [][]float64{make([]float64, below*above)}, Down: [][]float64{make([]float64, below*above)}, Bias: [][]float64{slices.Repeat([]float64{-1.5}, below), slices.Repeat([]float64{1.5}, above)}}
		n, err := New(s.Config, w, Neurons{}, &Pairs{Window: s.Half(), Pairing: s.Pairing}, 7)
		if err != nil {
			t.Fatal(err)
		}
		// 60 batches of means over all synapses
		var means []float64
		sums := [][]float64{make([]float64, below*above)}
		for range 60 {
			n.Advance(500)
			n.TakeSums(sums)
			mean := 0.0
			for _, x := range sums[0] {
				mean += x / below / above
			}
			means = append(means, mean)
		}
		mean, squares := 0.0, 0.0
		for _, x := range means {
			mean += x / 60
		}
		for _, x := range means {
			squares += (x - mean) * (x - mean) / 59
		}
		z := mean / math.Sqrt(squares/60)
		t.Logf("%s: %.4f per synapse and 500 steps, %.1f standard errors", pairing, mean, z)
		// |t| with 59 degrees of freedom beyond 5: once in 2e5
		if biased && math.Abs(z) < 10 || !biased && math.Abs(z) > 5 {
			t.Errorf("%s: %v per synapse and 500 steps, %v standard errors", pairing, mean, z)
		}
	}
}
