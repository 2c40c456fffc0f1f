package figure

import (
	"fmt"
	"slices"
)

// Images shows square images: what a network imagines, or how it completes part of an image.
type Images struct {
	Name   string // title of the figure; may be empty
	Side   int    // pixels on a side
	Images []Image
	Fixed  []int // pixels that were given rather than found, marked by a ring
}

// Image is one of Images.
type Image struct {
	Heading string
	Pixels  []float64 // Side x Side, row by row from the top, 0..1
}

// Figure draws the images in rows of five. It returns an *InputError for images of another size or
// pixels outside.
func (in Images) Figure() (*Figure, error) {
	n := in.Side * in.Side
	if in.Side < 1 || len(in.Images) == 0 {
		return nil, &InputError{"Images", "Images", fmt.Sprintf("%d images of %d pixels on a side: need at least 1", len(in.Images), in.Side)}
	}
	if k := slices.IndexFunc(in.Fixed, func(i int) bool { return i < 0 || i >= n }); k >= 0 {
		return nil, &InputError{"Images", "Fixed", fmt.Sprintf("pixel %d is outside 0..%d", in.Fixed[k], n-1)}
	}
	f := &Figure{Title: in.Name, Width: readmeWidth, Height: 2.2 * centimetre, Columns: min(5, len(in.Images))}
	given := ring(Ink, 2)
	if len(in.Fixed) > 0 {
		f.Key = [][]Series{{legend("given", given)}}
	}
	for _, image := range in.Images {
		if len(image.Pixels) != n {
			return nil, &InputError{"Images", "Images", fmt.Sprintf("%s has %d pixels, needs %d", image.Heading, len(image.Pixels), n)}
		}
		p := framed(image.Heading, "", "")
		p.X.Tight, p.Y.Tight, p.X.Bare, p.Y.Bare = true, true, true, true
		p.X.Ticks, p.Y.Ticks = []Tick{}, []Tick{}
		p.matrix(slices.Clone(image.Pixels), in.Side, 1.5) // from paper to vermilion
		if len(in.Fixed) > 0 {
			s := Series{Kind: XY, Look: given, Label: "given"}
			for _, i := range in.Fixed {
				s.X, s.Y = append(s.X, float64(i%in.Side)), append(s.Y, -float64(i/in.Side))
			}
			p.Series = append(p.Series, s)
		}
		f.add(p)
	}
	return f, nil
}
