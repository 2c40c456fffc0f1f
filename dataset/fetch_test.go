package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"spikealign/internal/durable"
)

// server has files, and does what answer says before it serves one: answer returns true if it has
// answered.
type server struct {
	*httptest.Server
	files  map[string][]byte
	answer func(n int, w http.ResponseWriter, r *http.Request) bool

	mu   sync.Mutex
	asks []string // file, and the range that was asked for
}

func serve(t *testing.T, files map[string][]byte) *server {
	s := &server{files: files}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := path.Base(r.URL.Path)
		s.mu.Lock()
		n := len(s.asks)
		s.asks = append(s.asks, strings.TrimSpace(name+" "+r.Header.Get("Range")))
		s.mu.Unlock()
		if s.answer != nil && s.answer(n, w, r) {
			return
		}
		b, ok := s.files[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}))
	t.Cleanup(s.Close)
	return s
}

// asked is what it was asked for so far.
func (s *server) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asks)
}

// breakOff sends the first n bytes of a file and then breaks the connection.
func (s *server) breakOff(w http.ResponseWriter, r *http.Request, n int) bool {
	b := s.files[path.Base(r.URL.Path)]
	w.Header().Set("Content-Length", fmt.Sprint(len(b)))
	w.Write(b[:n])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// archived is CIFAR-10 with small images and right sums, and its one file, too long for one packet.
func archived(t *testing.T) (*source, map[string][]byte) {
	s := small(t, "cifar-10")
	files := batches()
	noise := make([]byte, 1<<20)
	x := uint64(1)
	for k := range noise {
		x = x*6364136223846793005 + 1442695040888963407
		noise[k] = byte(x >> 56)
	}
	files["readme.html"] = noise
	published := map[string][]byte{"cifar-10-binary.tar.gz": archive(files, published...)}
	s.publish(0, published)
	return s, published
}

// options fetch into a folder from servers, without pauses.
func options(t *testing.T, s *source, servers ...*server) (FetchOptions, *[]string) {
	s.homes = nil
	for _, v := range servers {
		s.homes = append(s.homes, v.URL+"/sets/")
	}
	notes := &[]string{}
	return FetchOptions{Dir: t.TempDir(), Note: func(text string) { *notes = append(*notes, text) }, wait: func(context.Context, time.Duration) {}}, notes
}

// inFolder are the names in a folder.
func inFolder(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

const tarball = "cifar-10-binary.tar.gz"

// arrived holds a folder to the whole set and nothing else.
func arrived(t *testing.T, s *source, o FetchOptions, dir string, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if dir != filepath.Join(o.Dir, s.name) || inFolder(t, dir) != tarball {
		t.Errorf("%s has %s", dir, inFolder(t, dir))
	}
	set, err := s.open(o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	right(t, set)
}

// TestFetch: all files of a set arrive and are right; a second time nothing is asked for; a damaged
// file is fetched anew.
func TestFetch(t *testing.T) {
	for name, files := range map[string]map[string][]byte{"mnist": idxFiles(), "svhn": matFiles()} {
		s, v := small(t, name), serve(t, files)
		s.publish(0, files)
		o, notes := options(t, s, v)
		seen := map[string]int64{}
		o.Progress = func(file string, done, total int64) {
			if done > total || total != int64(len(files[file])) {
				t.Errorf("%s: %d of %d bytes", file, done, total)
			}
			seen[file] = done
		}
		dir, err := s.fetch(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		set, err := s.open(o.Dir)
		if err != nil || set.Dir != dir {
			t.Fatal(err)
		}
		right(t, set)
		for file, b := range files {
			if seen[file] != int64(len(b)) {
				t.Errorf("%s: progress ends at %d of %d bytes", file, seen[file], len(b))
			}
		}
		if len(v.asked()) != len(files) || len(*notes) > 0 {
			t.Errorf("asked for %q, told %q", v.asked(), *notes)
		}
		if _, err := s.fetch(t.Context(), o); err != nil || len(v.asked()) != len(files) || len(*notes) != len(files) {
			t.Errorf("%v, asked for %q, told %q", err, v.asked(), *notes)
		}
		first := s.fetched()[0].names[0]
		if err := os.Truncate(filepath.Join(dir, first), 20); err != nil {
			t.Fatal(err)
		}
		if _, err := s.fetch(t.Context(), o); err != nil || len(v.asked()) != len(files)+1 || v.asked()[len(files)] != first {
			t.Errorf("%v, asked for %q", err, v.asked())
		}
		if _, err := s.open(o.Dir); err != nil {
			t.Error(err)
		}
	}
}

// TestFetchFrom: an address that the user names takes the place of the homes, also with files that
// were packed in another way.
func TestFetchFrom(t *testing.T) {
	s := small(t, "mnist")
	s.publish(0, idxFiles())
	other := idxFiles()
	for name, b := range other {
		other[name] = append(packed(nil), packed(unpacked(b))...) // an empty member goes before
	}
	home, mirror := serve(t, nil), serve(t, other)
	o, _ := options(t, s, home)
	o.From = mirror.URL + "/x"
	if _, err := s.fetch(t.Context(), o); err != nil || len(home.asked()) > 0 {
		t.Fatal(err, home.asked())
	}
	if _, err := s.open(o.Dir); err != nil {
		t.Error(err)
	}
}

// TestFetchResumes: a connection that breaks off again and again costs no byte twice.
func TestFetchResumes(t *testing.T) {
	s, files := archived(t)
	v := serve(t, files)
	size := len(files[tarball])
	v.answer = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n == 0 {
			return v.breakOff(w, r, 300_000)
		}
		if n < 3 {
			// From where it is asked for, and 100000 bytes only.
			from := 300_000 + (n-1)*100_000
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, size-1, size))
			w.Header().Set("Content-Length", fmt.Sprint(size-from))
			w.WriteHeader(http.StatusPartialContent)
			w.Write(files[tarball][from : from+100_000])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		return false
	}
	o, notes := options(t, s, v)
	dir, err := s.fetch(t.Context(), o)
	arrived(t, s, o, dir, err)
	if want := fmt.Sprintf("%[1]s,%[1]s bytes=300000-,%[1]s bytes=400000-,%[1]s bytes=500000-", tarball); strings.Join(v.asked(), ",") != want {
		t.Errorf("asked for %q, told %q", v.asked(), *notes)
	}
	if len(*notes) != 3 || !strings.HasSuffix((*notes)[0], fmt.Sprintf("the connection broke off after 300000 of %d bytes; trying again", size)) {
		t.Errorf("told %q", *notes)
	}
}

// TestFetchInterrupted: Ctrl-C keeps what has come, and so does the end of the process; the next
// call goes on, also where all had come.
func TestFetchInterrupted(t *testing.T) {
	s, files := archived(t)
	v := serve(t, files)
	o, _ := options(t, s, v)
	stopped := errors.New("Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	v.answer = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n > 0 {
			return false
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(files[tarball])))
		w.Write(files[tarball][:300_000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return true
	}
	o.Progress = func(file string, done, total int64) {
		if done == 300_000 {
			cancel(stopped)
		}
	}
	dir := filepath.Join(o.Dir, s.name)
	part := filepath.Join(dir, "."+tarball+".part")
	if _, err := s.fetch(ctx, o); !errors.Is(err, stopped) || inFolder(t, dir) != filepath.Base(part) {
		t.Fatal(err, inFolder(t, dir))
	}
	if _, err := s.open(o.Dir); !errors.As(err, new(*NotFoundError)) {
		t.Errorf("half a file counts: %v", err)
	}
	o.Progress = nil
	_, err := s.fetch(t.Context(), o)
	arrived(t, s, o, dir, err)
	if v.asked()[1] != tarball+" bytes=300000-" {
		t.Errorf("asked for %q", v.asked())
	}
	// Killed between the last byte and the renaming.
	if err := os.Rename(filepath.Join(dir, tarball), part); err != nil {
		t.Fatal(err)
	}
	_, err = s.fetch(t.Context(), o)
	arrived(t, s, o, dir, err)
	if len(v.asked()) != 3 {
		t.Errorf("asked for %q", v.asked())
	}
}

// TestFetchOtherBytes: bytes from before that are of another file cost a second download; more
// bytes than the file has, too; a server without ranges begins at the start.
func TestFetchOtherBytes(t *testing.T) {
	s, files := archived(t)
	for _, c := range []struct {
		what   string
		part   []byte
		ranges bool
		asks   int
	}{
		{"wrong bytes", make([]byte, 1000), true, 2},
		{"too many bytes", make([]byte, len(files[tarball])+1), true, 2},
		{"wrong bytes, all of them", make([]byte, len(files[tarball])), true, 2},
		{"no ranges", files[tarball][:1000], false, 1},
	} {
		v := serve(t, files)
		v.answer = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if !c.ranges {
				w.Write(files[tarball])
			}
			return !c.ranges
		}
		o, notes := options(t, s, v)
		lay(t, o.Dir, s.name, map[string][]byte{"." + tarball + ".part": c.part})
		dir, err := s.fetch(t.Context(), o)
		arrived(t, s, o, dir, err)
		if len(v.asked()) != c.asks {
			t.Errorf("%s: asked for %q, told %q", c.what, v.asked(), *notes)
		}
	}
}

// TestFetchFails: what each fault of a server comes to. The next home is asked; if there is none
// the message has the address, the fault and the remedy, and no file appears.
func TestFetchFails(t *testing.T) {
	s, files := archived(t)
	silent := make(chan struct{})
	defer close(silent)
	for _, c := range []struct {
		what, want string
		asks       int
		kept       bool
		answer     func(v *server, w http.ResponseWriter, r *http.Request) bool
	}{
		{"not there", "the server answers 404 Not Found", 1, false, func(v *server, w http.ResponseWriter, r *http.Request) bool {
			http.NotFound(w, r)
			return true
		}},
		{"in trouble", "the server answers 503 Service Unavailable", tries, false, func(v *server, w http.ResponseWriter, r *http.Request) bool {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}},
		{"breaks off at the same place", fmt.Sprintf("the connection broke off after 1000 of %d bytes", len(files[tarball])), tries + 1, true, func(v *server, w http.ResponseWriter, r *http.Request) bool {
			return v.breakOff(w, r, 1000) // and knows no ranges
		}},
		{"another file", "what came is not the published file (byte ", 1, false, func(v *server, w http.ResponseWriter, r *http.Request) bool {
			b := bytes.Clone(files[tarball])
			b[len(b)/2] ^= 1
			w.Write(b)
			return true
		}},
		{"a page to log in", "what came is not the published file (byte 10): gzip: invalid header", 1, false, func(v *server, w http.ResponseWriter, r *http.Request) bool {
			w.Write([]byte("<html>Welcome to the hotel's network</html>"))
			return true
		}},
		{"too large", fmt.Sprintf("its file has 1000000000 bytes, where the published one has %d", len(files[tarball])), 1, false, func(v *server, w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Length", "1000000000")
			w.Write(make([]byte, 10))
			return true
		}},
		{"without an end", "it sends more than ", 1, false, func(v *server, w http.ResponseWriter, r *http.Request) bool {
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return true
				}
			}
		}},
		{"falls silent", "nothing came for 200ms", tries, false, func(v *server, w http.ResponseWriter, r *http.Request) bool {
			select {
			case <-silent:
			case <-r.Context().Done():
			}
			return true
		}},
	} {
		v, second := serve(t, files), serve(t, files)
		v.answer = func(n int, w http.ResponseWriter, r *http.Request) bool { return c.answer(v, w, r) }
		o, notes := options(t, s, v)
		if c.what == "falls silent" {
			o.stall = 200 * time.Millisecond
		}
		_, err := s.fetch(t.Context(), o)
		var fault *FetchError
		text := fmt.Sprint(err)
		if !errors.As(err, &fault) || fault.File != tarball || !strings.HasPrefix(text, "cannot fetch "+tarball+": "+v.URL+"/sets/"+tarball+": ") ||
			!strings.Contains(text, c.want) || !strings.Contains(text, "; check the network") || !strings.Contains(text, "put the file into "+filepath.Join(o.Dir, s.name)+" yourself") {
			t.Errorf("%s: %v", c.what, err)
		}
		if len(v.asked()) != c.asks {
			t.Errorf("%s: asked for %q, told %q", c.what, v.asked(), *notes)
		}
		want := ""
		if c.kept {
			want = "." + tarball + ".part"
		}
		if got := inFolder(t, filepath.Join(o.Dir, s.name)); got != want || c.kept != strings.HasSuffix(text, "; what has come is kept") {
			t.Errorf("%s: leaves %q: %v", c.what, got, err)
		}
		if c.what == "falls silent" { // with a stall so short the second one might be taken for silent, too
			continue
		}
		o, _ = options(t, s, v, second)
		dir, err := s.fetch(t.Context(), o)
		arrived(t, s, o, dir, err)
	}
}

// TestFetchNoNetwork: where nothing answers, no time is spent on trying again.
func TestFetchNoNetwork(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	s, _ := archived(t)
	o, notes := options(t, s)
	s.homes = []string{"http://" + address + "/"}
	o.wait = func(context.Context, time.Duration) { t.Error("it waits") }
	_, err = s.fetch(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "http://"+address+"/"+tarball+": it cannot be reached: ") || len(*notes) > 0 || inFolder(t, o.Dir) != "" {
		t.Error(err, *notes, inFolder(t, o.Dir))
	}
}

// TestFetchFolders: what the file system refuses ends the fetch with path and remedy; two processes
// do not fetch into one folder.
func TestFetchFolders(t *testing.T) {
	s, files := archived(t)
	v := serve(t, files)
	o, _ := options(t, s, v)
	dir := filepath.Join(o.Dir, s.name)
	if err := os.WriteFile(dir, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	var refused *durable.FileError
	if _, err := s.fetch(t.Context(), o); !errors.As(err, &refused) || refused.Path != dir {
		t.Error(err)
	}
	o, _ = options(t, s, v)
	dir = filepath.Join(o.Dir, s.name)
	lay(t, dir, "."+tarball+".part", nil)
	if _, err := s.fetch(t.Context(), o); !errors.As(err, &refused) {
		t.Error(err)
	}
	lock, err := durable.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	if _, err := s.fetch(t.Context(), o); !errors.As(err, new(*durable.LockedError)) {
		t.Error(err)
	}
	if _, err := Fetch(t.Context(), "imagenet", o); !errors.As(err, new(*NameError)) {
		t.Error(err)
	}
}

// TestFetchLoose: where the unpacked files are whole, the archive is not fetched; damaged ones are
// replaced by the archive, which goes before them.
func TestFetchLoose(t *testing.T) {
	s, files := archived(t)
	s.publish(1, batches())
	v := serve(t, files)
	o, notes := options(t, s, v)
	lay(t, o.Dir, s.name, batches())
	if _, err := s.fetch(t.Context(), o); err != nil || len(v.asked()) > 0 || len(*notes) != 1 {
		t.Fatal(err, v.asked(), *notes)
	}
	if err := os.Truncate(filepath.Join(o.Dir, s.name, "test_batch.bin"), 3); err != nil {
		t.Fatal(err)
	}
	if _, err := s.open(o.Dir); !errors.As(err, new(*DamagedError)) {
		t.Error(err)
	}
	if _, err := s.fetch(t.Context(), o); err != nil || len(v.asked()) != 1 {
		t.Fatal(err, v.asked())
	}
	if _, err := s.open(o.Dir); err != nil {
		t.Error(err)
	}
}

// TestContentRange reads the header of partial answers.
func TestContentRange(t *testing.T) {
	for _, c := range []struct {
		text        string
		from, total int64
		ok          bool
	}{
		{"bytes 10-19/20", 10, 20, true}, {"bytes */20", 0, 20, true}, {"bytes 0-0/1", 0, 1, true},
		{"bytes 10-19/*", 0, 0, false}, {"bytes 10-20/20", 10, 20, false}, {"bytes 5-4/20", 5, 20, false}, {"", 0, 0, false}, {"bytes -5/20", 0, 20, false}, {"lines 1-2/3", 0, 0, false},
	} {
		from, total, ok := contentRange(c.text)
		if ok != c.ok || ok && (from != c.from || total != c.total) {
			t.Errorf("%q: %d, %d, %v", c.text, from, total, ok)
		}
	}
}
