package figure

import (
	"fmt"
	"math"
)

// PairSpikes is two neurons spiking, with the pairs of spikes that a learning rule takes and what
// each changes.
type PairSpikes struct {
	Times    []float64   // of spikes, tau, ascending
	Neurons  []int       // the neuron of each, 1 or 2
	Pairs    []SpikePair // in the order of their later spikes
	From, To float64     // the window drawn, tau
	Until    float64     // what comes later is not shown yet
}

// SpikePair is one pair of spikes, of one neuron each.
type SpikePair struct {
	Earlier, Later     float64 // tau
	Second             int     // the neuron that fires second, 1 or 2: causal for its synapse
	Change12, Change21 float64 // of the weights
}

// Figure draws the spikes with the states that follow them and a line for each pair, and below it
// the sums of the changes, on an axis that all pairs fit on. It returns an *InputError for columns
// of unequal length, other neurons, and a window that ends before it starts or is over.
func (s PairSpikes) Figure() (*Figure, error) {
	bad := func(field, format string, args ...any) error {
		return &InputError{"PairSpikes", field, fmt.Sprintf(format, args...)}
	}
	if len(s.Times) != len(s.Neurons) {
		return nil, bad("Neurons", "%d neurons for %d spike times", len(s.Neurons), len(s.Times))
	}
	if !moderate(s.From) || !moderate(s.To) || s.From >= s.To || !(s.Until >= s.From) {
		return nil, bad("To", "the window %g to %g, until %g, is empty", s.From, s.To, s.Until)
	}
	until := min(s.To, s.Until)
	lag := Axis{Label: "time", Unit: "τ", Tight: true}
	lag.include(s.From, s.To)
	top := &Panel{Heading: "spikes and pairs", X: lag, Y: Axis{Label: "neuron", Tight: true, Ticks: []Tick{{1, "1"}, {2, "2"}}}, Height: 60}
	top.Y.include(0.4, 2.6)
	spikes := Series{Kind: Spikes, Label: "spike", Look: line(Ink, 1.2)}
	for k, t := range s.Times {
		if n := s.Neurons[k]; n != 1 && n != 2 {
			return nil, bad("Neurons", "spike %d is of neuron %d, not of 1 or 2", k, n)
		}
		if t <= until && t > s.From-1 {
			spikes.X, spikes.Y = append(spikes.X, t), append(spikes.Y, float64(s.Neurons[k]))
		}
	}
	top.explain(spikes.Label, spikes.Look)
	top.Series = append(top.Series, Series{Kind: Blocks, Label: `state \i{z} = 1`, Look: area(Sixth, 0.45), X: spikes.X, Y: spikes.Y, Size: 1}, spikes)

	sum := &Panel{Heading: "change of the weights, summed up", X: lag, Y: Axis{Label: "sum over pairs"}, Height: 70}
	sum.Y.include(0)
	sum.under(zeroLevel)
	lines := [2]Series{causal12Pair, causal21Pair} // by the neuron that fires second
	var total12, total21 float64
	var x, w12, w21 []float64
	step := func(t float64) { x, w12, w21 = append(x, t), append(w12, total12), append(w21, total21) }
	for _, p := range s.Pairs {
		if p.Second != 1 && p.Second != 2 {
			return nil, bad("Pairs", "neuron %d fires second, not 1 or 2", p.Second)
		}
		shown := p.Later > s.From && p.Later <= until
		if p.Later > s.From && x == nil {
			step(s.From)
		}
		if shown {
			step(p.Later)
		}
		total12, total21 = total12+p.Change12, total21+p.Change21
		sum.Y.include(total12, total21)
		if !shown {
			continue
		}
		step(p.Later)
		l := &lines[p.Second-1]
		if l.X != nil {
			l.X, l.Y = append(l.X, math.NaN()), append(l.Y, math.NaN())
		}
		at, row, to := p.Earlier, float64(3-p.Second), float64(p.Second)
		if at < s.From { // the line enters from the left
			at, row = s.From, row+(to-row)*(s.From-at)/(p.Later-at)
		}
		l.X, l.Y = append(l.X, at, p.Later), append(l.Y, row, to)
	}
	if x == nil {
		step(s.From)
	}
	x, w12, w21 = append(x, until), append(w12, w12[len(w12)-1]), append(w21, w21[len(w21)-1])
	for _, l := range lines {
		l.Kind = XY
		top.Series = append(top.Series, l)
	}
	sum.curve(weight12, x, w12, line(synapse12, 1.2))
	sum.curve(weight21, x, w21, Look{Color: synapse21, Width: 1.2, Dashes: []float64{5, 1.5}})
	g := &Figure{Width: readmeWidth, Columns: 1, Height: 70}
	g.add(top)
	g.add(sum)
	return g, nil
}

// The lines between the spikes of a pair, and the second cue beside their colours.
var (
	causal12Pair = legend("neuron 1 second: causal for "+weight12, line(synapse12, 1.4))
	causal21Pair = legend("neuron 2 second: causal for "+weight21, Look{Color: synapse21, Width: 1.4, Dashes: []float64{5, 1.5}})
)
