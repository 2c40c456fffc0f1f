package vector

// A block of a product of matrices, whose sums the processor holds in registers.
const (
	Height = 6  // rows
	Width  = 16 // columns
)

// productPortable sets Height x Width numbers of c, with that stride between rows, to the product
// of packed blocks, or adds it.
func productPortable(c []float32, stride int, a, b []float32, terms int, add bool) {
	var sum [Height][Width]float32
	for t := range terms {
		x, y := a[t*Height:][:Height], b[t*Width:][:Width]
		for i := range sum {
			for j := range sum[i] {
				sum[i][j] += float32(x[i] * y[j])
			}
		}
	}
	for i := range sum {
		row := c[i*stride:][:Width]
		for j := range row {
			if add {
				row[j] += sum[i][j]
			} else {
				row[j] = sum[i][j]
			}
		}
	}
}
