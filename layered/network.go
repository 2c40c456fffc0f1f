package layered

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

	"spikealign/internal/random"
	"spikealign/internal/vector"
	"spikealign/synapse"
)

// chunk is how many steps are simulated before the sums over pairs follow. The traces of a chunk,
// chunk*tile numbers, fit a first-level cache.
const chunk = 128

const tile = vector.Tile

// A potential lies within +-potentialMax, inside of its type: larger weights are refused.
const potentialMax = 1 << 30

// Network is a layered network at work. The zero value is not ready; use New. A Network must not be
// used by several goroutines at once; Advance can use several threads by itself.
type Network struct {
	cfg      Config
	places   []place
	width    int      // of a replica's arrays
	up, down []strips // up[l] leads from layer l to l+1, down[l] from l+1 to l
	bias     []int32
	drive    [][]float64 // bounds each neuron's potential without feedback
	filter   *filter     // nil for rectangular potentials
	various  Neurons
	minISI   []int64 // by neuron, in the order of a replica's arrays; nil: Config.MinISI for all
	shortest int64   // interval between two spikes of a neuron
	ring     int64   // one more than the longest of minISI

	replicas []*replica
	time     int64
	spikes   int64

	// Sums over pairs: by traces, by pairwise, or none.
	window   []int32 // by lag
	pairs    []pairs // of layers l and l+1
	parts    []*part // what is not yet in pairs
	load     int64   // bound on the size of the sums in each part
	begin    int64   // of the present sums
	summed   int64   // rows' spikes before this time have met all their partners
	straddle bool    // pairs with one spike before begin are in the sums
	pairwise *pairwise

	// Parallel, if not nil, calls work(0) .. work(workers-1) at the same time and returns when all
	// are done. Nothing computed depends on Workers.
	Workers  int
	Parallel func(workers int, work func(worker int))
	// Spikes, if not nil, receives the spikes of every replica after each chunk of steps, ordered
	// by time and neuron, layer after layer in one numbering.
	Spikes func(replica int, time int64, layer int, neurons []int32) error
}

// place says where the neurons of a layer are in a replica's arrays. Every layer is filled up to
// whole tiles by neurons that never fire.
type place struct {
	n, from, tiles int
	first          int // its first neuron in the numbering of all
}

// strips holds the weights from pre neurons to a layer, row = presynaptic, cut into strips of tile
// targets: the weight to target i is at (i/tile*pre+j)*tile + i%tile.
type strips struct {
	pre int
	w   []int32
}

func (s *strips) strip(k int) []int32 { return s.w[k*s.pre*tile:][:s.pre*tile] }

type replica struct {
	key          random.Key32
	u            []int32 // potentials
	in           []int32 // weights of the step's spikes, where a filter makes potentials of them
	x, y         []float32
	words        []uint32
	fired, ready []uint32
	wake         [][]int32 // neurons that are ready again at a step, modulo ring; nil without minISI
	plus, minus  [][]int32 // of the present step, by layer: spikes, and spikes whose potential ends
	trains
}

// trains are the spikes of a replica from step base on: those of step t and layer l are
// events[at[k]:at[k+1]] with k = (t-base)*layers + l.
type trains struct {
	layers int
	base   int64
	events []int32
	at     []int32
}

// of returns the neurons of layer l that spiked at step t, in order; none before base.
func (s *trains) of(t int64, l int) []int32 {
	if t < s.base {
		return nil
	}
	k := int(t-s.base)*s.layers + l
	return s.events[s.at[k]:s.at[k+1]]
}

// forget drops the spikes before step from.
func (s *trains) forget(from int64) {
	if from <= s.base {
		return
	}
	k := int(from-s.base) * s.layers
	gone := s.at[k]
	s.events = s.events[:copy(s.events, s.events[gone:])]
	s.at = s.at[:copy(s.at, s.at[k:])]
	for i := range s.at {
		s.at[i] -= gone
	}
	s.base = from
}

// Pairs say which pairs of spikes are summed, and how.
type Pairs struct {
	Window  synapse.Half    // the same for either order
	Pairing synapse.Pairing // All is the fastest
	// Tau, if not nil, multiplies the window's time constant and cut for each synapse, shaped as
	// Weights.Down.
	Tau [][]float64
}

// New returns a network at rest at time 0, with the given weights. It sums over pairs of spikes, if
// these are not nil.
func New(c Config, w Weights, various Neurons, pairs *Pairs, seed uint64) (*Network, error) {
	if err := c.Validate().Err(); err != nil {
		return nil, fmt.Errorf("layered: %w", err)
	}
	c = c.Resolve()
	n := &Network{cfg: c, shortest: c.MinISI, straddle: true}
	for _, m := range c.Layers {
		p := place{n: m, from: n.width, tiles: (m + tile - 1) / tile}
		if k := len(n.places); k > 0 {
			p.first = n.places[k-1].first + n.places[k-1].n
		}
		n.places = append(n.places, p)
		n.width += p.tiles * tile
	}
	n.bias = make([]int32, n.width)
	for l := range len(c.Layers) - 1 {
		below, above := n.places[l], n.places[l+1]
		n.up = append(n.up, strips{below.n, make([]int32, below.n*above.tiles*tile)})
		n.down = append(n.down, strips{above.n, make([]int32, above.n*below.tiles*tile)})
	}
	if c.PSP == synapse.Alpha {
		n.filter = newFilter(c)
	}
	if err := n.vary(various); err != nil {
		return nil, fmt.Errorf("layered: %w", err)
	}
	for k := range c.Replicas {
		r := &replica{
			key:   random.NewKey32(seed, random.LayeredSpikes, uint64(k), 0),
			u:     make([]int32, n.width),
			words: make([]uint32, n.width),
			fired: make([]uint32, n.width/32), ready: make([]uint32, n.width/32),
			plus: make([][]int32, len(c.Layers)), minus: make([][]int32, len(c.Layers)),
			trains: trains{layers: len(c.Layers), at: []int32{0}},
		}
		r.in = r.u
		if n.filter != nil {
			r.in, r.x, r.y = make([]int32, n.width), make([]float32, n.width), make([]float32, n.width)
		}
		n.replicas = append(n.replicas, r)
	}
	n.rouse()
	if pairs != nil {
		if err := n.start(*pairs); err != nil {
			return nil, fmt.Errorf("layered: %w", err)
		}
	}
	// Indices of the spikes that are kept are 32-bit numbers.
	kept := float64(2*(n.time-n.needed()+chunk))/float64(n.shortest) + 2
	if kept*float64(n.Neurons()) > math.MaxInt32 {
		return nil, fmt.Errorf("layered: %d neurons have too many spikes within the %d steps of windows and potentials; make sal_cut or psp_steps smaller", n.Neurons(), n.time-n.needed())
	}
	if err := n.SetWeights(w); err != nil {
		return nil, err
	}
	return n, nil
}

func (n *Network) start(p Pairs) error {
	if err := errors.Join(p.Window.Validate(), p.Pairing.Validate()); err != nil {
		return err
	}
	if err := (Synapses{Tau: p.Tau}).Check(n.cfg.Layers); err != nil {
		return err
	}
	if p.Pairing.Kind == synapse.All && p.Tau == nil {
		return n.newPairs(p.Window)
	}
	return n.newPairwise(p.Window, p.Pairing, p.Tau)
}

// Config returns the configuration, with no 0 that stands for a default.
func (n *Network) Config() Config { return n.cfg }

// Time returns the number of steps simulated.
func (n *Network) Time() int64 { return n.time }

// SpikeCount returns the number of spikes so far, of all replicas.
func (n *Network) SpikeCount() int64 { return n.spikes }

// Neurons returns the number of neurons of a replica.
func (n *Network) Neurons() int {
	p := n.places[len(n.places)-1]
	return p.first + p.n
}

// SetWeights gives the network new weights and biases. A rectangular potential that is on goes on
// with the new weight of its synapse. It returns an error, and changes nothing, if the sizes do not
// fit or if a potential could leave (-1024, 1024).
func (n *Network) SetWeights(w Weights) error {
	if err := w.Check(n.cfg.Layers); err != nil {
		return fmt.Errorf("layered: %w", err)
	}
	others := n.others(w)
	if err := n.bound(others, w.Down); err != nil {
		return err
	}
	n.drive = others
	for l, p := range n.places {
		gain, offset, _ := n.various.Layer(l)
		for i, b := range w.Bias[l] {
			n.bias[p.from+i] = fixed(b, gain(i), offset(i))
		}
		if l > 0 {
			n.up[l-1].set(w.Up[l-1], gain)
		}
		if l < len(w.Down) {
			n.down[l].set(w.Down[l], gain)
		}
	}
	n.restore()
	return nil
}

// SetFeedback gives the network new feedback weights, as SetWeights does.
func (n *Network) SetFeedback(down [][]float64) error {
	if len(down) != len(n.down) {
		return fmt.Errorf("layered: feedback weights for %d layers, where %d are needed", len(down), len(n.down))
	}
	for l, b := range down {
		if len(b) != n.places[l].n*n.places[l+1].n {
			return fmt.Errorf("layered: %d feedback weights to layer %d, where %d x %d are needed", len(b), l, n.places[l].n, n.places[l+1].n)
		}
	}
	if err := n.bound(n.drive, down); err != nil {
		return err
	}
	for l := range down {
		gain, _, _ := n.various.Layer(l)
		n.down[l].set(down[l], gain)
	}
	n.restore()
	return nil
}

// others bounds each neuron's potential without feedback.
func (n *Network) others(w Weights) [][]float64 {
	drive := make([][]float64, len(n.places))
	for l, p := range n.places {
		gain, offset, _ := n.various.Layer(l)
		for i := range p.n {
			sum := 0.0
			if l > 0 {
				below := n.cfg.Layers[l-1]
				sum = n.sumOf(w.Up[l-1][i*below:][:below])
			}
			drive[l] = append(drive[l], float64(math.Abs(gain(i))*(sum+math.Abs(w.Bias[l][i])))+math.Abs(offset(i)))
		}
	}
	return drive
}

// sumOf bounds the size of the sum of potentials through synapses of these weights.
func (n *Network) sumOf(weights []float64) float64 {
	sum := 0.0
	for _, x := range weights {
		sum += math.Abs(x)
	}
	// A spike is followed by the next one after the shortest interval at the earliest.
	if n.filter != nil {
		return float64(sum * n.filter.overlap(n.cfg, n.shortest))
	}
	return float64(sum * math.Ceil(float64(n.cfg.PSPSteps)/float64(n.shortest)))
}

// bound returns an error if a potential could leave its range, or if a weight is not a number.
func (n *Network) bound(others, down [][]float64) error {
	for l, p := range n.places {
		gain, _, _ := n.various.Layer(l)
		for i := range p.n {
			total := others[l][i]
			if l < len(down) {
				above := n.cfg.Layers[l+1]
				total += float64(math.Abs(gain(i)) * n.sumOf(down[l][i*above:][:above]))
			}
			if !(total < potentialMax/unit) {
				return fmt.Errorf("layered: the potential of neuron %d of layer %d could be %.3g, the sum of its weights and bias; potentials of 1024 and more cannot be simulated, smaller weights can", i, l, total)
			}
		}
	}
	return nil
}

const unit = 1 << vector.PotentialBits

// fixed is a weight or bias as an integer.
func fixed(x, gain, offset float64) int32 {
	return int32(math.RoundToEven(float64(float64(x*gain)+offset) * unit))
}

// set takes weights in the order row = postsynaptic.
func (s *strips) set(w []float64, gain func(i int) float64) {
	post := len(w) / s.pre
	for i := range post {
		strip, g := s.strip(i / tile)[i%tile:], gain(i)
		for j, x := range w[i*s.pre:][:s.pre] {
			strip[j*tile] = fixed(x, g, 0)
		}
	}
}

// restore makes the potentials that biases, weights and the spikes of the past give.
func (n *Network) restore() {
	if n.filter != nil {
		for _, r := range n.replicas {
			n.filter.potentials(r, n.bias)
		}
		return
	}
	for _, r := range n.replicas {
		copy(r.u, n.bias)
		for t := max(n.time-n.cfg.PSPSteps, 0); t < n.time; t++ {
			for l := range n.places {
				r.plus[l], r.minus[l] = r.of(t, l), nil
			}
			n.add([]*replica{r})
		}
	}
}

// Advance simulates steps steps. It returns the first error of Spikes; what was simulated stays.
func (n *Network) Advance(steps int64) error {
	for steps > 0 {
		now := min(steps, chunk)
		n.each(len(n.replicas), func(from, to int) { n.simulate(n.replicas[from:to], int(now)) })
		from := n.time
		n.time += now
		steps -= now
		for _, r := range n.replicas {
			n.spikes += int64(len(r.events)) - int64(r.at[int(from-r.base)*r.layers])
		}
		switch {
		case n.pairwise != nil:
			n.pairwise.sumUp(n)
		case n.window != nil:
			n.sumUp(false)
		}
		if err := n.deliver(from); err != nil {
			return err
		}
		for _, r := range n.replicas {
			r.forget(n.needed())
		}
	}
	return nil
}

// each divides tasks 0 .. count-1 into ranges and works on them, with several threads where there
// are.
func (n *Network) each(count int, work func(from, to int)) {
	workers := min(n.Workers, count)
	if workers < 2 || n.Parallel == nil {
		work(0, count)
		return
	}
	n.Parallel(workers, func(k int) { work(k*count/workers, (k+1)*count/workers) })
}

func (n *Network) deliver(from int64) error {
	if n.Spikes == nil {
		return nil
	}
	for k, r := range n.replicas {
		for t := from; t < n.time; t++ {
			for l := range n.places {
				if s := r.of(t, l); len(s) > 0 {
					if err := n.Spikes(k, t, l, s); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// needed returns the time from which on spikes are still needed.
func (n *Network) needed() int64 {
	need := n.time - max(n.cfg.PSPSteps, n.cfg.MinISI, n.ring)
	if n.pairwise != nil {
		need = min(need, n.time-n.pairwise.cut)
	}
	if n.window != nil {
		cut := int64(len(n.window) - 1)
		need = min(need, n.summed-cut)
		if !n.straddle {
			need = min(need, n.begin-cut)
		}
	}
	return need
}

// simulate lets the replicas go steps steps.
func (n *Network) simulate(rs []*replica, steps int) {
	tau := float32(n.cfg.TauRef)
	for t := n.time; t < n.time+int64(steps); t++ {
		for _, r := range rs {
			n.ready(r, t)
			r.key.Fill(r.words, uint64(t))
			vector.Decide(r.fired, r.u, r.words, tau)
			r.collect(n.places)
			if n.minISI != nil {
				n.retire(r, t)
			}
			for l := range n.places {
				r.plus[l] = r.of(t, l)
				if n.filter == nil {
					r.minus[l] = r.of(t-n.cfg.PSPSteps, l)
				}
			}
		}
		n.add(rs)
		if n.filter != nil {
			for _, r := range rs {
				n.filter.step(r, n.bias)
			}
		}
	}
}

// collect appends the step's spikes to the trains.
func (r *replica) collect(places []place) {
	for _, p := range places {
		for w := p.from / 32; w < (p.from+p.n+31)/32; w++ {
			fired := r.fired[w] & r.ready[w]
			r.ready[w] &^= fired
			for i := int32(w*32 - p.from); fired != 0; fired &= fired - 1 {
				r.events = append(r.events, i+int32(bits.TrailingZeros32(fired)))
			}
		}
		r.at = append(r.at, int32(len(r.events)))
	}
}

// add adds the rows of the spikes plus and takes away those of the spikes minus.
func (n *Network) add(rs []*replica) {
	for l, p := range n.places {
		for k := range p.tiles {
			at := p.from + k*tile
			if l > 0 {
				w := n.up[l-1].strip(k)
				for _, r := range rs {
					vector.AddTile(r.in[at:at+tile], w, r.plus[l-1], r.minus[l-1])
				}
			}
			if l+1 < len(n.places) {
				w := n.down[l].strip(k)
				for _, r := range rs {
					vector.AddTile(r.in[at:at+tile], w, r.plus[l+1], r.minus[l+1])
				}
			}
		}
	}
}
