package experiment

import (
	"strings"

	"spikealign/internal/yamlconf"
)

// Setting is a value of an experiment file, as text.
type Setting struct {
	Path    string `json:"path"`
	Value   string `json:"value"`
	Default string `json:"default"`
	Doc     string `json:"doc,omitempty"`
	// Differs says that it is another value than the default.
	Differs bool `json:"differs,omitempty"`
}

// Describer compares experiment files with the defaults of their kinds. It is not safe for
// concurrent use.
type Describer struct {
	kinds    Kinds
	defaults map[string]map[string]string // by kind and path
}

// NewDescriber returns a Describer of experiments of these kinds.
func NewDescriber(ks Kinds) *Describer { return &Describer{ks, map[string]map[string]string{}} }

// Settings returns the values that an experiment file, or a sweep file, says, each with its
// default, in the order of the file. The text is looked at as it is: nothing is checked, and no
// file that it names is read.
func (d *Describer) Settings(data []byte) []Setting {
	doc := yamlconf.Parse("", data)
	defaults, below := d.of(doc.Text("kind")), ""
	if base := doc.Under("experiment"); base != nil && doc.Text("kind") == SweepKind {
		defaults, below = d.of(base.Text("kind")), "experiment."
	}
	var all []Setting
	for _, l := range doc.Leaves() {
		path, isBelow := strings.CutPrefix(l.Path, below)
		value, known := defaults[path]
		if !isBelow {
			value, known = "", false
		}
		all = append(all, Setting{Path: l.Path, Value: l.Text, Default: value, Doc: l.Doc, Differs: !known || value != l.Text})
	}
	return all
}

// of returns the defaults of a kind by path, nil if there is no such kind.
func (d *Describer) of(kind string) map[string]string {
	if all, ok := d.defaults[kind]; ok || d.kinds.Find(kind) == nil {
		return all
	}
	text, err := d.kinds.Template(kind)
	if err != nil {
		return nil
	}
	all := map[string]string{}
	for _, l := range yamlconf.Parse("", text).Leaves() {
		all[l.Path] = l.Text
	}
	d.defaults[kind] = all
	return all
}
