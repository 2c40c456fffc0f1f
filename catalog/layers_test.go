package catalog

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the graph of ARCHITECTURE.md")

const (
	root   = ".."
	module = "spikealign/"
)

// floors are the packages from the top down. A package imports only from floors below its own.
var floors = [][]string{
	{"cmd/spikealign"},
	{"catalog", "reproduce", "sample", "serve", "internal/tiny"},
	{"convert", "drawings", "slurm"},
	{"kinds", "sweep", "experiment/experimenttest"},
	{"experiment"},
	{"deep", "lab/wasm"},
	{"lab", "transport"},
	{"analysis", "layered", "microcircuit", "sampling"},
	{"alignment", "boltzmann", "mismatch", "recording", "sal", "stdd"},
	{"synapse", "internal/yamlconf"},
	{"figure/figuretest", "figure/render", "settings", "spike"},
	{"dataset", "experiments", "figure", "internal/browser", "serve/page"},
	{"internal/durable", "internal/gemm", "internal/npz", "internal/progress", "internal/random"},
	{"internal/detmath", "internal/quantile", "internal/state", "internal/testenv", "internal/vector"},
}

// pure are the packages that know numbers only: no files, no network, no log, no clock.
var pure = []string{"spike", "synapse", "sal", "alignment", "stdd", "boltzmann", "sampling", "microcircuit", "layered", "transport", "deep", "mismatch", "settings", "figure", "lab",
	"internal/detmath", "internal/gemm", "internal/random", "internal/quantile", "internal/state", "internal/vector"}

// source is what the files of a package without its tests import, for whatever system.
type source struct {
	imports []string
	files   []*ast.File
}

// sources reads all packages of the module, by their paths in it.
func sources(t *testing.T) map[string]*source {
	t.Helper()
	packages := map[string]*source{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() && name != root && (base == "testdata" || base[0] == '.' || base[0] == '_') {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		dir = filepath.ToSlash(dir)
		if packages[dir] == nil {
			packages[dir] = &source{}
		}
		p := packages[dir]
		p.files = append(p.files, file)
		for _, i := range file.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			p.imports = append(p.imports, imported)
		}
		slices.Sort(p.imports)
		p.imports = slices.Compact(p.imports)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

// own are the imports from this module.
func (p *source) own() (own []string) {
	for _, i := range p.imports {
		if name, ok := strings.CutPrefix(i, module); ok {
			own = append(own, name)
		}
	}
	return own
}

// TestLayers: no package imports upwards or from its own floor, and every package has a floor.
func TestLayers(t *testing.T) {
	floor := map[string]int{}
	for k, names := range floors {
		for _, name := range names {
			floor[name] = k
		}
	}
	packages := sources(t)
	for name, p := range packages {
		if _, ok := floor[name]; !ok {
			t.Errorf("%s has no floor: say in floors, and in ARCHITECTURE.md, where it stands", name)
			continue
		}
		for _, i := range p.own() {
			if floor[i] <= floor[name] {
				t.Errorf("%s imports %s, which is not below it", name, i)
			}
		}
	}
	for name := range floor {
		if packages[name] == nil {
			t.Errorf("%s has a floor and no files", name)
		}
	}
}

// outside are the packages of Go's library that reach files, network, log, clock, environment, or
// random numbers without a key.
var outside = []string{"bufio", "crypto/rand", "database", "embed", "expvar", "flag", "io", "log", "math/rand", "net", "os", "path", "plugin", "runtime", "syscall", "testing"}

// reaching are the functions of packages that are allowed otherwise.
var reaching = map[string][]string{
	"fmt":  {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"},
	"time": {"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"},
}

// TestPure: the numeric packages compute, and do nothing else.
func TestPure(t *testing.T) {
	packages := sources(t)
	for _, name := range pure {
		p := packages[name]
		if p == nil {
			t.Errorf("there is no package %s", name)
			continue
		}
		for _, i := range p.imports {
			if own, ok := strings.CutPrefix(i, module); ok {
				if !slices.Contains(pure, own) {
					t.Errorf("%s computes only, and imports %s, which does more", name, own)
				}
				continue
			}
			for _, o := range outside {
				if i == o || strings.HasPrefix(i, o+"/") {
					t.Errorf("%s computes only, and imports %s", name, i)
				}
			}
		}
		for _, f := range p.files {
			ast.Inspect(f, func(n ast.Node) bool {
				s, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := s.X.(*ast.Ident); ok && slices.Contains(reaching[x.Name], s.Sel.Name) {
					t.Errorf("%s computes only, and calls %s.%s", name, x.Name, s.Sel.Name)
				}
				return true
			})
		}
	}
}

// TestGraph: the graph in ARCHITECTURE.md is that of the code. With -update it is written anew.
func TestGraph(t *testing.T) {
	const page, begin, end = root + "/ARCHITECTURE.md", "<!-- graph -->\n```\n", "```\n<!-- end -->\n"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(text), begin)
	shown, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no graph between %q and %q", page, begin, end)
	}
	want := graph(sources(t))
	if shown == want {
		return
	}
	if *update {
		if err := os.WriteFile(page, []byte(before+begin+want+end+after), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("the graph is out of date; go test ./catalog -run TestGraph -update writes this one:\n%s", want)
}

// graph says what each package imports, floor by floor; internal packages by their last names, in
// brackets.
func graph(packages map[string]*source) string {
	const first, width = 26, 100
	var b strings.Builder
	for k, names := range floors {
		if k > 0 {
			b.WriteString("\n")
		}
		for _, name := range slices.Sorted(slices.Values(names)) {
			if packages[name] == nil {
				continue
			}
			var visible, inner []string
			for _, i := range packages[name].own() {
				if strings.HasPrefix(i, "internal/") {
					inner = append(inner, path.Base(i))
				} else {
					visible = append(visible, i)
				}
			}
			if len(inner) > 0 {
				inner[0] = "[" + inner[0]
				inner[len(inner)-1] += "]"
			}
			line := name
			for _, word := range append(visible, inner...) {
				switch pad := first - len(line); {
				case pad > 0:
					line += strings.Repeat(" ", pad)
				case len(line)+1+len(word) > width:
					b.WriteString(line + "\n")
					line = strings.Repeat(" ", first)
				default:
					line += " "
				}
				line += word
			}
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// TestList: kinds have names of their own, and their drawers go by them.
func TestList(t *testing.T) {
	names := All().Kinds().Names()
	if want := slices.Compact(slices.Sorted(slices.Values(names))); len(want) != len(names) {
		t.Errorf("names %q are not different", names)
	}
	if got, want := slices.Sorted(maps.Keys(All().Drawers())), slices.Sorted(slices.Values(names)); !slices.Equal(got, want) {
		t.Errorf("drawers of %q, kinds %q", got, want)
	}
}

// TestDocs: docs/README.md names every page of docs, and ARCHITECTURE.md every package.
func TestDocs(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	index := read("docs/README.md")
	for _, page := range pages {
		if name := filepath.Base(page); name != "README.md" && !strings.Contains(index, "]("+name+")") {
			t.Errorf("docs/README.md does not name %s", name)
		}
	}
	rooms := read("ARCHITECTURE.md")
	for _, names := range floors {
		for _, name := range names {
			if !strings.Contains(rooms, "`"+name+"`") {
				t.Errorf("ARCHITECTURE.md does not say what `%s` is", name)
			}
		}
	}
}
