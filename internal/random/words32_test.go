package random

import (
	"slices"
	"testing"
)

// The vectors that the authors of Philox publish with Random123 (kat_vectors, philox4x32 10).
func TestBlock32Vectors(t *testing.T) {
	for _, c := range []struct {
		ctr  [4]uint32
		key  [2]uint32
		want [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0)}, [2]uint32{^uint32(0), ^uint32(0)}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0}, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := Block32(c.key, c.ctr); got != c.want {
			t.Errorf("Block32(%x, %x) = %x, want %x", c.key, c.ctr, got, c.want)
		}
	}
}

func TestFillIsPortable(t *testing.T) {
	for _, n := range []int{0, 32, 64, 96, 2208} {
		for step := uint64(1); step != 0; step *= 1 << 7 {
			k := NewKey32(7, Spikes, step, 3)
			a, b := make([]uint32, n), make([]uint32, n)
			k.Fill(a, step)
			k.fillPortable(b, step)
			if !slices.Equal(a, b) {
				t.Fatalf("%d words of step %d differ", n, step)
			}
		}
	}
}

func BenchmarkFill(b *testing.B) {
	k := NewKey32(7, Spikes, 0, 3)
	dst := make([]uint32, 2208)
	for i := range b.N {
		k.Fill(dst, uint64(i))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(dst)), "ns/word")
}
