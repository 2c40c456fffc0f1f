package stdd

import (
	"context"
	"testing"

	"spikealign/synapse"
)

// BenchmarkSolve is one law of figure 2c.
func BenchmarkSolve(b *testing.B) {
	p := Params{TauRef: 50, TMax: 102, W12: 0.8, W21: 0.4, B1: -0.5, B2: -0.5}
	for b.Loop() {
		if _, err := Solve(p); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSolveLongPSP has a PSP that lasts up to TMax.
func BenchmarkSolveLongPSP(b *testing.B) {
	p := Params{TauRef: 50, TMax: 102, W12: 0.8, W21: 0.4, B1: -0.5, B2: -0.5, PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 50}}
	for b.Loop() {
		if _, err := Solve(p); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPhasePlane is figure 2e, on one thread.
func BenchmarkPhasePlane(b *testing.B) {
	w := linspace(-2, 2, 17)
	for b.Loop() {
		if _, err := PhasePlane(context.Background(), Params{TauRef: 15, TMax: 30}, w, w, salWindow(synapse.ExponentialWindow, 15), 1); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFigure11 is 3 PSP shapes, 81 pairs of biases, 100 pairs of weights, on one thread.
func BenchmarkFigure11(b *testing.B) {
	w := linspace(-1.5, 1.5, 10)
	biases := linspace(-1, 1, 9)
	for b.Loop() {
		for _, psp := range []synapse.PSP{{}, {Shape: synapse.Alpha, TauSyn: 10.0 / 3}, {Shape: synapse.Alpha, TauSyn: 5}} {
			for _, b1 := range biases {
				for _, b2 := range biases {
					p := Params{TauRef: 10, TMax: 20, B1: b1, B2: b2, PSP: psp}
					if _, err := PhasePlane(context.Background(), p, w, w, salWindow(synapse.ExponentialWindow, 10), 1); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
	}
}

// BenchmarkAttractorLine is one line of figure 11 at the means of its grid of weights.
func BenchmarkAttractorLine(b *testing.B) {
	p := Params{TauRef: 10, TMax: 20, B1: 1, B2: -1, PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 5}}
	for b.Loop() {
		if _, err := AttractorLine(context.Background(), p, linspace(-1.5, 1.5, 19), 3, salWindow(synapse.ExponentialWindow, 10), 1); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkExtrapolated is a continuous law without a closed form.
func BenchmarkExtrapolated(b *testing.B) {
	p := Params{TauRef: 10, W12: 0.8, W21: 0.4, B1: -0.5, B2: -0.5, PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 5}, Continuous: true}
	for b.Loop() {
		if _, err := Solve(p); err != nil {
			b.Fatal(err)
		}
	}
}
