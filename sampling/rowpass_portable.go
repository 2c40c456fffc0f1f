package sampling

import "math"

// The loops over all neurons that the thinning simulator spends its time in. Each has this portable
// form, which says what it computes, and on amd64 one that does four neurons at a time; both give
// the same bits, since the additions are of integers or in the same order. Lengths are multiples of
// rowLanes.

// rowLanes is the number of neurons that are summed side by side; blockRows rows of them share
// their lanes' sums.
const (
	rowLanes    = 8
	blockRows   = 16
	blockLength = rowLanes * blockRows
)

// padded is n rounded up to a multiple of rowLanes.
func padded(n int) int { return (n + rowLanes - 1) &^ (rowLanes - 1) }

// addRowsPortable adds to u the rows of w that begin at plus, and subtracts those that begin at
// minus.
func addRowsPortable(u, w []int64, plus, minus []int) {
	for _, at := range plus {
		for i, x := range w[at:][:len(u)] {
			u[i] += x
		}
	}
	for _, at := range minus {
		for i, x := range w[at:][:len(u)] {
			u[i] -= x
		}
	}
}

// bound maps a level to a bound on the hazard per tick. A level is a logarithm to the base 2 in
// units of 2^(shift-52), and shifted left by shift it is the bits of a float64: the line through
// 2^k and 2^(k+1) instead of 2^x between them, at most 6.2 % (on average 4.1 %) above. Levels below
// 0 count as 0, which is the hazard 0; levels above ceil count as ceil. In bits, bend + 1/8 of the
// level is a line too, that of a hazard that grows by the factor 2 every 8 octaves; where it is the
// lower one, it is the bound.
type bound struct {
	shift uint64
	bend  int64
}

func (b bound) at(level, ceil int64) float64 {
	v := min(max(level, 0), ceil) << b.shift
	return math.Float64frombits(uint64(min(v, v>>3+b.bend)))
}

// sumLanesPortable writes the sums of the bounds: sums[8b+l] is that of the neurons 128b+8r+l, r =
// 0 .. 15, added in this order.
func sumLanesPortable(sums []float64, level, ceil []int64, b bound) {
	for ; len(sums) >= rowLanes; sums = sums[rowLanes:] {
		s := (*[rowLanes]float64)(sums)
		*s = [rowLanes]float64{}
		for range min(blockRows, len(level)/rowLanes) {
			v, c := (*[rowLanes]int64)(level), (*[rowLanes]int64)(ceil)
			for l := range s {
				s[l] += b.at(v[l], c[l])
			}
			level, ceil = level[rowLanes:], ceil[rowLanes:]
		}
	}
}

// sumTier does the same with sums. Eight variables, because an array would live in memory.
func sumTier(dst, src []float64) {
	for ; len(dst) >= rowLanes; dst = dst[rowLanes:] {
		var s0, s1, s2, s3, s4, s5, s6, s7 float64
		for range min(blockRows, len(src)/rowLanes) {
			x := (*[rowLanes]float64)(src)
			s0, s1, s2, s3 = s0+x[0], s1+x[1], s2+x[2], s3+x[3]
			s4, s5, s6, s7 = s4+x[4], s5+x[5], s6+x[6], s7+x[7]
			src = src[rowLanes:]
		}
		*(*[rowLanes]float64)(dst) = [rowLanes]float64{s0, s1, s2, s3, s4, s5, s6, s7}
	}
}

// above is the index of the sum to which element k of the tier below contributes.
func above(k int) int { return int(uint(k)/blockLength*rowLanes + uint(k)%rowLanes) }

// below is the index of the first element that contributes to sum k; the others follow rowLanes
// apart.
func below(k int) int { return int(uint(k)/rowLanes*blockLength + uint(k)%rowLanes) }
