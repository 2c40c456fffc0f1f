package figure_test

import (
	"fmt"
	"os"

	"spikealign/figure"
	"spikealign/figure/render"
)

// Two conditions of a small network, as files for a page.
func ExampleMetricSweep_Figure() {
	c := figure.MetricSweep{
		Title:   "One neuron pair",
		X:       "epoch",
		Metrics: []figure.Metric{figure.Divergence},
		Factors: []figure.Factor{{Name: "rule", Values: []string{"with SAL", "without SAL"}}},
		Conditions: []figure.MetricCondition{ // runs by metric, condition by condition
			{Levels: []int{0}, X: []float64{0, 100, 200}, Runs: [][][]float64{{{1, 0.01, 0.002}}}},
			{Levels: []int{1}, X: []float64{0, 100, 200}, Runs: [][][]float64{{{1, 0.05, 0.04}}}},
		},
	}
	f, err := c.Figure()
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, err := os.MkdirTemp("", "figure")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	fmt.Println(render.Save(f, dir, "comparison"))
	// Output: <nil>
}
