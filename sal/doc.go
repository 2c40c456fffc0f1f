// Package sal is spike-based alignment learning: from the pairs of spikes of two neurons to the
// changes of the two synapses between them.
//
// W[i][j] is the synapse from presynaptic j to postsynaptic i; matrices are flat and row-major,
// W[i][j] at i*n+j. The lag of a pair is d = t_post - t_pre. Everything follows from the causal
// pair sums
//
//	C[i][j] = sum over pairs with t_i > t_j of f((t_i-t_j)/tau)
//
// f being exp(-x) or max(0, 1-x) (package synapse). For the synapse W[i][j], C[i][j] collects the
// causal pairs, pre before post, and C[j][i] the anti-causal ones. Over an epoch of T ticks the
// rule is
//
//	dW[i][j] = eta * (tau/T) * (a_minus*C[j][i] - a_plus*C[i][j])        a_plus = a_minus = 1
//
// Causal pairs depress and anti-causal pairs potentiate, the reverse of common
// spike-timing-dependent plasticity. A synapse stronger than its reciprocal partner, W[i][j] >
// W[j][i] with their signs (-0.4 is stronger than -0.8), makes its own causal pairs more frequent,
// so its weight falls and that of the partner rises, until W[i][j] = W[j][i] in effect. If one of
// the two is frozen, the other comes to it: no neuron needs to know a weight that it does not have.
// The same sums give coactivation, <z_i z_j> = (C[i][j]+C[j][i])*tau/T with the triangular window
// of the refractory time, for Hebbian (wake-sleep) learning.
//
// # Which pairs count
//
// A pair is completed by its later spike and consists of it and one strictly earlier spike of
// another neuron. Pairs of lag zero have no weight in any window. At a coincidence both spikes pair
// with what came before, whatever the order in which they are given; neither hides the other's
// earlier spikes.
//
//	nearest  the other neuron's latest spike, unless an own spike came at its time or after it
//	last-k   the other neuron's last k spikes
//	all      every earlier spike of the other neuron
//
// in each case as far as the window reaches. If no neuron fires twice within the support of the
// window, last-1 and all are the same.
//
// # Values
//
// PairSums serves a window and a pairing that all synapses share, with amplitudes that may differ
// (types SAL and Hebbian); it is fast enough to be fed by a simulator. Online changes weights at
// each spike instead of at the end of an epoch, with any window. Both can be fed from a running
// simulation or a recorded train. Sums do not depend on the split into batches, on the order of
// simultaneous spikes, or on the machine, to the last bit; weights changed by Online depend on the
// order of simultaneous spikes in the last bit only.
//
// Times and time constants are in ticks (package spike), from 0 to 2^62, in ascending order;
// learning rates and amplitudes have the unit of the weights. Nothing here may be used by two
// goroutines at once.
//
// # Examples
//
// In example_test.go two spiking neurons learn by SAL; in parts_example_test.go PairSums, SAL and
// Online work on a few spikes that can be checked by hand.
//
// # Reference
//
// T. Gierlich, A. Baumbach, A. F. Kungl, K. Max and M. A. Petrovici, Weight transport through spike
// timing for robust local gradients, arXiv:2503.02642 (2025). Equations and conventions are those
// of docs/model.md, section 3.
package sal
