// Package stdd is the exact theory of two coupled stochastic neurons: the law of the spike-timing
// differences d = t_1 - t_2 of their nearest pairs of spikes (STDD), the drift of both weights
// under a learning window that follows from it, and where that drift vanishes. Nothing here is
// drawn at random.
//
// # Model
//
// Two neurons of docs/model.md, section 1, excite or inhibit each other through W12, the synapse
// from neuron 2 to neuron 1, and W21, the reverse. Let a1, a2 >= 1 be the times since their latest
// spikes at the step in which they decide. A neuron whose own lag is below MinISI is silent;
// otherwise it spikes with probability
//
//	h1(a2) = sigma(b1 + W12*kappa(a2) - ln tau),    h2(a1) = sigma(b2 + W21*kappa(a1) - ln tau)
//
// The pair (a1, a2) is a Markov chain: each lag grows by one or falls to one. The potential is that
// of the latest spike alone. Where the PSP is no longer than MinISI that is the whole model, and
// the law is that of package sampling's simulators; longer PSPs of successive spikes would add up,
// which the chain leaves out (OverlapWarning says how much). The PSP is cut at TMax (CutWarning
// says how much); nothing else depends on TMax, because tails beyond it are summed exactly.
//
// In continuous time the hazard outside the refractory time is exp(b1 + W12*kappa)/tau, and the
// same with the roles exchanged.
//
// # Pairs and signs
//
// A spike of one neuron pairs with the other's latest earlier spike unless it has spiked itself
// since then or at the same time. A lag d > 0 means that neuron 1 fires after neuron 2: a causal
// pair for W12, an anti-causal one for W21. Two spikes of one step have no pair with each other;
// both pair with what came before. All rates are per step.
//
// # What is exact
//
// The law solves the stationary equations of the chain without subtractions; Law.Residual reports
// by how much it misses them (about 1e-16). Exchanging the neurons mirrors the law and equal
// neurons have an even one, to the last bit. Results are the same bits on every machine and for any
// number of workers. Continuous time has a closed form for a rectangular PSP as long as the
// refractory time, and is the limit of ever finer steps otherwise, extrapolated; Law.Error
// estimates what remains.
//
// # Examples
//
// In example_test.go: the law of two neurons (Solve), its drift in discrete and continuous time
// (Law.Drift), and the paper's phase plane, attractor line and perturbation.
//
// # Reference
//
// T. Gierlich, A. Baumbach, A. F. Kungl, K. Max and M. A. Petrovici, Weight transport through spike
// timing for robust local gradients, arXiv:2503.02642 (2025), figures 2, 11 and 12. Derivations are
// in docs/theory.md.
package stdd
