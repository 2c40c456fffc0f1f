package figure

import "fmt"

// Align is one run of a method by which feedback weights come to mirror forward weights
// (docs/align.md). Any slice may be nil: what it would show is left out.
type Align struct {
	Name string // title of the figure

	Time         []float64   // simulated, seconds
	Angles       [][]float64 // [layer][report] between feedback and transposed forward weights, degrees
	ErrorAngles  [][]float64 // the same of errors sent back through them
	Correlations [][]float64
	Layers       []FeedbackLayer
}

var simulated = Axis{Label: "simulated time", Unit: "s", Tight: true, Zero: true}

// Figure draws angle and correlation of every layer over the simulated time, and the feedback
// against the forward weights (of the first nine layers), before and after. It returns an
// *InputError for lengths that do not fit together and when there is nothing to draw.
func (a Align) Figure() (*Figure, error) {
	for _, c := range []struct {
		field string
		of    [][]float64
	}{{"Angles", a.Angles}, {"ErrorAngles", a.ErrorAngles}, {"Correlations", a.Correlations}} {
		for l, v := range c.of {
			if len(v) != len(a.Time) {
				return nil, &InputError{"Align", c.field, fmt.Sprintf("layer %d: %d values for %d times", l, len(v), len(a.Time))}
			}
		}
	}
	for l, w := range a.Layers {
		if len(w.Up) != len(w.Down) || len(w.Up0) != len(w.Down0) {
			return nil, &InputError{"Align", "Layers", fmt.Sprintf("layer %d: %d and %d forward weights for %d and %d feedback weights", l, len(w.Up0), len(w.Up), len(w.Down0), len(w.Down))}
		}
	}
	g := &Figure{Title: a.Name, Columns: 3, Height: 92}
	over := func(heading, label, unit string, of [][]float64, top float64) {
		if !anyFinite(of...) {
			return
		}
		p := &Panel{Heading: heading, X: simulated, Y: Axis{Label: label, Unit: unit, Zero: true}}
		p.Y.include(top)
		for l, v := range of {
			p.series(layerName(l, len(of)), a.Time, v, sequential(l, len(of), 1.1))
		}
		g.add(p)
	}
	if len(a.Angles) == 1 && len(a.ErrorAngles) == 1 {
		p := &Panel{Heading: alignmentHead, X: simulated, Y: Axis{Label: "angle", Unit: "degrees", Zero: true}}
		p.Y.include(90)
		p.series("weights", a.Time, a.Angles[0], line(First, 1.1))
		p.series("errors sent back", a.Time, a.ErrorAngles[0], dashed(Second, 1.1))
		g.add(p)
	} else {
		over(alignmentHead, "angle", "degrees", a.Angles, 90)
		over("errors sent back", "angle", "degrees", a.ErrorAngles, 90)
	}
	over("correlation", "correlation", "", a.Correlations, 1)
	for l, w := range a.Layers[:min(len(a.Layers), maxLayersDrawn)] {
		p := w.panel(l)
		p.Heading = "weights"
		if len(a.Layers) > 1 {
			p.Heading = fmt.Sprintf("weights, layers %d-%d", l, l+1)
		}
		g.add(p)
	}
	if len(g.Panels) == 0 {
		return nil, &InputError{"Align", "Name", fmt.Sprintf("%q has nothing to draw: every part is missing", a.Name)}
	}
	return g.narrow(), nil
}

// Scatters shows feedback against forward weights under several conditions, a panel for each.
type Scatters struct {
	Title  string
	Panels []Scatter // up to eight
}

// Scatter is one condition.
type Scatter struct {
	Heading string
	FeedbackLayer
}

// Figure draws the weights before and after. It returns an *InputError for more panels than fit, or
// none, and for lengths that do not fit together.
func (s Scatters) Figure() (*Figure, error) {
	if n := len(s.Panels); n == 0 || n > 8 {
		return nil, &InputError{"Scatters", "Panels", fmt.Sprintf("%d panels, need 1 to 8", n)}
	}
	g := &Figure{Title: s.Title, Columns: min(len(s.Panels), 4), Height: 92}
	for k, w := range s.Panels {
		if len(w.Up) != len(w.Down) || len(w.Up0) != len(w.Down0) {
			return nil, &InputError{"Scatters", "Panels", fmt.Sprintf("%q: %d and %d forward weights for %d and %d feedback weights", w.Heading, len(w.Up0), len(w.Up), len(w.Down0), len(w.Down))}
		}
		p := w.panel(k)
		p.Heading = w.Heading
		g.add(p)
	}
	// All panels have the same two kinds of marks: one key for them.
	var key []Series
	for k, p := range g.Panels {
		for i := range p.Series {
			mark := &p.Series[i]
			if mark.Label != "" && k == 0 {
				look := mark.Look
				look.Radius, look.Opacity = max(look.Radius, 1.9), 0
				key = append(key, legend(mark.Label, look))
			}
			mark.Label = ""
		}
	}
	g.Key = [][]Series{key}
	return g.narrow(), nil
}

// layerName labels the line of a layer; a single one needs no name.
func layerName(l, layers int) string {
	if layers == 1 {
		return ""
	}
	return fmt.Sprintf("layers %d-%d", l, l+1)
}
