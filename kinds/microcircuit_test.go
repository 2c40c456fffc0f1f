package kinds_test

import (
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"spikealign/catalog"
	"spikealign/experiment"
	"spikealign/internal/npz"
	"spikealign/internal/yamlconf"
	"spikealign/kinds"
)

// TestMicrocircuitProblems: what is wrong is told at the place in the experiment file where it is
// written, everything at once.
func TestMicrocircuitProblems(t *testing.T) {
	for _, c := range []struct {
		text  string
		paths string
	}{
		{"network: {layers: [1, 0, 1]}", "network.layers.1"},
		{"network: {layers: [3]}", "network.layers"},
		{"network: {layers: [1048576, 1048576, 1]}", "network.layers.1"},
		{"network: {tau_ref: 0, window: 0, lambda_apical: 2, lambda_nudge: -1}", "network.tau_ref network.window network.lambda_apical network.lambda_nudge"},
		{"network: {window: 262144}", ""},
		{"network: {window: 262145}", "network.window"},
		{"plasticity: {lag: 20000}", "plasticity.lag"},
		{"plasticity: {lag: -1}\ntraining: {epochs: 0}", "plasticity.lag training.epochs"},
		{"plasticity: {method: rdd}", "plasticity.method"},
		{"plasticity: {rate_up: [1, 2, 3], rate_down: []}", "plasticity.rate_up plasticity.rate_down"},
		{"network: {layers: [1, 1, 1, 1]}\nplasticity: {rate_up: [-1], rate_down: [2000]}", "plasticity.rate_up.0 plasticity.rate_down.0"},
		{"plasticity: {clip_weight: 2000}", "plasticity.clip_weight"},
		{"plasticity: {clip_weight: 2}", "initial.up_range.0.0 initial.up_range.0.1 initial.down_range.0.0 initial.down_range.0.1"},
		{"initial: {up: [[[1]], [[.nan]]]}", "initial.up.1.0.0"},
		{"initial: {up: [[[1]], [[1e4]]], down: [[[1, 2]]], bias: [[1]]}", "initial.up.1.0.0 initial.down.0.0 initial.bias"},
		{"initial: {up: [[[1]]], down: [[[1], [2]]], bias: [[1], [65]]}", "initial.up initial.down.0 initial.bias.1.0"},
		{"initial: {up_range: [[1, -1]], down_range: [[-1, 1], [0, 1]], bias_range: []}", "initial.up_range.0 initial.down_range initial.bias_range"},
		{"task: {type: parity}", "task.type"},
		{"task: {type: patterns}", "task.train"},
		{"task: {validation: [{input: [1]}]}", "task.validation"},
		{"network: {layers: [2, 1]}", "plasticity.rate_up task.train"},
		{"task: {type: patterns, train: [{input: [1]}, {input: [1, 2], target: [100]}]}", "task.train.0.target task.train.1.input task.train.1.target.0"},
		{"task: {type: patterns, classes: 1, train: [{input: [1], target: [1], class: 1}]}", "task.train.0.class"},
		{"network: {layers: [1, 2]}\nplasticity: {rate_up: [1], rate_down: []}\ntask: {type: patterns, classes: 2, train: [{input: [1], target: [1, 0]}, {input: [1], target: [1, 1]}, {input: [1], target: [1, 1], class: 0}]}", "task.train.1.class"},
		{"network: {layers: [1, 3]}\nplasticity: {rate_up: [1], rate_down: []}\ntask: {type: patterns, classes: 2, train: [{input: [1], target: [1, 0, 0]}]}", "task.train.0.class"},
		{"network: {layers: [1, 2]}\nplasticity: {rate_up: [1], rate_down: []}\ntask: {classes: 2, train: [{input: [1]}]}", "task.train.0.class"},
		{"task: {classes: 1}", "task.classes"},
		{"task: {teacher: {layers: [1, 2, 2]}}", "task.teacher.layers"},
		{"task: {teacher: {layers: [1, 0, 1]}}", "task.teacher.layers.1"},
		{"task: {teacher: {up: [[[1]], [[1, 2]]], steps: 2000}}", "task.teacher.up.1.0 task.teacher.steps"},
		{"task: {teacher: {bias: [[1], [70]], up_range: [[0, 5000]]}}", "task.teacher.bias.1.0 task.teacher.up_range.0.1"},
		{"task: {type: yin-yang}", "network.layers"},
		{"network: {layers: [8, 2, 3]}\ntask: {type: yin-yang, population: 2}", ""},
		{"network: {layers: [8, 2, 3]}\ntask: {type: yin-yang, population: 3}", "task.population"},
		{"network: {layers: [4, 2, 1], input: rates}\ntask: {population: 4}", "network.input"},
		{"task: {population: 0}", "task.population"},
		{"network: {layers: [4, 1, 1]}\ntask: {type: patterns, population: 2, train: [{input: [1, 2], target: [1]}, {input: [1, 2, 3, 4], target: [1]}]}", "task.train.1.input"},
		{"network: {layers: [4, 1, 1]}\ntask: {teacher: {patterns: {train: 5}}}", ""},
		{"task: {classes: 1, train: [{input: [1]}], teacher: {patterns: {train: 5, low: 2, high: 1}}}", "task.classes task.teacher.patterns task.teacher.patterns.low"},
		{"task: {type: patterns, train: [{input: [1], target: [1]}], teacher: {patterns: {train: 5, validation: -1, low: -65}}}", "task.teacher.patterns task.teacher.patterns.validation task.teacher.patterns.low"},
		{"network: {layers: [4, 2, 3]}\ntask: {type: yin-yang, train: [{input: [1]}], yin_yang: {train: 0, validation: 2000000, low: -70, high: 70, right: 65, others: -65}}",
			"task.type task.yin_yang.train task.yin_yang.validation task.yin_yang.low task.yin_yang.high task.yin_yang.right task.yin_yang.others"},
		{"training: {epoch_patterns: 3, pattern_steps: 0}", "training.align_patterns training.pattern_steps training.skip"},
		{"training: {epoch_patterns: 0, align_patterns: 0, validation_steps: -1, report_every: 0}", "training.epoch_patterns training.validation_steps training.report_every"},
		{"training: {order: given, sequence: [0, 8]}", "training.sequence training.sequence.1"},
		{"training: {order: given, epochs: 1, epoch_patterns: 5, sequence: [0, 7]}", "training.sequence"},
		{"training: {order: sorted}", "training.order"},
		{"pattern_means: {epochs: []}", "pattern_means.epochs"},
		{"pattern_means: {epochs: [0, 0, 150, -1]}", "pattern_means.epochs.1 pattern_means.epochs.2 pattern_means.epochs.3"},
		{"pattern_means: {epochs: [1], quantities: []}", "pattern_means.quantities"},
		{"pattern_means: {epochs: [1], quantities: [currents]}", "pattern_means.quantities.0"},
	} {
		_, err := catalog.All().Kinds().Parse("f.yaml", []byte("kind: microcircuit\n"+c.text+"\n"))
		var paths []string
		var issues yamlconf.Errors
		if errors.As(err, &issues) {
			for _, i := range issues {
				if !slices.Contains(paths, i.Path) {
					paths = append(paths, i.Path)
				}
			}
		}
		want := strings.Fields(c.paths)
		slices.Sort(paths)
		slices.Sort(want)
		if !slices.Equal(paths, want) {
			t.Errorf("%s: problems at %v, want %v\n%v", c.text, paths, want, err)
		}
	}
}

// circuit is a small microcircuit with the changes.
func circuit(t *testing.T, sink experiment.Sink, changes ...string) (*experiment.Spec, experiment.Run) {
	t.Helper()
	spec, err := catalog.All().Kinds().Parse("small.yaml", []byte("kind: microcircuit\nnetwork: {window: 60}\nplasticity: {lag: 50}\n"+
		"training: {epochs: 4, epoch_patterns: 5, align_patterns: 2, pattern_steps: 300, skip: 40, report_every: 2}\n"), changes...)
	if err != nil {
		t.Fatal(err)
	}
	run, err := spec.Config.New(experiment.Env{Seed: spec.Seed, Sink: sink})
	if err != nil {
		t.Fatal(err)
	}
	return spec, run
}

// finished runs to the end and returns all rows and the arrays.
func finished(t *testing.T, run experiment.Run) (rows experiment.Report, arrays map[string]npz.Array) {
	t.Helper()
	for {
		report, err := run.Advance(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, report...)
	}
	list, err := run.Arrays()
	if err != nil {
		t.Fatal(err)
	}
	arrays = map[string]npz.Array{}
	for _, a := range list {
		arrays[a.Name] = a
	}
	return rows, arrays
}

func floats(a npz.Array) []float64 {
	x, _ := a.Data.([]float64)
	return x
}

// TestMicrocircuitPairs: methods with the same seed begin with the same weights and learn from the
// same targets; seeds of task and start replace the run's seed. (Section 7.)
func TestMicrocircuitPairs(t *testing.T) {
	results := map[string]map[string]npz.Array{}
	for _, c := range []struct{ name, sets string }{
		{"sal", "plasticity.method=sal"}, {"bp", "plasticity.method=bp"}, {"fa", "plasticity.method=fa"},
		{"other", "seed=2"}, {"task", "seed=2 seeds.task=1"}, {"initial", "seed=2 seeds.initial=1"},
	} {
		_, run := circuit(t, &memory{snapshots: map[string][]float64{}}, strings.Fields(c.sets)...)
		_, results[c.name] = finished(t, run)
	}
	for _, c := range []struct {
		array, a, b string
		same        bool
	}{
		{"up_1_initial", "sal", "bp", true}, {"up_2_initial", "sal", "fa", true}, {"down_1_initial", "sal", "fa", true}, {"train_target", "sal", "bp", true}, {"validation_target", "sal", "fa", true},
		{"up_1_final", "sal", "bp", false}, {"down_1_final", "sal", "fa", false}, {"down_1_initial", "fa", "bp", false},
		{"up_1_initial", "sal", "other", false}, {"train_target", "sal", "other", false},
		{"up_1_initial", "other", "task", true}, {"train_target", "sal", "task", true},
		{"down_1_initial", "sal", "initial", true}, {"train_target", "other", "initial", true},
	} {
		x, y := floats(results[c.a][c.array]), floats(results[c.b][c.array])
		if len(x) == 0 || len(x) != len(y) || slices.Equal(x, y) != c.same {
			t.Errorf("%s of %s and %s: %v and %v, the same: %v wanted", c.array, c.a, c.b, x, y, c.same)
		}
	}
	fa, bp := results["fa"], results["bp"]
	if !slices.Equal(floats(fa["down_1_initial"]), floats(fa["down_1_final"])) {
		t.Error("fa changes feedback weights")
	}
	for _, when := range []string{"_initial", "_final"} {
		if !slices.Equal(floats(bp["down_1"+when]), floats(bp["up_2"+when])) {
			t.Errorf("bp: feedback and forward weights differ: %v and %v", bp["down_1"+when], bp["up_2"+when])
		}
	}
	if u := floats(fa["up_1_initial"])[0]; math.Abs(u) > 3 {
		t.Errorf("weight %v was drawn from -3..3", u)
	}
}

// TestMicrocircuitRecords: what is recorded of single patterns agrees with the report of their
// epoch, and stands there for the chosen epochs only.
func TestMicrocircuitRecords(t *testing.T) {
	sink := &memory{snapshots: map[string][]float64{}}
	spec, run := circuit(t, sink, "network.layers=[1, 2, 1, 1]", "plasticity.rate_up=[0.1]", "pattern_means.epochs=[1, 2]")
	rows, arrays := finished(t, run)
	c := spec.Config.(*kinds.MicrocircuitConfig)
	cell := func(r experiment.Row, name string) string {
		for k, column := range run.Tables()[r.Table].Columns {
			if column.Name == name {
				return r.Values[k].String()
			}
		}
		t.Fatalf("no column %s", name)
		return ""
	}
	number := func(r experiment.Row, name string) float64 {
		x, err := strconv.ParseFloat(cell(r, name), 64)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	tables := map[string][]experiment.Row{}
	for _, r := range rows {
		tables[run.Tables()[r.Table].Name] = append(tables[run.Tables()[r.Table].Name], r)
	}
	// epochs 0, 2, 3 report; validation follows epoch 2, not 1
	const reports, patterns = 3, 5 + 5 + 6
	if len(tables["metrics"]) != reports || len(tables["alignment"]) != 2*reports || len(tables["patterns"]) != patterns {
		t.Fatalf("%d, %d, %d rows", len(tables["metrics"]), len(tables["alignment"]), len(tables["patterns"]))
	}
	loss := 0.0
	phases := map[string]int{}
	for k, r := range tables["patterns"] {
		phases[cell(r, "epoch")+cell(r, "set")+cell(r, "phase")]++
		at, _ := strconv.Atoi(cell(r, "pattern"))
		set := cell(r, "set")
		if x := floats(arrays[set+"_input"])[at]; sink.snapshots["pattern_input"][k] != x {
			t.Errorf("row %d: input %v, want %v", k, sink.snapshots["pattern_input"][k], x)
		}
		if x := floats(arrays[set+"_target"])[at]; sink.snapshots["pattern_target"][k] != x {
			t.Errorf("row %d: target %v, want %v", k, sink.snapshots["pattern_target"][k], x)
		}
		if set == "validation" {
			loss += number(r, "error") / 6
			d := sink.snapshots["pattern_potential_3"][k] - sink.snapshots["pattern_target"][k]
			if math.Abs(d*d-number(r, "error")) > 1e-12 {
				t.Errorf("row %d: error %v, from potential and target %v", k, number(r, "error"), d*d)
			}
		}
	}
	if want := number(tables["metrics"][1], "loss"); math.Abs(loss-want) > 1e-12 {
		t.Errorf("loss %v, from the patterns %v", want, loss)
	}
	for key, n := range map[string]int{"1trainlearn": 3, "1trainalign": 2, "2trainlearn": 3, "2trainalign": 2, "2validationtest": 6} {
		if phases[key] != n {
			t.Errorf("phases %v, want %d of %s", phases, n, key)
		}
	}
	for name, n := range map[string]int{"pattern_rate_0": 1, "pattern_rate_1": 2, "pattern_rate_3": 1, "pattern_rate_inter_1": 1, "pattern_rate_inter_2": 1, "pattern_potential_1": 2,
		"pattern_up_1": 2, "pattern_up_2": 2, "pattern_down_1": 2, "pattern_down_2": 1} {
		if got := len(sink.snapshots[name]); got != n*patterns {
			t.Errorf("%s: %d numbers, want %d", name, got, n*patterns)
		}
	}
	for _, name := range []string{"up_1", "up_2", "up_3", "down_1", "down_2"} {
		s, final := sink.snapshots[name], floats(arrays[name+"_final"])
		if len(s) != reports*len(final) || !slices.Equal(s[len(s)-len(final):], final) {
			t.Errorf("%s: %d numbers in snapshots, the last ones are not %v", name, len(s), final)
		}
	}
	for k, r := range tables["metrics"] {
		if first := tables["alignment"][2*k]; cell(r, "angle_deg") != cell(first, "angle_deg") || cell(first, "layer") != "1" || cell(first, "epoch") != cell(r, "epoch") {
			t.Errorf("report %d: the first hidden layer's angle is %s, in alignment %s", k, cell(r, "angle_deg"), cell(first, "angle_deg"))
		}
	}
	if n := len(c.PatternMeans.Quantities); n != 3 {
		t.Errorf("%d quantities by default", n)
	}
}
