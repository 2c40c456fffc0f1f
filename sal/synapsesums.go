package sal

import (
	"fmt"

	"spikealign/spike"
	"spikealign/synapse"
)

// SynapseSums is PairSums with a learning window of its own for every synapse, for time constants
// that differ. For the synapse from j to i with halves f_plus, f_minus it holds
//
//	P[i][j] = sum over pairs with t_i > t_j of f_plus((t_i-t_j)/tau_plus)       causal
//	M[i][j] = sum over pairs with t_i < t_j of f_minus((t_j-t_i)/tau_minus)     anti-causal
//
// With one half shared by all, P[i][j] and M[j][i] equal C[i][j] of PairSums bit for bit. Where
// only amplitudes differ, PairSums and a Rule do the same work much faster.
//
// The zero value is good for UnmarshalBinary only. A SynapseSums must not be copied.
type SynapseSums struct {
	history
	windows []synapse.Window // of the synapse from j to i at i*n+j
	// Sums of weights, of the row of the neuron that fires second.
	plus  []float64 // P[i][j] at i*n+j
	minus []float64 // M[j][i] at i*n+j
}

// NewSynapseSums returns empty sums of n neurons. windows has n*n entries, that of the synapse from
// j to i at i*n+j; the diagonal is not used. It panics if n < 1, if windows has another length, or
// if one of the windows or p is not valid. windows is copied.
func NewSynapseSums(n int, windows []synapse.Window, p synapse.Pairing) *SynapseSums {
	if n < 1 || len(windows) != n*n {
		panic(fmt.Sprintf("sal: %d windows for %d neurons", len(windows), n))
	}
	c := &SynapseSums{windows: append([]synapse.Window(nil), windows...)}
	for at := range c.windows {
		if at/n == at%n {
			c.windows[at] = synapse.Window{}
			continue
		}
		mustBeValid(n, windows[at], p)
	}
	c.start(n, p, longest(c.windows), false)
	c.setSums()
	return c
}

// longest returns the longest support of windows.
func longest(windows []synapse.Window) int64 {
	var d int64
	for _, w := range windows {
		d = max(d, w.Plus.Support(), w.Minus.Support())
	}
	return d
}

func (c *SynapseSums) setSums() {
	c.plus = make([]float64, c.n*c.n)
	c.minus = make([]float64, c.n*c.n)
}

// Causal returns P[i][j], of the synapse from j to i; 0 for i = j.
func (c *SynapseSums) Causal(i, j int) float64 {
	at := c.index(i, j)
	return sumOf(c.windows[at].Plus, c.plus[at])
}

// AntiCausal returns M[i][j], of the synapse from j to i; 0 for i = j.
func (c *SynapseSums) AntiCausal(i, j int) float64 {
	return sumOf(c.windows[c.index(i, j)].Minus, c.minus[c.index(j, i)])
}

func (c *SynapseSums) index(i, j int) int {
	if uint(i) >= uint(c.n) || uint(j) >= uint(c.n) {
		panic(fmt.Sprintf("sal: pair %d,%d is outside 0..%d", i, j, c.n-1))
	}
	return i*c.n + j
}

// Count returns the number of spikes of neuron i since the last ResetSums or Reset.
func (c *SynapseSums) Count(i int) int64 { return c.counts[i] }

// Add adds scale*(APlus*P[i][j] + AMinus*M[i][j]), with the amplitudes of the synapse's window, to
// the off-diagonal entries of dw, row-major n*n. For spike-based alignment learning the windows
// have APlus < 0 < AMinus, and scale is eta*tau/T.
func (c *SynapseSums) Add(dw []float64, scale float64) {
	if len(dw) != c.n*c.n {
		panic(fmt.Sprintf("sal: %d weight changes for %d neurons", len(dw), c.n))
	}
	for i := range c.n {
		for j := range c.n {
			if i == j {
				continue
			}
			w := &c.windows[i*c.n+j]
			dw[i*c.n+j] += float64(scale * (float64(w.APlus*c.Causal(i, j)) + float64(w.AMinus*c.AntiCausal(i, j))))
		}
	}
}

// ResetSums zeroes sums and counts and keeps recent spikes as partners, as PairSums.ResetSums does.
func (c *SynapseSums) ResetSums() {
	clear(c.plus)
	clear(c.minus)
	clear(c.counts)
}

// Reset forgets everything but the windows. Times may begin at 0 again.
func (c *SynapseSums) Reset() {
	c.ResetSums()
	c.forget()
}

// Spike adds a spike of neuron i at time t. It panics if t is negative or before an earlier
// spike's, or if there is no such neuron.
func (c *SynapseSums) Spike(t int64, i int32) {
	c.check(i)
	c.advance(t)
	row := int(i) * c.n
	for _, e := range c.partners(i) {
		if j := int(e.Neuron); j != c.n && j != int(i) {
			c.plus[row+j] += weight(c.windows[row+j].Plus, t-e.Time)
			c.minus[row+j] += weight(c.windows[j*c.n+int(i)].Minus, t-e.Time)
		}
	}
	c.fire(i)
}

// Observe adds spikes in order of time; it panics as Spike does.
func (c *SynapseSums) Observe(events []spike.Event) {
	for _, e := range events {
		c.Spike(e.Time, e.Neuron)
	}
}

const synapseSumsTag = "SSM1"

// AppendBinary appends the whole state, windows and pairing included, to b. The error is always
// nil.
func (c *SynapseSums) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, synapseSumsTag...)
	b = appendInts(b, int64(c.n))
	for _, w := range c.windows {
		b = appendWindow(b, w)
	}
	b = c.append(b)
	b = appendFloats(b, c.plus...)
	return appendFloats(b, c.minus...), nil
}

// UnmarshalBinary restores sums from the form that AppendBinary writes. After an error c is
// unchanged.
func (c *SynapseSums) UnmarshalBinary(b []byte) error {
	r := newReader(b, synapseSumsTag)
	n := r.count(windowSize)
	if n < 1 || n > len(r.b)/windowSize/n {
		r.fail("number of neurons")
	}
	if r.err != nil {
		return r.err
	}
	d := SynapseSums{windows: make([]synapse.Window, n*n)}
	for at := range d.windows {
		d.windows[at] = r.window()
		if at/n != at%n && d.windows[at].Validate() != nil || at/n == at%n && d.windows[at] != (synapse.Window{}) {
			r.fail("learning window")
			return r.err
		}
	}
	d.read(r, n, longest(d.windows), false)
	if r.err != nil {
		return r.err
	}
	d.setSums()
	for _, sums := range [][]float64{d.plus, d.minus} {
		for at := range sums {
			if sums[at] = r.float(); sums[at] < 0 || at/d.n == at%d.n && sums[at] != 0 {
				r.fail("pair sum")
			}
		}
	}
	if err := r.done(); err != nil {
		return err
	}
	*c = d
	return nil
}
