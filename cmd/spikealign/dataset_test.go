//go:build unix

package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"spikealign/dataset"
	"spikealign/internal/testenv"
)

// TestDatasetFetch fetches the real Fashion-MNIST from a server on this machine: Ctrl-C in the
// middle of the large file, exit code 75, and the same command goes on after the bytes that came.
func TestDatasetFetch(t *testing.T) {
	var from string
	for _, s := range dataset.Find(t.TempDir()) {
		if s.Name == "fashion-mnist" {
			// .ci/run installs it
			if from = s.Dir; from == "" && !testenv.Complete() {
				t.Skip(s.Missing)
			}
		}
	}
	const large, sent = "train-images-idx3-ubyte.gz", 5_000_000
	var mu sync.Mutex
	var asks []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := path.Base(r.URL.Path)
		mu.Lock()
		first := len(asks) == 0
		asks = append(asks, strings.TrimSpace(name+" "+r.Header.Get("Range")))
		mu.Unlock()
		b, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		if first {
			w.Header().Set("Content-Length", fmt.Sprint(len(b)))
			w.Write(b[:sent])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}))
	defer server.Close()
	asked := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(asks)
	}

	p := newProgram(t)
	fetch := []string{"dataset", "fetch", "fashion-mnist", "--from", server.URL + "/fashion", "--progress", "1ms"}
	c := p.command(fetch...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	part := filepath.Join("data", "fashion-mnist", "."+large+".part")
	for began := time.Now(); len(p.read(part)) < sent; time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			_ = c.Process.Kill()
			_ = c.Wait()
			t.Fatalf("%d bytes came: %s", len(p.read(part)), &stderr)
		}
	}
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code := p.code(c.Wait()); code != exitStopped || stdout.Len() > 0 || !strings.HasSuffix(stderr.String(), "spikealign: interrupted; what has come is kept: type the same again to go on\n") {
		t.Fatalf("exit code %d: %s%s", code, &stdout, &stderr)
	}
	if got := len(p.read(part)); got != sent {
		t.Fatalf("%d bytes are kept", got)
	}

	code, out, told := p.run(fetch...)
	if code != 0 || out != "fashion-mnist is in data/fashion-mnist\n" {
		t.Fatalf("exit code %d: %s%s", code, out, told)
	}
	for _, want := range []string{large + "  MB 5/26", large + "  MB 26/26", "100.0%", "t10k-labels-idx1-ubyte.gz", "  done\n"} {
		if !strings.Contains(told, want) {
			t.Errorf("progress does not say %q: %s", want, told)
		}
	}
	if asks := asked(); len(asks) != 5 || asks[1] != fmt.Sprintf("%s bytes=%d-", large, sent) {
		t.Errorf("asked for %q", asks)
	}
	if code, out, told := p.run("dataset", "verify", "fashion-mnist"); code != 0 ||
		out != "fashion-mnist in data/fashion-mnist is whole: 60000 training and 10000 test images, mean 0.2860, std 0.3530\n" {
		t.Errorf("exit code %d: %s%s", code, out, told)
	}
	if code, _, told := p.run(append(fetch, "-q")...); code != 0 || told != "" || len(asked()) != 5 {
		t.Errorf("exit code %d: %s, asked for %q", code, told, asked())
	}

	// A disk that is full, here a limit on the size of files: told with the remedy, what came
	// stays.
	limited := exec.Command("sh", append([]string{"-c", `ulimit -f 2000 && exec "$0" "$@"`, p.path}, append(fetch, "-q", "--data", "full")...)...)
	limited.Dir = p.dir
	stderr.Reset()
	limited.Stderr = &stderr
	full := filepath.Join("full", "fashion-mnist", "."+large+".part")
	if code := p.code(limited.Run()); code != exitFailed || !strings.Contains(stderr.String(), "cannot write "+full+": file too large: raise the limit") {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
	if len(p.read(full)) == 0 {
		t.Error("what came is lost")
	}
	p.must(append(fetch, "-q", "--data", "full")...)

	// One wrong bit in what the server has: refused, and nothing appears.
	wrong := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := os.ReadFile(filepath.Join(from, path.Base(r.URL.Path)))
		b[len(b)/2] ^= 4
		w.Write(b)
	}))
	defer wrong.Close()
	code, _, told = p.run("dataset", "fetch", "fashion-mnist", "-q", "--data", "other", "--from", wrong.URL)
	if code != exitFailed || !strings.Contains(told, "what came is not the published file") {
		t.Errorf("exit code %d: %s", code, told)
	}
	if _, err := os.Stat(p.file("other")); err == nil {
		t.Error("a folder is left over")
	}
}
