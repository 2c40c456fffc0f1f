package figure

import (
	"errors"
	"slices"
	"testing"
)

// Given pixels are marked in every image, row by row from the top, and explained once.
func TestImages(t *testing.T) {
	in := Images{Name: "stripes", Side: 2, Fixed: []int{1, 2}, Images: []Image{{"mean", []float64{1, 0.5, 0, 0}}, {"0.5", []float64{1, 1, 0, 0}}}}
	f, err := in.Figure()
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Panels) != 2 || len(f.Key) != 1 || f.Key[0][0].Label != "given" {
		t.Fatalf("%d panels, key %v", len(f.Panels), f.Key)
	}
	for _, p := range f.Panels {
		marks := p.Series[len(p.Series)-1]
		if !slices.Equal(marks.X, Numbers{1, 0}) || !slices.Equal(marks.Y, Numbers{0, -1}) {
			t.Errorf("%s: marks at %v, %v", p.Heading, marks.X, marks.Y)
		}
	}
	in.Fixed = nil
	if f, err = in.Figure(); err != nil || len(f.Key) != 0 {
		t.Errorf("nothing given: key %v, error %v", f.Key, err)
	}
	for name, in := range map[string]Images{
		"none":    {Side: 2},
		"outside": {Side: 2, Fixed: []int{4}, Images: in.Images},
		"size":    {Side: 3, Images: in.Images},
	} {
		var input *InputError
		if _, err := in.Figure(); !errors.As(err, &input) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
