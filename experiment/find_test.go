package experiment

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestFinder: what appears and goes is seen, also below folders that were looked at before, and
// without reading again those in which nothing changed.
func TestFinder(t *testing.T) {
	root := t.TempDir()
	write := func(name string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	f := NewFinder(root, "verdict.csv")
	names := func() (names string) {
		t.Helper()
		found, err := f.Find()
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range found {
			rel, err := filepath.Rel(root, d.Dir)
			if err != nil || d.Changed.IsZero() {
				t.Error(d, err)
			}
			names += fmt.Sprintf("%s:%s ", filepath.ToSlash(rel), d.Mark)
		}
		return names
	}
	age := func(dirs ...string) { // beyond the time in which a folder is read again in any case
		t.Helper()
		old := time.Now().Add(-time.Minute)
		for _, d := range dirs {
			if err := os.Chtimes(filepath.Join(root, d), old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	write("a/run.json")
	write("a/below/run.json") // not looked at
	write("b/c/run.json")
	write(".hidden/run.json")
	write("1/2/3/4/run.json")
	write("1/2/3/4/5/run.json")
	write("figure/verdict.csv")
	const first = "1/2/3/4:run.json a:run.json b/c:run.json "
	if got := names(); got != first+"figure:verdict.csv " {
		t.Error(got)
	}
	age(".", "a", "b", "b/c", "figure")
	names()
	read := f.known[filepath.Join(root, "b")].read
	names()
	if !f.known[filepath.Join(root, "b")].read.Equal(read) {
		t.Error("a folder without a change was read again")
	}
	write("b/d/run.json")
	if got := names(); got != first+"b/d:run.json figure:verdict.csv " {
		t.Error(got)
	}
	if err := os.Remove(filepath.Join(root, "b/c/run.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(root, "1")); err != nil {
		t.Fatal(err)
	}
	if got := names(); got != "a:run.json b/d:run.json figure:verdict.csv " {
		t.Error(got)
	}
	if _, err := NewFinder(filepath.Join(root, "none")).Find(); err == nil {
		t.Error("a folder that does not exist")
	}
}
