package microcircuit

import (
	"testing"
	"time"

	"spikealign/internal/random"
	"spikealign/spike"
)

// benchmarkNetwork reports ns per step with learning and recording on. Other work on the machine
// disturbs it: best-ns/step is the fastest of many stretches.
func benchmarkNetwork(b *testing.B, c Config, phase Phase, w float64) {
	n := mustNetwork(b, c, uniformWeights(c.Dims, w, 1))
	in, target := make([]float64, c.Dims[0]), make([]float64, c.Dims[len(c.Dims)-1])
	for i := range in {
		in[i] = 1
	}
	n.Present(in, target, phase)
	n.Advance(4000, nil)
	n.BeginMeans()
	buf := make([]spike.Event, 0, 10_000)
	spikes, start := n.Spikes(), n.Now()
	best := time.Duration(1 << 62)
	stretch := int64(min(1000, 25_000/n.Neurons()))
	for b.Loop() {
		began := time.Now()
		for until, done := n.Now()+stretch, false; !done; {
			_, done = n.Advance(until, buf[:0])
		}
		best = min(best, time.Since(began))
	}
	step := float64(best.Nanoseconds()) / float64(stretch)
	rate := float64(n.Spikes()-spikes) / float64(n.Now()-start)
	b.ReportMetric(step, "best-ns/step")
	b.ReportMetric(rate, "spikes/step")
	b.ReportMetric(step/rate, "best-ns/spike")
}

func BenchmarkLearn1_1_1(b *testing.B)    { benchmarkNetwork(b, config(BP, 1, 1, 1), Learn, 2) }
func BenchmarkAlign1_1_1(b *testing.B)    { benchmarkNetwork(b, config(SAL, 1, 1, 1), Align, 2) }
func BenchmarkTest1_1_1(b *testing.B)     { benchmarkNetwork(b, config(SAL, 1, 1, 1), Test, 2) }
func BenchmarkLearn4_30_3(b *testing.B)   { benchmarkNetwork(b, config(SAL, 4, 30, 3), Learn, 1) }
func BenchmarkAlign4_30_3(b *testing.B)   { benchmarkNetwork(b, config(SAL, 4, 30, 3), Align, 1) }
func BenchmarkLearn30_50_10(b *testing.B) { benchmarkNetwork(b, config(SAL, 30, 50, 10), Learn, 0.3) }
func BenchmarkLearn100_100_100_10(b *testing.B) {
	benchmarkNetwork(b, config(SAL, 100, 100, 100, 10), Learn, 0.2)
}
func BenchmarkLearn4_30_3Slow(b *testing.B) { // tau 100: ten times fewer spikes in a step
	c := config(SAL, 4, 30, 3)
	c.Tau = 100
	benchmarkNetwork(b, c, Learn, 1)
}

// BenchmarkKernels reports ns per neuron, with all data in the nearest cache.
func BenchmarkKernels(b *testing.B) {
	if !vectors {
		b.Skip("no wide kernels")
	}
	const width = 100
	n := mustNetwork(b, config(SAL, width, width, width), uniformWeights([]int{width, width, width}, 0.2, 1))
	n.Present(make([]float64, width), make([]float64, width), Learn)
	n.Advance(3000, nil)
	y, reach, on := &n.layers[1], n.at[0].reaches[0], false
	for _, kernel := range []struct {
		name string
		run  func()
	}{
		{"grow", func() { growWide(&race{n.product[:width], n.limit, n.growth, n.fired}) }},
		{"spread", func() { on = !on; spreadWide(&reach, on) }},
		{"weigh", func() { weighWide(y.pyramids.extra, n.apical[y.off:][:width], 0.02) }},
		{"refresh", func() { refreshWide(&y.pyramids, n.oddsOf) }},
		{"expect", func() { expectWide(&y.lesson, &n.history, 3, n.oddsOf) }},
		{"adapt", func() { adaptWide(&y.lesson, 0, false, 1<<62) }},
		{"accumulate", func() { n.oldest = n.row; accumulateWide(&n.history, &n.nudge, false) }}, // two layers
	} {
		b.Run(kernel.name, func(b *testing.B) {
			best := time.Duration(1 << 62)
			for b.Loop() {
				began := time.Now()
				for range 100 {
					kernel.run()
				}
				best = min(best, time.Since(began))
			}
			b.ReportMetric(float64(best.Nanoseconds())/100/width, "best-ns/neuron")
		})
	}
}

func BenchmarkOracle1_1_1(b *testing.B) {
	c := config(FA, 1, 1, 1)
	o := newOracle(c, uniformWeights(c.Dims, 2, 1), 1, 0)
	o.present([]float64{1}, []float64{0}, Learn)
	for b.Loop() {
		o.step()
	}
}

// figure6 is a run of the paper's figure 6: 150 epochs of 26 patterns of 20 000 steps.
func figure6(method Method, seed uint64, epochs int64) Training {
	w := Weights{Bias: [][]float64{{-1}, {-1}}}
	draw := func(k uint64) []float64 {
		s := random.New(seed, random.InitialWeights, k, 0)
		return []float64{6*s.Float64() - 3}
	}
	w.Up, w.Down = [][]float64{draw(0), draw(1)}, [][]float64{draw(2)}
	c := config(method, 1, 1, 1)
	c.RateUp = []float64{0.2, 0.003}
	return Training{
		Course:  Course{Epochs: epochs, EpochPatterns: 20, AlignPatterns: 5, PatternSteps: 20_000, Skip: 2000, ReportEvery: 1},
		Config:  c,
		Start:   w,
		Seed:    seed,
		Task:    TeacherInputs(),
		Teacher: &Teacher{Dims: []int{1, 1, 1}, Up: [][]float64{{2}, {2}}, Bias: [][]float64{{-1}, {-1}}, Steps: 20_000, Seed: seed},
	}
}

func BenchmarkFigure6(b *testing.B) {
	for b.Loop() {
		for tr := mustTrainer(b, figure6(SAL, 1, 150)); !tr.Done(); {
			tr.Step()
		}
	}
}
