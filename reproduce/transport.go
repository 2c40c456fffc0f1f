package reproduce

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"spikealign/drawings"
	"spikealign/experiment"
	"spikealign/figure"
	"spikealign/internal/yamlconf"
	"spikealign/sweep"
	"spikealign/transport"
)

// methodNames are how figures call the methods; others have the name of experiment files.
var methodNames = map[string]string{"sal": "SAL", "rdd": "RDD", "stdwi": "STDWI", "mirror": "weight mirror"}

func methodName(method string) string {
	if name, ok := methodNames[method]; ok {
		return name
	}
	return method
}

// course is a finished member of a sweep over methods.
type course struct {
	values  map[string]string // by path of the grid
	metrics map[string][]float64
	cpu     float64 // seconds
	folder  *experiment.Folder
}

// courses reads the finished members of a sweep.
func courses(r *sweep.Result) ([]course, error) {
	var cs []course
	for k, m := range r.Sweep.Members {
		if r.States[k].Status != experiment.Done {
			continue
		}
		c := course{values: map[string]string{}, cpu: r.States[k].Info.CPU, folder: r.Folder(k)}
		for a, axis := range r.Sweep.Grid {
			c.values[axis.Path] = m.Values[a]
		}
		var err error
		if c.metrics, err = c.folder.Table("metrics"); err != nil {
			return nil, err
		}
		cs = append(cs, c)
	}
	return cs, nil
}

// last returns the last value of a metric.
func (c course) last(metric string) float64 {
	x := c.metrics[metric]
	if len(x) == 0 {
		return math.NaN()
	}
	return x[len(x)-1]
}

// figure7 compares the methods on two layers of 50 neurons.
func figure7(j *Job) error {
	r, err := j.sweep("figure7-sweep.yaml", "")
	if err != nil {
		return err
	}
	all, err := courses(r)
	if err != nil {
		return err
	}
	angle := figure.CurvePanel{Heading: "feedback alignment", XLabel: "simulated time (s)", YLabel: "angle (degrees)", Zero: true}
	correlation := figure.CurvePanel{Heading: "correlation", XLabel: "simulated time (s)", YLabel: "correlation", Zero: true}
	errors := figure.CurvePanel{Heading: "errors sent back", XLabel: "simulated time (s)", YLabel: "angle (degrees)", Zero: true}
	var weights figure.Scatters
	final, late := map[string][]float64{}, map[string][]float64{}
	rows := [][]string{{"method", "seed", "time_s", "angle_deg", "correlation", "sign_agreement", "norm_ratio", "error_angle_deg", "spikes"}}
	for _, method := range transport.Names() {
		name := methodName(method)
		a, c, e := figure.Course{Name: name}, figure.Course{Name: name}, figure.Course{Name: name}
		for _, m := range all {
			if m.values["method"] != method {
				continue
			}
			if len(a.Runs) == 0 {
				layers, err := drawings.AlignedWeights(m.folder)
				if err != nil {
					return err
				}
				weights.Panels = append(weights.Panels, figure.Scatter{Heading: name, FeedbackLayer: layers[0]})
			}
			a.X = m.metrics["time_s"]
			c.X, e.X = a.X, a.X
			a.Runs, c.Runs, e.Runs = append(a.Runs, m.metrics["angle_deg"]), append(c.Runs, m.metrics["correlation"]), append(e.Runs, m.metrics["error_angle_deg"])
			final[method] = append(final[method], m.last("angle_deg"))
			late[method] = append(late[method], m.last("correlation"))
			for k := range a.X {
				row := []string{method, m.values["seed"]}
				for _, column := range rows[0][2:] {
					row = append(row, fmt.Sprint(m.metrics[column][k]))
				}
				rows = append(rows, row)
			}
		}
		if len(a.Runs) == 0 {
			continue // the figure has the methods of its file, others are in the league
		}
		angle.Courses, correlation.Courses, errors.Courses = append(angle.Courses, a), append(correlation.Courses, c), append(errors.Courses, e)
	}
	if err := j.csv("methods.csv", rows); err != nil {
		return err
	}
	sal := median(final["sal"])
	j.claim(sal <= 15.5, "SAL brings the feedback weights of 50 neurons to the forward weights within 100 s", "angle "+spread(final["sal"]), "median at most 15.5 degrees",
		"the authors' program ends between 14.3 and 14.6 degrees")
	for _, method := range transport.Names()[1:] {
		if len(final[method]) == 0 {
			continue
		}
		j.claim(slices.Max(final["sal"]) < slices.Min(final[method]), "SAL comes nearer than "+methodName(method)+" in the same simulated time",
			fmt.Sprintf("angle %s, SAL %s; correlation %s, SAL %s", spread(final[method]), spread(final["sal"]), spread(late[method]), spread(late["sal"])),
			"every run with SAL ends at a smaller angle than every run of the other method", "no overlap among all seeds")
	}
	if err := j.draw("weights", weights); err != nil {
		return err
	}
	return j.draw("methods", figure.Curves{Panels: []figure.CurvePanel{angle, errors, correlation}})
}

// figure9 aligns the feedback of the fully connected part of the deep networks, layer pair by layer
// pair.
func figure9(j *Job) error {
	r, err := j.sweep("figure9-sweep.yaml", "")
	if err != nil {
		return err
	}
	all, err := courses(r)
	if err != nil {
		return err
	}
	angle := figure.CurvePanel{Heading: "feedback alignment", XLabel: "epoch", YLabel: "angle (degrees)", Zero: true}
	correlation := figure.CurvePanel{Heading: "correlation", XLabel: "epoch", YLabel: "correlation", Zero: true}
	names := []string{"1600-384", "384-192", "192-10"}
	final := make([][]float64, len(names))
	early := make([][]float64, len(names))
	rows := [][]string{{"layers", "seed", "epoch", "angle_deg", "correlation"}}
	for l, name := range names {
		a, c := figure.Course{Name: name}, figure.Course{Name: name}
		for _, m := range all {
			var x, angles, correlations []float64
			for k, layer := range m.metrics["layer"] {
				if int(layer) == l {
					x, angles, correlations = append(x, m.metrics["epoch"][k]), append(angles, m.metrics["angle_deg"][k]), append(correlations, m.metrics["correlation"][k])
					rows = append(rows, []string{name, m.values["seed"], fmt.Sprint(m.metrics["epoch"][k]), fmt.Sprint(m.metrics["angle_deg"][k]), fmt.Sprint(m.metrics["correlation"][k])})
					if m.metrics["epoch"][k] == 25 {
						early[l] = append(early[l], m.metrics["angle_deg"][k])
					}
				}
			}
			a.X, c.X = x, x
			a.Runs, c.Runs = append(a.Runs, angles), append(c.Runs, correlations)
			final[l] = append(final[l], angles[len(angles)-1])
		}
		angle.Courses, correlation.Courses = append(angle.Courses, a), append(correlation.Courses, c)
	}
	if err := j.csv("layers.csv", rows); err != nil {
		return err
	}
	for l, reference := range []float64{71.9, 60.3, 77.5} {
		got := median(early[l])
		j.claim(math.Abs(got-reference) < 2, fmt.Sprintf("layers %s: after 25 epochs the angle is that of the authors' program", names[l]), spread(early[l])+" degrees",
			fmt.Sprintf("within 2 degrees of %.1f", reference), "the program's one seed; other weights differ by about a degree")
		j.claim(slices.Max(final[l]) < 60, fmt.Sprintf("layers %s: the feedback aligns within 100 epochs", names[l]), spread(final[l])+" degrees, from 90", "below 60 degrees in every run",
			"60 degrees is half of the way in terms of the cosine")
	}
	return j.draw("fig9", figure.Curves{Panels: []figure.CurvePanel{angle, correlation}})
}

// withMethods returns the text of a sweep file in which these methods are the values of the path
// method: whoever enters a method need not know the files of the league.
func withMethods(kinds experiment.Kinds, file string, data []byte, methods []string) ([]byte, error) {
	s, err := sweep.Parse(kinds, file, data)
	if err != nil {
		return nil, err
	}
	for k := range s.Grid {
		if s.Grid[k].Path == "method" {
			s.Grid[k].Values = nil
			for _, m := range methods {
				s.Grid[k].Values = append(s.Grid[k].Values, yamlconf.Raw(m))
			}
			return s.Marshal()
		}
	}
	return nil, fmt.Errorf("%s: no path of the grid is method", file)
}

// league compares all methods on the same forward weights and seeds for several sizes of layers.
func league(j *Job) error {
	file := map[Scale]string{Quick: "league-quick.yaml", Paper: "league-sweep.yaml"}[j.Scale]
	data, err := withMethods(j.Kinds, file, embedded(file), transport.Names())
	if err != nil {
		return err
	}
	r, err := j.sweepText(file, data, "")
	if err != nil {
		return err
	}
	all, err := courses(r)
	if err != nil {
		return err
	}
	var order []string
	for _, m := range all {
		if size := m.values["layers"]; !slices.Contains(order, size) {
			order = append(order, size)
		}
	}
	rows := [][]string{{"layers", "method", "runs", "time_s", "angle_deg", "angle_q25", "angle_q75", "error_angle_deg", "correlation", "sign_agreement", "norm_ratio", "spikes", "cpu_s"}}
	curves := figure.Curves{Columns: 3}
	for _, size := range order {
		name := strings.Trim(strings.ReplaceAll(size, ", ", "-"), "[]")
		time := figure.CurvePanel{Heading: "layers " + name, XLabel: "simulated time (s)", YLabel: "angle (degrees)", LogX: true, Zero: true}
		spikes, cpu := time, time
		spikes.XLabel, cpu.XLabel = "spikes", "CPU time (s)"
		best, bestAngle := "", math.Inf(1)
		var summary []string
		for _, method := range transport.Names() {
			t, s, c := figure.Course{Name: methodName(method)}, figure.Course{Name: methodName(method)}, figure.Course{Name: methodName(method)}
			last := map[string][]float64{}
			for _, m := range all {
				if m.values["method"] != method || m.values["layers"] != size {
					continue
				}
				// the start has no place on a logarithmic axis
				x, y := m.metrics["time_s"][1:], m.metrics["angle_deg"][1:]
				t.X, s.X, c.X = x, m.metrics["spikes"][1:], make([]float64, len(x))
				for k := range x {
					c.X[k] = m.cpu * x[k] / x[len(x)-1]
				}
				t.Runs, s.Runs, c.Runs = append(t.Runs, y), append(s.Runs, y), append(c.Runs, y)
				for _, metric := range []string{"time_s", "angle_deg", "error_angle_deg", "correlation", "sign_agreement", "norm_ratio", "spikes"} {
					last[metric] = append(last[metric], m.last(metric))
				}
				last["cpu"] = append(last["cpu"], m.cpu)
			}
			if len(t.Runs) == 0 {
				continue
			}
			time.Courses, spikes.Courses, cpu.Courses = append(time.Courses, t), append(spikes.Courses, s), append(cpu.Courses, c)
			angle := median(last["angle_deg"])
			if angle < bestAngle {
				best, bestAngle = method, angle
			}
			summary = append(summary, fmt.Sprintf("%s %s", methodName(method), spread(last["angle_deg"])))
			lower, upper := quartiles(last["angle_deg"])
			rows = append(rows, []string{name, method, fmt.Sprint(len(t.Runs)), number(median(last["time_s"])), number(angle), number(lower), number(upper),
				number(median(last["error_angle_deg"])), number(median(last["correlation"])), number(median(last["sign_agreement"])), number(median(last["norm_ratio"])), number(median(last["spikes"])), number(median(last["cpu"]))})
		}
		j.claim(best == "sal", "SAL is the nearest of all methods in layers "+name, strings.Join(summary, "; "), "the smallest median angle at the end", "same forward weights, same simulated time")
		curves.Panels = append(curves.Panels, time, spikes, cpu)
	}
	if err := j.csv("league.csv", rows); err != nil {
		return err
	}
	return j.draw("league", curves)
}
