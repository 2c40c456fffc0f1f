// Package catalog is the list of the kinds of experiment that the program knows, each with what
// draws it.
package catalog

import (
	"spikealign/drawings"
	"spikealign/experiment"
	"spikealign/kinds"
)

// Entry is a kind of experiment and its drawer.
type Entry struct {
	experiment.Kind
	drawings.Drawer
}

// Entries are a list of kinds.
type Entries []Entry

// All returns the kinds of the program, a line each.
func All() Entries {
	return Entries{
		{kinds.Sampling{}, drawings.Sampling()},
		{kinds.TwoNeuron{}, drawings.Pair()},
		{kinds.Dale{}, drawings.Pair()},
		{kinds.Microcircuit{}, drawings.Microcircuit()},
		{kinds.Align{}, drawings.Align()},
		{kinds.Deep{}, drawings.Deep()},
	}
}

// Kinds returns the kinds of the list.
func (es Entries) Kinds() experiment.Kinds {
	var ks experiment.Kinds
	for _, e := range es {
		ks = append(ks, e.Kind)
	}
	return ks
}

// Drawers returns the drawers of the list.
func (es Entries) Drawers() drawings.Drawers {
	ds := drawings.Drawers{}
	for _, e := range es {
		ds[e.Kind.Name()] = e.Drawer
	}
	return ds
}
