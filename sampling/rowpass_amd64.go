package sampling

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

var vectors = cpu.X86.HasAVX2

// addRows is addRowsPortable.
func addRows(u, w []int64, plus, minus []int) {
	if !vectors {
		addRowsPortable(u, w, plus, minus)
		return
	}
	n := len(u)
	if n == 0 || n%rowLanes != 0 {
		panic("sampling: addRows: length is not a multiple of 8")
	}
	for _, at := range plus {
		_ = w[at : at+n]
	}
	for _, at := range minus {
		_ = w[at : at+n]
	}
	switch {
	case len(plus)+len(minus) > 1:
		addRowsAVX2(&u[0], &w[0], n, unsafe.SliceData(plus), len(plus), unsafe.SliceData(minus), len(minus))
	case len(plus) == 1:
		addRowAVX2(&u[0], &w[plus[0]], n)
	case len(minus) == 1:
		subRowAVX2(&u[0], &w[minus[0]], n)
	}
}

// sumLanes is sumLanesPortable.
func sumLanes(sums []float64, level, ceil []int64, b bound) {
	if !vectors {
		sumLanesPortable(sums, level, ceil, b)
		return
	}
	ceil = ceil[:len(level)]
	rows := len(level) / rowLanes
	if len(level)%rowLanes != 0 || rows == 0 || len(sums) != rowLanes*((rows+blockRows-1)/blockRows) {
		panic("sampling: sumLanes: wrong lengths")
	}
	sumLanesAVX2(&sums[0], &level[0], &ceil[0], rows, b.shift, b.bend)
}

// prefetchRow asks the memory for a row of synapses.
func prefetchRow(post []int32, weights []int64) {
	if len(post) > 0 && len(weights) >= len(post) {
		prefetch(&post[0], &weights[0], len(post))
	}
}

//go:noescape
func addRowAVX2(u, w *int64, n int)

//go:noescape
func subRowAVX2(u, w *int64, n int)

//go:noescape
func addRowsAVX2(u, w *int64, n int, plus *int, pluses int, minus *int, minuses int)

//go:noescape
func sumLanesAVX2(sums *float64, level, ceil *int64, rows int, shift uint64, bend int64)

//go:noescape
func prefetch(post *int32, weights *int64, n int)
