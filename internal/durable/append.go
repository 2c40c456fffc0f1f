package durable

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A Mark is a place in a growing file together with what comes before it. A checkpoint keeps one;
// ResumeAppend goes back to it.
type Mark struct {
	Len int64  // bytes
	CRC uint32 // CRC-32C of them
}

// Appender writes to the end of a file. After a write or a sync that failed it cuts the file back
// to the place of the last good Sync, so that no half row remains, and from then on returns the
// same error: what is missing cannot be put back by going on. Resume from the last checkpoint
// instead. Rows should be written by one call each. An Appender is not safe for concurrent use.
type Appender struct {
	f      *file
	path   string
	now    Mark
	synced Mark
	err    error
}

// OpenAppend opens the file path for appending after its first goodLen bytes; whatever follows them
// is cut off. With goodLen 0 the file is made if need be. A file shorter than goodLen is a
// *CorruptError and stays as it is. Mark then tells the sum of the bytes that stay. If that sum is
// known, use ResumeAppend.
func OpenAppend(path string, goodLen int64) (*Appender, error) {
	return openAppend(path, Mark{Len: goodLen}, false)
}

// ResumeAppend is OpenAppend for a file whose beginning must be that of the mark. If it is not, the
// error is a *CorruptError and nothing is cut off.
func ResumeAppend(path string, at Mark) (*Appender, error) {
	return openAppend(path, at, true)
}

// Verify returns the error that ResumeAppend would return for the contents of a file, and changes
// nothing. A checkpoint that names several files can so be refused before any of them is cut.
func Verify(path string, at Mark) error {
	if at.Len == 0 {
		return nil
	}
	f, _, err := openAt(path, os.O_RDONLY, at, true)
	if err != nil {
		return err
	}
	_ = f.Close() // nothing was written
	return nil
}

func openAppend(path string, at Mark, verify bool) (_ *Appender, err error) {
	flag := os.O_RDWR
	if at.Len == 0 {
		flag |= os.O_CREATE
	}
	f, good, err := openAt(path, flag, at, verify)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	if err := f.Truncate(at.Len); err != nil {
		return nil, &FileError{"truncate", path, err}
	}
	if err := f.Sync(); err != nil {
		return nil, &FileError{"sync", path, err}
	}
	if at.Len == 0 {
		if err := syncDir(filepath.Dir(path)); err != nil {
			return nil, &FileError{"sync", path, err}
		}
	}
	return &Appender{f: f, path: path, now: good, synced: good}, nil
}

// openAt opens a file that must be at least as long as the mark and, with verify, begin as it did
// then. It returns the mark with the sum of what is there.
func openAt(path string, flag int, at Mark, verify bool) (_ *file, good Mark, err error) {
	if at.Len < 0 {
		panic(fmt.Sprintf("durable: mark at byte %d", at.Len))
	}
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return nil, good, &FileError{"open", path, errIrregular}
	}
	f, err := open(path, flag, 0o666)
	if errors.Is(err, fs.ErrNotExist) && at.Len > 0 {
		return nil, good, &CorruptError{path, 0, fmt.Sprintf("the checkpoint was taken when it had %d bytes, and now there is no such file: "+
			"put it back, or start the run anew", at.Len)}
	}
	if err != nil {
		return nil, good, &FileError{"open", path, err}
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, good, &FileError{"open", path, err}
	}
	if size := info.Size(); size < at.Len {
		return nil, good, &CorruptError{path, size, fmt.Sprintf("the checkpoint was taken when it had %d bytes, and now it has %d: "+
			"it was changed since, or a disk lost data; put it back, or start the run anew", at.Len, size)}
	}
	sum := crc32.New(castagnoli)
	n, err := io.Copy(sum, io.NewSectionReader(f, 0, at.Len))
	if err == nil && n < at.Len {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, good, &FileError{"read", path, err}
	}
	good = Mark{at.Len, sum.Sum32()}
	if verify && good != at {
		return nil, good, &CorruptError{path, 0, fmt.Sprintf("its first %d bytes are not those of the checkpoint (checksum %08x, not %08x): "+
			"it was changed since; put it back, or start the run anew", at.Len, good.CRC, at.CRC)}
	}
	return f, good, nil
}

// Write appends p as a whole, or fails with a *FileError and takes the file back to the last Sync.
// It is an io.Writer.
func (a *Appender) Write(p []byte) (int, error) {
	if a.err != nil {
		return 0, a.err
	}
	if _, err := a.f.WriteAt(p, a.now.Len); err != nil {
		return 0, a.fail("write", err)
	}
	a.now.Len += int64(len(p))
	a.now.CRC = crc32.Update(a.now.CRC, castagnoli, p)
	return len(p), nil
}

// Sync makes everything written so far survive a loss of power.
func (a *Appender) Sync() error {
	if a.err != nil {
		return a.err
	}
	if a.now.Len == a.synced.Len {
		return nil
	}
	if err := a.f.Sync(); err != nil {
		return a.fail("sync", err)
	}
	a.synced = a.now
	return nil
}

func (a *Appender) fail(op string, err error) error {
	a.err = &FileError{op, a.path, err}
	a.now = a.synced
	if err := a.f.Truncate(a.synced.Len); err != nil { // the next OpenAppend will do it
		a.err = errors.Join(a.err, &FileError{"truncate", a.path, err})
	}
	return a.err
}

// Len returns the number of bytes of the file, those not yet synced included.
func (a *Appender) Len() int64 { return a.now.Len }

// Mark returns the present place. A checkpoint may keep it only after a Sync.
func (a *Appender) Mark() Mark { return a.now }

// Close syncs and closes the file. It returns the error that stopped the Appender, if there was
// one.
func (a *Appender) Close() error {
	if a.f == nil {
		return nil
	}
	err := a.Sync()
	if e := a.f.Close(); e != nil && err == nil {
		err = &FileError{"close", a.path, e}
	}
	a.f = nil
	if a.err == nil {
		a.err = &FileError{"write", a.path, os.ErrClosed}
	}
	return err
}
