package catalog

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"spikealign/experiment"
)

// Every setting that the text of a template names exists in the kinds that it is a template of.
func TestTemplatesNameSettings(t *testing.T) {
	kinds := All().Kinds()
	named := 0
	for _, k := range kinds {
		text, err := kinds.Template(k.Name())
		if err != nil {
			t.Fatal(err)
		}
		named += checkNames(t, kinds, k.Name(), string(text))
	}
	sweep, err := os.ReadFile("../cmd/spikealign/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	named += checkNames(t, kinds, "sampling", string(sweep))
	if named < 5 {
		t.Errorf("only %d settings were found: is the search right?", named)
	}
}

var (
	dotted = regexp.MustCompile(`\b[a-z][a-z_]*(?:\.[a-z][a-z_]*)+\b`)
	isFile = regexp.MustCompile(`\.(csv|npz|json|yaml|md)$`)
)

func checkNames(t *testing.T, kinds experiment.Kinds, kind, text string) (named int) {
	t.Helper()
	for _, path := range dotted.FindAllString(text, -1) {
		if isFile.MatchString(path) {
			continue
		}
		named++
		_, err := kinds.Parse(kind, []byte("kind: "+kind+"\n"), path+"=null")
		if err != nil && strings.Contains(err.Error(), "unknown key") {
			t.Errorf("the template of %s names %s: %v", kind, path, err)
		}
	}
	return named
}
