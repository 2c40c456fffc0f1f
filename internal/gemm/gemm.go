// Package gemm multiplies matrices of float32.
//
// The result is the same to the bit on every processor, with vector instructions or without, and
// for any number of threads: each entry of a product is the sum, one after another, of products
// rounded to float32, in blocks of 256 terms whose sums are then added. No fused multiply-add is
// used. On processors that add and multiply in different units (AMD) that costs nothing; on those
// that do both in one (Intel) half of the speed.
//
// With the build tag blas the products are those of the system's OpenBLAS, which is faster, and
// whose results differ between processors and versions of the library.
package gemm

import "slices"

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

// Mul sets c, m x n and stored row by row with stride columns (c[i*stride+j]), to a*b, where a is
// m x k and b is k x n. It panics if a slice is too short.
func (w *Work) Mul(c []float32, stride int, a, b Matrix, m, n, k int) {
	if m == 0 || n == 0 {
		return
	}
	_ = c[(m-1)*stride+n-1]
	if k == 0 {
		for i := range m {
			clear(c[i*stride:][:n])
		}
		return
	}
	_, _ = a.Data[(m-1)*a.Row+(k-1)*a.Column], b.Data[(k-1)*b.Row+(n-1)*b.Column]
	w.mul(c, stride, a, b, m, n, k)
}

// MulFrom sets c to a product as Mul does, of a matrix a that is nowhere as a whole: its entry
// (i, t) is a[rows[i]+terms[t]]. It panics if a slice is too short.
func (w *Work) MulFrom(c []float32, stride int, a []float32, rows, terms []int, b Matrix, n int) {
	m, k := len(rows), len(terms)
	if m == 0 || n == 0 || k == 0 {
		w.Mul(c, stride, Matrix{}, Matrix{}, m, n, 0)
		return
	}
	_, _, _ = c[(m-1)*stride+n-1], a[slices.Min(rows)+slices.Min(terms)], a[slices.Max(rows)+slices.Max(terms)]
	_ = b.Data[(k-1)*b.Row+(n-1)*b.Column]
	w.mulFrom(c, stride, a, rows, terms, b, n)
}

// AddTo adds a product as Mul makes it to rows of c that begin at the places rows, which lie at
// least n apart: the sum of each block of 256 terms is added. It panics if a slice is too short.
func (w *Work) AddTo(c []float32, rows []int, a, b Matrix, n, k int) {
	m := len(rows)
	if m == 0 || n == 0 || k == 0 {
		return
	}
	_, _ = c[slices.Min(rows)], c[slices.Max(rows)+n-1]
	_, _ = a.Data[(m-1)*a.Row+(k-1)*a.Column], b.Data[(k-1)*b.Row+(n-1)*b.Column]
	w.addTo(c, rows, a, b, n, k)
}
