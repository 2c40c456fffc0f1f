package render

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"

	"spikealign/figure"
)

// linearTicks returns round values within lo..hi, at least space apart on an axis of the given
// length (space is the room that one label needs), and the power of ten by which the labels were
// divided (0 for none). Large or tiny numbers make wide labels; the factor goes to the axis label.
func linearTicks(lo, hi float64, length vg.Length, space func(label string) vg.Length) (ticks []figure.Tick, power int) {
	largest := math.Max(math.Abs(lo), math.Abs(hi))
	if largest >= 1e4 || largest < 1e-2 {
		power = 3 * int(math.Floor(math.Log10(largest)/3))
	}
	unit := math.Pow10(power)
	// Coarser and coarser steps of 1, 2, 5 until the labels fit.
	exponent := math.Floor(math.Log10((hi-lo)/unit)) - 2
	for k := 0; ; k++ {
		e := int(exponent) + k/3
		step := [...]float64{1, 2, 5}[k%3] * math.Pow10(e) * unit
		first, last := math.Ceil(lo/step-1e-9), math.Floor(hi/step+1e-9)
		if last-first > 50 {
			continue
		}
		decimals := max(0, -e)
		ticks = ticks[:0]
		var need vg.Length
		for i := first; i <= last; i++ {
			label := figure.Minus(strconv.FormatFloat(i*step/unit+0, 'f', decimals, 64))
			ticks = append(ticks, figure.Tick{Value: i * step, Label: label})
			need = max(need, space(label))
		}
		if vg.Length(step/(hi-lo))*length >= need || len(ticks) <= 2 {
			return ticks, power
		}
	}
}

// integers returns the ticks at integers, with their labels as such; all ticks where those are less
// than two.
func integers(ticks []figure.Tick) []figure.Tick {
	var out []figure.Tick
	for _, t := range ticks {
		if t.Value == math.Trunc(t.Value) {
			t.Label, _, _ = strings.Cut(t.Label, ".")
			out = append(out, t)
		}
	}
	if len(out) < 2 {
		return ticks
	}
	return out
}

// logTicks returns ticks within lo..hi > 0 on an axis of the given length. With two decades or more
// in sight it labels powers of ten (every second, third, ... where they crowd); with less it labels
// multiples too, 5, then 2, then more, until there are three labels, or in a short range round
// numbers as on a linear axis.
func logTicks(lo, hi float64, length vg.Length, space func(label string) vg.Length) []figure.Tick {
	const slack = 1e-9 // a bound meant to be a tick value must not lose its tick to rounding
	l0, l1 := math.Log10(lo)-slack, math.Log10(hi)+slack
	first, last := int(math.Ceil(l0)), int(math.Floor(l1))
	at := func(v float64) vg.Length { return vg.Length((math.Log10(v)-l0)/(l1-l0)) * length }

	if last-first >= 1 && l1-l0 > 1.5 {
		every := 1
		for ; every < last-first; every++ {
			if vg.Length(float64(every)/(l1-l0))*length >= space(powerOfTen(first)) {
				break
			}
		}
		var ticks []figure.Tick
		for e := first - 1; e <= last; e++ {
			if e >= first {
				t := figure.Tick{Value: math.Pow10(e)}
				if (e-last)%every == 0 {
					t.Label = powerOfTen(e)
				}
				ticks = append(ticks, t)
			}
			for d := 2.0; d < 10 && last-first <= 8; d++ {
				if v := d * math.Pow10(e); math.Log10(v) >= l0 && math.Log10(v) <= l1 {
					ticks = append(ticks, figure.Tick{Value: v})
				}
			}
		}
		return ticks
	}

	var best []figure.Tick
	for _, labelled := range []string{"1", "15", "125", "1235", "123457", "12345678"} {
		var ticks []figure.Tick
		count, crowded, before := 0, false, vg.Length(math.Inf(-1))
		for e := first - 1; e <= last; e++ {
			for d := 1; d < 10; d++ {
				v := float64(d) * math.Pow10(e)
				if math.Log10(v) < l0 || math.Log10(v) > l1 {
					continue
				}
				t := figure.Tick{Value: v}
				if strings.Contains(labelled, strconv.Itoa(d)) {
					t.Label = decimal(d, e)
					crowded = crowded || at(v)-before < space(t.Label)
					before = at(v)
					count++
				}
				ticks = append(ticks, t)
			}
		}
		if crowded {
			break
		}
		if count >= 2 {
			best = ticks
		}
		if count >= 3 {
			break
		}
	}
	if best != nil {
		return best
	}
	// Less than about a factor of two: round numbers, written out, because labels of logarithmic
	// axes have no factor. On a logarithmic axis their upper ones stand closer than the mean, by
	// less than a third in so short a range.
	ticks, power := linearTicks(lo, hi, length, func(label string) vg.Length {
		return 1.5 * space(label)
	})
	for k := range ticks {
		t := &ticks[k]
		_, fraction, _ := strings.Cut(t.Label, ".")
		switch {
		case power == 3 || power == -3:
			t.Label = strconv.FormatFloat(t.Value, 'f', max(len(fraction)-power, 0), 64)
		case power != 0:
			t.Label += "×" + powerOfTen(power)
		}
	}
	return ticks
}

// decimal writes d*10^e.
func decimal(d, e int) string {
	switch {
	case e < -4 || e > 4:
		return fmt.Sprintf("%d×%s", d, powerOfTen(e))
	case e < 0:
		return strconv.FormatFloat(float64(d)*math.Pow10(e), 'f', -e, 64)
	}
	return strconv.Itoa(d) + strings.Repeat("0", e)
}

func powerOfTen(e int) string {
	return "10^{" + figure.Minus(strconv.Itoa(e)) + "}"
}
