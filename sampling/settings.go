package sampling

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"spikealign/boltzmann"
	"spikealign/internal/random"
	"spikealign/mismatch"
	"spikealign/settings"
)

// Settings describe a whole wake-sleep training: network, target, where learning begins, rules and
// how long it takes. They are what an experiment file says, with its defaults (settings.Default).
type Settings struct {
	Network    NetworkSettings   `yaml:"network" doc:"the neurons and how they are simulated"`
	Seeds      Seeds             `yaml:"seeds" doc:"seeds of their own for what is drawn once"`
	Target     Target            `yaml:"target" doc:"what the network is to learn"`
	Initial    Initial           `yaml:"initial" doc:"weights and biases at the start"`
	Mismatch   mismatch.Settings `yaml:"mismatch" doc:"how neurons and synapses differ from each other; 0: not (docs/mismatch.md)"`
	Course     Course            `yaml:"training" doc:"epochs and reports"`
	Plasticity Plasticity        `yaml:"plasticity" doc:"learning rules"`
}

// NetworkSettings describe the neurons; Config.Neurons is the sum of Visible and Hidden.
type NetworkSettings struct {
	Visible int `yaml:"visible" default:"7" range:"[1, 4096]" also:"neurons, n, size" doc:"visible neurons"`
	Hidden  int `yaml:"hidden" range:"[0, 4096]" doc:"hidden neurons, connected to the visible ones only; needs target.bars_and_stripes, target.patterns or target.probabilities"`
	Config
}

// Seeds replace the seed of the run.
type Seeds struct {
	Target   *uint64 `yaml:"target" doc:"of the target's weights and biases; null: the run's seed"`
	Initial  *uint64 `yaml:"initial" doc:"of initial weights and biases and of the synapses' amplitudes; null: the run's seed"`
	Mismatch *uint64 `yaml:"mismatch" doc:"of the differences of block mismatch; null: the run's seed"`
}

// Target says what is to be learned.
type Target struct {
	Alpha         float64     `yaml:"alpha" default:"1" range:"[1e-6, 1e6]" doc:"target weights and biases are 2*Beta(alpha, beta)-1 ..."`
	Beta          float64     `yaml:"beta" default:"1" range:"[1e-6, 1e6]" doc:"... each"`
	Weights       [][]float64 `yaml:"weights" range:"[-1e6, 1e6]" doc:"or given: symmetric, row = postsynaptic; the diagonal is ignored"`
	Bias          []float64   `yaml:"bias" range:"[-1e6, 1e6]" doc:"with weights"`
	BarsStripes   int         `yaml:"bars_and_stripes" range:"[0, 8]" doc:"or images of bars and stripes with this many pixels on a side; visible = side^2"`
	Patterns      [][]uint8   `yaml:"patterns" range:"[0, 1]" also:"data" doc:"or any patterns of the visible neurons, 0 or 1, equally probable; one that stands there twice weighs twice"`
	Probabilities []float64   `yaml:"probabilities" range:"[0, 1]" doc:"or any distribution: the probabilities of the 2^visible states of the visible neurons, in all 0.99 to 1.01, divided by their sum; bit i of a state's number is neuron i, counted from 0"`
	TeacherLength int64       `yaml:"teacher_length" default:"100000" range:"[1, 2^40]" unit:"tau" doc:"above 20 neurons: length of the target network's run that stands in for enumeration"`
}

// Initial says where learning begins.
type Initial struct {
	// From is not followed here: who calls Training brings that network.
	From     string      `yaml:"from" doc:"or those of a finished run: its folder, or FOLDER#EPOCH for a report of that run with snapshots; noise is added"`
	WeightSD float64     `yaml:"weight_sd" default:"0.2" range:"[0, 1e6]" doc:"standard deviation of the symmetric part of the weights"`
	BiasSD   float64     `yaml:"bias_sd" default:"0.2" range:"[0, 1e6]" doc:"standard deviation of the biases"`
	Noise    float64     `yaml:"noise" range:"[0, 1e6]" also:"sigma, sigma_init" doc:"sigma_init, synaptic noise: standard deviation of a further part, independent for every synapse"`
	Weights  [][]float64 `yaml:"weights" range:"[-1e6, 1e6]" doc:"or given: row = postsynaptic; noise is added; the diagonal is ignored"`
	Bias     []float64   `yaml:"bias" range:"[-1e6, 1e6]" doc:"or given"`
}

// Plasticity holds the rules.
type Plasticity struct {
	Rates
	Noise            float64     `yaml:"noise" range:"[0, 1e6]" also:"sigma, sigma_stdp" doc:"sigma_stdp, plasticity noise: every synapse's windows have the amplitude 1 + N(0, noise^2), cut at +-1.5 noise; one draw per synapse and rule; mismatch.window_amplitude varies SAL's windows alone"`
	HebbianAmplitude [][]float64 `yaml:"hebbian_amplitude" range:"[-1e6, 1e6]" doc:"or given, row = postsynaptic"`
	SALAmplitude     [][]float64 `yaml:"sal_amplitude" range:"[-1e6, 1e6]" doc:"or given, row = postsynaptic"`
	Pairs            `default:"sal_window=triangular sal_pairing=last-1"`
}

// maxTrained is the largest network that can be trained here: pair sums and weights are dense.
const maxTrained = 4096

// Neurons returns the number of visible and hidden neurons.
func (s *Settings) Neurons() int { return s.Network.Visible + s.Network.Hidden }

// Config describes all neurons.
func (s *Settings) Config() Config {
	c := s.Network.Config
	c.Neurons = s.Neurons()
	return c
}

// Validate returns everything that is wrong with the description.
func (s *Settings) Validate() settings.Problems {
	ps := settings.Check(s)
	n := s.Neurons()
	if n > maxTrained && !ps.Has("network.visible", "network.hidden") {
		ps.Add("network.visible", "visible and hidden neurons together must not exceed %d", maxTrained)
	}
	if ps.Has("network.visible", "network.hidden") {
		n = 0
	}
	if n > 0 && !ps.Has("network") {
		s.Config().relate(&ps, "network")
		s.relateMismatch(&ps)
	}
	s.relateTarget(&ps)
	if i := &s.Initial; i.From != "" && (i.Weights != nil || i.Bias != nil) {
		ps.Add("initial.from", "brings weights and biases of its own: remove it, or initial.weights and initial.bias")
	}
	if n > 0 {
		relateSquare(&ps, "target.weights", s.Target.Weights, n, true)
		relateSquare(&ps, "initial.weights", s.Initial.Weights, n, false)
		relateSquare(&ps, "plasticity.hebbian_amplitude", s.Plasticity.HebbianAmplitude, n, false)
		relateSquare(&ps, "plasticity.sal_amplitude", s.Plasticity.SALAmplitude, n, false)
		for _, b := range []struct {
			path string
			list []float64
		}{{"target.bias", s.Target.Bias}, {"initial.bias", s.Initial.Bias}} {
			if b.list != nil {
				ps.Vector(b.path, b.list, n, "neurons")
			}
		}
	}
	if !ps.Has("network") {
		s.Plasticity.Pairs.relate(&ps, "plasticity.sal_window_tau", s.Config())
	}
	if len(ps) == 0 {
		t, patterns := &s.Course, s.wakePhases()
		reports := float64(float64(t.ReportFactor) * float64(t.Epochs/t.ReportEvery+2))
		wake := float64(float64(patterns) * (float64(t.WakeLength) + float64(t.Settle)))
		tau := float64(float64(t.EpochLength)*(float64(t.Epochs)+reports)) +
			float64(float64(t.Epochs)*(wake+float64(t.Settle)))
		if n > boltzmann.MaxNeurons {
			tau += float64(s.Target.TeacherLength)
		}
		s.Config().relateLength(&ps, "training.epochs", tau*float64(s.Network.TauRef))
	}
	return ps
}

// relateMismatch checks what neurons that differ do not go together with.
func (s *Settings) relateMismatch(ps *settings.Problems) {
	c := s.Config()
	if ps.Has("mismatch") || ps.Has("network.engine") {
		return
	}
	if s.Mismatch.Refractory > 0 {
		if c.Engine == Event {
			ps.Add("network.engine", "%s needs one refractory time for all neurons; choose auto, or mismatch.refractory 0", Event)
		}
		if s.runsTarget() {
			ps.Add("mismatch.refractory", "is not possible above %d neurons, where the target is a network that runs, too; set it to 0, or give target.patterns", boltzmann.MaxNeurons)
		}
	}
	if p := &s.Plasticity; s.Mismatch.Amplitude > 0 && (p.Noise > 0 || p.SALAmplitude != nil) {
		ps.Add("mismatch.window_amplitude", "gives SAL's windows their amplitudes, and so do plasticity.noise and plasticity.sal_amplitude; remove one of them")
	}
	if h := s.Plasticity.Half(c); h.Validate() == nil && s.Mismatch.Tau > 0 {
		if h.Tau *= mismatch.Largest(s.Mismatch.Tau); h.Validate() != nil {
			ps.Add("mismatch.window_tau", "makes windows longer than 2^40 ticks; a shorter plasticity.sal_window_tau is needed")
		}
	}
}

// runsTarget reports whether the target is a network too large to be enumerated.
func (s *Settings) runsTarget() bool {
	t := &s.Target
	return s.Network.Visible > boltzmann.MaxNeurons && t.BarsStripes == 0 && t.Patterns == nil && t.Probabilities == nil
}

// Differences draws how neurons and synapses differ.
func (s *Settings) Differences(seed uint64) Differences {
	if s.Seeds.Mismatch != nil {
		seed = *s.Seeds.Mismatch
	}
	return differences(s.Mismatch, seed, s.Neurons())
}

func (s *Settings) relateTarget(ps *settings.Problems) {
	t, visible := &s.Target, s.Network.Visible
	var given []string
	for _, g := range []struct {
		name string
		is   bool
	}{{"weights", t.Weights != nil}, {"bars_and_stripes", t.BarsStripes != 0}, {"patterns", t.Patterns != nil}, {"probabilities", t.Probabilities != nil}} {
		if g.is {
			given = append(given, g.name)
		}
	}
	if len(given) > 1 {
		ps.Add("target", "only one of weights, bars_and_stripes, patterns and probabilities can be given, and there are %s", strings.Join(given, " and "))
	}
	if side := t.BarsStripes; side != 0 && !ps.Has("target.bars_and_stripes") && side*side != visible {
		ps.Add("target.bars_and_stripes", "images of %dx%d pixels need network.visible = %d", side, side, side*side)
	}
	if t.Patterns != nil && len(t.Patterns) == 0 {
		ps.Add("target.patterns", "must hold at least one pattern")
	}
	for k, p := range t.Patterns {
		if len(p) != visible {
			ps.Add(fmt.Sprintf("target.patterns.%d", k), "has %d bits for %d visible neurons", len(p), visible)
		}
	}
	s.relateProbabilities(ps)
	if s.Network.Hidden > 0 && t.BarsStripes == 0 && t.Patterns == nil && t.Probabilities == nil {
		ps.Add("network.hidden", "hidden neurons need data to learn: target.bars_and_stripes, target.patterns or target.probabilities")
	}
	if (t.Weights == nil) != (t.Bias == nil) {
		ps.Add("target.bias", "weights and bias are given together or not at all")
	}
}

func (s *Settings) relateProbabilities(ps *settings.Problems) {
	const path = "target.probabilities"
	p, visible := s.Target.Probabilities, s.Network.Visible
	if p == nil || ps.Has(path, "network.visible") {
		return
	}
	switch total := boltzmann.Total(p); {
	case visible > boltzmann.MaxNeurons:
		ps.Add(path, "can be given for at most %d visible neurons", boltzmann.MaxNeurons)
	case !ps.Vector(path, p, 1<<visible, "states of the visible neurons"):
	case math.Abs(total-1) > sumTolerance:
		ps.Add(path, "add up to %.9g, must add up to 1, or to 0.99 to 1.01 where they are rounded: divide them by their sum, if that is what is meant", total)
	}
}

// sumTolerance is how far from 1 given probabilities may add up: what printing them with a few
// digits leaves. They are divided by their sum; sumSilence is how far off nothing is said of it,
// what rounding to 32 bits leaves.
const (
	sumTolerance = 0.01
	sumSilence   = 1e-6
)

// Warnings returns what is done otherwise than the settings say.
func (s *Settings) Warnings() []string {
	if p := s.Target.Probabilities; p != nil {
		if total := boltzmann.Total(p); math.Abs(total-1) > sumSilence {
			return []string{fmt.Sprintf("target.probabilities add up to %.9g and were divided by it", total)}
		}
	}
	return nil
}

// wakePhases is how many clamped patterns a wake phase has.
func (s *Settings) wakePhases() int {
	if p := s.Target.Probabilities; p != nil && s.Network.Hidden > 0 {
		states, _ := boltzmann.Support(p, s.Network.Visible)
		return len(states)
	}
	return len(s.Target.patterns())
}

// relateSquare checks a matrix for n neurons, or nil.
func relateSquare(ps *settings.Problems, path string, m [][]float64, n int, symmetric bool) {
	if m == nil {
		return
	}
	if !ps.Matrix(path, m, n, n) {
		return
	}
	for i := range n {
		for j := range i {
			if symmetric && m[i][j] != m[j][i] {
				ps.Add(fmt.Sprintf("%s.%d.%d", path, i, j), "must equal %s.%d.%d: a Boltzmann distribution needs symmetric weights", path, j, i)
				return
			}
		}
	}
}

// patterns are the data to learn, nil if a distribution is.
func (t *Target) patterns() [][]uint8 {
	if t.BarsStripes != 0 {
		return boltzmann.BarsAndStripes(t.BarsStripes)
	}
	return t.Patterns
}

// Training draws and collects everything that a training of a valid description follows from. Every
// number is drawn from a stream of its own, keyed by seed and synapse or neuron. from replaces the
// initial weights and biases; nil: they are drawn or given.
func (s *Settings) Training(seed uint64, from *Network) Training {
	n := s.Neurons()
	targetSeed, initialSeed := seed, seed
	if s.Seeds.Target != nil {
		targetSeed = *s.Seeds.Target
	}
	if s.Seeds.Initial != nil {
		initialSeed = *s.Seeds.Initial
	}
	draw := func(seed uint64, p random.Purpose, i, j int) *random.Stream {
		s := random.New(seed, p, uint64(i), uint64(j))
		return &s
	}
	t := Training{
		Config: s.Config(), Course: s.Course, Rates: s.Plasticity.Rates, Pairs: s.Plasticity.Pairs,
		Seed: seed, Visible: s.Network.Visible, TeacherLength: s.Target.TeacherLength,
		Weights: make([]float64, n*n), Bias: make([]float64, n), Patterns: s.Target.patterns(),
		Differences: s.Differences(seed),
	}
	switch {
	case t.Patterns != nil:
	case s.Target.Probabilities != nil:
		t.Probabilities = slices.Clone(s.Target.Probabilities)
		total := boltzmann.Total(t.Probabilities)
		for z := range t.Probabilities {
			t.Probabilities[z] /= total
		}
	case s.Target.Weights != nil:
		t.TargetWeights, t.TargetBias = slices.Concat(s.Target.Weights...), slices.Clone(s.Target.Bias)
		for i := range n {
			t.TargetWeights[i*n+i] = 0
		}
	default:
		t.TargetWeights, t.TargetBias = make([]float64, n*n), make([]float64, n)
		for i := range n {
			t.TargetBias[i] = 2*draw(targetSeed, random.TargetBias, i, 0).Beta(s.Target.Alpha, s.Target.Beta) - 1
			for j := range i {
				w := 2*draw(targetSeed, random.TargetWeights, j, i).Beta(s.Target.Alpha, s.Target.Beta) - 1
				t.TargetWeights[i*n+j], t.TargetWeights[j*n+i] = w, w
			}
		}
	}

	for i := range n {
		for j := range n {
			if i == j {
				continue
			}
			w := 0.0
			switch {
			case from != nil:
				w = from.Weights[i*n+j]
			case s.Initial.Weights != nil:
				w = s.Initial.Weights[i][j]
			default:
				w = s.Initial.WeightSD * draw(initialSeed, random.InitialWeights, min(i, j), max(i, j)).Norm()
			}
			t.Weights[i*n+j] = w + float64(s.Initial.Noise*draw(initialSeed, random.SynapticNoise, i, j).Norm())
		}
		switch {
		case from != nil:
			t.Bias[i] = from.Bias[i]
		case s.Initial.Bias != nil:
			t.Bias[i] = s.Initial.Bias[i]
		default:
			t.Bias[i] = s.Initial.BiasSD * draw(initialSeed, random.InitialBias, i, 0).Norm()
		}
	}

	amplitude := func(given [][]float64, p random.Purpose) []float64 {
		if given != nil {
			return slices.Concat(given...)
		}
		if s.Plasticity.Noise == 0 {
			return nil
		}
		a := make([]float64, n*n)
		for i := range n {
			for j := range n {
				a[i*n+j] = 1 + float64(s.Plasticity.Noise*draw(initialSeed, p, i, j).CutNorm(1.5))
			}
		}
		return a
	}
	t.HebbianAmplitude = amplitude(s.Plasticity.HebbianAmplitude, random.HebbianNoise)
	if a := &t.Differences.Amplitude; *a == nil {
		*a = amplitude(s.Plasticity.SALAmplitude, random.SALNoise)
	}
	return t
}

// PairSettings describe spike-based alignment learning on the two synapses between two neurons.
type PairSettings struct {
	Network    PairNetwork    `yaml:"network" doc:"the neurons and how they are simulated"`
	Initial    PairInitial    `yaml:"initial" doc:"weights at the start; w12 is the synapse from neuron 2 to neuron 1"`
	Course     PairTime       `yaml:"training" doc:"epochs and reports"`
	Plasticity PairPlasticity `yaml:"plasticity" doc:"the learning rule"`
}

// PairNetwork describes two neurons.
type PairNetwork struct {
	Config `default:"tau_ref=25"`
	Bias   []float64 `yaml:"bias" default:"[-0.5, -0.2]" range:"[-1e6, 1e6]" doc:"of neuron 1 and neuron 2"`
}

// PairInitial says where learning begins.
type PairInitial struct {
	// From is not followed here: who calls Training brings those weights.
	From  string  `yaml:"from" doc:"or those of a finished run: its folder, or FOLDER#EPOCH for a report of that run; noise is added"`
	W12   float64 `yaml:"w12" default:"1.5" range:"[-1e6, 1e6]" also:"w_12, weights" doc:"synapse from neuron 2 to neuron 1"`
	W21   float64 `yaml:"w21" default:"0.5" range:"[-1e6, 1e6]" also:"w_21, weights" doc:"synapse from neuron 1 to neuron 2"`
	Noise float64 `yaml:"noise" range:"[0, 1e6]" also:"sigma, sigma_init" doc:"standard deviation of what is added to each"`
}

// PairTime says how long.
type PairTime struct {
	PairCourse
	Settle     int64   `yaml:"settle" range:"[0, 2^40]" unit:"steps" doc:"unmeasured time from rest before the first epoch"`
	ClipWeight float64 `yaml:"clip_weight" range:"[0, 1e6]" doc:"largest |weight|; 0: none"`
}

// PairPlasticity holds the rule.
type PairPlasticity struct {
	Rate12 float64 `yaml:"rate_12" default:"0.03" range:"[-1e6, 1e6]" also:"eta, lr, learning_rate, rate, rate_sal, eta_sal" doc:"learning rate of w12; 0: frozen"`
	Rate21 float64 `yaml:"rate_21" default:"0.03" range:"[-1e6, 1e6]" also:"eta, lr, learning_rate, rate, rate_sal, eta_sal" doc:"learning rate of w21; 0: frozen"`
	Pairs
}

func (s *PairSettings) config() Config {
	c := s.Network.Config
	c.Neurons = 2
	return c
}

// Validate returns everything that is wrong with the description.
func (s *PairSettings) Validate() settings.Problems {
	ps := settings.Check(s)
	if len(s.Network.Bias) != 2 {
		ps.Add("network.bias", "must be two numbers")
	}
	s.Plasticity.Relate(&ps, s.config())
	t := &s.Course
	s.config().relateLength(&ps, "training.epochs", float64(float64(t.Epochs)*float64(t.EpochLength))+float64(t.Settle))
	return ps
}

// Relate adds to the problems of single settings what is wrong with neurons (block network) and
// learning window (block plasticity) together.
func (p Pairs) Relate(ps *settings.Problems, c Config) {
	if !ps.Has("network") {
		c.relate(ps, "network")
	}
	if !ps.Has("network") {
		p.relate(ps, "plasticity.sal_window_tau", c)
	}
}

// Training draws and collects everything that a training of a valid description follows from. from
// replaces the initial weights w12 and w21; nil: they are given.
func (s *PairSettings) Training(seed uint64, from *[2]float64) PairTraining {
	noise := func(i, j uint64) float64 {
		r := random.New(seed, random.SynapticNoise, i, j)
		return float64(s.Initial.Noise * r.Norm())
	}
	bound := math.Inf(1)
	if s.Course.ClipWeight > 0 {
		bound = s.Course.ClipWeight
	}
	w := [2]float64{s.Initial.W12, s.Initial.W21}
	if from != nil {
		w = *from
	}
	return PairTraining{
		Config: s.config(), PairCourse: s.Course.PairCourse, Pairs: s.Plasticity.Pairs, Seed: seed, Settle: s.Course.Settle,
		Network: Network{Weights: []float64{0, w[0] + noise(0, 1), w[1] + noise(1, 0), 0}, Bias: s.Network.Bias},
		Rate12:  s.Plasticity.Rate12, Rate21: s.Plasticity.Rate21, Lower: -bound, Upper: bound,
	}
}
