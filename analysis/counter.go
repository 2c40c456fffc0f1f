package analysis

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
	"sync"

	"spikealign/internal/detmath"
	"spikealign/spike"
	"spikealign/synapse"
)

// CounterOptions say what a Counter counts. Times are in ticks.
type CounterOptions struct {
	Neurons int // n, at least 1
	// the recording lasts from Start to before End; 0 <= Start, End-Start at least Blocks, End at
	// most 2^62
	Start, End int64
	// learning window, of sal.Window or with other amplitudes; both halves must be the same, since
	// one sum serves the two synapses of a pair
	Window  synapse.Window
	MaxLag  int64 // longest lag of the histograms; rounded up to whole bins; 1 to 2^40
	Bin     int64 // width of a bin; 1 to MaxLag; at most 2^20 bins
	Blocks  int   // blocks B of time; 2 to 2^16
	Threads int   // 0 stands for 1; results do not depend on it
}

const (
	never    = math.MinInt64 / 2 // so long ago that nothing pairs with it
	maxTime  = 1 << 62
	maxBins  = 1 << 20
	maxBlock = 1 << 16
)

// Bins returns the number of bins of a histogram.
func (o CounterOptions) Bins() int {
	if o.Bin < 1 {
		return 0
	}
	return int((o.MaxLag + o.Bin - 1) / o.Bin)
}

// Bytes returns the memory that a Counter and its Statistics take, in bytes: for every ordered pair
// one sum per block, one count per bin, the coincidences, and a Synapse.
func (o CounterOptions) Bytes() float64 {
	n := float64(o.Neurons)
	return n * n * float64(8*o.Blocks+4*o.Bins()+4+synapseBytes)
}

const synapseBytes = 19 * 8 // of a Synapse

// Validate returns every problem of o, joined *OptionError, or nil.
func (o CounterOptions) Validate() error {
	var p problems
	if o.Neurons < 1 || o.Neurons > math.MaxInt32 {
		p.add("%s = %d: must be 1 to 2^31-1", field("Neurons"), o.Neurons)
	}
	if o.MaxLag < 1 || o.MaxLag > 1<<40 {
		p.add("%s = %d ticks: must be 1 to 2^40", field("MaxLag"), o.MaxLag)
	}
	if o.Bin < 1 || o.Bin > o.MaxLag {
		p.add("%s = %d ticks: must be 1 to the longest lag (%d)", field("Bin"), o.Bin, o.MaxLag)
	} else if (o.MaxLag-1)/o.Bin >= maxBins {
		p.add("%s = %d ticks: there must be at most 2^20 bins up to the longest lag (%d)", field("Bin"), o.Bin, o.MaxLag)
	}
	if o.Blocks < 2 || o.Blocks > maxBlock {
		p.add("%s = %d: must be 2 to 2^16", field("Blocks"), o.Blocks)
	}
	if o.Start < 0 || o.End > maxTime || o.End <= o.Start {
		p.add("recording from %d to %d ticks: must have a length, and lie within 0..2^62", o.Start, o.End)
	} else if o.End-o.Start < int64(o.Blocks) {
		p.add("recording of %d ticks: must have at least one for each of the %d blocks", o.End-o.Start, o.Blocks)
	}
	if o.Threads < 0 {
		p.add("%s = %d: must not be negative", field("Threads"), o.Threads)
	}
	if err := o.Window.Validate(); err != nil {
		p.add("%s: %v", field("Window"), strings.ReplaceAll(err.Error(), "\n", ", "))
	} else if o.Window.Plus != o.Window.Minus {
		p.add("%s: the halves %+v and %+v must be the same", field("Window"), o.Window.Plus, o.Window.Minus)
	}
	return p.join()
}

// Counter counts the nearest pairs of n neurons by lag, and sums their weights in each block of
// time. It is fed in order of time. It must not be used by two goroutines at once.
type Counter struct {
	o    CounterOptions
	n    int
	bins int

	// Row i, column j: spikes of i after spikes of j.
	hist   []uint32  // n x n x bins
	coin   []uint32  // n x n
	sums   []float64 // Blocks x n x n: C of each block
	counts []int64   // spikes of each neuron

	weight weights
	bin    divider
	lanes  []*lane
}

// lane follows the whole train and counts for the rows of its own neurons, i = first, first+step,
// ... Rows are disjoint, so that lanes can run at the same time and give the same sums however many
// there are.
type lane struct {
	c           *Counter
	first, step int
	// a ring in order of latest spike: n neurons, and at n the sentinel, before the latest and
	// after the oldest
	nodes    []node
	now      int64
	pending  []int32 // who fires now
	block    int
	blockEnd int64
}

// node is a neuron in the ring.
type node struct {
	time       int64 // of its latest spike before now
	next, prev int32 // next is older
}

// NewCounter returns a Counter at the beginning of a train. It panics if o is not valid.
func NewCounter(o CounterOptions) *Counter {
	if err := o.Validate(); err != nil {
		panic("analysis: " + err.Error())
	}
	o.Threads = min(max(o.Threads, 1), o.Neurons)
	n, bins := o.Neurons, o.Bins()
	c := &Counter{o: o, n: n, bins: bins,
		hist: make([]uint32, n*n*bins), coin: make([]uint32, n*n), sums: make([]float64, n*n*o.Blocks), counts: make([]int64, n),
		weight: newWeights(o.Window.Plus), bin: newDivider(o.Bin, int64(bins)*o.Bin)}
	for k := range o.Threads {
		l := &lane{c: c, first: k, step: o.Threads, nodes: make([]node, n+1), now: o.Start, blockEnd: c.edge(1)}
		for i := range l.nodes {
			l.nodes[i] = node{never, int32((i + 1) % (n + 1)), int32((i + n) % (n + 1))}
		}
		c.lanes = append(c.lanes, l)
	}
	return c
}

// edge returns where block b begins.
func (c *Counter) edge(b int) int64 {
	hi, lo := bits.Mul64(uint64(c.o.End-c.o.Start), uint64(b))
	q, _ := bits.Div64(hi, lo, uint64(c.o.Blocks))
	return c.o.Start + int64(q)
}

// Options returns the options of the counter.
func (c *Counter) Options() CounterOptions { return c.o }

// Spikes returns the number of spikes of neuron i so far.
func (c *Counter) Spikes(i int) int64 { return c.counts[i] }

// Histogram returns, for k = 0, 1, ..., the number of pairs in which a spike of i comes
// k*Bin+1 to (k+1)*Bin ticks after one of j. It belongs to the counter.
func (c *Counter) Histogram(i, j int) []uint32 {
	return c.hist[c.pair(i, j)*c.bins:][:c.bins:c.bins]
}

// Coincidences returns how often i and j fired in the same tick.
func (c *Counter) Coincidences(i, j int) int64 { return int64(c.coin[c.pair(i, j)]) }

// PairSum returns C[i][j], the weight of all pairs in which i fires after j.
func (c *Counter) PairSum(i, j int) float64 {
	sum, at := 0.0, c.pair(i, j)
	for b := range c.o.Blocks {
		sum += c.sums[b*c.n*c.n+at]
	}
	return c.weight.total(sum)
}

func (c *Counter) pair(i, j int) int {
	if uint(i) >= uint(c.n) || uint(j) >= uint(c.n) {
		panic(fmt.Sprintf("analysis: pair %d,%d is outside 0..%d", i, j, c.n-1))
	}
	return i*c.n + j
}

// Observe adds spikes in order of time. It panics if one is outside Start..End, before an earlier
// one, of no neuron, or the second of its neuron at one time, or if a neuron fires 2^32 times.
func (c *Counter) Observe(events []spike.Event) {
	if len(c.lanes) == 1 {
		c.lanes[0].observe(events)
		return
	}
	var wait sync.WaitGroup
	faults := make([]any, len(c.lanes))
	for k, l := range c.lanes {
		wait.Go(func() {
			defer func() { faults[k] = recover() }()
			l.observe(events)
		})
	}
	wait.Wait()
	for _, fault := range faults {
		if fault != nil {
			panic(fault)
		}
	}
}

// observe visits, for each spike of an own neuron, the neurons that fired after its last spike,
// latest first, until the longest lag that counts. A visit costs one addition to a sum and one to a
// histogram, about 2 ns while these fit the cache; a spike of another lane's neuron costs its move
// to the front of the ring.
func (l *lane) observe(events []spike.Event) {
	c := l.c
	nodes, n, nn, bins := l.nodes, c.n, c.n*c.n, c.bins
	support, maxLag := uint64(c.weight.support), uint64(int64(bins)*c.o.Bin)
	horizon := int64(max(support, maxLag))
	sums := c.sums[l.block*nn:][:nn]
	w := &c.weight
	for _, e := range events {
		t, i := e.Time, int(e.Neuron)
		if t != l.now {
			l.advance(t)
			if t >= l.blockEnd {
				for t >= l.blockEnd {
					l.block++
					l.blockEnd = c.edge(l.block + 1)
				}
				sums = c.sums[l.block*nn:][:nn]
			}
		}
		if uint(i) >= uint(n) {
			panic(fmt.Sprintf("analysis: neuron %d is outside 0..%d", i, n-1))
		}
		own := i%l.step == l.first
		for _, j := range l.pending {
			switch {
			case int(j) == i:
				panic(fmt.Sprintf("analysis: neuron %d fires twice at time %d", i, t))
			case own:
				c.coin[i*n+int(j)]++
			}
			if int(j)%l.step == l.first {
				c.coin[int(j)*n+i]++
			}
		}
		l.pending = append(l.pending, int32(i))
		if !own {
			continue
		}
		if c.counts[i]++; c.counts[i] > math.MaxUint32 {
			panic(fmt.Sprintf("analysis: neuron %d fires more than 2^32-1 times", i))
		}
		since := max(nodes[i].time, t-horizon-1)
		row := sums[i*n:][:n]
		hist := c.hist[i*n*bins:][:n*bins]
		for at := nodes[n].next; ; {
			p := &nodes[at]
			if p.time <= since {
				break
			}
			j := int(at)
			at = p.next
			d := uint64(t - p.time)
			if d <= support {
				switch {
				case w.fine != nil:
					row[j] += float64(w.coarse[d>>w.shift] * w.fine[d&w.mask])
				case w.triangle > 0:
					row[j] += w.triangle - float64(d)
				default:
					row[j] += w.half.At(int64(d))
				}
			}
			if d <= maxLag {
				hist[j*bins+c.bin.of(d-1)]++
			}
		}
	}
}

// advance moves time on to t: who fired before becomes a partner.
func (l *lane) advance(t int64) {
	if t < l.now {
		panic(fmt.Sprintf("analysis: a spike at time %d, when it was %d", t, l.now))
	}
	if t >= l.c.o.End {
		panic(fmt.Sprintf("analysis: a spike at time %d, but the recording ends before %d", t, l.c.o.End))
	}
	nodes, n := l.nodes, int32(l.c.n)
	for _, i := range l.pending {
		p := &nodes[i]
		nodes[p.next].prev, nodes[p.prev].next = p.prev, p.next
		front := nodes[n].next
		*p = node{l.now, front, n}
		nodes[front].prev, nodes[n].next = i, i
	}
	l.pending = l.pending[:0]
	l.now = t
}

// weights computes the f(d/tau) of a synapse.Half; for a triangle tau*f(d/tau), whose sums are
// exact where tau is an integer.
type weights struct {
	half     synapse.Half
	support  int64
	triangle float64 // tau of a triangle, else 0
	// f(d/tau) = coarse[d>>shift]*fine[d&mask] of an exponential; nil where the tables would be too
	// large
	coarse, fine []float64
	shift        uint
	mask         uint64
}

const maxTableBits = 32 // of the support: two tables of half a megabyte each

func newWeights(h synapse.Half) weights {
	w := weights{half: h, support: h.Support()}
	if h.Shape == synapse.TriangularWindow {
		w.triangle = h.Tau
		return w
	}
	size := bits.Len64(uint64(w.support))
	if size > maxTableBits {
		return w
	}
	w.shift = uint(size+1) / 2
	w.mask = 1<<w.shift - 1
	w.fine = make([]float64, w.mask+1)
	w.coarse = make([]float64, w.support>>w.shift+1)
	for d := range w.fine {
		w.fine[d] = detmath.Exp(-float64(d) / h.Tau)
	}
	for d := range w.coarse {
		w.coarse[d] = detmath.Exp(-float64(d<<w.shift) / h.Tau)
	}
	return w
}

// total turns a sum of weights into one of f(d/tau).
func (w *weights) total(sum float64) float64 {
	if w.triangle > 0 {
		return sum / w.triangle
	}
	return sum
}

// divider divides by a fixed number: d/width is the high part of d times a rounded reciprocal.
type divider struct {
	factor uint64 // floor(2^63/width)+1; 0: too large for exact results
	width  uint64
}

// newDivider returns a divider by width for numbers below end. With factor*width = 2^63 + e, 0 < e
// <= width, the error of the quotient is d*e/(width*2^63), below 1/width as long as d*width < 2^63,
// and then the integer part is exact.
func newDivider(width, end int64) divider {
	if hi, lo := bits.Mul64(uint64(width), uint64(end)); hi != 0 || lo >= 1<<63 {
		return divider{0, uint64(width)}
	}
	return divider{1<<63/uint64(width) + 1, uint64(width)}
}

func (v divider) of(d uint64) int {
	if v.factor == 0 {
		return int(d / v.width)
	}
	hi, lo := bits.Mul64(d, v.factor)
	return int(hi<<1 | lo>>63)
}
