package microcircuit

import (
	"fmt"
	"math"
	"slices"

	"spikealign/internal/random"
	"spikealign/settings"
)

// Pattern is one thing to learn: potentials of the input neurons, and the potentials that the
// output neurons should have.
type Pattern struct {
	Input  []float64 `yaml:"input" range:"[-64, 64]" doc:"potentials of the input neurons"`
	Target []float64 `yaml:"target" range:"[-64, 64]" doc:"potentials that the output neurons should have; null: the teacher's"`
	// nil: see Task.Class
	Class *int `yaml:"class" doc:"from 0, with task.classes; null: the output whose target is the largest, if there are as many classes as outputs"`
}

// Task is what a network is to learn, and what it is tested on.
type Task struct {
	Train      []Pattern `yaml:"train" doc:"patterns to learn, such as [{input: [-4, 4], target: [-1, 1], class: 1}], with a potential for each input neuron, or population of them, and each output neuron; null: with a teacher the eight inputs of the paper, of one input neuron"`
	Validation []Pattern `yaml:"validation" doc:"patterns for the validation, likewise; null: with train null the six of the paper, else none"`
	Classes    int       `yaml:"classes" doc:"if above 0, the output neuron with the largest mean potential names the class of a given pattern"`
}

// Class returns the class of a pattern: the given one, or without it that of the output neuron with
// the largest target, if it is one alone and there are as many classes as outputs. Of a single
// class it is 0. Else ok is false, as without classes.
func (t Task) Class(p Pattern) (class int, ok bool) {
	switch {
	case t.Classes <= 0:
		return 0, false
	case p.Class != nil:
		return *p.Class, true
	case t.Classes == 1:
		return 0, true
	case len(p.Target) != t.Classes:
		return 0, false
	}
	largest := slices.Max(p.Target)
	class = slices.Index(p.Target, largest)
	return class, class >= 0 && !slices.Contains(p.Target[class+1:], largest)
}

// doubts tells of classes that do not count, and of those that a network which reaches its targets
// would miss.
func (t Task) doubts() (ws []string) {
	ignored, missed := 0, 0
	var firstIgnored, firstMissed string
	for _, set := range []struct {
		name     string
		patterns []Pattern
	}{{"task.train", t.Train}, {"task.validation", t.Validation}} {
		for k, p := range set.patterns {
			if p.Class == nil {
				continue
			}
			path := fmt.Sprintf("%s.%d", set.name, k)
			if t.Classes <= 0 {
				if ignored++; ignored == 1 {
					firstIgnored = path
				}
				continue
			}
			if p.Target == nil { // a teacher's
				continue
			}
			if best := slices.Max(p.Target[:t.Classes]); p.Target[*p.Class] < best {
				if missed++; missed == 1 {
					firstMissed = fmt.Sprintf("%s is of class %d, and its largest target is that of output neuron %d", path, *p.Class, slices.Index(p.Target, best))
				}
			}
		}
	}
	if ignored > 0 {
		ws = append(ws, fmt.Sprintf("%s.class does not count (patterns with a class: %d): there is no accuracy without task.classes, the number of classes", firstIgnored, ignored))
	}
	if missed > 0 {
		ws = append(ws, fmt.Sprintf("%s (such patterns: %d): a network that reaches this target counts as wrong; output neuron k, from 0, is for class k: mend class or target", firstMissed, missed))
	}
	return ws
}

// populated returns the task for a network in which k input neurons in a row have one potential.
func (t Task) populated(k int) Task {
	if k == 1 {
		return t
	}
	spread := func(ps []Pattern) []Pattern {
		ps = slices.Clone(ps)
		for i, p := range ps {
			ps[i].Input = make([]float64, 0, k*len(p.Input))
			for _, x := range p.Input {
				ps[i].Input = append(ps[i].Input, slices.Repeat([]float64{x}, k)...)
			}
		}
		return ps
	}
	t.Train, t.Validation = spread(t.Train), spread(t.Validation)
	return t
}

// Teacher is a network of pyramidal neurons without feedback whose mean output potentials are the
// targets of the patterns that have none. Refractory time, potentials and kind of input are those
// of the student.
type Teacher struct {
	Dims     []int
	Up, Bias [][]float64 // as in Weights
	// simulated for every pattern; the first Skip of the Training are not measured
	Steps int64
	Seed  uint64 // of the teacher's spikes
}

// TeacherInputs returns the input potentials of the paper's teacher-student task: eight patterns to
// train on and six for validation, of one input neuron.
func TeacherInputs() Task {
	list := func(xs ...float64) []Pattern {
		ps := make([]Pattern, len(xs))
		for i, x := range xs {
			ps[i].Input = []float64{x}
		}
		return ps
	}
	return Task{Train: list(-3, -2.5, -2, -0.8, 0.8, 2, 2.5, 3), Validation: list(-2.7, -1.8, -0.5, 0.5, 1.8, 2.7)}
}

// YinYang describes the classification task of Kriener, Göltz & Petrovici (The Yin-Yang dataset,
// NICE 2022): points of a disc of radius 1/2 around (1/2, 1/2) belong to yin (class 0), yang (class
// 1) or to one of the two dots (class 2), which have the radius 1/10. Input neurons get x, y, 1-x,
// 1-y, spread over potentials from Low to High. A linear classifier reaches 64 %.
type YinYang struct {
	// The classes take turns.
	Train      int     `yaml:"train" default:"3000" range:"[1, 2^20]" doc:"points to learn"`
	Validation int     `yaml:"validation" default:"300" range:"[0, 2^20]" doc:"points for the validation"`
	Low        float64 `yaml:"low" default:"-4" range:"[-64, 64]" doc:"potential of an input neuron for coordinate 0 ..."`
	High       float64 `yaml:"high" default:"4" range:"[-64, 64]" doc:"... and for coordinate 1"`
	On         float64 `yaml:"right" default:"1" range:"[-64, 64]" doc:"target potential of the output neuron of the right class ..."`
	Off        float64 `yaml:"others" default:"-1" range:"[-64, 64]" doc:"... and of the others"`
}

// samples is the purpose of draws that make data. It is no part of package random's list, whose
// numbers are far below it.
const samples random.Purpose = 1 << 16

// Task draws the points.
func (y YinYang) Task(seed uint64) Task {
	draw := func(n int, set uint64) []Pattern {
		ps := make([]Pattern, n)
		for k := range ps {
			s := random.New(seed, samples, uint64(k), set)
			class := k % 3
			for {
				px, py := s.Float64(), s.Float64()
				if c, inside := yinYangClass(px, py); inside && c == class {
					ps[k] = y.pattern(px, py, class)
					break
				}
			}
		}
		return ps
	}
	return Task{Train: draw(y.Train, 0), Validation: draw(y.Validation, 1), Classes: 3}
}

func (y YinYang) pattern(px, py float64, class int) Pattern {
	p := Pattern{Class: &class, Target: []float64{y.Off, y.Off, y.Off}}
	p.Target[class] = y.On
	for _, x := range [4]float64{px, py, 1 - px, 1 - py} {
		p.Input = append(p.Input, y.Low+float64((y.High-y.Low)*x))
	}
	return p
}

// yinYangClass returns the class of a point, and whether it lies in the disc. The upper half is
// yin, the lower one yang, but for a half-disc of radius 1/4 below the line on the left, which is
// yin, and one above it on the right, which is yang; the dots are at their centres.
func yinYangClass(x, y float64) (class int, inside bool) {
	distance := func(cx float64) float64 { return math.Sqrt(float64((x-cx)*(x-cx)) + float64((y-0.5)*(y-0.5))) }
	left, right := distance(0.25), distance(0.75)
	switch {
	case left < 0.1 || right < 0.1:
		class = 2
	case left <= 0.25 || y > 0.5 && right > 0.25:
		class = 0
	default:
		class = 1
	}
	return class, distance(0.5) <= 0.5
}

// relate adds to the problems of single settings what is wrong with a task for a network with the
// given numbers of inputs and outputs.
func (t Task) relate(ps *settings.Problems, inputs, outputs int, teacher bool) {
	if len(t.Train) == 0 {
		ps.Add("task.train", "must hold at least one pattern")
	}
	if t.Classes < 0 || t.Classes > outputs {
		ps.Add("task.classes", "must be between 0 and the number of output neurons, %d", outputs)
	}
	for _, set := range []struct {
		name     string
		patterns []Pattern
	}{{"task.train", t.Train}, {"task.validation", t.Validation}} {
		for k, p := range set.patterns {
			path := fmt.Sprintf("%s.%d", set.name, k)
			if len(p.Input) != inputs {
				ps.Add(path+".input", "has %s, needs %d, one for each input neuron or population", settings.Count(len(p.Input), "entry"), inputs)
			}
			switch {
			case p.Target == nil && !teacher:
				ps.Add(path+".target", "is missing, and there is no teacher")
			case p.Target != nil && len(p.Target) != outputs:
				ps.Add(path+".target", "has %s for %d output neurons", settings.Count(len(p.Target), "entry"), outputs)
			}
			if t.Classes <= 0 || t.Classes > outputs {
				continue
			}
			class, ok := t.Class(p)
			switch {
			case ok && (class < 0 || class >= t.Classes):
				ps.Add(path+".class", "must be between 0 and %d", t.Classes-1)
			case ok:
			case p.Target == nil:
				ps.Add(path+".class", "is missing: with task.classes, a pattern that a teacher answers needs its class")
			case t.Classes != outputs:
				ps.Add(path+".class", "is missing, and the target does not tell it: there are %d classes and %d output neurons", t.Classes, outputs)
			case len(p.Target) == outputs:
				ps.Add(path+".class", "is missing, and the target does not tell it: no output neuron alone has the largest target")
			}
		}
	}
}

func (t Teacher) config(c Config) Config { return teacherConfig(t.Dims, c) }

// teacherConfig is the configuration of a teacher with these layers, for a student.
func teacherConfig(dims []int, student Config) Config {
	return Config{Neurons: Neurons{Dims: dims, Input: student.Input, Tau: student.Tau, Window: 1}, Plasticity: Plasticity{RateUp: []float64{0}, Method: BP}}
}

// relate adds what is wrong with a teacher for a student of that configuration.
func (t Teacher) relate(ps *settings.Problems, c Config, skip int64) {
	tc := t.config(c)
	if found := tc.Validate(); len(found) > 0 {
		ps.In("teacher", found)
		return
	}
	ps.In("teacher", Weights{Up: t.Up, Bias: t.Bias}.Validate(tc))
	if top := len(t.Dims) - 1; t.Dims[0] != c.Dims[0] || t.Dims[top] != c.Dims[len(c.Dims)-1] {
		ps.Add("teacher.layers", "must begin and end like the student's %v", c.Dims)
	}
	if t.Steps <= skip || t.Steps > maxPresent {
		ps.Add("teacher.steps", "must be between skip+1 = %d and %d", skip+1, int64(maxPresent))
	}
}
