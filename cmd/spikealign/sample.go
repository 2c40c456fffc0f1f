package main

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"spikealign/experiment"
	"spikealign/sample"
)

type sampleCommand struct {
	From     string        `arg:"" help:"The folder of a finished run of kind sampling, or FOLDER#EPOCH for the weights of one of its reports."`
	Clamp    string        `placeholder:"LIST" help:"Hold neurons on or off: NEURON=0 or NEURON=1, a NEURON being a number from 0 or a range (0-8=1,12=0). The others then follow their conditional distribution."`
	Duration int64         `default:"100000" placeholder:"TAU" help:"Measured time, in refractory times tau (default 100000)."`
	Settle   int64         `default:"100" placeholder:"TAU" help:"Time from rest before that, not measured, in tau (default 100)."`
	Seed     uint64        `default:"1" placeholder:"N" help:"Keys the spikes (default 1)."`
	Top      int           `default:"10" placeholder:"N" help:"States in the table on standard output (default 10)."`
	Output   string        `short:"o" placeholder:"DIR" help:"Write sample.json, marginals.csv, states.csv, arrays.npz and, for images, figures/images into this folder."`
	Force    bool          `help:"Replace the sample that the folder given with -o holds."`
	JSON     bool          `name:"json" help:"Print everything as JSON, of the states the first 1000."`
	Progress time.Duration `default:"10s" placeholder:"DURATION" help:"Time between two lines of progress where standard error is not a terminal (default 10s)."`
	Quiet    bool          `short:"q" help:"No progress."`
}

// Help shows the examples.
func (sampleCommand) Help() string {
	return `Examples:

  spikealign examples bars-and-stripes > bars.yaml
  spikealign run bars.yaml -o runs/bars
  spikealign sample runs/bars                               # what the network imagines
  spikealign sample runs/bars --clamp 0-2=1,3=0 -o runs/completed      # the first row and a pixel of the second are given

The states are those of the visible neurons, neuron 0 first. Errors are standard errors from the scatter over 50 parts of the time.
In continuous time with canonical timing and symmetric weights the law is exactly the Boltzmann distribution, or the conditional one.`
}

// Validate is called by kong.
func (c *sampleCommand) Validate() error {
	if c.Top < 0 || c.Progress < 0 {
		return fmt.Errorf("--top and --progress must not be negative")
	}
	return nil
}

// Run samples with a finished run's weights.
func (c *sampleCommand) Run(a *app) error {
	dir := c.From
	if _, err := os.Stat(dir); err != nil {
		if k := strings.LastIndexByte(dir, '#'); k >= 0 {
			dir = dir[:k]
		}
	}
	if err := checkFolder(a, dir, experiment.Done); err != nil {
		return err
	}
	if err := checkOutput(c.Output, "a sample", sample.InfoFile, c.Force); err != nil {
		return err
	}
	p := newPhase(a, c.Progress, c.Quiet)
	o := sample.Options{Clamp: c.Clamp, Settle: c.Settle, Duration: c.Duration, Seed: c.Seed, Progress: func(share float64) {
		p.update(share*float64(c.Settle+c.Duration), float64(c.Settle+c.Duration), "tau", 0)
	}}
	r, err := sample.Run(a.ctx, c.From, o)
	p.end(err)
	if err != nil {
		return err
	}
	var files []string
	if c.Output != "" {
		if files, err = r.Save(c.Output); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(a.stdout, r)
	}
	return c.print(a, r, files)
}

// print shows marginals and the most frequent states.
func (c *sampleCommand) print(a *app, r *sample.Result, files []string) error {
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "neuron\tmean\tse\t")
	for i := range r.Mean {
		note := ""
		if v := r.Clamped(i); v != "" {
			note = "clamped to " + v
		} else if i >= r.Visible {
			note = "hidden"
		}
		fmt.Fprintf(t, "%d\t%.4f\t%.4f\t%s\n", i, r.Mean[i], r.MeanSE[i], note)
	}
	t.Flush()
	if r.States == nil {
		fmt.Fprintln(a.stderr, "warning: more than 64 visible neurons or 2^20 visited states: only how often each neuron is on is known")
	}
	if r.States != nil && c.Top > 0 {
		fmt.Fprintln(a.stdout)
		head := "state\tprobability\tse"
		if r.Target != nil {
			head += "\ttarget"
		}
		fmt.Fprintln(t, head)
		for _, z := range r.States[:min(len(r.States), c.Top)] {
			fmt.Fprintf(t, "%s\t%.4f\t%.4f", r.Bits(z), z.P, z.SE)
			if r.Target != nil {
				fmt.Fprintf(t, "\t%.4f", r.Target[z.Bits])
			}
			fmt.Fprintln(t)
		}
		t.Flush()
		if left := len(r.States) - c.Top; left > 0 {
			fmt.Fprintf(a.stdout, "and %d more states\n", left)
		}
	}
	if r.Target != nil {
		more := ""
		if r.Unvisited > 0 {
			more = fmt.Sprintf(" (%d states of the target never visited: half a sample added to every state)", r.Unvisited)
		}
		fmt.Fprintf(a.stdout, "\nD_KL(target || sampled) = %.4g nats%s\n", r.DKL, more)
	}
	if len(files) > 0 {
		fmt.Fprintf(a.stdout, "%s: %s\n", c.Output, strings.Join(files, " "))
	}
	return nil
}
