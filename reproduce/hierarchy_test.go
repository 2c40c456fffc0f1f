package reproduce

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"spikealign/catalog"
	"spikealign/experiment"
	"spikealign/internal/testenv"
	"spikealign/kinds"
	"spikealign/microcircuit"
	"spikealign/sweep"
)

// The conditions of the hierarchy are called what they are, runs of one seed share task and initial
// weights, and every run has a row for each of its reports. (Runs are as short as they can be.)
func TestHierarchyConditions(t *testing.T) {
	dir := t.TempDir()
	s, err := sweep.Parse(catalog.All().Kinds(), "hierarchy-sweep.yaml", embedded("hierarchy-sweep.yaml"), "training.epochs=2", "training.epoch_patterns=4",
		"training.align_patterns=2", "task.teacher.patterns.train=4", "task.teacher.patterns.validation=3")
	if err != nil {
		t.Fatal(err)
	}
	seeds := len(s.Members) / len(hierarchyConditions)
	for k, m := range s.Members {
		c := m.Spec.Config.(*kinds.MicrocircuitConfig)
		name := map[microcircuit.Method]string{microcircuit.BP: "BP", microcircuit.FA: "FA", microcircuit.SAL: "SAL as published"}[c.Method]
		switch {
		case c.Method == microcircuit.FA && c.RateUp[0] == 0:
			name = "hidden layer as drawn"
		case c.Method == microcircuit.SAL && c.SALCut == c.Tau:
			name = "SAL, pairs up to τ"
		}
		if want := hierarchyConditions[k/seeds]; name != want || m.Spec.Seed != s.Members[k%seeds].Spec.Seed {
			t.Errorf("member %s is %s with seed %d, want %s", m.Name, name, m.Spec.Seed, want)
		}
	}
	r, err := sweep.Run(t.Context(), s, sweep.Options{Dir: filepath.Join(dir, "runs"), Engine: sweep.Local{Jobs: 1}})
	if err != nil {
		t.Fatal(err)
	}
	j := &Job{Ctx: t.Context(), Dir: dir, Tools: tools()}
	if err := j.hierarchyOf(r); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(dir, "hierarchy.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) != 1+2*len(s.Members) || len(j.Claims) == 0 {
		t.Errorf("%d rows, %d claims, %v", len(rows), len(j.Claims), err)
	}
	if _, err := os.Stat(filepath.Join(dir, experiment.FiguresDir, "hierarchy.png")); err != nil {
		t.Error(err)
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
