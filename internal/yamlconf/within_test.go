package yamlconf

import (
	"fmt"
	"strings"
	"testing"

	"spikealign/settings"
)

// TestUnder verifies that a mapping of a document is one itself, with its lines, and that With
// leaves its receiver as it was.
func TestUnder(t *testing.T) {
	d := Parse("f.yaml", []byte("base: &b\n  seed: 3\nother:\n  <<: *b\n  wait:\n    x\nseed: 1\nlist: [1]\n"))
	for _, key := range []string{"seed", "list", "none"} {
		if d.Under(key) != nil {
			t.Errorf("%s is a mapping", key)
		}
	}
	base := d.Under("base")
	if keys := strings.Join(base.Keys(), " "); keys != "seed" {
		t.Errorf("keys %s", keys)
	}
	if raw, err := d.Under("other").Raw(); raw != "{wait: x, seed: 3}" || err != nil {
		t.Errorf("%s, %v", raw, err)
	}
	if _, err := Parse("f.yaml", []byte("a: [")).Raw(); err == nil {
		t.Error("no error of syntax")
	}
	var h head
	err := d.Under("other").Decode(&h)
	if err == nil || !strings.HasPrefix(err.Error(), "f.yaml:6: wait = x: is not a duration") || h.Seed != 3 {
		t.Errorf("%v, seed %d", err, h.Seed)
	}
	changed := base.With("seed=4")
	if err := changed.Decode(&h); err != nil || h.Seed != 4 {
		t.Errorf("seed %d, %v", h.Seed, err)
	}
	if err := base.Decode(&h); err != nil || h.Seed != 3 {
		t.Errorf("seed %d, %v", h.Seed, err)
	}
}

type counted []Raw

type countForm struct {
	Up int `yaml:"up" doc:"how many"`
}

func (*counted) Form() any { return &countForm{Up: 2} }

func (c *counted) Expand(form any) (ps settings.Problems) {
	n := form.(*countForm).Up
	if n < 0 {
		ps.Add("up", "must be 0 or more")
	}
	for k := range max(n, 0) {
		*c = append(*c, Raw(fmt.Sprint(k)))
	}
	return ps
}

// TestMapped verifies lists that may be written as keys and values.
func TestMapped(t *testing.T) {
	for _, c := range []struct{ text, want, err string }{
		{"list: [7]\n", "[7]", ""},
		{"list: {up: 3}\n", "[0 1 2]", ""},
		{"list: {}\n", "[0 1]", ""},
		{"list:\n  up: -1\n", "", "f.yaml:2: list.up = -1: must be 0 or more"},
		{"list: {pu: 1}\n", "", "f.yaml:1: list.pu = 1: unknown key; did you mean list.up?"},
		{"list: 3\n", "", "f.yaml:1: list = 3: is a single value; needed: a list"},
	} {
		var to struct {
			List counted `yaml:"list"`
		}
		err := Parse("f.yaml", []byte(c.text)).Decode(&to)
		if c.err != "" {
			if err == nil || !strings.HasPrefix(err.Error(), c.err) {
				t.Errorf("%s: %v, want %s", c.text, err, c.err)
			}
		} else if got := fmt.Sprint(to.List); err != nil || got != c.want {
			t.Errorf("%s: %s, %v", c.text, got, err)
		}
	}
}

// TestJoin verifies the order of problems of several files.
func TestJoin(t *testing.T) {
	a := Errors{{File: "b", Line: 9, Message: "x"}, {Set: "s=1", Message: "x"}}
	err := Join(nil, a, Errors{{File: "a", Line: 3, Message: "x"}, {File: "b", Line: 2, Message: "x"}})
	if want := "b:2: x\nb:9: x\na:3: x\n--set s=1: x"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if err := Join(nil, nil); err != nil {
		t.Error(err)
	}
	if other := fmt.Errorf("other"); Join(a, other) != other {
		t.Error("another error is lost")
	}
}
