package yamlconf

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Limits of what a document may hold and what is said about it. A matrix of 1000 x 1000 weights is
// about 20 MB of text.
const (
	maxBytes    = 64 << 20
	maxExpanded = 1 << 20 // values reached through aliases
	maxDepth    = 64
	maxIssues   = 100 // told one by one
)

// Document is a parsed file with its overrides. It is not safe for concurrent use.
type Document struct {
	// AllowUnknown makes Decode ignore unknown keys.
	AllowUnknown bool
	// Folder is what the paths of files of numbers in the text are relative to, SetFolder what
	// those in overrides are; "": the working folder.
	Folder, SetFolder string
	// Below is what stands before these paths in the text, where the text is that of a file in a
	// folder below Folder.
	Below string
	// Closed makes Decode refuse files of numbers, but for those that stand in Folder itself or
	// were put into Files: the text may be a stranger's.
	Closed bool
	// Files reads these files; nil: each of them is read for this document alone.
	Files *Files
	// Unread makes Decode take files of numbers by their sha256 alone, without reading them. What
	// they stand for is empty, and with one of them Validate is not called.
	Unread bool

	inputs Inputs
	name   string
	root   *yaml.Node // mapping; nil if the text could not be parsed
	sets   []override
	issues Errors // of syntax
}

type override struct {
	arg  string // path=value
	path string
	text string
	node *yaml.Node
}

// ReadFile reads a file for Parse, and no more of it than Parse needs to find it too large: a path
// such as /dev/zero has no end.
func ReadFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	return io.ReadAll(io.LimitReader(f, maxBytes+1))
}

// Parse reads the YAML text of the file `name` (for messages only). Faults of syntax are reported
// by Decode.
func Parse(name string, data []byte) *Document {
	d := &Document{name: name}
	if len(data) > maxBytes {
		d.fault(0, fmt.Sprintf("is larger than %d MB", maxBytes>>20))
		return d
	}
	n, line, msg := parse(data)
	switch {
	case msg != "":
		d.fault(line, msg)
	case n == nil || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null":
		d.fault(0, "is empty")
	case n.Kind != yaml.MappingNode || n.ShortTag() != "!!map":
		d.fault(n.Line, "must hold keys and values (key: value)")
	default:
		d.root = n
	}
	return d
}

func (d *Document) fault(line int, msg string) {
	d.issues = append(d.issues, Issue{File: d.name, Line: line, Message: msg})
}

// Set adds an override "path=value"; the value is YAML, the path is dotted and may index lists
// (a.b.0.c). Overrides apply in order, after the file. Faults are reported by Decode.
func (d *Document) Set(arg string) {
	path, text, ok := strings.Cut(arg, "=")
	path = strings.TrimSpace(path)
	o := override{arg: path + "=" + shorten(text, 60), path: path, text: text}
	if !ok || path == "" {
		d.issues = append(d.issues, Issue{Set: shorten(arg, 60), Message: "is not of the form path=value"})
		return
	}
	if len(text) > maxBytes {
		d.issues = append(d.issues, Issue{Set: o.arg, Path: path, Message: "is too long"})
		return
	}
	n, _, msg := parse([]byte(text))
	switch {
	case strings.TrimSpace(text) == "" || n == nil && msg == "":
		n = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle}
	case msg != "":
		// Whether this matters depends on the type at the path: a string takes the text as it is.
		n = nil
	}
	o.node = n
	d.sets = append(d.sets, o)
}

// Inputs returns which values of the targets of Decode came from files of numbers.
func (d *Document) Inputs() Inputs { return d.inputs }

// Text returns the plain text of the scalar at a key of the top level, overrides included, and ""
// if there is none. It serves to choose the targets of Decode.
func (d *Document) Text(key string) string {
	for k := len(d.sets) - 1; k >= 0; k-- {
		if o := d.sets[k]; o.path == key && o.node != nil && o.node.Kind == yaml.ScalarNode {
			return o.node.Value
		}
	}
	if v := d.top(key); v != nil && v.Kind == yaml.ScalarNode && v.ShortTag() != "!!null" {
		return v.Value
	}
	return ""
}

// With returns a copy of d with further overrides, as Set takes them.
func (d *Document) With(args ...string) *Document {
	c := *d
	c.sets, c.issues = slices.Clip(d.sets), slices.Clip(d.issues)
	for _, arg := range args {
		c.Set(arg)
	}
	return &c
}

// Under returns the mapping at a key of the top level as a document of its own, with the file and
// the lines that it has in d, and without overrides; nil if there is no mapping.
func (d *Document) Under(key string) *Document {
	if n := d.top(key); n != nil && n.Kind == yaml.MappingNode {
		return &Document{name: d.name, root: n}
	}
	return nil
}

// Keys returns the keys of the top level, without those that are merged (<<).
func (d *Document) Keys() (keys []string) {
	if d.root == nil {
		return nil
	}
	for k := 0; k+1 < len(d.root.Content); k += 2 {
		keys = append(keys, d.root.Content[k].Value)
	}
	return keys
}

// Raw returns the document, without overrides, as a value of another one. The error is Errors.
func (d *Document) Raw() (Raw, error) {
	dec := &decoder{Document: d, origins: map[string]origin{}, active: map[*yaml.Node]bool{}}
	dec.issues = append(dec.issues, d.issues...)
	var r Raw
	if d.root != nil {
		r = dec.raw(d.root, "", 0)
	}
	if len(dec.issues) > 0 {
		return "", dec.issues
	}
	return r, nil
}

// top returns the value at a key of the top level behind its aliases, or nil.
func (d *Document) top(key string) *yaml.Node {
	if d.root == nil {
		return nil
	}
	for k := 0; k+1 < len(d.root.Content); k += 2 {
		if d.root.Content[k].Value != key {
			continue
		}
		v := d.root.Content[k+1]
		for hops := 0; v.Kind == yaml.AliasNode && hops < maxDepth; hops++ {
			v = v.Alias
		}
		return v
	}
	return nil
}

// parse returns the single document of data, or nil and a line with what is wrong.
func parse(data []byte) (n *yaml.Node, line int, msg string) {
	defer func() {
		// The library panics on some malformed inputs; to the user that is a syntax error like any
		// other.
		if r := recover(); r != nil {
			n, line, msg = nil, 0, fmt.Sprintf("is not valid YAML: %v", r)
		}
	}()
	var doc yaml.Node
	err := yaml.Load(data, &doc)
	var one *yaml.LoadError
	var many *yaml.LoadErrors
	switch {
	case err == nil:
	case errors.As(err, &many) && len(many.Errors) > 0:
		text := strings.TrimPrefix(many.Errors[0].Message, "yaml: ")
		if strings.Contains(text, "no documents") {
			return nil, 0, ""
		}
		if strings.Contains(text, "found multiple") {
			return nil, 0, "holds several documents (separated by ---); one is allowed"
		}
		return nil, many.Errors[0].Mark.Line, "is not valid YAML: " + text
	case errors.As(err, &one):
		text := one.Message
		if one.ContextMsg != "" {
			text = one.ContextMsg + ": " + text
		}
		if lines := strings.SplitN(string(data), "\n", one.Mark.Line+1); one.Mark.Line > 0 && one.Mark.Line <= len(lines) &&
			strings.HasPrefix(strings.TrimLeft(lines[one.Mark.Line-1], " "), "\t") {
			text += " (indent with spaces, not with tabs)"
		}
		return nil, one.Mark.Line, "is not valid YAML: " + text
	default:
		return nil, 0, "is not valid YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")
	}
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		return doc.Content[0], 0, ""
	}
	if doc.Kind == 0 {
		return nil, 0, ""
	}
	return &doc, 0, ""
}

// shorten cuts s to about n bytes, on one line.
func shorten(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= n {
		return s
	}
	cut := n - 3
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut] + "..."
}
