package microcircuit

import (
	"math"
	"slices"
	"testing"
)

// The tests of this file drive neurons by hand: a neuron spikes in a step if and only if the table
// says so. Expected numbers were worked out on paper from the equations of docs/model.md, section
// 7.

// drive simulates one step in which exactly the given neurons spike.
func drive(n *Network, neurons ...int) {
	for i := range n.limit {
		n.limit[i] = math.Inf(1)
	}
	for i, p := range n.at {
		if slices.Contains(neurons, int(p.number)) {
			n.limit[i] = 1
		}
	}
	n.Advance(n.Now()+1, nil)
}

// The neurons of a 1-1-1 network.
const (
	inputNeuron = iota
	hiddenNeuron
	outputNeuron
	interneuron
)

func handNetwork(t *testing.T, method Method) *Network {
	c := Config{
		Neurons:    Neurons{Dims: []int{1, 1, 1}, Tau: 3, Window: 4, LambdaApical: 0.5, LambdaNudge: 0.5},
		Plasticity: Plasticity{RateUp: []float64{2, 1}, RateDown: []float64{0.25}, Method: method},
	}
	return mustNetwork(t, c, Weights{Up: [][]float64{{2}, {0.5}}, Down: [][]float64{{-1.5}}, Bias: [][]float64{{-1}, {-0.5}}})
}

// near allows for weights and potentials that are multiples of 2^-36 = 1.5e-11, after the few steps
// of these tests, and for the ten digits of numbers on paper.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) < 1e-9) {
		t.Errorf("%s = %.12g, want %.12g", what, got, want)
	}
}

// TestHandPotentials follows one spike of every neuron of a 1-1-1 network, tau 3: a potential is on
// in the step of its spike and the two that follow.
func TestHandPotentials(t *testing.T) {
	n := handNetwork(t, FA)
	for step, c := range []struct {
		spikes                []int
		hidden, output, inter float64
	}{
		{[]int{inputNeuron}, 1, -0.5, -0.5}, // -1 + 2
		{[]int{hiddenNeuron}, 1, 0, 0},      // output and interneuron: -.5 + .5
		{[]int{outputNeuron}, 0.25, 0, 0},   // apical -1.5, times 1/2
		// the input's potential is over, and the interneuron cancels the output
		{[]int{interneuron}, -1, 0, 0},
		{nil, -1, -0.5, -0.5}, //
		// only the interneuron's is left: +1.5, times 1/2
		{nil, -0.25, -0.5, -0.5},
		{nil, -1, -0.5, -0.5},               //
		{[]int{inputNeuron}, 1, -0.5, -0.5}, //
		{nil, 1, -0.5, -0.5},                //
		{nil, 1, -0.5, -0.5},                //
		// again, tau steps later: the potential goes on
		{[]int{inputNeuron}, 1, -0.5, -0.5},
		{[]int{hiddenNeuron}, 1, 0, 0},              //
		{[]int{outputNeuron, interneuron}, 1, 0, 0}, // together they cancel
	} {
		drive(n, c.spikes...)
		u := n.Potentials(nil)
		if u[hiddenNeuron] != c.hidden || u[outputNeuron] != c.output || u[interneuron] != c.inter {
			t.Errorf("step %d: hidden, output, interneuron = %v, want %v %v %v", step, u[1:], c.hidden, c.output, c.inter)
		}
	}
}

// TestHandMeans: sliding means over four steps, by way of the nudge, and means over a stretch.
func TestHandMeans(t *testing.T) {
	n := handNetwork(t, FA)
	n.Present([]float64{0}, []float64{1}, Test)
	for step, c := range []struct {
		spikes []int
		output float64 // -.5 + v + .5*(1 + .5 - mean v)
	}{
		{nil, 0.25},
		{[]int{hiddenNeuron}, 0.625},  // mean v = .5/2: it begins with the first step
		{nil, 0 + 0.5*(1.5-1.0/3)},    // 1/3
		{nil, 0.5625},                 // 1.5/4
		{nil, 0.0625},                 // 1.5/4; the window slides
		{[]int{hiddenNeuron}, 0.5625}, // steps 2, 3, 5
		{nil, 0.5625},                 // steps 3, 5, 6
		{nil, 0.5625},                 // steps 5, 6, 7
	} {
		if step == 4 {
			n.BeginMeans()
		}
		drive(n, c.spikes...)
		near(t, "output potential", n.Potentials(nil)[outputNeuron], c.output)
	}
	m := n.Means() // of steps 4..7
	near(t, "mean potential", m.Potential[1][0], (0.0625+3*0.5625)/4)
	near(t, "mean basal potential", m.Basal[1][0], 1.5/4)
	near(t, "mean nudge", m.Extra[1][0], 0.5625)
	near(t, "rate of the hidden neuron", m.Rate[1][0], 1.0/4)
	near(t, "rate of the output neuron", m.Rate[2][0], 0)
}

// TestHandUp: the forward weight changes one step after a spike of its presynaptic neuron, by the
// means at that step; the change acts on the potential from the next step on.
func TestHandUp(t *testing.T) {
	rho := func(u float64) float64 { return 1 / (1 + 3*math.Exp(-u)) }
	n := handNetwork(t, FA)
	n.Present([]float64{0}, []float64{1}, Learn)
	drive(n, inputNeuron)
	drive(n, hiddenNeuron) // learns from the input's spike: no apical potential, no change
	near(t, "Up(1)", n.Up(1)[0], 2)
	near(t, "Up(2)", n.Up(2)[0], 0.5)
	drive(n, outputNeuron)
	// Steps 0..2. Output: mean v_bas 1/3, mean nudge .5*(1.5-0 + 1.5-1/4 + 1.5-1/3)/3.
	free, nudge := -0.5+1.0/3, 0.5*(1.5+1.25+1.5-1.0/3)/3
	up := 0.5 + rho(free+nudge) - rho(free)
	near(t, "Up(2)", n.Up(2)[0], up)
	near(t, "output potential before the change acts", n.Potentials(nil)[outputNeuron], -0.5+0.5+0.5*(1.5-1.0/3))
	drive(n, inputNeuron) // the input spikes again, tau steps later
	near(t, "output potential after it", n.Potentials(nil)[outputNeuron], -0.5+up+0.5*(1.5-(0.5+0.5+up)/4))
	drive(n)
	// Steps 1..4. Hidden: v_bas 2 throughout; apical -1.5 in steps 2, 3, 4, times 1/2.
	near(t, "Up(1)", n.Up(1)[0], 2+2*(rho(1-3*0.75/4)-rho(1)))
	near(t, "Up(2)", n.Up(2)[0], up)
}

// TestHandDown: SAL pairs each spike with the other neuron's latest strictly earlier one;
// coincident spikes add.
func TestHandDown(t *testing.T) {
	n := handNetwork(t, SAL)
	n.Present([]float64{0}, []float64{1}, Align)
	w := -1.5
	f := func(d float64) float64 { return 0.25 * math.Exp(-d/3) }
	for step, c := range []struct {
		spikes []int
		change float64
	}{
		{nil, 0},
		{nil, 0},
		{[]int{hiddenNeuron}, 0},
		{nil, 0},
		{nil, 0},
		{[]int{outputNeuron}, f(3)},  // post before pre: potentiates
		{[]int{hiddenNeuron}, -f(1)}, // pre before post: depresses
		{[]int{interneuron}, 0},      // disconnected
		{nil, 0},
		// 9-6 anti-causal, 9-5 causal; the coincident pair has no weight
		{[]int{hiddenNeuron, outputNeuron}, f(3) - f(4)},
		{nil, 0},
		{nil, 0},
		{[]int{outputNeuron}, f(3)}, // 12-9
	} {
		drive(n, c.spikes...)
		w += c.change
		near(t, "Down(1)", n.Down(1)[0], w)
		if t.Failed() {
			t.Fatalf("in step %d", step)
		}
	}
	// The whole apical potential acts while aligning: one output spike is on.
	drive(n)
	near(t, "hidden potential", n.Potentials(nil)[hiddenNeuron], -1+w)
	near(t, "interneuron potential", n.Potentials(nil)[interneuron], -0.5)
}

// TestHandTied: with BP the feedback weight is the forward weight in every step, and its change
// reaches the apical potential.
func TestHandTied(t *testing.T) {
	n := handNetwork(t, BP)
	n.Present([]float64{0}, []float64{1}, Learn)
	drive(n, hiddenNeuron)
	drive(n, outputNeuron)
	if up := n.Up(2)[0]; up == 0.5 || n.Down(1)[0] != up {
		t.Errorf("Up(2) = %v, Down(1) = %v, want equal and not .5", up, n.Down(1)[0])
	}
	drive(n)
	near(t, "hidden potential", n.Potentials(nil)[hiddenNeuron], -1+0.5*n.Up(2)[0])
	n.Present([]float64{0}, nil, Test)
	drive(n, interneuron)
	near(t, "hidden potential", n.Potentials(nil)[hiddenNeuron], -1)
}

// TestHandMeanInput: a mean of sigma(u) acts at once and steadily, a share of the weights; these
// learn every tau steps from the lag on, that share of what a spike would change.
func TestHandMeanInput(t *testing.T) {
	rho := func(u float64) float64 { return 1 / (1 + 3*math.Exp(-u)) }
	c := handNetwork(t, FA).Config()
	c.Input, c.Lag = MeanInput, 2
	n := mustNetwork(t, c, Weights{Up: [][]float64{{2}, {0.5}}, Down: [][]float64{{-1.5}}, Bias: [][]float64{{-1}, {-0.5}}})
	n.Present([]float64{math.Log(3)}, []float64{1}, Learn) // sigma = 3/4
	drive(n, outputNeuron)
	near(t, "hidden potential", n.Potentials(nil)[hiddenNeuron], -1+1.5-0.75)
	drive(n)
	near(t, "Up(1) before the lag is over", n.Up(1)[0], 2)
	drive(n)
	// v_bas has been 1.5 in steps 0..2, the apical potential -1.5, times 1/2.
	up := 2 + 0.75*2*(rho(0.5-0.75)-rho(0.5))
	near(t, "Up(1)", n.Up(1)[0], up)
	drive(n)
	near(t, "hidden potential", n.Potentials(nil)[hiddenNeuron], -1+0.75*up)
	drive(n)
	near(t, "Up(1) between", n.Up(1)[0], up)
	drive(n)
	// Steps 2..5, the first of them with the first weight; the apical potential in step 2 alone.
	free, apical := -1+(1.5+3*0.75*up)/4, -0.75/4
	up += 0.75 * 2 * (rho(free+apical) - rho(free))
	near(t, "Up(1) tau steps later", n.Up(1)[0], up)
	n.Present([]float64{0}, nil, Test)
	drive(n)
	near(t, "hidden potential of another input", n.Potentials(nil)[hiddenNeuron], -1+0.5*up)
	for range 3 {
		drive(n)
	}
	near(t, "Up(1) in a test", n.Up(1)[0], up)
}

// TestHandClocks: a neuron that spikes every three steps and one that does so a step later, both
// for ever, say nothing about a weight between them. The exponential window moves it at every pair,
// and always one way; a flat one that ends with the refractory time takes back at one spike what it
// gave at the other.
func TestHandClocks(t *testing.T) {
	after := func(windowTau float64) float64 {
		c := handNetwork(t, SAL).Config()
		c.SALCut, c.SALWindowTau = c.Tau, windowTau
		n := mustNetwork(t, c, Weights{Up: [][]float64{{2}, {0.5}}, Down: [][]float64{{-1.5}}, Bias: [][]float64{{-1}, {-0.5}}})
		n.Present([]float64{0}, nil, Align)
		for range 10 {
			drive(n, outputNeuron)
			drive(n, hiddenNeuron)
			drive(n)
		}
		return n.Down(1)[0]
	}
	f := func(d float64) float64 { return 0.25 * math.Exp(-d/3) }
	// ten pairs at lag 1, causal, and nine at lag 2, anti-causal
	near(t, "Down(1), exponential window", after(0), -1.5-10*f(1)+9*f(2))
	g := func(d float64) float64 { return 0.25 * math.Exp(-d/10000) }
	near(t, "Down(1), flat window", after(10000), -1.5-10*g(1)+9*g(2))
	if w := after(10000); math.Abs(w+1.5+0.25) > 1e-3 { // the last spike's change, not yet taken back
		t.Errorf("Down(1), flat window = %v, want -1.75", w)
	}
}
