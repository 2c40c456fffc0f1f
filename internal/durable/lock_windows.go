package durable

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// openLock opens the file without sharing it: nobody else can open it until it is closed, which the
// system does when the process ends.
func openLock(path string) (*os.File, error) {
	p, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(p, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(h), path), nil
}

func flock(*os.File) error { return nil }

func isHeld(err error) bool {
	const sharingViolation = syscall.Errno(32)
	return errors.Is(err, sharingViolation)
}

// release cannot remove an open file; if another process takes it after the close, the removal
// fails and the file is in use.
func release(f *os.File, path string) error {
	err := f.Close()
	_ = os.Remove(path)
	return err
}
