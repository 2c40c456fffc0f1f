package figure

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/plotter"
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
	g := newPanels(2, 132)
	g.title, g.trim = f.Title, true
	g.add(f.drift(), 1)
	if len(f.Rate) > 0 {
		g.add(f.activity(), 1)
	}
	return g.figure(gridWidth(g)), nil
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

func (f Figure10) drift() *panel {
	p := newPanel()
	p.heading = "SAL with interneurons"
	p.square, p.frame = true, true
	p.x.label, p.y.label = `effective weight `+weight12, `effective weight `+weight21
	p.x.tight, p.y.tight = true, true
	v := p.blank(f.Drift12)
	limit := largest(v)
	p.add(cells{x: f.W12, y: f.W21, values: v, n: f.N, m: f.N, limit: limit})
	zero := solid(black, 1.2)
	for _, line := range zeroLines(f.W12, f.W21, v, f.N, f.N) {
		p.add(&plotter.Line{XYs: line, LineStyle: zero})
	}
	p.explain("no drift", lineThumb(zero))
	equal := dashed(black, 0.7)
	p.add(reference{diagonal: true, style: equal})
	p.explain("equal effective weights", lineThumb(equal))
	p.bar = &colorBar{limit: limit, label: "drift of " + weight12 + " per τ"}
	return p
}

func (f Figure10) activity() *panel {
	p := newPanel()
	p.heading = "activity (share of time)"
	p.square, p.frame = true, true
	p.x.label, p.y.label = "directly coupled", "with interneurons"
	n := len(f.Rate) / 2
	first, second := dot(fade(synapse12, 0.7), 1.5), ring(synapse21, 1.7)
	p.points(f.RateDirect[n:], f.Rate[n:], second)
	p.points(f.RateDirect[:n], f.Rate[:n], first)
	p.explain("neuron 1", glyphThumb(first))
	p.explain("neuron 2", glyphThumb(second))
	p.diagonal(dashed(grey, 0.7))
	return p
}

// blank returns v with NaN for every value that has no colour, and counts them.
func (p *panel) blank(v []float64) []float64 {
	out := make([]float64, len(v))
	for k, x := range v {
		out[k] = x
		if !moderate(x) {
			out[k] = math.NaN()
			p.lost++
		}
	}
	return out
}
