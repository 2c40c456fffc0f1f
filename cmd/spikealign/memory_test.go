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
		c := p.command(args...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- c.Wait() }()
		megabytes := int64(0)
		for {
			select {
			case err := <-done:
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%s: %d MB", dir, megabytes)
				return megabytes
			case <-time.After(3 * time.Millisecond):
				megabytes = max(megabytes, highWater(c.Process.Pid)/1024)
			}
		}
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
