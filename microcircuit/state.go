package microcircuit

import (
	"slices"

	"spikealign/internal/random"
	"spikealign/internal/state"
	"spikealign/spike"
)

const networkTag = "MCN1"

// pieces returns the state that is neither random streams nor scalars, in a fixed order and without
// the places that have no neuron. What is not here follows from it.
func (n *Network) pieces() (ints [][]int64, floats [][]float64) {
	ints = append(ints, n.target)
	for _, x := range [][]int64{n.u, n.last, n.count} {
		ints = append(ints, ofNeurons(n, x)...)
	}
	ints = append(ints, ofUpper(n, n.extra)...)
	rows := append(ofUpper(n, n.sums0), ofUpper(n, n.ring)...)
	ints = append(ints, rows...)
	for _, x := range [][]float64{n.product, n.limit, n.odds} {
		floats = append(floats, ofNeurons(n, x)...)
	}
	floats = append(floats, ofUpper(n, n.sums)...)
	for l := range n.layers {
		y := &n.layers[l]
		for _, x := range [][]int64{y.up, y.down} {
			ints = append(ints, columns(y, x)...)
		}
		for _, x := range [][]float64{y.upMoment, y.downMoment} {
			floats = append(floats, columns(y, x)...)
		}
	}
	return ints, floats
}

// ofNeurons returns the pieces of x, a number for each place, that belong to neurons.
func ofNeurons[T any](n *Network, x []T) (pieces [][]T) {
	for _, y := range n.layers {
		pieces = append(pieces, x[y.first:][:y.n])
	}
	for l := 1; l+1 < len(n.layers); l++ {
		pieces = append(pieces, x[n.layers[l].inter:][:n.layers[l+1].n])
	}
	return pieces
}

// ofUpper is ofNeurons for rows of numbers of the pyramidal neurons above the input.
func ofUpper[T any](n *Network, x []T) (pieces [][]T) {
	for ; len(x) > 0; x = x[n.upper:] {
		for _, y := range n.layers[1:] {
			pieces = append(pieces, x[y.off:][:y.n])
		}
	}
	return pieces
}

// columns is ofNeurons for the weights into layer y.
func columns[T any](y *layer, x []T) (pieces [][]T) {
	for ; len(x) > 0; x = x[y.stride:] {
		pieces = append(pieces, x[:y.n])
	}
	return pieces
}

const scalars = 7 // words

// stateSize is the length of the binary form, the same at all times.
func (n *Network) stateSize() int {
	words := scalars + len(n.layers)
	ints, floats := n.pieces()
	for _, x := range ints {
		words += len(x)
	}
	for _, x := range floats {
		words += len(x)
	}
	return len(networkTag) + 8*words + n.neurons*random.StreamSize
}

// AppendBinary appends the whole state (weights, potentials, spikes still acting, sliding means,
// place in the random numbers; not the configuration) to b. The error is always nil.
func (n *Network) AppendBinary(b []byte) ([]byte, error) {
	w := state.NewWriter(b, networkTag)
	w.Grow(n.stateSize())
	w.Int(n.now)
	w.Int(n.onset)
	w.Int(int64(n.phase))
	w.Bool(n.nudged)
	w.Int(n.spikes)
	w.Int(n.clipped)
	w.Int(n.stretch)
	for l := range n.layers {
		pending := int64(0)
		if n.layers[l].basalChanged {
			pending |= 1
		}
		if n.layers[l].extraChanged {
			pending |= 2
		}
		w.Int(pending)
	}
	ints, floats := n.pieces()
	for _, xs := range ints {
		w.Ints(xs)
	}
	for _, xs := range floats {
		w.Floats(xs)
	}
	for i := range n.draws {
		if n.at[i].number >= 0 {
			w.Part(&n.draws[i])
		}
	}
	return w.End()
}

// UnmarshalBinary restores a state that AppendBinary wrote for a network of the same configuration
// and the same biases. After an error the network must not be used.
func (n *Network) UnmarshalBinary(b []byte) error {
	r := state.NewReader(b, networkTag)
	r.Check(len(b) == n.stateSize(), "it belongs to a network of another size")
	n.now, n.onset = r.Int(), r.Int()
	phase := r.Int()
	n.phase, n.nudged = Phase(phase), r.Bool()
	n.spikes, n.clipped, n.stretch = r.Int(), r.Int(), r.Int()
	r.Check(n.now >= 0 && n.now <= 1<<60 && n.onset >= 0 && n.onset <= n.now && n.stretch >= 0 && n.stretch <= n.now && phase >= 0 && phase <= int64(Align) &&
		n.spikes >= 0 && n.clipped >= 0, "impossible time or phase")
	n.changed = false
	for l := range n.layers {
		pending := r.Int()
		n.layers[l].basalChanged, n.layers[l].extraChanged = pending&1 != 0, pending&2 != 0
		n.changed = n.changed || pending != 0
		r.Check(pending >= 0 && pending <= 3 && (l > 0 || pending == 0), "impossible changes of potentials")
	}
	ints, floats := n.pieces()
	for _, xs := range ints {
		r.Ints(xs)
	}
	for _, xs := range floats {
		r.Finites(xs)
	}
	for i := range n.draws {
		if n.at[i].number >= 0 {
			r.Part(random.StreamSize, &n.draws[i])
		}
	}
	if err := r.Done(); err != nil {
		return err
	}
	for i, t := range n.last {
		if n.at[i].number < 0 {
			continue
		}
		if t != never && (t < 0 || t >= n.now) || !(n.product[i] >= 1 && n.product[i] < n.limit[i] && n.limit[i] <= 0x1p60) || !(n.odds[i] >= 0) || n.count[i] < 0 {
			r.Fail("impossible neuron %d", i)
		}
	}
	for l := range n.layers {
		y := &n.layers[l]
		for _, ws := range [][]int64{y.up, y.down} {
			for k, w := range ws {
				// rounding of a product with a gain
				if bound := n.bound(y.first+k%y.stride) + 2; w > bound || w < -bound {
					r.Fail("layer %d: impossible weight", l)
				}
			}
		}
	}
	for _, t := range n.target {
		r.Check(t <= maxDrive*units && t >= -maxDrive*units, "impossible target")
	}
	if r.Err() != nil {
		return r.Err()
	}
	n.restore()
	return nil
}

// restore rebuilds what follows from the numbers.
func (n *Network) restore() {
	n.queue[0].Time = future
	n.head, n.tail = 0, 0
	for k := range n.wake {
		n.wake[k] = n.wake[k][:0]
	}
	for i, t := range n.last {
		if n.at[i].number < 0 {
			continue
		}
		n.active[i] = t >= n.now-n.cfg.Tau
		n.growth[i] = 1 + n.odds[i]
		if n.minISI != nil {
			n.silent[i] = false
			if t+n.minISI[i] >= n.now {
				n.retire(i, t)
			}
		}
		if n.silent[i] {
			n.growth[i] = 1
		}
		if n.active[i] {
			n.queue[n.tail] = spike.Event{Time: t, Neuron: int32(i)}
			n.tail++
		}
	}
	slices.SortStableFunc(n.queue[:n.tail], func(a, b spike.Event) int { return int(a.Time - b.Time) })
	n.lastFrom = n.tail
	for n.lastFrom > 0 && n.queue[n.lastFrom-1].Time == n.now-1 {
		n.lastFrom--
	}
	n.queue[n.tail].Time = future
	n.setRow()
	n.average()
	n.share = 1 / float64(min(n.now+1, n.cfg.Window))
	n.sumAll()
	n.setAim()
	n.setPhase()
}
