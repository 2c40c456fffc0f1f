// Package analysis has the statistics of spike-timing differences between all pairs of neurons of a
// recording: their histograms, the drift that spike-based alignment learning (SAL) would give the
// two synapses of each pair, its error, and a test of whether the timing of the two neurons is
// symmetric.
//
// [Run] analyses a recording of package recording, with options in its unit of time, and returns a
// [Result] that writes itself as the files and the JSON document of docs/analyze.md.
//
// Below it a [Counter] takes a train in batches, in order of time, and keeps counts and sums per
// ordered pair; [Counter.Test] turns them into [Statistics]. These two know neither files nor
// units, and serve a train in memory or a running simulation.
//
// # What is counted
//
// Pairing is nearest (docs/model.md, section 3): a spike of one neuron at t pairs with the
// other's latest spike at s < t, unless it has spiked itself at or after s. At a coincidence both
// spikes pair with what came before; the coincidence itself has lag zero, no weight, and a count of
// its own. With the causal pair sums
//
//	C[i][j] = sum over pairs with t_i > t_j of f((t_i-t_j)/tau)
//
// the statistic of the synapse W[i][j], from presynaptic j to postsynaptic i, is its SAL drift at
// learning rate 1,
//
//	S[i][j] = (tau/T) * (AMinus*C[j][i] + APlus*C[i][j])        APlus = -1, AMinus = 1 in SAL
//
// in units of weight per tau, f and amplitudes being those of a synapse.Window (sal.Window): a
// faster form, for one pairing, of what package sal does, and tested against it. Causal pairs
// depress: where S[i][j] < 0, neuron j leads neuron i more than it follows it, and W[i][j] acts as
// the stronger of the two synapses, as if W[i][j] > W[j][i], signs included (of two inhibitory
// ones the less negative).
//
// # Errors and the test
//
// The recording is cut into blocks of equal length; a pair belongs to the block of its later spike.
// If blocks are much longer than the memory of the spike trains, their values D = C[j][i] - C[i][j]
// are nearly independent, and, as sums over many pairs, nearly normal. The error of S is that of a
// mean of independent blocks, which is what a block bootstrap tends to with the number of
// replicates, but for its factor (B-1)/B in the variance; no replicates are spent on it. Under the
// hypothesis that the expectation of D is zero the ratio of mean and error then has Student's t
// distribution with B-1 degrees of freedom; hence P. Intervals come from the studentised block
// bootstrap (bootstrap-t, Efron & Tibshirani 1993, section 12.5; blocks of time as in Künsch, Ann.
// Stat. 17, 1989), which allows for skewed block values. Holm's procedure (Scand. J. Stat. 6, 1979)
// corrects for the number of pairs under any dependence between them; Q is the false discovery rate
// of Benjamini & Hochberg (J. R. Stat. Soc. B 57, 1995).
//
// The hypothesis holds for any two neurons that fire independently of each other, each stationary,
// at whatever rates and with whatever distribution of intervals: a pair of lag d > 0 has the
// density r_i*r_j*S_i(d)*S_j(d) in either order, S being the survivor functions of their intervals.
// It holds for neurons of section 1 in continuous time with rectangular potentials and symmetric
// weights, at any biases. It does not hold exactly on a coarse grid of time: there spikes that
// share a tick do not count, and independent neurons that fire with probabilities p_i and p_j per
// tick have sums of ratio C[i][j]/C[j][i] = (1-p_i)/(1-p_j). GridBias tells the size of this
// effect.
//
// # Cost and reproducibility
//
// A spike costs time in proportion to the neurons that have fired since its own neuron did, and
// within the longest lag that counts; nothing is allocated. Memory is that of the pairs and blocks
// (CounterOptions.Bytes). No result depends on the split into batches, on the order of simultaneous
// spikes, on the number of threads, or on the machine. Only Result.Save touches files; no goroutine
// outlives a call.
//
// # Examples
//
// In example_test.go a file is analysed (Run), and a train in memory (Counter).
package analysis
