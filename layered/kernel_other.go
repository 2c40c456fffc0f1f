//go:build !amd64

package layered

func decide(fired []uint32, u []int32, words []uint32, tau float32) {
	decidePortable(fired, u, words, tau)
}

func addTile(u, w []int32, plus, minus []int32) { addTilePortable(u, w, plus, minus) }

func sumRows(sums, trace []int32, first, times []int32) { sumRowsPortable(sums, trace, first, times) }

func filterStep(u, in []int32, x, y []float32, bias []int32, decay, amplitude float32) {
	filterStepPortable(u, in, x, y, bias, decay, amplitude)
}
