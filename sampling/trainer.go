package sampling

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"slices"

	"spikealign/boltzmann"
	"spikealign/internal/state"
	"spikealign/sal"
	"spikealign/settings"
	"spikealign/spike"
	"spikealign/synapse"
)

// Training describes the wake-sleep learning of a sampling network, with or without SAL
// (docs/model.md, section 4).
//
// The network has n = Config.Neurons neurons; the first Visible of them are visible, the others
// hidden. What it is to learn is either a Boltzmann machine over all neurons (no hidden ones; every
// neuron is connected to every other), or a set of equally probable patterns of the visible neurons
// (synapses between visible and hidden neurons only), or any distribution of the states of the
// visible neurons (connected as for a Boltzmann machine where there are no hidden ones, else as for
// patterns).
//
// An epoch compares two activities. The wake activity is that of the target: exact, from
// enumeration, also of a distribution without hidden neurons; or estimated once, before the first
// epoch, by running the target network, if it is too large to enumerate; or, for patterns, measured
// in every epoch with the visible neurons clamped to each pattern in turn, for a distribution to
// each state that has a probability above 0, by which its activity is then weighed. The sleep
// activity is that of the free network. Then
//
//	dW[i][j] = RateWeight*(<z_i z_j>_wake - <z_i z_j>_sleep) + SAL,
//	db_i     = RateBias*(<z_i>_wake - <z_i>_sleep),
//
// with coactivations from pairs of spikes in a triangular window of tau_ref and SAL from the pairs
// of the sleep phase; weights and biases are then clipped. The network runs on from epoch to epoch:
// its spikes act, and pair, across the border.
//
// Settings.Training makes one from a description.
type Training struct {
	Config
	Course
	Rates
	Pairs
	Seed    uint64 // of the spikes
	Visible int    // 1..Neurons

	// Weights at the start, n x n, row = post; the diagonal is ignored, and so are synapses that
	// the architecture does not have.
	Weights []float64
	Bias    []float64 // at the start, n

	TargetWeights []float64 // of the Boltzmann machine to learn, n x n, symmetric; or nil
	TargetBias    []float64
	// length of the target network's run where it cannot be enumerated, tau_ref
	TeacherLength int64
	Patterns      [][]uint8 // patterns of the visible neurons to learn; or nil
	Probabilities []float64 // distribution over the 2^Visible states to learn; or nil

	HebbianAmplitude []float64 // of each synapse's Hebbian window, n x n; nil: 1

	// between neurons and synapses, the amplitudes of SAL's windows among them; a target network
	// that runs has none. Refractory replaces that of Config.
	Differences Differences
}

// Course says how long a training takes, and how far parameters go.
type Course struct {
	Epochs       int64   `yaml:"epochs" default:"20001" range:"[1, 2^40]" also:"duration" doc:"number of epochs"`
	EpochLength  int64   `yaml:"epoch_length" default:"1000" range:"[1, 2^40]" unit:"tau" also:"duration" doc:"length of an epoch's sleep phase"`
	ReportEvery  int64   `yaml:"report_every" default:"500" range:"[1, 2^40]" doc:"every so many epochs, from the first on, and in the last, D_KL and asymmetry are measured ..."`
	ReportFactor int64   `yaml:"report_factor" default:"1000" range:"[1, 2^40]" doc:"... in an epoch longer by this factor (which also updates the parameters)"`
	WakeLength   int64   `yaml:"wake_length" default:"100" range:"[1, 2^40]" unit:"tau" doc:"patterns as target only: length of the wake phase for each pattern"`
	Settle       int64   `yaml:"settle" default:"5" range:"[0, 2^40]" unit:"tau" doc:"patterns as target only: unmeasured time after each change of clamps"`
	ClampBias    float64 `yaml:"clamp_bias" default:"10" range:"(0, 1e6]" doc:"patterns as target only: bias +- this clamps a visible neuron"`
	ClipWeight   float64 `yaml:"clip_weight" default:"2" range:"[0, 1e6]" doc:"largest |weight|; 0: none"`
	ClipBias     float64 `yaml:"clip_bias" default:"2" range:"[0, 1e6]" doc:"largest |bias|; 0: none"`
}

// Rates are the learning rates.
type Rates struct {
	RateBias   float64 `yaml:"rate_bias" default:"0.01" range:"[-1e6, 1e6]" also:"eta, lr, learning_rate, rate, eta_b, eta_bias" doc:"learning rate of the biases"`
	RateWeight float64 `yaml:"rate_weight" default:"0.01" range:"[-1e6, 1e6]" also:"eta, lr, learning_rate, rate, eta_w, eta_weight" doc:"learning rate of wake-sleep learning"`
	RateSAL    float64 `yaml:"rate_sal" default:"0.01" range:"[-1e6, 1e6]" also:"eta, lr, learning_rate, rate, eta_sal, sal" doc:"learning rate of SAL; 0: without SAL"`
}

// Report is what a training knows after an epoch that reports.
type Report struct {
	Epoch  int64
	Steps  int64 // simulated so far
	Spikes int64 // so far
	// D_KL(target || network) over the visible neurons, nats; NaN if there are more than
	// boltzmann.MaxNeurons
	DKL float64
	// states that the target has and the network did not visit: if above 0, DKL is the estimate
	// with half a sample added to every state
	Unvisited int
	Floor     float64 // the D_KL that sampling alone leaves
	NEff      float64 // effective number of independent samples behind DKL
	// Var(W_ij - W_ji) over the reciprocal pairs, after the epoch's update; of effective weights
	Asymmetry float64
}

// occupancyBatches is the number of batches from which the sampling floor is estimated.
const occupancyBatches = 32

type phaseKind uint8

const (
	settlePhase phaseKind = iota
	wakePhase
	sleepPhase
	teacherPhase
)

type phase struct {
	kind    phaseKind
	pattern int // clamped to, or -1
	tau     int64
}

// pairs are sums over pairs of spikes: sal.PairSums, or sal.SynapseSums where windows differ.
type pairs interface {
	Observe(events []spike.Event)
	ResetSums()
	Reset()
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

// Trainer trains one network. Step by step it can be stopped, saved and resumed anywhere without a
// trace in the results.
type Trainer struct {
	t       Training
	n       int
	tau     int64 // ticks
	engine  Engine
	joined  []bool // synapses that exist
	hebbian *sal.PairSums
	sal     pairs // nil if hebbian serves for both
	states  *boltzmann.Occupancy

	shares     []float64 // of each pattern; nil: all alike
	targetP    []float64 // over visible states, nil if not enumerable
	wakeMean   []float64 // n
	wakeCo     []float64 // n x n
	w, b       []float64
	dw         []float64 // scratch
	netW, netB []float64 // scratch: what the engine gets
	buf        []spike.Event
	warnings   []string
	epoch      int64 // -1 while the teacher runs
	phase      int
	begun      bool  // the phase's network is set
	start, end int64 // of the phase, ticks
	spikes     int64
	counts     []int64 // ticks in every visible state in the last report
}

// NewTrainer checks a training and prepares it. The error joins everything that is wrong.
func NewTrainer(t Training) (*Trainer, error) {
	if ps := t.Validate(); len(ps) > 0 {
		return nil, fmt.Errorf("sampling: %w", ps.Err())
	}
	t.Config = t.Config.Resolve()
	if t.Differences.Refractory != nil {
		t.Config.Refractory = t.Differences.Refractory
	}
	n := t.Neurons
	engine, err := New(t.Config)
	if err != nil {
		return nil, err
	}
	k := t.TicksPerStep()
	tr := &Trainer{t: t, n: n, tau: k * t.TauRef, engine: engine, joined: make([]bool, n*n),
		wakeMean: make([]float64, n), wakeCo: make([]float64, n*n), dw: make([]float64, n*n), netW: make([]float64, n*n), netB: make([]float64, n),
		w: slices.Clone(t.Weights), b: slices.Clone(t.Bias), buf: make([]spike.Event, 0, n+512)}
	if t.Probabilities != nil && t.Visible < n {
		t.Patterns, tr.shares = boltzmann.Support(t.Probabilities, t.Visible)
		tr.t.Patterns = t.Patterns
	}
	for i := range n {
		for j := range n {
			tr.joined[i*n+j] = i != j && (t.Patterns == nil || (i < t.Visible) != (j < t.Visible))
			if !tr.joined[i*n+j] {
				tr.w[i*n+j] = 0
			}
		}
	}
	last1 := synapse.Pairing{Kind: synapse.Last, K: 1}
	triangle := synapse.Half{Shape: synapse.TriangularWindow, Tau: float64(tr.tau)}
	tr.hebbian = sal.NewPairSums(n, triangle, last1)
	switch half := t.Pairs.Half(t.Config); {
	case t.RateSAL == 0:
	case t.Differences.WindowTau != nil:
		tr.sal = sal.NewSynapseSums(n, half, t.Differences.WindowTau, t.Pairing)
	case half != triangle || t.Pairing != last1:
		tr.sal = sal.NewPairSums(n, half, t.Pairing)
	}

	switch {
	case t.Probabilities != nil:
		tr.targetP = t.Probabilities
		if t.Patterns == nil {
			copy(tr.wakeMean, boltzmann.Mean(tr.targetP, n))
			copy(tr.wakeCo, boltzmann.Coactivation(tr.targetP, n))
		}
	case t.Patterns != nil && t.Visible <= boltzmann.MaxNeurons:
		if tr.targetP, err = boltzmann.Patterns(t.Patterns); err != nil {
			return nil, err
		}
	case t.TargetWeights != nil:
		m, err := boltzmann.New(n, t.TargetWeights, t.TargetBias)
		var large *boltzmann.TooLargeError
		switch {
		case errors.As(err, &large):
			tr.epoch = -1
			tr.warnings = append(tr.warnings, large.Error(),
				fmt.Sprintf("the target's activity is estimated from one run of the target network of %d tau", t.TeacherLength))
		case err != nil:
			return nil, err
		default:
			tr.targetP = m.P
			copy(tr.wakeMean, m.Mean())
			copy(tr.wakeCo, m.Coactivation())
		}
	default:
		tr.warnings = append(tr.warnings, (&boltzmann.TooLargeError{N: t.Visible}).Error())
	}
	if tr.targetP != nil {
		tr.states = tr.newStates()
	}
	return tr, nil
}

func (tr *Trainer) newStates() *boltzmann.Occupancy {
	return boltzmann.NewOccupancyOf(sequence(tr.t.Visible), tr.tau, occupancyBatches)
}

func sequence(n int) []int32 {
	s := make([]int32, n)
	for i := range s {
		s[i] = int32(i)
	}
	return s
}

// Validate returns everything that is wrong with the training.
func (t Training) Validate() settings.Problems {
	ps := t.Config.Validate()
	if len(ps) == 0 {
		ps.In("training", settings.Check(t.Course))
		ps.In("plasticity", settings.Check(t.Rates))
		t.Pairs.relate(&ps, "plasticity.sal_window_tau", t.Config)
		t.relate(&ps)
	}
	return ps
}

// relate checks what is not a single setting.
func (t Training) relate(ps *settings.Problems) {
	n := t.Neurons
	if t.Visible < 1 || t.Visible > n {
		ps.Add("visible", "is %d; must be between 1 and the number of neurons, %d", t.Visible, n)
	}
	network := func(path string, net Network) {
		if err := net.Validate(n); err != nil {
			ps.Add(path, "%v", err)
		}
	}
	network("start", Network{Weights: t.Weights, Bias: t.Bias})
	targets := 0
	for _, is := range []bool{t.Patterns != nil, t.TargetWeights != nil, t.Probabilities != nil} {
		if is {
			targets++
		}
	}
	if targets != 1 {
		ps.Add("target", "a training needs one of a target network, patterns and probabilities")
	}
	if p := t.Probabilities; p != nil {
		switch {
		case t.Visible > boltzmann.MaxNeurons || t.Visible > 0 && len(p) != 1<<t.Visible:
			ps.Add("probabilities", "has %s for %d visible neurons, needs one for each of their states, of at most %d neurons", settings.Count(len(p), "entry"), t.Visible, boltzmann.MaxNeurons)
		case slices.ContainsFunc(p, func(x float64) bool { return !(x >= 0 && x <= 1) }) || math.Abs(boltzmann.Total(p)-1) > sumTolerance:
			ps.Add("probabilities", "must be between 0 and 1 and add up to 1, within %v", sumTolerance)
		}
	}
	if t.TargetWeights != nil {
		network("target", Network{Weights: t.TargetWeights, Bias: t.TargetBias})
		if t.Visible != n {
			ps.Add("visible", "a target network leaves no hidden neurons: is %d, needs %d", t.Visible, n)
		}
		if n > boltzmann.MaxNeurons && t.TeacherLength < 1 {
			ps.Add("teacher_length", "is %d tau, must be at least 1", t.TeacherLength)
		}
	}
	for k, p := range t.Patterns {
		if len(p) != t.Visible {
			ps.Add(fmt.Sprintf("patterns.%d", k), "has %d bits for %d visible neurons", len(p), t.Visible)
		}
	}
	t.relateDifferences(ps)
}

func (t Training) relateDifferences(ps *settings.Problems) {
	d, n := t.Differences, t.Neurons
	for _, x := range []struct {
		path string
		of   []float64
		size int
		low  float64
	}{
		{"hebbian_amplitude", t.HebbianAmplitude, n * n, -math.MaxFloat64},
		{"differences.gain", d.Gain, n, -math.MaxFloat64},
		{"differences.offset", d.Offset, n, -math.MaxFloat64},
		{"differences.amplitude", d.Amplitude, n * n, -math.MaxFloat64},
		{"differences.window_tau", d.WindowTau, n * n, math.SmallestNonzeroFloat64},
	} {
		if x.of != nil && (len(x.of) != x.size || slices.ContainsFunc(x.of, func(y float64) bool { return !(y >= x.low && finite(y)) })) {
			ps.Add(x.path, "must hold %d finite numbers (time constants: above 0)", x.size)
		}
	}
	if d.WindowTau != nil && !ps.Has("differences.window_tau") {
		h := t.Half(t.Config)
		if h.Tau *= slices.Max(d.WindowTau); h.Validate() != nil {
			ps.Add("differences.window_tau", "makes a window longer than 2^40 ticks")
		}
	}
	c := t.Config
	c.Refractory = d.Refractory
	if d.Refractory != nil {
		c.relate(ps, "network")
		if t.TargetWeights != nil && t.Neurons > boltzmann.MaxNeurons {
			ps.Add("differences.refractory", "is not possible for a target network that runs")
		}
	}
}

// plan returns phase k of an epoch, or false if there is none.
func (tr *Trainer) plan(epoch int64, k int) (phase, bool) {
	t := &tr.t
	if epoch < 0 {
		return [2]phase{{settlePhase, -1, 100}, {teacherPhase, -1, t.TeacherLength}}[min(k, 1)], k < 2
	}
	if p := k / 2; p < len(t.Patterns) {
		if k%2 == 0 {
			return phase{settlePhase, p, t.Settle}, true
		}
		return phase{wakePhase, p, t.WakeLength}, true
	}
	k -= 2 * len(t.Patterns)
	if t.Patterns != nil {
		if k == 0 {
			return phase{settlePhase, -1, t.Settle}, true
		}
		k--
	}
	length := t.EpochLength
	if tr.reports(epoch) {
		length *= t.ReportFactor
	}
	return phase{sleepPhase, -1, length}, k == 0
}

// reports says which epochs do: every so many, and the last.
func (tr *Trainer) reports(epoch int64) bool {
	return epoch >= 0 && (epoch%tr.t.ReportEvery == 0 || epoch == tr.t.Epochs-1)
}

// Done reports whether all epochs are over.
func (tr *Trainer) Done() bool { return tr.epoch >= tr.t.Epochs }

// Step simulates on for at most a few hundred spikes and at most to the end of the present phase.
// It returns the spikes, valid until the next call, and a report if one is due. After the last
// epoch it returns nothing.
func (tr *Trainer) Step() ([]spike.Event, *Report) {
	if tr.Done() {
		return nil, nil
	}
	p, _ := tr.plan(tr.epoch, tr.phase)
	if !tr.begun {
		tr.begin(p)
	}
	events, done := tr.engine.Advance(tr.end, tr.buf[:0])
	tr.spikes += int64(len(events))
	tr.hebbian.Observe(events)
	if tr.sal != nil {
		tr.sal.Observe(events)
	}
	if tr.watching() {
		tr.states.Observe(events)
	}
	if !done {
		return events, nil
	}
	tr.finish(p)
	tr.begun = false
	tr.phase++
	if _, more := tr.plan(tr.epoch, tr.phase); more {
		return events, nil
	}
	report := tr.update(p)
	tr.epoch++
	tr.phase = 0
	return events, report
}

// watching reports whether joint states are followed: in epochs that report, and in those just
// before, so that the states at the beginning are known.
func (tr *Trainer) watching() bool {
	return tr.states != nil && (tr.reports(tr.epoch) || (tr.reports(tr.epoch+1) && tr.t.Timing != AuthorsTiming))
}

// begin sets the network of a phase.
func (tr *Trainer) begin(p phase) {
	tr.begun = true
	tr.start = tr.engine.Now()
	tr.end = tr.start + p.tau*tr.tau
	if tr.phase == 0 {
		if tr.t.Timing == AuthorsTiming {
			tr.engine.Rest()
			tr.hebbian.Reset()
			if tr.sal != nil {
				tr.sal.Reset()
			}
			if tr.states != nil && tr.reports(tr.epoch) {
				tr.states = tr.newStates()
			}
		}
		tr.engine.Seed(tr.t.Seed, uint64(tr.epoch+1))
	}
	tr.setNetwork(p)
	if p.kind != settlePhase {
		tr.hebbian.ResetSums()
		if tr.sal != nil {
			tr.sal.ResetSums()
		}
	}
	if p.kind == sleepPhase && tr.states != nil && tr.reports(tr.epoch) {
		tr.states.Start(tr.start, tr.end)
	}
}

func (tr *Trainer) setNetwork(p phase) {
	switch {
	case tr.epoch < 0:
		tr.engine.SetNetwork(Network{Weights: tr.t.TargetWeights, Bias: tr.t.TargetBias})
	case p.pattern >= 0:
		w, b := tr.effective()
		copy(tr.netB, b)
		for i, d := range tr.t.Patterns[p.pattern] {
			tr.netB[i] = tr.t.ClampBias * float64(2*int(d)-1)
		}
		tr.engine.SetNetwork(Network{Weights: w, Bias: tr.netB})
	default:
		w, b := tr.effective()
		tr.engine.SetNetwork(Network{Weights: w, Bias: b})
	}
}

// effective returns weights and biases with gains and offsets. They are scratch, or the network's
// own where there are none.
func (tr *Trainer) effective() (w, b []float64) {
	w, b = tr.w, tr.b
	d := tr.t.Differences
	if d.Gain != nil {
		d.weights(tr.netW, w)
		w = tr.netW
	}
	if d.Gain != nil || d.Offset != nil {
		for i, x := range b {
			tr.netB[i] = d.bias(i, x)
		}
		b = tr.netB
	}
	return w, b
}

// finish takes the activity of a wake or teacher phase that is over.
func (tr *Trainer) finish(p phase) {
	share := 1.0
	switch p.kind {
	default:
		return
	case wakePhase:
		if p.pattern == 0 {
			clear(tr.wakeMean)
			clear(tr.wakeCo)
		}
		if share /= float64(len(tr.t.Patterns)); tr.shares != nil {
			share = tr.shares[p.pattern]
		}
	case teacherPhase:
	}
	ticks := tr.end - tr.start
	for i := range tr.n {
		tr.wakeMean[i] += float64(share * tr.mean(i, ticks))
	}
	sal.Hebbian{Eta: share}.Add(tr.wakeCo, tr.hebbian, ticks)
}

// mean is <z_i> of the phase just over: the share of time that spikes' states take.
func (tr *Trainer) mean(i int, ticks int64) float64 {
	return float64(tr.hebbian.Count(i)) * float64(tr.tau) / float64(ticks)
}

// update ends an epoch: the rules, the clipping, the report.
func (tr *Trainer) update(p phase) *Report {
	if tr.epoch < 0 {
		return nil
	}
	t := &tr.t
	ticks := tr.end - tr.start
	clear(tr.dw)
	if t.RateWeight != 0 {
		sal.Hebbian{Eta: -t.RateWeight, Amplitude: t.HebbianAmplitude}.Add(tr.dw, tr.hebbian, ticks)
	}
	if t.RateSAL != 0 {
		rule := sal.SAL{Eta: t.RateSAL, APlus: t.Differences.Amplitude, AMinus: t.Differences.Amplitude}
		switch sums := tr.sal.(type) {
		case *sal.SynapseSums:
			rule.AddEach(tr.dw, sums, ticks)
		case *sal.PairSums:
			rule.Add(tr.dw, sums, ticks)
		default:
			rule.Add(tr.dw, tr.hebbian, ticks)
		}
	}
	for k, joined := range tr.joined {
		if joined {
			tr.w[k] = clip(tr.w[k]+(tr.dw[k]+float64(t.RateWeight*tr.wakeCo[k])), t.ClipWeight)
		}
	}
	for i := range tr.b {
		tr.b[i] = clip(tr.b[i]+float64(t.RateBias*(tr.wakeMean[i]-tr.mean(i, ticks))), t.ClipBias)
	}
	if !tr.reports(tr.epoch) {
		return nil
	}
	r := &Report{Epoch: tr.epoch, Steps: tr.Steps(), Spikes: tr.spikes, DKL: math.NaN(), Floor: math.NaN(), NEff: math.NaN(), Asymmetry: tr.asymmetry()}
	if tr.states != nil {
		tr.states.Advance(tr.end)
		tr.counts = tr.states.Counts()
		e := boltzmann.Divergence(tr.targetP, tr.counts, float64(tr.tau))
		r.DKL, r.Unvisited = e.DKL, e.Unvisited
		r.Floor, r.NEff = tr.states.Floor()
	}
	return r
}

func clip(x, bound float64) float64 {
	if bound > 0 {
		return min(max(x, -bound), bound)
	}
	return x
}

// asymmetry is Var_{i<j}(W_ij - W_ji) over reciprocal pairs of effective weights.
func (tr *Trainer) asymmetry() float64 {
	w, _ := tr.effective()
	var sum, sum2, count float64
	for pass := range 2 {
		mean := 0.0
		if pass == 1 {
			mean = sum / count
		}
		for i := range tr.n {
			for j := range i {
				if tr.joined[i*tr.n+j] {
					d := w[i*tr.n+j] - w[j*tr.n+i]
					if pass == 0 {
						sum += d
						count++
					} else {
						sum2 += float64((d - mean) * (d - mean))
					}
				}
			}
		}
	}
	if count == 0 {
		return 0
	}
	return sum2 / count
}

// Epoch returns the present epoch; before the first one, while a large target network runs, -1.
func (tr *Trainer) Epoch() int64 { return tr.epoch }

// Steps returns the number of steps simulated so far.
func (tr *Trainer) Steps() int64 { return tr.engine.Now() / tr.t.TicksPerStep() }

// TotalSteps returns the number of steps that the whole training takes.
func (tr *Trainer) TotalSteps() int64 {
	t := &tr.t
	reports := (t.Epochs + t.ReportEvery - 1) / t.ReportEvery
	if (t.Epochs-1)%t.ReportEvery != 0 {
		reports++
	}
	tau := t.EpochLength * (t.Epochs - reports + reports*t.ReportFactor)
	if t.Patterns != nil {
		tau += t.Epochs * (int64(len(t.Patterns))*(t.WakeLength+t.Settle) + t.Settle)
	} else if tr.targetP == nil {
		tau += 100 + t.TeacherLength
	}
	return tau * t.TauRef
}

// Spikes returns the number of spikes so far.
func (tr *Trainer) Spikes() int64 { return tr.spikes }

// EngineName returns the name of the engine in use.
func (tr *Trainer) EngineName() string { return tr.engine.Name() }

// Warnings returns what the reader of the results should know.
func (tr *Trainer) Warnings() []string { return tr.warnings }

// Weights returns the present weights, n x n, and biases, n. They belong to the trainer.
func (tr *Trainer) Weights() (w, b []float64) { return tr.w, tr.b }

// Target returns the distribution to learn over the states of the visible neurons, or nil if they
// are too many.
func (tr *Trainer) Target() []float64 { return tr.targetP }

// Sampled returns the fraction of time that the network spent in each state of its visible neurons
// in the last epoch that reported, or nil.
func (tr *Trainer) Sampled() []float64 {
	if tr.counts == nil {
		return nil
	}
	total := int64(0)
	for _, c := range tr.counts {
		total += c
	}
	p := make([]float64, len(tr.counts))
	for z, c := range tr.counts {
		p[z] = float64(c) / float64(total)
	}
	return p
}

const trainerTag = "STR1"

// AppendBinary appends the whole state of the training; its description is not part of it.
func (tr *Trainer) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, trainerTag)
	w.Int(tr.epoch)
	w.Int(int64(tr.phase))
	w.Bool(tr.begun)
	w.Int(tr.start)
	w.Int(tr.end)
	w.Int(tr.spikes)
	for _, xs := range [][]float64{tr.w, tr.b, tr.wakeMean, tr.wakeCo} {
		w.Count(len(xs))
		w.Floats(xs)
	}
	w.Count(len(tr.counts))
	w.Ints(tr.counts)
	w.Block(tr.engine)
	w.Block(tr.hebbian)
	if tr.sal != nil {
		w.Block(tr.sal)
	}
	if tr.states != nil {
		w.Block(tr.states)
	}
	return w.End()
}

// UnmarshalBinary restores a state that AppendBinary wrote for a trainer of the same description.
// After an error the trainer is of no further use.
func (tr *Trainer) UnmarshalBinary(b []byte) error {
	r := state.NewReader(b, trainerTag)
	epoch, k, begun := r.Int(), r.Int(), r.Bool()
	start, end, spikes := r.Int(), r.Int(), r.Int()
	first := int64(0)
	if tr.t.TargetWeights != nil && tr.targetP == nil {
		first = -1 // the target network runs before
	}
	r.Check(epoch >= first && epoch <= tr.t.Epochs && k >= 0 && k <= int64(2*len(tr.t.Patterns)+2), "impossible place")
	if r.Err() != nil {
		return r.Err()
	}
	p, ok := tr.plan(epoch, int(k))
	r.Check(ok && start >= 0 && end >= start && (!begun || end-start == p.tau*tr.tau) && spikes >= 0, "impossible phase")
	for _, xs := range [][]float64{tr.w, tr.b, tr.wakeMean, tr.wakeCo} {
		r.CountIs(len(xs))
		r.Finites(xs)
	}
	counts := make([]int64, r.Count(8))
	r.Ints(counts)
	r.Check(len(counts) == 0 || len(counts) == len(tr.targetP) && slices.Min(counts) >= 0, "impossible times in states")
	if r.Err() != nil {
		return r.Err()
	}
	tr.epoch, tr.phase, tr.begun, tr.start, tr.end, tr.spikes = epoch, int(k), begun, start, end, spikes
	tr.counts = nil
	if len(counts) > 0 {
		tr.counts = counts
	}
	// The engine goes on under the network of the phase that it is in. Where an epoch begins, its
	// random numbers begin anew and the network before does not matter.
	if tr.begun {
		tr.setNetwork(p)
	} else if tr.phase > 0 {
		before, _ := tr.plan(epoch, tr.phase-1)
		tr.setNetwork(before)
	}
	r.Block(tr.engine)
	now := tr.engine.Now()
	r.Check(!tr.begun || (now >= start && now <= end), "impossible time")
	r.Block(tr.hebbian)
	if tr.sal != nil {
		r.Block(tr.sal)
	}
	if tr.states != nil {
		r.Block(tr.states)
	}
	return r.Done()
}
