package experiment

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"spikealign/internal/durable"
	"spikealign/internal/npz"
	"spikealign/spike"
)

// Folder is the folder of a run, finished or not: everything that reads runs reads through it.
type Folder struct {
	Dir string
	// run.json, with the status Killed where it says Running and no process works on the run
	Info Info
}

// Open reads the folder of a run. The error wraps fs.ErrNotExist if dir holds no run.
func Open(dir string) (*Folder, error) {
	info, err := ReadInfo(dir)
	if err == nil && info.Status == Running && !isAlive(dir, &info) {
		info.Status = Killed
	}
	return &Folder{dir, info}, err
}

// isAlive reports whether a process works on a run that says so.
func isAlive(dir string, info *Info) bool {
	if !info.NoLock {
		return isLocked(dir)
	}
	// The file system has no locks. A process of this machine is there or not; one of another
	// machine writes run.json every ten seconds, but not while it writes a large checkpoint or its
	// results. To take a living run for a dead one is worse than the other way around.
	if host, err := os.Hostname(); err == nil && host == info.Host {
		return processExists(info.PID)
	}
	// A time in the future is from before the clock was set back, and would count until then.
	return time.Since(info.Updated).Abs() < 3*time.Duration(info.Every*float64(time.Second))+time.Minute
}

// Path returns the path of a file of the folder.
func (f *Folder) Path(name string) string { return filepath.Join(f.Dir, name) }

// Spec reads the experiment of the run.
func (f *Folder) Spec(kinds Kinds) (*Spec, error) { return kinds.loadRun(f.Dir) }

// Table reads the table NAME.csv, columns by name. Cells that are empty or no numbers are NaN. A
// last line that is still being written is left out, and a table that does not exist yet is empty.
func (f *Folder) Table(name string) (map[string][]float64, error) {
	columns := map[string][]float64{}
	head, rows, err := f.Rows(name)
	for i, name := range head {
		columns[name] = nil
		for _, row := range rows {
			x, err := strconv.ParseFloat(row[i], 64)
			if err != nil {
				x = math.NaN()
			}
			columns[name] = append(columns[name], x)
		}
	}
	return columns, err
}

// Rows reads the header and the rows of the table NAME.csv as text, without a last row that is
// still being written.
func (f *Folder) Rows(name string) (head []string, rows [][]string, err error) {
	path := f.Path(name + ".csv")
	file, err := durable.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	r := NewRowReader(file, 0)
	for {
		cells, err := r.Next()
		if err == io.EOF {
			return head, rows, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		row := make([]string, len(cells))
		for k, c := range cells {
			row[k] = string(c)
		}
		switch {
		case head == nil:
			head = row
		case len(row) < len(head):
			return head, rows, nil
		default:
			rows = append(rows, row)
		}
	}
}

// Arrays reads the arrays of a file by name, whatever their type there; elements are in row-major
// order, and the shape of a single value is empty.
//
//	Names() []string
//	Has(name string) bool
//	Float64s(name string) (elements []float64, shape []int, err error)
//	Int64s(name string) (elements []int64, shape []int, err error)
//	Strings(name string) (elements []string, shape []int, err error)
//	String(name string) (string, error)
//	Close() error
type Arrays = npz.Reader

// OpenArrays opens a file of arrays: arrays.npz, spikes.npz or initial.npz of a run, and what
// spikealign sample and reproduce write. Close it after use.
func OpenArrays(file string) (*Arrays, error) { return npz.Open(file) }

// Arrays opens arrays.npz; close it after use. The error wraps fs.ErrNotExist while the run is
// unfinished.
func (f *Folder) Arrays() (*Arrays, error) { return OpenArrays(f.Path(ArraysFile)) }

// Floats reads arrays of arrays.npz by name. Those that are not there are left out, and of an
// unfinished run there are none.
func (f *Folder) Floats(names ...string) (map[string][]float64, error) {
	found := map[string][]float64{}
	z, err := f.Arrays()
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	defer z.Close()
	for _, name := range names {
		if z.Has(name) {
			if found[name], _, err = z.Float64s(name); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// Spikes are the recorded spikes of a run.
type Spikes struct {
	// in order of time, which counts ticks from the start of the run; of each replica, where there
	// are several
	Events      []spike.Event
	Replicas    []int32 // the replica of each event; nil where there is one
	Total       int     // how many spikes the file holds
	Neurons     int
	TickSteps   float64 // simulation steps per tick
	StepSeconds float64 // 0: a step has no duration
}

// Spikes reads the last spikes of spikes.npz, at most so many (0: all). The error wraps
// fs.ErrNotExist if there are none yet or none were recorded.
func (f *Folder) Spikes(last int) (*Spikes, error) {
	z, err := npz.Open(f.Path(SpikesFile))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	s := &Spikes{}
	column := func(name string) []int64 {
		var x []int64
		if err == nil {
			x, s.Total, err = z.Tail(name, last)
		}
		return x
	}
	times, neurons := column("time"), column("neuron")
	number := func(name string) float64 {
		var x []float64
		if err == nil {
			if x, _, err = z.Float64s(name); err == nil && len(x) != 1 {
				err = fmt.Errorf("%s: %s is no single number", f.Path(SpikesFile), name)
			}
		}
		if err != nil {
			return 0
		}
		return x[0]
	}
	s.TickSteps, s.StepSeconds, s.Neurons = number("tick_steps"), number("step_seconds"), int(number("neurons"))
	if z.Has("replica") {
		for _, r := range column("replica") {
			s.Replicas = append(s.Replicas, int32(r))
		}
	}
	if err != nil {
		return nil, err
	}
	if len(times) != len(neurons) || s.Replicas != nil && len(times) != len(s.Replicas) {
		return nil, fmt.Errorf("%s: %d times, %d neurons and %d replicas do not fit together", f.Path(SpikesFile), len(times), len(neurons), len(s.Replicas))
	}
	s.Events = make([]spike.Event, len(times))
	for k := range s.Events {
		s.Events[k] = spike.Event{Time: times[k], Neuron: int32(neurons[k])}
	}
	return s, nil
}

// ReadInfo reads run.json of a run's folder as it stands there. The error wraps fs.ErrNotExist if
// the folder holds no run.
func ReadInfo(dir string) (Info, error) {
	var info Info
	path := filepath.Join(dir, InfoFile)
	data, err := durable.ReadFile(path)
	if err != nil {
		return info, err
	}
	if err := json.Unmarshal(data, &info); err != nil {
		return info, fmt.Errorf("%s: %w", path, err)
	}
	if info.Format != infoFormat {
		return info, fmt.Errorf("%s: format %d, this program reads %d", path, info.Format, infoFormat)
	}
	return info, nil
}

const infoFormat = 1

// IsRun reports whether dir holds a run, finished or not.
func IsRun(dir string) bool {
	for _, f := range []string{InfoFile, ConfigFile} {
		if _, err := os.Stat(filepath.Join(dir, f)); !errors.Is(err, fs.ErrNotExist) {
			return err == nil
		}
	}
	return false
}
