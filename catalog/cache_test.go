package catalog

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestEnvironment: no test reads the environment before it begins. Go repeats a result that it has
// as long as files and variables that the tests read are unchanged, and it does not see what the
// variables of a package and init read: SPIKEALIGN_LONG=1 would give the result of the short tests.
// How long tests may be, and what may be missing, is asked of package testenv alone.
func TestEnvironment(t *testing.T) {
	read := 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		read++
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if word, ok := n.(*ast.BasicLit); ok && (word.Value == `"SPIKEALIGN_LONG"` || word.Value == `"SPIKEALIGN_CI"`) {
				t.Errorf("%s: %s is for package testenv to read", files.Position(word.Pos()), word.Value)
			}
			return true
		})
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && (f.Recv != nil || f.Name.Name != "init") {
				continue
			}
			ast.Inspect(decl, func(n ast.Node) bool {
				if _, ok := n.(*ast.FuncLit); ok {
					return false
				}
				call, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				of, ok := call.X.(*ast.Ident)
				if ok && (of.Name == "testenv" || of.Name == "os" && slices.Contains([]string{"Getenv", "LookupEnv", "Environ", "ExpandEnv"}, call.Sel.Name)) {
					t.Errorf("%s: %s.%s before the tests begin; call it in a test or in a function", files.Position(call.Pos()), of.Name, call.Sel.Name)
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if read < 50 {
		t.Errorf("%d files read", read)
	}
}
