package figure_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"testing"

	"spikealign/figure"
	"spikealign/figure/figuretest"
	"spikealign/figure/render"
)

// TestAnalysis draws small and large matrices, and one without any value.
func TestAnalysis(t *testing.T) {
	for _, n := range []int{2, 7, 30, 100} {
		f, err := figuretest.Analysis(n).Figure()
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if keep := os.Getenv("SPIKEALIGN_FIGURES"); keep != "" {
			dir = keep
		}
		if err := render.Save(f, dir, fmt.Sprintf("analysis-%d", n)); err != nil {
			t.Error(err)
		}
		if w, h := render.Size(f); w > 17 || h > 17 {
			t.Errorf("%v x %v cm", w, h)
		}
	}
	a := figuretest.Analysis(3)
	for k := range a.SAL {
		a.SAL[k] = math.NaN()
	}
	if _, err := a.Figure(); err != nil {
		t.Error(err)
	}
	for field, change := range map[string]func(*figure.Analysis){
		"Labels":      func(a *figure.Analysis) { a.Labels = a.Labels[:1] },
		"SAL":         func(a *figure.Analysis) { a.SAL = a.SAL[:8] },
		"Significant": func(a *figure.Analysis) { a.Significant = nil },
	} {
		a := figuretest.Analysis(3)
		change(&a)
		_, err := a.Figure()
		var e *figure.InputError
		if !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
