package catalog

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shown are the packages that users of the library begin with.
var shown = []string{"analysis", "boltzmann", "experiment", "figure", "microcircuit", "recording",
	"sal", "sampling", "settings", "stdd", "sweep", "synapse"}

var exampleName = regexp.MustCompile(`^Example(_|[A-Z]|$)`)

func isExample(d ast.Decl) bool {
	f, ok := d.(*ast.FuncDecl)
	return ok && f.Recv == nil && exampleName.MatchString(f.Name.Name)
}

// TestExamples: each of these packages has examples, written as a program that imports it would be,
// in files of their own; and its documentation, which go doc prints without them, says where.
func TestExamples(t *testing.T) {
	for _, dir := range shown {
		files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		doc := ""
		var examples []string
		for _, name := range files {
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			base := filepath.Base(name)
			switch {
			case !strings.HasSuffix(base, "_test.go"):
				doc += f.Doc.Text()
			case slices.ContainsFunc(f.Decls, isExample):
				examples = append(examples, base)
				if !strings.HasSuffix(base, "example_test.go") || !strings.HasSuffix(f.Name.Name, "_test") {
					t.Errorf("%s: examples belong into a file *example_test.go of package %s_test", name, dir)
				}
			}
		}
		if len(examples) == 0 {
			t.Errorf("%s has no example", dir)
		}
		for _, name := range examples {
			if !regexp.MustCompile(`(^|\s)` + regexp.QuoteMeta(name)).MatchString(doc) {
				t.Errorf("the documentation of package %s does not name %s", dir, name)
			}
		}
	}
}
