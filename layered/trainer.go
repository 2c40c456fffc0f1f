package layered

import (
	"context"
	"fmt"
	"math"
	"slices"

	"spikealign/internal/state"
	"spikealign/settings"
	"spikealign/synapse"
)

// SAL describes layers of spiking neurons whose feedback weights learn by spike-based alignment
// learning: after every UpdateSteps steps,
//
//	B += RateSAL/(2*tau_window) * (mean over replicas of anti-causal less causal pairs)
//
// (docs/model.md, section 8). The sum grows with UpdateSteps, and so does the step of learning.
type SAL struct {
	Config
	StepSeconds float64             `yaml:"step_seconds" default:"0.0001" range:"[1e-9, 1]" unit:"s" doc:"duration of a step, to compare simulated time with that of other methods; the time of all replicas counts"`
	RateSAL     float64             `yaml:"rate_sal" default:"0.05" range:"[0, 1e6]" also:"eta, learning_rate, lr" doc:"learning rate of SAL; per update of the weights"`
	UpdateSteps int64               `yaml:"update_steps" default:"1250" range:"[1, 2^40]" unit:"steps" also:"epoch_steps, len_epoch" doc:"steps between two updates of the feedback weights, which gather pairs of spikes"`
	Window      synapse.WindowShape `yaml:"sal_window" default:"exponential" doc:"SAL's learning window: triangular, exponential"`
	WindowTau   float64             `yaml:"sal_window_tau" range:"0 or [0.01, 2^14]" unit:"steps" doc:"its time constant; 0: tau_ref"`
	Cut         int64               `yaml:"sal_cut" range:"[0, 2^16]" unit:"steps" doc:"longest lag of a pair of spikes that counts; 0: 2 sal_window_tau, as published (docs/align.md)"`
	Pairing     synapse.Pairing     `yaml:"sal_pairing" default:"all" doc:"which pairs count: nearest, last-1, last-2, ..., all (the fastest)"`
}

// Half is the learning window.
func (s SAL) Half() synapse.Half {
	h := synapse.Half{Shape: s.Window, Tau: s.WindowTau, Cut: float64(s.Cut)}
	if h.Tau == 0 {
		h.Tau = float64(s.TauRef)
	}
	if s.Cut == 0 {
		h.Cut = max(math.Floor(2*h.Tau), 1)
	}
	return h
}

// Validate returns everything that is wrong with the settings.
func (s *SAL) Validate() settings.Problems {
	ps := settings.Check(s)
	s.relate(&ps)
	if !ps.Has("sal_window_tau", "tau_ref") && tooShort(s.Half()) {
		ps.Add("sal_window_tau", "gives no pair of spikes any weight, not even one step apart; make it larger")
	}
	return ps
}

// Synapses differ from each other: shaped as Weights.Down, or nil.
type Synapses struct {
	Amplitude [][]float64 // multiplies the change of each feedback weight; nil: 1
	Tau       [][]float64 // multiplies time constant and cut of its window; nil: 1
}

// Trainer lets the feedback weights of a network learn. A Trainer is not for several goroutines.
type Trainer struct {
	*Network
	sal     SAL
	weights Weights
	various Synapses
	sums    [][]float64
}

// NewTrainer returns a trainer at its beginning, for the layers s.Layers. It keeps forward weights
// and biases, which must not change, and copies the feedback weights.
func NewTrainer(s SAL, w Weights, neurons Neurons, synapses Synapses, seed uint64) (*Trainer, error) {
	if err := s.Validate().Err(); err != nil {
		return nil, fmt.Errorf("layered: %w", err)
	}
	if err := synapses.Check(s.Layers); err != nil {
		return nil, fmt.Errorf("layered: %w", err)
	}
	n, err := New(s.Config, w, neurons, &Pairs{Window: s.Half(), Pairing: s.Pairing, Tau: synapses.Tau}, seed)
	if err != nil {
		return nil, err
	}
	t := &Trainer{Network: n, sal: s, weights: w, various: synapses}
	t.weights.Down = make([][]float64, len(w.Down))
	for l, b := range w.Down {
		t.weights.Down[l] = slices.Clone(b)
		t.sums = append(t.sums, make([]float64, len(b)))
	}
	return t, nil
}

// Down returns the feedback weights into layer l, n[l] x n[l+1]. They belong to the trainer.
func (t *Trainer) Down(l int) []float64 { return t.weights.Down[l] }

// Run simulates until the network's time is until. If ctx ends before, it returns nil early, at a
// place where a later call goes on with the same results, but not without some steps. It fails if
// Spikes does, or if feedback weights have grown beyond what can be simulated.
func (t *Trainer) Run(ctx context.Context, until int64) error {
	for t.Time() < until {
		update := (t.Time()/t.sal.UpdateSteps + 1) * t.sal.UpdateSteps
		// a piece of about 10 ms at the most
		piece := max(1, min(chunk, chunk*2000/int64(t.Neurons()*t.cfg.Replicas+1)))
		if err := t.Advance(min(update, until, t.Time()+piece) - t.Time()); err != nil {
			return err
		}
		if t.Time() == update {
			if err := t.update(); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil
}

func (t *Trainer) update() error {
	t.TakeSums(t.sums)
	rate := t.sal.RateSAL / float64(2*t.sal.Half().Tau)
	for l, b := range t.weights.Down {
		for s, x := range t.sums[l] {
			if a := t.various.Amplitude; a != nil {
				x *= a[l][s]
			}
			b[s] += float64(rate * x)
		}
	}
	if err := t.SetFeedback(t.weights.Down); err != nil {
		return fmt.Errorf("%w; a smaller rate_sal keeps them small", err)
	}
	return nil
}

const trainerTag = "LAT1"

// AppendBinary appends the state, without settings, weights at the start and seed, to b.
func (t *Trainer) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, trainerTag)
	for _, x := range t.weights.Down {
		w.Count(len(x))
		w.Floats(x)
	}
	w.Block(t.Network)
	return w.End()
}

// UnmarshalBinary restores a state that AppendBinary wrote for a trainer of the same settings,
// weights and seed.
func (t *Trainer) UnmarshalBinary(b []byte) error {
	r := state.NewReader(b, trainerTag)
	for _, x := range t.weights.Down {
		r.CountIs(len(x))
		r.Finites(x)
	}
	if err := r.Err(); err != nil {
		return err
	}
	if err := t.SetFeedback(t.weights.Down); err != nil {
		return err
	}
	r.Block(t.Network)
	return r.Done()
}
