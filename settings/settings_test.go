package settings

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

type shape uint8

var shapes = Names{"round", "square"}

func (s shape) String() string                { return shapes.String(int(s)) }
func (s shape) MarshalText() ([]byte, error)  { return shapes.Marshal(int(s)) }
func (s *shape) UnmarshalText(b []byte) error { return Parse(shapes, b, s) }

type inner struct {
	Tau    int64   `yaml:"tau" default:"50" range:"[1, 2^24]" unit:"steps" doc:"time constant"`
	Rate   float64 `yaml:"rate" default:"0.5" range:"(0, 1e6]" doc:"learning rate"`
	Engine string  `yaml:"engine" default:"auto" choice:"auto, event" doc:"simulator"`
}

type block struct {
	inner
	Length float64       `yaml:"length" range:"0 or [0.5, 100]" unit:"steps"`
	Every  time.Duration `yaml:"every" default:"90s"`
}

type all struct {
	Block   block       `yaml:"block" default:"tau=25 engine=event"`
	Shape   shape       `yaml:"shape" default:"square"`
	Ranges  [][]float64 `yaml:"ranges" default:"[[-3, 3]]" range:"[-4, 4)"`
	Words   []string    `yaml:"words" choice:"a, b"`
	Seed    *uint64     `yaml:"seed"`
	Share   *float64    `yaml:"share" range:"[0, inf)"`
	List    []inner     `yaml:"list"`
	Kept    int         `yaml:"-"`
	private int
}

// TestDefaults: tags give the defaults; those of a block can be changed where the block is used;
// nothing is shared.
func TestDefaults(t *testing.T) {
	got := Default[all]()
	want := all{Block: block{inner: inner{25, 0.5, "event"}, Every: 90 * time.Second}, Shape: 1, Ranges: [][]float64{{-3, 3}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	got.Ranges[0][0] = 7
	if again := Default[all](); again.Ranges[0][0] != -3 {
		t.Error("two descriptions share a list")
	}
	if len(Check(&want)) != 0 {
		t.Errorf("the defaults are refused: %v", Check(&want))
	}
}

// TestCheck: everything outside its range is found at its path, and the ends of intervals belong to
// them or not.
func TestCheck(t *testing.T) {
	half := 0.5
	negative := math.Nextafter(0, -1)
	for _, c := range []struct {
		change func(*all)
		want   string
	}{
		{func(a *all) { a.Block.Tau = 0 }, "block.tau: must be between 1 and 2^24 steps"},
		{func(a *all) { a.Block.Tau = 1 << 24 }, ""},
		{func(a *all) { a.Block.Tau = 1<<24 + 1 }, "block.tau: must be between 1 and 2^24 steps"},
		{func(a *all) { a.Block.Rate = 0 }, "block.rate: must be above 0 and at most 1e6"},
		{func(a *all) { a.Block.Rate = 1e6 }, ""},
		{func(a *all) { a.Block.Rate = math.NaN() }, "block.rate: must be above 0 and at most 1e6"},
		{func(a *all) { a.Block.Engine = "fast" }, "block.engine: allowed are auto, event"},
		{func(a *all) { a.Block.Length = 0.25 }, "block.length: must be 0 or between 0.5 and 100 steps"},
		{func(a *all) { a.Block.Length = 0.5 }, ""},
		{func(a *all) { a.Ranges = [][]float64{{-4, 0}, {0, 4}} }, "ranges.1.1: must be at least -4 and below 4"},
		{func(a *all) { a.Words = []string{"a", "c"} }, "words.1: allowed are a, b"},
		{func(a *all) { a.Share = &half }, ""},
		{func(a *all) { a.Share = &negative }, "share: must be at least 0"},
		{func(a *all) { inf := math.Inf(1); a.Share = &inf }, "share: must be at least 0"},
		{func(a *all) { a.List = []inner{Default[inner](), {1, 1, "x"}} }, "list.1.engine: allowed are auto, event"},
		{func(a *all) { a.Block.Tau, a.Block.Engine = 0, "" }, "block.tau: must be between 1 and 2^24 steps\nblock.engine: allowed are auto, event"},
	} {
		a := Default[all]()
		c.change(&a)
		a.private = 1
		got := ""
		if err := Check(&a).Err(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestProblems(t *testing.T) {
	var ps Problems
	ps.Add("a.b", "must be %d", 3)
	for path, want := range map[string]bool{"a": true, "a.b": true, "a.b.c": false, "a.bc": false, "b": false} {
		if ps.Has(path) != want {
			t.Errorf("Has(%s) is %v", path, !want)
		}
	}
	if (Problem{Message: "x"}).Error() != "x" || (Problems{}).Err() != nil {
		t.Error("a problem of the whole has no path; no problems are no error")
	}
}

// TestDoc: the comment holds meaning, unit and what is allowed.
func TestDoc(t *testing.T) {
	docs := map[string]string{}
	for _, f := range Fields(reflect.TypeFor[block]()) {
		docs[f.Name] = f.Doc()
	}
	want := map[string]string{"tau": "time constant; steps, [1, 2^24]", "rate": "learning rate; (0, 1e6]", "engine": "simulator; auto, event", "length": "", "every": ""}
	if !reflect.DeepEqual(docs, want) {
		t.Errorf("got %q", docs)
	}
}

func TestNames(t *testing.T) {
	for s := range shape(2) {
		b, err := s.MarshalText()
		var back shape
		if err != nil || back.UnmarshalText(b) != nil || back != s || string(b) != s.String() {
			t.Errorf("%v does not survive text", s)
		}
	}
	if _, err := shape(2).MarshalText(); err == nil || shape(2).String() != "(2)" {
		t.Error("a value that does not exist has a text")
	}
	var s shape
	if err := s.UnmarshalText([]byte("flat")); err == nil || err.Error() != "allowed are round, square" {
		t.Errorf("got %v", err)
	}
}

// TestWrongTags: a tag that says nothing useful is a fault of the program and panics.
func TestWrongTags(t *testing.T) {
	for name, f := range map[string]func(){
		"no range": func() {
			Check(struct {
				A int `yaml:"a" range:"1 to 3"`
			}{})
		},
		"a word": func() {
			Check(struct {
				A int `yaml:"a" range:"[one, 3]"`
			}{})
		},
		"a power of 3": func() {
			Check(struct {
				A int `yaml:"a" range:"[0, 3^3]"`
			}{})
		},
		"of a truth": func() {
			Check(struct {
				A bool `yaml:"a" range:"[0, 1]"`
			}{})
		},
		"no tag": func() { Check(struct{ A int }{}) },
		"no default": func() {
			Default[struct {
				A int `yaml:"a" default:"x"`
			}]()
		},
		"no setting": func() {
			Default[struct {
				A inner `yaml:"a" default:"nope=1"`
			}]()
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if text, _ := recover().(string); !strings.HasPrefix(text, "settings: ") {
					t.Errorf("got %q", text)
				}
			}()
			f()
		})
	}
}

// TestSet: a text is read as a default is, and what is wrong with it is told with its key.
func TestSet(t *testing.T) {
	type all struct {
		A float64 `yaml:"a" range:"[-1, 2]"`
		B int64   `yaml:"b" range:"0 or [2, 2^4]"`
		C shape   `yaml:"c"`
	}
	var v all
	for key, text := range map[string]string{"a": "0.5", "b": "12", "c": "square"} {
		if err := Set(&v, key, text); err != nil {
			t.Errorf("%s = %s: %v", key, text, err)
		}
	}
	if v != (all{0.5, 12, 1}) {
		t.Errorf("got %v", v)
	}
	for _, c := range []struct{ key, text, want string }{
		{"a", "NaN", `a: "NaN" is no number`},
		{"a", "1e999", `a: "1e999" is no number`},
		{"a", "null", `a: "null" is no number`},
		{"a", " 1", `a: " 1" is no number`},
		{"a", "1 2", `a: "1 2" is no number`},
		{"b", "1.5", `b: "1.5" is no whole number, or too large`},
		{"b", "9223372036854775808", `b: "9223372036854775808" is no whole number, or too large`},
		{"c", "flat", `c: "flat": allowed are round, square`},
		{"d", "1", "d: there is no such setting"},
	} {
		if err := Set(&v, c.key, c.text); err == nil || err.Error() != c.want {
			t.Errorf("%s = %s: got %v, want %s", c.key, c.text, err, c.want)
		}
	}
	if v != (all{0.5, 12, 1}) {
		t.Errorf("a fault has changed something: %v", v)
	}
	f := Fields(reflect.TypeFor[all]())
	if low, high, ok := f[1].Bounds(); !ok || low != 2 || high != 16 {
		t.Errorf("bounds %v, %v, %v", low, high, ok)
	}
	if _, _, ok := f[2].Bounds(); ok || strings.Join(Words(reflect.TypeFor[shape]()), " ") != "round square" || Words(reflect.TypeFor[int]()) != nil {
		t.Errorf("words %v", Words(reflect.TypeFor[shape]()))
	}
}
