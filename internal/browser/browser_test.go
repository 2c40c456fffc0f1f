package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"spikealign/internal/browser"
)

const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>test</title>
<style>body { background: white } @media (prefers-color-scheme: dark) { body { background: black } }</style>
<button id="button">press</button> <input id="input"> <p id="out"></p>
<div id="pad" tabindex="0"></div>
<script>
	const say = text => out.textContent += text + " ";
	button.onclick = () => say("clicked");
	input.oninput = () => say(input.value);
	pad.style.cssText = "width: 100px; height: 2000px";
	pad.onpointerdown = e => say("down " + e.offsetX);
	pad.onpointerup = e => say("up " + e.offsetX);
	pad.onkeydown = e => say((e.shiftKey ? "shift " : "") + e.key);
</script>`

// show serves a page and opens it.
func show(t *testing.T, content string) *browser.Page {
	t.Helper()
	b := browser.Start(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, content)
		case "/strict":
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Content-Security-Policy", "default-src 'none'")
			fmt.Fprint(w, content)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return b.Open(t, server.URL+"/")
}

func TestPage(t *testing.T) {
	p := show(t, page)
	p.Click("#button")
	p.Click("#input")
	p.Keys("a", "Tab")
	p.Keys("Shift+ArrowLeft", "+", "Escape")
	p.Drag("#pad", 0.1, 0.01, 0.9, 0.01)
	p.Wait(`out.textContent.includes("up")`, 10*time.Second)
	if got, want := strings.TrimSpace(p.Text("#out")), "clicked a shift ArrowLeft + Escape down 10 up 90"; got != want {
		t.Errorf("the page saw %q, want %q", got, want)
	}
	var sum int
	if p.Eval("Promise.resolve(1 + 1)", &sum); sum != 2 {
		t.Errorf("1 + 1 = %d", sum)
	}
	for _, dark := range []bool{false, true} {
		p.Dark(dark)
		p.Size(400, 300)
		m := p.Image()
		if r, _, _, _ := m.At(390, 5).RGBA(); (r == 0) != dark {
			t.Errorf("dark %v: the ground has red %d", dark, r)
		}
		if s := m.Bounds().Size(); s.X != 400 || s.Y < 2000 {
			t.Errorf("the picture is %v, want 400 wide and the whole page", s)
		}
	}
	p.Screenshot(filepath.Join(t.TempDir(), "page.png"))
}

// TestFaults: what goes wrong in a page is known.
func TestFaults(t *testing.T) {
	p := show(t, `<!doctype html><script>
		console.error("complaint", 7);
		setTimeout(() => { throw new Error("thrown") });
		fetch("/missing");
		fetch("http://127.0.0.2:9/elsewhere", {mode: "no-cors"}).catch(() => 0);
	</script>`)
	wait := func(wants ...string) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			faults := strings.Join(p.Faults(), "\n")
			k := slices.IndexFunc(wants, func(w string) bool { return !strings.Contains(faults, w) })
			if k < 0 {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("%q is not among the faults:\n%s", wants[k], faults)
			}
		}
	}
	wait("console.error: complaint 7", "Error: thrown", "/missing", "request to http://127.0.0.2:9/elsewhere")
	var address string
	p.Eval("location.href", &address)
	p.Goto(address + "strict")
	wait("Content Security Policy")
	p.Allow("")
	if f := p.Faults(); len(f) > 0 {
		t.Errorf("faults that were allowed: %q", f)
	}
}
