// Package microcircuit simulates dendritic cortical microcircuits of spiking neurons that learn by
// local plasticity (docs/model.md, section 7).
//
// A network has layers 0 (input) .. L (output). The pyramidal neurons of a hidden layer have a
// basal dendrite, which the layer below reaches through the forward weights Up, and an apical one,
// which the layer above reaches through the feedback weights Down. Every hidden layer also holds
// one interneuron for each pyramidal neuron of the layer above. It predicts that neuron's spikes,
// and cancels them in the apical dendrite: what is left there is the error. The output is nudged
// towards a target; the forward weights learn from what the nudge changes. Feedback is learned from
// spike timing in phases of alignment (SAL), or fixed (FA), or tied to the forward weights (BP).
//
//	basal       v_bas[l] = Up[l] z[l-1]
//	apical      v_api[l] = Down[l] (z[l+1] - z_inn[l])      in the self-predicting state
//	pyramidal   u[l] = b[l] + v_bas[l] + LambdaApical * v_api[l]
//	interneuron u_inn[l] = b[l+1] + Up[l+1] z[l]
//	output      u[L] = b[L] + v_bas[L] + LambdaNudge * (target - mean(v_bas[L]) - b[L])
//	forward     dUp[l] = RateUp * (rho(mean(u)) - rho(mean(v_bas) + b))
//	            at every spike of the presynaptic neuron, one step later
//	feedback    SAL, exponential window of Tau or SALWindowTau (up to SALCut), last-1 pairing,
//	            while aligning
//
// An input of the kind MeanInput does not spike: z[0] is sigma(u[0]) then, and Up[1] changes every
// Tau steps by what a spike would change, times z[0].
//
// with rho(u) = sigma(u - ln Tau), the probability to spike in a step. z is 1 for Tau steps from a
// spike on, which is both the postsynaptic potential and the refractory time. mean is over the last
// Window steps. In every step first all neurons spike, from the potentials of the step before; then
// potentials follow; then weights. While aligning, the interneurons are disconnected, LambdaApical
// is 1 and Up is constant.
//
// The interneurons' weights are those of the self-predicting state at all times: Wip = Up of the
// layer above, Wpi = -Down. They are therefore not stored.
//
// # Conventions
//
// Time is counted in steps. Potentials have no unit. Matrices are flat and row-major, W[i*n+j]
// being the synapse from neuron j to neuron i. Slices over layers leave out layers that have
// nothing: Up[0] and Bias[0] belong to layer 1, Down[0] too. Neurons are numbered layer by layer,
// first all pyramidal ones (input, hidden, output), then the interneurons of the hidden layers.
//
// # What is exact
//
// Weights, biases, inputs and targets are rounded to multiples of 2^-36, and sums of potentials are
// integers: they do not depend on the order of additions and nothing drifts, however long a
// simulation is. Weights are bounded (Config.Bound). A network is a function of its configuration,
// its seed and of what was presented to it; how a simulation is cut into calls, saved and resumed
// changes nothing.
//
// Nothing here may be used by two goroutines at once.
//
// # Examples
//
// In example_test.go a network of three neurons learns what a teacher answers.
//
// # References
//
// T. Gierlich, A. Baumbach, A. F. Kungl, K. Max and M. A. Petrovici, Weight transport through spike
// timing for robust local gradients, arXiv:2503.02642 (2025). J. Sacramento, R. P. Costa, Y. Bengio
// and W. Senn, Dendritic cortical microcircuits approximate the backpropagation algorithm, NeurIPS
// 2018.
package microcircuit
