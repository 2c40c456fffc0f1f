package figure

import (
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"spikealign/experiment"
	"spikealign/internal/npz"
	"spikealign/sweep"
)

// Folder draws the run or the sweep in dir into dir/figures and returns the names of the figures, without suffix. There are none for a kind
// of experiment without a figure and for a sweep that wants none. Of what is unfinished it draws what there is. The error wraps experiment.ErrUsage if
// dir holds neither.
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

// Run draws the run in dir: figures/training for the kinds sampling and microcircuit, nothing for others.
func Run(dir string) ([]string, error) {
	info, err := experiment.ReadInfo(dir)
	if err != nil {
		return nil, err
	}
	switch info.Kind {
	case experiment.Sampling{}.Name():
		return runSampling(dir, info.Name)
	case experiment.Microcircuit{}.Name():
		return runMicrocircuit(dir, info.Name)
	}
	return nil, nil
}

func runSampling(dir, name string) ([]string, error) {
	d, err := readRun(dir, "w_initial", "w", "w_target", "p_target", "p_sampled")
	if err != nil {
		return nil, err
	}
	t := Training{Name: name, Epoch: d.columns["epoch"], DKL: d.columns["dkl"], Floor: d.columns["dkl_floor"], Asymmetry: d.columns["asymmetry"],
		Target: d.arrays["p_target"], Sampled: d.arrays["p_sampled"], N: d.states()}
	if t.N == 0 {
		t.N = d.side()
	}
	// With hidden neurons the states are those of the visible ones only.
	if d.side() == t.N {
		t.WInitial, t.WFinal, t.WTarget = d.arrays["w_initial"], d.arrays["w"], d.arrays["w_target"]
	}
	return save(t, dir, "training")
}

// Sweep draws the sweep's figure, figures/noise or figures/comparison. It returns an *InputError for a grid that the figure cannot show.
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
	if err != nil {
		return nil, err
	}
	if err := drawn.Save(filepath.Join(dir, experiment.FiguresDir), name); err != nil {
		return nil, err
	}
	return []string{name}, nil
}

// hasSAL reports whether a member learns with SAL.
func hasSAL(m sweep.Member) bool {
	c, ok := m.Spec.Config.(*experiment.SamplingConfig)
	return ok && c.Plasticity.RateSAL != 0
}

const salPath = "plasticity.rate_sal"

func sweepNoise(r *sweep.Result) ([]string, error) {
	level := -1
	for _, k := range r.Sweep.Conditions() {
		if r.Sweep.Grid[k].Path == salPath {
			continue
		}
		if level >= 0 {
			return nil, &InputError{"NoiseSweep", "Levels", fmt.Sprintf("%s and %s both vary, only one can be the noise", r.Sweep.Grid[level].Path, r.Sweep.Grid[k].Path)}
		}
		level = k
	}
	if level < 0 {
		return nil, &InputError{"NoiseSweep", "Levels", "nothing but SAL varies: there is no noise level"}
	}
	axis := r.Sweep.Grid[level]
	s := NoiseSweep{Title: title(r), NoiseLabel: axis.Label}
	if s.NoiseLabel == "" {
		s.NoiseLabel = axis.Path
	}
	type key struct {
		level float64
		sal   bool
	}
	at := map[key]int{}
	for i, m := range r.Sweep.Members {
		x, err := strconv.ParseFloat(m.Values[level], 64)
		if err != nil {
			return nil, &InputError{"NoiseSweep", "Levels", fmt.Sprintf("%s = %s is not a number", axis.Path, m.Values[level])}
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
		k := key{x, hasSAL(m)}
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

// sweepComparison draws the first member of every condition that has begun, those with SAL first.
func sweepComparison(r *sweep.Result) ([]string, error) {
	c := Comparison{Title: title(r)}
	seen := map[string]bool{}
	for _, sal := range []bool{true, false} {
		for i, m := range r.Sweep.Members {
			if hasSAL(m) != sal || r.States[i].Status == sweep.Pending {
				continue
			}
			name := []string{condition(sal)}
			several := 0
			for _, k := range r.Sweep.Conditions() {
				a := r.Sweep.Grid[k]
				if a.Path == salPath {
					several++
					if len(a.Values) <= 2 || !sal {
						continue
					}
				}
				if len(a.Values) == 1 {
					continue
				}
				label := a.Label
				if label == "" {
					label = a.Path
				}
				name = append(name, label+" "+m.Values[k])
			}
			if several == 0 && len(name) > 1 {
				name = name[1:]
			}
			text := strings.Join(name, ", ")
			if seen[text] {
				continue
			}
			seen[text] = true
			d, err := readRun(sweep.MemberDir(r.Dir, m), "p_target", "p_sampled")
			if err != nil {
				return nil, err
			}
			n := Condition{Name: text, Epoch: d.columns["epoch"], DKL: d.columns["dkl"], Floor: d.columns["dkl_floor"], Asymmetry: d.columns["asymmetry"]}
			// Only states of one and the same target can share axes.
			if p := d.arrays["p_target"]; c.Target == nil && len(p) > 0 {
				c.Target, c.N = p, d.states()
			}
			if slices.Equal(c.Target, d.arrays["p_target"]) {
				n.Sampled = d.arrays["p_sampled"]
			}
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
