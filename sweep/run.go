package sweep

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"spikealign/experiment"
	"spikealign/internal/durable"
)

// Options of Run.
type Options struct {
	// Dir is the sweep's folder. It is made if it does not exist; members that are finished there
	// are not run again.
	Dir string
	// Overwrite removes the runs in Dir/members that are not of this sweep, instead of refusing the
	// folder. Finished members of this sweep stay.
	Overwrite bool
	// Beside is the name of a file of the caller's that may be there before the sweep; "" if there
	// is none.
	Beside string
	// Engine works on the members; nil stands for Local{}. It changes no result.
	Engine Engine
	// Session serves for every member; Observe, CPU, PerThread and GoOn are not used.
	Session experiment.Session
	// Plan, if not nil, is called before anything runs with the numbers of members and of those
	// that are finished.
	Plan func(members, finished int)
	// Start, if not nil, is called when a member starts. What it returns is called during the run
	// and at its end; several members are under way at a time.
	Start func(m Member) (observe func(experiment.Moment), end func(status string, failed bool))
}

// Engine works on the members of a sweep.
type Engine interface {
	// Ready returns an error if the engine cannot work on the sweep in a folder. It is asked before
	// anything is changed there.
	Ready(ctx context.Context, s *Sweep, dir string) error
	// Work brings the members of t to their ends and returns the errors of those that failed, by
	// name. It returns early, with every member at a checkpoint, when ctx ends; or when others
	// bring the members to their ends. An error of its own is one that concerns no single member.
	Work(ctx context.Context, t *Task) (failed map[string]string, err error)
}

// Task is what an Engine gets: a claimed sweep and the members that are not finished.
type Task struct {
	Sweep   *Sweep
	Members []Member
	Options

	begun    map[string]bool // members that are under way
	finished []cost          // what the others took
	ended    chan struct{}   // a member ended since the tables were written
	tables   *Result         // what was in them
	owner    *Owner          // in whose name members are worked on, where others may be at them; or nil
	advanced atomic.Bool     // a member that has an owner came further
	unlock   func()          // gives the folder free
	folder   durable.Folder  // when the work on it began
}

// vanished returns an error if the folder of the sweep was removed or moved away: what stands at
// its path now may be that of another process.
func (t *Task) vanished() error {
	if !t.folder.Stands() {
		return fmt.Errorf("%s was removed or moved while the sweep was under way; if it is elsewhere now, go on there: spikealign resume FOLDER; else run the sweep again", t.Dir)
	}
	return nil
}

// write writes the tables.
func (t *Task) write(r *Result) error {
	if err := t.vanished(); err != nil {
		return err
	}
	return r.write()
}

// Release gives the folder of the sweep free to other commands, while others than this process
// bring the members to their ends.
func (t *Task) Release() { t.unlock() }

// Ended says that members may have ended, so that the tables are to be written.
func (t *Task) Ended() {
	select {
	case t.ended <- struct{}{}:
	default: // told already
	}
}

// Local is the engine that runs members in this process, several at a time. A member may use
// Session.Threads threads; where that is 0 the processors are shared out among the members at a
// time, at least one thread each.
type Local struct {
	Jobs int // how many at a time; 0: as many as there are processors for their threads
}

// Ready implements Engine.
func (e Local) Ready(_ context.Context, _ *Sweep, dir string) error { return underWay(dir) }

// Work implements Engine.
func (e Local) Work(ctx context.Context, t *Task) (map[string]string, error) {
	if t.owner == nil {
		if err := t.Sweep.bringHome(t.Dir); err != nil {
			return nil, err
		}
	}
	workers := e.Jobs
	if workers <= 0 {
		workers = max(1, runtime.GOMAXPROCS(0)/max(1, t.Session.Threads))
	}
	workers = min(workers, len(t.Members))
	if t.Session.Threads == 0 && workers > 0 {
		t.Session.Threads = max(1, runtime.GOMAXPROCS(0)/workers)
	}
	var (
		mu     sync.Mutex
		failed = map[string]string{}
		wg     sync.WaitGroup
		queue  = newQueue(t)
	)
	for range workers {
		wg.Go(func() {
			// A member is charged for the time of its own threads.
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for {
				m, ok := queue.next(ctx)
				if !ok || t.vanished() != nil {
					return
				}
				switch err := t.Run(ctx, m); {
				case errors.Is(err, errBusy):
					queue.later(m)
				case err != nil:
					mu.Lock()
					failed[m.Name] = err.Error()
					mu.Unlock()
				default:
					queue.ended(m)
				}
			}
		})
	}
	wg.Wait()
	return failed, t.vanished()
}

// Run runs or resumes a member in this process, on a thread that must be locked. A member that was
// stopped with a checkpoint has not failed.
func (t *Task) Run(ctx context.Context, m Member) error {
	if t.owner != nil {
		return t.owner.attempt(ctx, t, m)
	}
	return t.observed(m, func(session experiment.Session) (err error) {
		if dir := MemberDir(t.Dir, m); experiment.IsRun(dir) {
			_, err = t.Sweep.kinds.Resume(ctx, dir, session)
		} else if err = durable.MakeNewFolder(dir); err == nil || errors.Is(err, fs.ErrExist) {
			// Those above it are not made: where the folder of the sweep is gone it must not be
			// there again.
			err = m.execute(ctx, dir, session)
		}
		return err
	})
}

// execute runs the member in a folder.
func (m Member) execute(ctx context.Context, dir string, session experiment.Session) error {
	spec, err := m.Spec()
	if err == nil {
		_, err = experiment.Execute(ctx, experiment.Options{Spec: spec, Dir: dir, Session: session})
	}
	return err
}

// observed calls run and tells of it.
func (t *Task) observed(m Member, run func(experiment.Session) error) error {
	session := t.Session
	session.Observe, session.CPU, session.PerThread = nil, nil, true
	if session.GoOn = "spikealign sweep " + t.Dir; t.owner != nil {
		session.GoOn = "spikealign retry " + t.Dir
	}
	end := func(string, bool) {}
	if t.Start != nil {
		session.Observe, end = t.Start(m)
	}
	defer t.Ended()
	err := run(session)
	var stopped *experiment.Stopped
	switch {
	case err == nil:
		end("done", false)
	case errors.As(err, &stopped):
		end("stopped", false)
		return nil
	case errors.Is(err, errBusy):
		end("left to another process", false)
	default:
		end("failed: "+err.Error(), true)
	}
	return err
}

// cost is what a member took, in seconds of wall time.
type cost struct {
	member  Member
	seconds float64
}

// plan sees what there is to do, and tells it.
func (t *Task) plan() {
	t.begun = map[string]bool{}
	for _, m := range t.Sweep.Members {
		at := MemberDir(t.Dir, m)
		info, err := experiment.ReadInfo(at)
		if err == nil && info.Status == experiment.Done {
			t.finished = append(t.finished, cost{m, info.Wall})
			continue
		}
		t.begun[m.Name] = err == nil || experiment.IsRun(at)
		t.Members = append(t.Members, m)
	}
	if t.Plan != nil {
		t.Plan(len(t.Sweep.Members), len(t.finished))
	}
}

// clear removes what is left of members that were killed when they had their results and were about
// to clear up.
func (t *Task) clear(ctx context.Context) {
	for _, c := range t.finished {
		dir := MemberDir(t.Dir, c.member)
		if !experiment.HasLeftovers(dir) {
			continue
		}
		if _, err := t.Sweep.kinds.Resume(ctx, dir, t.Session); err != nil && t.Session.Log != nil {
			t.Session.Log.Warn("what the member does not need could not be removed", "error", err)
		}
	}
}

// keepTables writes members.csv and summary.csv at once and after members have ended, until stop is
// called. What cannot be written is told by the write at the end of the session.
func (t *Task) keepTables() (stop func()) {
	t.ended = make(chan struct{}, 1)
	t.Ended()
	quit := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for {
			select {
			case <-quit:
				return
			case <-t.ended:
			}
			begin := time.Now()
			r, err := t.Sweep.collect(t.Dir, t.tables.done)
			if err == nil {
				t.tables = r
				err = t.write(r)
			}
			if err != nil && t.Session.Log != nil {
				t.Session.Log.Warn("the tables of the sweep could not be written", "error", err)
			}
			// Thousands of members on a slow file system must not keep it busy.
			select {
			case <-quit:
				return
			case <-time.After(max(time.Second, 20*time.Since(begin))):
			}
		}
	})
	return func() {
		close(quit)
		writer.Wait()
	}
}

// FailedError says that members failed. The others were run.
type FailedError struct {
	Dir    string
	Failed []string // NAME: error
	Total  int
}

func (e *FailedError) Error() string {
	return fmt.Sprintf("%d of %d members failed:\n  %s", len(e.Failed), e.Total, strings.Join(e.Failed, "\n  "))
}

// Run runs what is not finished of a sweep and writes members.csv and summary.csv, at the start,
// after members have ended and at the end. The results do not depend on the engine. If ctx ends,
// every member saves a checkpoint and the error is *experiment.Stopped; if members fail,
// *FailedError. In both cases the result holds what there is. An error that wraps
// experiment.ErrUsage has changed nothing on disk.
func Run(ctx context.Context, s *Sweep, o Options) (*Result, error) {
	if o.Engine == nil {
		o.Engine = Local{}
	}
	if err := o.Engine.Ready(ctx, s, o.Dir); err != nil {
		return nil, err
	}
	unlock, err := s.claim(o)
	if err != nil {
		return nil, err
	}
	unlock = sync.OnceFunc(unlock)
	defer unlock()
	task := &Task{Sweep: s, Options: o, unlock: unlock}
	if task.folder, err = durable.At(o.Dir); err != nil {
		return nil, err
	}
	task.plan()
	task.clear(ctx)
	stop := func() {}
	if len(task.Members) > 0 {
		stop = task.keepTables()
	}
	failed, err := o.Engine.Work(ctx, task)
	stop()
	if err != nil {
		return nil, err
	}
	r, err := s.collect(o.Dir, task.tables.done)
	if err != nil {
		return nil, err
	}
	if err := task.write(r); err != nil {
		return r, err
	}
	if r.Done() == len(s.Members) {
		_ = dropAll(o.Dir) // attempts that came too late
	}
	if done := r.Done(); ctx.Err() != nil && done+len(failed) < len(s.Members) {
		reason := "interrupted"
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			reason = "time limit reached"
		}
		return r, &experiment.Stopped{Dir: o.Dir, Reason: fmt.Sprintf("%s, %d of %d members are finished", reason, done, len(s.Members))}
	}
	if len(failed) > 0 {
		e := &FailedError{Dir: o.Dir, Total: len(s.Members)}
		for _, m := range s.Members {
			if text, ok := failed[m.Name]; ok {
				e.Failed = append(e.Failed, m.Name+": "+text)
			}
		}
		return r, e
	}
	return r, nil
}
