package experiment_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"spikealign/experiment"
	"spikealign/experiment/experimenttest"
	"spikealign/internal/npz"
)

const fakeFile = "kind: fake\nname: walk\nseed: 7\nrecord: {spikes: true}\n"

func load(t *testing.T, kind experimenttest.Kind, overrides ...string) *experiment.Spec {
	t.Helper()
	spec, err := experiment.Kinds{kind}.Parse("walk.yaml", []byte(fakeFile), overrides...)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// minutes is a clock on which every look costs a minute, so that every Advance is followed by a
// checkpoint.
func minutes() func() time.Time { return ticking(time.Minute) }

// ticking is a clock on which every look costs so much.
func ticking(step time.Duration) func() time.Time {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return func() time.Time {
		now = now.Add(step)
		return now
	}
}

func session() experiment.Session {
	return experiment.Session{Program: "test", Now: minutes(), CPU: func() time.Duration { return 0 }}
}

// calm is a session without checkpoints on the way; fewer of them make the tests quicker.
func calm() experiment.Session {
	s := session()
	now := s.Now()
	s.Now = func() time.Time { return now }
	return s
}

// execute runs the fake experiment to its end and returns its folder.
func execute(t *testing.T, overrides ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := experiment.Execute(t.Context(), experiment.Options{Spec: load(t, experimenttest.Kind{}, overrides...), Dir: dir, Session: calm()}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// results are the files that must not depend on interruptions.
var results = []string{"metrics.csv", "layers.csv", "arrays.npz", "spikes.npz", "experiment.yaml"}

func sameResults(t *testing.T, got, want, when string) {
	t.Helper()
	for _, f := range results {
		g, err := os.ReadFile(filepath.Join(got, f))
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		w, err := os.ReadFile(filepath.Join(want, f))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(g, w) {
			t.Fatalf("%s: %s differs from that of the uninterrupted run", when, f)
		}
	}
	if _, err := os.Stat(filepath.Join(got, "partial")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s: partial is left over", when)
	}
	info, err := look(got)
	if err != nil || info.Status != experiment.Done || info.Steps != 40 || info.Done != 4 {
		t.Fatalf("%s: run.json says %+v, %v", when, info, err)
	}
}

// copyRun copies a folder as a process that is killed now would leave it.
func copyRun(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

func resume(t *testing.T, dir string) {
	t.Helper()
	if _, err := (experiment.Kinds{experimenttest.Kind{}}).Resume(t.Context(), dir, calm()); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, elem ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFolder(t *testing.T) {
	t.Parallel()
	dir := execute(t)
	metrics := strings.Split(read(t, dir, "metrics.csv"), "\n")
	if len(metrics) != 6 || metrics[0] != "epoch,steps,walk" || !strings.HasPrefix(metrics[4], "4,40,") || metrics[5] != "" {
		t.Errorf("metrics.csv: %q", metrics)
	}
	if got := read(t, dir, "layers.csv"); !strings.HasPrefix(got, "epoch,layer,note\n1,0,\"a \"\"b\"\", c\"\n1,1,") || strings.Count(got, "\n") != 9 {
		t.Errorf("layers.csv: %q", got)
	}
	z, err := npz.Open(filepath.Join(dir, "arrays.npz"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if got := z.Names(); !slices.Equal(got, []string{"final", "walk", "late/matrix"}) {
		t.Errorf("arrays: %q", got)
	}
	if _, shape, err := z.Float64s("late/matrix"); err != nil || !slices.Equal(shape, []int{1, 2, 2}) {
		t.Errorf("late/matrix: %v, %v", shape, err)
	}
	if v, shape, err := z.Float64s("walk"); err != nil || !slices.Equal(shape, []int{5, 2}) || v[9] != 35 {
		t.Errorf("walk: %v, %v, %v", v, shape, err)
	}
	s, err := npz.Open(filepath.Join(dir, "spikes.npz"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	info, err := experiment.ReadInfo(dir)
	if err != nil {
		t.Fatal(err)
	}
	times, _, err := s.Int64s("time")
	if err != nil || int64(len(times)) != info.Spikes || len(times) == 0 {
		t.Errorf("%d spike times, %v, run.json says %d", len(times), err, info.Spikes)
	}
	if seed, err := s.Uint64("seed"); err != nil || seed != 7 {
		t.Errorf("seed %d, %v", seed, err)
	}
	if info.Kind != "fake" || info.Engine != "fake" || info.Seed != 7 || info.Sessions != 1 || info.Program != "test" || info.Wall != 0 || info.Headline() == "" ||
		info.Tables[0].Columns[2].Doc != "where the walk is" || !slices.Equal(info.Files, []string{"metrics.csv", "layers.csv", "arrays.npz", "spikes.npz"}) {
		t.Errorf("run.json: %+v", info)
	}

	// The written configuration is the run: it gives the same folder again.
	spec, err := experiment.Kinds{experimenttest.Kind{}}.Load(filepath.Join(dir, "experiment.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(t.TempDir(), "again")
	if _, err := experiment.Execute(t.Context(), experiment.Options{Spec: spec, Dir: again, Session: session()}); err != nil {
		t.Fatal(err)
	}
	sameResults(t, again, dir, "repeated from experiment.yaml")
}

// A process killed between any two operations on files leaves a folder from which Resume gets to
// the same results.
func TestKillAnywhere(t *testing.T) {
	t.Parallel()
	t.Run("checkpoints", func(t *testing.T) { killAnywhere(t, minutes()) })
	// and a checkpoint at times
	t.Run("progress", func(t *testing.T) { killAnywhere(t, ticking(6*time.Second)) })
}

func killAnywhere(t *testing.T, clock func() time.Time) {
	t.Parallel()
	want := execute(t)
	var copies, points []string
	dir := filepath.Join(t.TempDir(), "run")
	s := session()
	s.Now = clock
	s.SetHook(func(point string) {
		if point == "folder" {
			return // nothing to resume yet
		}
		points = append(points, point)
		copies = append(copies, copyRun(t, dir))
	})
	if _, err := experiment.Execute(t.Context(), experiment.Options{Spec: load(t, experimenttest.Kind{}), Dir: dir, Session: s}); err != nil {
		t.Fatal(err)
	}
	sameResults(t, dir, want, "with checkpoints")
	for _, p := range []string{"configuration", "partial", "table", "header", "info", "row", "before checkpoint", "checkpoint", "spikes", "arrays"} {
		if !slices.Contains(points, p) {
			t.Errorf("never at %q", p)
		}
	}
	for k, c := range copies {
		if _, err := os.Stat(filepath.Join(c, "run.json")); err == nil {
			if info, err := look(c); err != nil || info.Status != experiment.Killed && info.Status != experiment.Done {
				t.Errorf("killed at %s: status %s, %v", points[k], info.Status, err)
			}
		}
		resume(t, c)
		sameResults(t, c, want, "killed at "+points[k])
	}
}

// While a run is under way run.json tells its progress between checkpoints; a run goes on where
// that cannot be written.
func TestProgressInFolder(t *testing.T) {
	t.Parallel()
	want := execute(t, "checkpoint.every=1h")
	dir := filepath.Join(t.TempDir(), "run")
	path := filepath.Join(dir, "run.json")
	s := session()
	s.Now = ticking(4 * time.Second) // three looks between two reports
	var told []float64
	rows := 0
	s.SetHook(func(point string) {
		switch point {
		case "info":
			info, err := experiment.ReadInfo(dir)
			if err != nil {
				t.Fatal(err)
			}
			told = append(told, info.Done)
			if len(info.Latest) > 0 && info.Latest[0].Value.String() != fmt.Sprint(info.Done) {
				t.Errorf("latest %v, done %v", info.Latest, info.Done)
			}
			_, err = os.Stat(filepath.Join(dir, "checkpoint"))
			if info.Status == experiment.Running && err == nil {
				t.Error("this is the progress at a checkpoint")
			}
		case "row": // two in each report, of both tables
			if rows++; rows == 3 { // report 2
				os.Remove(path)
				if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o777); err != nil {
					t.Fatal(err)
				}
			} else if rows == 5 {
				os.RemoveAll(path)
			}
		}
	})
	var log bytes.Buffer
	s.Log = slog.New(slog.NewTextHandler(&log, nil))
	spec := load(t, experimenttest.Kind{}, "checkpoint.every=1h")
	if _, err := experiment.Execute(t.Context(), experiment.Options{Spec: spec, Dir: dir, Session: s}); err != nil {
		t.Fatal(err)
	}
	if want := []float64{0, 1, 3, 4, 4}; !slices.Equal(told, want) || strings.Count(log.String(), "progress could not be written") != 1 {
		t.Errorf("told %v, want %v\n%s", told, want, log.String())
	}
	sameResults(t, dir, want, "with its progress told")
}

// Killed again and again, each time a little further.
func TestKillOften(t *testing.T) {
	t.Parallel()
	want := execute(t)
	dir := filepath.Join(t.TempDir(), "run")
	var next string
	calls := 0
	hook := func(string) {
		if calls++; calls == 11 {
			next = copyRun(t, dir)
		}
	}
	s := session()
	s.SetHook(hook)
	if _, err := experiment.Execute(t.Context(), experiment.Options{Spec: load(t, experimenttest.Kind{}), Dir: dir, Session: s}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for next != "" {
		dir, next, calls = next, "", 0
		s := session()
		s.SetHook(hook)
		if _, err := (experiment.Kinds{experimenttest.Kind{}}).Resume(t.Context(), dir, s); err != nil {
			t.Fatal(err)
		}
		sameResults(t, dir, want, fmt.Sprintf("killed %d times", n+1))
		if n++; n > 50 {
			t.Fatal("no progress")
		}
	}
	if n < 3 {
		t.Errorf("killed only %d times", n)
	}
}

// Stopped at any step, between reports and within them, and resumed; also twice from one
// checkpoint.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	want := execute(t)
	for _, step := range []int64{0, 1, 6, 7, 9, 10, 11, 19, 20, 25, 39, 40} {
		ctx, cancel := context.WithCancel(t.Context())
		kind := experimenttest.Kind{Step: func(_ context.Context, n int64) bool {
			if n == step {
				cancel()
			}
			return n == step
		}}
		dir := filepath.Join(t.TempDir(), "run")
		_, err := experiment.Execute(ctx, experiment.Options{Spec: load(t, kind), Dir: dir, Session: calm()})
		cancel()
		if step == 40 {
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		var stopped *experiment.Stopped
		if !errors.As(err, &stopped) || stopped.Dir != dir {
			t.Fatalf("step %d: got %v", step, err)
		}
		info, err := experiment.ReadInfo(dir)
		if err != nil || info.Status != experiment.Interrupted || info.Steps != step {
			t.Fatalf("step %d: run.json says %+v, %v", step, info, err)
		}
		if step%10 == 9 {
			second := copyRun(t, dir)
			resume(t, second)
			sameResults(t, second, want, "resumed in a copy")
		}
		resume(t, dir)
		sameResults(t, dir, want, fmt.Sprintf("stopped at step %d", step))
		if info, err := experiment.ReadInfo(dir); err != nil || info.Sessions != 2 {
			t.Errorf("sessions %d, %v", info.Sessions, err)
		}
	}
}

func TestTimeLimit(t *testing.T) {
	t.Parallel()
	want := execute(t)
	kind := experimenttest.Kind{Step: func(ctx context.Context, n int64) bool { return n == 15 }}
	dir := filepath.Join(t.TempDir(), "run")
	s := session()
	s.TimeLimit = 20 * time.Millisecond
	s.Slice = time.Millisecond
	_, err := experiment.Execute(t.Context(), experiment.Options{Spec: load(t, kind), Dir: dir, Session: s})
	if err == nil || err.Error() != "time limit of 20ms reached; go on with: spikealign resume "+dir {
		t.Fatalf("got %v", err)
	}
	resume(t, dir)
	sameResults(t, dir, want, "after a time limit")
}

// TestClockSetBack: where the clock stands when a run goes on, an hour before it stopped, changes
// no result and makes no duration negative; and a run that another machine, without locks, wrote in
// what is now the future has been killed.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	want := execute(t)
	dir := interrupted(t)
	stopped, err := look(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := session()
	earlier := ticking(time.Second)
	s.Now = func() time.Time { return earlier().Add(-time.Hour) }
	r, err := experiment.Kinds{experimenttest.Kind{}}.Resume(t.Context(), dir, s)
	if err != nil {
		t.Fatal(err)
	}
	sameResults(t, dir, want, "with the clock set back")
	// Between its last checkpoint and run.json the first session looked at its clock a few times, a
	// minute each.
	if i := r.Info; i.Wall < stopped.Wall-5*60 || !i.Start.Equal(stopped.Start) || !i.End.Before(i.Start) {
		t.Errorf("wall time %v, then %v; from %v to %v", stopped.Wall, i.Wall, i.Start, i.End)
	}
	for _, c := range []struct {
		ahead time.Duration
		want  experiment.Status
	}{{0, experiment.Running}, {30 * time.Second, experiment.Running}, {24 * time.Hour, experiment.Killed}, {-24 * time.Hour, experiment.Killed}} {
		stopped.Status, stopped.NoLock, stopped.Host, stopped.Updated = experiment.Running, true, "elsewhere", time.Now().Add(c.ahead)
		text, err := json.Marshal(stopped)
		if err != nil {
			t.Fatal(err)
		}
		put(t, string(text), dir, experiment.InfoFile)
		if f, err := experiment.Open(dir); err != nil || f.Info.Status != c.want {
			t.Errorf("written %v from now: %s, %v", c.ahead, f.Info.Status, err)
		}
	}
}

func TestResumeFinished(t *testing.T) {
	t.Parallel()
	dir := execute(t)
	before := read(t, dir, "run.json")
	r, err := experiment.Kinds{experimenttest.Kind{}}.Resume(t.Context(), dir, session())
	if err != nil || !r.Already || r.Info.Status != experiment.Done {
		t.Errorf("got %+v, %v", r, err)
	}
	if read(t, dir, "run.json") != before {
		t.Error("run.json was written")
	}
}

// interrupted returns the folder of a run stopped at step 25: two reports, one snapshot
// "late/matrix", 3 of "walk".
func interrupted(t *testing.T, overrides ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	kind := experimenttest.Kind{Step: func(_ context.Context, n int64) bool {
		if n == 25 {
			cancel()
		}
		return n == 25
	}}
	dir := filepath.Join(t.TempDir(), "run")
	var stopped *experiment.Stopped
	if _, err := experiment.Execute(ctx, experiment.Options{Spec: load(t, kind, overrides...), Dir: dir, Session: session()}); !errors.As(err, &stopped) {
		t.Fatal(err)
	}
	return dir
}

// A damaged file is found, named, and does not end in other results; without the checkpoint the run
// starts again.
func TestDamage(t *testing.T) {
	t.Parallel()
	want := execute(t)
	whole := interrupted(t)
	checkpoint := read(t, whole, "checkpoint")
	flip := func(s string, k int) string {
		b := []byte(s)
		b[k] ^= 4
		return string(b)
	}
	for _, c := range []struct{ name, file, content string }{
		{"empty checkpoint", "checkpoint", ""},
		{"short checkpoint", "checkpoint", checkpoint[:10]},
		{"torn checkpoint", "checkpoint", checkpoint[:len(checkpoint)-1]},
		{"longer checkpoint", "checkpoint", checkpoint + "x"},
		{"bit flip at the start", "checkpoint", flip(checkpoint, 0)},
		{"bit flip in the header", "checkpoint", flip(checkpoint, 20)},
		{"bit flip in the middle", "checkpoint", flip(checkpoint, len(checkpoint)/2)},
		{"bit flip in the state", "checkpoint", flip(checkpoint, len(checkpoint)-6)},
		{"edited metrics", "metrics.csv", flip(read(t, whole, "metrics.csv"), 20)},
		{"short metrics", "metrics.csv", read(t, whole, "metrics.csv")[:20]},
		{"short snapshot", "partial/snapshot0", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := copyRun(t, whole)
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.content), 0o666); err != nil {
				t.Fatal(err)
			}
			_, err := experiment.Kinds{experimenttest.Kind{}}.Resume(t.Context(), dir, session())
			if err == nil || !strings.Contains(err.Error(), filepath.Base(c.file)) || !strings.Contains(err.Error(), "delete "+filepath.Join(dir, "checkpoint")+" and resume again") {
				t.Fatalf("got %v", err)
			}
			if err := os.Remove(filepath.Join(dir, "checkpoint")); err != nil {
				t.Fatal(err)
			}
			resume(t, dir)
			sameResults(t, dir, want, "from the beginning")
		})
	}
}

func TestChangedSinceCheckpoint(t *testing.T) {
	t.Parallel()
	dir := interrupted(t)
	file := filepath.Join(dir, "experiment.yaml")
	edit := func(dir, old, new string) {
		text := read(t, dir, "experiment.yaml")
		if !strings.Contains(text, old) {
			t.Fatalf("no %q in\n%s", old, text)
		}
		if err := os.WriteFile(filepath.Join(dir, "experiment.yaml"), []byte(strings.Replace(text, old, new, 1)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	edit(dir, "drift: 0.1", "drift: 0.2")
	_, err := experiment.Kinds{experimenttest.Kind{}}.Resume(t.Context(), dir, session())
	if !errors.Is(err, experiment.ErrUsage) || !strings.Contains(err.Error(), file+" was changed since the checkpoint: it said `drift: 0.1`, now it says `drift: 0.2`; put it back") {
		t.Fatalf("got %v", err)
	}
	edit(dir, "drift: 0.2", "drift: 0.1")
	edit(dir, "every: 1m", "every: 2m")
	edit(dir, "name: walk", "name: other")
	resume(t, dir)

	// Another program version is a warning, another state version an error.
	dir = interrupted(t)
	old := copyRun(t, dir)
	_, err = experiment.Kinds{experimenttest.Kind{Version: 1}}.Resume(t.Context(), old, session())
	if !errors.Is(err, experiment.ErrUsage) || !strings.Contains(err.Error(), "was written by version test") {
		t.Fatalf("got %v", err)
	}
	var log bytes.Buffer
	s := session()
	s.Program, s.Log = "next", slog.New(slog.NewTextHandler(&log, nil))
	r, err := experiment.Kinds{experimenttest.Kind{}}.Resume(t.Context(), dir, s)
	if err != nil || r.Info.Program != "next" || !slices.Equal(r.Info.Earlier, []string{"test"}) || !strings.Contains(log.String(), "another version") {
		t.Errorf("got %+v, %v, log %q", r.Info, err, log.String())
	}
}

func TestFolderIsTaken(t *testing.T) {
	t.Parallel()
	finished, stopped := execute(t), interrupted(t)
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "thesis.tex"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	mine := t.TempDir()
	if err := os.WriteFile(filepath.Join(mine, "experiment.yaml"), []byte(fakeFile), 0o666); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(foreign, "thesis.tex")
	for _, c := range []struct {
		dir       string
		overwrite bool
		want      string
	}{
		{finished, false, "holds a finished run"},
		{stopped, false, "go on with: spikealign resume " + stopped},
		{foreign, true, "is not empty and not the folder of a run (it holds thesis.tex)"},
		{mine, true, "holds an experiment.yaml and no run; if a run was killed there in its first moment, go on with: spikealign resume "},
		{file, true, "cannot make the folder of the run"},
		{filepath.Join(file, "run"), false, "cannot make the folder of the run"},
		{"/proc/spikealign/run", false, "cannot make the folder of the run"},
	} {
		_, err := experiment.Execute(t.Context(), experiment.Options{Spec: load(t, experimenttest.Kind{}), Dir: c.dir, Overwrite: c.overwrite, Session: session()})
		if !errors.Is(err, experiment.ErrUsage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", c.dir, err)
		}
	}
	if got := read(t, mine, "experiment.yaml"); got != fakeFile {
		t.Errorf("a file of the user's was changed: %q", got)
	}

	// --force replaces runs, and only what belongs to them.
	for _, dir := range []string{finished, stopped} {
		if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := experiment.Execute(t.Context(), experiment.Options{Spec: load(t, experimenttest.Kind{}, "drift=0.5"), Dir: dir, Overwrite: true, Session: session()}); err != nil {
			t.Fatal(err)
		}
		if read(t, dir, "notes.txt") != "mine" {
			t.Error("a file of the user's is gone")
		}
		sameResults(t, dir, execute(t, "drift=0.5"), "replaced")
	}

	// Without -o the next free name is taken.
	root := filepath.Join(t.TempDir(), "runs")
	for _, want := range []string{"walk", "walk-2", "walk-3"} {
		r, err := experiment.Execute(t.Context(), experiment.Options{Spec: load(t, experimenttest.Kind{}), Dir: filepath.Join(root, "walk"), Unique: true, Session: session()})
		if err != nil || r.Dir != filepath.Join(root, want) {
			t.Errorf("got %s, %v", r.Dir, err)
		}
	}
	if dirs, err := experiment.Find(root); err != nil || len(dirs) != 3 || dirs[1] != filepath.Join(root, "walk-2") {
		t.Errorf("found %q, %v", dirs, err)
	}
}

// Killed while it replaces an old run, the folder never looks finished, can be resumed, and nothing
// of the old run gets into the new one.
func TestKillWhileReplacing(t *testing.T) {
	t.Parallel()
	dir := execute(t)
	wantOld, want := copyRun(t, dir), execute(t, "drift=0.5")
	var copies []string
	s := session()
	s.SetHook(func(point string) {
		if point != "folder" && point != "row" {
			copies = append(copies, copyRun(t, dir))
		}
	})
	if _, err := experiment.Execute(t.Context(), experiment.Options{Spec: load(t, experimenttest.Kind{}, "drift=0.5"), Dir: dir, Overwrite: true, Session: s}); err != nil {
		t.Fatal(err)
	}
	sameResults(t, dir, want, "replaced")
	for k, c := range copies[:16] {
		if info, err := look(c); err != nil || info.Status == experiment.Done {
			t.Errorf("copy %d: status %s, %v", k, info.Status, err)
		}
		resume(t, c)
		if strings.Contains(read(t, c, "experiment.yaml"), "drift: 0.5") {
			sameResults(t, c, want, "killed while replacing")
		} else {
			sameResults(t, c, wantOld, "killed before the new run began")
		}
	}
}

// What the disk refuses is told with file and remedy, recorded, and costs nothing once it is
// repaired.
func TestRefusals(t *testing.T) {
	t.Parallel()
	want := execute(t)
	for _, c := range []struct {
		name   string
		point  string // the third time here ...
		block  string // ... something comes to stand in the way of this file
		remove bool
	}{
		{"snapshot", "checkpoint", "partial/snapshot1", false},
		{"checkpoint", "before checkpoint", "checkpoint", true},
		{"arrays", "row", "arrays.npz", false},
		{"spikes", "row", "spikes.npz", false},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		block := filepath.Join(dir, c.block)
		n := 0
		s := session()
		s.SetHook(func(point string) {
			nth := 1
			if c.name != "snapshot" {
				nth = 2
			}
			if point == c.point {
				if n++; n == nth {
					if c.remove {
						os.Rename(block, block+".old")
					}
					if err := os.MkdirAll(filepath.Join(block, "x"), 0o777); err != nil {
						t.Error(err)
					}
				}
			}
		})
		_, err := experiment.Execute(t.Context(), experiment.Options{Spec: load(t, experimenttest.Kind{}), Dir: dir, Session: s})
		if err == nil || !strings.Contains(err.Error(), block) || !strings.HasSuffix(err.Error(), "then go on with: spikealign resume "+dir) {
			t.Fatalf("%s: got %v", c.name, err)
		}
		if info, err2 := look(dir); err2 != nil || info.Status != experiment.Failed || info.Error != err.Error() {
			t.Errorf("%s: status %s, error %q, %v", c.name, info.Status, info.Error, err2)
		}
		if err := os.RemoveAll(block); err != nil {
			t.Fatal(err)
		}
		if c.remove {
			if err := os.Rename(block+".old", block); err != nil {
				t.Fatal(err)
			}
		}
		resume(t, dir)
		sameResults(t, dir, want, "after a refusal: "+c.name)
	}
}

func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	dir := interrupted(t)
	kinds := experiment.Kinds{experimenttest.Kind{}}
	s := session()
	tried := false
	s.Observe = func(experiment.Moment) {
		if tried {
			return
		}
		tried = true
		if _, err := kinds.Resume(t.Context(), dir, session()); !errors.Is(err, experiment.ErrUsage) || !strings.Contains(err.Error(), "is in use by process") {
			t.Errorf("a second process: %v", err)
		}
		if info, err := look(dir); err != nil || info.Status != experiment.Running {
			t.Errorf("status %s, %v", info.Status, err)
		}
	}
	if _, err := kinds.Resume(t.Context(), dir, s); err != nil {
		t.Fatal(err)
	}
}

func TestResumeNothing(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{t.TempDir(), "/nonexistent"} {
		if _, err := (experiment.Kinds{experimenttest.Kind{}}).Resume(t.Context(), dir, session()); !errors.Is(err, experiment.ErrUsage) {
			t.Errorf("got %v", err)
		}
	}
}

// look reads the folder of a run.
func look(dir string) (experiment.Info, error) {
	f, err := experiment.Open(dir)
	return f.Info, err
}

// A table is read up to its last whole row, wherever the last one is torn.
func TestTornRow(t *testing.T) {
	t.Parallel()
	const first, last = "epoch,walk,note\n0,0.25,\n", "1,0.125,\"a\nb \"\"c\"\"\"\n"
	dir := t.TempDir()
	for cut := range len(last) + 1 {
		if err := os.WriteFile(filepath.Join(dir, "metrics.csv"), []byte(first+last[:cut]), 0o666); err != nil {
			t.Fatal(err)
		}
		want := [][]string{{"0", "0.25", ""}}
		if cut == len(last) {
			want = append(want, []string{"1", "0.125", "a\nb \"c\""})
		}
		head, rows, err := (&experiment.Folder{Dir: dir}).Rows("metrics")
		if err != nil || len(head) != 3 || !slices.EqualFunc(rows, want, slices.Equal[[]string]) {
			t.Errorf("%q: %q, %q, %v", last[:cut], head, rows, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "metrics.csv"), []byte("epoch,wa"), 0o666); err != nil {
		t.Fatal(err)
	}
	if head, rows, err := (&experiment.Folder{Dir: dir}).Rows("metrics"); head != nil || rows != nil || err != nil {
		t.Errorf("torn header: %q, %q, %v", head, rows, err)
	}
}
