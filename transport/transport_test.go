package transport

import (
	"strings"
	"testing"

	"spikealign/settings"
)

// Every method refuses a problem whose parts do not fit its layers, and says which layer it is.
func TestProblemsFitLayers(t *testing.T) {
	layers := []int{30, 20, 10}
	ones := func(sizes ...int) (x [][]float64) {
		for _, n := range sizes {
			x = append(x, make([]float64, n))
			for i := range n {
				x[len(x)-1][i] = 1
			}
		}
		return x
	}
	for want, change := range map[string]func(*Problem){
		"layers: must name between 2 and 64 layers":           func(p *Problem) { p.Layers = nil },
		"layers.1: must be between 1 and 2^20 neurons":        func(p *Problem) { p.Layers = []int{30, 1<<20 + 1, 10} },
		"synapses, more than 2^27":                            func(p *Problem) { p.Layers = []int{1 << 14, 1 << 14, 10} },
		"weights for 2, 2 and 3 layers, where 3":              func(p *Problem) { p.Layers = []int{30, 20, 10, 5} },
		"600 forward weights from layer 0, where 20 x 31":     func(p *Problem) { p.Layers = []int{31, 20, 10}; p.Weights.Bias[0] = make([]float64, 31) },
		"19 biases for the 20 neurons of layer 1":             func(p *Problem) { p.Weights.Bias[1] = p.Weights.Bias[1][:19] },
		"199 forward weights from layer 1, where 10 x 20":     func(p *Problem) { p.Weights.Up[1] = p.Weights.Up[1][:199] },
		"199 feedback weights to layer 1, where 20 x 10":      func(p *Problem) { p.Weights.Down[1] = p.Weights.Down[1][:199] },
		"gains of 2 layers, where there are 3":                func(p *Problem) { p.Neurons.Gain = ones(30, 20) },
		"offsets of 19 neurons in layer 1, where there":       func(p *Problem) { p.Neurons.Offset = ones(30, 19, 10) },
		"refractory times of 9 neurons in layer 2":            func(p *Problem) { p.Neurons.Refractory = ones(30, 20, 9) },
		"1 amplitudes of windows for the feedback weights to": func(p *Problem) { p.Synapses.Amplitude = ones(1, 200) },
		"time constants of windows for the feedback weights":  func(p *Problem) { p.Synapses.Tau = ones(600) },
	} {
		all := settings.Default[Methods]()
		for _, name := range Names() {
			m, err := all.Get(name)
			if err != nil {
				t.Fatal(err)
			}
			p := Problem{Layers: layers, Weights: lifWeights(layers, 1)}
			if _, err := m.Start(p); err != nil {
				t.Fatalf("%s refuses a problem without fault: %v", name, err)
			}
			change(&p)
			if _, err := m.Start(p); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s, %q: %v", name, want, err)
			}
		}
	}
}
