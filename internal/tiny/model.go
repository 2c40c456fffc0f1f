// Package tiny is a kind of experiment for the tests, as small as one can be: a model (this file),
// what makes it an experiment (kind.go), and what draws it (draw.go). In the program these three
// stand in a package of the model's own, in package kinds and in package drawings, and package
// catalog lists them in one line.
package tiny

import (
	"math"

	"spikealign/internal/random"
	"spikealign/internal/state"
	"spikealign/settings"
	"spikealign/spike"
)

// Settings describe neurons without memory that fire with the probability of their weight in every
// step, and whose weights move, epoch by epoch, until they fire at the target rate.
type Settings struct {
	Neurons  int     `yaml:"neurons" default:"3" range:"[1, 1000]" doc:"neurons in each replica"`
	Replicas int     `yaml:"replicas" default:"2" range:"[1, 1000]" doc:"copies of the network, which share their weights"`
	Epochs   int64   `yaml:"epochs" default:"20" range:"[1, 1e6]" doc:"number of epochs; weights change at the end of each"`
	Steps    int64   `yaml:"epoch_steps" default:"100" range:"[1, 1e6]" unit:"steps" doc:"length of an epoch"`
	Rate     float64 `yaml:"rate" default:"0.5" range:"[0, 1]" doc:"learning rate"`
	Target   float64 `yaml:"target" default:"0.2" range:"(0, 1)" unit:"spikes per step" doc:"rate at which the neurons shall fire"`
}

// Validate returns everything that is wrong with the description.
func (s *Settings) Validate() settings.Problems { return settings.Check(s) }

// Network is the state of such neurons.
type Network struct {
	Settings
	Weights []float32 // probability to fire, of each neuron
	Epoch   int64
	Spikes  int64
}

// NewNetwork returns a network at epoch 0.
func NewNetwork(s Settings) *Network {
	return &Network{Settings: s, Weights: make([]float32, s.Neurons)}
}

// Simulate returns the spikes of one replica in the present epoch. Every draw is keyed by what it
// is for, so that replicas may be simulated in any order and at the same time.
func (n *Network) Simulate(seed uint64, replica int) (events []spike.Event) {
	for t := n.Epoch * n.Steps; t < (n.Epoch+1)*n.Steps; t++ {
		draw := random.New(seed, random.Spikes, uint64(replica), uint64(t))
		for i, w := range n.Weights {
			if draw.Float64() < float64(w) {
				events = append(events, spike.Event{Time: t, Neuron: int32(i)})
			}
		}
	}
	return events
}

// Learn ends the epoch, in which the replicas spiked so. It returns the mean rate.
func (n *Network) Learn(replicas [][]spike.Event) (rate float64) {
	counts := make([]float64, n.Neurons)
	for _, events := range replicas {
		for _, e := range events {
			counts[e.Neuron]++
		}
		n.Spikes += int64(len(events))
	}
	share := 1 / float64(int64(n.Replicas)*n.Steps)
	for i, c := range counts {
		rate += float64(c * share)
		w := float64(n.Weights[i]) + float64(n.Rate*(n.Target-float64(c*share)))
		n.Weights[i] = float32(math.Min(math.Max(w, 0), 1))
	}
	n.Epoch++
	return rate / float64(n.Neurons)
}

// AppendBinary appends the state to b.
func (n *Network) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, "TINY")
	w.Int(n.Epoch)
	w.Int(n.Spikes)
	w.Float32s(n.Weights)
	return w.End()
}

// UnmarshalBinary restores what AppendBinary wrote.
func (n *Network) UnmarshalBinary(b []byte) error {
	r := state.NewReader(b, "TINY")
	n.Epoch, n.Spikes = r.Int(), r.Int()
	r.Float32s(n.Weights)
	r.Check(n.Epoch >= 0 && n.Epoch <= n.Epochs && n.Spikes >= 0, "impossible epoch")
	return r.Done()
}
