package synapse_test

import (
	"fmt"

	"spikealign/synapse"
)

// SAL's window: pairs in which the presynaptic spike comes first depress.
func ExampleWindow_At() {
	half := synapse.Half{Shape: synapse.TriangularWindow, Tau: 10}
	sal := synapse.Window{APlus: -1, AMinus: 1, Plus: half, Minus: half}
	for _, d := range []int64{-5, -1, 0, 1, 5} {
		fmt.Printf("t_post - t_pre = %2d: %+.1f\n", d, sal.At(d))
	}
	// Output:
	// t_post - t_pre = -5: +0.5
	// t_post - t_pre = -1: +0.9
	// t_post - t_pre =  0: +0.0
	// t_post - t_pre =  1: -0.9
	// t_post - t_pre =  5: -0.5
}
