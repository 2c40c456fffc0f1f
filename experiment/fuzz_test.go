package experiment_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"spikealign/experiment"
	"spikealign/internal/durable"
)

// FuzzResume puts any bytes into a checkpoint with a right checksum: resume refuses them or goes
// on, but does not panic.
func FuzzResume(f *testing.F) {
	dir := f.TempDir()
	template := filepath.Join(dir, "template")
	if err := os.Rename(sampled(f, 3), template); err != nil {
		f.Fatal(err)
	}
	_, payload, err := durable.LoadCheckpoint(filepath.Join(template, experiment.CheckpointFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload)
	f.Add(payload[:8])
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"))
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	n := 0
	f.Fuzz(func(t *testing.T, b []byte) {
		n++
		to := filepath.Join(dir, fmt.Sprint(os.Getpid(), "-", n))
		if err := os.CopyFS(to, os.DirFS(template)); err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(to)
		if err := durable.SaveCheckpoint(filepath.Join(to, experiment.CheckpointFile), durable.Header{Kind: "sampling"}, b); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := real.Resume(ctx, to, experiment.Session{}); err == nil || err.Error() == "" {
			t.Fatalf("got %v", err)
		}
	})
}
