package kinds_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spikealign/catalog"
	"spikealign/experiment"
)

const tinyDeep = "kind: deep\nimages: {train: 60, test: 20}\nnetwork: {hidden: [12, 10]}\nsal: {iterations: 1, update_steps: 40, replicas: 2}\n" +
	"mirror: {steps: 2}\nrdd: {seconds: 1, update_seconds: 0.5}\ntraining: {epochs: 2, batch_size: 20}\n"

// deepSpec is a small experiment, or nil without the images.
func deepSpec(t *testing.T, text string, set ...string) *experiment.Spec {
	t.Helper()
	spec, err := catalog.All().Kinds().Parse("deep.yaml", []byte(text), set...)
	if err != nil {
		t.Fatal(err)
	}
	if lacksImages(t, spec) {
		return nil
	}
	return spec
}

func TestDeepWarnings(t *testing.T) {
	for want, set := range map[string][]string{
		"":                                 {"method=sal"},
		"record.spikes has no effect":      {"method=fa", "record.spikes=true"},
		"training.weight_decay has no":     {"method=kp", "training.weight_decay=0.1"},
		"a larger sal.iterations helps":    {"method=sal", "sal.iterations=0"},
		"a larger rdd.seconds, at least":   {"method=rdd", "rdd.seconds=0.3"},
		"a larger mirror.steps helps":      {"method=mirror", "mirror.steps=0"},
		"times as large as the forward we": {"method=sal", "sal.rate_sal=30"},
	} {
		spec := deepSpec(t, tinyDeep, set...)
		if spec == nil {
			return
		}
		r, err := experiment.Execute(t.Context(), experiment.Options{Spec: spec, Dir: filepath.Join(t.TempDir(), "r")})
		if err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(r.Info.Warnings, "\n"); !strings.Contains(all, want) || (want == "") != (all == "") {
			t.Errorf("%v: warnings %q, want %q", set, all, want)
		}
	}
}

// A finished run that goes on to more epochs has the results of a run with so many from the start.
func TestDeepProlonged(t *testing.T) {
	spec := deepSpec(t, tinyDeep)
	if spec == nil {
		return
	}
	part, whole := filepath.Join(t.TempDir(), "part"), filepath.Join(t.TempDir(), "whole")
	if _, err := experiment.Execute(t.Context(), experiment.Options{Spec: spec, Dir: part}); err != nil {
		t.Fatal(err)
	}
	if _, err := catalog.All().Kinds().Prolong(t.Context(), part, 3, experiment.Session{}); err != nil {
		t.Fatal(err)
	}
	if _, err := experiment.Execute(t.Context(), experiment.Options{Spec: deepSpec(t, tinyDeep, "training.epochs=3"), Dir: whole}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{experiment.MetricsFile, "alignment.csv", "updates.csv", experiment.ArraysFile} {
		a, err := os.ReadFile(filepath.Join(part, name))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(filepath.Join(whole, name)); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: not that of a run of three epochs, %v", name, err)
		}
	}
}

// A loss that explodes ends the run with a message that says what to do; the last checkpoint, of an
// epoch before, stays and can be read, and going on from it ends at the same place.
func TestDeepDiverges(t *testing.T) {
	spec := deepSpec(t, tinyDeep, "method=dfa", "network={architecture: lenet, init: xavier, hidden: [12, 10]}", "training.rate=0.3", "training.epochs=30")
	if spec == nil {
		return
	}
	now := time.Unix(0, 0)
	session := experiment.Session{Now: func() time.Time { now = now.Add(time.Hour); return now }} // a checkpoint whenever there can be one
	dir := filepath.Join(t.TempDir(), "r")
	_, err := experiment.Execute(t.Context(), experiment.Options{Spec: spec, Dir: dir, Session: session})
	if err == nil || !strings.Contains(err.Error(), "diverged") || !strings.Contains(err.Error(), "smaller training.rate") || strings.Contains(err.Error(), "epoch 0:") {
		t.Fatalf("error %v", err)
	}
	folder, openErr := experiment.Open(dir)
	if openErr != nil {
		t.Fatal(openErr)
	}
	if folder.Info.Status != experiment.Failed || folder.Info.Done < 1 {
		t.Errorf("status %v after %v epochs", folder.Info.Status, folder.Info.Done)
	}
	if _, err := os.Stat(filepath.Join(dir, experiment.CheckpointFile)); err != nil {
		t.Error(err)
	}
	if _, again := catalog.All().Kinds().Resume(t.Context(), dir, session); fmt.Sprint(again) != fmt.Sprint(err) {
		t.Errorf("resumed: %v, want %v", again, err)
	}
}
