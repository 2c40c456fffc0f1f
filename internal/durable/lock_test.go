//go:build unix

package durable

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMain lets a test run this program as another process that holds a lock until it is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("DURABLE_TEST_LOCK"); dir != "" {
		_, err := Lock(dir)
		fmt.Println("locked", err)
		select {}
	}
	os.Exit(m.Run())
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	l, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	var held *LockedError
	_, err = Lock(dir)
	if !errors.As(err, &held) || held.Dir != dir || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) || !strings.Contains(err.Error(), "another folder") {
		t.Errorf("second lock: %v", err)
	}
	if err := l.Unlock(); err != nil || l.Unlock() != nil || names(t, dir) != "" {
		t.Errorf("unlock: %v, leaves %q", err, names(t, dir))
	}
	for range 3 {
		if l, err = Lock(dir); err != nil {
			t.Fatal(err)
		}
		if err := l.Unlock(); err != nil {
			t.Fatal(err)
		}
	}
	var f *FileError
	if _, err := Lock(filepath.Join(dir, "none")); !errors.As(err, &f) {
		t.Errorf("no folder: %v", err)
	}
	if s := (&LockedError{Dir: "d"}).Error(); !strings.Contains(s, "another process") {
		t.Error(s)
	}
}

// TestFolder: a folder is another one when another stands in its place, and a lock in that is left
// alone by whoever had locked the first.
func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dir")
	if _, err := At(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	first, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := At(dir)
	if err != nil || !f.Stands() || (Folder{}).Stands() {
		t.Fatalf("%v, stands: %v, the zero folder stands: %v", err, f.Stands(), (Folder{}).Stands())
	}
	if err := os.Rename(dir, dir+".moved"); err != nil {
		t.Fatal(err)
	}
	if f.Stands() {
		t.Error("a folder that was moved stands")
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	second, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if f.Stands() {
		t.Error("another folder is taken for the first one")
	}
	if err := first.Unlock(); err != nil || names(t, dir) != lockName {
		t.Errorf("%v: the lock of another process became %q", err, names(t, dir))
	}
	if err := second.Unlock(); err != nil || names(t, dir) != "" {
		t.Errorf("%v, left: %q", err, names(t, dir))
	}
}

// TestLockKilled: a process that dies by kill -9 leaves no lock, though its file remains.
func TestLockKilled(t *testing.T) {
	dir := t.TempDir()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "DURABLE_TEST_LOCK="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	var held *LockedError
	_, lockErr := Lock(dir)
	killErr := child.Process.Kill()
	_ = child.Wait()
	if err != nil || line != "locked <nil>\n" || killErr != nil {
		t.Fatal(line, err, killErr)
	}
	if !errors.As(lockErr, &held) || !strings.Contains(held.Holder, strconv.Itoa(child.Process.Pid)) {
		t.Errorf("while the child holds it: %v", lockErr)
	}
	l, err := Lock(dir)
	if err != nil {
		t.Fatalf("after the child's death: %v", err)
	}
	if err := l.Unlock(); err != nil {
		t.Error(err)
	}
}

// TestLockForgotten: a lock holds until Unlock or the end of the process, also when nothing points
// to it any more.
func TestLockForgotten(t *testing.T) {
	dir := t.TempDir()
	if _, err := Lock(dir); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		runtime.GC()
		time.Sleep(10 * time.Millisecond) // clean-ups run beside us
	}
	var held *LockedError
	if _, err := Lock(dir); !errors.As(err, &held) {
		t.Errorf("a forgotten lock is gone: %v", err)
	}
}

// TestLockRace has many goroutines take and give one folder: never two at a time, in spite of the
// file coming and going.
func TestLockRace(t *testing.T) {
	dir := t.TempDir()
	inside := make(chan struct{}, 1)
	done := make(chan error)
	for range 8 {
		go func() {
			taken := 0
			for taken < 20 {
				l, err := Lock(dir)
				var held *LockedError
				if errors.As(err, &held) {
					continue
				}
				if err != nil {
					done <- err
					return
				}
				select {
				case inside <- struct{}{}:
				default:
					done <- errors.New("two hold the folder")
					return
				}
				<-inside
				if err := l.Unlock(); err != nil {
					done <- err
					return
				}
				taken++
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
