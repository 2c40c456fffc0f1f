package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"spikealign/experiment"
	"spikealign/internal/progress"
	"spikealign/slurm"
	"spikealign/sweep"
)

type statusCommand struct {
	Dir     string `arg:"" help:"The folder of the sweep."`
	Members bool   `help:"Show every member, also those that are done or wait."`
	JSON    bool   `name:"json" help:"Print everything as JSON."`
}

// Help shows the examples.
func (statusCommand) Help() string {
	return `Examples:

  spikealign status runs/figure4
  spikealign status runs/figure4 --members
  spikealign status runs/figure4 --json | jq '.members[] | select(.state == "failed") | .log'

For sweeps on this machine and with Slurm. Shown are the members that run, failed or stopped, with progress, time left, task, node, and where
the log is; of the others, how many there are. A member that is killed, interrupted or pending is not in the queue: spikealign sweep DIR
goes on with it.`
}

// outline reads the sweep in a folder for a command that only looks.
func outline(a *app, dir string) (*sweep.Sweep, error) {
	if err := checkFolder(a, dir); err != nil {
		return nil, err
	}
	return sweep.Outline(a.kinds, dir)
}

// states are all states of members, in the order in which they are told.
var states = []experiment.Status{experiment.Done, experiment.Running, slurm.Queued, experiment.Failed, experiment.Interrupted, experiment.Killed, sweep.Pending}

// Run shows the status of a sweep.
func (c *statusCommand) Run(a *app) error {
	s, err := outline(a, c.Dir)
	if err != nil {
		return err
	}
	v, err := slurm.Look(a.ctx, s, c.Dir)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, v)
	}
	var counts []string
	for _, state := range states {
		if n := v.Count(state); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, state))
		}
	}
	fmt.Fprintf(a.stdout, "%s: %d members: %s\n", c.Dir, len(v.Members), strings.Join(counts, ", "))
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	head := "MEMBER\tSTATE\tPROGRESS\tLEFT\tTASK\tNODE\tNOTE"
	waits := map[string]int{} // notes of members that are queued
	logs := ""
	for _, m := range v.Members {
		quiet := m.State == experiment.Done || m.State == sweep.Pending
		if m.State == slurm.Queued {
			waits[m.Note]++
			quiet = true
		}
		if quiet && !c.Members {
			continue
		}
		left, note := "-", m.Note
		if m.Left > 0 {
			left = progress.Duration(m.Left)
		}
		if m.State == experiment.Failed && m.Log != "" {
			note = strings.TrimPrefix(note+"; log: "+m.Log, "; ")
		}
		if head != "" {
			fmt.Fprintln(t, head)
			head = ""
		}
		percent := math.Floor(100 * m.Progress) // not 100% before the end
		line := fmt.Sprintf("%s\t%s\t%.0f%%\t%s\t%s\t%s\t%s", m.Name, m.State, percent, left, orDash(m.Job), orDash(m.Node), note)
		fmt.Fprintln(t, strings.TrimRight(line, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for note, n := range waits {
		if note != "" && note != "None" {
			fmt.Fprintf(a.stdout, "%d queued: %s\n", n, note)
		}
	}
	if logs = slurm.LogFolder(c.Dir); logs != "" {
		fmt.Fprintf(a.stdout, "logs of the last submission: %s\n", logs)
	}
	if v.Silent != "" {
		fmt.Fprintln(a.stderr, "warning: what is queued is not known:", v.Silent)
	}
	switch missing := v.Count(sweep.Pending) + v.Count(experiment.Interrupted) + v.Count(experiment.Killed); {
	case v.Silent != "":
	case v.Count(experiment.Failed) > 0:
		fmt.Fprintf(a.stderr, "try again what failed: spikealign retry %s\n", c.Dir)
	case missing > 0 && v.Count(slurm.Queued)+v.Count(experiment.Running) == 0:
		fmt.Fprintf(a.stderr, "go on with what is missing: spikealign sweep %s\n", c.Dir)
	}
	return nil
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

type cancelCommand struct {
	Dir string `arg:"" help:"The folder of the sweep."`
}

// Help shows the examples.
func (cancelCommand) Help() string {
	return `Example:

  spikealign cancel runs/figure4

Tasks that run stop with checkpoints; spikealign sweep DIR goes on from these. Finished members stay. A sweep on this machine is stopped with
Ctrl-C, or kill.`
}

// Run cancels a sweep.
func (c *cancelCommand) Run(a *app) error {
	s, err := outline(a, c.Dir)
	if err != nil {
		return err
	}
	jobs, err := slurm.Cancel(a.ctx, s, c.Dir)
	if len(jobs) > 0 {
		fmt.Fprintf(a.stdout, "%s: cancelled job %s; go on with: spikealign sweep %s\n", c.Dir, strings.Join(jobs, ", "), c.Dir)
	}
	if err != nil || len(jobs) > 0 {
		return err
	}
	r, err := s.Collect(c.Dir)
	if err != nil {
		return err
	}
	for _, m := range r.States {
		if m.Status == experiment.Running && m.Attempt == nil {
			return usagef("%s is not in Slurm's queue, but run by process %d on %s; stop it with: kill %d", c.Dir, m.Info.PID, m.Info.Host, m.Info.PID)
		}
	}
	fmt.Fprintf(a.stderr, "nothing of %s is in Slurm's queue\n", c.Dir)
	return nil
}

type retryCommand struct {
	Dir string `arg:"" help:"The folder of the sweep."`
	dataFlag
	Slurm string `placeholder:"FILE" env:"SPIKEALIGN_SLURM" help:"Settings of your site's Slurm, such as more memory. Without it: those of the last submission."`
	Wait  bool   `help:"With Slurm: stay to the end."`
	Quiet bool   `short:"q" help:"No progress."`
}

// Help shows the examples.
func (retryCommand) Help() string {
	return `Examples:

  spikealign retry runs/figure4
  spikealign retry runs/figure4 --slurm more-memory.yaml

Members that failed go on from their last checkpoints, and what is missing otherwise is run, too, by the engine that the sweep was begun with.`
}

// Run goes on with a sweep, failed members included.
func (c *retryCommand) Run(a *app) error {
	if err := checkFolder(a, c.Dir); err != nil {
		return err
	}
	return (&sweepCommand{File: c.Dir, dataFlag: c.dataFlag, engineFlags: engineFlags{Slurm: c.Slurm}, Wait: c.Wait, Quiet: c.Quiet, retry: true}).Run(a)
}

type taskCommand struct {
	Dir string `arg:"" help:"The folder of the submission."`
}

// Help shows the examples.
func (taskCommand) Help() string {
	return `Example:

  spikealign sweep-task runs/figure4/slurm/1

This is what the batch script in that folder runs as a task of its job array.`
}

// Run works on the members of a task.
func (c *taskCommand) Run(a *app) error {
	o := sweep.Options{Dir: filepath.Dir(filepath.Dir(filepath.Clean(c.Dir))), Session: experiment.Session{Program: version(), Log: a.log}}
	showSweep(a, &o, 0)
	defer func() { a.redirect.to = a.stderr }()
	return slurm.RunTask(a.ctx, a.kinds, c.Dir, o, a.redirect)
}
