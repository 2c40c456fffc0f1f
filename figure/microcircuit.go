package figure

import (
	"errors"
	"fmt"
	"image/color"
	"io/fs"
	"math"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot/vg"

	"spikealign/experiment"
	"spikealign/internal/npz"
)

// Microcircuit is one run of a dendritic microcircuit (docs/model.md, section 7). Any slice may be nil: what it would show is left out.
type Microcircuit struct {
	Name string // title of the figure

	Epoch                   []float64   // epochs finished, the abscissa of the next six
	Loss, LossNudged        []float64   // of the validation, free and with the output nudged
	TrainLoss               []float64   // of the learning patterns
	Accuracy, TrainAccuracy []float64   // 0..1
	Angles                  [][]float64 // [hidden layer][epoch] between feedback weights and transposed forward weights, degrees

	WeightEpoch []float64       // epochs finished, from 0: the abscissa of the weights
	Synapses    []Synapse       // of a small network; up to six
	Layers      []FeedbackLayer // of a larger one
}

// Synapse is a weight over the epochs.
type Synapse struct {
	Name   string
	Weight []float64
}

// FeedbackLayer holds the forward weights out of a hidden layer and the feedback weights into it, in the order of the same pairs of neurons.
type FeedbackLayer struct {
	Up0, Down0, Up, Down []float64 // before and after training
}

const (
	lossLabel  = "mean squared error"
	angleLabel = "angle (degrees)"
	epochsDone = "epochs of training"

	maxDots         = 2000 // of a layer in a scatter: more hide each other and make large files
	maxLayersDrawn  = 9
	maxSynapseLines = 6 // as many as there are colours
)

// Figure draws the losses over the epochs, the angle between feedback and forward weights of every hidden layer, the accuracy, and the weights: over the epochs for a small network, for
// others the feedback against the forward weights of each hidden layer (the first nine; of large layers a regular sample), before and after training. It returns an *InputError for lengths that
// do not fit together, for more synapses than there are colours and when there is nothing to draw.
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
	if n := len(m.Synapses); n > maxSynapseLines {
		return bad("Synapses", "%d synapses, at most %d have distinct colours", n, maxSynapseLines)
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

// runMicrocircuit draws the run in dir.
func runMicrocircuit(dir, name string) ([]string, error) {
	m := Microcircuit{Name: name}
	columns, err := experiment.ReadTable(dir, "metrics")
	if err != nil {
		return nil, err
	}
	m.Epoch = finishedEpochs(columns["epoch"])
	m.Loss, m.LossNudged, m.TrainLoss = columns["loss"], columns["loss_nudged"], columns["train_loss"]
	m.Accuracy, m.TrainAccuracy = columns["accuracy"], columns["train_accuracy"]
	alignment, err := experiment.ReadTable(dir, "alignment")
	if err != nil {
		return nil, err
	}
	for k, layer := range alignment["layer"] {
		l := int(layer) - 1
		if !(l >= 0 && l <= len(m.Angles)) {
			return nil, fmt.Errorf("%s: row %d is of layer %v", filepath.Join(dir, "alignment.csv"), k+2, layer)
		}
		if l == len(m.Angles) {
			m.Angles = append(m.Angles, nil)
		}
		m.Angles[l] = append(m.Angles[l], alignment["angle_deg"][k])
	}
	// While the run goes on, a report may stand in one table and not yet in the other.
	n := len(m.Epoch)
	for _, a := range m.Angles {
		n = min(n, len(a))
	}
	m.Epoch = m.Epoch[:n]
	for _, v := range []*[]float64{&m.Loss, &m.LossNudged, &m.TrainLoss, &m.Accuracy, &m.TrainAccuracy} {
		*v = (*v)[:n]
	}
	for l := range m.Angles {
		m.Angles[l] = m.Angles[l][:n]
	}
	if err := m.readWeights(filepath.Join(dir, experiment.ArraysFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return save(m, dir, "training")
}

// finishedEpochs turns numbers of epochs into how many are over after them.
func finishedEpochs(epoch []float64) []float64 {
	x := make([]float64, len(epoch))
	for k, e := range epoch {
		x[k] = e + 1
	}
	return x
}

// readWeights reads the weights of a finished run.
func (m *Microcircuit) readWeights(file string) error {
	z, err := npz.Open(file)
	if err != nil {
		return err
	}
	defer z.Close()
	type matrix struct {
		name           string
		rows, columns  int
		initial, final []float64
	}
	read := func(kind string) (ms []matrix, err error) {
		for l := 1; ; l++ {
			w := matrix{name: fmt.Sprintf("%s_%d", kind, l)}
			if !z.Has(w.name + "_initial") {
				return ms, nil
			}
			var shape []int
			if w.initial, shape, err = z.Float64s(w.name + "_initial"); err != nil {
				return nil, err
			}
			if w.final, _, err = z.Float64s(w.name + "_final"); err != nil {
				return nil, err
			}
			if len(shape) != 2 || len(w.final) != len(w.initial) {
				return nil, fmt.Errorf("%s: %s_initial and %s_final are no matrices of one shape", file, w.name, w.name)
			}
			w.rows, w.columns = shape[0], shape[1]
			ms = append(ms, w)
		}
	}
	up, err := read("up")
	if err != nil {
		return err
	}
	down, err := read("down")
	if err != nil {
		return err
	}
	all := slices.Concat(up, down)
	synapses := 0
	for _, w := range all {
		synapses += len(w.initial)
	}
	if synapses <= maxSynapseLines {
		m.WeightEpoch = append([]float64{0}, m.Epoch...)
		for _, w := range all {
			if !z.Has(w.name) { // without snapshots
				m.WeightEpoch, m.Synapses = nil, nil
				break
			}
			reports, _, err := z.Float64s(w.name)
			if err != nil {
				return err
			}
			size := len(w.initial)
			if len(reports) != size*len(m.Epoch) {
				return fmt.Errorf("%s: %s holds %d numbers for %d reports", file, w.name, len(reports), len(m.Epoch))
			}
			for k := range size {
				s := Synapse{Name: weightName(w.name, w.rows, w.columns, k), Weight: []float64{w.initial[k]}}
				for r := range m.Epoch {
					s.Weight = append(s.Weight, reports[r*size+k])
				}
				m.Synapses = append(m.Synapses, s)
			}
		}
		if m.Synapses != nil {
			return nil
		}
	}
	for l, d := range down {
		if l+1 >= len(up) || up[l+1].rows != d.columns || up[l+1].columns != d.rows {
			return fmt.Errorf("%s: %s is not of the shape of up_%d, transposed", file, d.name, l+2)
		}
		u := up[l+1]
		m.Layers = append(m.Layers, FeedbackLayer{Up0: transposed(u.initial, u.rows, u.columns), Down0: d.initial, Up: transposed(u.final, u.rows, u.columns), Down: d.final})
	}
	return nil
}

// weightName is how figures call synapse k of the array, a matrix of that size.
func weightName(array string, rows, columns, k int) string {
	var kind string
	var layer int
	if _, err := fmt.Sscanf(array, "up_%d", &layer); err == nil {
		kind = "up"
	} else if _, err := fmt.Sscanf(array, "down_%d", &layer); err == nil {
		kind = "down"
	}
	name := fmt.Sprintf(`\i{W}_{%s,%d}`, kind, layer)
	if rows*columns > 1 {
		name += fmt.Sprintf("[%d,%d]", k/columns, k%columns)
	}
	return name
}

func transposed(w []float64, rows, columns int) []float64 {
	t := make([]float64, 0, len(w))
	for j := range columns {
		for i := range rows {
			t = append(t, w[i*columns+j])
		}
	}
	return t
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
