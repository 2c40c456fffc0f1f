package kinds_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"spikealign/catalog"
	"spikealign/dataset"
	"spikealign/experiment"
	"spikealign/internal/testenv"
	"spikealign/kinds"
	"spikealign/spike"
)

// small are experiments of every kind that take milliseconds.
var small = []string{
	"kind: sampling\nnetwork: {visible: 4, tau_ref: 10}\ntraining: {epochs: 200, epoch_length: 30, report_every: 50, report_factor: 10}\n",
	"kind: sampling\nnetwork: {visible: 4, hidden: 3, tau_ref: 10}\ntarget: {bars_and_stripes: 2}\ntraining: {epochs: 50, epoch_length: 30, report_every: 15, report_factor: 10, wake_length: 20}\n",
	"kind: sampling\nnetwork: {visible: 4, tau_ref: 10}\nmismatch: {gain: 0.2, offset: 0.3, refractory: 0.2, window_amplitude: 0.2, window_tau: 0.3}\ntraining: {epochs: 200, epoch_length: 30, report_every: 50, report_factor: 10}\n",
	"kind: sampling\nnetwork: {visible: 4, hidden: 3, tau_ref: 10, dynamics: continuous}\nmismatch: {gain: 0.2, offset: 0.3, refractory: 0.2}\ntarget: {bars_and_stripes: 2}\ntraining: {epochs: 20, epoch_length: 30, report_every: 7, report_factor: 10, wake_length: 20}\n",
	"kind: two-neuron\ntraining: {epochs: 300, report_every: 70, settle: 100}\n",
	"kind: two-neuron\nnetwork: {dynamics: continuous, psp: alpha, tau_syn: 8, tau_ref: 25}\ntraining: {epochs: 100, report_every: 40}\nplasticity: {sal_pairing: nearest, rate_12: 0}\n",
	"kind: align\nlayers: [9, 5, 3]\nsal: {replicas: 2, update_steps: 300}\ntraining: {epochs: 7, epoch_seconds: 0.05, report_every: 2}\nsnapshots: true\n",
	"kind: align\nlayers: [9, 5]\nsal: {replicas: 3, update_steps: 300, psp: alpha, sal_pairing: nearest}\nmismatch: {gain: 0.2, offset: 0.3, refractory: 0.2, window_amplitude: 0.3, window_tau: 0.3}\ntraining: {epochs: 5, epoch_seconds: 0.05}\n",
	"kind: align\nmethod: rdd\nlayers: [9, 5, 3]\nrdd: {update_seconds: 0.5}\ntraining: {epochs: 5, epoch_seconds: 0.7, report_every: 2}\n",
	"kind: align\nmethod: stdwi\nlayers: [9, 5, 3]\ntraining: {epochs: 5, epoch_seconds: 0.7, report_every: 2}\n",
	"kind: align\nmethod: mirror\nlayers: [9, 5]\ntraining: {epochs: 5, epoch_seconds: 0.7, report_every: 2}\n",
	"kind: deep\nmethod: sal\nimages: {train: 260, test: 20}\nnetwork: {hidden: [12, 10]}\nsal: {iterations: 1, update_steps: 40, replicas: 2}\ntraining: {epochs: 3, batch_size: 20}\n",
	"kind: dale\nfield: {points: 2, steps: 900000}\n",
	"kind: dale\nfield: {points: 2, steps: 900000, direct: false}\n",
	"kind: dale\nmode: learning\ntraining: {epochs: 100}\n",
	"kind: microcircuit\nnetwork: {window: 60}\nplasticity: {lag: 50}\ntraining: {epochs: 4, epoch_patterns: 5, align_patterns: 2, pattern_steps: 300, skip: 40, report_every: 2}\npattern_means: {epochs: [0, 3]}\n",
	"kind: microcircuit\nnetwork: {layers: [2, 3, 2, 1], window: 60}\nmismatch: {gain: 0.2, offset: 0.3, refractory: 0.2, window_amplitude: 0.3, window_tau: 0.3}\nplasticity: {rate_up: [0.1], lag: 50}\n" +
		"task: {type: patterns, train: [{input: [1, 2], target: [0.5]}]}\ntraining: {epochs: 4, epoch_patterns: 5, align_patterns: 2, pattern_steps: 300, skip: 40, report_every: 2}\npattern_means: {epochs: [0, 3]}\n",
	"kind: microcircuit\nnetwork: {layers: [4, 3, 2, 3], window: 60}\nplasticity: {method: fa, rate_up: [0.1], lag: 50}\ntask: {type: yin-yang, yin_yang: {train: 6, validation: 3}}\n" +
		"training: {epochs: 3, epoch_patterns: 5, pattern_steps: 200, skip: 0, validation_steps: 90, order: shuffled}\n",
	"kind: microcircuit\nnetwork: {layers: [4, 3, 2, 3], window: 60, input: mean}\nplasticity: {rate_up: [0.1], lag: 50}\ntask: {population: 2, teacher: {patterns: {train: 4, validation: 3}}}\n" +
		"training: {epochs: 3, epoch_patterns: 5, pattern_steps: 200, skip: 20, validation_steps: 90, order: shuffled}\nerror_angles: true\n",
	"kind: microcircuit\nnetwork: {layers: [2, 2], window: 60}\nplasticity: {method: bp, rate_up: [0.1], lag: 50}\ntask: {type: patterns, classes: 2, train: [{input: [1, 2], target: [0, 1], class: 1}]}\n" +
		"training: {epochs: 3, epoch_patterns: 1, align_patterns: 0, pattern_steps: 200, skip: 20, order: given, sequence: [0, 0, 0]}\npattern_means: {epochs: [1], quantities: [rates]}\n",
}

// memory is a sink that keeps everything.
type memory struct {
	spikes    []spike.Event
	snapshots map[string][]float64
}

func (m *memory) Spikes(_ int, events []spike.Event) error {
	m.spikes = append(m.spikes, events...)
	return nil
}

func (m *memory) Snapshot(a experiment.Array) error {
	m.snapshots[a.Name] = append(m.snapshots[a.Name], a.Data.([]float64)...)
	return nil
}

// output is all that a run gives away.
type output struct {
	Rows      []string
	Spikes    []spike.Event
	Snapshots map[string][]float64
	Arrays    any
}

func collect(t *testing.T, spec *experiment.Spec, advance func(*testing.T, experiment.Run, func() experiment.Run) (experiment.Run, experiment.Report, error)) output {
	t.Helper()
	sink := &memory{snapshots: map[string][]float64{}}
	start := func() experiment.Run {
		r, err := spec.Config.New(experiment.Env{Seed: spec.Seed, Sink: sink, Spikes: true})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	run := start()
	columns := len(run.Tables()[0].Columns)
	var out output
	for {
		var report experiment.Report
		var err error
		run, report, err = advance(t, run, start)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range report {
			if row.Table == 0 && len(row.Values) != columns {
				t.Fatalf("%d values for %d columns", len(row.Values), columns)
			}
			text := ""
			for _, v := range row.Values {
				text += v.String() + ","
			}
			out.Rows = append(out.Rows, text)
		}
	}
	if p := run.Progress(); p.Done != p.Total || p.Steps <= 0 || p.Spikes <= 0 {
		t.Errorf("at the end the progress is %+v", p)
	}
	arrays, err := run.Arrays()
	if err != nil {
		t.Fatal(err)
	}
	out.Spikes, out.Snapshots, out.Arrays = sink.spikes, sink.snapshots, arrays
	return out
}

// lacksImages tells whether an experiment cannot run here because its images are not on this
// machine. .ci/run installs them.
func lacksImages(t *testing.T, spec *experiment.Spec) bool {
	c, ok := spec.Config.(*kinds.DeepConfig)
	if !ok {
		return false
	}
	for _, set := range dataset.Find("") {
		if set.Name == c.Images.Set && set.Missing != "" && !testenv.Complete() {
			t.Logf("without kind deep: %s", set.Missing)
			return true
		}
	}
	return false
}

// TestEveryKind holds every kind to what the run loop counts on: a state may be taken wherever
// Advance returns, and a run that goes on from it gives the same rows, spikes, snapshots and
// arrays; broken states are refused.
func TestEveryKind(t *testing.T) {
	seen := map[string]bool{}
	for _, text := range small {
		spec, err := catalog.All().Kinds().Parse("small.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		seen[spec.Kind.Name()] = true
		if lacksImages(t, spec) {
			continue
		}
		whole := collect(t, spec, func(t *testing.T, r experiment.Run, _ func() experiment.Run) (experiment.Run, experiment.Report, error) {
			report, err := r.Advance(t.Context())
			return r, report, err
		})
		if len(whole.Rows) < 3 || len(whole.Spikes) == 0 && spec.Kind.Name() != "dale" && spec.Kind.Name() != "deep" {
			t.Errorf("%s: %d rows, %d spikes", text, len(whole.Rows), len(whole.Spikes))
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		pieces := 0
		resumed := collect(t, spec, func(t *testing.T, r experiment.Run, start func() experiment.Run) (experiment.Run, experiment.Report, error) {
			report, err := r.Advance(over)
			if err != nil {
				return r, nil, err
			}
			pieces++
			state, err := r.AppendBinary([]byte("before"))
			if err != nil {
				t.Fatal(err)
			}
			state, ok := bytes.CutPrefix(state, []byte("before"))
			if !ok {
				t.Fatal("AppendBinary does not append")
			}
			fresh := start()
			if err := fresh.UnmarshalBinary(state); err != nil {
				t.Fatal(err)
			}
			if pieces%5 == 1 {
				for _, n := range []int{0, 3, len(state) / 2, len(state) - 1} {
					if start().UnmarshalBinary(state[:n]) == nil {
						t.Errorf("%s: %d of %d bytes of state were accepted", text, n, len(state))
					}
				}
				if start().UnmarshalBinary(append(bytes.Clone(state), 0)) == nil {
					t.Errorf("%s: a state with a byte too many was accepted", text)
				}
			}
			return fresh, report, nil
		})
		if pieces <= len(whole.Rows) {
			t.Errorf("%s: an Advance whose context is over goes on to the report", text)
		}
		if !reflect.DeepEqual(whole, resumed) {
			t.Errorf("%s: resumed %d times, the run gives something else", text, pieces)
		}
	}
	for _, k := range catalog.All().Kinds() {
		if !seen[k.Name()] {
			t.Errorf("kind %s has no small experiment here", k.Name())
		}
	}
}

// The drift field of E-I pairs: SAL pulls effective weights together, and a direct synapse of the
// effective weight gives the same activity.
func TestDaleField(t *testing.T) {
	spec, err := catalog.All().Kinds().Parse("dale.yaml", []byte("kind: dale\nfield: {points: 2, steps: 400000, from: 0.5, to: 1.5}\n"))
	if err != nil {
		t.Fatal(err)
	}
	m := columns(t, spec)
	apart := 0
	for k := range m["point"] {
		difference := m["w_eff12"][k] - m["w_eff21"][k]
		if drift := m["drift12"][k]; math.Abs(difference) > 0.5 {
			apart++
			if (drift < 0) != (difference > 0) {
				t.Errorf("effective weights differ by %.2f, and SAL changes w_ee12 by %v", difference, drift)
			}
		}
		for _, i := range []string{"1", "2"} {
			if pair, direct := m["activity_e"+i][k], m["activity_direct"+i][k]; math.Abs(pair-direct) > 0.03 {
				t.Errorf("activity of neuron %s: %.3f, with direct synapses %.3f", i, pair, direct)
			}
		}
	}
	if apart != 2 {
		t.Errorf("%d of 4 points off the diagonal", apart)
	}
}

// columns runs an experiment to its end and returns the columns of its metrics; NaN for cells
// without a number.
func columns(t *testing.T, spec *experiment.Spec) map[string][]float64 {
	t.Helper()
	run, err := spec.Config.New(experiment.Env{Seed: spec.Seed, Sink: &memory{snapshots: map[string][]float64{}}})
	if err != nil {
		t.Fatal(err)
	}
	m := map[string][]float64{}
	for {
		report, err := run.Advance(t.Context())
		if errors.Is(err, io.EOF) {
			return m
		}
		if err != nil {
			t.Fatal(err)
		}
		for k, c := range run.Tables()[0].Columns {
			x, err := strconv.ParseFloat(report[0].Values[k].String(), 64)
			if err != nil {
				x = math.NaN()
			}
			m[c.Name] = append(m[c.Name], x)
		}
	}
}

// Every kind of the program: names differ, no key of a kind hides a common one, and the defaults
// can be written and read.
func TestKinds(t *testing.T) {
	common := keys(reflect.TypeFor[experiment.Common]())
	seen := map[string]bool{}
	for _, k := range catalog.All().Kinds() {
		if k.Name() == "" || seen[k.Name()] {
			t.Errorf("name %q is empty or taken", k.Name())
		}
		seen[k.Name()] = true
		for key := range keys(reflect.TypeOf(k.NewConfig()).Elem()) {
			if common[key] {
				t.Errorf("%s: the key %s is a common one", k.Name(), key)
			}
		}
		a, b := k.NewConfig(), k.NewConfig()
		if a == b {
			t.Errorf("%s: NewConfig returns the same pointer twice", k.Name())
		}
		s := &experiment.Spec{Common: experiment.Common{Kind: k.Name(), Name: "x"}, Kind: k, Config: a}
		text, err := s.Marshal()
		if err != nil {
			t.Errorf("%s: %v", k.Name(), err)
		}
		_, err = experiment.Kinds{k}.Parse("defaults", text, "checkpoint.every=1s")
		if err != nil {
			t.Logf("%s: its defaults are not an experiment: %v", k.Name(), err)
		}
	}
}

func keys(t reflect.Type) map[string]bool {
	m := map[string]bool{}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" && f.Anonymous {
			for k := range keys(f.Type) {
				m[k] = true
			}
		} else if name != "" && name != "-" {
			m[name] = true
		}
	}
	return m
}

// Columns have the units that docs/files.md names.
func TestUnits(t *testing.T) {
	page, err := os.ReadFile("../docs/files.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "### metrics.csv")
	section, _, _ := strings.Cut(rest, "\n### ")
	documented := map[string]string{} // of kind sampling
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| \\w+ \\| (\\S*) ?\\|").FindAllStringSubmatch(section, -1) {
		documented[m[1]] = m[2]
	}
	always := map[string]string{"steps": "steps", "angle_deg": "degrees", "asymmetry": "weight^2", "variance": "weight^2",
		"drift12": "per tau", "drift21": "per tau", "drift12_direct": "per tau", "drift21_direct": "per tau"}
	for _, text := range small {
		spec, err := catalog.All().Kinds().Parse("small.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if lacksImages(t, spec) {
			continue
		}
		run, err := spec.Config.New(experiment.Env{Sink: &memory{}})
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range run.Tables() {
			for _, c := range table.Columns {
				unit, ok := always[c.Name]
				if spec.Kind.Name() == "sampling" {
					unit, ok = documented[c.Name]
					if !ok {
						t.Errorf("docs/files.md does not describe %s", c.Name)
					}
				}
				if ok && c.Unit != unit {
					t.Errorf("%s: the unit of %s is %q, want %q", spec.Kind.Name(), c.Name, c.Unit, unit)
				}
			}
		}
		run.Close()
	}
}
