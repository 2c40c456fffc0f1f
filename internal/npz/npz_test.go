package npz

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// samples has every type and the shapes that are special in numpy's format.
var samples = []Array{
	{"f8", []int{2, 3}, []float64{0, -1.5, math.Pi, math.Inf(1), 5e-324, -0.1}},
	{"f4", []int{3}, []float32{1, -2.5, 3e38}},
	{"i8", []int{2, 1, 2}, []int64{math.MinInt64, -1, 0, math.MaxInt64}},
	{"i4", []int{2}, []int32{math.MinInt32, 7}},
	{"u8", nil, uint64(math.MaxUint64)},
	{"u1", []int{3}, []uint8{0, 127, 255}},
	{"b1", []int{2, 2}, []bool{true, false, false, true}},
	{"empty", []int{0}, []float64{}},
	{"empty3", []int{4, 0, 2}, []int64{}},
	{"scalar", nil, 2.5},
	{"int", nil, 3},
	{"one", nil, []float64{-1}},
	{"units", nil, "\u00b5s and \U0001d70f"},
	{"blank", nil, ""},
	{"labels", []int{2, 2}, []string{"W", "", "bias", "\u03c4"}},
	{"group/name with space", []int{1}, []float64{1}},
}

func write(t testing.TB, arrays ...Array) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, a := range arrays {
		if err := w.Add(a); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(t testing.TB, b []byte) *Reader {
	t.Helper()
	r, err := NewReader("x.npz", bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRoundTrip(t *testing.T) {
	b := write(t, samples...)
	if !bytes.Equal(b, write(t, samples...)) {
		t.Error("two writings differ")
	}
	r := read(t, b)
	for k, a := range samples {
		if r.Names()[k] != a.Name || !r.Has(a.Name) {
			t.Errorf("name %d is %q, want %q", k, r.Names()[k], a.Name)
		}
		var got, want any
		var shape []int
		var err error
		switch x := a.Data.(type) {
		case []float64, []float32, float64:
			got, shape, err = r.Float64s(a.Name)
			want = convert[float64](x)
		case string, []string:
			got, shape, err = r.Strings(a.Name)
			want = convert[string](x)
		case uint64:
			var u uint64
			u, err = r.Uint64(a.Name)
			got, want = u, x
		default:
			got, shape, err = r.Int64s(a.Name)
			want = convert[int64](x)
		}
		if err != nil || !reflect.DeepEqual(got, want) || !slices.Equal(shape, a.Shape) {
			t.Errorf("%s: %v %v %v, want %v %v", a.Name, got, shape, err, want, a.Shape)
		}
	}
	if s, err := r.String("units"); err != nil || s != samples[12].Data {
		t.Errorf("String: %q, %v", s, err)
	}
}

// convert turns any slice or single value into a slice of T.
func convert[T any](x any) []T {
	v := reflect.ValueOf(x)
	if v.Kind() != reflect.Slice {
		v = reflect.Append(reflect.MakeSlice(reflect.SliceOf(v.Type()), 0, 1), v)
	}
	out := make([]T, v.Len())
	for i := range out {
		e := v.Index(i)
		if e.Kind() == reflect.Bool {
			n := 0
			if e.Bool() {
				n = 1
			}
			e = reflect.ValueOf(n)
		}
		out[i] = e.Convert(reflect.TypeFor[T]()).Interface().(T)
	}
	return out
}

// TestGolden pins the bytes of an archive: the same content must give the same file, today and
// later.
func TestGolden(t *testing.T) {
	const length, sum = 4353, 0xd88c98d4
	b := write(t, samples...)
	if len(b) != length || crc32.ChecksumIEEE(b) != sum {
		t.Errorf("%d bytes with sum %#x, want %d with %#x", len(b), crc32.ChecksumIEEE(b), length, sum)
	}
}

// TestHeader compares a header with one that numpy 1.24 wrote for np.save of np.zeros((3, 4)).
func TestHeader(t *testing.T) {
	want := "\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }" + strings.Repeat(" ", 58) + "\n"
	if got := header(Float64, []int{3, 4}); string(got) != want {
		t.Errorf("%q, want %q", got, want)
	}
	for d := range maxDims + 1 {
		shape := slices.Repeat([]int{math.MaxInt32}, d)
		if h := header("<U1000000", shape); len(h)%64 != 0 || h[8] != byte(len(h)-10) || h[9] != byte((len(h)-10)>>8) {
			t.Errorf("%d dimensions: header of %d bytes", d, len(h))
		}
	}
}

// npy makes a .npy file by hand.
func npy(head string, data ...byte) []byte {
	b := append([]byte(magic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(head)))
	return append(append(b, head...), data...)
}

// TestForeign reads what numpy writes and we do not: other sizes, byte order, column-major order,
// compression, versions 2 and 3.
func TestForeign(t *testing.T) {
	head := func(descr, order, shape string) string {
		return fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s}\n", descr, order, shape)
	}
	ints := []struct {
		file  []byte
		want  []int64
		shape []int
	}{
		{npy(head(">i2", "False", "(2,)"), 0xff, 0xfe, 1, 0), []int64{-2, 256}, []int{2}},
		{npy(head("|i1", "False", "(2,)"), 0xff, 5), []int64{-1, 5}, []int{2}},
		{npy(head("<u4", "False", "()"), 0xff, 0xff, 0xff, 0xff), []int64{math.MaxUint32}, nil},
		{npy(head("|b1", "False", "(3,)"), 0, 1, 2), []int64{0, 1, 1}, []int{3}},
		{npy(head("|u1", "True", "(2, 3)"), 1, 2, 3, 4, 5, 6), []int64{1, 3, 5, 2, 4, 6}, []int{2, 3}},
		{npy(head("|u1", "True", "(2, 1, 2)"), 1, 2, 3, 4), []int64{1, 3, 2, 4}, []int{2, 1, 2}},
		{npy(head("|u1", "True", "(3L,)"), 1, 2, 3), []int64{1, 2, 3}, []int{3}},
		{append(append([]byte(magic), 3, 0, 54, 0, 0, 0), []byte("{\"shape\": (1, ), 'fortran_order':False,'descr':'|u1'}\n\x07")...), []int64{7}, []int{1}},
	}
	for _, c := range ints {
		x, shape, err := read(t, c.file).Int64s("x.npz")
		if err != nil || !slices.Equal(x, c.want) || !slices.Equal(shape, c.shape) {
			t.Errorf("%q: %v %v %v", c.file[6:], x, shape, err)
		}
	}
	if x, err := read(t, npy(head(">U2", "False", "()"), 0, 0, 0, 'h', 0, 0, 0, 'i')).String("x.npz"); err != nil || x != "hi" {
		t.Errorf("big-endian string: %q, %v", x, err)
	}

	var b bytes.Buffer
	z := zip.NewWriter(&b)
	e, _ := z.Create("readme.txt")
	_, _ = e.Write([]byte("no array"))
	e, _ = z.Create("x.npy") // deflate
	if err := writeNPY(e, Array{Shape: []int{300, 300}, Data: make([]float64, 90000)}); err != nil {
		t.Fatal(err)
	}
	_ = z.Close()
	r := read(t, b.Bytes())
	if x, _, err := r.Float64s("x"); err != nil || len(x) != 90000 || len(r.Names()) != 1 {
		t.Errorf("compressed: %d elements of %q, %v", len(x), r.Names(), err)
	}
}

// writeNPY writes an array as a .npy file.
func writeNPY(w io.Writer, a Array) error {
	src, err := encode(a)
	if err != nil {
		return err
	}
	return src.write(w)
}

// TestTail: the end of a list is that of the whole list, whatever the type of its elements.
func TestTail(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	long, short := make([]int64, 70000), make([]int32, 5)
	for k := range long {
		long[k] = int64(k) << 33
	}
	for k := range short {
		short[k] = int32(-k)
	}
	w.Add(Array{Name: "long", Shape: []int{70000}, Data: long})
	w.Add(Array{Name: "short", Shape: []int{5}, Data: short})
	w.Add(Array{Name: "square", Shape: []int{1, 5}, Data: short})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := read(t, b.Bytes())
	for _, n := range []int{0, 1, 66000, 70000, 70001} {
		x, total, err := r.Tail("long", n)
		want := long
		if n > 0 {
			want = long[max(0, len(long)-n):]
		}
		if err != nil || total != 70000 || !slices.Equal(x, want) {
			t.Errorf("last %d: %d of %d, %v", n, len(x), total, err)
		}
	}
	if x, total, err := r.Tail("short", 2); err != nil || total != 5 || !slices.Equal(x, []int64{-3, -4}) {
		t.Errorf("%v of %d, %v", x, total, err)
	}
	if _, _, err := r.Tail("square", 2); err == nil {
		t.Error("the tail of a matrix")
	}
}

// TestNumbers: pieces of a list are those of the whole list, whatever the type of its elements.
func TestNumbers(t *testing.T) {
	const n = 1000
	for _, dtype := range []string{"|i1", "|u1", "<i2", ">i2", "<u4", ">u4", "<i4", ">i4", "<i8", ">i8", "<f4", ">f4", "<f8", ">f8"} {
		size, _ := DType(dtype).Size()
		data := make([]byte, n*size)
		for k := range data {
			data[k] = byte(k * k / 7)
		}
		file := npy(fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%d,)}", dtype, n), data...)
		r := read(t, file)
		name := r.Names()[0]
		z, err := r.Numbers(name)
		if err != nil {
			t.Fatal(err)
		}
		if z.Len != n || int64(z.Size) != size || z.Float != (dtype[1] == 'f') {
			t.Errorf("%s: %+v", dtype, z)
		}
		ints, floats := make([]int64, n), make([]float64, n)
		for k, m := 0, 1; k < n; k, m = k+m, m+13 {
			m = min(m, n-k)
			if z.Float || size < 8 {
				err = z.Float64s(floats[k : k+m])
			} else {
				err = z.Int64s(ints[k : k+m])
			}
			if err != nil {
				t.Fatalf("%s: %v", dtype, err)
			}
		}
		same := func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }
		if z.Float || size < 8 {
			if want, _, err := r.Float64s(name); err != nil || !slices.EqualFunc(floats, want, same) {
				t.Errorf("%s: other numbers than the whole list, %v", dtype, err)
			}
		} else if want, _, err := r.Int64s(name); err != nil || !slices.Equal(ints, want) {
			t.Errorf("%s: other integers than the whole list, %v", dtype, err)
		}
		var f *FormatError
		if err := z.Float64s(floats[:1]); !errors.As(err, &f) {
			t.Errorf("%s: beyond the end: %v", dtype, err)
		}
		if err := z.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, a := range []Array{{"square", []int{1, 2}, []int64{1, 2}}, {"one", nil, int64(3)}, {"truth", []int{1}, []bool{true}}, {"text", []int{1}, []string{"1"}}} {
		if _, err := read(t, write(t, a)).Numbers(a.Name); err == nil || !strings.Contains(err.Error(), "must be a list of numbers") {
			t.Errorf("%s: %v", a.Name, err)
		}
	}
	file := write(t, Array{"x", []int{3}, []int64{1 << 40, 2, 3}})
	file[bytes.Index(file, []byte{2, 0, 0, 0, 0, 0, 0, 0, 3})]++
	z, err := read(t, file).Numbers("x")
	if err != nil {
		t.Fatal(err)
	}
	if err := z.Int64s(make([]int64, 3)); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a changed byte: %v", err)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "w.npy")
	var b bytes.Buffer
	if err := writeNPY(&b, Array{Data: []float64{4}}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if x, _, err := r.Float64s("w"); err != nil || x[0] != 4 {
		t.Errorf("%v, %v", x, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	var f *FormatError
	if _, err := Open(dir); !errors.As(err, &f) {
		t.Errorf("a folder: %v", err)
	}
	if err := os.WriteFile(path, []byte("neither"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.As(err, &f) || f.Path != path {
		t.Errorf("text: %v", err)
	}
}

func TestStream(t *testing.T) {
	var want bytes.Buffer
	times := make([]int64, 20000)
	for i := range times {
		times[i] = int64(i * i)
	}
	_ = binary.Write(&want, binary.LittleEndian, times)
	var b bytes.Buffer
	w := NewWriter(&b)
	if err := w.AddStream("time", Int64, []int{len(times)}, iotest.HalfReader(bytes.NewReader(want.Bytes()))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), write(t, Array{"time", []int{len(times)}, times})) {
		t.Error("a stream gives other bytes than a slice")
	}
	d, shape, rc, err := read(t, b.Bytes()).Stream("time")
	if err != nil || d != Int64 || !slices.Equal(shape, []int{len(times)}) {
		t.Fatal(d, shape, err)
	}
	got, err := io.ReadAll(rc)
	if err != nil || !bytes.Equal(got, want.Bytes()) || rc.Close() != nil {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	for n := range 4 { // 2 elements of 1 byte are wanted
		w := NewWriter(io.Discard)
		err := w.AddStream("x", Uint8, []int{2}, bytes.NewReader(make([]byte, n)))
		if (err == nil) != (n == 2) || (w.Close() == nil) != (n == 2) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	broken := errors.New("broken")
	if err := NewWriter(io.Discard).AddStream("x", Uint8, []int{2}, iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("broken stream: %v", err)
	}
	if _, _, _, err := read(t, npy("{'descr':'|u1','fortran_order':True,'shape':(1,1)}", 0)).Stream("x.npz"); err == nil {
		t.Error("column-major stream accepted")
	}
}

func TestWriterErrors(t *testing.T) {
	var f *FormatError
	for _, a := range []Array{
		{"", nil, 1.},
		{"a.npy", nil, 1.},
		{"/a", nil, 1.},
		{"a\\b", nil, 1.},
		{"a\n", nil, 1.},
		{"\xff", nil, 1.},
		{"a", []int{2}, []float64{1}},
		{"a", []int{-1}, []float64{1}},
		{"a", nil, []float64{1, 2}},
		{"a", []int{1}, 1.},
		{"a", nil, complex(1, 1)},
		{"a", nil, "zero\x00"},
		{"a", nil, "\xff"},
		{"a", []int{1 << 62, 1 << 62}, []float64{}},
		{"a", slices.Repeat([]int{1}, 33), []float64{1}},
	} {
		w := NewWriter(io.Discard)
		if err := w.Add(a); !errors.As(err, &f) || w.Close() == nil || w.Add(samples[0]) == nil {
			t.Errorf("%q %v %v: %v", a.Name, a.Shape, a.Data, err)
		}
	}
	for _, d := range []DType{">f8", "<f2", "", "<i8 ", "O"} {
		if err := NewWriter(io.Discard).AddStream("x", d, nil, strings.NewReader("")); !errors.As(err, &f) {
			t.Errorf("type %q: %v", d, err)
		}
	}
	w := NewWriter(io.Discard)
	_ = w.Add(samples[0])
	if err := w.Add(samples[0]); !errors.As(err, &f) {
		t.Errorf("the same name: %v", err)
	}
	w = NewWriter(io.Discard)
	_ = w.Close()
	if w.Add(samples[0]) == nil {
		t.Error("Add after Close")
	}
	// A writer that fails, at any place, is told of at the latest by Close.
	b := write(t, samples...)
	for n := 0; n < len(b); n += 7 {
		w := NewWriter(&limited{n})
		for _, a := range samples {
			_ = w.Add(a)
		}
		if err := w.Close(); !errors.Is(err, errFull) {
			t.Fatalf("full after %d bytes: %v", n, err)
		}
	}
}

var errFull = errors.New("full")

type limited struct{ left int }

func (l *limited) Write(p []byte) (int, error) {
	if len(p) > l.left {
		return 0, errFull
	}
	l.left -= len(p)
	return len(p), nil
}

// TestHostile reads headers that lie; each is an error, and costs little memory.
func TestHostile(t *testing.T) {
	for _, c := range []struct{ head, want string }{
		{"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}", "has 8 bytes of data"},
		{"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296)}", "too large"},
		{"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}", "expected a dimension"},
		{"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}", "expected a dimension"},
		{"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 72057594037927937)}", "too large"},
		{"{'descr': '<f8', 'fortran_order': False, 'shape': (" + strings.Repeat("1,", 33) + ")}", "dimensions"},
		{"{'descr': '<U0', 'fortran_order': False, 'shape': (72057594037927936,)}", "has 8 bytes"},
		{"{'descr': '<U999999999999', 'fortran_order': False, 'shape': ()}", "not supported"},
		{"{'descr': '|O', 'fortran_order': False, 'shape': ()}", "not supported"},
		{"{'descr': '<c16', 'fortran_order': False, 'shape': ()}", "not supported"},
		{"{'descr': '=f8', 'fortran_order': False, 'shape': ()}", "not supported"},
		{"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': ()}", "records"},
		{"{'descr': '<f8', 'fortran_order': 0, 'shape': ()}", "True or False"},
		{"{'descr': '<f8', 'fortran_order': False}", "lacks"},
		{"{'descr': '<f8', 'descr': '<f8', 'shape': ()}", "twice"},
		{"{'descr': '<f8', 'x': 1}", "unknown key"},
		{"{'descr': '<f8", "without end"},
		{"{'descr' '<f8'}", "expected ':'"},
		{"{'descr': '<f8', 'fortran_order': False, 'shape': ()} ()", "follows"},
		{"", "expected '{'"},
		{"{", "expected a string"},
		{strings.Repeat("(", 65535), "expected '{'"},
	} {
		r := read(t, npy(c.head, make([]byte, 8)...))
		var f *FormatError
		if _, _, err := r.Float64s("x.npz"); !errors.As(err, &f) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.80q: %v, want %q", c.head, err, c.want)
		}
	}
	for _, c := range []struct {
		file []byte
		want string
	}{
		{[]byte(magic), "format"},
		{append([]byte(magic), 9, 0, 0, 0), "version 9.0"},
		{append([]byte(magic), 2, 0, 0, 0), "cut off"},
		{append([]byte(magic), 2, 0, 0xff, 0xff, 0xff, 0xff), "too long"},
		{append([]byte(magic), 1, 0, 0xff, 0xff), "cut off"},
	} {
		if _, _, err := read(t, c.file).Float64s("x.npz"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.file, err, c.want)
		}
	}
	// No bytes, but many elements.
	if _, _, err := read(t, npy("{'descr': '<U0', 'fortran_order': False, 'shape': (72057594037927936,)}")).Strings("x.npz"); err == nil {
		t.Error("2^56 empty strings accepted")
	}
}

// TestValues asks for what an array does not have.
func TestValues(t *testing.T) {
	r := read(t, write(t, samples...))
	var f *FormatError
	for name, err := range map[string]error{
		"absent":         second(r.Float64s("absent")),
		"text as number": second(r.Float64s("units")),
		"float as int":   second(r.Int64s("f8")),
		"number as text": second(r.Strings("f8")),
		"2^64-1":         second(r.Int64s("u8")),
		"2^63-1":         second(r.Float64s("i8")),
	} {
		if !errors.As(err, &f) || f.Path != "x.npz" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.Uint64("i4"); err == nil {
		t.Error("negative number accepted")
	}
	if _, err := r.Uint64("u1"); err == nil {
		t.Error("several numbers accepted")
	}
	if _, err := r.String("labels"); err == nil {
		t.Error("several strings accepted")
	}
}

func second[T any](_ []T, _ []int, err error) error { return err }

// TestDamage cuts an archive at every length and flips bits in it: never a panic, and no wrong data
// where the checksum covers them.
func TestDamage(t *testing.T) {
	want := []float64{1, 2, 3}
	b := write(t, Array{"x", []int{3}, want}, Array{"units", nil, "ms"})
	for n := range b {
		if _, err := NewReader("", bytes.NewReader(b[:n]), int64(n)); err == nil {
			t.Errorf("%d of %d bytes accepted", n, len(b))
		}
	}
	for k := range b {
		c := slices.Clone(b)
		c[k] ^= 1 << (k % 8)
		r, err := NewReader("", bytes.NewReader(c), int64(len(c)))
		if err != nil || !r.Has("x") {
			continue
		}
		if x, _, err := r.Float64s("x"); err == nil && !slices.Equal(x, want) {
			t.Errorf("byte %d: read %v", k, x)
		}
	}
}

// TestWords: a list of strings is read piece by piece, as Strings reads it; a byte that changed is
// found.
func TestWords(t *testing.T) {
	want := []string{"E1", "", "\u03c4_10", "E1", "x"}
	b := write(t, Array{"w", []int{5}, want}, Array{"n", []int{1}, []float64{1}}, Array{"square", []int{1, 1}, []string{"x"}})
	r := read(t, b)
	w, err := r.Words("w")
	if err != nil {
		t.Fatal(err)
	}
	got := make([]string, 5)
	if err := errors.Join(w.Strings(got[:2]), w.Strings(got[2:]), w.Close()); err != nil || !slices.Equal(got, want) || w.Len != 5 || w.Size != 16 {
		t.Errorf("%q, %v", got, err)
	}
	if err := w.Strings(got[:1]); err == nil {
		t.Error("a sixth string of five")
	}
	for _, name := range []string{"n", "square", "none"} {
		if _, err := r.Words(name); err == nil {
			t.Errorf("%s is a list of strings", name)
		}
	}
	if words, err := r.HasWords("n"); words || err != nil {
		t.Errorf("numbers are words, %v", err)
	}
	b[bytes.Index(b, []byte("E\x00\x00\x001"))]++
	if w, err = read(t, b).Words("w"); err != nil {
		t.Fatal(err)
	}
	if err := w.Strings(got); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a changed byte: %v", err)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(write(f, samples...))
	f.Add(write(f, Array{"w", []int{3}, []string{"E1", "", "\u03c4"}}))
	f.Add(write(f, samples[0]))
	f.Add(npy("{'descr': '<f8', 'fortran_order': True, 'shape': (1, 1)}", make([]byte, 8)...))
	f.Add(npy("{'descr': '>U1', 'fortran_order': False, 'shape': ()}", 0, 0, 0, 65))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := NewReader("f", bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for _, n := range r.Names() {
			if x, shape, err := r.Float64s(n); err == nil {
				if m, err := elements(shape); err != nil || m != int64(len(x)) {
					t.Errorf("%d elements of shape %v", len(x), shape)
				}
			}
			_, _, _ = r.Int64s(n)
			_, _, _ = r.Strings(n)
			_, _ = r.Uint64(n)
			if _, _, rc, err := r.Stream(n); err == nil {
				_ = rc.Close()
			}
			if z, err := r.Numbers(n); err == nil {
				_ = z.Float64s(make([]float64, min(z.Len, 100)))
				_ = z.Close()
			}
			if z, err := r.Words(n); err == nil {
				if words, err := r.HasWords(n); !words || err != nil {
					t.Errorf("%q is a list of strings, and has none: %v", n, err)
				}
				if z.Size < 1<<16 {
					_ = z.Strings(make([]string, min(z.Len, 100)))
				}
				_ = z.Close()
			}
		}
	})
}

func FuzzHeader(f *testing.F) {
	f.Add("{'descr': '<f8', 'fortran_order': True, 'shape': (1, 1)}")
	f.Fuzz(func(t *testing.T, s string) {
		l, err := parseHeader(s)
		if err != nil || l.fortran || l.big {
			return
		}
		again, err := parseHeader(string(header(l.dtype(), l.shape)[10:]))
		if err != nil || !reflect.DeepEqual(l, again) {
			t.Errorf("%q: %+v, then %+v, %v", s, l, again, err)
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	x := make([]float64, 1<<17)
	b.SetBytes(8 << 17)
	for b.Loop() {
		w := NewWriter(io.Discard)
		_ = w.Add(Array{"x", []int{len(x)}, x})
		_ = w.Close()
	}
}

func BenchmarkRead(b *testing.B) {
	x := make([]float64, 1<<17)
	file := write(b, Array{"x", []int{len(x)}, x})
	b.SetBytes(8 << 17)
	for b.Loop() {
		if _, _, err := read(b, file).Float64s("x"); err != nil {
			b.Fatal(err)
		}
	}
}
