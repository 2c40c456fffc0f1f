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
	all := map[string]Drawer{"traces": Traces(), "analysis": Analysis(7), "large analysis": Analysis(100), "lags": Lags(6)}
	for kind, inputs := range map[string]map[string]Drawer{"sampling": Sampling(), "circuit": Circuits(), "pair": Pairs()} {
		for name, in := range inputs {
			all[kind+" "+name] = in
		}
	}
	return all
}

// Traces are columns of tables: thinned ones with a floor, one with values that have no place, and
// one that is empty.
func Traces() figure.Traces {
	trace := func(name string, n int, thinned bool) figure.Trace {
		t := figure.Trace{Name: name}
		for k := range n {
			y := 1/float64(1+k) + 1e-3
			t.X, t.Y = append(t.X, float64(10*k)), append(t.Y, y)
			if thinned {
				t.Low, t.High = append(t.Low, y/2), append(t.High, y*3)
			}
		}
		return t
	}
	spoilt := trace("short", 5, false)
	spoilt.Y[1], spoilt.Y[2], spoilt.Y[3] = nan, inf, -1
	floor := trace("long", 200, true)
	floor.Low, floor.High, floor.Floor = nil, nil, true
	for k := range floor.Y {
		floor.Y[k] = 1e-3
	}
	x := figure.Axis{Label: "epoch"}
	return figure.Traces{Panels: []figure.TracePanel{
		{Heading: "loss: of the network", X: x, Y: figure.Axis{Label: "loss", Log: true}, Traces: []figure.Trace{trace("long", 200, true), floor, spoilt}},
		{Heading: "angle", X: figure.Axis{Label: "epoch", Log: true}, Y: figure.Axis{Label: "angle", Unit: "degrees"}, Traces: []figure.Trace{trace("short", 5, false)}},
		{Heading: "a part", X: x, Y: figure.Axis{Label: "loss"}, Traces: []figure.Trace{trace("long", 200, true)}, Whole: []float64{-1000, 5000}},
		{Heading: "nothing", X: x, Y: figure.Axis{Label: "none"}, Traces: []figure.Trace{{Name: "long"}}},
	}}
}
