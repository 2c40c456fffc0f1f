package lab

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"spikealign/figure"
	"spikealign/sal"
	"spikealign/stdd"
	"spikealign/synapse"
)

// Law is the law of spike-timing differences of two neurons with the drift of SAL, as the command
// `spikealign stdd --json` prints it. Lists run over lag.
type Law struct {
	W12          float64   `json:"w12"`
	W21          float64   `json:"w21"`
	B1           float64   `json:"b1"`
	B2           float64   `json:"b2"`
	Tau          int64     `json:"tau"`
	Dynamics     string    `json:"dynamics"`
	PSP          Potential `json:"psp"`         // of both synapses
	MinISI       int64     `json:"min_isi"`     // steps
	TMax         int64     `json:"t_max"`       // steps
	Window       Window    `json:"window"`      // of SAL
	Lag          []int64   `json:"lag"`         // steps, t1 - t2
	Rate         []float64 `json:"rate"`        // pairs per step
	Probability  []float64 `json:"probability"` // rate over that of all pairs
	Tail         []float64 `json:"tail_rate"`   // pairs per step with lags of -t_max and less, of t_max and more
	Drift12      float64   `json:"drift12"`     // per tau
	Drift21      float64   `json:"drift21"`
	MassPositive float64   `json:"mass_positive"`
	Coincidence  float64   `json:"coincidence_rate"` // per step
	SpikeRate    []float64 `json:"spike_rate"`       // of neuron 1 and 2, per step
	Residual     float64   `json:"residual"`
	Error        float64   `json:"error"`
	Warnings     []string  `json:"warnings"`
}

// Potential is a postsynaptic potential, with the one number that its shape has.
type Potential struct {
	Shape  string  `json:"shape"`
	Steps  int64   `json:"steps,omitempty"`   // length of a rectangle
	TauSyn float64 `json:"tau_syn,omitempty"` // time constant of any other shape, steps
}

// Window is a learning window.
type Window struct {
	Shape string  `json:"shape"`
	Tau   float64 `json:"tau"` // steps
}

// Solve returns the law of two neurons under SAL with that half window, in steps. The error is
// that of stdd.Solve. It panics if the window is not valid.
func Solve(p stdd.Params, half synapse.Half) (*Law, error) {
	law, err := stdd.Solve(p)
	if err != nil {
		return nil, err
	}
	d12, d21 := law.Drift(sal.Window(half))
	dynamics := "discrete"
	if p.Continuous {
		dynamics = "continuous"
	}
	psp := Potential{Shape: p.PSP.Shape.String(), TauSyn: law.Params.PSP.TauSyn}
	if p.PSP.Shape == synapse.Rectangular {
		psp.Steps, psp.TauSyn = law.Params.PSP.Steps, 0
	}
	l := &Law{W12: p.W12, W21: p.W21, B1: p.B1, B2: p.B2, Tau: p.TauRef, Dynamics: dynamics, PSP: psp, MinISI: law.Params.MinISI, TMax: law.Params.TMax,
		Window: Window{half.Shape.String(), half.Tau}, Lag: law.Lags(), Rate: law.Rates(), Probability: law.Probability(),
		Tail: []float64{law.TailMinus, law.TailPlus}, Drift12: d12, Drift21: d21, MassPositive: law.MassPositive(), Coincidence: law.Coincidence,
		SpikeRate: []float64{law.Rate1, law.Rate2}, Residual: law.Residual, Error: law.Error, Warnings: []string{}}
	for _, w := range law.Warnings {
		l.Warnings = append(l.Warnings, strings.TrimPrefix(w.Error(), "stdd: "))
	}
	return l, nil
}

// Figure draws the distribution.
func (l *Law) Figure() (*figure.Figure, error) {
	name := strings.ReplaceAll(fmt.Sprintf(`\i{W}_{12} = %v, \i{W}_{21} = %v, \i{b} = (%v, %v)`, l.W12, l.W21, l.B1, l.B2), "-", "−")
	return figure.STDD{Laws: []figure.STDDLaw{{Name: name, Tau: float64(l.Tau), Lags: l.lags(), Probability: l.Probability, Note: l.note()}}}.Figure()
}

// plain draws the distribution for who sees the settings beside it.
func (l *Law) plain() (*figure.Figure, error) {
	return figure.STDD{Laws: []figure.STDDLaw{{Tau: float64(l.Tau), Lags: l.lags(), Probability: l.Probability}}}.Figure()
}

func (l *Law) lags() []float64 {
	lags := make([]float64, len(l.Lag))
	for k, d := range l.Lag {
		lags[k] = float64(d)
	}
	return lags
}

// note says what the law depends on beside weights, biases and tau.
func (l *Law) note() string {
	potential := fmt.Sprintf("%s potential of %d steps", l.PSP.Shape, l.PSP.Steps)
	if l.PSP.Steps == 0 {
		potential = fmt.Sprintf(`%s potential, τ_{syn} = %v steps`, l.PSP.Shape, l.PSP.TauSyn)
	}
	isi := ""
	if l.MinISI != l.Tau {
		isi = fmt.Sprintf(", intervals of %d steps and more", l.MinISI)
	}
	article := "a"
	if strings.HasPrefix(l.Window.Shape, "e") {
		article = "an"
	}
	drift := strings.ReplaceAll(strconv.FormatFloat(l.Drift12, 'g', 3, 64), "-", "−")
	return fmt.Sprintf(`%s, %s time%s; SAL with %s %s window of %v steps: drift of \i{W}_{12} %s per τ`,
		potential, l.Dynamics, isi, article, l.Window.Shape, l.Window.Tau, drift)
}

// Verdict says in words what SAL does to the weights.
func (l *Law) Verdict() string {
	move := func(x float64) string {
		if x > 0 {
			return "grows"
		}
		return "shrinks"
	}
	apart := l.Drift12 - l.Drift21
	switch {
	case math.Abs(l.Drift12)+math.Abs(l.Drift21) < 1e-13:
		return "neither weight moves"
	case (apart < 0) == (l.W12 > l.W21) && l.W12 != l.W21:
		return fmt.Sprintf("w12 %s, w21 %s: they move towards each other", move(l.Drift12), move(l.Drift21))
	case l.W12 == l.W21:
		return fmt.Sprintf("w12 %s, w21 %s, though they are equal: the fixed line is a little off the diagonal here", move(l.Drift12), move(l.Drift21))
	}
	return fmt.Sprintf("w12 %s, w21 %s: they move away from each other", move(l.Drift12), move(l.Drift21))
}

// Number is a number of the law with its name, unit and meaning.
type Number struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
	Doc   string  `json:"doc"`
}

// Numbers returns what the law comes to.
func (l *Law) Numbers() []Number {
	tau := float64(l.Tau)
	all := []Number{
		{"activity 1", float64(l.SpikeRate[0] * tau), "", "share of time in which neuron 1 is refractory (spikes per tau)"},
		{"activity 2", float64(l.SpikeRate[1] * tau), "", "the same of neuron 2"},
		{"P(d > 0)", l.MassPositive, "", "share of pairs in which neuron 1 fires second"},
		{"coincidences", l.Coincidence, "per step", "steps in which both fire"},
		{"drift12", l.Drift12, "per tau", "of w12 under SAL, before the learning rate"},
		{"drift21", l.Drift21, "per tau", "of w21"},
		{"residual", l.Residual, "", "of the stationary equations"},
	}
	if l.Error > 0 {
		all = append(all, Number{"error", l.Error, "", "of the limit of fine steps, estimated"})
	}
	return all
}

// Curve returns the drift of both weights over their difference, at the present mean, with the
// present weights marked. The grid has an odd number of points and reaches to weights of span
// beyond the mean.
func (s Settings) Curve() (*figure.Figure, error) {
	const points = 17
	mean := float64((s.W12 + s.W21) / 2)
	c := figure.DriftCurve{Mean: mean, Difference: s.W12 - s.W21}
	for k := range points {
		d := float64(2*s.Span) * float64(2*k-(points-1)) / (points - 1)
		p := s.Params()
		p.W12, p.W21 = mean+float64(d/2), mean-float64(d/2)
		l, err := stdd.Solve(p)
		if err != nil {
			return nil, err
		}
		d12, d21 := l.Drift(sal.Window(s.Half()))
		c.Differences, c.Drift12, c.Drift21 = append(c.Differences, d), append(c.Drift12, d12), append(c.Drift21, d21)
	}
	return c.Figure()
}

// Shapes returns the potential and the learning window over the lag.
func (s Settings) Shapes() (*figure.Figure, error) {
	const reach = 3 // tau
	psp, half := s.Params().Resolve().PSP, s.Half()
	tau := float64(s.Tau)
	var lags, potential, window []float64
	for d := int64(1); d <= reach*s.Tau; d++ { // at lag 0 there is neither
		lags = append(lags, float64(d)/tau)
		potential, window = append(potential, psp.At(d)), append(window, half.At(d))
	}
	panel := func(heading, name string, y []float64) figure.CurvePanel {
		return figure.CurvePanel{Heading: heading, XLabel: "lag (τ)", Zero: true, Courses: []figure.Course{{Name: name, X: lags, Runs: [][]float64{y}}}}
	}
	return figure.Curves{Panels: []figure.CurvePanel{
		panel("synapse", "potential, for a weight of 1", potential),
		panel("learning", "weight of a pair of spikes", window),
	}}.Figure()
}
