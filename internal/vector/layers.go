package vector

import "math"

// Tile is how many weights of a row lie together. A matrix of weights from n neurons to m is cut
// into strips of Tile targets; a strip holds n pieces of rows, so that the additions to a strip's
// targets, whatever the replica, stay within n*Tile numbers, which fit a second-level cache.
const Tile = 64

// PotentialBits is the number of binary digits behind the point of a potential and of the weights
// that it sums. Sums of integers do not depend on their order, and nothing is left when a weight
// was added and taken away.
const PotentialBits = 20

// sigmaScale takes a potential to the exponent of 2 in e^-u.
const sigmaScale float32 = -math.Log2E / (1 << PotentialBits)

// The series of 2^f, |f| <= 1/2: its error is below 1.3e-7.
const (
	exp1 float32 = math.Ln2
	exp2 float32 = math.Ln2 * math.Ln2 / 2
	exp3 float32 = math.Ln2 * math.Ln2 * math.Ln2 / 6
	exp4 float32 = math.Ln2 * math.Ln2 * math.Ln2 * math.Ln2 / 24
	exp5 float32 = math.Ln2 * math.Ln2 * math.Ln2 * math.Ln2 * math.Ln2 / 120
	exp6 float32 = math.Ln2 * math.Ln2 * math.Ln2 * math.Ln2 * math.Ln2 * math.Ln2 / 720
)

// exponentMax bounds the exponent of 2, so that no float32 overflows.
const exponentMax float32 = 100

// Fires decides whether a neuron with potential u fires, given a random word: with probability
// 1/(1 + tau*e^-u), to a relative error of 1e-6 and an absolute one of 2^-31.
func Fires(u int32, word uint32, tau float32) bool {
	x := float32(float32(u) * sigmaScale)
	x = min(max(x, -exponentMax), exponentMax)
	n := float32(math.RoundToEven(float64(x)))
	f := x - n
	p := float32(exp6*f) + exp5
	p = float32(p*f) + exp4
	p = float32(p*f) + exp3
	p = float32(p*f) + exp2
	p = float32(p*f) + exp1
	p = float32(p*f) + 1
	p = math.Float32frombits(math.Float32bits(p) + uint32(int32(n))<<23)
	odds := float32(p*tau) + 1
	place := float32(int32(word>>1)) + 0.5
	return float32(place*odds) < 1<<31
}

// decidePortable sets bit i%32 of fired[i/32] if neuron i fires. The lengths of u and words are 32
// times that of fired.
func decidePortable(fired []uint32, u []int32, words []uint32, tau float32) {
	for b := range fired {
		var mask uint32
		for i := range 32 {
			if Fires(u[32*b+i], words[32*b+i], tau) {
				mask |= 1 << i
			}
		}
		fired[b] = mask
	}
}

// addTilePortable adds to u, Tile numbers, the rows plus of the strip w and takes away the rows
// minus.
func addTilePortable(u, w []int32, plus, minus []int32) {
	u = u[:Tile]
	for _, j := range plus {
		row := w[int(j)*Tile:][:Tile]
		for i := range u {
			u[i] += row[i]
		}
	}
	for _, j := range minus {
		row := w[int(j)*Tile:][:Tile]
		for i := range u {
			u[i] -= row[i]
		}
	}
}

// sumRowsPortable adds to row r of sums, Tile numbers each, the rows of trace at the times
// times[first[r]:first[r+1]].
func sumRowsPortable(sums, trace []int32, first, times []int32) {
	for r := range len(first) - 1 {
		row := sums[r*Tile:][:Tile]
		for _, t := range times[first[r]:first[r+1]] {
			at := trace[int(t)*Tile:][:Tile]
			for i := range row {
				row[i] += at[i]
			}
		}
	}
}

// filterStepPortable is a step of two exponential filters in a row: in enters x, x enters y, both
// decay, and the potential u is the bias and amplitude*y, rounded. It clears in.
func filterStepPortable(u, in []int32, x, y []float32, bias []int32, decay, amplitude float32) {
	for i := range u {
		x[i] = float32(decay * (x[i] + float32(in[i])))
		y[i] = float32(decay*y[i]) + x[i]
		in[i] = 0
		u[i] = bias[i] + int32(math.RoundToEven(float64(float32(y[i]*amplitude))))
	}
}
