package sal

import (
	"fmt"
	"slices"

	"spikealign/internal/state"
	"spikealign/spike"
	"spikealign/synapse"
)

// SynapseSums holds, for each synapse of n neurons, the sums over its causal and its anti-causal
// pairs, weighted by a learning window of its own: those of a network whose windows have different
// time constants. With the same window everywhere they are the sums of a PairSums, which is several
// times faster. They do not depend on the split into batches; on the order of simultaneous spikes
// they do in the last bit only.
//
// A SynapseSums must not be copied.
type SynapseSums struct {
	history
	tau          float64 // the common time constant
	halves       []synapse.Half
	causal, anti []float64 // n*n, that of the synapse from j to i at i*n+j
}

// NewSynapseSums returns empty sums of n neurons. stretch, n*n, multiplies time constant and cut of
// half for the synapse from j to i at i*n+j; the diagonal is ignored. It panics if n < 1, if half,
// one of its multiples or p is not valid, or if stretch has a wrong length.
func NewSynapseSums(n int, half synapse.Half, stretch []float64, p synapse.Pairing) *SynapseSums {
	mustBeValid(n, half, p)
	if len(stretch) != n*n {
		panic(fmt.Sprintf("sal: %d time constants for %d neurons", len(stretch), n))
	}
	s := &SynapseSums{tau: half.Tau, causal: make([]float64, n*n), anti: make([]float64, n*n)}
	support := int64(0)
	for k, x := range stretch {
		h := half
		if k%n != k/n {
			h.Tau *= x
			mustBeValid(n, h, p)
			h.Cut *= x // below 1: no pairs
		}
		s.halves = append(s.halves, h)
		support = max(support, h.Support())
	}
	s.start(n, p, support, false)
	return s
}

// Observe adds spikes in order of time; it panics as PairSums.Observe does.
func (s *SynapseSums) Observe(events []spike.Event) {
	for _, e := range events {
		s.check(e.Neuron)
		s.advance(e.Time)
		i := int(e.Neuron)
		for _, p := range s.partners(e.Neuron) {
			j := int(p.Neuron)
			if j == s.n || j == i {
				continue
			}
			d := e.Time - p.Time
			to, from := i*s.n+j, j*s.n+i
			s.causal[to] += s.halves[to].At(d)
			s.anti[from] += s.halves[from].At(d)
		}
		s.fire(e.Neuron)
	}
}

// Causal returns the sum over the causal pairs of the synapse from j to i, in which i fires after
// j, and Anti that over its anti-causal ones.
func (s *SynapseSums) Causal(i, j int) float64 { return s.causal[i*s.n+j] }

// Anti is the other sum; see Causal.
func (s *SynapseSums) Anti(i, j int) float64 { return s.anti[i*s.n+j] }

// ResetSums begins an epoch, as PairSums.ResetSums does.
func (s *SynapseSums) ResetSums() {
	clear(s.causal)
	clear(s.anti)
	clear(s.counts)
}

// Reset forgets everything. Times may begin at 0 again.
func (s *SynapseSums) Reset() {
	s.ResetSums()
	s.forget()
}

// AddEach is Add for synapses with windows of their own; tau stays the common time constant.
func (r SAL) AddEach(dw []float64, s *SynapseSums, duration int64) {
	n := s.n
	if len(dw) != n*n || r.APlus != nil && len(r.APlus) != n*n || r.AMinus != nil && len(r.AMinus) != n*n {
		panic(fmt.Sprintf("sal: weight changes or amplitudes do not fit %d neurons", n))
	}
	if duration <= 0 {
		panic(fmt.Sprintf("sal: pair sums of %d ticks", duration))
	}
	rate := r.Eta * (s.tau / float64(duration))
	for k := range dw {
		if k%n == k/n {
			continue
		}
		plus, minus := s.causal[k], s.anti[k]
		if r.APlus != nil {
			plus *= r.APlus[k]
		}
		if r.AMinus != nil {
			minus *= r.AMinus[k]
		}
		dw[k] += float64(rate * (minus - plus))
	}
}

const synapseSumsTag = "PSE1"

// AppendBinary appends the whole state, but not the windows, to b. The error is always nil.
func (s *SynapseSums) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, synapseSumsTag)
	w.Count(s.n)
	s.write(w)
	w.Floats(s.causal)
	w.Floats(s.anti)
	return w.End()
}

// UnmarshalBinary restores sums of the same neurons, windows and pairing. After an error s is
// unchanged.
func (s *SynapseSums) UnmarshalBinary(b []byte) error {
	r := state.NewReader(b, synapseSumsTag)
	r.CountIs(s.n)
	if r.Err() != nil {
		return r.Err()
	}
	d := SynapseSums{tau: s.tau, halves: s.halves, causal: make([]float64, s.n*s.n), anti: make([]float64, s.n*s.n)}
	d.read(r, s.n, s.support, false)
	r.Check(r.Err() != nil || d.pairing == s.pairing, "pair sums of another kind")
	for _, xs := range [][]float64{d.causal, d.anti} {
		r.Finites(xs)
		r.Check(slices.Min(xs) >= 0, "impossible pair sum")
	}
	if err := r.Done(); err != nil {
		return err
	}
	*s = d
	return nil
}
