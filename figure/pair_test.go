package figure

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// twoNeurons returns a law with the shape of docs/theory.md: halves of unequal height up
// to tau, then exponential tails.
func twoNeurons(name string, tau int, w12, w21 float64) STDDLaw {
	l := STDDLaw{Name: name, Tau: float64(tau), W12: w12, W21: w21}
	for d := 1 - 2*tau; d < 2*tau; d++ {
		x, w := float64(d)/float64(tau), w12
		if d < 0 {
			w = w21
		}
		p := math.Exp(w * (1 - math.Abs(x)))
		if math.Abs(x) > 1 {
			p = 0.6 * math.Exp(2-2*math.Abs(x))
		}
		if d == 0 {
			p = 0
		}
		l.Lags, l.Probability = append(l.Lags, float64(d)), append(l.Probability, p/(4*l.Tau))
	}
	return l
}

func sixLaws() (laws []STDDLaw) {
	for _, sign := range []float64{1, -1} {
		for _, w := range [][2]float64{{.8, .4}, {.4, .8}, {.6, .6}} {
			laws = append(laws, twoNeurons(fmt.Sprintf("law %d", len(laws)), 50, sign*w[0], sign*w[1]))
		}
	}
	return laws
}

func measured(l STDDLaw) STDDLaw {
	r := rand.New(rand.NewPCG(6, 1))
	for _, p := range l.Probability {
		l.Measured = append(l.Measured, p*(1+0.05*r.NormFloat64()))
	}
	return l
}

// steps returns lo, lo+by, ... with n values.
func steps(lo, by float64, n int) []float64 {
	v := make([]float64, n)
	for k := range v {
		v[k] = lo + float64(k)*by
	}
	return v
}

func figure2() Figure2 {
	r := rand.New(rand.NewPCG(7, 1))
	f := Figure2{Laws: sixLaws(), Plane: PhasePlane{W12: steps(-2, .25, 17), W21: steps(-2, .25, 17), Line12: steps(-2, 1, 5), Line21: steps(-2, 1, 5)}}
	for _, a := range f.Plane.W12 {
		for _, b := range f.Plane.W21 {
			drift := 0.01 * (b - a) * math.Exp(a+b)
			f.Plane.Drift12, f.Plane.Drift21 = append(f.Plane.Drift12, drift), append(f.Plane.Drift21, -drift)
		}
	}
	for _, frozen := range []bool{false, true} {
		c := PairCurves{Name: fmt.Sprintf("frozen %v", frozen), Frozen12: frozen, Epoch: steps(0, 50, 31)}
		for range 5 {
			a, b := 1.5, .5
			var w12, w21 []float64
			for range c.Epoch {
				w12, w21 = append(w12, a), append(w21, b)
				d := 0.1*(b-a) + 0.02*r.NormFloat64()
				if !frozen {
					a += d
				}
				b -= d
			}
			c.W12, c.W21 = append(c.W12, w12), append(c.W21, w21)
		}
		f.Learning = append(f.Learning, c)
		f.Plane.Trajectories = append(f.Plane.Trajectories, Trajectory{c.Name, c.W12[0], c.W21[0]})
	}
	return f
}

func figure10(n int) Figure10 {
	r := rand.New(rand.NewPCG(8, 1))
	f := Figure10{N: n}
	for i := range n {
		for j := range n {
			a, b := -1.1+0.1*float64(i)+0.02*r.NormFloat64(), -0.9+0.1*float64(j)+0.02*r.NormFloat64()
			f.W12, f.W21 = append(f.W12, a), append(f.W21, b)
			f.Drift12 = append(f.Drift12, 0.02*(b-a)+0.001*r.NormFloat64())
		}
	}
	for _, w := range [][]float64{f.W12, f.W21} {
		for _, w := range w {
			f.RateDirect = append(f.RateDirect, 0.5+0.1*w)
			f.Rate = append(f.Rate, 0.5+0.1*w+0.003*r.NormFloat64())
		}
	}
	return f
}

func figure11() Figure11 {
	var f Figure11
	for k, name := range []string{"rectangular", "alpha, τ_{syn} = τ/3", "alpha, τ_{syn} = τ/2"} {
		s := ShapeResult{Name: name, Lag: []float64{0, 0, 1, 1, 2}, PSP: []float64{0, 1, 1, 0, 0}, Bias: steps(-1, .25, 9)}
		for b := range 3 {
			l := twoNeurons(fmt.Sprintf(`\i{b} = (%d, 0)`, b), 30, 1, 1+0.1*float64(b*k))
			s.Laws = append(s.Laws, l)
		}
		for d := -2.0; d <= 2; d += 0.5 {
			l := AttractorLine{Difference: d, W12: steps(-1.5, 1, 4)}
			for _, w := range l.W12 {
				l.W21 = append(l.W21, w*(1+0.1*float64(k)*d))
			}
			s.Lines = append(s.Lines, l)
		}
		for _, b1 := range s.Bias {
			for _, b2 := range s.Bias {
				s.Deviation = append(s.Deviation, 0.05*float64(k)*math.Abs(b1-b2))
			}
		}
		f.Shapes = append(f.Shapes, s)
	}
	return f
}

func figure12(cases int) Figure12 {
	var f Figure12
	for k := range cases {
		c := PerturbationCase{Name: fmt.Sprintf("case %d", k), T: steps(0, 0.025, 80)}
		sum := 0.0
		for _, t := range c.T {
			d := 1e-3 * (1 - t) * math.Exp(-t*float64(k))
			if t == 0 {
				d = 0
			}
			sum += d
			c.Delta, c.Integral = append(c.Delta, d), append(c.Integral, sum)
		}
		f.Cases = append(f.Cases, c)
	}
	return f
}

// pairInputs are figures of two neurons that must come out whole: typical, partial, degenerate and
// spoilt data.
func pairInputs() map[string]drawer {
	laws := sixLaws()
	in := map[string]drawer{
		"STDD":            STDD{Title: "Six laws", Laws: laws},
		"STDD one":        STDD{Laws: []STDDLaw{measured(laws[0])}},
		"STDD two":        STDD{Title: "Two", Laws: []STDDLaw{measured(laws[0]), twoNeurons("tau 10", 10, 2, -1)}},
		"STDD four":       STDD{Laws: laws[:4]},
		"STDD no zero":    STDD{Laws: []STDDLaw{{Tau: 2, Lags: []float64{-1.5, -.5, .5, 1.5}, Probability: []float64{.1, .4, .4, .1}}}},
		"STDD coincident": STDD{Laws: []STDDLaw{{Tau: 1, Lags: []float64{-1, 0, 1}, Probability: []float64{.3, .3, .4}, Measured: []float64{.3, .2, .5}}}},
		"STDD zero":       STDD{Laws: []STDDLaw{{Tau: 1, Lags: []float64{-1, 0, 1}, Probability: []float64{0, 0, 0}}}},
		"STDD spoilt":     STDD{Laws: []STDDLaw{{Tau: 1, Lags: []float64{-1, 0, 1}, Probability: []float64{.5, 0, nan}, Measured: []float64{inf, 0, .5}}}},
		"STDD nothing":    STDD{Laws: []STDDLaw{{Tau: 1, Lags: []float64{-1, 1}, Probability: []float64{nan, nan}}}},
		"2":               figure2(),
		"2 laws":          Figure2{Laws: laws},
		"2 four laws":     Figure2{Laws: laws[:4], Learning: figure2().Learning},
		"2 learning":      Figure2{Learning: figure2().Learning[1:]},
		"2 plane":         Figure2{Plane: figure2().Plane},
		"2 still":         Figure2{Plane: PhasePlane{W12: []float64{0}, W21: []float64{0, 1}, Drift12: []float64{0, nan}, Drift21: []float64{0, 0}, Label12: "x", Label21: "y"}},
		"2 line":          Figure2{Plane: PhasePlane{Line12: []float64{0, nan, 1}, Line21: []float64{0, 1, 1}}},
		"2 tiny":          Figure2{Plane: PhasePlane{W12: []float64{0, 1}, W21: []float64{0, 1}, Drift12: []float64{5e-324, 1e-300, 0, 1e99}, Drift21: make([]float64, 4)}},
		"2 not run":       Figure2{Learning: []PairCurves{{Epoch: []float64{0, 1}, W12: [][]float64{{}}}}},
		"10":              figure10(21),
		"10 smallest":     figure10(2),
		"11":              figure11(),
		"11 one":          Figure11{Shapes: figure11().Shapes[2:]},
		"11 laws":         Figure11{Shapes: []ShapeResult{{Name: "laws only", Laws: laws[:2]}}},
		"11 deviation":    Figure11{Shapes: []ShapeResult{{Bias: []float64{0, 1}, Deviation: []float64{0, nan, .2, 0}}}},
		"11 flat":         Figure11{Shapes: []ShapeResult{{Bias: []float64{0, 1}, Deviation: make([]float64, 4), Lines: []AttractorLine{{W12: []float64{0}, W21: []float64{0}}}}}},
		"12":              figure12(4),
		"12 six":          figure12(6),
		"12 empty":        Figure12{Cases: []PerturbationCase{{Name: "nothing"}}},
		"12 at 0":         Figure12{Cases: []PerturbationCase{{T: []float64{0}, Delta: []float64{0}, Integral: []float64{0}}}},
	}
	in["run"], in["run with interneurons"] = pairRun(false), pairRun(true)
	in["run, start only"] = PairRun{Epoch: []float64{0}, W12: []float64{1}, W21: []float64{2}, Drift12: []float64{nan}, Drift21: []float64{nan}}
	f := figure10(5)
	f.Rate, f.RateDirect = nil, nil
	f.Drift12[3], f.Drift12[7], f.Drift12[8] = nan, inf, 1e300
	in["10 spoilt"] = f
	f.Drift12 = make([]float64, 25)
	in["10 no drift"] = f
	g := figure11()
	g.Shapes[0].Laws, g.Shapes[1].Lines, g.Shapes[2].PSP, g.Shapes[2].Lag = nil, nil, nil, nil
	g.Shapes[2].Deviation[4], g.Shapes[2].Deviation[5] = nan, inf
	g.Shapes[2].Lines[0].W12[1] = nan
	in["11 partial"] = g
	return in
}

// All figures of two neurons are whole.
func TestPairFigures(t *testing.T) { checkFigures(t, "pair", pairInputs) }

// TestPairSizes checks the printed sizes of typical figures, and that they can be written as PNG.
func TestPairSizes(t *testing.T) {
	for name, want := range map[string]string{
		"STDD": "16.0 x 10.6", "STDD one": "9.0 x 6.0", "STDD two": "13.6 x 6.1", "2": "16.0 x 16.9", "2 plane": "5.3 x 6.5", "10": "14.3 x 6.7", "11": "16.0 x 12.6", "12": "13.6 x 6.0",
	} {
		f, err := pairInputs()[name].Figure()
		if err != nil {
			t.Fatal(err)
		}
		w, h := f.Size()
		if got := fmt.Sprintf("%.1f x %.1f", w, h); got != want {
			t.Errorf("%s: %s cm, want %s", name, got, want)
		}
	}
	f, err := figure12(1).Figure()
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := f.WritePNG(&buf); err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(&buf); err != nil {
		t.Error(err)
	}
}

// TestPairInputErrors checks that input which contradicts itself is refused, with the name of the
// field.
func TestPairInputErrors(t *testing.T) {
	law := func(change func(*STDDLaw)) []STDDLaw {
		l := STDDLaw{Tau: 1, Lags: []float64{-1, 0, 1}, Probability: []float64{.5, 0, .5}}
		change(&l)
		return []STDDLaw{l}
	}
	ten := func(change func(*Figure10)) Figure10 {
		f := figure10(3)
		change(&f)
		return f
	}
	shape := func(s ShapeResult) Figure11 { return Figure11{Shapes: []ShapeResult{s}} }
	for k, c := range []struct {
		in    drawer
		field string
	}{
		{STDD{}, "Laws"},
		{STDD{Laws: law(func(l *STDDLaw) { l.Tau = 0 })}, "Laws"},
		{STDD{Laws: law(func(l *STDDLaw) { l.Tau = nan })}, "Laws"},
		{STDD{Laws: law(func(l *STDDLaw) { l.Lags[0] = -2 })}, "Laws"},
		{STDD{Laws: law(func(l *STDDLaw) { l.Lags[0], l.Lags[2] = 1, -1 })}, "Laws"},
		{STDD{Laws: law(func(l *STDDLaw) { l.Lags[0], l.Lags[2] = -inf, inf })}, "Laws"},
		{STDD{Laws: law(func(l *STDDLaw) { l.Lags = l.Lags[1:2] })}, "Laws"},
		{STDD{Laws: law(func(l *STDDLaw) { l.Probability = l.Probability[:2] })}, "Laws"},
		{STDD{Laws: law(func(l *STDDLaw) { l.Measured = l.Probability[:2] })}, "Laws"},
		{Figure2{}, "Laws"},
		{Figure2{Laws: law(func(l *STDDLaw) { l.Tau = -1 })}, "Laws"},
		{Figure2{Learning: []PairCurves{{Epoch: []float64{1}, W21: [][]float64{{1, 2}}}}}, "Learning"},
		{Figure2{Plane: PhasePlane{W12: []float64{1, 1}}}, "Plane"},
		{Figure2{Plane: PhasePlane{W21: []float64{nan}}}, "Plane"},
		{Figure2{Plane: PhasePlane{W12: []float64{1}, W21: []float64{1}, Drift12: []float64{1}}}, "Plane"},
		{Figure2{Plane: PhasePlane{Line12: []float64{1}}}, "Plane"},
		{Figure2{Plane: PhasePlane{Trajectories: make([]Trajectory, 7)}}, "Plane"},
		{Figure2{Plane: PhasePlane{Trajectories: []Trajectory{{W21: []float64{1}}}}}, "Plane"},
		{Figure10{}, "N"},
		{Figure10{N: 1}, "N"},
		{ten(func(f *Figure10) { f.W12 = f.W12[1:] }), "W12"},
		{ten(func(f *Figure10) { f.W21[4] = nan }), "W21"},
		{ten(func(f *Figure10) { f.Drift12 = nil }), "Drift12"},
		{ten(func(f *Figure10) { f.Rate = f.Rate[1:] }), "Rate"},
		{ten(func(f *Figure10) { f.RateDirect = nil }), "RateDirect"},
		{Figure11{}, "Shapes"},
		{shape(ShapeResult{Name: "nothing"}), "Shapes"},
		{shape(ShapeResult{Lag: []float64{1}}), "Shapes"},
		{shape(ShapeResult{Laws: law(func(l *STDDLaw) { l.Tau = 0 })}), "Shapes"},
		{shape(ShapeResult{Laws: append(sixLaws(), twoNeurons("one more", 5, 1, 1))}), "Shapes"},
		{shape(ShapeResult{Lines: []AttractorLine{{Difference: nan}}}), "Shapes"},
		{shape(ShapeResult{Lines: []AttractorLine{{W12: []float64{1}}}}), "Shapes"},
		{shape(ShapeResult{Bias: []float64{0}, Deviation: []float64{0}}), "Shapes"},
		{shape(ShapeResult{Bias: []float64{0, 1}, Deviation: []float64{0}}), "Shapes"},
		{shape(ShapeResult{Bias: []float64{1, 0}, Deviation: make([]float64, 4)}), "Shapes"},
		{shape(ShapeResult{Bias: []float64{0, 1}, Deviation: []float64{0, -1, 0, 0}}), "Shapes"},
		{Figure12{}, "Cases"},
		{figure12(7), "Cases"},
		{Figure12{Cases: []PerturbationCase{{T: []float64{1}, Delta: []float64{1}}}}, "Cases"},
	} {
		_, err := c.in.Figure()
		var e *InputError
		if !errors.As(err, &e) || e.Field != c.field || "figure."+e.Figure != strings.TrimPrefix(fmt.Sprintf("%T", c.in), "*") {
			t.Errorf("%d: %T: error %v, want one about %s", k, c.in, err, c.field)
		}
	}
}

// TestPairNotes checks that what is left out is told, and that notes are those of the data.
func TestPairNotes(t *testing.T) {
	checkNotes(t, pairInputs(), map[string]string{
		"STDD spoilt":  "2 values not drawn",
		"STDD nothing": "no data that can be drawn",
		"2 still":      "1 value not drawn",
		"2":            "(frozen)",
		"10 spoilt":    "3 values not drawn",
		"11 partial":   "none known",
		"STDD one":     "from spikes",
	})
}

// TestEdges: intervals reach halfway to the next lag, in tau.
func TestEdges(t *testing.T) {
	l := STDDLaw{Tau: 10, Lags: []float64{-2, -1, 0, 1, 2}}
	if got, want := fmt.Sprintf("%.2f", midpoints(scaled(l.Lags, 1/l.Tau))), "[-0.25 -0.15 -0.05 0.05 0.15 0.25]"; got != want {
		t.Errorf("edges %s, want %s", got, want)
	}
}

// mesh returns a regular grid of n x m points, 1 apart, with the values of f.
func mesh(n, m int, f func(x, y float64) float64) (x, y, v []float64) {
	for i := range n {
		for j := range m {
			x, y = append(x, float64(i)), append(y, float64(j))
			v = append(v, f(float64(i), float64(j)))
		}
	}
	return x, y, v
}

// split returns the stretches of a line between its breaks.
func split(x, y []float64) (lines [][][2]float64) {
	lines = append(lines, nil)
	for k := range x {
		if math.IsNaN(x[k]) {
			lines = append(lines, nil)
			continue
		}
		last := &lines[len(lines)-1]
		*last = append(*last, [2]float64{x[k], y[k]})
	}
	return lines
}

// TestZeroLines compares the lines of fields whose zeros are known.
func TestZeroLines(t *testing.T) {
	// A plane: interpolation is exact.
	x, y, v := mesh(5, 4, func(x, y float64) float64 { return 2*x - y - 1.5 })
	lines := split(zeroLines(x, y, v, 5, 4))
	if len(lines) != 1 || len(lines[0]) < 5 {
		t.Fatalf("a plane: lines %v, want one", lines)
	}
	for _, p := range lines[0] {
		if math.Abs(2*p[0]-p[1]-1.5) > 1e-12 {
			t.Errorf("a plane: %v is not on the line 2x - y = 1.5", p)
		}
	}
	// A circle of radius 2.5: one closed line, linear interpolation of a square is off by less than
	// 1/8 of its second derivative over the slope.
	x, y, v = mesh(8, 8, func(x, y float64) float64 { return (x-3.5)*(x-3.5) + (y-3.5)*(y-3.5) - 6.25 })
	lines = split(zeroLines(x, y, v, 8, 8))
	if len(lines) != 1 || lines[0][0] != lines[0][len(lines[0])-1] {
		t.Fatalf("a circle: lines %v, want a closed one", lines)
	}
	for _, p := range lines[0] {
		if r := math.Hypot(p[0]-3.5, p[1]-3.5); math.Abs(r-2.5) > 0.1 {
			t.Errorf("a circle: %v has radius %g, want 2.5", p, r)
		}
	}
	// A saddle whose middle is positive: the negative corners are cut off.
	x, y, v = mesh(2, 2, func(x, y float64) float64 { return []float64{3, -1, -1, 3}[2*int(x)+int(y)] })
	lines = split(zeroLines(x, y, v, 2, 2))
	want := [][][2]float64{{{0.75, 0}, {1, 0.25}}, {{0.25, 1}, {0, 0.75}}}
	if fmt.Sprint(lines) != fmt.Sprint(want) {
		t.Errorf("a saddle: %v, want %v", lines, want)
	}
	// No zeros, and none next to a hole.
	for _, hole := range []float64{1, nan, inf} {
		x, y, v = mesh(2, 2, func(x, y float64) float64 { return []float64{1, 1, 1, -1}[2*int(x)+int(y)] })
		v[0], v[3] = hole, 1
		if hole != 1 {
			v[3] = -1
		}
		if xs, ys := zeroLines(x, y, v, 2, 2); len(xs) != 0 {
			t.Errorf("corner %g: lines %v", hole, split(xs, ys))
		}
	}
}

// TestCells: corners of cells lie in the middle of four points; at the margin the grid goes on
// linearly.
func TestCells(t *testing.T) {
	p := &Panel{}
	p.cells([]float64{0, 0, 1, 1, 3, 3}, []float64{0, 2, 0, 2, 0, 2}, make([]float64, 6), 2, 1)
	for i, x := range []float64{-0.5, 0.5, 2, 4} {
		for j, y := range []float64{-1, 1, 3} {
			if gx, gy := p.Series[0].corner(i, j); gx != x || gy != y {
				t.Errorf("corner %d, %d at %g, %g, want %g, %g", i, j, gx, gy, x, y)
			}
		}
	}
	if !slices.Equal(p.X.Range, []float64{-0.5, 4}) || !slices.Equal(p.Y.Range, []float64{-1, 3}) {
		t.Errorf("ranges %g, %g", p.X.Range, p.Y.Range)
	}
}

// TestJumps checks that the jump of a law is vertical and that smooth parts stay as they are.
func TestJumps(t *testing.T) {
	p := &Panel{}
	p.edged("", []float64{1, 2, 3, 4, 5, 6}, []float64{1, 1.1, 1.2, 3, 3.1, 3.2}, line(Ink, 1))
	if s := p.Series[0]; len(s.X) != 8 || s.X[3] != 3.5 || s.Y[3] != 1.2 || s.X[4] != 3.5 || s.Y[4] != 3 {
		t.Errorf("%v, %v", s.X, s.Y)
	}
}

// TestLagsFromZero checks that the axes of figure 12 begin at lag 0, also where the data begin one
// step later.
func TestLagsFromZero(t *testing.T) {
	f, err := Figure12{Cases: []PerturbationCase{{Name: "a", T: []float64{0.5, 1, 1.5}, Delta: []float64{1, 0, -1}, Integral: []float64{1, 1, 0}}}}.Figure()
	if err != nil {
		t.Fatal(err)
	}
	zeros := 0
	for _, p := range texts(f).texts {
		if p.text == "0.0" {
			zeros++
		}
	}
	if zeros < 3 { // on both abscissas, and on the ordinate of delta
		t.Errorf("%d zeros", zeros)
	}
}

// TestFieldEnds checks that the axes of figure 10 end with the cells.
func TestFieldEnds(t *testing.T) {
	f := Figure10{N: 2, W12: []float64{0, 0, 1, 1}, W21: []float64{5, 6, 5, 6}, Drift12: []float64{1, 2, 3, 4}}
	p := f.drift()
	v := view{Panel: p, x: scale{Axis: p.X}, y: scale{Axis: p.Y}, bar: scale{Axis: *p.Bar}}
	v.fit(100, 100)
	if v.x.min != -0.5 || v.x.max != 1.5 || v.y.min != 4.5 || v.y.max != 6.5 {
		t.Errorf("%g to %g, %g to %g", v.x.min, v.x.max, v.y.min, v.y.max)
	}
}

func pairRun(effective bool) PairRun {
	c := figure2().Learning[0]
	r := PairRun{Name: "a run", Epoch: c.Epoch, W12: c.W12[0], W21: c.W21[0], Drift12: append([]float64{nan}, c.W12[1][1:]...), Drift21: append([]float64{nan}, c.W21[1][1:]...),
		Activity1: append([]float64{nan}, c.W12[2][1:]...), Activity2: append([]float64{nan}, c.W21[2][1:]...)}
	if effective {
		r.Effective12, r.Effective21 = c.W12[3], c.W21[3]
	}
	return r
}

// TestPairRun checks that what is not measured before the first epoch is not missed, and refuses
// columns of unequal length.
func TestPairRun(t *testing.T) {
	if svg := svgText(t, pairRun(true)); strings.Contains(svg, "not drawn") {
		t.Error("values are missed")
	}
	for field, r := range map[string]PairRun{"Name": {}, "W21": {Epoch: []float64{1}, W12: []float64{1}, W21: []float64{1, 2}}, "Drift12": {Drift12: []float64{1}}} {
		_, err := r.Figure()
		var e *InputError
		if !errors.As(err, &e) || e.Field != field {
			t.Errorf("%v, want one about %s", err, field)
		}
	}
}
