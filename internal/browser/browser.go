// Package browser lets tests see pages in a real Chromium, without a window. It speaks Chromium's
// own protocol over a pair of pipes, which takes no more than this package: a library for it would
// be compiled for minutes and stand in everybody's go.mod. A page fails its test at the end if
// anything went wrong in it that nobody asked about: errors on the console, exceptions, what the
// content security policy refused, requests to other hosts.
package browser

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"spikealign/internal/testenv"
)

// patience is how long an answer may take on a busy machine.
const patience = 60 * time.Second

// Browser is a running Chromium.
type Browser struct {
	t       testing.TB
	in      *os.File
	writing sync.Mutex

	mu      sync.Mutex
	last    int
	waiting map[int]chan message
	pages   map[string]*Page // by session
	gone    error            // why there will be no more answers
}

// message is what goes through the pipes: a command, its answer, or an event.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// Start starts a Chromium for a test, which ends with it. Without one installed the test is
// skipped, or fails where everything is promised to be there.
func Start(t testing.TB) *Browser {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if testenv.Complete() {
			t.Fatal("no Chromium is installed")
		}
		t.Skip("no Chromium is installed")
	}
	home, err := os.MkdirTemp("", "browser") // t.TempDir fails while Chromium is still writing there
	if err != nil {
		t.Fatal(err)
	}
	toRead, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, toWrite, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--headless=new", "--remote-debugging-pipe", "--user-data-dir="+filepath.Join(home, "profile"),
		"--no-sandbox", // which refuses root, as tests run in containers
		"--disable-dev-shm-usage", "--disable-gpu", "--no-first-run", "--no-default-browser-check", "--mute-audio", "--hide-scrollbars",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-default-apps",
		"--disable-background-timer-throttling", "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows",
		"--font-render-hinting=none", "--force-color-profile=srgb",
		// Nothing but this machine has an address.
		"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost", "--no-proxy-server")
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home)
	cmd.ExtraFiles = []*os.File{toRead, toWrite} // Chromium reads 3 and writes 4
	group(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	toRead.Close()
	toWrite.Close()
	b := &Browser{t: t, in: in, waiting: map[int]chan message{}, pages: map[string]*Page{}}
	read := make(chan struct{})
	go func() {
		defer close(read)
		b.read(out)
	}()
	t.Cleanup(func() {
		for _, p := range b.pages {
			p.check()
		}
		killGroup(cmd)
		cmd.Wait()
		in.Close()
		<-read
		out.Close()
		for range 100 { // children of the group may still write for a moment
			if os.RemoveAll(home) == nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	return b
}

// read hands out what Chromium says until it ends.
func (b *Browser) read(out *os.File) {
	r := bufio.NewReaderSize(out, 1<<16)
	for {
		data, err := r.ReadBytes(0)
		var m message
		if err == nil {
			err = json.Unmarshal(data[:len(data)-1], &m)
		}
		b.mu.Lock()
		if err != nil {
			b.gone = fmt.Errorf("no answers any more: %w", err)
			for id, c := range b.waiting {
				delete(b.waiting, id)
				close(c)
			}
			b.mu.Unlock()
			return
		}
		c, p := b.waiting[m.ID], b.pages[m.Session]
		delete(b.waiting, m.ID)
		b.mu.Unlock()
		switch {
		case c != nil:
			c <- m
		case m.ID == 0 && p != nil:
			p.event(m)
		}
	}
}

// call gives a command and decodes its result.
func (b *Browser) call(session, method string, params, result any) error {
	c := make(chan message, 1)
	b.mu.Lock()
	if b.gone != nil {
		b.mu.Unlock()
		return b.gone
	}
	b.last++
	id := b.last
	b.waiting[id] = c
	b.mu.Unlock()

	raw, err := json.Marshal(params)
	if err != nil {
		return err
	}
	if params == nil {
		raw = nil
	}
	data, err := json.Marshal(message{ID: id, Session: session, Method: method, Params: raw})
	if err != nil {
		return err
	}
	b.writing.Lock()
	_, err = b.in.Write(append(data, 0))
	b.writing.Unlock()
	if err != nil {
		return err
	}
	select {
	case m, ok := <-c:
		switch {
		case !ok:
			return b.gone
		case m.Error != nil:
			return errors.New(m.Error.Message)
		case result != nil:
			return json.Unmarshal(m.Result, result)
		}
		return nil
	case <-time.After(patience):
		return fmt.Errorf("no answer within %v", patience)
	}
}
