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

// MaxConditions is how many conditions have bands and states: as many as there are colours.
const MaxConditions = 6

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

	// target probability of the 2^N states; bit i of the index is neuron i; may be nil
	Target []float64
	N      int // neurons
}

// Metric is a measured quantity.
type Metric struct {
	Name    string // in tables
	Heading string // of its panel
	// of the ordinate; two metrics with the same ones have the same range
	Label, Unit string
	// Positive: 0 has no place if values span more than a decade
	Positive bool
	// Ratio: 1 is where both quantities are of one size, and has a line
	Ratio bool
	// Counted: 0 or 1, of which no median makes sense; the share of runs with 1 is drawn
	Counted bool
}

// Metrics as the figures of single runs call them.
var (
	Divergence  = Metric{Heading: divergenceHead, Label: dklAxis.Label, Unit: dklAxis.Unit, Positive: true}
	Asymmetry   = Metric{Heading: asymmetryHead, Label: varianceLabel, Positive: true}
	Loss        = Metric{Heading: "loss", Label: lossAxis.Label, Positive: true}
	Accuracy    = Metric{Heading: "classification", Label: "share of patterns right"}
	Angle       = Metric{Heading: alignmentHead, Label: "angle", Unit: degrees}
	Ratio       = Metric{Heading: ratioHead, Label: ratioLabel, Ratio: true}
	Signs       = Metric{Heading: "sign of the feedback", Label: "share with the forward sign"}
	Weight12    = Metric{Heading: weight12, Label: "weight"}
	Weight21    = Metric{Heading: weight21, Label: "weight"}
	Effective12 = Metric{Heading: "effective " + weight12, Label: "effective weight"}
	Effective21 = Metric{Heading: "effective " + weight21, Label: "effective weight"}
)

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
	// the same for what the metric would be of a perfect network measured as long; may be nil
	Floor [][][]float64
	// [run][state] measured fraction of time in each state; of runs with another target it is left
	// out
	Sampled [][]float64
}

const degrees = "degrees"

// Lines of the factors that colours do not tell.
var lineKinds = [][]float64{nil, {5, 2}, {1.2, 1.4}, {6, 1.6, 1.2, 1.6}}

// Figure draws the metrics over X, of several runs the median, with a band between the quartiles
// where the conditions are few, and of few conditions the sampled against the target probability of
// every state. Where a factor has three numbers or more, a second row has the last values over it.
// A metric without values is left out. It returns an *InputError for lengths that do not fit
// together, for more conditions than can be told apart, and when there is nothing to draw.
func (c MetricSweep) Figure() (*Figure, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := c.style()
	g := &Figure{Title: c.Title, Height: 90, Width: readmeWidth, Key: s.key}
	floors := false
	var ends []*Panel
	for m := range c.Metrics {
		if !c.has(m) {
			continue
		}
		p := c.course(m, s)
		floors = c.floor(m, p) || floors
		g.add(p)
		if s.number >= 0 {
			ends = append(ends, c.end(m, s))
			if c.Metrics[m].Unit == degrees { // what is aligned would fill the axis with its rounding errors
				share(&p.Y, &ends[len(ends)-1].Y)
			}
		}
	}
	alike(g.Panels, ordinate)
	alike(ends, ordinate)
	if p := c.states(s); p != nil {
		g.add(p)
	}
	if len(g.Panels) == 0 {
		return nil, &InputError{"MetricSweep", "Conditions", "there is nothing to draw: no run has values yet"}
	}
	g.Columns = len(g.Panels)
	for _, p := range ends {
		g.add(p)
	}
	if floors {
		if len(g.Key) == 0 {
			g.Key = [][]Series{nil}
		}
		last := &g.Key[len(g.Key)-1]
		*last = append(*last, legend(floorLabel, floorLook))
	}
	switch {
	case g.Columns == 1:
		g.Width *= 2. / 3
	case g.Columns > 3:
		g.Width = fullWidth
	}
	return g, nil
}

// alike gives those axes of panels that show one quantity the same range.
func alike(panels []*Panel, axis func(*Panel) *Axis) {
	of := map[string][]*Axis{}
	for _, p := range panels {
		a := axis(p)
		of[a.quantity()] = append(of[a.quantity()], a)
	}
	for _, axes := range of {
		share(axes...)
	}
}

func abscissa(p *Panel) *Axis { return &p.X }
func ordinate(p *Panel) *Axis { return &p.Y }

// quantity tells axes apart that show another quantity, or show it in another way.
func (a *Axis) quantity() string { return fmt.Sprint(a.Label, " ", a.Unit, a.Log) }

// course draws a metric over X.
func (c MetricSweep) course(m int, s style) *Panel {
	metric := c.Metrics[m]
	note := repeated(c.runs(m))
	if metric.Counted {
		note = strings.Replace(note, "median", "share", 1)
	}
	p := &Panel{Heading: metric.Heading, Note: note, X: Axis{Label: c.X, Tight: true, Whole: true}, Y: c.axis(m)}
	for k, d := range c.Conditions {
		switch runs := d.Runs[m]; {
		case !anyFinite(runs...): // no curve, not a curve with values missing
		case metric.Counted:
			p.curve("", d.X, shares(len(d.X), runs), s.lines[k])
		case s.bands || len(runs) < 2:
			p.course("", d.X, runs, s.lines[k])
		default:
			p.curve("", d.X, medians(len(d.X), runs, &p.Y), s.lines[k])
		}
	}
	p.bandsFirst()
	p.zeros(metric, c.Conditions, m)
	p.reference(metric)
	return p
}

// zeros says why values are missing of a metric that is 0 where the axis is logarithmic.
func (p *Panel) zeros(metric Metric, conditions []MetricCondition, m int) {
	has0 := slices.ContainsFunc(conditions, func(d MetricCondition) bool {
		return slices.ContainsFunc(d.Runs[m], func(run []float64) bool { return slices.Contains(run, 0) })
	})
	if metric.Positive && p.Y.Log && has0 {
		p.Note, p.lost = join(p.Note, "without zeros"), 0
	}
}

// reference draws the line at which a ratio is 1.
func (p *Panel) reference(metric Metric) {
	if metric.Ratio {
		p.Y.include(1)
		p.under(Series{Kind: Level, Look: dashed(Reference, 0.7), Y: Numbers{1}})
	}
}

// shares returns at each of n places the share of the runs in which the value is not 0.
func shares(n int, runs [][]float64) []float64 {
	v := make([]float64, n)
	for k := range v {
		values, _ := atEpoch(runs, k, &Axis{})
		v[k] = nonzero(values)
	}
	return v
}

// nonzero is the share of values other than 0, NaN without any value.
func nonzero(values []float64) float64 {
	count := 0.0
	for _, v := range values {
		if v != 0 {
			count++
		}
	}
	return count / float64(len(values))
}

// floor draws the least that a metric can be, as far as it lies near the data, and reports whether
// it does: far below them it would take the room that their differences need.
func (c MetricSweep) floor(m int, p *Panel) bool {
	if p.Y.Range == nil {
		return false
	}
	lo, hi := p.Y.Range[0], p.Y.Range[1]
	least := lo - 0.2*(hi-lo)
	if p.Y.Log {
		least = lo * math.Pow(lo/hi, 0.2)
	}
	var lines []Series
	near := Axis{Log: p.Y.Log}
	for _, d := range c.Conditions {
		if len(d.Floor) == 0 || !anyFinite(d.Floor[m]...) {
			continue
		}
		floor := medians(len(d.X), d.Floor[m], &p.Y)
		for _, v := range floor {
			if v >= least && v <= hi {
				near.include(v)
			}
		}
		lines = append(lines, Series{Kind: XY, Label: floorLabel, Look: floorLook, X: d.X, Y: floor})
	}
	if near.Range == nil {
		return false
	}
	p.Y.include(near.Range...)
	p.Series = append(lines, p.Series...)
	return true
}

// states draws the sampled against the target probability of every state, nil without any. The
// last condition is drawn first: the first one, usually the matter of the figure, lies on top.
func (c MetricSweep) states(s style) *Panel {
	if !s.bands || len(c.Target) == 0 {
		return nil
	}
	p := stateScatter()
	var counts []int
	for k, d := range slices.Backward(c.Conditions) {
		counts = append(counts, len(d.Sampled))
		if len(d.Sampled) == 0 {
			continue
		}
		sampled, mark := medians(len(c.Target), d.Sampled, &Axis{}), s.marker(k, stateRadius(c.N))
		if k == 0 {
			mark = mark.faded(0.8)
		}
		p.states(c.values(d, c.without(-1)), c.Target, sampled, len(d.Sampled), mark)
	}
	if len(p.Series) == 0 {
		return nil
	}
	for k := range p.Series {
		p.Series[k].Label = "" // the key of the figure has them
	}
	p.Note = join(repeated(counts), p.Note)
	p.diagonal()
	return p
}

// axis is the ordinate of a metric, and of those like it: logarithmic where the values are positive
// and span more than a decade.
func (c MetricSweep) axis(m int) Axis {
	metric := c.Metrics[m]
	a := Axis{Label: metric.Label, Unit: strings.ReplaceAll(metric.Unit, "^2", "^{2}")}
	if metric.Counted {
		a.Zero = true
		a.include(0, 1)
		return a
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for like, other := range c.Metrics {
		if other.Label != metric.Label || other.Unit != metric.Unit {
			continue
		}
		for _, d := range c.Conditions {
			for _, run := range d.Runs[like] {
				for _, v := range run {
					if finite(v) && (v > 0 || !metric.Positive) {
						lo, hi = math.Min(lo, v), math.Max(hi, v)
					}
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
	p := &Panel{Heading: "at the end", X: Axis{Label: c.Factors[s.number].Name, Log: ratios(numbers)}, Y: c.axis(m)}
	var bars, dots []Series
	for kind := range s.kinds {
		var xs, ys []float64
		for _, k := range s.inOrder(c, kind, numbers) {
			d := c.Conditions[k]
			var last []float64
			for _, run := range d.Runs[m] {
				if n := len(run); n > 0 && n == len(d.X) && p.Y.Shows(run[n-1]) {
					last = append(last, run[n-1])
				}
			}
			if len(last) == 0 {
				continue
			}
			x := numbers[d.Levels[s.number]]
			q1, q2, q3 := quantile.Quartiles(last)
			if c.Metrics[m].Counted {
				q2 = nonzero(last)
			}
			xs, ys = append(xs, x), append(ys, q2)
			look := s.lines[k]
			if len(last) > 1 && !c.Metrics[m].Counted {
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
	p.reference(c.Metrics[m])
	return p
}

// ratios tells whether numbers, three or more, belong on a logarithmic axis: where they span much,
// or have more equal ratios than differences.
func ratios(numbers []float64) bool {
	xs := slices.Sorted(slices.Values(numbers))
	lo, hi := xs[0], xs[len(xs)-1]
	if lo <= 0 || hi < 3*lo {
		return false
	}
	uneven := func(scale func(float64) float64) float64 { // largest over smallest step
		least, most := math.Inf(1), 0.0
		for k := range len(xs) - 1 {
			step := scale(xs[k+1]) - scale(xs[k])
			least, most = math.Min(least, step), math.Max(most, step)
		}
		return most / least
	}
	return hi >= 20*lo || uneven(math.Log) < uneven(func(x float64) float64 { return x })
}

// style is how the conditions are told apart.
type style struct {
	lines  []Look // of the conditions
	bands  bool   // they are few enough for bands
	key    [][]Series
	number int    // the factor over whose numbers last values are drawn, -1 if there is none
	kind   []int  // of the conditions: which combination of the other factors they have
	kinds  int    // how many of these there are
	rings  []bool // of the conditions: their markers are open
}

// marker is the marker of the k-th condition.
func (s style) marker(k int, radius float64) Look {
	return circle(s.lines[k].Color, s.rings[k], radius)
}

// circle is a marker, open or filled.
func circle(c Color, open bool, radius float64) Look {
	if open {
		return ring(c, radius)
	}
	return dot(c, radius)
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

// style gives each condition its line. The few values of a single factor have a colour each. Of
// several factors some have the colours and the others the kinds of lines, so that the key needs an
// entry for each value and not for each condition. Where that is not possible, the conditions are
// numbered through.
func (c MetricSweep) style() style {
	s := style{bands: len(c.Conditions) <= MaxConditions, number: c.numeric()}
	coloured, ok := c.coloured(s.number)
	switch {
	case s.bands && len(c.Factors) < 2 || !ok:
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

// heading begins a group of the key: the names of the factors that have one.
func (c MetricSweep) heading(fs []int) []Series {
	var names []string
	for _, f := range fs {
		if name := c.Factors[f].Name; name != "" {
			names = append(names, name)
		}
	}
	if names == nil {
		return nil
	}
	return []Series{{Label: strings.Join(names, ", ") + ":"}}
}

// numbered gives each condition a look and an entry of the key.
func (c MetricSweep) numbered(s *style) {
	if len(c.Factors) == 0 {
		s.lines, s.rings = []Look{conditionLine(0, 1)}, []bool{false}
		return
	}
	all := c.without(-1)
	group := c.heading(all)
	for k, d := range c.Conditions {
		s.rings = append(s.rings, k > 0)
		var look Look
		if s.bands {
			look = conditionLine(k, len(c.Conditions))
		} else {
			look = line(categorical[k%MaxConditions], 1.1)
			look.Dashes = s.dashes(k / MaxConditions)
		}
		s.lines = append(s.lines, look)
		if s.bands && d.repeated() {
			look = look.banded()
		}
		if len(c.Target) > 0 && len(d.Sampled) > 0 {
			look = look.marked(s.marker(k, stateRadius(1)))
		}
		group = append(group, legend(c.values(d, all), look))
	}
	s.key = [][]Series{group}
}

// repeated tells whether a condition has several runs.
func (d MetricCondition) repeated() bool {
	return slices.ContainsFunc(d.Runs, func(runs [][]float64) bool { return len(runs) > 1 })
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
		s.lines, s.rings = append(s.lines, l), append(s.rings, kind[k] > 0)
	}
	group := c.heading(coloured)
	for k, text := range colours {
		l := look(k)
		if s.bands && slices.ContainsFunc(c.Conditions, MetricCondition.repeated) {
			l = l.banded()
		}
		group = append(group, legend(text, l))
	}
	s.key = [][]Series{group}
	if len(kinds) > 1 {
		group = c.heading(rest)
		for k, text := range kinds {
			l := line(Ink, 1.1)
			l.Dashes = s.dashes(k)
			if s.bands && len(c.Target) > 0 && slices.ContainsFunc(c.Conditions, func(d MetricCondition) bool { return len(d.Sampled) > 0 }) {
				l = l.marked(circle(Ink, k > 0, stateRadius(1)))
			}
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
	if err := checkStates("MetricSweep", "Target", c.Target, c.N); err != nil {
		return err
	}
	for k, d := range c.Conditions {
		for _, run := range d.Sampled {
			if err := checkStates("MetricSweep", "Conditions", run, c.N); err != nil {
				return err
			}
			if len(c.Target) == 0 {
				return bad("Conditions", "condition %d has states, and there is no target", k)
			}
		}
		if d.Floor != nil && len(d.Floor) != len(c.Metrics) {
			return bad("Conditions", "condition %d has floors of %d of %d metrics", k, len(d.Floor), len(c.Metrics))
		}
		if len(d.Levels) != len(c.Factors) || len(d.Runs) != len(c.Metrics) {
			return bad("Conditions", "condition %d has %d levels of %d factors, runs of %d of %d metrics", k, len(d.Levels), len(c.Factors), len(d.Runs), len(c.Metrics))
		}
		for f, level := range d.Levels {
			if level < 0 || level >= len(c.Factors[f].Values) {
				return bad("Conditions", "condition %d has level %d of %q, which has %d", k, level, c.Factors[f].Name, len(c.Factors[f].Values))
			}
		}
		for m, runs := range slices.Concat(d.Runs, d.Floor) {
			m %= len(c.Metrics)
			for r, run := range runs {
				if len(run) > len(d.X) {
					return bad("Conditions", "condition %d: run %d has %d values of %s for %d places", k, r, len(run), c.Metrics[m].Name, len(d.X))
				}
			}
		}
	}
	return nil
}

// repeated says of how many runs medians are, nothing where they are of one; conditions without
// runs do not count.
func repeated(counts []int) string {
	lo, hi := math.MaxInt, 0
	for _, n := range counts {
		if n > 0 {
			lo, hi = min(lo, n), max(hi, n)
		}
	}
	switch {
	case hi <= 1:
		return ""
	case lo < hi:
		return fmt.Sprintf("median of %d to %d runs", lo, hi)
	}
	return fmt.Sprintf("median of %d runs", hi)
}

// conditionLine is the line of the k-th of n conditions: the first one is solid, and each is drawn
// over those before it with shorter dashes, so that all are seen where they coincide.
func conditionLine(k, n int) Look {
	s := line(categorical[k], 1.1)
	switch {
	case k == 0:
	case n <= 3:
		s.Dashes = []float64{3 * float64(n-k), 3 * float64(k)}
	default: // more and more of gaps would leave nothing of the last ones
		s.Dashes = [MaxConditions][]float64{1: {7.5, 1.5}, 2: {6, 3}, 3: {4.5, 4.5}, 4: {3.2, 4.2}, 5: {1.6, 2.2}}[k]
	}
	return s
}
