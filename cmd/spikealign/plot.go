package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"spikealign/drawings"
	"spikealign/experiment"
)

type plotCommand struct {
	Dir  string `arg:"" help:"The folder of a run or a sweep."`
	JSON bool   `name:"json" help:"Print the figures as data instead of drawing them; docs/files.md says how they are laid out."`
}

// Help shows the examples.
func (plotCommand) Help() string {
	return `Example:

  spikealign plot runs/figure4

  spikealign plot runs/figure4 --json > figure4.json

Draws into the folder's figures/ as SVG and PNG. Of what is unfinished it draws what there is.`
}

// Run draws a folder, or prints its figures as JSON.
func (c *plotCommand) Run(a *app) error {
	if err := checkFolder(a, c.Dir); err != nil {
		return err
	}
	warnChanged(a, c.Dir)
	if c.JSON {
		figures, err := a.drawers.Figures(a.kinds, c.Dir)
		if err != nil {
			return err
		}
		// No figure is [], not null.
		return json.NewEncoder(a.stdout).Encode(append([]drawings.Drawing{}, figures...))
	}
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

// warnChanged warns of finished runs in and below dir whose configuration was changed since: the
// figures show the results that are there.
func warnChanged(a *app, dir string) {
	dirs, err := experiment.Find(dir)
	if err != nil {
		return // what cannot be read cannot be drawn
	}
	told := 0
	for _, d := range dirs {
		folder, err := experiment.Open(d)
		if err != nil {
			continue
		}
		if err := folder.Unchanged(a.kinds); err != nil && told < maxNamed {
			fmt.Fprintln(a.stderr, "warning:", err)
			told++
		}
	}
}

// drawRun draws a folder after its run. What was computed is safe by then: a failure is a warning.
func drawRun(a *app, dir string) {
	names, err := a.drawers.Folder(a.kinds, dir)
	figureFiles(a, names, err)
}

// figureFiles returns the files of figures that were drawn, and warns of one that was not.
func figureFiles(a *app, names []string, err error) (files []string) {
	if err != nil {
		fmt.Fprintln(a.stderr, "warning: no figure:", err)
	}
	for _, name := range names {
		for _, suffix := range []string{".png", ".svg"} {
			files = append(files, filepath.Join(experiment.FiguresDir, name+suffix))
		}
	}
	return files
}
