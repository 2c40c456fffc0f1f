package figure

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Plotters that gonum lacks, and thumbnails for keys.

// reference is a horizontal line at a value, or the diagonal x = y, through the whole panel.
type reference struct {
	at       float64
	diagonal bool
	style    draw.LineStyle
}

func (l reference) Plot(c draw.Canvas, p *plot.Plot) {
	if l.diagonal {
		c.StrokeLine2(l.style, c.Min.X, c.Min.Y, c.Max.X, c.Max.Y)
		return
	}
	y := c.Y(p.Y.Norm(l.at))
	c.StrokeLine2(l.style, c.Min.X, y, c.Max.X, y)
}

// bars are columns from 0 to height[k] around x[k]+shift, all in data units. Values that are not finite are left out.
type bars struct {
	x, height    []float64
	shift, width float64
	color        color.Color
}

func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	trX, trY := p.Transforms(&c)
	for k, h := range b.height {
		if !finite(h) {
			continue
		}
		x0, x1 := trX(b.x[k]+b.shift-b.width/2), trX(b.x[k]+b.shift+b.width/2)
		y0, y1 := trY(0), trY(h)
		c.FillPolygon(b.color, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
	}
}

func (b bars) DataRange() (xmin, xmax, ymin, ymax float64) {
	xmin, xmax, ymin, ymax = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for k, h := range b.height {
		if finite(h) {
			xmin, xmax = math.Min(xmin, b.x[k]-0.5), math.Max(xmax, b.x[k]+0.5)
			ymin, ymax = math.Min(ymin, h), math.Max(ymax, h)
		}
	}
	return xmin, xmax, math.Min(ymin, 0), math.Max(ymax, 0)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// heat is a matrix of row-major values as colours from -limit to limit, row 0 on top, cell (row, column) centred at (column, -row).
// NaN is drawn grey.
type heat struct {
	values        []float64
	rows, columns int
	limit         float64
}

func (h heat) Plot(c draw.Canvas, p *plot.Plot) {
	trX, trY := p.Transforms(&c)
	// Cells overlap a little to the right and downwards, else renderers leave light seams between them.
	const overlap = vg.Length(0.3)
	for i := range h.rows {
		for j := range h.columns {
			v := h.values[i*h.columns+j]
			col := pale
			if !math.IsNaN(v) {
				col = diverging(v, h.limit)
			}
			x0, x1 := trX(float64(j)-0.5), min(trX(float64(j)+0.5)+overlap, c.Max.X)
			y0, y1 := max(trY(-float64(i)-0.5)-overlap, c.Min.Y), trY(-float64(i)+0.5)
			c.FillPolygon(col, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
		}
	}
}

func (h heat) DataRange() (xmin, xmax, ymin, ymax float64) {
	return -0.5, float64(h.columns) - 0.5, 0.5 - float64(h.rows), 0.5
}

// indexTicks labels the integers 0..n-1, every second, fifth, ... where they are many; sign -1 counts downwards, for rows of a matrix.
func indexTicks(n int, sign float64, most int) []plot.Tick {
	step := 1
	for k := 0; (n-1)/step >= most; k++ {
		step = [...]int{2, 5, 10}[k%3]
		for range k / 3 {
			step *= 10
		}
	}
	var ticks []plot.Tick
	for i := 0; i < n; i += step {
		ticks = append(ticks, plot.Tick{Value: sign * float64(i), Label: number(float64(i))})
	}
	return ticks
}

// colorBar is the scale of a heat map, at the right of its data area.
type colorBar struct {
	limit float64
	label string
	scale axis
}

const (
	barGap   = vg.Length(6)
	barWidth = vg.Length(6)
)

func (b *colorBar) fit(height vg.Length) {
	b.scale = axis{lo: -b.limit, hi: b.limit, tight: true}
	b.scale.fit(height, func(string) vg.Length { return 15 })
}

// barSpace is the room right of the data area for the colour bar, 0 without one.
func (p *panel) barSpace() vg.Length {
	if p.bar == nil {
		return 0
	}
	s := barGap + barWidth + tickLength + tickGap
	var w vg.Length
	for _, t := range p.bar.scale.ticks {
		w = max(w, tickText.width(t.Label))
	}
	s += w
	if p.bar.label != "" {
		s += labelGap + vg.Points(labelSize*(capHeight+descent))
	}
	return s
}

func (b *colorBar) draw(c draw.Canvas, r vg.Rectangle) {
	const steps = 60
	x, h := r.Max.X+barGap, r.Size().Y
	for k := range steps {
		y0 := r.Min.Y + h*vg.Length(k)/steps
		y1 := min(y0+h/steps+0.3, r.Max.Y)
		f := (float64(k) + 0.5) / steps
		c.FillPolygon(ramp(divergingStops, f), []vg.Point{{X: x, Y: y0}, {X: x + barWidth, Y: y0}, {X: x + barWidth, Y: y1}, {X: x, Y: y1}})
	}
	s := solid(black, axisWidth)
	x += barWidth
	var w vg.Length
	for _, t := range b.scale.ticks {
		y := r.Min.Y + vg.Length(b.scale.norm(t.Value))*h
		c.StrokeLine2(s, x, y, x+tickLength, y)
		st := tickText
		st.alignY = 0.5
		st.draw(c, vg.Point{X: x + tickLength + tickGap, Y: y}, t.Label)
		w = max(w, tickText.width(t.Label))
	}
	if b.label != "" {
		b.scale.label = b.label
		st := axisText
		st.upward, st.alignX, st.alignY = true, 0.5, 1
		st.draw(c, vg.Point{X: x + tickLength + tickGap + w + labelGap, Y: r.Min.Y + h/2}, b.scale.text())
	}
}

// spikeMarks draws a short vertical mark for each spike, neuron k in the row of height 1 around k, and before it, if asked for, the state that the
// spike starts, as a pale block of unit length.
type spikeMarks struct {
	times   []float64
	neurons []int
	n       int
	states  bool
}

func (s spikeMarks) Plot(c draw.Canvas, p *plot.Plot) {
	trX, trY := p.Transforms(&c)
	mark := solid(black, 0.8)
	if s.states {
		for k, t := range s.times {
			y0, y1 := trY(float64(s.neurons[k])-0.36), trY(float64(s.neurons[k])+0.36)
			x0, x1 := max(trX(t), c.Min.X), min(trX(t+1), c.Max.X)
			if x1 > x0 {
				c.FillPolygon(fade(skyBlue, 0.55), []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
			}
		}
	}
	for k, t := range s.times {
		if x := trX(t); c.ContainsX(x) {
			y0, y1 := trY(float64(s.neurons[k])-0.36), trY(float64(s.neurons[k])+0.36)
			// Rows of large networks are thinner than a pixel; the mark must not vanish.
			if y1-y0 < 0.8 {
				y0, y1 = (y0+y1)/2-0.4, (y0+y1)/2+0.4
			}
			c.StrokeLine2(mark, x, y0, x, y1)
		}
	}
}

func (s spikeMarks) DataRange() (xmin, xmax, ymin, ymax float64) {
	return math.Inf(1), math.Inf(-1), -0.5, float64(s.n) - 0.5
}

// lineThumb, glyphThumb and patchThumb are the thumbnails of a line, a marker and a filled area.
type lineThumb draw.LineStyle

func (t lineThumb) Thumbnail(c *draw.Canvas) {
	y := c.Center().Y
	c.StrokeLine2(draw.LineStyle(t), c.Min.X, y, c.Max.X, y)
}

type glyphThumb draw.GlyphStyle

func (t glyphThumb) Thumbnail(c *draw.Canvas) {
	c.DrawGlyphNoClip(draw.GlyphStyle(t), c.Center())
}

type patchThumb struct{ color.Color }

func (t patchThumb) Thumbnail(c *draw.Canvas) {
	c.FillPolygon(t.Color, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
}
