// Package kinds holds the kinds of experiment: what an experiment file can ask for. Each kind is one file, which makes the model of a
// numeric package an experiment of package experiment, and one line in All.
package kinds

import "spikealign/experiment"

// All returns the kinds of experiment that the program knows, one line each.
func All() experiment.Kinds {
	return experiment.Kinds{
		Sampling{},
		TwoNeuron{},
		Dale{},
		Microcircuit{},
	}
}
