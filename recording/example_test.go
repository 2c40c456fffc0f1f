package recording_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"spikealign/recording"
	"spikealign/spike"
)

// A table of spikes out of order, read and delivered in order.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "chip.csv")
	if err := os.WriteFile(file, []byte("time_ms,neuron\n0.5,4\n2.5,7\n1.0,4\n"), 0o666); err != nil {
		log.Fatal(err)
	}
	r, err := recording.Read(context.Background(), []string{file}, recording.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	fmt.Printf("%d spikes, ticks of %v %s, %d out of order\n", r.Spikes, r.Tick(), r.Unit, r.Disorder.Count)
	err = r.Replay(func(events []spike.Event) error {
		for _, e := range events {
			fmt.Printf("%s: neuron %d of the recording\n", r.When(e.Time), e.Neuron)
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 3 spikes, ticks of 0.5 ms, 1 out of order
	// 0.5 ms: neuron 0 of the recording
	// 1 ms: neuron 0 of the recording
	// 2.5 ms: neuron 1 of the recording
}
