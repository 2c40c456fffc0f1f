package main

import (
	"spikealign/experiment"
	"spikealign/sweep"
)

type resumeCommand struct {
	Dir string `arg:"" help:"The folder of the run or of the sweep."`
	sessionFlags
}

// Help shows the examples.
func (resumeCommand) Help() string {
	return `Example:

  spikealign resume runs/figure4

Goes on from the last checkpoint. The results are the same, byte for byte, as those of a run that was never stopped.
A finished run is left as it is (exit code 0).`
}

// Run resumes a run.
func (c *resumeCommand) Run(a *app) error {
	if err := checkFolder(a, c.Dir, experiment.Interrupted, experiment.Killed, experiment.Failed); err != nil {
		return err
	}
	if sweep.IsSweep(c.Dir) {
		return (&sweepCommand{File: c.Dir, Progress: c.Progress, TimeLimit: c.TimeLimit, Threads: c.Threads, Quiet: c.Quiet, JSON: c.JSON}).Run(a)
	}
	return c.sessionFlags.session(a, func(s experiment.Session) (experiment.Result, error) {
		return a.kinds.Resume(a.ctx, c.Dir, s)
	})
}
