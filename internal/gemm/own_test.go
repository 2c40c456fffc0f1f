//go:build !blas

package gemm

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// plain multiplies in the order that the package promises.
func plain(p problem, c []float32) {
	for i := range p.m {
		for j := range p.n {
			c[i*p.stride+j] = 0
			for from := 0; from < p.k; from += depth {
				sum := float32(0)
				for t := from; t < min(from+depth, p.k); t++ {
					sum += float32(p.a.Data[i*p.a.Row+t*p.a.Column] * p.b.Data[t*p.b.Row+j*p.b.Column])
				}
				c[i*p.stride+j] += sum
			}
		}
	}
}

func TestMulSameBits(t *testing.T) {
	w := new(Work)
	for _, p := range problems(rand.New(rand.NewPCG(3, 4))) {
		want := slices.Clone(p.c)
		plain(p, want)
		if w.Mul(p.c, p.stride, p.a, p.b, p.m, p.n, p.k); !slices.Equal(p.c, want) {
			t.Fatalf("%v: other bits", p)
		}
	}
}

// Nothing depends on whether matrices are made, nor on where a product begins.
func TestPlacesSameBits(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	w := new(Work)
	for _, p := range problems(r) {
		if p.m*p.n*p.k == 0 {
			continue
		}
		want := slices.Clone(p.c)
		w.Mul(want, p.stride, p.a, p.b, p.m, p.n, p.k)
		w.MulFrom(p.c, p.stride, p.a.Data, steps(nil, p.m, p.a.Row), steps(nil, p.k, p.a.Column), p.b, p.n)
		if !slices.Equal(p.c, want) {
			t.Fatalf("MulFrom, %v: other bits", p)
		}
		clear(p.c)
		w.AddTo(p.c, steps(nil, p.m, p.stride), p.a, p.b, p.n, p.k)
		for i := range p.m {
			if row := p.c[i*p.stride:][:p.n]; !slices.Equal(row, want[i*p.stride:][:p.n]) {
				t.Fatalf("AddTo, %v: other bits", p)
			}
		}
	}
}

// TestGolden pins products to the bit. A change here is a change of every experiment of kind deep:
// raise its StateVersion.
func TestGolden(t *testing.T) {
	w, h := new(Work), fnv.New64a()
	for k, p := range problems(rand.New(rand.NewPCG(5, 6))) {
		if k%16 != 0 {
			continue // enough, and short on an emulated processor
		}
		w.Mul(p.c, p.stride, p.a, p.b, p.m, p.n, p.k)
		for _, x := range p.c {
			h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)))
		}
	}
	if h.Sum64() != 0xc74eeff9efebc787 {
		t.Errorf("%#x", h.Sum64())
	}
}
