package render

import (
	"maps"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"spikealign/figure"
)

// layout holds the lengths of a figure, whose data areas are aligned in rows and columns. The tile
// of a panel is its data area with the insets around it.
type layout struct {
	*figure.Figure
	cells         []*view
	width, height vg.Length   // of the figure
	head          vg.Length   // margin, title and key
	column        vg.Length   // width of one data column
	trim          vg.Length   // what is cut off the last one
	left, right   []vg.Length // insets by column
	top, bottom   []vg.Length // insets by row
	rows          []vg.Length // heights of the data areas
	titles        []string
	heading       [][]entry
}

// tall returns the height of the data area that c asks for; each row is as tall as its tallest.
func (l *layout) tall(c *view) vg.Length {
	if c.Height > 0 {
		return vg.Length(c.Height)
	}
	return vg.Length(l.Height)
}

// across returns the width of the data area of c.
func (l *layout) across(c *view) vg.Length {
	w := l.column
	for k := c.column + 1; k < c.column+c.span; k++ {
		w += l.right[k-1] + columnGap + l.left[k] + l.column
	}
	if c.column+c.span == len(l.left) {
		w -= l.trim
	}
	return w
}

// area returns the data area of c.
func (l *layout) area(c *view) vg.Rectangle {
	x := margin + l.left[0]
	for k := 1; k <= c.column; k++ {
		x += l.column + l.right[k-1] + columnGap + l.left[k]
	}
	y := l.height - l.head - l.top[0]
	for r := 1; r <= c.row; r++ {
		y -= l.rows[r-1] + l.bottom[r-1] + rowGap + l.top[r]
	}
	r := vg.Rectangle{Min: vg.Point{X: x, Y: y - l.rows[c.row]}, Max: vg.Point{X: x + l.across(c), Y: y}}
	if c.Square {
		s := min(r.Size().X-c.barSpace(), r.Size().Y)
		r.Max.X = r.Min.X + s
		r.Min.Y = r.Max.Y - s
	}
	return r
}

// newLayout computes the layout; the height follows from the content.
func newLayout(f *figure.Figure) *layout {
	l := &layout{Figure: f, width: vg.Length(f.Width), left: make([]vg.Length, f.Columns), right: make([]vg.Length, f.Columns)}
	rows := 0
	for k, at := range f.Places() {
		c := &view{Panel: f.Panels[k], row: at.Row, column: at.Column, span: at.Span}
		c.x.Axis, c.y.Axis = c.X, c.Y
		if c.Bar != nil {
			c.bar.Axis = *c.Bar
		}
		if len(f.Panels) > 1 {
			c.letter = string(rune('a' + k%26))
		}
		l.cells, rows = append(l.cells, c), at.Row+1
	}
	l.top, l.bottom, l.rows = make([]vg.Length, rows), make([]vg.Length, rows), make([]vg.Length, rows)

	// Ticks depend on the size of the data area and the size on the ticks: two passes settle it.
	l.column = l.width/vg.Length(f.Columns) - 50
	for range 2 {
		for _, c := range l.cells {
			c.fit(l.across(c), l.tall(c))
		}
		clear(l.left)
		clear(l.right)
		for _, c := range l.cells {
			left, _, right := c.inset(l.across(c))
			l.left[c.column] = max(l.left[c.column], left)
			l.right[c.column+c.span-1] = max(l.right[c.column+c.span-1], right)
		}
		l.column = l.width - 2*margin - columnGap*vg.Length(f.Columns-1)
		for k := range l.left {
			l.column -= l.left[k] + l.right[k]
		}
		l.column /= vg.Length(f.Columns)
	}

	if f.Trim {
		blank := l.column
		for _, c := range l.cells {
			if w := l.across(c); c.column+c.span == f.Columns {
				used := w
				if c.Square {
					used = min(w, l.tall(c)+c.barSpace())
				}
				blank = min(blank, w-used)
			}
		}
		l.trim = blank
		l.width -= blank
	}

	shown := map[string]bool{"": true} // labels without a line in the keys to come
	for _, group := range f.Key {
		for _, s := range group {
			shown[s.Label] = true
		}
	}
	for _, c := range l.cells {
		c.room = l.across(c) + l.right[c.column+c.span-1]
		c.headings = wrapText(c.Heading, c.room, headText)
		c.key = wrapKey(c.entries(shown), c.room)
		c.remarks = wrapText(c.Note, c.room, noteText)
		_, bottom, _ := c.inset(l.across(c))
		head := len(c.headings)
		if c.letter != "" {
			head = max(head, 1)
		}
		top := keyRow*vg.Length(head+len(c.key)+len(c.remarks)) + headGap
		height := l.tall(c)
		if c.Square {
			height = min(height, l.across(c)-c.barSpace())
		}
		l.top[c.row] = max(l.top[c.row], top)
		l.bottom[c.row] = max(l.bottom[c.row], bottom)
		l.rows[c.row] = max(l.rows[c.row], height)
	}

	full := l.width - 2*margin
	l.titles = wrapText(f.Title, full, titleText)
	for _, group := range f.Key {
		l.heading = append(l.heading, wrapKey(entries(group), full)...)
	}
	l.head = margin + titleRow*vg.Length(len(l.titles)) + keyRow*vg.Length(len(l.heading))
	if len(l.titles)+len(l.heading) > 0 {
		l.head += headGap
	}
	l.height = l.head + margin + rowGap*vg.Length(rows-1)
	for r := range rows {
		l.height += l.top[r] + l.rows[r] + l.bottom[r]
	}
	return l
}

// draw draws the figure.
func (l *layout) draw(c draw.Canvas) {
	at, full := vg.Point{X: margin, Y: l.height - margin}, l.width-2*margin
	for _, line := range l.titles {
		titleText.shrunk(line, full).draw(c, vg.Point{X: at.X, Y: at.Y - vg.Points(titleSize*capHeight)}, line)
		at.Y -= titleRow
	}
	for _, row := range l.heading {
		drawKey(c, row, vg.Point{X: at.X, Y: at.Y - keyRow/2}, full)
		at.Y -= keyRow
	}
	for _, p := range l.cells {
		r := l.area(p)
		roof := vg.Point{X: r.Min.X - l.left[p.column], Y: r.Max.Y + l.top[p.row] - vg.Points(letterSize*capHeight)}
		letterText.draw(c, roof, p.letter)
		for i, line := range p.headings {
			headText.shrunk(line, p.room).draw(c, vg.Point{X: r.Min.X, Y: roof.Y - keyRow*vg.Length(i)}, line)
		}
		line := vg.Point{X: r.Min.X, Y: r.Max.Y + headGap + keyRow*(vg.Length(len(p.key)+len(p.remarks))-0.5)}
		for _, row := range p.key {
			drawKey(c, row, line, p.room)
			line.Y -= keyRow
		}
		for _, remark := range p.remarks {
			noteText.shrunk(remark, p.room).draw(c, line, remark)
			line.Y -= keyRow
		}
		p.draw(c, r)
	}
}

var (
	titleText  = textStyle{size: titleSize, bold: true, color: palette[figure.Ink]}
	headText   = textStyle{size: headSize, color: palette[figure.Ink]}
	letterText = textStyle{size: letterSize, bold: true, color: palette[figure.Ink]}
	keyText    = textStyle{size: tickSize, color: palette[figure.Ink], alignY: 0.5}
	noteText   = textStyle{size: tickSize, color: palette[figure.Reference], alignY: 0.5}
)

const (
	thumbGap = vg.Length(3)
	keyGap   = vg.Length(9)
)

// entry is a line of a key, or the part of one that stands in a row. One without a look is a
// heading within the key.
type entry struct {
	label string
	look  look
	blank vg.Length // room left free instead of the look
}

func entries(series []figure.Series) (es []entry) {
	for _, s := range series {
		es = append(es, entry{label: s.Label, look: look(s.Look)})
	}
	return es
}

// entries returns the key of the panel, without the labels that are shown elsewhere.
func (p *view) entries(elsewhere map[string]bool) []entry {
	shown := maps.Clone(elsewhere)
	return entries(slices.DeleteFunc(slices.Clone(p.Series), func(s figure.Series) bool {
		before := shown[s.Label]
		shown[s.Label] = true
		return before
	}))
}

// wrapKey breaks entries into rows no wider than room. A label that is wider by itself goes on
// below.
func wrapKey(entries []entry, room vg.Length) [][]entry {
	var rows [][]entry
	var used vg.Length
	for _, e := range entries {
		w := thumbRoom(e) + keyText.width(e.label) + keyGap
		if lines := wrapText(e.label, room-thumbRoom(e), keyText); w-keyGap > room && len(lines) > 1 {
			for k, line := range lines {
				rows = append(rows, []entry{{line, e.look, e.blank}})
				if k == 0 {
					e.look, e.blank = look{}, e.thumbWidth()
				}
				used = thumbRoom(e) + keyText.width(line) + keyGap
			}
			continue
		}
		if len(rows) == 0 || used+w-keyGap > room {
			rows, used = append(rows, nil), 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], e)
		used += w
	}
	return rows
}

// thumbRoom is the width taken by the look of e.
func thumbRoom(e entry) vg.Length {
	if w := e.thumbWidth(); w > 0 {
		return w + thumbGap
	}
	return 0
}

// thumbWidth is the width of the look of e: a marker alone needs less than a line, a scale of
// colours more.
func (e entry) thumbWidth() vg.Length {
	switch {
	case e.look.Scale != nil:
		return 3 * thumbWidth
	case e.look.Width > 0 || e.look.Fill > 0:
		return thumbWidth
	case e.look.Marker != "":
		return thumbWidth / 2
	}
	return e.blank
}

// drawKey draws one row of a key with its middle at the given height in the room given.
func drawKey(c draw.Canvas, row []entry, at vg.Point, room vg.Length) {
	for _, e := range row {
		e.look.thumb(draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: at.X, Y: at.Y - 3}, Max: vg.Point{X: at.X + e.thumbWidth(), Y: at.Y + 3},
		}})
		at.X += thumbRoom(e)
		keyText.shrunk(e.label, room-thumbRoom(e)).draw(c, at, e.label)
		at.X += keyText.width(e.label) + keyGap
	}
}

// wrapText breaks s at spaces into lines no wider than room, except for words that are; who draws
// them shrinks them.
func wrapText(s string, room vg.Length, t textStyle) []string {
	var lines []string
	for _, word := range words(s) {
		if n := len(lines); n > 0 && t.width(lines[n-1]+" "+word) <= room {
			lines[n-1] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return lines
}

// plainText returns s without its marks.
func plainText(s string) string {
	var b strings.Builder
	for _, p := range spans(s) {
		b.WriteString(p.text)
	}
	return b.String()
}
