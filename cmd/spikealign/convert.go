package main

import (
	"fmt"
	"io"
	"os"

	"spikealign/convert"
	"spikealign/internal/durable"
	"spikealign/internal/yamlconf"
)

type convertCommand struct {
	File   string `arg:"" help:"Parameter file (YAML) of the authors' spiking sampling network, of their microcircuits, or of their deep networks."`
	Timing string `default:"canonical" enum:"canonical,authors" help:"canonical, or authors: their conventions for the lengths of potential and refractory time, each epoch beginning at rest."`
	Entry  string `placeholder:"NAME" help:"The experiment to take from a file with several, as that of their deep networks: bp, fa, sal, rdd, ... Without it such a file is refused, and its entries are named."`
	Output string `short:"o" placeholder:"FILE" help:"Write the experiment file here. Without it: to standard output."`
	Force  bool   `help:"Replace the file given with -o."`
}

// Help shows the examples.
func (convertCommand) Help() string {
	return `Example:

  spikealign convert minimal_working_example.yaml --timing authors -o mine.yaml
  spikealign convert settings.yaml --entry sal -o sal.yaml

Distributions and settings carry over; the numbers drawn from a seed do not. What has no counterpart is named on standard error, and
what would change the results is an error.`
}

// Run converts a file.
func (c *convertCommand) Run(a *app) error {
	data, err := yamlconf.ReadFile(c.File)
	if err != nil {
		return usagef("cannot read the parameter file: %v", err)
	}
	if err := c.checkOutput(); err != nil {
		return err
	}
	spec, notes, err := convert.File(a.kinds, c.File, data, convert.Options{AuthorsTiming: c.Timing == "authors", Entry: c.Entry})
	if err != nil {
		return err
	}
	for _, n := range notes {
		fmt.Fprintln(a.stderr, "note:", n)
	}
	text, err := spec.Marshal()
	if err != nil {
		return err
	}
	if c.Output == "" {
		_, err = a.stdout.Write(text)
		return err
	}
	return durable.WriteFile(c.Output, 0o666, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// checkOutput refuses to replace a file, the parameter file itself in any case.
func (c *convertCommand) checkOutput() error {
	if c.Output == "" {
		return nil
	}
	to, err := os.Stat(c.Output)
	if err != nil {
		return nil // not there
	}
	from, err := os.Stat(c.File)
	switch {
	case err == nil && os.SameFile(from, to):
		return usagef("%s is the parameter file itself; choose another name with -o", c.Output)
	case to.IsDir():
		return usagef("%s is a folder; choose the name of a file with -o", c.Output)
	case !c.Force:
		return usagef("%s exists; choose another name with -o, or replace it with --force", c.Output)
	}
	return nil
}
