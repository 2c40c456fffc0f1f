//go:build !amd64

package microcircuit

const vectors = false

func growWide(r *race) { panic("microcircuit: no wide kernels") }

func spreadWide(r *reach, on bool) { spreadNarrow(r, on) }

func weighWide(dst, src []int64, factor float64) { weighNarrow(dst, src, factor) }

func refreshWide(y *population, table *oddsTable) { refreshNarrow(y, table) }

func expectWide(y *lesson, h *history, into float64, table *oddsTable) {
	expectNarrow(y, h, into, table)
}

func adaptWide(y *lesson, column int, active bool, bound int64) (beyond bool) {
	return adaptNarrow(y, column, active, bound)
}

func accumulateWide(h *history, o *nudge, nudged bool) (far bool) {
	return accumulateNarrow(h, o, nudged)
}
