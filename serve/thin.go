package serve

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"sync"

	"spikealign/experiment"
)

// index is what is remembered of a growing table: rows in blocks, of each block the place in the
// file and, column by column, what its rows hold. Where blocks become too many two become one, so
// that the memory is bounded; no extreme is lost.
type index struct {
	mu     sync.Mutex
	most   int // blocks
	wanted func(column string) bool

	file   os.FileInfo // that was read last
	offset int64       // where reading goes on
	rows   int64
	head   []string
	layer  int     // the column that tells rows of a report apart; -1: none
	layers []int64 // its values
	keep   []bool  // columns that are remembered
	per    int64   // rows in a block
	blocks []block
}

// layerColumn is the column of tables with a row for each layer in every report.
const layerColumn = "layer"

const (
	maxLayers  = 16
	maxColumns = 64
)

// block is a stretch of rows.
type block struct {
	offset   int64
	rows     int64
	min, max float64 // of the first column
	stats    []stat  // of the kept columns of each layer: [layer*columns + column]
}

// stat is what the values of a column are in a stretch of rows.
type stat struct {
	min, max, sum float64
	last          float64
	n             int64
}

func (s *stat) add(v float64) {
	if s.n == 0 || v < s.min {
		s.min = v
	}
	if s.n == 0 || v > s.max {
		s.max = v
	}
	s.sum, s.last = s.sum+v, v
	s.n++
}

func (s *stat) join(t stat) {
	switch {
	case t.n == 0:
		return
	case s.n == 0:
		*s = t
		return
	}
	s.min, s.max = min(s.min, t.min), max(s.max, t.max)
	s.sum, s.last = s.sum+t.sum, t.last
	s.n += t.n
}

// newIndex returns an index with at most so many blocks, of the columns that are wanted and the
// first one.
func newIndex(most int, wanted func(column string) bool) *index {
	return &index{most: most, wanted: wanted}
}

// update reads what was added to the table, or all of it if it is another one or became shorter,
// and reports whether there was anything.
func (x *index) update(f *os.File) (changed bool, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	st, err := f.Stat()
	if err != nil {
		return false, err
	}
	if x.file != nil && (!os.SameFile(x.file, st) || st.Size() < x.offset) {
		x.offset, x.rows, x.head, x.layers, x.keep, x.per, x.blocks = 0, 0, nil, nil, nil, 0, nil
		changed = true
	}
	if x.file != nil && st.Size() == x.offset {
		x.file = st
		return changed, nil
	}
	x.file = st
	r := experiment.NewRowReader(io.NewSectionReader(f, x.offset, st.Size()-x.offset), x.offset)
	for {
		at := r.Offset()
		cells, err := r.Next()
		if err == io.EOF {
			return changed, nil
		}
		if err != nil {
			return changed, err
		}
		changed = true
		switch {
		case x.head == nil:
			x.begin(cells)
		case len(cells) >= len(x.head):
			x.add(at, cells)
		}
		x.offset = r.Offset()
	}
}

// begin takes the header.
func (x *index) begin(cells [][]byte) {
	x.layer, x.per = -1, 1
	x.head = []string{}
	for k, c := range cells[:min(len(cells), maxColumns)] {
		name := string(c)
		if name == layerColumn && k > 0 {
			x.layer = k
		}
		x.head = append(x.head, name)
		x.keep = append(x.keep, k > 0 && k != x.layer && x.wanted(name))
	}
}

// parse returns the value of a cell, NaN if it is none or not finite.
func parse(cell []byte) float64 {
	if len(cell) == 0 || len(cell) > 40 {
		return math.NaN()
	}
	v, err := strconv.ParseFloat(string(cell), 64)
	if err != nil || math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}

// slot returns the place of a row's layer among the layers, -1 for one too many.
func (x *index) slot(cells [][]byte) int {
	if x.layer < 0 {
		return 0
	}
	l, err := strconv.ParseInt(string(cells[x.layer]), 10, 64)
	if err != nil {
		return -1
	}
	if k := slices.Index(x.layers, l); k >= 0 {
		return k
	}
	if len(x.layers) == maxLayers {
		return -1
	}
	x.layers = append(x.layers, l)
	return len(x.layers) - 1
}

// add takes a row.
func (x *index) add(at int64, cells [][]byte) {
	place := parse(cells[0])
	if math.IsNaN(place) {
		place = float64(x.rows)
	}
	x.rows++
	if n := len(x.blocks); n == 0 || x.blocks[n-1].rows >= x.per {
		if n == x.most {
			x.halve()
		}
		if n := len(x.blocks); n == 0 || x.blocks[n-1].rows >= x.per {
			x.blocks = append(x.blocks, block{offset: at, min: place, max: place})
		}
	}
	b := &x.blocks[len(x.blocks)-1]
	b.rows++
	b.min, b.max = min(b.min, place), max(b.max, place)
	b.stats = x.take(b.stats, cells)
}

// take adds the values of a row.
func (x *index) take(stats []stat, cells [][]byte) []stat {
	slot := x.slot(cells)
	if slot < 0 {
		return stats
	}
	columns := len(x.head)
	for len(stats) < (slot+1)*columns {
		stats = append(stats, stat{})
	}
	for k, keep := range x.keep {
		if !keep {
			continue
		}
		if v := parse(cells[k]); !math.IsNaN(v) {
			stats[slot*columns+k].add(v)
		}
	}
	return stats
}

// halve makes one block of every two.
func (x *index) halve() {
	x.per *= 2
	half := x.blocks[:0]
	for k := 0; k < len(x.blocks); k += 2 {
		b := x.blocks[k]
		if k+1 < len(x.blocks) {
			c := x.blocks[k+1]
			b.rows += c.rows
			b.min, b.max = min(b.min, c.min), max(b.max, c.max)
			b.stats = join(b.stats, c.stats)
		}
		half = append(half, b)
	}
	clear(x.blocks[len(half):])
	x.blocks = half
}

func join(a, b []stat) []stat {
	for len(a) < len(b) {
		a = append(a, stat{})
	}
	for k := range b {
		a[k].join(b[k])
	}
	return a
}

// course is a column over the first one, thinned: where a place stands for several rows Y is their
// mean, Low and High are their extremes.
type course struct {
	Column       string
	Layer        int64 // -1: the table has no layers
	X, Y         []float64
	Low, High    []float64 // nil if no place stands for more than one row
	lowest, most float64   // of all values
}

// window is a part of a table to be shown.
type window struct {
	from, to float64 // of the first column; NaN: no bound
	log      bool    // places in equal ratios
	places   int
}

// maxReread bounds how many rows are read again for one answer; beyond that blocks stand for their
// rows.
const maxReread = 1 << 21

// courses returns the columns that are kept, in that window, and the lowest and highest value of
// the first column in the whole table; nil of one without rows. f is the table that was read.
func (x *index) courses(f io.ReaderAt, w window) (found []course, whole []float64, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.blocks) == 0 {
		return nil, nil, nil
	}
	scale := func(v float64) float64 { return v }
	if w.log {
		scale = math.Log
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, b := range x.blocks {
		if b.min > 0 || !w.log {
			low = min(low, b.min)
		} else if b.max > 0 { // its first places have no logarithm
			low = min(low, max(b.max/float64(b.rows), b.min))
		}
		high = max(high, b.max)
	}
	whole = []float64{low, high}
	low, high = bound(w.from, low, math.Max), bound(w.to, high, math.Min)
	if !(low <= high) || w.log && low <= 0 {
		return nil, whole, nil
	}
	step := (scale(high) - scale(low)) / float64(w.places)
	// A line reaches to the edge of a panel from what lies beyond it.
	if !math.IsNaN(w.from) && step > 0 {
		low -= beyond(w.log, low, step)
	}
	if !math.IsNaN(w.to) && step > 0 {
		high += beyond(w.log, high, step)
	}
	p := places{index: x, scale: scale, low: scale(low), step: step}
	// What lies in the window, and whether every row gets a place of its own.
	var inside []int
	rows := int64(0)
	for k, b := range x.blocks {
		if b.max >= low && b.min <= high && (!w.log || b.max > 0) {
			inside = append(inside, k)
			rows += b.rows
		}
	}
	p.each = rows <= int64(2*w.places*max(len(x.layers), 1))
	again := int64(0)
	for i := 0; i < len(inside); {
		b := &x.blocks[inside[i]]
		enough := b.rows == 1 || !p.each && b.min >= low && b.max <= high && (!w.log || b.min > 0) && scale(b.max)-scale(b.min) <= step
		if enough || again+b.rows > maxReread {
			p.take(b.min, b.max, b.stats)
			i++
			continue
		}
		// Neighbours are read in one go.
		end, n := i, int64(0)
		for end < len(inside) && inside[end]-inside[i] == end-i && again+n+x.blocks[inside[end]].rows <= maxReread && (end == i || n < 1<<14) {
			n += x.blocks[inside[end]].rows
			end++
		}
		again += n
		if err := p.read(f, b.offset, n, low, high); err != nil {
			return nil, nil, err
		}
		i = end
	}
	return p.courses(), whole, nil
}

func bound(asked, there float64, of func(a, b float64) float64) float64 {
	if math.IsNaN(asked) {
		return there
	}
	return of(asked, there)
}

func beyond(log bool, at, step float64) float64 {
	if log {
		return at * (1 - math.Exp(-step))
	}
	return step
}

// places collects values at places of the abscissa.
type places struct {
	*index
	scale     func(float64) float64
	low, step float64
	each      bool // a place for each value of the first column
	found     []spot
	at        map[int64]int // places in found
}

// spot is one place.
type spot struct {
	min, max float64
	stats    []stat
}

// spot returns the place for a value of the first column.
func (p *places) spot(v float64) *spot {
	if n := len(p.found); p.each {
		if n == 0 || p.found[n-1].max != v {
			p.found = append(p.found, spot{min: v, max: v})
		}
		return &p.found[len(p.found)-1]
	}
	k := int64(0)
	if p.step > 0 {
		k = int64(math.Floor((p.scale(v) - p.low) / p.step))
	}
	if p.at == nil {
		p.at = map[int64]int{}
	}
	i, ok := p.at[k]
	if !ok {
		i = len(p.found)
		p.at[k] = i
		p.found = append(p.found, spot{min: v, max: v})
	}
	return &p.found[i]
}

func (p *places) take(low, high float64, stats []stat) {
	s := p.spot(low/2 + high/2)
	s.min, s.max = min(s.min, low), max(s.max, high)
	s.stats = join(s.stats, stats)
}

// read takes so many rows from an offset on.
func (p *places) read(f io.ReaderAt, offset, rows int64, low, high float64) error {
	r := experiment.NewRowReader(io.NewSectionReader(f, offset, p.offset-offset), offset)
	for range rows {
		cells, err := r.Next()
		if err != nil {
			return fmt.Errorf("the table changed while it was read: %w", err)
		}
		if len(cells) < len(p.head) {
			continue
		}
		v := parse(cells[0])
		if !(v >= low && v <= high) {
			continue
		}
		s := p.spot(v)
		s.min, s.max = min(s.min, v), max(s.max, v)
		s.stats = p.index.take(s.stats, cells)
	}
	return nil
}

// courses returns what was collected, columns in order, layers in order within them.
func (p *places) courses() (all []course) {
	slices.SortStableFunc(p.found, func(a, b spot) int {
		switch {
		case a.min < b.min:
			return -1
		case a.min > b.min:
			return 1
		}
		return 0
	})
	layers := []int64{-1}
	if p.layer >= 0 {
		layers = slices.Sorted(slices.Values(p.layers))
	}
	for k, keep := range p.keep {
		if !keep {
			continue
		}
		for _, l := range layers {
			slot := max(slices.Index(p.layers, l), 0)
			c := course{Column: p.head[k], Layer: l, lowest: math.Inf(1), most: math.Inf(-1)}
			var lows, highs []float64
			many := false
			for _, s := range p.found {
				at := slot*len(p.head) + k
				if at >= len(s.stats) || s.stats[at].n == 0 {
					continue
				}
				t := s.stats[at]
				c.X, c.Y = append(c.X, s.min/2+s.max/2), append(c.Y, t.sum/float64(t.n))
				lows, highs = append(lows, t.min), append(highs, t.max)
				c.lowest, c.most = min(c.lowest, t.min), max(c.most, t.max)
				many = many || t.n > 1
			}
			if len(c.X) == 0 {
				continue
			}
			if many {
				c.Low, c.High = lows, highs
			}
			all = append(all, c)
		}
	}
	return all
}

// sketch returns the last value of a column and the means of its blocks, of the last layer; ok is
// false if there are none.
func (x *index) sketch(column string) (end float64, means []float64, ok bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	k, slot := slices.Index(x.head, column), 0
	if len(x.layers) > 0 {
		slot = slices.Index(x.layers, slices.Max(x.layers))
	}
	for _, b := range x.blocks {
		if at := slot*len(x.head) + k; k >= 0 && at < len(b.stats) && b.stats[at].n > 0 {
			s := b.stats[at]
			end, means = s.last, append(means, s.sum/float64(s.n))
		}
	}
	return end, means, means != nil
}
