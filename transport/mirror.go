package transport

import (
	"math"

	"spikealign/internal/state"
	"spikealign/settings"
)

// Mirror is the weight mirror (Akrout, Wilson, Humphreys, Lillicrap & Tweed, Deep learning without
// weight transport, NeurIPS 2019): noise in a layer, the response of the next one, and feedback
// weights that follow their product.
//
//	B += Rate * (x y' - Decay*B)
//
// The published mirror has units with graded activity and no time. This is its form for spiking
// neurons of Ahmad, Ambrogioni & van Gerven (2020), because it can be compared: it has the neurons
// and the stimulus of STDWI, and its time counts. x and y are numbers of spikes in a period of the
// stimulus less their means over a batch of periods, which takes the place of zero-mean noise. B
// changes at the end of each batch, for its periods one after another.
//
// The differences of synapses that a problem may have do not exist here.
type Mirror struct {
	LIF
	Rate  float64 `yaml:"rate" default:"0.02" range:"[0, 1e6]" also:"lr, learning_rate" doc:"learning rate, per period of the stimulus; raised 40-fold for short times, as that of stdwi is, from the published 0.0005"`
	Decay float64 `yaml:"decay" default:"0.2" range:"[0, 1e6]" also:"decay_factor" doc:"decay of the feedback weights, relative to the rate"`
	Batch int     `yaml:"batch" default:"100" range:"[2, 1e6]" unit:"periods" also:"batch_size" doc:"periods of the stimulus whose means are taken off"`
}

// Doc implements Method.
func (s *Mirror) Doc() string {
	return "The weight mirror: products of what a layer and the next one do under noise (Akrout et al. 2019), with spiking neurons (Ahmad et al. 2020)."
}

// Validate implements Method.
func (s *Mirror) Validate(layers []int) settings.Problems {
	ps := settings.Check(s)
	s.relate(&ps, layers)
	if !ps.Has("rate", "decay") && s.Rate*s.Decay > 1 {
		ps.Add("decay", "must be at most 1/rate, %.3g: with more the feedback weights would swing", 1/s.Rate)
	}
	return ps
}

// Clock implements Method.
func (s *Mirror) Clock() (stepSeconds float64, replicas int) { return s.StepSeconds, 1 }

// Updates implements Method: weights change at the end of a batch.
func (s *Mirror) Updates() (setting string, steps int64) { return "batch", int64(s.Batch) * s.period() }

// Start implements Method.
func (s *Mirror) Start(p Problem) (Learner, error) {
	if err := s.Validate(p.Layers).Err(); err != nil {
		return nil, err
	}
	// what the product of period k is worth at the end of the batch
	worth := make([]float64, s.Batch+1)
	left := 1.0
	for k := s.Batch - 1; k >= 0; k-- {
		worth[k] = float64(s.Rate * left)
		left = float64(left * (1 - float64(s.Rate*s.Decay)))
	}
	total := 0.0
	for _, x := range worth {
		total += x
	}
	return s.newLIF(p, "WMI1", func(below, above int, b []float64) lifRule {
		return &mirror{
			batch: int64(s.Batch), period: s.period(), worth: worth, total: total, left: left,
			b: b, products: make([]float64, len(b)), in: newMirrorCounts(below), out: newMirrorCounts(above),
		}
	})
}

// mirrorCounts is the spikes of the neurons of a layer.
type mirrorCounts struct {
	now   []int32   // in the present period
	sum   []float64 // in the batch
	worth []float64 // in the batch, weighted by worth
}

func newMirrorCounts(n int) mirrorCounts {
	return mirrorCounts{make([]int32, n), make([]float64, n), make([]float64, n)}
}

// mirror is the rule for a pair of layers. Products of counts are summed over a batch, with what
// each is worth at its end; the means are taken off there:
//
//	sum of g_k (x_k - X)(y_k - Y)
//	    = sum of g_k x_k y_k - X sum of g_k y_k - Y sum of g_k x_k + X Y sum of g_k
//
// Cost: in each period about 1 ns for each pair of a neuron and one of the other layer, both of
// which have spiked, and 2 ns for each pair at all at the end of a batch.
type mirror struct {
	batch, period int64
	worth         []float64
	total         float64 // sum of worth
	left          float64 // of the feedback weights after a batch
	b, products   []float64
	in, out       mirrorCounts
	active        []int32 // inputs that have spiked in the period that ends
}

// ends tells whether a period ends with the piece, which one of its batch, and whether it is the
// last.
func (r *mirror) ends(in *lifPiece) (period bool, k int64, batch bool) {
	k = (in.until/r.period + r.batch - 1) % r.batch
	period = in.until%r.period == 0
	return period, k, period && k == r.batch-1
}

func (r *mirror) gather(in *lifPiece) {
	for _, j := range in.ids {
		r.in.now[j]++
	}
	r.active = r.active[:0]
	if period, k, _ := r.ends(in); period {
		for j, n := range r.in.now {
			if n > 0 {
				r.active = append(r.active, int32(j))
				r.in.sum[j] += float64(n)
				r.in.worth[j] += float64(r.worth[k] * float64(n))
			}
		}
	}
}

func (r *mirror) learn(tile int, in, out *lifPiece) {
	for _, i := range out.ids {
		r.out.now[i]++
	}
	period, k, batch := r.ends(in)
	if !period {
		return
	}
	below := len(r.in.now)
	first := tile * lifLanes
	for i := first; i < min(first+lifLanes, len(r.out.now)); i++ {
		if n := r.out.now[i]; n > 0 {
			x := float64(r.worth[k] * float64(n))
			r.out.sum[i] += float64(n)
			r.out.worth[i] += x
			r.out.now[i] = 0
			p := r.products[i*below:][:below]
			for _, j := range r.active {
				p[j] += float64(x * float64(r.in.now[j]))
			}
		}
		if batch {
			r.reflect(i)
		}
	}
}

// reflect changes the weights to output i at the end of a batch.
func (r *mirror) reflect(i int) {
	below := len(r.in.now)
	b, p := r.b[i*below:][:below], r.products[i*below:][:below]
	mean, worth := r.out.sum[i]/float64(r.batch), r.out.worth[i]
	for j := range b {
		x := r.in.sum[j] / float64(r.batch)
		change := p[j] - float64(x*worth) - float64(mean*r.in.worth[j]) + float64(float64(x*mean)*r.total)
		b[j] = float64(r.left*b[j]) + change
	}
	clear(p)
	r.out.sum[i], r.out.worth[i] = 0, 0
}

func (r *mirror) end(in *lifPiece) {
	period, _, batch := r.ends(in)
	if period {
		clear(r.in.now)
	}
	if batch {
		clear(r.in.sum)
		clear(r.in.worth)
	}
}

func (r *mirror) append(w *state.Writer) {
	w.Floats(r.products)
	for _, c := range [...]mirrorCounts{r.in, r.out} {
		w.Int32s(c.now)
		w.Floats(c.sum)
		w.Floats(c.worth)
	}
}

func (r *mirror) read(s *state.Reader) {
	s.Finites(r.products)
	for _, c := range [...]mirrorCounts{r.in, r.out} {
		s.Int32s(c.now)
		s.Finites(c.sum)
		s.Finites(c.worth)
		for k, n := range c.now {
			s.Check(n >= 0 && int64(n) <= r.period, "an impossible number of spikes")
			s.Check(c.sum[k] >= 0 && c.sum[k] <= float64(r.batch*r.period) && math.Abs(c.worth[k]) < 1e200, "an impossible number of spikes")
		}
	}
}
