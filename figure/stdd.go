package figure

import (
	"fmt"
	"slices"
	"strings"
)

// STDD shows laws of the spike-timing differences d = t_1 - t_2 of two neurons
// (docs/theory.md), one panel each.
type STDD struct {
	Title string
	Laws  []STDDLaw
}

// STDDLaw is one law of spike-timing differences.
type STDDLaw struct {
	Name string
	Tau  float64 // refractory time, steps
	// d = t_1 - t_2 in steps, ascending, symmetrical about 0; positive where neuron 1 fires second
	Lags        []float64
	Probability []float64 // of each lag
	W12, W21    float64   // the weights, for a note; none if both are 0
	Measured    []float64 // the same as Probability, from spikes; may be nil
	Note        string    // a remark below the name, such as the shape of the potential
}

// lawColumns is the number of laws in a row, lawHeight the height of each.
const (
	lawColumns = 3
	lawHeight  = 84
)

// Figure draws the probability, per tau of lag, over the lag in tau, with the two halves in
// different colours and each half mirrored onto the other one as a dashed outline, and the name and
// tau above: where the outline leaves the area, one order of spikes is more frequent than the
// other. All panels have the same axes. It returns an *InputError for lags that are not ascending
// and symmetrical, for columns of unequal length, for a tau below 1 step and when there is nothing
// to draw.
func (s STDD) Figure() (*Figure, error) {
	if len(s.Laws) == 0 {
		return nil, &InputError{"STDD", "Laws", "there is nothing to draw"}
	}
	if err := checkLaws("STDD", "Laws", s.Laws); err != nil {
		return nil, err
	}
	columns := min(len(s.Laws), lawColumns)
	width := [...]float64{0, 9 * centimetre, readmeWidth, fullWidth}[columns]
	g := &Figure{Title: s.Title, Width: width, Columns: columns, Height: lawHeight}
	g.addLaws(s.Laws)
	for k, p := range g.Panels {
		p.Heading = strings.TrimPrefix(fmt.Sprintf("%s, τ = %s steps", p.Heading, number(s.Laws[k].Tau)), ", ")
	}
	return g, nil
}

func checkLaws(figure, field string, laws []STDDLaw) error {
	for k, l := range laws {
		bad := func(format string, args ...any) error {
			return &InputError{figure, field, fmt.Sprintf("law %d, %q: %s", k, l.Name, fmt.Sprintf(format, args...))}
		}
		if !(l.Tau >= 1 && moderate(l.Tau)) {
			return bad("tau = %g steps: must be 1 or more", l.Tau)
		}
		n := len(l.Lags)
		if n < 2 {
			return bad("%d lags, need at least 2", n)
		}
		for i, d := range l.Lags {
			if !moderate(d) || d != -l.Lags[n-1-i] || i > 0 && d <= l.Lags[i-1] {
				return bad("lag %d is %g: lags must ascend and be symmetrical about 0", i, d)
			}
		}
		if len(l.Probability) != n {
			return bad("%d probabilities for %d lags", len(l.Probability), n)
		}
		if len(l.Measured) > 0 && len(l.Measured) != n {
			return bad("%d measured values for %d lags", len(l.Measured), n)
		}
	}
	return nil
}

const (
	weight12 = `\i{W}_{12}`
	weight21 = `\i{W}_{21}`
	bias1    = `\i{b}_{1}`
	bias2    = `\i{b}_{2}`
)

var (
	lagAxis     = Axis{Label: `\i{t}_{1} − \i{t}_{2}`, Unit: "τ", Tight: true}
	densityAxis = Axis{Label: "probability per τ", Zero: true}

	causal12Law = legend(`\i{t}_{1} > \i{t}_{2}: causal for `+weight12, area(synapse12, 0.6))
	causal21Law = legend(`\i{t}_{1} < \i{t}_{2}: causal for `+weight21, area(synapse21, 0.6))
	mirroredLaw = legend("the other half, mirrored", dashed(Ink, 0.6))
	measuredLaw = legend("from spikes", dot(Ink, 0.8))
)

// addLaws adds a panel for each law, with the same axes, and their key to a figure that has none
// yet.
func (f *Figure) addLaws(laws []STDDLaw) {
	key := []Series{causal12Law, causal21Law, mirroredLaw}
	if slices.ContainsFunc(laws, func(l STDDLaw) bool { return len(l.Measured) > 0 }) {
		key = append(key, measuredLaw)
	}
	f.Key = [][]Series{key}
	var xs, ys []*Axis
	for k, l := range laws {
		p := l.panel()
		p.Y.Bare = k%f.Columns > 0
		p.X.Bare = k+f.Columns < len(laws)
		f.add(p)
		xs, ys = append(xs, &p.X), append(ys, &p.Y)
	}
	share(xs...)
	share(ys...)
}

func (l STDDLaw) panel() *Panel {
	p := &Panel{Heading: l.Name, X: lagAxis, Y: densityAxis}
	if l.W12 != 0 || l.W21 != 0 {
		p.Note = fmt.Sprintf("%s = %s, %s = %s", weight12, number(l.W12), weight21, number(l.W21))
	}
	p.Note = join(p.Note, l.Note)

	n := len(l.Lags)
	edges := midpoints(scaled(l.Lags, 1/l.Tau))
	density := scaled(l.Probability, l.Tau)
	other := slices.Clone(density)
	slices.Reverse(other)
	type section struct {
		Series
		from, to int
	}
	halves := []section{{causal21Law, 0, n / 2}, {causal12Law, (n + 1) / 2, n}}
	areas := halves
	if n%2 == 1 && density[n/2] != 0 { // coincidences, where they count as pairs
		areas = append(areas, section{legend("", area(Reference, 0.6)), n / 2, n/2 + 1})
	}
	steps := func(v []float64, s section) (x, y []float64) {
		for k := s.from; k < s.to; k++ {
			x, y = append(x, edges[k], edges[k+1]), append(y, v[k], v[k])
		}
		return x, y
	}
	for _, s := range areas {
		x, y := steps(density, s)
		p.plot(Series{Label: s.Label, Look: s.Look, X: x, Low: make([]float64, len(y)), High: y})
		p.curve(s.Label, x, y, line(s.Color, 0.8))
	}
	for _, s := range halves {
		x, y := steps(other, s)
		p.curve(mirroredLaw.Label, x, y, mirroredLaw.Look)
	}
	p.lost = 0 // each value is in several lines
	for _, v := range density {
		if !p.Y.Shows(v) {
			p.lost++
		}
	}
	if len(l.Measured) > 0 {
		x, y := scaled(l.Lags, 1/l.Tau), scaled(l.Measured, l.Tau)
		if n%2 == 1 && y[n/2] == 0 { // a dot would only mark the origin
			x, y = slices.Delete(x, n/2, n/2+1), slices.Delete(y, n/2, n/2+1)
		}
		p.curve(measuredLaw.Label, x, y, measuredLaw.Look)
	}
	return p
}

// scaled returns v times factor.
func scaled(v []float64, factor float64) []float64 {
	out := make([]float64, len(v))
	for k := range v {
		out[k] = v[k] * factor
	}
	return out
}
