package figure_test

import (
	"fmt"
	"os"

	"spikealign/figure"
)

// Two conditions of a small network, as files for a page.
func ExampleComparison_Figure() {
	c := figure.Comparison{
		Title: "One neuron pair",
		Conditions: []figure.Condition{
			{Name: "with SAL", Epoch: []float64{0, 100, 200}, DKL: [][]float64{{1, 0.01, 0.002}}},
			{Name: "without SAL", Epoch: []float64{0, 100, 200}, DKL: [][]float64{{1, 0.05, 0.04}}},
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
	fmt.Println(f.Save(dir, "comparison"))
	// Output: <nil>
}
