package figuretest

import (
	"fmt"
	"math/rand/v2"

	"spikealign/figure"
)

// Analysis is the matrix of n recorded neurons.
func Analysis(n int) figure.Analysis {
	r := rand.New(rand.NewPCG(5, uint64(n)))
	a := figure.Analysis{Title: fmt.Sprintf("%d neurons", n), Note: "window exponential, tau 10 ms", SAL: make([]float64, n*n), Significant: make([]bool, n*n)}
	for i := range n {
		a.Labels = append(a.Labels, fmt.Sprint(3*i+1))
		for j := range i {
			v := 0.004 * r.NormFloat64()
			a.SAL[i*n+j], a.SAL[j*n+i] = v, -v
			s := v > 0.004 || v < -0.004
			a.Significant[i*n+j], a.Significant[j*n+i] = s, s
		}
	}
	a.SAL[1], a.SAL[n] = nan, nan
	return a
}

// Lags are histograms of pairs of neurons.
func Lags(pairs int) figure.LagHistograms {
	r := rand.New(rand.NewPCG(7, uint64(pairs)))
	h := figure.LagHistograms{Title: fmt.Sprintf("%d pairs", pairs), Unit: "ms"}
	for k := range pairs {
		p := figure.LagPair{Pre: "E1", Post: fmt.Sprint("a_name_of_", k), Edges: []float64{0}, Note: "not significant"}
		for i := range 25 {
			p.Edges = append(p.Edges, 2*float64(i+1))
			p.Causal, p.AntiCausal = append(p.Causal, float64(r.IntN(60-2*i))), append(p.AntiCausal, float64(r.IntN(50-2*i)))
		}
		h.Pairs = append(h.Pairs, p)
	}
	return h
}
