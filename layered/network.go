package layered

import (
	"fmt"
	"math"
	"math/bits"

	"spikealign/internal/random"
	"spikealign/synapse"
)

// chunk is how many steps are simulated before the sums over pairs follow. The traces of a chunk,
// chunk*tile numbers, fit a first-level cache.
const chunk = 128

// Network is a layered network at work. The zero value is not ready; use New. A Network must not be
// used by several goroutines at once; Advance can use several threads by itself.
type Network struct {
	cfg      Config
	places   []place
	width    int      // of a replica's arrays
	up, down []strips // up[l] leads from layer l to l+1, down[l] from l+1 to l
	bias     []int32
	filter   *filter // nil for rectangular potentials
	replicas []*replica
	time     int64
	spikes   int64
	window   []int32 // by lag; nil: no pair sums
	pairs    []pairs // of layers l and l+1
	parts    []*part // what is not yet in pairs
	load     int64   // bound on the size of the sums in each part
	begin    int64   // of the present sums
	summed   int64   // own spikes before this time have met all their partners
	straddle bool    // pairs with one spike before begin are in the sums

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

// New returns a network at rest at time 0, with the given weights. A window, if not nil, lets it
// sum over pairs of spikes.
func New(c Config, w Weights, window *synapse.Half, seed uint64) (*Network, error) {
	if err := c.Validate().Err(); err != nil {
		return nil, fmt.Errorf("layered: %w", err)
	}
	c = c.Resolve()
	n := &Network{cfg: c, straddle: true}
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
		for _, p := range n.places {
			for i := range p.n {
				r.ready[(p.from+i)/32] |= 1 << (i % 32)
			}
		}
		n.replicas = append(n.replicas, r)
	}
	if window != nil {
		if err := n.newPairs(*window); err != nil {
			return nil, fmt.Errorf("layered: %w", err)
		}
	}
	if err := n.SetWeights(w); err != nil {
		return nil, err
	}
	return n, nil
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
	if err := n.bound(w); err != nil {
		return err
	}
	for l, p := range n.places {
		for i, b := range w.Bias[l] {
			n.bias[p.from+i] = fixed(b)
		}
		if l < len(w.Up) {
			n.up[l].set(w.Up[l])
			n.down[l].set(w.Down[l])
		}
	}
	n.restore()
	return nil
}

// bound returns an error if a potential could leave its range.
func (n *Network) bound(w Weights) error {
	// A spike is followed by the next one after min_isi at the earliest.
	overlap := 1.0
	if n.filter == nil {
		overlap = math.Ceil(float64(n.cfg.PSPSteps) / float64(n.cfg.MinISI))
	} else {
		overlap = n.filter.overlap(n.cfg)
	}
	for l, p := range n.places {
		for i := range p.n {
			sum := 0.0
			if l > 0 {
				below := n.cfg.Layers[l-1]
				for _, x := range w.Up[l-1][i*below:][:below] {
					sum += math.Abs(x)
				}
			}
			if l < len(w.Down) {
				above := n.cfg.Layers[l+1]
				for _, x := range w.Down[l][i*above:][:above] {
					sum += math.Abs(x)
				}
			}
			if total := float64(sum*overlap) + math.Abs(w.Bias[l][i]); !(total < potentialMax/unit) {
				return fmt.Errorf("layered: weights of neuron %d of layer %d add up to %.3g; potentials of 1024 and more cannot be simulated", i, l, total)
			}
		}
	}
	return nil
}

const unit = 1 << potentialBits

func fixed(x float64) int32 { return int32(math.RoundToEven(float64(x * unit))) }

// set takes weights in the order row = postsynaptic.
func (s *strips) set(w []float64) {
	post := len(w) / s.pre
	for i := range post {
		strip := s.strip(i / tile)[i%tile:]
		for j, x := range w[i*s.pre:][:s.pre] {
			strip[j*tile] = fixed(x)
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
		if n.window != nil {
			n.sumUp(false)
		}
		if err := n.deliver(from); err != nil {
			return err
		}
		n.forget()
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

// forget drops the spikes that nothing needs any more.
func (n *Network) forget() {
	need := n.time - max(n.cfg.PSPSteps, n.cfg.MinISI)
	if n.window != nil {
		cut := int64(len(n.window) - 1)
		need = min(need, n.summed-cut)
		if !n.straddle {
			need = min(need, n.begin-cut)
		}
	}
	for _, r := range n.replicas {
		r.forget(need)
	}
}

// simulate lets the replicas go steps steps.
func (n *Network) simulate(rs []*replica, steps int) {
	tau := float32(n.cfg.TauRef)
	for t := n.time; t < n.time+int64(steps); t++ {
		for _, r := range rs {
			for l, p := range n.places {
				for _, i := range r.of(t-n.cfg.MinISI, l) {
					r.ready[(p.from+int(i))/32] |= 1 << (i % 32)
				}
			}
			r.key.Fill(r.words, uint64(t))
			decide(r.fired, r.u, r.words, tau)
			r.collect(n.places)
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
					addTile(r.in[at:at+tile], w, r.plus[l-1], r.minus[l-1])
				}
			}
			if l+1 < len(n.places) {
				w := n.down[l].strip(k)
				for _, r := range rs {
					addTile(r.in[at:at+tile], w, r.plus[l+1], r.minus[l+1])
				}
			}
		}
	}
}
