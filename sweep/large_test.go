package sweep

import (
	"testing"

	"spikealign/experiment"
	"spikealign/experiment/experimenttest"
)

// large is a sweep of 10000 members, each a condition of its own, with results that nobody
// computed.
func large(t *testing.T) (*Sweep, *Result) {
	t.Helper()
	const text = "kind: sweep\nexperiment: {kind: fake}\ngrid:\n  - {path: drift, values: {from: 0.001, to: 0.1, steps: 100}}\n  - {path: layers, values: {from: 1, to: 100, steps: 100, whole: true}}\n"
	s, err := Parse(experiment.Kinds{experimenttest.Kind{}}, "large.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r := &Result{Sweep: s, Dir: t.TempDir(), Metrics: []string{"walk"}, States: make([]State, len(s.Members))}
	for k := range r.States {
		r.States[k].Status = experiment.Done
		r.States[k].Info = &experiment.Info{Latest: []experiment.Cell{{Name: "walk", Value: experiment.Float(float64(k))}}}
	}
	return s, r
}

// TestLarge: the tables take so many allocations for each member, not for each pair of members, and
// the queue hands out every member once.
func TestLarge(t *testing.T) {
	s, r := large(t)
	allocations := testing.AllocsPerRun(1, func() {
		if err := r.write(); err != nil {
			t.Fatal(err)
		}
	})
	// About 20 are texts of numbers and rows. With one for each pair there would be 10000.
	if n := allocations / float64(len(s.Members)); n > 200 {
		t.Errorf("%.0f allocations for each of %d members", n, len(s.Members))
	}
	q := newQueue(&Task{Sweep: s, Members: s.Members})
	seen := map[string]bool{}
	for {
		m, ok := q.next(t.Context())
		if !ok {
			break
		}
		seen[m.Name] = true
		q.mu.Lock()
		q.learn(m, float64(len(seen)))
		q.mu.Unlock()
	}
	if len(seen) != len(s.Members) {
		t.Errorf("%d of %d members were handed out", len(seen), len(s.Members))
	}
}
