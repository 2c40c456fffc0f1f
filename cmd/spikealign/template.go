package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"text/tabwriter"

	"spikealign/slurm"
)

type templateCommand struct {
	Kind string `arg:"" optional:"" help:"${kinds}, or sweep, or slurm. Without it: tells what each of them is."`
	noOutput
}

// Help shows the examples.
func (templateCommand) Help() string {
	return `Examples:

  spikealign template                        # which kinds there are
  spikealign template sampling > mine.yaml
  spikealign template sweep > grid.yaml
  spikealign template slurm > slurm.yaml     # for sweep --engine slurm

Prints an experiment file of that kind with every key, its default and its meaning; or, for sweep, an example of a sweep file; or, for slurm,
the settings of a site's Slurm.`
}

// sweepTemplate is an example of a sweep file.
//
//go:embed template.yaml
var sweepTemplate []byte

// Run prints a template.
func (c *templateCommand) Run(a *app) error {
	const sweepKind, slurmKind = "sweep", "slurm"
	if err := c.check("template " + cmp.Or(c.Kind, a.kinds[0].Name())); err != nil {
		return err
	}
	switch {
	case c.Kind == "":
		t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
		for _, k := range a.kinds {
			fmt.Fprintf(t, "%s\t%s\n", k.Name(), k.Doc())
		}
		fmt.Fprintf(t, "%s\tAn experiment over a grid of values.\n", sweepKind)
		fmt.Fprintf(t, "%s\tHow sweeps use a site's Slurm.\n", slurmKind)
		if err := t.Flush(); err != nil {
			return err
		}
		_, err := fmt.Fprintln(a.stderr, "take one: spikealign template sampling > mine.yaml; change it; then: spikealign run mine.yaml")
		return err
	case c.Kind == sweepKind:
		_, err := a.stdout.Write(sweepTemplate)
		return err
	case c.Kind == slurmKind:
		text, err := slurm.Template()
		if err != nil {
			return err
		}
		_, err = a.stdout.Write(text)
		return err
	case a.kinds.Find(c.Kind) == nil:
		return noSuch("kind of experiment", c.Kind, append(a.kinds.Names(), sweepKind, slurmKind))
	}
	text, err := a.kinds.Template(c.Kind)
	if err != nil {
		return err
	}
	_, err = a.stdout.Write(text)
	return err
}
