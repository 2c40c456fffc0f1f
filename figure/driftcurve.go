package figure

import "fmt"

// DriftCurve is the drift of both weights of a pair of neurons over their difference, at one mean.
type DriftCurve struct {
	Mean             float64   // (W12 + W21)/2
	Differences      []float64 // W12 - W21, ascending
	Drift12, Drift21 []float64 // at each of them, per tau
	Difference       float64   // the present one
}

// Figure draws both drifts, the level zero and the present difference. It returns an *InputError
// for columns of unequal length and when there is nothing to draw.
func (c DriftCurve) Figure() (*Figure, error) {
	n := len(c.Differences)
	if n == 0 || len(c.Drift12) != n || len(c.Drift21) != n {
		return nil, &InputError{"DriftCurve", "Differences", fmt.Sprintf("%d and %d drifts for %d differences", len(c.Drift12), len(c.Drift21), n)}
	}
	p := &Panel{Heading: "drift where (" + weight12 + " + " + weight21 + ") / 2 = " + number(c.Mean),
		X: Axis{Label: weight12 + " − " + weight21, Tight: true}, Y: Axis{Label: "drift under SAL", Unit: "per τ"}}
	for _, w := range []struct {
		name  string
		drift []float64
		look  Look
	}{{weight12, c.Drift12, line(synapse12, 1.2)}, {weight21, c.Drift21, Look{Color: synapse21, Width: 1.2, Dashes: []float64{5, 1.5}}}} {
		p.curve("of "+w.name, c.Differences, w.drift, w.look)
	}
	p.Y.include(0)
	p.under(zeroLevel)
	if p.Y.Range != nil {
		at := []float64{c.Difference, c.Difference}
		p.curve("these weights", at, p.Y.Range, line(Ink, 0.8))
	}
	g := &Figure{Width: 9 * centimetre, Columns: 1, Height: lawHeight}
	g.add(p)
	return g, nil
}
