package sal

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"spikealign/internal/state"
	"spikealign/spike"
	"spikealign/synapse"
)

// history keeps the spikes that later spikes can still pair with. Spikes of the current instant
// wait in pending and become partners when time moves on, so that lag zero never pairs and the
// order of simultaneous spikes is without effect.
//
// There are two representations. The log holds recent spikes by time; a spike that has fallen out
// of the last k of its neuron stays in place but is renamed to neuron n, a dummy, so that loops
// over the log need no branch for it. The other one, latest, has one time for each neuron and is
// enough for small networks that pair with one spike only.
type history struct {
	n       int
	pairing synapse.Pairing
	support int64 // the longest lag that counts
	now     int64
	pending []int32 // who fired at now
	counts  []int64 // spikes of each neuron

	latest []int64 // nil: the log is in use

	log   []spike.Event
	first int // log[:first] is beyond support, or dummies
	// where the last k spikes of neuron i are in the log: slot[i*k:][:k], a ring; -1: nowhere
	slot []int32
	next []int32 // the place of neuron i in its ring that is written next
}

const (
	never     = math.MinInt64 / 2 // so long ago that nothing pairs with it
	maxTime   = 1 << 62
	minLog    = 64
	denseMaxN = 16 // beyond, the log is as fast, or faster where few neurons are active
)

// start makes h ready for n neurons. dense asks for the representation by latest spikes, where it
// suffices.
func (h *history) start(n int, p synapse.Pairing, support int64, dense bool) {
	*h = history{n: n, pairing: p, support: support, counts: make([]int64, n)}
	if dense && h.depth() == 1 && n <= denseMaxN {
		h.latest = make([]int64, n)
	} else {
		h.slot = make([]int32, n*h.depth())
		h.next = make([]int32, n)
		h.log = make([]spike.Event, 0, max(minLog, 2*len(h.slot)))
	}
	h.forget()
}

// depth returns how many spikes of a neuron can be partners; 0 stands for all.
func (h *history) depth() int {
	switch h.pairing.Kind {
	case synapse.Nearest:
		return 1
	case synapse.Last:
		return h.pairing.K
	}
	return 0
}

func (h *history) forget() {
	h.now, h.pending, h.log, h.first = 0, h.pending[:0], h.log[:0], 0
	clear(h.counts)
	clear(h.next)
	for i := range h.slot {
		h.slot[i] = -1
	}
	for i := range h.latest {
		h.latest[i] = never
	}
}

// advance moves the current instant to t, which makes the spikes before t partners.
func (h *history) advance(t int64) {
	if t < h.now {
		panic(fmt.Sprintf("sal: a spike at time %d, when it was %d", t, h.now))
	}
	checkTime(t)
	if t == h.now {
		return
	}
	for _, i := range h.pending {
		h.insert(h.now, i)
	}
	h.pending = h.pending[:0]
	h.now = t
}

// checkTime panics if differences with time t could overflow.
func checkTime(t int64) {
	if t > maxTime {
		panic(fmt.Sprintf("sal: time %d is above 2^62", t))
	}
}

func (h *history) insert(t int64, i int32) {
	if h.latest != nil {
		h.latest[i] = t
		return
	}
	if len(h.log) == cap(h.log) {
		h.compact()
	}
	if k := h.depth(); k > 0 {
		ring := h.slot[int(i)*k:][:k]
		at := h.next[i]
		if old := ring[at]; old >= 0 {
			h.log[old].Neuron = int32(h.n)
		}
		ring[at] = int32(len(h.log))
		if at++; int(at) == k {
			at = 0
		}
		h.next[i] = at
	}
	h.log = append(h.log, spike.Event{Time: t, Neuron: i})
}

// compact drops what can pair no more. The log grows only if more than half of it is left, so that
// the work per spike is bounded.
func (h *history) compact() {
	h.prune(h.now)
	old := h.log[h.first:]
	kept := h.log[:0]
	for _, e := range old {
		if int(e.Neuron) != h.n {
			kept = append(kept, e)
		}
	}
	if len(kept) > cap(kept)/2 {
		kept = append(make([]spike.Event, 0, 2*cap(kept)), kept...)
	}
	h.log, h.first = kept, 0
	k := h.depth()
	if k == 0 {
		return
	}
	for i := range h.slot {
		h.slot[i] = -1
	}
	clear(h.next)
	for at, e := range kept {
		i := int(e.Neuron)
		h.slot[i*k+int(h.next[i])] = int32(at)
		if h.next[i]++; int(h.next[i]) == k {
			h.next[i] = 0
		}
	}
}

// prune passes over the spikes that are too old for a partner at t.
func (h *history) prune(t int64) {
	for h.first < len(h.log) && (h.log[h.first].Time < t-h.support || int(h.log[h.first].Neuron) == h.n) {
		h.first++
	}
}

// partners returns the spikes that a spike of neuron i at the current instant pairs with, oldest
// first; among them may be spikes of i itself and of the dummy n, which are to be ignored. It needs
// the log.
func (h *history) partners(i int32) []spike.Event {
	h.prune(h.now)
	from := h.first
	if h.pairing.Kind == synapse.Nearest {
		if own := h.slot[i]; int(own) >= from {
			// Neither the own last spike nor others of that instant count.
			from = int(own)
			for from < len(h.log) && h.log[from].Time == h.log[own].Time {
				from++
			}
		}
	}
	return h.log[from:]
}

// fire records a spike of neuron i at the current instant.
func (h *history) fire(i int32) {
	h.counts[i]++
	h.pending = append(h.pending, i)
}

// recent returns the spikes before the current instant that can still be partners, ordered by time
// and neuron.
func (h *history) recent() []spike.Event {
	var events []spike.Event
	for i, t := range h.latest {
		if t >= h.now-h.support {
			events = append(events, spike.Event{Time: t, Neuron: int32(i)})
		}
	}
	for _, e := range h.log {
		if e.Time >= h.now-h.support && int(e.Neuron) != h.n {
			events = append(events, e)
		}
	}
	slices.SortFunc(events, func(a, b spike.Event) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Neuron, b.Neuron))
	})
	return events
}

// check panics if neuron i does not exist.
func (h *history) check(i int32) {
	if uint(i) >= uint(h.n) {
		panic(fmt.Sprintf("sal: neuron %d is outside 0..%d", i, h.n-1))
	}
}

// write appends the state of h, n and the support excepted. Histories that cannot be told apart by
// later spikes have equal states, whatever the representation.
func (h *history) write(w *state.Writer) {
	w.Int(int64(h.pairing.Kind))
	w.Int(int64(h.pairing.K))
	w.Int(h.now)
	w.Ints(h.counts)
	recent := h.recent()
	w.Count(len(recent))
	for _, e := range recent {
		w.Int(e.Time)
		w.Int(int64(e.Neuron))
	}
	pending := slices.Sorted(slices.Values(h.pending))
	w.Count(len(pending))
	for _, i := range pending {
		w.Int(int64(i))
	}
}

// read restores a history from the state that write appends. An error stays in r.
func (h *history) read(r *state.Reader, n int, support int64, dense bool) {
	kind, k, now := r.Int(), r.Int(), r.Int()
	p := synapse.Pairing{Kind: synapse.PairingKind(kind), K: int(k)}
	r.Check(p.Validate() == nil && int64(p.K) == k && now >= 0 && now <= maxTime, "impossible pairing or time")
	if r.Err() != nil {
		return
	}
	h.start(n, p, support, dense)
	r.Ints(h.counts)
	r.Check(slices.Min(h.counts) >= 0, "a negative number of spikes")
	for range r.Count(16) {
		t, i := r.Int(), r.Int()
		if i < 0 || i >= int64(n) || t < h.now || t < now-support || t >= now {
			r.Fail("impossible spike")
			return
		}
		h.advance(t)
		h.pending = append(h.pending, int32(i))
	}
	if r.Err() != nil {
		return
	}
	h.advance(now)
	for range r.Count(8) {
		i := r.Int()
		if i < 0 || i >= int64(n) {
			r.Fail("impossible spike")
			return
		}
		h.pending = append(h.pending, int32(i))
	}
}
