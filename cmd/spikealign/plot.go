package main

import (
	"fmt"
	"path/filepath"

	"spikealign/experiment"
)

type plotCommand struct {
	Dir string `arg:"" help:"The folder of a run or a sweep."`
}

// Help shows the examples.
func (plotCommand) Help() string {
	return `Example:

  spikealign plot runs/figure4

Draws into the folder's figures/ as SVG and PNG. Of what is unfinished it draws what there is.`
}

// Run draws a folder.
func (c *plotCommand) Run(a *app) error {
	names, err := a.drawers.Folder(a.kinds, c.Dir)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		fmt.Fprintf(a.stderr, "%s has no figure\n", c.Dir)
	}
	for _, name := range names {
		for _, suffix := range []string{".svg", ".png"} {
			if _, err := fmt.Fprintln(a.stdout, filepath.Join(c.Dir, experiment.FiguresDir, name+suffix)); err != nil {
				return err
			}
		}
	}
	return nil
}

// drawRun draws a folder after its run. What was computed is safe by then: a failure is a warning.
func drawRun(a *app, dir string) {
	if _, err := a.drawers.Folder(a.kinds, dir); err != nil {
		fmt.Fprintln(a.stderr, "warning: no figure:", err)
	}
}
