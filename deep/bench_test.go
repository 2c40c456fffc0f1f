//go:build unix

package deep

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
)

// cpuTime is that of the process in seconds: on a machine with other work it says more than the
// time on the wall.
func cpuTime(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// BenchmarkLayers says what each layer costs, forwards and backwards, in a step of learning from
// 128 images; docs/deep.md has the table.
func BenchmarkLayers(b *testing.B) {
	const count = 128
	for _, arch := range []string{"paper", "lenet"} {
		for _, v := range []volume{{1, 28, 28}, {3, 32, 32}} {
			s := NetworkSettings{Architecture: arch}
			n := newNetwork(s.input(v), s.stages(10))
			n.crew = newCrew(1, nil)
			n.draw(Uniform, 3)
			x, labels := images(rand.New(rand.NewPCG(1, 2)), n.in, count)
			n.judge(n.forward(x, count, true), labels, true)
			n.backward(n.gradient, count)
			name := fmt.Sprintf("%s_%dx%dx%d", arch, v.channels, v.height, v.width)
			measure := func(what string, do func()) {
				b.Run(name+"/"+what, func(b *testing.B) {
					from := cpuTime(b)
					for b.Loop() {
						do()
					}
					b.ReportMetric((cpuTime(b)-from)/float64(b.N)*1e3, "cpu-ms/op")
				})
			}
			measure("step", func() {
				n.judge(n.forward(x, count, true), labels, true)
				n.backward(n.gradient, count)
				n.learn(Optimiser{Momentum: 0.9})
			})
			y := x
			var ins [][]float32
			for _, l := range n.layers {
				ins = append(ins, y)
				y = l.forward(n.crew, y, count, true)
			}
			n.judge(y, labels, true)
			dy := n.gradient
			outs := make([][]float32, len(n.layers))
			for k := len(n.layers) - 1; k >= 0; k-- {
				outs[k] = dy
				dy = n.layers[k].backward(n.crew, dy, count, k == 0)
			}
			for k, l := range n.layers {
				kind := fmt.Sprintf("%02d_%T", k, l)
				measure(kind+"/forward", func() { l.forward(n.crew, ins[k], count, true) })
				measure(kind+"/backward", func() { l.backward(n.crew, outs[k], count, k == 0) })
			}
			measure("learn", func() { n.learn(Optimiser{Momentum: 0.9}) })
		}
	}
}
