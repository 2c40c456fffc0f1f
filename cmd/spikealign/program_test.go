//go:build unix

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A program is the real program (testscript.Main runs it under its name) in a folder of its own.
type program struct {
	t         *testing.T
	dir, path string
}

func newProgram(t *testing.T) program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := program{t, t.TempDir(), filepath.Join(t.TempDir(), "spikealign")}
	if err := os.Symlink(self, p.path); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p program) command(args ...string) *exec.Cmd {
	c := exec.Command(p.path, args...)
	c.Dir = p.dir
	return c
}

// run returns exit code and what was written to standard output and standard error.
func (p program) run(args ...string) (code int, stdout, stderr string) {
	p.t.Helper()
	c := p.command(args...)
	var o, e bytes.Buffer
	c.Stdout, c.Stderr = &o, &e
	return p.code(c.Run()), o.String(), e.String()
}

// code is the exit code behind what Run or Wait returned; -1 if a signal ended the process.
func (p program) code(err error) int {
	p.t.Helper()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	if exit != nil {
		return exit.ExitCode()
	}
	return 0
}

// must runs what has to succeed.
func (p program) must(args ...string) {
	p.t.Helper()
	if code, _, stderr := p.run(args...); code != 0 {
		p.t.Fatalf("spikealign %s: exit code %d: %s", strings.Join(args, " "), code, stderr)
	}
}

func (p program) file(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.dir, name)
}

func (p program) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(p.file(name), []byte(text), 0o666); err != nil {
		p.t.Fatal(err)
	}
}

// read returns a file of the program's folder, "" if there is none.
func (p program) read(elem ...string) string {
	p.t.Helper()
	b, err := os.ReadFile(p.file(filepath.Join(elem...)))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		p.t.Fatal(err)
	}
	return string(b)
}

// same compares the results of two folders byte for byte.
func (p program) same(got, want, when string) {
	p.t.Helper()
	for _, f := range []string{"metrics.csv", "arrays.npz", "spikes.npz", "experiment.yaml"} {
		g, w := p.read(got, f), p.read(want, f)
		if g != w {
			p.t.Fatalf("%s: %s differs (%d and %d bytes)", when, f, len(g), len(w))
		}
	}
	if !strings.Contains(p.read(got, "run.json"), `"status": "done"`) {
		p.t.Fatalf("%s: not done: %s", when, p.read(got, "run.json"))
	}
	if _, err := os.Stat(p.file(filepath.Join(got, "partial"))); err == nil {
		p.t.Fatalf("%s: partial is left over", when)
	}
}
