package sampling

import (
	"runtime"
	"slices"
	"testing"

	"spikealign/internal/random"
	"spikealign/spike"
	"spikealign/synapse"
)

// sparsely is a dense network as a connection list.
func sparsely(n int, net Network) Network {
	s := &Sparse{Start: make([]int, n+1)}
	for j := range n {
		net.out(n, j, func(i int, w float64) {
			s.Post = append(s.Post, int32(i))
			s.Weight = append(s.Weight, w)
		})
		s.Start[j+1] = len(s.Post)
	}
	return Network{Sparse: s, Bias: net.Bias}
}

// levelsOf has a sparse engine keep levels as "potentials", "apart", or "mixed": both in turn.
func levelsOf(e *thinning, how string) {
	switch how {
	case "potentials":
		e.shared = 1
	case "apart":
		e.shared = 1 << 30
	case "mixed":
		e.shared = 2
	}
}

// TestSparseLaw (docs/model.md, section 1): with sparse synapses, and levels of either kind,
// thinning has the law of the exact chain, of the Boltzmann distribution, and of the stepper.
func TestSparseLaw(t *testing.T) {
	for _, how := range []string{"potentials", "apart", "mixed"} {
		sample := func(c Config, net Network, clamps []Clamping, seed uint64) []float64 {
			e := newThinning(c.Resolve())
			levelsOf(e, how)
			e.SetNetwork(sparsely(c.Neurons, net))
			e.Clamp(clamps)
			e.Seed(seed, 0)
			return phasesOf(e, c, samples)
		}
		for k, c := range []Config{{Neurons: 3, TauRef: 5}, {Neurons: 2, TauRef: 10, PSPSteps: 3, MinISI: 12}, {Neurons: 2, TauRef: 1}} {
			net := randomNetwork(c.Neurons, 1.5, false, uint64(200+k))
			if chi, limit := chiSquare(sample(c, net, nil, uint64(k)), chain(c, net)); chi > limit {
				t.Errorf("%s, %+v: chi-square %.0f, limit %.0f", how, c, chi, limit)
			}
		}
		c := Config{Neurons: 5, TauRef: 10, Dynamics: Continuous}
		net := randomNetwork(5, 1, true, 5)
		if chi, limit := chiSquare(states(5, sample(c, net, nil, 1)), boltzmannStates(5, net)); chi > limit {
			t.Errorf("%s, %+v: chi-square %.0f, limit %.0f", how, c, chi, limit)
		}
		c = Config{Neurons: 4, TauRef: 6, PSP: synapse.RectangularTail, TauSyn: 12, PSPCut: 15, Delay: 3}
		net = randomNetwork(4, 0.7, false, 6)
		clamps := []Clamping{ClampedOn, ClampedOff, Free, Free}
		if chi, limit := chiSquare2(sample(c, net, clamps, 2), phases(t, Stepper, c, net, clamps, 3, samples)); chi > limit {
			t.Errorf("%s, %+v: chi-square %.0f, limit %.0f", how, c, chi, limit)
		}
	}
}

// TestHugeWeights: where sums of weights need a coarser unit, potentials still add up: excitation
// and inhibition of the same size cancel.
func TestHugeWeights(t *testing.T) {
	c := Config{Neurons: 3, TauRef: 5}
	const w = 6e5
	net := Network{Weights: []float64{0, w, -w, 1, 0, -1, 0.5, 0.5, 0}, Bias: []float64{-0.5, 0.5, 0}}
	e := newThinning(c.Resolve())
	e.SetNetwork(net)
	if e.shift <= 52-fractionBits {
		t.Fatalf("shift %d", e.shift)
	}
	chi, limit := chiSquare2(phasesOf(e, c, samples), phases(t, Stepper, c, net, nil, 1, samples))
	if chi > limit {
		t.Errorf("chi-square %.0f, limit %.0f", chi, limit)
	}
}

// engineCases are networks that use every part of the thinning simulator.
func engineCases() map[string]func() (*thinning, Network) {
	cases := map[string]func() (*thinning, Network){}
	add := func(name, how string, c Config, net Network) {
		cases[name] = func() (*thinning, Network) {
			e := newThinning(c.Resolve())
			levelsOf(e, how)
			e.SetNetwork(net)
			return e, net
		}
	}
	for _, n := range []int{3, 130} {
		net := randomNetwork(n, 1/float64(n), false, 9)
		sparse := sparsely(n, net)
		if n > 3 {
			sparse = sparseNetwork(n, 5, 0.3, 9)
		}
		for _, d := range []Dynamics{Discrete, Continuous} {
			name := d.String() + map[int]string{3: " small ", 130: " large "}[n]
			c := Config{Neurons: n, TauRef: 10, Delay: 2, Dynamics: d}
			add(name+"dense", "", c, net)
			for _, how := range []string{"potentials", "apart", "mixed"} {
				add(name+how, how, c, sparse)
			}
			c.PSP, c.TauSyn, c.PSPCut = synapse.RectangularTail, 4, 30
			add(name+"tail", "", c, net)
			add(name+"sparse tail", "", c, sparse)
			c.PSP = synapse.Alpha
			add(name+"sparse alpha", "", c, sparse)
			for i := range n {
				c.Refractory = append(c.Refractory, 0.3+float64(i*7%11)/7)
			}
			add(name+"sparse alpha, refractory times", "", c, sparse)
			c.PSP = synapse.Rectangular
			add(name+"refractory times", "", c, net)
			for _, how := range []string{"potentials", "apart", "mixed"} {
				add(name+how+", refractory times", how, c, sparse)
			}
		}
	}
	return cases
}

// TestThinningResumes: wherever a simulation is cut, and saved and restored into another engine, it
// gives the same spikes, also through changes of network, clamps and random numbers.
func TestThinningResumes(t *testing.T) {
	for name, build := range engineCases() {
		run := func(cut func(left int64) int64) (all []spike.Event) {
			e, net := build()
			buf := make([]spike.Event, 0, e.n+5)
			var clamps []Clamping
			tick := e.cfg.TicksPerStep()
			for phase := range 6 {
				switch phase {
				case 1:
					e.Seed(5, 1)
				case 2:
					clamps = make([]Clamping, e.n)
					clamps[0], clamps[1] = ClampedOn, ClampedOff
					e.Clamp(clamps)
				case 3:
					net.Bias = slices.Clone(net.Bias)
					net.Bias[2] += 1
					e.SetNetwork(net)
				case 4:
					clamps = nil
					e.Clamp(nil)
				case 5:
					e.Rest()
				}
				for end := e.Now() + 47*tick; e.Now() < end; {
					until := end
					if cut != nil {
						until = min(end, e.Now()+cut(end-e.Now()))
					}
					events, _ := e.Advance(until, buf)
					all = append(all, events...)
					if cut == nil {
						continue
					}
					state, err := e.AppendBinary(nil)
					if err != nil {
						t.Fatal(err)
					}
					e, _ = build()
					if phase >= 3 {
						e.SetNetwork(net)
					}
					e.Clamp(clamps)
					if err := e.UnmarshalBinary(state); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
				}
			}
			return all
		}
		want := run(nil)
		if len(want) < 20 {
			t.Fatalf("%s: only %d spikes", name, len(want))
		}
		s := random.New(3, random.Spikes, 0, 0)
		for range 2 {
			if got := run(func(left int64) int64 { return 1 + int64((0.3+0.6*s.Float64())*float64(left)) }); !slices.Equal(got, want) {
				t.Errorf("%s: another result", name)
			}
		}
	}
}

// TestThinningRefusesDamage: damaged states are refused or restored; nothing panics, then or later.
func TestThinningRefusesDamage(t *testing.T) {
	for name, build := range engineCases() {
		e, _ := build()
		if e.n > 3 {
			continue
		}
		buf := make([]spike.Event, 0, 1000)
		e.Advance(100*e.cfg.TicksPerStep(), buf)
		state, _ := e.AppendBinary(nil)
		for k := 4; k < len(state); k++ {
			for _, x := range []byte{1, 0x80, 0xff} {
				d := slices.Clone(state)
				d[k] ^= x
				f, _ := build()
				if f.UnmarshalBinary(d[:k]) == nil {
					t.Fatalf("%s: %d of %d bytes accepted", name, k, len(state))
				}
				if f.UnmarshalBinary(d) == nil && f.Now() < 1<<40 && f.Now() >= 0 {
					f.Advance(f.Now()+20, buf)
				}
			}
		}
	}
}

// TestThinningAllocatesNothing: nor does its setup take more than in proportion to neurons and
// synapses.
func TestThinningAllocatesNothing(t *testing.T) {
	for name, build := range engineCases() {
		e, _ := build()
		buf := make([]spike.Event, 0, 100*e.n)
		step := e.cfg.TicksPerStep()
		e.Advance(e.Now()+500*step, buf)
		if got := testing.AllocsPerRun(5, func() { e.Advance(e.Now()+10*step, buf) }); got > 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
	const n, synapses = 50000, 10
	net := sparseNetwork(n, synapses, 0.1, 1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	newThinning(Config{Neurons: n, TauRef: 50}.Resolve()).SetNetwork(net)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 150*n+20*n*synapses {
		t.Errorf("%d bytes for %d neurons with %d synapses each", got, n, synapses)
	}
}
