package figure

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
)

// Curves shows courses of measured quantities under several conditions, a panel for each quantity.
type Curves struct {
	Title  string
	Panels []CurvePanel // up to three
}

// CurvePanel is one quantity.
type CurvePanel struct {
	Heading, XLabel, YLabel string
	LogX                    bool
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
	if n := len(c.Panels); n == 0 || n > 3 {
		return nil, &InputError{"Curves", "Panels", fmt.Sprintf("%d panels, need 1 to 3", n)}
	}
	colour := map[string]int{}
	var key []keyEntry
	g := newPanels(len(c.Panels), 105)
	g.title = c.Title
	for _, d := range c.Panels {
		p := newPanel()
		p.heading, p.x.label, p.y.label, p.x.log, p.x.tight = d.Heading, d.XLabel, d.YLabel, d.LogX, true
		for _, v := range d.Courses {
			k, ok := colour[v.Name]
			if !ok {
				k = len(colour)
				if k == len(categorical) {
					return nil, &InputError{"Curves", "Panels", fmt.Sprintf("more than %d names, the number of distinct colours", len(categorical))}
				}
				colour[v.Name] = k
				hue := categorical[k]
				thumbs := []plot.Thumbnailer{lineThumb(solid(hue, 1.1))}
				if len(v.Runs) > 1 {
					thumbs = append([]plot.Thumbnailer{patchThumb{fade(hue, bandOpacity)}}, thumbs...)
				}
				key = append(key, keyEntry{v.Name, thumbs})
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
			p.course(v.X, v.Runs, categorical[k])
		}
		g.add(p, 1)
	}
	if len(key) == 0 {
		return nil, &InputError{"Curves", "Panels", "there is nothing to draw"}
	}
	g.key = [][]keyEntry{key}
	return g.figure(readmeWidth), nil
}
