package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"flag"
	"fmt"
	"go/build"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"spikealign/internal/durable"
	"spikealign/internal/testenv"
)

var update = flag.Bool("update", false, "compile the laboratory for browsers again")

const (
	root   = "../.."
	module = "spikealign/"
	// folder has the compiled program, with what Go has beside it: the script that runs it in a
	// browser, and the licence of both.
	folder = root + "/serve/page/wasm"
	record = "sources.txt" // the version of Go, and the sources with their sums
)

// sources returns the sums of all files of this module that the program is made of.
func sources(t *testing.T) []string {
	t.Helper()
	context := build.Default
	context.GOOS, context.GOARCH, context.CgoEnabled, context.BuildTags = "js", "wasm", false, nil
	sums := map[string]string{}
	var visit func(name string)
	visit = func(name string) {
		dir := filepath.Join(root, name)
		p, err := context.ImportDir(dir, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range slices.Concat(p.GoFiles, p.SFiles) {
			key := name + "/" + file
			if sums[key] != "" {
				return
			}
			data, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			sums[key] = fmt.Sprintf("%x", sha256.Sum256(data))
		}
		for _, i := range p.Imports {
			if own, ok := strings.CutPrefix(i, module); ok {
				visit(own)
			}
		}
	}
	visit("lab/wasm")
	var lines []string
	for _, file := range slices.Sorted(maps.Keys(sums)) {
		lines = append(lines, file+" "+sums[file])
	}
	return lines
}

// compile returns the program as it is committed: for a browser, without names of places and
// symbols, compressed.
func compile(t *testing.T) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "lab.wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, ".")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "GOFLAGS=", "GOEXPERIMENT=", "GOWASM=")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	program, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(program); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// TestBinary: the compiled program that is committed is that of the sources. With -update it is
// compiled again.
func TestBinary(t *testing.T) {
	if *update {
		files := map[string][]byte{
			"laboratory.wasm.gz": compile(t),
			record:               []byte(strings.Join(append([]string{runtime.Version()}, sources(t)...), "\n") + "\n"),
		}
		home, err := exec.Command("go", "env", "GOROOT").Output()
		if err != nil {
			t.Fatal(err)
		}
		for name, from := range map[string]string{"wasm_exec.js": "lib/wasm/wasm_exec.js", "LICENSE": "LICENSE"} {
			data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(home)), from))
			if err != nil {
				t.Fatal(err)
			}
			files[name] = data
		}
		if err := durable.MakeFolder(folder); err != nil {
			t.Fatal(err)
		}
		for name, data := range files {
			err := durable.WriteFile(filepath.Join(folder, name), 0o644, func(w io.Writer) error {
				_, err := w.Write(data)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	const remedy = "go test ./lab/wasm -update compiles it again"
	text, err := os.ReadFile(filepath.Join(folder, record))
	if err != nil {
		t.Fatal(err)
	}
	version, list, _ := strings.Cut(string(text), "\n")
	was, is := strings.Split(strings.TrimSpace(list), "\n"), sources(t)
	for _, line := range is {
		if !slices.Contains(was, line) {
			file, _, _ := strings.Cut(line, " ")
			t.Errorf("the compiled laboratory is older than %s: %s", file, remedy)
		}
	}
	if len(was) != len(is) {
		t.Errorf("the compiled laboratory has %d sources, not %d: %s", len(was), len(is), remedy)
	}
	packed, err := os.ReadFile(filepath.Join(folder, "laboratory.wasm.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if len(packed) > 3<<20 {
		t.Errorf("%d bytes: a page should not take so long to load", len(packed))
	}
	if !testenv.Long() || t.Failed() {
		return
	}
	again := compile(t)
	// Another Go makes other bytes of the same sources.
	if version == runtime.Version() && !bytes.Equal(again, packed) {
		t.Errorf("the compiled laboratory is not that of its sources: %s", remedy)
	}
}
