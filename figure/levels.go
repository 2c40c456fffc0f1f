package figure

import (
	"fmt"

	"spikealign/internal/quantile"
)

// Levels shows what runs end with against the size of what disturbs them: a column of panels for
// each kind of disturbance, a row for each quantity.
type Levels struct {
	Title string
	Kinds []string // labels of the abscissae, one for each column; up to six
	Rows  []LevelRow
}

// LevelRow is one quantity.
type LevelRow struct {
	YLabel string
	Log    bool
	Panels [][]LevelCourse // [kind][condition]; conditions of one name have one colour in all panels
}

// LevelCourse is one condition.
type LevelCourse struct {
	Name  string
	Level []float64
	Runs  [][]float64 // [level][run]
}

// Figure draws the median of the runs and a bar between the quartiles at each level. It returns an
// *InputError for lists that do not fit together, more names than there are colours, and when there
// is nothing to draw.
func (s Levels) Figure() (*Figure, error) {
	bad := func(field, format string, args ...any) error {
		return &InputError{"Levels", field, fmt.Sprintf(format, args...)}
	}
	if n := len(s.Kinds); n == 0 || n > 6 || len(s.Rows) == 0 {
		return nil, bad("Kinds", "%d kinds and %d rows, need 1 to 6 and 1 or more", n, len(s.Rows))
	}
	colour := map[string]int{}
	var key []Series
	g := &Figure{Title: s.Title, Width: fullWidth, Columns: len(s.Kinds), Height: 92}
	for r, row := range s.Rows {
		if len(row.Panels) != len(s.Kinds) {
			return nil, bad("Rows", "row %d has %d panels for %d kinds", r, len(row.Panels), len(s.Kinds))
		}
		var panels []*Panel
		for k, courses := range row.Panels {
			p := &Panel{X: Axis{Label: s.Kinds[k]}, Y: Axis{Label: row.YLabel, Log: row.Log, Zero: !row.Log, Bare: k > 0}}
			for _, c := range courses {
				at, ok := colour[c.Name]
				if !ok {
					if at = len(colour); at == len(categorical) {
						return nil, bad("Rows", "more than %d names, the number of distinct colours", len(categorical))
					}
					colour[c.Name] = at
					key = append(key, legend(c.Name, line(categorical[at], 1).marked(dot(categorical[at], 1.8))))
				}
				if len(c.Level) != len(c.Runs) {
					return nil, bad("Rows", "%q: runs of %d levels for %d", c.Name, len(c.Runs), len(c.Level))
				}
				p.levels(c, categorical[at])
			}
			panels = append(panels, p)
		}
		var ys []*Axis
		for _, p := range panels {
			ys = append(ys, &p.Y)
		}
		share(ys...)
		for _, p := range panels {
			g.add(p)
		}
	}
	if len(key) == 0 {
		return nil, bad("Rows", "there is nothing to draw")
	}
	g.Key = [][]Series{key}
	return g, nil
}

// levels draws one condition.
func (p *Panel) levels(c LevelCourse, colour Color) {
	var xs, ys []float64
	for k, x := range c.Level {
		var seen []float64
		for _, v := range c.Runs[k] {
			if p.Y.Shows(v) {
				seen = append(seen, v)
			} else {
				p.lost++
			}
		}
		if len(seen) == 0 {
			continue
		}
		q1, q2, q3 := quantile.Quartiles(seen)
		xs, ys = append(xs, x), append(ys, q2)
		if len(seen) > 1 {
			p.curve("", []float64{x, x}, []float64{q1, q3}, line(colour, 1))
		}
	}
	p.curve(c.Name, xs, ys, line(colour, 1).marked(dot(colour, 1.8)))
}
