package experiment

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"spikealign/internal/durable"
	"spikealign/internal/npz"
)

// headOf reads the header of a checkpoint. ok is false if there is none that this program can read.
func headOf(dir string) (h header, ok bool) {
	_, payload, err := durable.LoadCheckpoint(filepath.Join(dir, CheckpointFile))
	if err != nil {
		return h, false
	}
	_, err = h.decode(payload)
	return h, err == nil && h.Format == checkpointFormat
}

// Holds reports whether the folder has the configuration of spec to the byte, and had it when the
// run was last worked on. It is quick; where it says no, that may be for a reason that is none.
func (f *Folder) Holds(spec *Spec) bool {
	if f.Info.Config == "" || len(f.Info.Inputs) > 0 || len(spec.inputs.List) > 0 {
		return false
	}
	want, err := spec.Marshal()
	if err != nil || fmt.Sprintf("%x", sha256.Sum256(want)) != f.Info.Config {
		return false
	}
	text, err := durable.ReadFile(f.Path(ConfigFile))
	return err == nil && bytes.Equal(text, want)
}

// Unchanged returns an error that wraps ErrUsage if the run is finished and its configuration was
// changed since, as far as the folder tells: run.json of earlier versions has no checksum, and then
// only a checkpoint knows. What cannot change a result may be changed as long as there is one.
func (f *Folder) Unchanged(kinds Kinds) error {
	file := f.Path(ConfigFile)
	sum, err := sumOf(file)
	isSame := err == nil && sum == f.Info.Config
	if f.Info.Status != Done || isSame && len(f.Info.Inputs) == 0 {
		return nil
	}
	if isSame { // the numbers in InputsFile have checksums there
		_, err := f.Spec(kinds)
		return err
	}
	h, ok := headOf(f.Dir)
	if !ok && f.Info.Config == "" {
		return nil
	}
	spec, err := f.Spec(kinds)
	if err != nil {
		return err
	}
	if err := f.sameKind(spec); err != nil {
		return err
	}
	anew := "run the changed file in another folder: spikealign run " + file + " -o FOLDER"
	change := ""
	if ok {
		if change, err = spec.changed(h.Config); err != nil && f.Info.Config == "" {
			return nil
		}
	}
	if !ok || err != nil {
		return Usagef("%s was changed since the run finished: its checksum is not the one in %s, and without %s nothing tells what was changed; put it back, or %s", file, InfoFile, CheckpointFile, anew)
	}
	if change != "" {
		return Usagef("%s was changed since the run finished: %s; put it back, or %s%s", file, change, anew, spec.onlyMore(h.Config, f.Dir))
	}
	return nil
}

// sameKind returns an error that wraps ErrUsage if the experiment in the folder is of another kind
// than the run.
func (f *Folder) sameKind(s *Spec) error {
	if kind := s.Kind.Name(); f.Info.Kind != "" && f.Info.Kind != kind {
		return Usagef("%s is of kind %s, but the run of kind %s; put its own file back, or run this one in another folder: spikealign run %s -o FOLDER",
			f.Path(ConfigFile), kind, f.Info.Kind, f.Path(ConfigFile))
	}
	return nil
}

// onlyMore says how to go on where a configuration differs from that of a checkpoint by more epochs
// alone.
func (s *Spec) onlyMore(config, dir string) string {
	c, ok := s.Config.(Lasting)
	if !ok || c.Epochs().Path == "" {
		return ""
	}
	now := c.Epochs()
	old, err := s.checkpointed(config)
	if err != nil || old.Config.(Lasting).Epochs().Total >= now.Total {
		return ""
	}
	if change, err := s.changed(config, now.override()); err != nil || change != "" {
		return ""
	}
	return fmt.Sprintf("; or go on to more epochs: spikealign resume %s --epochs %d", dir, now.Total)
}

func (e Epochs) override() string { return fmt.Sprintf("%s=%d", e.Path, e.Total) }

// prolonged returns the configuration of a run that goes on to that many epochs, and the override
// that makes it of the present one.
func (ks Kinds) prolonged(dir string, spec *Spec, epochs int64) (*Spec, string, error) {
	var now Epochs
	if c, ok := spec.Config.(Lasting); ok {
		now = c.Epochs()
	}
	if now.Path == "" {
		return nil, "", Usagef("the run in %s has no number of epochs: it cannot go on to more", dir)
	}
	now.Total = epochs
	anew := runAnew(dir, now.override())
	if err := durable.Readable(filepath.Join(dir, CheckpointFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, "", err
	}
	h, ok := headOf(dir)
	if !ok || h.Bare {
		return nil, "", Usagef("%s does not hold the state of the run (it was stopped before its first checkpoint, or checkpoint.keep is false, or the checkpoint was deleted, or another version of the program ran it): it cannot go on; %s", dir, anew)
	}
	if h.State != spec.Kind.StateVersion() {
		return nil, "", Usagef("%s was written by a version of the program that computes other numbers: the run cannot go on; %s", filepath.Join(dir, CheckpointFile), anew)
	}
	old, err := spec.checkpointed(h.Config)
	if err != nil {
		return nil, "", Usagef("%s does not fit the run; %s", filepath.Join(dir, CheckpointFile), anew)
	}
	switch total := old.Config.(Lasting).Epochs().Total; {
	case epochs == total && !isDone(dir): // it was stopped on its way there
		return spec, "", nil
	case epochs <= total:
		return nil, "", Usagef("the run in %s has %d epochs: --epochs is their number in total and must be larger", dir, total)
	}
	spec, err = ks.loadRun(dir, now.override())
	return spec, now.override(), err
}

// runAnew says how to get a run with more epochs without going on.
func runAnew(dir, override string) string {
	return fmt.Sprintf("run it anew with more epochs: spikealign run %s --set %s -o FOLDER", filepath.Join(dir, ConfigFile), override)
}

// unfinish makes the files that a run under way writes from the results of a finished one.
func (l *loop) unfinish(st recorderState) error {
	partial := l.path(PartialDir)
	if !isDone(l.dir) {
		// Of a run under way the results are those of an earlier end.
		_, missing := os.Stat(partial)
		if _, err := os.Stat(l.path(ArraysFile)); errors.Is(err, fs.ErrNotExist) || !errors.Is(missing, fs.ErrNotExist) {
			return nil
		}
	}
	if err := durable.RemoveAll(partial); err != nil {
		return err
	}
	if err := durable.MakeFolder(partial); err != nil {
		return err
	}
	l.hook("partial")
	for k, m := range st.Spikes {
		if err := l.unpack(SpikesFile, spikeColumns[k].name, spikeFile(k), m); err != nil {
			return err
		}
	}
	for k, s := range st.Snapshots {
		if err := l.unpack(ArraysFile, s.Name, snapshotFile(k), s.Mark); err != nil {
			return err
		}
	}
	return nil
}

// isDone reports whether run.json says that the run is finished.
func isDone(dir string) bool {
	info, err := ReadInfo(dir)
	return err == nil && info.Status == Done
}

// unpack writes an array of the results to a file that grows on from it.
func (l *loop) unpack(from, array, to string, m mark) error {
	path := l.path(PartialDir, to)
	broken := func(err error) error {
		return Usagef("the run cannot go on without its %s: %v; put the file back as it was when the run finished, or %s", from, err, runAnew(l.dir, l.prolong))
	}
	z, err := npz.Open(l.path(from))
	if err != nil {
		return broken(err)
	}
	defer z.Close()
	_, _, data, err := z.Stream(array)
	if err != nil {
		return broken(err)
	}
	defer data.Close()
	if err := durable.WriteFile(path, 0o666, func(w io.Writer) error {
		_, err := io.Copy(w, data)
		return err
	}); err != nil {
		var refused *durable.FileError
		if errors.As(err, &refused) {
			return l.remedy(err)
		}
		return broken(err)
	}
	l.hook("unpacked")
	if err := durable.Verify(path, m); err != nil {
		return Usagef("%s was changed since the run finished: its array %s is another one; put it back", l.path(from), array)
	}
	return nil
}

// goOn makes the restored run one that is under way, with the configuration that has more epochs. A
// run that is killed in here can be resumed, or prolonged again: what is new replaces the old file
// by file, and the results of the old end go last.
func (l *loop) goOn(config string) error {
	old, err := l.spec.checkpointed(config)
	if err != nil {
		return err
	}
	if e := old.Config.(Lasting).Epochs(); l.run.Progress().Done >= float64(e.Total) {
		l.info.Ends = append(l.info.Ends, End{e.Total, e.Regular})
	}
	l.info.Engine, l.info.Facts = l.facts.Engine, l.facts.More
	if err := l.writeInfo(Interrupted); err != nil {
		return err
	}
	text, err := l.spec.Marshal()
	if err != nil {
		return err
	}
	if err := writeFile(l.path(ConfigFile), text); err != nil {
		return err
	}
	l.hook("configuration")
	if err := l.checkpoint(); err != nil {
		return err
	}
	l.prolong = "" // the run has the epochs
	for _, name := range []string{ArraysFile, SpikesFile} {
		if err := durable.Remove(l.path(name)); err != nil {
			return err
		}
		l.hook("removed")
	}
	return nil
}
