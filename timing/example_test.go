package timing_test

import (
	"fmt"

	"spikealign/spike"
	"spikealign/synapse"
	"spikealign/timing"
)

// Neuron 1 fires 3 ticks after neuron 0, every time but the tenth.
func ExampleCounter() {
	var train []spike.Event
	for k := range int64(1000) {
		first, second := int32(0), int32(1)
		if k%10 == 9 {
			first, second = second, first
		}
		train = append(train, spike.Event{Time: 100 * k, Neuron: first}, spike.Event{Time: 100*k + 3, Neuron: second})
	}
	c := timing.New(timing.Options{Neurons: 2, End: 100000, Half: synapse.Half{Shape: synapse.TriangularWindow, Tau: 20}, MaxLag: 50, BinWidth: 5, Blocks: 20})
	c.Observe(train)
	r := c.Test(timing.TestOptions{APlus: 1, AMinus: 1, Level: 0.05, MinWeight: 20})
	s := r.At(1, 0) // the synapse from 0 to 1
	fmt.Println("pairs by lag:", c.Histogram(1, 0)[:3])
	fmt.Printf("drift %.3f per tau, index %.2f\n", s.SAL, s.Index)
	// Output:
	// pairs by lag: [900 0 0]
	// drift -0.136 per tau, index -0.80
}
