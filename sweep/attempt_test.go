package sweep

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"spikealign/experiment"
	"spikealign/experiment/experimenttest"
	"spikealign/internal/durable"
	"spikealign/internal/testenv"
)

const shared = `kind: sweep
experiment: {kind: fake, reports: 6, checkpoint: {every: 1s}, record: {spikes: true}}
grid:
  - {path: drift, values: [0.1, 0.2, 0.3, 0.4]}
`

// with is a sweep whose experiment has steps of one's own.
func with(t *testing.T, step func(ctx context.Context, n int64) bool) *Sweep {
	t.Helper()
	s, err := Parse(experiment.Kinds{experimenttest.Kind{Step: step}}, "shared.yaml", []byte(shared))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// folderOf makes the folder of a sweep of which nothing was run.
func folderOf(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := with(t, nil).Save(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// sameAsLocal compares the results of all members with those of a sweep in one process.
func sameAsLocal(t *testing.T, dir string) {
	t.Helper()
	s, local := with(t, nil), t.TempDir()
	if _, err := Run(t.Context(), s, Options{Dir: local}); err != nil {
		t.Fatal(err)
	}
	for _, m := range s.Members {
		for _, name := range []string{"experiment.yaml", "metrics.csv", "layers.csv", "arrays.npz", "spikes.npz"} {
			if read(t, MemberDir(dir, m), name) != read(t, MemberDir(local, m), name) {
				t.Errorf("%s of %s differs", name, m.Name)
			}
		}
	}
	if left := attempted(dir); len(left) > 0 {
		t.Errorf("attempts are left: %v", left)
	}
}

func sessions(t *testing.T, dir string) (n int) {
	t.Helper()
	for _, m := range with(t, nil).Members {
		info, err := experiment.ReadInfo(MemberDir(dir, m))
		if err != nil {
			t.Fatal(err)
		}
		n += info.Sessions
	}
	return n
}

// TestShare lets five owners, each on a node of its own, work on the same members: each member is
// run once.
func TestShare(t *testing.T) {
	dir := folderOf(t)
	slowly := func(context.Context, int64) bool { time.Sleep(2 * time.Millisecond); return false }
	var owners sync.WaitGroup
	for k := range 5 {
		s := with(t, slowly)
		owners.Go(func() {
			owner := Owner{Host: fmt.Sprint("n", k), Lease: time.Minute}
			failed, _, err := Share(t.Context(), s, Options{Dir: dir, Engine: Local{Jobs: 2}}, owner)
			if err != nil || len(failed) > 0 {
				t.Errorf("owner %d: %v, %v", k, failed, err)
			}
		})
	}
	owners.Wait()
	sameAsLocal(t, dir)
	if n := sessions(t, dir); n != 4 {
		t.Errorf("%d sessions for 4 members", n)
	}
}

// TestStopAndGoOn: an owner that stops leaves checkpoints, from which another goes on, on another
// node, and where the next one is a sweep without owners.
func TestStopAndGoOn(t *testing.T) {
	dir := folderOf(t)
	for _, at := range []int64{15, 33, 0} {
		ctx, cancel := context.WithCancel(t.Context())
		var there atomic.Int32
		s := with(t, func(_ context.Context, n int64) bool {
			if n == at && there.Add(1) == 4 {
				cancel()
			}
			return n == at && at > 0
		})
		if at == 0 {
			if _, err := Run(t.Context(), s, Options{Dir: dir}); err != nil {
				t.Fatal(err)
			}
			cancel()
			continue
		}
		_, advanced, err := Share(ctx, s, Options{Dir: dir, Engine: Local{Jobs: 4}}, Owner{Host: "n1", Lease: time.Minute})
		var stopped *experiment.Stopped
		if !errors.As(err, &stopped) || !advanced {
			t.Fatalf("got %v, advanced %v", err, advanced)
		}
		r, err := s.Collect(dir)
		if err != nil || r.Status() != experiment.Interrupted || r.States[0].Info.Steps != at {
			t.Errorf("%+v, %v", r.States[0], err)
		}
	}
	sameAsLocal(t, dir)
}

// TestFromLocal: owners go on from what a sweep in one process left when it was stopped.
func TestFromLocal(t *testing.T) {
	dir := folderOf(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var there atomic.Int32
	s := with(t, func(_ context.Context, n int64) bool {
		if n == 14 && there.Add(1) == 4 { // a step that each member makes once, while it waits in the next
			cancel()
		}
		return n == 15
	})
	var stopped *experiment.Stopped
	if _, err := Run(ctx, s, Options{Dir: dir, Engine: Local{Jobs: 4}}); !errors.As(err, &stopped) {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var mu sync.Mutex
	again := with(t, func(_ context.Context, n int64) bool {
		mu.Lock()
		defer mu.Unlock()
		seen[fmt.Sprint(n < 15)] = true
		return false
	})
	if failed, _, err := Share(t.Context(), again, Options{Dir: dir}, Owner{Host: "n1", Lease: time.Hour}); err != nil || len(failed) > 0 {
		t.Fatal(failed, err)
	}
	if seen["true"] {
		t.Error("steps were made again that were done")
	}
	sameAsLocal(t, dir)
}

// TestOvertaken: an owner that is silent for longer than its lease is overtaken. When it wakes up
// it does no harm, whether the other is still at it or has finished.
func TestOvertaken(t *testing.T) {
	for _, wakes := range []string{"before the end", "after the end"} {
		t.Run(wakes, func(t *testing.T) {
			dir := folderOf(t)
			asleep, wake := make(chan struct{}), make(chan struct{})
			var once sync.Once
			first := with(t, func(_ context.Context, n int64) bool {
				if n == 25 {
					once.Do(func() { close(asleep) })
					<-wake
				}
				return false
			})
			first.Members = first.Members[:1]
			ended := make(chan error)
			go func() {
				// The lease is longer than the test; what it wrote is made older below.
				_, _, err := Share(context.Background(), first, Options{Dir: dir, Engine: Local{Jobs: 1}}, Owner{Host: "n1", Job: "1_0", Lease: time.Hour})
				ended <- err
			}()
			<-asleep
			name := first.Members[0].Name
			at := filepath.Join(dir, attemptsDir, name)
			second := with(t, func(_ context.Context, n int64) bool {
				if wakes == "before the end" && n == 40 {
					close(wake)
					if err := <-ended; err != nil {
						t.Errorf("the first owner: %v", err)
					}
				}
				return false
			})
			second.Members = second.Members[:1]
			owner := Owner{Host: "n2", Job: "2_0", Lease: time.Hour}
			if _, err := owner.take(dir, second.Members[0]); !errors.Is(err, errBusy) {
				t.Fatalf("a member that is worked on: %v", err)
			}
			if err := underWay(dir); err == nil || !strings.Contains(err.Error(), "task 1_0 on n1") {
				t.Errorf("another engine: %v", err)
			}
			long := time.Now().Add(-2 * time.Hour)
			if err := os.Chtimes(filepath.Join(at, "1.json"), long, long); err != nil {
				t.Fatal(err)
			}
			if failed, _, err := Share(t.Context(), second, Options{Dir: dir, Engine: Local{Jobs: 1}}, owner); err != nil || len(failed) > 0 {
				t.Fatal(failed, err)
			}
			if wakes == "after the end" {
				close(wake)
				if err := <-ended; err != nil {
					t.Errorf("the first owner: %v", err)
				}
			}
			if _, err := Run(t.Context(), with(t, nil), Options{Dir: dir}); err != nil {
				t.Fatal(err)
			}
			sameAsLocal(t, dir)
		})
	}
}

// TestFailedAttempt: a member that failed is not tried again by the tasks that come to it, unless
// it is forgiven.
func TestFailedAttempt(t *testing.T) {
	dir := folderOf(t)
	s := with(t, nil)
	s.Members = s.Members[:1]
	name := s.Members[0].Name
	run := filepath.Join(dir, attemptsDir, name, "1")
	if err := os.MkdirAll(run, 0o777); err != nil {
		t.Fatal(err)
	}
	stray := filepath.Join(run, "notes.txt") // a run refuses this folder
	if err := os.WriteFile(stray, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	owner := Owner{Host: "n1", Lease: time.Minute, Log: "the.log"}
	share := func() map[string]string {
		t.Helper()
		failed, _, err := Share(t.Context(), s, Options{Dir: dir}, owner)
		if err != nil {
			t.Fatal(err)
		}
		return failed
	}
	if failed := share(); !strings.Contains(failed[name], "notes.txt") {
		t.Fatalf("got %v", failed)
	}
	if err := os.Remove(stray); err != nil {
		t.Fatal(err)
	}
	if failed := share(); !strings.Contains(failed[name], "notes.txt") {
		t.Errorf("tried again: %v", failed)
	}
	r, err := s.Collect(dir)
	if err != nil || r.States[0].Status != experiment.Failed || !strings.Contains(r.States[0].Info.Error, "notes.txt") || r.States[0].Attempt.Log != "the.log" {
		t.Errorf("%+v, %v", r.States, err)
	}
	if err := s.Forgive(dir, name); err != nil {
		t.Fatal(err)
	}
	if failed := share(); len(failed) > 0 || !isDone(MemberDir(dir, s.Members[0])) {
		t.Errorf("forgiven: %v", failed)
	}
}

// TestCrashedAttempt: whatever a process that was killed leaves of an attempt, the next one goes on
// from it.
func TestCrashedAttempt(t *testing.T) {
	// A member that stopped at step 25, and one that is finished.
	stop := func(n int64) (dir string) {
		dir = folderOf(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := with(t, func(_ context.Context, at int64) bool {
			if at == n && n > 0 {
				cancel()
			}
			return at == n && n > 0
		})
		s.Members = s.Members[:1]
		if _, _, err := Share(ctx, s, Options{Dir: dir}, Owner{Host: "n1", Lease: time.Hour}); (err != nil) != (n > 0) {
			t.Fatal(err)
		}
		return dir
	}
	name := with(t, nil).Members[0].Name
	at := func(dir, file string) string { return filepath.Join(dir, attemptsDir, name, file) }
	dead := func(dir, state string) error { // killed long ago on a node that nobody can ask
		text := fmt.Sprintf(`{"host": "gone", "pid": 1, "lease_seconds": 60, "state": %q}`, state)
		if err := os.WriteFile(at(dir, "1.json"), []byte(text), 0o666); err != nil {
			return err
		}
		long := time.Now().Add(-2 * time.Hour)
		return os.Chtimes(at(dir, "1.json"), long, long)
	}
	for _, c := range []struct {
		what     string
		stopped  int64
		prepare  func(dir string) error
		sessions int // of the first member
	}{
		{"killed while it ran", 25, func(dir string) error { return dead(dir, "running") }, 2},
		{"the record is empty", 25, func(dir string) error {
			return errors.Join(os.WriteFile(at(dir, "1.json"), nil, 0o666), os.Chtimes(at(dir, "1.json"), time.Unix(1e9, 0), time.Unix(1e9, 0)))
		}, 2},
		{"the number was taken and nothing begun", 25, func(dir string) error {
			return errors.Join(dead(dir, "interrupted"), os.WriteFile(at(dir, "2.json"), []byte(`{"state": "running", "lease_seconds": 1}`), 0o666), os.Chtimes(at(dir, "2.json"), time.Unix(1e9, 0), time.Unix(1e9, 0)))
		}, 2},
		{"a copy that was not finished", 25, func(dir string) error {
			return errors.Join(dead(dir, "running"), os.WriteFile(at(dir, "2.json"), []byte(`{"state": "running", "lease_seconds": 1}`), 0o666), os.Chtimes(at(dir, "2.json"), time.Unix(1e9, 0), time.Unix(1e9, 0)),
				os.Mkdir(at(dir, "2"), 0o777), os.WriteFile(at(dir, "2/metrics.csv"), []byte("epo"), 0o666))
		}, 2},
		{"finished and not yet the member", 0, func(dir string) error {
			return errors.Join(os.MkdirAll(at(dir, ""), 0o777), os.Rename(filepath.Join(dir, MembersDir, name), at(dir, "1")), dead(dir, "running"))
		}, 1},
		{"killed while it ran, and then the clock was set back by a day", 25, func(dir string) error {
			later := time.Now().Add(24 * time.Hour)
			err := errors.Join(dead(dir, "running"), os.Chtimes(at(dir, "1.json"), later, later))
			if r, lookErr := with(t, nil).Collect(dir); lookErr != nil || r.States[0].Status != experiment.Killed {
				t.Errorf("%v, %v", r, lookErr)
			}
			return err
		}, 2},
		{"a run of one process in the way", 25, func(dir string) error {
			return errors.Join(dead(dir, "running"), os.CopyFS(filepath.Join(dir, MembersDir, name), os.DirFS(at(dir, "1"))),
				os.Remove(filepath.Join(dir, MembersDir, name, experiment.CheckpointFile)))
		}, 2},
	} {
		t.Run(c.what, func(t *testing.T) {
			dir := stop(c.stopped)
			if err := c.prepare(dir); err != nil {
				t.Fatal(err)
			}
			if failed, _, err := Share(t.Context(), with(t, nil), Options{Dir: dir}, Owner{Host: "n2", Lease: time.Hour}); err != nil || len(failed) > 0 {
				t.Fatal(failed, err)
			}
			sameAsLocal(t, dir)
			if n := sessions(t, dir); n != c.sessions+3 {
				t.Errorf("%d sessions, want %d", n, c.sessions+3)
			}
		})
	}
}

// TestFaultsOfAttempts: whatever operation on files fails while an owner makes an attempt, goes on
// with one from a copy, or makes a finished one the member, alone or with all after it, as if the
// process had been killed there: when it counts as dead another owner brings the member to the same
// results.
func TestFaultsOfAttempts(t *testing.T) {
	step := 15
	if testenv.Long() {
		step = 1
	}
	old := func(dir string) { // nobody is heard of any more
		records, err := filepath.Glob(filepath.Join(dir, attemptsDir, "*", "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if err := os.Chtimes(r, time.Unix(1e9, 0), time.Unix(1e9, 0)); err != nil {
				t.Fatal(err)
			}
		}
	}
	owner := func(host string) Owner { return Owner{Host: host, Lease: time.Hour} }
	cases := 0
	for _, goesOn := range []bool{false, true} {
		for _, lasts := range []bool{false, true} {
			for n := 1; ; n += step {
				dir := folderOf(t)
				s := with(t, nil)
				name := s.Members[0].Name
				if goesOn { // a node that died in the middle
					ctx, cancel := context.WithCancel(t.Context())
					first := with(t, func(_ context.Context, at int64) bool {
						if at == 25 {
							cancel()
						}
						return at == 25
					})
					first.Members = first.Members[:1]
					var stopped *experiment.Stopped
					if _, _, err := Share(ctx, first, Options{Dir: dir}, owner("n0")); !errors.As(err, &stopped) {
						t.Fatal(err)
					}
					cancel()
					text := `{"host": "n0", "pid": 1, "lease_seconds": 60, "state": "running"}`
					if err := os.WriteFile(filepath.Join(dir, attemptsDir, name, "1.json"), []byte(text), 0o666); err != nil {
						t.Fatal(err)
					}
					old(dir)
				}
				s.Members = s.Members[:1]
				k, isHit := 0, false
				durable.Fault = func(string, string, func()) error {
					if k++; k < n || k > n && !lasts {
						return nil
					}
					isHit = true
					return syscall.EIO
				}
				_, _, _ = Share(t.Context(), s, Options{Dir: dir}, owner("n1")) // it may go well all the same
				durable.Fault = nil
				if !isHit {
					break
				}
				cases++
				old(dir)
				all := with(t, nil)
				for _, m := range all.Members {
					if err := all.Forgive(dir, m.Name); err != nil {
						t.Fatal(err)
					}
				}
				old(dir)
				if failed, _, err := Share(t.Context(), all, Options{Dir: dir}, owner("n2")); err != nil || len(failed) > 0 {
					t.Fatalf("operation %d, gone on with %v, with all after it %v: %v, %v", n, goesOn, lasts, failed, err)
				}
				if _, err := Run(t.Context(), with(t, nil), Options{Dir: dir}); err != nil { // as the user does in the end
					t.Fatal(err)
				}
				sameAsLocal(t, dir)
				if _, err := os.Stat(filepath.Join(MemberDir(dir, all.Members[0]), experiment.PartialDir)); err == nil {
					t.Errorf("operation %d, gone on with %v, with all after it %v: partial is left", n, goesOn, lasts)
				}
			}
		}
	}
	t.Logf("%d cases", cases)
}

// TestStrayAttempt: an attempt of another sweep is seen as a run of it is.
func TestStrayAttempt(t *testing.T) {
	dir := folderOf(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := with(t, func(_ context.Context, n int64) bool {
		if n == 5 {
			cancel()
		}
		return n == 5
	})
	if _, _, err := Share(ctx, s, Options{Dir: dir}, Owner{Host: "n1", Lease: time.Hour}); err == nil {
		t.Fatal("it did not stop")
	}
	other, err := Parse(experiment.Kinds{experimenttest.Kind{}}, "other.yaml", []byte(strings.Replace(shared, "reports: 6", "reports: 5", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), other, Options{Dir: dir}); !errors.Is(err, experiment.ErrUsage) || !strings.Contains(err.Error(), "reports: 6") {
		t.Errorf("another sweep: %v", err)
	}
	if r, err := Run(t.Context(), other, Options{Dir: dir, Overwrite: true}); err != nil || r.Done() != 4 || r.States[0].Info.Total != 5 {
		t.Errorf("replaced: %v", err)
	}
}

// TestHolds: the quick look at members says yes for what Run left, and no after any change.
func TestHolds(t *testing.T) {
	dir := t.TempDir()
	s := with(t, nil)
	if _, err := Run(t.Context(), s, Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	m := s.Members[0]
	file := filepath.Join(MemberDir(dir, m), experiment.ConfigFile)
	holds := func(spec *experiment.Spec) bool {
		f, err := experiment.Open(MemberDir(dir, m))
		if err != nil {
			t.Fatal(err)
		}
		return f.Holds(spec)
	}
	own, other := specOf(t, m), specOf(t, s.Members[1])
	if !holds(own) || holds(other) {
		t.Errorf("its own spec: %v, that of another member: %v", holds(own), holds(other))
	}
	text := read(t, file)
	if err := os.WriteFile(file, []byte(strings.Replace(text, "reports: 6", "reports: 7", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	if holds(own) {
		t.Error("a file that was edited")
	}
	edited, err := s.kinds.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if holds(edited) {
		t.Error("a file that was edited as the spec was")
	}
}
