package lab

import (
	"context"
	"math"

	"spikealign/figure"
	"spikealign/sal"
	"spikealign/stdd"
)

// Plane is the phase plane with its attractor line. It is computed row by row, on finer and finer
// grids, so that whoever shows it need not wait for the whole.
type Plane struct {
	s     Settings
	grids [len(sizes)]grid
}

// edge is how far the line may leave the plane, in spans: to where the arrows end.
const edge = 10. / 9

// sizes are the numbers of weights in each direction. A grid has the weights of the one before it,
// and one between each two of them.
var sizes = [...]int{5, 9, 17}

// grid is a plane of which some rows are computed.
type grid struct {
	shown  figure.PhasePlane
	points []stdd.LinePoint // of the attractor line, one for each row
}

// rows is the number of rows that are computed.
func (g *grid) rows() int { return len(g.points) }

// done reports whether all rows are computed.
func (g *grid) done() bool { return g.rows() == len(g.shown.W12) }

// NewPlane returns the plane of valid settings, from -span to span, with nothing computed yet.
func NewPlane(s Settings) *Plane {
	p := &Plane{s: s}
	for i, n := range sizes {
		g := &p.grids[i].shown
		for k := range n {
			g.W12 = append(g.W12, float64(s.Span)*float64(2*k-(n-1))/float64(n-1))
		}
		g.W21 = g.W12
	}
	return p
}

// Move gives the plane the present weights of other settings, and reports whether they have the
// same plane; if not, nothing is changed.
func (p *Plane) Move(to Settings) bool {
	with := to
	with.W12, with.W21, with.Rate12, with.Rate21, with.Epoch, with.Epochs, with.Seed = p.s.W12, p.s.W21, p.s.Rate12, p.s.Rate21, p.s.Epoch, p.s.Epochs, p.s.Seed
	if with != p.s {
		return false
	}
	p.s = to
	return true
}

// Done reports whether there is nothing left to compute.
func (p *Plane) Done() bool { return p.grids[len(sizes)-1].done() }

// Ready reports whether there is something to draw: the coarsest grid is complete.
func (p *Plane) Ready() bool { return p.grids[0].done() }

// Share is the computed share of all rows.
func (p *Plane) Share() float64 {
	computed, all := 0, 0
	for i := range p.grids {
		computed, all = computed+p.grids[i].rows(), all+sizes[i]
	}
	return float64(computed) / float64(all)
}

// Step computes the drifts at the next value of W12, and the attractor line at the mean of that
// value, and reports whether that completed a grid. What the grid before has is not computed again.
func (p *Plane) Step() (finer bool, err error) {
	if p.Done() {
		return false, nil
	}
	level := 0
	for p.grids[level].done() {
		level++
	}
	g := &p.grids[level]
	row := g.rows()
	at, window := g.shown.W12[row:row+1], sal.Window(p.s.Half())
	d12, d21 := make([]float64, len(g.shown.W21)), make([]float64, len(g.shown.W21))
	known := level > 0 && row%2 == 0 // every second weight of the row, and its point of the line
	var between []float64
	for k, w := range g.shown.W21 {
		if !known || k%2 == 1 {
			between = append(between, w)
		}
	}
	computed, err := stdd.PhasePlane(context.Background(), p.s.Params(), at, between, window, 1)
	if err != nil {
		return false, err
	}
	var point stdd.LinePoint
	if known {
		before := &p.grids[level-1]
		for k := range between {
			d12[2*k+1], d21[2*k+1] = computed.Drift12[k], computed.Drift21[k]
		}
		for k, n := 0, sizes[level-1]; k < n; k++ {
			d12[2*k], d21[2*k] = before.shown.Drift12[row/2*n+k], before.shown.Drift21[row/2*n+k]
		}
		point = before.points[row/2]
	} else {
		copy(d12, computed.Drift12)
		copy(d21, computed.Drift21)
		line, err := stdd.AttractorLine(context.Background(), p.s.Params(), at, p.s.Span, window, 1)
		if err != nil {
			return false, err
		}
		point = line.Points[0]
	}
	g.shown.Drift12, g.shown.Drift21 = append(g.shown.Drift12, d12...), append(g.shown.Drift21, d21...)
	g.points = append(g.points, point)
	if w12, w21, ok := point.Nearest(); ok && max(math.Abs(w12), math.Abs(w21)) <= p.s.Span*edge {
		g.shown.Line12, g.shown.Line21 = append(g.shown.Line12, w12), append(g.shown.Line21, w21)
	}
	return g.done(), nil
}

// Figure draws the finest grid that is complete, of a plane that is ready, with the present
// weights, and a walk unless it is nil.
func (p *Plane) Figure(walk *Walk) (*figure.Figure, error) {
	g := &p.grids[0]
	for i := range p.grids {
		if p.grids[i].done() {
			g = &p.grids[i]
		}
	}
	f := g.shown
	f.Trajectories = []figure.Trajectory{{Name: "these weights", W12: []float64{p.s.W12}, W21: []float64{p.s.W21}}}
	if walk != nil {
		f.Trajectories = append(f.Trajectories, figure.Trajectory{Name: "walk", W12: walk.W12, W21: walk.W21})
	}
	return figure.Figure2{Plane: f}.Figure()
}
