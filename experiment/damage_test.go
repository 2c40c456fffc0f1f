package experiment_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spikealign/experiment"
	"spikealign/experiment/experimenttest"
	"spikealign/internal/durable"
	"spikealign/kinds"
)

const samplingFile = `
kind: sampling
name: small
seed: 5
record: {spikes: true}
network: {visible: 3, tau_ref: 10}
training: {epochs: 12, epoch_length: 100, report_every: 2, report_factor: 5}
`

var real = experiment.Kinds{kinds.Sampling{}, experimenttest.Kind{}}

// sampled runs a small sampling experiment to its end, or stops it after the given number of
// reports.
func sampled(t testing.TB, reports int, overrides ...string) string {
	t.Helper()
	spec, err := real.Parse("small.yaml", []byte(samplingFile), overrides...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dir := filepath.Join(t.TempDir(), "run")
	s := calm()
	seen := 0
	s.SetHook(func(point string) {
		if point == "row" {
			if seen++; seen == reports {
				cancel()
			}
		}
	})
	_, err = experiment.Execute(ctx, experiment.Options{Spec: spec, Dir: dir, Session: s})
	var stopped *experiment.Stopped
	if (reports > 0) != errors.As(err, &stopped) || (reports == 0 && err != nil) {
		t.Fatal(err)
	}
	return dir
}

// killed is a folder as kill -9 leaves it some time after a checkpoint: rows and spikes beyond it,
// the last of each torn.
func killed(t *testing.T, overrides ...string) string {
	t.Helper()
	dir := sampled(t, 3, overrides...)
	for name, tail := range map[string]string{"metrics.csv": "6,9000,700,0.5,0.1,0.01,0,90\n8,100", "partial/spikes.time": "12345678123", "partial/spikes.neuron": "12345", "partial/snapshot0": "1234567"} {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(tail); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// contents reads a whole folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func put(t *testing.T, content string, elem ...string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(elem...), []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

func sameRun(t *testing.T, got, want, when string) {
	t.Helper()
	g, w := contents(t, got), contents(t, want)
	delete(g, "run.json")
	delete(w, "run.json")
	if !maps.Equal(g, w) {
		t.Fatalf("%s: got %d files, want %d, or they differ", when, len(g), len(w))
	}
}

// TestDamagedCheckpoint: cut at many lengths, with a bit flipped in many places (every byte of the
// header among them), empty, or of another run, a checkpoint is refused with its name and the
// remedy. Nothing in the folder is changed by that, the rows beyond the checkpoint included. With
// the checkpoint put back the run goes on to the same bytes, and without it from the beginning.
func TestDamagedCheckpoint(t *testing.T) {
	t.Parallel()
	want, dir := sampled(t, 0), killed(t)
	good := read(t, dir, "checkpoint")
	damaged := map[string]string{"doubled": good + good, "a byte more": good + "\x00", "a text": strings.Repeat("epoch,steps\n", len(good)/12), "zeros": strings.Repeat("\x00", len(good)),
		"zeros from the middle on": good[:len(good)/2] + strings.Repeat("\x00", len(good)-len(good)/2)}
	for n := 0; n < len(good); n += 1 + n/20 {
		damaged[fmt.Sprintf("the first %d bytes", n)] = good[:n]
		damaged[fmt.Sprintf("without the last %d bytes", n+1)] = good[:len(good)-n-1]
		damaged[fmt.Sprintf("without the first %d bytes", n+1)] = good[n+1:]
	}
	head := 24 + len("sampling") + len("test")
	for k := 0; k < len(good); k++ {
		if k > head && k < len(good)-4 {
			k += min(k/50, len(good)-5-k)
		}
		b := []byte(good)
		b[k] ^= 1 << (k % 8)
		damaged[fmt.Sprintf("bit %d of byte %d", k%8, k)] = string(b)
	}
	before := contents(t, dir)
	refuse := func(name, checkpoint string, usage bool, mention string) {
		t.Helper()
		put(t, checkpoint, dir, "checkpoint")
		before["checkpoint"] = checkpoint
		_, err := real.Resume(t.Context(), dir, calm())
		if err == nil || errors.Is(err, experiment.ErrUsage) != usage || !strings.Contains(err.Error(), filepath.Join(dir, "checkpoint")) || !strings.Contains(err.Error(), mention) {
			t.Fatalf("%s: got %v, want mention of %q", name, err, mention)
		}
		if after := contents(t, dir); !maps.Equal(before, after) {
			t.Fatalf("%s: the folder was changed: %d files, %d before", name, len(after), len(before))
		}
	}
	remedy := "; to start from the beginning, delete " + filepath.Join(dir, "checkpoint") + " and resume again"
	for _, name := range slices.Sorted(maps.Keys(damaged)) {
		refuse(name, damaged[name], false, remedy)
	}
	t.Logf("%d damages of a checkpoint of %d bytes", len(damaged), len(good))

	// Whole checkpoints of something else.
	fake := interrupted(t)
	refuse("another kind", read(t, fake, "checkpoint"), false, "its content does not fit this experiment"+remedy)
	refuse("another seed", read(t, killed(t, "seed=6"), "checkpoint"), true,
		"experiment.yaml was changed since the checkpoint: it said `seed: 6`, now it says `seed: 5`; put it back (or "+filepath.Join(dir, "checkpoint")+", if that is from another run)")
	refuse("another configuration", read(t, killed(t, "network.tau_ref=11"), "checkpoint"), true, "it said `tau_ref: 11`, now it says `tau_ref: 10`")
	refuse("a later moment of the same run", read(t, sampled(t, 4), "checkpoint"), false, "metrics.csv is damaged")
	_, payload, err := durable.LoadCheckpoint(filepath.Join(sampled(t, 3), "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(t.TempDir(), "old")
	version := fmt.Sprintf(`"state_version":%d,`, kinds.Sampling{}.StateVersion())
	text := strings.Replace(string(payload), version, strings.Replace(version, ":", ":9", 1), 1)
	text = strings.Replace(text, text[:8], string(append([]byte{text[0] + 1}, text[1:8]...)), 1)
	if err := durable.SaveCheckpoint(old, durable.Header{Kind: "sampling", Program: "v0.1"}, []byte(text)); err != nil {
		t.Fatal(err)
	}
	refuse("another state version", read(t, old), true, "was written by version v0.1, whose sampling experiments compute other numbers or keep another state (version 9")

	put(t, good, dir, "checkpoint")
	second := copyRun(t, dir)
	if _, err := real.Resume(t.Context(), dir, calm()); err != nil {
		t.Fatal(err)
	}
	sameRun(t, dir, want, "the checkpoint put back")
	if err := os.Remove(filepath.Join(second, "checkpoint")); err != nil {
		t.Fatal(err)
	}
	if _, err := real.Resume(t.Context(), second, calm()); err != nil {
		t.Fatal(err)
	}
	sameRun(t, second, want, "without the checkpoint")
}

// TestDamagedFiles: a file that the checkpoint counts on is gone or changed. That is told with its
// name; no row of the tables is cut.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	whole := killed(t)
	for _, name := range []string{"metrics.csv", "partial/spikes.time", "partial/spikes.neuron", "partial/snapshot0", "partial/snapshot1"} {
		for _, damage := range []string{"gone", "empty", "changed", "short"} {
			dir := copyRun(t, whole)
			path := filepath.Join(dir, name)
			content := read(t, path)
			switch damage {
			case "gone":
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			case "empty":
				put(t, "", path)
			case "changed":
				put(t, content[:9]+"~"+content[10:], path)
			case "short":
				put(t, content[:len(content)/2], path)
			}
			rows := ""
			if name != "metrics.csv" {
				rows = read(t, dir, "metrics.csv")
			}
			_, err := real.Resume(t.Context(), dir, calm())
			if err == nil || errors.Is(err, experiment.ErrUsage) || !strings.Contains(err.Error(), path+" is damaged") ||
				!strings.Contains(err.Error(), "delete "+filepath.Join(dir, "checkpoint")+" and resume again") {
				t.Errorf("%s %s: got %v", name, damage, err)
			}
			if name != "metrics.csv" && read(t, dir, "metrics.csv") != rows {
				t.Errorf("%s %s: rows of metrics.csv are lost", name, damage)
			}
		}
	}
}

// TestDamagedInfo: run.json tells whether a run is finished. If it cannot be read, nothing is
// replaced unasked; without it the run goes on from the checkpoint.
func TestDamagedInfo(t *testing.T) {
	t.Parallel()
	want, dir := sampled(t, 0), killed(t)
	for _, text := range []string{"", "{", `{"format": 2}`, "[]"} {
		put(t, text, dir, "run.json")
		before := contents(t, dir)
		_, err := real.Resume(t.Context(), dir, calm())
		if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "run.json")) || !strings.Contains(err.Error(), "delete this file and resume") {
			t.Errorf("%q: got %v", text, err)
		}
		if !maps.Equal(before, contents(t, dir)) {
			t.Errorf("%q: the folder was changed", text)
		}
	}
	if err := os.Remove(filepath.Join(dir, "run.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := real.Resume(t.Context(), dir, calm()); err != nil {
		t.Fatal(err)
	}
	sameRun(t, dir, want, "without run.json")
}
