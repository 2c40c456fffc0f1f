package kinds

import (
	"context"
	"fmt"
	"io"
	"sync"

	"spikealign/dataset"
	"spikealign/deep"
	"spikealign/experiment"
	"spikealign/internal/gemm"
	"spikealign/internal/state"
	"spikealign/settings"
)

// Deep is the kind "deep": a convolutional network classifies images, and errors reach its layers
// through learned, random or transposed weights (figure 8 of the paper; docs/deep.md).
type Deep struct{}

// Name implements Kind.
func (Deep) Name() string { return "deep" }

// Doc implements Kind.
func (Deep) Doc() string {
	return "A convolutional network classifies images, its errors sent back through weights from SAL, RDD, BP, FA and others (figure 8)."
}

// StateVersion implements Kind.
func (Deep) StateVersion() int { return 2 + gemm.StateOffset }

// NewConfig implements Kind.
func (Deep) NewConfig() experiment.Config {
	c := settings.Default[DeepConfig]()
	return &c
}

// DeepConfig is the kind's part of the experiment file.
type DeepConfig struct {
	Images DeepImages `yaml:"images" doc:"what is classified"`
	deep.Settings
}

// DeepImages say which images are learned.
type DeepImages struct {
	Set   string `yaml:"set" default:"fashion-mnist" choice:"mnist, fashion-mnist, cifar-10, svhn" doc:"spikealign dataset list tells which are here, and how to get the others"`
	Train int    `yaml:"train" range:"[0, 1e9]" doc:"only the first so many training images; 0: all"`
	Test  int    `yaml:"test" range:"[0, 1e9]" doc:"only the first so many test images; 0: all"`
}

// Validate implements Config.
func (c *DeepConfig) Validate() settings.Problems {
	ps := c.Settings.Validate()
	ps.In("images", settings.Check(c.Images))
	if n := c.Images.Train; n > 0 && n < 2 {
		ps.Add("images.train", "must be 0 (all) or at least 2")
	}
	return ps
}

// Epochs implements experiment.Lasting.
func (c *DeepConfig) Epochs() experiment.Epochs {
	return experiment.Epochs{Path: "training.epochs", Total: c.Course.Epochs, Regular: true}
}

// New implements Config.
func (c *DeepConfig) New(env experiment.Env) (experiment.Run, error) {
	set, err := opened.open(env.Data, c.Images.Set)
	if err != nil {
		return nil, err
	}
	d := &deep.Data{Channels: set.Channels, Height: set.Height, Width: set.Width, Classes: len(set.Classes)}
	d.Train, d.Test = first(set, set.Train, c.Images.Train), first(set, set.Test, c.Images.Test)
	d.Mean, d.SD = set.Moments()
	t, err := deep.NewTrainer(c.Settings, d, env.Seed, env.Threads, env.Parallel)
	if err != nil {
		return nil, err
	}
	return &deepRun{Trainer: t, config: c, data: d, spikes: env.Spikes}, nil
}

// lastSet is the set of images that was opened last: members of a sweep share it.
type lastSet struct {
	mu        sync.Mutex
	dir, name string
	set       *dataset.Set
}

var opened lastSet

func (l *lastSet) open(dir, name string) (*dataset.Set, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.set != nil && l.dir == dir && l.name == name {
		return l.set, nil
	}
	l.set = nil // before the next one takes memory
	set, err := dataset.Open(dir, name)
	if err != nil {
		return nil, err
	}
	l.dir, l.name, l.set = dir, name, set
	return set, nil
}

// first are the first n images, all for 0.
func first(set *dataset.Set, images dataset.Images, n int) deep.Set {
	size := set.Channels * set.Height * set.Width
	if n == 0 || n > images.Len() {
		n = images.Len()
	}
	return deep.Set{Images: images.Pixels[:n*size], Labels: images.Labels[:n]}
}

type deepRun struct {
	*deep.Trainer
	config *DeepConfig
	data   *deep.Data
	spikes bool // asked for
}

func (r *deepRun) Tables() []experiment.Table {
	return []experiment.Table{
		{Name: "metrics", Columns: []experiment.Column{
			{Name: "epoch", Doc: "from 0"},
			{Name: "train_loss", Doc: "mean over the epoch's training images, while learning"},
			{Name: "train_accuracy", Doc: "share of them classified rightly"},
			{Name: "test_loss", Doc: "mean over the test images after the epoch"},
			{Name: "test_accuracy", Doc: "share of them classified rightly", Headline: true},
			{Name: "angle_deg", Unit: "degrees", Doc: "of feedback weights into the first fully connected layer's input and its transposed weights, as they are after the epoch; empty for layers without either", Headline: true},
			{Name: "spiking_steps", Unit: "steps", Doc: "simulated in spiking phases so far, of all replicas"},
			{Name: "spikes", Doc: "in them so far"},
		}},
		{Name: "alignment", Columns: []experiment.Column{
			{Name: "epoch", Doc: "from 0"},
			{Name: "layer", Doc: "fully connected layer, from 1", Row: true},
			{Name: "angle_deg", Unit: "degrees", Doc: "of its feedback weights and its transposed forward weights; this and what follows is empty where the error of the output comes directly (dfa)"},
			{Name: "norm_ratio", Doc: "length of the feedback weights over that of the forward weights"},
			{Name: "correlation", Doc: "Pearson's, over all synapses"},
			{Name: "sign_agreement", Doc: "share of synapses with the same sign"},
			{Name: "variance", Unit: "weight^2", Doc: "of the differences of forward and feedback weights"},
		}},
		{Name: "updates", Columns: []experiment.Column{
			{Name: "epoch", Doc: "from 0"},
			{Name: "weights", Doc: "conv_1, conv_2, dense_1, ...", Row: true},
			{Name: "angle_deg", Unit: "degrees", Doc: "between the gradient of the method and that of backpropagation, for one batch after the epoch"},
		}},
	}
}

func (r *deepRun) Facts() experiment.Facts {
	return experiment.Facts{Engine: gemm.Name, More: map[string]any{"method": r.config.Method.String(), "images": r.config.Images.Set, "train": len(r.data.Train.Labels), "test": len(r.data.Test.Labels)}}
}

func (r *deepRun) Advance(ctx context.Context) (experiment.Report, error) {
	if r.Epoch() == r.config.Course.Epochs {
		return nil, io.EOF
	}
	out, err := r.Run(ctx)
	if out == nil || err != nil {
		return nil, err
	}
	epoch := r.Epoch() - 1
	as := r.Alignments()
	angle := experiment.Value{}
	if len(as) > 0 {
		angle = measured(as[0].Angle)[0]
	}
	row := []experiment.Value{experiment.Int(epoch)}
	row = append(row, measured(out.TrainLoss, out.TrainAccuracy, out.TestLoss, out.TestAccuracy)...)
	report := experiment.Report{{Values: append(row, angle, experiment.Int(r.SpikingSteps()), experiment.Int(r.Spikes()))}}
	for l, a := range as {
		row := []experiment.Value{experiment.Int(epoch), experiment.Int(l + 1)}
		report = append(report, experiment.Row{Table: 1, Values: append(row, measured(a.Angle, a.Ratio, a.Correlation, a.Signs, a.Variance)...)})
	}
	names, angles := r.UpdateAngles()
	for k, name := range names {
		report = append(report, experiment.Row{Table: 2, Values: append([]experiment.Value{experiment.Int(epoch), experiment.Text(name)}, measured(angles[k])...)})
	}
	return report, nil
}

func (r *deepRun) Progress() experiment.Progress {
	done := float64(r.Epoch()) + float64(r.Batch())/float64(r.Batches())
	return experiment.Progress{Done: min(done, float64(r.config.Course.Epochs)), Total: float64(r.config.Course.Epochs), Unit: "epochs", Steps: r.SpikingSteps(), Spikes: r.Spikes()}
}

func (r *deepRun) Warnings() []string {
	var ws []string
	if r.spikes {
		ws = append(ws, "record.spikes has no effect: kind deep does not record the spikes of its phases")
	}
	if r.config.Method == deep.KP && r.config.Course.Decay != 0 {
		ws = append(ws, "training.weight_decay has no effect with method kp: kp.decay takes its place")
	}
	if r.Epoch() < r.config.Course.Epochs {
		return ws
	}
	if r.Unlearned() {
		setting := map[deep.Method]string{deep.SAL: "sal.iterations", deep.RDD: "rdd.seconds, at least rdd.update_seconds,", deep.Mirror: "mirror.steps"}[r.config.Method]
		ws = append(ws, fmt.Sprintf("the feedback weights have learned nothing: they are as drawn; a larger %s helps", setting))
	}
	for l, a := range r.Alignments() {
		if a.Lopsided() {
			ws = append(ws, fmt.Sprintf("feedback weights of fully connected layer %d are %.3g times as large as the forward weights", l+1, a.Ratio))
		}
	}
	return ws
}

func (r *deepRun) Arrays() ([]experiment.Array, error) {
	var arrays []experiment.Array
	for _, w := range r.Weights() {
		arrays = append(arrays, experiment.Array{Name: w.Name, Shape: w.Shape, Data: w.Values})
	}
	return arrays, nil
}

const deepTag = "KDP1"

func (r *deepRun) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, deepTag)
	w.Block(r.Trainer)
	return w.End()
}

func (r *deepRun) UnmarshalBinary(b []byte) error {
	d := state.NewReader(b, deepTag)
	d.Block(r.Trainer)
	if err := d.Done(); err != nil {
		return err
	}
	if r.Epoch() > r.config.Course.Epochs {
		return fmt.Errorf("a state of epoch %d of %d", r.Epoch(), r.config.Course.Epochs)
	}
	return nil
}

func (r *deepRun) Close() error { return nil }
