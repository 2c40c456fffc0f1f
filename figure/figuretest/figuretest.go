// Package figuretest holds figures for the tests of whatever draws them: typical, partial,
// degenerate and spoilt data, which must all come out whole.
package figuretest

import (
	"math"

	"spikealign/figure"
)

// Drawer is what every input of a figure has.
type Drawer interface {
	Figure() (*figure.Figure, error)
}

var (
	nan = math.NaN()
	inf = math.Inf(1)
)

// All returns the inputs of all kinds, by their kinds and names.
func All() map[string]Drawer {
	all := map[string]Drawer{"analysis": Analysis(7), "large analysis": Analysis(100), "lags": Lags(6)}
	for kind, inputs := range map[string]map[string]Drawer{"sampling": Sampling(), "circuit": Circuits(), "pair": Pairs()} {
		for name, in := range inputs {
			all[kind+" "+name] = in
		}
	}
	return all
}
