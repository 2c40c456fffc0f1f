package stdd

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"

	"spikealign/internal/random"
	"spikealign/synapse"
)

func mustSolve(t testing.TB, p Params) *Law {
	t.Helper()
	l, err := Solve(p)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// small has chains small enough for the oracle: every PSP shape, long, short and delayed PSPs,
// psp_steps and min_isi above and below each other, weights of both signs, unequal biases.
var small = []Params{
	{TauRef: 10},
	{TauRef: 10, W12: 0.8, W21: 0.4, B1: -0.5, B2: -0.5},
	{TauRef: 10, W12: 0.8, W21: 0.8, B1: 1, B2: -1},
	{TauRef: 10, W12: -1.5, W21: -1.5, B1: 0.3, B2: 0.3, TMax: 14},
	{TauRef: 12, W12: 1.5, W21: -0.5, B1: -0.5, B2: 1, PSP: synapse.PSP{Steps: 11}},
	{TauRef: 12, W12: 1.5, W21: -0.5, B1: -0.5, B2: 1, PSP: synapse.PSP{Steps: 11}, MinISI: 13, TMax: 13},
	{TauRef: 8, W12: 1.5, W21: 2, B1: -1.5, B2: 1, PSP: synapse.PSP{Steps: 17}, TMax: 25},
	{TauRef: 8, W12: -1.5, W21: 2, B1: 1, B2: -0.4, PSP: synapse.PSP{Steps: 17}, TMax: 12},
	{TauRef: 8, W12: -1.5, W21: 2, B1: 1, B2: -0.4, PSP: synapse.PSP{Steps: 6, Delay: 4}},
	{TauRef: 8, W12: 1.5, W21: 1, PSP: synapse.PSP{Steps: 3}, MinISI: 2, TMax: 9},
	{TauRef: 10, W12: 1, W21: -2, B1: 0.2, B2: -0.2, PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 10.0 / 3}},
	{TauRef: 10, W12: 1, W21: 1, B1: 1, B2: -1, PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 5}, TMax: 24},
	{TauRef: 10, W12: 2, W21: 1, PSP: synapse.PSP{Shape: synapse.Exponential, TauSyn: 4, Delay: 2}},
	{TauRef: 10, W12: 2, W21: -1, B1: -1, PSP: synapse.PSP{Shape: synapse.CutExponential, TauSyn: 5}},
	{TauRef: 10, W12: -1, W21: -2, B2: 1, PSP: synapse.PSP{Shape: synapse.RectangularTail, TauSyn: 3}, MinISI: 7},
	{TauRef: 1, W12: 1, W21: -1, B1: 0.5, TMax: 6},
	{TauRef: 1, TMax: 1, B1: 0.5},
	{TauRef: 2, W12: 1, W21: 3, MinISI: 1, TMax: 2},
	{TauRef: 6, W12: 1e300, W21: -1e300, B1: -1, B2: 1},
}

// TestOracle (docs/theory.md): rates of pairs, halves, tails, firing rates and
// coincidences are those of the whole chain of t_max^2 states, iterated until it stands still.
func TestOracle(t *testing.T) {
	const tol = 1e-12
	for _, p := range small {
		l := mustSolve(t, p)
		p = l.Params
		limit := int(p.TMax) + 12
		plus, minus, rate1, rate2, coincidence := newOracle(p, limit).law()
		near := func(what string, got, want float64) {
			t.Helper()
			if !(math.Abs(got-want) <= tol) {
				t.Errorf("%+v: %s = %v, the chain has %v", p, what, got, want)
			}
		}
		for _, c := range []struct {
			name      string
			got, want []float64
			tail      float64
		}{{"plus", l.Plus, plus, l.TailPlus}, {"minus", l.Minus, minus, l.TailMinus}} {
			for d := range c.got {
				near(c.name, c.got[d], c.want[d])
			}
			// The oracle lists 12 lags beyond t_max; what is left after them is geometric.
			end := limit - 1
			ratio := c.want[end] / c.want[end-1]
			if c.want[end] == 0 {
				ratio = 0
			}
			near(c.name+" tail", c.tail, sum(c.want[p.TMax:])+c.want[end]*ratio/(1-ratio))
		}
		near("rate1", l.Rate1, rate1)
		near("rate2", l.Rate2, rate2)
		near("coincidences", l.Coincidence, coincidence)
		if l.Residual > 1e-14 {
			t.Errorf("%+v: residual %v", p, l.Residual)
		}
	}
}

// draw returns parameters from a fixed stream.
func draw(s *random.Stream) Params {
	p := Params{TauRef: 3 + int64(s.Uint64()%30), W12: 2 * s.Norm(), W21: 2 * s.Norm(), B1: s.Norm(), B2: s.Norm()}
	p.MinISI = p.TauRef + int64(s.Uint64()%3) - 1
	p.PSP.Shape = synapse.PSPShape(s.Uint64() % 5)
	p.PSP.TauSyn = float64(p.TauRef) * (0.3 + s.Float64())
	return p
}

// TestResidual: the residual is that of the whole chain's stationary equations, and at the level of
// rounding; also where neurons are strongly locked, hardly fire or are never silent.
func TestResidual(t *testing.T) {
	s := random.New(1, random.InitialWeights, 0, 0)
	for range 100 {
		p := draw(&s)
		if l := mustSolve(t, p); !(l.Residual < 1e-14) {
			t.Errorf("%+v: residual %v", p, l.Residual)
		}
	}
	for _, b := range []float64{-100, -30, 5, 10, 40, 1000} {
		for _, w := range []float64{-1e308, -50, 0, 50, 1e308} {
			l := mustSolve(t, Params{TauRef: 10, B1: b, B2: b + 0.1, W12: w, W21: 1})
			if !(l.Residual < 1e-14) || !(l.MassPositive() >= 0 && l.MassPositive() <= 1) {
				t.Errorf("b = %v, w = %v: residual %v, mass %v", b, w, l.Residual, l.MassPositive())
			}
		}
	}
}

// bits collects everything that a law says.
func bits(l *Law) []float64 {
	x := append([]float64{l.TailPlus, l.TailMinus, l.Rate1, l.Rate2, l.Coincidence}, l.Plus...)
	x = append(x, l.Minus...)
	for _, w := range []synapse.Window{salWindow(synapse.ExponentialWindow, 17.5), salWindow(synapse.TriangularWindow, 12),
		{APlus: 0.3, AMinus: -1.1, Plus: synapse.Half{Tau: 5}, Minus: synapse.Half{Shape: synapse.TriangularWindow, Tau: 20, Cut: 11}}} {
		a, b := l.Drift(w)
		x = append(x, a, b)
	}
	return x
}

func sameBits(a, b []float64) bool {
	for i := range a {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

// exchange puts what bits returns for a law into the order of the law with exchanged neurons.
func exchange(x []float64, tmax int64) []float64 {
	y := append([]float64{x[1], x[0], x[3], x[2], x[4]}, x[5+tmax:5+2*tmax]...)
	y = append(y, x[5:5+tmax]...)
	for i := 5 + 2*int(tmax); i < len(x); i += 2 {
		y = append(y, x[i+1], x[i])
	}
	return y
}

// TestSymmetries: exchanging the neurons mirrors the law and exchanges the drifts, and equal
// neurons have an even law and opposite SAL drifts of zero, to the last bit.
func TestSymmetries(t *testing.T) {
	s := random.New(2, random.InitialWeights, 0, 0)
	for k := range 60 {
		p := draw(&s)
		switch {
		case k%6 == 0:
			p.B2 = p.B1
		case k%6 == 1:
			p.W21 = p.W12
		}
		if p.Continuous = k%3 == 2; p.Continuous {
			p.TauRef = 3 + p.TauRef%3 // the extrapolated law is slow
			p.MinISI, p.PSP.TauSyn, p.TMax = p.TauRef, 2, 10
			if k%2 == 0 {
				p.PSP = synapse.PSP{}
			}
		}
		l := mustSolve(t, p)
		if !sameBits(bits(mustSolve(t, p.swapped())), exchange(bits(l), l.Params.TMax)) {
			t.Errorf("%+v: exchanging the neurons does not mirror the law to the bit", p)
		}
		p.W21, p.B2 = p.W12, p.B1
		l = mustSolve(t, p)
		drift12, drift21 := l.Drift(salWindow(synapse.ExponentialWindow, 9))
		if !sameBits(bits(l), exchange(bits(l), l.Params.TMax)) || drift12 != 0 || drift21 != 0 || l.MassPositive() != 0.5 {
			t.Errorf("%+v: equal neurons: the law is not even to the bit, or the drifts %v, %v are not 0", p, drift12, drift21)
		}
	}
}

// TestFoldingChangesNothing: equal neurons are solved on half the states; nearly equal ones on all.
func TestFoldingChangesNothing(t *testing.T) {
	p := Params{TauRef: 20, W12: 1.2, W21: 1.2, B1: 0.3, B2: 0.3}
	a := bits(mustSolve(t, p))
	p.B2 = math.Nextafter(p.B2, 1)
	for i, x := range bits(mustSolve(t, p)) {
		if !(math.Abs(x-a[i]) <= 1e-15) {
			t.Errorf("item %d: %v for equal neurons, %v for nearly equal ones", i, a[i], x)
		}
	}
}

// TestTMaxIsOnlyAReport: as long as it does not cut the PSP, TMax changes no rate, no drift and no
// sum.
func TestTMaxIsOnlyAReport(t *testing.T) {
	p := Params{TauRef: 12, W12: 1.2, W21: -0.5, B1: 0.3, TMax: 13}
	a := mustSolve(t, p)
	p.TMax = 300
	b := mustSolve(t, p)
	if !sameBits(a.Plus, b.Plus[:13]) || !sameBits(a.Minus, b.Minus[:13]) || a.Rate1 != b.Rate1 {
		t.Error("rates depend on TMax")
	}
	x, _ := a.Drift(salWindow(synapse.ExponentialWindow, 40))
	y, _ := b.Drift(salWindow(synapse.ExponentialWindow, 40))
	for what, d := range map[string]float64{"drift": x - y, "mass": a.MassPositive() - b.MassPositive(), "tail": a.TailPlus - sum(b.Plus[13:]) - b.TailPlus} {
		if !(math.Abs(d) <= 1e-14) {
			t.Errorf("%s differs by %v between t_max 13 and 300", what, d)
		}
	}
}

// TestAlternation (docs/theory.md): the two orders of firing differ in rate by at most the rate of
// coincidences.
func TestAlternation(t *testing.T) {
	s := random.New(3, random.InitialWeights, 0, 0)
	for range 50 {
		l := mustSolve(t, draw(&s))
		if plus, minus := l.sums(); !(math.Abs(plus-minus) <= l.Coincidence) {
			t.Errorf("%+v: pairs %v and %v per step, coincidences %v", l.Params, plus, minus, l.Coincidence)
		}
	}
}

func TestValidate(t *testing.T) {
	good := Params{TauRef: 10}
	for _, c := range []struct {
		change func(p *Params)
		want   []string
	}{
		{func(p *Params) {}, nil},
		{func(p *Params) { p.W12 = math.NaN(); p.W21 = math.Inf(1) }, []string{"w12 = NaN", "w21 = +Inf"}},
		{func(p *Params) { p.B1 = -101; p.B2 = math.Inf(1) }, []string{"b1 = -101", "b2 = +Inf"}},
		{func(p *Params) { p.TMax = 9 }, []string{"t_max = 9: must be at least min_isi = 10"}},
		{func(p *Params) { p.TMax = 20; p.MinISI = 21 }, []string{"t_max = 20: must be at least min_isi = 21"}},
		{func(p *Params) { p.TauRef = 0 }, []string{"tau = 0"}},
		{func(p *Params) { p.MinISI = -1 }, []string{"min_isi = -1"}},
		{func(p *Params) { p.PSP.TauRef = 11 }, []string{"psp.tau_ref = 11"}},
		{func(p *Params) { p.PSP.Shape = 9 }, []string{"unknown PSP shape"}},
		{func(p *Params) { p.PSP.Delay = -1 }, []string{"Delay = -1"}},
		{func(p *Params) { p.PSP.Steps = 1 << 40 }, []string{"psp_steps"}},
		{func(p *Params) { p.TauRef = 10000 }, []string{"a system of 19999 states"}},
		{func(p *Params) { p.TauRef = 10000; p.Continuous = true }, nil},
		{func(p *Params) { p.TauRef = 600; p.Continuous = true; p.PSP.Steps = 599 }, []string{"a system of 4796 states"}},
		{func(p *Params) { p.Continuous = true; p.B1 = 9; p.W12 = 2 }, []string{"membrane potential 11"}},
	} {
		p := good
		c.change(&p)
		err := p.Validate()
		if (err == nil) != (c.want == nil) {
			t.Errorf("%+v: error %v, want %v", p, err, c.want)
		}
		if _, e := Solve(p); (e == nil) != (err == nil) {
			t.Errorf("%+v: Solve says %v, Validate %v", p, e, err)
		}
		for _, w := range c.want {
			if err != nil && !strings.Contains(err.Error(), w) {
				t.Errorf("%q is missing in %q", w, err)
			}
		}
	}
}

// TestWarnings: what the chain leaves out is told, with its share of the PSP's area.
func TestWarnings(t *testing.T) {
	var cut *CutWarning
	var over *OverlapWarning
	find := func(p Params) {
		cut, over = nil, nil
		for _, w := range mustSolve(t, p).Warnings {
			errors.As(w, &cut)
			errors.As(w, &over)
		}
	}
	if find(Params{TauRef: 10, TMax: 11}); cut != nil || over != nil {
		t.Error("warnings for the canonical PSP")
	}
	if find(Params{TauRef: 10, TMax: 10}); cut == nil || cut.Share != 0.1 {
		t.Errorf("the last of ten steps is cut off: %+v", cut)
	}
	if find(Params{TauRef: 10, TMax: 10, Continuous: true}); cut != nil {
		t.Errorf("in continuous time nothing is cut off: %+v", cut)
	}
	if find(Params{TauRef: 10, PSP: synapse.PSP{Steps: 16}}); over == nil || over.Share != 6.0/16 || cut != nil {
		t.Errorf("six of sixteen steps overlap: %+v", over)
	}
	// The area of an alpha function beyond x time constants is (1+x)*exp(-x), up to a step, which
	// holds at most 1/(150 e) of it.
	find(Params{TauRef: 300, TMax: 600, PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 150}})
	if want := 5 * math.Exp(-4); cut == nil || !(math.Abs(cut.Share-want) <= 1/(150*math.E)) {
		t.Errorf("alpha function: %+v, want a share of %v", cut, want)
	}
	if want := 3*math.Exp(-2) - 5*math.Exp(-4); over == nil || !(math.Abs(over.Share-want) <= 1/(150*math.E)) {
		t.Errorf("alpha function: %+v, want a share of %v", over, want)
	}
}

// TestGolden pins the bits of results. They must not change, on any machine.
func TestGolden(t *testing.T) {
	const golden = "a3e1790b25a6dc1ed31e149cf382d17fb00ad2cd7839b1c2b645ffdb0098f7b5"
	h := sha256.New()
	for _, p := range append([]Params{
		{TauRef: 50, TMax: 102, W12: 0.8, W21: 0.4, B1: -0.5, B2: -0.5},
		{TauRef: 10, W12: 0.8, W21: -0.4, B1: -0.5, B2: 0.5, Continuous: true},
		{TauRef: 5, W12: 0.8, W21: -0.4, B1: -0.5, B2: 0.5, PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 2}, Continuous: true},
	}, small...) {
		for _, x := range bits(mustSolve(t, p)) {
			h.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(x)))
		}
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != golden {
		t.Errorf("results have the hash %s, want %s", got, golden)
	}
}
