package figure

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Training is one run of a sampling network (docs/model.md, sections 2 and 4). Any slice may be
// nil: its panel is left out.
type Training struct {
	Name string // title of the figure

	Epoch     []float64 // the abscissa of the next three
	DKL       []float64 // divergence of the sampled from the target distribution, nats
	Floor     []float64 // sampling floor of DKL, nats
	Asymmetry []float64 // Var over i<j of W[i][j]-W[j][i]
	Target    []float64 // target probability of the 2^N states; bit i of the index is neuron i
	Sampled   []float64 // measured fraction of time in each state
	N         int       // number of neurons that the states are of
	// number of neurons after these; if there are any, synapses join them and the first N only
	Hidden int
	// weights before training, of all neurons, row-major, row postsynaptic, column presynaptic
	WInitial []float64
	WFinal   []float64 // weights after training
	WTarget  []float64 // weights of the target distribution
}

// descending returns the indices of v from the largest value to the smallest, ties and NaN in their
// order.
func descending(v []float64) []int {
	order := make([]int, len(v))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(v[b], v[a]) })
	return order
}

// barStates is the largest number of neurons whose states are drawn as labelled bars.
const barStates = 5

// Figure draws divergence and asymmetry over epochs, the sampled against the target distribution
// (bars for up to five neurons, else one point per state), the weights of each pair against each
// other, the learned weights against the target, and the matrices: after training and, with a
// target, before it and the target's. It returns an *InputError for lengths that do not fit
// together or when there is nothing to draw.
func (t Training) Figure() (*Figure, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	g := newPanels(3, 92)
	g.title = t.Name
	if anyFinite(t.DKL) {
		g.add(t.divergence(), 1)
	}
	if len(t.Asymmetry) > 0 {
		p := newPanel()
		epochs(p)
		p.heading, p.y.label, p.y.zero = asymmetryHead, varianceLabel, true
		p.line(t.Epoch, t.Asymmetry, solid(blue, 1.1))
		g.add(p, 1)
	}
	if t.neurons() > 1 && len(t.WInitial)+len(t.WFinal) > 0 {
		g.add(t.symmetry(), 1)
	}
	if len(t.Target) > 0 || len(t.Sampled) > 0 {
		switch {
		case t.N <= barStates:
			g.add(t.stateBars(), 2)
		default:
			if len(t.Target) > 0 && len(t.Sampled) > 0 {
				p := newPanel()
				p.heading = statesHead
				stateScatter(p)
				addStates(p, "", t.Target, t.Sampled, 1, dot(fade(blue, 0.7), stateRadius(t.N)))
				p.diagonal(dashed(grey, 0.7))
				g.add(p, 1)
			}
			g.add(t.sortedStates(), 1)
		}
	}
	if t.neurons() > 1 && len(t.WTarget) > 0 && len(t.WFinal) > 0 {
		g.add(t.learned(), 1)
	}
	before := t.WInitial
	if len(t.WFinal) > 0 && len(t.WTarget) == 0 {
		// the reciprocal weights have it; a fourth kind of panel would stand alone in its row
		before = nil
	}
	limit := largest(before, t.WFinal, t.WTarget)
	for _, m := range []struct {
		w       []float64
		heading string
	}{{before, `\i{W}_{ij} before training`}, {t.WFinal, `\i{W}_{ij} after training`}, {t.WTarget, `target \i{W}*_{ij}`}} {
		if len(m.w) > 0 {
			g.add(t.weights(m.w, limit, m.heading), 1)
		}
	}
	if len(g.cells) == 0 {
		return nil, &InputError{"Training", "Name", fmt.Sprintf("%q has nothing to draw: every part is missing", t.Name)}
	}
	return g.figure(gridWidth(g)), nil
}

// gridWidth narrows a three-column figure that has fewer panels.
func gridWidth(g *grid) vg.Length {
	used := 0
	for _, c := range g.cells {
		used = max(used, c.column+c.span)
	}
	if used < g.columns {
		w := fullWidth * vg.Length(used) / vg.Length(g.columns)
		g.columns = used
		return w
	}
	return fullWidth
}

// neurons is the number of all neurons.
func (t Training) neurons() int { return t.N + t.Hidden }

// joined tells whether there may be a synapse between two neurons.
func (t Training) joined(i, j int) bool {
	return i != j && (t.Hidden == 0 || (i < t.N) != (j < t.N))
}

func (t Training) check() error {
	for _, c := range []struct {
		field string
		v     []float64
	}{{"DKL", t.DKL}, {"Floor", t.Floor}, {"Asymmetry", t.Asymmetry}} {
		if len(c.v) > 0 && len(c.v) != len(t.Epoch) {
			return &InputError{"Training", c.field, fmt.Sprintf("%d values for %d epochs", len(c.v), len(t.Epoch))}
		}
	}
	for _, c := range []struct {
		field string
		v     []float64
	}{{"Target", t.Target}, {"Sampled", t.Sampled}} {
		if err := checkStates("Training", c.field, c.v, t.N); err != nil {
			return err
		}
	}
	for _, c := range []struct {
		field string
		v     []float64
	}{{"WInitial", t.WInitial}, {"WFinal", t.WFinal}, {"WTarget", t.WTarget}} {
		if n := t.neurons(); len(c.v) > 0 && (t.N < 1 || t.Hidden < 0 || len(c.v) != n*n) {
			return &InputError{"Training", c.field, fmt.Sprintf("%d weights for %d neurons, need one for each two", len(c.v), n)}
		}
	}
	return nil
}

func checkStates(figure, field string, v []float64, n int) error {
	if len(v) > 0 && (n < 1 || n > 30 || len(v) != 1<<n) {
		return &InputError{figure, field, fmt.Sprintf("%d probabilities for N = %d neurons, need 2^N", len(v), n)}
	}
	return nil
}

const (
	dklLabel       = `\i{D}_{KL} (nats)`
	varianceLabel  = "Var(\\i{W}_{ij}\u00a0−\u00a0\\i{W}_{ji})" // does not break
	asymmetryLabel = "asymmetry " + varianceLabel

	divergenceHead = "divergence from target"
	asymmetryHead  = "weight asymmetry"
	statesHead     = "network states"
)

// epochs sets the abscissa of a training curve.
func epochs(p *panel) {
	p.x.label, p.x.tight, p.x.whole = "epoch", true, true
}

func (t Training) divergence() *panel {
	p := newPanel()
	epochs(p)
	p.heading, p.y.label, p.y.log = divergenceHead, dklLabel, true
	if len(t.Floor) > 0 {
		p.line(t.Epoch, t.Floor, dashed(grey, 0.9))
		p.explain("sampling floor", lineThumb(dashed(grey, 0.9)))
	}
	p.line(t.Epoch, t.DKL, solid(blue, 1.1))
	return p
}

// stateScatter sets up the axes for addStates.
func stateScatter(p *panel) {
	p.x.log, p.y.log, p.square, p.frame = true, true, true, true
	p.x.label, p.y.label = `target \i{p}*(\i{z})`, `sampled \i{p}(\i{z})`
}

// stateRadius is the size of a state's marker in a network of n neurons.
func stateRadius(n int) vg.Length {
	if n > 8 {
		return 1.1
	}
	return 1.8
}

// addStates adds a marker per state, for several runs at their median. States of the target that
// were never visited have no place on a logarithmic axis; the note counts them for the condition
// who. States that the target does not have are not missed.
func addStates(p *panel, who string, target, sampled []float64, runs int, style draw.GlyphStyle) {
	var x, y []float64
	never := 0
	for s, t := range target {
		switch v := sampled[s]; {
		case t == 0:
		case v == 0:
			never++
		default:
			x, y = append(x, t), append(y, v)
		}
	}
	p.points(x, y, style)
	if never == 0 {
		return
	}
	if p.note != "" {
		p.note += "; "
	}
	if who != "" {
		p.note += who + ": "
	}
	p.note += plural(never, "state") + " never visited"
	if runs > 1 {
		p.note += " by half of the runs"
	}
}

func (t Training) stateBars() *panel {
	p := newPanel()
	states := 1 << t.N
	x := make([]float64, states)
	for s := range x {
		// In the order of the labels read as binary numbers, neuron 0 first.
		x[s] = float64(bits.Reverse32(uint32(s)) >> (32 - t.N))
		p.x.named = append(p.x.named, plot.Tick{Value: x[s], Label: stateName(s, t.N)})
	}
	p.heading = statesHead
	p.x.label, p.y.label = fmt.Sprintf(`state \i{z}_{0} … \i{z}_{%d}`, t.N-1), "probability"
	if t.N == 1 {
		p.x.label = `state \i{z}_{0}`
	}
	p.x.tight, p.y.zero, p.x.upward = true, true, t.N > 2
	if len(t.Target) > 0 {
		p.add(bars{x: x, height: t.Target, shift: -0.2, width: 0.4, color: pale})
		p.explain("target", patchThumb{pale})
	}
	if len(t.Sampled) > 0 {
		p.add(bars{x: x, height: t.Sampled, shift: 0.2, width: 0.4, color: blue})
		p.explain("sampled", patchThumb{blue})
	}
	for k := range states {
		if len(t.Target) > 0 && !finite(t.Target[k]) || len(t.Sampled) > 0 && !finite(t.Sampled[k]) {
			p.lost++
		}
	}
	return p
}

// stateName writes the state of index s, neuron 0 first.
func stateName(s, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '0' + byte(s>>i&1)
	}
	return string(b)
}

// sortedStates draws the probabilities of the states in the order of the target's.
func (t Training) sortedStates() *panel {
	p := newPanel()
	p.heading = "network states, sorted"
	p.x.label, p.y.label, p.y.log, p.x.tight = "state, by target probability", "probability", true, true
	by := t.Target
	if len(by) == 0 {
		by = t.Sampled
		p.x.label = "state, by probability"
	}
	order := descending(by)
	rank := make([]float64, len(order))
	for k := range rank {
		rank[k] = float64(k + 1)
	}
	pick := func(v []float64) []float64 {
		out := make([]float64, len(order))
		for k, s := range order {
			out[k] = v[s]
		}
		return out
	}
	radius := vg.Length(1.3)
	if len(order) > 256 {
		radius = 0.8
	}
	if len(t.Sampled) > 0 {
		p.points(rank, pick(t.Sampled), dot(fade(blue, 0.8), radius))
		p.explain("sampled", glyphThumb(dot(blue, 1.8)))
	}
	if len(t.Target) > 0 {
		p.line(rank, pick(t.Target), solid(black, 1))
		p.explain("target", lineThumb(solid(black, 1)))
	}
	if len(t.Sampled) > 0 && len(t.Target) > 0 {
		p.lost = 0 // the scatter beside counts them
	}
	return p
}

// symmetry draws the two weights of each pair against each other, before and after training.
func (t Training) symmetry() *panel {
	p := newPanel()
	p.square, p.frame = true, true
	p.heading = "reciprocal weights"
	p.x.label, p.y.label = `\i{W}_{ij} (\i{i} < \i{j})`, `\i{W}_{ji}`
	n := t.neurons()
	count := n * (n - 1) / 2
	if t.Hidden > 0 {
		p.heading += ", visible – hidden"
		p.x.label, p.y.label = "from hidden to visible", "from visible to hidden"
		count = t.N * t.Hidden
	}
	every := count/mostPoints + 1
	p.note = oneIn(every, "pair")
	both := func(w []float64) (up, down []float64) {
		k := 0
		for i := range n {
			for j := i + 1; j < n; j++ {
				if !t.joined(i, j) {
					continue
				}
				if k++; k%every != 0 {
					continue
				}
				up, down = append(up, w[i*n+j]), append(down, w[j*n+i])
			}
		}
		return up, down
	}
	if len(t.WInitial) > 0 {
		up, down := both(t.WInitial)
		s := ring(grey, 1.9)
		p.points(up, down, s)
		p.explain("before", glyphThumb(s))
	}
	if len(t.WFinal) > 0 {
		up, down := both(t.WFinal)
		s := dot(fade(blue, 0.85), 1.9)
		p.points(up, down, s)
		p.explain("after", glyphThumb(s))
	}
	p.diagonal(dashed(grey, 0.7))
	return p
}

// learned draws the final weights against those of the target.
func (t Training) learned() *panel {
	p := newPanel()
	p.square, p.frame = true, true
	p.heading = "learned weights"
	p.x.label, p.y.label = `target \i{W}*_{ij}`, `learned \i{W}_{ij}`
	n := t.neurons()
	every := n*(n-1)/mostPoints + 1
	p.note = oneIn(every, "weight")
	var x, y []float64
	k := 0
	for i := range n {
		for j := range n {
			if !t.joined(i, j) {
				continue
			}
			if k++; k%every == 0 {
				x, y = append(x, t.WTarget[i*n+j]), append(y, t.WFinal[i*n+j])
			}
		}
	}
	p.points(x, y, dot(fade(blue, 0.7), 1.9))
	p.diagonal(dashed(grey, 0.7))
	return p
}

// mostPoints bounds the markers of a panel: more cannot be told apart, and make the SVG unwieldy.
const mostPoints = 4000

// oneIn tells that only some of the data are drawn.
func oneIn(every int, noun string) string {
	if every == 1 {
		return ""
	}
	return fmt.Sprintf("one %s in %d", noun, every)
}

// weights draws a weight matrix; where there are no synapses it is grey.
func (t Training) weights(w []float64, limit float64, heading string) *panel {
	p := newPanel()
	n := t.neurons()
	v := append([]float64(nil), w...)
	for k := range v {
		switch {
		case !t.joined(k/n, k%n) && (v[k] == 0 || k/n != k%n):
			v[k] = math.NaN()
		case !finite(v[k]):
			v[k] = math.NaN()
			p.lost++
		}
	}
	p.heading, p.square, p.frame = heading, true, true
	p.x.label, p.y.label = `presynaptic \i{j}`, `postsynaptic \i{i}`
	p.x.tight, p.y.tight = true, true
	p.x.named, p.y.named = indexTicks(n, 1, 10), indexTicks(n, -1, 10)
	p.add(heat{values: v, rows: n, columns: n, limit: limit})
	p.bar = &colorBar{limit: limit}
	return p
}

// largest returns the largest finite magnitude, 1 where there is none.
func largest(ws ...[]float64) float64 {
	m := 0.0
	for _, w := range ws {
		for _, v := range w {
			if a := math.Abs(v); a < 1e100 {
				m = math.Max(m, a)
			}
		}
	}
	if m < 1e-100 {
		return 1
	}
	return m
}
