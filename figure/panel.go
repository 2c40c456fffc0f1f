package figure

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"spikealign/internal/quantile"
)

// axis is one axis of a panel. Its range grows with the data added; figures set the other fields
// before they add any.
type axis struct {
	label  string
	log    bool
	zero   bool // the range reaches to 0, without margin there
	tight  bool // no margin around the data
	bare   bool // ticks without labels: the panel to the left has them
	upward bool // tick labels of x turned by a quarter
	// the quantity counts something: no ticks between integers, and a single value stands on an
	// axis from 0
	whole bool
	named []plot.Tick // these ticks instead of round numbers

	lo, hi   float64 // what the data need; lo > hi while there are none
	min, max float64 // what the axis shows
	ticks    []plot.Tick
	power    int      // tick labels are divided by 10^power
	lines    []string // the label with its power of ten, broken to the length of the axis
}

// shows tells whether the axis has a place for v. The bounds keep sums and logarithms of the layout
// finite.
func (a *axis) shows(v float64) bool {
	if a.log {
		return v > 1e-100 && v < 1e100
	}
	return v > -1e100 && v < 1e100
}

// include extends the range to v.
func (a *axis) include(v float64) {
	if a.shows(v) {
		a.lo, a.hi = math.Min(a.lo, v), math.Max(a.hi, v)
	}
}

func (a *axis) empty() bool { return a.lo > a.hi }

// share gives all axes the range of their union.
func share(axes ...*axis) {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, a := range axes {
		lo, hi = math.Min(lo, a.lo), math.Max(hi, a.hi)
	}
	for _, a := range axes {
		a.lo, a.hi = lo, hi
	}
}

// fit sets the shown range and the ticks for an axis of about the given length.
func (a *axis) fit(length vg.Length, space func(string) vg.Length) {
	a.min, a.max = a.lo, a.hi
	switch {
	case a.empty():
		a.min, a.max, a.ticks = 1, 10, nil
		return
	case a.log:
		l0, l1 := math.Log10(a.min), math.Log10(a.max)
		pad := 0.04 * (l1 - l0)
		if l1-l0 < 1e-3 {
			pad = 0.3
		} else if a.tight {
			pad = 0
		}
		a.min, a.max = math.Pow(10, l0-pad), math.Pow(10, l1+pad)
	case a.whole && a.lo == a.hi && a.lo >= 0:
		a.min, a.max = 0, math.Max(1, 1.1*a.hi)
	default:
		if a.zero {
			a.min, a.max = math.Min(a.min, 0), math.Max(a.max, 0)
		}
		scale := math.Max(math.Abs(a.min), math.Abs(a.max))
		pad := 0.04 * (a.max - a.min)
		if a.max-a.min <= 1e-6*scale || scale == 0 {
			pad = 0.1 * scale
			if scale == 0 {
				pad = 0.5
			}
		} else if a.tight {
			pad = 0
		}
		if !a.zero || a.min < 0 {
			a.min -= pad
		}
		if !a.zero || a.max > 0 || a.min == 0 {
			a.max += pad
		}
	}
	a.power = 0
	switch {
	case a.named != nil:
		a.ticks = a.thin(length, space)
	case a.log:
		a.ticks = logTicks(a.min, a.max, length, space)
	default:
		a.ticks, a.power = linearTicks(a.min, a.max, length, space)
		if a.whole && a.power == 0 {
			a.ticks = integers(a.ticks)
		}
	}
}

// wrap breaks the label to about the given length of the axis.
func (a *axis) wrap(length vg.Length) {
	a.lines = nil
	if !a.bare {
		a.lines = wrapText(a.text(), length+2*labelOver, axisText)
	}
}

// labelRoom is the room that the label takes beside the tick labels.
func (a *axis) labelRoom() vg.Length {
	if len(a.lines) == 0 {
		return 0
	}
	return labelGap + vg.Points(labelSize*(capHeight+descent)) + labelLine*vg.Length(len(a.lines)-1)
}

// thin returns the named ticks, without every second, third, ... label where they would touch.
func (a *axis) thin(length vg.Length, space func(string) vg.Length) []plot.Tick {
	for every := 1; ; every++ {
		out := slices.Clone(a.named)
		fits, before := true, -1
		for k := range out {
			if k%every != 0 {
				out[k].Label = ""
				continue
			}
			if before >= 0 {
				gap := vg.Length(math.Abs(a.norm(out[k].Value)-a.norm(out[before].Value))) * length
				fits = fits && gap >= space(out[k].Label)
			}
			before = k
		}
		if fits {
			return out
		}
	}
}

// text is the label with the power of ten of the tick labels.
func (a *axis) text() string {
	switch {
	case a.power == 0:
		return a.label
	case a.label == "":
		return "×" + powerOfTen(a.power)
	}
	return a.label + " (×" + powerOfTen(a.power) + ")"
}

// normalizer is the scale for gonum's plotters.
func (a *axis) normalizer() plot.Normalizer {
	if a.log {
		return plot.LogScale{}
	}
	return plot.LinearScale{}
}

// norm returns the place of v on the axis, 0 at its start and 1 at its end.
func (a *axis) norm(v float64) float64 { return a.normalizer().Normalize(a.min, a.max, v) }

// keyEntry explains one look of lines and markers.
type keyEntry struct {
	label  string
	thumbs []plot.Thumbnailer
}

// panel is one pair of axes with its data. The zero value is not ready; use newPanel.
type panel struct {
	x, y    axis
	heading string
	key     []keyEntry // drawn above the data, so that it hides none
	note    string     // a small grey remark above the data
	square  bool       // the data area has equal sides
	height  vg.Length  // of the data area; 0: that of the grid
	bar     *colorBar
	frame   bool // a closed frame instead of two axes
	equal   bool // both axes show the same quantity and have the same ticks

	layers []plot.Plotter
	lost   int // values that had no place
	letter string
}

func newPanel() *panel {
	p := &panel{}
	for _, a := range []*axis{&p.x, &p.y} {
		a.lo, a.hi = math.Inf(1), math.Inf(-1)
	}
	return p
}

// add puts a gonum plotter on the panel; plotters are drawn in the order of their addition.
func (p *panel) add(layers ...plot.Plotter) {
	for _, l := range layers {
		if r, ok := l.(plot.DataRanger); ok {
			x0, x1, y0, y1 := r.DataRange()
			p.x.include(x0)
			p.x.include(x1)
			p.y.include(y0)
			p.y.include(y1)
		}
	}
	p.layers = append(p.layers, layers...)
}

// explain adds an entry to the panel's key.
func (p *panel) explain(label string, thumbs ...plot.Thumbnailer) {
	p.key = append(p.key, keyEntry{label, thumbs})
}

// runs returns the stretches first..last-1 of indices where all columns can be drawn, x in the
// first column.
func (p *panel) runs(x []float64, ys ...[]float64) (stretches [][2]int, lost int) {
	start := -1
	for k := 0; k <= len(x); k++ {
		ok := k < len(x) && p.x.shows(x[k])
		for _, y := range ys {
			ok = ok && p.y.shows(y[k])
		}
		switch {
		case ok && start < 0:
			start = k
		case !ok && start >= 0:
			stretches = append(stretches, [2]int{start, k})
			start = -1
		}
		if !ok && k < len(x) {
			lost++
		}
	}
	return stretches, lost
}

// line draws y over x, broken where a value cannot be drawn; a value alone between two breaks
// becomes a dot.
func (p *panel) line(x, y []float64, s draw.LineStyle) {
	stretches, lost := p.runs(x, y)
	p.lost += lost
	for _, r := range stretches {
		if r[1]-r[0] == 1 {
			p.add(&plotter.Scatter{XYs: pairs(x[r[0]:r[1]], y[r[0]:r[1]]), GlyphStyle: dot(s.Color, max(1.6, s.Width))})
			continue
		}
		p.add(&plotter.Line{XYs: pairs(x[r[0]:r[1]], y[r[0]:r[1]]), LineStyle: s})
	}
}

// edged draws y over ascending x as line does, except that steps more than three times as large as
// those beside them are vertical, halfway between their places.
func (p *panel) edged(x, y []float64, s draw.LineStyle) {
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
	p.line(xs, ys, s)
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

// band fills the area between lo and hi over x. Its gaps are not counted as lost: a line goes with
// it.
func (p *panel) band(x, lo, hi []float64, c color.Color) {
	stretches, _ := p.runs(x, lo, hi)
	for _, r := range stretches {
		var ring plotter.XYs
		for k := r[0]; k < r[1]; k++ {
			ring = append(ring, plotter.XY{X: x[k], Y: lo[k]})
		}
		for k := r[1] - 1; k >= r[0]; k-- {
			ring = append(ring, plotter.XY{X: x[k], Y: hi[k]})
		}
		// NewPolygon fails on non-finite values only, and runs has left those out.
		if poly, err := plotter.NewPolygon(ring); err == nil {
			poly.Color, poly.LineStyle = c, draw.LineStyle{}
			p.add(poly)
		}
	}
}

// course draws the median of runs over x and the band between their quartiles, and returns the
// medians. A run shorter than x counts as far as it goes.
func (p *panel) course(x []float64, runs [][]float64, hue color.NRGBA) []float64 {
	return p.courseIn(x, runs, fade(hue, bandOpacity), solid(hue, 1))
}

// courseIn is course with the looks of the band and of the line.
func (p *panel) courseIn(x []float64, runs [][]float64, band color.Color, style draw.LineStyle) []float64 {
	q1, q2, q3 := make([]float64, len(x)), make([]float64, len(x)), make([]float64, len(x))
	for k := range x {
		values, lost := atEpoch(runs, k, &p.y)
		p.lost += lost
		q1[k], q2[k], q3[k] = quantile.Quartiles(values)
	}
	lost := p.lost // a place without values is no further loss
	if len(runs) > 1 {
		p.band(x, q1, q3, band)
	}
	p.line(x, q2, style)
	p.lost = lost
	return q2
}

// medians returns the median of runs at each of n places, of the values that y can show.
func medians(n int, runs [][]float64, y *axis) []float64 {
	m := make([]float64, n)
	for k := range m {
		values, _ := atEpoch(runs, k, y)
		_, m[k], _ = quantile.Quartiles(values)
	}
	return m
}

// points draws a marker at each (x, y).
func (p *panel) points(x, y []float64, g draw.GlyphStyle) {
	stretches, lost := p.runs(x, y)
	p.lost += lost
	for _, r := range stretches {
		p.add(&plotter.Scatter{XYs: pairs(x[r[0]:r[1]], y[r[0]:r[1]]), GlyphStyle: g})
	}
}

// diagonal draws the line x = y through the whole panel, whose axes get the same range.
func (p *panel) diagonal(s draw.LineStyle) {
	share(&p.x, &p.y)
	p.equal = true
	p.under(reference{diagonal: true, style: s})
}

// under puts a plotter behind all others of the panel; it does not extend the axes.
func (p *panel) under(l plot.Plotter) {
	p.layers = slices.Insert(p.layers, 0, l)
}

// summary draws the distribution of values at x: its median as marker, a bar from the lower to the
// upper quartile and every value as a faint dot, spread over the given width. It returns the
// median, NaN where no value can be drawn.
func (p *panel) summary(x, spread float64, values []float64, g draw.GlyphStyle) (median float64) {
	var seen []float64
	for _, v := range values {
		if p.y.shows(v) {
			seen = append(seen, v)
		} else {
			p.lost++
		}
	}
	if len(seen) == 0 {
		return math.NaN()
	}
	xs := make([]float64, len(seen))
	for k := range xs {
		// The golden-ratio sequence spreads any number of dots evenly, the same way each time.
		_, f := math.Modf(float64(k+1) * (math.Sqrt(5) - 1) / 2)
		xs[k] = x + spread*(f-0.5)
	}
	c := color.NRGBAModel.Convert(g.Color).(color.NRGBA)
	q1, median, q3 := quantile.Quartiles(seen)
	if len(seen) > 1 {
		p.points(xs, seen, dot(fade(c, 0.35), 1.1))
	}
	p.line([]float64{x, x}, []float64{q1, q3}, solid(c, 1.1))
	p.points([]float64{x}, []float64{median}, g)
	return median
}

func pairs(x, y []float64) plotter.XYs {
	out := make(plotter.XYs, len(x))
	for k := range out {
		out[k] = plotter.XY{X: x[k], Y: y[k]}
	}
	return out
}

// remark is the text above the data: the note and what could not be drawn.
func (p *panel) remark() string {
	s := p.note
	if p.lost > 0 {
		if s != "" {
			s += "; "
		}
		s += plural(p.lost, "value") + " not drawn"
	}
	return s
}

// plural writes a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (p *panel) empty() bool { return p.x.empty() || p.y.empty() || len(p.layers) == 0 }

var (
	tickText = textStyle{size: tickSize, color: black}
	axisText = textStyle{size: labelSize, color: black}
)

// fit chooses ranges and ticks for a data area of about the given size.
func (p *panel) fit(width, height vg.Length) {
	if p.square {
		width = min(width-p.barSpace(), height)
		height = width
	}
	p.x.fit(width, func(label string) vg.Length {
		switch {
		case p.x.upward:
			return vg.Points(tickSize)
		case p.x.named != nil:
			return tickText.width(label) + 4
		}
		return max(tickText.width(label)+4.5, width/10) // ten labels are enough on any axis
	})
	p.y.fit(height, func(string) vg.Length {
		if p.y.named != nil {
			return vg.Points(tickSize + 1)
		}
		return max(13, height/10)
	})
	if p.equal {
		p.y.ticks, p.y.power = p.x.ticks, p.x.power
	}
	if p.bar != nil {
		p.bar.fit(height)
	}
	p.x.wrap(width)
	p.y.wrap(height)
}

// inset returns the room that axes and labels need left of, below and right of a data area of the
// given width.
func (p *panel) inset(width vg.Length) (left, bottom, right vg.Length) {
	left, bottom, right = tickLength, tickLength, 2
	for _, t := range p.y.ticks {
		if !p.y.bare {
			left = max(left, tickLength+tickGap+tickText.width(t.Label))
		}
	}
	for _, t := range p.x.ticks {
		w, h := tickText.width(t.Label), vg.Points(tickSize*capHeight)
		if p.x.upward {
			w, h = h, w
		}
		if t.Label != "" && !p.x.bare {
			bottom = max(bottom, tickLength+tickGap+h)
			right = max(right, vg.Length(p.x.norm(t.Value)-1)*width+w/2)
		}
	}
	left += p.y.labelRoom()
	bottom += p.x.labelRoom()
	if p.letter != "" {
		// The heading begins above the axis in all panels.
		left = max(left, letterText.width(p.letter)+letterGap)
	}
	return left, bottom, right
}

// draw draws the panel with its data area at r.
func (p *panel) draw(c draw.Canvas, r vg.Rectangle) {
	data := draw.Canvas{Canvas: c.Canvas, Rectangle: r}
	if p.empty() {
		t := textStyle{size: tickSize, color: grey, alignX: 0.5, alignY: 0.5}
		lines := wrapText("no data that can be drawn", r.Size().X-4, t)
		at := data.Center()
		at.Y += keyRow * vg.Length(len(lines)-1) / 2
		for _, line := range lines {
			t.draw(c, at, line)
			at.Y -= keyRow
		}
		p.x.ticks, p.y.ticks = nil, nil
	} else {
		// gonum's Plot carries the scales to the plotters. Its own layout is not used: it pads each
		// panel by itself and, on logarithmic axes, for a label it believes to be off centre.
		frame := plot.New()
		frame.X.Min, frame.X.Max, frame.X.Scale = p.x.min, p.x.max, p.x.normalizer()
		frame.Y.Min, frame.Y.Max, frame.Y.Scale = p.y.min, p.y.max, p.y.normalizer()
		for _, l := range p.layers {
			l.Plot(data, frame)
		}
	}
	p.drawAxes(c, r)
	if p.bar != nil && !p.empty() {
		p.bar.draw(c, r)
	}
}

func (p *panel) drawAxes(c draw.Canvas, r vg.Rectangle) {
	s := solid(black, axisWidth)
	// One path, so that the corner is joined.
	corner := []vg.Point{{X: r.Min.X, Y: r.Max.Y}, r.Min, {X: r.Max.X, Y: r.Min.Y}}
	if p.frame {
		corner = append(corner, r.Max, corner[0], r.Min)
	}
	c.StrokeLines(s, corner)

	length := func(t plot.Tick) vg.Length {
		if t.Label == "" {
			return tickLength * 0.55
		}
		return tickLength
	}
	size := r.Size()
	left, bottom, _ := p.inset(size.X)
	for _, t := range p.x.ticks {
		x := r.Min.X + vg.Length(p.x.norm(t.Value))*size.X
		c.StrokeLine2(s, x, r.Min.Y, x, r.Min.Y-length(t))
		if t.Label == "" || p.x.bare {
			continue
		}
		st, at := tickText, vg.Point{X: x, Y: r.Min.Y - tickLength - tickGap}
		st.alignX, st.alignY = 0.5, 1
		if p.x.upward {
			st.upward, st.alignX, st.alignY = true, 1, 0.5
		}
		st.draw(c, at, t.Label)
	}
	for _, t := range p.y.ticks {
		y := r.Min.Y + vg.Length(p.y.norm(t.Value))*size.Y
		c.StrokeLine2(s, r.Min.X, y, r.Min.X-length(t), y)
		if t.Label == "" || p.y.bare {
			continue
		}
		st := tickText
		st.alignX, st.alignY = 1, 0.5
		st.draw(c, vg.Point{X: r.Min.X - tickLength - tickGap, Y: y}, t.Label)
	}
	for k, line := range p.x.lines {
		st := axisText.shrunk(line, size.X+2*labelOver)
		st.alignX = 0.5
		below := labelLine * vg.Length(len(p.x.lines)-1-k)
		st.draw(c, vg.Point{X: r.Min.X + size.X/2, Y: r.Min.Y - bottom + below + vg.Points(labelSize*descent)}, line)
	}
	for k, line := range p.y.lines {
		st := axisText.shrunk(line, size.Y+2*labelOver)
		st.alignX, st.upward, st.alignY = 0.5, true, 1
		st.draw(c, vg.Point{X: r.Min.X - left + labelLine*vg.Length(k), Y: r.Min.Y + size.Y/2}, line)
	}
}
