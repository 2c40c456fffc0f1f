//go:build !blas

package gemm

import "spikealign/internal/vector"

// Name tells what multiplies.
const Name = "gemm"

// StateOffset is added to the state version of experiments that multiply: programs with another
// product of matrices refuse their checkpoints.
const StateOffset = 0

const (
	depth = 256 // terms of a sum before it is added to C
	panel = 96  // rows of A packed at a time: panel*depth numbers fit a second-level cache
	strip = 512 // columns of B packed at a time
)

// Work is the memory of products; one for each thread.
type Work struct {
	a [panel * depth]float32
	b [strip * depth]float32
	c [vector.Height * vector.Width]float32
}

func (w *Work) mul(c []float32, stride int, a, b Matrix, m, n, k int) {
	for j := 0; j < n; j += strip {
		columns := min(strip, n-j)
		for p := 0; p < k; p += depth {
			terms := min(depth, k-p)
			w.packB(b, p, j, terms, columns)
			for i := 0; i < m; i += panel {
				rows := min(panel, m-i)
				w.packA(a, i, p, rows, terms)
				w.block(c[i*stride+j:], stride, rows, columns, terms, p > 0)
			}
		}
	}
}

// packA copies rows of a in groups of vector.Height, term by term; what is missing in the last is
// 0.
func (w *Work) packA(a Matrix, i, p, rows, terms int) {
	for g := 0; g < rows; g += vector.Height {
		dst := w.a[g*depth:][:vector.Height*terms]
		for r := range vector.Height {
			if g+r >= rows {
				for t := range terms {
					dst[t*vector.Height+r] = 0
				}
				continue
			}
			from := a.Data[(i+g+r)*a.Row+p*a.Column:]
			for t := range terms {
				dst[t*vector.Height+r] = from[t*a.Column]
			}
		}
	}
}

// packB copies columns of b in groups of vector.Width, term by term; what is missing in the last is
// 0.
func (w *Work) packB(b Matrix, p, j, terms, columns int) {
	for g := 0; g < columns; g += vector.Width {
		dst := w.b[g*depth:][:vector.Width*terms]
		some := min(vector.Width, columns-g)
		if b.Column == 1 {
			for t := range terms {
				row := dst[t*vector.Width:][:vector.Width]
				copy(row, b.Data[(p+t)*b.Row+j+g:][:some])
				clear(row[some:])
			}
			continue
		}
		for s := range vector.Width {
			if s >= some {
				for t := range terms {
					dst[t*vector.Width+s] = 0
				}
				continue
			}
			from := b.Data[p*b.Row+(j+g+s)*b.Column:]
			for t := range terms {
				dst[t*vector.Width+s] = from[t*b.Row]
			}
		}
	}
}

// block multiplies what is packed.
func (w *Work) block(c []float32, stride, rows, columns, terms int, add bool) {
	for j := 0; j < columns; j += vector.Width {
		b := w.b[j*depth:][:vector.Width*terms]
		for i := 0; i < rows; i += vector.Height {
			a := w.a[i*depth:][:vector.Height*terms]
			if i+vector.Height <= rows && j+vector.Width <= columns {
				vector.Product(c[i*stride+j:], stride, a, b, terms, add)
				continue
			}
			vector.Product(w.c[:], vector.Width, a, b, terms, false)
			for r := range min(vector.Height, rows-i) {
				to, from := c[(i+r)*stride+j:][:min(vector.Width, columns-j)], w.c[r*vector.Width:]
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
}
