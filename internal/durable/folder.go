package durable

import (
	"io/fs"
	"os"
)

// A Folder is the folder that stood at a path at some time. The zero Folder never did.
type Folder struct {
	path string
	info fs.FileInfo
}

// At returns the folder that stands at a path now. The error is a *FileError.
func At(path string) (Folder, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Folder{}, &FileError{"find", path, err}
	}
	return Folder{path, info}, nil
}

// Stands reports whether it still stands there: it was not removed or moved away, and no other one
// put in its place.
func (f Folder) Stands() bool {
	now, err := os.Stat(f.path)
	return err == nil && f.info != nil && os.SameFile(now, f.info)
}
