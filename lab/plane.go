package lab

import (
	"context"
	"math"

	"spikealign/figure"
	"spikealign/sal"
	"spikealign/stdd"
)

// Plane is the phase plane with its attractor line. It is computed row by row, first on a coarse
// grid, so that whoever shows it need not wait for the whole.
type Plane struct {
	s     Settings
	grids [2]grid
}

// grid is a plane of which some rows are computed.
type grid struct {
	shown  figure.PhasePlane
	points []stdd.LinePoint // of the attractor line, one for each row
	rows   int
}

// coarse and fine are the numbers of weights in each direction. The fine grid has the weights of
// the coarse one, and one between each two of them.
const (
	coarse = 9
	fine   = 2*coarse - 1
)

// NewPlane returns the plane of valid settings, from -span to span, with nothing computed yet.
func NewPlane(s Settings) *Plane {
	p := &Plane{s: s}
	for i, n := range []int{coarse, fine} {
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
func (p *Plane) Done() bool { return p.grids[1].rows == fine }

// Ready reports whether there is something to draw: the coarse grid is complete.
func (p *Plane) Ready() bool { return p.grids[0].rows == coarse }

// Share is the computed share of all rows.
func (p *Plane) Share() float64 {
	return float64(p.grids[0].rows+p.grids[1].rows) / (coarse + fine)
}

// Step computes the drifts at the next value of W12, and the attractor line at the mean of that
// value.
func (p *Plane) Step() error {
	if p.Done() {
		return nil
	}
	g, isFine := &p.grids[0], false
	if g.rows == coarse {
		g, isFine = &p.grids[1], true
	}
	row := g.rows
	at, window := g.shown.W12[row:row+1], sal.Window(p.s.Half())
	d12, d21 := make([]float64, len(g.shown.W21)), make([]float64, len(g.shown.W21))
	known := isFine && row%2 == 0 // every second weight of the row, and its point of the line
	var between []float64
	for k, w := range g.shown.W21 {
		if !known || k%2 == 1 {
			between = append(between, w)
		}
	}
	computed, err := stdd.PhasePlane(context.Background(), p.s.Params(), at, between, window, 1)
	if err != nil {
		return err
	}
	var point stdd.LinePoint
	if known {
		before := &p.grids[0]
		for k := range between {
			d12[2*k+1], d21[2*k+1] = computed.Drift12[k], computed.Drift21[k]
		}
		for k := range coarse {
			d12[2*k], d21[2*k] = before.shown.Drift12[row/2*coarse+k], before.shown.Drift21[row/2*coarse+k]
		}
		point = before.points[row/2]
	} else {
		copy(d12, computed.Drift12)
		copy(d21, computed.Drift21)
		line, err := stdd.AttractorLine(context.Background(), p.s.Params(), at, p.s.Span, window, 1)
		if err != nil {
			return err
		}
		point = line.Points[0]
	}
	g.shown.Drift12, g.shown.Drift21 = append(g.shown.Drift12, d12...), append(g.shown.Drift21, d21...)
	g.points = append(g.points, point)
	edge := float64(p.s.Span * (1 + 1./coarse)) // where the arrows end
	if w12, w21, ok := point.Nearest(); ok && max(math.Abs(w12), math.Abs(w21)) <= edge {
		g.shown.Line12, g.shown.Line21 = append(g.shown.Line12, w12), append(g.shown.Line21, w21)
	}
	g.rows++
	return nil
}

// Figure draws the finest grid that is complete, of a plane that is ready, with the present
// weights, and a walk unless it is nil.
func (p *Plane) Figure(walk *Walk) (*figure.Figure, error) {
	g := &p.grids[0]
	if p.Done() {
		g = &p.grids[1]
	}
	f := g.shown
	f.Trajectories = []figure.Trajectory{{Name: "these weights", W12: []float64{p.s.W12}, W21: []float64{p.s.W21}}}
	if walk != nil {
		f.Trajectories = append(f.Trajectories, figure.Trajectory{Name: "walk", W12: walk.W12, W21: walk.W21})
	}
	return figure.Figure2{Plane: f}.Figure()
}
