package random

import (
	"math"

	"spikealign/internal/detmath"
)

// Quantile returns the x at which the standard normal distribution function is p, for p in (0,1).
//
// A start from Abramowitz & Stegun 26.2.23 (error below 4.5e-4) is refined by two Halley steps on the tail probability, which leaves a
// relative error of about 1e-15. The tail itself comes from a continued fraction or a series, in fixed arithmetic.
func Quantile(p float64) float64 {
	if !(p > 0 && p < 1) {
		panic("random: Quantile of a number outside (0,1)")
	}
	q := math.Min(p, 1-p) // lower tail
	if q == 0.5 {
		return 0
	}
	t := math.Sqrt(float64(-2 * detmath.Log(q)))
	num := 2.515517 + float64(t*(0.802853+float64(t*0.010328)))
	den := 1 + float64(t*(1.432788+float64(t*(0.189269+float64(t*0.001308)))))
	x := t - num/den // upper-tail quantile, positive
	for range 2 {
		density := float64(0.3989422804014327 * detmath.Exp(float64(-0.5*float64(x*x))))
		f := (upperTail(x) - q) / density // Newton step
		x += f / (1 - float64(0.5*float64(x*f)))
	}
	if p < 0.5 {
		return -x
	}
	return x
}

// upperTail is 1 - Phi(x) for x >= 0 (and slightly below 0).
func upperTail(x float64) float64 {
	density := float64(0.3989422804014327 * detmath.Exp(float64(-0.5*float64(x*x))))
	if x < 3 {
		// Phi(x) - 1/2 = density * (x + x^3/3 + x^5/(3*5) + ...), Abramowitz & Stegun 26.2.11.
		term, sum := x, x
		for k := 3.0; k < 200; k += 2 {
			term = float64(term*float64(x*x)) / k
			next := sum + term
			if next == sum {
				break
			}
			sum = next
		}
		return 0.5 - float64(density*sum)
	}
	// Laplace's continued fraction, 26.2.14, from its far end.
	f := x
	for k := 80.0; k >= 1; k-- {
		f = x + k/f
	}
	return density / f
}
