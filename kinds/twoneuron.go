package kinds

import (
	"context"
	"fmt"
	"io"
	"math"
	"spikealign/experiment"
	"spikealign/settings"

	"spikealign/internal/random"
	"spikealign/sampling"
	"spikealign/synapse"
)

// TwoNeuron is the kind "two-neuron": spike-based alignment learning on the two synapses between
// two neurons (figure 2d of the paper; docs/model.md, section 5).
type TwoNeuron struct{}

// Name implements Kind.
func (TwoNeuron) Name() string { return "two-neuron" }

// Doc implements Kind.
func (TwoNeuron) Doc() string {
	return "Two neurons and the two synapses between them, one or both of which learn by SAL (figure 2)."
}

// StateVersion implements Kind.
func (TwoNeuron) StateVersion() int { return 1 }

// NewConfig implements Kind.
func (TwoNeuron) NewConfig() experiment.Config {
	return &TwoNeuronConfig{
		Network:    PairNetworkConfig{NeuronConfig: NeuronConfig{TauRef: 25, Engine: engineName(sampling.Auto)}, Bias: []float64{-0.5, -0.2}},
		Initial:    PairInitialConfig{W12: 1.5, W21: 0.5},
		Training:   PairTrainingConfig{Epochs: 1500, EpochLength: 1500, ReportEvery: 25},
		Plasticity: PairPlasticityConfig{Rate12: 0.03, Rate21: 0.03, PairWindow: PairWindow{Window: synapse.ExponentialWindow, Pairing: synapse.Pairing{Kind: synapse.Last, K: 10}}},
	}
}

// TwoNeuronConfig is the kind's part of the experiment file.
type TwoNeuronConfig struct {
	Network    PairNetworkConfig    `yaml:"network" doc:"the neurons and how they are simulated"`
	Initial    PairInitialConfig    `yaml:"initial" doc:"weights at the start; w12 is the synapse from neuron 2 to neuron 1"`
	Training   PairTrainingConfig   `yaml:"training" doc:"epochs and reports"`
	Plasticity PairPlasticityConfig `yaml:"plasticity" doc:"the learning rule"`
}

// PairNetworkConfig describes two neurons.
type PairNetworkConfig struct {
	NeuronConfig
	Bias []float64 `yaml:"bias" doc:"of neuron 1 and neuron 2"`
}

// PairInitialConfig says where learning begins.
type PairInitialConfig struct {
	W12   float64 `yaml:"w12" doc:"synapse from neuron 2 to neuron 1"`
	W21   float64 `yaml:"w21" doc:"synapse from neuron 1 to neuron 2"`
	Noise float64 `yaml:"noise" doc:"standard deviation of what is added to each"`
}

// PairTrainingConfig says how long.
type PairTrainingConfig struct {
	Epochs      int64   `yaml:"epochs" doc:"number of epochs; weights change at the end of each"`
	EpochLength int64   `yaml:"epoch_length" doc:"length of an epoch, steps"`
	Settle      int64   `yaml:"settle" doc:"unmeasured time from rest before the first epoch, steps"`
	ReportEvery int64   `yaml:"report_every" doc:"epochs between two rows of metrics.csv"`
	ClipWeight  float64 `yaml:"clip_weight" doc:"largest |weight|; 0: none"`
}

// PairWindow says which pairs count for SAL, and how much.
type PairWindow struct {
	Window    synapse.WindowShape `yaml:"window" doc:"learning window: triangular, exponential"`
	WindowTau float64             `yaml:"window_tau" doc:"its time constant, steps; 0: tau_ref"`
	Pairing   synapse.Pairing     `yaml:"pairing" doc:"which pairs count: nearest, last-1, last-2, ..., all"`
}

// PairPlasticityConfig holds the rule.
type PairPlasticityConfig struct {
	Rate12 float64 `yaml:"rate_12" doc:"learning rate of w12; 0: frozen"`
	Rate21 float64 `yaml:"rate_21" doc:"learning rate of w21; 0: frozen"`
	PairWindow
}

func (c *PairWindow) check(p *checker, cfg sampling.Config) {
	checkWindow(p, "plasticity.window_tau", c.Window, c.WindowTau, cfg)
}

// half is the learning window in ticks of the clock.
func (c *PairWindow) half(cfg sampling.Config) synapse.Half {
	tau := c.WindowTau
	if tau == 0 {
		tau = float64(cfg.TauRef)
	}
	return synapse.Half{Shape: c.Window, Tau: tau * float64(cfg.TicksPerStep())}
}

// Validate implements Config.
func (c *TwoNeuronConfig) Validate() settings.Problems {
	p := &checker{}
	c.Network.check(p, 2)
	if len(c.Network.Bias) != 2 {
		p.bad("network.bias", "must be two numbers")
	}
	for k, b := range c.Network.Bias {
		p.moderate(fmt.Sprintf("network.bias.%d", k), b)
	}
	p.moderate("initial.w12", c.Initial.W12)
	p.moderate("initial.w21", c.Initial.W21)
	p.spread("initial.noise", c.Initial.Noise)
	t := c.Training
	p.atLeast("training.epochs", t.Epochs, 0)
	p.atLeast("training.epoch_length", t.EpochLength, 1)
	p.atLeast("training.settle", t.Settle, 0)
	p.atLeast("training.report_every", t.ReportEvery, 1)
	p.spread("training.clip_weight", t.ClipWeight)
	p.moderate("plasticity.rate_12", c.Plasticity.Rate12)
	p.moderate("plasticity.rate_21", c.Plasticity.Rate21)
	c.Plasticity.check(p, c.Network.config(2))
	fits(p, "training.epochs", c.Network.config(2), float64(t.Epochs)*float64(t.EpochLength)+float64(t.Settle))
	return p.problems
}

// New implements Config.
func (c *TwoNeuronConfig) New(env experiment.Env) (experiment.Run, error) {
	cfg := c.Network.config(2)
	noise := func(i, j uint64) float64 {
		s := random.New(env.Seed, random.SynapticNoise, i, j)
		return float64(c.Initial.Noise * s.Norm())
	}
	bound := math.Inf(1)
	if c.Training.ClipWeight > 0 {
		bound = c.Training.ClipWeight
	}
	t := sampling.PairTraining{
		Config: cfg, Engine: string(c.Network.Engine), Seed: env.Seed,
		Network: sampling.Network{Weights: []float64{0, c.Initial.W12 + noise(0, 1), c.Initial.W21 + noise(1, 0), 0}, Bias: c.Network.Bias},
		Epochs:  c.Training.Epochs, EpochLength: c.Training.EpochLength, Settle: c.Training.Settle, ReportEvery: c.Training.ReportEvery,
		Rate12: c.Plasticity.Rate12, Rate21: c.Plasticity.Rate21, Lower: -bound, Upper: bound,
		Window: c.Plasticity.half(cfg), Pairing: c.Plasticity.Pairing, Restart: c.Network.Timing == AuthorsTiming,
	}
	tr, err := sampling.NewPairTrainer(t)
	if err != nil {
		return nil, err
	}
	return &twoNeuronRun{PairTrainer: tr, training: t, env: env}, nil
}

type twoNeuronRun struct {
	*sampling.PairTrainer
	training sampling.PairTraining
	env      experiment.Env
}

func (r *twoNeuronRun) Tables() []experiment.Table {
	return []experiment.Table{{Name: "metrics", Columns: []experiment.Column{
		{Name: "epoch", Doc: "epochs finished"},
		{Name: "w12", Doc: "weight of the synapse from neuron 2 to neuron 1", Headline: true},
		{Name: "w21", Doc: "weight of the synapse from neuron 1 to neuron 2", Headline: true},
		{Name: "drift12", Unit: "per tau", Doc: "SAL's drift of w12, mean since the row before; the weight changes by the learning rate times this in every epoch"},
		{Name: "drift21", Unit: "per tau", Doc: "the same of w21"},
		{Name: "activity1", Doc: "share of time in which neuron 1 was refractory, since the row before"},
		{Name: "activity2", Doc: "the same of neuron 2"},
		{Name: "steps", Unit: "steps", Doc: "simulated so far"},
		{Name: "spikes", Doc: "so far"},
	}}}
}

func (r *twoNeuronRun) Facts() experiment.Facts { return pairFacts(r.training.Config, r.EngineName()) }

func pairFacts(cfg sampling.Config, engine string) experiment.Facts {
	cfg = cfg.Resolve()
	return experiment.Facts{Engine: engine, Neurons: cfg.Neurons, TickSteps: 1 / float64(cfg.TicksPerStep()), More: map[string]any{
		"dynamics": cfg.Dynamics.String(), "tau_ref": cfg.TauRef, "psp_steps": cfg.PSPSteps, "min_isi": cfg.MinISI,
	}}
}

func (r *twoNeuronRun) Advance(ctx context.Context) (experiment.Report, error) {
	p, err := advancePair(ctx, r.PairTrainer, r.env)
	if p == nil {
		return nil, err
	}
	row := []experiment.Value{experiment.Int(p.Epoch), experiment.Float(p.W12), experiment.Float(p.W21)}
	row = append(row, measured(p.Drift12, p.Drift21, p.Activity[0], p.Activity[1])...)
	return experiment.Report{{Values: append(row, experiment.Int(p.Steps), experiment.Int(p.Spikes))}}, nil
}

// measured leaves the cells empty of what has not been measured.
func measured(xs ...float64) []experiment.Value {
	var vs []experiment.Value
	for _, x := range xs {
		if math.IsNaN(x) {
			vs = append(vs, experiment.Value{})
		} else {
			vs = append(vs, experiment.Float(x))
		}
	}
	return vs
}

// advancePair simulates up to the next report. It returns nil, nil if ctx ends before.
func advancePair(ctx context.Context, tr *sampling.PairTrainer, env experiment.Env) (*sampling.PairReport, error) {
	for k := 1; !tr.Done(); k++ {
		events, report := tr.Step()
		if env.Spikes {
			if err := env.Sink.Spikes(0, events); err != nil {
				return nil, err
			}
		}
		if report != nil {
			return report, nil
		}
		if k&15 == 0 && ctx.Err() != nil {
			return nil, nil
		}
	}
	return nil, io.EOF
}

func (r *twoNeuronRun) Progress() experiment.Progress {
	return experiment.Progress{Done: float64(r.Epoch()), Total: float64(r.training.Epochs), Unit: "epochs", Steps: r.Steps(), Spikes: r.Spikes()}
}

func (r *twoNeuronRun) Warnings() []string { return nil }

func (r *twoNeuronRun) Arrays() ([]experiment.Array, error) {
	w12, w21 := r.Weights()
	square := []int{2, 2}
	return []experiment.Array{
		{Name: "w_initial", Shape: square, Data: r.training.Network.Weights},
		{Name: "w", Shape: square, Data: []float64{0, w12, w21, 0}},
		{Name: "b", Shape: []int{2}, Data: r.training.Network.Bias},
	}, nil
}

func (r *twoNeuronRun) Close() error { return nil }
