package slurm

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"spikealign/experiment"
	"spikealign/sweep"
)

// Member is what there is of a member of a sweep, in its folder and in Slurm's queue.
type Member struct {
	Name string `json:"member"`
	// State is done, failed, running, queued, interrupted, killed or pending; the last three are
	// not in the queue.
	State    experiment.Status `json:"state"`
	Progress float64           `json:"progress"`               // from 0 to 1
	Left     float64           `json:"left_seconds,omitempty"` // of one that runs; 0 if it cannot be told
	Job      string            `json:"job,omitempty"`          // ARRAY_TASK
	Node     string            `json:"node,omitempty"`
	Note     string            `json:"note,omitempty"` // why it failed, why it waits
	Log      string            `json:"log,omitempty"`

	goesOn bool // it ended early and may be submitted again unasked
}

// Queued is the state of a member that Slurm has in its queue, or that a running task has not come
// to.
const Queued experiment.Status = "queued"

// View is a sweep at a moment.
type View struct {
	Dir     string   `json:"dir"`
	Members []Member `json:"members"`
	// Silent is why Slurm could not be asked; members that would be queued are pending then.
	Silent string `json:"slurm,omitempty"`
	// Cancelled says that the newest submission was cancelled by spikealign cancel.
	Cancelled bool `json:"cancelled,omitempty"`

	result *sweep.Result
	live   []*submission // with tasks in the queue
	err    error         // Silent
}

// Count returns the number of members in a state.
func (v *View) Count(state experiment.Status) int {
	n := 0
	for _, m := range v.Members {
		if m.State == state {
			n++
		}
	}
	return n
}

// Look looks at the sweep in a folder, whatever engine works on it. Where Slurm cannot be asked the
// view says so; an error is one of the folder.
func Look(ctx context.Context, s *sweep.Sweep, dir string) (*View, error) {
	r, err := s.Collect(dir)
	if err != nil {
		return nil, err
	}
	all, err := submissions(dir)
	if err != nil {
		return nil, err
	}
	v := &View{Dir: dir, result: r}
	type place struct {
		of   *submission
		task int
	}
	finished := map[string]bool{}
	for k, m := range s.Members {
		finished[m.Name] = r.States[k].Status == experiment.Done
	}
	places := map[string][]place{} // of a member, newest first
	var names []string
	for _, b := range slices.Backward(all) {
		asked := false
		for k, task := range b.Tasks {
			for _, m := range task {
				if done, known := finished[m]; known && !done {
					places[m] = append(places[m], place{b, k})
					asked = true
				}
			}
		}
		if asked {
			names = append(names, b.Name)
		}
	}
	tasks, err := queue(ctx, names)
	switch {
	case errors.Is(err, context.Canceled):
		return nil, err
	case err != nil:
		v.Silent, v.err = err.Error(), err
	}
	if len(all) > 0 {
		v.Cancelled = all[len(all)-1].cancelled
	}
	for _, b := range all {
		for _, t := range tasks[b.Name] {
			if t.live() {
				v.live = append(v.live, b)
				break
			}
		}
	}
	for k, m := range s.Members {
		st := r.States[k]
		x := Member{Name: m.Name, State: st.Status, Note: st.Info.Error}
		if st.Info.Total > 0 {
			x.Progress = st.Info.Done / st.Info.Total
		}
		if st.Status == experiment.Running {
			x.Left = st.Info.Left()
		}
		if a := st.Attempt; a != nil {
			x.Job, x.Node, x.Log = a.Job, a.Host, a.Log
		}
		x.goesOn = true
		if st.Status != experiment.Done && len(places[m.Name]) > 0 {
			// A live task counts, however old its submission is; else the newest.
			at := places[m.Name][0]
			for _, p := range places[m.Name] {
				if tasks[p.of.Name][p.task].live() {
					at = p
					break
				}
			}
			x.merge(tasks[at.of.Name][at.task], at.of.log(at.task))
		}
		x.goesOn = x.goesOn && x.State != experiment.Failed
		v.Members = append(v.Members, x)
	}
	return v, nil
}

// merge adds what Slurm says of the member's task; t is zero if it says nothing.
func (x *Member) merge(t taskState, log string) {
	switch {
	case x.State == experiment.Running || x.State == experiment.Failed:
		return
	case t.live():
		x.State, x.Job, x.Node, x.Log = Queued, t.Job, t.Node, log
		if t.queued() {
			x.Note = t.Reason
			if h := hint(t.Reason); h != "" {
				x.Note += ": " + strings.ReplaceAll(h, "JOB", t.Job)
			}
		} else if t.State == "RUNNING" {
			x.Note = "the task works on other members first"
		}
	case t.State == "" || t.State == "COMPLETED":
		x.Log = log
	default:
		x.Job, x.Node, x.Log, x.Note = t.Job, t.Node, log, t.end()
		if x.goesOn = t.goesOn(); !x.goesOn && t.State != "CANCELLED" {
			x.State = experiment.Failed
		}
	}
}

// LogFolder is where the logs of a folder's newest submission are, or "".
func LogFolder(dir string) string {
	all, err := submissions(dir)
	if err != nil || len(all) == 0 {
		return ""
	}
	return filepath.Join(all[len(all)-1].dir, logDir)
}
