package sampling

import (
	"math"
	"slices"
	"strings"
	"testing"

	"spikealign/boltzmann"
	"spikealign/settings"
)

// trainAll runs a training to its end and returns weights, biases and reports.
func trainAll(t *testing.T, tr Training) (w, b []float64, reports []Report) {
	t.Helper()
	trainer, err := NewTrainer(tr)
	if err != nil {
		t.Fatal(err)
	}
	for !trainer.Done() {
		if _, r := trainer.Step(); r != nil {
			reports = append(reports, *r)
		}
	}
	w, b = trainer.Weights()
	return w, b, reports
}

func small(visible, hidden int) Settings {
	s := settings.Default[Settings]()
	s.Network.Visible, s.Network.Hidden, s.Network.TauRef = visible, hidden, 20
	s.Course.Epochs, s.Course.EpochLength, s.Course.ReportEvery, s.Course.ReportFactor = 5, 200, 2, 3
	return s
}

// Without hidden neurons a distribution is learned as the Boltzmann machine that has it: the wake
// activity is exact.
func TestProbabilitiesOfBoltzmannMachine(t *testing.T) {
	s := small(3, 0)
	machine := s.Training(1, nil)
	m, err := boltzmann.New(3, machine.TargetWeights, machine.TargetBias)
	if err != nil {
		t.Fatal(err)
	}
	given := machine
	given.TargetWeights, given.TargetBias, given.Probabilities = nil, nil, m.P
	w, b, reports := trainAll(t, machine)
	w2, b2, reports2 := trainAll(t, given)
	if !slices.Equal(w, w2) || !slices.Equal(b, b2) || !slices.Equal(reports, reports2) {
		t.Errorf("machine %v %v %v\ngiven   %v %v %v", w, b, reports, w2, b2, reports2)
	}
}

// With hidden neurons equal probabilities are patterns, and a state that weighs more draws the
// network to it.
func TestProbabilitiesOfPatterns(t *testing.T) {
	s := small(3, 2)
	s.Target.Patterns = [][]uint8{{1, 0, 0}, {1, 1, 0}, {0, 0, 1}, {0, 1, 1}} // in the order of states
	patterns := s.Training(1, nil)
	s.Target.Patterns, s.Target.Probabilities = nil, []float64{0, 0.25, 0, 0.25, 0.25, 0, 0.25, 0}
	if ps := s.Validate(); len(ps) > 0 {
		t.Fatal(ps)
	}
	w, b, reports := trainAll(t, patterns)
	w2, b2, reports2 := trainAll(t, s.Training(1, nil))
	if !slices.Equal(w, w2) || !slices.Equal(b, b2) || !slices.Equal(reports, reports2) {
		t.Errorf("patterns      %v %v %v\nprobabilities %v %v %v", w, b, reports, w2, b2, reports2)
	}

	// The biases of the first epoch move by the rate times the mean of the clamped states, less
	// that of the free network, which is the same in both. At a bias of 10 a clamped neuron is on
	// or off for all but a share of 1e-3 of the time; a spike more or less in each of the four wake
	// phases of 100 tau makes 1e-2 at most.
	s.Course.Epochs = 1
	even := s.Training(1, nil)
	s.Target.Probabilities = []float64{0, 0.7, 0, 0.1, 0.1, 0, 0.1, 0}
	uneven := s.Training(1, nil)
	_, b, _ = trainAll(t, even)
	_, b2, _ = trainAll(t, uneven)
	for i, change := range []float64{0.8 - 0.5, 0.2 - 0.5, 0.2 - 0.5} {
		if got := (b2[i] - b[i]) / s.Plasticity.RateBias; math.Abs(got-change) > 0.02 {
			t.Errorf("neuron %d: the wake activity changes by %v, want %v", i, got, change)
		}
	}
}

func TestProbabilitiesRefused(t *testing.T) {
	for _, c := range []struct {
		visible int
		p       []float64
		want    string
	}{
		{2, []float64{0.5, 0.5}, "has 2 entries for 4 states of the visible neurons"},
		{1, []float64{0.5, 0.4}, "add up to 0.9, must add up to 1"},
		{1, []float64{1.5, -0.5}, "must be between 0 and 1"},
		{21, []float64{1}, "at most 20 visible neurons"},
		{1, []float64{}, "has 0 entries for 2 states"},
	} {
		s := small(c.visible, 0)
		s.Target.Probabilities = c.p
		if err := s.Validate().Err(); err == nil || !strings.Contains(err.Error(), "target.probabilities") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v", c.p, err)
		}
	}
	s := small(1, 0)
	s.Target.Probabilities, s.Target.Patterns = []float64{0.5, 0.5}, [][]uint8{{1}}
	if err := s.Validate().Err(); err == nil || !strings.Contains(err.Error(), "only one of weights, bars_and_stripes, patterns and probabilities") {
		t.Errorf("got %v", err)
	}
	s.Target.Patterns = nil
	tr := s.Training(1, nil)
	for _, p := range [][]float64{{0.5}, {0.5, 0.6}, {math.NaN(), 1}} {
		tr.Probabilities = p
		if _, err := NewTrainer(tr); err == nil || !strings.Contains(err.Error(), "probabilities") {
			t.Errorf("%v: got %v", p, err)
		}
	}
}
