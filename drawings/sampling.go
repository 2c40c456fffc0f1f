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
	return Drawer{Run: trainingOf, Sweeps: []SweepDrawer{
		{"noise", func(s *sweep.Sweep) string { _, fault := noiseAxis(s); return fault }, noise},
		{"comparison", func(s *sweep.Sweep) string { _, fault := conditions(s); return fault }, comparison},
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
	return m.Spec.Config.(*kinds.SamplingConfig).Plasticity.RateSAL
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

// conditionMembers are the members of one condition of a sweep, as indices.
type conditionMembers struct {
	name    string
	members []int
}

// conditions returns the conditions of a comparison, those with SAL first; fault says why they
// cannot be shown and what to change.
func conditions(s *sweep.Sweep) (cs []conditionMembers, fault string) {
	rates := ratesSAL(s)
	varies := slices.ContainsFunc(s.Members, func(m sweep.Member) bool { return rateSAL(m) != rateSAL(s.Members[0]) })
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
				name = append(name, pathName(s, k)+" "+short(m.Values[k]))
			}
			if varies || len(name) == 0 {
				text := "without SAL"
				if sal {
					text = "with SAL"
				}
				if sal && len(rates) > 1 {
					text += " at rate " + strconv.FormatFloat(rateSAL(m), 'g', -1, 64)
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
	return cs, tooMany(len(cs))
}

// comparison draws the conditions of which members have begun, more than six as for other kinds.
// States are drawn for conditions whose runs all have the target of the first run.
func comparison(r *sweep.Result) (Input, error) {
	cs, _ := conditions(r.Sweep)
	if len(cs) > figure.MaxConditions {
		return metricsOf(r, nil)
	}
	c := figure.Comparison{Title: title(r)}
	for _, members := range cs {
		n := figure.Condition{Name: members.name}
		sameTarget := true
		for _, i := range members.members {
			if r.States[i].Status == sweep.Pending {
				continue
			}
			d, err := r.Folder(i).Table("metrics")
			if err != nil {
				return nil, err
			}
			a, err := r.Folder(i).Floats("p_target", "p_sampled")
			if err != nil {
				return nil, err
			}
			if len(d["dkl"]) == 0 {
				continue
			}
			if epoch := d["epoch"]; len(epoch) > len(n.Epoch) {
				n.Epoch = epoch
			}
			n.DKL, n.Floor, n.Asymmetry = append(n.DKL, d["dkl"]), append(n.Floor, d["dkl_floor"]), append(n.Asymmetry, d["asymmetry"])
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
		if len(n.DKL) > 0 {
			c.Conditions = append(c.Conditions, n)
		}
	}
	return c, nil
}
