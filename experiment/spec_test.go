package experiment_test

import (
	"reflect"
	"strings"
	"testing"

	"spikealign/catalog"
	"spikealign/experiment"
	"spikealign/experiment/experimenttest"
)

func TestSpecProblems(t *testing.T) {
	known := experiment.Kinds{experimenttest.Kind{}}
	for _, c := range []struct {
		name, text string
		sets       []string
		want       string
	}{
		{"no kind", "name: a\nreports: 3\n", nil, "f.yaml: the key `kind` is missing; allowed: fake"},
		{"wrong kind", "kind: sampler\nreports: 3\nseed: x\n", nil, "f.yaml:1: kind = sampler: is not a kind of experiment; allowed: fake\nf.yaml:3: seed = x: is not a whole number, 0 or larger"},
		{"all at once", "kind: fake\nreport: 3\nsteps_per_report: 0\ncheckpoint: {every: 1ms}\nname: a/b\n", []string{"drift=2"},
			"f.yaml:2: report = 3: unknown key; did you mean reports?\n" +
				"f.yaml:3: steps_per_report = 0: must be between 1 and 2^40\n" +
				"f.yaml:4: checkpoint.every = 1ms: must be 1s or more\n" +
				"f.yaml:5: name = a/b: allowed are up to 100 letters, digits and _ . -, beginning with a letter or digit\n" +
				"--set drift=2: must be between -1 and 1"},
		{"empty", "", nil, "f.yaml: is empty"},
	} {
		_, err := known.Parse("f.yaml", []byte(c.text), c.sets...)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: got\n%v\nwant\n%s", c.name, err, c.want)
		}
	}
	if _, err := known.Load("/nonexistent.yaml"); err == nil || !strings.Contains(err.Error(), "cannot read the experiment file") {
		t.Errorf("got %v", err)
	}
}

func TestSpecRoundTrip(t *testing.T) {
	known := experiment.Kinds{experimenttest.Kind{}}
	s, err := known.Parse("dir/my walk.yaml", []byte("kind: fake\nmatrix: [[1, 2], [3, 4]]\ndescription: |\n  a\n  b\n"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "my-walk" {
		t.Errorf("name %q", s.Name)
	}
	text, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	back, err := known.Parse("experiment.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s, back) {
		t.Errorf("got %+v, want %+v\n%s", back, s, text)
	}
}

// A change at the end of a long line is a change, and it is shown.
func TestDiffersInLongLine(t *testing.T) {
	parse := func(last string) *experiment.Spec {
		spec, err := catalog.All().Kinds().Parse("x.yaml", []byte("kind: sampling\nnetwork: {visible: 20}\ninitial: {bias: [0.125,0.125,0.125,0.125,0.125,0.125,0.125,0.125,0.125,0.125,0.125,0.125,0.125,0.125,0.125,0.125,0.125,0.125,0.125,"+last+"]}\n"))
		if err != nil {
			t.Fatal(err)
		}
		return spec
	}
	change, err := parse("0.25").Differs(parse("0.75"))
	if err != nil || !strings.Contains(change, "0.75`, now") || !strings.Contains(change, "0.25`") {
		t.Errorf("%q, %v", change, err)
	}
	if change, err := parse("0.25").Differs(parse("0.25")); change != "" || err != nil {
		t.Errorf("%q, %v", change, err)
	}
}

// TestSettings: what a file says differs from the defaults where it does, by its text, and without
// the files that it names; what a run writes out differs by no more than its file says.
func TestSettings(t *testing.T) {
	known := experiment.Kinds{experimenttest.Kind{}}
	describer := experiment.NewDescriber(known)
	differing := func(text []byte) (paths string) {
		for _, s := range describer.Settings(text) {
			if s.Differs {
				paths += s.Path + "=" + s.Value + " not " + s.Default + "; "
			}
		}
		return paths
	}
	const want = "name=a not ; drift=0.5 not 0.1; matrix={file: /none.npz, array: w} not null; "
	if got := differing([]byte("kind: fake\nname: a\nreports: 4\ndrift: 0.5\nmatrix: {file: /none.npz, array: w}\n")); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	s, err := known.Parse("a.yaml", []byte("kind: fake\ndrift: 0.5\n"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if got := differing(text); got != "name=a not ; drift=0.5 not 0.1; " {
		t.Error(got)
	}
	const ofSweep = "kind=sweep not ; experiment.drift=0.5 not 0.1; grid=[{path: seed, values: [1]}] not ; "
	if got := differing([]byte("kind: sweep\nexperiment:\n  kind: fake\n  reports: 4\n  drift: 0.5\ngrid: [{path: seed, values: [1]}]\n")); got != ofSweep {
		t.Errorf("%s\nwant %s", got, ofSweep)
	}
	if got := describer.Settings([]byte("kind: none\nx: 1\n")); len(got) != 2 || !got[1].Differs || got[1].Default != "" {
		t.Error(got)
	}
	if got := describer.Settings([]byte("a: [")); got != nil {
		t.Error(got)
	}
}
