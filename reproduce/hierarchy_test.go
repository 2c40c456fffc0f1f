package reproduce

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"spikealign/catalog"
	"spikealign/experiment"
	"spikealign/internal/testenv"
	"spikealign/kinds"
	"spikealign/microcircuit"
	"spikealign/sweep"
)

// shortHierarchy runs a sweep of hierarchies as short as it can be. Its conditions are called what
// they are, and runs of one seed share task and initial weights.
func shortHierarchy(t *testing.T, file, dir string, conditions []string) *sweep.Result {
	t.Helper()
	s, err := sweep.Parse(catalog.All().Kinds(), file, embedded(file), "training.epochs=2", "training.report_every=1", "training.epoch_patterns=4",
		"training.align_patterns=2", "task.teacher.patterns.train=4", "task.teacher.patterns.validation=3")
	if err != nil {
		t.Fatal(err)
	}
	seeds := len(s.Members) / len(conditions)
	for k, m := range s.Members {
		c := circuit(t, m)
		name := map[microcircuit.Method]string{microcircuit.BP: "BP", microcircuit.FA: "FA", microcircuit.SAL: "SAL as published"}[c.Method]
		switch {
		case c.Method == microcircuit.FA && c.RateUp[0] == 0:
			name = "hidden layer as drawn"
		case c.Method == microcircuit.SAL && c.SALWindowTau > float64(c.Tau):
			name = "SAL, flat window"
		case c.Method == microcircuit.SAL && c.SALCut == c.Tau:
			name = "SAL, pairs up to τ"
		}
		if want := conditions[k/seeds]; name != want || m.Seed != s.Members[k%seeds].Seed {
			t.Errorf("%s: member %s is %s with seed %d, want %s", file, m.Name, name, m.Seed, want)
		}
	}
	r, err := sweep.Run(t.Context(), s, sweep.Options{Dir: dir, Engine: sweep.Local{Jobs: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// shown checks that a job has so many rows, a picture and claims.
func shown(t *testing.T, j *Job, name string, rows int) {
	t.Helper()
	file, err := os.Open(filepath.Join(j.Dir, name+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	got, err := csv.NewReader(file).ReadAll()
	if err != nil || len(got) != 1+rows || len(j.Claims) == 0 {
		t.Errorf("%s: %d rows, want %d, %d claims, %v", name, len(got)-1, rows, len(j.Claims), err)
	}
	if _, err := os.Stat(filepath.Join(j.Dir, experiment.FiguresDir, name+".png")); err != nil {
		t.Error(err)
	}
}

// Every run has a row for each of its reports.
func TestHierarchyConditions(t *testing.T) {
	j := &Job{Ctx: t.Context(), Dir: t.TempDir(), Tools: tools()}
	r := shortHierarchy(t, "hierarchy-sweep.yaml", filepath.Join(j.Dir, "runs"), hierarchyConditions)
	if err := j.hierarchyOf(r); err != nil {
		t.Fatal(err)
	}
	shown(t, j, "hierarchy", 2*len(r.Sweep.Members))
}

// Every run has a row for each of its hidden layers, the topmost first.
func TestHierarchyDepth(t *testing.T) {
	j := &Job{Ctx: t.Context(), Dir: t.TempDir(), Tools: tools()}
	rows := 0
	var results []*sweep.Result
	for k, d := range hierarchyDepths {
		r := shortHierarchy(t, d.file, filepath.Join(j.Dir, d.layers), d.conditions)
		rows += (k + 2) * len(r.Sweep.Members)
		results = append(results, r)
	}
	if err := j.hierarchyDepth(results); err != nil {
		t.Fatal(err)
	}
	shown(t, j, "hierarchy-depth", rows)

	folder := results[0].Folder(len(results[0].Sweep.Members) - 1) // with SAL
	aligned, err := folder.Table("alignment")
	if err != nil {
		t.Fatal(err)
	}
	var x depthRuns
	if err := x.add(folder); err != nil {
		t.Fatal(err)
	}
	// two reports, two layers each: rows 0, 2 are of the lower one
	a := aligned["angle_deg"]
	if want := []float64{(a[1] + a[3]) / 2, (a[0] + a[2]) / 2}; !slices.Equal(x.angles[0], want) || want[0] == want[1] {
		t.Errorf("angles %v, want %v", x.angles[0], want)
	}
}

// What holds at the scale of the documents holds at quick scale, too: exact feedback is better than
// random feedback.
func TestHierarchy(t *testing.T) {
	testenv.NeedsLong(t)
	j := &Job{Ctx: t.Context(), Scale: Quick, Dir: t.TempDir(), Tools: tools()}
	if err := hierarchy(j); err != nil {
		t.Fatal(err)
	}
	if c := j.Claims[0]; !c.Holds {
		t.Errorf("%s: measured %s, needed %s", c.Text, c.Measured, c.Needed)
	}
}

// circuit is the configuration of a member of a sweep of microcircuits.
func circuit(t *testing.T, m sweep.Member) *kinds.MicrocircuitConfig {
	t.Helper()
	spec, err := m.Spec()
	if err != nil {
		t.Fatal(err)
	}
	return spec.Config.(*kinds.MicrocircuitConfig)
}
