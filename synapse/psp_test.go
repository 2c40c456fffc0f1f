package synapse

import (
	"math"
	"testing"
)

var shapes = []PSP{
	{Shape: Rectangular, TauRef: 20, Steps: 20},
	{Shape: Rectangular, TauRef: 20, Steps: 19, Delay: 3},
	{Shape: Alpha, TauRef: 20, TauSyn: 7},
	{Shape: Alpha, TauRef: 20, TauSyn: 7, Cut: 40, Delay: 2},
	{Shape: Exponential, TauRef: 20, TauSyn: 10},
	{Shape: Exponential, TauRef: 20, TauSyn: 10, Cut: 35},
	{Shape: CutExponential, TauRef: 20, TauSyn: 10},
	{Shape: CutExponential, TauRef: 20, TauSyn: 10, Cut: 5, Delay: 1},
	{Shape: RectangularTail, TauRef: 20, TauSyn: 10},
	{Shape: RectangularTail, TauRef: 20, TauSyn: 10, Cut: 30},
	{Shape: RectangularTail, TauRef: 20, TauSyn: 10, Cut: 12},
}

// TestEdgesAreTheShape: the edges up to a lag sum to the potential at that lag (docs/model.md,
// section 1).
func TestEdgesAreTheShape(t *testing.T) {
	for _, p := range shapes {
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		for lag := int64(0); lag < 2*p.Length()+10; lag++ {
			sum := 0.0
			for _, e := range p.Edges() {
				if e.Lag <= lag {
					l := float64(lag - p.Delay)
					sum += e.Rect
					if e.Exp != 0 || e.Alpha != 0 {
						sum += (e.Exp + e.Alpha*l) * math.Exp(-l/p.TauSyn)
					}
				}
			}
			if w := p.At(lag); !(math.Abs(sum-w) <= 1e-14) {
				t.Errorf("%+v: lag %d: edges give %v, At gives %v", p, lag, sum, w)
			}
		}
	}
}

// TestArea: every shape has the area of the rectangle over tau_ref, up to the step width
// (docs/model.md, section 1).
func TestArea(t *testing.T) {
	const tau = 100000
	for _, c := range []struct {
		p    PSP
		upTo int64
	}{
		{PSP{Shape: Rectangular, TauRef: tau, Steps: tau}, 1 << 40},
		{PSP{Shape: Alpha, TauRef: tau, TauSyn: tau / 3}, 1 << 40},
		{PSP{Shape: Exponential, TauRef: tau, TauSyn: tau}, tau},
		{PSP{Shape: CutExponential, TauRef: tau, TauSyn: tau / 2}, 1 << 40},
		{PSP{Shape: RectangularTail, TauRef: tau, TauSyn: tau / 2}, tau},
	} {
		area := 0.0
		for l := int64(1); l <= min(c.p.Length(), c.upTo); l++ {
			area += c.p.At(l)
		}
		if !(math.Abs(area/tau-1) <= 2e-5) {
			t.Errorf("%v: area %v, want %v", c.p.Shape, area, tau)
		}
	}
}

// TestLength: at Length the potential still counts, beyond it it is below 1e-12 of the peak.
func TestLength(t *testing.T) {
	for _, p := range shapes {
		peak := 0.0
		for l := int64(0); l <= p.Length(); l++ {
			peak = math.Max(peak, p.At(l))
		}
		for l := p.Length() + 1; l < p.Length()+100; l++ {
			if p.At(l) > 1.0001e-12*peak {
				t.Errorf("%+v: potential %v at lag %d beyond Length %d", p, p.At(l), l, p.Length())
			}
		}
		if p.At(p.Length()-1) < 0.8e-12*peak && p.Length() > 1 {
			t.Errorf("%+v: potential %v just before Length %d", p, p.At(p.Length()-1), p.Length())
		}
	}
}

func TestPSPShapeText(t *testing.T) {
	for s := Rectangular; s <= RectangularTail; s++ {
		b, _ := s.MarshalText()
		var r PSPShape
		if err := r.UnmarshalText(b); err != nil || r != s {
			t.Errorf("%v does not survive text: %v, %v", s, r, err)
		}
	}
	if new(PSPShape).UnmarshalText([]byte("round")) == nil {
		t.Error("unknown shape accepted")
	}
	if (PSP{Shape: Alpha, TauRef: 0, TauSyn: math.NaN(), Cut: -1}).Validate() == nil {
		t.Error("bad PSP accepted")
	}
}
