package sampling

import (
	"fmt"
	"math"

	"spikealign/internal/detmath"
	"spikealign/spike"
	"spikealign/synapse"
)

// An Engine simulates one network. All engines draw from the same law; they differ in what they
// support and in speed. An Engine is not safe for concurrent use.
type Engine interface {
	// Name is the name under which New makes this engine; it is recorded with every result.
	Name() string

	// Now is the tick up to which the simulation is complete: every spike before it has been
	// returned by Advance.
	Now() int64

	// Advance simulates up to, but not including, tick until and appends the spikes to dst, in
	// order of time. It stops early when dst, whose capacity it never exceeds, has no room left for
	// one more tick (n spikes); done tells whether until was reached. How a simulation is cut into
	// calls never changes a spike. dst must have a capacity of at least n.
	Advance(until int64, dst []spike.Event) (events []spike.Event, done bool)

	// SetNetwork replaces synapses and biases from the present on; spikes still acting do so with
	// the new weights. The network must be valid (Network.Validate) and is copied.
	SetNetwork(net Network)

	// Clamp holds neurons on or off from the present on, whatever their potential; nil frees all. A
	// neuron that is clamped on fires whenever its refractory time allows, one that is clamped off
	// never. clamps has length n and is copied.
	Clamp(clamps []Clamping)

	// Seed starts a new stretch of random numbers: those of run seed and stretch (an epoch, say).
	// Which stretch is used where is part of the result.
	Seed(seed, stretch uint64)

	// Rest forgets all past spikes, as if no neuron had ever fired.
	Rest()

	// AppendBinary appends the state (past spikes, place in the random numbers; not network, clamps
	// or configuration) to b.
	AppendBinary(b []byte) ([]byte, error)

	// UnmarshalBinary restores a state. Network and clamps must be set before, to what they were.
	UnmarshalBinary(b []byte) error
}

// Clamping is the freedom of a neuron.
type Clamping uint8

// Free neurons follow their potential; the others are held.
const (
	Free Clamping = iota
	ClampedOff
	ClampedOn
)

// uMax is the potential beyond which spiking is certain for every purpose: potentials are cut
// there. With a refractory time of 2^24 the probability of not spiking is then still below 1e-12
// per step, and without cut it would not overflow either; it bounds tables.
const uMax = 64 * math.Ln2

// hazard turns potentials into the rate of spiking per tick, -ln(1-p).
type hazard struct {
	dynamics Dynamics
	logTau   float64 // ln of tau_ref in ticks
}

func newHazard(c Config) hazard {
	return hazard{c.Dynamics, detmath.Log(float64(c.TauRef * c.TicksPerStep()))}
}

// at is -ln(1 - P(spike in a tick)): ln(1 + e^u/tau) in discrete time (the escape probability
// sigma(u - ln tau)), e^u/tau in continuous time.
func (h hazard) at(u float64) float64 {
	if u > uMax {
		u = uMax
	}
	if h.dynamics == Continuous {
		return detmath.Exp(u - h.logTau)
	}
	return detmath.Softplus(u - h.logTau)
}

// The names of the engines.
const (
	Auto     = "auto"
	Stepper  = "stepper"
	Event    = "event"
	Thinning = "thinning"
)

// Choose returns the name of the engine that New takes with Auto for a configuration: the event
// engine where it applies and its table is small, thinning elsewhere.
func Choose(c Config) string {
	if eventLacks(c.Resolve()) == "" && c.Neurons <= autoEventNeurons {
		return Event
	}
	return Thinning
}

// autoEventNeurons is the largest network for which the event engine is clearly faster than
// thinning even if weights change every 1000 tau: 139 against 163 ns per spike with 14 neurons, no
// difference from 15 on (BenchmarkCrossover).
const autoEventNeurons = 14

// New returns the engine of a configuration, at tick 0 and at rest, with all weights and biases 0.
// The error joins everything that is wrong with the configuration.
func New(c Config) (Engine, error) {
	if ps := c.Validate(); len(ps) > 0 {
		return nil, fmt.Errorf("sampling: %w", ps.Err())
	}
	c = c.Resolve()
	switch c.engine() {
	case Stepper:
		return newStepper(c), nil
	case Event:
		return newEventEngine(c), nil
	}
	return newThinning(c), nil
}

// engine is the name of the engine that the configuration asks for.
func (c Config) engine() string {
	if c.Engine == Auto || c.Engine == "" {
		return Choose(c)
	}
	return c.Engine
}

// lacks says what the engine of a configuration, which is otherwise valid, cannot do; "" if it can
// simulate it.
func (c Config) lacks() string {
	c = c.Resolve()
	switch name := c.engine(); {
	case name == Stepper && c.Dynamics != Discrete:
		return "simulates discrete dynamics only"
	case name == Event:
		return eventLacks(c)
	}
	return ""
}

func eventLacks(c Config) string {
	switch {
	case c.Neurons > maxEventNeurons:
		return fmt.Sprintf("simulates at most %d neurons", maxEventNeurons)
	case c.PSP != synapse.Rectangular:
		return fmt.Sprintf("simulates rectangular potentials only, not %v", c.PSP)
	case c.PSPSteps > c.MinISI:
		return "needs potentials no longer than the shortest interval between two spikes of a neuron"
	case c.Delay > 0:
		return "has no transmission delay"
	case c.Refractory != nil:
		return "needs one refractory time for all neurons"
	}
	return ""
}
