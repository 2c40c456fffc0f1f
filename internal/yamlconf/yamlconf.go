// Package yamlconf reads and writes configuration files strictly.
//
// A Document holds a YAML file and any number of overrides (`path=value`). Decode fills structs
// that already hold their defaults and returns every problem at once (of very many the first
// hundred), each with file, line, path, value, and what is allowed. Unknown keys, duplicate keys,
// values of another type, NaN and infinities are problems. Anchors, aliases and merge keys work;
// what they may expand to is bounded. Marshal writes structs back, with a comment for every field,
// such that Decode returns exactly the same values.
//
// A key that a setting had in earlier versions (tag once) is read as its present one, in files and
// in overrides; messages and Marshal use the present one.
//
// Fields carry the tags of package settings. Supported are booleans, integers, floats, strings,
// time.Duration ("90s"), encoding.TextUnmarshaler (with TextMarshaler), structs, embedded structs
// (inlined), pointers (null is nil), slices (null is nil; see also Mapped), arrays, and Raw.
// Elements of slices and targets of pointers begin with the defaults of their tags; a target of
// Decode may have a method Validate, which says what is wrong with its values.
//
// The package is not a general YAML library: multiple documents, tags of one's own, and keys that
// are not text are refused.
package yamlconf

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"spikealign/settings"
)

// Validator is implemented by targets of Decode that check their values. It returns all problems,
// and nil if there are none. It is called even when parts of the file could not be read (these
// parts then hold defaults), so it must not panic whatever the values are.
type Validator interface {
	Validate() settings.Problems
}

// Mapped is implemented by pointers to slices that may also be written as keys and values, such as
// a range.
type Mapped interface {
	// Form returns a pointer to the struct whose fields are the keys, with its defaults.
	Form() any
	// Expand fills the slice from a form that was read, or returns what is wrong with it, by paths
	// within the form.
	Expand(form any) settings.Problems
}

// Issue is a problem with its place.
type Issue struct {
	File    string // "" for an override
	Line    int    // 1-based; 0 if the value does not stand in the file
	Set     string // the override, "path=value", or ""
	Path    string
	Value   string // as written, shortened; "" if there is none
	Message string
}

// Error returns `file:line: path = value: message`, or `--set path=value: message`.
func (i Issue) Error() string {
	var b strings.Builder
	switch {
	case i.Set != "":
		fmt.Fprintf(&b, "--set %s: ", i.Set)
		if setPath, _, _ := strings.Cut(i.Set, "="); setPath == i.Path {
			b.WriteString(i.Message)
			return b.String()
		}
	case i.Line > 0:
		fmt.Fprintf(&b, "%s:%d: ", i.File, i.Line)
	default:
		fmt.Fprintf(&b, "%s: ", i.File)
	}
	if i.Path != "" {
		b.WriteString(i.Path)
		if i.Value != "" {
			b.WriteString(" = " + i.Value)
		}
		b.WriteString(": ")
	}
	b.WriteString(i.Message)
	return b.String()
}

// Errors is every issue of a document: file order, then overrides.
type Errors []Issue

// Error returns one line per issue.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for k, i := range e {
		lines[k] = i.Error()
	}
	return strings.Join(lines, "\n")
}

// Join returns the issues of several Errors as one: those of the file that is named first, then of
// others, then of overrides; each by line. It returns nil if all errors are nil, and the first
// error that is no Errors if there is one.
func Join(errs ...error) error {
	var all Errors
	for _, err := range errs {
		var e Errors
		if err != nil && !errors.As(err, &e) {
			return err
		}
		all = append(all, e...)
	}
	if len(all) == 0 {
		return nil
	}
	var files []string
	for _, i := range all {
		if i.Set == "" && !slices.Contains(files, i.File) {
			files = append(files, i.File)
		}
	}
	all.sort()
	place := func(i Issue) int {
		if i.Set != "" {
			return len(files)
		}
		return slices.Index(files, i.File)
	}
	slices.SortStableFunc(all, func(a, b Issue) int { return cmp.Compare(place(a), place(b)) })
	return all
}

func (e Errors) sort() {
	rank := func(i Issue) int {
		switch {
		case i.Set != "":
			return 2
		case i.Line == 0:
			return 1
		}
		return 0
	}
	slices.SortStableFunc(e, func(a, b Issue) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Line, b.Line))
	})
}
