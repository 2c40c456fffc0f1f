package yamlconf

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"spikealign/settings"
)

var (
	durationType    = reflect.TypeFor[time.Duration]()
	rawType         = reflect.TypeFor[Raw]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

	floatText = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
	intText   = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*|0x[0-9a-fA-F]+)$`)
)

// isText reports whether values of t are written as text through encoding.TextUnmarshaler.
func isText(t reflect.Type) bool { return reflect.PointerTo(t).Implements(textUnmarshaler) }

// origin is where the value at a path was written.
type origin struct {
	line  int
	set   string
	value string
}

type decoder struct {
	*Document
	targets  []reflect.Value
	issues   Errors
	origins  map[string]origin
	set      string              // the override being decoded
	active   map[*yaml.Node]bool // aliases being expanded
	expanded int
	full     bool            // too much was expanded; said once
	more     int             // issues beyond maxIssues
	told     map[string]bool // problems of columns
}

// Decode fills the targets, pointers to structs that hold their defaults. The keys of the file's
// top level belong to whichever target has them. It returns nil or Errors with every problem of
// syntax, type, key and (Validator) value.
func (d *Document) Decode(targets ...any) error {
	dec := &decoder{Document: d, origins: map[string]origin{}, active: map[*yaml.Node]bool{}, told: map[string]bool{}}
	for _, t := range targets {
		v := reflect.ValueOf(t)
		if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
			panic("yamlconf: Decode needs pointers to structs")
		}
		dec.targets = append(dec.targets, v.Elem())
	}
	dec.issues = append(dec.issues, d.issues...)
	if d.root != nil {
		dec.structs(d.root, dec.targets, "", 0)
	}
	for _, o := range d.sets {
		dec.override(o)
	}
	dec.set = ""
	decoded := len(dec.issues)
	if d.root != nil && !(d.Unread && len(d.inputs.List) > 0) {
		for _, t := range targets {
			if c, ok := t.(Validator); ok {
				for _, p := range c.Validate() {
					dec.problem(p, dec.issues[:decoded])
				}
			}
		}
	}
	if len(dec.issues) == 0 {
		return nil
	}
	dec.issues.sort()
	if dec.more > 0 {
		dec.issues = append(dec.issues, Issue{File: d.name, Message: fmt.Sprintf("... and %d more problems", dec.more)})
	}
	return dec.issues
}

// drowned counts an issue without keeping it, once there are so many (a large matrix of something
// else than numbers) that more would only drown the user.
func (d *decoder) drowned() bool {
	if len(d.issues) < maxIssues {
		return false
	}
	d.more++
	return true
}

func (d *decoder) issue(n *yaml.Node, path, format string, args ...any) {
	if d.drowned() {
		return
	}
	i := Issue{File: d.name, Path: path, Message: fmt.Sprintf(format, args...)}
	if n != nil {
		i.Line = n.Line
		i.Value = flow(n, 60)
	}
	if d.set != "" {
		i.File, i.Line, i.Set = "", 0, d.set
	}
	d.issues = append(d.issues, i)
}

// problem adds one finding of Validate unless reading the file has complained about the same place.
func (d *decoder) problem(p settings.Problem, before Errors) {
	for _, i := range before {
		if i.Path != "" && (i.Path == p.Path || under(p.Path, i.Path) || under(i.Path, p.Path)) {
			return
		}
	}
	// What is wrong with a column is wrong with every element.
	if column := d.inputs.column(p.Path); column != "" {
		if d.told[column+p.Message] {
			return
		}
		d.told[column+p.Message] = true
	}
	if d.drowned() {
		return
	}
	i := Issue{File: d.name, Path: p.Path, Message: p.Message + d.inputs.shapes(p)}
	if o, ok := d.origins[p.Path]; ok {
		i.Line, i.Set, i.Value = o.line, o.set, o.value
	} else {
		value := ""
		if o, ok := d.below(p.Path); ok {
			i.Line, i.Set = o.line, o.set
		}
		for up := p.Path; up != "" && i.Line == 0 && i.Set == ""; {
			k := strings.LastIndexByte(up, '.')
			if k < 0 {
				break
			}
			up = up[:k]
			if o, ok := d.origins[up]; ok {
				i.Line, i.Set = o.line, o.set
				break
			}
		}
		for _, t := range d.targets {
			if v, ok := lookup(t, p.Path); ok && p.Path != "" {
				value = show(v)
				break
			}
		}
		if i.Line == 0 && i.Set == "" && value != "" {
			value += " (the default)"
		}
		i.Value = value
	}
	if i.Set != "" {
		i.File = ""
	}
	d.issues = append(d.issues, i)
}

// below returns where, in a block that does not stand in the file itself, a value was written last:
// by an override, or else in the file.
func (d *decoder) below(path string) (last origin, ok bool) {
	for p, o := range d.origins {
		if !under(p, path) || strings.Contains(p[len(path)+1:], ".") {
			continue
		}
		at := slices.IndexFunc(d.sets, func(s override) bool { return s.arg == o.set })
		lastAt := slices.IndexFunc(d.sets, func(s override) bool { return s.arg == last.set })
		if !ok || at > lastAt || at == lastAt && o.line > last.line {
			last, ok = o, true
		}
	}
	return last, ok
}

// under reports whether path a lies below path b.
func under(a, b string) bool { return strings.HasPrefix(a, b) && len(a) > len(b) && a[len(b)] == '.' }

func (d *decoder) note(n *yaml.Node, path string) {
	if d.more > 0 {
		return // it would not be used
	}
	o := origin{line: n.Line, value: flow(n, 60)}
	if d.set != "" {
		o.line, o.set = 0, d.set
	}
	d.origins[path] = o
}

// enter resolves aliases. leave undoes it; node is nil if the value cannot be used.
func (d *decoder) enter(n *yaml.Node, path string, depth int) (node *yaml.Node, leave func()) {
	var opened []*yaml.Node
	leave = func() {
		for _, a := range opened {
			delete(d.active, a)
		}
	}
	if depth > maxDepth {
		d.issue(n, path, "is nested more than %d levels deep", maxDepth)
		return nil, leave
	}
	for n.Kind == yaml.AliasNode {
		to := n.Alias
		if d.active[to] || len(opened) > maxDepth {
			d.issue(n, path, "an alias contains itself")
			return nil, leave
		}
		d.active[to] = true
		opened = append(opened, to)
		n = to
	}
	if len(d.active) > 0 {
		if d.expanded++; d.expanded > maxExpanded {
			if !d.full {
				d.full = true
				d.issue(nil, path, "aliases expand to more than %d values", maxExpanded)
			}
			return nil, leave
		}
	}
	return n, leave
}

type pair struct {
	key    *yaml.Node
	val    *yaml.Node
	merged bool // by a merge key
}

// pairs lists the keys of a mapping with merge keys (<<) expanded: own keys win over merged ones,
// earlier merged mappings over later ones.
func (d *decoder) pairs(n *yaml.Node, path string, depth int) []pair {
	var own, merged []pair
	first := map[string]*yaml.Node{}
	for k := 0; k+1 < len(n.Content); k += 2 {
		key, val := n.Content[k], n.Content[k+1]
		switch {
		case key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge":
			m := d.merge(val, path, depth+1)
			d.expanded += len(m)
			merged = append(merged, m...)
			continue
		case key.Kind != yaml.ScalarNode || strings.HasPrefix(key.Tag, "!") && !strings.HasPrefix(key.Tag, "!!"):
			d.issue(key, path, "a key must be plain text")
			continue
		}
		if f := first[key.Value]; f != nil {
			at := ""
			if d.set == "" {
				at = fmt.Sprintf("; it stands in line %d already", f.Line)
			}
			d.issue(&yaml.Node{Line: key.Line}, settings.Join(path, key.Value), "duplicate key%s", at)
			continue
		}
		first[key.Value] = key
		own = append(own, pair{key: key, val: val})
	}
	for _, m := range merged {
		if first[m.key.Value] == nil {
			first[m.key.Value] = m.key
			m.merged = true
			own = append(own, m)
		}
	}
	return own
}

func (d *decoder) merge(val *yaml.Node, path string, depth int) []pair {
	v, leave := d.enter(val, path, depth)
	defer leave()
	switch {
	case v == nil:
	case v.Kind == yaml.MappingNode:
		return d.pairs(v, path, depth)
	case v.Kind == yaml.SequenceNode:
		var all []pair
		for _, c := range v.Content {
			m, leave := d.enter(c, path, depth+1)
			if m != nil && m.Kind == yaml.MappingNode {
				all = append(all, d.pairs(m, path, depth+1)...)
			} else if m != nil {
				d.issue(c, settings.Join(path, "<<"), "can merge only mappings")
			}
			leave()
		}
		return all
	default:
		d.issue(val, settings.Join(path, "<<"), "can merge only a mapping (an alias such as *name) or a list of them")
	}
	return nil
}

// structs decodes a mapping into the struct (of several) that has the key.
func (d *decoder) structs(n *yaml.Node, vs []reflect.Value, path string, depth int) {
	given := map[string]*yaml.Node{} // keys by the names that they have now
	for _, p := range d.pairs(n, path, depth) {
		v, name, ok := member(vs, p.key.Value)
		if !ok {
			d.unknown(p, vs, path)
			continue
		}
		at := settings.Join(path, name)
		if before := given[name]; before != nil {
			if !p.merged {
				d.issue(&yaml.Node{Line: p.key.Line}, at, "is given twice: %s is the earlier name of %s", former(p.key, before, name), name)
			}
			continue
		}
		given[name] = p.key
		d.value(p.val, v, at, depth+1)
	}
}

// former is the one of two keys that is not the present name.
func former(a, b *yaml.Node, name string) string {
	if a.Value != name {
		return a.Value
	}
	return b.Value
}

// member finds the field for a key, and the name that it has now.
func member(vs []reflect.Value, key string) (field reflect.Value, name string, ok bool) {
	for _, v := range vs {
		if f, ok := settings.Find(v.Type(), key); ok {
			return v.FieldByIndex(f.Index), f.Name, true
		}
	}
	return reflect.Value{}, "", false
}

func (d *decoder) unknown(p pair, vs []reflect.Value, path string) {
	if d.AllowUnknown && path == "" {
		return
	}
	at := *p.val
	at.Line = p.key.Line
	d.issue(&at, settings.Join(path, shorten(p.key.Value, 40)), "unknown key; %s", d.hint(p.key.Value, vs, path))
}

func (d *decoder) hint(key string, vs []reflect.Value, path string) string {
	var known, also, elsewhere []string
	for _, v := range vs {
		also = append(also, alsoPaths(v.Type(), path, key, false)...)
		for _, f := range settings.Fields(v.Type()) {
			known = append(known, f.Name)
		}
	}
	for _, t := range d.targets {
		elsewhere = append(elsewhere, allPaths(t.Type(), "", 0)...)
	}
	if len(also) == 0 && Nearest(key, known) == "" {
		for _, t := range d.targets {
			also = append(also, alsoPaths(t.Type(), "", key, true)...)
		}
	}
	return hint(key, path, known, also, elsewhere)
}

// value decodes a node into v. On a problem v keeps what it had.
func (d *decoder) value(n *yaml.Node, v reflect.Value, path string, depth int) {
	n, leave := d.enter(n, path, depth)
	defer leave()
	if n == nil {
		return
	}
	d.note(n, path)
	t := v.Type()
	isNull := n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
	if !knownTag(n) {
		d.issue(n, path, "the tag %s is not understood", n.Tag)
		return
	}
	switch {
	case t == rawType:
		v.SetString(string(d.raw(n, path, depth)))
		return
	case isText(t):
		if isNull {
			d.issue(n, path, "is empty; give a value or remove the key")
		} else if d.wants(n, yaml.ScalarNode, path, "a word") {
			fresh := reflect.New(t)
			if err := fresh.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.Value)); err != nil {
				d.issue(n, path, "%v", err)
			} else {
				v.Set(fresh.Elem())
			}
		}
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		if isNull {
			v.SetZero()
			return
		}
		fresh := v
		if v.IsNil() {
			fresh = newValue(t.Elem())
		}
		before := len(d.issues)
		d.value(n, fresh.Elem(), path, depth+1)
		if v.IsNil() && len(d.issues) == before {
			v.Set(fresh)
		}
	case reflect.Slice:
		if isNull {
			v.SetZero()
			return
		}
		if m, ok := v.Addr().Interface().(Mapped); ok && n.Kind == yaml.MappingNode {
			d.mapped(n, m, path, depth)
			return
		}
		if n.Kind == yaml.MappingNode && isNumbers(t) {
			d.reference(n, v, path, depth)
			return
		}
		if n.Kind == yaml.MappingNode && d.byColumns(n, t) {
			d.columns(n, v, path, depth)
			return
		}
		if !d.wants(n, yaml.SequenceNode, path, "a list, such as "+sample(t)+orFile(n, t)) {
			return
		}
		if k := t.Elem().Kind(); (k == reflect.Slice || k == reflect.Array) && !isText(t.Elem()) && len(n.Content) > 0 &&
			!slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return c.Kind != yaml.ScalarNode }) {
			d.issue(n, path, "is a list of single values; needed: a list of lists, such as %s", sample(t))
			return
		}
		list := reflect.MakeSlice(t, 0, len(n.Content))
		for k, c := range n.Content {
			e := newValue(t.Elem())
			d.value(c, e.Elem(), settings.Join(path, strconv.Itoa(k)), depth+1)
			list = reflect.Append(list, e.Elem())
		}
		v.Set(list)
	case reflect.Array:
		if !d.wants(n, yaml.SequenceNode, path, "a list, such as "+sample(t)) {
			return
		}
		if len(n.Content) != t.Len() {
			d.issue(n, path, "has %d values, needs %d", len(n.Content), t.Len())
			return
		}
		for k, c := range n.Content {
			d.value(c, v.Index(k), settings.Join(path, strconv.Itoa(k)), depth+1)
		}
	case reflect.Struct:
		if d.wants(n, yaml.MappingNode, path, "keys and values ("+keysOf(t)+")") {
			d.structs(n, []reflect.Value{v}, path, depth+1)
		}
	default:
		if isNull {
			d.issue(&yaml.Node{Line: n.Line}, path, "has no value; give one or remove the key (needed: %s)", wanted(t))
		} else if d.wants(n, yaml.ScalarNode, path, wanted(t)) {
			d.scalar(n, v, path)
		}
	}
}

// mapped decodes a list that is written as keys and values.
func (d *decoder) mapped(n *yaml.Node, m Mapped, path string, depth int) {
	form, before := m.Form(), len(d.issues)+d.more
	d.structs(n, []reflect.Value{reflect.ValueOf(form).Elem()}, path, depth+1)
	if len(d.issues)+d.more > before {
		return
	}
	for _, p := range m.Expand(form) {
		at := &yaml.Node{Line: n.Line}
		if o, ok := d.origins[settings.Join(path, p.Path)]; ok {
			at = &yaml.Node{Kind: yaml.ScalarNode, Line: o.line, Value: o.value}
		}
		d.issue(at, settings.Join(path, p.Path), "%s", p.Message)
	}
}

// keysOf lists the first keys of a struct.
func keysOf(t reflect.Type) string {
	var keys []string
	for _, f := range settings.Fields(t) {
		keys = append(keys, f.Name+": ...")
	}
	if len(keys) > 3 {
		keys = append(keys[:3], "...")
	}
	return strings.Join(keys, ", ")
}

func newValue(t reflect.Type) reflect.Value {
	v := reflect.New(t)
	if t.Kind() == reflect.Struct && !isText(t) {
		settings.SetDefaults(v.Interface())
	}
	return v
}

func knownTag(n *yaml.Node) bool {
	switch n.ShortTag() {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!merge":
		return n.Kind == yaml.ScalarNode
	case "!!map":
		return n.Kind == yaml.MappingNode
	case "!!seq":
		return n.Kind == yaml.SequenceNode
	}
	return false
}

// wants checks the kind of a node.
func (d *decoder) wants(n *yaml.Node, kind yaml.Kind, path, what string) bool {
	if n.Kind == kind {
		return true
	}
	d.issue(n, path, "is %s; needed: %s", kindName(n), what)
	return false
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping (keys and values)"
	case yaml.SequenceNode:
		return "a list"
	}
	if n.ShortTag() == "!!null" {
		return "empty"
	}
	return "a single value"
}

// wanted describes a scalar type to the user.
func wanted(t reflect.Type) string {
	switch {
	case t == durationType:
		return "a duration with its unit, such as 90s, 5m or 1h30m"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64:
		return "a whole number"
	case t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64:
		return "a whole number, 0 or larger"
	case t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64:
		return "a number"
	case t.Kind() == reflect.String:
		return "text"
	}
	panic(fmt.Sprintf("yamlconf: type %v is not supported", t))
}

func sample(t reflect.Type) string {
	switch e := t.Elem(); {
	case (e.Kind() == reflect.Slice || e.Kind() == reflect.Array) && !isText(e):
		return "[[1, 2], [3, 4]]"
	case e.Kind() == reflect.String, isText(e):
		return "[one, two]"
	}
	return "[1, 2]"
}

// orFile says that a list of numbers may come from a file, by the name of one if that is what n is.
func orFile(n *yaml.Node, t reflect.Type) string {
	if !isNumbers(t) {
		return ""
	}
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" && filepath.Ext(n.Value) != "" {
		array := ""
		if strings.EqualFold(filepath.Ext(n.Value), ".npz") {
			array = ", array: NAME"
		}
		return "; or, for the numbers in a file, {file: " + shorten(n.Value, 60) + array + "}"
	}
	return ", or {file: a.npz, array: w}, or {file: a.csv}"
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path string) {
	t := v.Type()
	quoted := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	if t.Kind() == reflect.String {
		v.SetString(n.Value)
		return
	}
	if t == durationType {
		x, err := time.ParseDuration(n.Value)
		if err != nil {
			d.issue(n, path, "is not %s", wanted(t))
			return
		}
		v.SetInt(int64(x))
		return
	}
	if quoted && n.Style&yaml.TaggedStyle == 0 {
		d.issue(n, path, "is text; needed: %s (without quotes)", wanted(t))
		return
	}
	text := strings.ReplaceAll(n.Value, "_", "")
	switch t.Kind() {
	case reflect.Bool:
		if n.ShortTag() != "!!bool" {
			d.issue(n, path, "is not %s", wanted(t))
			return
		}
		v.SetBool(strings.EqualFold(n.Value, "true"))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		x, err := parseInt(text)
		if err == nil && v.OverflowInt(x) || err == errRange {
			top := int64(math.MaxInt64) >> (64 - t.Bits())
			d.outside(n, path, fmt.Sprintf("%d .. %d", -top-1, top))
		} else if err != nil {
			d.issue(n, path, "is not a whole number%s", octal(text)+d.needed(text, path))
		} else {
			v.SetInt(x)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		x, err := parseUint(text)
		if err == nil && v.OverflowUint(x) || err == errRange {
			d.outside(n, path, fmt.Sprintf("0 .. %d", uint64(math.MaxUint64)>>(64-t.Bits())))
		} else if err != nil {
			d.issue(n, path, "is not %s%s", wanted(t), octal(text)+d.needed(text, path))
		} else {
			v.SetUint(x)
		}
	case reflect.Float32, reflect.Float64:
		if !floatText.MatchString(text) {
			switch strings.TrimLeft(strings.ToLower(text), "+-") {
			case ".inf", "inf", ".nan", "nan", "infinity":
				d.issue(n, path, "is not a finite number")
			default:
				d.issue(n, path, "is not a number%s", d.needed(text, path))
			}
			return
		}
		x, err := strconv.ParseFloat(text, t.Bits())
		if err != nil {
			d.issue(n, path, "is outside what a %d-bit number can hold", t.Bits())
			return
		}
		v.SetFloat(x)
	default:
		wanted(t)
	}
}

// allowed says what the field at a path allows; both are "" where it does not tell.
func (d *decoder) allowed(path string) (allowed, unit string) {
	for _, t := range d.targets {
		if f, ok := fieldAt(t.Type(), path); ok {
			return f.Allowed(), f.Unit()
		}
	}
	return "", ""
}

// outside tells of a number that its type cannot hold.
func (d *decoder) outside(n *yaml.Node, path, held string) {
	if allowed, _ := d.allowed(path); allowed != "" {
		d.issue(n, path, "must be %s", allowed)
		return
	}
	d.issue(n, path, "is outside %s", held)
}

var withUnit = regexp.MustCompile(`^[-+]?[0-9][0-9.eE+-]* ?[a-zA-Z\x{b5}\x{3bc}]+$`)

// needed says, after "is not a number", what is needed: who gives seconds learns that it is steps.
func (d *decoder) needed(text, path string) string {
	allowed, unit := d.allowed(path)
	bare := ""
	if withUnit.MatchString(text) {
		bare = ", written without a unit"
	}
	switch {
	case allowed != "":
		return "; must be " + allowed + bare
	case unit != "":
		return "; needed: " + unit + bare
	}
	return ""
}

// octal explains the one surprise of leading zeros.
func octal(text string) string {
	if t := strings.TrimLeft(text, "+-"); len(t) > 1 && t[0] == '0' && strings.Trim(t, "0123456789") == "" {
		return " (leading zeros are not allowed)"
	}
	return ""
}

var (
	errRange  = errors.New("out of range")
	errSyntax = errors.New("not an integer")
)

// parseInt reads decimal and hexadecimal integers, and floats that are whole: 1e5 epochs.
func parseInt(text string) (int64, error) {
	if intText.MatchString(text) {
		x, err := strconv.ParseInt(text, 0, 64)
		if err != nil {
			return 0, errRange
		}
		return x, nil
	}
	x, err := wholeFloat(text)
	return int64(x), err
}

func parseUint(text string) (uint64, error) {
	if intText.MatchString(text) {
		if strings.HasPrefix(text, "-") && strings.Trim(text, "-0x") != "" {
			return 0, errRange
		}
		x, err := strconv.ParseUint(strings.TrimLeft(text, "+-"), 0, 64)
		if err != nil {
			return 0, errRange
		}
		return x, nil
	}
	x, err := wholeFloat(text)
	if err == nil && x < 0 {
		return 0, errRange
	}
	return uint64(x), err
}

// wholeFloat accepts what a float64 can say exactly.
func wholeFloat(text string) (float64, error) {
	if !floatText.MatchString(text) || octal(text) != "" {
		return 0, errSyntax
	}
	x, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.Abs(x) > 1<<53:
		return 0, errRange
	case x != math.Trunc(x):
		return 0, errSyntax
	}
	return x, nil
}
