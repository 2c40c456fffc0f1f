//go:build linux && !race

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"spikealign/internal/testenv"
)

// tmpfs mounts a file system of a size that can be changed. Without the right to do so the test is
// skipped, but fails where SPIKEALIGN_CI=1 promises it.
func tmpfs(t *testing.T, kilobytes int64) (dir string, resize func(kilobytes int64)) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	mustMount(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk", kilobytes)))
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir, func(kilobytes int64) {
		t.Helper()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%dk", kilobytes)); err != nil {
			t.Fatal(err)
		}
	}
}

func mustMount(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if testenv.Complete() || !(errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.ENODEV)) {
		t.Fatalf("cannot mount: %v", err)
	}
	t.Skipf("needs the right to mount a small file system (root): %v", err)
}

// used returns how much of a file system is taken, in kilobytes.
func used(t *testing.T, dir string) int64 {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	return int64(s.Blocks-s.Bfree) * s.Bsize / 1024
}

const diskFile = `
kind: sampling
seed: 3
network: {visible: 3, tau_ref: 10, engine: stepper}
training: {epochs: 12, epoch_length: 200, report_every: 4, report_factor: 10}
`

var noSpace = regexp.MustCompile(`^spikealign: cannot \w+ (\S+): no space left on device: free space; then (go on with: spikealign resume (\S+)|run the experiment again)\n$`)

// refused checks what is told and left behind when the disk is full in the middle of a run: exit
// code 1, an error with file and remedy, no half row, no temporary file. It returns the file,
// without the folder.
func refused(p program, dir string, code int, stdout, stderr string) string {
	p.t.Helper()
	told := ""
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, "level=") { // besides, that run.json could not say so
			told += line
		}
	}
	m := noSpace.FindStringSubmatch(told)
	if code != 1 || m == nil || stdout != "" || !strings.HasPrefix(m[1], dir+"/") || (m[3] != "" && m[3] != dir) {
		p.t.Fatalf("exit code %d, %s%s", code, stdout, stderr)
	}
	if (m[3] == "") != (p.read(dir, "experiment.yaml") == "") {
		p.t.Fatalf("the wrong remedy: %s", stderr)
	}
	if rows := p.read(dir, "metrics.csv"); rows != "" && !strings.HasSuffix(rows, "\n") {
		p.t.Fatalf("half a row: %q", rows)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			p.t.Fatalf("%s is left over", e.Name())
		}
	}
	return strings.TrimPrefix(m[1], dir+"/")
}

// TestFullDisk runs an experiment on disks of every size up to the one that suffices, so that each
// file in turn is the one that finds no room. Each time, with room made, the run goes on to the
// same bytes.
func TestFullDisk(t *testing.T) {
	p := newProgram(t)
	p.write("run.yaml", diskFile)
	hit := map[string]int{}
	coarse := int64(4) // every size would take long
	wanted := []string{"experiment.yaml", "partial/spikes.time", "spikes.npz"}
	if testenv.Long() {
		coarse = 1
		wanted = append(wanted, "metrics.csv", "run.json", "partial/spikes.neuron", "checkpoint", "arrays.npz")
	}
	for _, c := range []struct {
		spikes string
		step   int64 // kilobytes
	}{{"record.spikes=false", 4 * coarse}, {"record.spikes=true", 12 * coarse}} {
		whole := "whole-" + c.spikes
		p.must("run", "-q", "run.yaml", "-o", whole, "--set", c.spikes)
		disk, resize := tmpfs(t, 4)
		dir := filepath.Join(disk, "run")
		for size := int64(4); ; size += c.step {
			resize(size)
			code, stdout, stderr := p.run("run", "-q", "run.yaml", "-o", dir, "--set", c.spikes)
			if code == 0 {
				p.same(dir, whole, "a disk that suffices")
				break
			}
			name := refused(p, dir, code, stdout, stderr)
			hit[name]++
			resize(8192)
			if name == "experiment.yaml" {
				p.must("run", "-q", "run.yaml", "-o", dir, "--set", c.spikes)
			} else {
				p.must("resume", "-q", dir)
			}
			p.same(dir, whole, fmt.Sprintf("%s: no room for %s on a disk of %d kB", c.spikes, name, size))
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, name := range wanted {
		if hit[name] == 0 {
			t.Errorf("%s was never the file without room: %v", name, hit)
		}
	}
	t.Log(hit)
}

// TestFullDiskAfterCheckpoint fills the disk of a run that has a checkpoint already, again and
// again: the checkpoint stays, and with room made the run goes on from it to the same bytes.
func TestFullDiskAfterCheckpoint(t *testing.T) {
	p := newProgram(t)
	p.write("run.yaml", diskFile+"record: {spikes: true}\n")
	p.must("run", "-q", "run.yaml", "-o", "whole")
	disk, resize := tmpfs(t, 8192)
	dir := filepath.Join(disk, "run")
	if code, _, stderr := p.run("run", "-q", "run.yaml", "-o", dir, "--time-limit", "1ns"); code != 75 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	hit := map[string]int{}
	for room := int64(0); ; room += 12 {
		before := p.read(dir, "checkpoint")
		resize(used(t, disk) + room)
		code, stdout, stderr := p.run("resume", "-q", dir)
		if code == 0 {
			break
		}
		name := refused(p, dir, code, stdout, stderr)
		hit[name]++
		// The end of the run is a checkpoint too; the results are written from it.
		atEnd := name == "spikes.npz" || name == "arrays.npz"
		if after := p.read(dir, "checkpoint"); after == "" || (!atEnd && after != before) {
			t.Fatalf("no room for %s: a checkpoint of %d bytes became one of %d", name, len(before), len(after))
		}
		resize(8192)
	}
	p.same(dir, "whole", "after many refusals")
	t.Log(hit)
	if len(hit) < 3 {
		t.Errorf("only these files found no room: %v", hit)
	}
}

// TestFullOfFiles: the disk has room, but takes no more files.
func TestFullOfFiles(t *testing.T) {
	p := newProgram(t)
	p.write("run.yaml", diskFile+"record: {spikes: true}\n")
	p.must("run", "-q", "run.yaml", "-o", "whole")
	disk := filepath.Join(p.dir, "disk")
	if err := os.Mkdir(disk, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) }) // after a failure
	step := 5
	if testenv.Long() {
		step = 1
	}
	for inodes := 2; ; inodes += step {
		mustMount(t, syscall.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("size=8m,nr_inodes=%d", inodes)))
		dir := filepath.Join(disk, "run")
		code, _, stderr := p.run("run", "-q", "run.yaml", "-o", dir)
		if code != 0 {
			if !strings.Contains(stderr, "no space left on device") || !strings.Contains(stderr, dir) {
				t.Errorf("%d inodes: exit code %d: %s", inodes, code, stderr)
			}
			if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "nr_inodes=1000"); err != nil {
				t.Fatal(err)
			}
			if p.read(dir, "experiment.yaml") != "" {
				p.must("resume", "-q", dir)
			} else {
				p.must("run", "-q", "run.yaml", "-o", dir)
			}
		}
		p.same(dir, "whole", fmt.Sprintf("%d inodes", inodes))
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Fatal(err)
		}
		if code == 0 {
			break
		}
	}
}

// TestReadOnly: a file system that is mounted for reading only.
func TestReadOnly(t *testing.T) {
	p := newProgram(t)
	p.write("run.yaml", diskFile)
	disk, resize := tmpfs(t, 8192)
	stopped, finished := filepath.Join(disk, "stopped"), filepath.Join(disk, "finished")
	empty := filepath.Join(disk, "empty")
	if err := os.Mkdir(empty, 0o777); err != nil {
		t.Fatal(err)
	}
	sweep := filepath.Join(disk, "sweep")
	p.write("sweep.yaml", "kind: sweep\nexperiment: {kind: tiny, epochs: 3}\ngrid:\n  - {path: rate, values: [0.1, 0.2]}\nfigure: comparison\n")
	p.must("run", "-q", "run.yaml", "-o", finished)
	p.must("sweep", "-q", "sweep.yaml", "-o", sweep)
	if code, _, stderr := p.run("run", "-q", "run.yaml", "-o", stopped, "--time-limit", "1ns"); code != 75 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"run", "-q", "run.yaml", "-o", filepath.Join(disk, "new")}, 2, "spikealign: cannot make the folder of the run: mkdir " + disk + "/new: read-only file system; choose another folder with -o\n"},
		{[]string{"run", "-q", "run.yaml", "-o", empty}, 1, "spikealign: cannot lock " + empty + ": read-only file system: choose a folder that can be written to\n"},
		{[]string{"resume", "-q", stopped}, 1, "spikealign: cannot lock " + stopped + ": read-only file system: choose a folder that can be written to\n"},
		{[]string{"run", "-q", "run.yaml", "-o", finished, "--force"}, 1, "spikealign: cannot lock " + finished + ": read-only file system: choose a folder that can be written to\n"},
		{[]string{"plot", finished}, 1, "spikealign: cannot write " + finished + "/figures/training.svg: read-only file system: choose a folder that can be written to\n"},
		{[]string{"sample", "-q", finished, "--duration", "50", "-o", filepath.Join(disk, "new")}, 1, "spikealign: cannot make " + disk + "/new: read-only file system: choose a folder that can be written to\n"},
		{[]string{"stdd", "-o", filepath.Join(disk, "new")}, 1, "spikealign: cannot make " + disk + "/new: read-only file system: choose a folder that can be written to\n"},
		{[]string{"sweep", "-q", "sweep.yaml", "-o", filepath.Join(disk, "new")}, 2, "spikealign: cannot make the folder of the sweep: mkdir " + disk + "/new: read-only file system; choose another folder with -o\n"},
		{[]string{"sweep", "-q", sweep}, 1, "spikealign: cannot lock " + sweep + ": read-only file system: choose a folder that can be written to\n"},
		{[]string{"plot", sweep}, 1, "spikealign: cannot write " + sweep + "/figures/comparison.svg: read-only file system: choose a folder that can be written to\n"},
	} {
		if code, stdout, stderr := p.run(c.args...); code != c.code || stdout != "" || stderr != c.want {
			t.Errorf("%v: exit code %d, %s%s", c.args, code, stdout, stderr)
		}
	}
	// Reading works.
	code, stdout, stderr := p.run("list", disk)
	if code != 0 || stderr != "" || !strings.Contains(stdout, "finished  done") || !strings.Contains(stdout, "stopped   interrupted") {
		t.Errorf("list: exit code %d, %s%s", code, stdout, stderr)
	}
	if code, _, stderr := p.run("resume", "-q", finished); code != 0 && code != 1 || strings.Contains(stderr, "panic") {
		t.Errorf("resume of a finished run: exit code %d, %s", code, stderr)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	resize(8192)
	p.must("resume", "-q", stopped)
	p.same(stopped, finished, "writable again")
}
