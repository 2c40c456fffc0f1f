package experiment

import (
	"errors"

	"spikealign/internal/yamlconf"
)

// Convert turns a parameter file of the authors' programs into an experiment of ours. The file is recognised by its keys. With authors, timing follows the
// conventions of their program, for comparisons. Faults are yamlconf.Errors.
//
// Known so far: their spiking sampling network (dim, distr, sim_params, ...) and their microcircuits (network_properties, u_input, ...), whose conventions are ours.
func (ks Kinds) Convert(file string, data []byte, authors bool) (*Spec, error) {
	kind := Sampling{}.Name()
	circuit := isMicrocircuit(file, data)
	if circuit {
		kind = Microcircuit{}.Name()
	}
	s, err := ks.Parse(file, []byte("kind: "+kind+"\n"))
	if err != nil {
		return nil, err
	}
	s.Description = "converted from " + s.Name + "; the authors' program draws other numbers from the same seeds"
	doc := yamlconf.Parse(file, data)
	if circuit {
		err = convertMicrocircuit(doc, s)
	} else {
		err = convertSampling(doc, s, authors)
	}
	if err != nil {
		return nil, err
	}
	text, err := s.Marshal()
	if err != nil {
		return nil, err
	}
	s, err = ks.Parse(file, text)
	var problems yamlconf.Errors
	if errors.As(err, &problems) {
		for k := range problems {
			problems[k].Line = 0 // what is not valid is told in our terms; the line would be one of a text that nobody has seen
		}
	}
	return s, err
}

// convertSampling writes the settings of the authors' file into those of ours.
func convertSampling(doc *yamlconf.Document, s *Spec, authors bool) error {
	p := authorsSampling{NumEpochs: 1, ValStep: 1, ValFactor: 1, Dur: 1000, Distr: authorsDistribution{1, 1}}
	one := authorsWindow{APlus: 1, AMinus: 1}
	p.STDP.WS, p.STDP.SAL = one, one
	if err := doc.Decode(&p); err != nil {
		return err
	}
	s.Seed = p.Seed.Sim
	c := s.Config.(*SamplingConfig)
	c.Network.Visible = p.Dim
	c.Network.TauRef = p.SimParams.TRef
	if p.SimParams.TauSyn != float64(p.SimParams.TRef) {
		c.Network.TauSyn = p.SimParams.TauSyn
	}
	if authors {
		c.Network.Timing = authorsTiming
	}
	c.Seeds = SeedsConfig{Target: &p.Seed.Distr, Initial: &p.Seed.Init}
	c.Target.Alpha, c.Target.Beta = p.Distr.Alpha, p.Distr.Beta
	c.Initial = InitialConfig{WeightSD: p.WeightInit, BiasSD: p.BiasInit, Noise: p.InitNoise}
	c.Training.Epochs, c.Training.EpochLength = p.NumEpochs, p.Dur
	c.Training.ReportEvery, c.Training.ReportFactor = p.ValStep, p.ValFactor
	c.Training.ClipWeight, c.Training.ClipBias = p.MaxW, p.MaxB
	c.Plasticity.RateBias, c.Plasticity.RateWeight, c.Plasticity.RateSAL = p.LR.Bias, p.LR.Weight, p.LR.Symm
	c.Plasticity.Noise = p.STDP.WS.Noise
	return nil
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
}

type authorsDistribution struct {
	Alpha float64 `yaml:"alpha"`
	Beta  float64 `yaml:"beta"`
}

type authorsWindow struct {
	APlus    float64 `yaml:"a_plus"`
	AMinus   float64 `yaml:"a_minus"`
	TauPlus  float64 `yaml:"tau_plus"`
	TauMinus float64 `yaml:"tau_minus"`
	Noise    float64 `yaml:"noise"`
}

// Validate tells what has no counterpart in our experiments. Their program reads the noise of both rules from stdp.ws and does not use its numbers of last spikes, whatever they are: within
// one refractory time there is at most one spike of a neuron.
func (p *authorsSampling) Validate() []Problem {
	var ps []Problem
	bad := func(path, message string) { ps = append(ps, Problem{Path: path, Message: message}) }
	if p.Dim < 1 {
		bad("dim", "must be 1 or more")
	}
	tau := float64(p.SimParams.TRef)
	for _, w := range []struct {
		path string
		w    authorsWindow
	}{{"stdp.ws", p.STDP.WS}, {"stdp.sal", p.STDP.SAL}} {
		if w.w.APlus != 1 || w.w.AMinus != 1 {
			bad(w.path+".a_plus", "only amplitudes a_plus = a_minus = 1 can be converted; scale the learning rates instead")
		}
		if (w.w.TauPlus != tau && w.w.TauPlus != 0) || (w.w.TauMinus != tau && w.w.TauMinus != 0) {
			bad(w.path+".tau_plus", "only tau_plus = tau_minus = t_ref can be converted")
		}
	}
	return ps
}
