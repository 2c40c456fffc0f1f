//go:build linux && !race

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spikealign/internal/testenv"
)

// highWater returns the largest memory that a process has had so far, in kilobytes; 0 once it has
// ended. (The rusage of a child would begin with the memory of its parent.)
func highWater(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	var kilobytes int64
	for line := range strings.Lines(string(text)) {
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kilobytes); err == nil {
			break
		}
	}
	return kilobytes
}

// peak runs what has to succeed and returns the largest memory that it had, in kilobytes.
func (p program) peak(args ...string) (kilobytes int64) {
	p.t.Helper()
	c := p.command(args...)
	if err := c.Start(); err != nil {
		p.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	for {
		select {
		case err := <-done:
			if err != nil {
				p.t.Fatal(err)
			}
			return kilobytes
		case <-time.After(3 * time.Millisecond):
			kilobytes = max(kilobytes, highWater(c.Process.Pid))
		}
	}
}

// live runs what has to succeed and returns the most memory, in kilobytes, that was in use at the
// begin of a collection of garbage. Unlike the memory of the process this hardly depends on when
// the collector comes and how long it takes: with GOGC=10 it comes whenever a tenth was added.
func (p program) live(args ...string) (kilobytes int64) {
	p.t.Helper()
	c := p.command(args...)
	c.Env = append(c.Environ(), "GOGC=10", "GODEBUG=gctrace=1")
	var trace strings.Builder
	c.Stderr = &trace
	if err := c.Run(); err != nil {
		p.t.Fatalf("%v: %s", err, trace.String())
	}
	collections := 0
	for line := range strings.Lines(trace.String()) {
		// gc 7 @0.021s 3%: 0.1+2.3+0.1 ms clock, ... ms cpu, 4->5->3 MB, 8 MB goal, ...
		// Of the 5 MB at the end 3 are in use, with all of the 5 - 4 that were added meanwhile.
		if !strings.HasPrefix(line, "gc ") {
			continue
		}
		var begin, end, used int64
		_, rest, _ := strings.Cut(line, " ms cpu, ")
		if n, _ := fmt.Sscanf(rest, "%d->%d->%d MB", &begin, &end, &used); n != 3 {
			p.t.Fatalf("cannot read what the collector tells: %s", line)
		}
		kilobytes = max(kilobytes, (used-(end-begin))*1024)
		collections++
	}
	if collections < 20 {
		p.t.Fatalf("only %d collections were told", collections)
	}
	return kilobytes
}

// TestMemoryOfSweeps holds the memory that each member of a sweep takes in the process that runs
// all of them, and in one that finds them finished. A member's name and values are .2 kB, what
// run.json says of it, but for what all members say alike, 1.4 kB, and tables and queue take as
// much again for a moment.
func TestMemoryOfSweeps(t *testing.T) {
	testenv.NeedsLong(t)
	p := newProgram(t)
	p.dir = memory(t)
	const few, many, bar = 400, 2400, 4
	took := func(n int) (first, again int64) {
		p.write("sweep.yaml", fmt.Sprintf(`kind: sweep
experiment: {kind: sampling, network: {visible: 2}, training: {epochs: 11, epoch_length: 100, report_every: 10, report_factor: 10}}
grid:
  - {path: seed, values: {from: 1, to: %d, steps: %d, whole: true}}
`, n, n))
		dir := fmt.Sprint(n)
		return p.live("sweep", "-q", "sweep.yaml", "-o", dir), p.live("sweep", "-q", dir)
	}
	first, again := took(few)
	firstOfMany, againOfMany := took(many)
	for what, each := range map[string]float64{"run": float64(firstOfMany-first) / (many - few), "gone on with": float64(againOfMany-again) / (many - few)} {
		t.Logf("%s: %.1f kB for each member", what, each)
		if each > bar {
			t.Errorf("%s: %.1f kB for each member, more than %d", what, each, bar)
		}
	}
}

// TestMemory runs figure 5 with reports of full length (3.3 million spikes each) and every spike
// recorded, and holds the largest memory of the process, figures drawn at the end included, to 100
// MB, however long the run: ten times as many epochs must not need more than a few megabytes
// beside.
func TestMemory(t *testing.T) {
	p := newProgram(t)
	file, err := filepath.Abs("../../experiments/figure5.yaml")
	if err != nil {
		t.Fatal(err)
	}
	peak := func(dir string, set ...string) int64 {
		t.Helper()
		args := []string{"run", "-q", file, "-o", dir, "--set", "record.spikes=true"}
		for _, s := range set {
			args = append(args, "--set", s)
		}
		megabytes := p.peak(args...) / 1024
		t.Logf("%s: %d MB", dir, megabytes)
		return megabytes
	}
	const bar = 100
	one := peak("one-report", "training.epochs=1")
	if one > bar {
		t.Errorf("%d MB, more than %d", one, bar)
	}
	if !testenv.Long() {
		return
	}
	ten := peak("ten-reports", "training.epochs=1801", "training.report_every=200")
	if ten > bar || ten > one+15 {
		t.Errorf("%d MB for ten reports, %d for one", ten, one)
	}
}
