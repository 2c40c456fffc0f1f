package serve

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spikealign/experiment"
	"spikealign/sweep"
)

// TestGuard: what does not come from a page of this server, or from no page at all, or not by one
// of its names, is refused, and every answer tells browsers what they may do with it.
func TestGuard(t *testing.T) {
	dir := t.TempDir()
	run(t, filepath.Join(dir, "r"), fake)
	plain, _ := serving(t, dir, func(o *Options) { o.Hosts = []string{"Node7"} })
	locked, _ := serving(t, dir, func(o *Options) { o.Token = "a-token-of-some-length" })
	type header map[string]string
	for _, c := range []struct {
		name, method, path, host string
		header                   header
		want, wantLocked         int
	}{
		{"the loopback", "GET", "/api/runs", "127.0.0.1:8377", nil, 200, 401},
		{"its name", "GET", "/api/runs", "localhost:9000", nil, 200, 401},
		{"in capitals", "GET", "/api/runs", "LOCALHOST", nil, 200, 401},
		{"version six", "GET", "/api/runs", "[::1]:8377", nil, 200, 401},
		{"a name that was given", "GET", "/", "node7:8377", nil, 200, 421},
		{"the name of an attacker that leads here", "GET", "/api/runs", "evil.example:8377", nil, 421, 421},
		{"a name that looks like one", "GET", "/api/runs", "localhost.evil.example", nil, 421, 421},
		{"a name that looks like an address", "GET", "/api/runs", "127.0.0.1.evil.example", nil, 421, 421},
		{"another address", "GET", "/api/runs", "192.168.1.7:8377", nil, 421, 401},
		{"no name", "GET", "/api/runs", "", nil, 421, 421},
		{"an own page", "GET", "/api/runs", "localhost:1", header{"Sec-Fetch-Site": "same-origin"}, 200, 401},
		{"an address that was typed", "GET", "/", "localhost:1", header{"Sec-Fetch-Site": "none"}, 200, 401},
		{"a page elsewhere", "GET", "/api/runs", "localhost:1", header{"Sec-Fetch-Site": "cross-site"}, 403, 403},
		{"a page at another port", "GET", "/api/runs", "localhost:1", header{"Sec-Fetch-Site": "same-site"}, 403, 403},
		{"an older browser elsewhere", "GET", "/api/runs", "localhost:1", header{"Origin": "http://evil.example"}, 403, 403},
		{"an older browser at another port", "GET", "/api/events", "localhost:1", header{"Origin": "http://localhost:2"}, 403, 403},
		{"a sandbox", "GET", "/api/runs", "localhost:1", header{"Origin": "null"}, 403, 403},
		{"a link that is followed", "GET", "/run.html?id=r", "localhost:1", header{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200, 401},
		{"a page in a frame", "GET", "/run.html?id=r", "localhost:1", header{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403, 403},
		{"a link to data", "GET", "/api/file?id=r&name=metrics.csv", "localhost:1", header{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 403, 403},
		{"a script of a page elsewhere", "GET", "/runs.js", "localhost:1", header{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403, 403},
		{"another method", "PUT", "/api/runs", "localhost:1", header{"Origin": "http://localhost:1"}, 405, 405},
		{"a page that is posted to", "POST", "/", "localhost:1", header{"Origin": "http://localhost:1"}, 405, 405},
		{"a question before a cross-site request", "OPTIONS", "/api/start", "localhost:1", header{"Origin": "http://evil.example"}, 405, 405},
		{"a post of nobody", "POST", "/api/start", "localhost:1", nil, 403, 403},
		{"a post of a page elsewhere", "POST", "/api/start", "localhost:1", header{"Origin": "http://evil.example"}, 403, 403},
		{"a post of an own page, where nothing is started", "POST", "/api/start", "localhost:1", header{"Origin": "http://localhost:1"}, 403, 401},
		{"a post to what is read", "POST", "/api/runs", "localhost:1", header{"Origin": "http://localhost:1"}, 405, 405},
		{"a source file", "GET", "/embed.go", "localhost:1", nil, 404, 401},
	} {
		for k, s := range []*Server{plain, locked} {
			r := httptest.NewRequest(c.method, c.path, nil)
			r.Host = c.host
			for name, v := range c.header {
				r.Header.Set(name, v)
			}
			w := httptest.NewRecorder()
			if c.path == "/api/events" && c.want == 200 {
				t.Fatal("an event stream has no end")
			}
			s.ServeHTTP(w, r)
			if want := [...]int{c.want, c.wantLocked}[k]; w.Code != want {
				t.Errorf("%s, server %d: %d, want %d: %s", c.name, k, w.Code, want, w.Body)
			}
			h := w.Header()
			if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") == "" || h.Get("Cross-Origin-Resource-Policy") != "same-origin" || h.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: %v", c.name, h)
			}
		}
	}
}

// TestToken: the link gives a cookie, and with it everything is answered; nothing else does.
func TestToken(t *testing.T) {
	const token = "a-token-of-some-length"
	s, _ := serving(t, t.TempDir(), func(o *Options) { o.Token = token })
	do := func(path, cookie, bearer string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		r.Host = "10.0.0.7:8377"
		if cookie != "" {
			r.AddCookie(&http.Cookie{Name: cookieName, Value: cookie})
		}
		if bearer != "" {
			r.Header.Set("Authorization", "Bearer "+bearer)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	w := do("/run.html?id=a%26b&token="+token, "", "")
	cookie := w.Header().Get("Set-Cookie")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/run.html?id=a%26b" || cookie != cookieName+"="+token+"; Path=/; HttpOnly; SameSite=Strict" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for name, c := range map[string]struct {
		path, cookie, bearer string
		want                 int
	}{
		"nothing":               {"/", "", "", 401},
		"a wrong token":         {"/?token=" + token[1:], "", "", 401},
		"an empty token":        {"/?token=", "", "", 401},
		"a wrong cookie":        {"/api/runs", token + "x", "", 401},
		"the cookie":            {"/api/runs", token, "", 200},
		"a script":              {"/api/runs", "", token, 200},
		"a script that is off":  {"/api/runs", "", token[2:], 401},
		"a token for the data":  {"/api/runs?token=" + token, "", "", 401},
		"a header of a cookie":  {"/api/runs", token, "wrong", 401},
		"a page and the cookie": {"/paper.html", token, "", 200},
	} {
		if w := do(c.path, c.cookie, c.bearer); w.Code != c.want {
			t.Errorf("%s: %d, want %d", name, w.Code, c.want)
		}
	}
	if one, other := NewToken(), NewToken(); len(one) < 20 || one == other {
		t.Error("tokens can be guessed")
	}
}

// TestOutside: no parameter, link or encoding leads out of the folder that is served, or to a file
// of it that is not of a run.
func TestOutside(t *testing.T) {
	const secret = "the secret"
	top := t.TempDir()
	dir := filepath.Join(top, "runs")
	outside := filepath.Join(top, "elsewhere")
	run(t, filepath.Join(dir, "r"), fake)
	run(t, filepath.Join(dir, "linked"), fake)
	run(t, filepath.Join(dir, "tabled"), fake)
	run(t, filepath.Join(dir, "inside"), fake)
	run(t, outside, fake)
	write := func(text string, elem ...string) {
		t.Helper()
		file := filepath.Join(elem...)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to string, elem ...string) {
		t.Helper()
		name := filepath.Join(elem...)
		if err := os.RemoveAll(name); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	write("epoch,steps,walk\n0,1,2\n"+secret+"\n", top, "secret.csv")
	write(secret, dir, "notes.txt")
	write(secret, dir, "r", ".hidden")
	link(filepath.Join(top, "secret.csv"), dir, "linked", "metrics.csv")
	link(filepath.Join("..", "r", "metrics.csv"), dir, "inside", "metrics.csv") // which does not leave
	link(outside, dir, "folder")
	link(top, dir, "r", "figures")
	// A run whose run.json names a table elsewhere.
	info, err := os.ReadFile(filepath.Join(dir, "tabled", "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	write(strings.Replace(string(info), `"name": "layers"`, `"name": "../../secret"`, 1), dir, "tabled", "run.json")
	_, at := serving(t, dir, nil)
	rows := rowsOf(t, at)
	if len(rows) != 4 || rows["linked"].Status != "unreadable" || rows["r"].Status != experiment.Done && rows["r"].Status != "unreadable" || rows["inside"].Status != experiment.Done {
		t.Errorf("%+v", rows)
	}
	hostile := []string{"", ".", "..", "../elsewhere", "r/../../elsewhere", "/etc", "folder", "r/figures", "linked", "r\x00", `..\elsewhere`, "%2e%2e/elsewhere", "./r", "r/", "//r", "notes.txt", strings.Repeat("a/", 5000)}
	names := []string{"", ".", "..", "../r/metrics.csv", "../../secret.csv", "/etc/passwd", "metrics.csv/", "./metrics.csv", ".hidden", "figures/secret.csv", "figures/../../secret.csv",
		"metrics.csv\x00.png", `..\..\secret.csv`, "%2e%2e%2fnotes.txt", "../notes.txt", ".lock"}
	bad := func(path string, q url.Values) {
		t.Helper()
		code, body := get(t, at+path+"?"+q.Encode())
		if code < 400 || strings.Contains(body, secret) || strings.Contains(body, "root:") {
			t.Errorf("%s %q: %d %.200s", path, q, code, body)
		}
	}
	for _, id := range hostile {
		for _, path := range []string{"/api/run", "/api/curves", "/api/figures", "/api/sweep"} {
			bad(path, url.Values{"id": {id}})
		}
		bad("/api/file", url.Values{"id": {id}, "name": {"metrics.csv"}})
		bad("/api/file", url.Values{"id": {id}, "name": {"secret.csv"}})
	}
	for _, name := range names {
		bad("/api/file", url.Values{"id": {"inside"}, "name": {name}})
		bad("/api/file", url.Values{"id": {"r"}, "name": {name}})
		bad("/api/curves", url.Values{"id": {"inside"}, "table": {strings.TrimSuffix(name, ".csv") + "x"}})
	}
	bad("/api/curves", url.Values{"id": {"tabled"}, "table": {"../../secret"}})
	bad("/api/curves", url.Values{"id": {"inside", "inside", "inside", "inside", "inside", "inside", "inside"}})
	for _, path := range []string{"/../runs/notes.txt", "/%2e%2e/notes.txt", "/api/../../notes.txt", "/style.css/../../serve.go", "/vendor/", "//" + strings.TrimPrefix(at, "http://") + "/notes.txt"} {
		code, body := get(t, at+path)
		if code < 400 || strings.Contains(body, secret) {
			t.Errorf("%s: %d %.100s", path, code, body)
		}
	}
	if code, body := get(t, at+"/api/file?id=inside&name=metrics.csv"); code != 200 || !strings.HasPrefix(body, "epoch,steps,walk") {
		t.Error("a link within the folder:", code, body)
	}
}

// TestNumbersOutside: a sweep whose file names numbers elsewhere is not drawn with them.
func TestNumbersOutside(t *testing.T) {
	top := t.TempDir()
	const honest = "kind: sweep\nexperiment: {kind: sampling, network: {visible: 2}, training: {epochs: 2, epoch_length: 20}}\ngrid:\n  - {path: seed, values: [1, 2]}\n"
	runSweep(t, filepath.Join(top, "runs", "s"), honest)
	for name, text := range map[string]string{"numbers.csv": "0 1\n2 0\n", "base.yaml": "kind: sampling\nnetwork: {visible: 2}\ntraining: {epochs: 2, epoch_length: 20}\n"} {
		if err := os.WriteFile(filepath.Join(top, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	_, at := serving(t, filepath.Join(top, "runs"), nil)
	if code, body := get(t, at+"/api/figures?id=s"); code != http.StatusOK {
		t.Fatalf("%d %.300s", code, body)
	}
	for what, hostile := range map[string]string{
		"base": strings.Replace(honest, "training", "initial: {weights: {file: ../../numbers.csv}}, training", 1),
		"set":  honest + "set: ['initial.weights={file: ../../numbers.csv}']\n",
		"grid": honest + "  - {path: initial.weights, values: [{file: ../../numbers.csv}]}\n",
		"file": strings.Replace(honest, "experiment: {kind: sampling, network: {visible: 2}, training: {epochs: 2, epoch_length: 20}}", "experiment: {file: ../../base.yaml}", 1),
	} {
		if err := os.WriteFile(filepath.Join(top, "runs", "s", sweep.ConfigFile), []byte(hostile), 0o666); err != nil {
			t.Fatal(err)
		}
		_, at := serving(t, filepath.Join(top, "runs"), nil)
		if code, body := get(t, at+"/api/figures?id=s"); code < 400 || !strings.Contains(body, "outside of the folder") && what != "file" {
			t.Errorf("%s: %d %.300s", what, code, body)
		}
	}
}

// TestFiles: a file comes with a type that no browser takes for a page.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	run(t, filepath.Join(dir, "r"), fake)
	for name, text := range map[string]string{"figures/a.svg": "<svg onload='alert(1)'/>", "figures/b.png": "png", "figures/c\" d.html": "<script>alert(1)</script>"} {
		if err := os.MkdirAll(filepath.Join(dir, "r", "figures"), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "r", name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	_, at := serving(t, dir, nil)
	for name, want := range map[string]string{
		"figures/a.svg":       "image/svg+xml inline",
		"figures/b.png":       "image/png inline",
		"figures/c\" d.html":  "application/octet-stream attachment",
		"metrics.csv":         "text/plain; charset=utf-8 attachment",
		"arrays.npz":          "application/octet-stream attachment",
		experiment.ConfigFile: "text/plain; charset=utf-8 attachment",
	} {
		r, err := http.Get(at + "/api/file?" + url.Values{"id": {"r"}, "name": {name}}.Encode())
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		disposition, _, _ := strings.Cut(r.Header.Get("Content-Disposition"), ";")
		if got := r.Header.Get("Content-Type") + " " + disposition; got != want || r.StatusCode != 200 || !strings.Contains(r.Header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: %s %s, want %s; %v", name, r.Status, got, want, r.Header)
		}
	}
	r, err := http.NewRequest("GET", at+"/api/file?id=r&name=metrics.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Range", "bytes=0-4")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if part, err := io.ReadAll(answer.Body); err != nil || string(part) != "epoch" || answer.StatusCode != http.StatusPartialContent {
		t.Errorf("%s %q %v", answer.Status, part, err)
	}
}

// TestStart: the page starts experiments by their names, with plain changes, and stops them;
// without the token of this server it does not.
func TestStart(t *testing.T) {
	t.Setenv(programVariable, "") // the program is this one
	dir := t.TempDir()
	s, at := serving(t, dir, func(o *Options) { o.Program, o.Jobs = []string{os.Args[0]}, 1 })
	token := ask[startedAnswer](t, at+"/api/started").Token
	post := func(path, token string, ask any) (int, string) {
		t.Helper()
		text, err := json.Marshal(ask)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequest("POST", at+path, bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", at)
		r.Header.Set(tokenHeader, token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(body)
	}
	type object = map[string]any
	for name, c := range map[string]struct {
		token string
		ask   object
		want  string
	}{
		"no token":          {"", object{"offer": "minimal"}, "earlier server"},
		"another token":     {token[1:] + "x", object{"offer": "minimal"}, "earlier server"},
		"no experiment":     {token, object{"offer": "../minimal"}, "no such experiment"},
		"a name with dots":  {token, object{"offer": "minimal", "name": "../x"}, "letters"},
		"a hidden name":     {token, object{"offer": "minimal", "name": ".x"}, "letters"},
		"a flag":            {token, object{"offer": "minimal", "set": []string{"--force"}}, "path=value"},
		"a file":            {token, object{"offer": "minimal", "set": []string{"initial.weights={file: /etc/passwd}"}}, "path=value"},
		"a run elsewhere":   {token, object{"offer": "minimal", "set": []string{"initial.from=/etc"}}, "path=value"},
		"a wrong value":     {token, object{"offer": "minimal", "set": []string{"training.epochs=none"}}, "training.epochs"},
		"an unknown key":    {token, object{"offer": "minimal", "shell": "rm"}, "cannot be read"},
		"too much":          {token, object{"offer": strings.Repeat("x", maxBody)}, "cannot be read"},
		"a changed figure":  {token, object{"offer": "fig2", "set": []string{"seed=2"}}, "as they are"},
		"stopping a number": {token, object{"offer": "minimal", "set": []string{"seed"}}, "path=value"},
	} {
		if code, body := post("/api/start", c.token, c.ask); code < 400 || code >= 500 || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s", name, code, body)
		}
	}
	if code, _ := post("/api/stop", token, object{"id": 7}); code != 404 {
		t.Error("something was stopped that was not started:", code)
	}
	if left := len(ask[startedAnswer](t, at+"/api/started").Jobs); left != 0 {
		t.Fatalf("%d jobs were started", left)
	}

	// One that ends, one that runs until it is stopped, and one that waits for it.
	start := func(offer, name string, set ...string) int {
		t.Helper()
		code, body := post("/api/start", token, object{"offer": offer, "name": name, "set": set})
		var started struct{ ID int }
		if err := json.Unmarshal([]byte(body), &started); err != nil || code != 200 {
			t.Fatal(code, body)
		}
		return started.ID
	}
	state := func(id int) job {
		t.Helper()
		for _, j := range ask[startedAnswer](t, at+"/api/started").Jobs {
			if j.ID == id {
				return j
			}
		}
		return job{}
	}
	short := []string{"training.epochs=2", "training.epoch_length=10", "training.report_factor=1"}
	first := start("minimal", "", short...)
	until(t, "a run from the page is done", func() bool { return state(first).State == "done" })
	until(t, "it stands in the table", func() bool {
		r := rowsOf(t, at)["minimal"]
		return r.Status == experiment.Done && r.Differs["training.epochs"] == "2"
	})
	if want := "spikealign run minimal.yaml -o runs/minimal --set training.epochs=2"; !strings.HasPrefix(filepath.ToSlash(state(first).Command), want) {
		t.Error(state(first).Command)
	}
	long := start("minimal", "", "training.epochs=1000000000")
	until(t, "a second run of that name appears", func() bool { return rowsOf(t, at)["minimal-2"].Status == experiment.Running })
	waiting := start("minimal", "third", short...)
	if j := state(waiting); j.State != "waiting" {
		t.Errorf("%+v", j)
	}
	if code, body := post("/api/stop", token, object{"id": long}); code != 200 {
		t.Error(code, body)
	}
	until(t, "a run that was stopped ends", func() bool { return state(long).State == "stopped" })
	until(t, "it has a checkpoint", func() bool { return rowsOf(t, at)["minimal-2"].Status == experiment.Interrupted })
	until(t, "the one that waited is done", func() bool { return state(waiting).State == "done" })
	failed := start("fig2", "")
	until(t, "what fails is told", func() bool { return state(failed).State == "failed" })
	if j := state(failed); !strings.Contains(j.Said, "it only runs") {
		t.Errorf("%+v", j)
	}

	// The end of the server is the end of all.
	last := start("minimal", "last", "training.epochs=1000000000")
	until(t, "the last run begins", func() bool { return rowsOf(t, at)["last"].Status == experiment.Running })
	began := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if info, err := experiment.ReadInfo(filepath.Join(dir, "last")); err != nil || info.Status != experiment.Interrupted {
		t.Errorf("job %d is %s, %v, %v after the end", last, info.Status, err, time.Since(began))
	}
}
