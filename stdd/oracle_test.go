package stdd

import (
	"math"

	"spikealign/synapse"
)

// oracle is the chain of lags written down state by state: each lag 1..cap, the last standing for
// itself and all longer ones. Hazards are given by the other neuron's lag, 1..cap.
type oracle struct {
	isi, cap int
	h1, h2   []float64
}

// newOracle follows lags up to limit, with the PSP of p cut at p.TMax.
func newOracle(p Params, limit int) *oracle {
	p = p.Resolve()
	return hazardOracle(p, limit, func(l int) float64 {
		if int64(l) >= p.TMax {
			return 0
		}
		return p.PSP.At(int64(l))
	})
}

func hazardOracle(p Params, limit int, kappa func(lag int) float64) *oracle {
	o := &oracle{isi: int(p.MinISI), cap: limit, h1: make([]float64, limit+1), h2: make([]float64, limit+1)}
	for l := 1; l <= limit; l++ {
		o.h1[l] = 1 / (1 + float64(p.TauRef)*math.Exp(-(p.B1+p.W12*kappa(l))))
		o.h2[l] = 1 / (1 + float64(p.TauRef)*math.Exp(-(p.B2+p.W21*kappa(l))))
	}
	return o
}

// spikes returns the probabilities that neuron 1 and neuron 2 spike in the state (a1, a2).
func (o *oracle) spikes(a1, a2 int) (p1, p2 float64) {
	if a1 >= o.isi {
		p1 = o.h1[a2]
	}
	if a2 >= o.isi {
		p2 = o.h2[a1]
	}
	return p1, p2
}

// step is one transition of the law pi, at a1*(cap+1)+a2; spikes that reset are left out of next if
// only is set, except coincidences.
func (o *oracle) step(next, pi []float64, only bool) {
	n := o.cap + 1
	clear(next)
	for a1 := 1; a1 < n; a1++ {
		for a2 := 1; a2 < n; a2++ {
			x := pi[a1*n+a2]
			if x == 0 {
				continue
			}
			p1, p2 := o.spikes(a1, a2)
			b1, b2 := min(a1+1, o.cap), min(a2+1, o.cap)
			next[b1*n+b2] += x * (1 - p1) * (1 - p2)
			next[n+1] += x * p1 * p2
			if !only {
				next[n+b2] += x * p1 * (1 - p2)
				next[b1*n+1] += x * (1 - p1) * p2
			}
		}
	}
}

// stationary iterates until nothing changes any more.
func (o *oracle) stationary() []float64 {
	n := o.cap + 1
	pi, next := make([]float64, n*n), make([]float64, n*n)
	for a1 := 1; a1 < n; a1++ {
		for a2 := 1; a2 < n; a2++ {
			pi[a1*n+a2] = 1 / float64(o.cap*o.cap)
		}
	}
	for range 20000 {
		o.step(next, pi, false)
		change, total := 0.0, 0.0
		for s := range pi {
			change += math.Abs(next[s] - pi[s])
			total += next[s]
		}
		for s := range next {
			next[s] /= total
		}
		pi, next = next, pi
		if change < 2e-15 {
			break
		}
	}
	return pi
}

// law reads the rates off the stationary law: pairs by |d| < cap, spikes, coincidences.
func (o *oracle) law() (plus, minus []float64, rate1, rate2, coincidence float64) {
	n := o.cap + 1
	pi := o.stationary()
	plus, minus = make([]float64, o.cap), make([]float64, o.cap)
	for a1 := 1; a1 < n; a1++ {
		for a2 := 1; a2 < n; a2++ {
			x := pi[a1*n+a2]
			p1, p2 := o.spikes(a1, a2)
			rate1 += x * p1
			rate2 += x * p2
			coincidence += x * p1 * p2
			if a2 < a1 {
				plus[a2] += x * p1
			}
			if a1 < a2 {
				minus[a1] += x * p2
			}
		}
	}
	return plus, minus, rate1, rate2, coincidence
}

// salWindow is the window of spike-based alignment learning.
func salWindow(shape synapse.WindowShape, tau float64) synapse.Window {
	h := synapse.Half{Shape: shape, Tau: tau}
	return synapse.Window{APlus: -1, AMinus: 1, Plus: h, Minus: h}
}
