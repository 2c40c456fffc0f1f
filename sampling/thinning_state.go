package sampling

import (
	"spikealign/internal/random"
	"spikealign/spike"
)

const thinningTag = "STH2"

func (t *thinning) AppendBinary(b []byte) ([]byte, error) {
	w := writer{append(b, thinningTag...)}
	w.int(t.limit)
	w.int(t.now)
	w.float(t.frac)
	w.float(t.left)
	w.int(t.orig)
	s := t.draws.Stream()
	w.stream(&s)
	t.prune()
	w.int(int64(t.tail - t.oldest))
	for k := t.oldest; k < t.tail; k++ {
		e := t.recent[k&(len(t.recent)-1)]
		w.int(e.Time)
		w.int(int64(e.Neuron))
	}
	for _, h := range t.heads {
		w.int(int64(h - t.oldest))
	}
	w.int(int64(t.summed - t.oldest))
	w.floats(t.exps)
	w.floats(t.alphs)
	if t.apart {
		w.ints(t.level[:t.n])
	} else {
		w.ints(nil) // they follow from the spikes
	}
	return w.b, nil
}

func (t *thinning) UnmarshalBinary(b []byte) error {
	r := newReader(b, thinningTag)
	limit, now, frac, left, orig := r.int(), r.int(), r.float(), r.float(), r.int()
	r.check(now <= limit && orig <= now && frac >= 0 && frac < 1 && left >= 0, "impossible time")
	draws := r.stream()
	count := r.int()
	r.check(count >= 0 && count <= int64(len(r.b))/16, "impossible length")
	if r.err != nil {
		return r.err
	}
	var recent []spike.Event
	for k := range count {
		e := spike.Event{Time: r.int(), Neuron: int32(r.int())}
		r.check(e.Neuron >= 0 && int(e.Neuron) < t.n && e.Time >= 0 && e.Time <= now && (k == 0 || e.Time >= recent[k-1].Time), "impossible spike")
		recent = append(recent, e)
		if r.err != nil {
			return r.err
		}
	}
	heads := make([]int, len(t.heads)+1) // and summed
	for e := range heads {
		h := r.int()
		r.check(h >= 0 && h <= count, "impossible edge")
		if r.err != nil {
			return r.err
		}
		heads[e] = int(h)
	}
	for e, lag := range t.lags {
		for k, s := range recent {
			due := s.Time + lag
			r.check(due == now || (due < now) == (k < heads[e]), "edge out of order")
		}
	}
	summed := heads[len(t.edges)+1]
	r.check(summed >= heads[len(t.edges)], "impossible sums")
	exps, alphs := make([]float64, len(t.exps)), make([]float64, len(t.alphs))
	r.floats(exps)
	r.floats(alphs)
	level := r.ints()
	r.check(len(level) == 0 || len(level) == t.n, "another size")
	if err := r.finish(); err != nil {
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
