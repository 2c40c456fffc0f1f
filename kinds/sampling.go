package kinds

import (
	"context"
	"io"
	"math"

	"spikealign/experiment"
	"spikealign/sampling"
	"spikealign/settings"
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
	c := settings.Default[SamplingConfig]()
	return &c
}

// SamplingConfig is the kind's part of the experiment file.
type SamplingConfig struct {
	sampling.Settings
	Snapshots bool `yaml:"snapshots" default:"true" doc:"weights and biases at every report, to arrays.npz"`
}

// From implements experiment.Starter.
func (c *SamplingConfig) From() (from, path string) { return c.Initial.From, "initial.from" }

// Epochs implements experiment.Lasting.
func (c *SamplingConfig) Epochs() experiment.Epochs {
	return experiment.Epochs{Path: "training.epochs", Total: c.Course.Epochs, Regular: (c.Course.Epochs-1)%c.Course.ReportEvery == 0}
}

// New implements Config.
func (c *SamplingConfig) New(env experiment.Env) (experiment.Run, error) {
	var from *sampling.Network
	if env.From != nil {
		var err error
		if from, err = c.Weights(env.From); err != nil {
			return nil, err
		}
	}
	t := c.Training(env.Seed, from)
	tr, err := sampling.NewTrainer(t)
	if err != nil {
		return nil, err
	}
	return &samplingRun{Trainer: tr, training: t, config: c, env: env}, nil
}

// Weights reads the weights and biases of a run of this kind and size.
func (c *SamplingConfig) Weights(from *experiment.Source) (*sampling.Network, error) {
	n := c.Neurons()
	w, err := from.Floats("w", "weights", n, n)
	if err != nil {
		return nil, err
	}
	b, err := from.Floats("b", "biases", n)
	if err != nil {
		return nil, err
	}
	return &sampling.Network{Weights: w, Bias: b}, nil
}

// effectively is what a column says of weights, those with gains where neurons have them.
func effectively(gains bool, doc string) string {
	if gains {
		return doc + ", of effective weights"
	}
	return doc
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
		{Name: "asymmetry", Unit: "weight^2", Doc: effectively(r.training.Differences.Gain != nil, "Var(W_ij - W_ji) after the epoch"), Headline: true},
		{Name: "unvisited", Doc: "states of the target never visited; if above 0, dkl is the estimate with half a sample added to every state"},
		{Name: "n_eff", Doc: "effective number of independent samples behind dkl"},
	}}}
}

func (r *samplingRun) Warnings() []string {
	return append(r.config.Warnings(), r.Trainer.Warnings()...)
}

func (r *samplingRun) Facts() experiment.Facts {
	cfg := r.training.Resolve()
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
		n := r.config.Neurons()
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
	n := r.config.Neurons()
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
	d := r.training.Differences
	for _, a := range []experiment.Array{{Name: "sal_amplitude", Shape: square, Data: d.Amplitude}, {Name: "gain", Shape: []int{n}, Data: d.Gain}, {Name: "offset", Shape: []int{n}, Data: d.Offset}, {Name: "refractory", Shape: []int{n}, Data: d.Refractory}, {Name: "window_tau", Shape: square, Data: d.WindowTau}} {
		if len(a.Data.([]float64)) > 0 {
			arrays = append(arrays, a)
		}
	}
	return arrays, nil
}

func (r *samplingRun) Close() error { return nil }
