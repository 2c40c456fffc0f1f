package microcircuit

import "spikealign/internal/detmath"

// oddsTable gives e^u/tau, the odds p/(1-p) of a spike in a step, for a potential u in units. A
// potential is an integer part, an eighth-bit fraction and a rest: two entries and four terms of a
// series, at half the cost of a general exponential and as accurate (a few times 2^-53).
type oddsTable struct {
	near     [2 * nearFrom]float64 // the products of the entries for potentials within 32 of 0
	whole    [1024]float64         // e^n/tau for n = -wholeFrom ..
	fraction [256]float64          // e^(f/256) at the middles of their intervals
}

const (
	nearFrom    = 32 * 256
	wholeFrom   = 700
	exponentMax = 300 // beyond it a spike is certain; products of two odds stay finite
	restBits    = unitBits - 8
)

func newOddsTable(tau int64) *oddsTable {
	t := new(oddsTable)
	for k := range t.whole {
		t.whole[k] = detmath.Exp(float64(min(k-wholeFrom, exponentMax))) / float64(tau)
	}
	for f := range t.fraction {
		t.fraction[f] = detmath.Exp((float64(f) + 0.5) / 256)
	}
	for k := range t.near {
		t.near[k] = float64(t.whole[k/256-nearFrom/256+wholeFrom] * t.fraction[k%256])
	}
	return t
}

func (t *oddsTable) at(u int64) float64 { return withRest(t.entry(u), u) }

// entry is the part of at that tables give. (at is too long to be inlined, its parts are not.)
func (t *oddsTable) entry(u int64) float64 {
	if k := uint64(u>>restBits + nearFrom); k < uint64(len(t.near)) {
		return t.near[k]
	}
	return t.far(u)
}

func (t *oddsTable) far(u int64) float64 {
	k := min(max(u>>unitBits+wholeFrom, 0), 1023)
	return float64(t.whole[k&1023] * t.fraction[u>>restBits&255])
}

// withRest multiplies an entry by what the rest of the potential gives.
func withRest(e float64, u int64) float64 {
	r := float64(u&(1<<restBits-1)-1<<(restBits-1)) * unit
	p := 0.5 + float64(r*(1.0/6+float64(r*(1.0/24))))
	p = 1 + float64(r*p)
	return e + float64(e*float64(r*p))
}
