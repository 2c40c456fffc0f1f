package tiny

import (
	"spikealign/drawings"
	"spikealign/experiment"
	"spikealign/figure"
)

// Drawer draws a run: the mean rate over epochs, as figures/rate.
func Drawer() drawings.Drawer {
	return drawings.Drawer{Run: func(f *experiment.Folder) ([]drawings.Picture, error) {
		m, err := f.Table("metrics")
		if err != nil {
			return nil, err
		}
		return []drawings.Picture{{Name: "rate", Input: rates{m["epoch"], m["rate"]}}}, nil
	}}
}

type rates struct{ epoch, rate []float64 }

func (r rates) Figure() (*figure.Figure, error) {
	p := &figure.Panel{X: figure.Axis{Label: "epoch", Range: []float64{0, float64(len(r.epoch))}}, Y: figure.Axis{Label: "rate", Range: []float64{0, 1}, Zero: true}}
	p.Series = []figure.Series{{Kind: figure.XY, X: r.epoch, Y: r.rate, Look: figure.Look{Color: figure.First, Width: 1}}}
	return &figure.Figure{Width: 240, Height: 120, Columns: 1, Panels: []*figure.Panel{p}}, nil
}
