package convert

import (
	"fmt"

	"spikealign/experiment"
	"spikealign/kinds"
	"spikealign/sampling"
	"spikealign/settings"
)

// newAuthorsSampling returns the defaults of their program. With timing, its conventions for the
// lengths of potential and refractory time are kept.
func newAuthorsSampling(timing bool) *authorsSampling {
	p := &authorsSampling{NumEpochs: 1, ValStep: 1, ValFactor: 1, Dur: 1000, Distr: authorsDistribution{1, 1}, timing: timing}
	one := authorsWindow{APlus: 1, AMinus: 1}
	p.STDP.WS, p.STDP.SAL = one, one
	p.SimParams.NumLastSpikes, p.STDP.NumLastSpikes = 1, 1
	return p
}

func (*authorsSampling) kind() experiment.Kind { return kinds.Sampling{} }

func (p *authorsSampling) convert(s *experiment.Spec) {
	s.Seed = p.Seed.Sim
	c := s.Config.(*kinds.SamplingConfig)
	c.Network.Visible = p.Dim
	c.Network.TauRef = p.SimParams.TRef
	if p.SimParams.TauSyn != float64(p.SimParams.TRef) {
		c.Network.TauSyn = p.SimParams.TauSyn
	}
	if p.timing {
		c.Network.Timing = sampling.AuthorsTiming
	}
	c.Seeds = sampling.Seeds{Target: &p.Seed.Distr, Initial: &p.Seed.Init}
	c.Target.Alpha, c.Target.Beta = p.Distr.Alpha, p.Distr.Beta
	c.Initial = sampling.Initial{WeightSD: p.WeightInit, BiasSD: p.BiasInit, Noise: p.InitNoise}
	c.Course.Epochs, c.Course.EpochLength = p.NumEpochs, p.Dur
	c.Course.ReportEvery, c.Course.ReportFactor = p.ValStep, p.ValFactor
	c.Course.ClipWeight, c.Course.ClipBias = p.MaxW, p.MaxB
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

// notes: their program reads the noise of both rules from stdp.ws and does not use its numbers of
// last spikes, whatever they are: within one refractory time there is at most one spike of a
// neuron.
func (p *authorsSampling) notes() (ps settings.Problems) {
	used := 0.0
	if noise := p.STDP.WS.Noise; noise != nil {
		used = *noise
	}
	if noise := p.STDP.SAL.Noise; noise != nil && *noise != used {
		ps = append(ps, settings.Problem{Path: "stdp.sal.noise", Message: fmt.Sprintf(
			"left out: the authors' program does not use it; SAL has the noise of stdp.ws there, as here (plasticity.noise: %v)", used)})
	}
	for _, n := range []struct {
		path  string
		count int
	}{{"sim_params.num_last_spikes", p.SimParams.NumLastSpikes}, {"stdp.num_last_spikes", p.STDP.NumLastSpikes}} {
		if n.count != 1 {
			ps = append(ps, settings.Problem{Path: n.path, Message: "left out: it has no effect in the authors' program, as a neuron spikes at most once within potential and window"})
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
func (p *authorsSampling) Validate() settings.Problems {
	if p.problems != nil {
		return p.problems
	}
	var ps settings.Problems
	needs := func(ok bool, path, message string) {
		if !ok {
			ps = append(ps, settings.Problem{Path: path, Message: message})
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
