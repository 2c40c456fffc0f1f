package kinds

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"spikealign/alignment"
	"spikealign/experiment"
	"spikealign/internal/random"
	"spikealign/internal/state"
	"spikealign/layered"
	"spikealign/settings"
	"spikealign/spike"
	"spikealign/transport"
)

// Align is the kind "align": feedback weights of layered spiking networks learn to equal the
// transposed forward weights, by SAL or by another method (figures 7 and 9 of the paper;
// docs/align.md).
type Align struct{}

// Name implements Kind.
func (Align) Name() string { return "align" }

// Doc implements Kind.
func (Align) Doc() string {
	return "Feedback weights of layered spiking networks learn to mirror the forward weights, by SAL or another method (figures 7, 9)."
}

// StateVersion implements Kind.
func (Align) StateVersion() int { return 1 }

// NewConfig implements Kind. The defaults are the SAL part of figure 7, but for its range of
// weights.
func (Align) NewConfig() experiment.Config {
	c := settings.Default[AlignConfig]()
	return &c
}

// AlignConfig is the kind's part of the experiment file.
type AlignConfig struct {
	transport.Settings
	Snapshots bool `yaml:"snapshots" doc:"feedback weights at every report, to arrays.npz"`
}

// From implements experiment.Starter.
func (c *AlignConfig) From() (from, path string) { return c.Initial.From, "initial.from" }

// Epochs implements experiment.Lasting.
func (c *AlignConfig) Epochs() experiment.Epochs {
	return experiment.Epochs{Path: "training.epochs", Total: c.Course.Epochs, Regular: c.Course.Epochs%c.Course.ReportEvery == 0}
}

// New implements Config.
func (c *AlignConfig) New(env experiment.Env) (experiment.Run, error) {
	from, err := c.weights(env.From)
	if err != nil {
		return nil, err
	}
	m, err := c.Get(c.Method)
	if err != nil {
		return nil, err
	}
	r := &alignRun{config: c, method: m, env: env, epoch: -1, problem: c.Problem(env.Seed, from)}
	for l, n := range c.Layers {
		r.first = append(r.first, r.neurons)
		r.neurons += n
		if l > 0 {
			r.errors = append(r.errors, errorSignals(l, n))
			r.start = append(r.start, slices.Clone(r.problem.Weights.Down[l-1]))
		}
	}
	r.problem.Workers, r.problem.Parallel = env.Threads, env.Parallel
	if env.Spikes {
		r.problem.Spikes = r.spikes
	}
	if r.Learner, err = m.Start(r.problem); err != nil {
		return nil, experiment.Usagef("weights at the start (initial) and method %s do not go together: %v", c.Method, err)
	}
	return r, nil
}

// weights are those of the run to begin from, nil without one.
func (c *AlignConfig) weights(from *experiment.Source) (*layered.Weights, error) {
	if from == nil {
		return nil, nil
	}
	var w layered.Weights
	take := func(to *[][]float64, snapshots, name string, l int, shape ...int) error {
		final, during := fmt.Sprintf(name, l), ""
		if snapshots != "" {
			during = fmt.Sprintf(snapshots, l)
		}
		x, err := from.Floats(final, during, shape...)
		*to = append(*to, x)
		return err
	}
	for l, n := range c.Layers {
		if err := take(&w.Bias, "", "bias_%d", l, n); err != nil {
			return nil, err
		}
		if l+1 == len(c.Layers) {
			break
		}
		above := c.Layers[l+1]
		if err := take(&w.Up, "", "up_%d", l+1, above, n); err != nil {
			return nil, err
		}
		if err := take(&w.Down, "down_%d", "down_%d_final", l, n, above); err != nil {
			return nil, err
		}
	}
	return &w, nil
}

// errorCount is the number of error signals by whose way back feedback is judged.
const errorCount = 16

// errorSignals are those of the n neurons of layer l, the same in every run: standard normal
// numbers.
func errorSignals(l, n int) [][]float64 {
	signals := make([][]float64, errorCount)
	for k := range signals {
		draw := random.New(0, random.ErrorSignals, uint64(l), uint64(k))
		for range n {
			signals[k] = append(signals[k], draw.Norm())
		}
	}
	return signals
}

type alignRun struct {
	transport.Learner
	config  *AlignConfig
	method  transport.Method
	env     experiment.Env
	problem transport.Problem
	first   []int // neuron of each layer, in the numbering of all
	neurons int
	errors  [][][]float64
	start   [][]float64 // feedback weights at the start
	epoch   int64       // reported last, -1 before the first
	events  []spike.Event
}

// spikes gives the spikes of a step to the sink.
func (r *alignRun) spikes(replica int, time int64, layer int, neurons []int32) error {
	r.events = r.events[:0]
	for _, i := range neurons {
		r.events = append(r.events, spike.Event{Time: time, Neuron: int32(r.first[layer]) + i})
	}
	return r.env.Sink.Spikes(replica, r.events)
}

func (r *alignRun) Tables() []experiment.Table {
	return []experiment.Table{{Name: "metrics", Columns: []experiment.Column{
		{Name: "epoch"},
		{Name: "time_s", Unit: "s", Doc: "simulated so far, of all replicas together"},
		{Name: "layer", Doc: effectively(r.problem.Neurons.Gain != nil, "into which the feedback weights lead, from 0; compared with the transposed forward weights out of it")},
		{Name: "angle_deg", Unit: "degrees", Doc: "between the two as vectors", Headline: true},
		{Name: "correlation", Doc: "Pearson's, over all synapses"},
		{Name: "sign_agreement", Doc: "share of synapses with the same sign"},
		{Name: "variance", Unit: "weight^2", Doc: "of the differences of forward and feedback weights"},
		{Name: "norm_ratio", Doc: "length of the feedback weights over that of the forward weights"},
		{Name: "error_angle_deg", Unit: "degrees", Doc: "between an error signal sent back through the feedback weights and through the transposed forward weights, mean over 16 random ones"},
		{Name: "steps", Unit: "steps", Doc: "simulated so far, of all replicas together"},
		{Name: "spikes", Doc: "so far, of all replicas and layers"},
	}}}
}

func (r *alignRun) Facts() experiment.Facts {
	step, replicas := r.method.Clock()
	return experiment.Facts{Engine: r.config.Method, Neurons: r.neurons, Replicas: replicas, TickSteps: 1, StepSeconds: step, More: map[string]any{"method": r.config.Method, "layers": r.config.Layers}}
}

// until is the number of steps at the end of an epoch.
func (r *alignRun) until(epoch int64) int64 {
	step, replicas := r.method.Clock()
	return int64(math.Round(float64(epoch) * r.config.Course.EpochSeconds / (step * float64(replicas))))
}

// next is the epoch of the next report.
func (r *alignRun) next() int64 {
	if r.epoch < 0 {
		return 0
	}
	every := r.config.Course.ReportEvery
	return min((r.epoch/every+1)*every, r.config.Course.Epochs)
}

func (r *alignRun) Advance(ctx context.Context) (experiment.Report, error) {
	if r.epoch == r.config.Course.Epochs {
		return nil, io.EOF
	}
	epoch := r.next()
	until := r.until(epoch)
	if err := r.Run(ctx, until); err != nil {
		return nil, err
	}
	if r.Time() < until {
		return nil, nil
	}
	r.epoch = epoch
	return r.report()
}

// effective returns the forward weights out of layer l and the feedback weights into it, each
// multiplied by the gain of its postsynaptic neuron.
func (r *alignRun) effective(l int) (up, down []float64) {
	up, down = r.problem.Weights.Up[l], r.Down(l)
	gain := r.problem.Neurons.Gain
	if gain == nil {
		return up, down
	}
	up, down = slices.Clone(up), slices.Clone(down)
	below, above := r.config.Layers[l], r.config.Layers[l+1]
	for s := range up {
		up[s] *= gain[l+1][s/below]
		down[s] *= gain[l][s/above]
	}
	return up, down
}

func (r *alignRun) compare(l, n int) alignment.Measures {
	up, down := r.effective(l)
	return alignment.Compare(up, down, n, r.config.Layers[l+1])
}

func (r *alignRun) report() (experiment.Report, error) {
	step, replicas := r.method.Clock()
	steps := r.Time() * int64(replicas)
	var report experiment.Report
	for l, n := range r.config.Layers[:len(r.config.Layers)-1] {
		above := r.config.Layers[l+1]
		up, down := r.effective(l)
		a := alignment.Compare(up, down, n, above)
		row := []experiment.Value{experiment.Int(r.epoch), experiment.Float(float64(steps) * step), experiment.Int(l)}
		row = append(row, measured(a.Angle, a.Correlation, a.Signs, a.Variance, a.Ratio, alignment.ErrorAngle(up, down, n, above, r.errors[l]))...)
		report = append(report, experiment.Row{Values: append(row, experiment.Int(steps), experiment.Int(r.SpikeCount()))})
		if r.config.Snapshots {
			if err := r.env.Sink.Snapshot(experiment.Array{Name: fmt.Sprintf("down_%d", l), Shape: []int{n, above}, Data: r.Down(l)}); err != nil {
				return nil, err
			}
		}
	}
	return report, nil
}

func (r *alignRun) Progress() experiment.Progress {
	_, replicas := r.method.Clock()
	done := float64(r.config.Course.Epochs)
	if all := r.until(r.config.Course.Epochs); all > 0 {
		done *= float64(r.Time()) / float64(all)
	}
	return experiment.Progress{Done: done, Total: float64(r.config.Course.Epochs), Unit: "epochs", Steps: r.Time() * int64(replicas), Spikes: r.SpikeCount()}
}

func (r *alignRun) Warnings() []string {
	if r.epoch < r.config.Course.Epochs {
		return nil
	}
	if setting, steps := r.method.Updates(); r.Time() < steps {
		return []string{fmt.Sprintf("the feedback weights have learned nothing: their first update would be after %d steps (%s.%s), and the run has %d; more training.epochs, or a smaller %s.%s, help",
			steps, r.config.Method, setting, r.Time(), r.config.Method, setting)}
	}
	var ws []string
	for l, n := range r.config.Layers[:len(r.config.Layers)-1] {
		if slices.Equal(r.Down(l), r.start[l]) {
			ws = append(ws, fmt.Sprintf("the feedback weights to layer %d are as at the start: no update has changed them", l))
		}
		if a := r.compare(l, n); a.Lopsided() {
			ws = append(ws, fmt.Sprintf("feedback weights to layer %d are %.3g times as large as the forward weights", l, a.Ratio))
		}
	}
	return ws
}

func (r *alignRun) Arrays() ([]experiment.Array, error) {
	neurons, synapses, dims := r.problem.Neurons, r.problem.Synapses, r.config.Layers
	arrays := slices.Concat(layerDifferences("gain", 0, neurons.Gain), layerDifferences("offset", 0, neurons.Offset), layerDifferences("refractory", 0, neurons.Refractory),
		layerDifferences("window_amplitude", 0, synapses.Amplitude, dims...), layerDifferences("window_tau", 0, synapses.Tau, dims...))
	for l, n := range r.config.Layers {
		arrays = append(arrays, experiment.Array{Name: fmt.Sprintf("bias_%d", l), Shape: []int{n}, Data: r.problem.Weights.Bias[l]})
		if l+1 == len(r.config.Layers) {
			break
		}
		above := r.config.Layers[l+1]
		arrays = append(arrays,
			experiment.Array{Name: fmt.Sprintf("up_%d", l+1), Shape: []int{above, n}, Data: r.problem.Weights.Up[l]},
			experiment.Array{Name: fmt.Sprintf("down_%d_initial", l), Shape: []int{n, above}, Data: r.start[l]},
			experiment.Array{Name: fmt.Sprintf("down_%d_final", l), Shape: []int{n, above}, Data: r.Down(l)})
	}
	return arrays, nil
}

const alignTag = "KAL1"

func (r *alignRun) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, alignTag)
	w.Int(r.epoch)
	w.Block(r.Learner)
	return w.End()
}

func (r *alignRun) UnmarshalBinary(b []byte) error {
	d := state.NewReader(b, alignTag)
	r.epoch = d.Int()
	d.Check(r.epoch >= -1 && r.epoch <= r.config.Course.Epochs, "impossible epoch")
	d.Block(r.Learner)
	return d.Done()
}

func (r *alignRun) Close() error { return nil }
