package boltzmann

import (
	"fmt"
	"sort"
)

// maxSide bounds BarsAndStripes: 2^(maxSide+1)-2 patterns are a few hundred thousand.
const maxSide = 16

// BarsAndStripes returns the distinct images of side x side pixels in which either every column or
// every row is of one value: 2^(side+1) - 2 of them (6 for side 2, 14 for side 3). An image is
// row-major, pixels are 0 or 1; images are ordered as binary numbers whose bit i is pixel i. It
// panics if side is outside 1..16.
func BarsAndStripes(side int) [][]uint8 {
	if side < 1 || side > maxSide {
		panic(fmt.Sprintf("boltzmann: BarsAndStripes: side %d is outside 1..%d", side, maxSide))
	}
	var images [][]uint8
	for lines := range 1 << side {
		bars, stripes := make([]uint8, side*side), make([]uint8, side*side)
		for y := range side {
			for x := range side {
				bars[y*side+x] = uint8(lines >> x & 1)
				stripes[y*side+x] = uint8(lines >> y & 1)
			}
		}
		images = append(images, bars)
		if lines != 0 && lines != 1<<side-1 { // the empty and the full image are bars already
			images = append(images, stripes)
		}
	}
	sort.Slice(images, func(a, b int) bool {
		for i := side*side - 1; i >= 0; i-- {
			if images[a][i] != images[b][i] {
				return images[a][i] < images[b][i]
			}
		}
		return false
	})
	return images
}

// Patterns returns the distribution over 2^n states in which each of the given patterns has the
// same weight; a pattern that occurs twice has twice the weight. Bit i of a state is value i of a
// pattern. It returns a *TooLargeError if the patterns are longer than MaxNeurons and panics if
// there are none, if their lengths differ, or if a value is not 0 or 1.
func Patterns(patterns [][]uint8) ([]float64, error) {
	if len(patterns) == 0 || len(patterns[0]) == 0 {
		panic("boltzmann: Patterns: no patterns")
	}
	n := len(patterns[0])
	if n > MaxNeurons {
		return nil, &TooLargeError{N: n}
	}
	p := make([]float64, 1<<n)
	for k, bits := range patterns {
		if len(bits) != n {
			panic(fmt.Sprintf("boltzmann: Patterns: pattern %d has %d values, not %d", k, len(bits), n))
		}
		z := 0
		for i, b := range bits {
			if b > 1 {
				panic(fmt.Sprintf("boltzmann: Patterns: pattern %d has value %d", k, b))
			}
			z |= int(b) << i
		}
		p[z]++
	}
	for z := range p {
		p[z] /= float64(len(patterns))
	}
	return p, nil
}

// Total returns the sum of probabilities.
func Total(p []float64) float64 { return pairwise(p) }

// Support returns the states of n neurons that have a probability above 0, as patterns in the order
// of their indices, and their probabilities. It panics unless p has 2^n entries.
func Support(p []float64, n int) (patterns [][]uint8, probabilities []float64) {
	checkStates("Support", p, n)
	for z, x := range p {
		if x > 0 {
			bits := make([]uint8, n)
			for i := range bits {
				bits[i] = uint8(z >> i & 1)
			}
			patterns, probabilities = append(patterns, bits), append(probabilities, x)
		}
	}
	return patterns, probabilities
}
