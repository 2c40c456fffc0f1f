// Package sample samples with the weights of finished runs: free, or with neurons clamped, which
// completes patterns.
//
// A sample's folder holds
//
//	sample.json     where the weights come from, what was clamped, how long it ran
//	marginals.csv   how often each neuron is on
//	states.csv      how often each joint state of the visible neurons was visited
//	arrays.npz      the same as arrays: states (states x visible), probability, mean, ...
//	figures/        for images: the most frequent ones, and the mean
package sample

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"

	"spikealign/boltzmann"
	"spikealign/experiment"
	"spikealign/kinds"
	"spikealign/sampling"
)

// Options say how to sample.
type Options struct {
	Clamp    string // "NEURON=0|1,...", NEURON a number from 0 or a range such as 3-7; "": none
	Settle   int64  // unmeasured time from rest, tau
	Duration int64  // measured time, tau
	Seed     uint64 // of the spikes
	Progress func(share float64)
}

// Result is what sampling gave, and for which network.
type Result struct {
	From     experiment.SourceInfo
	Options  Options
	TauRef   int64 // steps
	Dynamics sampling.Dynamics
	Visible  int
	Clamps   []sampling.Clamping // of all neurons
	*sampling.Samples
	// Target is the distribution of the visible neurons that the run was to learn, given the
	// clamps, where it is known; bit i of the index is z_i.
	Target []float64
	// DKL is D_KL(Target || sampled) in nats; NaN without a target. Unvisited is the number of
	// states of the target that were not visited; above 0, DKL is an estimate with half a sample
	// added to every state.
	DKL       float64
	Unvisited int
	Side      int // of the images that the visible neurons show, pixels; 0: they show none
}

// Run samples with the weights of a finished run of kind sampling: "FOLDER", or "FOLDER#EPOCH" for
// those of a report. Errors that wrap experiment.ErrUsage say what cannot be sampled as it was
// asked.
func Run(ctx context.Context, from string, o Options) (*Result, error) {
	kind := kinds.Sampling{}
	source, err := experiment.OpenSource(from, kind)
	if err != nil {
		return nil, err
	}
	spec, err := source.Folder().Spec(experiment.Kinds{kind})
	if err != nil {
		return nil, err
	}
	c := spec.Config.(*kinds.SamplingConfig)
	net, err := c.Weights(source)
	if err != nil {
		return nil, err
	}
	// the network that learned, with its differences
	d := c.Differences(spec.Seed)
	s := sampling.Sample{Config: c.Settings.Config(), Network: d.Network(*net), Visible: c.Network.Visible, Seed: o.Seed, Settle: o.Settle, Duration: o.Duration}
	s.Refractory = d.Refractory
	if s.Clamps, err = clamps(o.Clamp, s.Neurons); err != nil {
		return nil, err
	}
	if ps := s.Validate(); len(ps) > 0 {
		return nil, experiment.Usagef("%v", ps.Err())
	}
	r := &Result{From: source.Info, Options: o, TauRef: s.TauRef, Dynamics: s.Dynamics, Visible: s.Visible, Clamps: s.Clamps, DKL: math.NaN(), Side: c.Target.BarsStripes}
	if r.Samples, err = s.Run(ctx, o.Progress); err != nil {
		return nil, err
	}
	return r, r.compare(source.Folder(), s)
}

// clamps reads what is to be clamped.
func clamps(text string, n int) ([]sampling.Clamping, error) {
	cs := make([]sampling.Clamping, n)
	if text == "" {
		return cs, nil
	}
	for item := range strings.SplitSeq(text, ",") {
		who, value, ok := strings.Cut(strings.TrimSpace(item), "=")
		low, high, isRange := strings.Cut(who, "-")
		if !isRange {
			high = low
		}
		first, err1 := strconv.Atoi(low)
		last, err2 := strconv.Atoi(high)
		if !ok || err1 != nil || err2 != nil || first < 0 || last < first || value != "0" && value != "1" {
			return nil, experiment.Usagef("%q clamps nothing: needed is NEURON=0 or NEURON=1, NEURON from 0 on, or a range such as 3-7", item)
		}
		if last >= n {
			return nil, experiment.Usagef("%q: there is no neuron %d; the network has the neurons 0 to %d", item, last, n-1)
		}
		to := sampling.ClampedOff
		if value == "1" {
			to = sampling.ClampedOn
		}
		for i := first; i <= last; i++ {
			if cs[i] != sampling.Free && cs[i] != to {
				return nil, experiment.Usagef("%q: neuron %d is clamped to the other value already", item, i)
			}
			cs[i] = to
		}
	}
	return cs, nil
}

// compare finds the target given the clamps, and how far the samples are from it.
func (r *Result) compare(folder *experiment.Folder, s sampling.Sample) error {
	z, err := folder.Arrays()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	defer z.Close()
	if !z.Has("p_target") || r.Visible > boltzmann.MaxNeurons {
		return nil
	}
	target, _, err := z.Float64s("p_target")
	if err != nil {
		return err
	}
	if len(target) != 1<<r.Visible {
		return fmt.Errorf("%s: p_target has %d entries for %d visible neurons", folder.Path(experiment.ArraysFile), len(target), r.Visible)
	}
	var mask, value uint32
	for i, c := range r.Clamps {
		switch {
		case c == sampling.Free:
		case i >= r.Visible:
			return nil // the target says nothing of hidden neurons
		case c == sampling.ClampedOn:
			value |= 1 << i
			fallthrough
		default:
			mask |= 1 << i
		}
	}
	free, p := boltzmann.Conditional(target, r.Visible, mask, value)
	if p == 0 {
		return nil // the target never is in such a state
	}
	r.Target = make([]float64, len(target))
	for z := range target {
		if uint32(z)&mask == value {
			r.Target[z] = free[squeeze(uint32(z), mask)]
		}
	}
	tau := s.TauRef * s.TicksPerStep()
	counts := make([]int64, len(target))
	for _, z := range r.States {
		counts[z.Bits] = int64(math.Round(z.P * float64(s.Duration*tau)))
	}
	e := boltzmann.Divergence(r.Target, counts, float64(tau))
	r.DKL, r.Unvisited = e.DKL, e.Unvisited
	return nil
}

// squeeze leaves the bits of the mask out.
func squeeze(z, mask uint32) (free uint32) {
	k := 0
	for i := range 32 {
		if mask>>i&1 == 0 {
			free |= z >> i & 1 << k
			k++
		}
	}
	return free
}

// Bits is a state as text, neuron 0 first.
func (r *Result) Bits(z sampling.State) string {
	b := make([]byte, r.Visible)
	for i := range b {
		b[i] = '0' + byte(z.Bits>>i&1)
	}
	return string(b)
}
