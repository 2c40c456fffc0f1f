package stdd

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"spikealign/synapse"
)

// TestLimits: the largest and smallest parameters that are allowed, and the nearest that are not.
func TestLimits(t *testing.T) {
	alpha := synapse.PSP{Shape: synapse.Alpha, TauSyn: 10.0 / 3} // its peak is 3/e = 1.10
	for _, c := range []struct {
		p     Params
		valid bool
	}{
		{Params{TauRef: 1}, true},
		{Params{TauRef: 1 << 20, TMax: 1 << 20, Continuous: true}, true},
		{Params{TauRef: 1<<20 + 1, TMax: 1<<20 + 1, Continuous: true}, false},
		{Params{TauRef: 10, TMax: 1<<20 + 1}, false},
		{Params{TauRef: 10, MinISI: 1<<20 + 1, TMax: 1<<20 + 1, Continuous: true}, false},
		{Params{TauRef: 10, PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 3, Cut: 1 << 20}}, true},
		{Params{TauRef: 10, PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 3, Cut: 1<<20 + 1}}, false},
		{Params{TauRef: 10, PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 3, Delay: 1 << 20}}, true},
		{Params{TauRef: 10, PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 3, Delay: 1<<20 + 1}}, false},
		{Params{TauRef: 10, PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 1<<20 + 1}}, false},
		{Params{TauRef: 10, B1: math.MaxFloat64, B2: minBias}, true},
		{Params{TauRef: 10, B1: math.Nextafter(minBias, -200)}, false},
		{Params{TauRef: 10, B2: math.Inf(-1)}, false},
		// A system of 2 min_isi - 1 states, at most 4000.
		{Params{TauRef: 2000}, true},
		{Params{TauRef: 2001}, false},
		// In continuous time potentials are at most 10, at the peak of the PSP.
		{Params{TauRef: 10, Continuous: true, B1: 10, W12: -5}, true},
		{Params{TauRef: 10, Continuous: true, B2: 9, W21: 1}, true},
		{Params{TauRef: 10, Continuous: true, B2: 9.01, W21: 1}, false},
		{Params{TauRef: 10, Continuous: true, PSP: alpha, W12: 9}, true},
		{Params{TauRef: 10, Continuous: true, PSP: alpha, W12: 9.5}, false},
		{Params{TauRef: 10, Continuous: true, PSP: alpha, W21: 9}, true},
		{Params{TauRef: 10, Continuous: true, PSP: alpha, W21: 9.5}, false},
	} {
		if err := c.p.Validate(); (err == nil) != c.valid {
			t.Errorf("%+v: %v", c.p, err)
		}
	}
	// One thing that is wrong is named once.
	err := Params{TauRef: 10, B1: math.Inf(1), Continuous: true}.Validate()
	if err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("an infinite bias: %v", err)
	}
}

// TestSmallShares: what is cut off or overlaps is told if it is less than a step of the rectangle,
// and nothing else is.
func TestSmallShares(t *testing.T) {
	warnings := func(p Params) (cut *CutWarning, over *OverlapWarning) {
		for _, w := range mustSolve(t, p).Warnings {
			errors.As(w, &cut)
			errors.As(w, &over)
		}
		return cut, over
	}
	if cut, over := warnings(Params{TauRef: 10, TMax: 10}); cut == nil || cut.Share != .1 || over != nil {
		t.Errorf("one of ten steps is cut off: %+v, %+v", cut, over)
	}
	if cut, over := warnings(Params{TauRef: 10, PSP: synapse.PSP{Steps: 11}}); cut != nil || over == nil || over.Share != 1./11 {
		t.Errorf("one of eleven steps overlaps: %+v, %+v", cut, over)
	}
	// The areas of an exponential beyond 20 steps and between 10 and 20, as shares.
	p := Params{TauRef: 10, PSP: synapse.PSP{Shape: synapse.Exponential, TauSyn: 2}}
	cut, over := warnings(p)
	if cut == nil || !(math.Abs(cut.Share*math.Exp(9.5)-1) <= 1e-6) {
		t.Errorf("cut after 9.5 time constants: %+v", cut)
	}
	if over == nil || !(math.Abs(over.Share-(math.Exp(-5)-math.Exp(-9.5))) <= 1e-9) {
		t.Errorf("overlap between 5 and 9.5 time constants: %+v", over)
	}
}

// TestStationary: chains whose law is known. The chain 0 -> 1 -> 2 with returns is solved by flow
// balance; x[0] is 1; a chain in pieces has no single law.
func TestStationary(t *testing.T) {
	x := make([]float64, 3)
	// 0 goes to 1; 1 goes to 0 or 2 with 1/4, 3/4; 2 stays with 1/2 (not used) or goes to 0.
	if err := stationary(x, []float64{0, 1, 0, .25, 0, .75, .5, 0, .5}, 3); err != nil || x[0] != 1 || x[1] != 1 || x[2] != 1.5 {
		t.Errorf("law %v, want 1, 1, 3/2; %v", x, err)
	}
	if err := stationary(x[:1], []float64{1}, 1); err != nil || x[0] != 1 {
		t.Errorf("one state: %v, %v", x[0], err)
	}
	if err := stationary(x, []float64{1, 0, 0, 0, 1, 0, 0, 0, 1}, 3); err == nil {
		t.Errorf("three chains in one: law %v", x)
	}
	if err := stationary(x[:2], []float64{1, 0, 0, 1}, 2); err == nil {
		t.Errorf("two chains in one: law %v", x[:2])
	}
}

// TestResidualIsASumOfMagnitudes: of unequal neurons some rounding is left, and it is not negative.
func TestResidualIsASumOfMagnitudes(t *testing.T) {
	for _, w := range []float64{0.3, 0.8, 1.7, -0.9} {
		if l := mustSolve(t, Params{TauRef: 25, W12: w, W21: -0.4, B1: 0.2, B2: -0.5}); !(l.Residual > 0 && l.Residual < 1e-14) {
			t.Errorf("W12 = %v: residual %v", w, l.Residual)
		}
	}
}

// TestDriftOfRareSpikes: neurons that hardly fire, under a window much longer than t_max, pair at
// lags far beyond it; the sum over them is that of the geometric tail written out.
func TestDriftOfRareSpikes(t *testing.T) {
	p := Params{TauRef: 12, W12: 1.5, W21: 0.5, B1: -5, B2: -6}
	l := mustSolve(t, p)
	p.TMax = 60000
	far := mustSolve(t, p)
	half := synapse.Half{Tau: 6000}
	w := synapse.Window{APlus: 1, Plus: half, Minus: half}
	var want12, want21 float64
	for d := int64(1); d < p.TMax; d++ {
		want12 += 12 * far.Plus[d] * math.Exp(-float64(d)/6000)
		want21 += 12 * far.Minus[d] * math.Exp(-float64(d)/6000)
	}
	x, y := l.Drift(w)
	if !(math.Abs(x/want12-1) <= 1e-6) || !(math.Abs(y/want21-1) <= 1e-6) {
		t.Errorf("drifts %v, %v, want %v, %v", x, y, want12, want21)
	}
	func() {
		defer func() {
			if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "stdd: ") {
				t.Errorf("no window: panic %q", s)
			}
		}()
		l.Drift(synapse.Window{})
	}()
}

// TestRefinements: a law in continuous time is extrapolated from four discrete ones at least, also
// where fewer seem enough, as where hardly anything happens before t_max; and from no more once it
// is known to 1e-9.
func TestRefinements(t *testing.T) {
	psp := synapse.PSP{Shape: synapse.Alpha, TauSyn: 2}
	if l := mustSolve(t, Params{TauRef: 5, B1: -30, B2: -30, PSP: psp, Continuous: true}); len(l.finer) != minLevels || l.Error > 1e-9 {
		t.Errorf("%d refinements, error %v", len(l.finer), l.Error)
	}
	l := mustSolve(t, Params{TauRef: 5, W12: 2, W21: -1, B1: 1, PSP: psp, Continuous: true})
	if n := len(l.finer); n <= minLevels || n > maxLevels {
		t.Errorf("%d refinements, error %v", n, l.Error)
	}
}

// TestExtrapolation: rates in continuous time are the values at 1/k = 0 of the polynomials in 1/k
// through those with k = 1..K steps for one: by Lagrange's formula the sums over k of the rates
// times the product of k/(k-i) over all other i. Error is how far the last k moved them, all in
// all, relative to the rate of all pairs.
func TestExtrapolation(t *testing.T) {
	l := mustSolve(t, Params{TauRef: 4, W12: 2.5, W21: -1.5, B1: 0.5, B2: 1, PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 2}, Continuous: true})
	n := int(l.Params.TMax)
	limits := func(levels int) []float64 {
		sum := make([]float64, 2*n+4)
		for k := 1; k <= levels; k++ {
			c := float64(k)
			for i := 1; i <= levels; i++ {
				if i != k {
					c *= float64(k) / float64(k-i)
				}
			}
			f := l.finer[k-1]
			for d := 1; d < len(f.Plus); d++ {
				if b := (d-1)/k + 1; b < n {
					sum[b] += c * f.Plus[d]
					sum[n+b] += c * f.Minus[d]
				} else {
					sum[2*n] += c * f.Plus[d]
					sum[2*n+1] += c * f.Minus[d]
				}
			}
			sum[2*n] += c * f.TailPlus
			sum[2*n+1] += c * f.TailMinus
			sum[2*n+2] += c * f.Rate1
			sum[2*n+3] += c * f.Rate2
		}
		return sum
	}
	last, before := limits(len(l.finer)), limits(len(l.finer)-1)
	got := append(append(append([]float64{}, l.Plus...), l.Minus...), l.TailPlus, l.TailMinus, l.Rate1, l.Rate2)
	moved, pairs := 0.0, 0.0
	for i, x := range last {
		if !(math.Abs(got[i]-x) <= 1e-11) {
			t.Errorf("quantity %d: %v, want %v", i, got[i], x)
		}
		if i < 2*n+2 {
			moved += math.Abs(x - before[i])
			pairs += x
		}
	}
	if want := moved / pairs; !(math.Abs(l.Error-want) <= 0.02*want) {
		t.Errorf("error %v, want %v", l.Error, want)
	}
}

// TestFirstError: of calls that fail, the one with the smallest index is told, whichever comes
// last.
func TestFirstError(t *testing.T) {
	p := Params{TauRef: 5}.Resolve()
	want := []error{errors.New("0"), errors.New("1")}
	started := make(chan bool)
	err := parallel(context.Background(), p, 2, 2, func(_ *solver, i int) error {
		if i == 0 {
			<-started // 1 has begun
		} else {
			close(started)
		}
		return want[i]
	})
	if err != want[0] {
		t.Errorf("error %v, want that of index 0", err)
	}
	if err := parallel(context.Background(), p, 1, 9, func(_ *solver, i int) error {
		if i >= 4 {
			return want[min(i-4, 1)]
		}
		return nil
	}); err != want[0] {
		t.Errorf("error %v, want that of index 4", err)
	}
}

// TestRootsAtTheEnds: zeros on the points of the scan, at the ends of the reach above all: stable
// is what falls through zero.
func TestRootsAtTheEnds(t *testing.T) {
	for name, c := range map[string]struct {
		f    func(x float64) float64
		want []Root
	}{
		"falls to the upper end":    {func(x float64) float64 { return 1 - x }, []Root{{1, true}}},
		"rises to the upper end":    {func(x float64) float64 { return x - 1 }, []Root{{1, false}}},
		"falls from the lower end":  {func(x float64) float64 { return -1 - x }, []Root{{-1, true}}},
		"rises from the lower end":  {func(x float64) float64 { return 1 + x }, []Root{{-1, false}}},
		"falls at the second point": {func(x float64) float64 { return -0.875 - x }, []Root{{-0.875, true}}},
		"rises at the second point": {func(x float64) float64 { return 0.875 + x }, []Root{{-0.875, false}}},
		"falls, then rises":         {func(x float64) float64 { return x * (x - 0.2) }, []Root{{0, true}, {0.2, false}}},
		"rises, then falls":         {func(x float64) float64 { return -x * (x - 0.2) }, []Root{{0, false}, {0.2, true}}},
		"touches from above":        {math.Abs, []Root{{0, false}}},
		"touches from below":        {func(x float64) float64 { return -math.Abs(x) }, []Root{{0, false}}},
	} {
		roots, err := findRoots(1, func(x float64) (float64, error) { return c.f(x), nil })
		ok := err == nil && len(roots) == len(c.want)
		for i := range c.want {
			ok = ok && roots[i].Stable == c.want[i].Stable && math.Abs(roots[i].Difference-c.want[i].Difference) <= 1e-12
		}
		if !ok {
			t.Errorf("%s: %v, want %v, %v", name, roots, c.want, err)
		}
	}
	// A floor and a ceiling of zeros: the drift does not fall through zero where they begin or end.
	for name, f := range map[string]func(x float64) float64{
		"floor from 0 on":  func(x float64) float64 { return max(0, -x) },
		"ceiling up to 0":  func(x float64) float64 { return min(0, -x) },
		"nothing but zero": func(float64) float64 { return 0 },
	} {
		roots, err := findRoots(1, func(x float64) (float64, error) { return f(x), nil })
		edge := Root{}
		for _, r := range roots {
			if r.Difference == 0 {
				edge = r
			}
		}
		if err != nil || len(roots) < scan/2+1 || edge.Stable {
			t.Errorf("%s: %v, %v", name, roots, err)
		}
	}
}

// TestBracketedIsFast: where one end of plain regula falsi hardly moves, halving its value finds
// the zero in a few dozen steps, to 1e-12 of the bracket.
func TestBracketedIsFast(t *testing.T) {
	calls := 0
	f := func(x float64) (float64, error) { calls++; return math.Pow(x, 10) - 1e-4, nil }
	x, err := bracketed(f, 0, 1.5, -1e-4, math.Pow(1.5, 10)-1e-4)
	if err != nil || !(math.Abs(x-math.Pow(10, -0.4)) <= 2e-12) || calls > 40 {
		t.Errorf("zero %v after %d steps, want %v, %v", x, calls, math.Pow(10, -0.4), err)
	}
	boom := errors.New("boom")
	if _, err := bracketed(func(float64) (float64, error) { return 1, boom }, 0, 1, -1, 1); err != boom {
		t.Errorf("error %v", err)
	}
}

// TestLineOutOfReach: where no zero lies within reach of the diagonal, the line says so.
func TestLineOutOfReach(t *testing.T) {
	p := Params{TauRef: 10, B1: 1, B2: -1} // in discrete time the line lies beside the diagonal
	line, err := AttractorLine(context.Background(), p, []float64{0.5, 1}, 1e-6, salWindow(synapse.ExponentialWindow, 10), 1)
	if err != nil {
		t.Fatal(err)
	}
	var means []float64
	for _, w := range line.Warnings {
		var roots *RootsWarning
		if errors.As(w, &roots) && roots.Roots == 0 {
			means = append(means, roots.Mean)
		}
	}
	if len(means) != 2 || means[0] != 0.5 || means[1] != 1 || !math.IsNaN(line.Deviation()) {
		t.Errorf("warnings %v, deviation %v", line.Warnings, line.Deviation())
	}
}

// TestLineWithinLimits: each mean needs valid weights at both ends of the reach, and no more.
func TestLineWithinLimits(t *testing.T) {
	w := salWindow(synapse.ExponentialWindow, 5)
	line := func(b1, b2, mean, reach float64) (*Line, error) {
		return AttractorLine(context.Background(), Params{TauRef: 5, B1: b1, B2: b2, Continuous: true}, []float64{mean}, reach, w, 1)
	}
	l, err := line(0, 0, 8, 3.9) // potentials up to 9.95
	if err != nil || len(l.Points) != 1 || l.Points[0].Mean != 8 || len(l.Points[0].Roots) != 1 {
		t.Errorf("one mean: %+v, %v", l, err)
	}
	if _, err := line(0.5, 0, 8, 3.9); err == nil {
		t.Error("a potential of neuron 1 of 10.45 is accepted")
	}
	if _, err := line(0, 0.5, 8, 3.9); err == nil {
		t.Error("a potential of neuron 2 of 10.45 is accepted")
	}
}
