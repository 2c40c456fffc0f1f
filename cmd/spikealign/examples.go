package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"spikealign/experiments"
)

type examplesCommand struct {
	Name string `arg:"" optional:"" help:"Which one to print. Without it: tells which there are."`
	JSON bool   `name:"json" help:"Print the list as JSON."`
	noOutput
}

// noOutput lets -o, which other commands have, say where the text of this one goes.
type noOutput struct {
	Output string `short:"o" hidden:""`
}

// check refuses -o; what is the command with its argument.
func (n noOutput) check(what string) error {
	if n.Output == "" {
		return nil
	}
	return usagef("there is no -o here: the text goes to standard output; spikealign %s > %s", what, n.Output)
}

// Help shows the examples.
func (examplesCommand) Help() string {
	return `Examples:

  spikealign examples                                  # which there are
  spikealign examples quickstart > quickstart.yaml     # one of them, to be run and changed

The files are in the program. Times are those of an otherwise idle machine with two cores of an AMD EPYC at 2.6 GHz; those with * are
extrapolated from shorter runs.`
}

// Run lists the experiment files, or prints one.
func (c *examplesCommand) Run(a *app) error {
	all := experiments.Examples()
	if err := c.check("examples " + cmp.Or(c.Name, all[0].Name)); err != nil {
		return err
	}
	if c.Name != "" {
		e, ok := findExample(c.Name)
		if !ok {
			var names []string
			for _, e := range all {
				names = append(names, e.Name)
			}
			return noSuch("example", c.Name, names)
		}
		text, err := experiments.Files.ReadFile(e.File())
		if err != nil {
			return err
		}
		_, err = a.stdout.Write(text)
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, all)
	}
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, e := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", e.Name, e.Command, e.Time, e.Doc)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	first := all[0]
	_, err := fmt.Fprintf(a.stderr, "take one: spikealign examples %s > %s; then: spikealign %s %s\n", first.Name, first.File(), first.Command, first.File())
	return err
}

// findExample finds an experiment file by its name, with or without .yaml.
func findExample(name string) (experiments.Example, bool) {
	for _, e := range experiments.Examples() {
		if e.Name == strings.TrimSuffix(name, ".yaml") {
			return e, true
		}
	}
	return experiments.Example{}, false
}

// orExample says, after an error of reading a file that does not exist, how to get one.
func orExample(err error, file string) error {
	if _, stat := os.Stat(file); err == nil || !errors.Is(stat, fs.ErrNotExist) {
		return err
	}
	if e, ok := findExample(filepath.Base(file)); ok {
		return usagef("%v; there is an example of this name: spikealign examples %s > %s", err, e.Name, e.File())
	}
	return usagef("%v; see the examples with: spikealign examples", err)
}
