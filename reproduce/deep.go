package reproduce

import (
	"fmt"
	"math"
	"slices"

	"spikealign/dataset"
	"spikealign/deep"
	"spikealign/sweep"
)

// figure8 trains a convolutional network with all methods, on one set of images or on all.
func figure8(j *Job) error {
	file, sets := "figure8-quick.yaml", []string{"fashion-mnist"}
	if j.Scale == Paper {
		file, sets = "figure8-sweep.yaml", []string{"fashion-mnist", "mnist", "cifar-10", "svhn"}
	}
	if err := needImages(j, sets...); err != nil {
		return err
	}
	return deepSets(j, file, embedded(file), sets)
}

// needImages tells what is not here before hours of computing, not after.
func needImages(j *Job, sets ...string) error {
	for _, s := range dataset.Find(j.Data) {
		if slices.Contains(sets, s.Name) && s.Missing != "" {
			return &dataset.NotFoundError{Name: s.Name, Text: s.Missing}
		}
	}
	return nil
}

// deepSets runs a sweep over methods and seeds for each set of images, in a folder of its name.
func deepSets(j *Job, file string, text []byte, sets []string) error {
	rows := [][]string{{"images", "method", "seed", "epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "angle_deg"}}
	for _, set := range sets {
		r, err := j.sweepText(file, text, set, "images.set="+set)
		if err != nil {
			return err
		}
		if err := j.drawSweep(r); err != nil {
			return err
		}
		if rows, err = j.deepSet(r, set, rows); err != nil {
			return err
		}
	}
	return j.csv("accuracy.csv", rows)
}

// deepSet adds the claims on a set of images, and its epochs to the rows of a table.
func (j *Job) deepSet(r *sweep.Result, set string, rows [][]string) ([][]string, error) {
	all, err := courses(r)
	if err != nil {
		return nil, err
	}
	final := map[string][]float64{} // by method
	var angles [][]float64          // of SAL
	for _, m := range all {
		method := m.values["method"]
		final[method] = append(final[method], m.last("test_accuracy"))
		if method == deep.SAL.String() {
			angles = append(angles, m.metrics["angle_deg"])
		}
		for k := range m.metrics["epoch"] {
			row := []string{set, method, m.values["seed"]}
			for _, column := range rows[0][3:] {
				row = append(row, full(m.metrics[column][k]))
			}
			rows = append(rows, row)
		}
	}
	of := func(m deep.Method) []float64 { return final[m.String()] }
	percent := func(m deep.Method) string {
		return fmt.Sprintf("%s %.2f %% (%d seeds)", m, 100*median(of(m)), len(of(m)))
	}
	if len(of(deep.SAL)) == 0 || len(of(deep.FA)) == 0 || len(of(deep.BPFA)) == 0 {
		return rows, nil
	}
	sal, fa, bound := median(of(deep.SAL)), median(of(deep.FA)), median(of(deep.BPFA))
	j.claim(slices.Min(of(deep.SAL)) > slices.Max(of(deep.FA)), set+": SAL classifies more test images rightly than random feedback", percent(deep.SAL)+", "+percent(deep.FA),
		"every run with SAL above every run with fa", "no overlap among the seeds")
	j.claim(bound-sal < (bound-fa)/2, set+": SAL comes nearer to perfect transport than to random feedback", percent(deep.SAL)+", "+percent(deep.FA)+", "+percent(deep.BPFA),
		"less than half of the way from bp-fa-conv down to fa", "half is where nearer begins")
	fell := true
	text := ""
	for _, a := range angles {
		fell = fell && len(a) > 1 && a[len(a)-1] < a[0]
		text += fmt.Sprintf("%.1f to %.1f; ", a[0], a[len(a)-1])
	}
	j.claim(fell, set+": the feedback of the first fully connected layer aligns over the epochs", text+"degrees", "smaller at the end in every run", "it begins at 90 degrees")
	if bp := of(deep.BP); len(bp) > 0 {
		j.claim(median(bp) >= math.Max(sal, fa), set+": backpropagation through all layers is best", percent(deep.BP), "median at least those of the others", "it is the gradient")
	}
	return rows, nil
}
