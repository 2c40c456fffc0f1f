package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"text/tabwriter"

	"spikealign/experiment"
)

type listCommand struct {
	Dir  string `arg:"" default:"${runs}" help:"A folder of runs, or of one run."`
	JSON bool   `name:"json" help:"Print everything as JSON."`
}

// Help shows the examples.
func (listCommand) Help() string {
	return `Examples:

  spikealign list
  spikealign list runs/sweep --json | jq '.[] | select(.status == "failed") | .dir'

The status "killed" belongs to a run that ended without a word; resume goes on from its last checkpoint.`
}

// listed is a run in the JSON output.
type listed struct {
	Dir string `json:"dir"`
	experiment.Info
}

// Run lists runs.
func (c *listCommand) Run(a *app) error {
	dirs, err := experiment.Find(c.Dir)
	if _, statErr := os.Stat(c.Dir); c.Dir == defaultRuns && errors.Is(statErr, fs.ErrNotExist) {
		err = nil // nothing was run here yet
	}
	if err != nil {
		return err
	}
	all := []listed{}
	for _, d := range dirs {
		info, err := experiment.Look(d)
		if err != nil {
			fmt.Fprintln(a.stderr, "warning:", err)
			continue
		}
		all = append(all, listed{d, info})
	}
	if c.JSON {
		return printJSON(a.stdout, all)
	}
	if len(all) == 0 {
		fmt.Fprintf(a.stderr, "no runs in %s\n", c.Dir)
		return nil
	}
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RUN\tSTATUS\tKIND\tPROGRESS\tSEED\tUPDATED\tMETRICS")
	for _, r := range all {
		percent := 0.0
		if r.Total > 0 {
			percent = 100 * r.Done / r.Total
		}
		line := fmt.Sprintf("%s\t%s\t%s\t%.0f%%\t%d\t%s\t%s", r.Dir, r.Status, r.Kind, percent, r.Seed, r.Updated.Local().Format("2006-01-02 15:04"), r.Headline())
		fmt.Fprintln(t, strings.TrimRight(line, "\t"))
	}
	return t.Flush()
}
