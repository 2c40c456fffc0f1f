//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestKilledRunsEndTheSame kills a real run with SIGKILL again and again, at places that the clock
// chooses, and resumes it; finishes one of its checkpoints a second time from a copy; and runs with
// other numbers of processors. The results have the same bytes each time. Where the kills fall
// differs from machine to machine; the outcome must not.
func TestKilledRunsEndTheSame(t *testing.T) {
	for kind, file := range map[string]string{
		"sampling": `
kind: sampling
checkpoint: {every: 1s}
record: {spikes: true}
network: {visible: 5, tau_ref: 20}
initial: {noise: 0.5}
training: {epochs: 1500, epoch_length: 1000, report_every: 100, report_factor: 20}
plasticity: {noise: 0.02}
`,
		"align": `
kind: align
checkpoint: {every: 1s}
record: {spikes: true}
layers: [40, 60, 30]
sal: {replicas: 2}
training: {epochs: 60}
snapshots: true
`,
	} {
		t.Run(kind, func(t *testing.T) { killAgainAndAgain(t, file) })
	}
}

func killAgainAndAgain(t *testing.T, text string) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "spikealign") // testscript.Main runs the command of this name
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "run.yaml")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	start := func(procs string, args ...string) *exec.Cmd {
		c := exec.Command(program, args...)
		c.Env = append(os.Environ(), "GOMAXPROCS="+procs)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	results := func(folder string) []byte {
		var all []byte
		for _, name := range []string{"metrics.csv", "arrays.npz", "spikes.npz"} {
			b, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b...)
		}
		return all
	}

	whole := filepath.Join(dir, "whole")
	began := time.Now()
	if err := start("1", "run", "-q", file, "-o", whole).Wait(); err != nil {
		t.Fatal(err)
	}
	length := time.Since(began)
	want := results(whole)
	for _, procs := range []string{"2", "7"} {
		folder := filepath.Join(dir, "procs"+procs)
		if err := start(procs, "run", "-q", file, "-o", folder).Wait(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(results(folder), want) {
			t.Errorf("GOMAXPROCS=%s: other results", procs)
		}
	}

	killed := filepath.Join(dir, "killed")
	args := []string{"run", "-q", file, "-o", killed}
	kills, copied := 0, ""
	for pause := length / 20; ; pause += length / 7 {
		c := start("2", args...)
		done := make(chan error, 1)
		go func() { done <- c.Wait() }()
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("after %d kills: %v", kills, err)
			}
		case <-time.After(pause):
			c.Process.Kill()
			<-done
			kills++
			if _, err := os.Stat(filepath.Join(killed, "experiment.yaml")); err == nil {
				args = []string{"resume", "-q", killed}
			}
			if _, err := os.Stat(filepath.Join(killed, "checkpoint")); err == nil && copied == "" {
				copied = filepath.Join(dir, "copied")
				if err := os.CopyFS(copied, os.DirFS(killed)); err != nil {
					t.Fatal(err)
				}
			}
			continue
		}
		break
	}
	if !bytes.Equal(results(killed), want) {
		t.Errorf("killed %d times: other results", kills)
	}
	if copied != "" {
		if err := start("2", "resume", "-q", copied).Wait(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(results(copied), want) {
			t.Error("resumed a second time from one checkpoint: other results")
		}
	}
	t.Logf("%d kills of a run of %v; resumed twice from one checkpoint: %v", kills, length, copied != "")
}
