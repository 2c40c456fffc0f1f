package experiment

import (
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"spikealign/spike"
)

// recorder is the Sink of a run: it streams to files in partial/. Spike times and neurons go to two files and every snapshot to its own, in
// the little-endian form in which they stand in an npz file.
type recorder struct {
	dir    string // partial/ of the run's folder
	spikes bool
	time   *growing
	neuron *growing
	last   int64 // time of the last spike
	snaps  []*snapshot
	buf    []byte
	err    error // the first one: what follows it would leave a gap
}

type snapshot struct {
	name  string
	shape []int // of one row
	file  *growing
	rows  int
}

const (
	timeFile   = "spikes.time"
	neuronFile = "spikes.neuron"
)

// open creates the files of a new run.
func (r *recorder) open(dir string) (err error) {
	r.dir = dir
	if !r.spikes {
		return nil
	}
	if r.time, err = create(filepath.Join(dir, timeFile)); err != nil {
		return err
	}
	r.neuron, err = create(filepath.Join(dir, neuronFile))
	return err
}

// Spikes implements Sink.
func (r *recorder) Spikes(events []spike.Event) error {
	if r.err != nil || !r.spikes || len(events) == 0 {
		return r.err
	}
	b := r.buf[:0]
	for _, e := range events {
		if e.Time < r.last {
			panic(fmt.Sprintf("experiment: spike at %d comes after one at %d", e.Time, r.last))
		}
		r.last = e.Time
		b = binary.LittleEndian.AppendUint64(b, uint64(e.Time))
	}
	if r.err = r.time.write(b); r.err == nil {
		b = b[:0]
		for _, e := range events {
			b = binary.LittleEndian.AppendUint32(b, uint32(e.Neuron))
		}
		r.err = r.neuron.write(b)
	}
	r.buf = b
	return r.err
}

// Snapshot implements Sink.
func (r *recorder) Snapshot(name string, values []float64, shape ...int) error {
	if r.err != nil {
		return r.err
	}
	if len(shape) == 0 {
		shape = []int{len(values)}
	}
	size := 1
	for _, n := range shape {
		size *= n
	}
	if size != len(values) {
		panic(fmt.Sprintf("experiment: snapshot %s: %d values do not have shape %v", name, len(values), shape))
	}
	var s *snapshot
	if k := slices.IndexFunc(r.snaps, func(s *snapshot) bool { return s.name == name }); k >= 0 {
		s = r.snaps[k]
	} else {
		file, err := create(filepath.Join(r.dir, snapshotFile(len(r.snaps))))
		if err != nil {
			r.err = err
			return err
		}
		s = &snapshot{name: name, shape: slices.Clone(shape), file: file}
		r.snaps = append(r.snaps, s)
	}
	if !slices.Equal(s.shape, shape) {
		panic(fmt.Sprintf("experiment: snapshot %s: shape %v after %v", name, shape, s.shape))
	}
	b := r.buf[:0]
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	r.buf = b
	s.rows++
	r.err = s.file.write(b)
	return r.err
}

// snapshotFile is the file of snapshot k: names of arrays need not be names of files.
func snapshotFile(k int) string { return fmt.Sprintf("snapshot%d.f64", k) }

// files lists everything that grows.
func (r *recorder) files() []*growing {
	var fs []*growing
	if r.spikes && r.time != nil && r.neuron != nil {
		fs = append(fs, r.time, r.neuron)
	}
	for _, s := range r.snaps {
		fs = append(fs, s.file)
	}
	return fs
}

// close closes the files; what was not synced is given up.
func (r *recorder) close() {
	for _, g := range []*growing{r.time, r.neuron} {
		if g != nil {
			g.close()
		}
	}
	for _, s := range r.snaps {
		s.file.close()
	}
}

// recorderState is the recorder's part of a checkpoint.
type recorderState struct {
	Last      int64           `json:"last_spike"`
	Time      *mark           `json:"time,omitempty"`
	Neuron    *mark           `json:"neuron,omitempty"`
	Snapshots []snapshotState `json:"snapshots,omitempty"`
}

type snapshotState struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
	Rows  int    `json:"rows"`
	Mark  mark   `json:"mark"`
}

// state syncs all files and returns where they stand.
func (r *recorder) state() (recorderState, error) {
	st := recorderState{Last: r.last}
	if r.err != nil {
		return st, r.err
	}
	for _, g := range r.files() {
		if err := g.sync(); err != nil {
			return st, err
		}
	}
	if r.spikes {
		t, n := r.time.mark(), r.neuron.mark()
		st.Time, st.Neuron = &t, &n
	}
	for _, s := range r.snaps {
		st.Snapshots = append(st.Snapshots, snapshotState{s.name, s.shape, s.rows, s.file.mark()})
	}
	return st, nil
}

// restore opens the files as they were at a checkpoint and cuts off what came later.
func (r *recorder) restore(dir string, st recorderState) (err error) {
	r.dir, r.last = dir, st.Last
	if r.spikes {
		if st.Time == nil || st.Neuron == nil {
			return errBadCheckpoint
		}
		if r.time, err = reopen(filepath.Join(dir, timeFile), *st.Time); err != nil {
			return err
		}
		if r.neuron, err = reopen(filepath.Join(dir, neuronFile), *st.Neuron); err != nil {
			return err
		}
	}
	for k, s := range st.Snapshots {
		file, err := reopen(filepath.Join(dir, snapshotFile(k)), s.Mark)
		if err != nil {
			return err
		}
		r.snaps = append(r.snaps, &snapshot{s.Name, s.Shape, file, s.Rows})
	}
	return nil
}
