package durable

import (
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func mark(s string) Mark { return Mark{int64(len(s)), crc32.Checksum([]byte(s), castagnoli)} }

func add(t *testing.T, a *Appender, rows ...string) {
	t.Helper()
	for _, r := range rows {
		if n, err := a.Write([]byte(r)); n != len(r) || err != nil {
			t.Fatal(n, err)
		}
	}
}

func closed(t *testing.T, a *Appender) {
	t.Helper()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAppender(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.csv")
	a, err := OpenAppend(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	add(t, a, "epoch\n", "1\n")
	if err := a.Sync(); err != nil {
		t.Fatal(err)
	}
	m := a.Mark()
	if m != mark("epoch\n1\n") || a.Len() != m.Len {
		t.Errorf("mark %+v", m)
	}
	add(t, a, "2\n")
	closed(t, a)
	if got := contents(t, path); got != "epoch\n1\n2\n" {
		t.Errorf("%q", got)
	}
	if _, err := a.Write([]byte("x")); !errors.Is(err, os.ErrClosed) || a.Close() != nil {
		t.Errorf("after Close: %v", err)
	}

	// Back to the mark, twice: the same end.
	for range 2 {
		if a, err = ResumeAppend(path, m); err != nil {
			t.Fatal(err)
		}
		if a.Mark() != m || contents(t, path) != "epoch\n1\n" {
			t.Errorf("resumed at %+v: %q", a.Mark(), contents(t, path))
		}
		add(t, a, "2\n", "3\n")
		if a.Mark() != mark("epoch\n1\n2\n3\n") {
			t.Errorf("mark %+v", a.Mark())
		}
		closed(t, a)
	}
	if a, err = OpenAppend(path, 6); err != nil || a.Mark() != mark("epoch\n") {
		t.Fatal(err)
	}
	closed(t, a)
	if a, err = OpenAppend(path, 0); err != nil || a.Mark() != (Mark{}) {
		t.Fatal(err)
	}
	closed(t, a)
	if contents(t, path) != "" {
		t.Errorf("%q", contents(t, path))
	}
}

// TestAppenderDamage: a file that is not what the checkpoint knew is refused and stays as it is.
func TestAppenderDamage(t *testing.T) {
	dir := t.TempDir()
	const text = "epoch\n1\n2\n"
	for _, c := range []struct {
		name, there string
		at          Mark
		reason      string
	}{
		{"shorter", "epoch\n1", mark("epoch\n1\n"), "now it has 7"},
		{"changed", "epoch\n7\n2\n", mark("epoch\n1\n"), "not those of the checkpoint"},
		{"empty", "", mark("epoch\n"), "now it has 0"},
	} {
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, []byte(c.there), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := ResumeAppend(path, c.at)
		var e *CorruptError
		if !errors.As(err, &e) || e.Path != path || !strings.Contains(e.Reason, c.reason) || !strings.Contains(e.Reason, "start the run anew") {
			t.Errorf("%s: %v", c.name, err)
		}
		if contents(t, path) != c.there {
			t.Errorf("%s: changed to %q", c.name, contents(t, path))
		}
	}
	var e *CorruptError
	if _, err := OpenAppend(filepath.Join(dir, "gone"), 6); !errors.As(err, &e) || !strings.Contains(e.Reason, "no such file") {
		t.Errorf("gone: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "gone")); err == nil {
		t.Error("a missing file was made")
	}
	var f *FileError
	if _, err := OpenAppend(filepath.Join(dir, "none", "x"), 0); !errors.As(err, &f) {
		t.Errorf("no folder: %v", err)
	}
	path := filepath.Join(dir, "whole")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenAppend(path, int64(len(text))+1); !errors.As(err, &e) {
		t.Errorf("one byte short: %v", err)
	}
}

// TestAppenderFailures fails every operation in turn, as on a full disk. What was synced stays, no
// half row remains, the error is repeated, and from the mark the file can be completed.
func TestAppenderFailures(t *testing.T) {
	const whole = "row 0\nrow 1\nrow 2\nrow 3\nrow 4\nrow 5\n"
	for at := 1; ; at++ {
		dir := t.TempDir()
		path := filepath.Join(dir, "metrics.csv")
		s := &breaking{at: at, code: syscall.ENOSPC}
		var m Mark
		var a *Appender
		var err error
		s.during(func() {
			a, err = OpenAppend(path, 0)
			for k := 0; err == nil && k < 6; k++ {
				if _, err = a.Write([]byte(whole[6*k : 6*k+6])); err == nil && k%2 == 1 {
					if err = a.Sync(); err == nil {
						m = a.Mark()
					}
				}
			}
			if a != nil {
				if e := a.Close(); err == nil {
					err = e
				}
			}
		})
		if s.kind == "" {
			if err != nil || contents(t, path) != whole {
				t.Errorf("no failure: %v, %q", err, contents(t, path))
			}
			break
		}
		var f *FileError
		if !errors.As(err, &f) || !errors.Is(err, syscall.ENOSPC) || !strings.HasSuffix(err.Error(), path+": no space left on device: free space") {
			t.Errorf("failing %s: %v", s.kind, err)
		}
		if s.kind == "open" {
			continue
		}
		if got := contents(t, path); got != whole[:m.Len] && s.kind != "close" {
			t.Errorf("failing %s as operation %d leaves %q, synced were %d bytes", s.kind, at, got, m.Len)
		}
		if a != nil && s.kind != "close" {
			if _, again := a.Write([]byte("x")); again == nil || a.Sync() == nil || a.Mark() != m {
				t.Errorf("after failing %s the appender goes on at %+v", s.kind, a.Mark())
			}
		}
		r, err := ResumeAppend(path, m)
		if err != nil {
			t.Fatal(err)
		}
		add(t, r, whole[m.Len:])
		closed(t, r)
		if contents(t, path) != whole {
			t.Errorf("resumed: %q", contents(t, path))
		}
	}

	// Even the repair fails: then the half row stays until the next ResumeAppend.
	path := filepath.Join(t.TempDir(), "spikes")
	a, err := OpenAppend(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	add(t, a, "row 0\n")
	if err := a.Sync(); err != nil {
		t.Fatal(err)
	}
	Fault = func(string, string, func()) error { return syscall.EIO }
	defer func() { Fault = nil }()
	if _, err := a.Write([]byte("row 1\n")); err == nil || strings.Count(err.Error(), path) != 2 {
		t.Errorf("both errors: %v", err)
	}
	if m := a.Mark(); m != mark("row 0\n") {
		t.Errorf("mark %+v", m)
	}
}
