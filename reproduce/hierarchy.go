package reproduce

import (
	"fmt"
	"slices"
	"strconv"

	"spikealign/experiment"
	"spikealign/figure"
	"spikealign/sweep"
)

// hierarchyConditions are those of hierarchy-sweep.yaml, in the order of the file.
var hierarchyConditions = []string{"BP", "FA", "hidden layer as drawn", "SAL as published", "SAL, pairs up to τ"}

// hierarchy is beyond the paper: narrow microcircuits that learn from teachers of their shape,
// where exact feedback is better than random feedback.
func hierarchy(j *Job) error {
	var overrides []string
	if j.Scale == Quick {
		overrides = []string{"training.epochs=6"}
	}
	r, err := j.sweep("hierarchy-sweep.yaml", "runs", overrides...)
	if err != nil {
		return err
	}
	return j.hierarchyOf(r)
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
