package vector

import "golang.org/x/sys/cpu"

var vectors = cpu.X86.HasAVX2

// Fast says that the loops are vector instructions here.
var Fast = vectors

// constants are what decideAVX2 needs, each once.
var constants = [...]float32{sigmaScale, exponentMax, -exponentMax, exp1, exp2, exp3, exp4, exp5, exp6, 1, 0.5, 1 << 31}

// Decide is decidePortable.
func Decide(fired []uint32, u []int32, words []uint32, tau float32) {
	if !vectors || len(fired) == 0 {
		decidePortable(fired, u, words, tau)
		return
	}
	_, _ = u[32*len(fired)-1], words[32*len(fired)-1]
	decideAVX2(&fired[0], &u[0], &words[0], len(fired), tau, &constants[0])
}

// AddTile is addTilePortable. The rows must be those of w: this is not checked for each.
func AddTile(u, w []int32, plus, minus []int32) {
	if !vectors {
		addTilePortable(u, w, plus, minus)
		return
	}
	if len(plus)+len(minus) == 0 {
		return
	}
	_ = u[Tile-1]
	var p, m *int32
	if len(plus) > 0 {
		p = &plus[0]
	}
	if len(minus) > 0 {
		m = &minus[0]
	}
	addTileAVX2(&u[0], &w[0], p, len(plus), m, len(minus))
}

// SumRows is sumRowsPortable.
func SumRows(sums, trace []int32, first, times []int32) {
	if !vectors {
		sumRowsPortable(sums, trace, first, times)
		return
	}
	rows := len(first) - 1
	if rows < 1 || len(times) == 0 {
		return
	}
	_ = sums[rows*Tile-1]
	sumRowsAVX2(&sums[0], &trace[0], &first[0], &times[0], rows)
}

//go:noescape
func decideAVX2(fired *uint32, u *int32, words *uint32, blocks int, tau float32, constants *float32)

//go:noescape
func addTileAVX2(u, w, plus *int32, pluses int, minus *int32, minuses int)

//go:noescape
func sumRowsAVX2(sums, trace, first, times *int32, rows int)

// FilterStep is filterStepPortable.
func FilterStep(u, in []int32, x, y []float32, bias []int32, decay, amplitude float32) {
	n := len(u)
	if !vectors || n%8 != 0 || n == 0 {
		filterStepPortable(u, in, x, y, bias, decay, amplitude)
		return
	}
	_, _, _, _ = in[n-1], x[n-1], y[n-1], bias[n-1]
	filterStepAVX2(&u[0], &in[0], &x[0], &y[0], &bias[0], n, decay, amplitude)
}

// Product is productPortable. The places must be those of rows and numbers of a and c: this is not
// checked for each.
func Product(c []float32, cAt []int, a []float32, aAt, terms []int, b []float32, add bool) {
	if !vectors {
		productPortable(c, cAt, a, aAt, terms, b, add)
		return
	}
	blocks := len(cAt) / Height
	if blocks == 0 || len(terms) == 0 {
		return
	}
	_, _ = aAt[len(cAt)-1], b[Width*len(terms)-1]
	keep := 0
	if add {
		keep = 1
	}
	productAVX2(&c[0], &cAt[0], blocks, &a[0], &aAt[0], &terms[0], len(terms), &b[0], keep)
}

//go:noescape
func productAVX2(c *float32, cAt *int, blocks int, a *float32, aAt, terms *int, count int, b *float32, add int)

//go:noescape
func filterStepAVX2(u, in *int32, x, y *float32, bias *int32, n int, decay, amplitude float32)
