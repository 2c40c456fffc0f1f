//go:build blas && !cgo

package gemm

var _ = the_build_tag_blas_needs_cgo_and_a_C_compiler
