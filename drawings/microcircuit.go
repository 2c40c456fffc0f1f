package drawings

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"

	"spikealign/alignment"
	"spikealign/experiment"
	"spikealign/figure"
)

// Microcircuit draws the kind microcircuit.
func Microcircuit() Drawer {
	return Drawer{Run: circuitOf, Sweeps: []SweepDrawer{metricComparison(metrics{
		"loss": figure.Loss, "angle_deg": figure.Angle, "norm_ratio": figure.Ratio, "sign_agreement": figure.Signs, "accuracy": figure.Accuracy,
	}, "accuracy")}}
}

// circuitOf draws a run of a microcircuit as figures/training.
func circuitOf(f *experiment.Folder) ([]Picture, error) {
	m := figure.Microcircuit{Name: f.Info.Name}
	columns, err := f.Table("metrics")
	if err != nil {
		return nil, err
	}
	m.Epoch = columns["epoch"]
	m.Loss, m.LossNudged, m.TrainLoss = columns["loss"], columns["loss_nudged"], columns["train_loss"]
	m.Accuracy, m.TrainAccuracy = columns["accuracy"], columns["train_accuracy"]
	aligned, err := f.Table("alignment")
	if err != nil {
		return nil, err
	}
	if m.Angles, err = byLayer(f, aligned, "angle_deg"); err != nil {
		return nil, err
	}
	if aligned["norm_ratio"] != nil { // there is none from an earlier program
		if m.Ratios, err = byLayer(f, aligned, "norm_ratio"); err != nil {
			return nil, err
		}
	}
	// While the run goes on, a report may stand in one table and not yet in the other.
	n := len(m.Epoch)
	for _, a := range m.Angles {
		n = min(n, len(a))
	}
	for _, v := range [][]float64{m.Loss, m.LossNudged, m.TrainLoss, m.Accuracy, m.TrainAccuracy} {
		if len(v) < n {
			return nil, fmt.Errorf("%s lacks a column of microcircuits", f.Path(experiment.MetricsFile))
		}
	}
	m.Epoch = m.Epoch[:n]
	for _, v := range []*[]float64{&m.Loss, &m.LossNudged, &m.TrainLoss, &m.Accuracy, &m.TrainAccuracy} {
		*v = (*v)[:n]
	}
	for l := range m.Angles {
		m.Angles[l] = m.Angles[l][:n]
	}
	for l := range m.Ratios {
		m.Ratios[l] = m.Ratios[l][:n]
	}
	for l := range m.Angles {
		if single(f, l) { // 0 or 180, a sign, which the weights show
			m.Angles[l] = slices.Repeat([]float64{math.NaN()}, n)
		}
	}
	if err := readWeights(f, &m); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return []Picture{{"training", m}}, nil
}

// single tells whether one synapse alone joins the hidden layer l, from 0, and the layer above.
func single(f *experiment.Folder, l int) bool {
	layers, _ := f.Info.Facts["layers"].([]any)
	if l+2 >= len(layers) {
		return false
	}
	return layers[l+1] == 1.0 && layers[l+2] == 1.0
}

// readWeights reads the weights of a finished run.
func readWeights(f *experiment.Folder, m *figure.Microcircuit) error {
	file := f.Path(experiment.ArraysFile)
	z, err := f.Arrays()
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
	if synapses <= figure.MaxSynapseLines {
		m.WeightEpoch = append([]float64{-1}, m.Epoch...)
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
				s := figure.Synapse{Name: weightName(w.name, w.rows, w.columns, k), Weight: []float64{w.initial[k]}}
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
		m.Layers = append(m.Layers, figure.FeedbackLayer{Up0: alignment.Transposed(u.initial, u.rows, u.columns), Down0: d.initial, Up: alignment.Transposed(u.final, u.rows, u.columns), Down: d.final})
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

// byLayer returns a column of alignment.csv for each layer; layers count from 1.
func byLayer(f *experiment.Folder, table map[string][]float64, column string) (layers [][]float64, err error) {
	values := table[column]
	if len(values) != len(table["layer"]) {
		return nil, fmt.Errorf("%s lacks the column %s", f.Path("alignment.csv"), column)
	}
	for k, layer := range table["layer"] {
		l := int(layer) - 1
		if !(l >= 0 && l <= len(layers)) {
			return nil, fmt.Errorf("%s: row %d is of layer %v", f.Path("alignment.csv"), k+2, layer)
		}
		if l == len(layers) {
			layers = append(layers, nil)
		}
		layers[l] = append(layers[l], values[k])
	}
	return layers, nil
}
