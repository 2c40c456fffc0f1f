package experiment

import (
	"log/slog"
	"runtime"
	"time"
)

// Session is how a process works on a run; nothing in it changes a result.
type Session struct {
	// Program is the version of the program, for run.json and checkpoints.
	Program string
	// TimeLimit stops the run with a checkpoint after this wall time; 0 means none.
	TimeLimit time.Duration
	// Observe, if not nil, is called after every Advance, a few times a second or more often.
	Observe func(Moment)
	// Slice is how long one Advance may take before it is asked to return; 0 means 200 ms.
	Slice time.Duration
	// Now is the clock for times and durations that are reported; nil means time.Now.
	Now func() time.Time
	// PerThread says that several runs share this process: CPU time is then that of the calling
	// thread, which must be locked (runtime.LockOSThread), and of the threads of Env.Parallel. Else
	// it is that of the process.
	PerThread bool
	// CPU returns CPU time used so far, in place of both; for tests.
	CPU func() time.Duration
	// Data is the folder of data sets, "" if none.
	Data string
	// Threads is how many threads the run may use; 0 means as many as Go uses processors.
	Threads int
	// GoOn is the command that goes on with the run after an error; "" stands for that of a run by
	// itself, spikealign resume DIR.
	GoOn string
	// Log takes diagnostics; nil means none.
	Log *slog.Logger

	hook func(point string) // tests: called between any two operations on files
}

// Moment is what Observe receives.
type Moment struct {
	Progress
	Latest []Cell // last row of metrics; nil before the first. Not to be kept or changed.
}

// Headline returns the columns marked as headline: "dkl 0.0123".
func (m Moment) Headline() string { return headline(m.Latest) }

// Headline returns the latest headline metrics: "dkl 0.0123".
func (i *Info) Headline() string { return headline(i.Latest) }

// Left is the wall time, in seconds, that a running run still needs if it goes on as it went so
// far; 0 if that cannot be told.
func (i *Info) Left() float64 {
	if i.Status != Running || i.Done <= 0 {
		return 0
	}
	return i.Wall * (i.Total - i.Done) / i.Done
}

func headline(cells []Cell) string {
	text := ""
	for _, c := range cells {
		if value := c.Value.Short(); c.Headline && value != "" {
			if text != "" {
				text += "  "
			}
			text += c.Name + " " + value
		}
	}
	return text
}

// Options of Execute.
type Options struct {
	Spec *Spec
	// Dir is the run's folder. It is made if it does not exist.
	Dir string
	// Unique takes Dir-2, Dir-3, ... if Dir exists.
	Unique bool
	// Overwrite replaces a run in Dir, finished or not. Files that are not of a run are never
	// touched.
	Overwrite bool
	// Begin, if not nil, is called when the folder is taken, with its name.
	Begin func(dir string)
	Session
}

// Result is a finished run.
type Result struct {
	Dir  string
	Info Info
	// Already says that Resume found the run finished.
	Already bool
}

// defaults fills in what was not given.
func (s Session) defaults() Session {
	if s.Now == nil {
		s.Now = time.Now
	}
	s.PerThread = s.PerThread && runtime.GOOS == "linux"
	if s.CPU == nil {
		s.CPU = ProcessCPU
		if s.PerThread {
			s.CPU = threadCPU
		}
	}
	if s.Threads <= 0 {
		s.Threads = runtime.GOMAXPROCS(0)
	}
	if s.Slice == 0 {
		s.Slice = 200 * time.Millisecond
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.hook == nil {
		s.hook = func(string) {}
	}
	return s
}
