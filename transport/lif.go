package transport

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"

	"spikealign/internal/detmath"
	"spikealign/internal/state"
	"spikealign/layered"
	"spikealign/mismatch"
	"spikealign/settings"
)

// LIF describes leaky integrate-and-fire neurons and the stimulus that drives them, as in Ahmad,
// Ambrogioni & van Gerven (Overcoming the weight transport problem via spike-timing-dependent
// weight inference, 2020, arXiv 2003.03988). Every pair of consecutive layers is a network of its
// own: each neuron of the lower layer has a stimulus neuron, which spikes as a Poisson process
// during some periods; the upper layer gets the spikes of the lower one through the forward
// weights. With step dt, v the membrane potential and I the current,
//
//	v(t) = v(t-dt) + dt/TauMembrane * (Drift - v(t-dt) + Coupling*(I(t-dt) - v(t-dt)))
//	I(t) = sum over spikes at s of neurons j: w_j * psp(t-s)
//	psp(d) = (exp(-d/TauSyn) - exp(-d/TauRise)) / (TauSyn - TauRise)
//
// A neuron spikes and is reset where v >= Threshold. Biases play no part, as published. Where
// neurons differ, gain and offset make gain*v + offset of the potential v that a neuron would have
// without resets, and the factor of the refractory time applies to Refractory (published: 0).
type LIF struct {
	StepSeconds    float64 `yaml:"step_seconds" default:"0.00025" range:"[1e-6, 0.01]" unit:"s" also:"dt, timestep" doc:"duration of a step"`
	TauMembrane    float64 `yaml:"tau_membrane" default:"20" range:"[0.1, 1e4]" unit:"ms" also:"tau" doc:"membrane time constant; effective: divided by 1 + coupling"`
	Coupling       float64 `yaml:"coupling" default:"1" range:"[0, 100]" also:"coupling_ratio" doc:"dendritic conductance over leak conductance"`
	Threshold      float64 `yaml:"threshold" default:"1" range:"(0, 1e6]" also:"thresh" doc:"membrane potential at which a neuron spikes"`
	Reset          float64 `yaml:"reset" default:"-1" range:"[-1e6, 1e6)" doc:"membrane potential after a spike; below the threshold"`
	Drift          float64 `yaml:"drift" default:"0" range:"[-1e6, 1e6]" doc:"constant input"`
	Refractory     float64 `yaml:"refractory" default:"0" range:"[0, 1e4]" unit:"ms" doc:"time for which a neuron stays at reset after a spike; rounded to steps"`
	TauSyn         float64 `yaml:"tau_syn" default:"10" range:"[0.01, 1e4]" unit:"ms" doc:"time constant of the decay of a postsynaptic current"`
	TauRise        float64 `yaml:"tau_rise" default:"3" range:"[0.01, 1e4]" unit:"ms" doc:"time constant of its rise; another than tau_syn"`
	WeightScale    float64 `yaml:"weight_scale" default:"75" range:"(0, 1e6]" doc:"factor on the forward weights, so that neurons spike"`
	StimulusWeight float64 `yaml:"stimulus_weight" default:"10" range:"[0, 1e6]" also:"stim_weight_scale" doc:"weight from the stimulus to a neuron of the lower layer"`
	StimulusShare  float64 `yaml:"stimulus_share" default:"0.2" range:"(0, 1]" also:"stim_ratio, ratio_active" doc:"share of the neurons that are driven at a time"`
	StimulusRate   float64 `yaml:"stimulus_rate" default:"200" range:"(0, 1e6]" unit:"Hz" also:"stim_rate" doc:"rate of a stimulus while it drives"`
	StimulusPeriod float64 `yaml:"stimulus_period" default:"100" range:"[0.001, 1e6]" unit:"ms" also:"stim_duration, stimulus_length" doc:"time after which others are driven"`
}

// Lacks implements Method: there are no windows of SAL, and factors of a refractory time of 0 do
// nothing.
func (s *LIF) Lacks() []string {
	lacks := []string{mismatch.Amplitude, mismatch.Tau}
	if s.steps(s.Refractory) == 0 {
		lacks = append(lacks, mismatch.Refractory)
	}
	return lacks
}

// Updates implements Method: rules learn at spikes, unless they say otherwise.
func (s *LIF) Updates() (setting string, steps int64) { return "", 1 }

// steps returns a time in steps.
func (s *LIF) steps(ms float64) int64 {
	return int64(math.RoundToEven(float64(ms / (1000 * s.StepSeconds))))
}

// period is StimulusPeriod in steps.
func (s *LIF) period() int64 { return max(s.steps(s.StimulusPeriod), 1) }

// relate adds what is wrong with the settings together and for networks of these layers.
func (s *LIF) relate(ps *settings.Problems, layers []int) {
	layered.CheckLayers(ps, "layers", layers)
	if !ps.Has("reset", "threshold") && s.Reset >= s.Threshold {
		ps.Add("reset", "must be below threshold")
	}
	if s.TauRise == s.TauSyn {
		ps.Add("tau_rise", "must differ from tau_syn")
	}
	if ps.Has("step_seconds") {
		return
	}
	dt := 1000 * s.StepSeconds
	if !ps.Has("refractory") && s.Refractory > 0 && s.steps(s.Refractory) == 0 {
		ps.Add("refractory", "rounds to 0 steps of step_seconds and has no effect: 0, or %.3g ms or more", dt)
	}
	if !ps.Has("tau_membrane", "coupling") && dt*(1+s.Coupling) > s.TauMembrane {
		ps.Add("step_seconds", "must be at most tau_membrane/(1 + coupling), %.3g s", s.TauMembrane/(1+s.Coupling)/1000)
	}
	if !ps.Has("stimulus_rate") && s.StimulusRate*s.StepSeconds > 1 {
		ps.Add("stimulus_rate", "must be at most a spike in a step, %.6g Hz", 1/s.StepSeconds)
	}
	if !ps.Has("stimulus_share") {
		relateShare(ps, "stimulus_share", s.StimulusShare, layers)
	}
}

// lifPiece holds the spikes of some neurons in some steps.
type lifPiece struct {
	from, until int64
	at          []int32 // where the spikes of each step begin; one more, where the last ones end
	ids         []int32 // neurons, in order in each step
}

func (p *lifPiece) begin(from, until int64) {
	p.from, p.until = from, until
	p.at, p.ids = p.at[:0], p.ids[:0]
}

// next ends the step before and begins one.
func (p *lifPiece) next() { p.at = append(p.at, int32(len(p.ids))) }

// of returns the neurons that spiked in step t.
func (p *lifPiece) of(t int64) []int32 {
	k := t - p.from
	return p.ids[p.at[k]:p.at[k+1]]
}

// lifLanes is the number of neurons of a tile: what one worker simulates at a time.
const lifLanes = 64

// lifTile is some neurons of a layer, from the neuron first on. Currents are in two parts, the one
// that decays slowly less the other, in units of what they add to v in a step.
type lifTile struct {
	first, n      int
	v, slow, fast [lifLanes]float64
	drift         [lifLanes]float64 // added to v in every step
	rests         [lifLanes]int32   // for so many steps after a spike
	rest          [lifLanes]int32   // steps left of them
	rows          []float64         // what a spike of input j adds to the currents: rows[j*n:][:n]
	spikes        lifPiece
}

// lifMembrane is the arithmetic of a step.
type lifMembrane struct {
	leak, slow, fast float64 // factors of a step
	current          float64 // of a weight
	threshold, reset float64
	rests            bool
}

func (s *LIF) membrane() lifMembrane {
	dt := 1000 * s.StepSeconds
	return lifMembrane{
		leak:      1 - float64(dt*(1+s.Coupling)/s.TauMembrane),
		slow:      detmath.Exp(-dt / s.TauSyn),
		fast:      detmath.Exp(-dt / s.TauRise),
		current:   float64(dt*s.Coupling/s.TauMembrane) / (s.TauSyn - s.TauRise),
		threshold: s.Threshold,
		reset:     s.Reset,
		rests:     s.steps(s.Refractory) > 0,
	}
}

// step lets a tile come one step further and notes who spikes.
func (m *lifMembrane) step(x *lifTile) {
	v := x.v[:x.n]
	slow, fast, drift := x.slow[:len(v)], x.fast[:len(v)], x.drift[:len(v)]
	ids := x.spikes.ids
	for i := range v {
		u := float64(v[i]*m.leak) + (slow[i] - fast[i]) + drift[i]
		slow[i] = float64(slow[i] * m.slow)
		fast[i] = float64(fast[i] * m.fast)
		if u >= m.threshold {
			ids = append(ids, int32(x.first+i))
			u = m.reset
		}
		v[i] = u
	}
	x.spikes.ids = ids
}

// stepResting is step for neurons with refractory times.
func (m *lifMembrane) stepResting(x *lifTile) {
	for i := range x.n {
		u := float64(x.v[i]*m.leak) + (x.slow[i] - x.fast[i]) + x.drift[i]
		x.slow[i] = float64(x.slow[i] * m.slow)
		x.fast[i] = float64(x.fast[i] * m.fast)
		if x.rest[i] > 0 {
			x.rest[i]--
			u = m.reset
		} else if u >= m.threshold {
			x.spikes.ids = append(x.spikes.ids, int32(x.first+i))
			x.rest[i] = x.rests[i]
			u = m.reset
		}
		x.v[i] = u
	}
}

func (m *lifMembrane) advance(x *lifTile) {
	x.spikes.next()
	if m.rests {
		m.stepResting(x)
	} else {
		m.step(x)
	}
}

// settle makes currents that have faded away exactly 0, before they become numbers that processors
// are slow with.
func (x *lifTile) settle() {
	for i := range x.n {
		if math.Abs(x.slow[i]) < 1e-200 {
			x.slow[i] = 0
		}
		if math.Abs(x.fast[i]) < 1e-200 {
			x.fast[i] = 0
		}
	}
}

// rule learns the weights of a pair of layers from spikes. A piece of time does not go beyond the
// end of a period of the stimulus.
type lifRule interface {
	// gather takes the inputs' spikes of a piece of time.
	gather(in *lifPiece)
	// learn then changes the weights to the output neurons of tile k. Other tiles' may change at
	// the same time.
	learn(k int, in, out *lifPiece)
	// end follows when all tiles have learned.
	end(in *lifPiece)
	// append and read are the state of the rule without the weights.
	append(w *state.Writer)
	read(r *state.Reader)
}

// lifPair is two consecutive layers.
type lifPair struct {
	below, above int // neurons
	stimulus     *stimulus
	drive        func(i int32)
	in, out      []lifTile
	inputs       lifPiece  // spikes of all tiles of in
	b            []float64 // estimate of the forward weights, above x below
	down         []float64 // its transpose, when asked for
	rule         lifRule
}

// lifLearner learns with LIF neurons. Layers are simulated piece by piece of time: first the
// inputs of all pairs, then the tiles of outputs, each of which learns its own weights. Learning
// does not act on the neurons.
//
// Cost: about 1 ns per neuron and step, which is most of it in small layers; 0.5 ns for each
// synapse that a spike goes through; and what the rule says.
type lifLearner struct {
	membrane lifMembrane
	problem  Problem
	tag      string
	period   int64
	piece    int64 // steps at the most
	pairs    []lifPair
	tiles    []lifPlace // of outputs

	time, spikes int64
	from, until  int64 // of the present piece

	excite, respond func(k int)
	work            func(worker int)
	do              func(k int)
	jobs            int
	next            atomic.Int64
	feed            []int32
}

type lifPlace struct{ pair, tile int }

// newLIF returns a learner at its beginning. learn returns the rule for a pair whose weights begin
// as b, above x below, and change there.
func (s *LIF) newLIF(p Problem, tag string, learn func(below, above int, b []float64) lifRule) (Learner, error) {
	if err := p.check(s.steps(s.Refractory), 1<<30); err != nil {
		return nil, fmt.Errorf("transport: %w", err)
	}
	l := &lifLearner{membrane: s.membrane(), problem: p, tag: tag, period: s.period()}
	cost := 1.0
	for k, below := range p.Layers[:len(p.Layers)-1] {
		above := p.Layers[k+1]
		q := lifPair{below: below, above: above, b: make([]float64, below*above), down: make([]float64, below*above)}
		q.stimulus = newStimulus(p.Seed, k, below, s.StimulusShare, s.StimulusRate*s.StepSeconds, l.period)
		q.in, q.out = s.tiles(p.Neurons, k, below), s.tiles(p.Neurons, k+1, above)
		gainBelow, _, _ := p.Neurons.Layer(k)
		gainAbove, _, _ := p.Neurons.Layer(k + 1)
		for t := range q.in {
			x := &q.in[t]
			x.rows = make([]float64, x.n)
			for i := range x.rows {
				x.rows[i] = s.StimulusWeight * gainBelow(x.first+i) * l.membrane.current
			}
		}
		for t := range q.out {
			x := &q.out[t]
			l.tiles = append(l.tiles, lifPlace{k, t})
			x.rows = make([]float64, below*x.n)
			for i := range x.n {
				g := s.WeightScale * gainAbove(x.first+i) * l.membrane.current
				for j, w := range p.Weights.Up[k][(x.first+i)*below:][:below] {
					y := g * w
					if !(math.Abs(y) < 1e12) {
						return nil, fmt.Errorf("transport: forward weight %v from neuron %d of layer %d to neuron %d is too large for weight_scale %v: a smaller one helps", w, j, k, x.first+i, s.WeightScale)
					}
					x.rows[j*x.n+i] = y
				}
			}
		}
		for j := range below {
			for i := range above {
				w := p.Weights.Down[k][j*above+i]
				if math.IsNaN(w) || math.IsInf(w, 0) {
					return nil, fmt.Errorf("transport: feedback weight %v to neuron %d of layer %d: must be finite", w, j, k)
				}
				q.b[i*below+j] = w
			}
		}
		in := q.in
		q.drive = func(i int32) {
			x := &in[i/lifLanes]
			i %= lifLanes
			x.slow[i] += x.rows[i]
			x.fast[i] += x.rows[i]
		}
		q.rule = learn(below, above, q.b)
		l.pairs = append(l.pairs, q)
		cost += float64(2*(below+above)) + float64(below*above)/10
	}
	l.piece = int64(max(1, min(1024, 2e7/cost)))
	l.excite, l.respond = l.exciteBelow, l.respondAbove
	l.work = func(int) {
		for k := l.next.Add(1) - 1; int(k) < l.jobs; k = l.next.Add(1) - 1 {
			l.do(int(k))
		}
	}
	return l, nil
}

// tiles returns the neurons of a layer at rest.
func (s *LIF) tiles(v layered.Neurons, layer, n int) []lifTile {
	gain, offset, refractory := v.Layer(layer)
	dt := 1000 * s.StepSeconds
	var tiles []lifTile
	for first := 0; first < n; first += lifLanes {
		x := lifTile{first: first, n: min(lifLanes, n-first)}
		for i := range x.n {
			k := first + i
			x.drift[i] = float64(dt/s.TauMembrane) * (float64(gain(k)*s.Drift) + float64((1+s.Coupling)*offset(k)))
			x.rests[i] = int32(s.steps(float64(refractory(k) * s.Refractory)))
		}
		tiles = append(tiles, x)
	}
	return tiles
}

// Time implements Learner.
func (l *lifLearner) Time() int64 { return l.time }

// SpikeCount implements Learner. Spikes of the stimulus do not count.
func (l *lifLearner) SpikeCount() int64 { return l.spikes }

// Down implements Learner.
func (l *lifLearner) Down(layer int) []float64 {
	q := &l.pairs[layer]
	for i := range q.above {
		for j, x := range q.b[i*q.below:][:q.below] {
			q.down[j*q.above+i] = x
		}
	}
	return q.down
}

// Run implements Learner.
func (l *lifLearner) Run(ctx context.Context, until int64) error {
	for l.time < until {
		l.from = l.time
		l.until = min(until, l.from+l.piece, (l.from/l.period+1)*l.period)
		l.each(len(l.pairs), l.excite)
		l.each(len(l.tiles), l.respond)
		for k := range l.pairs {
			q := &l.pairs[k]
			q.rule.end(&q.inputs)
			l.spikes += int64(len(q.inputs.ids))
			for t := range q.out {
				l.spikes += int64(len(q.out[t].spikes.ids))
			}
		}
		l.time = l.until
		if err := l.deliver(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil
}

// each does jobs 0 .. n-1, with all workers if that pays.
func (l *lifLearner) each(n int, do func(k int)) {
	if l.problem.Parallel == nil || l.problem.Workers < 2 || n < 2 {
		for k := range n {
			do(k)
		}
		return
	}
	l.do, l.jobs = do, n
	l.next.Store(0)
	l.problem.Parallel(min(l.problem.Workers, n), l.work)
}

// exciteBelow simulates the lower layer of pair k.
func (l *lifLearner) exciteBelow(k int) {
	q := &l.pairs[k]
	q.inputs.begin(l.from, l.until)
	for t := range q.in {
		q.in[t].spikes.begin(l.from, l.until)
		if l.from%l.period == 0 {
			q.in[t].settle()
		}
	}
	for now := l.from; now < l.until; now++ {
		q.inputs.next()
		for t := range q.in {
			x := &q.in[t]
			before := len(x.spikes.ids)
			l.membrane.advance(x)
			q.inputs.ids = append(q.inputs.ids, x.spikes.ids[before:]...)
		}
		q.stimulus.spikes(now, q.drive)
	}
	q.inputs.next()
	q.rule.gather(&q.inputs)
}

// respondAbove simulates tile k of all outputs and lets it learn.
func (l *lifLearner) respondAbove(k int) {
	q := &l.pairs[l.tiles[k].pair]
	x := &q.out[l.tiles[k].tile]
	x.spikes.begin(l.from, l.until)
	if l.from%l.period == 0 {
		x.settle()
	}
	for now := l.from; now < l.until; now++ {
		l.membrane.advance(x)
		for _, j := range q.inputs.of(now) {
			row := x.rows[int(j)*x.n:][:x.n]
			slow, fast := x.slow[:len(row)], x.fast[:len(row)]
			for i, w := range row {
				slow[i] += w
				fast[i] += w
			}
		}
	}
	x.spikes.next()
	q.rule.learn(l.tiles[k].tile, &q.inputs, &x.spikes)
}

// deliver hands over the spikes of the lower layer of every pair, and of the upper one of the last.
func (l *lifLearner) deliver() error {
	if l.problem.Spikes == nil {
		return nil
	}
	top := len(l.pairs)
	for t := l.from; t < l.until; t++ {
		for k := range l.pairs {
			if ids := l.pairs[k].inputs.of(t); len(ids) > 0 {
				if err := l.problem.Spikes(0, t, k, ids); err != nil {
					return err
				}
			}
		}
		l.feed = l.feed[:0]
		for x := range l.pairs[top-1].out {
			l.feed = append(l.feed, l.pairs[top-1].out[x].spikes.of(t)...)
		}
		if len(l.feed) > 0 {
			if err := l.problem.Spikes(0, t, top, l.feed); err != nil {
				return err
			}
		}
	}
	return nil
}

// AppendBinary implements Learner.
func (l *lifLearner) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, l.tag)
	w.Int(l.time)
	w.Int(l.spikes)
	for k := range l.pairs {
		q := &l.pairs[k]
		w.Count(len(q.b))
		w.Floats(q.b)
		for _, tiles := range [2][]lifTile{q.in, q.out} {
			w.Count(len(tiles))
			for t := range tiles {
				x := &tiles[t]
				w.Floats(x.v[:x.n])
				w.Floats(x.slow[:x.n])
				w.Floats(x.fast[:x.n])
				w.Int32s(x.rest[:x.n])
			}
		}
		q.rule.append(w)
	}
	return w.End()
}

// UnmarshalBinary implements Learner.
func (l *lifLearner) UnmarshalBinary(b []byte) error {
	r := state.NewReader(b, l.tag)
	l.time = r.Int()
	l.spikes = r.Int()
	r.Check(0 <= l.time && l.time < 1<<60 && l.spikes >= 0, "impossible times")
	for k := range l.pairs {
		q := &l.pairs[k]
		r.CountIs(len(q.b))
		r.Finites(q.b)
		for _, tiles := range [2][]lifTile{q.in, q.out} {
			r.CountIs(len(tiles))
			for t := range tiles {
				x := &tiles[t]
				r.Finites(x.v[:x.n])
				r.Finites(x.slow[:x.n])
				r.Finites(x.fast[:x.n])
				r.Int32s(x.rest[:x.n])
				for i := range x.n {
					r.Check(x.v[i] < l.membrane.threshold, "a membrane potential beyond the threshold")
					r.Check(0 <= x.rest[i] && x.rest[i] <= x.rests[i], "an impossible refractory time")
				}
			}
		}
		q.rule.read(r)
	}
	return r.Done()
}
