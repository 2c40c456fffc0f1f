package figure

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
)

func analysis(n int) Analysis {
	r := rand.New(rand.NewPCG(5, uint64(n)))
	a := Analysis{Title: fmt.Sprintf("%d neurons", n), Note: "window exponential, tau 10 ms", SAL: make([]float64, n*n), Significant: make([]bool, n*n)}
	for i := range n {
		a.Labels = append(a.Labels, fmt.Sprint(3*i+1))
		for j := range i {
			v := 0.004 * r.NormFloat64()
			a.SAL[i*n+j], a.SAL[j*n+i] = v, -v
			s := v > 0.004 || v < -0.004
			a.Significant[i*n+j], a.Significant[j*n+i] = s, s
		}
	}
	a.SAL[1], a.SAL[n] = nan, nan
	return a
}

// TestAnalysis draws small and large matrices, and one without any value.
func TestAnalysis(t *testing.T) {
	for _, n := range []int{2, 7, 30, 100} {
		f, err := analysis(n).Figure()
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if keep := os.Getenv("SPIKEALIGN_FIGURES"); keep != "" {
			dir = keep
		}
		if err := f.Save(dir, fmt.Sprintf("analysis-%d", n)); err != nil {
			t.Error(err)
		}
		if w, h := f.Size(); w > 17 || h > 17 {
			t.Errorf("%v x %v cm", w, h)
		}
	}
	a := analysis(3)
	for k := range a.SAL {
		a.SAL[k] = nan
	}
	if _, err := a.Figure(); err != nil {
		t.Error(err)
	}
	for field, change := range map[string]func(*Analysis){
		"Labels":      func(a *Analysis) { a.Labels = a.Labels[:1] },
		"SAL":         func(a *Analysis) { a.SAL = a.SAL[:8] },
		"Significant": func(a *Analysis) { a.Significant = nil },
	} {
		a := analysis(3)
		change(&a)
		_, err := a.Figure()
		var e *InputError
		if !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
