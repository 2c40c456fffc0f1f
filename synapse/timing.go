package synapse

import "spikealign/settings"

// Timing is a preset of conventions that differ by single steps. Each model says what they are.
type Timing uint8

const (
	// CanonicalTiming: a rectangular potential lasts the synaptic time constant, the shortest
	// interval between two spikes is the refractory time.
	CanonicalTiming Timing = iota
	// AuthorsTiming: as in the programs of the paper's authors.
	AuthorsTiming
)

var timingNames = settings.Names{"canonical", "authors"}

// String returns the name of the timing.
func (t Timing) String() string { return timingNames.String(int(t)) }

// MarshalText returns the name of the timing, or an error if t is none.
func (t Timing) MarshalText() ([]byte, error) { return timingNames.Marshal(int(t)) }

// UnmarshalText accepts "canonical" and "authors". The error names them.
func (t *Timing) UnmarshalText(b []byte) error { return settings.Parse(timingNames, b, t) }
