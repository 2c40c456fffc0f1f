package main

import "spikealign/internal/yamlconf"

type convertCommand struct {
	File   string `arg:"" help:"Parameter file (YAML) of the authors' spiking sampling network or of their microcircuits."`
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
	data, err := yamlconf.ReadFile(c.File)
	if err != nil {
		return usagef("cannot read the parameter file: %v", err)
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
