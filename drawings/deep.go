package drawings

import (
	"fmt"

	"spikealign/experiment"
	"spikealign/figure"
)

// Deep draws the kind deep.
func Deep() Drawer {
	return Drawer{Run: deepOf, Sweeps: []SweepDrawer{metricComparison(metrics{"test_accuracy": figure.Accuracy, "angle_deg": figure.Angle})}}
}

// deepOf draws a training of a deep network as figures/training.
func deepOf(f *experiment.Folder) ([]Picture, error) {
	m := figure.Deep{Name: f.Info.Name}
	columns, err := f.Table("metrics")
	if err != nil {
		return nil, err
	}
	m.Epoch = columns["epoch"]
	m.TrainLoss, m.TestLoss = columns["train_loss"], columns["test_loss"]
	m.TrainAccuracy, m.TestAccuracy = columns["train_accuracy"], columns["test_accuracy"]
	alignment, err := f.Table("alignment")
	if err != nil {
		return nil, err
	}
	if m.Angles, err = byLayer(f, alignment, "angle_deg"); err != nil {
		return nil, err
	}
	head, rows, err := f.Rows("updates")
	if err != nil {
		return nil, err
	}
	angles, err := f.Table("updates")
	if err != nil {
		return nil, err
	}
	name := -1
	for k, h := range head {
		if h == "weights" {
			name = k
		}
	}
	if name < 0 || len(angles["angle_deg"]) != len(rows) {
		return nil, fmt.Errorf("%s lacks a column", f.Path("updates.csv"))
	}
	at := map[string]int{}
	for k, row := range rows {
		i, ok := at[row[name]]
		if !ok {
			i = len(m.Updates)
			at[row[name]] = i
			m.Updates = append(m.Updates, figure.NamedCurve{Name: row[name]})
		}
		m.Updates[i].Values = append(m.Updates[i].Values, angles["angle_deg"][k])
	}
	// While the run goes on, a report may stand in one table and not yet in the others.
	n := len(m.Epoch)
	for _, v := range m.Angles {
		n = min(n, len(v))
	}
	for _, c := range m.Updates {
		n = min(n, len(c.Values))
	}
	for _, v := range []*[]float64{&m.Epoch, &m.TrainLoss, &m.TestLoss, &m.TrainAccuracy, &m.TestAccuracy} {
		if len(*v) < n {
			return nil, fmt.Errorf("%s lacks a column of deep networks", f.Path(experiment.MetricsFile))
		}
		*v = (*v)[:n]
	}
	for l := range m.Angles {
		m.Angles[l] = m.Angles[l][:n]
	}
	for k := range m.Updates {
		m.Updates[k].Values = m.Updates[k].Values[:n]
	}
	if n == 0 {
		return nil, nil
	}
	return []Picture{{"training", m}}, nil
}
