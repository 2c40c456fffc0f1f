package catalog

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// changing are the functions of package os that change files or folders.
var changing = []string{"Chmod", "Chtimes", "CopyFS", "Create", "CreateTemp", "Link", "Mkdir", "MkdirAll", "MkdirTemp", "OpenFile", "OpenInRoot", "OpenRoot",
	"Remove", "RemoveAll", "Rename", "Root", "Symlink", "Truncate", "WriteFile"}

// changes are the packages that may call them, with the reason.
var changes = map[string]string{
	"internal/durable": "it is the one place at which tests let files fail",
	"dataset":          "it fetches what can be fetched again, and holds it to checksums",
	"serve":            "it reads by os.Root, out of which no link leads",
	"recording":        "its spool is for the time of one command and has no name",
	"internal/browser": "it is for tests, and its files are gone with them",
}

// TestFiles: results are written by package durable alone, so that a test that lets each operation
// on files fail misses none; and only tests do so.
func TestFiles(t *testing.T) {
	packages := sources(t)
	for name := range changes {
		if packages[name] == nil {
			t.Errorf("there is no package %s", name)
		}
	}
	for name, p := range packages {
		for _, f := range p.files {
			ast.Inspect(f, func(n ast.Node) bool {
				s, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				x, ok := s.X.(*ast.Ident)
				switch {
				case !ok:
				case x.Name == "os" && slices.Contains(changing, s.Sel.Name) && changes[name] == "":
					t.Errorf("%s calls os.%s: write by package durable", name, s.Sel.Name)
				case x.Name == "durable" && s.Sel.Name == "Fault":
					t.Errorf("%s uses durable.Fault, which is for tests", name)
				case x.Name == "syscall" && strings.HasPrefix(s.Sel.Name, "Rename"), x.Name == "ioutil":
					t.Errorf("%s calls %s.%s: write by package durable", name, x.Name, s.Sel.Name)
				}
				return true
			})
		}
	}
}
