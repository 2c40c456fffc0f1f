package experiment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"spikealign/internal/durable"
)

// claim takes the folder of a new run: makes it, locks it, and makes sure that nothing else is in
// it.
func (l *loop) claim(o Options) error {
	l.dir = o.Dir
	if o.Unique {
		if err := durable.MakeFolder(filepath.Dir(o.Dir)); err != nil {
			return l.folderError(err)
		}
		for k := 2; ; k++ {
			err := durable.MakeNewFolder(l.dir)
			if err == nil {
				break
			}
			if !errors.Is(err, os.ErrExist) {
				return l.folderError(err)
			}
			l.dir = fmt.Sprintf("%s-%d", o.Dir, k)
		}
	} else {
		if what := occupied(l.dir); what != "" && !(o.Overwrite && what == aRun) {
			return l.taken(what)
		}
		if err := durable.MakeFolder(l.dir); err != nil {
			return l.folderError(err)
		}
	}
	l.hook("folder")
	if err := l.lock(); err != nil {
		return err
	}
	// Another process may have been here between the first look and the lock.
	what := occupied(l.dir)
	if what == aRun && o.Overwrite && !o.Unique {
		if l.source != nil && l.source.In(l.dir) {
			return Usagef("the run in %s is the one to begin from; choose another folder with -o", l.dir)
		}
		return l.clear()
	}
	if what != "" {
		if l.unlock != nil { // or this lock would look like that of a run
			l.unlock()
			l.unlock = nil
		}
		return l.taken(what)
	}
	return nil
}

const aRun = "a run"

// occupied says what is in a folder: nothing (""), a run, or the name of something else.
func occupied(dir string) string {
	if _, err := os.Stat(filepath.Join(dir, InfoFile)); err == nil {
		return aRun
	}
	if IsRun(dir) {
		// Without run.json this is either a run that was killed in its first moment or a file of
		// the user's.
		if _, err := os.Stat(filepath.Join(dir, MetricsFile)); err == nil {
			return aRun
		}
		return ConfigFile
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "" // Mkdir will tell
	}
	for _, e := range entries {
		if !isHousekeeping(e.Name()) && !(e.Name() == InputsFile && IsInputs(filepath.Join(dir, InputsFile))) {
			return e.Name()
		}
	}
	return ""
}

func (l *loop) folderError(err error) error {
	if l.GoOn != "" { // the folder is not the user's choice
		return l.remedy(err)
	}
	err = errors.Unwrap(err) // of durable: the remedy here is another one
	return Usagef("cannot make the folder of the run: %v; choose another folder with -o", err)
}

func (l *loop) taken(what string) error {
	dir := l.dir
	if what != aRun && l.GoOn != "" {
		return Usagef("%s is not empty and not the folder of a run (it holds %s); move it away, then go on with: %s", dir, what, l.GoOn)
	}
	if what == ConfigFile {
		return Usagef("%s holds an %s and no run; if a run was killed there in its first moment, go on with: spikealign resume %s; else choose another folder with -o", dir, what, dir)
	}
	if what != aRun {
		return Usagef("%s is not empty and not the folder of a run (it holds %s); choose another folder with -o", dir, what)
	}
	state := "that was not finished"
	folder, err := Open(dir)
	switch info := folder.Info; {
	case err != nil && !errors.Is(err, os.ErrNotExist):
		state = fmt.Sprintf("whose status cannot be read (%v)", err)
	case info.Status == Done:
		return Usagef("%s holds a finished run; choose another folder with -o, or replace it with --force", dir)
	case info.Status == Running:
		return Usagef("%s holds a run that is under way (process %d on %s); wait until it ends, or choose another folder with -o", dir, info.PID, info.Host)
	case info.Status == Interrupted:
		state = "that was interrupted"
	case info.Status == Killed:
		state = "that was killed"
	case info.Status == Failed:
		state = "that failed"
	}
	return Usagef("%s holds a run %s; go on with: spikealign resume %s, choose another folder with -o, or replace it with --force", dir, state, dir)
}

// replaced is the error of a run that another one replaces.
const replaced = "a new run began to replace this one"

// clear makes room for a new run in the folder of an old one. The old run is declared unfinished
// first, so that a folder from which something is missing never looks finished; its configuration
// with its inputs, metrics.csv and run.json are left to be replaced by the new run's.
func (l *loop) clear() error {
	old, err := ReadInfo(l.dir)
	if err != nil {
		old = Info{Format: infoFormat, Kind: l.info.Kind, Name: l.info.Name, Tables: l.info.Tables}
	}
	old.Status, old.Error = Failed, replaced
	if err := l.write(&old); err != nil {
		return err
	}
	l.hook("declared")
	for _, n := range resultsOf(old) {
		if err := durable.RemoveAll(l.path(n)); err != nil {
			return err
		}
		l.hook("removed")
	}
	return nil
}

// resultsOf names what a run may have in its folder beside configuration, inputs, run.json and
// metrics.csv.
func resultsOf(i Info) []string {
	names := []string{CheckpointFile, PartialDir, ArraysFile, SpikesFile, InitialFile, FiguresDir}
	for _, t := range i.Tables {
		if name := filepath.Base(t.Name) + ".csv"; name != MetricsFile {
			names = append(names, name)
		}
	}
	return names
}

// Remove removes the run in dir, and dir itself unless it holds anything else. No process may work
// on the run. The configuration goes last, so that what is left after a crash is still a run, and
// after it only the inputs, which it needs.
func Remove(dir string) error {
	info, err := ReadInfo(dir)
	if err != nil {
		info = Info{} // killed in its first moment, or damaged
	}
	for _, n := range append(resultsOf(info), MetricsFile, InfoFile, ".lock", ConfigFile, InputsFile) {
		if err := durable.RemoveAll(filepath.Join(dir, n)); err != nil {
			return err
		}
	}
	return RemoveRemains(dir)
}

// RemoveRemains removes a folder in which there is nothing but what a Remove that was killed may
// leave.
func RemoveRemains(dir string) error {
	if occupied(dir) == "" {
		return durable.RemoveAll(dir)
	}
	return nil
}

// removeLeftovers removes what a finished run does not need. The folder partial goes last: as long
// as it is there, something may be left.
func removeLeftovers(dir string) error {
	if _, err := durable.Sweep(dir); err != nil {
		return err
	}
	return durable.RemoveAll(filepath.Join(dir, PartialDir))
}

// HasLeftovers reports whether a run, if it is finished, was killed before it had removed what it
// does not need. Kinds.Resume removes that.
func HasLeftovers(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, PartialDir))
	return err == nil
}

// lock takes the folder for this process.
func (l *loop) lock() (err error) {
	if l.folder, err = durable.At(l.dir); err != nil {
		return err
	}
	for try := 0; ; try++ {
		k, err := durable.Lock(l.dir)
		var held *durable.LockedError
		switch {
		case err == nil:
			l.unlock = func() {
				if err := k.Unlock(); err != nil {
					l.Log.Warn("the folder could not be unlocked", "error", err)
				}
			}
			return nil
		case errors.Is(err, errors.ErrUnsupported):
			l.noLock = true
			l.Log.Warn("this file system has no locks: make sure that no other process works on the folder", "folder", l.dir)
			return nil
		case errors.As(err, &held) && try < 5:
			time.Sleep(20 * time.Millisecond) // isLocked holds the lock for a moment
		case errors.As(err, &held):
			return usageError{err.Error(), err}
		default:
			return err
		}
	}
}

// isLocked reports whether a process works on the folder.
func isLocked(dir string) bool {
	if _, err := os.Stat(filepath.Join(dir, ".lock")); err != nil {
		return false
	}
	k, err := durable.Lock(dir)
	if err == nil {
		_ = k.Unlock() // at worst the file stays
		return false
	}
	var held *durable.LockedError
	return errors.As(err, &held)
}

// isHousekeeping reports whether a file is one of package durable's own.
func isHousekeeping(name string) bool {
	return name == ".lock" || strings.HasPrefix(name, ".") && strings.Contains(name, ".tmp-")
}
