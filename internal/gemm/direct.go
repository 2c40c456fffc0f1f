package gemm

import (
	"slices"

	"spikealign/internal/vector"
)

const (
	depth = 256 // terms of a sum before it is added to C
	strip = 512 // columns of B packed at a time
)

// direct is the memory of the program's own products.
type direct struct {
	b                [strip * depth]float32
	c                [vector.Height * vector.Width]float32
	rows, terms, cAt []int
}

func (w *direct) mulFrom(c []float32, stride int, a []float32, rows, terms []int, b Matrix, n int) {
	w.cAt = steps(w.cAt, len(rows), stride)
	w.product(c, w.cAt, a, rows, terms, b, n, false)
}

func (w *direct) addTo(c []float32, cAt []int, a, b Matrix, n, k int) {
	w.rows, w.terms = steps(w.rows, len(cAt), a.Row), steps(w.terms, k, a.Column)
	w.product(c, cAt, a.Data, w.rows, w.terms, b, n, true)
}

// steps returns n places that lie step apart.
func steps(at []int, n, step int) []int {
	at = slices.Grow(at[:0], n)[:n]
	for i := range at {
		at[i] = i * step
	}
	return at
}

// product multiplies what is at the places a[rows[i]+terms[t]] by b. Nothing of a is copied: a
// number is read once for the sixteen columns of a panel of b, which stays in the first-level cache
// for all rows. A term of a block of 6 x 16 takes twelve multiplications and as many additions of
// eight numbers, and eight loads: six cycles where there are two units for each. Beside that stand
// about 40 cycles for each block, so that products of few terms are slower, and copying b, in one
// part for each row of a.
func (w *direct) product(c []float32, cAt []int, a []float32, rows, terms []int, b Matrix, n int, add bool) {
	for j := 0; j < n; j += strip {
		columns := min(strip, n-j)
		for p := 0; p < len(terms); p += depth {
			some := terms[p:min(p+depth, len(terms))]
			w.packB(b, p, j, len(some), columns)
			for g := 0; g < columns; g += vector.Width {
				w.panel(c[j+g:], cAt, a, rows, some, w.b[g*depth:], min(vector.Width, columns-g), add || p > 0)
			}
		}
	}
}

// panel multiplies by a packed panel of which columns are used.
func (w *direct) panel(c []float32, cAt []int, a []float32, rows, terms []int, b []float32, columns int, add bool) {
	whole := 0
	if columns == vector.Width {
		whole = len(cAt) / vector.Height * vector.Height
		vector.Product(c, cAt[:whole], a, rows, terms, b, add)
	}
	for i := whole; i < len(cAt); i += vector.Height {
		var at, to [vector.Height]int
		for r := range at {
			at[r], to[r] = rows[min(i+r, len(cAt)-1)], r*vector.Width
		}
		vector.Product(w.c[:], to[:], a, at[:], terms, b, false)
		for r := range min(vector.Height, len(cAt)-i) {
			to, from := c[cAt[i+r]:][:columns], w.c[r*vector.Width:]
			for s := range to {
				if add {
					to[s] += from[s]
				} else {
					to[s] = from[s]
				}
			}
		}
	}
}

// packB copies columns of b in panels of vector.Width, term by term; what is missing in the last is
// 0. Numbers are read in the order in which they stand.
func (w *direct) packB(b Matrix, p, j, terms, columns int) {
	from, whole := b.Data[p*b.Row+j*b.Column:], columns/vector.Width*vector.Width
	if whole < columns {
		clear(w.b[whole*depth:][:vector.Width*terms])
	}
	if b.Column != 1 {
		for s := range columns {
			dst, src := w.b[s/vector.Width*vector.Width*depth+s%vector.Width:], from[s*b.Column:]
			for t := range terms {
				dst[t*vector.Width] = src[t*b.Row]
			}
		}
		return
	}
	for t := range terms {
		row := from[t*b.Row:][:columns]
		for g := 0; g < whole; g += vector.Width {
			to, from := (*[vector.Width]float32)(w.b[g*depth+t*vector.Width:]), (*[vector.Width]float32)(row[g:])
			for s := 0; s < vector.Width; s += 4 { // as many as are copied without a call
				*(*[4]float32)(to[s:]) = *(*[4]float32)(from[s:])
			}
		}
		if whole < columns {
			copy(w.b[whole*depth+t*vector.Width:], row[whole:])
		}
	}
}
