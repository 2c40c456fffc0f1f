package synapse

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"spikealign/internal/detmath"
	"spikealign/settings"
)

// WindowShape is the form f of one half of a learning window, as a function of x = lag/tau > 0.
type WindowShape int

// The shapes of learning windows. Their text forms are "exponential" and "triangular".
const (
	ExponentialWindow WindowShape = iota // f(x) = exp(-x)
	TriangularWindow                     // f(x) = max(0, 1-x)
)

var windowShapes = settings.Names{ExponentialWindow: "exponential", TriangularWindow: "triangular"}

// String returns the text form of s.
func (s WindowShape) String() string { return windowShapes.String(int(s)) }

// MarshalText returns the text form of s, or an error if s is not one of the shapes.
func (s WindowShape) MarshalText() ([]byte, error) { return windowShapes.Marshal(int(s)) }

// UnmarshalText reads the form that MarshalText writes. The error names the shapes.
func (s *WindowShape) UnmarshalText(text []byte) error {
	return settings.Parse(windowShapes, text, s)
}

// MaxWindowTau is the largest time constant of a learning window, in ticks.
const MaxWindowTau = 1 << 40

// windowTails is where an exponential window ends at the latest, in time constants: exp(-40) <
// 5e-18.
const windowTails = 40

// Half is one half of a learning window: f(d/Tau) for lags d = 1, 2, ... ticks (section 3 of
// docs/model.md). It has no amplitude and no sign. Halves may be compared with ==.
type Half struct {
	Shape WindowShape
	// time constant, or width of the triangle, in ticks; above 0, at most MaxWindowTau
	Tau float64
	// last lag that counts, in ticks, at least 1; 0: none. An exponential ends at 40*Tau in any
	// case
	Cut float64
}

// Validate returns every problem of h, joined, or nil.
func (h Half) Validate() error { return errors.Join(h.problems("")...) }

func (h Half) problems(prefix string) []error {
	var errs []error
	if _, err := h.Shape.MarshalText(); err != nil {
		errs = append(errs, fmt.Errorf("%sshape = %d: %w", prefix, int(h.Shape), err))
	}
	if !(h.Tau > 0 && h.Tau <= MaxWindowTau) {
		errs = append(errs, fmt.Errorf("%stau = %v: must be above 0 and at most 2^40 ticks", prefix, h.Tau))
	}
	if !(h.Cut == 0 || h.Cut >= 1 && h.Cut <= math.MaxFloat64) {
		errs = append(errs, fmt.Errorf("%scut = %v: must be 0 (none) or a finite number of at least 1 tick", prefix, h.Cut))
	}
	return errs
}

// Support returns the largest lag d with At(d) > 0, in ticks; 0 if there is none.
func (h Half) Support() int64 {
	end := math.Ceil(h.Tau) - 1
	if h.Shape == ExponentialWindow {
		end = math.Floor(windowTails * h.Tau)
	}
	if h.Cut > 0 {
		end = min(end, math.Floor(h.Cut))
	}
	return int64(end)
}

// At returns f(d/Tau) for a lag of d ticks; 0 for d <= 0 and beyond Support.
func (h Half) At(d int64) float64 {
	if d <= 0 || d > h.Support() {
		return 0
	}
	if h.Shape == TriangularWindow {
		return (h.Tau - float64(d)) / h.Tau
	}
	return detmath.Exp(-float64(d) / h.Tau)
}

// Window is a learning window K(d) over the lag d = t_post - t_pre (section 3 of docs/model.md):
//
//	K(d) = APlus  * f_plus(d/tau_plus)       d > 0, causal: the presynaptic neuron fired first
//	K(d) = AMinus * f_minus(-d/tau_minus)    d < 0, anti-causal
//	K(0) = 0
//
// Positive values potentiate. Windows may be compared with ==.
type Window struct {
	APlus, AMinus float64 // finite, of any sign
	Plus, Minus   Half
}

// At returns K(d) for d = t_post - t_pre ticks.
func (w Window) At(d int64) float64 {
	switch {
	case d > 0:
		return w.APlus * w.Plus.At(d)
	case d < 0:
		return w.AMinus * w.Minus.At(-d)
	}
	return 0
}

// Validate returns every problem of w, joined, or nil.
func (w Window) Validate() error {
	var errs []error
	if math.IsNaN(w.APlus) || math.IsInf(w.APlus, 0) {
		errs = append(errs, fmt.Errorf("a_plus = %v: must be finite", w.APlus))
	}
	if math.IsNaN(w.AMinus) || math.IsInf(w.AMinus, 0) {
		errs = append(errs, fmt.Errorf("a_minus = %v: must be finite", w.AMinus))
	}
	errs = append(errs, w.Plus.problems("plus.")...)
	errs = append(errs, w.Minus.problems("minus.")...)
	return errors.Join(errs...)
}

// PairingKind says which pairs of spikes a learning window is applied to.
type PairingKind int

// The kinds of pairing. A spike pairs only with strictly earlier spikes of another neuron; at a
// coincidence both spikes pair with what came before.
const (
	// with the other neuron's latest spike, if no own spike came at the same time as that one or
	// after it
	Nearest PairingKind = iota
	Last                // with the other neuron's last K spikes
	All                 // with every earlier spike of the other neuron
)

// MaxLast is the largest K of last-K pairing.
const MaxLast = 100

// Pairing is a choice of pairs: "nearest", "last-1" to "last-100", or "all". Pairings may be
// compared with ==.
type Pairing struct {
	Kind PairingKind
	K    int // 1..MaxLast for Last, 0 otherwise
}

const pairingForms = `must be nearest, all, or last-K with K in 1..100 (last-1, last-10)`

// Validate returns an error if p is not one of the pairings.
func (p Pairing) Validate() error {
	switch {
	case (p.Kind == Nearest || p.Kind == All) && p.K == 0:
		return nil
	case p.Kind == Last && p.K >= 1 && p.K <= MaxLast:
		return nil
	}
	return fmt.Errorf("pairing = {kind %d, k %d}: %s", int(p.Kind), p.K, pairingForms)
}

// String returns the text form of p.
func (p Pairing) String() string {
	switch p.Kind {
	case Nearest:
		return "nearest"
	case Last:
		return "last-" + strconv.Itoa(p.K)
	case All:
		return "all"
	}
	return fmt.Sprintf("Pairing(%d)", int(p.Kind))
}

// MarshalText returns the text form of p, or Validate's error.
func (p Pairing) MarshalText() ([]byte, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return []byte(p.String()), nil
}

// UnmarshalText reads the form that MarshalText writes.
func (p *Pairing) UnmarshalText(text []byte) error {
	q := Pairing{}
	switch s := string(text); s {
	case "nearest":
	case "all":
		q.Kind = All
	default:
		digits, ok := strings.CutPrefix(s, "last-")
		k, err := strconv.Atoi(digits)
		q = Pairing{Last, k}
		if !ok || err != nil || q.Validate() != nil || q.String() != s {
			return fmt.Errorf("pairing %q: %s", text, pairingForms)
		}
	}
	*p = q
	return nil
}
