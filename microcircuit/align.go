package microcircuit

import "math"

// Alignment compares feedback weights with the transpose of the forward weights that they should
// equal.
type Alignment struct {
	Angle       float64 // acos(<W',B>/(|W||B|)), degrees, 0..180; NaN if one of them is 0
	Correlation float64 // Pearson's, over all entries; NaN if one of them is constant
	Signs       float64 // fraction of entries with the same sign
	Variance    float64 // Var(W'-B)
}

// Compare compares the feedback weights down (m x n, to m neurons from n above) with the forward
// weights up (n x m) between the same neurons.
func Compare(up, down []float64, m, n int) Alignment {
	if len(up) != m*n || len(down) != m*n {
		panic("microcircuit: Compare: matrices of the wrong size")
	}
	count := float64(m * n)
	var ww, bb, wb, w1, b1, same float64
	for i := range m {
		for k := range n {
			w, b := up[k*m+i], down[i*n+k]
			ww += float64(w * w)
			bb += float64(b * b)
			wb += float64(w * b)
			w1 += w
			b1 += b
			if math.Signbit(w) == math.Signbit(b) && w != 0 && b != 0 || w == b {
				same++
			}
		}
	}
	cosine := wb / math.Sqrt(ww) / math.Sqrt(bb)
	w1, b1 = w1/count, b1/count
	var vw, vb, c, vd float64
	for i := range m {
		for k := range n {
			w, b := up[k*m+i]-w1, down[i*n+k]-b1
			vw += float64(w * w)
			vb += float64(b * b)
			c += float64(w * b)
			vd += float64((w - b) * (w - b))
		}
	}
	return Alignment{
		Angle:       math.Acos(min(max(cosine, -1), 1)) * 180 / math.Pi,
		Correlation: c / math.Sqrt(vw) / math.Sqrt(vb),
		Signs:       same / count,
		Variance:    vd / count,
	}
}

// Alignments compares the feedback weights into every hidden layer with the forward weights out of
// it.
func (n *Network) Alignments() []Alignment {
	var as []Alignment
	for l := 1; l+1 < len(n.layers); l++ {
		as = append(as, Compare(n.Up(l+1), n.Down(l), n.cfg.Dims[l], n.cfg.Dims[l+1]))
	}
	return as
}
