package render

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"spikealign/figure"
)

func labels(ticks []figure.Tick) string {
	var out []string
	for _, t := range ticks {
		if t.Label != "" {
			out = append(out, plainText(t.Label))
		}
	}
	return strings.Join(out, " ")
}

func room(points vg.Length) func(string) vg.Length {
	return func(string) vg.Length { return points }
}

func TestLogTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   string
	}{
		{1e-3, 1, "10−3 10−2 10−1 100"},
		{2e-3, 1.5, "10−2 10−1 100"},
		{2e-3, 2e-2, "0.002 0.005 0.01 0.02"},
		{1.5e-3, 6e-3, "0.002 0.003 0.005"},
		{0.3, 0.45, "0.3 0.4"},
		{0.31, 0.36, "0.32 0.34 0.36"},
		{1.8e-3, 2.4e-3, "0.0018 0.0020 0.0022 0.0024"},
		{21000, 26000, "22000 24000 26000"},
		{2.2e-7, 2.6e-7, "220×10−9 230×10−9 240×10−9 250×10−9 260×10−9"},
		{1.2e-7, 1.3e-6, "2×10−7 5×10−7 1×10−6"},
		{1e-30, 1, "10−30 10−25 10−20 10−15 10−10 10−5 100"},
		{20, 70, "20 30 50"},
	} {
		if got := labels(logTicks(c.lo, c.hi, 100, room(15))); got != c.want {
			t.Errorf("%g..%g: %s, want %s", c.lo, c.hi, got, c.want)
		}
	}
}

func TestLinearTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   string
		power  int
	}{
		{0, 1, "0.0 0.2 0.4 0.6 0.8 1.0", 0},
		{-1.04, 1.04, "−1.0 −0.5 0.0 0.5 1.0", 0},
		{0, 20000, "0 5 10 15 20", 3},
		{0, 150000, "0 50 100 150", 3},
		{0, 0.0006, "0 100 200 300 400 500 600", -6},
		{100, 160, "100 110 120 130 140 150 160", 0},
	} {
		ticks, power := linearTicks(c.lo, c.hi, 100, room(15))
		if got := labels(ticks); got != c.want || power != c.power {
			t.Errorf("%g..%g: %s times 10^%d, want %s times 10^%d", c.lo, c.hi, got, power, c.want, c.power)
		}
	}
}

// TestTicks checks, for ranges of all kinds, that ticks lie within the range, ascend, have room,
// and that there are at least two labels where the axis has room for many. The seed is fixed.
func TestTicks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		lo := math.Pow(10, 12*r.Float64()-6)
		hi := lo * (1 + math.Pow(10, 8*r.Float64()-2))
		for _, log := range []bool{false, true} {
			a := scale{Axis: figure.Axis{Log: log, Range: []float64{lo, hi}}}
			a.fit(120, room(15))
			count, before := 0, math.Inf(-1)
			for _, tick := range a.ticks {
				n := a.norm(tick.Value)
				if n < -1e-6 || n > 1+1e-6 {
					t.Fatalf("%g..%g, log %v: tick %g is outside", a.min, a.max, log, tick.Value)
				}
				if tick.Label == "" {
					continue
				}
				if (n-before)*120 < 15*0.99 && len(a.ticks) > 2 {
					t.Fatalf("%g..%g, log %v: labels %s are crowded", a.min, a.max, log, labels(a.ticks))
				}
				count, before = count+1, n
			}
			if count < 2 || count > 9 {
				t.Fatalf("%g..%g, log %v: labels %q", a.min, a.max, log, labels(a.ticks))
			}
		}
	}
}

func TestThin(t *testing.T) {
	a := scale{Axis: figure.Axis{Range: []float64{0, 9}, Tight: true}}
	for k := range 10 {
		a.Ticks = append(a.Ticks, figure.Tick{Value: float64(k), Label: strconv.Itoa(k)})
	}
	a.fit(90, room(25))
	if got := labels(a.ticks); got != "0 3 6 9" {
		t.Errorf("labels %s, want 0 3 6 9", got)
	}
	if n := len(a.ticks); n != 10 {
		t.Errorf("%d ticks, want all 10", n)
	}
}

func TestSpans(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []span
	}{
		{"plain", []span{{"plain", false, 1, 0}}},
		{`\i{D}_{KL} (nats)`, []span{{"D", true, 1, 0}, {"KL", false, 0.72, -0.19}, {" (nats)", false, 1, 0}}},
		{"10^{−3}", []span{{"10", false, 1, 0}, {"−3", false, 0.72, 0.36}}},
		{"run_3*b {x}", []span{{"run_3*b {x}", false, 1, 0}}},
		{"open _{end", []span{{"open _{end", false, 1, 0}}},
		{"", nil},
	} {
		if got := spans(c.in); !slices.Equal(got, c.want) {
			t.Errorf("spans(%q) = %v, want %v", c.in, got, c.want)
		}
	}
}

func TestRamp(t *testing.T) {
	stops := scales[figure.Diverging]
	if ramp(stops, 0.5) != rgb(0xf7f7f7) || diverging(0, 2) != 0.5 {
		t.Error("zero is not neutral")
	}
	if ramp(stops, math.NaN()) != stops[0] || ramp(stops, 7) != stops[len(stops)-1] {
		t.Error("values outside 0..1 are not clamped")
	}
	// Luminance of the sequential map rises: the order of levels survives grey print.
	last := -1.0
	for k := range 20 {
		c := look{Color: figure.Sequential, Shade: float64(k) / 19}.rgb()
		l := 0.2126*float64(c.R) + 0.7152*float64(c.G) + 0.0722*float64(c.B)
		if l <= last {
			t.Errorf("level %s is not brighter than the one before", strconv.Itoa(k))
		}
		last = l
	}
}
