package deep

import "spikealign/internal/vector"

// relu is max(0, x), in the memory of x, and of dy on the way back: nobody else needs these.
type relu struct {
	in volume
	y  []float32
}

func (l *relu) out() volume      { return l.in }
func (l *relu) params() []*param { return nil }

func (l *relu) forward(c *crew, x []float32, n int, train bool) []float32 {
	l.y = x
	split(c, len(x), 1, func(from, to int) { vector.Rectify(x[from:to]) })
	return x
}

func (l *relu) backward(c *crew, dy []float32, n int, first bool) []float32 {
	split(c, len(dy), 1, func(from, to int) { vector.RectifyBack(dy[from:to], l.y[from:to]) })
	return dy
}

// split works on the ranges of rows of numbers.
func split(c *crew, rows, row int, do func(from, to int)) {
	piece := max(1<<16/row, 1)
	c.each((rows+piece-1)/piece, func(_ *hand, k int) { do(k*piece*row, min((k+1)*piece, rows)*row) })
}

// pool is the maximum over squares of 2 x 2, the first of equals.
type pool struct {
	in    volume
	y, dx []float32
	from  []uint8 // which of the four
}

func (l *pool) out() volume      { return volume{l.in.channels, l.in.height / 2, l.in.width / 2} }
func (l *pool) params() []*param { return nil }

func (l *pool) forward(c *crew, x []float32, n int, train bool) []float32 {
	o := l.out()
	l.y = grow(l.y, o.size()*n)
	if cap(l.from) < len(l.y) {
		l.from = make([]uint8, len(l.y))
	}
	l.from = l.from[:len(l.y)]
	c.each(n, func(_ *hand, i int) {
		ch, at := l.in.channels, i*o.size()
		for r := range o.height {
			for k := range o.width {
				upper := x[i*l.in.size()+(2*r*l.in.width+2*k)*ch:]
				lower := upper[l.in.width*ch:][:2*ch]
				vector.Largest(l.y[at:][:ch], l.from[at:][:ch], upper[:2*ch], lower)
				at += ch
			}
		}
	})
	return l.y
}

func (l *pool) backward(c *crew, dy []float32, n int, first bool) []float32 {
	o := l.out()
	l.dx = grow(l.dx, l.in.size()*n)
	c.each(n, func(_ *hand, i int) {
		ch, at := l.in.channels, i*o.size()
		image := l.dx[i*l.in.size():][:l.in.size()]
		if l.in.height%2+l.in.width%2 > 0 { // of the last row or column nothing is seen
			clear(image)
		}
		for r := range o.height {
			for k := range o.width {
				upper := image[(2*r*l.in.width+2*k)*ch:]
				vector.LargestBack(dy[at:][:ch], l.from[at:][:ch], upper[:2*ch], upper[l.in.width*ch:][:2*ch])
				at += ch
			}
		}
	})
	return l.dx
}

// flatten turns channels of images into lists of numbers, one for each image: channel, row, column.
type flatten struct {
	in    volume
	y, dx []float32
}

func (l *flatten) out() volume      { return volume{l.in.size(), 1, 1} }
func (l *flatten) params() []*param { return nil }

func (l *flatten) forward(c *crew, x []float32, n int, train bool) []float32 {
	l.y = grow(l.y, len(x))
	area, size := l.in.area(), l.in.size()
	c.each(n, func(_ *hand, i int) {
		y := l.y[i*size:][:size]
		for k, v := range x[i*size:][:size] {
			y[k%l.in.channels*area+k/l.in.channels] = v
		}
	})
	return l.y
}

func (l *flatten) backward(c *crew, dy []float32, n int, first bool) []float32 {
	l.dx = grow(l.dx, len(dy))
	area, size := l.in.area(), l.in.size()
	c.each(n, func(_ *hand, i int) {
		from := dy[i*size:][:size]
		for k := range from {
			l.dx[i*size+k] = from[k%l.in.channels*area+k/l.in.channels]
		}
	})
	return l.dx
}
