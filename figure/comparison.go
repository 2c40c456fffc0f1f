package figure

import (
	"fmt"
	"math"
)

// MaxConditions is how many conditions a Comparison can show: as many as there are colours.
const MaxConditions = 6

// Comparison sets a small network under different conditions side by side; the first demonstration
// has two, with and without SAL.
type Comparison struct {
	Title string
	N     int // number of neurons
	// target probability of the 2^N states; bit i of the index is neuron i; may be nil
	Target     []float64
	Conditions []Condition // up to six
}

// Condition holds the runs of one condition. Any slice may be nil.
type Condition struct {
	Name string
	// the abscissa of the next three. A run shorter than it is unfinished: it counts as far as it
	// goes
	Epoch []float64

	// [run][epoch] divergence of the sampled from the target distribution, nats
	DKL       [][]float64
	Floor     [][]float64 // sampling floor of DKL, nats
	Asymmetry [][]float64 // Var over i<j of W[i][j]-W[j][i]
	// [run][state] measured fraction of time in each state; of runs with another target it is left
	// out
	Sampled [][]float64
}

// runs is the number of runs.
func (c Condition) runs() int { return max(len(c.DKL), len(c.Asymmetry)) }

// Figure draws D_KL with its sampling floor and the asymmetry over epochs, and the sampled against
// the target probability of every state: of several runs the median, with a band between the
// quartiles over epochs. A panel for which no condition has values is left out. It returns an
// *InputError for lengths that do not fit together, for more conditions than there are colours and
// when there is nothing to draw.
func (c Comparison) Figure() (*Figure, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	g := &Figure{Title: c.Title, Height: 76}
	repeats := c.repeats(Condition.runs)
	dkl := &Panel{Heading: divergenceHead, Note: repeats, X: epochs, Y: dklAxis}
	asymmetry := &Panel{Heading: asymmetryHead, Note: repeats, X: epochs, Y: Axis{Label: varianceLabel, Zero: true}}
	states := stateScatter()
	states.Note = c.repeats(func(d Condition) int { return len(d.Sampled) })

	var hasDKL, hasAsymmetry, hasFloor, hasStates bool
	for _, d := range c.Conditions {
		if anyFinite(d.Floor...) && anyFinite(d.DKL...) {
			dkl.curve(floorLabel, d.Epoch, medians(len(d.Epoch), d.Floor, &dkl.Y), floorLook)
			hasFloor = true
		}
	}
	var lines, markers []Series
	for k, d := range c.Conditions {
		look := conditionLine(k, len(c.Conditions))
		if anyFinite(d.DKL...) {
			dkl.course(d.Name, d.Epoch, d.DKL, look)
			hasDKL = true
		}
		if anyFinite(d.Asymmetry...) {
			asymmetry.course(d.Name, d.Epoch, d.Asymmetry, look)
			hasAsymmetry = true
		}
		if d.runs() > 1 {
			look = look.banded()
		}
		lines = append(lines, legend(d.Name, look))
	}
	dkl.bandsFirst()
	asymmetry.bandsFirst()
	// The last condition is drawn first: the first one, usually the matter of the figure, lies on
	// top.
	for k := len(c.Conditions) - 1; k >= 0; k-- {
		d := c.Conditions[k]
		if len(d.Sampled) == 0 || len(c.Target) == 0 {
			continue
		}
		sampled, mark := medians(len(c.Target), d.Sampled, &Axis{}), conditionMarker(k, stateRadius(c.N))
		if k == 0 {
			mark = mark.faded(0.8)
		}
		states.states(d.Name, c.Target, sampled, len(d.Sampled), mark)
		markers = append([]Series{legend(d.Name, conditionMarker(k, stateRadius(1)))}, markers...)
		hasStates = true
	}
	states.diagonal()
	if hasFloor {
		lines = append(lines, legend(floorLabel, floorLook))
	}
	if hasDKL || hasAsymmetry {
		g.Key = append(g.Key, lines)
	}
	if hasStates {
		g.Key = append(g.Key, append([]Series{{Label: statesHead + ":"}}, markers...))
	}
	for _, p := range []struct {
		*Panel
		has bool
	}{{dkl, hasDKL}, {asymmetry, hasAsymmetry}, {states, hasStates}} {
		if p.has {
			g.add(p.Panel)
		}
	}
	if len(g.Panels) == 0 {
		return nil, &InputError{"Comparison", "Conditions", "there is nothing to draw: no run has values yet"}
	}
	g.Columns = len(g.Panels)
	g.Width = readmeWidth * float64(g.Columns) / 3
	return g, nil
}

// repeats says of how many runs the medians are, nothing where every condition has one.
func (c Comparison) repeats(runs func(Condition) int) string {
	var counts []int
	for _, d := range c.Conditions {
		counts = append(counts, runs(d))
	}
	return repeated(counts)
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

// conditionMarker is the marker of the k-th condition: filled for the first.
func conditionMarker(k int, radius float64) Look {
	if k == 0 {
		return dot(categorical[k], radius)
	}
	return ring(categorical[k], radius)
}

func (c Comparison) check() error {
	if n := len(c.Conditions); n > MaxConditions {
		return &InputError{"Comparison", "Conditions", fmt.Sprintf("%d conditions, at most %d have distinct colours", n, MaxConditions)}
	}
	if err := checkStates("Comparison", "Target", c.Target, c.N); err != nil {
		return err
	}
	for _, d := range c.Conditions {
		for _, v := range []struct {
			field string
			runs  [][]float64
		}{{"DKL", d.DKL}, {"Floor", d.Floor}, {"Asymmetry", d.Asymmetry}} {
			for r, run := range v.runs {
				if len(run) > len(d.Epoch) {
					return &InputError{"Comparison", "Conditions", fmt.Sprintf("%q: run %d has %d values of %s for %d epochs", d.Name, r, len(run), v.field, len(d.Epoch))}
				}
			}
		}
		for _, run := range d.Sampled {
			if err := checkStates("Comparison", "Conditions", run, c.N); err != nil {
				return err
			}
		}
	}
	return nil
}
