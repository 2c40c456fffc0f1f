package figure

import (
	"fmt"
)

// Figure10 is SAL on two excitatory neurons that also inhibit each other through interneurons
// (docs/model.md, section 6): figure 10 of the paper.
type Figure10 struct {
	Title    string
	N        int       // the grid has N x N points; the point (i, j) is at i*N+j
	W12, W21 []float64 // effective weights of each point
	Drift12  []float64 // drift of the synapse from E2 to E1 under SAL, per tau

	// Activity (share of time refractory) of the excitatory neurons, and of two neurons coupled
	// directly by the effective weights: of the first neuron at all points, then of the second.
	// Both nil: the panel is left out.
	Rate, RateDirect []float64
}

// Figure draws the drift over the effective weights, with the line along which it changes its sign
// (interpolated along the lines of the grid) and the diagonal, and the activities of pairs with
// interneurons against those of the directly coupled ones. It returns an *InputError for lengths
// that do not fit together, for a grid of less than 2 x 2 points and for effective weights that are
// not finite.
func (f Figure10) Figure() (*Figure, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	g := &Figure{Title: f.Title, Columns: 2, Height: 132, Trim: true}
	g.add(f.drift())
	if len(f.Rate) > 0 {
		g.add(f.activity())
	}
	return g.narrow(), nil
}

func (f Figure10) check() error {
	bad := func(field, format string, args ...any) error {
		return &InputError{"Figure10", field, fmt.Sprintf(format, args...)}
	}
	if f.N < 2 || f.N > 1<<12 {
		return bad("N", "a grid of %d x %d points, need at least 2 x 2", f.N, f.N)
	}
	for _, c := range []struct {
		field string
		v     []float64
	}{{"W12", f.W12}, {"W21", f.W21}, {"Drift12", f.Drift12}} {
		if len(c.v) != f.N*f.N {
			return bad(c.field, "%d values for a grid of %d x %d points", len(c.v), f.N, f.N)
		}
		for k, w := range c.v {
			if c.field != "Drift12" && !moderate(w) {
				return bad(c.field, "value %d is %g: must be finite", k, w)
			}
		}
	}
	if len(f.Rate)%2 != 0 {
		return bad("Rate", "%d values, need as many of the first neuron as of the second", len(f.Rate))
	}
	if len(f.RateDirect) != len(f.Rate) {
		return bad("RateDirect", "%d values for %d of Rate", len(f.RateDirect), len(f.Rate))
	}
	return nil
}

func (f Figure10) drift() *Panel {
	p := framed("SAL with interneurons", "effective weight "+weight12, "effective weight "+weight21)
	p.X.Tight, p.Y.Tight = true, true
	v := p.blank(f.Drift12)
	limit := largest(v)
	p.cells(f.W12, f.W21, v, f.N, limit)
	x, y := zeroLines(f.W12, f.W21, v, f.N, f.N)
	p.Series = append(p.Series, Series{Kind: XY, Label: "no drift", Look: line(Ink, 1.2), X: x, Y: y},
		Series{Kind: Diagonal, Label: "equal effective weights", Look: dashed(Ink, 0.7)})
	p.colours("drift of "+weight12+" per τ", limit)
	return p
}

func (f Figure10) activity() *Panel {
	p := framed("activity (share of time)", "directly coupled", "with interneurons")
	n := len(f.Rate) / 2
	first, second := dot(synapse12, 1.5).faded(0.7), ring(synapse21, 1.7)
	p.explain("neuron 1", first)
	p.curve("neuron 2", f.RateDirect[n:], f.Rate[n:], second)
	p.curve("neuron 1", f.RateDirect[:n], f.Rate[:n], first)
	p.diagonal()
	return p
}
