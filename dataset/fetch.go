package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"spikealign/internal/durable"
)

// FetchOptions of Fetch. The zero value fetches to DefaultDir from the public homes.
type FetchOptions struct {
	// Dir is the folder of data sets; files go to Dir/NAME. "" stands for DefaultDir.
	Dir string
	// From is an address below which the files lie, in place of the public homes.
	From string
	// Progress, if not nil, is told how many bytes of a file are here. total is what the server
	// says, or the published size.
	Progress func(file string, done, total int64)
	// Note, if not nil, is told what is not progress: a file that is here already, a try that
	// failed.
	Note func(text string)

	client *http.Client                               // nil stands for one that gives up on silence
	wait   func(ctx context.Context, d time.Duration) // between two tries; tests do not wait
	stall  time.Duration                              // silence that ends a try; 0 means a minute
}

const (
	tries     = 5 // of one home, without a byte in between
	agent     = "spikealign (dataset fetch)"
	partial   = ".part" // ending of what has come of a file
	pageCheck = "check the network (a proxy is taken from HTTPS_PROXY and HTTP_PROXY)"
)

// FetchError says why a file could not be fetched, from every address that was asked, and what to
// do.
type FetchError struct {
	File   string
	Causes []error // one for each address
	Text   string
}

func (e *FetchError) Error() string { return e.Text }

func (e *FetchError) Unwrap() []error { return e.Causes }

// Fetch brings the files of a set to o.Dir/NAME and returns that folder. A file appears there only
// when it is whole and is what was published; until then its bytes are in ".FILE.part", and the
// next Fetch goes on after them, also when this process was killed. Files that are there already
// are checked and kept, or fetched anew where they are damaged. Errors are a *NameError, a
// *FetchError, the cause of ctx, a *durable.LockedError, or one of the file system.
func Fetch(ctx context.Context, name string, o FetchOptions) (dir string, err error) {
	s, err := find(name)
	if err != nil {
		return "", err
	}
	return s.fetch(ctx, o)
}

func (s *source) fetch(ctx context.Context, o FetchOptions) (dir string, err error) {
	if o.Dir == "" {
		o.Dir = DefaultDir
	}
	if o.client == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.ResponseHeaderTimeout = time.Minute
		o.client = &http.Client{Transport: t}
	}
	if o.wait == nil {
		o.wait = func(ctx context.Context, d time.Duration) {
			select {
			case <-ctx.Done():
			case <-time.After(d):
			}
		}
	}
	if o.stall == 0 {
		o.stall = time.Minute
	}
	if o.Progress == nil {
		o.Progress = func(string, int64, int64) {}
	}
	if o.Note == nil {
		o.Note = func(string) {}
	}
	homes := s.homes
	if o.From != "" {
		homes = []string{strings.TrimSuffix(o.From, "/") + "/"}
	}
	dir = filepath.Join(o.Dir, s.name)
	_, before := os.Stat(o.Dir)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", &durable.FileError{Op: "make", Path: dir, Err: err}
	}
	lock, err := durable.Lock(dir)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return "", err
	}
	defer func(dir string) {
		if lock != nil {
			err = errors.Join(err, lock.Unlock())
		}
		if err != nil { // leave no empty folders
			_ = os.Remove(dir)
			if before != nil {
				_ = os.Remove(o.Dir)
			}
		}
	}(dir)
	for _, form := range s.forms[1:] {
		if s.wholeIn(dir, form) {
			o.Note(dir + " has the set already, and whole")
			return dir, nil
		}
	}
	for _, p := range s.fetched() {
		if path := p.in(dir); path != "" {
			switch err := s.whole(p, path); {
			case err == nil:
				o.Note(path + " is here already, and whole")
				continue
			case !errors.As(err, new(*durable.CorruptError)):
				return "", err
			default:
				o.Note(err.Error() + "; it is fetched anew")
			}
		}
		f := fetcher{FetchOptions: o, source: s, part: p, dir: dir}
		if err := f.fetch(ctx, homes); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// whole returns nil if a file is what was published.
func (s *source) whole(p part, path string) error { return s.read(p, path, s.empty()) }

// wholeIn says that all files of a form are in a folder, and are what was published.
func (s *source) wholeIn(dir string, form []part) bool {
	for _, p := range form {
		if path := p.in(dir); path == "" || s.whole(p, path) != nil {
			return false
		}
	}
	return true
}

// fetcher fetches one file.
type fetcher struct {
	FetchOptions
	*source
	part
	dir string
}

// final is where an error means that no other try and no other home is of use.
type final struct{ error }

func (e final) Unwrap() error { return e.error }

// elsewhere is an error that this home gives again and again.
type elsewhere struct{ error }

func (e elsewhere) Unwrap() error { return e.error }

func (f *fetcher) fetch(ctx context.Context, homes []string) error {
	name := f.part.names[0]
	var causes []error
	for _, home := range homes {
		address := home + name
		err := f.home(ctx, address)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if last := (final{}); errors.As(err, &last) {
			return last.error
		}
		causes = append(causes, fmt.Errorf("%s: %w", address, err))
	}
	var words []string
	for _, c := range causes {
		words = append(words, c.Error())
	}
	text := fmt.Sprintf("cannot fetch %s: %s", name, strings.Join(words, "; "))
	text += fmt.Sprintf("; %s and type the same again, or put the file into %s yourself", pageCheck, f.dir)
	if f.here() > 0 {
		text += "; what has come is kept"
	} else {
		_ = os.Remove(f.partPath()) // empty, or not there
	}
	return &FetchError{File: name, Causes: causes, Text: text}
}

func (f *fetcher) partPath() string { return filepath.Join(f.dir, "."+f.part.names[0]+partial) }

// home tries one address until the file is here.
func (f *fetcher) home(ctx context.Context, address string) error {
	pause := time.Second
	for failed := 0; ; {
		before := f.here()
		resumed, err := f.try(ctx, address)
		if err == nil {
			err = f.accept()
			if err == nil {
				return nil
			}
			if last := (final{}); errors.As(err, &last) || !resumed {
				return err
			}
			// Perhaps the bytes from before were of something else: once more, from the first one.
			failed++
			continue
		}
		if ctx.Err() != nil || errors.As(err, new(final)) || errors.As(err, new(elsewhere)) {
			return err
		}
		if failed++; f.here() > before {
			failed, pause = 0, time.Second
		}
		if failed >= tries {
			return err
		}
		f.Note(fmt.Sprintf("%s: %v; trying again", address, err))
		if f.wait(ctx, pause); ctx.Err() != nil {
			return context.Cause(ctx)
		}
		pause *= 2
	}
}

// here is how many bytes have come.
func (f *fetcher) here() int64 {
	st, err := os.Stat(f.partPath())
	if err != nil {
		return 0
	}
	return st.Size()
}

// accept puts a file that has come whole into its place, or throws it away.
func (f *fetcher) accept() error {
	path, goal := f.partPath(), filepath.Join(f.dir, f.part.names[0])
	in, err := os.Open(path)
	if err != nil {
		return final{&durable.FileError{Op: "read", Path: path, Err: err}}
	}
	err = f.source.readFrom(f.part, goal, in, f.source.empty())
	in.Close()
	var corrupt *durable.CorruptError
	if errors.As(err, &corrupt) {
		if err := os.Remove(path); err != nil {
			return final{&durable.FileError{Op: "remove", Path: path, Err: err}}
		}
		return elsewhere{fmt.Errorf("what came is not the published file (byte %d): %s", corrupt.Offset, corrupt.Reason)}
	}
	if err == nil {
		err = durable.Place(path, goal)
	}
	if err != nil {
		return final{err}
	}
	return nil
}

// try asks for what is missing once. resumed says that there were bytes from before.
func (f *fetcher) try(ctx context.Context, address string) (resumed bool, err error) {
	path := f.partPath()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return false, final{&durable.FileError{Op: "write", Path: path, Err: err}}
	}
	defer func() {
		// What has come shall survive a loss of power.
		if e := errors.Join(file.Sync(), file.Close()); e != nil && err == nil {
			err = final{&durable.FileError{Op: "write", Path: path, Err: e}}
		}
	}()
	begin, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return false, final{&durable.FileError{Op: "read", Path: path, Err: err}}
	}
	// A server that falls silent ends the try.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := time.AfterFunc(f.stall, func() { cancel(fmt.Errorf("nothing came for %v", f.stall)) })
	defer quiet.Stop()
	silent := func(err error) error {
		if c := context.Cause(ctx); c != nil {
			return c
		}
		return err
	}

	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false, elsewhere{err}
	}
	q.Header.Set("User-Agent", agent)
	q.Header.Set("Accept-Encoding", "identity") // else the client unpacks what a server packed
	if begin > 0 {
		q.Header.Set("Range", fmt.Sprintf("bytes=%d-", begin))
	}
	a, err := f.client.Do(q)
	if err != nil {
		if ctx.Err() == nil {
			err = plain(err)
		}
		return false, silent(err)
	}
	defer a.Body.Close()
	total := int64(-1)
	restart := false
	switch {
	case a.StatusCode == http.StatusOK:
		restart = begin > 0 // this server has no ranges
		total = a.ContentLength
	case a.StatusCode == http.StatusPartialContent && begin > 0:
		from, all, ok := contentRange(a.Header.Get("Content-Range"))
		if !ok || from != begin {
			return false, elsewhere{fmt.Errorf("it was asked for bytes from %d on and answers %q", begin, a.Header.Get("Content-Range"))}
		}
		total = all
	case a.StatusCode == http.StatusRequestedRangeNotSatisfiable && begin > 0:
		// Either all is here, or more than all.
		if _, all, ok := contentRange(a.Header.Get("Content-Range")); ok && all == begin {
			return true, nil
		}
		if err := file.Truncate(0); err != nil {
			return false, final{&durable.FileError{Op: "write", Path: path, Err: err}}
		}
		return false, errors.New("the bytes from before do not belong to its file")
	case a.StatusCode >= 500, a.StatusCode == http.StatusRequestTimeout, a.StatusCode == http.StatusTooManyRequests:
		return false, fmt.Errorf("the server answers %s", a.Status)
	default:
		return false, elsewhere{fmt.Errorf("the server answers %s", a.Status)}
	}
	if restart {
		if err := file.Truncate(0); err != nil {
			return false, final{&durable.FileError{Op: "write", Path: path, Err: err}}
		}
		begin = 0
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return false, final{&durable.FileError{Op: "write", Path: path, Err: err}}
		}
	}
	// Others may have packed the same content a little worse.
	limit := f.part.size + f.part.size/8 + 1<<16
	if total > limit {
		return false, elsewhere{fmt.Errorf("its file has %d bytes, where the published one has %d", total, f.part.size)}
	}
	shown := total
	if shown < 0 {
		shown = f.part.size
	}
	done := begin
	f.Progress(f.part.names[0], done, shown)
	b := make([]byte, 1<<17)
	for {
		n, err := a.Body.Read(b)
		if n > 0 {
			quiet.Reset(f.stall)
			if done += int64(n); done > limit {
				if err := file.Truncate(0); err != nil {
					return false, final{&durable.FileError{Op: "write", Path: path, Err: err}}
				}
				return false, elsewhere{fmt.Errorf("it sends more than %d bytes, where the published file has %d", limit, f.part.size)}
			}
			if _, err := file.Write(b[:n]); err != nil {
				return false, final{&durable.FileError{Op: "write", Path: path, Err: err}}
			}
			f.Progress(f.part.names[0], done, shown)
		}
		if err == io.EOF && (total < 0 || done == total) {
			return begin > 0, nil
		}
		if err != nil {
			if ctx.Err() == nil {
				err = fmt.Errorf("the connection broke off after %d of %d bytes", done, shown)
			}
			return false, silent(err)
		}
	}
}

// plain leaves out of an error of the client what is said beside it, and tells the network's
// absence, which no second try mends within seconds, from the rest.
func plain(err error) error {
	var beside *url.Error
	if errors.As(err, &beside) {
		err = beside.Err
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return elsewhere{fmt.Errorf("it cannot be reached: %w", op.Err)}
	}
	return err
}

// contentRange reads "bytes 10-19/20" and "bytes */20".
func contentRange(text string) (from, total int64, ok bool) {
	spans, isBytes := strings.CutPrefix(text, "bytes ")
	span, all, slash := strings.Cut(spans, "/")
	total, err := strconv.ParseInt(all, 10, 64)
	if !isBytes || !slash || err != nil || total < 0 {
		return 0, 0, false
	}
	if span == "*" {
		return 0, total, true
	}
	first, last, dash := strings.Cut(span, "-")
	from, err1 := strconv.ParseInt(first, 10, 64)
	to, err2 := strconv.ParseInt(last, 10, 64)
	return from, total, dash && err1 == nil && err2 == nil && from >= 0 && from <= to && to < total
}
