// Package layered simulates fully connected layers of stochastic spiking neurons with separate
// forward and feedback weights, driven by nothing but their own noise, and lets spike-based
// alignment learning (SAL) make the feedback weights equal the transposed forward weights
// (docs/model.md, section 8; figures 7 and 9 of the paper).
//
// # Shape
//
// Layers are counted from 0. The forward weights Up[l] lead from layer l to layer l+1 and have a
// row for each neuron of layer l+1; the feedback weights Down[l] lead from layer l+1 to layer l and
// have a row for each neuron of layer l. A network has replicas, which share weights and differ in
// their draws; their pair sums are averaged.
//
// # How it is simulated
//
// Potentials and weights are integers (kernel.go), so that sums do not depend on their order. In
// every step and replica
//
//   - each neuron gets a random word, keyed by seed, replica, step and neuron, and a decision
//     whether it would fire; both eight neurons at a time, about 2 ns together;
//   - each spike adds a row of weights to the potentials of the layers beside it, and takes it away
//     when its potential ends.
//
// The work on rows goes strip by strip of 64 target neurons, all replicas of a strip one after
// another, so that the weights in use stay in the second-level cache.
//
// The sums over pairs of spikes are made chunk by chunk of steps (pairs.go): for the 64 neurons of
// a strip the two-sided trace D(t), future spikes less past ones, each weighted by the window, is
// tabulated for every step; then each spike of a partner adds the row of its time to that partner's
// sums. So a spike costs one row of additions instead of the two of the usual scheme with a trace
// on either side.
//
// # Cost
//
// With rates of about 1/(2*tau), layers n0, n1, ... and s spikes per step of layer l, the additions
// per step and replica are sum over l of s_l * (n_(l-1) + n_(l+1)), twice, for potentials, and half
// of one such sum for pairs. For 1600-384-192-10 neurons and tau = 10 that is 110 spikes and 1.7e5
// additions. Eight are one instruction with one load of 32 bytes.
package layered
