package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"spikealign/experiment"
	"spikealign/sweep"
)

type listCommand struct {
	Dir     string `arg:"" default:"${runs}" help:"A folder of runs, or of one run."`
	Members bool   `help:"Show the members of sweeps, each on its line."`
	JSON    bool   `name:"json" help:"Print everything as JSON."`
}

// Help shows the examples.
func (listCommand) Help() string {
	return `Examples:

  spikealign list
  spikealign list runs/figure4 --members --json | jq '.[] | select(.status == "failed") | .dir'

A sweep is one line: how many of its members are finished. The status "killed" belongs to a run that ended without a word; resume
goes on from its last checkpoint.`
}

// listed is a run in the JSON output.
type listed struct {
	Dir string `json:"dir"`
	experiment.Info
}

// listedSweep is a sweep in the JSON output.
type listedSweep struct {
	Dir      string            `json:"dir"`
	Kind     string            `json:"kind"` // sweep
	Name     string            `json:"name"`
	Status   experiment.Status `json:"status"`
	Members  int               `json:"members"`
	Finished int               `json:"finished"`
	Updated  time.Time         `json:"updated"` // of the last member
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
	all := []any{}
	sweeps := map[string]bool{} // whether it is told as a whole
	for _, d := range dirs {
		if of := sweepOf(d); of != "" && !c.Members {
			told, seen := sweeps[of]
			if !seen {
				s, err := lookAtSweep(a, of)
				if told = err == nil; told {
					all = append(all, s)
				} else {
					fmt.Fprintln(a.stderr, "warning:", err)
				}
				sweeps[of] = told
			}
			if told {
				continue
			}
		}
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
	const minute = "2006-01-02 15:04"
	for _, r := range all {
		line := ""
		switch r := r.(type) {
		case listed:
			percent := 0.0
			if r.Total > 0 {
				percent = 100 * r.Done / r.Total
			}
			line = fmt.Sprintf("%s\t%s\t%s\t%.0f%%\t%d\t%s\t%s", r.Dir, r.Status, r.Kind, percent, r.Seed, r.Updated.Local().Format(minute), r.Headline())
		case listedSweep:
			line = fmt.Sprintf("%s\t%s\t%s\t%d/%d\t-\t%s", r.Dir, r.Status, r.Kind, r.Finished, r.Members, r.Updated.Local().Format(minute))
		}
		fmt.Fprintln(t, strings.TrimRight(line, "\t"))
	}
	return t.Flush()
}

// sweepOf returns the folder of the sweep whose member lives in dir, or "".
func sweepOf(dir string) string {
	members, of := filepath.Dir(dir), filepath.Dir(filepath.Dir(dir))
	if filepath.Base(members) == sweep.MembersDir && sweep.IsSweep(of) {
		return of
	}
	return ""
}

// lookAtSweep tells what there is of a sweep.
func lookAtSweep(a *app, dir string) (listedSweep, error) {
	s, err := sweep.Load(a.kinds, dir)
	if err != nil {
		return listedSweep{}, err
	}
	r, err := s.Collect(dir)
	if err != nil {
		return listedSweep{}, err
	}
	l := listedSweep{Dir: dir, Kind: s.Kind, Name: s.Name, Members: len(s.Members), Finished: r.Done(), Status: experiment.Done}
	// What most asks for attention comes first.
	for _, status := range []experiment.Status{experiment.Running, experiment.Failed, experiment.Killed, experiment.Interrupted, sweep.Pending} {
		if slices.ContainsFunc(r.States, func(m sweep.State) bool { return m.Status == status }) {
			l.Status = status
			break
		}
	}
	for _, m := range r.States {
		if m.Info.Updated.After(l.Updated) {
			l.Updated = m.Info.Updated
		}
	}
	return l, nil
}
