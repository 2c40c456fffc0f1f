package recording

import (
	"errors"
	"fmt"
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
	if z.Has("replica") {
		return fmt.Errorf("%s has spikes of several replicas of a network (array replica), and a recording is of one; record a run with one replica, or write the spikes of one to a file of their own", name)
	}
	times, err := openColumn(z, name, timeNames)
	if err != nil {
		return err
	}
	defer times.Close()
	// In an archive "neurons" is how many there are, and "unit" that of the times.
	ids, err := openNeurons(z, name, slices.DeleteFunc(slices.Clone(neuronNames), func(s string) bool { return s == "neurons" || s == "unit" || s == "units" }))
	if err != nil {
		return err
	}
	defer ids.Close()
	if times.Len != ids.length {
		return fmt.Errorf("%s: %d times, but %d neurons", name, times.Len, ids.length)
	}
	if err := r.begin(name, NPZ, unit, fine, step); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	factor := int64(fine)
	if unit == Steps {
		factor = 1 // integers are ticks already
	}
	for k := 0; k < times.Len; {
		n := min(columnBlock, times.Len-k)
		if err := errors.Join(times.read(n), ids.read(n)); err != nil {
			return fmt.Errorf("cannot read the spikes: %w", err)
		}
		if err := r.progress(int64(n * (times.Size + ids.size))); err != nil {
			return err
		}
		for i := range n {
			r.line = int64(k + i + 1)
			t, v := times.at(i, factor)
			if v == good || r.judge(v, times.text(i)) {
				if id, problem := ids.at(r, i); problem != "" {
					r.problem("%s", problem)
				} else if err := r.spike(t, id); err != nil {
					return err
				}
			}
			if len(r.problems) >= maxProblems {
				return r.fail()
			}
		}
		k += n
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
		if !(tick > 0 && tick <= 1 && math.Abs(float64(math.Round(1/tick)*tick)-1) < 1e-9) {
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

const columnBlock = 1 << 13 // elements read at a time

// column is an array of numbers that is read piece by piece.
type column struct {
	*npz.Numbers
	ints   []int64
	floats []float64 // nil for integers
}

// find returns the first of the names that an archive has.
func find(z *npz.Reader, file string, names []string) (string, error) {
	k := slices.IndexFunc(names, z.Has)
	if k < 0 {
		return "", fmt.Errorf("%s: no array %s; it has %s", file, names[0], strings.Join(z.Names(), ", "))
	}
	return names[k], nil
}

func openColumn(z *npz.Reader, file string, names []string) (*column, error) {
	name, err := find(z, file, names)
	if err != nil {
		return nil, err
	}
	n, err := z.Numbers(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read the spikes: %w", err)
	}
	c := &column{Numbers: n}
	if n.Float {
		c.floats = make([]float64, columnBlock)
	} else {
		c.ints = make([]int64, columnBlock)
	}
	return c, nil
}

// read decodes the next n elements.
func (c *column) read(n int) error {
	if c.Float {
		return c.Float64s(c.floats[:n])
	}
	return c.Int64s(c.ints[:n])
}

// at returns element i times factor.
func (c *column) at(i int, factor int64) (int64, verdict) {
	if c.Float {
		return fromFloat(c.floats[i], float64(factor))
	}
	v := c.ints[i]
	switch {
	case v > maxTime/factor || v < -((maxTime-1)/factor):
		return 0, tooLarge
	}
	return v * factor, good
}

func (c *column) text(i int) string {
	if c.Float {
		return strconv.FormatFloat(c.floats[i], 'g', -1, 64)
	}
	return strconv.FormatInt(c.ints[i], 10)
}

// neurons is the array of the neurons: numbers, or names.
type neurons struct {
	length, size int
	numbers      *column // nil for names
	words        *npz.Words
	names        []string
}

func openNeurons(z *npz.Reader, file string, names []string) (*neurons, error) {
	name, err := find(z, file, names)
	if err != nil {
		return nil, err
	}
	areWords, err := z.HasWords(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read the spikes: %w", err)
	}
	if !areWords {
		c, err := openColumn(z, file, names)
		if err != nil {
			return nil, err
		}
		return &neurons{length: c.Len, size: c.Size, numbers: c}, nil
	}
	w, err := z.Words(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read the spikes: %w", err)
	}
	if w.Size > 4*maxName {
		return nil, errors.Join(fmt.Errorf("%s: names of neurons in %q have room for %d characters; at most %d are allowed", file, name, w.Size/4, maxName), w.Close())
	}
	return &neurons{length: w.Len, size: w.Size, words: w, names: make([]string, columnBlock)}, nil
}

func (c *neurons) Close() error {
	if c.numbers != nil {
		return c.numbers.Close()
	}
	return c.words.Close()
}

// read decodes the next n elements.
func (c *neurons) read(n int) error {
	if c.numbers != nil {
		return c.numbers.read(n)
	}
	return c.words.Strings(c.names[:n])
}

// at returns neuron i, or says what is wrong with it.
func (c *neurons) at(r *reader, i int) (id int64, problem string) {
	if c.numbers == nil {
		name := []byte(c.names[i])
		if !isName(name) {
			return 0, fmt.Sprintf("neuron %s is no name that begins with a letter", quoted(name))
		}
		return r.named(name)
	}
	id, v := c.numbers.at(i, 1)
	switch {
	case v != good || id < 0:
		return 0, fmt.Sprintf("neuron %s is not a whole number from 0 on", c.numbers.text(i))
	case r.names != nil:
		return 0, fmt.Sprintf("neuron %d is a number, but those before have names: let all be numbers, or all names", id)
	}
	return id, ""
}
