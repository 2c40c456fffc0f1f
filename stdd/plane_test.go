package stdd

import (
	"context"
	"errors"
	"math"
	"testing"

	"spikealign/synapse"
)

func linspace(from, to float64, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = (from*float64(n-1-i) + to*float64(i)) / float64(n-1)
	}
	return x
}

// TestPhasePlane (figure 2e): the plane holds the drifts of the single laws, the same bits for any
// number of workers, and has the symmetries of equal neurons; the drift of SAL points to the
// diagonal everywhere.
func TestPhasePlane(t *testing.T) {
	w := linspace(-2, 2, 17)
	p := Params{TauRef: 15, TMax: 30}
	window := salWindow(synapse.ExponentialWindow, 15)
	pl, err := PhasePlane(context.Background(), p, w, w, window, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{2, 5, 1000} {
		again, err := PhasePlane(context.Background(), p, w, w, window, workers)
		if err != nil || !sameBits(again.Drift12, pl.Drift12) || !sameBits(again.Drift21, pl.Drift21) {
			t.Errorf("%d workers: other bits, or %v", workers, err)
		}
	}
	for i, x := range w {
		for j, y := range w {
			d12, d21 := pl.Drift12[i*17+j], pl.Drift21[i*17+j]
			if d12 != -d21 || d12 != pl.Drift21[j*17+i] || (d12 > 0) != (x < y) || (d12 < 0) != (x > y) {
				t.Errorf("W = %v, %v: drifts %v, %v", x, y, d12, d21)
			}
			if (i+j)%8 == 0 {
				q := p
				q.W12, q.W21 = x, y
				if a, b := mustSolve(t, q).Drift(window); a != d12 || b != d21 {
					t.Errorf("W = %v, %v: drifts %v, %v in the plane, %v, %v alone", x, y, d12, d21, a, b)
				}
			}
		}
	}
}

func TestPhasePlaneErrors(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	good := salWindow(synapse.ExponentialWindow, 15)
	w := []float64{0, 1}
	if _, err := PhasePlane(ctx, Params{TauRef: 15}, w, w, good, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := AttractorLine(ctx, Params{TauRef: 15}, w, 1, good, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	ctx = context.Background()
	if _, err := PhasePlane(ctx, Params{TauRef: 15}, []float64{0, math.NaN()}, w, good, 2); err == nil {
		t.Error("NaN accepted")
	}
	if _, err := PhasePlane(ctx, Params{TauRef: 15, TMax: 3}, w, w, good, 2); err == nil {
		t.Error("t_max < min_isi accepted")
	}
	if _, err := PhasePlane(ctx, Params{TauRef: 15}, w, w, synapse.Window{}, 2); err == nil {
		t.Error("bad window accepted")
	}
	if _, err := AttractorLine(ctx, Params{TauRef: 15}, w, 0, good, 2); err == nil {
		t.Error("reach 0 accepted")
	}
	if pl, err := PhasePlane(ctx, Params{TauRef: 15}, nil, w, good, 2); err != nil || len(pl.Drift12) != 0 {
		t.Errorf("empty plane: %v", err)
	}
}

// TestAttractorLine (figure 11): equal biases have the diagonal for their line; unequal ones too in
// continuous time with rectangular PSPs, nearly so in discrete time, and less so with alpha
// functions. On the line the drift of the difference is zero.
func TestAttractorLine(t *testing.T) {
	means := linspace(-1.25, 1.25, 6)
	alpha := synapse.PSP{Shape: synapse.Alpha, TauSyn: 5}
	var deviation []float64
	for _, p := range []Params{
		{B1: 0.5, B2: 0.5},
		{B1: 0.5, B2: 0.5, PSP: alpha},
		{B1: 1, B2: -1, Continuous: true},
		{B1: 1, B2: -1},
		{B1: 1, B2: -1, PSP: alpha},
	} {
		p.TauRef, p.TMax = 10, 20
		window := salWindow(synapse.ExponentialWindow, 10)
		line, err := AttractorLine(context.Background(), p, means, 2, window, 2)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := AttractorLine(context.Background(), p, means, 2, window, 1)
		for i, q := range line.Points {
			w12, w21, ok := q.Nearest()
			if len(q.Roots) != 1 || !ok || q.Mean != means[i] || q.Roots[0] != again.Points[i].Roots[0] {
				t.Errorf("%+v, mean %v: roots %v, again %v", p, q.Mean, q.Roots, again.Points[i].Roots)
				continue
			}
			p.W12, p.W21 = w12, w21
			if a, b := mustSolve(t, p).Drift(window); !(math.Abs(a-b) <= 1e-12) {
				t.Errorf("%+v: drifts %v, %v on the line", p, a, b)
			}
		}
		for _, w := range line.Warnings {
			var roots *RootsWarning
			if errors.As(w, &roots) {
				t.Errorf("%+v: %v", p, w)
			}
		}
		deviation = append(deviation, line.Deviation())
	}
	t.Logf("relative deviations %.4f", deviation)
	for i := range 3 {
		if deviation[i] != 0 {
			t.Errorf("deviation %v where the line is the diagonal", deviation[i])
		}
	}
	if !(deviation[3] > 0 && deviation[3] < deviation[4] && deviation[4] < 1) {
		t.Errorf("deviations %v in discrete time, %v with alpha functions", deviation[3], deviation[4])
	}
}

// TestRoots: none, several, and roots that the scan hits.
func TestRoots(t *testing.T) {
	for _, c := range []struct {
		f    func(x float64) float64
		want []Root
	}{
		{func(x float64) float64 { return 1 + x*x }, nil},
		{func(x float64) float64 { return -x }, []Root{{0, true}}},
		{func(x float64) float64 { return x }, []Root{{0, false}}},
		{func(x float64) float64 { return 0.3 - x }, []Root{{0.3, true}}},
		{func(x float64) float64 { return -(x - 0.7) * (x - 0.1) * (x + 0.6) * (1 + x*x) }, []Root{{-0.6, true}, {0.1, false}, {0.7, true}}},
		{func(x float64) float64 { return math.Exp(-30*x) - 1e-9 }, []Root{{0.69077552789821370521, true}}},
	} {
		roots, err := findRoots(1, func(x float64) (float64, error) { return c.f(x), nil })
		if err != nil || len(roots) != len(c.want) {
			t.Errorf("roots %v, want %v, %v", roots, c.want, err)
			continue
		}
		for i, r := range roots {
			if !(math.Abs(r.Difference-c.want[i].Difference) <= 1e-12) || r.Stable != c.want[i].Stable {
				t.Errorf("root %+v, want %+v", r, c.want[i])
			}
		}
	}
	// A line with points that have no root, or an unstable one only.
	l := Line{Points: []LinePoint{{1, nil}, {1, []Root{{0.2, false}}}, {1, []Root{{-0.3, true}, {0.1, false}, {0.2, true}}}}}
	if d := l.Deviation(); !(math.Abs(d-0.1) <= 1e-15) {
		t.Errorf("deviation %v, want 0.2/2", d)
	}
}

func TestRotate(t *testing.T) {
	mean, difference := Rotate(3, 1)
	if !(math.Abs(mean-2*math.Sqrt2) <= 1e-15) || !(math.Abs(difference-math.Sqrt2) <= 1e-15) {
		t.Errorf("(3, 1) becomes (%v, %v)", mean, difference)
	}
}
