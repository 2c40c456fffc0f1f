package npz

import (
	"archive/zip"
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// Reader reads the arrays of a file. It may be used by several goroutines at a time.
type Reader struct {
	path  string
	size  int64
	names []string
	// the bytes of an entry, and how many there are
	open map[string]func() (io.ReadCloser, int64, error)
	file io.Closer
}

// Open opens a .npz archive, or a .npy file, which is then an archive of one array with the name of
// the file. The error is the operating system's or a *FormatError.
func Open(path string) (*Reader, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // a pipe would be waited for when it is opened
		return nil, &FormatError{Path: path, Reason: "not a file; something else of this name is in the way, move it away"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	var r *Reader
	if info, err = f.Stat(); err == nil {
		r, err = NewReader(path, f, info.Size())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.file = f
	return r, nil
}

// NewReader reads a file of size bytes from src; path is for error messages and for the name of the
// array in a .npy file.
func NewReader(path string, src io.ReaderAt, size int64) (*Reader, error) {
	r := &Reader{path: path, size: size, open: map[string]func() (io.ReadCloser, int64, error){}}
	start := make([]byte, len(magic))
	if n, _ := src.ReadAt(start, 0); n == len(magic) && string(start) == magic {
		name := strings.TrimSuffix(filepath.Base(path), ".npy")
		r.names = []string{name}
		r.open[name] = func() (io.ReadCloser, int64, error) {
			return io.NopCloser(io.NewSectionReader(src, 0, size)), size, nil
		}
		return r, nil
	}
	z, err := zip.NewReader(src, size)
	if err != nil {
		return nil, r.fault("", "not a numpy archive: "+err.Error())
	}
	for _, f := range z.File {
		name, isArray := strings.CutSuffix(f.Name, ".npy")
		if !isArray {
			continue
		}
		if r.open[name] != nil {
			return nil, r.fault(name, "stands in the archive twice")
		}
		r.names = append(r.names, name)
		r.open[name] = func() (io.ReadCloser, int64, error) {
			packed, full := f.CompressedSize64, f.UncompressedSize64
			// Deflate cannot expand more than 1032 times.
			if packed > uint64(size) || full > math.MaxInt64 || (f.Method == zip.Store && packed != full) || full/1032 > packed {
				return nil, 0, r.fault(name, fmt.Sprintf("claims %d bytes, %d of them in a file of %d", full, packed, size))
			}
			rc, err := f.Open()
			if err != nil {
				return nil, 0, r.fault(name, err.Error())
			}
			return rc, int64(full), nil
		}
	}
	return r, nil
}

func (r *Reader) fault(name, reason string) error {
	return &FormatError{Path: r.path, Name: name, Reason: reason}
}

// Close closes the file that Open opened.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// Names returns the names of the arrays in the order of the file.
func (r *Reader) Names() []string { return append([]string(nil), r.names...) }

// Has reports whether there is an array of this name.
func (r *Reader) Has(name string) bool { return r.open[name] != nil }

// Stream returns the type and shape of an array and a reader of its bytes, for arrays larger than
// memory. The reader gives the elements as they stand in the file: row-major, in the byte order of
// the type. It reports damage (checksum) at its end. It must be closed.
func (r *Reader) Stream(name string) (DType, []int, io.ReadCloser, error) {
	l, rc, err := r.begin(name)
	if err == nil && l.fortran && len(l.shape) > 1 {
		err = errors.Join(r.fault(name, "is stored column by column and cannot be streamed"), rc.Close())
	}
	if err != nil {
		return "", nil, nil, err
	}
	return l.dtype(), l.shape, rc, nil
}

// Shape returns the dimensions of an array without reading its elements.
func (r *Reader) Shape(name string) ([]int, error) {
	l, rc, err := r.begin(name)
	if err != nil {
		return nil, err
	}
	if err := rc.Close(); err != nil {
		return nil, r.fault(name, err.Error())
	}
	return l.shape, nil
}

// stream is a buffered reader together with what is to be closed.
type stream struct {
	io.Reader
	io.Closer
}

// begin reads the header of an array. The entry has exactly as many bytes as header and shape say.
func (r *Reader) begin(name string) (*layout, io.ReadCloser, error) {
	open := r.open[name]
	if open == nil {
		return nil, nil, r.fault(name, "is not in the file; it has "+r.listed())
	}
	rc, size, err := open()
	if err != nil {
		return nil, nil, err
	}
	in := bufio.NewReader(rc)
	l, n, err := readHeader(in)
	if err == nil && size-n != l.bytes() {
		err = fmt.Errorf("has %d bytes of data, but type %s and shape %v need %d", size-n, l.dtype(), l.shape, l.bytes())
	}
	if err != nil {
		return nil, nil, errors.Join(r.fault(name, err.Error()), rc.Close())
	}
	l.sure = size <= r.size
	return l, stream{in, rc}, nil
}

// listed names the arrays, at most ten of them.
func (r *Reader) listed() string {
	if len(r.names) == 0 {
		return "no arrays"
	}
	s := strings.Join(r.names[:min(10, len(r.names))], ", ")
	if len(r.names) > 10 {
		s += ", ..."
	}
	return s
}

// readHeader returns the layout and the length of the header.
func readHeader(in io.Reader) (*layout, int64, error) {
	start := make([]byte, 12)
	if _, err := io.ReadFull(in, start[:10]); err != nil || string(start[:6]) != magic {
		return nil, 0, errors.New("is not in numpy's format")
	}
	n, at := int64(binary.LittleEndian.Uint16(start[8:])), int64(10)
	switch start[6] {
	case 1:
	case 2, 3:
		if _, err := io.ReadFull(in, start[10:]); err != nil {
			return nil, 0, errors.New("header is cut off")
		}
		n, at = int64(binary.LittleEndian.Uint32(start[8:])), 12
	default:
		return nil, 0, fmt.Errorf("version %d.%d of numpy's format is not known", start[6], start[7])
	}
	if n > maxHeader {
		return nil, 0, fmt.Errorf("header of %d bytes is too long", n)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(in, text); err != nil {
		return nil, 0, errors.New("header is cut off")
	}
	l, err := parseHeader(string(text))
	return l, at + n, err
}

// elementsOf reads an array into a slice, in row-major order. fill decodes len(x) elements.
func elementsOf[T any](r *Reader, name string, kinds string, fill func(l *layout, x []T, b []byte) error) ([]T, []int, error) {
	l, rc, err := r.begin(name)
	if err != nil {
		return nil, nil, err
	}
	x, err := decode(l, rc, kinds, fill)
	if err = errors.Join(err, rc.Close()); err != nil {
		return nil, nil, r.fault(name, err.Error())
	}
	return x, l.shape, nil
}

// The kinds of elements that readers accept, and how to name them.
const (
	anyNumber  = "fiub"
	anyInteger = "iub"
	noBool     = "iu"
	text       = "U"
)

var wanted = map[string]string{anyNumber: "numbers", anyInteger: "integers", noBool: "integers", text: "strings"}

func decode[T any](l *layout, in io.Reader, kinds string, fill func(l *layout, x []T, b []byte) error) ([]T, error) {
	if strings.IndexByte(kinds, l.kind) < 0 {
		return nil, fmt.Errorf("holds elements of type %s, not %s", l.dtype(), wanted[kinds])
	}
	if l.size == 0 && l.count > 1<<16 { // a shape can claim any number of them in no bytes
		return nil, errors.New("too many empty strings")
	}
	// A compressed entry may claim more than it holds: then the slice grows with what has been
	// read.
	capacity := l.count
	if !l.sure {
		capacity = min(capacity, 1<<16)
	}
	x := make([]T, 0, capacity)
	per := max(1, 1<<16/max(1, l.size))
	var buf []byte
	for left := l.count; left > 0; {
		k := int(min(int64(per), left))
		var err error
		if buf, err = readN(in, buf[:0], k*l.size); err != nil {
			return nil, err
		}
		at := len(x)
		x = slices.Grow(x, k)[:at+k]
		if err := fill(l, x[at:], buf); err != nil {
			return nil, err
		}
		left -= int64(k)
	}
	if err := atEnd(in); err != nil {
		return nil, err
	}
	if l.fortran && len(l.shape) > 1 {
		x = rowMajor(x, l.shape)
	}
	return x, nil
}

// atEnd reports damage at the end of an entry, which is where its checksum is compared.
func atEnd(in io.Reader) error {
	if _, err := io.ReadFull(in, make([]byte, 1)); err != io.EOF {
		return fmt.Errorf("is damaged: %v", err)
	}
	return nil
}

// readN appends n bytes to buf, asking for memory as they come.
func readN(in io.Reader, buf []byte, n int) ([]byte, error) {
	for n > 0 {
		k := min(n, 1<<16)
		at := len(buf)
		buf = append(buf, make([]byte, k)...)
		if _, err := io.ReadFull(in, buf[at:]); err != nil {
			return nil, fmt.Errorf("is damaged or cut off: %w", err)
		}
		n -= k
	}
	return buf, nil
}

// rowMajor reorders elements whose first dimension runs fastest.
func rowMajor[T any](x []T, shape []int) []T {
	out := make([]T, len(x))
	stride := make([]int, len(shape)) // in x
	s := 1
	for d, n := range shape {
		stride[d] = s
		s *= n
	}
	index := make([]int, len(shape))
	at := 0
	for i := range out {
		out[i] = x[at]
		for d := len(shape) - 1; d >= 0; d-- {
			index[d]++
			at += stride[d]
			if index[d] < shape[d] {
				break
			}
			at -= shape[d] * stride[d]
			index[d] = 0
		}
	}
	return out
}

// unsigned returns the bits of a number.
func (l *layout) unsigned(b []byte) uint64 {
	var order binary.ByteOrder = binary.LittleEndian
	if l.big {
		order = binary.BigEndian
	}
	switch l.size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(order.Uint16(b))
	case 4:
		return uint64(order.Uint32(b))
	default:
		return order.Uint64(b)
	}
}

// signed returns the value of an integer or truth value.
func (l *layout) signed(b []byte) (int64, error) {
	u := l.unsigned(b)
	switch l.kind {
	case 'b':
		return int64(min(u, 1)), nil
	case 'i':
		shift := 64 - 8*l.size
		return int64(u<<shift) >> shift, nil
	}
	if u > math.MaxInt64 {
		return 0, fmt.Errorf("%d does not fit a 64-bit signed integer", u)
	}
	return int64(u), nil
}

// each decodes elements one by one.
func each[T any](get func(l *layout, b []byte) (T, error)) func(l *layout, x []T, b []byte) error {
	return func(l *layout, x []T, b []byte) (err error) {
		for i := range x {
			if x[i], err = get(l, b[i*l.size:(i+1)*l.size]); err != nil {
				return err
			}
		}
		return nil
	}
}

// int64s decodes integers or truth values, the most frequent types without a branch for each.
func (l *layout) int64s(x []int64, b []byte) error {
	switch {
	case l.kind == 'i' && l.size == 8 && !l.big:
		for i := range x {
			x[i] = int64(binary.LittleEndian.Uint64(b[8*i:]))
		}
	case l.kind == 'i' && l.size == 4 && !l.big:
		for i := range x {
			x[i] = int64(int32(binary.LittleEndian.Uint32(b[4*i:])))
		}
	default:
		return each((*layout).signed)(l, x, b)
	}
	return nil
}

// float64s decodes numbers.
func (l *layout) float64s(x []float64, b []byte) error {
	switch {
	case l.kind == 'f' && l.size == 8 && !l.big:
		for i := range x {
			x[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
		return nil
	case l.kind == 'f' && l.size == 8:
		for i := range x {
			x[i] = math.Float64frombits(binary.BigEndian.Uint64(b[8*i:]))
		}
		return nil
	case l.kind == 'f':
		for i := range x {
			x[i] = float64(math.Float32frombits(uint32(l.unsigned(b[4*i:]))))
		}
		return nil
	}
	return each(func(l *layout, b []byte) (float64, error) {
		v, err := l.signed(b)
		if err == nil && (v > 1<<53 || v < -1<<53) {
			err = fmt.Errorf("%d does not fit a float64", v)
		}
		return float64(v), err
	})(l, x, b)
}

// Float64s returns an array of numbers, in row-major order, and its shape (empty for a single
// value). Integers that float64 cannot hold are errors.
func (r *Reader) Float64s(name string) ([]float64, []int, error) {
	return elementsOf(r, name, anyNumber, (*layout).float64s)
}

// Int64s returns an array of integers or truth values, in row-major order, and its shape.
func (r *Reader) Int64s(name string) ([]int64, []int, error) {
	return elementsOf(r, name, anyInteger, (*layout).int64s)
}

// Numbers is a list of numbers that is read piece by piece, for lists larger than memory. It must
// be closed.
type Numbers struct {
	list
	Float bool // of floating-point type; else integers
}

// Words is a list of unicode strings that is read piece by piece. It must be closed.
type Words struct{ list }

// list is a list that is read piece by piece.
type list struct {
	Name string
	Len  int // of the whole list
	Size int // bytes of an element in the file

	r    *Reader
	l    *layout
	in   io.ReadCloser
	left int
	buf  []byte
}

// Numbers opens a list of numbers.
func (r *Reader) Numbers(name string) (*Numbers, error) {
	l, err := r.list(name, "fiu", "numbers")
	if err != nil {
		return nil, err
	}
	return &Numbers{*l, l.l.kind == 'f'}, nil
}

// Words opens a list of strings.
func (r *Reader) Words(name string) (*Words, error) {
	l, err := r.list(name, text, wanted[text])
	if err != nil {
		return nil, err
	}
	return &Words{*l}, nil
}

// HasWords reports whether an array holds strings.
func (r *Reader) HasWords(name string) (bool, error) {
	l, in, err := r.begin(name)
	if err != nil {
		return false, err
	}
	return l.kind == 'U', in.Close()
}

// list opens a list of elements of some kinds, called what.
func (r *Reader) list(name, kinds, what string) (*list, error) {
	l, in, err := r.begin(name)
	if err != nil {
		return nil, err
	}
	if strings.IndexByte(kinds, l.kind) < 0 || len(l.shape) != 1 {
		reason := fmt.Sprintf("has type %s and shape %v, must be a list of %s", l.dtype(), l.shape, what)
		return nil, errors.Join(r.fault(name, reason), in.Close())
	}
	return &list{Name: name, Len: l.shape[0], Size: l.size, r: r, l: l, in: in, left: l.shape[0]}, nil
}

// Close ends reading.
func (n *list) Close() error { return n.in.Close() }

// Int64s reads the next len(x) integers; no more may be asked for than there are. The error is a
// *FormatError, of damage (checksum) with the last element at the latest. It panics if the list is
// of floating-point type.
func (n *Numbers) Int64s(x []int64) error {
	if n.Float {
		panic("npz: integers of a list of floating-point type")
	}
	return next(&n.list, x, (*layout).int64s)
}

// Float64s reads the next len(x) numbers, as Int64s does. Integers that float64 cannot hold are
// errors.
func (n *Numbers) Float64s(x []float64) error { return next(&n.list, x, (*layout).float64s) }

// Strings reads the next len(x) strings, as Int64s does.
func (w *Words) Strings(x []string) error { return next(&w.list, x, each((*layout).word)) }

// next decodes the next len(x) elements.
func next[T any](n *list, x []T, fill func(l *layout, x []T, b []byte) error) error {
	if len(x) > n.left {
		return n.r.fault(n.Name, fmt.Sprintf("has no further %d of %d elements", len(x), n.Len))
	}
	if need := len(x) * n.Size; need > len(n.buf) {
		n.buf = make([]byte, need)
	}
	b := n.buf[:len(x)*n.Size]
	_, err := io.ReadFull(n.in, b)
	if err != nil {
		err = fmt.Errorf("is damaged or cut off: %w", err)
	} else {
		err = fill(n.l, x, b)
	}
	if n.left -= len(x); err == nil && n.left == 0 {
		err = atEnd(n.in)
	}
	if err != nil {
		return n.r.fault(n.Name, err.Error())
	}
	return nil
}

// Tail returns the last n integers of a list (all of them if n is 0), in memory for these alone,
// and the length of the whole list.
func (r *Reader) Tail(name string, n int) (x []int64, total int, err error) {
	l, in, err := r.begin(name)
	if err != nil {
		return nil, 0, err
	}
	defer in.Close()
	if len(l.shape) != 1 {
		return nil, 0, r.fault(name, "is no list")
	}
	total = l.shape[0]
	if skip := l.count - int64(n); n > 0 && skip > 0 {
		if _, err := io.CopyN(io.Discard, in, skip*int64(l.size)); err != nil {
			return nil, 0, r.fault(name, fmt.Sprintf("is damaged or cut off: %v", err))
		}
		l.count = int64(n)
	}
	if x, err = decode(l, in, anyInteger, (*layout).int64s); err != nil {
		return nil, 0, r.fault(name, err.Error())
	}
	return x, total, nil
}

// Uint64 returns a single integer that is not negative; a seed is one.
func (r *Reader) Uint64(name string) (uint64, error) {
	x, _, err := elementsOf(r, name, noBool, each(func(l *layout, b []byte) (uint64, error) {
		if l.kind == 'u' {
			return l.unsigned(b), nil
		}
		v, err := l.signed(b)
		if err == nil && v < 0 {
			err = fmt.Errorf("%d is negative", v)
		}
		return uint64(v), err
	}))
	return one(r, name, x, err)
}

// Strings returns an array of unicode strings, in row-major order, and its shape.
func (r *Reader) Strings(name string) ([]string, []int, error) {
	return elementsOf(r, name, text, each((*layout).word))
}

// word decodes a unicode string.
func (l *layout) word(b []byte) (string, error) {
	for len(b) > 0 && string(b[len(b)-4:]) == "\x00\x00\x00\x00" {
		b = b[:len(b)-4]
	}
	one := layout{kind: 'u', size: 4, big: l.big}
	s := make([]byte, 0, len(b)/4)
	for ; len(b) > 0; b = b[4:] {
		c := one.unsigned(b[:4])
		if c > utf8.MaxRune || !utf8.ValidRune(rune(c)) {
			return "", fmt.Errorf("%#x is not a character", c)
		}
		s = utf8.AppendRune(s, rune(c))
	}
	return string(s), nil
}

// String returns a single unicode string.
func (r *Reader) String(name string) (string, error) {
	x, _, err := r.Strings(name)
	return one(r, name, x, err)
}

func one[T any](r *Reader, name string, x []T, err error) (T, error) {
	if err == nil && len(x) != 1 {
		err = r.fault(name, fmt.Sprintf("has %d elements where one is wanted", len(x)))
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return x[0], nil
}
