package figuretest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"spikealign/figure"
)

// Pairs returns inputs of figures of two neurons.
func Pairs() map[string]Drawer {
	laws := SixLaws()
	in := map[string]Drawer{
		"STDD":            figure.STDD{Title: "Six laws", Laws: laws},
		"STDD one":        figure.STDD{Laws: []figure.STDDLaw{measured(laws[0])}},
		"STDD two":        figure.STDD{Title: "Two", Laws: []figure.STDDLaw{measured(laws[0]), Law("tau 10", 10, 2, -1)}},
		"STDD four":       figure.STDD{Laws: laws[:4]},
		"STDD no zero":    figure.STDD{Laws: []figure.STDDLaw{{Tau: 2, Lags: []float64{-1.5, -.5, .5, 1.5}, Probability: []float64{.1, .4, .4, .1}}}},
		"STDD coincident": figure.STDD{Laws: []figure.STDDLaw{{Tau: 1, Lags: []float64{-1, 0, 1}, Probability: []float64{.3, .3, .4}, Measured: []float64{.3, .2, .5}}}},
		"STDD zero":       figure.STDD{Laws: []figure.STDDLaw{{Tau: 1, Lags: []float64{-1, 0, 1}, Probability: []float64{0, 0, 0}}}},
		"STDD spoilt":     figure.STDD{Laws: []figure.STDDLaw{{Tau: 1, Lags: []float64{-1, 0, 1}, Probability: []float64{.5, 0, nan}, Measured: []float64{inf, 0, .5}}}},
		"STDD nothing":    figure.STDD{Laws: []figure.STDDLaw{{Tau: 1, Lags: []float64{-1, 1}, Probability: []float64{nan, nan}}}},
		"2":               Figure2(),
		"2 laws":          figure.Figure2{Laws: laws},
		"2 four laws":     figure.Figure2{Laws: laws[:4], Learning: Figure2().Learning},
		"2 learning":      figure.Figure2{Learning: Figure2().Learning[1:]},
		"2 plane":         figure.Figure2{Plane: Figure2().Plane},
		"2 still":         figure.Figure2{Plane: figure.PhasePlane{W12: []float64{0}, W21: []float64{0, 1}, Drift12: []float64{0, nan}, Drift21: []float64{0, 0}, Label12: "x", Label21: "y"}},
		"2 line":          figure.Figure2{Plane: figure.PhasePlane{Line12: []float64{0, nan, 1}, Line21: []float64{0, 1, 1}}},
		"2 tiny":          figure.Figure2{Plane: figure.PhasePlane{W12: []float64{0, 1}, W21: []float64{0, 1}, Drift12: []float64{5e-324, 1e-300, 0, 1e99}, Drift21: make([]float64, 4)}},
		"2 not run":       figure.Figure2{Learning: []figure.PairCurves{{Epoch: []float64{0, 1}, W12: [][]float64{{}}}}},
		"10":              Figure10(21),
		"10 smallest":     Figure10(2),
		"11":              Figure11(),
		"11 one":          figure.Figure11{Shapes: Figure11().Shapes[2:]},
		"11 laws":         figure.Figure11{Shapes: []figure.ShapeResult{{Name: "laws only", Laws: laws[:2]}}},
		"11 deviation":    figure.Figure11{Shapes: []figure.ShapeResult{{Bias: []float64{0, 1}, Deviation: []float64{0, nan, .2, 0}}}},
		"11 flat":         figure.Figure11{Shapes: []figure.ShapeResult{{Bias: []float64{0, 1}, Deviation: make([]float64, 4), Lines: []figure.AttractorLine{{W12: []float64{0}, W21: []float64{0}}}}}},
		"12":              Figure12(4),
		"12 six":          Figure12(6),
		"12 empty":        figure.Figure12{Cases: []figure.PerturbationCase{{Name: "nothing"}}},
		"12 at 0":         figure.Figure12{Cases: []figure.PerturbationCase{{T: []float64{0}, Delta: []float64{0}, Integral: []float64{0}}}},
	}
	in["drift curve"] = figure.DriftCurve{Mean: 0.6, Differences: Steps(-2, 0.5, 9), Drift12: Steps(0.4, -0.1, 9), Drift21: Steps(-0.4, 0.1, 9), Difference: 0.4}
	in["drift curve, no drift"] = figure.DriftCurve{Differences: []float64{-1, 1}, Drift12: []float64{nan, nan}, Drift21: []float64{nan, inf}}
	in["spikes"], in["spikes, before"], in["no spikes"] = Spikes(8, 20), Spikes(0, 0), figure.PairSpikes{To: 1}
	in["run"], in["run with interneurons"] = PairRun(false), PairRun(true)
	in["run, start only"] = figure.PairRun{Epoch: []float64{0}, W12: []float64{1}, W21: []float64{2}, Drift12: []float64{nan}, Drift21: []float64{nan}}
	f := Figure10(5)
	f.Rate, f.RateDirect = nil, nil
	f.Drift12[3], f.Drift12[7], f.Drift12[8] = nan, inf, 1e300
	in["10 spoilt"] = f
	f.Drift12 = make([]float64, 25)
	in["10 no drift"] = f
	g := Figure11()
	g.Shapes[0].Laws, g.Shapes[1].Lines, g.Shapes[2].PSP, g.Shapes[2].Lag = nil, nil, nil, nil
	g.Shapes[2].Deviation[4], g.Shapes[2].Deviation[5] = nan, inf
	g.Shapes[2].Lines[0].W12[1] = nan
	in["11 partial"] = g
	return in
}

// Law returns a law with the shape of docs/theory.md: halves of unequal height up to tau, then
// exponential tails.
func Law(name string, tau int, w12, w21 float64) figure.STDDLaw {
	l := figure.STDDLaw{Name: name, Tau: float64(tau), W12: w12, W21: w21}
	for d := 1 - 2*tau; d < 2*tau; d++ {
		x, w := float64(d)/float64(tau), w12
		if d < 0 {
			w = w21
		}
		p := math.Exp(w * (1 - math.Abs(x)))
		if math.Abs(x) > 1 {
			p = 0.6 * math.Exp(2-2*math.Abs(x))
		}
		if d == 0 {
			p = 0
		}
		l.Lags, l.Probability = append(l.Lags, float64(d)), append(l.Probability, p/(4*l.Tau))
	}
	return l
}

// SixLaws returns excitation and inhibition, with weights of different and of equal magnitude.
func SixLaws() (laws []figure.STDDLaw) {
	for _, sign := range []float64{1, -1} {
		for _, w := range [][2]float64{{.8, .4}, {.4, .8}, {.6, .6}} {
			laws = append(laws, Law(fmt.Sprintf("law %d", len(laws)), 50, sign*w[0], sign*w[1]))
		}
	}
	return laws
}

func measured(l figure.STDDLaw) figure.STDDLaw {
	r := rand.New(rand.NewPCG(6, 1))
	for _, p := range l.Probability {
		l.Measured = append(l.Measured, p*(1+0.05*r.NormFloat64()))
	}
	return l
}

// Steps returns lo, lo+by, ... with n values.
func Steps(lo, by float64, n int) []float64 {
	v := make([]float64, n)
	for k := range v {
		v[k] = lo + float64(k)*by
	}
	return v
}

// Figure2 has all parts.
func Figure2() figure.Figure2 {
	r := rand.New(rand.NewPCG(7, 1))
	f := figure.Figure2{Laws: SixLaws(), Plane: figure.PhasePlane{W12: Steps(-2, .25, 17), W21: Steps(-2, .25, 17), Line12: Steps(-2, 1, 5), Line21: Steps(-2, 1, 5)}}
	for _, a := range f.Plane.W12 {
		for _, b := range f.Plane.W21 {
			drift := 0.01 * (b - a) * math.Exp(a+b)
			f.Plane.Drift12, f.Plane.Drift21 = append(f.Plane.Drift12, drift), append(f.Plane.Drift21, -drift)
		}
	}
	for _, frozen := range []bool{false, true} {
		c := figure.PairCurves{Name: fmt.Sprintf("frozen %v", frozen), Frozen12: frozen, Epoch: Steps(0, 50, 31)}
		for range 5 {
			a, b := 1.5, .5
			var w12, w21 []float64
			for range c.Epoch {
				w12, w21 = append(w12, a), append(w21, b)
				d := 0.1*(b-a) + 0.02*r.NormFloat64()
				if !frozen {
					a += d
				}
				b -= d
			}
			c.W12, c.W21 = append(c.W12, w12), append(c.W21, w21)
		}
		f.Learning = append(f.Learning, c)
		f.Plane.Trajectories = append(f.Plane.Trajectories, figure.Trajectory{Name: c.Name, W12: c.W12[0], W21: c.W21[0]})
	}
	return f
}

// Figure10 has a grid of n x n points.
func Figure10(n int) figure.Figure10 {
	r := rand.New(rand.NewPCG(8, 1))
	f := figure.Figure10{N: n}
	for i := range n {
		for j := range n {
			a, b := -1.1+0.1*float64(i)+0.02*r.NormFloat64(), -0.9+0.1*float64(j)+0.02*r.NormFloat64()
			f.W12, f.W21 = append(f.W12, a), append(f.W21, b)
			f.Drift12 = append(f.Drift12, 0.02*(b-a)+0.001*r.NormFloat64())
		}
	}
	for _, w := range [][]float64{f.W12, f.W21} {
		for _, w := range w {
			f.RateDirect = append(f.RateDirect, 0.5+0.1*w)
			f.Rate = append(f.Rate, 0.5+0.1*w+0.003*r.NormFloat64())
		}
	}
	return f
}

// Figure11 has three shapes.
func Figure11() figure.Figure11 {
	var f figure.Figure11
	for k, name := range []string{"rectangular", "alpha, τ_{syn} = τ/3", "alpha, τ_{syn} = τ/2"} {
		s := figure.ShapeResult{Name: name, Lag: []float64{0, 0, 1, 1, 2}, PSP: []float64{0, 1, 1, 0, 0}, Bias: Steps(-1, .25, 9)}
		for b := range 3 {
			l := Law(fmt.Sprintf(`\i{b} = (%d, 0)`, b), 30, 1, 1+0.1*float64(b*k))
			s.Laws = append(s.Laws, l)
		}
		for d := -2.0; d <= 2; d += 0.5 {
			l := figure.AttractorLine{Difference: d, W12: Steps(-1.5, 1, 4)}
			for _, w := range l.W12 {
				l.W21 = append(l.W21, w*(1+0.1*float64(k)*d))
			}
			s.Lines = append(s.Lines, l)
		}
		for _, b1 := range s.Bias {
			for _, b2 := range s.Bias {
				s.Deviation = append(s.Deviation, 0.05*float64(k)*math.Abs(b1-b2))
			}
		}
		f.Shapes = append(f.Shapes, s)
	}
	return f
}

// Figure12 has laws of different decay.
func Figure12(cases int) figure.Figure12 {
	var f figure.Figure12
	for k := range cases {
		c := figure.PerturbationCase{Name: fmt.Sprintf("case %d", k), T: Steps(0, 0.025, 80)}
		sum := 0.0
		for _, t := range c.T {
			d := 1e-3 * (1 - t) * math.Exp(-t*float64(k))
			if t == 0 {
				d = 0
			}
			sum += d
			c.Delta, c.Integral = append(c.Delta, d), append(c.Integral, sum)
		}
		f.Cases = append(f.Cases, c)
	}
	return f
}

// Spikes are those of two neurons that take turns, in a window of 12 tau from a time on, until
// another.
func Spikes(from, until float64) figure.PairSpikes {
	s := figure.PairSpikes{From: from, To: from + 12, Until: until}
	for k := range 30 {
		t := float64(k) + 0.3*float64(k%3)
		s.Times, s.Neurons = append(s.Times, t), append(s.Neurons, 1+k%2)
		if k > 0 {
			change := 0.5 - float64(k%2)
			s.Pairs = append(s.Pairs, figure.SpikePair{Earlier: s.Times[k-1], Later: t, Second: 1 + k%2, Change12: -change, Change21: change})
		}
	}
	return s
}

// PairRun is one run of the first kind of Figure2, with effective weights or without.
func PairRun(effective bool) figure.PairRun {
	c := Figure2().Learning[0]
	r := figure.PairRun{Name: "a run", Epoch: c.Epoch, W12: c.W12[0], W21: c.W21[0], Drift12: append([]float64{nan}, c.W12[1][1:]...), Drift21: append([]float64{nan}, c.W21[1][1:]...),
		Activity1: append([]float64{nan}, c.W12[2][1:]...), Activity2: append([]float64{nan}, c.W21[2][1:]...)}
	if effective {
		r.Effective12, r.Effective21 = c.W12[3], c.W21[3]
	}
	return r
}
