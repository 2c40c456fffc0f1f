package main

import (
	"path/filepath"

	"spikealign/experiment"
	"spikealign/sweep"
)

type resumeCommand struct {
	Dir    string `arg:"" help:"The folder of the run or of the sweep."`
	Epochs *int64 `placeholder:"N" help:"Go on to N epochs in total, also where the run is finished."`
	sessionFlags
}

// Help shows the examples.
func (resumeCommand) Help() string {
	return `Example:

  spikealign resume runs/figure4
  spikealign resume runs/figure4 --epochs 40001     # a finished run goes on

Goes on from the last checkpoint. The results are the same, byte for byte, as those of a run that was never stopped.
A finished run is left as it is (exit code 0), unless --epochs asks for more epochs than it has. Its results are then
those of a run with so many epochs from the start, byte for byte, if the old end was an epoch that reports in such a
run too; else a warning says so.`
}

// sweepOf returns the folder of the sweep whose member lives in dir, or "".
func sweepOf(dir string) string {
	if of := sweep.Of(filepath.Clean(dir)); of != "" {
		return of
	}
	abs, err := filepath.Abs(dir) // "." names no folder above it
	if err != nil {
		return ""
	}
	return sweep.Of(abs)
}

// Run resumes a run.
func (c *resumeCommand) Run(a *app) error {
	if err := checkFolder(a, c.Dir, experiment.Interrupted, experiment.Killed, experiment.Failed); err != nil {
		return err
	}
	if sweep.IsSweep(c.Dir) && c.Epochs != nil {
		return usagef("%s is a sweep, whose members have the epochs that its file says; run it with more in another folder: spikealign sweep %s --set training.epochs=%d -o FOLDER",
			c.Dir, filepath.Join(c.Dir, sweep.ConfigFile), *c.Epochs)
	}
	if of := sweepOf(c.Dir); of != "" && c.Epochs != nil {
		return usagef("%s is a member of the sweep %s, whose members all have the epochs that its file says; go on with a copy of the folder: spikealign resume COPY --epochs %d; or run the sweep with more in another folder: spikealign sweep %s --set training.epochs=%d -o FOLDER",
			c.Dir, of, *c.Epochs, filepath.Join(of, sweep.ConfigFile), *c.Epochs)
	}
	if sweep.IsSweep(c.Dir) {
		return (&sweepCommand{File: c.Dir, Progress: c.Progress, TimeLimit: c.TimeLimit, Threads: c.Threads, dataFlag: c.dataFlag, Quiet: c.Quiet, JSON: c.JSON}).Run(a)
	}
	return c.sessionFlags.session(a, func(s experiment.Session) (experiment.Result, error) {
		if c.Epochs != nil {
			return a.kinds.Prolong(a.ctx, c.Dir, *c.Epochs, s)
		}
		return a.kinds.Resume(a.ctx, c.Dir, s)
	})
}
