package deep

import "math"

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
	center   []float32 // mean of the last batch
	factor   []float32 // 1/standard deviation of it
}

func newNorm(name string, in volume) *norm {
	l := &norm{in: in, scale: newParam(name+"_scale", in.channels), shift: newParam(name+"_shift", in.channels), mean: make([]float32, in.channels), variance: make([]float32, in.channels), center: make([]float32, in.channels), factor: make([]float32, in.channels)}
	for k := range l.scale.w {
		l.scale.w[k], l.variance[k] = 1, 1
	}
	return l
}

func (l *norm) out() volume { return l.in }

func (l *norm) params() []*param { return []*param{l.scale, l.shift} }

// channel calls do with each stretch of numbers of a channel.
func (l *norm) channel(ch, n int) (from, count, stride int) {
	if l.in.area() == 1 {
		return ch, n, l.in.channels
	}
	return ch * n * l.in.area(), n * l.in.area(), 1
}

func (l *norm) forward(c *crew, x []float32, n int, train bool) []float32 {
	l.x, l.y = x, grow(l.y, len(x))
	c.each(l.in.channels, func(_ *hand, ch int) {
		from, count, stride := l.channel(ch, n)
		mean, factor := l.mean[ch], float32(1/math.Sqrt(float64(l.variance[ch])+normEpsilon))
		end := from + (count-1)*stride
		if train {
			var a, b, c, d float64
			i := from
			for ; i+3*stride <= end; i += 4 * stride {
				a += float64(x[i])
				b += float64(x[i+stride])
				c += float64(x[i+2*stride])
				d += float64(x[i+3*stride])
			}
			for ; i <= end; i += stride {
				a += float64(x[i])
			}
			m := (a + b + c + d) / float64(count)
			a, b, c, d = 0, 0, 0, 0
			i = from
			for ; i+3*stride <= end; i += 4 * stride {
				p, q, r, s := float64(x[i])-m, float64(x[i+stride])-m, float64(x[i+2*stride])-m, float64(x[i+3*stride])-m
				a += float64(p * p)
				b += float64(q * q)
				c += float64(r * r)
				d += float64(s * s)
			}
			for ; i <= end; i += stride {
				p := float64(x[i]) - m
				a += float64(p * p)
			}
			v := (a + b + c + d) / float64(count)
			unbiased := v * float64(count) / float64(max(count-1, 1))
			l.mean[ch] += float32(normMomentum * (m - float64(l.mean[ch])))
			l.variance[ch] += float32(normMomentum * (unbiased - float64(l.variance[ch])))
			mean, factor = float32(m), float32(1/math.Sqrt(v+normEpsilon))
			l.center[ch], l.factor[ch] = mean, factor
		}
		scale, shift := l.scale.w[ch], l.shift.w[ch]
		for i := from; i <= end; i += stride {
			l.y[i] = float32(float32((x[i]-mean)*factor)*scale) + shift
		}
	})
	return l.y
}

func (l *norm) backward(c *crew, dy []float32, n int, first bool) []float32 {
	l.dx = grow(l.dx, len(dy))
	c.each(l.in.channels, func(_ *hand, ch int) {
		from, count, stride := l.channel(ch, n)
		end := from + (count-1)*stride
		center, inverse := l.center[ch], l.factor[ch]
		hat := func(i int) float32 { return float32((l.x[i] - center) * inverse) }
		var a, b, p, q float64
		i := from
		for ; i+stride <= end; i += 2 * stride {
			g, h := float64(dy[i]), float64(dy[i+stride])
			a += g
			b += h
			p += float64(g * float64(hat(i)))
			q += float64(h * float64(hat(i+stride)))
		}
		for ; i <= end; i += stride {
			a += float64(dy[i])
			p += float64(float64(dy[i]) * float64(hat(i)))
		}
		sum, product := a+b, p+q
		l.shift.gradient[ch], l.scale.gradient[ch] = float32(sum), float32(product)
		// of what reaches the input, the parts along 1 and along hat are taken away
		mean, along := float32(sum/float64(count)), float32(product/float64(count))
		factor := float32(inverse * l.scale.w[ch])
		for i := from; i <= end; i += stride {
			l.dx[i] = float32((dy[i] - mean - float32(hat(i)*along)) * factor)
		}
	})
	return l.dx
}
