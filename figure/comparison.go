package figure

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Comparison sets runs of one small network under different conditions side by side; the first demonstration has two, with
// and without SAL.
type Comparison struct {
	Title      string
	N          int         // number of neurons
	Target     []float64   // target probability of the 2^N states; bit i of the index is neuron i; may be nil
	Conditions []Condition // up to six
}

// Condition is one run. Any slice may be nil.
type Condition struct {
	Name      string
	Epoch     []float64 // the abscissa of the next three
	DKL       []float64 // divergence of the sampled from the target distribution, nats
	Floor     []float64 // sampling floor of DKL, nats
	Asymmetry []float64 // Var over i<j of W[i][j]-W[j][i]
	Sampled   []float64 // measured fraction of time in each state
}

// Figure draws D_KL with its sampling floor and the asymmetry over epochs, and the sampled against the target probability of every state. A panel
// for which no condition has data is left out. It returns an *InputError for lengths that do not fit together and when there is
// nothing to draw.
func (c Comparison) Figure() (*Figure, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	g := newPanels(3, 76)
	g.title = c.Title
	dkl, asymmetry, states := newPanel(), newPanel(), newPanel()
	dkl.heading, asymmetry.heading, states.heading = divergenceHead, asymmetryHead, statesHead
	epochs(dkl)
	dkl.y.label, dkl.y.log = dklLabel, true
	epochs(asymmetry)
	asymmetry.y.label, asymmetry.y.zero = varianceLabel, true
	stateScatter(states)

	var hasDKL, hasAsymmetry, hasFloor, hasStates bool
	floor := dashed(grey, 0.9)
	for _, d := range c.Conditions {
		if len(d.Floor) > 0 {
			dkl.line(d.Epoch, d.Floor, floor)
			hasFloor, hasDKL = true, true
		}
	}
	// The last condition is drawn first: the first one, usually the matter of the figure, lies on top.
	for k := len(c.Conditions) - 1; k >= 0; k-- {
		d, hue := c.Conditions[k], categorical[k]
		if len(d.DKL) > 0 {
			dkl.line(d.Epoch, d.DKL, solid(hue, 1.2))
			hasDKL = true
		}
		if len(d.Asymmetry) > 0 {
			asymmetry.line(d.Epoch, d.Asymmetry, solid(hue, 1.2))
			hasAsymmetry = true
		}
		if len(d.Sampled) > 0 && len(c.Target) > 0 {
			style := conditionMarker(k, stateRadius(c.N))
			if k == 0 {
				style.Color = fade(hue, 0.8)
			}
			addStates(states, d.Name, c.Target, d.Sampled, style)
			hasStates = true
		}
	}
	states.diagonal(dashed(grey, 0.7))
	var key []keyEntry
	for k, d := range c.Conditions {
		style := conditionMarker(k, stateRadius(1))
		key = append(key, keyEntry{d.Name, []plot.Thumbnailer{lineThumb(solid(categorical[k], 1.2)), glyphThumb(style)}})
	}
	if hasFloor {
		key = append(key, keyEntry{"sampling floor", []plot.Thumbnailer{lineThumb(floor)}})
	}
	g.key = [][]keyEntry{key}
	for _, p := range []struct {
		*panel
		has bool
	}{{dkl, hasDKL}, {asymmetry, hasAsymmetry}, {states, hasStates}} {
		if p.has {
			g.add(p.panel, 1)
		}
	}
	if len(g.cells) == 0 {
		return nil, &InputError{"Comparison", "Conditions", "there is nothing to draw: every part is missing"}
	}
	width := readmeWidth * vg.Length(len(g.cells)) / vg.Length(g.columns)
	g.columns = len(g.cells)
	return g.figure(width), nil
}

// conditionMarker is the marker of the k-th condition: filled for the first.
func conditionMarker(k int, radius vg.Length) draw.GlyphStyle {
	if k == 0 {
		return dot(categorical[k], radius)
	}
	return ring(categorical[k], radius)
}

func (c Comparison) check() error {
	if n := len(c.Conditions); n > len(categorical) {
		return &InputError{"Comparison", "Conditions", fmt.Sprintf("%d conditions, at most %d have distinct colours", n, len(categorical))}
	}
	if err := checkStates("Comparison", "Target", c.Target, c.N); err != nil {
		return err
	}
	for _, d := range c.Conditions {
		for _, v := range []struct {
			field string
			v     []float64
		}{{"DKL", d.DKL}, {"Floor", d.Floor}, {"Asymmetry", d.Asymmetry}} {
			if len(v.v) > 0 && len(v.v) != len(d.Epoch) {
				return &InputError{"Comparison", "Conditions", fmt.Sprintf("%q: %d values of %s for %d epochs", d.Name, len(v.v), v.field, len(d.Epoch))}
			}
		}
		if err := checkStates("Comparison", "Conditions", d.Sampled, c.N); err != nil {
			return err
		}
	}
	return nil
}
