package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Fault is called, where a test has set it, before every operation that changes files or folders,
// with the word for it and the path. Its error stands in for the operating system's, and the
// operation is not done. half, nil but for writes, writes half of the bytes. It must not change
// while operations are under way.
var Fault func(op, path string, half func()) error

func fault(op, path string, half func()) error {
	if Fault == nil {
		return nil
	}
	if err := Fault(op, path, half); err != nil {
		return &fs.PathError{Op: op, Path: path, Err: err}
	}
	return nil
}

// file is an open file whose changes can fail.
type file struct{ *os.File }

func open(path string, flag int, perm fs.FileMode) (*file, error) {
	if flag != os.O_RDONLY {
		if err := fault("open", path, nil); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(path, flag, perm)
	if err != nil {
		return nil, err
	}
	return &file{f}, nil
}

func (f *file) Write(p []byte) (n int, err error) {
	if Fault != nil {
		if err := fault("write", f.Name(), func() { n, _ = f.File.Write(p[:len(p)/2]) }); err != nil {
			return n, err
		}
	}
	return f.File.Write(p)
}

func (f *file) WriteAt(p []byte, at int64) (n int, err error) {
	if Fault != nil {
		if err := fault("write", f.Name(), func() { n, _ = f.File.WriteAt(p[:len(p)/2], at) }); err != nil {
			return n, err
		}
	}
	return f.File.WriteAt(p, at)
}

func (f *file) Sync() error {
	if err := fault("sync", f.Name(), nil); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *file) Truncate(n int64) error {
	if err := fault("truncate", f.Name(), nil); err != nil {
		return err
	}
	return f.File.Truncate(n)
}

// Close closes the file in any case.
func (f *file) Close() error {
	err := fault("close", f.Name(), nil)
	if e := f.File.Close(); err == nil {
		err = e
	}
	return err
}

func rename(from, to string) error {
	if err := fault("rename", from, nil); err != nil {
		return err
	}
	return os.Rename(from, to)
}

func remove(path string) error {
	if err := fault("remove", path, nil); err != nil {
		return err
	}
	return os.Remove(path)
}

func syncDir(dir string) error {
	if err := fault("sync folder", dir, nil); err != nil {
		return err
	}
	return flushDir(dir)
}

// MakeFolder makes a folder and those above it, as far as they are missing. The error is a
// *FileError.
func MakeFolder(path string) error {
	err := error(nil)
	if st, e := os.Stat(path); e != nil || !st.IsDir() {
		if err = fault("make", path, nil); err == nil {
			err = os.MkdirAll(path, 0o777)
		}
	}
	if err != nil {
		return &FileError{"make", path, err}
	}
	return nil
}

// Renew prepares a folder for results: it is made if need be, and of earlier results in it the
// named files are removed, so that none of them is ever seen beside a new one, and what a killed
// WriteFile left. The file by which the folder is known as one of such results stays, and is to be
// replaced first. The error is a *FileError.
func Renew(dir string, names ...string) error {
	if err := MakeFolder(dir); err != nil {
		return err
	}
	for _, name := range names {
		if err := Remove(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	_, err := Sweep(dir)
	return err
}

// MakeNewFolder makes a folder that must not exist: else errors.Is(err, fs.ErrExist). The error is
// a *FileError.
func MakeNewFolder(path string) error {
	err := fault("make", path, nil)
	if err == nil {
		err = os.Mkdir(path, 0o777)
	}
	if err != nil {
		return &FileError{"make", path, err}
	}
	return nil
}

// MakeNewFile makes an empty file that must not exist: else errors.Is(err, fs.ErrExist). Of several
// processes that try at once, on whatever machines share the folder, one succeeds. The error is a
// *FileError.
func MakeNewFile(path string) error {
	f, err := open(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return &FileError{"make", path, err}
	}
	return nil
}

// Remove removes a file or an empty folder, if it is there. The error is a *FileError.
func Remove(path string) error {
	// A file system for reading only would refuse to remove what is not there, too.
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &FileError{"remove", path, err}
	}
	return nil
}

// RemoveAll removes a file, or a folder with all that is in it, if it is there. The error is a
// *FileError.
func RemoveAll(path string) error {
	if err := removeAll(path); err != nil {
		return &FileError{"remove", path, err}
	}
	return nil
}

func removeAll(path string) error {
	// Package os opens the folder above, and would wait for a pipe in its place.
	if st, err := os.Stat(filepath.Dir(path)); err == nil && !st.IsDir() {
		return nil
	}
	if Fault == nil {
		return os.RemoveAll(path)
	}
	// Each of its steps can fail.
	if entries, err := os.ReadDir(path); err == nil {
		for _, e := range entries {
			if err := removeAll(filepath.Join(path, e.Name())); err != nil {
				return err
			}
		}
	}
	if _, err := os.Lstat(path); err != nil {
		return nil
	}
	return remove(path)
}

// Rename gives a file or a folder another name on the same file system, and syncs the folder that
// then holds it: the name must be on the disk before anything that could stand in for it goes. The
// error is a *FileError, *os.LinkError within.
func Rename(from, to string) error {
	err := rename(from, to)
	if err == nil {
		err = syncDir(filepath.Dir(to))
	}
	if err != nil {
		return &FileError{"rename", from, err}
	}
	return nil
}

// Clock returns what the clock of a folder's file system says, which may differ from ours. The
// error is a *FileError.
func Clock(dir string) (time.Time, error) {
	told, err := func() (told time.Time, err error) {
		f, err := beside(filepath.Join(dir, "clock"), 0o666)
		if err != nil {
			return told, err
		}
		defer func() { err = errors.Join(err, f.Close(), remove(f.Name())) }()
		if _, err := f.Write([]byte("\n")); err != nil {
			return told, err
		}
		st, err := f.Stat()
		if err != nil {
			return told, err
		}
		return st.ModTime(), nil
	}()
	if err != nil {
		return told, &FileError{"write into", dir, err}
	}
	return told, nil
}
