package random

import (
	"math"

	"spikealign/internal/detmath"
)

// Quantile returns the x at which the standard normal distribution function is p, for p in (0,1).
//
// A start from Abramowitz & Stegun 26.2.23 (error below 4.5e-4) is refined by two Halley steps on
// the tail probability, which leaves a relative error of about 1e-15. The tail itself comes from a
// continued fraction or a series, in fixed arithmetic.
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

// CutNorm returns a standard normal number conditioned on lying within [-cut, cut], cut > 0, from
// one draw.
func (s *Stream) CutNorm(cut float64) float64 {
	tail := upperTail(cut)
	return Quantile(tail + float64(s.Float64()*(1-2*tail)))
}

// Beta returns a number from the Beta distribution with parameters a, b > 0. Beta(1,1), the uniform
// distribution, takes one draw, others a varying number.
func (s *Stream) Beta(a, b float64) float64 {
	if a == 1 && b == 1 {
		return s.Float64()
	}
	x := s.logGamma(a)
	return detmath.Logistic(x - s.logGamma(b))
}

// logGamma returns the logarithm of a number from the Gamma distribution with shape a, by the
// method of Marsaglia and Tsang (A simple method for generating gamma variables, ACM Trans. Math.
// Softw. 26, 2000). Shapes below 1 go through shape a+1.
func (s *Stream) logGamma(a float64) float64 {
	boost := 0.0
	if a < 1 {
		boost = detmath.Log(s.Float64()) / a
		a++
	}
	d := a - 1.0/3
	c := 1 / math.Sqrt(float64(9*d))
	for {
		x := s.Norm()
		v := 1 + float64(c*x)
		if v <= 0 {
			continue
		}
		v = float64(v*v) * v
		lv := detmath.Log(v)
		if detmath.Log(s.Float64()) < float64(0.5*float64(x*x))+d-float64(d*v)+float64(d*lv) {
			return detmath.Log(d) + lv + boost
		}
	}
}
