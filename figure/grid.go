package figure

import (
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// grid lays panels out in columns of equal data width, with the data areas of a row and of a column
// aligned, and letters them a, b, c, ... in the order of their addition.
type grid struct {
	columns int
	height  vg.Length // of the data area of each row whose panels do not ask for another
	// the figure is as much narrower as square panels leave blank in the last column
	trim  bool
	title string
	key   [][]keyEntry // above all panels, each group on a line of its own
	cells []cell
}

type cell struct {
	*panel
	row, column, span int
}

// newPanels returns an empty grid with data areas of the given height.
func newPanels(columns int, height vg.Length) *grid {
	return &grid{columns: columns, height: height}
}

// add puts p into the next free place with room for span columns, in reading order.
func (g *grid) add(p *panel, span int) {
	row, column := 0, 0
	if n := len(g.cells); n > 0 {
		last := g.cells[n-1]
		row, column = last.row, last.column+last.span
	}
	if column+span > g.columns {
		row, column = row+1, 0
	}
	g.cells = append(g.cells, cell{p, row, column, span})
}

// tall returns the height of the data area that c asks for; each row is as tall as its tallest.
func (g *grid) tall(c cell) vg.Length {
	if c.height > 0 {
		return c.height
	}
	return g.height
}

// layout holds the lengths of a grid. The tile of a panel is its data area with the insets around
// it.
type layout struct {
	width, height vg.Length   // of the figure
	head          vg.Length   // margin, title and key
	column        vg.Length   // width of one data column
	trim          vg.Length   // what is cut off the last one
	left, right   []vg.Length // insets by column
	top, bottom   []vg.Length // insets by row
	rows          []vg.Length // heights of the data areas
}

// span returns the width of the data area of c.
func (l *layout) span(c cell) vg.Length {
	w := l.column
	for k := c.column + 1; k < c.column+c.span; k++ {
		w += l.right[k-1] + columnGap + l.left[k] + l.column
	}
	if c.column+c.span == len(l.left) {
		w -= l.trim
	}
	return w
}

// place returns the data area of c.
func (l *layout) place(c cell) vg.Rectangle {
	x := margin + l.left[0]
	for k := 1; k <= c.column; k++ {
		x += l.column + l.right[k-1] + columnGap + l.left[k]
	}
	y := l.height - l.head - l.top[0]
	for r := 1; r <= c.row; r++ {
		y -= l.rows[r-1] + l.bottom[r-1] + rowGap + l.top[r]
	}
	r := vg.Rectangle{Min: vg.Point{X: x, Y: y - l.rows[c.row]}, Max: vg.Point{X: x + l.span(c), Y: y}}
	if c.square {
		s := min(r.Size().X-c.barSpace(), r.Size().Y)
		r.Max.X = r.Min.X + s
		r.Min.Y = r.Max.Y - s
	}
	return r
}

// figure computes the layout for the given width; the height follows from the content.
func (g *grid) figure(width vg.Length) *Figure {
	rows := 0
	for k, c := range g.cells {
		rows = max(rows, c.row+1)
		if len(g.cells) > 1 {
			c.letter = string(rune('a' + k%26))
		}
	}
	l := &layout{
		width: width,
		left:  make([]vg.Length, g.columns), right: make([]vg.Length, g.columns),
		top: make([]vg.Length, rows), bottom: make([]vg.Length, rows), rows: make([]vg.Length, rows),
	}

	// Ticks depend on the size of the data area and the size on the ticks: two passes settle it.
	l.column = width/vg.Length(g.columns) - 50
	for range 2 {
		for _, c := range g.cells {
			c.fit(l.span(c), g.tall(c))
		}
		clear(l.left)
		clear(l.right)
		for _, c := range g.cells {
			left, _, right := c.inset(l.span(c))
			l.left[c.column] = max(l.left[c.column], left)
			l.right[c.column+c.span-1] = max(l.right[c.column+c.span-1], right)
		}
		l.column = width - 2*margin - columnGap*vg.Length(g.columns-1)
		for k := range l.left {
			l.column -= l.left[k] + l.right[k]
		}
		l.column /= vg.Length(g.columns)
	}

	if g.trim {
		blank := l.column
		for _, c := range g.cells {
			if w := l.span(c); c.column+c.span == g.columns {
				used := w
				if c.square {
					used = min(w, g.tall(c)+c.barSpace())
				}
				blank = min(blank, w-used)
			}
		}
		l.trim = blank
		l.width -= blank
	}

	keys := make([][][]keyEntry, len(g.cells))
	remarks := make([][]string, len(g.cells))
	headings := make([][]string, len(g.cells))
	rooms := make([]vg.Length, len(g.cells))
	for k, c := range g.cells {
		rooms[k] = l.span(c) + l.right[c.column+c.span-1]
		headings[k] = wrapText(c.heading, rooms[k], headText)
		keys[k] = wrapKey(c.key, rooms[k])
		remarks[k] = wrapText(c.remark(), rooms[k], noteText)
		_, bottom, _ := c.inset(l.span(c))
		head := len(headings[k])
		if c.letter != "" {
			head = max(head, 1)
		}
		top := keyRow*vg.Length(head+len(keys[k])+len(remarks[k])) + headGap
		height := g.tall(c)
		if c.square {
			height = min(height, l.span(c)-c.barSpace())
		}
		l.top[c.row] = max(l.top[c.row], top)
		l.bottom[c.row] = max(l.bottom[c.row], bottom)
		l.rows[c.row] = max(l.rows[c.row], height)
	}

	full := l.width - 2*margin
	titles := wrapText(g.title, full, titleText)
	var heading [][]keyEntry
	for _, group := range g.key {
		heading = append(heading, wrapKey(group, full)...)
	}
	l.head = margin + titleRow*vg.Length(len(titles)) + keyRow*vg.Length(len(heading))
	if len(titles)+len(heading) > 0 {
		l.head += headGap
	}
	l.height = l.head + margin + rowGap*vg.Length(rows-1)
	for r := range rows {
		l.height += l.top[r] + l.rows[r] + l.bottom[r]
	}

	return &Figure{width: l.width, height: l.height, title: plainText(g.title), draw: func(c draw.Canvas) {
		at := vg.Point{X: margin, Y: l.height - margin}
		for _, line := range titles {
			titleText.shrunk(line, full).draw(c, vg.Point{X: at.X, Y: at.Y - vg.Points(titleSize*capHeight)}, line)
			at.Y -= titleRow
		}
		for _, row := range heading {
			drawKey(c, row, vg.Point{X: at.X, Y: at.Y - keyRow/2}, full)
			at.Y -= keyRow
		}
		for k, cell := range g.cells {
			r := l.place(cell)
			roof := vg.Point{X: r.Min.X - l.left[cell.column], Y: r.Max.Y + l.top[cell.row] - vg.Points(letterSize*capHeight)}
			letterText.draw(c, roof, cell.letter)
			for i, line := range headings[k] {
				headText.shrunk(line, rooms[k]).draw(c, vg.Point{X: r.Min.X, Y: roof.Y - keyRow*vg.Length(i)}, line)
			}
			line := vg.Point{X: r.Min.X, Y: r.Max.Y + headGap + keyRow*(vg.Length(len(keys[k])+len(remarks[k]))-0.5)}
			for _, row := range keys[k] {
				drawKey(c, row, line, rooms[k])
				line.Y -= keyRow
			}
			for _, remark := range remarks[k] {
				noteText.shrunk(remark, rooms[k]).draw(c, line, remark)
				line.Y -= keyRow
			}
			cell.draw(c, r)
		}
	}}
}

var (
	titleText  = textStyle{size: titleSize, bold: true, color: black}
	headText   = textStyle{size: headSize, color: black}
	letterText = textStyle{size: letterSize, bold: true, color: black}
	keyText    = textStyle{size: tickSize, color: black, alignY: 0.5}
	noteText   = textStyle{size: tickSize, color: grey, alignY: 0.5}
)

const (
	thumbGap = vg.Length(3)
	keyGap   = vg.Length(9)
)

// wrapKey breaks entries into rows no wider than room. A label that is wider by itself goes on
// below.
func wrapKey(entries []keyEntry, room vg.Length) [][]keyEntry {
	var rows [][]keyEntry
	var used vg.Length
	for _, e := range entries {
		w := thumbRoom(e) + keyText.width(e.label) + keyGap
		if lines := wrapText(e.label, room-thumbRoom(e), keyText); w-keyGap > room && len(lines) > 1 {
			for k, line := range lines {
				rows = append(rows, []keyEntry{{line, e.thumbs}})
				if k == 0 && len(e.thumbs) > 0 {
					e.thumbs = []plot.Thumbnailer{blankThumb(e.thumbWidth())}
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

// thumbRoom is the width taken by the thumbnail of e; an entry without one is a heading within the
// key.
func thumbRoom(e keyEntry) vg.Length {
	if len(e.thumbs) == 0 {
		return 0
	}
	return e.thumbWidth() + thumbGap
}

// thumbWidth is the width of the thumbnail of e: a marker alone needs less than a line, a scale of
// colours more.
func (e keyEntry) thumbWidth() vg.Length {
	w := thumbWidth / 2
	for _, t := range e.thumbs {
		switch t := t.(type) {
		case glyphThumb:
		case blankThumb:
			return vg.Length(t)
		case scaleThumb:
			return 3 * thumbWidth
		default:
			w = thumbWidth
		}
	}
	return w
}

// drawKey draws one row of a key with its middle at the given height in the room given.
func drawKey(c draw.Canvas, row []keyEntry, at vg.Point, room vg.Length) {
	for _, e := range row {
		box := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: at.X, Y: at.Y - 3}, Max: vg.Point{X: at.X + e.thumbWidth(), Y: at.Y + 3},
		}}
		for _, t := range e.thumbs {
			t.Thumbnail(&box)
		}
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
