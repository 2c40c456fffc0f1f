package drawings

import (
	"errors"
	"fmt"
	"io/fs"

	"spikealign/alignment"
	"spikealign/experiment"
	"spikealign/figure"
)

// Align draws the kind align.
func Align() Drawer {
	known := metrics{"angle_deg": figure.Angle}
	return Drawer{Run: alignmentOf, Sweeps: []SweepDrawer{metricComparison(known)}}
}

// alignmentOf draws a run that aligned feedback weights as figures/alignment.
func alignmentOf(f *experiment.Folder) ([]Picture, error) {
	m := figure.Align{Name: f.Info.Name}
	columns, err := f.Table("metrics")
	if err != nil {
		return nil, err
	}
	layers := columns["layer"]
	for k, layer := range layers {
		l := int(layer)
		if !(l >= 0 && l <= len(m.Angles)) {
			return nil, fmt.Errorf("%s: row %d is of layer %v", f.Path(experiment.MetricsFile), k+2, layer)
		}
		if l == len(m.Angles) {
			m.Angles, m.ErrorAngles, m.Correlations = append(m.Angles, nil), append(m.ErrorAngles, nil), append(m.Correlations, nil)
		}
		for _, v := range []struct {
			to   [][]float64
			from string
		}{{m.Angles, "angle_deg"}, {m.ErrorAngles, "error_angle_deg"}, {m.Correlations, "correlation"}, {[][]float64{m.Time}, "time_s"}} {
			from := columns[v.from]
			if len(from) != len(layers) {
				return nil, fmt.Errorf("%s lacks the column %s", f.Path(experiment.MetricsFile), v.from)
			}
			if v.from != "time_s" {
				v.to[l] = append(v.to[l], from[k])
			} else if l == 0 {
				m.Time = append(m.Time, from[k])
			}
		}
	}
	if len(m.Angles) == 0 {
		return nil, nil
	}
	// While the run goes on, the rows of a report may not all be there.
	n := len(m.Angles[len(m.Angles)-1])
	m.Time = m.Time[:min(n, len(m.Time))]
	for l := range m.Angles {
		m.Angles[l], m.ErrorAngles[l], m.Correlations[l] = m.Angles[l][:n], m.ErrorAngles[l][:n], m.Correlations[l][:n]
	}
	if m.Layers, err = AlignedWeights(f); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return []Picture{{"alignment", m}}, nil
}

// AlignedWeights reads the weights of a finished run of kind align, layer by layer.
func AlignedWeights(f *experiment.Folder) (layers []figure.FeedbackLayer, err error) {
	z, err := f.Arrays()
	if err != nil {
		return nil, err
	}
	defer z.Close()
	for l := 0; z.Has(fmt.Sprintf("up_%d", l+1)); l++ {
		up, shape, err := z.Float64s(fmt.Sprintf("up_%d", l+1))
		if err != nil {
			return nil, err
		}
		if len(shape) != 2 {
			return nil, fmt.Errorf("%s: up_%d is no matrix", f.Path(experiment.ArraysFile), l+1)
		}
		w := figure.FeedbackLayer{Up: alignment.Transposed(up, shape[0], shape[1])}
		w.Up0 = w.Up
		if w.Down0, _, err = z.Float64s(fmt.Sprintf("down_%d_initial", l)); err != nil {
			return nil, err
		}
		if w.Down, _, err = z.Float64s(fmt.Sprintf("down_%d_final", l)); err != nil {
			return nil, err
		}
		layers = append(layers, w)
	}
	return layers, nil
}
