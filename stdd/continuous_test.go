package stdd

import (
	"math"
	"testing"

	"spikealign/boltzmann"
	"spikealign/internal/random"
	"spikealign/synapse"
)

// TestTheorem (docs/theory.md): in continuous time, with rectangular PSPs as long as the refractory
// time and W12 = W21, the law is even, its halves are 1/2 each and the drift is zero for any
// biases; and firing rates and coactivation are those of the Boltzmann distribution.
func TestTheorem(t *testing.T) {
	s := random.New(4, random.InitialWeights, 0, 0)
	for range 50 {
		w := 2 * s.Norm()
		p := Params{TauRef: 1 + int64(s.Uint64()%60), W12: w, W21: w, B1: s.Norm(), B2: s.Norm(), Continuous: true}
		l := mustSolve(t, p)
		tau := float64(p.TauRef)
		for _, shape := range []synapse.WindowShape{synapse.ExponentialWindow, synapse.TriangularWindow} {
			a, b := l.Drift(salWindow(shape, tau))
			if a != 0 || b != 0 || l.MassPositive() != 0.5 || !sameBits(l.Plus, l.Minus) || l.Residual > 1e-14 {
				t.Errorf("%+v: drifts %v, %v, mass %v, residual %v", p, a, b, l.MassPositive(), l.Residual)
			}
		}
		m, err := boltzmann.New(2, []float64{0, w, w, 0}, []float64{p.B1, p.B2})
		if err != nil {
			t.Fatal(err)
		}
		z := m.Coactivation()
		// Coactivation from pairs: the Hebbian triangle (section 3 of docs/model.md).
		h := synapse.Half{Shape: synapse.TriangularWindow, Tau: tau}
		co, _ := l.Drift(synapse.Window{APlus: 1, AMinus: 1, Plus: h, Minus: h})
		for k, x := range []float64{l.Rate1 * tau, co, co, l.Rate2 * tau} {
			if !(math.Abs(x-z[k]) <= 1e-13) {
				t.Errorf("%+v: <z z>[%d] = %v, Boltzmann %v", p, k, x, z[k])
			}
		}
	}
}

// TestContinuousHalves (docs/theory.md): without coincidences the two orders of firing alternate,
// whatever the PSP, weights and biases.
func TestContinuousHalves(t *testing.T) {
	for _, p := range small {
		if p.TauRef < 4 || p.W12 > 10 {
			continue
		}
		p.Continuous = true
		l := mustSolve(t, p)
		plus, minus := l.sums()
		if !(math.Abs(plus-minus) <= max(1e-14, 10*l.Error*plus)) {
			t.Errorf("%+v: halves %v and %v per step, error %v", p, plus, minus, l.Error)
		}
	}
}

// TestClosedForm: the closed form is the limit of ever finer discrete steps, which the other
// continuous laws are extrapolated from; Error says how near the extrapolation comes.
func TestClosedForm(t *testing.T) {
	for _, p := range []Params{
		{TauRef: 10, W12: 0.8, W21: -0.3, B1: 1, B2: -1},
		{TauRef: 7, W12: 1.5, W21: 1.5, B1: -0.2, B2: 0.7, TMax: 7},
		{TauRef: 5, MinISI: 8, PSP: synapse.PSP{Steps: 8}, W12: -2, W21: 1},
		{TauRef: 5, W12: 1.3, W21: 0.3, B1: -1.5, B2: -0.5 + 1e-9}, // beta1 = beta2, nearly
	} {
		p.Continuous = true
		p = p.Resolve()
		want := closedForm(p)
		got, err := newSolver(p).extrapolated(p)
		if err != nil {
			t.Fatal(err)
		}
		pairs, _ := want.sums()
		if got.Error > 1e-6 {
			t.Errorf("%+v: the extrapolation claims an error of %v", p, got.Error)
		}
		near := func(what string, x, y float64) {
			t.Helper()
			if !(math.Abs(x-y) <= 2*pairs*max(got.Error, 1e-11)) {
				t.Errorf("%+v: %s: extrapolated %v, closed form %v, error %v", p, what, x, y, got.Error)
			}
		}
		for d := range want.Plus {
			near("plus", got.Plus[d], want.Plus[d])
			near("minus", got.Minus[d], want.Minus[d])
		}
		near("tail", got.TailPlus, want.TailPlus)
		near("tail", got.TailMinus, want.TailMinus)
		near("rate1", got.Rate1, want.Rate1)
		near("rate2", got.Rate2, want.Rate2)
		for _, w := range []synapse.Window{salWindow(synapse.ExponentialWindow, 6.5), salWindow(synapse.TriangularWindow, 12),
			{APlus: -1, AMinus: 2, Plus: synapse.Half{Tau: 8, Cut: 3}, Minus: synapse.Half{Shape: synapse.TriangularWindow, Tau: 4}}} {
			a, b := got.Drift(w)
			x, y := want.Drift(w)
			// Sums against the window, whose values are at most 2, converge like the rates.
			if tol := 4 * float64(p.TauRef) * pairs * max(got.Error, 1e-10); !(math.Abs(a-x) <= tol) || !(math.Abs(b-y) <= tol) {
				t.Errorf("%+v: drifts %v, %v extrapolated, %v, %v in closed form", p, a, b, x, y)
			}
		}
	}
}

// TestDiscreteDriftOnTheDiagonal (docs/theory.md): in discrete time the drift at equal weights and
// unequal biases is not zero but falls as 1/tau, in the canonical timing and in the authors', where
// it has another size and sign.
func TestDiscreteDriftOnTheDiagonal(t *testing.T) {
	drift := func(tau, steps, isi int64) float64 {
		d, _ := mustSolve(t, Params{TauRef: tau, PSP: synapse.PSP{Steps: steps}, MinISI: isi, W12: 0.8, W21: 0.8, B1: 1, B2: -1}).
			Drift(salWindow(synapse.ExponentialWindow, float64(tau)))
		return d
	}
	if d := drift(40, 40, 40); !(math.Abs(d+1.41e-3) <= 1e-5) {
		t.Errorf("drift at tau 40: %v, want about -1.41e-3", d)
	}
	for _, c := range []struct{ steps, isi, sign int64 }{{0, 0, -1}, {-1, 0, 1}, {-1, 1, 1}, {0, 1, 1}} {
		scaled := map[int64]float64{}
		for _, tau := range []int64{5, 10, 20, 40, 80, 160, 200} {
			scaled[tau] = float64(tau) * drift(tau, tau+c.steps, tau+c.isi)
		}
		t.Logf("psp_steps tau%+d, min_isi tau%+d: tau*drift %v", c.steps, c.isi, scaled)
		// tau*drift = x + y/tau + ...: two estimates of x without y.
		x, again := 2*scaled[80]-scaled[40], 2*scaled[160]-scaled[80]
		if !(math.Abs(x/again-1) <= 0.01) || again*float64(c.sign) < 0.03 || !(math.Abs(scaled[200]/again-1) <= 0.05) {
			t.Errorf("timing %+v: tau*drift tends to %v or %v", c, x, again)
		}
	}
}

// TestOtherPSPsDriftOnTheDiagonal: the theorem needs the rectangle. With alpha functions, or
// rectangles of another length, the drift at equal weights is zero for equal biases only, also in
// continuous time.
func TestOtherPSPsDriftOnTheDiagonal(t *testing.T) {
	for _, p := range []Params{
		{PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 10.0 / 3}},
		{PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 5}},
		{PSP: synapse.PSP{Steps: 5}},
	} {
		p.TauRef, p.W12, p.W21, p.B1, p.B2, p.Continuous = 10, 0.8, 0.8, 1, -1, true
		l := mustSolve(t, p)
		d, _ := l.Drift(salWindow(synapse.ExponentialWindow, 10))
		t.Logf("%v, drift %v, error of the law %.1g", p.PSP.Shape, d, l.Error)
		if math.Abs(d) < 1e-4 || l.Error > 1e-8 {
			t.Errorf("%+v: drift %v, error of the law %v", p, d, l.Error)
		}
	}
}

// TestPhi: the entire functions are smooth where their formulas change, and right.
func TestPhi(t *testing.T) {
	for _, z := range []float64{-30, -3, -1, -0.999999, -0.5, -1e-9, 0, 1e-9, 0.3, 0.999999, 1, 1.000001, 4, 30} {
		want1, want2 := 1.0, 0.5
		if z != 0 {
			want1 = math.Expm1(z) / z
		}
		if !(math.Abs(z) <= 0.1) {
			want2 = (want1 - 1) / z
		} else {
			want2 += z/6 + z*z/24
		}
		if !(math.Abs(phi1(z)/want1-1) <= 1e-14) || !(math.Abs(phi2(z)/want2-1) <= 1e-14) {
			t.Errorf("z = %v: phi1 %v, want %v; phi2 %v, want %v", z, phi1(z), want1, phi2(z), want2)
		}
	}
}
