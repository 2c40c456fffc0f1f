//go:build unix && !race

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLibrary follows docs/go.md in an empty folder: its program, in a module of its own that knows
// the packages of this one by a replace directive, reads a run and a sweep and uses the models,
// without a network. With -update what it prints is written into the page anew.
//
// The go command reads the sources of this module where go test does not see it; but all of them
// are in this program, too, so that a change of one makes this test run again.
func TestLibrary(t *testing.T) {
	const page = "../../docs/go.md"
	source := string(must(os.ReadFile(page)))
	block := func(language string) (begin, end int) {
		m := regexp.MustCompile("(?s)```" + language + "\n(.*?)```\n").FindStringSubmatchIndex(source)
		if m == nil {
			t.Fatalf("%s has no block of %s", page, language)
		}
		return m[2], m[3]
	}
	root := must(filepath.Abs("../.."))
	// The modules that this one needs are there already, since this test was built.
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOWORK", "off")

	p := newProgram(t)
	follow := func(line string) {
		t.Helper()
		c := exec.Command("sh", "-ec", line)
		c.Dir = p.dir
		c.Env = append(c.Environ(), "PATH="+filepath.Dir(p.path)+string(os.PathListSeparator)+os.Getenv("PATH"))
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	for _, m := range regexp.MustCompile("(?m)^    (.*)$").FindAllStringSubmatch(source[:strings.Index(source, "```go")], -1) {
		if strings.HasPrefix(m[1], "cd ") {
			p.dir = filepath.Join(p.dir, strings.TrimPrefix(m[1], "cd "))
			continue
		}
		follow(strings.ReplaceAll(m[1], "PATH_OF_THE_CLONE", "'"+root+"'"))
	}
	begin, end := block("go")
	p.write("main.go", source[begin:end])
	// What go mod tidy would look up in the network: where go.mod does not name the modules that
	// this one needs, the go command asks for those that they need in turn; these are not here.
	p.write("go.sum", string(must(os.ReadFile(filepath.Join(root, "go.sum")))))
	needs := regexp.MustCompile(`(?s)\nrequire \(.*?\n\)`).FindAllString(string(must(os.ReadFile(filepath.Join(root, "go.mod")))), -1)
	p.write("go.mod", string(must(os.ReadFile(filepath.Join(p.dir, "go.mod"))))+strings.Join(needs, "\n")+"\n")
	if strings.Contains(source[begin:end], "/internal/") {
		t.Error("the program imports what it cannot have")
	}

	run := exec.Command("go", "run", ".")
	run.Dir = p.dir
	var stdout, stderr bytes.Buffer
	run.Stdout, run.Stderr = &stdout, &stderr
	if err := run.Run(); err != nil {
		t.Fatalf("go run: %v\n%s", err, stderr.String())
	}
	begin, end = block("text")
	if *update {
		if err := os.WriteFile(page, []byte(source[:begin]+stdout.String()+source[end:]), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if stdout.String() != source[begin:end] {
		t.Errorf("%s shows\n%s\nand the program prints\n%s\ngo test ./cmd/spikealign -run Library -update", page, source[begin:end], stdout.String())
	}
}
