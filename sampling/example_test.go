package sampling_test

import (
	"fmt"

	"spikealign/sampling"
	"spikealign/spike"
	"spikealign/synapse"
)

// A network of two neurons that excite each other, for a thousand refractory times.
func Example() {
	c := sampling.Config{Neurons: 2, TauRef: 50}
	e, err := sampling.New(c)
	if err != nil {
		panic(err)
	}
	e.SetNetwork(sampling.Network{Weights: []float64{0, 1, 1, 0}, Bias: []float64{0, -1}})
	e.Seed(1, 0)

	var count [2]int
	buffer := make([]spike.Event, 0, 1024)
	const end = 1000 * 50
	for done := false; !done; {
		var events []spike.Event
		events, done = e.Advance(end, buffer)
		for _, s := range events {
			count[s.Neuron]++
		}
	}
	// The state of a neuron is 1 for a refractory time after each of its spikes.
	fmt.Printf("%s engine: activities %.2f and %.2f\n", e.Name(), float64(count[0])*50/end, float64(count[1])*50/end)
	// Output: event engine: activities 0.60 and 0.40
}

// The weight of the stronger synapse falls, and that of its partner rises.
func ExamplePairTrainer() {
	p, err := sampling.NewPairTrainer(sampling.PairTraining{
		Config:  sampling.Config{Neurons: 2, TauRef: 25},
		Seed:    1,
		Network: sampling.Network{Weights: []float64{0, 1.5, 0.5, 0}, Bias: []float64{-0.5, -0.2}},
		Rate12:  0.03, Rate21: 0.03, Lower: -2, Upper: 2,
		PairCourse: sampling.PairCourse{Epochs: 1500, EpochLength: 1500, ReportEvery: 500},
		Pairs:      sampling.Pairs{Window: synapse.ExponentialWindow, Pairing: synapse.Pairing{Kind: synapse.Nearest}},
	})
	if err != nil {
		panic(err)
	}
	for !p.Done() {
		if _, r := p.Step(); r != nil {
			fmt.Printf("epoch %4d: w12 %.2f, w21 %.2f\n", r.Epoch, r.W12, r.W21)
		}
	}
	// Output:
	// epoch    0: w12 1.50, w21 0.50
	// epoch  500: w12 1.07, w21 0.93
	// epoch 1000: w12 1.04, w21 0.96
	// epoch 1500: w12 1.02, w21 0.98
}
