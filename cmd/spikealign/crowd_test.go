//go:build linux && !race

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"spikealign/experiment"
	"spikealign/internal/testenv"
)

// newBench makes the place of trials.
func newBench(t *testing.T) *bench {
	t.Helper()
	dir := memory(t)
	b := &bench{t: t, p: newProgram(t), in: filepath.Join(dir, "in"), w: filepath.Join(dir, "w")}
	if err := os.Mkdir(b.in, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, text := range trialFiles {
		b.p.write(filepath.Join(b.in, name), text)
	}
	return b
}

// slowly is a command whose runs of the kind fake take two milliseconds for each of their 40 steps.
func (b *bench) slowly(args []string) (c *exec.Cmd, said *bytes.Buffer) {
	c, said = b.p.command(args...), &bytes.Buffer{}
	c.Env = append(os.Environ(), "FAKE_SLEEP=2ms", "GOMAXPROCS=2")
	c.Stderr = said
	return c, said
}

// TestKilledAtRandom kills a run and a sweep with SIGKILL at random moments, up to four times in a
// row, with a stop and its checkpoint before every second of these. The moments are drawn by a
// fixed seed, and what they hit depends on the machine; what comes out in the end must not.
func TestKilledAtRandom(t *testing.T) {
	b := newBench(t)
	most := 10
	if testenv.Long() {
		most = 100
	}
	random := rand.New(rand.NewPCG(1, 1))
	for _, c := range trials {
		if c.name != "run" && c.name != "sweep" {
			continue
		}
		b.trial = c
		b.begin()
		first, _ := b.slowly(b.args(c.command))
		began := time.Now()
		b.reset()
		if err := first.Run(); err != nil {
			t.Fatal(err)
		}
		length := time.Since(began)
		kills, stops, folders := 0, 0, 0
		for ; kills < most/2; folders++ {
			b.reset()
			code, stderr := -1, ""
			for turn := 0; turn < 8 && code != exitDone; turn++ {
				args := b.args(c.command)
				if dir := filepath.Join(b.w, c.name); experiment.IsRun(dir) {
					args = b.args(c.settled)
				}
				s := syscall.SIGKILL
				if turn%4 == 2 {
					s = syscall.SIGINT
				}
				cmd, said := b.slowly(args)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				pause := time.Duration(random.Float64() * float64(length))
				timer := time.AfterFunc(pause, func() { _ = cmd.Process.Signal(s) })
				code = b.p.code(cmd.Wait())
				timer.Stop()
				stderr = said.String()
				when := fmt.Sprintf("%s: %v after %v, session %d in folder %d", c.name, s, pause, turn+1, folders+1)
				switch {
				case code < 0:
					kills++
				case code == exitStopped:
					stops++
				case code != exitDone:
					t.Fatalf("%s: exit code %d, %s", when, code, stderr)
				}
				b.looks(when, fault{}, code)
			}
			b.goesOn(fmt.Sprintf("%s, folder %d", c.name, folders+1), code, stderr)
		}
		t.Logf("%s of %v: %d kills and %d stops in %d folders", c.name, length, kills, stops, folders)
	}
}

// TestTwoAtOnce starts two commands on one folder: one of them does the work, or each a part of it,
// and who is refused says why.
func TestTwoAtOnce(t *testing.T) {
	b := newBench(t)
	random := rand.New(rand.NewPCG(2, 1))
	rounds := 3
	if testenv.Long() {
		rounds = 20
	}
	const (
		onRun   = "run -q IN/run.yaml -o W/run"
		resume  = "resume -q W/run"
		onSweep = "sweep -q IN/sweep.yaml -o W/sweep -j 2"
	)
	for _, c := range []struct {
		trial    string // with what is there before, and comes out
		commands [2]string
	}{
		{"run", [2]string{onRun, onRun}},
		{"run", [2]string{onRun, resume}},
		{"resume", [2]string{resume, resume}},
		{"run --force", [2]string{"run -q IN/other.yaml -o W/run --force", "run -q IN/other.yaml -o W/run --force"}},
		{"more epochs", [2]string{"resume -q W/run --epochs 6", "resume -q W/run --epochs 6"}},
		{"sweep", [2]string{onSweep, onSweep}},
		{"sweep", [2]string{onSweep, "resume -q W/sweep"}},
		{"sweep", [2]string{onSweep, "resume -q W/sweep/members/drift-0.2"}},
	} {
		for _, tr := range trials {
			if tr.name == c.trial {
				b.trial = tr
			}
		}
		b.begin()
		codes := map[string]int{}
		for range rounds {
			b.reset()
			var cmds [2]*exec.Cmd
			var said [2]*bytes.Buffer
			for k, command := range c.commands {
				cmds[k], said[k] = b.slowly(b.args(command))
				if err := cmds[k].Start(); err != nil {
					t.Fatal(err)
				}
				if k == 0 {
					time.Sleep(time.Duration(random.IntN(60)) * time.Millisecond)
				}
			}
			var got [2]int
			for k, cmd := range cmds {
				got[k] = b.p.code(cmd.Wait())
			}
			codes[fmt.Sprint(got[0], " and ", got[1])]++
			for k, code := range got {
				// A sweep that meets a member which another process works on reports it as failed.
				if text := said[k].String(); code != exitDone && code != exitUsage && !(code == exitFailed && strings.Contains(text, "is in use by process")) || code != exitDone && text == "" {
					t.Errorf("%v: exit code %d, %s", c.commands, code, text)
				}
			}
			b.goesOn(fmt.Sprintf("%v together", c.commands), got[0], said[0].String())
		}
		t.Logf("%s; %s: exit codes %v", c.commands[0], c.commands[1], codes)
	}
}

// TestFolderVanishes: a run or a sweep whose folder is removed, moved or replaced by that of
// another one while it is under way says so, and writes nothing into what stands there now.
func TestFolderVanishes(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct{ command, other, members, remedy string }{
		{"run", "run -q IN/other.yaml -o W/run", "", "spikealign resume FOLDER; else run the experiment again"},
		{"sweep", "sweep -q IN/changed.yaml -o W/sweep", "members/drift-0.1 members/drift-0.2 members/drift-0.3", "spikealign resume FOLDER; else run the sweep again"},
	} {
		dir, open := filepath.Join(b.w, c.command), filepath.Join(b.in, "open")
		runs := []string{dir}
		for k, m := range strings.Fields(c.members) {
			runs = append(runs[:k], filepath.Join(dir, m))
		}
		own := b.args(fmt.Sprintf("%s -q IN/%[1]s.yaml -o W/%[1]s", c.command))
		remove := func() (err error) { // files may still be made there
			for range 100 {
				if err = os.RemoveAll(dir); err == nil {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			return err
		}
		for what, vanish := range map[string]func() error{
			"removed": remove,
			"moved":   func() error { return os.Rename(dir, dir+".moved") },
			"replaced": func() error {
				if err := remove(); err != nil {
					return err
				}
				b.p.must(b.args(c.other)...)
				return nil
			},
		} {
			what = c.command + " " + what
			b.base = nil
			b.reset()
			args := own
			if len(runs) > 1 {
				args = append(slices.Clip(own), "-j", "2")
			}
			cmd := b.p.command(args...)
			cmd.Env = append(os.Environ(), "FAKE_SLEEP=1ms", "FAKE_HOLD=20,"+open)
			var said bytes.Buffer
			cmd.Stderr = &said
			b.p.started(cmd, runs[0])
			if len(runs) > 1 { // the third begins when one of two has ended
				b.p.running(cmd, runs[1])
			}
			if err := vanish(); err != nil {
				t.Fatal(err)
			}
			before := b.read()
			b.p.write(open, "")
			code := b.p.code(cmd.Wait())
			if err := os.Remove(open); err != nil {
				t.Fatal(err)
			}
			if text := said.String(); code != exitFailed || !strings.Contains(text, fmt.Sprintf("%s was removed or moved while the %s was under way; if it is elsewhere now, go on there: %s", dir, c.command, c.remedy)) {
				t.Errorf("%s: exit code %d, %s", what, code, text)
			}
			after := b.read()
			if what != c.command+" moved" { // there the files that are open grow on
				for name, text := range before {
					if after[name] != text {
						t.Errorf("%s: %s was written", what, name)
					}
				}
				if len(after) != len(before) {
					t.Errorf("%s: %d files became %d", what, len(before), len(after))
				}
				continue
			}
			b.p.must("resume", "-q", dir+".moved")
			b.p.must(own...)
			for _, run := range runs {
				b.p.same(strings.Replace(run, dir, dir+".moved", 1), run, what)
			}
		}
	}
}
