//go:build !amd64

package random

func (k Key32) fill(dst []uint32, step uint64) { k.fillPortable(dst, step) }
