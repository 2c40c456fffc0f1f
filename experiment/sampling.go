package experiment

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"spikealign/boltzmann"
	"spikealign/internal/npz"
	"spikealign/internal/random"
	"spikealign/sampling"
	"spikealign/synapse"
)

// Sampling is the kind "sampling": a spiking network learns to sample from a distribution by wake-sleep learning, with or without SAL
// (figures 4 and 5 of the paper; docs/model.md, sections 1 to 4).
type Sampling struct{}

// Name implements Kind.
func (Sampling) Name() string { return "sampling" }

// Doc implements Kind.
func (Sampling) Doc() string {
	return "A spiking network learns to sample from a distribution, with or without SAL (figures 4 and 5)."
}

// StateVersion implements Kind.
func (Sampling) StateVersion() int { return 1 }

// NewConfig implements Kind.
func (Sampling) NewConfig() Config {
	return &SamplingConfig{
		Network:    NetworkConfig{Visible: 7, TauRef: 50, Engine: engineName(sampling.Auto)},
		Target:     TargetConfig{Alpha: 1, Beta: 1, TeacherLength: 100000},
		Initial:    InitialConfig{WeightSD: 0.2, BiasSD: 0.2},
		Training:   TrainingConfig{Epochs: 20001, EpochLength: 1000, ReportEvery: 500, ReportFactor: 1000, WakeLength: 100, Settle: 5, ClampBias: 10, ClipWeight: 2, ClipBias: 2},
		Plasticity: PlasticityConfig{RateBias: 0.01, RateWeight: 0.01, RateSAL: 0.01, Window: synapse.TriangularWindow, Pairing: synapse.Pairing{Kind: synapse.Last, K: 1}},
		Snapshots:  true,
	}
}

// SamplingConfig is the kind's part of the experiment file.
type SamplingConfig struct {
	Network    NetworkConfig    `yaml:"network" doc:"the neurons and how they are simulated"`
	Seeds      SeedsConfig      `yaml:"seeds" doc:"seeds of their own for what is drawn once"`
	Target     TargetConfig     `yaml:"target" doc:"what the network is to learn"`
	Initial    InitialConfig    `yaml:"initial" doc:"weights and biases at the start"`
	Training   TrainingConfig   `yaml:"training" doc:"epochs and reports"`
	Plasticity PlasticityConfig `yaml:"plasticity" doc:"learning rules"`
	Snapshots  bool             `yaml:"snapshots" doc:"weights and biases at every report, to arrays.npz"`
}

// NetworkConfig describes the neurons.
type NetworkConfig struct {
	Visible  int               `yaml:"visible" doc:"visible neurons, 1 or more"`
	Hidden   int               `yaml:"hidden" doc:"hidden neurons, connected to the visible ones only; needs target.data"`
	TauRef   int64             `yaml:"tau_ref" doc:"refractory time, steps; the unit tau of all times below"`
	Dynamics sampling.Dynamics `yaml:"dynamics" doc:"discrete or continuous time"`
	Timing   Timing            `yaml:"timing" doc:"canonical, or authors: psp_steps tau-1, min_isi tau+1, every epoch begins at rest"`
	PSP      synapse.PSPShape  `yaml:"psp" doc:"rectangular, alpha, exponential, cut-exponential, rectangular-tail"`
	TauSyn   float64           `yaml:"tau_syn" doc:"synaptic time constant, steps; 0: tau_ref"`
	PSPSteps int64             `yaml:"psp_steps" doc:"length of a rectangular potential, steps; 0: from timing"`
	PSPCut   int64             `yaml:"psp_cut" doc:"lag beyond which any other potential is 0, steps; 0: never"`
	MinISI   int64             `yaml:"min_isi" doc:"shortest interval between two spikes of a neuron, steps; 0: from timing"`
	Delay    int64             `yaml:"delay" doc:"transmission delay, steps"`
	Engine   engineName        `yaml:"engine" doc:"auto, stepper, event, thinning; all have the same law"`
}

// Timing is a preset of conventions that differ by single steps.
type Timing uint8

const (
	canonicalTiming Timing = iota
	authorsTiming
)

// MarshalText implements encoding.TextMarshaler.
func (t Timing) MarshalText() ([]byte, error) {
	return []byte([]string{"canonical", "authors"}[t]), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Timing) UnmarshalText(b []byte) error {
	switch string(b) {
	case "canonical":
		*t = canonicalTiming
	case "authors":
		*t = authorsTiming
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

// SeedsConfig holds seeds that replace the run's seed.
type SeedsConfig struct {
	Target  *uint64 `yaml:"target" doc:"of the target's weights and biases; null: the run's seed"`
	Initial *uint64 `yaml:"initial" doc:"of initial weights and biases and of the synapses' amplitudes; null: the run's seed"`
}

// TargetConfig says what is to be learned.
type TargetConfig struct {
	Alpha         float64     `yaml:"alpha" doc:"target weights and biases are 2*Beta(alpha, beta)-1 ..."`
	Beta          float64     `yaml:"beta" doc:"... each"`
	Weights       [][]float64 `yaml:"weights" doc:"or given: symmetric, row = postsynaptic; the diagonal is ignored"`
	Bias          []float64   `yaml:"bias" doc:"with weights"`
	BarsStripes   int         `yaml:"bars_and_stripes" doc:"or images of bars and stripes with this many pixels on a side; visible = side^2"`
	Patterns      [][]uint8   `yaml:"patterns" doc:"or any patterns of the visible neurons, 0 or 1, equally probable"`
	TeacherLength int64       `yaml:"teacher_length" doc:"above 20 neurons: length of the target network's run that stands in for enumeration, tau"`
}

// InitialConfig says where learning begins.
type InitialConfig struct {
	WeightSD float64     `yaml:"weight_sd" doc:"standard deviation of the symmetric part of the weights"`
	BiasSD   float64     `yaml:"bias_sd" doc:"standard deviation of the biases"`
	Noise    float64     `yaml:"noise" doc:"sigma_init, synaptic noise: standard deviation of a further part, independent for every synapse"`
	Weights  [][]float64 `yaml:"weights" doc:"or given: row = postsynaptic; noise is added; the diagonal is ignored"`
	Bias     []float64   `yaml:"bias" doc:"or given"`
}

// TrainingConfig says how long.
type TrainingConfig struct {
	Epochs       int64   `yaml:"epochs" doc:"number of epochs"`
	EpochLength  int64   `yaml:"epoch_length" doc:"length of an epoch's sleep phase, tau"`
	ReportEvery  int64   `yaml:"report_every" doc:"every so many epochs, from the first on, D_KL and asymmetry are measured ..."`
	ReportFactor int64   `yaml:"report_factor" doc:"... in an epoch longer by this factor (which also updates the parameters)"`
	WakeLength   int64   `yaml:"wake_length" doc:"data only: length of the wake phase for each pattern, tau"`
	Settle       int64   `yaml:"settle" doc:"data only: unmeasured time after each change of clamps, tau"`
	ClampBias    float64 `yaml:"clamp_bias" doc:"data only: bias +- this clamps a visible neuron"`
	ClipWeight   float64 `yaml:"clip_weight" doc:"largest |weight|; 0: none"`
	ClipBias     float64 `yaml:"clip_bias" doc:"largest |bias|; 0: none"`
}

// PlasticityConfig holds the rules.
type PlasticityConfig struct {
	RateBias         float64             `yaml:"rate_bias" doc:"learning rate of the biases"`
	RateWeight       float64             `yaml:"rate_weight" doc:"learning rate of wake-sleep learning"`
	RateSAL          float64             `yaml:"rate_sal" doc:"learning rate of SAL; 0: without SAL"`
	Noise            float64             `yaml:"noise" doc:"sigma_stdp, plasticity noise: every synapse's windows have the amplitude 1 + N(0, noise^2), cut at +-1.5 noise; one draw per synapse and rule"`
	HebbianAmplitude [][]float64         `yaml:"hebbian_amplitude" doc:"or given, row = postsynaptic"`
	SALAmplitude     [][]float64         `yaml:"sal_amplitude" doc:"or given, row = postsynaptic"`
	Window           synapse.WindowShape `yaml:"sal_window" doc:"SAL's learning window: triangular, exponential"`
	WindowTau        float64             `yaml:"sal_window_tau" doc:"its time constant, steps; 0: tau_ref"`
	Pairing          synapse.Pairing     `yaml:"sal_pairing" doc:"which pairs count for SAL: nearest, last-1, last-2, ..., all"`
}

// maxTrained is the largest network that can be trained here: pair sums and weights are dense.
const maxTrained = 4096

// largest bounds weights, biases, rates and spreads: what is larger is a slip of the pen, and sums of it would overflow. The thinning simulator cuts weights here.
const largest = 1e6

// maxKernel is the longest potential, in steps, that the stepper tabulates: 128 MB.
const maxKernel = 1 << 24

func (c *SamplingConfig) neurons() int { return c.Network.Visible + c.Network.Hidden }

func (c *SamplingConfig) network() sampling.Config {
	n := c.Network
	s := sampling.Config{Neurons: c.neurons(), TauRef: n.TauRef, MinISI: n.MinISI, PSP: n.PSP, PSPSteps: n.PSPSteps, TauSyn: n.TauSyn, PSPCut: n.PSPCut,
		Delay: n.Delay, Dynamics: n.Dynamics}
	if n.Timing == authorsTiming {
		if s.PSPSteps == 0 {
			s.PSPSteps = max(s.Resolve().PSPSteps-1, 1)
		}
		if s.MinISI == 0 {
			s.MinISI = s.TauRef + 1
		}
	}
	return s
}

// Validate implements Config.
func (c *SamplingConfig) Validate() []Problem {
	var ps []Problem
	bad := func(path, format string, a ...any) {
		ps = append(ps, Problem{Path: path, Message: fmt.Sprintf(format, a...)})
	}
	atLeast := func(path string, x, low int64) {
		if x < low || x > 1<<40 {
			bad(path, "must be between %d and 2^40", low)
		}
	}
	between := func(path string, x, low, high float64) {
		if !(x >= low && x <= high) {
			bad(path, "must be between %v and %v", low, high)
		}
	}
	moderate := func(path string, x float64) { between(path, x, -largest, largest) }
	immoderate := func(x float64) bool { return !(math.Abs(x) <= largest) }
	spread := func(path string, x float64) { between(path, x, 0, largest) }
	n := c.neurons()
	atLeast("network.visible", int64(c.Network.Visible), 1)
	atLeast("network.hidden", int64(c.Network.Hidden), 0)
	if c.Network.Visible > maxTrained || c.Network.Hidden > maxTrained || n > maxTrained {
		bad("network.visible", "visible and hidden neurons together must not exceed %d", maxTrained)
		n = 0
	}
	steps := func(path string, x, low int64) {
		if x < low || x > 1<<24 {
			bad(path, "must be between %d and 2^24 steps", low)
		}
	}
	before := len(ps)
	steps("network.tau_ref", c.Network.TauRef, 1)
	steps("network.psp_steps", c.Network.PSPSteps, 0)
	steps("network.psp_cut", c.Network.PSPCut, 0)
	steps("network.min_isi", c.Network.MinISI, 0)
	steps("network.delay", c.Network.Delay, 0)
	const shortest = 0.01 // below, a potential is over before the first step and its area cannot be kept
	switch tau := c.Network.TauSyn; {
	case !(tau == 0 || tau >= shortest && tau <= 1<<24):
		bad("network.tau_syn", "must be 0 (which stands for tau_ref) or between %v and 2^24 steps", shortest)
	case tau != 0 && c.Network.PSP == synapse.Rectangular && c.Network.PSPSteps == 0 && tau < 0.5:
		bad("network.tau_syn", "must be 0.5 or more: a rectangular potential lasts at least one step")
	}
	ticks := float64(c.network().TicksPerStep())
	if len(ps) == before {
		if float64(c.Network.TauRef)*ticks > synapse.MaxWindowTau {
			bad("network.tau_ref", "must be at most %d steps in continuous time", int64(synapse.MaxWindowTau/ticks))
		}
		if c.Network.Engine == engineName(sampling.Stepper) && len(ps) == before {
			if k := c.network().Kernel(); k.Validate() == nil && k.Length() > maxKernel {
				bad("network.engine", "stepper tabulates potentials up to 2^24 steps, and this one lasts %d; set psp_cut, or choose auto", k.Length())
			}
		}
	}
	if len(ps) == before && n > 0 {
		if _, err := sampling.New(string(c.Network.Engine), c.network()); err != nil {
			bad("network.engine", "%v", err)
		}
	}

	data := c.Target.BarsStripes != 0 || c.Target.Patterns != nil
	given := 0
	for _, is := range []bool{c.Target.Weights != nil, c.Target.BarsStripes != 0, c.Target.Patterns != nil} {
		if is {
			given++
		}
	}
	if given > 1 {
		bad("target", "only one of weights, bars_and_stripes and patterns can be given")
	}
	if side := c.Target.BarsStripes; side != 0 {
		switch {
		case side < 1 || side > 8:
			bad("target.bars_and_stripes", "must be between 1 and 8 pixels")
		case side*side != c.Network.Visible:
			bad("target.bars_and_stripes", "images of %dx%d pixels need network.visible = %d", side, side, side*side)
		}
	}
	if c.Target.Patterns != nil && len(c.Target.Patterns) == 0 {
		bad("target.patterns", "must hold at least one pattern")
	}
	for k, p := range c.Target.Patterns {
		if len(p) != c.Network.Visible {
			bad(fmt.Sprintf("target.patterns.%d", k), "has %d bits for %d visible neurons", len(p), c.Network.Visible)
		}
		for i, d := range p {
			if d > 1 {
				bad(fmt.Sprintf("target.patterns.%d.%d", k, i), "must be 0 or 1")
			}
		}
	}
	if c.Network.Hidden > 0 && !data {
		bad("network.hidden", "hidden neurons need data to learn: target.bars_and_stripes or target.patterns")
	}
	between("target.alpha", c.Target.Alpha, 1e-6, 1e6)
	between("target.beta", c.Target.Beta, 1e-6, 1e6)
	atLeast("target.teacher_length", c.Target.TeacherLength, 1)

	square := func(path string, m [][]float64, symmetric bool) {
		if m == nil || n == 0 {
			return
		}
		if len(m) != n {
			bad(path, "has %d rows for %d neurons", len(m), n)
			return
		}
		for i, row := range m {
			if len(row) != n {
				bad(fmt.Sprintf("%s.%d", path, i), "has %d entries for %d neurons", len(row), n)
				return
			}
			if j := slices.IndexFunc(row, immoderate); j >= 0 {
				moderate(fmt.Sprintf("%s.%d.%d", path, i, j), row[j])
			}
		}
		for i := range n {
			for j := range i {
				if symmetric && m[i][j] != m[j][i] {
					bad(fmt.Sprintf("%s.%d.%d", path, i, j), "must equal %s.%d.%d: a Boltzmann distribution needs symmetric weights", path, j, i)
					return
				}
			}
		}
	}
	vector := func(path string, v []float64) {
		if v != nil && n > 0 && len(v) != n {
			bad(path, "has %d entries for %d neurons", len(v), n)
		}
		if i := slices.IndexFunc(v, immoderate); i >= 0 {
			moderate(fmt.Sprintf("%s.%d", path, i), v[i])
		}
	}
	square("target.weights", c.Target.Weights, true)
	vector("target.bias", c.Target.Bias)
	if (c.Target.Weights == nil) != (c.Target.Bias == nil) {
		bad("target.bias", "weights and bias are given together or not at all")
	}
	square("initial.weights", c.Initial.Weights, false)
	vector("initial.bias", c.Initial.Bias)
	spread("initial.weight_sd", c.Initial.WeightSD)
	spread("initial.bias_sd", c.Initial.BiasSD)
	spread("initial.noise", c.Initial.Noise)

	t := c.Training
	atLeast("training.epochs", t.Epochs, 1)
	atLeast("training.epoch_length", t.EpochLength, 1)
	atLeast("training.report_every", t.ReportEvery, 1)
	atLeast("training.report_factor", t.ReportFactor, 1)
	atLeast("training.wake_length", t.WakeLength, 1)
	atLeast("training.settle", t.Settle, 0)
	spread("training.clip_weight", t.ClipWeight)
	spread("training.clip_bias", t.ClipBias)
	if !(t.ClampBias > 0 && t.ClampBias <= largest) {
		bad("training.clamp_bias", "must be above 0 and at most %v", largest)
	}
	if len(ps) == 0 {
		patterns := len(c.Target.Patterns)
		if c.Target.BarsStripes != 0 {
			patterns = len(boltzmann.BarsAndStripes(c.Target.BarsStripes))
		}
		tau := float64(t.EpochLength)*(float64(t.Epochs)+float64(t.ReportFactor)*float64(t.Epochs/t.ReportEvery+1)) +
			float64(t.Epochs)*(float64(patterns)*(float64(t.WakeLength)+float64(t.Settle))+float64(t.Settle))
		if n > boltzmann.MaxNeurons {
			tau += float64(c.Target.TeacherLength)
		}
		if tau*float64(c.Network.TauRef)*ticks > 1<<56 {
			bad("training.epochs", "the run is longer than the 2^56 ticks that a clock can count; fewer or shorter epochs are needed")
		}
	}

	p := c.Plasticity
	square("plasticity.hebbian_amplitude", p.HebbianAmplitude, false)
	square("plasticity.sal_amplitude", p.SALAmplitude, false)
	spread("plasticity.noise", p.Noise)
	moderate("plasticity.rate_bias", p.RateBias)
	moderate("plasticity.rate_weight", p.RateWeight)
	moderate("plasticity.rate_sal", p.RateSAL)
	window := synapse.Half{Shape: p.Window, Tau: p.WindowTau * ticks}
	switch {
	case p.WindowTau == 0:
	case !(p.WindowTau >= shortest && p.WindowTau <= 1<<24) || window.Validate() != nil:
		bad("plasticity.sal_window_tau", "must be 0 (which stands for tau_ref) or between %v and %v steps", shortest, min(1<<24, synapse.MaxWindowTau/ticks))
	case window.Support() == 0:
		bad("plasticity.sal_window_tau", "no pair of spikes falls into a %v window of this length", p.Window)
	}
	return ps
}

// training draws and collects everything that a run starts from. It needs a valid configuration.
func (c *SamplingConfig) training(seed uint64) sampling.Training {
	n := c.neurons()
	cfg := c.network()
	targetSeed, initialSeed := seed, seed
	if c.Seeds.Target != nil {
		targetSeed = *c.Seeds.Target
	}
	if c.Seeds.Initial != nil {
		initialSeed = *c.Seeds.Initial
	}
	// Every number has a stream of its own, keyed by the synapse or neuron that it belongs to.
	draw := func(seed uint64, p random.Purpose, i, j int) *random.Stream {
		s := random.New(seed, p, uint64(i), uint64(j))
		return &s
	}
	t := sampling.Training{
		Config: cfg, Engine: string(c.Network.Engine), Seed: seed, Visible: c.Network.Visible,
		Weights: make([]float64, n*n), Bias: make([]float64, n),
		Epochs: c.Training.Epochs, EpochLength: c.Training.EpochLength, ReportEvery: c.Training.ReportEvery, ReportFactor: c.Training.ReportFactor,
		WakeLength: c.Training.WakeLength, Settle: c.Training.Settle, TeacherLength: c.Target.TeacherLength,
		RateBias: c.Plasticity.RateBias, RateWeight: c.Plasticity.RateWeight, RateSAL: c.Plasticity.RateSAL,
		ClipWeight: c.Training.ClipWeight, ClipBias: c.Training.ClipBias, ClampBias: c.Training.ClampBias,
		Restart: c.Network.Timing == authorsTiming,
	}

	switch {
	case c.Target.BarsStripes != 0:
		t.Patterns = boltzmann.BarsAndStripes(c.Target.BarsStripes)
	case c.Target.Patterns != nil:
		t.Patterns = c.Target.Patterns
	case c.Target.Weights != nil:
		t.TargetWeights, t.TargetBias = flat(c.Target.Weights), slices.Clone(c.Target.Bias)
		for i := range n {
			t.TargetWeights[i*n+i] = 0
		}
	default:
		t.TargetWeights, t.TargetBias = make([]float64, n*n), make([]float64, n)
		for i := range n {
			t.TargetBias[i] = 2*draw(targetSeed, random.TargetBias, i, 0).Beta(c.Target.Alpha, c.Target.Beta) - 1
			for j := range i {
				w := 2*draw(targetSeed, random.TargetWeights, j, i).Beta(c.Target.Alpha, c.Target.Beta) - 1
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
			if c.Initial.Weights != nil {
				w = c.Initial.Weights[i][j]
			} else {
				w = c.Initial.WeightSD * draw(initialSeed, random.InitialWeights, min(i, j), max(i, j)).Norm()
			}
			t.Weights[i*n+j] = w + float64(c.Initial.Noise*draw(initialSeed, random.SynapticNoise, i, j).Norm())
		}
		if c.Initial.Bias != nil {
			t.Bias[i] = c.Initial.Bias[i]
		} else {
			t.Bias[i] = c.Initial.BiasSD * draw(initialSeed, random.InitialBias, i, 0).Norm()
		}
	}

	amplitude := func(given [][]float64, p random.Purpose) []float64 {
		if given != nil {
			return flat(given)
		}
		if c.Plasticity.Noise == 0 {
			return nil
		}
		a := make([]float64, n*n)
		for i := range n {
			for j := range n {
				a[i*n+j] = 1 + float64(c.Plasticity.Noise*draw(initialSeed, p, i, j).CutNorm(1.5))
			}
		}
		return a
	}
	t.HebbianAmplitude = amplitude(c.Plasticity.HebbianAmplitude, random.HebbianNoise)
	t.SALAmplitude = amplitude(c.Plasticity.SALAmplitude, random.SALNoise)
	tau := c.Plasticity.WindowTau
	if tau == 0 {
		tau = float64(cfg.TauRef)
	}
	t.SALWindow = synapse.Half{Shape: c.Plasticity.Window, Tau: tau * float64(cfg.TicksPerStep())}
	t.SALPairing = c.Plasticity.Pairing
	return t
}

func flat(m [][]float64) []float64 {
	var f []float64
	for _, row := range m {
		f = append(f, row...)
	}
	return f
}

// New implements Config.
func (c *SamplingConfig) New(env Env) (Run, error) {
	t := c.training(env.Seed)
	tr, err := sampling.NewTrainer(t)
	if err != nil {
		return nil, err
	}
	return &samplingRun{Trainer: tr, training: t, config: c, env: env}, nil
}

type samplingRun struct {
	*sampling.Trainer
	training sampling.Training
	config   *SamplingConfig
	env      Env
}

func (r *samplingRun) Tables() []Table {
	return []Table{{Name: "metrics", Columns: []Column{
		{Name: "epoch"},
		{Name: "steps", Unit: "steps", Doc: "simulated so far"},
		{Name: "spikes", Doc: "so far"},
		{Name: "dkl", Unit: "nats", Doc: "D_KL(target || network)", Headline: true},
		{Name: "dkl_floor", Unit: "nats", Doc: "the D_KL that sampling alone leaves"},
		{Name: "asymmetry", Doc: "Var(W_ij - W_ji) after the epoch", Headline: true},
		{Name: "unvisited", Doc: "states of the target never visited; if above 0, dkl is the estimate with half a sample added to every state"},
		{Name: "n_eff", Doc: "effective number of independent samples behind dkl"},
	}}}
}

func (r *samplingRun) Facts() Facts {
	cfg := r.training.Config.Resolve()
	return Facts{Engine: r.EngineName(), Neurons: cfg.Neurons, TickSteps: 1 / float64(cfg.TicksPerStep()), More: map[string]any{
		"dynamics": cfg.Dynamics.String(), "tau_ref": cfg.TauRef, "psp_steps": cfg.PSPSteps, "min_isi": cfg.MinISI,
	}}
}

func (r *samplingRun) Advance(ctx context.Context) (Report, error) {
	// Looking at the context costs more than simulating a few spikes.
	for k := 1; !r.Done(); k++ {
		events, report := r.Step()
		if r.env.Spikes && r.Epoch() >= 0 {
			if err := r.env.Sink.Spikes(events); err != nil {
				return nil, err
			}
		}
		if report != nil {
			return r.report(report)
		}
		if (k&15 == 0 || len(events) > 4096) && ctx.Err() != nil {
			return nil, nil
		}
	}
	return nil, io.EOF
}

func (r *samplingRun) report(p *sampling.Report) (Report, error) {
	if r.config.Snapshots {
		n := r.config.neurons()
		w, b := r.Weights()
		if err := r.env.Sink.Snapshot("weights", w, n, n); err != nil {
			return nil, err
		}
		if err := r.env.Sink.Snapshot("biases", b); err != nil {
			return nil, err
		}
	}
	return Report{{Values: []Value{Int(p.Epoch), Int(p.Steps), Int(p.Spikes), Float(p.DKL), Float(p.Floor), Float(p.Asymmetry), Int(p.Unvisited), Float(p.NEff)}}}, nil
}

func (r *samplingRun) Progress() Progress {
	return Progress{Done: math.Max(float64(r.Epoch()), 0), Total: float64(r.training.Epochs), Unit: "epochs", Steps: r.Steps(), Spikes: r.Spikes()}
}

func (r *samplingRun) Arrays() ([]npz.Array, error) {
	n := r.config.neurons()
	square := []int{n, n}
	w, b := r.Weights()
	arrays := []npz.Array{
		{Name: "w_initial", Shape: square, Data: r.training.Weights},
		{Name: "b_initial", Shape: []int{n}, Data: r.training.Bias},
		{Name: "w", Shape: square, Data: w},
		{Name: "b", Shape: []int{n}, Data: b},
	}
	if r.training.TargetWeights != nil {
		arrays = append(arrays, npz.Array{Name: "w_target", Shape: square, Data: r.training.TargetWeights}, npz.Array{Name: "b_target", Shape: []int{n}, Data: r.training.TargetBias})
	}
	if p := r.Target(); p != nil {
		arrays = append(arrays, npz.Array{Name: "p_target", Shape: []int{len(p)}, Data: p})
	}
	if p := r.Sampled(); p != nil {
		arrays = append(arrays, npz.Array{Name: "p_sampled", Shape: []int{len(p)}, Data: p})
	}
	if a := r.training.HebbianAmplitude; a != nil {
		arrays = append(arrays, npz.Array{Name: "hebbian_amplitude", Shape: square, Data: a})
	}
	if a := r.training.SALAmplitude; a != nil {
		arrays = append(arrays, npz.Array{Name: "sal_amplitude", Shape: square, Data: a})
	}
	return arrays, nil
}

func (r *samplingRun) Close() error { return nil }
