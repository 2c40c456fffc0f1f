package sal

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"spikealign/internal/random"
	"spikealign/spike"
	"spikealign/synapse"
)

var (
	nearest = synapse.Pairing{Kind: synapse.Nearest}
	all     = synapse.Pairing{Kind: synapse.All}
)

func last(k int) synapse.Pairing { return synapse.Pairing{Kind: synapse.Last, K: k} }

var pairings = []synapse.Pairing{nearest, last(1), last(2), last(10), all}

// halves covers every way in which weights are summed: exact with and without a cut, by table, and
// without table.
var halves = []synapse.Half{
	{Shape: synapse.TriangularWindow, Tau: 7},
	{Shape: synapse.TriangularWindow, Tau: 7, Cut: 4},
	{Shape: synapse.TriangularWindow, Tau: 6.5},
	{Shape: synapse.TriangularWindow, Tau: 1},
	{Shape: synapse.TriangularWindow, Tau: 7 << 20},
	{Shape: synapse.TriangularWindow, Tau: 6.3e6},
	{Tau: 3},
	{Tau: 3, Cut: 6},
	{Tau: 3 << 20},
}

// scale returns the ticks per step that suit h.
func scale(h synapse.Half) int64 {
	if h.Tau > 1000 {
		return 1 << 20
	}
	return 1
}

func stretch(events []spike.Event, by int64) []spike.Event {
	events = slices.Clone(events)
	for k := range events {
		events[k].Time *= by
	}
	return events
}

// pair is a spike of i that comes lag ticks after one of j.
type pair struct {
	i, j int32
	lag  int64
}

// pairsOf lists the pairs of a train, straight from the definition (section 3 of
// docs/model.md), however long their lags.
func pairsOf(events []spike.Event, n int, p synapse.Pairing) []pair {
	var pairs []pair
	for _, e := range events {
		for j := range int32(n) {
			if j == e.Neuron {
				continue
			}
			var partners []int64 // earlier spikes of j
			own := int64(-1)     // the last own spike before
			for _, s := range events {
				if s.Time < e.Time && s.Neuron == j {
					partners = append(partners, s.Time)
				}
				if s.Time < e.Time && s.Neuron == e.Neuron {
					own = s.Time
				}
			}
			switch p.Kind {
			case synapse.Nearest:
				partners = partners[max(0, len(partners)-1):]
				if len(partners) > 0 && own >= partners[0] {
					partners = nil
				}
			case synapse.Last:
				partners = partners[max(0, len(partners)-p.K):]
			}
			for _, s := range partners {
				pairs = append(pairs, pair{e.Neuron, j, e.Time - s})
			}
		}
	}
	return pairs
}

// sumsOf adds f over pairs, C[i][j] at i*n+j.
func sumsOf(pairs []pair, n int, h synapse.Half) []float64 {
	c := make([]float64, n*n)
	for _, p := range pairs {
		c[int(p.i)*n+int(p.j)] += h.At(p.lag)
	}
	return c
}

func fromTrain(events []spike.Event, n int, h synapse.Half, p synapse.Pairing) *PairSums {
	c := NewPairSums(n, h, p)
	c.Observe(events)
	return c
}

func values(c *PairSums) []float64 {
	var xs []float64
	for i := range c.N() {
		for j := range c.N() {
			xs = append(xs, c.At(i, j))
		}
	}
	return xs
}

// near reports whether a and b are equal up to the rounding of a few thousand additions.
func near(a, b []float64) bool {
	for i := range a {
		if !(math.Abs(a[i]-b[i]) <= 1e-12*(1+math.Abs(b[i]))) {
			return false
		}
	}
	return len(a) == len(b)
}

func form(t *testing.T, c interface {
	AppendBinary([]byte) ([]byte, error)
}) []byte {
	t.Helper()
	b, err := c.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFewSpikes is the table of section 3 of docs/model.md: which pairs of a handful of spikes
// count under each pairing, with which sign they enter the rules, for every window.
func TestFewSpikes(t *testing.T) {
	for _, c := range []struct {
		name                       string
		events                     []spike.Event
		nearest, last1, last2, all []pair
	}{
		{"no spike", nil, nil, nil, nil, nil},
		{"first spike", []spike.Event{{Time: 3, Neuron: 0}}, nil, nil, nil, nil},
		{"0 then 1", []spike.Event{{Time: 1, Neuron: 0}, {Time: 3, Neuron: 1}},
			[]pair{{1, 0, 2}}, []pair{{1, 0, 2}}, []pair{{1, 0, 2}}, []pair{{1, 0, 2}}},
		{"1 then 0", []spike.Event{{Time: 0, Neuron: 1}, {Time: 3, Neuron: 0}},
			[]pair{{0, 1, 3}}, []pair{{0, 1, 3}}, []pair{{0, 1, 3}}, []pair{{0, 1, 3}}},
		{"simultaneous", []spike.Event{{Time: 3, Neuron: 0}, {Time: 3, Neuron: 1}}, nil, nil, nil, nil},
		{"beyond every window", []spike.Event{{Time: 0, Neuron: 0}, {Time: 400, Neuron: 1}}, nil, nil, nil, nil},
		{"own spike in between", []spike.Event{{Time: 0, Neuron: 0}, {Time: 2, Neuron: 1}, {Time: 3, Neuron: 1}},
			[]pair{{1, 0, 2}}, []pair{{1, 0, 2}, {1, 0, 3}}, []pair{{1, 0, 2}, {1, 0, 3}}, []pair{{1, 0, 2}, {1, 0, 3}}},
		{"own spike at the same instant", []spike.Event{{Time: 1, Neuron: 0}, {Time: 1, Neuron: 1}, {Time: 3, Neuron: 1}},
			nil, []pair{{1, 0, 2}}, []pair{{1, 0, 2}}, []pair{{1, 0, 2}}},
		{"own spike before", []spike.Event{{Time: 0, Neuron: 1}, {Time: 1, Neuron: 0}, {Time: 3, Neuron: 1}},
			[]pair{{0, 1, 1}, {1, 0, 2}}, []pair{{0, 1, 1}, {1, 0, 2}}, []pair{{0, 1, 1}, {1, 0, 2}}, []pair{{0, 1, 1}, {1, 0, 2}}},
		{"two partners", []spike.Event{{Time: 0, Neuron: 0}, {Time: 1, Neuron: 0}, {Time: 3, Neuron: 1}},
			[]pair{{1, 0, 2}}, []pair{{1, 0, 2}}, []pair{{1, 0, 2}, {1, 0, 3}}, []pair{{1, 0, 2}, {1, 0, 3}}},
		{"three partners", []spike.Event{{Time: 0, Neuron: 0}, {Time: 1, Neuron: 0}, {Time: 2, Neuron: 0}, {Time: 3, Neuron: 1}},
			[]pair{{1, 0, 1}}, []pair{{1, 0, 1}}, []pair{{1, 0, 1}, {1, 0, 2}}, []pair{{1, 0, 1}, {1, 0, 2}, {1, 0, 3}}},
		{"coincidence after a spike", []spike.Event{{Time: 0, Neuron: 0}, {Time: 2, Neuron: 0}, {Time: 2, Neuron: 1}},
			[]pair{{1, 0, 2}}, []pair{{1, 0, 2}}, []pair{{1, 0, 2}}, []pair{{1, 0, 2}}},
		{"coincidence after both", []spike.Event{{Time: 0, Neuron: 0}, {Time: 1, Neuron: 1}, {Time: 3, Neuron: 0}, {Time: 3, Neuron: 1}},
			[]pair{{1, 0, 1}, {0, 1, 2}}, []pair{{1, 0, 1}, {0, 1, 2}, {1, 0, 3}}, []pair{{1, 0, 1}, {0, 1, 2}, {1, 0, 3}}, []pair{{1, 0, 1}, {0, 1, 2}, {1, 0, 3}}},
	} {
		for _, h := range halves {
			events := stretch(c.events, scale(h))
			for p, pairs := range map[synapse.Pairing][]pair{nearest: c.nearest, last(1): c.last1, last(2): c.last2, last(10): c.all, all: c.all} {
				pairs = slices.Clone(pairs)
				for k := range pairs {
					pairs[k].lag *= scale(h)
				}
				want := sumsOf(pairs, 2, h)
				sums := fromTrain(events, 2, h, p)
				if got := values(sums); !near(got, want) {
					t.Errorf("%s, %+v, %v: C = %v, want %v", c.name, h, p, got, want)
				}
				// Causal pairs depress, anti-causal pairs potentiate.
				dw := make([]float64, 4)
				SAL{Eta: 2}.Add(dw, sums, 10)
				drift := 2 * h.Tau / 10 * (want[1*2+0] - want[0*2+1])
				if !near([]float64{dw[0] / h.Tau, dw[1] / h.Tau, dw[2] / h.Tau, dw[3] / h.Tau}, []float64{0, drift / h.Tau, -drift / h.Tau, 0}) {
					t.Errorf("%s, %+v, %v: SAL gives %v, want ±%v", c.name, h, p, dw, drift)
				}
				w := make([]float64, 4)
				online := NewOnline(2, Window(h), p)
				for _, e := range events {
					online.Apply(e.Time, e.Neuron, w, 1)
				}
				if d := want[1*2+0] - want[0*2+1]; !near(w, []float64{0, d, -d, 0}) {
					t.Errorf("%s, %+v, %v: Online gives %v, want ±%v", c.name, h, p, w, d)
				}
			}
		}
	}
}

// trains have many coincidences, or none, and are long enough for the log to be compacted.
func trains(n int) [][]spike.Event {
	return [][]spike.Event{train(1, n, 1200/n, .3, 1), train(2, n, 3000/n, .2, 3), train(3, n, 3000/n, .1, 7)}
}

// TestDefinition holds both representations of history to the definition of section 3 of
// docs/model.md, on random trains.
func TestDefinition(t *testing.T) {
	for _, n := range []int{1, 2, 5, 20} {
		for _, steps := range trains(n) {
			for _, p := range pairings {
				pairs := pairsOf(steps, n, p)
				for _, h := range halves {
					long := slices.Clone(pairs)
					for k := range long {
						long[k].lag *= scale(h)
					}
					events := stretch(steps, scale(h))
					want := sumsOf(long, n, h)
					log := newSums(n, h, p, false)
					log.Observe(events)
					if got := values(log); !near(got, want) {
						t.Errorf("n = %d, %+v, %v: C is off: %v, want %v", n, h, p, got, want)
					}
					if wholeTriangle(h) && log.depth() == 1 {
						dense := newSums(n, h, p, true)
						dense.Observe(events)
						if !bytes.Equal(form(t, dense), form(t, log)) {
							t.Errorf("n = %d, %+v, %v: the two representations differ", n, h, p)
						}
					}
					for i := range n {
						count := int64(0)
						for _, e := range events {
							if int(e.Neuron) == i {
								count++
							}
						}
						if got := log.Count(i); got != count {
							t.Errorf("n = %d: Count(%d) = %d, want %d", n, i, got, count)
						}
					}
				}
			}
		}
	}
}

// TestOrderAndBatches: neither the split into batches nor the order of simultaneous spikes changes
// a bit, of the sums or of the state.
func TestOrderAndBatches(t *testing.T) {
	const n = 5
	for _, steps := range trains(n) {
		for _, p := range pairings {
			for _, h := range halves {
				events := stretch(steps, scale(h))
				whole := fromTrain(events, n, h, p)
				want := form(t, whole)
				for seed := range uint64(3) {
					s := random.New(seed, random.Bootstrap, 0, 0)
					parts := NewPairSums(n, h, p)
					for rest := shuffled(events, &s); len(rest) > 0; {
						k := min(len(rest), int(s.Uint64()%5))
						if k == 1 {
							parts.Spike(rest[0].Time, rest[0].Neuron)
						} else {
							parts.Observe(rest[:k])
						}
						rest = rest[k:]
					}
					if !bytes.Equal(form(t, parts), want) {
						t.Errorf("%+v, %v: batches or order change the result", h, p)
					}
				}
			}
		}
	}
}

// shuffled returns events with those of the same instant in random order.
func shuffled(events []spike.Event, s *random.Stream) []spike.Event {
	events = slices.Clone(events)
	for k := len(events) - 1; k > 0; k-- {
		first := k
		for first > 0 && events[first-1].Time == events[k].Time {
			first--
		}
		other := first + int(s.Uint64()%uint64(k-first+1))
		events[k], events[other] = events[other], events[k]
	}
	return events
}

// TestResume restores the state at every place of a train, instants of several spikes included.
func TestResume(t *testing.T) {
	for _, n := range []int{5, 20} {
		events := train(1, n, 60, .3, 1)
		for _, p := range pairings {
			for _, h := range halves {
				events := stretch(events, scale(h))
				whole, gone := NewPairSums(n, h, p), NewPairSums(n, h, p)
				for k, e := range events {
					whole.Spike(e.Time, e.Neuron)
					gone.Spike(e.Time, e.Neuron)
					if k%7 > 1 {
						continue
					}
					if err := gone.UnmarshalBinary(form(t, gone)); err != nil {
						t.Fatalf("%+v, %v: %v", h, p, err)
					}
				}
				if !bytes.Equal(form(t, whole), form(t, gone)) {
					t.Errorf("%+v, %v: resumed pair sums differ", h, p)
				}
			}
		}
	}
}

// TestEpochs: a pair that straddles two epochs counts once, in the epoch of its later spike.
func TestEpochs(t *testing.T) {
	h := synapse.Half{Shape: synapse.TriangularWindow, Tau: 8} // eighths add up without rounding
	for _, p := range pairings {
		for _, n := range []int{5, 20} {
			events := train(4, n, 500, .2, 2)
			whole := fromTrain(events, n, h, p)
			total := make([]float64, n*n)
			spikes := make([]int64, n)
			epochs := NewPairSums(n, h, p)
			for rest := events; len(rest) > 0; {
				k := min(37, len(rest))
				epochs.ResetSums()
				epochs.Observe(rest[:k])
				for at, x := range values(epochs) {
					total[at] += x
				}
				for i := range spikes {
					spikes[i] += epochs.Count(i)
				}
				rest = rest[k:]
			}
			if !slices.Equal(total, values(whole)) {
				t.Errorf("%v, n = %d: epochs do not add up to the whole", p, n)
			}
			for i := range spikes {
				if spikes[i] != whole.Count(i) {
					t.Errorf("%v: %d spikes of neuron %d, want %d", p, spikes[i], i, whole.Count(i))
				}
			}
			epochs.Reset()
			epochs.Observe(events)
			if !bytes.Equal(form(t, epochs), form(t, whole)) {
				t.Errorf("%v, n = %d: something is left after Reset", p, n)
			}
		}
	}
}

// TestCoactivation: with the triangular window of the refractory time, no two spikes of a neuron
// nearer than that, and no coincidence, (C[i][j]+C[j][i])*tau/T is the share of time in which z_i =
// z_j = 1, z being 1 for lags 0..tau-1 (section 3 of docs/model.md).
func TestCoactivation(t *testing.T) {
	const n, tau = 6, 10
	var events []spike.Event
	for _, e := range train(5, n, 4000, .05, tau) {
		if len(events) == 0 || events[len(events)-1].Time != e.Time {
			events = append(events, e)
		}
	}
	duration := events[len(events)-1].Time + tau
	until := make([]int64, n) // z_i is 1 before
	overlap := make([]int64, n*n)
	rest := events
	for now := range duration {
		for len(rest) > 0 && rest[0].Time == now {
			until[rest[0].Neuron] = now + tau
			rest = rest[1:]
		}
		for i := range n {
			for j := range n {
				if i != j && now < until[i] && now < until[j] {
					overlap[i*n+j]++
				}
			}
		}
	}
	want := make([]float64, n*n)
	for k, x := range overlap {
		want[k] = float64(x) / float64(duration)
	}
	for _, p := range []synapse.Pairing{last(1), last(3), all} {
		sums := fromTrain(events, n, synapse.Half{Shape: synapse.TriangularWindow, Tau: tau}, p)
		got := make([]float64, n*n)
		Hebbian{Eta: 1}.Add(got, sums, duration)
		if !near(got, want) {
			t.Errorf("%v: coactivation %v, want %v", p, got, want)
		}
	}
}

// TestRules holds the rules to their equations, amplitudes included (section 3 of docs/model.md).
func TestRules(t *testing.T) {
	const n, tau, duration, eta = 4, 7., 100, .5
	c := fromTrain(train(6, n, duration, .2, 2), n, synapse.Half{Shape: synapse.TriangularWindow, Tau: tau}, all)
	plus, minus, ones := make([]float64, n*n), make([]float64, n*n), make([]float64, n*n)
	s := random.New(1, random.SALNoise, 0, 0)
	for k := range plus {
		plus[k], minus[k], ones[k] = 1+.1*s.Norm(), 1+.1*s.Norm(), 1
	}
	for name, x := range map[string]struct {
		rule interface {
			Add([]float64, *PairSums, int64)
		}
		want func(at int, causal, anti float64) float64
	}{
		"SAL":               {SAL{Eta: eta}, func(_ int, p, m float64) float64 { return m - p }},
		"SAL, ones":         {SAL{eta, ones, ones}, func(_ int, p, m float64) float64 { return m - p }},
		"SAL, plus only":    {SAL{eta, plus, nil}, func(at int, p, m float64) float64 { return m - plus[at]*p }},
		"SAL, amplitudes":   {SAL{eta, plus, minus}, func(at int, p, m float64) float64 { return minus[at]*m - plus[at]*p }},
		"Hebbian":           {Hebbian{Eta: eta}, func(_ int, p, m float64) float64 { return p + m }},
		"Hebbian amplitude": {Hebbian{eta, plus}, func(at int, p, m float64) float64 { return plus[at] * (p + m) }},
	} {
		got := slices.Repeat([]float64{10}, n*n)
		x.rule.Add(got, c, duration)
		for i := range n {
			for j := range n {
				want := 10.
				if i != j {
					want += eta * tau / duration * x.want(i*n+j, c.At(i, j), c.At(j, i))
				}
				if g := got[i*n+j]; !(math.Abs(g-want) <= 1e-13) {
					t.Errorf("%s: dw[%d][%d] = %v, want %v", name, i, j, g, want)
				}
				if r, ok := x.rule.(SAL); ok && got[i*n+j] != 10+r.Change(c, i, j, duration) {
					t.Errorf("%s: Change(%d, %d) is not what Add adds", name, i, j)
				}
			}
		}
	}
	// With equal amplitudes SAL moves the two synapses of a pair by opposite, Hebbian learning by
	// equal amounts, to the bit.
	a, b := make([]float64, n*n), make([]float64, n*n)
	SAL{Eta: eta}.Add(a, c, duration)
	Hebbian{Eta: eta}.Add(b, c, duration)
	for i := range n {
		for j := range n {
			if a[i*n+j] != -a[j*n+i] || b[i*n+j] != b[j*n+i] {
				t.Errorf("pair %d,%d: SAL %v and %v, Hebbian %v and %v", i, j, a[i*n+j], a[j*n+i], b[i*n+j], b[j*n+i])
			}
		}
	}
}

// TestOnline: spike by spike, both synapses of each pair change by K, times the gain.
func TestOnline(t *testing.T) {
	const n, eta = 5, .3
	w := synapse.Window{APlus: -1.5, AMinus: 1, Plus: synapse.Half{Tau: 3}, Minus: synapse.Half{Shape: synapse.TriangularWindow, Tau: 9}}
	events := train(10, n, 300, .2, 2)
	gain := make([]float64, n*n)
	for k := range gain {
		gain[k] = float64(k % 3)
	}
	for _, p := range pairings {
		for _, g := range [][]float64{nil, gain} {
			want := make([]float64, n*n)
			for _, q := range pairsOf(events, n, p) {
				for at, d := range map[int]int64{int(q.i)*n + int(q.j): q.lag, int(q.j)*n + int(q.i): -q.lag} {
					k := eta * w.At(d)
					if g != nil {
						k *= g[at]
					}
					want[at] += k
				}
			}
			o := NewOnline(n, w, p)
			o.Gain = g
			got := make([]float64, n*n)
			o.Apply(7, 0, got, 1)
			o.Reset()
			for _, e := range events {
				o.Apply(e.Time, e.Neuron, got, eta)
			}
			if !near(got, want) {
				t.Errorf("%v, gain %v: weights %v, want %v", p, g, got, want)
			}
		}
	}
}

// TestNoAllocation: feeding spikes allocates nothing after warm-up.
func TestNoAllocation(t *testing.T) {
	for _, n := range []int{7, 20} {
		events := train(11, n, 3000/n, .1, 5)
		for _, p := range pairings {
			for _, h := range halves {
				events := stretch(events, scale(h))
				c := NewPairSums(n, h, p)
				c.Observe(events)
				if a := testing.AllocsPerRun(2, func() {
					c.Reset()
					c.Observe(events)
					c.ResetSums()
				}); a != 0 {
					t.Errorf("n = %d, %+v, %v: %v allocations", n, h, p, a)
				}
			}
		}
	}
	c := NewPairSums(3, halves[0], last(1))
	c.Spike(0, 0)
	c.Spike(0, 1)
	now := int64(0)
	if a := testing.AllocsPerRun(100, func() {
		now++
		c.Spike(now, 2)
	}); a != 0 {
		t.Errorf("Spike: %v allocations", a)
	}
}

func TestPanics(t *testing.T) {
	h := synapse.Half{Tau: 3}
	w := Window(h)
	fed := func(n int, p synapse.Pairing) *PairSums {
		c := NewPairSums(n, synapse.Half{Shape: synapse.TriangularWindow, Tau: 3}, p)
		c.Spike(5, 0)
		return c
	}
	for name, f := range map[string]func(){
		"no neurons":       func() { NewPairSums(0, h, all) },
		"bad half":         func() { NewPairSums(1, synapse.Half{}, all) },
		"bad pairing":      func() { NewPairSums(1, h, last(0)) },
		"bad window":       func() { NewOnline(1, synapse.Window{}, all) },
		"past, dense":      func() { fed(2, last(1)).Spike(4, 0) },
		"past in a batch":  func() { fed(2, last(1)).Observe([]spike.Event{{Time: 6}, {Time: 5}}) },
		"past, log":        func() { fed(2, all).Spike(4, 0) },
		"negative":         func() { NewPairSums(1, h, all).Spike(-1, 0) },
		"too late, dense":  func() { fed(2, last(1)).Spike(math.MaxInt64, 0) },
		"too late, log":    func() { fed(2, all).Spike(math.MaxInt64, 0) },
		"neuron, dense":    func() { fed(2, last(1)).Spike(6, 2) },
		"neuron, log":      func() { fed(2, all).Spike(6, -1) },
		"pair":             func() { fed(2, all).At(0, 2) },
		"dw":               func() { SAL{}.Add(make([]float64, 3), fed(2, all), 1) },
		"amplitudes":       func() { Hebbian{1, []float64{1}}.Add(make([]float64, 4), fed(2, all), 1) },
		"duration":         func() { SAL{}.Add(make([]float64, 4), fed(2, all), 0) },
		"change":           func() { SAL{}.Change(fed(2, all), 2, 0, 1) },
		"change, duration": func() { SAL{}.Change(fed(2, all), 1, 0, 0) },
		"weights":          func() { NewOnline(2, w, all).Apply(0, 0, nil, 1) },
	} {
		func() {
			defer func() {
				if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "sal: ") {
					t.Errorf("%s: panic %v", name, s)
				}
			}()
			f()
		}()
	}
}

// samples returns binary forms of pair sums of every kind.
func samples(tb testing.TB) [][]byte {
	var forms [][]byte
	for _, p := range pairings {
		for _, h := range halves {
			events := stretch(train(12, 3, 20, .3, 1), scale(h))
			events = append(events, spike.Event{Time: events[len(events)-1].Time, Neuron: 2})
			c := NewPairSums(3, h, p)
			c.Observe(events)
			b, err := c.AppendBinary(nil)
			if err != nil {
				tb.Fatal(err)
			}
			forms = append(forms, b)
		}
	}
	return forms
}

// tryForm reads b and uses what is accepted.
func tryForm(b []byte) (accepted bool) {
	var c PairSums
	if c.UnmarshalBinary(b) != nil {
		return false
	}
	c.Spike(maxTime, int32(c.N()-1))
	c.At(0, c.N()-1)
	SAL{Eta: 1}.Add(make([]float64, c.N()*c.N()), &c, 1)
	return true
}

// TestDamage: data that are cut short or too long are errors; a changed word never panics, and
// leaves the receiver alone if it is an error.
func TestDamage(t *testing.T) {
	for _, b := range samples(t) {
		if !tryForm(b) {
			t.Fatal("a good form is not accepted")
		}
		for k := range b {
			if tryForm(b[:k]) {
				t.Errorf("the first %d of %d bytes are accepted as %s", k, len(b), b[:4])
			}
		}
		if tryForm(append(slices.Clone(b), 0)) {
			t.Errorf("one byte more is accepted as %s", b[:4])
		}
		for k := range b {
			for _, x := range []byte{0x01, 0x80, 0xff} {
				d := slices.Clone(b)
				d[k] ^= x
				tryForm(d)
			}
		}
		c := NewPairSums(2, halves[0], all)
		c.Spike(3, 1)
		before := form(t, c)
		if c.UnmarshalBinary(b[:len(b)-1]) == nil || !bytes.Equal(form(t, c), before) {
			t.Error("an error changed the receiver")
		}
	}
}

// TestOtherKinds: sums take the state of their own kind only, the zero value that of any.
func TestOtherKinds(t *testing.T) {
	h := synapse.Half{Tau: 3}
	b := form(t, NewPairSums(2, h, all))
	for name, c := range map[string]*PairSums{
		"neurons": NewPairSums(3, h, all),
		"half":    NewPairSums(2, synapse.Half{Tau: 4}, all),
		"pairing": NewPairSums(2, h, last(1)),
	} {
		if c.UnmarshalBinary(b) == nil {
			t.Errorf("sums of another kind (%s) are accepted", name)
		}
	}
	if err := new(PairSums).UnmarshalBinary(b); err != nil {
		t.Error(err)
	}
}

func FuzzPairSumsUnmarshal(f *testing.F) {
	for _, b := range samples(f) {
		f.Add(b)
	}
	f.Fuzz(func(_ *testing.T, b []byte) { tryForm(b) })
}
