package experiment

import (
	"context"
	"encoding"

	"spikealign/internal/npz"
	"spikealign/settings"
	"spikealign/spike"
)

// Kind is one kind of experiment: sampling, two-neuron, and so on. A kind is a stateless value.
type Kind interface {
	// Name is what `kind:` says in an experiment file.
	Name() string
	// Doc is one sentence for the user.
	Doc() string
	// NewConfig returns a pointer to a new value of the kind's part of the experiment file, with
	// every default filled in, usually by settings.SetDefaults.
	NewConfig() Config
	// StateVersion is raised whenever the numbers that a run computes, or the binary form of its
	// state, change. A checkpoint of another state version is refused.
	StateVersion() int
}

// Config is a kind's part of an experiment file: a pointer to a struct with the tags of package
// settings, usually one that embeds the description of a model. Its keys stand at the top level of
// the file beside those of Common and must differ from them.
type Config interface {
	// Validate returns every problem of the configuration; it must not panic whatever the values
	// are. Value and line are added by the reader.
	Validate() settings.Problems
	// New builds the run at its beginning: deterministic in the configuration and in env.Seed. It
	// fails only where something outside the configuration is missing (a data file, memory). It is
	// called for a resumed run too, before UnmarshalBinary.
	New(env Env) (Run, error)
}

// Lasting is a Config of a run that takes as many epochs as it says, and can go on to more of them
// after its end: to that end nothing but reports depends on their number.
type Lasting interface {
	Config
	Epochs() Epochs
}

// Epochs is how long a run takes.
type Epochs struct {
	// Path is that of the setting with their number, Total; "" if this configuration has none.
	Path  string
	Total int64
	// Regular says that a longer run reports at this end too. Else the report there, which a run
	// gives because it ends, makes a difference to all that follows.
	Regular bool
}

// Env is what a run receives beside its configuration. Nothing in it but Seed and From may change a
// result.
type Env struct {
	Seed uint64
	Sink Sink
	// Spikes says whether `record.spikes` asks for the spikes. If it is false, calls of Sink.Spikes
	// are legal and do nothing.
	Spikes bool
	// From is the run that the configuration names as the one to begin from (Starter); nil if it
	// names none.
	From *Source
	// Data is the folder of data sets that the user named, "" if none.
	Data string
	// Threads is how many threads the run may use, at least 1 (--threads). In a sweep it is mostly
	// 1, since members run side by side.
	Threads int

	meter *meter
}

// Sink takes what is too large to keep in memory. Both calls buffer, copy their arguments, and
// stream to disk; an error (disk full) ends the run and must be returned by Advance. What reached
// the sink belongs to the state: after UnmarshalBinary the run continues with the first event that
// it had not given before AppendBinary.
type Sink interface {
	// Spikes appends events of a replica, counted from 0, ordered by time over all calls for that
	// replica.
	Spikes(replica int, events []spike.Event) error
	// Snapshot appends one row to the array a.Name of arrays.npz, whose shape becomes (rows,
	// a.Shape...). Type and shape are the same in every call with one name, else Snapshot panics.
	// Names of snapshots and of the arrays that Arrays returns must differ.
	Snapshot(a Array) error
}

// Array is a named array for arrays.npz, with the fields
//
//	Name  string
//	Shape []int    // the last runs fastest; nil for a single value
//	Data  any      // []float64, []float32, []int64, []int32, []uint8, ... or one value
type Array = npz.Array

// Run is a running experiment. All calls come from one goroutine.
type Run interface {
	// Tables returns the tables that Report fills, in a fixed order; the first is always named
	// "metrics" (metrics.csv).
	Tables() []Table
	// Facts returns constants of the run: they go to run.json and spikes.npz. Called once, after
	// New or UnmarshalBinary.
	Facts() Facts
	// Advance simulates up to the next report and returns it. If ctx ends before, Advance returns
	// (nil, nil) within about 50 ms, at a place where AppendBinary works; the next call goes on
	// from there. ctx ends often (progress, checkpoints), so that nothing in the results may depend
	// on where that happens. After the last report Advance returns io.EOF, also when called again.
	Advance(ctx context.Context) (Report, error)
	// Progress is cheap; it is called after every Advance.
	Progress() Progress
	// Warnings returns doubts about the results so far, stable in order, for run.json and for the
	// user.
	Warnings() []string
	// Arrays returns the results for arrays.npz: final values and whatever describes them. Called
	// once, after io.EOF.
	Arrays() ([]Array, error)
	// AppendBinary and UnmarshalBinary carry the whole state, random streams and progress included.
	// UnmarshalBinary is called on a fresh run of the same configuration and seed, and must reject
	// bytes of another shape rather than panic.
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
	// Close frees what New took. The run is not used afterwards.
	Close() error
}

// Table is a CSV file of the run's folder: Name + ".csv".
type Table struct {
	Name    string
	Columns []Column
}

// Column describes one column of a table.
type Column struct {
	Name string
	Unit string // "", "steps", "nats", "degrees", ...
	Doc  string // a few words
	// Row marks a value that belongs to its row alone, such as one point of a grid: that of the
	// last row is no result of the run.
	Row bool
	// Headline marks the column whose latest value is shown in the progress line and in `spikealign
	// list`.
	Headline bool
	// Statistic says how sweeps sum up the last value over the runs of a condition.
	Statistic Statistic
}

// Statistic is how the values of a metric are summed up over runs.
type Statistic string

const (
	// Quartiles are the median and the quartiles.
	Quartiles Statistic = ""
	// Count is how many values are not 0, for a metric that is 0 or 1.
	Count Statistic = "count"
	// NoStatistic is for values of which no median makes sense.
	NoStatistic Statistic = "none"
)

// cell is a value of the column, named.
func (c Column) cell(v Value) Cell { return Cell{c.Name, v, c.Headline, c.Statistic} }

// Report is what one call of Advance adds to the tables, in this order. Several rows of one table
// are allowed (one per layer, say).
type Report []Row

// Row is one line of a table: one value per column.
type Row struct {
	Table  int // index into Tables, 0 for metrics
	Values []Value
}

// Progress says how far a run is.
type Progress struct {
	Done, Total float64 // in units of Unit
	Unit        string  // plural: "epochs"
	Steps       int64   // simulated steps so far, over all networks of the run
	Spikes      int64   // spikes so far
}

// Facts are constants of a run.
type Facts struct {
	// Engine names the simulator that produced the numbers, with its dynamics: "event-driven,
	// continuous".
	Engine string
	// Neurons is the number of neurons whose spikes go to the sink; 0 if the kind records none.
	Neurons int
	// Replicas is the number of copies of the network that are simulated side by side; 0 stands for
	// 1.
	Replicas int
	// TickSteps is the duration of one tick of spike.Event.Time in simulation steps: 1 for discrete
	// dynamics.
	TickSteps float64
	// StepSeconds is the duration of one step in seconds, 0 if the model has no physical time.
	StepSeconds float64
	// More goes to run.json as it is.
	More map[string]any
}
