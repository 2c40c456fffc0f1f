//go:build !blas

package gemm

// Name tells what multiplies.
const Name = "gemm"

// StateOffset is added to the state version of experiments that multiply: programs with another
// product of matrices refuse their checkpoints.
const StateOffset = 0

// Work is the memory of products; one for each thread.
type Work struct{ direct }

func (w *Work) mul(c []float32, stride int, a, b Matrix, m, n, k int) {
	w.rows, w.terms, w.cAt = steps(w.rows, m, a.Row), steps(w.terms, k, a.Column), steps(w.cAt, m, stride)
	w.product(c, w.cAt, a.Data, w.rows, w.terms, b, n, false)
}
