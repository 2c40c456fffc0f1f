// Package gemm multiplies matrices of float32.
//
// The result is the same to the bit on every processor, with vector instructions or without, and
// for any number of threads: each entry of a product is the sum, one after another, of products
// rounded to float32, in blocks of 256 terms whose sums are then added. No fused multiply-add is
// used. On processors that add and multiply in different units (AMD) that costs nothing; on those
// that do both in one (Intel) half of the speed.
package gemm

// Matrix is a view of numbers: entry (i, j) is at Data[i*Row+j*Column]. Transposing exchanges Row
// and Column.
type Matrix struct {
	Data        []float32
	Row, Column int
}

// Rows returns the view of a matrix stored row by row with that many columns.
func Rows(data []float32, columns int) Matrix { return Matrix{data, columns, 1} }

// T returns the transposed view.
func (m Matrix) T() Matrix { return Matrix{m.Data, m.Column, m.Row} }

const (
	height = 6   // rows of a block of C that the kernel holds in registers
	width  = 16  // columns of it
	depth  = 256 // terms of a sum before it is added to C
	panel  = 96  // rows of A packed at a time: panel*depth numbers fit a second-level cache
	strip  = 512 // columns of B packed at a time
)

// Work is the memory of products; one for each thread.
type Work struct {
	a [panel * depth]float32
	b [strip * depth]float32
	c [height * width]float32
}

// Mul sets c, m x n and stored row by row with stride columns (c[i*stride+j]), to a*b, where a is
// m x k and b is k x n; with add, it adds a*b to c. It panics if a slice is too short.
func (w *Work) Mul(c []float32, stride int, a, b Matrix, m, n, k int, add bool) {
	if m == 0 || n == 0 {
		return
	}
	_ = c[(m-1)*stride+n-1]
	if k == 0 {
		if !add {
			for i := range m {
				clear(c[i*stride:][:n])
			}
		}
		return
	}
	_, _ = a.Data[(m-1)*a.Row+(k-1)*a.Column], b.Data[(k-1)*b.Row+(n-1)*b.Column]
	for j := 0; j < n; j += strip {
		columns := min(strip, n-j)
		for p := 0; p < k; p += depth {
			terms := min(depth, k-p)
			w.packB(b, p, j, terms, columns)
			for i := 0; i < m; i += panel {
				rows := min(panel, m-i)
				w.packA(a, i, p, rows, terms)
				w.block(c[i*stride+j:], stride, rows, columns, terms, add || p > 0)
			}
		}
	}
}

// packA copies rows of a in groups of height, term by term; what is missing in the last is 0.
func (w *Work) packA(a Matrix, i, p, rows, terms int) {
	for g := 0; g < rows; g += height {
		dst := w.a[g*depth:][:height*terms]
		for r := range height {
			if g+r >= rows {
				for t := range terms {
					dst[t*height+r] = 0
				}
				continue
			}
			from := a.Data[(i+g+r)*a.Row+p*a.Column:]
			for t := range terms {
				dst[t*height+r] = from[t*a.Column]
			}
		}
	}
}

// packB copies columns of b in groups of width, term by term; what is missing in the last is 0.
func (w *Work) packB(b Matrix, p, j, terms, columns int) {
	for g := 0; g < columns; g += width {
		dst := w.b[g*depth:][:width*terms]
		some := min(width, columns-g)
		if b.Column == 1 {
			for t := range terms {
				row := dst[t*width:][:width]
				copy(row, b.Data[(p+t)*b.Row+j+g:][:some])
				clear(row[some:])
			}
			continue
		}
		for s := range width {
			if s >= some {
				for t := range terms {
					dst[t*width+s] = 0
				}
				continue
			}
			from := b.Data[p*b.Row+(j+g+s)*b.Column:]
			for t := range terms {
				dst[t*width+s] = from[t*b.Row]
			}
		}
	}
}

// block multiplies what is packed.
func (w *Work) block(c []float32, stride, rows, columns, terms int, add bool) {
	for j := 0; j < columns; j += width {
		b := w.b[j*depth:][:width*terms]
		for i := 0; i < rows; i += height {
			a := w.a[i*depth:][:height*terms]
			if i+height <= rows && j+width <= columns {
				kernel(c[i*stride+j:], stride, a, b, terms, add)
				continue
			}
			kernel(w.c[:], width, a, b, terms, false)
			for r := range min(height, rows-i) {
				to, from := c[(i+r)*stride+j:][:min(width, columns-j)], w.c[r*width:]
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

// kernelPortable sets height x width numbers of c, with that stride between rows, to the product of
// packed blocks, or adds it.
func kernelPortable(c []float32, stride int, a, b []float32, terms int, add bool) {
	var sum [height][width]float32
	for t := range terms {
		x, y := a[t*height:][:height], b[t*width:][:width]
		for i := range sum {
			for j := range sum[i] {
				sum[i][j] += float32(x[i] * y[j])
			}
		}
	}
	for i := range sum {
		row := c[i*stride:][:width]
		for j := range row {
			if add {
				row[j] += sum[i][j]
			} else {
				row[j] = sum[i][j]
			}
		}
	}
}
