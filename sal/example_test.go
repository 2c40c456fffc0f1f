package sal_test

import (
	"fmt"

	"spikealign/sal"
	"spikealign/sampling"
	"spikealign/spike"
	"spikealign/synapse"
)

// Two spiking neurons whose synapses begin unequal: SAL reads their spikes and brings them together.
func Example() {
	const tau, epoch = 25, 1500 // refractory time and length of an epoch, steps
	neurons, err := sampling.New(sampling.Config{Neurons: 2, TauRef: tau})
	if err != nil {
		panic(err)
	}
	neurons.Seed(1, 0)
	weights := []float64{0, 1.5, 0.5, 0} // row = postsynaptic: w12 = 1.5, w21 = 0.5
	pairs := sal.NewPairSums(2, synapse.Half{Tau: tau}, synapse.Pairing{Kind: synapse.Nearest})
	rule := sal.SAL{Eta: 0.03}

	spikes := make([]spike.Event, 0, 1024)
	for k := range int64(401) {
		neurons.SetNetwork(sampling.Network{Weights: weights, Bias: []float64{-0.5, -0.2}})
		for done := false; !done; {
			spikes, done = neurons.Advance((k+1)*epoch, spikes[:0])
			pairs.Observe(spikes)
		}
		if k%100 == 0 {
			fmt.Printf("epoch %3d: w12 %.2f, w21 %.2f\n", k, weights[1], weights[2])
		}
		rule.Add(weights, pairs, epoch)
		pairs.ResetSums()
	}
	// Output:
	// epoch   0: w12 1.50, w21 0.50
	// epoch 100: w12 1.32, w21 0.68
	// epoch 200: w12 1.20, w21 0.80
	// epoch 300: w12 1.12, w21 0.88
	// epoch 400: w12 1.08, w21 0.92
}
