package random

import "golang.org/x/sys/cpu"

var vectors = cpu.X86.HasAVX2

func (k Key32) fill(dst []uint32, step uint64) {
	if !vectors || len(dst) == 0 {
		k.fillPortable(dst, step)
		return
	}
	fillAVX2(&dst[0], len(dst)/WordBlock, k.k0, k.k1, uint32(step), uint32(step>>32))
}

//go:noescape
func fillAVX2(dst *uint32, blocks int, k0, k1, low, high uint32)
