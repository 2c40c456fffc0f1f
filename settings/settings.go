// Package settings holds what a model says about its own settings: every setting is declared once,
// as a field of a struct, with tags that say everything about it.
//
//	TauRef int64 `yaml:"tau_ref" default:"50" range:"[1, 2^24]" doc:"refractory time"`
//
// From this declaration follow the key in experiment files and its path in overrides and messages
// (yaml), the value where nothing is said (default), what is allowed (range, choice), and the
// comment in files and templates (doc, unit, and what is allowed).
//
//	yaml     the key; "-": no setting. Embedded structs without this tag give their fields to the
//	         struct around them
//	default  a number, a word, a duration, or a list as in JSON: [[-3, 3]]. On a struct: changes
//	         of its fields' defaults, "tau_ref=25 engine=event"
//	range    an interval, [1, 2^24] or (0, 1e6], which also holds for every number in a list;
//	         "0 or [0.5, 100]" allows 0 too
//	choice   the words allowed for a string or for every string in a list: "field, learning"
//	unit     the unit, in words: "steps"
//	also     names that it has in papers and other programs, for messages: "eta, learning_rate"
//	once     keys that it had in earlier versions, which files may still use: "pairing"
//	doc      the meaning
//
// A model's package declares the structs, gives them a method Validate that begins with Check and
// adds what relates settings to each other, and builds the model from them. Nothing here knows
// files; internal/yamlconf reads and writes them by the same tags. In example_test.go a struct is
// filled and checked.
package settings

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Problem is one fault of a description, at the dotted path of a setting ("target.weights.0.3"; ""
// is the whole). Message says what is wrong and what is allowed.
type Problem struct {
	Path, Message string
	// Shape is the one that the list or matrix at Path must have, where this is what is wrong with
	// it; else nil.
	Shape []int
}

func (p Problem) Error() string {
	if p.Path == "" {
		return p.Message
	}
	return p.Path + ": " + p.Message
}

// Problems are all faults of a description.
type Problems []Problem

// Add adds a fault.
func (ps *Problems) Add(path, format string, args ...any) {
	*ps = append(*ps, Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

// Count is a number of things, whose plural ends in s or ies: "1 entry", "2 entries".
func Count(n int, thing string) string {
	switch stem, isY := strings.CutSuffix(thing, "y"); {
	case n == 1:
		return "1 " + thing
	case isY:
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Matrix adds what is wrong with the shape of a matrix of synapses, row = postsynaptic, and reports
// whether it is right.
func (ps *Problems) Matrix(path string, m [][]float64, rows, columns int) bool {
	shape := []int{rows, columns}
	if len(m) != rows {
		*ps = append(*ps, Problem{path, fmt.Sprintf("has %s, needs %d: one for each postsynaptic neuron", Count(len(m), "row"), rows), shape})
		return false
	}
	for i, row := range m {
		if len(row) != columns {
			message := fmt.Sprintf("has %s, needs %d: one for each presynaptic neuron", Count(len(row), "entry"), columns)
			*ps = append(*ps, Problem{Join(path, strconv.Itoa(i)), message, shape})
			return false
		}
	}
	return true
}

// Vector adds what is wrong with the length of a list that has an entry for each of n things
// ("neurons"), and reports whether it is right.
func (ps *Problems) Vector(path string, x []float64, n int, things string) bool {
	if len(x) != n {
		*ps = append(*ps, Problem{path, fmt.Sprintf("has %s for %d %s", Count(len(x), "entry"), n, things), []int{n}})
		return false
	}
	return true
}

// In adds the faults of a part of the description, which stands at that path.
func (ps *Problems) In(path string, found Problems) {
	for _, p := range found {
		p.Path = Join(path, p.Path)
		*ps = append(*ps, p)
	}
}

// Has reports whether there is a fault at or below one of the paths.
func (ps Problems) Has(paths ...string) bool {
	return slices.ContainsFunc(ps, func(p Problem) bool {
		return slices.ContainsFunc(paths, func(path string) bool { return p.Path == path || strings.HasPrefix(p.Path, path+".") })
	})
}

// Err joins the faults, each with its path; nil if there are none.
func (ps Problems) Err() error {
	errs := make([]error, len(ps))
	for k, p := range ps {
		errs[k] = p
	}
	return errors.Join(errs...)
}

// Field is one setting of a struct, embedded structs included.
type Field struct {
	Name  string // the key
	Index []int  // for reflect.Value.FieldByIndex
	tag   reflect.StructTag
}

// Fields returns the settings of a struct type in the order of declaration. It panics on an
// exported field without the tag yaml.
func Fields(t reflect.Type) []Field {
	var fs []Field
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case name == "-":
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			for _, sub := range Fields(f.Type) {
				sub.Index = slices.Concat(f.Index, sub.Index)
				fs = append(fs, sub)
			}
		case !f.IsExported():
		case name == "":
			panic(fmt.Sprintf("settings: field %s of %v has no tag yaml", f.Name, t))
		default:
			fs = append(fs, Field{name, f.Index, f.Tag})
		}
	}
	return fs
}

// Doc is the whole comment of a setting: its meaning, unit, and what is allowed.
func (f Field) Doc() string {
	doc := f.tag.Get("doc")
	if doc == "" {
		return ""
	}
	var more []string
	if unit := f.tag.Get("unit"); unit != "" {
		more = append(more, unit)
	}
	if allowed := f.tag.Get("range"); allowed != "" {
		if r := parseRange(allowed); r.high >= 1<<40 { // a bound that only catches slips of the pen
			allowed = strings.ReplaceAll(interval{r.low, math.Inf(1), r.lowText, "", r.openLow, true, r.orZero}.words(), "at least ", ">= ")
		}
		more = append(more, allowed)
	}
	words := strings.Split(f.tag.Get("choice"), ", ")
	if slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(doc, w) }) {
		more = append(more, f.tag.Get("choice"))
	}
	if len(more) == 0 {
		return doc
	}
	return doc + "; " + strings.Join(more, ", ")
}

// Allowed says what its range and unit allow, as it goes after "must be": "between 1 and 2^24
// steps"; "" if it has no range.
func (f Field) Allowed() string {
	if f.tag.Get("range") == "" {
		return ""
	}
	return parseRange(f.tag.Get("range")).with(f)
}

// Bounds returns the lowest and highest number that its range allows, beside a 0 before "or"; ok is
// false if it has no range.
func (f Field) Bounds() (low, high float64, ok bool) {
	if f.tag.Get("range") == "" {
		return 0, 0, false
	}
	r := parseRange(f.tag.Get("range"))
	return r.low, r.high, true
}

// Unit is its unit, or "".
func (f Field) Unit() string { return f.tag.Get("unit") }

// IsAlso reports whether a name that is not its key is known to stand for it elsewhere.
func (f Field) IsAlso(name string) bool {
	return slices.ContainsFunc(strings.Split(f.tag.Get("also"), ", "), func(also string) bool { return also != "" && strings.EqualFold(also, name) })
}

// IsOnce reports whether the setting once had that key.
func (f Field) IsOnce(key string) bool {
	return key != "" && slices.Contains(strings.Split(f.tag.Get("once"), ", "), key)
}

// Find returns the setting that has a key, or once had it.
func Find(t reflect.Type, key string) (Field, bool) {
	fs := Fields(t)
	k := slices.IndexFunc(fs, func(f Field) bool { return f.Name == key })
	if k < 0 {
		k = slices.IndexFunc(fs, func(f Field) bool { return f.IsOnce(key) })
	}
	if k < 0 {
		return Field{}, false
	}
	return fs[k], true
}

// Default returns a description with all defaults.
func Default[T any]() T {
	var target T
	SetDefaults(&target)
	return target
}

// SetDefaults gives every setting of the struct to which target points its default; without one it
// is 0, "" or nil. Nothing is shared between two calls. It panics if a tag is wrong.
func SetDefaults(target any) {
	v := reflect.ValueOf(target).Elem()
	v.SetZero()
	setDefaults(v)
}

func setDefaults(v reflect.Value) {
	for f := range v.Type().Fields() {
		fv := v.FieldByIndex(f.Index)
		if !f.IsExported() && !f.Anonymous || f.Tag.Get("yaml") == "-" {
			continue
		}
		text, given := f.Tag.Lookup("default")
		switch {
		case isBlock(fv.Type()):
			setDefaults(fv)
			for _, change := range strings.Fields(text) {
				name, value, _ := strings.Cut(change, "=")
				k := slices.IndexFunc(Fields(fv.Type()), func(f Field) bool { return f.Name == name })
				if k < 0 {
					panic(fmt.Sprintf("settings: %v has no setting %q", fv.Type(), name))
				}
				setDefault(fv.FieldByIndex(Fields(fv.Type())[k].Index), value)
			}
		case given:
			setDefault(fv, text)
		}
	}
}

// isBlock reports whether a type is a struct of settings rather than a single value.
func isBlock(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func setDefault(v reflect.Value, text string) {
	if err := setText(v, text); err != nil {
		panic(fmt.Sprintf("settings: %q is no default for %v: %v", text, v.Type(), err))
	}
}

// Set gives the setting that has a key, in the struct to which target points, the value that a text
// stands for, written as in the tag default; it is not checked. The error is a Problem at that key.
func Set(target any, key, text string) error {
	v := reflect.ValueOf(target).Elem()
	f, ok := Find(v.Type(), key)
	if !ok {
		return Problem{Path: key, Message: "there is no such setting"}
	}
	x := v.FieldByIndex(f.Index)
	err := errors.New("is no value")
	if text != "null" && strings.TrimSpace(text) == text { // which JSON has nothing against
		err = setText(x, text)
	}
	switch {
	case err == nil:
		return nil
	case x.Kind() == reflect.Float64:
		return Problem{Path: f.Name, Message: fmt.Sprintf("%q is no number", text)}
	case Words(x.Type()) == nil && (x.CanInt() || x.CanUint()):
		return Problem{Path: f.Name, Message: fmt.Sprintf("%q is no whole number, or too large", text)}
	}
	return Problem{Path: f.Name, Message: fmt.Sprintf("%q: %v", text, err)}
}

func setText(v reflect.Value, text string) error {
	var err error
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		err = u.UnmarshalText([]byte(text))
	} else if v.Kind() == reflect.String {
		v.SetString(text)
	} else if v.Type() == reflect.TypeFor[time.Duration]() {
		var d time.Duration
		d, err = time.ParseDuration(text)
		v.SetInt(int64(d))
	} else {
		err = json.Unmarshal([]byte(text), v.Addr().Interface())
	}
	return err
}

// Check returns the settings of the struct (or of that to which target points) that are outside
// their range or none of the choices. It panics if a tag is wrong.
func Check(target any) Problems {
	var ps Problems
	check(&ps, reflect.Indirect(reflect.ValueOf(target)), "", Field{})
	return ps
}

// check checks a value that belongs to a field, or is one of several that do.
func check(ps *Problems, v reflect.Value, path string, of Field) {
	allowed, choice := of.tag.Get("range"), of.tag.Get("choice")
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			check(ps, v.Elem(), path, of)
		}
	case reflect.Struct:
		if !isBlock(v.Type()) {
			return
		}
		for _, f := range Fields(v.Type()) {
			check(ps, v.FieldByIndex(f.Index), Join(path, f.Name), f)
		}
	case reflect.Slice, reflect.Array:
		if allowed == "" && choice == "" && !holdsBlocks(v.Type()) {
			return
		}
		before := len(*ps)
		if xs, ok := v.Interface().([]float64); ok && allowed != "" { // which may be long
			r := parseRange(allowed)
			for k, x := range xs {
				if !r.holds(x) && len(*ps) < before+maxProblems {
					ps.Add(Join(path, strconv.Itoa(k)), "must be %s", r.with(of))
				}
			}
			return
		}
		for k := 0; k < v.Len() && len(*ps) < before+maxProblems; k++ {
			check(ps, v.Index(k), Join(path, strconv.Itoa(k)), of)
		}
	case reflect.String:
		if choice != "" && !slices.Contains(strings.Split(choice, ", "), v.String()) {
			ps.Add(path, "allowed are %s", choice)
		}
	default:
		if allowed == "" {
			return
		}
		x := 0.0
		switch {
		case v.CanInt():
			x = float64(v.Int())
		case v.CanUint():
			x = float64(v.Uint())
		case v.CanFloat():
			x = v.Float()
		default:
			panic(fmt.Sprintf("settings: %s is a %v and cannot have a range", path, v.Type()))
		}
		if r := parseRange(allowed); !r.holds(x) {
			ps.Add(path, "must be %s", r.with(of))
		}
	}
}

// maxProblems bounds the faults reported of one list: more would only drown the reader.
const maxProblems = 100

func holdsBlocks(t reflect.Type) bool {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return isBlock(t)
}

// interval is what the tag range says.
type interval struct {
	low, high         float64
	lowText, highText string
	openLow, openHigh bool // the end itself is not allowed
	orZero            bool
}

func parseRange(text string) interval {
	var r interval
	bad := func() { panic(fmt.Sprintf("settings: %q is no range", text)) }
	rest, orZero := strings.CutPrefix(text, "0 or ")
	r.orZero = orZero
	inner := strings.TrimLeft(rest, "[(")
	inner = strings.TrimRight(inner, "])")
	var ok bool
	if r.lowText, r.highText, ok = strings.Cut(inner, ", "); !ok || len(rest) != len(inner)+2 {
		bad()
	}
	r.openLow, r.openHigh = rest[0] == '(', rest[len(rest)-1] == ')'
	for _, end := range []struct {
		text string
		to   *float64
	}{{r.lowText, &r.low}, {r.highText, &r.high}} {
		base, power, isPower := strings.Cut(end.text, "^")
		x, err := strconv.ParseFloat(base, 64)
		if isPower {
			n, err2 := strconv.Atoi(power)
			if base != "2" || err2 != nil {
				bad()
			}
			x = math.Ldexp(1, n)
		}
		if err != nil {
			bad()
		}
		*end.to = x
	}
	return r
}

// holds reports whether x is allowed. Nothing allows NaN or, but for an interval that ends there,
// infinities.
func (r interval) holds(x float64) bool {
	if r.orZero && x == 0 {
		return true
	}
	return (x > r.low || x == r.low && !r.openLow) && (x < r.high || x == r.high && !r.openHigh)
}

// with says what is allowed for a field, with its unit.
func (r interval) with(f Field) string {
	return strings.TrimSpace(r.words() + " " + f.tag.Get("unit"))
}

// words says what is allowed, as it goes after "must be".
func (r interval) words() string {
	text := ""
	switch infinite := math.IsInf(r.high, 1); {
	case infinite && r.openLow:
		text = "above " + r.lowText
	case infinite:
		text = "at least " + r.lowText
	case r.openLow && r.openHigh:
		text = fmt.Sprintf("above %s and below %s", r.lowText, r.highText)
	case r.openLow:
		text = fmt.Sprintf("above %s and at most %s", r.lowText, r.highText)
	case r.openHigh:
		text = fmt.Sprintf("at least %s and below %s", r.lowText, r.highText)
	default:
		text = fmt.Sprintf("between %s and %s", r.lowText, r.highText)
	}
	if r.orZero {
		return "0 or " + text
	}
	return text
}

// Join appends a key to a dotted path.
func Join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
