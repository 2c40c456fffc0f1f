package sampling

import (
	"slices"

	"spikealign/internal/detmath"
	"spikealign/internal/random"
	"spikealign/internal/state"
	"spikealign/spike"
)

// stepper is the model as it stands in docs/model.md, section 1: every step, every neuron, every
// past spike within reach. It is slow, and the oracle to which the other engines are held.
type stepper struct {
	cfg    Config
	kernel []float64 // kernel[l] = kappa(l) for lags 0..len-1
	minISI []int64   // of each neuron
	logTau float64
	net    Network
	clamps []Clamping

	now int64
	// per neuron, its spikes within reach of the kernel or the refractory time, oldest first
	past   [][]int64
	draws  []random.Stream
	traces []float64
}

func newStepper(c Config) *stepper {
	p := c.psp()
	s := &stepper{cfg: c, kernel: make([]float64, p.Length()+1), logTau: detmath.Log(float64(c.TauRef)),
		net: Network{Weights: make([]float64, c.Neurons*c.Neurons), Bias: make([]float64, c.Neurons)}, clamps: make([]Clamping, c.Neurons),
		past: make([][]int64, c.Neurons), draws: make([]random.Stream, c.Neurons), traces: make([]float64, c.Neurons)}
	for l := range s.kernel {
		s.kernel[l] = p.At(int64(l))
	}
	if s.minISI = c.shortest(); s.minISI == nil {
		s.minISI = slices.Repeat([]int64{c.MinISI}, c.Neurons)
	}
	s.Seed(0, 0)
	return s
}

func (s *stepper) Name() string { return Stepper }
func (s *stepper) Now() int64   { return s.now }

func (s *stepper) SetNetwork(net Network)  { s.net = net.clone() }
func (s *stepper) Clamp(clamps []Clamping) { s.clamps = cloneClamps(clamps, s.cfg.Neurons) }

// Seed gives every neuron a stream of its own, of which it takes one number per step, used or not.
func (s *stepper) Seed(seed, stretch uint64) {
	for i := range s.draws {
		s.draws[i] = random.New(seed, random.Spikes, stretch, uint64(i)+1)
	}
}

func (s *stepper) Rest() {
	for j := range s.past {
		s.past[j] = s.past[j][:0]
	}
}

func (s *stepper) Advance(until int64, dst []spike.Event) ([]spike.Event, bool) {
	n := s.cfg.Neurons
	reach := max(int64(len(s.kernel))-1, slices.Max(s.minISI))
	for ; s.now < until; s.now++ {
		if cap(dst)-len(dst) < n {
			return dst, false
		}
		for j, past := range s.past {
			for len(past) > 0 && s.now-past[0] > reach {
				past = past[1:]
			}
			s.past[j] = past
			s.traces[j] = 0
			for _, t := range past {
				if l := s.now - t; l < int64(len(s.kernel)) {
					s.traces[j] += s.kernel[l]
				}
			}
		}
		first := len(dst)
		for i := range n {
			x := s.draws[i].Float64()
			if past := s.past[i]; len(past) > 0 && s.now-past[len(past)-1] < s.minISI[i] {
				continue
			}
			p := detmath.Logistic(min(s.potential(i), uMax) - s.logTau)
			if s.clamps[i] == ClampedOn || (s.clamps[i] == Free && x < p) {
				dst = append(dst, spike.Event{Time: s.now, Neuron: int32(i)})
			}
		}
		for _, e := range dst[first:] {
			s.past[e.Neuron] = append(s.past[e.Neuron], s.now)
		}
	}
	return dst, true
}

// potential is u_i of the present step.
func (s *stepper) potential(i int) float64 {
	n := s.cfg.Neurons
	u := s.net.Bias[i]
	if sp := s.net.Sparse; sp != nil {
		for j := range n {
			for k := sp.Start[j]; k < sp.Start[j+1]; k++ {
				if int(sp.Post[k]) == i && i != j {
					u += float64(sp.Weight[k] * s.traces[j])
				}
			}
		}
		return u
	}
	for j, x := range s.traces {
		if i != j {
			u += float64(s.net.Weights[i*n+j] * x)
		}
	}
	return u
}

const stepperTag = "SST1"

func (s *stepper) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, stepperTag)
	w.Int(s.now)
	for i, past := range s.past {
		w.Part(&s.draws[i])
		w.Count(len(past))
		w.Ints(past)
	}
	return w.End()
}

func (s *stepper) UnmarshalBinary(b []byte) error {
	r := state.NewReader(b, stepperTag)
	now := r.Int()
	past := make([][]int64, len(s.past))
	draws := make([]random.Stream, len(s.draws))
	for i := range past {
		r.Part(random.StreamSize, &draws[i])
		past[i] = make([]int64, r.Count(8))
		r.Ints(past[i])
		r.Check(increasing(past[i], now), "past spikes out of order")
	}
	if err := r.Done(); err != nil {
		return err
	}
	s.now, s.past, s.draws = now, past, draws
	return nil
}
