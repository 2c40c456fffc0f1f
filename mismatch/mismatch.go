// Package mismatch describes how the neurons and synapses of one network differ from each other, as
// those of an analogue chip or of a brain do. The same words and the same draws stand for it in all
// models.
//
// A quantity that is multiplied has the factor 1 + sd*x, x standard normal and cut at +-1.5, so
// that it keeps its sign. What is drawn for a neuron or synapse depends on the seed, on what it is
// and on its index alone: it stays the same whatever else is switched on.
package mismatch

import "spikealign/internal/random"

// cut bounds the standard normal numbers.
const cut = 1.5

// Settings say how large the differences are. The zero value is a network without any.
type Settings struct {
	Neurons
	Synapses
}

// Neurons say how neurons differ.
type Neurons struct {
	Gain       float64 `yaml:"gain" range:"[0, 0.6]" doc:"standard deviation of the factor of every neuron's membrane potential, 1 on average"`
	Offset     float64 `yaml:"offset" range:"[0, 100]" doc:"standard deviation of a number added to every neuron's membrane potential, 0 on average"`
	Refractory float64 `yaml:"refractory" range:"[0, 0.6]" doc:"standard deviation of the factor of every neuron's shortest interval between spikes, 1 on average"`
}

// Synapses say how the windows of SAL differ between synapses.
type Synapses struct {
	Amplitude float64 `yaml:"window_amplitude" range:"[0, 0.6]" doc:"standard deviation of the factor of every synapse's SAL window, 1 on average"`
	Tau       float64 `yaml:"window_tau" range:"[0, 0.6]" doc:"standard deviation of the factor of the time constant of every synapse's SAL window, 1 on average; a window's cut is multiplied with it"`
}

// Keys of the settings.
const (
	Gain       = "gain"
	Offset     = "offset"
	Refractory = "refractory"
	Amplitude  = "window_amplitude"
	Tau        = "window_tau"
)

// Nonzero returns the keys of the differences that there are.
func (s Settings) Nonzero() []string {
	var keys []string
	for _, x := range []struct {
		key string
		sd  float64
	}{
		{Gain, s.Gain}, {Offset, s.Offset}, {Refractory, s.Refractory},
		{Amplitude, s.Amplitude}, {Tau, s.Tau},
	} {
		if x.sd != 0 {
			keys = append(keys, x.key)
		}
	}
	return keys
}

// What is drawn: a number is part of the result of every run; never change or reuse one.
const (
	gain uint64 = iota + 1
	offset
	refractory
	amplitude
	tau
)

// Gains returns the factors of the membrane potentials of n neurons; nil if they are all 1. part
// tells layers or populations apart.
func (s Neurons) Gains(seed, part uint64, n int) []float64 {
	return draw(seed, gain, part, n, 1, s.Gain)
}

// Offsets returns what is added to the membrane potentials of n neurons; nil if it is nothing.
func (s Neurons) Offsets(seed, part uint64, n int) []float64 {
	return draw(seed, offset, part, n, 0, s.Offset)
}

// RefractoryTimes returns the factors of the shortest intervals of n neurons; nil if they are all
// 1.
func (s Neurons) RefractoryTimes(seed, part uint64, n int) []float64 {
	return draw(seed, refractory, part, n, 1, s.Refractory)
}

// Amplitudes returns the factors of the windows of n synapses; nil if they are all 1.
func (s Synapses) Amplitudes(seed, part uint64, n int) []float64 {
	return draw(seed, amplitude, part, n, 1, s.Amplitude)
}

// Taus returns the factors of the time constants of n synapses; nil if they are all 1.
func (s Synapses) Taus(seed, part uint64, n int) []float64 { return draw(seed, tau, part, n, 1, s.Tau) }

// Largest is the largest factor that a standard deviation sd can give.
func Largest(sd float64) float64 { return 1 + float64(cut*sd) }

func draw(seed, what, part uint64, n int, mean, sd float64) []float64 {
	if sd == 0 {
		return nil
	}
	xs := make([]float64, n)
	stream := random.New(seed, random.Mismatch, what, part)
	for i := range xs {
		xs[i] = mean + float64(sd*stream.CutNorm(cut))
	}
	return xs
}
