package state

import (
	"encoding"
	"fmt"
	"math"
)

// Reader takes a state apart.
type Reader struct {
	b    []byte // what is left
	size int    // of the whole
	tag  string
	err  error
}

// NewReader begins to read b. That it does not begin with tag is the first possible error.
func NewReader(b []byte, tag string) *Reader {
	r := &Reader{b: b, size: len(b), tag: tag}
	if len(b) < len(tag) || string(b[:len(tag)]) != tag {
		r.err = fmt.Errorf("the state does not begin with %q", tag)
	} else {
		r.b = b[len(tag):]
	}
	return r
}

// Fail makes the problem the error, if there is none yet.
func (r *Reader) Fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("state %q, before byte %d: "+format, append([]any{r.tag, r.size - len(r.b)}, args...)...)
	}
}

// Check fails with the problem unless ok.
func (r *Reader) Check(ok bool, problem string) {
	if !ok {
		r.Fail("%s", problem)
	}
}

// Err returns the error so far. It is for places that cannot go on with zeros.
func (r *Reader) Err() error { return r.err }

// Len returns the number of bytes left.
func (r *Reader) Len() int { return len(r.b) }

// Done returns the error. Bytes left over are one.
func (r *Reader) Done() error {
	if len(r.b) > 0 {
		r.Fail("%d bytes are left over", len(r.b))
	}
	return r.err
}

// take returns the next n bytes, a part of the state; nil after an error.
func (r *Reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.Fail("too short")
	}
	if r.err != nil {
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

// Byte returns the next byte.
func (r *Reader) Byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

// Uint16 returns the number in the next two bytes.
func (r *Reader) Uint16() uint16 {
	if b := r.take(2); b != nil {
		return le.Uint16(b)
	}
	return 0
}

// Uint32 returns the number in the next four bytes.
func (r *Reader) Uint32() uint32 {
	if b := r.take(4); b != nil {
		return le.Uint32(b)
	}
	return 0
}

// Uint64 returns the number in the next eight bytes.
func (r *Reader) Uint64() uint64 {
	if b := r.take(8); b != nil {
		return le.Uint64(b)
	}
	return 0
}

// Int returns the number in the next eight bytes.
func (r *Reader) Int() int64 { return int64(r.Uint64()) }

// Float returns the number in the next eight bytes. It may be infinite or NaN.
func (r *Reader) Float() float64 { return math.Float64frombits(r.Uint64()) }

// Finite is Float for a number that must be finite; 0 if it is not.
func (r *Reader) Finite() float64 {
	if x := r.Uint64(); finite(x) {
		return math.Float64frombits(x)
	}
	r.Fail("a number is not finite")
	return 0
}

func finite(bits uint64) bool {
	const exponent = 0x7ff << 52
	return bits&exponent != exponent
}

// Bool returns what Writer.Bool wrote. Any other number is an error.
func (r *Reader) Bool() bool {
	x := r.Uint64()
	r.Check(x <= 1, "neither yes nor no")
	return x == 1 && r.err == nil
}

// Count returns a number of items to come, each of at least size bytes, which must fit into what is
// left.
func (r *Reader) Count(size int) int {
	n := r.Int()
	if n < 0 || n > int64(len(r.b)/size) {
		r.Fail("%d items of %d bytes in the last %d", n, size, len(r.b))
		return 0
	}
	return int(n)
}

// CountIs reads a number of items that must be n.
func (r *Reader) CountIs(n int) {
	if k := r.Int(); k != int64(n) {
		r.Fail("%d items, not %d", k, n)
	}
}

// Ints fills dst.
func (r *Reader) Ints(dst []int64) {
	if b := r.take(8 * len(dst)); b != nil {
		for i := range dst {
			dst[i] = int64(le.Uint64(b[8*i : 8*i+8]))
		}
	}
}

// Floats fills dst. Numbers may be infinite or NaN.
func (r *Reader) Floats(dst []float64) {
	if b := r.take(8 * len(dst)); b != nil {
		for i := range dst {
			dst[i] = math.Float64frombits(le.Uint64(b[8*i : 8*i+8]))
		}
	}
}

// Finites is Floats for numbers that must all be finite. Those before one that is not are in dst.
func (r *Reader) Finites(dst []float64) {
	if b := r.take(8 * len(dst)); b != nil {
		for i := range dst {
			x := le.Uint64(b[8*i : 8*i+8])
			if !finite(x) {
				r.Fail("a number is not finite")
				return
			}
			dst[i] = math.Float64frombits(x)
		}
	}
}

// Int32s fills dst.
func (r *Reader) Int32s(dst []int32) {
	if b := r.take(4 * len(dst)); b != nil {
		for i := range dst {
			dst[i] = int32(le.Uint32(b[4*i : 4*i+4]))
		}
	}
}

// Float32s fills dst. Numbers may be infinite or NaN.
func (r *Reader) Float32s(dst []float32) {
	if b := r.take(4 * len(dst)); b != nil {
		for i := range dst {
			dst[i] = math.Float32frombits(le.Uint32(b[4*i : 4*i+4]))
		}
	}
}

// Bytes fills dst.
func (r *Reader) Bytes(dst []byte) { copy(dst, r.take(len(dst))) }

// Part gives the next n bytes to a part, without a copy: what the part keeps, it must copy.
func (r *Reader) Part(n int, part encoding.BinaryUnmarshaler) {
	b := r.take(n)
	if r.err != nil {
		return
	}
	if err := part.UnmarshalBinary(b); err != nil {
		r.err = fmt.Errorf("in state %q: %w", r.tag, err)
	}
}

// Block gives a part what Writer.Block wrote.
func (r *Reader) Block(part encoding.BinaryUnmarshaler) { r.Part(r.Count(1), part) }
