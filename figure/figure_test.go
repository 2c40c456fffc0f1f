package figure_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"spikealign/figure"
	"spikealign/figure/figuretest"
)

// TestInputErrors checks that input which contradicts itself is refused, with the name of the
// field.
func TestInputErrors(t *testing.T) {
	long := figuretest.Noise([]float64{0, 1}, 1, 1)
	long.Curves[0].Asymmetry[0] = make([]float64, 100)
	twice := figuretest.Noise([]float64{0, 1}, 1, 1)
	twice.Curves[1] = twice.Curves[0]
	stray := figuretest.Noise([]float64{0, 1}, 1, 1)
	stray.Curves[0].Level = 0.5
	for _, c := range []struct {
		in    figuretest.Drawer
		field string
	}{
		{figure.Training{}, "Name"},
		{figure.Training{Epoch: []float64{1}, DKL: []float64{1, 2}}, "DKL"},
		{figure.Training{Epoch: []float64{1}, DKL: []float64{1}, Floor: []float64{1, 2}}, "Floor"},
		{figure.Training{Asymmetry: []float64{1}}, "Asymmetry"},
		{figure.Training{N: 2, Target: []float64{1, 2, 3}}, "Target"},
		{figure.Training{N: 200, Sampled: []float64{1, 2, 3}}, "Sampled"},
		{figure.Training{N: 2, WFinal: []float64{1, 2}}, "WFinal"},
		{figure.Training{WTarget: []float64{1, 2}}, "WTarget"},
		{figure.NoiseSweep{}, "Curves"},
		{figure.NoiseSweep{Levels: []float64{1, 1}}, "Levels"},
		{figure.NoiseSweep{Levels: []float64{math.NaN()}}, "Levels"},
		{long, "Curves"},
		{twice, "Curves"},
		{stray, "Curves"},
		{figure.MetricSweep{N: 1, Target: []float64{1}}, "Target"},
		{figure.MetricSweep{N: 1, Conditions: []figure.MetricCondition{{Sampled: [][]float64{{1}}}}}, "Conditions"},
		{figure.MetricSweep{N: 1, Conditions: []figure.MetricCondition{{Sampled: [][]float64{{1, 0}}}}}, "Conditions"},
		{figure.Curves{}, "Panels"},
		{figure.Traces{}, "Panels"},
		{figure.Traces{Panels: []figure.TracePanel{{Traces: []figure.Trace{{X: []float64{1}}}}}}, "Panels"},
		{figure.Traces{Panels: []figure.TracePanel{{Traces: []figure.Trace{{Name: "1"}, {Name: "2"}, {Name: "3"}, {Name: "4"}, {Name: "5"}, {Name: "6"}, {Name: "7"}}}}}, "Panels"},
		{figure.Curves{Panels: make([]figure.CurvePanel, 4)}, "Panels"},
		{figure.Curves{Columns: 3, Panels: make([]figure.CurvePanel, 13)}, "Panels"},
		{figure.Curves{Columns: 4, Panels: make([]figure.CurvePanel, 12)}, "Columns"},
		{figure.Raster{}, "N"},
		{figure.Raster{N: 1, Times: []float64{1}}, "Neurons"},
		{figure.Raster{N: 1, Times: []float64{1}, Neurons: []int{1}}, "Neurons"},
		{figure.Raster{N: 1, From: 2, To: 1}, "To"},
		{figure.Raster{N: 1, From: 2, To: math.Inf(1)}, "To"},
	} {
		_, err := c.in.Figure()
		var e *figure.InputError
		if !errors.As(err, &e) || e.Field != c.field {
			t.Errorf("%T: error %v, want one about %s", c.in, err, c.field)
		}
	}
}

// Panels of one quantity have one range; on a grid the inner ones leave the labels to the outer.
func TestCurvesShareAxes(t *testing.T) {
	panel := func(heading, x, y string, top float64) figure.CurvePanel {
		return figure.CurvePanel{Heading: heading, XLabel: x, YLabel: y, LogX: true, Courses: []figure.Course{{"SAL", []float64{top, 10 * top}, [][]float64{{90, top}}}}}
	}
	g, err := figure.Curves{Columns: 2, Panels: []figure.CurvePanel{
		panel("20-20", "time (s)", "angle", 5), panel("20-20", "spikes", "angle", 30),
		panel("50-50", "time (s)", "angle", 7), panel("50-50", "spikes", "angle", 40),
		panel("50-50", "time (s)", "ratio", 2),
	}}.Figure()
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		x, y         []float64
		bareX, bareY bool
	}{
		{[]float64{2, 70}, []float64{5, 90}, true, false}, {[]float64{30, 400}, []float64{5, 90}, true, true},
		{[]float64{2, 70}, []float64{5, 90}, true, false}, {[]float64{30, 400}, []float64{5, 90}, false, true},
		{[]float64{2, 70}, []float64{2, 90}, false, false},
	}
	for k, w := range want {
		p := g.Panels[k]
		if !slices.Equal(p.X.Range, w.x) || !slices.Equal(p.Y.Range, w.y) || p.X.Bare != w.bareX || p.Y.Bare != w.bareY {
			t.Errorf("panel %d: x %v, bare %v; y %v, bare %v; want %v", k, p.X.Range, p.X.Bare, p.Y.Range, p.Y.Bare, w)
		}
	}
	row, err := figure.Curves{Panels: []figure.CurvePanel{panel("a", "epoch", "angle", 5), panel("b", "epoch", "angle", 20)}}.Figure()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range row.Panels {
		if !slices.Equal(p.Y.Range, []float64{5, 90}) || p.Y.Bare || p.X.Bare {
			t.Errorf("%s: y %v, bare %v, %v", p.Heading, p.Y.Range, p.X.Bare, p.Y.Bare)
		}
	}
}
