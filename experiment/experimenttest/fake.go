// Package experimenttest holds a tiny deterministic kind of experiment for the tests of the run
// loop and of what builds on it.
package experimenttest

import (
	"context"
	"io"

	"spikealign/experiment"
	"spikealign/internal/state"
	"spikealign/settings"
	"spikealign/spike"
)

// Kind is the kind "fake": a random walk that spikes, reports and takes snapshots.
type Kind struct {
	// Step, if not nil, is called before every step. If it returns true, Advance waits for its
	// context and returns without the step.
	Step func(ctx context.Context, step int64) (wait bool)
	// Version is the state version.
	Version int
}

// Name implements experiment.Kind.
func (Kind) Name() string { return "fake" }

// Doc implements experiment.Kind.
func (Kind) Doc() string { return "A random walk, for tests." }

// StateVersion implements experiment.Kind.
func (k Kind) StateVersion() int { return k.Version }

// NewConfig implements experiment.Kind.
func (k Kind) NewConfig() experiment.Config {
	c := settings.Default[Config]()
	c.kind = k
	return &c
}

// Config is the fake part of an experiment file.
type Config struct {
	Reports        int         `yaml:"reports" default:"4" range:"[1, 2^40]" doc:"number of reports"`
	StepsPerReport int64       `yaml:"steps_per_report" default:"10" range:"[1, 2^40]" doc:"steps between two reports"`
	Drift          float64     `yaml:"drift" default:"0.1" range:"[-1, 1]" doc:"drift of the walk, per step"`
	Layers         int         `yaml:"layers" default:"2" doc:"rows of the second table in each report"`
	Matrix         [][]float64 `yaml:"matrix" doc:"no effect"`

	kind Kind
}

// Validate implements experiment.Config.
func (c *Config) Validate() settings.Problems {
	return settings.Check(c)
}

// Epochs implements experiment.Lasting.
func (c *Config) Epochs() experiment.Epochs {
	return experiment.Epochs{Path: "reports", Total: int64(c.Reports), Regular: true}
}

// New implements experiment.Config.
func (c *Config) New(env experiment.Env) (experiment.Run, error) {
	return &run{c: c, env: env, x: env.Seed}, nil
}

type run struct {
	c      *Config
	env    experiment.Env
	step   int64
	spikes int64
	x      uint64
	walk   float64
}

func (r *run) Tables() []experiment.Table {
	return []experiment.Table{
		{Name: "metrics", Columns: []experiment.Column{{Name: "epoch"}, {Name: "steps", Unit: "steps"}, {Name: "walk", Doc: "where the walk is", Headline: true}}},
		{Name: "layers", Columns: []experiment.Column{{Name: "epoch"}, {Name: "layer"}, {Name: "note"}}},
	}
}

func (r *run) Facts() experiment.Facts {
	return experiment.Facts{Engine: "fake", Neurons: 3, TickSteps: 1, More: map[string]any{"layers": r.c.Layers, "threads": r.env.Threads, "data": r.env.Data}}
}

func (r *run) Advance(ctx context.Context) (experiment.Report, error) {
	total := int64(r.c.Reports) * r.c.StepsPerReport
	for {
		if r.step == total {
			return nil, io.EOF
		}
		if ctx.Err() != nil {
			return nil, nil
		}
		if r.c.kind.Step != nil && r.c.kind.Step(ctx, r.step) {
			<-ctx.Done()
			return nil, nil
		}
		r.step++
		r.x = r.x*6364136223846793005 + 1442695040888963407
		r.walk += r.c.Drift + float64(r.x>>40)/(1<<24) - 0.5
		if r.x>>62 == 0 {
			r.spikes++
			if err := r.env.Sink.Spikes(0, []spike.Event{{Time: r.step, Neuron: int32(r.x >> 60 & 1)}}); err != nil {
				return nil, err
			}
		}
		if r.step%7 == 0 {
			if err := r.env.Sink.Snapshot(experiment.Array{Name: "walk", Shape: []int{2}, Data: []float64{r.walk, float64(r.step)}}); err != nil {
				return nil, err
			}
		}
		if r.step%r.c.StepsPerReport == 0 {
			epoch := r.step / r.c.StepsPerReport
			if epoch == 2 { // a snapshot that begins late
				if err := r.env.Sink.Snapshot(experiment.Array{Name: "late/matrix", Shape: []int{2, 2}, Data: []float64{1, 2, 3, r.walk}}); err != nil {
					return nil, err
				}
			}
			rep := experiment.Report{{Values: []experiment.Value{experiment.Int(epoch), experiment.Int(r.step), experiment.Float(r.walk)}}}
			for k := range r.c.Layers {
				rep = append(rep, experiment.Row{Table: 1, Values: []experiment.Value{experiment.Int(epoch), experiment.Int(k), experiment.Text(`a "b", c`)}})
			}
			return rep, nil
		}
	}
}

func (r *run) Progress() experiment.Progress {
	n := float64(r.c.StepsPerReport)
	return experiment.Progress{Done: float64(r.step) / n, Total: float64(r.c.Reports), Unit: "epochs", Steps: r.step, Spikes: r.spikes}
}

func (r *run) Warnings() []string {
	if r.walk > 1000 {
		return []string{"the walk went far"}
	}
	return nil
}

func (r *run) Arrays() ([]experiment.Array, error) {
	return []experiment.Array{{Name: "final", Data: r.walk}}, nil
}

func (r *run) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, "FAKE")
	w.Int(r.step)
	w.Int(r.spikes)
	w.Uint64(r.x)
	w.Float(r.walk)
	return w.End()
}

func (r *run) UnmarshalBinary(b []byte) error {
	s := state.NewReader(b, "FAKE")
	r.step, r.spikes, r.x, r.walk = s.Int(), s.Int(), s.Uint64(), s.Float()
	s.Check(r.step >= 0 && r.step <= int64(r.c.Reports)*r.c.StepsPerReport, "a step outside the run")
	return s.Done()
}

func (r *run) Close() error { return nil }
