package microcircuit

import (
	"fmt"
	"math"

	"spikealign/internal/random"
)

// Pattern is one thing to learn: potentials of the input neurons, and the potentials that the
// output neurons should have.
type Pattern struct {
	Input  []float64
	Target []float64 // nil: the teacher's
	Class  int       // 0 .. Task.Classes-1, if the task has classes
}

// Task is what a network is to learn, and what it is tested on.
type Task struct {
	Train, Validation []Pattern
	// if above 0, the output neuron with the largest mean potential names the class
	Classes int
}

// Teacher is a network of pyramidal neurons without feedback whose mean output potentials are the
// targets of the patterns that have none. Refractory time and potentials are those of the student.
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
	Train, Validation int     // number of points; the classes take turns
	Low, High         float64 // potentials of the input neurons for coordinates 0 and 1
	// target potentials of the output neuron of the right class, and of the other two
	On, Off float64
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
	p := Pattern{Class: class, Target: []float64{y.Off, y.Off, y.Off}}
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

// validate notes what is wrong with a task for a network with the given numbers of inputs and
// outputs.
func (t Task) validate(ps *problems, inputs, outputs int, teacher bool) {
	if len(t.Train) == 0 {
		ps.add("task.train", "must hold at least one pattern")
	}
	if t.Classes < 0 || t.Classes > outputs {
		ps.add("task.classes", "must be between 0 and the number of output neurons, %d", outputs)
	}
	for _, set := range []struct {
		name     string
		patterns []Pattern
	}{{"task.train", t.Train}, {"task.validation", t.Validation}} {
		for k, p := range set.patterns {
			path := fmt.Sprintf("%s.%d", set.name, k)
			if len(p.Input) != inputs {
				ps.add(path+".input", "has %d entries for %d input neurons", len(p.Input), inputs)
			}
			checkValues(ps, path+".input", p.Input, maxDrive)
			switch {
			case p.Target == nil && !teacher:
				ps.add(path+".target", "is missing, and there is no teacher")
			case p.Target != nil && len(p.Target) != outputs:
				ps.add(path+".target", "has %d entries for %d output neurons", len(p.Target), outputs)
			}
			checkValues(ps, path+".target", p.Target, maxDrive)
			if t.Classes > 0 && (p.Class < 0 || p.Class >= t.Classes) {
				ps.add(path+".class", "must be between 0 and %d", t.Classes-1)
			}
		}
	}
}

func (t Teacher) config(c Config) Config {
	top := max(len(t.Dims)-1, 0)
	return Config{Dims: t.Dims, Tau: c.Tau, Window: 1, RateUp: make([]float64, top), Method: BP}
}

func (t Teacher) validate(ps *problems, c Config, skip int64) {
	fault := func(found []Problem) {
		for _, p := range found {
			ps.add("teacher."+p.Path, "%s", p.Message)
		}
	}
	tc := t.config(c)
	if found := tc.Validate(); len(found) > 0 {
		fault(found)
		return
	}
	fault(Weights{Up: t.Up, Bias: t.Bias}.Validate(tc))
	if top := len(t.Dims) - 1; t.Dims[0] != c.Dims[0] || t.Dims[top] != c.Dims[len(c.Dims)-1] {
		ps.add("teacher.dims", "must begin and end like the student's %v", c.Dims)
	}
	if t.Steps <= skip || t.Steps > maxPresent {
		ps.add("teacher.steps", "must be between skip+1 = %d and %d", skip+1, int64(maxPresent))
	}
}
