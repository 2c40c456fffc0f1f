package reproduce

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"spikealign/deep"
	"spikealign/figure"
)

// depth is beyond the paper: a deep and narrow classifier, in which exact feedback is far better
// than random feedback, and where SAL ends between the two, against the length of its phases.
func depth(j *Job) error {
	if err := needImages(j, "fashion-mnist"); err != nil {
		return err
	}
	var more []string
	if j.Scale == Paper {
		more = []string{"images.train=0", "images.test=0", "training.epochs=20"}
	}
	type end struct{ accuracy, angle []float64 } // by seed
	rows := [][]string{{"method", "updates", "seed", "epoch", "test_accuracy", "mean_angle_deg"}}
	conditions := map[float64]*end{} // of SAL, by updates
	methods := map[string]*end{}
	add := func(e *end, m course, method, updates string) error {
		angles, err := meanAngles(m)
		if err != nil {
			return err
		}
		accuracy, last := m.metrics["test_accuracy"], len(angles)-1
		for k := range angles {
			rows = append(rows, []string{method, updates, m.values["seed"], strconv.Itoa(k), full(accuracy[k]), full(angles[k])})
		}
		e.accuracy, e.angle = append(e.accuracy, accuracy[last]), append(e.angle, angles[last])
		return nil
	}
	for _, part := range []string{"depth", "depth-sal"} {
		r, err := j.sweep(part+"-sweep.yaml", part, more...)
		if err != nil {
			return err
		}
		all, err := courses(r)
		if err != nil {
			return err
		}
		for _, m := range all {
			method, updates := m.values["method"], m.values["sal.iterations"]
			if part == "depth" {
				if methods[method] == nil {
					methods[method] = new(end)
				}
				err = add(methods[method], m, method, "")
			} else {
				var x float64
				if x, err = strconv.ParseFloat(updates, 64); err != nil {
					return err
				}
				if conditions[x] == nil {
					conditions[x] = new(end)
				}
				err = add(conditions[x], m, deep.SAL.String(), updates)
			}
			if err != nil {
				return err
			}
		}
	}
	if err := j.csv("depth.csv", rows); err != nil {
		return err
	}

	lengths := slices.Sorted(maps.Keys(conditions))
	accuracy := figure.CurvePanel{Heading: "at the end", XLabel: "updates in a SAL phase", YLabel: "test accuracy", LogX: true}
	angle := figure.CurvePanel{Heading: "feedback of all layers", XLabel: "updates in a SAL phase", YLabel: "angle (degrees)", LogX: true, Zero: true}
	overLengths := func(p *figure.CurvePanel, name string, values func(x float64) []float64) {
		c := figure.Course{Name: name, X: lengths}
		for s := range values(lengths[0]) {
			run := make([]float64, len(lengths))
			for k, x := range lengths {
				run[k] = values(x)[s]
			}
			c.Runs = append(c.Runs, run)
		}
		p.Courses = append(p.Courses, c)
	}
	for _, name := range []string{deep.BP.String(), deep.BPFA.String(), deep.FA.String()} {
		e := methods[name]
		overLengths(&accuracy, name, func(float64) []float64 { return e.accuracy })
		if name == deep.FA.String() {
			overLengths(&angle, name, func(float64) []float64 { return e.angle })
		}
	}
	overLengths(&accuracy, deep.SAL.String(), func(x float64) []float64 { return conditions[x].accuracy })
	overLengths(&angle, deep.SAL.String(), func(x float64) []float64 { return conditions[x].angle })

	bp, bound, fa := methods[deep.BP.String()].accuracy, methods[deep.BPFA.String()].accuracy, methods[deep.FA.String()].accuracy
	const margin = 0.05
	// Student's t for five pairs, 4 degrees of freedom, 97.5 %
	above := func(a, b []float64, least float64) (bool, string) {
		mean, se := paired(a, b)
		return mean-2.776*se > least, fmt.Sprintf("%+.3f, standard error %.3f (%d seeds)", mean, se, len(a))
	}
	holds, text := above(bp, fa, margin)
	j.claim(holds, "backpropagation is better than random feedback", text, "with 97.5 % confidence more than .05 above", "an advantage that can be seen without statistics; seeds are paired")
	holds, text = above(bound, fa, margin)
	j.claim(holds, "exact feedback in the fully connected layers alone is better than random feedback", text, "with 97.5 % confidence more than .05 above", "so it is these layers that need it")
	longest := lengths[len(lengths)-1]
	for _, x := range lengths {
		a := conditions[x].accuracy
		holds, text = above(a, fa, 0)
		updates := "updates"
		if x == 1 {
			updates = "update"
		}
		j.claim(holds, fmt.Sprintf("SAL with %g %s a phase is better than random feedback", x, updates), text+fmt.Sprintf(", %.1f degrees", median(conditions[x].angle)), "with 97.5 % confidence above", "as above")
	}
	a := conditions[longest].accuracy
	j.claim(median(bound)-median(a) < (median(bound)-median(fa))/2, "the longest phase comes nearer to exact feedback than to random feedback",
		fmt.Sprintf("%.3f between %.3f and %.3f", median(a), median(fa), median(bound)), "less than half of the way from bp-fa-conv down to fa", "half is where nearer begins")
	shortest := conditions[lengths[0]].accuracy
	holds, text = above(a, shortest, 0)
	j.claim(holds, "a longer phase pays", fmt.Sprintf("%g updates against %g: %s", longest, lengths[0], text), "with 97.5 % confidence above", "as above")
	return j.draw("depth", figure.Curves{Panels: []figure.CurvePanel{accuracy, angle}})
}

// meanAngles returns for each epoch the mean angle of the feedback of all layers that have some of
// their own, NaN if none has.
func meanAngles(m course) ([]float64, error) {
	table, err := m.folder.Table("alignment")
	if err != nil {
		return nil, err
	}
	n := len(m.metrics["epoch"])
	sums, layers := make([]float64, n), make([]float64, n)
	for k, e := range table["epoch"] {
		if i := int(e); i >= 0 && i < n {
			sums[i] += table["angle_deg"][k]
			layers[i]++
		}
	}
	for i := range sums {
		sums[i] /= layers[i]
	}
	return sums, nil
}
