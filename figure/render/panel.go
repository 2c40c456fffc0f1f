package render

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"spikealign/figure"
)

// scale is an axis of a certain length.
type scale struct {
	figure.Axis
	min, max float64 // what it shows
	ticks    []figure.Tick
	power    int      // tick labels are divided by 10^power
	lines    []string // the label with its power of ten, broken to the length of the axis
}

// fit sets the shown range and the ticks for an axis of about the given length.
func (a *scale) fit(length vg.Length, space func(string) vg.Length) {
	if a.Range == nil {
		a.min, a.max, a.ticks = 1, 10, nil
		return
	}
	a.min, a.max = a.Range[0], a.Range[1]
	switch {
	case a.Log:
		l0, l1 := math.Log10(a.min), math.Log10(a.max)
		pad := 0.04 * (l1 - l0)
		if l1-l0 < 1e-3 {
			pad = 0.3
		} else if a.Tight {
			pad = 0
		}
		a.min, a.max = math.Pow(10, l0-pad), math.Pow(10, l1+pad)
	case a.Whole && a.min == a.max && a.min >= 0:
		a.min, a.max = 0, math.Max(1, 1.1*a.max)
	default:
		if a.Zero {
			a.min, a.max = math.Min(a.min, 0), math.Max(a.max, 0)
		}
		scale := math.Max(math.Abs(a.min), math.Abs(a.max))
		pad := 0.04 * (a.max - a.min)
		if a.max-a.min <= 1e-6*scale || scale == 0 {
			pad = 0.1 * scale
			if scale == 0 {
				pad = 0.5
			}
		} else if a.Tight {
			pad = 0
		}
		if !a.Zero || a.min < 0 {
			a.min -= pad
		}
		if !a.Zero || a.max > 0 || a.min == 0 {
			a.max += pad
		}
	}
	a.power = 0
	switch {
	case a.Ticks != nil:
		a.ticks = a.thin(length, space)
	case a.Log:
		a.ticks = logTicks(a.min, a.max, length, space)
	default:
		a.ticks, a.power = linearTicks(a.min, a.max, length, space)
		if a.Whole && a.power == 0 {
			a.ticks = integers(a.ticks)
		}
	}
}

// wrap breaks the label to about the given length of the axis.
func (a *scale) wrap(length vg.Length) {
	a.lines = nil
	if !a.Bare {
		a.lines = wrapText(a.text(), length+2*labelOver, axisText)
	}
}

// labelRoom is the room that the label takes beside the tick labels.
func (a *scale) labelRoom() vg.Length {
	if len(a.lines) == 0 {
		return 0
	}
	return labelGap + vg.Points(labelSize*(capHeight+descent)) + labelLine*vg.Length(len(a.lines)-1)
}

// thin returns the named ticks, without every second, third, ... label where they would touch.
func (a *scale) thin(length vg.Length, space func(string) vg.Length) []figure.Tick {
	for every := 1; ; every++ {
		out := slices.Clone(a.Ticks)
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

// text is the label with its unit and the power of ten of the tick labels.
func (a *scale) text() string {
	s, power := a.Label, "×"+powerOfTen(a.power)
	if a.Unit != "" {
		s += " (" + a.Unit + ")"
	}
	switch {
	case a.power == 0:
		return s
	case s == "":
		return power
	}
	return s + " (" + power + ")"
}

// norm returns the place of v on the axis, 0 at its start and 1 at its end.
func (a *scale) norm(v float64) float64 {
	if a.Log {
		start := math.Log(a.min)
		return (math.Log(v) - start) / (math.Log(a.max) - start)
	}
	return (v - a.min) / (a.max - a.min)
}

// tickWidth is the width of the widest label.
func (a *scale) tickWidth() (w vg.Length) {
	for _, t := range a.ticks {
		w = max(w, tickText.width(t.Label))
	}
	return w
}

// view is a panel with what follows from its place in a figure.
type view struct {
	*figure.Panel
	row, column, span int

	x, y, bar scale // bar only with Panel.Bar
	letter    string

	room              vg.Length // for what stands above the data area
	headings, remarks []string
	key               [][]entry
}

func (p *view) empty() bool {
	return p.X.Range == nil || p.Y.Range == nil || !slices.ContainsFunc(p.Series, func(s figure.Series) bool {
		return s.Kind != figure.Legend && (s.Kind != figure.XY || len(runs(&s, &p.X, &p.Y)) > 0)
	})
}

var (
	tickText = textStyle{size: tickSize, color: palette[figure.Ink]}
	axisText = textStyle{size: labelSize, color: palette[figure.Ink]}
	axisLine = look{Color: figure.Ink, Width: float64(axisWidth)}.line()
)

// fit chooses ranges and ticks for a data area of about the given size.
func (p *view) fit(width, height vg.Length) {
	if p.Square {
		width = min(width-p.barSpace(), height)
		height = width
	}
	p.x.fit(width, func(label string) vg.Length {
		switch {
		case p.X.Upward:
			return vg.Points(tickSize)
		case p.X.Ticks != nil:
			return tickText.width(label) + 4
		}
		return max(tickText.width(label)+4.5, width/10) // ten labels are enough on any axis
	})
	p.y.fit(height, func(string) vg.Length {
		if p.Y.Ticks != nil {
			return vg.Points(tickSize + 1)
		}
		return max(13, height/10)
	})
	if p.Equal {
		p.y.ticks, p.y.power = p.x.ticks, p.x.power
	}
	if p.Bar != nil {
		p.bar.fit(height, func(string) vg.Length { return 15 })
		p.bar.wrap(height)
	}
	p.x.wrap(width)
	p.y.wrap(height)
}

// inset returns the room that axes and labels need left of, below and right of a data area of the
// given width.
func (p *view) inset(width vg.Length) (left, bottom, right vg.Length) {
	left, bottom, right = tickLength, tickLength, 2
	if !p.Y.Bare && len(p.y.ticks) > 0 {
		left = tickLength + tickGap + p.y.tickWidth()
	}
	for _, t := range p.x.ticks {
		w, h := tickText.width(t.Label), vg.Points(tickSize*capHeight)
		if p.X.Upward {
			w, h = h, w
		}
		if t.Label != "" && !p.X.Bare {
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
func (p *view) draw(c draw.Canvas, r vg.Rectangle) {
	data := draw.Canvas{Canvas: c.Canvas, Rectangle: r}
	if p.empty() {
		t := textStyle{size: tickSize, color: palette[figure.Reference], alignX: 0.5, alignY: 0.5}
		lines := wrapText("no data that can be drawn", r.Size().X-4, t)
		at := data.Center()
		at.Y += keyRow * vg.Length(len(lines)-1) / 2
		for _, line := range lines {
			t.draw(c, at, line)
			at.Y -= keyRow
		}
		p.x.ticks, p.y.ticks = nil, nil
	} else {
		for _, s := range p.Series {
			(&canvas{data, &p.x, &p.y}).series(s)
		}
	}
	p.drawAxes(c, r)
	if p.Bar != nil && !p.empty() {
		p.drawBar(c, r)
	}
}

func (p *view) drawAxes(c draw.Canvas, r vg.Rectangle) {
	// One path, so that the corner is joined.
	corner := []vg.Point{{X: r.Min.X, Y: r.Max.Y}, r.Min, {X: r.Max.X, Y: r.Min.Y}}
	if p.Frame {
		corner = append(corner, r.Max, corner[0], r.Min)
	}
	c.StrokeLines(axisLine, corner)

	length := func(t figure.Tick) vg.Length {
		if t.Label == "" {
			return tickLength * 0.55
		}
		return tickLength
	}
	size := r.Size()
	left, bottom, _ := p.inset(size.X)
	for _, t := range p.x.ticks {
		x := r.Min.X + vg.Length(p.x.norm(t.Value))*size.X
		c.StrokeLine2(axisLine, x, r.Min.Y, x, r.Min.Y-length(t))
		if t.Label == "" || p.X.Bare {
			continue
		}
		st, at := tickText, vg.Point{X: x, Y: r.Min.Y - tickLength - tickGap}
		st.alignX, st.alignY = 0.5, 1
		if p.X.Upward {
			st.upward, st.alignX, st.alignY = true, 1, 0.5
		}
		st.draw(c, at, t.Label)
	}
	for _, t := range p.y.ticks {
		y := r.Min.Y + vg.Length(p.y.norm(t.Value))*size.Y
		c.StrokeLine2(axisLine, r.Min.X, y, r.Min.X-length(t), y)
		if t.Label == "" || p.Y.Bare {
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
