package sweep

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"spikealign/experiment"
	"spikealign/internal/durable"
)

// claim takes the folder: makes it, locks it, sees that the runs in it are those of this sweep, and
// writes sweep.yaml.
func (s *Sweep) claim(o Options) (unlock func(), err error) {
	if experiment.IsRun(o.Dir) && !IsSweep(o.Dir) {
		return nil, experiment.Usagef("%s is the folder of a run; choose another folder with -o", o.Dir)
	}
	if entries, err := os.ReadDir(o.Dir); err == nil && !IsSweep(o.Dir) {
		for _, e := range entries {
			// A sweep that was killed in its first moment leaves only its inputs.
			if !strings.HasPrefix(e.Name(), ".") && e.Name() != o.Beside && !(e.Name() == experiment.InputsFile && experiment.IsInputs(filepath.Join(o.Dir, e.Name()))) {
				return nil, experiment.Usagef("%s is not empty and not the folder of a sweep (it holds %s); choose another folder with -o", o.Dir, e.Name())
			}
		}
	}
	s.adopt(o.Dir)
	strays, err := s.strays(o.Dir, o.Overwrite)
	if err != nil {
		return nil, err
	}
	if len(strays) > 0 && !o.Overwrite {
		return nil, s.refusal(o.Dir, strays)
	}
	if len(strays) > 0 {
		if err := underWay(o.Dir); err != nil {
			return nil, err
		}
	}
	for _, m := range strays {
		if f, err := experiment.Open(filepath.Join(o.Dir, MembersDir, m.name)); err == nil && f.Info.Status == experiment.Running {
			return nil, experiment.Usagef("%s is not of this sweep and under way (process %d on %s); wait until it ends, or choose another folder with -o", f.Dir, f.Info.PID, f.Info.Host)
		}
	}
	if err := s.checkSources(o.Dir, strays); err != nil {
		return nil, err
	}
	text, err := s.Marshal()
	if err != nil {
		return nil, err
	}
	if err := durable.MakeFolder(o.Dir); err != nil {
		return nil, experiment.Usagef("cannot make the folder of the sweep: %v; choose another folder with -o", errors.Unwrap(err))
	}
	unlock = func() {}
	lock, err := durable.Lock(o.Dir)
	var locked *durable.LockedError
	switch {
	case err == nil:
		unlock = func() { lock.Unlock() }
	case errors.As(err, &locked):
		return nil, experiment.Usagef("%v", err)
	case !errors.Is(err, errors.ErrUnsupported):
		return nil, err
	}
	if err := s.settle(o.Dir, strays, text); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// settle makes the claimed folder that of this sweep.
func (s *Sweep) settle(dir string, strays []stray, text []byte) error {
	if _, err := durable.Sweep(dir); err != nil {
		return err
	}
	if err := s.write(dir, text); err != nil {
		return err
	}
	if len(strays) > 0 { // they are in the figures, too; the tables are written anew at once
		if err := durable.RemoveAll(filepath.Join(dir, experiment.FiguresDir)); err != nil {
			return err
		}
	}
	for _, m := range strays {
		if at := filepath.Join(dir, MembersDir, m.name); experiment.IsRun(at) {
			if err := experiment.Remove(at); err != nil {
				return err
			}
		}
		if err := drop(dir, m.name); err != nil {
			return err
		}
	}
	// What was left when this was killed.
	isMember := map[string]bool{}
	for _, m := range s.Members {
		isMember[m.Name] = true
	}
	entries, _ := os.ReadDir(filepath.Join(dir, MembersDir)) // there may be none yet
	for _, e := range entries {
		if at := filepath.Join(dir, MembersDir, e.Name()); e.IsDir() && !isMember[e.Name()] && !experiment.IsRun(at) {
			if err := experiment.RemoveRemains(at); err != nil {
				return err
			}
		}
	}
	return durable.MakeFolder(filepath.Join(dir, MembersDir))
}

// Save writes the sweep to a folder, from which Load reads it again.
func (s *Sweep) Save(dir string) error {
	text, err := s.Marshal()
	if err != nil {
		return err
	}
	return s.write(dir, text)
}

func (s *Sweep) write(dir string, text []byte) error {
	// What sweep.yaml names must be there as long as it does.
	inputs, file := filepath.Join(dir, experiment.InputsFile), filepath.Join(dir, ConfigFile)
	if old, err := durable.ReadFile(file); err != nil || !bytes.Equal(old, text) {
		if err := s.place.KeepBoth(inputs, sumOf(old), sumOf(text)); err != nil {
			return err
		}
		if err := durable.WriteFile(file, 0o666, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
			return err
		}
	}
	kept, err := s.place.Keep(inputs)
	if err == nil && !kept && experiment.IsInputs(inputs) {
		err = durable.Remove(inputs)
	}
	return err
}

func sumOf(text []byte) string { return fmt.Sprintf("%x", sha256.Sum256(text)) }

// stray is a run among the members in a folder that is none of this sweep.
type stray struct {
	name   string
	change string // how it differs from the member of that name; "" if there is no such member
	seed   bool   // that member has another seed, which follows from the sweep's
}

// runIn is a run in the folder of a sweep, of the member of that name.
type runIn struct {
	name, dir string
	isAttempt bool
}

// runsIn returns the runs in the folder of a sweep, those of attempts included. What stands in the
// place of a member's folder and is none is an error.
func runsIn(dir string, isMember func(name string) bool) (runs []runIn, err error) {
	entries, err := os.ReadDir(filepath.Join(dir, MembersDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, experiment.Usagef("%s cannot be the folder of a sweep: %v; choose another folder with -o", dir, err)
	}
	for _, e := range entries {
		at := filepath.Join(dir, MembersDir, e.Name())
		if experiment.IsRun(at) {
			runs = append(runs, runIn{name: e.Name(), dir: at})
		} else if st, err := os.Stat(at); err == nil && !st.IsDir() && isMember(e.Name()) {
			return nil, experiment.Usagef("%s stands where the folder of a member should, and is none; move it away", at)
		}
	}
	for name := range attempted(dir) {
		for _, a := range attempts(dir, name) {
			if experiment.IsRun(a.path) {
				runs = append(runs, runIn{name, a.path, true})
			}
		}
	}
	return runs, nil
}

// strays returns the runs in the folder of a sweep that are not of this one. A finished run whose
// configuration was changed since is an error, or a stray if it may be replaced.
func (s *Sweep) strays(dir string, replace bool) (found []stray, err error) {
	index := map[string]int{}
	for k, m := range s.Members {
		index[m.Name] = k
	}
	runs, err := runsIn(dir, func(name string) bool { _, ok := index[name]; return ok })
	if err != nil {
		return nil, err
	}
	for _, r := range runs {
		name, at := r.name, r.dir
		if slices.ContainsFunc(found, func(x stray) bool { return x.name == name }) {
			continue
		}
		k, ok := index[name]
		if !ok {
			found = append(found, stray{name: name})
			continue
		}
		now, err := s.Members[k].Spec()
		if err != nil {
			return nil, err
		}
		if info, err := experiment.ReadInfo(at); err == nil && (&experiment.Folder{Dir: at, Info: info}).Holds(now) {
			continue // as nearly always, and there may be thousands
		}
		f, err := experiment.Open(at)
		if err == nil {
			err = f.Unchanged(s.kinds)
		}
		var old *experiment.Spec
		if err == nil || errors.Is(err, fs.ErrNotExist) { // killed in its first moment
			old, err = f.Spec(s.kinds)
		}
		if err != nil && r.isAttempt && !experiment.IsRun(at) {
			continue // it became the member in this moment
		}
		if err != nil && replace {
			found = append(found, stray{name: name, change: err.Error()})
			continue
		}
		if err != nil { // Faults in it would be told without the rest
			return nil, experiment.Usagef("%v; or run this member anew with --force", err)
		}
		x := stray{name: name}
		if !s.ownSeeds() && old.Seed != now.Seed {
			x.seed, old.Seed = true, now.Seed
		}
		if x.change, err = now.Differs(old); err != nil {
			return nil, err
		}
		if x.seed || x.change != "" {
			found = append(found, x)
		}
	}
	return found, nil
}

// refusal says how the sweep in a folder differs from this one, which has not the strays.
func (s *Sweep) refusal(dir string, strays []stray) error {
	const most = 3
	names := make([]string, 0, most)
	for _, m := range strays[:min(most, len(strays))] {
		names = append(names, m.name)
	}
	more := ""
	if n := len(strays) - len(names); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	members := "member"
	if len(strays) > 1 {
		members = "members"
	}
	return experiment.Usagef("%s holds another sweep: %s; choose another folder with -o, or remove what is not of this sweep with --force (%d %s: %s%s)",
		dir, s.difference(dir, strays), len(strays), members, strings.Join(names, ", "), more)
}

// difference says in which respect the sweep in a folder is none that this one goes on with.
func (s *Sweep) difference(dir string, strays []stray) string {
	for _, m := range strays {
		if m.change != "" {
			return "another base experiment: " + m.change + ", for member " + m.name
		}
	}
	old, err := Load(s.kinds, dir)
	if slices.ContainsFunc(strays, func(m stray) bool { return m.seed }) {
		return s.seedDifference(old)
	}
	if err != nil {
		return "it has members that this grid has not"
	}
	var missing []string
	for _, a := range old.Grid {
		k := slices.IndexFunc(s.Grid, func(b Axis) bool { return b.Path == a.Path })
		if k < 0 {
			return "its grid varies " + a.Path + ", this one does not"
		}
		if values := slices.DeleteFunc(canonicals(a), func(v string) bool { return slices.Contains(canonicals(s.Grid[k]), v) }); len(values) > 0 {
			list := strings.Join(values, ", ")
			if r := []rune(list); len(r) > 60 { // they may be matrices
				list = string(r[:59]) + "…"
			}
			missing = append(missing, a.Path+" = "+list)
		}
	}
	for _, a := range s.Grid {
		if !slices.ContainsFunc(old.Grid, func(b Axis) bool { return b.Path == a.Path }) {
			return "its grid does not vary " + a.Path + ", this one does"
		}
	}
	if len(missing) > 0 {
		return "its grid has " + strings.Join(missing, " and ") + ", this one has not"
	}
	return "it has members that this grid has not"
}

// seedDifference says why members have other seeds than those of another sweep, nil if that cannot
// be read. They follow from the seed of the base and from the replicates.
func (s *Sweep) seedDifference(old *Sweep) string {
	list := func(paths []string) string {
		if len(paths) == 0 {
			return "none"
		}
		return strings.Join(slices.Sorted(slices.Values(paths)), ", ")
	}
	switch {
	case old == nil || len(old.Members) == 0:
	case list(old.Replicates) != list(s.Replicates):
		return fmt.Sprintf("its replicates are %s, those of this one are %s, and the seeds of all members follow from them", list(old.Replicates), list(s.Replicates))
	case old.seed != s.seed:
		return fmt.Sprintf("the seed of its base experiment is %d, that of this one is %d", old.seed, s.seed)
	}
	return "its members have other seeds"
}

// canonicals are the values of an axis as names of members have them.
func canonicals(a Axis) []string {
	var texts []string
	for _, v := range a.Values {
		texts = append(texts, canonical(v))
	}
	return texts
}

// checkSources opens the runs from which members that have not begun are to begin, before any
// member runs, and holds them to those from which the others began: a folder that was run again in
// between holds another run.
func (s *Sweep) checkSources(dir string, strays []stray) error {
	begun := map[string]string{} // path and epoch of a source: the checksum of its arrays
	var rest []Member
	for _, m := range s.Members {
		if !m.from {
			continue
		}
		if slices.ContainsFunc(strays, func(x stray) bool { return x.name == m.Name }) {
			rest = append(rest, m) // to be run anew
			continue
		}
		switch info, err := experiment.ReadInfo(MemberDir(dir, m)); {
		case err != nil: // not begun, or damaged, which is reported when it is run
			rest = append(rest, m)
		case info.From != nil:
			begun[info.From.Folder+"#"+info.From.Epoch] = info.From.SHA256
		}
	}
	for _, m := range rest {
		spec, err := m.Spec()
		if err != nil {
			return err
		}
		source, err := spec.Source()
		if err != nil {
			return err
		}
		i := source.Info
		if slices.ContainsFunc(strays, func(x stray) bool { return source.In(filepath.Join(dir, MembersDir, x.name)) }) {
			return experiment.Usagef("%s is not of this sweep, but member %s is to begin from it, and --force would remove it; sweep into another folder with -o, or copy that run and begin from the copy", i.Folder, m.Name)
		}
		if sum, ok := begun[i.Folder+"#"+i.Epoch]; ok && sum != i.SHA256 {
			return experiment.Usagef("%s holds another run than when members of %s began from it; put the old one back, or sweep into another folder with -o", i.Folder, dir)
		}
	}
	return nil
}
