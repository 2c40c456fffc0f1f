package sweep

import (
	"strings"
	"testing"
)

// order lets one worker take the members of a sweep, of which each takes as long as cost says.
func order(t *testing.T, text string, cost func(m Member) float64) string {
	t.Helper()
	s := parse(t, text)
	q := newQueue(&Task{Sweep: s, Members: s.Members})
	var names []string
	for {
		m, ok := q.next(t.Context())
		if !ok {
			return strings.Join(names, " ")
		}
		names = append(names, strings.Join(m.Values, ","))
		q.mu.Lock()
		q.learn(m, cost(m))
		q.mu.Unlock()
	}
}

// TestLongestFirst verifies the order of members: whole numbers from the largest; else first one of
// each value, then what will take longest by what the values took.
func TestLongestFirst(t *testing.T) {
	for _, c := range []struct {
		grid, want string
		cost       map[string]float64 // of values, which multiply
	}{
		{"{path: training.epochs, values: [10, 1000, 100]}", "1000 100 10", nil},
		// Nothing is known of 0.3 before it is tried, then it is the longest: its replicates come
		// before those of the others.
		{"{path: initial.noise, values: [0.1, 0.3, 0.2]}\n  - {path: seed, values: [1, 2]}", "0.1,1 0.3,1 0.2,1 0.3,2 0.2,2 0.1,2", map[string]float64{"0.1": 1, "0.2": 2, "0.3": 3}},
		// The effects of two paths add up: what was never tried together is foreseen.
		{"{path: initial.noise, values: [0.1, 0.2, 0.3]}\n  - {path: plasticity.rate_sal, values: [0, 0.01, 0.02]}",
			"0.1,0 0.1,0.01 0.1,0.02 0.2,0 0.3,0 0.3,0.02 0.3,0.01 0.2,0.02 0.2,0.01", map[string]float64{"0.2": 10, "0.3": 100, "0.01": 2, "0.02": 4}},
	} {
		text := "kind: sweep\nexperiment: {kind: sampling, network: {visible: 2}}\ngrid:\n  - " + c.grid + "\n"
		if strings.Contains(c.grid, "seed") {
			text += "replicates: [seed]\n"
		}
		got := order(t, text, func(m Member) float64 {
			x := 1.0
			for _, v := range m.Values {
				if f := c.cost[v]; f != 0 {
					x *= f
				}
			}
			return x
		})
		if got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.grid, got, c.want)
		}
	}
}
