package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"spikealign/sampling"
	"spikealign/settings"
	"spikealign/stdd"
	"spikealign/synapse"
)

// Settings are the two neurons, what they learn by, and how the walk goes. The defaults are those
// of figure 2 of the paper: the first law of c, the learning of d.
type Settings struct {
	W12       float64             `yaml:"w12" default:"0.8" range:"[-4, 4]" doc:"weight of the synapse from neuron 2 to neuron 1"`
	W21       float64             `yaml:"w21" default:"0.4" range:"[-4, 4]" doc:"weight of the synapse from neuron 1 to neuron 2"`
	B1        float64             `yaml:"b1" default:"-0.5" range:"[-4, 4]" doc:"bias of neuron 1"`
	B2        float64             `yaml:"b2" default:"-0.5" range:"[-4, 4]" doc:"bias of neuron 2"`
	Tau       int64               `yaml:"tau" default:"50" range:"[1, 100]" unit:"steps" doc:"refractory time"`
	Dynamics  sampling.Dynamics   `yaml:"dynamics" doc:"discrete or continuous time"`
	PSP       synapse.PSPShape    `yaml:"psp" doc:"shape of the postsynaptic potential"`
	TauSyn    float64             `yaml:"tau_syn" range:"0 or [0.5, 200]" unit:"steps" doc:"its time constant, or the length of a rectangle; 0: tau"`
	Window    synapse.WindowShape `yaml:"window" doc:"SAL's learning window"`
	WindowTau float64             `yaml:"window_tau" range:"0 or [0.5, 1000]" unit:"steps" doc:"its time constant; 0: tau"`
	Span      float64             `yaml:"span" default:"2" range:"[0.5, 4]" doc:"the phase plane shows weights from -span to span"`
	Rate12    float64             `yaml:"rate_12" default:"0.03" range:"[0, 1]" doc:"learning rate of W12 in the walk; 0: frozen"`
	Rate21    float64             `yaml:"rate_21" default:"0.03" range:"[0, 1]" doc:"learning rate of W21 in the walk; 0: frozen"`
	Epoch     int64               `yaml:"epoch" default:"60" range:"[1, 1000]" unit:"tau" doc:"length of an epoch, at whose end the weights change"`
	Epochs    int64               `yaml:"epochs" default:"1500" range:"[1, 5000]" doc:"number of epochs of the walk"`
	Seed      uint64              `yaml:"seed" default:"1" range:"[0, 2^53]" doc:"seed of the walk"`
}

// finest is the largest tau in continuous time without a closed form, whose laws come from ever
// finer steps.
const finest = 15

// Validate returns everything that is wrong with the settings.
func (s Settings) Validate() settings.Problems {
	ps := settings.Check(s)
	if len(ps) > 0 {
		return ps
	}
	p := s.Params()
	if r := p.Resolve(); p.Continuous && s.Tau > finest && !(s.PSP == synapse.Rectangular && r.PSP.Steps == s.Tau) {
		ps.Add("tau", "must be at most %d steps in continuous time, unless the potential is a rectangle of length tau: the law takes too long", finest)
		return ps
	}
	if err := p.Validate(); err != nil {
		ps.Add("", "%s", strings.ReplaceAll(err.Error(), "stdd: ", ""))
	}
	ps.In("", s.training(s.W12, s.W21).Validate())
	return ps
}

// Params are the two neurons as the theory knows them.
func (s Settings) Params() stdd.Params {
	return stdd.Params{W12: s.W12, W21: s.W21, B1: s.B1, B2: s.B2, TauRef: s.Tau,
		PSP: synapse.PSP{Shape: s.PSP, TauSyn: s.TauSyn}, Continuous: s.Dynamics == sampling.Continuous}
}

// Half is the learning window, in steps.
func (s Settings) Half() synapse.Half {
	if s.WindowTau == 0 {
		return synapse.Half{Shape: s.Window, Tau: float64(s.Tau)}
	}
	return synapse.Half{Shape: s.Window, Tau: s.WindowTau}
}

// training is the walk from a point.
func (s Settings) training(w12, w21 float64) sampling.PairTraining {
	c := settings.Default[sampling.Config]()
	c.Neurons, c.TauRef, c.Dynamics, c.PSP, c.TauSyn = 2, s.Tau, s.Dynamics, s.PSP, s.TauSyn
	return sampling.PairTraining{
		Config: c, Seed: s.Seed, Rate12: s.Rate12, Rate21: s.Rate21, Lower: -bound, Upper: bound,
		PairCourse: sampling.PairCourse{Epochs: s.Epochs, EpochLength: s.Epoch * s.Tau, ReportEvery: 1},
		Pairs:      sampling.Pairs{Window: s.Window, WindowTau: s.WindowTau, Pairing: synapse.Pairing{Kind: synapse.Nearest}},
		Network:    sampling.Network{Weights: []float64{0, w12, w21, 0}, Bias: []float64{s.B1, s.B2}},
	}
}

// bound is the largest |weight| of a walk.
const bound = 10

// longest is the longest text that Parse reads: all settings have room in it several times.
const longest = 2000

// Parse reads settings from the text behind # in the page's address, or of a preset:
// "w12=1&psp=alpha". What is not there has its default. It returns everything that is wrong.
func Parse(text string) (Settings, settings.Problems) {
	s := settings.Default[Settings]()
	var ps settings.Problems
	text = strings.TrimPrefix(text, "#")
	if len(text) > longest {
		ps.Add("", "an address of %d characters is longer than all settings", len(text))
		return s, ps
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(part, "=")
		var problem settings.Problem
		switch {
		case part == "":
		case seen[name]:
			ps.Add(name, "is given twice")
		case errors.As(settings.Set(&s, name, value), &problem):
			ps = append(ps, problem)
		}
		seen[name] = true
	}
	if len(ps) > 0 {
		return s, append(ps, settings.Check(s)...)
	}
	return s, s.Validate()
}

// Address is the text of the settings that Parse reads, without those that have their defaults.
func (s Settings) Address() string {
	var parts []string
	v, usual := reflect.ValueOf(s), reflect.ValueOf(settings.Default[Settings]())
	for _, f := range fields {
		if x := v.FieldByIndex(f.Index); !x.Equal(usual.FieldByIndex(f.Index)) {
			parts = append(parts, f.Name+"="+textOf(x))
		}
	}
	return strings.Join(parts, "&")
}

// Values are the texts of all settings.
func (s Settings) Values() map[string]string {
	values := map[string]string{}
	for _, f := range fields {
		values[f.Name] = textOf(reflect.ValueOf(s).FieldByIndex(f.Index))
	}
	return values
}

// Command is the command that prints the same law.
func (s Settings) Command() string {
	text := "spikealign stdd"
	for k, f := range fields {
		x := reflect.ValueOf(s).FieldByIndex(f.Index)
		if k < flags && (k < 5 || !x.IsZero()) {
			text += fmt.Sprintf(" --%s=%s", strings.ReplaceAll(f.Name, "_", "-"), textOf(x))
		}
	}
	return text
}

// flags is the number of settings that are flags of the command, too: those before Span.
const flags = 10

var fields = settings.Fields(reflect.TypeFor[Settings]())

func textOf(v reflect.Value) string {
	text, err := json.Marshal(v.Interface())
	if err != nil {
		panic("lab: " + err.Error()) // a value that Validate refuses
	}
	return strings.Trim(string(text), `"`)
}

// Setting says of one setting what a page needs to offer it.
type Setting struct {
	Name    string   `json:"name"`
	Doc     string   `json:"doc"`
	Unit    string   `json:"unit,omitempty"`
	Default string   `json:"default"`
	Words   []string `json:"words,omitempty"` // of one of several words
	Low     float64  `json:"low"`             // of a number; beside a 0 that stands for another setting
	High    float64  `json:"high"`
	Whole   bool     `json:"whole,omitempty"`
}

// Describe lists all settings.
func Describe() []Setting {
	var all []Setting
	usual := reflect.ValueOf(settings.Default[Settings]())
	for _, f := range fields {
		x := usual.FieldByIndex(f.Index)
		d := Setting{Name: f.Name, Doc: f.Doc(), Unit: f.Unit(), Default: textOf(x), Words: settings.Words(x.Type())}
		d.Low, d.High, _ = f.Bounds()
		d.Whole = d.Words == nil && !x.CanFloat()
		all = append(all, d)
	}
	return all
}

// Preset is a place to begin from.
type Preset struct {
	Name    string `json:"name"`
	Doc     string `json:"doc"`
	Address string `json:"address"`
}

// Presets lists the places to begin from.
func Presets() []Preset {
	return []Preset{
		{"Figure 2", "Two excitatory synapses, W12 the stronger one. Short pairs in which neuron 1 fires second, causal for W12, are the more frequent ones, and W12 falls.", ""},
		{"Inhibitory", "Of two inhibitory synapses the less negative one is the stronger one; it falls, here W21.", "w12=-0.8&w21=-0.4"},
		{"Equal weights", "Equal weights and biases: both halves are mirror images, and nothing moves.", "w12=0.6&w21=0.6"},
		{"Learning", "The learning of figure 2d: from (1.5, 0.5) both weights walk to the middle.", "w12=1.5&w21=0.5&b2=-0.2&tau=25"},
		{"One frozen", "W12 does not learn: W21 walks up to it, without knowing it.", "w12=1.5&w21=0.5&b2=-0.2&tau=25&rate_12=0"},
		{"Alpha potential", "Another shape of the potential and unequal biases: the attractor line leaves the diagonal (figure 11).", "w12=1&w21=1&b1=1&b2=-1&tau=10&psp=alpha&tau_syn=5"},
		{"Rectangular, continuous", "Rectangular potentials in continuous time: equal weights are a fixed point whatever the biases, exactly.", "w12=1&w21=1&b1=1&b2=-1&dynamics=continuous"},
		{"Triangular window", "A learning window that ends with the refractory time.", "window=triangular"},
	}
}
