package figure

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"spikealign/internal/quantile"
)

// MaxSweepConditions is how many conditions a MetricSweep can tell apart, by six colours with four
// kinds of lines or by a scale of colours.
const MaxSweepConditions = 24

// MetricSweep sets metrics of any kind of experiment under different conditions side by side: over
// the course of the runs and, where a number varies, at their end over that number.
type MetricSweep struct {
	Title      string
	X          string // what the abscissa counts
	Metrics    []Metric
	Factors    []Factor          // what varies between the conditions
	Conditions []MetricCondition // up to MaxSweepConditions
}

// Metric is a measured quantity.
type Metric struct{ Name, Unit, Doc string }

// Factor is something that varies between conditions, with its values as text.
type Factor struct {
	Name   string
	Values []string
}

// MetricCondition holds the runs of one condition.
type MetricCondition struct {
	Levels []int // for each factor the place in its Values
	X      []float64
	// [metric][run][place]. A run shorter than X is unfinished: it counts as far as it goes
	Runs [][][]float64
}

const degrees = "degrees"

// Lines of the factors that colours do not tell.
var lineKinds = [][]float64{nil, {5, 2}, {1.2, 1.4}, {6, 1.6, 1.2, 1.6}}

// Figure draws the metrics over X, of several runs the median, with a band between the quartiles
// where the conditions are few. Where a factor has three numbers or more, a second row has the last
// values over it. A metric without values is left out. It returns an *InputError for lengths that
// do not fit together, for more conditions than can be told apart, and when there is nothing to
// draw.
func (c MetricSweep) Figure() (*Figure, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := c.style()
	g := &Figure{Title: c.Title, Height: 90, Key: s.key}
	var ends []*Panel
	for m, metric := range c.Metrics {
		if !c.has(m) {
			continue
		}
		axis := c.axis(m)
		p := &Panel{Heading: metric.Doc, Note: repeated(c.runs(m)), X: Axis{Label: c.X, Tight: true, Whole: true}, Y: axis}
		for k, d := range c.Conditions {
			if s.bands || len(d.Runs[m]) < 2 {
				p.course("", d.X, d.Runs[m], s.lines[k])
			} else {
				p.curve("", d.X, medians(len(d.X), d.Runs[m], &p.Y), s.lines[k])
			}
		}
		p.bandsFirst()
		g.add(p)
		if s.number >= 0 {
			end := c.end(m, s)
			if metric.Unit == degrees { // what is aligned would fill the axis with its rounding errors
				share(&p.Y, &end.Y)
			}
			ends = append(ends, end)
		}
	}
	if len(g.Panels) == 0 {
		return nil, &InputError{"MetricSweep", "Conditions", "there is nothing to draw: no run has values yet"}
	}
	g.Columns = len(g.Panels)
	for _, p := range ends {
		g.add(p)
	}
	g.Width = readmeWidth
	if g.Columns == 1 {
		g.Width *= 2. / 3
	}
	return g, nil
}

// axis is the ordinate of a metric: logarithmic where its values are positive and span
// more than a decade.
func (c MetricSweep) axis(m int) Axis {
	metric := c.Metrics[m]
	a := Axis{Label: metric.Name, Unit: strings.ReplaceAll(metric.Unit, "^2", "^{2}")}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, d := range c.Conditions {
		for _, run := range d.Runs[m] {
			for _, v := range run {
				if finite(v) {
					lo, hi = math.Min(lo, v), math.Max(hi, v)
				}
			}
		}
	}
	a.Log = lo > 0 && hi > 20*lo && metric.Unit != degrees
	a.Zero = !a.Log && lo >= 0 && lo < hi/2
	return a
}

// has reports whether any run has values of a metric.
func (c MetricSweep) has(m int) bool {
	return slices.ContainsFunc(c.Conditions, func(d MetricCondition) bool { return anyFinite(d.Runs[m]...) })
}

// runs returns of how many runs the conditions are.
func (c MetricSweep) runs(m int) (n []int) {
	for _, d := range c.Conditions {
		n = append(n, len(d.Runs[m]))
	}
	return n
}

// numbers returns the values of a factor if they are three different numbers or more, else nil.
func (c MetricSweep) numbers(factor int) []float64 {
	var xs []float64
	for _, v := range c.Factors[factor].Values {
		x, err := strconv.ParseFloat(v, 64)
		if err != nil || !moderate(x) || slices.Contains(xs, x) {
			return nil
		}
		xs = append(xs, x)
	}
	if len(xs) < 3 {
		return nil
	}
	return xs
}

// end draws the last values of a metric over the numbers of a factor.
func (c MetricSweep) end(m int, s style) *Panel {
	numbers := c.numbers(s.number)
	p := &Panel{Heading: "at the end", X: Axis{Label: c.Factors[s.number].Name}, Y: c.axis(m)}
	lo, hi := slices.Min(numbers), slices.Max(numbers)
	p.X.Log = lo > 0 && hi >= 20*lo
	var bars, dots []Series
	for kind := range s.kinds {
		var xs, ys []float64
		for _, k := range s.inOrder(c, kind, numbers) {
			d := c.Conditions[k]
			var last []float64
			for _, run := range d.Runs[m] {
				if n := len(run); n > 0 && n == len(d.X) && p.Y.shows(run[n-1]) {
					last = append(last, run[n-1])
				}
			}
			if len(last) == 0 {
				continue
			}
			x := numbers[d.Levels[s.number]]
			q1, q2, q3 := quantile.Quartiles(last)
			xs, ys = append(xs, x), append(ys, q2)
			look := s.lines[k]
			if len(last) > 1 {
				bars = append(bars, Series{X: Numbers{x, x}, Y: Numbers{q1, q3}, Look: Look{Color: look.Color, Shade: look.Shade, Width: 1.1}})
			}
			dots = append(dots, Series{X: Numbers{x}, Y: Numbers{q2}, Look: Look{Color: look.Color, Shade: look.Shade, Marker: Dot, Radius: 2}})
		}
		l := line(Reference, 0.8)
		l.Dashes = s.dashes(kind)
		p.curve("", xs, ys, l)
	}
	for _, s := range slices.Concat(bars, dots) {
		p.plot(s)
	}
	return p
}

// style is how the conditions are told apart.
type style struct {
	lines  []Look // of the conditions
	bands  bool   // they are few enough for bands
	key    [][]Series
	number int   // the factor over whose numbers last values are drawn, -1 if there is none
	kind   []int // of the conditions: which combination of the other factors they have
	kinds  int   // how many of these there are
}

// dashes of a combination of the factors without colours.
func (s style) dashes(kind int) []float64 { return lineKinds[kind%len(lineKinds)] }

// inOrder returns the conditions of a combination, by their numbers.
func (s style) inOrder(c MetricSweep, kind int, numbers []float64) (ks []int) {
	for k := range c.Conditions {
		if s.kind[k] == kind {
			ks = append(ks, k)
		}
	}
	at := func(k int) float64 { return numbers[c.Conditions[k].Levels[s.number]] }
	slices.SortStableFunc(ks, func(a, b int) int { return cmp.Compare(at(a), at(b)) })
	return ks
}

// style gives each condition its line. Few conditions have a colour each, and an entry of the key.
// Of many some factors have the colours and the others the kinds of lines, so that the key needs an
// entry for each value and not for each condition. Where that is not possible, the conditions are
// numbered through.
func (c MetricSweep) style() style {
	s := style{bands: len(c.Conditions) <= MaxConditions, number: c.numeric()}
	coloured, ok := c.coloured(s.number)
	switch {
	case s.bands || !ok:
		if !s.bands {
			s.number = -1 // its lines could not be told apart
		}
		c.numbered(&s)
	default:
		if len(coloured) != 1 || coloured[0] != s.number {
			s.number = -1
		}
		c.factorised(&s, coloured)
	}
	s.kind, _ = c.combinations(c.without(s.number))
	s.kinds = 0
	for _, k := range s.kind {
		s.kinds = max(s.kinds, k+1)
	}
	return s
}

// numeric returns the factor with the most numbers, -1 if there is none with three.
func (c MetricSweep) numeric() int {
	best := -1
	for f, factor := range c.Factors {
		if c.numbers(f) != nil && (best < 0 || len(factor.Values) > len(c.Factors[best].Values)) {
			best = f
		}
	}
	return best
}

// without returns all factors but one.
func (c MetricSweep) without(factor int) (fs []int) {
	for f := range c.Factors {
		if f != factor {
			fs = append(fs, f)
		}
	}
	return fs
}

// coloured chooses the factors that have the colours: the numeric one, for which there is a scale,
// or those that have the most values together, six at most. ok is false if the others have more
// combinations than there are kinds of lines.
func (c MetricSweep) coloured(numeric int) (fs []int, ok bool) {
	product := func(fs []int) int {
		n := 1
		for _, f := range fs {
			n *= len(c.Factors[f].Values)
		}
		return n
	}
	for _, f := range append([]int{numeric}, c.without(-1)...) {
		if f >= 0 && (f == numeric || len(c.Factors[f].Values) <= MaxConditions) && product(c.without(f)) <= len(lineKinds) {
			return []int{f}, true
		}
	}
	most := 0
	for set := range 1 << min(len(c.Factors), 16) {
		var in, out []int
		for f := range c.Factors {
			if set>>f&1 == 1 {
				in = append(in, f)
			} else {
				out = append(out, f)
			}
		}
		if n := product(in); n > most && n <= MaxConditions && product(out) <= len(lineKinds) {
			fs, ok, most = in, true, n
		}
	}
	return fs, ok
}

// combinations returns for each condition which combination it has of the values of some factors,
// and the texts of these.
func (c MetricSweep) combinations(fs []int) (of []int, texts []string) {
	for _, d := range c.Conditions {
		text := c.values(d, fs)
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
		of = append(of, slices.Index(texts, text))
	}
	return of, texts
}

// values are the values of a condition for some factors.
func (c MetricSweep) values(d MetricCondition, fs []int) string {
	var values []string
	for _, f := range fs {
		values = append(values, c.Factors[f].Values[d.Levels[f]])
	}
	return strings.Join(values, ", ")
}

// heading begins a group of the key: the names of the factors.
func (c MetricSweep) heading(fs []int) Series {
	var names []string
	for _, f := range fs {
		names = append(names, c.Factors[f].Name)
	}
	return Series{Label: strings.Join(names, ", ") + ":"}
}

// numbered gives each condition a look and an entry of the key.
func (c MetricSweep) numbered(s *style) {
	if len(c.Factors) == 0 {
		s.lines = []Look{conditionLine(0, 1)}
		return
	}
	all := c.without(-1)
	group := []Series{c.heading(all)}
	for k, d := range c.Conditions {
		var look Look
		if s.bands {
			look = conditionLine(k, len(c.Conditions))
		} else {
			look = line(categorical[k%MaxConditions], 1.1)
			look.Dashes = s.dashes(k / MaxConditions)
		}
		s.lines = append(s.lines, look)
		if s.bands && slices.ContainsFunc(d.Runs, func(runs [][]float64) bool { return len(runs) > 1 }) {
			look = look.banded()
		}
		group = append(group, legend(c.values(d, all), look))
	}
	s.key = [][]Series{group}
}

// factorised gives some factors the colours and the others the kinds of lines.
func (c MetricSweep) factorised(s *style, coloured []int) {
	var rest []int
	for f := range c.Factors {
		if !slices.Contains(coloured, f) {
			rest = append(rest, f)
		}
	}
	colour, colours := c.combinations(coloured)
	kind, kinds := c.combinations(rest)
	look := func(k int) Look {
		if len(colours) <= MaxConditions {
			return line(categorical[k], 1.1)
		}
		l := sequential(k, len(colours), 1.1)
		if len(kinds) == 1 {
			l.Dashes = s.dashes(k) // neighbours on the scale are much alike
		}
		return l
	}
	for k := range c.Conditions {
		l := look(colour[k])
		if len(kinds) > 1 {
			l.Dashes = s.dashes(kind[k])
		}
		s.lines = append(s.lines, l)
	}
	group := []Series{c.heading(coloured)}
	for k, text := range colours {
		group = append(group, legend(text, look(k)))
	}
	s.key = [][]Series{group}
	if len(kinds) > 1 {
		group = []Series{c.heading(rest)}
		for k, text := range kinds {
			l := line(Ink, 1.1)
			l.Dashes = s.dashes(k)
			group = append(group, legend(text, l))
		}
		s.key = append(s.key, group)
	}
}

func (c MetricSweep) check() error {
	bad := func(field, format string, args ...any) error {
		return &InputError{"MetricSweep", field, fmt.Sprintf(format, args...)}
	}
	if n := len(c.Conditions); n > MaxSweepConditions {
		return bad("Conditions", "%d conditions, at most %d can be told apart", n, MaxSweepConditions)
	}
	for k, d := range c.Conditions {
		if len(d.Levels) != len(c.Factors) || len(d.Runs) != len(c.Metrics) {
			return bad("Conditions", "condition %d has %d levels of %d factors, runs of %d of %d metrics", k, len(d.Levels), len(c.Factors), len(d.Runs), len(c.Metrics))
		}
		for f, level := range d.Levels {
			if level < 0 || level >= len(c.Factors[f].Values) {
				return bad("Conditions", "condition %d has level %d of %q, which has %d", k, level, c.Factors[f].Name, len(c.Factors[f].Values))
			}
		}
		for m, runs := range d.Runs {
			for r, run := range runs {
				if len(run) > len(d.X) {
					return bad("Conditions", "condition %d: run %d has %d values of %s for %d places", k, r, len(run), c.Metrics[m].Name, len(d.X))
				}
			}
		}
	}
	return nil
}
