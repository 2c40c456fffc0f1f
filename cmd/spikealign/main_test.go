//go:build unix

package main

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"spikealign/catalog"
	"spikealign/experiment/experimenttest"
	"spikealign/internal/tiny"
)

// testKinds is what the release knows and the kind "fake", which can be made to send its own
// process a signal: FAKE_SIGNAL=INT,25 before step 25; or as steps says.
func testKinds() catalog.Entries {
	fake := experimenttest.Kind{Step: steps()}
	if name, at, ok := strings.Cut(os.Getenv("FAKE_SIGNAL"), ","); ok {
		step, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			panic(err)
		}
		signal := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}[name]
		sent := false
		fake.Step = func(_ context.Context, n int64) bool {
			if n == step && !sent {
				sent = true
				syscall.Kill(os.Getpid(), signal)
			}
			return n == step // until the signal has arrived
		}
	}
	return append(catalog.All(),
		catalog.Entry{Kind: fake},
		catalog.Entry{Kind: tiny.Kind{}, Drawer: tiny.Drawer()},
	)
}

// steps makes runs of the kind "fake" take FAKE_SLEEP=100ms for each step; wait before step 20 for
// a file, FAKE_HOLD=20,FILE; and hear nothing any more from step 40 on in one task of a job array,
// FAKE_DEAF=40,1_1. It is nil if they are as always.
func steps() func(context.Context, int64) bool {
	number := func(name string) (n int64, rest string) {
		at, rest, ok := strings.Cut(os.Getenv(name), ",")
		if n, err := strconv.ParseInt(at, 10, 64); ok && err == nil {
			return n, rest
		}
		return -1, ""
	}
	pause, err := time.ParseDuration(os.Getenv("FAKE_SLEEP"))
	hold, file := number("FAKE_HOLD")
	deaf, task := number("FAKE_DEAF")
	if err != nil {
		return nil
	}
	if task != os.Getenv("SLURM_ARRAY_JOB_ID")+"_"+os.Getenv("SLURM_ARRAY_TASK_ID") {
		deaf = -1
	}
	return func(ctx context.Context, n int64) bool {
		if n == deaf {
			select {}
		}
		for first := true; ; first = false {
			_, err := os.Stat(file)
			if !first && (n != hold || err == nil) {
				return false
			}
			select {
			case <-ctx.Done():
				return true
			case <-time.After(pause):
			}
		}
	}
}

// breakFiles lets operations on files fail, where there are tests of that.
var breakFiles = func() {}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"spikealign": func() { breakFiles(); os.Exit(process(testKinds())) }})
}

// TestScripts runs the command line on the scenarios of testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true, Cmds: map[string]func(*testscript.TestScript, bool, []string){
		"exits": exits,
	}})
}

// exits runs a program and compares its exit code: exits CODE PROGRAM ARGS...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if e, ok := err.(interface{ ExitCode() int }); ok {
		code = e.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// Every command shows an example.
func TestHelp(t *testing.T) {
	for _, c := range []string{"run", "resume", "sweep", "status", "cancel", "retry", "sweep-task", "reproduce", "stdd", "sample", "plot", "convert", "analyze", "list", "dataset", "template", "examples", "version", "help"} {
		var stdout, stderr bytes.Buffer
		if code := run(context.Background(), &stdout, &stderr, []string{c, "--help"}, nil); code != 0 || stderr.Len() > 0 ||
			!strings.Contains(stdout.String(), "Example") || !strings.Contains(stdout.String(), "  spikealign "+c) {
			t.Errorf("%s --help: exit code %d, %s%s", c, code, stdout.String(), stderr.String())
		}
	}
}
