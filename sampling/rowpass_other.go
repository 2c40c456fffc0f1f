//go:build !amd64

package sampling

// addRows is addRowsPortable.
func addRows(u, w []int64, plus, minus []int) { addRowsPortable(u, w, plus, minus) }

// sumLanes is sumLanesPortable.
func sumLanes(sums []float64, level, ceil []int64, b bound) { sumLanesPortable(sums, level, ceil, b) }

func prefetchRow(post []int32, weights []int64) {}
