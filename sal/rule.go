package sal

import "fmt"

// SAL is spike-based alignment learning (section 3 of docs/model.md),
//
//	dw[i*n+j] += Eta * (tau/T) * (AMinus[i*n+j]*C[j][i] - APlus[i*n+j]*C[i][j])
//
// Causal pairs depress, anti-causal pairs potentiate: the weight of a synapse stronger than its
// reciprocal partner falls, and that of the partner rises. The stronger one is that of larger
// weight, sign included.
type SAL struct {
	Eta float64 // learning rate
	// amplitude of the causal and the anti-causal half for each synapse, n*n, usually near 1; nil:
	// all 1
	APlus, AMinus []float64
}

// Add adds the weight changes for the pair sums c, gathered over duration ticks, to dw, n*n
// row-major with the synapse from presynaptic j to postsynaptic i at i*n+j. The diagonal is left
// alone. It panics if duration is not positive, or if dw or an amplitude has a wrong length.
func (r SAL) Add(dw []float64, c *PairSums, duration int64) {
	c.add(dw, r.Eta, duration, -1, 1, r.APlus, r.AMinus)
}

// Change returns what Add adds to the synapse from j to i, bit for bit; 0 for i = j.
func (r SAL) Change(c *PairSums, i, j int, duration int64) float64 {
	rate := c.rate(r.Eta, duration, r.APlus, r.AMinus)
	return c.change(i, j, rate, -1, 1, r.APlus, r.AMinus)
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

// Add adds the weight changes for the pair sums c to dw, as SAL.Add does.
func (r Hebbian) Add(dw []float64, c *PairSums, duration int64) {
	c.add(dw, r.Eta, duration, 1, 1, r.Amplitude, r.Amplitude)
}

// add adds eta*(tau/duration)*(p*plus[i][j]*C[i][j] + m*minus[i][j]*C[j][i]); nil stands for ones.
func (c *PairSums) add(dw []float64, eta float64, duration int64, p, m float64, plus, minus []float64) {
	n := c.n
	if len(dw) != n*n {
		panic(fmt.Sprintf("sal: %d weight changes for %d neurons", len(dw), n))
	}
	rate := c.rate(eta, duration, plus, minus)
	for i := range n {
		for j := range n {
			if i != j {
				dw[i*n+j] += c.change(i, j, rate, p, m, plus, minus)
			}
		}
	}
}

// rate returns eta*tau/duration. It panics if one of the amplitudes does not fit.
func (c *PairSums) rate(eta float64, duration int64, plus, minus []float64) float64 {
	if n := c.n * c.n; plus != nil && len(plus) != n || minus != nil && len(minus) != n {
		panic(fmt.Sprintf("sal: amplitudes do not fit %d neurons", c.n))
	}
	if duration <= 0 {
		panic(fmt.Sprintf("sal: pair sums of %d ticks", duration))
	}
	return eta * (c.half.Tau / float64(duration))
}

func (c *PairSums) change(i, j int, rate, p, m float64, plus, minus []float64) float64 {
	if plus != nil {
		p *= plus[i*c.n+j]
	}
	if minus != nil {
		m *= minus[i*c.n+j]
	}
	return float64(rate * (float64(p*c.At(i, j)) + float64(m*c.At(j, i))))
}
