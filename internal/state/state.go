// Package state writes and reads binary states: what a computation must know to go on as if it had
// never stopped. All packages use it, so that there is one form, and one place where bytes that
// somebody damaged are dealt with.
//
// A state is a tag of four letters, numbers, and the states of parts. Numbers are little-endian;
// what comes where is known to the type that the state belongs to, and stands nowhere in it. Files
// that hold states have checksums and versions of their own (internal/durable).
//
// A Writer appends to a slice of the caller. A Reader takes from the front of one and keeps its
// first error: from then on numbers and counts are 0, and slices stay as they are. So a state is
// read straight through, and Done gives the error. Whatever the bytes, reading does not panic, and
// a count is never larger than what is left can hold, so that it may be trusted with memory.
//
//	func (p *Place) AppendBinary(b []byte) ([]byte, error) {
//		w := state.NewWriter(b, "PLC1")
//		w.Int(p.epoch)
//		w.Count(len(p.weights))
//		w.Floats(p.weights)
//		w.Block(p.engine)
//		return w.End()
//	}
//
//	func (p *Place) UnmarshalBinary(b []byte) error {
//		r := state.NewReader(b, "PLC1")
//		p.epoch = r.Int()
//		r.Check(p.epoch >= 0, "impossible epoch")
//		p.weights = make([]float64, r.Count(8))
//		r.Finites(p.weights)
//		r.Block(p.engine)
//		return r.Done()
//	}
package state

import (
	"encoding"
	"encoding/binary"
	"math"
	"slices"
)

var le = binary.LittleEndian

// Writer appends a state to a slice. Slices of numbers are written in one go, and parts append to
// the same slice, so that nothing is copied but when the slice grows: where the length is known, a
// Grow before saves that.
type Writer struct {
	b   []byte
	err error // the first of a part
}

// NewWriter begins a state behind what b holds.
func NewWriter(b []byte, tag string) *Writer { return &Writer{b: append(b, tag...)} }

// Grow makes room for another n bytes.
func (w *Writer) Grow(n int) { w.b = slices.Grow(w.b, n) }

// End returns the slice with the whole state, and the first error of a part.
func (w *Writer) End() ([]byte, error) { return w.b, w.err }

// extend appends n bytes and returns them.
func (w *Writer) extend(n int) []byte {
	at := len(w.b)
	w.b = slices.Grow(w.b, n)[:at+n]
	return w.b[at:]
}

// Byte appends one byte.
func (w *Writer) Byte(x byte) { w.b = append(w.b, x) }

// Uint16 appends two bytes.
func (w *Writer) Uint16(x uint16) { w.b = le.AppendUint16(w.b, x) }

// Uint32 appends four bytes.
func (w *Writer) Uint32(x uint32) { w.b = le.AppendUint32(w.b, x) }

// Uint64 appends eight bytes.
func (w *Writer) Uint64(x uint64) { w.b = le.AppendUint64(w.b, x) }

// Int appends eight bytes.
func (w *Writer) Int(x int64) { w.Uint64(uint64(x)) }

// Float appends the eight bytes of x, whatever it is.
func (w *Writer) Float(x float64) { w.Uint64(math.Float64bits(x)) }

// Bool appends 0 or 1 in eight bytes.
func (w *Writer) Bool(x bool) {
	if x {
		w.Int(1)
	} else {
		w.Int(0)
	}
}

// Count appends the number of items to come, in eight bytes.
func (w *Writer) Count(n int) { w.Int(int64(n)) }

// Ints appends the numbers of xs without their count, as all methods for slices do.
func (w *Writer) Ints(xs []int64) {
	b := w.extend(8 * len(xs))
	for i, x := range xs {
		le.PutUint64(b[8*i:8*i+8], uint64(x))
	}
}

// Floats appends eight bytes a number.
func (w *Writer) Floats(xs []float64) {
	b := w.extend(8 * len(xs))
	for i, x := range xs {
		le.PutUint64(b[8*i:8*i+8], math.Float64bits(x))
	}
}

// Int32s appends four bytes a number.
func (w *Writer) Int32s(xs []int32) {
	b := w.extend(4 * len(xs))
	for i, x := range xs {
		le.PutUint32(b[4*i:4*i+4], uint32(x))
	}
}

// Float32s appends four bytes a number.
func (w *Writer) Float32s(xs []float32) {
	b := w.extend(4 * len(xs))
	for i, x := range xs {
		le.PutUint32(b[4*i:4*i+4], math.Float32bits(x))
	}
}

// Bytes appends xs.
func (w *Writer) Bytes(xs []byte) { w.b = append(w.b, xs...) }

// Part appends the state of a part. Its reader must know how long it is; Block does without.
func (w *Writer) Part(part encoding.BinaryAppender) {
	b, err := part.AppendBinary(w.b)
	switch {
	case err == nil:
		w.b = b
	case w.err == nil:
		w.err = err
	}
}

// Block appends the state of a part behind its length in eight bytes.
func (w *Writer) Block(part encoding.BinaryAppender) {
	at := len(w.b)
	w.Int(0)
	w.Part(part)
	le.PutUint64(w.b[at:], uint64(len(w.b)-at-8))
}
