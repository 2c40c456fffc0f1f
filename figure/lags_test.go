package figure_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"spikealign/figure"
	"spikealign/figure/figuretest"
	"spikealign/figure/render"
)

// TestLagHistograms draws one pair and several. The two halves are mirrored onto each other, and
// the band around a mirrored half is 2*sqrt(own+other) wide on each side, from 0 on.
func TestLagHistograms(t *testing.T) {
	for _, n := range []int{1, 2, 6} {
		f, err := figuretest.Lags(n).Figure()
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if keep := os.Getenv("SPIKEALIGN_FIGURES"); keep != "" {
			dir = keep
		}
		if err := render.Save(f, dir, fmt.Sprintf("lags-%d", n)); err != nil {
			t.Error(err)
		}
		if len(f.Panels) != n {
			t.Errorf("%d panels for %d pairs", len(f.Panels), n)
		}
	}
	h := figure.LagHistograms{Unit: "ms", Pairs: []figure.LagPair{{Pre: "1", Post: "2", Edges: []float64{0, 1, 3}, Causal: []float64{9, 4}, AntiCausal: []float64{7, 0}}}}
	f, err := h.Figure()
	if err != nil {
		t.Fatal(err)
	}
	var drawn []string
	for _, s := range f.Panels[0].Series {
		drawn = append(drawn, fmt.Sprint(s.Color, " ", s.X, s.Y, s.Low, s.High))
	}
	want := []string{
		"ink [-3 -1 -1 0] [] [0 0 1 1] [8 8 17 17]",
		"ink [0 1 1 3] [] [0 0 0 0] [15 15 4 4]",
		"fourth [-3 -1 -1 0] [] [0 0 0 0] [0 0 7 7]",
		"fourth [-3 -1 -1 0] [0 0 7 7] [] []",
		"third [0 1 1 3] [] [0 0 0 0] [9 9 4 4]",
		"third [0 1 1 3] [9 9 4 4] [] []",
		"ink [-3 -1 -1 0] [4 4 9 9] [] []",
		"ink [0 1 1 3] [7 7 0 0] [] []",
	}
	if !slices.Equal(drawn, want) {
		t.Errorf("drawn %q\nwant %q", drawn, want)
	}
	for name, change := range map[string]func(*figure.LagHistograms){
		"no pairs":      func(h *figure.LagHistograms) { h.Pairs = nil },
		"no bins":       func(h *figure.LagHistograms) { h.Pairs[0].Edges = []float64{0} },
		"order":         func(h *figure.LagHistograms) { h.Pairs[0].Edges[2] = 1 },
		"not from zero": func(h *figure.LagHistograms) { h.Pairs[0].Edges[0] = -1 },
		"length":        func(h *figure.LagHistograms) { h.Pairs[0].Causal = h.Pairs[0].Causal[1:] },
		"negative":      func(h *figure.LagHistograms) { h.Pairs[0].AntiCausal[1] = -1 },
		"no number":     func(h *figure.LagHistograms) { h.Pairs[0].AntiCausal[1] = math.NaN() },
	} {
		h := figuretest.Lags(2)
		change(&h)
		_, err := h.Figure()
		var e *figure.InputError
		if !errors.As(err, &e) || e.Field != "Pairs" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
