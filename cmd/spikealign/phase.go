package main

import (
	"time"

	"spikealign/internal/progress"
)

// phase is a progress line that appears only when the work takes long.
type phase struct {
	make  func() *progress.Reporter
	begin time.Time
	task  *progress.Task
	last  progress.State
	quiet bool
}

// newPhase begins a phase, with so much time between two lines where standard error is no terminal.
func newPhase(a *app, every time.Duration, quiet bool) *phase {
	return &phase{begin: time.Now(), quiet: quiet, make: func() *progress.Reporter { return newReporter(a, 1, every) }}
}

const patience = 2 * time.Second

func (p *phase) update(done, total float64, unit string, spikes int64) {
	if p.task == nil {
		if p.quiet || time.Since(p.begin) < patience {
			return
		}
		p.task = p.make().Start("")
	}
	p.last = progress.State{Done: done, Total: total, Unit: unit, Spikes: spikes}
	p.task.Update(p.last)
}

func (p *phase) end(err error) {
	switch {
	case p.task == nil:
	case err != nil:
		p.task.End("stopped", true)
	default:
		p.last.Done = p.last.Total // headers and left-out spikes do not count one by one
		p.task.Update(p.last)
		p.task.End("done", false)
	}
}
