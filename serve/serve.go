// Package serve shows the runs and sweeps in a folder, the laboratory and the reproduced figures of
// the paper as web pages.
//
// A Server is an http.Handler. One watcher looks at the folder every second, for all pages that are
// open: file systems of clusters do not tell of changes. Pages get the table of runs and what
// changes in it as server-sent events, and ask for everything else by GET; all answers are JSON,
// with figures as package figure declares them. The pages are in serve/page.
//
//	/api/events           the table of runs, then its changes
//	/api/runs             the table of runs
//	/api/run?id=          a run: configuration, warnings, files, commands
//	/api/curves?id=...    columns of tables of up to six runs, thinned, as a figure
//	/api/figures?id=      the figures that spikealign plot draws
//	/api/sweep?id=        a sweep: its grid with the results
//	/api/file?id=&name=   a file of a run, a sweep or a reproduced figure
//	/api/paper            the figures of the paper, and their verdicts
//	/api/started          what was started from the page; POST /api/start and /api/stop
//
// An id is a folder below the server's, as the table names it. Answers are about folders that the
// watcher found, which follows no links, and files are opened below the folder by os.Root: neither
// dots nor links lead out of it.
package serve

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"spikealign/drawings"
	"spikealign/experiment"
	"spikealign/serve/page"
)

// Options say what is served, and to whom.
type Options struct {
	Dir     string // the folder of runs
	Shown   string // how commands that the page shows name it; "": Dir
	Kinds   experiment.Kinds
	Drawers drawings.Drawers
	// Hosts are names by which the server may be called beside localhost and addresses.
	Hosts []string
	// Token, if not "", is what pages need to get any answer. Without one the server answers only
	// requests to a loopback address.
	Token string
	// Program is the command line, without arguments, of the program that runs experiments. If it
	// is nil none can be started from the page.
	Program []string
	// Jobs is how many experiments that were started from the page run at a time; 0: two.
	Jobs int
	// Poll is the time between two looks at the folder; 0: a second.
	Poll time.Duration
	Log  *slog.Logger // nil: none
}

// Server serves a folder of runs.
type Server struct {
	Options
	root    *os.Root
	born    string // tells this server from earlier ones
	watcher *watcher
	handler http.Handler
	tables  cache
	drawn   drawn
	starter *starter
	done    chan struct{}
	ended   sync.WaitGroup
	close   sync.Once
}

// New returns a server of the folder and begins to watch it. Close it after use. The error wraps
// experiment.ErrUsage if there is no such folder.
func New(o Options) (*Server, error) {
	if o.Shown == "" {
		o.Shown = o.Dir
	}
	if o.Poll <= 0 {
		o.Poll = time.Second
	}
	if o.Jobs <= 0 {
		o.Jobs = 2
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	for k, h := range o.Hosts {
		o.Hosts[k] = strings.ToLower(h)
	}
	dir, err := filepath.EvalSymlinks(o.Dir)
	if err == nil {
		dir, err = filepath.Abs(dir)
	}
	if err != nil {
		return nil, experiment.Usagef("cannot serve %s: %v", o.Dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, experiment.Usagef("cannot serve %s: %v", o.Dir, err)
	}
	o.Dir = dir
	s := &Server{Options: o, root: root, born: NewToken()[:8], done: make(chan struct{})}
	s.watcher = newWatcher(s)
	s.starter = newStarter(s)
	s.handler = s.guard(s.routes())
	s.ended.Go(func() { s.watcher.watch(s.done) })
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Close ends the event streams and the watcher, stops what was started from the page, with
// checkpoints, and waits for all of them.
func (s *Server) Close() error {
	s.close.Do(func() { close(s.done) })
	s.starter.stopAll()
	s.ended.Wait()
	return s.root.Close()
}

const (
	headerTimeout  = 10 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeader      = 16 << 10
	maxConnections = 256
	lastAnswers    = 2 * time.Second // after the end
)

// Serve answers on a listener until ctx ends. It closes the listener, and not the server.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		s.close.Do(func() { close(s.done) }) // or event streams would not end
		last, cancel := context.WithTimeout(context.Background(), lastAnswers)
		defer cancel()
		err := h.Shutdown(last)
		if errors.Is(err, context.DeadlineExceeded) {
			err = h.Close()
		}
		stopped <- err
	}()
	err := h.Serve(&limited{Listener: l, free: make(chan struct{}, maxConnections)})
	if errors.Is(err, http.ErrServerClosed) {
		return <-stopped
	}
	return err
}

// limited is a listener with so many connections at a time.
type limited struct {
	net.Listener
	free chan struct{}
}

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	l.free <- struct{}{}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.free
		return nil, err
	}
	return &counted{Conn: c, end: func() { <-l.free }}, nil
}

// counted is a connection that is told when it ends.
type counted struct {
	net.Conn
	once sync.Once
	end  func()
}

// Close implements net.Conn.
func (c *counted) Close() error {
	defer c.once.Do(c.end)
	return c.Conn.Close()
}

// about makes an answer about a folder look first, if that folder is not known: while no page is
// open, and at the beginning, nobody has looked for it.
func (s *Server) about(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if slices.ContainsFunc(r.URL.Query()["id"], func(id string) bool { return !s.known(id) }) {
			s.watcher.fresh(s.Poll)
		}
		answer(w, r)
	}
}

// routes are the addresses of the server.
func (s *Server) routes() http.Handler {
	m := http.NewServeMux()
	pages := http.FileServerFS(pagesOnly{page.Files})
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		// What a system says of these would decide whether a browser takes them.
		if kind := kinds[path.Ext(r.URL.Path)]; kind != "" {
			w.Header().Set("Content-Type", kind)
		}
		pages.ServeHTTP(w, r)
	})
	m.HandleFunc("GET /api/events", s.events)
	m.HandleFunc("GET /api/runs", s.table)
	m.HandleFunc("GET /api/run", s.about(s.details))
	m.HandleFunc("GET /api/curves", s.about(s.curves))
	m.HandleFunc("GET /api/figures", s.about(s.figures))
	m.HandleFunc("GET /api/sweep", s.about(s.grid))
	m.HandleFunc("GET /api/file", s.about(s.file))
	m.HandleFunc("GET /api/paper", s.paper)
	m.HandleFunc("GET /api/started", s.started)
	m.HandleFunc("POST "+startPath, s.start)
	m.HandleFunc("POST "+stopPath, s.stop)
	return m
}

// kinds are the types of the pages' files.
var kinds = map[string]string{
	".css":  "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".wasm": "application/wasm",
}

// pagesOnly are the pages without lists of them.
type pagesOnly struct{ fs.FS }

// Open implements fs.FS.
func (p pagesOnly) Open(name string) (fs.File, error) {
	if strings.HasSuffix(name, ".go") {
		return nil, fs.ErrNotExist
	}
	f, err := p.FS.Open(name)
	if err != nil {
		return nil, err
	}
	if st, err := f.Stat(); err == nil && st.IsDir() && name != "." {
		f.Close()
		return nil, fs.ErrNotExist
	}
	return f, nil
}

// table answers with all rows.
func (s *Server) table(w http.ResponseWriter, r *http.Request) {
	s.watcher.fresh(s.Poll)
	s.watcher.mu.Lock()
	c := s.watcher.since(0)
	s.watcher.mu.Unlock()
	answer(w, http.StatusOK, c)
}
