package kinds

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"spikealign/alignment"
	"spikealign/experiment"
	"spikealign/microcircuit"
	"spikealign/settings"
)

// Microcircuit is the kind "microcircuit": a dendritic cortical microcircuit of any depth and width
// learns by local plasticity, its feedback weights by SAL, tied to the forward ones (BP) or fixed
// (FA) (figure 6 of the paper; docs/model.md, section 7).
type Microcircuit struct{}

// Name implements Kind.
func (Microcircuit) Name() string { return "microcircuit" }

// Doc implements Kind.
func (Microcircuit) Doc() string {
	return "A dendritic cortical microcircuit learns a task, its feedback weights by SAL, tied (BP) or fixed (FA) (figure 6)."
}

// StateVersion implements Kind.
func (Microcircuit) StateVersion() int { return 3 }

// NewConfig implements Kind. The defaults are the SAL runs of figure 6.
func (Microcircuit) NewConfig() experiment.Config {
	c := settings.Default[MicrocircuitConfig]()
	return &c
}

// MicrocircuitConfig is the kind's part of the experiment file.
type MicrocircuitConfig struct {
	microcircuit.Settings
	Snapshots    bool         `yaml:"snapshots" default:"true" doc:"weights at every report, to arrays.npz"`
	ErrorAngles  bool         `yaml:"error_angles" doc:"a column error_deg of alignment.csv: the angle between the errors that the feedback weights and that the transposed forward weights send back from the validation patterns"`
	PatternMeans PatternMeans `yaml:"pattern_means" doc:"means over every single pattern of some epochs: patterns.csv, and arrays.npz with a row for each of its rows"`
}

// PatternMeans say which patterns are recorded.
type PatternMeans struct {
	Epochs     []int64  `yaml:"epochs" doc:"the epochs, from 0; validation patterns stand in those that report; null: none"`
	Quantities []string `yaml:"quantities" default:"[\"potentials\", \"rates\", \"weights\"]" choice:"potentials, rates, weights" doc:"means in arrays.npz beside input and target"`
}

// Validate implements Config.
func (c *MicrocircuitConfig) Validate() settings.Problems {
	ps := c.Settings.Validate()
	m := c.PatternMeans
	ps.In("pattern_means", settings.Check(m))
	if m.Epochs == nil {
		return ps
	}
	if len(m.Epochs) == 0 {
		ps.Add("pattern_means.epochs", "names no epoch; remove it, or null, to record none")
	}
	for k, e := range m.Epochs {
		at := fmt.Sprintf("pattern_means.epochs.%d", k)
		switch {
		case e < 0 || c.Course.Epochs > 0 && e >= c.Course.Epochs:
			ps.Add(at, "there is no such epoch: they are 0 to %d", max(c.Course.Epochs, 1)-1)
		case slices.Contains(m.Epochs[:k], e):
			ps.Add(at, "stands in the list twice")
		}
	}
	if len(m.Quantities) == 0 {
		ps.Add("pattern_means.quantities", "names nothing; allowed are potentials, rates, weights")
	}
	return ps
}

// From implements experiment.Starter.
func (c *MicrocircuitConfig) From() (from, path string) { return c.Initial.From, "initial.from" }

// Epochs implements experiment.Lasting.
func (c *MicrocircuitConfig) Epochs() experiment.Epochs {
	return experiment.Epochs{Path: "training.epochs", Total: c.Course.Epochs, Regular: (c.Course.Epochs-1)%c.Course.ReportEvery == 0}
}

// New implements Config.
func (c *MicrocircuitConfig) New(env experiment.Env) (experiment.Run, error) {
	from, err := c.weights(env.From)
	if err != nil {
		return nil, err
	}
	if from != nil {
		if ps := from.Validate(c.Config); len(ps) > 0 {
			return nil, experiment.Usagef("the weights of that run do not fit this network: %s", ps[0].Error())
		}
	}
	t := c.Training(env.Seed, from)
	t.Patterns = c.PatternMeans.Epochs != nil
	t.Errors = c.ErrorAngles
	tr, err := microcircuit.NewTrainer(t)
	if err != nil {
		return nil, err
	}
	r := &microcircuitRun{Trainer: tr, training: t, config: c, env: env, initial: layerArrays(tr.Network(), "_initial")}
	return r, nil
}

// weights are those of the run to begin from, nil without one.
func (c *MicrocircuitConfig) weights(from *experiment.Source) (*microcircuit.Weights, error) {
	if from == nil {
		return nil, nil
	}
	var w microcircuit.Weights
	top := len(c.Dims) - 1
	for _, part := range []struct {
		to        *[][]float64
		name      string
		layers    int
		snapshots bool
	}{{&w.Up, "up_%d", top, true}, {&w.Down, "down_%d", top - 1, true}, {&w.Bias, "bias_%d", top, false}} {
		for l := 1; l <= part.layers; l++ {
			name := fmt.Sprintf(part.name, l)
			shape := []int{c.Dims[l]}
			final, snapshots := name, "" // biases are constant
			if part.snapshots {
				final, snapshots = name+"_final", name
				shape = append(shape, c.Dims[l-1])
				if part.to == &w.Down {
					shape[1] = c.Dims[l+1]
				}
			}
			x, err := from.Floats(final, snapshots, shape...)
			if err != nil {
				return nil, err
			}
			*part.to = append(*part.to, x)
		}
	}
	return &w, nil
}

type microcircuitRun struct {
	*microcircuit.Trainer
	training microcircuit.Training
	config   *MicrocircuitConfig
	env      experiment.Env
	initial  []experiment.Array
}

// layerArrays are the present weights: "up_1", ..., "down_1", ... with the suffix.
func layerArrays(n *microcircuit.Network, suffix string) []experiment.Array {
	dims := n.Config().Dims
	var as []experiment.Array
	for l := 1; l < len(dims); l++ {
		as = append(as, experiment.Array{Name: fmt.Sprintf("up_%d%s", l, suffix), Shape: []int{dims[l], dims[l-1]}, Data: n.Up(l)})
	}
	for l := 1; l+1 < len(dims); l++ {
		as = append(as, experiment.Array{Name: fmt.Sprintf("down_%d%s", l, suffix), Shape: []int{dims[l], dims[l+1]}, Data: n.Down(l)})
	}
	return as
}

// The tables.
const (
	metricsTable = iota
	alignmentTable
	patternsTable
)

func (r *microcircuitRun) Tables() []experiment.Table {
	// The angle of a single weight is 0 or 180 degrees: means and medians over runs say nothing,
	// and the signs are counted.
	d, gains := r.training.Dims, r.training.Differences.Gain != nil
	angle := experiment.Column{Name: "angle_deg", Unit: "degrees", Doc: effectively(gains, "of feedback weights into the first hidden layer and forward weights out of it"), Headline: true}
	signs := experiment.Column{Name: "sign_agreement", Doc: "share of those feedback weights with the sign of the forward weight"}
	if len(d) > 2 && d[1]*d[2] == 1 {
		angle.Headline, angle.Statistic = false, experiment.NoStatistic
		signs.Headline, signs.Statistic = true, experiment.Count
	}
	tables := []experiment.Table{
		{Name: "metrics", Columns: []experiment.Column{
			{Name: "epoch"},
			{Name: "loss", Doc: "validation: mean squared error of the mean output potentials", Headline: true},
			{Name: "loss_nudged", Doc: "with the output nudged during validation: (1-lambda_nudge)^2 of it"},
			angle,
			{Name: "norm_ratio", Doc: "length of those feedback weights over that of the forward weights: 1 is the size of backpropagation", Headline: true},
			signs,
			{Name: "accuracy", Doc: "share of validation patterns with the right class"},
			{Name: "train_loss", Doc: "the same error of the epoch's learning patterns, nudge left out"},
			{Name: "train_accuracy", Doc: "of the same"},
			{Name: "steps", Unit: "steps", Doc: "simulated so far"},
			{Name: "spikes", Doc: "so far"},
		}},
		{Name: "alignment", Columns: []experiment.Column{
			{Name: "epoch"},
			{Name: "layer", Doc: effectively(gains, "hidden layer into which the feedback weights lead, from 1; compared with the transposed forward weights out of it")},
			{Name: "angle_deg", Unit: "degrees", Doc: "between the two as vectors; 0 or 180 for single weights"},
			{Name: "norm_ratio", Doc: "length of the feedback weights over that of the forward weights"},
			{Name: "correlation", Doc: "Pearson's, over all synapses"},
			{Name: "sign_agreement", Doc: "share of synapses with the same sign"},
			{Name: "variance", Unit: "weight^2", Doc: "of the differences of forward and feedback weights"},
		}},
	}
	if r.training.Errors {
		c := &tables[alignmentTable].Columns
		*c = append(*c, experiment.Column{Name: "error_deg", Unit: "degrees", Doc: "between the errors of the output that arrive in the layer through the feedback weights and through the transposed forward weights, mean over the validation patterns"})
	}
	if r.training.Patterns {
		tables = append(tables, experiment.Table{Name: "patterns", Columns: []experiment.Column{
			{Name: "epoch"},
			{Name: "slot", Doc: "place in the epoch, from 0"},
			{Name: "set", Doc: "train or validation"},
			{Name: "pattern", Doc: "index in the set, from 0"},
			{Name: "phase", Doc: "learn (forward plasticity), align (SAL phase) or test"},
			{Name: "error", Doc: "squared difference of the mean output potential, as if without nudge, and the target, averaged over output neurons"},
		}})
	}
	return tables
}

func (r *microcircuitRun) Facts() experiment.Facts {
	c := r.Network().Config()
	return experiment.Facts{Engine: "stepper", Neurons: r.Network().Neurons(), TickSteps: 1, More: map[string]any{"tau_ref": c.Tau, "method": c.Method.String(), "layers": c.Dims}}
}

func (r *microcircuitRun) Advance(ctx context.Context) (experiment.Report, error) {
	for !r.Done() {
		out := r.Step()
		if r.env.Spikes {
			if err := r.env.Sink.Spikes(0, out.Spikes); err != nil {
				return nil, err
			}
		}
		var report experiment.Report
		if p := out.Pattern; p != nil && slices.Contains(r.config.PatternMeans.Epochs, p.Epoch) {
			row, err := r.pattern(p)
			if err != nil {
				return nil, err
			}
			report = append(report, row)
		}
		if out.Report != nil {
			rows, err := r.report(out.Report)
			if err != nil {
				return nil, err
			}
			report = append(report, rows...)
		}
		if report != nil {
			return report, nil
		}
		if ctx.Err() != nil {
			return nil, nil
		}
	}
	return nil, io.EOF
}

func (r *microcircuitRun) report(p *microcircuit.Report) (experiment.Report, error) {
	if r.config.Snapshots {
		for _, a := range layerArrays(r.Network(), "") {
			if err := r.env.Sink.Snapshot(a); err != nil {
				return nil, err
			}
		}
	}
	first := alignment.Measures{Angle: math.NaN(), Ratio: math.NaN(), Signs: math.NaN()}
	if len(p.Alignments) > 0 {
		first = p.Alignments[0]
	}
	row := []experiment.Value{experiment.Int(p.Epoch)}
	row = append(row, measured(p.Loss, p.LossNudged, first.Angle, first.Ratio, first.Signs, p.Accuracy, p.TrainLoss, p.TrainAccuracy)...)
	report := experiment.Report{{Table: metricsTable, Values: append(row, experiment.Int(p.Steps), experiment.Int(p.Spikes))}}
	for l, a := range p.Alignments {
		row := []experiment.Value{experiment.Int(p.Epoch), experiment.Int(l + 1)}
		values := []float64{a.Angle, a.Ratio, a.Correlation, a.Signs, a.Variance}
		if r.training.Errors {
			values = append(values, p.ErrorAngles[l])
		}
		report = append(report, experiment.Row{Table: alignmentTable, Values: append(row, measured(values...)...)})
	}
	return report, nil
}

// pattern records the means of one pattern.
func (r *microcircuitRun) pattern(p *microcircuit.PatternReport) (experiment.Row, error) {
	set, from := "train", r.training.Task.Train
	if p.Validation {
		set, from = "validation", r.training.Task.Validation
	}
	dims := r.training.Dims
	top := len(dims) - 1
	arrays := []experiment.Array{
		{Name: "pattern_input", Shape: dims[:1], Data: from[p.Pattern].Input},
		{Name: "pattern_target", Shape: dims[top:], Data: p.Target},
	}
	add := func(name string, l int, x []float64, shape ...int) {
		arrays = append(arrays, experiment.Array{Name: fmt.Sprintf("pattern_%s_%d", name, l), Shape: shape, Data: x})
	}
	m := p.Means
	for _, q := range r.config.PatternMeans.Quantities {
		switch q {
		case "potentials":
			for l, u := range m.Potential {
				add("potential", l+1, u, len(u))
			}
		case "rates":
			for l, x := range m.Rate {
				if l <= top {
					add("rate", l, x, len(x))
				} else {
					add("rate_inter", l-top, x, len(x))
				}
			}
		case "weights":
			for l, w := range m.Up {
				add("up", l+1, w, dims[l+1], dims[l])
			}
			for l, w := range m.Down {
				add("down", l+1, w, dims[l+1], dims[l+2])
			}
		}
	}
	for _, a := range arrays {
		if err := r.env.Sink.Snapshot(a); err != nil {
			return experiment.Row{}, err
		}
	}
	sum := 0.0
	for i, target := range p.Target {
		d := m.Potential[top-1][i] - m.Extra[top-1][i] - target
		sum += float64(d * d)
	}
	phase := [...]string{microcircuit.Test: "test", microcircuit.Learn: "learn", microcircuit.Align: "align"}[p.Phase]
	return experiment.Row{Table: patternsTable, Values: []experiment.Value{experiment.Int(p.Epoch), experiment.Int(p.Slot), experiment.Text(set), experiment.Int(p.Pattern), experiment.Text(phase), experiment.Float(sum / float64(dims[top]))}}, nil
}

func (r *microcircuitRun) Progress() experiment.Progress {
	return experiment.Progress{Done: math.Max(float64(r.Epoch()), 0), Total: float64(r.training.Epochs), Unit: "epochs", Steps: r.Steps(), Spikes: r.Spikes()}
}

func (r *microcircuitRun) Warnings() []string {
	ws := r.Trainer.Warnings()
	if len(r.training.Task.Validation) == 0 {
		ws = append(ws, "there are no validation patterns: loss and accuracy are not available")
	}
	return ws
}

func (r *microcircuitRun) Arrays() ([]experiment.Array, error) {
	arrays := append(slices.Clone(r.initial), layerArrays(r.Network(), "_final")...)
	vectors := func(name string, layers [][]float64) {
		for l, b := range layers {
			arrays = append(arrays, experiment.Array{Name: fmt.Sprintf("%s_%d", name, l+1), Shape: []int{len(b)}, Data: b})
		}
	}
	vectors("bias", r.training.Start.Bias)
	arrays = append(arrays, r.differences()...)
	if t := r.training.Teacher; t != nil {
		for l, w := range t.Up {
			arrays = append(arrays, experiment.Array{Name: fmt.Sprintf("teacher_up_%d", l+1), Shape: []int{t.Dims[l+1], t.Dims[l]}, Data: w})
		}
		vectors("teacher_bias", t.Bias)
	}
	train, validation := r.Targets()
	trainClass, validationClass := r.Classes()
	for _, set := range []struct {
		name     string
		patterns []microcircuit.Pattern
		targets  [][]float64
		classes  []int
	}{{"train", r.training.Task.Train, train, trainClass}, {"validation", r.training.Task.Validation, validation, validationClass}} {
		var inputs [][]float64
		var classes []int64
		for k, p := range set.patterns {
			inputs = append(inputs, p.Input)
			classes = append(classes, int64(set.classes[k]))
		}
		dims := r.training.Dims
		arrays = append(arrays, experiment.Array{Name: set.name + "_input", Shape: []int{len(inputs), dims[0]}, Data: slices.Concat(inputs...)},
			experiment.Array{Name: set.name + "_target", Shape: []int{len(inputs), dims[len(dims)-1]}, Data: slices.Concat(set.targets...)})
		if r.training.Task.Classes > 0 {
			arrays = append(arrays, experiment.Array{Name: set.name + "_class", Shape: []int{len(classes)}, Data: classes})
		}
	}
	return arrays, nil
}

// differences are those between neurons and synapses.
func (r *microcircuitRun) differences() []experiment.Array {
	d, dims := r.training.Differences, r.training.Dims
	return slices.Concat(layerDifferences("gain", 0, d.Gain), layerDifferences("offset", 0, d.Offset), layerDifferences("refractory", 0, d.Refractory),
		layerDifferences("window_amplitude", 1, d.Amplitude, dims...), layerDifferences("window_tau", 1, d.Tau, dims...))
}

// layerDifferences are arrays "name_l" of the layers from first on: of their neurons, or of the
// feedback synapses into them where the sizes of all layers are given.
func layerDifferences(name string, first int, of [][]float64, dims ...int) (arrays []experiment.Array) {
	for k, x := range of {
		l, shape := first+k, []int{len(x)}
		if dims != nil {
			shape = []int{dims[l], dims[l+1]}
		}
		arrays = append(arrays, experiment.Array{Name: fmt.Sprintf("%s_%d", name, l), Shape: shape, Data: x})
	}
	return arrays
}

func (r *microcircuitRun) Close() error { return nil }
