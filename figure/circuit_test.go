package figure

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// figure6 has runs as in the paper: with FA some of them are stuck.
func figure6(epochs, runs int) Figure6 {
	r := rand.New(rand.NewPCG(9, 1))
	f := Figure6{Title: "Figure 6"}
	for k, name := range []string{"SAL", "BP", "FA"} {
		m := MethodRuns{Name: name, Epoch: steps(1, 1, epochs), WeightEpoch: steps(0, 1, epochs+1), Weights: []WeightRuns{{Name: `\i{W}_{up,1}`}, {Name: `\i{W}_{up,2}`}, {Name: `\i{W}_{down}`}}}
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

func oneCircuit() Microcircuit {
	m := figure6(40, 1).Methods[0]
	c := Microcircuit{Name: "one run", Epoch: m.Epoch, Loss: m.Loss[0], LossNudged: m.LossNudged[0], TrainLoss: m.Loss[0], Angles: [][]float64{steps(180, -4.5, 40)}, Ratios: [][]float64{steps(.5, .01, 40)}, WeightEpoch: m.WeightEpoch}
	for _, w := range m.Weights {
		c.Synapses = append(c.Synapses, Synapse{w.Name, w.Runs[0]})
	}
	return c
}

func wideCircuit(n int) Microcircuit {
	r := rand.New(rand.NewPCG(10, 1))
	c := Microcircuit{Name: "wide", Epoch: []float64{1, 2, 3}, Loss: []float64{1, .5, .3}, LossNudged: []float64{.16, .08, .05}, TrainLoss: []float64{nan, .5, .3},
		Accuracy: []float64{.3, .5, .7}, TrainAccuracy: []float64{.2, .6, .7}, Angles: [][]float64{{90, 60, 30}, {80, 70, 60}}, Ratios: [][]float64{{.2, .5, .9}, {1.1, 4, 25}}}
	for range 2 {
		var l FeedbackLayer
		for range n {
			w := r.NormFloat64()
			l.Up0, l.Down0 = append(l.Up0, w), append(l.Down0, r.NormFloat64())
			l.Up, l.Down = append(l.Up, 2*w), append(l.Down, 2*w+0.3*r.NormFloat64())
		}
		c.Layers = append(c.Layers, l)
	}
	return c
}

// circuitInputs are figures of microcircuits that must come out whole: typical, partial, degenerate
// and spoilt data.
func circuitInputs() map[string]drawer {
	in := map[string]drawer{
		"6":            figure6(60, 10),
		"6 one run":    figure6(3, 1),
		"6 one epoch":  figure6(1, 2),
		"6 two":        Figure6{Methods: figure6(20, 4).Methods[:2]},
		"6 FA only":    Figure6{Methods: figure6(20, 4).Methods[2:]},
		"6 losses":     Figure6{Methods: []MethodRuns{{Name: "SAL", Epoch: []float64{1, 2}, Loss: [][]float64{{1, .1}}}}},
		"circuit":      oneCircuit(),
		"wide":         wideCircuit(90),
		"very wide":    wideCircuit(5001),
		"losses only":  Microcircuit{Epoch: []float64{1}, Loss: []float64{1}},
		"weights only": Microcircuit{WeightEpoch: []float64{0}, Synapses: []Synapse{{"w", []float64{1}}}},
		"all NaN":      Microcircuit{Epoch: []float64{1, 2}, Loss: []float64{nan, nan}, Angles: [][]float64{{nan, nan}}, Layers: []FeedbackLayer{{Up: []float64{nan}, Down: []float64{1}}}},
	}
	f := figure6(20, 4)
	f.Methods[0].Loss[0] = f.Methods[0].Loss[0][:5] // an unfinished run
	f.Methods[0].Loss[1][3], f.Methods[0].Weights[2].Runs[1][2] = nan, inf
	f.Methods[2].Weights[0].Runs = nil
	in["6 spoilt"] = f
	deep := wideCircuit(10)
	for range 10 {
		deep.Layers, deep.Angles = append(deep.Layers, deep.Layers[0]), append(deep.Angles, deep.Angles[0])
	}
	in["deep"] = deep
	return in
}

// All figures of microcircuits are whole.
func TestCircuitFigures(t *testing.T) { checkFigures(t, "circuit", circuitInputs) }

// TestCircuitNotes checks that what is left out is told.
func TestCircuitNotes(t *testing.T) {
	checkNotes(t, circuitInputs(), map[string]string{"6 spoilt": "1 run unfinished", "very wide": "1667 of 5001 synapses"})
}

// TestCircuitInputErrors checks that input which contradicts itself is refused, with the name of
// the field.
func TestCircuitInputErrors(t *testing.T) {
	six := func(change func(*Figure6)) Figure6 {
		f := figure6(3, 2)
		change(&f)
		return f
	}
	one := func(change func(*Microcircuit)) Microcircuit {
		m := oneCircuit()
		change(&m)
		return m
	}
	for k, c := range []struct {
		in    drawer
		field string
	}{
		{Figure6{}, "Methods"},
		{Figure6{Methods: make([]MethodRuns, 4)}, "Methods"},
		{Figure6{Methods: make([]MethodRuns, 1)}, "Methods"},
		{six(func(f *Figure6) { f.Methods[1].Weights = f.Methods[1].Weights[:1] }), "Methods"},
		{six(func(f *Figure6) { f.Methods[0].Weights = make([]WeightRuns, 4) }), "Methods"},
		{six(func(f *Figure6) { f.Methods[2].Weights[0].Name = "x" }), "Methods"},
		{six(func(f *Figure6) { f.Methods[2].Weights[0].Runs[1] = make([]float64, 5) }), "Methods"},
		{six(func(f *Figure6) { f.Methods[2].Loss[1] = make([]float64, 4) }), "Methods"},
		{six(func(f *Figure6) { f.Methods[2].LossNudged[1] = make([]float64, 4) }), "Methods"},
		{Microcircuit{}, "Name"},
		{one(func(m *Microcircuit) { m.Loss = m.Loss[1:] }), "Loss"},
		{one(func(m *Microcircuit) { m.LossNudged = m.LossNudged[1:] }), "LossNudged"},
		{one(func(m *Microcircuit) { m.TrainLoss = m.TrainLoss[1:] }), "TrainLoss"},
		{one(func(m *Microcircuit) { m.Accuracy = []float64{1} }), "Accuracy"},
		{one(func(m *Microcircuit) { m.TrainAccuracy = []float64{1} }), "TrainAccuracy"},
		{one(func(m *Microcircuit) { m.Angles[0] = nil }), "Angles"},
		{one(func(m *Microcircuit) { m.Ratios[0] = m.Ratios[0][:1] }), "Ratios"},
		{one(func(m *Microcircuit) { m.Synapses = make([]Synapse, 7) }), "Synapses"},
		{one(func(m *Microcircuit) { m.Synapses[1].Weight = nil }), "Synapses"},
		{one(func(m *Microcircuit) { m.Layers = []FeedbackLayer{{Up: []float64{1}}} }), "Layers"},
		{one(func(m *Microcircuit) { m.Layers = []FeedbackLayer{{Down0: []float64{1}}} }), "Layers"},
	} {
		_, err := c.in.Figure()
		var e *InputError
		if !errors.As(err, &e) || e.Field != c.field {
			t.Errorf("%d: %T: error %v, want one about %s", k, c.in, err, c.field)
		}
	}
}
