package kinds

import (
	"context"
	"io"
	"math"

	"spikealign/experiment"
	"spikealign/sampling"
	"spikealign/settings"
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
	c := settings.Default[TwoNeuronConfig]()
	return &c
}

// TwoNeuronConfig is the kind's part of the experiment file.
type TwoNeuronConfig struct{ sampling.PairSettings }

// From implements experiment.Starter.
func (c *TwoNeuronConfig) From() (from, path string) { return c.Initial.From, "initial.from" }

// Epochs implements experiment.Lasting.
func (c *TwoNeuronConfig) Epochs() experiment.Epochs { return pairEpochs(c.Course.PairCourse) }

func pairEpochs(c sampling.PairCourse) experiment.Epochs {
	return experiment.Epochs{Path: "training.epochs", Total: c.Epochs, Regular: c.Epochs%c.ReportEvery == 0}
}

// New implements Config.
func (c *TwoNeuronConfig) New(env experiment.Env) (experiment.Run, error) {
	from, err := pairFrom(env.From, "w12", "w21")
	if err != nil {
		return nil, err
	}
	t := c.Training(env.Seed, from)
	tr, err := sampling.NewPairTrainer(t)
	if err != nil {
		return nil, err
	}
	return &twoNeuronRun{PairTrainer: tr, training: t, env: env}, nil
}

// pairFrom reads the two weights of a run to begin from by their columns; nil without one.
func pairFrom(from *experiment.Source, columns ...string) (*[2]float64, error) {
	if from == nil {
		return nil, nil
	}
	var w [2]float64
	for k, column := range columns {
		var err error
		if w[k], err = from.Metric(column); err != nil {
			return nil, err
		}
	}
	return &w, nil
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
