package random

import "math/bits"

// Reciprocals delivers 1/Float64 of a Stream to an inner loop. It draws and divides eight at a
// time, in which the work on neighbouring numbers overlaps. The zero value is not ready; use
// NewReciprocals.
type Reciprocals struct {
	buf  [8]float64 // of draws next &^ 7 and on, unless next is a multiple of 8
	next uint64     // index of the next draw
	key  [2]uint64
	a, b uint64
}

// NewReciprocals returns the reciprocals of the numbers that s delivers from its present place on.
func NewReciprocals(s Stream) Reciprocals {
	r := Reciprocals{next: s.next, key: s.key, a: s.a, b: s.b}
	if r.next%8 != 0 {
		r.refill()
	}
	return r
}

// Stream returns the stream of which the next numbers are those to come.
func (r *Reciprocals) Stream() Stream {
	s := Stream{key: r.key, a: r.a, b: r.b}
	s.Seek(r.next)
	return s
}

// Next returns the next number.
func (r *Reciprocals) Next() float64 {
	k := r.next & 7
	if k == 0 {
		r.refill()
	}
	r.next++
	return r.buf[k]
}

func (r *Reciprocals) refill() {
	c0, c1, c2, c3 := r.next>>3<<1, r.a, r.b, uint64(0)
	d0, d1, d2, d3 := c0+1, r.a, r.b, uint64(0)
	k0, k1 := r.key[0], r.key[1]
	for range rounds {
		h0, l0 := bits.Mul64(m0, c0)
		h1, l1 := bits.Mul64(m1, c2)
		g0, n0 := bits.Mul64(m0, d0)
		g1, n1 := bits.Mul64(m1, d2)
		c0, c1, c2, c3 = h1^c1^k0, l1, h0^c3^k1, l0
		d0, d1, d2, d3 = g1^d1^k0, n1, g0^d3^k1, n0
		k0 += w0
		k1 += w1
	}
	r.buf = [8]float64{1 / Unit(c0), 1 / Unit(c1), 1 / Unit(c2), 1 / Unit(c3), 1 / Unit(d0), 1 / Unit(d1), 1 / Unit(d2), 1 / Unit(d3)}
}

// AppendBinary appends what Stream does: the form is that of the stream.
func (r *Reciprocals) AppendBinary(b []byte) ([]byte, error) {
	s := r.Stream()
	return s.AppendBinary(b)
}

// UnmarshalBinary restores the place of a stream.
func (r *Reciprocals) UnmarshalBinary(b []byte) error {
	var s Stream
	if err := s.UnmarshalBinary(b); err != nil {
		return err
	}
	*r = NewReciprocals(s)
	return nil
}
