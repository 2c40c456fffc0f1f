package experiment

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// meter adds up the CPU time of threads that work for a run beside the one that calls Advance.
type meter struct {
	perThread bool
	total     atomic.Int64 // nanoseconds
}

func (m *meter) used() time.Duration { return time.Duration(m.total.Load()) }

// Parallel calls work(0), ..., work(workers-1), each on a thread of its own, and returns when all
// have returned. A run that uses several threads must do it through Parallel, so that its CPU time
// is right also where several runs share a process. What a worker computes must not depend on the
// number of workers.
func (e Env) Parallel(workers int, work func(worker int)) {
	var wg sync.WaitGroup
	for k := range workers {
		wg.Go(func() {
			if e.meter != nil && e.meter.perThread {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				before := threadCPU()
				defer func() { e.meter.total.Add(int64(threadCPU() - before)) }()
			}
			work(k)
		})
	}
	wg.Wait()
}
