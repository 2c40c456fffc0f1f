package sampling

import (
	"math"
	"slices"

	"spikealign/internal/detmath"
	"spikealign/internal/random"
	"spikealign/spike"
	"spikealign/synapse"
)

// thinning simulates networks of any size with any PSP.
//
// # Why it is exact
//
// A neuron with hazard h in a tick (spiking probability 1-exp(-h)) spikes if a Poisson process of
// that rate has a point within the tick. Such a process is what remains of a faster one, of rate H
// >= h, if each of its points is kept with probability h/H (Lewis & Shedler 1979). So every neuron
// gets a bound H on its hazard; the sum of all bounds gives the time of the next candidate point,
// the shares in the sum give its neuron, and only then is the true hazard of this one neuron
// needed. Refractory neurons have no candidates. Bounds may change at any time, as long as they
// hold. Potentials may vary between spikes in any way, as long as the bound covers the future up to
// the next edge.
//
// In discrete time the potentials are those of the tick, so that all spikes of a tick are decided
// in parallel.
//
// # Potentials
//
// A PSP is a sum of parts that are switched on and off at its edges (synapse.Edge): a constant, an
// exponential, an alpha part. Each neuron holds three numbers, the sums of these parts over all
// spikes, and each edge of each spike is one pass over the spiking neuron's outgoing synapses.
// Constants are integers in units of ln2 * 2^-40 (weights are rounded to these; the unit is larger
// where sums of weights exceed 10^6), so that what is switched on and off again leaves no trace, in
// whatever order.
//
// # Bounds
//
// The unit is a binary fraction of an octave, a factor of 2 between hazards. So the bits of a
// potential, read as a floating-point number, are nearly those of its exponential: 0 to 6 % above
// the hazard (bound.at). With rectangular PSPs the potentials themselves are the levels of the
// bounds: after a pass all bounds are summed anew, once for all edges of a tick, and no bound is
// ever raised or lowered; 96 % of the candidates are accepted, most of them without an exponential.
//
// # Refractory times that differ
//
// Where all neurons have the same refractory time, it ends in the order of the spikes, and counts
// as one more edge of a spike. Otherwise a list in the order of the ends says whose comes next.
//
// Levels are apart from potentials where that would cost too much or would not hold. If the passes
// due in a tick are few for the size of a sparse network, an edge must cost no more than its own
// synapses: a level keeps clear of its potential by headroom, is raised when a pass takes the
// potential above it, and lowered when a candidate is refused. With fading PSPs a level covers what
// the potential can rise to until the next edge.
//
// # Cost per spike
//
// Two row passes (rectangular PSPs have two edges): 0.16 ns per dense synapse for 100 neurons, 0.11
// for 1000, less where a tick has several rows to add at once; 1 to 4 ns per sparse synapse, by the
// cache that holds the network. One sum of all bounds, 0.2 ns per neuron, for each tick with edges,
// shared among the spikes of the tick. And 110 to 130 ns whatever the size: 1.05 candidates, each
// two draws, a division and up to 16 steps per tier of sums, and the ring of spikes; half of it are
// branches that cannot be predicted.
//
// BenchmarkThinning (tau 50, 0.4 to 0.5 spikes per neuron and tau, one core of a shared AMD EPYC):
// 145 ns per spike with 7 neurons; 180 with 100, which is a bare row pass (16 ns) each way plus
// 148; 335 with 1000, a row pass (105 to 117) each way plus 100 to 125; 820 with 1000 in continuous
// time, where no two edges share a sum. With 100 sparse synapses per neuron: 320 with 1000 neurons,
// 420 with 10 000, 960 with 100 000 (2100 in continuous time): the growth is that of the memory's
// latency.
type thinning struct {
	cfg    Config
	n      int
	psp    synapse.PSP
	edges  []synapse.Edge
	fading bool    // the PSP has an exponential or alpha part
	alpha  bool    // ... an alpha part
	decay  float64 // e^(-(now-orig)/TauSyn) at the latest edge or candidate
	hazard hazard
	out    outgoing
	bias   []float64
	clamps []Clamping
	reach  int64 // lag beyond which a spike does not act

	limit int64
	now   int64   // tick
	frac  float64 // place within the tick, in [0,1)
	left  float64 // hazard bound still to pass before the next candidate

	// Potentials. The constant part of neuron i's, bias included, is (u[i]-zero)*unit; u[i], if
	// there is no other part, is its level.
	u    []int64
	zero int64
	unit float64
	open int64 // ceiling of a neuron that may have candidates
	// with fading PSPs, per neuron: sum of the exponential parts, in units of
	// e^(-(now-orig)/TauSyn)
	exps  []float64
	alphs []float64 // likewise the alpha parts: the potential has (exps + alphs*(now-orig)) e^...
	orig  int64

	bounds
	apart    bool    // levels are apart from u
	own      []int64 // ... and here
	headroom int64   // of a level that is set anew
	shared   int     // with sparse synapses, this many passes share the cost of all sums

	plus, minus []int // where in dense the rows begin that addRows is to add and subtract

	recent []spike.Event // ring of spikes whose edges are not all past
	oldest int           // spikes from here on may still act
	summed int           // the bounds of the neurons of spikes from here on are still in the sums
	tail   int
	// per edge: the next spike to apply it to; last, the next spike whose neuron's refractory time
	// ends
	heads []int
	lags  []int64 // of the same; without the last if it differs between neurons
	due   []int64 // the tick at which each is to be applied next
	next  int64   // the earliest of these

	minISI  []int64       // of each neuron, if they differ
	waiting []spike.Event // then: refractory neurons by the end of that time, the next one last

	draws random.Source
}

const (
	fractionBits = 40      // of levels and potentials, in octaves; fewer where they would overflow
	clampedOn    = 1 << 61 // added to potentials: above all ceilings
	weightLimit  = 1 << 20 // weights and biases are cut there
	headroom     = 3       // of levels in sparse networks, in eighths of an octave
	passCost     = 512     // what a pass costs more if levels are apart, in sums of one bound
)

// outgoing is a copy of the synapses by presynaptic neuron, with rounded weights.
type outgoing struct {
	// rows of padded(n): dense[j*padded(n)+i] is the synapse from j to i; nil if sparse
	dense   []int64
	start   []int
	post    []int32
	weights []int64
	floats  []float64 // dense or sparse like the above, for fading parts
}

func newThinning(c Config) *thinning {
	t := &thinning{cfg: c, n: c.Neurons, psp: c.psp(), hazard: newHazard(c)}
	t.edges = t.psp.Edges()
	for _, e := range t.edges {
		t.fading = t.fading || e.Exp != 0 || e.Alpha != 0
		t.alpha = t.alpha || e.Alpha != 0
		t.lags = append(t.lags, e.Lag)
	}
	if t.minISI = c.shortest(); t.minISI == nil {
		t.lags = append(t.lags, c.MinISI*c.TicksPerStep())
	} else {
		t.reach = slices.Max(t.minISI)
	}
	t.heads = make([]int, len(t.edges)+1)
	t.due = make([]int64, len(t.edges)+1)
	t.reach = max(t.reach, t.psp.Length(), slices.Max(t.lags))
	n := c.Neurons
	t.u = make([]int64, padded(n))
	if t.fading {
		t.exps = make([]float64, n)
		t.alphs = make([]float64, n)
	}
	t.bounds = newBounds(n)
	t.own = make([]int64, padded(n))
	t.shared = n/passCost + 1
	t.plus, t.minus = make([]int, 0, 32), make([]int, 0, 32)
	t.recent = make([]spike.Event, 1024)
	t.clamps = make([]Clamping, n)
	t.SetNetwork(Network{Sparse: &Sparse{Start: make([]int, n+1)}, Bias: make([]float64, n)})
	t.Seed(0, 0)
	return t
}

func (t *thinning) Name() string { return Thinning }
func (t *thinning) Now() int64   { return t.limit }

// settle counts the bound passed up to the end of the last Advance, before anything changes.
func (t *thinning) settle() {
	if t.now < t.limit {
		t.left = max(t.left-float64((float64(t.limit-t.now)-t.frac)*t.total), 0)
		t.now, t.frac = t.limit, 0
	}
}

func (t *thinning) Seed(seed, stretch uint64) {
	t.settle()
	t.draws = random.NewSource(random.New(seed, random.Spikes, stretch, 0))
	t.left = t.draws.Exp()
}

func (t *thinning) Rest() {
	t.settle()
	t.oldest, t.tail = 0, 0
	clear(t.heads)
	t.rebuild()
}

func (t *thinning) Clamp(clamps []Clamping) {
	t.settle()
	t.clamps = cloneClamps(clamps, t.n)
	t.rebuild()
}

func (t *thinning) SetNetwork(net Network) {
	t.settle()
	t.bias = append(t.bias[:0], net.Bias...)
	t.setUnit(net)
	if net.Sparse != nil {
		t.setSparse(net)
	} else {
		t.setDense(net.Weights)
	}
	t.rebuild()
}

// setUnit chooses the unit in which no potential can overflow.
func (t *thinning) setUnit(net Network) {
	// So many PSPs of a neuron overlap, at most.
	shortest := t.cfg.MinISI * t.cfg.TicksPerStep()
	if t.minISI != nil {
		shortest = slices.Min(t.minISI)
	}
	overlap := float64(t.edges[len(t.edges)-1].Lag/shortest + 2)
	if len(t.edges) == 1 {
		overlap = 0 // no constant part
	}
	largest := uMax
	note := func(i int, sum float64) {
		largest = max(largest, float64(overlap*sum)+min(math.Abs(net.Bias[i]), weightLimit))
	}
	if s := net.Sparse; s != nil {
		sums := make([]float64, t.n)
		for k, i := range s.Post {
			sums[i] += min(math.Abs(s.Weight[k]), weightLimit)
		}
		for i, sum := range sums {
			note(i, sum)
		}
	} else {
		for i := range t.n {
			sum := 0.0
			for _, w := range net.Weights[i*t.n : (i+1)*t.n] {
				sum += min(math.Abs(w), weightLimit)
			}
			note(i, sum)
		}
	}
	fraction := uint(fractionBits)
	for ; fraction > 0 && math.Ldexp(largest/math.Ln2, int(fraction)) > 1<<59; fraction-- {
	}
	t.unit = math.Ldexp(math.Ln2, -int(fraction))
	t.bound, t.zero = newBound(t.cfg.Dynamics, fraction)
	// A margin of a few units stands above all rounding.
	t.zero += 4 - int64(math.Floor(math.Ldexp(t.hazard.logTau/math.Ln2, int(fraction))))
	t.open = t.zero + t.toUnits(uMax) + 4
}

func (t *thinning) toUnits(x float64) int64 {
	return int64(math.RoundToEven(max(-weightLimit, min(weightLimit, x)) / t.unit))
}

func (t *thinning) setSparse(net Network) {
	n := t.n
	t.out = outgoing{start: make([]int, n+1), post: make([]int32, 0, len(net.Sparse.Post)), weights: make([]int64, 0, len(net.Sparse.Post))}
	for j := range n {
		net.out(n, j, func(i int, w float64) {
			t.out.post = append(t.out.post, int32(i))
			t.out.weights = append(t.out.weights, t.toUnits(w))
		})
		t.out.start[j+1] = len(t.out.post)
	}
	t.headroom = headroom << (52 - t.shift) / 8
	t.setFloats(t.out.weights)
}

func (t *thinning) setDense(w []float64) {
	n, width := t.n, padded(t.n)
	if t.out.dense == nil {
		t.out = outgoing{dense: make([]int64, n*width)}
	}
	// Tiles of a cache line, because one side of a transposition jumps.
	for top := 0; top < n; top += rowLanes {
		for j := range n {
			to := t.out.dense[j*width+top:][:rowLanes]
			for i := top; i < min(top+rowLanes, n); i++ {
				to[i-top] = t.toUnits(w[i*n+j])
			}
		}
	}
	for i := range n {
		t.out.dense[i*width+i] = 0
	}
	t.headroom = 0
	t.setFloats(t.out.dense)
}

func (t *thinning) setFloats(w []int64) {
	if !t.fading {
		return
	}
	if len(t.out.floats) != len(w) {
		t.out.floats = make([]float64, len(w))
	}
	for k, x := range w {
		t.out.floats[k] = float64(x) * t.unit
	}
}

// rebuild computes potentials and bounds anew from the spikes within reach.
func (t *thinning) rebuild() {
	for i, b := range t.bias {
		t.u[i] = t.zero + t.toUnits(b)
		if t.clamps[i] == ClampedOn {
			t.u[i] += clampedOn
		}
	}
	clear(t.exps)
	clear(t.alphs)
	t.orig = t.now
	t.decay = 1
	t.prune()
	t.apart = false
	t.level = t.u
	if t.fading {
		t.setApart()
	}
	for k := t.oldest; k < t.tail; k++ {
		for e := range t.edges {
			if k < t.heads[e] {
				t.pass(e, t.recent[k&(len(t.recent)-1)])
			}
		}
	}
	t.addRows()
	for i := range t.n {
		t.admit(i)
	}
	t.summed = t.heads[len(t.edges)]
	t.waiting = t.waiting[:0]
	for k := t.summed; k < t.tail; k++ {
		s := t.recent[k&(len(t.recent)-1)]
		if t.minISI != nil {
			if s.Time+t.minISI[s.Neuron] <= t.now {
				continue
			}
			t.wait(s)
		}
		t.ceil[s.Neuron] = 0
	}
	t.whole = true
	t.sum()
	for e := range t.due {
		t.due[e] = t.dueNext(e)
	}
	t.next = slices.Min(t.due)
}

// admit gives neuron i candidates, unless it is clamped.
func (t *thinning) admit(i int) {
	t.ceil[i] = 0
	if t.clamps[i] != ClampedOff {
		t.ceil[i] = t.open
		t.setLevel(i)
	}
	t.touch(i)
}

// setApart gives the neurons levels of their own, those of their potentials for a start.
func (t *thinning) setApart() {
	t.apart = true
	t.level = t.own
	for i, c := range t.ceil {
		if t.level[i] = t.u[i]; c == 0 {
			t.level[i] = math.MaxInt64 // no bound to raise
		}
	}
}

// setLevel gives neuron i a level of its own, if it needs one.
func (t *thinning) setLevel(i int) {
	if t.apart {
		t.level[i] = t.cover(i) + t.headroom
	}
}

// cover is the lowest level that covers the potential of neuron i until the next edge.
func (t *thinning) cover(i int) int64 {
	if !t.fading {
		return t.u[i]
	}
	y := t.alphs[i]
	x := max(t.exps[i]+float64(y*float64(t.now-t.orig)), 0)
	if t.alpha {
		// (x + y s) e^(-s/tau) <= max(x,0) + max(y,0) tau/e
		x += float64(max(y, 0) * float64(t.psp.TauSyn/math.E))
	}
	return t.u[i] + int64(min(float64(t.decay*x), weightLimit)/t.unit) + 4
}

// potential is u_i at the present tick.
func (t *thinning) potential(i int) float64 {
	u := float64(float64(t.u[i]-t.zero) * t.unit)
	if t.fading {
		l := float64(t.now - t.orig)
		t.decay = detmath.Exp(-l / t.psp.TauSyn)
		u += float64((t.exps[i] + float64(t.alphs[i]*l)) * t.decay)
	}
	return u
}

// pass adds edge e of a spike to the potentials of the neurons that it reaches.
func (t *thinning) pass(e int, s spike.Event) {
	edge := &t.edges[e]
	j := int(s.Neuron)
	switch {
	case t.out.dense == nil:
		t.passSparse(edge, s.Time, t.out.start[j], t.out.start[j+1])
		return
	case edge.Rect > 0:
		t.plus = append(t.plus, j*len(t.u))
	case edge.Rect < 0:
		t.minus = append(t.minus, j*len(t.u))
	}
	if len(t.plus) == cap(t.plus) || len(t.minus) == cap(t.minus) {
		t.addRows()
	}
	if t.fading {
		x, y := t.parts(edge, s.Time)
		exps, alphs := t.exps, t.alphs[:len(t.exps)]
		for i, w := range t.out.floats[j*len(t.u):][:len(exps)] {
			exps[i] += float64(x * w)
			alphs[i] += float64(y * w)
		}
	}
	t.whole = true
}

// addRows does what pass has left for it: it adds the constant parts of a dense network, several
// rows at a time.
func (t *thinning) addRows() {
	addRows(t.u, t.out.dense, t.plus, t.minus)
	t.plus, t.minus = t.plus[:0], t.minus[:0]
}

// passSparse is pass for sparse synapses. Cost: two loads and a store at random places per synapse,
// one more load and a comparison if levels are apart.
func (t *thinning) passSparse(edge *synapse.Edge, time int64, lo, hi int) {
	post, weights := t.out.post[lo:hi], t.out.weights[lo:hi]
	sign := int64(edge.Rect)
	u, level := t.u, t.level
	if !t.apart {
		for k, w := range weights {
			u[post[k]] += sign * w
		}
		t.whole = true
		return
	}
	if t.fading {
		x, y := t.parts(edge, time)
		for k, i := range post {
			w := t.out.floats[lo+k]
			u[i] += sign * weights[k]
			t.exps[i] += float64(x * w)
			t.alphs[i] += float64(y * w)
			if t.cover(int(i)) > level[i] {
				t.setLevel(int(i))
				t.touch(int(i))
			}
		}
		return
	}
	for k, w := range weights {
		i := post[k]
		w = u[i] + sign*w
		u[i] = w
		if w > level[i] {
			t.setLevel(int(i))
			t.touch(int(i))
		}
	}
}

// prefetch asks for the sparse synapses of a spike whose pass comes soon: in large networks they
// come from main memory.
func (t *thinning) prefetch(k int) {
	if k >= t.tail {
		return
	}
	j := t.recent[k&(len(t.recent)-1)].Neuron
	lo, hi := t.out.start[j], t.out.start[j+1]
	prefetchRow(t.out.post[lo:hi], t.out.weights[lo:hi])
}

// parts are the exponential and the alpha part of an edge of a spike, in units of the present
// origin.
func (t *thinning) parts(edge *synapse.Edge, time int64) (x, y float64) {
	at := float64(time + t.psp.Delay - t.orig)
	scale := detmath.Exp(at / t.psp.TauSyn)
	return float64(scale * (edge.Exp - float64(edge.Alpha*at))), float64(scale * edge.Alpha)
}

// Advance leaves a stretch without event that reaches beyond until for the next call, so that
// cutting a simulation into calls cannot change a rounding.
func (t *thinning) Advance(until int64, dst []spike.Event) ([]spike.Event, bool) {
	if cap(dst) < t.n {
		panic("sampling: Advance: no room for the spikes of one tick")
	}
	room := cap(dst) - t.n
	for {
		if len(dst) > room {
			t.limit = max(t.limit, t.now)
			return dst, false
		}
		if pass := float64((float64(t.next-t.now) - t.frac) * t.total); t.left >= pass {
			if t.next >= until {
				break
			}
			t.left -= pass
			t.now, t.frac = t.next, 0
			t.applyEdges()
			continue
		}
		at := t.frac + t.left/t.total
		if !(at < float64(until-t.now)) {
			break
		}
		ticks := int64(at)
		t.now += ticks
		t.frac = at - float64(ticks)
		if t.now >= t.next { // the quotient was rounded up
			t.now, t.frac = t.next-1, math.Nextafter(1, 0)
		}
		i, x := t.draw(float64(t.draws.Float64() * t.total))
		t.left = t.draws.Exp()
		switch {
		case i < 0:
			t.sum()
		case t.accept(i, x):
			s := spike.Event{Time: t.now, Neuron: int32(i)}
			t.push(s)
			dst = append(dst, s)
		case t.apart:
			t.setLevel(i)
			t.touch(i)
			t.sum()
		}
	}
	t.limit = max(t.limit, until)
	return dst, true
}

// accept decides about a candidate of neuron i: x is uniformly distributed between 0 and the bound.
func (t *thinning) accept(i int, x float64) bool {
	if t.clamps[i] == ClampedOn {
		return true
	}
	if !t.fading {
		// e^y is at least 0.942 of its bound; so are e^y and ln(1+e^y) > e^y (1 - e^y/2) here.
		if b := t.at(t.u[i], t.open); x < float64(b*(0.942-float64(0.471*b))) {
			return true
		}
	}
	return x < t.hazard.at(t.potential(i))
}

// push notes a spike whose edges are to come. Its neuron has no candidates from now on.
func (t *thinning) push(s spike.Event) {
	if t.tail-t.oldest == len(t.recent) {
		t.prune()
		if t.tail-t.oldest > len(t.recent)/4*3 {
			grown := make([]spike.Event, 2*len(t.recent))
			for k := t.oldest; k < t.tail; k++ {
				grown[k&(len(grown)-1)] = t.recent[k&(len(t.recent)-1)]
			}
			t.recent = grown
		}
	}
	t.recent[t.tail&(len(t.recent)-1)] = s
	t.tail++
	t.ceil[s.Neuron] = 0
	for e, lag := range t.lags {
		t.due[e] = min(t.due[e], s.Time+lag)
		t.next = min(t.next, t.due[e])
	}
	if t.minISI != nil {
		t.wait(s)
		e := len(t.edges)
		t.due[e] = t.dueNext(e)
		t.next = min(t.next, t.due[e])
	}
}

// wait notes when the refractory time of a spike ends.
func (t *thinning) wait(s spike.Event) {
	s.Time += t.minISI[s.Neuron]
	k := len(t.waiting)
	for k > 0 && t.waiting[k-1].Time < s.Time {
		k--
	}
	t.waiting = slices.Insert(t.waiting, k, s)
}

// prune forgets the spikes that do not act any more.
func (t *thinning) prune() {
	for t.oldest < t.tail && t.now-t.recent[t.oldest&(len(t.recent)-1)].Time > t.reach {
		t.oldest++
	}
	if t.minISI != nil {
		t.heads[len(t.edges)] = t.oldest // of no other use
	}
}

// sum brings the sums up to date. Neurons that have spiked are taken out here only, when the sums
// change anyway or a candidate has fallen on what such a neuron has left there; until then that
// part of the sums is as good as refused.
func (t *thinning) sum() {
	for ; t.summed < t.tail; t.summed++ {
		i := int(t.recent[t.summed&(len(t.recent)-1)].Neuron)
		if t.apart && t.ceil[i] == 0 {
			t.level[i] = math.MaxInt64 // no bound to raise
		}
		t.touch(i)
	}
	t.flush()
}

// applyEdges applies all edges that are due now.
func (t *thinning) applyEdges() {
	if t.fading {
		t.rescale()
	}
	if t.out.dense == nil && !t.fading {
		t.chooseLevels()
	}
	t.next = future
	for e := len(t.due) - 1; e >= 0; e-- {
		for t.due[e] == t.now {
			s := t.recent[t.heads[e]&(len(t.recent)-1)]
			switch {
			case e == len(t.edges) && t.minISI != nil:
				last := len(t.waiting) - 1
				t.admit(int(t.waiting[last].Neuron))
				t.waiting = t.waiting[:last]
				t.due[e] = t.dueNext(e)
				continue
			case e == len(t.edges):
				t.admit(int(s.Neuron))
			case t.out.dense == nil:
				t.prefetch(t.heads[e] + 4)
				fallthrough
			default:
				t.pass(e, s)
			}
			t.heads[e]++
			t.due[e] = t.dueNext(e)
		}
		t.next = min(t.next, t.due[e])
	}
	t.addRows()
	if t.whole && t.fading && t.out.dense != nil {
		for i, c := range t.ceil[:t.n] {
			if c > 0 {
				t.setLevel(i)
			}
		}
	}
	t.sum()
}

// chooseLevels decides whether the levels of a sparse network are its potentials, so that all sums
// must be made anew, or apart: that depends on how many passes are due now.
func (t *thinning) chooseLevels() {
	passes := 0
	for e := range t.edges {
		for k := t.heads[e]; passes < t.shared && k < t.tail && t.recent[k&(len(t.recent)-1)].Time+t.lags[e] <= t.now; k++ {
			passes++
		}
	}
	switch {
	case passes == t.shared:
		t.apart, t.level = false, t.u
	case passes > 0 && !t.apart:
		t.setApart()
	}
}

// dueNext is the tick at which edge e is to be applied next.
func (t *thinning) dueNext(e int) int64 {
	if e == len(t.edges) && t.minISI != nil {
		if k := len(t.waiting); k > 0 {
			return t.waiting[k-1].Time
		}
		return future
	}
	if h := t.heads[e]; h < t.tail {
		return t.recent[h&(len(t.recent)-1)].Time + t.lags[e]
	}
	return future
}

// rescale moves the origin of the fading parts to now, before their units grow too far apart. It
// depends on the time of the edge alone, so that every division of a simulation into calls rescales
// at the same places.
func (t *thinning) rescale() {
	l := float64(t.now - t.orig)
	d := detmath.Exp(-l / t.psp.TauSyn)
	t.decay = d
	if l < 8*t.psp.TauSyn {
		return
	}
	for i := range t.exps {
		t.exps[i] = float64(d * (t.exps[i] + float64(t.alphs[i]*l)))
		t.alphs[i] = float64(d * t.alphs[i])
	}
	t.orig = t.now
	t.decay = 1
}
