package microcircuit

import (
	"math"
	"slices"
)

// Every kernel exists twice. The wide ones take so many neurons at once, with vector instructions:
// the lengths of populations and rows must be multiples of it. The narrow ones are for networks
// without wide layers, and for processors without such instructions. Both give the same bits.
const lanes = 4

// A race is that of all neurons to their next spikes.
type race struct {
	product []float64 // of 1+E over the steps since the last spike, refractory ones left out
	limit   []float64 // 1/U
	growth  []float64 // 1+E, or 1 while refractory
	fired   []uint64  // who reached the limit in this step, a bit each; for the wide kernel
}

// newRace returns a race in which no place ever fires. What the slices have behind their length is
// as if there were more such places, up to a multiple of 16.
func newRace(places int) race {
	full := (places + 15) &^ 15
	return race{
		slices.Repeat([]float64{1}, full)[:places], slices.Repeat([]float64{math.Inf(1)}, full)[:places],
		slices.Repeat([]float64{1}, full)[:places], make([]uint64, (places+63)/64),
	}
}

// A reach is one layer of dendrites that a neuron's spikes reach.
type reach struct {
	potentials, column []int64 // of the dendrites; the weights to them
	changed            *bool
}

// spreadNarrow adds the weights to the potentials, or takes them away.
func spreadNarrow(r *reach, on bool) {
	v, w := r.potentials, r.column[:len(r.potentials)]
	if on {
		for i := range v {
			v[i] += w[i]
		}
		return
	}
	for i := range v {
		v[i] -= w[i]
	}
}

// weighNarrow sets dst to the products of src and factor, rounded.
func weighNarrow(dst, src []int64, factor float64) {
	src = src[:len(dst)]
	for i := range dst {
		dst[i] = int64(math.RoundToEven(factor * float64(src[i])))
	}
}

// A population is a layer of pyramidal neurons or of interneurons, with a place for each in every
// slice.
type population struct {
	u                  []int64 // potential, units
	bias, basal, extra []int64 // its parts
	silent             []bool
	odds, growth       []float64
}

// refreshNarrow sets potentials to the sum of their parts, and the odds of neurons that are not
// silent to what follows; growth is 1 + odds, and 1 if silent.
func refreshNarrow(y *population, table *oddsTable) {
	u := y.u
	bias, basal, extra, silent := y.bias[:len(u)], y.basal[:len(u)], y.extra[:len(u)], y.silent[:len(u)]
	odds, growth := y.odds[:len(u)], y.growth[:len(u)]
	for i := range u {
		v := bias[i] + basal[i] + extra[i]
		u[i] = v
		if !silent[i] {
			e := withRest(table.entry(v), v)
			odds[i], growth[i] = e, 1+e
		}
	}
}

// A lesson is what a presynaptic spike changes in the weights to a layer, units: the same for all
// presynaptic neurons in a step.
type lesson struct {
	bias, basal []int64
	off, upper  int       // place of basal sums in a row; those of extra ones are upper further on
	rates       []float64 // units
	change      []int64
	delta       []float64 // the same
	moment      []float64 // delta times the time into the stretch
	weights     []int64   // of the layer
	moments     []float64
}

// expectNarrow prepares a lesson. into is the time into the stretch.
func expectNarrow(y *lesson, h *history, into float64, table *oddsTable) {
	sum, oldest := h.ring[h.row+y.off:], h.ring[h.oldest+y.off:]
	for i, b := range y.bias {
		free := b + int64(math.RoundToEven(float64(sum[i]-oldest[i])*h.share))
		more := int64(math.RoundToEven(float64(sum[y.upper+i]-oldest[y.upper+i]) * h.share))
		e, f := table.at(free), table.at(free+more)
		// rho(free+more) - rho(free)
		d := math.RoundToEven(y.rates[i] * ((f - e) / float64((1+e)*(1+f))))
		y.delta[i], y.change[i], y.moment[i] = d, int64(d), float64(d*into)
	}
}

// adaptNarrow adds a lesson to the weights from one neuron, which begin at column, to their
// moments, and if the neuron is active to the potentials. If a weight is beyond +-bound then, it
// says so and leaves the moment of that weight as it is.
func adaptNarrow(y *lesson, column int, active bool, bound int64) (beyond bool) {
	change, more := y.change, y.moment[:len(y.change)]
	weights, moments, basal := y.weights[column:][:len(change)], y.moments[column:][:len(change)], y.basal[:len(change)]
	for i, d := range change {
		w := weights[i] + d
		weights[i] = w
		if active {
			basal[i] += d
		}
		if w > bound || w < -bound {
			beyond = true
		} else {
			moments[i] += more[i]
		}
	}
	return beyond
}

// A history holds what the sliding means follow from.
type history struct {
	// basal potentials, then extra: what is added to them and the bias, LambdaApical*apical or the
	// nudge
	drive []int64
	// running sums of drive, modulo 2^64, after each of the last Window+1 steps, in a circle of
	// rows
	ring        []int64
	row, oldest int     // where the row of the last step begins; the next one, of Window steps ago
	share       float64 // 1/(number of steps in the window)
}

// A nudge is what moves the output towards its target.
type nudge struct {
	population
	strength float64
	aims     []float64 // the target less the bias, units
	off, at  int       // places of the sums of the output's basal potentials and of the nudge in a row
	pulled   []pulled
}

// pulled is the same for the narrow kernel, neuron by neuron.
type pulled struct {
	aim, odds, growth *float64
	extra, u          *int64
	silent            *bool
}

// newNudge returns the nudge of a population, with an aim of 0.
func newNudge(y population, strength float64, off, at int) nudge {
	o := nudge{population: y, strength: strength, aims: make([]float64, len(y.u)), off: off, at: at}
	for i := range y.u {
		o.pulled = append(o.pulled, pulled{&o.aims[i], &y.odds[i], &y.growth[i], &y.extra[i], &y.u[i], &y.silent[i]})
	}
	return o
}

// accumulateNarrow adds the drive to the running sums, and moves the nudge, which follows from
// them, and the output with it. It tells whether the odds of a neuron that is not silent are still
// to be computed from its potential, because it moved far.
func accumulateNarrow(h *history, o *nudge, nudged bool) (far bool) {
	drive, ring := h.drive, h.ring
	before, row := h.row, h.oldest
	oldest := row + len(drive)
	if oldest == len(ring) {
		oldest = 0
	}
	h.row, h.oldest = row, oldest
	for i, v := range drive {
		ring[row+i] = ring[before+i] + v
	}
	if !nudged {
		return false
	}
	strength, share := o.strength, h.share
	basal, old, total := row+o.off, oldest+o.off, row+o.at
	for i := range o.pulled {
		p := &o.pulled[i]
		// towards 0: that takes one instruction
		v := int64(strength * (*p.aim - float64(float64(ring[basal+i]-ring[old+i])*share)))
		d := v - *p.extra
		*p.extra = v
		ring[total+i] += d
		*p.u += d
		if *p.silent {
			continue
		}
		// The nudge moves slowly: e^(u+x) = e^u (1 + x + x^2/2 + ...).
		if x := float64(d) * unit; x < 1.0/256 && x > -1.0/256 {
			q := 1.0/6 + float64(x*(1.0/24))
			q = 0.5 + float64(x*q)
			q = 1 + float64(x*q)
			e := *p.odds
			e += float64(e * float64(x*q))
			*p.odds, *p.growth = e, 1+e
		} else {
			far = true
		}
	}
	return far
}
