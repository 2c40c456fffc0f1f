package boltzmann

import (
	"fmt"
	"math"
	"slices"

	"spikealign/internal/state"
	"spikealign/spike"
)

const (
	ringSize = 32 // a power of two above MaxNeurons
	chunk    = 64 // spikes that Observe sorts out at a time

	// A change of state is one number, time<<slotBits | index of the neuron's bit.
	slotBits  = 5
	unwatched = 1<<slotBits - 1
	never     = math.MaxInt64
	// bounds times and widths, so that any end of a state can be written thus
	maxTime = int64(1) << 57

	// maxWatched bounds the indices of watched neurons, and with them the table that maps neurons
	// to bits.
	maxWatched = 1 << 20
)

// The phases of a measurement.
const (
	idle = iota
	measuring
	complete
)

// Occupancy measures from spikes how long a network is in each joint state of up to MaxNeurons
// watched neurons. Neuron k of the list is in state 1 for width ticks from each of its spikes on
// (lags 0..width-1; docs/model.md, section 1); a spike within that time prolongs it. Every tick of
// the measured span counts.
//
// States are followed from the first observed spike on, whether a measurement runs or not, so that
// spikes before Start hold states into it. Results depend on the spikes only, not on how they are
// split over calls of Observe nor on the order of simultaneous ones. Observe allocates nothing.
type Occupancy struct {
	neurons []int32 // watched, in the order of bits
	width   int64
	batches int

	slot []uint8 // by neuron: index of its bit, or unwatched

	now int64  // every change before now is done
	z   uint32 // state from now on

	// ring is a queue of the ends of all states that are on, in order of time, as all last equally
	// long. ring[tail] is a sentinel.
	ring       [ringSize]int64
	head, tail uint32

	phase  int
	t0, t1 int64
	parts  int   // batches of this span
	done   int   // complete ones
	bound  int64 // end of the present batch, maxTime without one

	total []int64 // ticks in complete batches
	dwell []int64 // ticks in the present batch; meaningless unless measuring
	mean  []float64
	m2    []float64 // Welford's recurrence over the fractions of time in complete batches
}

// NewOccupancy watches neurons 0..n-1; spikes of others are passed over. See NewOccupancyOf.
func NewOccupancy(n int, width int64, batches int) *Occupancy {
	neurons := make([]int32, max(n, 0))
	for i := range neurons {
		neurons[i] = int32(i)
	}
	return NewOccupancyOf(neurons, width, batches)
}

// NewOccupancyOf watches the listed neurons: bit k of a state is the state of neurons[k]. Spikes of
// all others are passed over. A state lasts width >= 1 ticks; spans are cut into batches >= 1 parts
// for Floor (a few tens, each much longer than the network remembers). It panics unless there are
// 1..MaxNeurons distinct neurons, with indices below 2^20; what is too large for enumeration is to
// be refused before.
func NewOccupancyOf(neurons []int32, width int64, batches int) *Occupancy {
	o := new(Occupancy)
	if err := o.init(neurons, width, batches); err != nil {
		panic(err.Error())
	}
	return o
}

func (o *Occupancy) init(neurons []int32, width int64, batches int) error {
	if len(neurons) < 1 || len(neurons) > MaxNeurons || width < 1 || width > maxTime || batches < 1 {
		return fmt.Errorf("boltzmann: occupancy of %d neurons, width %d, %d batches", len(neurons), width, batches)
	}
	last := int32(0)
	for _, i := range neurons {
		if i < 0 || i >= maxWatched {
			return fmt.Errorf("boltzmann: occupancy: neuron %d is outside 0..%d", i, maxWatched-1)
		}
		last = max(last, i)
	}
	*o = Occupancy{neurons: append([]int32(nil), neurons...), width: width, batches: batches, bound: maxTime}
	o.slot = make([]uint8, last+1)
	for i := range o.slot {
		o.slot[i] = unwatched
	}
	for k, i := range neurons {
		if o.slot[i] != unwatched {
			return fmt.Errorf("boltzmann: occupancy: neuron %d is listed twice", i)
		}
		o.slot[i] = uint8(k)
	}
	o.ring[0] = never
	states := 1 << len(neurons)
	o.total, o.dwell = make([]int64, states), make([]int64, states)
	o.mean, o.m2 = make([]float64, states), make([]float64, states)
	return nil
}

// Observe takes the next spikes, ordered by time. It panics if a watched neuron fires before a time
// that is already settled.
func (o *Occupancy) Observe(events []spike.Event) {
	var on [2 * chunk]int64
	m, last, bound, slot := 0, o.now, o.bound, o.slot
	for k := range events {
		i := uint(events[k].Neuron)
		if i >= uint(len(slot)) || slot[i] == unwatched {
			continue
		}
		t := events[k].Time
		if t < last {
			panic(fmt.Sprintf("boltzmann: spike at %d after %d was settled", t, last))
		}
		if t >= bound || m == chunk {
			on[m] = never
			o.merge(&on)
			m = 0
			if t >= bound {
				o.Advance(t)
				bound = o.bound
			}
		}
		on[m] = t<<slotBits | int64(slot[i])
		last = t
		m++
	}
	on[m] = never
	o.merge(&on)
	o.settle(o.now) // ends in the tick of the last spike
}

// merge takes the spikes on, of which the element after the last is never, together with the ends
// of states that come before them. Each turn takes the earlier of the two without a branch on which
// it is, which would be guessed wrong about every other time.
func (o *Occupancy) merge(on *[2 * chunk]int64) {
	dwell, ring, shift := o.dwell, &o.ring, o.width<<slotBits
	now, z, head, tail := o.now, o.z, o.head, o.tail
	a, i := on[0], uint32(0)
	for {
		ring[tail%ringSize] = a + shift
		b := ring[head%ringSize]
		prolongs := uint32(0)
		for a != never {
			// The end of the next spike's state closes the queue of those before it.
			ring[tail%ringSize] = a + shift
			nextA, nextB := on[(i+1)%(2*chunk)], ring[(head+1)%ringSize]
			ends := (b - a) >> 63 // -1 if an end comes first, 0 if the spike does
			c := a + (b-a)&ends
			bit := uint32(1) << (uint(c) % (1 << slotBits))
			prolongs = z & bit &^ uint32(ends)
			if prolongs != 0 {
				break
			}
			c >>= slotBits
			dwell[z] += c - now
			now = c
			z ^= bit
			a ^= (a ^ nextA) &^ ends
			b ^= (b ^ nextB) & ends
			head -= uint32(ends)
			tail += uint32(1 + ends)
			i += uint32(1 + ends)
		}
		if prolongs == 0 {
			break
		}
		// The state goes on: its end moves to the back of the queue.
		tail = o.drop(head, tail, a)
		ring[tail%ringSize] = a + shift
		tail++
		dwell[z] += a>>slotBits - now
		now = a >> slotBits
		i++
		a = on[i%(2*chunk)]
	}
	ring[tail%ringSize] = never
	o.now, o.z, o.head, o.tail = now, z, head, tail
}

// drop removes the end of the state of c's neuron from the queue and returns the new tail.
func (o *Occupancy) drop(head, tail uint32, c int64) uint32 {
	to := head
	for ; head != tail; head++ {
		if r := o.ring[head%ringSize]; (r^c)&(1<<slotBits-1) != 0 {
			o.ring[to%ringSize] = r
			to++
		}
	}
	return to
}

// settle brings the state and the present batch to tick t, which is not beyond the batch.
func (o *Occupancy) settle(t int64) {
	for o.ring[o.head%ringSize]>>slotBits <= t {
		r := o.ring[o.head%ringSize]
		o.head++
		o.dwell[o.z] += r>>slotBits - o.now
		o.now = r >> slotBits
		o.z ^= 1 << (r & (1<<slotBits - 1))
	}
	o.dwell[o.z] += t - o.now
	o.now = t
}

// Advance declares that no spike comes before tick t, and counts up to it. It panics if t lies
// before a time already settled.
func (o *Occupancy) Advance(t int64) {
	if t < o.now || t >= maxTime {
		panic(fmt.Sprintf("boltzmann: Advance to %d after %d was settled (largest time %d)", t, o.now, maxTime-1))
	}
	for o.bound <= t {
		o.settle(o.bound)
		o.closeBatch()
	}
	o.settle(t)
}

// Start begins a measurement of the span [t0, t1) and forgets the last one. Nothing is counted
// beyond t1. It panics if t0 lies before a time already settled, or t1 not after t0.
func (o *Occupancy) Start(t0, t1 int64) {
	if t1 <= t0 || t1 >= maxTime {
		panic(fmt.Sprintf("boltzmann: Start: span [%d, %d)", t0, t1))
	}
	o.Advance(t0)
	clear(o.total)
	clear(o.dwell)
	clear(o.mean)
	clear(o.m2)
	o.phase, o.t0, o.t1, o.done = measuring, t0, t1, 0
	o.parts = int(min(int64(o.batches), t1-t0))
	o.bound = o.edge(1)
}

// edge returns where batch k begins.
func (o *Occupancy) edge(k int) int64 {
	span, b := o.t1-o.t0, int64(o.parts)
	return o.t0 + span/b*int64(k) + span%b*int64(k)/b
}

// closeBatch takes the batch that ends at o.bound into the totals.
func (o *Occupancy) closeBatch() {
	length := float64(o.bound - o.edge(o.done))
	o.done++
	k := float64(o.done)
	for z, c := range o.dwell {
		o.total[z] += c
		if o.total[z] == 0 {
			continue
		}
		x := float64(c) / length
		d := x - o.mean[z]
		o.mean[z] += d / k
		o.m2[z] += float64(d * (x - o.mean[z]))
	}
	clear(o.dwell)
	o.bound = maxTime
	if o.done == o.parts {
		o.phase = complete
	} else {
		o.bound = o.edge(o.done + 1)
	}
}

// Time returns the number of ticks counted so far: the sum of Counts. It reaches t1-t0 when
// Advance(t1) has been called or a later spike was seen.
func (o *Occupancy) Time() int64 {
	switch o.phase {
	case measuring:
		return o.now - o.t0
	case complete:
		return o.t1 - o.t0
	}
	return 0
}

// Counts returns the ticks spent so far in each of the 2^n states, as a new slice.
func (o *Occupancy) Counts() []int64 {
	c := append([]int64(nil), o.total...)
	if o.phase == measuring {
		for z, d := range o.dwell {
			c[z] += d
		}
	}
	return c
}

// Floor estimates the sampling floor: the divergence D(p || measured p) to be expected, at this
// length of measurement, from a network whose distribution is p. To second order in the errors of
// the measured fractions of time it is
//
//	floor = 1/2 sum_z Var(p_z) / p_z
//
// where Var(p_z) is the variance of a mean over batches, estimated from their scatter (method of
// batch means; Law & Kelton, Simulation Modeling and Analysis, chapter 9). With N independent
// samples it would be (2^n - 1)/(2N); neff is the N for which this holds.
//
// Only states that were visited enter, so that the floor is too low if many were not (see
// Estimate.Unvisited); it is also too low if batches are not long against the network's correlation
// time. Both values are NaN until two batches are complete.
func (o *Occupancy) Floor() (floor, neff float64) {
	if o.done < 2 {
		return math.NaN(), math.NaN()
	}
	span := float64(o.edge(o.done) - o.t0)
	terms := make([]float64, len(o.total))
	b := float64(o.done)
	for z, c := range o.total {
		if c > 0 {
			terms[z] = o.m2[z] / (b * (b - 1)) / (float64(c) / span)
		}
	}
	floor = float64(pairwise(terms) / 2)
	return floor, float64(len(o.total)-1) / (2 * floor)
}

const occupancyTag = "OCC1"

// AppendBinary appends the whole state, parameters included: the tag, neurons, width and batches;
// the present time and the ends of the states that are on; the span; and for every state that was
// visited its ticks and moments. The error is always nil.
func (o *Occupancy) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, occupancyTag)
	w.Byte(byte(len(o.neurons)))
	w.Int32s(o.neurons)
	w.Int(o.width)
	w.Int(int64(o.batches))
	w.Int(o.now)
	w.Uint32(o.z)
	var ends [MaxNeurons]int64
	for k := o.head; k != o.tail; k++ {
		r := o.ring[k%ringSize]
		ends[r&(1<<slotBits-1)] = r >> slotBits
	}
	for k := range o.neurons {
		if o.z>>k&1 == 1 {
			w.Int(ends[k])
		}
	}
	w.Byte(byte(o.phase))
	w.Int(o.t0)
	w.Int(o.t1)
	w.Int(int64(o.done))
	if o.phase == idle {
		return w.End()
	}
	for z := range o.total {
		var d int64
		if o.phase == measuring {
			d = o.dwell[z]
		}
		if o.total[z]+d == 0 {
			continue
		}
		w.Uint32(uint32(z))
		w.Int(o.total[z])
		w.Int(d)
		w.Float(o.mean[z])
		w.Float(o.m2[z])
	}
	return w.End()
}

// UnmarshalBinary restores what AppendBinary wrote. Anything that is not a consistent state is an
// error and leaves o unchanged. The zero value takes any state; one that is already for some
// neurons takes theirs only, and so needs no memory for the states of more.
func (o *Occupancy) UnmarshalBinary(data []byte) error {
	f := state.NewReader(data, occupancyTag)
	neurons := make([]int32, min(f.Byte(), MaxNeurons+1))
	f.Int32s(neurons)
	width, batches := f.Int(), f.Int()
	f.Check(batches <= math.MaxInt32, "too many batches")
	if o.neurons != nil {
		f.Check(slices.Equal(neurons, o.neurons) && width == o.width && batches == int64(o.batches), "it belongs to another measurement")
	}
	if f.Err() != nil {
		return f.Err()
	}
	var r Occupancy
	if err := r.init(neurons, width, int(batches)); err != nil {
		f.Fail("%w", err)
		return f.Err()
	}
	r.now, r.z = f.Int(), f.Uint32()
	f.Check(r.now >= 0 && r.now < maxTime && r.z>>len(neurons) == 0, "impossible time or state")
	for k := range neurons {
		if r.z>>k&1 == 0 {
			continue
		}
		end := f.Int()
		f.Check(end > r.now && end-r.now <= width, "impossible end of a state")
		r.ring[r.tail] = end<<slotBits | int64(k)
		r.tail++
	}
	slices.Sort(r.ring[:r.tail])
	r.ring[r.tail] = never
	r.phase = int(f.Byte())
	var done int64
	r.t0, r.t1, done = f.Int(), f.Int(), f.Int()
	if r.phase == idle {
		f.Check(r.t0 == 0 && r.t1 == 0 && done == 0, "impossible span")
		if err := f.Done(); err != nil {
			return err
		}
		*o = r
		return nil
	}
	f.Check(r.phase <= complete && r.t0 >= 0 && r.t1 > r.t0 && r.t1 < maxTime && done >= 0 && done <= batches, "impossible span")
	if f.Err() != nil {
		return f.Err()
	}
	r.done = int(done)
	r.parts = int(min(batches, r.t1-r.t0))
	counted := r.t1
	switch {
	case r.phase == complete && (r.done != r.parts || r.now < r.t1),
		r.phase == measuring && (r.done >= r.parts || r.now < r.edge(r.done) || r.now >= r.edge(r.done+1)):
		f.Fail("impossible batch")
		return f.Err()
	case r.phase == measuring:
		counted = r.now
		r.bound = r.edge(r.done + 1)
	}
	closed := r.edge(r.done)
	left, leftNow := closed-r.t0, counted-closed
	for last := -1; f.Len() > 0; {
		z := int(f.Uint32())
		total, dwell, mean, m2 := f.Int(), f.Int(), f.Float(), f.Float()
		f.Check(z > last && z < len(r.total) && total >= 0 && dwell >= 0 && total <= left && dwell <= leftNow && total+dwell > 0 &&
			mean >= 0 && mean <= 1 && m2 >= 0 && m2 <= math.MaxInt32, "impossible time in a state")
		if f.Err() != nil {
			return f.Err()
		}
		r.total[z], r.dwell[z], r.mean[z], r.m2[z] = total, dwell, mean, m2
		left, leftNow, last = left-total, leftNow-dwell, z
	}
	f.Check(left == 0 && leftNow == 0, "the times in states do not add up")
	if err := f.Done(); err != nil {
		return err
	}
	*o = r
	return nil
}
