package sal

import (
	"fmt"
	"slices"

	"spikealign/internal/state"
	"spikealign/spike"
	"spikealign/synapse"
)

// PairSums holds the causal pair sums of n neurons,
//
//	C[i][j] = sum of f((t_i-t_j)/tau) over pairs of a spike of i at t_i and one of j at t_j < t_i
//
// for one half window f and one pairing, both shared by all neurons. It is fed spike by spike, in
// order of time, or in batches; the split into batches and the order of simultaneous spikes do not
// change a bit of the sums. Triangles of integer width are summed without rounding. Memory is 8 n^2
// bytes and a little for every spike within the window's support. Feeding allocates nothing once
// the largest number of these has been seen.
//
// A spike costs time in proportion to the spikes it pairs with. With pairing all, an exponential
// window that is not cut reaches back 40 tau.
//
// The zero value is good for UnmarshalBinary only. A PairSums must not be copied.
type PairSums struct {
	history
	half synapse.Half
	// weight of a pair of lag 0..support; nil if exact, or if the support is too long
	table []float64

	// Sums of weights, C[i][j] at i*stride+j: sum, or tri if the weights are integers. The diagonal
	// and the last column, where the log needs one for the dummy neuron, mean nothing.
	stride int
	sum    []float64
	tri    []int64
	width  int64 // tau, where tri is in use
}

// maxTable is the longest support that a table is made for: half a megabyte.
const maxTable = 1 << 16

// weight returns what a pair of lag d > 0 adds to a sum: f(d/tau), but tau*f(d/tau) for a triangle,
// so that integers add up exactly.
func weight(h synapse.Half, d int64) float64 {
	switch {
	case d > h.Support():
		return 0
	case h.Shape == synapse.TriangularWindow:
		return h.Tau - float64(d)
	}
	return h.At(d)
}

// sumOf turns a sum of weights into one of f(d/tau).
func sumOf(h synapse.Half, weights float64) float64 {
	if h.Shape == synapse.TriangularWindow {
		return weights / h.Tau
	}
	return weights
}

// NewPairSums returns empty sums of n neurons. It panics if n < 1, or if half or p is not valid.
func NewPairSums(n int, half synapse.Half, p synapse.Pairing) *PairSums {
	mustBeValid(n, half, p)
	c := new(PairSums)
	c.start(n, p, half.Support(), wholeTriangle(half))
	c.setHalf(half)
	return c
}

func mustBeValid(n int, w interface{ Validate() error }, p synapse.Pairing) {
	if n < 1 {
		panic(fmt.Sprintf("sal: %d neurons", n))
	}
	if err := w.Validate(); err != nil {
		panic("sal: " + err.Error())
	}
	if err := p.Validate(); err != nil {
		panic("sal: " + err.Error())
	}
}

// integerTriangle reports whether all weights of h are integers.
func integerTriangle(h synapse.Half) bool {
	return h.Shape == synapse.TriangularWindow && h.Tau == float64(int64(h.Tau))
}

// wholeTriangle reports whether h is an integer triangle without a cut, so that weights need no
// test of the support.
func wholeTriangle(h synapse.Half) bool {
	return integerTriangle(h) && h.Support() == int64(h.Tau)-1
}

// setHalf allocates sums and table for a history that is ready.
func (c *PairSums) setHalf(half synapse.Half) {
	c.half = half
	c.stride = c.n
	if c.latest == nil {
		c.stride++
	}
	switch {
	case integerTriangle(half):
		c.tri = make([]int64, c.n*c.stride)
		c.width = int64(half.Tau)
		return
	case c.support < maxTable:
		c.table = make([]float64, c.support+1)
		for d := range c.table[1:] {
			c.table[d+1] = weight(half, int64(d+1))
		}
	}
	c.sum = make([]float64, c.n*c.stride)
}

// N returns the number of neurons.
func (c *PairSums) N() int { return c.n }

// Half returns the half window of the sums.
func (c *PairSums) Half() synapse.Half { return c.half }

// Pairing returns the pairing of the sums.
func (c *PairSums) Pairing() synapse.Pairing { return c.pairing }

// At returns C[i][j], the sum over pairs in which i fires after j; 0 for i = j.
func (c *PairSums) At(i, j int) float64 {
	if uint(i) >= uint(c.n) || uint(j) >= uint(c.n) {
		panic(fmt.Sprintf("sal: pair %d,%d is outside 0..%d", i, j, c.n-1))
	}
	if i == j {
		return 0
	}
	if c.tri != nil {
		return float64(c.tri[i*c.stride+j]) / c.half.Tau
	}
	return sumOf(c.half, c.sum[i*c.stride+j])
}

// Count returns the number of spikes of neuron i since the last ResetSums or Reset.
func (c *PairSums) Count(i int) int64 { return c.counts[i] }

// ResetSums begins an epoch: sums and counts are zero, but recent spikes stay partners, so that a
// pair that straddles two epochs counts once, in the epoch of its later spike.
func (c *PairSums) ResetSums() {
	clear(c.sum)
	clear(c.tri)
	clear(c.counts)
}

// Reset forgets everything. Times may begin at 0 again.
func (c *PairSums) Reset() {
	c.ResetSums()
	c.forget()
}

// Spike adds a spike of neuron i at time t. It panics if t is negative or before an earlier
// spike's, or if there is no such neuron.
func (c *PairSums) Spike(t int64, i int32) {
	c.Observe([]spike.Event{{Time: t, Neuron: i}})
}

// Observe adds spikes in order of time; it panics as Spike does. A recorded train that is not known
// to be one goes through spike.Check first.
func (c *PairSums) Observe(events []spike.Event) {
	if c.latest != nil {
		c.observeDense(events)
		return
	}
	for _, e := range events {
		c.check(e.Neuron)
		c.advance(e.Time)
		c.pair(e.Time, e.Neuron)
		c.fire(e.Neuron)
	}
}

// pair adds the weights of the pairs that a spike of i at t completes. It needs the log.
func (c *PairSums) pair(t int64, i int32) {
	partners := c.partners(i)
	at := int(i) * c.stride
	switch {
	case c.tri != nil:
		row := c.tri[at:][:c.stride]
		since := t - c.width
		for _, e := range partners {
			row[e.Neuron] += e.Time - since
		}
	case c.table != nil:
		row := c.sum[at:][:c.stride]
		for _, e := range partners {
			row[e.Neuron] += c.table[t-e.Time]
		}
	default:
		row := c.sum[at:][:c.stride]
		for _, e := range partners {
			row[e.Neuron] += weight(c.half, t-e.Time)
		}
	}
}

// observeDense is Observe for an integer triangle and a small network, whose latest spikes are all
// visited: no branch depends on who fired when, coincidences apart. The spike before stays in a
// register, because the next visit would have to wait for one that went through pending.
func (c *PairSums) observeDense(events []spike.Event) {
	if len(events) == 0 {
		return
	}
	checkTime(events[len(events)-1].Time)
	c.advance(events[0].Time)
	n, now, counts := c.n, c.now, c.counts
	latest := c.latest
	nearest := c.pairing.Kind == synapse.Nearest
	before := 0 // who fired before in this batch
	for k, e := range events {
		c.check(e.Neuron)
		i := int(e.Neuron)
		if e.Time != now {
			latest[before] = now
			if e.Time < now || len(c.pending) > 0 {
				c.advance(e.Time)
			}
			now = e.Time
			c.now = now
		} else if k > 0 {
			c.pending = append(c.pending, int32(before))
		}
		before = i
		counts[i]++
		since := now - c.width
		least := int64(0)
		if nearest {
			least = max(0, latest[i]-since)
		}
		row := c.tri[i*n:][:n]
		for j, s := range latest {
			x := s - since
			if x <= least {
				x = 0
			}
			row[j] += x
		}
	}
	c.pending = append(c.pending, int32(before))
}

const pairSumsTag = "PSM1"

// AppendBinary appends the whole state, window and pairing included, to b. The error is always nil.
func (c *PairSums) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, pairSumsTag)
	w.Int(int64(c.half.Shape))
	w.Float(c.half.Tau)
	w.Float(c.half.Cut)
	w.Count(c.n)
	w.Grow(8 * c.n * (c.n + 1))
	c.write(w)
	for i := range c.n {
		// the diagonal means nothing
		at := i * c.stride
		if c.tri != nil {
			row := c.tri[at:][:c.n]
			w.Ints(row[:i])
			w.Int(0)
			w.Ints(row[i+1:])
		} else {
			row := c.sum[at:][:c.n]
			w.Floats(row[:i])
			w.Float(0)
			w.Floats(row[i+1:])
		}
	}
	return w.End()
}

// UnmarshalBinary restores sums from the form that AppendBinary writes. After an error c is
// unchanged. The zero value takes sums of any kind; others take sums of the same number of neurons,
// half window and pairing only.
func (c *PairSums) UnmarshalBinary(b []byte) error {
	r := state.NewReader(b, pairSumsTag)
	half := synapse.Half{Shape: synapse.WindowShape(r.Int()), Tau: r.Finite(), Cut: r.Finite()}
	r.Check(half.Validate() == nil, "impossible learning window")
	n := r.Count(8)
	r.Check(n >= 1 && n <= r.Len()/8/max(n, 1), "impossible number of neurons")
	if r.Err() != nil {
		return r.Err()
	}
	var d PairSums
	d.read(r, n, half.Support(), wholeTriangle(half))
	r.Check(c.n == 0 || c.n == n && c.half == half && c.pairing == d.pairing, "pair sums of another kind")
	if r.Err() != nil {
		return r.Err()
	}
	d.setHalf(half)
	for i := range n {
		at := i * d.stride
		if d.tri != nil {
			row := d.tri[at:][:n]
			r.Ints(row)
			r.Check(slices.Min(row) >= 0 && row[i] == 0, "impossible pair sum")
		} else {
			row := d.sum[at:][:n]
			r.Finites(row)
			r.Check(slices.Min(row) >= 0 && row[i] == 0, "impossible pair sum")
		}
	}
	if err := r.Done(); err != nil {
		return err
	}
	*c = d
	return nil
}
