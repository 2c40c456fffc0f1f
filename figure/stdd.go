package figure

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// STDD shows laws of the spike-timing differences d = t_1 - t_2 of two neurons (docs/model.md,
// section 5), one panel each.
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
}

// lawColumns is the number of laws in a row, lawHeight the height of each.
const (
	lawColumns = 3
	lawHeight  = vg.Length(84)
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
	g := newPanels(columns, lawHeight)
	g.title = s.Title
	g.key = [][]keyEntry{lawKey(s.Laws)}
	g.addLaws(s.Laws)
	for k, c := range g.cells {
		c.heading = strings.TrimPrefix(fmt.Sprintf("%s, τ = %s steps", c.heading, number(s.Laws[k].Tau)), ", ")
	}
	return g.figure([...]vg.Length{0, 9 * vg.Centimeter, readmeWidth, fullWidth}[columns]), nil
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

	lagLabel = `\i{t}_{1} − \i{t}_{2} (τ)`
)

var (
	mirrorStyle   = dashed(black, 0.6)
	measuredStyle = dot(black, 0.8)
)

// lawKey explains the panels of addLaws.
func lawKey(laws []STDDLaw) []keyEntry {
	key := []keyEntry{
		{`\i{t}_{1} > \i{t}_{2}: causal for ` + weight12, []plot.Thumbnailer{patchThumb{lawFill(synapse12)}}},
		{`\i{t}_{1} < \i{t}_{2}: causal for ` + weight21, []plot.Thumbnailer{patchThumb{lawFill(synapse21)}}},
		{"the other half, mirrored", []plot.Thumbnailer{lineThumb(mirrorStyle)}},
	}
	if slices.ContainsFunc(laws, func(l STDDLaw) bool { return len(l.Measured) > 0 }) {
		key = append(key, keyEntry{"from spikes", []plot.Thumbnailer{glyphThumb(measuredStyle)}})
	}
	return key
}

func lawFill(hue color.NRGBA) color.Color { return fade(hue, 0.6) }

// addLaws adds a panel for each law, with the same axes, to a grid that has none yet.
func (g *grid) addLaws(laws []STDDLaw) {
	var xs, ys []*axis
	for k, l := range laws {
		p := l.panel()
		p.y.bare = k%g.columns > 0
		p.x.bare = k+g.columns < len(laws)
		g.add(p, 1)
		xs, ys = append(xs, &p.x), append(ys, &p.y)
	}
	share(xs...)
	share(ys...)
}

func (l STDDLaw) panel() *panel {
	p := newPanel()
	p.heading = l.Name
	if l.W12 != 0 || l.W21 != 0 {
		p.note = fmt.Sprintf("%s = %s, %s = %s", weight12, number(l.W12), weight21, number(l.W21))
	}
	p.x.label, p.x.tight = lagLabel, true
	p.y.label, p.y.zero = "probability per τ", true

	n := len(l.Lags)
	edges := midpoints(scaled(l.Lags, 1/l.Tau))
	density := scaled(l.Probability, l.Tau)
	other := slices.Clone(density)
	slices.Reverse(other)
	type section struct {
		hue      color.NRGBA
		from, to int
	}
	halves := []section{{synapse21, 0, n / 2}, {synapse12, (n + 1) / 2, n}}
	areas := halves
	if n%2 == 1 && density[n/2] != 0 { // coincidences, where they count as pairs
		areas = append(areas, section{grey, n / 2, n/2 + 1})
	}
	steps := func(v []float64, s section) (x, y []float64) {
		for k := s.from; k < s.to; k++ {
			x, y = append(x, edges[k], edges[k+1]), append(y, v[k], v[k])
		}
		return x, y
	}
	for _, s := range areas {
		x, y := steps(density, s)
		p.band(x, make([]float64, len(y)), y, lawFill(s.hue))
		p.line(x, y, solid(s.hue, 0.8))
	}
	for _, s := range halves {
		x, y := steps(other, s)
		p.line(x, y, mirrorStyle)
	}
	p.lost = 0 // each value is in several lines
	for _, v := range density {
		if !p.y.shows(v) {
			p.lost++
		}
	}
	if len(l.Measured) > 0 {
		x, y := scaled(l.Lags, 1/l.Tau), scaled(l.Measured, l.Tau)
		if n%2 == 1 && y[n/2] == 0 { // a dot would only mark the origin
			x, y = slices.Delete(x, n/2, n/2+1), slices.Delete(y, n/2, n/2+1)
		}
		p.points(x, y, measuredStyle)
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
