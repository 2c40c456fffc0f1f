package recording

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Unit is a unit of time.
type Unit string

// The units of time. A step is one of a simulation or of a chip's clock.
const (
	Seconds      Unit = "s"
	Milliseconds Unit = "ms"
	Microseconds Unit = "us"
	Nanoseconds  Unit = "ns"
	Steps        Unit = "steps"
)

// unitNames are the spellings that headers use.
var unitNames = map[string]Unit{
	"s": Seconds, "sec": Seconds, "second": Seconds, "seconds": Seconds,
	"ms": Milliseconds, "msec": Milliseconds, "millisecond": Milliseconds, "milliseconds": Milliseconds,
	"us": Microseconds, "\u00b5s": Microseconds, "\u03bcs": Microseconds, "usec": Microseconds, "microsecond": Microseconds, "microseconds": Microseconds,
	"ns": Nanoseconds, "nsec": Nanoseconds, "nanosecond": Nanoseconds, "nanoseconds": Nanoseconds,
	"step": Steps, "steps": Steps,
}

// ParseUnit returns the unit with this name.
func ParseUnit(name string) (Unit, error) {
	if u, ok := unitNames[strings.ToLower(name)]; ok {
		return u, nil
	}
	return "", fmt.Errorf("unit %q: must be one of s, ms, us, ns, steps", name)
}

// digits is the power of ten of fine ticks in a unit: physical times are kept in ns, steps as they
// are.
func (u Unit) digits() int {
	return map[Unit]int{Seconds: 9, Milliseconds: 6, Microseconds: 3}[u]
}

// Clock tells what the ticks of a recording's events are.
type Clock struct {
	Unit        Unit    // of the file
	PerUnit     float64 // ticks in a unit
	StepSeconds float64 // physical duration of a step where the file tells it, s; else 0
}

// Tick returns the length of a tick, in units.
func (c Clock) Tick() float64 { return 1 / c.PerUnit }

// Seconds returns the length of a unit in s, or 0 for steps of which the file does not tell it.
func (c Clock) Seconds() float64 {
	if c.Unit == Steps {
		return c.StepSeconds
	}
	return math.Pow10(c.Unit.digits() - Seconds.digits())
}

// Span returns a length of time as text, such as "0.5 ms", "4999958 steps" or, for a small fraction
// of a step that is a power of two, "2^-20 step".
func (c Clock) Span(ticks float64) string {
	v, unit := ticks*c.Tick(), string(c.Unit)
	fraction, exponent := math.Frexp(v)
	switch {
	case c.Unit == Steps && v == 1:
		unit = "step"
	case c.Unit == Steps && v < 1e-3 && fraction == 0.5:
		return fmt.Sprintf("2^%d step", exponent-1)
	case math.Abs(v) >= 1e5 && math.Abs(v) < 1e21:
		return strconv.FormatFloat(v, 'f', 0, 64) + " " + unit
	}
	return strconv.FormatFloat(v, 'g', 6, 64) + " " + unit
}

// Parse returns a length of time, such as "10" (in the clock's unit), "10ms" or "2.5 us", in the
// clock's unit. The error says why it is not known.
func (c Clock) Parse(text string) (float64, error) {
	number := strings.TrimSpace(text)
	end := len(number)
	for end > 0 && !(number[end-1] >= '0' && number[end-1] <= '9' || number[end-1] == '.') {
		end--
	}
	suffix := strings.TrimSpace(number[end:])
	v, err := strconv.ParseFloat(number[:end], 64)
	if err != nil || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is not a time: a number and a unit (s, ms, us, ns, steps), or a number alone, in %s", text, c.Unit)
	}
	unit := c.Unit
	if suffix != "" {
		if unit, err = ParseUnit(suffix); err != nil {
			return 0, fmt.Errorf("%q is not a time: %w", text, err)
		}
	}
	switch {
	case unit == c.Unit:
		return v, nil
	case unit != Steps && c.Unit != Steps:
		v *= math.Pow10(unit.digits() - c.Unit.digits())
	case unit != Steps && c.StepSeconds > 0:
		v = v * math.Pow10(unit.digits()-Seconds.digits()) / c.StepSeconds
	default:
		return 0, fmt.Errorf("%q: the recording counts %s, and does not say how long a step is", text, map[bool]string{true: "steps", false: "physical time"}[c.Unit == Steps])
	}
	if math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is too long a time", text)
	}
	return v, nil
}
