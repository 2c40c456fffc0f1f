package figure

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// TestStateNames checks the order of states: bit i of the index is neuron i, labels begin with
// neuron 0 (docs/model.md, section 2).
func TestStateNames(t *testing.T) {
	if got := stateName(0b00110, 5); got != "01100" {
		t.Errorf("state 6 of 5 neurons is %s, want 01100", got)
	}
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
	for _, hole := range []float64{1, math.NaN(), math.Inf(1)} {
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
			if gx, gy := p.Series[0].Corner(i, j); gx != x || gy != y {
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

// TestIndexTicks: of many places every second, fifth, ... has a label.
func TestIndexTicks(t *testing.T) {
	var labels []string
	for _, tick := range indexTicks(384, -1, 10) {
		labels = append(labels, tick.Label)
	}
	if got := strings.Join(labels, " "); got != "0 50 100 150 200 250 300 350" {
		t.Errorf("index labels %s", got)
	}
}
