package yamlconf

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"spikealign/settings"
)

// Reference stands in the place of a list of numbers, or of a list of lists, whose values are in a
// file.
type Reference struct {
	File   string `yaml:"file"`
	Array  string `yaml:"array"`
	SHA256 string `yaml:"sha256"`
}

// Input is a list of numbers, or a list of lists, that came from a file.
type Input struct {
	Path  string // of the value it is
	File  string // where it was; "" for one that was not read, or stood in the text
	Array string
	Shape []int
	Data  []float64 // row-major; must not be changed
	// SHA256 is that of the dimensions, as 8-byte integers, and the numbers, as float64, all
	// little-endian.
	SHA256 string
}

// Inputs are the values of a document that came from files.
type Inputs struct {
	List []Input
	// keys of lists of structs that were given by columns: a mapping of keys to the values of all
	// elements
	columns map[string][]string
}

// Marshal is the function Marshal, with what refer returns in the place of these values.
func (in Inputs) Marshal(header string, refer func(Input) Reference, targets ...any) ([]byte, error) {
	return (&encoder{inputs: in, refer: refer}).marshal(header, targets)
}

// MarshalPlain is Marshal without any comment, with the sha256 in the place of these values: text
// that depends on keys and values only.
func (in Inputs) MarshalPlain(targets ...any) ([]byte, error) {
	refer := func(i Input) Reference { return Reference{SHA256: i.SHA256} }
	return (&encoder{plain: true, inputs: in, refer: refer}).marshal("", targets)
}

// reference is the text for the value at a path, "" if it stands in the document itself.
func (e *encoder) reference(path string) string {
	for _, i := range e.inputs.List {
		if i.Path == path {
			return e.refer(i).text()
		}
	}
	return ""
}

func (r Reference) text() string {
	var parts []string
	for _, p := range [...][2]string{{"file", r.File}, {"array", r.Array}, {"sha256", r.SHA256}} {
		if p[1] != "" {
			parts = append(parts, p[0]+": "+quote(p[1]))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// above returns the path at or above which a value inside of an input stands, "" if there is none.
func (in *Inputs) above(path string) string {
	for _, i := range in.List {
		if under(path, i.Path) {
			return i.Path
		}
	}
	for p := range in.columns {
		if under(path, p) {
			return p
		}
	}
	return ""
}

// remove forgets the inputs at and below a path.
func (in *Inputs) remove(path string) {
	in.List = slices.DeleteFunc(in.List, func(i Input) bool { return i.Path == path || under(i.Path, path) })
	for p := range in.columns {
		if p == path || under(p, path) {
			delete(in.columns, p)
		}
	}
}

// shapes says, of a problem with a value that came from a file, which shape the array has and which
// one is needed.
func (in *Inputs) shapes(p settings.Problem) string {
	path := p.Path
	if column := in.column(path); column != "" {
		path = column
	}
	for _, i := range in.List {
		if i.File == "" || i.Path != path && !under(path, i.Path) {
			continue
		}
		text := fmt.Sprintf(" (%s has the shape %v", i.name(), i.Shape)
		if p.Shape != nil {
			text += fmt.Sprintf(", needed is %v", p.Shape)
		}
		return text + ")"
	}
	return ""
}

// column returns the path at which the column stands that a path inside of a list's element belongs
// to: a.input for a.0.input. It is "" if the list was not given by columns.
func (in *Inputs) column(path string) string {
	for c := range in.columns {
		if rest, ok := strings.CutPrefix(path, c+"."); ok {
			if _, key, ok := strings.Cut(rest, "."); ok {
				return settings.Join(c, key)
			}
		}
	}
	return ""
}

// name is what messages call the numbers.
func (i *Input) name() string {
	if i.Array == "" {
		return i.File
	}
	return "array " + i.Array + " of " + i.File
}

// isNumbers reports whether values of t are lists of numbers, of whatever depth.
func isNumbers(t reflect.Type) bool { return t.Kind() == reflect.Slice && depthOf(t) > 0 }

// depthOf returns how many lists stand in each other around a number, 0 if there is none.
func depthOf(t reflect.Type) int {
	for depth := 0; ; depth++ {
		switch {
		case isText(t) || t == durationType || t == rawType:
			return 0
		case t.Kind() == reflect.Slice || t.Kind() == reflect.Array:
		case t.Kind() == reflect.Pointer:
			depth--
		case t.Kind() >= reflect.Int && t.Kind() <= reflect.Float64 && t.Kind() != reflect.Uintptr:
			return depth
		default:
			return 0
		}
		t = t.Elem()
	}
}

// reference decodes a mapping that names a file into a list of numbers.
func (d *decoder) reference(n *yaml.Node, v reflect.Value, path string, depth int) {
	var r Reference
	before := len(d.issues) + d.more
	d.structs(n, []reflect.Value{reflect.ValueOf(&r).Elem()}, path, depth+1)
	if len(d.issues)+d.more > before {
		return
	}
	if d.Unread {
		v.SetZero()
		d.input(Input{Path: path, SHA256: r.SHA256})
		return
	}
	if r.File == "" {
		d.issue(n, path, "names no file; needed is {file: a.npz, array: w} or {file: a.csv}")
		return
	}
	if d.Files == nil {
		d.Files = &Files{}
	}
	c := content{d.Folder, within(d.Below, r.File), r.Array}
	if d.set != "" {
		c = content{d.SetFolder, r.File, r.Array}
	}
	if d.Closed && !d.Files.has(c) && !isName(c.file) {
		d.issue(n, path, "names a file outside of the folder, which keeps no copy of it: %s", c.file)
		return
	}
	want := depthOf(v.Type())
	x, shape, sum, err := d.Files.read(c, want)
	if err != nil {
		d.issue(n, path, "%v", err)
		return
	}
	in := Input{path, cmp.Or(x.origin, c.path()), x.array, shape, x.data, sum}
	if len(shape) != want {
		d.issue(n, path, "%s has the shape %v; needed: %s", in.name(), shape, dimensions(want))
		return
	}
	if r.SHA256 != "" && !strings.EqualFold(r.SHA256, in.SHA256) {
		d.issue(n, path, "%s does not hold the numbers that it held: their sha256 is %s; put the old file back, or remove sha256 to take the new numbers", in.name(), in.SHA256)
		return
	}
	fresh := reflect.New(v.Type()).Elem()
	if err := fill(fresh, in.Shape, in.Data); err != "" {
		d.issue(n, path, "%s %s", in.name(), err)
		return
	}
	v.Set(fresh)
	d.input(in)
}

func (d *decoder) input(in Input) {
	d.inputs.remove(in.Path)
	d.inputs.List = append(d.inputs.List, in)
}

// dimensions describes a number of them.
func dimensions(n int) string {
	switch n {
	case 1:
		return "one dimension, a list"
	case 2:
		return "two dimensions, a matrix"
	}
	return fmt.Sprintf("%d dimensions, or a list of files with %d each", n, n-1)
}

func sumOf(shape []int, data []float64) string {
	h := sha256.New()
	var b []byte
	for _, n := range shape {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	for k, x := range data {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
		if len(b) >= 1<<16 || k == len(data)-1 {
			h.Write(b)
			b = b[:0]
		}
	}
	h.Write(b)
	return hex.EncodeToString(h.Sum(nil))
}

// fill sets a list of numbers, zero before, to those of an array with as many dimensions. It says
// what does not fit.
func fill(v reflect.Value, shape []int, data []float64) string {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return fill(v.Elem(), shape, data)
	case reflect.Slice, reflect.Array:
		n := shape[0]
		if v.Kind() == reflect.Array && v.Len() != n {
			return fmt.Sprintf("has lists of %d numbers, needs lists of %d", n, v.Len())
		}
		if v.Type() == reflect.TypeFor[[]float64]() {
			v.Set(reflect.ValueOf(data[:n:n]))
			return ""
		}
		if v.Kind() == reflect.Slice {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		size := 1
		for _, m := range shape[1:] {
			size *= m
		}
		for k := range n {
			if wrong := fill(v.Index(k), shape[1:], data[k*size:(k+1)*size]); wrong != "" {
				return wrong
			}
		}
		return ""
	}
	x := data[0]
	switch {
	case v.CanFloat():
		v.SetFloat(x)
		return ""
	case x != math.Trunc(x) || math.Abs(x) > 1<<53:
		return fmt.Sprintf("holds %v; needed: whole numbers", x)
	case v.CanInt() && !v.OverflowInt(int64(x)):
		v.SetInt(int64(x))
	case v.CanUint() && x >= 0 && !v.OverflowUint(uint64(x)):
		v.SetUint(uint64(x))
	default:
		return fmt.Sprintf("holds %v, which is outside what this setting can hold", x)
	}
	return ""
}

// byColumns reports whether a mapping gives the elements of a list of structs by columns: at least
// one of its values is a file.
func (d *decoder) byColumns(n *yaml.Node, t reflect.Type) bool {
	if t.Elem().Kind() != reflect.Struct || isText(t.Elem()) {
		return false
	}
	for k := 1; k < len(n.Content); k += 2 {
		c := n.Content[k]
		for hops := 0; c.Kind == yaml.AliasNode && hops < maxDepth; hops++ {
			c = c.Alias
		}
		if c.Kind == yaml.MappingNode {
			return true
		}
	}
	return false
}

// columns decodes a list of structs from a mapping of their keys to the values of all of them: the
// first dimension of each counts the elements.
func (d *decoder) columns(n *yaml.Node, v reflect.Value, path string, depth int) {
	before := len(d.issues) + d.more
	elem := v.Type().Elem()
	var keys []string
	var list reflect.Value
	for _, p := range d.pairs(n, path, depth) {
		key := p.key.Value
		at := settings.Join(path, key)
		k := slices.IndexFunc(settings.Fields(elem), func(f settings.Field) bool { return f.Name == key })
		if k < 0 {
			d.unknown(p, []reflect.Value{newValue(elem).Elem()}, path)
			continue
		}
		field := settings.Fields(elem)[k]
		t := reflect.SliceOf(elem.FieldByIndex(field.Index).Type)
		if !isNumbers(t) {
			d.issue(p.val, at, "cannot be given for all elements at once; needed: a list of elements with keys and values")
			continue
		}
		column := reflect.New(t).Elem()
		d.value(p.val, column, at, depth+1)
		keys = append(keys, key)
		if len(d.issues)+d.more > before || d.Unread {
			continue
		}
		if !slices.ContainsFunc(d.inputs.List, func(i Input) bool { return i.Path == at }) {
			in := Input{Path: at}
			if wrong := flatten(column, &in, 0); wrong != "" {
				d.issue(p.val, at, "%s", wrong)
				continue
			}
			in.SHA256 = sumOf(in.Shape, in.Data)
			d.input(in)
		}
		if !list.IsValid() {
			list = reflect.MakeSlice(v.Type(), 0, column.Len())
			for range column.Len() {
				list = reflect.Append(list, newValue(elem).Elem())
			}
		}
		if column.Len() != list.Len() {
			d.issue(p.val, at, "is for %d elements, and %s for %d", column.Len(), keys[0], list.Len())
			continue
		}
		for i := range column.Len() {
			list.Index(i).FieldByIndex(field.Index).Set(column.Index(i))
		}
	}
	if len(d.issues)+d.more > before {
		d.inputs.remove(path)
		return
	}
	if list.IsValid() {
		v.Set(list)
	}
	if d.inputs.columns == nil {
		d.inputs.columns = map[string][]string{}
	}
	d.inputs.columns[path] = keys
}

// flatten appends the numbers of a list to an input, whose shape it finds. It says what is wrong.
func flatten(v reflect.Value, in *Input, depth int) string {
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil():
		return "has values that are null beside such that come from a file"
	case v.Kind() == reflect.Pointer:
		return flatten(v.Elem(), in, depth)
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
		if depth == len(in.Shape) {
			in.Shape = append(in.Shape, v.Len())
		}
		if in.Shape[depth] != v.Len() {
			return fmt.Sprintf("has lists of %d and of %d numbers", in.Shape[depth], v.Len())
		}
		for k := range v.Len() {
			if wrong := flatten(v.Index(k), in, depth+1); wrong != "" {
				return wrong
			}
		}
	case v.CanFloat():
		in.Data = append(in.Data, v.Float())
	case v.CanInt():
		in.Data = append(in.Data, float64(v.Int()))
	default:
		in.Data = append(in.Data, float64(v.Uint()))
	}
	return ""
}

// AbsoluteFiles makes the paths of files of numbers in an override absolute, so that it means the
// same everywhere. Whatever else stands in it stays as it is.
func AbsoluteFiles(arg string) string {
	path, text, ok := strings.Cut(arg, "=")
	if !ok {
		return arg
	}
	return path + "=" + withFiles(text, func(file string) string {
		abs, err := filepath.Abs(filepath.FromSlash(file))
		if err != nil || filepath.IsAbs(file) {
			return file
		}
		return abs
	})
}

// FilesBelow returns a document, as Raw has it, with the paths of files of numbers as they are seen
// from the folder above that one.
func (r Raw) FilesBelow(folder string) Raw {
	return Raw(withFiles(string(r), func(file string) string { return within(folder, file) }))
}

// within is the path of a file of a folder, as it is seen from where the folder is.
func within(folder, file string) string {
	if native := filepath.FromSlash(file); folder != "" && folder != "." && !filepath.IsAbs(native) {
		return filepath.ToSlash(filepath.Join(folder, native))
	}
	return file
}

// withFiles returns a YAML text with the paths of files of numbers changed. Whatever else stands in
// it, and a text without such a path, stays as it is.
func withFiles(text string, change func(file string) string) string {
	if !strings.Contains(text, "file") {
		return text
	}
	n, _, msg := parse([]byte(text))
	if msg != "" || n == nil {
		return text
	}
	changed := false
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		for k, c := range n.Content {
			if n.Kind == yaml.MappingNode && k%2 == 1 && n.Content[k-1].Value == "file" && c.Kind == yaml.ScalarNode {
				if file := change(c.Value); file != c.Value {
					c.Value, c.Style, changed = file, yaml.DoubleQuotedStyle, true
				}
			}
			walk(c)
		}
	}
	walk(n)
	if !changed {
		return text
	}
	var b strings.Builder
	writeFlow(&b, n, 0, math.MaxInt, false)
	return b.String()
}
