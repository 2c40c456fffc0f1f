package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"spikealign/drawings"
	"spikealign/experiment"
	"spikealign/internal/progress"
	"spikealign/sweep"
)

// defaultRuns is where runs go and are looked for.
const defaultRuns = "runs"

type runCommand struct {
	File   string   `arg:"" help:"The experiment file (YAML)."`
	Output string   `short:"o" placeholder:"DIR" help:"Folder of the run. Without it: runs/NAME, or runs/NAME-2, ... if that is taken."`
	Set    []string `sep:"none" placeholder:"PATH=VALUE" help:"Change a value of the file; PATH is dotted and may index lists (a.b.0.c), VALUE is YAML. Repeatable."`
	Seed   *uint64  `placeholder:"N" help:"The same as --set seed=N."`
	Force  bool     `help:"Replace the run that the folder given with -o holds."`
	sessionFlags
}

// Help shows the examples.
func (runCommand) Help() string {
	return `Examples:

  spikealign examples figure4 > figure4.yaml
  spikealign run figure4.yaml
  spikealign run figure4.yaml -o runs/noisy --set initial.noise=0.8 --seed 3
  spikealign run figure4.yaml --time-limit 1h     # stops with a checkpoint, exit code 75

The folder holds the whole configuration (experiment.yaml), status (run.json), metrics.csv and arrays.npz.
SIGINT (Ctrl-C) and SIGTERM stop with a checkpoint; a second one aborts at once.`
}

// Validate is called by kong.
func (c *runCommand) Validate() error {
	if c.Force && c.Output == "" {
		return fmt.Errorf("--force needs a folder (-o)")
	}
	return c.sessionFlags.Validate()
}

// Run executes an experiment.
func (c *runCommand) Run(a *app) error {
	overrides := c.Set
	if c.Seed != nil {
		overrides = append(overrides, fmt.Sprintf("seed=%d", *c.Seed))
	}
	if c.Output != "" && sweep.IsSweep(c.Output) {
		return usagef("%s is the folder of a sweep; choose another folder with -o", c.Output)
	}
	if of := sweepOf(c.Output); c.Output != "" && of != "" {
		return usagef("%s is in the folder of the sweep %s, which holds its members only; choose another folder with -o", c.Output, of)
	}
	if sweep.IsSweep(c.File) {
		return usagef("%s is the folder of a sweep; go on with it: spikealign sweep %s", c.File, c.File)
	}
	spec, err := a.kinds.Load(c.File, overrides...)
	if err != nil {
		return orExample(err, c.File)
	}
	o := experiment.Options{Spec: spec, Dir: c.Output, Overwrite: c.Force}
	if o.Dir == "" {
		o.Dir, o.Unique = filepath.Join(defaultRuns, spec.Name), true
	}
	if !c.Quiet {
		o.Begin = func(dir string) {
			taken := ""
			if dir != o.Dir {
				taken = o.Dir + " exists; "
			}
			fmt.Fprintf(a.redirect, "%swriting to %s\n", taken, dir)
		}
	}
	return c.sessionFlags.session(a, func(s experiment.Session) (experiment.Result, error) {
		o.Session = s
		return experiment.Execute(a.ctx, o)
	})
}

// sessionFlags are common to run and resume.
type sessionFlags struct {
	dataFlag
	Threads   int           `placeholder:"N" help:"Threads that the run may use, if its kind can use several; without it as many as there are processors. Changes no result."`
	TimeLimit time.Duration `placeholder:"DURATION" help:"Stop with a checkpoint after this wall time (90m, 1h30m); exit code 75."`
	Progress  time.Duration `default:"10s" placeholder:"DURATION" help:"Time between two lines of progress where standard error is not a terminal (default 10s)."`
	Quiet     bool          `short:"q" help:"No progress."`
	JSON      bool          `name:"json" help:"Print the result as JSON."`
}

// Validate is called by kong.
func (f *sessionFlags) Validate() error {
	if f.TimeLimit < 0 || f.Progress < 0 {
		return fmt.Errorf("a duration must not be negative")
	}
	if f.Threads < 0 {
		return fmt.Errorf("--threads must not be negative")
	}
	return nil
}

// session shows progress while work runs, and prints its result.
func (f *sessionFlags) session(a *app, work func(experiment.Session) (experiment.Result, error)) error {
	s := experiment.Session{Program: version(), TimeLimit: f.TimeLimit, Threads: f.Threads, Data: f.Data, Log: a.log}
	end := func(string, bool) {}
	if !f.Quiet {
		r := newReporter(a, 1, f.Progress)
		a.redirect.to = r
		task := r.Start("")
		seen := false
		s.Observe = func(m experiment.Moment) {
			seen = true
			task.Update(progress.State{Done: m.Done, Total: m.Total, Unit: m.Unit, Steps: m.Steps, Spikes: m.Spikes, Headline: m.Headline()})
		}
		end = func(status string, failed bool) {
			if seen {
				task.End(status, failed)
			}
			a.redirect.to = a.stderr
		}
	}
	result, err := work(s)
	if err != nil {
		end("stopped", true)
		return err
	}
	end("done", false)
	for _, w := range result.Info.Warnings {
		fmt.Fprintln(a.stderr, "warning:", w)
	}
	drawRun(a, result.Dir) // it may have been stopped after the end of the run and before its figures
	if result.Already {
		fmt.Fprintf(a.stderr, "%s is finished already\n", result.Dir)
	}
	if f.JSON {
		return printJSON(a.stdout, sweep.RunEntry{Dir: result.Dir, Info: result.Info})
	}
	return printResult(a.stdout, result)
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// printResult prints the final metrics and, last, the folder with what is in it. The name of the
// run is not told: one file run into two folders has one name.
func printResult(w io.Writer, r experiment.Result) error {
	i := r.Info
	fmt.Fprintf(w, "%s, seed %d: %s in %s, CPU %s\n", i.Kind, i.Seed, i.Status, progress.Duration(i.Wall), progress.Duration(i.CPU))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if slices.ContainsFunc(i.Tables[0].Columns, func(c experiment.ColumnInfo) bool { return c.Row }) {
		fmt.Fprintf(t, "  %s\t%v\trows of %s\n", i.Unit, i.Done, experiment.MetricsFile)
	}
	for k, c := range i.Latest {
		if k < len(i.Tables[0].Columns) && i.Tables[0].Columns[k].Row {
			continue
		}
		unit, doc := "", ""
		if k < len(i.Tables[0].Columns) {
			unit, doc = i.Tables[0].Columns[k].Unit, i.Tables[0].Columns[k].Doc
		}
		value := undefined
		if text := c.Value.Short(); text != "" {
			value = strings.TrimSpace(text + " " + unit)
		}
		if pair := lastPair(&i); c.Name == layerColumn && pair != "" {
			doc = fmt.Sprintf("%s, all in %s; %s", pair, experiment.MetricsFile, doc)
		}
		line := strings.TrimRight(fmt.Sprintf("  %s\t%s\t%s", c.Name, value, doc), "\t")
		fmt.Fprintln(t, line)
	}
	t.Flush()
	files := append([]string{experiment.ConfigFile, experiment.InfoFile}, i.Files...)
	_, err := fmt.Fprintf(w, "%s: %s\n", r.Dir, strings.Join(append(files, figuresIn(r.Dir)...), " "))
	return err
}

// undefined stands for an empty cell: a measure that has no value, such as the angle of weights
// that are all 0.
const undefined = "undefined"

// layerColumn says of which pair of layers a row of metrics is.
const layerColumn = "layer"

// lastPair names the pair of layers that the last row of metrics is of, where there are several; ""
// where there are not.
func lastPair(i *experiment.Info) string {
	for _, c := range i.Latest {
		if l, err := strconv.Atoi(c.Value.String()); c.Name == layerColumn && err == nil {
			return drawings.LastPair(l)
		}
	}
	return ""
}

// figuresIn names the figures in the folder of a run or a sweep.
func figuresIn(dir string) (names []string) {
	entries, _ := os.ReadDir(filepath.Join(dir, experiment.FiguresDir)) // there may be none
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); ext == ".svg" || ext == ".png" {
			names = append(names, filepath.Join(experiment.FiguresDir, e.Name()))
		}
	}
	return names
}
