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
	in := volume{d.Channels, d.Height, d.Width}
	n := paperNetwork(in, d.Classes, s.Network.Hidden)
	n.loss, n.crew = s.Network.Loss, newCrew(workers, parallel)
	n.draw(seed)
	n.feedback(s.Method, seed)
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
// nil after the present batch, or piece of a phase.
func (t *Trainer) Run(ctx context.Context) (*Report, error) {
	for {
		if t.batch < 0 {
			if err := t.phase(); err != nil {
				return nil, err
			}
			t.shuffle()
			t.batch = 0
		} else if t.batch < t.Batches() {
			if err := t.step(); err != nil {
				return nil, err
			}
		}
		if t.batch == t.Batches() {
			r := &Report{TrainLoss: t.lossSum / float64(t.seen()), TrainAccuracy: float64(t.right) / float64(t.seen())}
			r.TestLoss, r.TestAccuracy = t.test()
			t.epoch, t.batch, t.lossSum, t.right = t.epoch+1, -1, 0, 0
			return r, nil
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
		return fmt.Errorf("deep: the loss is %v in batch %d of epoch %d: training has diverged; a smaller rate helps", loss, t.batch, t.epoch)
	}
	t.backward(t.gradient, len(chosen))
	t.learn(t.s.Course.Optimiser)
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

// load makes a batch of images: normalised, channel by channel, and changed if they are to be.
func (t *Trainer) load(set Set, chosen []int32, augment bool) {
	d := t.data
	n, area := len(chosen), d.Height*d.Width
	t.images = grow(t.images, n*d.Channels*area)
	t.labels = slices.Grow(t.labels[:0], n)[:n]
	tables := make([][256]float32, d.Channels)
	for c := range tables {
		for v := range tables[c] {
			tables[c][v] = float32((float64(v)/255 - d.Mean[c]) / d.SD[c])
		}
	}
	t.crew.each(n, func(_ *hand, i int) {
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
			from := set.Images[(k*d.Channels+c)*area:][:area]
			to := t.images[(c*n+i)*area:][:area]
			table := &tables[c]
			for y := range d.Height {
				row := to[y*d.Width:][:d.Width]
				if y+dy < 0 || y+dy >= d.Height {
					clearTo(row, table[0])
					continue
				}
				line := from[(y+dy)*d.Width:][:d.Width]
				for x := range row {
					at := x
					if flip {
						at = d.Width - 1 - x
					}
					if at += dx; at < 0 || at >= d.Width {
						row[x] = table[0]
					} else {
						row[x] = table[line[at]]
					}
				}
			}
		}
	})
}

func clearTo(row []float32, v float32) {
	for i := range row {
		row[i] = v
	}
}

// test returns mean loss and accuracy on the test images.
func (t *Trainer) test() (loss, accuracy float64) {
	n, b := len(t.data.Test.Labels), 256
	right := 0
	for from := 0; from < n; from += b {
		var chosen []int32
		for i := from; i < min(from+b, n); i++ {
			chosen = append(chosen, int32(i))
		}
		t.load(t.data.Test, chosen, false)
		l, r := t.judge(t.forward(t.images, len(chosen), false), t.labels, false)
		loss += l
		right += r
	}
	return loss / float64(n), float64(right) / float64(n)
}

// phase lets the feedback weights learn before an epoch.
func (t *Trainer) phase() error {
	switch t.s.Method {
	case Mirror:
		draw := random.New(t.seed, random.MethodSpikes, uint64(t.epoch), 0)
		for range t.s.Mirrored.Steps {
			for _, d := range t.dense {
				d.mirror(t.crew, &draw, t.s.Course.BatchSize, float32(t.s.Mirrored.Rate))
			}
		}
	case SAL:
		s := t.s.SALPhase
		s.Layers = t.s.layers(t.in, t.data.Classes)
		l, err := layered.NewTrainer(s.SAL, t.spiking(), layered.Neurons{}, layered.Synapses{}, t.phaseSeed())
		if err != nil {
			return err
		}
		l.Workers, l.Parallel = t.workers, t.run
		if err := l.Run(context.Background(), s.Iterations*s.UpdateSteps); err != nil {
			return fmt.Errorf("deep: SAL phase before epoch %d: %w", t.epoch, err)
		}
		t.take(l.Down)
		t.spikes += l.SpikeCount()
		t.steps += l.Time() * int64(s.Replicas)
	case RDD:
		s := t.s.RDDPhase
		l, err := s.RDD.Start(transport.Problem{Layers: t.s.layers(t.in, t.data.Classes), Weights: t.spiking(), Seed: t.phaseSeed(), Workers: t.workers, Parallel: t.run})
		if err != nil {
			return err
		}
		step, _ := s.RDD.Clock()
		if err := l.Run(context.Background(), int64(math.Round(s.Seconds/step))); err != nil {
			return fmt.Errorf("deep: RDD phase before epoch %d: %w", t.epoch, err)
		}
		t.take(l.Down)
		t.spikes += l.SpikeCount()
		t.steps += l.Time()
	}
	return nil
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

func (t *Trainer) take(down func(l int) []float64) {
	for l, d := range t.dense {
		for i, x := range down(l) {
			d.feedback[i] = float32(x)
		}
	}
}

// Alignments compare the feedback weights of each fully connected layer with its transposed forward
// weights; nil for bp and bp-fa-conv, which use those.
func (t *Trainer) Alignments() []alignment.Measures {
	var as []alignment.Measures
	for _, d := range t.dense {
		if d.feedback == nil {
			return nil
		}
		if d.size != nil {
			d.concord()
		}
		as = append(as, alignment.Compare(d.weights.w, d.feedback, d.inputs, d.outputs))
	}
	return as
}

// UpdateAngles returns, for each layer with weights from below, the angle in degrees between the
// gradient of the method and that of backpropagation, for the first images of the training set.
// Running statistics and gradients are left as they were.
func (t *Trainer) UpdateAngles() (names []string, angles []float64) {
	n := min(t.s.Course.BatchSize, len(t.data.Train.Labels))
	var chosen []int32
	for i := range n {
		chosen = append(chosen, int32(i))
	}
	type kept struct{ mean, variance []float32 }
	var norms []kept
	for _, l := range t.layers {
		if b, ok := l.(*norm); ok {
			norms = append(norms, kept{slices.Clone(b.mean), slices.Clone(b.variance)})
		}
	}
	t.load(t.data.Train, chosen, false)
	t.judge(t.forward(t.images, n, true), t.labels, true)
	t.backward(t.gradient, n)
	var mine [][]float32
	var weights []*param
	for _, c := range t.convs {
		weights = append(weights, c.weights)
	}
	for _, d := range t.dense {
		weights = append(weights, d.weights)
	}
	for _, p := range weights {
		mine = append(mine, slices.Clone(p.gradient))
	}
	// the same backwards through the transposed weights
	type pathways struct{ feedback, size, direct []float32 }
	var saved []pathways
	var filters [][]float32
	for _, c := range t.convs {
		filters = append(filters, c.feedback)
		c.feedback = nil
	}
	for _, d := range t.dense {
		saved = append(saved, pathways{d.feedback, d.size, d.direct})
		d.feedback, d.size, d.direct = nil, nil, nil
	}
	t.backward(t.gradient, n)
	for k, p := range weights {
		var aa, bb, ab float64
		for i, x := range p.gradient {
			a, b := float64(mine[k][i]), float64(x)
			aa += float64(a * a)
			bb += float64(b * b)
			ab += float64(a * b)
		}
		names = append(names, p.name)
		cosine := ab / math.Sqrt(aa) / math.Sqrt(bb)
		angles = append(angles, math.Acos(min(max(cosine, -1), 1))*180/math.Pi)
	}
	for k, c := range t.convs {
		c.feedback = filters[k]
	}
	for k, d := range t.dense {
		d.feedback, d.size, d.direct = saved[k].feedback, saved[k].size, saved[k].direct
	}
	k := 0
	for _, l := range t.layers {
		if b, ok := l.(*norm); ok {
			b.mean, b.variance = norms[k].mean, norms[k].variance
			k++
		}
	}
	return names, angles
}

const trainerTag = "DPT1"

// AppendBinary appends the state, without settings, data and seed, to b.
func (t *Trainer) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, trainerTag)
	w.Int(t.epoch)
	w.Int(int64(t.batch))
	w.Float(t.lossSum)
	w.Int(int64(t.right))
	w.Int(t.spikes)
	w.Int(t.steps)
	for _, x := range t.numbers() {
		w.Count(len(x))
		w.Float32s(x)
	}
	return w.End()
}

// numbers are all that a training changes.
func (t *Trainer) numbers() [][]float32 {
	var all [][]float32
	for _, p := range t.params() {
		all = append(all, p.w, p.velocity)
	}
	for _, l := range t.layers {
		if b, ok := l.(*norm); ok {
			all = append(all, b.mean, b.variance)
		}
	}
	for _, d := range t.dense {
		if d.back != nil {
			all = append(all, d.back.w, d.back.velocity)
		} else if d.feedback != nil {
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
	r.Check(t.epoch >= 0 && t.epoch <= 1<<40 && t.batch >= -1 && t.batch < t.Batches() && t.right >= 0, "impossible place")
	for _, x := range t.numbers() {
		r.CountIs(len(x))
		r.Float32s(x)
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
// postsynaptic. Names are conv_1, dense_1, dense_1_bias, dense_1_feedback and so on. The values
// belong to the trainer.
func (t *Trainer) Weights() []Weights {
	var all []Weights
	for _, p := range t.params() {
		all = append(all, Weights{p.name, p.shape, p.w})
	}
	for _, l := range t.layers {
		if b, ok := l.(*norm); ok {
			name := strings.TrimSuffix(b.scale.name, "_scale")
			all = append(all, Weights{name + "_mean", []int{len(b.mean)}, b.mean}, Weights{name + "_variance", []int{len(b.variance)}, b.variance})
		}
	}
	for _, c := range t.convs {
		if c.feedback != nil {
			all = append(all, Weights{c.weights.name + "_feedback", c.weights.shape, c.feedback})
		}
	}
	for _, d := range t.dense {
		if d.feedback != nil {
			all = append(all, Weights{d.weights.name + "_feedback", []int{d.inputs, d.outputs}, d.feedback})
		}
	}
	return all
}
