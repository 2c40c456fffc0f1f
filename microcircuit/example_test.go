package microcircuit_test

import (
	"fmt"

	"spikealign/microcircuit"
)

// A network of three neurons in a row learns what a teacher of the same shape answers (the task of
// figure 6, shortened). Its feedback weight begins with the wrong sign; SAL turns it.
func Example() {
	bias := [][]float64{{-1}, {-1}}
	tr, err := microcircuit.NewTrainer(microcircuit.Training{
		Course: microcircuit.Course{Epochs: 21, EpochPatterns: 20, AlignPatterns: 5, PatternSteps: 5000, Skip: 2000, ReportEvery: 10},
		Config: microcircuit.Config{
			Neurons:    microcircuit.Neurons{Dims: []int{1, 1, 1}, Tau: 10, Window: 2000, LambdaApical: 0.02, LambdaNudge: 0.6},
			Plasticity: microcircuit.Plasticity{Lag: 2000, RateUp: []float64{0.2, 0.003}, RateDown: []float64{0.001}, Method: microcircuit.SAL},
		},
		Start:   microcircuit.Weights{Up: [][]float64{{0.5}, {0.5}}, Down: [][]float64{{-1}}, Bias: bias},
		Seed:    1,
		Task:    microcircuit.TeacherInputs(),
		Teacher: &microcircuit.Teacher{Dims: []int{1, 1, 1}, Up: [][]float64{{2}, {2}}, Bias: bias, Steps: 20_000, Seed: 1},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for !tr.Done() {
		if r := tr.Step().Report; r != nil {
			fmt.Printf("epoch %2d: loss %.3f, feedback %+.1f\n", r.Epoch, r.Loss, tr.Network().Down(1)[0])
		}
	}
	// Output:
	// epoch  0: loss 0.808, feedback -0.8
	// epoch 10: loss 0.371, feedback +0.7
	// epoch 20: loss 0.063, feedback +2.0
}
