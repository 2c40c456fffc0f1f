// Package quantile has the quantiles of this program: Of for what values are like, Bound for the
// bounds of an interval.
package quantile

import (
	"math"
	"slices"
)

// Of returns the p-quantile (0 <= p <= 1) of ascending values by linear interpolation between the
// order statistics at (n-1)p: type 7 of Hyndman & Fan (1996), the default of R and numpy. It
// returns NaN for no values.
func Of(ascending []float64, p float64) float64 {
	n := len(ascending)
	if n == 0 {
		return math.NaN()
	}
	h := float64(float64(n-1) * p)
	k := min(int(h), n-1)
	if k == n-1 {
		return ascending[k]
	}
	f := h - float64(k)
	return float64((1-f)*ascending[k]) + float64(f*ascending[k+1])
}

// Quartiles returns lower quartile, median and upper quartile of values in any order, by Of.
func Quartiles(values []float64) (q1, q2, q3 float64) {
	v := slices.Clone(values)
	slices.Sort(v)
	return Of(v, 0.25), Of(v, 0.5), Of(v, 0.75)
}

// Bound returns the p-quantile of x by linear interpolation at p(n+1)-1, type 6 of Hyndman & Fan
// (Am. Stat. 50, 1996): below the k-th smallest of n replicates lies k/(n+1) of what they are drawn
// from, as the bounds of an interval need it; Of would make intervals too short. It reorders x,
// which has at least one element and no NaN, and takes time in proportion to its length.
func Bound(x []float64, p float64) float64 {
	h := min(max(float64(p*float64(len(x)+1))-1, 0), float64(len(x)-1))
	k := int(h)
	low := selectRank(x, k)
	if f := h - float64(k); f > 0 {
		return float64((1-f)*low) + float64(f*slices.Min(x[k+1:]))
	}
	return low
}

// selectRank puts the k-th smallest value in its place, none larger before and none smaller after
// it, and returns it (Hoare's FIND, Commun. ACM 4, 1961).
func selectRank(x []float64, k int) float64 {
	lo, hi := 0, len(x)-1
	for lo < hi {
		pivot := x[lo+(hi-lo)/2]
		i, j := lo, hi
		for i <= j {
			for x[i] < pivot {
				i++
			}
			for x[j] > pivot {
				j--
			}
			if i <= j {
				x[i], x[j] = x[j], x[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return x[k]
		}
	}
	return x[k]
}
