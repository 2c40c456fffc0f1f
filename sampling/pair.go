package sampling

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"spikealign/internal/detmath"
	"spikealign/sal"
	"spikealign/spike"
	"spikealign/synapse"
)

// PairTraining describes spike-based alignment learning on the two synapses between the first two
// neurons of a network, in epochs (docs/model.md, sections 5 and 6). Other neurons may take part;
// their synapses are fixed. With both rates 0 it measures the drift.
type PairTraining struct {
	Config  Config
	Engine  string // name for New
	Seed    uint64
	Network Network // dense; at the start
	Epochs  int64   // at least 0
	// EpochLength is the length of an epoch in steps, at least 1; Settle the number of steps from
	// rest before the first epoch, in which nothing is measured or learned.
	EpochLength, Settle int64
	// Restart begins every epoch at rest.
	Restart bool
	// epochs between two reports, at least 1; the start and the end are reported in any case
	ReportEvery    int64
	Rate12, Rate21 float64 // learning rates of W[0][1] and W[1][0]; 0 freezes one
	// Lower and Upper bound both weights after each epoch.
	Lower, Upper float64
	Window       synapse.Half // of the rule, tau in ticks
	Pairing      synapse.Pairing
}

// Validate returns everything that is wrong with the description, or nil.
func (t PairTraining) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf("sampling: "+format, a...)) }
	errs = append(errs, t.Config.Validate())
	if t.Config.Neurons < 2 {
		bad("Neurons = %d, a pair needs 2", t.Config.Neurons)
	} else {
		errs = append(errs, t.Network.Validate(t.Config.Neurons))
	}
	if t.Network.Sparse != nil {
		bad("Network must be dense")
	}
	if t.Epochs < 0 || t.EpochLength < 1 || t.ReportEvery < 1 || t.Settle < 0 {
		bad("Epochs and Settle must be at least 0, EpochLength and ReportEvery at least 1")
	} else if float64(t.Epochs)*float64(t.EpochLength)+float64(t.Settle) > (1<<56)/float64(t.Config.TicksPerStep()) {
		bad("the training is longer than the 2^56 ticks that a clock can count")
	}
	if !finite(t.Rate12) || !finite(t.Rate21) {
		bad("Rate12 and Rate21 must be finite")
	}
	if !(t.Lower <= t.Upper) {
		bad("Lower must not exceed Upper")
	}
	errs = append(errs, t.Window.Validate(), t.Pairing.Validate())
	return errors.Join(errs...)
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

// NewPairTrainer returns a trainer at the beginning. The error is that of Validate or New.
func NewPairTrainer(t PairTraining) (*PairTrainer, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	t.Config = t.Config.Resolve()
	engine, err := New(t.Engine, t.Config)
	if err != nil {
		return nil, err
	}
	n := t.Config.Neurons
	p := &PairTrainer{t: t, tau: t.Config.TauRef * t.Config.TicksPerStep(), engine: engine, sums: sal.NewPairSums(n, t.Window, t.Pairing),
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
		p.end = p.engine.Now() + length*p.t.Config.TicksPerStep()
		p.engine.Seed(p.t.Seed, uint64(p.epoch+1))
		p.engine.SetNetwork(Network{Weights: p.w, Bias: p.t.Network.Bias})
		p.sums.ResetSums()
		if p.t.Restart {
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
	n := p.t.Config.Neurons
	scale := p.t.Window.Tau / float64(p.t.EpochLength*p.t.Config.TicksPerStep())
	causal12, causal21 := p.sums.At(0, 1), p.sums.At(1, 0)
	drift := float64(scale * (causal21 - causal12))
	p.drift[0] += drift
	p.drift[1] -= drift
	for i := range p.count {
		p.count[i] += p.sums.Count(i)
	}
	change := func(k int, rate, by float64) {
		if rate != 0 {
			p.w[k] = min(max(p.w[k]+float64(rate*by), p.t.Lower), p.t.Upper)
		}
	}
	change(1, p.t.Rate12, drift)
	change(n, p.t.Rate21, -drift)
}

func (p *PairTrainer) report() *PairReport {
	epochs := float64(p.epoch - max(p.reported, 0))
	w12, w21 := p.Weights()
	r := &PairReport{Epoch: p.epoch, Steps: p.Steps(), Spikes: p.spikes, W12: w12, W21: w21, Drift12: math.NaN(), Drift21: math.NaN()}
	ticks := epochs * float64(p.t.EpochLength*p.t.Config.TicksPerStep())
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
func (p *PairTrainer) Weights() (w12, w21 float64) { return p.w[1], p.w[p.t.Config.Neurons] }

// Epoch returns the number of finished epochs.
func (p *PairTrainer) Epoch() int64 { return max(p.epoch, 0) }

// Steps returns the number of steps simulated so far.
func (p *PairTrainer) Steps() int64 { return p.engine.Now() / p.t.Config.TicksPerStep() }

// Spikes returns the number of spikes so far.
func (p *PairTrainer) Spikes() int64 { return p.spikes }

// EngineName returns the name of the engine in use.
func (p *PairTrainer) EngineName() string { return p.engine.Name() }

const pairTag = "SPT1"

// AppendBinary appends the whole state of the training; its description is not part of it.
func (p *PairTrainer) AppendBinary(b []byte) ([]byte, error) {
	w := writer{append(b, pairTag...)}
	w.int(p.epoch)
	begun := int64(0)
	if p.begun {
		begun = 1
	}
	w.int(begun)
	w.int(p.end)
	w.int(p.spikes)
	w.int(p.reported)
	w.floats(p.w)
	w.floats(p.drift[:])
	w.ints(p.count)
	return w.b, errors.Join(w.blob(p.engine), w.blob(p.sums))
}

// UnmarshalBinary restores a state that AppendBinary wrote for a trainer of the same description.
// After an error the trainer must not be used.
func (p *PairTrainer) UnmarshalBinary(b []byte) error {
	r := newReader(b, pairTag)
	epoch, begun, end, spikes, reported := r.int(), r.int(), r.int(), r.int(), r.int()
	r.check(epoch >= -1 && epoch <= p.t.Epochs && begun>>1 == 0 && reported >= -1 && reported <= epoch, "impossible place")
	r.floats(p.w)
	r.floats(p.drift[:])
	count := r.ints()
	r.check(len(count) == len(p.count), "another number of neurons")
	if r.err != nil {
		return r.err
	}
	p.epoch, p.begun, p.end, p.spikes, p.reported, p.count = epoch, begun == 1, end, spikes, reported, count
	// Where an epoch begins, network and random numbers are set anew.
	p.engine.SetNetwork(Network{Weights: p.w, Bias: p.t.Network.Bias})
	r.blob(p.engine)
	r.blob(p.sums)
	r.check(r.err != nil || p.sums.N() == p.t.Config.Neurons && p.sums.Half() == p.t.Window && p.sums.Pairing() == p.t.Pairing, "another rule")
	return r.finish()
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
