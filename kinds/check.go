package kinds

import (
	"fmt"
	"spikealign/settings"
)

// largest bounds weights, biases, rates and spreads: what is larger is a slip of the pen, and sums
// of it would overflow. The thinning simulator cuts weights here.
const largest = 1e6

// checker collects the problems of a configuration.
type checker struct{ problems settings.Problems }

func (c *checker) bad(path, format string, a ...any) {
	c.problems = append(c.problems, settings.Problem{Path: path, Message: fmt.Sprintf(format, a...)})
}

func (c *checker) atLeast(path string, x, low int64) {
	if x < low || x > 1<<40 {
		c.bad(path, "must be between %d and 2^40", low)
	}
}

func (c *checker) steps(path string, x, low int64) {
	if x < low || x > 1<<24 {
		c.bad(path, "must be between %d and 2^24 steps", low)
	}
}

func (c *checker) between(path string, x, low, high float64) {
	if !(x >= low && x <= high) {
		c.bad(path, "must be between %v and %v", low, high)
	}
}

func (c *checker) moderate(path string, x float64) { c.between(path, x, -largest, largest) }

func (c *checker) spread(path string, x float64) { c.between(path, x, 0, largest) }
