package recording

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"spikealign/internal/npz"
)

// npz reads a numpy archive, both arrays side by side.
func (r *reader) npz(name string) (err error) {
	z, err := npz.Open(name)
	if err != nil {
		return fmt.Errorf("cannot read the spikes: %w", err)
	}
	defer func() { err = errors.Join(err, z.Close()) }()
	unit, fine, step, err := r.npzClock(z, name)
	if err != nil {
		return err
	}
	times, err := openColumn(z, name, timeNames)
	if err != nil {
		return err
	}
	defer times.Close()
	ids, err := openColumn(z, name, slices.DeleteFunc(slices.Clone(neuronNames), func(s string) bool { return s == "neurons" || s == "unit" || s == "units" }))
	if err != nil {
		return err
	}
	defer ids.Close()
	if times.n != ids.n {
		return fmt.Errorf("%s: %d times, but %d neurons", name, times.n, ids.n)
	}
	if err := r.begin(name, NPZ, unit, fine, step); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	factor := int64(fine)
	if unit == Steps {
		factor = 1 // integers are ticks already
	}
	for k := 0; k < times.n; {
		n := min(columnBlock, times.n-k)
		for _, c := range []*column{times, ids} {
			if err := c.read(n); err != nil {
				return fmt.Errorf("%s: array %q: %w", name, c.name, err)
			}
		}
		if err := r.progress(int64(n * (times.size + ids.size))); err != nil {
			return err
		}
		for i := range n {
			r.line = int64(k + i + 1)
			t, v := times.at(i, factor)
			id, w := ids.at(i, 1)
			switch {
			case !r.judge(v, times.text(i)):
			case w != good:
				r.problem("neuron %s is not a whole number from 0 on", ids.text(i))
			default:
				if err := r.spike(t, id); err != nil {
					return err
				}
			}
			if len(r.problems) >= maxProblems {
				return r.fail()
			}
		}
		k += n
	}
	for _, c := range []*column{times, ids} {
		// where the checksum is compared
		if _, err := io.ReadFull(c.ReadCloser, c.buf[:1]); err != io.EOF {
			return fmt.Errorf("%s: array %q is damaged: %w", name, c.name, err)
		}
	}
	return nil
}

// npzClock returns unit, fine ticks per unit and physical duration of a step.
func (r *reader) npzClock(z *npz.Reader, name string) (Unit, float64, float64, error) {
	bad := func(format string, args ...any) (Unit, float64, float64, error) {
		return "", 0, 0, fmt.Errorf("%s: "+format, append([]any{name}, args...)...)
	}
	one := func(array string) (float64, error) {
		x, _, err := z.Float64s(array)
		if err == nil && (len(x) != 1 || !(x[0] >= 0 && x[0] <= math.MaxFloat64)) {
			err = fmt.Errorf("%s: array %q is not one number of at least 0", name, array)
		}
		if err != nil {
			return 0, err
		}
		return x[0], nil
	}
	unit := r.o.Unit
	if z.Has("tick_steps") {
		if unit != "" && unit != Steps {
			return bad("%w", optionError(fmt.Sprintf("mixed units: the file counts ticks of tick_steps steps, and %s was asked for", unit)))
		}
		tick, err := one("tick_steps")
		if err != nil {
			return "", 0, 0, err
		}
		if !(tick > 0 && tick <= 1 && math.Abs(math.Round(1/tick)*tick-1) < 1e-9) {
			return bad("tick_steps = %v: a step must be a whole number of ticks", tick)
		}
		step := 0.0
		if z.Has("step_seconds") {
			if step, err = one("step_seconds"); err != nil {
				return "", 0, 0, err
			}
		}
		return Steps, math.Round(1 / tick), step, nil
	}
	if z.Has("unit") {
		text, err := z.String("unit")
		if err != nil {
			return "", 0, 0, err
		}
		told, err := ParseUnit(text)
		if err != nil {
			return bad("%w", err)
		}
		if unit != "" && unit != told {
			return bad("%w", optionError(fmt.Sprintf("mixed units: the file says %s, and %s was asked for", told, unit)))
		}
		unit = told
	}
	if unit == "" {
		return bad("%w", optionError("the unit of the times is not known: name it (--unit s, ms, us, ns or steps), or add a string unit to the archive"))
	}
	return unit, float64(powersOfTen[unit.digits()]), 0, nil
}

const columnBlock = 1 << 13 // elements decoded at a time

// column is an array of numbers that is read piece by piece.
type column struct {
	io.ReadCloser
	name   string
	n      int
	kind   byte // i, u or f
	size   int
	order  binary.ByteOrder
	buf    []byte
	ints   []int64
	floats []float64
}

func openColumn(z *npz.Reader, file string, names []string) (*column, error) {
	name := ""
	for _, s := range names {
		if z.Has(s) {
			name = s
			break
		}
	}
	if name == "" {
		return nil, fmt.Errorf("%s: no array %s; it has %s", file, names[0], strings.Join(z.Names(), ", "))
	}
	t, shape, rc, err := z.Stream(name)
	if err != nil {
		return nil, err
	}
	c := &column{ReadCloser: rc, name: name, kind: t[1], order: binary.LittleEndian}
	c.size, err = strconv.Atoi(string(t[2:]))
	if t[0] == '>' {
		c.order = binary.BigEndian
	}
	if err != nil || strings.IndexByte("iuf", c.kind) < 0 || len(shape) != 1 {
		return nil, errors.Join(fmt.Errorf("%s: array %q has type %s and shape %v: must be a list of numbers", file, name, t, shape), rc.Close())
	}
	c.n = shape[0]
	c.buf = make([]byte, columnBlock*c.size)
	if c.kind == 'f' {
		c.floats = make([]float64, columnBlock)
	} else {
		c.ints = make([]int64, columnBlock)
	}
	return c, nil
}

// read decodes the next n elements.
func (c *column) read(n int) error {
	b := c.buf[:n*c.size]
	if _, err := io.ReadFull(c.ReadCloser, b); err != nil {
		return fmt.Errorf("is damaged or cut off: %w", err)
	}
	little := c.order == binary.LittleEndian
	switch {
	case c.kind == 'i' && c.size == 8 && little:
		for i := range n {
			c.ints[i] = int64(binary.LittleEndian.Uint64(b[8*i:]))
		}
	case c.kind == 'i' && c.size == 4 && little:
		for i := range n {
			c.ints[i] = int64(int32(binary.LittleEndian.Uint32(b[4*i:])))
		}
	case c.kind == 'f' && c.size == 8:
		for i := range n {
			c.floats[i] = math.Float64frombits(c.order.Uint64(b[8*i:]))
		}
	case c.kind == 'f':
		for i := range n {
			c.floats[i] = float64(math.Float32frombits(c.order.Uint32(b[4*i:])))
		}
	default:
		for i := range n {
			var u uint64
			switch e := b[i*c.size:]; c.size {
			case 1:
				u = uint64(e[0])
			case 2:
				u = uint64(c.order.Uint16(e))
			case 4:
				u = uint64(c.order.Uint32(e))
			default:
				u = c.order.Uint64(e)
			}
			if c.kind == 'i' {
				shift := 64 - 8*c.size
				u = uint64(int64(u<<shift) >> shift)
			} else if u > math.MaxInt64 {
				u = math.MaxInt64 // too large in any case
			}
			c.ints[i] = int64(u)
		}
	}
	return nil
}

// at returns element i times factor.
func (c *column) at(i int, factor int64) (int64, verdict) {
	if c.floats != nil {
		return fromFloat(c.floats[i], float64(factor))
	}
	v := c.ints[i]
	switch {
	case v < 0:
		return 0, negative
	case v > maxTime/factor:
		return 0, tooLarge
	}
	return v * factor, good
}

func (c *column) text(i int) string {
	if c.floats != nil {
		return strconv.FormatFloat(c.floats[i], 'g', -1, 64)
	}
	return strconv.FormatInt(c.ints[i], 10)
}
