package figure

import (
	"fmt"
	"math"
	"slices"
)

// NoiseSweep is a sweep over a noise level with and without SAL: figures 4 (synaptic noise) and 5
// (plasticity noise) of the paper.
type NoiseSweep struct {
	Title      string
	NoiseLabel string    // the noise that Levels measure, such as "initial weight noise σ_{init}"
	Levels     []float64 // all levels, ascending; each has its colour
	Curves     []Curve   // at most one per level and condition, any may be missing
}

// Curve holds the runs of one noise level and condition.
type Curve struct {
	Level float64
	SAL   bool
	Epoch []float64
	// [run][epoch], nats. A run shorter than Epoch is unfinished: it counts as far as it goes
	DKL [][]float64
	// the same for Var over i<j of W[i][j]-W[j][i]; nil where it was not recorded
	Asymmetry [][]float64
}

// noiseRow is one measured quantity, a row of panels.
type noiseRow struct {
	field string
	axis  Axis
	of    func(Curve) [][]float64
}

var noiseRows = []noiseRow{
	{"DKL", dklAxis, func(c Curve) [][]float64 { return c.DKL }},
	{"Asymmetry", Axis{Label: "asymmetry " + varianceLabel, Zero: true}, func(c Curve) [][]float64 { return c.Asymmetry }},
}

// Figure draws one row for D_KL and one for the asymmetry, each with the course of training without
// and with SAL (median over runs and band between the quartiles, by noise level) and the values at
// the last epoch over the noise level (median, bar between the quartiles, every run as a dot;
// dashed: the median without noise). Quartiles are of type 7 (linear interpolation); values that
// are not finite take no part in them and are counted. A condition or quantity without any run is
// left out, and so is a quantity without any value beside one that has some.
//
// It returns an *InputError for a curve of a level that is not in Levels, for a level and condition
// given twice, for runs longer than Epoch and when there is nothing to draw.
func (s NoiseSweep) Figure() (*Figure, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	var rows []noiseRow
	for _, row := range noiseRows {
		if slices.ContainsFunc(s.Curves, func(c Curve) bool { return len(row.of(c)) > 0 }) {
			rows = append(rows, row)
		}
	}
	valued := func(row noiseRow) bool {
		return slices.ContainsFunc(s.Curves, func(c Curve) bool { return anyFinite(row.of(c)...) })
	}
	if slices.ContainsFunc(rows, valued) {
		rows = slices.DeleteFunc(rows, func(row noiseRow) bool { return !valued(row) })
	}
	var conditions []bool
	for _, sal := range []bool{false, true} {
		if slices.ContainsFunc(s.Curves, func(c Curve) bool { return c.SAL == sal && len(c.DKL)+len(c.Asymmetry) > 0 }) {
			conditions = append(conditions, sal)
		}
	}
	if len(rows) == 0 {
		return nil, &InputError{"NoiseSweep", "Curves", "there is no run to draw"}
	}
	if s.NoiseLabel == "" {
		s.NoiseLabel = "noise level"
	}

	g := &Figure{Title: s.Title, Width: fullWidth, Columns: len(conditions) + 1, Height: 105}
	if len(conditions) == 1 {
		g.Width *= 0.72
	}
	levels := []Series{{Label: s.NoiseLabel + ":"}}
	for k, level := range s.Levels {
		levels = append(levels, legend(number(level), sequential(k, len(s.Levels), 1.3).banded()))
	}
	final := []Series{{Label: "after training:"}}
	for _, sal := range conditions {
		final = append(final, legend(condition(sal), marker(sal)))
	}
	if slices.ContainsFunc(s.Curves, func(c Curve) bool { return c.Level == 0 && c.SAL == conditions[0] }) {
		final = append(final, legend(condition(conditions[0])+" and noise", baselineLook))
	}
	g.Key = [][]Series{levels, final}
	for r, row := range rows {
		var ys, xs []*Axis
		for k, sal := range conditions {
			p := s.course(row, sal)
			p.Y.Bare = k > 0
			if r == 0 {
				p.Heading = condition(sal)
			}
			g.add(p)
			ys, xs = append(ys, &p.Y), append(xs, &p.X)
		}
		share(ys...)
		share(xs...)
		p := s.final(row, conditions)
		if r == 0 {
			p.Heading = "after training"
		}
		g.add(p)
	}
	return g, nil
}

func condition(sal bool) string {
	if sal {
		return "with SAL"
	}
	return "without SAL"
}

// marker is the look of a condition's medians.
func marker(sal bool) Look {
	if sal {
		return dot(withSAL, 2.2)
	}
	return ring(withoutSAL, 2.4)
}

var baselineLook = dashed(Reference, 0.8)

func (s NoiseSweep) check() error {
	bad := func(field, format string, args ...any) error {
		return &InputError{"NoiseSweep", field, fmt.Sprintf(format, args...)}
	}
	for k, l := range s.Levels {
		if !finite(l) || k > 0 && l <= s.Levels[k-1] {
			return bad("Levels", "level %d is %g: levels must be finite and ascend", k, l)
		}
	}
	type id struct {
		level float64
		sal   bool
	}
	seen := map[id]bool{}
	for _, c := range s.Curves {
		name := fmt.Sprintf("level %g %s", c.Level, condition(c.SAL))
		if !slices.Contains(s.Levels, c.Level) {
			return bad("Curves", "%s: the level is not among Levels %g", name, s.Levels)
		}
		if seen[id{c.Level, c.SAL}] {
			return bad("Curves", "%s is given twice", name)
		}
		seen[id{c.Level, c.SAL}] = true
		for _, row := range noiseRows {
			for r, run := range row.of(c) {
				if len(run) > len(c.Epoch) {
					return bad("Curves", "%s: run %d has %d values of %s for %d epochs", name, r, len(run), row.field, len(c.Epoch))
				}
			}
		}
	}
	return nil
}

// course draws one quantity over the epochs for all levels of a condition.
func (s NoiseSweep) course(row noiseRow, sal bool) *Panel {
	p := &Panel{X: epochs, Y: row.axis}
	for k, level := range s.Levels {
		for _, c := range s.Curves {
			if c.SAL != sal || c.Level != level || len(row.of(c)) == 0 {
				continue
			}
			p.course(number(level), c.Epoch, row.of(c), sequential(k, len(s.Levels), 1))
		}
	}
	p.bandsFirst()
	return p
}

// final draws one quantity at the last epoch over the noise level.
func (s NoiseSweep) final(row noiseRow, conditions []bool) *Panel {
	p := &Panel{X: Axis{Label: s.NoiseLabel, Tight: true}, Y: row.axis}
	if len(s.Levels) == 1 && len(conditions) == 2 {
		return s.finalOfOne(p, row)
	}
	spacing := math.Inf(1)
	for k := 1; k < len(s.Levels); k++ {
		spacing = math.Min(spacing, s.Levels[k]-s.Levels[k-1])
	}
	if len(s.Levels) < 2 {
		spacing = 1
	}
	for _, l := range s.Levels {
		p.X.Ticks = append(p.X.Ticks, Tick{l, number(l)})
		p.X.include(l-spacing/2, l+spacing/2)
	}

	// The baseline: no noise, no SAL (with SAL where there is nothing else).
	baseline := math.NaN()
	unfinished := 0
	for _, sal := range conditions {
		mark, shift := marker(sal), -0.14
		switch {
		case len(conditions) == 1:
			shift = 0
		case sal:
			shift = 0.14
		}
		var xs, middles []float64
		for _, level := range s.Levels {
			for _, c := range s.Curves {
				if c.SAL != sal || c.Level != level {
					continue
				}
				values := lastValues(row.of(c), len(c.Epoch))
				unfinished += len(row.of(c)) - len(values)
				median := p.summary(condition(sal), level+shift*spacing, 0.2*spacing, values, mark)
				if !p.Y.Shows(median) {
					continue
				}
				xs, middles = append(xs, level+shift*spacing), append(middles, median)
				if level == 0 && sal == conditions[0] {
					baseline = median
				}
			}
		}
		if len(xs) > 1 {
			p.under(Series{Kind: XY, Label: condition(sal), Look: line(mark.Color, 0.7).faded(0.5), X: xs, Y: middles})
		}
	}
	if p.Y.Shows(baseline) {
		p.under(Series{Kind: Level, Label: condition(conditions[0]) + " and noise", Look: baselineLook, Y: Numbers{baseline}})
	}
	if unfinished > 0 {
		p.Note = plural(unfinished, "run") + " unfinished"
	}
	return p
}

// finalOfOne is final for a single level: the abscissa has the two conditions instead.
func (s NoiseSweep) finalOfOne(p *Panel, row noiseRow) *Panel {
	p.X.Label += " " + number(s.Levels[0])
	unfinished := 0
	for _, c := range s.Curves {
		at, name := 0.0, "without"
		if c.SAL {
			at, name = 1, "with SAL"
		}
		values := lastValues(row.of(c), len(c.Epoch))
		unfinished += len(row.of(c)) - len(values)
		p.summary(condition(c.SAL), at, 0.5, values, marker(c.SAL))
		p.name(at, name)
	}
	if unfinished > 0 {
		p.Note = plural(unfinished, "run") + " unfinished"
	}
	return p
}

// lastValues returns the values at the last of n epochs of the runs that reach it.
func lastValues(runs [][]float64, n int) []float64 {
	var values []float64
	for _, run := range runs {
		if n > 0 && len(run) == n {
			values = append(values, run[n-1])
		}
	}
	return values
}
