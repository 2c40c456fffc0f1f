package main

import (
	"fmt"
	"os"

	"spikealign/experiment"
)

type convertCommand struct {
	File   string `arg:"" help:"Parameter file (YAML) of the authors' spiking sampling network."`
	Timing string `default:"canonical" enum:"canonical,authors" help:"canonical, or authors: their conventions for the lengths of potential and refractory time, each epoch beginning at rest."`
}

// Help shows the examples.
func (convertCommand) Help() string {
	return `Example:

  spikealign convert minimal_working_example.yaml --timing authors > mine.yaml

Writes an experiment file to standard output. Distributions and settings carry over; the numbers drawn from a seed do not.`
}

// Run converts a file.
func (c *convertCommand) Run(a *app) error {
	data, err := os.ReadFile(c.File)
	if err != nil {
		return fmt.Errorf("cannot read the parameter file: %w: %w", err, experiment.ErrUsage)
	}
	spec, err := a.kinds.Convert(c.File, data, c.Timing == "authors")
	if err != nil {
		return err
	}
	text, err := spec.Marshal()
	if err != nil {
		return err
	}
	_, err = a.stdout.Write(text)
	return err
}
