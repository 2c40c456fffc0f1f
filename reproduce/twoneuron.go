package reproduce

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"spikealign/figure"
	"spikealign/internal/npz"
	"spikealign/sal"
	"spikealign/stdd"
	"spikealign/synapse"
)

// exponentialSAL is the window of SAL in the figures of two neurons.
func exponentialSAL(tau int64) synapse.Window {
	return sal.Window(synapse.Half{Shape: synapse.ExponentialWindow, Tau: float64(tau)})
}

// law solves two neurons and returns the law with its picture's data.
func law(name string, p stdd.Params) (*stdd.Law, figure.STDDLaw, error) {
	l, err := stdd.Solve(p)
	if err != nil {
		return nil, figure.STDDLaw{}, err
	}
	f := figure.STDDLaw{Name: name, Tau: float64(p.TauRef), Probability: l.Probability(), W12: p.W12, W21: p.W21}
	for _, d := range l.Lags() {
		f.Lags = append(f.Lags, float64(d))
	}
	return l, f, nil
}

// grid returns from, from+step, ..., to.
func grid(from, to, step float64) []float64 {
	n := int(math.Round((to - from) / step))
	xs := make([]float64, n+1)
	for k := range xs {
		xs[k] = from + float64(k)*step
	}
	return xs
}

// table makes the rows of a CSV file from columns of equal length.
func table(head []string, columns ...[]float64) [][]string {
	rows := [][]string{head}
	for k := range columns[0] {
		var row []string
		for _, c := range columns {
			row = append(row, strconv.FormatFloat(c[k], 'g', -1, 64))
		}
		rows = append(rows, row)
	}
	return rows
}

// figure2 is what spike-timing differences tell about two synapses (c), what SAL makes of them (d),
// and where it leads from anywhere (e).
func figure2(j *Job) error {
	const tau = 50
	var f figure.Figure2
	head, columns := []string{"lag"}, [][]float64{nil}
	var drifts []float64
	for _, c := range []struct {
		name     string
		w12, w21 float64
	}{
		{`excitatory, \i{W}_{12} > \i{W}_{21}`, 0.8, 0.4}, {`excitatory, \i{W}_{12} < \i{W}_{21}`, 0.4, 0.8}, {"excitatory, equal", 0.6, 0.6},
		{`inhibitory, \i{W}_{12} < \i{W}_{21}`, -0.8, -0.4}, {`inhibitory, \i{W}_{12} > \i{W}_{21}`, -0.4, -0.8}, {"inhibitory, equal", -0.6, -0.6},
	} {
		l, drawn, err := law(c.name, stdd.Params{W12: c.w12, W21: c.w21, B1: -0.5, B2: -0.5, TauRef: tau, TMax: 102})
		if err != nil {
			return err
		}
		f.Laws = append(f.Laws, drawn)
		d12, _ := l.Drift(exponentialSAL(tau))
		drifts = append(drifts, d12)
		columns[0] = drawn.Lags
		head, columns = append(head, fmt.Sprintf("p_%v_%v", c.w12, c.w21)), append(columns, drawn.Probability)
	}
	if err := j.csv("c_distributions.csv", table(head, columns...)); err != nil {
		return err
	}
	towards := drifts[0] < 0 && drifts[1] > 0 && drifts[3] > 0 && drifts[4] < 0
	j.claim(towards, "a, b, d, e: spike timing tells which of two synapses is the stronger one, of larger weight, sign included, excitatory or inhibitory",
		fmt.Sprintf("drift of w12 at (.8, .4): %s, (.4, .8): %s, (-.8, -.4): %s, (-.4, -.8): %s", number(drifts[0]), number(drifts[1]), number(drifts[3]), number(drifts[4])),
		"the stronger synapse has a negative drift in all four; of two inhibitory ones it is the less negative", "exact theory: no sampling error")
	worst := max(math.Abs(drifts[2]), math.Abs(drifts[5]))
	j.claim(worst <= 1e-15, "c, f: at equal weights and biases there is no drift", number(worst), "0", "a symmetry, which the program keeps to the last bit: this tests the program, not the paper")

	r, err := j.sweep("figure2-learning.yaml", "d_learning")
	if err != nil {
		return err
	}
	f.Learning = []figure.PairCurves{{Name: "both plastic"}, {Name: `\i{W}_{12} frozen`, Frozen12: true}}
	var finals [2][2][]float64
	for k, m := range r.Sweep.Members {
		c := &f.Learning[0]
		end := &finals[0]
		if m.Values[0] == "0" {
			c, end = &f.Learning[1], &finals[1]
		}
		columns, err := r.Folder(k).Table("metrics")
		if err != nil {
			return err
		}
		c.Epoch = columns["epoch"]
		c.W12, c.W21 = append(c.W12, columns["w12"]), append(c.W21, columns["w21"])
		for i, name := range []string{"w12", "w21"} {
			if x, ok := r.Final(k, name); ok {
				end[i] = append(end[i], x)
			}
		}
	}
	mean, se := meanError(finals[0][0])
	mean21, _ := meanError(finals[0][1])
	j.claim(math.Abs(mean-mean21) < 0.1, "g: both plastic, the weights meet near their mean, 1", fmt.Sprintf("w12 %.3f, w21 %.3f, standard error %.3f", mean, mean21, se),
		"means over 20 seeds less than 0.1 apart", "they begin 1 apart; the published program ends at .991 and 1.009, with a spread of .019")
	mean21, se = meanError(finals[1][1])
	exact, err := stdd.AttractorLine(j.Ctx, stdd.Params{B1: -0.5, B2: -0.2, TauRef: 25}, []float64{1.49}, 1, exponentialSAL(25), 1)
	if err != nil {
		return err
	}
	rest12, rest21, _ := exact.Points[0].Nearest()
	j.claim(math.Abs(mean21-1.5) < 0.05, "h: with w12 frozen at 1.5, w21 comes to it", fmt.Sprintf("w21 %.3f, standard error %.3f", mean21, se),
		"mean over 20 seeds within 0.05 of 1.5", fmt.Sprintf("it begins at 0.5; in steps of tau/25 unequal biases move the fixed line: by the theory of nearest pairs w21 rests at %.3f where w12 is %.3f; the published program, of other timing, ends at 1.516, spread .026", rest21, rest12))

	weights := grid(-2, 2, 0.25)
	p := stdd.Params{TauRef: 15, TMax: 30}
	plane, err := stdd.PhasePlane(j.Ctx, p, weights, weights, exponentialSAL(15), runtime.GOMAXPROCS(0))
	if err != nil {
		return err
	}
	line, err := stdd.AttractorLine(j.Ctx, p, weights, 2, exponentialSAL(15), runtime.GOMAXPROCS(0))
	if err != nil {
		return err
	}
	f.Plane = figure.PhasePlane{W12: weights, W21: weights, Drift12: plane.Drift12, Drift21: plane.Drift21}
	for _, c := range f.Learning {
		if len(c.W12) > 0 {
			f.Plane.Trajectories = append(f.Plane.Trajectories, figure.Trajectory{Name: c.Name, W12: c.W12[0], W21: c.W21[0]})
		}
	}
	for _, q := range line.Points {
		if w12, w21, ok := q.Nearest(); ok {
			f.Plane.Line12, f.Plane.Line21 = append(f.Plane.Line12, w12), append(f.Plane.Line21, w21)
		}
	}
	var right, off int
	for i, w12 := range weights {
		for k, w21 := range weights {
			if w12 != w21 {
				off++
				if drift := plane.Drift12[i*len(weights)+k]; (drift < 0) == (w12 > w21) && drift != 0 {
					right++
				}
			}
		}
	}
	j.claim(right == off, "i: SAL leads to the diagonal from everywhere", fmt.Sprintf("the weight of the stronger synapse falls at %d of %d points off the diagonal", right, off), "all", "exact theory")
	j.claim(len(f.Plane.Line12) == len(weights) && line.Deviation() < 1e-9, "i: the attractor line is the diagonal w12 = w21", fmt.Sprintf("mean relative deviation %s", number(line.Deviation())), "below 1e-9",
		"equal biases: a symmetry, as above; roots are found to 1e-12")
	if err := j.npz("e_phase_plane.npz", npz.Array{Name: "w", Shape: []int{len(weights)}, Data: weights},
		npz.Array{Name: "drift12", Shape: []int{len(weights), len(weights)}, Data: plane.Drift12},
		npz.Array{Name: "drift21", Shape: []int{len(weights), len(weights)}, Data: plane.Drift21}); err != nil {
		return err
	}
	return j.draw("fig2", f)
}

// meanError returns the mean and its standard error.
func meanError(xs []float64) (mean, se float64) {
	n := float64(len(xs))
	for _, x := range xs {
		mean += x / n
	}
	for _, x := range xs {
		se += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(se / (n - 1) / n)
}

// figure10 is SAL between excitatory neurons that reach each other through inhibitory ones, too.
func figure10(j *Job) error {
	var overrides []string
	if j.Scale == Quick {
		overrides = []string{"field.points=11", "field.steps=500000"}
	}
	folder, err := j.run("figure10.yaml", "field", overrides...)
	if err != nil {
		return err
	}
	m, err := folder.Table("metrics")
	if err != nil {
		return err
	}
	n := int(math.Round(math.Sqrt(float64(len(m["point"])))))
	f := figure.Figure10{N: n, W12: m["w_eff12"], W21: m["w_eff21"], Drift12: m["drift12"],
		Rate: slices.Concat(m["activity_e1"], m["activity_e2"]), RateDirect: slices.Concat(m["activity_direct1"], m["activity_direct2"])}
	var sum, sum2, crossings float64
	for i := range n {
		for k := range n - 1 {
			// Along a row the excitatory weight w_ee21 grows.
			a, b := i*n+k, i*n+k+1
			if x, y := f.Drift12[a], f.Drift12[b]; (x < 0) != (y < 0) {
				at := x / (x - y)
				off := f.W12[a] + at*(f.W12[b]-f.W12[a]) - f.W21[a] - at*(f.W21[b]-f.W21[a])
				sum += off
				sum2 += off * off
				crossings++
			}
		}
	}
	rms := math.Sqrt(sum2 / crossings)
	j.claim(rms < 0.15, "the drift of SAL vanishes where the effective weights are equal", fmt.Sprintf("w_eff12 - w_eff21 on the zero line: rms %.3f, mean %+.3f, over %.0f places", rms, sum/crossings, crossings),
		"rms below 0.15", "the effective weights span 2; the formula is a first order in the activity, and the drift near its zero is within sampling error")
	wrong, far := 0, 0
	for k := range f.Drift12 {
		if d := f.W12[k] - f.W21[k]; math.Abs(d) > 0.3 {
			far++
			if (f.Drift12[k] < 0) != (d > 0) {
				wrong++
			}
		}
	}
	j.claim(wrong == 0, "the larger effective weight falls", fmt.Sprintf("so at %d of %d points with effective weights more than 0.3 apart", far-wrong, far), "all", "the drift there is more than 5 standard errors from 0")
	worst, sq := 0.0, 0.0
	for k := range f.Rate {
		d := f.Rate[k] - f.RateDirect[k]
		worst = max(worst, math.Abs(d))
		sq += d * d / float64(len(f.Rate))
	}
	j.claim(math.Sqrt(sq) < 0.02, "a direct synapse of the effective weight gives the same activity", fmt.Sprintf("rms difference %.4f, largest %.4f, of activities %.2f to %.2f", math.Sqrt(sq), worst, slices.Min(f.Rate), slices.Max(f.Rate)),
		"rms below 0.02", "5 % of the range of activities")
	return j.draw("fig10", f)
}

// figure11 is what becomes of the attractor line for other shapes of the postsynaptic potential.
func figure11(j *Job) error {
	const tau, lawTau = 10, 30
	step := 0.25
	points := 10
	if j.Scale == Quick {
		step, points = 0.5, 7
	}
	bias := grid(-1, 1, step)
	means := make([]float64, points)
	for k := range means {
		means[k] = -1.5 + 3*float64(k)/float64(points-1)
	}
	var f figure.Figure11
	// by shape: largest deviation at equal biases, mean deviation elsewhere, deviation at b = (1,
	// -1) in continuous time
	var equal, unequal, continuous []float64
	arrays := []npz.Array{{Name: "bias", Shape: []int{len(bias)}, Data: bias}, {Name: "mean_weight", Shape: []int{points}, Data: means}}
	progress := j.Progress("fig11", 3*len(bias)*len(bias))
	done := 0
	roots := 0
	for _, shape := range []struct {
		name, key string
		shape     synapse.PSPShape
		share     float64
	}{{"rectangular", "rectangular", synapse.Rectangular, 1}, {"alpha, τ_{syn} = τ/3", "alpha_third", synapse.Alpha, 1. / 3}, {"alpha, τ_{syn} = τ/2", "alpha_half", synapse.Alpha, 0.5}} {
		psp := func(tau int64) synapse.PSP {
			return synapse.PSP{Shape: shape.shape, TauRef: tau, TauSyn: shape.share * float64(tau), Steps: tau}
		}
		s := figure.ShapeResult{Name: shape.name, Bias: bias}
		s.Lag, s.PSP = []float64{0}, []float64{0}
		if shape.shape == synapse.Rectangular {
			s.PSP[0] = 1 // it begins with the spike
		}
		for l := int64(1); l <= 2*lawTau; l++ {
			s.Lag, s.PSP = append(s.Lag, float64(l)/lawTau), append(s.PSP, psp(lawTau).At(l))
			if shape.shape == synapse.Rectangular && l == lawTau {
				s.Lag, s.PSP = append(s.Lag, 1), append(s.PSP, 0) // and ends in a jump
			}
		}
		for _, b := range [][2]float64{{0, 0}, {0.5, -0.5}, {1, -1}} {
			_, drawn, err := law(strings.ReplaceAll(fmt.Sprintf(`\i{b} = (%v, %v)`, b[0], b[1]), "-", "−"), stdd.Params{W12: 1, W21: 1, B1: b[0], B2: b[1], TauRef: lawTau, PSP: psp(lawTau), TMax: 60})
			if err != nil {
				return err
			}
			s.Laws = append(s.Laws, drawn)
		}
		lines := []float64{}
		worst, mean, count := 0.0, 0.0, 0.0
		for i, b1 := range bias {
			for k, b2 := range bias {
				line, err := stdd.AttractorLine(j.Ctx, stdd.Params{B1: b1, B2: b2, TauRef: tau, PSP: psp(tau), TMax: 20}, means, 3, exponentialSAL(tau), runtime.GOMAXPROCS(0))
				if err != nil {
					return err
				}
				drawn := figure.AttractorLine{Difference: b1 - b2}
				for _, q := range line.Points {
					w12, w21, ok := q.Nearest()
					if !ok {
						w12, w21 = math.NaN(), math.NaN()
						roots++
					}
					lines = append(lines, w12-w21)
					drawn.W12, drawn.W21 = append(drawn.W12, w12), append(drawn.W21, w21)
				}
				if k == len(bias)-1-i {
					s.Lines = append(s.Lines, drawn) // b2 = -b1: one line for each difference
				}
				deviation := line.Deviation()
				s.Deviation = append(s.Deviation, deviation)
				if i == k {
					worst = max(worst, deviation)
				} else {
					mean += deviation
					count++
				}
				done++
				progress(done)
			}
		}
		fine, err := stdd.AttractorLine(j.Ctx, stdd.Params{B1: 1, B2: -1, TauRef: tau, PSP: psp(tau), TMax: 20, Continuous: true}, means, 3, exponentialSAL(tau), runtime.GOMAXPROCS(0))
		if err != nil {
			return err
		}
		equal, unequal, continuous = append(equal, worst), append(unequal, mean/count), append(continuous, fine.Deviation())
		f.Shapes = append(f.Shapes, s)
		arrays = append(arrays, npz.Array{Name: "deviation_" + shape.key, Shape: []int{len(bias), len(bias)}, Data: s.Deviation},
			npz.Array{Name: "difference_" + shape.key, Shape: []int{len(bias), len(bias), points}, Data: lines})
	}
	if err := j.npz("attractor_lines.npz", arrays...); err != nil {
		return err
	}
	j.claim(slices.Max(equal) < 1e-9, "with equal biases the weights become equal for any PSP", fmt.Sprintf("largest deviation of the attractor line from the diagonal: %s", number(slices.Max(equal))), "below 1e-9",
		"an exact symmetry; roots are found to 1e-12")
	j.claim(continuous[0] < 1e-9 && continuous[1] > 0.01 && continuous[2] > 0.01, "with unequal biases the attractor line is the diagonal for rectangular PSPs, and is not for alpha-shaped ones",
		fmt.Sprintf("relative deviation at b = (1, -1) in continuous time: rectangular %s, alpha %s (tau/3), %s (tau/2)", number(continuous[0]), number(continuous[1]), number(continuous[2])),
		"below 1e-9; above 0.01", "a theorem for continuous time; roots are found to 1e-12")
	j.claim(unequal[0] < unequal[1] && unequal[0] < unequal[2], "in steps of tau/10, as in the figure, the attractor line of rectangular PSPs is the nearest to the diagonal",
		fmt.Sprintf("mean relative deviation over unequal biases: rectangular %s, alpha %s (tau/3), %s (tau/2); %d points of the lines without a stable root", number(unequal[0]), number(unequal[1]), number(unequal[2]), roots),
		"the smallest of the three", "coincidences and the delay of a step leave a deviation of O(1/tau) for rectangular PSPs, too; the published program normalises the halves apart, which hides it")
	l, err := stdd.Solve(stdd.Params{W12: 1, W21: 1, B1: 1, B2: -1, TauRef: tau, TMax: 2 * tau, Continuous: true})
	if err != nil {
		return err
	}
	d12, _ := l.Drift(exponentialSAL(tau))
	j.claim(math.Abs(d12) < 1e-12, "in continuous time with rectangular PSPs there is no drift at equal weights, whatever the biases", fmt.Sprintf("%s at W = (1, 1), b = (1, -1)", number(d12)), "below 1e-12", "rounding of a closed form")
	return j.draw("fig11", f)
}

// figure12 is how a small asymmetry changes spike-timing differences.
func figure12(j *Job) error {
	const tau, eps = 40, 0.05
	var f figure.Figure12
	head, columns := []string{"t"}, [][]float64{nil}
	for _, w := range []float64{0.5, -0.5} {
		base, _, err := law("", stdd.Params{W12: w, W21: w, B2: 1, TauRef: tau, TMax: 3 * tau})
		if err != nil {
			return err
		}
		perturbed, _, err := law("", stdd.Params{W12: w + eps, W21: w - eps, B2: 1, TauRef: tau, TMax: 3 * tau})
		if err != nil {
			return err
		}
		fineBase, _, err := law("", stdd.Params{W12: w, W21: w, B2: 1, TauRef: tau, TMax: 3 * tau, Continuous: true})
		if err != nil {
			return err
		}
		fine, _, err := law("", stdd.Params{W12: w + eps, W21: w - eps, B2: 1, TauRef: tau, TMax: 3 * tau, Continuous: true})
		if err != nil {
			return err
		}
		delta, integral := stdd.Perturbation(fine, fineBase)
		deltaSteps, integralSteps := stdd.Perturbation(perturbed, base)
		name := "excitatory, w = 0.5"
		if w < 0 {
			name = "inhibitory, w = −0.5"
		}
		c := figure.PerturbationCase{Name: name, Delta: delta[1:], Integral: integral[1:]}
		steps := []float64{}
		for t := range delta[1:] {
			c.T = append(c.T, float64(t+1)/tau)
			steps = append(steps, float64(t+1))
		}
		f.Cases = append(f.Cases, c)
		columns[0] = steps
		head = append(head, fmt.Sprintf("delta_%v", w), fmt.Sprintf("integral_%v", w), fmt.Sprintf("delta_%v_steps", w), fmt.Sprintf("integral_%v_steps", w))
		columns = append(columns, c.Delta, c.Integral, deltaSteps[1:], integralSteps[1:])
		lowest, highest := slices.Min(c.Integral), slices.Max(c.Integral)
		end := integralSteps[len(integralSteps)-1] / slices.Max(integralSteps)
		j.claim(lowest > 0, name+": strengthening w12 makes short lags t1 > t2 more frequent, up to any lag",
			fmt.Sprintf("running integral of delta between %s and %s in continuous time; in steps of tau/%d it ends at %.1f %% of its maximum", number(lowest), number(highest), tau, 100*end), "above 0 everywhere in continuous time",
			"then every decreasing window measures the asymmetry with the right sign; in steps the halves differ by O(1/tau)")
		d0, _ := base.Drift(exponentialSAL(tau))
		d1, _ := perturbed.Drift(exponentialSAL(tau))
		j.claim(d1 < d0, name+": SAL weakens the strengthened synapse", fmt.Sprintf("its drift changes from %s to %s", number(d0), number(d1)), "downwards", "exact theory")
	}
	if err := j.csv("delta.csv", table(head, columns...)); err != nil {
		return err
	}
	return j.draw("fig12", f)
}
