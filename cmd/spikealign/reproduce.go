package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"spikealign/experiment"
	"spikealign/internal/progress"
	"spikealign/reproduce"
	"spikealign/sweep"
)

type reproduceCommand struct {
	Figures []string `arg:"" optional:"" help:"Figures, such as fig4; all stands for all. Without any: tells which there are."`
	Scale   string   `enum:"quick,paper" default:"quick" help:"quick: seconds to minutes a figure; paper: durations, grids and seeds of the paper (default quick)."`
	Output  string   `short:"o" placeholder:"DIR" help:"Where the folders of the figures go. Without it: runs/reproduce."`
	Jobs    int      `short:"j" placeholder:"N" help:"Runs at a time; without it as many as there are processors. Changes no result."`
	dataFlag
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

Every figure gets a folder FIGURE-SCALE with its data, figures/*.svg and *.png, and verdict.csv: each claim of the figure, what was measured, what it must be and why. It goes on where it was stopped; what is
finished is not computed again. A claim that does not hold is a finding, not a failure: the exit code is 0.`
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
	var chosen []reproduce.Figure
	for _, name := range c.Figures {
		k := slices.IndexFunc(known, func(f reproduce.Figure) bool { return f.Name == name })
		switch {
		case name == "all":
			chosen = known
		case k >= 0:
			chosen = append(chosen, known[k])
		default:
			var names []string
			for _, f := range known {
				names = append(names, f.Name)
			}
			return usagef("there is no figure %q; known are %s, all", name, strings.Join(names, ", "))
		}
	}
	base := c.Output
	if base == "" {
		base = filepath.Join(defaultRuns, "reproduce")
	}
	var verdicts []verdict
	for _, f := range chosen {
		dir := filepath.Join(base, f.Name+"-"+c.Scale)
		claims, err := f.Run(a.ctx, reproduce.Scale(c.Scale), dir, c.tools(a))
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		if c.JSON {
			verdicts = append(verdicts, verdict{f.Name, c.Scale, dir, claims})
			continue
		}
		fmt.Fprintf(a.stdout, "%s, %s: %s\n", f.Name, c.Scale, f.Doc)
		for _, claim := range claims {
			holds := "holds     "
			if !claim.Holds {
				holds = "DOES NOT  "
			}
			fmt.Fprintf(a.stdout, "  %s%s\n            measured: %s\n            needed:   %s (%s)\n", holds, claim.Text, claim.Measured, claim.Needed, claim.Reason)
		}
		if _, err := fmt.Fprintf(a.stdout, "%s: %s %s/\n", dir, reproduce.VerdictFile, experiment.FiguresDir); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(a.stdout, verdicts)
	}
	return nil
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

// tools gives the reproduction what it needs, with progress on standard error.
func (c *reproduceCommand) tools(a *app) reproduce.Tools {
	session := experiment.Session{Program: version(), Data: c.Data, Log: a.log}
	reporter := func() *progress.Reporter {
		width, isTerminal := terminal(a.stderr)
		return progress.New(a.stderr, progress.Options{Terminal: isTerminal, Width: width, Every: c.Progress})
	}
	return reproduce.Tools{
		Kinds:   a.kinds,
		Drawers: a.drawers,
		Data:    c.Data,
		Run: func(ctx context.Context, spec *experiment.Spec, dir string) error {
			s := session
			end := func(string, bool) {}
			if !c.Quiet {
				task := reporter().Start(spec.Name)
				seen := false
				s.Observe = func(m experiment.Moment) {
					seen = true
					task.Update(progress.State{Done: m.Done, Total: m.Total, Unit: m.Unit, Steps: m.Steps, Spikes: m.Spikes, Headline: m.Headline()})
				}
				end = func(status string, failed bool) {
					if seen {
						task.End(status, failed)
					}
				}
			}
			err := runOrResume(ctx, a, spec, dir, s)
			if err != nil {
				end("stopped", true)
			} else {
				end("done", false)
			}
			return err
		},
		Sweep: func(ctx context.Context, s *sweep.Sweep, dir string) (*sweep.Result, error) {
			o := sweep.Options{Dir: dir, Engine: sweep.Local{Jobs: c.Jobs}, Session: session}
			if !c.Quiet {
				showSweep(a, &o, c.Progress)
				defer func() { a.redirect.to = a.stderr }()
			}
			return sweep.Run(ctx, s, o)
		},
		Progress: func(what string, total int) func(int) {
			if c.Quiet {
				return func(int) {}
			}
			task := reporter().Start(what)
			return func(done int) {
				task.Update(progress.State{Done: float64(done), Total: float64(total), Unit: "parts"})
				if done >= total {
					task.End("done", false)
				}
			}
		},
	}
}
