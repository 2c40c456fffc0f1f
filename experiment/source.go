package experiment

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"spikealign/internal/durable"
	"spikealign/internal/npz"
)

// Starter is a Config that can begin from the weights of another run.
type Starter interface {
	Config
	// From names that run, "FOLDER" for its end or "FOLDER#EPOCH" for a report of that epoch, at
	// the path From of the configuration that messages name; "" if there is none.
	From() (from, path string)
}

// Source is the finished run from which another begins. What is read of it is kept in the new run's
// folder (InitialFile), so that the new run can be resumed whatever becomes of the old one, and
// named in its run.json.
type Source struct {
	Info SourceInfo

	folder *Folder
	row    int               // of metrics.csv and of snapshots; -1: the end of the run
	read   []Array           // what was asked for
	kept   map[string]*Array // on resume: what was read when the run began
}

// SourceInfo says in run.json from which run another began.
type SourceInfo struct {
	Folder  string `json:"folder"` // absolute
	Epoch   string `json:"epoch,omitempty"`
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Seed    uint64 `json:"seed"`
	Program string `json:"program"`
	SHA256  string `json:"arrays_sha256"` // of its arrays.npz
}

// OpenSource finds the run that from names, as a Starter does, and makes sure that it is a finished
// one of this kind, whose configuration is still its own. The error wraps ErrUsage where it is not.
func OpenSource(from string, kind Kind) (*Source, error) {
	dir, epoch := from, ""
	if _, err := os.Stat(dir); err != nil {
		if k := strings.LastIndexByte(from, '#'); k >= 0 {
			if dir, epoch = from[:k], from[k+1:]; epoch == "" {
				return nil, Usagef("%s names no epoch behind the #", from)
			}
		}
	}
	if !IsRun(dir) {
		return nil, Usagef("%s is not the folder of a run", dir)
	}
	folder, err := Open(dir)
	switch {
	case err != nil:
		return nil, err
	case folder.Info.Kind != kind.Name():
		return nil, Usagef("%s holds a run of kind %s; needed is one of kind %s", dir, folder.Info.Kind, kind.Name())
	case folder.Info.Status != Done:
		return nil, Usagef("the run in %s is not finished (%s); go on with it: spikealign resume %s", dir, folder.Info.Status, dir)
	}
	if err := folder.Unchanged(Kinds{kind}); err != nil {
		return nil, err
	}
	s := &Source{folder: folder, row: -1}
	if epoch != "" {
		if s.row, err = folder.rowOf(epoch); err != nil {
			return nil, err
		}
	}
	i := folder.Info
	s.Info = SourceInfo{Epoch: epoch, Kind: i.Kind, Name: i.Name, Seed: i.Seed, Program: i.Program}
	if s.Info.Folder, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	s.Info.SHA256, err = sumOf(folder.Path(ArraysFile))
	return s, err
}

// Folder returns the folder of the run; nil where the run that begins from it is being resumed.
func (s *Source) Folder() *Folder { return s.folder }

// In reports whether the run is the one in dir, by whatever path.
func (s *Source) In(dir string) bool {
	if s.folder == nil {
		return false
	}
	x, err1 := os.Stat(s.folder.Dir)
	y, err2 := os.Stat(dir)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// rowOf returns the row of metrics.csv that reports an epoch.
func (f *Folder) rowOf(epoch string) (int, error) {
	head, rows, err := f.Rows("metrics")
	if err != nil {
		return 0, err
	}
	column := slices.Index(head, "epoch")
	if column < 0 {
		return 0, Usagef("%s has no epochs", f.Path(MetricsFile))
	}
	// A report may have several rows.
	var known []string
	for k, row := range rows {
		if k > 0 && row[column] == rows[k-1][column] {
			continue
		}
		if row[column] == epoch {
			return len(known), nil
		}
		known = append(known, row[column])
	}
	if len(known) > 6 {
		known = append(append(known[:3:3], "..."), known[len(known)-1])
	}
	return 0, Usagef("%s has no report of epoch %s, only of %s", f.Path(MetricsFile), epoch, strings.Join(known, ", "))
}

func sumOf(path string) (string, error) {
	f, err := durable.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Floats returns the array final of the run's end, or, where an epoch was named, the row of that
// epoch of the snapshots; "" stands for what does not change. It is an error if the array has
// another shape than the one given.
func (s *Source) Floats(final, snapshots string, shape ...int) ([]float64, error) {
	if s.kept != nil {
		a := s.kept[final]
		if a == nil || !slices.Equal(a.Shape, shape) {
			return nil, fmt.Errorf("%s does not hold %s of shape %v", InitialFile, final, shape)
		}
		return a.Data.([]float64), nil
	}
	z, err := s.folder.Arrays()
	if err != nil {
		return nil, err
	}
	defer z.Close()
	name, path := final, s.folder.Path(ArraysFile)
	if s.row >= 0 && snapshots != "" {
		name = snapshots
	}
	if !z.Has(name) {
		if name == snapshots {
			return nil, Usagef("%s has no snapshots %s: only the end of that run can be begun from; with snapshots: true that run would keep its reports too", path, name)
		}
		return nil, Usagef("%s has no array %s", path, name)
	}
	values, found, err := z.Float64s(name)
	if err != nil {
		return nil, err
	}
	if name != final {
		if len(found) < 1 || s.row >= found[0] {
			return nil, fmt.Errorf("%s: %s has no row %d", path, name, s.row)
		}
		size := len(values) / found[0]
		values, found = values[s.row*size:][:size], found[1:]
	}
	if !slices.Equal(found, shape) {
		return nil, Usagef("%s: %s has the shape %v, and this experiment needs %v", path, name, found, shape)
	}
	s.read = append(s.read, Array{Name: final, Shape: shape, Data: values})
	return values, nil
}

// Metric returns the value of a column of metrics.csv in the last row, or in that of the epoch
// named.
func (s *Source) Metric(column string) (float64, error) {
	if s.kept != nil {
		x, err := s.Floats(column, "", 1)
		if err != nil {
			return 0, err
		}
		return x[0], nil
	}
	head, rows, err := s.folder.Rows("metrics")
	if err != nil {
		return 0, err
	}
	k, row := slices.Index(head, column), s.row
	if row < 0 {
		row = len(rows) - 1
	}
	if k < 0 || row < 0 {
		return 0, Usagef("%s has no value of %s", s.folder.Path(MetricsFile), column)
	}
	x, err := strconv.ParseFloat(rows[row][k], 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %s: %w", s.folder.Path(MetricsFile), column, err)
	}
	s.read = append(s.read, Array{Name: column, Shape: []int{1}, Data: []float64{x}})
	return x, nil
}

// From returns the run that this experiment names to begin from, and the path of that setting; ""
// if it names none.
func (s *Spec) From() (from, path string) {
	if c, ok := s.Config.(Starter); ok {
		return c.From()
	}
	return "", ""
}

// Source opens the run from which this experiment is to begin; nil if it names none. The error says
// where it is named.
func (s *Spec) Source() (*Source, error) {
	from, path := s.From()
	if from == "" {
		return nil, nil
	}
	source, err := OpenSource(from, s.Kind)
	if err != nil {
		return nil, fmt.Errorf("%s = %s: %w", path, from, err)
	}
	return source, nil
}

// findSource opens the run to begin from, if the configuration names one: the kept arrays when the
// run is resumed.
func (l *loop) findSource(spec *Spec) (err error) {
	if from, _ := spec.From(); from == "" {
		return nil
	}
	if l.dir == "" {
		l.source, err = spec.Source()
		return err
	}
	if l.source, err = keptSource(l.path(InitialFile)); errors.Is(err, fs.ErrNotExist) {
		l.source, err = spec.Source()
	}
	return err
}

// keptSource reads what keepSource wrote.
func keptSource(path string) (*Source, error) {
	z, err := npz.Open(path)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	s := &Source{kept: map[string]*Array{}}
	for _, name := range z.Names() {
		if name == sourceArray {
			text, _, err := z.Strings(name)
			if err != nil {
				return nil, err
			}
			if len(text) != 1 || json.Unmarshal([]byte(text[0]), &s.Info) != nil {
				return nil, fmt.Errorf("%s: %s does not describe a run", path, name)
			}
			continue
		}
		values, shape, err := z.Float64s(name)
		if err != nil {
			return nil, err
		}
		s.kept[name] = &Array{Name: name, Shape: shape, Data: values}
	}
	return s, nil
}

// keepSource writes what was read of the source to the new run's folder, unless it stands there.
func (l *loop) keepSource() error {
	if l.source == nil || l.source.kept != nil {
		return nil
	}
	return writeArrays(l.path(InitialFile), sourceArray, l.source.Info, l.source.read)
}
