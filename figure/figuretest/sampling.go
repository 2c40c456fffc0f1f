package figuretest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"spikealign/figure"
)

// Sampling returns inputs of figures of sampling networks.
func Sampling() map[string]Drawer {
	levels := []float64{0, 0.2, 0.4, 0.6, 0.8, 1}
	full := Network(7, 1)
	in := map[string]Drawer{
		"training 7":      full,
		"training 5":      Network(5, 1),
		"training 2":      Network(2, 1),
		"training 1":      Network(1, 1),
		"training 9":      Network(9, 1),
		"curves only":     figure.Training{Name: "a_b*c {d}", Epoch: full.Epoch, DKL: full.DKL, Asymmetry: full.Asymmetry},
		"floor missing":   figure.Training{Epoch: full.Epoch, DKL: full.DKL},
		"target only":     figure.Training{N: 3, Target: []float64{.1, .1, .2, .1, .1, .2, .1, .1}},
		"target only 7":   figure.Training{N: 7, Target: full.Target},
		"weights only":    figure.Training{N: 7, WFinal: full.WFinal},
		"no target":       figure.Training{N: 7, WInitial: full.WInitial, WFinal: full.WFinal},
		"one epoch":       figure.Training{Epoch: []float64{0}, DKL: []float64{0.5}, Asymmetry: []float64{0}, Floor: []float64{1e-3}},
		"constant":        figure.Training{Epoch: []float64{0, 1, 2}, DKL: []float64{0.5, 0.5, 0.5}, Asymmetry: []float64{3, 3, 3}},
		"all NaN":         figure.Training{Epoch: []float64{0, 1}, DKL: []float64{nan, nan}, Asymmetry: []float64{nan, inf}, N: 1, Target: []float64{nan, nan}},
		"some NaN":        figure.Training{Epoch: []float64{0, nan, 2, 3}, DKL: []float64{1, 1, -inf, 0}, Asymmetry: []float64{nan, 1, 2, inf}},
		"zero weights":    figure.Training{N: 2, WInitial: make([]float64, 4), WFinal: []float64{0, nan, inf, 0}, WTarget: make([]float64, 4)},
		"unvisited":       figure.Training{N: 6, Target: Network(6, 1).Target, Sampled: make([]float64, 64)},
		"huge":            figure.Training{Epoch: []float64{0, 1e300}, DKL: []float64{1e-300, 1e300}, Asymmetry: []float64{-1e99, 1e99}},
		"long title":      figure.Training{Name: strings.Repeat("a long title ", 20), Epoch: full.Epoch, DKL: full.DKL},
		"sweep":           Noise(levels, 20, 1),
		"sweep of figure": Noise([]float64{0, .01, .02, .03, .04, .05}, 5, 1),
		"one level":       Noise(levels[:1], 1, 1),
		"no baseline":     Noise(levels[1:3], 2, 1),
		"tiny values":     Noise(levels, 3, 1e-9),
		"large values":    Noise(levels, 3, 1e9),
		"comparison":      Comparison(),
		"metric sweep":    MetricSweep(Factor("method", "sal", "bp", "fa"), Factor("rate", Count(8)...)),
		"one condition":   figure.MetricSweep{Metrics: []figure.Metric{figure.Divergence}, Conditions: []figure.MetricCondition{{X: full.Epoch, Runs: [][][]float64{{full.DKL}}, Floor: [][][]float64{{full.Floor}}}}},
		"raster":          Raster(7, true),
		"raster 1":        Raster(1, false),
		"raster 100":      Raster(100, true),
		"raster empty":    figure.Raster{N: 3},
		"raster auto":     figure.Raster{N: 2, Times: []float64{3, nan, 5}, Neurons: []int{0, 1, 1}},
	}
	s := Noise(levels, 4, 1)
	s.Curves = s.Curves[:1]
	s.Curves[0].DKL[0] = s.Curves[0].DKL[0][:3] // an unfinished run
	s.Curves[0].DKL[1][5] = nan
	s.Curves[0].Asymmetry = nil
	in["spoilt sweep"] = s
	s = Noise(levels, 1, nan)
	in["sweep of NaN"] = s
	s = Noise(levels, 2, 1)
	for k := range s.Curves {
		s.Curves[k].DKL = [][]float64{{}, {}} // started, nothing recorded
	}
	in["empty runs"] = s
	c := Comparison()
	c.Conditions[0].Sampled = [][]float64{append([]float64{0, nan}, c.Target[2:]...)}
	in["spoilt comparison"] = c
	c = Comparison()
	for k := range c.Conditions {
		d := &c.Conditions[k]
		dkl, asymmetry := d.Runs[0], d.Runs[1]
		d.Runs = [][][]float64{append(dkl, dkl[0][:20], nil), append(asymmetry, asymmetry[0], nil)}
		d.Sampled = append(d.Sampled, d.Sampled[0])
	}
	in["replicates"] = c
	for k := range 4 {
		d := c.Conditions[k%2]
		d.Levels = []int{k + 2}
		c.Factors[0].Values = append(c.Factors[0].Values, fmt.Sprintf("condition %d with %s", k, strings.Repeat("a long name ", 12)))
		c.Conditions = append(c.Conditions, d)
	}
	in["six conditions"] = c

	// Labels longer than their axes, with spaces and without.
	for name, label := range map[string]string{"words": strings.Repeat("label of many words ", 9), "word": strings.Repeat("word", 60)} {
		s := Noise(levels, 2, 1e-7)
		s.NoiseLabel, s.Title = label, label
		in["long "+name] = s
		s = Noise(levels[:1], 2, 1e-7)
		s.NoiseLabel = label
		in["one level, long "+name] = s
		v := figure.Curves{Title: label}
		for range 3 {
			v.Panels = append(v.Panels, figure.CurvePanel{Heading: label, XLabel: label, YLabel: label, LogX: true, Courses: []figure.Course{{Name: label, X: []float64{1, 10}, Runs: [][]float64{{1e-9, 2e-9}}}}})
		}
		in["curves, long "+name] = v
		v.Columns, v.Panels = 2, append([]figure.CurvePanel{{Heading: label, XLabel: label, YLabel: label, LogX: true, Ratio: true, Courses: v.Panels[0].Courses}}, v.Panels...)
		in["four curve panels, long "+name] = v
		v.Columns, v.Panels = 0, v.Panels[1:2]
		in["one curve panel, long "+name] = v
		c := Comparison()
		c.Title, c.Factors[0].Values[1] = label, label
		in["comparison, long "+name] = c
		in["training, long "+name] = figure.Training{Name: label, Epoch: full.Epoch, DKL: full.DKL, Asymmetry: full.DKL}
	}
	in["angle"] = figure.Curves{Panels: []figure.CurvePanel{
		{Heading: "SAL as published", XLabel: "length of the SAL phase (steps)", YLabel: "angle to the transpose (degrees)", LogX: true, Courses: []figure.Course{{Name: "rate", X: []float64{1e3, 1e6}, Runs: [][]float64{{90, 60}, {80, 50}}}}},
		{Heading: "pairs up to τ", XLabel: "length of the SAL phase (steps)", YLabel: "angle to the transpose (degrees)", LogX: true},
	}}
	hidden := figure.Training{Name: "hidden", N: 2, Hidden: 3, Target: []float64{.5, 0, 0, .5}, Sampled: []float64{.4, .1, .1, .4}}
	hidden.WInitial, hidden.WFinal = Network(5, 3).WInitial, Network(5, 3).WFinal
	in["hidden"] = hidden
	in["images"] = figure.Images{Name: "images", Side: 3, Fixed: []int{1, 2}, Images: []figure.Image{{Heading: "mean", Pixels: []float64{1, 0.5, 0, 0, 0.2, 1, 1, 0, 0}}, {Heading: "0.5", Pixels: make([]float64, 9)}}}
	small := Network(3, 1)
	for _, w := range [][]float64{small.WInitial, small.WFinal, small.WTarget} {
		for k := range w {
			w[k] *= 1e-4
		}
	}
	in["small weights"] = small
	return in
}

// Network returns a plausible trained network of n neurons.
func Network(n int, seed uint64) figure.Training {
	r := rand.New(rand.NewPCG(seed, 1))
	t := figure.Training{Name: fmt.Sprintf("%d neurons", n), N: n}
	for k := range 41 {
		e := float64(k) * 500
		t.Epoch = append(t.Epoch, e)
		t.DKL = append(t.DKL, math.Exp(-e/900)+2e-3*math.Exp(0.1*r.NormFloat64()))
		t.Floor = append(t.Floor, 5e-4)
		t.Asymmetry = append(t.Asymmetry, 0.5*math.Exp(-e/1500)+0.004*r.Float64())
	}
	for i := range n * n {
		off := 1.0
		if i%(n+1) == 0 {
			off = 0
		}
		t.WInitial = append(t.WInitial, off*0.5*r.NormFloat64())
		t.WFinal = append(t.WFinal, off*0.5*r.NormFloat64())
		t.WTarget = append(t.WTarget, off*(2*r.Float64()-1))
	}
	sum := 0.0
	for range 1 << n {
		p := math.Exp(1.5 * r.NormFloat64())
		t.Target, sum = append(t.Target, p), sum+p
	}
	for s := range t.Target {
		t.Target[s] /= sum
		t.Sampled = append(t.Sampled, t.Target[s]*math.Exp(0.05*r.NormFloat64()))
	}
	return t
}

// Noise returns a sweep with the shape of figure 4; scale multiplies every measured value.
func Noise(levels []float64, runs int, scale float64) figure.NoiseSweep {
	r := rand.New(rand.NewPCG(3, 1))
	s := figure.NoiseSweep{Title: "Synaptic noise", NoiseLabel: "initial weight noise σ_{init}", Levels: levels}
	for _, level := range levels {
		for _, sal := range []bool{false, true} {
			end, asymmetry := 2e-3+8e-3*level*level, 2*level*level
			if sal {
				end, asymmetry = 2e-3, 0.004
			}
			c := figure.Curve{Level: level, SAL: sal}
			for k := range 21 {
				c.Epoch = append(c.Epoch, float64(k)*1000)
			}
			for range runs {
				f := scale * math.Exp(0.2*r.NormFloat64())
				var d, a []float64
				for _, e := range c.Epoch {
					d = append(d, f*(math.Exp(-e/900)+end))
					a = append(a, f*(2*level*level*math.Exp(-e/1500)+asymmetry))
				}
				c.DKL, c.Asymmetry = append(c.DKL, d), append(c.Asymmetry, a)
			}
			s.Curves = append(s.Curves, c)
		}
	}
	return s
}

// Comparison has two conditions.
func Comparison() figure.MetricSweep {
	t := Network(5, 2)
	a := figure.MetricCondition{Levels: []int{0}, X: t.Epoch, Runs: [][][]float64{{t.DKL}, {t.Asymmetry}}, Floor: [][][]float64{{t.Floor}, nil}, Sampled: [][]float64{t.Sampled}}
	b := a
	b.Levels, b.Sampled = []int{1}, [][]float64{t.Target}
	return figure.MetricSweep{Title: "Five neurons", X: "epoch", N: 5, Target: t.Target, Metrics: []figure.Metric{figure.Divergence, figure.Asymmetry},
		Factors: []figure.Factor{{Values: []string{"with SAL", "without SAL"}}}, Conditions: []figure.MetricCondition{a, b}}
}

// Raster has about 24 spikes of each of n neurons in its window.
func Raster(n int, states bool) figure.Raster {
	r := rand.New(rand.NewPCG(4, 1))
	out := figure.Raster{Name: "Spikes", N: n, From: 10, To: 60, States: states}
	for range 30 * n {
		out.Times = append(out.Times, 80*r.Float64())
		out.Neurons = append(out.Neurons, r.IntN(n))
	}
	return out
}

// MetricSweep has all combinations of the values of factors as conditions, with three runs each.
func MetricSweep(factors ...figure.Factor) figure.MetricSweep {
	c := figure.MetricSweep{Title: "A sweep", X: "epoch", Factors: factors, Metrics: []figure.Metric{figure.Loss, figure.Angle, {Heading: "never there"}}}
	levels := [][]int{nil}
	for _, f := range factors {
		var next [][]int
		for _, l := range levels {
			for v := range f.Values {
				next = append(next, append(slices.Clone(l), v))
			}
		}
		levels = next
	}
	for k, l := range levels {
		d := figure.MetricCondition{Levels: l, X: []float64{0, 10, 20, 30}, Runs: make([][][]float64, 3)}
		for r := range 3 {
			a, b := float64(k+1), float64(r+1)
			d.Runs[0] = append(d.Runs[0], []float64{10 * a, a + b, a / b, 0.01 * a * b})
			d.Runs[1] = append(d.Runs[1], []float64{90, 60 + b, 30 + a, a})
		}
		c.Conditions = append(c.Conditions, d)
	}
	return c
}

// Factor returns a factor with the values printed.
func Factor(name string, values ...any) figure.Factor {
	f := figure.Factor{Name: name}
	for _, v := range values {
		f.Values = append(f.Values, fmt.Sprint(v))
	}
	return f
}

// Count returns 1 to n.
func Count(n int) (values []any) {
	for k := range n {
		values = append(values, k+1)
	}
	return values
}
