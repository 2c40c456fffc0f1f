package stdd

import (
	"math"

	"spikealign/internal/detmath"
	"spikealign/synapse"
)

// hasClosedForm reports whether closedForm serves p: continuous time, a rectangular PSP exactly as
// long as the refractory time, no delay.
func (p Params) hasClosedForm() bool {
	return p.Continuous && p.PSP.Shape == synapse.Rectangular && p.PSP.Steps == p.MinISI && p.PSP.Delay == 0
}

// closed is the closed form of a continuous law: the densities of pairs over |d|, per step and per
// step of lag.
type closed struct{ plus, minus density }

// density is base + gain*E(s) for lags x < span, with s = x, or span-x if reversed, and E(s) =
// (e^(rate*s)-1)/rate; and tail*e^(-decay*(x-span)) beyond.
type density struct {
	base, gain, rate, span float64
	reversed               bool
	tail, decay            float64
}

// closedForm returns the law in continuous time for a rectangular PSP of the length m of the
// refractory time (docs/theory.md).
//
// Let beta1, alpha1 be the hazards of neuron 1 with and without a PSP of neuron 2, f(x) the density
// of spikes of neuron 1 at lag x of neuron 2, and g the reverse. While x < m these spikes are all
// pairs, and with R the probability that both neurons are at rest
//
//	g'(x) = beta2*(f(m-x) - g(x)),    g(0) = beta2*alpha1*R,
//	f'(x) = beta1*(g(m-x) - f(x)),    f(0) = beta1*alpha2*R.
//
// The difference D(x) = f(m-x) - g(x) then obeys D' = (beta1-beta2)*D, which gives both. D(0) has
// the factor e^W12 - e^W21: for equal weights f and g are one and the same constant, whatever the
// biases.
func closedForm(p Params) *Law {
	tau, m := float64(p.TauRef), float64(p.MinISI)
	e1, e2, w12, w21 := detmath.Exp(p.B1), detmath.Exp(p.B2), detmath.Exp(p.W12), detmath.Exp(p.W21)
	alpha1, alpha2 := e1/tau, e2/tau
	beta1, beta2 := float64(e1*w12)/tau, float64(e2*w21)/tau
	both := float64(alpha1 * alpha2)
	rate := beta1 - beta2
	g0 := float64(both * w21)
	d0 := float64(both*(w12-w21)) / (1 + float64(float64(beta1*m)*phi1(rate*m)))
	f := density{base: g0 + d0, gain: float64(beta1 * d0), rate: rate, span: m, reversed: true, decay: alpha1 + alpha2}
	g := density{base: g0, gain: float64(beta2 * d0), rate: rate, span: m, decay: alpha1 + alpha2}
	f.tail, g.tail = f.at(m)/w12, g.at(m)/w21

	// The probabilities of (0,0), of (0,1), and of z1 = 1; R = 1 so far. Neuron 2's point of view
	// gives the same.
	in1, in2 := f.below(m), g.below(m)
	total := 1 + in1/beta1 + float64((alpha1+in1)*m)
	other := 1 + in2/beta2 + float64((alpha2+in2)*m)
	for _, d := range []*density{&f, &g} {
		d.base /= total
		d.gain /= total
		d.tail /= total
	}
	l := &Law{Params: p, Rate1: (alpha1 + in1) / total, Rate2: (alpha2 + in2) / total, Residual: math.Abs(total-other) / total, closed: &closed{f, g}}
	l.Plus, l.TailPlus = f.bins(p.TMax)
	l.Minus, l.TailMinus = g.bins(p.TMax)
	return l
}

// at returns the density at x; at span it is the limit from below.
func (d *density) at(x float64) float64 {
	if x > d.span {
		return float64(d.tail * detmath.Exp(-float64(d.decay*(x-d.span))))
	}
	s := x
	if d.reversed {
		s = d.span - x
	}
	return d.base + float64(d.gain*float64(s*phi1(d.rate*s)))
}

// below returns the integral over the lags 0..x, x <= span.
func (d *density) below(x float64) float64 {
	e := func(s float64) float64 { return float64(float64(s*s) * phi2(d.rate*s)) } // integral of E
	if d.reversed {
		return float64(d.base*x) + float64(d.gain*(e(d.span)-e(d.span-x)))
	}
	return float64(d.base*x) + float64(d.gain*e(x))
}

// beyond returns the integral over the lags from x >= span on.
func (d *density) beyond(x float64) float64 {
	return float64(d.tail*detmath.Exp(-float64(d.decay*(x-d.span)))) / d.decay
}

// bins returns the integrals over (x-1, x] for x = 1 .. n-1, and that over what follows.
func (d *density) bins(n int64) (bins []float64, tail float64) {
	bins = make([]float64, n)
	for i := range bins[1:] {
		x := float64(i)
		if x < d.span {
			bins[i+1] = d.below(x+1) - d.below(x)
		} else {
			bins[i+1] = float64(d.tail*detmath.Exp(-float64(d.decay*(x-d.span)))) * phi1(-d.decay)
		}
	}
	last := float64(n - 1)
	if last < d.span {
		return bins, d.below(d.span) - d.below(last) + d.beyond(d.span)
	}
	return bins, d.beyond(last)
}

func (c *closed) drift(w synapse.Window, tau float64) (drift12, drift21 float64) {
	causal, anti := float64(w.APlus*c.plus.pairing(w.Plus)), float64(w.AMinus*c.minus.pairing(w.Minus))
	causal21, anti21 := float64(w.APlus*c.minus.pairing(w.Plus)), float64(w.AMinus*c.plus.pairing(w.Minus))
	return float64(tau * (causal + anti)), float64(tau * (causal21 + anti21))
}

// pairing returns the integral of the density times h over all lags. The integrand is a sum of
// exponentials times at most linear functions; on pieces over which none of them changes by more
// than e^2, eight nodes leave a relative error below 1e-17.
func (d *density) pairing(h synapse.Half) float64 {
	slope := 1 / h.Tau
	end := h.Tau
	if h.Shape == synapse.ExponentialWindow {
		end = 40 * h.Tau
	}
	if h.Cut > 0 {
		end = min(end, h.Cut)
	}
	part := func(from, to, rate float64) float64 {
		if to <= from {
			return 0
		}
		n := math.Ceil((to - from) * rate / 2)
		step := (to - from) / n
		sum := 0.0
		for i := range int(n) {
			mid := from + float64((float64(i)+0.5)*step)
			for _, node := range legendre {
				x := float64(node.x * step)
				a := float64(d.at(mid-x)*windowAt(h, mid-x)) + float64(d.at(mid+x)*windowAt(h, mid+x))
				sum += float64(node.w * a)
			}
		}
		return float64(sum * step)
	}
	far := d.span + 46/(d.decay+slope) // e^-46 = 1e-20
	if h.Shape == synapse.TriangularWindow {
		far = d.span + 46/d.decay
	}
	return part(0, min(end, d.span), math.Abs(d.rate)+slope) + part(d.span, min(end, far), d.decay+slope)
}

// windowAt is h at a lag of any real number x > 0 of steps, up to its end.
func windowAt(h synapse.Half, x float64) float64 {
	if h.Shape == synapse.TriangularWindow {
		return (h.Tau - x) / h.Tau
	}
	return detmath.Exp(-x / h.Tau)
}

// legendre holds the positive nodes and the weights of the eight-point Gauss-Legendre rule on
// [-1/2, 1/2] (Abramowitz & Stegun, table 25.4, halved).
var legendre = [...]struct{ x, w float64 }{
	{0.183434642495649805 / 2, 0.362683783378361983 / 2},
	{0.525532409916328986 / 2, 0.313706645877887287 / 2},
	{0.796666477413626740 / 2, 0.222381034453374471 / 2},
	{0.960289856497536232 / 2, 0.101228536290376259 / 2},
}

// phi1 is (e^z-1)/z, phi2 is (e^z-1-z)/z^2, by their series where the differences would lose
// digits.
func phi1(z float64) float64 {
	if math.Abs(z) < 1 {
		return 1 + float64(z*phi2(z))
	}
	return (detmath.Exp(z) - 1) / z
}

func phi2(z float64) float64 {
	if math.Abs(z) < 1 {
		sum := 0.0
		for n := 20.0; n >= 3; n-- { // 1/2 + z/6 + z^2/24 + ...: z^19/21! < 1e-19
			sum = float64(z/n) * (1 + sum)
		}
		return 0.5 * (1 + sum)
	}
	return (phi1(z) - 1) / z
}

// refined returns p with k steps for one.
func (p Params) refined(k int64) Params {
	p.TauRef *= k
	p.MinISI *= k
	p.TMax *= k
	p.PSP.TauRef *= k
	p.PSP.TauSyn *= float64(k)
	p.PSP.Steps *= k
	p.PSP.Cut *= k
	p.PSP.Delay *= k
	return p
}

const (
	minLevels = 4
	maxLevels = 12

	// enoughStates is the size of a system beyond which steps are not refined further: 0.2 s.
	enoughStates = 1000
	// enoughError is the relative error at which they need not be.
	enoughError = 1e-9
)

// extrapolated returns the continuous law as the limit of the discrete ones with k = 1, 2, 3, ...
// steps for one: sigma(u - ln(k*tau)) tends to e^u/(k*tau). Their rates have an expansion in powers
// of 1/k, because every edge of PSP and refractory time lies on all grids.
func (s *solver) extrapolated(p Params) (*Law, error) {
	n := int(p.TMax)
	l := &Law{Params: p}
	var series [][]float64 // by quantity (Law.coarse), then by k-1
	for k := 1; k <= maxLevels; k++ {
		if k > minLevels && (l.Error < enoughError || k*(2*s.chain(0).lump-1) > enoughStates) {
			break
		}
		f, err := s.chain(k - 1).solve(p.refined(int64(k)))
		if err != nil {
			return nil, err
		}
		l.finer = append(l.finer, f)
		l.Residual = max(l.Residual, f.Residual)
		column := f.coarse(n, k)
		if series == nil {
			series = make([][]float64, len(column))
		}
		var pairs, moved float64
		for i, x := range column {
			series[i] = append(series[i], x)
			var e float64
			column[i], e = extrapolate(series[i])
			if i < 2*n+2 {
				pairs += column[i]
				moved += e
			}
		}
		l.Error = moved / pairs
		l.Plus, l.Minus = column[:n:n], column[n:2*n:2*n]
		l.TailPlus, l.TailMinus, l.Rate1, l.Rate2 = column[2*n], column[2*n+1], column[2*n+2], column[2*n+3]
	}
	return l, nil
}

// coarse adds the rates of a law with k steps for one up, per coarse step: n bins of plus, n of
// minus, the tails, the spikes.
func (l *Law) coarse(n, k int) []float64 {
	c := make([]float64, 2*n+4)
	for j, rates := range [][]float64{l.Plus, l.Minus} {
		for d, x := range rates[1:] {
			if b := d/k + 1; b < n {
				c[j*n+b] += x
			} else {
				c[2*n+j] += x
			}
		}
	}
	c[2*n] += l.TailPlus
	c[2*n+1] += l.TailMinus
	c[2*n+2] = l.Rate1
	c[2*n+3] = l.Rate2
	for i := range c {
		c[i] *= float64(k)
	}
	return c
}

// extrapolate returns the limit for k to infinity of y[k-1], a quantity with an expansion in powers
// of 1/k (the polynomial in 1/k through all values, at 0, by Neville's rule), and how far the last
// value moved it.
func extrapolate(y []float64) (limit, moved float64) {
	n := len(y)
	t := make([]float64, n) // t[i]: through y[i-j] .. y[i]
	copy(t, y)
	previous := t[0]
	for j := 1; j < n; j++ {
		if j == n-1 {
			previous = t[n-2]
		}
		for i := n - 1; i >= j; i-- {
			t[i] += float64((t[i]-t[i-1])*float64(i+1-j)) / float64(j) // 1/((i+1)/(i+1-j) - 1)
		}
	}
	return t[n-1], math.Abs(t[n-1] - previous)
}
