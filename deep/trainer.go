package deep

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"spikealign/alignment"
	"spikealign/internal/random"
	"spikealign/internal/state"
	"spikealign/layered"
	"spikealign/transport"
)

// Trainer trains a network. It is not for several goroutines.
type Trainer struct {
	*Network
	s       Settings
	data    *Data
	seed    uint64
	workers int
	run     func(workers int, work func(worker int))

	epoch   int64 // of the present batches, from 0
	batch   int   // the next of the epoch; -1: the phase before it is still to come
	order   []int32
	lossSum float64 // of the epoch's training batches so far
	right   int
	spikes  int64
	steps   int64 // of spiking phases, of all replicas

	mirrored int               // steps of the present phase of noise
	learner  transport.Learner // the present spiking phase; nil: none has begun

	tested     int // images of the present test
	testLoss   float64
	testRight  int
	testChosen []int32

	images []float32
	labels []uint8
}

// NewTrainer returns a trainer at its beginning. The data must not change.
func NewTrainer(s Settings, d *Data, seed uint64, workers int, parallel func(workers int, work func(worker int))) (*Trainer, error) {
	if err := s.Validate().Err(); err != nil {
		return nil, fmt.Errorf("deep: %w", err)
	}
	if err := d.Check(); err != nil {
		return nil, err
	}
	images := volume{d.Channels, d.Height, d.Width}
	n := newNetwork(s.Network.input(images), s.Network.stages(d.Classes))
	n.loss, n.crew = s.Network.Loss, newCrew(workers, parallel)
	n.draw(s.Network.Init, seed)
	n.feedback(s.Method, s.Network.lenet(), s.Network.Init, seed)
	s.Augment = s.Augment.of(images)
	s.Course.Rate, _ = s.rate()
	if s.Method == KP {
		s.Course.Decay = s.KP.Decay
	}
	return &Trainer{Network: n, s: s, data: d, seed: seed, workers: workers, run: parallel, batch: -1}, nil
}

// Batches returns the number of batches of an epoch. What is left over at its end is a smaller one,
// unless it is a single image, which has no variance.
func (t *Trainer) Batches() int {
	n, b := len(t.data.Train.Labels), t.s.Course.BatchSize
	k := n / b
	if n%b > 1 || k == 0 {
		k++
	}
	return k
}

// Epoch returns the number of epochs finished.
func (t *Trainer) Epoch() int64 { return t.epoch }

// Batch returns the number of batches of the present epoch that are finished.
func (t *Trainer) Batch() int { return max(t.batch, 0) }

// Spikes returns the number of spikes of all spiking phases so far.
func (t *Trainer) Spikes() int64 { return t.spikes }

// SpikingSteps returns the number of steps of all spiking phases so far, of all replicas together.
func (t *Trainer) SpikingSteps() int64 { return t.steps }

// Report is what a trainer tells after an epoch.
type Report struct {
	TrainLoss, TrainAccuracy float64 // over the epoch's batches, while learning
	TestLoss, TestAccuracy   float64
}

// Run trains to the end of the present epoch and returns its report. If ctx ends before, it returns
// nil after the present batch, or piece of a phase or of the test: a later call goes on with the
// same results.
func (t *Trainer) Run(ctx context.Context) (*Report, error) {
	for {
		switch {
		case t.batch < 0:
			done, err := t.phase(ctx)
			if err != nil {
				return nil, fmt.Errorf("deep: %s phase before epoch %d: %w", t.s.Method, t.epoch, err)
			}
			if done {
				t.shuffle()
				t.batch = 0
			}
		case t.batch < t.Batches():
			if err := t.step(); err != nil {
				return nil, err
			}
		default:
			t.test()
			if n := len(t.data.Test.Labels); t.tested == n {
				seen := float64(t.seen())
				r := &Report{t.lossSum / seen, float64(t.right) / seen, t.testLoss / float64(n), float64(t.testRight) / float64(n)}
				t.epoch, t.batch, t.lossSum, t.right = t.epoch+1, -1, 0, 0
				t.tested, t.testLoss, t.testRight = 0, 0, 0
				return r, nil
			}
		}
		if ctx.Err() != nil {
			return nil, nil
		}
	}
}

// seen is the number of images of the present epoch that the network has learned from.
func (t *Trainer) seen() int { return min(t.batch*t.s.Course.BatchSize, len(t.data.Train.Labels)) }

// shuffle draws the order of the epoch's images.
func (t *Trainer) shuffle() {
	t.order = slices.Grow(t.order[:0], len(t.data.Train.Labels))[:len(t.data.Train.Labels)]
	for i := range t.order {
		t.order[i] = int32(i)
	}
	draw := random.New(t.seed, random.PatternOrder, uint64(t.epoch), 0)
	for i := len(t.order) - 1; i > 0; i-- {
		j := int(float64(draw.Float64() * float64(i+1)))
		t.order[i], t.order[j] = t.order[j], t.order[i]
	}
}

// step learns from the next batch.
func (t *Trainer) step() error {
	b := t.s.Course.BatchSize
	chosen := t.order[t.batch*b : min((t.batch+1)*b, len(t.order))]
	t.load(t.data.Train, chosen, true)
	loss, right := t.judge(t.forward(t.images, len(chosen), true), t.labels, true)
	if !(math.Abs(loss) <= math.MaxFloat64) {
		return fmt.Errorf("deep: the loss is %v in batch %d of epoch %d: %s", loss, t.batch, t.epoch, diverged)
	}
	t.backward(t.gradient, len(chosen))
	t.learn(t.s.Course.optimiser(t.epoch))
	t.lossSum += loss
	t.right += right
	t.batch++
	if t.batch == t.Batches() {
		if err := t.check(); err != nil {
			return fmt.Errorf("deep: epoch %d: %w", t.epoch, err)
		}
	}
	return nil
}

const diverged = "training has diverged, and would again if it went on from a checkpoint; run it anew with a smaller training.rate"

// load makes a batch of images: in the network's size, normalised, and changed if they are to be.
func (t *Trainer) load(set Set, chosen []int32, augment bool) {
	d, size := t.data, t.in
	n, area := len(chosen), size.area()
	t.images = grow(t.images, n*size.size())
	t.labels = slices.Grow(t.labels[:0], n)[:n]
	tables := make([][256]float32, d.Channels)
	for c := range tables {
		for v := range tables[c] {
			tables[c][v] = float32((float64(v)/255 - d.Mean[c]) / d.SD[c])
		}
	}
	t.crew.each(n, func(h *hand, i int) {
		k := int(chosen[i])
		t.labels[i] = set.Labels[k]
		flip, dx, dy := false, 0, 0
		if augment && (t.s.Augment.Flip || t.s.Augment.Crop > 0) {
			draw := random.New(t.seed, random.Augmentation, uint64(t.epoch), uint64(k))
			flip = draw.Float64() < 0.5 && t.s.Augment.Flip
			span := float64(2*t.s.Augment.Crop + 1)
			dy = int(float64(draw.Float64()*span)) - t.s.Augment.Crop
			dx = int(float64(draw.Float64()*span)) - t.s.Augment.Crop
		}
		for c := range d.Channels {
			from := set.Images[(k*d.Channels+c)*d.Height*d.Width:][:d.Height*d.Width]
			if len(from) != area {
				h.pixels = slices.Grow(h.pixels[:0], area)[:area]
				enlarge(h.pixels, from, size.height, size.width, d.Height, d.Width)
				from = h.pixels
			}
			to := t.images[i*size.size()+c:]
			table := &tables[c]
			for y := range size.height {
				row := to[y*size.width*d.Channels:]
				var line []uint8 // none beyond the image
				if y+dy >= 0 && y+dy < size.height {
					line = from[(y+dy)*size.width:][:size.width]
				}
				for x := range size.width {
					at := x + dx
					if flip {
						at = size.width - 1 - x + dx
					}
					v := table[0]
					if uint(at) < uint(len(line)) {
						v = table[line[at]]
					}
					row[x*d.Channels] = v
				}
			}
		}
	})
}

// enlarge makes a height x width image of a smaller one, fromHeight x fromWidth, by bilinear
// interpolation between the centres of pixels, rounded to whole grey values. Beyond the outer
// centres it goes on evenly.
func enlarge(dst, src []uint8, height, width, fromHeight, fromWidth int) {
	unit := 4 * height * width
	for y := range height {
		top, bottom, down := between(y, height, fromHeight)
		for x := range width {
			left, right, across := between(x, width, fromWidth)
			upper := int(src[top*fromWidth+left])*(2*width-across) + int(src[top*fromWidth+right])*across
			lower := int(src[bottom*fromWidth+left])*(2*width-across) + int(src[bottom*fromWidth+right])*across
			dst[y*width+x] = uint8((upper*(2*height-down) + lower*down + unit/2) / unit)
		}
	}
}

// between returns the two of from pixels between whose centres the centre of pixel i of n lies, and
// how far from the first to the second, in parts of 2*n.
func between(i, n, from int) (low, high, part int) {
	place := (2*i+1)*from - n
	if place < 0 {
		return 0, 0, 0
	}
	low = place / (2 * n)
	return low, min(low+1, from-1), place % (2 * n)
}

// test shows the next of the test images.
func (t *Trainer) test() {
	from, to := t.tested, min(t.tested+testBatch, len(t.data.Test.Labels))
	t.testChosen = t.testChosen[:0]
	for i := from; i < to; i++ {
		t.testChosen = append(t.testChosen, int32(i))
	}
	t.load(t.data.Test, t.testChosen, false)
	loss, right := t.judge(t.forward(t.images, to-from, false), t.labels, false)
	t.testLoss += loss
	t.testRight += right
	t.tested = to
}

const testBatch = 256

// phase lets the feedback weights learn before an epoch. If ctx ends before, it returns false, and
// a later call goes on.
func (t *Trainer) phase(ctx context.Context) (done bool, err error) {
	switch t.s.Method {
	case Mirror:
		for t.mirrored < t.s.Mirrored.Steps {
			draw := random.New(t.seed, random.MethodSpikes, uint64(t.epoch), uint64(t.mirrored))
			for _, d := range t.dense {
				d.mirror(t.crew, &draw, t.s.Course.BatchSize, float32(t.s.Mirrored.Rate))
			}
			t.mirrored++
			if ctx.Err() != nil && t.mirrored < t.s.Mirrored.Steps {
				return false, nil
			}
		}
		t.mirrored = 0
	case SAL, RDD:
		if t.learner == nil {
			if t.learner, err = t.newLearner(); err != nil {
				return false, err
			}
		}
		until, replicas := t.phaseSteps()
		if err := t.learner.Run(ctx, until); err != nil || t.learner.Time() < until {
			return false, err
		}
		for l, d := range t.dense {
			for i, x := range t.learner.Down(l) {
				d.feedback[i] = float32(x)
			}
		}
		t.spikes += t.learner.SpikeCount()
		t.steps += t.learner.Time() * replicas
		t.learner = nil
	}
	return true, nil
}

// phaseSteps returns the steps of a spiking phase and its replicas.
func (t *Trainer) phaseSteps() (steps, replicas int64) {
	if t.s.Method == SAL {
		return t.s.SALPhase.Iterations * t.s.SALPhase.UpdateSteps, int64(t.s.SALPhase.Replicas)
	}
	step, _ := t.s.RDDPhase.Clock()
	return int64(math.Round(t.s.RDDPhase.Seconds / step)), 1
}

// newLearner returns the spiking phase before the present epoch at its beginning.
func (t *Trainer) newLearner() (transport.Learner, error) {
	layers := []int{t.dense[0].inputs}
	for _, d := range t.dense {
		layers = append(layers, d.outputs)
	}
	if t.s.Method == RDD {
		return t.s.RDDPhase.RDD.Start(transport.Problem{Layers: layers, Weights: t.spiking(), Seed: t.phaseSeed(), Workers: t.workers, Parallel: t.run})
	}
	s := t.s.SALPhase.SAL
	s.Layers = layers
	l, err := layered.NewTrainer(s, t.spiking(), layered.Neurons{}, layered.Synapses{}, t.phaseSeed())
	if err != nil {
		return nil, err
	}
	l.Workers, l.Parallel = t.workers, t.run
	return l, nil
}

// Unlearned reports whether spiking phases or phases of noise have left all feedback weights as
// they were drawn.
func (t *Trainer) Unlearned() bool {
	if t.s.Method != SAL && t.s.Method != RDD && t.s.Method != Mirror {
		return false
	}
	return !slices.ContainsFunc(t.dense, func(d *dense) bool { return !slices.Equal(d.feedback, d.drawn(t.s.Network.Init, t.seed)) })
}

// phaseSeed is the seed of the present phase.
func (t *Trainer) phaseSeed() uint64 {
	s := random.New(t.seed, random.LayeredSpikes, uint64(t.epoch), 1)
	return s.Uint64()
}

// spiking returns the fully connected part as weights of spiking layers. The lowest has no biases.
func (t *Trainer) spiking() layered.Weights {
	w := layered.Weights{Bias: [][]float64{make([]float64, t.dense[0].inputs)}}
	for _, d := range t.dense {
		w.Up = append(w.Up, float64s(d.weights.w))
		w.Down = append(w.Down, float64s(d.feedback))
		w.Bias = append(w.Bias, float64s(d.bias.w))
	}
	return w
}

func float64s(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// Alignments compare the feedback weights of each fully connected layer with its transposed forward
// weights. All is NaN for a layer to which the error of the output comes directly. It returns nil
// for bp and bp-fa-conv, which use the transposed weights.
func (t *Trainer) Alignments() []alignment.Measures {
	if t.s.Method == BP || t.s.Method == BPFA {
		return nil
	}
	var as []alignment.Measures
	for _, d := range t.dense {
		if d.isDirect() {
			nan := math.NaN()
			as = append(as, alignment.Measures{Angle: nan, Ratio: nan, Correlation: nan, Signs: nan, Variance: nan})
			continue
		}
		if d.size != nil {
			d.concord()
		}
		as = append(as, alignment.Compare(d.weights.w, d.feedback, d.inputs, d.outputs))
	}
	return as
}

// UpdateAngles returns, for each layer with weights from below, the angle in degrees between the
// gradient of the method and that of backpropagation, for the first images of the training set;
// NaN if one of them is 0. Running statistics are left as they were.
func (t *Trainer) UpdateAngles() (names []string, angles []float64) {
	n := min(t.s.Course.BatchSize, len(t.data.Train.Labels))
	var chosen []int32
	for i := range n {
		chosen = append(chosen, int32(i))
	}
	norms := t.norms()
	var kept [][]float32
	for _, l := range norms {
		kept = append(kept, slices.Clone(l.mean), slices.Clone(l.variance))
	}
	t.load(t.data.Train, chosen, false)
	t.judge(t.forward(t.images, n, true), t.labels, true)
	for k, l := range norms {
		l.mean, l.variance = kept[2*k], kept[2*k+1]
	}
	t.backward(t.gradient, n)
	var mine [][]float32
	var ways []pathway
	for _, s := range t.synapses {
		mine, ways = append(mine, slices.Clone(s.weights.gradient)), append(ways, s.pathway)
		s.pathway = pathway{}
	}
	t.backward(t.gradient, n)
	for k, s := range t.synapses {
		names, angles = append(names, s.weights.name), append(angles, alignment.Angle(mine[k], s.weights.gradient))
		s.pathway = ways[k]
	}
	return names, angles
}

// norms are the layers with running statistics.
func (n *Network) norms() []*norm {
	var all []*norm
	for _, l := range n.layers {
		if b, ok := l.(*norm); ok {
			all = append(all, b)
		}
	}
	return all
}

const trainerTag = "DPT2"

// AppendBinary appends the state, without settings, data and seed, to b.
func (t *Trainer) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, trainerTag)
	w.Int(t.epoch)
	w.Int(int64(t.batch))
	w.Float(t.lossSum)
	w.Int(int64(t.right))
	w.Int(t.spikes)
	w.Int(t.steps)
	w.Int(int64(t.mirrored))
	w.Int(int64(t.tested))
	w.Float(t.testLoss)
	w.Int(int64(t.testRight))
	for _, x := range t.numbers() {
		w.Count(len(x))
		w.Float32s(x)
	}
	w.Bool(t.learner != nil)
	if t.learner != nil {
		w.Block(t.learner)
	}
	return w.End()
}

// numbers are all that a training changes.
func (t *Trainer) numbers() [][]float32 {
	var all [][]float32
	for _, p := range t.params() {
		all = append(all, p.w, p.velocity)
	}
	for _, l := range t.norms() {
		all = append(all, l.mean, l.variance)
	}
	for _, d := range t.dense {
		if d.back != nil {
			all = append(all, d.back.w, d.back.velocity)
		} else if d.feedback != nil && d.size == nil {
			all = append(all, d.feedback)
		}
	}
	return all
}

// UnmarshalBinary restores a state that AppendBinary wrote for a trainer of the same settings, data
// and seed.
func (t *Trainer) UnmarshalBinary(b []byte) error {
	r := state.NewReader(b, trainerTag)
	t.epoch = r.Int()
	t.batch = int(r.Int())
	t.lossSum = r.Finite()
	t.right = int(r.Int())
	t.spikes = r.Int()
	t.steps = r.Int()
	t.mirrored = int(r.Int())
	t.tested = int(r.Int())
	t.testLoss = r.Finite()
	t.testRight = int(r.Int())
	r.Check(t.epoch >= 0 && t.epoch <= 1<<40 && t.batch >= -1 && t.batch <= t.Batches() && t.right >= 0, "impossible place")
	r.Check(t.mirrored >= 0 && (t.mirrored == 0 || t.batch < 0 && t.mirrored < t.s.Mirrored.Steps), "impossible place in a phase")
	r.Check(t.tested >= 0 && t.testRight >= 0 && t.testRight <= t.tested && (t.tested == 0 || t.batch == t.Batches() && t.tested < len(t.data.Test.Labels)), "impossible place in the test")
	for _, x := range t.numbers() {
		r.CountIs(len(x))
		r.Float32s(x)
	}
	t.learner = nil
	if r.Bool() && r.Err() == nil {
		r.Check(t.batch < 0 && (t.s.Method == SAL || t.s.Method == RDD), "impossible phase")
		if err := r.Err(); err != nil {
			return err
		}
		l, err := t.newLearner()
		if err != nil {
			return err
		}
		t.learner = l
		r.Block(l)
	}
	if err := r.Done(); err != nil {
		return err
	}
	if t.batch >= 0 {
		t.shuffle()
	}
	return nil
}

// Weights are parameters with their name.
type Weights struct {
	Name   string
	Shape  []int
	Values []float32
}

// Weights returns all weights, biases, running statistics and feedback weights, row =
// postsynaptic. Names are conv_1, dense_1, dense_1_bias, dense_1_feedback, dense_2_direct and so
// on. The values belong to the trainer.
func (t *Trainer) Weights() []Weights {
	var all []Weights
	for _, p := range t.params() {
		all = append(all, Weights{p.name, p.shape, p.w})
	}
	for _, l := range t.norms() {
		name := strings.TrimSuffix(l.scale.name, "_scale")
		all = append(all, Weights{name + "_mean", []int{len(l.mean)}, l.mean}, Weights{name + "_variance", []int{len(l.variance)}, l.variance})
	}
	for _, c := range t.convs {
		if c.feedback != nil {
			all = append(all, Weights{c.weights.name + "_feedback", c.weights.shape, c.feedback})
		}
		if c.direct != nil {
			all = append(all, Weights{c.weights.name + "_direct", []int{c.in.channels, c.in.height, c.in.width, t.data.Classes}, c.direct})
		}
	}
	for _, d := range t.dense {
		if d.feedback != nil {
			all = append(all, Weights{d.weights.name + "_feedback", []int{d.inputs, d.outputs}, d.feedback})
		}
		if d.direct != nil {
			all = append(all, Weights{d.weights.name + "_direct", []int{d.inputs, t.data.Classes}, d.direct})
		}
	}
	return all
}
