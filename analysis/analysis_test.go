package analysis

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spikealign/internal/npz"
	"spikealign/recording"
	"spikealign/sal"
	"spikealign/spike"
	"spikealign/synapse"
)

// recorded writes a train as a file of times in ms, a tick of tenths each, of neurons 10, 13, ...
// and reads it.
func recorded(t *testing.T, events []spike.Event) *recording.Recording {
	t.Helper()
	text := []byte("time_ms,neuron\n")
	for _, e := range events {
		text = fmt.Appendf(text, "%d.%d,%d\n", e.Time/10, e.Time%10, 10+3*e.Neuron)
	}
	return read(t, string(text))
}

func read(t *testing.T, text string) *recording.Recording {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	r, err := recording.Read(context.Background(), []string{path}, recording.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// TestRun: a recording has the statistics of its train, with times in its own unit, of chosen
// neurons and a stretch of time.
func TestRun(t *testing.T) {
	events, _ := randomTrain(7, 6, 4000, 5)
	r := recorded(t, events)
	first := events[0].Time
	o := Defaults()
	o.Shape, o.Tau, o.MaxLag, o.Blocks, o.Threads = synapse.TriangularWindow, 2, 4, 20, 2
	o.Neurons = []Range{{10, 16}, {22, 22}, {99, 99}}
	o.From, o.Until = 100, 800
	o.Test.Replicates = 200
	var told []Progress
	o.Progress = func(p Progress) { told = append(told, p) }
	got, err := Run(context.Background(), r, o)
	if err != nil {
		t.Fatal(err)
	}

	c := NewCounter(CounterOptions{Neurons: 4, End: 7000, Window: sal.Window(synapse.Half{Shape: synapse.TriangularWindow, Tau: 20}), MaxLag: 40, Bin: 1, Blocks: 20})
	var kept []spike.Event
	for _, e := range events {
		if k := slices.Index([]int32{0, 1, 2, 4}, e.Neuron); k >= 0 && e.Time >= 1000 && e.Time < 8000 {
			kept = append(kept, spike.Event{Time: e.Time - 1000, Neuron: int32(k)})
		}
	}
	c.Observe(kept)
	want := c.Test(o.Test)
	if fmt.Sprint(got.Synapses) != fmt.Sprint(want.Synapses) || got.Tested != want.Tested {
		t.Error("statistics differ from those of the train")
	}
	if !slices.Equal(got.Counter.hist, c.hist) {
		t.Error("histograms differ from those of the train")
	}
	if !slices.Equal(got.Neurons, []int64{10, 13, 16, 22}) || got.Spikes != int64(len(kept)) || got.Length != 7000 || got.Start != 100 || got.Unit != recording.Milliseconds {
		t.Errorf("%v: %d spikes in %d ticks from %v %s", got.Neurons, got.Spikes, got.Length, got.Start, got.Unit)
	}
	if !slices.ContainsFunc(got.Warnings, func(w string) bool { return w == "neuron 99 has no spike" }) {
		t.Errorf("%q", got.Warnings)
	}
	if n := len(told); n < 2 || told[0].Unit != "spikes" || told[n-1] != (Progress{"pairs", 6, 6}) {
		t.Errorf("progress %v", told)
	}
	clearest := got.Clearest()
	if len(clearest) != 6 || !slices.IsSortedFunc(clearest, func(a, b *Synapse) int { return cmpNaN(a.P, b.P) }) {
		t.Errorf("%d pairs, or not the clearest first", len(clearest))
	}
	for _, s := range clearest {
		if s.SAL > 0 {
			t.Errorf("%+v acts as the weaker one", *s)
		}
	}

	// All of it: tau in ticks from the first spike, 5 tau in 50 bins, blocks of 20 tau.
	o = Defaults()
	o.Tau = 2
	if got, err = Run(context.Background(), r, o); err != nil {
		t.Fatal(err)
	}
	if c := got.Counter.Options(); c.Window != sal.Window(synapse.Half{Tau: 20}) || c.MaxLag != 100 || c.Bin != 2 || c.Bins() != 50 || c.Blocks != 48 || c.End != events[len(events)-1].Time-first+1 {
		t.Errorf("%+v", c)
	}
}

func cmpNaN(a, b float64) int {
	switch {
	case a == b || math.IsNaN(a) && math.IsNaN(b):
		return 0
	case math.IsNaN(b) || a < b:
		return -1
	}
	return 1
}

// TestFiles: what is written can be read, and says the same.
func TestFiles(t *testing.T) {
	events, _ := randomTrain(8, 4, 3000, 5)
	o := Defaults()
	o.Tau, o.Blocks, o.Bin = 1, 20, 0.3
	r, err := Run(context.Background(), recorded(t, events), o)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "new", "folder")
	if err := r.Save(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range r.Files() {
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	f, err := os.Open(filepath.Join(dir, PairsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 13 || !slices.Equal(rows[0], pairColumns) {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	sal := slices.Index(rows[0], "sal")
	if row := rows[1]; row[0] != "13" || row[1] != "10" || row[sal] != fmt.Sprint(r.At(0, 1).SAL) {
		t.Errorf("first row %v", row)
	}

	z, err := npz.Open(filepath.Join(dir, HistogramsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	counts, shape, err := z.Int64s("counts")
	bins := r.Counter.Options().Bins()
	if err != nil || !slices.Equal(shape, []int{4, 4, bins}) {
		t.Fatalf("counts of shape %v, %v", shape, err)
	}
	for i := range 4 {
		for j := range 4 {
			for k, h := range r.Counter.Histogram(i, j) {
				if counts[(i*4+j)*bins+k] != int64(h) {
					t.Fatalf("counts[%d][%d][%d] differ", i, j, k)
				}
			}
		}
	}
	if edges, _, err := z.Float64s("lag_edges"); err != nil || len(edges) != bins+1 || math.Abs(edges[1]-0.3) > 1e-12 {
		t.Errorf("edges %v, %v", edges, err)
	}

	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Unit   string
		Tau    float64
		Spikes int
		Pairs  []map[string]any
		Files  []string
	}
	if err := json.Unmarshal(data, &d); err != nil || d.Unit != "ms" || d.Tau != 1 || d.Spikes != 3000 || len(d.Pairs) != 12 || len(d.Pairs[0]) != len(pairColumns) || len(d.Files) != 1 {
		t.Errorf("%+v, %v", d, err)
	}
	if bytes.Contains(data, []byte("NaN")) || d.Pairs[0]["sal"] != r.At(0, 1).SAL {
		t.Error("the document has other numbers")
	}
}

// TestRunOptions: every problem is told at once, and what does not fit the recording with its
// numbers.
func TestRunOptions(t *testing.T) {
	o := Defaults()
	o.Tau = 1
	if err := o.Validate(); err != nil {
		t.Error(err)
	}
	bad := Options{Shape: 9, Cut: -1, MaxLag: math.Inf(1), Bin: math.NaN(), Neurons: []Range{{3, 2}}, Blocks: 1, Threads: -1}
	err := bad.Validate()
	for _, want := range []string{"Shape: ", "Tau = 0: must be finite and above 0", "Cut = -1", "MaxLag = +Inf", "Bin = NaN", "Neurons from 3 to 2", "From = 0 and Until = 0 leave nothing", "Blocks = 1", "Threads = -1",
		"Memory = 0 bytes", "Level = 0"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in\n%v", want, err)
		}
	}
	var e *OptionError
	if !errors.As(err, &e) {
		t.Errorf("%T", err)
	}

	events, _ := randomTrain(9, 3, 200, 5)
	r := recorded(t, events)
	for want, change := range map[string]func(o *Options){
		"Tau 0.01 ms is 0.1 ticks of the recording (0.1 ms); it must be at least 1": func(o *Options) { o.Tau = 0.01 },
		"Cut 0.01 ms is 0.1 ticks":                          func(o *Options) { o.Cut = 0.01 },
		"Tau 1e+30 ms is 1e+31 ticks":                       func(o *Options) { o.Tau = 1e30 },
		"MaxLag = 4611686018427387904 ticks":                func(o *Options) { o.MaxLag = 1e300 },
		"Bin = 0 ticks":                                     func(o *Options) { o.Bin = 0.01 },
		"From and Until leave nothing of the recording":     func(o *Options) { o.From = 1e6 },
		"choose fewer, at most ":                            func(o *Options) { o.Blocks = 60000 },
		"between From and Until the recording lasts 0.5 ms": func(o *Options) { o.From, o.Until = 10, 10.5 },
		"Choose up to 2 neurons (Neurons 0-1), fewer":       func(o *Options) { o.Memory = 3000 },
		"of the chosen neurons there are no spikes":         func(o *Options) { o.Neurons = []Range{{0, 1}} },
		"there are spikes of one neuron only (13)":          func(o *Options) { o.Neurons = []Range{{11, 14}} },
		"no spike of the chosen neurons lies between":       func(o *Options) { o.From, o.Until = -500, -400 },
	} {
		o := Defaults()
		o.Tau = 1
		change(&o)
		_, err := Run(context.Background(), r, o)
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	if got := (&OptionError{"%s = %d: see %s", []any{field("MaxLag"), 3, field("Bin")}}).Text(strings.ToLower); got != "maxlag = 3: see bin" {
		t.Error(got)
	}

	// What no option can help is no fault of the options.
	for want, text := range map[string]string{"all spikes of the recording are at one time": "time_ms,neuron\n1,1\n1,2\n", "of one neuron only (4)": "time_ms,neuron\n1,4\n2,4\n"} {
		if _, err := Run(context.Background(), read(t, text), o); errors.As(err, &e) || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestStopped: a context ends the counting and the testing.
func TestStopped(t *testing.T) {
	events, _ := randomTrain(9, 5, 20000, 5)
	r := recorded(t, events)
	for _, unit := range []string{"spikes", "pairs"} {
		ctx, cancel := context.WithCancel(context.Background())
		o := Defaults()
		o.Tau, o.Threads = 1, 1
		o.Progress = func(p Progress) {
			if p.Unit == unit {
				cancel()
			}
			if p.Unit != unit && unit == "spikes" || p.Done > 2 && p.Unit == "pairs" {
				t.Errorf("%+v after the end", p)
			}
		}
		if result, err := Run(ctx, r, o); !errors.Is(err, context.Canceled) || result != nil {
			t.Errorf("%s: %v", unit, err)
		}
		cancel()
	}
}
