package figure

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// metricSweep has all combinations of the values of factors as conditions, with three runs each.
func metricSweep(factors ...Factor) MetricSweep {
	c := MetricSweep{Title: "A sweep", X: "epoch", Factors: factors, Metrics: []Metric{Loss, Angle, {Heading: "never there"}}}
	levels := [][]int{nil}
	for _, f := range factors {
		var next [][]int
		for _, l := range levels {
			for v := range f.Values {
				next = append(next, append(slices.Clone(l), v))
			}
		}
		levels = next
	}
	for k, l := range levels {
		d := MetricCondition{Levels: l, X: []float64{0, 10, 20, 30}, Runs: make([][][]float64, 3)}
		for r := range 3 {
			a, b := float64(k+1), float64(r+1)
			d.Runs[0] = append(d.Runs[0], []float64{10 * a, a + b, a / b, 0.01 * a * b})
			d.Runs[1] = append(d.Runs[1], []float64{90, 60 + b, 30 + a, a})
		}
		c.Conditions = append(c.Conditions, d)
	}
	return c
}

func factor(name string, values ...any) Factor {
	f := Factor{Name: name}
	for _, v := range values {
		f.Values = append(f.Values, fmt.Sprint(v))
	}
	return f
}

func count(n int) (values []any) {
	for k := range n {
		values = append(values, k+1)
	}
	return values
}

// TestMetricSweep verifies for 1 to 24 conditions that lines differ in colour or dashes, that the
// key is no larger than the panels, and what the rows show.
func TestMetricSweep(t *testing.T) {
	method := factor("method", "sal", "bp", "fa")
	for _, c := range []struct {
		name    string
		factors []Factor
		panels  int
		keys    []int // entries of the groups of the key, with headings
	}{
		{"one", nil, 2, nil},
		{"2", []Factor{factor("method", "sal", "bp")}, 2, []int{3}},
		{"6 words", []Factor{method, factor("shape", "a", "b")}, 2, []int{4, 3}},
		{"6 numbers", []Factor{factor("rate", count(6)...)}, 4, []int{7}},
		{"24 numbers", []Factor{factor("rate", count(24)...)}, 4, []int{25}},
		{"24 in two", []Factor{method, factor("rate", count(8)...)}, 4, []int{9, 4}},
		{"24 in three", []Factor{factor("x", 0, 1), factor("y", "a", "b"), factor("rate", count(6)...)}, 4, []int{7, 5}},
		{"24 in four", []Factor{factor("x", 0, 1), factor("rate", 1, 2, 3), factor("y", "a", "b"), factor("z", "a", "b")}, 2, []int{7, 5}},
		{"20 in two", []Factor{factor("a", "a", "b", "c", "d", "e"), factor("b", "a", "b", "c", "d")}, 2, []int{6, 5}},
		{"7 words", []Factor{factor("a", "a", "b", "c", "d", "e", "f", "g")}, 2, []int{8}},
		{"14 words", []Factor{factor("a", "a", "b", "c", "d", "e", "f", "g"), factor("b", "x", "y")}, 2, []int{15}},
	} {
		g, err := metricSweep(c.factors...).Figure()
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
		if lines != len(metricSweep(c.factors...).Conditions) || len(looks) != lines {
			t.Errorf("%s: %d lines with %d looks", c.name, lines, len(looks))
		}
		l := g.layout()
		if key := keyRow.Points() * float64(len(l.heading)); key > g.Height {
			t.Errorf("%s: the key is %v high, a panel %v", c.name, key, g.Height)
		}
	}
}

// TestMetricSweepInput verifies the refusal of what does not fit together.
func TestMetricSweepInput(t *testing.T) {
	long := metricSweep()
	long.Conditions[0].X = long.Conditions[0].X[:2]
	stray := metricSweep(factor("a", 1, 2))
	stray.Conditions[1].Levels = []int{2}
	unnamed := metricSweep()
	unnamed.Conditions[0].Levels = []int{0}
	empty := metricSweep(factor("a", 1, 2))
	for k := range empty.Conditions {
		empty.Conditions[k].Runs = make([][][]float64, 3)
	}
	for k, c := range []MetricSweep{metricSweep(factor("a", count(25)...)), long, stray, unnamed, empty, {}} {
		_, err := c.Figure()
		var e *InputError
		if !errors.As(err, &e) || e.Field != "Conditions" {
			t.Errorf("%d: error %v, want one about the conditions", k, err)
		}
	}
}

// TestMetricSweepFloor verifies that a floor near the data is drawn, and one far below neither
// drawn nor given room.
func TestMetricSweepFloor(t *testing.T) {
	for floor, shown := range map[float64]bool{0.9: true, 1e-6: false} {
		c := MetricSweep{Metrics: []Metric{Divergence}, Conditions: []MetricCondition{{X: []float64{0, 1}, Runs: [][][]float64{{{100, 1}}}, Floor: [][][]float64{{{floor, floor}}}}}}
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
	signs := Signs
	signs.Counted = true
	c := MetricSweep{Metrics: []Metric{signs}, Conditions: []MetricCondition{{X: []float64{0, 1}, Runs: [][][]float64{{{0, 1}, {0, 1}, {0, 1}, {1}}}}}}
	g, err := c.Figure()
	if err != nil {
		t.Fatal(err)
	}
	if p := g.Panels[0]; len(p.Series) != 1 || !slices.Equal(p.Series[0].Y, Numbers{0.25, 1}) || p.Note != "share of 4 runs" {
		t.Errorf("%+v", p)
	}
}

// TestRatios verifies which numbers stand on a logarithmic axis.
func TestRatios(t *testing.T) {
	for _, c := range []struct {
		numbers []float64
		log     bool
	}{
		{[]float64{1, 2, 3, 4}, false}, {[]float64{0, 1, 10}, false}, {[]float64{100, 25, 50}, true}, {[]float64{0.01, 0.0316, 0.1}, true},
		{[]float64{1, 1.1, 1.21}, false}, {[]float64{1, 20, 30}, true},
	} {
		if got := ratios(c.numbers); got != c.log {
			t.Errorf("%v: %v", c.numbers, got)
		}
	}
}
