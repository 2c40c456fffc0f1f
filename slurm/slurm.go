// Package slurm is the engine that works on sweeps with Slurm: members run as tasks of job arrays,
// in the folder that a sweep on one machine has.
//
// A submission is one job array. Which task works on which members is written down before Slurm is
// told, and does not change. Slurm's word that a task ended is never taken for the end of its
// process: tasks own members by attempts (package sweep), and what counts as finished is what
// stands in the folder. So a task may be started twice, requeued when all is done, or forgotten.
//
//	DIR/slurm/site.yaml           the settings of the last submission
//	DIR/slurm/N/submission.json   name of the job, members of each task
//	DIR/slurm/N/sweep.yaml        the sweep as it was submitted (with inputs.npz)
//	DIR/slurm/N/job.sh            the batch script
//	DIR/slurm/N/job               the number that Slurm gave it
//	DIR/slurm/N/log/K.log         what task K said, in all its attempts
//
// No accounting database is needed: squeue tells what is in the queue, the folder the rest.
package slurm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"spikealign/experiment"
	"spikealign/internal/durable"
	"spikealign/sweep"
)

// Engine implements sweep.Engine with Slurm.
type Engine struct {
	Kinds experiment.Kinds
	// Settings is a file of site settings; "" stands for those that the folder was submitted with,
	// or the defaults.
	Settings string
	// Wait says to stay until the members are finished, and to submit again what was preempted or
	// ran into its time limit. Without it Work returns when all is in the queue.
	Wait bool
	// Retry submits members that failed, too.
	Retry bool
	// Say tells what was done.
	Say func(text string)
	// Poll is the longest time between two looks at the queue; 0 stands for ten seconds.
	Poll time.Duration
}

// Has reports whether the sweep in a folder was ever submitted to Slurm.
func Has(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, Dir, siteFile))
	return err == nil
}

// Answers returns an error if Slurm or its settings do not allow to submit anything.
func (e *Engine) Answers(ctx context.Context) error {
	if e.Settings != "" {
		if _, err := LoadSite(e.Settings); err != nil {
			return err
		}
	}
	_, err := maxTasks(ctx)
	return err
}

// Ready implements sweep.Engine: Slurm must answer, and what it has in its queue must be of this
// sweep.
func (e *Engine) Ready(ctx context.Context, s *sweep.Sweep, dir string) error {
	if _, err := site(e.Settings, dir); err != nil {
		return err
	}
	// Where all is done nothing is asked of Slurm, which may be elsewhere.
	if r, err := s.Collect(dir); err == nil && r.Done() == len(s.Members) {
		return nil
	}
	if _, err := maxTasks(ctx); err != nil {
		return err
	}
	if !sweep.IsSweep(dir) {
		return nil
	}
	return e.sameSweep(ctx, s, dir)
}

// sameSweep refuses a sweep of which members are queued that it would not have now. Those that have
// begun are seen by package sweep.
func (e *Engine) sameSweep(ctx context.Context, s *sweep.Sweep, dir string) error {
	old, err := sweep.Outline(e.Kinds, dir)
	if err != nil {
		return err
	}
	v, err := Look(ctx, old, dir)
	if err != nil {
		return err
	}
	if v.err != nil {
		return v.err
	}
	now := map[string]sweep.Member{}
	for _, m := range s.Members {
		now[m.Name] = m
	}
	text, err := s.Marshal()
	if err != nil {
		return err
	}
	for _, b := range v.live {
		before, err := durable.ReadFile(filepath.Join(b.dir, sweep.ConfigFile))
		if err != nil {
			return err
		}
		if string(before) == string(text) {
			continue
		}
		queued, err := sweep.LoadMembers(e.Kinds, b.dir, slices.Concat(b.Tasks...))
		if err != nil {
			return err
		}
		for _, m := range queued.Members {
			change := "this grid has no such member"
			if n, ok := now[m.Name]; ok {
				if change, err = differs(n, m); err != nil {
					return err
				}
			}
			if change != "" {
				return experiment.Usagef("%s was submitted with another sweep file, and job %s is in the queue with it: member %s: %s; choose another folder with -o, or cancel first: spikealign cancel %s", dir, b.job, m.Name, change, dir)
			}
		}
	}
	return nil
}

// differs says how the configuration of one member differs from that of another; "" if it does not.
func differs(one, other sweep.Member) (string, error) {
	a, err := one.Spec()
	if err != nil {
		return "", err
	}
	b, err := other.Spec()
	if err != nil {
		return "", err
	}
	return a.Differs(b)
}

// Work implements sweep.Engine. It submits what is missing and not in the queue.
func (e *Engine) Work(ctx context.Context, t *sweep.Task) (map[string]string, error) {
	if len(t.Members) == 0 {
		return nil, nil
	}
	unlock, err := lock(t.Dir)
	if err != nil {
		return nil, err
	}
	site, err := site(e.Settings, t.Dir)
	if err != nil {
		unlock()
		return nil, err
	}
	v, err := e.submitMissing(ctx, t, site, e.Retry)
	unlock()
	if err != nil {
		return nil, err
	}
	if !e.Wait {
		return v.failed(), nil
	}
	t.Release()
	return e.wait(ctx, t, site, v)
}

// submitMissing submits what is missing and not in the queue, and returns what was there before.
func (e *Engine) submitMissing(ctx context.Context, t *sweep.Task, site *Site, failed bool) (*View, error) {
	v, err := Look(ctx, t.Sweep, t.Dir)
	if err != nil {
		return nil, err
	}
	if v.err != nil {
		return nil, v.err
	}
	if err := adopt(ctx, t.Dir); err != nil {
		return nil, err
	}
	var names []string
	for _, m := range v.Members {
		switch m.State {
		case experiment.Done, experiment.Running, Queued:
		case experiment.Failed:
			if failed {
				if err := t.Sweep.Forgive(t.Dir, m.Name); err != nil {
					return nil, err
				}
				names = append(names, m.Name)
			}
		default:
			names = append(names, m.Name)
		}
	}
	if len(names) == 0 {
		if waiting := v.Count(Queued) + v.Count(experiment.Running); waiting > 0 {
			e.say("nothing to submit: %d of %d members are queued or running", waiting, len(v.Members))
		}
		return v, nil
	}
	done, err := submitAll(ctx, t.Sweep, t.Dir, names, site, t.Session.Data)
	for _, b := range done {
		members := 0
		for _, task := range b.Tasks {
			members += len(task)
		}
		e.say("submitted job %s: %d members in %d tasks", b.job, members, len(b.Tasks))
	}
	if err != nil {
		return nil, err
	}
	if failed {
		for k := range v.Members {
			if v.Members[k].State == experiment.Failed {
				v.Members[k].State = Queued
			}
		}
	}
	return v, nil
}

func (e *Engine) say(format string, args ...any) {
	if e.Say != nil {
		e.Say(fmt.Sprintf(format, args...))
	}
}

// adopt writes down the numbers of jobs whose submitter died before it could.
func adopt(ctx context.Context, dir string) error {
	all, err := submissions(dir)
	if err != nil {
		return err
	}
	var names []string
	for _, b := range all {
		if b.job == "" {
			names = append(names, b.Name)
		}
	}
	tasks, err := queue(ctx, names)
	if err != nil {
		return err
	}
	for _, b := range all {
		if id := jobOf(tasks[b.Name]); b.job == "" && id != "" {
			if err := writeText(filepath.Join(b.dir, jobFile), id+"\n"); err != nil {
				return err
			}
		}
	}
	return nil
}

// failed returns why members failed, by name.
func (v *View) failed() map[string]string {
	failed := map[string]string{}
	for _, m := range v.Members {
		if m.State == experiment.Failed {
			text := m.Note
			if m.Log != "" {
				text += " (" + m.Log + ")"
			}
			failed[m.Name] = text
		}
	}
	return failed
}

// wait follows the members to their ends.
func (e *Engine) wait(ctx context.Context, t *sweep.Task, site *Site, first *View) (map[string]string, error) {
	longest := e.Poll
	if longest == 0 {
		longest = 10 * time.Second
	}
	pause := min(time.Second, longest)
	follow := follower{start: t.Start, members: map[string]*followed{}}
	begun := first.progress() // of all members, when something was submitted last
	hinted := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return nil, &experiment.Stopped{Dir: t.Dir, Reason: "no longer waiting; what was submitted goes on (spikealign status " + t.Dir + ", spikealign cancel " + t.Dir + ")"}
		case <-time.After(pause):
		}
		pause = min(pause*3/2, longest)
		v, err := Look(ctx, t.Sweep, t.Dir)
		if ctx.Err() != nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		if follow.see(t.Sweep, v) {
			t.Ended()
		}
		if v.Silent != "" {
			if !hinted[v.Silent] {
				e.say("%s", v.Silent)
			}
			hinted[v.Silent] = true
			continue
		}
		for _, m := range v.Members {
			if m.State == Queued && strings.Contains(m.Note, ": ") && !hinted[m.Note] {
				e.say("task %s waits: %s", m.Job, m.Note)
				hinted[m.Note] = true
			}
		}
		if v.Count(Queued)+v.Count(experiment.Running) > 0 {
			continue
		}
		missing := len(v.Members) - v.Count(experiment.Done) - v.Count(experiment.Failed)
		if missing == 0 {
			return v.failed(), nil
		}
		why := ""
		switch {
		case v.Cancelled:
			why = "cancelled"
		case !slices.ContainsFunc(v.Members, func(m Member) bool { return m.goesOn && m.State != experiment.Done }):
			why = "the tasks ended early"
		case v.progress() <= begun:
			why = "nothing came further since the last submission: see the logs in " + LogFolder(t.Dir)
		}
		for _, m := range v.Members { // cancelled by hand, or by those who run the site
			if why == "" && m.State != experiment.Done && strings.Contains(m.Note, "CANCELLED") {
				why = m.Note
			}
		}
		if why != "" {
			return nil, &experiment.Stopped{Dir: t.Dir, Reason: fmt.Sprintf("%s, %d of %d members are finished", why, v.Count(experiment.Done), len(v.Members))}
		}
		begun = v.progress()
		unlock, err := lock(t.Dir)
		if err != nil {
			return nil, err
		}
		_, err = e.submitMissing(ctx, t, site, false)
		unlock()
		if err != nil {
			return nil, err
		}
		pause = min(time.Second, longest)
	}
}

// progress is that of all members.
func (v *View) progress() (sum float64) {
	for _, m := range v.Members {
		sum += m.Progress
	}
	return sum
}

// follower tells those who watch a sweep of its members.
type follower struct {
	start   func(sweep.Member) (func(experiment.Moment), func(string, bool))
	members map[string]*followed
}

type followed struct {
	observe func(experiment.Moment)
	end     func(string, bool)
	over    bool
}

// see takes a view in, and reports whether members have ended since the last one.
func (f *follower) see(s *sweep.Sweep, v *View) (ended bool) {
	first := len(f.members) == 0
	for k, m := range v.Members {
		x := f.members[m.Name]
		isOver := m.State == experiment.Done || m.State == experiment.Failed
		switch {
		case x == nil && first && isOver: // before we came
			x = &followed{over: true}
			f.members[m.Name] = x
		case x == nil && (isOver || m.State == experiment.Running):
			x = &followed{}
			if f.start != nil {
				x.observe, x.end = f.start(s.Members[k])
			}
			f.members[m.Name] = x
		case x == nil:
			if first {
				f.members[m.Name] = nil
			}
			continue
		}
		if x.over {
			continue
		}
		info := v.result.States[k].Info
		if x.observe != nil && m.State == experiment.Running {
			x.observe(experiment.Moment{Progress: experiment.Progress{Done: info.Done, Total: info.Total, Unit: info.Unit, Steps: info.Steps, Spikes: info.Spikes}, Latest: info.Latest})
		}
		if isOver {
			x.over, ended = true, true
			if x.end != nil && m.State == experiment.Done {
				x.end("done", false)
			} else if x.end != nil {
				x.end("failed: "+m.Note, true)
			}
		}
	}
	return ended
}

// Cancel takes what is in the queue or runs of a sweep out of it, and returns the numbers of the
// jobs. Tasks that run save checkpoints.
func Cancel(ctx context.Context, s *sweep.Sweep, dir string) ([]string, error) {
	v, err := Look(ctx, s, dir)
	if err != nil {
		return nil, err
	}
	if v.err != nil {
		return nil, v.err
	}
	if err := adopt(ctx, dir); err != nil {
		return nil, err
	}
	var jobs []string
	for _, b := range v.live {
		// A command that waits must not submit again what is cancelled here.
		if err := writeText(filepath.Join(b.dir, cancelFile), ""); err != nil {
			return jobs, err
		}
		if b, err = readSubmission(b.dir); err != nil {
			return jobs, err
		}
		if _, err := call(ctx, "scancel", b.job); err != nil {
			return jobs, err
		}
		jobs = append(jobs, b.job)
	}
	return jobs, nil
}

// CheckFree returns a usage error if tasks of the sweep in a folder are in Slurm's queue, so that
// another engine must not begin. Where there is no Slurm there are none that could reach it.
func CheckFree(ctx context.Context, kinds experiment.Kinds, dir string) error {
	s, err := sweep.Outline(kinds, dir)
	if err != nil {
		return err
	}
	v, err := Look(ctx, s, dir)
	if err != nil {
		return err
	}
	if errors.Is(v.err, errSilent) {
		return fmt.Errorf("whether members of %s are in the queue cannot be seen: %w", dir, v.err)
	}
	if n := v.Count(Queued) + v.Count(experiment.Running); n > 0 {
		return experiment.Usagef("%d members of %s are with Slurm; wait until they end, or cancel them: spikealign cancel %s", n, dir, dir)
	}
	return nil
}
