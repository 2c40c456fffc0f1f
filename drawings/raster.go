package drawings

import (
	"errors"
	"io/fs"

	"spikealign/experiment"
	"spikealign/figure"
)

const (
	rasterTaus   = 20 // how much of the end of a run a raster shows, in tau
	rasterSpikes = 1 << 16
)

// raster draws the end of a run whose spikes were recorded, as figures/raster; of several replicas
// the first. Without spikes, or a refractory time to measure by, it draws nothing.
func raster(f *experiment.Folder) ([]Picture, error) {
	tau, ok := f.Info.Facts["tau_ref"].(float64)
	if !ok || tau <= 0 {
		return nil, nil
	}
	s, err := f.Spikes(rasterSpikes)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(s.Events) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	unit := s.TickSteps / tau // of a tick, in tau
	last := s.Events[len(s.Events)-1].Time
	r := figure.Raster{Name: f.Info.Name, N: s.Neurons, States: true, To: rasterTaus}
	for k, e := range s.Events {
		if s.Replicas != nil && s.Replicas[k] != 0 {
			continue
		}
		// Times count from the beginning of the window, so that the axis has short labels.
		if at := rasterTaus - 1 - float64(last-e.Time)*unit; at >= -1 {
			r.Times, r.Neurons = append(r.Times, at), append(r.Neurons, int(e.Neuron))
		}
	}
	return []Picture{{"raster", r}}, nil
}
