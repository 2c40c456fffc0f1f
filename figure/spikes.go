package figure

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"spikealign/experiment"
	"spikealign/internal/npz"
)

const (
	rasterTaus   = 20 // how much of the end of a run a raster shows, in tau
	rasterSpikes = 1 << 16
)

// runRaster draws the end of a run whose spikes were recorded, as figures/raster. Without spikes, or a refractory time to measure by, it draws nothing.
func runRaster(dir string, info experiment.Info) ([]string, error) {
	tau, ok := info.Facts["tau_ref"].(float64)
	if !ok || tau <= 0 {
		return nil, nil
	}
	z, err := npz.Open(filepath.Join(dir, experiment.SpikesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer z.Close()
	ticks, _, err := z.Float64s("tick_steps")
	if err != nil {
		return nil, err
	}
	n, err := z.Uint64("neurons")
	if err != nil {
		return nil, err
	}
	times, err := lastOf(z, "time", 8)
	if err != nil {
		return nil, err
	}
	neurons, err := lastOf(z, "neuron", 4)
	if err != nil {
		return nil, err
	}
	if len(times) != len(neurons) {
		return nil, fmt.Errorf("%s: %d times for %d neurons", filepath.Join(dir, experiment.SpikesFile), len(times), len(neurons))
	}
	if len(times) == 0 {
		return nil, nil
	}
	unit := ticks[0] / tau // of a tick, in tau
	last := times[len(times)-1]
	r := Raster{Name: info.Name, N: int(n), States: true, To: rasterTaus}
	for k, t := range times {
		// Times count from the beginning of the window, so that the axis has short labels.
		if at := rasterTaus - 1 - float64(last-t)*unit; at >= -1 {
			r.Times, r.Neurons = append(r.Times, at), append(r.Neurons, int(neurons[k]))
		}
	}
	return save(r, dir, "raster")
}

// lastOf returns the last rasterSpikes entries of an array of little-endian integers of 4 or 8 bytes, in bounded memory.
func lastOf(z *npz.Reader, name string, size int) ([]int64, error) {
	_, shape, in, err := z.Stream(name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	if len(shape) != 1 {
		return nil, fmt.Errorf("%s of spikes.npz is no list", name)
	}
	skip := max(0, shape[0]-rasterSpikes)
	if _, err := io.CopyN(io.Discard, in, int64(skip)*int64(size)); err != nil {
		return nil, err
	}
	b := bufio.NewReader(in)
	out := make([]int64, shape[0]-skip)
	word := make([]byte, size)
	for k := range out {
		if _, err := io.ReadFull(b, word); err != nil {
			return nil, err
		}
		if size == 4 {
			out[k] = int64(int32(binary.LittleEndian.Uint32(word)))
		} else {
			out[k] = int64(binary.LittleEndian.Uint64(word))
		}
	}
	return out, nil
}
