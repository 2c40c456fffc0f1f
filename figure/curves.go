package figure

import (
	"fmt"
	"math"
)

// Curves shows courses of measured quantities under several conditions, a panel for each quantity.
// Axes with the same label have the same range.
type Curves struct {
	Title string
	// Columns, if not 0, puts the panels on a grid, whose axes have no labels where the next panel
	// on the left, or below, has the same ones.
	Columns int
	Panels  []CurvePanel // up to twelve on a grid, else up to three in a row
}

// CurvePanel is one quantity.
type CurvePanel struct {
	Heading, XLabel, YLabel string
	LogX                    bool
	Zero                    bool     // the ordinate begins at 0
	Ratio                   bool     // of sizes: the ordinate is logarithmic, with a line at 1
	Courses                 []Course // up to six; courses of one name have one colour in all panels
}

// Course is one condition: its runs over X. A run shorter than X counts as far as it goes.
type Course struct {
	Name string
	X    []float64
	Runs [][]float64 // [run][x]
}

// Figure draws for each course the median over runs and the band between the quartiles. It returns
// an *InputError for more panels than fit, more names than there are colours, runs longer than X
// and when there is nothing to draw.
func (c Curves) Figure() (*Figure, error) {
	most, columns := 3, len(c.Panels)
	if c.Columns != 0 {
		most, columns = 12, c.Columns
	}
	if n := len(c.Panels); n == 0 || n > most {
		return nil, &InputError{"Curves", "Panels", fmt.Sprintf("%d panels, need 1 to %d", n, most)}
	}
	if columns < 1 || columns > 3 {
		return nil, &InputError{"Curves", "Columns", fmt.Sprintf("%d columns, need 1 to 3, or 0", columns)}
	}
	colour := map[string]int{}
	var key []Series
	g := &Figure{Title: c.Title, Width: readmeWidth, Columns: columns, Height: 105}
	if len(c.Panels) > 2*columns {
		g.Height = 70
	}
	for _, d := range c.Panels {
		p := &Panel{Heading: d.Heading, X: Axis{Label: d.XLabel, Log: d.LogX, Tight: true}, Y: Axis{Label: d.YLabel, Zero: d.Zero}}
		if d.Ratio {
			q := ratioPanel(p.X)
			q.Heading, q.Y.Label = d.Heading, d.YLabel
			p = q
		}
		for _, v := range d.Courses {
			k, ok := colour[v.Name]
			if !ok {
				k = len(colour)
				if k == len(categorical) {
					return nil, &InputError{"Curves", "Panels", fmt.Sprintf("more than %d names, the number of distinct colours", len(categorical))}
				}
				colour[v.Name] = k
				look := line(categorical[k], 1.1)
				if len(v.Runs) > 1 {
					look = look.banded()
				}
				key = append(key, legend(v.Name, look))
			}
			for _, r := range v.Runs {
				if len(r) > len(v.X) {
					return nil, &InputError{"Curves", "Panels", fmt.Sprintf("%q: a run of %d values for %d places", v.Name, len(r), len(v.X))}
				}
			}
			for _, x := range v.X {
				if math.IsNaN(x) || d.LogX && x <= 0 {
					return nil, &InputError{"Curves", "Panels", fmt.Sprintf("%q: x = %v cannot be drawn", v.Name, x)}
				}
			}
			p.course(v.Name, v.X, v.Runs, line(categorical[k], 1))
		}
		g.add(p)
	}
	if len(key) == 0 {
		return nil, &InputError{"Curves", "Panels", "there is nothing to draw"}
	}
	g.Key = [][]Series{key}
	alike(g.Panels, abscissa)
	alike(g.Panels, ordinate)
	if c.Columns > 0 {
		for k, p := range g.Panels {
			p.X.Bare = k+columns < len(g.Panels) && p.X.quantity() == g.Panels[k+columns].X.quantity()
			p.Y.Bare = k%columns > 0 && p.Y.quantity() == g.Panels[k-1].Y.quantity()
		}
	}
	return g, nil
}
