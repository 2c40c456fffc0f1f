//go:build !amd64

package gemm

func kernel(c []float32, stride int, a, b []float32, terms int, add bool) {
	kernelPortable(c, stride, a, b, terms, add)
}
