package drawings

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"spikealign/experiment"
	"spikealign/figure"
	"spikealign/kinds"
	"spikealign/sweep"
)

// Sampling draws the kind sampling.
func Sampling() Drawer {
	comparison := metricComparison(nil)
	comparison.Draw = samplingComparison
	return Drawer{Run: trainingOf, Sweeps: []SweepDrawer{
		{"noise", func(s *sweep.Sweep) string { _, fault := noiseAxis(s); return fault }, noise},
		comparison,
	}}
}

// trainingOf draws a run of a sampling network as figures/training.
func trainingOf(f *experiment.Folder) ([]Picture, error) {
	m, err := f.Table("metrics")
	if err != nil {
		return nil, err
	}
	a, err := f.Floats("w_initial", "w", "w_target", "p_target", "p_sampled")
	if err != nil {
		return nil, err
	}
	t := figure.Training{Name: f.Info.Name, Epoch: m["epoch"], DKL: m["dkl"], Floor: m["dkl_floor"], Asymmetry: m["asymmetry"],
		Target: a["p_target"], Sampled: a["p_sampled"], WInitial: a["w_initial"], WFinal: a["w"], WTarget: a["w_target"], N: states(a)}
	neurons := int(math.Round(math.Sqrt(float64(len(a["w"])))))
	if t.N == 0 {
		// Too many states to list: how many of the neurons are visible stands in the configuration.
		t.N = neurons
		if spec, err := f.Spec(experiment.Kinds{kinds.Sampling{}}); err == nil {
			t.N = min(t.N, spec.Config.(*kinds.SamplingConfig).Network.Visible)
		}
	}
	t.Hidden = max(neurons-t.N, 0)
	return []Picture{{"training", t}}, nil
}

// states is the number of neurons whose states the distributions of a run are of, 0 if there are
// none.
func states(arrays map[string][]float64) int {
	for _, name := range []string{"p_target", "p_sampled"} {
		if n := len(arrays[name]); n > 0 {
			return bits.Len(uint(n)) - 1
		}
	}
	return 0
}

// rateSAL is the learning rate of SAL of a member of a sweep of sampling networks.
func rateSAL(m sweep.Member) float64 {
	if c, ok := config(m).(*kinds.SamplingConfig); ok {
		return c.Plasticity.RateSAL
	}
	return 0
}

// ratesSAL returns the learning rates of SAL other than 0 that a sweep has, in the order of their
// appearance.
func ratesSAL(s *sweep.Sweep) (rates []string) {
	for _, m := range s.Members {
		if r := strconv.FormatFloat(rateSAL(m), 'g', -1, 64); r != "0" && !slices.Contains(rates, r) {
			rates = append(rates, r)
		}
	}
	return rates
}

const salPath = "plasticity.rate_sal"

// noiseAxis returns the index in the grid of the noise, the one path of the conditions that varies
// beside the learning rate of SAL. fault says why there is none and what to change.
func noiseAxis(s *sweep.Sweep) (axis int, fault string) {
	bad := func(problem, remedy string) (int, string) { return 0, problem + "; " + remedy }
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
		if x, err := strconv.ParseFloat(v, 64); err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return bad(fmt.Sprintf("its axis needs numbers, and %s has the value %s", s.Grid[axes[0]].Path, short(v)), "take figure: comparison")
		}
	}
	return axes[0], ""
}

// noiseLabel is how the axis of the noise is called.
func noiseLabel(a sweep.Axis) string {
	if a.Label != "" {
		return a.Label
	}
	return a.Path
}

// noise draws divergence and asymmetry against a level of noise, with and without SAL.
func noise(r *sweep.Result) (Input, error) {
	level, _ := noiseAxis(r.Sweep)
	s := figure.NoiseSweep{Title: title(r), NoiseLabel: noiseLabel(r.Sweep.Grid[level])}
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
		d, err := r.Folder(i).Table("metrics")
		if err != nil {
			return nil, err
		}
		if len(d["dkl"]) == 0 {
			continue
		}
		k := key{x, rateSAL(m) != 0}
		c, ok := at[k]
		if !ok {
			c = len(s.Curves)
			at[k] = c
			s.Curves = append(s.Curves, figure.Curve{Level: x, SAL: k.sal})
		}
		v := &s.Curves[c]
		if epoch := d["epoch"]; len(epoch) > len(v.Epoch) {
			v.Epoch = epoch
		}
		v.DKL, v.Asymmetry = append(v.DKL, d["dkl"]), append(v.Asymmetry, d["asymmetry"])
	}
	slices.Sort(s.Levels)
	return s, nil
}

// withSAL calls the learning rates of SAL, if they are 0 and one other, without SAL and with SAL,
// which comes first.
func (g groups) withSAL(s *sweep.Sweep) {
	f := -1 // the factor
	for _, k := range s.Conditions() {
		if len(s.Grid[k].Values) < 2 {
			continue
		}
		if f++; s.Grid[k].Path != salPath {
			continue
		}
		factor := &g.factors[f]
		zero := slices.Index(factor.Values, "0")
		if len(factor.Values) != 2 || zero < 0 {
			return
		}
		*factor = figure.Factor{Values: []string{"with SAL", "without SAL"}}
		for _, c := range g.conditions {
			if c.levels[f] == zero {
				c.levels[f] = 1
			} else {
				c.levels[f] = 0
			}
		}
		slices.SortStableFunc(g.conditions, func(a, b group) int { return a.levels[f] - b.levels[f] })
	}
}

// samplingComparison draws the conditions of which members have begun, with states for those whose
// runs all have the target of the first run.
func samplingComparison(r *sweep.Result) (Input, error) {
	g := grouped(r.Sweep)
	g.withSAL(r.Sweep)
	c, members, err := metricsOf(r, g, metrics{"dkl": figure.Divergence, "asymmetry": figure.Asymmetry}, nil)
	if err != nil || len(members) > figure.MaxConditions {
		return c, err
	}
	for k := range c.Conditions {
		n, sameTarget := &c.Conditions[k], true
		for _, i := range members[k] {
			if r.States[i].Status == sweep.Pending {
				continue
			}
			a, err := r.Folder(i).Floats("p_target", "p_sampled")
			if err != nil {
				return nil, err
			}
			p := a["p_target"]
			if c.Target == nil && len(p) > 0 {
				c.Target, c.N = p, states(a)
			}
			if len(p) > 0 {
				sameTarget = sameTarget && slices.Equal(c.Target, p)
				n.Sampled = append(n.Sampled, a["p_sampled"])
			}
		}
		if !sameTarget {
			n.Sampled = nil
		}
	}
	return c, nil
}
