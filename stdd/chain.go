package stdd

import (
	"errors"
	"math"

	"spikealign/internal/detmath"
)

// The chain and its reduction (docs/theory.md).
//
// After a spike of neuron 1 at which neuron 2 has the lag a, the chain is in (1, a) and then walks
// along a diagonal, (2, a+1), (3, a+2), ..., until the next spike:
//
//	a1 ^                          . . .
//	   |        both free       .   /
//	 m +-----------+-----------+---/------
//	   |           |  only 2  /|  /
//	   |   both    |  can fire | /
//	   |refractory |     /     |/
//	 1 +-----------+----*------*---------> a2      starts (1, a)
//
// So the law is known once the rates of the starts are: f(a) of (1, a), g(a) of (a, 1), and c of
// the coincidence (1, 1). These are stationary under the chain from spike to spike. From lag top
// on, beyond both PSP and refractory time, hazards are constant and everything is geometric. And
// all starts with a >= lump have the same future: neuron 2 is free, and its PSP is over before
// neuron 1 is free again. This leaves 2*lump-1 states, about two per step of the refractory time,
// and a dense system for which elimination is fast and, without subtractions (Grassmann, Taksar &
// Heyman, Operations Research 33:1107, 1985), accurate to a few units in the last place.

// grid is what a law depends on besides weights and biases.
type grid struct {
	isi int // shortest interval m
	// from this lag on a lag is forgotten: beyond the PSP, and not refractory; at most TMax
	top   int
	lump  int       // starts with this lag or more have one future; at least 2
	kappa []float64 // PSP at lags 0..top; 0 at top
}

func newGrid(p Params) grid {
	end := int(min(p.PSP.Length(), p.TMax-1))
	isi := int(p.MinISI)
	g := grid{isi: isi, top: max(end+1, isi), lump: max(isi, end-isi+2, 2)}
	g.kappa = make([]float64, g.top+1)
	for l := 1; l <= end; l++ {
		g.kappa[l] = p.PSP.At(int64(l))
	}
	return g
}

// uMax bounds potentials, as in the simulators: beyond it spiking is certain for every purpose.
const uMax = 64 * math.Ln2

// hazards holds the probabilities of a free neuron to spike (h) and not to spike (q) in a step, by
// the lag of the other neuron, 0..top. Both are computed on their own, so that neither loses digits
// when it is small.
type hazards struct{ h, q []float64 }

func (z *hazards) set(kappa []float64, w, b, logTau float64) {
	for l, k := range kappa {
		if l > 0 && k == kappa[l-1] {
			z.h[l], z.q[l] = z.h[l-1], z.q[l-1]
			continue
		}
		x := min(b+float64(w*k), uMax) - logTau
		z.h[l], z.q[l] = detmath.Logistic(x), detmath.Logistic(-x)
	}
}

// flows collects where walks end: rates of the starts that follow, rates of pairs, and time.
type flows struct {
	// next spike by the neuron that spiked last, by the other one: by the lag 2..lump of the start
	// that follows, at index lag-2
	self, other []float64
	// spikes of the other neuron at lag 1..top; what is beyond decays from top on
	pairs []float64
	both  float64 // coincidences
	time  float64
}

// walk adds to out what becomes of the rate w of starts at which self has just spiked and the other
// neuron has lag a. One pass along a diagonal: about 10 operations for each of at most top steps.
func (g *grid) walk(self, other *hazards, a int, w float64, out *flows) {
	m, top, last := g.isi, g.top, g.lump-2
	x, y := 1, a
	if y < m {
		x += m - y
		out.time += float64(w * float64(m-y))
		y = m
	}
	for ; x < m; x++ {
		out.time += w
		d := float64(w * other.h[x])
		out.other[x-1] += d
		out.pairs[x] += d
		w = float64(w * other.q[x])
	}
	y = min(a+x-1, top)
	for ; x < top; x++ {
		out.time += w
		hs, qs, ho, qo := self.h[y], self.q[y], other.h[x], other.q[x]
		d := float64(w * ho)
		e := float64(w * hs)
		out.pairs[x] += d
		out.other[min(x-1, last)] += float64(d * qs)
		out.self[min(y-1, last)] += float64(e * qo)
		out.both += float64(d * hs)
		w = float64(w * float64(qs*qo))
		y = min(y+1, top)
	}
	hs, qs, ho, qo := self.h[top], self.q[top], other.h[top], other.q[top]
	out.pairs[top] += float64(w * ho)
	w /= hs + float64(ho*qs) // 1 - qs*qo: the sum over all further steps
	out.time += w
	out.other[last] += float64(w * float64(ho*qs))
	out.self[last] += float64(w * float64(hs*qo))
	out.both += float64(w * float64(hs*ho))
}

// chain solves discrete laws on one grid. It keeps its memory from law to law and serves one
// goroutine.
//
// Starts are numbered: 0 is the coincidence, then come the spikes of neuron 1 by the lag 2..lump of
// neuron 2, then the reverse.
type chain struct {
	grid
	z1, z2       hazards
	matrix       []float64
	rates, after []float64 // rates of the starts, and of what follows them
	one, two     []float64 // pairs by lag: neuron 1 second, neuron 2 second
	unused       []float64
}

func newChain(p Params) *chain {
	g := newGrid(p)
	k, n := g.top+1, 2*g.lump-1
	buf := make([]float64, 7*k)
	cut := func() []float64 { b := buf[:k:k]; buf = buf[k:]; return b }
	return &chain{grid: g, z1: hazards{cut(), cut()}, z2: hazards{cut(), cut()}, one: cut(), two: cut(), unused: cut(),
		matrix: make([]float64, n*n), rates: make([]float64, n), after: make([]float64, n)}
}

// walkAll walks from the first n starts, with the given weights (nil: ones), and adds what follows
// to the rows of to, which are stride apart: 0 adds all up in one row. It returns the time spent,
// in steps. Pairs go to c.one and c.two.
func (c *chain) walkAll(n int, weights, to []float64, stride int) (time float64) {
	m := c.lump - 1 // starts of one kind
	for s := range n {
		row := to[s*stride:]
		o := flows{self: row[1 : m+1], other: row[n-m : n], pairs: c.two}
		self, other, a, w := &c.z1, &c.z2, s+1, 1.0
		switch {
		case s == 0:
			o.pairs = c.unused // spikes after a coincidence have no partner
		case s > m:
			o.self, o.other, o.pairs = o.other, o.self, c.one
			self, other, a = other, self, s-m+1
		}
		if weights != nil {
			w = weights[s]
		}
		c.walk(self, other, a, w, &o)
		row[0] += o.both
		time += o.time
	}
	return time
}

var errApart = errors.New("the chain of lags falls apart into pieces that do not reach each other")

// stationary solves x = x*P for the n*n matrix p with nonnegative entries, up to a factor, with
// x[0] = 1; the diagonal is not used, rows need not add up exactly. Each state in turn, the last
// first, is cut out of the chain: what flows through it flows past it. n^3/3 multiplications; rows
// are run along in memory.
func stationary(x, p []float64, n int) error {
	for k := n - 1; k > 0; k-- {
		row := p[k*n : k*n+k]
		out := 0.0
		for _, v := range row {
			out += v
		}
		if !(out > 0) {
			return errApart
		}
		for i := range k {
			f := p[i*n+k] / out
			p[i*n+k] = f
			if f == 0 {
				continue
			}
			to := p[i*n : i*n+k]
			for j, v := range row {
				to[j] += float64(f * v)
			}
		}
	}
	x[0] = 1
	for k := 1; k < n; k++ {
		sum := 0.0
		for i := range k {
			sum += float64(x[i] * p[i*n+k])
		}
		x[k] = sum
	}
	return nil
}

// solve returns the law of resolved and valid parameters on the chain's grid. It is even to the bit
// for equal neurons; that exchanging them mirrors it is the caller's business.
func (c *chain) solve(p Params) (*Law, error) {
	logTau := detmath.Log(float64(p.TauRef))
	c.z1.set(c.kappa, p.W12, p.B1, logTau)
	c.z2.set(c.kappa, p.W21, p.B2, logTau)
	m := c.lump - 1
	n := 2*m + 1
	equal := p.W12 == p.W21 && p.B1 == p.B2
	if equal {
		n = m + 1 // a start and its mirror image are one state
	}
	matrix, x, r := c.matrix[:n*n], c.rates[:n], c.after[:n]
	clear(matrix)
	c.walkAll(n, nil, matrix, n)
	if err := stationary(x, matrix, n); err != nil {
		return nil, err
	}
	clear(r)
	clear(c.one)
	clear(c.two)
	time := c.walkAll(n, x, r, 0)

	l := &Law{Params: p, Plus: make([]float64, p.TMax), Minus: make([]float64, p.TMax), Coincidence: x[0] / time}
	for s, v := range x {
		l.Residual += math.Abs(r[s]-v) / time
		if s > 0 && s <= m {
			l.Rate1 += v / time
		} else if s > m {
			l.Rate2 += v / time
		}
	}
	if equal {
		time *= 2 // what was counted are both neurons' pairs and spikes
		l.Rate1 /= 2
		l.Rate2 = l.Rate1
		copy(c.one, c.two)
	}
	l.Rate1 += l.Coincidence
	l.Rate2 += l.Coincidence
	ho, qo, hs, qs := c.z2.h[c.top], c.z2.q[c.top], c.z1.h[c.top], c.z1.q[c.top]
	l.stop = hs + float64(ho*qs)
	decay := float64(qs * qo)
	fill := func(rates, pairs []float64) (tail float64) {
		for d := 1; d < len(rates); d++ {
			if d <= c.top {
				tail = pairs[d] / time
			} else {
				tail = float64(tail * decay)
			}
			rates[d] = tail
		}
		if c.top == len(rates) {
			tail = pairs[c.top] / time
		} else {
			tail = float64(tail * decay)
		}
		return tail / l.stop
	}
	l.TailPlus = fill(l.Plus, c.one)
	l.TailMinus = fill(l.Minus, c.two)
	return l, nil
}
