// Package experiment runs experiments: it reads their configuration, drives the one run loop,
// records, checkpoints, resumes, and keeps the run's folder.
//
// A kind of experiment is known through three small interfaces: Kind (a name and a default
// configuration), Config (checks itself and builds a run) and Run (advances to the next report,
// marshals its whole state). Everything else is written once, here.
//
// # The folder of a run
//
//	experiment.yaml   the whole configuration, defaults written out
//	run.json          Info: status, seed, versions, times, counts, warnings
//	metrics.csv       a header and one row per report, there at once, synced at the latest with
//	                  the next checkpoint; further tables likewise
//	arrays.npz        final arrays and snapshots
//	spikes.npz        if record.spikes: time (int64 ticks), neuron (int32), tick_steps, neurons
//	inputs.npz        if numbers of the configuration came from files: what these held
//	initial.npz       if it begins from another run: what it took from that one, and which it was
//	checkpoint        the state, length and checksum of every file that grows; of a finished run
//	                  that of its end, from which Prolong goes on
//	partial/          while unfinished: spikes and snapshots so far
//
// Files that grow are cut back to the checkpoint on resume and written again from there; every
// other file appears whole or not at all. A process killed at any instruction leaves a folder that
// Resume continues, and the finished metrics.csv, arrays.npz and spikes.npz are the same, byte for
// byte, as those of a run that was never stopped.
//
// # Examples
//
// In example_test.go an experiment is run, and its folder is read. docs/go.md does so from another
// module.
package experiment

import (
	"errors"
	"fmt"
)

// ErrUsage is wrapped by errors that say that what was asked cannot be done as it was asked: a
// folder that is taken, a kind that does not exist, a configuration that was changed. What is wrong
// with a configuration file are Faults.
var ErrUsage = errors.New("usage")

// usageError is an error whose text does not mention the class.
type usageError struct {
	text  string
	cause error
}

func (e usageError) Error() string        { return e.text }
func (e usageError) Is(target error) bool { return target == ErrUsage }
func (e usageError) Unwrap() error        { return e.cause }

// Usagef returns an error that wraps ErrUsage, with no more text than its own.
func Usagef(format string, args ...any) error { return usageError{text: fmt.Sprintf(format, args...)} }

// Stopped is returned by a run that ended early on purpose, with a checkpoint.
type Stopped struct {
	Dir    string
	Reason string // "interrupted", "time limit of 1h reached"
}

// Error says how to go on.
func (s *Stopped) Error() string {
	return fmt.Sprintf("%s; go on with: spikealign resume %s", s.Reason, s.Dir)
}
