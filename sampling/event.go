package sampling

import (
	"math"
	"math/bits"
	"slices"

	"spikealign/internal/detmath"
	"spikealign/internal/random"
	"spikealign/internal/state"
	"spikealign/spike"
)

// maxEventNeurons bounds the event engine's index of 2^n joint states.
const maxEventNeurons = 20

// tableBudget is the number of float64 (16 MB) that an event engine's table may hold; when more
// joint states are visited, the table starts anew.
const tableBudget = 2 << 20

// eventEngine simulates small networks with rectangular potentials from event to event.
//
// # Why it is exact
//
// A neuron that does not spike with probability exp(-h) in a tick behaves as one that carries the
// hazard h through the tick. Line the trials up: tick after tick, and within a tick neuron after
// neuron. If E is exponentially distributed with mean 1, the first trial at which the sum of
// hazards exceeds E is distributed exactly as the first success of the independent trials. So one
// draw finds the next spike, its tick and its neuron; the remaining trials of the tick go on with a
// fresh E, still with the potentials of before, which gives simultaneous spikes their probability;
// and where nothing happens until a potential ends, E merely loses the hazard passed.
//
// Between spikes and ends of potentials the potentials are constant: they depend only on the set A
// of neurons whose PSP is on. For every A that occurs, the table holds the running sum of hazards
// over the neurons outside A. PSP and refractoriness nearly coincide:
//
//   - PSPSteps = MinISI (canonical): in the last tick of its PSP a neuron may spike again. That
//     trial is made apart, as the last of its tick.
//   - PSPSteps < MinISI: a neuron outside A may still be refractory. If the draw falls on its
//     trial, nothing happens (thinning), and from the next tick on refractory neurons are left out
//     of the sums until that one is ready again.
//
// # Cost per spike
//
// One exponential (7 ns: a quarter Philox block and a logarithm); about one segment that ends
// without spike and one that ends with it, each one load of a table row, a product and a comparison
// that is hard to predict; one division; n comparisons without branches to choose the neuron.
// Together 20 to 30 ns at n = 7. After a change of weights each joint state costs 2n
// multiplications and n logarithms when next visited: 128 states of 7 neurons about 12 us, against
// 3500 spikes in an epoch of 1000 tau.
type eventEngine struct {
	cfg        Config
	n          int
	off        int64 // a PSP is off from this lag on
	minISI     int64
	ownTrial   bool // the last tick of a PSP is open to the neuron's own next spike
	refractory bool // neurons outside A may be refractory
	table      hazardTable

	limit  int64   // the simulation is complete up to this tick
	now    int64   // every trial before this tick has been counted against left; at most limit
	left   float64 // hazard still to pass before the next spike
	active uint32  // A: neurons with a PSP
	last   []int64 // last spike of each neuron
	wary   int64   // up to this tick refractory neurons outside A are left out
	some   []int64 // shares without them
	ring   [ringSize]spike.Event
	// ring[head..tail), modulo ringSize, are the spikes whose PSP is on, oldest first; the time of
	// ring[tail] is future
	head int
	tail int

	draws random.Exponentials
}

const (
	never    = math.MinInt64 / 4 // the time of a last spike that does not exist
	future   = math.MaxInt64 / 4 // the time of a spike that has not come
	ringSize = 64                // above 2*maxEventNeurons
	ringMask = ringSize - 1
)

func newEventEngine(c Config) *eventEngine {
	k := c.TicksPerStep()
	e := &eventEngine{cfg: c, n: c.Neurons, off: c.PSPSteps*k + 1, minISI: c.MinISI * k, last: make([]int64, c.Neurons), some: make([]int64, c.Neurons)}
	e.ownTrial = e.off > e.minISI
	e.refractory = e.off < e.minISI
	e.table.init(c)
	e.Rest()
	e.Seed(0, 0)
	return e
}

func (e *eventEngine) Name() string { return Event }
func (e *eventEngine) Now() int64   { return e.limit }

func (e *eventEngine) SetNetwork(net Network) {
	e.settle()
	e.table.setNetwork(net)
}

func (e *eventEngine) Clamp(clamps []Clamping) {
	e.settle()
	e.table.clamp(clamps)
}

// settle counts the hazard up to the end of the last Advance, before anything changes.
func (e *eventEngine) settle() {
	if e.now < e.limit {
		slot := e.table.slot(e.active)
		total := e.table.totals[slot]
		if e.now < e.wary {
			total, _ = e.leaveOut(e.table.hazards[slot*e.n:][:e.n], e.active, e.now, future)
		}
		e.left = max(e.left-float64(float64(e.limit-e.now)*total), 0)
		e.now = e.limit
	}
}

func (e *eventEngine) Seed(seed, stretch uint64) {
	e.settle()
	e.draws = random.NewExponentials(random.New(seed, random.Spikes, stretch, 0))
	e.left = e.draws.Next()
}

func (e *eventEngine) Rest() {
	e.settle()
	e.active, e.head, e.tail, e.wary = 0, 0, 0, 0
	e.ring[0].Time = future
	for i := range e.last {
		e.last[i] = never
	}
}

// Advance never leaves a segment half done: a segment that reaches beyond until is left for the
// next call, so that cutting a simulation into calls cannot change a rounding. Only a change of
// parameters ends a segment early (settle).
func (e *eventEngine) Advance(until int64, dst []spike.Event) ([]spike.Event, bool) {
	if cap(dst) < e.n {
		panic("sampling: Advance: no room for the spikes of one tick")
	}
	n, off, ring := e.n, e.off, &e.ring
	out, k := dst[:cap(dst)], len(dst)
	room := len(out) - n
	now, left, active := e.now, e.left, e.active
	for now < until {
		if k > room {
			e.now, e.left, e.active = now, left, active
			e.limit = max(e.limit, now)
			return out[:k], false
		}
		end := ring[e.head&ringMask].Time + off
		slot := e.table.slot(active)
		hazards := e.table.hazards[slot*n:][:n]
		total := e.table.totals[slot]
		shares := e.table.shares[slot*n:][:n]
		stop := end
		if now < e.wary {
			total, stop = e.leaveOut(hazards, active, now, end)
			shares = e.some
		}
		born := uint32(0) // neurons that spike in the last tick of this segment

		if pass := float64(float64(stop-now) * total); left >= pass {
			if stop > until {
				break
			}
			left -= pass
			now = stop
		} else {
			q := left / total
			if q >= float64(until-now) {
				break
			}
			ticks := int64(q)
			place := int64((q - float64(ticks)) * one) // within the tick's hazard, as a fraction
			if now+ticks >= stop {                     // the quotient was rounded up
				ticks, place = stop-now-1, one-1
			}
			t := now + ticks
			for {
				i := 0
				for _, s := range shares { // the number of shares up to place, without a branch
					i += int(uint64(s-place-1) >> 63)
				}
				if !e.refractory || t-e.last[i] >= e.minISI {
					out[k] = spike.Event{Time: t, Neuron: int32(i)}
					k++
					e.emit(t, i)
					born |= 1 << i
				} else {
					e.wary = max(e.wary, e.last[i]+e.minISI)
				}
				rest := float64(float64(float64(one-shares[i])*(1.0/one)) * total)
				left = e.draws.Next()
				if left >= rest {
					left -= rest
					break
				}
				place = min(shares[i]+int64(left/total*one), one-1)
			}
			now = t + 1
			if now != end {
				active |= born
				continue
			}
		}
		// The potentials of the oldest spikes were on in the tick just finished and are off from
		// now on.
		ended := uint32(0)
		for end == now {
			i := int(ring[e.head&ringMask].Neuron)
			e.head++
			ended |= 1 << i
			if e.ownTrial {
				if h := hazards[i]; left >= h {
					left -= h
				} else {
					out[k] = spike.Event{Time: now - 1, Neuron: int32(i)}
					k++
					e.emit(now-1, i)
					born |= 1 << i
					left = e.draws.Next()
				}
			}
			end = ring[e.head&ringMask].Time + off
		}
		active = active&^ended | born
	}
	e.now, e.left, e.active = now, left, active
	e.limit = max(e.limit, until)
	return out[:k], true
}

// leaveOut computes total and shares (into e.some) without the refractory neurons, and the tick at
// which they or the potentials change.
func (e *eventEngine) leaveOut(hazards []float64, active uint32, now, end int64) (total float64, stop int64) {
	stop = end
	open := uint32(0)
	for i, h := range hazards {
		if active>>i&1 == 1 {
			continue
		}
		if ready := e.last[i] + e.minISI; ready > now {
			stop = min(stop, ready)
			continue
		}
		open |= 1 << i
		total += h
	}
	setShares(e.some, hazards, open, total)
	return total, stop
}

// emit notes a spike.
func (e *eventEngine) emit(t int64, i int) {
	e.ring[e.tail&ringMask] = spike.Event{Time: t, Neuron: int32(i)}
	e.tail++
	e.ring[e.tail&ringMask].Time = future
	e.last[i] = t
}

// one is the whole of a tick's hazard in the table's shares.
const one = 1 << 62

// hazardTable holds, for each set A of neurons whose potential is on, the hazards per tick. Each
// set that occurs gets a slot, filled when first asked for after a change of parameters.
type hazardTable struct {
	hazard  hazard
	n       int
	slots   []uint32  // per A: 1 + its slot, or 0
	totals  []float64 // per slot: the hazard of all neurons outside A
	hazards []float64 // n per slot: the hazard of each neuron, whether in A or not
	// n per slot: the hazard of the neurons 0..i outside A, divided by the total, in units of 1/one
	shares []int64
	used   int

	net     Network
	clamps  []Clamping
	clamped bool // some neuron is not free
	// e^(b_i + sum of weights) / tau factorised over the lower and the upper half of the bits of A.
	factor   []float64 // factor[j*n+i] = e^W[i][j]
	half     uint
	low      []float64 // low[a*n+i], bias included
	high     []float64
	additive bool // low and high hold potentials to add: their exponentials could overflow
}

func (t *hazardTable) init(c Config) {
	n := c.Neurons
	t.hazard, t.n = newHazard(c), n
	t.slots = make([]uint32, 1<<n)
	rows := min(1<<n, tableBudget/(2*n))
	t.totals = make([]float64, rows)
	t.hazards = make([]float64, rows*n)
	t.shares = make([]int64, rows*n)
	t.half = uint(n+1) / 2
	t.low = make([]float64, n<<t.half)
	t.high = make([]float64, n<<(uint(n)-t.half))
	t.factor = make([]float64, n*n)
	t.clamps = make([]Clamping, n)
	t.setNetwork(Network{Weights: make([]float64, n*n), Bias: make([]float64, n)})
}

// clear forgets all slots.
func (t *hazardTable) clear() {
	t.used = 0
	clear(t.slots)
}

func (t *hazardTable) clamp(clamps []Clamping) {
	t.clamps = cloneClamps(clamps, t.n)
	t.clamped = slices.ContainsFunc(t.clamps, func(c Clamping) bool { return c != Free })
	t.clear()
}

func (t *hazardTable) setNetwork(net Network) {
	n := t.n
	if len(t.net.Weights) != n*n {
		t.net = Network{Weights: make([]float64, n*n), Bias: make([]float64, n)}
	}
	if net.Sparse == nil {
		copy(t.net.Weights, net.Weights)
		for i := range n {
			t.net.Weights[i*n+i] = 0
		}
	} else {
		clear(t.net.Weights)
		for j := range n {
			net.out(n, j, func(i int, w float64) { t.net.Weights[i*n+j] += w })
		}
	}
	copy(t.net.Bias, net.Bias)
	t.clear()

	largest := 0.0
	for i := range n {
		s := math.Abs(t.net.Bias[i])
		for _, w := range t.net.Weights[i*n : (i+1)*n] {
			s += math.Abs(w)
		}
		largest = math.Max(largest, s)
	}
	t.additive = largest > 300
	for j := range n {
		for i := range n {
			w := t.net.Weights[i*n+j]
			if !t.additive {
				w = detmath.Exp(w)
			}
			t.factor[j*n+i] = w
		}
	}
	for i := range n {
		if t.additive {
			t.low[i], t.high[i] = t.net.Bias[i], 0
		} else {
			t.low[i], t.high[i] = detmath.Exp(t.net.Bias[i]-t.hazard.logTau), 1
		}
	}
	t.combine(t.low, t.factor)
	t.combine(t.high, t.factor[int(t.half)*n:])
}

// combine fills dst[a*n+i] for every set a > 0 from dst[i] and the factors of the members of a:
// each set follows from that without its lowest bit.
func (t *hazardTable) combine(dst, factor []float64) {
	n := t.n
	for a := 1; a < len(dst)/n; a++ {
		from := dst[(a&(a-1))*n:][:n]
		to := dst[a*n:][:n]
		f := factor[bits.TrailingZeros(uint(a))*n:][:n]
		if t.additive {
			for i := range to {
				to[i] = from[i] + f[i]
			}
			continue
		}
		for i := range to {
			to[i] = from[i] * f[i]
		}
	}
}

// slot returns the slot of the joint state a.
func (t *hazardTable) slot(a uint32) int {
	if s := t.slots[a]; s != 0 {
		return int(s - 1)
	}
	return t.fill(a)
}

func (t *hazardTable) fill(a uint32) int {
	if t.used == len(t.totals) {
		t.clear()
	}
	slot := t.used
	t.used++
	t.slots[a] = uint32(slot) + 1

	n := t.n
	low := t.low[int(a&(1<<t.half-1))*n:][:n]
	high := t.high[int(a>>t.half)*n:][:n]
	hazards := t.hazards[slot*n:][:n]
	shares := t.shares[slot*n:][:n]
	switch {
	case t.additive:
		for i := range hazards {
			hazards[i] = t.hazard.at(low[i] + high[i])
		}
	case t.hazard.dynamics == Continuous:
		for i := range hazards {
			hazards[i] = low[i] * high[i]
		}
	default:
		for i := range hazards {
			hazards[i] = detmath.Log1p(low[i] * high[i])
		}
	}
	if t.clamped {
		for i, c := range t.clamps {
			switch c {
			case ClampedOff:
				hazards[i] = 0
			case ClampedOn:
				hazards[i] = t.hazard.at(uMax)
			}
		}
	}
	total := 0.0
	for i, h := range hazards {
		if a>>i&1 == 0 {
			total += h
		}
	}
	t.totals[slot] = total
	setShares(shares, hazards, ^a, total)
	return slot
}

// setShares writes the running sums of the hazards of the open neurons, as fractions of their
// total.
func setShares(shares []int64, hazards []float64, open uint32, total float64) {
	sum, scale := 0.0, one/total
	for i, h := range hazards {
		if open>>i&1 == 1 {
			sum += h
		}
		shares[i] = min(int64(sum*scale), one)
		if sum == total {
			shares[i] = one
		}
	}
}

const eventTag = "SEV1"

func (e *eventEngine) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, eventTag)
	w.Int(e.limit)
	w.Int(e.now)
	w.Float(e.left)
	w.Int(e.wary)
	w.Part(&e.draws)
	w.Count(len(e.last))
	w.Ints(e.last)
	w.Count(e.tail - e.head)
	for k := e.head; k != e.tail; k++ {
		writeSpike(w, e.ring[k&ringMask])
	}
	return w.End()
}

func (e *eventEngine) UnmarshalBinary(b []byte) error {
	r := state.NewReader(b, eventTag)
	limit, now, left, wary := r.Int(), r.Int(), r.Float(), r.Int()
	r.Check(now <= limit && left >= 0, "impossible time")
	var draws random.Exponentials
	r.Part(random.ExponentialsSize, &draws)
	r.CountIs(e.n)
	last := make([]int64, e.n)
	r.Ints(last)
	count := r.Count(spikeSize)
	r.Check(count <= e.n, "too many spikes")
	var on []spike.Event
	active := uint32(0)
	for range count {
		ev := readSpike(r, e.n)
		r.Check(ev.Time < now && ev.Time+e.off > now && active>>ev.Neuron&1 == 0 && (len(on) == 0 || ev.Time >= on[len(on)-1].Time), "impossible spike")
		if r.Err() != nil {
			break
		}
		on = append(on, ev)
		active |= 1 << ev.Neuron
	}
	if err := r.Done(); err != nil {
		return err
	}
	e.limit, e.now, e.left, e.wary, e.active, e.draws = limit, now, left, wary, active, draws
	copy(e.last, last)
	e.head, e.tail = 0, copy(e.ring[:], on)
	e.ring[e.tail].Time = future
	return nil
}
