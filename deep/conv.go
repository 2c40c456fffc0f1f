package deep

import "spikealign/internal/gemm"

// group is how many images are convolved as one product of matrices. Gradients of the weights are
// summed group by group, in order.
const group = 8

// conv is a convolution without stride or padding.
type conv struct {
	in      volume
	filters int
	kernel  int // height and width of a filter
	synapses

	x, y, dx []float32
	parts    [][]float32 // gradients of the weights, by group
}

func newConv(name string, in volume, filters, kernel int, bias bool) *conv {
	area := kernel * kernel
	l := &conv{in: in, filters: filters, kernel: kernel, synapses: synapses{
		weights: newParam(name, filters, in.channels, kernel, kernel), fanIn: in.channels * area, fanOut: filters * area,
	}}
	if bias {
		l.bias = newParam(name+"_bias", filters)
	}
	return l
}

func (l *conv) out() volume {
	return volume{l.filters, l.in.height - l.kernel + 1, l.in.width - l.kernel + 1}
}

func groups(n int) int { return (n + group - 1) / group }

func (l *conv) forward(c *crew, x []float32, n int, train bool) []float32 {
	area, taps := l.out().area(), l.fanIn
	l.x, l.y = x, grow(l.y, l.filters*n*area)
	c.each(groups(n), func(h *hand, k int) {
		from, to := k*group, min((k+1)*group, n)
		columns := (to - from) * area
		l.spread(h, x, n, from, to)
		h.mul.Mul(l.y[from*area:], n*area, gemm.Rows(l.weights.w, taps), gemm.Rows(h.columns, columns), l.filters, columns, taps)
		if l.bias != nil {
			for f, b := range l.bias.w {
				row := l.y[f*n*area+from*area:][:columns]
				for i := range row {
					row[i] += b
				}
			}
		}
	})
	return l.y
}

// spread writes what the taps of a filter see, a row for each tap, a column for each place of each
// image from .. to-1, into h.columns.
func (l *conv) spread(h *hand, x []float32, n, from, to int) {
	o := l.out()
	columns := (to - from) * o.area()
	h.columns = grow(h.columns, l.fanIn*columns)
	dst := h.columns
	for ch := range l.in.channels {
		for ky := range l.kernel {
			for kx := range l.kernel {
				for i := from; i < to; i++ {
					image := x[(ch*n+i)*l.in.area():][:l.in.area()]
					for y := range o.height {
						copy(dst[:o.width], image[(y+ky)*l.in.width+kx:])
						dst = dst[o.width:]
					}
				}
			}
		}
	}
}

// collect adds what spread would have read, from h.columns, to dx.
func (l *conv) collect(h *hand, dx []float32, n, from, to int) {
	o := l.out()
	src := h.columns
	for ch := range l.in.channels {
		for ky := range l.kernel {
			for kx := range l.kernel {
				for i := from; i < to; i++ {
					image := dx[(ch*n+i)*l.in.area():][:l.in.area()]
					for y := range o.height {
						row := image[(y+ky)*l.in.width+kx:][:o.width]
						for x, g := range src[:len(row)] {
							row[x] += g
						}
						src = src[o.width:]
					}
				}
			}
		}
	}
}

func (l *conv) backward(c *crew, dy []float32, n int, first bool) []float32 {
	area, taps := l.out().area(), l.fanIn
	if l.size != nil && !first {
		l.concord()
	}
	back := l.feedback
	if back == nil {
		back = l.weights.w
	}
	for len(l.parts) < groups(n) {
		l.parts = append(l.parts, make([]float32, len(l.weights.w)))
	}
	if !first {
		l.dx = grow(l.dx, l.in.size()*n)
		clear(l.dx)
	}
	c.each(groups(n), func(h *hand, k int) {
		from, to := k*group, min((k+1)*group, n)
		columns := (to - from) * area
		gradient := gemm.Matrix{Data: dy[from*area:], Row: n * area, Column: 1}
		l.spread(h, l.x, n, from, to)
		h.mul.Mul(l.parts[k], taps, gradient, gemm.Rows(h.columns, columns).T(), l.filters, taps, columns)
		if first {
			return
		}
		h.mul.Mul(h.columns, columns, gemm.Rows(back, taps).T(), gradient, taps, columns, l.filters)
		l.collect(h, l.dx, n, from, to)
	})
	g := l.weights.gradient
	clear(g)
	for _, part := range l.parts[:groups(n)] {
		for i, x := range part {
			g[i] += x
		}
	}
	if l.bias != nil {
		for f := range l.filters {
			sum := 0.0
			for _, x := range dy[f*n*area:][:n*area] {
				sum += float64(x)
			}
			l.bias.gradient[f] = float32(sum)
		}
	}
	if first {
		return nil
	}
	return l.dx
}

func (l *conv) sendDirect(c *crew, errors []float32, n int) []float32 {
	classes, area := len(errors)/n, l.in.area()
	l.dx = grow(l.dx, l.in.size()*n)
	c.each(l.in.channels, func(h *hand, ch int) {
		h.mul.Mul(l.dx[ch*n*area:], area, gemm.Rows(errors, classes), gemm.Rows(l.direct[ch*area*classes:], classes).T(), n, area, classes)
	})
	return l.dx
}
