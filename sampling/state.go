package sampling

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"spikealign/internal/random"
	"spikealign/sal"
)

// writer and reader are the common part of the engines' binary states: little-endian words behind a
// four-byte tag.
type writer struct{ b []byte }

func (w *writer) int(x int64)     { w.b = binary.LittleEndian.AppendUint64(w.b, uint64(x)) }
func (w *writer) float(x float64) { w.b = binary.LittleEndian.AppendUint64(w.b, math.Float64bits(x)) }

func (w *writer) ints(xs []int64) {
	w.int(int64(len(xs)))
	for _, x := range xs {
		w.int(x)
	}
}

func (w *writer) floats(xs []float64) {
	w.int(int64(len(xs)))
	for _, x := range xs {
		w.float(x)
	}
}

func (w *writer) stream(s *random.Stream) { w.b, _ = s.AppendBinary(w.b) }

// blob appends the state of a part, with its length.
func (w *writer) blob(part interface{ AppendBinary([]byte) ([]byte, error) }) error {
	at := len(w.b)
	w.int(0)
	b, err := part.AppendBinary(w.b)
	if err != nil {
		return err
	}
	w.b = b
	binary.LittleEndian.PutUint64(w.b[at:], uint64(len(b)-at-8))
	return nil
}

type reader struct {
	b    []byte
	what string
	err  error
}

func newReader(b []byte, tag string) *reader {
	r := &reader{b: b, what: tag}
	if len(b) < 4 || string(b[:4]) != tag {
		r.err = fmt.Errorf("sampling: state does not begin with %q", tag)
		return r
	}
	r.b = b[4:]
	return r
}

func (r *reader) check(ok bool, what string) {
	if !ok && r.err == nil {
		r.err = fmt.Errorf("sampling: state %q: %s", r.what, what)
	}
}

func (r *reader) take(n int64) []byte {
	if r.err == nil && (n < 0 || n > int64(len(r.b))) {
		r.check(false, "too short")
	}
	if r.err != nil {
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) int() int64 {
	b := r.take(8)
	if b == nil {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(b))
}

func (r *reader) float() float64 { return math.Float64frombits(uint64(r.int())) }

// length reads a count of 8-byte words that must still fit into the input.
func (r *reader) length() int64 {
	n := r.int()
	r.check(n >= 0 && n <= int64(len(r.b))/8, "impossible length")
	if r.err != nil {
		return 0
	}
	return n
}

func (r *reader) ints() []int64 {
	xs := make([]int64, r.length())
	for i := range xs {
		xs[i] = r.int()
	}
	return xs
}

// floats reads into dst, whose length must be what was written.
func (r *reader) floats(dst []float64) {
	r.check(r.length() == int64(len(dst)), "another size")
	for i := range dst {
		dst[i] = r.float()
	}
}

func (r *reader) stream() (s random.Stream) {
	if b := r.take(random.StreamSize); b != nil {
		if err := s.UnmarshalBinary(b); err != nil {
			r.err = err
		}
	}
	return s
}

func (r *reader) blob(part interface{ UnmarshalBinary([]byte) error }) {
	b := r.take(r.int())
	if r.err == nil {
		r.err = part.UnmarshalBinary(b)
	}
}

// sums restores pair sums of the same kind: their own binary form may hold any.
func (r *reader) sums(s *sal.PairSums) {
	n, half, pairing := s.N(), s.Half(), s.Pairing()
	r.blob(s)
	r.check(s.N() == n && s.Half() == half && s.Pairing() == pairing, "pair sums of another kind")
}

func (r *reader) finish() error {
	r.check(len(r.b) == 0, "too long")
	return r.err
}

// increasing reports whether ts increases strictly and ends before now.
func increasing(ts []int64, now int64) bool {
	for k, t := range ts {
		if t >= now || (k > 0 && t <= ts[k-1]) {
			return false
		}
	}
	return true
}

func (net Network) clone() Network {
	c := Network{Weights: slices.Clone(net.Weights), Bias: slices.Clone(net.Bias)}
	if net.Sparse != nil {
		c.Sparse = &Sparse{slices.Clone(net.Sparse.Start), slices.Clone(net.Sparse.Post), slices.Clone(net.Sparse.Weight)}
	}
	return c
}

func cloneClamps(clamps []Clamping, n int) []Clamping {
	if clamps == nil {
		return make([]Clamping, n)
	}
	if len(clamps) != n {
		panic("sampling: Clamp: wrong number of neurons")
	}
	return slices.Clone(clamps)
}
