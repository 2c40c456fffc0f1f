package transport

import (
	"math"

	"spikealign/internal/detmath"
	"spikealign/internal/state"
	"spikealign/settings"
)

// STDWI is spike-timing-dependent weight inference (Ahmad, Ambrogioni & van Gerven 2020, arXiv
// 2003.03988). Each neuron of the lower layer has a fast and a slow trace of its spikes, which have
// the same area,
//
//	fast(t) = sum over spikes s <= t, exp(-(t-s)/TauFast)
//	slow(t) = sum over spikes s <= t, TauFast/TauSlow * exp(-(t-s)/TauSlow)
//
// so that fast - slow has the mean 0 at times that have nothing to do with the neuron. When a
// neuron of the upper layer spikes, the feedback weights from it change:
//
//	B += Rate * ((fast - slow) - Decay*B)
//
// B then is an average over about 1/(Rate*Decay) spikes. The differences of synapses that a problem
// may have do not exist here.
type STDWI struct {
	LIF
	TauFast float64     `yaml:"tau_fast" default:"10" range:"[0.01, 1e5]" unit:"ms" doc:"time constant of the fast trace"`
	TauSlow float64     `yaml:"tau_slow" default:"200" range:"[0.01, 1e5]" unit:"ms" doc:"time constant of the slow trace; longer than tau_fast"`
	Rate    float64     `yaml:"rate" default:"0.02" range:"[0, 1e6]" also:"lr, learning_rate" doc:"learning rate, per spike of the upper layer; as in the paper of SAL, that of STDWI has 0.0001 to 0.0005 and longer times"`
	Decay   float64     `yaml:"decay" default:"0.1" range:"[0, 1e6]" also:"decay_weighting, decay_factor" doc:"decay of the feedback weights, relative to the rate"`
	Traces  stdwiTraces `yaml:"traces" default:"all" doc:"all: spikes add to the traces; nearest: a spike replaces what was there"`
	Anneal  float64     `yaml:"anneal" default:"0" range:"[0, 1e9]" unit:"s" doc:"the rate at time t is rate/(1 + t/anneal); 0: constant, as published"`
}

// stdwiTraces says which spikes are in a trace.
type stdwiTraces uint8

const (
	allTraces stdwiTraces = iota
	nearestTraces
)

var stdwiTraceNames = settings.Names{allTraces: "all", nearestTraces: "nearest"}

func (t stdwiTraces) String() string                { return stdwiTraceNames.String(int(t)) }
func (t stdwiTraces) MarshalText() ([]byte, error)  { return stdwiTraceNames.Marshal(int(t)) }
func (t *stdwiTraces) UnmarshalText(b []byte) error { return settings.Parse(stdwiTraceNames, b, t) }

// Doc implements Method.
func (s *STDWI) Doc() string {
	return "Spike-timing-dependent weight inference: fast and slow traces of the presynaptic spikes, read at postsynaptic spikes (Ahmad et al. 2020)."
}

// Validate implements Method.
func (s *STDWI) Validate(layers []int) settings.Problems {
	ps := settings.Check(s)
	s.relate(&ps, layers)
	if !ps.Has("tau_fast", "tau_slow") && s.TauFast >= s.TauSlow {
		ps.Add("tau_slow", "must be longer than tau_fast")
	}
	if !ps.Has("rate", "decay") && s.Rate*s.Decay > 1 {
		ps.Add("decay", "must be at most 1/rate, %.3g: with more the feedback weights would swing", 1/s.Rate)
	}
	return ps
}

// Clock implements Method.
func (s *STDWI) Clock() (stepSeconds float64, replicas int) { return s.StepSeconds, 1 }

// Start implements Method.
func (s *STDWI) Start(p Problem) (Learner, error) {
	if err := s.Validate(p.Layers).Err(); err != nil {
		return nil, err
	}
	dt := 1000 * s.StepSeconds
	// between two renewals traces grow by e^40 at the most, unless a step does more
	renew := int64(max(1, min(4096, math.Floor(float64(40*s.TauFast/dt)))))
	fast, slow := newStdwiFading(dt/s.TauFast, renew), newStdwiFading(dt/s.TauSlow, renew)
	return s.newLIF(p, "STD1", func(below, above int, b []float64) lifRule {
		r := &stdwi{STDWI: *s, below: below, b: b, renew: renew, fast: fast, slow: slow}
		r.now = newStdwiTraced(below)
		for range (above + lifLanes - 1) / lifLanes {
			r.tiles = append(r.tiles, newStdwiTraced(below))
		}
		return r
	})
}

// stdwiFading is an exponential, and its inverse, by the number of steps.
type stdwiFading struct{ up, down []float64 }

func newStdwiFading(perStep float64, steps int64) stdwiFading {
	var f stdwiFading
	for k := range steps + 1 {
		x := float64(float64(k) * perStep)
		f.up, f.down = append(f.up, detmath.Exp(x)), append(f.down, detmath.Exp(-x))
	}
	return f
}

// stdwiTraced is the traces of the neurons of a layer. Traces do not decay by themselves: a spike
// adds as much more as has decayed since the last renewal, and who reads must apply what has
// decayed by then.
type stdwiTraced struct {
	fast, slow []float64
	// with nearest spikes: sums over neurons, and those summed over time
	sumFast, sumSlow     float64
	totalFast, totalSlow float64
}

func newStdwiTraced(n int) *stdwiTraced {
	return &stdwiTraced{fast: make([]float64, n), slow: make([]float64, n)}
}

func (x *stdwiTraced) copy(y *stdwiTraced) {
	fast, slow := x.fast, x.slow
	*x = *y
	x.fast, x.slow = fast, slow
	copy(x.fast, y.fast)
	copy(x.slow, y.slow)
}

// stdwi is the rule for a pair of layers.
//
// Cost: about 1 ns for each neuron of the lower layer at a spike of the upper one, and 2 ns for
// each spike of the lower layer and tile.
type stdwi struct {
	STDWI
	below      int
	b          []float64
	renew      int64
	fast, slow stdwiFading
	now        *stdwiTraced   // at the end of the last piece
	tiles      []*stdwiTraced // the tiles' own
}

func (r *stdwi) gather(*lifPiece) {}

func (r *stdwi) learn(k int, in, out *lifPiece) {
	x := r.tiles[k]
	x.copy(r.now)
	for t := in.from; t < in.until; t++ {
		pos := t % r.renew
		if pos == 0 && t > 0 {
			r.renewal(x)
		}
		r.take(x, in.of(t), pos)
		spikes := out.of(t)
		if len(spikes) == 0 {
			continue
		}
		rate := r.Rate
		if r.Anneal > 0 {
			rate /= 1 + float64(float64(t)*r.StepSeconds)/r.Anneal
		}
		keep := 1 - float64(rate*r.Decay)
		fast := float64(rate * r.fast.down[pos])
		slow := float64(float64(rate*r.slow.down[pos])*r.TauFast) / r.TauSlow
		if r.Traces == nearestTraces {
			slow *= x.balance(r)
		}
		for _, i := range spikes {
			b := r.b[int(i)*r.below:][:r.below]
			f, s := x.fast[:len(b)], x.slow[:len(b)]
			for j := range b {
				b[j] = float64(keep*b[j]) + (float64(fast*f[j]) - float64(slow*s[j]))
			}
		}
	}
}

// renewal lets the traces decay.
func (r *stdwi) renewal(x *stdwiTraced) {
	fast, slow := r.fast.down[r.renew], r.slow.down[r.renew]
	for j := range x.fast {
		x.fast[j] = float64(x.fast[j] * fast)
		x.slow[j] = float64(x.slow[j] * slow)
		if x.fast[j] < 1e-200 {
			x.fast[j] = 0
		}
	}
	x.sumFast = float64(x.sumFast * fast)
	x.sumSlow = float64(x.sumSlow * slow)
}

// take adds the spikes of a step to the traces.
func (r *stdwi) take(x *stdwiTraced, in []int32, pos int64) {
	fast, slow := r.fast.up[pos], r.slow.up[pos]
	if r.Traces == allTraces {
		for _, j := range in {
			x.fast[j] += fast
			x.slow[j] += slow
		}
		return
	}
	for _, j := range in {
		x.sumFast += fast - x.fast[j]
		x.sumSlow += slow - x.slow[j]
		x.fast[j] = fast
		x.slow[j] = slow
	}
	x.totalFast += float64(x.sumFast * r.fast.down[pos])
	x.totalSlow += float64(x.sumSlow * r.slow.down[pos])
}

// balance is the factor on the slow traces that gives them the area of the fast ones so far. (The
// published program uses the areas of the whole simulation, and so knows its future.)
func (x *stdwiTraced) balance(r *stdwi) float64 {
	if !(x.totalFast > 0 && x.totalSlow > 0) {
		return 1
	}
	return x.totalFast / x.totalSlow * r.TauSlow / r.TauFast
}

func (r *stdwi) end(*lifPiece) { r.now.copy(r.tiles[0]) }

func (r *stdwi) append(w *state.Writer) {
	w.Floats(r.now.fast)
	w.Floats(r.now.slow)
	for _, x := range [...]float64{r.now.sumFast, r.now.sumSlow, r.now.totalFast, r.now.totalSlow} {
		w.Float(x)
	}
}

func (r *stdwi) read(s *state.Reader) {
	s.Finites(r.now.fast)
	s.Finites(r.now.slow)
	for j := range r.now.fast {
		s.Check(r.now.fast[j] >= 0 && r.now.slow[j] >= 0, "a negative trace")
	}
	for _, x := range [...]*float64{&r.now.sumFast, &r.now.sumSlow, &r.now.totalFast, &r.now.totalSlow} {
		*x = s.Float()
		s.Check(math.Abs(*x) < 1e200, "an impossible sum of traces")
	}
}
