package sampling

import (
	"errors"
	"fmt"
	"math"

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

// Config describes the neurons of a sampling network. Times are in steps, as in docs/model.md,
// section 1.
type Config struct {
	Neurons int   // number of neurons n, at least 1
	TauRef  int64 // refractory time tau_ref, the length of the state z = 1; at least 1
	// the next spike of a neuron comes at this lag or later; 0 stands for TauRef
	MinISI int64
	PSP    synapse.PSPShape // shape of the postsynaptic potential
	// length of a rectangular potential; 0 stands for round(TauSyn), or TauRef where that is 0 too
	PSPSteps int64
	TauSyn   float64 // synaptic time constant; 0 stands for TauRef
	PSPCut   int64   // lag beyond which any other potential is 0; 0: never
	Delay    int64   // transmission delay, added to every lag; at least 0
	Dynamics Dynamics
}

// Resolve returns the configuration with every 0 that stands for a default replaced by it.
func (c Config) Resolve() Config {
	if c.MinISI == 0 {
		c.MinISI = c.TauRef
	}
	if c.TauSyn == 0 {
		c.TauSyn = float64(c.TauRef)
	}
	if c.PSPSteps == 0 {
		c.PSPSteps = int64(math.Round(c.TauSyn))
	}
	return c
}

// Validate returns everything that is wrong with the configuration, or nil.
func (c Config) Validate() error {
	c = c.Resolve()
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf("sampling: "+format, a...)) }
	if c.Neurons < 1 || c.Neurons > math.MaxInt32 {
		bad("Neurons = %d, must be at least 1", c.Neurons)
	}
	if c.TauRef < 1 || c.TauRef > 1<<24 {
		bad("TauRef = %d steps, must be 1..2^24", c.TauRef)
	}
	if c.MinISI < 1 || c.MinISI > 1<<24 {
		bad("MinISI = %d steps, must be 1..2^24", c.MinISI)
	}
	if c.PSPSteps > 1<<24 || c.PSPCut > 1<<24 || c.Delay > 1<<24 || c.TauSyn > 1<<24 {
		bad("PSPSteps, PSPCut, Delay and TauSyn must not exceed 2^24 steps")
	}
	if _, err := c.Dynamics.MarshalText(); err != nil {
		bad("Dynamics: %w", err)
	}
	if err := c.psp().Validate(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
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
