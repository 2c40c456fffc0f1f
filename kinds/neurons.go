package kinds

import (
	"fmt"
	"slices"

	"spikealign/sampling"
	"spikealign/synapse"
)

// NeuronConfig describes the stochastic neurons of section 1 of docs/model.md and how they are
// simulated. It stands in the block "network" of the kinds that use them.
type NeuronConfig struct {
	TauRef   int64             `yaml:"tau_ref" doc:"refractory time tau, steps"`
	Dynamics sampling.Dynamics `yaml:"dynamics" doc:"discrete or continuous time"`
	Timing   Timing            `yaml:"timing" doc:"canonical, or authors: psp_steps tau-1, min_isi tau+1, every epoch begins at rest"`
	PSP      synapse.PSPShape  `yaml:"psp" doc:"rectangular, alpha, exponential, cut-exponential, rectangular-tail"`
	TauSyn   float64           `yaml:"tau_syn" doc:"synaptic time constant, steps, and the length of a rectangular potential unless psp_steps is given; 0: tau_ref"`
	PSPSteps int64             `yaml:"psp_steps" doc:"length of a rectangular potential, steps; 0: tau_syn (authors: less 1)"`
	PSPCut   int64             `yaml:"psp_cut" doc:"lag beyond which any other potential is 0, steps; 0: never"`
	MinISI   int64             `yaml:"min_isi" doc:"shortest interval between two spikes of a neuron, steps; 0: tau_ref (authors: plus 1)"`
	Delay    int64             `yaml:"delay" doc:"transmission delay, steps"`
	Engine   engineName        `yaml:"engine" doc:"auto, stepper, event, thinning; all have the same law"`
}

// config is the simulators' description of n such neurons.
func (c *NeuronConfig) config(n int) sampling.Config {
	s := sampling.Config{Neurons: n, TauRef: c.TauRef, MinISI: c.MinISI, PSP: c.PSP, PSPSteps: c.PSPSteps, TauSyn: c.TauSyn, PSPCut: c.PSPCut,
		Delay: c.Delay, Dynamics: c.Dynamics}
	if c.Timing == AuthorsTiming {
		if s.PSPSteps == 0 {
			s.PSPSteps = max(s.Resolve().PSPSteps-1, 1)
		}
		if s.MinISI == 0 {
			s.MinISI = s.TauRef + 1
		}
	}
	return s
}

// maxKernel is the longest potential, in steps, that the stepper tabulates: 128 MB.
const maxKernel = 1 << 24

// shortest is the smallest time constant, in steps: below, a potential is over before the first
// step and its area cannot be kept.
const shortest = 0.01

// check looks at the block "network"; n is 0 if the number of neurons is in doubt.
func (c *NeuronConfig) check(p *checker, n int) {
	before := len(p.problems)
	p.steps("network.tau_ref", c.TauRef, 1)
	p.steps("network.psp_steps", c.PSPSteps, 0)
	p.steps("network.psp_cut", c.PSPCut, 0)
	p.steps("network.min_isi", c.MinISI, 0)
	p.steps("network.delay", c.Delay, 0)
	switch tau := c.TauSyn; {
	case !(tau == 0 || tau >= shortest && tau <= 1<<24):
		p.bad("network.tau_syn", "must be 0 (which stands for tau_ref) or between %v and 2^24 steps", shortest)
	case tau != 0 && c.PSP == synapse.Rectangular && c.PSPSteps == 0 && tau < 0.5:
		p.bad("network.tau_syn", "must be 0.5 or more: a rectangular potential lasts at least one step")
	}
	if len(p.problems) > before {
		return
	}
	ticks := float64(c.config(n).TicksPerStep())
	if float64(c.TauRef)*ticks > synapse.MaxWindowTau {
		p.bad("network.tau_ref", "must be at most %d steps in continuous time", int64(synapse.MaxWindowTau/ticks))
	}
	if c.Engine == engineName(sampling.Stepper) && len(p.problems) == before {
		if k := c.config(n).Kernel(); k.Validate() == nil && k.Length() > maxKernel {
			p.bad("network.engine", "stepper tabulates potentials up to 2^24 steps, and this one lasts %d; set psp_cut, or choose auto", k.Length())
		}
	}
	if len(p.problems) == before && n > 0 {
		if _, err := sampling.New(string(c.Engine), c.config(n)); err != nil {
			p.bad("network.engine", "%v", err)
		}
	}
}

// Timing is a preset of conventions that differ by single steps.
type Timing uint8

const (
	CanonicalTiming Timing = iota
	AuthorsTiming
)

// MarshalText implements encoding.TextMarshaler.
func (t Timing) MarshalText() ([]byte, error) {
	return []byte([]string{"canonical", "authors"}[t]), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Timing) UnmarshalText(b []byte) error {
	switch string(b) {
	case "canonical":
		*t = CanonicalTiming
	case "authors":
		*t = AuthorsTiming
	default:
		return fmt.Errorf("allowed are canonical, authors")
	}
	return nil
}

type engineName string

// UnmarshalText implements encoding.TextUnmarshaler.
func (e *engineName) UnmarshalText(b []byte) error {
	names := []string{sampling.Auto, sampling.Stepper, sampling.Event, sampling.Thinning}
	if !slices.Contains(names, string(b)) {
		return fmt.Errorf("allowed are auto, stepper, event, thinning")
	}
	*e = engineName(b)
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (e engineName) MarshalText() ([]byte, error) { return []byte(e), nil }

// checkWindow looks at the time constant of a learning window, 0 standing for tau_ref.
func checkWindow(p *checker, path string, shape synapse.WindowShape, tau float64, cfg sampling.Config) {
	ticks := float64(cfg.TicksPerStep())
	window := synapse.Half{Shape: shape, Tau: tau * ticks}
	switch {
	case tau == 0:
	case !(tau >= shortest && tau <= 1<<24) || window.Validate() != nil:
		p.bad(path, "must be 0 (which stands for tau_ref) or between %v and %v steps", shortest, min(1<<24, synapse.MaxWindowTau/ticks))
	case window.Support() == 0:
		p.bad(path, "no pair of spikes falls into a %v window of this length", shape)
	}
}

// fits checks that a run of so many steps can be counted.
func fits(p *checker, path string, cfg sampling.Config, steps float64) {
	if len(p.problems) == 0 && steps*float64(cfg.TicksPerStep()) > 1<<56 {
		p.bad(path, "the run is longer than the 2^56 ticks that a clock can count; fewer or shorter epochs are needed")
	}
}
