package figure

import (
	"fmt"
	"math"
)

// Analysis is the matrix of the SAL drifts of recorded neurons (docs/model.md, section 3).
type Analysis struct {
	Title  string
	Note   string   // a remark below the title
	Labels []string // of the N neurons
	// N x N row-major, row postsynaptic, column presynaptic: drift at learning rate 1; the diagonal
	// is ignored, NaN is not known
	SAL         []float64
	Significant []bool // N x N: marked with a dot
}

// Figure draws the matrix, vermilion where the drift is positive and blue where it is negative,
// that is where the synapse acts as the stronger of the two. It returns an *InputError for lengths
// that do not fit together and for fewer than two neurons.
func (a Analysis) Figure() (*Figure, error) {
	n := len(a.Labels)
	if n < 2 {
		return nil, &InputError{"Analysis", "Labels", fmt.Sprintf("%d neurons, need at least 2", n)}
	}
	if len(a.SAL) != n*n {
		return nil, &InputError{"Analysis", "SAL", fmt.Sprintf("%d values for %d neurons, need N*N", len(a.SAL), n)}
	}
	if len(a.Significant) != n*n {
		return nil, &InputError{"Analysis", "Significant", fmt.Sprintf("%d values for %d neurons, need N*N", len(a.Significant), n)}
	}
	v := append([]float64(nil), a.SAL...)
	unknown := false
	for k := range v {
		if !finite(v[k]) || k/n == k%n {
			unknown = unknown || k/n != k%n
			v[k] = math.NaN()
		}
	}
	limit := largest(v)
	// Dots must show on cells of any colour. They are no wider than cells.
	marks := Series{Kind: XY, Label: "significant", Look: dot(Contrast, 1.5), Limit: limit, Size: 0.22}
	for k, s := range v {
		if a.Significant[k] && !math.IsNaN(s) {
			marks.X, marks.Y, marks.Values = append(marks.X, float64(k%n)), append(marks.Y, -float64(k/n)), append(marks.Values, s)
		}
	}

	p := framed(`SAL drift \i{S}_{ij} of the synapse from \i{j} to \i{i}, per τ`, `presynaptic neuron \i{j}`, `postsynaptic neuron \i{i}`)
	p.Note = a.Note
	p.X.Tight, p.Y.Tight = true, true
	p.X.Ticks, p.Y.Ticks = a.ticks(1), a.ticks(-1)
	for _, l := range a.Labels {
		p.X.Upward = p.X.Upward || len(l) > 3
	}
	p.matrix(v, n, limit)
	p.colours(`\i{S}_{ij}`, limit) // the label carries the power of ten
	sign := Look{Color: Diverging, Shade: 0.2, Fill: 1}
	p.explain("negative: acts as the stronger", sign)
	sign.Shade = 0.8
	p.explain("positive: as the weaker of the two", sign)
	if len(marks.X) > 0 {
		p.Series = append(p.Series, marks)
	}
	if unknown {
		p.explain("not known", area(Faint, 1))
	}
	g := &Figure{Title: a.Title, Width: readmeWidth, Columns: 1, Height: analysisHeight}
	g.add(p)
	return g, nil
}

// analysisHeight is that of the matrix: what width is left beside labels and colour bar.
const analysisHeight = 10.4 * centimetre

// ticks labels the neurons, every second, fifth, ... where they are many.
func (a Analysis) ticks(sign float64) []Tick {
	ticks := indexTicks(len(a.Labels), sign, 40)
	for k := range ticks {
		ticks[k].Label = a.Labels[int(math.Abs(ticks[k].Value))]
	}
	return ticks
}
