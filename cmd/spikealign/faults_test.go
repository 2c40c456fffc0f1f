//go:build linux && !race

package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"spikealign/experiment"
	"spikealign/internal/durable"
	"spikealign/internal/npz"
	"spikealign/internal/testenv"
	"spikealign/reproduce"
)

// fault is a way in which an operation on files can fail.
type fault struct {
	name   string
	writes bool          // of operations only writes fail so, and only they are counted
	code   syscall.Errno // what the operating system says; 0: the process is killed
	lasts  bool          // for all operations from then on, of those that need room
}

var faultsOfFiles = []fault{
	{name: "error", code: syscall.EIO},
	{name: "full", code: syscall.ENOSPC, lasts: true},
	{name: "short", code: syscall.ENOSPC, writes: true},
	{name: "kill"},
	{name: "torn", writes: true},
}

// at makes the n-th operation fail. hit gets the path of each that does.
func (f fault) at(n int64, hit func(path string)) func(op, path string, half func()) error {
	var count atomic.Int64
	return func(op, path string, half func()) error {
		if f.writes && half == nil || f.lasts && (op == "remove" || op == "truncate" || op == "lock" || strings.HasPrefix(op, "sync")) {
			return nil
		}
		if k := count.Add(1); k < n || k > n && !f.lasts {
			return nil
		}
		if f.writes {
			half()
		}
		if f.code == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		hit(path)
		return f.code
	}
}

// The n-th operation on files of a process fails where FAKE_FAULT=KIND,N says so.
func init() {
	breakFiles = func() {
		kind, at, ok := strings.Cut(os.Getenv("FAKE_FAULT"), ",")
		n, err := strconv.ParseInt(at, 10, 64)
		k := slices.IndexFunc(faultsOfFiles, func(f fault) bool { return f.name == kind })
		if ok && err == nil && k >= 0 {
			durable.Fault = faultsOfFiles[k].at(n, func(string) {})
		}
	}
}

// memory is a folder in memory where there is one: that of the tests may be on a disk, which would
// be asked to sync thousands of times.
func memory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "spikealign")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// trial is a command whose operations on files fail one by one.
type trial struct {
	name    string
	prepare []string // commands, the folder W of which is that of the trial; NAME=VALUE ... before one are variables
	command string
	third   bool   // of the operations only every third is tried: there is much to draw
	settled string // what goes on where the command has ended well; "": the command itself
}

var trials = []trial{
	{name: "run", command: "run -q IN/run.yaml -o W/run", settled: "resume -q W/run"},
	{name: "run with a figure", command: "run -q IN/tiny.yaml -o W/run", settled: "resume -q W/run"},
	{name: "run that is stopped", command: "run -q IN/run.yaml -o W/run --time-limit 1ns", settled: "resume -q W/run"},
	{name: "resume", prepare: []string{"FAKE_SIGNAL=INT,25 run -q IN/run.yaml -o W/run"}, command: "resume -q W/run"},
	{name: "more epochs", prepare: []string{"run -q IN/run.yaml -o W/run"}, command: "resume -q W/run --epochs 6", settled: "resume -q W/run"},
	{name: "run --force", prepare: []string{"run -q IN/run.yaml -o W/run"}, command: "run -q IN/other.yaml -o W/run --force"},
	{name: "sweep", command: "sweep -q IN/sweep.yaml -o W/sweep -j 2"},
	{name: "sweep gone on with", prepare: []string{"FAKE_SIGNAL=INT,25 sweep -q IN/sweep.yaml -o W/sweep -j 1"}, command: "sweep -q W/sweep -j 2"},
	{name: "sweep that grows", prepare: []string{"sweep -q IN/sweep.yaml -o W/sweep"}, command: "sweep -q IN/grown.yaml -o W/sweep -j 2"},
	{name: "sweep --force", prepare: []string{"sweep -q IN/sweep.yaml -o W/sweep"}, command: "sweep -q IN/changed.yaml -o W/sweep -j 2 --force"},
	{name: "plot", prepare: []string{"run -q IN/tiny.yaml -o W/run"}, command: "plot W/run"},
	{name: "sample", prepare: []string{"run -q IN/images.yaml -o W/run"}, command: "sample -q W/run --duration 50 --settle 1 -o W/sample"},
	{name: "sample --force", prepare: []string{"run -q IN/images.yaml -o W/run", "sample -q W/run --duration 50 --settle 1 -o W/sample"}, command: "sample -q W/run --duration 60 --settle 1 -o W/sample --force"},
	{name: "analyze", prepare: []string{"run -q IN/run.yaml -o W/run --set reports=100"}, command: "analyze -q W/run -o W/analysis --tau 5", third: true},
	{name: "stdd", command: "stdd --w12 0.8 --tau 20 -o W/stdd"},
	{name: "reproduce", command: "reproduce -q fig12 -o W/out"},
	{name: "reproduce once more", prepare: []string{"reproduce -q fig12 -o W/out"}, command: "reproduce -q fig12 -o W/out"},
	{name: "convert", command: "convert IN/theirs.yaml -o W/mine.yaml"},
}

var trialFiles = map[string]string{
	"run.yaml":     "kind: fake\nrecord: {spikes: true}\nmatrix: {file: a.csv}\n",
	"other.yaml":   "kind: fake\nreports: 3\nseed: 2\nrecord: {spikes: true}\nmatrix: {file: b.csv}\n",
	"tiny.yaml":    "kind: tiny\nepochs: 3\nepoch_steps: 20\nrecord: {spikes: true}\n",
	"sweep.yaml":   "kind: sweep\nexperiment: {kind: fake, matrix: {file: a.csv}}\ngrid:\n  - {path: drift, values: [0.1, 0.2, 0.3]}\n",
	"grown.yaml":   "kind: sweep\nexperiment: {kind: fake, matrix: {file: a.csv}}\ngrid:\n  - {path: drift, values: [0.1, 0.2, 0.3, 0.4]}\n",
	"changed.yaml": "kind: sweep\nexperiment: {kind: fake, seed: 2, matrix: {file: b.csv}}\ngrid:\n  - {path: drift, values: [0.2, 0.3]}\n",
	"images.yaml":  "kind: sampling\nnetwork: {visible: 4, tau_ref: 10}\ntraining: {epochs: 2, epoch_length: 20, wake_length: 20, report_every: 1, report_factor: 1}\n",
	"a.csv":        "1,2\n3,4\n",
	"b.csv":        "5,6\n7,8\n",
	"theirs.yaml": "num_epochs: 7\nval_step: 3\nval_factor: 5\ndur: 40\ndim: 4\ndistr: {alpha: 2.0, beta: 3.0}\nseed: {sim: 33, init: 22, distr: 11}\nweight_init: 0.25\nbias_init: 0.15\ninit_noise: 0.3\n" +
		"max_b: 2.5\nmax_w: 1.5\nlr: {symm: 0.006, weight: 0.005, bias: 0.004}\nsim_params: {num_last_spikes: 1, t_ref: &tau 12, tau_syn: *tau}\n" +
		"stdp:\n  num_last_spikes: 1\n  sal: &window {a_plus: 1.0, a_minus: 1.0, tau_plus: *tau, tau_minus: *tau, noise: 0.02}\n  ws:\n    <<: *window\n",
}

// bench is where trials run: the folder in, of their files, and w, which is made anew for each
// case, so that all paths are the same.
type bench struct {
	t     *testing.T
	p     program
	in, w string
	trial trial
	base  contents // of w before the command
	want  contents // after it
}

// contents are files by their paths, and folders, "" with a slash at the end.
type contents map[string]string

func (b *bench) read() contents {
	b.t.Helper()
	all := contents{}
	err := filepath.WalkDir(b.w, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == b.w {
			return err
		}
		name, err := filepath.Rel(b.w, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			all[name+"/"] = ""
			return nil
		}
		text, err := os.ReadFile(path)
		all[name] = string(text)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

// reset makes w what it was before the command.
func (b *bench) reset() {
	b.t.Helper()
	err := os.RemoveAll(b.w)
	if err == nil {
		err = os.Mkdir(b.w, 0o777)
	}
	for _, name := range slices.Sorted(maps.Keys(b.base)) {
		path := filepath.Join(b.w, name)
		if err != nil {
			break
		}
		if strings.HasSuffix(name, "/") {
			err = os.Mkdir(path, 0o777)
		} else {
			err = os.WriteFile(path, []byte(b.base[name]), 0o666)
		}
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) args(command string) []string {
	return strings.Fields(strings.NewReplacer("IN/", b.in+"/", "W/", b.w+"/").Replace(command))
}

// here runs a command in this process.
func (b *bench) here(args []string) (code int, stderr string) {
	var out, e bytes.Buffer
	code = run(context.Background(), &out, &e, args, testKinds())
	return code, e.String()
}

// child runs a command in a process of its own, with variables.
func (b *bench) child(args []string, variables ...string) (code int, stderr string) {
	b.t.Helper()
	c := b.p.command(args...)
	c.Env = append(os.Environ(), append(variables, "GOMAXPROCS=2")...)
	var e bytes.Buffer
	c.Stderr = &e
	return b.p.code(c.Run()), e.String()
}

// begin prepares a trial and returns how many operations, and how many writes, its command needs.
func (b *bench) begin() (operations, writes int64) {
	b.t.Helper()
	b.base = nil
	b.reset()
	for _, command := range b.trial.prepare {
		args := b.args(command)
		variables := slices.IndexFunc(args, func(a string) bool { return !strings.Contains(a, "=") })
		if code, stderr := b.child(args[variables:], args[:variables]...); code != 0 && (code != 75 || variables == 0) {
			b.t.Fatalf("%s: exit code %d, %s", command, code, stderr)
		}
	}
	b.base = b.read()
	var all, some atomic.Int64
	durable.Fault = func(_, _ string, half func()) error {
		all.Add(1)
		if half != nil {
			some.Add(1)
		}
		return nil
	}
	code, stderr := b.here(b.args(b.trial.command))
	durable.Fault = nil
	for code == 75 {
		code, stderr = b.here(b.args(b.trial.settled))
	}
	if code != 0 {
		b.t.Fatalf("%s: exit code %d, %s", b.trial.command, code, stderr)
	}
	b.want = b.read()
	return all.Load(), some.Load()
}

// remedies are how messages about a fault end.
var remedies = map[syscall.Errno]string{syscall.EIO: "check the disk and its connection", syscall.ENOSPC: "free space"}

var (
	advice    = regexp.MustCompile(`go on with: spikealign ((?:resume|sweep) \S+?(?: --epochs \d+)?)(?:[,;]|\n|$)`)
	temporary = regexp.MustCompile(`/\.([^/]+)\.tmp-[0-9]+-[0-9]+$`)
)

// hit lets the n-th operation fail, and checks what is told and left. It returns false if the
// command has fewer.
func (b *bench) hit(f fault, n int64) bool {
	t := b.t
	t.Helper()
	b.reset()
	args := b.args(b.trial.command)
	when := fmt.Sprintf("%s: %s at operation %d", b.trial.name, f.name, n)
	var code int
	var stderr string
	if f.code == 0 {
		if code, stderr = b.child(args, fmt.Sprintf("FAKE_FAULT=%s,%d", f.name, n)); code >= 0 {
			if code != 0 && code != 75 {
				t.Fatalf("%s: exit code %d, %s", when, code, stderr)
			}
			return false
		}
	} else {
		var mu atomic.Pointer[string]
		durable.Fault = f.at(n, func(path string) { mu.CompareAndSwap(nil, &path) })
		code, stderr = b.here(args)
		durable.Fault = nil
		path := mu.Load()
		if path == nil {
			return false
		}
		when += " (" + *path + ")"
		b.told(when, f, *path, code, stderr)
	}
	b.looks(when, f, code)
	b.goesOn(when, code, stderr)
	return true
}

// told checks that a command which failed at a path says so.
func (b *bench) told(when string, f fault, path string, code int, stderr string) {
	b.t.Helper()
	if strings.Contains(stderr, "a fault of the program") || code != exitDone && code != exitFailed && code != exitUsage && code != exitStopped {
		b.t.Errorf("%s: exit code %d, %s", when, code, stderr)
	}
	if code != exitFailed && code != exitUsage {
		return
	}
	isNamed := false
	for p := temporary.ReplaceAllString(path, "/$1"); strings.HasPrefix(p, b.w); p = filepath.Dir(p) {
		isNamed = isNamed || strings.Contains(stderr, p)
	}
	if !isNamed || !strings.Contains(stderr, f.code.Error()) {
		b.t.Errorf("%s: exit code %d; neither file nor error are named: %s", when, code, stderr)
	}
	if code == exitFailed && !strings.Contains(stderr, remedies[f.code]) {
		b.t.Errorf("%s: no remedy: %s", when, stderr)
	}
}

// looks checks that nothing under a final name is half written, and that nothing looks finished
// that is not.
func (b *bench) looks(when string, f fault, code int) {
	b.t.Helper()
	now := b.read()
	for name, text := range now {
		parts := strings.Split(name, "/")
		if strings.HasSuffix(name, "/") || slices.ContainsFunc(parts, func(p string) bool { return strings.HasPrefix(p, ".") || p == experiment.PartialDir }) {
			continue
		}
		if wrong := b.half(name, text, now, f); wrong != "" {
			b.t.Errorf("%s: exit code %d: %s %s", when, code, name, wrong)
		}
	}
}

// half says what is wrong with a file that stands under its final name.
func (b *bench) half(name, text string, now contents, f fault) string {
	old, wasThere := b.base[name]
	if text == b.want[name] || wasThere && text == old {
		return ""
	}
	dir, base := filepath.Split(name)
	path := filepath.Join(b.w, name)
	inRun := func(all contents) bool { return all[dir+experiment.ConfigFile] != "" }
	switch {
	case base == experiment.InfoFile && inRun(now):
		var info experiment.Info
		if err := json.Unmarshal([]byte(text), &info); err != nil {
			return err.Error()
		}
		if info.Status != experiment.Done {
			return ""
		}
		for _, file := range append(info.Files, experiment.ConfigFile) {
			if now[dir+file] != b.want[dir+file] {
				return "says done, but " + file + " differs"
			}
		}
		return ""
	case base == reproduce.RecordFile:
		var record reproduce.Record
		if err := json.Unmarshal([]byte(text), &record); err != nil {
			return err.Error()
		}
		if record.Status != experiment.Done {
			return ""
		}
		for file, want := range b.want { // all but this one and the report depend on the figure alone
			if strings.HasPrefix(file, dir) && filepath.Base(file) != base && now[file] != want {
				return "says done, but " + file + " differs"
			}
		}
		return ""
	case base == reproduce.ReportFile:
		if undated(text) != undated(b.want[name]) && !(strings.Contains(text, "\nNot finished") && strings.HasSuffix(text, "\n")) {
			return "is neither the report nor one that tells a failure"
		}
		return ""
	case base == experiment.CheckpointFile:
		if _, _, err := durable.LoadCheckpoint(path); err != nil {
			return err.Error()
		}
		return ""
	case strings.HasSuffix(base, ".csv") && inRun(now): // it grows
		if f.code == 0 { // the last row may be torn
			text = text[:strings.LastIndexByte(text, '\n')+1]
		}
		if !strings.HasPrefix(b.want[name], text) && !strings.HasPrefix(old, text) || text != "" && !strings.HasSuffix(text, "\n") {
			return fmt.Sprintf("is no beginning of the table: %q", text)
		}
		return ""
	case strings.HasSuffix(base, ".csv"):
		if _, err := csv.NewReader(strings.NewReader(text)).ReadAll(); err != nil || !strings.HasSuffix(text, "\n") {
			return fmt.Sprintf("is no table: %q, %v", text, err)
		}
		return ""
	case base == experiment.InputsFile:
		z, err := npz.Open(path)
		if err != nil {
			return err.Error()
		}
		defer z.Close()
		for _, array := range z.Names() {
			_, _, data, err := z.Stream(array)
			if err == nil {
				_, err = io.Copy(io.Discard, data)
				data.Close()
			}
			if err != nil {
				return err.Error()
			}
		}
		return ""
	case strings.HasSuffix(base, ".svg") && strings.HasSuffix(strings.TrimSpace(text), "</svg>"):
		return ""
	case strings.HasSuffix(base, ".png"):
		if _, err := png.Decode(strings.NewReader(text)); err != nil {
			return err.Error()
		}
		return ""
	}
	return fmt.Sprintf("is neither what it was nor what it becomes: %d bytes", len(text))
}

// goesOn gives the command again, or the one that a message names, until all is done, and compares
// everything in the folder.
func (b *bench) goesOn(when string, code int, stderr string) {
	b.t.Helper()
	again := b.args(b.trial.command)
	if code == exitDone && b.trial.settled != "" {
		again = b.args(b.trial.settled)
	}
	for turn := range 4 {
		if m := advice.FindStringSubmatch(stderr); m != nil {
			again = append(strings.Fields(m[1]), "-q")
		} else if strings.Contains(stderr, "replace it with --force") {
			again = append(again, "--force")
		} else if turn > 0 && code == exitUsage && b.trial.settled != "" { // it is finished
			again = b.args(b.trial.settled)
		}
		if code, stderr = b.here(again); code == exitDone {
			break
		}
	}
	if code != exitDone {
		b.t.Fatalf("%s: it does not go on: spikealign %s: exit code %d, %s", when, strings.Join(again, " "), code, stderr)
	}
	got := b.read()
	names := maps.Clone(b.want)
	maps.Copy(names, got)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		g, isThere := got[name]
		w, isWanted := b.want[name]
		dir, base := filepath.Split(name)
		switch {
		case base == ".lock" && got[dir+experiment.InfoFile] != "": // of a process that was killed; it means nothing
		case temporary.MatchString("/"+name) && got[dir+experiment.ConfigFile] == "" && !isWanted: // where no lock tells that nobody writes it
		case isThere != isWanted:
			b.t.Errorf("%s: %s: there %v, wanted %v", when, name, isThere, isWanted)
		case base == experiment.InfoFile:
			if g, w := lasting(b.t, g), lasting(b.t, w); g != w {
				b.t.Errorf("%s: %s differs:\n%s\n%s", when, name, g, w)
			}
		case base == reproduce.RecordFile || base == reproduce.ReportFile:
			if g, w := undated(g), undated(w); g != w {
				b.t.Errorf("%s: %s differs:\n%s\n%s", when, name, g, w)
			}
		case base != experiment.CheckpointFile && g != w:
			b.t.Errorf("%s: %s differs in the end", when, name)
		}
	}
}

var dates = regexp.MustCompile(`(?m)^- took .*\n|^- .spikealign .*\n|from 20.* UTC|"(?:start|end|own_wall_seconds|own_cpu_seconds|command)": .*|\| [0-9hms.]+ \| [0-9hms.]+ \|$`)

// undated is the record or the report of a reproduced figure without its times and its command,
// which is that of the process of a trial.
func undated(text string) string { return dates.ReplaceAllString(text, "") }

// lasting is a run.json without what depends on time and on the number of sessions.
func lasting(t *testing.T, text string) string {
	t.Helper()
	var i experiment.Info
	if err := json.Unmarshal([]byte(text), &i); err != nil {
		t.Fatal(err)
	}
	delete(i.Facts, "threads")
	i.Start, i.End, i.Updated, i.Wall, i.CPU, i.Sessions, i.PID = time.Time{}, nil, time.Time{}, 0, 0, 0, 0
	short, err := json.Marshal(i)
	if err != nil {
		t.Fatal(err)
	}
	return string(short)
}

// TestFaults lets the first, the second, the third ... operation on files of whole commands fail,
// in every way, and each time what is left goes on to the bytes of a command that nothing befell.
func TestFaults(t *testing.T) {
	b := newBench(t)
	for _, c := range trials {
		t.Run(c.name, func(t *testing.T) {
			b.t, b.trial = t, c
			defer func() { durable.Fault = nil }()
			operations, writes := b.begin()
			cases := map[string]int{}
			for k, f := range faultsOfFiles {
				n, step := int64(1), int64(1)
				if c.third {
					step = 3
				}
				if !testenv.Long() {
					// Of long commands a few places, others for each way.
					most := operations
					if f.writes {
						most = writes
					}
					step = max(1, most/2)
					n = 1 + int64(k)%step
				}
				for ; b.hit(f, n); n += step {
					cases[f.name]++
				}
			}
			t.Logf("%d operations, %d writes; cases: %v", operations, writes, cases)
		})
	}
}
