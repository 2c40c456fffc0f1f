package analysis

import (
	"math"

	"spikealign/internal/detmath"
)

// studentTail returns the probability that a variable with Student's t distribution of df = 1, 2,
// ... degrees of freedom is beyond -|t| or |t|, with a relative error of about 1e-14, small tails
// included.
//
// It is I_x(df/2, 1/2) at x = df/(df+t^2) (Abramowitz & Stegun 26.7.1 and 26.5.27), I being the
// regularised incomplete beta function.
func studentTail(t float64, df int) float64 {
	switch {
	case math.IsNaN(t):
		return math.NaN()
	case math.IsInf(t, 0):
		return 0
	}
	nu := float64(df)
	tt := float64(t * t)
	a, b := float64(nu/2), 0.5
	x, y := nu/(nu+tt), tt/(nu+tt)
	// B(df/2, 1/2) = B(df/2-1, 1/2) * (df-2)/(df-1), from B(1/2, 1/2) = pi and B(1, 1/2) = 2.
	beta := math.Pi
	if df%2 == 0 {
		beta = 2
	}
	for k := 3 - df%2 + 1; k <= df; k += 2 {
		beta = float64(beta*float64(k-2)) / float64(k-1)
	}
	// x^a*y^b, from the smaller of x = 1-y and y, which has lost no digits.
	lx := detmath.Log(x)
	if y < 0.5 {
		lx = detmath.Log1p(-y)
	}
	front := float64(detmath.Exp(float64(a*lx))*math.Sqrt(y)) / beta
	if x < (a+1)/(a+b+2) {
		return float64(front*betaFraction(a, b, x)) / a
	}
	return 1 - float64(front*betaFraction(b, a, y))/b
}

// betaFraction is the continued fraction of the incomplete beta function, Abramowitz & Stegun
// 26.5.8, by the modified method of Lentz (Thompson & Barnett, J. Comput. Phys. 64, 1986). It
// converges fast for x < (a+1)/(a+b+2).
func betaFraction(a, b, x float64) float64 {
	const tiny = 1e-300
	away := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c, d := 1.0, 1/away(1-float64((a+b)*x)/(a+1))
	f := d
	for m := 1.0; m < 1e5; m++ {
		even := float64(float64(m*(b-m))*x) / float64((a+2*m-1)*(a+2*m))
		d = 1 / away(1+float64(even*d))
		c = away(1 + even/c)
		f = float64(f * float64(c*d))
		odd := -float64(float64((a+m)*(a+b+m))*x) / float64((a+2*m)*(a+2*m+1))
		d = 1 / away(1+float64(odd*d))
		c = away(1 + odd/c)
		step := float64(c * d)
		f = float64(f * step)
		if math.Abs(step-1) < 1e-15 {
			break
		}
	}
	return f
}
