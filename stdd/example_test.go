package stdd_test

import (
	"context"
	"fmt"

	"spikealign/sal"
	"spikealign/stdd"
	"spikealign/synapse"
)

// Figure 2c: the synapse from neuron 2 to neuron 1 is the stronger one, so neuron 1 often follows
// neuron 2 (d > 0), and learning weakens that synapse and strengthens the other.
func ExampleSolve() {
	l, err := stdd.Solve(stdd.Params{W12: .8, W21: .4, B1: -.5, B2: -.5, TauRef: 50, TMax: 102})
	if err != nil {
		fmt.Println(err)
		return
	}
	drift12, drift21 := l.Drift(sal.Window(synapse.Half{Tau: 50}))
	fmt.Printf("pairs with d = 10: %.6f per step, d = -10: %.6f\n", l.Plus[10], l.Minus[10])
	fmt.Printf("drift per tau: W12 %+.4f, W21 %+.4f\n", drift12, drift21)
	fmt.Printf("residual below 1e-12: %v\n", l.Residual < 1e-12)
	// Output:
	// pairs with d = 10: 0.000109 per step, d = -10: 0.000080
	// drift per tau: W12 -0.0231, W21 +0.0231
	// residual below 1e-12: true
}

// In continuous time equal weights do not drift, whatever the biases; in discrete time they do, a
// little.
func ExampleLaw_Drift() {
	window := sal.Window(synapse.Half{Tau: 40})
	for _, continuous := range []bool{true, false} {
		l, err := stdd.Solve(stdd.Params{W12: .8, W21: .8, B1: 1, B2: -1, TauRef: 40, Continuous: continuous})
		if err != nil {
			fmt.Println(err)
			return
		}
		drift12, _ := l.Drift(window)
		fmt.Printf("continuous %v: mass of d > 0 %.4f, drift of W12 %.5f\n", continuous, l.MassPositive(), drift12)
	}
	// Output:
	// continuous true: mass of d > 0 0.5000, drift of W12 0.00000
	// continuous false: mass of d > 0 0.4980, drift of W12 -0.00141
}

// The phase plane of figure 2e, coarsely: W12 grows where it is smaller than W21.
func ExamplePhasePlane() {
	w := []float64{-1, 0, 1}
	pl, err := stdd.PhasePlane(context.Background(), stdd.Params{TauRef: 15, TMax: 30}, w, w, sal.Window(synapse.Half{Tau: 15}), 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, w12 := range w {
		for j, w21 := range w {
			fmt.Printf("W12 %2g, W21 %2g: drift of W12 %+.3f\n", w12, w21, pl.Drift12[i*len(w)+j])
		}
	}
	// Output:
	// W12 -1, W21 -1: drift of W12 +0.000
	// W12 -1, W21  0: drift of W12 +0.040
	// W12 -1, W21  1: drift of W12 +0.096
	// W12  0, W21 -1: drift of W12 -0.040
	// W12  0, W21  0: drift of W12 +0.000
	// W12  0, W21  1: drift of W12 +0.061
	// W12  1, W21 -1: drift of W12 -0.096
	// W12  1, W21  0: drift of W12 -0.061
	// W12  1, W21  1: drift of W12 +0.000
}

// With alpha functions for PSPs and unequal biases the weights come to rest beside the diagonal
// (figure 11).
func ExampleAttractorLine() {
	p := stdd.Params{B1: .5, B2: -.5, TauRef: 10, TMax: 20, PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 5}}
	line, err := stdd.AttractorLine(context.Background(), p, []float64{-1, -.5, .5, 1}, 2, sal.Window(synapse.Half{Tau: 10}), 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, q := range line.Points {
		w12, w21, _ := q.Nearest()
		fmt.Printf("mean %4.1f: W12 %.3f, W21 %.3f\n", q.Mean, w12, w21)
	}
	fmt.Printf("relative deviation from the diagonal %.3f\n", line.Deviation())
	for _, w := range line.Warnings {
		fmt.Println(w)
	}
	// Output:
	// mean -1.0: W12 -0.672, W21 -1.328
	// mean -0.5: W12 -0.291, W21 -0.709
	// mean  0.5: W12 0.452, W21 0.548
	// mean  1.0: W12 0.830, W21 1.170
	// relative deviation from the diagonal 0.251
	// stdd: the PSP is cut at t_max = 20, where 0.0994 of its area is still to come
	// stdd: 0.281 of the PSP's area lies beyond min_isi = 10: only the potential of the latest spike counts, earlier ones are not added
}

// Figure 12: making W12 stronger at the expense of W21 moves pairs to d > 0.
func ExamplePerturbation() {
	p := stdd.Params{W12: .5, W21: .5, B2: 1, TauRef: 40}
	base, err := stdd.Solve(p)
	if err != nil {
		fmt.Println(err)
		return
	}
	p.W12 += .05
	p.W21 -= .05
	perturbed, err := stdd.Solve(p)
	if err != nil {
		fmt.Println(err)
		return
	}
	delta, integral := stdd.Perturbation(perturbed, base)
	for _, t := range []int{1, 20, 40, 79} {
		fmt.Printf("t = %2d: delta %+.6f, integral %+.4f\n", t, delta[t], integral[t])
	}
	// Output:
	// t =  1: delta +0.000966, integral +0.0010
	// t = 20: delta +0.000184, integral +0.0104
	// t = 40: delta -0.000370, integral +0.0086
	// t = 79: delta -0.000025, integral +0.0000
}
