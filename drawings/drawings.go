// Package drawings draws what stands in the folders of runs and sweeps, on the elements of package
// figure.
//
// A kind of experiment is drawn by a Drawer, one file of this package. Package catalog pairs kinds
// with their drawers.
package drawings

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"spikealign/experiment"
	"spikealign/figure"
	"spikealign/figure/render"
	"spikealign/internal/durable"
	"spikealign/sweep"
)

// Drawer says what is drawn of a kind of experiment.
type Drawer struct {
	// Run returns the pictures of a run, finished or not; nil: none.
	Run func(*experiment.Folder) ([]Picture, error)
	// Sweeps are the figures that a sweep file may ask for. Every kind has comparison: that of the
	// headline metrics if there is none here.
	Sweeps []SweepDrawer
}

// sweeps are the figures that a sweep file may ask for, a comparison of metrics for every kind.
func (d Drawer) sweeps() []SweepDrawer {
	if slices.ContainsFunc(d.Sweeps, func(s SweepDrawer) bool { return s.Name == metricComparison(nil).Name }) {
		return d.Sweeps
	}
	return append(slices.Clip(d.Sweeps), metricComparison(nil))
}

// SweepDrawer is a figure of a sweep.
type SweepDrawer struct {
	Name string // in sweep files, and of the figure's files
	// Check returns, without any results, why the figure cannot show the grid and what to change in
	// the sweep file; "" if it can.
	Check func(*sweep.Sweep) string
	// Draw returns the figure of the members that have begun.
	Draw func(*sweep.Result) (Input, error)
}

// Picture is a figure with the name of its files, without suffix.
type Picture struct {
	Name  string
	Input Input
}

// Input is what a figure shows; the types of package figure are Inputs.
type Input interface {
	Figure() (*figure.Figure, error)
}

// Drawers are the drawers by the names of kinds.
type Drawers map[string]Drawer

// Drawing is a figure as data with the name of its files, without suffix.
type Drawing struct {
	Name   string         `json:"name"`
	Figure *figure.Figure `json:"figure"`
}

// Folder draws the run or the sweep in dir into dir/figures and returns the names of the figures,
// without suffix; otherwise it is as Figures. A figure of sweeps that this one does not ask for, or
// no longer, is removed.
func (ds Drawers) Folder(kinds experiment.Kinds, dir string) ([]string, error) {
	if sweep.IsSweep(dir) {
		r, err := collect(kinds, dir)
		if err != nil {
			return nil, err
		}
		return ds.Sweep(r)
	}
	drawings, err := ds.Figures(kinds, dir)
	if err != nil {
		return nil, err
	}
	return save(dir, drawings)
}

func collect(kinds experiment.Kinds, dir string) (*sweep.Result, error) {
	s, err := sweep.Read(kinds, dir)
	if err != nil {
		return nil, err
	}
	return s.Collect(dir)
}

// clear removes from the folder of a sweep the figures of sweeps that are not among those given.
// Others, such as those of a reproduced figure, stay.
func (ds Drawers) clear(dir string, keep []Drawing) error {
	for _, d := range append(slices.Collect(maps.Values(ds)), Drawer{}) {
		for _, s := range d.sweeps() {
			if slices.ContainsFunc(keep, func(k Drawing) bool { return k.Name == s.Name }) {
				continue
			}
			for _, suffix := range []string{".svg", ".png"} {
				file := filepath.Join(dir, experiment.FiguresDir, s.Name+suffix)
				if err := durable.Remove(file); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Figures returns the figures of the run or the sweep in dir: of what is unfinished what there is.
// The error wraps experiment.ErrUsage if dir holds neither, or a sweep that Check refuses.
func (ds Drawers) Figures(kinds experiment.Kinds, dir string) ([]Drawing, error) {
	if !sweep.IsSweep(dir) {
		pictures, err := ds.ofRun(dir)
		if err != nil {
			return nil, err
		}
		return drawn(dir, pictures)
	}
	r, err := collect(kinds, dir)
	if err != nil {
		return nil, err
	}
	return ds.ofSweep(r)
}

// Sweep draws the sweep's figure of the members that have begun, as Folder.
func (ds Drawers) Sweep(r *sweep.Result) ([]string, error) {
	drawings, err := ds.ofSweep(r)
	if err != nil {
		return nil, err
	}
	if err := ds.clear(r.Dir, drawings); err != nil {
		return nil, err
	}
	return save(r.Dir, drawings)
}

// drawn turns pictures into data. What the results do not fit is said without the names of package
// figure.
func drawn(dir string, pictures []Picture) (drawings []Drawing, err error) {
	for _, p := range pictures {
		f, err := p.Input.Figure()
		var input *figure.InputError
		if errors.As(err, &input) {
			return nil, fmt.Errorf("%s: %s", filepath.Join(dir, experiment.FiguresDir, p.Name), input.Problem)
		}
		if err != nil {
			return nil, err
		}
		drawings = append(drawings, Drawing{p.Name, f})
	}
	return drawings, nil
}

// save writes figures into the folder's figures and returns their names.
func save(dir string, drawings []Drawing) (names []string, err error) {
	for _, d := range drawings {
		if err := render.Save(d.Figure, filepath.Join(dir, experiment.FiguresDir), d.Name); err != nil {
			return names, err
		}
		names = append(names, d.Name)
	}
	return names, nil
}

// ofRun returns what the kind of a run shows, and, where spikes were recorded, a raster of the end
// of the run.
func (ds Drawers) ofRun(dir string) (pictures []Picture, err error) {
	f, err := experiment.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, experiment.Usagef("%s is not the folder of a run or a sweep", dir)
	}
	if err != nil {
		return nil, err
	}
	if d := ds[f.Info.Kind]; d.Run != nil {
		if pictures, err = d.Run(f); err != nil {
			return nil, err
		}
	}
	spikes, err := raster(f)
	return append(pictures, spikes...), err
}

// ofSweep returns the sweep's figure of the members that have begun.
func (ds Drawers) ofSweep(r *sweep.Result) ([]Drawing, error) {
	d, err := ds.find(r.Sweep)
	if d == nil || err != nil {
		return nil, err
	}
	input, err := d.Draw(r)
	if err != nil {
		return nil, err
	}
	return drawn(r.Dir, []Picture{{d.Name, input}})
}

// find returns the drawer of the figure that a sweep asks for, nil if it asks for none, or an error
// at the key figure of its file.
func (ds Drawers) find(s *sweep.Sweep) (*SweepDrawer, error) {
	if s.Figure == sweep.NoFigure {
		return nil, nil
	}
	kind := s.Base.Name()
	var known []string
	for _, d := range ds[kind].sweeps() {
		if known = append(known, d.Name); d.Name != s.Figure {
			continue
		}
		if len(s.Members) == 0 { // it has faults of its own, and only the name can be checked
			return &d, nil
		}
		if fault := d.Check(s); fault != "" {
			return nil, s.Fault("figure", fault)
		}
		return &d, nil
	}
	return nil, s.Fault("figure", fmt.Sprintf("is no figure of sweeps of kind %s; allowed are %s", kind, strings.Join(append(known, sweep.NoFigure), ", ")))
}

// config is the configuration of a member of a sweep; nil of one with faults, which no sweep has
// that is run or drawn.
func config(m sweep.Member) experiment.Config {
	spec, err := m.Spec()
	if err != nil {
		return nil
	}
	return spec.Config
}

// Check returns, without any results, why the sweep's figure cannot show its grid, at its place in
// the sweep file. Of a sweep with faults it looks at the name of the figure.
func (ds Drawers) Check(s *sweep.Sweep) error {
	_, err := ds.find(s)
	return err
}

// title is what figures call a sweep.
func title(r *sweep.Result) string {
	if d := r.Sweep.Description; d != "" && len(d) <= 80 && !strings.Contains(d, "\n") {
		return d
	}
	return r.Sweep.Name
}

// pathName is how figures call the k-th path of the grid: its label, or no more of it than tells it
// from the others.
func pathName(s *sweep.Sweep, k int) string {
	if a := s.Grid[k]; a.Label != "" {
		return a.Label
	}
	return s.Short(k)
}

// short cuts the text of a value, which may be a whole matrix.
func short(s string) string {
	const most = 24
	s = sweep.Plain(s)
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
