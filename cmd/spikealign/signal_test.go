//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	shortFile = `
kind: sampling
record: {spikes: true}
network: {visible: 3, tau_ref: 10}
training: {epochs: 40, epoch_length: 20, report_every: 4, report_factor: 10}
`
	endlessFile = `
kind: sampling
network: {visible: 3, tau_ref: 10}
training: {epochs: 1e9, epoch_length: 100, report_every: 1000, report_factor: 10}
`
)

// started starts a command and waits until the run in dir has begun.
func (p program) started(c *exec.Cmd, dir string) {
	p.t.Helper()
	if err := c.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.running(c, dir)
}

// running waits until the run in dir, of a command that was started, is under way.
func (p program) running(c *exec.Cmd, dir string) {
	p.t.Helper()
	for range 1000 {
		if strings.Contains(p.read(dir, "run.json"), `"status": "running"`) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	_ = c.Process.Kill()
	p.t.Fatal("the run did not begin")
}

// TestSignals: one signal stops a run with a checkpoint and exit code 75. A second one may come at
// any time, also while the checkpoint is written: the run can be resumed in any case.
func TestSignals(t *testing.T) {
	// Where the tests themselves run under nohup the program would inherit that SIGHUP is ignored.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	defer signal.Reset(syscall.SIGHUP)
	p := newProgram(t)
	p.write("endless.yaml", endlessFile)
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		dir := s.String()
		c := p.command("run", "-q", "endless.yaml", "-o", dir)
		var stdout, stderr bytes.Buffer
		c.Stdout, c.Stderr = &stdout, &stderr
		p.started(c, dir)
		if err := c.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		want := "spikealign: interrupted; go on with: spikealign resume " + dir + "\n"
		if code := p.code(c.Wait()); code != 75 || stdout.Len() > 0 || stderr.String() != want {
			t.Errorf("%v: exit code %d, %s%s", s, code, &stdout, &stderr)
		}
		if !strings.Contains(p.read(dir, "run.json"), `"status": "interrupted"`) || p.read(dir, "checkpoint") == "" {
			t.Errorf("%v: no checkpoint, or %s", s, p.read(dir, "run.json"))
		}
	}
	for k := range 5 {
		dir := "twice" + string(rune('0'+k))
		c := p.command("run", "-q", "endless.yaml", "-o", dir)
		p.started(c, dir)
		for range 2 {
			_ = c.Process.Signal(syscall.SIGINT) // the second one may come too late
			time.Sleep(time.Duration(k) * time.Millisecond)
		}
		if code := p.code(c.Wait()); code != 75 && code != 128+int(syscall.SIGINT) {
			t.Errorf("two signals: exit code %d", code)
		}
		if code, _, stderr := p.run("resume", "-q", dir, "--time-limit", "1ns"); code != 75 {
			t.Errorf("resumed after two signals: exit code %d, %s", code, stderr)
		}
	}
}

// TestOutputs: whatever becomes of standard output and standard error, what was computed is whole
// or can be resumed to the same bytes.
func TestOutputs(t *testing.T) {
	p := newProgram(t)
	p.write("run.yaml", shortFile)
	p.must("run", "-q", "run.yaml", "-o", "whole")

	shell := func(redirection, dir string) (code int, stderr string) {
		c := exec.Command("sh", "-c", `"$0" "$@" `+redirection, p.path, "run", "-q", "run.yaml", "-o", dir)
		c.Dir = p.dir
		var e bytes.Buffer
		c.Stderr = &e
		return p.code(c.Run()), e.String()
	}
	if code, stderr := shell(">&-", "closed"); code != 0 || stderr != "" {
		t.Errorf("closed standard output: exit code %d, %s", code, stderr)
	}
	p.same("closed", "whole", "closed standard output")
	if code, _ := shell("2>&-", "silent"); code != 0 {
		t.Errorf("closed standard error: exit code %d", code)
	}
	p.same("silent", "whole", "closed standard error")
	if _, err := os.Stat("/dev/full"); err == nil {
		if code, stderr := shell(">/dev/full", "full"); code != 1 || stderr != "spikealign: write /dev/stdout: no space left on device\n" {
			t.Errorf("full standard output: exit code %d, %s", code, stderr)
		}
		p.same("full", "whole", "full standard output")
	}

	// A reader that goes away (| head) ends the program when it writes next, as Unix has it: after
	// the run if it reads the result, within the run if it reads the progress.
	for _, dir := range []string{"result", "progress"} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		c := p.command("run", "--progress", "1ns", "run.yaml", "-o", dir)
		if dir == "result" {
			c.Stdout = w
		} else {
			c.Stderr = w
		}
		r.Close()
		_ = c.Run()
		w.Close()
		if dir == "progress" {
			if code, _, stderr := p.run("resume", "-q", dir); code != 0 {
				t.Errorf("resumed: exit code %d, %s", code, stderr)
			}
		}
		p.same(dir, "whole", "without a reader of its "+dir)
	}
}

// TestJSON: with --json, standard output is one JSON value and nothing else, whatever is to be
// warned of.
func TestJSON(t *testing.T) {
	p := newProgram(t)
	p.write("run.yaml", shortFile)
	code, stdout, stderr := p.run("run", "--json", "run.yaml", "-o", "large", "--set", "network.visible=21", "--set", "target.teacher_length=10")
	var result struct {
		Dir      string
		Status   string
		Spikes   int64
		Warnings []string
		Latest   []struct {
			Name  string
			Value *float64
		}
	}
	if err := json.Unmarshal([]byte(stdout), &result); code != 0 || err != nil {
		t.Fatalf("exit code %d, %v: %s%s", code, err, stdout, stderr)
	}
	if result.Dir != "large" || result.Status != "done" || result.Spikes == 0 || len(result.Warnings) != 2 || strings.Count(stderr, "warning: ") != 2 {
		t.Errorf("%+v, %s", result, stderr)
	}
	for _, c := range result.Latest {
		// NaN is null in JSON
		if (c.Value == nil) != (c.Name == "dkl" || c.Name == "dkl_floor" || c.Name == "n_eff") {
			t.Errorf("%s is %v", c.Name, c.Value)
		}
	}
	if code, stdout, _ := p.run("run", "--json", "-q", "run.yaml", "-o", "stopped", "--time-limit", "1ns"); code != 75 || stdout != "" {
		t.Errorf("a run that stops: exit code %d, %s", code, stdout)
	}
	if code, stdout, _ = p.run("list", "--json", "."); code != 0 || json.Unmarshal([]byte(stdout), new([]any)) != nil {
		t.Errorf("list: exit code %d, %s", code, stdout)
	}
}
