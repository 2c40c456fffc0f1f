// Package recording reads spike trains from files, of any length: what this program records, numpy
// archives, CSV and other tables of text, and the output of NEST.
//
// [Read] goes through the files once, checks every spike, and puts trains out of order into order;
// [Recording.Replay] then delivers them as events in order of time. A few million spikes stay in
// memory; what is more goes to a temporary file, in sorted runs that Replay merges, so that memory
// is bounded whatever the length of the files (16 bytes on disk for each spike).
//
// # Formats
//
//	npz    arrays time and neuron of equal length. With tick_steps (spikes.npz of this program)
//	       time is in ticks of so many steps; else the unit is that of a string unit, or named
//	csv    lines of time and neuron, separated by comma, semicolon, tab or blanks. A header may
//	       name and order the columns and tell the unit: time_ms, "t (us)". Further columns need
//	       a header and are ignored. # and % begin comments
//	nest   lines of sender and time in ms, with or without NEST's header lines; a unit that is
//	       asked for together with this format replaces ms where neither says it
//
// Text may be compressed by gzip. Neurons are whole numbers from 0 on, or names that begin with a
// letter (E1), but not both in one recording.
//
// # Time
//
// Decimal times are read exactly and rounded to ns; steps must be whole. The events of a recording
// count the coarsest ticks in which all its times are whole numbers, from the first spike on: of
// times in multiples of 0.1 ms a tick is 0.1 ms, or a multiple of it. Times may be negative, such
// as those before a stimulus.
//
// # What is wrong with a file
//
// A line that is no spike (NaN as time, a neuron that is neither a number nor a name) is an error
// with file and line; the first few are reported. Times out of order and second spikes of a neuron
// at one time, which are dropped, are no errors but counted, with the first few places (Remark).
// Two columns without a header that seem to be the other way round are reported with the
// error, or, where the file can be read, in Recording.Exchanged.
//
// # Examples
//
// In example_test.go a table is read and replayed.
package recording
