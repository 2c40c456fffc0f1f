package deep

import (
	"bytes"
	"context"
	"math/rand/v2"
	"strings"
	"testing"

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

// Every method learns, and a training that is taken apart after every batch, with other numbers of
// threads, ends in the same bytes.
func TestTrainings(t *testing.T) {
	d := patterns(300, 100)
	for _, m := range allMethods {
		t.Run(m.String(), func(t *testing.T) {
			s := shortSettings(m)
			whole, err := NewTrainer(s, d, 3, 1, nil)
			if err != nil {
				t.Fatal(err)
			}
			var last *Report
			for range 3 {
				if last, err = whole.Run(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			if last.TrainLoss > 2.2 { // guessing is 2.3
				t.Errorf("after three epochs: %+v", *last)
			}
			over, cancel := context.WithCancel(context.Background())
			cancel()
			tr, err := NewTrainer(s, d, 3, 2, threads)
			if err != nil {
				t.Fatal(err)
			}
			var report *Report
			for pieces := 0; tr.Epoch() < 3; pieces++ {
				if report, err = tr.Run(over); err != nil {
					t.Fatal(err)
				}
				b, err := tr.AppendBinary(nil)
				if err != nil {
					t.Fatal(err)
				}
				fresh, err := NewTrainer(s, d, 3, 1+pieces%3, threads)
				if err != nil {
					t.Fatal(err)
				}
				if fresh.UnmarshalBinary(b[:len(b)-1]) == nil {
					t.Fatal("a state without its last byte is accepted")
				}
				if fresh, err = NewTrainer(s, d, 3, 1+pieces%3, threads); err != nil {
					t.Fatal(err)
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
			names, angles := tr.UpdateAngles()
			for k, name := range names {
				if m == BP && angles[k] > 0.1 || m == BPFA && strings.HasPrefix(name, "dense") && angles[k] > 0.1 || !(angles[k] >= 0 && angles[k] <= 180) {
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
