package reproduce

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"spikealign/experiment"
	"spikealign/internal/durable"
	"spikealign/sweep"
)

// RecordFile is the file of a figure's folder that tells how it came about.
const RecordFile = "reproduction.json"

// Record tells how the folder of a figure came about. Nothing in it takes part in results.
type Record struct {
	Figure string            `json:"figure"`
	Scale  Scale             `json:"scale"`
	Status experiment.Status `json:"status"`          // done, failed, interrupted, or running while it is under way
	Error  string            `json:"error,omitempty"` // why it failed
	// Command is that of the last session.
	Command  string    `json:"command"`
	Programs []string  `json:"programs"` // versions of all programs that took part
	Platform string    `json:"platform"` // of the last session
	Start    time.Time `json:"start"`    // of the first session
	End      time.Time `json:"end"`      // of the last one
	// Wall and CPU are seconds of the last session beside its parts: theory, tables and pictures,
	// which every session does again.
	Wall     float64  `json:"own_wall_seconds"`
	CPU      float64  `json:"own_cpu_seconds"`
	Engine   string   `json:"engine"` // of the last session
	Parts    []Part   `json:"parts"`
	Pictures []string `json:"pictures"` // without suffix
}

// Part is a sweep or a run of a figure, or simulations that it does without either.
type Part struct {
	Folder string `json:"folder"` // "." is the folder of the figure
	Runs   int    `json:"runs"`
	Done   int    `json:"done"`
	Seeds  string `json:"seeds"`
	// Wall is how long the part was under way, summed over sessions: seconds. With Slurm this has
	// the time in the queue. Of a session that was killed it has what the runs know of it.
	Wall   float64  `json:"wall_seconds"`
	CPU    float64  `json:"cpu_seconds"` // of its runs, by themselves, summed over sessions
	Engine []string `json:"engines"`     // that brought it further
}

// ReadRecord reads the record of a figure's folder.
func ReadRecord(dir string) (*Record, error) {
	file := filepath.Join(dir, RecordFile)
	text, err := durable.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &Record{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}

// clock measures wall and CPU time of this process.
type clock struct {
	wall time.Time
	cpu  time.Duration
}

func now() clock { return clock{time.Now(), experiment.ProcessCPU()} }

// seconds returns wall and CPU time since then.
func (c clock) seconds() (wall, cpu float64) {
	return time.Since(c.wall).Seconds(), (experiment.ProcessCPU() - c.cpu).Seconds()
}

// begin begins a session in the folder of a figure.
func (j *Job) begin(figure string) error {
	old, err := ReadRecord(j.Dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	j.record = Record{Start: time.Now().UTC().Truncate(time.Second), Parts: []Part{}, Pictures: []string{}}
	if old != nil {
		j.record.Start, j.record.Programs, j.before = old.Start, old.Programs, old.Parts
		j.record.Parts = old.Parts // until they are met again
	}
	r := &j.record
	r.Figure, r.Scale, r.Status, r.Command = figure, j.Scale, experiment.Running, j.Command
	r.Platform, r.Engine = runtime.GOOS+"/"+runtime.GOARCH, j.Engine
	j.took(j.Program)
	err = j.keep()
	r.Parts = []Part{}
	j.own = now()
	return err
}

// took notes that a version of the program took part.
func (j *Job) took(program string) {
	if program != "" && !slices.Contains(j.record.Programs, program) {
		j.record.Programs = append(j.record.Programs, program)
	}
}

// end ends a session that returned an error, or nil.
func (j *Job) end(err error) error {
	j.pause()
	r := &j.record
	var stopped *experiment.Stopped
	switch {
	case err == nil:
		r.Status = experiment.Done
	case errors.As(err, &stopped) || j.Ctx.Err() != nil:
		r.Status = experiment.Interrupted
	default:
		r.Status, r.Error = experiment.Failed, err.Error()
	}
	if err != nil { // parts that were not met are still there
		for _, p := range j.before {
			if !slices.ContainsFunc(r.Parts, func(q Part) bool { return q.Folder == p.Folder }) {
				r.Parts = append(r.Parts, p)
			}
		}
	}
	if keepErr := j.keep(); err == nil {
		err = keepErr
	}
	return err
}

// pause ends a time in which the figure itself computes.
func (j *Job) pause() {
	wall, cpu := j.own.seconds()
	j.record.Wall += wall
	j.record.CPU += cpu
	j.record.End = time.Now().UTC().Truncate(time.Second)
}

// keep writes the record.
func (j *Job) keep() error {
	text, err := json.MarshalIndent(j.record, "", "  ")
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(j.Dir, RecordFile), 0o666, func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err })
}

// part brings a part in a folder of the figure's to its end by work, which returns what is known of
// its runs, and notes it in the record.
func (j *Job) part(folder, seeds string, work func() ([]experiment.Info, error)) error {
	j.pause()
	begin := now()
	infos, err := work()
	wall, _ := begin.seconds()
	p := Part{Folder: filepath.ToSlash(filepath.Clean(folder)), Runs: len(infos), Seeds: seeds}
	for _, i := range infos {
		p.CPU += i.CPU
		if i.Status == experiment.Done {
			p.Done++
		}
		for _, program := range append(slices.Clip(i.Earlier), i.Program) {
			j.took(program)
		}
		if !i.Start.IsZero() && i.Start.Before(j.record.Start) { // than there were records
			j.record.Start = i.Start
		}
	}
	before := Part{}
	if k := slices.IndexFunc(j.before, func(q Part) bool { return q.Folder == p.Folder }); k >= 0 {
		before = j.before[k]
	}
	p.Wall, p.Engine = before.Wall, before.Engine
	if p.CPU != before.CPU { // it was brought further
		p.Wall += wall
		if !slices.Contains(p.Engine, j.Engine) {
			p.Engine = append(slices.Clone(p.Engine), j.Engine)
		}
	}
	p.Wall = max(p.Wall, underWay(infos))
	j.record.Parts = append(j.record.Parts, p)
	j.own = now()
	return err
}

// underWay is for how long at least one of the runs was under way, by their own records, whose
// dates are whole seconds; seconds.
func underWay(infos []experiment.Info) float64 {
	type span struct{ from, to float64 }
	var spans []span
	for _, i := range infos {
		to := i.Updated
		if i.End != nil {
			to = *i.End
		}
		if i.Wall > 0 {
			spans = append(spans, span{float64(to.Unix()) - i.Wall, float64(to.Unix())})
		}
	}
	slices.SortFunc(spans, func(a, b span) int {
		if a.from < b.from {
			return -1
		}
		return 1
	})
	var sum float64
	end := 0.0
	for _, s := range spans {
		if s.to > end {
			sum += s.to - max(s.from, end)
			end = s.to
		}
	}
	return sum
}

// seedsOf says over which seeds the members of a sweep go: "seed 1 to 20".
func seedsOf(s *sweep.Sweep) string {
	var parts []string
	for _, a := range s.Grid {
		if !slices.Contains(s.Replicates, a.Path) {
			continue
		}
		var values []string
		for _, v := range a.Values {
			values = append(values, v.Text())
		}
		parts = append(parts, a.Path+" "+enumeration(values))
	}
	if len(parts) == 0 && len(s.Members) > 0 {
		return "seed " + strconv.FormatUint(s.Members[0].Seed, 10)
	}
	return strings.Join(parts, ", ")
}

// enumeration writes values that follow each other in short: "1 to 20".
func enumeration(values []string) string {
	first, err := strconv.Atoi(values[0])
	for k, v := range values {
		if n, wrong := strconv.Atoi(v); wrong != nil || n != first+k {
			err = errors.New("not in a row")
		}
	}
	if err != nil || len(values) < 3 {
		return strings.Join(values, ", ")
	}
	return values[0] + " to " + values[len(values)-1]
}
