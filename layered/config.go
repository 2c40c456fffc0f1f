package layered

import (
	"fmt"
	"math"

	"spikealign/settings"
	"spikealign/synapse"
)

// Config describes the neurons of a layered network. Times are in steps, as in docs/model.md,
// section 1.
type Config struct {
	Layers   []int            `yaml:"-"` // neurons of each layer, from the first to the last; two layers or more
	Replicas int              `yaml:"replicas" default:"8" range:"[1, 4096]" also:"batch, batch_size, batchsize" doc:"copies of the network that share their weights; pair sums are averaged over them"`
	TauRef   int64            `yaml:"tau_ref" default:"10" range:"[1, 2^14]" unit:"steps" also:"tau, t_ref, refractory_time" doc:"refractory time tau"`
	Timing   synapse.Timing   `yaml:"timing" default:"authors" doc:"canonical, or authors: min_isi tau+1"`
	PSP      synapse.PSPShape `yaml:"psp" also:"kernel" doc:"rectangular or alpha"`
	TauSyn   float64          `yaml:"tau_syn" range:"0 or [0.01, 2^14]" unit:"steps" also:"tau_s" doc:"synaptic time constant, and the length of a rectangular potential unless psp_steps is given; 0: tau_ref"`
	PSPSteps int64            `yaml:"psp_steps" range:"[0, 2^14]" unit:"steps" doc:"length of a rectangular potential; 0: tau_syn; not for alpha"`
	MinISI   int64            `yaml:"min_isi" range:"[0, 2^14]" unit:"steps" doc:"shortest interval between two spikes of a neuron; 0: tau_ref (authors: plus 1)"`
}

// Resolve returns the configuration with every 0 that stands for a default replaced by it.
func (c Config) Resolve() Config {
	if c.MinISI == 0 {
		c.MinISI = c.TauRef
		if c.Timing == synapse.AuthorsTiming {
			c.MinISI++
		}
	}
	if c.TauSyn == 0 {
		c.TauSyn = float64(c.TauRef)
	}
	if c.PSPSteps == 0 {
		c.PSPSteps = max(int64(math.Round(c.TauSyn)), 1)
	}
	return c
}

// Limits of a network: potentials and indices are 32-bit numbers.
const (
	maxLayers   = 64
	maxNeurons  = 1 << 20 // of a replica
	maxSynapses = 1 << 27 // forward and feedback together
	maxTraffic  = 1 << 28 // neurons of all replicas
)

// Validate returns everything that is wrong with the configuration.
func (c Config) Validate() settings.Problems {
	ps := settings.Check(c)
	c.relate(&ps)
	return ps
}

func (c Config) relate(ps *settings.Problems) {
	if c.PSP != synapse.Rectangular && c.PSP != synapse.Alpha {
		ps.Add("psp", "must be rectangular or alpha in a layered network")
	}
	if c.PSP == synapse.Alpha && c.PSPSteps != 0 {
		ps.Add("psp_steps", "has no effect on alpha potentials: 0, or psp rectangular")
	}
	before := len(*ps)
	CheckLayers(ps, "layers", c.Layers)
	if len(*ps) > before || c.Replicas < 1 {
		return
	}
	neurons := 0
	for _, n := range c.Layers {
		neurons += n
	}
	if neurons > maxTraffic/c.Replicas {
		ps.Add("replicas", "times neurons are more than 2^28")
	}
}

// CheckLayers adds, at path, what is wrong with the sizes of layers.
func CheckLayers(ps *settings.Problems, path string, layers []int) {
	if len(layers) < 2 || len(layers) > maxLayers {
		ps.Add(path, "must name between 2 and %d layers", maxLayers)
		return
	}
	neurons, synapses := 0, 0
	for l, n := range layers {
		if n < 1 || n > maxNeurons {
			ps.Add(fmt.Sprintf("%s.%d", path, l), "must be between 1 and 2^20 neurons")
			return
		}
		neurons += n
		if l > 0 {
			synapses += 2 * n * layers[l-1]
		}
	}
	switch {
	case neurons > maxNeurons:
		ps.Add(path, "are %d neurons, more than 2^20", neurons)
	case synapses > maxSynapses:
		ps.Add(path, "have %d synapses, more than 2^27", synapses)
	}
}

// Weights are those of a network with layers n[0], n[1], ...: row-major, row = postsynaptic.
type Weights struct {
	Up   [][]float64 // Up[l]: n[l+1] x n[l], from layer l to the next
	Down [][]float64 // Down[l]: n[l] x n[l+1], from layer l+1 back to layer l
	Bias [][]float64 // Bias[l]: n[l]
}

// Check returns an error that names the first part whose size does not fit the layers.
func (w Weights) Check(layers []int) error {
	top := len(layers) - 1
	if len(w.Up) != top || len(w.Down) != top || len(w.Bias) != top+1 {
		return fmt.Errorf("weights for %d, %d and %d layers, where %d, %d and %d are needed (up, down, bias)", len(w.Up), len(w.Down), len(w.Bias), top, top, top+1)
	}
	for l, n := range layers {
		if len(w.Bias[l]) != n {
			return fmt.Errorf("%d biases for the %d neurons of layer %d", len(w.Bias[l]), n, l)
		}
		if l < top && len(w.Up[l]) != n*layers[l+1] {
			return fmt.Errorf("%d forward weights from layer %d, where %d x %d are needed", len(w.Up[l]), l, layers[l+1], n)
		}
		if l < top && len(w.Down[l]) != n*layers[l+1] {
			return fmt.Errorf("%d feedback weights to layer %d, where %d x %d are needed", len(w.Down[l]), l, n, layers[l+1])
		}
	}
	return nil
}
