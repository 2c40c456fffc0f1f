package reproduce

import (
	"fmt"
	"math"
	"slices"

	"spikealign/deep"
)

// figure8 trains a convolutional network with all methods.
func figure8(j *Job) error {
	file := map[Scale]string{Quick: "figure8-quick.yaml", Paper: "figure8-sweep.yaml"}[j.Scale]
	r, err := j.sweep(file, "")
	if err != nil {
		return err
	}
	if _, err := j.Drawers.Sweep(r); err != nil {
		return err
	}
	all, err := courses(r)
	if err != nil {
		return err
	}
	sets := []string{}
	final := map[string][]float64{} // by images and method
	angles := map[string][][]float64{}
	rows := [][]string{{"images", "method", "seed", "epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "angle_deg"}}
	for _, m := range all {
		set := m.values["images.set"]
		if !slices.Contains(sets, set) {
			sets = append(sets, set)
		}
		key := set + " " + m.values["method"]
		final[key] = append(final[key], m.last("test_accuracy"))
		angles[key] = append(angles[key], m.metrics["angle_deg"])
		for k := range m.metrics["epoch"] {
			row := []string{set, m.values["method"], m.values["seed"]}
			for _, column := range rows[0][3:] {
				row = append(row, fmt.Sprint(m.metrics[column][k]))
			}
			rows = append(rows, row)
		}
	}
	if err := j.csv("accuracy.csv", rows); err != nil {
		return err
	}
	for _, set := range sets {
		name := set
		if name == "" {
			name = "fashion-mnist"
		}
		of := func(m deep.Method) []float64 { return final[set+" "+m.String()] }
		percent := func(m deep.Method) string {
			return fmt.Sprintf("%s %.2f %% (%d seeds)", m, 100*median(of(m)), len(of(m)))
		}
		if len(of(deep.SAL)) == 0 || len(of(deep.FA)) == 0 || len(of(deep.BPFA)) == 0 {
			continue
		}
		sal, fa, bound := median(of(deep.SAL)), median(of(deep.FA)), median(of(deep.BPFA))
		j.claim(slices.Min(of(deep.SAL)) > slices.Max(of(deep.FA)), name+": SAL classifies more test images rightly than random feedback", percent(deep.SAL)+", "+percent(deep.FA),
			"every run with SAL above every run with fa", "no overlap among the seeds")
		j.claim(bound-sal < (bound-fa)/2, name+": SAL comes nearer to perfect transport than to random feedback", percent(deep.SAL)+", "+percent(deep.FA)+", "+percent(deep.BPFA),
			"less than half of the way from bp-fa-conv down to fa", "half is where nearer begins")
		fell := true
		text := ""
		for _, a := range angles[set+" "+deep.SAL.String()] {
			fell = fell && len(a) > 1 && a[len(a)-1] < a[0]
			text += fmt.Sprintf("%.1f to %.1f; ", a[0], a[len(a)-1])
		}
		j.claim(fell, name+": the feedback of the first fully connected layer aligns over the epochs", text+"degrees", "smaller at the end in every run", "it begins at 90 degrees")
		if bp := of(deep.BP); len(bp) > 0 {
			j.claim(median(bp) >= math.Max(sal, fa), name+": backpropagation through all layers is best", percent(deep.BP), "median at least those of the others", "it is the gradient")
		}
	}
	return nil
}
