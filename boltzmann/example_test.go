package boltzmann_test

import (
	"fmt"

	"spikealign/boltzmann"
	"spikealign/spike"
)

// Two neurons that excite each other are both active more often than chance.
func ExampleNew() {
	m, err := boltzmann.New(2, []float64{0, 1, 1, 0}, []float64{-.5, -.5})
	if err != nil {
		fmt.Println(err)
		return
	}
	c := m.Coactivation()
	fmt.Printf("mean %.3f %.3f, coactivation %.3f, by chance %.3f\n", c[0], c[3], c[1], c[0]*c[3])
	// Output: mean 0.500 0.500, coactivation 0.311, by chance 0.250
}

// Neuron 0 fires at ticks 2 and 12, neuron 1 at tick 8; a spike holds the state for 5 ticks.
func ExampleOccupancy() {
	o := boltzmann.NewOccupancy(2, 5, 2)
	o.Start(0, 20)
	o.Observe([]spike.Event{{Time: 2, Neuron: 0}, {Time: 8, Neuron: 1}, {Time: 12, Neuron: 0}})
	o.Advance(20)
	for z, ticks := range o.Counts() {
		fmt.Printf("z1 z0 = %02b: %d ticks\n", z, ticks)
	}
	uniform := []float64{.25, .25, .25, .25}
	fmt.Printf("D_KL %.3f\n", boltzmann.Divergence(uniform, o.Counts(), 5).DKL)
	// Output:
	// z1 z0 = 00: 6 ticks
	// z1 z0 = 01: 9 ticks
	// z1 z0 = 10: 4 ticks
	// z1 z0 = 11: 1 ticks
	// D_KL 0.266
}
