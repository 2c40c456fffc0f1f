package experiment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"spikealign/internal/npz"
	"spikealign/spike"
)

// recorder is the Sink of a run: it streams to files in partial/. Spike times, neurons and, where
// there are several, replicas go to a file each, and every snapshot to its own, in the
// little-endian form in which they stand in an npz file.
type recorder struct {
	dir      string       // partial/ of the run's folder
	inPlace  func() error // tells whether that is still the run's, before a file is made in it
	spikes   bool
	replicas int        // 1 or more
	columns  []*growing // of the spikes: spikeColumns, as many as are in use
	last     []int64    // time of the last spike of each replica
	snaps    []*snapshot
	buf      []byte
	err      error // the first one: what follows it would leave a gap
}

type snapshot struct {
	name  string
	dtype npz.DType
	shape []int // of one row
	file  *growing
	rows  int
}

// spikeColumns are the arrays of spikes.npz that grow, and the sizes of their elements.
var spikeColumns = []struct {
	name  string
	dtype npz.DType
	size  int64
}{{"time", npz.Int64, 8}, {"neuron", npz.Int32, 4}, {"replica", npz.Int32, 4}}

// columnsOf returns how many of spikeColumns a run of so many replicas needs.
func columnsOf(replicas int) int {
	if replicas > 1 {
		return 3
	}
	return 2
}

func spikeFile(column int) string { return "spikes." + spikeColumns[column].name }

// open creates the files of a new run.
func (r *recorder) open(dir string) error {
	r.dir = dir
	if !r.spikes {
		return nil
	}
	r.last = make([]int64, r.replicas)
	for k := range columnsOf(r.replicas) {
		g, err := create(filepath.Join(dir, spikeFile(k)))
		if err != nil {
			return err
		}
		r.columns = append(r.columns, g)
	}
	return nil
}

// Spikes implements Sink.
func (r *recorder) Spikes(replica int, events []spike.Event) error {
	if r.err != nil || !r.spikes || len(events) == 0 {
		return r.err
	}
	last := &r.last[replica]
	for column, g := range r.columns {
		b := r.buf[:0]
		for _, e := range events {
			switch column {
			case 0:
				if e.Time < *last {
					panic(fmt.Sprintf("experiment: spike at %d comes after one at %d", e.Time, *last))
				}
				*last = e.Time
				b = binary.LittleEndian.AppendUint64(b, uint64(e.Time))
			case 1:
				b = binary.LittleEndian.AppendUint32(b, uint32(e.Neuron))
			default:
				b = binary.LittleEndian.AppendUint32(b, uint32(replica))
			}
		}
		r.buf = b
		if r.err = g.write(b); r.err != nil {
			break
		}
	}
	return r.err
}

// Snapshot implements Sink.
func (r *recorder) Snapshot(a Array) error {
	if r.err != nil {
		return r.err
	}
	var s *snapshot
	if k := slices.IndexFunc(r.snaps, func(s *snapshot) bool { return s.name == a.Name }); k >= 0 {
		s = r.snaps[k]
	} else {
		err := r.inPlace()
		var file *growing
		if err == nil {
			file, err = create(filepath.Join(r.dir, snapshotFile(len(r.snaps))))
		}
		if err != nil {
			r.err = err
			return err
		}
		s = &snapshot{name: a.Name, shape: slices.Clone(a.Shape), file: file}
		r.snaps = append(r.snaps, s)
	}
	if !slices.Equal(s.shape, a.Shape) {
		panic(fmt.Sprintf("experiment: snapshot %s: shape %v after %v", a.Name, a.Shape, s.shape))
	}
	dtype, err := npz.WriteData(s.file.w, a)
	var unfit *npz.FormatError
	if errors.As(err, &unfit) {
		panic("experiment: snapshot " + err.Error())
	}
	if s.rows > 0 && dtype != s.dtype {
		panic(fmt.Sprintf("experiment: snapshot %s: type %s after %s", a.Name, dtype, s.dtype))
	}
	s.dtype = dtype
	s.rows++
	r.err = err
	return err
}

// snapshotFile is the file of snapshot k: names of arrays need not be names of files.
func snapshotFile(k int) string { return fmt.Sprintf("snapshot%d", k) }

// files lists everything that grows.
func (r *recorder) files() []*growing {
	fs := slices.Clone(r.columns)
	for _, s := range r.snaps {
		fs = append(fs, s.file)
	}
	return fs
}

// close closes the files; what was not synced is given up.
func (r *recorder) close() {
	for _, g := range r.files() {
		g.close()
	}
}

// recorderState is the recorder's part of a checkpoint.
type recorderState struct {
	Last      []int64         `json:"last_spikes,omitempty"` // of each replica
	Spikes    []mark          `json:"spikes,omitempty"`      // of the columns
	Snapshots []snapshotState `json:"snapshots,omitempty"`
}

type snapshotState struct {
	Name  string    `json:"name"`
	Type  npz.DType `json:"type"`
	Shape []int     `json:"shape"`
	Rows  int       `json:"rows"`
	Mark  mark      `json:"mark"`
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
	for _, g := range r.columns {
		st.Spikes = append(st.Spikes, g.mark())
	}
	for _, s := range r.snaps {
		st.Snapshots = append(st.Snapshots, snapshotState{s.name, s.dtype, s.shape, s.rows, s.file.mark()})
	}
	return st, nil
}

// possible reports whether all lengths agree with each other.
func (st *recorderState) possible() bool {
	for k, m := range st.Spikes {
		if k >= len(spikeColumns) || m.Len < 0 || m.Len%spikeColumns[k].size != 0 || m.Len/spikeColumns[k].size != st.Spikes[0].Len/spikeColumns[0].size {
			return false
		}
	}
	for _, s := range st.Snapshots {
		size, ok := s.Type.Size()
		for _, n := range append([]int{s.Rows}, s.Shape...) {
			if n < 0 || n > 0 && size > math.MaxInt64/int64(n) {
				return false
			}
			size *= int64(n)
		}
		if !ok || size != s.Mark.Len {
			return false
		}
	}
	return true
}

// restore opens the files as they were at a checkpoint and cuts off what came later.
func (r *recorder) restore(dir string, st recorderState) error {
	r.dir = dir
	if r.spikes {
		if len(st.Spikes) != columnsOf(r.replicas) || len(st.Last) != r.replicas {
			return errBadCheckpoint
		}
		r.last = st.Last
		for k, m := range st.Spikes {
			g, err := reopen(filepath.Join(dir, spikeFile(k)), m)
			if err != nil {
				return err
			}
			r.columns = append(r.columns, g)
		}
	}
	for k, s := range st.Snapshots {
		file, err := reopen(filepath.Join(dir, snapshotFile(k)), s.Mark)
		if err != nil {
			return err
		}
		r.snaps = append(r.snaps, &snapshot{s.Name, s.Type, s.Shape, file, s.Rows})
	}
	return nil
}
