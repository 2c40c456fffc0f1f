package analysis

import (
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"spikealign/internal/npz"
	"spikealign/recording"
)

func run(t *testing.T, text string, change func(o *Options)) (*Result, error) {
	t.Helper()
	o := Defaults()
	o.Tau, o.Blocks, o.Test.Replicates = 2, 2, 0
	change(&o)
	return Run(context.Background(), read(t, text), o)
}

// TestNames: neurons that have names are chosen by them, and stand with them in all files.
func TestNames(t *testing.T) {
	const text = "time_ms;neuron\n-3;E10\n-2;E2\n-1.5;E10\n0;I,1\n2;I,1\n5;x\n7;E2\n"
	r, err := run(t, text, func(o *Options) { o.Names = []string{"E*", "I,1", "none"} })
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.Names, []string{"E2", "E10", "I,1"}) || r.Spikes != 6 || r.Start != -3 || r.Warnings[0] != "neuron none has no spike" {
		t.Errorf("%q, %d spikes from %v on, %q", r.Names, r.Spikes, r.Start, r.Warnings)
	}
	var b strings.Builder
	if err := r.WritePairs(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil || len(rows) != 7 || !slices.Equal(rows[6][:2], []string{"E10", "I,1"}) {
		t.Errorf("%v, %q", err, rows)
	}
	dir := t.TempDir()
	if err := r.Save(dir); err != nil {
		t.Fatal(err)
	}
	z, err := npz.Open(filepath.Join(dir, HistogramsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if names, _, err := z.Strings("neuron"); err != nil || !slices.Equal(names, r.Names) {
		t.Errorf("%q, %v", names, err)
	}
	for want, change := range map[string]func(o *Options){
		"Neurons has numbers and names (E1): one recording has only either":                                            func(o *Options) { o.Names, o.Neurons = []string{"E1"}, []Range{{1, 2}} },
		"Neurons names numbers, but the neurons of this recording have names: E2, E10, I,1, x":                         func(o *Options) { o.Neurons = []Range{{1, 2}} },
		"of the chosen neurons there are spikes of one neuron only (x); timing differences need two neurons":           func(o *Options) { o.Names = []string{"x"} },
		"of the chosen neurons there are no spikes; timing differences need two neurons":                               func(o *Options) { o.Names = []string{"X*"} },
		"From and Until leave nothing of the recording, which lasts from -3 ms to 7 ms":                                func(o *Options) { o.From = 8 },
		"between From and Until the recording lasts 0.5 ms, 1 ticks of 0.5 ms: too short for 2 blocks; choose more of": func(o *Options) { o.From, o.Until = -0.5, 0 },
	} {
		if _, err := run(t, text, change); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if short := shortened("an electrode of many"); short != "an electr… of many" {
		t.Errorf("%q", short)
	}
}

// FuzzMatches compares with a regular expression.
func FuzzMatches(f *testing.F) {
	for _, s := range [][2]string{{"E*", "E12"}, {"*", ""}, {"a*b*c", "abbc"}, {"ab*ba", "aba"}, {"**x", "x"}, {"", ""}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if !utf8.ValidString(pattern) || !utf8.ValidString(name) {
			return
		}
		var quoted []string
		for _, p := range strings.Split(pattern, "*") {
			quoted = append(quoted, regexp.QuoteMeta(p))
		}
		want := regexp.MustCompile(`(?s)\A` + strings.Join(quoted, ".*") + `\z`).MatchString(name)
		if got := matches(pattern, name); got != want {
			t.Errorf("%q, %q: %v", pattern, name, got)
		}
	})
}

// TestRates: rates are spikes per second wherever time is physical, and those of no neuron are
// warned of.
func TestRates(t *testing.T) {
	text := func(unit string, gap float64) string {
		var b strings.Builder
		fmt.Fprintf(&b, "time_%s,neuron\n", unit)
		for k := range 20 {
			fmt.Fprintf(&b, "%g,%d\n%g,9\n", float64(2*k)*gap, 3+k%2, float64(2*k+1)*gap)
		}
		return b.String()
	}
	for _, c := range []struct {
		text    string
		gap     float64
		unit    string
		rate    float64 // of neuron 9, which has 20 spikes in 39 gaps and a tick
		warning string
	}{
		{text("ms", 5), 5, "Hz", 100, ""},
		{text("s", 0.005), 0.005, "Hz", 100, ""},
		{text("steps", 5), 5, "per step", 0.1, ""},
		{text("us", 5), 5, "Hz", 1e5, "3 of 3 neurons fire faster than 1000 Hz, neuron 9 at 100000 Hz: are the times in us? In ms it would be 100 Hz: then say so with --unit ms, or in the file"},
		{text("ns", 5), 5, "Hz", 1e8, "In ms it would be 100 Hz"},
		{text("ms", 0.4), 0.4, "Hz", 1250, "1 of 3 neurons fire faster than 1000 Hz, neuron 9 at 1250 Hz: are the times in ms? In s it would be 1.25 Hz: then say so with --unit s, or in the file"},
		{text("s", 0.0001), 0.0001, "Hz", 5000, "are the times in s?"},
	} {
		r, err := run(t, c.text, func(o *Options) {
			o.Tau = 4 * c.gap
		})
		if err != nil {
			t.Fatal(err)
		}
		told := ""
		for _, w := range r.Warnings {
			if strings.Contains(w, "faster") {
				told = w
			}
		}
		if r.RateUnit() != c.unit || math.Abs(r.Rate(2)/c.rate-1) > 1e-9 || !strings.Contains(told, c.warning) || (c.warning == "") != (told == "") {
			t.Errorf("%.20q: %v %s, %q; want %v %s, %q", c.text, r.Rate(2), r.RateUnit(), told, c.rate, c.unit, c.warning)
		}
	}
	chip := &Result{Clock: recording.Clock{Unit: recording.Steps, PerUnit: 4, StepSeconds: 0.001}, Length: 4000, Counter: &Counter{counts: []int64{30}}, Statistics: &Statistics{N: 1}}
	if chip.RateUnit() != "Hz" || math.Abs(chip.Rate(0)-30) > 1e-9 {
		t.Errorf("%v %s, not 30 Hz", chip.Rate(0), chip.RateUnit())
	}
}

// TestTimesForNeurons: too many neurons that have fired once are times.
func TestTimesForNeurons(t *testing.T) {
	var once, often strings.Builder
	for k := range 300 {
		fmt.Fprintf(&once, "%d,%d\n", k%7, 17*k)
		fmt.Fprintf(&often, "%d,%d\n%d,%d\n", 2*k, k, 2*k+1000, k)
	}
	for header, want := range map[string]string{
		"time_ms,neuron\n" + once.String():  "300 different neurons have fired 300 times together: times seem to have been taken for neurons; which column is which?",
		"time_ms,neuron\n" + often.String(): "300 neurons are 8.97e+04 ordered pairs, which need",
	} {
		if _, err := run(t, header, func(o *Options) { o.Memory = 1 << 20 }); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}
