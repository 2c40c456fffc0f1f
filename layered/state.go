package layered

import (
	"math"
	"slices"

	"spikealign/internal/state"
)

const networkTag = "LAY1"

// AppendBinary appends the state, without configuration, weights and seed, to b.
func (n *Network) AppendBinary(b []byte) ([]byte, error) {
	n.gather()
	w := state.NewWriter(b, networkTag)
	w.Int(n.time)
	w.Int(n.spikes)
	w.Int(n.begin)
	w.Int(n.summed)
	w.Bool(n.straddle)
	for _, q := range n.pairs {
		w.Count(len(q.total))
		w.Ints(q.total)
	}
	if q := n.pairwise; q != nil {
		w.Int(q.done)
		for _, total := range q.total {
			w.Count(len(total))
			w.Ints(total)
		}
	}
	for _, r := range n.replicas {
		w.Int(r.base)
		w.Count(len(r.at))
		w.Int32s(r.at)
		w.Count(len(r.events))
		w.Int32s(r.events)
		if n.filter != nil {
			w.Float32s(r.x)
			w.Float32s(r.y)
		}
	}
	return w.End()
}

// UnmarshalBinary restores a state that AppendBinary wrote for a network of the same configuration,
// weights and seed.
func (n *Network) UnmarshalBinary(b []byte) error {
	r := state.NewReader(b, networkTag)
	n.time = r.Int()
	n.spikes = r.Int()
	n.begin = r.Int()
	n.summed = r.Int()
	n.straddle = r.Bool()
	r.Check(0 <= n.summed && n.summed <= n.time && 0 <= n.begin && n.begin <= n.time && n.time < 1<<60 && n.spikes >= 0, "impossible times")
	for _, q := range n.pairs {
		r.CountIs(len(q.total))
		r.Ints(q.total)
	}
	if q := n.pairwise; q != nil {
		q.done = r.Int()
		r.Check(q.done == n.time, "impossible times")
		for _, total := range q.total {
			r.CountIs(len(total))
			r.Ints(total)
		}
	}
	for _, part := range n.parts {
		for _, sums := range part.sums {
			clear(sums)
		}
	}
	n.load = 0
	for _, rep := range n.replicas {
		rep.base = r.Int()
		rep.at = make([]int32, r.Count(4))
		r.Int32s(rep.at)
		rep.events = make([]int32, r.Count(4))
		r.Int32s(rep.events)
		if r.Err() == nil {
			r.Check(rep.sound(n), "impossible spikes")
		}
		if n.filter != nil {
			r.Float32s(rep.x)
			r.Float32s(rep.y)
			r.Check(!slices.ContainsFunc(rep.x, endless) && !slices.ContainsFunc(rep.y, endless), "impossible potentials")
			clear(rep.in)
		}
	}
	if err := r.Done(); err != nil {
		return err
	}
	n.rouse()
	n.restore()
	return nil
}

// endless tells whether a number cannot be a sum of weights.
func endless(x float32) bool { return !(math.Abs(float64(x)) < 1<<62) }

// sound checks that the trains can be those of n: every index is used without a check later.
func (s *trains) sound(n *Network) bool {
	if s.base < 0 || s.base > n.time || n.time-s.base > 1<<24 || len(s.at) != int(n.time-s.base)*s.layers+1 || s.at[0] != 0 || int(s.at[len(s.at)-1]) != len(s.events) {
		return false
	}
	if s.base > max(n.needed(), 0) {
		return false
	}
	latest := make([]int64, n.width) // when each neuron can spike again, after base
	for k := range len(s.at) - 1 {
		if s.at[k+1] < s.at[k] || int(s.at[k+1]) > len(s.events) {
			return false
		}
		before := int32(-1)
		for _, i := range s.events[s.at[k]:s.at[k+1]] {
			if i <= before || int(i) >= n.places[k%s.layers].n {
				return false
			}
			before = i
			// no two spikes nearer than they can be
			at, t := n.places[k%s.layers].from+int(i), int64(k/s.layers)
			if t < latest[at] {
				return false
			}
			latest[at] = t + n.cfg.MinISI
			if n.minISI != nil {
				latest[at] = t + n.minISI[at]
			}
		}
	}
	return true
}
