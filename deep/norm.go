package deep

import (
	"math"
	"slices"

	"spikealign/internal/vector"
)

const (
	normEpsilon  = 1e-5
	normMomentum = 0.1
)

// norm is batch normalisation (Ioffe & Szegedy 2015): every channel is shifted and scaled to mean 0
// and variance 1 over the batch, in training, or over what the running statistics remember, and
// then scaled and shifted by what it has learned.
type norm struct {
	in       volume
	scale    *param
	shift    *param
	mean     []float32 // running statistics
	variance []float32
	x, y, dx []float32
	last     []float32 // mean of the last batch, and 1/standard deviation of it
	by       []float32 // what the numbers of a channel are moved and multiplied by
}

func newNorm(name string, in volume) *norm {
	l := &norm{in: in, scale: newParam(name+"_scale", in.channels), shift: newParam(name+"_shift", in.channels), mean: make([]float32, in.channels), variance: make([]float32, in.channels), last: make([]float32, 2*in.channels)}
	for k := range l.scale.w {
		l.scale.w[k], l.variance[k] = 1, 1
	}
	return l
}

func (l *norm) out() volume { return l.in }

func (l *norm) params() []*param { return []*param{l.scale, l.shift} }

// channels calls do with stretches of the channels: every thread has as many, in whole lines of a
// cache.
func (l *norm) channels(c *crew, do func(from, to int)) {
	const line = 16
	width := (l.in.channels/c.workers + line - 1) / line * line
	width = max(width, line)
	c.each((l.in.channels+width-1)/width, func(_ *hand, k int) {
		do(k*width, min((k+1)*width, l.in.channels))
	})
}

func (l *norm) forward(c *crew, x []float32, n int, train bool) []float32 {
	l.x, l.y = x, grow(l.y, len(x))
	channels, count := l.in.channels, n*l.in.area()
	by := grow(l.by, 4*channels)
	l.by = by
	mean, factor := by[:channels], by[channels:][:channels]
	copy(by[2*channels:], l.scale.w)
	copy(by[3*channels:], l.shift.w)
	if !train {
		for ch := range mean {
			mean[ch], factor[ch] = l.mean[ch], float32(1/math.Sqrt(float64(l.variance[ch])+normEpsilon))
		}
	} else {
		l.channels(c, func(from, to int) {
			width := to - from
			center, sums := make([]float64, width), make([]float64, 4*width)
			total := func(f int) float64 { return sums[f] + sums[width+f] + sums[2*width+f] + sums[3*width+f] }
			vector.Sum(sums, x[from:], channels, count, center, false)
			for f := range center {
				center[f] = total(f) / float64(count)
			}
			clear(sums)
			vector.Sum(sums, x[from:], channels, count, center, true)
			for f, m := range center {
				ch, v := from+f, total(f)/float64(count)
				unbiased := v * float64(count) / float64(max(count-1, 1))
				l.mean[ch] += float32(normMomentum * (m - float64(l.mean[ch])))
				l.variance[ch] += float32(normMomentum * (unbiased - float64(l.variance[ch])))
				mean[ch], factor[ch] = float32(m), float32(1/math.Sqrt(v+normEpsilon))
			}
		})
		copy(l.last, by)
	}
	split(c, count, channels, func(from, to int) { vector.Scale(l.y[from:to], x[from:to], by) })
	return l.y
}

func (l *norm) backward(c *crew, dy []float32, n int, first bool) []float32 {
	l.dx = grow(l.dx, len(dy))
	channels, count := l.in.channels, n*l.in.area()
	by := grow(l.by, 5*channels)
	l.by = by
	copy(by, l.last)
	inverse, mean, along, factor := by[channels:][:channels], by[2*channels:][:channels], by[3*channels:][:channels], by[4*channels:]
	l.channels(c, func(from, to int) {
		width := to - from
		sums := make([]float64, 4*width)
		vector.SumBack(sums, dy[from:], l.x[from:], channels, count, slices.Concat(by[from:to], inverse[from:to]))
		for f := range width {
			ch, sum, product := from+f, sums[f]+sums[width+f], sums[2*width+f]+sums[3*width+f]
			l.shift.gradient[ch], l.scale.gradient[ch] = float32(sum), float32(product)
			// of what reaches the input, the parts along 1 and along hat are taken away
			mean[ch], along[ch] = float32(sum/float64(count)), float32(product/float64(count))
			factor[ch] = float32(inverse[ch] * l.scale.w[ch])
		}
	})
	split(c, count, channels, func(from, to int) { vector.ScaleBack(l.dx[from:to], dy[from:to], l.x[from:to], by) })
	return l.dx
}
