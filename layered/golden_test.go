package layered

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"math"
	"testing"
)

// TestGolden pins results to the bit: of feedback weights and numbers of spikes. A change here is a
// change of every experiment of kind align: raise its StateVersion.
func TestGolden(t *testing.T) {
	for _, c := range []struct {
		name   string
		set    func(*SAL)
		spikes int64
		sum    uint64
	}{
		{"rectangular", func(s *SAL) {}, 18530, 0xca38704e3cc90dea},
		{"alpha", func(s *SAL) { s.PSP.UnmarshalText([]byte("alpha")); s.TauSyn = 4 }, 18031, 0x1d3b5416acd9f869},
		{"nearest", func(s *SAL) { s.Pairing.UnmarshalText([]byte("nearest")) }, 18730, 0x2799cf2851ef2efe},
	} {
		s := short(70, 9, 3)
		c.set(&s)
		tr, err := NewTrainer(s, randomWeights(s.Layers, 5, 2), someNeurons(s.Layers), Synapses{}, 7)
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.Run(context.Background(), 2000); err != nil {
			t.Fatal(err)
		}
		h := fnv.New64a()
		for l := range 2 {
			for _, x := range tr.Down(l) {
				h.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(x)))
			}
		}
		if tr.SpikeCount() != c.spikes || h.Sum64() != c.sum {
			t.Errorf("{%q, ..., %d, %#x}", c.name, tr.SpikeCount(), h.Sum64())
		}
	}
}
