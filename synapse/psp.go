package synapse

import (
	"errors"
	"fmt"
	"math"

	"spikealign/internal/detmath"
	"spikealign/settings"
)

// PSPShape names the time course of a postsynaptic potential.
type PSPShape uint8

// The PSP shapes of docs/model.md, section 1.
const (
	Rectangular     PSPShape = iota // 1 for lags 1..Steps
	Alpha                           // TauRef/TauSyn^2 * l * exp(-l/TauSyn)
	Exponential                     // a*exp(-l/TauSyn), a = (TauRef/TauSyn)/(1-exp(-TauRef/TauSyn))
	CutExponential                  // the same up to lag TauRef, then 0
	RectangularTail                 // 1 up to lag TauRef, then a*exp(-l/TauSyn)
)

var pspShapes = settings.Names{
	Rectangular:     "rectangular",
	Alpha:           "alpha",
	Exponential:     "exponential",
	CutExponential:  "cut-exponential",
	RectangularTail: "rectangular-tail",
}

// String returns the name of the shape.
func (s PSPShape) String() string { return pspShapes.String(int(s)) }

// MarshalText returns the name of the shape, or an error if s is not one of the shapes.
func (s PSPShape) MarshalText() ([]byte, error) { return pspShapes.Marshal(int(s)) }

// UnmarshalText accepts the names that String returns. The error names them.
func (s *PSPShape) UnmarshalText(b []byte) error { return settings.Parse(pspShapes, b, s) }

// PSP is the time course of a postsynaptic potential for unit weight. All times are in ticks.
type PSP struct {
	Shape PSPShape
	// length of a neuron's state after a spike, the length that the area refers to; at least 1
	TauRef int64
	TauSyn float64 // synaptic time constant of every shape but the rectangle; above 0
	Steps  int64   // length of the rectangle; at least 1 (rectangular only)
	// the potential is 0 beyond this lag (not counting Delay); 0: no cut. Rectangles end anyway and
	// ignore it
	Cut   int64
	Delay int64 // transmission delay: every lag counts from the spike plus Delay; at least 0
}

// Validate returns what is wrong with the PSP, or nil.
func (p PSP) Validate() error {
	var errs []error
	if _, err := p.Shape.MarshalText(); err != nil {
		errs = append(errs, fmt.Errorf("synapse: unknown PSP shape: %w", err))
	}
	if p.TauRef < 1 {
		errs = append(errs, fmt.Errorf("synapse: TauRef = %d, must be at least 1", p.TauRef))
	}
	if p.Shape == Rectangular {
		if p.Steps < 1 {
			errs = append(errs, fmt.Errorf("synapse: Steps = %d, must be at least 1", p.Steps))
		}
	} else if !(p.TauSyn > 0) || math.IsInf(p.TauSyn, 1) {
		errs = append(errs, fmt.Errorf("synapse: TauSyn = %v, must be a positive number", p.TauSyn))
	}
	if p.Cut < 0 || p.Delay < 0 {
		errs = append(errs, fmt.Errorf("synapse: Cut = %d and Delay = %d must not be negative", p.Cut, p.Delay))
	}
	return errors.Join(errs...)
}

// Amplitude is the factor a of the exponential shapes, which gives them the area TauRef over the
// first TauRef ticks (in the continuous limit); for the alpha shape it is TauRef/TauSyn^2, which
// gives the area TauRef in all.
func (p PSP) Amplitude() float64 {
	r := float64(p.TauRef) / p.TauSyn
	if p.Shape == Alpha {
		return r / p.TauSyn
	}
	return r / (1 - detmath.Exp(-r))
}

// At returns the potential at a lag, which counts from the spike itself; 0 for lags up to Delay.
func (p PSP) At(lag int64) float64 {
	l := lag - p.Delay
	if l < 1 || (p.Cut > 0 && l > p.Cut && p.Shape != Rectangular) {
		return 0
	}
	switch p.Shape {
	case Rectangular:
		if l <= p.Steps {
			return 1
		}
		return 0
	case Alpha:
		return p.Amplitude() * float64(l) * detmath.Exp(-float64(l)/p.TauSyn)
	case CutExponential:
		if l > p.TauRef {
			return 0
		}
	case RectangularTail:
		if l <= p.TauRef {
			return 1
		}
	}
	return p.Amplitude() * detmath.Exp(-float64(l)/p.TauSyn)
}

// negligible is the fraction of its peak below which a PSP without an end is taken for zero by
// simulators that sum over lags.
const negligible = 1e-12

// Length returns the last lag (Delay included) at which the potential counts: the end of the shape,
// the cut, or the lag beyond which the potential stays below 1e-12 of its peak.
func (p PSP) Length() int64 {
	l := int64(0)
	switch p.Shape {
	case Rectangular:
		return p.Delay + p.Steps
	case CutExponential:
		l = p.TauRef
	case Alpha:
		// l*exp(1-l/tau)/tau = 1e-12 by fixed-point iteration in units of tau.
		x := 30.0
		for range 50 {
			x = 1 - detmath.Log(negligible) + detmath.Log(x)
		}
		l = int64(math.Ceil(x * p.TauSyn))
	case Exponential:
		l = int64(math.Ceil(-detmath.Log(negligible) * p.TauSyn))
	case RectangularTail:
		// The tail begins below 1, the height of the rectangle.
		l = max(p.TauRef, int64(math.Ceil(-detmath.Log(negligible/p.Amplitude())*p.TauSyn)))
	}
	if p.Cut > 0 {
		l = min(l, p.Cut)
	}
	return p.Delay + max(l, 1)
}

// An Edge is a lag at which the description of a PSP changes. A PSP is a sum of a constant, an
// exponential and an alpha part, each switched on or off at edges: from lag Lag on, the potential
// gains
//
//	Rect + (Exp + Alpha*l) * exp(-l/TauSyn),  l = lag - Delay.
//
// A simulator that follows these three parts needs one pass over the outgoing synapses per edge,
// and no sum over past spikes.
type Edge struct {
	Lag              int64 // Delay included; increasing from edge to edge
	Rect, Exp, Alpha float64
}

// Edges returns the edges of the PSP in the order of their lags. The sum of all edges up to a lag
// is At(lag), exactly for a PSP without Length's approximation: a potential that fades without end
// has no closing edge.
func (p PSP) Edges() []Edge {
	d := p.Delay
	end := func(e Edge) []Edge {
		if p.Cut == 0 {
			return []Edge{e}
		}
		return []Edge{e, {Lag: d + p.Cut + 1, Rect: -e.Rect, Exp: -e.Exp, Alpha: -e.Alpha}}
	}
	switch p.Shape {
	case Rectangular:
		return []Edge{{Lag: d + 1, Rect: 1}, {Lag: d + p.Steps + 1, Rect: -1}}
	case Alpha:
		return end(Edge{Lag: d + 1, Alpha: p.Amplitude()})
	case Exponential:
		return end(Edge{Lag: d + 1, Exp: p.Amplitude()})
	case CutExponential:
		l := p.TauRef
		if p.Cut > 0 {
			l = min(l, p.Cut)
		}
		return []Edge{{Lag: d + 1, Exp: p.Amplitude()}, {Lag: d + l + 1, Exp: -p.Amplitude()}}
	default: // RectangularTail
		switch {
		case p.Cut > 0 && p.Cut <= p.TauRef:
			return []Edge{{Lag: d + 1, Rect: 1}, {Lag: d + p.Cut + 1, Rect: -1}}
		case p.Cut > 0:
			return []Edge{{Lag: d + 1, Rect: 1}, {Lag: d + p.TauRef + 1, Rect: -1, Exp: p.Amplitude()}, {Lag: d + p.Cut + 1, Exp: -p.Amplitude()}}
		}
		return []Edge{{Lag: d + 1, Rect: 1}, {Lag: d + p.TauRef + 1, Rect: -1, Exp: p.Amplitude()}}
	}
}
