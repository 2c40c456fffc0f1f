// Package sampling simulates networks of stochastic spiking neurons that sample from distributions
// over binary states, and trains them (docs/model.md, sections 1 to 6).
//
// Three engines draw from one law: Stepper, which evaluates every neuron in every step and is the
// oracle; Event, for small networks with rectangular potentials; Thinning, for any size and
// potential. New chooses, or takes the one that is named. An engine is driven by Advance, which
// fills a buffer with spikes; how a simulation is cut into calls, saved and resumed changes no
// spike.
//
// Trainer is wake-sleep learning with and without spike-based alignment learning (SAL) in such a
// network; PairTrainer is SAL on the two synapses of a pair of neurons. EIPair describes two
// excitatory neurons that reach each other through inhibitory ones, too.
//
// Time is counted in ticks: steps in discrete dynamics, 2^-20 steps in continuous dynamics. Weights
// are row-major, Weights[i*n+j] the synapse from neuron j to neuron i.
//
// # Examples
//
// In example_test.go: a network that runs, and a pair of neurons that learns (PairTrainer).
//
// # References
//
// L. Buesing, J. Bill, B. Nessler and W. Maass, Neural dynamics as sampling, PLoS Computational
// Biology 7 (2011). T. Gierlich, A. Baumbach, A. F. Kungl, K. Max and M. A. Petrovici, Weight
// transport through spike timing for robust local gradients, arXiv:2503.02642 (2025).
package sampling
