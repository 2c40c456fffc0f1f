package experiment_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"spikealign/experiment"
	"spikealign/kinds"
)

// An experiment is run into a folder, which is then read: status, table, arrays and spikes.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	known := experiment.Kinds{kinds.TwoNeuron{}}
	spec, err := known.Parse("pair.yaml", []byte(`
kind: two-neuron
record: {spikes: true}
initial: {w12: 1.5, w21: 0.5}
training: {epochs: 200, report_every: 100}
`))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := experiment.Execute(context.Background(), experiment.Options{Spec: spec, Dir: filepath.Join(dir, "pair")}); err != nil {
		log.Fatal(err)
	}

	run, err := experiment.Open(filepath.Join(dir, "pair"))
	if err != nil {
		log.Fatal(err)
	}
	metrics, err := run.Table("metrics")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %s\n", run.Info.Name, run.Info.Status)
	for k, epoch := range metrics["epoch"] {
		fmt.Printf("epoch %3.0f: w12 %.2f, w21 %.2f\n", epoch, metrics["w12"][k], metrics["w21"][k])
	}

	arrays, err := run.Arrays()
	if err != nil {
		log.Fatal(err)
	}
	defer arrays.Close()
	w, shape, err := arrays.Float64s("w")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("w has the shape %v; row 0, column 1: %.2f\n", shape, w[0*shape[1]+1])
	spikes, err := run.Spikes(1) // the last one
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d spikes, the last of neuron %d\n", spikes.Total, spikes.Events[0].Neuron)
	// Output:
	// pair: done
	// epoch   0: w12 1.50, w21 0.50
	// epoch 100: w12 1.27, w21 0.73
	// epoch 200: w12 1.16, w21 0.84
	// w has the shape [2 2]; row 0, column 1: 1.16
	// 13256 spikes, the last of neuron 0
}
