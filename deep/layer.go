package deep

// volume is the size of what a layer gives for one image: channels of height x width. The numbers
// of a batch stand image by image, within an image place by place, and those of all channels at a
// place together: (n, y, x, c).
type volume struct{ channels, height, width int }

func (v volume) size() int { return v.channels * v.height * v.width }
func (v volume) area() int { return v.height * v.width }

// layer is one step of the way from images to classes. The slices that it returns belong to it and
// hold until its next call.
type layer interface {
	// forward takes the numbers of n images, which relu changes. With train it keeps what backward
	// needs, and a layer with statistics uses those of this batch.
	forward(c *crew, x []float32, n int, train bool) []float32
	// backward takes the gradient at the output of the last forward, which relu changes, sets the
	// gradients of the parameters, and returns the gradient at the input; nil if first, where
	// nobody needs it.
	backward(c *crew, dy []float32, n int, first bool) []float32
	params() []*param
	out() volume
}

// directed is a layer to which the error at the output of the network can come directly.
type directed interface {
	isDirect() bool
	// sendDirect returns the gradient at the input: the errors at the outputs of the network, of n
	// images, through the direct weights.
	sendDirect(c *crew, errors []float32, n int) []float32
}

// synapses are the weights of a layer and what errors go back through.
type synapses struct {
	weights       *param
	bias          *param // nil: none
	fanIn, fanOut int    // inputs of a neuron above, and neurons above that an input reaches
	key           uint64 // of its random numbers
	pathway
}

func (s *synapses) params() []*param {
	if s.bias == nil {
		return []*param{s.weights}
	}
	return []*param{s.weights, s.bias}
}

func (s *synapses) isDirect() bool { return s.direct != nil }

// pathway is what errors go back through. The zero value is the weights themselves.
type pathway struct {
	// feedback, if not nil, stands in for the weights: of a convolution in the same shape, of a
	// fully connected layer in that of the transposed weights, inputs x outputs
	feedback []float32
	size     []float32 // of the feedback weights, where their signs are those of the weights
	back     *param    // the feedback weights, where they learn by gradient
	// direct, if not nil, takes the place of all that comes back from above: the gradient at the
	// input is that at the network's outputs through these weights, inputs x classes
	direct []float32
}

// param is a set of parameters that learn.
type param struct {
	name     string
	shape    []int
	w        []float32
	gradient []float32
	velocity []float32
}

func newParam(name string, shape ...int) *param {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return &param{name: name, shape: shape, w: make([]float32, n), gradient: make([]float32, n), velocity: make([]float32, n)}
}
