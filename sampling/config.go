package sampling

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"spikealign/settings"
	"spikealign/synapse"
)

// Dynamics says how time runs.
type Dynamics uint8

const (
	// Discrete: in every step each non-refractory neuron fires with probability sigma(u - ln
	// TauRef), all in parallel.
	Discrete Dynamics = iota
	// Continuous: a non-refractory neuron has the hazard exp(u)/TauRef per step of time.
	Continuous
)

var dynamicsNames = settings.Names{Discrete: "discrete", Continuous: "continuous"}

// String returns the name of the dynamics.
func (d Dynamics) String() string { return dynamicsNames.String(int(d)) }

// MarshalText returns the name of the dynamics, or an error if d is none.
func (d Dynamics) MarshalText() ([]byte, error) { return dynamicsNames.Marshal(int(d)) }

// UnmarshalText accepts "discrete" and "continuous". The error names them.
func (d *Dynamics) UnmarshalText(b []byte) error { return settings.Parse(dynamicsNames, b, d) }

// ContinuousTicks is the number of ticks in a step of continuous-time dynamics: the resolution of
// the clock on which its spikes are noted.
const ContinuousTicks = 1 << 20

// Timing is a preset of conventions: AuthorsTiming makes the potential a step shorter, the
// refractory time a step longer, and lets every epoch of a training begin at rest.
type Timing = synapse.Timing

// The presets.
const (
	CanonicalTiming = synapse.CanonicalTiming
	AuthorsTiming   = synapse.AuthorsTiming
)

// Config describes the neurons of a sampling network and how they are simulated. Times are in
// steps, as in docs/model.md, section 1. The zero value of everything but Neurons and TauRef is its
// default.
type Config struct {
	Neurons  int              `yaml:"-"` // number of neurons n, at least 1
	TauRef   int64            `yaml:"tau_ref" default:"50" range:"[1, 2^24]" unit:"steps" also:"tau, t_ref, refractory_time" doc:"refractory time tau, the length of the state z = 1"`
	Dynamics Dynamics         `yaml:"dynamics" doc:"discrete or continuous time"`
	Timing   Timing           `yaml:"timing" doc:"canonical, or authors: psp_steps tau-1, min_isi tau+1, every epoch begins at rest"`
	PSP      synapse.PSPShape `yaml:"psp" also:"kernel" doc:"rectangular, alpha, exponential, cut-exponential, rectangular-tail"`
	TauSyn   float64          `yaml:"tau_syn" range:"0 or [0.01, 2^24]" unit:"steps" also:"tau_s" doc:"synaptic time constant, and the length of a rectangular potential unless psp_steps is given; 0: tau_ref"`
	PSPSteps int64            `yaml:"psp_steps" range:"[0, 2^24]" unit:"steps" doc:"length of a rectangular potential; 0: tau_syn (authors: less 1)"`
	PSPCut   int64            `yaml:"psp_cut" range:"[0, 2^24]" unit:"steps" doc:"lag beyond which any other potential is 0; 0: never"`
	MinISI   int64            `yaml:"min_isi" range:"[0, 2^24]" unit:"steps" doc:"shortest interval between two spikes of a neuron; 0: tau_ref (authors: plus 1)"`
	Delay    int64            `yaml:"delay" range:"[0, 2^24]" unit:"steps" doc:"transmission delay, added to every lag"`
	// Refractory multiplies MinISI for each neuron; nil: all 1. States and potentials keep their
	// lengths.
	Refractory []float64 `yaml:"-"`
	Engine     string    `yaml:"engine" default:"auto" choice:"auto, stepper, event, thinning" doc:"all have the same law"`
}

// Resolve returns the configuration with every 0 that stands for a default replaced by it.
func (c Config) Resolve() Config {
	authors := int64(0)
	if c.Timing == AuthorsTiming {
		authors = 1
	}
	if c.MinISI == 0 {
		c.MinISI = c.TauRef + authors
	}
	if c.TauSyn == 0 {
		c.TauSyn = float64(c.TauRef)
	}
	if c.PSPSteps == 0 {
		c.PSPSteps = int64(math.Round(c.TauSyn))
		if authors > 0 {
			c.PSPSteps = max(c.PSPSteps-1, 1)
		}
	}
	return c
}

// maxRefractory bounds the factor of a neuron's shortest interval.
const maxRefractory = 16

// shortest returns the shortest interval between two spikes of each neuron of a resolved
// configuration, in ticks; nil if it is MinISI for all.
func (c Config) shortest() []int64 {
	if c.Refractory == nil {
		return nil
	}
	steps := make([]int64, c.Neurons)
	for i, x := range c.Refractory {
		steps[i] = max(int64(math.RoundToEven(x*float64(c.MinISI*c.TicksPerStep()))), 1)
	}
	return steps
}

// maxKernel is the longest potential, in steps, that the stepper tabulates: 128 MB.
const maxKernel = 1 << 24

// Validate returns everything that is wrong with the configuration.
func (c Config) Validate() settings.Problems {
	if c.Engine == "" {
		c.Engine = Auto
	}
	ps := settings.Check(c)
	if len(ps) == 0 {
		c.relate(&ps, "")
	}
	return ps
}

// relate adds, below path, the problems of settings that do not go together; each of them is
// possible by itself.
func (c Config) relate(ps *settings.Problems, path string) {
	before := len(*ps)
	bad := func(key, format string, args ...any) { ps.Add(settings.Join(path, key), format, args...) }
	if c.Neurons < 1 || c.Neurons > math.MaxInt32 {
		bad("neurons", "must be between 1 and 2^31-1")
	}
	if c.PSP == synapse.Rectangular && c.PSPSteps == 0 && c.TauSyn != 0 && c.TauSyn < 0.5 {
		bad("tau_syn", "must be 0.5 or more: a rectangular potential lasts at least one step")
	}
	if _, err := c.Dynamics.MarshalText(); err != nil {
		bad("dynamics", "%v", err)
	}
	if len(*ps) > before {
		return
	}
	if r := c.Refractory; r != nil && (len(r) != c.Neurons || slices.ContainsFunc(r, func(x float64) bool { return !(x > 0 && x <= maxRefractory) })) {
		bad("refractory", "must hold a factor above 0 and at most %d for each of the %d neurons", maxRefractory, c.Neurons)
		return
	}
	kernel := c.Kernel()
	if err := kernel.Validate(); err != nil {
		bad("psp", "%v", err)
		return
	}
	if c.Engine == Stepper && kernel.Length() > maxKernel {
		bad("engine", "stepper tabulates potentials up to 2^24 steps, and this one lasts %d; set psp_cut, or choose auto", kernel.Length())
	} else if lack := c.lacks(); lack != "" {
		bad("engine", "%s %s; choose auto", c.engine(), lack)
	}
}

// TicksPerStep is 1 for discrete and ContinuousTicks for continuous dynamics.
func (c Config) TicksPerStep() int64 {
	if c.Dynamics == Continuous {
		return ContinuousTicks
	}
	return 1
}

// psp is the postsynaptic potential in ticks.
func (c Config) psp() synapse.PSP {
	k := c.TicksPerStep()
	return synapse.PSP{Shape: c.PSP, TauRef: k * c.TauRef, TauSyn: float64(k) * c.TauSyn, Steps: k * c.PSPSteps, Cut: k * c.PSPCut, Delay: k * c.Delay}
}

// Kernel returns the postsynaptic potential of the (resolved) configuration, in ticks.
func (c Config) Kernel() synapse.PSP { return c.Resolve().psp() }

// Network holds what plasticity changes: synapses and biases. Exactly one of Weights and Sparse is
// set. Self-synapses are ignored.
type Network struct {
	// dense, n x n row-major: Weights[i*n+j] is the synapse from presynaptic j to postsynaptic i
	Weights []float64
	Sparse  *Sparse
	Bias    []float64 // n
}

// Sparse is a connection list by presynaptic neuron: neuron j reaches Post[k] with weight Weight[k]
// for k = Start[j] .. Start[j+1]-1.
type Sparse struct {
	Start  []int // n+1
	Post   []int32
	Weight []float64
}

// Validate returns what is wrong with the network for n neurons, or nil: sizes, indices, and
// numbers that are not finite.
func (net Network) Validate(n int) error {
	if len(net.Bias) != n {
		return fmt.Errorf("sampling: %d biases for %d neurons", len(net.Bias), n)
	}
	for i, b := range net.Bias {
		if !finite(b) {
			return fmt.Errorf("sampling: bias[%d] = %v is not a finite number", i, b)
		}
	}
	if (net.Weights == nil) == (net.Sparse == nil) {
		return errors.New("sampling: a network needs either dense or sparse weights")
	}
	if net.Sparse == nil {
		if len(net.Weights) != n*n {
			return fmt.Errorf("sampling: %d weights for %d neurons, want %d", len(net.Weights), n, n*n)
		}
		for k, w := range net.Weights {
			if !finite(w) {
				return fmt.Errorf("sampling: weight[%d][%d] = %v is not a finite number", k/n, k%n, w)
			}
		}
		return nil
	}
	s := net.Sparse
	if len(s.Start) != n+1 || s.Start[0] != 0 || s.Start[n] != len(s.Post) || len(s.Post) != len(s.Weight) {
		return errors.New("sampling: sparse weights: Start must run from 0 to len(Post) = len(Weight) in n+1 entries")
	}
	for j := range n {
		if s.Start[j+1] < s.Start[j] {
			return fmt.Errorf("sampling: sparse weights: Start decreases at neuron %d", j)
		}
	}
	for k, i := range s.Post {
		if i < 0 || int(i) >= n {
			return fmt.Errorf("sampling: sparse weights: synapse %d reaches neuron %d of %d", k, i, n)
		}
		if !finite(s.Weight[k]) {
			return fmt.Errorf("sampling: sparse weights: synapse %d has weight %v, not a finite number", k, s.Weight[k])
		}
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// out calls f for every synapse (post, weight) of presynaptic j, self-synapses left out.
func (net Network) out(n, j int, f func(i int, w float64)) {
	if s := net.Sparse; s != nil {
		for k := s.Start[j]; k < s.Start[j+1]; k++ {
			if int(s.Post[k]) != j {
				f(int(s.Post[k]), s.Weight[k])
			}
		}
		return
	}
	for i := range n {
		if i != j {
			f(i, net.Weights[i*n+j])
		}
	}
}
