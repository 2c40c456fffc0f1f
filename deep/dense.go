package deep

import "spikealign/internal/gemm"

// block is how many rows of a product are one task.
const block = 48

// dense is a fully connected layer with biases.
type dense struct {
	inputs, outputs int
	synapses        // weights are outputs x inputs, row = postsynaptic

	x, y, dx []float32

	noise, echo, product []float32 // of the weight mirror
}

func newDense(name string, inputs, outputs int) *dense {
	return &dense{inputs: inputs, outputs: outputs, synapses: synapses{
		weights: newParam(name, outputs, inputs), bias: newParam(name+"_bias", outputs), fanIn: inputs, fanOut: outputs,
	}}
}

func (l *dense) out() volume { return volume{l.outputs, 1, 1} }

func (l *dense) forward(c *crew, x []float32, n int, train bool) []float32 {
	l.x, l.y = x, grow(l.y, n*l.outputs)
	c.each((n+block-1)/block, func(h *hand, k int) {
		from, to := k*block, min((k+1)*block, n)
		y := l.y[from*l.outputs : to*l.outputs]
		h.mul.Mul(y, l.outputs, gemm.Rows(x[from*l.inputs:], l.inputs), gemm.Rows(l.weights.w, l.inputs).T(), to-from, l.outputs, l.inputs)
		addRows(y, l.bias.w)
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

func (l *dense) sendDirect(c *crew, errors []float32, n int) []float32 {
	classes := len(errors) / n
	return l.sendBack(c, errors, n, classes, gemm.Rows(l.direct, classes).T())
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
