package serve

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"spikealign/internal/browser"
	"spikealign/lab"
	"spikealign/serve/page"
)

const patience = 60 * time.Second

// export writes the laboratory into a folder of its own.
func export(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "laboratory")
	if err := Export(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// laboratory opens the exported laboratory from a plain web server, below some path.
func laboratory(t *testing.T, hash string) *browser.Page {
	t.Helper()
	b := browser.Start(t)
	server := httptest.NewServer(http.StripPrefix("/some/where", http.FileServer(http.Dir(export(t)))))
	t.Cleanup(server.Close)
	p := b.Open(t, server.URL+"/some/where/"+hash)
	p.Wait("globalThis.laboratory", patience)
	return p
}

// TestExport: the exported page has all that it refers to, by relative addresses, and is small.
func TestExport(t *testing.T) {
	dir := export(t)
	if err := Export(dir); err != nil {
		t.Errorf("a second time: %v", err)
	}
	var files []string
	size := int64(0)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		info, err := d.Info()
		if err == nil {
			files, size = append(files, filepath.ToSlash(name)), size+info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes in %d files, of which only the theory is compressed", size, len(files))
	if size > 5<<20 {
		t.Errorf("%d bytes, may be 5 MB compressed", size)
	}
	refers := regexp.MustCompile(`(?:src|href)="([^"#]*)"|from "([^"]*)"|import "([^"]*)"|fetch\("([^"]*)"|Worker\("([^"]*)"`)
	for _, name := range files {
		switch filepath.Ext(name) {
		case ".html", ".js", ".css":
		default:
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range refers.FindAllStringSubmatch(string(text), -1) {
			to := strings.TrimPrefix(strings.Join(m[1:], ""), "./")
			if to != "" && to != "data:," && !slices.Contains(files, to) {
				t.Errorf("%s refers to %s, which is not there", name, to)
			}
		}
	}
	for _, bad := range []string{"", "\x00"} {
		if err := Export(filepath.Join(dir, "index.html", bad)); err == nil {
			t.Error("a file was accepted as folder")
		}
	}
}

// TestLaboratoryNumbers: what the theory answers in a browser is what it answers here, in every
// character: each number to the bit.
func TestLaboratoryNumbers(t *testing.T) {
	p := laboratory(t, "")
	var texts []string
	for k, psp := range []string{"rectangular", "alpha", "exponential", "cut-exponential", "rectangular-tail"} {
		for i, w := range []string{"", "w12=-0.8&w21=-0.4", "w12=1.5&w21=0.5&b2=-0.2&window=triangular", "w12=4&w21=-4&b1=-3&b2=1"} {
			texts = append(texts, strings.Trim(fmt.Sprintf("%s&tau=%d&psp=%s&tau_syn=%v&epochs=40", w, 5+7*k+3*i, psp, 2.5+float64(k)), "&"))
		}
	}
	for _, preset := range lab.Presets() {
		texts = append(texts, preset.Address)
	}
	texts = append(texts, "tau=1", "tau=7&dynamics=continuous&psp=alpha&tau_syn=2", "w12=x&nothing=1")
	var desk lab.Desk
	compared := 0
	for _, text := range texts {
		requests := []lab.Request{{Op: "law"}, {Op: "curve"}, {Op: "shapes"}, {Op: "plane"}}
		for range 11 {
			requests = append(requests, lab.Request{Op: "plane-on"})
		}
		requests = append(requests, lab.Request{Op: "walk"}, lab.Request{Op: "walk-on", Epochs: 30}, lab.Request{Op: "epoch"}, lab.Request{Op: "epoch-at", Time: 17.3})
		for _, r := range requests {
			r.Settings = text
			question, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			var got string
			p.Eval(fmt.Sprintf("laboratory.ask(%s)", question), &got)
			if want := string(desk.Answer(question)); got != want {
				t.Fatalf("%s of %q: the browser answers\n%.2000s\nwant\n%.2000s", r.Op, text, got, want)
			}
			compared += len(got)
		}
	}
	t.Logf("%d settings, %d characters", len(texts), compared)
}

// settled waits until the page has drawn everything.
func settled(p *browser.Page) {
	p.Wait(`[...document.querySelectorAll(".picture")].every(e => e.querySelector(".figure-plot canvas")) && !document.querySelector(".stale") && document.getElementById("walk-state").textContent === ""`, patience)
}

// TestLaboratoryServed: under the policy of the server the page works as it does without one.
func TestLaboratoryServed(t *testing.T) {
	files := http.FileServerFS(page.Files)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", browser.Policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p := browser.Start(t).Open(t, server.URL+"/laboratory.html#w12=1")
	settled(p)
	if text := p.Text("#command"); !strings.Contains(text, "--w12=1 ") {
		t.Errorf("command %s", text)
	}
}

func value(t *testing.T, p *browser.Page, id string) (v string) {
	t.Helper()
	p.Eval(fmt.Sprintf("document.getElementById(%q).value", id), &v)
	return v
}

// TestLaboratorySliders: sliders, number fields, words and presets change the numbers to those of
// the library, and the address with them; the address leads back.
func TestLaboratorySliders(t *testing.T) {
	p := laboratory(t, "")
	settled(p)
	drift := func(text string) string {
		s, ps := lab.Parse(text)
		if len(ps) > 0 {
			t.Fatal(ps.Err())
		}
		l, err := lab.Solve(s.Params(), s.Half())
		if err != nil {
			t.Fatal(err)
		}
		number, err := json.Marshal(l.Drift12)
		if err != nil {
			t.Fatal(err)
		}
		return string(number)
	}
	shows := func(text string) {
		t.Helper()
		p.Wait(fmt.Sprintf(`[...document.querySelectorAll("#numbers tr")].some(r => r.firstChild.textContent === "drift12" && r.children[1].title === %q)`, drift(text)), patience)
		p.Wait(fmt.Sprintf(`location.hash === %q`, strings.TrimSuffix("#"+text, "#")), patience)
	}
	shows("")
	// A slider by the keyboard: two steps of 0.02.
	p.Eval(`document.querySelector("#set-w12 + input").focus()`, nil)
	p.Keys("ArrowRight", "ArrowRight")
	shows("w12=0.84")
	if got := value(t, p, "set-w12"); got != "0.84" {
		t.Errorf("the field beside the slider shows %s", got)
	}
	// A number, typed.
	p.Eval(`document.getElementById("set-tau").select()`, nil)
	p.Keys("2", "5")
	shows("w12=0.84&tau=25")
	// A word.
	p.Eval(`{const s = document.getElementById("set-psp"); s.value = "alpha"; s.dispatchEvent(new Event("input", {bubbles: true}));}`, nil)
	shows("w12=0.84&tau=25&psp=alpha")
	if text := p.Text("#warning"); !strings.Contains(text, "of the PSP's area") { // which is longer than tau
		t.Errorf("warning %q", text)
	}
	if text := p.Text("#command"); !strings.Contains(text, "--w12=0.84") || !strings.Contains(text, "--tau=25 --psp=alpha") {
		t.Errorf("command %s", text)
	}
	// A preset, and back.
	p.Click(`#presets button[data-address="w12=-0.8&w21=-0.4"]`)
	shows("w12=-0.8&w21=-0.4")
	if text := p.Text("#verdict"); !strings.Contains(text, "move towards each other") {
		t.Errorf("verdict %s", text)
	}
	p.Eval("history.back()", nil)
	shows("w12=0.84&tau=25&psp=alpha")
	// The newest settings win over what takes long: a plane of laws that are limits of fine steps.
	p.Eval(`location.hash = "tau=15&dynamics=continuous&psp=alpha&tau_syn=5"`, nil)
	p.Wait(`document.getElementById("walk-state").textContent.startsWith("computing")`, patience)
	p.Eval(`location.hash = "tau=10"`, nil)
	shows("tau=10")
	settled(p)
}

// TestLaboratoryAddress: an address that is wrong is told as text and not run; the right one that
// follows is.
func TestLaboratoryAddress(t *testing.T) {
	p := laboratory(t, "#tau=9999&w12=<img src=x onerror=alert(1)>&%00=1")
	p.Wait(`!document.getElementById("fault").hidden`, patience)
	text := p.Text("#fault")
	for _, want := range []string{"tau", "w12", "is no number", "there is no such setting"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not say %q", text, want)
		}
	}
	var ran bool
	p.Eval(`document.querySelector("#fault img") !== null || document.querySelector("#law .figure-plot") !== null`, &ran)
	if ran {
		t.Error("markup of the address is in the page, or something was computed")
	}
	if got := value(t, p, "set-tau"); got != "50" {
		t.Errorf("tau is %s", got)
	}
	p.Eval(`location.hash = "%zz"`, nil)
	p.Wait(`document.getElementById("fault").textContent.includes("%zz: there is no such setting")`, patience)
	p.Eval(`location.hash = "w12=1&seed=7"`, nil)
	settled(p)
	var hidden bool
	if p.Eval(`document.getElementById("fault").hidden`, &hidden); !hidden || value(t, p, "set-seed") != "7" {
		t.Errorf("fault hidden: %v; seed %s", hidden, value(t, p, "set-seed"))
	}
	// Nonsense in a field is told, too, and the picture of before is marked as such.
	p.Eval(`document.getElementById("set-w12").select()`, nil)
	p.Keys("9")
	p.Wait(`document.getElementById("fault").textContent.includes("w12: must be between -4 and 4") && document.querySelector("#law.stale")`, patience)
}

// TestLaboratoryWalk: a point that is dropped with the pointer or the keyboard begins a walk, which
// ends where the library's ends; the ring moves the weights.
func TestLaboratoryWalk(t *testing.T) {
	p := laboratory(t, "#epochs=200")
	settled(p)
	ends := func() {
		t.Helper()
		p.Wait(`document.getElementById("walk-state").textContent.startsWith("epoch 200 of 200")`, patience)
		s, ps := lab.Parse(fmt.Sprintf("epochs=200&w12=%s&w21=%s", value(t, p, "set-w12"), value(t, p, "set-w21")))
		if len(ps) > 0 {
			t.Fatal(ps.Err())
		}
		w, err := lab.NewWalk(s)
		if err != nil {
			t.Fatal(err)
		}
		w.Advance(1000)
		var want string
		p.Eval(fmt.Sprintf("[%v, %v].map((x, k) => 'W' + ['₁₂', '₂₁'][k] + ' ' + Number(x.toFixed(2))).join(', ')", w.W12[200], w.W21[200]), &want)
		if got := p.Text("#walk-state"); got != "epoch 200 of 200: "+want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	p.ClickAt("#plane .figure-plot canvas", 0.75, 0.7, 1)
	ends()
	dropped := value(t, p, "set-w12")
	p.Eval(`document.querySelector("#plane .figure-plot canvas").focus()`, nil)
	p.Keys("Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowUp", "Enter")
	p.Wait(fmt.Sprintf(`document.getElementById("set-w12").value !== %q`, dropped), patience)
	ends()
	if w12, w21 := value(t, p, "set-w12"), value(t, p, "set-w21"); w12 == "0.8" || w21 == "0.4" {
		t.Errorf("the point dropped is %s, %s", w12, w21)
	}
	p.Drag(".plane .figure-handle", 0.5, 0.5, -5, 0.5)
	p.Wait(`document.getElementById("walk-state").textContent === ""`, patience)
	before := value(t, p, "set-w12")
	p.Eval(`document.querySelector(".plane .figure-handle").focus()`, nil)
	p.Keys("ArrowRight")
	p.Wait(fmt.Sprintf(`document.getElementById("set-w12").value !== %q`, before), patience)
	p.Eval(`document.getElementById("walk").focus()`, nil)
	p.Keys("Enter")
	ends()
	// The ring of the curve keeps the mean.
	mean := `Number(document.getElementById("set-w12").value) + Number(document.getElementById("set-w21").value)`
	var old, now float64
	p.Eval(mean, &old)
	before = value(t, p, "set-w12")
	p.Eval(`document.querySelector(".curve .figure-handle").focus()`, nil)
	p.Keys("ArrowRight", "ArrowRight")
	p.Wait(fmt.Sprintf(`document.getElementById("set-w12").value !== %q`, before), patience)
	if p.Eval(mean, &now); now < old-0.021 || now > old+0.021 {
		t.Errorf("the sum of the weights went from %v to %v", old, now)
	}
}

// TestLaboratorySlowMotion: time goes on when asked to, and stands when asked to.
func TestLaboratorySlowMotion(t *testing.T) {
	p := laboratory(t, "#epoch=20")
	settled(p)
	p.Wait(`document.getElementById("time-state").textContent === "12.0 τ of 20 τ"`, patience)
	p.Eval(`document.getElementById("play").focus()`, nil)
	p.Keys("Enter")
	p.Wait(`Number(document.getElementById("time").value) > 13`, patience)
	p.Keys("Enter")
	p.Wait(`document.getElementById("play").textContent === "Play"`, patience)
	p.Eval(`{const t = document.getElementById("time"); t.value = 5; t.dispatchEvent(new Event("input"));}`, nil)
	p.Wait(`document.getElementById("time-state").textContent === "5.0 τ of 20 τ"`, patience)
}

// TestLaboratoryKeyboard: with the tab key one comes to everything, in the order of the page, and
// nothing is wider than the window.
func TestLaboratoryKeyboard(t *testing.T) {
	p := laboratory(t, "")
	settled(p)
	for _, width := range []int{1280, 400} {
		p.Size(width, 800)
		p.Wait(`![...document.querySelectorAll("main *")].some(e => e.getClientRects().length && !e.closest(".unseen, pre, .scroll") &&
			(e.getBoundingClientRect().right > innerWidth + 0.5 || e.getBoundingClientRect().left < -0.5))`, 10*time.Second)
	}
	p.Eval(`document.activeElement.blur()`, nil)
	var reached []string
	for range 120 {
		p.Keys("Tab")
		var id string
		p.Eval(`document.activeElement.id || (document.activeElement.closest(".picture") || document.activeElement).id || document.activeElement.className`, &id)
		reached = append(reached, id)
	}
	last := -1
	for _, want := range []string{"button small", "set-w12", "set-tau", "set-psp", "set-window_tau", "walk", "plane", "play", "time", "slow"} {
		k := slices.Index(reached, want)
		if k < 0 {
			t.Errorf("the keyboard does not come to %s: %q", want, reached)
		}
		if k < last {
			t.Errorf("%s comes too early", want)
		}
		last = k
	}
}

// TestLaboratoryTimes reports how long pictures take after a slider has moved. Nothing depends on
// it.
func TestLaboratoryTimes(t *testing.T) {
	p := laboratory(t, "")
	settled(p)
	p.Eval(`globalThis.moved = async (name, value, root) => {
		const begin = performance.now(), e = document.getElementById("set-" + name);
		const seen = new Promise(done => new MutationObserver((_, o) => { o.disconnect(); done(); }).observe(document.getElementById(root), {childList: true, subtree: true, characterData: true}));
		e.value = value;
		e.dispatchEvent(new Event("input"));
		await seen;
		const computed = performance.now() - begin;
		await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
		return [computed, performance.now() - begin];
	}`, nil)
	var laws, planes, long []float64
	for k := range 12 {
		var at [2]float64
		p.Eval(fmt.Sprintf("moved('w12', %v, 'numbers')", 0.3+0.1*float64(k)), &at)
		laws = append(laws, at[0], at[1])
		settled(p)
	}
	// Until the plane is drawn, which is then coarse.
	for k := range 4 {
		planes = append(planes, toPlane(p, "b1", fmt.Sprint(-0.4+0.1*float64(k))))
		settled(p)
	}
	for _, tau := range []string{"98", "99", "100"} {
		long = append(long, toPlane(p, "tau", tau))
		settled(p)
	}
	t.Logf("milliseconds to the distribution and the drift (computed, painted): %.1f", laws)
	t.Logf("milliseconds to the phase plane: %.1f; with tau around 100: %.1f", planes, long)
}

// toPlane moves a slider and returns how many milliseconds it takes until there is a plane.
func toPlane(p *browser.Page, name, value string) (ms float64) {
	p.Eval(fmt.Sprintf(`(async () => {
		const begin = performance.now(), e = document.getElementById("set-%s"), plane = document.getElementById("plane");
		e.value = %s;
		e.dispatchEvent(new Event("input"));
		while (!plane.classList.contains("stale")) await new Promise(r => setTimeout(r, 1));
		while (plane.classList.contains("stale")) await new Promise(r => setTimeout(r, 1));
		return performance.now() - begin;
	})()`, name, value), &ms)
	return ms
}

// TestLaboratoryPictures saves what the page looks like, with SPIKEALIGN_FIGURES.
func TestLaboratoryPictures(t *testing.T) {
	dir := os.Getenv("SPIKEALIGN_FIGURES")
	if dir == "" {
		return
	}
	p := laboratory(t, "#w12=1.5&w21=0.5&b2=-0.2&tau=25")
	settled(p)
	p.Click("#walk")
	p.Wait(`document.getElementById("walk-state").textContent.startsWith("epoch 1500")`, patience)
	for _, dark := range []bool{false, true} {
		for _, width := range []int{1280, 400} {
			p.Size(width, 1000)
			p.Dark(dark)
			p.Wait(`new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`, patience)
			p.Screenshot(filepath.Join(dir, fmt.Sprintf("laboratory, page of %d, dark %v.png", width, dark)))
		}
	}
}
