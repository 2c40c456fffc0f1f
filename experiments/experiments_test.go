package experiments

import (
	"io/fs"
	"regexp"
	"slices"
	"testing"
)

// TestReadme: README.md has one line for each file, and none beside, with the command that takes
// it, what it is and how long it takes.
func TestReadme(t *testing.T) {
	var told []string
	for _, e := range Examples() {
		told = append(told, e.File())
		text, err := Files.ReadFile(e.File())
		if err != nil {
			t.Error(err)
			continue
		}
		command := "run"
		if regexp.MustCompile(`(?m)^kind: sweep$`).Match(text) {
			command = "sweep"
		}
		if e.Command != command || len(e.Doc) < 10 || !regexp.MustCompile(`^\d+ (s|min|h)\*?$`).MatchString(e.Time) {
			t.Errorf("%+v: want a line with %s, what it is, and a time", e, command)
		}
	}
	slices.Sort(told)
	files, err := fs.Glob(Files, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(told, files) {
		t.Errorf("README.md tells of %q, there are %q", told, files)
	}
	// A line that Examples does not understand would be told by nothing else.
	if lines := regexp.MustCompile("(?m)^\\| `").FindAllString(readme, -1); len(lines) != len(told) {
		t.Errorf("%d lines of README.md begin with a file, %d are understood", len(lines), len(told))
	}
}
