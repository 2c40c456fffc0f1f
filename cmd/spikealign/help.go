package main

import (
	"slices"

	"github.com/alecthomas/kong"
)

type helpCommand struct {
	Command string `arg:"" optional:"" help:"The command to tell about. Without it: tells which there are."`
}

// Help shows the examples.
func (helpCommand) Help() string {
	return `Examples:

  spikealign help
  spikealign help sweep         # the same as spikealign sweep --help`
}

// Run prints what --help prints.
func (c *helpCommand) Run(parser *kong.Kong) error {
	args := []string{"--help"}
	if c.Command != "" {
		if known := commandNames(parser); !slices.Contains(known, c.Command) {
			return noSuch("command", c.Command, known)
		}
		args = []string{c.Command, "--help"}
	}
	_, err := parser.Parse(args) // ends the program
	return err
}
