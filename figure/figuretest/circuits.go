package figuretest

import (
	"math"
	"math/rand/v2"

	"spikealign/figure"
)

// Circuits returns inputs of figures of microcircuits.
func Circuits() map[string]Drawer {
	in := map[string]Drawer{
		"6":            Figure6(60, 10),
		"6 one run":    Figure6(3, 1),
		"6 one epoch":  Figure6(1, 2),
		"6 two":        figure.Figure6{Methods: Figure6(20, 4).Methods[:2]},
		"6 FA only":    figure.Figure6{Methods: Figure6(20, 4).Methods[2:]},
		"6 losses":     figure.Figure6{Methods: []figure.MethodRuns{{Name: "SAL", Epoch: []float64{1, 2}, Loss: [][]float64{{1, .1}}}}},
		"circuit":      Circuit(),
		"wide":         WideCircuit(90),
		"very wide":    WideCircuit(5001),
		"losses only":  figure.Microcircuit{Epoch: []float64{1}, Loss: []float64{1}},
		"weights only": figure.Microcircuit{WeightEpoch: []float64{0}, Synapses: []figure.Synapse{{Name: "w", Weight: []float64{1}}}},
		"all NaN":      figure.Microcircuit{Epoch: []float64{1, 2}, Loss: []float64{nan, nan}, Angles: [][]float64{{nan, nan}}, Layers: []figure.FeedbackLayer{{Up: []float64{nan}, Down: []float64{1}}}},
	}
	f := Figure6(20, 4)
	f.Methods[0].Loss[0] = f.Methods[0].Loss[0][:5] // an unfinished run
	f.Methods[0].Loss[1][3], f.Methods[0].Weights[2].Runs[1][2] = nan, inf
	f.Methods[2].Weights[0].Runs = nil
	in["6 spoilt"] = f
	deep := WideCircuit(10)
	for range 10 {
		deep.Layers, deep.Angles = append(deep.Layers, deep.Layers[0]), append(deep.Angles, deep.Angles[0])
	}
	in["deep"] = deep
	return in
}

// Figure6 has runs as in the paper: with FA some of them are stuck.
func Figure6(epochs, runs int) figure.Figure6 {
	r := rand.New(rand.NewPCG(9, 1))
	f := figure.Figure6{Title: "Figure 6"}
	for k, name := range []string{"SAL", "BP", "FA"} {
		m := figure.MethodRuns{Name: name, Epoch: Steps(1, 1, epochs), WeightEpoch: Steps(0, 1, epochs+1), Weights: []figure.WeightRuns{{Name: `\i{W}_{up,1}`}, {Name: `\i{W}_{up,2}`}, {Name: `\i{W}_{down}`}}}
		for run := range runs {
			stuck := k == 2 && run%2 == 1
			var loss, nudged []float64
			for e := range epochs {
				l := math.Exp(-float64(e)/10)*(0.5+r.Float64()) + 1e-3
				if stuck {
					l = 0.6 + 0.1*r.Float64()
				}
				loss, nudged = append(loss, l), append(nudged, 0.16*l)
			}
			m.Loss, m.LossNudged = append(m.Loss, loss), append(m.LossNudged, nudged)
			for w := range m.Weights {
				if k == 1 && w == 2 {
					m.Weights[2].Runs = append(m.Weights[2].Runs, m.Weights[1].Runs[run])
					continue
				}
				at := 6*r.Float64() - 3
				course := []float64{at}
				for range epochs {
					at += 0.1 * (2 - at)
					course = append(course, at)
				}
				m.Weights[w].Runs = append(m.Weights[w].Runs, course)
			}
		}
		f.Methods = append(f.Methods, m)
	}
	return f
}

// Circuit is one run of the first method of Figure6.
func Circuit() figure.Microcircuit {
	m := Figure6(40, 1).Methods[0]
	c := figure.Microcircuit{Name: "one run", Epoch: m.Epoch, Loss: m.Loss[0], LossNudged: m.LossNudged[0], TrainLoss: m.Loss[0], Angles: [][]float64{Steps(180, -4.5, 40)}, Ratios: [][]float64{Steps(.5, .01, 40)}, WeightEpoch: m.WeightEpoch}
	for _, w := range m.Weights {
		c.Synapses = append(c.Synapses, figure.Synapse{Name: w.Name, Weight: w.Runs[0]})
	}
	return c
}

// WideCircuit has two layers of n weights.
func WideCircuit(n int) figure.Microcircuit {
	r := rand.New(rand.NewPCG(10, 1))
	c := figure.Microcircuit{Name: "wide", Epoch: []float64{1, 2, 3}, Loss: []float64{1, .5, .3}, LossNudged: []float64{.16, .08, .05}, TrainLoss: []float64{nan, .5, .3},
		Accuracy: []float64{.3, .5, .7}, TrainAccuracy: []float64{.2, .6, .7}, Angles: [][]float64{{90, 60, 30}, {80, 70, 60}}, Ratios: [][]float64{{.2, .5, .9}, {1.1, 4, 25}}}
	for range 2 {
		var l figure.FeedbackLayer
		for range n {
			w := r.NormFloat64()
			l.Up0, l.Down0 = append(l.Up0, w), append(l.Down0, r.NormFloat64())
			l.Up, l.Down = append(l.Up, 2*w), append(l.Down, 2*w+0.3*r.NormFloat64())
		}
		c.Layers = append(c.Layers, l)
	}
	return c
}
