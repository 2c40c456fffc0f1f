package figure

import (
	"fmt"
	"math"
	"slices"
)

// Figure6 compares how microcircuits with three ways to get feedback weights learn (docs/model.md,
// section 7): figure 6 of the paper.
type Figure6 struct {
	Title   string
	Methods []MethodRuns // up to three
}

// MethodRuns are the runs of one method. A run shorter than its abscissa is unfinished: it counts
// as far as it goes. Any part may be missing.
type MethodRuns struct {
	Name             string
	Epoch            []float64   // epochs finished, the abscissa of the next two
	Loss, LossNudged [][]float64 // [run][epoch] of the validation, free and with the output nudged
	WeightEpoch      []float64   // epochs finished, from 0: the abscissa of the weights
	Weights          []WeightRuns
}

// WeightRuns is one synapse over the epochs, [run][epoch].
type WeightRuns struct {
	Name string
	Runs [][]float64
}

// methodHues: the rule in question, the reference, the one without alignment.
var methodHues = []Color{withSAL, Ink, withoutSAL}

var weightHues = []Color{Fifth, synapse12, synapse21}

// Figure draws, for all methods, the validation loss over the epochs, free and nudged, and the loss
// after training; for each method the weights over the epochs; then the weights after training, the
// last two of them (feedback over forward) against each other, and in how many runs these have the
// same sign. Courses show the median over runs and a band between the quartiles; a distribution
// shows every run, the median and a bar between the quartiles. It returns an *InputError for
// lengths that do not fit together, for more methods or weights than there are colours, for methods
// with different weights and when there is nothing to draw.
func (f Figure6) Figure() (*Figure, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	g := &Figure{Title: f.Title, Columns: 3, Height: 92}
	var methods, weights []Series
	for k, m := range f.Methods {
		methods = append(methods, legend(m.Name, line(methodHues[k], 1.3).banded().marked(f.marker(k))))
	}
	for k, w := range f.Methods[0].Weights {
		weights = append(weights, legend(w.Name, line(weightHues[k], 1.3).banded()))
	}
	g.Key = [][]Series{methods}
	if len(weights) > 0 {
		g.Key = append(g.Key, weights)
	}
	f.losses(g)
	var ys []*Axis
	for k, m := range f.Methods {
		if len(m.Weights) == 0 {
			continue
		}
		p := &Panel{Heading: "weights, " + m.Name, X: epochsDone, Y: Axis{Label: "weight", Bare: k > 0}}
		for i, w := range m.Weights {
			p.course(w.Name, m.WeightEpoch, w.Runs, line(weightHues[i], 1))
		}
		p.bandsFirst()
		if n := len(m.Weights); n > 1 && len(m.Weights[n-1].Runs) > 0 && slices.EqualFunc(m.Weights[n-1].Runs, m.Weights[n-2].Runs, slices.Equal) {
			p.Note = m.Weights[n-1].Name + " = " + m.Weights[n-2].Name // one hides the other
		}
		g.add(p)
		ys = append(ys, &p.Y)
	}
	share(ys...)
	f.outcome(g)
	if len(g.Panels) == 0 {
		return nil, &InputError{"Figure6", "Methods", "there is nothing to draw: every part is missing"}
	}
	return g.narrow(), nil
}

func (f Figure6) check() error {
	bad := func(format string, args ...any) error {
		return &InputError{"Figure6", "Methods", fmt.Sprintf(format, args...)}
	}
	if n := len(f.Methods); n == 0 || n > len(methodHues) {
		return bad("%d methods, need 1 to %d", n, len(methodHues))
	}
	for _, m := range f.Methods {
		fits := func(what string, runs [][]float64, n int) error {
			for r, run := range runs {
				if len(run) > n {
					return bad("%s: run %d has %d values of %s for %d epochs", m.Name, r, len(run), what, n)
				}
			}
			return nil
		}
		if n := len(m.Weights); n > len(weightHues) {
			return bad("%s: %d weights, at most %d have distinct colours", m.Name, n, len(weightHues))
		}
		if len(m.Weights) != len(f.Methods[0].Weights) {
			return bad("%s has %d weights, %s %d", m.Name, len(m.Weights), f.Methods[0].Name, len(f.Methods[0].Weights))
		}
		for k, w := range m.Weights {
			if name := f.Methods[0].Weights[k].Name; w.Name != name {
				return bad("%s: weight %q stands where %s has %q", m.Name, w.Name, f.Methods[0].Name, name)
			}
			if err := fits(w.Name, w.Runs, len(m.WeightEpoch)); err != nil {
				return err
			}
		}
		for _, c := range []struct {
			what string
			runs [][]float64
		}{{"the loss", m.Loss}, {"the nudged loss", m.LossNudged}} {
			if err := fits(c.what, c.runs, len(m.Epoch)); err != nil {
				return err
			}
		}
	}
	return nil
}

// marker is the look of a method's medians and runs: the reference is a ring, so that what reaches
// it is not hidden.
func (f Figure6) marker(k int) Look {
	if k == 1 {
		return ring(methodHues[k], 2.4)
	}
	return dot(methodHues[k], 2.2)
}

// losses adds the panels of the first row.
func (f Figure6) losses(g *Figure) {
	free := func(m MethodRuns) [][]float64 { return m.Loss }
	nudged := func(m MethodRuns) [][]float64 { return m.LossNudged }
	has := func(of func(MethodRuns) [][]float64) bool {
		return slices.ContainsFunc(f.Methods, func(m MethodRuns) bool { return len(of(m)) > 0 })
	}
	for _, c := range []struct {
		heading string
		of      func(MethodRuns) [][]float64
	}{{"validation loss", free}, {"loss with the output nudged", nudged}} {
		if !has(c.of) {
			continue
		}
		p := &Panel{Heading: c.heading, X: epochsDone, Y: lossAxis}
		for k := len(f.Methods) - 1; k >= 0; k-- { // the first one on top
			m := f.Methods[k]
			p.course(m.Name, m.Epoch, c.of(m), line(methodHues[k], 1))
		}
		p.bandsFirst()
		g.add(p)
	}
	if !has(free) {
		return
	}
	p := &Panel{Heading: "loss after training", X: Axis{Tight: true}, Y: lossAxis}
	unfinished := 0
	for k, m := range f.Methods {
		at := float64(k)
		p.name(at, m.Name)
		values := lastValues(m.Loss, len(m.Epoch))
		unfinished += len(m.Loss) - len(values)
		p.summary(m.Name, at, 0.5, values, f.marker(k))
	}
	if unfinished > 0 {
		p.Note = plural(unfinished, "run") + " unfinished"
	}
	g.add(p)
}

// outcome adds the panels of the last row.
func (f Figure6) outcome(g *Figure) {
	n := len(f.Methods[0].Weights)
	if n > 0 {
		p := &Panel{Heading: "weights after training", X: Axis{Tight: true}, Y: Axis{Label: "weight"}}
		for k, m := range f.Methods {
			for i, w := range m.Weights {
				at := float64(k) + (float64(i)-float64(n-1)/2)*0.28
				p.summary(w.Name, at, 0.16, lastValues(w.Runs, len(m.WeightEpoch)), dot(weightHues[i], 2))
			}
			p.name(float64(k), m.Name)
		}
		g.add(p)
	}
	if n > 1 {
		p := framed("feedback weight", f.Methods[0].Weights[n-2].Name, f.Methods[0].Weights[n-1].Name)
		for k := len(f.Methods) - 1; k >= 0; k-- {
			m := f.Methods[k]
			var x, y []float64
			forward, feedback := m.Weights[n-2].Runs, m.Weights[n-1].Runs
			for r := range min(len(forward), len(feedback)) {
				if last := len(m.WeightEpoch); last > 0 && len(forward[r]) == last && len(feedback[r]) == last {
					x, y = append(x, forward[r][last-1]), append(y, feedback[r][last-1])
				}
			}
			p.curve(m.Name, x, y, f.marker(k))
		}
		p.diagonal()
		g.add(p)
	}
	if n > 1 {
		f.signs(g)
	}
}

// signs adds a panel with the number of runs whose last two weights have one sign.
func (f Figure6) signs(g *Figure) {
	p := &Panel{Heading: "sign of the feedback", X: epochsDone, Y: Axis{Label: "runs with the forward sign", Zero: true, Whole: true}}
	for k := len(f.Methods) - 1; k >= 0; k-- {
		m := f.Methods[k]
		forward, feedback := m.Weights[len(m.Weights)-2].Runs, m.Weights[len(m.Weights)-1].Runs
		runs := min(len(forward), len(feedback))
		if runs == 0 {
			continue
		}
		same := make([]float64, len(m.WeightEpoch))
		for e := range same {
			present := 0
			for r := range runs {
				if e < min(len(forward[r]), len(feedback[r])) {
					present++
					if math.Signbit(forward[r][e]) == math.Signbit(feedback[r][e]) {
						same[e]++
					}
				}
			}
			if present < runs { // some run is unfinished: numbers from here on cannot be compared
				same = same[:e]
				break
			}
		}
		p.Y.include(float64(runs))
		p.series(m.Name, m.WeightEpoch[:len(same)], same, line(methodHues[k], 1.2))
	}
	if len(p.Series) > 0 {
		g.add(p)
	}
}
