package microcircuit

import "golang.org/x/sys/cpu"

var vectors = cpu.X86.HasAVX2

// The kernels for wide networks, whose populations and rows are multiples of lanes. Slices are as
// long as the narrow kernels need them: that is not checked.

//go:noescape
func growWide(r *race)

//go:noescape
func spreadWide(r *reach, on bool)

//go:noescape
func weighWide(dst, src []int64, factor float64)

//go:noescape
func refreshWide(y *population, table *oddsTable)

//go:noescape
func expectWide(y *lesson, h *history, into float64, table *oddsTable)

//go:noescape
func adaptWide(y *lesson, column int, active bool, bound int64) (beyond bool)

//go:noescape
func accumulateWide(h *history, o *nudge, nudged bool) (far bool)
