package figure

import (
	"fmt"
	"math"
	"slices"
)

// LagHistograms shows at which lags the spikes of recorded neurons follow each other, a panel for
// each pair.
type LagHistograms struct {
	Title string
	Unit  string // of the lags
	Pairs []LagPair
}

// LagPair is the histogram of the lags t_post - t_pre of two neurons.
type LagPair struct {
	Pre, Post string
	Edges     []float64 // bounds of K bins of |lag|, ascending from 0: K+1
	// pairs in each bin in which post fires after pre, and before it: K each
	Causal, AntiCausal []float64
	Note               string // a remark above the data
}

// Figure draws the pairs in each bin over the lag, the two halves in different colours, each
// mirrored onto the other one as a dashed line. The band reaches from this line by two standard
// errors of the difference of the halves to either side, if pairs come by chance as in a Poisson
// process: where nothing is asymmetric 19 bins of 20 end within it. All panels have the same lags.
// It returns an *InputError for edges that do not ascend from 0, for counts that are negative or
// not as many as bins, and when there is nothing to draw.
func (h LagHistograms) Figure() (*Figure, error) {
	if len(h.Pairs) == 0 {
		return nil, &InputError{"LagHistograms", "Pairs", "there is nothing to draw"}
	}
	for k, p := range h.Pairs {
		if problem := p.problem(); problem != "" {
			return nil, &InputError{"LagHistograms", "Pairs", fmt.Sprintf("pair %d, %s and %s: %s", k, p.Pre, p.Post, problem)}
		}
	}
	columns := min(len(h.Pairs), lawColumns)
	g := &Figure{Title: h.Title, Width: [...]float64{0, 11 * centimetre, readmeWidth, fullWidth}[columns], Columns: columns, Height: lawHeight}
	g.Key = [][]Series{{causalLags, antiCausalLags}, {mirroredLags}}
	var xs []*Axis
	for k, pair := range h.Pairs {
		p := pair.panel(h.Unit)
		p.X.Bare = k+columns < len(h.Pairs)
		g.add(p)
		xs = append(xs, &p.X)
	}
	share(xs...)
	return g, nil
}

func (p LagPair) problem() string {
	n := len(p.Edges) - 1
	if n < 1 || p.Edges[0] != 0 {
		return "edges of bins must begin with 0 and be two or more"
	}
	for k, e := range p.Edges {
		if !moderate(e) || k > 0 && e <= p.Edges[k-1] {
			return fmt.Sprintf("edge %d of the bins is %g: must be above the one before", k, e)
		}
	}
	for _, half := range [][]float64{p.Causal, p.AntiCausal} {
		if len(half) != n {
			return fmt.Sprintf("%d counts for %d bins", len(half), n)
		}
		for k, c := range half {
			if !(c >= 0 && moderate(c)) {
				return fmt.Sprintf("count %d is %g", k, c)
			}
		}
	}
	return ""
}

var (
	causalLags     = legend("post after pre: causal for pre → post", halfLook(synapse12))
	antiCausalLags = legend("post before pre: causal for post → pre", halfLook(synapse21))
	mirroredLags   = legend("the other half, mirrored, ± 2 standard errors of the difference", mirroredBand)
	mirroredBand   = Look{Color: Ink, Fill: 0.14, Width: 0.6, Dashes: []float64{3, 2}}
)

// halfLook is paler than that of other histograms, so that the band shows behind it.
func halfLook(c Color) Look { return Look{Color: c, Fill: 0.4, Width: 0.9} }

func (p LagPair) panel(unit string) *Panel {
	g := &Panel{Heading: p.Pre + " → " + p.Post, Note: p.Note, X: Axis{Label: `\i{t}_{post} − \i{t}_{pre}`, Unit: unit, Tight: true}, Y: Axis{Label: "pairs in a bin", Zero: true}}
	n := len(p.Causal)
	// steps lays values out over the lags, on one side of 0 from left to right.
	steps := func(of func(k int) float64, side float64) (x, y []float64) {
		for k := range n {
			x, y = append(x, 0+side*p.Edges[k], side*p.Edges[k+1]), append(y, of(k), of(k)) // no -0
		}
		if side < 0 {
			slices.Reverse(x)
			slices.Reverse(y)
		}
		return x, y
	}
	type half struct {
		series      Series
		side        float64
		own, mirror []float64
	}
	halves := []half{{antiCausalLags, -1, p.AntiCausal, p.Causal}, {causalLags, 1, p.Causal, p.AntiCausal}}
	for _, h := range halves {
		bound := func(sign float64) func(k int) float64 {
			return func(k int) float64 {
				return math.Max(0, h.mirror[k]+sign*2*math.Sqrt(h.own[k]+h.mirror[k]))
			}
		}
		x, low := steps(bound(-1), h.side)
		_, high := steps(bound(1), h.side)
		g.plot(Series{Label: mirroredLags.Label, Look: area(Ink, mirroredBand.Fill), X: x, Low: low, High: high})
	}
	for _, h := range halves {
		x, y := steps(func(k int) float64 { return h.own[k] }, h.side)
		g.plot(Series{Label: h.series.Label, Look: area(h.series.Color, h.series.Fill), X: x, Low: make([]float64, len(y)), High: y})
		g.curve(h.series.Label, x, y, line(h.series.Color, h.series.Width))
	}
	for _, h := range halves {
		x, y := steps(func(k int) float64 { return h.mirror[k] }, h.side)
		g.curve(mirroredLags.Label, x, y, dashed(Ink, mirroredBand.Width))
	}
	return g
}
