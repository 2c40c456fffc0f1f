package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// lockName is the file that stands in a folder while a process writes there.
const lockName = ".lock"

// LockedError says that another process holds a folder.
type LockedError struct {
	Dir    string
	Holder string // "process 123 on host", if known
}

func (e *LockedError) Error() string {
	holder := e.Holder
	if holder == "" {
		holder = "another process"
	}
	return fmt.Sprintf("%s is in use by %s: wait until it ends, stop it, or choose another folder", e.Dir, holder)
}

// FolderLock is the right to write into a folder.
type FolderLock struct {
	f   *os.File
	dir string
}

// Lock takes the folder dir for this process, or returns a *LockedError at once if another Lock
// holds it, in this process or another. The operating system gives the folder free when the process
// ends, however it ends; the file ".lock" that then remains means nothing.
//
// On file systems without locks, as some clusters mount them, the error is a *FileError for which
// errors.Is(err, errors.ErrUnsupported) holds; the caller may warn and go on. On operating systems
// without locks Lock always succeeds.
func Lock(dir string) (*FolderLock, error) {
	path := filepath.Join(dir, lockName)
	for {
		err := fault("lock", path, nil)
		if st, e := os.Stat(path); e == nil && !st.Mode().IsRegular() {
			return nil, &FileError{"open", path, errIrregular}
		}
		var f *os.File
		if err == nil {
			f, err = openLock(path)
		}
		if err != nil {
			if isHeld(err) {
				return nil, &LockedError{Dir: dir}
			}
			return nil, &FileError{"lock", dir, err}
		}
		if err := flock(f); err != nil {
			if !isHeld(err) {
				return nil, errors.Join(&FileError{"lock", dir, err}, f.Close())
			}
			text, _ := io.ReadAll(io.LimitReader(f, 200))
			_ = f.Close()
			return nil, &LockedError{Dir: dir, Holder: string(bytes.TrimSpace(text))}
		}
		// The last holder may have removed the file between our open and our lock: then the lock is
		// on nothing.
		mine, err1 := f.Stat()
		there, err2 := os.Stat(path)
		if err1 != nil || err2 != nil || !os.SameFile(mine, there) {
			_ = f.Close()
			if err1 != nil || (err2 != nil && !errors.Is(err2, os.ErrNotExist)) {
				return nil, &FileError{"lock", dir, errors.Join(err1, err2)}
			}
			continue
		}
		host, _ := os.Hostname()
		note := fmt.Sprintf("process %d on %s\n", os.Getpid(), host)
		if err := f.Truncate(0); err == nil { // only a help to whoever finds the folder held
			_, _ = f.WriteAt([]byte(note), 0)
		}
		l := &FolderLock{f, dir}
		held.Store(l, true)
		return l, nil
	}
}

// held keeps the locks of this process until Unlock: the garbage collector closes files to which
// nothing points any more, and with the file goes the lock.
var held sync.Map

// Unlock gives the folder free and removes the lock's file. A second call does nothing.
func (l *FolderLock) Unlock() error {
	if l.f == nil {
		return nil
	}
	f := l.f
	l.f = nil
	held.Delete(l)
	path := filepath.Join(l.dir, lockName)
	err := fault("remove", path, nil)
	if err == nil {
		err = release(f, path)
	} else {
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return &FileError{"unlock", l.dir, err}
	}
	return nil
}
