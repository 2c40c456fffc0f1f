package vector

// chunk is how many rows are summed before the next eight channels: few enough to lie near to each
// other, so that the processor reads ahead, and more than the four that take turns.
const chunk = 8

// eights reports whether vectors of eight channels leave nothing over.
func eights(n int) bool { return vectors && n > 0 && n%8 == 0 }

// Sum is sumPortable.
func Sum(sums []float64, x []float32, stride, rows int, center []float64, square bool) {
	n, done := len(center), 0
	if eights(n) {
		for ; done+4 <= rows; done += min(chunk, (rows-done)&^3) {
			some := min(chunk, (rows-done)&^3)
			piece := x[done*stride:]
			_, _ = piece[(some-1)*stride+n-1], sums[4*n-1]
			if square {
				sumSquaresAVX2(&sums[0], &piece[0], stride, some/4, &center[0], n)
			} else {
				sumAVX2(&sums[0], &piece[0], stride, some/4, &center[0], n)
			}
		}
	}
	if done < rows {
		sumPortable(sums, x[done*stride:], stride, rows-done, center, square)
	}
}

// Scale is scalePortable.
func Scale(y, x, by []float32) {
	n := len(by) / 4
	if !eights(n) || len(x) == 0 {
		scalePortable(y, x, by)
		return
	}
	_ = y[len(x)-1]
	scaleAVX2(&y[0], &x[0], &by[0], n, len(x)/n)
}

// SumBack is sumBackPortable.
func SumBack(sums []float64, dy, x []float32, stride, rows int, by []float32) {
	n, done := len(by)/2, 0
	if eights(n) {
		for ; done+2 <= rows; done += min(chunk, (rows-done)&^1) {
			some := min(chunk, (rows-done)&^1)
			g, piece := dy[done*stride:], x[done*stride:]
			_, _, _ = g[(some-1)*stride+n-1], piece[(some-1)*stride+n-1], sums[4*n-1]
			sumBackAVX2(&sums[0], &g[0], &piece[0], stride, some/2, &by[0], n)
		}
	}
	if done < rows {
		sumBackPortable(sums, dy[done*stride:], x[done*stride:], stride, rows-done, by)
	}
}

// ScaleBack is scaleBackPortable.
func ScaleBack(dx, dy, x, by []float32) {
	n := len(by) / 5
	if !eights(n) || len(x) == 0 {
		scaleBackPortable(dx, dy, x, by)
		return
	}
	_, _ = dx[len(x)-1], dy[len(x)-1]
	scaleBackAVX2(&dx[0], &dy[0], &x[0], &by[0], n, len(x)/n)
}

// Rectify is rectifyPortable.
func Rectify(x []float32) {
	if whole := len(x) &^ 7; vectors && whole > 0 {
		rectifyAVX2(&x[0], whole)
		x = x[whole:]
	}
	rectifyPortable(x)
}

// RectifyBack is rectifyBackPortable.
func RectifyBack(g, y []float32) {
	if whole := len(y) &^ 7; vectors && whole > 0 {
		_ = g[whole-1]
		rectifyBackAVX2(&g[0], &y[0], whole)
		g, y = g[whole:], y[whole:]
	}
	rectifyBackPortable(g, y)
}

// Largest is largestPortable.
func Largest(y []float32, from []uint8, upper, lower []float32) {
	n := len(y)
	if !eights(n) {
		largestPortable(y, from, upper, lower)
		return
	}
	_, _, _ = from[n-1], upper[2*n-1], lower[2*n-1]
	largestAVX2(&y[0], &from[0], &upper[0], &lower[0], n)
}

// LargestBack is largestBackPortable.
func LargestBack(g []float32, from []uint8, upper, lower []float32) {
	n := len(g)
	if !eights(n) {
		largestBackPortable(g, from, upper, lower)
		return
	}
	_, _, _ = from[n-1], upper[2*n-1], lower[2*n-1]
	largestBackAVX2(&g[0], &from[0], &upper[0], &lower[0], n)
}

//go:noescape
func sumAVX2(sums *float64, x *float32, stride, fours int, center *float64, n int)

//go:noescape
func sumSquaresAVX2(sums *float64, x *float32, stride, fours int, center *float64, n int)

//go:noescape
func scaleAVX2(y, x, by *float32, n, rows int)

//go:noescape
func sumBackAVX2(sums *float64, dy, x *float32, stride, pairs int, by *float32, n int)

//go:noescape
func scaleBackAVX2(dx, dy, x, by *float32, n, rows int)

//go:noescape
func rectifyAVX2(x *float32, n int)

//go:noescape
func rectifyBackAVX2(dy, y *float32, n int)

//go:noescape
func largestAVX2(y *float32, from *uint8, upper, lower *float32, n int)

//go:noescape
func largestBackAVX2(dy *float32, from *uint8, upper, lower *float32, n int)
