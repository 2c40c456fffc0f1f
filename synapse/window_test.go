package synapse

import (
	"math"
	"strings"
	"testing"
)

// TestHalf holds both shapes to their formulas (section 3 of docs/model.md), at the edges above
// all.
func TestWindowHalf(t *testing.T) {
	for _, c := range []struct {
		h       Half
		support int64
		d       int64
		want    float64
	}{
		{Half{Shape: TriangularWindow, Tau: 4}, 3, -1, 0},
		{Half{Shape: TriangularWindow, Tau: 4}, 3, 0, 0},
		{Half{Shape: TriangularWindow, Tau: 4}, 3, 1, 0.75},
		{Half{Shape: TriangularWindow, Tau: 4}, 3, 3, 0.25},
		{Half{Shape: TriangularWindow, Tau: 4}, 3, 4, 0},
		{Half{Shape: TriangularWindow, Tau: 4.5}, 4, 4, 0.5 / 4.5},
		{Half{Shape: TriangularWindow, Tau: 4, Cut: 2.9}, 2, 2, 0.5},
		{Half{Shape: TriangularWindow, Tau: 4, Cut: 2.9}, 2, 3, 0},
		{Half{Shape: TriangularWindow, Tau: 1}, 0, 1, 0},
		{Half{Shape: TriangularWindow, Tau: 50 << 20}, 50<<20 - 1, 25 << 20, 0.5},
		{Half{Tau: 10}, 400, -1, 0},
		{Half{Tau: 10}, 400, 0, 0},
		{Half{Tau: 10}, 400, 10, math.Exp(-1)},
		{Half{Tau: 10}, 400, 400, math.Exp(-40)},
		{Half{Tau: 10}, 400, 401, 0},
		{Half{Tau: 10, Cut: 20}, 20, 20, math.Exp(-2)},
		{Half{Tau: 10, Cut: 20}, 20, 21, 0},
		{Half{Tau: 10, Cut: 1e9}, 400, 401, 0},
	} {
		if got := c.h.Support(); got != c.support {
			t.Errorf("%+v: Support = %d, want %d", c.h, got, c.support)
		}
		if got := c.h.At(c.d); !(math.Abs(got-c.want) <= 1e-15*c.want) {
			t.Errorf("%+v: At(%d) = %v, want %v", c.h, c.d, got, c.want)
		}
		if s := c.support; s > 0 && !(c.h.At(s) > 0) || c.h.At(s+1) != 0 {
			t.Errorf("%+v: At(%d) = %v, At(%d) = %v", c.h, s, c.h.At(s), s+1, c.h.At(s+1))
		}
	}
}

// TestWindow holds K to its sign convention: d = t_post - t_pre, causal for d > 0 (section 3 of
// docs/model.md).
func TestWindow(t *testing.T) {
	w := Window{APlus: 2, AMinus: -3, Plus: Half{Shape: TriangularWindow, Tau: 4}, Minus: Half{Shape: TriangularWindow, Tau: 2}}
	for d, want := range map[int64]float64{-2: 0, -1: -1.5, 0: 0, 1: 1.5, 3: 0.5, 4: 0} {
		if got := w.At(d); got != want {
			t.Errorf("At(%d) = %v, want %v", d, got, want)
		}
	}
}

func TestWindowValidate(t *testing.T) {
	good := Half{Tau: 10}
	if err := (Window{APlus: 1, AMinus: -1, Plus: good, Minus: good}).Validate(); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		w    Window
		want []string
	}{
		{Window{Plus: Half{Tau: -1}, Minus: good}, []string{"plus.tau = -1"}},
		{Window{Plus: good, Minus: Half{Shape: 7, Tau: math.NaN(), Cut: 0.5}}, []string{"minus.shape = 7", "minus.tau = NaN", "minus.cut = 0.5"}},
		{Window{Plus: Half{Tau: 1 << 41, Cut: math.Inf(1)}, Minus: good}, []string{"plus.tau", "plus.cut"}},
		{Window{APlus: math.NaN(), AMinus: math.Inf(-1), Plus: good, Minus: good}, []string{"a_plus = NaN", "a_minus = -Inf"}},
	} {
		err := c.w.Validate()
		if err == nil {
			t.Errorf("%+v: no error", c.w)
			continue
		}
		if got := strings.Count(err.Error(), "\n") + 1; got != len(c.want) {
			t.Errorf("%+v: %d problems, want %d:\n%v", c.w, got, len(c.want), err)
		}
		for _, s := range c.want {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%+v: %q is missing in\n%v", c.w, s, err)
			}
		}
	}
}

func TestWindowText(t *testing.T) {
	for _, s := range []string{"exponential", "triangular"} {
		var x WindowShape
		if err := x.UnmarshalText([]byte(s)); err != nil {
			t.Error(err)
		}
		if b, err := x.MarshalText(); err != nil || string(b) != s {
			t.Errorf("%q -> %q, %v", s, b, err)
		}
	}
	for _, s := range []string{"nearest", "last-1", "last-10", "last-100", "all"} {
		var x Pairing
		if err := x.UnmarshalText([]byte(s)); err != nil {
			t.Error(err)
		}
		if b, err := x.MarshalText(); err != nil || string(b) != s {
			t.Errorf("%q -> %q, %v", s, b, err)
		}
	}
	var shape WindowShape
	if err := shape.UnmarshalText([]byte("square")); err == nil || !strings.Contains(err.Error(), "exponential, triangular") {
		t.Errorf("shape square: %v", err)
	}
	for _, s := range []string{"", "Nearest", "last", "last-", "last-0", "last-101", "last-01", "last-+1", "last--1", "1", "last-1x"} {
		p := Pairing{Kind: All}
		err := p.UnmarshalText([]byte(s))
		if err == nil || !strings.Contains(err.Error(), "nearest, all, or last-K") {
			t.Errorf("pairing %q: %v", s, err)
		}
		if p != (Pairing{Kind: All}) {
			t.Errorf("pairing %q: the failed parse changed the value to %v", s, p)
		}
	}
	for _, p := range []Pairing{{Kind: Last}, {Kind: Nearest, K: 1}, {Kind: All, K: 2}, {Kind: 3}, {Kind: -1}, {Kind: Last, K: MaxLast + 1}} {
		if b, err := p.MarshalText(); err == nil {
			t.Errorf("%+v: MarshalText = %q", p, b)
		}
	}
	if b, err := WindowShape(2).MarshalText(); err == nil {
		t.Errorf("WindowShape(2): MarshalText = %q", b)
	}
}
