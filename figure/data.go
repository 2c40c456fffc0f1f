package figure

import (
	"encoding/json"
	"math"
)

// Figure is a picture as data: panels with axes and series, without anything of how they are drawn.
// It encodes to JSON and back without loss. Lengths are in points (1/72 inch) of the printed page,
// and hints to a renderer for a screen. Text has the marks _{sub}, ^{super} and \i{italic}, which
// do not nest.
type Figure struct {
	Title   string     `json:"title,omitempty"`
	Width   float64    `json:"width"`
	Height  float64    `json:"height"`        // of the data area of a row
	Columns int        `json:"columns"`       // of equal width
	Key     [][]Series `json:"key,omitempty"` // above all panels, a line for each group
	Panels  []*Panel   `json:"panels"`        // row by row; two or more have letters a, b, c, ...
	// Trim: narrower by what square panels leave blank on the right.
	Trim bool `json:"trim,omitempty"`
}

// Panel is one pair of axes with its data. Its key, above the data, is made of the labels of Series
// that the key of the figure does not have, in their order; the first series of a label shows the
// look.
type Panel struct {
	Heading string   `json:"heading,omitempty"`
	Note    string   `json:"note,omitempty"` // a remark above the data
	X       Axis     `json:"x"`
	Y       Axis     `json:"y"`
	Bar     *Axis    `json:"bar,omitempty"` // the scale of colours of a Heat or Cells
	Series  []Series `json:"series"`        // later ones cover earlier ones
	Square  bool     `json:"square,omitempty"`
	Frame   bool     `json:"frame,omitempty"`  // a closed frame instead of two axes
	Equal   bool     `json:"equal,omitempty"`  // both axes show one quantity, with the same ticks
	Height  float64  `json:"height,omitempty"` // of the data area; 0: that of the figure
	Span    int      `json:"span,omitempty"`   // columns; 0: one

	lost int // values that have no place, until Figure.add tells them
}

// Axis is one axis of a panel.
type Axis struct {
	Label string    `json:"label,omitempty"`
	Unit  string    `json:"unit,omitempty"`
	Log   bool      `json:"log,omitempty"`
	Range []float64 `json:"range,omitempty"` // the lowest and highest value of the data; nil: none
	Ticks []Tick    `json:"ticks,omitzero"`  // these instead of round numbers; empty: none
	Zero  bool      `json:"zero,omitempty"`  // reaches to 0, without margin there
	Tight bool      `json:"tight,omitempty"` // no margin around Range
	// Whole: counts something; no ticks between integers, a single value stands on an axis from 0.
	Whole  bool `json:"whole,omitempty"`
	Bare   bool `json:"bare,omitempty"`   // no labels: a panel beside or below has them
	Upward bool `json:"upward,omitempty"` // labels of ticks turned by a quarter
}

// Tick is a place of an axis with a name.
type Tick struct {
	Value float64 `json:"value"`
	Label string  `json:"label"`
}

// Kind says how the columns of a series are read.
type Kind string

// The kinds of series. XY has a band between Low and High with Fill, a line along Y with Width,
// and markers at Y with Marker; all are broken where a value is missing. Level and Diagonal do not
// belong to the data.
const (
	Legend   Kind = ""         // nothing but a line of the key
	XY       Kind = "xy"       // X, and Y or Low and High
	Bars     Kind = "bars"     // columns of the width Size from 0 to Y around X
	Heat     Kind = "heat"     // Values, row by row from the top; cell (i, j) around x = j, y = -i
	Cells    Kind = "cells"    // Values around the points X, Y of a grid, row by row
	Arrows   Kind = "arrows"   // along (U, V), X, Y in their middle; length: root of the magnitude
	Spikes   Kind = "spikes"   // marks at the times X in the rows Y
	Blocks   Kind = "blocks"   // blocks from X to X + Size in the rows Y
	Level    Kind = "level"    // a horizontal line at Y[0] through the panel
	Diagonal Kind = "diagonal" // the line X = Y through the panel
)

// Series is one element of a panel, or of a key. All columns have the length of X; NaN, null in
// JSON, is a missing value.
type Series struct {
	Kind  Kind   `json:"kind,omitempty"`
	Label string `json:"label,omitempty"`
	Look

	X      Numbers `json:"x,omitempty"`
	Y      Numbers `json:"y,omitempty"`
	Low    Numbers `json:"low,omitempty"`
	High   Numbers `json:"high,omitempty"`
	U      Numbers `json:"u,omitempty"`
	V      Numbers `json:"v,omitempty"`
	Values Numbers `json:"values,omitempty"`

	Columns int     `json:"columns,omitempty"` // of Heat, Cells
	Limit   float64 `json:"limit,omitempty"`   // the scale of Values reaches from -Limit to Limit
	// Size is a length in units of X: of the longest of Arrows, the width of Bars and Blocks, and,
	// where it is not 0, the most that the radius of markers may be.
	Size float64 `json:"size,omitempty"`
}

// Look is how a series looks in data and key: any of an area, a line and a marker.
type Look struct {
	Color   Color     `json:"color,omitempty"`
	Shade   float64   `json:"shade,omitempty"`   // 0..1, the place on Sequential or Diverging
	Fill    float64   `json:"fill,omitempty"`    // opacity of the area; 0: no area
	Opacity float64   `json:"opacity,omitempty"` // of line and marker; 0: opaque
	Width   float64   `json:"width,omitempty"`   // of the line; 0: no line
	Dashes  []float64 `json:"dashes,omitempty"`  // lengths of dashes and gaps; nil: a solid line
	Marker  Marker    `json:"marker,omitempty"`
	Radius  float64   `json:"radius,omitempty"` // of the marker
	Scale   []float64 `json:"scale,omitempty"`  // in keys: this part, of 0..1, of a scale
}

// Marker is the shape of a marker.
type Marker string

// The markers: dots for the condition or state in question, rings for the one it is compared with.
const (
	Dot  Marker = "dot"
	Ring Marker = "ring"
)

// Color is the role of a colour.
type Color string

// The roles. First to Sixth tell conditions and quantities apart.
const (
	First      Color = "first"
	Second     Color = "second"
	Third      Color = "third"
	Fourth     Color = "fourth"
	Fifth      Color = "fifth"
	Sixth      Color = "sixth"
	Ink        Color = "ink"        // text, axes, what has no rival
	Reference  Color = "reference"  // floors, baselines, diagonals
	Faint      Color = "faint"      // the state before, targets, what is not known
	Paper      Color = "paper"      // the ground
	Contrast   Color = "contrast"   // Ink or Paper, what shows on a cell of Values, in keys Ink
	Sequential Color = "sequential" // a scale for ordered levels
	Diverging  Color = "diverging"  // a scale with zero at 0.5
)

// Numbers are values of which some may be missing: NaN, in JSON null.
type Numbers []float64

// MarshalJSON writes null for every value that is not finite.
func (n Numbers) MarshalJSON() ([]byte, error) {
	out := make([]*float64, len(n))
	for k := range n {
		if finite(n[k]) {
			out[k] = &n[k]
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads null as NaN.
func (n *Numbers) UnmarshalJSON(data []byte) error {
	var in []*float64
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*n = make(Numbers, len(in))
	for k, v := range in {
		if (*n)[k] = math.NaN(); v != nil {
			(*n)[k] = *v
		}
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Shows tells whether the axis has a place for v. The bounds keep sums and logarithms of the layout
// finite.
func (a *Axis) Shows(v float64) bool {
	if a.Log {
		return v > 1e-100 && v < 1e100
	}
	return v > -1e100 && v < 1e100
}

// Place is where a panel stands in the grid.
type Place struct{ Row, Column, Span int }

// Places returns the places of the panels, each in the next free one with room for it, in reading
// order.
func (f *Figure) Places() []Place {
	var out []Place
	row, column := 0, 0
	for _, p := range f.Panels {
		span := max(p.Span, 1)
		if column+span > f.Columns {
			row, column = row+1, 0
		}
		out = append(out, Place{row, column, span})
		column += span
	}
	return out
}
