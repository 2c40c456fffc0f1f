package deep

import (
	"sync/atomic"

	"spikealign/internal/gemm"
)

// crew is the threads that work on a network, each with memory of its own. What they compute does
// not depend on how many there are.
type crew struct {
	workers  int
	parallel func(workers int, work func(worker int)) // nil: one after another
	hands    []*hand
}

// hand is the memory of one thread.
type hand struct {
	mul    gemm.Work
	pixels []uint8
}

func newCrew(workers int, parallel func(int, func(int))) *crew {
	c := &crew{workers: max(workers, 1), parallel: parallel}
	if parallel == nil {
		c.workers = 1
	}
	for range c.workers {
		c.hands = append(c.hands, new(hand))
	}
	return c
}

// each does the tasks 0 .. n-1.
func (c *crew) each(n int, do func(h *hand, k int)) {
	if c.workers == 1 || n < 2 {
		for k := range n {
			do(c.hands[0], k)
		}
		return
	}
	var next atomic.Int64
	c.parallel(min(c.workers, n), func(worker int) {
		for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
			do(c.hands[worker], k)
		}
	})
}

// grow returns a slice of n numbers in the memory of xs, or a longer one.
func grow(xs []float32, n int) []float32 {
	if cap(xs) < n {
		return make([]float32, n)
	}
	return xs[:n]
}
