package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// breaking is an operating system whose k-th operation and all later ones of the same kind fail; 0
// stands for never. A write that fails leaves half of its bytes, as on a full disk.
type breaking struct {
	at   int
	done int
	kind string
	code error
	log  []string
}

// during does what Fault is to disturb.
func (s *breaking) during(do func()) {
	Fault = func(op, _ string, half func()) error {
		s.done++
		s.log = append(s.log, op)
		if s.done == s.at {
			s.kind = op
		}
		if op != s.kind {
			return nil
		}
		if half != nil {
			half()
		}
		return s.code
	}
	defer func() { Fault = nil }()
	do()
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var s []string
	for _, e := range entries {
		s = append(s, e.Name())
	}
	return strings.Join(s, " ")
}

func contents(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func put(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// TestWriteFileFailures fails every operation in turn: the old file stays as it was, nothing
// remains beside it, and the error tells path and remedy.
func TestWriteFileFailures(t *testing.T) {
	for at := 1; ; at++ {
		dir := t.TempDir()
		path := filepath.Join(dir, "run.json")
		if err := WriteFile(path, 0o666, put("old")); err != nil {
			t.Fatal(err)
		}
		s := &breaking{at: at, code: syscall.ENOSPC}
		var err error
		s.during(func() { err = WriteFile(path, 0o666, put(strings.Repeat("new", 200000))) })
		if s.kind == "" {
			if err != nil || at < 6 {
				t.Fatalf("no failure among %v: %v", s.log, err)
			}
			break
		}
		var f *FileError
		want := "cannot write " + path + ": no space left on device: free space"
		if !errors.As(err, &f) || !errors.Is(err, syscall.ENOSPC) || err.Error() != want {
			t.Errorf("failing %s: %v", s.kind, err)
		}
		if got := contents(t, path); (got == "old") == (s.kind == "sync folder") || names(t, dir) != "run.json" {
			t.Errorf("failing %s leaves %.10q in %s", s.kind, got, names(t, dir))
		}
	}
}

// TestPlace: a file that was written beside takes its place; whatever fails before, both are as
// they were.
func TestPlace(t *testing.T) {
	for at := 1; ; at++ {
		dir := t.TempDir()
		from, to := filepath.Join(dir, ".set.part"), filepath.Join(dir, "set")
		for path, text := range map[string]string{from: "new", to: "old"} {
			if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		s := &breaking{at: at, code: syscall.ENOSPC}
		var err error
		s.during(func() { err = Place(from, to) })
		if s.kind == "" {
			if err != nil || at < 5 || contents(t, to) != "new" || names(t, dir) != "set" {
				t.Fatalf("no failure among %v: %v, %s", s.log, err, names(t, dir))
			}
			break
		}
		var f *FileError
		if !errors.As(err, &f) || f.Path != to || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("failing %s: %v", s.kind, err)
		}
		if s.kind != "sync folder" && (contents(t, from) != "new" || contents(t, to) != "old") {
			t.Errorf("failing %s leaves %q and %q", s.kind, contents(t, from), contents(t, to))
		}
	}
	if err := Place(filepath.Join(t.TempDir(), "nothing"), "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	broken := errors.New("broken")
	if err := WriteFile(path, 0o666, func(w io.Writer) error { _ = put("x")(w); return broken }); !errors.Is(err, broken) || names(t, dir) != "" {
		t.Errorf("%v leaves %s", err, names(t, dir))
	}
	func() {
		defer func() { _ = recover() }()
		_ = WriteFile(path, 0o666, func(io.Writer) error { panic("in fill") })
	}()
	if names(t, dir) != "" {
		t.Errorf("a panic leaves %s", names(t, dir))
	}
	if err := WriteFile(path, 0o600, put("one")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := WriteFile(path, 0o666, put("two")); err != nil || contents(t, path) != "two" || names(t, dir) != "a" {
		t.Errorf("%v: %q in %s", err, contents(t, path), names(t, dir))
	}
	for _, bad := range []string{filepath.Join(dir, "none", "a"), dir + "/", ""} {
		var f *FileError
		if err := WriteFile(bad, 0o666, put("x")); !errors.As(err, &f) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	t.Chdir(dir)
	if err := WriteFile("b", 0o666, put("x")); err != nil {
		t.Error(err)
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	keep := []string{".hidden", ".a.tmp-", ".a.tmp-1", ".a.tmp-1-x", "a", "a.tmp-1-2"}
	for _, n := range append(keep, ".a.tmp-1-2", ".run.json.tmp-77-1") {
		if err := os.WriteFile(filepath.Join(dir, n), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, ".b.tmp-1-2"), 0o777); err != nil {
		t.Fatal(err)
	}
	removed, err := Sweep(dir)
	if err != nil || fmt.Sprint(removed) != "[.a.tmp-1-2 .run.json.tmp-77-1]" || len(strings.Fields(names(t, dir))) != len(keep)+1 {
		t.Errorf("removed %v, %v; left %s", removed, err, names(t, dir))
	}
	var f *FileError
	if _, err := Sweep(filepath.Join(dir, "none")); !errors.As(err, &f) {
		t.Error(err)
	}
}

// TestRemedies checks what users are told.
func TestRemedies(t *testing.T) {
	for code, want := range map[error]string{
		syscall.ENOSPC: "free space",
		syscall.EDQUOT: "quota",
		syscall.EROFS:  "can be written to",
		syscall.EACCES: "permissions",
		syscall.EIO:    "disk",
		syscall.EEXIST: "in the way",
		syscall.EISDIR: "in the way",
	} {
		err := &FileError{"write", "x", &fs.PathError{Op: "open", Path: ".x.tmp-1-2", Err: code}}
		if s := err.Error(); !strings.Contains(s, want) || strings.Contains(s, "tmp") {
			t.Errorf("%v: %s", code, s)
		}
	}
	if s := (&FileError{"write", "x", errors.New("odd")}).Error(); s != "cannot write x: odd" {
		t.Error(s)
	}
}
