package stdd

import (
	"fmt"
	"math"

	"spikealign/synapse"
)

// Law is the law of the nearest pairs of two neurons, in the stationary state. Rates are per step.
//
// In discrete time Plus[d] is the rate of pairs with t_1 - t_2 = d, Minus[d] that of t_1 - t_2 =
// -d, for d = 1 .. TMax-1; index 0 is 0. In continuous time they are the rates of pairs with |t_1 -
// t_2| in (d-1, d].
type Law struct {
	Params Params // resolved

	// by |d| = 0 .. TMax-1: neuron 1 fires second, neuron 2 fires second
	Plus, Minus         []float64
	TailPlus, TailMinus float64 // rate of all pairs beyond
	Rate1, Rate2        float64 // spikes of each neuron
	Coincidence         float64 // steps in which both spike
	// sum of |pi*P - pi| over the states of the chain, pi being the stationary law and P its
	// transitions
	Residual float64
	// continuous time without a closed form: estimated error of the extrapolation, relative to the
	// rate of all pairs; otherwise 0
	Error    float64
	Warnings []error // *CutWarning, *OverlapWarning

	// discrete: beyond TMax the rate of pairs at a lag is stop times that of all pairs from there
	// on
	stop   float64
	finer  []*Law  // continuous, extrapolated: the discrete laws with 1, 2, 3, ... steps for one
	closed *closed // continuous, closed form
}

// Solve returns the law of two neurons, or everything that is wrong with the parameters. A discrete
// law takes about (2*MinISI)^3/3 multiplications for a PSP no longer than MinISI, and up to
// (2*(TMax-MinISI))^3/3 for a longer one.
func Solve(p Params) (*Law, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return newSolver(p.Resolve()).solve(p.W12, p.W21, p.B1, p.B2)
}

// solver solves laws that differ in weights and biases only. It serves one goroutine.
type solver struct {
	params   Params
	warnings []error
	chains   []*chain // one; in continuous time one for each refinement
}

func newSolver(p Params) *solver {
	return &solver{params: p, warnings: p.warnings()}
}

// chain returns the chain with level+1 steps for one.
func (s *solver) chain(level int) *chain {
	for i := len(s.chains); i <= level; i++ {
		s.chains = append(s.chains, newChain(s.params.refined(int64(i)+1)))
	}
	return s.chains[level]
}

// solve returns the law for weights and biases that Validate accepts. Exchanging the neurons
// mirrors it to the bit, because only one of two mirror images is ever computed.
func (s *solver) solve(w12, w21, b1, b2 float64) (*Law, error) {
	p := s.params
	p.W12, p.W21, p.B1, p.B2 = w12, w21, b1, b2
	mirror := b1 > b2 || b1 == b2 && w12 > w21
	if mirror {
		p = p.swapped()
	}
	var l *Law
	var err error
	switch {
	case !p.Continuous:
		l, err = s.chain(0).solve(p)
	case p.hasClosedForm():
		l = closedForm(p)
	default:
		l, err = s.extrapolated(p)
	}
	if err != nil {
		return nil, fmt.Errorf("stdd: w12 = %v, w21 = %v, b1 = %v, b2 = %v: %w", w12, w21, b1, b2, err)
	}
	if mirror {
		l.mirror()
	}
	l.Warnings = s.warnings
	return l, nil
}

func (l *Law) mirror() {
	l.Params = l.Params.swapped()
	l.Plus, l.Minus = l.Minus, l.Plus
	l.TailPlus, l.TailMinus = l.TailMinus, l.TailPlus
	l.Rate1, l.Rate2 = l.Rate2, l.Rate1
	for _, f := range l.finer {
		f.mirror()
	}
	if c := l.closed; c != nil {
		c.plus, c.minus = c.minus, c.plus
	}
}

// sums returns the rates of all pairs with d > 0 and d < 0.
func (l *Law) sums() (plus, minus float64) {
	return l.TailPlus + sum(l.Plus), l.TailMinus + sum(l.Minus)
}

func sum(x []float64) (s float64) {
	for _, v := range x {
		s += v
	}
	return s
}

// Lags returns the lags d = -(TMax-1) .. TMax-1 of Rates and Probability.
func (l *Law) Lags() []int64 {
	n := l.Params.TMax
	d := make([]int64, 2*n-1)
	for i := range d {
		d[i] = int64(i) - (n - 1)
	}
	return d
}

// Rates returns the rate of pairs at each of Lags; 0 at d = 0.
func (l *Law) Rates() []float64 { return l.scaled(1, 1) }

// Probability returns Rates over the rate of all pairs, TailPlus and TailMinus included.
func (l *Law) Probability() []float64 {
	plus, minus := l.sums()
	return l.scaled(1/(plus+minus), 1/(plus+minus))
}

// Halves returns Rates with each of the two halves d > 0 and d < 0 scaled to the sum 1/2, tails
// left out: the normalisation of the paper's program. It hides how often each order occurs. (That
// program counts coincidences twice, too, which this does not imitate.)
func (l *Law) Halves() []float64 { return l.scaled(0.5/sum(l.Plus), 0.5/sum(l.Minus)) }

// scaled returns Rates, its halves multiplied by plus and minus.
func (l *Law) scaled(plus, minus float64) []float64 {
	n := len(l.Plus)
	r := make([]float64, 2*n-1)
	for d := 1; d < n; d++ {
		r[n-1+d] = float64(l.Plus[d] * plus)
		r[n-1-d] = float64(l.Minus[d] * minus)
	}
	return r
}

// MassPositive returns the share of pairs with d > 0, in which neuron 1 fires second, tails
// included.
func (l *Law) MassPositive() float64 {
	plus, minus := l.sums()
	return plus / (plus + minus)
}

// Drift returns the expected changes of W12 and W21 per TauRef of time under the learning window w,
// whose time constants are in steps (docs/theory.md):
//
//	drift12 = TauRef * sum_d r(d)*K(d)        drift21 = TauRef * sum_d r(d)*K(-d)
//
// with the rate r of pairs, tails included. For spike-based alignment learning w is
// sal.Window(half). It panics if w is not valid.
func (l *Law) Drift(w synapse.Window) (drift12, drift21 float64) {
	if err := w.Validate(); err != nil {
		panic("stdd: " + err.Error())
	}
	return l.drift(newGauge(w, max(1, len(l.finer))))
}

// gauge is a learning window prepared for many laws.
type gauge struct {
	window      synapse.Window
	plus, minus []half // by refinement, 1, 2, ...
}

// half is one half of a window with times multiplied by a refinement, tabulated as far as it is
// short.
type half struct {
	synapse.Half
	end   int64
	table []float64
}

const maxTable = 1 << 12

func newHalf(h synapse.Half, scale float64) half {
	h.Tau *= scale
	h.Cut *= scale
	x := half{h, h.Support(), nil}
	x.table = make([]float64, min(x.end, maxTable)+1)
	for d := range x.table {
		x.table[d] = h.At(int64(d))
	}
	return x
}

func (h *half) at(d int64) float64 {
	if d < int64(len(h.table)) {
		return h.table[d]
	}
	return h.At(d)
}

func newGauge(w synapse.Window, levels int) *gauge {
	g := &gauge{window: w}
	for i := range levels {
		p := newHalf(w.Plus, float64(i+1))
		m := p
		if w.Minus != w.Plus {
			m = newHalf(w.Minus, float64(i+1))
		}
		g.plus, g.minus = append(g.plus, p), append(g.minus, m)
	}
	return g
}

// drift sums each order of firing on its own, so that exchanging the neurons exchanges the results
// to the bit.
func (l *Law) drift(g *gauge) (drift12, drift21 float64) {
	switch {
	case l.closed != nil:
		return l.closed.drift(g.window, float64(l.Params.TauRef))
	case l.finer != nil:
		x12, x21 := make([]float64, len(l.finer)), make([]float64, len(l.finer))
		for i, f := range l.finer {
			x12[i], x21[i] = f.driftAt(g, i)
		}
		drift12, _ = extrapolate(x12)
		drift21, _ = extrapolate(x21)
		return drift12, drift21
	}
	return l.driftAt(g, 0)
}

// driftAt is drift for a discrete law whose steps are level+1 times shorter than those of the
// window.
func (l *Law) driftAt(g *gauge, level int) (drift12, drift21 float64) {
	p, m, tau := &g.plus[level], &g.minus[level], float64(l.Params.TauRef)
	causal := float64(g.window.APlus * l.pairing(l.Plus, l.TailPlus, p)) // for W12
	anti := float64(g.window.AMinus * l.pairing(l.Minus, l.TailMinus, m))
	causal21 := float64(g.window.APlus * l.pairing(l.Minus, l.TailMinus, p))
	anti21 := float64(g.window.AMinus * l.pairing(l.Plus, l.TailPlus, m))
	return float64(tau * (causal + anti)), float64(tau * (causal21 + anti21))
}

// pairing returns the sum of rates times h over lags 1, 2, ... The tail is left where less than
// 1e-20 of it is to come.
func (l *Law) pairing(rates []float64, tail float64, h *half) float64 {
	sum := 0.0
	n := int64(len(rates))
	for d := int64(1); d < min(n, h.end+1); d++ {
		sum += float64(rates[d] * h.at(d))
	}
	small := float64(tail * 1e-20)
	for d := n; d <= h.end && tail > small; d++ {
		sum += float64(float64(tail*l.stop) * h.at(d))
		tail -= float64(tail * l.stop)
	}
	return sum
}

// Perturbation returns what a change of weights does to the imbalance of a law (figure 12): for t =
// 1 .. TMax-1, with the probabilities p of either law,
//
//	delta[t] = p(t) - p_0(t) - (p(-t) - p_0(-t))
//
// and its running sum; index 0 is 0. It panics if the laws have different TMax.
func Perturbation(perturbed, base *Law) (delta, integral []float64) {
	n := len(base.Plus)
	if len(perturbed.Plus) != n {
		panic(fmt.Sprintf("stdd: laws up to t_max = %d and %d cannot be compared", len(perturbed.Plus), n))
	}
	p, p0 := perturbed.Probability(), base.Probability()
	delta, integral = make([]float64, n), make([]float64, n)
	for t := 1; t < n; t++ {
		delta[t] = (p[n-1+t] - p0[n-1+t]) - (p[n-1-t] - p0[n-1-t])
		integral[t] = integral[t-1] + delta[t]
	}
	return delta, integral
}

// Rotate turns weights (or drifts) into coordinates along the diagonal W12 = W21 and across it.
func Rotate(x12, x21 float64) (mean, difference float64) {
	return (x12 + x21) / math.Sqrt2, (x12 - x21) / math.Sqrt2
}
