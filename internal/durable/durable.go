// Package durable writes files that survive what happens to long runs: a full disk, kill -9, loss
// of power, two processes in one folder.
//
//   - [WriteFile] makes a file appear whole or not at all; [Place] does so with one that was
//     written beside.
//   - [SaveCheckpoint] and [LoadCheckpoint] are a checksummed container for the state of a run.
//   - [Appender] is a file that grows row by row and can be taken back to a place that a checkpoint
//     remembers.
//   - [Lock] keeps a second process out of a folder, and [Folder] tells whether it is still there.
//   - [Open] and [ReadFile] wait for nothing that is no file.
//   - [MakeFolder], [Remove], [Rename] and the like are those of package os.
//
// Packages that write results do so by this one alone: so [Fault] is a place at which tests can let
// any operation fail.
//
// What is damaged is reported by a *[CorruptError], what the operating system refused by a
// *[FileError] that says what can be done about it.
package durable

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync/atomic"
)

// A FileError is a refusal of the operating system. Its text ends with the remedy, if one is known.
// It wraps the system's error, so that errors.Is(err, syscall.ENOSPC) and the like work.
type FileError struct {
	Op   string // what was tried, as in "write"
	Path string // the file the user knows, not a temporary one
	Err  error
}

func (e *FileError) Error() string {
	cause := e.Err
	switch x := cause.(type) { // the path in it is named already, or is that of a temporary file
	case *fs.PathError:
		cause = x.Err
	case *os.LinkError:
		cause = x.Err
	}
	s := fmt.Sprintf("cannot %s %s: %v", e.Op, e.Path, cause)
	if r := remedy(e.Err); r != "" {
		s += ": " + r
	}
	return s
}

func (e *FileError) Unwrap() error { return e.Err }

// CorruptError says that a file is not what was written to it.
type CorruptError struct {
	Path   string
	Offset int64 // where this shows, in bytes from the start
	Reason string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s is damaged (byte %d): %s", e.Path, e.Offset, e.Reason)
}

// WriteFile writes what fill produces to path, replacing the file that may be there. Whenever the
// machine stops, path is either as it was or complete: the bytes go to a temporary file beside it
// (".name.tmp-..."), are synced and renamed, and the folder is synced. On an error, also one of
// fill, the temporary file is removed and path is as it was; only if the very last step fails, the
// sync of the folder, is the new file in place without being safe against loss of power. perm
// applies before umask. A symbolic link at path is replaced, not followed. The error is a
// *FileError.
func WriteFile(path string, perm fs.FileMode, fill func(io.Writer) error) (err error) {
	f, err := beside(path, perm)
	if err != nil {
		return &FileError{"write", path, err}
	}
	tmp := f.Name()
	placed := false
	defer func() { // also if fill panics
		if f != nil {
			_ = f.Close()
		}
		if !placed {
			_ = remove(tmp)
		}
	}()
	w := bufio.NewWriterSize(f, 1<<18)
	if err = fill(w); err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Close()
		f = nil
	}
	if err == nil {
		err = rename(tmp, path)
	}
	if err == nil {
		placed = true
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return &FileError{"write", path, err}
	}
	return nil
}

// serial makes the names of temporary files differ within a process.
var serial atomic.Uint64

// beside makes a temporary file beside path.
func beside(path string, perm fs.FileMode) (*file, error) {
	dir, base := filepath.Split(path)
	if base == "" {
		return nil, errors.New("this is not the name of a file")
	}
	for {
		f, err := open(dir+"."+base+".tmp-"+strconv.Itoa(os.Getpid())+"-"+strconv.FormatUint(serial.Add(1), 10), os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// Place puts the file from, written and closed, to the path `to` in the same folder or file system,
// replacing the file that may be there: its bytes are synced, it is renamed, and the folder is
// synced. Until then both are as they were. The error is a *FileError.
func Place(from, to string) error {
	f, err := open(from, os.O_RDWR, 0)
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err == nil {
		err = rename(from, to)
	}
	if err == nil {
		err = syncDir(filepath.Dir(to))
	}
	if err != nil {
		return &FileError{"write", to, err}
	}
	return nil
}

var temporary = regexp.MustCompile(`^\..+\.tmp-[0-9]+-[0-9]+$`)

// Sweep removes the temporary files that a killed WriteFile left in dir and returns their names. It
// must not run while another process writes into dir: take the Lock first. Other files, and
// folders, stay.
func Sweep(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, &FileError{"list", dir, err}
	}
	var removed []string
	for _, e := range entries {
		if !e.Type().IsRegular() || !temporary.MatchString(e.Name()) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if err := Remove(path); err != nil {
			return removed, err
		}
		removed = append(removed, e.Name())
	}
	return removed, nil
}
