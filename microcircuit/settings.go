package microcircuit

import (
	"fmt"
	"math"
	"slices"

	"spikealign/internal/random"
	"spikealign/mismatch"
	"spikealign/settings"
)

// Settings describe a whole training: network, rules, task, where learning begins and how long it
// takes. They are what an experiment file says, with its defaults (settings.Default).
type Settings struct {
	Config
	Seeds    Seeds             `yaml:"seeds" doc:"seeds of their own for what is drawn once"`
	Task     TaskSettings      `yaml:"task" doc:"what the network is to learn"`
	Initial  Initial           `yaml:"initial" doc:"weights and biases at the start"`
	Mismatch mismatch.Settings `yaml:"mismatch" doc:"how neurons and feedback synapses differ from each other; 0: not (docs/mismatch.md)"`
	Course   Course            `yaml:"training" doc:"epochs and reports"`
}

// Seeds replace the seed of the run.
type Seeds struct {
	Task     *uint64 `yaml:"task" doc:"of the teacher's weights and spikes, and of yin-yang points; null: the run's seed"`
	Initial  *uint64 `yaml:"initial" doc:"of the initial weights and biases; null: the run's seed"`
	Mismatch *uint64 `yaml:"mismatch" doc:"of the differences of block mismatch; null: the run's seed"`
}

// Forward gives weights and biases of the layers above the input, or the ranges in which they are
// drawn.
type Forward struct {
	UpRange   [][2]float64  `yaml:"up_range" doc:"forward weights are drawn evenly from this range: [[low, high]], or a range for each layer above the input"`
	Up        [][][]float64 `yaml:"up" doc:"or given: a matrix for each layer above the input, row = postsynaptic"`
	BiasRange [][2]float64  `yaml:"bias_range" doc:"the same for biases"`
	Bias      [][]float64   `yaml:"bias" doc:"or given: a list for each layer above the input"`
}

// Initial says where learning begins.
type Initial struct {
	// From is not followed here: who calls Training brings those weights.
	From      string `yaml:"from" doc:"or those of a finished run: its folder, or FOLDER#EPOCH for a report of that run with snapshots"`
	Forward   `default:"up_range=[[-3,3]] bias_range=[[-1,-1]]"`
	DownRange [][2]float64  `yaml:"down_range" default:"[[-3, 3]]" doc:"feedback weights are drawn evenly from this range: [[low, high]], or a range for each hidden layer; not used by bp"`
	Down      [][][]float64 `yaml:"down" doc:"or given: a matrix for each hidden layer, row = postsynaptic (the hidden neurons)"`
}

// Types of task.
const (
	TeacherTask  = "teacher"
	YinYangTask  = "yin-yang"
	PatternsTask = "patterns"
)

// TaskSettings say what is to be learned.
type TaskSettings struct {
	Type string `yaml:"type" default:"teacher" choice:"teacher, yin-yang, patterns" doc:"teacher: the mean output potentials of another network; yin-yang: points in three classes (4 inputs, 3 outputs); patterns: train and validation below"`
	Task
	Population int             `yaml:"population" default:"1" range:"[1, 2^20]" doc:"so many input neurons in a row have one potential, that of an entry of a pattern's input: layers[0] is population times the entries"`
	Teacher    TeacherSettings `yaml:"teacher" doc:"for type teacher: a network of pyramidal neurons without feedback"`
	YinYang    YinYang         `yaml:"yin_yang" doc:"for type yin-yang"`
}

// TeacherSettings describe the teacher.
type TeacherSettings struct {
	Layers   []int `yaml:"layers" doc:"its neurons from input to output; null: those of the network"`
	Forward  `default:"up_range=[[2,2]] bias_range=[[-1,-1]]"`
	Patterns Drawn `yaml:"patterns" doc:"inputs that are drawn, in the place of task.train and task.validation"`
	Steps    int64 `yaml:"steps" range:"[0, 2^40]" unit:"steps" doc:"how long it sees every pattern, training.skip included; 0: training.pattern_steps"`
}

// Drawn are patterns whose inputs are drawn evenly, without targets.
type Drawn struct {
	Train      int     `yaml:"train" range:"[0, 2^20]" doc:"patterns to learn; 0: none are drawn"`
	Validation int     `yaml:"validation" default:"100" range:"[0, 2^20]" doc:"patterns for the validation"`
	Low        float64 `yaml:"low" default:"-4" range:"[-64, 64]" doc:"potentials of the input are drawn evenly from here ..."`
	High       float64 `yaml:"high" default:"4" range:"[-64, 64]" doc:"... to here"`
}

// task draws patterns of so many entries.
func (d Drawn) task(seed uint64, entries int) Task {
	draw := func(n int, set uint64) []Pattern {
		ps := make([]Pattern, n)
		for k := range ps {
			s := random.New(seed, samples, uint64(k), set)
			for range entries {
				ps[k].Input = append(ps[k].Input, d.Low+float64((d.High-d.Low)*s.Float64()))
			}
		}
		return ps
	}
	return Task{Train: draw(d.Train, 2), Validation: draw(d.Validation, 3)}
}

// Validate returns everything that is wrong with the description.
func (s *Settings) Validate() settings.Problems {
	ps := settings.Check(s)
	s.Config.relate(&ps)
	sound := !ps.Has("network.layers", "network.window", "plasticity.clip_weight")
	if sound {
		s.Initial.relate(&ps, s.Dims, s.clip())
	}
	train, validation := s.relateTask(&ps, sound)
	s.Course.relate(&ps, s.Lag, train, validation)
	return ps
}

// relate checks weights and biases of a network with these layers, which are known to be
// possible.
func (i *Initial) relate(ps *settings.Problems, layers []int, bound float64) {
	if i.From != "" {
		for _, given := range []struct {
			path string
			is   bool
		}{{"up", i.Up != nil}, {"bias", i.Bias != nil}, {"down", i.Down != nil}} {
			if given.is {
				ps.Add("initial."+given.path, "comes from the run of initial.from; remove one of them")
			}
		}
		return
	}
	i.Forward.relate(ps, "initial", layers, bound)
	relateMatrices(ps, "initial.down", i.Down, i.DownRange, len(layers)-2, bound, func(l int) (int, int) { return layers[l+1], layers[l+2] })
}

func (f *Forward) relate(ps *settings.Problems, path string, layers []int, bound float64) {
	top := len(layers) - 1
	relateMatrices(ps, path+".up", f.Up, f.UpRange, top, bound, func(l int) (int, int) { return layers[l+1], layers[l] })
	if f.Bias == nil {
		relateRanges(ps, path+".bias_range", f.BiasRange, top, maxDrive)
		return
	}
	if len(f.Bias) != top {
		ps.Add(path+".bias", "has %d layers, needs %d", len(f.Bias), top)
		return
	}
	for l, row := range f.Bias {
		if at := fmt.Sprintf("%s.bias.%d", path, l); ps.Vector(at, row, layers[l+1], "neurons") {
			relateRow(ps, at, row, maxDrive)
		}
	}
}

// relateMatrices checks matrices for the layers 0 .. layers-1 with the rows and columns given by
// size, or at the ranges that stand for them.
func relateMatrices(ps *settings.Problems, path string, given [][][]float64, ranges [][2]float64, layers int, bound float64, size func(l int) (rows, columns int)) {
	if given == nil {
		relateRanges(ps, path+"_range", ranges, layers, bound)
		return
	}
	if len(given) != layers {
		ps.Add(path, "has %d layers, needs %d", len(given), layers)
		return
	}
	for l, m := range given {
		rows, columns := size(l)
		at := fmt.Sprintf("%s.%d", path, l)
		if !ps.Matrix(at, m, rows, columns) {
			continue
		}
		for i, row := range m {
			relateRow(ps, fmt.Sprintf("%s.%d", at, i), row, bound)
		}
	}
}

func relateRow(ps *settings.Problems, path string, row []float64, bound float64) {
	for j, x := range row {
		if !(math.Abs(x) <= bound) {
			ps.Add(fmt.Sprintf("%s.%d", path, j), "must be between %v and %v", -bound, bound)
			return
		}
	}
}

func relateRanges(ps *settings.Problems, path string, ranges [][2]float64, layers int, bound float64) {
	if len(ranges) != 1 && len(ranges) != layers {
		ps.Add(path, "has %d ranges, needs 1 for all layers or %d", len(ranges), layers)
	}
	for l, r := range ranges {
		at := fmt.Sprintf("%s.%d", path, l)
		for k, x := range r {
			if !(math.Abs(x) <= bound) {
				ps.Add(fmt.Sprintf("%s.%d", at, k), "must be between %v and %v", -bound, bound)
			}
		}
		if r[0] > r[1] {
			ps.Add(at, "the lower end comes first")
		}
	}
}

// relateTask checks the task and returns the numbers of its patterns, or -1, 0 if they are in
// doubt; sound says that the layers are possible.
func (s *Settings) relateTask(ps *settings.Problems, sound bool) (train, validation int) {
	t := &s.Task
	inputs, outputs := 0, 0
	if sound = sound && !ps.Has("task.population"); sound {
		inputs, outputs = s.Dims[0]/t.Population, s.Dims[len(s.Dims)-1]
		if s.Dims[0]%t.Population != 0 {
			ps.Add("task.population", "must divide the number of input neurons, %d", s.Dims[0])
			sound = false
		}
	}
	before := len(*ps)
	task := t.Task
	drawn := t.Teacher.Patterns
	if t.Type != TeacherTask && drawn.Train > 0 {
		ps.Add("task.teacher.patterns", "are answered by a teacher: choose task.type: teacher, or remove them")
	}
	switch t.Type {
	case TeacherTask:
		if drawn.Low > drawn.High {
			ps.Add("task.teacher.patterns.low", "must not exceed high, %g", drawn.High)
		}
		switch {
		case drawn.Train > 0:
			if t.Train != nil || t.Validation != nil {
				ps.Add("task.teacher.patterns", "draws the inputs: remove task.train and task.validation, or patterns")
			}
			if t.Classes != 0 {
				ps.Add("task.classes", "inputs that are drawn have no classes")
			}
			if sound {
				s.relateTeacher(ps)
			}
			return drawn.Train, drawn.Validation
		case t.Train == nil && t.Classes != 0:
			ps.Add("task.classes", "the inputs of the paper have no classes")
		case t.Train == nil && t.Validation != nil:
			ps.Add("task.validation", "is given, and task.train is not")
		case t.Train == nil && sound && inputs != 1:
			ps.Add("task.train", "is missing: the inputs of the paper are for one input neuron, and there are %d; give it, or task.teacher.patterns, or choose another task.type", inputs)
		case t.Train == nil:
			task = TeacherInputs()
		}
		if sound {
			s.relateTeacher(ps)
		}
	case YinYangTask:
		if t.Train != nil || t.Validation != nil {
			ps.Add("task.type", "yin-yang draws its own points: remove task.train and task.validation, or choose patterns")
		}
		if sound && (inputs != 4 || outputs != 3) {
			ps.Add("network.layers", "yin-yang needs 4 input neurons (x, y, 1-x, 1-y), or task.population for each, and 3 output neurons, one for each class")
		}
		return t.YinYang.Train, t.YinYang.Validation
	case PatternsTask:
	default:
		return -1, 0
	}
	if !sound || len(*ps) > before {
		return -1, 0
	}
	task.relate(ps, inputs, outputs, t.Type == TeacherTask)
	return len(task.Train), len(task.Validation)
}

func (s *Settings) relateTeacher(ps *settings.Problems) {
	dims := s.teacherLayers()
	c := teacherConfig(dims, s.Config)
	for _, p := range c.Validate() {
		switch rest, ok := cutPath(p.Path, "network.layers"); {
		case ok:
			ps.Add("task.teacher.layers"+rest, "%s", p.Message)
		case p.Path != "network.tau_ref": // which is the student's
			ps.Add("task.teacher.layers", "%s", p.Message)
		}
	}
	if ps.Has("task.teacher.layers") || ps.Has("network.tau_ref") {
		return
	}
	if top := len(dims) - 1; dims[0] != s.Dims[0] || dims[top] != s.Dims[len(s.Dims)-1] {
		ps.Add("task.teacher.layers", "must begin and end like network.layers, %v", s.Dims)
	}
	s.Task.Teacher.Forward.relate(ps, "task.teacher", dims, c.Bound())
	if steps := s.Task.Teacher.Steps; steps != 0 && steps <= s.Course.Skip {
		ps.Add("task.teacher.steps", "must be more than training.skip, %d, or 0", s.Course.Skip)
	}
}

// cutPath returns what follows the path in one that is at or below it.
func cutPath(path, prefix string) (rest string, ok bool) {
	if path == prefix {
		return "", true
	}
	if len(path) > len(prefix) && path[:len(prefix)] == prefix && path[len(prefix)] == '.' {
		return path[len(prefix):], true
	}
	return "", false
}

func (s *Settings) teacherLayers() []int {
	if s.Task.Teacher.Layers != nil {
		return s.Task.Teacher.Layers
	}
	return s.Dims
}

// Training draws and collects everything that a training of a valid description follows from. Every
// number is drawn from a stream of its own, keyed by seed and synapse or neuron. from replaces the
// initial weights and biases; nil: they are drawn or given.
func (s *Settings) Training(seed uint64, from *Weights) Training {
	t := Training{Config: s.Config, Course: s.Course, Seed: seed}
	taskSeed, initialSeed, mismatchSeed := seed, seed, seed
	if s.Seeds.Mismatch != nil {
		mismatchSeed = *s.Seeds.Mismatch
	}
	t.Differences = differences(s.Mismatch, mismatchSeed, s.Dims)
	if s.Seeds.Task != nil {
		taskSeed = *s.Seeds.Task
	}
	if s.Seeds.Initial != nil {
		initialSeed = *s.Seeds.Initial
	}
	switch {
	case s.Task.Type == YinYangTask:
		t.Task = s.Task.YinYang.Task(taskSeed)
	case s.Task.Type == TeacherTask && s.Task.Teacher.Patterns.Train > 0:
		t.Task = s.Task.Teacher.Patterns.task(taskSeed, s.Dims[0]/s.Task.Population)
	case s.Task.Type == TeacherTask && s.Task.Train == nil:
		t.Task = TeacherInputs()
	default:
		t.Task = s.Task.Task
	}
	t.Task = t.Task.populated(s.Task.Population)
	if s.Task.Type == TeacherTask {
		t.Teacher = &Teacher{Dims: s.teacherLayers(), Steps: s.Task.Teacher.Steps, Seed: taskSeed}
		if t.Teacher.Steps == 0 {
			t.Teacher.Steps = s.Course.PatternSteps
		}
		t.Teacher.Up, t.Teacher.Bias = s.Task.Teacher.draw(taskSeed, t.Teacher.Dims, random.TargetWeights, random.TargetBias)
	}
	if from != nil {
		t.Start = *from
		return t
	}
	t.Start.Up, t.Start.Bias = s.Initial.draw(initialSeed, s.Dims, random.InitialWeights, random.InitialBias)
	if s.Method != BP {
		t.Start.Down = matrices(s.Initial.Down, s.Initial.DownRange, len(s.Dims)-2, func(l int) (int, int) { return s.Dims[l+1], s.Dims[l+2] },
			func(l, i, j int) random.Stream {
				return random.New(initialSeed, random.InitialWeights, downward|rowKey(l, i), uint64(j))
			})
	}
	return t
}

// Every weight has a stream of its own, keyed by its row, here, and its column.
func rowKey(l, i int) uint64 { return uint64(l)<<32 | uint64(i) }

const downward = 1 << 60 // in the row key of a feedback weight

// draw returns weights and biases of a network with these layers.
func (f *Forward) draw(seed uint64, layers []int, weights, biases random.Purpose) (up, bias [][]float64) {
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
			ms = append(ms, slices.Concat(given[l]...))
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
