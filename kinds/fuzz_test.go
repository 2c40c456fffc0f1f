package kinds

import (
	"context"
	"errors"
	"math"
	"testing"

	"spikealign/experiment"
	"spikealign/internal/yamlconf"
)

// The fuzz tests run on their seeds with every go test; for more: go test ./kinds -fuzz FuzzParse
// -fuzztime 60s -parallel 1

var known = experiment.Kinds{Sampling{}, TwoNeuron{}, Dale{}, Microcircuit{}}

// FuzzParse: no experiment file makes the program panic. What is accepted survives writing and
// reading, and a small sampling network that is accepted can be built and run for a moment.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"kind: sampling\n",
		"kind: sampling\nname: a\nseed: 3\ncheckpoint: {every: 5s}\nrecord: {spikes: true}\nnetwork: {visible: 3, tau_ref: 10, timing: authors}\n",
		"kind: sampling\nnetwork: {visible: 2, hidden: 2, tau_ref: 5, psp: alpha, tau_syn: 3, delay: 1}\ntarget: {patterns: [[0, 1], [1, 0]]}\n",
		"kind: sampling\nnetwork: {visible: 4, dynamics: continuous, engine: thinning}\ntarget: {bars_and_stripes: 2}\n",
		"kind: sampling\nnetwork: {visible: 2}\ntarget: {weights: [[0, 1], [1, 0]], bias: [0, 1]}\ninitial: {weights: [[0, .5], [-1e3, 0]], bias: [1, 1]}\n",
		"kind: sampling\nplasticity: {noise: 0.1, sal_pairing: last-3, sal_window: exponential, sal_window_tau: 7, sal_amplitude: [[1]]}\nnetwork: {visible: 1}\n",
		"kind: sampling\nnetwork: {tau_ref: -5, tau_syn: 1e-300}\ntraining: {epochs: 1e400, clip_weight: -1}\n",
		"a: &a [1, *a]\nkind: *a\n", "kind: sampling\nnetwork: &n {visible: 1, <<: *n}\n", "\xff\xfe", "", "[[[[", "kind: fake\nreports: 3\n",
	} {
		f.Add(text, "")
	}
	f.Add("kind: sampling\n", "network={visible: 3, psp: rectangular-tail, engine: stepper}")
	f.Add("kind: sampling\n", "initial.weights=[[0, 1e308], [1, 0]]")
	f.Fuzz(func(t *testing.T, text, set string) {
		var overrides []string
		if set != "" {
			overrides = []string{set}
		}
		s, err := known.Parse("f.yaml", []byte(text), overrides...)
		if err != nil {
			var problems yamlconf.Errors
			if !errors.As(err, &problems) || err.Error() == "" {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		written, err := s.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := known.Parse("again.yaml", written)
		if err != nil {
			t.Fatalf("%v\nin\n%s", err, written)
		}
		if change, err := s.Differs(again); change != "" || err != nil {
			t.Fatalf("%s, %v\nin\n%s", change, err, written)
		}
		c, ok := s.Config.(*SamplingConfig)
		if !ok || c.Neurons() > 9 || len(c.Target.Patterns) > 100 || c.Settings.Config().Kernel().Length() > 1e4*c.Settings.Config().TicksPerStep() || c.Network.MinISI > 1e4 || c.Network.TauRef > 1e4 {
			return
		}
		run, err := c.New(experiment.Env{Seed: s.Seed})
		if err != nil {
			t.Fatalf("valid, but: %v", err)
		}
		few(t, run)
		for _, x := range run.(*samplingRun).training.Weights {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Fatalf("weight %v", x)
			}
		}
	})
}

// few advances a run by a few steps.
func few(t *testing.T, run experiment.Run) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 {
		if _, err := run.Advance(ctx); err != nil {
			return
		}
	}
}
