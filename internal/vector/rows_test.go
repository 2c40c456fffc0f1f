package vector

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// activations are numbers of all kinds: often equal, of both zeros, and few of them infinite.
func activations(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		switch r.IntN(8) {
		case 0:
			x[i] = 0
		case 1:
			x[i] = float32(math.Copysign(0, -1))
		case 2:
			x[i] = float32(r.IntN(5) - 2)
		default:
			x[i] = 100 * (r.Float32() - 0.5)
		}
	}
	return x
}

func doubles(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = r.Float64() - 0.5
	}
	return x
}

// bits of numbers tell zeros apart.
func bits(x []float32) []uint32 {
	b := make([]uint32, len(x))
	for i, v := range x {
		b[i] = math.Float32bits(v)
	}
	return b
}

func TestRowsArePortable(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		n, rows := 1+r.IntN(30), 1+r.IntN(200)
		if r.IntN(2) == 0 {
			n = 8 * (1 + n/8)
		}
		stride := n + r.IntN(9)
		x, dy := activations(r, rows*stride), activations(r, rows*stride)
		center := doubles(r, n)
		for _, square := range []bool{false, true} {
			a := doubles(r, 4*n)
			b := slices.Clone(a)
			Sum(a, x, stride, rows, center, square)
			sumPortable(b, x, stride, rows, center, square)
			if !slices.Equal(a, b) {
				t.Fatalf("Sum differs, %d channels, %d rows", n, rows)
			}
		}
		a := doubles(r, 4*n)
		b := slices.Clone(a)
		by := activations(r, 5*n)
		SumBack(a, dy, x, stride, rows, by[:2*n])
		sumBackPortable(b, dy, x, stride, rows, by[:2*n])
		if !slices.Equal(a, b) {
			t.Fatalf("SumBack differs, %d channels, %d rows", n, rows)
		}
		x, dy = x[:rows*n], dy[:rows*n]
		y, z := make([]float32, rows*n), make([]float32, rows*n)
		same := func(what string) {
			t.Helper()
			if !slices.Equal(bits(y), bits(z)) {
				t.Fatalf("%s differs, %d channels, %d rows", what, n, rows)
			}
		}
		Scale(y, x, by[:4*n])
		scalePortable(z, x, by[:4*n])
		same("Scale")
		ScaleBack(y, dy, x, by)
		scaleBackPortable(z, dy, x, by)
		same("ScaleBack")
		copy(y, x)
		copy(z, x)
		Rectify(y)
		rectifyPortable(z)
		same("Rectify")
		g, h := slices.Clone(dy), slices.Clone(dy)
		RectifyBack(g, y)
		rectifyBackPortable(h, z)
		if !slices.Equal(bits(g), bits(h)) {
			t.Fatal("RectifyBack differs")
		}
		upper, lower := activations(r, 2*n), activations(r, 2*n)
		from, other := make([]uint8, n), make([]uint8, n)
		Largest(y[:n], from, upper, lower)
		largestPortable(z[:n], other, upper, lower)
		same("Largest")
		if !slices.Equal(from, other) {
			t.Fatal("Largest comes from elsewhere")
		}
		upper2, lower2 := slices.Clone(upper), activations(r, 2*n)
		LargestBack(dy[:n], from, upper, lower)
		largestBackPortable(dy[:n], from, upper2, lower2)
		if !slices.Equal(bits(upper), bits(upper2)) || !slices.Equal(bits(lower), bits(lower2)) {
			t.Fatal("LargestBack differs")
		}
	}
}

// What is no number stays none, so that a training that diverges is seen.
func TestRectifyKeepsNaN(t *testing.T) {
	nan := float32(math.NaN())
	x := []float32{nan, -nan, 1, -1, 0, nan, 2, 3, nan}
	Rectify(x)
	for i, v := range x {
		if none := i == 0 || i == 1 || i == 5 || i == 8; (v != v) != none {
			t.Errorf("number %d is %v", i, v)
		}
	}
}

// TestGoldenRows pins the passes to the bit. A change here is a change of every experiment of kind
// deep: raise its StateVersion.
func TestGoldenRows(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	const n, rows = 24, 101
	x, dy, by := activations(r, n*rows), activations(r, n*rows), activations(r, 5*n)
	y, dx, sums, from := make([]float32, n*rows), make([]float32, n*rows), make([]float64, 4*n), make([]uint8, n)
	Sum(sums, x, n, rows, doubles(r, n), false)
	Sum(sums, x, n, rows, doubles(r, n), true)
	SumBack(sums, dy, x, n, rows, by[:2*n])
	Scale(y, x, by[:4*n])
	ScaleBack(dx, dy, x, by)
	RectifyBack(dx, y)
	Rectify(y)
	Largest(y[:n], from, x, dy)
	LargestBack(dx[:n], from, x, dy)
	h := fnv.New64a()
	for _, part := range []any{sums, y, dx, from, x, dy} {
		binary.Write(h, binary.LittleEndian, part)
	}
	if h.Sum64() != 0x56a8ef6c7d785649 {
		t.Errorf("%#x", h.Sum64())
	}
}
