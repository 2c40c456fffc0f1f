package figure_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"spikealign/figure"
	"spikealign/figure/figuretest"
	"spikealign/figure/render"
)

// encode returns a figure and its JSON.
func encode(t *testing.T, in figuretest.Drawer) (*figure.Figure, []byte) {
	t.Helper()
	f, err := in.Figure()
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return f, data
}

// TestJSON checks that figures survive JSON: what comes back encodes to the same bytes and is drawn
// as the same picture.
func TestJSON(t *testing.T) {
	for name, in := range figuretest.All() {
		f, data := encode(t, in)
		var back figure.Figure
		if err := json.Unmarshal(data, &back); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if again, err := json.Marshal(&back); err != nil || !bytes.Equal(data, again) {
			t.Errorf("%s: another figure comes back (%v)", name, err)
		}
		var want, got bytes.Buffer
		if render.SVG(&want, f) != nil || render.SVG(&got, &back) != nil || !bytes.Equal(want.Bytes(), got.Bytes()) {
			t.Errorf("%s: another picture comes back", name)
		}
	}
}

func TestNumbers(t *testing.T) {
	data, err := json.Marshal(figure.Numbers{1, math.NaN(), -0.1, math.Inf(1), 5e-324, math.MaxFloat64})
	if want := "[1,null,-0.1,null,5e-324,1.7976931348623157e+308]"; err != nil || string(data) != want {
		t.Errorf("%s, %v; want %s", data, err, want)
	}
	var back figure.Numbers
	if err := json.Unmarshal(data, &back); err != nil || fmt.Sprint(back) != "[1 NaN -0.1 NaN 5e-324 1.7976931348623157e+308]" {
		t.Errorf("%v, %v", back, err)
	}
}

// TestDocumented checks that docs/files.md explains each field, kind, colour and marker.
func TestDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/files.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(doc), "\n## Figures as data\n")
	table, _, _ = strings.Cut(table, "\n## ")
	words := map[string]bool{}
	for _, v := range []any{figure.Figure{}, figure.Panel{}, figure.Axis{}, figure.Tick{}, figure.Series{}, figure.Look{}} {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
				words[name] = true
			}
		}
	}
	if len(words) < 40 {
		t.Errorf("%d fields", len(words))
	}
	for name, in := range figuretest.All() {
		f, err := in.Figure()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, p := range f.Panels {
			for _, s := range slices.Concat(append(f.Key, p.Series)...) {
				words[string(s.Kind)], words[string(s.Color)], words[string(s.Marker)] = true, true, true
			}
		}
	}
	for _, c := range []figure.Color{figure.Second, figure.Third, figure.Fourth, figure.Fifth} { // first to sixth
		delete(words, string(c))
	}
	delete(words, "")
	for word := range words {
		if !strings.Contains(table, "`"+word+"`") {
			t.Errorf("docs/files.md does not explain %s", word)
		}
	}
}

// textArea is the data area of a second renderer, of characters, that knows the JSON only.
type textArea struct {
	cells [12][48]rune
	axes  [2]map[string]any
	out   []string // data outside the ranges of the axes
}

func numbers(v any) (out []float64) {
	list, _ := v.([]any)
	for _, x := range list {
		f, ok := x.(float64)
		if !ok {
			f = math.NaN()
		}
		out = append(out, f)
	}
	return out
}

func (a *textArea) mark(x, y float64, c rune) {
	var at [2]int
	for k, v := range []float64{x, y} {
		r := numbers(a.axes[k]["range"])
		if math.IsNaN(v) || r == nil {
			return
		}
		lo, hi := r[0], r[1]
		if a.axes[k]["log"] == true {
			v, lo, hi = math.Log(v), math.Log(lo), math.Log(hi)
		}
		f := 0.5
		if hi > lo {
			f = (v - lo) / (hi - lo)
		}
		if f < -1e-9 || f > 1+1e-9 {
			a.out = append(a.out, fmt.Sprintf("(%g, %g)", x, y))
			return
		}
		at[k] = int(math.Round(f * float64([]int{len(a.cells[0]), len(a.cells)}[k]-1)))
	}
	a.cells[len(a.cells)-1-at[1]][at[0]] = c
}

// series draws one series.
func (a *textArea) series(s map[string]any) (err error) {
	x, y, low, high := numbers(s["x"]), numbers(s["y"]), numbers(s["low"]), numbers(s["high"])
	switch kind, _ := s["kind"].(string); kind {
	case "xy":
		c := '*'
		if s["marker"] == "ring" {
			c = 'o'
		}
		for k := range x {
			if low != nil {
				a.mark(x[k], low[k], '.')
				a.mark(x[k], high[k], '.')
			}
			if y != nil {
				a.mark(x[k], y[k], c)
			}
		}
	case "bars", "spikes", "blocks", "arrows":
		c := map[string]rune{"bars": '#', "spikes": '|', "blocks": '_', "arrows": '>'}[kind]
		for k := range x {
			if r := numbers(a.axes[0]["range"]); kind != "blocks" && kind != "spikes" || x[k] >= r[0] && x[k] <= r[1] {
				a.mark(x[k], y[k], c)
			}
		}
	case "heat", "cells":
		columns := int(s["columns"].(float64))
		for k, v := range numbers(s["values"]) {
			at := [2]float64{float64(k % columns), -float64(k / columns)}
			if kind == "cells" {
				at = [2]float64{x[k], y[k]}
			}
			if c := '+'; !math.IsNaN(v) {
				if v < 0 {
					c = '-'
				}
				a.mark(at[0], at[1], c)
			}
		}
	case "level":
		// Not part of the data: it may lie outside.
		x, r := numbers(a.axes[0]["range"]), numbers(a.axes[1]["range"])
		for k := 0; x != nil && r != nil && y[0] >= r[0] && y[0] <= r[1] && k < len(a.cells[0]); k++ {
			a.mark(x[0]+(x[1]-x[0])*float64(k)/float64(len(a.cells[0])-1), y[0], '-')
		}
	case "diagonal", "":
	default:
		return fmt.Errorf("kind %q", kind)
	}
	return nil
}

// text draws the panels of a figure in JSON, with what stands beside them.
func text(data []byte) (out []string, err error) {
	var f struct {
		Title  string
		Key    [][]map[string]any
		Panels []struct {
			Heading, Note string
			X, Y          map[string]any
			Series        []map[string]any
		}
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, err
	}
	for _, p := range f.Panels {
		a := textArea{axes: [2]map[string]any{p.X, p.Y}}
		label := func(axis map[string]any) string {
			s := fmt.Sprint(axis["label"])
			if axis["unit"] != nil {
				s += fmt.Sprintf(" (%s)", axis["unit"])
			}
			return s
		}
		key := ""
		for _, s := range p.Series {
			if err := a.series(s); err != nil {
				return nil, err
			}
			if s["label"] != nil && !strings.Contains(key, s["label"].(string)) {
				key += fmt.Sprintf(" [%s: %s]", s["label"], s["color"])
			}
		}
		lines := []string{p.Heading + key}
		for _, row := range a.cells {
			lines = append(lines, "|"+strings.TrimRight(strings.ReplaceAll(string(row[:]), "\x00", " "), " "))
		}
		lines = append(lines, label(p.X)+"; "+label(p.Y))
		out = append(out, strings.Join(lines, "\n"))
		if a.out != nil {
			return out, fmt.Errorf("panel %q: %d points outside, such as %s", p.Heading, len(a.out), a.out[0])
		}
	}
	return out, nil
}

// TestSecondRenderer draws every figure from its JSON by other means, and compares one picture.
func TestSecondRenderer(t *testing.T) {
	for name, in := range figuretest.All() {
		f, data := encode(t, in)
		panels, err := text(data)
		if err != nil || len(panels) != len(f.Panels) {
			t.Errorf("%s: %d of %d panels, %v", name, len(panels), len(f.Panels), err)
		}
	}
	_, data := encode(t, figure.PairRun{Epoch: []float64{0, 1, 2, 3}, W12: []float64{0, .5, .8, 1}, W21: []float64{2, 1.5, 1.2, 1}})
	panels, err := text(data)
	if want := strings.TrimPrefix(`
weights [\i{W}_{12}: third] [\i{W}_{21}: fourth]
|o
|
|
|                *
|                               *
|                                               *
|
|                               *
|                *
|
|
|*
epochs of training; weight`, "\n"); err != nil || panels[0] != want {
		t.Errorf("%v:\n%s\nwant\n%s", err, panels[0], want)
	}
}
