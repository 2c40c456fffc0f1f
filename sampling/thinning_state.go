package sampling

import (
	"spikealign/internal/random"
	"spikealign/internal/state"
	"spikealign/spike"
)

const thinningTag = "STH2"

func (t *thinning) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, thinningTag)
	w.Int(t.limit)
	w.Int(t.now)
	w.Float(t.frac)
	w.Float(t.left)
	w.Int(t.orig)
	s := t.draws.Stream()
	w.Part(&s)
	t.prune()
	w.Count(t.tail - t.oldest)
	for k := t.oldest; k < t.tail; k++ {
		writeSpike(w, t.recent[k&(len(t.recent)-1)])
	}
	for _, h := range t.heads {
		w.Count(h - t.oldest)
	}
	w.Count(t.summed - t.oldest)
	for _, xs := range [][]float64{t.exps, t.alphs} {
		w.Count(len(xs))
		w.Floats(xs)
	}
	if t.apart {
		w.Count(t.n)
		w.Ints(t.level[:t.n])
	} else {
		w.Count(0) // they follow from the spikes
	}
	return w.End()
}

func (t *thinning) UnmarshalBinary(b []byte) error {
	r := state.NewReader(b, thinningTag)
	limit, now, frac, left, orig := r.Int(), r.Int(), r.Float(), r.Float(), r.Int()
	r.Check(now <= limit && orig <= now && frac >= 0 && frac < 1 && left >= 0, "impossible time")
	var draws random.Stream
	r.Part(random.StreamSize, &draws)
	recent := make([]spike.Event, r.Count(spikeSize))
	before := int64(0)
	for k := range recent {
		recent[k] = readSpike(r, t.n)
		r.Check(recent[k].Time >= before && recent[k].Time <= now, "impossible spike")
		before = recent[k].Time
	}
	heads := make([]int, len(t.heads)+1) // and summed
	for e := range heads {
		h := r.Int()
		r.Check(h >= 0 && h <= int64(len(recent)), "impossible edge")
		heads[e] = int(h)
	}
	if r.Err() != nil {
		return r.Err()
	}
	for e, lag := range t.lags {
		for k, s := range recent {
			due := s.Time + lag
			r.Check(due == now || (due < now) == (k < heads[e]), "edge out of order")
		}
	}
	summed := heads[len(t.edges)+1]
	r.Check(summed >= heads[len(t.edges)], "impossible sums")
	exps, alphs := make([]float64, len(t.exps)), make([]float64, len(t.alphs))
	for _, xs := range [][]float64{exps, alphs} {
		r.CountIs(len(xs))
		r.Floats(xs)
	}
	level := make([]int64, r.Count(8))
	r.Ints(level)
	r.Check(len(level) == 0 || len(level) == t.n, "another number of neurons")
	if err := r.Done(); err != nil {
		return err
	}

	t.limit, t.now, t.frac, t.left = limit, now, frac, left
	t.draws = random.NewSource(draws)
	size := len(t.recent)
	for size < len(recent)+1 {
		size *= 2
	}
	t.recent = make([]spike.Event, size)
	t.oldest, t.tail = 0, copy(t.recent, recent)
	t.heads = heads[:len(t.heads)]
	t.rebuild() // the constant parts, which are exact; then all that depends on history
	t.orig = orig
	copy(t.exps, exps)
	copy(t.alphs, alphs)
	if len(level) > 0 && (t.fading || t.out.dense == nil) {
		t.setApart()
		copy(t.level, level)
	}
	// The neurons of the latest spikes are still in the sums.
	for _, s := range recent[summed:] {
		t.ceil[s.Neuron] = t.open
	}
	t.whole = true
	t.flush()
	for _, s := range recent[summed:] {
		t.ceil[s.Neuron] = 0
	}
	t.summed = summed
	return nil
}
