package durable

import (
	"errors"
	"io"
	"os"
)

var errIrregular = errors.New("not a file")

// Open opens a file of results for reading. What stands in its place and is no file, such as a
// folder or a pipe, for whose other end a program would wait, is an error. That is a *FileError.
func Open(path string) (*os.File, error) {
	st, err := os.Stat(path)
	if err == nil && !st.Mode().IsRegular() {
		err = errIrregular
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(path)
	}
	if err != nil {
		return nil, &FileError{"read", path, err}
	}
	return f, nil
}

// ReadFile reads a file of results that Open opens.
func ReadFile(path string) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, &FileError{"read", path, err}
	}
	return text, nil
}

// Readable returns the error of Open for a file that others are about to read.
func Readable(path string) error {
	f, err := Open(path)
	if err != nil {
		return err
	}
	_ = f.Close() // nothing was written
	return nil
}
