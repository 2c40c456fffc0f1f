package figure

import (
	"fmt"
	"slices"
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
	g := &Figure{Title: r.Name, Columns: 2, Height: 92}
	weights, both, way12, way21 := "weights", "both weights", r.W12, r.W21
	if anyFinite(r.Effective12, r.Effective21) {
		g.Columns = 3
		r.add(g, "effective weights", "effective weight", r.Effective12, r.Effective21, weight12, weight21)
		weights, both, way12, way21 = "excitatory weights", "both effective weights", r.Effective12, r.Effective21
	}
	if anyFinite(r.W12, r.W21) {
		r.add(g, weights, "weight", r.W12, r.W21, weight12, weight21)
	}
	if len(way12) > 0 && len(way12) == len(way21) {
		g.add(way(both, way12, way21))
	}
	if anyFinite(r.Drift12, r.Drift21) {
		r.add(g, "drift under SAL", "drift per τ", r.Drift12, r.Drift21, weight12, weight21).under(zeroLevel)
	}
	if anyFinite(r.Activity1, r.Activity2) {
		r.add(g, "activity", "share of time", r.Activity1, r.Activity2, "neuron 1", "neuron 2")
	}
	if len(g.Panels) == 0 {
		return nil, &InputError{"PairRun", "Name", fmt.Sprintf("%q has nothing to draw: every part is missing", r.Name)}
	}
	g.Width = fullWidth * float64(g.Columns) / 3
	return g, nil
}

// add adds a panel with two courses over the epochs, a marker at the start of each.
func (r PairRun) add(g *Figure, heading, label string, v1, v2 []float64, name1, name2 string) *Panel {
	p := &Panel{Heading: heading, X: epochsDone, Y: Axis{Label: label}}
	type course struct {
		v    []float64
		name string
		mark Look
	}
	courses := []course{{v1, name1, dot(synapse12, 2)}, {v2, name2, ring(synapse21, 2.2)}}
	for _, c := range courses {
		if anyFinite(c.v) {
			p.explain(c.name, line(c.mark.Color, 1.1).marked(c.mark))
		}
	}
	for _, c := range slices.Backward(courses) {
		// What is measured over epochs has no value before the first one.
		first := slices.IndexFunc(c.v, finite)
		if first < 0 {
			continue
		}
		p.curve(c.name, r.Epoch[first:], c.v[first:], line(c.mark.Color, 1.1))
		p.start(c.name, r.Epoch, c.v, c.mark)
	}
	g.add(p)
	return p
}

// way draws one weight over the other.
func way(heading string, w12, w21 []float64) *Panel {
	p := framed(heading, weight12, weight21)
	style, mark := line(First, 1.1), dot(First, 2.2)
	p.explain("from the dot", style.marked(mark))
	p.explain(weight12+" = "+weight21, equalLook)
	p.curve("from the dot", w12, w21, style)
	p.start("from the dot", w12, w21, mark)
	p.diagonal()
	return p
}
