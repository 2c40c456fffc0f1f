package serve

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"spikealign/experiment"
	"spikealign/reproduce"
	"spikealign/sweep"
)

// Row is a run or a sweep at a glance. Its ID is the folder below that of the server, with slashes.
type Row struct {
	ID       string            `json:"id"`
	Sweep    bool              `json:"sweep,omitempty"`
	Name     string            `json:"name"`
	Kind     string            `json:"kind"`
	Status   experiment.Status `json:"status"`
	Progress float64           `json:"progress"` // from 0 to 1
	Done     float64           `json:"done"`     // of Total, in Unit; of a sweep, finished members
	Total    float64           `json:"total"`
	Unit     string            `json:"unit"`
	Left     float64           `json:"left,omitempty"` // seconds; 0: not known
	Wall     float64           `json:"wall"`           // seconds
	Start    *time.Time        `json:"start,omitempty"`
	Updated  time.Time         `json:"updated"`
	Seed     uint64            `json:"seed,string"`
	Host     string            `json:"host,omitempty"`
	// Metric is the first headline column, Value its last value, Curve its course, thinned.
	Metric     string   `json:"metric,omitempty"`
	MetricUnit string   `json:"metric_unit,omitempty"`
	Value      *float64 `json:"value,omitempty"`
	Curve      curve    `json:"curve,omitempty"`
	Warnings   int      `json:"warnings,omitempty"`
	Error      string   `json:"error,omitempty"`
	// Differs are the settings that differ from their defaults, as far as they are known.
	Differs map[string]string `json:"differs,omitempty"`
}

// curve is a small curve. Four digits are more than one sees of it, and of a thousand runs they are
// most of what a page has to load.
type curve []float64

// MarshalJSON implements json.Marshaler.
func (c curve) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for k, v := range c {
		if k > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(b, v, 'g', 4, 64)
	}
	return append(b, ']'), nil
}

const (
	indexBlocks  = 2048 // of a table that is looked at
	sketchBlocks = 64   // of the small curve of a run
	maxDiffers   = 64   // settings of a row
	maxSetting   = 80   // bytes of one
	maxFileSize  = 8 << 20
	detailsSlice = 200 * time.Millisecond // between two publications of what takes long to find out
	maxGone      = 1000
)

// watcher keeps the table of all runs and sweeps in a folder.
type watcher struct {
	*Server
	finder    *experiment.Finder
	describer *experiment.Describer
	items     map[string]*item
	wake      chan struct{}
	looked    time.Time
	cost      time.Duration // of the last look
	looking   sync.Mutex    // of all above

	mu      sync.Mutex // of what follows, which others read
	version int64
	rows    map[string]versioned
	gone    []goneRow
	cut     int64           // of changes up to this version it is not known what went
	runs    map[string]bool // all runs, members of sweeps included
	results map[string]*sweep.Result
	papers  []string
	clients map[*client]bool
}

type versioned struct {
	Row
	version int64
}

type goneRow struct {
	id      string
	version int64
}

// item is what is known of a run or a sweep that has a row.
type item struct {
	row     Row
	changed time.Time // of the folder
	read    time.Time
	listed  bool // in this look
	touched bool // since it was published
	config  *time.Time
	pending bool // settings and curve are still to be read

	// Of a run.
	metric string
	sketch *index

	// Of a sweep.
	result  *sweep.Result
	file    time.Time
	members map[string]time.Time // when their folders changed
}

func newWatcher(s *Server) *watcher {
	return &watcher{
		Server:    s,
		finder:    experiment.NewFinder(s.Dir, sweep.ConfigFile, reproduce.VerdictFile, reproduce.RecordFile),
		describer: experiment.NewDescriber(s.Kinds),
		items:     map[string]*item{},
		wake:      make(chan struct{}, 1),
		rows:      map[string]versioned{},
		runs:      map[string]bool{},
		clients:   map[*client]bool{},
		version:   1,
	}
}

// watch looks again and again until done is closed, as long as anybody wants to know. Looking takes
// no more than a tenth of the time: where file systems are slow, looks become rare.
func (w *watcher) watch(done <-chan struct{}) {
	for {
		more, cost := w.fresh(0)
		wait := min(max(w.Poll, 10*cost), time.Minute)
		if more {
			wait = 0
		}
		select {
		case <-done:
			return
		case <-time.After(wait):
		}
		if more || w.watched() {
			continue
		}
		select {
		case <-done:
			return
		case <-w.wake:
		}
	}
}

func (w *watcher) watched() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.clients) > 0
}

// fresh brings the table up to date where the last look was longer ago than that, and at 0 in any
// case. It reports whether there is more to find out, and how long the last look took. What it
// finds is sent to those who listen.
func (w *watcher) fresh(age time.Duration) (more bool, cost time.Duration) {
	w.looking.Lock()
	defer w.looking.Unlock()
	if age > 0 && !w.looked.IsZero() && time.Since(w.looked) < max(age, w.cost) {
		return false, w.cost
	}
	began := time.Now()
	more = w.look(began)
	w.looked, w.cost = time.Now(), time.Since(began)
	return more, w.cost
}

// look brings the table up to date. It returns true if there is more to find out, for which it took
// too long already.
func (w *watcher) look(began time.Time) (more bool) {
	found, err := w.finder.Find()
	if err != nil {
		w.Log.Warn("cannot look for runs", "error", err)
		return false
	}
	runs, members, papers := map[string]bool{}, map[string][]experiment.Found{}, []string{}
	sweeps := map[string]experiment.Found{}
	for _, f := range found {
		id := w.id(f.Dir)
		switch f.Mark {
		case sweep.ConfigFile:
			sweeps[id] = f
		case reproduce.VerdictFile, reproduce.RecordFile:
			if !slices.Contains(papers, id) {
				papers = append(papers, id)
			}
		}
	}
	var alone []experiment.Found
	for _, f := range found {
		if f.Mark != experiment.InfoFile {
			continue
		}
		id := w.id(f.Dir)
		runs[id] = true
		of := path.Dir(path.Dir(id))
		if _, known := sweeps[of]; known && path.Base(path.Dir(id)) == sweep.MembersDir {
			members[of] = append(members[of], f)
		} else {
			alone = append(alone, f)
		}
	}
	for _, i := range w.items {
		i.listed = false
	}
	for id, f := range sweeps {
		w.sweep(id, f, members[id])
	}
	for _, f := range alone {
		w.run(w.id(f.Dir), f)
	}
	for id, i := range w.items {
		if !i.listed {
			delete(w.items, id)
		}
	}
	w.publish(runs, papers)
	more = w.details(began)
	w.publish(runs, papers)
	return more
}

// id is the name of a folder below that of the server.
func (s *Server) id(dir string) string {
	rel, err := filepath.Rel(s.Dir, dir)
	if err != nil {
		return "."
	}
	return filepath.ToSlash(rel)
}

// path is the folder of that name.
func (s *Server) path(id string) string { return filepath.Join(s.Dir, filepath.FromSlash(id)) }

// run looks at a run.
func (w *watcher) run(id string, f experiment.Found) {
	i := w.items[id]
	if i == nil || i.result != nil {
		i = &item{}
	}
	lives := i.row.Status == experiment.Running
	if i.changed.Equal(f.Changed) && !lives && i.read.Sub(i.changed) > 2*time.Second {
		i.listed = true
		return
	}
	read := time.Now()
	if err := w.inside(id); err != nil {
		w.doubt(id, err)
		return
	}
	folder, err := experiment.Open(f.Dir)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			w.doubt(id, err)
		}
		return
	}
	n := folder.Info
	row := i.row
	row.ID, row.Name, row.Kind, row.Status, row.Seed, row.Host = id, n.Name, n.Kind, n.Status, n.Seed, n.Host
	row.Done, row.Total, row.Unit, row.Left, row.Wall = finite(n.Done), finite(n.Total), n.Unit, finite(n.Left()), finite(n.Wall)
	row.Progress = 0
	if n.Total > 0 {
		row.Progress = min(max(finite(n.Done/n.Total), 0), 1)
	}
	row.Start, row.Updated, row.Warnings, row.Error = &n.Start, n.Updated, len(n.Warnings), clip(n.Error, 300)
	i.metric = ""
	row.Metric, row.MetricUnit = "", ""
	if len(n.Tables) > 0 {
		for k, c := range n.Tables[0].Columns {
			if c.Headline && k > 0 {
				i.metric, row.Metric, row.MetricUnit = c.Name, c.Name, c.Unit
				break
			}
		}
	}
	// The curve shows what was written since; a run that began anew has it anew.
	i.pending = true
	i.row, i.changed, i.read, i.listed, i.touched = row, f.Changed, read, true, true
	w.items[id] = i
}

// finite returns v, 0 if it is no number that JSON has.
func finite(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

// clip cuts a text that comes from a file.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// sweep looks at a sweep.
func (w *watcher) sweep(id string, f experiment.Found, members []experiment.Found) {
	i := w.items[id]
	if i == nil || !i.row.Sweep {
		i = &item{row: Row{ID: id, Sweep: true}}
	}
	now := map[string]time.Time{}
	for _, m := range members {
		now[filepath.Base(m.Dir)] = m.Changed
	}
	st, err := w.root.Stat(path.Join(id, sweep.ConfigFile))
	if err != nil {
		w.doubt(id, err)
		return
	}
	read := time.Now()
	same := func(m string) bool {
		changed, has := now[m]
		before, had := i.members[m]
		return has == had && changed.Equal(before) && i.read.Sub(changed) > 2*time.Second
	}
	var r *sweep.Result
	if i.result != nil && st.ModTime().Equal(i.file) && w.rests(id, i.result, now, same) {
		i.listed = true
		return
	}
	if i.result == nil || !st.ModTime().Equal(i.file) {
		if err = w.inside(id); err == nil {
			var s *sweep.Sweep
			if s, err = sweep.Outline(w.Kinds, f.Dir); err == nil {
				r, err = s.Collect(f.Dir)
			}
		}
	} else {
		r, err = i.result.Again(same)
	}
	if err != nil {
		w.doubt(id, err)
		return
	}
	e := r.Entry()
	row := i.row
	row.Name, row.Status, row.Updated, row.Kind = e.Name, e.Status, e.Updated, r.Sweep.Base.Name()
	row.Done, row.Total, row.Unit = float64(e.Finished), float64(e.Members), "members"
	row.Progress, row.Wall, row.Left, row.Seed = 0, 0, 0, 0
	row.Start, row.Metric, row.MetricUnit = nil, "", ""
	running, wall := 0, 0.0
	for _, m := range r.States {
		row.Progress += share(m) / float64(max(e.Members, 1))
		row.Wall += finite(m.Info.Wall)
		if m.Status == experiment.Running {
			running++
		}
		if m.Status == experiment.Done {
			wall += finite(m.Info.Wall)
		}
		if !m.Info.Start.IsZero() && (row.Start == nil || m.Info.Start.Before(*row.Start)) {
			row.Start = &m.Info.Start
		}
		if row.Metric == "" && len(m.Info.Tables) > 0 {
			for _, c := range m.Info.Tables[0].Columns {
				if c.Headline && row.Metric == "" {
					row.Metric, row.MetricUnit = c.Name, c.Unit
				}
			}
		}
	}
	if row.Progress > 1 || e.Status == experiment.Done {
		row.Progress = 1 // sums are rounded
	}
	if running > 0 && e.Finished > 0 {
		row.Left = wall / float64(e.Finished) * (1 - row.Progress) * float64(e.Members) / float64(running)
	}
	i.row, i.result, i.file, i.members, i.read, i.listed, i.touched = row, r, st.ModTime(), now, read, true, true
	w.items[id] = i
}

// rests tells whether nothing of a sweep can have changed.
func (w *watcher) rests(id string, r *sweep.Result, now map[string]time.Time, same func(string) bool) bool {
	for k, m := range r.Sweep.Members {
		if r.States[k].Status == experiment.Running || r.States[k].Attempt != nil || !same(m.Name) {
			return false
		}
	}
	return !sweep.IsShared(w.path(id))
}

// share is how much of a member is done.
func share(m sweep.State) float64 {
	switch {
	case m.Status == experiment.Done:
		return 1
	case m.Info.Total > 0:
		return min(max(finite(m.Info.Done/m.Info.Total), 0), 1)
	}
	return 0
}

// doubt gives what cannot be read a row that says so.
func (w *watcher) doubt(id string, err error) {
	w.items[id] = &item{row: Row{ID: id, Name: path.Base(id), Status: "unreadable", Error: clip(err.Error(), 300)}, listed: true, touched: true}
}

// details reads settings and curves, for a while, and reports whether some are left.
func (w *watcher) details(began time.Time) bool {
	for id, i := range w.items {
		if !i.pending {
			continue
		}
		if time.Since(began) > detailsSlice {
			return true
		}
		i.pending, i.touched = false, true
		w.settings(id, i)
		w.curve(id, i)
	}
	return false
}

// settings compares a run's configuration with the defaults.
func (w *watcher) settings(id string, i *item) {
	st, err := w.root.Stat(path.Join(id, experiment.ConfigFile))
	if err != nil || i.config != nil && st.ModTime().Equal(*i.config) {
		return
	}
	at := st.ModTime()
	i.config = &at
	text, err := w.read(id, experiment.ConfigFile)
	if err != nil {
		return
	}
	i.row.Differs = map[string]string{}
	for _, s := range w.describer.Settings(text) {
		if s.Differs && s.Path != "kind" && s.Path != "name" && s.Path != "description" && s.Path != "seed" && len(i.row.Differs) < maxDiffers {
			i.row.Differs[s.Path] = clip(s.Value, maxSetting)
		}
	}
}

// curve brings the small curve of a run up to date.
func (w *watcher) curve(id string, i *item) {
	i.row.Value, i.row.Curve = nil, nil
	if i.metric == "" {
		return
	}
	f, err := w.open(path.Join(id, experiment.MetricsFile))
	if err != nil {
		return
	}
	defer f.Close()
	if i.sketch == nil {
		i.sketch = newIndex(sketchBlocks, func(c string) bool { return c == i.metric })
	}
	if _, err := i.sketch.update(f); err != nil {
		return
	}
	if end, means, ok := i.sketch.sketch(i.metric); ok {
		i.row.Value, i.row.Curve = &end, means
	}
}

// open opens a regular file below the server's folder to read it.
func (s *Server) open(name string) (*os.File, error) {
	st, err := s.root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() { // opening a pipe would wait for its other end
		return nil, fs.ErrNotExist
	}
	return s.root.Open(name)
}

// read reads a small file of a folder.
func (s *Server) read(id, name string) ([]byte, error) {
	f, err := s.open(path.Join(id, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFileSize))
}

// inside returns an error if a file right in the folder leads out of the server's folder, or is
// none: what reads runs by their paths is then kept away from it.
func (s *Server) inside(id string) error {
	d, err := s.root.Open(id)
	if err != nil {
		return err
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	if err != nil {
		return err
	}
	for _, e := range entries {
		st, err := s.root.Stat(path.Join(id, e.Name()))
		if errors.Is(err, fs.ErrNotExist) && e.Type()&fs.ModeSymlink == 0 {
			continue // it has just gone
		}
		if err != nil {
			return errors.New(clip(e.Name(), 100) + " leads out of the folder that is served")
		}
		if !st.Mode().IsRegular() && !st.IsDir() {
			return errors.New(clip(e.Name(), 100) + " is no file")
		}
	}
	return nil
}

// publish makes the rows known.
func (w *watcher) publish(runs map[string]bool, papers []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	next := w.version + 1
	c := change{Version: next}
	w.results = map[string]*sweep.Result{}
	for id, i := range w.items {
		if i.result != nil {
			w.results[id] = i.result
		}
		if !i.touched {
			continue
		}
		i.touched = false
		if old, ok := w.rows[id]; !ok || !reflect.DeepEqual(old.Row, i.row) {
			w.rows[id] = versioned{i.row, next}
			c.Rows = append(c.Rows, i.row)
		}
	}
	for id := range w.rows {
		if w.items[id] == nil {
			delete(w.rows, id)
			w.gone = append(w.gone, goneRow{id, next})
			c.Gone = append(c.Gone, id)
		}
	}
	if n := len(w.gone) - maxGone; n > 0 {
		w.cut = w.gone[n-1].version
		w.gone = slices.Delete(w.gone, 0, n)
	}
	w.runs, w.papers = runs, papers
	if len(c.Rows)+len(c.Gone) == 0 {
		return
	}
	w.version = next
	slices.SortFunc(c.Rows, func(a, b Row) int { return cmp.Compare(a.ID, b.ID) })
	w.send(c)
}

// since returns what changed after a version; all of it if that is not known, or version is 0.
func (w *watcher) since(version int64) change {
	c := change{Version: w.version, Rows: []Row{}}
	if version > w.version || version < w.cut {
		version = 0
	}
	c.All = version == 0
	for _, r := range w.rows {
		if r.version > version {
			c.Rows = append(c.Rows, r.Row)
		}
	}
	for _, g := range w.gone {
		if g.version > version && !c.All {
			if _, back := w.rows[g.id]; !back {
				c.Gone = append(c.Gone, g.id)
			}
		}
	}
	slices.SortFunc(c.Rows, func(a, b Row) int { return cmp.Compare(a.ID, b.ID) })
	return c
}

// isRun reports whether there is a run of that name.
func (w *watcher) isRun(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.runs[id]
}

// result returns what there is of a sweep, nil if there is none.
func (w *watcher) result(id string) *sweep.Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.results[id]
}
