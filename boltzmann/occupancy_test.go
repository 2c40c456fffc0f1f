package boltzmann

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"spikealign/internal/detmath"
	"spikealign/internal/random"
	"spikealign/spike"
)

// train draws spikes of n neurons over the given ticks: each neuron fires with probability p at
// every tick, whatever it did before, so that prolonged states and simultaneous spikes occur.
func train(seed uint64, n int, ticks int64, p float64) []spike.Event {
	s := random.New(seed, random.Spikes, 0, 0)
	var ev []spike.Event
	for t := range ticks {
		for i := range n {
			if s.Float64() < p {
				ev = append(ev, spike.Event{Time: t, Neuron: int32(i)})
			}
		}
	}
	return ev
}

// dumb counts tick by tick, from the definition of the state (docs/model.md, section 1): z_k = 1
// for lags 0..width-1. It returns one row of counts per batch.
func dumb(ev []spike.Event, neurons []int32, width, t0, t1 int64, batches int) [][]int64 {
	rows := make([][]int64, batches)
	for b := range rows {
		rows[b] = make([]int64, 1<<len(neurons))
		from, to := t0+(t1-t0)*int64(b)/int64(batches), t0+(t1-t0)*int64(b+1)/int64(batches)
		for t := from; t < to; t++ {
			z := 0
			for k, i := range neurons {
				for _, e := range ev {
					if e.Neuron == i && e.Time <= t && t-e.Time < width {
						z |= 1 << k
					}
				}
			}
			rows[b][z]++
		}
	}
	return rows
}

func column(rows [][]int64) []int64 {
	sum := make([]int64, len(rows[0]))
	for _, r := range rows {
		for z, c := range r {
			sum[z] += c
		}
	}
	return sum
}

// TestOccupancyDumb holds the counts, the batches and the floor to the tick-by-tick count, on
// trains with coincidences, prolonged states, spikes before the start and after the end, for
// several splits of the train, and with neurons that are not watched.
func TestOccupancyDumb(t *testing.T) {
	const ticks, t0, t1, batches = 260, 37, 230, 6
	for _, c := range []struct {
		n       int
		p       float64
		width   int64
		neurons []int32
	}{
		{1, .2, 1, []int32{0}},
		{1, .1, 7, []int32{0}},
		{3, .05, 10, []int32{0, 1, 2}},
		{3, .9, 200, []int32{2, 0, 1}}, // the ring fills with outdated entries
		{5, .1, 4, []int32{4, 1}},
		{7, .02, 30, []int32{0, 1, 2, 3, 4, 5, 6}},
		{2, 0, 5, []int32{0, 1}},
		{2, .1, 5, []int32{7, 0}}, // one never fires
	} {
		for seed := range uint64(3) {
			ev := train(seed, c.n, ticks, c.p)
			if seed == 2 { // the order of simultaneous spikes, and repeated ones, do not matter
				ev = append(ev, ev...)
				slices.SortStableFunc(ev, func(a, b spike.Event) int {
					if a.Time != b.Time {
						return int(a.Time - b.Time)
					}
					return int(b.Neuron - a.Neuron)
				})
			}
			rows := dumb(ev, c.neurons, c.width, t0, t1, batches)
			want := column(rows)
			start, stop := 0, 0
			for _, e := range ev {
				if e.Time < t0 {
					start++
				}
				if e.Time < t1 {
					stop++
				}
			}
			var first []byte
			for split := range 4 {
				o := NewOccupancyOf(c.neurons, c.width, batches)
				o.Observe(ev[:start])
				o.Start(t0, t1)
				switch split {
				case 0: // one piece; the spikes after t1 close the span
					o.Observe(ev[start:])
					o.Advance(ticks)
				case 1:
					for k := range ev[start:] {
						o.Observe(ev[start+k:][:1])
					}
					o.Advance(ticks)
				case 2: // advances between spikes, save and restore at each
					k := start
					for now := int64(t0); now <= ticks; now += 5 {
						for k < len(ev) && ev[k].Time < now {
							o.Observe(ev[k:][:1])
							k++
						}
						o.Advance(now)
						b, err := o.AppendBinary(nil)
						if err != nil {
							t.Fatal(err)
						}
						o = new(Occupancy)
						if err := o.UnmarshalBinary(b); err != nil {
							t.Fatal(err)
						}
					}
					o.Observe(ev[k:])
					o.Advance(ticks)
				case 3:
					o.Observe(ev[start:stop])
					o.Advance(t1)
					if got := o.Counts(); !slices.Equal(got, want) {
						t.Fatalf("%+v seed %d: counts at t1 %v, want %v", c, seed, got, want)
					}
					o.Observe(ev[stop:])
					o.Advance(ticks)
				}
				if got := o.Counts(); !slices.Equal(got, want) || o.Time() != t1-t0 {
					t.Fatalf("%+v seed %d split %d: counts %v over %d ticks, want %v", c, seed, split, got, o.Time(), want)
				}
				b, err := o.AppendBinary(nil)
				if err != nil {
					t.Fatal(err)
				}
				if first == nil {
					first = b
				} else if !bytes.Equal(first, b) {
					t.Fatalf("%+v seed %d: split %d changes the state", c, seed, split)
				}
				floor, neff := o.Floor()
				if want := dumbFloor(rows); !(math.Abs(floor-want) <= 1e-12*want+1e-30) {
					t.Fatalf("%+v seed %d: floor %v, want %v", c, seed, floor, want)
				}
				if want := float64(int(1)<<len(c.neurons)-1) / (2 * floor); neff != want {
					t.Fatalf("neff %v, want %v", neff, want)
				}
			}
		}
	}
}

// dumbFloor is 1/2 sum Var(p_z)/p_z from the batches, in two passes.
func dumbFloor(rows [][]int64) float64 {
	var all int64
	for _, c := range column(rows) {
		all += c
	}
	b, floor := float64(len(rows)), 0.0
	for z, c := range column(rows) {
		if c == 0 {
			continue
		}
		x, mean := make([]float64, len(rows)), 0.0
		for k, r := range rows {
			length := int64(0)
			for _, c := range r {
				length += c
			}
			x[k] = float64(r[z]) / float64(length)
			mean += x[k] / b
		}
		v := 0.0
		for _, x := range x {
			v += (x - mean) * (x - mean)
		}
		floor += v / (b - 1) / b / (float64(c) / float64(all)) / 2
	}
	return floor
}

// TestOccupancyPartial checks Counts, Time and Floor inside a span, and that a second span starts
// anew while states go on.
func TestOccupancyPartial(t *testing.T) {
	ev := []spike.Event{{Time: 3, Neuron: 0}, {Time: 5, Neuron: 1}, {Time: 18, Neuron: 0}}
	o := NewOccupancy(2, 4, 2)
	if c := o.Counts(); !slices.Equal(c, make([]int64, 4)) || o.Time() != 0 {
		t.Errorf("before Start: %v, %d", c, o.Time())
	}
	o.Observe(ev[:1])
	o.Start(4, 14) // neuron 0 stays on for 4, 5, 6; neuron 1 is on for 5..8
	o.Observe(ev[1:2])
	o.Advance(8)
	if c := o.Counts(); !slices.Equal(c, []int64{0, 1, 1, 2}) || o.Time() != 4 {
		t.Errorf("at 8: %v, %d", c, o.Time())
	}
	if f, n := o.Floor(); !math.IsNaN(f) || !math.IsNaN(n) {
		t.Errorf("floor without two batches: %v, %v", f, n)
	}
	o.Observe(ev[2:])
	if c := o.Counts(); !slices.Equal(c, []int64{5, 1, 2, 2}) || o.Time() != 10 {
		t.Errorf("after the end: %v, %d", c, o.Time())
	}
	o.Start(20, 21)
	o.Advance(21)
	if c := o.Counts(); !slices.Equal(c, []int64{0, 1, 0, 0}) || o.Time() != 1 {
		t.Errorf("second span: %v, %d", c, o.Time())
	}
}

// TestFloor checks the sampling floor (docs/model.md, section 2) where its value is known:
// independent samples of a distribution, one tick each, have floor (2^n-1)/(2N). With 200 batches
// the estimate has a relative standard error near sqrt(2/(200*7)) = 4 %; the bound of 20 % would
// fail by chance less than once in a million seeds, and the seed is fixed.
func TestFloor(t *testing.T) {
	const n, samples = 3, 200000
	ev := train(11, n, samples, .5)
	o := NewOccupancy(n, 1, 200)
	o.Start(0, samples)
	o.Observe(ev)
	o.Advance(samples)
	floor, neff := o.Floor()
	if r := neff / samples; r < .8 || r > 1.25 {
		t.Errorf("floor %v, N_eff %v for %d independent samples", floor, neff, samples)
	}
	target := make([]float64, 1<<n)
	for z := range target {
		target[z] = 1.0 / (1 << n)
	}
	// 2N D_KL is nearly chi-square with 7 degrees of freedom: above 40 with probability 1e-6.
	if e := Divergence(target, o.Counts(), 1); !e.Plain || 2*samples*e.DKL > 40 {
		t.Errorf("divergence %+v", e)
	}
}

func TestOccupancyMisuse(t *testing.T) {
	for name, f := range map[string]func(){
		"late spike":    func() { o := NewOccupancy(1, 2, 1); o.Advance(5); o.Observe([]spike.Event{{Time: 4}}) },
		"advance back":  func() { o := NewOccupancy(1, 2, 1); o.Advance(5); o.Advance(4) },
		"far":           func() { NewOccupancy(1, 2, 1).Advance(math.MaxInt64) },
		"far spike":     func() { NewOccupancy(1, 2, 1).Observe([]spike.Event{{Time: math.MaxInt64 - 1}}) },
		"empty span":    func() { NewOccupancy(1, 2, 1).Start(3, 3) },
		"start back":    func() { o := NewOccupancy(1, 2, 1); o.Advance(5); o.Start(3, 9) },
		"none":          func() { NewOccupancy(0, 2, 1) },
		"many":          func() { NewOccupancy(21, 2, 1) },
		"no width":      func() { NewOccupancy(1, 0, 1) },
		"no batches":    func() { NewOccupancy(1, 1, 0) },
		"twice":         func() { NewOccupancyOf([]int32{1, 1}, 1, 1) },
		"negative":      func() { NewOccupancyOf([]int32{-1}, 1, 1) },
		"neuron's size": func() { NewOccupancyOf([]int32{1 << 30}, 1, 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

// busy is a measurement with states on, closed batches and an open one.
func busy() *Occupancy {
	ev := train(5, 3, 100, .1)
	o := NewOccupancyOf([]int32{0, 2, 1}, 9, 4)
	o.Observe(ev[:3])
	o.Start(ev[2].Time, ev[2].Time+120)
	o.Observe(ev[3:])
	return o
}

// TestOccupancyDamage cuts and changes the binary form: an error or another consistent state, never
// a panic, and no change on error.
func TestOccupancyDamage(t *testing.T) {
	good, err := busy().AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range good {
		o := NewOccupancy(1, 1, 1)
		if o.UnmarshalBinary(good[:n]) == nil {
			t.Errorf("%d of %d bytes accepted", n, len(good))
		}
		if len(o.neurons) != 1 || o.width != 1 {
			t.Fatalf("%d bytes: changed on error", n)
		}
	}
	if new(Occupancy).UnmarshalBinary(append(slices.Clone(good), 0)) == nil {
		t.Error("trailing byte accepted")
	}
	if err := busy().UnmarshalBinary(good); err != nil {
		t.Error(err)
	}
	if NewOccupancy(3, 3, 4).UnmarshalBinary(good) == nil {
		t.Error("the state of another measurement accepted")
	}
	for k := range good {
		for bit := range 8 {
			b := slices.Clone(good)
			b[k] ^= 1 << bit
			exercise(b)
		}
	}
}

// exercise uses whatever b restores.
func exercise(b []byte) {
	var o Occupancy
	if o.UnmarshalBinary(b) != nil {
		return
	}
	o.Floor()
	o.Observe([]spike.Event{{Time: o.now, Neuron: o.neurons[0]}})
	if o.now < maxTime-100 {
		o.Advance(o.now + 100)
	}
	var sum int64
	for _, c := range o.Counts() {
		sum += c
	}
	if sum != o.Time() {
		panic(fmt.Sprintf("counts %d over %d ticks", sum, o.Time()))
	}
}

func FuzzOccupancy(f *testing.F) {
	good, _ := busy().AppendBinary(nil)
	f.Add(good)
	idle, _ := NewOccupancy(2, 3, 4).AppendBinary(nil)
	f.Add(idle)
	f.Fuzz(func(t *testing.T, b []byte) { exercise(b) })
}

func TestObserveAllocates(t *testing.T) {
	ev := train(5, 7, 2000, .01)
	last := ev[len(ev)-1].Time + 1
	o := NewOccupancy(7, 50, 4)
	o.Start(0, 50*last)
	if a := testing.AllocsPerRun(20, func() {
		o.Observe(ev)
		for k := range ev {
			ev[k].Time += last
		}
	}); a != 0 {
		t.Errorf("%v allocations", a)
	}
}

// refractory is a train like that of a sampling network: n neurons, states of width ticks never
// prolonged, half of the time on.
func refractory(n, spikes int, width int64) []spike.Event {
	s := random.New(1, random.Spikes, 0, 0)
	next := make([]int64, n)
	ev := make([]spike.Event, spikes)
	for k := range ev {
		i := 0
		for j := range next {
			if next[j] < next[i] {
				i = j
			}
		}
		ev[k] = spike.Event{Time: next[i], Neuron: int32(i)}
		next[i] += width + int64(-detmath.Log(s.Float64())*float64(width))
	}
	return ev
}

func BenchmarkOccupancy7(b *testing.B) {
	ev := refractory(7, 1<<16, 50<<20)
	span := ev[len(ev)-1].Time + 1
	for b.Loop() {
		o := NewOccupancy(7, 50<<20, 32)
		o.Start(0, span)
		o.Observe(ev)
		o.Advance(span)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(ev)), "ns/spike")
}
