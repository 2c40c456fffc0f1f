// Package quantile is the one definition of quantiles in this program.
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
