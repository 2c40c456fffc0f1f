package figure_test

import (
	"errors"
	"testing"

	"spikealign/figure"
	"spikealign/figure/figuretest"
)

// TestCircuitInputErrors checks that input which contradicts itself is refused, with the name of
// the field.
func TestCircuitInputErrors(t *testing.T) {
	six := func(change func(*figure.Figure6)) figure.Figure6 {
		f := figuretest.Figure6(3, 2)
		change(&f)
		return f
	}
	one := func(change func(*figure.Microcircuit)) figure.Microcircuit {
		m := figuretest.Circuit()
		change(&m)
		return m
	}
	for k, c := range []struct {
		in    figuretest.Drawer
		field string
	}{
		{figure.Figure6{}, "Methods"},
		{figure.Figure6{Methods: make([]figure.MethodRuns, 4)}, "Methods"},
		{figure.Figure6{Methods: make([]figure.MethodRuns, 1)}, "Methods"},
		{six(func(f *figure.Figure6) { f.Methods[1].Weights = f.Methods[1].Weights[:1] }), "Methods"},
		{six(func(f *figure.Figure6) { f.Methods[0].Weights = make([]figure.WeightRuns, 4) }), "Methods"},
		{six(func(f *figure.Figure6) { f.Methods[2].Weights[0].Name = "x" }), "Methods"},
		{six(func(f *figure.Figure6) { f.Methods[2].Weights[0].Runs[1] = make([]float64, 5) }), "Methods"},
		{six(func(f *figure.Figure6) { f.Methods[2].Loss[1] = make([]float64, 4) }), "Methods"},
		{six(func(f *figure.Figure6) { f.Methods[2].LossNudged[1] = make([]float64, 4) }), "Methods"},
		{figure.Microcircuit{}, "Name"},
		{one(func(m *figure.Microcircuit) { m.Loss = m.Loss[1:] }), "Loss"},
		{one(func(m *figure.Microcircuit) { m.LossNudged = m.LossNudged[1:] }), "LossNudged"},
		{one(func(m *figure.Microcircuit) { m.TrainLoss = m.TrainLoss[1:] }), "TrainLoss"},
		{one(func(m *figure.Microcircuit) { m.Accuracy = []float64{1} }), "Accuracy"},
		{one(func(m *figure.Microcircuit) { m.TrainAccuracy = []float64{1} }), "TrainAccuracy"},
		{one(func(m *figure.Microcircuit) { m.Angles[0] = nil }), "Angles"},
		{one(func(m *figure.Microcircuit) { m.Ratios[0] = m.Ratios[0][:1] }), "Ratios"},
		{one(func(m *figure.Microcircuit) { m.Synapses = make([]figure.Synapse, 7) }), "Synapses"},
		{one(func(m *figure.Microcircuit) { m.Synapses[1].Weight = nil }), "Synapses"},
		{one(func(m *figure.Microcircuit) { m.Layers = []figure.FeedbackLayer{{Up: []float64{1}}} }), "Layers"},
		{one(func(m *figure.Microcircuit) { m.Layers = []figure.FeedbackLayer{{Down0: []float64{1}}} }), "Layers"},
	} {
		_, err := c.in.Figure()
		var e *figure.InputError
		if !errors.As(err, &e) || e.Field != c.field {
			t.Errorf("%d: %T: error %v, want one about %s", k, c.in, err, c.field)
		}
	}
}
