package stdd

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"spikealign/synapse"
)

// Plane is the drift of both weights over a grid of weights: the phase plane. Drifts are those of
// Law.Drift; the one at W12[i], W21[j] is at i*len(W21)+j.
type Plane struct {
	W12, W21         []float64
	Drift12, Drift21 []float64
	Warnings         []error // as of a Law
}

// PhasePlane returns the drift under the learning window w at each pair of weights; W12 and W21 of
// p do not matter. It uses the given number of goroutines, at least 1, and gives the same bits for
// any. The error is that of Validate, of ctx, or says which law could not be solved.
func PhasePlane(ctx context.Context, p Params, w12, w21 []float64, w synapse.Window, workers int) (*Plane, error) {
	for _, x := range w12 {
		for _, y := range w21 {
			p.W12, p.W21 = x, y
			if err := p.Validate(); err != nil {
				return nil, err
			}
		}
	}
	if err := w.Validate(); err != nil {
		return nil, fmt.Errorf("stdd: window: %w", err)
	}
	n := len(w12) * len(w21)
	pl := &Plane{W12: w12, W21: w21, Drift12: make([]float64, n), Drift21: make([]float64, n)}
	if n == 0 {
		return pl, nil
	}
	p = p.Resolve()
	pl.Warnings = p.warnings()
	g := newGauge(w, p.levels())
	err := parallel(ctx, p, workers, n, func(s *solver, i int) error {
		l, err := s.solve(w12[i/len(w21)], w21[i%len(w21)], p.B1, p.B2)
		if err == nil {
			pl.Drift12[i], pl.Drift21[i] = l.drift(g)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return pl, nil
}

// levels returns the number of refinements that a law of p may come from.
func (p Params) levels() int {
	if p.Continuous && !p.hasClosedForm() {
		return maxLevels
	}
	return 1
}

// parallel calls f for 0..n-1, each goroutine with a solver of its own. It returns ctx's error, or
// else that of the smallest index that was tried and failed.
func parallel(ctx context.Context, p Params, workers, n int, f func(s *solver, i int) error) error {
	var next atomic.Int64
	var failed atomic.Bool
	var mu sync.Mutex
	var first error
	at := n
	var wg sync.WaitGroup
	for range max(1, min(workers, n)) {
		wg.Go(func() {
			s := newSolver(p)
			for ctx.Err() == nil && !failed.Load() {
				i := int(next.Add(1) - 1)
				if i >= n {
					return
				}
				if err := f(s, i); err != nil {
					failed.Store(true)
					mu.Lock()
					if i < at {
						at, first = i, err
					}
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	return first
}

// Root is a zero of the drift of the difference W12 - W21 at a fixed mean of the weights.
type Root struct {
	Difference float64 // W12 - W21
	// the difference moves towards it from both sides: a point of the attractor line
	Stable bool
}

// LinePoint is what was found at one mean of the weights.
type LinePoint struct {
	Mean  float64 // (W12+W21)/2
	Roots []Root  // in ascending order
}

// Nearest returns the stable root nearest to the diagonal W12 = W21, as weights; ok is false if
// there is no stable root.
func (q LinePoint) Nearest() (w12, w21 float64, ok bool) {
	best := 0.0
	for _, r := range q.Roots {
		if r.Stable && (!ok || math.Abs(r.Difference) < math.Abs(best)) {
			best, ok = r.Difference, true
		}
	}
	half := float64(best / 2)
	return q.Mean + half, q.Mean - half, ok
}

// Line is the attractor line of the drift.
type Line struct {
	Points   []LinePoint
	Warnings []error // as of a Law, and a *RootsWarning for each point without exactly one root
}

// RootsWarning says that there is not exactly one zero of the drift at a mean of the weights,
// within reach.
type RootsWarning struct {
	Mean  float64
	Roots int
}

func (w *RootsWarning) Error() string {
	return fmt.Sprintf("stdd: at mean weight %v the drift of the difference has %d zeros within reach, not 1", w.Mean, w.Roots)
}

// Deviation returns how far the line is from the diagonal, relative to its extent: the sum of
// |W12-W21| over that of |W12+W21|, over the points of Nearest. It is NaN if there are none, or if
// their means are all 0.
func (l *Line) Deviation() float64 {
	var across, along float64
	for _, q := range l.Points {
		if w12, w21, ok := q.Nearest(); ok {
			across += math.Abs(w12 - w21)
			along += math.Abs(w12 + w21)
		}
	}
	return across / along
}

// scan is the number of intervals in which sign changes of the drift are looked for. It is even, so
// that the diagonal is one of their ends.
const scan = 16

// AttractorLine looks, at each mean of the weights (W12+W21)/2, for the zeros of drift12 - drift21
// over differences |W12-W21| <= reach, under the learning window w. W12 and W21 of p do not matter.
// Zeros closer together than reach/8 can be missed, in pairs. It runs on the given number of
// goroutines, with the same bits for any; errors are those of PhasePlane.
func AttractorLine(ctx context.Context, p Params, means []float64, reach float64, w synapse.Window, workers int) (*Line, error) {
	if !(reach > 0 && reach <= math.MaxFloat64) {
		return nil, fmt.Errorf("stdd: reach = %v: must be positive and finite", reach)
	}
	for _, m := range means {
		for _, d := range []float64{-reach, reach} {
			p.W12, p.W21 = m+float64(d/2), m-float64(d/2)
			if err := p.Validate(); err != nil {
				return nil, err
			}
		}
	}
	if err := w.Validate(); err != nil {
		return nil, fmt.Errorf("stdd: window: %w", err)
	}
	line := &Line{Points: make([]LinePoint, len(means))}
	if len(means) == 0 {
		return line, nil
	}
	p = p.Resolve()
	g := newGauge(w, p.levels())
	err := parallel(ctx, p, workers, len(means), func(s *solver, i int) error {
		roots, err := findRoots(reach, func(d float64) (float64, error) {
			l, err := s.solve(means[i]+float64(d/2), means[i]-float64(d/2), p.B1, p.B2)
			if err != nil {
				return 0, err
			}
			x, y := l.drift(g)
			return x - y, ctx.Err()
		})
		line.Points[i] = LinePoint{means[i], roots}
		return err
	})
	if err != nil {
		return nil, err
	}
	line.Warnings = p.warnings()
	for _, q := range line.Points {
		if len(q.Roots) != 1 {
			line.Warnings = append(line.Warnings, &RootsWarning{q.Mean, len(q.Roots)})
		}
	}
	return line, nil
}

// findRoots returns the zeros of f in [-reach, reach] that a scan brackets.
func findRoots(reach float64, f func(float64) (float64, error)) (roots []Root, err error) {
	var x, y [scan + 1]float64
	for i := range x {
		x[i] = reach * float64(2*i-scan) / scan
		if y[i], err = f(x[i]); err != nil {
			return nil, err
		}
	}
	for i := range x {
		switch {
		case y[i] == 0:
			falls := (i == 0 || y[i-1] > 0) && (i == scan || y[i+1] < 0)
			roots = append(roots, Root{x[i], falls})
		case i < scan && (y[i] > 0) != (y[i+1] > 0) && y[i+1] != 0:
			r, err := bracketed(f, x[i], x[i+1], y[i], y[i+1])
			if err != nil {
				return nil, err
			}
			roots = append(roots, Root{r, y[i] > 0})
		}
	}
	return roots, nil
}

// bracketed returns a zero of f between a and b, where it has values fa and fb of opposite signs:
// regula falsi, halving the value that stays (Illinois), to 1e-12 of the bracket.
func bracketed(f func(float64) (float64, error), a, b, fa, fb float64) (float64, error) {
	small := 1e-12 * math.Abs(b-a)
	last := math.Inf(1)
	for range 100 {
		c := b - float64(fb*(b-a))/(fb-fa)
		if math.Abs(c-last) <= small || math.Abs(b-a) <= small {
			return c, nil
		}
		fc, err := f(c)
		if err != nil || fc == 0 {
			return c, err
		}
		if (fc > 0) != (fb > 0) {
			a, fa = b, fb
		} else {
			fa /= 2
		}
		b, fb, last = c, fc, c
	}
	return b, nil
}
