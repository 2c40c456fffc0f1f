package convert

import (
	"math"
	"reflect"

	"spikealign/deep"
	"spikealign/experiment"
	"spikealign/internal/yamlconf"
	"spikealign/kinds"
	"spikealign/settings"
)

// deepEntries returns the names of the entries of a settings file of the authors' deep networks:
// mappings with a mapping `params`. There are none in a file of another form.
func deepEntries(file string, data []byte) (names []string) {
	doc := yamlconf.Parse(file, data)
	for _, key := range doc.Keys() {
		if entry := doc.Under(key); entry != nil && entry.Under("params") != nil {
			names = append(names, key)
		}
	}
	return names
}

// authorsDeep has the keys of an entry. All keys of a block must be given.
type authorsDeep struct {
	Params deepParams `yaml:"params"`
	SAL    *deepSAL   `yaml:"sal_params"`
	RDD    *deepRDD   `yaml:"rdd_params"`

	placing
}

type deepParams struct {
	Epochs      *int64   `yaml:"n_epochs"`
	BatchSize   *int     `yaml:"batch_size"`
	Rate        *float64 `yaml:"lr"`
	Momentum    *float64 `yaml:"momentum"`
	WeightDecay *float64 `yaml:"weight_decay"`
	UseBackprop *bool    `yaml:"use_backprop"`
	UseKP       *bool    `yaml:"use_kp"`
	UseFAConv   *bool    `yaml:"use_fa_conv_layers"`
	UseSCFA     *bool    `yaml:"use_scfa"`
}

type deepSAL struct {
	Iterations *int64   `yaml:"n_iterations"`
	Use        *bool    `yaml:"use_sal"`
	TRef       *int64   `yaml:"t_ref"`
	LenEpoch   *int64   `yaml:"len_epoch"` // of t_ref steps
	Rate       *float64 `yaml:"sal_lr"`
	BatchSize  *int     `yaml:"batch_size"`
}

type deepRDD struct {
	Seconds    *float64 `yaml:"rdd_time"`
	Use        *bool    `yaml:"use_rdd"`
	EveryEpoch *bool    `yaml:"every_epoch"`
}

func (*authorsDeep) kind() experiment.Kind { return kinds.Deep{} }

// methods are the methods that the entry asks for, each with the key that does; fa, for which there
// is no key, if there are none.
func (p *authorsDeep) methods() (ms []deep.Method, keys []string) {
	for _, m := range []struct {
		use  *bool
		key  string
		then deep.Method
	}{
		{p.Params.UseBackprop, "params.use_backprop", deep.BP},
		{p.Params.UseKP, "params.use_kp", deep.KP},
		{p.Params.UseSCFA, "params.use_scfa", deep.SCFA},
		{p.sal().Use, "sal_params.use_sal", deep.SAL},
		{p.rdd().Use, "rdd_params.use_rdd", deep.RDD},
	} {
		if m.use != nil && *m.use {
			ms, keys = append(ms, m.then), append(keys, m.key)
		}
	}
	if len(ms) == 0 {
		return []deep.Method{deep.FA}, []string{"params"}
	}
	if p.faConv() && ms[0] == deep.BP {
		ms[0] = deep.BPFA
	}
	return ms, keys
}

func (p *authorsDeep) faConv() bool { return p.Params.UseFAConv != nil && *p.Params.UseFAConv }

func (p *authorsDeep) sal() deepSAL {
	if p.SAL == nil {
		return deepSAL{}
	}
	return *p.SAL
}

func (p *authorsDeep) rdd() deepRDD {
	if p.RDD == nil {
		return deepRDD{}
	}
	return *p.RDD
}

func (p *authorsDeep) convert(s *experiment.Spec) {
	c := s.Config.(*kinds.DeepConfig)
	ms, _ := p.methods()
	c.Method = ms[0]
	c.Network.Loss = deep.DoubleSoftmax
	c.Augment.Flip = true
	c.Course.Epochs, c.Course.BatchSize = *p.Params.Epochs, *p.Params.BatchSize
	c.Course.Rate, c.Course.Momentum = *p.Params.Rate, *p.Params.Momentum
	p.decay(c)
	if q := p.SAL; q != nil {
		c.SALPhase.Iterations, c.SALPhase.TauRef, c.SALPhase.UpdateSteps = *q.Iterations, *q.TRef, times(*q.LenEpoch, *q.TRef)
		c.SALPhase.RateSAL, c.SALPhase.Replicas = *q.Rate, *q.BatchSize
	}
	if q := p.RDD; q != nil {
		c.RDDPhase.Seconds = *q.Seconds
	}
}

// decay sets what their weight decay becomes.
func (p *authorsDeep) decay(c *kinds.DeepConfig) {
	if c.Method == deep.KP {
		c.KP.Decay = *p.Params.WeightDecay
	} else {
		c.Course.Decay = *p.Params.WeightDecay
	}
}

// times is a product of two lengths that stays large where it does not fit.
func times(a, b int64) int64 {
	if a > 0 && b > 0 && a > math.MaxInt64/b {
		return math.MaxInt64
	}
	return a * b
}

func (*authorsDeep) names() [][2]string {
	return [][2]string{{"training.epochs", "params.n_epochs"}, {"training.batch_size", "params.batch_size"}, {"training.rate", "params.lr"},
		{"training.momentum", "params.momentum"}, {"training.weight_decay", "params.weight_decay"}, {"kp.decay", "params.weight_decay"}, {"sal.iterations", "sal_params.n_iterations"},
		{"sal.tau_ref", "sal_params.t_ref"}, {"sal.update_steps", "sal_params.len_epoch"}, {"sal.rate_sal", "sal_params.sal_lr"},
		{"sal.replicas", "sal_params.batch_size"}, {"rdd.seconds", "rdd_params.rdd_time"}}
}

// notes: what is learned, and from which seed, their file does not say.
func (p *authorsDeep) notes() settings.Problems {
	return settings.Problems{{Message: "does not name its images: set images.set, here fashion-mnist; left and right are exchanged in half of them (augmentation.flip), and the loss is theirs (double-softmax)"}}
}

// Validate tells what has no counterpart in our experiments.
func (p *authorsDeep) Validate() settings.Problems {
	if p.problems != nil {
		return p.problems
	}
	var ps settings.Problems
	missing(&ps, "params", &p.Params)
	if p.SAL != nil {
		missing(&ps, "sal_params", p.SAL)
	}
	if p.RDD != nil {
		missing(&ps, "rdd_params", p.RDD)
	}
	if every := p.rdd().EveryEpoch; every != nil && !*every {
		ps.Add("rdd_params.every_epoch", "only true can be converted: here there is a phase before each epoch")
	}
	ms, keys := p.methods()
	for _, key := range keys[1:] {
		ps.Add(key, "only one method at a time can be converted; %s is another", keys[0])
	}
	if p.faConv() && ms[0] != deep.BPFA {
		ps.Add("params.use_fa_conv_layers", "only with use_backprop can true be converted: with all other methods feedback of the convolutions is random here anyway")
	}
	return ps
}

// missing tells which fields of a block, all pointers, are not given.
func missing(ps *settings.Problems, path string, block any) {
	v := reflect.ValueOf(block).Elem()
	for i := range v.NumField() {
		if v.Field(i).IsNil() {
			ps.Add(settings.Join(path, v.Type().Field(i).Tag.Get("yaml")), "must be given")
		}
	}
}
