package analysis

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"spikealign/internal/random"
	"spikealign/sal"
	"spikealign/spike"
	"spikealign/synapse"
)

// blockSums returns C[i][j] of every block by package sal, at [block][i*n+j].
func blockSums(events []spike.Event, o CounterOptions) [][]float64 {
	c := NewCounter(o)
	sums := sal.NewPairSums(o.Neurons, o.Window.Plus, synapse.Pairing{Kind: synapse.Nearest})
	var blocks [][]float64
	for b := range o.Blocks {
		sums.ResetSums()
		for len(events) > 0 && (b+1 == o.Blocks || events[0].Time < c.edge(b+1)) {
			sums.Observe(events[:1])
			events = events[1:]
		}
		row := make([]float64, o.Neurons*o.Neurons)
		for at := range row {
			row[at] = sums.At(at/o.Neurons, at%o.Neurons)
		}
		blocks = append(blocks, row)
	}
	return blocks
}

func moments(x []float64) (mean, se float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		se += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(se / float64(len(x)*(len(x)-1)))
}

// bootstrapT is the interval by its definition: replicates are drawn block by block, each with its
// own mean and error (divisor B), and the bounds are quantiles of the studentised replicates by
// linear interpolation at p(R+1).
func bootstrapT(x []float64, o TestOptions) (low, high float64) {
	blocks := float64(len(x))
	mean, se := moments(x)
	var t []float64
	for r := range o.Replicates {
		draw := random.New(o.Seed, random.Bootstrap, uint64(r), uint64(len(x)))
		var m, mm float64
		for range x {
			k, _ := bits.Mul64(draw.Uint64(), uint64(len(x)))
			m += x[k] / blocks
			mm += x[k] * x[k] / blocks
		}
		t = append(t, (m-mean)/math.Sqrt((mm-m*m)/blocks))
	}
	slices.Sort(t)
	at := func(p float64) float64 {
		h := p*float64(len(t)+1) - 1
		k := int(h)
		return t[k] + (h-float64(k))*(t[k+1]-t[k])
	}
	plain := se * math.Sqrt((blocks-1)/blocks)
	return mean - plain*at(1-o.Level/2), mean - plain*at(o.Level/2)
}

// TestDefinitions holds every number of a Synapse to its definition in words, from sums by block of
// package sal: for the window of SAL and for one with other amplitudes, even and odd numbers of
// replicates, and a recording whose neurons fire at different rates.
func TestDefinitions(t *testing.T) {
	const n = 4
	events, end := randomTrain(3, n, 6000, 4)
	thinned := events[:0:0]
	for k, e := range events {
		if e.Neuron != 2 || k%3 > 0 { // neuron 2 fires less
			thinned = append(thinned, e)
		}
	}
	events = thinned
	half := synapse.Half{Shape: synapse.ExponentialWindow, Tau: 8}
	other := synapse.Window{APlus: -2, AMinus: 0.5, Plus: half, Minus: half}
	for _, w := range []synapse.Window{sal.Window(half), other} {
		for _, replicates := range []int{100, 201} {
			o := CounterOptions{Neurons: n, End: end, Window: w, MaxLag: 25, Bin: 5, Blocks: 13, Threads: 2}
			test := TestOptions{Level: 0.1, Replicates: replicates, Seed: 9, MinWeight: 5}
			c := NewCounter(o)
			c.Observe(events)
			r := c.Test(test)
			blocks := blockSums(events, o)
			span, b := float64(end), float64(o.Blocks)
			counts := make([]float64, n)
			for _, e := range events {
				counts[e.Neuron]++
			}
			near := func(s *Synapse, name string, got, want float64) {
				t.Helper()
				if !(math.Abs(got-want) <= 1e-9*(math.Abs(want)+1e-3)) {
					t.Errorf("synapse %d to %d: %s = %v, want %v", s.Pre, s.Post, name, got, want)
				}
			}
			var ps []float64
			memory := 0.0
			for post := range n {
				for pre := range n {
					if post == pre {
						continue
					}
					s := r.At(post, pre)
					var causal, anti float64
					var drift, difference []float64
					for _, row := range blocks {
						ca, an := row[post*n+pre], row[pre*n+post]
						causal, anti = causal+ca, anti+an
						drift = append(drift, half.Tau/(span/b)*(w.APlus*ca+w.AMinus*an))
						difference = append(difference, an-ca)
					}
					near(s, "SAL", s.SAL, half.Tau/span*(w.APlus*causal+w.AMinus*anti))
					_, se := moments(drift)
					near(s, "SE", s.SE, se)
					low, high := bootstrapT(drift, test)
					if post < pre && w.APlus == -w.AMinus {
						// The interval of the reciprocal synapse is the mirror image.
						for k := range drift {
							drift[k] = -drift[k]
						}
						high, low = bootstrapT(drift, test)
						low, high = -low, -high
					}
					near(s, "low", s.Low, low)
					near(s, "high", s.High, high)
					near(s, "index", s.Index, (anti-causal)/(anti+causal))
					near(s, "grid bias", s.GridBias, half.Tau/span*math.Abs(counts[post]-counts[pre])/span*(causal+anti)/2)
					mean, se := moments(difference)
					near(s, "T", s.T, mean/se)
					p := 2 * distuv.StudentsT{Sigma: 1, Nu: b - 1}.Survival(math.Abs(mean/se))
					near(s, "P", s.P, p)
					if post > pre {
						ps = append(ps, p)
						sum := 0.0
						for k := 1; k < len(difference); k++ {
							sum += (difference[k-1] - mean) * (difference[k] - mean)
						}
						memory += sum / (se * se * b * (b - 1))
					}
				}
			}
			if want := memory/float64(len(ps)) + 1/b; math.Abs(r.Memory-want) > 1e-9 {
				t.Errorf("memory %v, want %v", r.Memory, want)
			}
			for k := range r.Synapses {
				s := &r.Synapses[k]
				holm, q := corrected(ps, s.P)
				near(s, "Holm", s.Holm, holm)
				near(s, "Q", s.Q, q)
			}
		}
	}
}

// corrected returns the corrections of one of several P values: Holm's, the least level at which a
// step-down procedure rejects it, and the least false discovery rate at which Benjamini and
// Hochberg's does.
func corrected(ps []float64, p float64) (holm, q float64) {
	sorted := slices.Clone(ps)
	slices.Sort(sorted)
	m, q := float64(len(ps)), 1.0
	for rank, x := range sorted {
		if x <= p*(1+1e-9) {
			holm = math.Max(holm, math.Min(1, (m-float64(rank))*x))
		}
		if x >= p*(1-1e-9) {
			q = math.Min(q, m*x/float64(rank+1))
		}
	}
	return holm, q
}

// TestSameValues: where all draws of a replicate are the same block its error is 0 and it bounds
// nothing, on its own side; with an error of 0 there is no interval.
func TestSameValues(t *testing.T) {
	b := &bootstrap{blocks: 4, level: 0.1}
	for _, c := range []struct{ s, ss, want float64 }{
		{4 * 0.5, 4 * 0.25, math.Inf(1)}, {-4 * 0.5, 4 * 0.25, math.Inf(-1)}, {0, 0, 0}, {2, 2, 2. / 4 / (math.Sqrt((0.5 - 0.25) / 4))},
	} {
		if got := b.studentise(c.s, c.ss); got != c.want {
			t.Errorf("sum %v, of squares %v: %v, want %v", c.s, c.ss, got, c.want)
		}
	}
}

// TestWarningLimits: blocks of 20 tau are long enough, and shorter ones are not; the correlation of
// blocks may reach .1 plus three errors; an asymmetry counts as coarse below twice the grid's.
func TestWarningLimits(t *testing.T) {
	for _, c := range []struct {
		end  int64
		warn bool
	}{{400, false}, {399, true}, {401, false}} {
		o := options(2, c.end) // two blocks, tau 10
		r := &Statistics{N: 2, Synapses: []Synapse{{Post: 0, Pre: 1}, {Post: 1, Pre: 0}}, Memory: math.NaN()}
		NewCounter(o).warn(r)
		if short := len(r.Warnings) > 0; short != c.warn {
			t.Errorf("%d ticks: %q", c.end, r.Warnings)
		}
	}
	o := options(2, 400)
	o.Blocks = 9
	o.End = 1800
	for memory, warn := range map[float64]bool{0.1 + 3/math.Sqrt(9*4) + 1e-9: true, 0.1 + 3/math.Sqrt(9*4) - 1e-9: false} {
		r := &Statistics{Memory: memory, Tested: 4}
		NewCounter(o).warn(r)
		if got := len(r.Warnings) > 0; got != warn {
			t.Errorf("memory %v: %q", memory, r.Warnings)
		}
	}
	for bias, coarse := range map[float64]bool{0.5: false, 0.5000001: true} {
		r := &Statistics{Memory: math.NaN(), Rejected: 2, Synapses: []Synapse{
			{Post: 0, Pre: 1, Sign: 1, SAL: 1, GridBias: bias}, {Post: 1, Pre: 0, Sign: -1, SAL: -1, GridBias: bias}, {Post: 2, Pre: 0, SAL: 1, GridBias: 9}}}
		NewCounter(o).warn(r)
		if got := len(r.Warnings) > 0; got != coarse || coarse && !strings.HasPrefix(r.Warnings[0], "1 of the 2 significant") {
			t.Errorf("grid bias %v: %q", bias, r.Warnings)
		}
	}
}

// TestDefaults: what applies where nothing is said, and what follows from the recording: 50 blocks,
// or fewer, 10 at least, to make them 20 tau long; histograms up to 5 tau in 50 bins.
func TestDefaults(t *testing.T) {
	d := Defaults()
	if d.Memory != 2<<30 || d.Test.Level != 0.05 || d.Test.Replicates != 1000 || d.Test.MinWeight != 20 || !math.IsInf(d.From, -1) || !math.IsInf(d.Until, 1) {
		t.Errorf("%+v", d)
	}
	for _, c := range []struct {
		ticks  int64 // of the recording, less one
		blocks int
	}{{9_999, 10}, {20_000, 10}, {21_998, 10}, {21_999, 11}, {99_998, 49}, {99_999, 50}, {1_000_000, 50}} {
		r := read(t, fmt.Sprintf("time_ms,neuron\n0.0,1\n0.1,2\n%d.%d,1\n", c.ticks/10, c.ticks%10))
		o := Defaults()
		o.Tau = 10 // 100 ticks
		got, err := Run(context.Background(), r, o)
		if err != nil {
			t.Fatal(err)
		}
		if p := got.Counter.Options(); p.Blocks != c.blocks || p.MaxLag != 500 || p.Bin != 10 || p.End != c.ticks+1 || p.Window.Plus.Tau != 100 {
			t.Errorf("%d ticks: %+v", c.ticks, p)
		}
	}
	// Of a coincidence no tick of tau is needed; exactly one is enough.
	o := Defaults()
	o.Tau = 0.1
	if _, err := Run(context.Background(), read(t, "time_ms,neuron\n0.0,1\n0.1,2\n9.9,1\n"), o); err != nil {
		t.Error(err)
	}
}

// TestProgressCounts: spikes and pairs are counted to their ends.
func TestProgressCounts(t *testing.T) {
	events, _ := randomTrain(5, 3, 3000, 4)
	o := Defaults()
	o.Tau, o.Threads = 1, 1
	last := map[string]Progress{}
	o.Progress = func(p Progress) {
		if p.Done < last[p.Unit].Done || p.Done > p.Total {
			t.Errorf("%+v after %+v", p, last[p.Unit])
		}
		last[p.Unit] = p
	}
	if _, err := Run(context.Background(), recorded(t, events), o); err != nil {
		t.Fatal(err)
	}
	if s, p := last["spikes"], last["pairs"]; s.Done != int64(len(events)) || s.Total != s.Done || p.Done != 3 || p.Total != 3 {
		t.Errorf("%+v", last)
	}
}

// TestRemarks: a sound recording has no remark about its spikes; one spike out of order or twice
// has one.
func TestRemarks(t *testing.T) {
	o := Defaults()
	o.Tau = 0.2
	for text, want := range map[string]string{
		"0.1,1\n0.2,2\n9.9,1\n":        "",
		"0.1,1\n0.2,2\n0.2,2\n9.9,1\n": "second spikes of a neuron at one time: 1 ",
		"0.2,1\n0.1,2\n9.9,1\n":        "spikes earlier than the one before them: 1 ",
	} {
		r, err := Run(context.Background(), read(t, "time_ms,neuron\n"+text), o)
		if err != nil {
			t.Fatal(err)
		}
		about := slices.DeleteFunc(slices.Clone(r.Warnings), func(w string) bool {
			return !strings.Contains(w, "spikes earlier") && !strings.Contains(w, "second spikes")
		})
		if want == "" && len(about) > 0 || want != "" && (len(about) != 1 || !strings.HasPrefix(about[0], want)) {
			t.Errorf("%q: %q", text, r.Warnings)
		}
		// Every pair stands in the list once, also where nothing drifts.
		if list := r.Clearest(); len(list) != 1 {
			t.Errorf("%q: %d synapses in the list of one pair", text, len(list))
		}
	}
	silent := &Result{Statistics: &Statistics{N: 2, Synapses: []Synapse{{Post: 0, Pre: 1}, {Post: 1, Pre: 0}}}}
	if list := silent.Clearest(); len(list) != 1 || list[0].Post != 1 {
		t.Errorf("a pair without drift: %v", list)
	}
}

// TestManySpikes: more spikes than the buffers hold are all counted.
func TestManySpikes(t *testing.T) {
	events, end := randomTrain(8, 3, 70_000, 4)
	r := recorded(t, events)
	o := Defaults()
	o.Tau, o.Shape, o.Test.Replicates = 1, synapse.TriangularWindow, 0
	got, err := Run(context.Background(), r, o)
	if err != nil {
		t.Fatal(err)
	}
	c := options(3, end-events[0].Time)
	c.Window = sal.Window(synapse.Half{Shape: synapse.TriangularWindow, Tau: 10})
	want := NewCounter(c)
	shifted := slices.Clone(events)
	for k := range shifted {
		shifted[k].Time -= events[0].Time
	}
	want.Observe(shifted)
	for i := range 3 {
		for j := range 3 {
			if i != j && (math.Abs(got.Counter.PairSum(i, j)-want.PairSum(i, j)) > 1e-6 || got.Counter.Spikes(i) != want.Spikes(i)) {
				t.Errorf("C[%d][%d] = %v of %d spikes, want %v of %d", i, j, got.Counter.PairSum(i, j), got.Counter.Spikes(i), want.PairSum(i, j), want.Spikes(i))
			}
		}
	}
}

// TestHolmCap: no corrected probability exceeds 1.
func TestHolmCap(t *testing.T) {
	r := &Statistics{N: 3}
	for post := range 3 {
		for pre := range 3 {
			if post != pre {
				r.Synapses = append(r.Synapses, Synapse{Post: post, Pre: pre, P: 0.9 - 0.1*float64(post+pre), T: 1})
			}
		}
	}
	var tested []int
	for k := range r.Synapses {
		if r.Synapses[k].Post > r.Synapses[k].Pre {
			tested = append(tested, k)
		}
	}
	r.correct(tested, 0.05)
	for k := range r.Synapses {
		if s := &r.Synapses[k]; s.Holm != 1 || math.Abs(s.Q-0.8) > 1e-12 {
			t.Errorf("Holm %v, Q %v of P %v; want 1 and 0.8", s.Holm, s.Q, s.P)
		}
	}
}
