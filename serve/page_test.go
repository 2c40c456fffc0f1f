package serve

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spikealign/catalog"
	"spikealign/experiment"
	"spikealign/internal/browser"
	"spikealign/internal/testenv"
)

// openPage opens a page of a folder in a browser.
func openPage(t *testing.T, dir, path string) (p *browser.Page, at string) {
	t.Helper()
	b := browser.Start(t) // ends before the server, whose event streams it holds
	s, err := New(Options{Dir: dir, Shown: "runs", Kinds: testKinds(""), Drawers: catalog.All().Drawers(), Poll: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		h.Close()
	})
	return b.Open(t, h.URL+path), h.URL
}

// TestPageLive: a run that another process begins appears, its curve grows, its end is told, also
// on its own page; one that is killed is interrupted.
func TestPageLive(t *testing.T) {
	dir := t.TempDir()
	p, at := openPage(t, dir, "/")
	p.Wait(`document.body.textContent.includes("There are no runs here yet")`, patience)
	steps := t.TempDir()
	hold := func(n int) string { return filepath.Join(steps, fmt.Sprint(n)) }
	release := func(n int) {
		t.Helper()
		if err := os.WriteFile(hold(n), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	inProcess(t, fmt.Sprintf("25,%s;65,%s", hold(25), hold(65)), filepath.Join(dir, "new"), fake+"reports: 9\n")
	p.Wait(`document.querySelector(".status-running") && document.querySelector(".run-link").textContent === "new"`, patience)
	p.Wait(`document.querySelector(".metric").textContent.startsWith("walk ")`, patience)
	first := p.Text(".metric")
	release(25)
	p.Wait(fmt.Sprintf(`document.querySelector(".metric").textContent !== %q`, first), patience)

	p.Goto(at + "/run.html?id=new")
	p.Wait(`document.querySelector(".picture canvas") && document.querySelector("[class*=status-]").textContent === "running"`, patience)
	p.Wait(`document.title.startsWith("new")`, patience)
	release(65)
	p.Wait(`document.querySelector(".progress-line").textContent.startsWith("done")`, patience)

	p.Goto(at + "/")
	killed := inProcess(t, "15,"+filepath.Join(steps, "never"), filepath.Join(dir, "killed"), fake)
	p.Wait(`[...document.querySelectorAll(".run-link")].some(a => a.textContent === "killed" && a.closest("tr").querySelector(".status-running"))`, patience)
	p.Eval(`window.row = [...document.querySelectorAll(".run-link")].find(a => a.textContent === "killed").closest("tr"); 1`, nil)
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.Wait(`row.isConnected && row.querySelector(".status-interrupted")?.textContent === "interrupted"`, patience)
	p.Wait(`row.textContent.includes("killed")`, patience)
}

// TestPageTable: filter, order, groups, choice and grids, with the keyboard alone and at both
// widths.
func TestPageTable(t *testing.T) {
	dir := t.TempDir()
	for k, drift := range []string{"0.5", "-0.5", "0.5"} {
		run(t, filepath.Join(dir, fmt.Sprintf("run%d", k)), fake+"drift: "+drift+"\n", fmt.Sprintf("seed=%d", 9-k))
	}
	runSweep(t, filepath.Join(dir, "below", "grid"), fakeSweep)
	p, at := openPage(t, dir, "/")
	names := func() (got string) {
		t.Helper()
		p.Eval(`[...document.querySelectorAll(".run-link")].filter(a => a.offsetParent).map(a => a.textContent).join(" ")`, &got)
		return got
	}
	wait := func(want string) {
		t.Helper()
		p.Wait(fmt.Sprintf(`[...document.querySelectorAll(".run-link")].filter(a => a.offsetParent).map(a => a.textContent).join(" ") === %q`, want), patience)
	}
	p.Wait(`document.querySelectorAll(".run-link").length === 4 && document.querySelectorAll(".spark:not([hidden])").length === 3`, patience)

	// The keyboard alone: filter, order, choice, comparison.
	p.Keys("/")
	for _, c := range "run" {
		p.Keys(string(c))
	}
	p.Wait(`document.querySelectorAll(".run-link").length === 3`, patience)
	p.Eval(`document.querySelector("th[data-key=name] button").focus()`, nil)
	p.Keys("Enter")
	wait("run0 run1 run2")
	p.Keys("Enter")
	wait("run2 run1 run0")
	p.Eval(`document.querySelector("th[data-key=seed] button").focus()`, nil)
	p.Keys("Enter")
	wait("run2 run1 run0") // seeds 7, 8, 9
	var order string
	p.Eval(`document.querySelector("th[data-key=seed]").getAttribute("aria-sort")`, &order)
	if order != "ascending" {
		t.Error(order)
	}
	p.Eval(`document.querySelector(".run-link").focus()`, nil)
	p.Keys("ArrowDown")
	var focus string
	if p.Eval(`document.activeElement.textContent`, &focus); focus != "run1" {
		t.Errorf("the focus is on %q", focus)
	}
	p.Keys("Shift+Tab", " ")
	p.Eval(`document.querySelectorAll("td.choose input")[2].focus()`, nil)
	p.Keys(" ")
	p.Wait(`document.activeElement.type === "checkbox" && document.body.textContent.includes("compare 2 runs")`, patience)
	var address string
	if p.Eval(`document.querySelector("a.button.main").getAttribute("href")`, &address); address != "run.html?id=run1&id=run0" {
		t.Error(address)
	}

	// What is wanted is in the address, and taken from there.
	p.Goto(at + "/#filter=drift%3D0.5")
	p.Wait(`document.querySelectorAll(".run-link").length === 2`, patience)
	if got := names(); strings.Contains(got, "run1") {
		t.Error(got)
	}
	p.Goto(at + "/?group#group=set:drift&sort=name&down=0")
	p.Wait(`document.querySelectorAll("tr.group").length === 3`, patience)
	var groups string
	p.Eval(`[...document.querySelectorAll("tr.group")].map(g => g.textContent.split(" · ").slice(0, 2).join(" · ")).join("; ")`, &groups)
	if want := "drift = -0.5 · 1 entry; drift = 0.5 · 2 entries; sweeps · 1 entry"; groups != want {
		t.Error(groups)
	}

	// A sweep opens into its grid, coloured by the result.
	p.Eval(`document.querySelector(".open:not([hidden])").focus()`, nil)
	p.Keys("Enter")
	p.Wait(`document.querySelectorAll(".grid-row .grid-cell.has-value").length > 0`, patience)
	var grid string
	p.Eval(`(() => {
		const cells = [...document.querySelectorAll(".grid-cell")];
		return cells.length + " " + new Set(cells.map(c => c.style.background)).size + " " + [...document.querySelectorAll(".grid th[scope=row]")].map(t => t.textContent).join(" ");
	})()`, &grid)
	if grid != "4 4 0 0.5" {
		t.Error(grid)
	}
	p.Eval(`(() => { const s = document.querySelectorAll(".grid-controls select")[2]; s.value = "-1"; s.dispatchEvent(new Event("change")); })()`, nil)
	p.Wait(`document.querySelectorAll(".grid-cell").length === 2 && document.querySelector(".grid-count").textContent === "2"`, patience)
	if p.Eval(`document.querySelector(".grid-cell a").getAttribute("href")`, &address); strings.Count(address, "id=") != 2 {
		t.Error(address)
	}

	// At 400 pixels open grids and heads of groups leave the columns as they are.
	p.Goto(at + "/?narrow#group=kind")
	p.Wait(`document.querySelectorAll(".open:not([hidden])").length === 1 && document.querySelectorAll("tr.group").length === 1`, patience)
	p.Click(".open:not([hidden])")
	p.Wait(`document.querySelectorAll(".grid-row .grid-cell.has-value").length === 4`, patience)
	p.Size(400, 800)
	p.Wait(`innerWidth === 400 && document.querySelector("td.choose + td").offsetWidth > 60 && document.querySelector(".grid-row td").colSpan === 5`, patience)
	p.Size(1280, 800)
	p.Wait(`innerWidth === 1280 && document.querySelector(".grid-row td").colSpan === 9`, patience)

	// Nothing is wider than the page, at either width, on any page.
	for _, path := range []string{"/", "/run.html?id=run0", "/run.html?id=run0&id=run1&id=run2", "/run.html?id=below%2Fgrid", "/paper.html"} {
		p.Goto(at + path)
		p.Wait(`document.querySelector(".table, .card")`, patience)
		for _, width := range []int{1280, 400} {
			p.Size(width, 800)
			// Figures take their new width with the next frames.
			p.Wait(fmt.Sprintf(`innerWidth === %d && document.documentElement.scrollWidth <= %[1]d`, width), patience)
		}
	}
}

// TestPageRun: the page of a run shows its settings, curves, figures, files and commands; several
// runs are laid over each other.
func TestPageRun(t *testing.T) {
	dir := t.TempDir()
	const short = "kind: sampling\nname: short\nnetwork: {visible: 3, tau_ref: 10}\ntraining: {epochs: 5, epoch_length: 20, report_every: 1, report_factor: 10}\nrecord: {spikes: true}\n"
	run(t, filepath.Join(dir, "a"), short)
	run(t, filepath.Join(dir, "b"), short, "training.epochs=7")
	p, at := openPage(t, dir, "/run.html?id=a")
	p.Wait(`document.querySelectorAll(".picture .figure-panel").length === 2`, patience)
	p.Wait(`document.querySelectorAll(".drawing").length === 2`, patience)
	var text string
	p.Eval(`[...document.querySelectorAll(".settings .differs th")].map(t => t.textContent).join(" ")`, &text)
	if want := "record.spikes network.visible network.tau_ref training.epochs training.epoch_length training.report_every training.report_factor"; text != want {
		t.Error(text)
	}
	p.Click(".settings-all")
	p.Wait(`document.querySelectorAll(".settings tbody tr").length > 40`, patience)
	p.Wait(`document.body.textContent.includes("spikealign run runs/a/experiment.yaml -o FOLDER") && document.body.textContent.includes("spikes.npz")`, patience)
	p.Eval(`[...document.querySelectorAll(".columns button")].find(b => b.textContent === "n_eff").click()`, nil)
	p.Wait(`document.querySelectorAll(".picture .figure-panel").length === 3 && location.hash.includes("column=n_eff")`, patience)

	// Zooming asks for more of a part, and for the whole again.
	asked := func(what string) {
		t.Helper()
		p.Wait(fmt.Sprintf(`performance.getEntriesByType("resource").filter(e => e.name.includes("api/curves")).at(-1).name.includes("from=") === %s`, what), patience)
	}
	p.Eval(`document.querySelector(".picture .figure-plot canvas").focus()`, nil)
	p.Keys("+")
	asked("true")
	p.Keys("0")
	asked("false")

	p.Goto(at + "/run.html?id=a&id=b#column=asymmetry&x=log")
	p.Wait(`document.querySelectorAll(".picture .figure-panel").length === 1 && document.querySelectorAll(".figure-key button").length === 2`, patience)
	p.Eval(`[...document.querySelectorAll(".settings .differs th")].map(t => t.textContent).join(" ")`, &text)
	if text != "training.epochs" {
		t.Error(text)
	}
	p.Allow("404") // the next page asks for what there is not
	p.Goto(at + "/run.html?id=..%2Fa")
	p.Wait(`document.querySelector(".error")?.textContent === "there is no such run"`, patience)
}

// TestPageStart: an experiment is started from the page, and what is wrong with one is told there.
func TestPageStart(t *testing.T) {
	t.Setenv(programVariable, "") // the program is this one
	b := browser.Start(t)
	_, at := serving(t, t.TempDir(), func(o *Options) { o.Program = []string{os.Args[0]} })
	p := b.Open(t, at+"/")
	p.Wait(`[...document.querySelectorAll("button")].some(b => !b.hidden && b.textContent.startsWith("Start a run"))`, patience)
	p.Eval(`[...document.querySelectorAll("button")].find(b => b.textContent.startsWith("Start a run")).click()`, nil)
	fill := func(set string) {
		t.Helper()
		p.Eval(fmt.Sprintf(`(() => {
			document.getElementById("start-offer").value = "minimal";
			document.querySelector("dialog textarea").value = %q;
			document.querySelector("dialog [type=submit]").focus();
		})()`, set), nil)
		p.Keys("Enter")
	}
	p.Allow("400") // the server's answer to what is wrong
	fill("training.epochs=none")
	p.Wait(`document.querySelector("dialog .error")?.textContent.includes("training.epochs")`, patience)
	fill("training.epochs=2\ntraining.epoch_length=10\ntraining.report_factor=1")
	p.Wait(`document.querySelector("dialog .job .status-done") && document.querySelector("dialog .job a").textContent === "minimal"`, patience)
	p.Keys("Escape")
	p.Wait(`!document.querySelector("dialog[open]") && document.querySelector(".run-link").textContent === "minimal" && document.querySelector("td .status-done")`, patience)
}

// TestPageHidden: a page that nobody sees gives back its connection, and hears what it missed.
func TestPageHidden(t *testing.T) {
	dir := t.TempDir()
	run(t, filepath.Join(dir, "first"), fake)
	b := browser.Start(t)
	s, at := serving(t, dir, nil)
	p := b.Open(t, at+"/")
	p.Wait(`document.querySelectorAll(".run-link").length === 1`, patience)
	listens := func() bool { return s.watcher.watched() }
	show := func(state string) {
		t.Helper()
		p.Eval(fmt.Sprintf(`Object.defineProperty(document, "visibilityState", {configurable: true, get: () => %q}), document.dispatchEvent(new Event("visibilitychange"))`, state), nil)
	}
	show("hidden")
	until(t, "a hidden page ends its stream", func() bool { return !listens() })
	run(t, filepath.Join(dir, "second"), fake)
	show("visible")
	p.Wait(`document.querySelectorAll(".run-link").length === 2`, patience)
	p.Goto(at + "/laboratory.html") // which needs more than the others
	p.Wait(`document.querySelector(".figure-plot canvas")`, patience)
}

// TestPageHostile: names and values of any kind are text.
func TestPageHostile(t *testing.T) {
	dir := t.TempDir()
	const hostile = `<img src=x onerror="document.title='pwned'">`
	run(t, filepath.Join(dir, hostile[:20]+`' & "q"`), "kind: fake\n", `description="<script>document.title='pwned'</script>`+strings.ReplaceAll(hostile, `"`, `'`)+`"`)
	bad := filepath.Join(dir, "bad")
	run(t, bad, fake)
	info, err := os.ReadFile(filepath.Join(bad, experiment.InfoFile))
	if err != nil {
		t.Fatal(err)
	}
	escaped := strings.ReplaceAll(hostile, `"`, `\"`)
	text := string(info)
	for from, to := range map[string]string{`"name": "walk"`: `"name": "` + escaped + `"`, `"engine": "fake"`: `"engine": "` + escaped + `"`, `"warnings": []`: `"warnings": ["` + escaped + `"]`, `"doc": "where the walk is"`: `"doc": "` + escaped + `"`,
		`"done": 4`: `"done": 1e308`, `"kind": "fake"`: `"kind": "` + escaped + `"`, `"unit": "epochs"`: `"unit": "` + escaped + `"`} {
		text = strings.ReplaceAll(text, from, to)
	}
	for name, content := range map[string]string{experiment.InfoFile: text, experiment.MetricsFile: "epoch,steps," + hostile + "\n0,1,2\n1,2,3\n",
		experiment.ConfigFile: "kind: fake\nname: x\n" + `"` + escaped + `": "` + escaped + "\"\ndrift: \"" + escaped + "\"\n"} {
		if err := os.WriteFile(filepath.Join(bad, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p, at := openPage(t, dir, "/")
	check := func() {
		t.Helper()
		var images int
		var title string
		p.Eval(`document.querySelectorAll("img, main script").length`, &images)
		if p.Eval(`document.title`, &title); images != 0 || strings.Contains(title, "pwned") && !strings.Contains(title, "onerror") {
			t.Errorf("%d images, title %q", images, title)
		}
	}
	p.Wait(`document.querySelectorAll(".run-link").length === 2 && document.body.textContent.includes("<img src=x onerror=")`, patience)
	check()
	p.Eval(`(() => { const s = document.querySelector("#group"); s.value = "set:drift"; s.dispatchEvent(new Event("change")); })()`, nil)
	p.Wait(`document.querySelectorAll("tr.group").length === 2`, patience)
	check()
	p.Goto(at + "/run.html?id=bad")
	p.Wait(`document.querySelector(".warning")?.textContent.startsWith("<img") && document.querySelector(".settings .differs")`, patience)
	check()
	p.Eval(`location.href = [...[document.createElement("a")]].map(a => "/")[0]`, nil)
	p.Wait(`document.querySelectorAll(".run-link").length === 2`, patience)
	p.Eval(`[...document.querySelectorAll(".run-link")].find(a => a.textContent.startsWith("<img")).click()`, nil)
	p.Wait(`document.querySelector(".settings")`, patience)
	p.Wait(`document.body.textContent.includes("<script>")`, patience)
	check()
}

// TestPageMany: a thousand runs are there within a second, and what changes costs little. The times
// are told, and not held to: machines differ.
func TestPageMany(t *testing.T) {
	testenv.NeedsLong(t)
	dir := t.TempDir()
	run(t, filepath.Join(dir, "r0"), fake+"reports: 200\n")
	files := map[string]string{}
	for _, name := range []string{experiment.InfoFile, experiment.ConfigFile, experiment.MetricsFile} {
		text, err := os.ReadFile(filepath.Join(dir, "r0", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	for k := 1; k < 1000; k++ {
		for name, text := range files {
			if err := os.MkdirAll(filepath.Join(dir, fmt.Sprintf("r%d", k)), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("r%d", k), name), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	p, at := openPage(t, dir, "/")
	p.Wait(`document.querySelectorAll(".run-link").length >= 60`, patience)
	until(t, "all curves are known", func() bool {
		for _, r := range rowsOf(t, at) {
			if r.Curve == nil {
				return false
			}
		}
		return true
	})
	p.Goto(at + "/?again")
	p.Wait(`document.querySelectorAll(".run-link").length >= 60`, patience)
	var paint float64
	p.Eval(`performance.getEntriesByName("first-row")[0].startTime`, &paint)
	t.Logf("1000 runs: the first rows are there %.0f ms after the page was asked for", paint)
	p.Wait(`document.body.textContent.includes("1000 entries")`, patience)
	var heap float64
	p.Eval(`performance.memory?.usedJSHeapSize ?? 0`, &heap)
	t.Logf("the page holds %.0f MB", heap/1e6)
	p.Eval(`document.getElementById("filter").value = "r77"; document.getElementById("filter").dispatchEvent(new Event("input"))`, nil)
	p.Wait(`document.querySelectorAll(".run-link").length === 11`, patience)
}
