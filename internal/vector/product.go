package vector

// A block of a product of matrices, whose sums the processor holds in registers.
const (
	Height = 6  // rows
	Width  = 16 // columns
)

// productPortable sets the first Width numbers of rows of c to the product of rows of a and the
// packed columns b, or adds it. Row i of c begins at cAt[i]; term t of row i of a is at
// aAt[i] + terms[t]: so a may be a matrix stored either way, or what a filter sees of an image at
// each place. There are whole blocks of rows and at least one term.
func productPortable(c []float32, cAt []int, a []float32, aAt, terms []int, b []float32, add bool) {
	for i, at := range cAt {
		var sum [Width]float32
		row := a[aAt[i]:]
		for t, from := range terms {
			x, y := row[from], b[t*Width:][:Width]
			for j := range sum {
				sum[j] += float32(x * y[j])
			}
		}
		to := c[at:][:Width]
		for j, s := range sum {
			if add {
				to[j] += s
			} else {
				to[j] = s
			}
		}
	}
}
