package slurm

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"spikealign/experiment"
	"spikealign/experiment/experimenttest"
	"spikealign/internal/durable"
	"spikealign/internal/testenv"
	"spikealign/sweep"
)

// TestFaults lets the first, the second, the third ... operation on files of a submission fail:
// once, for good as where the process is killed, and by half a write. Submitted again, every member
// is in the queue once, and the tasks bring the results of a sweep in one process.
func TestFaults(t *testing.T) {
	queue := filepath.Join(t.TempDir(), "queue")
	fake(t, map[string]string{
		"scontrol": "echo 'MaxArraySize = 3'",
		"squeue":   "[ ! -e " + queue + " ] || /bin/cat " + queue,
		// The number of a job is that of its first line in the queue.
		"sbatch": `name=$(/bin/sed -n 's/^#SBATCH --job-name=//p' "$2"); last=$(/bin/sed -n 's/^#SBATCH --array=0-//p' "$2"); id=$(($(/bin/cat ` + queue + ` 2>/dev/null | /usr/bin/wc -l) + 1)); k=0
while [ $k -le $last ]; do echo "$name|$id|$k|PENDING|0||Priority|"; k=$((k + 1)); done >>` + queue + "\necho $id",
	})
	kinds := experiment.Kinds{experimenttest.Kind{}}
	s, err := sweep.Parse(kinds, "small.yaml", []byte("kind: sweep\nexperiment: {kind: fake, reports: 2, matrix: [[1, 2], [3, 4]]}\ngrid:\n  - {path: drift, values: [0.1, 0.2, 0.3, 0.4, 0.5]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(t.TempDir(), "slurm.yaml")
	if err := os.WriteFile(settings, []byte("chunk: 1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	local := t.TempDir()
	if _, err := sweep.Run(t.Context(), s, sweep.Options{Dir: local}); err != nil {
		t.Fatal(err)
	}
	submit := func(dir string) error {
		_, err := sweep.Run(t.Context(), s, sweep.Options{Dir: dir, Engine: &Engine{Kinds: kinds, Settings: settings}})
		return err
	}
	cases, step := 0, int64(9)
	if testenv.Long() {
		step = 1
	}
	for _, f := range []struct {
		name          string
		code          syscall.Errno
		writes, lasts bool
	}{{name: "error", code: syscall.EIO}, {name: "killed", code: syscall.EIO, lasts: true}, {name: "short", code: syscall.ENOSPC, writes: true}} {
		for n := int64(1); ; n += step {
			when := fmt.Sprintf("%s at operation %d", f.name, n)
			dir := filepath.Join(t.TempDir(), "s")
			if err := os.Remove(queue); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			var count atomic.Int64
			var hit atomic.Pointer[string]
			durable.Fault = func(_, path string, half func()) error {
				if f.writes && half == nil {
					return nil
				}
				if k := count.Add(1); k < n || k > n && !f.lasts {
					return nil
				}
				if f.writes {
					half()
				}
				hit.CompareAndSwap(nil, &path)
				return f.code
			}
			err := submit(dir)
			durable.Fault = nil
			if hit.Load() == nil {
				break
			}
			cases++
			when += " (" + *hit.Load() + ")"
			if err != nil && (!strings.Contains(err.Error(), f.code.Error()) || !strings.Contains(err.Error(), dir)) {
				t.Errorf("%s: neither folder nor error are named: %v", when, err)
			}
			// Nobody works on the tasks in between, and what was not submitted is.
			if err := submit(dir); err != nil {
				t.Fatalf("%s: submitted again: %v", when, err)
			}
			once(t, when, s, dir, queue)
			work(t, when, s, kinds, dir, local)
		}
	}
	t.Logf("%d cases", cases)
}

// once checks that every member of a sweep is in one task of the queue.
func once(t *testing.T, when string, s *sweep.Sweep, dir, queue string) {
	t.Helper()
	text, err := os.ReadFile(queue)
	if err != nil {
		t.Fatal(err)
	}
	all, err := submissions(dir)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	times := map[string]int{}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(line, "|")
		k := slices.IndexFunc(all, func(b *submission) bool { return b.Name == f[0] })
		index, err := strconv.Atoi(f[2])
		if err != nil || k < 0 || all[k].job != f[1] || index >= len(all[k].Tasks) {
			t.Fatalf("%s: in the queue is %q, submissions are %+v", when, line, all)
		}
		for _, name := range all[k].Tasks[index] {
			times[name]++
		}
	}
	for _, m := range s.Members {
		if times[m.Name] != 1 {
			t.Errorf("%s: %s is %d times in the queue", when, m.Name, times[m.Name])
		}
	}
}

// work does what the tasks in the queue do, and compares with a sweep in one process.
func work(t *testing.T, when string, s *sweep.Sweep, kinds experiment.Kinds, dir, local string) {
	t.Helper()
	all, err := submissions(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range all {
		for index := range b.Tasks {
			t.Setenv("SLURM_ARRAY_JOB_ID", b.job)
			t.Setenv("SLURM_ARRAY_TASK_ID", strconv.Itoa(index))
			if err := RunTask(t.Context(), kinds, b.dir, sweep.Options{Dir: dir}, io.Discard); err != nil {
				t.Fatalf("%s: task %d of %s: %v", when, index, b.dir, err)
			}
		}
	}
	r, err := sweep.Run(t.Context(), s, sweep.Options{Dir: dir, Engine: &Engine{Kinds: kinds}})
	if err != nil || r.Done() != len(s.Members) {
		t.Fatalf("%s: in the end %d of %d members are finished, %v", when, r.Done(), len(s.Members), err)
	}
	names := []string{sweep.MembersFile, sweep.SummaryFile}
	for _, m := range s.Members {
		for _, file := range []string{experiment.ConfigFile, "metrics.csv", experiment.ArraysFile} {
			names = append(names, filepath.Join(sweep.MembersDir, m.Name, file))
		}
	}
	for _, name := range names {
		got, err1 := os.ReadFile(filepath.Join(dir, name))
		want, err2 := os.ReadFile(filepath.Join(local, name))
		if err1 != nil || err2 != nil || string(got) != string(want) {
			t.Errorf("%s: %s differs from that of a sweep in one process (%v, %v)", when, name, err1, err2)
		}
	}
}
