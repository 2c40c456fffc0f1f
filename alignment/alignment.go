// Package alignment measures how near feedback weights are to the transpose of the forward weights
// between the same neurons, which backpropagation would use in their place (docs/model.md,
// sections 7 and 8).
//
// Of two layers of m neurons below and n above, W (n x m) are the forward weights and B (m x n) the
// feedback weights, both flat and row-major, row = postsynaptic. W' is the transpose of W. Weights
// may be float64 or float32; sums are float64, in the order of the rows of B, and products are
// rounded before they are added. What measures copies no matrix.
//
// An angle says nothing about lengths: feedback of the right direction may still be many times as
// large as W'. Look at Ratio beside it.
package alignment

import (
	"fmt"
	"math"
)

// Float is the type of a weight.
type Float interface{ ~float32 | ~float64 }

// Transposed returns the transpose of a matrix of so many rows and columns: of forward weights, in
// the order of the feedback weights between the same neurons. It panics if w has another size.
func Transposed[T Float](w []T, rows, columns int) []T {
	if len(w) != rows*columns {
		panic(fmt.Sprintf("alignment: Transposed: %d numbers for %d x %d", len(w), rows, columns))
	}
	t := make([]T, 0, len(w))
	for j := range columns {
		for i := range rows {
			t = append(t, w[i*columns+j])
		}
	}
	return t
}

// Measures compare B with W'.
type Measures struct {
	Angle       float64 // acos(<W',B>/(|W'||B|)), degrees, 0..180; NaN if one of them is 0
	Ratio       float64 // |B|/|W'|; NaN if W' is 0
	Correlation float64 // Pearson's, over all entries; NaN if one of them is constant
	Signs       float64 // fraction of entries with the same sign
	Variance    float64 // Var(W'-B)
}

// MaxRatio bounds what counts as feedback of about the right size: a Ratio between 1/MaxRatio and
// MaxRatio.
const MaxRatio = 3

// Lopsided reports whether the Ratio is beyond MaxRatio, upwards or downwards.
func (a Measures) Lopsided() bool { return a.Ratio > MaxRatio || a.Ratio < 1.0/MaxRatio }

// Compare compares the feedback weights down (m x n) with the forward weights up (n x m). It goes
// through them twice. It panics if the matrices have other sizes.
func Compare[T Float](up, down []T, m, n int) Measures {
	check("Compare", len(up), len(down), m, n)
	count := float64(m * n)
	var ww, bb, wb, w1, b1, same float64
	for i := range m {
		for k := range n {
			w, b := float64(up[k*m+i]), float64(down[i*n+k])
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
	w1, b1 = w1/count, b1/count
	var vw, vb, c, vd float64
	for i := range m {
		for k := range n {
			w, b := float64(up[k*m+i])-w1, float64(down[i*n+k])-b1
			vw += float64(w * w)
			vb += float64(b * b)
			c += float64(w * b)
			vd += float64((w - b) * (w - b))
		}
	}
	a := Measures{
		Angle:       angle(ww, bb, wb),
		Ratio:       math.NaN(),
		Correlation: c / math.Sqrt(vw) / math.Sqrt(vb),
		Signs:       same / count,
		Variance:    vd / count,
	}
	if ww > 0 {
		a.Ratio = math.Sqrt(bb) / math.Sqrt(ww)
	}
	return a
}

// ErrorAngle returns the mean angle, in degrees, between what errors of the n neurons above become
// on their way to the m neurons below: W' e through the forward weights up (n x m), and B e through
// the feedback weights down (m x n). Errors for which one of them is 0 are left out; the mean is
// NaN without any other. It panics if a matrix or an error has another size.
func ErrorAngle[T Float](up, down []T, m, n int, errors [][]T) float64 {
	check("ErrorAngle", len(up), len(down), m, n)
	sum, count := 0.0, 0.0
	for _, e := range errors {
		if len(e) != n {
			panic(fmt.Sprintf("alignment: ErrorAngle: an error of %d entries for %d neurons", len(e), n))
		}
		var ww, bb, wb float64
		for i := range m {
			var w, b float64 // (W' e)[i], (B e)[i]
			for k, x := range e {
				w += float64(float64(up[k*m+i]) * float64(x))
				b += float64(float64(down[i*n+k]) * float64(x))
			}
			ww += float64(w * w)
			bb += float64(b * b)
			wb += float64(w * b)
		}
		if a := angle(ww, bb, wb); !math.IsNaN(a) {
			sum += a
			count++
		}
	}
	return sum / count
}

// Angle returns the angle between two vectors of one length, in degrees; NaN if one of them is 0.
func Angle(x, y []float64) float64 {
	if len(x) != len(y) {
		panic(fmt.Sprintf("alignment: Angle: %d and %d entries", len(x), len(y)))
	}
	var xx, yy, xy float64
	for i := range x {
		xx += float64(x[i] * x[i])
		yy += float64(y[i] * y[i])
		xy += float64(x[i] * y[i])
	}
	return angle(xx, yy, xy)
}

// angle returns the angle, in degrees, between vectors with these squared lengths and this product.
// That of a vector and itself is 0, without what rounding makes of the cosine.
func angle(ww, bb, wb float64) float64 {
	if ww > 0 && ww == bb && bb == wb {
		return 0
	}
	cosine := wb / math.Sqrt(ww) / math.Sqrt(bb)
	return math.Acos(min(max(cosine, -1), 1)) * 180 / math.Pi
}

func check(name string, up, down, m, n int) {
	if up != m*n || down != m*n {
		panic(fmt.Sprintf("alignment: %s: %d forward and %d feedback weights between %d and %d neurons", name, up, down, m, n))
	}
}
