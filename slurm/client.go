package slurm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"spikealign/experiment"
)

// exitStopped is the exit code of the program where it stopped with checkpoints (EX_TEMPFAIL).
const exitStopped = 75

// answerWithin is how long a command of Slurm may take.
const answerWithin = 60 * time.Second

// errSilent says that Slurm is there but does not answer.
var errSilent = errors.New("no answer from Slurm")

// refusedError is what a command of Slurm says that fails.
type refusedError struct{ command, text string }

func (e *refusedError) Error() string { return e.command + ": " + e.text }

// call runs a command of Slurm and returns its output.
func call(ctx context.Context, name string, args ...string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", experiment.Usagef("Slurm is not installed here: there is no program %s; work where jobs are submitted (the login node; there may be a module to load), or here with --engine local", name)
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	c := exec.CommandContext(ctx, path, args...)
	c.WaitDelay = time.Second
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	// Variables such as SBATCH_OUTPUT stand above the lines of a script.
	c.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "SBATCH_") })
	c.Env = append(c.Env, "SLURM_TIME_FORMAT=standard")
	err = c.Run()
	if err == nil {
		return out.String(), nil
	}
	text := strings.TrimSpace(errs.String())
	silent := ctx.Err() == context.DeadlineExceeded
	for _, words := range []string{"Unable to contact slurm controller", "connect failure", "Connection refused", "Could not establish a configuration source", "Socket timed out", "Munge", "munge"} {
		silent = silent || strings.Contains(text, words)
	}
	if silent {
		return "", fmt.Errorf("%w (%s: %s); see whether sinfo answers, and try again; what runs is not touched by this", errSilent, name, lastLine(text))
	}
	if text == "" {
		text = err.Error()
	}
	return "", &refusedError{name, lastLine(text)}
}

// lastLine is the last line of a message, without the words that only say that it is one.
func lastLine(text string) string {
	lines := strings.Split(text, "\n")
	line := lines[len(lines)-1]
	for _, prefix := range []string{"sbatch: ", "squeue: ", "scontrol: ", "scancel: ", "error: ", "fatal: "} {
		line = strings.TrimPrefix(line, prefix)
	}
	return line
}

// taskState is what Slurm says of a task of an array.
type taskState struct {
	Job    string // ARRAY_INDEX
	State  string // RUNNING, ...
	Exit   int    // how the process ended, as wait(2) has it
	Node   string
	Reason string
}

// ended are the states from which a task does not come back by itself; those that are not here may
// be many, and mean that it is still in the queue.
var ended = []string{"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"}

// again are those after which a task may go on where it was.
var again = []string{"BOOT_FAIL", "COMPLETED", "NODE_FAIL", "PREEMPTED", "TIMEOUT"}

func (t taskState) live() bool { return t.State != "" && !slices.Contains(ended, t.State) }

// goesOn reports whether a task that ended may be submitted again to go on where it was.
func (t taskState) goesOn() bool {
	return slices.Contains(again, t.State) || t.State == "FAILED" && (t.Exit == exitStopped<<8 || t.signal() != 0)
}

// signal is the signal that ended the task, or 0.
func (t taskState) signal() int { return t.Exit & 0x7f }

// end says how a task ended.
func (t taskState) end() string {
	text := fmt.Sprintf("task %s ended as %s", t.Job, t.State)
	switch signal, code := t.signal(), t.Exit>>8; {
	case t.State != "FAILED":
	case signal != 0:
		text += fmt.Sprintf(", signal %d", signal)
	case code != 0:
		text += fmt.Sprintf(", exit code %d", code)
	}
	if t.State == "OUT_OF_MEMORY" {
		text += ": set memory higher"
	}
	return text
}

func (t taskState) queued() bool {
	return t.live() && !slices.Contains([]string{"RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT"}, t.State)
}

// queue asks Slurm for the tasks of jobs of these names: by name and index. It knows those that
// ended for some minutes.
func queue(ctx context.Context, names []string) (map[string]map[int]taskState, error) {
	found := map[string]map[int]taskState{}
	if len(names) == 0 {
		return found, nil
	}
	u, err := user.Current()
	if err != nil {
		return nil, err
	}
	out, err := call(ctx, "squeue", "--noheader", "--array", "--states=all", "--user="+u.Uid, "--name="+strings.Join(names, ","), "--Format=Name:|,ArrayJobID:|,ArrayTaskID:|,State:|,exit_code:|,NodeList:|,Reason:|")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimRight(line, "\n"), "|")
		if len(f) < 7 {
			continue
		}
		index, err := strconv.Atoi(f[2])
		if err != nil {
			continue
		}
		exit, _ := strconv.Atoi(f[4]) // 0 where it is not known
		if found[f[0]] == nil {
			found[f[0]] = map[int]taskState{}
		}
		found[f[0]][index] = taskState{Job: f[1] + "_" + f[2], State: f[3], Exit: exit, Node: f[5], Reason: f[6]}
	}
	return found, nil
}

// jobOf returns the number of the array job of a name that Slurm has in its queue, or "".
func jobOf(tasks map[int]taskState) string {
	for _, t := range tasks {
		id, _, _ := strings.Cut(t.Job, "_")
		return id
	}
	return ""
}

var arrayLimit = regexp.MustCompile(`(?m)^MaxArraySize\s*=\s*(\d+)`)

// maxTasks is how many tasks an array may have.
func maxTasks(ctx context.Context) (int, error) {
	out, err := call(ctx, "scontrol", "show", "config")
	if err != nil {
		return 0, err
	}
	const usual = 1001 // indices stay below it
	n := usual
	if m := arrayLimit.FindStringSubmatch(out); m != nil {
		if n, err = strconv.Atoi(m[1]); err != nil {
			n = usual
		}
	}
	if n < 1 {
		return 0, experiment.Usagef("this Slurm allows no job arrays (MaxArraySize is %d); ask those who run it", n)
	}
	return n, nil
}

// submit gives a script to Slurm and returns the number of the job.
func submit(ctx context.Context, script string, s *Site) (string, error) {
	out, err := call(ctx, "sbatch", "--parsable", script)
	var refused *refusedError
	if errors.As(err, &refused) {
		return "", experiment.Usagef("Slurm refuses the job: %s%s", refused.text, advice(ctx, refused.text, s))
	}
	if err != nil {
		return "", err
	}
	id, _, _ := strings.Cut(strings.TrimSpace(out), ";") // ID;CLUSTER
	if _, err := strconv.Atoi(id); err != nil {
		return "", fmt.Errorf("sbatch says %q where the number of a job should be", strings.TrimSpace(out))
	}
	return id, nil
}

// advice says what can be done about a refusal.
func advice(ctx context.Context, text string, s *Site) string {
	has := func(words string) bool { return strings.Contains(strings.ToLower(text), words) }
	switch {
	case has("invalid account"):
		return fmt.Sprintf("; account is %q and partition %q: set account to one of yours (sacctmgr show associations user=$USER) that may use the partition", s.Account, s.Partition)
	case has("partition"):
		known := ""
		if out, err := call(ctx, "sinfo", "--noheader", "--format=%R"); err == nil {
			known = "; there are " + strings.Join(strings.Fields(out), ", ")
		}
		return fmt.Sprintf("; partition is %q%s", s.Partition, known)
	case has("time limit"):
		return fmt.Sprintf("; time is %q: set it to what the partition allows (sinfo -o '%%P %%l')", s.Time)
	case has("maxsubmit"):
		return "; you may have no more jobs in the queue: set chunk, so that a task works on more members, or wait"
	case has("qos"):
		return "; set the quality of service with lines: [--qos=NAME]"
	case has("memory"):
		return fmt.Sprintf("; memory is %q", s.Memory)
	}
	return "; change the settings (--slurm FILE)"
}

// hint says what a reason for waiting means where it will not end by itself; "" elsewhere.
func hint(reason string) string {
	switch {
	case slices.Contains([]string{"PartitionConfig", "BadConstraints", "PartitionNodeLimit"}, reason):
		return "no node can meet the request: ask for less memory, cpus or lines, or another partition, and submit again after: spikealign cancel"
	case reason == "PartitionTimeLimit":
		return "time is longer than the partition allows: set it lower, and submit again after: spikealign cancel"
	case strings.HasPrefix(reason, "JobHeld") || strings.Contains(reason, "held"):
		return "it is held: scontrol release JOB"
	case strings.Contains(reason, "NotAllowed") || strings.HasPrefix(reason, "Invalid"):
		return "account, partition or QOS do not fit together: change them, and submit again after: spikealign cancel"
	}
	return ""
}
