package slurm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"spikealign/experiment"
	"spikealign/sweep"
)

// errLimit is why a task stops before its time limit, or where a site so tells of preemption.
var errLimit = errors.New("stopped at Slurm's signal (the time limit is near, or the task is preempted)")

// RunTask is what a task of the job array in the folder of a submission does: it works on its
// members, in the folder of the sweep, o.Dir. It stops with checkpoints, with *experiment.Stopped,
// when ctx ends or Slurm's signal tells that the time limit is near, and asks in the second case to
// be queued again. Members that failed are *sweep.FailedError.
func RunTask(ctx context.Context, kinds experiment.Kinds, dir string, o sweep.Options, say io.Writer) error {
	b, err := readSubmission(dir)
	if err != nil {
		return experiment.Usagef("%s is not the folder of a submission: %v", dir, err)
	}
	index, err := strconv.Atoi(os.Getenv("SLURM_ARRAY_TASK_ID"))
	if err != nil || index < 0 || index >= len(b.Tasks) {
		return experiment.Usagef("this is for tasks of the job array of %s: SLURM_ARRAY_TASK_ID is %q, needed is a number below %d", dir, os.Getenv("SLURM_ARRAY_TASK_ID"), len(b.Tasks))
	}
	s, err := sweep.LoadMembers(kinds, dir, b.Tasks[index])
	if err != nil {
		return err
	}
	job := os.Getenv("SLURM_ARRAY_JOB_ID") + "_" + strconv.Itoa(index)
	owner := sweep.Owner{Host: os.Getenv("SLURMD_NODENAME"), Job: job, Log: b.log(index), Lease: time.Duration(b.Lease * float64(time.Second))}
	if owner.Host == "" {
		if owner.Host, err = os.Hostname(); err != nil {
			return err
		}
	}
	restart := os.Getenv("SLURM_RESTART_COUNT")
	if restart == "" {
		restart = "0"
	}
	fmt.Fprintf(say, "== %s: task %s, restart %s, on %s: %d members\n", time.Now().Format(time.DateTime), job, restart, owner.Host, len(s.Members))
	if n, err := strconv.Atoi(os.Getenv("SLURM_CPUS_PER_TASK")); err == nil && n > 0 {
		runtime.GOMAXPROCS(n)
	}
	ctx, stop := untilSignal(ctx)
	defer stop()
	o.Session.Data = b.Data
	failed, advanced, err := sweep.Share(ctx, s, o, owner)
	var stopped *experiment.Stopped
	if errors.As(err, &stopped) && errors.Is(context.Cause(ctx), errLimit) {
		stopped.Reason = strings.Replace(stopped.Reason, "interrupted", errLimit.Error(), 1)
		switch {
		case !advanced:
			// Without an end of it this would go on for ever.
			fmt.Fprintln(say, "no member came further in this task: it is not queued again")
		default:
			if _, err := call(context.WithoutCancel(ctx), "scontrol", "requeue", job); err != nil {
				fmt.Fprintf(say, "the task could not be queued again (%v); submit again what is missing\n", err)
			}
		}
	}
	if err == nil && len(failed) > 0 {
		e := &sweep.FailedError{Dir: o.Dir, Total: len(s.Members)}
		for _, m := range s.Members {
			if text, ok := failed[m.Name]; ok {
				e.Failed = append(e.Failed, m.Name+": "+text)
			}
		}
		slices.Sort(e.Failed)
		return e
	}
	return err
}
