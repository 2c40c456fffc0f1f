package random

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
	var words [8]uint64
	twoBlocks(&words, r.key, r.next>>3<<1, r.a, r.b)
	for k, w := range words {
		r.buf[k] = 1 / Unit(w)
	}
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
