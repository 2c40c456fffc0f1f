package experiment

import (
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

// Settings returns the values that an experiment file says, each with its default, in the order of
// the file. The text is looked at as it is: nothing is checked, and no file that it names is read.
func (ks Kinds) Settings(data []byte) []Setting {
	doc := yamlconf.Parse("", data)
	defaults := ks.defaults(doc.Text("kind"))
	var all []Setting
	for _, l := range doc.Leaves() {
		d, known := defaults[l.Path]
		all = append(all, Setting{Path: l.Path, Value: l.Text, Default: d, Doc: l.Doc, Differs: !known || d != l.Text})
	}
	return all
}

// defaults are the defaults of a kind by path, nil if there is no such kind.
func (ks Kinds) defaults(kind string) map[string]string {
	if ks.Find(kind) == nil {
		return nil
	}
	text, err := ks.Template(kind)
	if err != nil {
		return nil
	}
	all := map[string]string{}
	for _, l := range yamlconf.Parse("", text).Leaves() {
		all[l.Path] = l.Text
	}
	return all
}
