package microcircuit

// Means are averages over a stretch of steps. Slices over layers are as in Weights; Rate has one
// slice for every layer 0..L, then one for the interneurons of each hidden layer 1..L-1.
type Means struct {
	Steps     int64
	Rate      [][]float64 // spikes per step
	Potential [][]float64 // u, layers 1..L
	Basal     [][]float64 // v_bas, layers 1..L
	// u - v_bas - b: in hidden layers LambdaApical*v_api, at the output the nudge
	Extra    [][]float64
	Up, Down [][]float64 // weights at the ends of the steps
}

// BeginMeans begins a new stretch at the present step.
func (n *Network) BeginMeans() {
	n.stretch = n.now
	clear(n.count)
	clear(n.sums)
	copy(n.sums0, n.sum())
	for l := range n.layers {
		clear(n.layers[l].upMoment)
		clear(n.layers[l].downMoment)
	}
}

// flush moves the running sums of the stretch into floating point before they can overflow. It
// happens at fixed steps.
func (n *Network) flush() {
	for k, s := range n.sum() {
		n.sums[k] += float64(s - n.sums0[k])
		n.sums0[k] = s
	}
}

// mean is the mean over the stretch of the k-th sum.
func (n *Network) mean(k int) float64 {
	return (n.sums[k] + float64(n.sum()[k]-n.sums0[k])) * unit / float64(n.now-n.stretch)
}

// OutputMeans writes the mean membrane potentials of the output since BeginMeans to dst, of length
// Dims[L], and to free those that the output would have had without its nudge.
func (n *Network) OutputMeans(dst, free []float64) {
	off := n.layers[len(n.layers)-1].off
	for i := range dst {
		free[i] = float64(float64(n.bias[off+i])*unit) + n.mean(off+i)
		dst[i] = free[i] + n.mean(n.upper+off+i)
	}
}

// Means returns the averages since BeginMeans, at least one step ago. (It takes memory for all
// weights.)
func (n *Network) Means() Means {
	m := Means{Steps: n.now - n.stretch}
	if m.Steps < 1 {
		panic("microcircuit: Means of an empty stretch")
	}
	steps := float64(m.Steps)
	rates := func(first, size int) {
		r := make([]float64, size)
		for i := range r {
			r[i] = float64(n.count[first+i]) / steps
		}
		m.Rate = append(m.Rate, r)
	}
	weights := func(end, moment []float64, y *layer) []float64 {
		columns := len(end) / y.n
		for i := range y.n {
			for j := range columns {
				end[i*columns+j] -= moment[j*y.stride+i] * unit / steps
			}
		}
		return n.bare(y, end)
	}
	for l := range n.layers {
		y := &n.layers[l]
		rates(y.first, y.n)
		if l == 0 {
			continue
		}
		u, v, e := make([]float64, y.n), make([]float64, y.n), make([]float64, y.n)
		for i := range u {
			v[i] = n.mean(y.off + i)
			e[i] = n.mean(n.upper + y.off + i)
			u[i] = float64(float64(n.bias[y.off+i])*unit) + v[i] + e[i]
		}
		m.Potential, m.Basal, m.Extra = append(m.Potential, u), append(m.Basal, v), append(m.Extra, e)
		m.Up = append(m.Up, weights(y.matrix(y.up), y.upMoment, y))
		if l+1 < len(n.layers) {
			m.Down = append(m.Down, weights(y.matrix(y.down), y.downMoment, y))
		}
	}
	for l := 1; l+1 < len(n.layers); l++ {
		rates(n.layers[l].inter, n.layers[l+1].n)
	}
	return m
}
