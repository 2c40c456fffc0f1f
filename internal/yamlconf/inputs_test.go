package yamlconf

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"spikealign/internal/npz"
	"spikealign/settings"
)

type item struct {
	In    []float64 `yaml:"in"`
	Class *int      `yaml:"class"`
	Name  string    `yaml:"name"`
	Gain  float64   `yaml:"gain" default:"2"`
}

type numeric struct {
	Vector  []float64     `yaml:"vector"`
	Matrix  [][]float64   `yaml:"matrix"`
	Layers  [][][]float64 `yaml:"layers"`
	Bits    [][]uint8     `yaml:"bits"`
	Counts  []int         `yaml:"counts"`
	Ranges  [][2]float64  `yaml:"ranges"`
	Samples []item        `yaml:"samples"`
	Names   []string      `yaml:"names"`
	Long    []float64     `yaml:"long"`
}

// numberFiles returns a folder with files of numbers.
func numberFiles(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	archive := func(name string, arrays ...npz.Array) {
		var b bytes.Buffer
		z := npz.NewWriter(&b)
		for _, a := range arrays {
			z.Add(a)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, name), b.String())
	}
	archive("a.npz",
		npz.Array{Name: "v", Shape: []int{3}, Data: []float32{1, 0.5, -2}},
		npz.Array{Name: "w", Shape: []int{2, 3}, Data: []float64{1, 2, 3, 4, 5, 6}},
		npz.Array{Name: "k", Shape: []int{2, 3}, Data: []int32{0, 1, 1, 1, 0, 0}},
		npz.Array{Name: "c", Shape: []int{2}, Data: []int64{1, -1}},
		npz.Array{Name: "r", Shape: []int{1, 2}, Data: []float64{-1, 1}},
		npz.Array{Name: "half", Shape: []int{2}, Data: []float64{1, 0.5}},
		npz.Array{Name: "cube", Shape: []int{2, 1, 3}, Data: []float64{1, 2, 3, 4, 5, 6}},
		npz.Array{Name: "scalar", Data: 3.0},
		npz.Array{Name: "none", Shape: []int{0, 3}, Data: []float64{}},
		npz.Array{Name: "text", Shape: []int{1}, Data: []string{"x"}},
		npz.Array{Name: "nan", Shape: []int{2, 2}, Data: []float64{1, 2, math.NaN(), 4}})
	archive("one.npz", npz.Array{Name: "only", Shape: []int{2}, Data: []float64{7, 8}})
	put(t, filepath.Join(dir, "w.csv"), "\xef\xbb\xbf# comment\r\n1, 2,3\r\n\r\n4;5; 6 # more\r\n")
	put(t, filepath.Join(dir, "column.txt"), "1\n2e0\n-.5\n")
	put(t, filepath.Join(dir, "row.csv"), "1 2\t-.5")
	return dir
}

func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func decodeIn(dir, text string, sets ...string) (numeric, Inputs, error) {
	d := Parse("f.yaml", []byte(text))
	d.Folder, d.SetFolder = dir, dir
	for _, s := range sets {
		d.Set(s)
	}
	x := settings.Default[numeric]()
	err := d.Decode(&x)
	return x, d.Inputs(), err
}

func TestNumbersFromFiles(t *testing.T) {
	dir := numberFiles(t)
	one, minus := 1, -1
	w := [][]float64{{1, 2, 3}, {4, 5, 6}}
	for _, c := range []struct {
		text string
		want numeric
	}{
		{"vector: {file: a.npz, array: v}", numeric{Vector: []float64{1, 0.5, -2}}},
		{"vector: {file: one.npz}", numeric{Vector: []float64{7, 8}}},
		{"vector: {file: column.txt}", numeric{Vector: []float64{1, 2, -0.5}}},
		{"vector: {file: row.csv}", numeric{Vector: []float64{1, 2, -0.5}}},
		{"matrix: {file: a.npz, array: w}", numeric{Matrix: w}},
		{"matrix: {file: w.csv}", numeric{Matrix: w}},
		{"matrix: [{file: a.npz, array: v}, [1]]", numeric{Matrix: [][]float64{{1, 0.5, -2}, {1}}}},
		{"matrix: {file: a.npz, array: none}", numeric{Matrix: [][]float64{}}},
		{"layers: [{file: a.npz, array: w}, {file: column.txt}, [[9]]]", numeric{Layers: [][][]float64{w, {{1}, {2}, {-0.5}}, {{9}}}}},
		{"layers: {file: a.npz, array: cube}", numeric{Layers: [][][]float64{{{1, 2, 3}}, {{4, 5, 6}}}}},
		{"bits: {file: a.npz, array: k}", numeric{Bits: [][]uint8{{0, 1, 1}, {1, 0, 0}}}},
		{"counts: {file: a.npz, array: c}", numeric{Counts: []int{1, -1}}},
		{"ranges: {file: a.npz, array: r}", numeric{Ranges: [][2]float64{{-1, 1}}}},
		{"samples: {in: {file: w.csv}, class: {file: a.npz, array: c}}", numeric{Samples: []item{{In: w[0], Class: &one, Gain: 2}, {In: w[1], Class: &minus, Gain: 2}}}},
		{"samples: {in: [[1], [2]], gain: {file: one.npz}}", numeric{Samples: []item{{In: []float64{1}, Gain: 7}, {In: []float64{2}, Gain: 8}}}},
		{"samples: [{in: {file: row.csv}, name: x}]", numeric{Samples: []item{{In: []float64{1, 2, -0.5}, Name: "x", Gain: 2}}}},
		{"vector: &v {file: one.npz}\nlong: *v", numeric{Vector: []float64{7, 8}, Long: []float64{7, 8}}},
	} {
		got, inputs, err := decodeIn(dir, c.text)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, %v", c.text, got, err)
			continue
		}
		// What is written names the numbers, and reads back to the same.
		kept := t.TempDir()
		var b bytes.Buffer
		z := npz.NewWriter(&b)
		for _, i := range inputs.List {
			z.Add(npz.Array{Name: i.Path, Shape: i.Shape, Data: i.Data})
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(kept, "kept.npz"), b.String())
		refer := func(i Input) Reference { return Reference{File: "kept.npz", Array: i.Path, SHA256: i.SHA256} }
		text, err := inputs.Marshal("", refer, &got)
		if err != nil {
			t.Fatal(err)
		}
		again, inputs2, err := decodeIn(kept, string(text))
		if err != nil || !reflect.DeepEqual(again, c.want) {
			t.Errorf("%s: written as\n%s\nread as %+v, %v", c.text, text, again, err)
		}
		text2, err := inputs2.Marshal("", refer, &again)
		if err != nil || string(text2) != string(text) {
			t.Errorf("%s: written as\n%s\nand then as\n%s\n%v", c.text, text, text2, err)
		}
		// Without the files the same document is known by its sums.
		plain, err := inputs.MarshalPlain(&got)
		if err != nil {
			t.Fatal(err)
		}
		d := Parse("plain", plain)
		d.Unread = true
		unread := settings.Default[numeric]()
		if err := d.Decode(&unread); err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
		if plain2, err := d.Inputs().MarshalPlain(&unread); err != nil || string(plain2) != string(plain) {
			t.Errorf("%s: plain\n%s\nand then\n%s\n%v", c.text, plain, plain2, err)
		}
	}
}

// The sum is what Python computes of an array: numpy.array(a.shape, "<i8") and a.astype("<f8"), one
// after the other. Value of hashlib.sha256(struct.pack("<2q2d", 1, 2, 0.5, -1)).
func TestSumOfNumbers(t *testing.T) {
	if got, want := sumOf([]int{1, 2}, []float64{0.5, -1}), "a6f5e5b820384ebbb763685c194c9630ce8042af6f4e95322242f193608965a2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNumbersRefused(t *testing.T) {
	dir := numberFiles(t)
	put(t, filepath.Join(dir, "ragged.csv"), "1,2\n3\n")
	put(t, filepath.Join(dir, "gap.csv"), "1,2\n3,\n")
	put(t, filepath.Join(dir, "head.csv"), "a,b\n3,4\n")
	put(t, filepath.Join(dir, "nan.csv"), "1,2\n3,nan\n")
	put(t, filepath.Join(dir, "empty.csv"), "# nothing\n")
	put(t, filepath.Join(dir, "broken.npz"), "PK\x03\x04 not an archive")
	at := func(text string) string { return strings.ReplaceAll(text, "DIR/", dir+string(filepath.Separator)) }
	for _, c := range []struct{ text, want string }{
		{"vector: {file: a.npz, array: w}", "f.yaml:1: vector = {file: a.npz, array: w}: array w of DIR/a.npz has the shape [2 3]; needed: one dimension, a list"},
		{"matrix: {file: a.npz, array: v}", "array v of DIR/a.npz has the shape [3]; needed: two dimensions, a matrix"},
		{"layers: {file: a.npz, array: w}", "array w of DIR/a.npz has the shape [2 3]; needed: 3 dimensions, or a list of files with 2 each"},
		{"vector: {file: a.npz, array: scalar}", "array scalar of DIR/a.npz has the shape []; needed: one dimension"},
		{"vector: {file: w.csv}", "DIR/w.csv has the shape [2 3]; needed: one dimension"},
		{"ranges: {file: a.npz, array: w}", "array w of DIR/a.npz has lists of 3 numbers, needs lists of 2"},
		{"counts: {file: a.npz, array: half}", "array half of DIR/a.npz holds 0.5; needed: whole numbers"},
		{"bits: [{file: a.npz, array: c}]", "array c of DIR/a.npz holds -1, which is outside what this setting can hold"},
		{"matrix: {file: a.npz, array: nan}", "array nan of DIR/a.npz holds NaN at [1 0]; needed: finite numbers"},
		{"matrix: {file: nan.csv}", "DIR/nan.csv holds NaN at [1 1]"},
		{"vector: {file: a.npz, array: text}", `array "text": holds elements of type <U1, not numbers`},
		{"vector: {file: a.npz, array: x}", `array "x": is not in the file; it has v, w, k`},
		{"vector: {file: a.npz}", "DIR/a.npz holds 11 arrays; name one, as in {file: DIR/a.npz, array: NAME}"},
		{"vector: {file: w.csv, array: x}", "DIR/w.csv is a text file, which holds one matrix; remove array"},
		{"vector: {file: none.csv}", "there is no file DIR/none.csv"},
		{"vector: {file: .}", "is not a file"},
		{"vector: {file: /dev/zero}", "/dev/zero is not a file"},
		{"vector: {file: broken.npz}", "broken.npz: not a numpy archive"},
		{"matrix: {file: ragged.csv}", "DIR/ragged.csv:2: has 1 numbers, the lines before have 2"},
		{"matrix: {file: gap.csv}", "DIR/gap.csv:2: 1 numbers with 1 separators: a value is missing"},
		{"matrix: {file: head.csv}", `DIR/head.csv:1: "a" is not a number; needed are numbers alone, a row of the matrix a line`},
		{"matrix: {file: empty.csv}", "DIR/empty.csv holds no numbers"},
		{"vector: {array: w}", "names no file; needed is {file: a.npz, array: w} or {file: a.csv}"},
		{"vector: {file: one.npz, sum: 1}", "vector.sum = 1: unknown key; allowed here: file, array, sha256"},
		{"vector: {file: one.npz, sha256: '00'}", "array only of DIR/one.npz does not hold the numbers that it held"},
		{"names: {file: one.npz}", "names = {file: one.npz}: is a mapping (keys and values); needed: a list"},
		{"samples: {in: {file: w.csv}, class: [1, 2, 3]}", "samples.class = [1, 2, 3]: is for 3 elements, and in for 2"},
		{"samples: {in: {file: w.csv}, name: [a, b]}", "samples.name = [a, b]: cannot be given for all elements at once"},
		{"samples: {in: {file: w.csv}, inn: [1, 2]}", "samples.inn = [1, 2]: unknown key; did you mean samples.in?"},
		{"samples: {in: [[1, 2], [3]], gain: {file: one.npz}}", "samples.in = [[1, 2], [3]]: has lists of 2 and of 1 numbers"},
	} {
		x, inputs, err := decodeIn(dir, c.text)
		if err == nil || !strings.Contains(err.Error(), at(c.want)) {
			t.Errorf("%s\ngot  %v\nwant %s", c.text, err, at(c.want))
		}
		if len(inputs.List) > 0 && !strings.HasPrefix(c.text, "samples") || x.Vector != nil {
			t.Errorf("%s: left %+v", c.text, inputs)
		}
	}
}

// An override takes the place of a file, and may be one; a single number of a file cannot be set.
func TestOverrideFiles(t *testing.T) {
	dir := numberFiles(t)
	got, inputs, err := decodeIn(dir, "vector: {file: one.npz}\nmatrix: {file: w.csv}", "vector=[1]", "matrix={file: a.npz, array: w}", "matrix=[[2]]", "long={file: column.txt}")
	if err != nil || !reflect.DeepEqual(got, numeric{Vector: []float64{1}, Matrix: [][]float64{{2}}, Long: []float64{1, 2, -0.5}}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if len(inputs.List) != 1 || inputs.List[0].Path != "long" {
		t.Errorf("inputs %+v", inputs)
	}
	for _, set := range []string{"matrix.0.1=3", "samples.0.gain=1"} {
		_, _, err = decodeIn(dir, "matrix: {file: w.csv}\nsamples: {in: {file: w.csv}}", set)
		if err == nil || !strings.Contains(err.Error(), "comes from a file: change the file, or set the whole of it") {
			t.Errorf("%s: got %v", set, err)
		}
	}

	abs, err := filepath.Abs("a.npz")
	if err != nil {
		t.Fatal(err)
	}
	got2 := AbsoluteFiles("up=[{file: a.npz, array: w}, {file: a.npz}, [1, file]]")
	if want := "up=[{file: " + quote(abs) + ", array: w}, {file: " + quote(abs) + "}, [1, file]]"; strings.ReplaceAll(got2, `"`, "") != strings.ReplaceAll(want, `"`, "") {
		t.Errorf("got  %s\nwant %s", got2, want)
	}
	for _, same := range []string{"a=1", "file=x", "a: {file: x}", "a={file: " + abs + "}", "a={file: ["} {
		if got := AbsoluteFiles(same); got != same {
			t.Errorf("%s became %s", same, got)
		}
	}
}

// A problem of the values names the file and both shapes, once for a whole column.
type checked struct {
	Matrix  [][]float64 `yaml:"matrix"`
	Vector  []float64   `yaml:"vector"`
	Samples []item      `yaml:"samples"`
}

func (c *checked) Validate() (ps settings.Problems) {
	ps.Matrix("matrix", c.Matrix, 3, 3)
	ps.Vector("vector", c.Vector, 2, "neurons")
	for k, s := range c.Samples {
		if len(s.In) != 2 {
			ps.Add(settings.Join("samples", string(rune('0'+k)))+".in", "has %d entries for 2 inputs", len(s.In))
		}
	}
	return ps
}

func TestShapesInProblems(t *testing.T) {
	dir := numberFiles(t)
	d := Parse("f.yaml", []byte("matrix: {file: a.npz, array: w}\nvector: {file: row.csv}\nsamples: {in: {file: w.csv}}\n"))
	d.Folder = dir
	err := d.Decode(&checked{})
	want := strings.ReplaceAll(`f.yaml:1: matrix = {file: a.npz, array: w}: has 2 rows, needs 3: one for each postsynaptic neuron (array w of DIR/a.npz has the shape [2 3], needed is [3 3])
f.yaml:2: vector = {file: row.csv}: has 3 entries for 2 neurons (DIR/row.csv has the shape [3], needed is [2])
f.yaml:3: samples.0.in = [1, 2, 3]: has 3 entries for 2 inputs (DIR/w.csv has the shape [2 3])`, "DIR/", dir+string(filepath.Separator))
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// A file is read once for all documents that share Files, and not at all where a copy stands for
// it.
func TestSharedFiles(t *testing.T) {
	dir := numberFiles(t)
	var files Files
	decode := func(folder string, files *Files) (numeric, error) {
		d := Parse("f.yaml", []byte("matrix: {file: w.csv}\nvector: {file: row.csv}"))
		d.Folder, d.Files = folder, files
		x := settings.Default[numeric]()
		return x, d.Decode(&x)
	}
	first, err := decode(dir, &files)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "w.csv")); err != nil {
		t.Fatal(err)
	}
	second, err := decode(dir, &files)
	if err != nil || &first.Matrix[0][0] != &second.Matrix[0][0] {
		t.Errorf("the file was read twice: %v", err)
	}
	var copies Files
	for _, c := range files.Copies() {
		copies.Put("elsewhere", c)
	}
	if third, err := decode("elsewhere", &copies); err != nil || !reflect.DeepEqual(third, first) {
		t.Errorf("got %+v, %v", third, err)
	}
	if _, err := decode("elsewhere", nil); err == nil {
		t.Error("a file that is not there was read")
	}
}

// Whatever a file holds, reading it ends without a panic, in finite numbers with a shape or in an
// error that names it.
func FuzzNumbers(f *testing.F) {
	dir := numberFiles(f)
	for _, name := range []string{"a.npz", "one.npz", "w.csv", "column.txt", "row.csv"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, "w")
		f.Add(b, "")
	}
	f.Add([]byte("PK\x05\x06"), "")
	f.Add([]byte("1,,2\n"), "")
	f.Add([]byte("1e999 0x1p4 1_0"), "")
	f.Fuzz(func(t *testing.T, b []byte, array string) {
		x, err := parseNumbers("file", bytes.NewReader(b), int64(len(b)), array)
		if err != nil {
			if !strings.Contains(err.Error(), "file") {
				t.Errorf("the message does not name the file: %v", err)
			}
			return
		}
		count := 1
		for _, n := range x.shape {
			count *= n
		}
		if count != len(x.data) {
			t.Errorf("shape %v for %d numbers", x.shape, len(x.data))
		}
		for _, v := range x.data {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("read %v", v)
			}
		}
	})
}
