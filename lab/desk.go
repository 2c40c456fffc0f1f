package lab

import (
	"encoding/json"
	"fmt"

	"spikealign/figure"
	"spikealign/settings"
)

// Desk answers requests for what the laboratory shows. It keeps the plane, the walk and the epoch
// that were asked for last, to go on with them. The zero value is ready; it serves one goroutine.
type Desk struct {
	plane *Plane
	walk  *Walk
	epoch *Epoch
}

// Request asks for one thing.
type Request struct {
	Op       string  `json:"op"`
	Settings string  `json:"settings"` // as Parse reads them
	Epochs   int     `json:"epochs"`   // op walk-on: to simulate
	Time     float64 `json:"time"`     // op epoch-at: tau
}

// Reply has what its request asks for; what else there is in it is empty. Faults are those of the
// settings, or, with the path "", what else went wrong.
type Reply struct {
	Faults   settings.Problems `json:"faults,omitempty"`
	Settings []Setting         `json:"settings,omitempty"` // op describe
	Presets  []Preset          `json:"presets,omitempty"`
	Values   map[string]string `json:"values,omitempty"` // op read: the settings in full
	Command  string            `json:"command,omitempty"`
	Numbers  []Number          `json:"numbers,omitempty"`
	Verdict  string            `json:"verdict,omitempty"`
	Warnings []string          `json:"warnings,omitempty"` // of the law
	Figure   *figure.Figure    `json:"figure,omitempty"`
	Length   float64           `json:"length,omitempty"` // op epoch: tau
	Done     bool              `json:"done,omitempty"`   // of plane and walk: nothing is left to do
	Share    float64           `json:"share,omitempty"`  // of the plane that is computed, or of the walk
	W12      float64           `json:"w12,omitempty"`    // where the walk is
	W21      float64           `json:"w21,omitempty"`
}

// Answer answers a request in JSON with a reply in JSON. The ops are
//
//	describe          all settings and presets
//	read              the values of all settings
//	law               the law of the settings, its numbers, its figure
//	curve, shapes     the drift over the difference; potential and learning window
//	plane, plane-on   begins a phase plane, or goes back to it; computes its next row. There is a
//	                  figure whenever a grid is complete, each finer than the one before
//	walk, walk-on     begins a walk; simulates on and draws it on the plane
//	epoch, epoch-at   simulates the walk's first epoch; draws it up to a time
func (d *Desk) Answer(request []byte) []byte {
	var r Request
	var a *Reply
	err := json.Unmarshal(request, &r)
	if err == nil {
		a, err = d.answer(r)
	}
	if err != nil {
		a = &Reply{Faults: settings.Problems{{Message: err.Error()}}}
	}
	text, err := json.Marshal(a)
	if err != nil {
		panic("lab: " + err.Error()) // values that are not finite do not come here
	}
	return text
}

func (d *Desk) answer(r Request) (*Reply, error) {
	var s Settings
	switch r.Op {
	case "read", "law", "curve", "shapes", "plane", "walk", "epoch":
		var ps settings.Problems
		if s, ps = Parse(r.Settings); len(ps) > 0 {
			return &Reply{Faults: ps}, nil
		}
	}
	a := &Reply{}
	var err error
	switch r.Op {
	case "describe":
		a.Settings, a.Presets = Describe(), Presets()
	case "read":
		a.Values = s.Values()
	case "law":
		l, err := Solve(s.Params(), s.Half())
		if err != nil {
			return nil, err
		}
		a.Command, a.Numbers, a.Verdict, a.Warnings = s.Command(), l.Numbers(), l.Verdict(), l.Warnings
		if a.Figure, err = l.plain(); err != nil {
			return nil, err
		}
	case "curve":
		a.Figure, err = s.Curve()
	case "shapes":
		a.Figure, err = s.Shapes()
	case "plane":
		if d.walk = nil; d.plane == nil || !d.plane.Move(s) {
			d.plane = NewPlane(s)
		}
		err = d.seePlane(a, d.plane.Ready())
	case "plane-on":
		if d.plane == nil {
			return nil, fmt.Errorf("there is no plane to go on with")
		}
		var finer bool
		if finer, err = d.plane.Step(); err == nil {
			err = d.seePlane(a, finer)
		}
	case "walk":
		d.walk, err = NewWalk(s)
	case "walk-on":
		if d.walk == nil || d.plane == nil || !d.plane.Ready() {
			return nil, fmt.Errorf("there is no walk to go on with, or no plane for it")
		}
		a.Done = d.walk.Advance(r.Epochs)
		last := len(d.walk.W12) - 1
		a.Share, a.W12, a.W21 = d.walk.Share(), d.walk.W12[last], d.walk.W21[last]
		a.Figure, err = d.plane.Figure(d.walk)
	case "epoch":
		if d.epoch, err = NewEpoch(s); err == nil {
			a.Length = float64(d.epoch.Length)
		}
	case "epoch-at":
		if d.epoch == nil {
			return nil, fmt.Errorf("there is no epoch to show")
		}
		a.Figure, err = d.epoch.Figure(r.Time)
	default:
		err = fmt.Errorf("%q is no request", r.Op)
	}
	return a, err
}

// seePlane replies with how far the plane is, and shows it if there is something new to see.
func (d *Desk) seePlane(a *Reply, isNew bool) (err error) {
	a.Done, a.Share = d.plane.Done(), d.plane.Share()
	if isNew {
		a.Figure, err = d.plane.Figure(d.walk)
	}
	return err
}
