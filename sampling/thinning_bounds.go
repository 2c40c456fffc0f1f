package sampling

import "math"

// bounds holds the bounds on the hazards of all neurons, and sums of them from which a neuron can
// be drawn.
//
// The sums form a pyramid. Of each block of 128 neurons, those with the same index modulo 8 are
// summed: that makes 8 sums of 16 bounds, side by side as vector instructions want them. These sums
// are summed in the same way, tier after tier, until 8 are left. Every sum is made from what lies
// below in one fixed order, so that the sums depend on nothing but levels and ceilings, however
// they were brought up to date: all at once or where something changed.
//
// Cost: all at once 0.2 ns per neuron, with vector instructions; for one changed neuron, or to draw
// one, at most 16 additions per tier.
type bounds struct {
	bound
	level []int64 // per neuron, padded to a multiple of 8; set by the owner
	ceil  []int64 // per neuron, padded too: 0 if it has no candidates
	tiers [][]float64
	total float64

	touched []int32 // neurons that have changed since the sums were made, up to the capacity ...
	whole   bool    // ... beyond which all sums are made anew
}

func newBounds(n int) bounds {
	n = padded(n)
	b := bounds{ceil: make([]int64, n), touched: make([]int32, 0, n/128), whole: true}
	for k := n; k > rowLanes || len(b.tiers) == 0; {
		k = rowLanes * ((k + blockLength - 1) / blockLength)
		b.tiers = append(b.tiers, make([]float64, k))
	}
	return b
}

// touch notes that neuron i has changed.
func (b *bounds) touch(i int) {
	if len(b.touched) == cap(b.touched) {
		b.whole = true
		return
	}
	b.touched = append(b.touched, int32(i))
}

// flush brings the sums up to date.
func (b *bounds) flush() {
	if b.whole {
		sumLanes(b.tiers[0], b.level, b.ceil, b.bound)
		for m := 1; m < len(b.tiers); m++ {
			sumTier(b.tiers[m], b.tiers[m-1])
		}
	} else {
		for _, i := range b.touched {
			b.climb(int(i))
		}
	}
	b.whole = false
	b.touched = b.touched[:0]
	t := (*[rowLanes]float64)(b.tiers[len(b.tiers)-1])
	b.total = ((t[0] + t[1]) + (t[2] + t[3])) + ((t[4] + t[5]) + (t[6] + t[7]))
}

// climb makes the sums that contain neuron i.
func (b *bounds) climb(i int) {
	k := above(i)
	first := below(k)
	sum := 0.0
	for j := first; j < min(first+blockLength, len(b.level)); j += rowLanes {
		sum += b.at(b.level[j], b.ceil[j])
	}
	b.tiers[0][k] = sum
	for m := 1; m < len(b.tiers); m++ {
		t := b.tiers[m-1]
		k = above(k)
		first := below(k)
		sum := 0.0
		for j := first; j < min(first+blockLength, len(t)); j += rowLanes {
			sum += t[j]
		}
		b.tiers[m][k] = sum
	}
}

// draw finds the neuron at place r of [0,total), and the place within its bound. It is -1 where
// rounding has left r beyond the last neuron.
func (b *bounds) draw(r float64) (int, float64) {
	top := len(b.tiers) - 1
	k := 0
	for t := b.tiers[top]; ; k++ {
		if k == len(t) {
			return -1, 0
		}
		if r < t[k] {
			break
		}
		r -= t[k]
	}
	for m := top - 1; m >= 0; m-- {
		t := b.tiers[m]
		k = below(k)
		end := min(k+blockLength, len(t))
		for ; k < end && r >= t[k]; k += rowLanes {
			r -= t[k]
		}
		if k >= end {
			return -1, 0
		}
	}
	k = below(k)
	for end := min(k+blockLength, len(b.level)); k < end; k += rowLanes {
		x := b.at(b.level[k], b.ceil[k])
		if r < x {
			return k, r
		}
		r -= x
	}
	return -1, 0
}

// Hazards in discrete time grow like the potential, not exponentially, once they exceed 1:
// ln(1+e^x) < 2^bendOctaves * e^(x/8) for all x.
const bendOctaves = 1.5608 // 2^1.5608 = 2.950; the ratio is largest at x = 8, 8.0003/e = 2.943

// newBound describes levels with the given number of fractional bits. zero is the level at which
// the hazard is 1 per tick.
func newBound(d Dynamics, fraction uint) (b bound, zero int64) {
	b.shift = 52 - uint64(fraction)
	b.bend = math.MaxInt64 / 2 // above all levels
	if d == Discrete {
		b.bend = 1023<<52 - 1023<<49 + int64(math.Ceil(bendOctaves*(1<<52)))
	}
	return b, 1023 << fraction
}
