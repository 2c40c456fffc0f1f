package npz

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// epoch is the time of modification of every entry: the earliest that zip can express.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Writer writes an archive. After an error it refuses everything but returns the same error again,
// so that Close tells whether the whole archive was written.
type Writer struct {
	zip   *zip.Writer
	names map[string]bool
	err   error
}

// NewWriter returns a Writer that writes to w in one pass.
func NewWriter(w io.Writer) *Writer {
	return &Writer{zip: zip.NewWriter(w), names: map[string]bool{}}
}

// Add writes an array. The error is that of the underlying writer, or a *FormatError if the name is
// empty, taken or not printable, or if Shape and Data do not fit together.
func (w *Writer) Add(a Array) error {
	if w.err == nil {
		var src source
		if src, w.err = encode(a); w.err == nil {
			w.err = w.entry(a.Name, src)
		}
	}
	return w.err
}

// AddStream writes an array that need not be in memory: r must give exactly the bytes of the
// elements in row-major order, little-endian. The error is that of r or of the underlying writer,
// or a *FormatError.
func (w *Writer) AddStream(name string, t DType, shape []int, r io.Reader) error {
	if w.err != nil {
		return w.err
	}
	var l layout
	n, err := elements(shape)
	if err == nil {
		err = l.parseType(string(t))
	}
	if err == nil && (l.big || len(shape) > maxDims) {
		err = fmt.Errorf("type %q and shape %v cannot be written", t, shape)
	}
	if err != nil {
		w.err = &FormatError{Name: name, Reason: err.Error()}
		return w.err
	}
	l.count = n
	w.err = w.entry(name, source{t, shape, func(dst io.Writer) error {
		m, err := io.Copy(dst, io.LimitReader(r, l.bytes()))
		if err == nil && m == l.bytes() {
			var more int
			if more, err = io.ReadFull(r, make([]byte, 1)); more == 1 {
				m++
			}
			if err == io.EOF {
				err = nil
			}
		}
		if err == nil && m != l.bytes() {
			err = &FormatError{Name: name, Reason: fmt.Sprintf("the stream does not have the %d bytes of shape %v and type %s", l.bytes(), shape, t)}
		}
		return err
	}})
	return w.err
}

// Close writes the directory of the archive. It does not close the underlying writer.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	if w.err = w.zip.Close(); w.err != nil {
		return w.err
	}
	w.err = fmt.Errorf("npz: write after Close")
	return nil
}

func (w *Writer) entry(name string, src source) error {
	switch {
	case name == "" || !utf8.ValidString(name) || strings.HasSuffix(name, ".npy") || name[0] == '/' ||
		strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }):
		return &FormatError{Name: name, Reason: fmt.Sprintf("%q is not a name for an array", name)}
	case w.names[name]:
		return &FormatError{Name: name, Reason: "there is an array of this name already"}
	}
	w.names[name] = true
	e, err := w.zip.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store, Modified: epoch})
	if err != nil {
		return err
	}
	return src.write(e)
}

// WriteData writes the elements of an array alone, as they stand in a file, for a later AddStream,
// and returns their type.
func WriteData(w io.Writer, a Array) (DType, error) {
	src, err := encode(a)
	if err != nil {
		return "", err
	}
	return src.t, src.data(w)
}

// source is an array ready to be written.
type source struct {
	t     DType
	shape []int
	data  func(io.Writer) error
}

func (s source) write(w io.Writer) error {
	if _, err := w.Write(header(s.t, s.shape)); err != nil {
		return err
	}
	return s.data(w)
}

// encode checks an array and returns how to write it.
func encode(a Array) (source, error) {
	s := source{shape: a.Shape}
	n := 0
	le := binary.LittleEndian
	switch x := a.Data.(type) {
	case []float64:
		s.t, n = Float64, len(x)
		s.data = numbers(x, 8, func(b []byte, v float64) { le.PutUint64(b, math.Float64bits(v)) })
	case []float32:
		s.t, n = Float32, len(x)
		s.data = numbers(x, 4, func(b []byte, v float32) { le.PutUint32(b, math.Float32bits(v)) })
	case []int64:
		s.t, n = Int64, len(x)
		s.data = numbers(x, 8, func(b []byte, v int64) { le.PutUint64(b, uint64(v)) })
	case []int32:
		s.t, n = Int32, len(x)
		s.data = numbers(x, 4, func(b []byte, v int32) { le.PutUint32(b, uint32(v)) })
	case []uint64:
		s.t, n = Uint64, len(x)
		s.data = numbers(x, 8, le.PutUint64)
	case []uint8:
		s.t, n = Uint8, len(x)
		s.data = func(w io.Writer) error { _, err := w.Write(x); return err }
	case []bool:
		s.t, n = Bool, len(x)
		s.data = numbers(x, 1, func(b []byte, v bool) {
			b[0] = 0
			if v {
				b[0] = 1
			}
		})
	case []string:
		longest := 1
		for _, v := range x {
			if !utf8.ValidString(v) || strings.IndexByte(v, 0) >= 0 {
				return s, &FormatError{Name: a.Name, Reason: fmt.Sprintf("%q is not a string that numpy can hold", v)}
			}
			longest = max(longest, utf8.RuneCountInString(v))
		}
		s.t, n = DType("<U"+strconv.Itoa(longest)), len(x)
		s.data = numbers(x, 4*longest, func(b []byte, v string) {
			clear(b)
			for _, r := range v {
				le.PutUint32(b, uint32(r))
				b = b[4:]
			}
		})
	default:
		if a.Shape == nil {
			if data := single(a.Data); data != nil {
				return encode(Array{a.Name, nil, data})
			}
		}
		return s, &FormatError{Name: a.Name, Reason: fmt.Sprintf("data of type %T with shape %v cannot be written", a.Data, a.Shape)}
	}
	if m, err := elements(a.Shape); err != nil || m != int64(n) || len(a.Shape) > maxDims {
		return s, &FormatError{Name: a.Name, Reason: fmt.Sprintf("%d elements do not have shape %v", n, a.Shape)}
	}
	return s, nil
}

// single returns a slice around one value, nil for a type that is not known.
func single(v any) any {
	switch x := v.(type) {
	case float64:
		return []float64{x}
	case float32:
		return []float32{x}
	case int:
		return []int64{int64(x)}
	case int64:
		return []int64{x}
	case int32:
		return []int32{x}
	case uint64:
		return []uint64{x}
	case uint8:
		return []uint8{x}
	case bool:
		return []bool{x}
	case string:
		return []string{x}
	}
	return nil
}

// numbers writes elements of size bytes each through a buffer.
func numbers[T any](x []T, size int, put func([]byte, T)) func(io.Writer) error {
	return func(w io.Writer) error {
		per := max(1, min(len(x), 1<<16/size))
		buf := make([]byte, per*size)
		for x := x; len(x) > 0; {
			k := min(per, len(x))
			for i, v := range x[:k] {
				put(buf[i*size:(i+1)*size], v)
			}
			if _, err := w.Write(buf[:k*size]); err != nil {
				return err
			}
			x = x[k:]
		}
		return nil
	}
}
