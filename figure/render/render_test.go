package render

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"spikealign/figure"
	"spikealign/figure/figuretest"
)

// TestFigures checks that every figure is well-formed SVG without numbers that are none, the same
// for equal input, and that all its text lies inside and apart. With SPIKEALIGN_FIGURES it saves
// them there.
func TestFigures(t *testing.T) {
	again := figuretest.All()
	for name, in := range figuretest.All() {
		f, err := in.Figure()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if dir := os.Getenv("SPIKEALIGN_FIGURES"); dir != "" {
			if err := Save(f, dir, name); err != nil {
				t.Error(err)
			}
		}
		svg := svgText(t, in)
		if svgText(t, again[name]) != svg {
			t.Errorf("%s: two drawings of one input differ", name)
		}
		elements := 0
		for d := xml.NewDecoder(strings.NewReader(svg)); ; elements++ {
			_, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: SVG: %v", name, err)
			}
		}
		if elements < 20 {
			t.Errorf("%s: SVG has %d tokens only", name, elements)
		}
		for _, bad := range []string{"NaN", "Inf"} {
			if at := strings.Index(svg, bad); at >= 0 && !strings.Contains(svg[max(0, at-40):at], ">") {
				t.Errorf("%s: SVG contains %s", name, bad)
			}
		}
		checkTexts(t, name, texts(f))
	}
}

// TestPNG checks that pictures have the size printed and a white ground.
func TestPNG(t *testing.T) {
	for _, name := range []string{"comparison", "raster", "one condition"} {
		f, err := figuretest.Sampling()[name].Figure()
		if err != nil {
			t.Fatal(err)
		}
		var buf bytes.Buffer
		if err := PNG(&buf, f); err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(&buf)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		w, h := Size(f)
		want := image.Pt(int(w/2.54*pngDPI+0.5), int(h/2.54*pngDPI+0.5))
		if got := img.Bounds().Size(); got != want {
			t.Errorf("%s: %v pixels, want %v", name, got, want)
		}
		for _, edge := range []image.Point{{}, {X: want.X - 1}, {Y: want.Y - 1}, want.Sub(image.Pt(1, 1))} {
			if r, g, b, a := img.At(edge.X, edge.Y).RGBA(); r&g&b&a != 0xffff {
				t.Errorf("%s: corner %v is not white", name, edge)
			}
		}
	}
}

// texts draws a figure and returns where its text is.
func texts(f *figure.Figure) *textBoxes {
	l := newLayout(f)
	c := &textBoxes{width: l.width, height: l.height}
	l.draw(draw.New(c))
	return c
}

// TestDeterministic checks that equal input gives equal bytes, in pixels too.
func TestDeterministic(t *testing.T) {
	var last [2][]byte
	for k := range 2 {
		f, err := figuretest.Network(3, 1).Figure()
		if err != nil {
			t.Fatal(err)
		}
		var svg, png bytes.Buffer
		if err := errors.Join(SVG(&svg, f), PNG(&png, f)); err != nil {
			t.Fatal(err)
		}
		if k > 0 && (!bytes.Equal(last[0], svg.Bytes()) || !bytes.Equal(last[1], png.Bytes())) {
			t.Error("two drawings of one input differ")
		}
		last = [2][]byte{svg.Bytes(), png.Bytes()}
	}
}

func TestSave(t *testing.T) {
	f, err := figuretest.Raster(3, false).Figure()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "figures")
	if err := Save(f, dir, "raster"); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 || entries[0].Name() != "raster.png" || entries[1].Name() != "raster.svg" {
		t.Errorf("%v (%v), want raster.png and raster.svg", entries, err)
	}
	for _, name := range []string{"", ".", "..", "a/b", "../a"} {
		if err := Save(f, dir, name); err == nil {
			t.Errorf("name %q was accepted", name)
		}
	}
	file := filepath.Join(dir, "raster.svg")
	if err := Save(f, file, "raster"); err == nil {
		t.Error("a file was accepted as directory")
	}
}

// TestNotes checks that what is left out is told, and that notes are those of the data.
func TestNotes(t *testing.T) {
	inputs := figuretest.All()
	for name, want := range map[string]string{
		"sampling some NaN":     "not drawn",
		"sampling unvisited":    "64 states never visited",
		"sampling replicates":   "median of 3 runs",
		"sampling hidden":       "from hidden to visible",
		"sampling all NaN":      "no data that can be drawn",
		"sampling raster empty": "no spikes in this window",
		"sampling raster auto":  "1 value not drawn",
		"sampling spoilt sweep": "1 run unfinished",

		"circuit 6 spoilt":  "1 run unfinished",
		"circuit very wide": "1667 of 5001 synapses",

		"pair STDD spoilt":  "2 values not drawn",
		"pair STDD nothing": "no data that can be drawn",
		"pair 2 still":      "1 value not drawn",
		"pair 2":            "(frozen)",
		"pair 10 spoilt":    "3 values not drawn",
		"pair 11 partial":   "none known",
		"pair STDD one":     "from spikes",
	} {
		if !strings.Contains(svgText(t, inputs[name]), want) {
			t.Errorf("%s: the figure does not say %q", name, want)
		}
	}
}

// svgText returns the figure as SVG.
func svgText(t *testing.T, in figuretest.Drawer) string {
	t.Helper()
	f, err := in.Figure()
	if err != nil {
		t.Fatal(err)
	}
	var svg bytes.Buffer
	if err := SVG(&svg, f); err != nil {
		t.Fatal(err)
	}
	return svg.String()
}

// TestHeadings checks that headings begin above the axes and letters left of them, in columns
// without tick labels too.
func TestHeadings(t *testing.T) {
	f, err := figuretest.Sampling()["sweep"].Figure()
	if err != nil {
		t.Fatal(err)
	}
	c := texts(f)
	at := map[string]vg.Rectangle{}
	for _, p := range c.texts {
		if _, ok := at[p.text]; !ok || p.text == "with SAL" { // the key comes first
			at[p.text] = p.box
		}
	}
	if gap := at["with SAL"].Min.X - at["b"].Max.X; gap < 0 || at["with SAL"].Min.Y != at["b"].Min.Y {
		t.Errorf("heading %v, letter %v", at["with SAL"], at["b"])
	}
}

// TestLabels checks that labels break outside marks and at no non-breaking space, and get smaller
// where they cannot break.
func TestLabels(t *testing.T) {
	if got := strings.Join(words("a  _{b c}d Var(W\u00a0−\u00a0V) open _{e"), "|"); got != "a|_{b c}d|Var(W\u00a0−\u00a0V)|open|_{e" {
		t.Error(got)
	}
	s := axisText.shrunk("word", 10)
	if w := s.width("word"); w > 10 || w < 9.5 || axisText.shrunk("word", 100) != axisText {
		t.Errorf("width %v", w)
	}
}

// TestColorBarPower checks that the power of ten of a colour bar is told, also without a label.
func TestColorBarPower(t *testing.T) {
	if !strings.Contains(svgText(t, figuretest.Sampling()["small weights"]), "(×10") && !strings.Contains(svgText(t, figuretest.Sampling()["small weights"]), "×10") {
		t.Error("no power of ten")
	}
	p := &figure.Panel{Bar: &figure.Axis{Range: []float64{-2e-4, 2e-4}, Tight: true}}
	v := view{Panel: p, bar: scale{Axis: *p.Bar}}
	v.fit(100, 100)
	if got := strings.Join(v.bar.lines, " "); got != "×10^{−6}" {
		t.Errorf("bar of 2e-4: %q", got)
	}
}

// TestOneReport checks that a single report stands on an axis from 0 with whole epochs.
func TestOneReport(t *testing.T) {
	for _, c := range []struct {
		at, min, max float64
		want         string
	}{{0, 0, 1, "0 1"}, {500, 0, 550, "0 100 200 300 400 500"}} {
		x := scale{Axis: figure.Axis{Range: []float64{c.at, c.at}, Tight: true, Whole: true}}
		x.fit(100, room(15))
		if got := labels(x.ticks); x.min != c.min || math.Abs(x.max-c.max) > 1e-9 || got != c.want {
			t.Errorf("epoch %g: axis %g to %g, labels %s", c.at, x.min, x.max, got)
		}
	}
}

// TestTargetStates checks that states which the target does not have are not missed.
func TestTargetStates(t *testing.T) {
	in := figure.Training{N: 6, Target: make([]float64, 64), Sampled: make([]float64, 64)}
	for s := range 4 {
		in.Target[s] = 0.25
	}
	for s := range 3 {
		in.Sampled[10*s] = 1. / 3
	}
	if svg := svgText(t, in); !strings.Contains(svg, "3 states never visited") || strings.Contains(svg, "not drawn") {
		t.Error("the note is not about the target's states")
	}
}

// TestOneLevel checks that with a single level of noise each condition has a place of its own.
func TestOneLevel(t *testing.T) {
	f, err := figuretest.Noise([]float64{0.5}, 3, 1).Figure()
	if err != nil {
		t.Fatal(err)
	}
	last := slices.IndexFunc(f.Panels, func(p *figure.Panel) bool { return p.X.Ticks != nil })
	x := scale{Axis: f.Panels[last].X}
	x.fit(90, func(label string) vg.Length { return tickText.width(label) + 4 })
	if got := labels(x.ticks); got != "without with SAL" || x.min != -0.5 || x.max != 1.5 {
		t.Errorf("labels %q on %g to %g", got, x.min, x.max)
	}
}

// TestDivergenceWithoutValues checks that a panel without any value is left out beside others.
func TestDivergenceWithoutValues(t *testing.T) {
	e, none, a := []float64{0, 1}, []float64{math.NaN(), math.NaN()}, []float64{2, 1}
	for _, in := range []figuretest.Drawer{
		figure.Training{Epoch: e, DKL: none, Floor: none, Asymmetry: a},
		figure.MetricSweep{Metrics: []figure.Metric{figure.Divergence, figure.Asymmetry}, Conditions: []figure.MetricCondition{{X: e, Runs: [][][]float64{{none}, {a}}, Floor: [][][]float64{{none}, nil}}}},
		figure.NoiseSweep{Levels: []float64{0}, Curves: []figure.Curve{{Epoch: e, DKL: [][]float64{none}, Asymmetry: [][]float64{a}}}},
	} {
		svg := svgText(t, in)
		if strings.Contains(svg, "(nats)") || strings.Contains(svg, "no data") || strings.Contains(svg, "sampling floor") || !strings.Contains(svg, "Var(") {
			t.Errorf("%T: a panel without values, or none", in)
		}
	}
}

// textBoxes is a canvas that keeps only where text was drawn, one box for each line of it.
type textBoxes struct {
	width, height vg.Length
	state         pose
	stack         []pose
	texts         []placed
}

type pose struct {
	at     vg.Point
	upward bool
	line   int // index of the line of text being drawn in this pose, plus 1
}

type placed struct {
	text string
	box  vg.Rectangle
}

func (c *textBoxes) Size() (w, h vg.Length)                     { return c.width, c.height }
func (c *textBoxes) SetLineWidth(vg.Length)                     {}
func (c *textBoxes) SetLineDash([]vg.Length, vg.Length)         {}
func (c *textBoxes) SetColor(color.Color)                       {}
func (c *textBoxes) Scale(x, y float64)                         { panic("not used by this package") }
func (c *textBoxes) Stroke(vg.Path)                             {}
func (c *textBoxes) Fill(vg.Path)                               {}
func (c *textBoxes) DrawImage(rect vg.Rectangle, _ image.Image) {}
func (c *textBoxes) Rotate(float64)                             { c.state.upward = true }
func (c *textBoxes) Translate(pt vg.Point)                      { c.state.at = c.state.at.Add(pt) }
func (c *textBoxes) Push()                                      { c.stack = append(c.stack, c.state) }
func (c *textBoxes) Pop() {
	c.state = c.stack[len(c.stack)-1]
	c.stack = c.stack[:len(c.stack)-1]
}

func (c *textBoxes) FillString(f font.Face, pt vg.Point, s string) {
	w, h := f.Width(s), f.Font.Size*capHeight
	box := vg.Rectangle{Min: pt, Max: pt.Add(vg.Point{X: w, Y: h})}
	if c.state.upward {
		box = vg.Rectangle{Min: vg.Point{X: -pt.Y - h, Y: pt.X}, Max: vg.Point{X: -pt.Y, Y: pt.X + w}}
	}
	box.Min, box.Max = box.Min.Add(c.state.at), box.Max.Add(c.state.at)
	if k := c.state.line; k > 0 {
		p := &c.texts[k-1]
		p.text += s
		p.box.Min = vg.Point{X: min(p.box.Min.X, box.Min.X), Y: min(p.box.Min.Y, box.Min.Y)}
		p.box.Max = vg.Point{X: max(p.box.Max.X, box.Max.X), Y: max(p.box.Max.Y, box.Max.Y)}
		return
	}
	c.texts = append(c.texts, placed{s, box})
	c.state.line = len(c.texts)
}

// TestLagsFromZero checks that the axes of figure 12 begin at lag 0, also where the data begin one
// step later.
func TestLagsFromZero(t *testing.T) {
	f, err := figure.Figure12{Cases: []figure.PerturbationCase{{Name: "a", T: []float64{0.5, 1, 1.5}, Delta: []float64{1, 0, -1}, Integral: []float64{1, 1, 0}}}}.Figure()
	if err != nil {
		t.Fatal(err)
	}
	zeros := 0
	for _, p := range texts(f).texts {
		if p.text == "0.0" {
			zeros++
		}
	}
	if zeros < 3 { // on both abscissas, and on the ordinate of delta
		t.Errorf("%d zeros", zeros)
	}
}

// TestFieldEnds checks that the axes of figure 10 end with the cells.
func TestFieldEnds(t *testing.T) {
	f, err := figure.Figure10{N: 2, W12: []float64{0, 0, 1, 1}, W21: []float64{5, 6, 5, 6}, Drift12: []float64{1, 2, 3, 4}}.Figure()
	if err != nil {
		t.Fatal(err)
	}
	p := f.Panels[0]
	v := view{Panel: p, x: scale{Axis: p.X}, y: scale{Axis: p.Y}, bar: scale{Axis: *p.Bar}}
	v.fit(100, 100)
	if v.x.min != -0.5 || v.x.max != 1.5 || v.y.min != 4.5 || v.y.max != 6.5 {
		t.Errorf("%g to %g, %g to %g", v.x.min, v.x.max, v.y.min, v.y.max)
	}
}

// TestPairSizes checks the printed sizes of typical figures, and that they can be written as PNG.
func TestPairSizes(t *testing.T) {
	for name, want := range map[string]string{
		"STDD": "16.0 x 10.6", "STDD one": "9.0 x 6.0", "STDD two": "13.6 x 6.1", "2": "16.0 x 16.9", "2 plane": "5.3 x 6.5", "10": "14.3 x 6.7", "11": "16.0 x 12.6", "12": "13.6 x 6.0",
	} {
		f, err := figuretest.Pairs()[name].Figure()
		if err != nil {
			t.Fatal(err)
		}
		w, h := Size(f)
		if got := fmt.Sprintf("%.1f x %.1f", w, h); got != want {
			t.Errorf("%s: %s cm, want %s", name, got, want)
		}
	}
	f, err := figuretest.Figure12(1).Figure()
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := PNG(&buf, f); err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(&buf); err != nil {
		t.Error(err)
	}
}

// checkTexts checks that all text lies inside the figure and apart.
func checkTexts(t *testing.T, name string, c *textBoxes) {
	t.Helper()
	for k, a := range c.texts {
		if a.box.Min.X < 0 || a.box.Min.Y < 0 || a.box.Max.X > c.width || a.box.Max.Y > c.height {
			t.Errorf("%s: %q at %.1f is outside the figure of %.1f x %.1f", name, a.text, a.box, c.width, c.height)
		}
		for _, b := range c.texts[:k] {
			if a.box.Min.X < b.box.Max.X && b.box.Min.X < a.box.Max.X && a.box.Min.Y < b.box.Max.Y && b.box.Min.Y < a.box.Max.Y {
				t.Errorf("%s: %q at %.1f and %q at %.1f overlap", name, a.text, a.box, b.text, b.box)
			}
		}
	}
}

// TestKeys checks that the key of a sweep with many conditions is no larger than its panels.
func TestKeys(t *testing.T) {
	method := figuretest.Factor("method", "sal", "bp", "fa")
	for k, factors := range [][]figure.Factor{
		{figuretest.Factor("rate", figuretest.Count(24)...)},
		{method, figuretest.Factor("rate", figuretest.Count(8)...)},
		{figuretest.Factor("x", 0, 1), figuretest.Factor("rate", 1, 2, 3), figuretest.Factor("y", "a", "b"), figuretest.Factor("z", "a", "b")},
		{figuretest.Factor("a", "a", "b", "c", "d", "e", "f", "g"), figuretest.Factor("b", "x", "y")},
	} {
		f, err := figuretest.MetricSweep(factors...).Figure()
		if err != nil {
			t.Fatal(err)
		}
		if key := keyRow.Points() * float64(len(newLayout(f).heading)); key == 0 || key > f.Height {
			t.Errorf("sweep %d: the key is %v high, a panel %v", k, key, f.Height)
		}
	}
}
