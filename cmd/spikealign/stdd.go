package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"spikealign/figure"
	"spikealign/figure/render"
	"spikealign/internal/durable"
	"spikealign/sal"
	"spikealign/sampling"
	"spikealign/stdd"
	"spikealign/synapse"
)

type stddCommand struct {
	W12       float64             `name:"w12" default:"0" help:"Weight of the synapse from neuron 2 to neuron 1."`
	W21       float64             `name:"w21" default:"0" help:"Weight of the synapse from neuron 1 to neuron 2."`
	B1        float64             `name:"b1" default:"0" help:"Bias of neuron 1."`
	B2        float64             `name:"b2" default:"0" help:"Bias of neuron 2."`
	Tau       int64               `default:"50" help:"Refractory time, steps (default 50)."`
	PSP       synapse.PSPShape    `name:"psp" default:"rectangular" placeholder:"SHAPE" help:"Postsynaptic potential: rectangular, alpha, exponential, cut-exponential, rectangular-tail."`
	TauSyn    float64             `placeholder:"STEPS" help:"Synaptic time constant, steps. Without it: tau."`
	PSPSteps  int64               `name:"psp-steps" placeholder:"STEPS" help:"Length of a rectangular potential, steps. Without it: tau-syn."`
	MinISI    int64               `name:"min-isi" placeholder:"STEPS" help:"Shortest interval between two spikes of a neuron, steps. Without it: tau."`
	TMax      int64               `placeholder:"STEPS" help:"Lags from here on are summed up; potentials end here. Without it: 2 tau."`
	Dynamics  sampling.Dynamics   `default:"discrete" help:"discrete or continuous time."`
	Window    synapse.WindowShape `default:"exponential" help:"Learning window of SAL: exponential or triangular."`
	WindowTau float64             `placeholder:"STEPS" help:"Its time constant, steps. Without it: tau."`
	Table     bool                `help:"Print the distribution too: one line per lag."`
	Output    string              `short:"o" placeholder:"DIR" help:"Write the distribution into this folder: stdd.csv, stdd.svg, stdd.png."`
	Force     bool                `help:"Replace the distribution that the folder given with -o holds."`
	JSON      bool                `name:"json" help:"Print everything as JSON."`
}

// Help shows the examples.
func (stddCommand) Help() string {
	return `Examples:

  spikealign stdd --w12 1.5 --w21 0.5 --table
  spikealign stdd --w12 0.8 --w21=-0.4 --b1=-0.5 --tau 25 --psp alpha --tau-syn 8 -o figures
  spikealign stdd --w12 1 --w21 1 --b2 1 --dynamics continuous --json

Two neurons, exactly: the law of the spike-timing differences d = t1 - t2 of nearest pairs, the drift of both weights under SAL per tau of time, and where SAL moves them. d > 0: neuron 1 fired second. --table prints that law, -o writes it. Nothing is simulated. See docs/theory.md.`
}

// stddResult is what --json prints. Lists run over lag.
type stddResult struct {
	W12          float64   `json:"w12"`
	W21          float64   `json:"w21"`
	B1           float64   `json:"b1"`
	B2           float64   `json:"b2"`
	Tau          int64     `json:"tau"`
	Dynamics     string    `json:"dynamics"`
	PSP          pspJSON   `json:"psp"`         // of both synapses
	MinISI       int64     `json:"min_isi"`     // steps
	TMax         int64     `json:"t_max"`       // steps
	Window       halfJSON  `json:"window"`      // of SAL
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

// pspJSON is a postsynaptic potential as --json prints it: with the one number that its shape has.
type pspJSON struct {
	Shape  string  `json:"shape"`
	Steps  int64   `json:"steps,omitempty"`   // length of a rectangle
	TauSyn float64 `json:"tau_syn,omitempty"` // time constant of any other shape, steps
}

func newPSPJSON(p synapse.PSP) pspJSON {
	if p.Shape == synapse.Rectangular {
		return pspJSON{Shape: p.Shape.String(), Steps: p.Steps}
	}
	return pspJSON{Shape: p.Shape.String(), TauSyn: p.TauSyn}
}

// halfJSON is a learning window as --json prints it.
type halfJSON struct {
	Shape string  `json:"shape"`
	Tau   float64 `json:"tau"` // steps
}

// note says, below the name of the law's figure, what it depends on beside weights, biases and tau.
func (r *stddResult) note() string {
	potential := fmt.Sprintf("%s potential of %d steps", r.PSP.Shape, r.PSP.Steps)
	if r.PSP.Steps == 0 {
		potential = fmt.Sprintf(`%s potential, τ_{syn} = %v steps`, r.PSP.Shape, r.PSP.TauSyn)
	}
	isi := ""
	if r.MinISI != r.Tau {
		isi = fmt.Sprintf(", intervals of %d steps and more", r.MinISI)
	}
	article := "a"
	if strings.HasPrefix(r.Window.Shape, "e") {
		article = "an"
	}
	drift := strings.ReplaceAll(strconv.FormatFloat(r.Drift12, 'g', 3, 64), "-", "−")
	return fmt.Sprintf(`%s, %s time%s; SAL with %s %s window of %v steps: drift of \i{W}_{12} %s per τ`,
		potential, r.Dynamics, isi, article, r.Window.Shape, r.Window.Tau, drift)
}

// faults returns what is wrong with the flags.
func (c *stddCommand) faults(p stdd.Params, half synapse.Half) []string {
	var faults []string
	if c.Tau < 1 || c.Tau > 1<<20 {
		faults = append(faults, fmt.Sprintf("--tau %d: must be 1 to 2^20 steps", c.Tau))
	}
	for _, f := range []struct {
		flag  string
		value float64
	}{{"--tau-syn", c.TauSyn}, {"--psp-steps", float64(c.PSPSteps)}, {"--min-isi", float64(c.MinISI)}, {"--t-max", float64(c.TMax)}, {"--window-tau", c.WindowTau}} {
		if !(f.value >= 0 && f.value <= 1<<20) {
			faults = append(faults, fmt.Sprintf("%s %v: must be above 0 and at most 2^20 steps, or 0 for the default", f.flag, f.value))
		}
	}
	if len(faults) > 0 {
		return faults // the rest would be their consequences
	}
	flags := strings.NewReplacer("stdd: ", "", "synapse: ", "", "t_max", "--t-max", "min_isi", "--min-isi", "w12 =", "--w12", "w21 =", "--w21",
		"b1 =", "--b1", "b2 =", "--b2", "TauSyn", "--tau-syn", "Steps", "--psp-steps")
	for _, err := range []error{p.Validate(), half.Validate()} {
		if err != nil {
			faults = append(faults, flags.Replace(err.Error()))
		}
	}
	return faults
}

// Run solves the two neurons.
func (c *stddCommand) Run(a *app) error {
	p := stdd.Params{W12: c.W12, W21: c.W21, B1: c.B1, B2: c.B2, TauRef: c.Tau, PSP: synapse.PSP{Shape: c.PSP, TauSyn: c.TauSyn, Steps: c.PSPSteps},
		MinISI: c.MinISI, TMax: c.TMax, Continuous: c.Dynamics == sampling.Continuous}
	windowTau := c.WindowTau
	if windowTau == 0 {
		windowTau = float64(c.Tau)
	}
	half := synapse.Half{Shape: c.Window, Tau: windowTau}
	if faults := c.faults(p, half); len(faults) > 0 {
		return usagef("%s", strings.ReplaceAll(strings.Join(faults, "; "), "\n", "; "))
	}
	if err := checkOutput(c.Output, "a law of timing differences", stddTable, c.Force); err != nil {
		return err
	}
	law, err := stdd.Solve(p)
	if err != nil {
		return err
	}
	d12, d21 := law.Drift(sal.Window(half))
	r := stddResult{W12: c.W12, W21: c.W21, B1: c.B1, B2: c.B2, Tau: c.Tau, Dynamics: c.Dynamics.String(),
		PSP: newPSPJSON(law.Params.PSP), MinISI: law.Params.MinISI, TMax: law.Params.TMax, Window: halfJSON{half.Shape.String(), half.Tau},
		Lag: law.Lags(), Rate: law.Rates(), Probability: law.Probability(), Tail: []float64{law.TailMinus, law.TailPlus}, Drift12: d12, Drift21: d21,
		MassPositive: law.MassPositive(), Coincidence: law.Coincidence, SpikeRate: []float64{law.Rate1, law.Rate2}, Residual: law.Residual, Error: law.Error, Warnings: []string{}}
	for _, w := range law.Warnings {
		text := strings.TrimPrefix(w.Error(), "stdd: ")
		r.Warnings = append(r.Warnings, text)
		fmt.Fprintln(a.stderr, "warning:", text)
	}
	if c.Output != "" {
		lags := make([]float64, len(r.Lag))
		for k, d := range r.Lag {
			lags[k] = float64(d)
		}
		name := strings.ReplaceAll(fmt.Sprintf(`\i{W}_{12} = %v, \i{W}_{21} = %v, \i{b} = (%v, %v)`, c.W12, c.W21, c.B1, c.B2), "-", "−")
		f, err := figure.STDD{Laws: []figure.STDDLaw{{Name: name, Tau: float64(c.Tau), Lags: lags, Probability: r.Probability, Note: r.note()}}}.Figure()
		if err != nil {
			return err
		}
		if err := render.Save(f, c.Output, "stdd"); err != nil {
			return err
		}
		if err := durable.WriteFile(filepath.Join(c.Output, stddTable), 0o666, r.writeCSV); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(a.stdout, r)
	}
	return c.print(a, r)
}

const stddTable = "stdd.csv"

// writeCSV writes the distribution: lag in steps, pairs per step, share of all pairs.
func (r *stddResult) writeCSV(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, "lag,rate,probability")
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	for k, d := range r.Lag {
		fmt.Fprintf(b, "%d,%s,%s\n", d, number(r.Rate[k]), number(r.Probability[k]))
	}
	return b.Flush()
}

// print prints the law for people: the distribution if asked for, then the summary.
func (c *stddCommand) print(a *app, r stddResult) error {
	if c.Table {
		t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(t, "d\trate per step\tprobability\t")
		for k, d := range r.Lag {
			fmt.Fprintf(t, "%d\t%.6e\t%.6e\t\n", d, r.Rate[k], r.Probability[k])
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	row := func(name string, x float64, unit, doc string) {
		fmt.Fprintf(t, "%s\t%s %s\t%s\n", name, strconv.FormatFloat(x, 'g', 6, 64), unit, doc)
	}
	tau := float64(c.Tau)
	row("activity 1", r.SpikeRate[0]*tau, "", "share of time in which neuron 1 is refractory (spikes per tau)")
	row("activity 2", r.SpikeRate[1]*tau, "", "the same of neuron 2")
	row("P(d > 0)", r.MassPositive, "", "share of pairs in which neuron 1 fires second")
	row("coincidences", r.Coincidence, "per step", "steps in which both fire")
	row("drift12", r.Drift12, "per tau", "of w12 under SAL, before the learning rate")
	row("drift21", r.Drift21, "per tau", "of w21")
	row("residual", r.Residual, "", "of the stationary equations")
	if r.Error > 0 {
		row("error", r.Error, "", "of the limit of fine steps, estimated")
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(a.stdout, "SAL:", verdictOf(r))
	if c.Output != "" && err == nil {
		_, err = fmt.Fprintf(a.stdout, "%s: %s stdd.svg stdd.png\n", c.Output, stddTable)
	}
	return err
}

// verdictOf says in words what SAL would do.
func verdictOf(r stddResult) string {
	move := func(x float64) string {
		if x > 0 {
			return "grows"
		}
		return "shrinks"
	}
	apart := r.Drift12 - r.Drift21
	scale := math.Abs(r.Drift12) + math.Abs(r.Drift21)
	switch {
	case scale < 1e-13:
		return "neither weight moves"
	case (apart < 0) == (r.W12 > r.W21) && r.W12 != r.W21:
		return fmt.Sprintf("w12 %s, w21 %s: they move towards each other", move(r.Drift12), move(r.Drift21))
	case r.W12 == r.W21:
		return fmt.Sprintf("w12 %s, w21 %s, though they are equal: the fixed line is a little off the diagonal here", move(r.Drift12), move(r.Drift21))
	}
	return fmt.Sprintf("w12 %s, w21 %s: they move away from each other", move(r.Drift12), move(r.Drift21))
}
