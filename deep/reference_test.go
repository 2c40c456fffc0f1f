package deep

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"spikealign/internal/random"
)

// The network once more, in float64, image by image, from the definitions: convolutions are sums
// over places and taps, and nothing is shared with the package but names and shapes of its
// parameters.

// maps are the activations of one image: [channel][y][x]; after flattening [neuron][0][0].
type maps [][][]float64

func newMaps(channels, height, width int) maps {
	m := make(maps, channels)
	for c := range m {
		m[c] = make([][]float64, height)
		for y := range m[c] {
			m[c][y] = make([]float64, width)
		}
	}
	return m
}

func like(m maps) maps { return newMaps(len(m), len(m[0]), len(m[0][0])) }

func (m maps) each(do func(c, y, x int)) {
	for c := range m {
		for y := range m[c] {
			for x := range m[c][y] {
				do(c, y, x)
			}
		}
	}
}

// reference is a network with its parameters by name.
type reference struct {
	stages  []stage
	loss    Loss
	rounded bool                 // what a layer gives, in both directions, is rounded to float32
	w       map[string][]float64 // parameters, running statistics with _mean and _variance
	// what errors go back through, by the name of the weights, in the shape of the weights; and
	// from the output straight to the input of a layer: [neuron or channel][class][y][x]
	feedback map[string][]float64
	direct   map[string]func(channel, y, x, class int) float64

	gradient map[string][]float64
}

// run returns outputs and mean loss for a batch, and with train sets the gradients and moves the
// running statistics.
func (r *reference) run(batch []maps, labels []uint8, train bool) (outputs [][]float64, loss float64) {
	type back func(dy []maps) []maps
	var backs []back
	var names []string // of the weights whose input is at this place on the way back
	r.gradient = map[string][]float64{}
	x := batch
	round := func(y []maps) {
		for _, m := range y {
			if r.rounded {
				m.each(func(c, i, k int) { m[c][i][k] = float64(float32(m[c][i][k])) })
			}
		}
	}
	add := func(name string, y []maps, b back) {
		x = y
		round(y)
		backs, names = append(backs, b), append(names, name)
	}
	convs := 0
	for k, s := range r.stages {
		var name string
		if s.filters > 0 {
			convs++
			name = fmt.Sprintf("conv_%d", convs)
			y, b := r.convolve(name, x, s)
			add(name, y, b)
		} else {
			name = fmt.Sprintf("dense_%d", k+1-convs)
			if len(x[0][0]) > 1 || len(x[0][0][0]) > 1 || k == convs {
				y, b := r.flatten(x)
				add("", y, b)
			}
			y, b := r.connect(name, x, s.neurons)
			add(name, y, b)
		}
		if k == len(r.stages)-1 {
			break
		}
		y, b := r.rectify(x)
		add("", y, b)
		if s.norm {
			y, b := r.normalise(name+"_norm", x, train)
			add("", y, b)
		}
		if s.pool {
			y, b := r.maximum(x)
			add("", y, b)
		}
	}
	var errors []maps
	for i, m := range x {
		z := make([]float64, len(m))
		for k := range z {
			z[k] = m[k][0][0]
		}
		outputs = append(outputs, z)
		value, slope := r.judge(z, int(labels[i]))
		loss += value / float64(len(x))
		e := newMaps(len(z), 1, 1)
		for k := range slope {
			e[k][0][0] = slope[k] / float64(len(x))
		}
		errors = append(errors, e)
	}
	if !train {
		return outputs, loss
	}
	dy := errors
	for k := len(backs) - 1; k >= 0; k-- {
		dx := backs[k](dy)
		if d := r.direct[names[k]]; d != nil {
			for i, m := range dx {
				m.each(func(c, y, x int) {
					m[c][y][x] = 0
					for class := range errors[i] {
						m[c][y][x] += d(c, y, x, class) * errors[i][class][0][0]
					}
				})
			}
		}
		dy = dx
		round(dy)
	}
	return outputs, loss
}

// judge returns the loss of one image and its slopes, by the derivatives of the softmax.
func (r *reference) judge(z []float64, label int) (loss float64, slope []float64) {
	soft := func(z []float64) []float64 {
		p, sum := make([]float64, len(z)), 0.0
		for k := range z {
			p[k] = math.Exp(z[k])
			sum += p[k]
		}
		for k := range p {
			p[k] /= sum
		}
		return p
	}
	p := soft(z)
	q := p
	if r.loss == DoubleSoftmax {
		q = soft(p)
	}
	slope = make([]float64, len(z))
	for k := range z {
		d := q[k] // by the k-th of what the last softmax takes
		if k == label {
			d--
		}
		if r.loss == CrossEntropy {
			slope[k] = d
			continue
		}
		for j := range z { // d p_k/d z_j
			delta := 0.0
			if j == k {
				delta = 1
			}
			slope[j] += d * p[k] * (delta - p[j])
		}
	}
	return -math.Log(q[label]), slope
}

func (r *reference) convolve(name string, batch []maps, s stage) ([]maps, func([]maps) []maps) {
	channels, height, width := len(batch[0]), len(batch[0][0]), len(batch[0][0][0])
	w, bias := r.w[name], r.w[name+"_bias"]
	at := func(f, c, ky, kx int) int { return ((f*channels+c)*s.kernel+ky)*s.kernel + kx }
	taps := func(do func(f, c, y, x, ky, kx int)) {
		for f := range s.filters {
			for y := range height - s.kernel + 1 {
				for x := range width - s.kernel + 1 {
					for c := range channels {
						for ky := range s.kernel {
							for kx := range s.kernel {
								do(f, c, y, x, ky, kx)
							}
						}
					}
				}
			}
		}
	}
	var out []maps
	for _, in := range batch {
		m := newMaps(s.filters, height-s.kernel+1, width-s.kernel+1)
		taps(func(f, c, y, x, ky, kx int) { m[f][y][x] += w[at(f, c, ky, kx)] * in[c][y+ky][x+kx] })
		if bias != nil {
			m.each(func(f, y, x int) { m[f][y][x] += bias[f] })
		}
		out = append(out, m)
	}
	return out, func(dy []maps) []maps {
		b := w
		if r.feedback[name] != nil {
			b = r.feedback[name]
		}
		dw, db := make([]float64, len(w)), make([]float64, s.filters)
		var dx []maps
		for i, in := range batch {
			g, d := dy[i], like(in)
			taps(func(f, c, y, x, ky, kx int) {
				dw[at(f, c, ky, kx)] += g[f][y][x] * in[c][y+ky][x+kx]
				d[c][y+ky][x+kx] += g[f][y][x] * b[at(f, c, ky, kx)]
			})
			g.each(func(f, y, x int) { db[f] += g[f][y][x] })
			dx = append(dx, d)
		}
		r.gradient[name] = dw
		if bias != nil {
			r.gradient[name+"_bias"] = db
		}
		return dx
	}
}

func (r *reference) connect(name string, batch []maps, neurons int) ([]maps, func([]maps) []maps) {
	w, bias, inputs := r.w[name], r.w[name+"_bias"], len(batch[0])
	var out []maps
	for _, in := range batch {
		m := newMaps(neurons, 1, 1)
		for j := range neurons {
			m[j][0][0] = bias[j]
			for i := range inputs {
				m[j][0][0] += w[j*inputs+i] * in[i][0][0]
			}
		}
		out = append(out, m)
	}
	return out, func(dy []maps) []maps {
		b := w
		if r.feedback[name] != nil {
			b = r.feedback[name]
		}
		dw, db := make([]float64, len(w)), make([]float64, neurons)
		var dx []maps
		for n, in := range batch {
			d := like(in)
			for j := range neurons {
				g := dy[n][j][0][0]
				db[j] += g
				for i := range inputs {
					dw[j*inputs+i] += g * in[i][0][0]
					d[i][0][0] += g * b[j*inputs+i]
				}
			}
			dx = append(dx, d)
		}
		r.gradient[name], r.gradient[name+"_bias"] = dw, db
		return dx
	}
}

func (r *reference) flatten(batch []maps) ([]maps, func([]maps) []maps) {
	var out []maps
	for _, in := range batch {
		var m maps
		in.each(func(c, y, x int) { m = append(m, [][]float64{{in[c][y][x]}}) })
		out = append(out, m)
	}
	return out, func(dy []maps) []maps {
		var dx []maps
		for i, in := range batch {
			d, k := like(in), 0
			d.each(func(c, y, x int) { d[c][y][x] = dy[i][k][0][0]; k++ })
			dx = append(dx, d)
		}
		return dx
	}
}

func (r *reference) rectify(batch []maps) ([]maps, func([]maps) []maps) {
	var out []maps
	for _, in := range batch {
		m := like(in)
		m.each(func(c, y, x int) { m[c][y][x] = max(in[c][y][x], 0) })
		out = append(out, m)
	}
	return out, func(dy []maps) []maps {
		var dx []maps
		for i, in := range batch {
			d := like(in)
			d.each(func(c, y, x int) {
				if in[c][y][x] > 0 {
					d[c][y][x] = dy[i][c][y][x]
				}
			})
			dx = append(dx, d)
		}
		return dx
	}
}

func (r *reference) maximum(batch []maps) ([]maps, func([]maps) []maps) {
	// the place of the largest of the four, the first of equals
	place := func(in maps, c, y, x int) (int, int) {
		by, bx := 2*y, 2*x
		for _, p := range [][2]int{{2 * y, 2*x + 1}, {2*y + 1, 2 * x}, {2*y + 1, 2*x + 1}} {
			if in[c][p[0]][p[1]] > in[c][by][bx] {
				by, bx = p[0], p[1]
			}
		}
		return by, bx
	}
	var out []maps
	for _, in := range batch {
		m := newMaps(len(in), len(in[0])/2, len(in[0][0])/2)
		m.each(func(c, y, x int) {
			by, bx := place(in, c, y, x)
			m[c][y][x] = in[c][by][bx]
		})
		out = append(out, m)
	}
	return out, func(dy []maps) []maps {
		var dx []maps
		for i, in := range batch {
			d := like(in)
			dy[i].each(func(c, y, x int) {
				by, bx := place(in, c, y, x)
				d[c][by][bx] = dy[i][c][y][x]
			})
			dx = append(dx, d)
		}
		return dx
	}
}

// normalise has the gradient of Ioffe & Szegedy 2015, in their form: through variance and mean.
func (r *reference) normalise(name string, batch []maps, train bool) ([]maps, func([]maps) []maps) {
	channels := len(batch[0])
	scale, shift := r.w[name+"_scale"], r.w[name+"_shift"]
	mean, variance := make([]float64, channels), make([]float64, channels)
	count := float64(len(batch) * len(batch[0][0]) * len(batch[0][0][0]))
	for _, in := range batch {
		in.each(func(c, y, x int) { mean[c] += in[c][y][x] / count })
	}
	for _, in := range batch {
		in.each(func(c, y, x int) { variance[c] += math.Pow(in[c][y][x]-mean[c], 2) / count })
	}
	if train {
		for c := range channels {
			r.w[name+"_mean"][c] = 0.9*r.w[name+"_mean"][c] + 0.1*mean[c]
			r.w[name+"_variance"][c] = 0.9*r.w[name+"_variance"][c] + 0.1*variance[c]*count/(count-1)
		}
	} else {
		mean, variance = r.w[name+"_mean"], r.w[name+"_variance"]
	}
	hat := func(in maps, c, y, x int) float64 { return (in[c][y][x] - mean[c]) / math.Sqrt(variance[c]+1e-5) }
	var out []maps
	for _, in := range batch {
		m := like(in)
		m.each(func(c, y, x int) { m[c][y][x] = scale[c]*hat(in, c, y, x) + shift[c] })
		out = append(out, m)
	}
	return out, func(dy []maps) []maps {
		dscale, dshift := make([]float64, channels), make([]float64, channels)
		dvariance, dmean := make([]float64, channels), make([]float64, channels)
		for i, in := range batch {
			in.each(func(c, y, x int) {
				g := dy[i][c][y][x]
				dscale[c] += g * hat(in, c, y, x)
				dshift[c] += g
				dvariance[c] -= g * scale[c] * (in[c][y][x] - mean[c]) / 2 * math.Pow(variance[c]+1e-5, -1.5)
				dmean[c] -= g * scale[c] / math.Sqrt(variance[c]+1e-5)
			})
		}
		var dx []maps
		for i, in := range batch {
			d := like(in)
			d.each(func(c, y, x int) {
				d[c][y][x] = dy[i][c][y][x]*scale[c]/math.Sqrt(variance[c]+1e-5) + dvariance[c]*2*(in[c][y][x]-mean[c])/count + dmean[c]/count
			})
			dx = append(dx, d)
		}
		r.gradient[name+"_scale"], r.gradient[name+"_shift"] = dscale, dshift
		return dx
	}
}

// referenceOf is the reference with the parameters of a network, and what docs/deep.md says its
// method sends back through.
func referenceOf(n *Network, s NetworkSettings, m Method, seed uint64) *reference {
	r := &reference{stages: s.stages(10), loss: s.Loss, w: map[string][]float64{}, feedback: map[string][]float64{}, direct: map[string]func(int, int, int, int) float64{}}
	for _, p := range n.params() {
		r.w[p.name] = float64s(p.w)
	}
	for _, l := range n.layers {
		if b, ok := l.(*norm); ok {
			name := b.scale.name[:len(b.scale.name)-len("_scale")]
			r.w[name+"_mean"], r.w[name+"_variance"] = float64s(b.mean), float64s(b.variance)
		}
	}
	drawn := func(key, part uint64, count, in, out int) []float64 {
		bound := 1 / math.Sqrt(float64(in))
		if s.Init == Xavier {
			bound = math.Sqrt(6 / float64(in+out))
		}
		stream := random.New(seed, random.FeedbackWeights, key, part)
		w := make([]float64, count)
		for i := range w {
			w[i] = float64(float32(bound * (2*stream.Float64() - 1)))
		}
		return w
	}
	lenet := s.Architecture == "lenet"
	// as gives feedback, in the shape of the weights, the signs of the weights
	as := func(w, size []float64) []float64 {
		b := make([]float64, len(w))
		for i := range b {
			b[i] = math.Copysign(size[i], w[i])
		}
		return b
	}
	deviation := func(count, in, out int) []float64 {
		sd := 1 / math.Sqrt(3*float64(in))
		if s.Init == Xavier {
			sd = math.Sqrt(2 / float64(in+out))
		}
		w := make([]float64, count)
		for i := range w {
			w[i] = sd
		}
		return w
	}
	for k, c := range n.convs {
		if k == 0 || m == BP {
			continue
		}
		name, w := fmt.Sprintf("conv_%d", k+1), r.w[fmt.Sprintf("conv_%d", k+1)]
		in, out := c.in.channels*25, c.filters*25
		random := drawn(uint64(1000+k), 0, len(w), in, out)
		switch {
		case lenet && m == SCFA:
			r.feedback[name] = as(w, random)
		case lenet && m == USF:
			r.feedback[name] = as(w, deviation(len(w), in, out))
		case lenet && m == DFA:
			// a transposed convolution of the errors, which are the same at every place
			filters := drawn(uint64(1000+k), 1, 10*in, 10*25, in)
			r.direct[name] = func(channel, y, x, class int) float64 {
				sum := 0.0
				for ky := range 5 {
					for kx := range 5 {
						if y-ky >= 0 && y-ky < c.in.height-4 && x-kx >= 0 && x-kx < c.in.width-4 {
							sum += filters[class*in+channel*25+ky*5+kx]
						}
					}
				}
				return sum
			}
		default:
			r.feedback[name] = random
		}
	}
	for k, d := range n.dense {
		name, w := fmt.Sprintf("dense_%d", k+1), r.w[fmt.Sprintf("dense_%d", k+1)]
		random := transpose(drawn(uint64(2000+k), 0, len(w), d.inputs, d.outputs), d.inputs, d.outputs)
		switch {
		case m == BP || m == BPFA:
		case m == SCFA:
			r.feedback[name] = as(w, random)
		case m == USF:
			r.feedback[name] = as(w, deviation(len(w), d.inputs, d.outputs))
		case m == DFA && (k > 0 || lenet):
			direct := drawn(uint64(2000+k), 1, d.inputs*10, 10, d.inputs)
			r.direct[name] = func(neuron, _, _, class int) float64 { return direct[neuron*10+class] }
		default:
			r.feedback[name] = random
		}
	}
	return r
}

func transpose(w []float64, rows, columns int) []float64 {
	t := make([]float64, len(w))
	for i := range rows {
		for k := range columns {
			t[k*rows+i] = w[i*columns+k]
		}
	}
	return t
}

// Both networks with all methods and losses against the reference: outputs, loss, gradients,
// running statistics, and outputs and loss with these.
func TestReference(t *testing.T) {
	for _, s := range []NetworkSettings{
		{Architecture: "paper", Hidden: []int{20, 12}, Init: Uniform, Loss: DoubleSoftmax},
		{Architecture: "lenet", Hidden: []int{20}, Init: Xavier, Loss: CrossEntropy},
		{Architecture: "lenet", Init: Uniform, Loss: DoubleSoftmax},
		{Architecture: "paper", Hidden: []int{15}, Init: Xavier, Loss: CrossEntropy},
	} {
		for _, m := range allMethods {
			// the two without a full set of methods are there for init and loss
			if (s.Hidden == nil || len(s.Hidden) == 1 && !s.lenet()) && m != DFA && m != USF {
				continue
			}
			t.Run(fmt.Sprintf("%s_%s_%s_%s", s.Architecture, s.Init, s.Loss, m), func(t *testing.T) {
				v := volume{2, 16, 16}
				if s.lenet() {
					v = volume{2, 32, 32}
				}
				const count = 9 // two groups of images of a convolution
				r := rand.New(rand.NewPCG(1, 2))
				n := newNetwork(v, s.stages(10))
				n.loss, n.crew = s.Loss, newCrew(2, threads)
				n.draw(s.Init, 3)
				n.feedback(m, s.lenet(), s.Init, 5)
				for _, p := range n.params() { // nothing is 0 or 1 by rule
					if len(p.shape) == 1 {
						for i := range p.w {
							p.w[i] += float32(0.2 * r.NormFloat64())
						}
					}
				}
				x, labels := images(r, v, count)
				ref := referenceOf(n, s, m, 5)
				batch := make([]maps, count)
				for i := range batch {
					batch[i] = newMaps(v.channels, v.height, v.width)
					batch[i].each(func(c, y, k int) { batch[i][c][y][k] = float64(x[((i*v.height+y)*v.width+k)*v.channels+c]) })
				}
				// The longest sums have 1600 terms, each of which is rounded: like a random walk
				// they end 40 roundings off, here twice that is granted. What one rounding does to
				// the results the reference says, with everything rounded that a layer gives: at
				// most share of the largest number of a result. Normalisation over nine images
				// makes that more than 2^-24, the more the fewer of them a neuron is active for.
				// For one alone the gradient at its input is all but lost: the difference of
				// numbers that are (variance + epsilon)/epsilon times as large.
				rounded := referenceOf(n, s, m, 5)
				rounded.rounded = true
				type result struct {
					what         string
					got          []float32
					want, coarse []float64
				}
				compare := func(results []result) {
					t.Helper()
					share := 0.0
					sizes := make([]float64, len(results))
					for k, r := range results {
						if len(r.got) != len(r.want) {
							t.Fatalf("%s: %d numbers, want %d", r.what, len(r.got), len(r.want))
						}
						one := 0.0
						for i, w := range r.want {
							sizes[k], one = max(sizes[k], math.Abs(w)), max(one, math.Abs(r.coarse[i]-w))
						}
						share = max(share, one/sizes[k])
					}
					for k, r := range results {
						tolerance := 2 * 40 * (share + 0x1p-24) * sizes[k]
						for i, w := range r.want {
							if !(math.Abs(float64(r.got[i])-w) <= tolerance) {
								t.Errorf("%s: entry %d is %v, want %v to %.1g; the largest is %v", r.what, i, r.got[i], w, tolerance, sizes[k])
								break
							}
						}
					}
				}
				flat := func(rows [][]float64) []float64 { return slices.Concat(rows...) }
				for _, train := range []bool{true, false} {
					outputs := n.forward(x, count, train)
					loss, _ := n.judge(outputs, labels, train)
					want, wantLoss := ref.run(batch, labels, train)
					coarse, _ := rounded.run(batch, labels, train)
					results := []result{{"outputs", outputs, flat(want), flat(coarse)}}
					if loss /= count; math.Abs(loss-wantLoss) > 1e-5 {
						t.Errorf("train %v: loss %v, want %v", train, loss, wantLoss)
					}
					if train {
						n.backward(n.gradient, count)
						for _, p := range n.params() {
							results = append(results, result{"gradient of " + p.name, p.gradient, ref.gradient[p.name], rounded.gradient[p.name]})
						}
						for _, l := range n.norms() {
							name := l.scale.name[:len(l.scale.name)-len("_scale")]
							results = append(results, result{name + "_mean", l.mean, ref.w[name+"_mean"], rounded.w[name+"_mean"]},
								result{name + "_variance", l.variance, ref.w[name+"_variance"], rounded.w[name+"_variance"]})
						}
					}
					compare(results)
				}
			})
		}
	}
}
