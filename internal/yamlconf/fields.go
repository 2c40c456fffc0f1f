package yamlconf

import (
	"reflect"
	"strconv"
	"strings"

	"spikealign/settings"
)

// lookup follows a dotted path through structs, pointers and slices; ok is false where it leads
// nowhere.
func lookup(v reflect.Value, path string) (_ reflect.Value, ok bool) {
	if path == "" {
		return v, true
	}
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return v, false
		}
		v = v.Elem()
	}
	key, rest, _ := strings.Cut(path, ".")
	switch v.Kind() {
	case reflect.Struct:
		for _, f := range settings.Fields(v.Type()) {
			if f.Name == key {
				return lookup(v.FieldByIndex(f.Index), rest)
			}
		}
	case reflect.Slice, reflect.Array:
		if k, err := strconv.Atoi(key); err == nil && k >= 0 && k < v.Len() {
			return lookup(v.Index(k), rest)
		}
	}
	return v, false
}

// allPaths lists the dotted paths of all fields of a type, without descending into lists.
func allPaths(t reflect.Type, prefix string, depth int) []string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || depth > 6 || isText(t) {
		return nil
	}
	var paths []string
	for _, f := range settings.Fields(t) {
		p := settings.Join(prefix, f.Name)
		paths = append(paths, p)
		paths = append(paths, allPaths(t.FieldByIndex(f.Index).Type, p, depth+1)...)
	}
	return paths
}

// alsoPaths lists the dotted paths of the fields of a type that have the name key elsewhere, in
// papers or other programs.
func alsoPaths(t reflect.Type, prefix, key string, deep bool) []string {
	var paths []string
	for _, f := range settings.Fields(t) {
		p := settings.Join(prefix, f.Name)
		if f.IsAlso(key) {
			paths = append(paths, p)
		}
		if sub := baseType(t.FieldByIndex(f.Index).Type); deep && sub.Kind() == reflect.Struct && !isText(sub) {
			paths = append(paths, alsoPaths(sub, p, key, deep)...)
		}
	}
	return paths
}

// fieldAt returns the field to which the value at a dotted path belongs; ok is false where the path
// leads nowhere.
func fieldAt(t reflect.Type, path string) (field settings.Field, ok bool) {
	for path != "" {
		var key string
		key, path, _ = strings.Cut(path, ".")
		switch t = baseType(t); {
		case t.Kind() == reflect.Slice || t.Kind() == reflect.Array:
			t = t.Elem()
		case t.Kind() == reflect.Struct && !isText(t):
			ok = false
			for _, f := range settings.Fields(t) {
				if f.Name == key {
					field, ok, t = f, true, t.FieldByIndex(f.Index).Type
					break
				}
			}
			if !ok {
				return field, false
			}
		default:
			return field, false
		}
	}
	return field, ok
}

// hint proposes a key for an unknown one: what others call so, a near spelling among the keys of
// its struct, the same (or nearly the same) name elsewhere, or the keys that are known.
func hint(key, prefix string, known, also, elsewhere []string) string {
	if n := len(also); n > 0 {
		last := also[n-1]
		if n > 1 {
			last = strings.Join(also[:n-1], ", ") + " or " + last
		}
		return "did you mean " + last + "?"
	}
	if near := Nearest(key, known); near != "" {
		return "did you mean " + settings.Join(prefix, near) + "?"
	}
	best, dist := "", len(key)/4
	for _, p := range elsewhere {
		leaf := p[strings.LastIndexByte(p, '.')+1:]
		if d := distance(strings.ToLower(key), strings.ToLower(leaf)); d <= dist && (best == "" || d < dist) {
			best, dist = p, d
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	if len(known) == 0 {
		return "no key is allowed here"
	}
	return "allowed here: " + shorten(strings.Join(known, ", "), 200)
}

// Nearest returns the word among those known whose spelling is nearest to that of a mistaken one,
// and "" if none is near.
func Nearest(word string, known []string) string {
	best, dist := "", max(1, len(word)/3)
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d <= dist && (best == "" || d < dist) {
			best, dist = k, d
		}
	}
	return best
}

// distance is the number of insertions, deletions, replacements and swaps of neighbours that turn a
// into b.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
