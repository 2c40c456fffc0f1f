package render

import (
	"image/color"
	"math"
	"strings"

	stdfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Text in figures is one line with three marks: _{sub}, ^{super} and \i{italic}. They do not nest.
// Everything else, a lone underscore or asterisk of a file name included, stands for itself. It
// breaks at spaces, not at those that Unicode calls non-breaking. (gonum has plain text or a LaTeX
// in which spaces and Greek letters need escapes.)

var fonts = font.NewCache(liberation.Collection())

// capHeight is the height of capitals and digits of Liberation Sans, descent the depth of its
// letters, both per size.
const (
	capHeight = 0.716
	descent   = 0.21
)

// textStyle is the look of one line of text.
type textStyle struct {
	size   float64 // points
	bold   bool
	color  color.Color
	alignX float64 // 0 the point is at the left end, 0.5 in the middle, 1 at the right end
	// 0 the point is on the base line, 0.5 at half the height of the capitals, 1 at their top
	alignY float64
	upward bool // turned by a quarter, reading upwards
}

// span is a piece of text in one font at one height.
type span struct {
	text   string
	italic bool
	scale  float64 // of the font size
	shift  float64 // of the base line, per size
}

var marks = []struct {
	open  string
	style span
}{
	{"_{", span{scale: 0.72, shift: -0.19}},
	{"^{", span{scale: 0.72, shift: 0.36}},
	{`\i{`, span{scale: 1, italic: true}},
}

// spans splits marked text into pieces.
func spans(s string) []span {
	var out []span
	plain := func(t string) {
		if t != "" {
			out = append(out, span{text: t, scale: 1})
		}
	}
scan:
	for {
		first, which, end := len(s), -1, 0
		for k, m := range marks {
			if i := strings.Index(s, m.open); i >= 0 && i < first {
				if j := strings.IndexByte(s[i:], '}'); j >= 0 {
					first, which, end = i, k, i+j
				}
			}
		}
		if which < 0 {
			break scan
		}
		plain(s[:first])
		piece := marks[which].style
		piece.text = s[first+len(marks[which].open) : end]
		if piece.text != "" {
			out = append(out, piece)
		}
		s = s[end+1:]
	}
	plain(s)
	return out
}

// words splits s at its spaces. Spaces within marks do not count.
func words(s string) []string {
	var out []string
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			out = append(out, word.String())
			word.Reset()
		}
	}
	for s != "" {
		n := 0 // length of the mark at the start of s
		for _, m := range marks {
			if strings.HasPrefix(s, m.open) {
				n = strings.IndexByte(s, '}') + 1
			}
		}
		switch {
		case n > 0:
		case s[0] == ' ' || s[0] == '\t' || s[0] == '\n':
			end()
			s = s[1:]
			continue
		default:
			n = 1
		}
		word.WriteString(s[:n])
		s = s[n:]
	}
	end()
	return out
}

func (p span) face(t textStyle) font.Face {
	f := font.Font{Typeface: "Liberation", Variant: "Sans"}
	if p.italic {
		f.Style = stdfont.StyleItalic
	}
	if t.bold {
		f.Weight = stdfont.WeightBold
	}
	return fonts.Lookup(f, vg.Points(t.size*p.scale))
}

// width returns the length of s when drawn.
func (t textStyle) width(s string) vg.Length {
	var w vg.Length
	for _, p := range spans(s) {
		f := p.face(t)
		w += f.Width(p.text)
	}
	return w
}

// shrunk returns t, smaller if s would be longer than room.
func (t textStyle) shrunk(s string, room vg.Length) textStyle {
	if w := t.width(s); w > room {
		t.size *= max(0, float64(room/w)) * 0.999 // widths are not quite in proportion to sizes
	}
	return t
}

// draw writes s at the given point.
func (t textStyle) draw(c draw.Canvas, at vg.Point, s string) {
	dx := -vg.Length(t.alignX) * t.width(s)
	dy := -vg.Points(t.alignY * capHeight * t.size)
	c.Push()
	defer c.Pop()
	c.SetColor(t.color)
	c.Translate(at)
	if t.upward {
		c.Rotate(math.Pi / 2)
	}
	for _, p := range spans(s) {
		f := p.face(t)
		// SVG drops leading spaces of a text element.
		visible := strings.TrimLeft(p.text, " ")
		lead := f.Width(p.text) - f.Width(visible)
		if visible != "" {
			c.FillString(f, vg.Point{X: dx + lead, Y: dy + vg.Points(p.shift*t.size)}, visible)
		}
		dx += f.Width(p.text)
	}
}
