package sweep

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"spikealign/experiment"
)

// queue hands out members to workers, those that are expected to take longest first, so that all
// workers end at about the same time. What is expected follows from the members that have ended:
// the logarithm of a member's time is taken for a sum of effects of its values, replicates left
// out. As long as a value was not seen, its members come first, as they may be the longest; among
// them those of the largest whole numbers, which may be epochs or neurons.
type queue struct {
	dir     string
	mu      sync.Mutex
	waiting []Member
	busy    []Member      // others are at them: to be looked at again
	pause   time.Duration // between two looks at a busy member

	axes    []int              // of the grid, without replicates
	effects []map[string]*mean // of the values of each, on the logarithm of the time
	all     mean
	size    []map[string]float64 // where among the values of its axis a whole number stands, from 0 to 1
	begun   map[string]bool      // members that are under way come before all others
	sorted  int                  // how many had ended when waiting was sorted; -1: never
}

// mean is that of what was added to it.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(x float64) {
	m.sum += x
	m.n++
}

func (m *mean) of() float64 { return m.sum / float64(max(m.n, 1)) }

// newQueue makes the queue of the members of a task.
func newQueue(t *Task) *queue {
	q := &queue{dir: t.Dir, waiting: slices.Clone(t.Members), pause: time.Second, begun: t.begun, sorted: -1}
	if t.owner != nil {
		q.pause = min(q.pause, t.owner.Lease/6)
	}
	q.axes = t.Sweep.Conditions()
	for _, k := range q.axes {
		q.effects = append(q.effects, map[string]*mean{})
		q.size = append(q.size, sizes(canonicals(t.Sweep.Grid[k])))
	}
	for _, f := range t.finished {
		q.learn(f.member, f.seconds)
	}
	return q
}

// sizes are the places of values in their order, if all are whole numbers above 0; else nil.
func sizes(values []string) map[string]float64 {
	var numbers []int64
	for _, v := range values {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 1 {
			return nil
		}
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	place := map[string]float64{}
	for k, n := range numbers {
		place[strconv.FormatInt(n, 10)] = float64(k+1) / float64(len(numbers))
	}
	return place
}

// learn takes in what a member took.
func (q *queue) learn(m Member, seconds float64) {
	x := math.Log(max(seconds, 1e-3))
	q.all.add(x)
	for i, k := range q.axes {
		e := q.effects[i][m.Values[k]]
		if e == nil {
			e = &mean{}
			q.effects[i][m.Values[k]] = e
		}
		e.add(x)
	}
}

// expected is how a member ranks: the higher, the earlier.
func (q *queue) expected(m Member) float64 {
	if q.begun[m.Name] {
		return math.Inf(1)
	}
	sum, size, isKnown := q.all.of(), 0.0, true
	for i, k := range q.axes {
		size += q.size[i][m.Values[k]]
		if e := q.effects[i][m.Values[k]]; e == nil {
			isKnown = false
		} else {
			sum += e.of() - q.all.of()
		}
	}
	if !isKnown {
		const above = 1e3 // any logarithm of a time
		return above + size
	}
	return sum
}

// next returns the next member to work on; false when there is none and will be none, or ctx has
// ended.
func (q *queue) next(ctx context.Context) (Member, bool) {
	for ctx.Err() == nil {
		if m, ok := q.take(); ok {
			return m, true
		}
		q.mu.Lock()
		idle := len(q.busy) == 0
		q.mu.Unlock()
		if idle {
			return Member{}, false
		}
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

// take takes the first of the waiting members.
func (q *queue) take() (Member, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	// What is learned from one member changes less and less, and there may be ten thousand.
	if q.all.n > q.sorted+q.sorted/10 || q.sorted < 0 {
		q.sort()
	}
	if len(q.waiting) == 0 {
		return Member{}, false
	}
	m := q.waiting[0]
	q.waiting = q.waiting[1:]
	return m, true
}

// sort puts the waiting members in order; those that rank alike stay in that of the grid.
func (q *queue) sort() {
	rank := make(map[string]float64, len(q.waiting))
	for _, m := range q.waiting {
		rank[m.Name] = q.expected(m)
	}
	slices.SortStableFunc(q.waiting, func(a, b Member) int { return cmp.Compare(rank[b.Name], rank[a.Name]) })
	q.sorted = q.all.n
}

// later takes a member back that another process works on.
func (q *queue) later(m Member) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy = append(q.busy, m)
}

// ended says that a member was brought to an end.
func (q *queue) ended(m Member) {
	info, err := experiment.ReadInfo(MemberDir(q.dir, m))
	if err != nil || info.Status != experiment.Done {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.learn(m, info.Wall)
}
