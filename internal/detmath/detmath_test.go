package detmath

import (
	"hash/fnv"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// ulps is the distance of got from the 200-bit value want, in units in the last place of want.
func ulps(got float64, want *big.Float) float64 {
	w, _ := want.Float64()
	unit := math.Nextafter(math.Abs(w), math.Inf(1)) - math.Abs(w)
	d := new(big.Float).SetPrec(200).SetFloat64(got)
	d.Sub(d, want)
	f, _ := d.Float64()
	return math.Abs(f) / unit
}

// bigExp is e^x by the Taylor series of x/2^20, squared twenty times.
func bigExp(x float64) *big.Float {
	const prec = 300
	r := new(big.Float).SetPrec(prec).SetMantExp(new(big.Float).SetPrec(prec).SetFloat64(x), -20)
	sum := new(big.Float).SetPrec(prec).SetInt64(1)
	term := new(big.Float).SetPrec(prec).SetInt64(1)
	for k := int64(1); k < 60; k++ {
		term.Mul(term, r)
		term.Quo(term, new(big.Float).SetPrec(prec).SetInt64(k))
		sum.Add(sum, term)
	}
	for range 20 {
		sum.Mul(sum, sum)
	}
	return sum
}

// bigLog refines y = math.Log(x) by two Newton steps y += x e^-y - 1.
func bigLog(x *big.Float) *big.Float {
	f, _ := x.Float64()
	y := new(big.Float).SetPrec(300).SetFloat64(math.Log(f))
	one := new(big.Float).SetPrec(300).SetInt64(1)
	for range 3 {
		// e^-y for a high-precision y = h + l, l tiny: e^-h (1 - l + l^2/2).
		h, _ := y.Float64()
		l := new(big.Float).SetPrec(300).Sub(y, new(big.Float).SetFloat64(h))
		e := bigExp(-h)
		c := new(big.Float).SetPrec(300).Mul(l, l)
		c.Quo(c, new(big.Float).SetInt64(2))
		c.Sub(c, l)
		c.Add(c, one)
		e.Mul(e, c)
		e.Mul(e, x)
		e.Sub(e, one)
		y.Add(y, e)
	}
	return y
}

func TestAccuracy(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	worst := map[string]float64{}
	note := func(name string, x, u float64) {
		if u > worst[name] {
			worst[name] = u
		}
		if u > 1.5 {
			t.Errorf("%s(%v) is off by %.2f ulp", name, x, u)
		}
	}
	for range 3000 {
		x := rng.Float64()*40 - 20
		note("Exp", x, ulps(Exp(x), bigExp(x)))
		x = rng.Float64()*1400 - 700
		note("Exp", x, ulps(Exp(x), bigExp(x)))
		for _, x := range []float64{rng.Float64(), 1 + rng.Float64()*0.1, 1 - rng.Float64()*0.1, math.Exp(rng.Float64()*200 - 100)} {
			note("Log", x, ulps(Log(x), bigLog(new(big.Float).SetPrec(300).SetFloat64(x))))
		}
		for _, x := range []float64{rng.Float64() * 0.5, math.Exp(-rng.Float64() * 30), -rng.Float64() * 0.9, math.Exp(rng.Float64() * 50)} {
			one := new(big.Float).SetPrec(300).SetInt64(1)
			note("Log1p", x, ulps(Log1p(x), bigLog(one.Add(one, new(big.Float).SetFloat64(x)))))
		}
	}
	t.Logf("worst error in units in the last place: %v", worst)
}

func TestSpecialValues(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"Exp(0)", Exp(0), 1}, {"Exp(inf)", Exp(inf), inf}, {"Exp(-inf)", Exp(-inf), 0}, {"Exp(nan)", Exp(nan), nan},
		{"Exp(710)", Exp(710), inf}, {"Exp(-746)", Exp(-746), 0}, {"Exp(-745)", Exp(-745), 5e-324},
		{"Log(1)", Log(1), 0}, {"Log(0)", Log(0), -inf}, {"Log(-1)", Log(-1), nan}, {"Log(inf)", Log(inf), inf}, {"Log(nan)", Log(nan), nan},
		{"Log(tiny)", Log(5e-324), -744.4400719213812},
		{"Log1p(0)", Log1p(0), 0}, {"Log1p(-1)", Log1p(-1), -inf}, {"Log1p(-2)", Log1p(-2), nan}, {"Log1p(inf)", Log1p(inf), inf},
		{"Softplus(1000)", Softplus(1000), 1000}, {"Softplus(-1000)", Softplus(-1000), 0},
		{"Logistic(0)", Logistic(0), 0.5}, {"Logistic(-1000)", Logistic(-1000), 0}, {"Logistic(1000)", Logistic(1000), 1},
	} {
		if c.got != c.want && !(c.got != c.got && c.want != c.want) {
			t.Errorf("%s = %v, want %v", c.name, c.got, c.want)
		}
	}
}

// TestGoldenBits pins the bits of a million results: they must not change, on any machine.
func TestGoldenBits(t *testing.T) {
	h := fnv.New64a()
	rng := rand.New(rand.NewPCG(3, 4))
	var b [24]byte
	for range 1_000_000 {
		x := rng.Float64()
		for k, v := range [3]float64{Exp(float64(60*x) - 30), Log(x), Log1p(3 * x * x)} {
			bits := math.Float64bits(v)
			for j := range 8 {
				b[8*k+j] = byte(bits >> (8 * j))
			}
		}
		h.Write(b[:])
	}
	const want = 0x9e65567a23d4ba7d
	if got := h.Sum64(); got != want {
		t.Errorf("hash of the results = %#x, want %#x", got, uint64(want))
	}
}

func benchmark(b *testing.B, f func(float64) float64, lo, hi float64) {
	var x [1024]float64
	for i := range x {
		x[i] = lo + (hi-lo)*float64(i*617%1024)/1024
	}
	s := 0.0
	for i := 0; b.Loop(); i++ {
		s += f(x[i&1023])
	}
	if s == 1.5 {
		b.Log(s)
	}
}

func BenchmarkExp(b *testing.B)      { benchmark(b, Exp, -10, 10) }
func BenchmarkStdExp(b *testing.B)   { benchmark(b, math.Exp, -10, 10) }
func BenchmarkLog(b *testing.B)      { benchmark(b, Log, 1e-9, 1) }
func BenchmarkStdLog(b *testing.B)   { benchmark(b, math.Log, 1e-9, 1) }
func BenchmarkLog1p(b *testing.B)    { benchmark(b, Log1p, 1e-3, 0.4) }
func BenchmarkSoftplus(b *testing.B) { benchmark(b, Softplus, -10, 2) }
