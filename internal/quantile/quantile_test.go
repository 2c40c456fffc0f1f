package quantile

import (
	"math"
	"slices"
	"testing"

	"spikealign/internal/random"
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

// TestBound against sorting, with ties and infinities.
func TestBound(t *testing.T) {
	s := random.New(1, random.Spikes, 0, 0)
	for n := 1; n < 60; n++ {
		x := make([]float64, n)
		for k := range x {
			x[k] = math.Floor(20 * s.Float64())
		}
		x[0] = math.Inf(-1)
		for _, p := range []float64{0, 0.025, 0.5, 0.8, 0.975, 1} {
			sorted := slices.Sorted(slices.Values(x))
			h := min(max(p*float64(n+1)-1, 0), float64(n-1))
			k := int(h)
			want := sorted[k]
			if f := h - float64(k); f > 0 {
				want = (1-f)*sorted[k] + f*sorted[k+1]
			}
			if got := Bound(x, p); got != want {
				t.Fatalf("bound %v of %v is %v, want %v", p, sorted, got, want)
			}
		}
	}
}
