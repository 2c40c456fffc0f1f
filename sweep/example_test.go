package sweep_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"spikealign/experiment"
	"spikealign/kinds"
	"spikealign/sweep"
)

// Two learning rates, three seeds each. What Run returns is also what Sweep.Collect reads from the
// folder of a sweep, finished or not.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	known := experiment.Kinds{kinds.TwoNeuron{}}
	s, err := sweep.Parse(known, "rates.yaml", []byte(`
kind: sweep
experiment:
  kind: two-neuron
  initial: {w12: 1.5, w21: 0.5}
  training: {epochs: 200}
grid:
  - {path: plasticity.rate_12, values: [0.03, 0]}
  - {path: seed, values: [1, 2, 3]}
replicates: [seed]
`))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := sweep.Run(context.Background(), s, sweep.Options{Dir: dir}); err != nil {
		log.Fatal(err)
	}

	result, err := s.Collect(dir)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d of %d members finished\n", result.Done(), len(s.Members))
	for k, m := range s.Members {
		w12, _ := result.Final(k, "w12")
		fmt.Printf("rate %s, seed %s: w12 %.2f\n", m.Values[0], m.Values[1], w12)
	}
	// Output:
	// 6 of 6 members finished
	// rate 0.03, seed 1: w12 1.16
	// rate 0.03, seed 2: w12 1.16
	// rate 0.03, seed 3: w12 1.17
	// rate 0, seed 1: w12 1.50
	// rate 0, seed 2: w12 1.50
	// rate 0, seed 3: w12 1.50
}
