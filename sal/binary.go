package sal

import (
	"encoding/binary"
	"fmt"
	"math"

	"spikealign/synapse"
)

// The binary forms consist of a 4-byte tag and little-endian 64-bit words.

func appendInts(b []byte, xs ...int64) []byte {
	for _, x := range xs {
		b = binary.LittleEndian.AppendUint64(b, uint64(x))
	}
	return b
}

func appendFloats(b []byte, xs ...float64) []byte {
	for _, x := range xs {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	return b
}

func appendHalf(b []byte, h synapse.Half) []byte {
	return appendFloats(appendInts(b, int64(h.Shape)), h.Tau, h.Cut)
}

// reader takes words from the front of b. After the first failure it returns zeros.
type reader struct {
	b   []byte
	err error
}

// newReader returns a reader of what follows the tag in b.
func newReader(b []byte, tag string) *reader {
	if len(b) < len(tag) || string(b[:len(tag)]) != tag {
		return &reader{err: fmt.Errorf("sal: the data do not begin with %s", tag)}
	}
	return &reader{b: b[len(tag):]}
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("sal: damaged data: %s", what)
	}
}

func (r *reader) int() int64 {
	if len(r.b) < 8 {
		r.fail("too short")
	}
	if r.err != nil {
		return 0
	}
	x := binary.LittleEndian.Uint64(r.b)
	r.b = r.b[8:]
	return int64(x)
}

// float returns a finite number.
func (r *reader) float() float64 {
	x := math.Float64frombits(uint64(r.int()))
	if math.IsNaN(x) || math.IsInf(x, 0) {
		r.fail("not a finite number")
		return 0
	}
	return x
}

// count reads how many items of at least size bytes follow.
func (r *reader) count(size int) int {
	n := r.int()
	if n < 0 || n > int64(len(r.b)/size) {
		r.fail("impossible count")
		return 0
	}
	return int(n)
}

func (r *reader) half() synapse.Half {
	return synapse.Half{Shape: synapse.WindowShape(r.int()), Tau: r.float(), Cut: r.float()}
}

func (r *reader) window() synapse.Window {
	return synapse.Window{APlus: r.float(), AMinus: r.float(), Plus: r.half(), Minus: r.half()}
}

// done returns the first failure; bytes left over are one.
func (r *reader) done() error {
	if len(r.b) > 0 {
		r.fail("too long")
	}
	return r.err
}

const windowSize = 8 * 8

func appendWindow(b []byte, w synapse.Window) []byte {
	b = appendFloats(b, w.APlus, w.AMinus)
	return appendHalf(appendHalf(b, w.Plus), w.Minus)
}
