package analysis

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"spikealign/synapse"
)

// Options say how a recording is analysed. Times are in the unit of the recording
// (recording.Clock.Unit; recording.Clock.Parse reads others). Those of Defaults are good once Tau
// is set.
type Options struct {
	Shape synapse.WindowShape // of the learning window; exponential by default
	// time constant of the window, or width of the triangle; at least one tick of the recording
	Tau    float64
	Cut    float64 // lag beyond which the window is zero; 0: none; else at least one tick
	MaxLag float64 // longest lag of the histograms; 0 stands for 5 Tau
	Bin    float64 // width of their bins; 0 stands for a fiftieth of MaxLag, in whole ticks

	Neurons []Range // only these; nil: all
	// only these, of a recording whose neurons have names; * stands for any characters (E*); nil:
	// all
	Names []string
	// leaves out what comes before From, and at or after Until; -Inf and +Inf by default: from the
	// first spike to the last
	From, Until float64

	// of time; 2 to 2^16; 0 stands for 50, or fewer (10 at least) to make them 20 Tau long
	Blocks  int
	Test    TestOptions // Level 0.05, Replicates 1000, MinWeight 20 by default
	Threads int         // 0 stands for as many as there are processors; changes no result
	Memory  int64       // an analysis that takes more bytes is refused; above 0; 2 GiB by default

	// Progress, if not nil, is called now and then, by one goroutine at a time.
	Progress func(Progress)
}

// Range is the neurons from First to Last, both included, as the recording calls them.
type Range struct{ First, Last int64 }

// Progress tells how far an analysis is.
type Progress struct {
	Unit        string // of Done and Total: "spikes" counted first, then "pairs" tested
	Done, Total int64
}

// Defaults returns the options that apply where nothing else is said. Tau has no default.
func Defaults() Options {
	return Options{From: math.Inf(-1), Until: math.Inf(1), Memory: 2 << 30, Test: TestOptions{Level: 0.05, Replicates: 1000, MinWeight: 20}}
}

// Validate returns every problem of o that shows without the recording, joined *OptionError, or
// nil.
func (o Options) Validate() error {
	var p problems
	if _, err := o.Shape.MarshalText(); err != nil {
		p.add("%s: %v", field("Shape"), err)
	}
	length := func(name field, x float64, least string) {
		if !(x >= 0 && x <= math.MaxFloat64) || x == 0 && name == "Tau" {
			p.add("%s = %v: must be finite and %s", name, x, least)
		}
	}
	length("Tau", o.Tau, "above 0")
	length("Cut", o.Cut, "not negative")
	length("MaxLag", o.MaxLag, "not negative")
	length("Bin", o.Bin, "not negative")
	for _, n := range o.Neurons {
		if n.First < 0 || n.Last < n.First {
			p.add("%s from %d to %d: must begin at 0 or above, and not end before", field("Neurons"), n.First, n.Last)
		}
	}
	if o.Neurons != nil && o.Names != nil {
		p.add("%s has numbers and names (%s): one recording has only either", field("Neurons"), o.Names[0])
	}
	if !(o.From < o.Until) {
		p.add("%s = %v and %s = %v leave nothing", field("From"), o.From, field("Until"), o.Until)
	}
	if o.Blocks != 0 && (o.Blocks < 2 || o.Blocks > maxBlock) {
		p.add("%s = %d: must be 0 (chosen) or 2 to 2^16", field("Blocks"), o.Blocks)
	}
	if o.Threads < 0 {
		p.add("%s = %d: must not be negative", field("Threads"), o.Threads)
	}
	if o.Memory < 1 {
		p.add("%s = %d bytes: must be above 0", field("Memory"), o.Memory)
	}
	if err := o.Test.Validate(); err != nil {
		p = append(p, err)
	}
	return p.join()
}

// OptionError says what is wrong with options, by themselves or with the recording.
type OptionError struct {
	format string
	args   []any // of which those of type field are options
}

// field is the name of an option in a message.
type field string

// Error returns the message, in which options have the names of their fields.
func (e *OptionError) Error() string { return e.Text(func(option string) string { return option }) }

// Text returns the message with other names for the options, such as those of flags.
func (e *OptionError) Text(name func(option string) string) string {
	args := slices.Clone(e.args)
	for k, a := range args {
		if f, ok := a.(field); ok {
			args[k] = name(string(f))
		}
	}
	return fmt.Sprintf(e.format, args...)
}

// wrong returns an *OptionError; options among args are of type field.
func wrong(format string, args ...any) error { return &OptionError{format, args} }

// problems collects them.
type problems []error

func (p *problems) add(format string, args ...any) { *p = append(*p, wrong(format, args...)) }

func (p problems) join() error { return errors.Join(p...) }
