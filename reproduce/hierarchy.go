package reproduce

import (
	"fmt"
	"slices"
	"strconv"

	"spikealign/alignment"
	"spikealign/experiment"
	"spikealign/figure"
	"spikealign/sweep"
)

// hierarchyConditions are those of hierarchy-sweep.yaml, in the order of the file.
var hierarchyConditions = []string{"BP", "FA", "hidden layer as drawn", "SAL as published", "SAL, pairs up to τ"}

// hierarchy is beyond the paper: narrow microcircuits that learn from teachers of their shape,
// where exact feedback is better than random feedback, with one hidden layer, two, and three.
func hierarchy(j *Job) error {
	var overrides []string
	depths := hierarchyDepths
	if j.Scale == Quick {
		overrides = []string{"training.epochs=6"}
		depths = depths[:1]
	}
	r, err := j.sweep("hierarchy-sweep.yaml", "runs", overrides...)
	if err != nil {
		return err
	}
	if err := j.hierarchyOf(r); err != nil {
		return err
	}
	var deep []*sweep.Result
	for _, d := range depths {
		if j.Scale == Quick {
			overrides = []string{"training.epochs=16"}
		}
		r, err := j.sweep(d.file, d.layers, overrides...)
		if err != nil {
			return err
		}
		deep = append(deep, r)
	}
	return j.hierarchyDepth(deep)
}

// hierarchyDepths are the sweeps of networks with more than one hidden layer, and their conditions
// in the order of the file.
var hierarchyDepths = []struct {
	file, layers string
	conditions   []string
}{
	{"hierarchy-two-sweep.yaml", "8-5-5-8", []string{"BP", "FA", "SAL as published", "SAL, pairs up to τ", "SAL, flat window"}},
	{"hierarchy-three-sweep.yaml", "8-5-5-5-8", []string{"BP", "FA", "SAL, pairs up to τ", "SAL, flat window"}},
}

// depthRuns are the runs of a condition: loss over the variance of the targets, and for each hidden
// layer, the topmost first, angles and norm ratio; means of the last three reports.
type depthRuns struct {
	shares                []float64
	angles, errors, ratio [][]float64 // [run][layer]
}

// hierarchyDepth tells what the runs of the sweeps in hierarchyDepths show, as many as there are.
func (j *Job) hierarchyDepth(results []*sweep.Result) error {
	rows := [][]string{{"network", "condition", "seed", "hidden_layer", "loss_share", "angle_deg", "error_deg", "norm_ratio"}}
	var panels []figure.CurvePanel
	for d, r := range results {
		depth := hierarchyDepths[d]
		runs := map[string]*depthRuns{}
		for k, m := range r.Sweep.Members {
			name := depth.conditions[k*len(depth.conditions)/len(r.Sweep.Members)]
			x := runs[name]
			if x == nil {
				x = &depthRuns{}
				runs[name] = x
			}
			if err := x.add(r.Folder(k)); err != nil {
				return err
			}
			last := len(x.shares) - 1
			for i := range x.angles[last] {
				row := []string{depth.layers, name, m.Values[1], strconv.Itoa(len(x.angles[last]) - i)}
				for _, v := range []float64{x.shares[last], x.angles[last][i], x.errors[last][i], x.ratio[last][i]} {
					row = append(row, strconv.FormatFloat(v, 'g', -1, 64))
				}
				rows = append(rows, row)
			}
		}
		angle := figure.CurvePanel{Heading: depth.layers, XLabel: "hidden layers from the output down", YLabel: "angle to the transpose (degrees)", Zero: true}
		errors := figure.CurvePanel{Heading: depth.layers, XLabel: angle.XLabel, YLabel: "angle of the errors (degrees)", Zero: true}
		size := figure.CurvePanel{Heading: depth.layers, XLabel: angle.XLabel, YLabel: "feedback / forward", Ratio: true}
		for _, name := range depth.conditions[1:] { // the feedback of BP is tied
			x := runs[name]
			var layer []float64
			for i := range x.angles[0] {
				layer = append(layer, float64(i+1))
			}
			angle.Courses = append(angle.Courses, figure.Course{Name: name, X: layer, Runs: x.angles})
			errors.Courses = append(errors.Courses, figure.Course{Name: name, X: layer, Runs: x.errors})
			size.Courses = append(size.Courses, figure.Course{Name: name, X: layer, Runs: x.ratio})
		}
		panels = append(panels, angle, errors, size)
		j.depthClaims(depth.layers, runs)
	}
	if err := j.csv("hierarchy-depth.csv", rows); err != nil {
		return err
	}
	return j.draw("hierarchy-depth", figure.Curves{Columns: 3, Panels: panels})
}

// add reads a finished run.
func (x *depthRuns) add(f *experiment.Folder) error {
	metrics, err := f.Table("metrics")
	if err != nil {
		return err
	}
	aligned, err := f.Table("alignment")
	if err != nil {
		return err
	}
	variance, err := targetVariance(f)
	if err != nil {
		return err
	}
	late := func(values []float64) float64 {
		mean, _ := meanError(values[max(len(values)-3, 0):])
		return mean
	}
	x.shares = append(x.shares, late(metrics["loss"])/variance)
	layers := int(slices.Max(aligned["layer"]))
	for _, y := range []struct {
		to     *[][]float64
		column string
	}{{&x.angles, "angle_deg"}, {&x.errors, "error_deg"}, {&x.ratio, "norm_ratio"}} {
		var means []float64
		for l := layers; l >= 1; l-- {
			var values []float64
			for i, at := range aligned["layer"] {
				if int(at) == l {
					values = append(values, aligned[y.column][i])
				}
			}
			means = append(means, late(values))
		}
		*y.to = append(*y.to, means)
	}
	return nil
}

// lowest are the values of the lowest hidden layer.
func lowest(runs [][]float64) (values []float64) {
	for _, r := range runs {
		values = append(values, r[len(r)-1])
	}
	return values
}

func (j *Job) depthClaims(layers string, runs map[string]*depthRuns) {
	bp, fa, within, flat := runs["BP"], runs["FA"], runs["SAL, pairs up to τ"], runs["SAL, flat window"]
	student := 2.776 // Student's t, 97.5 %, five seeds
	if len(bp.shares) == 3 {
		student = 4.303
	}
	why := "Student's t, 97.5 %; loss over the variance of the targets, mean of the last three reports, seeds paired"
	for _, c := range []struct {
		a, b           *depthRuns
		text, measured string
	}{
		{bp, fa, "exact feedback is better than random feedback", "BP less FA"},
		{flat, fa, "SAL in a flat window is better than random feedback", "SAL less FA"},
		{flat, within, "SAL learns more in a flat window", "flat less exponential window, both up to tau"},
	} {
		mean, se := paired(c.a.shares, c.b.shares)
		j.claim(mean+student*se < 0, layers+": "+c.text, fmt.Sprintf("%s: %+.3f, standard error %.3f (%d seeds)", c.measured, mean, se, len(c.a.shares)), fmt.Sprintf("below 0 by %.1f standard errors", student), why)
	}
	largest := 0.0
	for _, r := range flat.ratio {
		largest = max(largest, slices.Max(r))
	}
	j.claim(largest < alignment.MaxRatio, layers+": in a flat window the feedback does not grow beyond the forward weights",
		fmt.Sprintf("largest norm ratio %s; in the lowest layer %s, with the exponential window %s", number(largest), spread(lowest(flat.ratio)), spread(lowest(within.ratio))),
		"below 3 in every layer of every run", "errors of another size act as another learning rate")
	a, b := median(lowest(flat.errors)), median(lowest(within.errors))
	j.claim(a < b/2, layers+": a flat window brings the errors in the lowest layer at least twice as near to those of BP",
		fmt.Sprintf("%.0f degrees; exponential window %.0f; FA %.0f", a, b, median(lowest(fa.errors))), "less than half the angle", "median over seeds of the mean of the last three reports")
}

// hierarchyOf tells what the runs of hierarchy-sweep.yaml show.
func (j *Job) hierarchyOf(r *sweep.Result) error {
	loss := figure.CurvePanel{Heading: "validation", XLabel: "epoch", YLabel: "loss / variance of the targets", Zero: true}
	angle := figure.CurvePanel{Heading: "feedback alignment", XLabel: "epoch", YLabel: "angle to the transpose (degrees)", Zero: true}
	errors := figure.CurvePanel{Heading: "errors sent back", XLabel: "epoch", YLabel: "angle to those of BP (degrees)", Zero: true}
	size := figure.CurvePanel{Heading: "size of the feedback", XLabel: "epoch", YLabel: "feedback / forward", Ratio: true}
	rows := [][]string{{"condition", "seed", "epoch", "loss", "loss_share", "angle_deg", "norm_ratio", "error_deg"}}
	// means of the last three epochs, by condition and seed
	shares, angles, errorAngles := map[string][]float64{}, map[string][]float64{}, map[string][]float64{}
	for c, name := range hierarchyConditions {
		l, a, e, n := figure.Course{Name: name}, figure.Course{Name: name}, figure.Course{Name: name}, figure.Course{Name: name}
		for k, m := range r.Sweep.Members {
			if m.Values[0] != r.Sweep.Members[c*len(r.Sweep.Members)/len(hierarchyConditions)].Values[0] {
				continue
			}
			metrics, err := r.Folder(k).Table("metrics")
			if err != nil {
				return err
			}
			aligned, err := r.Folder(k).Table("alignment")
			if err != nil {
				return err
			}
			variance, err := targetVariance(r.Folder(k))
			if err != nil {
				return err
			}
			share := slices.Clone(metrics["loss"])
			for i := range share {
				share[i] /= variance
			}
			for _, x := range []struct {
				to    *figure.Course
				means map[string][]float64
				runs  []float64
			}{{&l, shares, share}, {&a, angles, aligned["angle_deg"]}, {&e, errorAngles, aligned["error_deg"]}, {&n, nil, aligned["norm_ratio"]}} {
				x.to.X, x.to.Runs = metrics["epoch"], append(x.to.Runs, x.runs)
				if x.means != nil {
					mean, _ := meanError(x.runs[max(len(x.runs)-3, 0):])
					x.means[name] = append(x.means[name], mean)
				}
			}
			for i, epoch := range metrics["epoch"] {
				row := []string{name, m.Values[1]}
				for _, x := range []float64{epoch, metrics["loss"][i], share[i], aligned["angle_deg"][i], aligned["norm_ratio"][i], aligned["error_deg"][i]} {
					row = append(row, strconv.FormatFloat(x, 'g', -1, 64))
				}
				rows = append(rows, row)
			}
		}
		loss.Courses = append(loss.Courses, l)
		if name != "BP" {
			angle.Courses, errors.Courses, size.Courses = append(angle.Courses, a), append(errors.Courses, e), append(size.Courses, n)
		}
	}
	if err := j.csv("hierarchy.csv", rows); err != nil {
		return err
	}
	bp, fa, drawn, published, within := shares["BP"], shares["FA"], shares["hidden layer as drawn"], shares["SAL as published"], shares["SAL, pairs up to τ"]
	const student, margin = 2.262, 0.1 // Student's t, 9 degrees of freedom, 97.5 %
	why := "Student's t, 9 degrees of freedom, 97.5 %; loss over the variance of the targets, mean of the last three epochs, seeds paired"
	text := func(a, b []float64) string {
		mean, se := paired(a, b)
		lower := 0
		for k := range a {
			if a[k] < b[k] {
				lower++
			}
		}
		return fmt.Sprintf("%+.3f, standard error %.3f, below in %d of %d seeds", mean, se, lower, len(a))
	}
	below := func(a, b []float64, claim, measured string) {
		mean, se := paired(a, b)
		j.claim(mean+student*se < 0, claim, measured+": "+text(a, b), "below 0 by 2.3 standard errors", why)
	}
	below(bp, fa, "exact feedback is better than random feedback", "BP less FA")
	below(bp, drawn, "with exact feedback the hidden layer learns", "BP less hidden layer as drawn")
	below(within, fa, "SAL with pairs up to tau is better than random feedback", "SAL less FA")
	below(published, fa, "SAL as published is better than random feedback", "SAL less FA")
	below(within, published, "SAL learns more if only pairs of spikes up to tau count", "pairs up to tau less as published")
	mean, se := paired(within, bp)
	j.claim(mean+student*se < margin, "SAL with pairs up to tau comes up to BP", "SAL less BP: "+text(within, bp), "with 97.5 % confidence less than .1 above", why)
	a, b := median(angles["SAL, pairs up to τ"]), median(angles["SAL as published"])
	j.claim(a < b/2, "pairs up to tau bring the feedback at least twice as near to the transpose", fmt.Sprintf("%.0f degrees; as published %.0f", a, b), "less than half the angle", "docs/microcircuits.md: pairs further apart than tau favour one order of two neurons that fire at different rates")
	a, b = median(errorAngles["SAL, pairs up to τ"]), median(errorAngles["FA"])
	j.claim(a < b/2, "and the errors sent back to those of BP twice as near as random feedback does", fmt.Sprintf("%.0f degrees; FA %.0f; SAL as published %.0f", a, b, median(errorAngles["SAL as published"])), "less than half the angle", "median over seeds of the mean of the last three epochs")
	return j.draw("hierarchy", figure.Curves{Columns: 2, Panels: []figure.CurvePanel{loss, angle, errors, size}})
}

// targetVariance is the variance of the validation targets of a finished run over the patterns,
// averaged over outputs: the loss of a network that always answers the mean.
func targetVariance(f *experiment.Folder) (float64, error) {
	z, err := f.Arrays()
	if err != nil {
		return 0, err
	}
	defer z.Close()
	targets, shape, err := z.Float64s("validation_target")
	if err != nil {
		return 0, err
	}
	sum, n, outputs := 0.0, float64(shape[0]), shape[1]
	for i := range outputs {
		var m, q float64
		for k := i; k < len(targets); k += outputs {
			m += targets[k] / n
			q += targets[k] * targets[k] / n
		}
		sum += q - m*m
	}
	return sum / float64(outputs), nil
}
