//go:build !plan9

package durable

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

const inTheWay = "something else of this name is in the way, move it away"

// remedy returns what a user can do about an error of the operating system, "" if that is not
// known.
func remedy(err error) string {
	for _, c := range []struct {
		code error
		text string
	}{
		{syscall.ENOSPC, "free space"},
		{syscall.EDQUOT, "free space within your quota"},
		{syscall.EROFS, "choose a folder that can be written to"},
		{syscall.EACCES, "change the permissions or choose another folder"},
		{syscall.EPERM, "change the permissions or choose another folder"},
		{syscall.EMFILE, "raise the limit of open files (ulimit -n)"},
		{syscall.EFBIG, "raise the limit on the size of files (ulimit -f) or choose another file system"},
		{syscall.EIO, "check the disk and its connection"},
		{syscall.ENOLCK, "this file system has no locks: choose another folder"},
		{syscall.ENOENT, "check the path"},
		{syscall.EEXIST, inTheWay},
		{syscall.EISDIR, inTheWay},
		{syscall.ENOTDIR, "a file stands where a folder should, move it away"},
		{errIrregular, inTheWay},
	} {
		if errors.Is(err, c.code) {
			return c.text
		}
	}
	return ""
}

// syncDir makes the names in a folder survive a loss of power. Where a system or file system has no
// such thing, its refusal is no error.
func flushDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
