package figure

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Widths of a figure.
const (
	fullWidth = 16 * vg.Centimeter // the text width of a page
	// 1606 pixels, so that half of it is still legible on a web page
	readmeWidth = 13.6 * vg.Centimeter
	pngDPI      = 300
)

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
var (
	blue      = rgb(0x0072b2)
	vermilion = rgb(0xd55e00)
	green     = rgb(0x009e73)
	orange    = rgb(0xe69f00)
	purple    = rgb(0xcc79a7)
	skyBlue   = rgb(0x56b4e9)

	black = rgb(0x1a1a1a) // text and axes
	grey  = rgb(0x7a7a7a) // references: floors, baselines, diagonals, notes
	pale  = rgb(0xc4c4c4) // the state before, targets
)

// categorical gives each condition of a comparison its colour, in this order.
var categorical = [MaxConditions]color.NRGBA{blue, vermilion, green, purple, orange, skyBlue}

// The two conditions of the paper, the same in every figure.
var (
	withSAL    = blue
	withoutSAL = vermilion
)

// The two synapses between a pair of neurons, and the spike-timing differences that are causal for
// either.
var (
	synapse12 = green
	synapse21 = purple
)

// sequentialStops are from the map viridis: luminance rises evenly, so order survives every kind of
// colour vision and grey print. The bright end is left out, being invisible as a line on white.
var sequentialStops = []color.NRGBA{rgb(0x440154), rgb(0x414487), rgb(0x2a788e), rgb(0x22a884), rgb(0x86cc45)}

// divergingStops are centred at zero: blue below, vermilion above.
var divergingStops = []color.NRGBA{rgb(0x003a63), rgb(0x0072b2), rgb(0x8fc1e0), rgb(0xf7f7f7), rgb(0xf2b48c), rgb(0xd55e00), rgb(0x7a2f00)}

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

// fade returns c with the given opacity in 0..1.
func fade(c color.NRGBA, opacity float64) color.NRGBA {
	c.A = uint8(opacity*255 + 0.5)
	return c
}

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

// sequential returns the colour of the k-th of n ordered levels.
func sequential(k, n int) color.NRGBA {
	if n < 2 {
		return sequentialStops[0]
	}
	return ramp(sequentialStops, float64(k)/float64(n-1))
}

// diverging returns the colour of v on a scale from -limit to limit.
func diverging(v, limit float64) color.NRGBA {
	return ramp(divergingStops, 0.5+0.5*v/limit)
}

// solid and dashed are the two line styles; dashes mark references.
func solid(c color.Color, width vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: c, Width: width}
}

func dashed(c color.Color, width vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: c, Width: width, Dashes: []vg.Length{3, 2}}
}

// dot and ring are the two markers: dots for the condition or state in question, rings for the one
// it is compared with.
func dot(c color.Color, radius vg.Length) draw.GlyphStyle {
	return draw.GlyphStyle{Color: c, Radius: radius, Shape: draw.CircleGlyph{}}
}

func ring(c color.Color, radius vg.Length) draw.GlyphStyle {
	return draw.GlyphStyle{Color: c, Radius: radius, Shape: ringGlyph{}}
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
