package deep

import (
	"context"
	"slices"
	"strings"
	"testing"

	"spikealign/internal/random"
	"spikealign/layered"
	"spikealign/transport"
)

// A phase gives the feedback weights that the spiking network by itself gives for the same weights
// and seed.
func TestPhasesAreThoseOfTheSpikingNetworks(t *testing.T) {
	d := patterns(40, 10)
	for _, m := range []Method{SAL, RDD} {
		s := shortSettings(m)
		tr, err := NewTrainer(s, d, 3, 2, threads)
		if err != nil {
			t.Fatal(err)
		}
		for epoch := range 2 {
			w := layered.Weights{Bias: [][]float64{make([]float64, 64)}}
			for _, name := range []string{"dense_1", "dense_2", "dense_3"} {
				w.Up = append(w.Up, float64s(named(tr, name)))
				w.Bias = append(w.Bias, float64s(named(tr, name+"_bias")))
				w.Down = append(w.Down, float64s(named(tr, name+"_feedback")))
			}
			stream := random.New(3, random.LayeredSpikes, uint64(epoch), 1)
			seed := stream.Uint64()
			var alone transport.Learner
			until := int64(2000) // 2 s of 1 ms
			if m == SAL {
				sal := s.SALPhase.SAL
				sal.Layers = []int{64, 24, 16, 10}
				alone, err = layered.NewTrainer(sal, w, layered.Neurons{}, layered.Synapses{}, seed)
				until = 2 * 200
			} else {
				alone, err = s.RDDPhase.RDD.Start(transport.Problem{Layers: []int{64, 24, 16, 10}, Weights: w, Seed: seed})
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := alone.Run(context.Background(), until); err != nil {
				t.Fatal(err)
			}
			before := tr.Spikes()
			if _, err := tr.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
			if got := tr.Spikes() - before; got != alone.SpikeCount() || got == 0 {
				t.Errorf("%s: %d spikes, alone %d", m, got, alone.SpikeCount())
			}
			for l, name := range []string{"dense_1", "dense_2", "dense_3"} {
				var want []float32
				for _, x := range alone.Down(l) {
					want = append(want, float32(x))
				}
				if got := named(tr, name+"_feedback"); !slices.Equal(got, want) || slices.Equal(float64s(got), w.Down[l]) {
					t.Errorf("%s, epoch %d: feedback of %s is not what the spiking network learns", m, epoch, name)
				}
			}
		}
	}
}

// named returns the weights of that name.
func named(tr *Trainer, name string) []float32 {
	for _, w := range tr.Weights() {
		if w.Name == name {
			return w.Values
		}
	}
	return nil
}

// A call whose context is over returns within a phase and within the test, which are of several
// pieces each.
func TestPhasesAndTestStopSoon(t *testing.T) {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	d := patterns(40, 3*testBatch)
	for m, pieces := range map[Method]int{SAL: 3, RDD: 3, Mirror: 3, FA: 1} {
		s := shortSettings(m)
		s.SALPhase.UpdateSteps, s.RDDPhase.Seconds = 600, 5
		tr, err := NewTrainer(s, d, 3, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		for tr.batch < 0 {
			if _, err := tr.Run(over); err != nil {
				t.Fatal(err)
			}
			calls++
		}
		if calls < pieces {
			t.Errorf("%s: the phase is over after %d calls, want %d at least", m, calls, pieces)
		}
		for calls = 0; tr.Epoch() == 0; calls++ {
			if _, err := tr.Run(over); err != nil {
				t.Fatal(err)
			}
		}
		if calls != 2+3 { // batches, pieces of the test
			t.Errorf("%s: batches and test take %d calls, want 5", m, calls)
		}
	}
}

// A fault within a phase names method and epoch.
func TestPhaseErrors(t *testing.T) {
	s := shortSettings(SAL)
	s.SALPhase.RateSAL = 1e6 // feedback beyond what the neurons can take
	tr, err := NewTrainer(s, patterns(40, 10), 3, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = tr.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "sal phase before epoch 0") {
		t.Errorf("error %v", err)
	}
}

// Phases that change nothing are told apart from those that do.
func TestUnlearned(t *testing.T) {
	for _, m := range allMethods {
		for _, idle := range []bool{true, false} {
			s := shortSettings(m)
			if idle {
				s.SALPhase.Iterations, s.RDDPhase.UpdateSeconds, s.Mirrored.Steps = 0, 3, 0
			}
			tr, err := NewTrainer(s, patterns(40, 10), 3, 1, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tr.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
			if want := idle && (m == SAL || m == RDD || m == Mirror); tr.Unlearned() != want {
				t.Errorf("%s, phases that do nothing %v: Unlearned is %v", m, idle, tr.Unlearned())
			}
		}
	}
}
