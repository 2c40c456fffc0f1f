package serve

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"spikealign/catalog"
	"spikealign/experiment"
	"spikealign/experiment/experimenttest"
	"spikealign/sweep"
)

// A process of this test binary with this variable is a program that runs experiments: its
// arguments are `run FILE -o DIR [--set CHANGE]...`. It waits at every step that the variable
// names, until a file of that name is there: "STEP,FILE;...".
const programVariable = "SPIKEALIGN_SERVE_TEST"

func TestMain(m *testing.M) {
	if steps, ok := os.LookupEnv(programVariable); ok && len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		if os.Args[1] != "run" {
			fmt.Fprintln(os.Stderr, "it only runs")
			os.Exit(1)
		}
		os.Exit(program(steps, os.Args[2:]))
	}
	os.Exit(m.Run())
}

// testKinds are all kinds and the kind "fake", which waits as the variable says.
func testKinds(steps string) experiment.Kinds {
	wait := map[int64]string{}
	for _, s := range strings.Split(steps, ";") {
		var n int64
		if at, file, ok := strings.Cut(s, ","); ok {
			fmt.Sscan(at, &n)
			wait[n] = file
		}
	}
	fake := experimenttest.Kind{Step: func(ctx context.Context, n int64) bool {
		for file := wait[n]; file != ""; time.Sleep(5 * time.Millisecond) {
			if _, err := os.Stat(file); err == nil {
				return false
			}
			if ctx.Err() != nil {
				return true
			}
		}
		return false
	}}
	return append(catalog.All().Kinds(), fake)
}

func program(steps string, args []string) int {
	var set []string
	for k := 3; k+1 < len(args); k += 2 {
		set = append(set, args[k+1])
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	spec, err := testKinds(steps).Load(args[0], set...)
	if err == nil {
		_, err = experiment.Execute(ctx, experiment.Options{Spec: spec, Dir: args[2]})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// inProcess runs an experiment file in another process and returns it.
func inProcess(t *testing.T, steps, dir, text string, set ...string) *exec.Cmd {
	t.Helper()
	file := filepath.Join(t.TempDir(), "e.yaml")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	args := []string{"run", file, "-o", dir}
	for _, s := range set {
		args = append(args, "--set", s)
	}
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), programVariable+"="+steps)
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill() // if it has not ended
		_ = c.Wait()
	})
	return c
}

// run runs an experiment in this process.
func run(t *testing.T, dir, text string, set ...string) {
	t.Helper()
	spec, err := testKinds("").Parse("e.yaml", []byte(text), set...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := experiment.Execute(t.Context(), experiment.Options{Spec: spec, Dir: dir}); err != nil {
		t.Fatal(err)
	}
}

const fake = "kind: fake\nname: walk\n"

const fakeSweep = `kind: sweep
experiment: {kind: fake, reports: 2}
grid:
  - {path: drift, values: [0, 0.5]}
  - {path: seed, values: [1, 2]}
replicates: [seed]
`

func runSweep(t *testing.T, dir, text string) {
	t.Helper()
	s, err := sweep.Parse(testKinds(""), "s.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sweep.Run(t.Context(), s, sweep.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
}

// serving serves a folder for a test, with a look at it twenty times a second.
func serving(t *testing.T, dir string, change func(*Options)) (*Server, string) {
	t.Helper()
	o := Options{Dir: dir, Shown: "runs", Kinds: testKinds(""), Drawers: catalog.All().Drawers(), Poll: 50 * time.Millisecond}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
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
	return s, h.URL
}

// get asks for an address and returns code and body.
func get(t *testing.T, address string) (int, string) {
	t.Helper()
	r, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

// ask decodes an answer.
func ask[T any](t *testing.T, address string) (v T) {
	t.Helper()
	code, body := get(t, address)
	if code != http.StatusOK {
		t.Fatalf("%s: %d %s", address, code, body)
	}
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	return v
}

// until waits for a condition, which it tells if it never holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never happens that ", what)
		}
	}
}

func rowsOf(t *testing.T, at string) map[string]Row {
	t.Helper()
	all := map[string]Row{}
	for _, r := range ask[change](t, at+"/api/runs").Rows {
		all[r.ID] = r
	}
	return all
}

// TestAnswers: a run and a sweep are told with all that pages show of them.
func TestAnswers(t *testing.T) {
	dir := t.TempDir()
	run(t, filepath.Join(dir, "a", "one"), fake+"drift: 0.5\nrecord: {spikes: true}\n")
	run(t, filepath.Join(dir, "two"), fake+"reports: 40\n")
	runSweep(t, filepath.Join(dir, "grid"), fakeSweep)
	_, at := serving(t, dir, nil)
	var rows map[string]Row
	until(t, "all is known", func() bool { rows = rowsOf(t, at); return len(rows) == 3 && rows["two"].Curve != nil })
	one, grown := rows["a/one"], rows["grid"]
	if one.Status != experiment.Done || one.Kind != "fake" || one.Progress != 1 || one.Metric != "walk" || one.Value == nil || len(one.Curve) != 4 || fmt.Sprint(one.Differs) != "map[drift:0.5 record.spikes:true]" {
		t.Errorf("%+v", one)
	}
	if !grown.Sweep || grown.Status != experiment.Done || grown.Done != 4 || grown.Total != 4 || grown.Progress != 1 || grown.Metric != "walk" {
		t.Errorf("%+v", grown)
	}

	d := ask[details](t, at+"/api/run?id=a/one")
	if d.Info.Name != "walk" || d.Dir != filepath.Join("runs", "a", "one") || len(d.Commands) != 3 || d.Commands[1].Text != "spikealign run "+filepath.Join("runs", "a", "one", "experiment.yaml")+" -o FOLDER" {
		t.Errorf("%+v", d)
	}
	if k := slices.IndexFunc(d.Settings, func(s experiment.Setting) bool { return s.Path == "drift" }); k < 0 || d.Settings[k].Value != "0.5" || d.Settings[k].Default != "0.1" || !d.Settings[k].Differs {
		t.Errorf("%+v", d.Settings)
	}
	var names []string
	for _, f := range d.Files {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != "arrays.npz checkpoint experiment.yaml layers.csv metrics.csv run.json spikes.npz" {
		t.Error(got)
	}
	member := ask[grid](t, at+"/api/sweep?id=grid")
	if len(member.Members) != 4 || len(member.Axes) != 2 || !member.Axes[1].Replicate || fmt.Sprint(member.Axes[0].Values) != "[0 0.5]" || member.Metrics[1].Name != "walk" || member.Members[3].Values[1] == nil {
		t.Errorf("%+v", member)
	}
	if d := ask[details](t, at+"/api/run?id="+member.Members[3].ID); d.Sweep != "grid" || d.Info.Seed != 2 {
		t.Errorf("%+v", d)
	}
	if d := ask[details](t, at+"/api/run?id=grid"); d.Row == nil || d.Info != nil || len(d.Settings) == 0 {
		t.Errorf("%+v", d)
	}

	c := ask[shownCurves](t, at+"/api/curves?id=two&id=a/one")
	if c.Figure == nil || len(c.Figure.Panels) != 1 || len(c.Figure.Key[0]) != 2 || fmt.Sprint(c.Columns) != "[walk]" || len(c.Tables) != 2 || c.Figure.Key[0][0].Label != "two" {
		t.Errorf("%+v", c)
	}
	if c := ask[shownCurves](t, at+"/api/curves?id=two&table=layers&column=note"); c.Figure != nil || fmt.Sprint(c.Columns) != "[note]" {
		t.Errorf("a column of text is drawn: %+v", c)
	}
	if c := ask[shownCurves](t, at+"/api/curves?id=two&column=steps&from=10&to=20&places=1000&x=log&y=log"); c.Figure == nil || !c.Figure.Panels[0].X.Log || !c.Figure.Panels[0].Y.Log || c.Figure.Panels[0].X.Range[1] != 40 || len(c.Figure.Panels[0].Series[0].X) > 12 {
		t.Errorf("%+v", c)
	}
	if drawn := ask[[]struct{ Name string }](t, at+"/api/figures?id=a/one"); len(drawn) != 0 {
		t.Errorf("%+v", drawn)
	}
	if code, body := get(t, at+"/api/file?id=a/one&name=metrics.csv"); code != 200 || !strings.HasPrefix(body, "epoch,steps,walk\n") {
		t.Error(code, body)
	}
	if figures := ask[[]paperFigure](t, at+"/api/paper"); len(figures) < 10 || figures[0].Name != "fig2" || figures[0].Command != "spikealign reproduce fig2 -o "+filepath.Join("runs", "reproduce") {
		t.Errorf("%+v", figures)
	}
	if s := ask[startedAnswer](t, at+"/api/started"); s.Allowed || s.Token != "" {
		t.Errorf("%+v", s)
	}
}

// TestPaper: what was reproduced is found, with its verdicts and pictures.
func TestPaper(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "reproduce", "fig2-quick")
	if err := os.MkdirAll(filepath.Join(folder, "figures"), 0o777); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"verdict.csv":       "claim,measured,needed,reason,holds\n\"a, b\",1,2,so,true\n<b>,3,4,,false\n",
		"reproduction.json": `{"figure": "fig2", "status": "done", "own_wall_seconds": 1, "end": "2026-01-02T03:04:05Z", "parts": [{"wall_seconds": 2}, {"wall_seconds": 4}]}`,
		"figures/stdd.png":  "png", "figures/stdd.svg": "<svg/>", "figures/.hidden.png": "x",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	_, at := serving(t, dir, nil)
	r := ask[[]paperFigure](t, at+"/api/paper")[0].Results
	if len(r) != 1 || r[0].ID != "reproduce/fig2-quick" || r[0].Scale != "quick" || len(r[0].Claims) != 2 || !r[0].Claims[0].Holds || r[0].Claims[1].Holds || r[0].Claims[0].Text != "a, b" || r[0].Wall != 7 || r[0].Status != experiment.Done || fmt.Sprint(r[0].Pictures) != "[figures/stdd.png]" {
		t.Errorf("%+v", r)
	}
	for name, want := range map[string]int{"figures/stdd.svg": 200, "figures/.hidden.png": 404, "verdict.csv": 200, "../fig2-quick/verdict.csv": 404} {
		if code, _ := get(t, at+"/api/file?"+url.Values{"id": {"reproduce/fig2-quick"}, "name": {name}}.Encode()); code != want {
			t.Errorf("%s: %d, want %d", name, code, want)
		}
	}
}

// stream reads an event stream.
type stream struct {
	t    *testing.T
	body io.ReadCloser
	scan *bufio.Scanner
	id   string
}

func listen(t *testing.T, at, last string) *stream {
	t.Helper()
	r, err := http.NewRequest("GET", at+"/api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatal(answer.Status)
	}
	t.Cleanup(func() { answer.Body.Close() })
	s := &stream{t: t, body: answer.Body, scan: bufio.NewScanner(answer.Body)}
	s.scan.Buffer(nil, 1<<22)
	return s
}

// next returns the next change.
func (s *stream) next() (c change) {
	s.t.Helper()
	for s.scan.Scan() {
		line := s.scan.Text()
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			s.id = id
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			if err := json.Unmarshal([]byte(data), &c); err != nil {
				s.t.Fatal(err)
			}
			return c
		}
	}
	s.t.Fatal("the stream ends: ", s.scan.Err())
	return c
}

// TestEvents: a run of another process is told from its beginning to its end, as is one that was
// killed; who comes back hears what he missed, and no more.
func TestEvents(t *testing.T) {
	dir := t.TempDir()
	run(t, filepath.Join(dir, "old"), fake)
	_, at := serving(t, dir, nil)
	s := listen(t, at, "")
	c := s.next()
	for len(c.Rows) != 1 { // the first look may not have been finished
		c = s.next()
	}
	hold := filepath.Join(t.TempDir(), "go")
	inProcess(t, "25,"+hold, filepath.Join(dir, "new"), fake+"reports: 4\n")
	seen := func(id string, holds func(Row) bool) Row {
		t.Helper()
		for {
			for _, r := range s.next().Rows {
				if r.ID == id && holds(r) {
					return r
				}
			}
		}
	}
	seen("new", func(r Row) bool { return r.Status == experiment.Running && len(r.Curve) == 2 })
	before := s.id
	if err := os.WriteFile(hold, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	seen("new", func(r Row) bool { return r.Status == experiment.Done && len(r.Curve) == 4 && r.Progress == 1 })

	killed := inProcess(t, "15,"+filepath.Join(t.TempDir(), "never"), filepath.Join(dir, "killed"), fake)
	seen("killed", func(r Row) bool { return r.Status == experiment.Running && len(r.Curve) == 1 })
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	seen("killed", func(r Row) bool { return r.Status == experiment.Killed })

	back := listen(t, at, before)
	if c := back.next(); c.All || slices.ContainsFunc(c.Rows, func(r Row) bool { return r.ID == "old" }) || len(c.Rows) != 2 {
		t.Errorf("%+v", c)
	}
	if c := listen(t, at, "another-5").next(); !c.All || len(c.Rows) != 3 {
		t.Errorf("%+v", c)
	}
	if err := os.RemoveAll(filepath.Join(dir, "old")); err != nil {
		t.Fatal(err)
	}
	for {
		if c := s.next(); slices.Equal(c.Gone, []string{"old"}) {
			break
		}
	}
	if c := listen(t, at, before).next(); !slices.Equal(c.Gone, []string{"old"}) {
		t.Errorf("%+v", c)
	}
}

// TestSlowClient: a client that takes nothing loses its queue, and nobody else waits for it.
func TestSlowClient(t *testing.T) {
	s, _ := serving(t, t.TempDir(), nil)
	slow, _ := s.watcher.join("")
	quick, _ := s.watcher.join("")
	for k := range queueLength + 1 {
		s.watcher.mu.Lock()
		s.watcher.send(change{Version: int64(k)})
		s.watcher.mu.Unlock()
		if _, ok := <-quick.queue; !ok {
			t.Fatal("the quick client was dropped")
		}
	}
	for range queueLength {
		<-slow.queue
	}
	if _, ok := <-slow.queue; ok {
		t.Error("the slow client was not dropped")
	}
	for range maxClients - 1 {
		if c, _ := s.watcher.join(""); c == nil {
			t.Fatal("a client is refused too early")
		}
	}
	if c, _ := s.watcher.join(""); c != nil {
		t.Error("there is no limit")
	}
}

// TestConnections: of clients that close their half, say nothing, or say too much, nothing is left.
func TestConnections(t *testing.T) {
	s, err := New(Options{Dir: t.TempDir(), Kinds: testKinds("")})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	dial := func(text string) *net.TCPConn {
		t.Helper()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		return c.(*net.TCPConn)
	}
	clients := func() int {
		s.watcher.mu.Lock()
		defer s.watcher.mu.Unlock()
		return len(s.watcher.clients)
	}
	half := dial("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	until(t, "an event stream begins", func() bool { return clients() == 1 })
	if err := half.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	until(t, "a half-closed event stream ends", func() bool { return clients() == 0 })
	for name, text := range map[string]string{
		"431": "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 2*maxHeader) + "\r\n\r\n",
		"421": "GET / HTTP/1.0\r\n\r\n", // no Host at all
		"400": "GET / HTTP/1.1\r\n\r\n",
	} {
		line, err := bufio.NewReader(dial(text)).ReadString('\n')
		if err != nil || !strings.Contains(line, " "+name+" ") {
			t.Errorf("%s: %q %v", name, line, err)
		}
	}
	dial("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	dial("GET /") // and no more
	until(t, "an event stream begins", func() bool { return clients() == 1 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
