package sampling

import (
	"testing"

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

// benchmarkEngine reports ns per spike for a static network.
func benchmarkEngine(b *testing.B, name string, c Config, net Network) {
	e, err := New(name, c)
	if err != nil {
		b.Fatal(err)
	}
	e.SetNetwork(net)
	buf := make([]spike.Event, 0, max(1024, 2*c.Neurons))
	buf, _ = e.Advance(e.Now()+100*c.TauRef*c.TicksPerStep(), buf[:0])
	spikes := 0
	for b.Loop() {
		for until := e.Now() + 1000*c.TauRef*c.TicksPerStep(); ; {
			events, done := e.Advance(until, buf[:0])
			spikes += len(events)
			if done {
				break
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(spikes), "ns/spike")
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
func BenchmarkThinning7(b *testing.B) {
	benchmarkEngine(b, Thinning, Config{Neurons: 7, TauRef: 50}, randomNetwork(7, 0.5, true, 1))
}
func BenchmarkThinning100(b *testing.B) {
	benchmarkEngine(b, Thinning, Config{Neurons: 100, TauRef: 50}, randomNetwork(100, 0.2, true, 1))
}
func BenchmarkThinning1000(b *testing.B) {
	benchmarkEngine(b, Thinning, Config{Neurons: 1000, TauRef: 50}, randomNetwork(1000, 0.05, true, 1))
}
