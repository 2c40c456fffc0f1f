package boltzmann

import (
	"fmt"
	"math"

	"spikealign/internal/detmath"
)

// checkStates panics unless p is a distribution over the states of n neurons.
func checkStates(f string, p []float64, n int) {
	if n < 0 || n > MaxNeurons || len(p) != 1<<n {
		panic(fmt.Sprintf("boltzmann: %s: %d probabilities for %d neurons", f, len(p), n))
	}
}

// pairwise sums by halves: the rounding error grows with the logarithm of the length.
func pairwise(x []float64) float64 {
	if len(x) <= 8 {
		s := 0.0
		for _, v := range x {
			s += v
		}
		return s
	}
	h := len(x) / 2
	return pairwise(x[:h]) + pairwise(x[h:])
}

// fold sums the top bit out of p: dst[z] = p[z] + p[z with the top bit]. dst may be p. Folds make
// pairwise sums.
func fold(dst, p []float64) []float64 {
	h := len(p) / 2
	dst = dst[:h]
	for z, hi := range p[h:] {
		dst[z] = p[z] + hi
	}
	return dst
}

// means writes <z_i> of p into dst; buf is scratch of half the length of p.
func means(dst, p, buf []float64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = pairwise(p[len(p)/2:])
		p = fold(buf, p)
	}
}

// Mean returns the n probabilities that z_i = 1 under p.
func Mean(p []float64, n int) []float64 {
	checkStates("Mean", p, n)
	dst := make([]float64, n)
	means(dst, p, make([]float64, len(p)/2))
	return dst
}

// Coactivation returns the n*n row-major matrix of the probabilities under p that z_i and z_j are
// both 1; the diagonal is the mean.
func Coactivation(p []float64, n int) []float64 {
	checkStates("Coactivation", p, n)
	c := make([]float64, n*n)
	rest, buf := make([]float64, len(p)/2), make([]float64, len(p)/2)
	for i := n - 1; i >= 0; i-- {
		// The upper half is the distribution with z_i = 1; its means are row i.
		on := p[len(p)/2:]
		c[i*n+i] = pairwise(on)
		means(c[i*n:i*n+i], on, buf)
		for j := range i {
			c[j*n+i] = c[i*n+j]
		}
		p = fold(rest, p)
	}
	return c
}

// Marginal returns the distribution of the neurons keep under the distribution p of n neurons: bit
// k of its index is z_keep[k]. The order of keep is free; it panics if keep repeats a neuron or
// names one outside 0..n-1.
func Marginal(p []float64, n int, keep []int) []float64 {
	checkStates("Marginal", p, n)
	mask := 0
	for _, i := range keep {
		if i < 0 || i >= n || mask>>i&1 == 1 {
			panic(fmt.Sprintf("boltzmann: Marginal: keep = %v of %d neurons", keep, n))
		}
		mask |= 1 << i
	}
	q := append([]float64(nil), p...)
	for i := n - 1; i >= 0; i-- {
		if mask>>i&1 == 1 {
			continue
		}
		// Every block of 2^(i+1) states loses its upper half.
		h := 1 << i
		for to, from := 0, 0; from < len(q); to, from = to+h, from+2*h {
			fold(q[to:], q[from:from+2*h])
		}
		q = q[:len(q)/2]
	}
	// q now has the kept neurons in ascending order; place[k] is the bit of keep[k] in it.
	place := make([]int, len(keep))
	for k, i := range keep {
		for j := range i {
			place[k] += mask >> j & 1
		}
	}
	dst := make([]float64, len(q))
	for z := range dst {
		from := 0
		for k, j := range place {
			from |= z >> k & 1 << j
		}
		dst[z] = q[from]
	}
	return dst
}

// Conditional returns the distribution of the free neurons, in ascending order, given that the
// neurons in mask (bit i for neuron i) have the values in the same bits of value; pFixed is the
// probability of this condition. If pFixed is 0 the distribution is nil. It panics if mask has bits
// beyond n or value has bits beyond mask.
func Conditional(p []float64, n int, mask, value uint32) (q []float64, pFixed float64) {
	checkStates("Conditional", p, n)
	if mask>>n != 0 || value&^mask != 0 {
		panic(fmt.Sprintf("boltzmann: Conditional: mask %#x, value %#x for %d neurons", mask, value, n))
	}
	for z, x := range p {
		if uint32(z)&mask == value {
			q = append(q, x)
		}
	}
	pFixed = pairwise(q)
	if pFixed == 0 {
		return nil, 0
	}
	for z := range q {
		q[z] /= pFixed
	}
	return q, pFixed
}

// KL returns the Kullback-Leibler divergence D(p || q) = sum p ln(p/q) in nats. States with p = 0
// contribute nothing; a state with q = 0 < p makes it +Inf. Both must have the same length and sum
// to 1; for equal distributions rounding can leave a result of about -1e-16.
func KL(p, q []float64) float64 {
	if len(p) != len(q) {
		panic(fmt.Sprintf("boltzmann: KL: %d and %d states", len(p), len(q)))
	}
	var sum, lost float64 // Neumaier's compensated sum
	for z, a := range p {
		if a == 0 {
			continue
		}
		if q[z] == 0 {
			return math.Inf(1)
		}
		var x float64
		if r := a / q[z]; r > 0 && r <= math.MaxFloat64 {
			x = float64(a * detmath.Log(r))
		} else {
			x = float64(a * (detmath.Log(a) - detmath.Log(q[z])))
		}
		s := sum + x
		if math.Abs(sum) >= math.Abs(x) {
			lost += float64(sum-s) + x
		} else {
			lost += float64(x-s) + sum
		}
		sum = s
	}
	return sum + lost
}

// Estimate is a divergence estimated from a measurement of finite length.
type Estimate struct {
	DKL       float64 // D(target || measured), nats
	Unvisited int     // states of positive target probability in which no time was spent
	Plain     bool    // whether DKL is the plain estimate, without additions
}

// Divergence estimates D(target || p), where p is known by counts, the time spent in every state
// (ticks).
//
// If every state of positive target probability was visited, p is counts over their sum and the
// estimate is plain. Otherwise the plain estimate would be infinite; then half a sample is added to
// every state, visited or not, before p is normalised. One sample is unit ticks, for which the
// refractory time is the natural choice: the network holds about one independent state per
// refractory time at best. The two estimates are not comparable, which is why Plain and Unvisited
// travel with the number.
//
// It panics if the lengths differ, if unit is not positive, or if a count is negative.
func Divergence(target []float64, counts []int64, unit float64) Estimate {
	if len(target) != len(counts) || !(unit > 0) {
		panic(fmt.Sprintf("boltzmann: Divergence: %d probabilities, %d counts, unit %v", len(target), len(counts), unit))
	}
	var e Estimate
	var total int64
	for z, c := range counts {
		if c < 0 {
			panic(fmt.Sprintf("boltzmann: Divergence: state %d has count %d", z, c))
		}
		if c == 0 && target[z] > 0 {
			e.Unvisited++
		}
		total += c
	}
	e.Plain = e.Unvisited == 0
	add := 0.0
	if !e.Plain {
		add = unit / 2
	}
	sum := float64(total) + float64(add*float64(len(counts)))
	p := make([]float64, len(counts))
	for z, c := range counts {
		p[z] = (float64(c) + add) / sum
	}
	e.DKL = KL(target, p)
	return e
}
