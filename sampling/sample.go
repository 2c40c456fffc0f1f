package sampling

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"spikealign/settings"
	"spikealign/spike"
)

// Sample describes how a network with fixed weights is run for its states: free, or with some
// neurons clamped, which in continuous time with canonical timing gives the conditional
// distribution of the others.
type Sample struct {
	Config
	Network  Network
	Visible  int        // states are those of the first Visible neurons
	Clamps   []Clamping // n, or nil: all free
	Seed     uint64     // of the spikes
	Settle   int64      // unmeasured time from rest, tau_ref
	Duration int64      // measured time, tau_ref; at least sampleBatches
}

// sampleBatches is the number of parts of the measured time from whose scatter errors follow.
const sampleBatches = 50

// MaxSampledStates is the number of neurons up to which joint states are recorded.
const MaxSampledStates = 64

// maxStates is the number of visited states up to which they are recorded; more take memory and say
// little.
const maxStates = 1 << 20

// Samples are what a Sample gave.
type Samples struct {
	Mean, MeanSE []float64 // n: share of time in state 1, and its standard error
	// visited states of the visible neurons, most frequent first; nil for more than
	// MaxSampledStates neurons or 2^20 states
	States        []State
	Steps, Spikes int64 // simulated, settling included
	Engine        string
}

// State is a joint state of the visible neurons.
type State struct {
	Bits  uint64  // bit i is z_i
	P, SE float64 // share of time, and its standard error by batch means
}

// Validate returns everything that is wrong with the description.
func (s Sample) Validate() settings.Problems {
	ps := s.Config.Validate()
	if len(ps) > 0 {
		return ps
	}
	if err := s.Network.Validate(s.Neurons); err != nil {
		ps.Add("network", "%v", err)
	}
	if s.Visible < 1 || s.Visible > s.Neurons {
		ps.Add("visible", "is %d; must be between 1 and the number of neurons, %d", s.Visible, s.Neurons)
	}
	if s.Clamps != nil && len(s.Clamps) != s.Neurons {
		ps.Add("clamps", "has %s for %d neurons", settings.Count(len(s.Clamps), "entry"), s.Neurons)
	}
	if s.Duration < sampleBatches {
		ps.Add("duration", "must be at least %d tau", sampleBatches)
	}
	if s.Settle < 0 {
		ps.Add("settle", "must not be negative")
	}
	s.relateLength(&ps, "duration", (float64(s.Settle)+float64(s.Duration))*float64(s.TauRef))
	return ps
}

// Run simulates. progress, if not nil, is called now and then with the share of the time that is
// over, 0..1. The error joins all problems of the description, or is that of ctx.
func (s Sample) Run(ctx context.Context, progress func(share float64)) (*Samples, error) {
	if ps := s.Validate(); len(ps) > 0 {
		return nil, fmt.Errorf("sampling: %w", ps.Err())
	}
	c := s.Config.Resolve()
	engine, err := New(c)
	if err != nil {
		return nil, err
	}
	engine.Seed(s.Seed, 0)
	engine.SetNetwork(s.Network)
	engine.Clamp(s.Clamps)
	tau := c.TauRef * c.TicksPerStep()
	begin, end := s.Settle*tau, (s.Settle+s.Duration)*tau
	m := newMeter(c.Neurons, s.Visible, tau, begin, end)
	m.hold(s.Clamps)
	buf := make([]spike.Event, 0, c.Neurons+4096)
	spikes := int64(0)
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var events []spike.Event
		events, done = engine.Advance(end, buf[:0])
		for _, e := range events {
			m.spike(e)
		}
		spikes += int64(len(events))
		if progress != nil {
			progress(float64(engine.Now()) / float64(end))
		}
	}
	m.advance(end)
	r := m.samples()
	r.Steps, r.Spikes, r.Engine = engine.Now()/c.TicksPerStep(), spikes, engine.Name()
	return r, nil
}

// meter measures how long each neuron and each joint state is on. A state lasts width ticks from a
// spike on; a spike within that time prolongs it.
type meter struct {
	width, begin, end int64
	batches           int
	visible           int
	now               int64
	batch             int   // that now belongs to
	edge              int64 // where it ends
	bits              uint64
	since             int64 // of the present joint state, not before the batch
	isOn              []bool
	off               []int64 // when neurons that are on go off
	onSince           []int64 // of neurons that are on, not before the batch
	queue             []spike.Event
	head              int
	on                []tallied
	states            map[uint64]*tallied // nil: not told
}

// tallied is a time, in all and in the present batch, with the sum of squares over batches.
type tallied struct {
	ticks, part int64
	squares     float64
}

func newMeter(n, visible int, width, begin, end int64) *meter {
	m := &meter{width: width, begin: begin, end: end, batches: sampleBatches, visible: visible, isOn: make([]bool, n), off: make([]int64, n), onSince: make([]int64, n), on: make([]tallied, n), batch: -1, edge: begin}
	if visible <= MaxSampledStates {
		m.states = map[uint64]*tallied{}
	}
	return m
}

// hold puts neurons that are clamped on into their state for good, at the beginning: where the
// shortest interval is longer than the state, their spikes alone would leave gaps.
func (m *meter) hold(clamps []Clamping) {
	for i, c := range clamps {
		if c == ClampedOn {
			m.flip(i, true)
			m.off[i] = math.MaxInt64
		}
	}
}

// spike takes the next spike, in order of time.
func (m *meter) spike(e spike.Event) {
	m.advance(e.Time)
	i := e.Neuron
	if m.off[i] == math.MaxInt64 {
		return
	}
	if !m.isOn[i] {
		m.flip(int(i), true)
	}
	m.off[i] = e.Time + m.width
	m.queue = append(m.queue, spike.Event{Time: m.off[i], Neuron: i})
}

// advance ends what ends up to tick t.
func (m *meter) advance(t int64) {
	for m.head < len(m.queue) && m.queue[m.head].Time <= t {
		e := m.queue[m.head]
		if m.head++; m.head > 1024 && 2*m.head > len(m.queue) {
			m.queue = append(m.queue[:0], m.queue[m.head:]...)
			m.head = 0
		}
		m.to(e.Time)
		if m.off[e.Neuron] == e.Time {
			m.flip(int(e.Neuron), false)
		}
	}
	m.to(t)
}

// to moves the present to t, over the ends of batches.
func (m *meter) to(t int64) {
	for t >= m.edge && m.batch < m.batches {
		m.now = m.edge
		if m.batch >= 0 {
			m.settle()
		}
		m.batch++
		m.edge = m.begin + (m.end-m.begin)*int64(m.batch+1)/int64(m.batches)
		m.since = m.now
		for i := range m.onSince {
			m.onSince[i] = m.now
		}
	}
	m.now = t
}

// measures reports whether the present is measured.
func (m *meter) measures() bool { return m.batch >= 0 && m.batch < m.batches }

func (m *meter) flip(i int, on bool) {
	if i < m.visible {
		m.leave()
		m.bits ^= 1 << i
	}
	m.isOn[i] = on
	if on {
		m.onSince[i] = m.now
	} else if m.measures() {
		m.on[i].part += m.now - m.onSince[i]
	}
}

// leave counts the time in the present joint state.
func (m *meter) leave() {
	if m.states != nil && m.measures() && m.now > m.since {
		s := m.states[m.bits]
		if s == nil && len(m.states) == maxStates {
			m.states = nil
			m.since = m.now
			return
		}
		if s == nil {
			s = &tallied{}
			m.states[m.bits] = s
		}
		s.part += m.now - m.since
	}
	m.since = m.now
}

// settle ends a batch.
func (m *meter) settle() {
	m.leave()
	for i, on := range m.isOn {
		if on {
			m.on[i].part += m.now - m.onSince[i]
		}
		m.on[i].settle()
	}
	for _, s := range m.states {
		s.settle()
	}
}

func (t *tallied) settle() {
	t.ticks += t.part
	t.squares += float64(float64(t.part) * float64(t.part))
	t.part = 0
}

// share returns the mean share of time and its standard error.
func (t *tallied) share(batches int, ticks int64) (p, se float64) {
	b := float64(batches)
	mean := float64(t.ticks) / b
	length := float64(ticks) / b
	variance := max(t.squares-float64(b*float64(mean*mean)), 0) / (b - 1)
	return float64(t.ticks) / float64(ticks), math.Sqrt(variance/b) / length
}

func (m *meter) samples() *Samples {
	r := &Samples{}
	for i := range m.on {
		p, se := m.on[i].share(m.batches, m.end-m.begin)
		r.Mean, r.MeanSE = append(r.Mean, p), append(r.MeanSE, se)
	}
	for bits, s := range m.states {
		p, se := s.share(m.batches, m.end-m.begin)
		r.States = append(r.States, State{bits, p, se})
	}
	slices.SortFunc(r.States, func(a, b State) int { return cmp.Or(cmp.Compare(b.P, a.P), cmp.Compare(a.Bits, b.Bits)) })
	return r
}
