package analysis

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"spikealign/internal/random"
	"spikealign/sal"
	"spikealign/spike"
	"spikealign/synapse"
)

func train(text string) (events []spike.Event) {
	for _, f := range strings.Fields(text) {
		var e spike.Event
		if _, err := fmt.Sscanf(f, "%d:%d", &e.Neuron, &e.Time); err != nil {
			panic(err)
		}
		events = append(events, e)
	}
	return events
}

func options(n int, end int64) CounterOptions {
	return CounterOptions{Neurons: n, End: end, Window: sal.Window(synapse.Half{Shape: synapse.TriangularWindow, Tau: 10}), MaxLag: 10, Bin: 1, Blocks: 2}
}

// TestHandTables: docs/model.md, section 3, two and three spikes at a time. Lags of i after
// j, then of j after i, then coincidences.
func TestHandTables(t *testing.T) {
	for _, c := range []struct {
		train    string
		ab, ba   []int64 // lags of 0 after 1 and of 1 after 0
		together int64
	}{
		{"0:3 1:5", nil, []int64{2}, 0},
		{"1:3 0:5", []int64{2}, nil, 0},
		{"0:3 1:3", nil, nil, 1},
		{"1:3 0:3", nil, nil, 1},
		{"0:3 0:5 1:6", nil, []int64{1}, 0}, // with the latest only
		{"0:3 1:5 1:6", nil, []int64{2}, 0}, // an own spike lies between
		{"0:3 1:5 0:6", []int64{1}, []int64{2}, 0},
		{"0:3 1:3 0:6", nil, nil, 1},        // its own spike came at the same time as the partner's
		{"0:1 0:3 1:3", nil, []int64{2}, 1}, // at a coincidence both pair with what came before
		{"0:1 1:3 0:3", nil, []int64{2}, 1}, // whatever the order
		{"1:1 0:3 1:3", []int64{2}, nil, 1},
		// 0 at 4 pairs with 1 at 2; 1 at 4 has spiked itself after 0 at 1
		{"0:1 1:2 0:4 1:4", []int64{2}, []int64{1}, 1},
		{"0:1 1:11 0:25", nil, []int64{10}, 0}, // the longest lag, and one beyond
		{"0:0 1:11", nil, nil, 0},
	} {
		c1 := NewCounter(options(2, 30))
		c1.Observe(train(c.train))
		check := func(i, j int, lags []int64) {
			t.Helper()
			want, sum := make([]uint32, 10), 0.0
			for _, d := range lags {
				want[d-1]++
				sum += 1 - float64(d)/10
			}
			if got := c1.Histogram(i, j); !slices.Equal(got, want) {
				t.Errorf("%s: histogram %d,%d is %v, want %v", c.train, i, j, got, want)
			}
			if got := c1.PairSum(i, j); math.Abs(got-sum) > 1e-15 {
				t.Errorf("%s: C[%d][%d] = %v, want %v", c.train, i, j, got, sum)
			}
			if c1.Coincidences(i, j) != c.together {
				t.Errorf("%s: %d coincidences, want %d", c.train, c1.Coincidences(i, j), c.together)
			}
		}
		check(0, 1, c.ab)
		check(1, 0, c.ba)
	}
}

// randomTrain has coincidences, bursts, silence, and neurons of very different rates.
func randomTrain(seed uint64, n, spikes int, gap int64) (events []spike.Event, end int64) {
	s := random.New(seed, random.Spikes, 0, 0)
	now := int64(5)
	seen := map[spike.Event]bool{}
	for len(events) < spikes {
		if u := s.Float64(); u < 0.6 {
			now += int64(s.Uint64() % uint64(gap))
		} else if u < 0.61 {
			now += 50 * gap
		}
		e := spike.Event{Time: now, Neuron: int32(float64(n) * s.Float64() * s.Float64())}
		if !seen[e] {
			seen[e] = true
			events = append(events, e)
		}
	}
	return events, now + 1
}

// bruteForce pairs by the words of section 3, in O(n^2) for each spike.
func bruteForce(events []spike.Event, o CounterOptions) (hist []uint32, coin []uint32, sums []float64) {
	n, bins := o.Neurons, o.Bins()
	hist, coin, sums = make([]uint32, n*n*bins), make([]uint32, n*n), make([]float64, n*n)
	latest := func(j int32, before int64) int64 {
		s := int64(-1)
		for _, e := range events {
			if e.Neuron == j && e.Time < before {
				s = max(s, e.Time)
			}
		}
		return s
	}
	for _, e := range events {
		own := latest(e.Neuron, e.Time)
		for j := range int32(n) {
			if j == e.Neuron {
				continue
			}
			at := int(e.Neuron)*n + int(j)
			if slices.Contains(events, spike.Event{Time: e.Time, Neuron: j}) {
				coin[at]++
			}
			s := latest(j, e.Time)
			if s < 0 || own >= s {
				continue
			}
			d := e.Time - s
			sums[at] += o.Window.At(-d)
			if k := (d - 1) / o.Bin; k < int64(bins) {
				hist[at*bins+int(k)]++
			}
		}
	}
	return hist, coin, sums
}

// TestBruteForce, in batches of any size, with any number of threads, in any order of simultaneous
// spikes: equal counts, and sums equal bit for bit among themselves.
func TestBruteForce(t *testing.T) {
	for k, half := range []synapse.Half{
		{Shape: synapse.TriangularWindow, Tau: 25},
		{Shape: synapse.TriangularWindow, Tau: 7.5},
		{Shape: synapse.ExponentialWindow, Tau: 8},
		{Shape: synapse.ExponentialWindow, Tau: 0.3},
		{Shape: synapse.ExponentialWindow, Tau: 1e9},
		{Shape: synapse.ExponentialWindow, Tau: 8, Cut: 12},
	} {
		for _, lag := range [][2]int64{{40, 1}, {41, 7}, {3, 3}, {1000, 13}} {
			events, end := randomTrain(uint64(k), 9, 500, 6)
			o := CounterOptions{Neurons: 9, Start: 2, End: end, Window: sal.Window(half), MaxLag: lag[0], Bin: lag[1], Blocks: 7}
			hist, coin, sums := bruteForce(events, o)
			var first *Counter
			for threads := range 4 {
				o.Threads = threads
				c := NewCounter(o)
				s := random.New(3, random.Spikes, uint64(threads), 0)
				shuffled := slices.Clone(events)
				for i := 1; i < len(shuffled); i++ {
					if shuffled[i].Time == shuffled[i-1].Time && s.Float64() < 0.5 {
						shuffled[i], shuffled[i-1] = shuffled[i-1], shuffled[i]
					}
				}
				for rest := shuffled; len(rest) > 0; {
					m := min(len(rest), int(s.Uint64()%100))
					c.Observe(rest[:m])
					rest = rest[m:]
				}
				if !slices.Equal(c.hist, hist) || !slices.Equal(c.coin, coin) {
					t.Fatalf("%+v: counts differ from brute force", o)
				}
				for i := range 9 {
					for j := range 9 {
						if got := c.PairSum(i, j); math.Abs(got-sums[i*9+j]) > 1e-12*got {
							t.Errorf("%+v: C[%d][%d] = %v, want %v", o, i, j, got, sums[i*9+j])
						}
					}
				}
				if first == nil {
					first = c
				}
				if !slices.Equal(c.sums, first.sums) || !slices.Equal(c.counts, first.counts) {
					t.Errorf("%+v: sums depend on threads or batches", o)
				}
			}
		}
	}
}

// TestAgainstSAL: sums and drifts are those of the rule itself, block by block.
func TestAgainstSAL(t *testing.T) {
	const n = 20
	near := func(got, want, scale float64) bool { return math.Abs(got-want) <= 1e-11*scale }
	for _, half := range []synapse.Half{
		{Shape: synapse.TriangularWindow, Tau: 25},
		{Shape: synapse.TriangularWindow, Tau: 7.5, Cut: 6},
		{Shape: synapse.ExponentialWindow, Tau: 8},
		{Shape: synapse.ExponentialWindow, Tau: 8, Cut: 12},
		{Shape: synapse.ExponentialWindow, Tau: 0.4},
		{Shape: synapse.ExponentialWindow, Tau: 1e9},
	} {
		events, end := randomTrain(11, n, 20000, 4)
		o := CounterOptions{Neurons: n, End: end, Window: sal.Window(half), MaxLag: 25, Bin: 5, Blocks: 10}
		c := NewCounter(o)
		c.Observe(events)
		ofBlock, whole := sal.NewPairSums(n, half, synapse.Pairing{Kind: synapse.Nearest}), sal.NewPairSums(n, half, synapse.Pairing{Kind: synapse.Nearest})
		whole.Observe(events)
		rest := events
		for b := range o.Blocks {
			k := len(rest)
			if b+1 < o.Blocks {
				k = slices.IndexFunc(rest, func(e spike.Event) bool { return e.Time >= c.edge(b+1) })
			}
			ofBlock.ResetSums()
			ofBlock.Observe(rest[:k])
			rest = rest[k:]
			for at := range n * n {
				if i, j := at/n, at%n; i != j {
					if got, w := c.weight.total(c.sums[b*n*n+at]), ofBlock.At(i, j); !near(got, w, w) {
						t.Errorf("%v: block %d has C[%d][%d] = %v, sal has %v", half, b, i, j, got, w)
					}
				}
			}
		}
		drift := make([]float64, n*n)
		sal.SAL{Eta: 1}.Add(drift, whole, end)
		result := c.Test(TestOptions{Level: 0.05})
		for at, w := range drift {
			i, j := at/n, at%n
			if i == j {
				continue
			}
			if got, w := c.PairSum(i, j), whole.At(i, j); !near(got, w, w) {
				t.Errorf("%v: C[%d][%d] = %v, sal has %v", half, i, j, got, w)
			}
			s := result.At(i, j)
			if scale := half.Tau / float64(end) * (s.CausalSum + s.AntiCausalSum); !near(s.SAL, w, scale) {
				t.Errorf("%v: the drift of W[%d][%d] is %v, sal has %v", half, i, j, s.SAL, w)
			}
		}
	}
}

// TestWeights: the tables hold the window of package synapse at every lag.
func TestWeights(t *testing.T) {
	for _, half := range []synapse.Half{
		{Shape: synapse.ExponentialWindow, Tau: 0.3}, {Shape: synapse.ExponentialWindow, Tau: 100}, {Shape: synapse.ExponentialWindow, Tau: 33.3, Cut: 50},
		{Shape: synapse.TriangularWindow, Tau: 50}, {Shape: synapse.TriangularWindow, Tau: 7.5, Cut: 4},
	} {
		w := newWeights(half)
		if w.support != half.Support() {
			t.Errorf("%+v: support %d, want %d", half, w.support, half.Support())
		}
		for d := uint64(1); d <= uint64(w.support); d++ {
			got := w.total(w.triangle - float64(d))
			if w.fine != nil {
				got = w.coarse[d>>w.shift] * w.fine[d&w.mask]
			}
			if want := half.At(int64(d)); math.Abs(got/want-1) > 1e-14 {
				t.Fatalf("%+v: f(%d) = %v, want %v", half, d, got, want)
			}
		}
	}
}

// TestBlocks: a pair belongs to the block of its later spike, and blocks have equal lengths to a
// tick.
func TestBlocks(t *testing.T) {
	o := options(2, 103)
	o.Start, o.Blocks = 3, 7
	c := NewCounter(o)
	before := o.Start
	for b := 1; b <= 7; b++ {
		if w := c.edge(b) - before; w != 14 && w != 15 {
			t.Errorf("block of %d ticks", w)
		}
		before = c.edge(b)
	}
	if before != o.End {
		t.Errorf("the last block ends at %d", before)
	}
	at := c.edge(3)
	c.Observe([]spike.Event{{Time: at - 2, Neuron: 0}, {Time: at - 1, Neuron: 1}, {Time: at, Neuron: 0}, {Time: 102, Neuron: 1}, {Time: 102, Neuron: 0}})
	for b := range 7 {
		want := map[int][2]float64{2: {0, 9}, 3: {9, 0}}[b]
		if got := [2]float64{c.sums[4*b+1], c.sums[4*b+2]}; got != want {
			t.Errorf("block %d has %v, want %v", b, got, want)
		}
	}
}

func TestDivider(t *testing.T) {
	s := random.New(1, random.Spikes, 0, 0)
	for range 20000 {
		end := int64(s.Uint64()>>(23+s.Uint64()%41)) + 1
		width := int64(s.Uint64()%uint64(end)) + 1
		if s.Float64() < 0.2 {
			width = min(end, 1+int64(s.Uint64()%5))
		}
		v := newDivider(width, end)
		for _, d := range []int64{0, width - 1, width, end - 1, end / width * width, end/width*width - 1, int64(s.Uint64() % uint64(end))} {
			if d < end && v.of(uint64(d)) != int(d/width) {
				t.Fatalf("%d/%d = %d, want %d", d, width, v.of(uint64(d)), d/width)
			}
		}
	}
}

func TestMisuse(t *testing.T) {
	for want, events := range map[string]string{
		"analysis: neuron 2 is outside 0..1":                             "2:3",
		"analysis: a spike at time 2, when it was 3":                     "0:3 1:2",
		"analysis: a spike at time 30, but the recording ends before 30": "0:30",
		"analysis: neuron 1 fires twice at time 3":                       "1:3 0:3 1:3",
		"analysis: neuron -1 is outside 0..1":                            "-1:3",
	} {
		for threads := 1; threads <= 2; threads++ {
			func() {
				defer func() {
					if got := recover(); got != want {
						t.Errorf("%s: panic %v, want %q", events, got, want)
					}
				}()
				o := options(2, 30)
				o.Threads = threads
				NewCounter(o).Observe(train(events))
			}()
		}
	}
	good := options(2, 30)
	for want, change := range map[string]func(*CounterOptions){
		"Neurons = 0":              func(o *CounterOptions) { o.Neurons = 0 },
		"MaxLag = 0":               func(o *CounterOptions) { o.MaxLag = 0 },
		"Bin = 11":                 func(o *CounterOptions) { o.Bin = 11 },
		"at most 2^20 bins":        func(o *CounterOptions) { o.MaxLag = 1 << 30 },
		"Blocks = 1":               func(o *CounterOptions) { o.Blocks = 1 },
		"recording from 5 to 5":    func(o *CounterOptions) { o.Start, o.End = 5, 5 },
		"at least one for each of": func(o *CounterOptions) { o.Blocks = 31 },
		"Threads = -1":             func(o *CounterOptions) { o.Threads = -1 },
		"must be the same":         func(o *CounterOptions) { o.Window.Minus.Tau++ },
		"a_minus = NaN":            func(o *CounterOptions) { o.Window.AMinus = math.NaN() },
		"Window: plus.tau = 0":     func(o *CounterOptions) { o.Window.Plus.Tau = 0 },
	} {
		o := good
		change(&o)
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	if b := good.Bytes(); b != 4*float64(16+40+4+reflect.TypeFor[Synapse]().Size()) {
		t.Errorf("%v bytes", b)
	}
}

// The hot loop allocates nothing.
func TestObserveAllocates(t *testing.T) {
	events, end := randomTrain(5, 50, 5000, 3)
	c := NewCounter(CounterOptions{Neurons: 50, End: 200 * end, Window: sal.Window(synapse.Half{Tau: 20}), MaxLag: 100, Bin: 2, Blocks: 10})
	shift := func() {
		c.Observe(events)
		for k := range events {
			events[k].Time += end
		}
	}
	shift()
	if a := testing.AllocsPerRun(10, shift); a != 0 {
		t.Errorf("%v allocations", a)
	}
}

func BenchmarkObserve(b *testing.B) {
	const n = 100
	s := random.NewSource(random.New(1, random.Spikes, 0, 0))
	events := make([]spike.Event, 1<<20)
	now := 0.0
	for k := range events {
		now += 20 * s.Exp()
		events[k] = spike.Event{Time: int64(now), Neuron: int32(s.Uint64() % n)}
		if k > 0 && events[k].Time <= events[k-1].Time {
			events[k].Time = events[k-1].Time + 1
			now = float64(events[k].Time)
		}
	}
	c := NewCounter(CounterOptions{Neurons: n, End: 1 << 60, Window: sal.Window(synapse.Half{Tau: 100}), MaxLag: 500, Bin: 10, Blocks: 50})
	span := events[len(events)-1].Time + 1
	b.ResetTimer()
	for b.Loop() {
		c.Observe(events)
		b.StopTimer()
		for k := range events {
			events[k].Time += span
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(events)), "ns/spike")
}
