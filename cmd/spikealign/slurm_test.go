//go:build linux && !race

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"spikealign/internal/testenv"
	"spikealign/slurm"
)

// TestSlurm lets a real Slurm do to sweeps what it does elsewhere. In all cases nothing is lost,
// nothing is run twice without need, and the results are the bytes of a sweep on this machine.
func TestSlurm(t *testing.T) {
	testenv.NeedsLong(t)
	switch {
	case !haveSlurm() && testenv.Complete():
		t.Fatal("there is no Slurm: apt-get install munge slurmctld slurmd slurm-client")
	case !haveSlurm():
		t.Skip("there is no Slurm: apt-get install munge slurmctld slurmd slurm-client")
	}
	for _, c := range []struct {
		name string
		test func(*testing.T)
	}{
		{"Whole", slurmWhole}, {"Requeue", slurmRequeue}, {"Limit", slurmLimit}, {"Timeout", slurmTimeout}, {"Preempt", slurmPreempt}, {"NodeLost", slurmNodeLost},
		{"TwoOwners", slurmTwoOwners}, {"Forgotten", slurmForgotten}, {"Submitter", slurmSubmitter}, {"Refused", slurmRefused},
		{"Reproduce", slurmReproduce}, {"Grace", slurmGrace}, {"UserSignal", slurmUserSignal}, {"Memory", slurmMemory}, {"Held", slurmHeld},
		{"NoRequeue", slurmNoRequeue}, {"Controller", slurmController},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}

// user is one who has a sweep of so many members and a Slurm.
type user struct {
	program
	*cluster
	t       *testing.T
	members int
	env     []string
}

// newUser writes s.yaml, a sweep whose members take steps of 0.1 s, and slurm.yaml. If they are to
// hold, all members wait before step 20 until open is called.
func newUser(t *testing.T, c *cluster, members, steps int, hold bool, settings string) *user {
	t.Helper()
	u := &user{newProgram(t), c, t, members, append(c.env(), "FAKE_SLEEP=100ms")}
	if hold {
		u.env = append(u.env, "FAKE_HOLD=20,"+u.file("open"))
	}
	u.program.write("s.yaml", fmt.Sprintf(`kind: sweep
experiment: {kind: fake, reports: %d, steps_per_report: 5, checkpoint: {every: 1s}, record: {spikes: true}}
grid:
  - {path: drift, values: {from: 0.1, to: 0.%d, steps: %d}}
`, steps/5, members, members))
	u.program.write("slurm.yaml", "program: "+u.program.path+"\nlease: 20s\n"+settings)
	return u
}

// open lets members go on that hold.
func (u *user) open() { u.program.write("open", "") }

// holding waits until so many members hold, with a checkpoint of that.
func (u *user) holding(n int) {
	u.t.Helper()
	u.until(fmt.Sprintf("%d members hold", n), 2*time.Minute, func() bool {
		there, err := filepath.Glob(filepath.Join(u.program.dir, "s/.attempts/*/*/checkpoint"))
		if err != nil {
			u.t.Fatal(err)
		}
		return len(there) == n
	})
}

// call runs the program with Slurm at hand.
func (u *user) call(args ...string) (code int, stdout, stderr string) {
	u.t.Helper()
	c := u.command(args...)
	c.Env = append(os.Environ(), u.env...)
	var o, e bytes.Buffer
	c.Stdout, c.Stderr = &o, &e
	return u.code(c.Run()), o.String(), e.String()
}

func (u *user) succeed(args ...string) (stdout, stderr string) {
	u.t.Helper()
	code, stdout, stderr := u.call(args...)
	if code != 0 {
		u.t.Fatalf("spikealign %s: exit code %d: %s%s", strings.Join(args, " "), code, stdout, stderr)
	}
	return stdout, stderr
}

func (u *user) submit(more ...string) string {
	u.t.Helper()
	_, stderr := u.succeed(append([]string{"sweep", "s.yaml", "-o", "s", "--engine", "slurm", "--slurm", "slurm.yaml"}, more...)...)
	return stderr
}

// look returns the status of the sweep.
func (u *user) look() *slurm.View {
	u.t.Helper()
	out, _ := u.succeed("status", "s", "--json")
	v := &slurm.View{}
	if err := json.Unmarshal([]byte(out), v); err != nil {
		u.t.Fatalf("%v: %s", err, out)
	}
	return v
}

// waitFor waits until so many members are in one of the states.
func (u *user) waitFor(n int, most time.Duration, states ...string) {
	u.t.Helper()
	u.until(fmt.Sprintf("%d members %v", n, states), most, func() bool {
		count := 0
		for _, m := range u.look().Members {
			if slices.Contains(states, string(m.State)) {
				count++
			}
		}
		return count >= n
	})
}

// finish waits for all members, and compares the folder with that of a sweep on this machine.
func (u *user) finish(most time.Duration) {
	u.t.Helper()
	u.waitFor(u.members, most, "done")
	out, _ := u.succeed("sweep", "s")
	if want := fmt.Sprintf("%d of %d members finished", u.members, u.members); !strings.Contains(out, want) {
		u.t.Errorf("the summary says %s", out)
	}
	u.same()
}

func (u *user) same() {
	u.t.Helper()
	u.program.must("sweep", "-q", "s.yaml", "-o", "local")
	for _, pattern := range []string{"*.csv", "sweep.yaml", "members/*/*.csv", "members/*/*.npz", "members/*/experiment.yaml"} {
		files, err := filepath.Glob(filepath.Join(u.program.dir, "local", pattern))
		if err != nil || len(files) == 0 {
			u.t.Fatalf("%s: %v", pattern, err)
		}
		for _, f := range files {
			name, err := filepath.Rel(filepath.Join(u.program.dir, "local"), f)
			if err != nil {
				u.t.Fatal(err)
			}
			if got, want := u.read("s", name), u.read("local", name); got != want {
				u.t.Errorf("%s differs from that of a sweep without Slurm (%d and %d bytes)", name, len(got), len(want))
			}
		}
	}
	if left, err := os.ReadDir(filepath.Join(u.program.dir, "s/members")); err != nil || len(left) != u.members {
		u.t.Errorf("%d folders of members: %v", len(left), err)
	}
	if _, err := os.Stat(filepath.Join(u.program.dir, "s/.attempts")); err == nil {
		u.t.Error("attempts are left over")
	}
}

// sessions returns how many processes worked on each member, in the order of the grid.
func (u *user) sessions() (n []int) {
	u.t.Helper()
	for _, m := range u.look().Members {
		var info struct{ Sessions int }
		if err := json.Unmarshal([]byte(u.read("s/members", m.Name, "run.json")), &info); err != nil {
			u.t.Fatal(err)
		}
		n = append(n, info.Sessions)
	}
	return n
}

// attemptsIn counts the attempts in a log.
func (u *user) attemptsIn(log string) int { return strings.Count(u.read(log), "\n== ") + 1 }

// slurmWhole: submit, look, submit again, summary; cancel, go on; retry what failed.
func slurmWhole(t *testing.T) {
	u := newUser(t, newCluster(t, 1, 4), 6, 30, true, "chunk: 2\ntime: 5\nthrottle: 2\n")
	if text := u.submit(); !strings.Contains(text, "submitted job 1: 6 members in 3 tasks") || !strings.Contains(text, "spikealign status s") {
		t.Errorf("submit says %s", text)
	}
	if text := u.submit(); !strings.Contains(text, "nothing to submit: 6 of 6") {
		t.Errorf("submit again says %s", text)
	}
	if code, _, text := u.call("sweep", "s", "--engine", "local"); code != 2 || !strings.Contains(text, "spikealign cancel s") {
		t.Errorf("another engine: exit code %d, %s", code, text)
	}
	if code, _, text := u.call("sweep", "s.yaml", "-o", "s", "--engine", "slurm", "--set", "layers=3"); code != 2 || !strings.Contains(text, "layers: 2") {
		t.Errorf("another sweep: exit code %d, %s", code, text)
	}
	u.holding(2)
	out, _ := u.succeed("status", "s")
	if !regexp.MustCompile(`(?m)^drift-\S+ +running +\d+% +\S+ +1_\d +n1$`).MatchString(out) {
		t.Errorf("status says %s", out)
	}
	if out, _ := u.succeed("cancel", "s"); !strings.Contains(out, "cancelled job 1") {
		t.Errorf("cancel says %s", out)
	}
	u.until("an end", 30*time.Second, func() bool {
		v := u.look()
		return v.Count("running")+v.Count("queued") == 0
	})
	// A failure of the task, not of its members.
	u.program.write("bad.yaml", "program: "+u.program.path+"\nprologue: |\n  echo the disk is not there\n  exit 3\n")
	u.succeed("sweep", "s", "--slurm", "bad.yaml")
	u.waitFor(6, time.Minute, "failed")
	out, _ = u.succeed("status", "s")
	if !regexp.MustCompile(`failed .* \d+_0 +n1 +task \d+_0 ended as FAILED, exit code 3; log: \S+/slurm/2/log/0.log`).MatchString(out) {
		t.Errorf("status says %s", out)
	}
	if text := u.read("s/slurm/2/log/0.log"); !strings.Contains(text, "the disk is not there") {
		t.Errorf("the log says %s", text)
	}
	if code, _, text := u.call("sweep", "s", "--slurm", "slurm.yaml"); code != 1 || !strings.Contains(text, "ended as FAILED") {
		t.Errorf("a sweep with failed members: exit code %d, %s", code, text)
	}
	u.succeed("retry", "s", "--slurm", "slurm.yaml")
	u.open()
	u.finish(2 * time.Minute)
	if got := u.sessions(); !slices.Equal(got, []int{2, 2, 1, 1, 1, 1}) { // two were cancelled
		t.Errorf("sessions %v", got)
	}
}

// slurmRequeue: one element of an array is requeued in the middle, and one that is done.
func slurmRequeue(t *testing.T) {
	u := newUser(t, newCluster(t, 1, 4), 3, 40, true, "")
	u.submit()
	u.holding(3)
	u.cluster.must("scontrol", "requeue", "1_1")
	u.until("a second attempt", time.Minute, func() bool { return u.attemptsIn("s/slurm/1/log/1.log") == 2 })
	u.open()
	u.waitFor(3, time.Minute, "done")
	u.until("the end of 1_0", time.Minute, func() bool { return slices.Contains(u.tasks(), "1_0=COMPLETED") })
	u.cluster.must("scontrol", "requeue", "1_0")
	u.finish(time.Minute)
	u.until("a second attempt at nothing", time.Minute, func() bool { return u.attemptsIn("s/slurm/1/log/0.log") == 2 })
	if got := u.sessions(); !slices.Equal(got, []int{1, 2, 1}) {
		t.Errorf("sessions %v", got)
	}
	if text := u.read("s/slurm/1/log/1.log"); !regexp.MustCompile(`(?s)^== \S+ \S+: task 1_1, restart 0, on n1.*== \S+ \S+: task 1_1, restart 1, on n1`).MatchString(text) {
		t.Errorf("the log of two attempts: %s", text)
	}
}

// slurmLimit: tasks whose members need longer than the time limit stop before it and are queued
// again by themselves. Slurm looks every 30 s which signals are due within the next 30 s, so that
// this one comes between 20 and 50 s after the start.
func slurmLimit(t *testing.T) {
	u := newUser(t, newCluster(t, 1, 2), 2, 40, true, "time: 1\nstop_before: 10s\n")
	u.submit()
	u.holding(2)
	u.until("second attempts", 3*time.Minute, func() bool {
		return u.attemptsIn("s/slurm/1/log/0.log") == 2 && u.attemptsIn("s/slurm/1/log/1.log") == 2
	})
	u.open()
	u.finish(time.Minute)
	if got := u.sessions(); !slices.Equal(got, []int{2, 2}) {
		t.Errorf("sessions %v", got)
	}
	for k := range 2 {
		log := fmt.Sprintf("s/slurm/1/log/%d.log", k)
		if u.attemptsIn(log) != 2 || !strings.Contains(u.read(log), "stopped at Slurm's signal") {
			t.Errorf("%s: %s", log, u.read(log))
		}
	}
}

// slurmTimeout: a task that runs into its time limit of one minute, since its process does not hear
// the signal. It has not failed; a command that waits submits it again. The other task ends long
// before there is any signal.
func slurmTimeout(t *testing.T) {
	u := newUser(t, newCluster(t, 1, 2), 2, 50, false, "time: 1\nstop_before: 1s\n")
	u.env = append(u.env, "FAKE_DEAF=40,1_1")
	wait := u.waiting()
	u.until("1_1 is over its limit", 3*time.Minute, func() bool { return slices.Contains(u.tasks(), "1_1=TIMEOUT") })
	wait(0)
	u.finish(time.Minute)
	if got := u.sessions(); !slices.Equal(got, []int{1, 2}) || u.attemptsIn("s/slurm/2/log/0.log") != 1 {
		t.Errorf("sessions %v", got)
	}
}

// waiting starts a sweep that waits; what it returns waits for its end.
func (u *user) waiting() func(code int) {
	u.t.Helper()
	c := u.command("sweep", "s.yaml", "-o", "s", "--engine", "slurm", "--slurm", "slurm.yaml", "--wait", "--progress", "1s")
	c.Env = append(os.Environ(), u.env...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		u.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	u.until("a submission", time.Minute, func() bool { return u.read("s/slurm/1/job") != "" })
	return func(code int) {
		u.t.Helper()
		select {
		case err := <-ended:
			if got := u.code(err); got != code {
				u.t.Errorf("the sweep that waits: exit code %d, %s", got, &out)
			}
		case <-time.After(3 * time.Minute):
			_ = c.Process.Kill()
			<-ended
			u.t.Errorf("the sweep that waits does not end: %s", &out)
		}
	}
}

// slurmPreempt: jobs of another partition take the place of tasks, which are cancelled, not
// requeued.
func slurmPreempt(t *testing.T) {
	c := newCluster(t, 1, 2, "PreemptType=preempt/partition_prio", "PreemptMode=CANCEL",
		"PartitionName=low Nodes=NODES Default=YES PriorityTier=1 State=UP", "PartitionName=high Nodes=NODES PriorityTier=10 State=UP")
	u := newUser(t, c, 3, 40, true, "partition: low\n")
	wait := u.waiting()
	u.holding(2)
	u.program.write("urgent.sh", "#!/bin/bash\nsleep 3\n")
	u.cluster.must("sbatch", "--partition=high", "--cpus-per-task=2", "--output=/dev/null", u.file("urgent.sh"))
	u.until("PREEMPTED", time.Minute, func() bool {
		return slices.ContainsFunc(u.tasks(), func(s string) bool { return strings.HasSuffix(s, "=PREEMPTED") })
	})
	u.open()
	wait(0)
	u.finish(time.Minute)
	if got := u.sessions(); !slices.Equal(got, []int{2, 2, 1}) {
		t.Errorf("sessions %v", got)
	}
}

// slurmNodeLost: a node and all that runs there are gone.
func slurmNodeLost(t *testing.T) {
	u := newUser(t, newCluster(t, 3, 1), 2, 40, true, "")
	u.submit()
	u.holding(2)
	lost := 0
	if u.look().Members[1].Node == "n1" {
		lost = 1
	}
	u.kill("n1")
	for _, pid := range append(u.left("slurmstepd"), u.payload(lost)) {
		if env, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); pid != u.payload(lost) && !bytes.Contains(env, []byte("slurmstepd: [1_"+fmt.Sprint(lost))) && !bytes.Contains(env, []byte("["+u.rawJob(lost)+".")) {
			continue
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	u.until("a second attempt", 3*time.Minute, func() bool { return u.attemptsIn(fmt.Sprintf("s/slurm/1/log/%d.log", lost)) == 2 })
	u.open()
	u.finish(2 * time.Minute)
	want := []int{1, 1}
	want[lost] = 2
	if got := u.sessions(); !slices.Equal(got, want) {
		t.Errorf("sessions %v, want %v", got, want)
	}
}

// rawJob is the number that Slurm itself has for a task.
func (u *user) rawJob(task int) string {
	return u.cluster.must("squeue", "--noheader", "--array", "--states=all", "--jobs=1_"+fmt.Sprint(task), "--format=%A")
}

// slurmTwoOwners: nodes do not answer, so that Slurm starts their tasks anew while the processes
// there live on. One of them goes on to its end, and the new task waits for it; the other is
// stopped for longer than its lease, is overtaken, and does no harm when it wakes up.
func slurmTwoOwners(t *testing.T) {
	u := newUser(t, newCluster(t, 3, 2), 2, 40, true, "")
	u.submit()
	u.holding(2)
	first := []int{u.payload(0), u.payload(1)}
	for _, n := range []string{"n1", "n2", "n3"} {
		if u.cluster.must("squeue", "--noheader", "--nodelist="+n) != "" {
			u.kill(n)
		}
	}
	if err := syscall.Kill(first[1], syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(first[1], syscall.SIGKILL)
	restarted := func(task int) bool { return u.attemptsIn(fmt.Sprintf("s/slurm/1/log/%d.log", task)) == 2 }
	u.until("second owners", 2*time.Minute, func() bool { return restarted(0) && restarted(1) })
	if syscall.Kill(first[0], 0) != nil {
		t.Error("the first owner is gone before there are two")
	}
	u.open()
	u.waitFor(2, time.Minute, "done")
	if err := syscall.Kill(first[1], syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	u.until("the end of the one that was overtaken", time.Minute, func() bool { return !runs(first[1]) })
	u.finish(2 * time.Minute)
	if got := u.sessions(); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("sessions %v", got)
	}
}

// runs reports whether a process is there and no zombie.
func runs(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !bytes.Contains(text, []byte(") Z "))
}

// slurmForgotten: no accounting, and Slurm has forgotten the jobs; one was killed, the others are
// done.
func slurmForgotten(t *testing.T) {
	u := newUser(t, newCluster(t, 1, 4, "MinJobAge=2"), 3, 40, true, "")
	if _, err := exec.LookPath("sacct"); err == nil {
		if _, err := u.try("sacct"); err == nil {
			t.Fatal("there is accounting")
		}
	}
	u.submit()
	u.holding(3)
	if err := syscall.Kill(u.payload(2), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	u.open()
	u.waitFor(2, time.Minute, "done")
	u.waitFor(1, time.Minute, "killed")
	u.until("an empty queue", 3*time.Minute, func() bool { return len(u.tasks()) == 0 })
	v := u.look()
	if m := v.Members[2]; v.Count("done") != 2 || m.State != "killed" || m.Progress == 0 || m.Log == "" {
		t.Errorf("status of what Slurm has forgotten: %+v", v.Members)
	}
	if text := u.submit(); !strings.Contains(text, ": 1 members in 1 tasks") {
		t.Errorf("submit says %s", text)
	}
	u.finish(time.Minute)
	if got := u.sessions(); !slices.Equal(got, []int{1, 1, 2}) {
		t.Errorf("sessions %v", got)
	}
}

// slurmSubmitter: whoever submits dies when Slurm has the second of three arrays and its number is
// not written down.
func slurmSubmitter(t *testing.T) {
	u := newUser(t, newCluster(t, 1, 2, "MaxArraySize=3"), 8, 30, false, "chunk: 1\n")
	real, err := exec.LookPath("sbatch")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	text := fmt.Sprintf("#!/bin/bash\n%s \"$@\" >'%s/out' || exit\nif [ -e '%s/once' ]; then kill -9 $PPID; fi\ntouch '%s/once'\ncat '%s/out'\n", real, bin, bin, bin, bin)
	if err := os.WriteFile(filepath.Join(bin, "sbatch"), []byte(text), 0o777); err != nil {
		t.Fatal(err)
	}
	c := u.command("sweep", "s.yaml", "-o", "s", "--engine", "slurm", "--slurm", "slurm.yaml")
	c.Env = append(append(os.Environ(), u.env...), "PATH="+bin+":"+os.Getenv("PATH"))
	if code := u.code(c.Run()); code != -1 {
		t.Fatalf("exit code %d of a submitter that was killed", code)
	}
	if u.read("s/slurm/2/submission.json") == "" || u.read("s/slurm/2/job") != "" || u.read("s/slurm/3/submission.json") != "" {
		t.Fatal("the submitter did not die where it should")
	}
	if text := u.submit(); !strings.Contains(text, ": 2 members in 2 tasks") {
		t.Errorf("submit says %s", text)
	}
	if u.read("s/slurm/2/job") == "" {
		t.Error("the number of the second array is still not known")
	}
	u.finish(2 * time.Minute)
	for _, n := range u.sessions() {
		if n != 1 {
			t.Errorf("sessions %v", u.sessions())
		}
	}
	if n := len(u.tasks()); n != 8 {
		t.Errorf("%d tasks for 8 members: %v", n, u.tasks())
	}
}

// slurmRefused: what the user can mend is told with the remedy, and is exit code 2.
func slurmRefused(t *testing.T) {
	u := newUser(t, newCluster(t, 1, 1), 2, 10, false, "")
	for _, c := range []struct{ settings, want string }{
		{"partition: none", `partition is "none"; there are test`},
		{"partition: [a]", "partition = [a]: is a list"},
		{"time: 10s", "time = 10s: allowed are minutes"},
		{"tiem: 10", "tiem = 10: unknown key; did you mean time?"},
		{"lines: [--array=1-3]", "lines.0 = --array=1-3: is set by the program itself"},
		{"lines: [--mem=3G]", "lines.0 = --mem=3G: is the setting memory here"},
		{"time: 2\nstop_before: 90s", "at most half of the time limit"},
		{"lines: [--constraint=gpu]", "Slurm refuses the job"},
	} {
		u.program.write("bad.yaml", c.settings+"\n")
		if code, _, text := u.call("sweep", "s.yaml", "-o", "s", "--engine", "slurm", "--slurm", "bad.yaml"); code != 2 || !strings.Contains(text, c.want) {
			t.Errorf("%s: exit code %d, %s", c.settings, code, text)
		}
	}
	if code, _, text := u.call("sweep", "s.yaml", "--engine", "slurm", "--slurm", "none.yaml"); code != 2 || !strings.Contains(text, "spikealign template slurm") {
		t.Errorf("no settings: exit code %d, %s", code, text)
	}
	u.program.write("slurm.yaml", "program: "+u.program.path+"\ntime: 5\nlines: [--begin=now+1hour]\n")
	u.submit()
	u.until("a reason", 30*time.Second, func() bool {
		out, _ := u.succeed("status", "s")
		return strings.Contains(out, "2 queued: BeginTime")
	})
	u.succeed("cancel", "s")
	u.kill("slurmctld")
	code, out, text := u.call("status", "s")
	if code != 0 || !strings.Contains(out, "2 pending") || !strings.Contains(text, "no answer from Slurm") {
		t.Errorf("status without an answer: exit code %d, %s%s", code, out, text)
	}
	if code, _, text := u.call("sweep", "s"); code != 1 || !strings.Contains(text, "no answer from Slurm") {
		t.Errorf("sweep without an answer: exit code %d, %s", code, text)
	}
}

// slurmReproduce: figures whose sweeps are tasks of job arrays, beside one that is computed here
// and one that fails. The command is stopped when two arrays are submitted, and goes on with them.
func slurmReproduce(t *testing.T) {
	u := newUser(t, newCluster(t, 1, 4), 0, 0, false, "chunk: 10\ntime: 5\n")
	figures := []string{"reproduce", "fig2", "fig8", "fig7", "fig12", "-o", "r", "--scale", "paper", "--data", "none"}
	on := append(figures, "--engine", "slurm", "--slurm", "slurm.yaml")
	c := u.command(on...)
	c.Env = append(os.Environ(), u.env...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	u.until("two submissions", time.Minute, func() bool {
		return u.read("r/fig2-paper/d_learning/slurm/1/job") != "" && u.read("r/fig7-paper/slurm/1/job") != ""
	})
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := u.code(c.Wait()); code != 75 || !strings.Contains(out.String(), "figures are not finished") || !strings.Contains(out.String(), "what was submitted goes on") {
		t.Errorf("exit code %d, %s", code, &out)
	}
	code, stdout, stderr := u.call(figures...) // with the engine and the settings that the folders have
	if code != 1 || !strings.Contains(stderr, "1 of 4 figures failed:\n  fig8: the data set mnist is not here") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	for _, f := range []string{"fig2", "fig7", "fig12"} {
		if !strings.Contains(stdout, f+", paper: ") {
			t.Errorf("no verdict on %s: %s", f, stdout)
		}
	}
	if text := u.read("r/fig7-paper/reproduction.json"); !strings.Contains(text, `"engines": [
        "Slurm"
      ]`) || !strings.Contains(text, `"done": 20`) {
		t.Errorf("the record of fig7: %s", text)
	}
	for _, second := range []string{"r/fig2-paper/d_learning/slurm/2", "r/fig7-paper/slurm/2"} {
		if _, err := os.Stat(u.file(second)); err == nil {
			t.Errorf("%s was submitted again", second)
		}
	}
	// The figures are those of this machine.
	u.program.must("reproduce", "-q", "fig2", "fig7", "fig12", "-o", "local", "--scale", "paper")
	for _, name := range []string{"fig2-paper/verdict.csv", "fig2-paper/d_learning/summary.csv", "fig7-paper/verdict.csv", "fig7-paper/methods.csv", "fig12-paper/delta.csv"} {
		if got, want := u.read("r", name), u.read("local", name); got != want || want == "" {
			t.Errorf("%s differs from that of a reproduction without Slurm", name)
		}
	}
}

// preempting is a Slurm whose partition high takes the place of partition low.
func preempting(t *testing.T, low string, lines ...string) *cluster {
	return newCluster(t, 1, 2, append(lines, "PreemptType=preempt/partition_prio", "PreemptMode=CANCEL",
		"PartitionName=low Nodes=NODES Default=YES PriorityTier=1 State=UP "+low, "PartitionName=high Nodes=NODES PriorityTier=10 State=UP")...)
}

// urgent submits a job that takes the whole node for a moment.
func (u *user) urgent() {
	u.program.write("urgent.sh", "#!/bin/bash\nsleep 3\n")
	u.cluster.must("sbatch", "--partition=high", "--cpus-per-task=2", "--output=/dev/null", u.file("urgent.sh"))
}

// slurmGrace: with a GraceTime tasks hear of their preemption at its end, by SIGTERM, and save
// checkpoints within KillWait.
func slurmGrace(t *testing.T) {
	const grace = 20 * time.Second
	u := newUser(t, preempting(t, "GraceTime=20"), 2, 40, true, "partition: low\n")
	u.submit()
	u.holding(2)
	begin := time.Now()
	u.urgent()
	first := u.payload(0)
	u.until("the end of a task", 2*time.Minute, func() bool { return !runs(first) })
	if after := time.Since(begin); after < grace {
		t.Errorf("a task ended %v after the beginning of the time of grace", after)
	}
	u.until("PREEMPTED", time.Minute, func() bool {
		return slices.Contains(u.tasks(), "1_0=PREEMPTED") && slices.Contains(u.tasks(), "1_1=PREEMPTED")
	})
	if text := u.read("s/slurm/1/log/0.log"); !strings.Contains(text, "interrupted") || strings.Contains(text, "Slurm's signal") {
		t.Errorf("the log says %s", text)
	}
	u.open()
	u.submit()
	u.finish(time.Minute)
	if got := u.sessions(); !slices.Equal(got, []int{2, 2}) {
		t.Errorf("sessions %v", got)
	}
}

// slurmUserSignal: with preempt_send_user_signal tasks hear of it at the beginning of the
// GraceTime, which is longer than this test, and are queued again.
func slurmUserSignal(t *testing.T) {
	u := newUser(t, preempting(t, "GraceTime=600", "SlurmctldParameters=preempt_send_user_signal"), 2, 40, true, "partition: low\n")
	u.submit()
	u.holding(2)
	u.urgent()
	u.until("second attempts", 2*time.Minute, func() bool {
		return u.attemptsIn("s/slurm/1/log/0.log") == 2 && u.attemptsIn("s/slurm/1/log/1.log") == 2
	})
	if text := u.read("s/slurm/1/log/0.log"); !strings.Contains(text, "stopped at Slurm's signal") {
		t.Errorf("the log says %s", text)
	}
	u.open()
	u.finish(time.Minute)
	if got := u.sessions(); !slices.Equal(got, []int{2, 2}) {
		t.Errorf("sessions %v", got)
	}
}

// slurmMemory: tasks that Slurm kills since they need more memory than they may have. Without
// cgroups they look like any task that is killed. A command that waits does not submit them for
// ever; with more memory the next one goes on.
func slurmMemory(t *testing.T) {
	u := newUser(t, newCluster(t, 1, 2, "JobAcctGatherType=jobacct_gather/linux", "JobAcctGatherParams=OverMemoryKill", "JobAcctGatherFrequency=1",
		"SelectTypeParameters=CR_CPU_Memory"), 2, 40, true, "memory: 1M\n")
	if code, _, text := u.call("sweep", "s.yaml", "-o", "s", "--engine", "slurm", "--slurm", "slurm.yaml", "--wait"); code != 75 || !strings.Contains(text, "nothing came further") {
		t.Errorf("exit code %d, %s", code, text)
	}
	if m := u.look().Members[0]; !strings.Contains(m.Note, "ended as FAILED, signal 9") {
		t.Errorf("status %+v", m)
	}
	u.program.write("more.yaml", "program: "+u.program.path+"\nlease: 20s\nmemory: 400M\n")
	u.open()
	u.succeed("sweep", "s", "--slurm", "more.yaml")
	u.finish(2 * time.Minute)
}

// slurmHeld: the status says how a job goes on that is held.
func slurmHeld(t *testing.T) {
	u := newUser(t, newCluster(t, 1, 2), 2, 10, false, "lines: [--hold]\n")
	u.submit()
	u.until("a remedy", time.Minute, func() bool {
		out, _ := u.succeed("status", "s")
		return strings.Contains(out, "JobHeldUser: it is held: scontrol release 1_0\n")
	})
	u.cluster.must("scontrol", "release", "1_0")
	u.waitFor(1, time.Minute, "done")
	u.cluster.must("scontrol", "release", "1_1")
	u.finish(time.Minute)
}

// slurmNoRequeue: on nodes without scontrol, tasks that stop before the time limit end with exit
// code 75, and the next submission goes on with them.
func slurmNoRequeue(t *testing.T) {
	u := newUser(t, newCluster(t, 1, 2), 2, 40, true, "time: 1\nstop_before: 10s\nprologue: PATH=/none\n")
	u.submit()
	u.holding(2)
	u.until("the ends of tasks", 3*time.Minute, func() bool {
		return slices.Contains(u.tasks(), "1_0=FAILED") && slices.Contains(u.tasks(), "1_1=FAILED")
	})
	if v := u.look(); v.Count("interrupted") != 2 || !strings.Contains(v.Members[0].Note, "exit code 75") {
		t.Errorf("status %+v", v.Members)
	}
	if text := u.read("s/slurm/1/log/0.log"); !strings.Contains(text, "could not be queued again") {
		t.Errorf("the log says %s", text)
	}
	u.open()
	u.submit()
	u.finish(time.Minute)
	if got := u.sessions(); !slices.Equal(got, []int{2, 2}) {
		t.Errorf("sessions %v", got)
	}
}

// slurmController: slurmctld is killed right after a submission, so that it may have forgotten the
// job when it comes back. Nothing is lost by the same command again.
func slurmController(t *testing.T) {
	u := newUser(t, newCluster(t, 1, 2), 4, 20, false, "chunk: 2\n")
	u.submit()
	u.kill("slurmctld")
	u.control()
	u.until("an answer", time.Minute, func() bool { _, err := u.try("squeue"); return err == nil })
	t.Logf("tasks that slurmctld knows: %v", u.tasks())
	u.submit()
	u.finish(2 * time.Minute)
}
