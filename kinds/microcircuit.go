package kinds

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"spikealign/experiment"
	"spikealign/settings"
	"strings"

	"spikealign/internal/random"
	"spikealign/microcircuit"
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
func (Microcircuit) StateVersion() int { return 1 }

// The types of task.
const (
	teacherTask  = "teacher"
	yinYangTask  = "yin-yang"
	patternsTask = "patterns"
)

// NewConfig implements Kind. The defaults are the SAL runs of figure 6.
func (Microcircuit) NewConfig() experiment.Config {
	return &MicrocircuitConfig{
		Network:    CircuitNetworkConfig{Layers: []int{1, 1, 1}, TauRef: 10, Window: 2000, LambdaApical: 0.02, LambdaNudge: 0.6},
		Plasticity: CircuitPlasticityConfig{Method: microcircuit.SAL, RateUp: []float64{0.2, 0.003}, RateDown: []float64{0.001}, Lag: 2000},
		Task: CircuitTaskConfig{
			Type:    teacherTask,
			Teacher: TeacherConfig{ForwardConfig: ForwardConfig{UpRange: [][2]float64{{2, 2}}, BiasRange: [][2]float64{{-1, -1}}}},
			YinYang: YinYangConfig{Train: 3000, Validation: 300, Low: -4, High: 4, Right: 1, Others: -1},
		},
		Initial: CircuitInitialConfig{
			ForwardConfig: ForwardConfig{UpRange: [][2]float64{{-3, 3}}, BiasRange: [][2]float64{{-1, -1}}},
			DownRange:     [][2]float64{{-3, 3}},
		},
		Training:     CircuitTrainingConfig{Epochs: 150, EpochPatterns: 20, AlignPatterns: 5, PatternSteps: 20000, Skip: 2000, ReportEvery: 1},
		Snapshots:    true,
		PatternMeans: PatternMeansConfig{Quantities: []meanQuantity{meanPotentials, meanRates, meanWeights}},
	}
}

// MicrocircuitConfig is the kind's part of the experiment file.
type MicrocircuitConfig struct {
	Network      CircuitNetworkConfig    `yaml:"network" doc:"the neurons"`
	Plasticity   CircuitPlasticityConfig `yaml:"plasticity" doc:"the learning rules"`
	Seeds        CircuitSeedsConfig      `yaml:"seeds" doc:"seeds of their own for what is drawn once"`
	Task         CircuitTaskConfig       `yaml:"task" doc:"what the network is to learn"`
	Initial      CircuitInitialConfig    `yaml:"initial" doc:"weights and biases at the start"`
	Training     CircuitTrainingConfig   `yaml:"training" doc:"epochs and reports"`
	Snapshots    bool                    `yaml:"snapshots" doc:"weights at every report, to arrays.npz"`
	PatternMeans PatternMeansConfig      `yaml:"pattern_means" doc:"means over every single pattern of some epochs: patterns.csv, and arrays.npz with a row for each of its rows"`
}

// CircuitNetworkConfig describes the neurons.
type CircuitNetworkConfig struct {
	Layers       []int   `yaml:"layers" doc:"pyramidal neurons from input to output; a hidden layer has an interneuron for each neuron of the layer above"`
	TauRef       int64   `yaml:"tau_ref" doc:"refractory time and length of a potential, steps"`
	Window       int64   `yaml:"window" doc:"length of the sliding means of potentials that plasticity and nudge see, steps"`
	LambdaApical float64 `yaml:"lambda_apical" doc:"weight of the apical potential in the soma, 0..1"`
	LambdaNudge  float64 `yaml:"lambda_nudge" doc:"strength of the output's nudge towards the target, 0..1"`
}

// CircuitPlasticityConfig holds the rules.
type CircuitPlasticityConfig struct {
	Method     microcircuit.Method `yaml:"method" doc:"of the feedback weights: sal, learned from spike timing; bp, tied to the forward weights; fa, fixed"`
	RateUp     []float64           `yaml:"rate_up" doc:"learning rates of the forward weights: one for all, or one for each layer above the input"`
	RateDown   []float64           `yaml:"rate_down" doc:"learning rates of the feedback weights with sal: one for all, or one for each hidden layer"`
	SALCut     int64               `yaml:"sal_cut" doc:"longest lag of a pair of spikes that counts for sal, steps; 0: none, as published; tau_ref aligns better (docs/microcircuits.md)"`
	Lag        int64               `yaml:"lag" doc:"no forward plasticity for so long after each onset of a pattern, steps; shorter than a pattern"`
	ClipWeight float64             `yaml:"clip_weight" doc:"largest |weight|; 0: what the simulator can hold (1024, less for wide layers with long windows)"`
}

// CircuitSeedsConfig holds seeds that replace the run's seed.
type CircuitSeedsConfig struct {
	Task    *uint64 `yaml:"task" doc:"of the teacher's weights and spikes, and of yin-yang points; null: the run's seed"`
	Initial *uint64 `yaml:"initial" doc:"of the initial weights and biases; null: the run's seed"`
}

// ForwardConfig gives weights and biases of the layers above the input, or the ranges in which they
// are drawn.
type ForwardConfig struct {
	UpRange   [][2]float64  `yaml:"up_range" doc:"forward weights are drawn evenly from this range: [[low, high]], or a range for each layer above the input"`
	Up        [][][]float64 `yaml:"up" doc:"or given: a matrix for each layer above the input, row = postsynaptic"`
	BiasRange [][2]float64  `yaml:"bias_range" doc:"the same for biases"`
	Bias      [][]float64   `yaml:"bias" doc:"or given: a list for each layer above the input"`
}

// CircuitInitialConfig says where learning begins.
type CircuitInitialConfig struct {
	ForwardConfig
	DownRange [][2]float64  `yaml:"down_range" doc:"feedback weights are drawn evenly from this range: [[low, high]], or a range for each hidden layer; not used by bp"`
	Down      [][][]float64 `yaml:"down" doc:"or given: a matrix for each hidden layer, row = postsynaptic (the hidden neurons)"`
}

// CircuitTaskConfig says what is to be learned.
type CircuitTaskConfig struct {
	Type       string          `yaml:"type" doc:"teacher: the mean output potentials of another network; yin-yang: points in three classes (4 inputs, 3 outputs); patterns: train and validation below"`
	Train      []PatternConfig `yaml:"train" doc:"patterns to learn; null: with a teacher the eight inputs of the paper, of one input neuron"`
	Validation []PatternConfig `yaml:"validation" doc:"patterns for the validation; null: with train null the six of the paper, else none"`
	Classes    int             `yaml:"classes" doc:"if above 0, the output neuron with the largest mean potential names the class of a given pattern"`
	Teacher    TeacherConfig   `yaml:"teacher" doc:"for type teacher: a network of pyramidal neurons without feedback"`
	YinYang    YinYangConfig   `yaml:"yin_yang" doc:"for type yin-yang"`
}

// PatternConfig is one pattern.
type PatternConfig struct {
	Input  []float64 `yaml:"input" doc:"potentials of the input neurons, -64..64"`
	Target []float64 `yaml:"target" doc:"potentials that the output neurons should have; null: the teacher's"`
	Class  int       `yaml:"class" doc:"from 0, with task.classes"`
}

// TeacherConfig describes the teacher.
type TeacherConfig struct {
	Layers []int `yaml:"layers" doc:"its neurons from input to output; null: those of the network"`
	ForwardConfig
	Steps int64 `yaml:"steps" doc:"how long it sees every pattern, steps, training.skip included; 0: training.pattern_steps"`
}

// YinYangConfig describes the points of the Yin-Yang task.
type YinYangConfig struct {
	Train      int     `yaml:"train" doc:"points to learn"`
	Validation int     `yaml:"validation" doc:"points for the validation"`
	Low        float64 `yaml:"low" doc:"potential of an input neuron for coordinate 0, -64..64 ..."`
	High       float64 `yaml:"high" doc:"... and for coordinate 1"`
	Right      float64 `yaml:"right" doc:"target potential of the output neuron of the right class, -64..64 ..."`
	Others     float64 `yaml:"others" doc:"... and of the others"`
}

// CircuitTrainingConfig says how long.
type CircuitTrainingConfig struct {
	Epochs          int64              `yaml:"epochs" doc:"number of epochs"`
	EpochPatterns   int                `yaml:"epoch_patterns" doc:"training patterns in an epoch"`
	AlignPatterns   int                `yaml:"align_patterns" doc:"the last so many of them are the SAL phase, with every method; only sal changes weights then"`
	PatternSteps    int64              `yaml:"pattern_steps" doc:"length of a pattern, steps"`
	ValidationSteps int64              `yaml:"validation_steps" doc:"length of a validation pattern, steps; 0: pattern_steps"`
	Skip            int64              `yaml:"skip" doc:"the first steps of every pattern, which no mean and no loss includes"`
	ReportEvery     int64              `yaml:"report_every" doc:"every so many epochs, from the first on, and after the last one: validation and a row of metrics.csv"`
	Order           microcircuit.Order `yaml:"order" doc:"random: every pattern is drawn anew; shuffled: each once before any comes again; given: sequence"`
	Sequence        []int              `yaml:"sequence" doc:"for order given: epoch_patterns indices of training patterns, from 0, for every epoch"`
}

// PatternMeansConfig says which patterns are recorded.
type PatternMeansConfig struct {
	Epochs     []int64        `yaml:"epochs" doc:"the epochs, from 0; validation patterns stand in those that report; null: none"`
	Quantities []meanQuantity `yaml:"quantities" doc:"means in arrays.npz beside input and target: potentials, rates, weights"`
}

type meanQuantity string

const (
	meanPotentials meanQuantity = "potentials"
	meanRates      meanQuantity = "rates"
	meanWeights    meanQuantity = "weights"
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (q *meanQuantity) UnmarshalText(b []byte) error {
	if !slices.Contains([]meanQuantity{meanPotentials, meanRates, meanWeights}, meanQuantity(b)) {
		return fmt.Errorf("allowed are potentials, rates, weights")
	}
	*q = meanQuantity(b)
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (q meanQuantity) MarshalText() ([]byte, error) { return []byte(q), nil }

const (
	// bound of the simulator for potentials of inputs and targets and for biases
	maxDrive   = 64
	maxYinYang = 1 << 20 // points of a set
)

// circuitPaths says how the experiment file calls what package microcircuit names in its problems.
var circuitPaths = strings.NewReplacer("config.dims", "network.layers", "config.tau", "network.tau_ref", "config.window", "network.window",
	"config.lambda_apical", "network.lambda_apical", "config.lambda_nudge", "network.lambda_nudge", "config.method", "plasticity.method",
	"config.rate_up", "plasticity.rate_up", "config.rate_down", "plasticity.rate_down", "config.lag", "plasticity.lag", "config.sal_cut", "plasticity.sal_cut", "config.clip", "plasticity.clip_weight",
	"teacher.dims", "task.teacher.layers", "teacher.steps", "task.teacher.steps")

// circuit adds problems found by package microcircuit, each once.
func (c *checker) circuit(prefix string, found []microcircuit.Problem) {
	for _, f := range found {
		path := circuitPaths.Replace(prefix + f.Path)
		if !strings.Contains(path, ".") || strings.HasPrefix(path, "sequence.") {
			path = "training." + path
		}
		if p := (settings.Problem{Path: path, Message: f.Message}); !slices.Contains(c.problems, p) {
			c.problems = append(c.problems, p)
		}
	}
}

// each returns a list for n layers from one that has an entry for each of them or one for all.
func each[T any](list []T, n int) []T {
	if len(list) == 1 && n >= 0 {
		return slices.Repeat(list, n)
	}
	return list
}

// network is the simulator's description.
func (c *MicrocircuitConfig) network() microcircuit.Config {
	n, p := c.Network, c.Plasticity
	top := len(n.Layers) - 1
	return microcircuit.Config{Dims: n.Layers, Tau: n.TauRef, Window: n.Window, Lag: p.Lag, SALCut: p.SALCut, LambdaApical: n.LambdaApical, LambdaNudge: n.LambdaNudge,
		RateUp: each(p.RateUp, top), RateDown: each(p.RateDown, top-1), Method: p.Method, Clip: p.ClipWeight}
}

// Validate implements Config.
func (c *MicrocircuitConfig) Validate() settings.Problems {
	p := &checker{}
	cfg := c.network()
	found := cfg.Validate()
	// A rate that stands for all layers is wrong once.
	for k, f := range found {
		for _, r := range []struct {
			path string
			list []float64
		}{{"rate_up", c.Plasticity.RateUp}, {"rate_down", c.Plasticity.RateDown}} {
			if len(r.list) == 1 && strings.HasPrefix(f.Path, r.path+".") {
				found[k].Path = r.path + ".0"
			}
		}
	}
	p.circuit("config.", found)
	sound := !slices.ContainsFunc(found, func(f microcircuit.Problem) bool {
		return strings.HasPrefix(f.Path, "dims") || f.Path == "window" || f.Path == "clip"
	})
	if sound {
		bound := cfg.Bound()
		if cfg.Clip > 0 {
			bound = cfg.Clip
		}
		c.Initial.check(p, "initial", cfg.Dims, bound)
		checkMatrices(p, "initial.down", c.Initial.Down, c.Initial.DownRange, len(cfg.Dims)-2, bound, func(l int) (int, int) { return cfg.Dims[l+1], cfg.Dims[l+2] })
	}
	inputs, outputs := c.checkTask(p, sound)
	c.checkCourse(p, inputs, outputs)
	c.checkMeans(p)
	return p.problems
}

func (c *checker) within(path string, x, low, high int64) {
	if x < low || x > high {
		c.bad(path, "must be between %d and %d", low, high)
	}
}

// check looks at weights and biases of a network with these layers, which are known to be possible.
func (f *ForwardConfig) check(p *checker, path string, layers []int, bound float64) {
	top := len(layers) - 1
	checkMatrices(p, path+".up", f.Up, f.UpRange, top, bound, func(l int) (int, int) { return layers[l+1], layers[l] })
	if f.Bias == nil {
		checkRanges(p, path+".bias_range", f.BiasRange, top, maxDrive)
		return
	}
	if len(f.Bias) != top {
		p.bad(path+".bias", "has %d layers, needs %d", len(f.Bias), top)
		return
	}
	for l, row := range f.Bias {
		checkRow(p, fmt.Sprintf("%s.bias.%d", path, l), row, layers[l+1], maxDrive)
	}
}

// checkMatrices looks at matrices for the layers 0 .. layers-1 with the rows and columns given by
// size, or at the ranges that stand for them.
func checkMatrices(p *checker, path string, given [][][]float64, ranges [][2]float64, layers int, bound float64, size func(l int) (rows, columns int)) {
	if given == nil {
		checkRanges(p, path+"_range", ranges, layers, bound)
		return
	}
	if len(given) != layers {
		p.bad(path, "has %d layers, needs %d", len(given), layers)
		return
	}
	for l, m := range given {
		rows, columns := size(l)
		if len(m) != rows {
			p.bad(fmt.Sprintf("%s.%d", path, l), "has %d rows, needs %d: one for each postsynaptic neuron", len(m), rows)
			continue
		}
		for i, row := range m {
			checkRow(p, fmt.Sprintf("%s.%d.%d", path, l, i), row, columns, bound)
		}
	}
}

func checkRow(p *checker, path string, row []float64, n int, bound float64) {
	if len(row) != n {
		p.bad(path, "has %d entries, needs %d", len(row), n)
		return
	}
	for j, x := range row {
		if !(math.Abs(x) <= bound) {
			p.between(fmt.Sprintf("%s.%d", path, j), x, -bound, bound)
			return
		}
	}
}

func checkRanges(p *checker, path string, ranges [][2]float64, layers int, bound float64) {
	if len(ranges) != 1 && len(ranges) != layers {
		p.bad(path, "has %d ranges, needs 1 for all layers or %d", len(ranges), layers)
	}
	for l, r := range ranges {
		at := fmt.Sprintf("%s.%d", path, l)
		p.between(at+".0", r[0], -bound, bound)
		p.between(at+".1", r[1], -bound, bound)
		if r[0] > r[1] {
			p.bad(at, "the lower end comes first")
		}
	}
}

// checkTask looks at the task as far as package microcircuit does not. It returns the numbers of
// inputs and outputs, or 0, 0 if the task cannot be looked at further; sound says that the layers
// are possible.
func (c *MicrocircuitConfig) checkTask(p *checker, sound bool) (inputs, outputs int) {
	before := len(p.problems)
	t := c.Task
	if sound {
		inputs, outputs = c.Network.Layers[0], c.Network.Layers[len(c.Network.Layers)-1]
	}
	switch t.Type {
	case teacherTask:
		switch {
		case t.Train == nil && t.Classes != 0:
			p.bad("task.classes", "the inputs of the paper have no classes")
		case t.Train == nil && t.Validation != nil:
			p.bad("task.validation", "is given, and task.train is not")
		case t.Train == nil && sound && inputs != 1:
			p.bad("task.train", "is missing: the inputs of the paper are for one input neuron, and there are %d", inputs)
		}
		if sound {
			c.checkTeacher(p)
		}
	case yinYangTask:
		if t.Train != nil || t.Validation != nil {
			p.bad("task.type", "yin-yang draws its own points: remove task.train and task.validation, or choose patterns")
		}
		if sound && (inputs != 4 || outputs != 3) {
			p.bad("network.layers", "yin-yang needs 4 input neurons (x, y, 1-x, 1-y) and 3 output neurons, one for each class")
		}
		y := t.YinYang
		p.within("task.yin_yang.train", int64(y.Train), 1, maxYinYang)
		p.within("task.yin_yang.validation", int64(y.Validation), 0, maxYinYang)
		p.between("task.yin_yang.low", y.Low, -maxDrive, maxDrive)
		p.between("task.yin_yang.high", y.High, -maxDrive, maxDrive)
		p.between("task.yin_yang.right", y.Right, -maxDrive, maxDrive)
		p.between("task.yin_yang.others", y.Others, -maxDrive, maxDrive)
	case patternsTask:
	default:
		p.bad("task.type", "allowed are teacher, yin-yang, patterns")
	}
	if len(p.problems) > before {
		return 0, 0
	}
	return inputs, outputs
}

// checkCourse looks at the patterns and the course of the training, which depend on the numbers of
// inputs and outputs only: a network with one hidden neuron stands in for one that may be very
// large, and a single pattern for a task that cannot be looked at.
func (c *MicrocircuitConfig) checkCourse(p *checker, inputs, outputs int) {
	tr := c.course(0)
	if inputs > 0 {
		tr.Task = c.task(0)
	} else {
		inputs, outputs = 1, 1
		tr.Task = microcircuit.Task{Train: []microcircuit.Pattern{{Input: []float64{0}, Target: []float64{0}}}}
		if tr.Order == microcircuit.Given {
			tr.Order = microcircuit.Random
		}
	}
	dims := []int{inputs, 1, outputs}
	w := microcircuit.Weights{Up: [][]float64{make([]float64, inputs), make([]float64, outputs)}, Bias: [][]float64{{0}, make([]float64, outputs)}}
	lag := min(max(c.Plasticity.Lag, 0), 1<<40) // others are a problem of the network
	tr.Config = microcircuit.Config{Dims: dims, Tau: 1, Window: 1, Lag: lag, RateUp: []float64{0, 0}, Method: microcircuit.BP}
	tr.Start = w
	if tr.Teacher != nil {
		steps := c.Task.Teacher.Steps
		if steps == 0 { // then it is right if pattern_steps is
			steps = max(tr.Skip, 0) + 1
		}
		tr.Teacher = &microcircuit.Teacher{Dims: dims, Up: w.Up, Bias: w.Bias, Steps: steps}
	}
	p.circuit("", tr.Validate())
}

func (c *MicrocircuitConfig) checkTeacher(p *checker) {
	dims := c.teacherLayers()
	top := max(len(dims)-1, 0)
	cfg := microcircuit.Config{Dims: dims, Tau: 1, Window: 1, RateUp: make([]float64, top), Method: microcircuit.BP}
	if found := cfg.Validate(); len(found) > 0 {
		p.circuit("teacher.", found)
		return
	}
	layers := c.Network.Layers
	if dims[0] != layers[0] || dims[top] != layers[len(layers)-1] {
		p.bad("task.teacher.layers", "must begin and end like network.layers, %v", layers)
	}
	c.Task.Teacher.check(p, "task.teacher", dims, cfg.Bound())
}

func (c *MicrocircuitConfig) teacherLayers() []int {
	if c.Task.Teacher.Layers != nil {
		return c.Task.Teacher.Layers
	}
	return c.Network.Layers
}

func (c *MicrocircuitConfig) checkMeans(p *checker) {
	m := c.PatternMeans
	if m.Epochs == nil {
		return
	}
	if len(m.Epochs) == 0 {
		p.bad("pattern_means.epochs", "names no epoch; remove it, or null, to record none")
	}
	for k, e := range m.Epochs {
		at := fmt.Sprintf("pattern_means.epochs.%d", k)
		switch {
		case e < 0 || c.Training.Epochs > 0 && e >= c.Training.Epochs:
			p.bad(at, "there is no such epoch: they are 0 to %d", max(c.Training.Epochs, 1)-1)
		case slices.Contains(m.Epochs[:k], e):
			p.bad(at, "stands in the list twice")
		}
	}
	if len(m.Quantities) == 0 {
		p.bad("pattern_means.quantities", "names nothing; allowed are potentials, rates, weights")
	}
}

// taskSeed is the seed of what belongs to the task.
func (c *MicrocircuitConfig) taskSeed(seed uint64) uint64 {
	if c.Seeds.Task != nil {
		return *c.Seeds.Task
	}
	return seed
}

// task collects or draws the patterns. It needs a valid block "task".
func (c *MicrocircuitConfig) task(seed uint64) microcircuit.Task {
	y := c.Task.YinYang
	switch {
	case c.Task.Type == yinYangTask:
		return microcircuit.YinYang{Train: y.Train, Validation: y.Validation, Low: y.Low, High: y.High, On: y.Right, Off: y.Others}.Task(c.taskSeed(seed))
	case c.Task.Type == teacherTask && c.Task.Train == nil:
		return microcircuit.TeacherInputs()
	}
	list := func(from []PatternConfig) []microcircuit.Pattern {
		var ps []microcircuit.Pattern
		for _, p := range from {
			ps = append(ps, microcircuit.Pattern(p))
		}
		return ps
	}
	return microcircuit.Task{Train: list(c.Task.Train), Validation: list(c.Task.Validation), Classes: c.Task.Classes}
}

// course is the training without network, weights and task.
func (c *MicrocircuitConfig) course(seed uint64) microcircuit.Training {
	t := c.Training
	tr := microcircuit.Training{Seed: seed, Epochs: t.Epochs, EpochPatterns: t.EpochPatterns, AlignPatterns: t.AlignPatterns, PatternSteps: t.PatternSteps,
		ValidationSteps: t.ValidationSteps, Skip: t.Skip, ReportEvery: t.ReportEvery, Order: t.Order, Sequence: t.Sequence, Patterns: c.PatternMeans.Epochs != nil}
	if c.Task.Type == teacherTask {
		tr.Teacher = &microcircuit.Teacher{Steps: c.Task.Teacher.Steps, Seed: c.taskSeed(seed)}
		if tr.Teacher.Steps == 0 {
			tr.Teacher.Steps = t.PatternSteps
		}
	}
	return tr
}

// training draws and collects everything that a run starts from. It needs a valid configuration.
func (c *MicrocircuitConfig) training(seed uint64) microcircuit.Training {
	t := c.course(seed)
	t.Config, t.Task = c.network(), c.task(seed)
	if t.Teacher != nil {
		t.Teacher.Dims = c.teacherLayers()
		t.Teacher.Up, t.Teacher.Bias = c.Task.Teacher.draw(t.Teacher.Seed, t.Teacher.Dims, random.TargetWeights, random.TargetBias)
	}
	if c.Seeds.Initial != nil {
		seed = *c.Seeds.Initial
	}
	dims := t.Config.Dims
	t.Start.Up, t.Start.Bias = c.Initial.draw(seed, dims, random.InitialWeights, random.InitialBias)
	if t.Config.Method != microcircuit.BP {
		t.Start.Down = matrices(c.Initial.Down, c.Initial.DownRange, len(dims)-2, func(l int) (int, int) { return dims[l+1], dims[l+2] },
			func(l, i, j int) random.Stream {
				return random.New(seed, random.InitialWeights, downward|rowKey(l, i), uint64(j))
			})
	}
	return t
}

// Every weight has a stream of its own, keyed by its row, here, and its column.
func rowKey(l, i int) uint64 { return uint64(l)<<32 | uint64(i) }

const downward = 1 << 60 // in the row key of a feedback weight

// draw returns weights and biases of a network with these layers.
func (f *ForwardConfig) draw(seed uint64, layers []int, weights, biases random.Purpose) (up, bias [][]float64) {
	top := len(layers) - 1
	up = matrices(f.Up, f.UpRange, top, func(l int) (int, int) { return layers[l+1], layers[l] },
		func(l, i, j int) random.Stream { return random.New(seed, weights, rowKey(l, i), uint64(j)) })
	if f.Bias != nil {
		for _, b := range f.Bias {
			bias = append(bias, slices.Clone(b))
		}
		return up, bias
	}
	bias = matrices(nil, f.BiasRange, top, func(l int) (int, int) { return layers[l+1], 1 },
		func(l, i, _ int) random.Stream { return random.New(seed, biases, rowKey(l, i), 0) })
	return up, bias
}

// matrices returns given matrices, flat, or draws them.
func matrices(given [][][]float64, ranges [][2]float64, layers int, size func(l int) (rows, columns int), stream func(l, i, j int) random.Stream) [][]float64 {
	var ms [][]float64
	ranges = each(ranges, layers)
	for l := range layers {
		if given != nil {
			ms = append(ms, flat(given[l]))
			continue
		}
		rows, columns := size(l)
		m := make([]float64, 0, rows*columns)
		low, high := ranges[l][0], ranges[l][1]
		for i := range rows {
			for j := range columns {
				s := stream(l, i, j)
				m = append(m, low+float64((high-low)*s.Float64()))
			}
		}
		ms = append(ms, m)
	}
	return ms
}

// New implements Config.
func (c *MicrocircuitConfig) New(env experiment.Env) (experiment.Run, error) {
	t := c.training(env.Seed)
	tr, err := microcircuit.NewTrainer(t)
	if err != nil {
		return nil, err
	}
	r := &microcircuitRun{Trainer: tr, training: t, config: c, env: env, initial: layerArrays(tr.Network(), "_initial")}
	return r, nil
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
	tables := []experiment.Table{
		{Name: "metrics", Columns: []experiment.Column{
			{Name: "epoch"},
			{Name: "loss", Doc: "validation: mean squared error of the mean output potentials", Headline: true},
			{Name: "loss_nudged", Doc: "with the output nudged during validation: (1-lambda_nudge)^2 of it"},
			{Name: "angle_deg", Unit: "degrees", Doc: "of feedback weights into the first hidden layer and forward weights out of it", Headline: true},
			{Name: "accuracy", Doc: "share of validation patterns with the right class"},
			{Name: "train_loss", Doc: "the same error of the epoch's learning patterns, nudge left out"},
			{Name: "train_accuracy", Doc: "of the same"},
			{Name: "steps", Unit: "steps", Doc: "simulated so far"},
			{Name: "spikes", Doc: "so far"},
		}},
		{Name: "alignment", Columns: []experiment.Column{
			{Name: "epoch"},
			{Name: "layer", Doc: "hidden layer into which the feedback weights lead, from 1; compared with the transposed forward weights out of it"},
			{Name: "angle_deg", Unit: "degrees", Doc: "between the two as vectors; 0 or 180 for single weights"},
			{Name: "correlation", Doc: "Pearson's, over all synapses"},
			{Name: "sign_agreement", Doc: "share of synapses with the same sign"},
			{Name: "variance", Doc: "of the differences of forward and feedback weights"},
		}},
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
	angle := math.NaN()
	if len(p.Alignments) > 0 {
		angle = p.Alignments[0].Angle
	}
	row := []experiment.Value{experiment.Int(p.Epoch)}
	row = append(row, measured(p.Loss, p.LossNudged, angle, p.Accuracy, p.TrainLoss, p.TrainAccuracy)...)
	report := experiment.Report{{Table: metricsTable, Values: append(row, experiment.Int(p.Steps), experiment.Int(p.Spikes))}}
	for l, a := range p.Alignments {
		row := []experiment.Value{experiment.Int(p.Epoch), experiment.Int(l + 1)}
		report = append(report, experiment.Row{Table: alignmentTable, Values: append(row, measured(a.Angle, a.Correlation, a.Signs, a.Variance)...)})
	}
	return report, nil
}

// pattern records the means of one pattern.
func (r *microcircuitRun) pattern(p *microcircuit.PatternReport) (experiment.Row, error) {
	set, from := "train", r.training.Task.Train
	if p.Validation {
		set, from = "validation", r.training.Task.Validation
	}
	dims := r.training.Config.Dims
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
		case meanPotentials:
			for l, u := range m.Potential {
				add("potential", l+1, u, len(u))
			}
		case meanRates:
			for l, x := range m.Rate {
				if l <= top {
					add("rate", l, x, len(x))
				} else {
					add("rate_inter", l-top, x, len(x))
				}
			}
		case meanWeights:
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
	if t := r.training.Teacher; t != nil {
		for l, w := range t.Up {
			arrays = append(arrays, experiment.Array{Name: fmt.Sprintf("teacher_up_%d", l+1), Shape: []int{t.Dims[l+1], t.Dims[l]}, Data: w})
		}
		vectors("teacher_bias", t.Bias)
	}
	train, validation := r.Targets()
	for _, set := range []struct {
		name     string
		patterns []microcircuit.Pattern
		targets  [][]float64
	}{{"train", r.training.Task.Train, train}, {"validation", r.training.Task.Validation, validation}} {
		var inputs [][]float64
		var classes []int64
		for _, p := range set.patterns {
			inputs = append(inputs, p.Input)
			classes = append(classes, int64(p.Class))
		}
		dims := r.training.Config.Dims
		arrays = append(arrays, experiment.Array{Name: set.name + "_input", Shape: []int{len(inputs), dims[0]}, Data: flat(inputs)},
			experiment.Array{Name: set.name + "_target", Shape: []int{len(inputs), dims[len(dims)-1]}, Data: flat(set.targets)})
		if r.training.Task.Classes > 0 {
			arrays = append(arrays, experiment.Array{Name: set.name + "_class", Shape: []int{len(classes)}, Data: classes})
		}
	}
	return arrays, nil
}

func (r *microcircuitRun) Close() error { return nil }
