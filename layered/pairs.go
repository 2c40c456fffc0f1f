package layered

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"spikealign/internal/vector"
	"spikealign/synapse"
)

// sumBits is the number of binary digits behind the point of a window and of sums of it.
const sumBits = 16

// pairs sums the window over the pairs of spikes of two layers. One of the layers gives the rows of
// its sums, the other the columns, cut into strips as weights are.
//
// For the columns, traces D(t) are tabulated: the window over their spikes after t less that over
// their spikes before t, simultaneous ones left out. Each spike of a row's neuron at t adds D(t)
// to its row. So each pair is met once, from the row's side.
type pairs struct {
	rows, columns int     // layers
	total         []int64 // strips of rows x tile sums, without those in parts
}

// errShort says that no pair of spikes has any weight.
var errShort = errors.New("window: a pair of spikes one step apart has no weight; make sal_window_tau larger")

// tooShort tells whether a window has no weight at any lag, as it is rounded here.
func tooShort(h synapse.Half) bool { return !(h.At(1) > 0x1p-1/(1<<sumBits)) }

// newPairs prepares the network for sums over the window h, the same for either order.
func (n *Network) newPairs(h synapse.Half) error {
	if tooShort(h) {
		return errShort
	}
	cut := h.Support()
	n.window = make([]int32, cut+1)
	for d := int64(1); d <= cut; d++ {
		n.window[d] = int32(math.RoundToEven(float64(h.At(d) * (1 << sumBits))))
	}
	for cut > 1 && n.window[cut] == 0 { // the tail of an exponential
		cut--
		n.window = n.window[:cut+1]
	}
	if n.partMax() > math.MaxInt32 {
		return fmt.Errorf("window: of %d steps is too long for spikes %d steps apart: make sal_cut or sal_window_tau smaller, or min_isi larger", cut, n.shortest)
	}
	for l := range len(n.places) - 1 {
		p := pairs{rows: l, columns: l + 1}
		cost := func(rows, columns int) int { return n.places[rows].n * n.places[columns].tiles }
		if cost(l+1, l) < cost(l, l+1) {
			p.rows, p.columns = l+1, l
		}
		p.total = make([]int64, n.places[p.rows].n*n.places[p.columns].tiles*tile)
		n.pairs = append(n.pairs, p)
	}
	return nil
}

// partMax bounds what a chunk of one replica adds to one sum.
func (n *Network) partMax() int64 {
	side := int64(0) // a trace: spikes on one side, as dense as can be
	for d := int64(1); d < int64(len(n.window)); d += n.shortest {
		side += int64(n.window[1])
	}
	return side * (chunk/n.shortest + 1)
}

// sumUp adds the pairs whose partners are all known. At the end, partners of a later time do not
// count: such pairs belong to the next sums.
func (n *Network) sumUp(end bool) {
	cut := int64(len(n.window) - 1)
	if !n.straddle && (end || n.time >= n.begin+cut) {
		n.sumPairs(max(n.begin-cut, 0), n.begin, n.begin)
		n.straddle = true
	}
	to := n.time
	if !end {
		to -= cut
	}
	if to > n.summed {
		n.sumPairs(n.summed, to, 0)
		n.summed = to
	}
}

// sumPairs adds the pairs of rows' spikes in [from, to) and columns' spikes from the time least on.
func (n *Network) sumPairs(from, to, least int64) {
	for ; from < to; from += chunk {
		n.sumChunk(from, min(from+chunk, to), least)
	}
}

func (n *Network) sumChunk(from, to, least int64) {
	workers := 1
	if n.Parallel != nil {
		workers = max(n.Workers, 1)
	}
	replicas := len(n.replicas)
	if replicas < workers {
		n.sumStrips(from, to, least)
		return
	}
	for len(n.parts) < workers {
		n.parts = append(n.parts, n.newPart())
	}
	// Each worker adds some replicas to a part of its own, as many as cannot overflow it.
	round := int(min(math.MaxInt32/n.partMax(), int64((replicas+workers-1)/workers)))
	for done := 0; done < replicas; done += round * workers {
		n.make(round)
		some := min(round*workers, replicas-done)
		n.each(workers, func(a, b int) {
			for w := a; w < b; w++ {
				part := n.parts[w]
				for k := done + w*some/workers; k < done+(w+1)*some/workers; k++ {
					for l := range n.pairs {
						part.add(n, l, k, from, to, least, 0, n.strips(l))
					}
				}
			}
		})
	}
}

// sumStrips is sumChunk for more threads than replicas: each strip belongs to one of them.
func (n *Network) sumStrips(from, to, least int64) {
	type task struct{ pair, strip int }
	var tasks []task
	for l := range n.pairs {
		for k := range n.strips(l) {
			tasks = append(tasks, task{l, k})
		}
	}
	if len(n.parts) == 0 {
		n.parts = append(n.parts, n.newPart())
	}
	for k := range n.replicas {
		n.make(1)
		n.each(len(tasks), func(a, b int) {
			// The sums are those of the one part, the rest is this thread's own.
			part := &part{sums: n.parts[0].sums}
			for _, t := range tasks[a:b] {
				part.add(n, t.pair, k, from, to, least, t.strip, t.strip+1)
			}
		})
	}
}

func (n *Network) strips(pair int) int { return n.places[n.pairs[pair].columns].tiles }

// make lets every part have room for so many replicas' chunks.
func (n *Network) make(replicas int) {
	more := int64(replicas) * n.partMax()
	if n.load+more > math.MaxInt32 {
		n.gather()
	}
	n.load += more
}

// gather moves the parts to the totals.
func (n *Network) gather() {
	for _, part := range n.parts {
		for l, sums := range part.sums {
			total := n.pairs[l].total
			for i, x := range sums {
				total[i] += int64(x)
			}
			clear(sums)
		}
	}
	n.load = 0
}

// part is what one thread has summed, and what it works with.
type part struct {
	sums          [][]int32 // of every pair of layers
	rows, columns sorted
	sortedFor     [2]int // pair and replica; 0 before the first
	trace         []int32
}

func (n *Network) newPart() *part {
	p := new(part)
	for _, q := range n.pairs {
		p.sums = append(p.sums, make([]int32, len(q.total)))
	}
	return p
}

// add adds the strips first .. last-1 of a pair of layers in a replica.
func (p *part) add(n *Network, pair, replica int, from, to, least int64, first, last int) {
	r, q, cut := n.replicas[replica], &n.pairs[pair], int64(len(n.window)-1)
	if key := [2]int{pair + 1, replica}; first == 0 || p.sortedFor != key {
		p.rows.sort(&r.trains, q.rows, n.places[q.rows].n, from, to, from)
		p.columns.sort(&r.trains, q.columns, n.places[q.columns].n, max(from-cut, least), min(to+cut, n.time), from)
		p.sortedFor = key
	}
	rows := n.places[q.rows].n
	for k := first; k < last; k++ {
		p.traces(n.window, int32(to-from), k)
		vector.SumRows(p.sums[pair][k*rows*tile:][:rows*tile], p.trace, p.rows.first, p.rows.times)
	}
}

// traces tabulates D(t) for a strip of columns, at t = 0 .. steps-1 after the chunk's beginning.
func (p *part) traces(window []int32, steps int32, strip int) {
	if p.trace == nil {
		p.trace = make([]int32, chunk*tile)
	}
	trace := p.trace[:steps*tile]
	clear(trace)
	cut := int32(len(window) - 1)
	for c := range min(tile, len(p.columns.first)-1-strip*tile) {
		of := strip*tile + c
		for _, s := range p.columns.times[p.columns.first[of]:p.columns.first[of+1]] {
			// before the spike it is in the future, after it in the past
			for t := max(s-cut, 0); t < min(s, steps); t++ {
				trace[int(t)*tile+c] += window[s-t]
			}
			for t := max(s+1, 0); t < min(s+cut+1, steps); t++ {
				trace[int(t)*tile+c] -= window[t-s]
			}
		}
	}
}

// sorted holds times of spikes neuron by neuron: those of neuron i are
// times[first[i]:first[i+1]].
type sorted struct{ first, times []int32 }

// sort takes the spikes of a layer of n neurons in [from, to), as times after zero.
func (s *sorted) sort(of *trains, layer, n int, from, to, zero int64) {
	s.first = append(s.first[:0], make([]int32, n+2)...)
	count := s.first[2:] // one place further, so that filling leaves first as it should be
	for t := max(from, of.base); t < to; t++ {
		for _, i := range of.of(t, layer) {
			count[i]++
		}
	}
	for i := 1; i <= n; i++ {
		s.first[i+1] += s.first[i]
	}
	s.times = slices.Grow(s.times[:0], int(s.first[n+1]))[:s.first[n+1]]
	next := s.first[1:]
	for t := max(from, of.base); t < to; t++ {
		for _, i := range of.of(t, layer) {
			s.times[next[i]] = int32(t - zero)
			next[i]++
		}
	}
	s.first = s.first[:n+1]
}

// TakeSums writes to dst[l], shaped as Down[l], the sums over the pairs of spikes since the last
// call, averaged over the replicas: for the synapse from k to i the window over pairs in which i
// fired first, less that over pairs in which k did. A pair counts where its later spike is. Sums
// begin anew.
func (n *Network) TakeSums(dst [][]float64) {
	scale := 1 / (float64(len(n.replicas)) * (1 << sumBits))
	if q := n.pairwise; q != nil {
		q.sumUp(n)
		for l, total := range q.total {
			for s, x := range total {
				dst[l][s] = float64(x) * scale
			}
			clear(total)
		}
		return
	}
	n.sumUp(true)
	n.gather()
	for l, q := range n.pairs {
		rows, below, above := n.places[q.rows].n, n.places[l].n, n.places[l+1].n
		for i := range below {
			for k := range above {
				r, c, sign := i, k, 1.0
				if q.rows > q.columns {
					r, c, sign = k, i, -1.0
				}
				dst[l][i*above+k] = sign * float64(q.total[(c/tile*rows+r)*tile+c%tile]) * scale
			}
		}
		clear(q.total)
	}
	n.begin, n.summed, n.straddle = n.time, n.time, n.time == 0
}
