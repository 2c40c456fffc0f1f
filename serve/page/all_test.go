package page_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spikealign/figure"
	"spikealign/figure/figuretest"
	"spikealign/internal/browser"
	"spikealign/serve/page"
)

// TestAll: the page draws every figure without a complaint, wide and narrow, light and dark, and
// nothing of it goes beyond the window. With SPIKEALIGN_FIGURES it saves there what a browser
// shows.
func TestAll(t *testing.T) {
	var figures []browser.NamedFigure
	in := figuretest.All()
	for _, name := range slices.Sorted(maps.Keys(in)) {
		f, err := in[name].Figure()
		if err != nil {
			t.Fatal(err)
		}
		figures = append(figures, browser.NamedFigure{Name: name, Figure: f})
	}
	b := browser.Start(t)
	for some := range slices.Chunk(figures, 40) {
		p := b.Figures(t, page.Files, some...)
		for _, width := range []int{1280, 400} {
			for _, dark := range []bool{false, true} {
				p.Size(width, 800)
				p.Dark(dark)
				drawn(p)
				var wide []string
				p.Eval(`[...document.querySelectorAll(".figure *")].filter(e => e.getClientRects().length &&
					(e.getBoundingClientRect().right > innerWidth + 0.5 || e.getBoundingClientRect().left < -0.5)).map(e => e.closest(".card").firstChild.textContent + ": " + e.className)`, &wide)
				for _, w := range wide {
					t.Errorf("%d pixels: beyond the window: %s", width, w)
				}
				dir := os.Getenv("SPIKEALIGN_FIGURES")
				for k, f := range some {
					if dir != "" {
						name := strings.ReplaceAll(fmt.Sprintf("%s, %d, dark %v.png", f.Name, width, dark), "/", " ")
						p.Screenshot(filepath.Join(dir, name), fmt.Sprintf("#f%d", k))
					}
				}
			}
		}
	}
}

// TestKnown: the page has a drawing for every kind of series.
func TestKnown(t *testing.T) {
	script, err := page.Files.ReadFile("series.js")
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range figuretest.All() {
		f, err := in.Figure()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range f.Panels {
			for _, s := range p.Series {
				if s.Kind != figure.Legend && !strings.Contains(string(script), "\n\t"+string(s.Kind)+": {\n\t\tdraw(") {
					t.Errorf("%s: series.js does not draw %q", name, s.Kind)
				}
			}
		}
	}
}

// TestTicks: axes of the page have the ticks of the printed pictures (package render).
func TestTicks(t *testing.T) {
	p := open(t)
	for _, c := range []struct {
		lo, hi float64
		log    bool
		want   string
	}{
		{0, 1, false, "0.0 0.2 0.4 0.6 0.8 1.0 0"},
		{-1.04, 1.04, false, "−1.0 −0.5 0.0 0.5 1.0 0"},
		{0, 20000, false, "0 5 10 15 20 3"},
		{0, 150000, false, "0 50 100 150 3"},
		{0, 0.0006, false, "0 100 200 300 400 500 600 -6"},
		{100, 160, false, "100 110 120 130 140 150 160 0"},
		{1e-3, 1, true, "10−3 10−2 10−1 100 0"},
		{2e-3, 1.5, true, "10−2 10−1 100 0"},
		{2e-3, 2e-2, true, "0.002 0.005 0.01 0.02 0"},
		{1.5e-3, 6e-3, true, "0.002 0.003 0.005 0"},
		{0.3, 0.45, true, "0.3 0.4 0"},
		{0.31, 0.36, true, "0.32 0.34 0.36 0"},
		{1.8e-3, 2.4e-3, true, "0.0018 0.0020 0.0022 0.0024 0"},
		{21000, 26000, true, "22000 24000 26000 0"},
		{2.2e-7, 2.6e-7, true, "220×10−9 230×10−9 240×10−9 250×10−9 260×10−9 0"},
		{1.2e-7, 1.3e-6, true, "2×10−7 5×10−7 1×10−6 0"},
		{1e-30, 1, true, "10−30 10−25 10−20 10−15 10−10 10−5 100 0"},
		{20, 70, true, "20 30 50 0"},
	} {
		var got string
		p.Eval(fmt.Sprintf(`import("./axes.js").then(({Scale, plain}) => {
			const s = new Scale({range: [%[1]v, %[2]v], log: %[3]v, tight: true});
			s.whole(%[3]v, %[1]v);
			s.show(null);
			s.tick(100, () => 15);
			return s.ticks.filter(t => t.label).map(t => plain(t.label)).concat(s.power).join(" ");
		})`, c.lo, c.hi, c.log), &got)
		if got != c.want {
			t.Errorf("%g..%g, log %v: %s, want %s", c.lo, c.hi, c.log, got, c.want)
		}
	}
}
