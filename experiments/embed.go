// Package experiments holds the experiment files of the paper's figures, so that the program can
// reproduce them without the files at hand.
package experiments

import (
	"embed"
	"regexp"
)

// Files are the experiment and sweep files of this folder.
//
//go:embed *.yaml
var Files embed.FS

//go:embed README.md
var readme string

// An Example is one of the files, as README.md describes it.
type Example struct {
	Name    string `json:"name"`    // of the file, without .yaml
	Command string `json:"command"` // that takes it: run or sweep
	Doc     string `json:"doc"`
	Time    string `json:"time"` // how long it takes, for readers: "8 s"; with * extrapolated
}

// File is the name of the file in Files.
func (e Example) File() string { return e.Name + ".yaml" }

var row = regexp.MustCompile("(?m)^\\| `([^`|]+)\\.yaml` \\| (\\w+) \\| ([^|]+) \\| ([^|]+) \\|$")

// Examples returns all files in the order of README.md.
func Examples() []Example {
	var all []Example
	for _, m := range row.FindAllStringSubmatch(readme, -1) {
		all = append(all, Example{Name: m[1], Command: m[2], Doc: m[3], Time: m[4]})
	}
	return all
}
