package figure_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"spikealign/figure"
	"spikealign/figure/figuretest"
)

// TestPairInputErrors checks that input which contradicts itself is refused, with the name of the
// field.
func TestPairInputErrors(t *testing.T) {
	law := func(change func(*figure.STDDLaw)) []figure.STDDLaw {
		l := figure.STDDLaw{Tau: 1, Lags: []float64{-1, 0, 1}, Probability: []float64{.5, 0, .5}}
		change(&l)
		return []figure.STDDLaw{l}
	}
	ten := func(change func(*figure.Figure10)) figure.Figure10 {
		f := figuretest.Figure10(3)
		change(&f)
		return f
	}
	shape := func(s figure.ShapeResult) figure.Figure11 { return figure.Figure11{Shapes: []figure.ShapeResult{s}} }
	for k, c := range []struct {
		in    figuretest.Drawer
		field string
	}{
		{figure.STDD{}, "Laws"},
		{figure.STDD{Laws: law(func(l *figure.STDDLaw) { l.Tau = 0 })}, "Laws"},
		{figure.STDD{Laws: law(func(l *figure.STDDLaw) { l.Tau = math.NaN() })}, "Laws"},
		{figure.STDD{Laws: law(func(l *figure.STDDLaw) { l.Lags[0] = -2 })}, "Laws"},
		{figure.STDD{Laws: law(func(l *figure.STDDLaw) { l.Lags[0], l.Lags[2] = 1, -1 })}, "Laws"},
		{figure.STDD{Laws: law(func(l *figure.STDDLaw) { l.Lags[0], l.Lags[2] = -math.Inf(1), math.Inf(1) })}, "Laws"},
		{figure.STDD{Laws: law(func(l *figure.STDDLaw) { l.Lags = l.Lags[1:2] })}, "Laws"},
		{figure.STDD{Laws: law(func(l *figure.STDDLaw) { l.Probability = l.Probability[:2] })}, "Laws"},
		{figure.STDD{Laws: law(func(l *figure.STDDLaw) { l.Measured = l.Probability[:2] })}, "Laws"},
		{figure.Figure2{}, "Laws"},
		{figure.Figure2{Laws: law(func(l *figure.STDDLaw) { l.Tau = -1 })}, "Laws"},
		{figure.Figure2{Learning: []figure.PairCurves{{Epoch: []float64{1}, W21: [][]float64{{1, 2}}}}}, "Learning"},
		{figure.Figure2{Plane: figure.PhasePlane{W12: []float64{1, 1}}}, "Plane"},
		{figure.Figure2{Plane: figure.PhasePlane{W21: []float64{math.NaN()}}}, "Plane"},
		{figure.Figure2{Plane: figure.PhasePlane{W12: []float64{1}, W21: []float64{1}, Drift12: []float64{1}}}, "Plane"},
		{figure.Figure2{Plane: figure.PhasePlane{Line12: []float64{1}}}, "Plane"},
		{figure.Figure2{Plane: figure.PhasePlane{Trajectories: make([]figure.Trajectory, 7)}}, "Plane"},
		{figure.Figure2{Plane: figure.PhasePlane{Trajectories: []figure.Trajectory{{W21: []float64{1}}}}}, "Plane"},
		{figure.Figure10{}, "N"},
		{figure.Figure10{N: 1}, "N"},
		{ten(func(f *figure.Figure10) { f.W12 = f.W12[1:] }), "W12"},
		{ten(func(f *figure.Figure10) { f.W21[4] = math.NaN() }), "W21"},
		{ten(func(f *figure.Figure10) { f.Drift12 = nil }), "Drift12"},
		{ten(func(f *figure.Figure10) { f.Rate = f.Rate[1:] }), "Rate"},
		{ten(func(f *figure.Figure10) { f.RateDirect = nil }), "RateDirect"},
		{figure.Figure11{}, "Shapes"},
		{shape(figure.ShapeResult{Name: "nothing"}), "Shapes"},
		{shape(figure.ShapeResult{Lag: []float64{1}}), "Shapes"},
		{shape(figure.ShapeResult{Laws: law(func(l *figure.STDDLaw) { l.Tau = 0 })}), "Shapes"},
		{shape(figure.ShapeResult{Laws: append(figuretest.SixLaws(), figuretest.Law("one more", 5, 1, 1))}), "Shapes"},
		{shape(figure.ShapeResult{Lines: []figure.AttractorLine{{Difference: math.NaN()}}}), "Shapes"},
		{shape(figure.ShapeResult{Lines: []figure.AttractorLine{{W12: []float64{1}}}}), "Shapes"},
		{shape(figure.ShapeResult{Bias: []float64{0}, Deviation: []float64{0}}), "Shapes"},
		{shape(figure.ShapeResult{Bias: []float64{0, 1}, Deviation: []float64{0}}), "Shapes"},
		{shape(figure.ShapeResult{Bias: []float64{1, 0}, Deviation: make([]float64, 4)}), "Shapes"},
		{shape(figure.ShapeResult{Bias: []float64{0, 1}, Deviation: []float64{0, -1, 0, 0}}), "Shapes"},
		{figure.DriftCurve{}, "Differences"},
		{figure.DriftCurve{Differences: []float64{1}, Drift12: []float64{1}}, "Differences"},
		{figure.PairSpikes{}, "To"},
		{figure.PairSpikes{To: math.Inf(1)}, "To"},
		{figure.PairSpikes{From: 1, To: 2}, "To"},
		{figure.PairSpikes{To: 1, Times: []float64{1}}, "Neurons"},
		{figure.PairSpikes{To: 1, Times: []float64{1}, Neurons: []int{0}}, "Neurons"},
		{figure.PairSpikes{To: 1, Pairs: make([]figure.SpikePair, 1)}, "Pairs"},
		{figure.Figure12{}, "Cases"},
		{figuretest.Figure12(7), "Cases"},
		{figure.Figure12{Cases: []figure.PerturbationCase{{T: []float64{1}, Delta: []float64{1}}}}, "Cases"},
	} {
		_, err := c.in.Figure()
		var e *figure.InputError
		if !errors.As(err, &e) || e.Field != c.field || "figure."+e.Figure != strings.TrimPrefix(fmt.Sprintf("%T", c.in), "*") {
			t.Errorf("%d: %T: error %v, want one about %s", k, c.in, err, c.field)
		}
	}
}

// TestPairRun checks that what is not measured before the first epoch is not missed, and refuses
// columns of unequal length.
func TestPairRun(t *testing.T) {
	if _, data := encode(t, figuretest.PairRun(true)); bytes.Contains(data, []byte("not drawn")) {
		t.Error("values are missed")
	}
	for field, r := range map[string]figure.PairRun{"Name": {}, "W21": {Epoch: []float64{1}, W12: []float64{1}, W21: []float64{1, 2}}, "Drift12": {Drift12: []float64{1}}} {
		_, err := r.Figure()
		var e *figure.InputError
		if !errors.As(err, &e) || e.Field != field {
			t.Errorf("%v, want one about %s", err, field)
		}
	}
}

// TestPairSpikes: within the window the sums begin at what came before it, and nothing is shown of
// what comes later; the axis of the sums is that of all pairs.
func TestPairSpikes(t *testing.T) {
	f, err := figure.PairSpikes{Times: []float64{0, 1, 3, 4}, Neurons: []int{1, 2, 1, 2}, From: 2, To: 5, Until: 3.5, Pairs: []figure.SpikePair{
		{Earlier: 0, Later: 1, Second: 2, Change12: 2, Change21: -2},
		{Earlier: 1, Later: 3, Second: 1, Change12: -1, Change21: 1},
		{Earlier: 3, Later: 4, Second: 2, Change12: 7, Change21: -7},
	}}.Figure()
	if err != nil {
		t.Fatal(err)
	}
	sums := f.Panels[1]
	w12 := sums.Series[1]
	if !slices.Equal(w12.X, figure.Numbers{2, 3, 3, 3.5}) || !slices.Equal(w12.Y, figure.Numbers{2, 2, 1, 1}) {
		t.Errorf("sums %v at %v", w12.Y, w12.X)
	}
	if !slices.Equal(sums.Y.Range, []float64{-8, 8}) || !slices.Equal(sums.X.Range, []float64{2, 5}) {
		t.Errorf("ranges %v and %v", sums.X.Range, sums.Y.Range)
	}
	spikes := f.Panels[0]
	for _, s := range spikes.Series {
		switch s.Color {
		case figure.Third:
			if !slices.Equal(s.X, figure.Numbers{2, 3}) || !slices.Equal(s.Y, figure.Numbers{1.5, 1}) {
				t.Errorf("a pair at %v, %v", s.X, s.Y)
			}
		case figure.Fourth:
			if s.X != nil {
				t.Errorf("a pair that is not shown yet at %v", s.X)
			}
		}
	}
}
