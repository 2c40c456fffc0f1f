package experiments

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestReadme: README.md has one line for each file, and none beside.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(.*?)` \\|").FindAllStringSubmatch(string(text), -1) {
		told = append(told, m[1])
	}
	slices.Sort(told)
	files, err := fs.Glob(Files, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(told, files) {
		t.Errorf("README.md tells of %q, there are %q", told, files)
	}
}
