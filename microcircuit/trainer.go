package microcircuit

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"spikealign/alignment"
	"spikealign/internal/random"
	"spikealign/internal/state"
	"spikealign/settings"
	"spikealign/spike"
)

// Order says how the training patterns of an epoch are chosen.
type Order uint8

const (
	// Random draws every pattern anew, with replacement.
	Random Order = iota
	// Shuffled goes through all patterns in random order before any comes again within an epoch.
	Shuffled
	// Given takes them from Training.Sequence.
	Given
)

var orders = settings.Names{Random: "random", Shuffled: "shuffled", Given: "given"}

// String returns the name of the order.
func (o Order) String() string { return orders.String(int(o)) }

// MarshalText returns the name of the order, or an error if o is none.
func (o Order) MarshalText() ([]byte, error) { return orders.Marshal(int(o)) }

// UnmarshalText accepts "random", "shuffled" and "given". The error names them.
func (o *Order) UnmarshalText(b []byte) error { return settings.Parse(orders, b, o) }

// Course says how long a training takes. An epoch presents EpochPatterns training patterns, each
// for PatternSteps steps, to the nudged network. The last AlignPatterns of them are the SAL phase
// (with every method, so that all spend the same time; it changes weights only with SAL), the
// others change the forward weights. In epochs that report all validation patterns follow, without
// nudge and without plasticity.
type Course struct {
	Epochs          int64 `yaml:"epochs" default:"150" range:"[1, 2^40]" doc:"number of epochs"`
	EpochPatterns   int   `yaml:"epoch_patterns" default:"20" range:"[1, 2^30]" doc:"training patterns in an epoch"`
	AlignPatterns   int   `yaml:"align_patterns" default:"5" doc:"the last so many of them are the SAL phase, with every method; only sal changes weights then"`
	PatternSteps    int64 `yaml:"pattern_steps" default:"20000" range:"[1, 2^40]" unit:"steps" doc:"length of a pattern"`
	ValidationSteps int64 `yaml:"validation_steps" range:"[0, 2^40]" unit:"steps" doc:"length of a validation pattern; 0: pattern_steps"`
	Skip            int64 `yaml:"skip" default:"2000" unit:"steps" doc:"the first steps of every pattern, which no mean and no loss includes; fewer than a pattern has"`
	ReportEvery     int64 `yaml:"report_every" default:"1" range:"[1, 2^40]" doc:"every so many epochs, from the first on, and after the last one: validation and a row of metrics.csv"`
	Order           Order `yaml:"order" doc:"random: every pattern is drawn anew; shuffled: each once before any comes again; given: sequence"`
	Sequence        []int `yaml:"sequence" doc:"for order given: epoch_patterns indices of training patterns, from 0, for every epoch"`
}

// relate adds to the problems of single settings those of settings that do not go together, for so
// many patterns; train is -1 if their number is in doubt.
func (c Course) relate(ps *settings.Problems, lag int64, train, validation int) {
	if c.AlignPatterns < 0 || c.AlignPatterns > c.EpochPatterns {
		ps.Add("training.align_patterns", "must be between 0 and epoch_patterns, %d", c.EpochPatterns)
	}
	if lag >= c.PatternSteps && c.AlignPatterns < c.EpochPatterns {
		ps.Add("plasticity.lag", "must be shorter than a pattern of %d steps, or nothing is learned", c.PatternSteps)
	}
	if shortest := min(c.PatternSteps, c.validationSteps()); c.Skip < 0 || c.Skip >= shortest {
		ps.Add("training.skip", "must be between 0 and the length of a pattern less 1, %d", shortest-1)
	}
	if _, err := c.Order.MarshalText(); err != nil {
		ps.Add("training.order", "%v", err)
	}
	if c.Order == Given {
		if len(*ps) == 0 && (c.Epochs > 1<<30 || int64(len(c.Sequence)) != c.Epochs*int64(c.EpochPatterns)) {
			ps.Add("training.sequence", "has %s, needs %d epochs of %d patterns", settings.Count(len(c.Sequence), "entry"), c.Epochs, c.EpochPatterns)
		}
		for k, i := range c.Sequence {
			if train >= 0 && (i < 0 || i >= train) {
				ps.Add(fmt.Sprintf("training.sequence.%d", k), "is %d; there are %d training patterns", i, train)
			}
		}
	}
	steps := float64(float64(c.EpochPatterns)*float64(c.PatternSteps)) +
		float64(float64(validation)*float64(c.validationSteps()))
	if len(*ps) == 0 && float64(c.Epochs)*steps > 1<<56 {
		ps.Add("training.epochs", "the training is longer than 2^56 steps")
	}
}

func (c Course) validationSteps() int64 {
	if c.ValidationSteps > 0 {
		return c.ValidationSteps
	}
	return c.PatternSteps
}

// Training is all that a network's learning of a task follows from. Settings.Training makes one
// from a description.
type Training struct {
	Config
	Course
	Start    Weights
	Seed     uint64 // of spikes and order
	Task     Task
	Teacher  *Teacher // nil if all patterns have targets
	Patterns bool     // give a PatternReport after every pattern
	Errors   bool     // give Report.ErrorAngles
}

// Report is what a training knows after an epoch that reports. Errors are differences of mean
// potential and target, averaged over output neurons and patterns after squaring.
type Report struct {
	Epoch         int64
	Steps, Spikes int64   // of the student so far
	Loss          float64 // of the validation; NaN without validation patterns
	// what the loss would be with the output nudged towards the validation targets:
	// (1-LambdaNudge)^2 times Loss, apart from what the nudge does through LambdaApical
	LossNudged float64
	// share of validation patterns classified rightly; NaN without classes
	Accuracy float64
	// of the potentials that the output would have had without nudge, over the epoch's learning
	// patterns; NaN without any
	TrainLoss     float64
	TrainAccuracy float64              // by the same potentials
	Alignments    []alignment.Measures // of the feedback weights into each hidden layer
	// of each hidden layer, with Training.Errors: the mean angle, in degrees, between the errors of
	// the validation patterns sent back through the feedback weights and through the transposed
	// forward weights, see Network.errorAngles; NaN without any
	ErrorAngles []float64
}

// PatternReport is what happened during one pattern. Means leave out the first Skip steps.
type PatternReport struct {
	Epoch      int64
	Slot       int // in the epoch; validation patterns come after the EpochPatterns others
	Pattern    int // index in Task.Train or Task.Validation
	Validation bool
	Phase      Phase
	Target     []float64 // belongs to the trainer
	Means      Means
}

// Output is what a step of a Trainer gives. Spikes are valid until the next step.
type Output struct {
	Spikes  []spike.Event
	Pattern *PatternReport
	Report  *Report
}

// Trainer trains one network. Step by step it can be stopped, saved and resumed anywhere without a
// trace in the results.
type Trainer struct {
	t       Training
	net     *Network
	teacher *Network
	untold  []int // patterns without target: index in Train, then in Validation
	targets [][]float64
	classes []int // with Task.Classes
	order   []int
	orderOf int64 // epoch

	epoch     int64 // -1 while the teacher runs
	slot      int
	begun     bool // the pattern is presented
	measuring bool
	start     int64       // of the pattern, steps
	errors    tally       // of this epoch's learning patterns
	tests     tally       // of its validation
	angles    []meanAngle // of its errors, for each hidden layer; with Errors
	mean      []float64
	free      []float64
	buf       []spike.Event
}

// tally collects errors.
type tally struct {
	sum             float64 // of squared errors
	patterns, right int64
}

// Validate returns everything that is wrong with the training.
func (t Training) Validate() settings.Problems {
	ps := t.Config.Validate()
	if len(ps) > 0 {
		return ps
	}
	ps.In("training", settings.Check(t.Course))
	ps.In("task", settings.Check(t.Task))
	ps.In("start", t.Start.Validate(t.Config))
	dims := t.Dims
	t.Task.relate(&ps, dims[0], dims[len(dims)-1], t.Teacher != nil)
	if t.Teacher != nil {
		t.Teacher.relate(&ps, t.Config, t.Skip)
	}
	t.Course.relate(&ps, t.Lag, len(t.Task.Train), len(t.Task.Validation))
	return ps
}

// NewTrainer checks a training and prepares it. The error joins all problems. The slices in t must
// not be changed afterwards.
func NewTrainer(t Training) (*Trainer, error) {
	if ps := t.Validate(); len(ps) > 0 {
		return nil, fmt.Errorf("microcircuit: %w", ps.Err())
	}
	net, err := NewNetwork(t.Config, t.Start)
	if err != nil {
		return nil, err
	}
	net.Seed(t.Seed, 0)
	outputs := t.Config.Dims[len(t.Config.Dims)-1]
	tr := &Trainer{t: t, net: net, orderOf: -1, mean: make([]float64, outputs), free: make([]float64, outputs), buf: make([]spike.Event, 0, net.Neurons()+2048)}
	if t.Errors {
		tr.angles = make([]meanAngle, len(t.Dims)-2)
	}
	for _, set := range [][]Pattern{t.Task.Train, t.Task.Validation} {
		for _, p := range set {
			class, _ := t.Task.Class(p)
			tr.classes = append(tr.classes, class)
			if p.Target == nil {
				tr.untold = append(tr.untold, len(tr.targets))
				p.Target = make([]float64, outputs)
			}
			tr.targets = append(tr.targets, p.Target)
		}
	}
	if len(tr.untold) > 0 {
		tr.epoch = -1
		if tr.teacher, err = NewNetwork(t.Teacher.config(t.Config), Weights{Up: t.Teacher.Up, Bias: t.Teacher.Bias}); err != nil {
			return nil, err
		}
		tr.teacher.Seed(t.Teacher.Seed, 1)
	}
	return tr, nil
}

// pattern returns the k-th pattern of training and validation set together.
func (tr *Trainer) pattern(k int) *Pattern {
	if train := tr.t.Task.Train; k >= len(train) {
		return &tr.t.Task.Validation[k-len(train)]
	}
	return &tr.t.Task.Train[k]
}

func (tr *Trainer) reports(epoch int64) bool {
	return epoch%tr.t.ReportEvery == 0 || epoch == tr.t.Epochs-1
}

// slots is the number of patterns that an epoch presents.
func (tr *Trainer) slots(epoch int64) int {
	switch {
	case epoch < 0:
		return len(tr.untold)
	case tr.reports(epoch):
		return tr.t.EpochPatterns + len(tr.t.Task.Validation)
	}
	return tr.t.EpochPatterns
}

// plan returns what the present slot presents: the network, the pattern's index among all, the
// phase and the number of steps.
func (tr *Trainer) plan() (net *Network, k int, phase Phase, steps int64) {
	t := &tr.t
	switch {
	case tr.epoch < 0:
		return tr.teacher, tr.untold[tr.slot], Test, t.Teacher.Steps
	case tr.slot >= t.EpochPatterns:
		return tr.net, len(t.Task.Train) + tr.slot - t.EpochPatterns, Test, t.validationSteps()
	}
	phase = Learn
	if tr.slot >= t.EpochPatterns-t.AlignPatterns {
		phase = Align
	}
	if t.Order == Given {
		return tr.net, t.Sequence[int(tr.epoch)*t.EpochPatterns+tr.slot], phase, t.PatternSteps
	}
	if tr.orderOf != tr.epoch {
		tr.arrange()
	}
	return tr.net, tr.order[tr.slot], phase, t.PatternSteps
}

// arrange draws the order of the present epoch, which depends on nothing but seed and epoch.
func (tr *Trainer) arrange() {
	tr.orderOf = tr.epoch
	tr.order = slices.Grow(tr.order[:0], tr.t.EpochPatterns)
	s := random.New(tr.t.Seed, random.PatternOrder, uint64(tr.epoch), 0)
	below := func(n int) int {
		hi, _ := bits.Mul64(s.Uint64(), uint64(n))
		return int(hi)
	}
	n := len(tr.t.Task.Train)
	for len(tr.order) < tr.t.EpochPatterns {
		from := len(tr.order)
		for i := range n {
			if tr.t.Order == Random {
				tr.order = append(tr.order, below(n))
				continue
			}
			// The pattern enters the shuffled ones at a random place.
			tr.order = append(tr.order, i)
			j := from + below(i+1)
			tr.order[from+i], tr.order[j] = tr.order[j], i
		}
	}
	tr.order = tr.order[:tr.t.EpochPatterns]
}

// Done reports whether all epochs are over.
func (tr *Trainer) Done() bool { return tr.epoch >= tr.t.Epochs }

// maxChunk is the largest number of steps that one Step simulates.
const maxChunk = 1 << 14

// Step simulates on for about a millisecond and at most to the end of the present pattern. After
// the last epoch it returns nothing.
func (tr *Trainer) Step() Output {
	var out Output
	if tr.Done() {
		return out
	}
	net, k, phase, steps := tr.plan()
	if !tr.begun {
		target := tr.targets[k]
		if phase == Test {
			target = nil
		}
		net.Present(tr.pattern(k).Input, target, phase)
		tr.begun, tr.measuring, tr.start = true, false, net.Now()
	}
	end := tr.start + tr.t.Skip
	if tr.measuring {
		end = tr.start + steps
	}
	events, _ := net.Advance(min(end, net.Now()+maxChunk), tr.buf[:0])
	if tr.epoch >= 0 {
		out.Spikes = events
	}
	if net.Now() < end {
		return out
	}
	if !tr.measuring {
		net.BeginMeans()
		tr.measuring = true
		return out
	}
	tr.finish(&out, net, k, phase)
	return out
}

// finish ends a pattern, and the epoch after its last one.
func (tr *Trainer) finish(out *Output, net *Network, k int, phase Phase) {
	net.OutputMeans(tr.mean, tr.free)
	switch {
	case tr.epoch < 0:
		for i, u := range tr.mean {
			tr.targets[k][i] = min(max(u, -maxDrive), maxDrive)
		}
	case phase == Learn:
		tr.errors.add(tr.free, tr.targets[k], tr.classes[k], tr.t.Task.Classes)
	case phase == Test:
		tr.tests.add(tr.free, tr.targets[k], tr.classes[k], tr.t.Task.Classes)
		if tr.t.Errors {
			net.errorAngles(tr.free, tr.targets[k], tr.angles)
		}
	}
	if tr.t.Patterns && tr.epoch >= 0 {
		p := &PatternReport{Epoch: tr.epoch, Slot: tr.slot, Pattern: k, Phase: phase, Target: tr.targets[k], Means: net.Means()}
		if phase == Test {
			p.Validation = true
			p.Pattern -= len(tr.t.Task.Train)
		}
		out.Pattern = p
	}
	tr.begun, tr.measuring = false, false
	if tr.slot++; tr.slot < tr.slots(tr.epoch) {
		return
	}
	if tr.epoch >= 0 && tr.reports(tr.epoch) {
		r := &Report{Epoch: tr.epoch, Steps: tr.Steps(), Spikes: tr.Spikes(), Loss: tr.tests.loss(), Accuracy: tr.tests.accuracy(tr.t.Task.Classes),
			TrainLoss: tr.errors.loss(), TrainAccuracy: tr.errors.accuracy(tr.t.Task.Classes), Alignments: tr.net.Alignments()}
		left := 1 - tr.t.Config.LambdaNudge
		r.LossNudged = left * left * r.Loss
		for i := range tr.angles {
			r.ErrorAngles = append(r.ErrorAngles, tr.angles[i].sum/tr.angles[i].count)
		}
		out.Report = r
	}
	tr.errors, tr.tests = tally{}, tally{}
	clear(tr.angles)
	tr.slot = 0
	tr.epoch++
}

func (a *tally) add(u, target []float64, class, classes int) {
	sum := 0.0
	for i, x := range u {
		d := x - target[i]
		sum += float64(d * d)
	}
	a.sum += sum / float64(len(u))
	a.patterns++
	if classes > 0 {
		best := 0
		for i, x := range u[:classes] {
			if x > u[best] {
				best = i
			}
		}
		if best == class {
			a.right++
		}
	}
}

func (a *tally) loss() float64 {
	if a.patterns == 0 {
		return math.NaN()
	}
	return a.sum / float64(a.patterns)
}

func (a *tally) accuracy(classes int) float64 {
	if classes == 0 || a.patterns == 0 {
		return math.NaN()
	}
	return float64(a.right) / float64(a.patterns)
}

// Network returns the network. It belongs to the trainer.
func (tr *Trainer) Network() *Network { return tr.net }

// Targets returns the target potentials of the training patterns, then of those for validation;
// those that a teacher gives are known once Epoch is not negative. They belong to the trainer.
func (tr *Trainer) Targets() (train, validation [][]float64) {
	n := len(tr.t.Task.Train)
	return tr.targets[:n], tr.targets[n:]
}

// Classes returns the classes of the training patterns, then of those for validation: zeros without
// Task.Classes. They belong to the trainer.
func (tr *Trainer) Classes() (train, validation []int) {
	n := len(tr.t.Task.Train)
	return tr.classes[:n], tr.classes[n:]
}

// Epoch returns the present epoch; before the first one, while a teacher runs, -1.
func (tr *Trainer) Epoch() int64 { return tr.epoch }

// Steps returns the number of steps simulated so far, without the teacher's.
func (tr *Trainer) Steps() int64 { return tr.net.Now() }

// Spikes returns the number of the student's spikes so far.
func (tr *Trainer) Spikes() int64 { return tr.net.Spikes() }

// TotalSteps returns the number of steps that the whole training takes, without the teacher's.
func (tr *Trainer) TotalSteps() int64 {
	t := &tr.t
	reports := (t.Epochs + t.ReportEvery - 1) / t.ReportEvery
	if (t.Epochs-1)%t.ReportEvery != 0 {
		reports++
	}
	return t.Epochs*int64(t.EpochPatterns)*t.PatternSteps + reports*int64(len(t.Task.Validation))*t.validationSteps()
}

// Warnings returns what the reader of the results should know.
func (tr *Trainer) Warnings() []string {
	ws := tr.t.Task.doubts()
	if c := tr.net.Clipped(); c > 0 {
		ws = append(ws, fmt.Sprintf("%d weight changes were cut short by the bound %g of a weight", c, tr.t.Config.clip()))
	}
	if !tr.Done() {
		return ws
	}
	for l, a := range tr.net.Alignments() {
		if !a.Lopsided() {
			continue
		}
		ws = append(ws, fmt.Sprintf("hidden layer %d: at the end the feedback weights are %.3g times as large as the forward weights out of it (norm_ratio; more than a factor of %d), %s",
			l+1, a.Ratio, alignment.MaxRatio, tr.t.Config.remedy(a.Ratio)))
	}
	return ws
}

// remedy says what helps where the feedback weights end at ratio times the size of the forward
// weights.
func (c Config) remedy(ratio float64) string {
	switch {
	case c.Method == FA:
		return "and so are the errors that they bring: choose plasticity.rate_up of this layer, or initial.down_range, accordingly"
	case ratio < 1:
		return "which angle_deg does not show: SAL did not yet bring them there, or the forward weights grew faster; try more training.align_patterns, more epochs, or a larger plasticity.rate_down (docs/microcircuits.md)"
	case c.SALCut == 0 || c.SALCut > c.Tau:
		return fmt.Sprintf("which angle_deg does not show; first try plasticity.sal_cut: %d, the tau_ref of the network, which leaves out the pairs of spikes that push the feedback (docs/microcircuits.md)", c.Tau)
	}
	if c.salHalf().Tau < float64(8*c.Tau) {
		return "which angle_deg does not show; first try a flat window, plasticity.sal_window_tau: 10000, which neurons that are nearly always on do not disturb (docs/hierarchies.md)"
	}
	return "which angle_deg does not show; try a smaller plasticity.rate_up of this layer, or a bound, clip_weight (docs/microcircuits.md)"
}

const trainerTag = "MCT1"

// AppendBinary appends the whole state of the training; its description is not part of it. The
// error is always nil.
func (tr *Trainer) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, trainerTag)
	flags := int64(0)
	if tr.begun {
		flags |= 1
	}
	if tr.measuring {
		flags |= 2
	}
	w.Ints([]int64{tr.epoch, int64(tr.slot), flags, tr.start, tr.errors.patterns, tr.errors.right, tr.tests.patterns, tr.tests.right})
	w.Floats([]float64{tr.errors.sum, tr.tests.sum})
	for _, a := range tr.angles {
		w.Floats([]float64{a.sum, a.count})
	}
	for _, k := range tr.untold {
		w.Floats(tr.targets[k])
	}
	if tr.epoch < 0 {
		w.Part(tr.teacher)
	}
	w.Part(tr.net)
	return w.End()
}

// UnmarshalBinary restores a state that AppendBinary wrote for a trainer of the same description.
// After an error the trainer must not be used.
func (tr *Trainer) UnmarshalBinary(b []byte) error {
	r := state.NewReader(b, trainerTag)
	epoch, slot, flags, start := r.Int(), r.Int(), r.Int(), r.Int()
	var counts [4]int64
	r.Ints(counts[:])
	tr.errors = tally{r.Finite(), counts[0], counts[1]}
	tr.tests = tally{r.Finite(), counts[2], counts[3]}
	for i := range tr.angles {
		a := &tr.angles[i]
		*a = meanAngle{r.Finite(), r.Finite()}
		r.Check(a.count >= 0 && a.sum >= 0 && a.sum <= 180*a.count, "impossible angles")
	}
	first := int64(0)
	if len(tr.untold) > 0 {
		first = -1
	}
	r.Check(epoch >= first && epoch <= tr.t.Epochs && flags >= 0 && flags <= 3 && flags != 2 && tr.errors.sum >= 0 && tr.tests.sum >= 0, "impossible place in the training")
	if r.Err() != nil {
		return r.Err()
	}
	slots := 1 // after the last epoch
	if epoch < tr.t.Epochs {
		slots = tr.slots(epoch)
	}
	r.Check(slot >= 0 && slot < int64(slots), "impossible place in the training")
	for _, x := range counts {
		r.Check(x >= 0 && x <= 1<<31, "impossible count")
	}
	for _, k := range tr.untold {
		r.Finites(tr.targets[k])
		for _, x := range tr.targets[k] {
			r.Check(math.Abs(x) <= maxDrive, "impossible target")
		}
	}
	tr.epoch, tr.slot, tr.begun, tr.measuring, tr.start = epoch, int(slot), flags&1 != 0, flags&2 != 0, start
	net := tr.net
	if epoch < 0 {
		net = tr.teacher
		r.Part(net.stateSize(), net)
	}
	r.Part(tr.net.stateSize(), tr.net)
	if err := r.Done(); err != nil || tr.Done() || !tr.begun {
		return err
	}
	_, _, _, steps := tr.plan()
	low, high := start, start+tr.t.Skip
	if tr.measuring {
		low, high = high, start+steps
	}
	r.Check(start >= 0 && start <= net.Now() && net.Now() >= low && net.Now() <= high && (!tr.measuring || net.stretch == low), "impossible time")
	return r.Err()
}
