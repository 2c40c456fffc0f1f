package experiment

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// findDepth is how deep below a folder of runs a run may lie (sweeps nest).
const findDepth = 4

// Find lists the folders of runs in and below dir, in lexical order. The error wraps ErrUsage if dir is not a folder.
func Find(dir string) ([]string, error) {
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return nil, Usagef("%s is not a folder", dir)
	}
	var dirs []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil // what cannot be read is not listed
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if path != dir && strings.HasPrefix(d.Name(), ".") || strings.Count(rel, string(filepath.Separator)) >= findDepth {
			return fs.SkipDir
		}
		if _, err := os.Stat(filepath.Join(path, InfoFile)); err == nil {
			dirs = append(dirs, path)
			return fs.SkipDir
		}
		return nil
	})
	return dirs, err
}

// Look reads run.json and corrects the status: Killed if the run says that it is running but no process works on it.
func Look(dir string) (Info, error) {
	info, err := ReadInfo(dir)
	if err == nil && info.Status == Running && !isLocked(dir) {
		info.Status = Killed
	}
	return info, err
}
