package random

import (
	"spikealign/internal/detmath"
	"spikealign/internal/state"
)

// Exponential numbers by the ziggurat method (Marsaglia & Tsang, The ziggurat method for generating
// random variables, J. Stat. Softw. 5(8), 2000): the area below e^-x is covered by 256 horizontal
// layers of equal area. A word chooses a layer by its lowest 8 bits and a place in it by its upper
// 53; 98.9 % of the words give a number by one product and one comparison. The method is exact:
// only the spacing of the 53-bit places separates it from the exponential law.
const (
	zigguratTail = 7.69711747013104972      // where the lowest layer's rectangle ends
	zigguratArea = 0.0039496598225815571993 // of each layer
)

var (
	zigLimit [256]uint64  // places below the limit lie under the curve whatever their height
	zigScale [256]float64 // abscissa of a place, per unit
	zigTop   [256]float64 // e^-x at the layer's right end
)

func init() {
	const places = 1 << 53
	x := zigguratTail
	f := detmath.Exp(-x)
	// width of a rectangle with the area of the lowest layer, its tail included
	base := zigguratArea / f
	zigLimit[0] = uint64(x / base * places)
	zigScale[0] = base / places
	zigTop[0] = 1
	zigTop[255] = f
	zigScale[255] = x / places
	for i := 254; i >= 1; i-- {
		next := -detmath.Log(zigguratArea/x + detmath.Exp(-x))
		zigLimit[i+1] = uint64(next / x * places)
		x = next
		zigTop[i] = detmath.Exp(-x)
		zigScale[i] = x / places
	}
	zigLimit[1] = 0
}

// Source is a Stream with a buffer, for inner loops: it delivers the same words. The zero value is
// not ready; use NewSource.
type Source struct {
	stream Stream
	words  [128]uint64
	pos    int
}

// NewSource returns a source that continues the stream s.
func NewSource(s Stream) Source { return Source{stream: s, pos: len(Source{}.words)} }

// Stream returns the stream from which the same words would follow.
func (s *Source) Stream() Stream {
	t := s.stream
	t.Skip(-uint64(len(s.words) - s.pos))
	return t
}

// Uint64 returns the next 64 random bits.
func (s *Source) Uint64() uint64 {
	if s.pos == len(s.words) {
		s.refill()
	}
	w := s.words[s.pos]
	s.pos++
	return w
}

// Float64 returns a number from the open interval (0,1).
func (s *Source) Float64() float64 { return Unit(s.Uint64()) }

// Exp returns an exponentially distributed number of mean 1, always positive. It takes one word or,
// rarely, more.
func (s *Source) Exp() float64 {
	w := s.Uint64()
	if i := w & 255; w>>11 < zigLimit[i] {
		return place(w) * zigScale[i]
	}
	return s.edge(w)
}

func (s *Source) refill() {
	// within a block: take the block's rest, at the end of the buffer
	if k := s.stream.next & 3; k != 0 {
		s.pos = len(s.words) - int(4-k)
		for i := s.pos; i < len(s.words); i++ {
			s.words[i] = s.stream.Uint64()
		}
		return
	}
	s.stream.fill(s.words[:])
	s.pos = 0
}

// exps fills dst with what as many calls of Exp would return.
func (s *Source) exps(dst []float64) {
	for k := range dst {
		w := s.Uint64()
		i := w & 255
		if w>>11 < zigLimit[i] {
			dst[k] = place(w) * zigScale[i]
		} else {
			dst[k] = s.edge(w)
		}
	}
}

func place(w uint64) float64 { return float64(int64(w>>11)) + 0.5 }

// edge decides about a place at the edge of its layer.
func (s *Source) edge(w uint64) float64 {
	for {
		i := w & 255
		x := place(w) * zigScale[i]
		switch {
		case w>>11 < zigLimit[i]:
			return x
		case i == 0:
			return zigguratTail - detmath.Log(Unit(s.Uint64()))
		case zigTop[i]+float64(Unit(s.Uint64())*(zigTop[i-1]-zigTop[i])) < detmath.Exp(-x):
			return x
		}
		w = s.Uint64()
	}
}

// Exponentials delivers what Source.Exp would to an inner loop. It makes the numbers in batches, in
// which the work on neighbouring draws overlaps. The zero value is not ready; use NewExponentials.
type Exponentials struct {
	start  Stream // where the batch in buf begins
	source Source
	buf    [128]float64
	pos    int
}

// NewExponentials returns the exponential numbers that the words of s, from its present place on,
// stand for.
func NewExponentials(s Stream) Exponentials {
	e := Exponentials{source: NewSource(s)}
	e.refill()
	return e
}

// Next returns the next number.
func (e *Exponentials) Next() float64 {
	if e.pos == len(e.buf) {
		e.refill()
	}
	x := e.buf[e.pos]
	e.pos++
	return x
}

func (e *Exponentials) refill() {
	e.start = e.source.Stream()
	e.source.exps(e.buf[:])
	e.pos = 0
}

const exponentialsTag = "EXP1"

// ExponentialsSize is the length of the binary form of Exponentials.
const ExponentialsSize = 4 + StreamSize + 2

// AppendBinary appends the place in the sequence to b.
func (e *Exponentials) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, exponentialsTag)
	w.Part(&e.start)
	w.Uint16(uint16(e.pos))
	return w.End()
}

// UnmarshalBinary restores a place written by AppendBinary.
func (e *Exponentials) UnmarshalBinary(b []byte) error {
	r := state.NewReader(b, exponentialsTag)
	var s Stream
	r.Part(StreamSize, &s)
	pos := int(r.Uint16())
	r.Check(pos <= len(e.buf), "impossible place")
	if err := r.Done(); err != nil {
		return err
	}
	*e = NewExponentials(s)
	e.pos = pos
	return nil
}
