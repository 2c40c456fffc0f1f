package microcircuit

import (
	"math"
	"slices"
	"testing"

	"spikealign/internal/detmath"
	"spikealign/settings"
)

// TestMeanOfSpikes: a mean input is what spiking inputs are on average. Over 400 stretches of 1000
// steps, weights at rest, the basal potentials agree, and the mean is that of spikes in tau steps,
// by which the changes of weights are multiplied. Normal tests, false-alarm rate 1e-6 for each of 4
// neurons and 3 inputs.
func TestMeanOfSpikes(t *testing.T) {
	c := config(FA, 3, 4, 2)
	c.Window, c.Lag, c.LambdaApical = 1, 0, 0
	c.RateUp, c.RateDown = []float64{0, 0}, nil
	w := uniformWeights(c.Dims, 2, 5)
	input := []float64{-1.5, 0.3, 2}
	run := func(kind Input, stretches int) (basal, squares, spikes []float64) {
		c.Input = kind
		n := mustNetwork(t, c, w)
		n.Present(input, nil, Test)
		n.Advance(100, nil)
		basal, squares, spikes = make([]float64, 4), make([]float64, 4), make([]float64, 3)
		for range stretches {
			n.BeginMeans()
			n.Advance(n.Now()+1000, nil)
			m := n.Means()
			for i, v := range m.Basal[0] {
				basal[i] += v / float64(stretches)
				squares[i] += v * v / float64(stretches)
			}
			for j, r := range m.Rate[0] {
				spikes[j] += r * float64(c.Tau) / float64(stretches)
			}
		}
		return basal, squares, spikes
	}
	want, _, silent := run(MeanInput, 1)
	const stretches = 400
	got, squares, spikes := run(SpikingInput, stretches)
	for i := range want {
		se := math.Sqrt((squares[i] - got[i]*got[i]) / (stretches - 1))
		if !(math.Abs(got[i]-want[i]) <= 4.9*se) {
			t.Errorf("neuron %d: basal potential %.4f +- %.4f, want %.4f", i, got[i], se, want[i])
		}
	}
	// Intervals vary less than those of a Poisson process, whose standard error is an upper bound.
	for j, u := range input {
		mean := detmath.Logistic(u)
		se := math.Sqrt(mean * float64(c.Tau) / (stretches * 1000))
		if silent[j] != 0 || !(math.Abs(spikes[j]-mean) <= 4.9*se) {
			t.Errorf("input %d: %.4f spikes in tau steps, want %.4f +- %.4f; as a mean %g, want 0", j, spikes[j], mean, se, silent[j])
		}
	}
}

// TestErrorAngles: the angles of reports follow from the means of the validation patterns and the
// weights, as written down here with matrices; with tied feedback they are 0.
func TestErrorAngles(t *testing.T) {
	for _, kind := range []string{"deep", "bp"} {
		training := example(kind)
		training.Errors, training.Patterns = true, true
		tr := mustTrainer(t, training)
		top := len(training.Dims) - 1
		sums, count := make([]float64, top-1), 0.0
		slope := func(u float64) float64 { return 1 / (2 + math.Exp(u) + math.Exp(-u)) }
		for !tr.Done() {
			out := tr.Step()
			if p := out.Pattern; p != nil && p.Validation {
				// errors at layer l, through feedback and through transposed forward weights
				sent := [2][]float64{slices.Clone(p.Target), slices.Clone(p.Target)}
				for k, u := range p.Means.Potential[top-1] {
					sent[0][k] = (p.Target[k] - u) * slope(u)
					sent[1][k] = sent[0][k]
				}
				for l := top - 1; l >= 1; l-- {
					n, m := training.Dims[l], training.Dims[l+1]
					var arrived [2][]float64
					var dots [3]float64
					up, down := tr.Network().Up(l+1), tr.Network().Down(l)
					for i := range n {
						b, w := 0.0, 0.0
						for k := range m {
							b += down[i*m+k] * sent[0][k]
							w += up[k*n+i] * sent[1][k]
						}
						dots[0], dots[1], dots[2] = dots[0]+b*w, dots[1]+b*b, dots[2]+w*w
						s := slope(p.Means.Potential[l-1][i] - p.Means.Extra[l-1][i])
						arrived[0], arrived[1] = append(arrived[0], b*s), append(arrived[1], w*s)
					}
					sums[l-1] += math.Acos(min(max(dots[0]/math.Sqrt(dots[1]*dots[2]), -1), 1)) * 180 / math.Pi
					sent = arrived
				}
				count++
			}
			if r := out.Report; r != nil {
				for l, a := range r.ErrorAngles {
					if want := sums[l] / count; !(math.Abs(a-want) < 1e-5) || kind == "bp" && a > 1e-5 {
						t.Errorf("%s, epoch %d, layer %d: %g degrees, want %g", kind, r.Epoch, l+1, a, want)
					}
				}
				if len(r.ErrorAngles) != top-1 {
					t.Errorf("%s: %d angles, want %d", kind, len(r.ErrorAngles), top-1)
				}
				clear(sums)
				count = 0
			}
		}
	}
}

// TestDrawnInputs: the inputs of a teacher's patterns lie between the bounds, evenly, and are
// others in training and validation and with another seed; populations repeat them neuron by
// neuron.
func TestDrawnInputs(t *testing.T) {
	s := settings.Default[Settings]()
	s.Dims, s.Task.Population = []int{6, 2, 1}, 3
	s.Task.Teacher.Patterns = Drawn{Train: 2000, Validation: 50, Low: -2, High: 5}
	if ps := s.Validate(); len(ps) > 0 {
		t.Fatal(ps)
	}
	task, other := s.Training(4, nil).Task, s.Training(5, nil).Task
	if len(task.Train) != 2000 || len(task.Validation) != 50 {
		t.Fatalf("%d and %d patterns", len(task.Train), len(task.Validation))
	}
	sum := 0.0
	for _, p := range task.Train {
		x := p.Input
		if len(x) != 6 || x[0] != x[1] || x[1] != x[2] || x[3] != x[4] || x[4] != x[5] || x[0] == x[3] || slices.Min(x) < -2 || slices.Max(x) > 5 || p.Target != nil {
			t.Fatalf("pattern %v", p)
		}
		sum += x[0] + x[3]
	}
	// Of 4000 even numbers, 7 wide; false-alarm rate 1e-6.
	if mean := sum / 4000; !(math.Abs(mean-1.5) < 4.9*7/math.Sqrt(12*4000)) {
		t.Errorf("mean input %g, want 1.5", mean)
	}
	if first := task.Train[0].Input[0]; first == task.Validation[0].Input[0] || first == other.Train[0].Input[0] || first == task.Train[1].Input[0] {
		t.Error("inputs that should differ are equal")
	}
	mustTrainer(t, s.Training(4, nil))
}
