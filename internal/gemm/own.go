//go:build !blas

package gemm

import (
	"slices"

	"spikealign/internal/vector"
)

// Name tells what multiplies.
const Name = "gemm"

// StateOffset is added to the state version of experiments that multiply: programs with another
// product of matrices refuse their checkpoints.
const StateOffset = 0

const (
	depth = 256 // terms of a sum before it is added to C
	strip = 512 // columns of B packed at a time
)

// Work is the memory of products; one for each thread.
type Work struct {
	b                [strip * depth]float32
	c                [vector.Height * vector.Width]float32
	rows, terms, cAt []int
}

func (w *Work) mul(c []float32, stride int, a, b Matrix, m, n, k int) {
	w.rows, w.terms, w.cAt = steps(w.rows, m, a.Row), steps(w.terms, k, a.Column), steps(w.cAt, m, stride)
	w.product(c, w.cAt, a.Data, w.rows, w.terms, b, n, false)
}

func (w *Work) mulFrom(c []float32, stride int, a []float32, rows, terms []int, b Matrix, n int) {
	w.cAt = steps(w.cAt, len(rows), stride)
	w.product(c, w.cAt, a, rows, terms, b, n, false)
}

func (w *Work) addTo(c []float32, cAt []int, a, b Matrix, n, k int) {
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
// for all rows.
func (w *Work) product(c []float32, cAt []int, a []float32, rows, terms []int, b Matrix, n int, add bool) {
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
func (w *Work) panel(c []float32, cAt []int, a []float32, rows, terms []int, b []float32, columns int, add bool) {
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
// 0.
func (w *Work) packB(b Matrix, p, j, terms, columns int) {
	for g := 0; g < columns; g += vector.Width {
		dst := w.b[g*depth:][:vector.Width*terms]
		from, some := b.Data[p*b.Row+(j+g)*b.Column:], min(vector.Width, columns-g)
		if some < vector.Width {
			clear(dst)
		}
		switch {
		case b.Column == 1 && some == vector.Width:
			for t := range terms {
				*(*[vector.Width]float32)(dst[t*vector.Width:]) = [vector.Width]float32(from[t*b.Row:])
			}
		case b.Column == 1:
			for t := range terms {
				copy(dst[t*vector.Width:], from[t*b.Row:][:some])
			}
		default:
			for s := range some {
				for t := range terms {
					dst[t*vector.Width+s] = from[s*b.Column+t*b.Row]
				}
			}
		}
	}
}
