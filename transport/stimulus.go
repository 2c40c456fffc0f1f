package transport

import (
	"spikealign/internal/random"
	"spikealign/settings"
)

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

// relateShare adds, at path, that a share of the neurons is none in one of the layers that are
// driven: all but the last.
func relateShare(ps *settings.Problems, path string, share float64, layers []int) {
	for l, n := range layers[:max(len(layers)-1, 0)] {
		if n > 0 && float64(share*float64(n))+0.5 < 1 {
			ps.Add(path, "drives none of the %d neurons of layer %d: must be at least %.3g", n, l, 0.5/float64(n))
			return
		}
	}
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
