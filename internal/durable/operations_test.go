package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestOperations: what changes folders does what package os does, tells failures as all of this
// package does, and has a fault before each of its steps.
func TestOperations(t *testing.T) {
	for at := 1; ; at++ {
		dir := t.TempDir()
		in := func(elem ...string) string { return filepath.Join(append([]string{dir}, elem...)...) }
		s := &breaking{at: at, code: syscall.EIO}
		var err error
		s.during(func() {
			for _, step := range []func() error{
				func() error { return MakeFolder(in("a", "b")) },
				func() error { return MakeFolder(in("a", "b")) }, // needs nothing
				func() error { return MakeNewFolder(in("new")) },
				func() error { return MakeNewFile(in("new", "file")) },
				func() error { _, err := Clock(in("new")); return err },
				func() error { return Rename(in("new"), in("a", "b", "new")) },
				func() error { return Remove(in("a", "b", "new", "file")) },
				func() error { return RemoveAll(in("a")) },
				func() error { return RemoveAll(in("a")) },
			} {
				if err = step(); err != nil {
					return
				}
			}
		})
		if s.kind == "" {
			if want := "make make open close open write close remove rename sync folder remove remove remove remove"; err != nil || strings.Join(s.log, " ") != want || names(t, dir) != "" {
				t.Errorf("%v, %v leave %s", err, s.log, names(t, dir))
			}
			break
		}
		var f *FileError
		if !errors.As(err, &f) || !errors.Is(err, syscall.EIO) || !strings.HasSuffix(err.Error(), ": check the disk and its connection") {
			t.Errorf("failing %s: %v", s.kind, err)
		}
	}
	dir := t.TempDir()
	if err := MakeNewFolder(dir); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	path := filepath.Join(dir, "file")
	if err := MakeNewFile(path); err != nil {
		t.Error(err)
	}
	if err := MakeNewFile(path); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	if err := MakeFolder(path); err == nil {
		t.Error("a file passed for a folder")
	}
	if err := Remove(filepath.Join(dir, "none")); err != nil {
		t.Error(err)
	}
	if err := Remove(dir); err == nil {
		t.Error("a full folder was removed")
	}
	now, err := Clock(dir)
	st, statErr := os.Stat(path)
	if err != nil || statErr != nil || now.Before(st.ModTime()) || names(t, dir) != "file" {
		t.Errorf("%v, %v; left %s", now, err, names(t, dir))
	}
}
