package figure

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Figure11 shows what the shape of the postsynaptic potential does to SAL (docs/model.md, section
// 5): figure 11 of the paper.
type Figure11 struct {
	Shapes []ShapeResult // one row each
}

// ShapeResult is the theory of two neurons with one shape of the PSP. Any part may be nil.
type ShapeResult struct {
	Name string
	// the potential for unit weight, over the lag in tau; a lag given twice makes a jump
	Lag, PSP []float64
	// for some biases, which Name tells; laws of one name have one colour in all rows
	Laws  []STDDLaw
	Lines []AttractorLine

	// How far the attractor line for b_1 = Bias[i], b_2 = Bias[j] is from the diagonal, relative to
	// its extent: at i*len(Bias)+j, 0 or more, NaN where there is none.
	Bias, Deviation []float64
}

// AttractorLine is where the drift of two weights vanishes, for a difference of the biases.
type AttractorLine struct {
	Difference float64 // b_1 - b_2
	W12, W21   []float64
}

// Figure draws for each shape the PSP, the laws of spike-timing differences, the attractor lines by
// the difference of the biases beside the diagonal, and their deviation from it over both biases. A
// column has the same axes and colours in all rows. It returns an *InputError for lengths that do
// not fit together, for biases that do not ascend, for a negative deviation, for more laws than
// there are colours and when there is nothing to draw.
func (f Figure11) Figure() (*Figure, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	names := f.lawNames()
	lo, hi, limit, none := math.Inf(1), math.Inf(-1), 0.0, false
	for _, s := range f.Shapes {
		for _, l := range s.Lines {
			lo, hi = math.Min(lo, l.Difference), math.Max(hi, l.Difference)
		}
		for _, d := range s.Deviation {
			if moderate(d) {
				limit = math.Max(limit, d)
			} else {
				none = true
			}
		}
	}
	if limit == 0 {
		limit = 1
	}

	type column struct {
		has    bool
		title  string
		key    []Series
		panels []*Panel
	}
	psp, laws, lines := column{title: "PSP"}, column{title: "timing differences"}, column{title: "attractor lines"}
	deviation := column{title: "deviation"}
	for _, s := range f.Shapes {
		psp.has = psp.has || len(s.PSP) > 0
		laws.has = laws.has || len(s.Laws) > 0
		lines.has = lines.has || len(s.Lines) > 0
		deviation.has = deviation.has || len(s.Deviation) > 0
		psp.panels = append(psp.panels, s.psp())
		laws.panels = append(laws.panels, s.laws(names))
		lines.panels = append(lines.panels, s.lines(lo, hi))
		deviation.panels = append(deviation.panels, s.deviation(limit))
	}
	for k, name := range names {
		laws.key = append(laws.key, legend(name, line(categorical[k], 1)))
	}
	lines.key = []Series{
		{Label: fmt.Sprintf("attractor lines for %s − %s = %s", bias1, bias2, number(lo))},
		legend(number(hi), Look{Color: Sequential, Scale: []float64{0, 1}}),
		legend(weight12+" = "+weight21, equalLook),
	}
	deviation.key = []Series{
		{Label: "relative deviation of attractor lines from the diagonal: 0"},
		legend(strconv.FormatFloat(limit, 'g', 2, 64), Look{Color: Diverging, Scale: []float64{0.5, 1}}),
	}
	if none {
		deviation.key = append(deviation.key, legend("none known", area(Faint, 1)))
	}
	columns := slices.DeleteFunc([]column{psp, laws, lines, deviation}, func(c column) bool { return !c.has })
	if len(columns) == 0 {
		return nil, &InputError{"Figure11", "Shapes", "there is nothing to draw: every part is missing"}
	}

	// the key needs the width of two
	g := &Figure{Width: fullWidth * float64(max(len(columns), 2)) / 4, Columns: len(columns), Height: 90}
	for k, c := range columns {
		var xs, ys []*Axis
		for r, p := range c.panels {
			switch {
			case k == 0:
				p.Heading = f.Shapes[r].Name
			case r == 0:
				p.Heading = c.title
			}
			p.X.Bare = r < len(f.Shapes)-1
			xs, ys = append(xs, &p.X), append(ys, &p.Y)
		}
		share(xs...)
		share(ys...)
		if len(c.key) > 0 {
			g.Key = append(g.Key, c.key)
		}
	}
	for r := range f.Shapes {
		for _, c := range columns {
			g.add(c.panels[r])
		}
	}
	return g, nil
}

// lawNames returns the names of all laws in the order of their appearance.
func (f Figure11) lawNames() []string {
	var names []string
	for _, s := range f.Shapes {
		for _, l := range s.Laws {
			if !slices.Contains(names, l.Name) {
				names = append(names, l.Name)
			}
		}
	}
	return names
}

func (f Figure11) check() error {
	bad := func(format string, args ...any) error {
		return &InputError{"Figure11", "Shapes", fmt.Sprintf(format, args...)}
	}
	for _, s := range f.Shapes {
		if len(s.PSP) != len(s.Lag) {
			return bad("%q: %d values of PSP for %d lags", s.Name, len(s.PSP), len(s.Lag))
		}
		if err := checkLaws("Figure11", "Shapes", s.Laws); err != nil {
			return err
		}
		for _, l := range s.Lines {
			if !moderate(l.Difference) {
				return bad("%q: an attractor line has the bias difference %g: must be finite", s.Name, l.Difference)
			}
			if len(l.W12) != len(l.W21) {
				return bad("%q: attractor line %g: %d values of W12 for %d of W21", s.Name, l.Difference, len(l.W12), len(l.W21))
			}
		}
		if len(s.Deviation) == 0 {
			continue
		}
		n := len(s.Bias)
		if n < 2 || len(s.Deviation) != n*n {
			return bad("%q: %d deviations for %d biases, need 2 biases or more and the square of their number", s.Name, len(s.Deviation), n)
		}
		for k, b := range s.Bias {
			if !moderate(b) || k > 0 && b <= s.Bias[k-1] {
				return bad("%q: bias %d is %g: biases must be finite and ascend", s.Name, k, b)
			}
		}
		for k, d := range s.Deviation {
			if d < 0 {
				return bad("%q: deviation %d is %g: must not be negative", s.Name, k, d)
			}
		}
	}
	if n := len(f.lawNames()); n > len(categorical) {
		return bad("laws of %d names, at most %d have distinct colours", n, len(categorical))
	}
	return nil
}

func (s ShapeResult) psp() *Panel {
	p := &Panel{Square: true, X: Axis{Label: "lag", Unit: "τ", Tight: true}, Y: Axis{Label: "PSP", Zero: true}}
	p.curve("", s.Lag, s.PSP, line(Ink, 1.1))
	return p
}

func (s ShapeResult) laws(names []string) *Panel {
	p := &Panel{Square: true, X: lagAxis, Y: densityAxis}
	for _, l := range s.Laws {
		style := line(categorical[slices.Index(names, l.Name)], 1)
		x, y := scaled(l.Lags, 1/l.Tau), scaled(l.Probability, l.Tau)
		// Coincidences are no pairs: the halves are lines of their own.
		n := len(x)
		p.edged(l.Name, x[:n/2], y[:n/2], style)
		p.edged(l.Name, x[(n+1)/2:], y[(n+1)/2:], style)
	}
	return p
}

func (s ShapeResult) lines(lo, hi float64) *Panel {
	p := framed("", weight12, weight21)
	for _, l := range s.Lines {
		f := 0.0
		if hi > lo {
			f = (l.Difference - lo) / (hi - lo)
		}
		p.curve("", l.W12, l.W21, Look{Color: Sequential, Shade: f, Width: 0.9})
	}
	p.diagonal()
	return p
}

func (s ShapeResult) deviation(limit float64) *Panel {
	p := framed("", "bias "+bias1, "bias "+bias2)
	p.X.Tight, p.Y.Tight = true, true
	if len(s.Deviation) == 0 {
		return p
	}
	var x, y []float64
	for _, b1 := range s.Bias {
		for _, b2 := range s.Bias {
			x, y = append(x, b1), append(y, b2)
		}
	}
	p.cells(x, y, p.blank(s.Deviation), len(s.Bias), limit)
	p.lost = 0 // the key explains grey
	return p
}
