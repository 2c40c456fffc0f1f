package figure

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"spikealign/internal/browser"
	"spikealign/serve/page"
)

// TestPage: the page draws every figure without a complaint, wide and narrow, light and dark, and
// none of it goes beyond the window. With SPIKEALIGN_FIGURES it saves what a browser shows there.
func TestPage(t *testing.T) {
	var figures []browser.NamedFigure
	in := allInputs()
	for _, name := range slices.Sorted(maps.Keys(in)) {
		f, err := in[name].Figure()
		if err != nil {
			t.Fatal(err)
		}
		figures = append(figures, browser.NamedFigure{Name: name, Figure: f})
	}
	b := browser.Start(t)
	p := b.Figures(t, page.Files, figures...)
	for _, width := range []int{1280, 400} {
		for _, dark := range []bool{false, true} {
			p.Size(width, 800)
			p.Dark(dark)
			p.Wait(`new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`, 20*time.Second)
			var wide []string
			p.Eval(`[...document.querySelectorAll(".figure *")].filter(e => e.getClientRects().length && !e.closest(".figure-values") &&
				(e.getBoundingClientRect().right > innerWidth + 0.5 || e.getBoundingClientRect().left < -0.5)).map(e => e.closest(".card").firstChild.textContent + ": " + e.className)`, &wide)
			for _, w := range wide {
				t.Errorf("%d pixels: beyond the window: %s", width, w)
			}
			if dir := os.Getenv("SPIKEALIGN_FIGURES"); dir != "" {
				for k, f := range figures {
					p.Screenshot(filepath.Join(dir, fmt.Sprintf("%s, page of %d, dark %v.png", f.Name, width, dark)), fmt.Sprintf("#f%d", k))
				}
			}
		}
	}
}
