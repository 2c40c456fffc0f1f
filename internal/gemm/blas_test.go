//go:build blas

package gemm

import "testing"

// Products from and to many places, as processors without vector instructions of ours make them.
func TestCopies(t *testing.T) {
	defer func(before bool) { copies = before }(copies)
	copies = true
	TestMulFromAndAddTo(t)
	TestPlacesOutside(t)
}
