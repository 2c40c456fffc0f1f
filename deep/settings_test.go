package deep

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"spikealign/settings"
)

func TestValidate(t *testing.T) {
	for want, edit := range map[string]func(*Settings){
		"":                        func(s *Settings) {},
		"augmentation.published":  func(s *Settings) { s.Augment = Augment{Published: true, Crop: 2} },
		"training.milestones":     func(s *Settings) { s.Course.Milestones = []int64{5, 9, 9} },
		"training.published_rate": func(s *Settings) { s.Network.Architecture, s.Course.Published = "lenet", true },
		"training.gamma":          func(s *Settings) { s.Course.Gamma = 0 },
		"network.architecture":    func(s *Settings) { s.Network.Architecture = "alexnet" },
		"network.init":            func(s *Settings) { s.Network.Init = "he" },
		"kp.decay":                func(s *Settings) { s.KP.Decay = -1 },
		"network.hidden":          func(s *Settings) { s.Network.Hidden = make([]int, 17) },
		"rdd.reset":               func(s *Settings) { s.Method, s.RDDPhase.Reset = RDD, 3 },
	} {
		s := settings.Default[Settings]()
		edit(&s)
		ps := s.Validate()
		if want == "" && len(ps) > 0 || want != "" && !ps.Has(want) {
			t.Errorf("%s: faults %v", want, ps)
		}
	}
}

// The layers of both networks, with the published numbers of weights: LeNet has 61706, as LeCun's
// with all maps connected.
func TestStages(t *testing.T) {
	for _, c := range []struct {
		architecture string
		images       volume
		layers       string
		weights      int
	}{
		{"paper", volume{1, 28, 28}, "1024 384 192 10", 25*64 + 64*64*25 + 4*64 + 1024*384 + 384*3 + 384*192 + 192*3 + 192*10 + 10},
		{"paper", volume{3, 32, 32}, "1600 384 192 10", 3*25*64 + 64*64*25 + 4*64 + 1600*384 + 384*3 + 384*192 + 192*3 + 192*10 + 10},
		{"lenet", volume{1, 28, 28}, "120 84 10", 61706},
		{"lenet", volume{3, 32, 32}, "120 84 10", 61706 + 2*25*6},
	} {
		s := settings.Default[Settings]()
		s.Network.Architecture = c.architecture
		layers := strings.Trim(fmt.Sprint(s.layers(c.images, 10)), "[]")
		n := newNetwork(s.Network.input(c.images), s.Network.stages(10))
		sum := 0
		for _, p := range n.params() {
			sum += len(p.w)
		}
		if layers != c.layers || sum != c.weights {
			t.Errorf("%s for %v: layers %s, %d weights; want %s, %d", c.architecture, c.images, layers, sum, c.layers, c.weights)
		}
	}
}

func TestPublishedAugmentation(t *testing.T) {
	for v, want := range map[volume]Augment{
		{1, 28, 28}: {Published: true, Flip: true},
		{3, 32, 32}: {Published: true, Flip: true, Crop: 4},
	} {
		if got := (Augment{Published: true}).of(v); got != want {
			t.Errorf("%v: %+v, want %+v", v, got, want)
		}
	}
	if got, want := (Augment{Crop: 2}).of(volume{3, 32, 32}), (Augment{Crop: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	// The trainer uses it: two trainings are the same.
	d := patterns(40, 10)
	var losses []float64
	for _, a := range []Augment{{Published: true}, {Flip: true}, {}} {
		s := shortSettings(BP)
		s.Augment = a
		tr, err := NewTrainer(s, d, 3, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := tr.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, r.TrainLoss)
	}
	if losses[0] != losses[1] || losses[0] == losses[2] {
		t.Errorf("losses %v with published, flip, nothing", losses)
	}
}

func TestPublishedRate(t *testing.T) {
	for _, c := range []struct {
		architecture string
		m            Method
		want         float64
	}{{"paper", SAL, .01}, {"lenet", BP, .1}, {"lenet", FA, .001}, {"lenet", DFA, .0001}, {"lenet", USF, .1}} {
		s := shortSettings(c.m)
		s.Network.Architecture, s.Course.Published, s.Course.Rate = c.architecture, true, 7
		tr, err := NewTrainer(s, patterns(40, 10), 3, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := tr.s.Course.optimiser(0).Rate; got != c.want {
			t.Errorf("%s %s: rate %v, want %v", c.architecture, c.m, got, c.want)
		}
	}
}

func TestMilestones(t *testing.T) {
	c := Course{Optimiser: Optimiser{Rate: 8, Momentum: .5}, Milestones: []int64{2, 3, 7}, Gamma: .5}
	for epoch, want := range []float64{8, 8, 4, 2, 2, 2, 2, 1, 1} {
		if got := c.optimiser(int64(epoch)); got.Rate != want || got.Momentum != .5 {
			t.Errorf("epoch %d: %+v, want rate %v", epoch, got, want)
		}
	}
	// The trainer goes by it: at a rate of next to nothing weights stay.
	s := shortSettings(BP)
	s.Course.Milestones, s.Course.Gamma = []int64{1}, 1e-30
	tr, err := NewTrainer(s, patterns(40, 10), 3, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	for epoch := range 2 {
		before := slices.Clone(named(tr, "dense_2"))
		if _, err := tr.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if moved := !slices.Equal(before, named(tr, "dense_2")); moved != (epoch == 0) {
			t.Errorf("epoch %d: weights have moved: %v", epoch, moved)
		}
	}
}

// Method kp decays by kp.decay, all others by training.weight_decay.
func TestKolenPollackDecay(t *testing.T) {
	for _, m := range []Method{KP, FA} {
		s := shortSettings(m)
		s.KP.Decay, s.Course.Decay = 0.3, 0.2
		tr, err := NewTrainer(s, patterns(40, 10), 3, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := 0.2
		if m == KP {
			want = 0.3
		}
		if got := tr.s.Course.optimiser(0).Decay; got != want {
			t.Errorf("%s: decay %v, want %v", m, got, want)
		}
		apart := func() float64 {
			d, sum := tr.dense[1], 0.0
			for i := range d.inputs {
				for k := range d.outputs {
					sum += math.Pow(float64(d.weights.w[k*d.inputs+i]-d.feedback[i*d.outputs+k]), 2)
				}
			}
			return math.Sqrt(sum)
		}
		if m != KP {
			continue
		}
		// with momentum W - B' is that of an oscillator without force; it must be smaller, as the
		// recursion of the optimiser says, by the same factor for all entries
		d, v, before := 1.0, 0.0, apart()
		for range 3 * tr.Batches() {
			v = s.Course.Momentum*v + 0.3*d
			d -= s.Course.Rate * v
		}
		for range 3 {
			if _, err := tr.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		if got := apart() / before; math.Abs(got-d) > 1e-4 {
			t.Errorf("W - B' is %v of what it was, want %v", got, d)
		}
	}
}
