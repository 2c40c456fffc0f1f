package stdd

import (
	"errors"
	"fmt"
	"math"

	"spikealign/synapse"
)

// Params describes two neurons and how far their lags are followed. Times are in steps.
type Params struct {
	W12, W21 float64 // weights, finite: W12 is the synapse from neuron 2 to neuron 1
	// biases, at least -100; in continuous time biases and potentials are at most 10
	B1, B2 float64
	TauRef int64 // refractory time tau_ref of section 1, at least 1
	// PSP is the potential of either synapse. TauRef 0 stands for the neurons' TauRef, TauSyn 0 for
	// TauRef too, and Steps 0 (of a rectangle) for round(TauSyn).
	PSP    synapse.PSP
	MinISI int64 // a neuron's next spike comes at this lag or later; 0 stands for TauRef
	// lags |d| < TMax are reported one by one, and the PSP is 0 at lags of TMax and more; at least
	// MinISI; 0 stands for 2*TauRef or MinISI
	TMax       int64
	Continuous bool // continuous time, hazard exp(u)/TauRef; discrete steps otherwise
}

const (
	minBias       = -100
	maxContinuous = 10
	maxLag        = 1 << 20

	// maxStates bounds the linear system of one law: 128 MB, and 20 s of work.
	maxStates = 4000
)

// Resolve returns the parameters with every 0 that stands for a default replaced by it.
func (p Params) Resolve() Params {
	if p.MinISI == 0 {
		p.MinISI = p.TauRef
	}
	if p.TMax == 0 {
		p.TMax = max(2*p.TauRef, p.MinISI)
	}
	if p.PSP.TauRef == 0 {
		p.PSP.TauRef = p.TauRef
	}
	if p.PSP.TauSyn == 0 {
		p.PSP.TauSyn = float64(p.TauRef)
	}
	if p.PSP.Steps == 0 {
		p.PSP.Steps = int64(math.Round(p.PSP.TauSyn))
	}
	return p
}

// Validate returns everything that is wrong with the parameters, joined, or nil.
func (p Params) Validate() error {
	p = p.Resolve()
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf("stdd: "+format, a...)) }
	for _, w := range []struct {
		name string
		x    float64
	}{{"w12", p.W12}, {"w21", p.W21}} {
		if math.IsNaN(w.x) || math.IsInf(w.x, 0) {
			bad("%s = %v: must be finite", w.name, w.x)
		}
	}
	for _, b := range []struct {
		name string
		x    float64
	}{{"b1", p.B1}, {"b2", p.B2}} {
		if !(b.x >= minBias && b.x <= math.MaxFloat64) {
			bad("%s = %v: must be finite and at least %d", b.name, b.x, minBias)
		}
	}
	if p.TauRef < 1 || p.TauRef > maxLag {
		bad("tau = %d: must be 1..2^20 steps", p.TauRef)
	}
	if p.MinISI < 1 || p.MinISI > maxLag {
		bad("min_isi = %d: must be 1..2^20 steps", p.MinISI)
	}
	if p.TMax < p.MinISI || p.TMax > maxLag {
		bad("t_max = %d: must be at least min_isi = %d and at most 2^20 steps", p.TMax, p.MinISI)
	}
	if p.PSP.TauRef != p.TauRef {
		bad("psp.tau_ref = %d: must be tau = %d", p.PSP.TauRef, p.TauRef)
	}
	if s := p.PSP; s.Steps > maxLag || s.Cut > maxLag || s.Delay > maxLag || s.TauSyn > maxLag {
		bad("psp_steps, tau_syn, cut and delay must not exceed 2^20 steps")
	}
	if err := p.PSP.Validate(); err != nil {
		bad("%w", err)
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	g := newGrid(p)
	n := 2*g.lump - 1
	if p.Continuous {
		n *= minLevels
	}
	if n > maxStates && !p.hasClosedForm() {
		bad("tau = %d, min_isi = %d, t_max = %d: a system of %d states, at most %d are allowed", p.TauRef, p.MinISI, p.TMax, n, maxStates)
	}
	if p.Continuous {
		peak := 0.0
		for _, k := range g.kappa {
			peak = max(peak, k)
		}
		for _, u := range []float64{p.B1 + max(0, p.W12*peak), p.B2 + max(0, p.W21*peak)} {
			if u > maxContinuous {
				bad("membrane potential %v: must be at most %d in continuous time", u, maxContinuous)
			}
		}
	}
	return errors.Join(errs...)
}

// swapped returns the parameters with the neurons exchanged.
func (p Params) swapped() Params {
	p.W12, p.W21, p.B1, p.B2 = p.W21, p.W12, p.B2, p.B1
	return p
}

// CutWarning says that the PSP is longer than TMax.
type CutWarning struct {
	TMax  int64
	Share float64 // part of the PSP's area that lies at lags of TMax and more, and is cut off
}

func (w *CutWarning) Error() string {
	return fmt.Sprintf("stdd: the PSP is cut at t_max = %d, where %.3g of its area is still to come", w.TMax, w.Share)
}

// OverlapWarning says that the PSP is longer than the shortest interval between spikes. The law is
// then that of neurons whose latest spike replaces the potential of earlier ones, where the
// potentials of the simulators' neurons add up.
type OverlapWarning struct {
	MinISI int64
	Share  float64 // part of the PSP's area that lies beyond MinISI, before TMax
}

func (w *OverlapWarning) Error() string {
	return fmt.Sprintf("stdd: %.3g of the PSP's area lies beyond min_isi = %d: only the potential of the latest spike counts, earlier ones are not added", w.Share, w.MinISI)
}

// warnings returns what a reader of the law should know.
func (p Params) warnings() []error {
	end := p.PSP.Length()
	cutFrom := p.TMax
	if p.Continuous {
		cutFrom++ // the last step before TMax counts in full
	}
	if end < cutFrom && end <= p.MinISI {
		return nil
	}
	var all, over, cut float64
	for l := int64(1); l <= end; l++ {
		x := p.PSP.At(l)
		all += x
		if l >= cutFrom {
			cut += x
		} else if l > p.MinISI {
			over += x
		}
	}
	var ws []error
	if cut > 0 {
		ws = append(ws, &CutWarning{p.TMax, cut / all})
	}
	if over > 0 {
		ws = append(ws, &OverlapWarning{p.MinISI, over / all})
	}
	return ws
}
