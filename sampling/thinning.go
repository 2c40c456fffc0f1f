package sampling

import (
	"math"
	"math/bits"

	"spikealign/internal/detmath"
	"spikealign/internal/random"
	"spikealign/spike"
	"spikealign/synapse"
)

// thinning simulates networks of any size with any PSP.
//
// # Why it is exact
//
// A neuron with hazard h in a tick (spiking probability 1-exp(-h)) spikes if a Poisson process of that rate has a point within the tick. Such
// a process is what remains of a faster one, of rate H >= h, if each of its points is kept with probability h/H (Lewis & Shedler 1979). So every neuron
// gets a bound H on its hazard; the sum of all bounds gives the time of the next candidate point, the shares in the sum give its neuron,
// and only then is the true hazard, hence the potential, of this one neuron computed. Refractory neurons have no candidates. Bounds may change
// at any time, as long as they hold. Potentials may vary between spikes in any way, as long as the bound covers the future up to the next edge.
//
// In discrete time the potentials are those of the tick, so that all spikes of a tick are decided in parallel.
//
// # Potentials
//
// A PSP is a sum of parts that are switched on and off at its edges (synapse.Edge): a constant, an exponential, an alpha part. Each
// neuron holds three numbers, the sums of these parts over all spikes, and each edge of each spike is one pass over the spiking neuron's
// outgoing synapses; nothing else depends on the number of synapses. Constants are integers in units of 2^-40 (weights are rounded to
// these), so that what is switched on and off again leaves no trace, in whatever order.
//
// # Bounds
//
// Bounds come in classes with the potentials k*ln2 (a factor of 2 between hazards). Each class keeps a list of its members, so
// that drawing a neuron and moving it to another class take constant time. A pass that raises a potential above its bound moves the neuron up; a refused
// candidate moves it down to where it belongs.
//
// # Cost per spike
//
// Edges of the PSP (rectangular: 2) times a row pass (load, add, compare, store for each outgoing synapse), plus about 1.5 candidates (bounds exceed hazards by a factor of 1 to 2):
// two draws, the choice of a class, an exponential and a logarithm, about 50 ns each, plus leaving and joining a class at both ends of the refractory time.
type thinning struct {
	cfg    Config
	n      int
	psp    synapse.PSP
	edges  []synapse.Edge
	fading bool    // the PSP has an exponential or alpha part
	alpha  bool    // ... an alpha part
	decay  float64 // e^(-(now-origin)/TauSyn) at the latest edge or candidate
	hazard hazard
	bounds [classes]float64 // hazard of class k's potential
	limits [classes]int64   // class k's potential
	out    outgoing
	bias   []int64
	clamps []Clamping
	reach  int64 // lag beyond which a spike does not act

	limit int64
	now   int64   // tick
	frac  float64 // place within the tick, in [0,1)
	left  float64 // hazard bound still to pass before the next candidate

	cells []cell
	exps  []float64 // with fading PSPs, per neuron: sum of the exponential parts, in units of e^(-(now-origin)/TauSyn)
	alphs []float64 // likewise the alpha parts: the potential has (exps + alphs*(now-origin)) e^...
	orig  int64

	recent []spike.Event // ring of spikes whose edges are not all past
	oldest int           // spikes from here on may still act
	tail   int
	heads  []int   // per edge: the next spike to apply it to; last, the next spike whose neuron's refractory time ends
	lags   []int64 // of the same

	members  [classes][]int32
	place    []int32              // per neuron: its index among its class's members
	class    []uint8              // per neuron; none if it has no candidates
	weights  [classes]float64     // bound times number of members
	occupied [classes / 64]uint64 // bit set of classes with members
	total    float64              // sum of weights; negative if it must be added up anew

	draws random.Source
}

// cell is what a row pass touches of a neuron: the constant part of its potential, bias included, and the limit up to which its bound holds, both in units of unit.
type cell struct{ u, limit int64 }

const (
	unit     = 1.0 / (1 << 40)
	classes  = 128
	none     = 255
	lowClass = -63 // class k bounds potentials up to (k+lowClass)*ln 2
	topClass = classes - 1
)

// outgoing is a copy of the synapses by presynaptic neuron, with rounded weights; dense rows leave out post.
type outgoing struct {
	dense   []int64 // n x n: dense[j*n+i] is the synapse from j to i
	start   []int
	post    []int32
	weights []int64
	floats  []float64 // dense or sparse like the above, for fading parts
}

func toUnits(x float64) int64 {
	return int64(math.RoundToEven(math.Max(-1<<20, math.Min(1<<20, x)) / unit))
}

func newThinning(c Config) *thinning {
	t := &thinning{cfg: c, n: c.Neurons, psp: c.psp(), hazard: newHazard(c)}
	t.edges = t.psp.Edges()
	for _, e := range t.edges {
		t.fading = t.fading || e.Exp != 0 || e.Alpha != 0
		t.alpha = t.alpha || e.Alpha != 0
	}
	t.reach = max(t.psp.Length(), t.edges[len(t.edges)-1].Lag, c.MinISI*c.TicksPerStep())
	for k := range t.bounds {
		t.limits[k] = int64(math.Floor(float64(k+lowClass) * (math.Ln2 / unit)))
		t.bounds[k] = t.hazard.at(float64(k+lowClass) * math.Ln2)
	}
	n := c.Neurons
	t.cells = make([]cell, n)
	t.bias = make([]int64, n)
	if t.fading {
		t.exps = make([]float64, n)
		t.alphs = make([]float64, n)
	}
	t.place = make([]int32, n)
	t.class = make([]uint8, n)
	for _, e := range t.edges {
		t.lags = append(t.lags, e.Lag)
	}
	t.lags = append(t.lags, c.MinISI*c.TicksPerStep())
	t.heads = make([]int, len(t.lags))
	t.recent = make([]spike.Event, 1024)
	t.clamps = make([]Clamping, n)
	for i := range t.class {
		t.class[i] = none
	}
	t.out.dense = make([]int64, n*n)
	t.out.floats = toFloats(t.out.dense, t.fading)
	t.forget()
	t.Seed(0, 0)
	return t
}

func (t *thinning) Name() string { return Thinning }
func (t *thinning) Now() int64   { return t.limit }

// settle counts the bound passed up to the end of the last Advance, before anything changes.
func (t *thinning) settle() {
	if t.now < t.limit {
		if t.total < 0 {
			t.sum()
		}
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
	t.forget()
}

func (t *thinning) forget() {
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
	n := t.n
	for i, b := range net.Bias {
		t.bias[i] = toUnits(b)
	}
	if s := net.Sparse; s != nil {
		t.out = outgoing{start: make([]int, n+1)}
		for j := range n {
			net.out(n, j, func(i int, w float64) {
				t.out.post = append(t.out.post, int32(i))
				t.out.weights = append(t.out.weights, toUnits(w))
			})
			t.out.start[j+1] = len(t.out.post)
		}
		t.out.floats = toFloats(t.out.weights, t.fading)
	} else {
		if t.out.dense == nil {
			t.out = outgoing{dense: make([]int64, n*n)}
		}
		for i := range n {
			for j, w := range net.Weights[i*n : (i+1)*n] {
				t.out.dense[j*n+i] = toUnits(w)
			}
			t.out.dense[i*n+i] = 0
		}
		t.out.floats = toFloats(t.out.dense, t.fading)
	}
	t.rebuild()
}

func toFloats(w []int64, wanted bool) []float64 {
	if !wanted {
		return nil
	}
	f := make([]float64, len(w))
	for k, x := range w {
		f[k] = float64(x) * unit
	}
	return f
}

// rebuild computes potentials and bounds anew from the spikes within reach.
func (t *thinning) rebuild() {
	for i := range t.cells {
		t.cells[i] = cell{t.bias[i], math.MaxInt64}
		if t.fading {
			t.exps[i], t.alphs[i] = 0, 0
		}
	}
	t.orig = t.now
	t.decay = 1
	for k := t.oldest; k < t.tail; k++ {
		for e := range t.edges {
			if k < t.heads[e] {
				t.pass(e, t.recent[k&(len(t.recent)-1)], false)
			}
		}
	}
	for i := range t.cells {
		t.unlist(i)
	}
	refractory := t.refractory()
	for i := range t.cells {
		if !refractory[i] {
			t.relist(i)
		}
	}
}

// refractory tells which neurons are.
func (t *thinning) refractory() []bool {
	r := make([]bool, t.n)
	for k := t.heads[len(t.edges)]; k < t.tail; k++ {
		r[t.recent[k&(len(t.recent)-1)].Neuron] = true
	}
	return r
}

// coverage is the highest value that the potential of neuron i can take before the next edge.
func (t *thinning) coverage(i int) float64 {
	u := float64(t.cells[i].u) * unit
	if t.fading {
		y := t.alphs[i]
		x := t.exps[i] + float64(y*float64(t.now-t.orig))
		if t.alpha {
			// (x + y s) e^(-s/tau) <= max(x,0) + max(y,0) tau/e
			u += float64(t.decay * (math.Max(x, 0) + float64(math.Max(y, 0)*float64(t.psp.TauSyn/math.E))))
		} else {
			u += float64(t.decay * math.Max(x, 0))
		}
	}
	return u
}

// potential is u_i at the present tick.
func (t *thinning) potential(i int) float64 {
	u := float64(t.cells[i].u) * unit
	if t.fading {
		l := float64(t.now - t.orig)
		t.decay = detmath.Exp(-l / t.psp.TauSyn)
		u += float64((t.exps[i] + float64(t.alphs[i]*l)) * t.decay)
	}
	return u
}

// relist puts neuron i into the class that its coverage asks for.
func (t *thinning) relist(i int) {
	k := topClass
	switch t.clamps[i] {
	case ClampedOff:
		return
	case Free:
		k = int(math.Ceil(t.coverage(i)*(1/math.Ln2))) - lowClass
		k = min(max(k, 0), topClass)
	}
	t.enlist(i, k)
}

// enlist puts neuron i, which is in no class, into class k.
func (t *thinning) enlist(i, k int) {
	t.cells[i].limit = math.MaxInt64
	if k < topClass {
		t.cells[i].limit = t.limits[k]
	}
	t.class[i] = uint8(k)
	t.place[i] = int32(len(t.members[k]))
	t.members[k] = append(t.members[k], int32(i))
	t.weigh(k)
}

// weigh brings the weight of class k up to date.
func (t *thinning) weigh(k int) {
	n := len(t.members[k])
	t.weights[k] = float64(t.bounds[k] * float64(n))
	if n == 0 {
		t.occupied[k>>6] &^= 1 << (k & 63)
	} else {
		t.occupied[k>>6] |= 1 << (k & 63)
	}
	t.total = -1
}

func (t *thinning) unlist(i int) {
	k := t.class[i]
	if k == none {
		return
	}
	m := t.members[k]
	last := m[len(m)-1]
	m[t.place[i]] = last
	t.place[last] = t.place[i]
	t.members[k] = m[:len(m)-1]
	t.class[i] = none
	t.cells[i].limit = math.MaxInt64 // no bound to raise
	t.weigh(int(k))
}

// pass adds edge e of a spike to the potentials of the neurons that it reaches; if bounded, it raises the bounds that no longer hold.
func (t *thinning) pass(e int, s spike.Event, bounded bool) {
	edge := &t.edges[e]
	j := int(s.Neuron)
	lo, hi := j*t.n, (j+1)*t.n
	post := []int32(nil)
	if t.out.dense == nil {
		lo, hi = t.out.start[j], t.out.start[j+1]
		post = t.out.post[lo:hi]
	}
	if !t.fading { // rectangular: a constant, on or off
		switch {
		case post == nil && edge.Rect > 0:
			t.addDense(t.out.dense[lo:hi], bounded)
		case post == nil:
			t.subDense(t.out.dense[lo:hi], bounded)
		default:
			w := t.out.weights[lo:hi]
			off := edge.Rect < 0
			for k, i := range post {
				d := w[k]
				if off {
					d = -d
				}
				c := &t.cells[i]
				c.u += d
				if c.u > c.limit && bounded {
					t.raise(int(i))
				}
			}
		}
		return
	}
	ints := t.out.dense
	if post != nil {
		ints = t.out.weights
	}
	// The parts in units of the present origin.
	at := s.Time + t.psp.Delay - t.orig
	scale := detmath.Exp(float64(at) / t.psp.TauSyn)
	x := float64(scale * (edge.Exp - float64(edge.Alpha*float64(at))))
	y := float64(scale * edge.Alpha)
	for k := lo; k < hi; k++ {
		i := k - lo
		if post != nil {
			i = int(post[i])
		}
		w := t.out.floats[k]
		switch {
		case edge.Rect > 0:
			t.cells[i].u += ints[k]
		case edge.Rect < 0:
			t.cells[i].u -= ints[k]
		}
		t.exps[i] += float64(x * w)
		t.alphs[i] += float64(y * w)
		if bounded && t.class[i] < topClass && t.coverage(i) > float64(int(t.class[i])+lowClass)*math.Ln2 {
			t.raise(i)
		}
	}
}

func (t *thinning) addDense(row []int64, bounded bool) {
	cells := t.cells[:len(row)]
	for i, d := range row {
		c := &cells[i]
		c.u += d
		if c.u > c.limit && bounded {
			t.raise(i)
		}
	}
}

func (t *thinning) subDense(row []int64, bounded bool) {
	cells := t.cells[:len(row)]
	for i, d := range row {
		c := &cells[i]
		c.u -= d
		if c.u > c.limit && bounded {
			t.raise(i)
		}
	}
}

func (t *thinning) raise(i int) {
	if t.clamps[i] == Free {
		t.unlist(i)
		t.relist(i)
	}
}

// sum adds up the bounds.
func (t *thinning) sum() {
	t.total = 0
	for word := len(t.occupied) - 1; word >= 0; word-- {
		for set := t.occupied[word]; set != 0; {
			b := bits.Len64(set) - 1
			set &^= 1 << b
			t.total += t.weights[64*word+b]
		}
	}
}

// nextEdge returns the tick of the next edge and its index.
func (t *thinning) nextEdge() (int64, int) {
	at, which := int64(future), -1
	for e, h := range t.heads {
		if h < t.tail {
			if x := t.recent[h&(len(t.recent)-1)].Time + t.lags[e]; x < at {
				at, which = x, e
			}
		}
	}
	return at, which
}

// Advance leaves a stretch without event that reaches beyond until for the next call, so that cutting a simulation into calls cannot change a rounding.
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
		if t.total < 0 {
			t.sum()
		}
		edge, which := t.nextEdge()
		pass := float64((float64(edge-t.now) - t.frac) * t.total)
		if t.left >= pass {
			if edge >= until {
				break
			}
			t.left -= pass
			t.now, t.frac = edge, 0
			t.applyEdge(which)
			continue
		}
		at := t.frac + t.left/t.total
		ticks := math.Floor(at)
		if !(ticks < float64(until-t.now)) {
			break
		}
		t.now += int64(ticks)
		t.frac = at - ticks
		if t.now >= edge { // the quotient was rounded up
			t.now, t.frac = edge-1, math.Nextafter(1, 0)
		}
		i, share := t.choose()
		t.left = t.draws.Exp()
		if t.accept(i, share) {
			t.unlist(i)
			t.push(spike.Event{Time: t.now, Neuron: int32(i)})
			dst = append(dst, spike.Event{Time: t.now, Neuron: int32(i)})
		} else if t.class[i] > 0 {
			t.unlist(i)
			t.relist(i)
		}
	}
	t.limit = max(t.limit, until)
	return dst, true
}

// accept decides about a candidate of neuron i: with probability hazard over bound. Most are accepted without the hazard, because the potential lies above the next
// class's bound.
func (t *thinning) accept(i int, share float64) bool {
	k := int(t.class[i])
	x := float64(share * t.bounds[k])
	switch {
	case t.clamps[i] == ClampedOn:
		return true
	case !t.fading && k > 0 && x < t.bounds[k-1] && t.cells[i].u >= t.limits[k-1]:
		return true
	}
	return x < t.hazard.at(t.potential(i))
}

// choose draws a neuron with probability proportional to its bound, and a number of [0,1) to accept it by.
func (t *thinning) choose() (int, float64) {
	r := float64(t.draws.Float64() * t.total)
	k := 0
	for word := len(t.occupied) - 1; word >= 0; word-- {
		for set := t.occupied[word]; set != 0; {
			b := bits.Len64(set) - 1
			set &^= 1 << b
			k = 64*word + b
			if r < t.weights[k] {
				return t.member(k, r)
			}
			r -= t.weights[k]
		}
	}
	// Rounding left r at the end of the last class.
	return t.member(k, t.weights[k])
}

func (t *thinning) member(k int, r float64) (int, float64) {
	x := r / t.bounds[k]
	m := min(int(x), len(t.members[k])-1)
	return int(t.members[k][m]), min(x-float64(m), 1)
}

// push notes a spike whose edges are to come.
func (t *thinning) push(s spike.Event) {
	mask := len(t.recent) - 1
	for t.oldest < t.tail && t.now-t.recent[t.oldest&mask].Time > t.reach {
		t.oldest++
	}
	if t.tail-t.oldest == len(t.recent) {
		grown := make([]spike.Event, 2*len(t.recent))
		for k := t.oldest; k < t.tail; k++ {
			grown[k&(len(grown)-1)] = t.recent[k&mask]
		}
		t.recent = grown
	}
	t.recent[t.tail&(len(t.recent)-1)] = s
	t.tail++
}

// applyEdge applies the oldest outstanding edge of kind e, due now.
func (t *thinning) applyEdge(e int) {
	s := t.recent[t.heads[e]&(len(t.recent)-1)]
	t.heads[e]++
	if t.fading {
		t.rescale()
	}
	if e == len(t.edges) {
		t.relist(int(s.Neuron))
		return
	}
	t.pass(e, s, true)
}

// rescale moves the origin of the fading parts to now, before their units grow too far apart. It depends on the time of the edge alone, so that
// every division of a simulation into calls rescales at the same places.
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

const thinningTag = "STH1"

func (t *thinning) AppendBinary(b []byte) ([]byte, error) {
	w := writer{append(b, thinningTag...)}
	w.int(t.limit)
	w.int(t.now)
	w.float(t.frac)
	w.float(t.left)
	w.int(t.orig)
	s := t.draws.Stream()
	w.stream(&s)
	w.int(int64(t.tail - t.oldest))
	for k := t.oldest; k < t.tail; k++ {
		e := t.recent[k&(len(t.recent)-1)]
		w.int(e.Time)
		w.int(int64(e.Neuron))
	}
	for _, h := range t.heads {
		w.int(int64(h - t.oldest))
	}
	w.floats(t.exps)
	w.floats(t.alphs)
	// The order of the lists decides which neuron a number chooses.
	for _, m := range t.members {
		w.int(int64(len(m)))
		for _, i := range m {
			w.int(int64(i))
		}
	}
	return w.b, nil
}

func (t *thinning) UnmarshalBinary(b []byte) error {
	r := newReader(b, thinningTag)
	limit, now, frac, left, orig := r.int(), r.int(), r.float(), r.float(), r.int()
	r.check(now <= limit && orig <= now && frac >= 0 && frac < 1 && left >= 0, "impossible time")
	s := r.stream()
	count := r.int()
	r.check(count >= 0 && count <= int64(len(r.b))/16, "impossible length")
	if r.err != nil {
		return r.err
	}
	var recent []spike.Event
	for k := range count {
		e := spike.Event{Time: r.int(), Neuron: int32(r.int())}
		r.check(e.Neuron >= 0 && int(e.Neuron) < t.n && e.Time <= now && (k == 0 || e.Time >= recent[k-1].Time), "impossible spike")
		recent = append(recent, e)
		if r.err != nil {
			return r.err
		}
	}
	heads := make([]int, len(t.heads))
	for e := range heads {
		h := r.int()
		r.check(h >= 0 && h <= count, "impossible edge")
		if r.err != nil {
			return r.err
		}
		heads[e] = int(h)
	}
	exps, alphs := make([]float64, len(t.exps)), make([]float64, len(t.alphs))
	r.floats(exps)
	r.floats(alphs)
	var lists [classes][]int32
	listed := make([]bool, t.n)
	for k := range lists {
		for range r.length() {
			i := r.int()
			r.check(i >= 0 && i < int64(t.n) && !listed[max(0, min(i, int64(t.n)-1))], "impossible member")
			if r.err != nil {
				return r.err
			}
			listed[i] = true
			lists[k] = append(lists[k], int32(i))
		}
	}
	refractory := make([]bool, t.n)
	for _, e := range recent[heads[len(t.edges)]:] {
		refractory[e.Neuron] = true
	}
	for i, c := range t.clamps {
		r.check(listed[i] == (c != ClampedOff && !refractory[i]), "neurons without a class")
	}
	if err := r.finish(); err != nil {
		return err
	}

	t.limit, t.now, t.frac, t.left = limit, now, frac, left
	t.draws = random.NewSource(s)
	size := len(t.recent)
	for size < len(recent)+1 {
		size *= 2
	}
	t.recent = make([]spike.Event, size)
	t.oldest, t.tail = 0, copy(t.recent, recent)
	t.heads = heads
	t.rebuild() // the constant parts, which are exact; then all that depends on history
	t.orig = orig
	copy(t.exps, exps)
	copy(t.alphs, alphs)
	for i := range t.class {
		t.unlist(i)
	}
	for k, list := range lists {
		for _, i := range list {
			t.enlist(int(i), k)
		}
	}
	return nil
}
