package experiment

import (
	"reflect"
	"slices"
	"time"
)

// Status of a run's folder.
type Status string

// The statuses. Killed never stands in a file: it is what Open makes of a run that says running
// while no process works on it. It can be resumed like an interrupted one.
const (
	Running     Status = "running"
	Done        Status = "done"
	Failed      Status = "failed"
	Interrupted Status = "interrupted"
	Killed      Status = "killed"
)

// Names of the files in a run's folder.
const (
	ConfigFile     = "experiment.yaml"
	InfoFile       = "run.json"
	MetricsFile    = "metrics.csv"
	ArraysFile     = "arrays.npz"
	SpikesFile     = "spikes.npz"
	InputsFile     = "inputs.npz"  // the numbers that came from files
	InitialFile    = "initial.npz" // what a run that begins from another took from it
	CheckpointFile = "checkpoint"
	PartialDir     = "partial"
	FiguresDir     = "figures"
)

// Info is run.json. It is rewritten at the start, every ten seconds, at every checkpoint and at the
// end.
type Info struct {
	Format      int    `json:"format"` // of this file: 1
	Status      Status `json:"status"`
	Error       string `json:"error,omitempty"` // of a failed run
	Kind        string `json:"kind"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Seed        uint64 `json:"seed"`

	Program  string   `json:"program"` // version of the program that wrote last
	Earlier  []string `json:"earlier_programs,omitempty"`
	Platform string   `json:"platform"`
	Host     string   `json:"host"`
	PID      int      `json:"pid"`
	NoLock   bool     `json:"no_lock,omitempty"`       // the file system has no locks: whether the process lives must be guessed
	Every    float64  `json:"every_seconds,omitempty"` // wall time between two checkpoints

	Start    time.Time  `json:"start"`
	End      *time.Time `json:"end,omitempty"`
	Updated  time.Time  `json:"updated"`
	Wall     float64    `json:"wall_seconds"` // summed over all sessions
	CPU      float64    `json:"cpu_seconds"`  // user and system time of all threads that worked on the run, summed over all sessions
	Sessions int        `json:"sessions"`     // processes that worked on the run

	Done   float64 `json:"done"` // of Total, in Unit
	Total  float64 `json:"total"`
	Unit   string  `json:"unit"`
	Steps  int64   `json:"steps"`
	Spikes int64   `json:"spikes"`

	Ends     []End          `json:"ends,omitempty"`              // at which the run was finished before it went on to more epochs
	Config   string         `json:"experiment_sha256,omitempty"` // of ConfigFile when the last session began
	Inputs   []InputInfo    `json:"inputs,omitempty"`            // numbers that came from files
	From     *SourceInfo    `json:"from,omitempty"`              // the run that this one began from
	Engine   string         `json:"engine"`
	Facts    map[string]any `json:"facts,omitempty"`
	Tables   []TableInfo    `json:"tables"`
	Latest   []Cell         `json:"latest"` // last row of metrics
	Arrays   []string       `json:"arrays,omitempty"`
	Warnings []string       `json:"warnings"`
	Files    []string       `json:"files,omitempty"` // of a finished run
}

// Share makes an Info hold what it says in the same words as another one in the same memory: the
// thousands of members of a sweep describe their tables alike.
func (i *Info) Share(with *Info) {
	if reflect.DeepEqual(i.Tables, with.Tables) {
		i.Tables = with.Tables
	}
	if reflect.DeepEqual(i.Facts, with.Facts) {
		i.Facts = with.Facts
	}
	for _, list := range []struct{ here, there *[]string }{{&i.Arrays, &with.Arrays}, {&i.Files, &with.Files}, {&i.Warnings, &with.Warnings}} {
		if slices.Equal(*list.here, *list.there) {
			*list.here = *list.there
		}
	}
	for _, text := range []struct{ here, there *string }{{&i.Kind, &with.Kind}, {&i.Program, &with.Program}, {&i.Platform, &with.Platform}, {&i.Host, &with.Host},
		{&i.Unit, &with.Unit}, {&i.Engine, &with.Engine}, {&i.Description, &with.Description}} {
		if *text.here == *text.there {
			*text.here = *text.there
		}
	}
	latest := make([]Cell, len(i.Latest)) // no longer than it must be
	copy(latest, i.Latest)
	for k := range latest {
		if c := &latest[k]; k < len(with.Latest) && c.Name == with.Latest[k].Name && c.Statistic == with.Latest[k].Statistic {
			c.Name, c.Statistic = with.Latest[k].Name, with.Latest[k].Statistic
		}
	}
	i.Latest = latest
}

// End is an end of a run that went on to more epochs.
type End struct {
	Epochs int64 `json:"epochs"`
	// Regular says that a run that does not end there reports there too, so that this end left no
	// trace in the results.
	Regular bool `json:"regular"`
}

// InputInfo says in run.json from which file a list of numbers came.
type InputInfo struct {
	Path   string `json:"path"` // in the configuration; the array of InputsFile has this name
	File   string `json:"file"` // absolute; "" for what stood beside files in the configuration
	Array  string `json:"array,omitempty"`
	Shape  []int  `json:"shape"`
	SHA256 string `json:"sha256"` // of dimensions (int64) and numbers (float64), little-endian
}

// TableInfo describes a table of the folder.
type TableInfo struct {
	Name    string       `json:"name"`
	Columns []ColumnInfo `json:"columns"`
}

// ColumnInfo is a Column in run.json.
type ColumnInfo struct {
	Name      string    `json:"name"`
	Unit      string    `json:"unit,omitempty"`
	Doc       string    `json:"doc,omitempty"`
	Row       bool      `json:"row,omitempty"`
	Headline  bool      `json:"headline,omitempty"`
	Statistic Statistic `json:"statistic,omitempty"`
}

// Cell is a named value of a row.
type Cell struct {
	Name      string    `json:"name"`
	Value     Value     `json:"value"`
	Headline  bool      `json:"headline,omitempty"`
	Statistic Statistic `json:"statistic,omitempty"`
}
