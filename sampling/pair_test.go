package sampling

import (
	"math"
	"reflect"
	"testing"

	"spikealign/synapse"
)

func pairTraining(w12, w21 float64, bias []float64) PairTraining {
	return PairTraining{
		Config: Config{Neurons: 2, TauRef: 25}, Seed: 3, Network: Network{Weights: []float64{0, w12, w21, 0}, Bias: bias},
		PairCourse: PairCourse{Epochs: 40, EpochLength: 1500, ReportEvery: 7}, Rate12: 0.03, Rate21: 0.03, Lower: -2, Upper: 2,
		Pairs: Pairs{Pairing: synapse.Pairing{Kind: synapse.Last, K: 10}},
	}
}

func newPair(t *testing.T, d PairTraining) *PairTrainer {
	t.Helper()
	p, err := NewPairTrainer(d)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func pairReports(p *PairTrainer) (rs []PairReport) {
	for !p.Done() {
		if _, r := p.Step(); r != nil {
			rs = append(rs, *r)
		}
	}
	return rs
}

// Reports come at the start, every so many epochs and at the end; weights move towards each other
// and keep their sum; a frozen one stays.
func TestPairTrainer(t *testing.T) {
	d := pairTraining(1.5, 0.5, []float64{-0.5, -0.2})
	rs := pairReports(newPair(t, d))
	var epochs []int64
	for _, r := range rs {
		epochs = append(epochs, r.Epoch)
		if !(math.Abs(r.W12+r.W21-2) <= 1e-12) {
			t.Errorf("epoch %d: the sum of the weights is %v", r.Epoch, r.W12+r.W21)
		}
	}
	if want := []int64{0, 7, 14, 21, 28, 35, 40}; !reflect.DeepEqual(epochs, want) {
		t.Errorf("reports after epochs %v, not %v", epochs, want)
	}
	if first, last := rs[0], rs[len(rs)-1]; !math.IsNaN(first.Drift12) || first.W12 != 1.5 || last.W12 > 1.45 {
		t.Errorf("from %+v to %+v", first, last)
	}
	d.Rate12 = 0
	rs = pairReports(newPair(t, d))
	if last := rs[len(rs)-1]; last.W12 != 1.5 || last.W21 < 0.55 {
		t.Errorf("with W12 frozen: %+v", last)
	}
	d.Upper = 0.6
	d.Network.Weights[1] = 0.5
	d.Rate21 = -1
	for _, r := range pairReports(newPair(t, d)) {
		if r.W21 > 0.6 || r.W21 < -2 {
			t.Errorf("W21 = %v is outside its bounds", r.W21)
		}
	}
}

// The state carries everything, wherever it is taken.
func TestPairTrainerResumes(t *testing.T) {
	for _, dynamics := range []Dynamics{Discrete, Continuous} {
		d := pairTraining(1.5, 0.5, []float64{-0.5, -0.2})
		d.Config.Dynamics, d.Settle = dynamics, 300
		whole := pairReports(newPair(t, d))
		p := newPair(t, d)
		var got []PairReport
		for !p.Done() {
			if _, r := p.Step(); r != nil {
				got = append(got, *r)
			}
			b, err := p.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			p = newPair(t, d)
			if err := p.UnmarshalBinary(b); err != nil {
				t.Fatal(err)
			}
			for n := range len(b) / 50 {
				if newPair(t, d).UnmarshalBinary(b[:n*50]) == nil {
					t.Fatalf("%d of %d bytes were accepted", n*50, len(b))
				}
			}
		}
		// NaN differs from itself.
		if len(got) != len(whole) || !reflect.DeepEqual(got[1:], whole[1:]) {
			t.Errorf("%v: resumed: %+v\nwhole: %+v", dynamics, got, whole)
		}
	}
}

// TestPairDriftOfAuthors compares the mean drift before the learning rate with what the authors'
// public program gives for figure 2d (b = -.5, -.2, tau 25, last-10 pairing, its timing). Together
// 3 comparisons at 5 standard errors of the difference: false-alarm rate 2e-6.
func TestPairDriftOfAuthors(t *testing.T) {
	for _, c := range []struct{ w12, w21, drift, se float64 }{
		{1.5, 0.5, -0.0872, 0.0011},
		{0.5, 1.5, 0.0769, 0.0008},
		{1, 1, -0.0023, 0.0006},
	} {
		d := pairTraining(c.w12, c.w21, []float64{-0.5, -0.2})
		d.Timing = AuthorsTiming
		d.Epochs, d.EpochLength, d.ReportEvery, d.Rate12, d.Rate21 = 20000, 1500, 1, 0, 0
		var sum, sum2, n float64
		for _, r := range pairReports(newPair(t, d))[1:] {
			sum += r.Drift12
			sum2 += r.Drift12 * r.Drift12
			n++
		}
		mean := sum / n
		se := math.Sqrt((sum2/n - mean*mean) / (n - 1))
		t.Logf("W = (%v, %v): drift %.5f +- %.5f, theirs %.4f +- %.4f", c.w12, c.w21, mean, se, c.drift, c.se)
		if z := (mean - c.drift) / math.Hypot(se, c.se); !(math.Abs(z) <= 5) {
			t.Errorf("W = (%v, %v): drift %.5f, theirs %v, %.1f standard errors apart", c.w12, c.w21, mean, c.drift, z)
		}
	}
}

// An inhibitory pathway that is always on adds its weight once per refractory time: sigma(...) = 1,
// so that W_eff = W_EE + W_EI / r. The layout of the network follows the names.
func TestEIPair(t *testing.T) {
	p := EIPair{WEE: [2]float64{1, 2}, WIE: [2]float64{3, 4}, WEI: [2]float64{-5, -6}, BE: [2]float64{0, 0}, BI: [2]float64{100, 100}}
	net := p.Network()
	want := []float64{
		0, 2, 0, -6,
		1, 0, -5, 0,
		3, 0, 0, 0,
		0, 4, 0, 0,
	}
	if !reflect.DeepEqual(net.Weights, want) {
		t.Errorf("weights %v", net.Weights)
	}
	if w := p.Effective(); w != [2]float64{1 - 10, 2 - 12} {
		t.Errorf("effective weights %v", w)
	}
	if d := p.Direct(); !reflect.DeepEqual(d.Weights, []float64{0, -10, -9, 0}) {
		t.Errorf("direct network %v", d.Weights)
	}
}

func BenchmarkFigure2d(b *testing.B) {
	d := pairTraining(1.5, 0.5, []float64{-0.5, -0.2})
	d.Epochs, d.ReportEvery = 1500, 25
	spikes := int64(0)
	for b.Loop() {
		p, err := NewPairTrainer(d)
		if err != nil {
			b.Fatal(err)
		}
		pairReports(p)
		spikes += p.Spikes()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(spikes), "ns/spike")
}

// TestFigure2dOfAuthors compares the weights after the training of figure 2d, 20 seeds, with 20
// repeats of the authors' public program (its timing; its means and standard deviations quoted).
// Four comparisons at 5 standard errors of the difference: false-alarm rate 2e-6. The spreads agree
// within a factor of 2.
func TestFigure2dOfAuthors(t *testing.T) {
	for _, c := range []struct {
		name     string
		frozen   bool
		epochs   int64
		mean, sd float64 // of W12 with both plastic, of W21 with W12 frozen
	}{
		{"both plastic", false, 250, 1.12623, 0.0150},
		{"both plastic", false, 1500, 0.991246, 0.0187},
		{"W12 frozen", true, 250, 1.00724, 0.0252},
		{"W12 frozen", true, 1500, 1.51585, 0.0263},
	} {
		const seeds = 20
		var sum, sum2 float64
		for seed := range uint64(seeds) {
			d := pairTraining(1.5, 0.5, []float64{-0.5, -0.2})
			d.Timing = AuthorsTiming
			d.Seed, d.Epochs, d.ReportEvery = seed, c.epochs, c.epochs
			if c.frozen {
				d.Rate12 = 0
			}
			rs := pairReports(newPair(t, d))
			w := rs[len(rs)-1].W12
			if c.frozen {
				w = rs[len(rs)-1].W21
			}
			sum += w
			sum2 += w * w
		}
		mean := sum / seeds
		sd := math.Sqrt((sum2/seeds - mean*mean) * seeds / (seeds - 1))
		t.Logf("%s, epoch %d: %.4f, sd %.4f; theirs %.4f, sd %.4f", c.name, c.epochs, mean, sd, c.mean, c.sd)
		if z := (mean - c.mean) / (math.Hypot(sd, c.sd) / math.Sqrt(seeds)); !(math.Abs(z) <= 5) {
			t.Errorf("%s: %.4f, theirs %.4f: %.1f standard errors apart", c.name, mean, c.mean, z)
		}
		if sd > 2*c.sd || sd < c.sd/2 {
			t.Errorf("%s: spread %.4f, theirs %.4f", c.name, sd, c.sd)
		}
	}
}
