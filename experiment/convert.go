package experiment

import (
	"errors"
	"fmt"
	"strings"

	"spikealign/internal/yamlconf"
)

// Convert turns a parameter file of the authors' programs into an experiment of ours. The file is recognised by its keys. With authors, timing follows the
// conventions of their program, for comparisons. The notes name the settings that have no counterpart, with their places. Faults are yamlconf.Errors; an error that
// wraps ErrUsage says that the file is one of ours.
//
// Known so far: their spiking sampling network (dim, distr, sim_params, ...) and their microcircuits (network_properties, u_input, ...), whose conventions are ours.
func (ks Kinds) Convert(file string, data []byte, authors bool) (s *Spec, notes []string, err error) {
	switch kind := yamlconf.Parse(file, data).Text("kind"); {
	case kind == sweepKind:
		return nil, nil, usagef("%s is a sweep file already; run it with: spikealign sweep %s", file, file)
	case ks.Find(kind) != nil:
		return nil, nil, usagef("%s is an experiment file already; run it with: spikealign run %s", file, file)
	}
	var theirs foreignFile = newAuthorsSampling(authors)
	if isMicrocircuit(file, data) {
		theirs = newAuthorsMicrocircuit()
	}
	if err := yamlconf.Parse(file, data).Decode(theirs); err != nil {
		return nil, nil, err
	}
	if s, err = ks.Parse(file, []byte("kind: "+theirs.kind().Name()+"\n")); err != nil {
		return nil, nil, err
	}
	s.Description = "converted from " + s.Name + "; the authors' program draws other numbers from the same seeds"
	theirs.convert(s)
	text, err := s.Marshal()
	if err != nil {
		return nil, nil, err
	}
	s, err = ks.Parse(file, text)
	var problems yamlconf.Errors
	if errors.As(err, &problems) {
		return nil, nil, places(file, data, theirs, inTheirTerms(theirs, problems))
	}
	if err != nil {
		return nil, nil, err
	}
	if errors.As(places(file, data, theirs, theirs.notes()), &problems) {
		for _, p := range problems {
			notes = append(notes, p.Error())
		}
	}
	return s, notes, nil
}

// foreignFile is the target for a parameter file of the authors.
type foreignFile interface {
	yamlconf.Validator
	// kind is the kind of experiment that the file becomes.
	kind() Kind
	// convert writes the settings into those of ours.
	convert(s *Spec)
	// notes returns what is lost, at the paths of their file.
	notes() []Problem
	// names pairs our paths with theirs.
	names() [][2]string
	// only makes Validate return nothing but these problems.
	only(ps []Problem)
}

// placing is the part of an foreignFile that lets Decode tell the lines and values of problems that were found after it.
type placing struct{ problems []Problem }

func (p *placing) only(ps []Problem) { p.problems = ps }

// places returns problems with their lines and values, as yamlconf.Errors, or nil if there are none.
func places(file string, data []byte, theirs foreignFile, ps []Problem) error {
	if len(ps) == 0 {
		return nil
	}
	theirs.only(ps)
	return yamlconf.Parse(file, data).Decode(theirs)
}

// inTheirTerms names the authors' settings in place of ours, as far as they correspond.
func inTheirTerms(theirs foreignFile, problems yamlconf.Errors) (ps []Problem) {
	for _, p := range problems {
		told := Problem{Message: p.Path + ": " + p.Message}
		for _, n := range theirs.names() {
			if p.Path == n[0] || strings.HasPrefix(p.Path, n[0]+".") {
				told = Problem{Path: n[1], Message: "becomes " + p.Path + ", which " + p.Message}
			}
		}
		ps = append(ps, told)
	}
	return ps
}

// newAuthorsSampling returns the defaults of their program. With timing, its conventions for the lengths of potential and refractory time are kept.
func newAuthorsSampling(timing bool) *authorsSampling {
	p := &authorsSampling{NumEpochs: 1, ValStep: 1, ValFactor: 1, Dur: 1000, Distr: authorsDistribution{1, 1}, timing: timing}
	one := authorsWindow{APlus: 1, AMinus: 1}
	p.STDP.WS, p.STDP.SAL = one, one
	p.SimParams.NumLastSpikes, p.STDP.NumLastSpikes = 1, 1
	return p
}

func (*authorsSampling) kind() Kind { return Sampling{} }

func (p *authorsSampling) convert(s *Spec) {
	s.Seed = p.Seed.Sim
	c := s.Config.(*SamplingConfig)
	c.Network.Visible = p.Dim
	c.Network.TauRef = p.SimParams.TRef
	if p.SimParams.TauSyn != float64(p.SimParams.TRef) {
		c.Network.TauSyn = p.SimParams.TauSyn
	}
	if p.timing {
		c.Network.Timing = authorsTiming
	}
	c.Seeds = SeedsConfig{Target: &p.Seed.Distr, Initial: &p.Seed.Init}
	c.Target.Alpha, c.Target.Beta = p.Distr.Alpha, p.Distr.Beta
	c.Initial = InitialConfig{WeightSD: p.WeightInit, BiasSD: p.BiasInit, Noise: p.InitNoise}
	c.Training.Epochs, c.Training.EpochLength = p.NumEpochs, p.Dur
	c.Training.ReportEvery, c.Training.ReportFactor = p.ValStep, p.ValFactor
	c.Training.ClipWeight, c.Training.ClipBias = p.MaxW, p.MaxB
	c.Plasticity.RateBias, c.Plasticity.RateWeight, c.Plasticity.RateSAL = p.LR.Bias, p.LR.Weight, p.LR.Symm
	if noise := p.STDP.WS.Noise; noise != nil {
		c.Plasticity.Noise = *noise
	}
}

func (*authorsSampling) names() [][2]string {
	return [][2]string{{"network.visible", "dim"}, {"network.tau_ref", "sim_params.t_ref"}, {"network.tau_syn", "sim_params.tau_syn"},
		{"target.alpha", "distr.alpha"}, {"target.beta", "distr.beta"}, {"initial.weight_sd", "weight_init"}, {"initial.bias_sd", "bias_init"}, {"initial.noise", "init_noise"},
		{"training.epochs", "num_epochs"}, {"training.epoch_length", "dur"}, {"training.report_every", "val_step"}, {"training.report_factor", "val_factor"},
		{"training.clip_weight", "max_w"}, {"training.clip_bias", "max_b"}, {"plasticity.rate_bias", "lr.bias"}, {"plasticity.rate_weight", "lr.weight"},
		{"plasticity.rate_sal", "lr.symm"}, {"plasticity.noise", "stdp.ws.noise"}}
}

// notes: their program reads the noise of both rules from stdp.ws and does not use its numbers of last spikes, whatever they are: within one
// refractory time there is at most one spike of a neuron.
func (p *authorsSampling) notes() (ps []Problem) {
	used := 0.0
	if noise := p.STDP.WS.Noise; noise != nil {
		used = *noise
	}
	if noise := p.STDP.SAL.Noise; noise != nil && *noise != used {
		ps = append(ps, Problem{Path: "stdp.sal.noise", Message: fmt.Sprintf(
			"left out: the authors' program does not use it; SAL has the noise of stdp.ws there, as here (plasticity.noise: %v)", used)})
	}
	for _, n := range []struct {
		path  string
		count int
	}{{"sim_params.num_last_spikes", p.SimParams.NumLastSpikes}, {"stdp.num_last_spikes", p.STDP.NumLastSpikes}} {
		if n.count != 1 {
			ps = append(ps, Problem{Path: n.path, Message: "left out: it has no effect in the authors' program, as a neuron spikes at most once within potential and window"})
		}
	}
	return ps
}

// authorsSampling has the keys of the authors' spiking sampling network.
type authorsSampling struct {
	Dim  int `yaml:"dim"`
	Seed struct {
		Distr uint64 `yaml:"distr"`
		Init  uint64 `yaml:"init"`
		Sim   uint64 `yaml:"sim"`
	} `yaml:"seed"`
	Distr     authorsDistribution `yaml:"distr"`
	SimParams struct {
		TRef          int64   `yaml:"t_ref"`
		TauSyn        float64 `yaml:"tau_syn"`
		NumLastSpikes int     `yaml:"num_last_spikes"`
	} `yaml:"sim_params"`
	NumEpochs int64 `yaml:"num_epochs"`
	ValStep   int64 `yaml:"val_step"`
	ValFactor int64 `yaml:"val_factor"`
	LR        struct {
		Bias   float64 `yaml:"bias"`
		Weight float64 `yaml:"weight"`
		Symm   float64 `yaml:"symm"`
	} `yaml:"lr"`
	Dur        int64   `yaml:"dur"`
	InitNoise  float64 `yaml:"init_noise"`
	WeightInit float64 `yaml:"weight_init"`
	BiasInit   float64 `yaml:"bias_init"`
	MaxW       float64 `yaml:"max_w"`
	MaxB       float64 `yaml:"max_b"`
	STDP       struct {
		NumLastSpikes int           `yaml:"num_last_spikes"`
		WS            authorsWindow `yaml:"ws"`
		SAL           authorsWindow `yaml:"sal"`
	} `yaml:"stdp"`

	timing bool
	placing
}

type authorsDistribution struct {
	Alpha float64 `yaml:"alpha"`
	Beta  float64 `yaml:"beta"`
}

type authorsWindow struct {
	APlus    float64  `yaml:"a_plus"`
	AMinus   float64  `yaml:"a_minus"`
	TauPlus  float64  `yaml:"tau_plus"`
	TauMinus float64  `yaml:"tau_minus"`
	Noise    *float64 `yaml:"noise"`
}

// Validate tells what has no counterpart in our experiments.
func (p *authorsSampling) Validate() []Problem {
	if p.problems != nil {
		return p.problems
	}
	var ps []Problem
	needs := func(ok bool, path, message string) {
		if !ok {
			ps = append(ps, Problem{Path: path, Message: message})
		}
	}
	needs(p.Dim >= 1, "dim", "must be given, 1 or more")
	needs(p.SimParams.TRef >= 1, "sim_params.t_ref", "must be given, 1 step or more")
	needs(p.SimParams.TauSyn > 0, "sim_params.tau_syn", "must be given, in steps")
	tau := float64(p.SimParams.TRef)
	for _, w := range []struct {
		path string
		w    authorsWindow
	}{{"stdp.ws", p.STDP.WS}, {"stdp.sal", p.STDP.SAL}} {
		needs(w.w.APlus == 1, w.path+".a_plus", "only 1 can be converted; scale the learning rates instead")
		needs(w.w.AMinus == 1, w.path+".a_minus", "only 1 can be converted; scale the learning rates instead")
		needs(w.w.TauPlus == tau || w.w.TauPlus == 0, w.path+".tau_plus", "only t_ref can be converted")
		needs(w.w.TauMinus == tau || w.w.TauMinus == 0, w.path+".tau_minus", "only t_ref can be converted")
	}
	return ps
}
