package main

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"spikealign/figure/render"
	"spikealign/internal/durable"
	"spikealign/lab"
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
	r, err := lab.Solve(p, half)
	if err != nil {
		return err
	}
	for _, text := range r.Warnings {
		fmt.Fprintln(a.stderr, "warning:", text)
	}
	if c.Output != "" {
		f, err := r.Figure()
		if err != nil {
			return err
		}
		if err := durable.Renew(c.Output, "stdd.svg", "stdd.png"); err != nil {
			return err
		}
		if err := durable.WriteFile(filepath.Join(c.Output, stddTable), 0o666, func(w io.Writer) error { return writeLaw(w, r) }); err != nil {
			return err
		}
		if err := render.Save(f, c.Output, "stdd"); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(a.stdout, r)
	}
	return c.print(a, r)
}

const stddTable = "stdd.csv"

// writeLaw writes the distribution: lag in steps, pairs per step, share of all pairs.
func writeLaw(w io.Writer, r *lab.Law) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, "lag,rate,probability")
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	for k, d := range r.Lag {
		fmt.Fprintf(b, "%d,%s,%s\n", d, number(r.Rate[k]), number(r.Probability[k]))
	}
	return b.Flush()
}

// print prints the law for people: the distribution if asked for, then the summary.
func (c *stddCommand) print(a *app, r *lab.Law) error {
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
	for _, n := range r.Numbers() {
		fmt.Fprintf(t, "%s\t%s %s\t%s\n", n.Name, strconv.FormatFloat(n.Value, 'g', 6, 64), n.Unit, n.Doc)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(a.stdout, "SAL:", r.Verdict())
	if c.Output != "" && err == nil {
		_, err = fmt.Fprintf(a.stdout, "%s: %s stdd.svg stdd.png\n", c.Output, stddTable)
	}
	return err
}
