package sweep

import (
	"cmp"
	"context"
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
	"syscall"
	"time"

	"spikealign/experiment"
	"spikealign/internal/durable"
)

// Several machines may share the folder of a sweep, and nobody can tell a process that died there
// from one that cannot be heard. So whoever works on a member on behalf of a batch system makes an
// attempt with a number, in a folder that no other process writes to:
//
//	.attempts/NAME/K.json   who makes attempt K, written anew in every sixth of the lease
//	.attempts/NAME/K/       its run
//
// A number is taken by making K.json, which succeeds once. The highest number owns the member: a
// maker that finds a higher one stops. An attempt goes on from the checkpoint of an earlier one: in
// the folder itself, if its maker said that it stopped, else in a copy. A finished attempt becomes
// the member by one rename of its folder, which fails if there is a finished member already. Locks
// are not needed for any of this.
const attemptsDir = ".attempts"

// Owner is who makes attempts on members of a sweep whose folder others share.
type Owner struct {
	Host string // the node, by which a process that is gone is known; other nodes go by the lease
	Job  string // what the batch system calls the task, "12_3"
	Log  string // the file that has what the task says
	// Lease is how long an attempt that is not heard of counts as alive.
	Lease time.Duration
}

// Attempt is an attempt on a member.
type Attempt struct {
	Number int     `json:"-"`
	Host   string  `json:"host"`
	PID    int     `json:"pid"`
	Job    string  `json:"job"`
	Log    string  `json:"log"`
	Lease  float64 `json:"lease_seconds"`
	// State is Running, Interrupted if it stopped with a checkpoint, or Failed.
	State experiment.Status `json:"state"`
	Error string            `json:"error,omitempty"` // of one that failed

	path string    // of its folder
	told time.Time // when its maker wrote this
}

var (
	errBusy       = errors.New("another process works on the member")
	errSuperseded = errors.New("another attempt took over")
)

// attempts returns the attempts on a member, the newest first.
func attempts(dir, name string) []Attempt {
	at := filepath.Join(dir, attemptsDir, name)
	entries, _ := os.ReadDir(at) // there may be none
	var found []Attempt
	for _, e := range entries {
		number, isRecord := strings.CutSuffix(e.Name(), ".json")
		n, err := strconv.Atoi(number)
		if !isRecord || err != nil {
			continue
		}
		a := Attempt{Number: n, State: experiment.Running, path: filepath.Join(at, number)}
		// The file is opened before it is looked at: a network file system may tell an old time of
		// one that is not. One that was just made may be empty.
		if f, err := durable.Open(filepath.Join(at, e.Name())); err == nil {
			if st, err := f.Stat(); err == nil {
				a.told = st.ModTime()
			}
			if text, err := io.ReadAll(f); err == nil {
				_ = json.Unmarshal(text, &a)
			}
			f.Close()
		}
		found = append(found, a)
	}
	slices.SortFunc(found, func(a, b Attempt) int { return cmp.Compare(b.Number, a.Number) })
	return found
}

// alive reports whether an attempt may be under way, at a time of the file system's clock.
func (a *Attempt) alive(host string, now time.Time) bool {
	if a.State != experiment.Running {
		return false
	}
	if a.Host == host && a.PID > 0 && processGone(a.PID) {
		return false
	}
	const unknown = 60 // of a record that is still empty
	// A record of the future is from before the clock was set back, and would count until then.
	return now.Sub(a.told).Abs().Seconds() < cmp.Or(a.Lease, unknown)
}

// processGone reports whether there is no process of that number on this machine.
func processGone(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return true
	}
	err = p.Signal(syscall.Signal(0))
	return errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH)
}

func (a *Attempt) write() error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return durable.WriteFile(a.path+".json", 0o666, func(w io.Writer) error { _, err := w.Write(text); return err })
}

// isDone reports whether a folder holds a finished run.
func isDone(dir string) bool {
	info, err := experiment.ReadInfo(dir)
	return err == nil && info.Status == experiment.Done
}

// attempt makes an attempt on a member. It returns errBusy where another process may be at it, and
// nil where the member is finished or was stopped with a checkpoint.
func (o *Owner) attempt(ctx context.Context, t *Task, m Member) error {
	if isDone(MemberDir(t.Dir, m)) {
		return nil
	}
	a, err := o.take(t.Dir, m)
	if err != nil {
		return err
	}
	return t.observed(m, func(session experiment.Session) error { return a.work(ctx, t, m, session) })
}

// work brings the member to its end.
func (a *Attempt) work(ctx context.Context, t *Task, m Member, session experiment.Session) error {
	member := MemberDir(t.Dir, m)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := a.beat(member, cancel)
	before, err := a.begin(t.Dir, m)
	if err == nil && !isDone(a.path) {
		if experiment.IsRun(a.path) {
			_, err = t.Sweep.kinds.Resume(ctx, a.path, session)
		} else {
			err = m.execute(ctx, a.path, session)
		}
	}
	stop()
	if err == nil {
		err = a.win(member)
	}
	switch newest := attempts(t.Dir, m.Name); {
	case err == nil || isDone(member):
		t.advanced.Store(true)
		_ = drop(t.Dir, m.Name) // another attempt may write there, and will soon see that it is late
		return nil
	case len(newest) > 0 && newest[0].Number > a.Number:
		return errBusy
	}
	a.State, a.Error = experiment.Failed, err.Error()
	var stopped *experiment.Stopped
	if errors.As(err, &stopped) {
		a.State, a.Error = experiment.Interrupted, ""
		if info, infoErr := experiment.ReadInfo(a.path); infoErr == nil && info.Done > before {
			t.advanced.Store(true)
		}
	}
	if writeErr := a.write(); writeErr != nil && session.Log != nil {
		session.Log.Warn("the state of the attempt could not be written", "error", writeErr)
	}
	return err
}

// take takes the next number for a member. The error is errBusy if another process may be at it,
// and says how the member failed if it did.
func (o *Owner) take(dir string, m Member) (*Attempt, error) {
	at := filepath.Join(dir, attemptsDir, m.Name)
	if err := durable.MakeFolder(at); err != nil {
		return nil, err
	}
	a := Attempt{Number: 1, Host: o.Host, PID: os.Getpid(), Job: o.Job, Log: o.Log, Lease: o.Lease.Seconds(), State: experiment.Running}
	if all := attempts(dir, m.Name); len(all) > 0 {
		last := all[0]
		now, err := durable.Clock(at)
		switch {
		case err != nil:
			return nil, err
		case last.State == experiment.Failed:
			return nil, errors.New(last.Error)
		case last.alive(o.Host, now):
			return nil, errBusy
		}
		a.Number = last.Number + 1
	}
	if f, err := experiment.Open(MemberDir(dir, m)); err == nil && f.Info.Status == experiment.Running {
		return nil, errBusy // it is run without a batch system
	}
	a.path = filepath.Join(at, strconv.Itoa(a.Number))
	if err := durable.MakeNewFile(a.path + ".json"); errors.Is(err, fs.ErrExist) {
		return nil, errBusy
	} else if err != nil {
		return nil, err
	}
	if err := a.write(); err != nil {
		return nil, err
	}
	return &a, nil
}

// beat lets others see that the attempt is under way, and cancels it when they have taken over.
func (a *Attempt) beat(member string, cancel context.CancelCauseFunc) (stop func()) {
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Duration(a.Lease / 6 * float64(time.Second)))
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
			}
			dir := filepath.Dir(filepath.Dir(filepath.Dir(a.path)))
			newest := attempts(dir, filepath.Base(filepath.Dir(a.path)))
			if isDone(member) || len(newest) == 0 || newest[0].Number > a.Number {
				cancel(errSuperseded)
				return
			}
			_ = a.write() // where this fails, others take over in the end
		}
	}()
	return func() {
		close(quit)
		<-ended
	}
}

// begin puts the furthest that there is of a member into the folder of the attempt, and returns how
// far that is.
func (a *Attempt) begin(dir string, m Member) (done float64, err error) {
	type source struct {
		path string
		info experiment.Info
		free bool // its maker said that it ended
	}
	var best *source
	consider := func(path string, free bool) {
		info, err := experiment.ReadInfo(path)
		if err != nil {
			return
		}
		if _, err := os.Stat(filepath.Join(path, experiment.CheckpointFile)); err != nil && info.Status != experiment.Done {
			return
		}
		isDone := info.Status == experiment.Done
		if best == nil || isDone && best.info.Status != experiment.Done || best.info.Status != experiment.Done && info.Done > best.info.Done {
			best = &source{path, info, free}
		}
	}
	for _, earlier := range attempts(dir, m.Name) {
		if earlier.Number < a.Number {
			consider(earlier.path, earlier.State != experiment.Running)
		}
	}
	if member := MemberDir(dir, m); experiment.IsRun(member) {
		info, err := experiment.ReadInfo(member)
		consider(member, err == nil && info.Status != experiment.Running)
	}
	if best == nil {
		return 0, nil
	}
	if best.free || best.info.Status == experiment.Done {
		err = durable.Rename(best.path, a.path)
	} else {
		err = copyRun(best.path, a.path)
	}
	if err != nil {
		return 0, err
	}
	return best.info.Done, nil
}

// copyRun copies a run that another process may be working on. The files that grow are only added
// to, so that what is copied after the checkpoint holds all that it counts on. run.json goes last:
// without it nobody goes on from a copy that is not whole.
func copyRun(from, to string) error {
	copyFile := func(name string) error {
		src, err := durable.Open(filepath.Join(from, name))
		if err != nil {
			return err
		}
		defer src.Close()
		return durable.WriteFile(filepath.Join(to, name), 0o666, func(w io.Writer) error { _, err := io.Copy(w, src); return err })
	}
	if err := durable.MakeFolder(filepath.Join(to, experiment.PartialDir)); err != nil {
		return err
	}
	if err := copyFile(experiment.CheckpointFile); err != nil {
		return err
	}
	for _, sub := range []string{"", experiment.PartialDir} {
		entries, err := os.ReadDir(filepath.Join(from, sub))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return &durable.FileError{Op: "go on from", Path: from, Err: err}
		}
		for _, e := range entries {
			if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") || e.Name() == experiment.CheckpointFile || e.Name() == experiment.InfoFile {
				continue
			}
			if err := copyFile(filepath.Join(sub, e.Name())); err != nil {
				return err
			}
		}
	}
	return copyFile(experiment.InfoFile)
}

// win makes the folder of a finished attempt that of the member.
func (a *Attempt) win(member string) error {
	if experiment.IsRun(member) && !isDone(member) {
		// What a process that is gone left there; one that lives on another machine fails now.
		if err := durable.Rename(member, filepath.Join(filepath.Dir(a.path), "was-"+strconv.Itoa(a.Number))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := durable.MakeFolder(filepath.Dir(member)); err != nil {
		return err
	}
	return durable.Rename(a.path, member)
}

// Share works on members of a sweep of which others may work on the same ones, from wherever the
// folder is shared. It returns when they are finished or failed, whoever did it, with the errors of
// those that failed by name; with *experiment.Stopped if ctx ends before. advanced says that the
// call brought any of them on.
func Share(ctx context.Context, s *Sweep, o Options, owner Owner) (failed map[string]string, advanced bool, err error) {
	t := &Task{Sweep: s, Options: o, owner: &owner}
	if t.folder, err = durable.At(o.Dir); err != nil {
		return nil, false, err
	}
	t.plan()
	local, ok := o.Engine.(Local)
	if !ok {
		local = Local{}
	}
	failed, err = local.Work(ctx, t)
	if err != nil {
		return nil, t.advanced.Load(), err
	}
	done := 0
	for _, m := range s.Members {
		if isDone(MemberDir(o.Dir, m)) {
			done++
		}
	}
	if done+len(failed) < len(s.Members) {
		err = &experiment.Stopped{Dir: o.Dir, Reason: fmt.Sprintf("interrupted, %d of the %d members of this task are finished", done, len(s.Members))}
	}
	return failed, t.advanced.Load(), err
}

// Forgive lets a member whose last attempt failed be tried again.
func (s *Sweep) Forgive(dir, name string) error {
	if all := attempts(dir, name); len(all) > 0 && all[0].State == experiment.Failed {
		all[0].State, all[0].Error = experiment.Interrupted, ""
		return all[0].write()
	}
	return nil
}

// attempted returns the names of members on which there are attempts.
func attempted(dir string) map[string]bool {
	names := map[string]bool{}
	entries, _ := os.ReadDir(filepath.Join(dir, attemptsDir)) // mostly there are none
	for _, e := range entries {
		names[e.Name()] = true
	}
	return names
}

// IsShared reports whether a batch system works, or has worked, on the sweep in dir: what it does
// is not seen in the folders of members.
func IsShared(dir string) bool { return len(attempted(dir)) > 0 }

// state is what there is of a member by its newest attempt, if there is one.
func attemptState(dir, name string) (State, bool) {
	all := attempts(dir, name)
	if len(all) == 0 {
		return State{}, false
	}
	a := all[0]
	s := State{Status: a.State, Info: &experiment.Info{}, Attempt: &a, dir: a.path}
	for _, earlier := range all { // the newest may have nothing to show yet
		if info, err := experiment.ReadInfo(earlier.path); err == nil {
			s.Info, s.dir = &info, earlier.path
			break
		}
	}
	switch {
	case a.State == experiment.Failed:
		s.Info.Error = a.Error
	case s.Info.Status == experiment.Done: // it is about to become the member
		s.Status = experiment.Running
	case a.State == experiment.Running && !a.alive("", time.Now()):
		s.Status = experiment.Killed
	}
	s.Info.Status = s.Status
	return s, true
}

// bringHome makes the furthest attempts on members the members, for an engine that works on them
// in place. Nobody may work on them.
func (s *Sweep) bringHome(dir string) error {
	for _, m := range s.Members {
		all := attempts(dir, m.Name)
		if len(all) == 0 {
			continue
		}
		home := Attempt{Number: all[0].Number + 1, path: filepath.Join(filepath.Dir(all[0].path), strconv.Itoa(all[0].Number+1))}
		if !isDone(MemberDir(dir, m)) {
			if _, err := home.begin(dir, m); err != nil {
				return err
			}
			if experiment.IsRun(home.path) {
				if err := home.win(MemberDir(dir, m)); err != nil {
					return err
				}
			}
		}
		if err := drop(dir, m.Name); err != nil {
			return err
		}
	}
	_ = durable.Remove(filepath.Join(dir, attemptsDir)) // unless there is anything else in it
	return nil
}

// drop removes the attempts on a member. Each run.json goes first: without it nobody goes on from a
// folder of which a part is gone.
func drop(dir, name string) error {
	for _, a := range attempts(dir, name) {
		if err := durable.Remove(filepath.Join(a.path, experiment.InfoFile)); err != nil {
			return err
		}
	}
	return durable.RemoveAll(filepath.Join(dir, attemptsDir, name))
}

// dropAll removes the attempts on all members.
func dropAll(dir string) error {
	for name := range attempted(dir) {
		if err := drop(dir, name); err != nil {
			return err
		}
	}
	return durable.RemoveAll(filepath.Join(dir, attemptsDir))
}

// underWay returns a usage error if a member is worked on by an attempt.
func underWay(dir string) error {
	for name := range attempted(dir) {
		if all := attempts(dir, name); len(all) > 0 && all[0].alive("", time.Now()) {
			return experiment.Usagef("%s of %s is under way (task %s on %s); wait until it ends, or cancel it: spikealign cancel %s", name, dir, all[0].Job, all[0].Host, dir)
		}
	}
	return nil
}
