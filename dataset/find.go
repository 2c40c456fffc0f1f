package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"spikealign/internal/durable"
)

// Status says whether a set is here.
type Status struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Train int    `json:"train"` // images
	Test  int    `json:"test"`
	Shape [3]int `json:"shape"` // channels, height, width
	// Dir is the folder with its files, "" if they are nowhere.
	Dir string `json:"dir"`
	// Files are the files there.
	Files []string `json:"files"`
	// Bytes is the size of a download.
	Bytes int64 `json:"bytes"`
	// Missing says where it was looked for and what to type; "" if it was found.
	Missing string `json:"missing,omitempty"`
}

// Find says for every known set whether its files are here; it does not read them. It looks in
// dir/NAME, in the folders below dir that other programs use, in dir itself, and where packages of
// the system put them. dir "" stands for DefaultDir.
func Find(dir string) (all []Status) {
	for _, s := range known {
		where := s.find(dir)
		st := Status{Name: s.name, Title: s.title, Train: s.train, Test: s.test, Shape: [3]int{s.channels, s.height, s.width}, Bytes: s.bytes(), Files: []string{}}
		if where.missing != nil {
			st.Missing = where.text(s, dir)
		} else {
			st.Dir = where.dir
			for _, path := range where.paths {
				st.Files = append(st.Files, filepath.Base(path))
			}
		}
		all = append(all, st)
	}
	return all
}

// place is where a set was found, or the nearest to it.
type place struct {
	dir     string
	parts   []part
	paths   []string // of parts
	missing []string // published names of files that are not there; nil if all are
	looked  []string
}

func (s *source) find(dir string) (best place) {
	if dir == "" {
		dir = DefaultDir
	}
	folders := []string{filepath.Join(dir, s.name)}
	for _, l := range s.layouts {
		folders = append(folders, filepath.Join(dir, filepath.FromSlash(l)))
	}
	flat := len(folders)
	folders = append(folders, dir)
	folders = append(folders, s.system...)
	for k, folder := range folders {
		for _, form := range s.forms {
			p := place{dir: folder}
			for _, part := range form {
				if path := part.in(folder); path != "" {
					p.parts, p.paths = append(p.parts, part), append(p.paths, path)
				} else {
					p.missing = append(p.missing, part.names[0])
				}
			}
			switch {
			case k == flat && p.missing == nil && s.another(p):
			case p.missing == nil:
				return p
			case len(p.paths) > len(best.paths):
				best = p
			}
		}
	}
	if best.missing == nil { // nothing anywhere
		best.missing = []string{}
	}
	best.looked = folders
	return best
}

// in is the path of the file in a folder, "" if it is not there.
func (p part) in(folder string) string {
	for _, name := range p.names {
		path := filepath.Join(folder, name)
		if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// another says that the files in a folder without the set's name belong to another set, whose files
// have the same names: the last one, small, tells.
func (s *source) another(p place) bool {
	last := len(p.parts) - 1
	if !p.parts[last].unpack {
		return false
	}
	err := s.read(p.parts[last], p.paths[last], &Set{Test: Images{Labels: make([]uint8, s.test)}})
	var corrupt *durable.CorruptError
	return errors.As(err, &corrupt) && strings.HasPrefix(corrupt.Reason, belongs)
}

// text says that the set was not found, and what to type.
func (p place) text(s *source, dir string) string {
	where := strings.Join(p.looked[:len(p.looked)-1], ", ") + " and " + p.looked[len(p.looked)-1]
	text := fmt.Sprintf("the data set %s is not here (looked in %s)", s.name, where)
	if len(p.paths) > 0 {
		text += fmt.Sprintf("; %s lacks %s", p.dir, strings.Join(p.missing, ", "))
	}
	text += fmt.Sprintf("; type: %s (%s)", fetchCommand(s.name, dir), megabytes(s.bytes()))
	if s.debian != "" {
		text += fmt.Sprintf(", or on Debian and Ubuntu: apt-get install %s", s.debian)
	}
	return text + "; if you have its files, name their folder with --data DIR"
}

// fetchCommand is what to type to get a set into dir.
func fetchCommand(name, dir string) string {
	command := "spikealign dataset fetch " + name
	if dir != "" && filepath.Clean(dir) != DefaultDir {
		if strings.ContainsAny(dir, " '\"\\$&;()<>|*?`") {
			dir = "'" + strings.ReplaceAll(dir, "'", `'\''`) + "'"
		}
		command += " --data " + dir
	}
	return command
}

// damaged adds to an error of reading what to do about it.
func (s *source) damaged(err error, path, dir string) error {
	var corrupt *durable.CorruptError
	if !errors.As(err, &corrupt) {
		return err
	}
	remedy := "get it anew: " + fetchCommand(s.name, dir)
	for _, folder := range s.system {
		if filepath.Dir(path) == folder {
			remedy = "install it anew: apt-get install --reinstall " + s.debian
		}
	}
	return &DamagedError{Path: path, Err: err, Remedy: remedy}
}
