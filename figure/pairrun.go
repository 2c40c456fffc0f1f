package figure

import (
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// PairRun is one run of two neurons whose synapses learn by SAL (docs/model.md, sections 5 and 6).
// Any slice may be nil.
type PairRun struct {
	Name string // title of the figure

	Epoch    []float64 // epochs finished, the abscissa of all others
	W12, W21 []float64 // the weights that learn
	// with interneurons: the effective weights, W12 and W21 being those of the excitatory synapses
	Effective12, Effective21 []float64
	Drift12, Drift21         []float64 // of W12 and W21 under SAL, per tau; NaN where not measured
	// share of time in which the neurons were refractory; NaN where not measured
	Activity1, Activity2 []float64
}

// Figure draws the effective weights, the weights, both weights against each other with the
// diagonal, the drifts and the activities over the epochs. It returns an *InputError for lengths
// that do not fit together and when there is nothing to draw.
func (r PairRun) Figure() (*Figure, error) {
	for _, c := range []struct {
		field string
		v     []float64
	}{{"W12", r.W12}, {"W21", r.W21}, {"Effective12", r.Effective12}, {"Effective21", r.Effective21}, {"Drift12", r.Drift12}, {"Drift21", r.Drift21},
		{"Activity1", r.Activity1}, {"Activity2", r.Activity2}} {
		if len(c.v) > 0 && len(c.v) != len(r.Epoch) {
			return nil, &InputError{"PairRun", c.field, fmt.Sprintf("%d values for %d epochs", len(c.v), len(r.Epoch))}
		}
	}
	g := newPanels(2, 92)
	weights, both, way12, way21 := "weights", "both weights", r.W12, r.W21
	if anyFinite(r.Effective12, r.Effective21) {
		g.columns = 3
		r.add(g, "effective weights", "effective weight", r.Effective12, r.Effective21, weight12, weight21)
		weights, both, way12, way21 = "excitatory weights", "both effective weights", r.Effective12, r.Effective21
	}
	if anyFinite(r.W12, r.W21) {
		r.add(g, weights, "weight", r.W12, r.W21, weight12, weight21)
	}
	if len(way12) > 0 && len(way12) == len(way21) {
		g.add(way(both, way12, way21), 1)
	}
	if anyFinite(r.Drift12, r.Drift21) {
		r.add(g, "drift under SAL", "drift per τ", r.Drift12, r.Drift21, weight12, weight21).under(reference{style: dashed(grey, 0.7)})
	}
	if anyFinite(r.Activity1, r.Activity2) {
		r.add(g, "activity", "share of time", r.Activity1, r.Activity2, "neuron 1", "neuron 2")
	}
	if len(g.cells) == 0 {
		return nil, &InputError{"PairRun", "Name", fmt.Sprintf("%q has nothing to draw: every part is missing", r.Name)}
	}
	g.title = r.Name
	return g.figure(fullWidth * vg.Length(g.columns) / 3), nil
}

// add adds a panel with two courses over the epochs, a marker at the start of each.
func (r PairRun) add(g *grid, heading, label string, v1, v2 []float64, name1, name2 string) *panel {
	p := trained(heading)
	p.y.label = label
	for _, c := range []struct {
		v    []float64
		name string
		hue  color.NRGBA
		mark draw.GlyphStyle
	}{{v2, name2, synapse21, ring(synapse21, 2.2)}, {v1, name1, synapse12, dot(synapse12, 2)}} {
		// What is measured over epochs has no value before the first one.
		first := slices.IndexFunc(c.v, finite)
		if first < 0 {
			continue
		}
		p.line(r.Epoch[first:], c.v[first:], solid(c.hue, 1.1))
		p.start(r.Epoch, c.v, c.mark)
		p.explain(c.name, lineThumb(solid(c.hue, 1.1)), glyphThumb(c.mark))
	}
	slices.Reverse(p.key)
	g.add(p, 1)
	return p
}

// start marks the first point that can be drawn.
func (p *panel) start(x, y []float64, mark draw.GlyphStyle) {
	for k := range x {
		if p.x.shows(x[k]) && p.y.shows(y[k]) {
			p.add(&plotter.Scatter{XYs: pairs(x[k:k+1], y[k:k+1]), GlyphStyle: mark})
			return
		}
	}
}

// way draws one weight over the other.
func way(heading string, w12, w21 []float64) *panel {
	p := newPanel()
	p.heading, p.square, p.frame = heading, true, true
	p.x.label, p.y.label = weight12, weight21
	style := solid(blue, vg.Length(1.1))
	p.line(w12, w21, style)
	p.start(w12, w21, dot(blue, 2.2))
	p.explain("from the dot", lineThumb(style), glyphThumb(dot(blue, 2.2)))
	equal := dashed(grey, 0.7)
	p.explain(weight12+" = "+weight21, lineThumb(equal))
	p.diagonal(equal)
	return p
}
