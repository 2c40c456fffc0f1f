package microcircuit

import (
	"math"

	"spikealign/internal/detmath"
	"spikealign/internal/random"
	"spikealign/spike"
)

// oracle is docs/model.md, section 7, written down without any thought of speed: in every step all
// spikes from the potentials of the step before, then all potentials as full matrix products, then
// plasticity. Every quantity has its own variable, interneuron weights and all past potentials
// included. It shares with Network the random numbers and the rounding of weights and added
// potentials and sliding means to multiples of 2^-36, and must agree with it to the last bit.
// Between neurons that differ it holds the weights as they are, without gains, and agrees up to
// that rounding.
type oracle struct {
	c         Config
	b         [][]float64 // b[l], l = 0..L; b[0] is the input
	up, down  []matrixF   // up[l] into layer l from l-1; down[l] into layer l from l+1
	wip, wpi  []matrixF   // hidden layer l
	bas, api  [][]float64
	u, inn    [][]float64
	extraPast [][][]float64 // u - b - v_bas after each step
	basPast   [][][]float64
	pyr, int  [][]cell
	target    []float64
	phase     Phase
	now       int64
	onset     int64
	events    []spike.Event
}

type matrixF struct {
	rows, cols int
	w          []float64
}

func (m matrixF) at(i, j int) *float64 { return &m.w[i*m.cols+j] }

type cell struct {
	spikes  []int64
	draws   random.Stream
	product float64
	limit   float64
	isi     int64 // shortest interval
}

func (c *cell) latestBefore(t int64) int64 {
	for k := len(c.spikes) - 1; k >= 0; k-- {
		if c.spikes[k] < t {
			return c.spikes[k]
		}
	}
	return math.MinInt64 / 2
}

func (c *cell) at(t int64) bool { return len(c.spikes) > 0 && c.spikes[len(c.spikes)-1] == t }

func (c *cell) z(t, tau int64) float64 {
	if len(c.spikes) > 0 && t-c.spikes[len(c.spikes)-1] < tau {
		return 1
	}
	return 0
}

// differ is the entry of a list of differences, or what stands for none.
func differ(list [][]float64, l, i int, otherwise float64) float64 {
	if list == nil {
		return otherwise
	}
	return list[l][i]
}

func (o *oracle) gain(l, i int) float64 { return differ(o.c.Differences.Gain, l, i, 1) }

// somatic is a potential of neuron i of layer l with gain and offset.
func (o *oracle) somatic(l, i int, u float64) float64 {
	return o.gain(l, i)*u + differ(o.c.Differences.Offset, l, i, 0)
}

func grid(x float64) float64 { return math.RoundToEven(x*units) * unit }

func newOracle(c Config, w Weights, seed, stretch uint64) *oracle {
	top := len(c.Dims) - 1
	o := &oracle{c: c, b: make([][]float64, top+1), up: make([]matrixF, top+1), down: make([]matrixF, top+1), wip: make([]matrixF, top+1), wpi: make([]matrixF, top+1),
		bas: make([][]float64, top+1), api: make([][]float64, top+1), u: make([][]float64, top+1), inn: make([][]float64, top+1),
		pyr: make([][]cell, top+1), int: make([][]cell, top+1)}
	neuron := uint64(0)
	cells := func(n int) []cell {
		cs := make([]cell, n)
		for i := range cs {
			cs[i].draws = random.New(seed, random.Spikes, neuron, stretch)
			cs[i].product, cs[i].limit = 1, 1/cs[i].draws.Float64()
			neuron++
		}
		return cs
	}
	isi := func(cs []cell, l int) {
		for i := range cs {
			cs[i].isi = c.Tau
			if r := c.Differences.Refractory; r != nil {
				cs[i].isi = max(int64(math.RoundToEven(r[l][i]*float64(c.Tau))), 1)
			}
		}
	}
	load := func(x []float64, rows, cols int) matrixF {
		m := matrixF{rows, cols, make([]float64, rows*cols)}
		for i := range m.w {
			m.w[i] = grid(x[i])
		}
		return m
	}
	for l, n := range c.Dims {
		o.pyr[l] = cells(n)
		isi(o.pyr[l], l)
		o.bas[l], o.api[l], o.u[l], o.b[l] = make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
		if l > 0 {
			o.up[l] = load(w.Up[l-1], n, c.Dims[l-1])
			for i, b := range w.Bias[l-1] {
				o.b[l][i] = grid(b)
				o.u[l][i] = o.somatic(l, i, o.b[l][i])
			}
		}
	}
	for l := 1; l < top; l++ {
		o.int[l] = cells(c.Dims[l+1])
		isi(o.int[l], l+1)
		o.inn[l] = append([]float64(nil), o.u[l+1]...)
		if c.Method == BP {
			o.down[l] = matrixF{c.Dims[l], c.Dims[l+1], make([]float64, c.Dims[l]*c.Dims[l+1])}
		} else {
			o.down[l] = load(w.Down[l-1], c.Dims[l], c.Dims[l+1])
		}
	}
	o.keep()
	return o
}

// keep ties BP's feedback and sets the self-predicting state.
func (o *oracle) keep() {
	top := len(o.c.Dims) - 1
	for l := 1; l < top; l++ {
		if o.c.Method == BP {
			for i := range o.c.Dims[l] {
				for k := range o.c.Dims[l+1] {
					*o.down[l].at(i, k) = *o.up[l+1].at(k, i)
				}
			}
		}
		o.wip[l] = matrixF{o.up[l+1].rows, o.up[l+1].cols, append([]float64(nil), o.up[l+1].w...)}
		o.wpi[l] = matrixF{o.down[l].rows, o.down[l].cols, append([]float64(nil), o.down[l].w...)}
		for i := range o.wpi[l].w {
			o.wpi[l].w[i] *= -1
		}
		if o.phase == Align {
			clear(o.wip[l].w)
			clear(o.wpi[l].w)
		}
	}
}

func (o *oracle) present(input, target []float64, phase Phase) {
	for i, x := range input {
		o.u[0][i] = grid(o.somatic(0, i, x))
	}
	o.target = nil
	if target != nil {
		o.target = make([]float64, len(target))
		for i, x := range target {
			o.target[i] = grid(x)
		}
	}
	o.phase, o.onset = phase, o.now
	o.keep()
}

func (o *oracle) decide(cs []cell, us []float64, first int) {
	for i := range cs {
		c := &cs[i]
		if c.z(o.now, c.isi) == 1 {
			continue
		}
		c.product *= 1 + detmath.Exp(us[i]-detmath.Log(float64(o.c.Tau)))
		if c.product >= c.limit {
			c.spikes = append(c.spikes, o.now)
			c.product, c.limit = 1, 1/c.draws.Float64()
			o.events = append(o.events, spike.Event{Time: o.now, Neuron: int32(first + i)})
		}
	}
}

func (o *oracle) times(m matrixF, cs []cell, dst []float64) {
	for i := range dst {
		for j := range cs {
			dst[i] += *m.at(i, j) * cs[j].z(o.now, o.c.Tau)
		}
	}
}

// mean is the mean of past[t][l][i] over the last Window steps.
func (o *oracle) mean(past [][][]float64, l, i int) float64 {
	past = past[max(0, len(past)-int(o.c.Window)):]
	sum := 0.0
	for _, p := range past {
		sum += p[l][i]
	}
	return sum * (1 / float64(len(past)))
}

func (o *oracle) step() {
	top := len(o.c.Dims) - 1
	first := 0
	for l := range o.pyr {
		if l > 0 || o.c.Input == SpikingInput {
			o.decide(o.pyr[l], o.u[l], first)
		}
		first += len(o.pyr[l])
	}
	for l := 1; l < top; l++ {
		o.decide(o.int[l], o.inn[l], first)
		first += len(o.int[l])
	}

	lambda := o.c.LambdaApical
	if o.phase == Align {
		lambda = 1
	}
	extra := make([][]float64, top+1)
	bas := make([][]float64, top+1)
	for l := 1; l <= top; l++ {
		clear(o.bas[l])
		if l == 1 && o.c.Input == MeanInput {
			for i := range o.bas[1] {
				for j, u := range o.u[0] {
					o.bas[1][i] += grid(*o.up[1].at(i, j) * detmath.Logistic(u))
				}
			}
		} else {
			o.times(o.up[l], o.pyr[l-1], o.bas[l])
		}
		bas[l] = append([]float64(nil), o.bas[l]...)
		extra[l] = make([]float64, len(o.bas[l]))
	}
	o.basPast = append(o.basPast, bas)
	for l := 1; l < top; l++ {
		clear(o.api[l])
		o.times(o.down[l], o.pyr[l+1], o.api[l])
		o.times(o.wpi[l], o.int[l], o.api[l])
		for i, v := range o.api[l] {
			extra[l][i] = grid(lambda * (o.gain(l, i) * v))
		}
		copy(o.inn[l], o.b[l+1])
		o.times(o.wip[l], o.pyr[l], o.inn[l])
		for i, u := range o.inn[l] {
			o.inn[l][i] = o.somatic(l+1, i, u)
		}
	}
	for i, x := range o.target {
		extra[top][i] = math.Trunc(o.c.LambdaNudge*(x-o.somatic(top, i, o.b[top][i])-o.gain(top, i)*o.mean(o.basPast, top, i))*units) * unit
	}
	for l := 1; l <= top; l++ {
		for i := range o.u[l] {
			o.u[l][i] = o.somatic(l, i, o.b[l][i]+o.bas[l][i]) + extra[l][i]
		}
	}
	o.extraPast = append(o.extraPast, extra)

	clip := o.c.clip()
	rho := func(u float64) float64 { return detmath.Logistic(u - detmath.Log(float64(o.c.Tau))) }
	switch {
	case o.phase == Learn && o.now-o.onset >= o.c.Lag:
		change := func(l, i int) float64 {
			free := o.somatic(l, i, o.b[l][i]+grid(o.mean(o.basPast, l, i)))
			return grid(o.c.RateUp[l-1] * (rho(free+grid(o.mean(o.extraPast, l, i))) - rho(free)))
		}
		for l := 1; l <= top; l++ {
			for j := range o.pyr[l-1] {
				share := 0.0 // of a change
				if l == 1 && o.c.Input == MeanInput {
					if (o.now-o.onset-o.c.Lag)%o.c.Tau == 0 {
						share = detmath.Logistic(o.u[0][j])
					}
				} else if c := &o.pyr[l-1][j]; c.at(o.now-1) || len(c.spikes) > 1 && c.at(o.now) && c.spikes[len(c.spikes)-2] == o.now-1 {
					share = 1
				}
				for i := range o.pyr[l] {
					if share > 0 {
						w := o.up[l].at(i, j)
						*w = min(max(*w+grid(change(l, i)*share), -clip), clip)
					}
				}
			}
		}
	case o.phase == Align && o.c.Method == SAL:
		for l := 1; l < top; l++ {
			for i := range o.pyr[l] {
				for k := range o.pyr[l+1] {
					post, pre := &o.pyr[l][i], &o.pyr[l+1][k]
					v, s := &o.c.Differences, i*len(o.pyr[l+1])+k
					amplitude, stretch := differ(v.Amplitude, l-1, s, 1), differ(v.Tau, l-1, s, 1)
					window := func(d int64) float64 {
						if o.c.SALCut > 0 && float64(d) > stretch*float64(o.c.SALCut) {
							return 0
						}
						tau := float64(o.c.Tau)
						if o.c.SALWindowTau > 0 {
							tau = o.c.SALWindowTau
						}
						return grid(o.c.RateDown[l-1] * amplitude * detmath.Exp(-float64(d)/(stretch*tau)))
					}
					w := o.down[l].at(i, k)
					// The lower neuron's change comes first, which shows at a bound only.
					if post.at(o.now) {
						*w = min(max(*w-window(o.now-pre.latestBefore(o.now)), -clip), clip)
					}
					if pre.at(o.now) {
						*w = min(max(*w+window(o.now-post.latestBefore(o.now)), -clip), clip)
					}
				}
			}
		}
	}
	o.keep()
	o.now++
}
