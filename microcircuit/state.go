package microcircuit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"spikealign/internal/random"
	"spikealign/spike"
)

const networkTag = "MCN1"

// numbers returns the state that is neither random streams nor scalars, in a fixed order. What is
// not here follows from it.
func (n *Network) numbers() (ints [][]int64, floats [][]float64) {
	ints = [][]int64{n.target, n.u, n.last, n.count, n.extra, n.sums0, n.ring}
	floats = [][]float64{n.product, n.limit, n.odds, n.sums}
	for l := range n.layers {
		y := &n.layers[l]
		ints = append(ints, y.up, y.down)
		floats = append(floats, y.upMoment, y.downMoment)
	}
	return ints, floats
}

const scalars = 7

// stateSize is the length of the binary form, the same at all times.
func (n *Network) stateSize() int {
	words := scalars + len(n.layers)
	ints, floats := n.numbers()
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
	b = append(slices.Grow(b, n.stateSize()), networkTag...)
	le := binary.LittleEndian
	nudged := int64(0)
	if n.nudged {
		nudged = 1
	}
	for _, x := range [scalars]int64{n.now, n.onset, int64(n.phase), nudged, n.spikes, n.clipped, n.stretch} {
		b = le.AppendUint64(b, uint64(x))
	}
	for l := range n.layers {
		pending := uint64(0)
		if n.layers[l].basalChanged {
			pending |= 1
		}
		if n.layers[l].extraChanged {
			pending |= 2
		}
		b = le.AppendUint64(b, pending)
	}
	ints, floats := n.numbers()
	for _, xs := range ints {
		for _, x := range xs {
			b = le.AppendUint64(b, uint64(x))
		}
	}
	for _, xs := range floats {
		for _, x := range xs {
			b = le.AppendUint64(b, math.Float64bits(x))
		}
	}
	for i := range n.draws {
		b, _ = n.draws[i].AppendBinary(b)
	}
	return b, nil
}

// UnmarshalBinary restores a state that AppendBinary wrote for a network of the same configuration
// and the same biases. After an error the network must not be used.
func (n *Network) UnmarshalBinary(b []byte) error {
	if len(b) < len(networkTag) || string(b[:len(networkTag)]) != networkTag {
		return fmt.Errorf("microcircuit: state does not begin with %q", networkTag)
	}
	if len(b) != n.stateSize() {
		return fmt.Errorf("microcircuit: state has %d bytes, not %d: it belongs to another network", len(b), n.stateSize())
	}
	b = b[len(networkTag):]
	word := func() uint64 {
		x := binary.LittleEndian.Uint64(b)
		b = b[8:]
		return x
	}
	var s [scalars]int64
	for i := range s {
		s[i] = int64(word())
	}
	n.changed = false
	for l := range n.layers {
		pending := word()
		n.layers[l].basalChanged, n.layers[l].extraChanged = pending&1 != 0, pending&2 != 0
		n.changed = n.changed || pending != 0
		if pending > 3 || l == 0 && pending != 0 {
			return errors.New("microcircuit: state: impossible changes of potentials")
		}
	}
	ints, floats := n.numbers()
	for _, xs := range ints {
		for i := range xs {
			xs[i] = int64(word())
		}
	}
	for _, xs := range floats {
		for i := range xs {
			xs[i] = math.Float64frombits(word())
		}
	}
	for i := range n.draws {
		if err := n.draws[i].UnmarshalBinary(b[:random.StreamSize]); err != nil {
			return err
		}
		b = b[random.StreamSize:]
	}
	n.now, n.onset, n.phase, n.nudged, n.spikes, n.clipped, n.stretch = s[0], s[1], Phase(s[2]), s[3] == 1, s[4], s[5], s[6]
	if n.now < 0 || n.now > 1<<60 || n.onset < 0 || n.onset > n.now || n.stretch < 0 || n.stretch > n.now || s[2] < 0 || s[2] > int64(Align) ||
		s[3]>>1 != 0 || n.spikes < 0 || n.clipped < 0 {
		return errors.New("microcircuit: state: impossible time or phase")
	}
	for i, t := range n.last {
		if t != never && (t < 0 || t >= n.now) || !(n.product[i] >= 1 && n.product[i] < n.limit[i] && n.limit[i] <= 0x1p60) || !(n.odds[i] >= 0) || n.count[i] < 0 {
			return fmt.Errorf("microcircuit: state: impossible neuron %d", i)
		}
	}
	for l := range n.layers {
		for _, ws := range [][]int64{n.layers[l].up, n.layers[l].down} {
			for _, w := range ws {
				if w > n.clip || w < -n.clip {
					return fmt.Errorf("microcircuit: state: layer %d: impossible weight", l)
				}
			}
		}
	}
	for _, xs := range floats {
		for _, x := range xs {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return errors.New("microcircuit: state: a number is not finite")
			}
		}
	}
	for _, t := range n.target {
		if t > maxDrive*units || t < -maxDrive*units {
			return errors.New("microcircuit: state: impossible target")
		}
	}
	n.restore()
	return nil
}

// restore rebuilds what follows from the numbers.
func (n *Network) restore() {
	n.queue[0].Time = future
	n.head, n.tail = 0, 0
	for i, t := range n.last {
		n.active[i] = t >= n.now-n.cfg.Tau
		n.growth[i] = 1 + n.odds[i]
		if n.active[i] {
			n.growth[i] = 1
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
	n.row = int(n.now%(n.cfg.Window+1)) * len(n.drive)
	n.share = 1 / float64(min(n.now+1, n.cfg.Window))
	n.sumAll()
	n.setAim()
}
