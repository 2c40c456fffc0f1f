package random

// Key32 is the key of a sequence of 32-bit words, for simulators that make a word for each neuron
// and step and take eight at a time.
type Key32 struct{ k0, k1 uint32 }

// NewKey32 returns the key for a seed, a purpose and two more numbers of the caller's choice.
func NewKey32(seed uint64, p Purpose, a, b uint64) Key32 {
	s := New(seed, p, a, b)
	w := s.Uint64()
	return Key32{uint32(w), uint32(w >> 32)}
}

// WordBlock is how many words Fill makes at once.
const WordBlock = 32

// The constants of Philox4x32-10.
const (
	m32x0, m32x1 = 0xD2511F53, 0xCD9E8D57
	w32x0, w32x1 = 0x9E3779B9, 0xBB67AE85
)

// Fill writes the words of step, whose number is a multiple of WordBlock: each is a function of the
// key, the step and its index in dst. They come from Philox4x32-10, of the same family as Block;
// block b of 32 words has the counters 8b .. 8b+7, the first words of all of them before the second
// ones.
func (k Key32) Fill(dst []uint32, step uint64) {
	if len(dst)%WordBlock != 0 {
		panic("random: Fill of a length that is not a multiple of WordBlock")
	}
	k.fill(dst, step)
}

// fillPortable is Fill without vector instructions.
func (k Key32) fillPortable(dst []uint32, step uint64) {
	for at := 0; at < len(dst); at += WordBlock {
		block := dst[at : at+WordBlock]
		for j := range uint32(8) {
			w := Block32([2]uint32{k.k0, k.k1}, [4]uint32{uint32(at/4) + j, uint32(step), uint32(step >> 32), 0})
			block[j], block[8+j], block[16+j], block[24+j] = w[0], w[1], w[2], w[3]
		}
	}
}

// Block32 is the Philox4x32-10 bijection: four 32-bit words for a counter under a key.
func Block32(key [2]uint32, ctr [4]uint32) [4]uint32 {
	c0, c1, c2, c3 := ctr[0], ctr[1], ctr[2], ctr[3]
	k0, k1 := key[0], key[1]
	for range rounds {
		p, q := m32x0*uint64(c0), m32x1*uint64(c2)
		c0, c1, c2, c3 = uint32(q>>32)^c1^k0, uint32(q), uint32(p>>32)^c3^k1, uint32(p)
		k0 += w32x0
		k1 += w32x1
	}
	return [4]uint32{c0, c1, c2, c3}
}
