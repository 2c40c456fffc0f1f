package figure

import (
	"fmt"
	"slices"
)

// Microcircuit is one run of a dendritic microcircuit (docs/model.md, section 7). Any slice may be
// nil: what it would show is left out.
type Microcircuit struct {
	Name string // title of the figure

	Epoch                   []float64 // counted from 0, the abscissa of the next seven
	Loss, LossNudged        []float64 // of the validation, free and with the output nudged
	TrainLoss               []float64 // of the learning patterns
	Accuracy, TrainAccuracy []float64 // 0..1
	// [hidden layer][epoch] between feedback weights and transposed forward weights, degrees
	Angles [][]float64
	// [hidden layer][epoch] length of the feedback weights over that of the forward weights
	Ratios [][]float64

	WeightEpoch []float64       // the epoch after which, -1 before the first: the abscissa of the weights
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
	alignmentHead = "feedback alignment"
	ratioHead     = "size of the feedback"
	ratioLabel    = "feedback / forward"

	maxDots        = 2500 // of a layer in a scatter: more hide each other and make large files
	maxLayersDrawn = 9
)

// The abscissa of epochs finished, and the ordinate of losses.
var (
	epochsDone = Axis{Label: "epochs of training", Tight: true, Zero: true, Whole: true}
	lossAxis   = Axis{Label: "mean squared error", Log: true}
)

// Figure draws the losses over the epochs, the angle between feedback and forward weights of every
// hidden layer, the ratio of their lengths, the accuracy, and the weights: over the epochs for a
// small network, for others the feedback against the forward weights of each hidden layer (the
// first nine; of large layers a regular sample), before and after training. It returns an
// *InputError for lengths that do not fit together, for more synapses than there are colours and
// when there is nothing to draw.
func (m Microcircuit) Figure() (*Figure, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	g := &Figure{Title: m.Name, Columns: 3, Height: 92}
	if anyFinite(m.Loss, m.TrainLoss) {
		g.add(m.loss())
	}
	if anyFinite(m.Accuracy, m.TrainAccuracy) {
		p := &Panel{Heading: "classification", X: epochs, Y: Axis{Label: "share of patterns right", Zero: true}}
		p.series("training", m.Epoch, m.TrainAccuracy, line(Reference, 1.1))
		p.series("validation", m.Epoch, m.Accuracy, line(First, 1.1))
		g.add(p)
	}
	layers := func(p *Panel, values [][]float64) {
		for l, v := range values {
			name := ""
			if len(values) > 1 {
				name = fmt.Sprintf("layer %d", l+1)
			}
			p.series(name, m.Epoch, v, sequential(l, len(values), 1.1))
		}
		g.add(p)
	}
	if anyFinite(m.Angles...) {
		p := &Panel{Heading: alignmentHead, X: epochs, Y: Axis{Label: "angle", Unit: "degrees", Zero: true}}
		p.Y.include(90)
		layers(p, m.Angles)
	}
	if anyFinite(m.Ratios...) {
		layers(ratioPanel(epochs), m.Ratios)
	}
	if len(m.Synapses) > 0 {
		p := &Panel{Heading: "weights", Note: "at −1: before training", X: epochs, Y: Axis{Label: "weight"}}
		for k, s := range m.Synapses {
			p.series(s.Name, m.WeightEpoch, s.Weight, line(categorical[k], 1.1))
		}
		g.add(p)
	}
	for l, w := range m.Layers[:min(len(m.Layers), maxLayersDrawn)] {
		g.add(w.panel(l + 1))
	}
	if len(g.Panels) == 0 {
		return nil, &InputError{"Microcircuit", "Name", fmt.Sprintf("%q has nothing to draw: every part is missing", m.Name)}
	}
	if len(g.Panels) == 4 { // three and one would leave a hole
		g.Columns, g.Width = 2, fullWidth*2/3
		return g, nil
	}
	return g.narrow(), nil
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
	for _, c := range []struct {
		field  string
		layers [][]float64
	}{{"Angles", m.Angles}, {"Ratios", m.Ratios}} {
		for l, v := range c.layers {
			if len(v) != len(m.Epoch) {
				return bad(c.field, "layer %d: %d values for %d epochs", l+1, len(v), len(m.Epoch))
			}
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

// series draws one line, if there are values.
func (p *Panel) series(label string, x, y []float64, l Look) {
	if anyFinite(y) {
		p.curve(label, x, y, l)
	}
}

// ratioPanel is for ratios of feedback to forward weights, with a line where they are of one size.
// A factor of 3 to either side always shows.
func ratioPanel(x Axis) *Panel {
	p := &Panel{Heading: ratioHead, X: x, Y: Axis{Label: ratioLabel, Log: true}}
	p.Y.include(1.0/3, 3)
	p.under(Series{Kind: Level, Look: dashed(Reference, 0.7), Y: Numbers{1}})
	return p
}

func (m Microcircuit) loss() *Panel {
	p := &Panel{Heading: "loss", X: epochs, Y: lossAxis}
	p.series("training", m.Epoch, m.TrainLoss, line(Faint, 1.1))
	p.series("validation, nudged", m.Epoch, m.LossNudged, line(Sixth, 1.1))
	p.series("validation", m.Epoch, m.Loss, line(First, 1.1))
	return p
}

func (w FeedbackLayer) panel(l int) *Panel {
	p := framed(fmt.Sprintf("weights of hidden layer %d", l), "forward weight", "feedback weight")
	radius, cover := 1.9, 0.8
	if len(w.Up) > 100 {
		radius = 1.2
	}
	if len(w.Up) > 1000 { // a cloud, whose density is to be seen
		radius, cover = 0.8, 0.35
	}
	draw := func(label string, up, down []float64, mark Look) {
		stride := (len(up) + maxDots - 1) / maxDots
		if stride > 1 {
			var u, d []float64
			for k := 0; k < len(up); k += stride {
				u, d = append(u, up[k]), append(d, down[k])
			}
			p.Note = fmt.Sprintf("%d of %d synapses", len(u), len(up))
			up, down = u, d
		}
		if len(up) > 0 {
			p.curve(label, up, down, mark)
		}
	}
	before := ring(Reference, radius)
	if cover < 0.5 {
		before = before.faded(0.5)
	}
	draw("before", w.Up0, w.Down0, before)
	draw("after", w.Up, w.Down, dot(First, radius).faded(cover))
	p.diagonal()
	return p
}
