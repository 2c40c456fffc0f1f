package figure

import (
	"image"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Plotters that gonum lacks, and thumbnails for keys.

// reference is a horizontal line at a value through the whole panel, or as much of the diagonal x =
// y as it holds.
type reference struct {
	at       float64
	diagonal bool
	style    draw.LineStyle
}

func (l reference) Plot(c draw.Canvas, p *plot.Plot) {
	if l.diagonal {
		trX, trY := p.Transforms(&c)
		lo, hi := math.Max(p.X.Min, p.Y.Min), math.Min(p.X.Max, p.Y.Max)
		if lo < hi {
			c.StrokeLine2(l.style, trX(lo), trY(lo), trX(hi), trY(hi))
		}
		return
	}
	y := c.Y(p.Y.Norm(l.at))
	c.StrokeLine2(l.style, c.Min.X, y, c.Max.X, y)
}

// bars are columns from 0 to height[k] around x[k]+shift, all in data units. Values that are not
// finite are left out.
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

// moderate tells whether v is a number that axes can show with everything around it.
func moderate(v float64) bool { return math.Abs(v) < 1e98 }

// heat is a matrix of row-major values as colours from -limit to limit, row 0 on top, cell (row,
// column) centred at (column, -row). NaN is drawn grey.
type heat struct {
	values        []float64
	rows, columns int
	limit         float64
}

func (h heat) Plot(c draw.Canvas, p *plot.Plot) {
	trX, trY := p.Transforms(&c)
	if h.rows*h.columns > mostCells {
		h.raster(c)
		return
	}
	// Cells overlap a little to the right and downwards, else renderers leave light seams between
	// them.
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

// mostCells is the largest matrix that is drawn as polygons.
const mostCells = 1 << 12

// raster draws the matrix as an image: one of polygons would be slow, and tens of megabytes as SVG.
func (h heat) raster(c draw.Canvas) {
	m := image.NewNRGBA(image.Rect(0, 0, h.columns, h.rows))
	for i := range h.rows {
		for j := range h.columns {
			col := pale
			if v := h.values[i*h.columns+j]; !math.IsNaN(v) {
				col = diverging(v, h.limit)
			}
			m.SetNRGBA(j, i, col)
		}
	}
	c.DrawImage(c.Rectangle, m)
}

func (h heat) DataRange() (xmin, xmax, ymin, ymax float64) {
	return -0.5, float64(h.columns) - 0.5, 0.5 - float64(h.rows), 0.5
}

// indexTicks labels the integers 0..n-1, every second, fifth, ... where they are many; sign -1
// counts downwards, for rows of a matrix.
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

// cells are values at the points (x, y) of a grid, irregular or not, as coloured cells from -limit
// to limit; the point (i, j) is at i*m+j, n >= 2 of i and m >= 2 of j. Corners of cells are in the
// middle of four points. NaN is drawn grey.
type cells struct {
	x, y, values []float64
	n, m         int
	limit        float64
}

// corner returns the corner between the points (i-1, j-1) and (i, j). Beyond the margin the grid
// goes on linearly.
func (g cells) corner(i, j int) (x, y float64) {
	for _, a := range [2]int{i - 1, i} {
		for _, b := range [2]int{j - 1, j} {
			x += beyond(g.x, g.n, g.m, a, b) / 4
			y += beyond(g.y, g.n, g.m, a, b) / 4
		}
	}
	return x, y
}

// beyond returns v at (i, j), or for an index one outside the grid what the two values next to it
// lead to.
func beyond(v []float64, n, m, i, j int) float64 {
	switch {
	case i < 0:
		return 2*beyond(v, n, m, 0, j) - beyond(v, n, m, 1, j)
	case i == n:
		return 2*beyond(v, n, m, n-1, j) - beyond(v, n, m, n-2, j)
	case j < 0:
		return 2*v[i*m] - v[i*m+1]
	case j == m:
		return 2*v[i*m+m-1] - v[i*m+m-2]
	}
	return v[i*m+j]
}

func (g cells) Plot(c draw.Canvas, p *plot.Plot) {
	trX, trY := p.Transforms(&c)
	point := func(i, j int) vg.Point {
		x, y := g.corner(i, j)
		return vg.Point{X: trX(x), Y: trY(y)}
	}
	for i := range g.n {
		for j := range g.m {
			v := g.values[i*g.m+j]
			col := pale
			if !math.IsNaN(v) {
				col = diverging(v, g.limit)
			}
			ring := []vg.Point{point(i, j), point(i+1, j), point(i+1, j+1), point(i, j+1)}
			c.FillPolygon(col, ring)
			// Renderers leave light seams between areas that only touch.
			c.StrokeLines(solid(col, 0.3), append(ring, ring[0]))
		}
	}
}

func (g cells) DataRange() (xmin, xmax, ymin, ymax float64) {
	xmin, xmax, ymin, ymax = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for i := range g.n + 1 {
		for j := range g.m + 1 {
			x, y := g.corner(i, j)
			xmin, xmax = math.Min(xmin, x), math.Max(xmax, x)
			ymin, ymax = math.Min(ymin, y), math.Max(ymax, y)
		}
	}
	return xmin, xmax, ymin, ymax
}

// zeroLines returns the lines along which values at the points (x, y) of a grid (as of cells)
// change their sign: where they cross the lines of the grid they are interpolated linearly, within
// a cell they are straight. Cells with a value that is not finite have none.
func zeroLines(x, y, v []float64, n, m int) []plotter.XYs {
	type edge struct{ a, b int } // between two points next to each other
	at := func(e edge) plotter.XY {
		t := v[e.a] / (v[e.a] - v[e.b])
		return plotter.XY{X: x[e.a] + t*(x[e.b]-x[e.a]), Y: y[e.a] + t*(y[e.b]-y[e.a])}
	}
	links := map[edge][]edge{}
	var found []edge // in the order of their discovery
	link := func(a, b edge) {
		for _, e := range [][2]edge{{a, b}, {b, a}} {
			if links[e[0]] == nil {
				found = append(found, e[0])
			}
			links[e[0]] = append(links[e[0]], e[1])
		}
	}
	for i := range n - 1 {
		for j := range m - 1 {
			// The corners anticlockwise and the edges between them.
			c := [4]int{i*m + j, (i+1)*m + j, (i+1)*m + j + 1, i*m + j + 1}
			e := [4]edge{{c[0], c[1]}, {c[1], c[2]}, {c[3], c[2]}, {c[0], c[3]}}
			mean := v[c[0]] + v[c[1]] + v[c[2]] + v[c[3]]
			if !finite(mean) {
				continue
			}
			var crossed []edge
			for _, e := range e {
				if (v[e.a] > 0) != (v[e.b] > 0) {
					crossed = append(crossed, e)
				}
			}
			switch {
			case len(crossed) == 2:
				link(crossed[0], crossed[1])
			// a saddle; the middle belongs to corners 0 and 2
			case len(crossed) == 4 && (mean > 0) == (v[c[0]] > 0):
				link(e[0], e[1])
				link(e[2], e[3])
			case len(crossed) == 4:
				link(e[3], e[0])
				link(e[1], e[2])
			}
		}
	}
	var lines []plotter.XYs
	seen := map[edge]bool{}
	walk := func(start edge) {
		line := plotter.XYs{at(start)}
		seen[start] = true
		for last := start; ; {
			k := slices.IndexFunc(links[last], func(e edge) bool { return !seen[e] })
			if k < 0 {
				if len(line) > 2 && slices.Contains(links[last], start) {
					line = append(line, line[0])
				}
				break
			}
			last = links[last][k]
			seen[last] = true
			line = append(line, at(last))
		}
		lines = append(lines, line)
	}
	// Open lines from their ends, then the closed ones.
	for _, ends := range []bool{true, false} {
		for _, e := range found {
			if !seen[e] && (len(links[e]) == 1 || !ends) {
				walk(e)
			}
		}
	}
	return lines
}

// arrows are a vector field: at each (x, y) an arrow along (u, v) with its middle there. The length
// goes with the square root of the magnitude, so that weak places of the field keep a direction
// that can be seen; the longest arrow has the length given, in units of x.
type arrows struct {
	x, y, u, v []float64
	longest    float64
	color      color.Color
}

func (f arrows) Plot(c draw.Canvas, p *plot.Plot) {
	trX, trY := p.Transforms(&c)
	top := 0.0
	for k := range f.u {
		top = math.Max(top, math.Hypot(f.u[k], f.v[k]))
	}
	for k := range f.x {
		var dx, dy float64
		if size := math.Hypot(f.u[k], f.v[k]); size > 0 {
			half := 0.5 * f.longest * math.Sqrt(size/top)
			dx, dy = half*(f.u[k]/size), half*(f.v[k]/size)
		}
		tail, tip := vg.Point{X: trX(f.x[k] - dx), Y: trY(f.y[k] - dy)}, vg.Point{X: trX(f.x[k] + dx), Y: trY(f.y[k] + dy)}
		along := tip.Sub(tail)
		length := vg.Length(math.Hypot(float64(along.X), float64(along.Y)))
		if length < 0.8 { // too short for a direction
			c.DrawGlyphNoClip(dot(f.color, 0.4), vg.Point{X: trX(f.x[k]), Y: trY(f.y[k])})
			continue
		}
		head := min(2.4, 0.6*length)
		along = along.Scale(head / length)
		across := vg.Point{X: -along.Y, Y: along.X}.Scale(0.4)
		neck := tip.Sub(along)
		c.StrokeLine2(solid(f.color, 0.5), tail.X, tail.Y, neck.X, neck.Y)
		c.FillPolygon(f.color, []vg.Point{tip, neck.Add(across), neck.Sub(across)})
	}
}

func (f arrows) DataRange() (xmin, xmax, ymin, ymax float64) {
	if len(f.x) == 0 {
		return math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	}
	r := f.longest / 2
	return slices.Min(f.x) - r, slices.Max(f.x) + r, slices.Min(f.y) - r, slices.Max(f.y) + r
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
	b.scale = axis{lo: -b.limit, hi: b.limit, tight: true, label: b.label}
	b.scale.fit(height, func(string) vg.Length { return 15 })
	b.scale.wrap(height)
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
	return s + w + p.bar.scale.labelRoom()
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
	for k, line := range b.scale.lines {
		st := axisText.shrunk(line, h+2*labelOver)
		st.upward, st.alignX, st.alignY = true, 0.5, 1
		st.draw(c, vg.Point{X: x + tickLength + tickGap + w + labelGap + labelLine*vg.Length(k), Y: r.Min.Y + h/2}, line)
	}
}

// spikeMarks draws a short vertical mark for each spike, neuron k in the row of height 1 around k,
// and before it, if asked for, the state that the spike starts, as a pale block of unit length.
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

// scaleThumb is a continuous scale of colours.
type scaleThumb []color.NRGBA

func (t scaleThumb) Thumbnail(c *draw.Canvas) {
	const steps = 30
	w := c.Size().X / steps
	for k := range steps {
		x0 := c.Min.X + w*vg.Length(k)
		x1 := min(x0+w+0.3, c.Max.X)
		c.FillPolygon(ramp(t, (float64(k)+0.5)/steps), []vg.Point{{X: x0, Y: c.Min.Y}, {X: x1, Y: c.Min.Y}, {X: x1, Y: c.Max.Y}, {X: x0, Y: c.Max.Y}})
	}
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

// blankThumb is room left free.
type blankThumb vg.Length

func (blankThumb) Thumbnail(*draw.Canvas) {}

type patchThumb struct{ color.Color }

func (t patchThumb) Thumbnail(c *draw.Canvas) {
	c.FillPolygon(t.Color, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
}
