//go:build !amd64

package vector

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
func Product(c []float32, stride int, a, b []float32, terms int, add bool) {
	productPortable(c, stride, a, b, terms, add)
}
