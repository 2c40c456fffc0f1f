package tiny

import (
	"context"
	"io"

	"spikealign/experiment"
	"spikealign/settings"
	"spikealign/spike"
)

// Kind is the kind "tiny".
type Kind struct{}

// Name implements experiment.Kind.
func (Kind) Name() string { return "tiny" }

// Doc implements experiment.Kind.
func (Kind) Doc() string { return "Neurons without memory learn to fire at a rate." }

// StateVersion implements experiment.Kind.
func (Kind) StateVersion() int { return 1 }

// NewConfig implements experiment.Kind.
func (Kind) NewConfig() experiment.Config {
	c := settings.Default[Config]()
	return &c
}

// Config is the kind's part of an experiment file.
type Config struct{ Settings }

// Epochs implements experiment.Lasting.
func (c *Config) Epochs() experiment.Epochs {
	return experiment.Epochs{Path: "epochs", Total: c.Settings.Epochs, Regular: true}
}

// New implements experiment.Config.
func (c *Config) New(env experiment.Env) (experiment.Run, error) {
	return &run{Network: NewNetwork(c.Settings), env: env}, nil
}

type run struct {
	*Network
	env experiment.Env
}

func (r *run) Tables() []experiment.Table {
	return []experiment.Table{{Name: "metrics", Columns: []experiment.Column{
		{Name: "epoch"}, {Name: "rate", Unit: "spikes per step", Doc: "mean over neurons and replicas", Headline: true},
	}}}
}

func (r *run) Facts() experiment.Facts {
	return experiment.Facts{Engine: "tiny", Neurons: r.Neurons, Replicas: r.Replicas, TickSteps: 1}
}

func (r *run) Advance(ctx context.Context) (experiment.Report, error) {
	if r.Epoch == r.Epochs {
		return nil, io.EOF
	}
	if ctx.Err() != nil {
		return nil, nil
	}
	replicas := make([][]spike.Event, r.Replicas)
	workers := max(1, min(r.env.Threads, r.Replicas))
	r.env.Parallel(workers, func(k int) {
		for ; k < r.Replicas; k += workers {
			replicas[k] = r.Simulate(r.env.Seed, k)
		}
	})
	for k, events := range replicas {
		if err := r.env.Sink.Spikes(k, events); err != nil {
			return nil, err
		}
	}
	rate := r.Learn(replicas)
	return experiment.Report{{Values: []experiment.Value{experiment.Int(r.Epoch), experiment.Float(rate)}}},
		r.env.Sink.Snapshot(experiment.Array{Name: "weights", Shape: []int{r.Neurons}, Data: r.Weights})
}

func (r *run) Progress() experiment.Progress {
	return experiment.Progress{Done: float64(r.Epoch), Total: float64(r.Epochs), Unit: "epochs", Steps: r.Epoch * r.Steps, Spikes: r.Spikes}
}

func (r *run) Warnings() []string { return nil }

func (r *run) Arrays() ([]experiment.Array, error) {
	return []experiment.Array{{Name: "w", Shape: []int{r.Neurons}, Data: r.Weights}}, nil
}

func (r *run) Close() error { return nil }
