package figure

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
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
	unknown, any := 0, false
	var marks cellMarks
	for i := range n {
		for j := range n {
			k := i*n + j
			switch {
			case i == j:
				v[k] = math.NaN()
			case !finite(v[k]):
				v[k] = math.NaN()
				unknown++
			case a.Significant[k]:
				any = true
				marks.at = append(marks.at, [2]int{i, j})
			}
		}
	}
	limit := largest(v)
	for _, at := range marks.at {
		// Dots must show on cells of any colour.
		c := black
		if math.Abs(v[at[0]*n+at[1]]) > 0.55*limit {
			c = rgb(0xffffff)
		}
		marks.colors = append(marks.colors, c)
	}

	p := newPanel()
	p.square, p.frame = true, true
	p.heading = `SAL drift \i{S}_{ij} of the synapse from \i{j} to \i{i}, per τ`
	p.note = a.Note
	p.x.label, p.y.label = `presynaptic neuron \i{j}`, `postsynaptic neuron \i{i}`
	p.x.tight, p.y.tight = true, true
	p.x.named, p.y.named = a.ticks(1), a.ticks(-1)
	for _, l := range a.Labels {
		p.x.upward = p.x.upward || len(l) > 3
	}
	p.add(heat{values: v, rows: n, columns: n, limit: limit}, marks)
	p.bar = &colorBar{limit: limit, label: `\i{S}_{ij}`} // the label carries the power of ten
	p.explain("negative: acts as the stronger", patchThumb{diverging(-0.6, 1)})
	p.explain("positive: as the weaker of the two", patchThumb{diverging(0.6, 1)})
	if any {
		p.explain("significant", glyphThumb(dot(black, 1.5)))
	}
	if unknown > 0 {
		p.explain("not known", patchThumb{pale})
	}
	g := newPanels(1, analysisHeight)
	g.title = a.Title
	g.add(p, 1)
	return g.figure(readmeWidth), nil
}

// analysisHeight is that of the matrix: what width is left beside labels and colour bar.
const analysisHeight = 10.4 * vg.Centimeter

// ticks labels the neurons, every second, fifth, ... where they are many.
func (a Analysis) ticks(sign float64) []plot.Tick {
	ticks := indexTicks(len(a.Labels), sign, 40)
	for k := range ticks {
		ticks[k].Label = a.Labels[int(math.Abs(ticks[k].Value))]
	}
	return ticks
}

// cellMarks are dots in the middle of the cells (row, column) of a heat.
type cellMarks struct {
	at     [][2]int
	colors []color.NRGBA
}

func (m cellMarks) Plot(c draw.Canvas, p *plot.Plot) {
	trX, trY := p.Transforms(&c)
	side := trX(1) - trX(0)
	radius := min(1.5, max(0.22*side, 0.3))
	for k, at := range m.at {
		c.DrawGlyphNoClip(dot(m.colors[k], radius), vg.Point{X: trX(float64(at[1])), Y: trY(-float64(at[0]))})
	}
}
