package microcircuit

import (
	"errors"
	"fmt"
	"math"

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

// Config describes a network and its plasticity. L is the index of the output layer, len(Dims)-1.
type Config struct {
	// pyramidal neurons in the layers 0..L; at least two layers, each with at least one neuron
	Dims []int
	Tau  int64 // refractory time and length of a potential, steps; 1 .. 2^14
	// length of the sliding means, steps; 1 .. 2^18. Memory is 16 bytes per step and neuron above
	// the input
	Window int64
	// no forward plasticity for so many steps after each Present; not negative
	Lag          int64
	LambdaApical float64   // weight of the apical potential, 0..1
	LambdaNudge  float64   // strength of the nudge, 0..1
	RateUp       []float64 // learning rates of the forward weights into the layers 1..L
	// learning rates of the feedback weights into the layers 1..L-1; used by SAL only
	RateDown []float64
	Method   Method
	// SALCut is the longest lag of a pair of spikes that counts for SAL, steps; 0: none, as
	// published. Pairs further apart than Tau favour one order if the two neurons fire at different
	// rates, which moves the feedback away from the forward weights (docs/microcircuits.md); Tau
	// avoids that.
	SALCut int64
	Clip   float64 // bound of every |weight|; 0 stands for Bound()
}

// Weights are the parameters of a network. Up[l-1] holds the forward weights into layer l = 1..L,
// Dims[l] x Dims[l-1]; Down[l-1] the feedback weights into layer l = 1..L-1, Dims[l] x Dims[l+1];
// Bias[l-1] the biases of layer l = 1..L. With BP, Down is not looked at.
type Weights struct {
	Up, Down, Bias [][]float64
}

// Problem is one fault of a description, at a dotted path of lower-case names ("rate_up.1").
type Problem struct {
	Path, Message string
}

func (p Problem) Error() string { return "microcircuit: " + p.Path + ": " + p.Message }

// problems collects faults.
type problems []Problem

func (ps *problems) add(path, format string, a ...any) {
	*ps = append(*ps, Problem{path, fmt.Sprintf(format, a...)})
}

func (ps problems) err() error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errors.Join(errs...)
}

const (
	unitBits   = 36            // potentials and weights are multiples of 2^-36
	units      = 1 << unitBits // per 1
	unit       = 1.0 / units
	maxDrive   = 64      // bound of |bias|, |input| and |target|
	maxTau     = 1 << 14 // steps
	maxWindow  = 1 << 18 // steps
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
	// A sum of potentials over the window must stay below 2^61 units, and one potential below 2^52.
	return min(1024, (1<<25)/float64(max(c.Window, 1)*fan), (1<<16)/float64(fan))
}

// Validate returns everything that is wrong with the configuration.
func (c Config) Validate() []Problem {
	var ps problems
	switch {
	case len(c.Dims) < 2:
		ps.add("dims", "a network has at least an input and an output layer")
	case len(c.Dims) > 256:
		ps.add("dims", "must not have more than 256 layers")
	}
	sizes := true
	neurons := 0
	for l, n := range c.Dims {
		if n < 1 || n > 1<<20 {
			ps.add(fmt.Sprintf("dims.%d", l), "must be between 1 and 2^20 neurons")
			sizes = false
			continue
		}
		if l > 0 {
			neurons += n
			if c.Dims[l-1] > 0 && n > maxSize/c.Dims[l-1] {
				ps.add(fmt.Sprintf("dims.%d", l), "more than 2^26 synapses between two layers")
				sizes = false
			}
		}
	}
	steps := func(path string, x, low, high int64) {
		if x < low || x > high {
			ps.add(path, "must be between %d and %d steps", low, high)
		}
	}
	steps("tau", c.Tau, 1, maxTau)
	steps("window", c.Window, 1, maxWindow)
	steps("lag", c.Lag, 0, maxPresent)
	steps("sal_cut", c.SALCut, 0, maxPresent)
	if sizes && c.Window >= 1 && c.Window <= maxWindow {
		if neurons > maxSize/int(c.Window) {
			ps.add("window", "%d neurons times %d steps are more than 2^26", neurons, c.Window)
		} else if c.Bound() < 1 {
			ps.add("window", "too long for layers of this width: weights could not exceed %g", c.Bound())
		}
	}
	share := func(path string, x float64) {
		if !(x >= 0 && x <= 1) {
			ps.add(path, "must be between 0 and 1")
		}
	}
	share("lambda_apical", c.LambdaApical)
	share("lambda_nudge", c.LambdaNudge)
	rates := func(path string, rs []float64, want int) {
		if len(rs) != want {
			ps.add(path, "has %d entries, needs %d", len(rs), want)
		}
		for i, r := range rs {
			if !(r >= 0 && r <= 1024) {
				ps.add(fmt.Sprintf("%s.%d", path, i), "must be between 0 and 1024")
			}
		}
	}
	if len(c.Dims) >= 2 {
		rates("rate_up", c.RateUp, len(c.Dims)-1)
		if c.Method == SAL || c.RateDown != nil {
			rates("rate_down", c.RateDown, len(c.Dims)-2)
		}
	}
	if _, err := c.Method.MarshalText(); err != nil {
		ps.add("method", "%v", err)
	}
	if !(c.Clip >= 0) {
		ps.add("clip", "must not be negative")
	} else if sizes && c.Clip > c.Bound() {
		ps.add("clip", "must not exceed %g with this window and these layers", c.Bound())
	}
	return ps
}

// Validate returns everything that is wrong with the weights of a network with configuration c,
// which must itself be valid.
func (w Weights) Validate(c Config) []Problem {
	var ps problems
	check := func(path string, xs [][]float64, layers int, size func(l int) int, bound float64) {
		if len(xs) != layers {
			ps.add(path, "has %d layers, needs %d", len(xs), layers)
			return
		}
		for l, x := range xs {
			if len(x) != size(l+1) {
				ps.add(fmt.Sprintf("%s.%d", path, l), "has %d entries, needs %d", len(x), size(l+1))
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
func checkValues(ps *problems, path string, xs []float64, bound float64) {
	for i, x := range xs {
		if !(math.Abs(x) <= bound) {
			ps.add(fmt.Sprintf("%s.%d", path, i), "is %g; must be a finite number between -%g and %g", x, bound, bound)
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
