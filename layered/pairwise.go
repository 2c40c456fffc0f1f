package layered

import (
	"fmt"
	"math"

	"spikealign/synapse"
)

// pairwise sums over pairs synapse by synapse: for pairings in which a pair depends on the other
// spikes of both neurons, and for windows that differ between synapses. A spike costs a visit of
// every synapse of its neuron, about five times what the traces cost.
type pairwise struct {
	pairing synapse.Pairing
	cut     int64 // the longest window
	// of layers l and l+1: window of each synapse of Down[l], cut+1 numbers by lag, or one for all
	windows [][]int32
	total   [][]int64 // shaped as Down[l]
	done    int64     // pairs whose later spike is before this time are in total
	trains  [][]sorted
}

// maxWindows bounds the numbers of all synapses' windows.
const maxWindows = 1 << 28

// newPairwise prepares sums over the pairs of a pairing. tau, if not nil, multiplies the window's
// time constant and cut for each synapse of Down[l].
func (n *Network) newPairwise(h synapse.Half, pairing synapse.Pairing, tau [][]float64) error {
	if tooShort(h) {
		return errShort
	}
	q := &pairwise{pairing: pairing}
	stretch := 1.0
	for _, layer := range tau {
		for _, x := range layer {
			stretch = max(stretch, x)
		}
	}
	scaled := func(x float64) synapse.Half {
		h := h
		h.Tau *= x
		h.Cut *= x
		return h
	}
	q.cut = scaled(stretch).Support()
	table := func(dst []int32, h synapse.Half) {
		for d := range dst {
			dst[d] = int32(math.RoundToEven(float64(h.At(int64(d)) * (1 << sumBits))))
		}
	}
	numbers := int64(0)
	for l := range len(n.places) - 1 {
		synapses := n.places[l].n * n.places[l+1].n
		q.total = append(q.total, make([]int64, synapses))
		var windows []int32
		if tau == nil {
			windows = make([]int32, q.cut+1)
			table(windows, h)
		} else {
			if numbers += int64(synapses) * (q.cut + 1); numbers > maxWindows {
				return fmt.Errorf("windows of their own for so many synapses take more than 2^28 numbers")
			}
			windows = make([]int32, synapses*int(q.cut+1))
			for s, x := range tau[l] {
				table(windows[s*int(q.cut+1):][:q.cut+1], scaled(x))
			}
		}
		q.windows = append(q.windows, windows)
	}
	for range n.replicas {
		q.trains = append(q.trains, make([]sorted, len(n.places)))
	}
	n.pairwise = q
	return nil
}

// sumUp adds the pairs whose later spike is before the network's time.
func (q *pairwise) sumUp(n *Network) {
	from := q.done
	if from == n.time {
		return
	}
	n.each(len(n.replicas), func(a, b int) {
		for k := a; k < b; k++ {
			for l, p := range n.places {
				q.trains[k][l].sort(&n.replicas[k].trains, l, p.n, max(from-q.cut, 0), n.time, from)
			}
		}
	})
	for l := range len(n.places) - 1 {
		n.each(n.places[l].n, func(a, b int) {
			for k := range n.replicas {
				q.rows(l, k, a, b, n.places[l+1].n)
			}
		})
	}
	q.done = n.time
}

// rows adds the pairs of neurons a .. b-1 of layer l with those of the next.
func (q *pairwise) rows(l, replica, a, b, above int) {
	posts, pres := &q.trains[replica][l], &q.trains[replica][l+1]
	for i := a; i < b; i++ {
		post := posts.of(i)
		for k := range above {
			pre := pres.of(k)
			window := q.windows[l]
			if s := i*above + k; len(window) > int(q.cut)+1 {
				window = window[s*int(q.cut+1):][:q.cut+1]
			}
			q.total[l][i*above+k] += q.side(pre, post, window) - q.side(post, pre, window)
		}
	}
}

// side sums the window over pairs of a spike in late, from time 0 on, with an earlier one in early.
func (q *pairwise) side(late, early, window []int32) int64 {
	sum, before := int64(0), 0
	most := len(early)
	switch q.pairing.Kind {
	case synapse.Nearest:
		most = 1
	case synapse.Last:
		most = q.pairing.K
	}
	for at, t := range late {
		if t < 0 {
			continue
		}
		for before < len(early) && early[before] < t {
			before++
		}
		for m := before - 1; m >= max(before-most, 0); m-- {
			d := t - early[m]
			if int64(d) > q.cut || q.pairing.Kind == synapse.Nearest && at > 0 && late[at-1] >= early[m] {
				break
			}
			sum += int64(window[d])
		}
	}
	return sum
}

// of returns the times of neuron i.
func (s *sorted) of(i int) []int32 { return s.times[s.first[i]:s.first[i+1]] }
