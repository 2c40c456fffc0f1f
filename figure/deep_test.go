package figure

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// TestDeepInput: what does not fit together is told by field; parts that are missing are left out.
func TestDeepInput(t *testing.T) {
	full := func() Deep {
		return Deep{Name: "d", Epoch: []float64{0, 1}, TrainLoss: []float64{2, 1}, TestLoss: []float64{2, 1}, TrainAccuracy: []float64{.1, .5}, TestAccuracy: []float64{.1, .5},
			Angles: [][]float64{{90, 80}, {math.NaN(), math.NaN()}}, Updates: []NamedCurve{{"conv_1", []float64{50, 40}}}}
	}
	f, err := full().Figure()
	if err != nil || len(f.Panels) != 4 {
		t.Fatalf("%v", err)
	}
	for k, p := range f.Panels {
		if strings.Contains(p.Note, "not drawn") {
			t.Errorf("panel %d: %s", k, p.Note)
		}
	}
	for field, edit := range map[string]func(*Deep){
		"TrainLoss": func(d *Deep) { d.TrainLoss = d.TrainLoss[:1] },
		"Angles":    func(d *Deep) { d.Angles[1] = nil },
		"Updates":   func(d *Deep) { d.Updates[0].Values = []float64{1, 2, 3} },
		"Name":      func(d *Deep) { *d = Deep{Name: "empty"} },
	} {
		d := full()
		edit(&d)
		var input *InputError
		if _, err := d.Figure(); !errors.As(err, &input) || input.Field != field {
			t.Errorf("%s: error %v", field, err)
		}
	}
}
