package deep

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"math"
	"testing"
)

// TestGolden pins all weights after an epoch, to the bit, on made images. A change here is a change
// of every experiment of kind deep: raise its StateVersion.
func TestGolden(t *testing.T) {
	d := patterns(40, 10)
	for _, c := range []struct {
		architecture string
		method       Method
		sum          uint64
	}{
		{"paper", BP, 0x1a01c59506ce2aff},
		{"paper", BPFA, 0xe6bff23c38340a1e},
		{"paper", FA, 0xe1849368e7565247},
		{"paper", SCFA, 0x21d82dcb8aa1380f},
		{"paper", USF, 0xc37adcdc1c0cbc6f},
		{"paper", DFA, 0xdb7ef62a0dfca32f},
		{"paper", KP, 0x9e96d8d059345030},
		{"paper", Mirror, 0x8b3e414bc4b1d21b},
		{"paper", RDD, 0xf472004f290aaf5b},
		{"paper", SAL, 0x51bcd0ab7f9af606},
		{"lenet", BP, 0x9791b6f820e27b4c},
		{"lenet", FA, 0x26487a3e36c583f7},
		{"lenet", SCFA, 0xeb5a682de39df18},
		{"lenet", USF, 0xfe1f5564f123bcda},
		{"lenet", DFA, 0x1ac793cf319647f0},
	} {
		s := shortSettings(c.method)
		s.Network.Architecture = c.architecture
		if c.architecture == "lenet" {
			s.Network.Init, s.Network.Loss = Xavier, DoubleSoftmax
		}
		s.Course.BatchSize = 15
		tr, err := NewTrainer(s, d, 3, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tr.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		h := fnv.New64a()
		for _, w := range tr.Weights() {
			for _, x := range w.Values {
				h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)))
			}
		}
		if h.Sum64() != c.sum {
			t.Errorf("{%q, %s, %#x}", c.architecture, c.method, h.Sum64())
		}
	}
}
