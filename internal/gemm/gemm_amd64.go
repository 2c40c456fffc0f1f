package gemm

import "golang.org/x/sys/cpu"

var vectors = cpu.X86.HasAVX2

// kernel is kernelPortable.
func kernel(c []float32, stride int, a, b []float32, terms int, add bool) {
	if !vectors {
		kernelPortable(c, stride, a, b, terms, add)
		return
	}
	_, _, _ = c[(height-1)*stride+width-1], a[height*terms-1], b[width*terms-1]
	keep := 0
	if add {
		keep = 1
	}
	kernelAVX2(&c[0], stride, &a[0], &b[0], terms, keep)
}

//go:noescape
func kernelAVX2(c *float32, stride int, a, b *float32, terms, add int)
