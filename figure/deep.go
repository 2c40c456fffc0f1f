package figure

import "fmt"

// Deep is one training of a deep network (docs/deep.md). Any slice may be nil: what it would show
// is left out.
type Deep struct {
	Name string // title of the figure

	Epoch                       []float64
	TrainLoss, TestLoss         []float64
	TrainAccuracy, TestAccuracy []float64   // 0..1
	Angles                      [][]float64 // [fully connected layer][epoch] between feedback and transposed forward weights, degrees
	Updates                     []NamedCurve
}

// NamedCurve is a quantity over the epochs.
type NamedCurve struct {
	Name   string
	Values []float64
}

// Figure draws loss, accuracy, and the angles of feedback weights and of updates over the epochs.
// It returns an *InputError for lengths that do not fit together and when there is nothing to draw.
func (d Deep) Figure() (*Figure, error) {
	bad := func(field, format string, args ...any) error {
		return &InputError{"Deep", field, fmt.Sprintf(format, args...)}
	}
	all := map[string][]float64{"TrainLoss": d.TrainLoss, "TestLoss": d.TestLoss, "TrainAccuracy": d.TrainAccuracy, "TestAccuracy": d.TestAccuracy}
	for field, v := range all {
		if len(v) > 0 && len(v) != len(d.Epoch) {
			return nil, bad(field, "%d values for %d epochs", len(v), len(d.Epoch))
		}
	}
	for l, v := range d.Angles {
		if len(v) != len(d.Epoch) {
			return nil, bad("Angles", "layer %d: %d values for %d epochs", l+1, len(v), len(d.Epoch))
		}
	}
	for _, v := range d.Updates {
		if len(v.Values) != len(d.Epoch) {
			return nil, bad("Updates", "%s: %d values for %d epochs", v.Name, len(v.Values), len(d.Epoch))
		}
	}
	g := &Figure{Title: d.Name, Columns: 2, Height: 92}
	if anyFinite(d.TrainLoss, d.TestLoss) {
		p := &Panel{Heading: "loss", X: epochs, Y: Axis{Label: "cross entropy"}}
		p.series("training", d.Epoch, d.TrainLoss, line(Reference, 1.1))
		p.series("test", d.Epoch, d.TestLoss, line(First, 1.1))
		g.add(p)
	}
	if anyFinite(d.TrainAccuracy, d.TestAccuracy) {
		p := &Panel{Heading: "accuracy", X: epochs, Y: Axis{Label: "share of images right"}}
		p.series("training", d.Epoch, d.TrainAccuracy, line(Reference, 1.1))
		p.series("test", d.Epoch, d.TestAccuracy, line(First, 1.1))
		g.add(p)
	}
	angles := func(heading string, curves []NamedCurve) {
		p := &Panel{Heading: heading, X: epochs, Y: Axis{Label: "angle", Unit: "degrees", Zero: true}}
		p.Y.include(90)
		some := false
		for k, c := range curves {
			some = some || anyFinite(c.Values)
			p.series(c.Name, d.Epoch, c.Values, sequential(k, len(curves), 1.1))
		}
		if some {
			g.add(p)
		}
	}
	var feedback []NamedCurve
	for l, v := range d.Angles {
		feedback = append(feedback, NamedCurve{fmt.Sprintf("layer %d", l+1), v})
	}
	angles(alignmentHead, feedback)
	angles("updates against backpropagation", d.Updates)
	if len(g.Panels) == 0 {
		return nil, bad("Name", "%q has nothing to draw: every part is missing", d.Name)
	}
	return g.narrow(), nil
}
