package yamlconf

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"spikealign/settings"
)

type mode int

func (m mode) MarshalText() ([]byte, error) {
	return []byte([]string{"discrete", "continuous"}[m]), nil
}
func (m *mode) UnmarshalText(b []byte) error {
	switch string(b) {
	case "discrete":
		*m = 0
	case "continuous":
		*m = 1
	default:
		return fmt.Errorf("is not known; allowed: discrete, continuous")
	}
	return nil
}

type window struct {
	APlus float64 `yaml:"a_plus" default:"1" doc:"amplitude for post after pre"`
	Tau   float64 `yaml:"tau" default:"50" unit:"steps" doc:"time constant"`
}

type head struct {
	Kind string        `yaml:"kind" doc:"kind of experiment"`
	Text string        `yaml:"description"`
	Seed uint64        `yaml:"seed"`
	Wait time.Duration `yaml:"wait" doc:"wall time between checkpoints"`
}

type body struct {
	Mode    mode        `yaml:"mode" doc:"dynamics: discrete or continuous"`
	Epochs  int         `yaml:"epochs" doc:"number of epochs, > 0"`
	Small   int8        `yaml:"small"`
	On      bool        `yaml:"on_off"`
	Sigma   float64     `yaml:"sigma_init" doc:"spread of the initial weights, 0 or larger"`
	Weights [][]float64 `yaml:"weights" doc:"W[i][j] from j to i"`
	Bias    []float64   `yaml:"bias"`
	Window  window      `yaml:"window" doc:"learning window"`
	Opt     *window     `yaml:"optional"`
	List    []window    `yaml:"list"`
	Names   []string    `yaml:"names"`
	Modes   []mode      `yaml:"modes"`
	Pair    [2]float64  `yaml:"pair"`
	Any     Raw         `yaml:"any"`
	PF      *float64    `yaml:"pf"`
	hidden  int
}

func (b *body) Validate() settings.Problems {
	_ = b.hidden
	var ps settings.Problems
	if b.Epochs <= 0 {
		ps = append(ps, settings.Problem{Path: "epochs", Message: "must be larger than 0"})
	}
	if b.Window.Tau <= 0 {
		ps = append(ps, settings.Problem{Path: "window.tau", Message: "must be larger than 0"})
	}
	for i, row := range b.Weights {
		if len(row) != len(b.Weights) {
			ps = append(ps, settings.Problem{Path: fmt.Sprintf("weights.%d", i), Message: "rows must be as long as there are rows"})
		}
	}
	return ps
}

func defaults() (*head, *body) {
	return &head{Seed: 1, Wait: time.Minute}, &body{Epochs: 10, Sigma: .2, Window: window{1, 50}, Bias: []float64{0, 1}, Any: "null"}
}

func decode(text string, sets ...string) (*head, *body, error) {
	d := Parse("f.yaml", []byte(text))
	for _, s := range sets {
		d.Set(s)
	}
	h, b := defaults()
	return h, b, d.Decode(h, b)
}

func TestDecode(t *testing.T) {
	h, b, err := decode(`
kind: sampling       # comment
seed: 0xff
wait: 1h30m
mode: continuous
epochs: 1e5
small: -128
on_off: true
sigma_init: 1_000
weights: [[0, .5], [-1e-3, 0]]
window: &w {a_plus: 2}
optional: {<<: *w, tau: 3}
list:
  - *w
  - tau: 7
names: [5, true, 'a: b']
modes: [discrete, continuous]
pair: [1, 2]
any: [*w, null, {x: "y z", <<: {k: 1}}]
pf: 0.5
`)
	if err != nil {
		t.Fatal(err)
	}
	half := 0.5
	wantH := &head{Kind: "sampling", Seed: 255, Wait: 90 * time.Minute}
	wantB := &body{Mode: 1, Epochs: 100000, Small: -128, On: true, Sigma: 1000, Weights: [][]float64{{0, .5}, {-1e-3, 0}},
		Bias: []float64{0, 1}, Window: window{2, 50}, Opt: &window{2, 3}, List: []window{{2, 50}, {1, 7}}, Names: []string{"5", "true", "a: b"},
		Modes: []mode{0, 1}, Pair: [2]float64{1, 2}, Any: "[{a_plus: 2}, null, {x: y z, k: 1}]", PF: &half}
	if !reflect.DeepEqual(h, wantH) {
		t.Errorf("got %+v\nwant %+v", h, wantH)
	}
	if !reflect.DeepEqual(b, wantB) {
		t.Errorf("got %+v\nwant %+v", b, wantB)
	}
	roundTrip(t, h, b)
}

// Every problem is told at once, with its place.
func TestProblems(t *testing.T) {
	for _, c := range []struct {
		name, text string
		sets       []string
		want       []string
	}{
		{"many", "kind: x\nepoch: 3\nsigma_init: high\nseed: -1\nwindow: {tua: 3}\nsmall: 300\n", nil, []string{
			"f.yaml:2: epoch = 3: unknown key; did you mean epochs?",
			"f.yaml:3: sigma_init = high: is not a number",
			"f.yaml:4: seed = -1: is outside 0 .. 18446744073709551615",
			"f.yaml:5: window.tua = 3: unknown key; did you mean window.tau?",
			"f.yaml:6: small = 300: is outside -128 .. 127"}},
		{"elsewhere", "tau: 3\n", nil, []string{"f.yaml:1: tau = 3: unknown key; did you mean window.tau?"}},
		{"far off", "window: {zzzzz: 3}\n", nil, []string{"f.yaml:1: window.zzzzz = 3: unknown key; allowed here: a_plus, tau"}},
		{"types", "epochs: 1.5\non_off: yes\nwait: 60\nmode: fast\nbias: 3\nwindow: 3\nkind: [a]\nnames: {a: 1}\npair: [1]\n", nil, []string{
			"f.yaml:1: epochs = 1.5: is not a whole number",
			"f.yaml:2: on_off = yes: is not true or false",
			"f.yaml:3: wait = 60: is not a duration with its unit, such as 90s, 5m or 1h30m",
			"f.yaml:4: mode = fast: is not known; allowed: discrete, continuous",
			"f.yaml:5: bias = 3: is a single value; needed: a list, such as [1, 2], or {file: a.npz, array: w}, or {file: a.csv}",
			"f.yaml:6: window = 3: is a single value; needed: keys and values (a_plus: ..., tau: ...)",
			"f.yaml:7: kind = [a]: is a list; needed: text",
			"f.yaml:8: names = {a: 1}: is a mapping (keys and values); needed: a list, such as [one, two]",
			"f.yaml:9: pair = [1]: has 1 values, needs 2"}},
		{"numbers", "sigma_init: .nan\nbias: [.inf, '1', 1e999, 010]\nepochs: 010\nseed: 1e30\nsmall: ~\n", nil, []string{
			"f.yaml:1: sigma_init = .nan: is not a finite number",
			"f.yaml:2: bias.0 = .inf: is not a finite number",
			`f.yaml:2: bias.1 = "1": is text; needed: a number (without quotes)`,
			"f.yaml:2: bias.2 = 1e999: is outside what a 64-bit number can hold",
			"f.yaml:3: epochs = 010: is not a whole number (leading zeros are not allowed)",
			"f.yaml:4: seed = 1e30: is outside 0 .. 18446744073709551615",
			"f.yaml:5: small: has no value; give one or remove the key (needed: a whole number)"}},
		{"duplicate", "epochs: 1\nseed: 3\nepochs: 2\n", nil, []string{"f.yaml:3: epochs: duplicate key; it stands in line 1 already"}},
		{"validate", "epochs: 0\nweights: [[1], [1, 2]]\nwindow: {a_plus: 3, tau: 0}\n", nil, []string{
			"f.yaml:1: epochs = 0: must be larger than 0",
			"f.yaml:2: weights.0 = [1]: rows must be as long as there are rows",
			"f.yaml:3: window.tau = 0: must be larger than 0"}},
		{"validate not twice", "epochs: x\nwindow: {tau: -1}", []string{"window.tau=-2"}, []string{
			"f.yaml:1: epochs = x: is not a whole number",
			"--set window.tau=-2: must be larger than 0"}},
		{"sets", "kind: x\n", []string{"epochs=0", "window={tau: -1}", "bias.5=1", "bias.1=x", "nope=1", "seed.x=1", "a", "weights=[1", "window.taau=1", "weights.0=1"}, []string{
			"--set a: is not of the form path=value",
			"--set bias.5=1: bias has elements 0 .. 1: there is no element 5",
			"--set bias.1=x: is not a number",
			"--set nope=1: unknown key nope; allowed here: kind, description, seed, wait, mode, epochs, small, on_off, sigma_init, weights, bias, window, optional, list, names, modes, pair, any, pf",
			"--set seed.x=1: seed is a single value: there is no x in it",
			"--set weights=[1: is not valid YAML: while parsing a flow sequence: did not find expected ',' or ']'",
			"--set window.taau=1: unknown key window.taau; did you mean window.tau?",
			"--set weights.0=1: weights is empty: there is no element 0; set the whole list",
			"--set epochs=0: must be larger than 0",
			"--set window={tau: -1}: window.tau = -1: must be larger than 0"}},
		{"empty", "# nothing\n", nil, []string{"f.yaml: is empty"}},
		{"null", "~\n", nil, []string{"f.yaml: is empty"}},
		{"list", "- 1\n", nil, []string{"f.yaml:1: must hold keys and values (key: value)"}},
		{"two", "epochs: 1\n---\nepochs: 2\n", nil, []string{"f.yaml: holds several documents (separated by ---); one is allowed"}},
		{"tabs", "window:\n\ttau: 1\n", nil, []string{"f.yaml:2: is not valid YAML: while scanning for the next token: found character that cannot start any token (indent with spaces, not with tabs)"}},
		{"anchor", "epochs: *x\n", nil, []string{"f.yaml:1: is not valid YAML: unknown anchor 'x' referenced"}},
		{"loop", "bias: &a [1, *a]\nwindow: &w {<<: *w}\n", nil, []string{"f.yaml:1: bias.1 = [1, *a]: is a list; needed: a number", "f.yaml:2: window = *w: an alias contains itself"}},
		{"loop in raw", "any: &a [1, *a]\n", nil, []string{"f.yaml:1: any = *a: an alias contains itself"}},
		{"tag", "epochs: !foo 3\nany: !!set {a}\n", nil, []string{"f.yaml:1: epochs = 3: the tag !foo is not understood", "f.yaml:2: any = {a: null}: the tag !!set is not understood"}},
		{"merge", "window: {<<: 3}\n", nil, []string{"f.yaml:1: window.<< = 3: can merge only a mapping (an alias such as *name) or a list of them"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := decode(c.text, c.sets...)
			if err == nil {
				t.Fatal("accepted")
			}
			got := strings.Split(err.Error(), "\n")
			for k := range max(len(got), len(c.want)) {
				g, w := "", ""
				if k < len(got) {
					g = got[k]
				}
				if k < len(c.want) {
					w = c.want[k]
				}
				if g != w {
					t.Errorf("got  %s\nwant %s", g, w)
				}
			}
		})
	}
}

func TestDefaultIsNamed(t *testing.T) {
	h, b := defaults()
	b.Window.Tau = -1
	err := Parse("f.yaml", []byte("seed: 1")).Decode(h, b)
	if want := "f.yaml: window.tau = -1 (the default): must be larger than 0"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestOverrides(t *testing.T) {
	h, b, err := decode("kind: x\nlist: [{tau: 2}]\n", "window.tau=3", "bias.1=-1e-3", "optional.tau=9", "list.0.a_plus=4", "weights=[[1]]", "weights.0.0=2",
		"description=a: b, [c", "kind=5", "pf=0.25", "wait=5s", "any={x: [1, 2]}", "seed=18446744073709551615")
	if err != nil {
		t.Fatal(err)
	}
	if b.Window.Tau != 3 || b.Bias[1] != -1e-3 || *b.Opt != (window{1, 9}) || b.List[0] != (window{4, 2}) || b.Weights[0][0] != 2 || h.Text != "a: b, [c" ||
		h.Kind != "5" || *b.PF != .25 || h.Wait != 5*time.Second || b.Any != "{x: [1, 2]}" || h.Seed != math.MaxUint64 {
		t.Errorf("got %+v %+v", h, b)
	}
	if d := Parse("f", []byte("kind: a")); d.Text("kind") != "a" {
		t.Errorf("Text = %q", d.Text("kind"))
	} else if d.Set("kind=b"); d.Text("kind") != "b" {
		t.Errorf("Text after Set = %q", d.Text("kind"))
	}
}

// A small file must not be able to cost much time or memory.
func TestAliasBomb(t *testing.T) {
	var flowBomb, mergeBomb strings.Builder
	flowBomb.WriteString("names: &a0 [x, x, x, x, x, x, x, x, x]\n")
	mergeBomb.WriteString("window: &a0 {tau: 1}\n")
	flowBomb.WriteString("any:\n")
	mergeBomb.WriteString("any:\n")
	for k := 1; k < 12; k++ {
		alias := fmt.Sprintf("*a%d", k-1)
		fmt.Fprintf(&flowBomb, "  k%d: &a%d [%s]\n", k, k, strings.Join([]string{alias, alias, alias, alias, alias, alias, alias, alias, alias}, ", "))
		fmt.Fprintf(&mergeBomb, "  k%d: &a%d {<<: [%s]}\n", k, k, strings.Join([]string{alias, alias, alias, alias, alias, alias, alias, alias, alias}, ", "))
	}
	for _, text := range []string{flowBomb.String(), mergeBomb.String()} {
		_, _, err := decode(text)
		if err == nil || !strings.Contains(err.Error(), "aliases expand to more than 1048576 values") {
			t.Errorf("got %.200v", err)
		}
	}
}

func TestMarshal(t *testing.T) {
	h, b := defaults()
	h.Kind = "sampling"
	h.Text = "Two lines:\n  the second # one\n"
	b.Weights = [][]float64{{0, .1}, {1e-7, 1e300}}
	b.Names = []string{"", "a b", "yes", "1", " x", "ü\u2028", "#", "-", "a:", "\x00"}
	b.Opt = &window{}
	b.List = []window{{1, 2}}
	b.Any = "1"
	b.Bias = make([]float64, 100)
	for k := range b.Bias {
		b.Bias[k] = math.Sqrt(float64(k))
	}
	text, err := Marshal("The whole configuration.", h, b)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# The whole configuration.\n\nkind: sampling  # kind of experiment\n\ndescription: |\n  Two lines:\n    the second # one\n\nseed: 1\n",
		"wait: 1m  # wall time between checkpoints\n",
		"\n# W[i][j] from j to i\nweights:\n  - [0, 0.1]\n  - [1e-07, 1e+300]\n",
		"\n# learning window\nwindow:\n  a_plus: 1  # amplitude for post after pre\n  tau: 50  # time constant; steps\n",
		"\nlist:\n  - a_plus: 1  # amplitude for post after pre\n    tau: 2  #",
		"names: [\"\", a b, \"yes\", \"1\", \" x\", \"ü\\u2028\", \"#\", \"-\", \"a:\", \"\\x00\"]\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("missing %q in\n%s", want, text)
		}
	}
	roundTrip(t, h, b)
	b.Sigma = math.NaN()
	if _, err := Marshal("", b); err == nil {
		t.Error("NaN was written")
	}
}

func roundTrip(t *testing.T, h *head, b *body) {
	t.Helper()
	text, err := Marshal("", h, b)
	if err != nil {
		t.Fatal(err)
	}
	h2, b2 := &head{}, &body{}
	if err := Parse("back", text).Decode(h2, b2); err != nil {
		t.Fatalf("%v\nin\n%s", err, text)
	}
	if !reflect.DeepEqual(h, h2) || !reflect.DeepEqual(b, b2) {
		t.Fatalf("not the same after a round trip:\n%+v\n%+v\n%+v\n%+v\n%s", h, h2, b, b2, text)
	}
	again, err := Marshal("", h2, b2)
	if err != nil || string(again) != string(text) {
		t.Fatalf("the second text differs: %v", err)
	}
}

// The reader never panics, never accepts an unknown key, and what it accepts survives writing and
// reading.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"epochs: 3\n", "kind: 'a\n\n b'\nwindow: &w {tau: 3}\nlist: [*w, {<<: *w}]\n", "weights: [[1, 2], [3, 4]]\n", "? a\n: b\n",
		"any: {a: [1, !!str 2, null], b: {c: \"\\u2028\"}}\n", "any: |\n  x\n   y\n", "description: \"a\\nb\\n\"\n", "names: [~, \"\\x85\", \"\\U0001F600\"]\n",
		"list: [{tau: 1}]\nany: {1: 2, ? true : 3}\n", "<<: {epochs: 3}\n", "any: &a [*a]\n", "\xef\xbb\xbfseed: 1\r\n"} {
		f.Add(s, "")
	}
	f.Add("kind: a\n", "list=[{}]")
	f.Add("kind: a\n", "optional.tau=3")
	f.Fuzz(func(t *testing.T, text, set string) {
		d := Parse("f.yaml", []byte(text))
		if set != "" {
			d.Set(set)
		}
		_ = d.Text("kind")
		h, b := defaults()
		err := d.Decode(h, b)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an empty message")
			}
			return
		}
		known := append(settings.Fields(reflect.TypeFor[head]()), settings.Fields(reflect.TypeFor[body]())...)
		for k := 0; k < len(d.root.Content); k += 2 {
			if key := d.root.Content[k]; key.ShortTag() != "!!merge" && (key.Kind != yaml.ScalarNode || !isField(known, key.Value)) {
				t.Fatalf("accepted the unknown key %q", key.Value)
			}
		}
		for p := range d.sets {
			if first, _, _ := strings.Cut(d.sets[p].path, "."); !isField(known, first) {
				t.Fatalf("accepted the unknown override %q", d.sets[p].path)
			}
		}
		roundTrip(t, h, b)
	})
}

func isField(fs []settings.Field, name string) bool {
	return slices.ContainsFunc(fs, func(f settings.Field) bool { return f.Name == name })
}

type renamed struct {
	Kind string `yaml:"kind"`
	Rule struct {
		Pairs  string `yaml:"sal_pairs" once:"pairs, partners"`
		Rate   int64  `yaml:"rate" range:"[0, 9]" once:"eta"`
		Window struct {
			Tau int64 `yaml:"tau" once:"length"`
		} `yaml:"window" once:"kernel"`
	} `yaml:"rule"`
}

func (r *renamed) Validate() settings.Problems { return settings.Check(r) }

// TestEarlierNames: keys that settings once had are read as the present ones, wherever they stand;
// what is written, and what is said, has the present ones.
func TestEarlierNames(t *testing.T) {
	for _, c := range []struct {
		text string
		sets []string
		want string // the written text, or the message
	}{
		{"kind: a\nrule: {pairs: all, eta: 3, kernel: {length: 4}}\n", nil, "rule:\n  sal_pairs: all\n  rate: 3\n  window:\n    tau: 4\n"},
		{"kind: a\n", []string{"rule.partners=all", "rule.eta=3", "rule.kernel.length=4"}, "rule:\n  sal_pairs: all\n  rate: 3\n  window:\n    tau: 4\n"},
		{"kind: a\nrule: {eta: 3}\n", []string{"rule.rate=5"}, "  rate: 5\n"},
		{"kind: a\nrule: {rate: 3}\n", []string{"rule.eta=5"}, "  rate: 5\n"},
		{"kind: a\nrule:\n  eta: 12\n", nil, "f.yaml:3: rule.rate = 12: must be between 0 and 9"},
		{"kind: a\n", []string{"rule.eta=12"}, "--set rule.eta=12: rule.rate = 12: must be between 0 and 9"},
		{"kind: a\nrule:\n  eta: 1\n  rate: 2\n", nil, "f.yaml:4: rule.rate: is given twice: eta is the earlier name of rate"},
		{"kind: a\nrule:\n  partners: b\n  pairs: c\n", nil, "f.yaml:4: rule.sal_pairs: is given twice: pairs is the earlier name of sal_pairs"},
		// a key of its own wins over a merged one, whichever name they have
		{"kind: a\nrule: {<<: {eta: 7, pairs: b}, rate: 2}\n", nil, "  sal_pairs: b\n  rate: 2\n"},
	} {
		d := Parse("f.yaml", []byte(c.text))
		for _, s := range c.sets {
			d.Set(s)
		}
		var r renamed
		var got string
		if err := d.Decode(&r); err != nil {
			if got = err.Error(); got != c.want {
				t.Errorf("%q %q:\n%s\nwant\n%s", c.text, c.sets, got, c.want)
			}
			continue
		}
		text, err := d.Inputs().MarshalPlain(&r)
		if err != nil {
			t.Fatal(err)
		}
		if got = string(text); !strings.Contains(got, c.want) {
			t.Errorf("%q %q:\n%s\nwant\n%s", c.text, c.sets, got, c.want)
		}
	}
}
