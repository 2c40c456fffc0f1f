package microcircuit

import (
	"fmt"
	"math"
	"slices"

	"spikealign/settings"
)

// Method says where the feedback weights come from.
type Method uint8

const (
	// SAL learns them from spike timing while the network is aligning.
	SAL Method = iota
	// BP ties them to the forward weights at all times.
	BP
	// FA leaves them as they are at the start.
	FA
)

var methods = settings.Names{SAL: "sal", BP: "bp", FA: "fa"}

// String returns the name of the method.
func (m Method) String() string { return methods.String(int(m)) }

// MarshalText returns the name of the method, or an error if m is none.
func (m Method) MarshalText() ([]byte, error) { return methods.Marshal(int(m)) }

// UnmarshalText accepts "sal", "bp" and "fa". The error names them.
func (m *Method) UnmarshalText(b []byte) error { return settings.Parse(methods, b, m) }

// Input says what the input neurons are.
type Input uint8

const (
	// SpikingInput is a neuron for each entry of the layer.
	SpikingInput Input = iota
	// MeanInput is a population without end for each entry, of which only the mean acts: what is
	// sigma(u) on average, z of a spiking neuron and its spikes in Tau steps, is sigma(u) steadily.
	MeanInput
)

var inputs = settings.Names{SpikingInput: "spikes", MeanInput: "mean"}

// String returns the name of the input.
func (i Input) String() string { return inputs.String(int(i)) }

// MarshalText returns the name of the input, or an error if i is none.
func (i Input) MarshalText() ([]byte, error) { return inputs.Marshal(int(i)) }

// UnmarshalText accepts "spikes" and "mean". The error names them.
func (i *Input) UnmarshalText(b []byte) error { return settings.Parse(inputs, b, i) }

// Config describes a network and its plasticity. L is the index of the output layer, len(Dims)-1.
type Config struct {
	Neurons    `yaml:"network" doc:"the neurons"`
	Plasticity `yaml:"plasticity" doc:"the learning rules"`

	Differences Differences `yaml:"-"` // between neurons and synapses
}

// Neurons describes the neurons of a network.
type Neurons struct {
	// Dims has at least two layers. Memory of the sliding means is 16 bytes per step of Window and
	// neuron above the input, the neurons of every layer rounded up to a multiple of 4.
	Dims         []int   `yaml:"layers" default:"[1, 1, 1]" range:"[1, 2^20]" also:"neurons, sizes, dims" doc:"pyramidal neurons from input to output; a hidden layer has an interneuron for each neuron of the layer above"`
	Input        Input   `yaml:"input" doc:"spikes: input neurons spike; mean: each of them is the mean of a population without end, with the activity sigma(u) in place of spikes, and its weights learn every tau_ref steps (docs/model.md)"`
	Tau          int64   `yaml:"tau_ref" default:"10" range:"[1, 2^14]" unit:"steps" also:"tau, t_ref, refractory_time" doc:"refractory time and length of a potential"`
	Window       int64   `yaml:"window" default:"2000" range:"[1, 2^18]" unit:"steps" doc:"length of the sliding means of potentials that plasticity and nudge see"`
	LambdaApical float64 `yaml:"lambda_apical" default:"0.02" range:"[0, 1]" also:"lambda" doc:"weight of the apical potential in the soma"`
	LambdaNudge  float64 `yaml:"lambda_nudge" default:"0.6" range:"[0, 1]" also:"lambda" doc:"strength of the output's nudge towards the target"`
}

// Plasticity describes the rules. RateUp has an entry for each of the layers 1..L, or one for all;
// RateDown for each of the layers 1..L-1, or one for all.
type Plasticity struct {
	Method   Method    `yaml:"method" doc:"of the feedback weights: sal, learned from spike timing; bp, tied to the forward weights; fa, fixed"`
	RateUp   []float64 `yaml:"rate_up" default:"[0.2, 0.003]" range:"[0, 1024]" also:"eta, lr, learning_rate, rate, eta_up, eta_w" doc:"learning rates of the forward weights: one for all, or one for each layer above the input"`
	RateDown []float64 `yaml:"rate_down" default:"[0.001]" range:"[0, 1024]" also:"eta, lr, learning_rate, rate, eta_down, eta_sal" doc:"learning rates of the feedback weights with sal: one for all, or one for each hidden layer"`
	// Pairs further apart than Tau favour one order if the two neurons fire at different rates,
	// which moves the feedback away from the forward weights (docs/microcircuits.md); SALCut = Tau
	// avoids that.
	SALCut int64 `yaml:"sal_cut" range:"[0, 2^40]" unit:"steps" doc:"longest lag of a pair of spikes that counts for sal; 0: none, as published; tau_ref aligns better (docs/microcircuits.md)"`
	// Two neurons that are nearly always on spike like clocks and keep their lag for long. A window
	// that falls with the lag moves the feedback at each of their pairs the same way, a flat one
	// takes back with one spike what it gave with the other (docs/hierarchies.md).
	SALWindowTau float64 `yaml:"sal_window_tau" range:"0 or [0.01, 2^14]" unit:"steps" doc:"time constant of the learning window of sal; 0: tau_ref, as published; where it is much longer than sal_cut the window is flat, which saturated neurons do not disturb (docs/hierarchies.md)"`
	Lag          int64   `yaml:"lag" default:"2000" range:"[0, 2^40]" unit:"steps" doc:"no forward plasticity for so long after each onset of a pattern; shorter than a pattern"`
	Clip         float64 `yaml:"clip_weight" range:"[0, 1024]" doc:"largest |weight|; 0: what the simulator can hold (1024, less for wide layers with long windows)"`
}

// Weights are the parameters of a network. Up[l-1] holds the forward weights into layer l = 1..L,
// Dims[l] x Dims[l-1]; Down[l-1] the feedback weights into layer l = 1..L-1, Dims[l] x Dims[l+1];
// Bias[l-1] the biases of layer l = 1..L. With BP, Down is not looked at.
type Weights struct {
	Up, Down, Bias [][]float64
}

const (
	unitBits   = 36            // potentials and weights are multiples of 2^-36
	units      = 1 << unitBits // per 1
	unit       = 1.0 / units
	maxDrive   = 64      // bound of |bias|, |input| and |target|
	maxTau     = 1 << 14 // steps
	maxSize    = 1 << 26 // words of weights, and of the memory behind the sliding means
	maxPresent = 1 << 40 // steps
)

// Bound is the largest |weight| that the network's integers can hold: 1024, or less where a window
// or a layer is large (21 for windows of 2000 steps and 784 inputs).
func (c Config) Bound() float64 {
	fan := int64(1)
	for _, n := range c.Dims {
		fan = max(fan, int64(n))
	}
	// A sum of potentials over the window must stay below 2^61 units, and one potential below 2^52;
	// twice as much with gains.
	return min(1024, (1<<25)/float64(max(c.Window, 1)*fan), (1<<16)/float64(fan))
}

// Validate returns everything that is wrong with the configuration.
func (c Config) Validate() settings.Problems {
	ps := settings.Check(c)
	c.relate(&ps)
	return ps
}

// relate adds to the problems of single settings those of settings that do not go together.
func (c Config) relate(ps *settings.Problems) {
	switch {
	case len(c.Dims) < 2:
		ps.Add("network.layers", "must name at least an input and an output layer")
	case len(c.Dims) > 256:
		ps.Add("network.layers", "must not have more than 256 layers")
	}
	if ps.Has("network.layers") {
		return
	}
	neurons, synapses, sizes := 0, 0, true
	for l, n := range c.Dims[1:] {
		neurons += n
		if n > maxSize/c.Dims[l] {
			ps.Add(fmt.Sprintf("network.layers.%d", l+1), "more than 2^26 synapses between two layers")
			sizes = false
			break
		}
		if synapses += n * c.Dims[l]; synapses > 2*maxSize {
			ps.Add(fmt.Sprintf("network.layers.%d", l+1), "more than 2^27 synapses between the layers up to here")
			sizes = false
			break
		}
	}
	if sizes && !ps.Has("network.window") {
		if neurons > maxSize/int(c.Window) {
			ps.Add("network.window", "%d neurons times %d steps are more than 2^26", neurons, c.Window)
		} else if c.Bound() < 1 {
			ps.Add("network.window", "too long for layers of this width: weights could not exceed %g", c.Bound())
		}
	}
	rates := func(path string, rs []float64, layers int) {
		if len(rs) != 1 && len(rs) != layers {
			ps.Add(path, "has %s, needs 1 for all layers or %d", settings.Count(len(rs), "entry"), layers)
		}
	}
	rates("plasticity.rate_up", c.RateUp, len(c.Dims)-1)
	if c.Method == SAL || c.RateDown != nil {
		rates("plasticity.rate_down", c.RateDown, len(c.Dims)-2)
	}
	if _, err := c.Method.MarshalText(); err != nil {
		ps.Add("plasticity.method", "%v", err)
	}
	if _, err := c.Input.MarshalText(); err != nil {
		ps.Add("network.input", "%v", err)
	}
	if sizes {
		c.Differences.relate(ps, c.Dims)
	}
	if sizes && c.Clip > c.Bound() {
		ps.Add("plasticity.clip_weight", "must not exceed %g with this window and these layers", c.Bound())
	}
}

// each returns a list for n layers from one that has an entry for each of them or one for all.
func each[T any](list []T, n int) []T {
	if len(list) == 1 {
		return slices.Repeat(list, n)
	}
	return slices.Clone(list)
}

// Validate returns everything that is wrong with the weights of a network with configuration c,
// which must itself be valid.
func (w Weights) Validate(c Config) settings.Problems {
	var ps settings.Problems
	check := func(path string, xs [][]float64, layers int, size func(l int) int, bound float64) {
		if len(xs) != layers {
			ps.Add(path, "has %d layers, needs %d", len(xs), layers)
			return
		}
		for l, x := range xs {
			if len(x) != size(l+1) {
				ps.Add(fmt.Sprintf("%s.%d", path, l), "has %s, needs %d", settings.Count(len(x), "entry"), size(l+1))
				continue
			}
			checkValues(&ps, fmt.Sprintf("%s.%d", path, l), x, bound)
		}
	}
	last := len(c.Dims) - 1
	check("up", w.Up, last, func(l int) int { return c.Dims[l] * c.Dims[l-1] }, c.clip())
	if c.Method != BP {
		check("down", w.Down, last-1, func(l int) int { return c.Dims[l] * c.Dims[l+1] }, c.clip())
	}
	check("bias", w.Bias, last, func(l int) int { return c.Dims[l] }, maxDrive)
	return ps
}

// checkValues notes the first number that is not finite or too large.
func checkValues(ps *settings.Problems, path string, xs []float64, bound float64) {
	for i, x := range xs {
		if !(math.Abs(x) <= bound) {
			ps.Add(fmt.Sprintf("%s.%d", path, i), "is %g; must be a finite number between -%g and %g", x, bound, bound)
			return
		}
	}
}

func (c Config) clip() float64 {
	if c.Clip > 0 {
		return c.Clip
	}
	return c.Bound()
}
