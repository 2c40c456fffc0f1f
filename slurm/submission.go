package slurm

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"spikealign/experiment"
	"spikealign/internal/durable"
	"spikealign/sweep"
)

// Names in the folder of a sweep.
const (
	Dir        = "slurm"
	siteFile   = "site.yaml"
	recordFile = "submission.json"
	scriptFile = "job.sh"
	jobFile    = "job"
	logDir     = "log"
	cancelFile = "cancelled"
)

// submission is one job array.
type submission struct {
	// Name is that of the job. It is made for this submission, so that a job is found by it
	// although whoever submitted it died before the job's number was written.
	Name     string     `json:"name"`
	Tasks    [][]string `json:"tasks"` // the members of each, fixed at submission
	Throttle int        `json:"throttle,omitempty"`
	Lease    float64    `json:"lease_seconds"`
	Data     string     `json:"data,omitempty"` // the folder of data sets

	dir       string
	number    int
	job       string // "" if its number is not known
	cancelled bool
}

// submissions reads those of a sweep's folder, oldest first. One that was not written to its end
// was not submitted, and is left out.
func submissions(dir string) ([]*submission, error) {
	entries, err := os.ReadDir(filepath.Join(dir, Dir))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []*submission
	for _, e := range entries {
		n, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		b, err := readSubmission(filepath.Join(dir, Dir, e.Name()))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		b.number = n
		found = append(found, b)
	}
	slices.SortFunc(found, func(a, b *submission) int { return cmp.Compare(a.number, b.number) })
	return found, nil
}

func readSubmission(dir string) (*submission, error) {
	file := filepath.Join(dir, recordFile)
	text, err := durable.ReadFile(file)
	if err != nil {
		return nil, err
	}
	b := &submission{dir: dir}
	if err := json.Unmarshal(text, b); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	job, err := durable.ReadFile(filepath.Join(dir, jobFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	b.job = strings.TrimSpace(string(job))
	_, err = os.Stat(filepath.Join(dir, cancelFile))
	b.cancelled = err == nil
	return b, nil
}

func (b *submission) log(task int) string {
	return filepath.Join(b.dir, logDir, strconv.Itoa(task)+".log")
}

func writeText(path, text string) error {
	return durable.WriteFile(path, 0o666, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
}

// lock keeps others from submitting for a sweep at the same time.
func lock(dir string) (unlock func(), err error) {
	at := filepath.Join(dir, Dir)
	if err := durable.MakeFolder(at); err != nil {
		return nil, err
	}
	l, err := durable.Lock(at)
	var held *durable.LockedError
	switch {
	case err == nil:
		return func() { l.Unlock() }, nil
	case errors.As(err, &held):
		return nil, experiment.Usagef("%v", err)
	case errors.Is(err, errors.ErrUnsupported):
		return func() {}, nil
	}
	return nil, err
}

// deal deals members out to tasks of at most so many members, and these to arrays of at most so
// many tasks. Neighbours in the grid go to different tasks, since they mostly take alike long.
func deal(members []string, chunk, maxTasks int) (arrays [][][]string) {
	if chunk == 0 {
		chunk = (len(members) + maxTasks - 1) / maxTasks
	}
	n := (len(members) + chunk - 1) / chunk
	tasks := make([][]string, n)
	for k, m := range members {
		tasks[k%n] = append(tasks[k%n], m)
	}
	return slices.Collect(slices.Chunk(tasks, maxTasks))
}

// submitAll submits members of a sweep, in as many job arrays as it takes, and returns them.
func submitAll(ctx context.Context, s *sweep.Sweep, dir string, members []string, site *Site, data string) ([]*submission, error) {
	largest, err := maxTasks(ctx)
	if err != nil {
		return nil, err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if data != "" {
		if data, err = filepath.Abs(data); err != nil {
			return nil, err
		}
	}
	text, err := site.marshal()
	if err != nil {
		return nil, err
	}
	if err := writeText(filepath.Join(dir, Dir, siteFile), string(text)); err != nil {
		return nil, err
	}
	earlier, err := os.ReadDir(filepath.Join(dir, Dir))
	if err != nil {
		return nil, err
	}
	number := 0
	for _, e := range earlier {
		if n, err := strconv.Atoi(e.Name()); err == nil {
			number = max(number, n)
		}
	}
	arrays := deal(members, site.Chunk, largest)
	var done []*submission
	for _, tasks := range arrays {
		number++
		b := &submission{Tasks: tasks, Lease: site.Lease.Seconds(), Data: data, number: number, dir: filepath.Join(dir, Dir, strconv.Itoa(number))}
		if site.Throttle > 0 {
			b.Throttle = max(1, site.Throttle/len(arrays))
		}
		b.Name = fmt.Sprintf("%s-%s", s.Name, strings.ToLower(rand.Text()[:10]))
		if err := b.submit(ctx, s, site); err != nil {
			return done, err
		}
		done = append(done, b)
	}
	return done, nil
}

// submit writes the folder of a submission and gives it to Slurm.
func (b *submission) submit(ctx context.Context, s *sweep.Sweep, site *Site) error {
	if err := durable.MakeFolder(filepath.Join(b.dir, logDir)); err != nil {
		return err
	}
	script, err := site.script(b, b.dir)
	if err != nil {
		return err
	}
	if err := s.Save(b.dir); err != nil {
		return err
	}
	file := filepath.Join(b.dir, scriptFile)
	if err := writeText(file, script); err != nil {
		return err
	}
	record, err := json.Marshal(b)
	if err != nil {
		return err
	}
	if err := writeText(filepath.Join(b.dir, recordFile), string(record)+"\n"); err != nil {
		return err
	}
	b.job, err = submit(ctx, file, site)
	if errors.Is(err, experiment.ErrUsage) {
		return errors.Join(err, durable.RemoveAll(b.dir)) // it is not in the queue
	}
	if err != nil {
		return err
	}
	return writeText(filepath.Join(b.dir, jobFile), b.job+"\n")
}
