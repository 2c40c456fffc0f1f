package figure

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Figure2 is the theory of two neurons and what they learn by SAL (docs/model.md, section 5):
// figure 2 c, d and e of the paper. Any part may be missing.
type Figure2 struct {
	// excitation and inhibition, each with weights of which one is of larger magnitude than the
	// other, of smaller magnitude, and equal to it
	Laws     []STDDLaw
	Learning []PairCurves // both weights plastic; one frozen
	Plane    PhasePlane
}

// PairCurves are the two weights of a pair of neurons while they learn, over runs that differ in
// their seeds.
type PairCurves struct {
	Name  string
	Epoch []float64
	// [run][epoch]. A run shorter than Epoch is unfinished: it counts as far as it goes
	W12, W21 [][]float64
	Frozen12 bool // W12 does not learn
}

// PhasePlane is the drift of both weights over a grid of weights, with what moves on it.
type PhasePlane struct {
	W12, W21         []float64 // the grid, ascending
	Drift12, Drift21 []float64 // at W12[i], W21[j]: index i*len(W21)+j
	Trajectories     []Trajectory
	Line12, Line21   []float64 // the attractor line
	Label12, Label21 string    // of the axes; without them W_{12} and W_{21}
}

// Trajectory is a way through the phase plane, from its first point.
type Trajectory struct {
	Name     string
	W12, W21 []float64
}

const planeHeight = 118

// Figure draws a panel for each law as STDD does, for each of Learning (median over runs, band
// between the quartiles) and the phase plane: an arrow along the drift at each point of the grid,
// with a length that goes with the square root of the magnitude, the attractor line and the
// trajectories, a dot at their start. It returns an *InputError for lengths that do not fit
// together, for a grid that does not ascend, for more trajectories than there are colours and when
// there is nothing to draw.
func (f Figure2) Figure() (*Figure, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	g := &Figure{Columns: lawColumns, Height: lawHeight}
	if len(f.Laws) > 0 {
		g.addLaws(f.Laws)
	}
	var ys []*Axis
	for k, c := range f.Learning {
		p := c.panel()
		g.add(p)
		at := g.Places()
		p.Y.Bare = k > 0 && at[len(at)-1].Column > 0
		ys = append(ys, &p.Y)
	}
	share(ys...)
	if !f.Plane.empty() {
		g.add(f.Plane.panel())
	}
	if len(g.Panels) == 0 {
		return nil, &InputError{"Figure2", "Laws", "there is nothing to draw: every part is missing"}
	}
	return g.narrow(), nil
}

func (f Figure2) check() error {
	if err := checkLaws("Figure2", "Laws", f.Laws); err != nil {
		return err
	}
	for _, c := range f.Learning {
		for _, w := range []struct {
			name string
			runs [][]float64
		}{{"W12", c.W12}, {"W21", c.W21}} {
			for r, run := range w.runs {
				if len(run) > len(c.Epoch) {
					return &InputError{"Figure2", "Learning", fmt.Sprintf("%q: run %d has %d values of %s for %d epochs", c.Name, r, len(run), w.name, len(c.Epoch))}
				}
			}
		}
	}
	return f.Plane.check()
}

func (c PairCurves) panel() *Panel {
	p := &Panel{Heading: c.Name, X: epochs, Y: Axis{Label: "weight"}, Height: planeHeight}
	name12 := weight12
	if c.Frozen12 {
		name12 += " (frozen)"
	}
	type weight struct {
		name string
		runs [][]float64
		mark Look // at the start, to tell the weights apart without colour
	}
	weights := []weight{{name12, c.W12, dot(synapse12, 2)}, {weight21, c.W21, ring(synapse21, 2.2)}}
	for _, w := range weights {
		p.explain(w.name, line(w.mark.Color, 1.3).banded().marked(w.mark))
	}
	for _, w := range slices.Backward(weights) {
		median := p.course(w.name, c.Epoch, w.runs, line(w.mark.Color, 1))
		p.start(w.name, c.Epoch, median, w.mark)
	}
	return p
}

func (l PhasePlane) empty() bool {
	return len(l.W12) == 0 && len(l.W21) == 0 && len(l.Line12) == 0 && len(l.Trajectories) == 0
}

func (l PhasePlane) check() error {
	bad := func(format string, args ...any) error {
		return &InputError{"Figure2", "Plane", fmt.Sprintf(format, args...)}
	}
	for _, w := range []struct {
		name string
		v    []float64
	}{{"W12", l.W12}, {"W21", l.W21}} {
		for k, x := range w.v {
			if !moderate(x) || k > 0 && x <= w.v[k-1] {
				return bad("%s[%d] is %g: weights of the grid must be finite and ascend", w.name, k, x)
			}
		}
	}
	n := len(l.W12) * len(l.W21)
	if len(l.Drift12) != n || len(l.Drift21) != n {
		return bad("%d and %d drifts for a grid of %d x %d", len(l.Drift12), len(l.Drift21), len(l.W12), len(l.W21))
	}
	if len(l.Line12) != len(l.Line21) {
		return bad("%d values of Line12 for %d of Line21", len(l.Line12), len(l.Line21))
	}
	if n := len(l.Trajectories); n > len(categorical) {
		return bad("%d trajectories, at most %d have distinct colours", n, len(categorical))
	}
	for _, t := range l.Trajectories {
		if len(t.W12) != len(t.W21) {
			return bad("trajectory %q: %d values of W12 for %d of W21", t.Name, len(t.W12), len(t.W21))
		}
	}
	return nil
}

func (l PhasePlane) panel() *Panel {
	p := framed("drift of the weights", cmp.Or(l.Label12, weight12), cmp.Or(l.Label21, weight21))
	p.Height = planeHeight
	field := Series{Kind: Arrows, Look: line(Reference, 0.5), Size: math.Inf(1)}
	for _, w := range [][]float64{l.W12, l.W21} {
		for k := 1; k < len(w); k++ {
			field.Size = math.Min(field.Size, w[k]-w[k-1])
		}
	}
	if !finite(field.Size) {
		field.Size = 1
	}
	for i, w12 := range l.W12 {
		for j, w21 := range l.W21 {
			u, v := l.Drift12[i*len(l.W21)+j], l.Drift21[i*len(l.W21)+j]
			if !p.X.Shows(u) || !p.Y.Shows(v) {
				p.lost++
				continue
			}
			field.X, field.Y = append(field.X, w12), append(field.Y, w21)
			field.U, field.V = append(field.U, u), append(field.V, v)
			p.X.include(w12-field.Size/2, w12+field.Size/2)
			p.Y.include(w21-field.Size/2, w21+field.Size/2)
		}
	}
	p.Series = append(p.Series, field)
	if len(l.Line12) > 0 {
		p.curve("", l.Line12, l.Line21, line(Ink, 1.3))
		p.Heading = "drift and attractor line" // the key has no room for it
	}
	for k, t := range l.Trajectories {
		style, mark := line(categorical[k], 1.3), dot(categorical[k], 2.2)
		p.explain(t.Name, style.marked(mark))
		p.curve(t.Name, t.W12, t.W21, style)
		p.start(t.Name, t.W12, t.W21, mark)
	}
	p.diagonal()
	return p
}
