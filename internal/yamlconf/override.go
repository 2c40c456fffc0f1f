package yamlconf

import (
	"encoding"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"spikealign/settings"
)

// override applies one `path=value` to the decoded structs, defaults included.
func (d *decoder) override(o override) {
	d.set = o.arg
	v, path, ok := d.walk(o, d.targets, o.path, "")
	if !ok {
		return
	}
	if from := d.inputs.above(o.path); from != "" {
		d.issue(nil, o.path, "%s comes from a file: change the file, or set the whole of it", from)
		return
	}
	for p := range d.origins {
		if under(p, path) {
			delete(d.origins, p)
		}
	}
	d.inputs.remove(o.path)
	n := o.node
	if t := baseType(v.Type()); t.Kind() == reflect.String && t != rawType && !isText(t) {
		// Text is taken as it stands ("a: b" needs no quotes on a command line), unless it is
		// quoted or null.
		if n == nil || n.Kind != yaml.ScalarNode || n.ShortTag() != "!!null" && n.Style == 0 {
			n = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: o.text}
		}
	}
	if n == nil {
		_, _, msg := parse([]byte(o.text))
		d.issue(nil, path, "%s", msg)
		return
	}
	d.value(n, v, path, 0)
}

func baseType(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// walk finds the settable value at a path, and the path with the names of now; nil pointers on the
// way are filled.
func (d *decoder) walk(o override, vs []reflect.Value, path, done string) (v reflect.Value, at string, ok bool) {
	key, rest, more := strings.Cut(path, ".")
	v, name, ok := member(vs, key)
	if !ok {
		at = settings.Join(done, key)
		if !d.AllowUnknown || done != "" {
			d.issue(nil, o.path, "unknown key %s; %s", at, d.hint(key, vs, done))
		}
		return v, at, false
	}
	at = settings.Join(done, name)
	for more {
		for v.Kind() == reflect.Pointer && !isText(v.Type()) {
			if v.IsNil() {
				v.Set(newValue(v.Type().Elem()))
			}
			v = v.Elem()
		}
		key, after, deeper := strings.Cut(rest, ".")
		switch {
		case v.Kind() == reflect.Struct && !v.Addr().Type().Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
			return d.walk(o, []reflect.Value{v}, rest, at)
		case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
			k, err := strconv.Atoi(key)
			if err != nil || k < 0 || k >= v.Len() {
				if v.Len() == 0 {
					d.issue(nil, o.path, "%s is empty: there is no element %s; set the whole list", at, key)
				} else {
					d.issue(nil, o.path, "%s has elements 0 .. %d: there is no element %s", at, v.Len()-1, key)
				}
				return v, at, false
			}
			v = v.Index(k)
		default:
			d.issue(nil, o.path, "%s is a single value: there is no %s in it", at, rest)
			return v, at, false
		}
		at, rest, more = settings.Join(at, key), after, deeper
	}
	return v, at, true
}
