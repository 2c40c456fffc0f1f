package experiment

import (
	"io"

	"spikealign/internal/durable"
	"spikealign/internal/npz"
)

// writeSpikes turns the recorded spikes into spikes.npz without reading them into memory.
func (l *loop) writeSpikes() error {
	n := int(l.rec.columns[0].mark().Len / spikeColumns[0].size)
	units := "time: ticks of tick_steps simulation steps; step_seconds: s, 0 if a step has no physical duration; neuron: index from 0"
	if l.rec.replicas > 1 {
		units += "; replica: copy of the network, from 0, each with its own order of time"
	}
	return durable.WriteFile(l.path(SpikesFile), 0o666, func(w io.Writer) error {
		z := npz.NewWriter(w)
		// After an error Close returns it again.
		for k, g := range l.rec.columns {
			l.addGrown(z, spikeColumns[k].name, spikeColumns[k].dtype, []int{n}, g)
		}
		z.Add(Array{Name: "tick_steps", Data: l.facts.TickSteps})
		z.Add(Array{Name: "step_seconds", Data: l.facts.StepSeconds})
		z.Add(Array{Name: "neurons", Data: int64(l.facts.Neurons)})
		z.Add(Array{Name: "seed", Data: l.spec.Seed})
		z.Add(Array{Name: "units", Data: units})
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
			l.addGrown(z, s.name, s.dtype, append([]int{s.rows}, s.shape...), s.file)
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
