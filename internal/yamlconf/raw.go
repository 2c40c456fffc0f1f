package yamlconf

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// Raw is a YAML value kept as text in flow style on one line: `0.5`, `[1, 2]`, `{a: "x y"}`. It can
// stand to the right of an override.
type Raw string

// Text returns the text of a single value without quotes, and r itself for lists and mappings.
func (r Raw) Text() string {
	if n, _, msg := parse([]byte(r)); msg == "" && n != nil && n.Kind == yaml.ScalarNode {
		return n.Value
	}
	return string(r)
}

// WithNumbers returns r with the text of every number in it, at any depth, replaced by what spell
// makes of it. Texts in quotes stay as they are.
func (r Raw) WithNumbers(spell func(string) string) Raw {
	n, _, msg := parse([]byte(r))
	if msg != "" || n == nil {
		return r
	}
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		if tag := n.ShortTag(); n.Kind == yaml.ScalarNode && (tag == "!!int" || tag == "!!float") {
			n.Value = spell(n.Value)
		}
		for _, c := range n.Content {
			walk(c)
		}
	}
	walk(n)
	var b strings.Builder
	writeFlow(&b, n, 0, 1<<30, false)
	return Raw(b.String())
}

// raw renders a node as flow text; aliases and merges are expanded within the limits.
func (d *decoder) raw(n *yaml.Node, path string, depth int) Raw {
	plain := d.expand(n, path, depth)
	if plain == nil {
		return "null"
	}
	var b strings.Builder
	writeFlow(&b, plain, 0, 1<<30, false)
	return Raw(b.String())
}

// expand copies a node without aliases and merge keys.
func (d *decoder) expand(n *yaml.Node, path string, depth int) *yaml.Node {
	n, leave := d.enter(n, path, depth)
	defer leave()
	if n == nil {
		return nil
	}
	if !knownTag(n) {
		d.issue(n, path, "the tag %s is not understood", n.Tag)
		return nil
	}
	c := &yaml.Node{Kind: n.Kind, Style: n.Style, Tag: n.Tag, Value: n.Value, Line: n.Line}
	switch n.Kind {
	case yaml.SequenceNode:
		for _, e := range n.Content {
			if e := d.expand(e, path, depth+1); e != nil {
				c.Content = append(c.Content, e)
			}
		}
	case yaml.MappingNode:
		for _, p := range d.pairs(n, path, depth) {
			if e := d.expand(p.val, path, depth+1); e != nil {
				c.Content = append(c.Content, p.key, e)
			}
		}
	}
	return c
}

// flow renders a node on one line of at most about limit bytes, for messages.
func flow(n *yaml.Node, limit int) string {
	if n.Kind == 0 {
		return ""
	}
	var b strings.Builder
	writeFlow(&b, n, 0, limit, true)
	return shorten(b.String(), limit)
}

// writeFlow renders a node in flow style; plain text is quoted where it must be, or left as it was
// written.
func writeFlow(b *strings.Builder, n *yaml.Node, depth, limit int, asWritten bool) {
	if b.Len() > limit || depth > maxDepth {
		b.WriteString("...")
		return
	}
	switch n.Kind {
	case yaml.AliasNode:
		b.WriteString("*" + n.Value)
	case yaml.SequenceNode:
		b.WriteByte('[')
		for k, c := range n.Content {
			if k > 0 {
				b.WriteString(", ")
			}
			if writeFlow(b, c, depth+1, limit, asWritten); b.Len() > limit {
				break
			}
		}
		b.WriteByte(']')
	case yaml.MappingNode:
		b.WriteByte('{')
		for k := 0; k+1 < len(n.Content); k += 2 {
			if k > 0 {
				b.WriteString(", ")
			}
			writeFlow(b, n.Content[k], depth+1, limit, asWritten)
			b.WriteString(": ")
			if writeFlow(b, n.Content[k+1], depth+1, limit, asWritten); b.Len() > limit {
				break
			}
		}
		b.WriteByte('}')
	default:
		switch {
		case n.ShortTag() == "!!null":
			b.WriteString("null")
		case asWritten && n.Style == 0:
			b.WriteString(n.Value)
		case n.ShortTag() != "!!str" && n.ShortTag() != "!!merge" && isWord(n.Value):
			b.WriteString(n.Value)
		default:
			b.WriteString(quote(n.Value))
		}
	}
}

// isWord reports whether s consists of characters that need no quotes inside of a flow collection.
func isWord(s string) bool {
	for _, c := range []byte(s) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("+-._:~", c) >= 0) {
			return false
		}
	}
	return s != ""
}
