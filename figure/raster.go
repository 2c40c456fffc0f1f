package figure

import (
	"fmt"
)

// Raster is a spike raster.
type Raster struct {
	Name    string    // title of the figure; may be empty
	Times   []float64 // spike times in units of tau, any order
	Neurons []int     // the neuron (0-based) of each spike
	N       int       // number of neurons, one row each, neuron 0 at the bottom
	From    float64   // the window drawn, in units of tau; both 0: from 0 to the last spike
	To      float64
	States  bool // draw the state z = 1, of length tau after each spike, as bars
}

// Figure draws the raster. It returns an *InputError for columns of unequal length, a neuron
// outside 0..N-1 or a window that ends before it starts.
func (r Raster) Figure() (*Figure, error) {
	switch {
	case len(r.Times) != len(r.Neurons):
		return nil, &InputError{"Raster", "Neurons", fmt.Sprintf("%d neurons for %d spike times", len(r.Neurons), len(r.Times))}
	case r.N < 1:
		return nil, &InputError{"Raster", "N", fmt.Sprintf("%d neurons: need at least 1", r.N)}
	}
	p := &Panel{X: Axis{Label: "time", Unit: "τ", Tight: true}, Y: Axis{Label: "neuron", Tight: true, Ticks: indexTicks(r.N, 1, 10)}}
	spikes := Series{Kind: Spikes, Look: line(Ink, 0.8)}
	from, to := r.From, r.To
	if from == 0 && to == 0 {
		for _, t := range r.Times {
			if p.X.Shows(t) {
				to = max(to, t+1)
			}
		}
	}
	if to == 0 {
		to = 1
	}
	if !p.X.Shows(from) || !p.X.Shows(to) || from >= to {
		return nil, &InputError{"Raster", "To", fmt.Sprintf("the window %g to %g is empty", from, to)}
	}
	for k, t := range r.Times {
		switch {
		case r.Neurons[k] < 0 || r.Neurons[k] >= r.N:
			return nil, &InputError{"Raster", "Neurons", fmt.Sprintf("spike %d: neuron %d is outside 0..%d", k, r.Neurons[k], r.N-1)}
		case !p.X.Shows(t):
			p.lost++
		case t <= to && (t >= from || r.States && t > from-1):
			spikes.X, spikes.Y = append(spikes.X, t), append(spikes.Y, float64(r.Neurons[k]))
		}
	}
	p.X.include(from, to)
	p.Y.include(-0.5, float64(r.N)-0.5)
	if len(spikes.X) == 0 {
		p.Note = "no spikes in this window"
	}
	if r.States {
		spikes.Label = "spike"
		p.explain(spikes.Label, spikes.Look)
		p.Series = append(p.Series, Series{Kind: Blocks, Label: `state \i{z} = 1`, Look: area(Sixth, 0.55), X: spikes.X, Y: spikes.Y, Size: 1})
	}
	p.Series = append(p.Series, spikes)

	// About 4 mm a row for small networks, a fixed height for large ones.
	g := &Figure{Title: r.Name, Width: fullWidth, Columns: 1, Height: min(max(11*float64(r.N), 40), 230)}
	g.add(p)
	return g, nil
}
