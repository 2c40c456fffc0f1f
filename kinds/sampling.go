package kinds

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"spikealign/experiment"
	"spikealign/settings"

	"spikealign/boltzmann"
	"spikealign/internal/random"
	"spikealign/sampling"
	"spikealign/synapse"
)

// Sampling is the kind "sampling": a spiking network learns to sample from a distribution by
// wake-sleep learning, with or without SAL (figures 4 and 5 of the paper; docs/model.md, sections 1
// to 4).
type Sampling struct{}

// Name implements Kind.
func (Sampling) Name() string { return "sampling" }

// Doc implements Kind.
func (Sampling) Doc() string {
	return "A spiking network learns to sample from a distribution, with or without SAL (figures 4 and 5)."
}

// StateVersion implements Kind.
func (Sampling) StateVersion() int { return 3 }

// NewConfig implements Kind.
func (Sampling) NewConfig() experiment.Config {
	return &SamplingConfig{
		Network:    NetworkConfig{Visible: 7, NeuronConfig: NeuronConfig{TauRef: 50, Engine: engineName(sampling.Auto)}},
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
	Visible int `yaml:"visible" doc:"visible neurons, 1 or more"`
	Hidden  int `yaml:"hidden" doc:"hidden neurons, connected to the visible ones only; needs target.data"`
	NeuronConfig
}

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
	ReportEvery  int64   `yaml:"report_every" doc:"every so many epochs, from the first on, and in the last, D_KL and asymmetry are measured ..."`
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
	Pairing          synapse.Pairing     `yaml:"sal_pairing" doc:"which pairs count for SAL: nearest, last-1, last-2, ..., all; without effect where the window ends with the refractory time, as by default"`
}

// maxTrained is the largest network that can be trained here: pair sums and weights are dense.
const maxTrained = 4096

func (c *SamplingConfig) neurons() int { return c.Network.Visible + c.Network.Hidden }

func (c *SamplingConfig) network() sampling.Config { return c.Network.config(c.neurons()) }

// Validate implements Config.
func (c *SamplingConfig) Validate() settings.Problems {
	check := &checker{}
	n := c.neurons()
	check.atLeast("network.visible", int64(c.Network.Visible), 1)
	check.atLeast("network.hidden", int64(c.Network.Hidden), 0)
	if c.Network.Visible > maxTrained || c.Network.Hidden > maxTrained || n > maxTrained {
		check.bad("network.visible", "visible and hidden neurons together must not exceed %d", maxTrained)
		n = 0
	}
	c.Network.check(check, n)

	data := c.Target.BarsStripes != 0 || c.Target.Patterns != nil
	given := 0
	for _, is := range []bool{c.Target.Weights != nil, c.Target.BarsStripes != 0, c.Target.Patterns != nil} {
		if is {
			given++
		}
	}
	if given > 1 {
		check.bad("target", "only one of weights, bars_and_stripes and patterns can be given")
	}
	if side := c.Target.BarsStripes; side != 0 {
		switch {
		case side < 1 || side > 8:
			check.bad("target.bars_and_stripes", "must be between 1 and 8 pixels")
		case side*side != c.Network.Visible:
			check.bad("target.bars_and_stripes", "images of %dx%d pixels need network.visible = %d", side, side, side*side)
		}
	}
	if c.Target.Patterns != nil && len(c.Target.Patterns) == 0 {
		check.bad("target.patterns", "must hold at least one pattern")
	}
	for k, p := range c.Target.Patterns {
		if len(p) != c.Network.Visible {
			check.bad(fmt.Sprintf("target.patterns.%d", k), "has %d bits for %d visible neurons", len(p), c.Network.Visible)
		}
		for i, d := range p {
			if d > 1 {
				check.bad(fmt.Sprintf("target.patterns.%d.%d", k, i), "must be 0 or 1")
			}
		}
	}
	if c.Network.Hidden > 0 && !data {
		check.bad("network.hidden", "hidden neurons need data to learn: target.bars_and_stripes or target.patterns")
	}
	check.between("target.alpha", c.Target.Alpha, 1e-6, 1e6)
	check.between("target.beta", c.Target.Beta, 1e-6, 1e6)
	check.atLeast("target.teacher_length", c.Target.TeacherLength, 1)

	immoderate := func(x float64) bool { return !(math.Abs(x) <= largest) }
	square := func(path string, m [][]float64, symmetric bool) {
		if m == nil || n == 0 {
			return
		}
		if len(m) != n {
			check.bad(path, "has %d rows for %d neurons", len(m), n)
			return
		}
		for i, row := range m {
			if len(row) != n {
				check.bad(fmt.Sprintf("%s.%d", path, i), "has %d entries for %d neurons", len(row), n)
				return
			}
			if j := slices.IndexFunc(row, immoderate); j >= 0 {
				check.moderate(fmt.Sprintf("%s.%d.%d", path, i, j), row[j])
			}
		}
		for i := range n {
			for j := range i {
				if symmetric && m[i][j] != m[j][i] {
					check.bad(fmt.Sprintf("%s.%d.%d", path, i, j), "must equal %s.%d.%d: a Boltzmann distribution needs symmetric weights", path, j, i)
					return
				}
			}
		}
	}
	vector := func(path string, v []float64) {
		if v != nil && n > 0 && len(v) != n {
			check.bad(path, "has %d entries for %d neurons", len(v), n)
		}
		if i := slices.IndexFunc(v, immoderate); i >= 0 {
			check.moderate(fmt.Sprintf("%s.%d", path, i), v[i])
		}
	}
	square("target.weights", c.Target.Weights, true)
	vector("target.bias", c.Target.Bias)
	if (c.Target.Weights == nil) != (c.Target.Bias == nil) {
		check.bad("target.bias", "weights and bias are given together or not at all")
	}
	square("initial.weights", c.Initial.Weights, false)
	vector("initial.bias", c.Initial.Bias)
	check.spread("initial.weight_sd", c.Initial.WeightSD)
	check.spread("initial.bias_sd", c.Initial.BiasSD)
	check.spread("initial.noise", c.Initial.Noise)

	t := c.Training
	check.atLeast("training.epochs", t.Epochs, 1)
	check.atLeast("training.epoch_length", t.EpochLength, 1)
	check.atLeast("training.report_every", t.ReportEvery, 1)
	check.atLeast("training.report_factor", t.ReportFactor, 1)
	check.atLeast("training.wake_length", t.WakeLength, 1)
	check.atLeast("training.settle", t.Settle, 0)
	check.spread("training.clip_weight", t.ClipWeight)
	check.spread("training.clip_bias", t.ClipBias)
	if !(t.ClampBias > 0 && t.ClampBias <= largest) {
		check.bad("training.clamp_bias", "must be above 0 and at most %v", largest)
	}
	if len(check.problems) == 0 {
		patterns := len(c.Target.Patterns)
		if c.Target.BarsStripes != 0 {
			patterns = len(boltzmann.BarsAndStripes(c.Target.BarsStripes))
		}
		tau := float64(t.EpochLength)*(float64(t.Epochs)+float64(t.ReportFactor)*float64(t.Epochs/t.ReportEvery+2)) +
			float64(t.Epochs)*(float64(patterns)*(float64(t.WakeLength)+float64(t.Settle))+float64(t.Settle))
		if n > boltzmann.MaxNeurons {
			tau += float64(c.Target.TeacherLength)
		}
		fits(check, "training.epochs", c.network(), tau*float64(c.Network.TauRef))
	}

	p := c.Plasticity
	square("plasticity.hebbian_amplitude", p.HebbianAmplitude, false)
	square("plasticity.sal_amplitude", p.SALAmplitude, false)
	check.spread("plasticity.noise", p.Noise)
	check.moderate("plasticity.rate_bias", p.RateBias)
	check.moderate("plasticity.rate_weight", p.RateWeight)
	check.moderate("plasticity.rate_sal", p.RateSAL)
	checkWindow(check, "plasticity.sal_window_tau", p.Window, p.WindowTau, c.network())
	return check.problems
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
		Restart: c.Network.Timing == AuthorsTiming,
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
func (c *SamplingConfig) New(env experiment.Env) (experiment.Run, error) {
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
	env      experiment.Env
}

func (r *samplingRun) Tables() []experiment.Table {
	return []experiment.Table{{Name: "metrics", Columns: []experiment.Column{
		{Name: "epoch"},
		{Name: "steps", Unit: "steps", Doc: "simulated so far"},
		{Name: "spikes", Doc: "so far"},
		{Name: "dkl", Unit: "nats", Doc: "D_KL(target || network)", Headline: true},
		{Name: "dkl_floor", Unit: "nats", Doc: "the D_KL that a perfect network would show after this time"},
		{Name: "asymmetry", Doc: "Var(W_ij - W_ji) after the epoch", Headline: true},
		{Name: "unvisited", Doc: "states of the target never visited; if above 0, dkl is the estimate with half a sample added to every state"},
		{Name: "n_eff", Doc: "effective number of independent samples behind dkl"},
	}}}
}

func (r *samplingRun) Facts() experiment.Facts {
	cfg := r.training.Config.Resolve()
	return experiment.Facts{Engine: r.EngineName(), Neurons: cfg.Neurons, TickSteps: 1 / float64(cfg.TicksPerStep()), More: map[string]any{
		"dynamics": cfg.Dynamics.String(), "tau_ref": cfg.TauRef, "psp_steps": cfg.PSPSteps, "min_isi": cfg.MinISI,
	}}
}

func (r *samplingRun) Advance(ctx context.Context) (experiment.Report, error) {
	// Looking at the context costs more than simulating a few spikes.
	for k := 1; !r.Done(); k++ {
		events, report := r.Step()
		if r.env.Spikes && r.Epoch() >= 0 {
			if err := r.env.Sink.Spikes(0, events); err != nil {
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

func (r *samplingRun) report(p *sampling.Report) (experiment.Report, error) {
	if r.config.Snapshots {
		n := r.config.neurons()
		w, b := r.Weights()
		if err := r.env.Sink.Snapshot(experiment.Array{Name: "weights", Shape: []int{n, n}, Data: w}); err != nil {
			return nil, err
		}
		if err := r.env.Sink.Snapshot(experiment.Array{Name: "biases", Shape: []int{n}, Data: b}); err != nil {
			return nil, err
		}
	}
	return experiment.Report{{Values: []experiment.Value{experiment.Int(p.Epoch), experiment.Int(p.Steps), experiment.Int(p.Spikes), experiment.Float(p.DKL), experiment.Float(p.Floor), experiment.Float(p.Asymmetry), experiment.Int(p.Unvisited), experiment.Float(p.NEff)}}}, nil
}

func (r *samplingRun) Progress() experiment.Progress {
	return experiment.Progress{Done: math.Max(float64(r.Epoch()), 0), Total: float64(r.training.Epochs), Unit: "epochs", Steps: r.Steps(), Spikes: r.Spikes()}
}

func (r *samplingRun) Arrays() ([]experiment.Array, error) {
	n := r.config.neurons()
	square := []int{n, n}
	w, b := r.Weights()
	arrays := []experiment.Array{
		{Name: "w_initial", Shape: square, Data: r.training.Weights},
		{Name: "b_initial", Shape: []int{n}, Data: r.training.Bias},
		{Name: "w", Shape: square, Data: w},
		{Name: "b", Shape: []int{n}, Data: b},
	}
	if r.training.TargetWeights != nil {
		arrays = append(arrays, experiment.Array{Name: "w_target", Shape: square, Data: r.training.TargetWeights}, experiment.Array{Name: "b_target", Shape: []int{n}, Data: r.training.TargetBias})
	}
	if p := r.Target(); p != nil {
		arrays = append(arrays, experiment.Array{Name: "p_target", Shape: []int{len(p)}, Data: p})
	}
	if p := r.Sampled(); p != nil {
		arrays = append(arrays, experiment.Array{Name: "p_sampled", Shape: []int{len(p)}, Data: p})
	}
	if a := r.training.HebbianAmplitude; a != nil {
		arrays = append(arrays, experiment.Array{Name: "hebbian_amplitude", Shape: square, Data: a})
	}
	if a := r.training.SALAmplitude; a != nil {
		arrays = append(arrays, experiment.Array{Name: "sal_amplitude", Shape: square, Data: a})
	}
	return arrays, nil
}

func (r *samplingRun) Close() error { return nil }
