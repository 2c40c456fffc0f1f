package layered

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"

	"spikealign/internal/random"
	"spikealign/internal/vector"
	"spikealign/sal"
	"spikealign/spike"
	"spikealign/synapse"
)

// oracle is the network at its plainest: dense sums over all neurons and all lags in every step,
// with the draws and decisions of the real one.
type oracle struct {
	cfg     Config
	w       Weights
	various Neurons
	seed    uint64
	fired   [][][]int64 // replica, neuron: its times
	first   []int
	kernel  []float64 // by lag
}

func newOracle(c Config, w Weights, various Neurons, seed uint64) *oracle {
	o := &oracle{cfg: c.Resolve(), w: w, various: various, seed: seed, first: []int{0}}
	for _, n := range c.Layers {
		o.first = append(o.first, o.first[len(o.first)-1]+n)
	}
	for range c.Replicas {
		o.fired = append(o.fired, make([][]int64, o.first[len(c.Layers)]))
	}
	psp := synapse.PSP{Shape: o.cfg.PSP, TauRef: o.cfg.TauRef, TauSyn: o.cfg.TauSyn, Steps: o.cfg.PSPSteps}
	for l := range min(psp.Length(), 1000) + 1 {
		o.kernel = append(o.kernel, psp.At(l))
	}
	return o
}

func (o *oracle) potential(r int, l, i int, t int64) float64 {
	gain, offset := each(o.various.Gain, l, 1)(i), each(o.various.Offset, l, 0)(i)
	u := float64(fixed(o.w.Bias[l][i], gain, offset))
	add := func(layer int, row []float64) {
		for j, w := range row {
			for _, s := range o.fired[r][o.first[layer]+j] {
				if d := t - s; d < int64(len(o.kernel)) {
					u += float64(fixed(w, gain, 0)) * o.kernel[d]
				}
			}
		}
	}
	if l > 0 {
		n := o.cfg.Layers[l-1]
		add(l-1, o.w.Up[l-1][i*n:][:n])
	}
	if l+1 < len(o.cfg.Layers) {
		n := o.cfg.Layers[l+1]
		add(l+1, o.w.Down[l][i*n:][:n])
	}
	return u
}

func (o *oracle) step(t int64) {
	for r := range o.fired {
		key := random.NewKey32(o.seed, random.LayeredSpikes, uint64(r), 0)
		width := 0
		for _, n := range o.cfg.Layers {
			width += (n + tile - 1) / tile * tile
		}
		words := make([]uint32, width)
		key.Fill(words, uint64(t))
		var now []int
		at := 0
		for l, n := range o.cfg.Layers {
			for i := range n {
				k := o.first[l] + i
				times := o.fired[r][k]
				if len(times) > 0 && float64(t-times[len(times)-1]) < max(1, math.RoundToEven(float64(o.cfg.MinISI)*each(o.various.Refractory, l, 1)(i))) {
					continue
				}
				if vector.Fires(int32(math.RoundToEven(o.potential(r, l, i, t))), words[at+i], float32(o.cfg.TauRef)) {
					now = append(now, k)
				}
			}
			at += (n + tile - 1) / tile * tile
		}
		for _, k := range now {
			o.fired[r][k] = append(o.fired[r][k], t)
		}
	}
}

func randomWeights(layers []int, seed uint64, scale float64) Weights {
	var w Weights
	draw := random.New(seed, random.InitialWeights, 0, 0)
	fill := func(n int, s float64) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = s * (2*draw.Float64() - 1)
		}
		return x
	}
	for l, n := range layers {
		w.Bias = append(w.Bias, fill(n, scale/4))
		if l+1 < len(layers) {
			w.Up = append(w.Up, fill(n*layers[l+1], scale/math.Sqrt(float64(n))))
			w.Down = append(w.Down, fill(n*layers[l+1], scale/math.Sqrt(float64(layers[l+1]))))
		}
	}
	return w
}

func someNeurons(layers []int) Neurons {
	var v Neurons
	draw := random.New(1, random.InitialWeights, 1, 0)
	for _, n := range layers {
		g, o, r := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range n {
			g[i], o[i], r[i] = 1+draw.Norm()/4, draw.Norm()/4, draw.Float64()*2
		}
		v.Gain, v.Offset, v.Refractory = append(v.Gain, g), append(v.Offset, o), append(v.Refractory, r)
	}
	return v
}

func half(tau, cut float64) *Pairs {
	return pairsOf(synapse.Half{Shape: synapse.ExponentialWindow, Tau: tau, Cut: cut}, "all")
}

func pairsOf(h synapse.Half, pairing string) *Pairs {
	p := &Pairs{Window: h}
	if err := p.Pairing.UnmarshalText([]byte(pairing)); err != nil {
		panic(err)
	}
	return p
}

// The network has the oracle's spikes, all of them, and its sums over pairs, for several sizes,
// potentials and numbers of replicas, in whatever pieces time passes.
func TestOracle(t *testing.T) {
	type test struct {
		c       Config
		window  *Pairs
		scale   float64
		various Neurons
	}
	for _, c := range []test{
		{Config{Layers: []int{3, 2}, Replicas: 1, TauRef: 5}, half(5, 10), 3, Neurons{}},
		{Config{Layers: []int{50, 50}, Replicas: 3, TauRef: 10, Timing: synapse.AuthorsTiming}, half(10, 20), 2, Neurons{}},
		{Config{Layers: []int{70, 33, 130, 1}, Replicas: 2, TauRef: 10}, half(10, 10), 2, Neurons{}},
		{Config{Layers: []int{5, 9, 4}, Replicas: 4, TauRef: 4, TauSyn: 9}, half(30, 0), 1, Neurons{}},
		{Config{Layers: []int{5, 9, 4}, Replicas: 2, TauRef: 9, TauSyn: 4}, pairsOf(synapse.Half{Shape: synapse.TriangularWindow, Tau: 9}, "all"), 3, Neurons{}},
		{Config{Layers: []int{20, 70}, Replicas: 2, TauRef: 10, PSP: synapse.Alpha, TauSyn: 5}, half(10, 20), 2, Neurons{}},
		{Config{Layers: []int{20, 30, 2}, Replicas: 3, TauRef: 10}, half(10, 20), 3, someNeurons([]int{20, 30, 2})},
		{Config{Layers: []int{20, 30, 2}, Replicas: 3, TauRef: 10}, pairsOf(synapse.Half{Shape: synapse.ExponentialWindow, Tau: 10, Cut: 20}, "nearest"), 3, Neurons{}},
		{Config{Layers: []int{20, 30, 2}, Replicas: 3, TauRef: 3}, pairsOf(synapse.Half{Shape: synapse.ExponentialWindow, Tau: 9, Cut: 30}, "nearest"), 3, Neurons{}},
		{Config{Layers: []int{20, 30}, Replicas: 2, TauRef: 3}, pairsOf(synapse.Half{Shape: synapse.ExponentialWindow, Tau: 9, Cut: 30}, "last-2"), 3, Neurons{}},
	} {
		t.Run(fmt.Sprintf("%v_%v_%v", c.c.Layers, c.c.PSP, c.c.TauSyn), func(t *testing.T) {
			w := randomWeights(c.c.Layers, 3, c.scale)
			o := newOracle(c.c, w, c.various, 11)
			n, err := New(c.c, w, c.various, c.window, 11)
			if err != nil {
				t.Fatal(err)
			}
			got := make([][][]int64, c.c.Replicas)
			for r := range got {
				got[r] = make([][]int64, n.Neurons())
			}
			n.Spikes = func(replica int, time int64, layer int, neurons []int32) error {
				for _, i := range neurons {
					k := n.places[layer].first + int(i)
					got[replica][k] = append(got[replica][k], time)
				}
				return nil
			}
			begin := int64(0)
			for e, steps := range []int64{1, 300, 7, 150, 0, 400} {
				if e == 3 {
					w = randomWeights(c.c.Layers, 4, c.scale)
					if c.c.PSP == synapse.Alpha {
						w.Up, w.Down = o.w.Up, o.w.Down // what arrived keeps its weight there
					}
					o.w = w
					if err := n.SetWeights(w); err != nil {
						t.Fatal(err)
					}
				}
				for s := range steps {
					o.step(n.time + s)
				}
				// in two pieces
				if err := n.Advance(steps / 3); err != nil {
					t.Fatal(err)
				}
				if err := n.Advance(steps - steps/3); err != nil {
					t.Fatal(err)
				}
				sums := make([][]float64, len(w.Down))
				for l := range sums {
					sums[l] = make([]float64, len(w.Down[l]))
				}
				n.TakeSums(sums)
				for l := range sums {
					compareSums(t, sums[l], o, l, *c.window, begin, n.time)
				}
				begin = n.time
			}
			total := 0
			for r := range got {
				for k := range got[r] {
					if !slices.Equal(got[r][k], o.fired[r][k]) {
						t.Fatalf("replica %d, neuron %d: spikes at\n%v, the oracle's are at\n%v", r, k, got[r][k], o.fired[r][k])
					}
					total += len(got[r][k])
				}
			}
			if int64(total) != n.SpikeCount() || total < 100 {
				t.Errorf("%d spikes, counted %d", total, n.SpikeCount())
			}
		})
	}
}

// compareSums holds the sums of feedback weights into layer l to the one form of SAL (package
// sal), fed with the oracle's spikes: of all pairs whose later spike is in [begin, end).
func compareSums(t *testing.T, got []float64, o *oracle, l int, window Pairs, begin, end int64) {
	t.Helper()
	below, above := o.cfg.Layers[l], o.cfg.Layers[l+1]
	n := below + above
	want := make([]float64, n*n)
	for r := range o.fired {
		var events []spike.Event
		for k, times := range o.fired[r][o.first[l]:o.first[l+2]] {
			for _, s := range times {
				if s < end {
					events = append(events, spike.Event{Time: s, Neuron: int32(k)})
				}
			}
		}
		slices.SortFunc(events, func(a, b spike.Event) int {
			if a.Time != b.Time {
				return int(a.Time - b.Time)
			}
			return int(a.Neuron - b.Neuron)
		})
		online := sal.NewOnline(n, sal.Window(window.Window), window.Pairing)
		for _, e := range events {
			eta := 0.0
			if e.Time >= begin {
				eta = 1 / float64(len(o.fired))
			}
			online.Apply(e.Time, e.Neuron, want, eta)
		}
	}
	for i := range below {
		for k := range above {
			x, y := got[i*above+k], want[i*n+below+k]
			// each pair's window is rounded by up to 2^-17
			pairs := 0.0
			for r := range o.fired {
				pairs += float64(len(o.fired[r][o.first[l]+i])*len(o.fired[r][o.first[l+1]+k])) / float64(len(o.fired))
			}
			if math.Abs(x-y) > 0x1p-17*pairs+1e-12 {
				t.Fatalf("sum of layer %d, synapse from %d to %d, [%d, %d): %v, want %v", l, k, i, begin, end, x, y)
			}
		}
	}
}

func threads(n int) (int, func(int, func(int))) {
	return n, func(workers int, work func(int)) {
		var wg sync.WaitGroup
		for k := range workers {
			wg.Go(func() { work(k) })
		}
		wg.Wait()
	}
}

func TestThreadsDoNotMatter(t *testing.T) {
	for _, replicas := range []int{1, 2, 5} {
		c := Config{Layers: []int{150, 70, 10}, Replicas: replicas, TauRef: 10}
		w := randomWeights(c.Layers, 3, 2)
		var want [][]float64
		for _, k := range []int{1, 2, 3, 7} {
			n, err := New(c, w, Neurons{}, half(10, 20), 11)
			if err != nil {
				t.Fatal(err)
			}
			n.Workers, n.Parallel = threads(k)
			sums := [][]float64{make([]float64, 150*70), make([]float64, 700)}
			if err := n.Advance(700); err != nil {
				t.Fatal(err)
			}
			n.TakeSums(sums)
			if want == nil {
				want = sums
			}
			for l := range sums {
				if !slices.Equal(sums[l], want[l]) {
					t.Fatalf("%d replicas, %d threads: other sums", replicas, k)
				}
			}
		}
	}
}

func BenchmarkNetwork(b *testing.B) {
	for _, c := range []struct {
		layers   []int
		replicas int
	}{{[]int{1600, 384, 192, 10}, 32}, {[]int{1600, 384, 192, 10}, 1}, {[]int{50, 50}, 8}} {
		for _, k := range []int{1, runtime.NumCPU()} {
			b.Run(fmt.Sprintf("%v_%d_threads%d", c.layers, c.replicas, k), func(b *testing.B) {
				w := randomWeights(c.layers, 3, 1)
				n, err := New(Config{Layers: c.layers, Replicas: c.replicas, TauRef: 10, Timing: synapse.AuthorsTiming}, w, Neurons{}, half(10, 20), 11)
				if err != nil {
					b.Fatal(err)
				}
				n.Workers, n.Parallel = threads(k)
				n.Advance(1000)
				before := n.SpikeCount()
				b.ReportAllocs()
				b.ResetTimer()
				n.Advance(int64(b.N))
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n.SpikeCount()-before), "ns/spike")
			})
		}
	}
}
