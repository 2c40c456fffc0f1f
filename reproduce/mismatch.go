package reproduce

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"spikealign/alignment"
	"spikealign/experiment"
	"spikealign/figure"
)

// mismatchKinds are the settings of block mismatch, with what figures call them.
var mismatchKinds = []struct{ key, label string }{
	{"gain", "gain"}, {"offset", "offset"}, {"refractory", "refractory time"}, {"window_amplitude", "window amplitude"}, {"window_tau", "window time constant"},
}

// mismatchTable holds values of runs by kind of mismatch, condition and level.
type mismatchTable map[string]map[string]map[float64][]float64

// add notes the value of a run; one without any mismatch counts for every kind.
func (t mismatchTable) add(kind, condition string, level, value float64) {
	kinds := []string{kind}
	if level == 0 {
		kinds = nil
		for _, k := range mismatchKinds {
			kinds = append(kinds, k.key)
		}
	}
	for _, k := range kinds {
		if t[k] == nil {
			t[k] = map[string]map[float64][]float64{}
		}
		if t[k][condition] == nil {
			t[k][condition] = map[float64][]float64{}
		}
		t[k][condition][level] = append(t[k][condition][level], value)
	}
}

// row is a row of panels of these conditions, in their order.
func (t mismatchTable) row(label string, log bool, conditions ...string) figure.LevelRow {
	r := figure.LevelRow{YLabel: label, Log: log}
	for _, k := range mismatchKinds {
		var cs []figure.LevelCourse
		for _, name := range conditions {
			c := figure.LevelCourse{Name: name}
			for _, level := range slices.Sorted(maps.Keys(t[k.key][name])) {
				c.Level, c.Runs = append(c.Level, level), append(c.Runs, t[k.key][name][level])
			}
			cs = append(cs, c)
		}
		r.Panels = append(r.Panels, cs)
	}
	return r
}

// top is the largest level of a kind, and clean the runs of a condition without mismatch.
func (t mismatchTable) top(kind, condition string) (values []float64, level float64) {
	levels := t[kind][condition]
	if len(levels) == 0 {
		return nil, math.NaN()
	}
	level = slices.Max(slices.Collect(maps.Keys(levels)))
	return levels[level], level
}

func (t mismatchTable) clean(condition string) []float64 { return t["gain"][condition][0] }

// mismatchLevel reads a value of the path mismatch of a sweep, such as {gain: 0.2}.
func mismatchLevel(value string) (kind string, level float64, err error) {
	kind, number, ok := strings.Cut(strings.Trim(value, "{}"), ":")
	if ok {
		level, err = strconv.ParseFloat(strings.TrimSpace(number), 64)
	}
	if !ok || err != nil {
		return "", 0, fmt.Errorf("mismatch = %s is not one kind of mismatch with its size", value)
	}
	return strings.TrimSpace(kind), level, nil
}

// Conditions of the figure.
const (
	withSAL    = "SAL"
	withoutSAL = "without SAL"
	copied     = "weights copied as numbers"
	fixedFA    = "fixed feedback"
)

// mismatchFigure is what SAL makes of neurons and synapses that differ.
func mismatchFigure(j *Job) error {
	m := mismatchJob{Job: j, rows: [][]string{{"network", "mismatch", "size", "condition", "metric", "runs", "median", "q25", "q75"}}}
	for _, part := range []func() (figure.Levels, error){m.layers, m.sampling, m.microcircuits} {
		f, err := part()
		if err != nil {
			return err
		}
		for _, k := range mismatchKinds {
			f.Kinds = append(f.Kinds, k.label)
		}
		if err := j.draw("mismatch-"+m.network, f); err != nil {
			return err
		}
	}
	return j.csv("mismatch.csv", m.rows)
}

type mismatchJob struct {
	*Job
	network string
	rows    [][]string
}

// runs reads a sweep over mismatches. longer are the settings of the paper's scale.
func (m *mismatchJob) runs(network string, longer ...string) ([]course, error) {
	m.network = network
	if m.Scale == Quick {
		longer = nil
	}
	r, err := m.sweep("mismatch-"+network+".yaml", network, longer...)
	if err != nil {
		return nil, err
	}
	return courses(r)
}

// tabulate adds the medians of a table to mismatch.csv.
func (m *mismatchJob) tabulate(t mismatchTable, metric string) {
	for _, k := range mismatchKinds {
		for _, condition := range slices.Sorted(maps.Keys(t[k.key])) {
			for _, level := range slices.Sorted(maps.Keys(t[k.key][condition])) {
				values := t[k.key][condition][level]
				lower, upper := quartiles(values)
				m.rows = append(m.rows, []string{m.network, k.key, fmt.Sprint(level), condition, metric, fmt.Sprint(len(values)), number(median(values)), number(lower), number(upper)})
			}
		}
	}
}

// layers is about the feedback weights of two layers.
func (m *mismatchJob) layers() (f figure.Levels, err error) {
	runs, err := m.runs("layers", "layers=[50, 50]", "training.epochs=200")
	if err != nil {
		return f, err
	}
	effective, plain := mismatchTable{}, mismatchTable{}
	for _, c := range runs {
		kind, level, err := mismatchLevel(c.values["mismatch"])
		if err != nil {
			return f, err
		}
		bare, copies, err := bareAngles(c.folder)
		if err != nil {
			return f, err
		}
		effective.add(kind, withSAL, level, c.last("angle_deg"))
		effective.add(kind, copied, level, copies)
		effective.add(kind, withoutSAL, level, c.metrics["angle_deg"][0])
		plain.add(kind, withSAL, level, bare)
	}
	m.tabulate(effective, "angle_deg of effective weights")
	m.tabulate(plain, "angle_deg of weights without gains")
	m.near(effective, "layers", "offset", "refractory time", "window_amplitude", "window_tau")
	sal, level := effective.top("gain", withSAL)
	bare, _ := plain.top("gain", withSAL)
	copies, _ := effective.top("gain", copied)
	m.claim(median(sal) < median(copies) && median(sal) < median(bare), fmt.Sprintf("layers: with gain %v SAL aligns the effective weights, and better than copying numbers does", level),
		fmt.Sprintf("angle of the effective weights %s, of the weights as numbers %s; copied as numbers, the effective weights differ by %s", spread(sal), spread(bare), spread(copies)),
		"the median of the first is the smallest", "a neuron's spikes show its gain, and nothing of what its weights are as numbers")
	f.Rows = []figure.LevelRow{effective.row("angle (degrees)", false, withSAL, withoutSAL, copied)}
	return f, nil
}

// near adds a claim for each kind that the condition SAL is little worse than without mismatch.
func (m *mismatchJob) near(t mismatchTable, network string, kinds ...string) {
	for _, k := range mismatchKinds {
		if !slices.Contains(kinds, k.key) && !slices.Contains(kinds, k.label) {
			continue
		}
		values, level := t.top(k.key, withSAL)
		clean := t.clean(withSAL)
		m.claim(median(values) <= median(clean)+5, fmt.Sprintf("%s: %s %v costs SAL less than 5 degrees", network, k.label, level), fmt.Sprintf("%s; without mismatch %s", spread(values), spread(clean)),
			"median at most 5 degrees above that without mismatch", "a cosine of 0.996: less than what the noise of single updates leaves")
	}
}

// bareAngles returns the angle between weights without their gains, and that between effective
// weights if the feedback were the transposed forward weights as numbers; degrees.
func bareAngles(f *experiment.Folder) (bare, copies float64, err error) {
	z, err := f.Arrays()
	if err != nil {
		return 0, 0, err
	}
	defer z.Close()
	up, shape, err := z.Float64s("up_1")
	if err != nil {
		return 0, 0, err
	}
	down, _, err := z.Float64s("down_0_final")
	if err != nil {
		return 0, 0, err
	}
	above, n := shape[0], shape[1]
	bare = alignment.Compare(up, down, n, above).Angle
	if !z.Has("gain_0") {
		return bare, 0, nil
	}
	post, _, err := z.Float64s("gain_0")
	if err != nil {
		return 0, 0, err
	}
	pre, _, err := z.Float64s("gain_1")
	if err != nil {
		return 0, 0, err
	}
	forward, back := make([]float64, n*above), make([]float64, n*above)
	for k := range above {
		for i := range n {
			forward[k*n+i] = pre[k] * up[k*n+i]
			back[i*above+k] = post[i] * up[k*n+i]
		}
	}
	return bare, alignment.Compare(forward, back, n, above).Angle, nil
}

// sampling is about what sampling networks learn.
func (m *mismatchJob) sampling() (f figure.Levels, err error) {
	runs, err := m.runs("sampling", "training.epochs=8001", "training.report_every=8000", "plasticity.rate_bias=0.02", "plasticity.rate_weight=0.02")
	if err != nil {
		return f, err
	}
	dkl, asymmetry := mismatchTable{}, mismatchTable{}
	for _, c := range runs {
		kind, level, err := mismatchLevel(c.values["mismatch"])
		if err != nil {
			return f, err
		}
		condition := withSAL
		if c.values["plasticity.rate_sal"] == "0" {
			condition = withoutSAL
		}
		dkl.add(kind, condition, level, c.last("dkl"))
		asymmetry.add(kind, condition, level, c.last("asymmetry"))
	}
	m.tabulate(dkl, "dkl")
	m.tabulate(asymmetry, "asymmetry of effective weights")
	for _, k := range mismatchKinds {
		with, level := dkl.top(k.key, withSAL)
		without, _ := dkl.top(k.key, withoutSAL)
		better := 0
		for i := range min(len(with), len(without)) {
			if with[i] < without[i] {
				better++
			}
		}
		m.claim(2*median(with) < median(without), fmt.Sprintf("sampling: with %s %v SAL at least halves the final D_KL", k.label, level),
			fmt.Sprintf("D_KL with SAL %s, without %s; better for %d of %d seeds; without mismatch %s and %s", spread(with), spread(without), better, len(with), spread(dkl.clean(withSAL)), spread(dkl.clean(withoutSAL))),
			"the median with SAL is below half of that without", "the networks begin with synaptic noise 0.4, which SAL takes away")
	}
	f.Rows = []figure.LevelRow{dkl.row(figure.Divergence.Label+" (nats)", true, withSAL, withoutSAL), asymmetry.row("asymmetry (weight^{2})", true, withSAL, withoutSAL)}
	return f, nil
}

// microcircuits is about feedback and loss of microcircuits that learn XOR.
func (m *mismatchJob) microcircuits() (f figure.Levels, err error) {
	runs, err := m.runs("microcircuits", "training.epochs=20")
	if err != nil {
		return f, err
	}
	names := map[string]string{"sal": withSAL, "bp": copied, "fa": fixedFA}
	angle, loss := mismatchTable{}, mismatchTable{}
	for _, c := range runs {
		kind, level, err := mismatchLevel(c.values["mismatch"])
		if err != nil {
			return f, err
		}
		condition := names[c.values["plasticity.method"]]
		angle.add(kind, condition, level, c.last("angle_deg"))
		loss.add(kind, condition, level, c.last("loss"))
	}
	m.tabulate(angle, "angle_deg of effective weights")
	m.tabulate(loss, "loss")
	m.near(angle, "microcircuits", "gain", "offset", "refractory time", "window_amplitude", "window_tau")
	f.Rows = []figure.LevelRow{angle.row("angle (degrees)", false, withSAL, fixedFA, copied), loss.row("loss", false, withSAL, fixedFA, copied)}
	return f, nil
}
