package serve

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"spikealign/internal/browser"
)

const patience = 60 * time.Second

// laboratory opens the exported laboratory from a plain web server, below some path.
func laboratory(t *testing.T, hash string) *browser.Page {
	t.Helper()
	b := browser.Start(t)
	dir := t.TempDir()
	if err := Export(dir); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.StripPrefix("/some/where", http.FileServer(http.Dir(dir))))
	t.Cleanup(server.Close)
	p := b.Open(t, server.URL+"/some/where/"+hash)
	p.Wait("globalThis.laboratory", patience)
	return p
}

func TestShots(t *testing.T) {
	dir := os.Getenv("SPIKEALIGN_SHOTS")
	p := laboratory(t, "")
	p.Wait(`document.getElementById("walk-state").textContent == "" && document.querySelector("#plane canvas")`, patience)
	for _, dark := range []bool{false, true} {
		for _, w := range []int{1280, 400} {
			p.Size(w, 900)
			p.Dark(dark)
			time.Sleep(300 * time.Millisecond)
			if dir != "" {
				p.Screenshot(fmt.Sprintf("%s/lab-%d-%v.png", dir, w, dark))
			}
		}
	}
}
