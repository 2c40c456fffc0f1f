package sal

import "fmt"

// A Rule forms weight changes from the pair sums of an epoch. Weights are n*n row-major, the
// synapse from presynaptic j to postsynaptic i at i*n+j. The diagonal is left alone.
type Rule interface {
	// Add adds the weight changes for the pair sums c, gathered over duration ticks, to dw. It
	// panics if duration is not positive or if dw or a field of the rule has a wrong length.
	Add(dw []float64, c *PairSums, duration int64)
}

// SAL is spike-based alignment learning (section 3 of docs/model.md),
//
//	dw[i*n+j] += Eta * (tau/T) * (AMinus[i*n+j]*C[j][i] - APlus[i*n+j]*C[i][j])
//
// Causal pairs depress, anti-causal pairs potentiate: a synapse stronger than its reciprocal
// partner shrinks and the partner grows.
type SAL struct {
	Eta float64 // learning rate
	// amplitude of the causal and the anti-causal half for each synapse, n*n, usually near 1; nil:
	// all 1
	APlus, AMinus []float64
}

// Add implements Rule.
func (r SAL) Add(dw []float64, c *PairSums, duration int64) {
	c.add(dw, r.Eta, duration, -1, 1, r.APlus, r.AMinus)
}

// Hebbian adds coactivation,
//
//	dw[i*n+j] += Eta * Amplitude[i*n+j] * (tau/T) * (C[i][j] + C[j][i])
//
// Pairs of either order potentiate. With a triangular window whose width tau is the refractory
// time, and Eta 1, this is <z_i z_j>, the share of time in which both neurons are within tau after
// a spike; but a coincidence, being of lag zero, does not count, where it would add tau/T.
// Wake-sleep learning subtracts the network's coactivation from the target's: Eta is minus the
// learning rate.
type Hebbian struct {
	Eta       float64   // learning rate; 1 for coactivation itself
	Amplitude []float64 // for each synapse, n*n, usually near 1; nil: all 1
}

// Add implements Rule.
func (r Hebbian) Add(dw []float64, c *PairSums, duration int64) {
	c.add(dw, r.Eta, duration, 1, 1, r.Amplitude, r.Amplitude)
}

// Pairs is the general learning window over pair sums with one half for both signs,
//
//	dw[i*n+j] += Eta * (tau/T) * (APlus*C[i][j] + AMinus*C[j][i])
//
// Positive amplitudes potentiate: SAL is APlus = -1, AMinus = 1, common spike-timing-dependent
// plasticity APlus > 0 > AMinus. For halves that differ see SynapseSums and Online.
type Pairs struct {
	Eta           float64 // learning rate
	APlus, AMinus float64 // amplitude of the causal and of the anti-causal half
}

// Add implements Rule.
func (r Pairs) Add(dw []float64, c *PairSums, duration int64) {
	c.add(dw, r.Eta, duration, r.APlus, r.AMinus, nil, nil)
}

// add adds eta*(tau/duration)*(p*plus[i][j]*C[i][j] + m*minus[i][j]*C[j][i]); nil stands for ones.
func (c *PairSums) add(dw []float64, eta float64, duration int64, p, m float64, plus, minus []float64) {
	n := c.n
	if len(dw) != n*n || plus != nil && len(plus) != n*n || minus != nil && len(minus) != n*n {
		panic(fmt.Sprintf("sal: weight changes or amplitudes do not fit %d neurons", n))
	}
	if duration <= 0 {
		panic(fmt.Sprintf("sal: pair sums of %d ticks", duration))
	}
	rate := eta * (c.half.Tau / float64(duration))
	for i := range n {
		for j := range n {
			if i == j {
				continue
			}
			at := i*n + j
			a, b := p, m
			if plus != nil {
				a *= plus[at]
			}
			if minus != nil {
				b *= minus[at]
			}
			dw[at] += float64(rate * (float64(a*c.At(i, j)) + float64(b*c.At(j, i))))
		}
	}
}
