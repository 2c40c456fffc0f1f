package kinds

import (
	"context"
	"fmt"
	"io"
	"math"

	"spikealign/experiment"
	"spikealign/internal/random"
	"spikealign/internal/state"
	"spikealign/sampling"
	"spikealign/settings"
)

// Dale is the kind "dale": two excitatory neurons that reach each other directly and through an
// inhibitory neuron each, under Dale's law (figure 10 of the paper; docs/model.md, section 6). It
// measures the drift of SAL over a grid of excitatory weights, or lets them learn.
type Dale struct{}

// Name implements Kind.
func (Dale) Name() string { return "dale" }

// Doc implements Kind.
func (Dale) Doc() string {
	return "Two excitatory neurons with an inhibitory partner each: SAL aligns effective weights (figure 10)."
}

// StateVersion implements Kind.
func (Dale) StateVersion() int { return 1 }

// NewConfig implements Kind.
func (Dale) NewConfig() experiment.Config {
	c := settings.Default[DaleConfig]()
	return &c
}

// DaleConfig is the kind's part of the experiment file.
type DaleConfig struct {
	Network    DaleNetwork    `yaml:"network" doc:"the neurons, the fixed synapses, and how they are simulated"`
	Mode       string         `yaml:"mode" default:"field" choice:"field, learning" doc:"field: SAL's drift over a grid of excitatory weights; learning: let SAL change them"`
	Field      DaleField      `yaml:"field" doc:"the grid, for mode field"`
	Initial    DaleInitial    `yaml:"initial" doc:"excitatory weights at the start, for mode learning"`
	Training   DaleTraining   `yaml:"training" doc:"epochs and reports, for mode learning"`
	Plasticity DalePlasticity `yaml:"plasticity" doc:"the rule, for both excitatory synapses"`
}

// DaleNetwork describes the four neurons. Every fixed weight and bias is drawn once, by the run's
// seed.
type DaleNetwork struct {
	sampling.Config `default:"tau_ref=25"`
	BE              float64 `yaml:"b_e" range:"[-1e6, 1e6]" also:"bias, b" doc:"bias of the excitatory neurons"`
	WIE             float64 `yaml:"w_ie" default:"4" range:"[0, 1e6]" doc:"mean weight from an excitatory neuron to its inhibitory partner; draws below 0 count as 0"`
	WIESD           float64 `yaml:"w_ie_sd" default:"0.2" range:"[0, 1e6]" doc:"its standard deviation"`
	WEI             float64 `yaml:"w_ei" default:"-1" range:"[-1e6, 0]" doc:"mean weight from an inhibitory neuron to the other excitatory neuron; draws above 0 count as 0"`
	WEISD           float64 `yaml:"w_ei_sd" default:"0.1" range:"[0, 1e6]" doc:"its standard deviation"`
	BI              float64 `yaml:"b_i" default:"-2" range:"[-1e6, 1e6]" also:"bias, b" doc:"mean bias of the inhibitory neurons"`
	BISD            float64 `yaml:"b_i_sd" default:"0.2" range:"[0, 1e6]" doc:"its standard deviation"`
}

// config describes n of the neurons.
func (d *DaleNetwork) config(n int) sampling.Config {
	c := d.Config
	c.Neurons = n
	return c
}

// DaleField is the grid of the drift field.
type DaleField struct {
	Low    float64 `yaml:"from" range:"[0, 1e6]" doc:"smallest excitatory weight"`
	High   float64 `yaml:"to" default:"2" range:"[0, 1e6]" doc:"largest excitatory weight"`
	Points int     `yaml:"points" default:"21" range:"[1, 1000]" doc:"weights in each direction"`
	Steps  int64   `yaml:"steps" default:"2000000" range:"[1, 2^40]" unit:"steps" doc:"simulated time for each point"`
	Direct bool    `yaml:"direct" default:"true" doc:"simulate two neurons coupled by the effective weights too"`
}

// DaleInitial says where learning begins.
type DaleInitial struct {
	From  string  `yaml:"from" doc:"or those of a finished run: its folder, or FOLDER#EPOCH for a report of that run"`
	WEE12 float64 `yaml:"w_ee12" default:"1.5" range:"[0, 1e6]" also:"w12, w_12, weights" doc:"excitatory synapse from neuron 2 to neuron 1"`
	WEE21 float64 `yaml:"w_ee21" default:"0.5" range:"[0, 1e6]" also:"w21, w_21, weights" doc:"excitatory synapse from neuron 1 to neuron 2"`
}

// DaleTraining says how long.
type DaleTraining struct {
	sampling.PairCourse
	ClipWeight float64 `yaml:"clip_weight" default:"4" range:"[0, 1e6]" doc:"largest excitatory weight; the smallest is 0"`
}

// DalePlasticity holds the rule.
type DalePlasticity struct {
	Rate           float64 `yaml:"rate" default:"0.03" range:"[-1e6, 1e6]" also:"eta, lr, learning_rate, rate_sal, eta_sal" doc:"learning rate of both excitatory synapses, for mode learning"`
	sampling.Pairs `default:"sal_pairing=nearest"`
}

const (
	fieldMode    = "field"
	learningMode = "learning"
)

// daleSettle is how long the networks run from rest before anything is measured, in units of
// tau_ref.
const daleSettle = 20

// Validate implements Config.
func (c *DaleConfig) Validate() settings.Problems {
	ps := settings.Check(c)
	if c.Field.High < c.Field.Low {
		ps.Add("field.to", "must not be below field.from")
	}
	if c.Initial.From != "" && c.Mode == fieldMode {
		ps.Add("initial.from", "has no effect in mode field; remove it, or set mode: learning")
	}
	c.Plasticity.Relate(&ps, c.Network.config(4))
	length, path := float64(c.Field.Steps), "field.steps"
	if c.Mode == learningMode {
		length, path = float64(c.Training.Epochs)*float64(c.Training.EpochLength), "training.epochs"
	}
	if settle := float64(daleSettle * c.Network.TauRef); len(ps) == 0 && !c.Network.Counts(length+settle) {
		ps.Add(path, "the run is longer than the 2^56 ticks that a clock can count")
	}
	return ps
}

// From implements experiment.Starter.
func (c *DaleConfig) From() (from, path string) { return c.Initial.From, "initial.from" }

// Epochs implements experiment.Lasting.
func (c *DaleConfig) Epochs() experiment.Epochs {
	if c.Mode != learningMode {
		return experiment.Epochs{}
	}
	return pairEpochs(c.Training.PairCourse)
}

// pair draws the fixed synapses and biases.
func (c *DaleConfig) pair(seed uint64) sampling.EIPair {
	var p sampling.EIPair
	for k := range 2 {
		normal := func(purpose random.Purpose, i, j int) float64 {
			s := random.New(seed, purpose, uint64(i), uint64(j))
			return s.Norm()
		}
		other, inhibitory := 1-k, 2+k
		p.BE[k] = c.Network.BE
		p.WIE[k] = max(0, c.Network.WIE+float64(c.Network.WIESD*normal(random.InitialWeights, inhibitory, k)))
		p.WEI[k] = min(0, c.Network.WEI+float64(c.Network.WEISD*normal(random.InitialWeights, other, inhibitory)))
		p.BI[k] = c.Network.BI + float64(c.Network.BISD*normal(random.InitialBias, inhibitory, 0))
	}
	return p
}

// at returns the pair with excitatory weights between neurons 1 and 2.
func at(p sampling.EIPair, w12, w21 float64) sampling.EIPair {
	p.WEE = [2]float64{w21, w12} // pathway 0 begins at the first neuron
	return p
}

// trainer makes a trainer for a network, the first two neurons of which are the excitatory ones.
func (c *DaleConfig) trainer(seed uint64, net sampling.Network) (*sampling.PairTrainer, error) {
	t := sampling.PairTraining{
		Config: c.Network.config(len(net.Bias)), PairCourse: sampling.PairCourse{Epochs: 1, EpochLength: c.Field.Steps, ReportEvery: 1},
		Pairs: c.Plasticity.Pairs, Seed: seed, Network: net, Settle: daleSettle * c.Network.TauRef, Lower: math.Inf(-1), Upper: math.Inf(1),
	}
	if c.Mode == learningMode {
		t.PairCourse, t.Rate12, t.Rate21, t.Lower, t.Upper = c.Training.PairCourse, c.Plasticity.Rate, c.Plasticity.Rate, 0, c.Training.ClipWeight
	}
	return sampling.NewPairTrainer(t)
}

// New implements Config.
func (c *DaleConfig) New(env experiment.Env) (experiment.Run, error) {
	if env.From != nil {
		if _, err := env.From.Metric("epoch"); err != nil {
			return nil, fmt.Errorf("only a run of mode learning can be begun from: %w", err)
		}
	}
	from, err := pairFrom(env.From, "w_ee12", "w_ee21")
	if err != nil {
		return nil, err
	}
	r := &daleRun{config: c, env: env, pair: c.pair(env.Seed), initial: [2]float64{c.Initial.WEE12, c.Initial.WEE21}}
	if from != nil {
		r.initial = *from
	}
	if c.Mode == learningMode {
		r.points = 1
	} else {
		r.points = c.Field.Points * c.Field.Points
	}
	return r, r.start()
}

// daleRun goes from point to point of the grid; learning is a single point. At each the whole
// network runs first, then, if asked for, the direct one.
type daleRun struct {
	config *DaleConfig
	env    experiment.Env
	pair   sampling.EIPair
	// excitatory weights at the start of learning
	initial [2]float64

	points        int
	point         int
	direct        bool // the direct network is running
	whole         *sampling.PairReport
	steps, spikes int64 // of networks that are over
	*sampling.PairTrainer
	engine string
}

// weights returns the excitatory weights at the present point.
func (r *daleRun) weights() (w12, w21 float64) {
	if r.config.Mode == learningMode {
		return r.initial[0], r.initial[1]
	}
	f := r.config.Field
	on := func(k int) float64 {
		if f.Points == 1 {
			return f.Low
		}
		return f.Low + float64(float64(k)/float64(f.Points-1)*(f.High-f.Low))
	}
	return on(r.point / f.Points), on(r.point % f.Points)
}

// start makes the trainer of the present network.
func (r *daleRun) start() error {
	if r.point >= r.points {
		return nil
	}
	w12, w21 := r.weights()
	p := at(r.pair, w12, w21)
	net := p.Network()
	if r.direct {
		net = p.Direct()
	}
	seed := random.New(r.env.Seed, random.MemberSeed, uint64(r.point), uint64(len(net.Bias)))
	tr, err := r.config.trainer(seed.Uint64(), net)
	if err != nil {
		return err
	}
	r.PairTrainer, r.engine = tr, tr.EngineName()
	return nil
}

func (r *daleRun) Tables() []experiment.Table {
	columns := []experiment.Column{{Name: "point", Doc: "of the grid; w_ee21 varies fastest"}}
	if r.config.Mode == learningMode {
		columns = []experiment.Column{{Name: "epoch", Doc: "epochs finished"}}
	}
	learning := r.config.Mode == learningMode
	columns = append(columns, []experiment.Column{
		{Name: "w_ee12", Doc: "excitatory synapse from neuron 2 to neuron 1"},
		{Name: "w_ee21", Doc: "excitatory synapse from neuron 1 to neuron 2"},
		{Name: "w_eff12", Doc: "effective weight from neuron 2 to neuron 1", Headline: learning},
		{Name: "w_eff21", Doc: "effective weight from neuron 1 to neuron 2", Headline: learning},
		{Name: "drift12", Unit: "per tau", Doc: "SAL's drift of w_ee12; the weight changes by the learning rate times this in every epoch"},
		{Name: "drift21", Unit: "per tau", Doc: "the same of w_ee21"},
		{Name: "activity_e1", Doc: "share of time in which excitatory neuron 1 was refractory"},
		{Name: "activity_e2", Doc: "the same of excitatory neuron 2"},
		{Name: "activity_i1", Doc: "the same of inhibitory neuron 1"},
		{Name: "activity_i2", Doc: "the same of inhibitory neuron 2"},
	}...)
	if r.config.Mode != learningMode && r.config.Field.Direct {
		columns = append(columns, []experiment.Column{
			{Name: "activity_direct1", Doc: "the same of neuron 1 of two that are coupled by the effective weights"},
			{Name: "activity_direct2", Doc: "the same of neuron 2 of these"},
			{Name: "drift12_direct", Unit: "per tau", Doc: "SAL's drift of their weights"},
			{Name: "drift21_direct", Unit: "per tau"},
		}...)
	}
	for k := range columns {
		columns[k].Row = !learning
	}
	return []experiment.Table{{Name: "metrics", Columns: append(columns, experiment.Column{Name: "steps", Unit: "steps", Doc: "simulated so far"}, experiment.Column{Name: "spikes", Doc: "so far"})}}
}

func (r *daleRun) Facts() experiment.Facts {
	f := pairFacts(r.config.Network.config(4), r.engine)
	if r.config.Mode == fieldMode {
		f.Neurons = 0 // each point begins at time 0: there is no common train of spikes
	}
	return f
}

func (r *daleRun) Advance(ctx context.Context) (experiment.Report, error) {
	env := r.env
	env.Spikes = env.Spikes && r.config.Mode == learningMode
	for r.point < r.points {
		p, err := advancePair(ctx, r.PairTrainer, env)
		switch {
		case err == nil && p == nil:
			return nil, nil
		case err != nil: // io.EOF: learning is over
			return nil, err
		case r.config.Mode == learningMode:
			return r.row(p, nil), nil
		case p.Epoch == 0:
		default:
			r.steps += p.Steps
			r.spikes += p.Spikes
			var report experiment.Report
			switch {
			case r.direct:
				report = r.row(r.whole, p)
			case !r.config.Field.Direct:
				report = r.row(p, nil)
			}
			if report == nil {
				r.whole, r.direct = p, true
			} else {
				r.whole, r.direct = nil, false
				r.point++
			}
			if err := r.start(); err != nil || report != nil {
				return report, err
			}
		}
	}
	return nil, io.EOF
}

func (r *daleRun) row(whole, direct *sampling.PairReport) experiment.Report {
	effective := at(r.pair, whole.W12, whole.W21).Effective()
	first := whole.Epoch
	if r.config.Mode == fieldMode {
		first = int64(r.point)
	}
	row := []experiment.Value{experiment.Int(first), experiment.Float(whole.W12), experiment.Float(whole.W21), experiment.Float(effective[1]), experiment.Float(effective[0])}
	row = append(row, measured(whole.Drift12, whole.Drift21)...)
	row = append(row, measured(whole.Activity...)...)
	if direct != nil {
		row = append(row, measured(direct.Activity[0], direct.Activity[1], direct.Drift12, direct.Drift21)...)
	}
	steps, spikes := r.totals()
	return experiment.Report{{Values: append(row, experiment.Int(steps), experiment.Int(spikes))}}
}

func (r *daleRun) totals() (steps, spikes int64) {
	steps, spikes = r.steps, r.spikes
	// In mode field the reports of a network are at its end, after which it is counted already.
	if r.config.Mode == learningMode {
		steps, spikes = r.Steps(), r.Spikes()
	}
	return steps, spikes
}

func (r *daleRun) Progress() experiment.Progress {
	steps, spikes := r.totals()
	if r.config.Mode == learningMode {
		return experiment.Progress{Done: float64(r.Epoch()), Total: float64(r.config.Training.Epochs), Unit: "epochs", Steps: steps, Spikes: spikes}
	}
	done := float64(r.point)
	if r.direct {
		done += 0.5
	}
	return experiment.Progress{Done: done, Total: float64(r.points), Unit: "points", Steps: steps, Spikes: spikes}
}

func (r *daleRun) Warnings() []string {
	if r.env.Spikes && r.config.Mode == fieldMode {
		return []string{"record.spikes has no effect in mode field: every point of the grid is a simulation of its own"}
	}
	return nil
}

func (r *daleRun) Arrays() ([]experiment.Array, error) {
	two := func(name string, v [2]float64) experiment.Array {
		return experiment.Array{Name: name, Shape: []int{2}, Data: v[:]}
	}
	arrays := []experiment.Array{two("w_ie", r.pair.WIE), two("w_ei", r.pair.WEI), two("b_e", r.pair.BE), two("b_i", r.pair.BI)}
	if r.config.Mode == learningMode {
		w12, w21 := r.Weights()
		arrays = append(arrays, experiment.Array{Name: "w_ee", Shape: []int{2, 2}, Data: []float64{0, w12, w21, 0}})
	}
	return arrays, nil
}

const daleTag = "DALE"

// AppendBinary appends the point, the report of the whole network while the direct one runs, and
// the present trainer.
func (r *daleRun) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, daleTag)
	w.Int(int64(r.point))
	w.Bool(r.direct)
	w.Int(r.steps)
	w.Int(r.spikes)
	if p := r.whole; p != nil {
		w.Floats([]float64{p.W12, p.W21, p.Drift12, p.Drift21})
		w.Floats(p.Activity)
	}
	if r.point < r.points {
		w.Part(r.PairTrainer)
	}
	return w.End()
}

// UnmarshalBinary implements Run.
func (r *daleRun) UnmarshalBinary(b []byte) error {
	s := state.NewReader(b, daleTag)
	point, direct := s.Int(), s.Bool()
	s.Check(point >= 0 && point <= int64(r.points), "impossible point")
	s.Check(r.config.Mode != learningMode || point < int64(r.points), "impossible point")
	s.Check(!direct || r.config.Mode != learningMode && r.config.Field.Direct && point < int64(r.points), "impossible network")
	steps, spikes := s.Int(), s.Int()
	if s.Err() != nil {
		return s.Err()
	}
	r.point, r.direct, r.steps, r.spikes, r.whole = int(point), direct, steps, spikes, nil
	if r.direct {
		var x [8]float64 // 2 weights, 2 drifts, 4 activities
		s.Floats(x[:])
		r.whole = &sampling.PairReport{W12: x[0], W21: x[1], Drift12: x[2], Drift21: x[3], Activity: x[4:]}
	}
	if r.point < r.points {
		if err := r.start(); err != nil {
			return err
		}
		s.Part(s.Len(), r.PairTrainer)
	}
	return s.Done()
}

func (r *daleRun) Close() error { return nil }
