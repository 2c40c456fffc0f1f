package transport

import "spikealign/internal/random"

// stimulus drives some of the neurons of a layer: a random subset, drawn anew after each period,
// spikes as Poisson processes do, at most once in a step. What it does in a step depends on seed,
// layer and step alone.
type stimulus struct {
	seed   uint64
	layer  int
	period int64   // steps
	chance float64 // of a spike in a step, of a driven neuron

	drawn int64 // the period for which order is; -1 before the first
	order []int32
	some  int // of order that are driven
}

// newStimulus drives a share of n neurons of a layer.
func newStimulus(seed uint64, layer, n int, share, chance float64, period int64) *stimulus {
	s := &stimulus{seed: seed, layer: layer, period: period, chance: chance, drawn: -1, order: make([]int32, n)}
	s.some = int(float64(share*float64(n)) + 0.5)
	return s
}

// driven returns the neurons that are driven in step t, in no order.
func (s *stimulus) driven(t int64) []int32 {
	if k := t / s.period; k != s.drawn {
		s.drawn = k
		for i := range s.order {
			s.order[i] = int32(i)
		}
		draw := random.New(s.seed, random.Stimulus, uint64(s.layer)<<1, uint64(k))
		for i := range s.some {
			j := i + int(float64(draw.Float64()*float64(len(s.order)-i)))
			s.order[i], s.order[j] = s.order[j], s.order[i]
		}
	}
	return s.order[:s.some]
}

// spikes calls fire for the neurons that spike in step t.
func (s *stimulus) spikes(t int64, fire func(i int32)) {
	draw := random.New(s.seed, random.Stimulus, uint64(s.layer)<<1|1, uint64(t))
	for _, i := range s.driven(t) {
		if draw.Float64() < s.chance {
			fire(i)
		}
	}
}
