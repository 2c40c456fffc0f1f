package figure

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/bits"
	"path/filepath"
	"slices"
	"spikealign/kinds"
	"strconv"
	"strings"

	"spikealign/experiment"
	"spikealign/internal/npz"
	"spikealign/sweep"
)

// Folder draws the run or the sweep in dir into dir/figures and returns the names of the figures, without suffix. There are none for a kind
// of experiment without a figure and for a sweep that wants none. Of what is unfinished it draws what there is. The error wraps experiment.ErrUsage if
// dir holds neither, or a sweep that Check refuses.
func Folder(kinds experiment.Kinds, dir string) ([]string, error) {
	if sweep.IsSweep(dir) {
		s, err := sweep.Load(kinds, dir)
		if err != nil {
			return nil, err
		}
		r, err := s.Collect(dir)
		if err != nil {
			return nil, err
		}
		return Sweep(r)
	}
	if _, err := experiment.ReadInfo(dir); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, noFolder(dir)
		}
		return nil, err
	}
	return Run(dir)
}

// noFolder is a folder that holds nothing to draw.
type noFolder string

func (e noFolder) Error() string        { return string(e) + " is not the folder of a run or a sweep" }
func (e noFolder) Is(target error) bool { return target == experiment.ErrUsage }

// Run draws the run in dir: figures/field for the kind dale in mode field, once the whole grid is there, and figures/training for the others; where spikes were recorded, figures/raster
// for the end of the run.
func Run(dir string) ([]string, error) {
	info, err := experiment.ReadInfo(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	switch info.Kind {
	case kinds.Sampling{}.Name():
		names, err = runSampling(dir, info.Name)
	case kinds.Microcircuit{}.Name():
		names, err = runMicrocircuit(dir, info.Name)
	case kinds.TwoNeuron{}.Name(), kinds.Dale{}.Name():
		names, err = runPair(dir, info)
	}
	if err != nil {
		return nil, err
	}
	raster, err := runRaster(dir, info)
	return append(names, raster...), err
}

func runSampling(dir, name string) ([]string, error) {
	d, err := readRun(dir, "w_initial", "w", "w_target", "p_target", "p_sampled")
	if err != nil {
		return nil, err
	}
	t := Training{Name: name, Epoch: d.columns["epoch"], DKL: d.columns["dkl"], Floor: d.columns["dkl_floor"], Asymmetry: d.columns["asymmetry"],
		Target: d.arrays["p_target"], Sampled: d.arrays["p_sampled"], WInitial: d.arrays["w_initial"], WFinal: d.arrays["w"], WTarget: d.arrays["w_target"], N: d.states()}
	if t.N == 0 {
		// Too many states to list: how many of the neurons are visible stands in the configuration.
		t.N = d.side()
		if spec, err := kinds.All().Load(filepath.Join(dir, experiment.ConfigFile)); err == nil {
			if c, ok := spec.Config.(*kinds.SamplingConfig); ok && c.Network.Visible < t.N {
				t.N = c.Network.Visible
			}
		}
	}
	if n := d.side(); n > t.N {
		t.Hidden = n - t.N
	}
	return save(t, dir, "training")
}

func runPair(dir string, info experiment.Info) ([]string, error) {
	d, err := readRun(dir)
	if err != nil {
		return nil, err
	}
	m := d.columns
	if _, field := m["point"]; field {
		n := int(math.Round(math.Sqrt(float64(len(m["point"])))))
		if info.Status != experiment.Done || n < 2 || n*n != len(m["point"]) {
			return nil, nil
		}
		f := Figure10{Title: info.Name, N: n, W12: m["w_eff12"], W21: m["w_eff21"], Drift12: m["drift12"]}
		if len(m["activity_direct1"]) > 0 {
			f.Rate, f.RateDirect = slices.Concat(m["activity_e1"], m["activity_e2"]), slices.Concat(m["activity_direct1"], m["activity_direct2"])
		}
		return save(f, dir, "field")
	}
	p := PairRun{Name: info.Name, Epoch: m["epoch"], W12: m["w12"], W21: m["w21"], Drift12: m["drift12"], Drift21: m["drift21"], Activity1: m["activity1"], Activity2: m["activity2"]}
	if len(p.W12) == 0 {
		p.W12, p.W21, p.Effective12, p.Effective21 = m["w_ee12"], m["w_ee21"], m["w_eff12"], m["w_eff21"]
		p.Activity1, p.Activity2 = m["activity_e1"], m["activity_e2"]
	}
	return save(p, dir, "training")
}

// gridError is a grid that cannot be drawn as the sweep file asks.
type gridError struct{ figure, problem, remedy string }

func (e *gridError) Error() string {
	return fmt.Sprintf("figure: %s: %s; %s", e.figure, e.problem, e.remedy)
}
func (e *gridError) Is(target error) bool { return target == experiment.ErrUsage }

// Check tells, without any results, whether the sweep's figure can show its grid. The error says what to change in the sweep file and wraps experiment.ErrUsage.
func Check(s *sweep.Sweep) error {
	switch s.Figure {
	case sweep.NoiseFigure:
		_, err := noiseAxis(s)
		return err
	case sweep.ComparisonFigure:
		_, err := conditions(s)
		return err
	}
	return nil
}

// checkKind refuses sweeps of experiments that have nothing to show in a figure of sampling networks.
func checkKind(s *sweep.Sweep) error {
	if kind := s.Members[0].Spec.Kind.Name(); kind != (kinds.Sampling{}).Name() {
		return &gridError{s.Figure, "it is drawn for experiments of kind sampling, and these are of kind " + kind, "take figure: none"}
	}
	return nil
}

// Sweep draws the sweep's figure, figures/noise or figures/comparison, of the members that have begun. It returns the error of Check for a grid that the figure cannot show.
func Sweep(r *sweep.Result) ([]string, error) {
	switch r.Sweep.Figure {
	case sweep.NoiseFigure:
		return sweepNoise(r)
	case sweep.ComparisonFigure:
		return sweepComparison(r)
	}
	return nil, nil
}

func save(f interface{ Figure() (*Figure, error) }, dir, name string) ([]string, error) {
	drawn, err := f.Figure()
	var input *InputError
	if errors.As(err, &input) {
		return nil, &resultError{filepath.Join(dir, experiment.FiguresDir, name), input}
	}
	if err != nil {
		return nil, err
	}
	if err := drawn.Save(filepath.Join(dir, experiment.FiguresDir), name); err != nil {
		return nil, err
	}
	return []string{name}, nil
}

// resultError says, without the names of this package, which figure could not be drawn of the results.
type resultError struct {
	figure string
	input  *InputError
}

func (e *resultError) Error() string { return e.figure + ": " + e.input.Problem }
func (e *resultError) Unwrap() error { return e.input }

// rateSAL is the learning rate of SAL of a member of a sweep of sampling networks.
func rateSAL(m sweep.Member) float64 {
	return m.Spec.Config.(*kinds.SamplingConfig).Plasticity.RateSAL
}

// ratesSAL returns the learning rates of SAL other than 0 that a sweep has, in the order of their appearance.
func ratesSAL(s *sweep.Sweep) (rates []string) {
	for _, m := range s.Members {
		if r := strconv.FormatFloat(rateSAL(m), 'g', -1, 64); r != "0" && !slices.Contains(rates, r) {
			rates = append(rates, r)
		}
	}
	return rates
}

const salPath = "plasticity.rate_sal"

// noiseAxis returns the index in the grid of the noise, the one path of the conditions that varies beside the learning rate of SAL.
func noiseAxis(s *sweep.Sweep) (int, error) {
	bad := func(problem, remedy string) (int, error) { return 0, &gridError{s.Figure, problem, remedy} }
	if err := checkKind(s); err != nil {
		return 0, err
	}
	if rates := ratesSAL(s); len(rates) > 1 {
		return bad(fmt.Sprintf("it compares learning with and without SAL, and %s has %d values other than 0 (%s)", salPath, len(rates), strings.Join(rates, ", ")),
			"leave one of them, or take figure: comparison")
	}
	var all, several []int // paths with any number of values, and with more than one
	for _, k := range s.Conditions() {
		if s.Grid[k].Path == salPath {
			continue
		}
		all = append(all, k)
		if len(s.Grid[k].Values) > 1 {
			several = append(several, k)
		}
	}
	axes := all
	if len(several) > 0 {
		axes = several
	}
	switch {
	case len(axes) == 0:
		return bad("the grid has no level of noise, nothing but "+salPath+" and what is listed under replicates", "add a path with numbers, such as initial.noise, or take figure: comparison")
	case len(axes) > 1:
		var paths []string
		for _, k := range axes {
			paths = append(paths, s.Grid[k].Path)
		}
		return bad("it has one axis for the noise, and the grid varies "+strings.Join(paths, " and "), "list the paths that only repeat a condition under replicates, leave one path, or take figure: comparison")
	}
	for _, m := range s.Members {
		v := m.Values[axes[0]]
		if x, err := strconv.ParseFloat(v, 64); err != nil || !finite(x) {
			return bad(fmt.Sprintf("its axis needs numbers, and %s has the value %s", s.Grid[axes[0]].Path, short(v)), "take figure: comparison")
		}
	}
	return axes[0], nil
}

// short cuts the text of a value, which may be a whole matrix.
func short(s string) string {
	const most = 24
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// pathName is how figures call a path of the grid.
func pathName(a sweep.Axis) string {
	if a.Label != "" {
		return a.Label
	}
	return a.Path
}

func sweepNoise(r *sweep.Result) ([]string, error) {
	level, err := noiseAxis(r.Sweep)
	if err != nil {
		return nil, err
	}
	s := NoiseSweep{Title: title(r), NoiseLabel: pathName(r.Sweep.Grid[level])}
	type key struct {
		level float64
		sal   bool
	}
	at := map[key]int{}
	for i, m := range r.Sweep.Members {
		x, err := strconv.ParseFloat(m.Values[level], 64)
		if err != nil {
			return nil, err // noiseAxis has looked
		}
		if !slices.Contains(s.Levels, x) {
			s.Levels = append(s.Levels, x)
		}
		if r.States[i].Status == sweep.Pending {
			continue
		}
		d, err := readRun(sweep.MemberDir(r.Dir, m))
		if err != nil {
			return nil, err
		}
		if len(d.columns["dkl"]) == 0 {
			continue
		}
		k := key{x, rateSAL(m) != 0}
		c, ok := at[k]
		if !ok {
			c = len(s.Curves)
			at[k] = c
			s.Curves = append(s.Curves, Curve{Level: x, SAL: k.sal})
		}
		v := &s.Curves[c]
		if epoch := d.columns["epoch"]; len(epoch) > len(v.Epoch) {
			v.Epoch = epoch
		}
		v.DKL, v.Asymmetry = append(v.DKL, d.columns["dkl"]), append(v.Asymmetry, d.columns["asymmetry"])
	}
	slices.Sort(s.Levels)
	return save(s, r.Dir, sweep.NoiseFigure)
}

// conditionMembers are the members of one condition of a sweep, as indices.
type conditionMembers struct {
	name    string
	members []int
}

// conditions returns the conditions of a comparison, those with SAL first.
func conditions(s *sweep.Sweep) ([]conditionMembers, error) {
	if err := checkKind(s); err != nil {
		return nil, err
	}
	rates := ratesSAL(s)
	varies := slices.ContainsFunc(s.Members, func(m sweep.Member) bool { return rateSAL(m) != rateSAL(s.Members[0]) })
	var cs []conditionMembers
	at := map[string]int{}
	for _, sal := range []bool{true, false} {
		for i, m := range s.Members {
			if (rateSAL(m) != 0) != sal {
				continue
			}
			var name, values []string
			for _, k := range s.Conditions() {
				a := s.Grid[k]
				values = append(values, m.Values[k])
				if a.Path == salPath || len(a.Values) == 1 {
					continue
				}
				name = append(name, pathName(a)+" "+short(m.Values[k]))
			}
			if varies || len(name) == 0 {
				text := condition(sal)
				if sal && len(rates) > 1 {
					text += " at rate " + number(rateSAL(m))
				}
				name = append([]string{text}, name...)
			}
			// A rate that is listed under replicates still makes conditions of its own.
			id := fmt.Sprintf("%q %v", values, rateSAL(m))
			c, ok := at[id]
			if !ok {
				c = len(cs)
				at[id] = c
				cs = append(cs, conditionMembers{name: strings.Join(name, ", ")})
			}
			cs[c].members = append(cs[c].members, i)
		}
	}
	if len(cs) > len(categorical) {
		return nil, &gridError{s.Figure, fmt.Sprintf("it shows up to %d conditions, and the grid has %d", len(categorical), len(cs)),
			"list the paths that only repeat a condition under replicates, leave out values, or take figure: none"}
	}
	return cs, nil
}

// sweepComparison draws the conditions of which members have begun. States are drawn for conditions whose runs all have the target of the first run.
func sweepComparison(r *sweep.Result) ([]string, error) {
	cs, err := conditions(r.Sweep)
	if err != nil {
		return nil, err
	}
	c := Comparison{Title: title(r)}
	for _, members := range cs {
		n := Condition{Name: members.name}
		sameTarget := true
		for _, i := range members.members {
			if r.States[i].Status == sweep.Pending {
				continue
			}
			d, err := readRun(sweep.MemberDir(r.Dir, r.Sweep.Members[i]), "p_target", "p_sampled")
			if err != nil {
				return nil, err
			}
			if len(d.columns["dkl"]) == 0 {
				continue
			}
			if epoch := d.columns["epoch"]; len(epoch) > len(n.Epoch) {
				n.Epoch = epoch
			}
			n.DKL, n.Floor, n.Asymmetry = append(n.DKL, d.columns["dkl"]), append(n.Floor, d.columns["dkl_floor"]), append(n.Asymmetry, d.columns["asymmetry"])
			p := d.arrays["p_target"]
			if c.Target == nil && len(p) > 0 {
				c.Target, c.N = p, d.states()
			}
			if len(p) > 0 {
				sameTarget = sameTarget && slices.Equal(c.Target, p)
				n.Sampled = append(n.Sampled, d.arrays["p_sampled"])
			}
		}
		if !sameTarget {
			n.Sampled = nil
		}
		if n.runs() > 0 {
			c.Conditions = append(c.Conditions, n)
		}
	}
	return save(c, r.Dir, sweep.ComparisonFigure)
}

func title(r *sweep.Result) string {
	if d := r.Sweep.Description; d != "" && len(d) <= 80 && !strings.Contains(d, "\n") {
		return d
	}
	return r.Sweep.Name
}

// runData is what figures need of a run's folder.
type runData struct {
	columns map[string][]float64 // of metrics.csv
	arrays  map[string][]float64 // of arrays.npz, nil while the run is unfinished
}

// states is the number of neurons whose states the distributions are of, 0 if there are none.
func (d runData) states() int {
	for _, name := range []string{"p_target", "p_sampled"} {
		if n := len(d.arrays[name]); n > 0 {
			return bits.Len(uint(n)) - 1
		}
	}
	return 0
}

// side is the number of neurons of the weight matrix, 0 if there is none.
func (d runData) side() int {
	n := 0
	for n*n < len(d.arrays["w"]) {
		n++
	}
	return n
}

// readRun reads all columns of metrics.csv and the arrays of these names that exist.
func readRun(dir string, arrays ...string) (runData, error) {
	d := runData{arrays: map[string][]float64{}}
	columns, err := experiment.ReadTable(dir, "metrics")
	if err != nil {
		return d, err
	}
	d.columns = columns
	if len(arrays) == 0 {
		return d, nil
	}
	z, err := npz.Open(filepath.Join(dir, experiment.ArraysFile))
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return d, err
	}
	defer z.Close()
	for _, name := range arrays {
		if z.Has(name) {
			if d.arrays[name], _, err = z.Float64s(name); err != nil {
				return d, err
			}
		}
	}
	return d, nil
}
