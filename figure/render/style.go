package render

import (
	"cmp"
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"spikealign/figure"
)

const pngDPI = 300

// Sizes of text, in points of the printed page.
const (
	labelSize  = 8.5 // axis labels
	tickSize   = 7.5 // tick labels, keys, notes
	headSize   = 8.5 // panel headings
	titleSize  = 9.5
	letterSize = 10.5
)

// Lengths of the layout.
const (
	axisWidth  = vg.Length(0.6)
	tickLength = vg.Length(3)
	tickGap    = vg.Length(2.5) // from tick to its label
	labelGap   = vg.Length(5)   // from tick labels to the axis label
	columnGap  = vg.Length(13)
	rowGap     = vg.Length(13)
	margin     = vg.Length(4)
	keyRow     = vg.Length(11)
	titleRow   = vg.Length(14)
	headGap    = vg.Length(5) // between what stands above a data area and the area
	thumbWidth = vg.Length(15)
	letterGap  = vg.Length(4) // from a panel's letter to its heading
	labelLine  = vg.Length(10)
	labelOver  = vg.Length(4) // by which an axis label may be longer than its axis at each end
)

// The palette of Okabe & Ito, "Color universal design" (2008), without its yellow, which is too
// faint for lines on white.
var palette = map[figure.Color]color.NRGBA{
	figure.First:  rgb(0x0072b2), // blue
	figure.Second: rgb(0xd55e00), // vermilion
	figure.Third:  rgb(0x009e73), // green
	figure.Fourth: rgb(0xcc79a7), // purple
	figure.Fifth:  rgb(0xe69f00), // orange
	figure.Sixth:  rgb(0x56b4e9), // sky blue

	figure.Ink:       rgb(0x1a1a1a),
	figure.Reference: rgb(0x7a7a7a),
	figure.Faint:     rgb(0xc4c4c4),
	figure.Paper:     rgb(0xffffff),
	figure.Contrast:  rgb(0x1a1a1a),
}

// The scales. Sequential is from the map viridis: luminance rises evenly, so order survives every
// kind of colour vision and grey print; the bright end is left out, being invisible as a line on
// white. Diverging is centred at zero: blue below, vermilion above.
var scales = map[figure.Color][]color.NRGBA{
	figure.Sequential: {rgb(0x440154), rgb(0x414487), rgb(0x2a788e), rgb(0x22a884), rgb(0x86cc45)},
	figure.Diverging:  {rgb(0x003a63), rgb(0x0072b2), rgb(0x8fc1e0), rgb(0xf7f7f7), rgb(0xf2b48c), rgb(0xd55e00), rgb(0x7a2f00)},
}

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

// fade returns c with the given opacity in 0..1.
func fade(c color.NRGBA, opacity float64) color.NRGBA {
	c.A = uint8(opacity*255 + 0.5)
	return c
}

// diverging returns the place of v on a scale from -limit to limit.
func diverging(v, limit float64) float64 { return 0.5 + 0.5*v/limit }

// ramp returns the colour at f in 0..1 of the piecewise linear map through stops. f outside is
// clamped; NaN gives the first stop.
func ramp(stops []color.NRGBA, f float64) color.NRGBA {
	n := len(stops) - 1
	if !(f > 0) {
		return stops[0]
	}
	if f >= 1 {
		return stops[n]
	}
	k := int(f * float64(n))
	t := f*float64(n) - float64(k)
	mix := func(a, b uint8) uint8 { return uint8((1-t)*float64(a) + t*float64(b) + 0.5) }
	a, b := stops[k], stops[k+1]
	return color.NRGBA{R: mix(a.R, b.R), G: mix(a.G, b.G), B: mix(a.B, b.B), A: 255}
}

// look is a figure.Look as gonum draws it.
type look figure.Look

// rgb is the opaque colour of l.
func (l look) rgb() color.NRGBA {
	if stops := scales[l.Color]; stops != nil {
		return ramp(stops, l.Shade)
	}
	return palette[l.Color]
}

// stroke is the colour of line and marker.
func (l look) stroke() color.NRGBA { return fade(l.rgb(), cmp.Or(l.Opacity, 1)) }

func (l look) area() color.NRGBA { return fade(l.rgb(), l.Fill) }

func (l look) line() draw.LineStyle {
	s := draw.LineStyle{Color: l.stroke(), Width: vg.Length(l.Width)}
	for _, d := range l.Dashes {
		s.Dashes = append(s.Dashes, vg.Length(d))
	}
	return s
}

// glyph is the marker, of no shape where there is none.
func (l look) glyph() draw.GlyphStyle {
	s := draw.GlyphStyle{Color: l.stroke(), Radius: vg.Length(l.Radius)}
	switch l.Marker {
	case figure.Dot:
		s.Shape = draw.CircleGlyph{}
	case figure.Ring:
		s.Shape = ringGlyph{}
	}
	return s
}

// ringGlyph is a circle with a white inside and a line heavier than gonum's, which is lost at this
// size.
type ringGlyph struct{}

func (ringGlyph) DrawGlyph(c *draw.Canvas, s draw.GlyphStyle, at vg.Point) {
	s.Shape = draw.CircleGlyph{}
	c.DrawGlyphNoClip(s, at)
	s.Color, s.Radius = color.White, s.Radius-0.8
	c.DrawGlyphNoClip(s, at)
}
