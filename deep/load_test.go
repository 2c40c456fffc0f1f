package deep

import (
	"fmt"
	"slices"
	"testing"

	"spikealign/internal/random"
)

// Normalisation, exchange of left and right, and shifts, of an image of 2 x 3 pixels in two
// channels, by hand: mean .2 and deviation .4 make -.5 of 0, 0 of 51, .5 of 102, 1 of 153, 1.5 of
// 204, 2 of 255; the second channel is the first less 51, with mean 0 and deviation .2: 0 of 0, 1
// of 51 and so on.
func TestLoad(t *testing.T) {
	const z = -.5 // black
	want := map[string][]float32{
		"false 0 0":   {z, 0, .5, 1, 1.5, 2},
		"true 0 0":    {.5, 0, z, 2, 1.5, 1},
		"false 1 0":   {0, .5, z, 1.5, 2, z}, // moved to the left
		"true 1 0":    {z, .5, 0, z, 2, 1.5}, // moved, then turned
		"false 0 1":   {1, 1.5, 2, z, z, z},  // moved upwards
		"false -1 -1": {z, z, z, z, z, 0},
		"true -1 1":   {1.5, 1, z, z, z, z},
	}
	const count = 400
	d := &Data{Channels: 2, Height: 2, Width: 3, Mean: []float64{.2, 0}, SD: []float64{.4, .2}}
	set := Set{Labels: make([]uint8, count)}
	for i := range count {
		set.Images = append(set.Images, 0, 51, 102, 153, 204, 255, 0, 0, 51, 102, 153, 204)
		set.Labels[i] = uint8(i % 7)
	}
	tr := &Trainer{Network: &Network{in: volume{2, 2, 3}, crew: newCrew(2, threads)}, data: d, seed: 9, epoch: 4}
	chosen := []int32{}
	for i := range int32(count) {
		chosen = append(chosen, count-1-i)
	}
	image := func(place, channel int) (x []float32) {
		for k := range 6 {
			x = append(x, tr.images[(place*6+k)*2+channel])
		}
		return x
	}
	near := func(a, b []float32) bool { // a division in between
		return slices.EqualFunc(a, b, func(x, y float32) bool { return x-y < 1e-6 && y-x < 1e-6 })
	}
	second := func(first []float32) []float32 {
		var s []float32
		for _, v := range first {
			s = append(s, max(0, 2*v))
		}
		return s
	}
	for _, a := range []Augment{{}, {Flip: true}, {Flip: true, Crop: 1}, {Crop: 1}} {
		tr.s.Augment = a
		for _, train := range []bool{false, true} {
			tr.load(set, chosen, train)
			seen := map[string]bool{}
			for place, k := range chosen {
				key := "false 0 0"
				if train {
					draw := random.New(9, random.Augmentation, 4, uint64(k))
					flip := draw.Float64() < .5 && a.Flip
					dy := int(draw.Float64()*float64(2*a.Crop+1)) - a.Crop
					dx := int(draw.Float64()*float64(2*a.Crop+1)) - a.Crop
					key = fmt.Sprint(flip, dx, dy)
				}
				if tr.labels[place] != uint8(k%7) {
					t.Fatalf("image %d has label %d", k, tr.labels[place])
				}
				w, ok := want[key]
				if !ok {
					continue
				}
				seen[key] = true
				if !near(image(place, 0), w) || !near(image(place, 1), second(w)) {
					t.Fatalf("%+v, train %v, %s: %v and %v, want %v and %v", a, train, key, image(place, 0), image(place, 1), w, second(w))
				}
			}
			whole := map[Augment]int{{}: 1, {Flip: true}: 2, {Flip: true, Crop: 1}: len(want), {Crop: 1}: 4}[a]
			if !train {
				whole = 1
			}
			if len(seen) != whole {
				t.Errorf("%+v, train %v: only %v", a, train, seen)
			}
		}
	}
}

// Images that are enlarged: twice, by hand, and by 8/7 as LeNet sees those of 28 x 28.
func TestEnlarge(t *testing.T) {
	got := make([]uint8, 16)
	enlarge(got, []uint8{0, 100, 200, 40}, 4, 4, 2, 2)
	// a quarter and three quarters of the way in the middle; 200, 160, 80, 40 below
	want := []uint8{0, 25, 75, 100, 50, 59, 76, 85, 150, 126, 79, 55, 200, 160, 80, 40}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	row := make([]uint8, 28)
	for x := range row {
		row[x] = uint8(8 * x)
	}
	large := make([]uint8, 32*32)
	enlarge(large, slices.Repeat(row, 28), 32, 32, 28, 28)
	for y := range 32 {
		for x := range 32 {
			// 8 grey values a pixel are 7 a pixel of the larger image, from 8*(-1/16) on
			if w := min(max(7*x-1, 0), 216); y > 0 && x > 0 && int(large[y*32+x]) != w && int(large[y*32+x]) != w+1 || large[y*32+x] != large[x] {
				t.Fatalf("place %d, %d: %d, want about %d", x, y, large[y*32+x], w)
			}
		}
	}
}
