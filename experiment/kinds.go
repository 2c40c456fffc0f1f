package experiment

// All returns the kinds of experiment that the program knows, one line each.
func All() Kinds {
	return Kinds{
		Sampling{},
		TwoNeuron{},
		Dale{},
		Microcircuit{},
	}
}
