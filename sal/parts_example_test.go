package sal_test

import (
	"fmt"

	"spikealign/sal"
	"spikealign/spike"
	"spikealign/synapse"
)

// Causal pair sums of a few spikes.
func ExamplePairSums() {
	// Neuron 0 fires at 0, neuron 1 three steps later; then both fire at once.
	sums := sal.NewPairSums(2, synapse.Half{Shape: synapse.TriangularWindow, Tau: 10}, synapse.Pairing{Kind: synapse.Last, K: 1})
	sums.Spike(0, 0)
	sums.Spike(3, 1)
	sums.Observe([]spike.Event{{Time: 12, Neuron: 0}, {Time: 12, Neuron: 1}})
	fmt.Println("1 after 0:", sums.At(1, 0))
	fmt.Println("0 after 1:", sums.At(0, 1))
	fmt.Println("spikes:", sums.Count(0), sums.Count(1))
	// Output:
	// 1 after 0: 0.7
	// 0 after 1: 0.1
	// spikes: 2 2
}

// One update of both synapses from a recorded train.
func ExampleSAL() {
	// Neuron 1 always fires two steps after neuron 0.
	var events []spike.Event
	for t := int64(0); t < 1000; t += 100 {
		events = append(events, spike.Event{Time: t, Neuron: 0}, spike.Event{Time: t + 2, Neuron: 1})
	}
	sums := sal.NewPairSums(2, synapse.Half{Shape: synapse.TriangularWindow, Tau: 10}, synapse.Pairing{Kind: synapse.Nearest})
	sums.Observe(events)
	w := []float64{
		0, 0.5, // from 1 to 0
		1, 0, // from 0 to 1
	}
	sal.SAL{Eta: 1}.Add(w, sums, 1000)
	fmt.Printf("causal 0 to 1: %.2f, anti-causal 1 to 0: %.2f\n", w[2], w[1])
	// Output:
	// causal 0 to 1: 0.92, anti-causal 1 to 0: 0.58
}

// Weights that change at each spike.
func ExampleOnline() {
	rule := sal.NewOnline(2, sal.Window(synapse.Half{Tau: 10}), synapse.Pairing{Kind: synapse.Last, K: 10})
	rule.Gain = []float64{0, 1, 0, 0} // the synapse from 0 to 1 is frozen
	w := []float64{0, 0.5, 1, 0}
	rule.Apply(0, 0, w, 0.1)
	rule.Apply(10, 1, w, 0.1) // anti-causal for the synapse from 1 to 0
	fmt.Printf("%.4f %.4f\n", w[1], w[2])
	// Output:
	// 0.5368 1.0000
}
