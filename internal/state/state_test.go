package state

import (
	"bytes"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// sample holds one of everything.
type sample struct {
	b8       byte
	u16      uint16
	u32      uint32
	u64      uint64
	i        int64
	f, inf   float64
	yes, no  bool
	ints     []int64
	floats   []float64
	finites  []float64
	int32s   []int32
	float32s []float32
	bytes    []byte
	part     *leaf
	block    *leaf
}

// leaf is a part.
type leaf struct {
	x   []int64
	err error
}

func (l *leaf) AppendBinary(b []byte) ([]byte, error) {
	w := NewWriter(b, "LEAF")
	w.Count(len(l.x))
	w.Ints(l.x)
	b, _ = w.End()
	return b, l.err
}

func (l *leaf) UnmarshalBinary(b []byte) error {
	r := NewReader(b, "LEAF")
	x := make([]int64, r.Count(8))
	r.Ints(x)
	r.Check(len(x) < 1 || x[0] >= 0, "negative")
	if err := r.Done(); err != nil {
		return err
	}
	l.x = x
	return nil
}

func (s *sample) AppendBinary(b []byte) ([]byte, error) {
	w := NewWriter(b, "SMPL")
	w.Byte(s.b8)
	w.Uint16(s.u16)
	w.Uint32(s.u32)
	w.Uint64(s.u64)
	w.Int(s.i)
	w.Float(s.f)
	w.Float(s.inf)
	w.Bool(s.yes)
	w.Bool(s.no)
	w.Count(len(s.ints))
	w.Ints(s.ints)
	w.Floats(s.floats)
	w.Count(len(s.finites))
	w.Floats(s.finites)
	w.Int32s(s.int32s)
	w.Float32s(s.float32s)
	w.Count(len(s.bytes))
	w.Bytes(s.bytes)
	w.Part(s.part)
	w.Block(s.block)
	return w.End()
}

func (s *sample) UnmarshalBinary(b []byte) error {
	r := NewReader(b, "SMPL")
	*s = sample{b8: r.Byte(), u16: r.Uint16(), u32: r.Uint32(), u64: r.Uint64(), i: r.Int(), f: r.Finite(), inf: r.Float(),
		yes: r.Bool(), no: r.Bool(), floats: make([]float64, 3), int32s: make([]int32, 3), float32s: make([]float32, 3), part: new(leaf), block: new(leaf)}
	s.ints = make([]int64, r.Count(8))
	r.Ints(s.ints)
	r.Floats(s.floats)
	s.finites = make([]float64, r.Count(8))
	r.Finites(s.finites)
	r.Int32s(s.int32s)
	r.Float32s(s.float32s)
	s.bytes = make([]byte, r.Count(1))
	r.Bytes(s.bytes)
	r.Part(4+8+8*2, s.part)
	r.Block(s.block)
	return r.Done()
}

func full() *sample {
	return &sample{b8: 0xfe, u16: 0xfedc, u32: 0xfedcba98, u64: 0xfedcba9876543210, i: math.MinInt64, f: -math.MaxFloat64, inf: math.Inf(-1), yes: true,
		ints: []int64{1, -2, math.MaxInt64}, floats: []float64{math.NaN(), math.Inf(1), math.Copysign(0, -1)}, finites: []float64{5e-324, -1.5},
		int32s: []int32{-1, 0, math.MaxInt32}, float32s: []float32{1.5, float32(math.Inf(-1)), 1e-45}, bytes: []byte("bytes"),
		part: &leaf{x: []int64{3, 4}}, block: &leaf{x: []int64{5}}}
}

func form(t testing.TB, s interface {
	AppendBinary([]byte) ([]byte, error)
}) []byte {
	t.Helper()
	b, err := s.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestForm pins the bytes: states of earlier programs must stay readable.
func TestForm(t *testing.T) {
	s := &sample{b8: 1, u16: 0x0302, u32: 0x07060504, u64: 0x0f0e0d0c0b0a0908, i: -2, f: 1, inf: math.Inf(1), yes: true, ints: []int64{1},
		floats: []float64{0, 0, -0.5}, int32s: []int32{-2}, float32s: []float32{1}, bytes: []byte("xy"), part: new(leaf), block: new(leaf)}
	want := "SMPL\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f" + "\xfe\xff\xff\xff\xff\xff\xff\xff" +
		"\x00\x00\x00\x00\x00\x00\xf0\x3f" + "\x00\x00\x00\x00\x00\x00\xf0\x7f" + "\x01\x00\x00\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 8) +
		"\x01\x00\x00\x00\x00\x00\x00\x00" + "\x01\x00\x00\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 16) + "\x00\x00\x00\x00\x00\x00\xe0\xbf" +
		strings.Repeat("\x00", 8) + "\xfe\xff\xff\xff" + "\x00\x00\x80\x3f" + "\x02\x00\x00\x00\x00\x00\x00\x00xy" +
		"LEAF" + strings.Repeat("\x00", 8) + "\x0c\x00\x00\x00\x00\x00\x00\x00LEAF" + strings.Repeat("\x00", 8)
	if got := string(form(t, s)); got != want {
		t.Errorf("state\n%q, want\n%q", got, want)
	}
}

func TestRoundTrip(t *testing.T) {
	good := form(t, full())
	before := []byte("before")
	b, err := full().AppendBinary(before)
	if err != nil || string(b[:6]) != "before" || !bytes.Equal(b[6:], good) {
		t.Fatalf("AppendBinary does not append: %q, %v", b, err)
	}
	var s sample
	if err := s.UnmarshalBinary(good); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(form(t, &s), good) {
		t.Errorf("%+v after a round trip, want %+v", s, full())
	}
}

// TestDamage: each fault is named, with its place; nothing that is cut short or too long is taken.
func TestDamage(t *testing.T) {
	good := form(t, full())
	for k := range good {
		if new(sample).UnmarshalBinary(good[:k]) == nil {
			t.Errorf("%d of %d bytes are accepted", k, len(good))
		}
	}
	read := func(f func(r *Reader), b ...byte) error {
		r := NewReader(append([]byte("TAG1"), b...), "TAG1")
		f(r)
		r.Check(r.Err() == nil, "a later fault")
		return r.Done()
	}
	minusOne, nan := bytes.Repeat([]byte{0xff}, 8), []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x7f}
	for _, c := range []struct {
		err  error
		want string
	}{
		{NewReader([]byte("TAG2"), "TAG1").Done(), `the state does not begin with "TAG1"`},
		{NewReader(nil, "TAG1").Done(), `the state does not begin with "TAG1"`},
		{read(func(r *Reader) { r.Byte() }, 1, 2, 3), `state "TAG1", before byte 5: 2 bytes are left over`},
		{read(func(r *Reader) { r.Byte(); r.Int() }, 1, 2), `state "TAG1", before byte 5: too short`},
		{read(func(r *Reader) { r.Part(-1, new(leaf)) }), `state "TAG1", before byte 4: too short`},
		{read(func(r *Reader) { r.Ints(make([]int64, 2)) }, minusOne...), `state "TAG1", before byte 4: too short`},
		{read(func(r *Reader) { r.Count(1) }, minusOne...), `state "TAG1", before byte 12: -1 items of 1 bytes in the last 0`},
		{read(func(r *Reader) { r.Count(2) }, 2, 0, 0, 0, 0, 0, 0, 0, 7, 7, 7), `state "TAG1", before byte 12: 2 items of 2 bytes in the last 3`},
		{read(func(r *Reader) { r.Bool() }, minusOne...), `state "TAG1", before byte 12: neither yes nor no`},
		{read(func(r *Reader) { r.Finite() }, nan...), `state "TAG1", before byte 12: a number is not finite`},
		{read(func(r *Reader) { r.Finites(make([]float64, 1)) }, nan...), `state "TAG1", before byte 12: a number is not finite`},
		{read(func(r *Reader) { r.Check(false, "100%"); r.Fail("late") }), `state "TAG1", before byte 4: 100%`},
		{read(func(r *Reader) { r.Block(new(leaf)) }, 4, 0, 0, 0, 0, 0, 0, 0, 'L', 'E', 'A', 'F'), `in state "TAG1": state "LEAF", before byte 4: too short`},
		{read(func(r *Reader) { r.Part(3, new(leaf)) }, 1, 2, 3), `in state "TAG1": the state does not begin with "LEAF"`},
	} {
		if c.err == nil || c.err.Error() != c.want {
			t.Errorf("error %v, want %s", c.err, c.want)
		}
	}
}

// TestAfterError: numbers are 0, and slices and parts as they were.
func TestAfterError(t *testing.T) {
	r := NewReader(append([]byte("TAG1"), bytes.Repeat([]byte{1}, 100)...), "TAG1")
	r.Fail("broken")
	ints, floats, int32s, float32s, text, part := []int64{7}, []float64{7}, []int32{7}, []float32{7}, []byte{7}, &leaf{x: []int64{7}}
	r.Ints(ints)
	r.Floats(floats)
	r.Finites(floats)
	r.Int32s(int32s)
	r.Float32s(float32s)
	r.Bytes(text)
	r.Part(4, part)
	r.Block(part)
	if r.Byte() != 0 || r.Uint16() != 0 || r.Uint32() != 0 || r.Uint64() != 0 || r.Int() != 0 || r.Float() != 0 || r.Finite() != 0 || r.Bool() || r.Count(1) != 0 {
		t.Error("a number after an error")
	}
	if ints[0] != 7 || floats[0] != 7 || int32s[0] != 7 || float32s[0] != 7 || text[0] != 7 || part.x[0] != 7 {
		t.Error("an error changes what is read later")
	}
	if r.Len() != 100 || r.Err() == nil {
		t.Errorf("%d bytes left, %v", r.Len(), r.Err())
	}
}

func TestWriterKeepsError(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	w := NewWriter(nil, "TAG1")
	w.Block(&leaf{err: first})
	w.Part(&leaf{err: second})
	if _, err := w.End(); !errors.Is(err, first) || errors.Is(err, second) {
		t.Errorf("error %v", err)
	}
}

// TestNoCopies: with room, a state is written without any allocation but the writers.
func TestNoCopies(t *testing.T) {
	s := full()
	s.ints = make([]int64, 1<<16)
	buf := form(t, s)
	if a := allocated(func() { buf, _ = s.AppendBinary(buf[:0]) }); a > 1024 {
		t.Errorf("%d bytes of memory for a state that has room", a)
	}
	w := NewWriter(nil, "TAG1")
	w.Grow(8 << 16)
	if a := allocated(func() { w.Ints(s.ints) }); a > 1024 {
		t.Errorf("%d bytes of memory after Grow", a)
	}
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// FuzzReader reads any bytes by a program of any calls: no panic, no memory beyond the input's
// size, and after the first error nothing more.
func FuzzReader(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, form(f, full()))
	f.Add([]byte{15, 15, 15}, form(f, full()))
	f.Add([]byte{4, 9, 16}, append([]byte("SMPL"), bytes.Repeat([]byte{0xff}, 40)...))
	f.Fuzz(func(t *testing.T, program, b []byte) {
		r := NewReader(b, "SMPL")
		var s sample
		s.part = new(leaf)
		calls := []func(){
			func() { s.b8 = r.Byte() }, func() { s.u16 = r.Uint16() }, func() { s.u32 = r.Uint32() }, func() { s.u64 = r.Uint64() },
			func() { s.i = r.Int() }, func() { s.f = r.Float() }, func() { s.f = r.Finite() }, func() { s.yes = r.Bool() },
			func() { s.ints = make([]int64, r.Count(8)); r.Ints(s.ints) },
			func() { s.floats = make([]float64, r.Count(8)); r.Floats(s.floats) },
			func() { s.finites = make([]float64, r.Count(8)); r.Finites(s.finites) },
			func() { s.int32s = make([]int32, r.Count(4)); r.Int32s(s.int32s) },
			func() { s.float32s = make([]float32, r.Count(4)); r.Float32s(s.float32s) },
			func() { s.bytes = make([]byte, r.Count(1)); r.Bytes(s.bytes) },
			func() { r.Part(int(r.Byte()), s.part) },
			func() { r.Block(s.part) },
			func() { _ = s.UnmarshalBinary(b); s.part = new(leaf) },
		}
		for _, c := range program {
			if r.Err() != nil {
				break
			}
			left := r.Len()
			// The fuzzer's own goroutines may take some kilobytes meanwhile; a count that is
			// believed takes far more.
			if a := allocated(calls[int(c)%len(calls)]); a > uint64(1<<16+4*len(b)) {
				t.Fatalf("call %d asks for %d bytes of memory for a state of %d", c, a, len(b))
			}
			if r.Len() > left {
				t.Fatal("bytes come back")
			}
		}
		for _, x := range s.finites {
			if r.Err() == nil && (math.IsNaN(x) || math.IsInf(x, 0)) {
				t.Fatal("Finites let a number pass")
			}
		}
		if left := r.Len(); (r.Done() == nil) != (r.Err() == nil) || r.Err() == nil && left != 0 {
			t.Fatalf("Done with %d bytes left: %v", left, r.Err())
		}
		// What is accepted comes back as it was.
		if s.UnmarshalBinary(b) == nil {
			if back := form(t, &s); !bytes.Equal(back, b) {
				t.Errorf("%q comes back as %q", b, back)
			}
		}
	})
}

// BenchmarkRoundTrip writes and reads 100 MB, half in one matrix and half in a thousand parts.
func BenchmarkRoundTrip(b *testing.B) {
	const words = 100 << 20 / 8
	matrix := slices.Repeat([]float64{1.5}, words/2)
	parts := make([]leaf, 1000)
	for k := range parts {
		parts[k].x = make([]int64, words/2/len(parts))
	}
	var buf []byte
	write := func() {
		w := NewWriter(buf[:0], "BNCH")
		w.Floats(matrix)
		for k := range parts {
			w.Block(&parts[k])
		}
		buf, _ = w.End()
	}
	read := func() {
		r := NewReader(buf, "BNCH")
		r.Finites(matrix)
		for k := range parts {
			r.Block(&parts[k])
		}
		if err := r.Done(); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			write()
		}
		b.SetBytes(int64(len(buf)))
		b.ReportAllocs()
	})
	write()
	b.Run("read", func(b *testing.B) {
		b.SetBytes(int64(len(buf)))
		b.ReportAllocs()
		for b.Loop() {
			read()
		}
	})
	b.Run("copy", func(b *testing.B) { // what memory alone costs
		b.SetBytes(int64(len(buf)))
		to := make([]byte, len(buf))
		for b.Loop() {
			copy(to, buf)
		}
	})
}
