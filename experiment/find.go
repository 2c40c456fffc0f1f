package experiment

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// findDepth is how deep below a folder of runs a run may lie (sweeps nest).
const findDepth = 4

// Find lists the folders of runs in and below dir, in lexical order. The error wraps ErrUsage if
// dir is not a folder.
func Find(dir string) ([]string, error) {
	found, err := NewFinder(dir).Find()
	var dirs []string
	for _, f := range found {
		dirs = append(dirs, f.Dir)
	}
	return dirs, err
}

// Finder finds the folders of runs in and below a folder, again and again: folders in which no file
// was made, renamed or removed are not read a second time. It is not safe for concurrent use.
type Finder struct {
	dir   string
	marks []string
	known map[string]*listing
	next  map[string]*listing
	found []Found
}

// Found is a folder with one of the files that a Finder looks for.
type Found struct {
	Dir  string
	Mark string // InfoFile, or one of those given to NewFinder
	// Changed is when a file was last made, renamed or removed in the folder, as its file system
	// tells. Files that appear whole, such as InfoFile, change it; those that grow do not.
	Changed time.Time
}

// listing is what a folder held.
type listing struct {
	changed, read time.Time
	marks         []string
	folders       []string
}

// NewFinder returns a Finder for folders with InfoFile, below which it does not look, and for
// folders with one of the other files named.
func NewFinder(dir string, marks ...string) *Finder {
	return &Finder{dir: dir, marks: append([]string{InfoFile}, marks...)}
}

// Find lists the folders, in lexical order. The error wraps ErrUsage if there is no folder to look
// in.
func (f *Finder) Find() ([]Found, error) {
	st, err := os.Stat(f.dir)
	if err != nil || !st.IsDir() {
		return nil, Usagef("%s is not a folder", f.dir)
	}
	f.next, f.found = map[string]*listing{}, nil
	f.visit(f.dir, st, 0)
	f.known = f.next
	return f.found, nil
}

// visit looks into a folder; what cannot be read is not listed.
func (f *Finder) visit(dir string, st os.FileInfo, depth int) {
	l := f.known[dir]
	if l == nil || !l.holds(st) {
		l = f.list(dir, st, l)
	}
	f.next[dir] = l
	for _, m := range l.marks {
		f.found = append(f.found, Found{dir, m, st.ModTime()})
	}
	if depth == findDepth {
		return
	}
	for _, name := range l.folders {
		below := filepath.Join(dir, name)
		if st, err := os.Lstat(below); err == nil && st.IsDir() {
			f.visit(below, st, depth+1)
		}
	}
}

// settled is how long after a change of a folder another one is sure to give it another time: the
// clocks of file systems tick, some once a second.
const settled = 2 * time.Second

// holds tells whether a folder has still what was listed.
func (l *listing) holds(st os.FileInfo) bool {
	return st.ModTime().Equal(l.changed) && l.read.Sub(l.changed) > settled
}

// list reads a folder. That of a run, which changes often, is one as long as its file is there.
func (f *Finder) list(dir string, st os.FileInfo, old *listing) *listing {
	l := &listing{changed: st.ModTime(), read: time.Now()}
	if old != nil && slices.Contains(old.marks, InfoFile) {
		if _, err := os.Lstat(filepath.Join(dir, InfoFile)); err == nil {
			l.marks = old.marks
			return l
		}
	}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		switch name := e.Name(); {
		case name == InfoFile:
			l.marks, l.folders = []string{InfoFile}, nil
			return l
		case slices.Contains(f.marks, name):
			l.marks = append(l.marks, name)
		case e.IsDir() && !strings.HasPrefix(name, "."):
			l.folders = append(l.folders, name)
		}
	}
	return l
}
