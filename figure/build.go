package figure

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"spikealign/internal/quantile"
)

// InputError says which field of a figure's input cannot be drawn, and why.
type InputError struct {
	Figure  string // the type of the input, such as "Training"
	Field   string // the field, such as "DKL"
	Problem string
}

func (e *InputError) Error() string {
	return fmt.Sprintf("figure: %s.%s: %s", e.Figure, e.Field, e.Problem)
}

// Widths of a figure, in points.
const (
	centimetre float64 = 72 / 2.54
	fullWidth          = 16 * centimetre // the text width of a page
	// 1606 pixels, so that half of it is still legible on a web page
	readmeWidth = 13.6 * centimetre
)

// categorical gives each condition of a comparison its colour, in this order.
var categorical = [MaxConditions]Color{First, Second, Third, Fourth, Fifth, Sixth}

// The two conditions of the paper, the same in every figure, and the two synapses between a pair of
// neurons, with the spike-timing differences that are causal for either.
const (
	withSAL    = First
	withoutSAL = Second
	synapse12  = Third
	synapse21  = Fourth
)

const bandOpacity = 0.24

func line(c Color, width float64) Look { return Look{Color: c, Width: width} }

// dashed marks references.
func dashed(c Color, width float64) Look {
	return Look{Color: c, Width: width, Dashes: []float64{3, 2}}
}

func area(c Color, opacity float64) Look { return Look{Color: c, Fill: opacity} }
func dot(c Color, radius float64) Look   { return Look{Color: c, Marker: Dot, Radius: radius} }
func ring(c Color, radius float64) Look  { return Look{Color: c, Marker: Ring, Radius: radius} }

// Lines through a whole panel: where both axes are equal, and zero.
var (
	equalLook = dashed(Reference, 0.7)
	zeroLevel = Series{Kind: Level, Look: dashed(Reference, 0.7), Y: Numbers{0}}
)

// faded returns l with another opacity of line and marker.
func (l Look) faded(opacity float64) Look {
	l.Opacity = opacity
	return l
}

// banded and marked return the line l with the band of a course, or with the marker of m.
func (l Look) banded() Look {
	l.Fill = bandOpacity
	return l
}

func (l Look) marked(m Look) Look {
	l.Marker, l.Radius = m.Marker, m.Radius
	return l
}

// sequential is the line of the k-th of n ordered levels.
func sequential(k, n int, width float64) Look {
	return Look{Color: Sequential, Shade: float64(k) / float64(max(n-1, 1)), Width: width}
}

// legend is a line of a key.
func legend(label string, l Look) Series { return Series{Label: label, Look: l} }

// add puts a finished panel behind the others.
func (f *Figure) add(p *Panel) {
	if p.lost > 0 {
		p.Note = join(p.Note, plural(p.lost, "value")+" not drawn")
		p.lost = 0
	}
	f.Panels = append(f.Panels, p)
}

// narrow returns f, of three columns, with the full width, or less where it has fewer panels.
func (f *Figure) narrow() *Figure {
	used := 0
	for _, c := range f.Places() {
		used = max(used, c.Column+c.Span)
	}
	f.Width = fullWidth
	if used < f.Columns {
		f.Width = fullWidth * float64(used) / float64(f.Columns)
		f.Columns = used
	}
	return f
}

// framed returns a square panel of one quantity over another.
func framed(heading, x, y string) *Panel {
	return &Panel{Heading: heading, X: Axis{Label: x}, Y: Axis{Label: y}, Square: true, Frame: true}
}

// include extends the range to values.
func (a *Axis) include(values ...float64) {
	for _, v := range values {
		switch {
		case !a.Shows(v):
		case a.Range == nil:
			a.Range = []float64{v, v}
		default:
			a.Range[0], a.Range[1] = math.Min(a.Range[0], v), math.Max(a.Range[1], v)
		}
	}
}

// share gives all axes the range of their union.
func share(axes ...*Axis) {
	var all Axis
	for _, a := range axes {
		all.include(a.Range...)
	}
	for _, a := range axes {
		a.Range = slices.Clone(all.Range)
	}
}

// explain adds a line to the key.
func (p *Panel) explain(label string, l Look) { p.Series = append(p.Series, legend(label, l)) }

// under puts a series behind all others; it does not extend the axes.
func (p *Panel) under(s Series) { p.Series = slices.Insert(p.Series, 0, s) }

// plot adds a curve. Values for which the axes have no place become NaN; of these the points of
// lines and markers are counted.
func (p *Panel) plot(s Series) {
	s.Kind = XY
	columns := []*Numbers{&s.X}
	for _, v := range []*Numbers{&s.Y, &s.Low, &s.High} {
		if *v != nil {
			columns = append(columns, v)
		}
	}
	for _, v := range columns {
		*v = slices.Clone(*v)
	}
	for k := range s.X {
		whole := true
		for i, v := range columns {
			a := &p.Y
			if i == 0 {
				a = &p.X
			}
			if !a.Shows((*v)[k]) {
				(*v)[k], whole = math.NaN(), false
			}
		}
		switch {
		case whole:
			p.X.include(s.X[k])
			for _, v := range columns[1:] {
				p.Y.include((*v)[k])
			}
		case s.Y != nil:
			p.lost++
		}
	}
	p.Series = append(p.Series, s)
}

// curve adds a line, or markers.
func (p *Panel) curve(label string, x, y []float64, l Look) {
	p.plot(Series{Label: label, Look: l, X: x, Y: y})
}

// edged adds y over ascending x as curve does, except that steps more than three times as large as
// those beside them are vertical, halfway between their places.
func (p *Panel) edged(label string, x, y []float64, l Look) {
	step := func(k int) float64 { // from place k to the next one
		if k < 0 || k+1 >= len(y) {
			return 0
		}
		return math.Abs(y[k+1] - y[k])
	}
	var xs, ys []float64
	for k := range x {
		xs, ys = append(xs, x[k]), append(ys, y[k])
		if k > 0 && k+2 < len(x) && step(k) > 3*math.Max(step(k-1), step(k+1)) {
			at := (x[k] + x[k+1]) / 2
			xs, ys = append(xs, at, at), append(ys, y[k], y[k+1])
		}
	}
	p.curve(label, xs, ys, l)
}

// midpoints returns the bounds of the intervals around two or more ascending values: halfway
// between two of them, as far from the outer ones as on their other side.
func midpoints(x []float64) []float64 {
	n := len(x)
	edges := make([]float64, n+1)
	for k := 1; k < n; k++ {
		edges[k] = (x[k-1] + x[k]) / 2
	}
	edges[0], edges[n] = 2*x[0]-edges[1], 2*x[n-1]-edges[n-1]
	return edges
}

// course draws the median of runs over x and the band between their quartiles, and returns the
// medians. A run shorter than x counts as far as it goes.
func (p *Panel) course(label string, x []float64, runs [][]float64, l Look) []float64 {
	q1, q2, q3 := make([]float64, len(x)), make([]float64, len(x)), make([]float64, len(x))
	for k := range x {
		values, lost := atEpoch(runs, k, &p.Y)
		p.lost += lost
		q1[k], q2[k], q3[k] = quantile.Quartiles(values)
	}
	lost := p.lost // a place without values is no further loss
	if len(runs) > 1 {
		p.plot(Series{Label: label, Look: Look{Color: l.Color, Shade: l.Shade, Fill: bandOpacity}, X: x, Low: q1, High: q3})
	}
	p.curve(label, x, q2, l)
	p.lost = lost
	return q2
}

// bandsFirst puts medians above all bands.
func (p *Panel) bandsFirst() {
	depth := func(s Series) int {
		if s.Low != nil {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(p.Series, func(a, b Series) int { return depth(a) - depth(b) })
}

// atEpoch collects the values of all runs at epoch index e that the axis can show.
func atEpoch(runs [][]float64, e int, y *Axis) (values []float64, lost int) {
	for _, run := range runs {
		switch {
		case e >= len(run):
		case y.Shows(run[e]):
			values = append(values, run[e])
		default:
			lost++
		}
	}
	return values, lost
}

// medians returns the median of runs at each of n places, of the values that y can show.
func medians(n int, runs [][]float64, y *Axis) []float64 {
	m := make([]float64, n)
	for k := range m {
		values, _ := atEpoch(runs, k, y)
		_, m[k], _ = quantile.Quartiles(values)
	}
	return m
}

// start marks the first point that can be drawn.
func (p *Panel) start(label string, x, y []float64, mark Look) {
	for k := range x {
		if p.X.Shows(x[k]) && p.Y.Shows(y[k]) {
			p.curve(label, x[k:k+1], y[k:k+1], mark)
			return
		}
	}
}

// diagonal draws the line x = y through the whole panel, whose axes get the same range.
func (p *Panel) diagonal() {
	share(&p.X, &p.Y)
	p.Equal = true
	p.under(Series{Kind: Diagonal, Look: equalLook})
}

// name labels a place of an abscissa without numbers.
func (p *Panel) name(at float64, name string) {
	p.X.Ticks = append(p.X.Ticks, Tick{at, name})
	p.X.include(at-0.5, at+0.5)
}

// summary draws the distribution of values at x: its median as marker, a bar from the lower to the
// upper quartile and every value as a faint dot, spread over the given width. It returns the
// median, NaN where no value can be drawn.
func (p *Panel) summary(label string, x, spread float64, values []float64, mark Look) (median float64) {
	var seen, xs []float64
	for _, v := range values {
		if !p.Y.Shows(v) {
			p.lost++
			continue
		}
		// The golden-ratio sequence spreads any number of dots evenly, the same way each time.
		_, f := math.Modf(float64(len(seen)+1) * (math.Sqrt(5) - 1) / 2)
		seen, xs = append(seen, v), append(xs, x+spread*(f-0.5))
	}
	if len(seen) == 0 {
		return math.NaN()
	}
	q1, median, q3 := quantile.Quartiles(seen)
	if len(seen) > 1 {
		p.curve(label, xs, seen, dot(mark.Color, 1.1).faded(0.35))
	}
	p.curve(label, []float64{x, x}, []float64{q1, q3}, line(mark.Color, 1.1))
	p.curve(label, []float64{x}, []float64{median}, mark)
	return median
}

// matrix adds coloured cells, row 0 on top.
func (p *Panel) matrix(values []float64, columns int, limit float64) {
	p.Series = append(p.Series, Series{Kind: Heat, Values: values, Columns: columns, Limit: limit})
	p.X.include(-0.5, float64(columns)-0.5)
	p.Y.include(0.5-float64(len(values)/columns), 0.5)
}

// cells adds coloured cells around the points (x, y) of a grid.
func (p *Panel) cells(x, y, values []float64, columns int, limit float64) {
	s := Series{Kind: Cells, X: x, Y: y, Values: values, Columns: columns, Limit: limit}
	for i := range len(values)/columns + 1 {
		for j := range columns + 1 {
			cx, cy := s.Corner(i, j)
			p.X.include(cx)
			p.Y.include(cy)
		}
	}
	p.Series = append(p.Series, s)
}

// colours puts the scale of colours beside the data.
func (p *Panel) colours(label string, limit float64) {
	p.Bar = &Axis{Label: label, Range: []float64{-limit, limit}, Tight: true}
}

// blank returns v with NaN for every value that has no colour, and counts them.
func (p *Panel) blank(v []float64) []float64 {
	out := slices.Clone(v)
	for k, x := range out {
		if !moderate(x) {
			out[k] = math.NaN()
			p.lost++
		}
	}
	return out
}

// moderate tells whether v is a number that axes can show with everything around it.
func moderate(v float64) bool { return math.Abs(v) < 1e98 }

// indexTicks labels the integers 0..n-1, every second, fifth, ... where they are many; sign -1
// counts downwards, for rows of a matrix.
func indexTicks(n int, sign float64, most int) []Tick {
	step := 1
	for k := 0; (n-1)/step >= most; k++ {
		step = [...]int{2, 5, 10}[k%3]
		for range k / 3 {
			step *= 10
		}
	}
	var ticks []Tick
	for i := 0; i < n; i += step {
		ticks = append(ticks, Tick{sign * float64(i), number(float64(i))})
	}
	return ticks
}

// join appends a remark to others.
func join(remarks, more string) string {
	if remarks == "" || more == "" {
		return remarks + more
	}
	return remarks + "; " + more
}

// plural writes a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Minus replaces the hyphen of formatted numbers by the minus sign, and drops the sign of -0.
func Minus(s string) string {
	if !strings.HasPrefix(s, "-") {
		return s
	}
	if strings.Trim(s, "-0.") == "" {
		return s[1:]
	}
	return "−" + s[1:]
}

// number writes v in the shortest form, for keys and notes.
func number(v float64) string {
	return Minus(strconv.FormatFloat(v, 'g', 4, 64))
}
