package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"spikealign/experiment"
	"spikealign/internal/progress"
	"spikealign/reproduce"
	"spikealign/slurm"
	"spikealign/sweep"
)

type reproduceCommand struct {
	Figures []string `arg:"" optional:"" help:"Figures, such as fig4; all stands for all. Without any: tells which there are."`
	Scale   string   `enum:"quick,paper" default:"quick" help:"quick: seconds to minutes a figure; paper: durations, grids and seeds of the paper (default quick)."`
	Output  string   `short:"o" placeholder:"DIR" help:"Where the folders of the figures go. Without it: runs/reproduce."`
	Jobs    int      `short:"j" placeholder:"N" help:"Runs at a time; without it as many as there are processors. Changes no result."`
	dataFlag
	engineFlags
	Progress time.Duration `default:"10s" placeholder:"DURATION" help:"Time between two lines of progress where standard error is not a terminal (default 10s)."`
	Quiet    bool          `short:"q" help:"No progress."`
	JSON     bool          `name:"json" help:"Print the verdicts as JSON."`
}

// Help shows the examples.
func (reproduceCommand) Help() string {
	return `Examples:

  spikealign reproduce                          # which figures there are
  spikealign reproduce fig4 fig5
  spikealign reproduce all --scale paper -o runs/paper
  spikealign reproduce all --scale paper -o runs/cluster --engine slurm

Every figure gets a folder FIGURE-SCALE with its data, figures/*.svg and *.png, verdict.csv (each claim of the figure, what was measured, what it must be and why) and reproduction.json (seeds, times,
versions); reproduction.md beside them is the report on all figures. It goes on where it was stopped; what is finished is not computed again. A figure that fails does not keep the others
from running: the end tells which failed, and why (exit code 1). A claim that does not hold is a finding, not a failure.

With Slurm the sweeps of all figures are submitted, the rest is computed here, and the command waits. It can be stopped: what was submitted goes on, and the same command waits again.`
}

// Validate is called by kong.
func (c *reproduceCommand) Validate() error {
	if c.Jobs < 0 || c.Progress < 0 {
		return fmt.Errorf("--jobs and --progress must not be negative")
	}
	return nil
}

// verdict is what --json prints for a figure.
type verdict struct {
	Figure string            `json:"figure"`
	Scale  string            `json:"scale"`
	Dir    string            `json:"dir"`
	Claims []reproduce.Claim `json:"claims"`
	Error  string            `json:"error,omitempty"` // why there are no claims

	err error
}

// reproduction is figures being reproduced.
type reproduction struct {
	*reproduceCommand
	*app
	base     string
	figures  []reproduce.Figure
	verdicts []verdict // of the figures
	// turn is held by the figure that computes in this process. While Slurm works for it others
	// have their turn.
	turn    chan struct{}
	shared  *progress.Reporter // where several figures are under way; else nil
	printed error              // of standard output
}

// Run reproduces figures.
func (c *reproduceCommand) Run(a *app) error {
	known := reproduce.Figures()
	if len(c.Figures) == 0 {
		for _, f := range known {
			fmt.Fprintf(a.stdout, "%-6s  %s\n", f.Name, f.Doc)
		}
		return nil
	}
	r := &reproduction{reproduceCommand: c, app: a, base: c.Output, turn: make(chan struct{}, 1)}
	for _, name := range c.Figures {
		k := slices.IndexFunc(known, func(f reproduce.Figure) bool { return f.Name == name })
		switch {
		case name == "all":
			r.figures = known
		case k >= 0:
			r.figures = append(r.figures, known[k])
		default:
			var names []string
			for _, f := range known {
				names = append(names, f.Name)
			}
			return usagef("there is no figure %q; known are %s, all", name, strings.Join(names, ", "))
		}
	}
	if r.base == "" {
		r.base = filepath.Join(defaultRuns, "reproduce")
	}
	if c.Engine == "" && slices.ContainsFunc(r.figures, r.onSlurm) {
		c.Engine = "slurm"
	}
	if err := r.prepare(); err != nil {
		return err
	}
	if r.shared != nil {
		a.redirect.to = r.shared
		defer func() { a.redirect.to = a.stderr }()
	}
	r.verdicts = make([]verdict, len(r.figures))
	var wg sync.WaitGroup
	for k, f := range r.figures {
		v := &r.verdicts[k]
		*v = verdict{Figure: f.Name, Scale: c.Scale, Dir: filepath.Join(r.base, f.Folder(reproduce.Scale(c.Scale)))}
		r.turn <- struct{}{}
		if v.err = a.ctx.Err(); v.err != nil {
			<-r.turn
			continue
		}
		work := func() {
			defer func() { <-r.turn }()
			r.figure(f, v)
		}
		if c.Engine == "slurm" {
			wg.Go(work)
		} else {
			work()
		}
	}
	wg.Wait()
	return r.finish()
}

// onSlurm reports whether a sweep of a figure was begun with Slurm.
func (r *reproduction) onSlurm(f reproduce.Figure) bool {
	dir := filepath.Join(r.base, f.Folder(reproduce.Scale(r.Scale)))
	parts, _ := filepath.Glob(filepath.Join(dir, "*")) // the pattern is well formed
	return slices.ContainsFunc(append(parts, dir), slurm.Has)
}

// prepare finds out, before anything runs, whether sweeps can be submitted.
func (r *reproduction) prepare() error {
	if r.Engine != "slurm" {
		return nil
	}
	e, err := r.choose(r.app, "", slurm.Engine{}, r.Jobs, false)
	if err != nil {
		return err
	}
	if err := e.(*slurm.Engine).Answers(r.ctx); err != nil {
		return err
	}
	if !r.Quiet {
		r.shared = newReporter(r.app, progress.Unknown, r.Progress)
	}
	return nil
}

// figure reproduces a figure and writes the report.
func (r *reproduction) figure(f reproduce.Figure, v *verdict) {
	defer func() {
		if fault := recover(); fault != nil {
			v.err = fmt.Errorf("a fault of the program: %v; please report it\n%s", fault, debug.Stack())
		}
	}()
	v.Claims, v.err = f.Run(r.ctx, reproduce.Scale(r.Scale), r.base, r.tools(f.Name))
	if err := reproduce.Report(r.base); v.err == nil {
		v.err = err
	}
	if v.err != nil && len(r.figures) > 1 && r.ctx.Err() == nil {
		fmt.Fprintf(r.redirect, "%s: %v\n", f.Name, v.err)
	}
	if r.shared == nil {
		r.show(f, v)
	}
}

// show prints the verdicts on a figure, if it has any.
func (r *reproduction) show(f reproduce.Figure, v *verdict) {
	if r.JSON || v.err != nil {
		return
	}
	fmt.Fprintf(r.stdout, "%s, %s: %s\n", f.Name, r.Scale, f.Doc)
	for _, claim := range v.Claims {
		holds := "holds     "
		if !claim.Holds {
			holds = "DOES NOT  "
		}
		fmt.Fprintf(r.stdout, "  %s%s\n            measured: %s\n            needed:   %s (%s)\n", holds, claim.Text, claim.Measured, claim.Needed, claim.Reason)
	}
	if _, err := fmt.Fprintf(r.stdout, "%s: %s %s/\n", v.Dir, reproduce.VerdictFile, experiment.FiguresDir); err != nil {
		r.printed = err
	}
}

// finish tells the rest: verdicts that had to wait for the end of the progress, and which figures
// failed or were stopped.
func (r *reproduction) finish() error {
	var failed, stopped []string
	for k := range r.verdicts {
		v := &r.verdicts[k]
		if r.shared != nil {
			r.show(r.figures[k], v)
		}
		var halt *experiment.Stopped
		switch {
		case errors.As(v.err, &halt):
			stopped = append(stopped, v.Figure+": "+halt.Reason)
		case errors.Is(v.err, context.Canceled):
			stopped = append(stopped, v.Figure)
		case v.err != nil:
			failed = append(failed, v.Figure+": "+v.err.Error())
		}
		if v.err != nil {
			v.Error = v.err.Error()
		}
	}
	if r.JSON {
		r.printed = printJSON(r.stdout, r.verdicts)
	} else if r.printed == nil {
		_, r.printed = fmt.Fprintf(r.stdout, "report: %s\n", filepath.Join(r.base, reproduce.ReportFile))
	}
	if len(failed) > 0 && len(r.figures) == 1 {
		return fmt.Errorf("%s: %w", r.figures[0].Name, r.verdicts[0].err)
	}
	var text string
	for _, x := range []struct {
		what  string
		names []string
	}{{"failed", failed}, {"are not finished", stopped}} {
		if len(x.names) > 0 {
			text += fmt.Sprintf("%d of %d figures %s:\n  %s\n", len(x.names), len(r.figures), x.what, strings.Join(x.names, "\n  "))
		}
	}
	switch {
	case len(stopped) > 0 && (len(failed) == 0 || r.ctx.Err() != nil):
		return fmt.Errorf("%s%w", text, errPaused)
	case len(failed) > 0:
		return errors.New(strings.TrimSuffix(text, "\n"))
	}
	return r.printed
}

// runOrResume runs an experiment in a folder, goes on with it, or finds it finished.
func runOrResume(ctx context.Context, a *app, spec *experiment.Spec, dir string, s experiment.Session) error {
	if !experiment.IsRun(dir) {
		_, err := experiment.Execute(ctx, experiment.Options{Spec: spec, Dir: dir, Session: s})
		return err
	}
	if folder, err := experiment.Open(dir); err == nil {
		if err := folder.Unchanged(a.kinds); err != nil {
			return err
		}
	}
	old, err := a.kinds.Load(filepath.Join(dir, experiment.ConfigFile))
	if err != nil {
		return err
	}
	change, err := spec.Differs(old)
	if err != nil {
		return err
	}
	if change != "" {
		return usagef("%s holds a run of another experiment: %s; choose another folder with -o", dir, change)
	}
	_, err = a.kinds.Resume(ctx, dir, s)
	return err
}

// tools gives a figure what it needs, with progress on standard error.
func (r *reproduction) tools(figure string) reproduce.Tools {
	session := experiment.Session{Program: version(), Data: r.Data, Log: r.log}
	engine := fmt.Sprintf("local, %d threads", runtime.GOMAXPROCS(0))
	if r.Engine == "slurm" {
		engine = "Slurm"
	}
	reporter := func(members int) *progress.Reporter {
		if r.shared != nil {
			r.shared.Expect(members)
			return r.shared
		}
		return newReporter(r.app, members, r.Progress)
	}
	return reproduce.Tools{
		Kinds:   r.kinds,
		Drawers: r.drawers,
		Data:    r.Data,
		Program: session.Program,
		Command: commandLine(),
		Engine:  engine,
		Run: func(ctx context.Context, spec *experiment.Spec, dir string) error {
			s := session
			end := func(string, bool) {}
			if !r.Quiet {
				task := reporter(1).Start(spec.Name)
				seen := false
				s.Observe = func(m experiment.Moment) {
					seen = true
					task.Update(progress.State{Done: m.Done, Total: m.Total, Unit: m.Unit, Steps: m.Steps, Spikes: m.Spikes, Headline: m.Headline()})
				}
				end = func(status string, failed bool) {
					if seen || r.shared != nil {
						task.End(status, failed)
					}
				}
			}
			err := runOrResume(ctx, r.app, spec, dir, s)
			if err != nil {
				end("stopped", true)
			} else {
				end("done", false)
			}
			return err
		},
		Sweep: func(ctx context.Context, s *sweep.Sweep, dir string) (*sweep.Result, error) {
			o := sweep.Options{Dir: dir, Session: session, Beside: reproduce.RecordFile}
			var err error
			o.Engine, err = r.choose(r.app, dir, slurm.Engine{Wait: true, Say: func(text string) { fmt.Fprintf(r.redirect, "%s: %s\n", figure, text) }}, r.Jobs, false)
			if err != nil {
				return nil, err
			}
			if !r.Quiet {
				showSweepIn(r.app, &o, reporter)
			}
			if r.Engine == "slurm" {
				<-r.turn
				defer func() { r.turn <- struct{}{} }()
			} else {
				defer func() { r.redirect.to = r.stderr }()
			}
			return sweep.Run(ctx, s, o)
		},
		Progress: func(what string, total int) func(int) {
			if r.Quiet {
				return func(int) {}
			}
			task := reporter(1).Start(what)
			return func(done int) {
				task.Update(progress.State{Done: float64(done), Total: float64(total), Unit: "parts"})
				if done >= total {
					task.End("done", false)
				}
			}
		},
	}
}

// commandLine is what was typed, for records.
func commandLine() string {
	words := []string{"spikealign"}
	for _, w := range os.Args[1:] {
		if strings.ContainsAny(w, " \t\n'\"$&|;<>()*?[]#~`\\") || w == "" {
			w = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}
