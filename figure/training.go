package figure

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
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
	g := &Figure{Title: t.Name, Columns: 3, Height: 92}
	if anyFinite(t.DKL) {
		g.add(t.divergence())
	}
	if len(t.Asymmetry) > 0 {
		p := &Panel{Heading: asymmetryHead, X: epochs, Y: Axis{Label: varianceLabel, Zero: true}}
		p.curve("", t.Epoch, t.Asymmetry, line(First, 1.1))
		g.add(p)
	}
	if t.neurons() > 1 && len(t.WInitial)+len(t.WFinal) > 0 {
		g.add(t.symmetry())
	}
	if len(t.Target) > 0 || len(t.Sampled) > 0 {
		switch {
		case t.N <= barStates:
			g.add(t.stateBars())
		default:
			if len(t.Target) > 0 && len(t.Sampled) > 0 {
				p := stateScatter()
				p.states("", t.Target, t.Sampled, 1, dot(First, stateRadius(t.N)).faded(0.7))
				p.diagonal()
				g.add(p)
			}
			g.add(t.sortedStates())
		}
	}
	if t.neurons() > 1 && len(t.WTarget) > 0 && len(t.WFinal) > 0 {
		g.add(t.learned())
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
			g.add(t.weights(m.w, limit, m.heading))
		}
	}
	if len(g.Panels) == 0 {
		return nil, &InputError{"Training", "Name", fmt.Sprintf("%q has nothing to draw: every part is missing", t.Name)}
	}
	return g.narrow(), nil
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
	varianceLabel = "Var(\\i{W}_{ij}\u00a0−\u00a0\\i{W}_{ji})" // does not break

	divergenceHead = "divergence from target"
	asymmetryHead  = "weight asymmetry"
	statesHead     = "network states"
	floorLabel     = "sampling floor"
)

var floorLook = dashed(Reference, 0.9)

// The abscissa of a training curve, and the ordinate of the divergence.
var (
	epochs  = Axis{Label: "epoch", Tight: true, Whole: true}
	dklAxis = Axis{Label: `\i{D}_{KL}`, Unit: "nats", Log: true}
)

func (t Training) divergence() *Panel {
	p := &Panel{Heading: divergenceHead, X: epochs, Y: dklAxis}
	if len(t.Floor) > 0 {
		p.curve(floorLabel, t.Epoch, t.Floor, floorLook)
	}
	p.curve("", t.Epoch, t.DKL, line(First, 1.1))
	return p
}

// stateScatter returns a panel for states.
func stateScatter() *Panel {
	p := framed(statesHead, `target \i{p}*(\i{z})`, `sampled \i{p}(\i{z})`)
	p.X.Log, p.Y.Log = true, true
	return p
}

// stateRadius is the size of a state's marker in a network of n neurons.
func stateRadius(n int) float64 {
	if n > 8 {
		return 1.1
	}
	return 1.8
}

// states adds a marker per state, for several runs at their median. States of the target that
// were never visited have no place on a logarithmic axis; the note counts them for the condition
// who. States that the target does not have are not missed.
func (p *Panel) states(who string, target, sampled []float64, runs int, mark Look) {
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
	p.curve(who, x, y, mark)
	if never == 0 {
		return
	}
	note := plural(never, "state") + " never visited"
	if who != "" {
		note = who + ": " + note
	}
	if runs > 1 {
		note += " by half of the runs"
	}
	p.Note = join(p.Note, note)
}

func (t Training) stateBars() *Panel {
	p := &Panel{Heading: statesHead, Span: 2, X: Axis{Tight: true, Upward: t.N > 2}, Y: Axis{Label: "probability", Zero: true}}
	states := 1 << t.N
	x := make([]float64, states)
	for s := range x {
		// In the order of the labels read as binary numbers, neuron 0 first.
		x[s] = float64(bits.Reverse32(uint32(s)) >> (32 - t.N))
		p.X.Ticks = append(p.X.Ticks, Tick{Value: x[s], Label: stateName(s, t.N)})
	}
	p.X.Label = fmt.Sprintf(`state \i{z}_{0} … \i{z}_{%d}`, t.N-1)
	if t.N == 1 {
		p.X.Label = `state \i{z}_{0}`
	}
	bars := func(label string, height []float64, shift float64, c Color) {
		if len(height) == 0 {
			return
		}
		s := Series{Kind: Bars, Label: label, Look: area(c, 1), Size: 0.4}
		p.Y.include(0)
		for k, h := range height {
			s.X, s.Y = append(s.X, x[k]+shift), append(s.Y, h)
			if finite(h) {
				p.X.include(x[k]-0.5, x[k]+0.5)
				p.Y.include(h)
			}
		}
		p.Series = append(p.Series, s)
	}
	bars("target", t.Target, -0.2, Faint)
	bars("sampled", t.Sampled, 0.2, First)
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
func (t Training) sortedStates() *Panel {
	p := &Panel{Heading: "network states, sorted", X: Axis{Label: "state, by target probability", Tight: true}, Y: Axis{Label: "probability", Log: true}}
	by := t.Target
	if len(by) == 0 {
		by = t.Sampled
		p.X.Label = "state, by probability"
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
	radius := 1.3
	if len(order) > 256 {
		radius = 0.8
	}
	if len(t.Sampled) > 0 {
		p.explain("sampled", dot(First, 1.8))
		p.curve("sampled", rank, pick(t.Sampled), dot(First, radius).faded(0.8))
	}
	if len(t.Target) > 0 {
		p.curve("target", rank, pick(t.Target), line(Ink, 1))
	}
	if len(t.Sampled) > 0 && len(t.Target) > 0 {
		p.lost = 0 // the scatter beside counts them
	}
	return p
}

// symmetry draws the two weights of each pair against each other, before and after training.
func (t Training) symmetry() *Panel {
	p := framed("reciprocal weights", `\i{W}_{ij} (\i{i} < \i{j})`, `\i{W}_{ji}`)
	n := t.neurons()
	count := n * (n - 1) / 2
	if t.Hidden > 0 {
		p.Heading += ", visible – hidden"
		p.X.Label, p.Y.Label = "from hidden to visible", "from visible to hidden"
		count = t.N * t.Hidden
	}
	every := count/mostPoints + 1
	p.Note = oneIn(every, "pair")
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
		p.curve("before", up, down, ring(Reference, 1.9))
	}
	if len(t.WFinal) > 0 {
		up, down := both(t.WFinal)
		p.curve("after", up, down, dot(First, 1.9).faded(0.85))
	}
	p.diagonal()
	return p
}

// learned draws the final weights against those of the target.
func (t Training) learned() *Panel {
	p := framed("learned weights", `target \i{W}*_{ij}`, `learned \i{W}_{ij}`)
	n := t.neurons()
	every := n*(n-1)/mostPoints + 1
	p.Note = oneIn(every, "weight")
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
	p.curve("", x, y, dot(First, 1.9).faded(0.7))
	p.diagonal()
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
func (t Training) weights(w []float64, limit float64, heading string) *Panel {
	p := framed(heading, `presynaptic \i{j}`, `postsynaptic \i{i}`)
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
	p.X.Tight, p.Y.Tight = true, true
	p.X.Ticks, p.Y.Ticks = indexTicks(n, 1, 10), indexTicks(n, -1, 10)
	p.matrix(v, n, limit)
	p.colours("", limit)
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
