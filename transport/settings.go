package transport

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"spikealign/internal/random"
	"spikealign/layered"
	"spikealign/mismatch"
	"spikealign/settings"
)

// Settings describe a whole comparison run: layers, weights, a method and how long it works. They
// are what an experiment file says, with its defaults (settings.Default).
type Settings struct {
	Layers   []int             `yaml:"layers" default:"[50, 50]" also:"dims, sizes" doc:"neurons of each layer, from the first to the last; two layers or more"`
	Method   string            `yaml:"method" default:"sal" doc:"by which the feedback weights learn: sal, or another one of those below"`
	Seeds    Seeds             `yaml:"seeds" doc:"seeds of their own for what is drawn once"`
	Initial  Initial           `yaml:"initial" doc:"weights and biases at the start"`
	Mismatch mismatch.Settings `yaml:"mismatch" doc:"how neurons and synapses differ from each other; 0: not"`
	Course   Course            `yaml:"training" doc:"epochs and reports"`
	Methods
}

// Seeds replace the seed of the run.
type Seeds struct {
	Initial  *uint64 `yaml:"initial" doc:"of weights and biases at the start; null: the run's seed"`
	Mismatch *uint64 `yaml:"mismatch" doc:"of the differences between neurons and synapses; null: the run's seed"`
}

// Ways to begin the feedback weights.
const (
	RandomFeedback   = "random"
	ZeroFeedback     = "zero"
	OppositeFeedback = "opposite"
)

// Initial says where learning begins.
type Initial struct {
	// From is not followed here: who calls Problem brings those weights.
	From      string        `yaml:"from" doc:"or those of a finished run: its folder, or FOLDER#EPOCH for a report of that run with snapshots"`
	UpScale   float64       `yaml:"up_scale" default:"1" range:"[0, 1e3]" doc:"forward weights are drawn evenly from +-up_scale/sqrt(fan-in)"`
	Feedback  string        `yaml:"feedback" default:"random" choice:"random, zero, opposite" doc:"feedback weights: drawn evenly from +-down_scale/sqrt(fan-in); all 0; or the transposed forward weights with the opposite sign"`
	DownScale float64       `yaml:"down_scale" default:"1" range:"[0, 1e3]" doc:"for random feedback"`
	BiasScale float64       `yaml:"bias_scale" default:"1" range:"[0, 1e3]" doc:"biases are drawn evenly from +-bias_scale/sqrt(neurons of the layer)"`
	Up        [][][]float64 `yaml:"up" range:"[-1e3, 1e3]" doc:"or given: a matrix for each layer but the first, row = postsynaptic"`
	Down      [][][]float64 `yaml:"down" range:"[-1e3, 1e3]" doc:"or given: a matrix for each layer but the last, row = postsynaptic (a neuron of that layer)"`
	Bias      [][]float64   `yaml:"bias" range:"[-1e3, 1e3]" doc:"or given: a list for each layer"`
}

// Course says how long a run takes.
type Course struct {
	Epochs       int64   `yaml:"epochs" default:"100" range:"[1, 2^40]" doc:"number of epochs"`
	EpochSeconds float64 `yaml:"epoch_seconds" default:"1" range:"[1e-6, 1e6]" unit:"s" doc:"simulated time of an epoch; with replicas it is shared among them"`
	ReportEvery  int64   `yaml:"report_every" default:"1" range:"[1, 2^40]" doc:"epochs between two reports; the start and the end are reported in any case"`
}

// Validate returns everything that is wrong with the settings.
func (s *Settings) Validate() settings.Problems {
	ps := settings.Check(s)
	layers := len(ps)
	layered.CheckLayers(&ps, "layers", s.Layers)
	if len(ps) > layers {
		return ps
	}
	s.Initial.relate(&ps, s.Layers)
	m, err := s.Get(s.Method)
	if err != nil {
		ps.Add("method", "must be one of %s", strings.Join(Names(), ", "))
		return ps
	}
	if !ps.Has(s.Method) {
		ps.In(s.Method, m.Validate(s.Layers))
	}
	if _, scaled := m.(*RDD); scaled && s.Initial.From == "" && s.Initial.Down == nil && s.Initial.Feedback == ZeroFeedback {
		ps.Add("initial.feedback", "method %s takes the scale of the feedback weights from those at the start: must be random or opposite, or another method", s.Method)
	}
	// NaN where the step or the length of an epoch is none
	step, _ := m.Clock()
	if steps := float64(s.Course.Epochs) * s.Course.EpochSeconds / step; steps > 1<<50 {
		ps.Add("training.epochs", "the run is longer than 2^50 steps, %.3g s each, of all replicas together; fewer or shorter epochs are needed", step)
	}
	lacks := m.Lacks()
	for _, key := range s.Mismatch.Nonzero() {
		if slices.Contains(lacks, key) {
			ps.Add("mismatch."+key, "has no effect on method %s with its settings; 0, or another method", s.Method)
		}
	}
	return ps
}

func (i *Initial) relate(ps *settings.Problems, layers []int) {
	if i.From != "" {
		for k, given := range []bool{i.Up != nil, i.Down != nil, i.Bias != nil} {
			if given {
				ps.Add("initial."+[]string{"up", "down", "bias"}[k], "comes from the run of initial.from; remove one of them")
			}
		}
		return
	}
	top := len(layers) - 1
	relateMatrices(ps, "initial.up", i.Up, top, func(l int) (int, int) { return layers[l+1], layers[l] })
	relateMatrices(ps, "initial.down", i.Down, top, func(l int) (int, int) { return layers[l], layers[l+1] })
	if i.Bias != nil {
		if len(i.Bias) != len(layers) {
			ps.Add("initial.bias", "has %d layers, needs %d", len(i.Bias), len(layers))
			return
		}
		for l, b := range i.Bias {
			ps.Vector(fmt.Sprintf("initial.bias.%d", l), b, layers[l], "neurons")
		}
	}
}

func relateMatrices(ps *settings.Problems, path string, given [][][]float64, layers int, size func(l int) (rows, columns int)) {
	if given == nil {
		return
	}
	if len(given) != layers {
		ps.Add(path, "has %d layers, needs %d", len(given), layers)
		return
	}
	for l, m := range given {
		rows, columns := size(l)
		ps.Matrix(fmt.Sprintf("%s.%d", path, l), m, rows, columns)
	}
}

// Problem draws what is random and returns what the method has to solve. from, if not nil, gives
// weights and biases in place of Initial.
func (s *Settings) Problem(seed uint64, from *layered.Weights) Problem {
	p := Problem{Layers: s.Layers, Seed: seed}
	initial, differences := seed, seed
	if s.Seeds.Initial != nil {
		initial = *s.Seeds.Initial
	}
	if s.Seeds.Mismatch != nil {
		differences = *s.Seeds.Mismatch
	}
	if from != nil {
		p.Weights = *from
	} else {
		p.Weights = s.Initial.weights(s.Layers, initial)
	}
	m := s.Mismatch
	for l, n := range s.Layers {
		put(&p.Neurons.Gain, m.Gains(differences, uint64(l), n))
		put(&p.Neurons.Offset, m.Offsets(differences, uint64(l), n))
		put(&p.Neurons.Refractory, m.RefractoryTimes(differences, uint64(l), n))
		if l+1 < len(s.Layers) {
			synapses := n * s.Layers[l+1]
			put(&p.Synapses.Amplitude, m.Amplitudes(differences, uint64(l), synapses))
			put(&p.Synapses.Tau, m.Taus(differences, uint64(l), synapses))
		}
	}
	return p
}

func put(to *[][]float64, xs []float64) {
	if xs != nil {
		*to = append(*to, xs)
	}
}

func (i *Initial) weights(layers []int, seed uint64) layered.Weights {
	var w layered.Weights
	draw := func(p random.Purpose, l, n int, bound float64) []float64 {
		xs := make([]float64, n)
		stream := random.New(seed, p, uint64(l), 0)
		for k := range xs {
			xs[k] = float64(bound * (2*stream.Float64() - 1))
		}
		return xs
	}
	for l, n := range layers {
		if i.Bias != nil {
			w.Bias = append(w.Bias, i.Bias[l])
		} else {
			w.Bias = append(w.Bias, draw(random.InitialBias, l, n, i.BiasScale/math.Sqrt(float64(n))))
		}
		if l+1 == len(layers) {
			break
		}
		above := layers[l+1]
		if i.Up != nil {
			w.Up = append(w.Up, flat(i.Up[l]))
		} else {
			w.Up = append(w.Up, draw(random.InitialWeights, l, n*above, i.UpScale/math.Sqrt(float64(n))))
		}
		switch {
		case i.Down != nil:
			w.Down = append(w.Down, flat(i.Down[l]))
		case i.Feedback == ZeroFeedback:
			w.Down = append(w.Down, make([]float64, n*above))
		case i.Feedback == OppositeFeedback:
			b := make([]float64, n*above)
			for r := range n {
				for c := range above {
					b[r*above+c] = -w.Up[l][c*n+r]
				}
			}
			w.Down = append(w.Down, b)
		default:
			w.Down = append(w.Down, draw(random.FeedbackWeights, l, n*above, i.DownScale/math.Sqrt(float64(above))))
		}
	}
	return w
}

func flat(m [][]float64) []float64 {
	var xs []float64
	for _, row := range m {
		xs = append(xs, row...)
	}
	return xs
}
