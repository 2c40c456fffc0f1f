package stdd

import (
	"math"
	"testing"

	"spikealign/synapse"
)

// TestLawReports: lags, rates, probabilities and halves are one distribution in three
// normalisations.
func TestLawReports(t *testing.T) {
	for _, continuous := range []bool{false, true} {
		l := mustSolve(t, Params{TauRef: 10, W12: 1.5, W21: -0.5, B1: -0.5, B2: 0.2, TMax: 23, Continuous: continuous})
		lags, rates, p, h := l.Lags(), l.Rates(), l.Probability(), l.Halves()
		if len(lags) != 45 || len(rates) != 45 || len(p) != 45 || len(h) != 45 || lags[0] != -22 || lags[44] != 22 {
			t.Fatalf("%d lags from %d", len(lags), lags[0])
		}
		plus, minus := l.sums()
		all := plus + minus
		var total, left, right float64
		for i, d := range lags {
			want := 0.0
			if d > 0 {
				want = l.Plus[d]
				right += h[i]
			} else if d < 0 {
				want = l.Minus[-d]
				left += h[i]
			}
			if rates[i] != want || !(math.Abs(p[i]-want/all) <= 1e-16) {
				t.Errorf("lag %d: rate %v, probability %v, want %v per step", d, rates[i], p[i], want)
			}
			total += p[i]
		}
		if !(math.Abs(total+(l.TailPlus+l.TailMinus)/all-1) <= 1e-15) || !(math.Abs(left-0.5) <= 1e-15) || !(math.Abs(right-0.5) <= 1e-15) {
			t.Errorf("probabilities add up to %v besides the tails, halves to %v and %v", total, left, right)
		}
		if x := l.MassPositive(); x != plus/all {
			t.Errorf("mass of positive lags %v", x)
		}
	}
}

// TestDrift (docs/model.md, section 3; docs/theory.md): the drift is tau times the sum of
// r(d)*K(d), tails included, and has SAL's sign: the weight of the stronger synapse falls.
func TestDrift(t *testing.T) {
	p := Params{TauRef: 12, W12: 1.5, W21: 0.5, B1: -0.5, B2: -0.2}
	l := mustSolve(t, p)
	p.TMax = 2000
	far := mustSolve(t, p)
	for _, w := range []synapse.Window{
		salWindow(synapse.ExponentialWindow, 12),
		salWindow(synapse.TriangularWindow, 40.5),
		{APlus: 0.7, AMinus: -1.3, Plus: synapse.Half{Tau: 30, Cut: 50}, Minus: synapse.Half{Shape: synapse.TriangularWindow, Tau: 5}},
		{APlus: -1, AMinus: 1, Plus: synapse.Half{Tau: 1e9}, Minus: synapse.Half{Tau: 1e9}},
	} {
		var want12, want21 float64
		for i, d := range far.Lags() {
			want12 += 12 * far.Rates()[i] * w.At(d)
			want21 += 12 * far.Rates()[i] * w.At(-d)
		}
		x, y := l.Drift(w)
		if !(math.Abs(x-want12) <= 1e-14) || !(math.Abs(y-want21) <= 1e-14) {
			t.Errorf("%+v: drifts %v, %v, want %v, %v", w, x, y, want12, want21)
		}
	}
	for _, continuous := range []bool{false, true} {
		p.TMax, p.Continuous = 24, continuous
		if x, y := mustSolve(t, p).Drift(salWindow(synapse.ExponentialWindow, 12)); !(x < 0 && y > 0) {
			t.Errorf("drifts %v, %v at W12 > W21", x, y)
		}
	}
}

// TestPerturbation (figure 12): delta is antisymmetric in the perturbation to first order, its
// integral its running sum; and a synapse made stronger makes its causal pairs more frequent.
func TestPerturbation(t *testing.T) {
	for _, w := range []float64{0.5, -0.5} {
		p := Params{TauRef: 40, W12: w, W21: w, B1: 0, B2: 1}
		shifted := func(e float64) *Law {
			q := p
			q.W12 += e
			q.W21 -= e
			return mustSolve(t, q)
		}
		delta, integral := Perturbation(shifted(0.05), shifted(0))
		back, _ := Perturbation(shifted(-0.05), shifted(0))
		total := 0.0
		for i := range delta {
			total += delta[i]
			if !(math.Abs(delta[i]+back[i]) <= 0.01*0.05) || integral[i] != total {
				t.Errorf("w = %v, t = %d: delta %v, %v for the reverse, integral %v", w, i, delta[i], back[i], integral[i])
			}
		}
		if !(delta[1] > 0 && integral[20] > 0) {
			t.Errorf("w = %v: delta[1] = %v, integral[20] = %v", w, delta[1], integral[20])
		}
	}
}
