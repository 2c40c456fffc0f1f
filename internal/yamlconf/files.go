package yamlconf

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"spikealign/internal/npz"
)

// Limits of files of numbers.
const (
	maxNumbers = 1 << 26 // of an array
	maxText    = 1 << 28 // bytes of a text file
)

// Files reads files of numbers, each array once for all documents that share it. Several goroutines
// may do so at a time.
type Files struct {
	mu    sync.Mutex
	known map[content]*numbers
}

// content names numbers: the folder to which a path is relative, the path as it is written, and the
// array, "" where the file holds one.
type content struct{ folder, file, array string }

// numbers are the content of an array.
type numbers struct {
	origin string // of what Put gave: the path of the file that held them
	array  string // its name; "" in a text file
	shape  []int
	data   []float64
	isText bool
	sums   map[int]string // by the number of dimensions that they are taken to have
}

// path of the file.
func (c content) path() string {
	if path := filepath.FromSlash(c.file); c.folder == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.folder, filepath.FromSlash(c.file))
}

// read returns the content of an array for a setting of so many dimensions, with the shape that it
// has there, which may be one of another number, and its sum.
func (f *Files) read(c content, dimensions int) (x *numbers, shape []int, sum string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if x = f.known[c]; x == nil {
		if x, err = readNumbers(c.path(), c.array); err != nil {
			return nil, nil, "", err
		}
		f.put(c, x)
	}
	shape = x.shape
	if x.isText && dimensions == 1 && (shape[0] == 1 || shape[1] == 1) {
		shape = []int{len(x.data)}
	}
	if len(shape) == dimensions && x.sums[dimensions] == "" {
		if x.sums == nil {
			x.sums = map[int]string{}
		}
		x.sums[dimensions] = sumOf(shape, x.data)
	}
	return x, shape, x.sums[dimensions], nil
}

// has reports whether an array was read or put already.
func (f *Files) has(c content) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.known[c] != nil
}

// isName reports whether the path of a file is a name alone, with no folder in it.
func isName(file string) bool { return filepath.IsLocal(file) && !strings.ContainsAny(file, `/\`) }

func (f *Files) put(c content, x *numbers) {
	if f.known == nil {
		f.known = map[content]*numbers{}
	}
	f.known[c] = x
}

// Copy is what a file of numbers held.
type Copy struct {
	File   string    `json:"file"`             // as a document names it
	Origin string    `json:"origin,omitempty"` // absolute
	Array  string    `json:"array,omitempty"`
	Found  string    `json:"found,omitempty"` // name of the array
	IsText bool      `json:"text,omitempty"`
	Of     string    `json:"of,omitempty"` // which document names it, where several are known
	Shape  []int     `json:"-"`
	Data   []float64 `json:"-"`
}

// Copies returns all that was read, in the order of files and arrays.
func (f *Files) Copies() []Copy {
	var cs []Copy
	for c, x := range f.known {
		origin := x.origin
		if abs, err := filepath.Abs(c.path()); err == nil && origin == "" {
			origin = abs
		}
		cs = append(cs, Copy{File: c.file, Origin: origin, Array: c.array, Found: x.array, IsText: x.isText, Shape: x.shape, Data: x.data})
	}
	slices.SortFunc(cs, func(a, b Copy) int {
		return cmp.Or(strings.Compare(a.File, b.File), strings.Compare(a.Array, b.Array))
	})
	return cs
}

// Put makes a copy stand for its file, whose path is relative to that folder: the file will not be
// read.
func (f *Files) Put(folder string, c Copy) {
	f.put(content{folder, c.File, c.Array}, &numbers{origin: c.Origin, array: c.Found, shape: c.Shape, data: c.Data, isText: c.IsText})
}

func readNumbers(path, array string) (*numbers, error) {
	// A pipe would be waited for when it is opened.
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no file %s", path)
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	return parseNumbers(path, file, info.Size(), array)
}

// parseNumbers reads an array of a file of that many bytes: of a numpy file, which its first bytes
// tell, or the numbers of a text file.
func parseNumbers(path string, src io.ReaderAt, size int64, array string) (*numbers, error) {
	start := make([]byte, 6)
	n, _ := src.ReadAt(start, 0) // the format is found by what there is
	var x *numbers
	var err error
	if start = start[:n]; bytes.HasPrefix(start, []byte("PK")) || bytes.HasPrefix(start, []byte("\x93NUMPY")) {
		x, err = parseNumpy(path, src, size, array)
	} else {
		x, err = parseText(path, src, size, array)
	}
	if err != nil {
		return nil, err
	}
	if k := slices.IndexFunc(x.data, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }); k >= 0 {
		in := Input{File: path, Array: x.array}
		return nil, fmt.Errorf("%s holds %v at %v; needed: finite numbers", in.name(), x.data[k], place(k, x.shape))
	}
	return x, nil
}

// place returns the indices of element k.
func place(k int, shape []int) []int {
	at := make([]int, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		at[d] = k % shape[d]
		k /= shape[d]
	}
	return at
}

func parseNumpy(path string, src io.ReaderAt, size int64, array string) (*numbers, error) {
	z, err := npz.NewReader(path, src, size)
	if err != nil {
		return nil, err
	}
	if names := z.Names(); array == "" {
		if len(names) != 1 {
			return nil, fmt.Errorf("%s holds %d arrays; name one, as in {file: %s, array: NAME}", path, len(names), path)
		}
		array = names[0]
	}
	shape, err := z.Shape(array)
	if err != nil {
		return nil, err
	}
	count := 1
	for _, n := range shape {
		if n > 0 && count > maxNumbers/n {
			return nil, fmt.Errorf("array %s of %s has the shape %v: more than %d numbers", array, path, shape, maxNumbers)
		}
		count *= n
	}
	data, shape, err := z.Float64s(array)
	if err != nil {
		return nil, err
	}
	return &numbers{array: array, shape: shape, data: data}, nil
}

// parseText reads a matrix from text, a row a line, with commas, semicolons, tabs or spaces between
// the numbers. What follows # is no part of it.
func parseText(path string, src io.ReaderAt, size int64, array string) (*numbers, error) {
	if array != "" {
		return nil, fmt.Errorf("%s is a text file, which holds one matrix; remove array", path)
	}
	if size > maxText {
		return nil, fmt.Errorf("%s is larger than %d MB; numpy.save makes a smaller file of it", path, maxText>>20)
	}
	text, err := io.ReadAll(io.NewSectionReader(src, 0, size))
	if err != nil {
		return nil, err
	}
	x := &numbers{shape: []int{0, 0}, isText: true}
	line := 0
	for row := range bytes.Lines(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))) {
		line++
		row, _, _ = bytes.Cut(row, []byte("#"))
		separated := bytes.ContainsAny(row, ",;")
		columns := 0
		for field := range bytes.FieldsFuncSeq(row, func(c rune) bool { return strings.ContainsRune(",; \t\r\n", c) }) {
			v, err := strconv.ParseFloat(string(field), 64)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %q is not a number; needed are numbers alone, a row of the matrix a line (names go behind a #)", path, line, shorten(strings.ToValidUTF8(string(field), "?"), 40))
			}
			if columns++; len(x.data) == maxNumbers {
				return nil, fmt.Errorf("%s holds more than %d numbers", path, maxNumbers)
			}
			x.data = append(x.data, v)
		}
		if separated {
			if gaps := bytes.Count(row, []byte(",")) + bytes.Count(row, []byte(";")); gaps != columns-1 {
				return nil, fmt.Errorf("%s:%d: %d numbers with %d separators: a value is missing", path, line, columns, gaps)
			}
		}
		if columns == 0 {
			continue
		}
		if x.shape[0]++; x.shape[0] == 1 {
			x.shape[1] = columns
		}
		if columns != x.shape[1] {
			return nil, fmt.Errorf("%s:%d: has %d numbers, the lines before have %d", path, line, columns, x.shape[1])
		}
	}
	if len(x.data) == 0 {
		return nil, fmt.Errorf("%s holds no numbers", path)
	}
	return x, nil
}
