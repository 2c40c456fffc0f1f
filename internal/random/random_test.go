package random

import (
	"math"
	"testing"
)

// TestBlockVectors holds Block to the known-answer tests published with the generator (Random123,
// kat_vectors).
func TestBlockVectors(t *testing.T) {
	ones := ^uint64(0)
	for _, c := range []struct {
		key  [2]uint64
		ctr  [4]uint64
		want [4]uint64
	}{
		{[2]uint64{}, [4]uint64{}, [4]uint64{0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b}},
		{[2]uint64{ones, ones}, [4]uint64{ones, ones, ones, ones}, [4]uint64{0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0}},
		{[2]uint64{0x452821e638d01377, 0xbe5466cf34e90c6c},
			[4]uint64{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89},
			[4]uint64{0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6}},
	} {
		if got := Block(c.key, c.ctr); got != c.want {
			t.Errorf("Block(%x, %x) = %x, want %x", c.key, c.ctr, got, c.want)
		}
	}
}

// TestGoldenStream pins the first draws of a stream: they must not change.
func TestGoldenStream(t *testing.T) {
	s := New(42, Spikes, 7, 9)
	var got [6]uint64
	for i := range got {
		got[i] = s.Uint64()
	}
	want := [6]uint64{0x660ed9769bddea15, 0xb1093cedf083669c, 0xb6ae737fb3d653ca, 0x2831244e76e743ae, 0x454b029dcf447377, 0xfdbb3c43243a4f41}
	if got != want {
		t.Errorf("stream = %#x, want %#x", got, want)
	}
}

func TestResume(t *testing.T) {
	for skip := range 9 {
		s := New(1, Spikes, 2, 3)
		for range skip {
			s.Uint64()
		}
		b, err := s.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		var r Stream
		if err := r.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			if x, y := s.Uint64(), r.Uint64(); x != y {
				t.Fatalf("after %d draws: draw %d of the restored stream is %#x, not %#x", skip, i, y, x)
			}
		}
	}
	var r Stream
	for _, b := range [][]byte{nil, make([]byte, StreamSize), make([]byte, 3)} {
		if r.UnmarshalBinary(b) == nil {
			t.Errorf("UnmarshalBinary(%d bytes) accepted", len(b))
		}
	}
}

// TestSourceIsItsStream: a Source delivers its stream's words, from any place, and hands the place
// back.
func TestSourceIsItsStream(t *testing.T) {
	for start := range uint64(9) {
		a := New(5, Spikes, 1, 2)
		a.Skip(start)
		s := NewSource(a)
		for k := range 1000 {
			if k%97 == 5 {
				s = NewSource(s.Stream())
			}
			if x, y := a.Uint64(), s.Uint64(); x != y {
				t.Fatalf("start %d: word %d is %#x, want %#x", start, k, y, x)
			}
		}
	}
}

// TestExponentialsResume: restored at any place, the same numbers follow.
func TestExponentialsResume(t *testing.T) {
	a := New(5, Spikes, 1, 2)
	a.Skip(3)
	e := NewExponentials(a)
	for k := range 700 {
		b, err := e.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		var r Exponentials
		if err := r.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
		c := e
		for i := range 150 {
			if x, y := c.Next(), r.Next(); x != y {
				t.Fatalf("after %d numbers: number %d of the restored sequence is %v, not %v", k, i, y, x)
			}
		}
		e.Next()
	}
	var r Exponentials
	for _, b := range [][]byte{nil, make([]byte, ExponentialsSize), make([]byte, 3)} {
		if r.UnmarshalBinary(b) == nil {
			t.Errorf("UnmarshalBinary(%d bytes) accepted", len(b))
		}
	}
}

// TestExponentialLaw: 2^24 draws fall into 64 bins of equal probability and into the far tail as
// the exponential law has it: chi-square below its 1-1e-6 quantile (false alarm 1e-6, fixed seed).
// Edges of layers, where a slip of the ziggurat would show, lie in every bin.
func TestExponentialLaw(t *testing.T) {
	const n, bins = 1 << 24, 64
	s := NewExponentials(New(12, Spikes, 0, 0))
	var count [bins]int
	tail := 0
	for range n {
		x := s.Next()
		if !(x > 0) {
			t.Fatalf("draw %v", x)
		}
		count[min(bins-1, int(bins*-math.Expm1(-x)))]++
		if x > zigguratTail {
			tail++
		}
	}
	chi := 0.0
	for _, c := range count {
		d := float64(c) - n/bins
		chi += d * d / (n / bins)
	}
	if chi > 127.5 { // 63 degrees of freedom
		t.Errorf("chi-square %.1f over %d bins", chi, bins)
	}
	want := n * math.Exp(-zigguratTail)
	if d := (float64(tail) - want) / math.Sqrt(want); math.Abs(d) > 5 {
		t.Errorf("%d draws in the tail, want %.0f", tail, want)
	}
	t.Logf("chi-square %.1f (63 degrees of freedom), tail %d of %.0f", chi, tail, want)
}

// TestZigguratTable: all layers have one area, and the topmost closes at x = 0 (f = 1).
func TestZigguratTable(t *testing.T) {
	for i := 2; i < 256; i++ {
		x := zigScale[i] * (1 << 53)
		if a := x * (zigTop[i-1] - zigTop[i]); math.Abs(a/zigguratArea-1) > 1e-12 {
			t.Errorf("layer %d has area %v", i, a)
		}
	}
	if a := zigScale[1] * (1 << 53) * (zigTop[0] - zigTop[1]); math.Abs(a/zigguratArea-1) > 1e-9 {
		t.Errorf("top layer has area %v", a)
	}
}

// TestQuantile compares with math.Erfinv away from the far tail, and with the distribution function
// there.
func TestQuantile(t *testing.T) {
	for _, p := range []float64{1e-15, 1e-9, 1e-4, 0.01, 0.02425, 0.1, 0.3, 0.4999, 0.5, 0.7, 0.9772498680518208, 0.999} {
		x := Quantile(p)
		back := 0.5 * math.Erfc(-x/math.Sqrt2)
		if math.Abs(back-p) > 2e-14*p {
			t.Errorf("Quantile(%v) = %v, where the distribution function is %v", p, x, back)
		}
	}
	if x := Quantile(0.9772498680518208); math.Abs(x-2) > 1e-14 {
		t.Errorf("Quantile(Phi(2)) = %v", x)
	}
}

// TestMoments: 2^20 draws of each kind have the moments of their law within 5 standard errors
// (about 1 false alarm in 1.7 million each).
func TestMoments(t *testing.T) {
	const n = 1 << 20
	s, x := New(11, Spikes, 0, 0), NewExponentials(New(12, Spikes, 0, 0))
	var u, e, g, g2 float64
	for range n {
		u += s.Float64()
		e += x.Next()
		y := s.Norm()
		g += y
		g2 += y * y
	}
	for _, c := range []struct {
		name           string
		got, mean, std float64
	}{{"uniform", u, 0.5, math.Sqrt(1.0 / 12)}, {"exponential", e, 1, 1}, {"normal", g, 0, 1}, {"normal squared", g2, 1, math.Sqrt2}} {
		if d := (c.got/n - c.mean) / c.std * math.Sqrt(n); math.Abs(d) > 5 {
			t.Errorf("%s: mean %v is %.1f standard errors off", c.name, c.got/n, d)
		}
	}
}

func BenchmarkExp(b *testing.B) {
	s := NewExponentials(New(1, Spikes, 0, 0))
	x := 0.0
	for b.Loop() {
		x += s.Next()
	}
	if x == 0.5 {
		b.Log(x)
	}
}

func BenchmarkFloat64(b *testing.B) {
	s := New(1, Spikes, 0, 0)
	x := 0.0
	for b.Loop() {
		x += s.Float64()
	}
	if x == 0.5 {
		b.Log(x)
	}
}

// TestReciprocals: they are those of the stream, from every place on, and their state is the
// stream's.
func TestReciprocals(t *testing.T) {
	for start := range uint64(17) {
		s := New(3, Spikes, 7, 1)
		s.Skip(start)
		r := NewReciprocals(s)
		for k := range 40 {
			want, err := s.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.AppendBinary(nil)
			if err != nil || string(got) != string(want) {
				t.Fatalf("from %d, draw %d: state %x, %v, want %x", start, k, got, err, want)
			}
			if k%3 == 2 {
				r = Reciprocals{}
				if err := r.UnmarshalBinary(got); err != nil {
					t.Fatal(err)
				}
			}
			if x, y := r.Next(), 1/s.Float64(); x != y {
				t.Fatalf("from %d, draw %d: %v, want %v", start, k, x, y)
			}
		}
	}
	if err := new(Reciprocals).UnmarshalBinary([]byte("none")); err == nil {
		t.Error("what is no state was read")
	}
}
