package yamlconf

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxLeaf is how long the text of a list gets: nobody reads a matrix on one line.
const maxLeaf = 400

// Leaf is a value of a document that is no mapping, or one that names a file of numbers.
type Leaf struct {
	Path string // dotted
	Text string // of a list, on one line, its beginning
	Doc  string // its comment
}

// Leaves returns the values of the document, without overrides, in its order, nil if it is none.
// Lists are values: what is in them is part of their text.
func (d *Document) Leaves() []Leaf {
	if d.root == nil {
		return nil
	}
	return leaves(nil, d.root, "", 0)
}

func leaves(all []Leaf, n *yaml.Node, path string, depth int) []Leaf {
	for k := 0; k+1 < len(n.Content) && depth < maxDepth; k += 2 {
		key, v := n.Content[k], n.Content[k+1]
		at := strings.TrimPrefix(path+"."+key.Value, ".")
		if v.Kind == yaml.MappingNode && len(v.Content) > 0 && v.Content[0].Value != "file" {
			all = leaves(all, v, at, depth+1)
			continue
		}
		doc := v.LineComment
		if doc == "" {
			doc = key.HeadComment
		}
		var words []string
		for line := range strings.Lines(doc) {
			words = append(words, strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "#")))
		}
		text := v.Value
		if v.Kind != yaml.ScalarNode || v.ShortTag() == "!!null" {
			text = flow(v, maxLeaf)
		}
		all = append(all, Leaf{at, text, strings.Join(words, " ")})
	}
	return all
}
