package figure

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// MaxConditions is how many conditions a Comparison can show: as many as there are colours.
const MaxConditions = 6

// Comparison sets a small network under different conditions side by side; the first demonstration
// has two, with and without SAL.
type Comparison struct {
	Title string
	N     int // number of neurons
	// target probability of the 2^N states; bit i of the index is neuron i; may be nil
	Target     []float64
	Conditions []Condition // up to six
}

// Condition holds the runs of one condition. Any slice may be nil.
type Condition struct {
	Name string
	// the abscissa of the next three. A run shorter than it is unfinished: it counts as far as it
	// goes
	Epoch []float64

	// [run][epoch] divergence of the sampled from the target distribution, nats
	DKL       [][]float64
	Floor     [][]float64 // sampling floor of DKL, nats
	Asymmetry [][]float64 // Var over i<j of W[i][j]-W[j][i]
	// [run][state] measured fraction of time in each state; of runs with another target it is left
	// out
	Sampled [][]float64
}

// runs is the number of runs.
func (c Condition) runs() int { return max(len(c.DKL), len(c.Asymmetry)) }

// Figure draws D_KL with its sampling floor and the asymmetry over epochs, and the sampled against
// the target probability of every state: of several runs the median, with a band between the
// quartiles over epochs. A panel for which no condition has values is left out. It returns an
// *InputError for lengths that do not fit together, for more conditions than there are colours and
// when there is nothing to draw.
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
	dkl.note = c.repeats(Condition.runs)
	asymmetry.note = dkl.note
	states.note = c.repeats(func(d Condition) int { return len(d.Sampled) })

	var hasDKL, hasAsymmetry, hasFloor, hasStates bool
	floor := dashed(grey, 0.9)
	for _, d := range c.Conditions {
		if anyFinite(d.Floor...) && anyFinite(d.DKL...) {
			dkl.line(d.Epoch, medians(len(d.Epoch), d.Floor, &dkl.y), floor)
			hasFloor = true
		}
	}
	var lines, markers []keyEntry
	for k, d := range c.Conditions {
		hue, style := categorical[k], conditionLine(k, len(c.Conditions))
		if anyFinite(d.DKL...) {
			dkl.courseIn(d.Epoch, d.DKL, fade(hue, bandOpacity), style)
			hasDKL = true
		}
		if anyFinite(d.Asymmetry...) {
			asymmetry.courseIn(d.Epoch, d.Asymmetry, fade(hue, bandOpacity), style)
			hasAsymmetry = true
		}
		thumbs := []plot.Thumbnailer{lineThumb(style)}
		if d.runs() > 1 {
			thumbs = append([]plot.Thumbnailer{patchThumb{fade(hue, bandOpacity)}}, thumbs...)
		}
		lines = append(lines, keyEntry{d.Name, thumbs})
	}
	for _, p := range []*panel{dkl, asymmetry} {
		// Medians above all bands.
		slices.SortStableFunc(p.layers, func(a, b plot.Plotter) int { return depth(a) - depth(b) })
	}
	// The last condition is drawn first: the first one, usually the matter of the figure, lies on
	// top.
	for k := len(c.Conditions) - 1; k >= 0; k-- {
		d := c.Conditions[k]
		if len(d.Sampled) == 0 || len(c.Target) == 0 {
			continue
		}
		sampled, style := medians(len(c.Target), d.Sampled, &axis{}), conditionMarker(k, stateRadius(c.N))
		if k == 0 {
			style.Color = fade(categorical[k], 0.8)
		}
		addStates(states, d.Name, c.Target, sampled, len(d.Sampled), style)
		markers = append([]keyEntry{{d.Name, []plot.Thumbnailer{glyphThumb(conditionMarker(k, stateRadius(1)))}}}, markers...)
		hasStates = true
	}
	states.diagonal(dashed(grey, 0.7))
	if hasFloor {
		lines = append(lines, keyEntry{"sampling floor", []plot.Thumbnailer{lineThumb(floor)}})
	}
	if hasDKL || hasAsymmetry {
		g.key = append(g.key, lines)
	}
	if hasStates {
		g.key = append(g.key, append([]keyEntry{{label: statesHead + ":"}}, markers...))
	}
	for _, p := range []struct {
		*panel
		has bool
	}{{dkl, hasDKL}, {asymmetry, hasAsymmetry}, {states, hasStates}} {
		if p.has {
			g.add(p.panel, 1)
		}
	}
	if len(g.cells) == 0 {
		return nil, &InputError{"Comparison", "Conditions", "there is nothing to draw: no run has values yet"}
	}
	width := readmeWidth * vg.Length(len(g.cells)) / vg.Length(g.columns)
	g.columns = len(g.cells)
	return g.figure(width), nil
}

// repeats says of how many runs the medians are, nothing where every condition has one.
func (c Comparison) repeats(runs func(Condition) int) string {
	lo, hi := math.MaxInt, 0
	for _, d := range c.Conditions {
		if n := runs(d); n > 0 {
			lo, hi = min(lo, n), max(hi, n)
		}
	}
	switch {
	case hi <= 1:
		return ""
	case lo < hi:
		return fmt.Sprintf("median of %d to %d runs", lo, hi)
	}
	return fmt.Sprintf("median of %d runs", hi)
}

// conditionLine is the line of the k-th of n conditions: the first one is solid, and each is drawn
// over those before it with shorter dashes, so that all are seen where they coincide.
func conditionLine(k, n int) draw.LineStyle {
	s := solid(categorical[k], 1.1)
	if k > 0 {
		piece := min(3, 12/vg.Length(n))
		s.Dashes = []vg.Length{piece * vg.Length(n-k), piece * vg.Length(k)}
	}
	return s
}

// conditionMarker is the marker of the k-th condition: filled for the first.
func conditionMarker(k int, radius vg.Length) draw.GlyphStyle {
	if k == 0 {
		return dot(categorical[k], radius)
	}
	return ring(categorical[k], radius)
}

func (c Comparison) check() error {
	if n := len(c.Conditions); n > MaxConditions {
		return &InputError{"Comparison", "Conditions", fmt.Sprintf("%d conditions, at most %d have distinct colours", n, MaxConditions)}
	}
	if err := checkStates("Comparison", "Target", c.Target, c.N); err != nil {
		return err
	}
	for _, d := range c.Conditions {
		for _, v := range []struct {
			field string
			runs  [][]float64
		}{{"DKL", d.DKL}, {"Floor", d.Floor}, {"Asymmetry", d.Asymmetry}} {
			for r, run := range v.runs {
				if len(run) > len(d.Epoch) {
					return &InputError{"Comparison", "Conditions", fmt.Sprintf("%q: run %d has %d values of %s for %d epochs", d.Name, r, len(run), v.field, len(d.Epoch))}
				}
			}
		}
		for _, run := range d.Sampled {
			if err := checkStates("Comparison", "Conditions", run, c.N); err != nil {
				return err
			}
		}
	}
	return nil
}
