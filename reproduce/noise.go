package reproduce

import (
	"fmt"
	"strconv"

	"spikealign/internal/quantile"
	"spikealign/sweep"
)

func figure4(j *Job) error {
	return noise(j, map[Scale]string{Quick: "figure4-quick.yaml", Paper: "figure4-sweep.yaml"}[j.Scale], "initial.noise", "synaptic noise")
}

func figure5(j *Job) error {
	return noise(j, map[Scale]string{Quick: "figure5-quick.yaml", Paper: "figure5-sweep.yaml"}[j.Scale], "plasticity.noise", "plasticity noise")
}

// condition is one noise level with or without SAL.
type condition struct {
	level float64
	sal   bool
}

// finals are the last values of a metric of the finished members of each condition.
func finals(r *sweep.Result, path, metric string) (map[condition][]float64, []float64, error) {
	level, sal := -1, -1
	for k, a := range r.Sweep.Grid {
		switch a.Path {
		case path:
			level = k
		case "plasticity.rate_sal":
			sal = k
		}
	}
	if level < 0 || sal < 0 {
		return nil, nil, fmt.Errorf("the sweep %s varies no %s or no plasticity.rate_sal", r.Sweep.Name, path)
	}
	values := map[condition][]float64{}
	var levels []float64
	for k, m := range r.Sweep.Members {
		x, err := strconv.ParseFloat(m.Values[level], 64)
		if err != nil {
			return nil, nil, fmt.Errorf("%s = %s is not a number", path, m.Values[level])
		}
		if len(levels) == 0 || levels[len(levels)-1] != x {
			levels = append(levels, x)
		}
		if y, ok := r.Final(k, metric); ok {
			c := condition{x, m.Values[sal] != "0"}
			values[c] = append(values[c], y)
		}
	}
	return values, levels, nil
}

// noise reproduces figure 4 or 5: the levels of the path in ascending order, the first one 0.
func noise(j *Job, file, path, name string) error {
	r, err := j.sweep(file, "")
	if err != nil {
		return err
	}
	if err := j.drawSweep(r); err != nil {
		return err
	}
	dkl, levels, err := finals(r, path, "dkl")
	if err != nil {
		return err
	}
	asymmetry, _, err := finals(r, path, "asymmetry")
	if err != nil {
		return err
	}
	top := levels[len(levels)-1]
	with, without, clean, cleanSAL := condition{top, true}, condition{top, false}, condition{0, false}, condition{0, true}

	rises := func(values map[condition][]float64, sal bool) (up bool, text string) {
		up = true
		before := 0.0
		for k, level := range levels {
			m := median(values[condition{level, sal}])
			up = up && (k == 0 || m > before)
			before = m
			if k > 0 {
				text += " "
			}
			text += number(m)
		}
		return up, text
	}
	for _, metric := range []struct {
		name   string
		values map[condition][]float64
	}{{"D_KL", dkl}, {"asymmetry", asymmetry}} {
		up, text := rises(metric.values, false)
		j.claim(up, fmt.Sprintf("without SAL the final %s rises with %s", metric.name, name), "medians over the levels: "+text, "each above the one before",
			"20 runs at each level")
	}
	ratio := median(asymmetry[with]) / median(asymmetry[without])
	j.claim(ratio < 0.02, fmt.Sprintf("with SAL the asymmetry stays near zero at %s %v", name, top),
		fmt.Sprintf("%s; without SAL %s", spread(asymmetry[with]), spread(asymmetry[without])),
		"median below 2 % of that without SAL", "what is left is the noise of single epochs, which shrinks with the learning rate")
	rise := (median(dkl[with]) - median(dkl[cleanSAL])) / (median(dkl[without]) - median(dkl[clean]))
	j.claim(rise < 0.5, fmt.Sprintf("with SAL %s %v costs less than half of what it costs without", name, top),
		fmt.Sprintf("D_KL with SAL %s, without noise %s; without SAL %s, without noise %s: %.0f %% of the rise", spread(dkl[with]), spread(dkl[cleanSAL]), spread(dkl[without]), spread(dkl[clean]), 100*rise),
		"the rise of the median over that without noise is below 50 % of the one without SAL", "half is where the word less begins to mean something")
	_, _, upper := quantile.Quartiles(dkl[cleanSAL])
	j.claim(median(dkl[with]) <= upper, fmt.Sprintf("with SAL the D_KL stays near its baseline without noise at %s %v", name, top),
		fmt.Sprintf("median %s, upper quartile without noise %s", number(median(dkl[with])), number(upper)), "the median within the quartiles of the runs without noise",
		"near is what the runs without noise do among themselves; plasticity noise also makes SAL itself unequal between the two synapses of a pair")
	return nil
}
