package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"spikealign/experiment"
	"spikealign/internal/progress"
	"spikealign/internal/yamlconf"
	"spikealign/slurm"
	"spikealign/sweep"
)

type sweepCommand struct {
	File    string   `arg:"" help:"The sweep file (YAML), or the folder of a sweep to go on with."`
	Output  string   `short:"o" placeholder:"DIR" help:"Folder of the sweep. Without it: runs/NAME."`
	Jobs    int      `short:"j" placeholder:"N" help:"Runs at a time; without it as many as there are processors for their threads. Changes no result."`
	Threads int      `placeholder:"N" help:"Threads of each run, if its kind can use several; without it the processors are shared out: one each, more where fewer runs than processors are under way. Changes no result."`
	Set     []string `sep:"none" placeholder:"PATH=VALUE" help:"Change a value of the base experiment. Repeatable."`
	Force   bool     `help:"Remove the runs in the folder that are not of this sweep. Finished members of this one stay."`
	dataFlag
	engineFlags
	Wait      bool          `help:"With Slurm: stay to the end, and submit again what was preempted or ran into its time limit."`
	Progress  time.Duration `default:"10s" placeholder:"DURATION" help:"Time between two lines of progress where standard error is not a terminal (default 10s)."`
	TimeLimit time.Duration `placeholder:"DURATION" help:"Stop with checkpoints after this wall time (90m, 1h30m); exit code 75."`
	Quiet     bool          `short:"q" help:"No progress."`
	JSON      bool          `name:"json" help:"Print the summary as JSON."`

	retry bool // submit members that failed, too
}

// Help shows the examples.
func (sweepCommand) Help() string {
	return `Examples:

  spikealign examples figure4-sweep > figure4-sweep.yaml
  spikealign sweep figure4-sweep.yaml
  spikealign sweep figure4-sweep.yaml -o runs/quick --jobs 2 --set training.epochs=1001
  spikealign sweep runs/quick                 # go on
  spikealign sweep figure4-sweep.yaml -o runs/cluster --engine slurm

Members that are finished are not run again, members that were stopped are resumed. The grid may grow in its folder: more values, more seeds.
A folder with runs of another sweep is refused. With Slurm the command returns when what is missing is in the queue: see spikealign status,
cancel and retry; the same command again, when all is done, shows the summary and draws the figures.`
}

// Validate is called by kong.
func (c *sweepCommand) Validate() error {
	if c.Jobs < 0 || c.Threads < 0 || c.Progress < 0 || c.TimeLimit < 0 {
		return fmt.Errorf("--jobs, --threads, --progress and --time-limit must not be negative")
	}
	return nil
}

// Run runs a sweep.
func (c *sweepCommand) Run(a *app) error {
	if st, err := os.Stat(c.File); err == nil && st.IsDir() {
		if err := checkFolder(a, c.File, experiment.Interrupted, experiment.Killed, experiment.Failed); err != nil {
			return err
		}
	}
	s, err := sweep.Load(a.kinds, c.File, c.Set...)
	if s != nil {
		err = yamlconf.Join(err, a.drawers.Check(s))
	}
	if err != nil {
		return orExample(err, c.File)
	}
	o := sweep.Options{Dir: c.Output, Overwrite: c.Force, Session: experiment.Session{Program: version(), Threads: c.Threads, Data: c.Data, Log: a.log}}
	if o.Dir == "" {
		if o.Dir = filepath.Join(defaultRuns, s.Name); sweep.IsSweep(c.File) {
			o.Dir = c.File
		}
	}
	if o.Engine, err = c.engine(a, o.Dir); err != nil {
		return err
	}
	if !c.Quiet {
		showSweep(a, &o, c.Progress)
	}
	ctx := a.ctx
	if c.TimeLimit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.TimeLimit)
		defer cancel()
	}
	result, err := sweep.Run(ctx, s, o)
	a.redirect.to = a.stderr
	if result == nil {
		return err
	}
	for k, m := range s.Members {
		for _, w := range result.States[k].Info.Warnings {
			fmt.Fprintf(a.stderr, "warning: %s: %s\n", m.Name, w)
		}
	}
	if _, isSlurm := o.Engine.(*slurm.Engine); isSlurm && err == nil && result.Done() < len(s.Members) {
		fmt.Fprintf(a.stderr, "see how it goes: spikealign status %s; at the end: spikealign sweep %s\n", o.Dir, o.Dir)
	}
	if result.Done() > 0 {
		names, drawErr := a.drawers.Sweep(result)
		figures := figureFiles(a, names, drawErr)
		show := func() error { return printSummary(a.stdout, result, figures) }
		if c.JSON {
			show = func() error { return printSummaryJSON(a.stdout, result) }
		}
		if printErr := show(); err == nil {
			err = printErr
		}
	}
	return err
}

// engine is what works on the sweep in a folder.
func (c *sweepCommand) engine(a *app, dir string) (sweep.Engine, error) {
	e, err := c.choose(a, dir, slurm.Engine{Wait: c.Wait, Retry: c.retry}, c.Jobs, c.Threads > 0 || c.TimeLimit > 0)
	if _, isSlurm := e.(*slurm.Engine); err == nil && !isSlurm && c.Wait {
		return nil, usagef("--wait is for --engine slurm")
	}
	return e, err
}

// engineFlags say what works on sweeps.
type engineFlags struct {
	Engine string `enum:",local,slurm" default:"" placeholder:"ENGINE" help:"local or slurm. Without it: the one that the folder was begun with, or local."`
	Slurm  string `placeholder:"FILE" env:"SPIKEALIGN_SLURM" help:"Settings of your site's Slurm (spikealign template slurm). Without it: those of the last submission."`
}

// choose returns what works on the sweep in a folder: Slurm with these options, or so many jobs in
// this process. here says that there are more flags for this machine.
func (f engineFlags) choose(a *app, dir string, cluster slurm.Engine, jobs int, here bool) (sweep.Engine, error) {
	begun := sweep.IsSweep(dir) && slurm.Has(dir)
	if f.Engine == "slurm" || f.Engine == "" && begun {
		if jobs > 0 || here {
			return nil, usagef("--jobs, --threads and --time-limit are for this machine; with Slurm they are cpus, lines and time in its settings (--slurm FILE)")
		}
		cluster.Kinds, cluster.Settings = a.kinds, f.Slurm
		if cluster.Say == nil {
			cluster.Say = func(text string) { fmt.Fprintln(a.redirect, text) }
		}
		return &cluster, nil
	}
	if begun {
		if err := slurm.CheckFree(a.ctx, a.kinds, dir); err != nil {
			return nil, err
		}
	}
	return sweep.Local{Jobs: jobs}, nil
}

// newReporter shows the progress of so many members, with a line every so often where standard
// error is not a terminal.
func newReporter(a *app, members int, every time.Duration) *progress.Reporter {
	width, isTerminal := terminal(a.stderr)
	return progress.New(a.stderr, progress.Options{Terminal: isTerminal, Width: width, Every: every, Members: members})
}

// showSweep makes a sweep show its progress.
func showSweep(a *app, o *sweep.Options, every time.Duration) {
	showSweepIn(a, o, func(members int) *progress.Reporter { return newReporter(a, members, every) })
}

// showSweepIn makes a sweep show its progress in a reporter of so many members.
func showSweepIn(a *app, o *sweep.Options, reporter func(members int) *progress.Reporter) {
	// A reporter must know how many members there are, so that it begins with the plan.
	var r *progress.Reporter
	o.Plan = func(members, finished int) {
		r = reporter(members)
		r.Skip(finished)
		if a.redirect.to != r { // which several sweeps may share
			a.redirect.to = r
		}
		if finished > 0 {
			fmt.Fprintf(a.redirect, "going on in %s: %d of %d members are finished\n", o.Dir, finished, members)
		} else {
			fmt.Fprintf(a.redirect, "writing to %s\n", o.Dir)
		}
	}
	o.Start = func(m sweep.Member) (func(experiment.Moment), func(string, bool)) {
		t := r.Start(m.Name)
		return func(m experiment.Moment) {
			t.Update(progress.State{Done: m.Done, Total: m.Total, Unit: m.Unit, Steps: m.Steps, Spikes: m.Spikes, Headline: m.Headline()})
		}, t.End
	}
}

// printSummary prints median [q25, q75] of the main metrics for every condition, and the files of
// the sweep.
func printSummary(w io.Writer, r *sweep.Result, figures []string) error {
	var head []string
	for _, k := range r.Sweep.Conditions() {
		head = append(head, r.Sweep.Grid[k].Path)
	}
	head = append(head, "n")
	names := r.Numeric()
	var shown []int
	for k, name := range names {
		if r.Headline(name) {
			shown = append(shown, k)
		}
	}
	if len(shown) == 0 {
		for k, name := range names {
			if quartiles, counts := r.Sums(name); quartiles || counts {
				shown = append(shown, k)
			}
		}
	}
	for _, k := range shown {
		head = append(head, names[k])
	}
	short := func(x float64) string { return strconv.FormatFloat(x, 'g', 4, 64) }
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(head, "\t"))
	for _, c := range r.Summary() {
		row := append(slices.Clone(c.Values), strconv.Itoa(c.N))
		for _, k := range shown {
			cell := "-"
			switch s := c.Stats[k]; {
			case s.Of > 0:
				cell = fmt.Sprintf("%d of %d", s.Count, s.Of)
			case c.N > 0 && math.IsNaN(s.Median):
				cell = undefined
			case c.N > 0:
				cell = fmt.Sprintf("%s [%s, %s]", short(s.Median), short(s.Q25), short(s.Q75))
			}
			row = append(row, cell)
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if text := pairsShown(r); text != "" {
		fmt.Fprintln(w, text)
	}
	files := append([]string{sweep.ConfigFile, sweep.MembersFile, sweep.SummaryFile}, figures...)
	_, err := fmt.Fprintf(w, "%s: %d of %d members finished; %s\n", r.Dir, r.Done(), len(r.Sweep.Members), strings.Join(files, " "))
	return err
}

// pairsShown says of which pair of layers a summary is, where members have several.
func pairsShown(r *sweep.Result) string {
	var pairs []string
	for _, s := range r.States {
		if s.Status == experiment.Done {
			pairs = append(pairs, lastPair(s.Info))
		}
	}
	slices.Sort(pairs)
	switch pairs = slices.Compact(pairs); {
	case len(pairs) > 1:
		return "metrics of the last pair of layers of each member"
	case len(pairs) == 1 && pairs[0] != "":
		return "metrics of " + pairs[0]
	}
	return ""
}

// summarized is a condition of a sweep as --json prints it.
type summarized struct {
	Condition map[string]any `json:"condition"` // by path
	N         int            `json:"n"`         // finished members
	Metrics   map[string]any `json:"metrics"`   // quartiles or counted, left out without finite values
}

type quartiles struct {
	Q25    float64 `json:"q25"`
	Median float64 `json:"median"`
	Q75    float64 `json:"q75"`
}

type counted struct {
	Count int `json:"count"`
	Of    int `json:"of"`
}

// jsonValue is a value of the grid: a number where it is one, else text.
func jsonValue(text string) any {
	if _, err := strconv.ParseFloat(text, 64); err == nil && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return text
}

func printSummaryJSON(w io.Writer, r *sweep.Result) error {
	out := struct {
		Dir        string       `json:"dir"`
		Members    int          `json:"members"`
		Finished   int          `json:"finished"`
		Conditions []summarized `json:"conditions"`
	}{Dir: r.Dir, Members: len(r.Sweep.Members), Finished: r.Done()}
	names := r.Numeric()
	for _, c := range r.Summary() {
		s := summarized{Condition: map[string]any{}, N: c.N, Metrics: map[string]any{}}
		for i, k := range r.Sweep.Conditions() {
			s.Condition[r.Sweep.Grid[k].Path] = jsonValue(c.Values[i])
		}
		for k, m := range c.Stats {
			switch {
			case m.Of > 0:
				s.Metrics[names[k]] = counted{m.Count, m.Of}
			case !math.IsNaN(m.Median):
				s.Metrics[names[k]] = quartiles{m.Q25, m.Median, m.Q75}
			}
		}
		out.Conditions = append(out.Conditions, s)
	}
	return printJSON(w, out)
}
