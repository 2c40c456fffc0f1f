package experiment

import (
	"strings"
	"testing"
)

const authorsFile = `
dim: 5
seed: {distr: 11, init: 12, sim: 13}
distr: {alpha: 1.0, beta: 2.0}
sim_params: {t_ref: &t 30, tau_syn: *t, num_last_spikes: 1}
num_epochs: 101
val_step: 10
val_factor: 20
lr: {bias: 0.001, weight: 0.002, symm: 0.003}
dur: 500
init_noise: 0.4
weight_init: 0.2
bias_init: 0.1
max_w: 2.0
max_b: 3.0
stdp:
  num_last_spikes: 1
  ws: {a_plus: 1.0, a_minus: 1.0, tau_plus: *t, tau_minus: *t, noise: 0.05}
  sal: {a_plus: 1.0, a_minus: 1.0, tau_plus: *t, tau_minus: *t, noise: 0.07}
`

// TestConvert: every setting of an authors' file arrives, and what comes out is a valid experiment.
func TestConvert(t *testing.T) {
	s, err := All().Convert("example.yaml", []byte(authorsFile), true)
	if err != nil {
		t.Fatal(err)
	}
	c := s.Config.(*SamplingConfig)
	cfg := c.network().Resolve()
	if s.Seed != 13 || *c.Seeds.Target != 11 || *c.Seeds.Initial != 12 || c.Target.Alpha != 1 || c.Target.Beta != 2 ||
		cfg.Neurons != 5 || cfg.TauRef != 30 || cfg.PSPSteps != 29 || cfg.MinISI != 31 ||
		c.Training.Epochs != 101 || c.Training.ReportEvery != 10 || c.Training.ReportFactor != 20 || c.Training.EpochLength != 500 ||
		c.Training.ClipWeight != 2 || c.Training.ClipBias != 3 || c.Initial.Noise != 0.4 || c.Initial.WeightSD != 0.2 || c.Initial.BiasSD != 0.1 ||
		c.Plasticity.RateBias != 0.001 || c.Plasticity.RateWeight != 0.002 || c.Plasticity.RateSAL != 0.003 || c.Plasticity.Noise != 0.05 {
		t.Errorf("converted to %+v, %+v", s.Common, *c)
	}
	s, err = All().Convert("example.yaml", []byte(authorsFile), false)
	if err != nil {
		t.Fatal(err)
	}
	if cfg := s.Config.(*SamplingConfig).network().Resolve(); cfg.PSPSteps != 30 || cfg.MinISI != 30 {
		t.Errorf("canonical timing: %+v", cfg)
	}
	for _, c := range []struct{ old, new, want string }{
		{"dim: 5", "dims: 5", "did you mean"},
		{"ws: {a_plus: 1.0", "ws: {a_plus: 2.0", "stdp.ws.a_plus"},
		{"sal: {a_plus: 1.0, a_minus: 1.0, tau_plus: *t", "sal: {a_plus: 1.0, a_minus: 1.0, tau_plus: 7", "stdp.sal.tau_plus"},
		{"num_epochs: 101", "num_epochs: -1", "training.epochs"},
	} {
		_, err := All().Convert("example.yaml", []byte(strings.Replace(authorsFile, c.old, c.new, 1)), false)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want mention of %q", c.new, err, c.want)
		}
	}
}
