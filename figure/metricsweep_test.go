package figure_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"spikealign/figure"
	"spikealign/figure/figuretest"
)

// TestMetricSweep verifies for 1 to 24 conditions that lines differ in colour or dashes, and what
// the key and the rows show.
func TestMetricSweep(t *testing.T) {
	method := figuretest.Factor("method", "sal", "bp", "fa")
	for _, c := range []struct {
		name    string
		factors []figure.Factor
		panels  int
		keys    []int // entries of the groups of the key, with headings
	}{
		{"one", nil, 2, nil},
		{"2", []figure.Factor{figuretest.Factor("method", "sal", "bp")}, 2, []int{3}},
		{"6 words", []figure.Factor{method, figuretest.Factor("shape", "a", "b")}, 2, []int{4, 3}},
		{"6 numbers", []figure.Factor{figuretest.Factor("rate", figuretest.Count(6)...)}, 4, []int{7}},
		{"24 numbers", []figure.Factor{figuretest.Factor("rate", figuretest.Count(24)...)}, 4, []int{25}},
		{"24 in two", []figure.Factor{method, figuretest.Factor("rate", figuretest.Count(8)...)}, 4, []int{9, 4}},
		{"24 in three", []figure.Factor{figuretest.Factor("x", 0, 1), figuretest.Factor("y", "a", "b"), figuretest.Factor("rate", figuretest.Count(6)...)}, 4, []int{7, 5}},
		{"24 in four", []figure.Factor{figuretest.Factor("x", 0, 1), figuretest.Factor("rate", 1, 2, 3), figuretest.Factor("y", "a", "b"), figuretest.Factor("z", "a", "b")}, 2, []int{7, 5}},
		{"20 in two", []figure.Factor{figuretest.Factor("a", "a", "b", "c", "d", "e"), figuretest.Factor("b", "a", "b", "c", "d")}, 2, []int{6, 5}},
		{"7 words", []figure.Factor{figuretest.Factor("a", "a", "b", "c", "d", "e", "f", "g")}, 2, []int{8}},
		{"14 words", []figure.Factor{figuretest.Factor("a", "a", "b", "c", "d", "e", "f", "g"), figuretest.Factor("b", "x", "y")}, 2, []int{15}},
	} {
		g, err := figuretest.MetricSweep(c.factors...).Figure()
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var keys []int
		for _, group := range g.Key {
			keys = append(keys, len(group))
		}
		if len(g.Panels) != c.panels || !slices.Equal(keys, c.keys) {
			t.Errorf("%s: %d panels and keys of %v, want %d and %v", c.name, len(g.Panels), keys, c.panels, c.keys)
		}
		looks := map[string]bool{}
		lines := 0
		for _, s := range g.Panels[0].Series {
			if s.Width > 0 {
				lines++
				looks[fmt.Sprint(s.Color, s.Shade, s.Dashes)] = true
			}
		}
		if lines != len(figuretest.MetricSweep(c.factors...).Conditions) || len(looks) != lines {
			t.Errorf("%s: %d lines with %d looks", c.name, lines, len(looks))
		}
	}
}

// TestMetricSweepInput verifies the refusal of what does not fit together.
func TestMetricSweepInput(t *testing.T) {
	long := figuretest.MetricSweep()
	long.Conditions[0].X = long.Conditions[0].X[:2]
	stray := figuretest.MetricSweep(figuretest.Factor("a", 1, 2))
	stray.Conditions[1].Levels = []int{2}
	unnamed := figuretest.MetricSweep()
	unnamed.Conditions[0].Levels = []int{0}
	empty := figuretest.MetricSweep(figuretest.Factor("a", 1, 2))
	for k := range empty.Conditions {
		empty.Conditions[k].Runs = make([][][]float64, 3)
	}
	for k, c := range []figure.MetricSweep{figuretest.MetricSweep(figuretest.Factor("a", figuretest.Count(25)...)), long, stray, unnamed, empty, {}} {
		_, err := c.Figure()
		var e *figure.InputError
		if !errors.As(err, &e) || e.Field != "Conditions" {
			t.Errorf("%d: error %v, want one about the conditions", k, err)
		}
	}
}

// TestMetricSweepFloor verifies that a floor near the data is drawn, and one far below neither
// drawn nor given room.
func TestMetricSweepFloor(t *testing.T) {
	for floor, shown := range map[float64]bool{0.9: true, 1e-6: false} {
		c := figure.MetricSweep{Metrics: []figure.Metric{figure.Divergence}, Conditions: []figure.MetricCondition{{X: []float64{0, 1}, Runs: [][][]float64{{{100, 1}}}, Floor: [][][]float64{{{floor, floor}}}}}}
		g, err := c.Figure()
		if err != nil {
			t.Fatal(err)
		}
		p := g.Panels[0]
		if drawn := len(p.Series) == 2 && len(g.Key) == 1; drawn != shown || shown && p.Y.Range[0] != floor || !shown && p.Y.Range[0] != 1 {
			t.Errorf("floor %v: drawn %v on an axis of %v", floor, drawn, p.Y.Range)
		}
	}
}

// TestMetricSweepCounted verifies that of what is 0 or 1 the share of runs is drawn, without a
// band.
func TestMetricSweepCounted(t *testing.T) {
	signs := figure.Signs
	signs.Counted = true
	c := figure.MetricSweep{Metrics: []figure.Metric{signs}, Conditions: []figure.MetricCondition{{X: []float64{0, 1}, Runs: [][][]float64{{{0, 1}, {0, 1}, {0, 1}, {1}}}}}}
	g, err := c.Figure()
	if err != nil {
		t.Fatal(err)
	}
	if p := g.Panels[0]; len(p.Series) != 1 || !slices.Equal(p.Series[0].Y, figure.Numbers{0.25, 1}) || p.Note != "share of 4 runs" {
		t.Errorf("%+v", p)
	}
}

// A condition that does not have a metric is no curve with values missing.
func TestMetricSweepWithoutCurve(t *testing.T) {
	m := figuretest.MetricSweep(figuretest.Factor("method", "bp", "fa"))
	with, err := m.Figure()
	if err != nil {
		t.Fatal(err)
	}
	for k := range m.Conditions[0].Runs[0] {
		for i := range m.Conditions[0].Runs[0][k] {
			m.Conditions[0].Runs[0][k][i] = math.NaN()
		}
	}
	without, err := m.Figure()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(without.Panels[0].Note, "not drawn") || len(without.Panels[0].Series) >= len(with.Panels[0].Series) {
		t.Errorf("note %q, %d curves of %d", without.Panels[0].Note, len(without.Panels[0].Series), len(with.Panels[0].Series))
	}
}
