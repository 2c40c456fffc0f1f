package deep

import "spikealign/internal/gemm"

// group is how many images are convolved as one product of matrices. Gradients of the weights are
// summed group by group, in order.
const group = 8

// conv is a convolution without stride or padding: three products of matrices, in each of which one
// is what the taps of filters see at each place. This matrix is not made: its numbers are those of
// the images, at the sum of two places.
//
// Each product has filters * taps * places multiplications and additions; with vectors of eight and
// two units for each, 16 of both a cycle are the most. The matrix would have to be written and read
// again, and packed: taps * places numbers that each serve filters multiplications, with 64 filters
// about as long as multiplying.
type conv struct {
	in      volume
	filters int
	kernel  int // height and width of a filter
	synapses

	taps   []int // where a tap lies from its filter's place, as the weights stand: channel, row, column
	near   []int // the same as the numbers of an image stand: row, column, channel
	places []int // of the filters in the images of a group

	x, y, dx []float32
	turned   []float32   // weights, or those of the way back, with the filters last or first
	parts    [][]float32 // gradients of the weights, by group: row, column, channel, filter
}

func newConv(name string, in volume, filters, kernel int, bias bool) *conv {
	area := kernel * kernel
	l := &conv{in: in, filters: filters, kernel: kernel, synapses: synapses{
		weights: newParam(name, filters, in.channels, kernel, kernel), fanIn: in.channels * area, fanOut: filters * area,
	}}
	if bias {
		l.bias = newParam(name+"_bias", filters)
	}
	at := func(y, x int) int { return (y*in.width + x) * in.channels }
	for ch := range in.channels {
		for tap := range area {
			l.taps = append(l.taps, at(tap/kernel, tap%kernel)+ch)
		}
	}
	for tap := range area {
		for ch := range in.channels {
			l.near = append(l.near, at(tap/kernel, tap%kernel)+ch)
		}
	}
	o := l.out()
	for i := range group {
		for place := range o.area() {
			l.places = append(l.places, i*in.size()+at(place/o.width, place%o.width))
		}
	}
	return l
}

func (l *conv) out() volume {
	return volume{l.filters, l.in.height - l.kernel + 1, l.in.width - l.kernel + 1}
}

// each does the groups of n images: what comes in begins at in, what goes out at out.
func (l *conv) each(c *crew, n int, do func(h *hand, k, in, out int, places []int)) {
	c.each(groups(n), func(h *hand, k int) {
		from, to := k*group, min((k+1)*group, n)
		do(h, k, from*l.in.size(), from*l.out().size(), l.places[:(to-from)*l.out().area()])
	})
}

func groups(n int) int { return (n + group - 1) / group }

func (l *conv) forward(c *crew, x []float32, n int, train bool) []float32 {
	l.x, l.y, l.turned = x, grow(l.y, n*l.out().size()), grow(l.turned, len(l.weights.w))
	for f := range l.filters {
		for t, w := range l.weights.w[f*l.fanIn:][:l.fanIn] {
			l.turned[t*l.filters+f] = w
		}
	}
	l.each(c, n, func(h *hand, _, in, out int, places []int) {
		y := l.y[out:][:len(places)*l.filters]
		h.mul.MulFrom(y, l.filters, x[in:], places, l.taps, gemm.Rows(l.turned, l.filters), l.filters)
		if l.bias != nil {
			addRows(y, l.bias.w)
		}
	})
	return l.y
}

// addRows adds b to each row of y.
func addRows(y, b []float32) {
	for ; len(y) > 0; y = y[len(b):] {
		for i, x := range b {
			y[i] += x
		}
	}
}

func (l *conv) backward(c *crew, dy []float32, n int, first bool) []float32 {
	area, channels := l.kernel*l.kernel, l.in.channels
	if l.size != nil && !first {
		l.concord()
	}
	for len(l.parts) < groups(n) {
		l.parts = append(l.parts, make([]float32, len(l.weights.w)))
	}
	if !first {
		l.dx = grow(l.dx, l.in.size()*n)
		back := l.feedback
		if back == nil {
			back = l.weights.w
		}
		for f := range l.filters {
			for ch := range channels {
				for tap, w := range back[f*l.fanIn+ch*area:][:area] {
					l.turned[(tap*l.filters+f)*channels+ch] = w
				}
			}
		}
	}
	l.each(c, n, func(h *hand, k, in, out int, places []int) {
		gradient := gemm.Rows(dy[out:], l.filters)
		h.mul.MulFrom(l.parts[k], l.filters, l.x[in:], l.near, places, gradient, l.filters)
		if first {
			return
		}
		dx := l.dx[in:min(in+group*l.in.size(), len(l.dx))]
		clear(dx)
		for tap := range area { // what comes back through one tap goes to as many places
			h.mul.AddTo(dx[l.near[tap*channels]:], places, gradient, gemm.Rows(l.turned[tap*l.filters*channels:], channels), channels, l.filters)
		}
	})
	sum := l.parts[0]
	for _, part := range l.parts[1:groups(n)] {
		for i, x := range part {
			sum[i] += x
		}
	}
	for tap := range area {
		for ch := range channels {
			for f := range l.filters {
				l.weights.gradient[f*l.fanIn+ch*area+tap] = sum[(tap*channels+ch)*l.filters+f]
			}
		}
	}
	if l.bias != nil {
		sums := make([]float64, l.filters)
		for rest := dy; len(rest) > 0; rest = rest[l.filters:] {
			for f := range sums {
				sums[f] += float64(rest[f])
			}
		}
		for f, s := range sums {
			l.bias.gradient[f] = float32(s)
		}
	}
	if first {
		return nil
	}
	return l.dx
}

func (l *conv) sendDirect(c *crew, errors []float32, n int) []float32 {
	classes, size := len(errors)/n, l.in.size()
	l.dx = grow(l.dx, size*n)
	turned := make([]float32, len(l.direct)) // classes first, channels last
	for i, w := range l.direct {
		place, class := i/classes, i%classes
		turned[class*size+place%l.in.area()*l.in.channels+place/l.in.area()] = w
	}
	c.each(groups(n), func(h *hand, k int) {
		from, to := k*group, min((k+1)*group, n)
		h.mul.Mul(l.dx[from*size:], size, gemm.Rows(errors[from*classes:], classes), gemm.Rows(turned, size), to-from, size, classes)
	})
	return l.dx
}
