package stdd

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"

	"spikealign/internal/testenv"
	"spikealign/synapse"
)

// testdata/published.csv holds distributions that were computed with the public program of the
// paper's authors (its class for exact distributions, parameters passed to its constructor), for
// the parameters below; drift12 is what it gives as the SAL update of w_12. There, rectangular PSPs
// are on at lags 1..tau-1 and the next spike comes at lag tau or later; each half of the
// distribution is normalised to 1/2; coincidences are counted twice (published).
var publishedCases = []struct {
	name    string
	p       Params
	drift12 float64
}{
	{"exc_r50", Params{TauRef: 50, TMax: 102, W12: 0.8, W21: 0.4, B1: -0.5, B2: -0.5}, -0.028885815108054408},
	{"mix_r25", Params{TauRef: 25, TMax: 52, W12: 1.5, W21: -0.5, B1: -0.5, B2: -0.2}, -0.1384483479635261},
	{"bias_r15", Params{TauRef: 15, TMax: 32, W12: 0.5, W21: 1, B1: -1, B2: 0.7}, 0.025352813263588243},
	{"exc_r10", Params{TauRef: 10, TMax: 22, W12: 2, W21: 0.7, B1: 0.3, B2: -0.6}, -0.060843505496390386},
	{"main_r10", Params{TauRef: 10, TMax: 30, W12: 0.5, W21: 1}, 0.034244609607803886},
	{"alpha_r15_s15", Params{TauRef: 15, TMax: 30, W12: 0.8, W21: 0.4, B1: -0.5, B2: -0.5,
		PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 15}}, 0.0025588919115229337},
	{"alpha_r15_s5", Params{TauRef: 15, TMax: 30, W12: 0.8, W21: 0.4, B1: -0.5, B2: -0.5,
		PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 5}}, -0.022106687899542916},
	{"alpha_r10_s10_3", Params{TauRef: 10, TMax: 20, W12: 1, W21: -0.5, B1: 0.2, B2: -0.2,
		PSP: synapse.PSP{Shape: synapse.Alpha, TauSyn: 10.0 / 3}}, -0.07447011208968186},
}

// authors returns p with the timing of the authors' theory: a rectangle one step short.
func (p Params) authors() Params {
	if p.PSP.Shape == synapse.Rectangular {
		p.PSP.Steps = p.TauRef - 1
	}
	return p.Resolve()
}

// published is the law as the authors' program defines it, on the oracle's chain. The longest lag
// keeps the PSP of the one before. Pairs are collected, by the lag of the state in which the second
// neuron spikes, along a walk of TMax+1 steps that begins with any spike of the first neuron,
// coincidences included, and in which a coincidence is not taken out but begins again. Each half is
// then normalised on its own. The result holds the lags -(TMax-1) .. TMax-1.
func published(p Params) []float64 {
	p = p.authors()
	tmax := int(p.TMax)
	o := hazardOracle(p, tmax, func(l int) float64 { return p.PSP.At(int64(min(l, tmax-1))) })
	n := tmax + 1
	pi := o.stationary()
	result := make([]float64, 2*tmax-1)
	for _, sign := range []int{1, -1} {
		v, next := make([]float64, n*n), make([]float64, n*n)
		for a := 1; a < n; a++ {
			if sign > 0 {
				v[a*n+1] = pi[a*n+1] // neuron 2 has just spiked
			} else {
				v[n+a] = pi[n+a]
			}
		}
		rates := make([]float64, n)
		for range tmax + 1 {
			for a1 := 1; a1 < n; a1++ {
				for a2 := 1; a2 < n; a2++ {
					p1, p2 := o.spikes(a1, a2)
					if sign > 0 {
						rates[a2] += v[a1*n+a2] * p1
					} else {
						rates[a1] += v[a1*n+a2] * p2
					}
				}
			}
			o.step(next, v, true)
			v, next = next, v
		}
		total := sum(rates[:tmax])
		for d := 1; d < tmax; d++ {
			result[tmax-1+sign*d] = rates[d] / (2 * total)
		}
	}
	return result
}

func readPublished(t *testing.T) map[string][]float64 {
	f, err := os.Open("testdata/published.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	data := map[string][]float64{}
	for _, r := range rows[1:] {
		x, err := strconv.ParseFloat(r[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		if r[1] == "1" {
			data[r[0]] = append(data[r[0]], 0) // the file has no lag 0
		}
		data[r[0]] = append(data[r[0]], x)
	}
	return data
}

// TestPublishedDefinition: with the authors' way of counting, the chain of
// docs/theory.md gives the numbers of their program, its orientation of lags and its SAL update
// (per pair, exponential window of tau) included.
func TestPublishedDefinition(t *testing.T) {
	data := readPublished(t)
	for _, c := range publishedCases {
		if c.p.TMax > 60 && !testenv.Long() {
			continue
		}
		got, want := published(c.p), data[c.name]
		if len(got) != len(want) {
			t.Fatalf("%s: %d lags, want %d", c.name, len(got), len(want))
		}
		drift := 0.0
		w := salWindow(synapse.ExponentialWindow, float64(c.p.TauRef))
		for i := range got {
			if !(math.Abs(got[i]-want[i]) <= 1e-9) {
				t.Errorf("%s: lag %d: %v, want %v", c.name, i-int(c.p.TMax)+1, got[i], want[i])
			}
			drift += got[i] * w.At(int64(i)-c.p.TMax+1)
		}
		if !(math.Abs(drift-c.drift12) <= 1e-9) {
			t.Errorf("%s: SAL update of w12 %v, want %v", c.name, drift, c.drift12)
		}
	}
}

// distance is the sum of |x-y|.
func distance(x, y []float64) (d float64) {
	for i := range x {
		d += math.Abs(x[i] - y[i])
	}
	return d
}

// TestPublishedWithinOneStep: the true law, in their timing and with their normalisation, differs
// from the published numbers by O(1/tau), and has the same orientation: its mirror image is much
// farther away.
func TestPublishedWithinOneStep(t *testing.T) {
	data := readPublished(t)
	for _, c := range publishedCases {
		if c.p.PSP.Shape != synapse.Rectangular {
			continue // the alpha function is cut at t_max here and kept at its last value there
		}
		l := mustSolve(t, c.p.authors())
		near, far := distance(l.Halves(), data[c.name]), distance(mustSolve(t, c.p.swapped().authors()).Halves(), data[c.name])
		if near*float64(c.p.TauRef) > 0.6 || far < 4*near {
			t.Errorf("%s: distance %.4f = %.2f/tau, of the mirror image %.4f", c.name, near, near*float64(c.p.TauRef), far)
		}
	}
}

// TestPublishedLimit: the distance shrinks as 1/tau, and so does the distance of the drifts.
func TestPublishedLimit(t *testing.T) {
	for _, p := range []Params{{W12: 0.8, W21: 0.4, B1: -0.5, B2: -0.5}, {W12: 1.5, W21: -0.5, B1: -0.5, B2: -0.2}} {
		var before float64
		for k, tau := range []int64{8, 16, 32} {
			p.TauRef, p.TMax = tau, 2*tau
			d := distance(mustSolve(t, p.authors()).Halves(), published(p))
			// A ratio of 2 in the limit; the next order is still seen at these tau.
			if k > 0 && (before/d < 1.7 || before/d > 2.3) {
				t.Errorf("W = %v, %v: distance %v at tau %d, %v at %d: ratio %v, want about 2", p.W12, p.W21, before, tau/2, d, tau, before/d)
			}
			before = d
		}
	}
}
