package sweep

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"spikealign/experiment"
	"spikealign/experiment/experimenttest"
	"spikealign/internal/durable"
	"spikealign/internal/yamlconf"
	"spikealign/kinds"
)

const small = `kind: sweep
name: small
experiment:
  kind: sampling
  seed: 7
  network: {visible: 3, tau_ref: 10}
  training: {epochs: 3, epoch_length: 20, report_every: 1, report_factor: 10}
grid:
  - {path: initial.noise, values: [0, 0.40], label: "noise"}
  - {path: plasticity.rate_sal, values: [0, 0.01], label: SAL}
  - {path: seeds.target, values: [1, 2]}
replicates: [seeds.target]
`

var known = experiment.Kinds{kinds.Sampling{}, kinds.TwoNeuron{}}

func parse(t *testing.T, text string) *Sweep {
	t.Helper()
	s, err := Parse(known, "small.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// execute runs a sweep and returns its result and the names of the members that were started.
func execute(t *testing.T, text, dir string, jobs int) (*Result, []string) {
	t.Helper()
	var mu sync.Mutex
	var started []string
	r, err := Run(context.Background(), parse(t, text), Options{Dir: dir, Engine: Local{Jobs: jobs}, Start: func(m Member) (func(experiment.Moment), func(string, bool)) {
		mu.Lock()
		defer mu.Unlock()
		started = append(started, m.Name)
		return nil, func(string, bool) {}
	}})
	if err != nil {
		t.Fatal(err)
	}
	return r, started
}

func read(t *testing.T, elem ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestRun verifies that results do not depend on the number of jobs, that finished members are not
// run again, and that a grid can be extended and reordered without a change of what is there.
func TestRun(t *testing.T) {
	dir, other := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	r, started := execute(t, small, dir, 1)
	if len(started) != 8 || r.Done() != 8 {
		t.Fatalf("%d started, %d done, want 8", len(started), r.Done())
	}
	members, summary := read(t, dir, MembersFile), read(t, dir, SummaryFile)
	execute(t, small, other, 3)
	for _, m := range r.Sweep.Members {
		for _, f := range []string{experiment.MetricsFile, experiment.ArraysFile} {
			if read(t, MemberDir(dir, m), f) != read(t, MemberDir(other, m), f) {
				t.Errorf("%s of %s depends on the number of jobs", f, m.Name)
			}
		}
	}
	if members != read(t, other, MembersFile) || summary != read(t, other, SummaryFile) {
		t.Error("the tables depend on the number of jobs")
	}

	if _, started := execute(t, small, dir, 2); len(started) != 0 {
		t.Errorf("run again: %v", started)
	}
	if members != read(t, dir, MembersFile) || summary != read(t, dir, SummaryFile) {
		t.Error("the tables changed although nothing was run")
	}

	extended := strings.Replace(small, "[0, 0.40]", "[0.8, 4e-1, 0]", 1)
	if _, started := execute(t, extended, dir, 2); len(started) != 4 {
		t.Errorf("the extended grid ran %v, want the 4 new members", started)
	}
	lines := strings.Split(read(t, dir, MembersFile), "\n")
	for _, line := range strings.Split(members, "\n") {
		found := false
		for _, l := range lines {
			found = found || l == line
		}
		if !found {
			t.Errorf("%q is not among the extended members", line)
		}
	}

	_, err := Run(context.Background(), parse(t, strings.Replace(small, "epochs: 3", "epochs: 4", 1)), Options{Dir: dir})
	if !errors.Is(err, experiment.ErrUsage) {
		t.Errorf("another base in the same folder: %v", err)
	}
}

// TestSeeds verifies that a member's seed depends on the sweep's seed and on its replicate, so that
// conditions begin alike, and not on the order of the grid.
func TestSeeds(t *testing.T) {
	seeds := func(text string) map[string]uint64 {
		m := map[string]uint64{}
		distinct := map[uint64]bool{}
		for _, x := range parse(t, text).Members {
			m[x.Name] = x.Seed
			distinct[x.Seed] = true
		}
		if len(m) != 8 || len(distinct) != 2 { // 4 conditions with 2 replicates
			t.Fatalf("%d names and %d seeds of 8 members", len(m), len(distinct))
		}
		return m
	}
	base := seeds(small)
	axis := `  - {path: initial.noise, values: [0, 0.40], label: "noise"}` + "\n"
	turned := strings.Replace(strings.Replace(small, axis, "", 1), "replicates:", axis+"replicates:", 1)
	for name, seed := range seeds(turned) {
		if base[name] != seed {
			t.Errorf("%s: seed %d, in another order %d", name, base[name], seed)
		}
	}
	for name, seed := range seeds(strings.Replace(small, "seed: 7", "seed: 8", 1)) {
		if base[name] == seed {
			t.Errorf("%s: the sweep's seed has no effect", name)
		}
	}
}

// TestProblems verifies that faults of the sweep and of its members are found before anything runs,
// each once and not for every member.
func TestProblems(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"kind: sweep", "kind: sampling", "must be sweep"},
		{"name: small", "nam: small", "nam"},
		{"initial.noise", "initial.nose", "small.yaml:9: grid.0.path = initial.nose: unknown key initial.nose; did you mean initial.noise?"},
		{"initial.noise", "pairs", "small.yaml:9: grid.0.path = pairs: unknown key pairs; "},
		{"[0, 0.40]", "[0, -1]", "small.yaml:9: grid.0.values.1 = -1: initial.noise: must be between 0 and 1e6"},
		{"replicates:", "set: [training.epochs=-3]\nreplicates:", "small.yaml:12: set.0 = training.epochs=-3: training.epochs: must be between"},
		{"replicates:", "set: {training.epochs: 20, initial.noise: 0.5}\nreplicates:", "is a mapping (keys and values); needed: a list, such as [training.epochs=20, initial.noise=0.5]"},
		{"replicates:", "set: {training: {epochs: 30}}\nreplicates:", "needed: a list, such as [training.epochs=20]"},
		{"replicates:", "set: training.epochs=30\nreplicates:", "needed: a list, such as [training.epochs=20]"},
		{"plasticity.rate_sal, values: [0, 0.01]", "network.psp_steps, values: [1, 5000000000]", "small.yaml:10: grid.1.values.1 = 5000000000: network.psp_steps: must be "},
		{"[0, 0.40]", "[0, 0.0]", "twice"},
		{"[0, 0.40]", "[]", "at least one value"},
		{"[0, 0.40]", "[0, x]", "small.yaml:9: grid.0.values.1 = x: initial.noise: is not a number"},
		{"replicates: [seeds.target]", "replicates: [seed]", "is not a path of the grid"},
		{"visible: 3", "visible: 0", "small.yaml:6: experiment.network.visible = 0: "},
		{"initial.noise", "name", "cannot be varied"},
	} {
		text := strings.Replace(small, c.old, c.new, 1)
		_, err := Parse(known, "small.yaml", []byte(text))
		var problems yamlconf.Errors
		if !errors.As(err, &problems) || len(problems) != 1 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want one problem with %q", c.new, err, c.want)
		}
	}
}

// TestRanges verifies the values of ranges: what one would write by hand.
func TestRanges(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"{from: 0, to: .5, steps: 6}", "0 0.1 0.2 0.3 0.4 0.5"},
		{"{from: -0.3, to: 0.6, steps: 4}", "-0.3 0 0.3 0.6"},
		{"{from: 1, to: 0, steps: 4}", "1 0.6667 0.3333 0"},
		{"{from: 1, to: 5, steps: 5}", "1 2 3 4 5"},
		{"{from: 0, to: 0.1, steps: 7}", "0 0.01667 0.03333 0.05 0.06667 0.08333 0.1"},
		{"{from: 1000, to: 1001, steps: 4}", "1000 1000.3333 1000.6667 1001"},
		{"{from: 10, to: 1000, steps: 4, log: true, whole: true}", "10 46 215 1000"},
		{"{from: 0, to: 10, steps: 4, whole: true}", "0 3 7 10"},
		{"{from: 0, to: 3e5, steps: 4}", "0 100000 200000 300000"},
		{"{from: 1e-4, to: 1, steps: 5, log: true}", "0.0001 0.001 0.01 0.1 1"},
		{"{from: 1, to: 2, steps: 3, log: true}", "1 1.414 2"},
		{"{from: 1e-6, to: 1e-5, steps: 2, log: true}", "1e-06 1e-05"},
	} {
		text := strings.Replace(small, "initial.noise, values: [0, 0.40]", "target.bias.0, values: "+c.text, 1)
		s := parse(t, strings.Replace(text, "grid:", "  target: {bias: [0, 0, 0], weights: [[0, 0, 0], [0, 0, 0], [0, 0, 0]]}\ngrid:", 1))
		marshalled, err := s.Marshal()
		if got := strings.Join(canonicals(s.Grid[0]), " "); got != c.want || err != nil {
			t.Errorf("%s: %s, want %s (%v)", c.text, got, c.want, err)
		}
		// The folder has them as a list, which gives the same members.
		if again := parse(t, string(marshalled)); again.Members[0].Name != s.Members[0].Name || len(again.Members) != len(s.Members) {
			t.Errorf("%s: %s", c.text, marshalled)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"{from: 0, to: 1, steps: 3, log: true}", "small.yaml:9: grid.0.values.from = 0: must be above 0"},
		{"{from: 0.5, to: 3, steps: 3, whole: true}", "small.yaml:9: grid.0.values.from = 0.5: must be a whole number where whole is true"},
		{"{from: 0, steps: 3}", "small.yaml:9: grid.0.values.to: is missing"},
		{"{from: 0, to: 1, steps: 1}", "grid.0.values.steps = 1: must be between 2 and 10000"},
		{"{from: 0, to: 1, step: 3}", "grid.0.values.step = 3: unknown key; did you mean grid.0.values.steps?"},
		{"{from: 0, to: x, steps: 3}", "grid.0.values.to = x: is not a number"},
	} {
		_, err := Parse(known, "small.yaml", []byte(strings.Replace(small, "[0, 0.40]", c.text, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}

// TestBaseFile verifies that a base experiment in a file gives the members that it gives inline,
// that the sweep is whole without the file, and that its faults are told with their lines.
func TestBaseFile(t *testing.T) {
	i, j := strings.Index(small, "  kind: sampling"), strings.Index(small, "grid:")
	inline, dir := small[i:j], t.TempDir()
	text := small[:i] + "  file: base.yaml\n" + small[j:]
	write := func(s string) {
		if err := os.WriteFile(filepath.Join(dir, "base.yaml"), []byte(s), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	load := func(text string) (*Sweep, error) { return Parse(known, filepath.Join(dir, "small.yaml"), []byte(text)) }
	write(strings.ReplaceAll(inline, "\n  ", "\n")[2:])
	s, err := load(text)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again := parse(t, string(whole))
	for k, m := range parse(t, small).Members {
		for _, other := range []Member{s.Members[k], again.Members[k]} {
			if change, err := specOf(t, m).Differs(specOf(t, other)); change != "" || err != nil || other.Name != m.Name {
				t.Errorf("%s, %s: %s (%v)", m.Name, other.Name, change, err)
			}
		}
	}
	for _, c := range []struct{ base, from, to, want string }{
		{"kind: sampling\nnetwork:\n  visible: 0\n", "", "", "base.yaml:3: network.visible = 0: must be"},
		{"kind: sampling\n", "file: base.yaml", "file: none.yaml", "small.yaml:4: experiment.file: cannot read the base experiment"},
		{"kind: sampling\n", "file: base.yaml", "file: base.yaml\n  seed: 2", "small.yaml:4: experiment.file: stands alone"},
		{"kind: sweep\n", "", "", "is a sweep file; needed is an experiment file"},
		{"kind: [\n", "", "", "base.yaml:2: is not valid YAML"},
	} {
		write(c.base)
		_, err := load(strings.Replace(text, c.from, c.to, 1))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.base, err, c.want)
		}
	}
}

// TestStop verifies that a sweep that is stopped goes on where it was and has then the results of
// one that never was.
func TestStop(t *testing.T) {
	const text = `kind: sweep
experiment: {kind: fake, reports: 3}
grid:
  - {path: drift, values: [0.1, 0.2, 0.3]}
`
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var once sync.Once
	kind := experimenttest.Kind{Step: func(_ context.Context, n int64) (wait bool) {
		if n == 15 {
			once.Do(cancel)
			return ctx.Err() != nil
		}
		return false
	}}
	run := func(ctx context.Context, k experimenttest.Kind, dir string) error {
		s, err := Parse(experiment.Kinds{k}, "stop.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		_, err = Run(ctx, s, Options{Dir: dir, Engine: Local{Jobs: 1}})
		return err
	}
	dir, whole := t.TempDir(), t.TempDir()
	var stopped *experiment.Stopped
	if err := run(ctx, kind, dir); !errors.As(err, &stopped) {
		t.Fatalf("got %v, want *Stopped", err)
	}
	if !strings.Contains(read(t, dir, MembersFile), "interrupted") || !strings.Contains(read(t, dir, MembersFile), "pending") {
		t.Errorf("members.csv: %s", read(t, dir, MembersFile))
	}
	for _, d := range []string{dir, whole} {
		if err := run(context.Background(), experimenttest.Kind{}, d); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, dir, MembersFile) != read(t, whole, MembersFile) {
		t.Error("a stopped sweep has other results")
	}
}

// TestLeftovers: what a member leaves that is killed between its results and its clearing up goes
// away with the next command on the sweep.
func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	r, _ := execute(t, small, dir, 1)
	member := r.Folder(3)
	for _, name := range []string{filepath.Join(experiment.PartialDir, "snapshot0"), ".checkpoint.tmp-17-4"} {
		if err := os.MkdirAll(filepath.Dir(member.Path(name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(member.Path(name), []byte("left"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, small, dir, 1)
	for _, pattern := range []string{experiment.PartialDir, ".*"} {
		if left, err := filepath.Glob(member.Path(pattern)); err != nil || len(left) > 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	}
	if info, err := experiment.ReadInfo(member.Dir); err != nil || info.Sessions != 1 {
		t.Errorf("%d sessions, %v", info.Sessions, err)
	}
}

// TestMemberIsAFile: a file in the place of a member's folder stops a sweep before anything is
// changed, with what to do.
func TestMemberIsAFile(t *testing.T) {
	dir := t.TempDir()
	s := parse(t, small)
	at := MemberDir(dir, s.Members[2])
	if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ConfigFile), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := Run(t.Context(), s, Options{Dir: dir})
	if want := at + " stands where the folder of a member should, and is none; move it away"; !errors.Is(err, experiment.ErrUsage) || err.Error() != want {
		t.Errorf("%v", err)
	}
	if text := read(t, dir, ConfigFile); text != "" {
		t.Errorf("written: %s", text)
	}
}

// TestFailure verifies that the failure of one member does not stop the others.
func TestFailure(t *testing.T) {
	dir := t.TempDir()
	s := parse(t, small)
	bad := MemberDir(dir, s.Members[2])
	if err := os.MkdirAll(bad, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bad, "notes.txt"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ConfigFile), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	r, err := Run(context.Background(), s, Options{Dir: dir, Engine: Local{Jobs: 2}})
	var failed *FailedError
	if !errors.As(err, &failed) || len(failed.Failed) != 1 || r.Done() != 7 {
		t.Errorf("%v", err)
	}
}

// TestTablesOnTheWay verifies that the tables are there from the start and tell of a member that
// has ended while others are under way.
func TestTablesOnTheWay(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	waitFor := func(what string, ok func(members, summary string) bool) {
		t.Helper()
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			members, _ := os.ReadFile(filepath.Join(dir, MembersFile)) // not there at first
			summary, _ := os.ReadFile(filepath.Join(dir, SummaryFile))
			if ok(string(members), string(summary)) {
				return
			}
		}
		t.Error("the tables never tell of", what)
	}
	started := 0
	_, err := Run(t.Context(), parse(t, small), Options{Dir: dir, Engine: Local{Jobs: 1}, Start: func(Member) (func(experiment.Moment), func(string, bool)) {
		switch started++; started {
		case 1:
			waitFor("the start", func(members, summary string) bool {
				return strings.Count(members, ",pending") == 8 && strings.HasPrefix(summary, "initial.noise,plasticity.rate_sal,n\n0,0,0\n")
			})
		case 2:
			waitFor("the first member", func(members, summary string) bool {
				return strings.Count(members, ",done,") == 1 && strings.Contains(summary, "\n0,0,1,")
			})
		}
		return nil, func(string, bool) {}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if members := read(t, dir, MembersFile); strings.Count(members, ",done,") != 8 {
		t.Errorf("at the end: %s", members)
	}
}

// TestSpelling verifies that a number has one spelling in the tables however it was written, also
// in a list, while the names of members keep the spelling of the file: folders have them.
func TestSpelling(t *testing.T) {
	s := parse(t, `kind: sweep
experiment: {kind: sampling, network: {visible: 2}, target: {weights: [[0, 1], [1, 0]]}}
grid:
  - {path: plasticity.rate_sal, values: [1e-5, .50, 2E-3]}
  - {path: target.bias, values: [[1e-3, 0.10], [-1.e1, 2.0]]}
`)
	var got []string
	for _, m := range s.Members {
		got = append(got, m.Name+": "+strings.Join(m.Values, " "))
	}
	want := []string{
		"bias-1e-3-0.10_rate_sal-1e-05-0d6b8cb1a9acc30f: 1e-05 [0.001, 0.1]",
		"bias--1.e1-2.0_rate_sal-1e-05-109d3361d2a84196: 1e-05 [-10, 2]",
		"bias-1e-3-0.10_rate_sal-0.5-42bd5eebba56ee8a: 0.5 [0.001, 0.1]",
		"bias--1.e1-2.0_rate_sal-0.5-2c0f55e266def1a7: 0.5 [-10, 2]",
		"bias-1e-3-0.10_rate_sal-0.002-da308c0bb91a8959: 0.002 [0.001, 0.1]",
		"bias--1.e1-2.0_rate_sal-0.002-c675707b05987574: 0.002 [-10, 2]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	_, err := Parse(known, "twice.yaml", []byte("kind: sweep\nexperiment: {kind: sampling}\ngrid:\n  - {path: target.bias, values: [[1e-3], [0.001]]}\n"))
	if err == nil || !strings.Contains(err.Error(), "grid.0.values.1 = [0.001]: stands in the list twice") {
		t.Errorf("one list twice: %v", err)
	}
}

// TestCrashWhileChanging: whatever a sweep that takes the place of another, with other numbers from
// files, has written when it is killed, the folder holds one of the two.
func TestCrashWhileChanging(t *testing.T) {
	at := t.TempDir()
	numbers := filepath.Join(at, "w.csv")
	base := func(more string) string {
		return "kind: sweep\nexperiment: {kind: fake, matrix: {file: " + numbers + "}}\ngrid:\n  - {path: drift, values: [0.1" + more + "]}\n"
	}
	parsed := func(text, content string) *Sweep {
		if err := os.WriteFile(numbers, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		s, err := Parse(experiment.Kinds{experimenttest.Kind{}}, filepath.Join(at, "s.yaml"), []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := parsed(base(""), "1 2\n3 4\n")
	for what, after := range map[string]*Sweep{
		"other numbers": parsed(base(", 0.2"), "5 6\n7 8\n"),
		"no numbers":    parsed("kind: sweep\nexperiment: {kind: fake}\ngrid:\n  - {path: drift, values: [0.1, 0.2]}\n", ""),
	} {
		if err := os.Remove(numbers); err != nil && !os.IsNotExist(err) { // the folder must do without
			t.Fatal(err)
		}
		found := map[int]bool{}
		for n := 1; ; n++ {
			dir := t.TempDir()
			if err := before.Save(dir); err != nil {
				t.Fatal(err)
			}
			k := 0
			durable.Fault = func(string, string, func()) error {
				if k++; k < n {
					return nil
				}
				return syscall.EIO
			}
			err := after.Save(dir)
			durable.Fault = nil
			s, loadErr := Load(experiment.Kinds{experimenttest.Kind{}}, dir)
			if loadErr != nil {
				t.Fatalf("%s: operation %d: %v", what, n, loadErr)
			}
			want := before
			if found[len(s.Members)] = true; len(s.Members) == 2 {
				want = after
			}
			if change, err := specOf(t, s.Members[0]).Differs(specOf(t, want.Members[0])); err != nil || change != "" {
				t.Fatalf("%s: operation %d: %s, %v", what, n, change, err)
			}
			if err := s.Save(dir); err != nil { // as going on does
				t.Fatal(err)
			}
			if again, err := Load(experiment.Kinds{experimenttest.Kind{}}, dir); err != nil || len(again.Members) != len(s.Members) {
				t.Fatalf("%s: operation %d, gone on with: %v", what, n, err)
			}
			if err == nil {
				break
			}
		}
		if !found[1] || !found[2] {
			t.Errorf("%s: the folder never held both: %v", what, found)
		}
	}
}

// The base experiment in a folder of its own names a file as the sweep does beside it: the folder
// of the sweep tells the two apart, and its inputs name both.
func TestFilesOfTheBase(t *testing.T) {
	t.Parallel()
	at := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(at, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(at, "base"), 0o777); err != nil {
		t.Fatal(err)
	}
	write("base/base.yaml", "kind: sampling\nnetwork: {visible: 2, tau_ref: 10}\ntraining: {epochs: 2, epoch_length: 20}\ninitial: {weights: {file: w.csv}}\n")
	write("base/w.csv", "0 1\n2 0\n")
	write("w.csv", "0 3\n4 0\n")
	for _, base := range []string{"base/base.yaml", filepath.Join(at, "base", "base.yaml")} {
		write("s.yaml", "kind: sweep\nexperiment: {file: '"+base+"'}\ngrid:\n  - {path: plasticity.sal_amplitude, values: [{file: w.csv}]}\n")
		s, err := Load(known, filepath.Join(at, "s.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if _, err := Run(context.Background(), s, Options{Dir: dir}); err != nil {
			t.Fatal(err)
		}
		again, err := Load(known, dir)
		if err != nil {
			t.Fatal(err)
		}
		if change, err := specOf(t, again.Members[0]).Differs(specOf(t, s.Members[0])); err != nil || change != "" {
			t.Errorf("base %s: the folder holds another sweep: %s, %v", base, change, err)
		}
		if _, err := Read(known, dir); err != nil {
			t.Errorf("base %s: what the folder keeps is not enough: %v", base, err)
		}
		if err := os.RemoveAll(filepath.Join(dir, MembersDir)); err != nil {
			t.Fatal(err)
		}
		r, err := Run(context.Background(), again, Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		var files []string
		for _, i := range r.States[0].Info.Inputs {
			files = append(files, i.File)
		}
		if want := []string{filepath.Join(at, "base", "w.csv"), filepath.Join(at, "w.csv")}; !slices.Equal(files, want) {
			t.Errorf("base %s: run.json names %q, want %q", base, files, want)
		}
	}
}

// TestReadStaysInside: whoever looks at the folder of a sweep reads no file outside of it, whatever
// its sweep.yaml names.
func TestReadStaysInside(t *testing.T) {
	t.Parallel()
	at := t.TempDir()
	dir := filepath.Join(at, "dir")
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(at, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(at, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const base = "{kind: sampling, network: {visible: 2}, training: {epochs: 2, epoch_length: 20}%s}"
	write("w.csv", "0 1\n2 0\n")
	write("dir/w.csv", "0 1\n2 0\n")
	write("dir/below/w.csv", "0 1\n2 0\n")
	write("base.yaml", fmt.Sprintf(base, "")+"\n")
	for _, file := range []string{"../w.csv", filepath.Join(at, "w.csv"), "below/w.csv", "below/../../w.csv", "w.csv"} {
		weights := fmt.Sprintf(", initial: {weights: {file: '%s'}}", file)
		for where, text := range map[string]string{
			"text": "experiment: " + fmt.Sprintf(base, weights) + "\ngrid:\n  - {path: seed, values: [1]}\n",
			"grid": "experiment: " + fmt.Sprintf(base, "") + "\ngrid:\n  - {path: initial.weights, values: [{file: '" + file + "'}]}\n",
			"set":  "experiment: " + fmt.Sprintf(base, "") + "\nset: ['initial.weights={file: " + file + "}']\ngrid:\n  - {path: seed, values: [1]}\n",
			"base": "experiment: {file: ../base.yaml}\ngrid:\n  - {path: seed, values: [1]}\n",
		} {
			write("dir/sweep.yaml", "kind: sweep\n"+text)
			if _, err := Load(known, dir); err != nil {
				t.Fatalf("%s, %s: %v", file, where, err)
			}
			_, err := Read(known, dir)
			if inside := file == "w.csv" && where != "base"; inside != (err == nil) || err != nil && !strings.Contains(err.Error(), "outside of the folder") {
				t.Errorf("%s, %s: %v", file, where, err)
			}
		}
	}
}

// TestAgain: a second look reads the members that changed, or may have, and no others.
func TestAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	r, _ := execute(t, small, dir, 2)
	changed := r.Sweep.Members[3]
	for _, m := range r.Sweep.Members { // as no run would: a member that is read again is told
		file := filepath.Join(MemberDir(dir, m), experiment.InfoFile)
		text := strings.Replace(read(t, file), `"status": "done"`, `"status": "failed"`, 1)
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	again, err := r.Again(func(member string) bool { return member != changed.Name })
	if err != nil {
		t.Fatal(err)
	}
	if again.Done() != 7 || again.States[3].Status != experiment.Failed || !slices.Equal(again.Metrics, r.Metrics) || again.Entry().Finished != 7 {
		t.Errorf("%d done, member 3 %s, metrics %v", again.Done(), again.States[3].Status, again.Metrics)
	}
	again.States[0].Status = experiment.Running
	if again, err = again.Again(func(string) bool { return true }); err != nil || again.States[0].Status != experiment.Failed || again.Done() != 6 {
		t.Errorf("a member that ran is not looked at: %s, %v", again.States[0].Status, err)
	}
}

// specOf makes the configuration of a member.
func specOf(t *testing.T, m Member) *experiment.Spec {
	t.Helper()
	spec, err := m.Spec()
	if err != nil {
		t.Fatal(err)
	}
	return spec
}
