package sampling

import (
	"fmt"
	"math"
	"slices"

	"spikealign/internal/detmath"
	"spikealign/internal/state"
	"spikealign/sal"
	"spikealign/settings"
	"spikealign/spike"
	"spikealign/synapse"
)

// PairTraining describes spike-based alignment learning on the two synapses between the first two
// neurons of a network, in epochs (docs/model.md, sections 5 and 6). Other neurons may take part;
// their synapses are fixed. With both rates 0 it measures the drift.
//
// PairSettings.Training makes one from a description.
type PairTraining struct {
	Config
	PairCourse
	Pairs
	Seed    uint64
	Network Network // dense; at the start
	// Settle is the number of steps from rest before the first epoch, in which nothing is measured
	// or learned.
	Settle         int64
	Rate12, Rate21 float64 // learning rates of W[0][1] and W[1][0]; 0 freezes one
	// Lower and Upper bound both weights after each epoch.
	Lower, Upper float64
}

// PairCourse says how long the training of a pair takes.
type PairCourse struct {
	Epochs      int64 `yaml:"epochs" default:"1500" range:"[0, 2^40]" also:"duration" doc:"number of epochs; weights change at the end of each"`
	EpochLength int64 `yaml:"epoch_length" default:"1500" range:"[1, 2^40]" unit:"steps" also:"duration" doc:"length of an epoch"`
	ReportEvery int64 `yaml:"report_every" default:"25" range:"[1, 2^40]" doc:"epochs between two rows of metrics.csv; the start and the end are reported in any case"`
}

// Pairs says which pairs of spikes count for SAL, and how much.
type Pairs struct {
	Window    synapse.WindowShape `yaml:"sal_window" once:"window" default:"exponential" doc:"SAL's learning window: triangular, exponential"`
	WindowTau float64             `yaml:"sal_window_tau" once:"window_tau" range:"0 or [0.01, 2^24]" unit:"steps" also:"tau_stdp, tau_sal, tau_plus, tau_minus" doc:"its time constant; 0: tau_ref"`
	Pairing   synapse.Pairing     `yaml:"sal_pairing" once:"pairing" default:"last-10" doc:"which pairs count for SAL: nearest, last-1, last-2, ..., all; without effect where the window ends with the refractory time"`
}

// Half is the learning window in ticks of a network's clock.
func (p Pairs) Half(c Config) synapse.Half {
	tau := p.WindowTau
	if tau == 0 {
		tau = float64(c.TauRef)
	}
	return synapse.Half{Shape: p.Window, Tau: tau * float64(c.TicksPerStep())}
}

// relate adds, at the path of the time constant, what is wrong with the window.
func (p Pairs) relate(ps *settings.Problems, path string, c Config) {
	longest := synapse.MaxWindowTau / c.TicksPerStep()
	if c.TauRef > longest {
		ps.Add("network.tau_ref", "must be at most %d steps in continuous time", longest)
		return
	}
	switch half := p.Half(c); {
	case ps.Has(path):
	case half.Validate() != nil:
		ps.Add(path, "must be 0 (which stands for tau_ref) or at most %d steps", longest)
	// tau_ref: 1 with a triangle is allowed, and pairs nothing
	case p.WindowTau != 0 && half.Support() == 0:
		ps.Add(path, "is too short: no pair of spikes falls into the %v window; it is in steps, 0 stands for tau_ref", p.Window)
	}
}

// Counts reports whether a clock can count so many steps: 2^56 ticks.
func (c Config) Counts(steps float64) bool { return steps*float64(c.TicksPerStep()) <= 1<<56 }

// relateLength adds, at a path, that so many steps cannot be counted.
func (c Config) relateLength(ps *settings.Problems, path string, steps float64) {
	if len(*ps) == 0 && !c.Counts(steps) {
		ps.Add(path, "the run is longer than the 2^56 ticks that a clock can count; fewer or shorter epochs are needed")
	}
}

// Validate returns everything that is wrong with the training.
func (t PairTraining) Validate() settings.Problems {
	ps := t.Config.Validate()
	if len(ps) > 0 {
		return ps
	}
	ps.In("training", settings.Check(t.PairCourse))
	ps.In("plasticity", settings.Check(t.Pairs))
	t.Pairs.relate(&ps, "plasticity.sal_window_tau", t.Config)
	if err := t.Pairing.Validate(); err != nil {
		ps.Add("plasticity.sal_pairing", "%v", err)
	}
	switch err := t.Network.Validate(t.Neurons); {
	case t.Neurons < 2:
		ps.Add("neurons", "a pair needs 2 neurons")
	case err != nil:
		ps.Add("network", "%v", err)
	case t.Network.Sparse != nil:
		ps.Add("network", "must be dense")
	}
	if t.Settle < 0 {
		ps.Add("training.settle", "must not be negative")
	}
	if !finite(t.Rate12) || !finite(t.Rate21) || !(t.Lower <= t.Upper) {
		ps.Add("plasticity", "rates must be finite, and Lower must not exceed Upper")
	}
	t.relateLength(&ps, "training.epochs", float64(float64(t.Epochs)*float64(t.EpochLength))+float64(t.Settle))
	return ps
}

// PairReport is the state after a number of epochs.
type PairReport struct {
	Epoch, Steps, Spikes int64 // so far; the spikes of the settling are counted too
	W12, W21             float64
	// Drift12 and Drift21 are the mean changes that the rule proposed per epoch for W12 and W21
	// since the report before, before the learning rates: tau/T (C[j][i] - C[i][j]). NaN in the
	// first report.
	Drift12, Drift21 float64
	// Activity is the share of time in which the state of each neuron was 1 since the report
	// before; NaN in the first report.
	Activity []float64
}

// PairTrainer runs a PairTraining. It is not safe for concurrent use.
type PairTrainer struct {
	t        PairTraining
	tau      int64 // ticks
	engine   Engine
	half     synapse.Half
	sums     *sal.PairSums
	w        []float64
	epoch    int64 // -1: settling
	begun    bool
	end      int64
	spikes   int64
	drift    [2]float64 // since the last report
	count    []int64
	reported int64 // epochs at the last report, -1 before the first
	buf      []spike.Event
}

// NewPairTrainer returns a trainer at the beginning. The error joins all
// problems.
func NewPairTrainer(t PairTraining) (*PairTrainer, error) {
	if ps := t.Validate(); len(ps) > 0 {
		return nil, fmt.Errorf("sampling: %w", ps.Err())
	}
	t.Config = t.Config.Resolve()
	engine, err := New(t.Config)
	if err != nil {
		return nil, err
	}
	n, half := t.Neurons, t.Half(t.Config)
	p := &PairTrainer{t: t, tau: t.TauRef * t.TicksPerStep(), engine: engine, half: half, sums: sal.NewPairSums(n, half, t.Pairing),
		w: slices.Clone(t.Network.Weights), epoch: -1, reported: -1, count: make([]int64, n), buf: make([]spike.Event, 0, max(1024, 4*n))}
	if t.Settle == 0 {
		p.epoch = 0
	}
	return p, nil
}

// Done reports whether the last report was given.
func (p *PairTrainer) Done() bool { return p.reported == p.t.Epochs }

// Step simulates on for at most a few hundred spikes and at most to the end of the present epoch.
// It returns the spikes, valid until the next call, and a report if one is due. After the last
// report it returns nothing.
func (p *PairTrainer) Step() ([]spike.Event, *PairReport) {
	if p.Done() {
		return nil, nil
	}
	if p.epoch >= 0 && p.reported < 0 {
		return nil, p.report()
	}
	if !p.begun {
		p.begun = true
		length := p.t.EpochLength
		if p.epoch < 0 {
			length = p.t.Settle
		}
		p.end = p.engine.Now() + length*p.t.TicksPerStep()
		p.engine.Seed(p.t.Seed, uint64(p.epoch+1))
		p.engine.SetNetwork(Network{Weights: p.w, Bias: p.t.Network.Bias})
		p.sums.ResetSums()
		if p.t.Timing == AuthorsTiming {
			p.engine.Rest()
			p.sums.Reset()
		}
	}
	events, done := p.engine.Advance(p.end, p.buf[:0])
	p.spikes += int64(len(events))
	p.sums.Observe(events)
	if !done {
		return events, nil
	}
	p.begun = false
	p.epoch++
	if p.epoch == 0 {
		return events, nil
	}
	p.update()
	if p.epoch%p.t.ReportEvery == 0 || p.epoch == p.t.Epochs {
		return events, p.report()
	}
	return events, nil
}

// update ends an epoch.
func (p *PairTrainer) update() {
	ticks := p.t.EpochLength * p.t.TicksPerStep()
	drift12, drift21 := sal.SAL{Eta: 1}.Change(p.sums, 0, 1, ticks), sal.SAL{Eta: 1}.Change(p.sums, 1, 0, ticks)
	p.drift[0] += drift12
	p.drift[1] += drift21
	for i := range p.count {
		p.count[i] += p.sums.Count(i)
	}
	change := func(k int, rate, by float64) {
		if rate != 0 {
			p.w[k] = min(max(p.w[k]+float64(rate*by), p.t.Lower), p.t.Upper)
		}
	}
	change(1, p.t.Rate12, drift12)
	change(p.t.Neurons, p.t.Rate21, drift21)
}

func (p *PairTrainer) report() *PairReport {
	epochs := float64(p.epoch - max(p.reported, 0))
	w12, w21 := p.Weights()
	r := &PairReport{Epoch: p.epoch, Steps: p.Steps(), Spikes: p.spikes, W12: w12, W21: w21, Drift12: math.NaN(), Drift21: math.NaN()}
	ticks := epochs * float64(p.t.EpochLength*p.t.TicksPerStep())
	if epochs > 0 {
		r.Drift12, r.Drift21 = p.drift[0]/epochs, p.drift[1]/epochs
	}
	for i := range p.count {
		// 0/0 in the first report
		r.Activity = append(r.Activity, float64(p.count[i])*float64(p.tau)/ticks)
	}
	p.drift = [2]float64{}
	clear(p.count)
	p.reported = p.epoch
	return r
}

// Weights returns the present weights W[0][1] and W[1][0].
func (p *PairTrainer) Weights() (w12, w21 float64) { return p.w[1], p.w[p.t.Neurons] }

// Epoch returns the number of finished epochs.
func (p *PairTrainer) Epoch() int64 { return max(p.epoch, 0) }

// Steps returns the number of steps simulated so far.
func (p *PairTrainer) Steps() int64 { return p.engine.Now() / p.t.TicksPerStep() }

// Spikes returns the number of spikes so far.
func (p *PairTrainer) Spikes() int64 { return p.spikes }

// EngineName returns the name of the engine in use.
func (p *PairTrainer) EngineName() string { return p.engine.Name() }

const pairTag = "SPT1"

// AppendBinary appends the whole state of the training; its description is not part of it.
func (p *PairTrainer) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, pairTag)
	w.Int(p.epoch)
	w.Bool(p.begun)
	w.Int(p.end)
	w.Int(p.spikes)
	w.Int(p.reported)
	for _, xs := range [][]float64{p.w, p.drift[:]} {
		w.Count(len(xs))
		w.Floats(xs)
	}
	w.Count(len(p.count))
	w.Ints(p.count)
	w.Block(p.engine)
	w.Block(p.sums)
	return w.End()
}

// UnmarshalBinary restores a state that AppendBinary wrote for a trainer of the same description.
// After an error the trainer must not be used.
func (p *PairTrainer) UnmarshalBinary(b []byte) error {
	r := state.NewReader(b, pairTag)
	epoch, begun, end, spikes, reported := r.Int(), r.Bool(), r.Int(), r.Int(), r.Int()
	r.Check(epoch >= -1 && epoch <= p.t.Epochs && reported >= -1 && reported <= epoch, "impossible place")
	for _, xs := range [][]float64{p.w, p.drift[:]} {
		r.CountIs(len(xs))
		r.Finites(xs)
	}
	r.CountIs(len(p.count))
	r.Ints(p.count)
	if r.Err() != nil {
		return r.Err()
	}
	p.epoch, p.begun, p.end, p.spikes, p.reported = epoch, begun, end, spikes, reported
	// Where an epoch begins, network and random numbers are set anew.
	p.engine.SetNetwork(Network{Weights: p.w, Bias: p.t.Network.Bias})
	r.Block(p.engine)
	r.Block(p.sums)
	return r.Done()
}

// EIPair is two excitatory neurons that reach each other directly and through an inhibitory neuron
// each (Dale's law; docs/model.md, section 6, figure 10). Index k is the pathway that begins at
// excitatory neuron k.
type EIPair struct {
	WEE [2]float64 // synapse E_k -> E_other, at least 0
	WIE [2]float64 // synapse E_k -> I_k, at least 0
	WEI [2]float64 // synapse I_k -> E_other, at most 0
	BE  [2]float64 // biases of the excitatory neurons
	BI  [2]float64 // biases of the inhibitory neurons
}

// Network returns the network of the neurons E_0, E_1, I_0, I_1.
func (p EIPair) Network() Network {
	w := make([]float64, 16)
	for k := range 2 {
		other := 1 - k
		w[other*4+k] = p.WEE[k]
		w[(2+k)*4+k] = p.WIE[k]
		w[other*4+2+k] = p.WEI[k]
	}
	return Network{Weights: w, Bias: []float64{p.BE[0], p.BE[1], p.BI[0], p.BI[1]}}
}

// Effective returns for each pathway the weight of a direct synapse that stands for it,
//
//	W_eff = W_EE + W_EI sigma(W_IE r + b_I) / r,    r = sigma(b_E),
//
// b_E the bias of the neuron at which it begins.
func (p EIPair) Effective() (w [2]float64) {
	for k := range w {
		r := detmath.Logistic(p.BE[k])
		w[k] = p.WEE[k] + float64(p.WEI[k]*detmath.Logistic(float64(p.WIE[k]*r)+p.BI[k]))/r
	}
	return w
}

// Direct returns the network of the two excitatory neurons alone, coupled by their effective
// weights.
func (p EIPair) Direct() Network {
	w := p.Effective()
	return Network{Weights: []float64{0, w[1], w[0], 0}, Bias: []float64{p.BE[0], p.BE[1]}}
}
