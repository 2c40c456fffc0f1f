// Package detmath has the elementary functions whose bits decide results: exponential and
// logarithm.
//
// The standard library's math.Exp uses fused multiply-adds where the processor has them, so that
// the last bit of a result, and after it every later spike of a simulation, can differ between two
// machines. The functions here use only additions, multiplications and divisions in a fixed order,
// each rounded to float64 (the explicit conversions forbid the compiler to fuse), and so give the
// same bits on every processor. They are within one unit in the last place of the true value (the
// tests say how near), and allocate nothing.
package detmath

import "math"

const (
	ln2Hi   = 0x1.62e42fefa3800p-1 // the first 42 bits of ln 2 ...
	ln2Lo   = 0x1.ef35793c76730p-45
	ln2x64H = 0x1.62e42fef80000p-7 // ... and the first 33 of ln(2)/64
	ln2x64L = 0x1.1cf79abc9e3b4p-42
	log2x64 = 0x1.71547652b82fep+6 // 64/ln 2
)

// Exp returns e^x: +Inf above 709.78, 0 below -745.13, NaN for NaN.
func Exp(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > 709.782712893384:
		return math.Inf(1)
	case x < -745.1332191019412:
		return 0
	}
	// x = (64*e + j) * ln2/64 + r with |r| <= ln2/128, so e^x = 2^e * 2^(j/64) * e^r.
	k := math.Floor(float64(x*log2x64) + 0.5)
	r := float64(x-float64(k*ln2x64H)) - float64(k*ln2x64L)
	n := int64(k)
	t := expTable[n&63]
	// e^r - 1, Taylor to r^6: the next term is below 1e-19.
	p := float64(r*(1.0/720)) + 1.0/120
	p = float64(r*p) + 1.0/24
	p = float64(r*p) + 1.0/6
	p = float64(r*p) + 0.5
	p = float64(r*float64(r*p)) + r
	y := t + float64(t*p)
	e := n >> 6
	if e > -1022 && e < 1023 {
		return float64(y * math.Float64frombits(uint64(1023+e)<<52))
	}
	return math.Ldexp(y, int(e))
}

// Log returns the natural logarithm of x: -Inf for 0, NaN below 0 and for NaN.
func Log(x float64) float64 {
	ix := math.Float64bits(x)
	scale := 0.0
	// zero, negative, subnormal, infinite, NaN
	if ix-0x0010000000000000 >= 0x7ff0000000000000-0x0010000000000000 {
		switch {
		case x == 0:
			return math.Inf(-1)
		case x != x || x < 0:
			return math.NaN()
		case math.IsInf(x, 1):
			return x
		}
		ix = math.Float64bits(x * (1 << 54))
		scale = 54
	}
	// x = 2^k * m with m in [0.6875, 1.375); the upper seven bits of m choose an interval with
	// reciprocal c, and ln x = k ln2 - ln c + ln(1+r) with r = m*c - 1, |r| <= 2^-7. The two
	// intervals next to 1 have c = 1, so that nothing cancels there.
	const offset = 0x3fe6000000000000
	tmp := ix - offset
	en := &logTable[(tmp>>45)&127]
	k := float64(int64(tmp)>>52) - scale
	m := math.Float64frombits(ix - tmp&(0xfff<<52))
	// m*c in two exact halves: c has 24 bits, the upper part of m 26.
	mh := math.Float64frombits(math.Float64bits(m) &^ (1<<27 - 1))
	ml := m - mh
	r := float64(float64(mh*en.inv)-1) + float64(ml*en.inv)
	// ln(1+r) - r: the series to r^8; the next term is below 2e-20.
	p := 1.0/7 - float64(r*(1.0/8))
	p = float64(r*p) - 1.0/6
	p = float64(r*p) + 1.0/5
	p = float64(r*p) - 1.0/4
	p = float64(r*p) + 1.0/3
	p = float64(r*p) - 1.0/2
	p = float64(float64(r*r) * p)
	hi := float64(k*ln2Hi) + en.hi // exact: both are multiples of 2^-42
	lo := float64(k*ln2Lo) + en.lo
	s := hi + r
	lo += float64(hi-s) + r
	return s + float64(lo+p)
}

// Log1p returns ln(1+x), accurate near 0 too: -Inf for -1, NaN below.
func Log1p(x float64) float64 {
	if x > -0x1p-7 && x < 0x1p-7 {
		p := 1.0/7 - float64(x*(1.0/8))
		p = float64(x*p) - 1.0/6
		p = float64(x*p) + 1.0/5
		p = float64(x*p) - 1.0/4
		p = float64(x*p) + 1.0/3
		p = float64(x*p) - 1.0/2
		return x + float64(float64(x*x)*p)
	}
	y := 1 + x
	if !(y > 0 && y < math.MaxFloat64) {
		return Log(y)
	}
	// y is 1+x rounded; what the rounding lost comes back to first order.
	c := x - (y - 1)
	if y > 0x1p53 {
		c = 0
	}
	return Log(y) + float64(c/y)
}

// Softplus returns ln(1+e^x), for any x without overflow.
func Softplus(x float64) float64 {
	if x > 40 {
		return x + Exp(-x)
	}
	return Log1p(Exp(x))
}

// Logistic returns 1/(1+e^-x).
func Logistic(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + Exp(-x))
	}
	e := Exp(x)
	return e / (1 + e)
}
