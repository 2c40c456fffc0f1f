package sweep

import (
	"math/big"
	"strconv"

	"spikealign/internal/detmath"
	"spikealign/internal/yamlconf"
	"spikealign/settings"
)

// Values are the values of a path of the grid: a list, or in its place a Range.
type Values []yamlconf.Raw

// Range is so many numbers from one to another, both included.
type Range struct {
	From  *float64 `yaml:"from" doc:"the first value"`
	To    *float64 `yaml:"to" doc:"the last value"`
	Steps int      `yaml:"steps" doc:"how many values, both ends included"`
	Log   bool     `yaml:"log" doc:"with equal ratios instead of equal differences"`
}

// Form implements yamlconf.Mapped.
func (*Values) Form() any { return new(Range) }

// Expand implements yamlconf.Mapped.
func (v *Values) Expand(form any) settings.Problems {
	r := form.(*Range)
	var ps settings.Problems
	switch {
	case r.From == nil:
		ps.Add("from", "is missing: the first value")
	case r.To == nil:
		ps.Add("to", "is missing: the last value")
	case *r.From == *r.To:
		ps.Add("to", "must differ from the first value")
	case r.Log && !(*r.From > 0):
		ps.Add("from", "must be above 0 in a logarithmic range")
	case r.Log && !(*r.To > 0):
		ps.Add("to", "must be above 0 in a logarithmic range")
	}
	if r.Steps < 2 || r.Steps > maxMembers {
		ps.Add("steps", "must be between 2 and %d, the number of values with both ends", maxMembers)
	}
	if ps != nil {
		return ps
	}
	*v = nil
	for k := range r.Steps {
		*v = append(*v, yamlconf.Raw(r.text(k)))
	}
	return nil
}

// text is the k-th value. Names of members rest on it: it is the number that one would write, 0.3
// and not 0.30000000000000004, and the same on all machines.
func (r *Range) text(k int) string {
	n := r.Steps - 1
	switch {
	case k == 0:
		return spellFloat(*r.From)
	case k == n:
		return spellFloat(*r.To)
	case r.Log:
		x := detmath.Log(*r.From)
		x += float64((detmath.Log(*r.To) - x) * (float64(k) / float64(n)))
		// Four digits: nobody wants to read more of a root.
		x, _ = strconv.ParseFloat(strconv.FormatFloat(detmath.Exp(x), 'g', 4, 64), 64) // was written just now
		return spellFloat(x)
	}
	// (from (n-k) + to k) / n, exactly.
	sum := new(big.Rat).Add(times(*r.From, n-k), times(*r.To, k))
	x, _ := sum.Quo(sum, big.NewRat(int64(n), 1)).Float64()
	return spellFloat(x)
}

// times returns the decimal number x, as it is written, times n.
func times(x float64, n int) *big.Rat {
	exact, _ := new(big.Rat).SetString(strconv.FormatFloat(x, 'g', -1, 64)) // finite, so it can be read
	return exact.Mul(exact, big.NewRat(int64(n), 1))
}

// spellFloat is the spelling of a number that spell leaves as it is.
func spellFloat(x float64) string {
	if x == 0 {
		return "0"
	}
	if n := int64(x); float64(n) == x && n < 1<<53 && n > -1<<53 {
		return strconv.FormatInt(n, 10)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}
