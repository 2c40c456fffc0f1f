package microcircuit

import (
	"fmt"
	"math"
	"math/bits"
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
// takes it away; a layer whose potentials changed needs exponentials. Interneurons see the basal
// potential of the layer above and cost no sums of their own. The sliding means come from running
// sums, one value of which per step and neuron is kept for the length of the window.
//
// At tau = 10 a spike falls on every sixth step of the smallest network, a potential begins or ends
// on every third, and several do in each step of a network of 40 neurons: finding the next event
// would cost more than the multiplications that it saves. (Running through quiet stretches neuron
// by neuron was tried, and was slower.)
//
// So the work on a layer is done by kernels, which take four neurons at once (kernel.go). Layers
// lie at multiples of four places, the rest of which no neuron has, as do columns of weights and
// rows of sums: then a kernel finds what another one wrote where it can be handed on without the
// memory. Networks whose layers all have less than three neurons take the narrow kernels, whose
// calls cost less.
//
// # Cost
//
// Per step: 30 ns, and .25 ns for every neuron (product, comparison) and .4 ns for every pyramidal
// neuron above the input (sums). Per spike: 15 ns, and for every postsynaptic neuron .15 ns twice
// (on and off). Per layer and step in which its potentials changed: 10 ns and 1 ns for every neuron
// (exponential), the same for its interneurons. Per presynaptic spike while learning: 10 ns and .25
// ns per synapse, and once for all spikes of a layer in one step 20 ns and 3.5 ns for every
// postsynaptic neuron (two means, two exponentials, a quotient: one waits for the other). Together,
// while learning at tau = 10: 28 to 30 ns a step for 1-1-1 (.16 spikes a step), .20 us for 4-30-3
// (1.4), .7 us for 30-50-10 (4.3), 3.3 us for 100-100-100-10 (17); at tau = 100, .06 us for 4-30-3
// (.13).
type Network struct {
	cfg     Config
	clip    int64 // units
	oddsOf  *oddsTable
	wide    bool // the kernels that it takes
	layers  []layer
	top     *layer // the output
	neurons int
	upper   int     // places of the pyramidal neurons above the input
	at      []place // of every place
	numbers []int32 // of the neurons in the places

	// The present.
	now     int64 // steps simulated
	onset   int64 // of what is presented
	phase   Phase
	nudged  bool
	changed bool    // in some layer
	target  []int64 // output, units
	nudge   nudge

	// Neurons, a place for each. Behind a layer there may be places without a neuron: see stride.
	draws []random.Reciprocals
	race
	odds   []float64 // E = e^(u - ln tau), unless refractory
	active []bool    // z = 1: the potential is on, and the neuron refractory; or no neuron
	u      []int64   // potential after the last step, units
	last   []int64   // latest spike
	before []int64   // the one before it; valid in the step of the latest spike
	count  []int64   // spikes in this stretch
	spikes int64     // in all

	// Pyramidal neurons above the input, in the order of their places, units.
	bias   []int64
	basal  []int64 // the two parts of drive
	extra  []int64
	apical []int64 // hidden layers
	history

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

	means []float64 // of the input, sigma(u), with MeanInput; else nil

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

// setRow says where the running sums after the step before the present one are.
func (n *Network) setRow() {
	n.row = int(n.now%(n.cfg.Window+1)) * len(n.drive)
	n.oldest = (n.row + len(n.drive)) % len(n.ring)
}

type layer struct {
	n            int
	stride       int // and places without a neuron
	first, inter int // places of the first pyramidal neuron and interneuron
	off          int // of the first pyramidal neuron in the arrays without input
	// effective weights, presynaptic-major: up[j*stride+i], j below; down[k*stride+i], k above
	up, down     []int64
	upMoment     []float64 // sum of changes times the time into the stretch
	downMoment   []float64
	basalChanged bool // since the potentials were last updated
	extraChanged bool
	pyramids     population
	copies       population // the interneurons below that predict the layer, if it has any
	lesson       lesson
	lessonAt     int64 // step for which it is known
}

type place struct {
	layer, index int32
	inter        bool
	number       int32   // of the neuron
	reaches      []reach // layers that its spikes reach
	taught       *layer  // the one whose forward weights learn at them, or nil
	column       int     // of those weights
}

// connect finds what spikes reach, when all arrays are there.
func (n *Network) connect() {
	for i := range n.at {
		p := &n.at[i]
		l, k := int(p.layer), int(p.index)
		to := func(y *layer, potentials, weights []int64, changed *bool) {
			p.reaches = append(p.reaches, reach{potentials[y.off:][:y.stride], weights[k*y.stride:][:y.stride], changed})
		}
		y := &n.layers[l]
		switch {
		case p.number < 0:
			continue
		case p.inter:
			to(y, n.apical, y.down, &y.extraChanged)
			continue
		}
		if l+1 < len(n.layers) {
			y := &n.layers[l+1]
			to(y, n.basal, y.up, &y.basalChanged)
			if n.cfg.RateUp[l] > 0 {
				p.taught, p.column = y, k*y.stride
			}
		}
		if l >= 2 {
			y := &n.layers[l-1]
			to(y, n.apical, y.down, &y.extraChanged)
		}
	}
}

// stride is the number of places for a layer: as the kernels need it. A place without a neuron is
// always silent.
func (n *Network) stride(neurons int) int {
	if !n.wide {
		return neurons
	}
	return (neurons + lanes - 1) &^ (lanes - 1)
}

// settle gives places to neurons, of layer l or the interneurons that are in it, and returns the
// first one.
func (n *Network) settle(l, neurons int, inter bool) (first int) {
	first = len(n.at)
	for i := range n.stride(neurons) {
		p := place{layer: int32(l), index: int32(i), inter: inter, number: -1}
		if i < neurons {
			p.number = int32(n.neurons)
			n.neurons++
		}
		n.at = append(n.at, p)
	}
	return first
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
	n := &Network{cfg: c, clip: int64(c.clip() * units), oddsOf: newOddsTable(c.Tau), wide: vectors && slices.Max(c.Dims) >= 3}
	last := len(c.Dims) - 1
	n.layers = make([]layer, last+1)
	n.top = &n.layers[last]
	for l, dim := range c.Dims {
		n.layers[l] = layer{n: dim, stride: n.stride(dim), first: n.settle(l, dim, false), lessonAt: never}
		n.layers[l].off = n.layers[l].first - n.layers[0].stride
	}
	n.upper = n.layers[last].off + n.layers[last].stride
	for l := 1; l < last; l++ {
		n.layers[l].inter = n.settle(l, c.Dims[l+1], true)
	}
	places := len(n.at)
	for _, p := range n.at {
		n.numbers = append(n.numbers, p.number)
	}
	n.race = newRace(places)
	n.odds = make([]float64, places)
	for _, x := range []*[]int64{&n.u, &n.last, &n.before, &n.count} {
		*x = make([]int64, places)
	}
	n.active = make([]bool, places)
	for i, p := range n.at {
		n.active[i] = p.number < 0
	}
	n.bias, n.apical = make([]int64, n.upper), make([]int64, n.upper)
	n.drive, n.sums0, n.sums = make([]int64, 2*n.upper), make([]int64, 2*n.upper), make([]float64, 2*n.upper)
	n.basal, n.extra = n.drive[:n.upper], n.drive[n.upper:]
	n.ring = make([]int64, int(c.Window+1)*2*n.upper)
	n.setRow()
	n.share = 1
	n.target = make([]int64, c.Dims[last])
	n.draws = make([]random.Reciprocals, places)
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
		bias, basal := n.bias[y.off:][:y.stride], n.basal[y.off:][:y.stride]
		y.pyramids = n.population(y.first, bias, basal, n.extra[y.off:][:y.stride])
		if l > 1 {
			y.copies = n.population(n.layers[l-1].inter, bias, basal, make([]int64, y.stride))
		}
		y.lesson = lesson{
			bias: bias, basal: basal, off: y.off, upper: n.upper, rates: make([]float64, y.stride),
			change: make([]int64, y.stride), delta: make([]float64, y.stride), moment: make([]float64, y.stride),
			weights: y.up, moments: y.upMoment,
		}
		for i := range y.n {
			y.lesson.rates[i] = n.effective(y, i, n.cfg.RateUp[l-1]*units)
		}
		for i, b := range w.Bias[l-1] {
			if b = n.effective(y, i, b); n.offset != nil {
				b += n.offset[y.first+i]
			}
			n.bias[y.off+i] = fixed(b)
		}
	}
	y := &n.layers[last]
	n.nudge = newNudge(y.pyramids, c.LambdaNudge, y.off, n.upper+y.off)
	n.sal = make([]salTable, max(last-1, 0))
	for l := 1; l < last; l++ {
		y := &n.layers[l]
		above := n.layers[l+1].n
		if c.Method == BP {
			y.down = make([]int64, above*y.stride)
			for j := range y.n {
				for k := range above {
					y.down[k*y.stride+j] = n.tied(y, &n.layers[l+1], j, k)
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
	n.connect()
	for i := range n.last {
		n.last[i] = never
		if p := n.at[i]; p.inter {
			n.u[i] = n.bias[n.layers[p.layer+1].off+int(p.index)]
		} else if p.layer > 0 {
			n.u[i] = n.bias[n.layers[p.layer].off+int(p.index)]
		}
	}
	if c.Input == MeanInput {
		n.means = make([]float64, c.Dims[0])
		n.average()
	}
	for i := range n.at {
		if !n.silent[i] && n.spiking(i) {
			n.evaluate(i)
		}
	}
	n.Seed(0, 0)
	return n, nil
}

// population returns the neurons at the places from the first one on.
func (n *Network) population(first int, bias, basal, extra []int64) population {
	end := first + len(bias)
	return population{n.u[first:end], bias, basal, extra, n.silent[first:end], n.odds[first:end], n.growth[first:end]}
}

// fixed rounds to units.
func fixed(x float64) int64 { return int64(math.RoundToEven(x * units)) }

// transposed returns the effective weights of a matrix whose rows belong to layer y, column by
// column, in units.
func (n *Network) transposed(m []float64, y *layer, columns int) []int64 {
	t := make([]int64, columns*y.stride)
	for i := range y.n {
		for j := range columns {
			t[j*y.stride+i] = fixed(n.effective(y, i, m[i*columns+j]))
		}
	}
	return t
}

// tied is the effective feedback weight from neuron k of layer above to neuron j of layer y that
// equals the forward weight: the two as they are without gains.
func (n *Network) tied(y, above *layer, j, k int) int64 {
	w := above.up[j*above.stride+k]
	if n.gain == nil {
		return w
	}
	return int64(math.RoundToEven(float64(w) * (n.gain[y.first+j] / n.gain[above.first+k])))
}

// sumAll computes basal and apical potentials from last spikes and weights.
func (n *Network) sumAll() {
	for l := 1; l < len(n.layers); l++ {
		n.layers[l].lessonAt = never
		n.sumUp(l)
		if l+1 < len(n.layers) {
			n.sumApical(l)
		}
	}
}

func (n *Network) sumUp(l int) {
	y, below := &n.layers[l], &n.layers[l-1]
	v := n.basal[y.off:][:y.stride]
	clear(v)
	if l == 1 && n.means != nil {
		for j, m := range n.means {
			for i, w := range y.up[j*y.stride:][:y.n] {
				v[i] += part(w, m)
			}
		}
		return
	}
	for j := range below.n {
		if n.active[below.first+j] {
			spreadNarrow(&reach{potentials: v, column: y.up[j*y.stride:][:y.stride]}, true)
		}
	}
}

func (n *Network) sumApical(l int) {
	y, above := &n.layers[l], &n.layers[l+1]
	v := n.apical[y.off:][:y.stride]
	clear(v)
	for k := range above.n {
		if n.active[above.first+k] {
			spreadNarrow(&reach{potentials: v, column: y.down[k*y.stride:][:y.stride]}, true)
		}
		if n.phase != Align && n.active[y.inter+k] {
			spreadNarrow(&reach{potentials: v, column: y.down[k*y.stride:][:y.stride]}, false)
		}
	}
}

// evaluate sets odds and growth of a neuron that is not refractory from its potential.
func (n *Network) evaluate(i int) {
	u := n.u[i]
	e := withRest(n.oddsOf.entry(u), u)
	n.odds[i] = e
	n.growth[i] = 1 + e
}

// Seed starts a new stretch of random numbers for the spikes to come: those of run seed and
// stretch. Every neuron has its own.
func (n *Network) Seed(seed, stretch uint64) {
	for i := range n.draws {
		if n.at[i].number < 0 {
			continue
		}
		if !n.spiking(i) {
			n.product[i], n.limit[i] = 1, 2 // growth is 1 at all times
			continue
		}
		n.draws[i] = random.NewReciprocals(random.New(seed, random.Spikes, uint64(n.at[i].number), stretch))
		n.limit[i] = n.draws[i].Next()
		n.product[i] = 1
	}
}

// Present sets the potentials of the input neurons and the target potentials of the output (nil: no
// nudge) from the next step on, and the phase. Input neurons spike from their new potentials at
// once, the others follow one step later; a MeanInput acts in the next step's potentials, as spikes
// of that step would. The learning lag begins. It panics if a length is wrong,
// or a number not within -64..64.
func (n *Network) Present(input, target []float64, phase Phase) {
	if len(input) != n.layers[0].n || target != nil && len(target) != len(n.target) {
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
		if !n.silent[i] && n.means == nil {
			n.evaluate(i)
		}
	}
	if n.means != nil {
		n.average()
		n.sumUp(1)
	}
	if n.nudged = target != nil; !n.nudged {
		clear(n.nudge.extra)
	}
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
	n.setPhase()
}

// setPhase connects the interneurons with the pyramidal neurons below, unless the network aligns.
func (n *Network) setPhase() {
	for l := 2; l < len(n.layers); l++ {
		y := &n.layers[l]
		y.copies.basal = y.pyramids.basal
		if n.phase == Align {
			y.copies.basal = y.copies.extra // zeros
		}
	}
}

// setAim prepares the part of the nudge that the mean does not change.
func (n *Network) setAim() {
	y := &n.layers[len(n.layers)-1]
	for i, x := range n.target {
		n.nudge.aims[i] = float64(x - n.bias[y.off+i])
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
		if n.step(); n.lastFrom != n.tail && cap(dst) > 0 {
			for k := n.lastFrom; k < n.tail; k++ {
				e := n.queue[k&mask]
				e.Neuron = n.numbers[e.Neuron]
				dst = append(dst, e)
			}
		}
	}
	return dst, true
}

// step simulates step n.now. Cost: see Network.
func (n *Network) step() {
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
	if n.wide {
		growWide(&n.race)
		for k, word := range n.fired {
			for ; word != 0; word &= word - 1 {
				queue[tail&mask] = spike.Event{Time: t, Neuron: int32(64*k + bits.TrailingZeros64(word))}
				tail++
			}
		}
	} else {
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
	}

	// Potentials, and the sums over time from which the nudge follows.
	if tail != from || n.head != ended {
		n.tail = tail
		queue[tail&mask].Time = future
		n.toggle(t, ended, from)
	}
	if n.changed {
		n.updateHidden()
	}
	top := n.top
	if n.wide {
		top.extraChanged = accumulateWide(&n.history, &n.nudge, n.nudged) || top.extraChanged
	} else if accumulateNarrow(&n.history, &n.nudge, n.nudged) {
		top.extraChanged = true
	}
	if n.row == 0 {
		n.flush()
	}
	if top.basalChanged || top.extraChanged {
		n.refresh(top)
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
	if n.means != nil && n.phase == Learn && n.cfg.RateUp[0] > 0 && t-n.onset >= n.cfg.Lag && (t-n.onset-n.cfg.Lag)%n.cfg.Tau == 0 {
		n.learnMeans()
	}
	n.lastFrom = from
	n.now = t + 1
	if n.now < n.cfg.Window {
		n.share = 1 / float64(n.now+1)
	}
}

// toggle begins the potentials of the spikes of step t, at from.. of the queue, and ends those at
// ended.. . One that ends with a new spike of its neuron goes on.
func (n *Network) toggle(t int64, ended, from int) {
	queue, mask := n.queue, len(n.queue)-1
	n.spikes += int64(n.tail - from)
	last := n.last // slices of one length, so that an index is checked once
	before, count, draws, active := n.before[:len(last)], n.count[:len(last)], n.draws[:len(last)], n.active[:len(last)]
	product, limit, growth := n.product[:len(last)], n.limit[:len(last)], n.growth[:len(last)]
	for k := from; k < n.tail; k++ {
		i := int(queue[k&mask].Neuron)
		before[i], last[i] = last[i], t
		count[i]++
		product[i], limit[i], growth[i] = 1, draws[i].Next(), 1
		if !active[i] {
			active[i] = true
			n.turn(i, true)
		}
		if n.wake != nil {
			n.retire(i, t)
		}
	}
	for k := ended; k < n.head; k++ {
		if i := int(queue[k&mask].Neuron); last[i] == t-n.cfg.Tau {
			active[i] = false
			n.turn(i, false)
		}
	}
}

// turn adds the potential of neuron i to those of the layers that it reaches, or takes it away.
func (n *Network) turn(i int, on bool) {
	p := &n.at[i]
	if p.inter && n.phase == Align {
		return
	}
	n.changed = true
	for k := range p.reaches {
		r := &p.reaches[k]
		*r.changed = true
		if n.wide {
			spreadWide(r, on != p.inter)
		} else {
			spreadNarrow(r, on != p.inter)
		}
	}
}

// updateHidden brings the hidden layers that changed up to date. (The output waits for its nudge.)
func (n *Network) updateHidden() {
	n.changed = false
	for l := 1; l < len(n.layers)-1; l++ {
		y := &n.layers[l]
		if y.extraChanged {
			lambda := n.cfg.LambdaApical
			if n.phase == Align {
				lambda = 1
			}
			if apical := n.apical[y.off:][:y.stride]; n.wide {
				weighWide(y.pyramids.extra, apical, lambda)
			} else {
				weighNarrow(y.pyramids.extra, apical, lambda)
			}
		} else if !y.basalChanged {
			continue
		}
		n.refresh(y)
	}
}

// refresh brings the potentials of a layer up to date, and of the interneurons that predict it.
func (n *Network) refresh(y *layer) {
	copies := y.basalChanged && y.copies.u != nil
	y.basalChanged, y.extraChanged = false, false
	if n.wide {
		refreshWide(&y.pyramids, n.oddsOf)
		if copies {
			refreshWide(&y.copies, n.oddsOf)
		}
		return
	}
	refreshNarrow(&y.pyramids, n.oddsOf)
	if copies {
		refreshNarrow(&y.copies, n.oddsOf)
	}
}

// expect prepares the lesson of the present step for layer y.
func (n *Network) expect(y *layer) {
	y.lessonAt = n.now
	into := float64(n.now - n.stretch)
	if n.wide {
		expectWide(&y.lesson, &n.history, into, n.oddsOf)
	} else {
		expectNarrow(&y.lesson, &n.history, into, n.oddsOf)
	}
}

// learn changes the forward weights of neuron j, which spiked in the step before.
func (n *Network) learn(j int) {
	p := &n.at[j]
	y := p.taught
	if y == nil {
		return
	}
	into := float64(n.now - n.stretch)
	if y.lessonAt != n.now {
		n.expect(y)
	}
	var beyond bool
	if n.wide {
		beyond = adaptWide(&y.lesson, p.column, n.active[j], n.narrow)
	} else {
		beyond = adaptNarrow(&y.lesson, p.column, n.active[j], n.narrow)
	}
	if beyond {
		up, moment := y.up[p.column:], y.upMoment[p.column:]
		for i, d := range y.lesson.delta[:y.n] {
			if up[i] <= n.narrow && up[i] >= -n.narrow {
				continue
			}
			if bound := n.bound(y.first + i); up[i] > bound || up[i] < -bound {
				w := min(max(up[i], -bound), bound)
				y.pyramids.basal[i] += (w - up[i]) * n.z(j)
				d += float64(w - up[i])
				up[i] = w
				n.clipped++
			}
			moment[i] += float64(d * into)
		}
	}
	y.basalChanged, n.changed = true, true
	if n.cfg.Method == BP && p.layer > 0 {
		n.tie(&n.layers[p.layer], y, int(p.index))
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
		at := k*x.stride + j
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
	return n.bare(y, y.matrix(y.up))
}

// Down returns a copy of the feedback weights into hidden layer l = 1..L-1, Dims[l] x Dims[l+1].
func (n *Network) Down(l int) []float64 {
	y := &n.layers[l]
	return n.bare(y, y.matrix(y.down))
}

// matrix returns weights into the layer row by row.
func (y *layer) matrix(t []int64) []float64 {
	columns := len(t) / y.stride
	m := make([]float64, y.n*columns)
	for i := range y.n {
		for j := range columns {
			m[i*columns+j] = float64(t[j*y.stride+i]) * unit
		}
	}
	return m
}

// Potentials appends the membrane potentials of all neurons after the last step to dst, in the
// order of their numbers.
func (n *Network) Potentials(dst []float64) []float64 {
	for i, u := range n.u {
		if n.at[i].number >= 0 {
			dst = append(dst, float64(u)*unit)
		}
	}
	return dst
}
