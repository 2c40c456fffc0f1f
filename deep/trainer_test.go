package deep

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"spikealign/internal/testenv"
	"spikealign/settings"
)

// patterns are noisy pictures of ten classes: a bright square at one of ten places.
func patterns(train, test int) *Data {
	r := rand.New(rand.NewPCG(4, 2))
	d := &Data{Channels: 1, Height: 16, Width: 16, Classes: 10, Mean: []float64{0.25}, SD: []float64{0.25}}
	set := func(n int) Set {
		s := Set{make([]uint8, n*256), make([]uint8, n)}
		for i := range n {
			c := r.IntN(10)
			s.Labels[i] = uint8(c)
			image := s.Images[i*256:][:256]
			for k := range image {
				image[k] = uint8(r.IntN(120))
			}
			for y := range 4 {
				for x := range 4 {
					image[(c/4*5+y+r.IntN(2))*16+c%4*4+x] = 200
				}
			}
		}
		return s
	}
	d.Train, d.Test = set(train), set(test)
	return d
}

func shortSettings(m Method) Settings {
	s := settings.Default[Settings]()
	s.Method = m
	s.Network.Hidden = []int{24, 16}
	s.Course.BatchSize = 32
	s.Augment = Augment{Flip: true, Crop: 1}
	s.SALPhase.Replicas, s.SALPhase.UpdateSteps, s.SALPhase.Iterations = 4, 200, 2
	s.RDDPhase.Seconds, s.RDDPhase.UpdateSeconds = 2, 1
	s.Mirrored.Steps = 3
	return s
}

var allMethods = []Method{BP, BPFA, FA, SCFA, USF, DFA, KP, Mirror, RDD, SAL}

// Every method learns, feedback that is to align does, and a training that is taken apart after
// every batch and within phases and tests, with other numbers of threads, ends in the same bytes.
func TestTrainings(t *testing.T) {
	d := patterns(300, 300)
	type training struct {
		architecture string
		m            Method
		rate         float64
	}
	all := []training{{"paper", SAL, .01}, {"paper", KP, .01}, {"lenet", USF, .01}}
	if testenv.Long() {
		all = []training{{"lenet", BP, .02}, {"lenet", USF, .01}, {"lenet", DFA, .0001}}
		for _, m := range allMethods {
			all = append(all, training{"paper", m, .01})
		}
	}
	const epochs = 4
	for _, c := range all {
		t.Run(c.architecture+"_"+c.m.String(), func(t *testing.T) {
			s := shortSettings(c.m)
			s.Augment = Augment{Crop: 1} // left and right tell the classes apart
			s.Course.Rate = c.rate
			if c.architecture == "lenet" {
				s.Network.Architecture, s.Network.Init, s.Course.BatchSize = "lenet", Xavier, 20
			}
			whole, err := NewTrainer(s, d, 3, 1, nil)
			if err != nil {
				t.Fatal(err)
			}
			before := whole.Alignments()
			var drawn [][]float32
			for _, l := range whole.synapses {
				drawn = append(drawn, slices.Clone(l.weights.w))
			}
			var last *Report
			for range epochs {
				if last, err = whole.Run(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			// Guessing gives .1 of 300 images, with standard deviation .017, and the loss ln 10 =
			// 2.303. LeNet with direct feedback does not learn these pictures: of seeds 3 to 5 two
			// end below ln 10 and one above, by about .01, and at greater rates they diverge. That
			// errors come to each layer is what can be asked; TestReference says which.
			if !(c.architecture == "lenet" && c.m == DFA) && (!(last.TrainLoss < 2.05) || !(last.TestAccuracy > .2)) {
				t.Errorf("after %d epochs: %+v", epochs, *last)
			}
			for k, l := range whole.synapses {
				if slices.Equal(drawn[k], l.weights.w) {
					t.Errorf("%s is as it was drawn", l.weights.name)
				}
			}
			over, cancel := context.WithCancel(context.Background())
			cancel()
			tr, err := NewTrainer(s, d, 3, 2, threads)
			if err != nil {
				t.Fatal(err)
			}
			var report *Report
			for pieces := 0; tr.Epoch() < epochs; pieces++ {
				if report, err = tr.Run(over); err != nil {
					t.Fatal(err)
				}
				if pieces%3 == 1 { // in the same process
					continue
				}
				b, err := tr.AppendBinary(nil)
				if err != nil {
					t.Fatal(err)
				}
				fresh, err := NewTrainer(s, d, 3, 1+pieces%3, threads)
				if err != nil {
					t.Fatal(err)
				}
				if pieces < 9 && fresh.UnmarshalBinary(b[:len(b)-1]) == nil {
					t.Fatal("a state without its last byte is accepted")
				}
				if err := fresh.UnmarshalBinary(b); err != nil {
					t.Fatal(err)
				}
				tr = fresh
				if pieces%7 == 3 { // looking changes nothing
					tr.UpdateAngles()
					tr.Alignments()
				}
			}
			a, _ := whole.AppendBinary(nil)
			b, _ := tr.AppendBinary(nil)
			if !bytes.Equal(a, b) || *report != *last {
				t.Errorf("interrupted and with several threads: %+v, want %+v", *report, *last)
			}
			for l, after := range tr.Alignments() {
				switch c.m {
				case KP, Mirror, RDD, SAL:
					if !(after.Angle < before[l].Angle-5) {
						t.Errorf("layer %d: the angle is %v degrees, and was %v", l+1, after.Angle, before[l].Angle)
					}
				case SCFA, USF:
					if after.Signs != 1 {
						t.Errorf("layer %d: %v of the signs agree", l+1, after.Signs)
					}
				case DFA:
					if (l > 0 || c.architecture == "lenet") != math.IsNaN(after.Angle) || named(tr, fmt.Sprintf("dense_%d_direct", l+1)) == nil != !math.IsNaN(after.Angle) {
						t.Errorf("layer %d has the angle %v", l+1, after.Angle)
					}
				}
			}
			names, angles := tr.UpdateAngles()
			for k, name := range names {
				// the error that conv_2 gets has come through fully connected layers alone
				same := c.m == BP || c.m == BPFA && name != "conv_1" || k == len(names)-1
				if same != (angles[k] < 0.1) || !(angles[k] >= 0 && angles[k] <= 180) {
					t.Errorf("%s: the update is %v degrees from that of backpropagation", name, angles[k])
				}
			}
		})
	}
}

func TestDivergence(t *testing.T) {
	s := shortSettings(BP)
	s.Course.Rate = 1e3
	s.Course.Decay = 10
	tr, err := NewTrainer(s, patterns(300, 10), 3, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 30 {
		if _, err = tr.Run(context.Background()); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "diverged") {
		t.Errorf("error %v", err)
	}
}
