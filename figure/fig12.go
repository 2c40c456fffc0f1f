package figure

import (
	"fmt"
	"slices"
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
	lag := Axis{Label: `lag \i{t}`, Unit: "τ", Tight: true}
	delta := &Panel{Heading: "change of the imbalance", X: lag, Y: Axis{Label: `\i{δ}(\i{t})`}}
	sum := &Panel{Heading: "summed up from 0", X: lag, Y: Axis{Label: `Σ \i{δ}`}}
	for _, p := range []*Panel{delta, sum} {
		p.X.include(0)
		p.Y.include(0)
		p.under(zeroLevel)
	}
	var key []Series
	for k, c := range f.Cases {
		if len(c.Delta) != len(c.T) || len(c.Integral) != len(c.T) {
			return nil, &InputError{"Figure12", "Cases", fmt.Sprintf("%q: %d and %d values for %d lags", c.Name, len(c.Delta), len(c.Integral), len(c.T))}
		}
		style := line(categorical[k], 1.1)
		first := slices.IndexFunc(c.T, func(t float64) bool { return t != 0 })
		if first < 0 {
			first = len(c.T)
		}
		delta.edged(c.Name, c.T[first:], c.Delta[first:], style)
		t, s := c.T, c.Integral
		if first == 0 && len(t) > 0 { // it begins at 0
			t, s = append([]float64{0}, t...), append([]float64{0}, s...)
		}
		sum.curve(c.Name, t, s, style)
		key = append(key, legend(c.Name, style))
	}
	share(&delta.X, &sum.X)
	g := &Figure{Width: readmeWidth, Columns: 2, Height: 105, Key: [][]Series{key}}
	g.add(delta)
	g.add(sum)
	return g, nil
}
