package deep

import "math"

// relu is max(0, x), in the memory of x, and of dy on the way back: nobody else needs these.
type relu struct {
	in volume
	y  []float32
}

func (l *relu) out() volume      { return l.in }
func (l *relu) params() []*param { return nil }

func (l *relu) forward(c *crew, x []float32, n int, train bool) []float32 {
	l.y = x
	split(c, len(x), func(from, to int) {
		y := x[from:to]
		for i, v := range y {
			y[i] = max(v, 0)
		}
	})
	return x
}

func (l *relu) backward(c *crew, dy []float32, n int, first bool) []float32 {
	split(c, len(dy), func(from, to int) {
		g := dy[from:to]
		for i, v := range l.y[from:to] {
			// of the bits of v all are 0, or the sign is: no branch
			mask := uint32(int32(-math.Float32bits(v)) >> 31)
			g[i] = math.Float32frombits(math.Float32bits(g[i]) & mask)
		}
	})
	return dy
}

// split works on the ranges of n numbers.
func split(c *crew, n int, do func(from, to int)) {
	const piece = 1 << 16
	c.each((n+piece-1)/piece, func(_ *hand, k int) { do(k*piece, min((k+1)*piece, n)) })
}

// pool is the maximum over squares of 2 x 2, the first of equals.
type pool struct {
	in    volume
	y, dx []float32
	from  []uint8 // which of the four
}

// ordered returns the bits of a number as an integer in the same order, with which no branch is
// needed to find the largest.
func ordered(v float32) int32 {
	b := int32(math.Float32bits(v))
	return b ^ (b >> 31 & math.MaxInt32)
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
	c.each(l.in.channels, func(_ *hand, ch int) {
		at := ch * n * o.area()
		for i := range n {
			image := x[(ch*n+i)*l.in.area():][:l.in.area()]
			for r := range o.height {
				upper := image[2*r*l.in.width:][:2*o.width]
				lower := image[(2*r+1)*l.in.width:][:2*o.width]
				y, from := l.y[at:][:o.width], l.from[at:][:o.width]
				for k := range y {
					best, which := ordered(upper[2*k]), 0
					if v := ordered(upper[2*k+1]); v > best {
						best, which = v, 1
					}
					if v := ordered(lower[2*k]); v > best {
						best, which = v, 2
					}
					if v := ordered(lower[2*k+1]); v > best {
						best, which = v, 3
					}
					y[k], from[k] = math.Float32frombits(uint32(best^(best>>31&math.MaxInt32))), uint8(which)
				}
				at += o.width
			}
		}
	})
	return l.y
}

func (l *pool) backward(c *crew, dy []float32, n int, first bool) []float32 {
	o := l.out()
	l.dx = grow(l.dx, l.in.size()*n)
	c.each(l.in.channels, func(_ *hand, ch int) {
		clear(l.dx[ch*n*l.in.area():][:n*l.in.area()])
		at := ch * n * o.area()
		for i := range n {
			image := l.dx[(ch*n+i)*l.in.area():][:l.in.area()]
			for r := range o.height {
				row := image[2*r*l.in.width:]
				for k, g := range dy[at:][:o.width] {
					which := int(l.from[at+k])
					row[which>>1*l.in.width+2*k+which&1] = g
				}
				at += o.width
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
	area := l.in.area()
	c.each(n, func(_ *hand, i int) {
		for ch := range l.in.channels {
			copy(l.y[i*l.in.size()+ch*area:][:area], x[(ch*n+i)*area:])
		}
	})
	return l.y
}

func (l *flatten) backward(c *crew, dy []float32, n int, first bool) []float32 {
	l.dx = grow(l.dx, len(dy))
	area := l.in.area()
	c.each(n, func(_ *hand, i int) {
		for ch := range l.in.channels {
			copy(l.dx[(ch*n+i)*area:][:area], dy[i*l.in.size()+ch*area:])
		}
	})
	return l.dx
}
