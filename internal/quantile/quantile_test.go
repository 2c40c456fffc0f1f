package quantile

import (
	"math"
	"testing"
)

// TestQuantile: reference values from R's Of(), type 7.
func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		v    []float64
		p    float64
		want float64
	}{
		{[]float64{1, 2, 3, 4}, 0.25, 1.75},
		{[]float64{1, 2, 3, 4}, 0.5, 2.5},
		{[]float64{1, 2, 3, 4}, 0.75, 3.25},
		{[]float64{15, 20, 35, 40, 50}, 0.4, 29},
		{[]float64{15, 20, 35, 40, 50}, 0.5, 35},
		{[]float64{15, 20, 35, 40, 50}, 0, 15},
		{[]float64{15, 20, 35, 40, 50}, 1, 50},
		{[]float64{7}, 0.25, 7},
	} {
		if got := Of(c.v, c.p); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("quantile(%v, %g) = %g, want %g", c.v, c.p, got, c.want)
		}
	}
	if got := Of(nil, 0.5); got == got {
		t.Errorf("quantile of nothing is %g, want NaN", got)
	}
	v := []float64{4, 1, 3, 2}
	if q1, q2, q3 := Quartiles(v); q1 != 1.75 || q2 != 2.5 || q3 != 3.25 || v[0] != 4 {
		t.Errorf("quartiles %g %g %g, argument now %v", q1, q2, q3, v)
	}
}
