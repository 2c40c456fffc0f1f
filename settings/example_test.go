package settings_test

import (
	"fmt"

	"spikealign/settings"
)

// A model declares each setting once, with its default and what is allowed.
func Example() {
	type Neuron struct {
		TauRef int64   `yaml:"tau_ref" default:"50" range:"[1, 2^24]" unit:"steps" doc:"refractory time"`
		Bias   float64 `yaml:"bias" range:"[-100, 100]" doc:"bias"`
	}
	n := settings.Default[Neuron]()
	fmt.Println(n.TauRef, n.Bias)
	n.TauRef = 0
	for _, p := range settings.Check(n) {
		fmt.Println(p)
	}
	// Output:
	// 50 0
	// tau_ref: must be between 1 and 2^24 steps
}
