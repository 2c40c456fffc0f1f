package convert

import (
	"fmt"

	"spikealign/experiment"
	"spikealign/internal/yamlconf"
	"spikealign/kinds"
	"spikealign/microcircuit"
	"spikealign/settings"
)

// isMicrocircuit reports whether a document is a parameter file of the authors' microcircuits.
func isMicrocircuit(file string, data []byte) bool {
	var probe struct {
		Network yamlconf.Raw `yaml:"network_properties"`
	}
	doc := yamlconf.Parse(file, data)
	doc.AllowUnknown = true
	_ = doc.Decode(&probe) // what is wrong with the file is reported later
	return probe.Network != ""
}

// newAuthorsMicrocircuit returns the defaults of their program.
func newAuthorsMicrocircuit() *authorsMicrocircuit {
	p := &authorsMicrocircuit{}
	p.Student.ShuffleTraining, p.Student.SetSPS, p.Student.UpdateDown = true, true, true
	p.Network.NLastSpikes, p.Network.AAnticausal, p.Network.ACausal = 1, 1, -1
	return p
}

func (*authorsMicrocircuit) kind() experiment.Kind { return kinds.Microcircuit{} }

// convert: their timing is ours.
func (p *authorsMicrocircuit) convert(s *experiment.Spec) {
	n, st := p.Network, p.Student
	s.Seed, s.Record.Spikes = st.PoissonSeed, st.RecordAllSpikes
	c := s.Config.(*kinds.MicrocircuitConfig)
	c.Neurons = microcircuit.Neurons{Dims: n.Dims, Tau: n.TRef, Window: n.SizeMovingAverage, LambdaApical: n.LambdaAPI, LambdaNudge: n.LambdaNudge}
	c.Plasticity = microcircuit.Plasticity{Method: microcircuit.FA, RateUp: []float64{}, RateDown: []float64{}, Lag: n.LearningLag}
	top := len(n.LR) - 1
	for l, lr := range n.LR {
		c.Plasticity.RateUp = append(c.Plasticity.RateUp, lr.Up)
		if l < top {
			c.Plasticity.RateDown = append(c.Plasticity.RateDown, lr.Down)
			if st.UpdateDown && lr.Down > 0 {
				c.Plasticity.Method = microcircuit.SAL
			}
		}
	}
	if p.Initial.ShareWeights {
		c.Plasticity.Method = microcircuit.BP
	}
	c.Seeds = microcircuit.Seeds{Task: &p.TeacherRun.PoissonSeed, Initial: &st.WeightsInitSeed}
	single := func(xs []float64) (bs [][]float64) {
		for _, x := range xs {
			bs = append(bs, []float64{x})
		}
		return bs
	}
	c.Initial.Bias = single(p.Initial.Bias)
	c.Initial.UpRange, c.Initial.DownRange = [][2]float64{p.Initial.Limits.Up}, [][2]float64{p.Initial.Limits.Down}
	c.Task.Teacher.Bias, c.Task.Teacher.Up = single(p.Teacher.Bias), nil
	for _, w := range p.Teacher.Weights {
		c.Task.Teacher.Up = append(c.Task.Teacher.Up, [][]float64{{w.Up}})
	}
	c.Task.Teacher.Steps = times(p.TeacherRun.TPattern, n.TRef)
	patterns := func(xs []float64) []microcircuit.Pattern {
		ps := []microcircuit.Pattern{}
		for _, x := range xs {
			ps = append(ps, microcircuit.Pattern{Input: []float64{x}})
		}
		return ps
	}
	c.Task.Train, c.Task.Validation = patterns(p.Input.Training), patterns(p.validation())
	c.Course = microcircuit.Course{Epochs: st.NumEpochs, EpochPatterns: st.LenEpoch, AlignPatterns: st.LenSymmetrization, PatternSteps: times(st.TPattern, n.TRef),
		Skip: n.LearningLag, ReportEvery: 1}
}

// validation returns the validation inputs that their program shows the student: without shuffling
// the first len_validation of those given, after every epoch the same.
func (p *authorsMicrocircuit) validation() []float64 {
	return p.Input.Validation[:p.Student.LenValidation]
}

func (*authorsMicrocircuit) names() [][2]string {
	const network, student, teacher = "network_properties.", "student_simulation_settings.", "teacher_initial_parameters."
	return [][2]string{{"network.layers", network + "dims"}, {"network.tau_ref", network + "t_ref"}, {"network.window", network + "size_moving_average"},
		{"network.lambda_apical", network + "lambda_api"}, {"network.lambda_nudge", network + "lambda_nudge"}, {"plasticity.lag", network + "learning_lag"},
		{"plasticity.rate_up", network + "lr"}, {"plasticity.rate_down", network + "lr"}, {"initial.bias", "student_initial_parameters.bias"},
		{"initial.up_range", "student_initial_parameters.random_weights_init_limits.up"}, {"initial.down_range", "student_initial_parameters.random_weights_init_limits.down"},
		{"task.teacher.bias", teacher + "bias"}, {"task.teacher.up", teacher + "weights"}, {"task.teacher.steps", "teacher_simulation_settings.t_pattern"},
		{"task.train", "u_input.training"}, {"task.validation", "u_input.validation"}, {"training.epochs", student + "num_epochs"},
		{"training.epoch_patterns", student + "len_epoch"}, {"training.align_patterns", student + "len_symmetrization"}, {"training.pattern_steps", student + "t_pattern"},
		{"training.skip", network + "learning_lag"}}
}

func (p *authorsMicrocircuit) notes() (ps settings.Problems) {
	const student, teacher = "student_simulation_settings.", "teacher_simulation_settings."
	const recorded, once = "docs/files.md lists what is recorded here", "the teacher is shown every input once"
	for _, n := range []struct {
		path, why string
		value     yamlconf.Raw
	}{
		{student + "recorded_quantities", recorded, p.Student.RecordedQuantities},
		{student + "recorded_sample_length", recorded, p.Student.RecordedSampleLength},
		{student + "training_seed", "the order of the inputs follows from the seed of the run", p.Student.TrainingSeed},
		{teacher + "len_epoch", once, p.TeacherRun.LenEpoch},
		{teacher + "len_validation", once, p.TeacherRun.LenValidation},
		{teacher + "num_epochs", once, p.TeacherRun.NumEpochs},
		{teacher + "recorded_quantities", recorded, p.TeacherRun.RecordedQuantities},
		{teacher + "shuffle_training", once, p.TeacherRun.ShuffleTraining},
		{teacher + "shuffle_validation", once, p.TeacherRun.ShuffleValidation},
		{teacher + "training_seed", once, p.TeacherRun.TrainingSeed},
	} {
		if n.value != "" && !(n.why == once && n.value == "1") {
			ps = append(ps, settings.Problem{Path: n.path, Message: "left out: " + n.why})
		}
	}
	if shown, given := p.Student.LenValidation, len(p.Input.Validation); shown < given {
		ps.Add(student+"len_validation", "the last %d of the %d inputs in u_input.validation are left out: their program never shows them to the student either",
			given-shown, given)
	}
	return ps
}

// authorsMicrocircuit has the keys of the authors' microcircuits. Raw settings have no effect here.
type authorsMicrocircuit struct {
	Network struct {
		Dims        []int   `yaml:"dims"`
		LambdaAPI   float64 `yaml:"lambda_api"`
		LambdaNudge float64 `yaml:"lambda_nudge"`
		LearningLag int64   `yaml:"learning_lag"`
		LR          []struct {
			Down float64 `yaml:"down"`
			Up   float64 `yaml:"up"`
		} `yaml:"lr"`
		NLastSpikes       int     `yaml:"n_last_spks"`
		SizeMovingAverage int64   `yaml:"size_moving_average"`
		AAnticausal       float64 `yaml:"stdp_a_anticausal"`
		ACausal           float64 `yaml:"stdp_a_causal"`
		TauAnticausal     float64 `yaml:"stdp_tau_anticausal"`
		TauCausal         float64 `yaml:"stdp_tau_causal"`
		TRef              int64   `yaml:"t_ref"`
		TauSyn            float64 `yaml:"tau_syn"`
	} `yaml:"network_properties"`
	Initial struct {
		Bias         []float64 `yaml:"bias"`
		ShareWeights bool      `yaml:"share_weights"`
		Limits       struct {
			Up   [2]float64 `yaml:"up"`
			Down [2]float64 `yaml:"down"`
		} `yaml:"random_weights_init_limits"`
	} `yaml:"student_initial_parameters"`
	Student struct {
		LenEpoch             int          `yaml:"len_epoch"`
		LenSymmetrization    int          `yaml:"len_symmetrization"`
		LenValidation        int          `yaml:"len_validation"`
		NumEpochs            int64        `yaml:"num_epochs"`
		PoissonSeed          uint64       `yaml:"poisson_seed"`
		WeightsInitSeed      uint64       `yaml:"weights_init_seed"`
		RecordAllSpikes      bool         `yaml:"record_all_spks"`
		RecordedQuantities   yamlconf.Raw `yaml:"recorded_quantities"`
		RecordedSampleLength yamlconf.Raw `yaml:"recorded_sample_length"`
		SetSPS               bool         `yaml:"set_sps"`
		ShuffleTraining      bool         `yaml:"shuffle_training"`
		ShuffleValidation    bool         `yaml:"shuffle_validation"`
		TPattern             int64        `yaml:"t_pattern"`
		TrainingSeed         yamlconf.Raw `yaml:"training_seed"`
		UpdateDown           bool         `yaml:"update_down"`
	} `yaml:"student_simulation_settings"`
	Teacher struct {
		Bias    []float64 `yaml:"bias"`
		Weights []struct {
			Up float64 `yaml:"w_up"`
		} `yaml:"weights"`
	} `yaml:"teacher_initial_parameters"`
	TeacherRun struct {
		LenEpoch           yamlconf.Raw `yaml:"len_epoch"`
		LenValidation      yamlconf.Raw `yaml:"len_validation"`
		NumEpochs          yamlconf.Raw `yaml:"num_epochs"`
		PoissonSeed        uint64       `yaml:"poisson_seed"`
		RecordedQuantities yamlconf.Raw `yaml:"recorded_quantities"`
		ShuffleTraining    yamlconf.Raw `yaml:"shuffle_training"`
		ShuffleValidation  yamlconf.Raw `yaml:"shuffle_validation"`
		TPattern           int64        `yaml:"t_pattern"`
		TrainingSeed       yamlconf.Raw `yaml:"training_seed"`
	} `yaml:"teacher_simulation_settings"`
	Input struct {
		Training   []float64 `yaml:"training"`
		Validation []float64 `yaml:"validation"`
	} `yaml:"u_input"`

	placing
}

// Validate tells what has no counterpart in our experiments.
func (p *authorsMicrocircuit) Validate() settings.Problems {
	if p.problems != nil {
		return p.problems
	}
	var ps settings.Problems
	n, s := p.Network, p.Student
	needs := func(ok bool, path, message string) {
		if !ok {
			ps.Add(path, "%s", message)
		}
	}
	for l, size := range n.Dims {
		if size != 1 {
			ps.Add(fmt.Sprintf("network_properties.dims.%d", l), "only networks with one neuron in each layer can be converted")
		}
	}
	needs(len(n.Dims) > 1, "network_properties.dims", "must name at least two layers")
	needs(p.Initial.Limits.Up != [2]float64{}, "student_initial_parameters.random_weights_init_limits", "is missing; only weights drawn at random can be converted")
	layers := max(len(n.Dims)-1, 0)
	for _, list := range []struct {
		path string
		n    int
	}{{"network_properties.lr", len(n.LR)}, {"student_initial_parameters.bias", len(p.Initial.Bias)}, {"teacher_initial_parameters.bias", len(p.Teacher.Bias)},
		{"teacher_initial_parameters.weights", len(p.Teacher.Weights)}} {
		if list.n != layers {
			ps.Add(list.path, "has %s, needs %d: one for each layer above the input", settings.Count(list.n, "entry"), layers)
		}
	}
	const network, student = "network_properties.", "student_simulation_settings."
	tau := float64(n.TRef)
	needs(n.TRef >= 1, network+"t_ref", "must be given, 1 step or more")
	needs(n.NLastSpikes == 1, network+"n_last_spks", "only 1 can be converted")
	needs(n.AAnticausal == 1, network+"stdp_a_anticausal", "only 1 can be converted; scale the learning rates instead")
	needs(n.ACausal == -1, network+"stdp_a_causal", "only -1 can be converted; scale the learning rates instead")
	needs(n.TauAnticausal == tau || n.TauAnticausal == 0, network+"stdp_tau_anticausal", "only t_ref can be converted")
	needs(n.TauCausal == tau || n.TauCausal == 0, network+"stdp_tau_causal", "only t_ref can be converted")
	needs(n.TauSyn == tau, network+"tau_syn", "only t_ref can be converted")
	needs(s.SetSPS, student+"set_sps", "only true can be converted: the self-predicting state is kept at all times")
	needs(s.ShuffleTraining, student+"shuffle_training", "only true can be converted, which draws patterns with replacement")
	needs(!s.ShuffleValidation, student+"shuffle_validation", "only false can be converted: here every epoch presents each validation input once")
	needs(s.LenValidation >= 0 && s.LenValidation <= len(p.Input.Validation), student+"len_validation",
		"must not be more than the validation inputs: here every epoch presents each of them once at most")
	needs(len(p.Input.Training) > 0, "u_input.training", "must name at least one input")
	return ps
}
