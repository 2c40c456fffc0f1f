package alignment

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// TestTransposed: feedback weights stand beside the forward weights between the same neurons.
func TestTransposed(t *testing.T) {
	if got, want := Transposed([]float64{1, 2, 3, 4, 5, 6}, 2, 3), []float64{1, 4, 2, 5, 3, 6}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestCompare on matrices worked out by hand.
func TestCompare(t *testing.T) {
	up := []float64{1, 2, 3, 0, -1, 2} // 2 above x 3 below, |W|^2 = 19
	for _, c := range []struct {
		down []float64
		want Measures
	}{
		{[]float64{1, 0, 2, -1, 3, 2}, Measures{Angle: 0, Ratio: 1, Correlation: 1, Signs: 1, Variance: 0}},
		// 9*Var(W), of 19/6 - (7/6)^2; the zeros agree
		{[]float64{-2, 0, -4, 2, -6, -4}, Measures{Angle: 180, Ratio: 2, Correlation: -1, Signs: 1.0 / 6, Variance: 16.25}},
		// W'-B = 1 -1 2 -1 3 2
		{[]float64{0, 1, 0, 0, 0, 0}, Measures{Angle: 90, Ratio: 1 / math.Sqrt(19), Correlation: -0.3882901, Signs: 0, Variance: 7.0 / 3}},
	} {
		got := Compare(up, c.down, 3, 2)
		for _, v := range [][3]float64{ // the arc cosine near 1 loses half of the digits
			{got.Angle, c.want.Angle, 1e-5}, {got.Ratio, c.want.Ratio, 1e-15}, {got.Correlation, c.want.Correlation, 1e-7},
			{got.Signs, c.want.Signs, 1e-15}, {got.Variance, c.want.Variance, 1e-14},
		} {
			if !(math.Abs(v[0]-v[1]) <= v[2]) {
				t.Errorf("Compare(%v) = %+v, want %+v", c.down, got, c.want)
			}
		}
	}
	if c := Compare(up, make([]float64, 6), 3, 2); !math.IsNaN(c.Angle) || c.Ratio != 0 {
		t.Errorf("feedback of nothing: %+v", c)
	}
	if c := Compare(make([]float64, 6), up, 3, 2); !math.IsNaN(c.Angle) || !math.IsNaN(c.Ratio) {
		t.Errorf("nothing to align with: %+v", c)
	}
}

// TestAngleByHand: the angle between (3, 4) and (4, 3), whatever their lengths, and between
// matrices of other shapes than they are compared as.
func TestAngleByHand(t *testing.T) {
	for _, scale := range []float64{1, -1, 1e-3, 1e3} {
		got := Compare([]float64{3, 4}, []float64{4 * scale, 3 * scale}, 1, 2)
		want := math.Acos(24./25) * 180 / math.Pi
		if scale < 0 {
			want = 180 - want
		}
		if !(math.Abs(got.Angle-want) <= 1e-10) || !(math.Abs(got.Correlation+math.Copysign(1, scale)) <= 1e-12) || !(math.Abs(got.Ratio/math.Abs(scale)-1) <= 1e-15) {
			t.Errorf("scale %v: %+v, want an angle of %v", scale, got, want)
		}
		// 1/2 and 1/4 apart from 3
		if want := scale != 1 && scale != -1; got.Lopsided() != want {
			t.Errorf("scale %v: lopsided: %v", scale, got.Lopsided())
		}
	}
	if a := Compare([]float64{1, 1}, []float64{1, 1}, 2, 1); a.Angle > 1e-5 || !math.IsNaN(a.Correlation) || a.Signs != 1 || a.Variance != 0 {
		t.Errorf("constant and equal: %+v", a)
	}
}

// TestAngle: of vectors, by hand, in both types; the same as Compare of a row.
func TestAngle(t *testing.T) {
	for _, c := range []struct {
		a, b []float64
		want float64
	}{
		{[]float64{3, 4}, []float64{8, 6}, math.Acos(24./25) * 180 / math.Pi},
		{[]float64{1, 0, 0}, []float64{0, 5, 0}, 90},
		{[]float64{1, 2, 3}, []float64{-1, -2, -3}, 180},
		{[]float64{.5, .25, 1}, []float64{.5, .25, 1}, 0},
		{[]float64{0, 0}, []float64{1, 1}, math.NaN()},
		{nil, nil, math.NaN()},
	} {
		var a, b []float32
		for i := range c.a {
			a, b = append(a, float32(c.a[i])), append(b, float32(c.b[i]))
		}
		x, y := Angle(c.a, c.b), Angle(a, b)
		// the arc cosine near -1 loses half of the digits
		if math.IsNaN(c.want) != math.IsNaN(x) || x != y && !math.IsNaN(x) || math.Abs(x-c.want) > 1e-5 {
			t.Errorf("%v and %v: %v and, as float32, %v degrees, want %v", c.a, c.b, x, y, c.want)
		}
		if z := Compare(c.a, c.b, 1, len(c.a)).Angle; z != x && !math.IsNaN(x) {
			t.Errorf("%v and %v: %v degrees, Compare says %v", c.a, c.b, x, z)
		}
	}
}

// TestFloat32: weights that both types hold give the same numbers.
func TestFloat32(t *testing.T) {
	const m, n = 7, 5
	var up, down, e []float64
	var up32, down32, e32 []float32
	for k := range m * n {
		w, b := float64((k*37)%23-11)/8, float64((k*53)%29-14)/8
		up, down, up32, down32 = append(up, w), append(down, b), append(up32, float32(w)), append(down32, float32(b))
	}
	for k := range n {
		e, e32 = append(e, float64(k)-1.5), append(e32, float32(k)-1.5)
	}
	if a, b := Compare(up, down, m, n), Compare(up32, down32, m, n); a != b {
		t.Errorf("float64 %+v, float32 %+v", a, b)
	}
	if a, b := ErrorAngle(up, down, m, n, [][]float64{e}), ErrorAngle(up32, down32, m, n, [][]float32{e32}); a != b {
		t.Errorf("float64 %v, float32 %v", a, b)
	}
}

// TestErrorAngle by hand: an error of one neuron alone compares one row of W with one column of B.
func TestErrorAngle(t *testing.T) {
	up := []float64{1, 0, 0, 1}   // W' = 1
	down := []float64{1, 0, 1, 0} // B e = (e0, e0)
	for _, c := range []struct {
		errors [][]float64
		want   float64
	}{
		{[][]float64{{2, 0}}, 45},  // (2, 0) and (2, 2)
		{[][]float64{{1, 1}}, 0},   // (1, 1) and (1, 1)
		{[][]float64{{1, -1}}, 90}, // (1, -1) and (1, 1)
		{[][]float64{{2, 0}, {1, -1}}, 67.5},
		{[][]float64{{2, 0}, {0, 1}}, 45}, // the second comes back as 0
		{[][]float64{{0, 1}}, math.NaN()},
		{nil, math.NaN()},
	} {
		got := ErrorAngle(up, down, 2, 2, c.errors)
		if !(math.Abs(got-c.want) <= 2e-6) && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("errors %v: %v degrees, want %v", c.errors, got, c.want)
		}
	}
}

// TestSizes: matrices and errors of other sizes are faults of the programmer.
func TestSizes(t *testing.T) {
	six, two := make([]float64, 6), make([]float64, 2)
	for name, call := range map[string]func(){
		"up":    func() { Compare(two, six, 3, 2) },
		"down":  func() { Compare(six, two, 3, 2) },
		"both":  func() { ErrorAngle(six, two, 3, 2, nil) },
		"error": func() { ErrorAngle(six, six, 3, 2, [][]float64{six}) },
	} {
		func() {
			defer func() {
				if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "alignment: ") {
					t.Errorf("%s: panic %q", name, s)
				}
			}()
			call()
		}()
	}
}

// Feedback weights in the direction of the transposed forward weights, and twice as large.
func ExampleCompare() {
	forward := []float64{ // 2 neurons above, 3 below
		1, 2, 3,
		0, -1, 2,
	}
	feedback := []float64{ // 3 below, 2 above
		2, 0,
		4, -2,
		6, 4,
	}
	a := Compare(forward, feedback, 3, 2)
	fmt.Printf("angle %.1f degrees, |B|/|W'| %.1f, same sign %.0f %%\n", a.Angle, a.Ratio, 100*a.Signs)
	// Output: angle 0.0 degrees, |B|/|W'| 2.0, same sign 100 %
}

// BenchmarkCompare on a million synapses.
func BenchmarkCompare(b *testing.B) {
	const n = 1000
	up, down := make([]float32, n*n), make([]float32, n*n)
	for k := range up {
		up[k], down[k] = float32(k%17)-8, float32(k%19)-9
	}
	for b.Loop() {
		Compare(up, down, n, n)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(n*n), "ns/synapse")
}
