package synapse

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// every calls f for PSPs of all shapes, steep and flat ones, with cuts before, at and after the end
// of the refractory time, and with delays.
func every(f func(p PSP)) {
	for _, delay := range []int64{0, 3} {
		for _, ref := range []int64{1, 2, 20} {
			f(PSP{Shape: Rectangular, TauRef: ref, Steps: 1, Delay: delay})
			f(PSP{Shape: Rectangular, TauRef: ref, Steps: 20, Delay: delay})
			for shape := Alpha; shape <= RectangularTail; shape++ {
				for _, syn := range []float64{0.01, 0.8, 7, 40} {
					for _, cut := range []int64{0, 1, 2, 19, 20, 21, 35, 2000} {
						f(PSP{Shape: shape, TauRef: ref, TauSyn: syn, Cut: cut, Delay: delay})
					}
				}
			}
		}
	}
}

// last returns the last lag at which the potential is at least 1e-12 of its peak, found by looking
// at every lag; 0 if there is none.
func last(p PSP) int64 {
	peak, end := 0.0, int64(0)
	for l := int64(0); l < 3000; l++ {
		peak = math.Max(peak, p.At(l))
	}
	for l := int64(0); l < 3000; l++ {
		if p.At(l) > 0 && p.At(l) >= 1e-12*peak {
			end = l
		}
	}
	return end
}

// TestLengthIsTheLastLag: Length is the end of a shape that ends or is cut, and for one that fades
// the lag from which on less than 1e-12 of the peak is left. The peak is that of the curve in
// continuous time, which a lag of whole steps can miss: hence the step between the two.
func TestLengthIsTheLastLag(t *testing.T) {
	every(func(p PSP) {
		if p.TauSyn > 0 && p.TauSyn < 1 {
			return // the curve's peak lies within the first step
		}
		got, want := p.Length(), last(p)
		ends := p.Shape == Rectangular || p.Cut > 0 && want == p.Delay+p.Cut || p.Shape == CutExponential && p.TauSyn > 1
		if ends && got != want || got < want || got > want+1 {
			t.Errorf("%+v: Length %d, the last lag that counts is %d", p, got, want)
		}
	})
	// A shape that is over within the step of its spike still has one step, so that there is no
	// network without synapses.
	if l := (PSP{Shape: Alpha, TauRef: 20, TauSyn: 0.01, Delay: 4}).Length(); l != 5 {
		t.Errorf("an instantaneous alpha function has length %d, want delay + 1 = 5", l)
	}
	// x = -ln(1e-12), in units of TauSyn, for an exponential; and x - 1 - ln x for an alpha
	// function.
	if l := (PSP{Shape: Exponential, TauRef: 1, TauSyn: 1e6}).Length(); l != 27631022 {
		t.Errorf("exponential: length %d", l)
	}
	l := float64((PSP{Shape: Alpha, TauRef: 1, TauSyn: 1e6}).Length()) / 1e6
	if x := l - 1 - math.Log(l); !(math.Abs(x-12*math.Ln10) <= 1e-6) {
		t.Errorf("alpha: length %v time constants, where exp(-%v) of the peak is left", l, x)
	}
}

// TestEdgesAreInOrder: no edge comes before the first step after the delay, where every PSP begins;
// lags increase from edge to edge; edges sum to the potential on every lag, and a shape that ends
// has switched off all its parts.
func TestEdgesAreInOrder(t *testing.T) {
	every(func(p PSP) {
		edges := p.Edges()
		if edges[0].Lag != p.Delay+1 {
			t.Errorf("%+v: the first edge is at %d", p, edges[0].Lag)
		}
		var on Edge
		for k, e := range edges {
			if k > 0 && e.Lag <= on.Lag {
				t.Errorf("%+v: an edge at %d after one at %d", p, e.Lag, on.Lag)
			}
			on = Edge{e.Lag, on.Rect + e.Rect, on.Exp + e.Exp, on.Alpha + e.Alpha}
			until := e.Lag + 100
			if k+1 < len(edges) {
				until = edges[k+1].Lag
			}
			for lag := e.Lag; lag < until; lag++ {
				l, sum := float64(lag-p.Delay), on.Rect
				if x := on.Exp + on.Alpha*l; x != 0 {
					sum += x * math.Exp(-l/p.TauSyn)
				}
				if want := p.At(lag); !(math.Abs(sum-want) <= 1e-13) {
					t.Fatalf("%+v: lag %d: edges give %v, At gives %v", p, lag, sum, want)
				}
			}
		}
		ends := p.Shape == Rectangular || p.Shape == CutExponential || p.Cut > 0
		if off := on.Rect == 0 && on.Exp == 0 && on.Alpha == 0; off != ends {
			t.Errorf("%+v: after the last edge %+v is left", p, on)
		}
	})
}

// TestCutOfOneStep: a cut at 1 leaves the first step and nothing else.
func TestCutOfOneStep(t *testing.T) {
	for shape := Alpha; shape <= RectangularTail; shape++ {
		p := PSP{Shape: shape, TauRef: 20, TauSyn: 5, Cut: 1, Delay: 2}
		if !(p.At(3) > 0) || p.At(2) != 0 || p.At(4) != 0 || p.Length() != 3 {
			t.Errorf("%v: %v, %v, %v at lags 2, 3, 4, length %d", shape, p.At(2), p.At(3), p.At(4), p.Length())
		}
	}
	r := PSP{Shape: Rectangular, TauRef: 20, Steps: 20, Cut: 1}
	if r.At(20) != 1 || r.Length() != 20 {
		t.Error("a rectangle, which ends anyway, is cut")
	}
}

// TestPSPLimits: the smallest and the largest value that each field may have, and the nearest ones
// that it may not; every problem is named.
func TestPSPLimits(t *testing.T) {
	rect, alpha := PSP{Shape: Rectangular, TauRef: 1, Steps: 1}, PSP{Shape: Alpha, TauRef: 1, TauSyn: 1}
	for _, c := range []struct {
		p      PSP
		change func(p *PSP)
		want   []string
	}{
		{rect, func(p *PSP) {}, nil},
		{alpha, func(p *PSP) {}, nil},
		{rect, func(p *PSP) { p.Steps = 0 }, []string{"Steps = 0"}},
		{rect, func(p *PSP) { p.TauRef = 0 }, []string{"TauRef = 0"}},
		{rect, func(p *PSP) { p.TauSyn = math.NaN() }, nil}, // a rectangle has no time constant
		{alpha, func(p *PSP) { p.Steps = -1 }, nil},         // and nothing else a number of steps
		{alpha, func(p *PSP) { p.TauSyn = math.SmallestNonzeroFloat64 }, nil},
		{alpha, func(p *PSP) { p.TauSyn = math.MaxFloat64 }, nil},
		{alpha, func(p *PSP) { p.TauSyn = 0 }, []string{"TauSyn = 0"}},
		{alpha, func(p *PSP) { p.TauSyn = -0.5 }, []string{"TauSyn = -0.5"}},
		{alpha, func(p *PSP) { p.TauSyn = math.NaN() }, []string{"TauSyn = NaN"}},
		{alpha, func(p *PSP) { p.TauSyn = math.Inf(1) }, []string{"TauSyn = +Inf"}},
		{alpha, func(p *PSP) { p.Cut, p.Delay = 1, 1 }, nil},
		{alpha, func(p *PSP) { p.Cut = -1 }, []string{"Cut = -1"}},
		{alpha, func(p *PSP) { p.Delay = -1 }, []string{"Delay = -1"}},
		{alpha, func(p *PSP) { p.Shape = RectangularTail }, nil},
		{alpha, func(p *PSP) { p.Shape = RectangularTail + 1 }, []string{"5 is none of"}},
		{PSP{Shape: 9, Cut: -1}, func(p *PSP) {}, []string{"9 is none of", "TauRef = 0", "TauSyn = 0", "Cut = -1"}},
	} {
		p := c.p
		c.change(&p)
		if err := problems(p.Validate(), c.want); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

// TestWindowLimits is the same for learning windows.
func TestWindowLimits(t *testing.T) {
	const largest = 1 << 40
	for _, c := range []struct {
		tau, cut float64
		want     []string
	}{
		{largest, 0, nil},
		{math.Nextafter(largest, math.Inf(1)), 0, []string{"tau = "}},
		{math.SmallestNonzeroFloat64, 0, nil},
		{0, 0, []string{"tau = 0"}},
		{-0.5, 0, []string{"tau = -0.5"}},
		{1, 1, nil},
		{1, math.MaxFloat64, nil},
		{1, math.Nextafter(1, 0), []string{"cut = 0.99"}},
		{1, -1, []string{"cut = -1"}},
		{1, math.Inf(1), []string{"cut = +Inf"}},
	} {
		for _, shape := range []WindowShape{ExponentialWindow, TriangularWindow} {
			h := Half{Shape: shape, Tau: c.tau, Cut: c.cut}
			if err := problems(h.Validate(), c.want); err != nil {
				t.Errorf("%+v: %v", h, err)
			}
		}
	}
	good := Half{Tau: 1}
	for _, x := range []float64{math.Inf(1), math.Inf(-1), math.NaN()} {
		text := fmt.Sprint(x)
		if err := problems(Window{APlus: x, Plus: good, Minus: good}.Validate(), []string{"a_plus = " + text}); err != nil {
			t.Error(err)
		}
		if err := problems(Window{AMinus: x, Plus: good, Minus: good}.Validate(), []string{"a_minus = " + text}); err != nil {
			t.Error(err)
		}
	}
	if _, err := WindowShape(-1).MarshalText(); err == nil {
		t.Error("window shape -1 has a text")
	}
	if err := problems(Half{Shape: -1, Tau: 1}.Validate(), []string{"shape = -1"}); err != nil {
		t.Error(err)
	}
	// A cut at 1 leaves one tick.
	if h := (Half{Tau: 10, Cut: 1}); h.Support() != 1 || !(math.Abs(h.At(1)-math.Exp(-0.1)) <= 1e-15) || h.At(2) != 0 {
		t.Errorf("%+v: support %d, %v, %v", h, h.Support(), h.At(1), h.At(2))
	}
}

// problems checks that err has one line for each of the texts wanted, in any order, and no other.
func problems(err error, want []string) error {
	if err == nil {
		if len(want) > 0 {
			return fmt.Errorf("no problem found, want %q", want)
		}
		return nil
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != len(want) {
		return fmt.Errorf("%d problems, want %q:\n%w", n, want, err)
	}
	for _, s := range want {
		if !strings.Contains(err.Error(), s) {
			return fmt.Errorf("%q is missing in\n%w", s, err)
		}
	}
	return nil
}
