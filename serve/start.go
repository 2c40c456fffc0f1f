package serve

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"spikealign/experiment"
	"spikealign/experiments"
	"spikealign/internal/durable"
	"spikealign/reproduce"
	"spikealign/sweep"
)

const (
	maxBody    = 64 << 10
	maxStarted = 100 // that are remembered
	maxWaiting = 50
	tailLength = 2000             // of what a program says
	stopTime   = 30 * time.Second // for its last checkpoint
)

// starter runs experiments as processes of the program.
type starter struct {
	*Server
	token string // what a request to start or stop something must have, beside all else
	slots chan struct{}

	mu     sync.Mutex
	last   int
	jobs   []*job
	closed bool
}

// job is something that was started from the page.
type job struct {
	ID      int       `json:"id"`
	Name    string    `json:"name"`
	Command string    `json:"command"`
	Run     string    `json:"run,omitempty"` // its id
	State   string    `json:"state"`         // waiting, running, done, stopped, failed
	Began   time.Time `json:"began"`
	Said    string    `json:"said,omitempty"` // the end of what it said

	said   *tail
	cancel context.CancelFunc
}

func newStarter(s *Server) *starter {
	return &starter{Server: s, token: NewToken(), slots: make(chan struct{}, s.Jobs)}
}

// offer is what can be started.
type offer struct {
	Name    string `json:"name"`
	Command string `json:"command"` // run, sweep or reproduce
	Doc     string `json:"doc"`
	Time    string `json:"time,omitempty"`
}

// startedAnswer says what was started, and what can be.
type startedAnswer struct {
	Allowed bool    `json:"allowed"`
	Token   string  `json:"token,omitempty"`
	Offers  []offer `json:"offers"`
	Jobs    []job   `json:"jobs"`
}

// offers are the experiment files in the program, and the figures of the paper.
func offers() (all []offer) {
	for _, e := range experiments.Examples() {
		all = append(all, offer{e.Name, e.Command, e.Doc, e.Time})
	}
	for _, f := range reproduce.Figures() {
		all = append(all, offer{f.Name, "reproduce", f.Doc, ""})
	}
	return all
}

// started answers with what was started.
func (s *Server) started(w http.ResponseWriter, r *http.Request) {
	a := startedAnswer{Offers: []offer{}, Jobs: []job{}}
	if s.Program != nil {
		a.Allowed, a.Token, a.Offers = true, s.starter.token, offers()
	}
	st := s.starter
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, j := range slices.Backward(st.jobs) {
		j.Said = j.said.text()
		a.Jobs = append(a.Jobs, job{ID: j.ID, Name: j.Name, Command: j.Command, Run: j.Run, State: j.State, Began: j.Began, Said: j.Said})
	}
	answer(w, http.StatusOK, a)
}

// asked reads the body of a request to start or stop something.
func (s *Server) asked(w http.ResponseWriter, r *http.Request, v any) bool {
	if s.Program == nil {
		fail(w, http.StatusForbidden, "nothing is started from the page: spikealign serve --allow-run allows it")
		return false
	}
	if !isSame(r.Header.Get(tokenHeader), s.starter.token) {
		fail(w, http.StatusForbidden, "this page is of an earlier server: load it again")
		return false
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(headerTimeout))
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		fail(w, http.StatusBadRequest, "the request cannot be read")
		return false
	}
	return true
}

var jobName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$`)

// start begins an experiment of the program's, with changes.
func (s *Server) start(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Offer string   `json:"offer"`
		Name  string   `json:"name"` // of the folder; "": that of the offer
		Set   []string `json:"set"`
	}
	if !s.asked(w, r, &ask) {
		return
	}
	all := offers()
	k := slices.IndexFunc(all, func(o offer) bool { return o.Name == ask.Offer })
	if k < 0 {
		fail(w, http.StatusBadRequest, "there is no such experiment")
		return
	}
	o := all[k]
	name := cmp.Or(ask.Name, o.Name)
	if !jobName.MatchString(name) {
		fail(w, http.StatusBadRequest, "a name has up to 80 letters, digits and _ . -, and begins with a letter or digit")
		return
	}
	for _, set := range ask.Set {
		// Changes name no files: what the page may read is what it shows.
		if strings.ContainsAny(set, "{}&*\n\r\x00") || strings.HasPrefix(set, "-") || strings.HasPrefix(strings.TrimSpace(set), "initial.from") {
			fail(w, http.StatusBadRequest, clip(set, 60)+": a change from the page is path=value, with a plain value or a list")
			return
		}
	}
	j, err := s.starter.prepare(o, name, ask.Set)
	if err != nil {
		fail(w, http.StatusBadRequest, clip(err.Error(), 2000))
		return
	}
	answer(w, http.StatusOK, struct {
		ID  int    `json:"id"`
		Run string `json:"run"`
	}{j.ID, j.Run})
}

// prepare checks what is to be run, finds a folder for it and queues it.
func (st *starter) prepare(o offer, name string, set []string) (*job, error) {
	j := &job{Name: o.Name, State: "waiting", Began: time.Now(), said: &tail{}}
	var args []string
	file, text := "", []byte(nil)
	if o.Command == "reproduce" {
		if len(set) > 0 {
			return nil, experiment.Usagef("the figures of the paper are reproduced as they are")
		}
		args = []string{"reproduce", o.Name, "-o", st.path("reproduce")}
		j.Run = "reproduce/" + o.Name + "-" + string(reproduce.Quick)
	} else {
		file = o.Name + ".yaml"
		var err error
		if text, err = experiments.Files.ReadFile(file); err != nil {
			return nil, err
		}
		if o.Command == "sweep" {
			_, err = sweep.Parse(st.Kinds, file, text, set...)
		} else {
			_, err = st.Kinds.Parse(file, text, set...)
		}
		if err != nil {
			return nil, err
		}
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	waiting := 0
	for _, other := range st.jobs {
		if other.State == "waiting" {
			waiting++
		}
	}
	switch {
	case st.closed:
		return nil, experiment.Usagef("the server ends")
	case waiting >= maxWaiting:
		return nil, experiment.Usagef("too many experiments wait already")
	}
	if file != "" {
		j.Run = st.unused(name)
		args = []string{o.Command, file, "-o", st.path(j.Run)}
		for _, change := range set {
			args = append(args, "--set", change)
		}
	}
	st.last++
	j.ID = st.last
	j.Command = st.typed(args)
	ctx, cancel := context.WithCancel(context.Background())
	j.cancel = cancel
	if len(st.jobs) == maxStarted {
		if k := slices.IndexFunc(st.jobs, func(j *job) bool { return j.State != "waiting" && j.State != "running" }); k >= 0 {
			st.jobs = slices.Delete(st.jobs, k, k+1)
		}
	}
	st.jobs = append(st.jobs, j)
	st.ended.Go(func() { st.work(ctx, j, args, text) })
	return j, nil
}

// typed is the command as one would type it.
func (st *starter) typed(args []string) string {
	words := []string{"spikealign"}
	for _, a := range args {
		if rel, err := filepath.Rel(st.Dir, a); err == nil && filepath.IsAbs(a) {
			a = filepath.Join(st.Shown, rel)
		}
		words = append(words, quote(a))
	}
	return strings.Join(words, " ")
}

// unused returns the name, or with a number behind it, of a folder that is not there and that
// nothing that was started takes. The caller holds mu.
func (st *starter) unused(name string) string {
	for k := 1; ; k++ {
		id := name
		if k > 1 {
			id += "-" + strconv.Itoa(k)
		}
		taken := slices.ContainsFunc(st.jobs, func(j *job) bool { return j.Run == id })
		if _, err := st.root.Lstat(id); err != nil && !taken {
			return id
		}
	}
}

// work runs a process to its end.
func (st *starter) work(ctx context.Context, j *job, args []string, text []byte) {
	state := "stopped"
	defer func() {
		st.mu.Lock()
		defer st.mu.Unlock()
		j.State = state
		j.cancel()
	}()
	select {
	case st.slots <- struct{}{}:
		defer func() { <-st.slots }()
	case <-ctx.Done():
		return
	}
	if ctx.Err() != nil {
		return
	}
	st.mu.Lock()
	j.State = "running"
	st.mu.Unlock()
	if text != nil {
		dir := filepath.Join(os.TempDir(), "spikealign-"+NewToken())
		args[1] = filepath.Join(dir, args[1])
		err := durable.MakeNewFolder(dir)
		if err == nil {
			defer func() { _ = durable.RemoveAll(dir) }() // of a temporary folder
			err = durable.WriteFile(args[1], 0o600, func(w io.Writer) error { _, err := w.Write(text); return err })
		}
		if err != nil {
			j.said.Write([]byte(err.Error()))
			state = "failed"
			return
		}
	}
	c := exec.CommandContext(ctx, st.Program[0], slices.Concat(st.Program[1:], args)...)
	c.Stdout, c.Stderr = j.said, j.said
	c.Cancel = func() error { return interrupt(c) }
	c.WaitDelay = stopTime
	apart(c)
	err := c.Run()
	switch {
	case ctx.Err() != nil:
	case err != nil:
		fmt.Fprintln(j.said, err)
		state = "failed"
	default:
		state = "done"
	}
}

// stop stops what was started: with a checkpoint, from which it can go on.
func (s *Server) stop(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		ID int `json:"id"`
	}
	if !s.asked(w, r, &ask) {
		return
	}
	st := s.starter
	st.mu.Lock()
	defer st.mu.Unlock()
	k := slices.IndexFunc(st.jobs, func(j *job) bool { return j.ID == ask.ID })
	if k < 0 {
		fail(w, http.StatusNotFound, "nothing of that number was started")
		return
	}
	st.jobs[k].cancel()
	answer(w, http.StatusOK, struct{}{})
}

// stopAll stops everything; nothing is started any more.
func (st *starter) stopAll() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.closed = true
	for _, j := range st.jobs {
		j.cancel()
	}
}

// tail keeps the end of what a program says.
type tail struct {
	mu  sync.Mutex
	end []byte
}

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, b...)
	if n := len(t.end) - 2*tailLength; n > 0 {
		t.end = append(t.end[:0], t.end[n:]...)
	}
	return len(b), nil
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	end := t.end[max(0, len(t.end)-tailLength):]
	return string(bytes.ToValidUTF8(end, nil))
}
