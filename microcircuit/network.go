package microcircuit

import (
	"fmt"
	"math"
	"slices"

	"spikealign/internal/random"
	"spikealign/settings"
	"spikealign/spike"
)

// Phase says what a network does with what is presented to it.
type Phase uint8

const (
	// Test leaves all weights as they are.
	Test Phase = iota
	// Learn changes the forward weights.
	Learn
	// Align changes the feedback weights, with the interneurons disconnected and LambdaApical = 1.
	Align
)

// Network is one microcircuit and the state of its simulation.
//
// # How it is simulated
//
// A neuron that spikes with probability p = E/(1+E) in a step stays silent through several steps
// with the product of the 1/(1+E). So one uniform number U per spike is enough: the neuron spikes
// in the first step after its refractory time in which the product of the 1+E has grown to 1/U.
// That is exactly the law of independent decisions in every step.
//
// Every step multiplies once per neuron. All else happens where something changes: a spike adds a
// column of weights to the potentials of the layers that it reaches, and the end of its potential
// takes it away; a neuron whose potential changed needs one exponential. Interneurons see the basal
// potential of the layer above and cost no sums of their own. The sliding means come from running
// sums, one value of which per step and neuron is kept for the length of the window.
//
// At tau = 10 a spike falls on every sixth step of the smallest network, a potential begins or ends
// on every third, and several do in each step of a network of 40 neurons: finding the next event
// would cost more than the multiplications that it saves. (Running through quiet stretches neuron
// by neuron was tried, and was slower.)
//
// # Cost
//
// Per step: 10 ns, 1 ns for every neuron (product, comparison) and 1 ns for every pyramidal neuron
// above the input (sums). Per spike: 10 ns, and for every postsynaptic neuron 2 ns twice (on and
// off). Per layer and step in which its potentials changed: one exponential, 4 ns, for every neuron
// of it that is not refractory; less for the nudged output, in every step. Per presynaptic spike
// while learning: 3 ns per synapse, and 10 ns for every postsynaptic neuron, once for all spikes of
// a layer in one step. So cost grows with spikes times fan-out, and only with the number of neurons
// for the steps. Together, while learning at tau = 10: 30 ns a step for 1-1-1 (.16 spikes a step),
// .4 us for 4-30-3 (1.2), 1.6 us for 30-50-10 (4.4), 11 us for 100-100-100-10 (17); at tau = 100,
// .13 us for 4-30-3 (.13).
type Network struct {
	cfg     Config
	clip    int64 // units
	oddsOf  *oddsTable
	layers  []layer
	inputs  int
	upper   int // pyramidal neurons above the input
	pyramid int // pyramidal neurons
	neurons int
	at      []place // of every neuron

	// The present.
	now     int64 // steps simulated
	onset   int64 // of what is presented
	phase   Phase
	nudged  bool
	changed bool    // in some layer
	target  []int64 // output, units
	aim     []float64

	// Neurons.
	draws   []random.Stream
	product []float64 // of 1+E over the steps since the last spike, refractory ones left out
	limit   []float64 // 1/U
	growth  []float64 // 1+E, or 1 while refractory
	odds    []float64 // E = e^(u - ln tau), unless refractory
	active  []bool    // z = 1: the potential is on, and the neuron refractory
	u       []int64   // potential after the last step, units
	last    []int64   // latest spike
	before  []int64   // the one before it; valid in the step of the latest spike
	count   []int64   // spikes in this stretch
	spikes  int64     // in all

	// Pyramidal neurons above the input, in the order of their numbers, units.
	bias []int64
	// basal potentials, then extra: what is added to them and the bias, LambdaApical*apical or the
	// nudge
	drive  []int64
	basal  []int64 // the two parts of drive
	extra  []int64
	apical []int64 // hidden layers
	// running sums of drive, modulo 2^64, after each of the last Window+1 steps, in a circle of
	// rows
	ring []int64
	// where the row of the last step begins; the next one is the oldest, of Window steps ago
	row   int
	share float64   // 1/(number of steps in the window)
	delta []float64 // weight change due per presynaptic spike, units

	// Spikes whose potential is on, oldest first, at head..tail modulo the length; the time of the
	// one at tail is future.
	queue      []spike.Event
	head, tail int
	lastFrom   int // the spikes of the last step begin here

	sal []salTable // sal[l-1] is for the feedback weights into layer l

	stretch int64     // where the present stretch of means began
	sums0   []int64   // running sums there, or at the last flush
	sums    []float64 // flushed, units
	clipped int64     // weight changes that the bound cut short

	// Differences between neurons; see Differences.
	gain, offset []float64 // of pyramidal neurons; nil: 1 and 0
	narrow       int64     // the smallest bound of effective weights
	various      bool      // SAL differs between synapses
	silent       []bool    // refractory: active, unless refractory times differ
	minISI       []int64   // of every neuron, if they differ
	wake         [][]int32 // then: who is ready again, by step modulo the length
	overlap      int       // and so many more spikes of a neuron may be on
}

func (n *Network) sum() []int64 { return n.ring[n.row:][:len(n.drive)] }

type layer struct {
	n            int
	first, inter int       // numbers of the first pyramidal neuron and interneuron
	off          int       // of the first pyramidal neuron in the arrays without input
	up, down     []int64   // effective, presynaptic-major: up[j*n+i], j below; down[k*n+i], k above
	upMoment     []float64 // sum of changes times the time into the stretch
	downMoment   []float64
	basalChanged bool // since the potentials were last updated
	extraChanged bool
	deltaAt      int64 // step for which delta is known
}

type place struct {
	layer, index int32
	inter        bool
}

const (
	never  = math.MinInt64 / 4
	future = math.MaxInt64 / 4
)

// NewNetwork returns a network at rest, at step 0, in phase Test without target and with all inputs
// 0, with the spikes' random numbers of seed 0. The error joins all problems.
func NewNetwork(c Config, w Weights) (*Network, error) {
	if ps := c.Validate(); len(ps) > 0 {
		return nil, fmt.Errorf("microcircuit: %w", ps.Err())
	}
	if ps := w.Validate(c); len(ps) > 0 {
		return nil, fmt.Errorf("microcircuit: %w", ps.Err())
	}
	top := len(c.Dims) - 1
	c.Dims, c.RateUp, c.RateDown = slices.Clone(c.Dims), each(c.RateUp, top), each(c.RateDown, top-1)
	n := &Network{cfg: c, clip: int64(c.clip() * units), oddsOf: newOddsTable(c.Tau), inputs: c.Dims[0]}
	last := len(c.Dims) - 1
	n.layers = make([]layer, last+1)
	for l, dim := range c.Dims {
		n.layers[l] = layer{n: dim, first: n.pyramid, off: n.pyramid - n.inputs, deltaAt: never}
		n.pyramid += dim
		for i := range dim {
			n.at = append(n.at, place{layer: int32(l), index: int32(i)})
		}
	}
	n.neurons, n.upper = n.pyramid, n.pyramid-n.inputs
	for l := 1; l < last; l++ {
		n.layers[l].inter = n.neurons
		n.neurons += c.Dims[l+1]
		for i := range c.Dims[l+1] {
			n.at = append(n.at, place{layer: int32(l), index: int32(i), inter: true})
		}
	}
	for _, x := range []*[]float64{&n.product, &n.limit, &n.growth, &n.odds} {
		*x = make([]float64, n.neurons)
	}
	for _, x := range []*[]int64{&n.u, &n.last, &n.before, &n.count} {
		*x = make([]int64, n.neurons)
	}
	n.active = make([]bool, n.neurons)
	n.bias, n.apical = make([]int64, n.upper), make([]int64, n.upper)
	n.drive, n.sums0, n.sums = make([]int64, 2*n.upper), make([]int64, 2*n.upper), make([]float64, 2*n.upper)
	n.basal, n.extra = n.drive[:n.upper], n.drive[n.upper:]
	n.ring = make([]int64, int(c.Window+1)*2*n.upper)
	n.share = 1
	n.delta = make([]float64, n.upper)
	n.target, n.aim = make([]int64, c.Dims[last]), make([]float64, c.Dims[last])
	n.draws = make([]random.Stream, n.neurons)
	n.vary(c.Differences)
	size := 4
	for size < (2+n.overlap)*n.neurons+2 {
		size *= 2
	}
	n.queue = make([]spike.Event, size)
	n.queue[0].Time = future

	for l := 1; l <= last; l++ {
		y := &n.layers[l]
		y.up = n.transposed(w.Up[l-1], y, n.layers[l-1].n)
		y.upMoment = make([]float64, len(y.up))
		for i, b := range w.Bias[l-1] {
			if b = n.effective(y, i, b); n.offset != nil {
				b += n.offset[y.first+i]
			}
			n.bias[y.off+i] = fixed(b)
		}
	}
	n.sal = make([]salTable, max(last-1, 0))
	for l := 1; l < last; l++ {
		y := &n.layers[l]
		above := n.layers[l+1].n
		if c.Method == BP {
			y.down = make([]int64, above*y.n)
			for j := range y.n {
				for k := range above {
					y.down[k*y.n+j] = n.tied(y, &n.layers[l+1], j, k)
				}
			}
		} else {
			y.down = n.transposed(w.Down[l-1], y, above)
		}
		y.downMoment = make([]float64, len(y.down))
		if c.Method == SAL {
			n.sal[l-1] = newSALTable(c.RateDown[l-1], c.salWindow())
		}
	}
	for i := range n.last {
		n.last[i], n.product[i] = never, 1
		if p := n.at[i]; p.inter {
			n.u[i] = n.bias[n.layers[p.layer+1].off+int(p.index)]
		} else if p.layer > 0 {
			n.u[i] = n.bias[n.layers[p.layer].off+int(p.index)]
		}
	}
	for i := range n.odds {
		n.evaluate(i)
	}
	n.Seed(0, 0)
	return n, nil
}

// fixed rounds to units.
func fixed(x float64) int64 { return int64(math.RoundToEven(x * units)) }

// transposed returns the effective weights of a matrix whose rows belong to layer y, column by
// column, in units.
func (n *Network) transposed(m []float64, y *layer, columns int) []int64 {
	t := make([]int64, len(m))
	for i := range y.n {
		for j := range columns {
			t[j*y.n+i] = fixed(n.effective(y, i, m[i*columns+j]))
		}
	}
	return t
}

// tied is the effective feedback weight from neuron k of layer above to neuron j of layer y that
// equals the forward weight: the two as they are without gains.
func (n *Network) tied(y, above *layer, j, k int) int64 {
	w := above.up[j*above.n+k]
	if n.gain == nil {
		return w
	}
	return int64(math.RoundToEven(float64(w) * (n.gain[y.first+j] / n.gain[above.first+k])))
}

// sumAll computes basal and apical potentials from last spikes and weights.
func (n *Network) sumAll() {
	for l := 1; l < len(n.layers); l++ {
		n.layers[l].deltaAt = never
		n.sumUp(l)
		if l+1 < len(n.layers) {
			n.sumApical(l)
		}
	}
}

func (n *Network) sumUp(l int) {
	y, below := &n.layers[l], &n.layers[l-1]
	v := n.basal[y.off:][:y.n]
	clear(v)
	for j := range below.n {
		if n.active[below.first+j] {
			addColumn(v, y.up[j*y.n:][:y.n])
		}
	}
}

func (n *Network) sumApical(l int) {
	y, above := &n.layers[l], &n.layers[l+1]
	v := n.apical[y.off:][:y.n]
	clear(v)
	for k := range above.n {
		if n.active[above.first+k] {
			addColumn(v, y.down[k*y.n:][:y.n])
		}
		if n.phase != Align && n.active[y.inter+k] {
			subColumn(v, y.down[k*y.n:][:y.n])
		}
	}
}

func addColumn(v, w []int64) {
	w = w[:len(v)]
	for i := range v {
		v[i] += w[i]
	}
}

func subColumn(v, w []int64) {
	w = w[:len(v)]
	for i := range v {
		v[i] -= w[i]
	}
}

// evaluate sets odds and growth of a neuron that is not refractory from its potential.
func (n *Network) evaluate(i int) {
	e := n.oddsOf.at(n.u[i])
	n.odds[i] = e
	n.growth[i] = 1 + e
}

// Seed starts a new stretch of random numbers for the spikes to come: those of run seed and
// stretch. Every neuron has its own.
func (n *Network) Seed(seed, stretch uint64) {
	for i := range n.draws {
		n.draws[i] = random.New(seed, random.Spikes, uint64(i), stretch)
		n.limit[i] = 1 / n.draws[i].Float64()
		n.product[i] = 1
	}
}

// Present sets the potentials of the input neurons and the target potentials of the output (nil: no
// nudge) from the next step on, and the phase. Input neurons spike from their new potentials at
// once, the others follow one step later. The learning lag begins. It panics if a length is wrong,
// or a number not within -64..64.
func (n *Network) Present(input, target []float64, phase Phase) {
	if len(input) != n.inputs || target != nil && len(target) != len(n.target) {
		panic(fmt.Sprintf("microcircuit: Present: %d inputs and %d targets for a network of %v", len(input), len(target), n.cfg.Dims))
	}
	var ps settings.Problems
	checkValues(&ps, "input", input, maxDrive)
	checkValues(&ps, "target", target, maxDrive)
	if len(ps) > 0 || phase > Align {
		panic("microcircuit: Present: impossible input, target or phase")
	}
	n.onset = n.now
	for i, x := range input {
		if n.gain != nil {
			x = float64(n.gain[i] * x)
		}
		if n.offset != nil {
			x += n.offset[i]
		}
		n.u[i] = fixed(x)
		if !n.silent[i] {
			n.evaluate(i)
		}
	}
	n.nudged = target != nil
	for i, x := range target {
		n.target[i] = fixed(x)
	}
	n.phase = phase
	n.changed = true
	for l := 1; l < len(n.layers); l++ {
		y := &n.layers[l]
		y.basalChanged, y.extraChanged = true, true
		if l+1 < len(n.layers) {
			n.sumApical(l)
		}
	}
	n.setAim()
}

// setAim prepares the part of the nudge that the mean does not change.
func (n *Network) setAim() {
	y := &n.layers[len(n.layers)-1]
	for i := range n.aim {
		n.aim[i] = float64(n.target[i] - n.bias[y.off+i])
	}
}

// Now returns the number of steps simulated.
func (n *Network) Now() int64 { return n.now }

// Neurons returns the number of all neurons, interneurons included.
func (n *Network) Neurons() int { return n.neurons }

// Spikes returns the number of spikes so far.
func (n *Network) Spikes() int64 { return n.spikes }

// Clipped returns the number of weight changes so far that the bound cut short.
func (n *Network) Clipped() int64 { return n.clipped }

// Config returns the configuration. It belongs to the network.
func (n *Network) Config() Config { return n.cfg }

// Advance simulates up to, but not including, step until. With a dst of some capacity it appends
// the spikes to it, in order of time and neuron, and stops early when there may be no room for one
// more step (Neurons() spikes); done tells whether until was reached. Without (nil), spikes are not
// recorded.
func (n *Network) Advance(until int64, dst []spike.Event) (events []spike.Event, done bool) {
	room := math.MaxInt
	if cap(dst) > 0 {
		if room = cap(dst) - n.neurons; room < 0 {
			panic("microcircuit: Advance: no room for the spikes of one step")
		}
	}
	mask := len(n.queue) - 1
	for n.now < until {
		if len(dst) > room {
			return dst, false
		}
		if n.step() && cap(dst) > 0 {
			for k := n.lastFrom; k < n.tail; k++ {
				dst = append(dst, n.queue[k&mask])
			}
		}
	}
	return dst, true
}

// step simulates step n.now and tells whether any neuron spiked. Cost: see Network.
func (n *Network) step() bool {
	t := n.now

	// Spikes, from the potentials of the step before. Whoever spiked tau steps ago may spike again.
	queue, mask := n.queue, len(n.queue)-1
	ended := n.head
	for queue[n.head&mask].Time == t-n.cfg.Tau {
		if n.wake == nil {
			n.evaluate(int(queue[n.head&mask].Neuron))
		}
		n.head++
	}
	if n.wake != nil {
		n.rouse(t)
	}
	from := n.tail
	tail := from
	growth := n.growth
	product, limit := n.product[:len(growth)], n.limit[:len(growth)]
	for i, g := range growth {
		x := float64(product[i] * g)
		product[i] = x
		if x >= limit[i] {
			queue[tail&mask] = spike.Event{Time: t, Neuron: int32(i)}
			tail++
		}
	}

	// Potentials, and the sums over time from which the nudge follows.
	if tail != from || n.head != ended {
		n.tail = tail
		queue[tail&mask].Time = future
		n.toggle(t, ended, from)
	}
	if n.changed {
		n.updateApical()
	}
	n.accumulate()
	if n.row == 0 {
		n.flush()
	}
	if n.changed {
		n.update()
	}

	// Plasticity.
	switch {
	case n.phase == Learn && n.lastFrom != from && t-n.onset >= n.cfg.Lag:
		for k := n.lastFrom; k < from; k++ {
			n.learn(int(queue[k&mask].Neuron))
		}
	case n.phase == Align && n.cfg.Method == SAL:
		for k := from; k < tail; k++ {
			if i := int(queue[k&mask].Neuron); n.various {
				n.alignEach(i)
			} else {
				n.align(i)
			}
		}
	}
	n.lastFrom = from
	n.now = t + 1
	if n.now < n.cfg.Window {
		n.share = 1 / float64(n.now+1)
	}
	return tail != from
}

// accumulate adds the drive to the running sums, and moves the nudge, which follows from them.
func (n *Network) accumulate() {
	ring, drive := n.ring, n.drive
	width := len(drive)
	row := n.row
	next := row + width
	if next == len(ring) {
		next = 0
	}
	n.row = next
	before := ring[row : row+width : row+width]
	sum := ring[next : next+width : next+width]
	if !n.nudged {
		for i, v := range drive {
			sum[i] = before[i] + v
		}
		return
	}
	aims := n.aim
	first := width - len(aims)
	for i, v := range drive[:first:first] {
		sum[i] = before[i] + v
	}
	oldest := next + width
	if oldest == len(ring) {
		oldest = 0
	}
	y := &n.layers[len(n.layers)-1]
	k := y.off
	strength, share := n.cfg.LambdaNudge, n.share
	for i, aim := range aims {
		// towards 0: that takes one instruction
		v := int64(strength * (aim - float64(float64(sum[k+i]-ring[oldest+k+i])*share)))
		d := v - drive[first+i]
		drive[first+i] = v
		sum[first+i] = before[first+i] + v
		j := y.first + i
		n.u[j] += d
		if n.silent[j] || y.basalChanged {
			continue
		}
		// The nudge moves slowly: e^(u+x) = e^u (1 + x + x^2/2 + ...).
		if x := float64(d) * unit; x < 1.0/256 && x > -1.0/256 {
			p := 1.0/6 + float64(x*(1.0/24))
			p = 0.5 + float64(x*p)
			p = 1 + float64(x*p)
			e := n.odds[j]
			e += float64(e * float64(x*p))
			n.odds[j] = e
			n.growth[j] = 1 + e
		} else {
			y.extraChanged, n.changed = true, true
		}
	}
}

// toggle begins the potentials of the spikes of step t, at from.. of the queue, and ends those at
// ended.. . One that ends with a new spike of its neuron goes on.
func (n *Network) toggle(t int64, ended, from int) {
	queue, mask := n.queue, len(n.queue)-1
	n.spikes += int64(n.tail - from)
	for k := from; k < n.tail; k++ {
		i := int(queue[k&mask].Neuron)
		n.before[i], n.last[i] = n.last[i], t
		n.count[i]++
		n.product[i] = 1
		n.limit[i] = 1 / n.draws[i].Float64()
		n.growth[i] = 1
		if !n.active[i] {
			n.active[i] = true
			n.switchOn(i)
		}
		if n.wake != nil {
			n.retire(i, t)
		}
	}
	for k := ended; k < n.head; k++ {
		if i := int(queue[k&mask].Neuron); n.last[i] == t-n.cfg.Tau {
			n.active[i] = false
			n.switchOff(i)
		}
	}
}

// switchOn adds the potential of neuron i to those of the layers that it reaches, switchOff takes
// it away.
func (n *Network) switchOn(i int) {
	p := n.at[i]
	l, k := int(p.layer), int(p.index)
	y := &n.layers[l]
	if p.inter {
		if n.phase != Align {
			subColumn(n.apical[y.off:][:y.n], y.down[k*y.n:])
			y.extraChanged, n.changed = true, true
		}
		return
	}
	if l+1 < len(n.layers) {
		x := &n.layers[l+1]
		addColumn(n.basal[x.off:][:x.n], x.up[k*x.n:])
		x.basalChanged, n.changed = true, true
	}
	if l >= 2 {
		x := &n.layers[l-1]
		addColumn(n.apical[x.off:][:x.n], x.down[k*x.n:])
		x.extraChanged, n.changed = true, true
	}
}

func (n *Network) switchOff(i int) {
	p := n.at[i]
	l, k := int(p.layer), int(p.index)
	y := &n.layers[l]
	if p.inter {
		if n.phase != Align {
			addColumn(n.apical[y.off:][:y.n], y.down[k*y.n:])
			y.extraChanged, n.changed = true, true
		}
		return
	}
	if l+1 < len(n.layers) {
		x := &n.layers[l+1]
		subColumn(n.basal[x.off:][:x.n], x.up[k*x.n:])
		x.basalChanged, n.changed = true, true
	}
	if l >= 2 {
		x := &n.layers[l-1]
		subColumn(n.apical[x.off:][:x.n], x.down[k*x.n:])
		x.extraChanged, n.changed = true, true
	}
}

// oldest is the row of sums of Window steps ago.
func (n *Network) oldest() []int64 {
	row := n.row + len(n.drive)
	if row == len(n.ring) {
		row = 0
	}
	return n.ring[row:][:len(n.drive)]
}

// updateApical brings what apical potentials add up to date.
func (n *Network) updateApical() {
	lambda := n.cfg.LambdaApical
	if n.phase == Align {
		lambda = 1
	}
	top := len(n.layers) - 1
	for l := 1; l < top; l++ {
		if y := &n.layers[l]; y.extraChanged {
			apical, extra := n.apical[y.off:][:y.n], n.extra[y.off:][:y.n]
			for i, v := range apical {
				extra[i] = int64(math.RoundToEven(lambda * float64(v)))
			}
		}
	}
	if y := &n.layers[top]; y.extraChanged && !n.nudged {
		clear(n.extra[y.off:])
	}
}

// update brings the potentials of the layers that changed up to date.
func (n *Network) update() {
	n.changed = false
	for l := 1; l < len(n.layers); l++ {
		y := &n.layers[l]
		if !y.basalChanged && !y.extraChanged {
			continue
		}
		bias, basal, extra := n.bias[y.off:][:y.n], n.basal[y.off:][:y.n], n.extra[y.off:][:y.n]
		u, silent := n.u[y.first:][:y.n], n.silent[y.first:][:y.n]
		for i := range u {
			u[i] = bias[i] + basal[i] + extra[i]
			if !silent[i] {
				n.evaluate(y.first + i)
			}
		}
		// the interneurons that predict this layer
		if x := &n.layers[l-1]; l > 1 && y.basalChanged {
			u, silent := n.u[x.inter:][:y.n], n.silent[x.inter:][:y.n]
			for i := range u {
				u[i] = bias[i]
				if n.phase != Align {
					u[i] += basal[i]
				}
				if !silent[i] {
					n.evaluate(x.inter + i)
				}
			}
		}
		y.basalChanged, y.extraChanged = false, false
	}
}

// learn changes the forward weights of neuron j, which spiked in the step before.
func (n *Network) learn(j int) {
	p := n.at[j]
	if p.inter || int(p.layer)+1 >= len(n.layers) {
		return
	}
	x, y := &n.layers[p.layer], &n.layers[p.layer+1]
	rate := n.cfg.RateUp[p.layer] * units
	if rate == 0 {
		return
	}
	delta := n.delta[y.off:][:y.n]
	if y.deltaAt != n.now {
		y.deltaAt = n.now
		sum, oldest := n.sum(), n.oldest()
		for i := range delta {
			k := y.off + i
			free := n.bias[k] + int64(math.RoundToEven(float64(sum[k]-oldest[k])*n.share))
			k += n.upper
			more := int64(math.RoundToEven(float64(sum[k]-oldest[k]) * n.share))
			e, f := n.oddsOf.at(free), n.oddsOf.at(free+more)
			// rho(free+more) - rho(free)
			delta[i] = math.RoundToEven(n.effective(y, i, rate) * ((f - e) / float64((1+e)*(1+f))))
		}
	}
	column := int(p.index) * y.n
	up, moment := y.up[column:][:y.n], y.upMoment[column:][:y.n]
	basal := n.basal[y.off:][:y.n]
	z := n.z(j)
	into := float64(n.now - n.stretch)
	for i, d := range delta {
		w := up[i] + int64(d)
		if w > n.narrow || w < -n.narrow {
			if bound := n.bound(y.first + i); w > bound || w < -bound {
				d = float64(min(max(w, -bound), bound) - up[i])
				w = up[i] + int64(d)
				n.clipped++
			}
		}
		up[i] = w
		basal[i] += int64(d) * z
		moment[i] += float64(d * into)
	}
	y.basalChanged, n.changed = true, true
	if n.cfg.Method == BP && p.layer > 0 {
		n.tie(x, y, int(p.index))
	}
}

// z is 1 while neuron i is active, else 0.
func (n *Network) z(i int) int64 {
	if n.active[i] {
		return 1
	}
	return 0
}

// tie copies the forward weights from neuron j of hidden layer x to the layer y above into the
// feedback weights.
func (n *Network) tie(x, y *layer, j int) {
	v := int64(0)
	into := float64(n.now - n.stretch)
	for k := range y.n {
		w := n.tied(x, y, j, k)
		at := k*x.n + j
		d := w - x.down[at]
		x.down[at] = w
		x.downMoment[at] += float64(float64(d) * into)
		v += d * (n.z(y.first+k) - n.z(x.inter+k))
	}
	n.apical[x.off+j] += v
	x.extraChanged = true
}

// Up returns a copy of the forward weights into layer l = 1..L, Dims[l] x Dims[l-1].
func (n *Network) Up(l int) []float64 {
	y := &n.layers[l]
	return n.bare(y, matrix(y.up, y.n, n.layers[l-1].n))
}

// Down returns a copy of the feedback weights into hidden layer l = 1..L-1, Dims[l] x Dims[l+1].
func (n *Network) Down(l int) []float64 {
	y := &n.layers[l]
	return n.bare(y, matrix(y.down, y.n, n.layers[l+1].n))
}

func matrix(t []int64, rows, columns int) []float64 {
	m := make([]float64, len(t))
	for i := range rows {
		for j := range columns {
			m[i*columns+j] = float64(t[j*rows+i]) * unit
		}
	}
	return m
}

// Potentials appends the membrane potentials of all neurons after the last step to dst, in the
// order of their numbers.
func (n *Network) Potentials(dst []float64) []float64 {
	for _, u := range n.u {
		dst = append(dst, float64(u)*unit)
	}
	return dst
}
