//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package durable

import (
	"errors"
	"os"
	"syscall"
)

func openLock(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666) }

func flock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

func isHeld(err error) bool { return errors.Is(err, syscall.EWOULDBLOCK) }

// release removes the file while it is still locked, so that nobody can have locked it in between.
// Where the folder was removed, moved or replaced meanwhile, what stands at the path may be the
// lock of another process.
func release(f *os.File, path string) error {
	var err error
	mine, err1 := f.Stat()
	if there, err2 := os.Lstat(path); err1 == nil && err2 == nil && os.SameFile(mine, there) {
		err = os.Remove(path)
	}
	return errors.Join(err, f.Close())
}
