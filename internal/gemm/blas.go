//go:build blas

package gemm

// #cgo pkg-config: openblas
// #cgo noescape cblas_sgemm
// #cgo nocallback cblas_sgemm
// #include <cblas.h>
import "C"

import "fmt"

// StateOffset is added to the state version of experiments that multiply.
const StateOffset = 1000

// Name tells what multiplies: the results are those of this library and this kind of processor.
var Name = "openblas " + C.GoString(C.openblas_get_corename())

// The threads are the caller's: each product has one.
func init() { C.openblas_set_num_threads(1) }

// Work is the memory of products; one for each thread.
type Work struct{}

func (*Work) mul(c []float32, stride int, a, b Matrix, m, n, k int) {
	how, lda := a.form(m, k)
	hob, ldb := b.form(k, n)
	C.cblas_sgemm(C.CblasRowMajor, how, hob, C.blasint(m), C.blasint(n), C.blasint(k),
		1, (*C.float)(&a.Data[0]), lda, (*C.float)(&b.Data[0]), ldb, 0, (*C.float)(&c[0]), C.blasint(max(stride, n)))
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
