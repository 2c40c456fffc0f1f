package figure

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

func lags(pairs int) LagHistograms {
	r := rand.New(rand.NewPCG(7, uint64(pairs)))
	h := LagHistograms{Title: fmt.Sprintf("%d pairs", pairs), Unit: "ms"}
	for k := range pairs {
		p := LagPair{Pre: "E1", Post: fmt.Sprint("a_name_of_", k), Edges: []float64{0}, Note: "not significant"}
		for i := range 25 {
			p.Edges = append(p.Edges, 2*float64(i+1))
			p.Causal, p.AntiCausal = append(p.Causal, float64(r.IntN(60-2*i))), append(p.AntiCausal, float64(r.IntN(50-2*i)))
		}
		h.Pairs = append(h.Pairs, p)
	}
	return h
}

// TestLagHistograms draws one pair and several. The two halves are mirrored onto each other, and
// the band around a mirrored half is 2*sqrt(own+other) wide on each side, from 0 on.
func TestLagHistograms(t *testing.T) {
	for _, n := range []int{1, 2, 6} {
		f, err := lags(n).Figure()
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if keep := os.Getenv("SPIKEALIGN_FIGURES"); keep != "" {
			dir = keep
		}
		if err := f.Save(dir, fmt.Sprintf("lags-%d", n)); err != nil {
			t.Error(err)
		}
		if len(f.Panels) != n {
			t.Errorf("%d panels for %d pairs", len(f.Panels), n)
		}
	}
	h := LagHistograms{Unit: "ms", Pairs: []LagPair{{Pre: "1", Post: "2", Edges: []float64{0, 1, 3}, Causal: []float64{9, 4}, AntiCausal: []float64{7, 0}}}}
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
	for name, change := range map[string]func(*LagHistograms){
		"no pairs":      func(h *LagHistograms) { h.Pairs = nil },
		"no bins":       func(h *LagHistograms) { h.Pairs[0].Edges = []float64{0} },
		"order":         func(h *LagHistograms) { h.Pairs[0].Edges[2] = 1 },
		"not from zero": func(h *LagHistograms) { h.Pairs[0].Edges[0] = -1 },
		"length":        func(h *LagHistograms) { h.Pairs[0].Causal = h.Pairs[0].Causal[1:] },
		"negative":      func(h *LagHistograms) { h.Pairs[0].AntiCausal[1] = -1 },
		"no number":     func(h *LagHistograms) { h.Pairs[0].AntiCausal[1] = nan },
	} {
		h := lags(2)
		change(&h)
		_, err := h.Figure()
		var e *InputError
		if !errors.As(err, &e) || e.Field != "Pairs" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
