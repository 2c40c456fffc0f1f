package deep

import "spikealign/internal/gemm"

// block is how many rows of a product are one task.
const block = 48

// dense is a fully connected layer with biases.
type dense struct {
	inputs, outputs int
	weights, bias   *param // outputs x inputs, row = postsynaptic
	// feedback, if not nil, stands in for the transposed weights on the way back: inputs x outputs.
	feedback []float32
	size     []float32 // of the feedback weights, where their signs are those of the weights
	back     *param    // the feedback weights, where they learn by gradient
	// direct, if not nil, takes the place of all that comes back from above: the gradient at the
	// input is that of the network's output through these weights, inputs x classes.
	direct []float32

	x, y, dx []float32
}

func newDense(name string, inputs, outputs int) *dense {
	return &dense{inputs: inputs, outputs: outputs, weights: newParam(name, outputs, inputs), bias: newParam(name+"_bias", outputs)}
}

func (l *dense) out() volume { return volume{l.outputs, 1, 1} }

func (l *dense) params() []*param { return []*param{l.weights, l.bias} }

func (l *dense) forward(c *crew, x []float32, n int, train bool) []float32 {
	l.x, l.y = x, grow(l.y, n*l.outputs)
	c.each((n+block-1)/block, func(h *hand, k int) {
		from, to := k*block, min((k+1)*block, n)
		y := l.y[from*l.outputs : to*l.outputs]
		h.mul.Mul(y, l.outputs, gemm.Rows(x[from*l.inputs:], l.inputs), gemm.Rows(l.weights.w, l.inputs).T(), to-from, l.outputs, l.inputs)
		for len(y) > 0 {
			for i, b := range l.bias.w {
				y[i] += b
			}
			y = y[l.outputs:]
		}
	})
	return l.y
}

func (l *dense) backward(c *crew, dy []float32, n int, first bool) []float32 {
	c.each((l.outputs+block-1)/block, func(h *hand, k int) {
		from, to := k*block, min((k+1)*block, l.outputs)
		h.mul.Mul(l.weights.gradient[from*l.inputs:], l.inputs, gemm.Rows(dy[from:], l.outputs).T(), gemm.Rows(l.x, l.inputs), to-from, l.inputs, n)
	})
	clear(l.bias.gradient)
	for i := range n {
		for k, g := range dy[i*l.outputs:][:l.outputs] {
			l.bias.gradient[k] += g
		}
	}
	if first {
		return nil
	}
	if l.size != nil {
		l.concord()
	}
	back := gemm.Rows(l.weights.w, l.inputs) // outputs x inputs
	if l.feedback != nil {
		back = gemm.Rows(l.feedback, l.outputs).T()
	}
	return l.sendBack(c, dy, n, l.outputs, back)
}

// sendBack returns the gradient at the input: errors, so many for each image, through back.
func (l *dense) sendBack(c *crew, errors []float32, n, count int, back gemm.Matrix) []float32 {
	l.dx = grow(l.dx, n*l.inputs)
	c.each((n+block-1)/block, func(h *hand, k int) {
		from, to := k*block, min((k+1)*block, n)
		h.mul.Mul(l.dx[from*l.inputs:], l.inputs, gemm.Rows(errors[from*count:], count), back, to-from, l.inputs, count)
	})
	return l.dx
}
