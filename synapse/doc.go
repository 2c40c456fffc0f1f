// Package synapse has the pure functions of a synapse: the shape of its postsynaptic potential
// (PSP), the learning windows by which pairs of spikes change its weight, and the rules that say
// which pairs count.
//
// # Time
//
// Times are integers (ticks); a lag l is the time of now minus the time of the presynaptic spike. A
// spike acts from lag 1 on: nothing acts within the tick in which it is emitted, so that all
// neurons of a tick decide in parallel. In discrete-time dynamics a tick is a simulation step. For
// continuous-time dynamics the same formulas hold with all times multiplied by the number of ticks
// in a step.
//
// The equations are those of docs/model.md, sections 1 and 3. In example_test.go SAL's window is
// evaluated.
package synapse
