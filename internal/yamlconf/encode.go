package yamlconf

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"spikealign/settings"
)

const width = 120 // of a line with its comment

// Marshal writes the fields of the targets (structs or pointers to structs) as one YAML file, every
// field with its doc as a comment, below a header comment. The same values always give the same
// bytes, and Decode of these bytes gives the same values: floats have full precision, nil slices
// and pointers are null. Matrices are written one row a line. NaN, infinities and text that is not
// UTF-8 are errors.
func Marshal(header string, targets ...any) ([]byte, error) {
	return (&encoder{}).marshal(header, targets)
}

func (e *encoder) marshal(header string, targets []any) ([]byte, error) {
	var lines []string
	for _, h := range wrap(header, width-2) {
		lines = append(lines, "# "+h)
	}
	for _, t := range targets {
		v := reflect.Indirect(reflect.ValueOf(t))
		if len(lines) > 0 && lines[len(lines)-1] != "" {
			lines = append(lines, "")
		}
		lines = append(lines, e.structLines(v, "", true)...)
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if len(e.errs) > 0 {
		return nil, errors.Join(e.errs...)
	}
	return []byte(strings.Join(lines, "\n") + "\n"), nil
}

type encoder struct {
	plain  bool // without comments
	inputs Inputs
	refer  func(Input) Reference
	errs   []error
}

func (e *encoder) fail(path, what string) string {
	e.errs = append(e.errs, fmt.Errorf("yamlconf: %s: %s", path, what))
	return "null"
}

func (e *encoder) structLines(v reflect.Value, path string, top bool) []string {
	var lines []string
	wasBlock := false
	for k, f := range settings.Fields(v.Type()) {
		doc := f.Doc()
		if k := strings.LastIndexByte(path, '.'); e.plain || k >= 0 && isLater(path[k+1:]) {
			doc = ""
		}
		fv := v.FieldByIndex(f.Index)
		value := e.lines(fv, settings.Join(path, f.Name))
		key := quote(f.Name) + ":"
		block := len(value) > 1
		if top && k > 0 && (block || wasBlock) && lines[len(lines)-1] != "" {
			lines = append(lines, "")
		}
		wasBlock = block
		switch {
		case !block && (doc == "" || len(key)+1+len(value[0])+4+len(doc) <= width-len(path)):
			line := key + " " + value[0]
			if doc != "" {
				line += "  # " + doc
			}
			lines = append(lines, line)
			continue
		case doc != "":
			for _, c := range wrap(doc, width-2) {
				lines = append(lines, "# "+c)
			}
		}
		switch {
		case !block:
			lines = append(lines, key+" "+value[0])
		case strings.HasPrefix(value[0], "|") || strings.HasPrefix(value[0], "["):
			lines = append(lines, key+" "+value[0])
			lines = append(lines, indent(value[1:])...)
		default:
			lines = append(lines, key)
			lines = append(lines, indent(value)...)
		}
	}
	if len(lines) == 0 {
		return []string{"{}"}
	}
	return lines
}

// isLater reports whether the last key of a path is that of a list's second or later element, whose
// settings need no comments: the first one has them.
func isLater(key string) bool {
	n, err := strconv.Atoi(key)
	return err == nil && n > 0
}

func indent(lines []string) []string {
	out := make([]string, len(lines))
	for k, l := range lines {
		if l != "" {
			l = "  " + l
		}
		out[k] = l
	}
	return out
}

// lines returns a value as one line, or as the lines of a block below its key.
func (e *encoder) lines(v reflect.Value, path string) []string {
	if s := e.reference(path); s != "" {
		return []string{s}
	}
	if keys := e.inputs.columns[path]; keys != nil {
		var lines []string
		for _, key := range keys {
			lines = append(lines, quote(key)+": "+e.reference(settings.Join(path, key)))
		}
		return e.atLeastTwo(lines)
	}
	if v.Kind() == reflect.Pointer && !v.IsNil() && !isText(v.Type()) {
		return e.lines(v.Elem(), path)
	}
	if v.Kind() == reflect.String && v.Type() != rawType && !isText(v.Type()) {
		if l := literal(v.String()); l != nil {
			return l
		}
	}
	if s, ok := e.inline(v, path); ok {
		if v.Kind() == reflect.Slice && len(s) > width-20 {
			return e.wrapped(v, path)
		}
		return []string{s}
	}
	if v.Kind() == reflect.Struct {
		return e.atLeastTwo(e.structLines(v, path, false))
	}
	var lines []string // slice or array
	for k := range v.Len() {
		at := settings.Join(path, strconv.Itoa(k))
		el := v.Index(k)
		var sub []string
		if s := e.reference(at); s != "" {
			sub = []string{s}
		} else if s, ok := e.inline(el, at); ok {
			sub = []string{s} // a row of a matrix stays on one line
		} else {
			sub = e.lines(el, at)
		}
		// A comment or blank line may come first in a struct: the dash then stands alone.
		if len(sub) > 1 && (strings.HasPrefix(sub[0], "#") || sub[0] == "") {
			lines = append(lines, "-")
			lines = append(lines, indent(sub)...)
			continue
		}
		rest := indent(sub)
		rest[0] = "- " + sub[0]
		lines = append(lines, rest...)
	}
	return e.atLeastTwo(lines)
}

// atLeastTwo keeps a one-line block (a struct with one field) apart from an inline value: a block
// always has two lines or more.
func (e *encoder) atLeastTwo(lines []string) []string {
	if len(lines) == 1 && lines[0] != "{}" {
		return append(lines, "")
	}
	return lines
}

// wrapped writes a long list over several lines.
func (e *encoder) wrapped(v reflect.Value, path string) []string {
	lines := []string{"["}
	line := ""
	for k := range v.Len() {
		s, _ := e.inline(v.Index(k), path)
		s += ","
		if line != "" && len(line)+1+len(s) > width-8 {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += s
	}
	lines = append(lines, strings.TrimSuffix(line, ","))
	return append(lines, "]")
}

// inline renders v on one line if it is a scalar, null, empty, or a list of scalars.
func (e *encoder) inline(v reflect.Value, path string) (string, bool) {
	t := v.Type()
	if s, ok := e.scalar(v, path); ok {
		return s, true
	}
	switch t.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return "null", true
		}
		return e.inline(v.Elem(), path)
	case reflect.Slice, reflect.Array:
		if t.Kind() == reflect.Slice && v.IsNil() {
			return "null", true
		}
		if v.Len() == 0 {
			return "[]", true
		}
		parts := make([]string, v.Len())
		for k := range parts {
			s, ok := e.scalar(v.Index(k), path)
			if !ok {
				return "", false
			}
			parts[k] = s
		}
		return "[" + strings.Join(parts, ", ") + "]", true
	}
	return "", false
}

// scalar renders a single value.
func (e *encoder) scalar(v reflect.Value, path string) (string, bool) {
	t := v.Type()
	switch {
	case t == rawType:
		if v.String() == "" {
			return `""`, true
		}
		return v.String(), true
	case t == durationType:
		return trimDuration(time.Duration(v.Int())), true
	case isText(t):
		m, ok := v.Interface().(encoding.TextMarshaler)
		if !ok && v.CanAddr() {
			m, ok = v.Addr().Interface().(encoding.TextMarshaler)
		}
		if !ok {
			panic(fmt.Sprintf("yamlconf: %v has UnmarshalText but no MarshalText", t))
		}
		text, err := m.MarshalText()
		if err != nil {
			return e.fail(path, err.Error()), true
		}
		return quote(string(text)), true
	}
	switch t.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return "null", true
		}
		return e.scalar(v.Elem(), path)
	case reflect.Bool:
		return strconv.FormatBool(v.Bool()), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10), true
	case reflect.Float32, reflect.Float64:
		x := v.Float()
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return e.fail(path, "not a finite number"), true
		}
		return formatFloat(x, t.Bits()), true
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			return e.fail(path, "text is not UTF-8"), true
		}
		return quote(v.String()), true
	case reflect.Struct, reflect.Slice, reflect.Array:
		return "", false
	}
	panic(fmt.Sprintf("yamlconf: type %v is not supported", t))
}

// formatFloat writes the shortest decimal number that reads back as x, without an exponent for
// everyday sizes.
func formatFloat(x float64, bits int) string {
	if a := math.Abs(x); a != 0 && (a < 1e-5 || a >= 1e15) {
		return strconv.FormatFloat(x, 'e', -1, bits)
	}
	return strconv.FormatFloat(x, 'f', -1, bits)
}

// trimDuration writes 1h0m0s as 1h.
func trimDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// quote returns s plain where YAML reads it back as the same text also inside of lists, else in
// double quotes.
func quote(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x80 && unicode.IsPrint(r), r > 0xA0 && r < 0x10000 && unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02X`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// isPlain is stricter than YAML: words of letters, digits and _ . / - that begin with a letter,
// single spaces between, and not one of the words with a meaning.
func isPlain(s string) bool {
	if s == "" {
		return false
	}
	for k, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		switch {
		case letter:
		case k == 0:
			return false
		case c >= '0' && c <= '9', c == '_', c == '.', c == '/', c == '-':
		case c == ' ' && k < len(s)-1 && s[k-1] != ' ':
		default:
			return false
		}
	}
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		return false
	}
	return true
}

// literal returns multi-line text as a literal block (|), or nil where only quotes keep it exactly.
func literal(s string) []string {
	body := strings.TrimSuffix(s, "\n")
	if !strings.Contains(body, "\n") || strings.HasSuffix(body, "\n") || !utf8.ValidString(s) {
		return nil
	}
	lines := strings.Split(body, "\n")
	for k, l := range lines {
		if strings.HasSuffix(l, " ") || k == 0 && (l == "" || l[0] == ' ') {
			return nil
		}
		for _, r := range l {
			if !unicode.IsPrint(r) || r >= 0x10000 || r == 0xFEFF {
				return nil
			}
		}
	}
	head := "|-"
	if body != s {
		head = "|"
	}
	return append([]string{head}, lines...)
}

// wrap breaks text into lines of at most n bytes.
func wrap(text string, n int) []string {
	var lines []string
	for para := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		line := ""
		for w := range strings.FieldsSeq(para) {
			if line != "" && len(line)+1+len(w) > n {
				lines = append(lines, line)
				line = ""
			}
			if line != "" {
				line += " "
			}
			line += w
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// show renders a decoded value for a message.
func show(v reflect.Value) string {
	e := &encoder{}
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return "null"
	}
	if s, ok := e.inline(v, ""); ok {
		return shorten(s, 60)
	}
	return ""
}
