package drawings

import (
	"math"
	"slices"

	"spikealign/experiment"
	"spikealign/figure"
	"spikealign/kinds"
	"spikealign/sweep"
)

// Pair draws the kinds two-neuron and dale.
func Pair() Drawer {
	comparison := metricComparison(metrics{"w12": figure.Weight12, "w21": figure.Weight21, "w_eff12": figure.Effective12, "w_eff21": figure.Effective21})
	check := comparison.Check
	comparison.Check = func(s *sweep.Sweep) string {
		for _, m := range s.Members {
			if c, ok := config(m).(*kinds.DaleConfig); ok && c.Mode == "field" {
				return "it shows metrics in the course of learning, and mode: field has none; take mode: learning, or figure: none"
			}
		}
		return check(s)
	}
	return Drawer{Run: pairOf, Sweeps: []SweepDrawer{comparison}}
}

// pairOf draws a run of two neurons, plain or with inhibitory partners: figures/field for a drift
// field, once the whole grid is there, and figures/training for learning.
func pairOf(f *experiment.Folder) ([]Picture, error) {
	m, err := f.Table("metrics")
	if err != nil {
		return nil, err
	}
	if _, field := m["point"]; field {
		n := int(math.Round(math.Sqrt(float64(len(m["point"])))))
		if f.Info.Status != experiment.Done || n < 2 || n*n != len(m["point"]) {
			return nil, nil
		}
		d := figure.Figure10{Title: f.Info.Name, N: n, W12: m["w_eff12"], W21: m["w_eff21"], Drift12: m["drift12"]}
		if len(m["activity_direct1"]) > 0 {
			d.Rate, d.RateDirect = slices.Concat(m["activity_e1"], m["activity_e2"]), slices.Concat(m["activity_direct1"], m["activity_direct2"])
		}
		return []Picture{{"field", d}}, nil
	}
	p := figure.PairRun{Name: f.Info.Name, Epoch: m["epoch"], W12: m["w12"], W21: m["w21"], Drift12: m["drift12"], Drift21: m["drift21"], Activity1: m["activity1"], Activity2: m["activity2"]}
	if len(p.W12) == 0 {
		p.W12, p.W21, p.Effective12, p.Effective21 = m["w_ee12"], m["w_ee21"], m["w_eff12"], m["w_eff21"]
		p.Activity1, p.Activity2 = m["activity_e1"], m["activity_e2"]
	}
	return []Picture{{"training", p}}, nil
}
