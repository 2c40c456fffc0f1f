package transport

import (
	"slices"

	"spikealign/layered"
	"spikealign/settings"
)

// SAL is spike-based alignment learning (Gierlich et al., Nature Communications 2026, arXiv
// 2503.02642) in layers of stochastic spiking neurons, which fire by their own noise.
type SAL struct{ layered.SAL }

// Doc implements Method.
func (s *SAL) Doc() string {
	return "Spike-based alignment learning: the order of the spikes of two neurons tells which of their weights is the larger (Gierlich et al. 2026)."
}

// Validate implements Method.
func (s *SAL) Validate(layers []int) settings.Problems {
	of := s.of(layers)
	return of.Validate()
}

// of returns the settings for these layers.
func (s *SAL) of(layers []int) layered.SAL {
	of := s.SAL
	of.Layers = layers
	return of
}

// Lacks implements Method.
func (s *SAL) Lacks() []string { return nil }

// Clock implements Method.
func (s *SAL) Clock() (stepSeconds float64, replicas int) { return s.StepSeconds, s.Replicas }

// Updates implements Method.
func (s *SAL) Updates() (setting string, steps int64) { return "update_steps", s.UpdateSteps }

// Start implements Method.
func (s *SAL) Start(p Problem) (Learner, error) {
	t, err := layered.NewTrainer(s.of(slices.Clone(p.Layers)), p.Weights, p.Neurons, p.Synapses, p.Seed)
	if err != nil {
		return nil, err
	}
	t.Workers, t.Parallel, t.Spikes = p.Workers, p.Parallel, p.Spikes
	return t, nil
}
