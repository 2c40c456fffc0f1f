package sweep

import (
	"math"
	"math/big"
	"strconv"
	"strings"

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
	Whole bool     `yaml:"whole" doc:"rounded to whole numbers"`
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
	case r.Whole && *r.From != math.Round(*r.From):
		ps.Add("from", "must be a whole number where whole is true")
	case r.Whole && *r.To != math.Round(*r.To):
		ps.Add("to", "must be a whole number where whole is true")
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
// and not 0.30000000000000004, and the same on all machines. Nobody wants to read more than four
// digits of a root, or of a difference between two values that has no end.
func (r *Range) text(k int) string {
	n := r.Steps - 1
	x := 0.0
	switch {
	case k == 0:
		x = *r.From
	case k == n:
		x = *r.To
	case r.Log:
		x = detmath.Log(*r.From)
		x += float64((detmath.Log(*r.To) - x) * (float64(k) / float64(n)))
		x = detmath.Exp(x)
		if !r.Whole {
			x = number(strconv.FormatFloat(x, 'g', 4, 64))
		}
	default:
		// (from (n-k) + to k) / n, exactly.
		sum := new(big.Rat).Add(times(*r.From, n-k), times(*r.To, k))
		sum.Quo(sum, big.NewRat(int64(n), 1))
		const most = 12 // decimals that a value may have
		x, _ = sum.Float64()
		if short, _ := new(big.Rat).SetString(sum.FloatString(most)); short.Cmp(sum) != 0 {
			step := math.Abs(*r.To-*r.From) / float64(n)
			x = number(sum.FloatString(max(0, 3-int(math.Floor(math.Log10(step))))))
		}
	}
	if r.Whole {
		x = math.Round(x)
	}
	return spellFloat(x)
}

// number returns a number that was written just now.
func number(text string) float64 {
	x, _ := strconv.ParseFloat(text, 64)
	return x
}

// Plain is how a reader calls a value of the grid: numbers from a file by its name, and any other
// value as it is.
func Plain(value string) string {
	if !strings.HasPrefix(value, "{") {
		return value
	}
	doc := yamlconf.Parse("", []byte(value))
	file, array := doc.Text("file"), doc.Text("array")
	switch {
	case file == "":
		return value
	case array == "":
		return file
	}
	return array + " of " + file
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
