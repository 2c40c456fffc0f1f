// Package npz writes and reads arrays in the formats of numpy: .npy (one array) and .npz (a zip
// archive of .npy files), without cgo and without other libraries. What it writes, numpy.load reads
// with its default settings; what numpy.save, numpy.savez and numpy.savez_compressed write of plain
// numbers, truth values and unicode strings, it reads.
//
// Bytes written depend on the content only: entries are stored uncompressed, with a fixed time of
// modification. Arrays are row-major (C order) and little-endian. A file describes itself by
// further entries: a string or number without dimensions (Shape nil) for units, a step length, a
// seed, a version.
//
// Reading trusts nothing: sizes that an entry claims are checked against the file before memory is
// asked for, and memory for compressed entries grows only as bytes arrive, so that a damaged or
// hostile file costs an error and no more memory than a small multiple of what its bytes unfold to.
// Formats: numpy.lib.format (versions 1.0 to 3.0) and the zip specification APPNOTE 6.3.
package npz

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// DType is the type of an array's elements as it stands in a file.
type DType string

// The types that are written. The reader knows more: all sizes of integers, both byte orders.
const (
	Float64 DType = "<f8"
	Float32 DType = "<f4"
	Int64   DType = "<i8"
	Int32   DType = "<i4"
	Uint64  DType = "<u8"
	Uint8   DType = "|u1"
	Bool    DType = "|b1"
)

// Size returns the bytes of an element; ok is false for a type that is not supported.
func (t DType) Size() (bytes int64, ok bool) {
	var l layout
	if err := l.parseType(string(t)); err != nil {
		return 0, false
	}
	return int64(l.size), true
}

// Array is a named array. Shape has its dimensions, the last running fastest; it is nil for a
// single value. Data is a slice with as many elements as Shape says ([]float64, []float32, []int64,
// []int32, []uint64, []uint8, []bool, []string) or, with Shape nil, one value of these types.
// Strings become numpy's unicode type; they cannot contain the character 0.
type Array struct {
	Name  string
	Shape []int
	Data  any
}

// FormatError says what is wrong with a file or with one of its arrays.
type FormatError struct {
	Path   string // the file, if there is one
	Name   string // the array, if the fault lies in one
	Reason string
}

func (e *FormatError) Error() string {
	var b strings.Builder
	b.WriteString(cmp.Or(e.Path, "npz") + ": ")
	if e.Name != "" {
		fmt.Fprintf(&b, "array %q: ", e.Name)
	}
	b.WriteString(e.Reason)
	return b.String()
}

// The limits of numpy, and one on headers (numpy's own default is 10000 bytes).
const (
	maxDims   = 32
	maxHeader = 1 << 16
)

const magic = "\x93NUMPY"

// elements returns the product of the dimensions.
func elements(shape []int) (int64, error) {
	n, empty := uint64(1), false
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("negative dimension %d", d)
		}
		if d == 0 {
			empty = true
			continue
		}
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 || lo > 1<<56 {
			return 0, fmt.Errorf("shape %v is too large", shape)
		}
		n = lo
	}
	if empty {
		n = 0
	}
	return int64(n), nil
}

// header returns the bytes before the data of a .npy file, a multiple of 64.
func header(t DType, shape []int) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "{'descr': '%s', 'fortran_order': False, 'shape': (", t)
	for i, d := range shape {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(d))
	}
	if len(shape) == 1 {
		b.WriteByte(',')
	}
	b.WriteString("), }")
	// magic 6, version 2, length 2; maxDims dimensions fit into version 1.0
	for (10+b.Len()+1)%64 != 0 {
		b.WriteByte(' ')
	}
	b.WriteByte('\n')
	h := append([]byte(magic), 1, 0, byte(b.Len()), byte(b.Len()>>8))
	return append(h, b.String()...)
}

// layout is the type, order and shape that a header tells.
type layout struct {
	kind    byte // one of f i u b U
	size    int  // bytes of an element
	big     bool // big-endian
	fortran bool // first dimension fastest
	shape   []int
	count   int64 // elements
	// whether the file is as large as the data, so that memory may be asked for at once
	sure bool
}

func (l *layout) bytes() int64 { return l.count * int64(l.size) }

// dtype returns the type as numpy writes it.
func (l *layout) dtype() DType {
	order, n := "<", l.size
	if l.big {
		order = ">"
	}
	if l.size == 1 {
		order = "|"
	}
	if l.kind == 'U' {
		n /= 4
	}
	return DType(order + string(rune(l.kind)) + strconv.Itoa(n))
}

// parseHeader reads the dictionary of a .npy header: a Python literal with exactly the keys descr,
// fortran_order and shape.
func parseHeader(s string) (*layout, error) {
	p := &parser{s: s}
	var l layout
	var seen [3]bool
	p.want('{')
	for !p.next('}') {
		key := p.quoted()
		p.want(':')
		k := -1
		switch key {
		case "descr":
			k = 0
			if p.peek() == '[' {
				return nil, errors.New("records with several fields are not supported")
			}
			if err := l.parseType(p.quoted()); p.err == nil && err != nil {
				return nil, err
			}
		case "fortran_order":
			k = 1
			l.fortran = p.truth()
		case "shape":
			k = 2
			l.shape = p.tuple()
		default:
			p.fail(fmt.Sprintf("unknown key %q", key))
		}
		if p.err != nil {
			return nil, p.err
		}
		if seen[k] {
			return nil, fmt.Errorf("header has %q twice", key)
		}
		seen[k] = true
		if !p.next(',') {
			p.want('}')
			break
		}
	}
	if p.peek(); p.err == nil && p.i < len(p.s) {
		p.fail("something follows the dictionary")
	}
	if p.err != nil {
		return nil, p.err
	}
	if seen != [3]bool{true, true, true} {
		return nil, errors.New("header lacks one of descr, fortran_order, shape")
	}
	n, err := elements(l.shape)
	if err != nil {
		return nil, err
	}
	if hi, lo := bits.Mul64(uint64(n), uint64(l.size)); hi != 0 || lo > 1<<62 {
		return nil, fmt.Errorf("shape %v is too large", l.shape)
	}
	l.count = n
	return &l, nil
}

func (l *layout) parseType(d string) error {
	bad := fmt.Errorf("elements of type %q are not supported", d)
	if len(d) < 2 {
		return bad
	}
	order, rest := byte('='), d
	if strings.IndexByte("<>|=", d[0]) >= 0 {
		order, rest = d[0], d[1:]
	}
	if len(rest) < 2 {
		return bad
	}
	n, err := strconv.Atoi(rest[1:])
	if err != nil || n < 0 || n > 1<<28 || rest[1] == '+' || rest[1] == '-' {
		return bad
	}
	l.kind, l.size, l.big = rest[0], n, order == '>'
	switch {
	case l.kind == 'f' && (n == 4 || n == 8):
	case (l.kind == 'i' || l.kind == 'u') && (n == 1 || n == 2 || n == 4 || n == 8):
	case l.kind == 'b' && n == 1:
	case l.kind == 'U':
		l.size = 4 * n
	default:
		return bad
	}
	if l.size > 1 && (order == '|' || order == '=') { // a byte order must be given
		return bad
	}
	return nil
}

// parser walks over the literal and keeps the first error.
type parser struct {
	s   string
	i   int
	err error
}

func (p *parser) fail(reason string) {
	if p.err == nil {
		p.err = fmt.Errorf("bad header at byte %d: %s", p.i, reason)
	}
}

// peek skips white space and returns the next byte, 0 at the end or after an error.
func (p *parser) peek() byte {
	for p.i < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.i]) >= 0 {
		p.i++
	}
	if p.err != nil || p.i == len(p.s) {
		return 0
	}
	return p.s[p.i]
}

func (p *parser) next(c byte) bool {
	if p.peek() != c {
		return p.err != nil // an error ends every list
	}
	p.i++
	return true
}

func (p *parser) want(c byte) {
	if !p.next(c) {
		p.fail(fmt.Sprintf("expected %q", c))
	}
}

func (p *parser) quoted() string {
	q := p.peek()
	if q != '\'' && q != '"' {
		p.fail("expected a string")
		return ""
	}
	p.i++
	end := strings.IndexByte(p.s[p.i:], q)
	if end < 0 {
		p.fail("string without end")
		return ""
	}
	s := p.s[p.i : p.i+end]
	p.i += end + 1
	return s
}

func (p *parser) truth() bool {
	p.peek()
	for _, w := range []string{"True", "False"} {
		if p.err == nil && strings.HasPrefix(p.s[p.i:], w) {
			p.i += len(w)
			return w == "True"
		}
	}
	p.fail("expected True or False")
	return false
}

func (p *parser) tuple() []int {
	var t []int
	p.want('(')
	for !p.next(')') {
		start := p.i
		for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
			p.i++
		}
		n, err := strconv.Atoi(p.s[start:p.i])
		if err != nil {
			p.fail("expected a dimension")
			return nil
		}
		if p.i < len(p.s) && p.s[p.i] == 'L' { // Python 2 wrote long integers so
			p.i++
		}
		if len(t) == maxDims {
			p.fail(fmt.Sprintf("more than %d dimensions", maxDims))
			return nil
		}
		t = append(t, n)
		if !p.next(',') {
			p.want(')')
			break
		}
	}
	return t
}
