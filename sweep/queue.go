package sweep

import (
	"context"
	"sync"
	"time"
)

// queue hands out members to workers.
type queue struct {
	mu      sync.Mutex
	waiting []Member
	busy    []Member      // others are at them: to be looked at again
	out     int           // that workers have
	wake    chan struct{} // closed when something has changed
	pause   time.Duration // between two looks at a busy member
}

func newQueue(t *Task) *queue {
	q := &queue{waiting: append([]Member(nil), t.Members...), wake: make(chan struct{}), pause: time.Second}
	if t.owner != nil {
		q.pause = min(q.pause, t.owner.Lease/6)
	}
	return q
}

// next returns the next member to work on; false when there is none and will be none, or ctx has
// ended.
func (q *queue) next(ctx context.Context) (Member, bool) {
	for ctx.Err() == nil {
		q.mu.Lock()
		if len(q.waiting) > 0 {
			m := q.waiting[0]
			q.waiting = q.waiting[1:]
			q.out++
			q.mu.Unlock()
			return m, true
		}
		if len(q.busy) == 0 {
			q.mu.Unlock()
			return Member{}, false
		}
		q.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(q.pause):
		}
		q.mu.Lock()
		q.waiting, q.busy = append(q.waiting, q.busy...), nil
		q.mu.Unlock()
	}
	return Member{}, false
}

// later takes a member back that another process works on.
func (q *queue) later(m Member) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy = append(q.busy, m)
}
