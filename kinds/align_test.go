package kinds_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"spikealign/catalog"
	"spikealign/experiment"
)

// A run in which the feedback weights did not change says so, and why.
func TestAlignWarnsWhereNothingWasLearned(t *testing.T) {
	for _, c := range []struct{ settings, want string }{
		{"sal: {update_steps: 3000}", "after 3000 steps (sal.update_steps), and the run has 1250; more training.epochs"},
		{"method: rdd\nrdd: {update_seconds: 1000}", "after 1000000 steps (rdd.update_seconds), and the run has 1000;"},
		{"method: mirror", "after 40000 steps (mirror.batch), and the run has 4000;"},
		{"method: stdwi\nstdwi: {rate: 0}", "the feedback weights to layer 0 are as at the start"},
		{"sal: {rate_sal: 0}", "the feedback weights to layer 0 are as at the start"},
		{"method: stdwi", ""},
		{"sal: {update_steps: 1250}", ""},
	} {
		text := "kind: align\nlayers: [20, 20]\ntraining: {epochs: 2, epoch_seconds: 0.5}\n" + c.settings + "\n"
		spec, err := catalog.All().Kinds().Parse("small.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		run, err := spec.Config.New(experiment.Env{Seed: 1, Sink: &memory{snapshots: map[string][]float64{}}})
		if err != nil {
			t.Fatal(err)
		}
		if ws := run.Warnings(); len(ws) > 0 {
			t.Errorf("%s: at the start %q", c.settings, ws)
		}
		for err == nil {
			_, err = run.Advance(t.Context())
		}
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		ws := strings.Join(run.Warnings(), "\n")
		if !strings.Contains(ws, c.want) || c.want == "" && ws != "" {
			t.Errorf("%s: warnings %q, want %q", c.settings, ws, c.want)
		}
	}
}
