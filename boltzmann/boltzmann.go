// Package boltzmann has the exact side of sampling: the distribution that a spiking sampling
// network should reach, how far a measured distribution is from it, and how near a measurement of
// this length could have come.
//
// The target over z in {0,1}^n is (docs/model.md, section 2)
//
//	p*(z) = exp(z'Wz/2 + b'z) / Z
//
// with a symmetric W without diagonal, flat and row-major (W[i*n+j] = W[j*n+i]), and a bias b. A
// distribution is a slice of 2^n probabilities; bit i of the index is z_i. Everything is found by
// enumeration, hence n <= MaxNeurons.
//
// The network's own distribution is the fraction of time that it spends in each joint state.
// [Occupancy] measures it from spikes, over every tick. [Divergence] compares the two, and
// [Occupancy.Floor] says which divergence would remain, for reasons of sampling alone, if the
// network were exact.
//
// Times are integer ticks. All sums are taken in a fixed order, and exponentials and logarithms are
// those of package detmath, so that results agree bit for bit between machines. Nothing here is
// safe for concurrent change; reading a finished Model is.
//
// In example_test.go: a target and its means, and the states of a few spikes (Occupancy).
package boltzmann

import (
	"fmt"
	"math"

	"spikealign/internal/detmath"
)

// MaxNeurons is the largest number of neurons whose 2^n joint states are enumerated.
const MaxNeurons = 20

// A TooLargeError says that a network has too many neurons for its joint states to be enumerated.
type TooLargeError struct {
	N int // neurons asked for
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("boltzmann: %d neurons have 2^%d joint states, at most 2^%d can be enumerated: "+
		"the target distribution, D_KL and its sampling floor are not available (rates, asymmetry and spikes are)", e.N, e.N, MaxNeurons)
}

// A MatrixError names an entry of W or b that no Boltzmann distribution of this package can have: a
// diagonal entry other than zero (I == J), a pair that differs, or a value that is not finite. For
// a bias, J is -1 and Wij the value.
type MatrixError struct {
	I, J     int
	Wij, Wji float64
}

func (e *MatrixError) Error() string {
	switch {
	case e.J < 0:
		return fmt.Sprintf("boltzmann: b[%d] = %v: a bias must be finite", e.I, e.Wij)
	case !finite(e.Wij) || !finite(e.Wji):
		return fmt.Sprintf("boltzmann: W[%d][%d] = %v, W[%d][%d] = %v: weights must be finite", e.I, e.J, e.Wij, e.J, e.I, e.Wji)
	case e.I == e.J:
		return fmt.Sprintf("boltzmann: W[%d][%d] = %v: the diagonal must be zero (a self-connection is the bias %v: add that to b[%d])",
			e.I, e.I, e.Wij, e.Wij/2, e.I)
	default:
		return fmt.Sprintf("boltzmann: W[%d][%d] = %v but W[%d][%d] = %v: the weights must be symmetric", e.I, e.J, e.Wij, e.J, e.I, e.Wji)
	}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Model is a Boltzmann distribution with all its probabilities.
type Model struct {
	N    int       // neurons
	P    []float64 // 2^N probabilities; bit i of the index is z_i
	LogZ float64   // ln of the partition function
}

// New enumerates the distribution of n neurons with symmetric weights w (n*n, row-major, zero
// diagonal) and biases b (n). It returns a *TooLargeError if n > MaxNeurons and a *MatrixError for
// a nonzero diagonal, an asymmetric pair or a value that is not finite. It panics if n < 1 or if a
// length does not fit n.
func New(n int, w, b []float64) (*Model, error) {
	if n < 1 || len(b) != n || len(w) != n*n {
		panic(fmt.Sprintf("boltzmann: New: n = %d with %d weights and %d biases", n, len(w), len(b)))
	}
	if n > MaxNeurons {
		return nil, &TooLargeError{N: n}
	}
	for i := range n {
		if !finite(b[i]) {
			return nil, &MatrixError{I: i, J: -1, Wij: b[i]}
		}
		for j := 0; j <= i; j++ {
			x, y := w[i*n+j], w[j*n+i]
			if !finite(x) || !finite(y) || x != y || (i == j && x != 0) {
				return nil, &MatrixError{I: i, J: j, Wij: x, Wji: y}
			}
		}
	}

	// Exponents by doubling: the states with top bit k are those below 2^k plus the field of neuron
	// k in them, and this field is itself built by doubling. Two additions a state, and at most 2n
	// roundings in any exponent, where a walk in Gray code would take n and 2^n.
	p := make([]float64, 1<<n)
	field := make([]float64, 1<<(n-1))
	for k := range n {
		field[0] = b[k]
		for j := range k {
			wkj, lo, hi := w[k*n+j], field[:1<<j], field[1<<j:2<<j]
			for z, f := range lo {
				hi[z] = f + wkj
			}
		}
		lo, hi := p[:1<<k], p[1<<k:2<<k]
		for z, e := range lo {
			hi[z] = e + field[z]
		}
	}
	top := p[0]
	for _, e := range p {
		top = max(top, e)
	}
	for z, e := range p {
		p[z] = detmath.Exp(e - top)
	}
	sum := pairwise(p)
	for z := range p {
		p[z] /= sum
	}
	return &Model{N: n, P: p, LogZ: top + detmath.Log(sum)}, nil
}

// Mean returns <z_i> for every neuron.
func (m *Model) Mean() []float64 { return Mean(m.P, m.N) }

// Coactivation returns <z_i z_j>, n x n and row-major, with <z_i> on the diagonal.
func (m *Model) Coactivation() []float64 { return Coactivation(m.P, m.N) }
