package figure

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
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
	field, label string
	log          bool
	of           func(Curve) [][]float64
}

var noiseRows = []noiseRow{
	{"DKL", dklLabel, true, func(c Curve) [][]float64 { return c.DKL }},
	{"Asymmetry", asymmetryLabel, false, func(c Curve) [][]float64 { return c.Asymmetry }},
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

	g := newPanels(len(conditions)+1, 105)
	g.title = s.Title
	levels := []keyEntry{{label: s.NoiseLabel + ":"}}
	for k, level := range s.Levels {
		c := sequential(k, len(s.Levels))
		levels = append(levels, keyEntry{number(level), []plot.Thumbnailer{patchThumb{fade(c, bandOpacity)}, lineThumb(solid(c, 1.3))}})
	}
	final := []keyEntry{{label: "after training:"}}
	for _, sal := range conditions {
		final = append(final, keyEntry{condition(sal), []plot.Thumbnailer{glyphThumb(marker(sal))}})
	}
	if slices.ContainsFunc(s.Curves, func(c Curve) bool { return c.Level == 0 && c.SAL == conditions[0] }) {
		final = append(final, keyEntry{condition(conditions[0]) + " and noise", []plot.Thumbnailer{lineThumb(baselineStyle)}})
	}
	g.key = [][]keyEntry{levels, final}
	for r, row := range rows {
		var ys, xs []*axis
		for k, sal := range conditions {
			p := s.course(row, sal)
			p.y.bare = k > 0
			if r == 0 {
				p.heading = condition(sal)
			}
			g.add(p, 1)
			ys, xs = append(ys, &p.y), append(xs, &p.x)
		}
		share(ys...)
		share(xs...)
		p := s.final(row, conditions)
		if r == 0 {
			p.heading = "after training"
		}
		g.add(p, 1)
	}
	if len(conditions) == 1 {
		return g.figure(fullWidth * 0.72), nil
	}
	return g.figure(fullWidth), nil
}

func condition(sal bool) string {
	if sal {
		return "with SAL"
	}
	return "without SAL"
}

// marker is the look of a condition's medians.
func marker(sal bool) draw.GlyphStyle {
	if sal {
		return dot(withSAL, 2.2)
	}
	return ring(withoutSAL, 2.4)
}

const bandOpacity = 0.24

var baselineStyle = dashed(grey, 0.8)

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
func (s NoiseSweep) course(row noiseRow, sal bool) *panel {
	p := newPanel()
	epochs(p)
	p.y.label, p.y.log, p.y.zero = row.label, row.log, !row.log
	for k, level := range s.Levels {
		hue := sequential(k, len(s.Levels))
		for _, c := range s.Curves {
			if c.SAL != sal || c.Level != level || len(row.of(c)) == 0 {
				continue
			}
			p.course(c.Epoch, row.of(c), hue)
		}
	}
	// Medians above all bands.
	slices.SortStableFunc(p.layers, func(a, b plot.Plotter) int { return depth(a) - depth(b) })
	return p
}

func depth(l plot.Plotter) int {
	if _, band := l.(*plotter.Polygon); band {
		return 0
	}
	return 1
}

// atEpoch collects the values of all runs at epoch index e that the axis can show.
func atEpoch(runs [][]float64, e int, y *axis) (values []float64, lost int) {
	for _, run := range runs {
		switch {
		case e >= len(run):
		case y.shows(run[e]):
			values = append(values, run[e])
		default:
			lost++
		}
	}
	return values, lost
}

// final draws one quantity at the last epoch over the noise level.
func (s NoiseSweep) final(row noiseRow, conditions []bool) *panel {
	p := newPanel()
	p.x.label, p.y.label = s.NoiseLabel, row.label
	p.y.log, p.y.zero = row.log, !row.log
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
		p.x.named = append(p.x.named, plot.Tick{Value: l, Label: number(l)})
		p.x.include(l - spacing/2)
		p.x.include(l + spacing/2)
	}
	p.x.tight = true

	// The baseline: no noise, no SAL (with SAL where there is nothing else).
	baseline := math.NaN()
	unfinished := 0
	for _, sal := range conditions {
		style, shift := marker(sal), -0.14
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
				median := p.summary(level+shift*spacing, 0.2*spacing, values, style)
				if !p.y.shows(median) {
					continue
				}
				xs, middles = append(xs, level+shift*spacing), append(middles, median)
				if level == 0 && sal == conditions[0] {
					baseline = median
				}
			}
		}
		if len(xs) > 1 {
			p.under(&plotter.Line{XYs: pairs(xs, middles), LineStyle: solid(fade(style.Color.(color.NRGBA), 0.5), 0.7)})
		}
	}
	if p.y.shows(baseline) {
		p.under(reference{at: baseline, style: baselineStyle})
	}
	if unfinished > 0 {
		p.note = plural(unfinished, "run") + " unfinished"
	}
	return p
}

// finalOfOne is final for a single level: the abscissa has the two conditions instead.
func (s NoiseSweep) finalOfOne(p *panel, row noiseRow) *panel {
	p.x.label, p.x.tight = s.NoiseLabel+" "+number(s.Levels[0]), true
	unfinished := 0
	for _, c := range s.Curves {
		at, name := 0.0, "without"
		if c.SAL {
			at, name = 1, "with SAL"
		}
		values := lastValues(row.of(c), len(c.Epoch))
		unfinished += len(row.of(c)) - len(values)
		p.summary(at, 0.5, values, marker(c.SAL))
		p.name(at, name)
	}
	if unfinished > 0 {
		p.note = plural(unfinished, "run") + " unfinished"
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
