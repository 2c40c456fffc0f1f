package sampling

import (
	"fmt"
	"math"
	"testing"
	"time"

	"spikealign/internal/random"
	"spikealign/spike"
)

// randomNetwork has weights and biases from N(0, sd^2), W symmetric if asked for.
func randomNetwork(n int, sd float64, symmetric bool, seed uint64) Network {
	w, b := random.New(seed, random.InitialWeights, 0, 0), random.New(seed, random.InitialBias, 0, 0)
	net := Network{Weights: make([]float64, n*n), Bias: make([]float64, n)}
	for i := range n {
		net.Bias[i] = sd * b.Norm()
		for j := range n {
			if i != j {
				net.Weights[i*n+j] = sd * w.Norm()
			}
		}
	}
	if symmetric {
		for i := range n {
			for j := range i {
				net.Weights[i*n+j] = net.Weights[j*n+i]
			}
		}
	}
	return net
}

// sparseNetwork gives every neuron that many outgoing synapses to random neurons, with weights of
// mean 0 and standard deviation sd, equally distributed.
func sparseNetwork(n, synapses int, sd float64, seed uint64) Network {
	s := random.New(seed, random.InitialWeights, 0, 0)
	net := Network{Bias: make([]float64, n), Sparse: &Sparse{Start: make([]int, n+1)}}
	for j := range n {
		for range synapses {
			net.Sparse.Post = append(net.Sparse.Post, int32(s.Uint64()%uint64(n)))
			net.Sparse.Weight = append(net.Sparse.Weight, sd*math.Sqrt(12)*(s.Float64()-0.5))
		}
		net.Sparse.Start[j+1] = len(net.Sparse.Post)
	}
	return net
}

// benchmarkEngine reports ns per spike for a static network: those of the fastest stretch of about
// 5000 spikes, because other programs may run beside.
func benchmarkEngine(b *testing.B, name string, c Config, net Network) {
	e, err := newEngine(name, c)
	if err != nil {
		b.Fatal(err)
	}
	e.SetNetwork(net)
	buf := make([]spike.Event, 0, max(1024, 2*c.Neurons))
	advance := func(ticks int64) (spikes int) {
		for until := e.Now() + ticks; ; {
			events, done := e.Advance(until, buf[:0])
			spikes += len(events)
			if done {
				return spikes
			}
		}
	}
	step := c.TicksPerStep()
	settled := 5 * c.TauRef * step
	stretch := max(1, 5000*settled/int64(advance(settled))/step) * step
	advance(settled)
	best := math.Inf(1)
	for b.Loop() {
		start := time.Now()
		spikes := advance(stretch)
		best = min(best, float64(time.Since(start).Nanoseconds())/float64(spikes))
	}
	b.ReportMetric(best, "ns/spike")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkEvent7(b *testing.B) {
	benchmarkEngine(b, Event, Config{Neurons: 7, TauRef: 50}, randomNetwork(7, 0.5, true, 1))
}
func BenchmarkEvent7Authors(b *testing.B) {
	benchmarkEngine(b, Event, Config{Neurons: 7, TauRef: 50, PSPSteps: 49, MinISI: 51}, randomNetwork(7, 0.5, true, 1))
}
func BenchmarkEvent7Continuous(b *testing.B) {
	benchmarkEngine(b, Event, Config{Neurons: 7, TauRef: 50, Dynamics: Continuous}, randomNetwork(7, 0.5, true, 1))
}

// BenchmarkThinning measures the thinning simulator's cost model: see there.
func BenchmarkThinning(b *testing.B) {
	for _, c := range []struct {
		name string
		cfg  Config
		net  func() Network
	}{
		{"n=7", Config{Neurons: 7, TauRef: 50}, func() Network { return randomNetwork(7, 0.5, true, 1) }},
		{"n=100", Config{Neurons: 100, TauRef: 50}, func() Network { return randomNetwork(100, 0.2, true, 1) }},
		{"n=1000", Config{Neurons: 1000, TauRef: 50}, func() Network { return randomNetwork(1000, 0.05, true, 1) }},
		{"n=1000,continuous", Config{Neurons: 1000, TauRef: 50, Dynamics: Continuous}, func() Network { return randomNetwork(1000, 0.05, true, 1) }},
		{"n=1000,sparse", Config{Neurons: 1000, TauRef: 50}, func() Network { return sparseNetwork(1000, 100, 0.1, 1) }},
		{"n=10000,sparse", Config{Neurons: 10000, TauRef: 50}, func() Network { return sparseNetwork(10000, 100, 0.1, 1) }},
		{"n=100000,sparse", Config{Neurons: 100000, TauRef: 50}, func() Network { return sparseNetwork(100000, 100, 0.1, 1) }},
		{"n=100000,sparse,continuous", Config{Neurons: 100000, TauRef: 50, Dynamics: Continuous}, func() Network { return sparseNetwork(100000, 100, 0.1, 1) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			net := c.net()
			benchmarkEngine(b, Thinning, c.cfg, net)
			if net.Sparse == nil {
				b.ReportMetric(rowPass(c.cfg.Neurons), "ns/row-pass")
			}
		})
	}
}

// BenchmarkCrossover compares the event engine and thinning as the trainer uses them, for networks
// like the targets of figure 4 (docs/model.md, section 4): weights and biases of 2*Beta(1,1)-1 that
// change every 1000 tau. The time for the change is part of the ns per spike, which is the mean
// over several networks of the best of each. autoEventNeurons is read off it.
func BenchmarkCrossover(b *testing.B) {
	for n := 6; n <= 16; n++ {
		for _, name := range []string{Event, Thinning} {
			b.Run(fmt.Sprintf("n=%d/%s", n, name), func(b *testing.B) {
				c := Config{Neurons: n, TauRef: 50}
				e, err := newEngine(name, c)
				if err != nil {
					b.Fatal(err)
				}
				buf := make([]spike.Event, 0, 1024)
				var nets [10]Network
				var best [len(nets)]float64
				for k := range nets {
					s := random.New(uint64(k), random.TargetWeights, uint64(n), 0)
					nets[k] = Network{Weights: make([]float64, n*n), Bias: make([]float64, n)}
					for i := range n {
						nets[k].Bias[i] = 2*s.Beta(1, 1) - 1
						for j := range i {
							w := 2*s.Beta(1, 1) - 1
							nets[k].Weights[i*n+j], nets[k].Weights[j*n+i] = w, w
						}
					}
					best[k] = math.Inf(1)
				}
				runs := 0
				for ; b.Loop(); runs++ {
					start := time.Now()
					k := runs % len(nets)
					e.SetNetwork(nets[k])
					spikes := 0
					for until, done := e.Now()+1000*c.TauRef, false; !done; {
						var events []spike.Event
						events, done = e.Advance(until, buf)
						spikes += len(events)
					}
					best[k] = min(best[k], float64(time.Since(start).Nanoseconds())/float64(spikes))
				}
				mean := 0.0
				for _, x := range best[:min(runs, len(nets))] {
					mean += x / float64(min(runs, len(nets)))
				}
				b.ReportMetric(mean, "ns/spike")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// rowPass measures the addition of a column of weights, each time another one, to the potentials of
// a dense network.
func rowPass(n int) float64 {
	width := padded(n)
	u, w := make([]int64, width), make([]int64, n*width)
	row := make([]int, 1)
	best := math.Inf(1)
	for range 20 {
		start := time.Now()
		const passes = 500
		for k := range passes {
			j := k * 619 % n
			row[0] = j * width
			addRows(u, w, row, nil)
		}
		best = min(best, float64(time.Since(start).Nanoseconds())/passes)
	}
	return best
}
