package boltzmann

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"spikealign/internal/detmath"
	"spikealign/internal/random"
	"spikealign/spike"
)

// TestMisusePanics: what no caller may do is refused by a message of this package, before anything
// is computed, and not by whatever the runtime finds later.
func TestMisusePanics(t *testing.T) {
	p := func(n int) []float64 { return make([]float64, n) }
	for name, f := range map[string]func(){
		"New: no neurons":             func() { _, _ = New(0, nil, nil) },
		"New: weights":                func() { _, _ = New(2, p(3), p(2)) },
		"New: biases":                 func() { _, _ = New(2, p(4), p(3)) },
		"Mean: length":                func() { Mean(p(3), 2) },
		"Mean: negative":              func() { Mean(p(1), -1) },
		"Mean: too large":             func() { Mean(p(2<<MaxNeurons), MaxNeurons+1) },
		"Coactivation: length":        func() { Coactivation(p(5), 2) },
		"Marginal: length":            func() { Marginal(p(3), 2, nil) },
		"Marginal: below":             func() { Marginal(p(4), 2, []int{-1}) },
		"Marginal: beyond":            func() { Marginal(p(4), 2, []int{2}) },
		"Marginal: twice":             func() { Marginal(p(4), 2, []int{1, 1}) },
		"Conditional: length":         func() { Conditional(p(3), 2, 0, 0) },
		"Conditional: mask":           func() { Conditional(p(4), 2, 4, 0) },
		"Conditional: value":          func() { Conditional(p(4), 2, 1, 2) },
		"KL: length":                  func() { KL(p(4), p(2)) },
		"Divergence: length":          func() { Divergence(p(2), make([]int64, 1), 1) },
		"Divergence: unit":            func() { Divergence(p(1), make([]int64, 1), 0) },
		"Divergence: NaN":             func() { Divergence(p(1), make([]int64, 1), math.NaN()) },
		"Divergence: count":           func() { Divergence(p(2), []int64{2, -1}, 1) },
		"BarsAndStripes: none":        func() { BarsAndStripes(0) },
		"BarsAndStripes: large":       func() { BarsAndStripes(17) },
		"Patterns: none":              func() { _, _ = Patterns(nil) },
		"Patterns: empty":             func() { _, _ = Patterns([][]uint8{{}}) },
		"Patterns: lengths":           func() { _, _ = Patterns([][]uint8{{0, 1}, {0}}) },
		"Patterns: value":             func() { _, _ = Patterns([][]uint8{{2}}) },
		"Occupancy: none":             func() { NewOccupancy(0, 2, 1) },
		"Occupancy: negative number":  func() { NewOccupancy(-1, 2, 1) },
		"Occupancy: many":             func() { NewOccupancy(MaxNeurons+1, 2, 1) },
		"Occupancy: no width":         func() { NewOccupancy(1, 0, 1) },
		"Occupancy: width":            func() { NewOccupancy(1, 1<<57+1, 1) },
		"Occupancy: no batches":       func() { NewOccupancy(1, 1, 0) },
		"Occupancy: neuron -1":        func() { NewOccupancyOf([]int32{-1}, 1, 1) },
		"Occupancy: largest neuron":   func() { NewOccupancyOf([]int32{1 << 20}, 1, 1) },
		"Occupancy: neuron 0 twice":   func() { NewOccupancyOf([]int32{0, 1, 0}, 1, 1) },
		"Occupancy: late spike":       func() { settled().Observe([]spike.Event{{Time: 4}}) },
		"Occupancy: order of spikes":  func() { settled().Observe([]spike.Event{{Time: 8}, {Time: 7}}) },
		"Occupancy: advance back":     func() { settled().Advance(4) },
		"Occupancy: far":              func() { settled().Advance(1 << 57) },
		"Occupancy: far spike":        func() { settled().Observe([]spike.Event{{Time: 1 << 57}}) },
		"Occupancy: empty span":       func() { settled().Start(6, 6) },
		"Occupancy: span ends far":    func() { settled().Start(6, 1<<57) },
		"Occupancy: start is settled": func() { settled().Start(4, 9) },
	} {
		func() {
			defer func() {
				if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "boltzmann: ") {
					t.Errorf("%s: panic %q", name, s)
				}
			}()
			f()
		}()
	}
}

// settled is an occupancy at tick 5.
func settled() *Occupancy {
	o := NewOccupancy(1, 2, 1)
	o.Advance(5)
	return o
}

// TestLimits: the smallest and the largest that is allowed.
func TestLimits(t *testing.T) {
	// No neurons have one state.
	if m := Mean([]float64{1}, 0); len(m) != 0 {
		t.Errorf("means of no neurons: %v", m)
	}
	if c := Coactivation([]float64{1}, 0); len(c) != 0 {
		t.Errorf("coactivation of no neurons: %v", c)
	}
	if q, fixed := Conditional([]float64{.5, .5}, 1, 1, 1); !slices.Equal(q, []float64{1}) || fixed != .5 {
		t.Errorf("all neurons fixed: %v, %v", q, fixed)
	}
	if images := BarsAndStripes(16); len(images) != 1<<17-2 {
		t.Errorf("side 16: %d images", len(images))
	}
	if p, err := Patterns([][]uint8{make([]uint8, MaxNeurons)}); err != nil || len(p) != 1<<MaxNeurons || p[0] != 1 {
		t.Errorf("one pattern of %d neurons: %v", MaxNeurons, err)
	}
}

// TestOccupancyLimits: 20 neurons with indices below 2^20, times and widths up to 2^57.
func TestOccupancyLimits(t *testing.T) {
	const far = 1 << 57
	o := NewOccupancyOf([]int32{1<<20 - 1, 0}, far, 1)
	o.Start(0, far-1)
	o.Observe([]spike.Event{{Time: 7, Neuron: 1<<20 - 1}, {Time: 8, Neuron: 1 << 20}, {Time: far - 2, Neuron: 0}})
	o.Advance(far - 1) // one batch, and states that last longer than it
	if c := o.Counts(); !slices.Equal(c, []int64{7, far - 9, 0, 1}) || o.Time() != far-1 {
		t.Errorf("longest span: %v, %d", c, o.Time())
	}
	o.Advance(far - 1) // again: nothing is before it

	neurons := make([]int32, MaxNeurons)
	for k := range neurons {
		neurons[k] = int32(k)
	}
	ev := train(21, MaxNeurons, 120, .05)
	o = NewOccupancy(MaxNeurons, 20, 1)
	o.Start(0, 120)
	o.Observe(ev)
	o.Advance(120)
	if !slices.Equal(o.Counts(), column(dumb(ev, neurons, 20, 0, 120, 1))) {
		t.Errorf("counts of %d neurons are wrong", MaxNeurons)
	}
}

// TestQueueCounters: the counters of the queue of ends pass 2^32, as in a run of that many spikes,
// and nothing changes.
func TestQueueCounters(t *testing.T) {
	ev := train(22, 12, 400, .2) // nearly all neurons are on, so that the queue is long
	count := func(head uint32) []int64 {
		o := NewOccupancy(12, 12, 1)
		o.ring[0], o.head, o.tail = 0, head, head
		o.ring[head%ringSize] = never
		o.Start(0, 400)
		o.Observe(ev)
		o.Advance(400)
		return o.Counts()
	}
	for _, head := range []uint32{math.MaxUint32, math.MaxUint32 - 57} {
		if got, want := count(head), count(0); !slices.Equal(got, want) {
			t.Errorf("counting from %d on changes the counts", head)
		}
	}
}

// TestStateEndsWithSpike: a state that ends in the very tick of the last spike is over when that
// spike has been seen: the measurement can be saved there and goes on as it would have.
func TestStateEndsWithSpike(t *testing.T) {
	o := NewOccupancy(2, 4, 2)
	o.Start(0, 12)
	o.Observe([]spike.Event{{Time: 1, Neuron: 1}, {Time: 5, Neuron: 0}})
	b, err := o.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	r := new(Occupancy)
	if err := r.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	r.Advance(12)
	if c := r.Counts(); !slices.Equal(c, []int64{4, 4, 4, 0}) {
		t.Errorf("counts %v", c)
	}
}

// TestFloorByHand: the floor 1/2 sum Var(p)/p of one neuron, where two batches of equal length have
// the shares x and y of state 1, is (x-y)^2/8 / (p(1-p)) with p = (x+y)/2, and N_eff = 1/(2 floor).
// A spike at the very end of a batch completes it.
func TestFloorByHand(t *testing.T) {
	o := NewOccupancy(1, 1, 2)
	o.Start(10, 30)
	o.Observe([]spike.Event{{Time: 11}, {Time: 13}, {Time: 15}, {Time: 20}, {Time: 21}, {Time: 22}, {Time: 23}, {Time: 24}})
	if floor, neff := o.Floor(); !math.IsNaN(floor) || !math.IsNaN(neff) {
		t.Errorf("floor %v, N_eff %v after one batch", floor, neff)
	}
	o.Observe([]spike.Event{{Time: 30}})
	floor, neff := o.Floor() // x = 3/10, y = 5/10
	near(t, "floor", floor, 1./48, 1e-16)
	near(t, "N_eff", neff, 24, 1e-13)
	// The next measurement knows nothing of this one, nor of states that it comes to late.
	o.Start(40, 60)
	o.Observe([]spike.Event{{Time: 51}, {Time: 52}, {Time: 53}, {Time: 54}, {Time: 59}, {Time: 60}})
	floor, _ = o.Floor() // x = 0, y = 5/10
	near(t, "floor of the next measurement", floor, 1./6, 1e-15)

	// Three batches of 3, 3 and 4 ticks with 1, 2 and 1 ticks of state 1; at first, two of them.
	o = NewOccupancy(1, 1, 3)
	o.Start(0, 10)
	o.Observe([]spike.Event{{Time: 0}, {Time: 3}, {Time: 5}})
	o.Advance(9)
	floor, neff = o.Floor() // x = 1/3, y = 2/3, p = 1/2: 1/9/8*4
	near(t, "floor of two batches of three", floor, 1./18, 1e-16)
	near(t, "N_eff of two batches of three", neff, 9, 1e-14)
	o.Observe([]spike.Event{{Time: 9}})
	o.Advance(10)
	// Mean of 1/3, 2/3, 1/4 is 5/12, squares of deviations 1/144 + 9/144 + 4/144 = 14/144, variance
	// of the mean 14/144/6; shares of time 4/10 and 6/10.
	want := 14. / 144 / 6 * (1/.4 + 1/.6) / 2
	floor, neff = o.Floor()
	near(t, "floor of unequal batches", floor, want, 1e-16)
	near(t, "N_eff of unequal batches", neff, 1/(2*want), 1e-13)

	// A span of fewer ticks than batches has one batch a tick: x = 1, y = 0.
	o = NewOccupancy(1, 1, 5)
	o.Observe([]spike.Event{{Time: 20}})
	o.Start(20, 22)
	o.Advance(22)
	floor, _ = o.Floor()
	near(t, "floor of two ticks", floor, .5, 0)

	// Two neurons: 3 of 2^n - 1 degrees of freedom. The same state throughout has no scatter.
	o = NewOccupancy(2, 1, 2)
	o.Start(0, 4)
	o.Observe([]spike.Event{{Time: 0, Neuron: 1}, {Time: 1, Neuron: 1}, {Time: 2, Neuron: 1}})
	o.Advance(4) // shares of state 2: 1 and 1/2
	floor, neff = o.Floor()
	near(t, "floor of two neurons", floor, 1./16*(1/.75+1/.25)/2, 1e-16)
	near(t, "N_eff of two neurons", neff, 9, 1e-14)
	o.Start(4, 8)
	o.Advance(8)
	if floor, neff := o.Floor(); floor != 0 || !math.IsInf(neff, 1) {
		t.Errorf("floor %v, N_eff %v where nothing happens", floor, neff)
	}
}

// TestConditionalOnNothing: a condition that never holds has probability 0 and no distribution; one
// that holds rarely has both.
func TestConditionalOnNothing(t *testing.T) {
	p := []float64{0, .25, 0, .75}
	if q, fixed := Conditional(p, 2, 1, 0); q != nil || fixed != 0 {
		t.Errorf("z_0 = 0 never occurs: %v, %v", q, fixed)
	}
	const tiny = 0x1p-1000
	if q, fixed := Conditional([]float64{tiny, 1, tiny, 0}, 2, 1, 0); fixed != 2*tiny || !slices.Equal(q, []float64{.5, .5}) {
		t.Errorf("a rare condition: %v, %v", q, fixed)
	}
}

// TestKLOfNearbyDistributions: every second of 2^16 equal probabilities raised by the share d, the
// others lowered by it, has D_KL = -ln(1-d^2)/2, here 2^-41 up to 2^-82. Ratios of probabilities
// are near 1 and lose nothing; differences of their logarithms, near 11, would be off by 1e-15.
func TestKLOfNearbyDistributions(t *testing.T) {
	const n, d = 1 << 16, 0x1p-20
	p, q := make([]float64, n), make([]float64, n)
	for z := range p {
		p[z] = 1.0 / n
		q[z] = (1 + d - 2*d*float64(z%2)) / n
	}
	near(t, "D_KL", KL(p, q), 0x1p-41, 2.3e-16)
}

// TestKLSum: the terms of D_KL nearly cancel between distributions that are near each other; their
// sum must be that of exact arithmetic, to the last bits of the result.
func TestKLSum(t *testing.T) {
	const n = 1 << 10
	s := random.New(23, random.TargetWeights, 0, 0)
	p, q := make([]float64, n), make([]float64, n)
	for z := range p {
		p[z] = (0.5 + s.Float64()) / n
		q[z] = p[z] * (1 + 1e-3*(s.Float64()-0.5))
	}
	for _, x := range [][]float64{p, q} {
		sum := pairwise(x)
		for z := range x {
			x[z] /= sum
		}
	}
	exact := new(big.Float).SetPrec(500)
	for z := range p {
		exact.Add(exact, big.NewFloat(p[z]*detmath.Log(p[z]/q[z])))
	}
	want, _ := exact.Float64()
	near(t, "D_KL", KL(p, q), want, 2e-16*want)
}

// TestPairwise: halves are summed on their own, so that sums are the same to the bit wherever they
// are taken, and 2^20 terms lose no more than a few units in the last place.
func TestPairwise(t *testing.T) {
	const big = 1 << 53 // from here on, a 1 alone is rounded away, two together are not
	for _, c := range []struct {
		x    []float64
		want float64
	}{
		{[]float64{1, 1, big}, big + 2},
		{[]float64{big, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}, big},
		{[]float64{big, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}, big + 8},
	} {
		if got := pairwise(c.x); got != c.want {
			t.Errorf("sum of %v is 2^53%+v, want 2^53%+v", c.x, got-big, c.want-big)
		}
	}
	x := slices.Repeat([]float64{0.1}, 1<<20)
	near(t, "2^20 tenths", pairwise(x), 0.1*(1<<20), 1e-10)
}
