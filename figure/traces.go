package figure

import (
	"fmt"
	"math"
)

// Traces shows columns of tables as they were measured, a panel for each, with the range between
// extremes where a place stands for many values.
type Traces struct {
	Title  string
	Panels []TracePanel
}

// TracePanel is one quantity.
type TracePanel struct {
	Heading string
	X, Y    Axis // label, unit, and whether they are logarithmic
	Traces  []Trace
	// Whole are values to which the abscissa reaches, where Traces are a part; nil: none.
	Whole []float64
}

// Trace is the course of a quantity in one run.
type Trace struct {
	Name      string    // in the key; traces of one name have one colour in all panels
	X, Y      []float64 // Y has NaN where there is no value
	Low, High []float64 // the extremes of what each place stands for; nil: Y is all
	Floor     bool      // what bounds the course of this name from below, or a reference for it
}

// Figure draws each trace as a line, over the band between its extremes. It returns an *InputError
// for more names than there are colours, columns of different length and when there is nothing to
// draw.
func (c Traces) Figure() (*Figure, error) {
	if len(c.Panels) == 0 {
		return nil, &InputError{"Traces", "Panels", "there is nothing to draw"}
	}
	colour := map[string]Color{}
	var key []Series
	g := &Figure{Title: c.Title, Width: fullWidth, Columns: min(len(c.Panels), 2), Height: 130}
	for _, d := range c.Panels {
		p := &Panel{Heading: d.Heading, X: d.X, Y: d.Y}
		p.X.Tight = true
		for _, t := range d.Traces {
			if n := len(t.X); len(t.Y) != n || t.Low != nil && (len(t.Low) != n || len(t.High) != n) {
				return nil, &InputError{"Traces", "Panels", fmt.Sprintf("%q: columns of different length", t.Name)}
			}
			role, known := colour[t.Name]
			if !known {
				if len(colour) == len(categorical) {
					return nil, &InputError{"Traces", "Panels", fmt.Sprintf("more than %d names, the number of distinct colours", len(categorical))}
				}
				role = categorical[len(colour)]
				colour[t.Name] = role
				if t.Name != "" {
					key = append(key, legend(t.Name, line(role, 1.1)))
				}
			}
			if t.Floor {
				look := dashed(role, 0.8)
				p.curve("", t.X, t.Y, look)
				continue
			}
			if t.Low != nil {
				p.plot(Series{Label: t.Name, Look: area(role, bandOpacity), X: t.X, Low: t.Low, High: t.High})
			}
			look := line(role, 1)
			if len(t.X) < 30 { // the values themselves
				look = look.marked(dot(role, 1.6))
			}
			p.curve(t.Name, t.X, t.Y, look)
		}
		p.X.include(d.Whole...)
		if p.X.Range == nil || p.Y.Range == nil { // no value has a place
			p.Note = join(p.Note, "no values to draw")
			p.lost = 0
		}
		g.add(p)
	}
	if len(key) > 1 {
		g.Key = [][]Series{key}
	}
	alike(g.Panels, abscissa)
	return g, nil
}

// Spreads tells whether values ask for a logarithmic axis: all above 0, over two decades or more.
func Spreads(values ...[]float64) bool {
	low, high := math.Inf(1), 0.0
	for _, v := range values {
		for _, x := range v {
			if math.IsNaN(x) {
				continue
			}
			low, high = math.Min(low, x), math.Max(high, x)
		}
	}
	return low > 0 && high >= 100*low && high < math.Inf(1)
}
