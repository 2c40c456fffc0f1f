package recording

import (
	"cmp"
	"container/heap"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
)

// record is a spike on its way through the spool.
type record struct {
	time   int64
	neuron int32
	line   uint32 // counted through all files; beyond 2^32-1 unknown
}

const (
	recordBytes  = 16
	defaultSpool = 1 << 21 // records in memory: 32 MB
	mergeBytes   = 1 << 25 // for the buffers of all runs together
)

// spool takes records in any order and gives them back in order of time: an external merge sort.
// Records in order are not sorted.
type spool struct {
	limit   int
	dir     string
	buf     []record
	ordered bool // buf is
	runs    []run
	file    *os.File // nil as long as all is in memory
	size    int64
	bytes   []byte
}

// run is a stretch of the file that is in order.
type run struct {
	offset, n   int64
	first, last int64 // times
}

func newSpool(limit int, dir string) *spool {
	if limit <= 0 {
		limit = defaultSpool
	}
	return &spool{limit: limit, dir: dir, ordered: true}
}

func (s *spool) add(r record) error {
	if len(s.buf) == s.limit {
		if err := s.spill(); err != nil {
			return err
		}
	}
	if n := len(s.buf); n > 0 && r.time < s.buf[n-1].time {
		s.ordered = false
	}
	s.buf = append(s.buf, r)
	return nil
}

// sort orders buf by time. Ties are broken so that the result does not depend on the algorithm.
func (s *spool) sort() {
	if !s.ordered {
		slices.SortFunc(s.buf, func(a, b record) int {
			return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.line, b.line), cmp.Compare(a.neuron, b.neuron))
		})
		s.ordered = true
	}
}

// spill writes buf to the file.
func (s *spool) spill() error {
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, "spikealign-spool-*")
		if err != nil {
			return fmt.Errorf("cannot make a temporary file for a recording larger than memory: %w", err)
		}
		// Where the system allows it the file has no name any more, so that nothing is left behind
		// however the process ends.
		_ = os.Remove(f.Name())
		s.file = f
	}
	s.sort()
	s.runs = append(s.runs, run{s.size, int64(len(s.buf)), s.buf[0].time, s.buf[len(s.buf)-1].time})
	const chunk = 1 << 12
	for rest := s.buf; len(rest) > 0; {
		part := rest[:min(chunk, len(rest))]
		rest = rest[len(part):]
		b := s.bytes[:0]
		for _, r := range part {
			b = binary.LittleEndian.AppendUint64(b, uint64(r.time))
			b = binary.LittleEndian.AppendUint32(b, uint32(r.neuron))
			b = binary.LittleEndian.AppendUint32(b, r.line)
		}
		s.bytes = b
		if _, err := s.file.Write(b); err != nil {
			return fmt.Errorf("cannot write the temporary file of a recording larger than memory (set TMPDIR to a folder with room): %w", err)
		}
		s.size += int64(len(b))
	}
	s.buf, s.ordered = s.buf[:0], true
	return nil
}

func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	_ = os.Remove(s.file.Name()) // where it still has a name
	s.file = nil
	return err
}

// replay calls fn for all records in order of time, those of one time in an order that depends on
// the content only. It may be called again.
func (s *spool) replay(fn func(record) error) error {
	s.sort()
	all := make([]*runReader, 0, len(s.runs)+1)
	size := min(max(mergeBytes/(len(s.runs)+1)/recordBytes, 256), 1<<13)
	overlap := false
	for k, r := range s.runs {
		all = append(all, &runReader{in: io.NewSectionReader(s.file, r.offset, r.n*recordBytes), size: size, rank: k})
		overlap = overlap || k > 0 && r.first < s.runs[k-1].last
	}
	if len(s.buf) > 0 {
		all = append(all, &runReader{buf: s.buf, rank: len(all)})
		overlap = overlap || len(s.runs) > 0 && s.buf[0].time < s.runs[len(s.runs)-1].last
	}
	if !overlap {
		for _, r := range all {
			for {
				rec, ok, err := r.next()
				if err != nil {
					return err
				}
				if !ok {
					r.bytes, r.buf = nil, nil
					break
				}
				if err := fn(rec); err != nil {
					return err
				}
			}
		}
		return nil
	}
	h := mergeHeap{}
	for _, r := range all {
		ok, err := r.advance()
		if err != nil {
			return err
		}
		if ok {
			h = append(h, r)
		}
	}
	heap.Init(&h)
	for len(h) > 0 {
		r := h[0]
		if err := fn(r.head); err != nil {
			return err
		}
		ok, err := r.advance()
		if err != nil {
			return err
		}
		if ok {
			heap.Fix(&h, 0)
		} else {
			heap.Pop(&h)
		}
	}
	return nil
}

// runReader reads one run.
type runReader struct {
	in    io.Reader // nil: buf is all
	size  int       // of buf, records
	bytes []byte
	buf   []record
	at    int
	rank  int
	head  record
}

func (r *runReader) next() (record, bool, error) {
	if r.at == len(r.buf) {
		if r.in == nil {
			return record{}, false, nil
		}
		if r.bytes == nil {
			r.bytes = make([]byte, r.size*recordBytes)
			r.buf = make([]record, r.size)
		}
		n, err := io.ReadFull(r.in, r.bytes)
		if err == io.EOF {
			return record{}, false, nil
		}
		if err != nil && err != io.ErrUnexpectedEOF || n%recordBytes != 0 {
			return record{}, false, fmt.Errorf("cannot read back the temporary file: %w", err)
		}
		r.buf, r.at = r.buf[:n/recordBytes], 0
		for k := range r.buf {
			b := r.bytes[k*recordBytes:]
			r.buf[k] = record{int64(binary.LittleEndian.Uint64(b)), int32(binary.LittleEndian.Uint32(b[8:])), binary.LittleEndian.Uint32(b[12:])}
		}
	}
	r.at++
	return r.buf[r.at-1], true, nil
}

func (r *runReader) advance() (ok bool, err error) {
	r.head, ok, err = r.next()
	return ok, err
}

// mergeHeap has the run with the earliest record on top; of equal times the earlier run.
type mergeHeap []*runReader

func (h mergeHeap) Len() int { return len(h) }
func (h mergeHeap) Less(a, b int) bool {
	if h[a].head.time != h[b].head.time {
		return h[a].head.time < h[b].head.time
	}
	return h[a].rank < h[b].rank
}
func (h mergeHeap) Swap(a, b int) { h[a], h[b] = h[b], h[a] }
func (h *mergeHeap) Push(x any)   { *h = append(*h, x.(*runReader)) }
func (h *mergeHeap) Pop() any {
	old := *h
	r := old[len(old)-1]
	*h = old[:len(old)-1]
	return r
}
