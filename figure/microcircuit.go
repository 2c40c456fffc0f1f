package figure

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
)

// Microcircuit is one run of a dendritic microcircuit (docs/model.md, section 7). Any slice may be
// nil: what it would show is left out.
type Microcircuit struct {
	Name string // title of the figure

	Epoch                   []float64 // epochs finished, the abscissa of the next six
	Loss, LossNudged        []float64 // of the validation, free and with the output nudged
	TrainLoss               []float64 // of the learning patterns
	Accuracy, TrainAccuracy []float64 // 0..1
	// [hidden layer][epoch] between feedback weights and transposed forward weights, degrees
	Angles [][]float64

	WeightEpoch []float64       // epochs finished, from 0: the abscissa of the weights
	Synapses    []Synapse       // of a small network; up to six
	Layers      []FeedbackLayer // of a larger one
}

// Synapse is a weight over the epochs.
type Synapse struct {
	Name   string
	Weight []float64
}

// FeedbackLayer holds the forward weights out of a hidden layer and the feedback weights into it,
// in the order of the same pairs of neurons.
type FeedbackLayer struct {
	Up0, Down0, Up, Down []float64 // before and after training
}

// MaxSynapseLines is how many synapses can be drawn as lines over the epochs: as many as there are
// colours.
const MaxSynapseLines = 6

const (
	lossLabel  = "mean squared error"
	angleLabel = "angle (degrees)"
	epochsDone = "epochs of training"

	maxDots        = 2000 // of a layer in a scatter: more hide each other and make large files
	maxLayersDrawn = 9
)

// Figure draws the losses over the epochs, the angle between feedback and forward weights of every
// hidden layer, the accuracy, and the weights: over the epochs for a small network, for others the
// feedback against the forward weights of each hidden layer (the first nine; of large layers a
// regular sample), before and after training. It returns an *InputError for lengths that do not fit
// together, for more synapses than there are colours and when there is nothing to draw.
func (m Microcircuit) Figure() (*Figure, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	g := newPanels(3, 92)
	g.title = m.Name
	if anyFinite(m.Loss, m.TrainLoss) {
		g.add(m.loss(), 1)
	}
	if anyFinite(m.Accuracy, m.TrainAccuracy) {
		p := trained("classification")
		p.y.label, p.y.zero = "share of patterns right", true
		p.series(m.Epoch, m.TrainAccuracy, "training", grey)
		p.series(m.Epoch, m.Accuracy, "validation", blue)
		g.add(p, 1)
	}
	if anyFinite(m.Angles...) {
		p := trained("feedback alignment")
		p.y.label, p.y.zero = angleLabel, true
		p.y.include(90)
		for l, a := range m.Angles {
			name := ""
			if len(m.Angles) > 1 {
				name = fmt.Sprintf("layer %d", l+1)
			}
			p.series(m.Epoch, a, name, sequential(l, len(m.Angles)))
		}
		g.add(p, 1)
	}
	if len(m.Synapses) > 0 {
		p := trained("weights")
		p.y.label = "weight"
		for k, s := range m.Synapses {
			p.series(m.WeightEpoch, s.Weight, s.Name, categorical[k])
		}
		g.add(p, 1)
	}
	for l, w := range m.Layers[:min(len(m.Layers), maxLayersDrawn)] {
		g.add(w.panel(l+1), 1)
	}
	if len(g.cells) == 0 {
		return nil, &InputError{"Microcircuit", "Name", fmt.Sprintf("%q has nothing to draw: every part is missing", m.Name)}
	}
	return g.figure(gridWidth(g)), nil
}

func (m Microcircuit) check() error {
	bad := func(field, format string, args ...any) error {
		return &InputError{"Microcircuit", field, fmt.Sprintf(format, args...)}
	}
	for _, c := range []struct {
		field string
		v     []float64
	}{{"Loss", m.Loss}, {"LossNudged", m.LossNudged}, {"TrainLoss", m.TrainLoss}, {"Accuracy", m.Accuracy}, {"TrainAccuracy", m.TrainAccuracy}} {
		if len(c.v) > 0 && len(c.v) != len(m.Epoch) {
			return bad(c.field, "%d values for %d epochs", len(c.v), len(m.Epoch))
		}
	}
	for l, a := range m.Angles {
		if len(a) != len(m.Epoch) {
			return bad("Angles", "layer %d: %d values for %d epochs", l+1, len(a), len(m.Epoch))
		}
	}
	if n := len(m.Synapses); n > MaxSynapseLines {
		return bad("Synapses", "%d synapses, at most %d have distinct colours", n, MaxSynapseLines)
	}
	for _, s := range m.Synapses {
		if len(s.Weight) != len(m.WeightEpoch) {
			return bad("Synapses", "%q: %d weights for %d epochs", s.Name, len(s.Weight), len(m.WeightEpoch))
		}
	}
	for l, w := range m.Layers {
		if len(w.Up) != len(w.Down) || len(w.Up0) != len(w.Down0) {
			return bad("Layers", "layer %d: %d and %d forward weights for %d and %d feedback weights", l+1, len(w.Up0), len(w.Up), len(w.Down0), len(w.Down))
		}
	}
	return nil
}

func anyFinite(vs ...[]float64) bool {
	return slices.ContainsFunc(vs, func(v []float64) bool { return slices.ContainsFunc(v, finite) })
}

// trained is a panel over the epochs finished.
func trained(heading string) *panel {
	p := newPanel()
	p.heading, p.x.label, p.x.tight, p.x.zero, p.x.whole = heading, epochsDone, true, true, true
	return p
}

// series draws one line, if there are values, and its name.
func (p *panel) series(x, y []float64, name string, hue color.NRGBA) {
	if !anyFinite(y) {
		return
	}
	style := solid(hue, 1.1)
	p.line(x, y, style)
	if name != "" {
		p.explain(name, lineThumb(style))
	}
}

func (m Microcircuit) loss() *panel {
	p := trained("loss")
	p.y.label, p.y.log = lossLabel, true
	p.series(m.Epoch, m.TrainLoss, "training", pale)
	p.series(m.Epoch, m.LossNudged, "validation, nudged", skyBlue)
	p.series(m.Epoch, m.Loss, "validation", blue)
	return p
}

func (w FeedbackLayer) panel(l int) *panel {
	p := newPanel()
	p.square, p.frame = true, true
	p.heading = fmt.Sprintf("weights of hidden layer %d", l)
	p.x.label, p.y.label = "forward weight", "feedback weight"
	radius := vg.Length(1.9)
	if len(w.Up) > 100 {
		radius = 1.2
	}
	draw := func(up, down []float64, name string, before bool) {
		stride := (len(up) + maxDots - 1) / maxDots
		if stride > 1 {
			var u, d []float64
			for k := 0; k < len(up); k += stride {
				u, d = append(u, up[k]), append(d, down[k])
			}
			p.note = fmt.Sprintf("%d of %d synapses", len(u), len(up))
			up, down = u, d
		}
		s := dot(fade(blue, 0.8), radius)
		if before {
			s = ring(grey, radius)
		}
		if len(up) > 0 {
			p.points(up, down, s)
			p.explain(name, glyphThumb(s))
		}
	}
	draw(w.Up0, w.Down0, "before", true)
	draw(w.Up, w.Down, "after", false)
	p.diagonal(dashed(grey, 0.7))
	return p
}

// mean is the mean of the finite values, NaN without any.
func mean(values []float64) float64 {
	sum, n := 0.0, 0.0
	for _, v := range values {
		if finite(v) {
			sum += v
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / n
}
