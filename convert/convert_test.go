package convert

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"spikealign/deep"
	"spikealign/experiment"
	"spikealign/kinds"
	"spikealign/microcircuit"
	"spikealign/sampling"
)

var known = experiment.Kinds{kinds.Sampling{}, kinds.Microcircuit{}, kinds.Deep{}}

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

// TestConvertErrors: faults are told once, at the keys of their file, and files of ours are known
// as such.
func TestConvertErrors(t *testing.T) {
	for text, want := range map[string]string{
		"dim: 5\n":                 "x.yaml: sim_params.t_ref = 0 (the default): must be given, 1 step or more\nx.yaml: sim_params.tau_syn = 0 (the default): must be given, in steps",
		"kind: sampling\n":         "x.yaml is an experiment file already; run it with: spikealign run x.yaml",
		"kind: sweep\ngrid: []\n":  "x.yaml is a sweep file already; run it with: spikealign sweep x.yaml",
		"network_properties: {}\n": "network_properties.t_ref = 0: must be given",
	} {
		if _, _, err := File(known, "x.yaml", []byte(text), Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestConvert: every setting of an authors' file arrives, and what comes out is a valid experiment.
func TestConvert(t *testing.T) {
	s, notes, err := File(known, "example.yaml", []byte(authorsFile), Options{AuthorsTiming: true})
	if err != nil {
		t.Fatal(err)
	}
	c := s.Config.(*kinds.SamplingConfig)
	if s.Seed != 13 || *c.Seeds.Target != 11 || *c.Seeds.Initial != 12 || c.Target.Alpha != 1 || c.Target.Beta != 2 ||
		c.Network.Visible != 5 || c.Network.TauRef != 30 || c.Network.Timing != sampling.AuthorsTiming ||
		c.Course.Epochs != 101 || c.Course.ReportEvery != 10 || c.Course.ReportFactor != 20 || c.Course.EpochLength != 500 ||
		c.Course.ClipWeight != 2 || c.Course.ClipBias != 3 || c.Initial.Noise != 0.4 || c.Initial.WeightSD != 0.2 || c.Initial.BiasSD != 0.1 ||
		c.Plasticity.RateBias != 0.001 || c.Plasticity.RateWeight != 0.002 || c.Plasticity.RateSAL != 0.003 || c.Plasticity.Noise != 0.05 {
		t.Errorf("converted to %+v, %+v", s.Common, *c)
	}
	// Their program takes the noise of SAL from stdp.ws; its numbers of last spikes of 1 are what
	// holds here anyway.
	if len(notes) != 1 || !strings.HasPrefix(notes[0], "example.yaml:19: stdp.sal.noise = 0.07: left out: ") || !strings.Contains(notes[0], "plasticity.noise: 0.05") {
		t.Errorf("notes %q", notes)
	}
	_, notes, err = File(known, "example.yaml", []byte(strings.Replace(strings.ReplaceAll(authorsFile, "num_last_spikes: 1", "num_last_spikes: 3"), "0.07", "0.05", 1)), Options{AuthorsTiming: true})
	if err != nil || len(notes) != 2 || !strings.HasPrefix(notes[0], "example.yaml:5: sim_params.num_last_spikes = 3: left out: ") || !strings.HasPrefix(notes[1], "example.yaml:17: stdp.num_last_spikes = 3: ") {
		t.Errorf("notes %q, %v", notes, err)
	}
	s, _, err = File(known, "example.yaml", []byte(authorsFile), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := s.Config.(*kinds.SamplingConfig).Network; n.Timing == sampling.AuthorsTiming {
		t.Errorf("canonical timing: %+v", n)
	}
	for _, c := range []struct{ old, new, want string }{
		{"dim: 5", "dims: 5", "did you mean"},
		{"ws: {a_plus: 1.0", "ws: {a_plus: 2.0", "stdp.ws.a_plus = 2.0: only 1 can"},
		{"sal: {a_plus: 1.0, a_minus: 1.0", "sal: {a_plus: 1.0, a_minus: -1.0", ":19: stdp.sal.a_minus = -1.0: only 1 can"},
		{"sal: {a_plus: 1.0, a_minus: 1.0, tau_plus: *t", "sal: {a_plus: 1.0, a_minus: 1.0, tau_plus: 7", "stdp.sal.tau_plus"},
		{"sal: {a_plus: 1.0, a_minus: 1.0, tau_plus: *t, tau_minus: *t", "sal: {a_plus: 1.0, a_minus: 1.0, tau_plus: *t, tau_minus: 7", "stdp.sal.tau_minus = 7"},
		{"num_epochs: 101", "num_epochs: -1", "example.yaml:6: num_epochs = -1: becomes training.epochs, which must be between 1"},
		{"sim_params: {t_ref: &t 30, tau_syn: *t, num_last_spikes: 1}", "sim_params: {t_ref: &t 30, num_last_spikes: 1}", "sim_params.tau_syn"},
		{"tau_syn: *t", "tau_syn: 1e9", "sim_params.tau_syn = 1e9: becomes network.tau_syn, which "},
	} {
		_, _, err := File(known, "example.yaml", []byte(strings.Replace(authorsFile, c.old, c.new, 1)), Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want mention of %q", c.new, err, c.want)
		}
	}
}

const authorsCircuit = `
network_properties:
  dims: [1, 1, 1, 1]
  lambda_api: 0.03
  lambda_nudge: 0.5
  learning_lag: 700
  lr: [{down: 0.002, up: 0.4}, {down: 0.003, up: 0.1}, {up: 0.01}]
  n_last_spks: 1
  size_moving_average: 900
  stdp_a_anticausal: 1.0
  stdp_a_causal: -1.0
  stdp_tau_anticausal: &t 20
  stdp_tau_causal: *t
  t_ref: *t
  tau_syn: *t
student_initial_parameters:
  bias: [-1.0, -0.5, 0.25]
  share_weights: false
  random_weights_init_limits: {up: [-3.0, 2.0], down: [-1.0, 4.0]}
student_simulation_settings:
  len_epoch: 7
  len_symmetrization: 3
  len_validation: 2
  num_epochs: 11
  poisson_seed: 31
  weights_init_seed: 32
  record_all_spks: true
  recorded_quantities: [[u_in], [u_pyr, w_up]]
  recorded_sample_length: 20000
  set_sps: true
  shuffle_training: true
  shuffle_validation: false
  t_pattern: 100
  training_seed: 33
  update_down: true
teacher_initial_parameters:
  bias: [-1.0, -2.0, -3.0]
  weights: [{w_up: 2.0}, {w_up: 2.5}, {w_up: 3.0}]
teacher_simulation_settings: {len_epoch: 8, num_epochs: 1, poisson_seed: 34, t_pattern: 200, training_seed: 35}
u_input: {training: [-1, 0, 1.5], validation: [-2.0, 2.0]}
`

// TestConvertMicrocircuit: every setting of an authors' microcircuit arrives, and what comes out is
// a valid experiment.
func TestConvertMicrocircuit(t *testing.T) {
	s, notes, err := File(known, "circuit.yaml", []byte(authorsCircuit), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{":28: student_simulation_settings.recorded_quantities = [[u_in], [u_pyr, w_up]]: left out: ", "student_simulation_settings.recorded_sample_length",
		"student_simulation_settings.training_seed", "teacher_simulation_settings.len_epoch", "teacher_simulation_settings.training_seed"} {
		if !strings.Contains(strings.Join(notes, "\n"), key) {
			t.Errorf("no note on %s", key)
		}
	}
	if len(notes) != 5 {
		t.Errorf("notes %q", notes)
	}
	c := s.Config.(*kinds.MicrocircuitConfig)
	n, pl, tr := c.Neurons, c.Plasticity, c.Course
	if s.Seed != 31 || *c.Seeds.Initial != 32 || *c.Seeds.Task != 34 || !s.Record.Spikes {
		t.Errorf("seeds %d, %+v, spikes %v", s.Seed, c.Seeds, s.Record.Spikes)
	}
	if !slices.Equal(n.Dims, []int{1, 1, 1, 1}) || n.Tau != 20 || n.Window != 900 || pl.Lag != 700 || n.LambdaApical != 0.03 || n.LambdaNudge != 0.5 ||
		!slices.Equal(pl.RateUp, []float64{0.4, 0.1, 0.01}) || !slices.Equal(pl.RateDown, []float64{0.002, 0.003}) || pl.Method != microcircuit.SAL {
		t.Errorf("network %+v, plasticity %+v", n, pl)
	}
	if te := c.Task.Teacher; te.Layers != nil || !reflect.DeepEqual(te.Up, [][][]float64{{{2}}, {{2.5}}, {{3}}}) || !reflect.DeepEqual(te.Bias, [][]float64{{-1}, {-2}, {-3}}) || te.Steps != 4000 {
		t.Errorf("teacher %+v", te)
	}
	if ta := c.Task; !reflect.DeepEqual(c.Initial.Bias, [][]float64{{-1}, {-0.5}, {0.25}}) || tr.Epochs != 11 || tr.EpochPatterns != 7 || tr.AlignPatterns != 3 || tr.PatternSteps != 2000 ||
		tr.Skip != 700 || tr.ReportEvery != 1 || len(ta.Train) != 3 || ta.Train[2].Input[0] != 1.5 || len(ta.Validation) != 2 || ta.Validation[0].Input[0] != -2 {
		t.Errorf("training %+v", tr)
	}
	if r := c.Initial; r.UpRange[0] != [2]float64{-3, 2} || r.DownRange[0] != [2]float64{-1, 4} {
		t.Errorf("start %+v", r)
	}
	for _, c := range []struct {
		old, new string
		method   microcircuit.Method
	}{{"share_weights: false", "share_weights: true", microcircuit.BP}, {"update_down: true", "update_down: false", microcircuit.FA}} {
		s, _, err := File(known, "circuit.yaml", []byte(strings.Replace(authorsCircuit, c.old, c.new, 1)), Options{})
		if err != nil || s.Config.(*kinds.MicrocircuitConfig).Plasticity.Method != c.method {
			t.Errorf("%s: %v", c.new, err)
		}
	}
	for _, c := range []struct{ old, new, want string }{
		{"dims: [1, 1, 1, 1]", "dims: [1, 2, 1, 1]", "network_properties.dims.1"},
		{"dims: [1, 1, 1, 1]", "dims: [1, 1]", "network_properties.lr"},
		{"learning_lag: 700", "learn_lag: 700", "did you mean network_properties.learning_lag"},
		{"learning_lag: 700", "learning_lag: 2000", "network_properties.learning_lag = 2000: becomes plasticity.lag, which must be shorter"},
		{"n_last_spks: 1", "n_last_spks: 2", "network_properties.n_last_spks"},
		{"stdp_a_causal: -1.0", "stdp_a_causal: 1.0", "network_properties.stdp_a_causal"},
		{"stdp_a_anticausal: 1.0", "stdp_a_anticausal: -1.0", ":10: network_properties.stdp_a_anticausal = -1.0: only 1 can"},
		{"shuffle_validation: false", "shuffle_validation: true", "student_simulation_settings.shuffle_validation"},
		{"lambda_api: 0.03", "lambda_api: -1", "network_properties.lambda_api = -1: becomes network.lambda_apical"},
		{"tau_syn: *t", "tau_syn: 3", "network_properties.tau_syn"},
		{"stdp_tau_causal: *t", "stdp_tau_causal: 3", "network_properties.stdp_tau_causal"},
		{"set_sps: true", "set_sps: false", "student_simulation_settings.set_sps"},
		{"shuffle_training: true", "shuffle_training: false", "student_simulation_settings.shuffle_training"},
		{"len_validation: 2", "len_validation: 3", "student_simulation_settings.len_validation = 3: must not be more than"},
		{"len_validation: 2", "len_validation: -1", "student_simulation_settings.len_validation"},
		{"random_weights_init_limits: {up: [-3.0, 2.0], down: [-1.0, 4.0]}", "random_weights_init_limits: {}", "random_weights_init_limits"},
		{"training: [-1, 0, 1.5]", "training: []", "u_input.training"},
	} {
		_, _, err := File(known, "circuit.yaml", []byte(strings.Replace(authorsCircuit, c.old, c.new, 1)), Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want mention of %q", c.new, err, c.want)
		}
	}
}

// TestConvertFewerValidations: of more validation inputs than len_validation the first ones are
// kept, as in the authors' own small test file, and a note says so.
func TestConvertFewerValidations(t *testing.T) {
	for shown := range 3 {
		text := strings.Replace(authorsCircuit, "len_validation: 2", fmt.Sprintf("len_validation: %d", shown), 1)
		s, notes, err := File(known, "circuit.yaml", []byte(text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got []float64
		for _, p := range s.Config.(*kinds.MicrocircuitConfig).Task.Validation {
			got = append(got, p.Input[0])
		}
		if want := []float64{-2, 2}[:shown]; !slices.Equal(got, want) {
			t.Errorf("len_validation %d: validation inputs %v, want %v", shown, got, want)
		}
		want := fmt.Sprintf("circuit.yaml:23: student_simulation_settings.len_validation = %d: the last %d of the 2 inputs in u_input.validation are left out", shown, 2-shown)
		if told := strings.Contains(strings.Join(notes, "\n"), want); told != (shown < 2) {
			t.Errorf("len_validation %d: notes %q", shown, notes)
		}
	}
}

const authorsDeepFile = `
plain:
  params: &p {n_epochs: 7, batch_size: 64, lr: 0.02, momentum: 0.8, weight_decay: 0.003, use_backprop: False, use_kp: False, use_fa_conv_layers: False, use_scfa: False}
back:
  params: {<<: *p, use_backprop: True}
bound:
  params: {<<: *p, use_backprop: True, use_fa_conv_layers: True}
decays:
  params: {<<: *p, use_kp: True}
signs:
  params: {<<: *p, use_scfa: True}
spikes:
  params: *p
  sal_params:
    n_iterations: 3
    use_sal: True
    t_ref: 12
    len_epoch: 50
    sal_lr: 0.3
    batch_size: 4
jumps:
  params: *p
  rdd_params: {rdd_time: 15, use_rdd: True, every_epoch: True}
`

// TestConvertDeep: every setting of an entry arrives, and each entry is a valid experiment.
func TestConvertDeep(t *testing.T) {
	for entry, method := range map[string]deep.Method{"plain": deep.FA, "back": deep.BP, "bound": deep.BPFA, "decays": deep.KP, "signs": deep.SCFA, "spikes": deep.SAL, "jumps": deep.RDD} {
		s, notes, err := File(known, "deep.yaml", []byte(authorsDeepFile), Options{Entry: entry})
		if err != nil {
			t.Fatal(err)
		}
		c := s.Config.(*kinds.DeepConfig)
		decay := c.Course.Decay
		if method == deep.KP {
			decay = c.KP.Decay
		}
		if o := c.Course.Optimiser; s.Name != "deep-"+entry || c.Method != method || c.Network.Loss != deep.DoubleSoftmax || c.Augment != (deep.Augment{Flip: true}) ||
			c.Course.Epochs != 7 || c.Course.BatchSize != 64 || o.Rate != 0.02 || o.Momentum != 0.8 || decay != 0.003 {
			t.Errorf("%s: %q, %+v", entry, s.Name, *c)
		}
		if p := c.SALPhase; entry == "spikes" && (p.Iterations != 3 || p.TauRef != 12 || p.UpdateSteps != 600 || p.RateSAL != 0.3 || p.Replicas != 4) {
			t.Errorf("SAL phase %+v", p)
		}
		if entry == "jumps" && c.RDDPhase.Seconds != 15 {
			t.Errorf("RDD phase %+v", c.RDDPhase)
		}
		if len(notes) != 1 || !strings.HasPrefix(notes[0], "deep.yaml: "+entry+": does not name its images") {
			t.Errorf("notes %q", notes)
		}
	}
	one, _, _ := strings.Cut(authorsDeepFile, "back:")
	if s, _, err := File(known, "deep.yaml", []byte(one), Options{}); err != nil || s.Name != "deep-plain" {
		t.Errorf("the only entry: %v", err)
	}
	for _, c := range []struct{ entry, old, new, want string }{
		{"", "", "", "deep.yaml holds several experiments; choose an entry: plain, back, bound, decays, signs, spikes, jumps"},
		{"sal", "", "", `deep.yaml has no entry "sal"; there are plain, `},
		{"plain", "n_epochs: 7", "epochs: 7", "deep.yaml:3: plain.params.epochs = 7: unknown key; did you mean params.n_epochs?\ndeep.yaml:3: plain.params.n_epochs = null: must be given"},
		{"plain", "n_epochs: 7", "n_epochs: 0", "deep.yaml:3: plain.params.n_epochs = 0: becomes training.epochs, which must be between 1"},
		{"plain", "n_epochs: 7", "n_epochs: soon", "deep.yaml:3: plain.params.n_epochs = soon: is not a whole number"},
		{"plain", "weight_decay: 0.003", "weight_decay: -1", "plain.params.weight_decay = -1: becomes training.weight_decay, which "},
		{"spikes", "n_iterations: 3", "iterations: 3", "deep.yaml:15: spikes.sal_params.iterations = 3: unknown key"},
		{"spikes", "    sal_lr: 0.3\n", "", "deep.yaml:15: spikes.sal_params.sal_lr = null: must be given"},
		{"spikes", "len_epoch: 50", "len_epoch: 9000000000000000000", "deep.yaml:18: spikes.sal_params.len_epoch = 9000000000000000000: becomes sal.update_steps, which "},
		{"spikes", "  sal_params:", "  sal:", "deep.yaml:14: spikes.sal = {n_iterations: 3, use_sal: True, t_ref: 12, len_epoch: 50...: unknown key"},
		{"spikes", "params: *p\n  sal_params", "params: {<<: *p, use_scfa: True}\n  sal_params", "deep.yaml:16: spikes.sal_params.use_sal = True: only one method at a time can be converted; params.use_scfa is another"},
		{"jumps", "every_epoch: True", "every_epoch: False", "jumps.rdd_params.every_epoch = False: only true can be converted"},
		{"signs", "use_scfa: True", "use_scfa: True, use_fa_conv_layers: True", "signs.params.use_fa_conv_layers = True: only with use_backprop"},
	} {
		text := strings.Replace(authorsDeepFile, c.old, c.new, 1)
		if _, _, err := File(known, "deep.yaml", []byte(text), Options{Entry: c.entry}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, %s: %v, want mention of %q", c.entry, c.new, err, c.want)
		}
	}
	if _, _, err := File(known, "example.yaml", []byte(authorsFile), Options{Entry: "sal"}); err == nil || !strings.Contains(err.Error(), "no entry to choose") {
		t.Errorf("an entry of a file without: %v", err)
	}
}

// FuzzFile: whatever a parameter file holds, there is an error with a place, or an experiment that
// is written and read as it is.
func FuzzFile(f *testing.F) {
	for _, text := range []string{authorsFile, authorsCircuit, authorsDeepFile, "", "kind: sampling\n", "a: {params: }\n", "a: &a {params: *a}\n", "a: {params: {}}\na: {params: {}}\n"} {
		for _, entry := range []string{"", "spikes", "a"} {
			f.Add(text, entry)
		}
	}
	f.Fuzz(func(t *testing.T, text, entry string) {
		s, _, err := File(known, "x.yaml", []byte(text), Options{Entry: entry})
		if err != nil {
			if !strings.HasPrefix(err.Error(), "x.yaml") {
				t.Fatalf("no place: %v", err)
			}
			return
		}
		first, err := s.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := known.Parse("x.yaml", first)
		if err != nil {
			t.Fatalf("what was written is refused: %v", err)
		}
		if second, err := again.Marshal(); err != nil || string(second) != string(first) {
			t.Fatalf("%v, or written anew it differs", err)
		}
	})
}
