// Package random draws keyed random numbers: each draw is a pure function of a key (seed and
// purpose) and of a counter that says which draw it is. Nothing depends on the order of calls, on
// threads or on what else is drawn, so that recording, splitting, resuming or parallelising a
// computation cannot change its result.
//
// The generator is Philox4x64-10 (Salmon, Moraes, Dror & Shaw, Parallel random numbers: as easy as
// 1, 2, 3, SC 2011), which passes the BigCrush battery. Block is checked against the authors'
// published vectors.
package random

import (
	"math/bits"

	"spikealign/internal/state"
)

// Purpose says what a stream of draws is for. Two purposes never share a draw. The numbers are part
// of the result of every run: never change or reuse one.
type Purpose uint64

// The purposes of the project's draws.
const (
	Spikes          Purpose = 1 // waiting times and decisions of a simulator
	TargetWeights   Purpose = 2
	TargetBias      Purpose = 3
	InitialWeights  Purpose = 4
	InitialBias     Purpose = 5
	SynapticNoise   Purpose = 6
	HebbianNoise    Purpose = 7
	SALNoise        Purpose = 8
	PatternOrder    Purpose = 9
	MemberSeed      Purpose = 10
	Bootstrap       Purpose = 11
	LayeredSpikes   Purpose = 12
	FeedbackWeights Purpose = 13
	Stimulus        Purpose = 14 // which inputs are driven, and when they spike
	MethodSpikes    Purpose = 15 // spikes and noise of a method of weight transport
	Mismatch        Purpose = 16
	ErrorSignals    Purpose = 17
	Augmentation    Purpose = 18
)

// The constants of Philox4x64-10.
const (
	rounds = 10
	m0, m1 = 0xD2E7470EE14C6C93, 0xCA5A826395121157
	w0, w1 = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B
)

// Block is the Philox4x64-10 bijection: four 64-bit words for a counter under a key.
func Block(key [2]uint64, ctr [4]uint64) [4]uint64 {
	c0, c1, c2, c3 := ctr[0], ctr[1], ctr[2], ctr[3]
	k0, k1 := key[0], key[1]
	for range rounds {
		h0, l0 := bits.Mul64(m0, c0)
		h1, l1 := bits.Mul64(m1, c2)
		c0, c1, c2, c3 = h1^c1^k0, l1, h0^c3^k1, l0
		k0 += w0
		k1 += w1
	}
	return [4]uint64{c0, c1, c2, c3}
}

// Unit maps 64 random bits to the open interval (0,1): the middle of one of 2^52 equal cells.
func Unit(x uint64) float64 { return float64((float64(int64(x>>12)) + 0.5) * 0x1p-52) }

// Stream is a sequence of draws under one key. Draw k of the sequence (seed, purpose, a, b) is a
// pure function of these five numbers. The zero value is the stream of seed 0, purpose 0. A Stream
// is a value: a copy continues independently from the same place.
type Stream struct {
	key  [2]uint64
	a, b uint64
	next uint64 // index of the next 64-bit word
	buf  [4]uint64
}

// New returns the stream for a seed, a purpose, and two more numbers of the caller's choice (an
// epoch, an entity, ...).
func New(seed uint64, p Purpose, a, b uint64) Stream {
	return Stream{key: [2]uint64{seed, uint64(p)}, a: a, b: b}
}

// Uint64 returns the next 64 random bits.
func (s *Stream) Uint64() uint64 {
	k := s.next & 3
	if k == 0 {
		s.buf = Block(s.key, [4]uint64{s.next >> 2, s.a, s.b, 0})
	}
	s.next++
	return s.buf[k]
}

// Float64 returns a number from the open interval (0,1).
func (s *Stream) Float64() float64 { return Unit(s.Uint64()) }

// twoBlocks writes the words of blocks i and i+1. They are computed side by side: one alone would
// wait for its own multiplications.
func twoBlocks(dst *[8]uint64, key [2]uint64, i, a, b uint64) {
	c0, c1, c2, c3 := i, a, b, uint64(0)
	d0, d1, d2, d3 := i+1, a, b, uint64(0)
	k0, k1 := key[0], key[1]
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
	*dst = [8]uint64{c0, c1, c2, c3, d0, d1, d2, d3}
}

// fill writes the next words, a multiple of four, from the beginning of a block on.
func (s *Stream) fill(dst []uint64) {
	i := s.next >> 2
	s.next += uint64(len(dst))
	for ; len(dst) >= 8; dst = dst[8:] {
		twoBlocks((*[8]uint64)(dst), s.key, i, s.a, s.b)
		i += 2
	}
	if len(dst) == 4 {
		x := Block(s.key, [4]uint64{i, s.a, s.b, 0})
		copy(dst, x[:])
	}
}

// Norm returns a standard normal number, by inversion: one draw each, so that the k-th number does
// not depend on the others.
func (s *Stream) Norm() float64 { return Quantile(s.Float64()) }

// Skip moves the stream forward (or, as 2^64-k, back) by k draws.
func (s *Stream) Skip(k uint64) { s.Seek(s.next + k) }

// Index returns the index of the next draw.
func (s *Stream) Index() uint64 { return s.next }

// Seek makes k the index of the next draw.
func (s *Stream) Seek(k uint64) {
	s.next = k
	if k&3 != 0 {
		s.buf = Block(s.key, [4]uint64{k >> 2, s.a, s.b, 0})
	}
}

const streamTag = "RNG1"

// AppendBinary appends the stream's identity and place to b.
func (s *Stream) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, streamTag)
	for _, x := range [...]uint64{s.key[0], s.key[1], s.a, s.b, s.next} {
		w.Uint64(x)
	}
	return w.End()
}

// StreamSize is the length of the binary form of a Stream.
const StreamSize = 4 + 5*8

// UnmarshalBinary restores a stream from the form that AppendBinary writes.
func (s *Stream) UnmarshalBinary(b []byte) error {
	r := state.NewReader(b, streamTag)
	t := Stream{key: [2]uint64{r.Uint64(), r.Uint64()}, a: r.Uint64(), b: r.Uint64()}
	next := r.Uint64()
	if err := r.Done(); err != nil {
		return err
	}
	*s = t
	s.Seek(next)
	return nil
}
