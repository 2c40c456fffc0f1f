package figure

import (
	"fmt"

	"gonum.org/v1/plot/vg"
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
	p := newPanel()
	marks := spikeMarks{n: r.N, states: r.States}
	from, to := r.From, r.To
	if from == 0 && to == 0 {
		for _, t := range r.Times {
			if p.x.shows(t) {
				to = max(to, t+1)
			}
		}
	}
	if to == 0 {
		to = 1
	}
	if !p.x.shows(from) || !p.x.shows(to) || from >= to {
		return nil, &InputError{"Raster", "To", fmt.Sprintf("the window %g to %g is empty", from, to)}
	}
	for k, t := range r.Times {
		switch {
		case r.Neurons[k] < 0 || r.Neurons[k] >= r.N:
			return nil, &InputError{"Raster", "Neurons", fmt.Sprintf("spike %d: neuron %d is outside 0..%d", k, r.Neurons[k], r.N-1)}
		case !p.x.shows(t):
			p.lost++
		case t <= to && (t >= from || r.States && t > from-1):
			marks.times = append(marks.times, t)
			marks.neurons = append(marks.neurons, r.Neurons[k])
		}
	}
	p.x.label, p.x.tight = `time (τ)`, true
	p.y.label, p.y.tight = "neuron", true
	p.x.include(from)
	p.x.include(to)
	p.y.named = indexTicks(r.N, 1, 10)
	p.add(marks)
	if len(marks.times) == 0 {
		p.note = "no spikes in this window"
	}
	if r.States {
		p.explain("spike", lineThumb(solid(black, 0.8)))
		p.explain(`state \i{z} = 1`, patchThumb{fade(skyBlue, 0.55)})
	}

	// About 4 mm a row for small networks, a fixed height for large ones.
	g := newPanels(1, min(max(11*vg.Length(r.N), 40), 230))
	g.title = r.Name
	g.add(p, 1)
	return g.figure(fullWidth), nil
}
