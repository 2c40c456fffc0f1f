package figure

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
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

var (
	nan = math.NaN()
	inf = math.Inf(1)
)

// drawer is what every input type of the package has.
type drawer interface {
	Figure() (*Figure, error)
}

// network returns a plausible trained network of n neurons.
func network(n int, seed uint64) Training {
	r := rand.New(rand.NewPCG(seed, 1))
	t := Training{Name: fmt.Sprintf("%d neurons", n), N: n}
	for k := range 41 {
		e := float64(k) * 500
		t.Epoch = append(t.Epoch, e)
		t.DKL = append(t.DKL, math.Exp(-e/900)+2e-3*math.Exp(0.1*r.NormFloat64()))
		t.Floor = append(t.Floor, 5e-4)
		t.Asymmetry = append(t.Asymmetry, 0.5*math.Exp(-e/1500)+0.004*r.Float64())
	}
	for i := range n * n {
		off := 1.0
		if i%(n+1) == 0 {
			off = 0
		}
		t.WInitial = append(t.WInitial, off*0.5*r.NormFloat64())
		t.WFinal = append(t.WFinal, off*0.5*r.NormFloat64())
		t.WTarget = append(t.WTarget, off*(2*r.Float64()-1))
	}
	sum := 0.0
	for range 1 << n {
		p := math.Exp(1.5 * r.NormFloat64())
		t.Target, sum = append(t.Target, p), sum+p
	}
	for s := range t.Target {
		t.Target[s] /= sum
		t.Sampled = append(t.Sampled, t.Target[s]*math.Exp(0.05*r.NormFloat64()))
	}
	return t
}

// noise returns a sweep with the shape of figure 4; scale multiplies every measured value.
func noise(levels []float64, runs int, scale float64) NoiseSweep {
	r := rand.New(rand.NewPCG(3, 1))
	s := NoiseSweep{Title: "Synaptic noise", NoiseLabel: "initial weight noise σ_{init}", Levels: levels}
	for _, level := range levels {
		for _, sal := range []bool{false, true} {
			end, asymmetry := 2e-3+8e-3*level*level, 2*level*level
			if sal {
				end, asymmetry = 2e-3, 0.004
			}
			c := Curve{Level: level, SAL: sal}
			for k := range 21 {
				c.Epoch = append(c.Epoch, float64(k)*1000)
			}
			for range runs {
				f := scale * math.Exp(0.2*r.NormFloat64())
				var d, a []float64
				for _, e := range c.Epoch {
					d = append(d, f*(math.Exp(-e/900)+end))
					a = append(a, f*(2*level*level*math.Exp(-e/1500)+asymmetry))
				}
				c.DKL, c.Asymmetry = append(c.DKL, d), append(c.Asymmetry, a)
			}
			s.Curves = append(s.Curves, c)
		}
	}
	return s
}

func comparison() MetricSweep {
	t := network(5, 2)
	a := MetricCondition{Levels: []int{0}, X: t.Epoch, Runs: [][][]float64{{t.DKL}, {t.Asymmetry}}, Floor: [][][]float64{{t.Floor}, nil}, Sampled: [][]float64{t.Sampled}}
	b := a
	b.Levels, b.Sampled = []int{1}, [][]float64{t.Target}
	return MetricSweep{Title: "Five neurons", X: "epoch", N: 5, Target: t.Target, Metrics: []Metric{Divergence, Asymmetry},
		Factors: []Factor{{Values: []string{"with SAL", "without SAL"}}}, Conditions: []MetricCondition{a, b}}
}

func raster(n int, states bool) Raster {
	r := rand.New(rand.NewPCG(4, 1))
	out := Raster{Name: "Spikes", N: n, From: 10, To: 60, States: states}
	for range 30 * n {
		out.Times = append(out.Times, 80*r.Float64())
		out.Neurons = append(out.Neurons, r.IntN(n))
	}
	return out
}

// inputs are figures that must come out whole: typical, partial, degenerate and spoilt data.
func inputs() map[string]drawer {
	levels := []float64{0, 0.2, 0.4, 0.6, 0.8, 1}
	full := network(7, 1)
	in := map[string]drawer{
		"training 7":      full,
		"training 5":      network(5, 1),
		"training 2":      network(2, 1),
		"training 1":      network(1, 1),
		"training 9":      network(9, 1),
		"curves only":     Training{Name: "a_b*c {d}", Epoch: full.Epoch, DKL: full.DKL, Asymmetry: full.Asymmetry},
		"floor missing":   Training{Epoch: full.Epoch, DKL: full.DKL},
		"target only":     Training{N: 3, Target: []float64{.1, .1, .2, .1, .1, .2, .1, .1}},
		"target only 7":   Training{N: 7, Target: full.Target},
		"weights only":    Training{N: 7, WFinal: full.WFinal},
		"no target":       Training{N: 7, WInitial: full.WInitial, WFinal: full.WFinal},
		"one epoch":       Training{Epoch: []float64{0}, DKL: []float64{0.5}, Asymmetry: []float64{0}, Floor: []float64{1e-3}},
		"constant":        Training{Epoch: []float64{0, 1, 2}, DKL: []float64{0.5, 0.5, 0.5}, Asymmetry: []float64{3, 3, 3}},
		"all NaN":         Training{Epoch: []float64{0, 1}, DKL: []float64{nan, nan}, Asymmetry: []float64{nan, inf}, N: 1, Target: []float64{nan, nan}},
		"some NaN":        Training{Epoch: []float64{0, nan, 2, 3}, DKL: []float64{1, 1, -inf, 0}, Asymmetry: []float64{nan, 1, 2, inf}},
		"zero weights":    Training{N: 2, WInitial: make([]float64, 4), WFinal: []float64{0, nan, inf, 0}, WTarget: make([]float64, 4)},
		"unvisited":       Training{N: 6, Target: network(6, 1).Target, Sampled: make([]float64, 64)},
		"huge":            Training{Epoch: []float64{0, 1e300}, DKL: []float64{1e-300, 1e300}, Asymmetry: []float64{-1e99, 1e99}},
		"long title":      Training{Name: strings.Repeat("a long title ", 20), Epoch: full.Epoch, DKL: full.DKL},
		"sweep":           noise(levels, 20, 1),
		"sweep of figure": noise([]float64{0, .01, .02, .03, .04, .05}, 5, 1),
		"one level":       noise(levels[:1], 1, 1),
		"no baseline":     noise(levels[1:3], 2, 1),
		"tiny values":     noise(levels, 3, 1e-9),
		"large values":    noise(levels, 3, 1e9),
		"comparison":      comparison(),
		"metric sweep":    metricSweep(factor("method", "sal", "bp", "fa"), factor("rate", count(8)...)),
		"one condition":   MetricSweep{Metrics: []Metric{Divergence}, Conditions: []MetricCondition{{X: full.Epoch, Runs: [][][]float64{{full.DKL}}, Floor: [][][]float64{{full.Floor}}}}},
		"raster":          raster(7, true),
		"raster 1":        raster(1, false),
		"raster 100":      raster(100, true),
		"raster empty":    Raster{N: 3},
		"raster auto":     Raster{N: 2, Times: []float64{3, nan, 5}, Neurons: []int{0, 1, 1}},
	}
	s := noise(levels, 4, 1)
	s.Curves = s.Curves[:1]
	s.Curves[0].DKL[0] = s.Curves[0].DKL[0][:3] // an unfinished run
	s.Curves[0].DKL[1][5] = nan
	s.Curves[0].Asymmetry = nil
	in["spoilt sweep"] = s
	s = noise(levels, 1, nan)
	in["sweep of NaN"] = s
	s = noise(levels, 2, 1)
	for k := range s.Curves {
		s.Curves[k].DKL = [][]float64{{}, {}} // started, nothing recorded
	}
	in["empty runs"] = s
	c := comparison()
	c.Conditions[0].Sampled = [][]float64{append([]float64{0, nan}, c.Target[2:]...)}
	in["spoilt comparison"] = c
	c = comparison()
	for k := range c.Conditions {
		d := &c.Conditions[k]
		dkl, asymmetry := d.Runs[0], d.Runs[1]
		d.Runs = [][][]float64{append(dkl, dkl[0][:20], nil), append(asymmetry, asymmetry[0], nil)}
		d.Sampled = append(d.Sampled, d.Sampled[0])
	}
	in["replicates"] = c
	for k := range 4 {
		d := c.Conditions[k%2]
		d.Levels = []int{k + 2}
		c.Factors[0].Values = append(c.Factors[0].Values, fmt.Sprintf("condition %d with %s", k, strings.Repeat("a long name ", 12)))
		c.Conditions = append(c.Conditions, d)
	}
	in["six conditions"] = c

	// Labels longer than their axes, with spaces and without.
	for name, label := range map[string]string{"words": strings.Repeat("label of many words ", 9), "word": strings.Repeat("word", 60)} {
		s := noise(levels, 2, 1e-7)
		s.NoiseLabel, s.Title = label, label
		in["long "+name] = s
		s = noise(levels[:1], 2, 1e-7)
		s.NoiseLabel = label
		in["one level, long "+name] = s
		v := Curves{Title: label}
		for range 3 {
			v.Panels = append(v.Panels, CurvePanel{label, label, label, true, false, false, []Course{{label, []float64{1, 10}, [][]float64{{1e-9, 2e-9}}}}})
		}
		in["curves, long "+name] = v
		v.Columns, v.Panels = 2, append([]CurvePanel{{label, label, label, true, false, true, v.Panels[0].Courses}}, v.Panels...)
		in["four curve panels, long "+name] = v
		v.Columns, v.Panels = 0, v.Panels[1:2]
		in["one curve panel, long "+name] = v
		c := comparison()
		c.Title, c.Factors[0].Values[1] = label, label
		in["comparison, long "+name] = c
		in["training, long "+name] = Training{Name: label, Epoch: full.Epoch, DKL: full.DKL, Asymmetry: full.DKL}
	}
	in["angle"] = Curves{Panels: []CurvePanel{{"SAL as published", "length of the SAL phase (steps)", "angle to the transpose (degrees)", true, false, false, []Course{{"rate", []float64{1e3, 1e6}, [][]float64{{90, 60}, {80, 50}}}}},
		{"pairs up to τ", "length of the SAL phase (steps)", "angle to the transpose (degrees)", true, false, false, nil}}}
	hidden := Training{Name: "hidden", N: 2, Hidden: 3, Target: []float64{.5, 0, 0, .5}, Sampled: []float64{.4, .1, .1, .4}}
	hidden.WInitial, hidden.WFinal = network(5, 3).WInitial, network(5, 3).WFinal
	in["hidden"] = hidden
	small := network(3, 1)
	for _, w := range [][]float64{small.WInitial, small.WFinal, small.WTarget} {
		for k := range w {
			w[k] *= 1e-4
		}
	}
	in["small weights"] = small
	return in
}

// TestFiles checks that every input gives a PNG of the size printed and well-formed SVG without
// numbers that are none.
func TestFiles(t *testing.T) {
	for name, in := range inputs() {
		f, err := in.Figure()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if dir := os.Getenv("SPIKEALIGN_FIGURES"); dir != "" {
			if err := f.Save(dir, "sampling "+name); err != nil {
				t.Error(err)
			}
		}
		var svg bytes.Buffer
		if err := f.WriteSVG(&svg); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		elements := 0
		for d := xml.NewDecoder(bytes.NewReader(svg.Bytes())); ; elements++ {
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
			if at := strings.Index(svg.String(), bad); at >= 0 && !strings.Contains(svg.String()[max(0, at-40):at], ">") {
				t.Errorf("%s: SVG contains %s", name, bad)
			}
		}
	}
	for _, name := range []string{"comparison", "raster", "one condition"} {
		f, err := inputs()[name].Figure()
		if err != nil {
			t.Fatal(err)
		}
		var buf bytes.Buffer
		if err := f.WritePNG(&buf); err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(&buf)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		w, h := f.Size()
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

// TestLayout checks that in every figure all text lies inside and no text covers another.
func TestLayout(t *testing.T) {
	for name, in := range inputs() {
		f, err := in.Figure()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c := texts(f)
		checkTexts(t, name, c)
		if len(c.texts) < 2 {
			t.Errorf("%s: %d texts", name, len(c.texts))
		}
	}
}

// texts draws a figure and returns where its text is.
func texts(f *Figure) *textBoxes {
	l := f.layout()
	c := &textBoxes{width: l.width, height: l.height}
	l.draw(draw.New(c))
	return c
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

// TestDeterministic checks that equal input gives equal bytes.
func TestDeterministic(t *testing.T) {
	var last [2][]byte
	for k := range 2 {
		f, err := network(3, 1).Figure()
		if err != nil {
			t.Fatal(err)
		}
		var svg, png bytes.Buffer
		if err := errors.Join(f.WriteSVG(&svg), f.WritePNG(&png)); err != nil {
			t.Fatal(err)
		}
		if k > 0 && (!bytes.Equal(last[0], svg.Bytes()) || !bytes.Equal(last[1], png.Bytes())) {
			t.Error("two drawings of one input differ")
		}
		last = [2][]byte{svg.Bytes(), png.Bytes()}
	}
}

func TestSave(t *testing.T) {
	f, err := raster(3, false).Figure()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "figures")
	if err := f.Save(dir, "raster"); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 || entries[0].Name() != "raster.png" || entries[1].Name() != "raster.svg" {
		t.Errorf("%v (%v), want raster.png and raster.svg", entries, err)
	}
	for _, name := range []string{"", ".", "..", "a/b", "../a"} {
		if err := f.Save(dir, name); err == nil {
			t.Errorf("name %q was accepted", name)
		}
	}
	file := filepath.Join(dir, "raster.svg")
	if err := f.Save(file, "raster"); err == nil {
		t.Error("a file was accepted as directory")
	}
}

// TestInputErrors checks that input which contradicts itself is refused, with the name of the
// field.
func TestInputErrors(t *testing.T) {
	long := noise([]float64{0, 1}, 1, 1)
	long.Curves[0].Asymmetry[0] = make([]float64, 100)
	twice := noise([]float64{0, 1}, 1, 1)
	twice.Curves[1] = twice.Curves[0]
	stray := noise([]float64{0, 1}, 1, 1)
	stray.Curves[0].Level = 0.5
	for _, c := range []struct {
		in    drawer
		field string
	}{
		{Training{}, "Name"},
		{Training{Epoch: []float64{1}, DKL: []float64{1, 2}}, "DKL"},
		{Training{Epoch: []float64{1}, DKL: []float64{1}, Floor: []float64{1, 2}}, "Floor"},
		{Training{Asymmetry: []float64{1}}, "Asymmetry"},
		{Training{N: 2, Target: []float64{1, 2, 3}}, "Target"},
		{Training{N: 200, Sampled: []float64{1, 2, 3}}, "Sampled"},
		{Training{N: 2, WFinal: []float64{1, 2}}, "WFinal"},
		{Training{WTarget: []float64{1, 2}}, "WTarget"},
		{NoiseSweep{}, "Curves"},
		{NoiseSweep{Levels: []float64{1, 1}}, "Levels"},
		{NoiseSweep{Levels: []float64{nan}}, "Levels"},
		{long, "Curves"},
		{twice, "Curves"},
		{stray, "Curves"},
		{MetricSweep{N: 1, Target: []float64{1}}, "Target"},
		{MetricSweep{N: 1, Conditions: []MetricCondition{{Sampled: [][]float64{{1}}}}}, "Conditions"},
		{MetricSweep{N: 1, Conditions: []MetricCondition{{Sampled: [][]float64{{1, 0}}}}}, "Conditions"},
		{Curves{}, "Panels"},
		{Curves{Panels: make([]CurvePanel, 4)}, "Panels"},
		{Curves{Columns: 3, Panels: make([]CurvePanel, 13)}, "Panels"},
		{Curves{Columns: 4, Panels: make([]CurvePanel, 12)}, "Columns"},
		{Raster{}, "N"},
		{Raster{N: 1, Times: []float64{1}}, "Neurons"},
		{Raster{N: 1, Times: []float64{1}, Neurons: []int{1}}, "Neurons"},
		{Raster{N: 1, From: 2, To: 1}, "To"},
		{Raster{N: 1, From: 2, To: inf}, "To"},
	} {
		_, err := c.in.Figure()
		var e *InputError
		if !errors.As(err, &e) || e.Field != c.field {
			t.Errorf("%T: error %v, want one about %s", c.in, err, c.field)
		}
	}
}

// Panels of one quantity have one range; on a grid the inner ones leave the labels to the outer.
func TestCurvesShareAxes(t *testing.T) {
	panel := func(heading, x, y string, top float64) CurvePanel {
		return CurvePanel{Heading: heading, XLabel: x, YLabel: y, LogX: true, Courses: []Course{{"SAL", []float64{top, 10 * top}, [][]float64{{90, top}}}}}
	}
	g, err := Curves{Columns: 2, Panels: []CurvePanel{
		panel("20-20", "time (s)", "angle", 5), panel("20-20", "spikes", "angle", 30),
		panel("50-50", "time (s)", "angle", 7), panel("50-50", "spikes", "angle", 40),
		panel("50-50", "time (s)", "ratio", 2),
	}}.Figure()
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		x, y         []float64
		bareX, bareY bool
	}{
		{[]float64{2, 70}, []float64{5, 90}, true, false}, {[]float64{30, 400}, []float64{5, 90}, true, true},
		{[]float64{2, 70}, []float64{5, 90}, true, false}, {[]float64{30, 400}, []float64{5, 90}, false, true},
		{[]float64{2, 70}, []float64{2, 90}, false, false},
	}
	for k, w := range want {
		p := g.Panels[k]
		if !slices.Equal(p.X.Range, w.x) || !slices.Equal(p.Y.Range, w.y) || p.X.Bare != w.bareX || p.Y.Bare != w.bareY {
			t.Errorf("panel %d: x %v, bare %v; y %v, bare %v; want %v", k, p.X.Range, p.X.Bare, p.Y.Range, p.Y.Bare, w)
		}
	}
	row, err := Curves{Panels: []CurvePanel{panel("a", "epoch", "angle", 5), panel("b", "epoch", "angle", 20)}}.Figure()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range row.Panels {
		if !slices.Equal(p.Y.Range, []float64{5, 90}) || p.Y.Bare || p.X.Bare {
			t.Errorf("%s: y %v, bare %v, %v", p.Heading, p.Y.Range, p.X.Bare, p.Y.Bare)
		}
	}
}

// TestNotes checks that values left out are told.
func TestNotes(t *testing.T) {
	checkNotes(t, inputs(), map[string]string{
		"some NaN":     "not drawn",
		"unvisited":    "64 states never visited",
		"replicates":   "median of 3 runs",
		"hidden":       "from hidden to visible",
		"all NaN":      "no data that can be drawn",
		"raster empty": "no spikes in this window",
		"raster auto":  "1 value not drawn",
		"spoilt sweep": "1 run unfinished",
	})
}

// TestStateNames checks the order of states: bit i of the index is neuron i, labels begin with
// neuron 0 (docs/model.md, section 2).
func TestStateNames(t *testing.T) {
	if got := stateName(0b00110, 5); got != "01100" {
		t.Errorf("state 6 of 5 neurons is %s, want 01100", got)
	}
}

// svgText returns the figure as SVG.
func svgText(t *testing.T, in drawer) string {
	t.Helper()
	f, err := in.Figure()
	if err != nil {
		t.Fatal(err)
	}
	var svg bytes.Buffer
	if err := f.WriteSVG(&svg); err != nil {
		t.Fatal(err)
	}
	return svg.String()
}

// TestHeadings checks that headings begin above the axes and letters left of them, in columns
// without tick labels too.
func TestHeadings(t *testing.T) {
	f, err := inputs()["sweep"].Figure()
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
	if got := strings.Join(words(`a  _{b c}d `+varianceLabel+` open _{e`), "|"); got != `a|_{b c}d|`+varianceLabel+`|open|_{e` {
		t.Error(got)
	}
	s := axisText.shrunk("word", 10)
	if w := s.width("word"); w > 10 || w < 9.5 || axisText.shrunk("word", 100) != axisText {
		t.Errorf("width %v", w)
	}
}

// TestColorBarPower checks that the power of ten of a colour bar is told, also without a label.
func TestColorBarPower(t *testing.T) {
	if !strings.Contains(svgText(t, inputs()["small weights"]), "(×10") && !strings.Contains(svgText(t, inputs()["small weights"]), "×10") {
		t.Error("no power of ten")
	}
	p := &Panel{}
	p.colours("", 2e-4)
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
		x := scale{Axis: epochs}
		x.include(c.at)
		x.fit(100, room(15))
		if got := labels(x.ticks); x.min != c.min || math.Abs(x.max-c.max) > 1e-9 || got != c.want {
			t.Errorf("epoch %g: axis %g to %g, labels %s", c.at, x.min, x.max, got)
		}
	}
}

// TestTargetStates checks that states which the target does not have are not missed.
func TestTargetStates(t *testing.T) {
	in := Training{N: 6, Target: make([]float64, 64), Sampled: make([]float64, 64)}
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
	s := noise([]float64{0.5}, 3, 1)
	x := scale{Axis: s.final(noiseRows[0], []bool{false, true}).X}
	x.fit(90, func(label string) vg.Length { return tickText.width(label) + 4 })
	if got := labels(x.ticks); got != "without with SAL" || x.min != -0.5 || x.max != 1.5 {
		t.Errorf("labels %q on %g to %g", got, x.min, x.max)
	}
}

// TestDivergenceWithoutValues checks that a panel without any value is left out beside others.
func TestDivergenceWithoutValues(t *testing.T) {
	e, none, a := []float64{0, 1}, []float64{nan, nan}, []float64{2, 1}
	for _, in := range []drawer{
		Training{Epoch: e, DKL: none, Floor: none, Asymmetry: a},
		MetricSweep{Metrics: []Metric{Divergence, Asymmetry}, Conditions: []MetricCondition{{X: e, Runs: [][][]float64{{none}, {a}}, Floor: [][][]float64{{none}, nil}}}},
		NoiseSweep{Levels: []float64{0}, Curves: []Curve{{Epoch: e, DKL: [][]float64{none}, Asymmetry: [][]float64{a}}}},
	} {
		svg := svgText(t, in)
		if strings.Contains(svg, "(nats)") || strings.Contains(svg, "no data") || strings.Contains(svg, "sampling floor") || !strings.Contains(svg, "Var(") {
			t.Errorf("%T: a panel without values, or none", in)
		}
	}
}
