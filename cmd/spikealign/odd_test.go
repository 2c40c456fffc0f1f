//go:build linux && !race

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"spikealign/internal/testenv"
)

// TestOddFiles: where a pipe, a folder, or a file in the place of a folder stands under the name of
// a result, no command waits for it, and each either does without it or names it, or its folder and
// what to do.
func TestOddFiles(t *testing.T) {
	p := newProgram(t)
	dir := memory(t)
	for name, text := range trialFiles {
		p.write(filepath.Join(dir, name), text)
	}
	base, w := filepath.Join(dir, "base"), filepath.Join(dir, "w")
	p.must("run", "-q", filepath.Join(dir, "run.yaml"), "-o", filepath.Join(base, "run"))
	if code, _, stderr := p.run("run", "-q", filepath.Join(dir, "run.yaml"), "-o", filepath.Join(base, "stopped"), "--time-limit", "1ns"); code != exitStopped {
		t.Fatal(stderr)
	}
	p.must("run", "-q", filepath.Join(dir, "images.yaml"), "-o", filepath.Join(base, "sampling"))
	p.must("sweep", "-q", filepath.Join(dir, "sweep.yaml"), "-o", filepath.Join(base, "sweep"))
	run := []string{"run.json", "experiment.yaml", "metrics.csv", "layers.csv", "arrays.npz", "spikes.npz", "inputs.npz", "checkpoint", "partial", "partial/spikes.time", ".lock", "figures"}
	members := []string{"sweep.yaml", "members.csv", "summary.csv", "inputs.npz", "members", "members/drift-0.2", ".lock", ".attempts", "slurm", "figures"}
	for _, name := range run[:8] {
		members = append(members, "members/drift-0.2/"+name)
	}
	cases, turn := 0, 0
	try := func(folder, file, what, command string, put func(path string) error) {
		if turn++; turn%5 != 0 && !testenv.Long() {
			return
		}
		path := filepath.Join(w, folder, file)
		if err := errors.Join(os.RemoveAll(w), os.Mkdir(w, 0o777), os.CopyFS(filepath.Join(w, folder), os.DirFS(filepath.Join(base, folder)))); err != nil {
			t.Fatal(err)
		}
		st, err := os.Stat(path)
		if isFolder := err == nil && st.IsDir(); what == "a folder" && isFolder || what == "a file" && !isFolder {
			return // as it should be, or damaged, which is another matter
		}
		if err := errors.Join(os.RemoveAll(path), os.MkdirAll(filepath.Dir(path), 0o777), put(path)); err != nil {
			t.Fatal(err)
		}
		cases++
		c := p.command(strings.Fields(strings.NewReplacer("IN/", dir+"/", "W/", w+"/").Replace(command))...)
		var said strings.Builder
		c.Stdout, c.Stderr = &said, &said
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		stop := context.AfterFunc(ctx, func() { _ = c.Process.Kill() })
		code := p.code(c.Wait())
		stop()
		switch text := said.String(); {
		case code < 0:
			t.Errorf("%s with %s as %s: it waits", command, what, file)
		case code != exitDone && !strings.Contains(text, path) && !(strings.Contains(text, filepath.Dir(path)) && strings.Contains(text, "move it away")) || code > exitUsage || strings.Contains(text, "a fault of the program"):
			t.Errorf("%s with %s as %s: exit code %d, %s", command, what, file, code, text)
		}
	}
	for _, c := range []struct {
		folder   string
		files    []string
		commands []string
	}{
		{"run", run, []string{"resume -q W/run", "resume -q W/run --epochs 6", "plot W/run", "list W/", "analyze -q W/run --tau 5", "run -q IN/run.yaml -o W/run --force"}},
		{"stopped", run, []string{"resume -q W/stopped", "resume -q W/stopped --epochs 6"}},
		{"sampling", []string{"run.json", "experiment.yaml", "metrics.csv", "arrays.npz", "checkpoint"}, []string{"sample -q W/sampling --duration 50 --settle 1 -o W/sample",
			"run -q IN/images.yaml -o W/new --set initial.from=W/sampling", "run -q IN/images.yaml -o W/new --set initial.from=W/sampling#0"}},
		{"sweep", members, []string{"sweep -q W/sweep", "sweep -q IN/sweep.yaml -o W/sweep", "sweep -q IN/changed.yaml -o W/sweep --force", "status W/sweep",
			"list W/", "list W/ --members", "plot W/sweep", "retry -q W/sweep", "cancel W/sweep"}},
	} {
		for _, file := range c.files {
			for _, command := range c.commands {
				try(c.folder, file, "a pipe", command, func(path string) error { return syscall.Mkfifo(path, 0o666) })
				try(c.folder, file, "a folder", command, func(path string) error { return os.Mkdir(path, 0o777) })
				try(c.folder, file, "a file", command, func(path string) error { return os.WriteFile(path, []byte("mine"), 0o666) })
			}
		}
	}
	t.Logf("%d cases", cases)
}
