//go:build blas

package gemm

// #cgo pkg-config: openblas
// #cgo noescape cblas_sgemm
// #cgo nocallback cblas_sgemm
// #include <cblas.h>
import "C"

import (
	"fmt"
	"slices"

	"spikealign/internal/vector"
)

// StateOffset is added to the state version of experiments that multiply.
const StateOffset = 1000

// Name tells what multiplies: the results are those of this library and this kind of processor.
var Name = "openblas " + C.GoString(C.openblas_get_corename())

// The threads are the caller's: each product has one.
func init() { C.openblas_set_num_threads(1) }

// copies says that what a product takes from many places is copied for the library: where the
// program's own products have vector instructions, it takes longer to copy than to multiply.
var copies = !vector.Fast

// chunk is how many rows are copied at a time.
const chunk = 256

// Work is the memory of products; one for each thread.
type Work struct {
	direct
	from, to []float32
}

func (w *Work) mul(c []float32, stride int, a, b Matrix, m, n, k int) {
	how, lda := a.form(m, k)
	hob, ldb := b.form(k, n)
	C.cblas_sgemm(C.CblasRowMajor, how, hob, C.blasint(m), C.blasint(n), C.blasint(k),
		1, (*C.float)(&a.Data[0]), lda, (*C.float)(&b.Data[0]), ldb, 0, (*C.float)(&c[0]), C.blasint(max(stride, n)))
}

func (w *Work) mulFrom(c []float32, stride int, a []float32, rows, terms []int, b Matrix, n int) {
	if !copies {
		w.direct.mulFrom(c, stride, a, rows, terms, b, n)
		return
	}
	k := len(terms)
	for i := 0; i < len(rows); i += chunk {
		some := rows[i:min(i+chunk, len(rows))]
		w.from = slices.Grow(w.from[:0], len(some)*k)[:len(some)*k]
		for r, at := range some {
			to, from := w.from[r*k:][:k], a[at:]
			for t, at := range terms {
				to[t] = from[at]
			}
		}
		w.mul(c[i*stride:], stride, Rows(w.from, k), b, len(some), n, k)
	}
}

func (w *Work) addTo(c []float32, rows []int, a, b Matrix, n, k int) {
	if !copies {
		w.direct.addTo(c, rows, a, b, n, k)
		return
	}
	for i := 0; i < len(rows); i += chunk {
		some := rows[i:min(i+chunk, len(rows))]
		w.to = slices.Grow(w.to[:0], len(some)*n)[:len(some)*n]
		w.mul(w.to, n, Matrix{a.Data[i*a.Row:], a.Row, a.Column}, b, len(some), n, k)
		for r, at := range some {
			to := c[at:][:n]
			for j, x := range w.to[r*n:][:n] {
				to[j] += x
			}
		}
	}
}

// form says whether m, rows x columns, is stored row by row or transposed, and with which distance
// of its lines.
func (m Matrix) form(rows, columns int) (C.enum_CBLAS_TRANSPOSE, C.blasint) {
	switch {
	case m.Column == 1:
		return C.CblasNoTrans, C.blasint(max(m.Row, columns))
	case m.Row == 1:
		return C.CblasTrans, C.blasint(max(m.Column, rows))
	}
	panic(fmt.Sprintf("gemm: a view with steps of %d and %d", m.Row, m.Column))
}
