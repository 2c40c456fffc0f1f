package render

import (
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"spikealign/figure"
)

// canvas is the data area of a panel.
type canvas struct {
	draw.Canvas
	x, y *scale
}

func (c *canvas) toX(v float64) vg.Length { return c.X(c.x.norm(v)) }
func (c *canvas) toY(v float64) vg.Length { return c.Y(c.y.norm(v)) }

func (c *canvas) at(x, y float64) vg.Point { return vg.Point{X: c.toX(x), Y: c.toY(y)} }

// box returns the corners of a rectangle.
func box(x0, y0, x1, y1 vg.Length) []vg.Point {
	return []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}

// series draws one series.
func (c *canvas) series(s figure.Series) {
	switch s.Kind {
	case figure.XY:
		c.curve(s)
	case figure.Bars:
		for k, h := range s.Y {
			if c.y.Shows(h) {
				c.FillPolygon(look(s.Look).area(), box(c.toX(s.X[k]-s.Size/2), c.toY(0), c.toX(s.X[k]+s.Size/2), c.toY(h)))
			}
		}
	case figure.Heat:
		c.heat(s)
	case figure.Cells:
		c.cells(s)
	case figure.Arrows:
		c.arrows(s)
	case figure.Spikes:
		for k, t := range s.X {
			if x := c.toX(t); c.ContainsX(x) {
				y0, y1 := c.row(s.Y[k])
				// Rows of large networks are thinner than a pixel; the mark must not vanish.
				if y1-y0 < 0.8 {
					y0, y1 = (y0+y1)/2-0.4, (y0+y1)/2+0.4
				}
				c.StrokeLine2(look(s.Look).line(), x, y0, x, y1)
			}
		}
	case figure.Blocks:
		for k, t := range s.X {
			y0, y1 := c.row(s.Y[k])
			if x0, x1 := max(c.toX(t), c.Min.X), min(c.toX(t+s.Size), c.Max.X); x1 > x0 {
				c.FillPolygon(look(s.Look).area(), box(x0, y0, x1, y1))
			}
		}
	case figure.Level:
		y := c.toY(s.Y[0])
		c.StrokeLine2(look(s.Look).line(), c.Min.X, y, c.Max.X, y)
	case figure.Diagonal:
		lo, hi := math.Max(c.x.min, c.y.min), math.Min(c.x.max, c.y.max)
		if lo < hi {
			c.StrokeLine2(look(s.Look).line(), c.toX(lo), c.toY(lo), c.toX(hi), c.toY(hi))
		}
	}
}

// row returns the edges of a row of spikes.
func (c *canvas) row(k float64) (y0, y1 vg.Length) { return c.toY(k - 0.36), c.toY(k + 0.36) }

// runs returns the stretches first..last-1 of the points of a curve that can be drawn.
func runs(s *figure.Series, x, y *figure.Axis) (stretches [][2]int) {
	start := -1
	for k := 0; k <= len(s.X); k++ {
		ok := k < len(s.X) && x.Shows(s.X[k])
		for _, v := range []figure.Numbers{s.Y, s.Low, s.High} {
			ok = ok && (v == nil || y.Shows(v[k]))
		}
		switch {
		case ok && start < 0:
			start = k
		case !ok && start >= 0:
			stretches = append(stretches, [2]int{start, k})
			start = -1
		}
	}
	return stretches
}

// dot is the look of a dot.
func dot(l figure.Look, radius float64) look {
	l.Marker, l.Radius = figure.Dot, radius
	return look(l)
}

// curve draws band, line and markers. A point of a line alone between two breaks becomes a dot.
func (c *canvas) curve(s figure.Series) {
	stretches := runs(&s, &c.x.Axis, &c.y.Axis)
	if s.Fill > 0 && s.Low != nil {
		for _, r := range stretches {
			var ring []vg.Point
			for k := r[0]; k < r[1]; k++ {
				ring = append(ring, c.at(s.X[k], s.Low[k]))
			}
			for k := r[1] - 1; k >= r[0]; k-- {
				ring = append(ring, c.at(s.X[k], s.High[k]))
			}
			c.FillPolygon(look(s.Look).area(), c.ClipPolygonXY(ring))
		}
	}
	if s.Y == nil {
		return
	}
	glyph := look(s.Look).glyph()
	if s.Size > 0 {
		glyph.Radius = min(glyph.Radius, max(vg.Length(s.Size)*(c.toX(1)-c.toX(0)), 0.3))
	}
	for _, r := range stretches {
		var points []vg.Point
		for k := r[0]; k < r[1]; k++ {
			points = append(points, c.at(s.X[k], s.Y[k]))
		}
		switch {
		case s.Width == 0:
		case len(points) == 1:
			c.DrawGlyph(dot(s.Look, max(1.6, s.Width)).glyph(), points[0])
		default:
			c.StrokeLines(look(s.Look).line(), c.ClipLinesXY(points)...)
		}
		for k, at := range points {
			if s.Color == figure.Contrast {
				glyph.Color = palette[figure.Ink]
				if math.Abs(s.Values[r[0]+k]) > 0.55*s.Limit {
					glyph.Color = palette[figure.Paper]
				}
			}
			c.DrawGlyph(glyph, at)
		}
	}
}

// cell is the colour of a value of Heat and Cells; NaN is faint.
func cell(s *figure.Series, k int) color.NRGBA {
	if math.IsNaN(s.Values[k]) {
		return palette[figure.Faint]
	}
	return ramp(scales[figure.Diverging], diverging(s.Values[k], s.Limit))
}

// mostCells is the largest matrix that is drawn as polygons: more would be slow, and tens of
// megabytes as SVG.
const mostCells = 1 << 12

func (c *canvas) heat(s figure.Series) {
	rows := len(s.Values) / s.Columns
	if rows*s.Columns > mostCells {
		m := image.NewNRGBA(image.Rect(0, 0, s.Columns, rows))
		for k := range s.Values {
			m.SetNRGBA(k%s.Columns, k/s.Columns, cell(&s, k))
		}
		c.DrawImage(c.Rectangle, m)
		return
	}
	// Cells overlap a little to the right and downwards, else renderers leave light seams between
	// them.
	const overlap = vg.Length(0.3)
	for k := range s.Values {
		i, j := float64(k/s.Columns), float64(k%s.Columns)
		x0, x1 := c.toX(j-0.5), min(c.toX(j+0.5)+overlap, c.Max.X)
		y0, y1 := max(c.toY(-i-0.5)-overlap, c.Min.Y), c.toY(-i+0.5)
		c.FillPolygon(cell(&s, k), box(x0, y0, x1, y1))
	}
}

func (c *canvas) cells(s figure.Series) {
	point := func(i, j int) vg.Point { return c.at(s.Corner(i, j)) }
	for k := range s.Values {
		i, j := k/s.Columns, k%s.Columns
		ring := []vg.Point{point(i, j), point(i+1, j), point(i+1, j+1), point(i, j+1)}
		c.FillPolygon(cell(&s, k), ring)
		// Renderers leave light seams between areas that only touch.
		c.StrokeLines(draw.LineStyle{Color: cell(&s, k), Width: 0.3}, append(ring, ring[0]))
	}
}

// arrows draws the longest arrow with the length Size. The others go with the square root of the
// magnitude, so that weak places of the field keep a direction that can be seen.
func (c *canvas) arrows(s figure.Series) {
	top := 0.0
	for k := range s.U {
		top = math.Max(top, math.Hypot(s.U[k], s.V[k]))
	}
	for k := range s.X {
		var dx, dy float64
		if size := math.Hypot(s.U[k], s.V[k]); size > 0 {
			half := 0.5 * s.Size * math.Sqrt(size/top)
			dx, dy = half*(s.U[k]/size), half*(s.V[k]/size)
		}
		tail, tip := c.at(s.X[k]-dx, s.Y[k]-dy), c.at(s.X[k]+dx, s.Y[k]+dy)
		along := tip.Sub(tail)
		length := vg.Length(math.Hypot(float64(along.X), float64(along.Y)))
		if length < 0.8 { // too short for a direction
			c.DrawGlyphNoClip(dot(s.Look, 0.4).glyph(), c.at(s.X[k], s.Y[k]))
			continue
		}
		head := min(2.4, 0.6*length)
		along = along.Scale(head / length)
		across := vg.Point{X: -along.Y, Y: along.X}.Scale(0.4)
		neck := tip.Sub(along)
		c.StrokeLine2(look(s.Look).line(), tail.X, tail.Y, neck.X, neck.Y)
		c.FillPolygon(look(s.Look).rgb(), []vg.Point{tip, neck.Add(across), neck.Sub(across)})
	}
}

const (
	barGap   = vg.Length(6)
	barWidth = vg.Length(6)
)

// barSpace is the room right of the data area for the scale of colours, 0 without one.
func (p *view) barSpace() vg.Length {
	if p.Bar == nil {
		return 0
	}
	return barGap + barWidth + tickLength + tickGap + p.bar.tickWidth() + p.bar.labelRoom()
}

// drawBar draws the scale of colours at the right of the data area.
func (p *view) drawBar(c draw.Canvas, r vg.Rectangle) {
	x, h := r.Max.X+barGap, r.Size().Y
	const steps = 60
	for k := range steps {
		y0 := r.Min.Y + h*vg.Length(k)/steps
		c.FillPolygon(ramp(scales[figure.Diverging], (float64(k)+0.5)/steps), box(x, y0, x+barWidth, min(y0+h/steps+0.3, r.Max.Y)))
	}
	x += barWidth
	for _, t := range p.bar.ticks {
		y := r.Min.Y + vg.Length(p.bar.norm(t.Value))*h
		c.StrokeLine2(axisLine, x, y, x+tickLength, y)
		st := tickText
		st.alignY = 0.5
		st.draw(c, vg.Point{X: x + tickLength + tickGap, Y: y}, t.Label)
	}
	for k, text := range p.bar.lines {
		st := axisText.shrunk(text, h+2*labelOver)
		st.upward, st.alignX, st.alignY = true, 0.5, 1
		st.draw(c, vg.Point{X: x + tickLength + tickGap + p.bar.tickWidth() + labelGap + labelLine*vg.Length(k), Y: r.Min.Y + h/2}, text)
	}
}

// thumb draws the look of an entry of a key into a box.
func (l look) thumb(c draw.Canvas) {
	if l.Scale != nil {
		const steps = 30
		w := c.Size().X / steps
		for k := range steps {
			x0 := c.Min.X + w*vg.Length(k)
			f := l.Scale[0] + (l.Scale[1]-l.Scale[0])*(float64(k)+0.5)/steps
			c.FillPolygon(ramp(scales[l.Color], f), box(x0, c.Min.Y, min(x0+w+0.3, c.Max.X), c.Max.Y))
		}
	}
	if l.Fill > 0 {
		c.FillPolygon(l.area(), box(c.Min.X, c.Min.Y, c.Max.X, c.Max.Y))
	}
	if l.Width > 0 {
		y := c.Center().Y
		c.StrokeLine2(l.line(), c.Min.X, y, c.Max.X, y)
	}
	c.DrawGlyphNoClip(l.glyph(), c.Center())
}
