package mismatch

import (
	"math"
	"reflect"
	"slices"
	"testing"
)

func TestDraws(t *testing.T) {
	const n = 20000
	all := Settings{Neurons{.2, 3, .3}, Synapses{.4, .6}}
	draws := func(s Settings, part uint64) [][]float64 {
		return [][]float64{s.Gains(1, part, n), s.Offsets(1, part, n), s.RefractoryTimes(1, part, n), s.Amplitudes(1, part, n), s.Taus(1, part, n)}
	}
	for k, xs := range draws(all, 0) {
		sd, mean := []float64{.2, 3, .3, .4, .6}[k], []float64{1, 0, 1, 1, 1}[k]
		var sum, squares float64
		for _, x := range xs {
			z := (x - mean) / sd
			sum, squares = sum+z, squares+z*z
			if math.Abs(z) > 1.5+1e-12 {
				t.Fatalf("quantity %d: %v standard deviations away", k, z)
			}
		}
		// variance of a standard normal number cut at 1.5: 1 - 2*1.5*phi(1.5)/(2*Phi(1.5)-1) =
		// .5516; five standard errors
		if math.Abs(sum/n) > 5*math.Sqrt(.5516/n) || math.Abs(squares/n-.5516) > .02 {
			t.Errorf("quantity %d: mean %v, variance %v of the standardised draws", k, sum/n, squares/n)
		}
	}
	if xs := draws(Settings{}, 0); slices.ContainsFunc(xs, func(x []float64) bool { return x != nil }) {
		t.Error("no mismatch, but draws")
	}
	// Nothing depends on what else is drawn, and parts differ.
	if !slices.Equal(Neurons{Offset: 3}.Offsets(1, 0, 10), all.Offsets(1, 0, n)[:10]) || all.Gains(1, 1, 1)[0] == all.Gains(1, 0, 1)[0] {
		t.Error("draws depend on each other")
	}
}

// Each difference has its key, which is that of experiment files.
func TestNonzero(t *testing.T) {
	if keys := (Settings{}).Nonzero(); keys != nil {
		t.Errorf("no mismatch, but %v", keys)
	}
	var want []string
	all := Settings{Neurons{.1, .2, .3}, Synapses{.4, .5}}
	for _, part := range []reflect.Type{reflect.TypeFor[Neurons](), reflect.TypeFor[Synapses]()} {
		for k := range part.NumField() {
			want = append(want, part.Field(k).Tag.Get("yaml"))
		}
	}
	if got := all.Nonzero(); !slices.Equal(got, want) {
		t.Errorf("keys %v, the files have %v", got, want)
	}
	if got := (Settings{Synapses: Synapses{Tau: .1}}).Nonzero(); !slices.Equal(got, []string{Tau}) {
		t.Errorf("only window_tau, but %v", got)
	}
}
