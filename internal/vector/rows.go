package vector

import "math"

// The passes over activations. Rows are places of images, stride numbers apart; each channel has
// its own sums, so that a vector of channels adds up in the order in which one would.

// sumPortable adds x-center of each channel, or its square, to the channel's four sums, which stand
// one after another for all channels: row 0 to the first, row 1 to the second and so on; what is
// left of rows beyond a multiple of four to the first.
func sumPortable(sums []float64, x []float32, stride, rows int, center []float64, square bool) {
	n := len(center)
	for r := range rows {
		part := sums[:n]
		if r < rows&^3 {
			part = sums[r%4*n:][:n]
		}
		for f, v := range x[r*stride:][:n] {
			p := float64(v) - center[f]
			if square {
				p = float64(p * p)
			}
			part[f] += p
		}
	}
}

// scalePortable sets y to ((x-mean)*factor)*scale + shift with four numbers for each channel: the
// means of all, the factors of all and so on.
func scalePortable(y, x []float32, by []float32) {
	n := len(by) / 4
	mean, factor, scale, shift := by[:n], by[n:][:n], by[2*n:][:n], by[3*n:][:n]
	for ; len(x) > 0; x, y = x[n:], y[n:] {
		to := y[:n]
		for f, v := range x[:n] {
			to[f] = float32(float32((v-mean[f])*factor[f])*scale[f]) + shift[f]
		}
	}
}

// sumBackPortable adds dy of each channel to its first two sums, even and odd rows apart, and
// dy*((x-center)*factor) to the third and fourth, with two numbers for each channel. A last row
// without a next one is even.
func sumBackPortable(sums []float64, dy, x []float32, stride, rows int, by []float32) {
	n := len(by) / 2
	center, factor := by[:n], by[n:][:n]
	for r := range rows {
		sum, product := sums[r%2*n:][:n], sums[(2+r%2)*n:][:n]
		for f, v := range x[r*stride:][:n] {
			g := float64(dy[r*stride+f])
			sum[f] += g
			product[f] += float64(g * float64(float32((v-center[f])*factor[f])))
		}
	}
}

// scaleBackPortable sets dx to (dy - mean - ((x-center)*inverse)*along)*factor, with five numbers
// for each channel.
func scaleBackPortable(dx, dy, x []float32, by []float32) {
	n := len(by) / 5
	center, inverse, mean, along, factor := by[:n], by[n:][:n], by[2*n:][:n], by[3*n:][:n], by[4*n:][:n]
	for ; len(x) > 0; x, dy, dx = x[n:], dy[n:], dx[n:] {
		to, g := dx[:n], dy[:n]
		for f, v := range x[:n] {
			to[f] = float32((g[f] - mean[f] - float32(float32((v-center[f])*inverse[f])*along[f])) * factor[f])
		}
	}
}

// rectifyPortable sets negative numbers to 0.
func rectifyPortable(x []float32) {
	for i, v := range x {
		x[i] = max(v, 0)
	}
}

// rectifyBackPortable sets g to 0 where y is.
func rectifyBackPortable(g, y []float32) {
	for i, v := range y {
		// of the bits of v all are 0, or the sign is: no branch
		mask := uint32(int32(-math.Float32bits(v)) >> 31)
		g[i] = math.Float32frombits(math.Float32bits(g[i]) & mask)
	}
}

// ordered returns the bits of a number as an integer in the same order, with which no branch is
// needed to find the largest.
func ordered(v float32) int32 {
	b := int32(math.Float32bits(v))
	return b ^ (b >> 31 & math.MaxInt32)
}

// largestPortable sets y to the largest of four numbers, and from to which, the first of equals: a
// number of upper, that one row of y further on, and both of lower.
func largestPortable(y []float32, from []uint8, upper, lower []float32) {
	n := len(y)
	for f := range y {
		best, which := ordered(upper[f]), 0
		if v := ordered(upper[n+f]); v > best {
			best, which = v, 1
		}
		if v := ordered(lower[f]); v > best {
			best, which = v, 2
		}
		if v := ordered(lower[n+f]); v > best {
			best, which = v, 3
		}
		y[f], from[f] = math.Float32frombits(uint32(best^(best>>31&math.MaxInt32))), uint8(which)
	}
}

// largestBackPortable gives g to the number that was the largest, and 0 to the others.
func largestBackPortable(g []float32, from []uint8, upper, lower []float32) {
	n := len(g)
	for f, v := range g {
		upper[f], upper[n+f], lower[f], lower[n+f] = 0, 0, 0, 0
		to := upper
		if from[f] > 1 {
			to = lower
		}
		to[int(from[f]&1)*n+f] = v
	}
}
