package page_test

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"spikealign/figure"
	"spikealign/figure/render"
	"spikealign/internal/browser"
	"spikealign/serve/page"
)

const soon = 20 * time.Second

func open(t *testing.T, figures ...*figure.Figure) *browser.Page {
	t.Helper()
	var named []browser.NamedFigure
	for k, f := range figures {
		named = append(named, browser.NamedFigure{Name: fmt.Sprint(k), Figure: f})
	}
	return browser.Start(t).Figures(t, page.Files, named...)
}

// drawn waits until everything that is to be drawn is drawn.
func drawn(p *browser.Page) {
	p.Eval(`new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => done(true)))))`, nil)
}

// pixels counts the pixels of a colour of the page on a canvas.
func pixels(p *browser.Page, canvas, role string) (n int) {
	p.Eval(fmt.Sprintf(`{
		const c = document.querySelector(%q), d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
		const hex = getComputedStyle(document.documentElement).getPropertyValue("--%s").trim();
		const want = [1, 3, 5].map(k => parseInt(hex.slice(k, k + 2), 16));
		let n = 0;
		for (let k = 0; k < d.length; k += 4) if (d[k + 3] > 250 && want.every((v, i) => Math.abs(d[k + i] - v) < 3)) n++;
		n;
	}`, canvas, role), &n)
	return n
}

func ramp(n int, f func(x float64) float64) (x, y figure.Numbers) {
	for k := range n {
		x, y = append(x, float64(k)), append(y, f(float64(k)))
	}
	return x, y
}

// plane is a panel from 0 to 10 in both directions.
func plane(series ...figure.Series) *figure.Panel {
	return &figure.Panel{X: figure.Axis{Label: "time", Unit: "s", Range: []float64{0, 10}, Tight: true}, Y: figure.Axis{Label: "voltage", Unit: "V", Range: []float64{0, 10}, Tight: true}, Series: series}
}

func one(p *figure.Panel) *figure.Figure {
	return &figure.Figure{Width: 300, Height: 150, Columns: 1, Panels: []*figure.Panel{p}}
}

// TestKinds: a series of each kind is seen, its button takes it away and brings it back.
func TestKinds(t *testing.T) {
	first := figure.Look{Color: figure.First, Width: 3}
	full := figure.Look{Color: figure.First, Fill: 1}
	x, y := ramp(11, func(x float64) float64 { return x })
	dot, ring := figure.Look{Color: figure.First, Marker: figure.Dot, Radius: 4}, figure.Look{Color: figure.First, Marker: figure.Ring, Radius: 4}
	figures, least := []*figure.Figure{}, []int{}
	for _, c := range []struct {
		s     figure.Series
		least int // pixels of its colour
	}{
		{figure.Series{Kind: figure.XY, Look: first, X: x, Y: y}, 500},
		{figure.Series{Kind: figure.XY, Look: first, X: figure.Numbers{0, 5, 10}, Y: figure.Numbers{0, math.NaN(), 10}}, 20}, // two dots
		{figure.Series{Kind: figure.XY, Look: dot, X: x, Y: y}, 11 * 40},
		{figure.Series{Kind: figure.XY, Look: ring, X: x, Y: y}, 60},
		{figure.Series{Kind: figure.XY, Look: full, X: x, Low: make(figure.Numbers, 11), High: y}, 20000},
		{figure.Series{Kind: figure.Bars, Look: full, X: x[1:9], Y: y[1:9], Size: 0.8}, 10000},
		{figure.Series{Kind: figure.Arrows, Look: first, X: figure.Numbers{5}, Y: figure.Numbers{5}, U: figure.Numbers{1}, V: figure.Numbers{1}, Size: 5}, 100},
		{figure.Series{Kind: figure.Spikes, Look: first, X: x, Y: y}, 200},
		{figure.Series{Kind: figure.Blocks, Look: full, X: x[:9], Y: y[:9], Size: 1}, 3000},
		{figure.Series{Kind: figure.Level, Look: first, Y: figure.Numbers{5}}, 500},
		{figure.Series{Kind: figure.Diagonal, Look: first}, 500},
	} {
		c.s.Label = "it"
		figures, least = append(figures, one(plane(c.s))), append(least, c.least)
	}
	raster := one(plane(figure.Series{Kind: figure.Spikes, Look: first}))
	nothing := one(plane(figure.Series{Kind: figure.XY, Look: first}))
	p := open(t, append(slices.Clone(figures), raster, nothing)...)
	// No spike is a result; a curve without points is nothing that could be drawn.
	if with, without := pixels(p, fmt.Sprintf("#f%d canvas", len(figures)), "ink"), pixels(p, fmt.Sprintf("#f%d canvas", len(figures)+1), "ink"); with < without+100 {
		t.Errorf("an empty raster has %d pixels of axes and text, a panel without data %d", with, without)
	}
	for k, f := range figures {
		s, canvas, key := f.Panels[0].Series[0], fmt.Sprintf("#f%d .figure-plot canvas", k), fmt.Sprintf("#f%d .figure-key button", k)
		if n := pixels(p, canvas, "first"); n < least[k] {
			t.Errorf("%d, %s: %d pixels of its colour, want %d", k, s.Kind, n, least[k])
		}
		p.Click(key)
		drawn(p)
		if n := pixels(p, canvas, "first"); n != 0 {
			t.Errorf("%d, %s: %d pixels of its colour when it is switched off", k, s.Kind, n)
		}
		p.Keys("Enter") // the button has the focus
		drawn(p)
		if n := pixels(p, canvas, "first"); n < least[k] {
			t.Errorf("%d, %s: %d pixels of its colour when it is switched on again", k, s.Kind, n)
		}
	}
}

// TestMatrices: heat and cells have the colours of their values, at the ends of the scale, in the
// middle, and of what is not known; the scale of colours stands beside them.
func TestMatrices(t *testing.T) {
	values := figure.Numbers{-1, 0, 1, math.NaN()}
	limits := func(p *figure.Panel, lo, hi float64) *figure.Panel {
		p.X.Range, p.Y.Range = []float64{lo, hi}, []float64{lo, hi}
		p.Square, p.Bar = true, &figure.Axis{Label: "weight", Range: []float64{-1, 1}, Tight: true}
		return p
	}
	heat := limits(plane(figure.Series{Kind: figure.Heat, Values: values, Columns: 2, Limit: 1}), -0.5, 1.5)
	heat.Y.Range = []float64{-1.5, 0.5}
	grid := limits(plane(figure.Series{Kind: figure.Cells, X: figure.Numbers{0, 1, 0, 1}, Y: figure.Numbers{1, 1, 0, 0}, Values: values, Columns: 2, Limit: 1}), -0.5, 1.5)
	turned := limits(plane(figure.Series{Kind: figure.Cells, X: figure.Numbers{-1, 0, 0, 1}, Y: figure.Numbers{0, 1, -1, 0}, Values: values, Columns: 2, Limit: 1}), -2, 2)
	p := open(t, one(heat), one(grid), one(turned))
	for k := range 3 {
		var colours []string
		p.Eval(fmt.Sprintf(`{
			const c = document.querySelector("#f%d .figure-plot canvas"), x = c.getContext("2d"), count = {};
			const d = x.getImageData(0, 0, c.width, c.height).data;
			for (let k = 0; k < d.length; k += 4) {
				const colour = "#" + [d[k], d[k + 1], d[k + 2]].map(v => v.toString(16).padStart(2, "0")).join("");
				if (d[k + 3] === 255) count[colour] = (count[colour] ?? 0) + 1;
			}
			Object.keys(count).filter(c => count[c] > 2000).sort();
		}`, k), &colours)
		if want := []string{"#003a63", "#7a2f00", "#c4c4c4", "#f7f7f7"}; !slices.Equal(colours, want) {
			t.Errorf("%d: the large areas have the colours %v, want %v", k, colours, want)
		}
	}
	p.Move("#f0 .figure-plot canvas", 0.3, 0.3)
	p.Wait(`document.querySelector("#f0 .figure-values")?.innerText.includes("−1")`, soon)
	p.Move("#f1 .figure-plot canvas", 0.3, 0.3)
	p.Wait(`/time 0 s, voltage 1 V\s+weight\s+−1$/.test(document.querySelector("#f1 .figure-values")?.innerText)`, soon)
}

// TestZoom: what is dragged over is shown, double click and keys work, panels with the same
// abscissa follow, and a new state of the figure leaves all that and the elements as they are.
func TestZoom(t *testing.T) {
	x, y := ramp(11, func(x float64) float64 { return x })
	s := figure.Series{Kind: figure.XY, Label: "a", Look: figure.Look{Color: figure.First, Width: 1}, X: x, Y: y}
	f := &figure.Figure{Width: 450, Height: 100, Columns: 2, Panels: []*figure.Panel{plane(s), plane(s)}}
	p := open(t, f)
	p.Eval(`{
		window.zooms = [];
		window.root = document.querySelector("#f0");
		window.options = {onZoom: (panel, x, y) => zooms.push({panel, x, y})};
		shown[0].update(null, options);
	}`, nil)
	type zoom struct {
		Panel int
		X, Y  []float64
	}
	calls := 0
	next := func() zoom {
		t.Helper()
		calls++
		p.Wait(fmt.Sprintf("zooms.length >= %d", calls), soon)
		var z []zoom
		p.Eval("zooms", &z)
		if len(z) != calls {
			t.Fatalf("%d calls of onZoom, want %d: %v", len(z), calls, z)
		}
		return z[calls-1]
	}
	const canvas = "#f0 .figure-plot canvas"
	p.Drag(canvas, 0.3, 0.5, 0.7, 0.51)
	z := next()
	if z.Panel != 0 || len(z.X) != 2 || z.X[0] < 1 || z.X[0] > 4 || z.X[1] < 6 || z.X[1] > 8 || z.Y != nil {
		t.Fatalf("dragged sideways: %v", z)
	}
	part := z.X

	// The other panel shows the same part, and moves both.
	p.Eval(`document.querySelectorAll("#f0 canvas[tabindex]")[1].focus()`, nil)
	p.Keys("ArrowRight")
	z = next()
	if shift := z.X[0] - part[0]; z.Panel != 1 || math.Abs(shift-0.15*(part[1]-part[0])) > 1e-9 || math.Abs(z.X[1]-part[1]-shift) > 1e-9 {
		t.Errorf("moved to the right from %v: %v", part, z)
	}
	p.Keys("ArrowLeft")
	next()

	// A new state.
	p.Eval(`{
		window.before = [...root.querySelectorAll("*")];
		const next = structuredClone(figures[0].figure);
		for (const q of next.panels) {
			q.x.range = [0, 12];
			q.series[0].x.push(12);
			q.series[0].y.push(3);
		}
		shown[0].update(next);
	}`, nil)
	drawn(p)
	var same bool
	if p.Eval(`{ const after = [...root.querySelectorAll("*")]; after.length === before.length && after.every((e, k) => e === before[k]) }`, &same); !same {
		t.Error("a new state made new elements")
	}
	p.Keys("+")
	z = next()
	middle, half := (part[0]+part[1])/2, (part[1]-part[0])/3
	if math.Abs(z.X[0]-middle+half) > 1e-9 || math.Abs(z.X[1]-middle-half) > 1e-9 {
		t.Errorf("larger by 1.5 than %v: %v", part, z.X)
	}
	for range 5 {
		p.Keys("-")
	}
	if z = next(); z.X != nil {
		t.Errorf("as small as can be: %v, want all", z)
	}

	p.Drag(canvas, 0.3, 0.3, 0.7, 0.7)
	if z = next(); len(z.X) != 2 || len(z.Y) != 2 || z.Y[0] >= z.Y[1] {
		t.Errorf("dragged across: %v", z)
	}
	p.ClickAt(canvas, 0.5, 0.5, 2)
	if z = next(); z.X != nil || z.Y != nil {
		t.Errorf("double click: %v", z)
	}
	// One without labels of its own has the ordinate of its neighbour.
	p.Eval(`{ const f = structuredClone(figures[0].figure); f.panels[1].y.bare = true; shown[0].update(f) }`, nil)
	drawn(p)
	p.Drag(canvas, 0.3, 0.3, 0.7, 0.7)
	part = next().Y
	p.Eval(`document.querySelectorAll("#f0 canvas[tabindex]")[1].focus()`, nil)
	p.Keys("ArrowLeft")
	if z = next(); z.Panel != 1 || !slices.Equal(z.Y, part) {
		t.Errorf("the neighbour shows %v of the ordinate, want %v", z.Y, part)
	}
	p.Keys("0")
	next()
	p.Drag(canvas, 0.5, 0.3, 0.502, 0.7)
	if z = next(); z.X != nil || len(z.Y) != 2 {
		t.Errorf("dragged upright: %v", z)
	}
	p.Eval(`document.querySelector("#f0 canvas[tabindex]").focus()`, nil)
	p.Keys("0")
	if z = next(); z.X != nil || z.Y != nil {
		t.Errorf("0: %v", z)
	}

	// The wheel with Ctrl zooms about the pointer; alone it is left to the page.
	wheel := func(control bool, delta float64) (taken bool) {
		t.Helper()
		p.Eval(fmt.Sprintf(`{
			const c = document.querySelector("#f0 .figure-plot canvas[tabindex]"), r = c.getBoundingClientRect();
			!c.dispatchEvent(new WheelEvent("wheel", {deltaY: %g, ctrlKey: %t, clientX: r.left + 0.4*r.width, clientY: r.top + r.height/2, cancelable: true}))
		}`, delta, control), &taken)
		return taken
	}
	if wheel(false, -100) || !wheel(true, -100) {
		t.Error("what the wheel does")
	}
	first := next().X
	wheel(true, -50)
	second := next().X
	left, right := (second[0]-first[0])/(first[1]-first[0]), (first[1]-second[1])/(first[1]-first[0])
	if math.Abs(left+right-(1-math.Exp(-0.2))) > 1e-9 || left <= 0 || left >= right {
		t.Errorf("from %v to %v", first, second)
	}
	wheel(true, 1000)
	next()
	wheel(true, 1000)
	if z = next(); z.X != nil || z.Y != nil {
		t.Errorf("back: %v", z)
	}
}

// TestValues: values under the pointer and at the cursor of the keyboard are those of the data,
// with their units, and nothing moves for them.
func TestValues(t *testing.T) {
	x, y := ramp(11, func(x float64) float64 { return x * x / 10 })
	low, high := make(figure.Numbers, 11), make(figure.Numbers, 11)
	for k := range y {
		low[k], high[k] = y[k]/2, y[k]+1e-3
	}
	curve := figure.Series{Kind: figure.XY, Label: `\i{V}_{m}`, Look: figure.Look{Color: figure.First, Width: 1, Fill: 0.2}, X: x, Y: y, Low: low, High: high}
	points := figure.Series{Kind: figure.XY, Label: "points", Look: figure.Look{Color: figure.Second, Marker: figure.Dot, Radius: 2}, X: figure.Numbers{5, 5}, Y: figure.Numbers{5, 9}}
	off := figure.Series{Kind: figure.XY, Label: "off", Look: figure.Look{Color: figure.Third, Width: 1}, X: x, Y: y}
	column := func(name string, shift float64) figure.Series { // beside the places 4, 5 and 6
		return figure.Series{Kind: figure.Bars, Label: name, Look: figure.Look{Fill: 1}, X: figure.Numbers{4 + shift, 5 + shift, 6 + shift}, Y: figure.Numbers{1, 2 - shift, 3}, Size: 0.4}
	}
	states := plane(column("target", -0.2), column("sampled", 0.2))
	states.X.Label, states.X.Unit, states.X.Ticks = "state", "", []figure.Tick{{Value: 4, Label: "00"}, {Value: 5, Label: "01"}, {Value: 6, Label: "10"}}
	p := open(t, one(plane(curve, points, off)), one(plane(figure.Series{Kind: figure.Bars, Label: "n", Look: figure.Look{Fill: 1}, X: x, Y: y, Size: 1})),
		one(plane(figure.Series{Kind: figure.Spikes, Look: figure.Look{Width: 1}, X: figure.Numbers{5}, Y: figure.Numbers{5}})), one(states))
	p.Eval(`window.size = () => JSON.stringify([document.documentElement.scrollWidth, document.documentElement.scrollHeight,
		...[...document.querySelectorAll(".card, .figure-plot")].map(e => e.getBoundingClientRect().toJSON())])`, nil)
	var before, after string
	p.Click("#f0 .figure-key > :nth-child(3)")
	p.Eval(`scrollTo(0, 0); size()`, &before)
	values := func(figure string) string {
		p.Wait(fmt.Sprintf(`document.querySelector("%s .figure-values")?.hidden === false`, figure), soon)
		return strings.Join(strings.Fields(p.Text(figure+" .figure-values")), " ")
	}
	p.Eval(`document.querySelector("#f0 canvas[tabindex]").focus()`, nil)
	p.Keys("Shift+ArrowRight")
	if got, want := values("#f0"), "time 5 s Vm 2.5 V (1.25 to 2.501) points 5 V"; got != want {
		t.Errorf("at the cursor: %q, want %q", got, want)
	}
	if p.Eval("size()", &after); after != before {
		t.Error("something moved for the values")
	}
	p.Keys("Escape")
	p.Wait(`document.querySelector("#f0 .figure-values").hidden`, soon)

	for _, place := range []float64{0.2, 0.5, 0.97} {
		p.Move("#f0 .figure-plot canvas", place, 0.9)
		drawn(p)
		var at, value float64
		got := values("#f0")
		if _, err := fmt.Sscanf(got, "time %g s Vm %g V", &at, &value); err != nil || math.Abs(value-at*at/10) > 1e-12 {
			t.Errorf("at %g of the width: %q", place, got)
		}
		if p.Eval("size()", &after); after != before {
			t.Error("something moved for the values")
		}
	}
	// What is read follows a new state.
	p.Move("#f0 .figure-plot canvas", 0.5, 0.9)
	p.Eval(`{ const f = structuredClone(figures[0].figure); f.panels[0].series[0].y.fill(7); shown[0].update(f) }`, nil)
	p.Wait(`document.querySelector("#f0 .figure-values").innerText.includes("7 V")`, soon)
	for k, want := range map[int]string{1: "time 5 s n 2.5 V", 2: "voltage 5 V, time 5 s", 3: "state 01 target 2.2 V sampled 1.8 V"} {
		p.Eval(fmt.Sprintf(`document.querySelector("#f%d canvas[tabindex]").focus()`, k), nil)
		p.Keys("Shift+ArrowRight", "Shift+ArrowLeft")
		if got := values(fmt.Sprintf("#f%d", k)); got != want {
			t.Errorf("figure %d: %q, want %q", k, got, want)
		}
	}
}

// TestSwitches: the key of a figure switches series in all panels, Shift leaves one alone, and what
// only explains is no button.
func TestSwitches(t *testing.T) {
	x, y := ramp(11, func(x float64) float64 { return x })
	a := figure.Series{Kind: figure.XY, Label: "a", Look: figure.Look{Color: figure.First, Width: 3}, X: x, Y: y}
	b := a
	b.Label, b.Color, b.Y = "b", figure.Second, slices.Repeat(figure.Numbers{5}, 11)
	f := &figure.Figure{Width: 450, Height: 100, Columns: 2, Panels: []*figure.Panel{plane(a, b), plane(b, a)},
		Key: [][]figure.Series{{{Label: "heading:"}, {Label: "a", Look: a.Look}, {Label: "b", Look: b.Look}}}}
	p := open(t, f)
	var names []string
	if p.Eval(`[...document.querySelectorAll("#f0 .figure-key button")].map(e => e.innerText)`, &names); !slices.Equal(names, []string{"a", "b"}) {
		t.Fatalf("buttons %q", names)
	}
	p.Eval(`{ window.hidden = null; shown[0].update(null, {onHide: labels => { hidden = labels.join() }}) }`, nil)
	seen := func(want string) {
		t.Helper()
		drawn(p)
		got := ""
		for k := range 2 {
			for _, role := range []string{"first", "second"} {
				if pixels(p, fmt.Sprintf("#f0 .figure-panel:nth-child(%d) canvas:first-child", k+1), role) > 100 {
					got += role + " "
				}
			}
		}
		if strings.TrimSpace(got) != want {
			t.Errorf("seen: %q, want %q", got, want)
		}
	}
	seen("first second first second")
	p.Click("#f0 .figure-key button")
	seen("second second")
	p.Wait(`hidden === "a"`, soon)
	p.Keys("Shift+Enter")
	seen("first first")
	p.Wait(`hidden === "b"`, soon)
	p.Keys("Shift+Enter")
	seen("first second first second")
	p.Wait(`hidden === ""`, soon)
}

// TestMenu: logarithmic axes and the table of values, by the keyboard alone.
func TestMenu(t *testing.T) {
	x, y := ramp(11, func(x float64) float64 { return math.Pow(10, x-9) })
	f := one(plane(figure.Series{Kind: figure.XY, Label: "<a>", Look: figure.Look{Color: figure.First, Width: 3}, X: x, Y: y}))
	f.Panels[0].X.Whole = true
	negative := one(plane(figure.Series{Kind: figure.XY, Look: figure.Look{Width: 1}, X: x, Y: y}))
	negative.Panels[0].Y.Range[0] = -1
	p := open(t, f, negative)
	// On a logarithmic ordinate the curve is a straight line, which is longer.
	before := pixels(p, "#f0 .figure-plot canvas", "first")
	p.Eval(`document.querySelector("#f0 .figure-menu-button").focus()`, nil)
	p.Keys("Enter", "ArrowDown", "Enter")
	drawn(p)
	var focus string
	if p.Eval(`document.activeElement.className`, &focus); focus != "figure-menu-button" {
		t.Errorf("the focus is at %q", focus)
	}
	p.Keys("Enter")
	var pressed []string
	p.Eval(`[...document.querySelectorAll(".figure-menu button")].map(e => e.innerText + ": " + (e.disabled ? "disabled" : e.getAttribute("aria-pressed")))`, &pressed)
	if want := []string{"Show all (0): disabled", "Logarithmic: time: false", "Logarithmic: voltage (L): true", "Table of values: null"}; !slices.Equal(pressed, want) {
		t.Errorf("the menu says %q, want %q", pressed, want)
	}
	p.Keys("Escape")
	if n := pixels(p, "#f0 .figure-plot canvas", "first"); n == before {
		t.Errorf("the picture did not change")
	}
	p.Eval(`document.querySelector("#f0 canvas[tabindex]").focus()`, nil)
	p.Keys("l")
	drawn(p)
	if n := pixels(p, "#f0 .figure-plot canvas", "first"); n != before {
		t.Errorf("%d pixels after going back, %d before", n, before)
	}

	p.Eval(`document.querySelector("#f0 .figure-menu-button").focus()`, nil)
	p.Keys("Enter", "ArrowUp", "Enter")
	p.Wait(`document.querySelector("dialog[open]")`, soon)
	if got, want := strings.Join(strings.Fields(p.Text("dialog table")), " "), "series time (s) voltage (V) <a> 0 1×10−9 <a> 1 1×10−8"; !strings.HasPrefix(got, want) {
		t.Errorf("the table is %q, want %q", got, want)
	}
	p.Keys("Escape")
	p.Wait(`!document.querySelector("dialog") && document.activeElement.matches("#f0 canvas")`, soon)

	p.Click("#f1 .figure-menu-button")
	var disabled bool
	if p.Eval(`document.querySelector("#f1 .figure-menu button:nth-child(3)").disabled`, &disabled); !disabled {
		t.Error("an axis with values below 0 can be made logarithmic")
	}
}

// TestPoints: places that are clicked and handles that are moved are told in units of the data.
func TestPoints(t *testing.T) {
	x, y := ramp(11, func(x float64) float64 { return x })
	p := open(t, one(plane(figure.Series{Kind: figure.XY, Look: figure.Look{Width: 1}, X: x, Y: y})))
	p.Eval(`{
		window.told = [];
		shown[0].update(null, {onPoint: (panel, x, y) => told.push([panel, x, y]), onHandle: (k, x, y, end) => told.push([k, x, y, end]),
			handles: [{panel: 0, x: 5, y: 2, label: "weight"}, {panel: 0, x: 8, y: 8, fixed: "y"}]});
	}`, nil)
	drawn(p)
	near := func(want ...float64) {
		t.Helper()
		p.Wait(`told.length > 0`, soon)
		var told [][]any
		p.Eval(`told.splice(0)`, &told)
		last := told[len(told)-1]
		for k, w := range want {
			if v, ok := last[k].(float64); !ok || math.Abs(v-w) > 0.1 {
				t.Errorf("told %v, want %v", last, want)
				return
			}
		}
		if len(last) == 4 && last[3] != true {
			t.Errorf("told %v, which is not the end", last)
		}
	}
	p.Eval(`document.querySelector("#f0 canvas[tabindex]").focus()`, nil)
	p.Keys("Shift+ArrowUp", "Enter")
	near(0, 5, 5+1.0/6)
	p.Eval(`document.querySelector("#f0 .figure-handle").focus()`, nil)
	p.Keys("ArrowUp")
	near(0, 5, 2.1)
	p.Keys("Shift+ArrowRight")
	near(0, 6, 2)
	p.Keys("Tab", "ArrowDown", "ArrowLeft")
	near(1, 7.9, 8)

	var box [4]float64
	p.Eval(`{
		const c = document.querySelector("#f0 .figure-plot canvas").getBoundingClientRect(), h = document.querySelector(".figure-handle").getBoundingClientRect();
		[(h.left + h.width / 2 - c.left) / c.width, (h.top + h.height / 2 - c.top) / c.height, c.width, c.height];
	}`, &box)
	p.ClickAt("#f0 .figure-plot canvas", box[0]+40/box[2], box[1], 1)
	p.Wait(`told.length > 0`, soon)
	var told [][3]float64
	if p.Eval(`told.splice(0)`, &told); told[0][1] < 5.2 || told[0][1] > 7 || math.Abs(told[0][2]-2) > 0.1 {
		t.Errorf("clicked right of (5, 2): %v", told[0])
	}
	p.Drag("#f0 .figure-handle", 0.5, 0.5, 0.5, -2)
	p.Wait(`told.length > 4`, soon)
	var dragged [][]any
	p.Eval(`told.splice(0)`, &dragged)
	if last := dragged[len(dragged)-1]; last[2].(float64) < 3 || math.Abs(last[1].(float64)-5) > 0.1 || last[3] != true {
		t.Errorf("dragged upwards: %v", last)
	}
}

// TestHostile: text of figures stays text.
func TestHostile(t *testing.T) {
	const evil = `<img src=x onerror="console.error(1)">_{<script>console.error(2)</script>}^{"'&amp;}\i{<b>}` + "\x00\u202e"
	x, y := ramp(11, func(x float64) float64 { return x })
	s := figure.Series{Kind: figure.XY, Label: evil, Look: figure.Look{Color: figure.First, Width: 1}, X: x, Y: y}
	q := plane(s)
	q.Heading, q.Note, q.X.Label, q.X.Unit, q.Y.Label, q.Y.Unit = evil, evil, evil, evil, evil, evil
	q.Bar = &figure.Axis{Label: evil, Unit: evil, Range: []float64{-1, 1}}
	f := &figure.Figure{Title: evil, Width: 450, Height: 100, Columns: 2, Key: [][]figure.Series{{{Label: evil}}}, Panels: []*figure.Panel{q, plane(s)}}
	f.Panels[1].X.Ticks = []figure.Tick{{Value: 5, Label: evil}}
	p := open(t, f)
	p.Move("#f0 .figure-plot canvas", 0.6, 0.5)
	drawn(p)
	p.Wait(`document.querySelector(".figure-values")`, soon)
	p.Click("#f0 .figure-menu-button")
	p.Keys("ArrowUp", "Enter")
	p.Wait(`document.querySelector("dialog[open]")`, soon)
	var names []string
	if p.Eval(`[...new Set([...document.querySelectorAll("main *")].map(e => e.localName))].filter(n => n === "img" || n === "script")`, &names); len(names) > 0 {
		t.Errorf("text became the elements %v", names)
	}
	if got := p.Text("#f0 .figure-title"); !strings.Contains(got, `<img src=x onerror="console.error(1)">`) {
		t.Errorf("the title is %q", got)
	}
	// Colours, kinds and markers that nobody knows are no reason to fail.
	p.Eval(`{
		const f = structuredClone(figures[0].figure);
		Object.assign(f.panels[0].series[0], {kind: "constructor", color: "__proto__", marker: "toString"});
		f.panels[1].series[0].color = "hasOwnProperty";
		shown[0].update(f);
	}`, nil)
	drawn(p)
}

// TestTheme: figures follow the switch, the system and the density of the screen, without a new
// page.
func TestTheme(t *testing.T) {
	x, y := ramp(11, func(x float64) float64 { return x })
	p := open(t, one(plane(figure.Series{Kind: figure.XY, Look: figure.Look{Color: figure.First, Width: 3}, X: x, Y: y})))
	seen := func(ground string) {
		t.Helper()
		drawn(p)
		var got string
		if p.Eval(`getComputedStyle(document.body).backgroundColor`, &got); got != ground {
			t.Errorf("the ground is %s, want %s", got, ground)
		}
		if n := pixels(p, "#f0 .figure-plot canvas", "first"); n < 500 {
			t.Errorf("on %s: %d pixels of the curve have its colour", ground, n)
		}
	}
	const light, dark = "rgb(255, 255, 255)", "rgb(20, 23, 26)"
	seen(light)
	p.Dark(true)
	seen(dark)
	p.Click(".bar .theme")
	seen(light)
	p.Click(".bar .theme")
	p.Dark(false)
	seen(dark)
	var address string
	p.Eval(`location.href`, &address)
	p.Goto(address)
	p.Wait(`window.ready && document.documentElement.dataset.theme === "dark"`, soon)
	seen(dark)
	p.Click(".bar .theme")
	seen(light)

	before := pixels(p, "#f0 .figure-plot canvas", "first")
	p.Screen(1000, 800, 2)
	drawn(p)
	if n := pixels(p, "#f0 .figure-plot canvas", "first"); n < 3*before {
		t.Errorf("%d pixels of the curve on a screen of twice the density, %d before", n, before)
	}
}

// TestMany: many points are drawn and read without a stall; extremes stay. -v tells the times.
func TestMany(t *testing.T) {
	n := 100_000
	x, y := ramp(n, func(x float64) float64 { return 5 + 3*math.Sin(x/5000) + 0.5*math.Sin(x*x) })
	for k := range x {
		x[k] *= 10 / float64(n)
	}
	y[n/2] = 10
	var scatter figure.Series
	scatter.Kind, scatter.Look = figure.XY, figure.Look{Color: figure.Second, Marker: figure.Dot, Radius: 1.5, Opacity: 0.5}
	for k := range n {
		scatter.X, scatter.Y = append(scatter.X, 5+4*math.Sin(float64(k))), append(scatter.Y, 5+4*math.Cos(1.7*float64(k)))
	}
	rows := make(figure.Numbers, n)
	for k := range rows {
		rows[k] = float64(k * 7919 % 100)
	}
	spikes := plane(figure.Series{Kind: figure.Spikes, Look: figure.Look{Width: 0.8}, X: x, Y: rows})
	spikes.Y.Range = []float64{-0.5, 99.5}
	low := make(figure.Numbers, n)
	m := 41 // as many cells as the laboratory's plane
	field := figure.Series{Kind: figure.Cells, Columns: m, Limit: 1}
	arrows := figure.Series{Kind: figure.Arrows, Look: figure.Look{Color: figure.Reference, Width: 0.7}, Size: 0.5}
	for k := range m * m {
		i, j := float64(k/m)/4, float64(k%m)/4
		field.X, field.Y, field.Values = append(field.X, j), append(field.Y, i), append(field.Values, math.Sin(i+j))
		if k%4 == 0 {
			arrows.X, arrows.Y, arrows.U, arrows.V = append(arrows.X, j), append(arrows.Y, i), append(arrows.U, math.Sin(j)), append(arrows.V, math.Cos(i))
		}
	}
	short, shortY := ramp(400, func(x float64) float64 { return 5 + 4*math.Sin(x/20) })
	for k := range short {
		short[k] /= 40
	}
	curve := figure.Series{Kind: figure.XY, Look: figure.Look{Color: figure.First, Width: 1, Fill: 0.3}, X: short, Y: shortY}
	laboratory := &figure.Figure{Width: 450, Height: 100, Columns: 3, Panels: []*figure.Panel{plane(field, arrows, curve), plane(curve, curve, curve), plane(curve, curve)}}
	p := open(t, one(plane(figure.Series{Kind: figure.XY, Look: figure.Look{Color: figure.First, Width: 1, Fill: 0.3}, X: x, Y: y, Low: low, High: y})),
		one(plane(scatter)), one(spikes), laboratory)
	var top [2]int
	p.Eval(`{
		const c = document.querySelector("#f0 .figure-plot canvas"), d = c.getContext("2d").getImageData(0, 0, c.width, 20).data;
		let n = 0, where = 0;
		for (let k = 0; k < d.length; k += 4) if (d[k + 2] > d[k] + 60 && d[k + 3] > 60) { n++; where = (k / 4) % c.width }
		[n, Math.abs(where / c.width - 0.5) < 0.06 ? 1 : 0];
	}`, &top)
	if top[0] == 0 || top[1] == 0 {
		t.Errorf("the one high point among %d is not seen: %v", n, top)
	}
	for k, name := range []string{"line with band", "markers", "spikes", "laboratory"} {
		var times []float64
		p.Eval(fmt.Sprintf(`(async () => {
			const out = [];
			for (let k = 0; k < 6; k++) {
				const f = structuredClone(figures[%d].figure);
				await new Promise(done => {
					let start;
					requestAnimationFrame(() => { start = performance.now() });
					shown[%d].update(f);
					requestAnimationFrame(() => { out.push(performance.now() - start); done() });
				});
			}
			return out;
		})()`, k, k), &times)
		slices.Sort(times)
		t.Logf("%s: a new state is drawn in %.1f ms (median of %d, least %.1f)", name, times[len(times)/2], len(times), times[0])
		p.Move(fmt.Sprintf("#f%d .figure-plot canvas", k), 0.5, 0.5)
		p.Wait(fmt.Sprintf(`document.querySelector("#f%d .figure-values")`, k), soon)
	}
}

// TestSpark: a small curve is drawn, with gaps, and nothing for no values.
func TestSpark(t *testing.T) {
	p := open(t)
	p.Eval(`{
		const c = document.createElement("canvas");
		c.id = "spark";
		document.querySelector("main").append(c);
		figure.spark(c, [0, 1, 2, 3], [1, null, 10, 100], true);
		const empty = document.createElement("canvas");
		figure.spark(empty, [0, 1], [null, null]);
	}`, nil)
	drawn(p)
	if n := pixels(p, "#spark", "first"); n < 20 {
		t.Errorf("%d pixels", n)
	}
}

// TestColours: on a light ground, roles have the colours of the printed pictures.
func TestColours(t *testing.T) {
	style, err := page.Files.ReadFile("style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, _, _ := strings.Cut(string(style), "@media")
	for _, role := range []figure.Color{figure.First, figure.Second, figure.Third, figure.Fourth, figure.Fifth, figure.Sixth, figure.Ink, figure.Reference, figure.Faint} {
		x, y := ramp(2, func(x float64) float64 { return x })
		var svg bytes.Buffer
		if err := render.SVG(&svg, one(plane(figure.Series{Kind: figure.XY, Look: figure.Look{Color: role, Width: 7}, X: x, Y: y}))); err != nil {
			t.Fatal(err)
		}
		want := regexp.MustCompile(`--` + string(role) + `: (#\w+);`).FindStringSubmatch(light)
		if want == nil || !regexp.MustCompile(`stroke:`+want[1]+`;[^"]*stroke-width:7\b`).MatchString(strings.ToLower(svg.String())) {
			t.Errorf("%s is %v in the page, and not in the picture", role, want)
		}
	}
}
