package transport

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"spikealign/internal/detmath"
	"spikealign/internal/random"
	"spikealign/internal/state"
	"spikealign/layered"
	"spikealign/mismatch"
	"spikealign/settings"
)

// RDD is the regression discontinuity design (Guerguiev, Kording & Richards, Spike-based causal
// inference for weight alignment, ICLR 2020, arXiv 1910.01689): a neuron that has just reached its
// threshold and one that has just missed it got the same input, so what they differ by in their
// effect on a neuron above is due to the spike.
//
// Each pair of layers (l, l+1) is simulated for itself, with leaky integrate-and-fire neurons in
// both. Some neurons of the lower layer are driven by Poisson spikes; those of the upper layer get
// the spikes of the lower one, through the forward weights ForwardScale*n[l]*W/std(W). A spike goes
// through a difference of exponentials; k steps from it, beginning with 1 in its own step, up to
// MemorySeconds, it is worth, with time constants in steps,
//
//	kappa(k) = (exp(-k/TauDecay) - exp(-k/TauRise)) / (TauDecay - TauRise)
//
// The sum of these, times weights, is the input I of a neuron:
//
//	v += dt*(-Leak*v + Dendrite*(I - v));  if v >= Threshold: a spike, and v = Reset
//
// A window opens at the end of a step in which the potential of a neuron of the lower layer is
// within Margin of the threshold and none of its windows is open. In it u is the potential as it
// would be without resets. When the window ends, the effect on each neuron j of the upper layer,
//
//	y_j = mean of q_j in the window - q_j in the step in which it opened
//
// q_j being the spikes of j through kappa, one step later, makes one step of regression on the
// largest max(0, u), by a line for windows with a spike and another for those without:
//
//	error = slope_j*u + level_j - y_j;  slope_j -= RateRDD*error*u;  level_j -= RateRDD*error
//
// The difference of both lines at the threshold is the causal effect beta_j. After every
// UpdateSeconds, feedback weights whose beta is not 0 become beta*std(B_0)/std(beta), where B_0 are
// those at the beginning. So scale is not learned: it is that of B_0. Where all numbers are equal,
// their root mean square takes the place of std.
//
// Three things are not as in the authors' program. Where a window opens in the step in which
// another ends, the program takes q_j from where the first one opened; here it is always that of
// the window's own beginning (half a degree better for the layers of figure 7). It drives one layer
// after the other, for a third of the time each; here every pair has all the time. And the number
// of driven neurons is rounded, not cut.
//
// Differences between neurons: gain and offset make gain*v + offset of the potential v that a
// neuron would have without resets, for which offset*(Leak + Dendrite)/Dendrite is added to I; the
// refractory time is multiplied and rounded; a neuron between two pairs is the same in both. Biases
// and differences between synapses have no place in this method and are ignored.
type RDD struct {
	StepSeconds       float64 `yaml:"step_seconds" default:"0.001" range:"[1e-6, 0.1]" unit:"s" also:"dt" doc:"duration of a step"`
	Leak              float64 `yaml:"leak" default:"100" range:"[0, 1e6]" unit:"1/s" also:"g_l" doc:"leak conductance"`
	Dendrite          float64 `yaml:"dendrite" default:"600" range:"(0, 1e6]" unit:"1/s" also:"g_d" doc:"conductance to the dendrite, which takes the input"`
	Threshold         float64 `yaml:"threshold" default:"1" range:"(0, 1e6]" also:"spike_threshold" doc:"potential at which a neuron spikes"`
	Reset             float64 `yaml:"reset" default:"-1" range:"[-1e6, 1e6)" also:"v_reset" doc:"potential after a spike, and at the beginning; below the threshold"`
	RefractorySeconds float64 `yaml:"refractory_seconds" default:"0.003" range:"[0, 10]" unit:"s" also:"refractory_time, t_ref" doc:"shortest interval between two spikes of a neuron; a step at least"`
	TauRise           float64 `yaml:"tau_rise_seconds" default:"0.003" range:"[1e-6, 10]" unit:"s" also:"tau_s" doc:"shorter time constant of the synapses"`
	TauDecay          float64 `yaml:"tau_decay_seconds" default:"0.01" range:"[1e-6, 10]" unit:"s" also:"tau_l" doc:"longer time constant of the synapses"`
	MemorySeconds     float64 `yaml:"memory_seconds" default:"0.03" range:"[0, 10]" unit:"s" also:"mem" doc:"time after which a spike is forgotten"`
	ForwardScale      float64 `yaml:"forward_scale" default:"0.2" range:"(0, 1e6]" doc:"forward weights are W*forward_scale*n/std(W), n being the neurons of the lower layer"`
	Share             float64 `yaml:"driven_share" default:"0.2" range:"(0, 1]" doc:"share of the neurons of the lower layer that are driven at a time"`
	PeriodSeconds     float64 `yaml:"driven_seconds" default:"0.1" range:"[0, 1e6]" unit:"s" doc:"time after which other neurons are driven"`
	Rate              float64 `yaml:"driven_rate" default:"200" range:"[0, 1e6]" unit:"1/s" also:"input_rate" doc:"rate of the Poisson spikes that drive a neuron"`
	DriveWeight       float64 `yaml:"driven_weight" default:"4" range:"[-1e6, 1e6]" also:"alpha" doc:"weight of these spikes"`
	WindowSeconds     float64 `yaml:"window_seconds" default:"0.03" range:"[0, 10]" unit:"s" also:"rdd_window" doc:"length of a window, in which the effect is measured"`
	Margin            float64 `yaml:"margin" default:"0.1" range:"[0, 1e6]" also:"rdd_init_window" doc:"distance to the threshold at which a window opens"`
	Near              float64 `yaml:"near" default:"10" range:"[0, 1e6]" also:"u_window" doc:"windows whose largest potential is further from the threshold do not count"`
	RateRDD           float64 `yaml:"rate_rdd" default:"0.001" range:"[0, 1]" also:"rdd_eta, learning_rate, lr" doc:"learning rate of the regression; per window"`
	UpdateSeconds     float64 `yaml:"update_seconds" default:"10" range:"(0, 1e9]" unit:"s" doc:"time between two updates of the feedback weights"`
}

// rddClock are the times of RDD in steps.
type rddClock struct {
	refractory, memory, window, period, update int64
}

// rddSpan is the longest memory and window, in steps: the spikes of such a time are kept.
const rddSpan = 500

// clock returns the times in steps, and what is wrong with them.
func (s *RDD) clock() (c rddClock, ps settings.Problems) {
	for _, x := range []struct {
		steps   *int64
		path    string
		seconds float64
		most    float64
	}{
		{&c.refractory, "refractory_seconds", s.RefractorySeconds, 1 << 16},
		{&c.memory, "memory_seconds", s.MemorySeconds, rddSpan},
		{&c.window, "window_seconds", s.WindowSeconds, rddSpan},
		{&c.period, "driven_seconds", s.PeriodSeconds, 1 << 40},
		{&c.update, "update_seconds", s.UpdateSeconds, 1 << 40},
	} {
		steps := max(math.Round(x.seconds/s.StepSeconds), 1)
		if !(steps <= x.most) {
			ps.Add(x.path, "are more than %.0f steps of step_seconds", x.most)
			continue
		}
		*x.steps = int64(steps)
	}
	return c, ps
}

// Doc implements Method.
func (s *RDD) Doc() string {
	return "Regression discontinuity design: the effect of neurons that just reached their threshold is compared with that of neurons that just missed it (Guerguiev et al. 2020)."
}

// Validate implements Method.
func (s *RDD) Validate(layers []int) settings.Problems {
	ps := settings.Check(s)
	if !ps.Has("step_seconds") {
		_, more := s.clock()
		ps = append(ps, more...)
		if x := (s.Leak + s.Dendrite) * s.StepSeconds; x > 1+1e-9 {
			ps.Add("step_seconds", "must be 1/(leak + dendrite) = %.3g s at the most: potentials would swing", 1/(s.Leak+s.Dendrite))
		}
		if s.Rate*s.StepSeconds > 10 {
			ps.Add("driven_rate", "must be at most 10 spikes in a step: %.3g 1/s", 10/s.StepSeconds)
		}
	}
	if !ps.Has("reset", "threshold") && s.Reset >= s.Threshold {
		ps.Add("reset", "must be below threshold")
	}
	if !(s.TauRise < s.TauDecay) {
		ps.Add("tau_rise_seconds", "must be less than tau_decay_seconds")
	}
	if !ps.Has("driven_share") {
		relateShare(&ps, "driven_share", s.Share, layers)
	}
	layered.CheckLayers(&ps, "layers", layers)
	return ps
}

// Lacks implements Method: there are no windows of SAL.
func (s *RDD) Lacks() []string { return []string{mismatch.Amplitude, mismatch.Tau} }

// Clock implements Method.
func (s *RDD) Clock() (stepSeconds float64, replicas int) { return s.StepSeconds, 1 }

// Updates implements Method.
func (s *RDD) Updates() (setting string, steps int64) {
	c, _ := s.clock()
	return "update_seconds", c.update
}

// Start implements Method. Problem.Spikes gets the spikes of the lower layer of each pair, and of
// the upper layer of the last one.
func (s *RDD) Start(p Problem) (Learner, error) {
	if err := s.Validate(p.Layers).Err(); err != nil {
		return nil, fmt.Errorf("rdd: %w", err)
	}
	clock, _ := s.clock()
	if err := p.check(clock.refractory, 1<<16); err != nil {
		return nil, fmt.Errorf("rdd: %w", err)
	}
	p.Layers = slices.Clone(p.Layers)
	r := &rdd{set: *s, problem: p, clock: clock}
	r.keep = max(1-float64(s.StepSeconds*(s.Leak+s.Dendrite)), 0)
	r.take = float64(s.StepSeconds * s.Dendrite)
	r.lose = float64(s.StepSeconds * (s.Leak + s.Dendrite))
	r.decay = newRDDTrace(s.TauDecay/s.StepSeconds, r.clock.memory)
	r.rise = newRDDTrace(s.TauRise/s.StepSeconds, r.clock.memory)
	r.norm = 1 / float64((s.TauDecay-s.TauRise)/s.StepSeconds)
	r.lags = r.effectOfLags()
	r.counts = rddPoisson(float64(s.Rate * s.StepSeconds))
	work := 1
	for l := range len(p.Layers) - 1 {
		q, err := r.newPair(l)
		if err != nil {
			return nil, fmt.Errorf("rdd: %w", err)
		}
		r.pairs = append(r.pairs, q)
		work += q.n*q.m/16 + 16*(q.n+q.m)
	}
	// of 10 ms at the most, since only between chunks a context is asked
	r.chunk = max(1, min(rddChunk, 50_000_000/work))
	// threads that meet seven times in a chunk gain nothing with less than about 0.3 ms of work
	r.alone = p.Parallel == nil || p.Workers < 2 || work*r.chunk < 1_000_000
	for _, q := range r.pairs {
		q.drive = make([]uint8, q.n*(int(r.clock.memory)+r.chunk))
		q.due = make([]int32, r.chunk)
	}
	for phase, parts := range rddPhases {
		for _, q := range r.pairs {
			for k := range parts.of(q, r.chunk) {
				r.tasks[phase] = append(r.tasks[phase], rddTask{q, k})
			}
		}
	}
	r.share = func(int) {
		tasks, do := r.tasks[r.phase], rddPhases[r.phase].do
		for k := int(r.next.Add(1)) - 1; k < len(tasks); k = int(r.next.Add(1)) - 1 {
			do(tasks[k].pair, tasks[k].part)
		}
	}
	return r, nil
}

// rddChunk is the greatest number of steps that are simulated together. It decides nothing but
// speed.
const rddChunk = 256

// rddStrip is the number of neurons that a task deals with. It decides nothing but speed.
const rddStrip = 64

// rdd is RDD at work.
//
// Nothing goes from the upper layer to the lower one: the feedback weights are only written. So a
// chunk of steps is simulated in phases, each over all its steps and in parallel over neurons. For
// each step there are
//
//   - the spikes that drive: 7 ns for a driven neuron;
//   - the lower layer: 2 ns for a neuron, since most are at rest;
//   - the upper layer: 5 ns for a neuron, and two additions for each spike below;
//   - effects, only if a window ends in this step: an addition for each spike above in the last
//     window + memory steps;
//   - regressions: two numbers for each neuron above, for each window that ends.
//
// For a driven neuron less than one window ends in window steps. That is why effects are not
// followed in every step.
type rdd struct {
	set     RDD
	problem Problem
	clock   rddClock

	keep, take  float64   // v = keep*v + take*input
	lose        float64   // of a potential in a step: what keeps it at 1 when added
	decay, rise rddTrace  // of the two exponentials
	norm        float64   // of kappa
	lags        []float64 // effect of a spike by its lag to the end of a window
	counts      []uint32  // a word at or above counts[k] means more than k spikes

	pairs  []*rddPair
	time   int64
	spikes int64

	chunk int // room for steps
	steps int // of the chunk in work, from time on
	tasks [len(rddPhases)][]rddTask
	phase int
	next  atomic.Int64
	share func(worker int)
	alone bool // without threads
}

type rddTask struct {
	pair *rddPair
	part int
}

// rddPhases are what is done to a chunk, in parts that may be done at the same time.
var rddPhases = [...]struct {
	of func(p *rddPair, chunk int) int // number of parts
	do func(p *rddPair, part int)
}{
	{func(_ *rddPair, chunk int) int { return (chunk + rddStrip - 1) / rddStrip }, (*rddPair).stimulate},
	{(*rddPair).lowerStrips, (*rddPair).driveLower},
	{func(*rddPair, int) int { return 1 }, (*rddPair).gatherLower},
	{(*rddPair).upperStrips, (*rddPair).driveUpper},
	{func(*rddPair, int) int { return 1 }, (*rddPair).gatherUpper},
	{func(_ *rddPair, chunk int) int { return (chunk + rddStrip - 1) / rddStrip }, (*rddPair).effects},
	{(*rddPair).lowerStrips, (*rddPair).regress},
}

// rddTrace makes a trace that decays exponentially and forgets after memory steps.
type rddTrace struct {
	step   float64 // per step
	forget float64 // what is left of a spike in the step in which it is forgotten
}

func newRDDTrace(tau float64, memory int64) rddTrace {
	return rddTrace{detmath.Exp(-1 / tau), detmath.Exp(-float64(memory+1) / tau)}
}

// kappa is the effect of a spike k steps ago, 0 if it is forgotten.
func (r *rdd) kappa(k int64) float64 {
	if k < 1 || k > r.clock.memory {
		return 0
	}
	x := float64(k) * r.set.StepSeconds
	return float64((detmath.Exp(-x/r.set.TauDecay) - detmath.Exp(-x/r.set.TauRise)) * r.norm)
}

// effectOfLags returns how much a spike of the upper layer, lag steps before the end of a window,
// adds to the effect that is found.
func (r *rdd) effectOfLags() []float64 {
	lags := make([]float64, r.clock.window+r.clock.memory+1)
	for lag := range lags {
		sum := 0.0
		for k := range r.clock.window {
			sum += r.kappa(int64(lag) - k)
		}
		lags[lag] = sum/float64(r.clock.window) - r.kappa(int64(lag)-r.clock.window)
	}
	return lags
}

// rddPoisson returns the cumulated Poisson distribution in units of 2^-32.
func rddPoisson(mean float64) []uint32 {
	var counts []uint32
	term := detmath.Exp(-mean)
	for sum := term; sum < 1-0x1p-32 && len(counts) < 255; {
		counts = append(counts, uint32(float64(sum*0x1p32)))
		term = float64(term * (mean / float64(len(counts))))
		sum += term
	}
	return counts
}

// neuron returns gain, offset and refractory time in steps of a neuron.
func (r *rdd) neuron(l, i int) (gain, offset float64, refractory int64) {
	gains, offsets, factors := r.problem.Neurons.Layer(l)
	return gains(i), offsets(i), max(int64(math.RoundToEven(float64(factors(i)*float64(r.clock.refractory)))), 1)
}

// rddSpread returns the standard deviation, or the root mean square if that is 0.
func rddSpread(x []float64) float64 {
	mean, square, n := 0.0, 0.0, float64(len(x))
	for _, y := range x {
		mean += y / n
	}
	for _, y := range x {
		square += float64((y-mean)*(y-mean)) / n
	}
	if square > 0 {
		return math.Sqrt(square)
	}
	return math.Abs(mean)
}

// rddPair is a pair of layers: n neurons below, m above.
type rddPair struct {
	of    *rdd
	layer int // the lower one
	n, m  int

	up    []float64 // n x m, row = presynaptic, in units of the change of a potential
	down  []float64 // n x m
	scale float64   // spread of down at the beginning

	lower      []rddNeuron
	slow, fast []float64 // sums of the two exponentials, of the upper neurons
	v          []float64
	rest       []float64 // change of a potential by the neuron's offset
	ready      []int64   // the first step in which it may fire
	refractory []int64

	// the two lines, n x m: [0] without, [1] with a spike
	slope, level [2][]float64

	below, above rddTrain // spikes as far back as they are needed

	// of the chunk in work
	drive    []uint8 // n x (memory + chunk) numbers of spikes, from memory steps before on
	stimulus []*stimulus
	words    [][]uint32
	fired    [2][][]rddSpike // below, above; by strip
	ends     [][]rddEnd      // by strip of the lower layer
	due      []int32         // row of effect by step, -1: no window ends
	effect   []float64       // x m
	in, out  [][]float64     // by strip of the upper layer
}

// rddNeuron is a neuron of the lower layer.
type rddNeuron struct {
	weight     float64 // of the spikes that drive it, as change of the potential
	rest       float64 // change of the potential by its offset
	refractory int64

	v, u       float64 // u: without resets since the window opened
	slow, fast float64
	peak       float64 // largest u, and 0, in the window
	ready      int64   // the first step in which it may fire
	left       int32   // steps of the window
	driven     int32   // spikes in memory
	spiked     bool    // in the window
}

type rddSpike struct{ step, neuron int32 } // step of the chunk

type rddEnd struct {
	step, neuron int32
	peak         float64
	spiked       bool
}

func (p *rddPair) lowerStrips(int) int { return (p.n + rddStrip - 1) / rddStrip }
func (p *rddPair) upperStrips(int) int { return (p.m + rddStrip - 1) / rddStrip }

func (r *rdd) newPair(l int) (*rddPair, error) {
	w, set := r.problem.Weights, &r.set
	p := &rddPair{of: r, layer: l, n: r.problem.Layers[l], m: r.problem.Layers[l+1], down: slices.Clone(w.Down[l])}
	size := p.n * p.m
	// so that not even their squares overflow
	large := func(x float64) bool { return !(math.Abs(x) < 1e100) }
	if slices.ContainsFunc(w.Up[l], large) || slices.ContainsFunc(p.down, large) {
		return nil, fmt.Errorf("a weight between layers %d and %d is not a number below 1e100", l, l+1)
	}
	if p.scale = rddSpread(p.down); p.scale == 0 {
		return nil, fmt.Errorf("the feedback weights into layer %d are all 0 at the beginning, and the method takes their scale from there; initial.feedback: random gives them one, with an initial.down_scale above 0", l)
	}
	scale := 0.0
	if std := rddSpread(w.Up[l]); std > 0 {
		scale = float64(set.ForwardScale*float64(p.n)) / std
	}
	p.slow, p.fast, p.v, p.rest = make([]float64, p.m), make([]float64, p.m), make([]float64, p.m), make([]float64, p.m)
	p.ready, p.refractory = make([]int64, p.m), make([]int64, p.m)
	p.up = make([]float64, size)
	for j := range p.m {
		gain, offset, refractory := r.neuron(l+1, j)
		p.v[j], p.rest[j], p.refractory[j] = set.Reset, float64(r.lose*offset), refractory
		for i := range p.n {
			p.up[i*p.m+j] = float64(float64(w.Up[l][j*p.n+i]*scale) * float64(float64(r.take*r.norm)*gain))
		}
	}
	p.lower = make([]rddNeuron, p.n)
	for i := range p.lower {
		gain, offset, refractory := r.neuron(l, i)
		p.lower[i] = rddNeuron{
			weight: float64(float64(set.DriveWeight*gain) * float64(r.take*r.norm)), rest: float64(r.lose * offset),
			refractory: refractory, v: set.Reset, u: set.Reset,
		}
	}
	for s := range 2 {
		p.slope[s], p.level[s] = make([]float64, size), make([]float64, size)
	}
	p.below.at, p.above.at = []int32{0}, []int32{0}
	for range rddPhases[0].of(p, rddChunk) {
		s := newStimulus(r.problem.Seed, l, p.n, set.Share, 0, r.clock.period)
		p.stimulus = append(p.stimulus, s)
		p.words = append(p.words, make([]uint32, (s.some+random.WordBlock-1)/random.WordBlock*random.WordBlock))
	}
	p.fired[0], p.fired[1] = make([][]rddSpike, p.lowerStrips(0)), make([][]rddSpike, p.upperStrips(0))
	p.ends = make([][]rddEnd, p.lowerStrips(0))
	for range p.upperStrips(0) {
		p.in, p.out = append(p.in, make([]float64, rddStrip)), append(p.out, make([]float64, rddStrip))
	}
	return p, nil
}

// Time implements Learner.
func (r *rdd) Time() int64 { return r.time }

// SpikeCount implements Learner. The spikes of both layers of every pair count; those that drive a
// layer from outside do not.
func (r *rdd) SpikeCount() int64 { return r.spikes }

// Down implements Learner.
func (r *rdd) Down(l int) []float64 { return r.pairs[l].down }

// Run implements Learner.
func (r *rdd) Run(ctx context.Context, until int64) error {
	for r.time < until {
		update := (r.time/r.clock.update + 1) * r.clock.update
		r.steps = int(min(int64(r.chunk), until-r.time, update-r.time))
		for r.phase = range rddPhases {
			r.next.Store(0)
			if r.alone {
				r.share(0)
			} else {
				r.problem.Parallel(r.problem.Workers, r.share)
			}
		}
		from := r.time
		r.time += int64(r.steps)
		err := r.tell(from)
		for _, p := range r.pairs {
			r.spikes += p.below.since(from) + p.above.since(from)
			p.below.forget(r.time - r.clock.memory)
			p.above.forget(r.time - r.clock.memory - r.clock.window)
		}
		if r.time == update {
			for _, p := range r.pairs {
				err = errors.Join(err, p.update())
			}
		}
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil
}

// tell hands out the spikes from a step on.
func (r *rdd) tell(from int64) error {
	if r.problem.Spikes == nil {
		return nil
	}
	top := len(r.pairs)
	for t := from; t < r.time; t++ {
		for l, p := range r.pairs {
			if s := p.below.of(t); len(s) > 0 {
				if err := r.problem.Spikes(0, t, l, s); err != nil {
					return err
				}
			}
		}
		if s := r.pairs[top-1].above.of(t); len(s) > 0 {
			if err := r.problem.Spikes(0, t, top, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// stimulate counts the spikes that drive the lower layer in a part of the steps.
func (p *rddPair) stimulate(part int) {
	r := p.of
	for k := part * rddStrip; k < min((part+1)*rddStrip, r.steps); k++ {
		p.count(part, r.time+int64(k), int(r.clock.memory)+k)
	}
}

// count counts those of step t, into a column of drive.
func (p *rddPair) count(part int, t int64, column int) {
	r := p.of
	width := len(p.drive) / p.n
	words := p.words[part]
	random.NewKey32(r.problem.Seed, random.MethodSpikes, uint64(p.layer), 0).Fill(words, uint64(t))
	for k, i := range p.stimulus[part].driven(t) {
		n := 0
		for n < len(r.counts) && words[k] >= r.counts[n] {
			n++
		}
		if n > 0 {
			p.drive[int(i)*width+column] = uint8(n)
		}
	}
}

// driveLower simulates the neurons of a strip of the lower layer.
func (p *rddPair) driveLower(strip int) {
	r := p.of
	width := len(p.drive) / p.n
	fired, ends := p.fired[0][strip][:0], p.ends[strip][:0]
	for i := strip * rddStrip; i < min((strip+1)*rddStrip, p.n); i++ {
		row := p.drive[i*width:][:width]
		fired, ends = r.driveNeuron(&p.lower[i], int32(i), row, fired, ends)
		copy(row, row[r.steps:][:r.clock.memory])
		clear(row[r.clock.memory:])
	}
	p.fired[0][strip], p.ends[strip] = fired, ends
}

// driveNeuron simulates neuron i of the lower layer, which gets row[memory+k] spikes in step k of
// the chunk, and appends when it fires and when its windows end.
func (r *rdd) driveNeuron(c *rddNeuron, i int32, row []uint8, fired []rddSpike, ends []rddEnd) ([]rddSpike, []rddEnd) {
	threshold, margin := r.set.Threshold, r.set.Margin
	// can nothing happen at a potential of 0?
	quiet := c.rest == 0 && threshold-margin > 0
	in, out := row[r.clock.memory:][:r.steps], row[:r.steps]
	for k := 0; k < len(in); k++ {
		if quiet && c.driven == 0 && c.left == 0 && math.Abs(c.v) < 1e-30 {
			for c.v = 0; k < len(in) && in[k] == 0; {
				k++
			}
			if k == len(in) {
				c.u = 0
				break
			}
		}
		c.driven += int32(in[k]) - int32(out[k])
		if c.driven == 0 {
			c.slow, c.fast = 0, 0
		} else {
			x, y := float64(in[k]), float64(out[k])
			c.slow = float64((c.slow+x)*r.decay.step) - float64(y*r.decay.forget)
			c.fast = float64((c.fast+x)*r.rise.step) - float64(y*r.rise.forget)
		}
		input := float64(c.weight*(c.slow-c.fast)) + c.rest

		open := c.left > 0
		ending := c.left == 1
		if open && c.u > c.peak {
			c.peak = c.u
		}
		c.v = float64(r.keep*c.v) + input
		c.u = float64(r.keep*c.u) + input
		t := r.time + int64(k)
		fires := c.v >= threshold && t >= c.ready
		if fires {
			c.v = r.set.Reset
			c.ready = t + c.refractory
			fired = append(fired, rddSpike{int32(k), i})
		}
		if ending && math.Abs(c.peak-threshold) <= r.set.Near {
			ends = append(ends, rddEnd{int32(k), i, c.peak, c.spiked})
		}
		if open {
			c.left--
		}
		if c.left == 0 {
			c.u = c.v
			if math.Abs(threshold-c.u) <= margin {
				c.left = int32(r.clock.window)
			}
		}
		if ending {
			c.peak, c.spiked = 0, false
		} else if fires && c.left > 0 {
			c.spiked = true
		}
	}
	return fired, ends
}

// gatherLower orders the spikes of the lower layer by time, and finds the steps in which windows
// end.
func (p *rddPair) gatherLower(int) {
	p.below.add(p.fired[0], p.of.steps)
	for k := range p.due {
		p.due[k] = -1
	}
	for _, ends := range p.ends {
		for _, e := range ends {
			p.due[e.step] = 0
		}
	}
	rows := 0
	for k, d := range p.due {
		if d == 0 {
			p.due[k] = int32(rows)
			rows++
		}
	}
	p.effect = slices.Grow(p.effect[:0], rows*p.m)[:rows*p.m]
}

// driveUpper simulates a strip of the upper layer.
func (p *rddPair) driveUpper(strip int) {
	r := p.of
	a, b := strip*rddStrip, min((strip+1)*rddStrip, p.m)
	slow, fast, v, rest, ready := p.slow[a:b], p.fast[a:b], p.v[a:b], p.rest[a:b], p.ready[a:b]
	in, out := p.in[strip][:b-a], p.out[strip][:b-a]
	fired := p.fired[1][strip][:0]
	for k := range r.steps {
		t := r.time + int64(k)
		enter, leave := p.below.of(t), p.below.of(t-r.clock.memory)
		if len(enter)+len(leave) > 0 {
			clear(in)
			clear(out)
			p.sum(in, enter, a)
			p.sum(out, leave, a)
			for x := range slow {
				slow[x] = float64((slow[x]+in[x])*r.decay.step) - float64(out[x]*r.decay.forget)
				fast[x] = float64((fast[x]+in[x])*r.rise.step) - float64(out[x]*r.rise.forget)
			}
		} else {
			for x := range slow {
				slow[x] *= r.decay.step
				fast[x] *= r.rise.step
			}
		}
		for x := range v {
			y := float64(r.keep*v[x]) + (slow[x] - fast[x] + rest[x])
			if y >= r.set.Threshold && t >= ready[x] {
				y = r.set.Reset
				ready[x] = t + p.refractory[a+x]
				fired = append(fired, rddSpike{int32(k), int32(a + x)})
			}
			v[x] = y
		}
	}
	p.fired[1][strip] = fired
}

// sum adds the weights of the neurons below to the neurons above from a on.
func (p *rddPair) sum(to []float64, below []int32, a int) {
	for _, j := range below {
		row := p.up[int(j)*p.m+a:][:len(to)]
		for x, w := range row {
			to[x] += w
		}
	}
}

func (p *rddPair) gatherUpper(int) { p.above.add(p.fired[1], p.of.steps) }

// effects tabulates, for a part of the steps, what a window that ends there has seen of the upper
// layer.
func (p *rddPair) effects(part int) {
	r := p.of
	for k := part * rddStrip; k < min((part+1)*rddStrip, r.steps); k++ {
		if p.due[k] < 0 {
			continue
		}
		y := p.effect[int(p.due[k])*p.m:][:p.m]
		clear(y)
		for lag := 1; lag < len(r.lags); lag++ {
			for _, j := range p.above.of(r.time + int64(k-lag)) {
				y[j] += r.lags[lag]
			}
		}
	}
}

// regress lets the windows of a strip of the lower layer that have ended change its lines.
func (p *rddPair) regress(strip int) {
	rate := p.of.set.RateRDD
	for _, e := range p.ends[strip] {
		s := 0
		if e.spiked {
			s = 1
		}
		slope, level := p.slope[s][int(e.neuron)*p.m:][:p.m], p.level[s][int(e.neuron)*p.m:][:p.m]
		for j, y := range p.effect[int(p.due[e.step])*p.m:][:p.m] {
			wrong := float64(rate * (float64(slope[j]*e.peak) + level[j] - y))
			slope[j] -= float64(wrong * e.peak)
			level[j] -= wrong
		}
	}
}

// beta is the causal effect of a synapse.
func (p *rddPair) beta(k int) float64 {
	at := p.of.set.Threshold
	return float64((p.slope[1][k]-p.slope[0][k])*at) + (p.level[1][k] - p.level[0][k])
}

// update makes the feedback weights of the causal effects.
func (p *rddPair) update() error {
	var found []float64
	for k := range p.down {
		if b := p.beta(k); b != 0 {
			found = append(found, b)
		}
	}
	if len(found) == 0 {
		return nil
	}
	std := rddSpread(found)
	if !(std < math.MaxFloat64) {
		return fmt.Errorf("rdd: the regressions for the feedback weights into layer %d have no end; a smaller rate_rdd, or a smaller near, holds them", p.layer)
	}
	for k := range p.down {
		if b := p.beta(k); b != 0 {
			p.down[k] = float64(b * (p.scale / std))
		}
	}
	return nil
}

// rddTrain are the spikes of a layer from step base on: those of step t are
// events[at[t-base]:at[t-base+1]], neurons in order.
type rddTrain struct {
	base   int64
	at     []int32
	events []int32
}

// of returns the neurons that fired in step t, none before the base.
func (s *rddTrain) of(t int64) []int32 {
	if t < s.base {
		return nil
	}
	return s.events[s.at[t-s.base]:s.at[t-s.base+1]]
}

// since returns the number of spikes from step t on.
func (s *rddTrain) since(t int64) int64 {
	return int64(len(s.events)) - int64(s.at[t-s.base])
}

// add adds steps with the spikes of all strips, each of which has the neurons of a step in order.
func (s *rddTrain) add(strips [][]rddSpike, steps int) {
	last := len(s.at) - 1
	before := s.at[last]
	for range steps {
		s.at = append(s.at, 0)
	}
	for _, spikes := range strips {
		for _, e := range spikes {
			s.at[last+1+int(e.step)]++
		}
	}
	sum := before
	for k := last + 1; k < len(s.at); k++ {
		sum, s.at[k] = sum+s.at[k], sum
	}
	s.events = slices.Grow(s.events, int(sum-before))[:sum]
	// at[k+1] is where step k begins, and with each of its spikes comes nearer to where it ends
	for _, spikes := range strips {
		for _, e := range spikes {
			at := &s.at[last+1+int(e.step)]
			s.events[*at] = e.neuron
			*at++
		}
	}
}

// forget forgets the spikes before step t.
func (s *rddTrain) forget(t int64) {
	drop := t - s.base
	if drop <= 0 {
		return
	}
	first := s.at[drop]
	s.events = s.events[:copy(s.events, s.events[first:])]
	s.at = s.at[:copy(s.at, s.at[drop:])]
	for k := range s.at {
		s.at[k] -= first
	}
	s.base = t
}

const rddTag = "RDD1"

// AppendBinary implements Learner.
func (r *rdd) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, rddTag)
	w.Int(r.time)
	w.Int(r.spikes)
	for _, p := range r.pairs {
		w.Count(p.n)
		for i := range p.lower {
			c := &p.lower[i]
			for _, x := range c.numbers() {
				w.Float(*x)
			}
			w.Int(c.ready)
			w.Int(int64(c.left))
			w.Bool(c.spiked)
		}
		w.Count(p.m)
		for _, x := range [...][]float64{p.slow, p.fast, p.v} {
			w.Floats(x)
		}
		w.Ints(p.ready)
		for _, x := range p.learned() {
			w.Floats(x)
		}
		for _, s := range [...]*rddTrain{&p.below, &p.above} {
			w.Int(s.base)
			w.Int32s(s.at)
			w.Count(len(s.events))
			w.Int32s(s.events)
		}
	}
	return w.End()
}

// UnmarshalBinary implements Learner.
func (r *rdd) UnmarshalBinary(b []byte) error {
	rd := state.NewReader(b, rddTag)
	r.time = rd.Int()
	r.spikes = rd.Int()
	rd.Check(0 <= r.time && r.time < 1<<60 && r.spikes >= 0, "impossible times")
	for _, p := range r.pairs {
		if rd.Err() != nil {
			break
		}
		p.read(rd)
	}
	if err := rd.Done(); err != nil {
		return err
	}
	for _, p := range r.pairs {
		p.recall()
	}
	return nil
}

// numbers are those of the state.
func (c *rddNeuron) numbers() [5]*float64 {
	return [...]*float64{&c.v, &c.u, &c.slow, &c.fast, &c.peak}
}

// learned are the matrices that learn.
func (p *rddPair) learned() [5][]float64 {
	return [...][]float64{p.down, p.slope[0], p.slope[1], p.level[0], p.level[1]}
}

func (p *rddPair) read(rd *state.Reader) {
	r := p.of
	// a neuron that has fired may be at rest for its refractory time from now
	soon := func(ready, refractory int64) bool { return 0 <= ready && ready < r.time+refractory }
	rd.CountIs(p.n)
	for i := range p.lower {
		c := &p.lower[i]
		for _, x := range c.numbers() {
			*x = rd.Finite()
		}
		c.ready = rd.Int()
		left := rd.Int()
		c.spiked = rd.Bool()
		rd.Check(c.ready == 0 || soon(c.ready, c.refractory), "impossible refractory time")
		rd.Check(0 <= left && left <= r.clock.window, "impossible window")
		c.left = int32(left)
	}
	rd.CountIs(p.m)
	for _, x := range [...][]float64{p.slow, p.fast, p.v} {
		rd.Finites(x)
	}
	rd.Ints(p.ready)
	for j, ready := range p.ready {
		rd.Check(ready == 0 || soon(ready, p.refractory[j]), "impossible refractory time")
	}
	for _, x := range p.learned() {
		rd.Finites(x)
	}
	p.below.read(rd, r.time, r.clock.memory, p.n)
	p.above.read(rd, r.time, r.clock.memory+r.clock.window, p.m)
}

// read reads the spikes of n neurons in the last span steps before time.
func (s *rddTrain) read(rd *state.Reader, time, span int64, n int) {
	s.base = rd.Int()
	rd.Check(s.base == max(time-span, 0), "impossible spikes")
	if rd.Err() != nil {
		return
	}
	s.at = make([]int32, time-s.base+1)
	rd.Int32s(s.at)
	s.events = make([]int32, rd.Count(4))
	rd.Int32s(s.events)
	if rd.Err() != nil {
		return
	}
	sound := s.at[0] == 0 && int(s.at[len(s.at)-1]) == len(s.events)
	for k := 1; sound && k < len(s.at); k++ {
		sound = s.at[k-1] <= s.at[k] && int(s.at[k]) <= len(s.events)
		for x := s.at[k-1]; sound && x < s.at[k]; x++ {
			e := s.events[x]
			sound = 0 <= e && int(e) < n && (x == s.at[k-1] || s.events[x-1] < e)
		}
	}
	rd.Check(sound, "impossible spikes")
}

// recall draws the spikes again that drove the lower layer in the last memory steps.
func (p *rddPair) recall() {
	clear(p.drive)
	memory := p.of.clock.memory
	for k := range memory {
		if t := p.of.time - memory + k; t >= 0 {
			p.count(0, t, int(k))
		}
	}
	width := len(p.drive) / p.n
	for i := range p.lower {
		p.lower[i].driven = 0
		for _, n := range p.drive[i*width:][:memory] {
			p.lower[i].driven += int32(n)
		}
	}
}
