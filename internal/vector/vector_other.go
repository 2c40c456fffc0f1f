//go:build !amd64

package vector

// Fast says that the loops are vector instructions here.
const Fast = false

// Decide is decidePortable.
func Decide(fired []uint32, u []int32, words []uint32, tau float32) {
	decidePortable(fired, u, words, tau)
}

// AddTile is addTilePortable.
func AddTile(u, w []int32, plus, minus []int32) { addTilePortable(u, w, plus, minus) }

// SumRows is sumRowsPortable.
func SumRows(sums, trace []int32, first, times []int32) { sumRowsPortable(sums, trace, first, times) }

// FilterStep is filterStepPortable.
func FilterStep(u, in []int32, x, y []float32, bias []int32, decay, amplitude float32) {
	filterStepPortable(u, in, x, y, bias, decay, amplitude)
}

// Product is productPortable.
func Product(c []float32, cAt []int, a []float32, aAt, terms []int, b []float32, add bool) {
	productPortable(c, cAt, a, aAt, terms, b, add)
}

// Sum is sumPortable.
func Sum(sums []float64, x []float32, stride, rows int, center []float64, square bool) {
	sumPortable(sums, x, stride, rows, center, square)
}

// Scale is scalePortable.
func Scale(y, x, by []float32) { scalePortable(y, x, by) }

// SumBack is sumBackPortable.
func SumBack(sums []float64, dy, x []float32, stride, rows int, by []float32) {
	sumBackPortable(sums, dy, x, stride, rows, by)
}

// ScaleBack is scaleBackPortable.
func ScaleBack(dx, dy, x, by []float32) { scaleBackPortable(dx, dy, x, by) }

// Rectify is rectifyPortable.
func Rectify(x []float32) { rectifyPortable(x) }

// RectifyBack is rectifyBackPortable.
func RectifyBack(g, y []float32) { rectifyBackPortable(g, y) }

// Largest is largestPortable.
func Largest(y []float32, from []uint8, upper, lower []float32) {
	largestPortable(y, from, upper, lower)
}

// LargestBack is largestBackPortable.
func LargestBack(g []float32, from []uint8, upper, lower []float32) {
	largestBackPortable(g, from, upper, lower)
}
