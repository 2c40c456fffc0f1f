package experiment

import (
	"fmt"
	"io"

	"spikealign/internal/durable"
	"spikealign/internal/npz"
)

// writeSpikes turns the recorded spikes into spikes.npz without reading them into memory.
func (l *loop) writeSpikes(facts Facts) error {
	n := int(l.rec.time.mark().Len / 8)
	if int(l.rec.neuron.mark().Len/4) != n {
		return fmt.Errorf("%s and %s differ in length", timeFile, neuronFile)
	}
	return durable.WriteFile(l.path(SpikesFile), 0o666, func(w io.Writer) error {
		z := npz.NewWriter(w)
		// After an error Close returns it again.
		l.addGrown(z, "time", npz.Int64, []int{n}, l.rec.time)
		l.addGrown(z, "neuron", npz.Int32, []int{n}, l.rec.neuron)
		z.Add(npz.Array{Name: "tick_steps", Data: facts.TickSteps})
		z.Add(npz.Array{Name: "step_seconds", Data: facts.StepSeconds})
		z.Add(npz.Array{Name: "neurons", Data: int64(facts.Neurons)})
		z.Add(npz.Array{Name: "seed", Data: l.spec.Seed})
		z.Add(npz.Array{Name: "units", Data: "time: ticks of tick_steps simulation steps; step_seconds: s, 0 if a step has no physical duration; neuron: index from 0"})
		return z.Close()
	})
}

// writeArrays writes the final arrays and, after them, the snapshots.
func (l *loop) writeArrays() error {
	arrays, err := l.run.Arrays()
	if err != nil {
		return err
	}
	l.info.Arrays = nil
	return durable.WriteFile(l.path(ArraysFile), 0o666, func(w io.Writer) error {
		z := npz.NewWriter(w)
		for _, a := range arrays {
			z.Add(a)
			l.info.Arrays = append(l.info.Arrays, a.Name)
		}
		for _, s := range l.rec.snaps {
			l.addGrown(z, s.name, npz.Float64, append([]int{s.rows}, s.shape...), s.file)
			l.info.Arrays = append(l.info.Arrays, s.name)
		}
		return z.Close()
	})
}

func (l *loop) addGrown(z *npz.Writer, name string, t npz.DType, shape []int, g *growing) {
	r, err := g.reader()
	if err != nil {
		r = io.NopCloser(failing{err})
	}
	defer r.Close()
	z.AddStream(name, t, shape, r)
}

// failing is a reader that returns an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
