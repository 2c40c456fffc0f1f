package durable

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
)

var sample = Header{Kind: "sampling", Program: "v1.2.3"}

func saved(t testing.TB, h Header, payload []byte) (path string, b []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "checkpoint")
	if err := SaveCheckpoint(path, h, payload); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, b
}

func load(b []byte) (Header, []byte, error) {
	return readCheckpoint("c", bytes.NewReader(b), int64(len(b)))
}

func TestCheckpoint(t *testing.T) {
	for _, h := range []Header{{}, sample, {Kind: strings.Repeat("k", 65535), Program: "p"}} {
		for _, n := range []int{0, 1, 1 << 20} {
			payload := bytes.Repeat([]byte{7}, n)
			path, _ := saved(t, h, payload)
			got, p, err := LoadCheckpoint(path)
			if err != nil || got != h || !bytes.Equal(p, payload) {
				t.Errorf("%d bytes: %v, %d bytes, %v", n, got, len(p), err)
			}
		}
	}
}

// TestCheckpointGolden pins the layout: a checkpoint written today must be read by later programs.
func TestCheckpointGolden(t *testing.T) {
	const golden = "8953504b414c0d0a01000000080006000300000000000000" + "73616d706c696e67" + "76312e322e33" + "010203" + "5b8798c9"
	if _, b := saved(t, sample, []byte{1, 2, 3}); hex.EncodeToString(b) != golden {
		t.Errorf("%x", b)
	}
}

// TestCheckpointDamage: whatever happens to the file, LoadCheckpoint says so.
func TestCheckpointDamage(t *testing.T) {
	_, good := saved(t, sample, []byte("the state of everything"))
	edit := func(f func(b []byte) []byte) []byte { return f(slices.Clone(good)) }
	resum := func(b []byte) []byte { // a right checksum on top of the damage
		return binary.LittleEndian.AppendUint32(b[:len(b)-4], crc32.Checksum(b[:len(b)-4], castagnoli))
	}
	for _, c := range []struct {
		name   string
		b      []byte
		offset int64
		reason string
	}{
		{"empty", nil, 0, "within the header"},
		{"header only", good[:24], 24, "within the header"},
		{"torn", good[:len(good)-5], int64(len(good)) - 5, "ends early"},
		{"magic", edit(func(b []byte) []byte { b[0] = 'x'; return b }), 0, "not a checkpoint"},
		{"text mode", bytes.ReplaceAll(good, []byte("\r\n"), []byte("\n")), 0, "not a checkpoint"},
		{"another file", []byte(strings.Repeat("epoch,steps\n", 10)), 0, "not a checkpoint"},
		{"newer", edit(func(b []byte) []byte { b[8] = 2; return resum(b) }), 8, "layout version 2"},
		{"kind too long", edit(func(b []byte) []byte { b[13] = 0xff; return resum(b) }), int64(len(good)), "ends early"},
		{"length 2^64-1", edit(func(b []byte) []byte { copy(b[16:], "\xff\xff\xff\xff\xff\xff\xff\xff"); return resum(b) }), int64(len(good)), "ends early"},
		{"length too small", edit(func(b []byte) []byte { b[16]--; return resum(b) }), int64(len(good)) - 1, "1 bytes too many"},
		{"trailing byte", append(slices.Clone(good), 0), int64(len(good)), "1 bytes too many"},
		{"twice", append(slices.Clone(good), good...), int64(len(good)), "bytes too many"},
		{"payload", edit(func(b []byte) []byte { b[40] ^= 1; return b }), int64(len(good)) - 4, "checksum"},
		{"checksum", edit(func(b []byte) []byte { b[len(b)-1] ^= 1; return b }), int64(len(good)) - 4, "checksum"},
		{"zeros", make([]byte, len(good)), 0, "not a checkpoint"},
		{"zeros at the end", edit(func(b []byte) []byte { clear(b[30:]); return b }), int64(len(good)) - 4, "checksum"},
	} {
		_, _, err := load(c.b)
		var e *CorruptError
		if !errors.As(err, &e) || e.Path != "c" || e.Offset != c.offset || !strings.Contains(e.Reason, c.reason) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	var e *CorruptError
	for n := range good {
		if _, _, err := load(good[:n]); !errors.As(err, &e) {
			t.Errorf("%d of %d bytes: %v", n, len(good), err)
		}
	}
	for k := range good {
		for bit := range 8 {
			if _, _, err := load(edit(func(b []byte) []byte { b[k] ^= 1 << bit; return b })); !errors.As(err, &e) {
				t.Errorf("bit %d of byte %d flipped: %v", bit, k, err)
			}
		}
	}
}

func TestCheckpointFiles(t *testing.T) {
	path, b := saved(t, sample, nil)
	var c *CorruptError
	var f *FileError
	if _, _, err := LoadCheckpoint(filepath.Dir(path)); !errors.As(err, &c) && !errors.As(err, &f) {
		t.Errorf("a folder: %v", err)
	}
	if _, _, err := LoadCheckpoint(path + "x"); !errors.As(err, &f) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	// A file that shrinks while it is read.
	if _, _, err := readCheckpoint(path, bytes.NewReader(b[:len(b)-1]), int64(len(b))); !errors.As(err, &f) {
		t.Errorf("shrinking file: %v", err)
	}
	// A checkpoint that cannot be written leaves the last one.
	for at := 1; ; at++ {
		s := &breaking{at: at, code: syscall.EROFS}
		var err error
		s.during(func() { err = SaveCheckpoint(path, sample, []byte("next")) })
		if s.kind == "" {
			break
		}
		if !errors.As(err, &f) {
			t.Errorf("failing %s: %v", s.kind, err)
		}
		if _, p, err := LoadCheckpoint(path); err != nil || (string(p) == "next") != (s.kind == "sync folder") {
			t.Errorf("after failing %s: %q, %v", s.kind, p, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a kind of 65536 bytes accepted")
		}
	}()
	_ = SaveCheckpoint(path, Header{Kind: strings.Repeat("k", math.MaxUint16+1)}, nil)
}

// TestCheckpointMemory loads a file that announces 2^40 bytes.
func TestCheckpointMemory(t *testing.T) {
	_, b := saved(t, sample, make([]byte, 1000))
	binary.LittleEndian.PutUint64(b[16:], 1<<40)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := load(b)
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; err == nil || grown > 1<<20 {
		t.Errorf("%d bytes of memory, %v", grown, err)
	}
}

func FuzzCheckpoint(f *testing.F) {
	_, b := saved(f, sample, []byte("state"))
	f.Add(b)
	f.Add(b[:20])
	f.Fuzz(func(t *testing.T, b []byte) {
		h, p, err := load(b)
		if err != nil {
			return
		}
		if _, again := saved(t, h, p); !bytes.Equal(again, b) {
			t.Errorf("%x read, %x written", b, again)
		}
	})
}
