package sal

import (
	"fmt"
	"testing"

	"spikealign/internal/random"
	"spikealign/spike"
	"spikealign/synapse"
)

// train returns events of n neurons that fire with probability p per step once minISI steps have
// passed since their last spike.
func train(seed uint64, n, steps int, p float64, minISI int64) []spike.Event {
	s := random.New(seed, random.Spikes, 0, 0)
	last := make([]int64, n)
	for i := range last {
		last[i] = -minISI
	}
	var events []spike.Event
	for t := range int64(steps) {
		for i := range last {
			if t-last[i] >= minISI && s.Float64() < p {
				last[i] = t
				events = append(events, spike.Event{Time: t, Neuron: int32(i)})
			}
		}
	}
	return events
}

// BenchmarkObserve measures the work per spike in networks whose neurons are refractory (50 steps)
// half of the time.
func BenchmarkObserve(b *testing.B) {
	tri := synapse.Half{Shape: synapse.TriangularWindow, Tau: 50}
	exp := synapse.Half{Tau: 50}
	last1 := synapse.Pairing{Kind: synapse.Last, K: 1}
	nearest := synapse.Pairing{}
	for _, c := range []struct {
		name  string
		n     int
		half  synapse.Half
		p     synapse.Pairing
		scale int64
	}{
		{"triangular/last-1/7", 7, tri, last1, 1},
		{"triangular/nearest/7", 7, tri, nearest, 1},
		{"exponential/nearest/7", 7, exp, nearest, 1},
		{"ticks/triangular/last-1/7", 7, synapse.Half{Shape: synapse.TriangularWindow, Tau: 50 << 20}, last1, 1 << 20},
		{"ticks/exponential/nearest/7", 7, synapse.Half{Tau: 50 << 20}, nearest, 1 << 20},
		{"exponential/last-10/2", 2, exp, synapse.Pairing{Kind: synapse.Last, K: 10}, 1},
		{"triangular/last-1/100", 100, tri, last1, 1},
		{"exponential/nearest/100", 100, exp, nearest, 1},
		{"triangular/last-1/1000", 1000, tri, last1, 1},
		{"exponential/nearest/1000", 1000, exp, nearest, 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			events := train(1, c.n, 200_000/c.n, 1./50, 50)
			for k := range events {
				events[k].Time *= c.scale
			}
			sums := NewPairSums(c.n, c.half, c.p)
			sums.Observe(events)
			b.ReportAllocs()
			for b.Loop() {
				sums.Reset()
				sums.Observe(events)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(events)), "ns/spike")
		})
	}
}

// BenchmarkLog compares the two representations of history where both apply.
func BenchmarkLog(b *testing.B) {
	for _, n := range []int{2, 7, 16, 32, 64} {
		for _, dense := range []bool{true, false} {
			b.Run(fmt.Sprintf("%d/dense=%v", n, dense), func(b *testing.B) {
				events := train(1, n, 200_000/n, 1./50, 50)
				sums := newSums(n, synapse.Half{Shape: synapse.TriangularWindow, Tau: 50}, synapse.Pairing{Kind: synapse.Last, K: 1}, dense)
				for b.Loop() {
					sums.Reset()
					sums.Observe(events)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(events)), "ns/spike")
			})
		}
	}
}

// newSums is NewPairSums with a choice of representation.
func newSums(n int, half synapse.Half, p synapse.Pairing, dense bool) *PairSums {
	c := new(PairSums)
	c.start(n, p, half.Support(), false)
	if dense {
		c.latest, c.log, c.slot, c.next = make([]int64, n), nil, nil, nil
		c.forget()
	}
	c.setHalf(half)
	return c
}
