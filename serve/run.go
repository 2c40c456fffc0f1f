package serve

import (
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"spikealign/drawings"
	"spikealign/experiment"
	"spikealign/sweep"
)

// details is what a page shows of a run, or of a sweep, beside curves and figures.
type details struct {
	ID       string               `json:"id"`
	Dir      string               `json:"dir"` // as commands name it
	Sweep    string               `json:"sweep,omitempty"`
	Info     *experiment.Info     `json:"info,omitempty"` // of a run
	Left     float64              `json:"left,omitempty"`
	Row      *Row                 `json:"row,omitempty"` // of a sweep
	About    string               `json:"about,omitempty"`
	Settings []experiment.Setting `json:"settings"`
	Files    []file               `json:"files"`
	Commands []command            `json:"commands"`
}

// file is a file of a folder that can be had.
type file struct {
	Name    string    `json:"name"`
	Size    int64     `json:"size"`
	Updated time.Time `json:"updated"`
}

// command is something to type.
type command struct {
	Doc  string `json:"doc"`
	Text string `json:"text"`
}

// details answers what there is of a run or a sweep.
func (s *Server) details(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	d := details{ID: id, Dir: s.shown(id), Settings: []experiment.Setting{}}
	config := experiment.ConfigFile
	switch result := s.watcher.result(id); {
	case result != nil:
		s.watcher.mu.Lock()
		row := s.watcher.rows[id].Row
		s.watcher.mu.Unlock()
		d.Row, d.About, config = &row, result.Sweep.Description, sweep.ConfigFile
		if row.Status != experiment.Done {
			d.Commands = append(d.Commands, command{"how far it is, member by member", "spikealign status " + quote(d.Dir)},
				command{"go on with what is not finished", "spikealign sweep " + quote(d.Dir)})
		}
		if row.Status == experiment.Failed {
			d.Commands = append(d.Commands, command{"try again what failed", "spikealign retry " + quote(d.Dir)})
		}
		d.Commands = append(d.Commands, command{"repeat the sweep", "spikealign sweep " + quote(filepath.Join(d.Dir, config)) + " -o FOLDER"})
	case s.watcher.isRun(id):
		folder, err := s.folder(id)
		if err != nil {
			refuse(w, err)
			return
		}
		info := folder.Info
		if info.Tables == nil {
			info.Tables = []experiment.TableInfo{}
		}
		d.Info, d.Left, d.About, d.Sweep = &info, finite(info.Left()), info.Description, s.sweepOf(id)
		if d.Sweep == "" {
			switch info.Status {
			case experiment.Interrupted, experiment.Killed, experiment.Failed:
				d.Commands = append(d.Commands, command{"go on from the last checkpoint", "spikealign resume " + quote(d.Dir)})
			case experiment.Done:
				d.Commands = append(d.Commands, command{"go on to more epochs", "spikealign resume " + quote(d.Dir) + " --epochs N"})
			}
		}
		d.Commands = append(d.Commands, command{"repeat the run", "spikealign run " + quote(filepath.Join(d.Dir, config)) + " -o FOLDER"},
			command{"draw its figures again", "spikealign plot " + quote(d.Dir)})
	default:
		fail(w, http.StatusNotFound, "there is no such run")
		return
	}
	if text, err := s.read(id, config); err == nil {
		d.Settings = append(d.Settings, experiment.NewDescriber(s.Kinds).Settings(text)...)
	}
	d.Files = s.files(id)
	answer(w, http.StatusOK, d)
}

// shown is a folder as commands name it.
func (s *Server) shown(id string) string { return filepath.Join(s.Shown, filepath.FromSlash(id)) }

// quote makes a word of a path, for a shell.
func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_./-+:@%,=", r) || runtime.GOOS == "windows" && r == '\\'
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	if runtime.GOOS == "windows" {
		return `"` + word + `"`
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// sweepOf returns the sweep of which a run is a member, or "".
func (s *Server) sweepOf(id string) string {
	if of := path.Dir(path.Dir(id)); path.Base(path.Dir(id)) == sweep.MembersDir && s.watcher.result(of) != nil {
		return of
	}
	return ""
}

// errUnknown is told of whatever the watcher did not find.
var errUnknown = errors.New("there is no such run")

// folder opens a run that is known.
func (s *Server) folder(id string) (*experiment.Folder, error) {
	if !s.watcher.isRun(id) {
		return nil, errUnknown
	}
	if err := s.inside(id); err != nil {
		return nil, err
	}
	return experiment.Open(s.path(id))
}

// refuse answers with an error of reading a folder.
func refuse(w http.ResponseWriter, err error) {
	code := http.StatusUnprocessableEntity
	if errors.Is(err, errUnknown) || errors.Is(err, fs.ErrNotExist) {
		code = http.StatusNotFound
	}
	fail(w, code, clip(err.Error(), 1000))
}

const maxFiles = 500

// files lists what can be had of a folder: files right in it, and its figures.
func (s *Server) files(id string) []file {
	all := []file{}
	for _, below := range []string{"", experiment.FiguresDir} {
		d, err := s.root.Open(path.Join(id, below))
		if err != nil {
			continue
		}
		entries, _ := d.ReadDir(maxFiles)
		d.Close()
		for _, e := range entries {
			name := path.Join(below, e.Name())
			st, err := s.root.Stat(path.Join(id, name))
			if err != nil || !st.Mode().IsRegular() || strings.HasPrefix(e.Name(), ".") || len(all) == maxFiles {
				continue
			}
			all = append(all, file{name, st.Size(), st.ModTime()})
		}
	}
	slices.SortFunc(all, func(a, b file) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// known tells whether an id is that of a run, a sweep or a reproduced figure.
func (s *Server) known(id string) bool {
	if s.watcher.isRun(id) || s.watcher.result(id) != nil {
		return true
	}
	s.watcher.mu.Lock()
	defer s.watcher.mu.Unlock()
	return slices.Contains(s.watcher.papers, id)
}

// file sends a file of a folder, one of those that files lists.
func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	id, name := r.URL.Query().Get("id"), r.URL.Query().Get("name")
	if !s.known(id) || !slices.ContainsFunc(s.files(id), func(f file) bool { return f.Name == name }) {
		fail(w, http.StatusNotFound, "there is no such file")
		return
	}
	f, err := s.open(path.Join(id, name))
	if err != nil {
		refuse(w, err)
		return
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		refuse(w, err)
		return
	}
	kind, disposition := "application/octet-stream", "attachment"
	switch path.Ext(name) {
	case ".png":
		kind, disposition = "image/png", "inline"
	case ".svg":
		kind, disposition = "image/svg+xml", "inline"
	case ".csv", ".yaml", ".json", ".txt":
		kind = "text/plain; charset=utf-8"
	}
	h := w.Header()
	// A picture may have styles of its own; whatever else it has does nothing.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": path.Base(name)}))
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "", st.ModTime(), f)
}

// drawn keeps the figures that were drawn last: they may take seconds.
type drawn struct {
	mu   sync.Mutex // one folder is drawn at a time
	last []drawnFolder
}

type drawnFolder struct {
	id       string
	version  string
	drawings []drawings.Drawing
}

const maxDrawn = 16

// figures answers with the figures of a run or a sweep, as plot draws them.
func (s *Server) figures(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	found, err := s.draw(id)
	if err != nil {
		refuse(w, err)
		return
	}
	if found == nil {
		found = []drawings.Drawing{}
	}
	answer(w, http.StatusOK, found)
}

func (s *Server) draw(id string) ([]drawings.Drawing, error) {
	var dirs []string
	version := ""
	stamp := func(id string) {
		dirs = append(dirs, id)
		for _, name := range []string{"", experiment.MetricsFile} {
			if st, err := s.root.Stat(path.Join(id, name)); err == nil {
				version += st.ModTime().String() + strconv.FormatInt(st.Size(), 10)
			}
		}
	}
	switch result := s.watcher.result(id); {
	case result != nil:
		stamp(id)
		for k := range result.Sweep.Members {
			if result.States[k].Status == sweep.Pending {
				continue
			}
			// An attempt of a batch system stands elsewhere in the folder.
			stamp(s.id(result.Folder(k).Dir))
		}
	case s.watcher.isRun(id):
		stamp(id)
	default:
		return nil, errUnknown
	}
	d := &s.drawn
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.last {
		if f.id == id && f.version == version {
			return f.drawings, nil
		}
	}
	for _, dir := range dirs {
		if err := s.inside(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	found, err := s.Drawers.Figures(s.Kinds, s.path(id))
	if err != nil {
		return nil, err
	}
	d.last = slices.DeleteFunc(d.last, func(f drawnFolder) bool { return f.id == id })
	if len(d.last) == maxDrawn {
		d.last = d.last[1:]
	}
	d.last = append(d.last, drawnFolder{id, version, found})
	return found, nil
}
