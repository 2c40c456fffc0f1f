package figure

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"
)

// Figure12 shows how the two weights' imbalance shows in the spike-timing differences
// (docs/model.md, section 5): figure 12 of the paper.
type Figure12 struct {
	Cases []PerturbationCase // up to six
}

// PerturbationCase is what a perturbation of the weights, W12 up and W21 down, adds to the causal
// half of a law of spike-timing differences, less what it adds to the other half.
type PerturbationCase struct {
	Name     string
	T        []float64 // lag, tau
	Delta    []float64 // p_eps(t) - p_0(t) - (p_eps(-t) - p_0(-t))
	Integral []float64 // running sum of Delta
}

// Figure draws Delta and its running sum over the lag, all cases in one pair of panels. It returns
// an *InputError for columns of unequal length, for more cases than there are colours and when
// there is nothing to draw. Delta is not drawn at lag 0, where it is 0 whatever the weights.
func (f Figure12) Figure() (*Figure, error) {
	if n := len(f.Cases); n == 0 || n > len(categorical) {
		return nil, &InputError{"Figure12", "Cases", fmt.Sprintf("%d cases, need 1 to %d, which have distinct colours", n, len(categorical))}
	}
	delta, sum := newPanel(), newPanel()
	delta.heading, sum.heading = "change of the imbalance", "summed up from 0"
	delta.y.label, sum.y.label = `\i{δ}(\i{t})`, `Σ \i{δ}`
	for _, p := range []*panel{delta, sum} {
		p.x.label, p.x.tight = `lag \i{t} (τ)`, true
		p.x.include(0)
		p.y.include(0)
		p.under(reference{style: dashed(grey, 0.7)})
	}
	var key []keyEntry
	for k, c := range f.Cases {
		if len(c.Delta) != len(c.T) || len(c.Integral) != len(c.T) {
			return nil, &InputError{"Figure12", "Cases", fmt.Sprintf("%q: %d and %d values for %d lags", c.Name, len(c.Delta), len(c.Integral), len(c.T))}
		}
		style := solid(categorical[k], 1.1)
		first := slices.IndexFunc(c.T, func(t float64) bool { return t != 0 })
		if first < 0 {
			first = len(c.T)
		}
		delta.edged(c.T[first:], c.Delta[first:], style)
		t, s := c.T, c.Integral
		if first == 0 && len(t) > 0 { // it begins at 0
			t, s = append([]float64{0}, t...), append([]float64{0}, s...)
		}
		sum.line(t, s, style)
		key = append(key, keyEntry{c.Name, []plot.Thumbnailer{lineThumb(style)}})
	}
	share(&delta.x, &sum.x)
	g := newPanels(2, 105)
	g.key = [][]keyEntry{key}
	g.add(delta, 1)
	g.add(sum, 1)
	return g.figure(readmeWidth), nil
}
