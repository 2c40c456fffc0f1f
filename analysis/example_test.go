package analysis_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"spikealign/analysis"
	"spikealign/recording"
	"spikealign/sal"
	"spikealign/spike"
	"spikealign/synapse"
)

// Neuron 7 of a chip fires 3 us after neuron 4, every time but the seventh.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "chip.csv")
	table := []byte("time_us,neuron\n")
	for k := range 1000 {
		first, second := 4, 7
		if k%7 == 6 {
			first, second = second, first
		}
		table = fmt.Appendf(table, "%d,%d\n%d,%d\n", 100*k, first, 100*k+3, second)
	}
	if err := os.WriteFile(file, table, 0o666); err != nil {
		log.Fatal(err)
	}

	r, err := recording.Read(context.Background(), []string{file}, recording.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	o := analysis.Defaults()
	o.Shape, o.Tau = synapse.TriangularWindow, 20 // us, as in the file
	result, err := analysis.Run(context.Background(), r, o)
	if err != nil {
		log.Fatal(err)
	}
	s := result.Clearest()[0]
	fmt.Printf("%d of %d pairs significant\n", result.Rejected, result.Tested)
	fmt.Printf("from %d to %d: drift %.3f per tau, the stronger synapse: %v\n", result.Neurons[s.Pre], result.Neurons[s.Post], s.SAL, s.Sign < 0)
	// result.Save("runs/chip") writes pairs.csv, histograms.npz and the figure.

	// Output:
	// 1 of 1 pairs significant
	// from 4 to 7: drift -0.122 per tau, the stronger synapse: true
}

// The same statistics of a train in memory.
func ExampleCounter() {
	var train []spike.Event
	for k := range int64(1000) {
		first, second := int32(0), int32(1)
		if k%10 == 9 {
			first, second = second, first
		}
		train = append(train, spike.Event{Time: 100 * k, Neuron: first}, spike.Event{Time: 100*k + 3, Neuron: second})
	}
	window := sal.Window(synapse.Half{Shape: synapse.TriangularWindow, Tau: 20})
	c := analysis.NewCounter(analysis.CounterOptions{Neurons: 2, End: 100000, Window: window, MaxLag: 50, Bin: 5, Blocks: 20})
	c.Observe(train)
	s := c.Test(analysis.Defaults().Test).At(1, 0) // the synapse from 0 to 1
	fmt.Println("pairs by lag:", c.Histogram(1, 0)[:3])
	fmt.Printf("drift %.3f per tau, index %.2f\n", s.SAL, s.Index)
	// Output:
	// pairs by lag: [900 0 0]
	// drift -0.136 per tau, index -0.80
}
